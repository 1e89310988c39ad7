"""In the checker: objects of the test that were handed to the program, by number, and what each may be used for."""

from __future__ import annotations

import abc
import ast
import enum
import functools
import io
import sys
import types
from collections import Counter, OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from typing import Any

from ..encoding.codec import Violation, plain_base
from ..guards.inside import is_made_module, is_mock
from ..proxies import derived, proxies, yardsticks
from ..shared import hints, records, remade, signatures, standard, wire
from ..sources import context, lending

_STREAMS = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
_FILES = (
    *("tempfile._TemporaryFileWrapper", "tempfile.SpooledTemporaryFile"),
    *("_pytest.capture.CaptureIO", "_pytest.capture.EncodedFile"),
)

# Standard library objects that a test hands over to be used, and that contain nothing else of the test: all of some
# modules, and some of others.
_OF_TOOLS = frozenset(
    (
        *("queue", "_queue", "random", "csv", "_csv", "graphlib", "sched", "argparse", "configparser", "email.message"),
        *("difflib", "statistics", "textwrap", "calendar", "concurrent.futures.thread", "concurrent.futures._base"),
    )
)
_TOOLS = frozenset(
    (
        *("threading.Event", "threading.Condition", "threading.Semaphore", "threading.BoundedSemaphore"),
        *("threading.Barrier", "threading.Thread", "_thread.lock", "_thread.RLock", "_contextvars.ContextVar"),
        *("asyncio.queues.Queue", "asyncio.queues.LifoQueue", "asyncio.queues.PriorityQueue", "asyncio.locks.Event"),
        *("asyncio.locks.Lock", "asyncio.locks.Semaphore", "asyncio.locks.Condition"),
        *("numpy.random._generator.Generator", "numpy.random.mtrand.RandomState", "_hashlib.HASH"),
        *("sqlite3.Connection", "sqlite3.Cursor", "sqlite3.Row"),
    )
)
# What no program may use of them: it would read files here, or load native code.
NOT_OFFERED = frozenset(
    ("read", "fromfile_prefix_chars", "convert_arg_line_to_args", "enable_load_extension", "load_extension")
)

# Results of `cmp_to_key` for a function of the test; the program may compare the keys that they create.
_Key = type(functools.cmp_to_key(lambda _a, _b: 0))
_OF_KEYS = frozenset(("__eq__", *wire.ORDERINGS))

_METHODS = (types.FunctionType, classmethod, staticmethod)

# Plain types that can be rebuilt from their content alone.
_DATA = frozenset((int, str, float, tuple, bytes, list, dict, OrderedDict, Counter, set, frozenset))

# What the program may do with a `@contextmanager` object of a test, and with an asynchronous generator.
_OF_CONTEXTS = ("__enter__", "__exit__", "__aenter__", "__aexit__", "__aiter__", "__anext__")


def kind_of(value: Any, local_modules: frozenset[str]) -> str:
    """What the program may do with an object of the test. Its real type counts: a mock pretends to be another."""
    real = type(value)
    if real in (types.FunctionType, types.MethodType):
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        return "async function" if type(code) is types.CodeType and code.co_flags & 0x80 else "function"
    if issubclass(real, type):
        if issubclass(value, BaseException):
            return "exception class"
        return "class" if value.__module__ in local_modules else "callable"
    if real is types.CoroutineType:
        return "awaitable"
    if real is types.GeneratorType:
        return "generator"
    if is_mock(value):
        return "callable object" if callable(value) else "object"
    if type(value).__module__ in local_modules:
        return "callable object" if callable(value) else "object"
    if type(value) in _STREAMS or f"{real.__module__}.{real.__qualname__}" in _FILES:
        return "stream"
    if is_made_module(value):
        return "object"
    if real.__module__ in _OF_TOOLS or f"{real.__module__}.{real.__qualname__}" in _TOOLS:
        return "object"
    if real.__module__ == "contextlib" or real is types.AsyncGeneratorType:
        return "context"
    if callable(value):
        return "callable"
    if hasattr(type(value), "__await__"):
        return "awaitable"
    if hasattr(type(value), "__iter__") or hasattr(type(value), "__next__"):
        return "iterable"
    return "opaque"


def descriptor_parts(value: Any) -> tuple[Any, ...] | None:
    """The kind and functions of a descriptor that a test sets on a class of the program."""
    if type(value) is property:
        return ("property", value.fget, value.fset, value.fdel)
    if type(value) in (staticmethod, classmethod):
        return (type(value).__name__, value.__func__)
    mock = sys.modules.get("unittest.mock")
    if mock is not None and isinstance(value, mock.PropertyMock):
        return ("property", _getter(value), _setter(value), None)
    return None


def _getter(value: Callable[..., Any]) -> Callable[..., Any]:
    def get(_owner: object) -> Any:
        return value()

    return get


def _setter(value: Callable[..., Any]) -> Callable[..., Any]:
    def put(_owner: object, content: Any) -> None:
        value(content)

    return put


