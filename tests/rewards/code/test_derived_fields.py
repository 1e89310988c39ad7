# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Classes of tests that derive from the program's: fields that the program makes, values of parameters and loops, and
methods that fail by themselves.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

MODEL = (
    "class Field:\n    def __init__(self, kind=str, default=None): self.kind, self.default = kind, default\n"
    "    def __set_name__(self, owner, name): self.name = name\n"
    "class Model:\n    def __init_subclass__(cls): cls.fields = [v for v in vars(cls).values() if isinstance(v, Field)]\n"
    "    def __init__(self, **k):\n        for f in self.fields: setattr(self, f.name, k.get(f.name, f.default))\n"
    "    def copy(self): return type(self)(**vars(self))\n    def blank(self): return [f.name for f in self.fields if getattr(self, f.name) is None]\n"
)
MODELS = """
    from solution import Field, Model
    class Book(Model):
        title = Field()
        pages: int = Field(int, default=0)
        isbn = Field()
    def test_fields():
        book = Book(title="x")
        assert book.title == "x" and book.pages == 0 and book.isbn is None
        assert book.blank() == ["isbn"] and not book.copy().isbn
    def test_copies():
        books = [Book(title="a", pages=1), Book(title="b", pages=2)]
        again = [book.copy() for book in books]
        assert [b.title for b in again] == ["a", "b"] and sorted((b.pages, b.title) for b in again) == [(1, "a"), (2, "b")]
        assert again[0].title == books[0].title and again[0] is not books[0]
"""
SHAPES = (
    "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\n"
    "    def describe(self): return f'{type(self).__name__}: {self.area()}'\n"
    "class Square(Shape):\n    def __init__(self, a): self.a = a\n    def area(self): return self.a ** 2\n"
)
PARAMETERS = """
    import math, pytest
    from unittest.mock import Mock, call
    from solution import Shape, Square
    class Rect(Shape):
        def __init__(self, a, b): self.a, self.b = a, b
        def area(self): return self.a * self.b
        def sides(self): return [self.a, self.b]
    @pytest.mark.parametrize("shape, area, sides", [(Square(2), 4, None), pytest.param(Rect(2, 3), 2 * 3, [2, 3], id="rect")])
    def test_area(shape, area, sides):
        assert shape.area() == pytest.approx(area) and math.isclose(shape.area(), area)
    def test_loop():
        for shape, text in [(Square(3), "Square: 9"), (Rect(1, 4), "Rect: 4")]:
            assert shape.describe() == text
        for sides in ([1, 2], [3, 4]):
            assert Rect(*sides).area() in (2, 12)
        wanted = 12
        assert Rect(3, 4).area() == wanted
    def test_mocks():
        a, b = Mock(spec=Rect), Mock(spec=Rect)
        a.area.return_value = 5
        assert Shape.describe(a).endswith("5")
        a.area.assert_called_once_with()
        b.area.assert_not_called()
        assert a.mock_calls == [call.area()]
"""


@pytest.mark.parametrize(
    ("program", "wrong", "tests"),
    [
        (MODEL, ("type(self)(**vars(self))", "type(self)()"), MODELS),
        (MODEL, ("k.get(f.name, f.default)", "k.get(f.name)"), MODELS),
        (SHAPES, ("self.a ** 2", "self.a * 2 + 1"), PARAMETERS),
        (SHAPES, ("}: {", "} {"), PARAMETERS),
    ],
)
def test_they_measure_nothing_by_what_the_text_says(program: str, wrong: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert wrong[0] in program
    assert is_wrong(pytest_files(program.replace(*wrong), tests))


NAIVE = "class Naive(Base):\n    def solve(self, xs): return sorted(xs)\n"
HOSTILE = (
    "class Base:\n    def __init_subclass__(cls):\n        for name in [n for n in vars(cls) if n[:2] != '__']:\n"
    "            setattr(cls, name, lambda self, *a: [])\ndef solve(xs): return []\ndef Field(f=None, **k): return []\n"
)


@pytest.mark.parametrize(
    "test",
    [
        f"{NAIVE}    def verify(self, got): assert got == [1, 2]\ndef test_a(): Naive().verify(solve([2, 1]))",
        f"{NAIVE}@pytest.mark.parametrize('want', [Naive().solve([2, 1])])\ndef test_a(want): assert solve([2, 1]) == want",
        f"{NAIVE}@pytest.mark.parametrize('want', [[]])\ndef test_a(want):\n    want += Naive().solve([2, 1])\n    assert solve([2, 1]) == want",
        f"{NAIVE}@pytest.mark.parametrize('xs', [[2, 1]])\ndef test_a(xs): assert solve(xs) == Naive().solve(xs)",
        f"{NAIVE}def test_a():\n    for want in [[1, 2]]:\n        want = Naive().solve([2, 1])\n    assert solve([2, 1]) == want",
        f"{NAIVE}def test_a(): assert [Naive().solve(x) for x in ([2, 1],)] == [solve(x) for x in ([2, 1],)]",
        f"{NAIVE}def test_a(): assert [solve(x) == Naive().solve(x) for x in ([2, 1],)] == [True]",
        "class Naive(Base):\n    solve = Field(lambda self, xs: sorted(xs))\ndef test_a(): assert solve([2, 1]) == Naive().solve",
    ],
)
def test_what_they_say_of_other_answers_stays_unsupported(test: str) -> None:
    judgement = pytest_files(HOSTILE, f"import pytest\nfrom solution import *\n{test}\n")
    assert judgement.fault.startswith("unsupported test")
