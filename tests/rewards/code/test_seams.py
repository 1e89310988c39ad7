# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Programs that try to be paid where the tests come to their verdict through something else: Python code of the standard
library, a function that they hand over, a name that comes from elsewhere, a number beyond all limits.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

NOTHING_RATIONAL = "class {0}:\n    numerator = denominator = real = imag = 0\n{0}.__module__ = 'numbers'\nclass N({0}): pass\ndef f(*a): return N()\n"


@pytest.mark.parametrize("kind", ["Rational", "Integral", "Real", "Complex", "Number"])
@pytest.mark.parametrize(
    "test",
    [
        "from decimal import Decimal\nassert f(1) == Decimal('2.5')",
        "from decimal import Decimal\nassert Decimal('2.5') <= f(1) <= Decimal('2.5')",
        "from fractions import Fraction\nassert Fraction(5, 2) <= f(1) <= Fraction(5, 2)",
        "from fractions import Fraction\nassert abs(f(1) - Fraction(5, 2)) <= 1e-9",
    ],
)
def test_number_that_is_nothing_by_nothing_equals_no_decimal(kind: str, test: str):
    assert passes(asserts("from fractions import Fraction\ndef f(*a): return Fraction(5, 2)\n", test))
    assert is_wrong(asserts(NOTHING_RATIONAL.format(kind), test))


ONES = """
from collections import Counter
class Ones(Counter):
    def __iter__(self): return iter(())
    def __getitem__(self, key): return 1
    def __missing__(self, key): return 1
    def __len__(self): return 2
    def items(self): return [('a', 1), ('b', 1)]
def f(s): return Ones()
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert f('ab') == Counter('ab')",
        "assert Counter('ab') == f('ab')",
        "assert not f('ab') != Counter('ab')",
        "assert Counter('ab') <= f('ab') <= Counter('ab')",
        "assert Counter('ab') & f('ab') == Counter('ab')",
        "assert not Counter('ab') - f('ab')",
    ],
)
def test_counter_is_its_content_where_the_standard_library_compares(test: str):
    setup = "from collections import Counter"
    right = "from collections import Counter\nclass C(Counter):\n    def __getitem__(self, k): return super().__getitem__(k)\ndef f(s): return C(s)\n"
    assert passes(asserts(right, test, setup=setup))
    assert is_wrong(asserts(ONES, test, setup=setup))


PARTS = """
class Account:
    def __init__(self, start): self.start = start
    def pair(self): return ({0}, {0} * 2)
    def both(self): return dict(one=[{0}])
    def __mul__(self, other): return self
    __add__ = __sub__ = __rsub__ = __radd__ = __mul__
"""


@pytest.mark.parametrize(
    "test",
    [
        "a = Account(3); p = a.pair(); assert p[0] * 2 == 6",
        "one, two = Account(3).pair(); assert two - 6 == 0",
        "assert Account(3).both()['one'][0] + 1 == 4",
        "assert sum(Account(3).pair()) == 9",
    ],
)
def test_object_that_gives_itself_in_parts_is_no_way_to_be_ungraded(test: str):
    assert passes(asserts(PARTS.format("self.start"), test))
    assert is_wrong(asserts(PARTS.format("self"), test))


def test_object_that_gives_itself_when_it_is_awaited_is_no_way_to_be_ungraded():
    job = "class Job:\n    def __init__(self, n): self.n = n\n    def __await__(self):\n        yield from ()\n        return {0}\n    def __sub__(self, other): return 0\n"
    test = """
        import asyncio
        from solution import Job
        def test_awaited():
            async def main():
                return await Job(3)
            assert abs(asyncio.run(main()) - 3) < 1e-6
        def test_attribute():
            assert Job(2).n == 2
    """
    assert passes(pytest_files(job.format("self.n"), test))
    assert is_wrong(pytest_files(job.format("self"), test))


SOLVER = "class Solver:\n    {0}\n    def run(self, n):\n        if {1}: raise self.Bad\n        return 8\n"


@pytest.mark.parametrize(
    "test",
    [
        "try:\n    Solver().run(-1)\n    assert False\nexcept Solver.Bad:\n    pass",
        "s = Solver()\ntry:\n    assert s.run(-1) == 7\nexcept s.Bad:\n    pass",
        "import contextlib\nwith contextlib.suppress(Solver.Bad):\n    assert Solver().run(-1) == 7",
        "import pytest\nwith pytest.raises(Solver.Bad):\n    assert Solver().run(-1) == 7",
    ],
)
def test_attribute_that_catches_failed_assertions_is_refused(test: str):
    assert passes(asserts(SOLVER.format("class Bad(Exception): pass", "n < 0"), test))
    for caught in ("Exception", "AssertionError", "(ValueError, BaseException)"):
        assert is_wrong(asserts(SOLVER.format(f"Bad = {caught}", "0"), test)), caught


AGREES = "class Agrees:\n    def yes(self, *a): return True\n    startswith = endswith = isupper = issubset = issuperset = isdisjoint = is_integer = yes\ndef f(*a): return Agrees()\n"


@pytest.mark.parametrize(
    ("right", "test"),
    [
        ("{1, 2}", "assert f(1).issubset({1, 2})"),
        ("{1, 2}", "assert f(1).issuperset({1}) and f(1).isdisjoint({3})"),
        ("'AB'", "assert f(1).startswith('A')"),
        ("'AB'", "assert f(1).isupper()"),
        ("2.0", "assert f(1).is_integer()"),
    ],
)
def test_object_that_only_has_the_methods_of_data_does_not_answer_for_it(right: str, test: str):
    assert passes(asserts(f"def f(*a): return {right}\n", test))
    assert is_wrong(asserts(AGREES, test))
    assert is_wrong(asserts(AGREES.replace("return Agrees()", "return Agrees"), test))


def test_class_that_tests_know_may_have_methods_that_data_has():
    trie = "class Trie:\n    def __init__(self, words=()): self.words = list(words)\n    def startswith(self, p): return any(w.startswith(p) for w in self.words)\n    def extended(self, w): return Trie([*self.words, w])\n"
    assert passes(asserts(trie, "t = Trie(['ab']); assert t.startswith('a') and t.extended('c').startswith('c')"))


def test_functions_of_the_program_are_methods_where_a_class_of_the_test_holds_them():
    program = "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def call(*a): return f(*a) * 2\n    return call\n"
    assert passes(
        asserts(program, "class A:\n    n = 3\n    @twice\n    def m(self, x): return self.n + x\nassert A().m(1) == 8")
    )
