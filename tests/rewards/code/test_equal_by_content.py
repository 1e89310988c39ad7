"""An object of the program equals data if what it gives as data of that kind does, and if it says so itself."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import fates, is_wrong, passes, pytest_files

_ITEMS = """
class Row:
    def __init__(self, *xs): self.xs = xs
    def __iter__(self): return iter(self.xs)
    def __len__(self): return len(self.xs)
    def __eq__(self, other): return self.xs == tuple(other)
    def __add__(self, other): return Row(*(a + b for a, b in zip(self, other)))
"""
_BY_INDEX = _ITEMS.replace("def __iter__(self): return iter(self.xs)", "def __getitem__(self, at): return self.xs[at]")
_NAME = """
class Name:
    def __init__(self, text): self.text = text
    def __str__(self): return self.text
    def __eq__(self, other): return self.text == str(other)
    def upper(self): return Name(self.text.upper())
"""
_PART = """
class Part:
    def __init__(self, a, b): self.a, self.b = a, b
    def __float__(self): return self.a / self.b
    def __int__(self): return self.a // self.b
    def __eq__(self, other): return float(self) == other
    def __add__(self, other): return Part(self.a + other * self.b, self.b)
"""
_BOX = """
class Box:
    def __init__(self, **held): self.held = held
    def keys(self): return self.held.keys()
    def __getitem__(self, key): return self.held[key]
    def __eq__(self, other): return self.held == dict(other)
    def merged(self, **more): return Box(**{**self.held, **more})
"""
_COMPLEX = """
class Gauss:
    def __init__(self, re, im=0): self.re, self.im = re, im
    def __complex__(self): return complex(self.re, self.im)
    def __mul__(self, o): return Gauss(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)
    def __eq__(self, other): return complex(self) == other
"""
# program, an assertion that holds, and one that does not
HONEST = {
    "a tuple": (_ITEMS, "Row(1, 2) + Row(3, 4) == (4, 6)", "Row(1, 2) + Row(3, 4) == (4, 7)"),
    "a list, on the left": (_ITEMS, "[3, 4] == Row(3, 4)", "[3, 4, 5] == Row(3, 4)"),
    "rows of rows": (_ITEMS, "Row(Row(1), Row(2)) == [(1,), (2,)]", "Row(Row(1), Row(2)) == [(1,), (3,)]"),
    "items by index": (_BY_INDEX, "Row(1, 2) == [1, 2] and Row() == []", "Row(1, 2) == [1, 2, 3] or Row(1) == []"),
    "inequality": (_ITEMS, "Row(1, 2) != (1, 3)", "Row(1, 2) != (1, 2)"),
    "a set": (_ITEMS.replace("tuple(other)", "tuple(sorted(other))"), "Row(1, 2) == {2, 1}", "Row(1, 2) == {2, 1, 3}"),
    "a text": (_NAME, "Name('a').upper() == 'A' and Name('b') in ['a', 'b']", "Name('a').upper() == 'a'"),
    "a fraction": (_PART, "Part(1, 2) == 0.5 and Part(3, 1) == 3", "Part(1, 2) == 0"),
    "a complex number": (_COMPLEX, "Gauss(0, 1) * Gauss(0, 1) == -1 and Gauss(2) == 2.0", "Gauss(1, 1) == 1"),
    "a sum": (_PART, "Part(1, 2) + 1 == 1.5", "Part(1, 2) + 1 == 2"),
    "a dictionary": (_BOX, "Box(a=1).merged(b=2) == {'a': 1, 'b': 2}", "Box(a=1).merged(b=2) == {'a': 1}"),
}


def _tests(assertion: str) -> str:
    return f"from solution import *\ndef test_a():\n    assert {assertion}\n"


@pytest.mark.parametrize("name", HONEST)
def test_an_object_equals_what_it_holds_and_nothing_else(name: str) -> None:
    program, right, wrong = HONEST[name]
    assert passes(pytest_files(program, _tests(right)))
    assert is_wrong(pytest_files(program, _tests(wrong)))


def test_an_object_that_denies_it_does_not_equal_its_content() -> None:
    money = _PART.replace("return float(self) == other", "return isinstance(other, Part) and self.a == other.a")
    assert passes(pytest_files(money, _tests("Part(5, 1) != 5 and not Part(5, 1) == 5.0")))
    assert is_wrong(pytest_files(money, _tests("Part(5, 1) == 5")))


_LIAR = """
seen = []
class Row:
    def __init__(self, *xs): self.xs = xs
    def __iter__(self): return iter(CONTENT)
    def __len__(self): return len(CONTENT)
    def __getitem__(self, at): return CONTENT[at]
    def keys(self): return ["a"]
    def __str__(self): return "x"
    def __int__(self): return 9
    __float__ = __index__ = __int__
    def __eq__(self, other):
        seen.append(other)
        return True
    def __ne__(self, other): return True
    def total(self): return seen[0] if seen else 0
