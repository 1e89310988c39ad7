# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `check`: whole programs and continuations of a prompt."""

from __future__ import annotations

import pytest

from rewards.code.guest.program.joining import join
from rewards.code.guest.sources.lending import lent_by_prompt
from tests.rewards.code.judging import check, is_wrong, passes

PROMPT = '''from typing import List

def helper(x: int) -> int:
    """Add one."""
    return x + 1


def f(xs: List[int]) -> List[int]:
    """Add one to each.
    >>> f([1])
    [2]
    """
'''
TEST = "def check(candidate):\n    assert candidate([1, 2]) == [2, 3]\n    assert candidate([]) == []\n"

RIGHT = {
    "body": "    return [helper(x) for x in xs]\n",
    "body without its first indent": "return [helper(x) for x in xs]",
    "body of several lines without its first indent": "ys = []\n    for x in xs:\n        ys.append(helper(x))\n    return ys\n",
    "body without any indent": "ys = []\nfor x in xs:\n    ys.append(helper(x))\nreturn ys\n",
    "body with an indent of two": "  ys = []\n  for x in xs:\n    ys.append(helper(x))\n  return ys\n",
    "body with an indent of eight": "        ys = [helper(x) for x in xs]\n        return ys\n",
    "body with tabs": "\tys = [helper(x)\n\t      for x in xs]\n\treturn ys\n",
    "body and more functions": "    return g(xs)\n\ndef g(xs):\n    return [x + 1 for x in xs]\n",
    "whole program": "def f(xs):\n    return [x + 1 for x in xs]\n",
    "whole program that uses the prompt": "def f(xs: List[int]) -> List[int]:\n    return [helper(x) for x in xs]\n",
    "whole prompt and body": PROMPT + "    return [helper(x) for x in xs]\n",
    "future import": "from __future__ import annotations\ndef f(xs): return [x + 1 for x in xs]\n",
    "lambda": "f = lambda xs: [x + 1 for x in xs]",
    "generator inside": "def f(xs):\n    def g():\n        for x in xs: yield x + 1\n    return list(g())\n",
}


@pytest.mark.parametrize("program", RIGHT.values(), ids=RIGHT)
def test_right_program_passes(program):
    assert passes(check(program, TEST, prompt=PROMPT))


WRONG = {
    "pass": "    pass\n",
    "other value": "    return xs\n",
    "lazy": "    return map(helper, xs)\n",
    "other name": "def g(xs): return [x + 1 for x in xs]\n",
    "exit": "    import os\n    os._exit(0)\n",
    "replaced check": "def f(xs): return 0\ndef check(candidate): pass\n",
    "helper that lies": "def helper(x): return 0\ndef f(xs): return [0 for _ in xs]\n",
    "assertion error": "class AssertionError(Exception): pass\ndef f(xs): return 0\n",
}


@pytest.mark.parametrize("program", WRONG.values(), ids=WRONG)
def test_wrong_program_is_wrong(program):
    assert is_wrong(check(program, TEST, prompt=PROMPT))


def test_helper_in_a_test_is_the_prompts_own():
    test = "def check(candidate):\n    assert helper(candidate(1)) == 3\n"
    prompt = "def helper(x):\n    return x + 1\n\ndef f(x):\n    '''Add one.'''\n"
    assert passes(check("    return x + 1\n", test, prompt=prompt))
    assert is_wrong(check("def helper(x): return 3\ndef f(x): return 0\n", test, prompt=prompt))


def test_entry_point_may_be_a_method():
    test = "def check(candidate):\n    assert candidate(2) == 4\n"
    assert passes(check("class Solution:\n    def f(self, x): return 2 * x\n", test, entry_point="Solution.f"))


@pytest.mark.parametrize("body", ["self.n += 1\nreturn self.n", "        self.n += 1\n        return self.n\n"])
def test_a_method_may_be_continued(body):
    prompt = "class C:\n    def __init__(self):\n        self.n = 0\n\n    def up(self):\n"
    test = "def check(candidate):\n    c = candidate()\n    assert (c.up(), c.up()) == (1, 2)\n"
    assert passes(check(body, test, prompt=prompt, entry_point="C"))
    assert is_wrong(check(body.replace("+= 1", "+= 2"), test, prompt=prompt, entry_point="C"))


def test_test_without_check_is_a_fault():
    judgement = check("def f(x): return x", "x = 1\n")
    assert judgement.fault


def test_program_without_entry_point_fails_as_a_whole():
    judgement = check("def g(x): return x", TEST, prompt="x = 1\n")
    assert judgement.failure


def test_continuation_is_joined_to_the_prompt():
    before, text, code = join("    return 1\n", PROMPT, "f", "solution.py")
    assert (before, text) == (None, PROMPT + "    return 1\n\n")
    assert code is not None
    before, text, code = join("def f(xs): return 1\n", PROMPT, "f", "solution.py")
    assert before is not None
    assert "helper" in before.co_names
    assert text == "def f(xs): return 1\n"
    assert code is not None
    assert code.co_filename == "solution.py"
    assert join("?", PROMPT, "f", "solution.py") == (None, PROMPT + "?", None)


