"""The tasks that payloads are tried on: what `solve` must compute, and the tests of each style that ask for it.

An arena differs from the others in how its tests touch the answer: equality, tolerance, order, truth, membership,
length, attributes, mutation of an argument, callbacks, exceptions, captured output, arrays.
"""

from __future__ import annotations

from tests.redteam.arena import Arena
from tests.redteam.detours import DETOURS


def _equal(calls: tuple[tuple[object, ...], ...], solution: str) -> tuple[str, ...]:
    answers = Arena(name="", solution=solution, calls=calls).answers()
    return tuple(
        f"assert solve({', '.join(map(repr, args))}) == {answer!r}" for args, answer in zip(calls, answers, strict=True)
    )


NUMBER = "def solve(a, b):\n    return (a * a * 31 + b * 17 + 11) % 9973\n"
NUMBER_CALLS = ((3, 4), (10, 0), (0, 25), (7, 7), (123, 45))
_TEXT = "def solve(s):\n    return s[::-1].upper() + '-' + str(len(s) * 7)\n"
_TEXT_CALLS = (("abcd",), ("q",), ("Longer",))
ITEMS = "def solve(a):\n    return [x * x + i for i, x in enumerate(sorted(a))]\n"
ITEMS_CALLS = (([3, 1, 2],), ([9],), ([5, 5, 0, 8],))
_NEAR = "def solve(x):\n    return x ** 0.5 + x / 7\n"
_COUNTS = """\
def solve(text):
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts
"""
_ACCOUNT = """\
class Account:
    def __init__(self, start):
        self.balance = start * 3 + 1
        self.log = []
    def deposit(self, amount):
        self.balance += amount * 2
        self.log.append(amount)
        return self.balance
    def __len__(self):
        return len(self.log)
    def __str__(self):
        return f"<{self.balance}>"
def solve(start):
    return Account(start)
"""
_RAISES = """\
import math
def solve(n):
    if n < 0:
        raise ValueError(f"below zero by {-n}")
    return math.isqrt(n * 5)
"""
_PRINTS = "def solve(n):\n    for i in range(n):\n        print(i * i, end=';')\n    print()\n    return n * 3\n"
_READS = "def solve():\n    return sum(int(x) ** 2 for x in input().split())\n"
_HALVES = "def solve(a):\n    return [x / 2 + i for i, x in enumerate(a)]\n"
_RECORDER = """\
class Recorder:
    def __init__(self):
        self.seen = []
    def add(self, item):
        self.seen.append(item)
    def check(self, items):
        assert self.seen == items
"""