def make(x): return Row(x)
"""


@pytest.mark.parametrize("content", ["()", "[1]", "list(seen[-1]) if seen else []", "[Row()] * 2", "range(10**9)"])
@pytest.mark.parametrize(
    "expected", ["(1, 2)", "[1, 2]", "{1, 2}", "{'a': 1}", "'y'", "3", "2.5", "None", "True", "[[1], 2]"]
)
def test_an_object_that_claims_to_equal_everything_gains_nothing(content: str, expected: str) -> None:
    program = _LIAR.replace("CONTENT", content)
    for made in ("make(1)", "Row(1)"):
        assert is_wrong(pytest_files(program, _tests(f"{made} == {expected}")))
        assert is_wrong(pytest_files(program, _tests(f"{made} != {expected} and {made}.total() == {expected}")))


def test_iterators_and_objects_that_no_test_knows_equal_no_data() -> None:
    hidden = _ITEMS.replace("Row", "_Hidden") + "def solve(x): return _Hidden(x, x)\n"
    assert is_wrong(pytest_files(hidden, "from solution import solve\ndef test_a():\n    assert solve(1) == (1, 1)\n"))
    steps = _ITEMS + "    def __next__(self): raise StopIteration\n"
    assert is_wrong(pytest_files(steps, _tests("Row(1, 2) == (1, 2)")))


_CHAINED = """
from collections import ChainMap
class Scopes(ChainMap): pass
class Lies(dict):
    def __missing__(self, key): return Lies()
    def __getitem__(self, key): return Lies()
    def __eq__(self, other): return True
def merge(a, b): return ChainMap(a, b)
def scopes(a, b): return Scopes(a, b)
def lies(a, b): return ChainMap(Lies(a=0, b=0))
"""


@pytest.mark.parametrize("call", ["merge", "scopes"])
def test_chained_dictionaries_equal_what_they_hold_together(call: str) -> None:
    made = f"{call}({{'a': 1}}, {{'a': 3, 'b': 2}})"
    assert passes(pytest_files(_CHAINED, _tests(f"{made} == {{'a': 1, 'b': 2}} and {{'a': 1, 'b': 2}} == {made}")))
    assert passes(pytest_files(_CHAINED, _tests(f"{made} != {{'a': 3, 'b': 2}}")))
    assert is_wrong(pytest_files(_CHAINED, _tests(f"{made} == {{'a': 3, 'b': 2}}")))
    assert is_wrong(pytest_files(_CHAINED, _tests("lies({'a': 1}, {'b': 2}) == {'a': 1, 'b': 2}")))


_POLYNOMIAL = """
from collections.abc import MutableMapping
class Polynomial:
    def __init__(self, *terms): self.terms = terms
    def degree(self): return len(self.terms) - 1
    def __sub__(self, other):
        left = [a - b for a, b in zip(self.terms, other.terms)]
        while len(left) > 1 and not left[-1]: left.pop()
        return Polynomial(*left)
    def __eq__(self, other):
        if isinstance(other, int): return self.terms == (other,)
        return isinstance(other, Polynomial) and self.terms == other.terms
    def at(self, x): return Polynomial(x)
class Headers(MutableMapping):
    def __init__(self, held): self.held = dict(held)
    def __getitem__(self, key): return self.held[key]
    def __setitem__(self, key, value): self.held[key] = value
    def __delitem__(self, key): del self.held[key]
    def __iter__(self): return iter(self.held)
    def __len__(self): return len(self.held)
    def lower(self): return {k.lower(): v for k, v in self.held.items()}
    def __eq__(self, other): return self.lower() == Headers(other).lower()
"""
_ITS_OWN = (  # what holds, and what does not
    ("Polynomial(3, 2) - Polynomial(1, 2) == 2", "Polynomial(3, 2) - Polynomial(1, 2) == 3"),
    ("Polynomial(4) in [1, 4]", "Polynomial(4) in [1, 5]"),
    ("Headers({'Age': 1}) == {'age': 1}", "Headers({'Age': 1}) == {'age': 2}"),
)
_AROUND = """
from solution import Headers, Polynomial
def test_kinds():
    assert Polynomial(1, 2).degree() == 1 and Headers({'Age': 1}).held == {'Age': 1}
def test_a():
    assert HOLDS
"""


@pytest.mark.parametrize(("right", "wrong"), _ITS_OWN)
def test_data_that_only_the_object_itself_says_it_equals_is_unsupported(right: str, wrong: str) -> None:
    assert fates(pytest_files(_POLYNOMIAL, _AROUND.replace("HOLDS", right))) == ["passed", "unsupported test"]
    assert is_wrong(pytest_files(_POLYNOMIAL, _AROUND.replace("HOLDS", wrong)))
    assert passes(pytest_files(_POLYNOMIAL, _AROUND.replace("HOLDS", f"not {wrong}")))
    assert is_wrong(pytest_files(_POLYNOMIAL, _AROUND.replace("HOLDS", f"{wrong} or 1 == 2")))


@pytest.mark.parametrize(("right", "_wrong"), _ITS_OWN)
@pytest.mark.parametrize("says", ["True", "type(other) in (int, dict)", "other and Polynomial()", "1 / 0"])
def test_an_object_that_says_so_of_any_data_is_wrong(right: str, _wrong: str, says: str) -> None:
    liar = f"{_POLYNOMIAL}def equal(self, other): return {says}\nPolynomial.__eq__ = Headers.__eq__ = equal\n"
    assert is_wrong(pytest_files(liar, _AROUND.replace("HOLDS", right)))


def test_the_data_is_shown_only_where_nothing_can_be_gained() -> None:
    """Not for a result of a method, nor if cases behind a failed one count."""
    learns = _POLYNOMIAL.replace("isinstance(other, int)", "isinstance(other, int) and not seen.append(other)")
    learns += "seen = []\ndef solve(x): return seen[-1] if seen else 0\n"
    tests = _AROUND.replace("HOLDS", "Polynomial(3, 2) - Polynomial(1, 2) == 7")
    tests += "def test_b():\n    from solution import solve\n    assert solve(1) == 7\n"
    judgement = pytest_files(learns, tests, partial=True)
    assert fates(judgement) == ["passed", "wrong", "wrong"]
    assert is_wrong(pytest_files(_POLYNOMIAL, _AROUND.replace("HOLDS", "Polynomial(3, 2).at(5) == 5")))
