# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Tests that only compare calls with literals: which they are, and that they mean the same without a checker."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Judgement
from rewards.code.references import AssertsReference, CheckReference, CodeLimits
from rewards.code.styles.asserts import judge_asserts
from rewards.code.styles.check import judge_check
from rewards.code.styles.plain_tests import LONGEST, plain_asserts, plain_check
from tests.rewards.code.boxes import inside
from tests.rewards.code.judging import LIMITS, asserts, check, is_wrong, passes


@pytest.mark.parametrize(
    ("source", "entry_point"),
    [
        ("assert f(1) == 2", "f"),
        ("assert 2 == f(1)", "f"),
        ("assert f([1, {'a': (2, None)}], x=-1.5) != {1, 2}", "f"),
        ("assert f() is None, 'a message'", "f"),
        ("assert f() is not True", "f"),
        ("assert not f('')", "f"),
        ("assert f(b'')", "f"),
        ("'''said'''\nassert f(1) == set(); assert f(2) == 3j", "f"),
        ("assert Solution().f(1) == 2\nassert True", "Solution.f"),
    ],
)
def test_forms_that_are_plain(source: str, entry_point: str):
    plain = plain_asserts("", (source,))
    assert plain is not None
    assert plain[0] == entry_point


@pytest.mark.parametrize(
    "source",
    [
        *("assert f(1) == g", "assert f(x) == 1", "assert f(1) == f(2)", "assert abs(f(1) - 2) < 1", "assert f(1) < 2"),
        *(
            "assert f(1) is 1",
            "assert f(1) == 1 == 1",
            "assert f(*[1]) == 1",
            "assert f(**{'a': 1}) == 1",
            "assert f(a=1, a=2)",
        ),
        *(
            "x = 1\nassert f(1) == 1",
            "for i in (1,):\n    assert f(1) == 1",
            "assert f(1)(2) == 3",
            "assert f.g(1) == 1",
        ),
        *(
            "assert S(1).f(1) == 1",
            "assert f(1) == 1 or True",
            "assert f(1) == {[]}",
            "assert False",
            "assert (f(1) == 1, 'x')",
        ),
        *(
            "assert sum(10, 15) == 6",
            "assert f(1) == 1\nassert g(1) == 1",
            "assert True",
            "pass",
            "assert f(1) == ...",
            "assert f(1) == (",
            "assert f(1) == 1\0",
        ),
        *(
            "assert f(1) == 1, f(2)",
            "assert f(1) == 1, f'{x}'",
            "assert f(__debug__=1) == 1",
            f"assert f({'1' * 100}) == 1\n" * 500,
        ),
        *(
            "f(1) == 1",
            "import f\nassert f(1) == 1",
            "assert f(" + "[" * 400 + "]" * 400 + ") == 1",
            f"assert f({'1' * LONGEST}) == 1",
        ),
    ],
)
def test_forms_that_are_not_plain(source: str):
    assert plain_asserts("", (source,)) is None


def test_source_that_calls_nothing_takes_a_checker():
    """It holds even where the program lacks what the others call."""
    assert plain_asserts("", ("assert f(1) == 1", "assert True")) is None


def test_setup_takes_a_checker():
    assert plain_asserts("import math", ("assert f(1) == 1",)) is None
    assert plain_asserts("\n", ("assert f(1) == 1",)) is not None


@pytest.mark.parametrize(
    "test",
    [
        "def check(candidate):\n    assert candidate(1) == 2\n",
        "METADATA = {'author': 'x'}\n\n\ndef check(f):\n    '''Said.'''\n    assert f(1) == 2, 'a message'\n    assert True\n",
        "def check(candidate: object) -> None:\n    assert f(1) == 2\n    assert candidate(1) == 2\n",
    ],
)
def test_checks_that_are_plain(test: str):
    assert plain_check("f", test) is not None


@pytest.mark.parametrize(
    "test",
    [
        *(
            "def check(c):\n    assert g(1) == 2\n",
            "def check(c, d=1):\n    assert c(1) == 2\n",
            "def check(*c):\n    assert c(1) == 2\n",
        ),
        *(
            "def check():\n    assert f(1) == 2\n",
            "def check(c):\n    return\n",
            "import os\ndef check(c):\n    assert c(1) == 2\n",
        ),
        *(
            "f = 3\ndef check(c):\n    assert f(1) == 2\n",
            "@g\ndef check(c):\n    assert c(1) == 2\n",
            "async def check(c):\n    assert c(1) == 2\n",
        ),
        *(
            "def check(c):\n    assert c(1) == 2\ncheck(f)\n",
            "def other(c):\n    assert c(1) == 2\n",
            "def check(c): pass\ndef check(c):\n    assert c(1) == 2\n",
        ),
        *(
            "def check(c: f(1)):\n    assert c(1) == 2\n",
            "def check(c) -> Unknown:\n    assert c(1) == 2\n",
            "def check(set):\n    assert set() == set()\n",
            "set = 1\ndef check(c):\n    assert c(1) == set()\n",
            "def check(__debug__):\n    assert f(1) == 2\n",
            "import os\ndef check(c",
        ),
        *(
            "check = 1",
            "",
            "def check(c",
            "def check(c):\n    for x in (1, 2):\n        assert c(x) == 2\n",
            "A = f(1)\ndef check(c):\n    assert c(1) == 2\n",
        ),
    ],
)
def test_checks_that_are_not_plain(test: str):
    assert plain_check("f", test) is None


