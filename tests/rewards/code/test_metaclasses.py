# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Metaclasses of the program: those of its own classes, and of classes of a test that are created by one."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "the type of a class": (
        "class Meta(type):\n    known = []\n    def __new__(mcls, name, bases, ns):\n        mcls.known.append(name)\n        return super().__new__(mcls, name, bases, ns)\n"
        "    @property\n    def label(cls): return cls.__name__.upper()\n    def __call__(cls, *a):\n        made = super().__call__(*a)\n        made.by = cls.__name__\n        return made\n"
        "class Base(metaclass=Meta): pass\nclass Kid(Base):\n    def f(self): return 3\nclass Plain: pass\nclass Own(list, metaclass=Meta): pass\n"
        "class Lost(Exception, metaclass=Meta): pass\n",
        ("class Kid(Base)", "class Kid"),
        """
        import inspect, pytest
        from solution import Base, Kid, Lost, Meta, Own, Plain
        def test_types():
            assert type(Base) is Meta and type(Kid) == Meta and Base.__class__ is Meta and type(Own) is Meta
            assert isinstance(Kid, Meta) and issubclass(Meta, type) and inspect.isclass(Meta) and not isinstance(Plain, Meta)
            assert type(Plain) is not Meta and not isinstance(3, Meta) and type(Kid()) is Kid
        def test_use():
            assert Meta.known == ["Base", "Kid", "Own", "Lost"] and Kid.label == "KID" and Kid().by == "Kid" and Kid().f() == 3
            assert Kid.__name__ == "Kid" and Kid.__mro__[1] is Base and Kid.__module__ == "solution" and Meta.__name__ == "Meta"
            assert Own([1]) == [1] and Lost("x").args == ("x",)
            with pytest.raises(Lost, match="gone"): raise Lost("gone")
        def test_made():
            made = Meta("Made", (), {"v": 3})
            assert made.v == 3 and made.label == "MADE" and type(made) is Meta and made().v == 3
            below = type(Kid)("Below", (Kid,), {})
            assert below().f() == 3 and isinstance(below(), Base)
        """,
    ),
    "classes of a test that one creates": (
        "class Single(type):\n    held = {}\n    def __call__(cls, *a, **k):\n        if cls not in cls.held: cls.held[cls] = super().__call__(*a, **k)\n        return cls.held[cls]\n"
        "class Plugins(type):\n    all = {}\n    def __new__(mcls, name, bases, ns, abstract=False):\n        if not abstract and 'run' not in ns: raise TypeError(f'{name} must define run()')\n"
        "        made = super().__new__(mcls, name, bases, ns)\n        if not abstract: mcls.all[name.lower()] = made\n        return made\n"
        "class Shown(type):\n    def __new__(mcls, name, bases, ns):\n        ns.setdefault('__repr__', lambda self: f'{name}({vars(self)})')\n        return super().__new__(mcls, name, bases, ns)\n",
        ("return cls.held[cls]", "return super().__call__(*a, **k)"),
        """
        import pytest
        from solution import Plugins, Shown, Single
        class Db(metaclass=Single):
            def __init__(self, url="x"): self.url = url
        class Cache(metaclass=Single): pass
        def test_single():
            first = Db("one")
            assert first is Db("two") and Db().url == "one" and Cache() is Cache() and Cache() is not Db()
            assert isinstance(Db, Single) and type(Db) is Single
        def test_plugins():
            class Echo(metaclass=Plugins):
                def run(self, x): return x
            assert Plugins.all["echo"] is Echo and Echo().run(5) == 5
            with pytest.raises(TypeError, match="Bad must define"):
                class Bad(metaclass=Plugins): pass
            class Part(metaclass=Plugins, abstract=True): pass
            assert "part" not in Plugins.all
        def test_shown():
            class Point(metaclass=Shown):
                def __init__(self, x): self.x = x
            assert repr(Point(1)) == "Point({'x': 1})" and isinstance(Point, Shown)
        def test_below():
            class Below(Shown):
                def hello(cls): return cls.__name__ + "!"
            class Base(metaclass=Shown): pass
            class Kid(Base, metaclass=Below): pass
            assert Kid.hello() == "Kid!" and type(Kid) is Below
        """,
    ),
    "metaclasses of the standard library": (
        "import abc, enum\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass Square(Shape):\n    def area(self): return 1\n"
        "class Other(metaclass=abc.ABCMeta): pass\nclass Plain: pass\nclass Color(enum.Enum):\n    RED = 1\nclass Meta(abc.ABCMeta): pass\nclass Mine(metaclass=Meta): pass\n",
        ("class Other(metaclass=abc.ABCMeta)", "class Other"),
        """
        import abc, enum, inspect
        from solution import Color, Mine, Other, Plain, Shape, Square
        def test_abstract():
            assert isinstance(Shape, abc.ABCMeta) and isinstance(Square, abc.ABCMeta) and isinstance(Other, abc.ABCMeta)
            assert isinstance(Mine, abc.ABCMeta) and not isinstance(Plain, abc.ABCMeta) and inspect.isabstract(Shape)
            assert issubclass(Shape, abc.ABC) and inspect.isclass(Shape) and Square().area() == 1
        def test_enum(): assert isinstance(Color, enum.EnumMeta) and not isinstance(Plain, enum.EnumMeta)
        """,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_metaclasses(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    assert right in program
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace(right, wrong), tests))


# What a test defines in a class that such a metaclass creates is what the metaclass makes of it.
ONE_ANSWER = (
    "class Meta(type):\n    def __new__(mcls, name, bases, ns): return type.__new__(mcls, name, bases, {'sort': lambda self, xs: []})\n"
    "class Base(metaclass=Meta): pass\ndef order(xs): return []\n"
)


@pytest.mark.parametrize(
    "naive",
    [
        "class Naive(metaclass=Meta):\n    def sort(self, xs): return sorted(xs)\n",
        "class Naive(Base):\n    def sort(self, xs): return sorted(xs)\n",
        "class Naive(Base, metaclass=Meta):\n    def sort(self, xs): return sorted(xs)\n",
        "Naive = Meta('Naive', (), {'sort': lambda self, xs: sorted(xs)})\n",
    ],
)
def test_what_a_class_says_that_a_metaclass_of_the_program_makes_is_no_measure(naive: str) -> None:
    tests = f"from solution import *\n{naive}def test_a(): assert order([2, 1]) == Naive().sort([2, 1])\n"
    assert not passes(pytest_files(ONE_ANSWER, tests))


@pytest.mark.parametrize(
    "program",
    [
        "class Meta(type):\n    def __eq__(c, o): return True\n    def __bool__(c): return True\n    def __len__(c): return 3\n    def __hash__(c): return 0\n",
        "class Meta(type):\n    __class__ = int\n    def __instancecheck__(c, x): return True\n    def __getattribute__(c, n): return lambda *a: 3\n",
        "class Meta(type):\n    def __add__(c, o): return 3\n    __radd__ = __sub__ = __rsub__ = __add__\n    def __float__(c): return 3.0\n    __index__ = __int__ = lambda c: 3\n",
    ],
)
@pytest.mark.parametrize("said", ["f(2) == 3", "f(2) in (3, 4)", "abs(f(2) - 3) < 1", "isinstance(f(2), int) and f(2)"])
def test_a_class_as_the_answer_is_no_data_whatever_its_metaclass(program: str, said: str) -> None:
    answer = f"{program}class Any(metaclass=Meta): pass\ndef f(x): return Any\n"
    assert is_wrong(pytest_files(answer, f"from solution import f\ndef test_a(): assert {said}\n"))
