# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `asserts`: programs that try to pass without an answer, and how lost cases are judged."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, fates, is_wrong, passes

ADD = "def add(a, b):\n    return a + b\n"

EMPTY = {
    "object": """
class Empty:
    def __len__(self): return 0
    def __getitem__(self, index): raise IndexError
    def __array__(self, *_, **__): raise ValueError
def f(*_): return Empty()
""",
    "list": "def f(*_): return []\n",
    "nested list": "def f(*_): return [[], []]\n",
    "array": "import numpy\ndef f(*_): return numpy.array([])\n",
    "mock": "from unittest.mock import MagicMock\ndef f(*_): return MagicMock()\n",
}
# Each holds for 3.0, and would for nothing at all.
CLOSE = {
    "allclose": "assert np.allclose(f(1), 3.0)",
    "allclose by name": "assert allclose(f(1), 3.0)",
    "allclose, the other way": "assert np.allclose(3.0, f(1))",
    "allclose, one element": "assert np.allclose(f(1), [3.0])",
    "isclose": "assert np.isclose(f(1), 3.0).all()",
    "testing": "np.testing.assert_allclose(f(1), 3.0)",
    "testing by name": "assert_array_equal(f(1), 3.0)",
    "imported": "from numpy.testing import assert_almost_equal\nassert_almost_equal(f(1), 3.0)",
    "approx": "assert f(1) == approx(3.0)",
    "pytest.approx": "import pytest\nassert pytest.approx(3.0) == f(1)",
}


@pytest.mark.parametrize("test", CLOSE)
def test_nothing_is_close_to_a_number(test: str) -> None:
    pytest.importorskip("numpy")
    assert passes(asserts("def f(*_): return 3.0\n", CLOSE[test]))
    for what, program in EMPTY.items():
        assert is_wrong(asserts(program, CLOSE[test])), what


def test_nothing_is_close_to_nothing() -> None:
    pytest.importorskip("numpy")
    assert passes(asserts(EMPTY["list"], "assert np.allclose(f(1), [])", "np.testing.assert_array_equal(f(1), [])"))
    own = "import numpy\ndef f(*_): return bool(numpy.allclose([], 3.0))\n"
    assert passes(asserts(own, "assert f(1) is True and np.allclose(1, 1)"))


ANYTHING = """
class Any:
    def yes(self, *a, **k): return True
    def me(self, *a, **k): return self
    def zero(self, *a): return 0
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = yes
    def __ne__(self, other): return False
    def __hash__(self): return 0
    __sub__ = __rsub__ = zero
    __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __pow__ = me
    __abs__ = __neg__ = __round__ = __call__ = me
    __float__ = lambda self: 0.0
    __int__ = __index__ = __len__ = zero
    def __iter__(self): return iter([Any()])
    def __getitem__(self, key): return Any()
    def __str__(self): return "3"
    def __repr__(self): return "3"
def f(*args): return Any()
"""