def test_name_of_the_test_itself_is_not_the_entry_point():
    assert plain_check("check", "def check(c):\n    assert c(1) == 2\n") is not None
    assert plain_check("check", "def check(c):\n    assert check(1) == 2\n") is None


CLASSES = [
    "class S:\n    def f(self): return 5",
    "class S:\n    def __init__(self): raise ValueError\n    @staticmethod\n    def f(): return 5",
    "class S:\n    n = 4\n    def __init__(self): S.n += 1\n    @classmethod\n    def f(cls): return cls.n",
    "class T:\n    def f(self): return 5\ndef S(): return T()",
    "class T:\n    def f(self): return 5\nS = T()",
]


@pytest.mark.parametrize("program", CLASSES)
def test_methods_are_of_what_a_call_of_the_name_gives(program: str):
    asserts(program, "assert S().f() == 5")
    check(program, "def check(candidate):\n    assert candidate() == 5\n", entry_point="S.f")


def test_method_in_a_check_is_of_one_object():
    program = "class S:\n    n = 0\n    def f(self):\n        self.n += 1\n        return self.n\n"
    test = "def check(candidate):\n    assert candidate() == 1\n    assert candidate() == 2\n"
    assert plain_check("S.f", test) is not None
    assert plain_check("S.f", test.replace("candidate()", "S().f()")) is None
    assert passes(check(program, test, entry_point="S.f"))
    assert passes(asserts(program, "assert S().f() == 1", "assert S().f() == 1"))


HONEST = [
    ("def f(x):\n    x.append(3)\n    return x", "assert f([1, 2]) == [1, 2, 3]"),
    ("from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(): return P(1, 2)", "assert f() == (1, 2)"),
    ("from collections import Counter\ndef f(s): return Counter(s)", "assert f('aab') == {'a': 2, 'b': 1}"),
    ("import numpy as np\ndef f(): return np.float32(0.1)", "assert f() == 0.1"),
    ("import numpy as np\ndef f(): return np.array([3])", "assert f() == 3"),
    ("from decimal import Decimal\ndef f(): return Decimal('1.50')", "assert f() == 1.5"),
    ("from fractions import Fraction\ndef f(): return [Fraction(1, 2)]", "assert f() == [0.5]"),
    ("from enum import IntEnum\nclass E(IntEnum):\n    A = 1\ndef f(): return E.A", "assert f() == 1"),
    ("def f(): return True", "assert f() == 1"),
    ("def f(): return {1.0: 'a'}", "assert f() == {1: 'a'}"),
    ("def f(): return float('inf')", "assert f() == 1e999"),
    ("def f(): return frozenset((1, 2))", "assert f() == {1, 2}"),
    (
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nimport sys\nsys.setrecursionlimit(100000)",
        "assert f(20000) == 20000",
    ),
    ("def f(): return [0] * 200_000", "assert f()"),
    ("def f(): return [1] * 5000", f"assert f() == [{'True,' * 5000}]"),
    ("def f(n): return [f(n - 1)] if n else []", f"assert f(150) == {'[' * 151}{']' * 151}"),
    ("def f():\n    a = []\n    a.append(a)\n    return a", "assert f()"),
    ("def f():\n    a = [1]\n    for _ in range(40): a = [a, a]\n    return a", "assert f() is not None"),
    ("def f(): return 2 ** 4000", "assert f() != 1"),
    ("print('noise')\ndef f():\n    print('more')\n    return 'x'", "assert f() == 'x'"),
    ("class f:\n    def __new__(cls): return 5", "assert f() == 5"),
    ("f = lambda x: x", "assert f('\\ud800') == '\\ud800'"),
]
WRONG = [
    (
        "class A:\n    def __eq__(self, o): return True\n    def __bool__(self): return True\ndef f(): return A()",
        "assert f() == 3",
    ),
    (
        "class A(int):\n    def __eq__(self, o): return True\n    def __hash__(self): return 0\ndef f(): return A(7)",
        "assert f() == 3",
    ),
    ("class A:\n    def __eq__(self, o): return True\ndef f(): return [A()]", "assert f() == [3]"),
    ("class A:\n    def __ne__(self, o): return True\ndef f(): return A()", "assert f() != 3\nassert f() == 2"),
    ("def f(): return (1, 2)", "assert f() == [1, 2]"),
    ("async def f(): return 3", "assert f() == 3"),
    ("def f(): return float('nan')", "assert f() != 3"),
    ("def f(): raise SystemExit(0)", "assert f() == 3"),
    ("import sys\nsys.exit(0)", "assert f() == 3"),
    ("import os\ndef f(): os._exit(0)", "assert f() == 3"),
    ("def f(): return 1", "assert f() is True"),
    ("def f(): return 0", "assert not f(), 'x'\nassert f()"),
    ("def g(): return 3", "assert f() == 3"),
    ("def __getattr__(name): return lambda: 3", "assert f() == 3"),
    ("def f(: return 3", "assert f() == 3"),
    ("def f(x): return 3", "assert f() == 3"),
    ("def f():\n    a = []\n    a.append(a)\n    return a", "assert f() == [3]"),
    ("def f(): return 'a' * (1 << 26)", "assert f() == 3"),
    ("import os\ndef f():\n    os.write(3, b'\\xff' * 100)\n    os._exit(0)", "assert f() == 3"),
    (
        "import os\nfor k in range(3, 40):\n    try: os.write(k, bytes([0, 0, 0, 2]) + b'NN')\n    except OSError: pass\ndef f(): return 1",
        "assert f() == 3",
    ),
    ("def f(): return {i * (2**61 - 1): 0 for i in range(1000)}", "assert f() == {1: 2}"),
]