POINT = "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 0\n"
SHAPES = (
    "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\n"
    "class Sq(Shape):\n    def __init__(self, a): self._a = a\n    def area(self): return self._a ** 2\n"
)
DIR = "from enum import Enum\nclass Dir(Enum):\n    N = 1\n    S = -1\n"
LATE = "class Late(ValueError):\n    def __init__(self, by):\n        super().__init__(f'late by {by}')\n        self.by = by\n"

# name: what stands before the function in the prompt, the program, what makes it wrong, the test
CLASSES_OF_PROMPTS: dict[str, tuple[str, str, tuple[str, str], str]] = {
    "objects that the program makes": (
        POINT,
        "    return Point(p.y, p.x)\n",
        ("p.y, p.x", "p.x, p.y"),
        "assert candidate(Point(1, 2)) == Point(2, 1) and isinstance(candidate(Point(1)), Point)",
    ),
    "the class once more": (
        POINT,
        POINT.replace("    x", "    '''A point.'''\n    x") + "def f(p: Point) -> Point:\n    return Point(p.y, p.x)\n",
        ("p.y, p.x", "p.x, p.y"),
        "assert candidate(Point(1, 2)) == Point(2, 1) and isinstance(candidate(Point(1)), Point)",
    ),
    "the class with more methods": (
        POINT,
        POINT + "    def __add__(self, o):\n        return Point(self.x + o.x, self.y + o.y)\n"
        "def f(p):\n    both = p + Point(1, 1)\n    return Point(both.y, both.x)\n",
        ("both.y, both.x", "both.x, both.y"),
        "assert candidate(Point(1, 2)) == Point(3, 2)",
    ),
    "members of an enumeration": (
        DIR,
        "    all = list(Dir)\n    return all[1 - all.index(p)] if p in Dir else None\n",
        ("1 - all", "all"),
        "assert candidate(Dir.N) is Dir.S and candidate(Dir.S) == Dir.N",
    ),
    "an enumeration once more": (
        DIR,
        DIR + "def f(p):\n    return {Dir.N: Dir.S, Dir['S']: Dir(1)}[p]\n",
        ("Dir(1)", "Dir(-1)"),
        "assert candidate(Dir.N) is Dir.S and candidate(Dir.S) == Dir.N",
    ),
    "classes that derive from one another": (
        SHAPES,
        "    return sum(s.area() for s in p if isinstance(s, Shape))\n",
        ("if isinstance(s, Shape)", ""),
        "class Other:\n        def area(self): return 9\n    assert candidate([Sq(2), Other()]) == 4",
    ),
    "what the program looks behind": (
        SHAPES,
        "    made = Sq(p)\n    made._a += 1\n    return made.area()\n",
        ("+= 1", "+= 2"),
        "assert candidate(2) == 9",
    ),
    "what the program derives from": (
        SHAPES,
        "    class Own(Shape):\n        def area(self): return p\n    return Own().area()\n",
        ("return p", "return 2 * p"),
        "assert candidate(2) == 2",
    ),
    "exceptions": (
        LATE,
        "    raise Late(p)\n",
        ("Late(p)", "ValueError(p)"),
        "try: candidate(3)\n    except Late as error: assert error.by == 3 and str(error) == 'late by 3'\n"
        "    else: assert False",
    ),
}


@pytest.mark.parametrize("name", CLASSES_OF_PROMPTS)
def test_test_and_program_mean_the_same_class_of_the_prompt(name: str) -> None:
    before, program, change, test = CLASSES_OF_PROMPTS[name]
    prompt = before + "def f(p):\n    '''...'''\n"
    test = f"def check(candidate):\n    {test}\n"
    assert passes(check(program, test, prompt=prompt))
    assert change[0] in program
    assert is_wrong(check(program.replace(*change), test, prompt=prompt))


@pytest.mark.parametrize(
    "program",
    [
        "class Point:\n    def __init__(self, *a): pass\n    def __eq__(self, o): return True\ndef f(p): return Point()\n",
        POINT + "    def __eq__(self, o): return True\ndef f(p): return Point(0)\n",
        "    Point.__eq__ = lambda a, b: True\n    p.__class__.__eq__ = Point.__eq__\n    return Point(0, 0)\n",
        "    class All:\n        def __eq__(self, o): return True\n    return Point(All(), All())\n",
        "    Point.__init__ = lambda self, *a: None\n    p.x = p.y = None\n    return p\n",
    ],
)
def test_class_of_the_prompt_is_the_prompts_own(program: str) -> None:
    test = "def check(candidate):\n    assert candidate(Point(1, 2)) == Point(2, 1)\n"
    assert is_wrong(check(program, test, prompt=POINT + "def f(p):\n    '''...'''\n"))


def test_class_of_the_prompt_is_lent_where_the_test_means_it() -> None:
    prompt = SHAPES + "def small():\n    return Sq(1)\ndef f(p):\n    return Sq(p)\n"
    for test in ("assert candidate(Sq(2))", "assert candidate(small())"):
        assert lent_by_prompt(prompt, "f", test).keys() == {"Shape", "Sq"}
    for test in ("assert candidate(2).area() == 4", "assert f(2).area() == 4"):
        assert lent_by_prompt(prompt, "f", test) == {}
