"""In the checker: what the program may ask of an object that a test handed over.

It may be called or iterated; public attributes are read only of an instance of a class that the test defines, and of a
mock, and of that not what says which calls the test expects. No dunder, no code, no globals.
"""

from __future__ import annotations

import io
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import uses, wire
from .codec import Violation

if TYPE_CHECKING:
    from .link import Link

_ATOMS = (type(None), bool, int, float, str, bytes)
_STREAMS = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)

# Objects of the standard library that a test hands over to be used, and that hold nothing else of the test.
_TOOLS = frozenset(
    (
        *("queue.Queue", "queue.LifoQueue", "queue.PriorityQueue", "_queue.SimpleQueue"),
        *("threading.Event", "threading.Condition", "threading.Semaphore", "threading.BoundedSemaphore"),
        *("threading.Barrier", "_thread.lock", "_thread.RLock"),
        *("asyncio.queues.Queue", "asyncio.queues.LifoQueue", "asyncio.queues.PriorityQueue", "asyncio.locks.Event"),
        *("asyncio.locks.Lock", "asyncio.locks.Semaphore", "asyncio.locks.Condition"),
        *("random.Random", "numpy.random._generator.Generator", "numpy.random.mtrand.RandomState"),
        *("sqlite3.Connection", "sqlite3.Cursor", "argparse.Namespace"),
    )
)

# What the program may do with what `@contextmanager` of a test makes.
_OF_CONTEXTS = ("__enter__", "__exit__", "__aenter__", "__aexit__")

# Attributes of mocks that say what the test expects.
_MOCK_OWN = ("return_value", "side_effect", "called", "configure_mock", "attach_mock", "mock_add_spec", "reset_mock")


def kind_of(value: Any, local_modules: frozenset[str]) -> str:
    """What the program may do with an object of the test. Its real type counts: a mock says that it is another."""
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
    if _is_mock(value):
        return "callable object" if callable(value) else "object"
    if type(value).__module__ in local_modules:
        return "callable object" if callable(value) else "object"
    if type(value) in _STREAMS:
        return "stream"
    if f"{real.__module__}.{real.__qualname__}" in _TOOLS:
        return "object"
    if real.__module__ == "contextlib":
        return "context"
    if callable(value):
        return "callable"
    if hasattr(type(value), "__await__"):
        return "awaitable"
    if hasattr(type(value), "__iter__") or hasattr(type(value), "__next__"):
        return "iterable"
    return "opaque"


def descriptor_parts(value: Any) -> tuple[Any, ...] | None:
    """What a test puts on a class of the program to be called for an attribute: its kind and its functions."""
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
    """The operators that the program may use on it: those that its class in the test defines."""
    if kind == "context":
        return frozenset(name for name in _OF_CONTEXTS if hasattr(value, name))
    if kind not in ("object", "callable object"):
        return frozenset()
    known = wire.OFFERED_OF_MOCKS if _is_mock(value) else wire.OFFERED
    below = type(value).__mro__[:-1]
    return frozenset(name for name in known if any(vars(k).get(name) is not None for k in below))


def _is_mock(value: Any) -> bool:
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(value, mock.NonCallableMock)


def _is_of_mock(name: str) -> bool:
    return name in _MOCK_OWN or name.startswith(("assert_", "call_", "mock_", "method_calls"))


def _call(link: Link, number: Any, args: Any, kwargs: Any) -> Any:
    function = link.object_of(
        number, "function", "async function", "callable", "callable object", "exception class", "class"
    )
    if type(args) is not tuple or type(kwargs) is not dict or any(type(key) is not str for key in kwargs):
        raise Violation("a call without its parts")
    try:
        made = function(*args, **kwargs)
    except BaseException as error:  # whatever the test's own function raises goes to the program
        _note_assertion(link, error, given=bool(args or kwargs))
        raise
    if type(function) in (types.FunctionType, types.MethodType):  # a mock would note that it was asked
        link.completed.add(getattr(function, "__code__", None))
    return made