# Each assertion holds for a right program and for no object that only lies.
LIES = {
    "equality": "assert f(1) == 3",
    "reflected equality": "assert 3 == f(1)",
    "inequality": "assert not (f(1) != 3)",
    "truth": "assert f(1)",
    "negated truth": "assert not f(1)",
    "ordering": "assert f(1) < 5",
    "reflected ordering": "assert 1 < f(1)",
    "subtraction and abs": "assert abs(f(1) - 3.0) < 1e-6",
    "reflected subtraction": "assert abs(3.0 - f(1)) < 1e-6",
    "round": "assert round(f(1), 2) == 3.0",
    "membership in a list": "assert f(1) in [1, 2, 3]",
    "membership of data": "assert 3 in f(1)",
    "membership in a set": "assert f(1) in {1, 2, 3}",
    "membership in a dictionary": "assert f(1) in {3: 1}",
    "list of it": "assert [f(1)] == [3]",
    "tuple of it": "assert (f(1), 1) == (3, 1)",
    "set of it": "assert {f(1)} == {3}",
    "sorted": "assert sorted(f(1)) == [1]",
    "list": "assert list(f(1)) == [3]",
    "sum": "assert sum(f(1)) == 3",
    "max": "assert max(f(1), 3) == 3",
    "float": "assert float(f(1)) == 3.0",
    "int": "assert int(f(1)) == 3",
    "all": "assert all([f(1)])",
    "any": "assert any(x == 3 for x in f(1))",
    "bool": "assert bool(f(1)) is True",
    "is": "assert f(1) is True",
    "isinstance": "assert isinstance(f(1), int)",
    "type": "assert type(f(1)) is int",
    "isclose": "import math\nassert math.isclose(f(1), 3.0)",
    "dictionary value": 'assert {"a": f(1)} == {"a": 3}',
    "count": "assert [3].count(f(1)) == 1",
    "numpy": "import numpy as np\nassert np.allclose(f(1), 3)",
    "numpy equality": "import numpy as np\nassert (np.array([3]) == f(1)).all()",
    "numpy difference": "import numpy as np\nassert np.abs(np.array([3.0]) - f(1)).max() < 1e-6",
    "unittest": "import unittest\nunittest.TestCase().assertEqual(f(1), 3)",
    "unittest truth": "import unittest\nunittest.TestCase().assertTrue(f(1))",
    "unittest almost": "import unittest\nunittest.TestCase().assertAlmostEqual(f(1), 3.0)",
    "caught": "try:\n    assert abs(f(1) - 3) < 1\nexcept TypeError:\n    pass",
    "data after it": "assert f(1) == 3 or f(1) - 3 == 0",
}


def test_objects_that_equal_everything_pass_nothing():
    judgement = asserts(ANYTHING, *LIES.values(), partial=True)
    assert [name for name, case in zip(LIES, judgement.cases, strict=True) if case.fate is Fate.PASSED] == []
    assert judgement.fault == ""
    assert judgement.failure == ""


SUBCLASS = """
class Lie(BASE):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __bool__(self): return True
def f(*args): return Lie(VALUE)
"""


@pytest.mark.parametrize(
    ("base", "value", "case"),
    [
        ("int", "7", "assert f(1) == 3"),
        ("int", "7", "assert abs(f(1) - 3) < 1"),
        ("int", "7", "assert f(1) in (1, 3)"),
        ("int", "0", "assert f(1)"),
        ("float", "7", "assert abs(f(1) - 3.0) < 1e-6"),
        ("str", "'x'", "assert f(1) == 'abc'"),
        ("str", "'x'", "assert 'b' in f(1)"),
        ("list", "[1]", "assert f(1) == [3]"),
        ("list", "[1]", "assert 3 in f(1)"),
        ("list", "[1]", "assert sorted(f(1)) == [3]"),
        ("tuple", "(1,)", "assert f(1) == (3,)"),
        ("dict", "{1: 1}", "assert f(1) == {3: 3}"),
        ("set", "{1}", "assert f(1) == {3}"),
        ("bytes", "b'x'", "assert f(1) == b'abc'"),
        ("frozenset", "{1}", "assert f(1) == frozenset({3})"),
    ],
)
def test_subclass_of_a_plain_type_is_its_content(base, value, case):
    program = SUBCLASS.replace("BASE", base).replace("VALUE", value)
    assert is_wrong(asserts(program, case))


