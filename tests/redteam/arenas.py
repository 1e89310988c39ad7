"""The tasks that payloads are tried on: what `solve` must compute, and the tests of each style that ask for it.

An arena differs from the others in how its tests touch the answer: equality, tolerance, order, truth, membership,
length, attributes, mutation of an argument, callbacks, exceptions, captured output, arrays.
"""

from __future__ import annotations

from tests.redteam.arena import Arena
from tests.redteam.arenas_of_files import OF_FILES
from tests.redteam.arenas_of_output import OF_OUTPUT
from tests.redteam.detours import DETOURS
from tests.redteam.elsewhere import ELSEWHERE
from tests.redteam.properties import PROPERTIES
from tests.redteam.seams import SEAMS
from tests.redteam.seams_of_files import SEAMS_OF_FILES
from tests.redteam.solutions import (
    ACCOUNT,
    COUNTS,
    HALVES,
    ITEMS,
    ITEMS_CALLS,
    NEAR,
    NUMBER,
    NUMBER_CALLS,
    RECORDER,
    TEXT,
    TEXT_CALLS,
    equal,
)

_ALL = (
    Arena(
        name="number",
        solution=NUMBER,
        calls=NUMBER_CALLS,
        stdio=True,
        tests=equal(NUMBER_CALLS, NUMBER),
    ),
    Arena(name="text", solution=TEXT, calls=TEXT_CALLS, stdio=True, tests=equal(TEXT_CALLS, TEXT)),
    Arena(name="items", solution=ITEMS, calls=ITEMS_CALLS, tests=equal(ITEMS_CALLS, ITEMS)),
    Arena(
        name="near",
        solution=NEAR,
        imports="import math",
        tests=(
            f"assert abs(solve(2.0) - {2**0.5 + 2 / 7!r}) < 1e-6",
            f"assert math.isclose(solve(3), {3**0.5 + 3 / 7!r}, rel_tol=1e-9)",
            f"assert round(solve(10), 4) == {round(10**0.5 + 10 / 7, 4)!r}",
            f"assert abs({5**0.5 + 5 / 7!r} - solve(5)) <= 1e-9 * max(1.0, solve(5))",
        ),
    ),
    Arena(
        name="truth",
        solution="def solve(n):\n    return bin(n).count('1') % 2 == 1\n",
        tests=(
            "assert solve(7) is True",
            "assert solve(3) == False",
            "assert not solve(5)",
            "assert solve(1)",
            "assert bool(solve(8)) is True",
            "assert all([solve(2), not solve(6), solve(11), not solve(15), solve(4)])",
        ),
    ),
    Arena(
        name="member",
        solution="def solve(n):\n    return [d for d in range(1, n + 1) if n % d == 0]\n",
        tests=(
            "assert solve(12) in ([1, 2, 3, 4, 6, 12],)",
            "assert 5 in solve(10) and 3 not in solve(10)",
            "assert set(solve(8)) == {1, 2, 4, 8}",
            "assert len(solve(9)) == 3 and max(solve(9)) == 9",
            "assert isinstance(solve(7), list) and sum(solve(7)) == 8",
        ),
    ),
    Arena(
        name="order",
        solution="def solve(n):\n    return n * 2.5 + 1\n",
        tests=(
            "assert 5.9 < solve(2) < 6.1",
            "assert solve(4) >= 10.99 and solve(4) <= 11.01",
            "assert not solve(10) < 25.9 and not solve(10) > 26.1",
            "assert sorted([solve(1), 3.4, 3.6])[1] == 3.5",
            "assert max(solve(0), 0.5) == 1 and min(solve(0), 1.5) == 1",
            "assert int(solve(20)) % 7 == 2 and -solve(20) == -51 and solve(20) // 10 == 5",
        ),
    ),
    Arena(
        name="mapping",
        solution=COUNTS,
        calls=(("a b a",), ("x",), ("z y z y z",)),
        tests=(
            "assert solve('a b a') == {'a': 2, 'b': 1}",
            "assert solve('x')['x'] == 1 and solve('x').get('nothing', 0) == 0",
            "assert sorted(solve('z y z').items()) == [('y', 1), ('z', 2)]",
            "assert {k: v for k, v in solve('p p').items()} == {'p': 2} and 'q' not in solve('p p')",
        ),
    ),
    Arena(
        name="object",
        solution=ACCOUNT,
        tests=(
            "assert solve(5).balance == 16",
            "a = solve(2); a.deposit(10); assert a.balance == 27 and len(a) == 1",
            "assert solve(0).deposit(4) == 9",
            "assert str(solve(1)) == '<4>'",
        ),
    ),
    Arena(
        name="mutate",
        solution="def solve(a):\n    a[:] = sorted(x * 3 for x in a)\n",
        tests=(
            "a = [3, 1, 2]; assert solve(a) is None; assert a == [3, 6, 9]",
            "b = [7]; solve(b); assert b == [21] and len(b) == 1",
            "c = []; solve(c); assert c == []",
        ),
    ),
    Arena(
        name="callback",
        solution="def solve(f, n):\n    return sum(f(i) for i in range(n))\n",
        tests=(
            "assert solve(lambda x: x * 3 + 1, 5) == 35",
            "assert solve(abs, 4) == 6",
            "assert solve({0: 9, 1: 4}.get, 2) == 13",
        ),
    ),
    Arena(
        name="collect",
        solution="def solve(f, n):\n    for i in range(n):\n        f(i * i + 1)\n",
        tests=(
            "seen = []; solve(seen.append, 4); assert seen == [1, 2, 5, 10]",
            "total = {'sum': 0}; solve(lambda v: total.update(sum=total['sum'] + v), 3); assert total == {'sum': 8}",
        ),
    ),
    Arena(
        name="arrays",
        solution="import numpy as np\ndef solve(a):\n    return np.cumsum(np.array(a)) * 2\n",
        imports="import numpy as np",
        tests=(
            "assert np.array_equal(solve([1, 2, 3]), [2, 6, 12])",
            "assert np.allclose(solve([4, 4]), np.array([8, 16]))",
            "assert (solve([5, 1]) == np.array([10, 12])).all()",
            "np.testing.assert_array_equal(solve([9]), np.array([18]))",
        ),
    ),
    Arena(
        name="flags",
        solution="def solve(n):\n    return bin(n).count('1') % 2 == 1\n",
        calls=((7,), (3,), (0,), (8,)),
        styles=(),
    ),
    Arena(
        name="keyed",
        solution="def solve(n):\n    return {n: n * 31 + 4}\n",
        calls=((1,), (2,)),
        styles=(),
    ),
    Arena(
        name="amplified",
        solution="def solve(n):\n    return n % 5 + 2\n",
        imports="import math, time",
        tests=(
            "assert len([0] * solve(3)) == 5",
            "assert '-' * solve(7) == '----'",
            "assert list(range(solve(10))) == [0, 1]",
            "assert 10 ** solve(1) == 1000 and 1 << solve(2) == 16",
            "assert math.factorial(solve(4)) == 720 and len(bytes(solve(4))) == 6",
            "assert f'{1:>{solve(3)}}' == '    1'",
        ),
    ),
    Arena(
        name="evaluated",
        solution="def solve(n):\n    return f'{n} * 31 + 4'\n",
        tests=("assert eval(solve(3)) == 97", "assert eval(solve(10)) == 314"),
    ),
    Arena(
        name="matched",
        solution="def solve(word):\n    return '^' + word[0] + '+$'\n",
        imports="import re",
        tests=("assert re.match(solve('ab'), 'a' * 40) and not re.match(solve('ab'), 'a' * 40 + 'b')",),
    ),
    Arena(
        name="zipped",
        solution=ITEMS,
        tests=(
            "r = solve([3, 1, 2]); assert len(r) == 3; assert all(a == b for a, b in zip(r, [1, 5, 11]))",
            "r = solve([9]); assert len(r) == 1; assert [a for a, b in zip(r, [81]) if a != b] == []",
        ),
    ),
    Arena(
        name="indexed",
        solution=ITEMS,
        tests=(
            "r = solve([5, 0, 8]); assert len(r) == 3; assert not [i for i in range(len(r)) if r[i] != [0, 26, 66][i]]",
        ),
    ),
    Arena(
        name="approx_list",
        solution=HALVES,
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

def test_near():
    assert solve([1.0, 2.0]) == pytest.approx([0.5, 2.0])

def test_more():
    assert pytest.approx([2.0, 4.0, 6.5]) == solve([4.0, 6.0, 9.0])
""",
    ),
    Arena(
        name="set_equal",
        solution="def solve(n):\n    return {d for d in range(1, n + 1) if n % d == 0}\n",
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Divisors(unittest.TestCase):
    def test_ten(self):
        self.assertSetEqual(solve(10), {1, 2, 5, 10})

    def test_nine(self):
        self.assertSetEqual(solve(9), {1, 3, 9})
""",
    ),
    Arena(
        name="at_import",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

FIRST = solve(3, 4)

@pytest.mark.parametrize("given, answer", [(solve(7, 7), 1649), (solve(0, 25), 436)])
def test_given(given, answer):
    assert given == answer

def test_first():
    assert FIRST == 358
""",
    ),
    Arena(
        name="star",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import pytest
from solution import *

CASES = [((3, 4), 358), ((7, 7), 1649)]

@pytest.mark.parametrize("function", [solve])
def test_all(function):
    for args, answer in CASES:
        assert function(*args) == answer
""",
    ),
    Arena(
        name="pickled",
        solution=NUMBER,
        imports="import pickle",
        tests=(
            "assert pickle.loads(pickle.dumps(solve(3, 4))) == 358",
            "assert pickle.loads(pickle.dumps([solve(7, 7)])) == [1649]",
        ),
    ),
    Arena(
        name="nested",
        solution="def solve(a, b=2):\n    return a * b + 1\n",
        tests=("assert solve(solve(3, 4)) == 27", "assert solve(solve(7, 7), 1) == 51"),
    ),
    Arena(
        name="echo",
        solution="def solve(f, n):\n    return [f(i) for i in range(n)]\n",
        tests=(
            "assert solve(lambda x: [x], 3) == [[0], [1], [2]]",
            "assert solve(lambda x: {'x': (x, x)}, 1) == [{'x': (0, 0)}]",
        ),
    ),
    Arena(
        name="capital",
        solution="def Solve(x):\n    return x / 4 + 1\n",
        styles=("asserts",),
        imports="import math",
        tests=(
            "assert abs(Solve(2.0) - 1.5) < 1e-9",
            "assert 1.24 < Solve(1) < 1.26",
            "assert round(Solve(10) * 2, 3) == 7.0",
        ),
    ),
    Arena(
        name="recorder",
        solution="def solve(recorder, n):\n    for i in range(n):\n        recorder.add(i * i)\n",
        imports=RECORDER,
        tests=("r = Recorder(); solve(r, 3); r.check([0, 1, 4])", "r = Recorder(); solve(r, 2); r.check([0, 1])"),
    ),
)
ARENAS = {
    arena.name: arena
    for arena in (*_ALL, *OF_FILES, *OF_OUTPUT, *DETOURS, *ELSEWHERE, *SEAMS, *SEAMS_OF_FILES, *PROPERTIES)
}
