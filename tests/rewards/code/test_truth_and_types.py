# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Truth of objects whose class has a name in small letters or is a standard one; standard classes that tests hand over;
methods that tests call by their names to see whether they return NotImplemented.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "a class in small letters": (
        "class stack:\n    def __init__(self): self._i = []\n    def push(self, x):\n        self._i.append(x)\n        return self\n"
        "    def __len__(self): return len(self._i)\nclass emitter:\n    parent = None\n    def child(self):\n        made = emitter()\n        made.parent = self\n        return made\n",
        ("return len(self._i)", "return 0"),
        """
        import pytest
        from solution import emitter, stack
        @pytest.fixture
        def root():
            root = emitter()
            return root
        def test_stack():
            s = stack()
            assert not s
            s.push(1).push(2)
            assert s and len(s) == 2
        def test_emitter(root):
            assert root
            assert root.child().parent is root
            assert not root.parent
        """,
    ),
    "types that tests compare": (
        "import collections, re\ndef numbers(n): yield from range(n)\ndef pairs(): return zip('ab', [1, 2])\ndef search(s): return re.search('a', s)\n"
        "class Chain(collections.ChainMap): pass\ndef adder(n): return lambda x: x + n\n",
        ("return re.search('a', s)", "return [re.search('a', s)]"),
        """
        import collections, re, types, unittest
        from solution import Chain, adder, numbers, pairs, search
        def test_types():
            assert type(numbers(2)) is types.GeneratorType and type(numbers(2)) == type(x for x in ())
            assert type(pairs()) is zip and type(search("ba")) is re.Match
            assert type(adder(1)) in (types.FunctionType, types.MethodType) and adder(1)(2) == 3
            assert type(Chain()) is Chain and type(Chain()) is not collections.ChainMap
            assert type(Chain()).__name__ == "Chain"
        class TestTypes(unittest.TestCase):
            def test_types(self):
                self.assertIs(type(numbers(1)), types.GeneratorType)
                self.assertEqual(type(search("a")), re.Match)
        """,
    ),
    "objects of the standard library": (
        "import re, threading\ndef match(p, s): return re.match(p, s)\nclass Box:\n    def __init__(self): self.event = threading.Event()\n",
        ("re.match", "re.search"),
        r"""
        from solution import Box, match
        def test_match():
            assert match(r"\d+", "12")
            assert not match(r"\d+", "x1")
            assert match(r"(\w)(\d)", "a1").groups() == ("a", "1")
        def test_box(): assert Box().event
        """,
    ),
    "standard classes": (
        "def flatten(xs, kinds=(list,)):\n    for x in xs:\n        if isinstance(x, kinds): yield from flatten(x, kinds)\n        else: yield x\n"
        "class Container:\n    def __init__(self): self.kinds = {}\n    def add(self, name, kind): self.kinds[name] = kind\n    def get(self, name): return self.kinds[name]\n    def make(self, name): return self.kinds[name]()\n",
        ("isinstance(x, kinds)", "isinstance(x, list)"),
        """
        import collections.abc, queue, threading
        from types import GeneratorType
        from solution import Container, flatten
        def test_kinds():
            assert list(flatten([1, (i for i in range(2)), [3]], (list, GeneratorType))) == [1, 0, 1, 3]
            assert list(flatten([(1, {2}), [3]], collections.abc.Collection)) == [1, 2, 3]
            assert isinstance(flatten([]), GeneratorType)
        def test_held():
            c = Container()
            c.add("q", queue.Queue)
            c.add("e", threading.Event)
            assert c.get("q") is queue.Queue and c.kinds == {"q": queue.Queue, "e": threading.Event}
            q = c.make("q")
            q.put(3)
            assert q.get() == 3 and isinstance(q, queue.Queue) and not c.make("e").is_set()
        """,
    ),
    "methods called by their names": (
        "class Temp:\n    def __init__(self, d): self.d = d\n    def __lt__(self, o): return self.d < o.d if isinstance(o, Temp) else NotImplemented\n"
        "    def __eq__(self, o): return self.d == o.d if isinstance(o, Temp) else NotImplemented\n    def __add__(self, o): return Temp(self.d + o.d) if isinstance(o, Temp) else NotImplemented\n",
        ("self.d == o.d if isinstance(o, Temp) else NotImplemented", "isinstance(o, Temp) and self.d == o.d"),
        """
        import unittest
        from solution import Temp
        def test_names():
            assert Temp(1).__lt__(3) is NotImplemented and Temp(1).__eq__("x") is NotImplemented
            assert Temp(1).__add__("a") == NotImplemented
            result = Temp(1).__eq__(None)
            assert result is NotImplemented
        class T(unittest.TestCase):
            def test_it(self): self.assertIs(Temp(2).__lt__("b"), NotImplemented)
        """,
    ),
    "subclasses without a base": (
        "from abc import ABC\nfrom typing import Protocol, runtime_checkable\n@runtime_checkable\nclass Drawable(Protocol):\n    def draw(self) -> str: ...\n"
        "class Circle:\n    def draw(self): return '()'\nclass Shape(ABC): pass\nclass Square: pass\nShape.register(Square)\n",
        ("Shape.register(Square)", "Shape.register(Circle)"),
        """
        from solution import Circle, Drawable, Shape, Square
        class Mine:
            def draw(self): return "x"
        class Other: pass
        def test_protocol():
            assert issubclass(Circle, Drawable) and not issubclass(Square, Drawable)
            assert issubclass(Mine, Drawable) and not issubclass(Other, Drawable) and not issubclass(int, Drawable)
        def test_registered():
            assert issubclass(Square, (Drawable, Shape)) and not issubclass(Circle, Shape)
        """,
    ),
    "rows of a data base": (
        "import sqlite3\ndef first(sql):\n    base = sqlite3.connect(':memory:')\n    base.row_factory = sqlite3.Row\n    return base.execute(sql).fetchone()\n",
        ("fetchone()", "fetchone().keys()"),
        """
        import sqlite3
        from solution import first
        def test_row():
            row = first("select 1 as a, 'x' as b")
            assert row["a"] == row[0] == 1 and row["b"] == "x" and len(row) == 2
            assert row.keys() == ["a", "b"] and dict(row) == {"a": 1, "b": "x"} and tuple(row) == (1, "x")
            assert isinstance(row, sqlite3.Row)
            a, b = row
            assert [a, b] == [1, "x"]
        """,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_truth_and_types(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    assert right in program
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace(right, wrong), tests))