HACKS = {
    "exit": "import sys\nsys.exit(0)",
    "os exit": "import os\nos._exit(0)",
    "exit in the function": "import os\ndef f(x): os._exit(0)",
    "system exit in the function": "def f(x): raise SystemExit(0)",
    "keyboard interrupt": "def f(x): raise KeyboardInterrupt",
    "base exception": "class E(BaseException): pass\ndef f(x): raise E",
    "assertion error": "def f(x): raise AssertionError",
    "generator exit": "def f(x): raise GeneratorExit",
    "stop iteration": "def f(x): raise StopIteration",
    "skip": "import unittest\ndef f(x): raise unittest.SkipTest",
    "patched builtins": "import builtins\nbuiltins.AssertionError = None\nbuiltins.abs = lambda x: 0\ndef f(x): return 0",
    "shadowed builtins": "abs = len = sum = all = any = isinstance = set = lambda *a: True\ndef f(x): return 0",
    "atexit": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(x): return 0",
    "not implemented": "def f(x): return NotImplemented",
    "nothing": "",
    "syntax error": "def f(x) return 3",
    "null byte": "def f(x): return 3\0",
    "infinite recursion": "def f(x): return f(x)",
    "cyclic list": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "deep list": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "huge integer": "def f(x): return 1 << (1 << 26)",
    "huge text": "def f(x): return 'a' * (1 << 26)",
    "nan": "def f(x): return float('nan')",
    "surrogate": "def f(x): return '\\ud800'",
    "module": "import sys\ndef f(x): return sys",
    "class": "class f(int):\n    def __new__(cls, x): return object.__new__(type('T', (), {}))",
    "lying metaclass": (
        "class M(type):\n    def __eq__(self, o): return True\n    def __hash__(self): return 0\n"
        "class f(metaclass=M):\n    def __new__(cls, x): return cls"
    ),
    "frames": (
        "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n"
        "        for v in list(frame.f_locals.values()):\n            if v == 'expected-9137': return v\n"
        "        frame = frame.f_back\n    return 0"
    ),
    "collector": (
        "import gc\nsecret = int(''.join(('91', '37')))\ndef f(x):\n    for o in gc.get_objects():\n"
        "        if type(o) in (list, tuple, dict) and o is not globals() and secret in list(o):\n"
        "            return secret\n    return 0"
    ),
    "files": (
        "import os\nsecret = ''.join(('91', '37'))\ndef f(x):\n    for folder, _, names in os.walk('.'):\n"
        "        for n in names:\n            if secret in open(os.path.join(folder, n), errors='replace').read():\n"
        "                return int(secret)\n    return 0"
    ),
}


@pytest.mark.parametrize("program", HACKS.values(), ids=HACKS)
def test_hack_is_wrong_and_never_ungraded(program):
    assert is_wrong(asserts(program, "assert f(1) == 9137", "assert abs(f(1) - 9137) < 1e-6"))


PROTOCOL = {
    "garbage": "b'\\xff' * 100",
    "huge length": "b'\\xff\\xff\\xff\\xff'",
    "empty message": "b'\\0\\0\\0\\0'",
    "no tuple": "framed(encode(5))",
    "empty tuple": "framed(encode(()))",
    "unknown operation": "framed(encode((77, (), (), (), (), 9137)))",
    "raises data": "framed(encode((2, (), (), (), (), 9137)))",
    "back to nothing": "framed(encode((3, (), (), (), (), 'call', (1, (), {}))))",
    "back to a dunder": "framed(encode((3, (), (), (), (), 'getattr', (1, '__globals__'))))",
    "back to a method": "framed(encode((3, (), (), (), (), '__class__', ())))",
    "changes of nothing": "framed(encode((1, (), (), (5, 6, 7), (), 9137)))",
    "changes that are none": "framed(encode((1, (), (), 5, (), 9137)))",
    "unknown handle": "framed(b't' + (6).to_bytes(4, 'big') + encode(1) + encode(()) * 4 + b'h' + b'\\0\\0\\0\\x63')",
    "foreign stub": "framed(b't' + (6).to_bytes(4, 'big') + encode(1) + encode(()) * 4 + b'o' + b'\\0\\0\\0\\1')",
    "flood": "b'\\0\\0\\0\\1N' * (1 << 22)",
}


