"""In the checker: what the program may ask of an object that a test handed over.

It may be called or iterated; public attributes are read only of an instance of a class that the test defines, and of a
mock, and of that not what says which calls the test expects. No dunder, no code, no globals.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .codec import Violation

if TYPE_CHECKING:
    from .link import Link

# Attributes of mocks that say what the test expects.
_MOCK_OWN = ("return_value", "side_effect", "called", "configure_mock", "attach_mock", "mock_add_spec", "reset_mock")


def kind_of(value: Any, local_modules: frozenset[str]) -> str:
    """What the program may do with an object of the test."""
    if isinstance(value, types.FunctionType | types.MethodType):
        function = getattr(value, "__func__", value)
        return "async function" if function.__code__.co_flags & 0x80 else "function"
    if isinstance(value, type):
        return "exception class" if issubclass(value, BaseException) else "callable"
    if isinstance(value, types.CoroutineType):
        return "awaitable"
    if _is_mock(value):
        return "callable object" if callable(value) else "object"
    if type(value).__module__ in local_modules:
        return "callable" if callable(value) else "object"
    if callable(value):
        return "callable"
    if hasattr(type(value), "__await__"):
        return "awaitable"
    if hasattr(type(value), "__iter__") or hasattr(type(value), "__next__"):
        return "iterable"
    return "opaque"


def _is_mock(value: Any) -> bool:
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(value, mock.NonCallableMock)


def _call(link: Link, number: Any, args: Any, kwargs: Any) -> Any:
    function = link.object_of(number, "function", "async function", "callable", "callable object", "exception class")
    if type(args) is not tuple or type(kwargs) is not dict or any(type(key) is not str for key in kwargs):
        raise Violation("a call without its parts")
    return function(*args, **kwargs)


def _iter(link: Link, number: Any) -> Any:
    return iter(link.object_of(number, "iterable", "object", "callable object"))


def _next(link: Link, number: Any) -> Any:
    return next(link.object_of(number, "iterable"))


def _getattr(link: Link, number: Any, name: Any) -> Any:
    value = link.object_of(number, "object", "callable object")
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    if _is_mock(value) and (name in _MOCK_OWN or name.startswith(("assert_", "call_", "mock_", "method_calls"))):
        raise AttributeError(name)
    return getattr(value, name)


def _setattr(link: Link, number: Any, name: Any, content: Any) -> None:
    value = link.object_of(number, "object")
    if type(name) is not str or name.startswith("_") or _is_mock(value):
        raise Violation("an attribute that is not public")
    if isinstance(vars_of := getattr(type(value), name, None), types.FunctionType | property):
        raise AttributeError(f"{name!r} of the test is a {type(vars_of).__name__}, which stays as it is")
    setattr(value, name, content)


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
    "stdin": _stdin,
}
