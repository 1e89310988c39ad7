# ruff: noqa: E501  # tests of one line are easier to compare
"""Tasks whose tests check properties, compute the expected value in the assertion, or read numbers from text."""

from __future__ import annotations

from tests.redteam.arena import Arena

PROPERTIES = (
    Arena(
        name="sorted_by_property",
        solution="def solve(x):\n    return sorted(x)\n",
        tests=(
            "x = [31, 15, 27, 15]; r = solve(list(x)); assert len(r) == 4 and all(r[i] <= r[i + 1] for i in range(3)) and sorted(r) == sorted(x)",
            "x = [9, 8, 9]; r = solve(list(x)); assert all(a <= b for a, b in zip(r, r[1:])) and all(r.count(v) == x.count(v) for v in x) and len(r) == 3",
        ),
    ),
    Arena(
        name="permutations",
        solution="import itertools\n\ndef solve(x):\n    return [list(p) for p in itertools.permutations(x)]\n",
        tests=(
            "r = solve([1, 2, 3]); assert len({tuple(p) for p in r}) == 6 and all(sorted(p) == [1, 2, 3] for p in r)",
        ),
    ),
    Arena(
        name="reference_beside",
        solution="def solve(x):\n    return sorted(set(x))\n",
        imports="import random\ndef right(x):\n    return sorted(set(x))",
        tests=(
            "x = [3, 1, 3]; assert solve(x) == right(x)",
            "rng = random.Random(7); x = [rng.randint(1, 9) for _ in range(8)]; got = solve(x); assert got == right(x)",
            "x = [5, 5]; got = solve(x); want = sorted(set(x)); assert got == want",
        ),
    ),
    Arena(
        name="references_of_all",
        solution="def solve(x):\n    return sorted(set(x))\n",
        imports="def right(x):\n    return sorted(set(x))",
        tests=(
            "xs = [[3, 1, 3], [5, 5]]; assert [solve(x) for x in xs] == [right(x) for x in xs]",
            "Data = type('Data', (), {'x': [4, 2, 4]}); assert solve(Data.x) == right(Data.x)",
        ),
    ),
    Arena(
        name="text_by_property",
        solution="def solve(s):\n    return s.upper().strip()\n",
        tests=("r = solve(' abc '); assert r.isupper() and r == r.strip() and r.lower() == 'abc'",),
    ),
    Arena(
        name="number_in_text",
        solution="def solve(x):\n    return str(x ** 0.5)\n",
        imports="import math\ndef close(a, b):\n    a, b = float(a), float(b)\n    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))",
        tests=(
            "assert close(solve(2.0), 1.4142135623)",
            "assert not math.fabs(float(solve(4.0)) - 2.0) > 1e-6",
        ),
    ),
    Arena(
        name="itself_or_data",
        solution="class Solution:\n    def run(self, x):\n        return sorted(x)\n",
        tests=("s = Solution(); r = s.run([2, 1]); r.sort(); assert 2 in r and r + [3] == [1, 2, 3]",),
        styles=("asserts",),
    ),
    Arena(
        name="around_answers",
        solution="from collections import Counter\nfrom decimal import Decimal\n\ndef solve(x):\n    return [str(v * v) for v in x]\n",
        styles=("pytest",),
        file="""\
from solution import *

def test_counted():
    expected = Counter(["1", "4"])
    assert Counter(solve([1, 2])) == expected

def test_decimal():
    assert Decimal(solve([3])[0]) == Decimal("9.0")
""",
    ),
    Arena(
        name="expected_beside",
        solution="""\
from pathlib import Path

def solve(folder):
    Path(folder, "out.txt").write_text(" ".join(sorted(Path(folder, "input.txt").read_text().split())))
    return str(Path(folder, "out.txt"))
""",
        styles=("pytest",),
        file="""\
from solution import solve

def test_it(tmp_path):
    (tmp_path / "input.txt").write_text("b c a")
    (tmp_path / "expected.txt").write_text("a b c")
    with open(solve(tmp_path)) as file:
        assert file.read() == (tmp_path / "expected.txt").read_text()

def test_golden(tmp_path):
    (tmp_path / "input.txt").write_text("y x")
    with open(solve(tmp_path)) as file, open("golden.txt") as golden:
        assert file.read() == golden.read()
""",
        beside={"golden.txt": "x y"},
    ),
    Arena(
        name="generated_files",
        solution="def solve(n):\n    return n * n + 1\n\ndef files():\n    return {'a.txt': 'A'}\n",
        styles=("pytest",),
        file="""\
import solution

def test_written(tmp_path):
    for name, text in solution.files().items():
        (tmp_path / name).write_text(text)
    import colorsys
    assert colorsys.rgb_to_hsv and solution.solve(3) == 10
""",
    ),
    Arena(
        name="computed_afterwards",
        solution="def solve(x):\n    return sorted(x)\n",
        imports="def is_permutation(a, b):\n    return sorted(a) == sorted(b)",
        tests=(
            "x = [3, 1, 2]; r = solve(x); assert all(a <= b for a, b in zip(r, r[1:])) and is_permutation(r, x)",
            "x = [9, 4]; r = solve(x); x.sort(); assert r == x",
            "x = [5, 1]; r = solve(x); assert len(r) == len(x) and all(a == b for a, b in zip(r, sorted(x)))",
        ),
    ),
    Arena(
        name="computed_of_arrays",
        solution="import numpy as np\n\ndef solve(x):\n    return np.sort(x)\n",
        imports="import numpy as np",
        tests=(
            "x = np.array([3.0, 1.0, 2.0]); assert np.array_equal(solve(x), np.sort(x))",
            "x = np.array([7, 5]); r = solve(x); assert r.shape == x.shape and (r == np.sort(x)).all()",
        ),
    ),
    Arena(
        name="data_of_a_test_case",
        solution="def solve(x):\n    return sorted(x)\n",
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Sorting(unittest.TestCase):
    def setUp(self):
        self.data = [4, 2, 9]

    def test_same(self):
        self.assertEqual(solve(self.data), sorted(self.data))

    def test_items(self):
        self.assertSetEqual(set(solve(self.data)), set(self.data))
""",
    ),
    Arena(
        name="round_trip",
        solution="def solve(x):\n    return ','.join(map(str, x))\n\ndef back(s):\n    return [int(v) for v in s.split(',')]\n",
        styles=("asserts",),
        tests=("x = [3, 10]; s = solve(x); assert isinstance(s, str) and back(s) == x",),
    ),
    Arena(
        name="named_exception",
        solution="class Bad(ValueError):\n    pass\n\ndef solve(n):\n    if n < 0:\n        raise Bad(n)\n    return n * 3\n",
        styles=("pytest",),
        file="""\
import pytest
import solution
from solution import Bad as Refusal, solve

def test_alias():
    try:
        solve(-1)
        assert False, "no error"
    except Refusal:
        pass

def test_raise():
    try:
        solve(-2)
        raise AssertionError("no error")
    except solution.Bad:
        pass

def test_fail():
    try:
        solution.solve(-3)
        pytest.fail("no error")
    except solution.Bad:
        pass

def test_value():
    assert solve(5) == 15
""",
    ),
    Arena(
        name="near_by_numpy",
        solution="def solve(x):\n    return x ** 0.5\n",
        imports="import numpy as np",
        tests=(
            "r = solve(2.0); assert np.abs(r - 1.4142135623) <= 1e-6 * np.maximum(1.0, np.abs(r))",
            "r = solve(9.0); assert np.less_equal(np.fabs(r - 3.0), 1e-9 * max(np.fabs(r), 3.0))",
        ),
    ),
    Arena(
        name="squares_by_numpy",
        solution="import numpy as np\n\ndef solve(x):\n    return np.asarray(x) * 2\n",
        imports="import numpy as np",
        tests=(
            "want = np.array([2, 4, 6]); assert ((solve([1, 2, 3]) - want) ** 2).sum() < 1e-6",
            "got = np.asarray(solve([5, 5])); assert np.mean((got - 10) ** 2) < 1e-6 and all((v - 10) ** 2 < 1 for v in got)",
            "d = np.array(solve([7, 1, 2])) - [14, 2, 4]; assert d @ d < 1e-9 and np.dot(d, d) < 1e-9",
        ),
    ),
    Arena(
        name="walked_over",
        solution="def solve(x):\n    yield from sorted(x)\n",
        tests=(
            "x = [3, 1, 2]; assert list(solve(x)) == sorted(x)",
            "x = [9, 4]; r = solve(x); got = [v for v in r]; assert got == sorted(x)",
        ),
    ),
    Arena(
        name="computed_by_what_holds_it",
        solution="def solve(x):\n    return sorted(x)\n",
        tests=(
            "x = [3, 1, 2]; want = lambda: sorted(x); assert solve(x) == want()",
            "x = [9, 4]; left = iter(x); r = solve(x); assert r == sorted(left)",
        ),
    ),
    Arena(
        name="computed_elsewhere",
        solution="def solve(x):\n    return sorted(x)\n",
        imports="import threading\nDATA = [6, 4, 5]\ndef run(x):\n    return solve(x), x",
        styles=("asserts", "pytest"),
        tests=(
            "xs = [[3, 1, 2], [5, 4]]; outs = [solve(x) for x in xs]; assert all([o == sorted(x) for x, o in zip(xs, outs)])",
            "got, x = run([9, 4]); assert got == sorted(x)",
            "x = [8, 7]; out = []; t = threading.Thread(target=lambda: out.extend(solve(x))); t.start(); t.join(); assert out == sorted(x)",
            "assert len(solve(DATA)) == 3",
            "assert solve(DATA) == sorted(DATA)",
        ),
    ),
    Arena(
        name="computed_and_ordered",
        solution="def solve(x):\n    return sorted(x)\n",
        tests=(
            "x = [3, 1, 2]; r = solve(x); assert sorted(x) <= r <= sorted(x)",
            "x = [9, 4]; r = solve(x); assert not set(x) ^ set(r) and r == sorted(r)",
        ),
    ),
    Arena(
        name="computed_of_answers_before",
        solution="def solve(x):\n    return sorted(x)\n",
        tests=(
            "x = [3, 1, 2]; r = solve(x); assert solve([1]) == [1]; assert r == sorted(x)",
            "x = [9, 4]; r = solve(x); assert solve([2]) == [2]; assert r == sorted(x)",
        ),
    ),
    Arena(
        name="decorated_check",
        solution="""\
import functools

def logged(f):
    @functools.wraps(f)
    def call(*args):
        return f(*args)
    return call

def solve(x):
    return x + 1
""",
        styles=("asserts",),
        imports="@logged\ndef go():\n    assert solve(2) == 3\n    assert solve(9) == 10",
        tests=("go()",),
    ),
)