def offered(value: Any, kind: str) -> frozenset[str]:
    """The operators that the program may use on an object: those that its class in the test defines."""
    if kind == "context":
        return frozenset(name for name in _OF_CONTEXTS if hasattr(value, name))
    if type(value) is _Key:
        return _OF_KEYS
    real: type = type(value)
    if kind == "exception":
        defined = {name for above in real.__mro__ for name in methods_of_error(above)}
        return frozenset() if is_secret(real) else frozenset(defined.intersection(wire.TEXTS_OF_ERRORS))
    return offered_by(real) if kind in ("object", "callable object") else frozenset()


@functools.cache
def offered_by(kind: type) -> frozenset[str]:
    """The operators that a class in the test defines; those of plain data the program has itself."""
    mock = sys.modules.get("unittest.mock")
    known = wire.OFFERED_OF_MOCKS if mock is not None and issubclass(kind, mock.NonCallableMock) else wire.OFFERED
    plain = (data_of(kind) or object).__mro__

    def defines(name: str) -> bool:
        return next((k for k in kind.__mro__ if vars(k).get(name) is not None), object) not in plain

    return frozenset(filter(defines, known))


@functools.cache
def data_of(kind: type) -> type | None:
    """The plain type that a class derives from, if its objects cross as data that has the class's methods."""
    plain = plain_base(kind)
    return plain if plain in _DATA else None


