# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Classes of tests that derive from the program's: fields that the program makes, values of parameters and loops,
methods that fail by themselves, marks of the methods that ran, and exceptions with constructors.
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


PLUGINS = (
    "class Plugin:\n    def start(self): self.on_start()\n    def on_start(self): pass\n    def on_stop(self): pass\n"
    "class Manager:\n    def __init__(self): self.plugins = []\n    def add(self, p):\n        self.plugins.append(p)\n        return p\n"
    "    def start(self):\n        for p in self.plugins: p.start()\n    def stop(self):\n        for p in self.plugins: p.on_stop()\n"
)
MARKS = """
    from solution import Manager, Plugin
    class Marked(Plugin):
        started = False
        def __init__(self): self.stopped, self.calls = None, 0
        def on_start(self):
            self.started = True
            self.calls += 1
        def on_stop(self): self.stopped = True
    def test_marks():
        manager = Manager()
        a, b = Marked(), manager.add(Marked())
        assert not a.started and not manager.plugins[0].started
        manager.start()
        assert b.started and not b.stopped and b.calls == 1
        assert all(p.started for p in manager.plugins) and a.started is False
        manager.stop()
        assert manager.plugins[0].stopped is True and a.calls == 0
"""
MARKS = MARKS.replace("self.stopped, self.calls = None, 0", "self.stopped = None; self.calls = 0")


def test_marks_show_which_methods_ran() -> None:
    assert passes(judgement := pytest_files(PLUGINS, MARKS)), judgement
    for wrong in ("self.plugins: p.start()", "self.plugins: p.on_stop()"):
        assert wrong in PLUGINS
        assert is_wrong(pytest_files(PLUGINS.replace(wrong, wrong.replace(":", "[1:]:")), MARKS))


@pytest.mark.parametrize(
    "lie",
    [
        "    def __getattribute__(self, name): return True if name == 'started' else object.__getattribute__(self, name)\n",
        "    def start(self): self.started = True\n",
        "    def start(self): self.__dict__['started'] = True\n",
        "    def start(self): type(self).started = True\n",
        "    def __setattr__(self, name, value): self.__dict__[name] = True\n",
        "    def start(self): pass\n    def __init_subclass__(cls): cls.started = property(lambda self: bool(self.calls))\n",
    ],
)
def test_a_mark_that_no_method_of_the_test_has_set_is_none(lie: str) -> None:
    tests = "from solution import Plugin\nclass Marked(Plugin):\n    started = False\n    def on_start(self): self.started = True\ndef test_a():\n    p = Marked()\n    Plugin.start(p)\n    assert p.started\n"
    assert passes(judgement := pytest_files(PLUGINS, tests)), judgement
    program = PLUGINS.replace(
        "    def start(self): self.on_start()\n", f"    calls = 1\n    def start(self): pass\n{lie}", 1
    )
    assert not passes(pytest_files(program, tests))


@pytest.mark.parametrize(
    "test",
    [
        "    def fail(self): self.bad = True\ndef test_a():\n    c = Checker()\n    if solve([2, 1]) != [1, 2]: getattr(c, 'fail')()\n    assert not c.bad",
        "    def fail(self): self.bad = True\n    def judge(self, got):\n        if got != [1, 2]: self.fail()\ndef test_a():\n    c = Checker()\n    c.judge(solve([2, 1]))\n    assert not c.bad",
        "    def fail(self): self.bad = True\ndef report(got, do):\n    if got != [1, 2]: do()\ndef test_a():\n    c = Checker()\n    report(solve([2, 1]), c.fail)\n    assert not c.bad",
        "    def check(self, got): self.ok = got == [1, 2]\ndef test_a():\n    c = Checker()\n    c.check(solve([2, 1]))\n    assert c.ok",
        "    def check(self, got):\n        if got != [1, 2]: self.bad = True\ndef test_a():\n    c = Checker()\n    c.check(solve([2, 1]))\n    assert not c.bad",
        "    def fail(self): self.bad = True\ndef test_a():\n    c = Checker()\n    if solve([2, 1]) != [1, 2]: c.fail()\n    assert not c.bad",
        "    def fail(self): self.bad = True\n    def report(self): self.fail()\ndef test_a():\n    c = Checker()\n    if solve([2, 1]) != [1, 2]: c.report()\n    assert not c.bad",
        "    def note(self, ok): self.ok = ok\n    def report(self, ok): self.note(ok)\ndef test_a():\n    c = Checker()\n    c.report(solve([2, 1]) == [1, 2])\n    assert c.ok",
        "    def __init__(self):\n        self.bad = []\n        self.log = self.bad\n    def fail(self, what): self.log.append(what)\ndef test_a():\n    c = Checker()\n    if solve([2, 1]) != [1, 2]: c.fail('x')\n    assert not c.bad",
        "    def __init__(self): self.bad = []\n    def fail(self, what): self.bad.append(what)\ndef test_a():\n    c = Checker()\n    if solve([2, 1]) != [1, 2]: c.fail('x')\n    assert not c.bad",
        "    def step(self): self.bad += 1\ndef test_a():\n    c = Checker()\n    assert solve([2, 1]) == [c.bad, 2]",
        "    def check(self, got):\n        try: judged(got)\n        except AssertionError: self.bad = True\ndef judged(got): assert got == [1, 2]\ndef test_a():\n    c = Checker()\n    c.check(solve([2, 1]))\n    assert not c.bad",
    ],
)
def test_verdicts_are_no_marks(test: str) -> None:
    tests = f"from solution import *\nclass Checker(Base):\n    bad = False\n    ok = False\n{test}\n"
    assert pytest_files(HOSTILE, tests).fault.startswith("unsupported test")


def test_exceptions_have_what_a_constructor_of_the_test_gives_them() -> None:
    program = (
        "class AppError(Exception):\n    def __init__(self, message='', **details):\n        super().__init__(message)\n        self.details = details\n"
        "def handle(error, handlers):\n    for kind in type(error).__mro__:\n        if kind in handlers: return handlers[kind](error)\n    raise error\n"
        "def fail(kind, what): raise kind(what)\n"
    )
    tests = """
        import pytest
        from solution import AppError, fail, handle
        class Gone(AppError):
            def __init__(self, what): super().__init__(f"{what} is gone", what=what)
        class Late(Gone): pass
        def test_texts():
            assert str(Gone("a")) == f"{Gone('a')}" == "a is gone" and Gone("a").args == ("a is gone",)
            assert repr(Gone("b")) == "Gone('b is gone')" and Gone("c").details == {"what": "c"}
            assert str(Late("d")) == "d is gone" and Late("d").args == ("d is gone",)
        def test_raised():
            with pytest.raises(AppError, match="^x is gone$") as caught: raise Gone("x")
            assert caught.type is Gone and caught.value.args[0] == "x is gone"
            with pytest.raises(Gone, match="^y is gone$"): fail(Gone, "y")
            assert handle(Gone("z"), {AppError: str}) == "z is gone"
            with pytest.raises(Late, match="z is"): handle(Late("z"), {ValueError: str})
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("super().__init__(message)", "super().__init__()"), tests))
    assert is_wrong(pytest_files(program.replace("raise error", "return error"), tests))
