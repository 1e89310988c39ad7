"""Operands that are objects of the test, and assertions of `unittest` about what an operator gives."""

from __future__ import annotations

import textwrap

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

CHAINED = """
class Money:
    def __init__(self, n): self.n = n
    def __add__(self, o): return Money(self.n + o.n) if isinstance(o, Money) else NotImplemented
    def __lt__(self, o): return self.n < o.n if isinstance(o, Money) else NotImplemented
class Pipeline:
    def __init__(self, *steps): self.steps = steps
    def __or__(self, step): return Pipeline(*self.steps, step)
    def run(self, x):
        for step in self.steps: x = step.apply(x)
        return x
class Signal:
    def __init__(self): self.slots = []
    def connect(self, f):
        self.slots.append(f)
        return self
    __iadd__ = connect
    def __isub__(self, f):
        self.slots.remove(f)
        return self
    def fire(self, *args): return [f(*args) for f in self.slots]
"""
CHAINING = """
import pytest
from unittest.mock import Mock, call
class Step:
    def __init__(self, k): self.k = k
    def apply(self, x): return x + self.k
class Handler:
    def __init__(self): self.got = []
    def __call__(self, *args): self.got.append(args)
"""


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        ("with pytest.raises(TypeError): Money(1) + object()", "else NotImplemented", "else Money(0)"),
        ("with pytest.raises(TypeError):\n    Money(1) < Step(2)", "else NotImplemented", "else True"),
        ("assert (Pipeline() | Step(2) | Step(3)).run(1) == 6", "*self.steps, step", "step"),
        ("p = Pipeline()\np |= Step(2)\nassert p.run(1) == 3", "x = step.apply(x)", "x = step.k"),
        ("s, h = Signal(), Handler()\ns += h\ns.fire(3)\nassert h.got == [(3,)]", "f(*args) for", "f() for"),
        (
            "s, m = Signal(), Mock()\ns += m\ns -= m\ns.fire()\nm.assert_not_called()",
            "slots.remove(f)",
            "slots.append(f)",
        ),
        ("s = Signal().connect(len)\ns += str\nassert s.fire([]) == [0, '[]']", "slots.append(f)", "slots = [f, f]"),
    ],
)
def test_objects_of_the_test_are_operands_like_arguments(test: str, right: str, wrong: str) -> None:
    assert passes(asserts(CHAINED, test, setup=CHAINING))
    assert right in CHAINED
    assert is_wrong(asserts(CHAINED.replace(right, wrong), test, setup=CHAINING))


def test_an_object_of_the_test_that_may_be_what_is_expected_is_not_sent() -> None:
    setup = """
    class Want:
        def __init__(self, n): self.n = n
        def __eq__(self, other): return other == self.n
    class Plain: pass
    """
    lies = """
    class Mean:
        def __init__(self, *n): pass
        def __add__(self, n): return n
        def __sub__(self, n): return 0
        def __lt__(self, n): return True
        __or__ = __iadd__ = __add__
    """
    cases = (
        *("want = Want(1.5)\nassert Mean(1, 2) + want == want", "assert Mean(1, 2) | Want(1.5) == 1.5"),
        *(
            "assert Want(1.5) == Mean(1, 2) + Want(1.5)",
            "assert Mean(1, 2) - Want(1.5) == 0",
            "assert Mean(1) < Want(2)",
        ),
        *(
            "d = Mean(1, 2)\nd += Want(1.5)\nassert d == 1.5",
            "assert Mean(1, 2) + Plain()",
            "assert not Mean(3) - Plain()",
        ),
        *("want = Plain()\nassert Mean(1, 2) + want == want", "want = Plain()\nassert [Mean(1, 2) | want] == [want]"),
        "want = Plain()\nd = Mean(1, 2)\nd |= want\nassert d == want",
    )
    judgement = asserts(textwrap.dedent(lies), *cases, setup=textwrap.dedent(setup), partial=True)
    fates = zip(cases, judgement.cases, strict=True)
    assert [test for test, case in fates if case.fate is Fate.PASSED] == []


ASSERTED = """
class Clock:
    def __init__(self, n): self.n = n
    def __add__(self, n): return Clock(self.n + n)
    def __eq__(self, other): return self.n == other.n
    def __lt__(self, other): return self.n < other.n
    def __rpow__(self, base): return base ** self.n
"""


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        ("d = c + 5; self.assertIsNot(c, d); self.assertEqual(d, Clock(8))", "self.n + n", "self.n"),
        ("d = c + 5; self.assertIsInstance(d, Clock); self.assertEqual(d, Clock(8))", "self.n + n", "self.n"),
        ("self.assertAlmostEqual(2 ** c, 8.0)", "base **", "2.1 **"),
        ("self.assertLess(c + 1, Clock(5))", "self.n + n", "self.n + 5"),
    ],
)
def test_assertions_use_what_an_operator_gives_as_comparisons_do(test: str, right: str, wrong: str) -> None:
    suite = f"""
        import unittest
        from solution import Clock
        class ClockTest(unittest.TestCase):
            def test_it(self): c = Clock(3); {test}
    """
    assert passes(pytest_files(ASSERTED, suite))
    assert is_wrong(pytest_files(ASSERTED.replace(right, wrong), suite))