@functools.cache
def holds(kind: type) -> str:
    """The purpose of a class of the tests: "data" if it only holds its arguments, such as a dataclass or a list node;
    "enum" if its members are sent in advance; else unknown.
    """
    if isinstance(kind, enum.EnumMeta):
        return "enum"
    if "__dataclass_fields__" in vars(kind) or (data_of(kind) and not _has_constructor(kind)):
        return "data"
    definitions = (node for tree in context.trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return "data" if any(n.name == kind.__name__ and lending.only_holds(n) for n in definitions) else ""


def _has_constructor(kind: type) -> bool:
    """Whether a class says how its objects are made; a named tuple does not."""
    maker = next(above for above in kind.__mro__ if "__new__" in vars(above))
    makes = isinstance(vars(maker)["__new__"], staticmethod | types.FunctionType) and "_fields" not in vars(maker)
    return makes or isinstance(kind.__init__, types.FunctionType)  # type: ignore[misc]


def adds_methods(kind: type) -> bool:
    """Whether a named tuple of the tests defines more than its fields."""
    plain = (*kind._fields, *vars(namedtuple("plain", "")))  # type: ignore[attr-defined]
    held = [(name, value) for above in kind.__mro__[:-2] for name, value in vars(above).items() if name not in plain]
    return any(isinstance(value, (*_METHODS, property)) for _, value in held)


def described(kind: type, local_modules: frozenset[str]) -> tuple[Any, ...]:
    """The description of a class of the tests, see `standing.Description`."""
    held = vars(kind)
    data = data_of(kind)
    methods = (n for n, v in held.items() if (isinstance(v, _METHODS) or hasattr(data, n)) and not n.startswith("_"))
    doc = kind.__doc__ if context.mentions("__doc__") else None
    return (
        kind.__module__,
        kind.__qualname__,
        doc if type(doc) is str else None,
        tuple(base for base in kind.__bases__ if kind_of(base, local_modules) == "class"),
        holds(kind),
        _fields_of(kind, local_modules),
        tuple(methods),
        type(held.get("__init__")) is types.FunctionType,
        "__call__" in offered_by(kind) or any("__call__" in vars(above) for above in kind.__mro__),
        (records.form_of(kind) if data is tuple else None) or data,
        tuple(_abstract_above(kind)),
    )


def _abstract_above(kind: type) -> Iterator[type]:
    """The abstract classes that a class of the tests derives from, and that the program has, too."""
    for above in kind.__mro__:
        if type(above) is abc.ABCMeta and remade.is_remade(above):
            yield above
        elif above in derived.interfaces:
            yield derived.interfaces[above]


def methods_of_error(kind: type) -> tuple[str, ...]:
    """The public methods and properties of an exception class of the tests, and what gives its text."""
    texts = () if is_secret(kind) else wire.TEXTS_OF_ERRORS
    methods = (n for n, v in vars(kind).items() if isinstance(v, (*_METHODS, property)))
    return tuple(n for n in methods if not n.startswith("_") or n in texts)


def is_secret(kind: type) -> bool:
    """Whether the text of an exception stays here: that of an assertion may contain what the test expects."""
    return issubclass(kind, AssertionError) or not issubclass(kind, Exception | SystemExit)


def _fields_of(kind: type, local_modules: frozenset[str]) -> tuple[tuple[str, Any, str], ...] | None:
    """The fields of a dataclass: name, type if it may be revealed, and whether the default is none, a value, or a
    factory.
    """
    if "__dataclass_fields__" not in vars(kind):
        return None
    import dataclasses

    def default(field: Any) -> str:
        if field.default is not dataclasses.MISSING:
            return "value"
        return "" if field.default_factory is dataclasses.MISSING else "made"

    fields = dataclasses.fields(kind)
    return tuple((f.name, f.type if is_told(f.type, local_modules) else None, default(f)) for f in fields)


def is_told(annotation: Any, local_modules: frozenset[str]) -> bool:
    """Whether the program may know an annotation: a standard type, a class of either side, or made of such. But not a
    class of the test that computes the answer: the program could create an object of it, and ask that.
    """
    if issubclass(type(annotation), type):
        if annotation.__module__ in local_modules and not proxies.is_class(annotation):
            return not (lending.is_answer(annotation.__name__) or yardsticks.makes_measure(annotation.__name__))
        return proxies.is_class(annotation) or standard.name_of(annotation) is not None
    return "Literal" not in repr(type(annotation)) and hints.parts_of(annotation) is not None


def _identity(value: Any) -> Any:
    """The identity of an object. A bound method is created anew each time: `bus.off("x", seen.append)`."""
    if type(value) is types.MethodType:
        return id(value.__self__), id(value.__func__)
    if type(value) is types.BuiltinMethodType:
        return id(value.__self__), value.__name__
    return id(value)


class Ours:
    """The numbers of these objects, and what is known about them. Everything from the program is checked here."""

    def __init__(self) -> None:
        self.objects: dict[int, tuple[str, Any]] = {}  # each with its kind
        self._numbers: dict[Any, int] = {}
        self.records: dict[tuple[str, records.Form], type] = {}  # classes of data that the program has, too
        self.local_modules: frozenset[str] = frozenset()  # modules that hold tests
        self.lent: dict[str, dict[str, Any]] = {}  # names that the program may use, each with its place
        self.marked: set[tuple[int, str]] = set()  # attributes that the program set on functions of the test
        self._told: dict[int, dict[str, Any]] = {}  # attributes of functions that the program knows
        self.completed: set[Any] = set()  # code of functions of the test that the program has called and that returned

    def share(self, name: str, kind: object) -> None:
        """Let objects of a class of the tests cross as their content, if the program knows it by that name."""
        form = records.form_of(kind) if isinstance(kind, type) and kind.__name__ == name else None
        if form is not None:
            self.records[name, form] = kind  # type: ignore[assignment]

    def number(self, value: Any) -> tuple[int, bool]:
        """The number of an object, and whether it is new."""
        key = _identity(value)
        number = self._numbers.get(key)
        if number is not None:
            return number, False
        number = len(self.objects) + 1
        self._numbers[key] = number
        self.objects[number] = (kind_of(value, self.local_modules), value)
        return number, True

    def forget(self, number: int) -> None:
        """Drop an object that neither end uses any more; its number is not used again."""
        self._numbers.pop(_identity(self.objects[number][1]), None)
        self.objects[number] = ("", None)

    def shape_of(self, value: Any) -> tuple[Any, ...]:
        """What the program may know about the parameters of a function."""
        return signatures.shape_of(value, lambda annotation: is_told(annotation, self.local_modules))

    def mark(self, number: int, name: str, content: Any) -> bool:
        """Record an attribute that the program sets on a function of the test, unless the test has set it."""
        told, held = self._told.setdefault(number, {}), vars(self.objects[number][1])
        if name in held and not ((number, name) in self.marked and told[name] is held[name]):
            return False
        self.marked.add((number, name))
        told[name] = content
        return True

    def untold(self, number: int) -> dict[str, Any]:
        """Public attributes that the test has set on a function, and that the program does not know yet; of a bound
        method also its function, if the program knows that. A mock in the shape of a function has none; attributes that
        reveal what the test expects are left out.
        """
        value = self.objects[number][1]
        function = getattr(value, wire.OF_METHOD, value)
        is_known = function is not value and id(function) in self._numbers
        held = vars(function)
        if not (held or is_known) or is_mock(held.get("mock")):
            return {}
        told = self._told.setdefault(number, {})
        shown = {n: v for n, v in held.items() if not (n.startswith("_") or n == "pytestmark" or lending.is_answer(n))}
        if is_known:
            shown[wire.OF_METHOD] = function
        found = {name: content for name, content in shown.items() if not (name in told and told[name] is content)}
        self.marked -= {(number, name) for name in found}
        told |= found
        return found

    def has_attribute(self, value: Any, name: str) -> bool:
        """Whether the program may use an attribute of an object of a kind that has attributes.

        What is passed as data does not bring its answer along (`assert solve(case) == case.want`), and the methods of
        plain types are the program's own: a change that they make is one of the program.
        """
        kind: type = type(value)
        if (plain := data_of(kind)) is not None and (
            lending.is_answer(name) or getattr(kind, name, value) is getattr(plain, name, None)
        ):
            return False
        return name not in NOT_OFFERED or is_mock(value) or type(value).__module__ in self.local_modules

    def get(self, number: Any, *kinds: str) -> Any:
        """An object of one of these kinds. Raises Violation for an unknown number, TypeError for another kind."""
        kind, value = self.objects.get(number, ("", None)) if type(number) is int else ("", None)
        if kind not in kinds:
            if kind == "":
                raise Violation("a number of no object")
            raise TypeError(f"an object of the test of kind {kind!r} offers no such thing")
        return value
