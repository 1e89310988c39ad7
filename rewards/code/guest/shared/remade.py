"""Standard library objects that a test hands over, rebuilt from their parts in the program's process.

They cross one way only, from the tests to the program: the program's own instances of such classes stay handles. A
container that one of them wraps is shared by both ends, so a `UserDict` that the program fills is filled for the test.
If the program hands such an object back, the test gets its own object.
"""

from __future__ import annotations

import collections
import importlib
import pathlib
import re
import sys
import types
from collections.abc import Callable
from typing import Any

_Parts = tuple[Any, ...]
STANDARD_TYPE = "standard type"
STANDARD_TUPLE = "standard tuple"


def _of_match(value: Any) -> _Parts:
    return value.re, value.string, value.pos, value.endpos, value.span()


def _match(pattern: re.Pattern[Any], text: Any, pos: int, endpos: int, span: tuple[int, int]) -> Any:
    """The match with that span, whether it came from `search`, `match` or `fullmatch`."""
    for find in (pattern.search, pattern.fullmatch, pattern.match):
        if (found := find(text, pos, endpos)) is not None and found.span() == span:
            return found
    return pattern.match(text, span[0], endpos)


def _wrapping(kind: type, name: str) -> tuple[Callable[[Any], _Parts], Callable[..., Any]]:
    def make(content: Any) -> Any:
        made = kind()
        setattr(made, name, content)
        return made

    return lambda value: (getattr(value, name),), make


def _of_record(value: Any) -> _Parts:
    held = dict(vars(value))
    if type(held.get("exc_info")) is tuple:
        held["exc_info"] = (*held["exc_info"][:2], None)  # a traceback stays where it is
    return (held,)


def _record(held: dict[str, Any]) -> Any:
    import logging

    return logging.makeLogRecord(held)


def _logger(name: str) -> Any:
    import logging

    return logging.getLogger(name)


def _handler(stream: Any, level: int, formatter: Any, filters: tuple[Any, ...]) -> Any:
    import logging

    made = logging.StreamHandler(stream)
    made.setLevel(level)
    made.setFormatter(formatter)
    for each in filters:
        made.addFilter(each)
    return made


def _by_text(module: str, name: str, attribute: str = "") -> tuple[Callable[[Any], _Parts], Callable[..., Any]]:
    def parts(value: Any) -> _Parts:
        return (getattr(value, attribute) if attribute else str(value),)

    return parts, lambda text: getattr(importlib.import_module(module), name)(text)


def _of_items(module: str, name: str) -> tuple[Callable[[Any], _Parts], Callable[..., Any]]:
    return tuple, lambda *items: getattr(importlib.import_module(module), name)(items)


def _place_of(kind: type) -> tuple[str, str] | None:
    """Module and name of a class of the standard library, other than exceptions and what tests judge with."""
    name = kind.__qualname__
    module = kind.__module__ if type(kind.__module__) is str else ""
    if module == "builtins":
        module, name = "types", next((n for n, value in vars(types).items() if value is kind), "")
    root = module.partition(".")[0]
    if root not in sys.stdlib_module_names or root in ("unittest", "doctest") or issubclass(kind, BaseException):
        return None
    return (module, name) if getattr(sys.modules.get(module), name, None) is kind else None


_KINDS: dict[str, tuple[Callable[[Any], _Parts], Callable[..., Any]]] = {
    "re.Match": (_of_match, _match),
    "collections.UserDict": _wrapping(collections.UserDict, "data"),
    "collections.UserList": _wrapping(collections.UserList, "data"),
    "collections.UserString": (lambda value: (value.data,), collections.UserString),
    "collections.ChainMap": (lambda value: tuple(value.maps), collections.ChainMap),
    "string.Template": _by_text("string", "Template", "template"),
    "_struct.Struct": _by_text("struct", "Struct", "format"),
    "zoneinfo.ZoneInfo": _by_text("zoneinfo", "ZoneInfo", "key"),
    "_pytest._py.path.LocalPath": (lambda value: (str(value),), pathlib.Path),  # of `tmpdir`
    "subprocess.CompletedProcess": (
        lambda value: (value.args, value.returncode, value.stdout, value.stderr),
        lambda *parts: importlib.import_module("subprocess").CompletedProcess(*parts),
    ),
    **{
        f"{module}.{name}": _of_items(module, name)
        for module, name in (("os", "terminal_size"), ("os", "stat_result"), ("time", "struct_time"))
    },
    "enum.auto": (lambda _: (), lambda: importlib.import_module("enum").auto()),
    "logging.LogRecord": (_of_record, _record),
    "logging.StreamHandler": (lambda value: (value.stream, value.level, value.formatter, (*value.filters,)), _handler),
    "logging.Formatter": (
        lambda value: (value._fmt, value.datefmt),
        lambda *form: importlib.import_module("logging").Formatter(*form),
    ),
    "logging.Logger": (lambda value: (value.name,), _logger),
    "logging.RootLogger": (lambda value: (value.name,), _logger),
    **{
        f"ipaddress.{name}": _by_text("ipaddress", name)
        for base in ("Address", "Network", "Interface")
        for name in (f"IPv4{base}", f"IPv6{base}")
    },
    "numpy.dtype": (
        lambda value: (value.descr if value.fields else value.str,),
        lambda text: importlib.import_module("numpy").dtype(text),
    ),
    STANDARD_TYPE: (
        lambda value: _place_of(value) or (),
        lambda module, name: getattr(importlib.import_module(module), name),
    ),
    STANDARD_TUPLE: (
        lambda value: (*(_place_of(type(value)) or ()), tuple(value)),
        lambda module, name, items: getattr(importlib.import_module(module), name)(*items),
    ),
    "numpy type": (
        lambda value: (value.__name__,),
        lambda name: getattr(importlib.import_module("numpy"), name),
    ),
}


def _kind_of(value: object) -> str:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.dtype):
        return "numpy.dtype"
    if isinstance(value, type):
        if numpy is not None and issubclass(value, numpy.generic):
            return "numpy type" if getattr(numpy, value.__name__, None) is value else ""
        return STANDARD_TYPE if _place_of(value) is not None else ""
    if isinstance(value, tuple) and hasattr(type(value), "_fields") and _place_of(type(value)) is not None:
        return STANDARD_TUPLE
    return f"{type(value).__module__}.{type(value).__qualname__}"


def parts_of(value: object) -> tuple[str, _Parts] | None:
    """In the checker: the kind and parts of an object; None if it is not one of these."""
    kind = _kind_of(value)
    return (kind, _KINDS[kind][0](value)) if kind in _KINDS else None


def is_remade(value: object) -> bool:
    """Whether an object is one of these rather than plain data, such as the tuple that `os.stat` returns."""
    return _kind_of(value) in _KINDS


def make(kind: str, parts: _Parts) -> Any:
    """In the candidate: build an object of that kind."""
    return _KINDS[kind][1](*parts)
