# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `check`: whole programs and continuations of a prompt."""

from __future__ import annotations

import pytest

from rewards.code.guest.joining import join
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
