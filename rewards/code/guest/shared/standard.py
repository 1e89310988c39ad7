"""Objects of the standard library that both ends have, by name: types, exceptions and functions.

Types and exceptions cross both ways. So do functions that only compute (`str.upper`, `operator.add`), because tests
compare them by identity. Others cross only towards the candidate: one that the program returns runs in its process.
Nothing is imported for a name that is not in the tables below.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import functools
import importlib
import itertools
import math
import operator
import pathlib
import re
import sys
import types
import uuid
from typing import Any

from ..encoding.codec import Violation

_DATA_TYPES = (
    *(int, float, complex, bool, str, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset, range, slice),
    *(object, type, property, classmethod, staticmethod, enumerate, zip, map, filter, reversed, super),
    *(type(None), type(Ellipsis), type(NotImplemented)),
    *(collections.OrderedDict, collections.defaultdict, collections.Counter, collections.deque, collections.ChainMap),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone, datetime.tzinfo),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.Path, pathlib.PosixPath, pathlib.PurePath),
    *(pathlib.PurePosixPath, re.Pattern, types.SimpleNamespace, types.MappingProxyType),
)
_FUNCTION_SOURCES = (builtins, math, operator, itertools, functools)
# Functions that only compute from their arguments: the program may return them as themselves.
_COMPUTING = {
    "builtins": frozenset(
        (
            *("abs", "ascii", "bin", "chr", "divmod", "hex", "len", "max", "min", "oct", "ord", "pow", "repr", "round"),
            *("sorted", "sum"),
        )
    ),
    "math": frozenset(name for name in vars(math) if not name.startswith("_")),
    "operator": frozenset(
        (
            *("abs", "add", "and_", "eq", "floordiv", "ge", "gt", "inv", "invert", "le", "lshift", "lt", "matmul"),
            *("mod", "mul", "ne", "neg", "not_", "or_", "pos", "pow", "rshift", "sub", "truediv", "xor"),
        )
    ),
}
_IMMUTABLE = frozenset(("str", "bytes", "int", "float", "tuple", "frozenset"))
_MODULES = sys.stdlib_module_names | {"numpy"}
_METHOD_SOURCES = (str, bytes, int, float, list, tuple, dict, set, frozenset)

# Modules whose exceptions and enumerations both ends have. They are imported when needed, and no others are.
_HOLDING = """
    _csv _lzma _pickle _queue argparse asyncio.exceptions asyncio.queues binascii calendar concurrent.futures._base
    configparser copy dataclasses decimal email.errors getopt graphlib gzip http http.client http.cookies inspect io
    ipaddress json.decoder netrc numpy.exceptions numpy.linalg optparse plistlib queue re shutil signal smtplib socket
    sqlite3 statistics struct subprocess tarfile threading tokenize tomllib urllib.error uuid wave xml.dom
    xml.etree.ElementTree xml.parsers.expat xmlrpc.client zipfile zlib zoneinfo._common
