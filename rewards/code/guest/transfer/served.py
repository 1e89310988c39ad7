"""In the checker: what the program may do with an object that a test handed over.

It may call it or iterate over it. It may read public attributes only of an instance of a class that the test defines,
or of a mock, and of the latter none that reveals which calls the test expects. No dunder, no code, no globals.
"""

from __future__ import annotations

import contextlib
import enum
import sys
import types
from collections.abc import Callable
from typing import Any

from ..encoding.codec import Violation
from ..guards import changes
from ..guards.inside import is_made_module, is_mock
from ..proxies import assertions, operands, raised, witnessed, yardsticks
from ..proxies.proxies import the_link
from ..shared import signatures, wire
from ..sources import context, lending
from .ours import Ours, holds, is_told, methods_of_error, offered

_MOST_LEVELS = 20  # of data that a mock gets as attribute

# Modules of objects whose attributes no program needs: what a fixture of pytest gives is for the tests.
_OF_NO_PROGRAM = ("builtins", "contextlib", "functools", "itertools", "operator", "pytest", "_pytest")
_CALLED = ("function", "async function", "callable", "callable object", "exception class", "class", "type")
# Methods of a class: the program replaces none of them on an object of the test.
_STAYS = types.FunctionType | types.MethodType | types.BuiltinMethodType | types.MethodDescriptorType
# Attributes of mocks that reveal what the test expects.
_MOCK_OWN = ("return_value", "side_effect", "called", "configure_mock", "attach_mock", "mock_add_spec", "reset_mock")

_WRITES = ("write", "writelines", "truncate")  # methods of files


def _is_of_mock(name: str) -> bool:
    return name in _MOCK_OWN or name.startswith(("assert_", "call_", "mock_", "method_calls"))


def _public(name: Any) -> str:
    """The name of an attribute that the program may use. Raises Violation."""
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    return name


def _call(ours: Ours, number: Any, args: Any, kwargs: Any) -> Any:
    function = ours.get(number, *_CALLED)
    if type(args) is not tuple or type(kwargs) is not dict or any(type(key) is not str for key in kwargs):
        raise Violation("a call without its parts")
    if type(function) is types.BuiltinMethodType and function.__name__ == "throw":
        args = args[:2]  # its traceback is the program's
    if ours.objects[number][0] == "type" and not holds(function):  # an exception that the test has not handed over
        raise TypeError(f"{function.__name__}() of the test is not for the program to call")
    args, kwargs = signatures.with_defaults(function, args, kwargs)
    try:
        with changes.watched(function, args), witnessed.noted(function, args, kwargs) as results:
            made = function(*args, **kwargs)
            results.append(made)
    except BaseException as error:  # whatever the test's own function raises goes to the program
        assertions.note_assertion(error, given=bool(args or kwargs))
        raise
    if type(function) in (types.FunctionType, types.MethodType):  # a mock would record the access
        ours.completed.add(getattr(function, "__code__", None))
        if function.__name__ == "__init__" and args and raised.is_error(args[0]):
            raised.renew(args[0])
    return made


def _iter(ours: Ours, number: Any) -> Any:
    return iter(ours.get(number, "iterable", "generator"))


def _next(ours: Ours, number: Any) -> Any:
    return next(ours.get(number, "iterable", "generator"))


def _getattr(ours: Ours, number: Any, name: Any) -> Any:
    value = ours.get(
        number, "object", "callable object", "callable", "class", "type", "generator", "awaitable", "exception"
    )
    if name in wire.CALLED:
        return _called(value, name)
    kind, name = ours.objects[number][0], _public(name)
    if kind in ("callable", "awaitable"):
        raise Violation("an attribute of what can only be called or awaited")
    hidden = (kind == "generator" and name not in wire.OF_GENERATORS) or (is_mock(value) and _is_of_mock(name))
    hidden = hidden or (kind == "exception" and not _is_of_error(type(value), name))
    if hidden or not ours.has_attribute(value, name):
        raise AttributeError(name)
    return getattr(value, name)


def _is_of_error(kind: type, name: str) -> bool:
    return not issubclass(kind, AssertionError) and any(name in methods_of_error(above) for above in kind.__mro__)


def _called(value: Any, name: str) -> str:
    found = getattr(value, name)
    if type(found) is not str:
        raise AttributeError(name)
    return found