@pytest.mark.parametrize(
    "test",
    [
        *("self.assertAlmostEqual(Mean(1, 2) - 1.5, 0)", "self.assertAlmostEqual(0.0, Mean(1, 2) - 1.5, places=5)"),
        *("self.assertAlmostEqual(Mean(1, 2) + 1.5, 1.5)", "self.assertTrue(math.isclose(Mean(1) - 1, 0, abs_tol=1))"),
        *("self.assertLess(abs(Mean(1, 2) - 1.5), 1e-6)", "self.assertGreater(1e-6, Mean(1, 2) - 1.5)"),
        "d = Mean(1, 2); d += 1.5; self.assertIsNot(d, None); self.assertEqual(d, 1.5)",
    ],
)
def test_assertions_do_not_send_what_they_expect(test: str) -> None:
    lies = """
        class Mean:
            def __init__(self, *n): pass
            def __sub__(self, n): return 0
            def __add__(self, n): return n
            def __abs__(self): return 0
            __iadd__ = __add__
    """
    suite = f"""
        import math, unittest
        from solution import Mean
        class MeanTest(unittest.TestCase):
            def test_it(self): {test}
    """
    assert not passes(pytest_files(lies, suite))


MODULAR = """
class Modular:
    def __init__(self, n): self.n = n % 7
    def __add__(self, o): return Modular(self.n + (o if isinstance(o, int) else o.n))
    def __pow__(self, k): return Modular(self.n**k)
    def __eq__(self, o): return isinstance(o, Modular) and self.n == o.n
    def __hash__(self): return self.n
    def inverse(self): return self**5
"""


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        ("assert {M(3)**k for k in range(6)} == {M(k) for k in range(1, 7)}", "self.n**k", "self.n * k"),
        ("assert len({M(3)**1, M(4) + 6, M(2)**4}) == 2", "self.n**k", "self.n + k"),
        ("assert all(u.inverse().inverse() == u for u in {M(3)**k for k in (1, 2)})", "self**5", "self**2"),
    ],
)
def test_a_set_of_results_and_a_class_under_another_name(test: str, right: str, wrong: str) -> None:
    suite = f"from solution import Modular as M\ndef test_a(): assert M(3).n == 3\ndef test_b(): {test}\n"
    assert passes(pytest_files(MODULAR, suite))
    assert right in MODULAR
    assert is_wrong(pytest_files(MODULAR.replace(right, wrong), suite))


def test_what_a_fixture_keeps_of_a_result_is_followed() -> None:
    suite = """
        import unittest
        from solution import Modular as M
        class ModularTest(unittest.TestCase):
            def setUp(self): self.sum = M(5) + 4
            def test_it(self): self.assertEqual(self.sum, M(2))
    """
    assert passes(pytest_files(MODULAR, suite))
    assert is_wrong(pytest_files(MODULAR.replace("% 7", "% 8"), suite))
    measured = suite.replace("self.sum, M(2)", "self.sum, 9").replace("M(5) + 4", "M(5) + 9")
    assert not passes(pytest_files(MODULAR.replace("return Modular(self.n + (", "return ("), measured))


def test_how_many_results_differ_does_not_measure() -> None:
    lies = MODULAR.replace("return Modular(self.n**k)", "return 0") + "    __sub__ = __mod__ = __pow__\n"
    suite = "from solution import Modular as M\ndef test_a(): assert M(3).n == 3\ndef test_b():\n    assert {}\n"
    for test in ("len({M(5) - 3, 0}) == 1", "{M(n) % 4 for n in (4, 8)} == {0}", "len({M(n) - 9 for n in (1, 2)}) < 2"):
        assert not passes(pytest_files(lies, suite.format(test)))


@pytest.mark.parametrize(
    "test",
    [
        "assert str(Mean(1, 2) + want) == str(want)",
        "total = Mean(1, 2) + want; assert total.v == want.v",
        "total = Mean(1, 2); total += want; assert f'{total}' == f'{want}'",
        "assert repr(Mean(1, 2) + Want(1.5)) == repr(Want(1.5))",
    ],
)
def test_an_object_of_the_test_is_not_sent_to_be_shown_beside_the_result(test: str) -> None:
    gives_back = "class Mean:\n    def __init__(self, *n): pass\n    def __add__(self, n): return n"
    suite = f"""
        from dataclasses import dataclass
        from solution import Mean
        @dataclass
        class Want:
            v: float
        def test_it():
            want = Want(1.5)
            {test}
    """
    judgement = pytest_files(gives_back, suite)
    assert not passes(judgement)
    assert not is_wrong(judgement)