@pytest.mark.parametrize(("program", "test"), HONEST)
def test_right_programs_pass_both_ways(program: str, test: str):
    assert plain_asserts("", (test,)) is not None
    assert passes(asserts(program, test))


@pytest.mark.parametrize(("program", "test"), WRONG)
def test_wrong_and_hostile_programs_fail_both_ways(program: str, test: str):
    assert plain_asserts("", (test,)) is not None
    assert is_wrong(asserts(program, test))


def without_checker(program: str, *sources: str, partial: bool = False) -> Judgement:
    reference = AssertsReference(asserts=sources, limits=LIMITS, partial=partial)
    assert plain_asserts("", sources) is not None
    return inside(lambda sandbox: judge_asserts(sandbox, program, reference))


def test_what_is_told_of_a_failure_holds_nothing_that_is_expected():
    judged = without_checker("def f(x): return x", "assert f(1) == 'secret-9137'", "assert f(2) == 2", partial=True)
    assert [str(case.fate) for case in judged.cases] == ["wrong", "passed"]
    assert [case.name for case in judged.cases] == ["assert 1", "assert 2"]
    assert judged.cases[0].reason == "an assertion does not hold"


def test_program_gets_no_second_throw_by_an_answer_that_is_undecided():
    program = (
        "import sys\nalone = 'rlvr_guest.program.function' in sys.modules and 'rlvr_guest.program.host' not in sys.modules\n"
        "def f(x):\n    if x == 3: return f\n    return 0 if alone and x == 1 else x\n"
    )
    tests = ("assert f(1) == 1", "assert f(2) == 2", "assert f(3) == 3", "assert f(4) == 4")
    judged = without_checker(program, *tests, partial=True)
    assert [str(case.fate) for case in judged.cases] == ["wrong", "passed", "wrong", "passed"]


def test_failed_case_makes_no_further_calls_where_others_follow_it():
    program = "calls = []\ndef f(x):\n    calls.append(x)\n    return x * len(calls)\n"
    tests = ("assert f('a') == 'a'; assert f('b') == 'b'; assert f('c') == 'ccc'", "assert f('d') == 'ddd'")
    judged = without_checker(program, *tests, partial=True)
    assert [str(case.fate) for case in judged.cases] == ["wrong", "passed"]


def test_hang_costs_a_case_its_time_and_no_more():
    program = "import time\ndef f(x):\n    if x == 1: time.sleep(60)\n    return x\n"
    reference = AssertsReference(
        asserts=("assert f(1) == 1", "assert f(2) == 2"), limits=CodeLimits(time_s=0.5), partial=True
    )
    judged = inside(lambda sandbox: judge_asserts(sandbox, program, reference))
    assert [str(case.fate) for case in judged.cases] == ["time limit", "passed"]


def test_completion_continues_its_prompt():
    prompt = (
        "from typing import List\n\ndef helper(x):\n    return x + 1\n\ndef f(xs: List[int]) -> int:\n    '''Add.'''\n"
    )
    reference = CheckReference(
        prompt=prompt, entry_point="f", test="def check(c):\n    assert c([1, 2]) == 4\n", limits=LIMITS
    )
    for program in (
        "    return helper(sum(xs))\n",
        "return helper(sum(xs))",
        "def f(xs):\n    return helper(sum(xs))\n",
    ):
        judged = inside(lambda sandbox, text=program: judge_check(sandbox, text, reference))
        assert passes(judged), (program, judged)
        assert [case.name for case in judged.cases] == ["check"]
