# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Tests whose text does not show what they do with values that the program has changed: they run once more with these
values as they were, and must hold both times.
"""

from __future__ import annotations

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, fates, is_wrong, passes, pytest_files

SETUP = """
import contextlib
class Box:
    def __init__(self): self.xs, self.got = [], None
    def load(self, xs): self.xs = xs
    def put(self, got): self.got = got
    def total(self): return sum(self.xs)
    def agrees(self): return self.got == sum(self.xs)
    def is_empty(self): return not self.xs
    def __enter__(self): return self
    def __exit__(self, *error): pass
xs, box = [2, 1], Box()
"""
RIGHT = "def f(xs): return sum(xs)"
SPOILS = "def f(xs):\n    xs.clear()\n    return 0"
CONSUMES = "def f(xs):\n    total = 0\n    while xs: total += xs.pop()\n    return total"
UNCLEAR = [
    "assert eval('f(xs) == sum(xs)')",
    "names = {'f': f, 'xs': xs}\nexec('got = f(xs); ok = got == sum(xs)', names)\nassert names['ok']",
    "got = f(xs)\nassert got == sum(globals()['xs'])",
    "got = f(xs)\nassert got == eval('sum(xs)')",
    "got = f(xs)\ntry:\n    raise ValueError(sum(xs))\nexcept ValueError as error:\n    assert got == error.args[0]",
    "with box as same:\n    got = f(xs)\n    same.load(xs)\nassert got == box.total()",
    "with contextlib.nullcontext(xs) as same: got = f(same)\nassert got == sum(same)",
    "class Case:\n    got = f(xs)\n    want = sum(xs)\nassert Case.got == Case.want",
    "seen = {}\nseen[f(xs)] = True\nassert seen.get(sum(xs))",
    "box.load(xs)\nbox.put(f(xs))\nassert box.agrees()",
    "def ok(): return 'yes' if f(xs) == sum(xs) else 'no'\nassert ok() == 'yes'",
    "assert {True: 'yes', False: 'no'}[f(xs) == sum(xs)] == 'yes'",
    "def data(xs=[2, 1]): return xs\ngot = f(data())\nassert got == sum(data())",
    "def data(): pass\ndata.xs = xs\ngot = f(data.xs)\nassert got == sum(data.xs)",
    "def judge():\n    got = yield xs\n    assert got == sum(xs)\n    yield 'yes'\nj = judge()\nassert j.send(f(next(j))) == 'yes'",
    "match f(xs), sum(xs):\n    case got, want if got == want: pass\n    case _: assert False",
    "class Want: n = 0\ngot = f(xs)\nWant.n = sum(xs)\nmatch got:\n    case Want.n: pass\n    case _: assert False",
    "out = []\nwith contextlib.ExitStack() as stack:\n    stack.callback(lambda: out.append(sum(xs)))\n    got = f(xs)\nassert got == out[0]",
    "got = f(xs)\ntry:\n    raise ExceptionGroup('', [ValueError(sum(xs))])\nexcept* ValueError as group:\n    assert got == group.exceptions[0].args[0]",
    "import timeit\nnames = {'f': f, 'xs': xs, 'out': []}\ntimeit.timeit('out.append(f(xs) == sum(xs))', globals=names, number=1)\nassert names['out'] == [True]",
    "import asyncio\nasync def one(): return f(xs)\nasync def other(): return sum(xs)\nasync def main():\n    got, want = await asyncio.gather(one(), other())\n    assert got == want\nasyncio.run(main())",
]


@pytest.mark.parametrize("test", UNCLEAR)
def test_changes_gain_nothing_where_the_text_does_not_show_their_use(test: str) -> None:
    assert passes(asserts(RIGHT, test, setup=SETUP))
    assert not passes(asserts(SPOILS, test, setup=SETUP))


@pytest.mark.parametrize(
    ("program", "test"),
    [
        (CONSUMES, "assert eval('f(xs) == 3')"),
        (CONSUMES, "box.load([4])\nwith box as same: got = f(xs)\nassert got == 3 and box.total() == 4"),
        (
            CONSUMES,
            "want = sum(xs)\ntry:\n    got = f(xs)\nexcept TypeError as error:\n    raise error\nassert got == want",
        ),
        (
            "def f(xs): xs[:] = [2 * x for x in xs]",
            "f(xs)\nassert not any(abs(a - b) > 1e-6 for a, b in zip(xs, [4, 2]))",
        ),
        ("def f(xs): xs.sort()", "f(xs)\nassert eval('xs == [1, 2]')"),
        ("def f(xs): return xs.pop()", "def check(xs, want): assert xs == want\nlast = f(xs)\ncheck(xs, [2])"),
        ("def f(xs): return xs.pop()", "box.load(xs)\nassert (f(xs), f(xs)) == (1, 2)\nassert box.is_empty()"),
    ],
)
def test_programs_that_use_up_or_fill_what_they_are_given_pass(program: str, test: str) -> None:
    assert passes(asserts(program, test, setup=SETUP))


def test_only_cases_that_need_the_changes_are_unsupported() -> None:
    judgement = asserts(SPOILS, "assert f([1, -1]) == 0", UNCLEAR[0], "assert f([4]) == 4", setup=SETUP, partial=True)
    assert fates(judgement) == [Fate.PASSED, Fate.UNSUPPORTED, Fate.WRONG]


def test_a_second_run_is_of_the_whole_file() -> None:
    suite = """
        from solution import f
        class TestF:
            xs = [2, 1]
            def test_first(self): assert f([]) == 0
            def test_by_text(self): assert eval('f(self.xs) == sum(self.xs)')
    """
    assert passes(pytest_files(RIGHT, suite))
    spoiled = pytest_files(SPOILS, suite)
    assert not is_wrong(spoiled)
    assert fates(spoiled) == [Fate.PASSED, Fate.UNSUPPORTED]
