# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `function`: plain data comes back and is compared outside."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from rewards.code.guest import rehearsal
from rewards.code.guest.program import function as guest
from rewards.code.judgement import Fate
from rewards.code.references import CodeLimits
from tests.rewards.code.judging import asserts, fates, function, is_wrong, passes


@pytest.mark.parametrize(
    ("program", "args", "expected"),
    [
        ("def f(a, b): return a + b", (1, 2), 3),
        ("def f(x): return (x, [x])", (1,), [1, [1]]),
        ("def f(x): return {1: x}", (2,), {"1": 2}),
        ("def f(x): return x / 2", (4,), 2),
        ("def f(xs):\n    xs.sort()\n    return xs", ([2, 1],), [1, 2]),
        ("from collections import Counter\ndef f(x): return Counter(x)", ("aab",), {"a": 2, "b": 1}),
        (
            "from collections import defaultdict\ndef f(x):\n    d = defaultdict(int)\n    d[x] += 1\n    return d",
            ("a",),
            {"a": 1},
        ),
        ("from collections import namedtuple\nP = namedtuple('P', 'x')\ndef f(x): return P(x)", (1,), [1]),
        ("from enum import IntEnum\nclass N(IntEnum):\n    A = 1\ndef f(): return N.A", (), 1),
        ("def f(n): return 2 ** n", (200,), 2**200),
        ("def f(): return None", (), None),
        ("def f(s): return s + '\\ud800'", ("a",), "a\ud800"),
        ("import functools\nf = functools.partial(max, 5)", (3,), 5),
        ("f = lambda x: x + 1", (1,), 2),
        ("class f:\n    def __new__(cls, x): return x", (1,), 1),
        ("def f(x):\n    print('noise', x)\n    return x", (1,), 1),
        ("import sys\nsys.setrecursionlimit(20000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)", (9000,), 9000),
        ("def f(x): return x", ([[[[1]]]],), [[[[1]]]]),
        ("def f(x): return x", ({"$set": [1, 2]},), {"$set": [2, 1]}),
        ("def f(x): return bytearray(x[::-1])", ({"$bytes": "aGk="},), {"$bytes": "aWg="}),
    ],
)
def test_right_program_passes(program, args, expected):
    assert passes(function(program, (args, expected)))


@pytest.mark.parametrize(
    "program",
    [
        "def f(x): return 4",
        "def f(x): return '3'",
        "def f(x): return True",
        "def f(x): return [3]",
        "def f(x): return float('nan')",
        "def f(x): return object()",
        "def f(x): return f",
        "class A:\n    def __eq__(self, o): return True\ndef f(x): return A()",
        "class A(int):\n    def __eq__(self, o): return True\n    def __hash__(self): return 0\ndef f(x): return A(7)",
        "class A(bytearray):\n    def __eq__(self, o): return True\ndef f(x): return A(3)",
        "def f(x): raise ValueError",
        "def f(x): raise SystemExit(0)",
        "import os\ndef f(x): os._exit(0)",
        "import sys\nsys.exit(0)",
        "raise KeyboardInterrupt",
        "def g(x): return 3",
        "def f(x: return 3",
        "def f(): return 3",
        "def f(x):\n    a = []\n    a.append(a)\n    return a",
        "def f(x): return 1 << (1 << 26)",
        "def f(x): return 'a' * (1 << 26)",
        "def f(x): return {i * (2**61 - 1): 0 for i in range(1000)}",
        "import os\ndef f(x):\n    os.write(3, b'\\xff' * 100)\n    os._exit(0)",
        "import os\ndef f(x):\n    os.write(3, b'\\0\\0\\0\\1N')\n    return 0",
        "import os\ndef f(x):\n    while True: os.write(3, b'\\0\\0\\0\\1N' * 1000)",
        "class M(type):\n    def __eq__(self, o): return True\n    def __hash__(self): return 0\nclass f(metaclass=M):\n    def __new__(cls, x): return cls",
    ],
)
def test_wrong_or_hostile_program_is_wrong(program):
    assert is_wrong(function(program, ((1,), 3), limits=CodeLimits(time_s=3.0, memory_mb=512)))


@pytest.mark.parametrize("alone", [0, 2000])
def test_keys_that_collide_do_not_hold_up_the_judge(alone):
    program = f"def f(n): return {{i * (2**61 - 1) for i in range(n)}} | set(range(1, {alone}))"
    expected = {"$set": list(range(3000))}
    judgement = function(program, ((1500,), expected))
    assert fates(judgement) == ["wrong"]
    assert "collide" in judgement.cases[0].reason


def test_each_case_has_a_fresh_object():
    program = "class Solution:\n    def __init__(self): self.n = 0\n    def f(self):\n        self.n += 1\n        return self.n\n"
    assert passes(function(program, ((), 1), ((), 1), entry_point="Solution.f"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def f(self, xs: List[int], k: Optional[int] = None) -> Dict[int, int]: return Counter(xs)", {"1": 1, "2": 1}),
        ("def f(self, xs):\n        d = collections.defaultdict(int)\n        return bisect.bisect([1], 2) + d[0]", 1),
        (
            "def f(self, xs):\n        heapify(xs)\n        return [math.inf > heappop(xs), ceil(0.5), pow(2, 5, 7)]",
            [True, 1, 4],
        ),
        (
            "@cache\n    def g(self, n): return n and gcd(n, 4)\n    def f(self, xs): return list(accumulate(map(self.g, xs)))",
            [1, 3],
        ),
    ],
)
def test_a_method_may_use_what_leetcode_imports(body, expected):
    program = f"class Solution:\n    {body}\n"
    assert passes(function(program, (([1, 2],), expected), entry_point="Solution.f"))
    assert is_wrong(function(program + "def f(xs): return Solution().f(xs)", (([1, 2],), expected)))


