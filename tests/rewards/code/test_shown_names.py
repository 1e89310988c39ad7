# ruff: noqa: E501  # programs of one line are easier to compare
"""Names that a decorator gives to a test's function, records of logging, and names that a test's classes share with the program's."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "names and docstrings": (
        """
import functools

def logged(fn):
    \"\"\"no wraps\"\"\"
    def wrapper(*a, **k):
        wrapper.calls += 1
        return fn(*a, **k)
    wrapper.calls = 0
    wrapper.__name__ = fn.__name__
    wrapper.__doc__ = fn.__doc__
    return wrapper

def named(name):
    def deco(fn):
        fn.__name__ = name
        fn.__doc__ = "doc of " + name
        return fn
    return deco

def copy_meta(src):
    def deco(fn):
        return functools.wraps(src)(fn)
    return deco
""",
        ("fn.__name__ = name", "fn.__name__ = name + '1'"),
        """
from solution import logged, named, copy_meta
import functools, inspect

def test_logged():
    @logged
    def add(a, b):
        \"\"\"adds\"\"\"
        return a + b
    assert add(1, 2) == 3
    assert add.__name__ == "add"
    assert add.__doc__ == "adds"
    assert add.calls == 1

def test_named():
    @named("foo")
    def bar():
        return 1
    assert bar.__name__ == "foo"
    assert bar.__doc__ == "doc of foo"
    assert bar() == 1

def test_copy():
    def src(a, b):
        \"\"\"source\"\"\"
    @copy_meta(src)
    def dst(*args):
        return 7
    assert dst.__name__ == "src"
    assert dst.__doc__ == "source"
    assert dst.__wrapped__ is src
    assert list(inspect.signature(dst).parameters) == ["a", "b"]
""",
    ),
    "records": (
        """
import json, logging, io

class JsonFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"level": record.levelname, "msg": record.getMessage(), **getattr(record, "ctx", {})}, sort_keys=True)

class ListHandler(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []
    def emit(self, record):
        self.records.append(self.format(record))

def make_logger(name, handler):
    log = logging.getLogger(name)
    log.handlers[:] = [handler]
    log.setLevel(logging.DEBUG)
    log.propagate = False
    return log
""",
        (
            'return json.dumps({"level": record.levelname, "msg": record.getMessage(), **getattr(record, "ctx", {})}, sort_keys=True)',
            'return json.dumps({"level": record.levelno, "msg": record.getMessage(), **getattr(record, "ctx", {})}, sort_keys=True)',
        ),
        """
import io
import json
import logging
from solution import JsonFormatter, ListHandler, make_logger

def test_list_handler():
    h = ListHandler()
    log = make_logger("t1", h)
    log.info("hi %s", "bob")
    log.debug("x", extra={"ctx": {"id": 1}})
    assert h.records[0] == "hi bob"
    assert len(h.records) == 2

def test_json():
    h = ListHandler()
    h.setFormatter(JsonFormatter())
    log = make_logger("t2", h)
    log.warning("bad", extra={"ctx": {"id": 7}})
    assert json.loads(h.records[0]) == {"id": 7, "level": "WARNING", "msg": "bad"}

def test_format_record():
    rec = logging.LogRecord("n", logging.INFO, "f", 1, "a %d", (3,), None)
    assert JsonFormatter().format(rec) == '{"level": "INFO", "msg": "a 3"}'
""",
    ),
    "methods with the name of another": (
        """
from abc import ABC, abstractmethod
from contextlib import contextmanager

class Command(ABC):
    @abstractmethod
    def execute(self, doc): ...
    @abstractmethod
    def undo(self, doc): ...

class Insert(Command):
    def __init__(self, pos, text):
        self.pos, self.text = pos, text
    def execute(self, doc):
        doc.text = doc.text[:self.pos] + self.text + doc.text[self.pos:]
    def undo(self, doc):
        doc.text = doc.text[:self.pos] + doc.text[self.pos + len(self.text):]

class Document:
    def __init__(self, text=""):
        self.text = text
        self._undo, self._redo = [], []
    def do(self, cmd):
        cmd.execute(self)
        self._undo.append(cmd)
        self._redo.clear()
    def undo(self):
        if not self._undo:
            return False
        cmd = self._undo.pop()
        cmd.undo(self)
        self._redo.append(cmd)
        return True
    def redo(self):
        if not self._redo:
            return False
        cmd = self._redo.pop()
        cmd.execute(self)
        self._undo.append(cmd)
        return True
    @contextmanager
    def atomic(self):
        n, text = len(self._undo), self.text
        try:
            yield self
        except Exception:
            self.text = text
            del self._undo[n:]
            raise
""",
        ("self._redo.append(cmd)", "pass"),
        """
import pytest
from solution import Command, Insert, Document

class Upper(Command):
    def execute(self, doc):
        self.before = doc.text
        doc.text = doc.text.upper()
    def undo(self, doc):
        doc.text = self.before

def test_undo_redo():
    d = Document("ac")
    d.do(Insert(1, "b"))
    assert d.text == "abc"
    d.do(Upper())
    assert d.text == "ABC"
    assert d.undo() is True
    assert d.text == "abc"
    assert d.redo() and d.text == "ABC"
    assert d.undo() and d.undo()
    assert d.text == "ac"
    assert not d.undo()

def test_atomic():
    d = Document("x")
    with pytest.raises(RuntimeError):
        with d.atomic() as doc:
            doc.do(Insert(0, "y"))
            assert d.text == "yx"
            raise RuntimeError
    assert d.text == "x"
    assert d.undo() is False

def test_abstract():
    with pytest.raises(TypeError):
        Command()
    class Half(Command):
        def execute(self, doc): ...
    with pytest.raises(TypeError):
        Half()
""",
    ),
    "several attributes at once": (
        """
class lazy:
    def __init__(self, fn):
        self.fn = fn
        self.__doc__ = fn.__doc__
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, obj, owner):
        if obj is None:
            return self
        v = obj.__dict__[self.name] = self.fn(obj)
        return v