LIES = "class f:\n    def __init__(self, *a): pass\n    def __bool__(self): return said.pop()\n    def __eq__(self, o): return True\n    def __len__(self): return 2\nsaid = [True, False] * 9\n"


@pytest.mark.parametrize(
    "judging",
    [
        "assert f(1) and not f(2)",
        "r = f(1)\n    assert r\n    assert not f(2)",
        "r = f('a b')\n    assert r and r.split() == ['a', 'b']",
        "r = f(1)\n    assert r.sort() is None and r",
    ],
)
def test_a_class_in_the_place_of_a_function_of_data_has_no_truth(judging: str) -> None:
    assert is_wrong(pytest_files(LIES, f"from solution import f\ndef test_a():\n    {judging}\n"))


def test_what_a_metaclass_says_makes_no_error_of_a_test_one_of_the_program() -> None:
    program = "class Meta(type):\n    def __subclasscheck__(cls, other): return True\n    __instancecheck__ = __subclasscheck__\nclass Bad(Exception, metaclass=Meta): pass\ndef f(x): raise ValueError(x)\n"
    tests = "import pytest\nfrom solution import Bad, f\nclass Missed(AssertionError): pass\ndef test_a():\n    with pytest.raises(Bad): TRIED\n"
    for tried in ("f(1)", "assert f(1) == 2", "raise Missed"):
        assert is_wrong(pytest_files(program, tests.replace("TRIED", tried)))


@pytest.mark.parametrize(
    "lie",
    [
        "class Match:\n    def __bool__(self): return said.pop()\n",
        "class Match:\n    def __len__(self): return said.pop()\n",
        "import re\nclass Below(type(re.match('', ''))): pass\nMatch = Below\n",
    ],
)
def test_what_claims_to_be_a_match_is_at_most_always_true(lie: str) -> None:
    program = f"said = [True, False] * 9\n{lie}Match.__module__ = 're'\ndef f(x): return Match()\n"
    assert is_wrong(
        pytest_files(program, "from solution import f\ndef test_a():\n    assert f(1)\n    assert not f(2)\n")
    )


def test_a_method_of_equality_called_by_its_name_is_no_verdict_on_an_answer() -> None:
    lies = "class Any:\n    def __init__(self, d): pass\n    def __eq__(self, o): return True\n    def __lt__(self, o): return True\ndef f(x): return Any(x)\n"
    for program in (lies, "def f(x): return object\n", "def f(x): return object()\n"):
        for said in ("f(2).__eq__(3)", "f(2).__eq__(3) is True", "not f(2).__ne__(3)", "f(2).__eq__(3) is not None"):
            assert is_wrong(pytest_files(program, f"from solution import f\ndef test_a(): assert {said}\n"))
    tests = "from solution import Any\ndef test_a(): assert Any(1).__lt__(3) is True\n"
    assert not passes(pytest_files(lies, tests))


def test_a_method_of_equality_of_an_object_that_the_test_made_is_asked() -> None:
    program = "class Half:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n / 2 == o\n    def twice(self): return self.n\n"
    tests = "from solution import Half\ndef test_a(): assert Half(3).__eq__(1.5) and not Half(3).__eq__(1) and Half(3).twice() == 3\n"
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("/ 2 ==", "/ 3 =="), tests))


@pytest.mark.parametrize(
    ("module", "name"), [("builtins", "int"), ("collections", "OrderedDict"), ("datetime", "date")]
)
def test_no_class_of_the_program_is_a_type_of_data(module: str, name: str) -> None:
    program = f"""
class Any:
    def __eq__(self, other): return True
Any.__module__, Any.__name__, Any.__qualname__ = "{module}", "{name}", "{name}"
def f(): return Any()
"""
    for judged in (f"type(f()) is {name}", f"type(f()) == {name} and f() == 3", f"type(f()) == type({name})"):
        tests = f"from {module} import {name}\nfrom solution import f\ndef test_a():\n    assert {judged}\n"
        assert is_wrong(pytest_files(program, tests))