def _note_assertion(link: Link, error: BaseException | None, *, given: bool = True) -> None:
    """What the test's own function found stays found, whatever the program catches."""
    if uses.is_failed_assertion(error, given=given):
        link.refuse("a function that the test handed over was given another value than it expects")


def _iter(link: Link, number: Any) -> Any:
    return iter(link.object_of(number, "iterable"))


def _next(link: Link, number: Any) -> Any:
    return next(link.object_of(number, "iterable"))


def _getattr(link: Link, number: Any, name: Any) -> Any:
    value = link.object_of(number, "object", "callable object", "class")
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    if _is_mock(value) and _is_of_mock(name):
        raise AttributeError(name)
    return getattr(value, name)


def _setattr(link: Link, number: Any, name: Any, content: Any) -> bool:
    """Whether it was set here. What a test asks of a mock is never an object of the program."""
    value = link.object_of(number, "object", "callable object")
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    if _is_mock(value) and (type(content) not in _ATOMS or _is_of_mock(name)):
        return False
    if isinstance(vars_of := getattr(type(value), name, None), types.FunctionType | property):
        raise AttributeError(f"{name!r} of the test is a {type(vars_of).__name__}, which stays as it is")
    setattr(value, name, content)
    return True


def _operate(link: Link, number: Any, name: Any, args: Any) -> Any:
    value = link.object_of(number, "object", "callable object", "context")
    if type(name) is not str or type(args) is not tuple or name not in offered(value, link.objects[number][0]):
        raise Violation("an operator that is not offered")
    try:
        return getattr(value, name)(*args) if _is_mock(value) else getattr(type(value), name)(value, *args)
    except Exception as error:  # whatever the test's own method raises goes to the program
        _note_assertion(link, error)
        raise


def _copied(link: Link, number: Any, deep: Any) -> Any:
    import copy

    value = link.object_of(number, "object", "callable object")
    return copy.deepcopy(value) if deep is True else copy.copy(value)


def _vars(link: Link, number: Any) -> dict[str, Any]:
    value = link.object_of(number, "object", "callable object")
    if _is_mock(value):
        return {}
    return {name: content for name, content in vars(value).items() if not name.startswith("_")}


def _is_instance(link: Link, number: Any, value: Any) -> bool:
    return isinstance(value, link.object_of(number, "class", "callable"))


def _is_subclass(link: Link, number: Any, value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, link.object_of(number, "class", "callable"))


def _stream(link: Link, number: Any, name: Any, args: Any) -> Any:
    value = link.object_of(number, "stream")
    if type(args) is not tuple:
        raise Violation("a call without its parts")
    if name in ("name", "mode", "closed", "encoding"):
        return getattr(value, name)
    if name not in wire.STREAM:
        raise Violation("a method of files that is none")
    return getattr(value, name)(*args)


def _mark(link: Link, number: Any, name: Any, content: Any) -> None:
    """A decorator's mark. What the test itself has put on its function stays."""
    value = link.object_of(number, "function", "async function")
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    if isinstance(value, types.FunctionType) and (name not in vars(value) or (number, name) in link.marked):
        link.marked.add((number, name))
        setattr(value, name, content)


def _lent(link: Link, name: Any) -> Any:
    """What the tests define under a name that is lent to the program."""
    if type(name) is not str or name not in link.lent:
        raise Violation("a name that is not lent")
    if name not in link.lent[name]:
        raise NameError(f"name {name!r} is not defined")
    return link.lent[name][name]


def _stdin(_link: Link, method: Any, size: Any) -> Any:
    if method not in ("read", "readline") or not (size is None or type(size) is int):
        raise Violation("a reading of standard input that is none")
    stream: Any = sys.stdin
    return getattr(stream, method)(-1 if size is None else size)


SERVED: dict[str, Callable[..., Any]] = {
    "call": _call,
    "iter": _iter,
    "next": _next,
    "getattr": _getattr,
    "setattr": _setattr,
    "lent": _lent,
    "stdin": _stdin,
    "mark": _mark,
    "operate": _operate,
    "copied": _copied,
    "vars": _vars,
    "isinstance": _is_instance,
    "issubclass": _is_subclass,
    "stream": _stream,
}