def test_a_method_uses_what_its_program_defines_instead_of_what_leetcode_imports():
    program = (
        "def gcd(a, b): return 'mine'\nceil = len\nclass Solution:\n    def f(self): return [gcd(1, 2), ceil('ab')]\n"
    )
    assert passes(function(program, ((), ["mine", 2]), entry_point="Solution.f"))
    unknown = "class Solution:\n    def f(self): return nonsense\n"
    assert is_wrong(function(unknown, ((), 1), entry_point="Solution.f"))


def test_answer_given_before_the_question_is_no_use_for_the_next_one():
    program = """
    import os, sys
    seen = []
    def f(x):
        seen.append(x)
        return seen
    """
    judgement = function(program, ((1,), [1]), ((2,), [1, 2]), ((3,), [1, 2, 3]))
    assert passes(judgement)


def test_tolerance_is_for_floats_only():
    assert passes(function("def f(): return 0.1 + 0.2", ((), 0.3), tolerance=1e-6))
    assert is_wrong(function("def f(): return 0.1 + 0.2", ((), 0.3)))


def test_program_finds_the_arguments_of_no_later_call():
    program = """
    import select, sys
    def f(text):
        frame = sys._getframe()
        while "channel" not in frame.f_locals:
            frame = frame.f_back
        waiting = select.select([frame.f_locals["channel"]._descriptor], [], [], 0)[0]
        return "peeked" if waiting or frame.f_locals["channel"]._pending else text
    """
    assert passes(function(program, *((("secret" * n,), "secret" * n) for n in range(1, 4))))


def test_hang_and_crash_cost_one_case_each_where_all_count():
    program = "import time, os\ndef f(x):\n    if x == 1: time.sleep(60)\n    if x == 2: os._exit(3)\n    if x == 3: 1 / 0\n    return x\n"
    judgement = function(
        program, *(((n,), n) for n in range(5)), partial=True, limits=CodeLimits(time_s=1.0, memory_mb=512)
    )
    assert fates(judgement) == ["passed", "time limit", "no output", "raised", "passed"]


@pytest.mark.parametrize("size", [10, 10_000, 300_000])
def test_calls_of_any_size_are_asked_in_order(size):
    program = "n = 0\ndef f(text):\n    global n\n    n += 1\n    return [n, text[::-1]]\n"
    cases = [((f"{n}" + "x" * size,), [n, "x" * size + f"{n}"]) for n in range(1, 8)]
    assert passes(function(program, *cases))


def test_program_that_does_not_load_is_wrong_for_its_own_reason_however_many_calls_wait():
    judgement = function("def f(x): return x\nraise KeyError('own')", *(((n,), n) for n in range(5)))
    assert judgement.failure == "KeyError: 'own'"


def test_failure_ends_it_where_all_must_pass():
    judgement = function("def f(x): return 0", ((1,), 1), ((0,), 0))
    assert fates(judgement) == ["wrong", "no output"]


def test_memory_is_limited():
    judgement = function("def f(): return len(bytearray(1 << 30))", ((), 1 << 30), limits=CodeLimits(memory_mb=200))
    assert judgement.cases[0].fate in (Fate.MEMORY, Fate.RAISED)


def test_reason_holds_nothing_that_is_expected():
    judgement = function("def f(): return 0", ((), "secret-9137"))
    assert "9137" not in judgement.cases[0].reason


@pytest.mark.parametrize("how_often", [(0,), (1, 1, 1), (50, 2, 2), (700, 10, 10)])
@pytest.mark.parametrize("module", [guest, rehearsal])
def test_rehearsal_succeeds_whenever_garbage_is_collected_and_leaves_nothing_behind(
    module, how_often, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # as in a sandbox: what stands in the working folder is looked at again and again
    held = len(os.listdir("/proc/self/fd"))
    often = gc.get_threshold()
    gc.set_threshold(*how_often)
    try:
        module.rehearse()
    finally:
        gc.set_threshold(*often)
    assert gc.isenabled()
    assert "solution" not in sys.modules
    assert len(os.listdir("/proc/self/fd")) == held


def test_an_async_function_is_awaited() -> None:
    program = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1\n"
    assert passes(function(program, ((1,), 2), ((4,), 5)))
    assert is_wrong(function(program.replace("x + 1", "x"), ((1,), 2), ((4,), 5)))


def test_cases_are_counted_from_one_as_in_every_style() -> None:
    judged = function("def f(x): return x", ((1,), 1), ((2,), 3), ((3,), 3))
    assert [case.name for case in judged.cases] == ["case 1", "case 2", "case 3"]
    judged = asserts("def f(x): return x", "assert abs(f(1) - 1) < 1", "assert f(2) == 3", "assert f(3) == 3")
    assert [case.name for case in judged.cases] == ["assert 1", "assert 2", "case 3"]