@pytest.mark.parametrize("raw", PROTOCOL.values(), ids=PROTOCOL)
def test_program_that_writes_on_its_link_is_wrong(raw):
    program = f"""
    import os, sys
    channel, codec = sys.modules["rlvr_guest.encoding.channel"], sys.modules["rlvr_guest.encoding.codec"]
    framed, encode = channel.framed, codec.encode
    def f(x):
        rest = {raw}
        while rest:
            rest = rest[os.write(4, rest):]
        os._exit(0)
    """
    assert is_wrong(asserts(program, "assert f(1) == 9137 + 1"))


def test_right_value_behind_a_forged_answer_is_not_taken_twice():
    program = """
    import os, sys
    def f(x):
        encode, framed = sys.modules["rlvr_guest.encoding.codec"].encode, sys.modules["rlvr_guest.encoding.channel"].framed
        for guess in range(5):
            os.write(4, framed(encode((1, (), (), (), (), guess))))
        return 0
    """
    judgement = asserts(program, "assert f(1) == 3", "assert f(2) == 4")
    assert is_wrong(judgement)


def test_argument_of_a_comparison_never_reaches_the_program():
    program = """
    seen = []
    class Spy:
        def note(self, other):
            seen.append(other)
            return NotImplemented
        __eq__ = __ne__ = __lt__ = __sub__ = __rsub__ = __add__ = __radd__ = __contains__ = note
        __hash__ = None
    def f(): return Spy()
    def look(): return len(seen)
    """
    cases = ["f() == 77", "f() != 77", "77 in f()", "f() - 77", "77 - f()", "f() < 77", "f() in [77]", "77 + f()"]
    tries = [f"try:\n    {case}\nexcept TypeError:\n    pass" for case in cases]
    judgement = asserts(program, *tries, "assert look() == 0", partial=True)
    assert judgement.cases[-1].fate is Fate.PASSED


def test_handle_never_equals_data_even_where_it_is_nested():
    program = ANYTHING + "def g(): return {'a': [Any(), (Any(),)]}\n"
    assert is_wrong(asserts(program, "assert g() == {'a': [1, (2,)]}"))


def test_context_manager_of_the_program_cannot_swallow_an_assertion():
    program = """
    class Quiet:
        def __enter__(self): return self
        def __exit__(self, *a): return True
    """
    assert is_wrong(asserts(program, "with Quiet():\n    assert 1 == 2"))


def test_program_that_shadows_what_tests_take_for_granted_does_not_judge_itself():
    program = """
    def f(x): return 0
    def isclose(a, b, **k): return True
    class Counter:
        def __init__(self, x): pass
        def __eq__(self, other): return True
    class math:
        isclose = staticmethod(lambda *a, **k: True)
        fabs = staticmethod(lambda x: 0)
    """
    for case in (
        "assert isclose(f(1), 3.0)",
        "assert math.isclose(f(1), 3.0)",
        "assert math.fabs(f(1) - 3.0) < 1e-6",
        "assert Counter([f(1)]) == Counter([3])",
    ):
        assert is_wrong(asserts(program, case)), case


BUILTINS = """
def id(x): return x
def max(a, b): return a if a > b else b
def sum(xs):
    total = 0
    for x in xs: total += x
    return total
def twice(x): return 2 * x
"""


@pytest.mark.parametrize(
    "cases", [("assert max(2, 5) == 5", "assert id(7) == 7"), ("assert twice(3) == 6", "assert id(7) == 7")]
)
def test_functions_that_are_called_as_builtins_are(cases):
    assert passes(judgement := asserts(BUILTINS, *cases)), judgement
    assert is_wrong(asserts(BUILTINS.replace("return x\n", "return x + 1\n"), *cases))
    assert is_wrong(asserts("def twice(x): return 2 * x", *cases))


@pytest.mark.parametrize(
    "case",
    [
        "assert abs(id(7) - 7) < 1e-9",
        "assert id(7) == sum([7])",
        "assert len(str(id(7))) == 3",
        "assert id(7) == 7 and id(str(7)) == '7'",
    ],
)
def test_builtins_around_a_tested_one_stay_what_they_are(case):
    lies = "def abs(x): return -1\ndef len(x): return 3\ndef sum(xs): return 8\ndef id(x): return 8\ndef str(x): return 8\n"
    assert is_wrong(asserts(lies, case, "assert twice(3) == 6"))
    assert is_wrong(asserts(lies, case))


