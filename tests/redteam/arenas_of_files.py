"""Arenas whose tests are files of pytest and unittest."""

from __future__ import annotations

from tests.redteam.arena import Arena
from tests.redteam.solutions import (
    ITEMS,
    NEAR,
    NUMBER,
    PRINTS,
    RAISES,
    READS,
)

OF_FILES = (
    Arena(
        name="raises",
        solution=RAISES,
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
        solution=NEAR,
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
        solution=PRINTS,
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
        solution=READS,
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
        solution=NEAR,
        calls=((2.0,), (30.0,), (0.5,)),
        stdio=True,
        styles=(),
        compare={"float": 1e-6},
    ),
)