_ALL = (
    Arena(
        name="number",
        solution=NUMBER,
        calls=NUMBER_CALLS,
        stdio=True,
        tests=_equal(NUMBER_CALLS, NUMBER),
    ),
    Arena(name="text", solution=_TEXT, calls=_TEXT_CALLS, stdio=True, tests=_equal(_TEXT_CALLS, _TEXT)),
    Arena(name="items", solution=ITEMS, calls=ITEMS_CALLS, tests=_equal(ITEMS_CALLS, ITEMS)),
    Arena(
        name="near",
        solution=_NEAR,
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
        solution=_COUNTS,
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
        solution=_ACCOUNT,
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
        name="raises",
        solution=_RAISES,
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

def test_value():
    assert solve(5) == 5

def test_other_value():
    assert solve(1000) == 70

def test_message():
    with pytest.raises(ValueError, match=r"^below zero by 12$"):
        solve(-12)

def test_other_message():
    with pytest.raises(ValueError) as caught:
        solve(-7)
    assert str(caught.value) == "below zero by 7"
""",
    ),
    Arena(
        name="approx",
        solution=_NEAR,
        styles=("pytest",),
        file=f"""\
import pytest
import solution

@pytest.mark.parametrize("x, y", [(2, {2**0.5 + 2 / 7!r}), (30, {30**0.5 + 30 / 7!r}), (0.5, {0.5**0.5 + 0.5 / 7!r})])
def test_near(x, y):
    assert solution.solve(x) == pytest.approx(y)

def test_list():
    assert [solution.solve(1), solution.solve(4)] == pytest.approx([{1 + 1 / 7!r}, {2 + 4 / 7!r}], abs=1e-6)
""",
    ),
    Arena(
        name="unittest",
        solution=ITEMS,
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class SolveTest(unittest.TestCase):
    def setUp(self):
        self.given = [3, 1, 2]

    def test_equal(self):
        self.assertEqual(solve(self.given), [1, 5, 11])

    def test_list(self):
        self.assertListEqual(solve([9]), [81])

    def test_count(self):
        self.assertCountEqual(solve([2, 0]), [5, 0])

    def test_in(self):
        self.assertIn(25, solve([5]))

    def test_almost(self):
        self.assertAlmostEqual(solve([6])[0], 36.0)
""",
    ),
    Arena(
        name="prints",
        solution=_PRINTS,
        styles=("pytest",),
        file="""\
from solution import solve

def test_output(capsys):
    assert solve(4) == 12
    assert capsys.readouterr().out == "0;1;4;9;\\n"

def test_nothing(capsys):
    solve(0)
    assert capsys.readouterr().out.strip() == ""

def test_value():
    assert solve(6) == 18
""",
    ),
    Arena(
        name="reads",
        solution=_READS,
        styles=("pytest",),
        file="""\
import io
from unittest import mock
from solution import solve

def test_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("1 2 3\\n"))
    assert solve() == 14

def test_input():
    with mock.patch("builtins.input", return_value="5 6"):
        assert solve() == 61
""",
    ),
    Arena(
        name="cases",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first = solve(3, 4)

    def setUp(self):
        self.second = solve(10, 0)

    def tearDown(self):
        self.assertEqual(self.second, 3111)

    def test_first(self):
        self.assertEqual(self.first, 358)

    def test_parts(self):
        for a, b, answer in ((0, 25, 436), (7, 7, 1649)):
            with self.subTest(a=a):
                self.assertEqual(solve(a, b), answer)
""",
    ),
    Arena(
        name="set_up",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Values(unittest.TestCase):
    def setUp(self):
        self.value = solve(3, 4)
        assert self.value == 358

    def test_nothing_more(self):
        pass
""",
    ),
    Arena(
        name="tear_down",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Values(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(solve(3, 4), 358)

    def test_nothing_more(self):
        self.addCleanup(lambda: self.assertEqual(solve(7, 7), 1649))
""",
    ),
    Arena(
        name="mixed_in",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import unittest
from solution import solve

class Common:
    given = (3, 4)
    expected = 358

    def test_value(self):
        self.assertEqual(solve(*self.given), self.expected)

class First(Common, unittest.TestCase):
    pass

class Second(Common, unittest.TestCase):
    given, expected = (7, 7), 1649
""",
    ),
    Arena(
        name="coroutines",
        solution=NUMBER.replace("def ", "async def "),
        styles=("pytest",),
        file="""\
import asyncio
import unittest
from solution import solve

def test_run():
    assert asyncio.run(solve(3, 4)) == 358

class Values(unittest.IsolatedAsyncioTestCase):
    async def test_awaited(self):
        self.assertEqual(await solve(7, 7), 1649)
""",
    ),
    Arena(
        name="fixtures",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

@pytest.fixture
def value():
    return solve(3, 4)

@pytest.fixture(autouse=True)
def checked_after():
    yield
    assert solve(7, 7) == 1649

def test_value(value):
    assert value == 358

def test_nothing_more():
    pass
""",
    ),
    Arena(
        name="after_only",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

@pytest.fixture
def checked():
    yield
    assert solve(3, 4) == 358

def test_nothing_more(checked):
    pass
""",
    ),
    Arena(
        name="classes",
        solution=NUMBER,
        styles=("pytest",),
        file="""\
import solution

class TestValues:
    def setup_method(self):
        self.value = solution.solve(3, 4)

    def teardown_method(self):
        assert self.value == 358

    def test_nothing_more(self):
        pass

class TestOther:
    class TestInner:
        def test_inner(self):
            assert solution.solve(7, 7) == 1649
""",
    ),
    Arena(
        name="tolerant",
        solution=_NEAR,
        calls=((2.0,), (30.0,), (0.5,)),
        stdio=True,
        styles=(),
        compare={"float": 1e-6},
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
        solution=_HALVES,
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
        imports=_RECORDER,
        tests=("r = Recorder(); solve(r, 3); r.check([0, 1, 4])", "r = Recorder(); solve(r, 2); r.check([0, 1])"),
    ),
)
ARENAS = {arena.name: arena for arena in (*_ALL, *DETOURS)}