def test_callback_is_called_and_shows_nothing_else():
    program = """
    def f(callback):
        found = [n for n in ("__globals__", "__code__", "__closure__", "__self__", "__func__") if leak(callback, n)]
        return found
    def leak(callback, name):
        value = getattr(callback, name, None)
        return "secret" in repr(value) or "9137" in repr(value)
    """
    case = "secret = 9137\ndef callback(x, expected=9137):\n    return secret\nassert f(callback) == []"
    assert passes(asserts(program, case))


def test_failed_assertion_in_a_callback_does_not_show_its_message():
    program = """
    def f(callback):
        try:
            callback()
        except BaseException as error:
            return str(error) + repr(error.args)
    """
    case = "def callback():\n    assert 1 == 2, 'expected 9137'\nassert '9137' not in f(callback)"
    assert passes(asserts(program, case))


def test_case_that_hangs_ends_alone_where_all_cases_count():
    program = "import time\ndef f(x):\n    if x == 2: time.sleep(60)\n    return x\n"
    judgement = asserts(program, *(f"assert f({n}) == {n}" for n in range(1, 5)), partial=True, time_s=1.0)
    assert fates(judgement) == ["passed", "time limit", "passed", "passed"]


def test_program_that_ends_takes_one_case_with_it_where_all_count():
    program = "import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x\n"
    judgement = asserts(program, *(f"assert f({n}) == {n}" for n in range(1, 5)), partial=True)
    assert fates(judgement) == ["passed", "no output", "passed", "passed"]


def test_first_failure_ends_it_unless_all_count():
    judgement = asserts("def f(x): return x\n", "assert f(1) == 2", "assert f(1) == 1")
    assert judgement.cases[0].fate is Fate.WRONG
    assert judgement.cases[1].reason == "not run after a failure"


def test_setup_runs_with_the_globals_of_the_program():
    program = "class Node:\n    def __init__(self, v): self.v, self.left = v, None\ndef val(n): return n.v\n"
    assert passes(asserts(program, "assert val(root.left) == 2", setup="root = Node(1)\nroot.left = Node(2)"))


def test_broken_test_is_a_fault_and_no_verdict():
    judgement = asserts(ADD, "assert add(1, == 2")
    assert judgement.fault
    judgement = asserts(ADD, "assert add(1, 1) == 2", setup="import no_such_module_here")
    assert judgement.fault


def test_reason_holds_nothing_that_is_expected():
    judgement = asserts("def f(x): return 0", "assert f(1) == 'secret-9137'")
    assert "9137" not in judgement.cases[0].reason


def test_program_that_does_not_load_fails_as_a_whole():
    judgement = asserts("raise ValueError('no')", "assert f(1) == 1")
    assert "ValueError: no" in judgement.failure


def test_memory_that_answers_take_is_the_programs_fault():
    program = "def f(x): return [[]] * 20_000_000\n"
    assert is_wrong(asserts(program, "assert f(1) == 1"))


@pytest.mark.parametrize("case", ["assert 3 in Bag([3])", "b = Bag([1])\nassert 1 in b and 2 not in b"])
def test_looking_into_an_object_that_the_test_made_is_judged_or_unsupported_and_not_wrong(case: str) -> None:
    bag = "class Bag:\n    def __init__(self, xs): self.xs = xs\n    def __contains__(self, x): return x in self.xs\n"
    if "not in" in case:  # an object that always says yes fails then
        assert passes(asserts(bag, case))
        assert is_wrong(asserts(bag.replace("x in self.xs", "True"), case))
    else:
        assert asserts(bag, case).fault.startswith("unsupported test")
    assert is_wrong(asserts(f"{bag}def bag(xs): return Bag(xs)\n", case.replace("Bag", "bag")))
    walked = bag.replace("contains__(self, x): return x in self.xs", "getitem__(self, i): return self.xs[i]")
    assert passes(asserts(walked, case))
    assert is_wrong(asserts(walked.replace("xs[i]", "xs[i] + 1"), case))