class Circle:
    def __init__(self, r):
        self.r = r
        self.calls = 0
    @lazy
    def area(self):
        \"\"\"Area.\"\"\"
        self.calls += 1
        return 3 * self.r ** 2

class classproperty:
    def __init__(self, fget):
        self.fget = fget
    def __get__(self, obj, owner):
        return self.fget(owner)
""",
        ("v = obj.__dict__[self.name] = self.fn(obj)", "v = self.fn(obj)"),
        """
from solution import Circle, lazy, classproperty

def test_circle():
    c = Circle(2)
    assert c.area == 12
    assert c.area == 12
    assert c.calls == 1

def test_own_class():
    class Foo:
        def __init__(self):
            self.n = 0
        @lazy
        def value(self):
            self.n += 1
            return self.n * 10
        @classproperty
        def kind(cls):
            return cls.__name__.lower()
    f = Foo()
    assert (f.value, f.value, f.n) == (10, 10, 1)
    assert Foo.kind == "foo"
    assert Foo().kind == "foo"
""",
    ),
}


@pytest.mark.parametrize(("program", "spoiled", "tests"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(program: str, spoiled: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert spoiled[0] in program
    assert is_wrong(judgement := pytest_files(program.replace(*spoiled), tests)), judgement


def test_what_a_class_of_the_test_says_is_no_measure_where_the_program_makes_it() -> None:
    tests = """
    from solution import Sorter, order
    class Naive(Sorter):
        def sort(self, xs): return sorted(xs)
    def test_it():
        sorter = Sorter()
        sorter = Naive()
        assert order([2, 1]) == sorter.sort([2, 1])
    """
    judgement = pytest_files("class Sorter: pass\ndef order(xs): return []\n", tests)
    assert not passes(judgement), judgement
    assert not is_wrong(judgement), judgement


def test_a_test_is_run_by_its_own_name_and_parameters() -> None:
    program = (
        "def mark(f):\n    f.__name__ = 'skipped'\n    f.__wrapped__ = lambda: None\n    return f\ndef f(x): return 1\n"
    )
    tests = "from solution import f, mark\n@mark\ndef test_it(tmp_path):\n    assert f(1) == 2\n"
    assert is_wrong(judgement := pytest_files(program, tests)), judgement


def test_what_the_program_notes_on_an_exception_of_the_test_is_there() -> None:
    program = """
    def run(f):
        try:
            f()
        except Exception as error:
            error.add_note("first")
            error.add_note("second")
            error.where = "run"
            error.args_seen = len(error.args)
            return error
    def again(f):
        try:
            f()
        except ValueError as error:
            error.add_note("again")
            error.kind = "kept"
            raise
    """
    tests = """
    import pytest
    from solution import run, again
    class Odd(Exception):
        kind = "odd"
    def fails(): raise Odd("x", 2)
    def test_returned():
        error = run(fails)
        assert isinstance(error, Odd) and error.__notes__ == ["first", "second"]
        assert (error.where, error.args_seen, error.kind, error.args) == ("run", 2, "odd", ("x", 2))
    def test_raised():
        def f():
            error = ValueError("v")
            error.kind = "own"
            raise error
        with pytest.raises(ValueError, match="v") as caught:
            again(f)
        assert caught.value.__notes__ == ["again"] and caught.value.kind == "own"
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(judgement := pytest_files(program.replace('"second"', '"third"'), tests)), judgement


FUTURE = """
from __future__ import annotations
from dataclasses import dataclass, field
from typing import ClassVar, Optional, get_type_hints

@dataclass
class Node:
    val: int = 0
    next: Optional[Node] = None
    made: ClassVar[int] = 0
    seen: list[int] = field(default_factory=list)
"""


def test_annotations_that_are_texts_are_looked_up_where_the_tests_are() -> None:
    program = "def f(node):\n    return Node(node.val + 1, node)\n"
    test = """
    assert {0}(Node(1)) == Node(2, Node(1)) and Node.made == 0
    assert get_type_hints(Node)["next"] == Optional[Node] and list(Node.__dataclass_fields__) == ["val", "next", "made", "seen"]
    """
    in_check = "def check(candidate):" + test.format("candidate").replace("\n    ", "\n  ")
    prompt = FUTURE + "\ndef f(node):\n    pass\n"
    assert passes(judgement := check(program, in_check, prompt=prompt)), judgement
    assert is_wrong(judgement := check(program.replace("+ 1", "+ 2"), in_check, prompt=prompt)), judgement
    assert passes(judgement := asserts(program, test.format("f"), setup=FUTURE)), judgement
    assert is_wrong(judgement := asserts(program.replace("+ 1", "+ 2"), test.format("f"), setup=FUTURE)), judgement