def _lacking(ours: Ours, number: Any, name: Any) -> None:
    """The program reads an attribute of an object that is only passed through. If there is one, it is unsupported."""
    value, name = ours.get(number, "opaque", "iterable", "callable", "awaitable", "context"), _public(name)
    kind = type(value)
    held = (getattr(value, "__dict__", {}), *(vars(above) for above in kind.__mro__))
    if kind.__module__.partition(".")[0] not in _OF_NO_PROGRAM and any(name in each for each in held):
        the_link().unsupported(f"`{name}` of a {kind.__name__} that the test handed over")


def _setattr(ours: Ours, number: Any, name: Any, content: Any) -> bool:
    """Set an attribute. Returns whether it was set here. A mock never gets an object of the program as attribute."""
    value, name = ours.get(number, "object", "callable object"), _public(name)
    if is_made_module(value) or not ours.has_attribute(value, name):
        raise AttributeError(name)
    if is_mock(value) and (_is_of_mock(name) or not _is_data(content)):
        return False
    if isinstance(vars_of := getattr(type(value), name, None), _STAYS):
        raise AttributeError(f"{name!r} of the test is a {type(vars_of).__name__}, which stays as it is")
    changes.note_set(value, name, content)
    with changes.watched(types.MethodType(setattr, value)):  # of a property, its setter runs
        setattr(value, name, content)
    return True


def _is_data(value: Any, depth: int = _MOST_LEVELS) -> bool:
    """Whether a value is plain data, and so are its parts."""
    if type(value) in (list, tuple, set, frozenset, dict):
        parts = (*value, *value.values()) if type(value) is dict else value
        return depth > 0 and all(_is_data(part, depth - 1) for part in parts)
    return type(value) in operands.ATOMS


def _delattr(ours: Ours, number: Any, name: Any) -> None:
    value, name = ours.get(number, "object", "callable object"), _public(name)
    if is_mock(value) or is_made_module(value):
        raise AttributeError(name)
    changes.note_set(value, name, None)
    delattr(value, name)


def _operate(ours: Ours, number: Any, name: Any, args: Any) -> Any:
    value = ours.get(number, "object", "callable object", "context", "callable", "exception")
    if type(name) is not str or type(args) is not tuple or name not in offered(value, ours.objects[number][0]):
        raise Violation("an operator that is not offered")
    try:
        if is_mock(value):
            return getattr(value, name)(*args)
        operator = getattr(type(value), name)
        with changes.watched(types.MethodType(operator, value)):
            return operator(value, *args)
    except Exception as error:  # whatever the test's own method raises goes to the program
        assertions.note_assertion(error)
        raise


def _copied(ours: Ours, number: Any, deep: Any) -> Any:
    import copy

    value = ours.get(number, "object", "callable object")
    return copy.deepcopy(value) if deep is True else copy.copy(value)


def _vars(ours: Ours, number: Any) -> dict[str, Any]:
    value = ours.get(number, "object", "callable object", "class", "type")
    if is_mock(value):
        return {}
    found = {name: content for name, content in vars(value).items() if not name.startswith("_")}
    if not isinstance(value, type):
        return {name: content for name, content in found.items() if ours.has_attribute(value, name)}
    annotations = {n: a for n, a in vars(value).get("__annotations__", {}).items() if is_told(a, ours.local_modules)}
    handed = ours.objects[number][0] == "class"
    shown = (n for n, v in found.items() if (handed or n in annotations or _is_method(v)) and not lending.is_answer(n))
    return {name: getattr(value, name) for name in shown} | {"__annotations__": annotations}


def _is_method(value: Any) -> bool:
    return isinstance(value, types.FunctionType | classmethod | staticmethod | property)


def _is_instance(ours: Ours, number: Any, value: Any) -> bool:
    return isinstance(value, ours.get(number, "class", "type", "callable"))


def _is_subclass(ours: Ours, number: Any, value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, ours.get(number, "class", "type", "callable"))


def _stream(ours: Ours, number: Any, name: Any, args: Any) -> Any:
    value = ours.get(number, "stream")
    if type(args) is not tuple:
        raise Violation("a call without its parts")
    if name in ("name", "mode", "closed", "encoding"):
        return getattr(value, name)
    if name not in wire.STREAM:
        raise Violation("a method of files that is none")
    with changes.watched(types.MethodType(getattr, value)) if name in _WRITES else contextlib.nullcontext():
        return getattr(value, name)(*args)