NUMBER = "def solve(a, b): return a * 31 + b\n"
WAYS_OUT = {
    "an error that nobody can tell": "class S:\n    def __str__(self): raise SystemExit(0)\nraise ValueError(S())",
    "an error that interrupts": "class S(str):\n    def __str__(self): raise KeyboardInterrupt\nraise ValueError(S('x'))",
    "a handle that cannot be pickled": "def solve(a, b): return object.__new__(type('K', (), {}))",
    "a function that is a class": "class Solve:\n    def __init__(self, *a): pass\n    def __sub__(self, o): return self\n",
    "an argument that cannot come back": "def solve(f, n):\n    x = 0\n    for _ in range(247): x = [x]\n    for _ in range(5): x = [x]; f(x)",
    "how often an argument is wrapped": "def solve(a, b): return 400",
}
ASKED = {
    "a handle that cannot be pickled": "import pickle\nassert pickle.loads(pickle.dumps(solve(1, 2))) == 33",
    "a function that is a class": "assert abs(Solve(2.0) - 1.5) < 1e-9",
    "an argument that cannot come back": "assert solve(lambda x: {'x': (x, [x])}, 2) == 5",
    "how often an argument is wrapped": "x = []\nfor _ in range(solve(1, 2)): x = [x]\nassert solve(x, 1) == 33",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_program_cannot_have_itself_ungraded(way: str) -> None:
    assert is_wrong(asserts(WAYS_OUT[way], ASKED.get(way, "assert solve(1, 2) == 33")))


def test_an_argument_that_only_the_test_makes_too_deep_is_unsupported() -> None:
    judgement = asserts("def depth(x): return 0\n", "x = []\nfor _ in range(400): x = [x]\nassert depth(x) == 400")
    assert fates(judgement) == ["unsupported test"]


LIARS = {
    "no items": "class R(list):\n    def __len__(self): return 3\n    def __iter__(self): return iter(())\n",
    "two lengths": "class R:\n    n = 3\n    def __len__(self): n, self.n = self.n, 0; return n\n    def __getitem__(self, i): return 0\n",
    "no items of a class": "class M(type):\n    def __len__(c): return 3\n    def __iter__(c): return iter(())\nclass K(metaclass=M): pass\nR = lambda: K\n",
}


@pytest.mark.parametrize("liar", LIARS)
def test_a_length_without_items_buys_nothing(liar: str) -> None:
    program = LIARS[liar] + "def f(): return R()\n"
    zipped = "r = f()\nassert len(r) == 3 and all(a == b for a, b in zip(r, [1, 5, 11]))"
    indexed = "r = f()\nassert len(r) == 3\nfor i in range(len(r)):\n    assert r[i] == [1, 5, 11][i]"
    assert is_wrong(asserts(program, indexed if liar == "two lengths" else zipped))


def test_the_length_of_one_object_says_nothing_of_another() -> None:
    liar = "class R:\n    def __len__(self): return 3\n    def __iter__(self): return iter(())\ndef f(): return R()\n"
    assert is_wrong(asserts(liar, "assert all(a == b for a, b in zip(f(), [1, 5, 11])) and len(f()) == 3"))


def test_a_container_that_changes_may_have_another_length() -> None:
    program = (
        "class Queue:\n    def __init__(self): self.items = []\n    def put(self, x): self.items.append(x)\n"
        "    def __len__(self): return len(self.items)\n    def __iter__(self):\n"
        "        while self.items: yield self.items.pop(0)\n"
    )
    test = "q = Queue(); q.put(1); q.put(2); assert len(q) == 2; assert list(q) == [1, 2]; assert len(q) == 0 and list(q) == []"
    judgement = asserts(program, test)
    assert passes(judgement), judgement