"""
_OF_CLASSES = frozenset(_HOLDING.split())
# Sentinels for "no value", an annotation, and what a program sets on the data base of a test.
_OTHERS = {"inspect": ("_empty",), "dataclasses": ("MISSING",), "typing": ("Any",), "sqlite3": ("Row",)}


def _late(module: Any, name: str) -> Any:
    """What a module that is loaded has under that name, if both ends have it; else None."""
    found: Any = getattr(sys.modules.get(module), name, None)
    if name in _OTHERS.get(module, ()):
        return found
    is_own = module in _OF_CLASSES and isinstance(found, type) and found.__module__ == module
    return found if is_own and (issubclass(found, BaseException) or isinstance(found, enum.EnumType)) else None


def _tables() -> tuple[dict[str, Any], dict[int, str], dict[int, str]]:
    both: dict[str, Any] = {}
    for kind in _DATA_TYPES:
        both[f"{kind.__module__}:{kind.__qualname__}"] = kind
    for name, value in vars(builtins).items():
        if isinstance(value, type) and issubclass(value, BaseException):
            both[f"builtins:{name}"] = value
    both["builtins:Ellipsis"], both["builtins:NotImplemented"] = Ellipsis, NotImplemented
    outward: dict[int, str] = {id(value): name for name, value in both.items()}
    functions: dict[int, str] = {}
    for module in _FUNCTION_SOURCES:
        for name, value in vars(module).items():
            if not name.startswith("_") and callable(value) and id(value) not in outward:
                functions[id(value)] = f"{module.__name__}:{name}"
    for kind in _METHOD_SOURCES:
        for name, value in vars(kind).items():
            if not name.startswith("_") and type(value) is types.MethodDescriptorType:
                functions[id(value)] = f"builtins:{kind.__name__}.{name}"
    return both, outward, functions


_PROMPT = "prompt"
_shared: dict[str, enum.EnumType] = {}
_BY_NAME, _NAMES, _FUNCTION_NAMES = _tables()
_METHOD_NAMES = frozenset(name for name in _FUNCTION_NAMES.values() if "." in name)
_HELD = [vars(kind)[name] for kind in _METHOD_SOURCES for name in vars(kind)]  # ids stay theirs


def name_of(value: object) -> str | None:
    """The name of a type or constant that both ends have, or None."""
    name = _NAMES.get(id(value))
    if name is not None:
        return name
    if isinstance(value, type):
        module, qualname = type.__dict__["__module__"].__get__(value), type.__dict__["__qualname__"].__get__(value)
        if isinstance(module, str) and isinstance(qualname, str) and _late(module, qualname) is value:
            return f"{module}:{qualname}"
        return f"{_PROMPT}:{qualname}" if _shared.get(str(qualname)) is value else None
    kind: Any = type(value)
    if type(kind) is enum.EnumType and (of := name_of(kind)) is not None:
        name = str(getattr(value, "_name_", ""))
        if isinstance(value, enum.Flag):
            return f"{of}.{value._value_}"
        return f"{of}.{name}" if kind._member_map_.get(name) is value else None
    module = getattr(kind, "__module__", None)
    names = _OTHERS.get(module, ()) if isinstance(module, str) else ()
    return next((f"{module}:{name}" for name in names if _late(module, name) is value), None)


def type_called(name: str) -> type | None:
    """The type of data that is called so, and that both ends have."""
    return next((kind for kind in _DATA_TYPES if kind.__name__ == name), None)


def function_name_of(value: object) -> str | None:
    """The name of a function that both ends have, or of a module: `roll(dice, rng=random)`."""
    if type(value) is types.ModuleType:
        name = vars(value).get("__name__")
        known = type(name) is str and name.partition(".")[0] in _MODULES and sys.modules.get(name) is value
        return f"{name}:" if known else None
    return _FUNCTION_NAMES.get(id(value))


def computing_name_of(value: object) -> str | None:
    """In the candidate: the name of a function that only computes, or None."""
    name = _FUNCTION_NAMES.get(id(value))
    return name if name is not None and _only_computes(name) else None


def computing_by_name(name: object) -> Any:
    """In the checker: the function of that name, as tests see it. Raises Violation."""
    if type(name) is not str or not _only_computes(name):
        raise Violation("no function that only computes")
    return function_by_name(name)


def _only_computes(name: str) -> bool:
    module, _, path = name.partition(":")
    kind = path.rpartition(".")[0]
    if kind:
        return name in _METHOD_NAMES and kind in _IMMUTABLE
    return path in _COMPUTING.get(module, ())


def put_for(function: object, other: object) -> None:
    """Let another function stand for one that both ends have."""
    if (name := _FUNCTION_NAMES.get(id(function))) is not None:
        _FUNCTION_NAMES[id(other)] = name
        _HELD.append(other)


def by_name(name: object) -> Any:
    """The type, exception or constant of that name. Raises Violation."""
    if type(name) is not str:
        raise Violation("a name that is no text")
    if name in _BY_NAME:
        return _BY_NAME[name]
    module, _, qualname = name.partition(":")
    qualname, _, member = qualname.partition(".")
    kind = _shared.get(qualname) if module == _PROMPT else None
    if kind is not None:
        return _member(kind, member) if member else kind
    if module in _OF_CLASSES or module in _OTHERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
        found = _late(module, qualname)
        if found is not None and not member:
            return found
        if type(found) is enum.EnumType:
            return _member(found, member)
    raise Violation(f"no standard object is called {name!r:.80}")


def _member(kind: Any, name: str) -> Any:
    """A member of an enumeration by its name; of flags by its number. Raises Violation."""
    if name in kind._member_map_:
        return kind._member_map_[name]
    if issubclass(kind, enum.Flag) and re.fullmatch(r"-?\d{1,18}", name):
        return kind(int(name))
    raise Violation(f"no member {name!r:.80} of an enumeration")


def share(name: str, kind: enum.EnumType) -> None:
    """Register an enumeration of the prompt, which both ends have under that name with the same members."""
    _shared[name] = kind


def function_by_name(name: str) -> Any:
    """The function or module of that name, as this end has it."""
    module, _, path = name.partition(":")
    value: Any = sys.modules[module] if path else importlib.import_module(module)
    for part in path.split(".") if path else ():
        value = getattr(value, part)
    return value