def _mark(ours: Ours, number: Any, name: Any, content: Any) -> None:
    """Set a decorator's mark, or a note on an exception. Attributes set by the test itself stay. Private ones are the
    program's own, unless the test names them.
    """
    value = ours.get(number, "function", "async function", "exception")
    if type(name) is not str or (name.startswith("__") and name not in (*wire.SHOWN, "__notes__")):
        raise Violation("an attribute that is not public")
    if isinstance(value, BaseException):
        _note(ours, number, value, name, content)
        return
    if not isinstance(value, types.FunctionType):
        return
    if name in wire.SHOWN:
        _show(ours, value, name, content)
    elif (not name.startswith("_") or context.uses_name(name)) and ours.mark(number, name, content):
        setattr(value, name, content)


def _note(ours: Ours, number: int, error: BaseException, name: str, content: Any) -> None:
    if name == "__notes__" and type(content) is list and all(type(note) is str for note in content):
        error.__notes__ = content
    elif not name.startswith("_") and (not hasattr(error, name) or (number, name) in ours.marked):
        ours.marked.add((number, name))
        setattr(error, name, content)


def _show(ours: Ours, function: types.FunctionType, name: str, content: Any) -> None:
    """Set a function's name or the like. Names of tests are for the test to decide, and so are those that it compares
    with names of the program's functions: they may only be copied from another function of the test, or be read to
    compare them with literals.
    """
    if function.__name__.startswith("test"):
        return
    functions = (value for _, value in ours.objects.values() if type(value) is types.FunctionType)
    if name == "__wrapped__":
        fits = any(content is other for other in functions if other is not function)
    else:
        fits = type(content) is str or (content is None and name == "__doc__")
        others = (getattr(other, name) for other in functions if other is not function)
        fits = fits and (content in others or not yardsticks.is_measure(name))
    if fits:
        setattr(function, name, content)


def _lent(ours: Ours, name: Any) -> Any:
    """The object that the tests define under a lent name."""
    if type(name) is not str or name not in ours.lent:
        raise Violation("a name that is not lent")
    if name not in ours.lent[name]:
        raise NameError(f"name {name!r} is not defined")
    return ours.lent[name][name]


def _stdin(_ours: Ours, method: Any, size: Any, binary: Any) -> Any:
    if method not in ("read", "readline") or not (size is None or type(size) is int):
        raise Violation("a reading of standard input that is none")
    stream: Any = getattr(sys.stdin, "buffer", sys.stdin) if binary is True else sys.stdin
    return getattr(stream, method)(-1 if size is None else size)


def _poll(_ours: Ours, starting: Any, ended: Any, wait: Any) -> tuple[Any, ...]:
    from ..proxies import awaited

    return awaited.poll(starting, ended, wait)


def _shape(ours: Ours, number: Any, bound: Any) -> tuple[Any, ...]:
    """The parameters of a method of a class that the test defines, or of its constructor. bound: without `self`."""
    value = ours.get(number, "callable object", "class", "type")
    if isinstance(value, type):
        method: Any = value.__init__  # type: ignore[misc]
        if type(method) is not types.FunctionType:
            return signatures.NONE_AT_ALL
        return ours.shape_of(method.__get__(object()) if bound is True else method)
    return ours.shape_of(None if is_mock(value) else type(value).__call__.__get__(value))


def _members(ours: Ours, number: Any) -> dict[str, Any]:
    """The members of an enumeration of the test."""
    kind = ours.get(number, "class", "type")
    if not isinstance(kind, enum.EnumMeta):
        raise TypeError(f"type object {kind.__name__!r} is no enumeration")
    return dict(kind.__members__)


SERVED: dict[str, Callable[..., Any]] = {
    "call": _call,
    "iter": _iter,
    "next": _next,
    "getattr": _getattr,
    "lacking": _lacking,
    "setattr": _setattr,
    "delattr": _delattr,
    "lent": _lent,
    "stdin": _stdin,
    "mark": _mark,
    "operate": _operate,
    "copied": _copied,
    "vars": _vars,
    "isinstance": _is_instance,
    "issubclass": _is_subclass,
    "stream": _stream,
    "poll": _poll,
    "shape": _shape,
    "members": _members,
}
