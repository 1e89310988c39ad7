"""Objects of the standard library that both ends have, by name: types, exceptions and functions.

Types and exceptions cross both ways. So do functions that only compute (`str.upper`, `operator.add`), because tests
compare them by identity. Others cross only towards the candidate: one that the program returns runs in its process.
Nothing is imported for a name that is not in the tables below.
"""

from __future__ import annotations

import builtins
import collections
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

# Exceptions of modules that may not be loaded yet.
_EXCEPTIONS = {
    "json.decoder": ("JSONDecodeError",),
    "argparse": ("ArgumentError", "ArgumentTypeError"),
    "calendar": ("IllegalMonthError", "IllegalWeekdayError"),
    "copy": ("Error",),
    "email.errors": ("MessageError", "MessageParseError", "HeaderParseError", "MultipartConversionError"),
    "getopt": ("GetoptError",),
    "gzip": ("BadGzipFile",),
    "http.client": ("HTTPException", "InvalidURL", "IncompleteRead", "BadStatusLine", "RemoteDisconnected"),
    "http.cookies": ("CookieError",),
    "ipaddress": ("AddressValueError", "NetmaskValueError"),
    "_lzma": ("LZMAError",),
    "netrc": ("NetrcParseError",),
    "optparse": ("OptParseError", "OptionError", "OptionValueError", "BadOptionError"),
    "plistlib": ("InvalidFileException",),
    "smtplib": ("SMTPException", "SMTPResponseException", "SMTPAuthenticationError", "SMTPServerDisconnected"),
    "socket": ("gaierror", "herror"),
    "tarfile": ("TarError", "ReadError", "ExtractError", "CompressionError"),
    "tokenize": ("TokenError",),
    "tomllib": ("TOMLDecodeError",),
    "wave": ("Error",),
    "xml.dom": ("DOMException",),
    "xml.parsers.expat": ("ExpatError",),
    "xmlrpc.client": ("Error", "Fault", "ProtocolError"),
    "zoneinfo._common": ("ZoneInfoNotFoundError",),
    "decimal": ("DecimalException", "InvalidOperation", "DivisionByZero", "Overflow", "Underflow", "Inexact"),
    "asyncio.exceptions": ("CancelledError", "InvalidStateError", "IncompleteReadError", "QueueEmpty", "QueueFull"),
    "asyncio.queues": ("QueueEmpty", "QueueFull"),
    "queue": ("Full",),
    "_pickle": ("PickleError", "PicklingError", "UnpicklingError"),
    "_queue": ("Empty",),
    "re": ("error", "PatternError"),  # renamed in Python 3.13
    "struct": ("error",),
    "binascii": ("Error", "Incomplete"),
    "dataclasses": ("FrozenInstanceError",),
    "statistics": ("StatisticsError",),
    "subprocess": ("SubprocessError", "CalledProcessError", "TimeoutExpired"),
    "concurrent.futures._base": ("Error", "CancelledError", "InvalidStateError", "BrokenExecutor"),
    "configparser": (
        *("Error", "NoSectionError", "NoOptionError", "DuplicateSectionError", "DuplicateOptionError", "ParsingError"),
        *("MissingSectionHeaderError", "InterpolationError", "InterpolationSyntaxError", "InterpolationDepthError"),
        "InterpolationMissingOptionError",
    ),
    "csv": ("Error",),
    "_csv": ("Error",),
    "zlib": ("error",),
    "sqlite3": (
        *("Error", "IntegrityError", "OperationalError", "ProgrammingError", "DatabaseError", "DataError"),
        *("InterfaceError", "InternalError", "NotSupportedError", "Warning"),
    ),
    "graphlib": ("CycleError",),
    "shutil": ("Error", "SameFileError", "SpecialFileError", "ReadError", "RegistryError"),
    "io": ("UnsupportedOperation",),
    "threading": ("BrokenBarrierError",),
    "xml.etree.ElementTree": ("ParseError",),
    "urllib.error": ("URLError", "HTTPError", "ContentTooShortError"),
    "zipfile": ("BadZipFile", "LargeZipFile"),
    "numpy.linalg": ("LinAlgError",),
    "numpy.exceptions": ("AxisError",),
}
# Enumerations whose members are compared by identity, and sentinels for "no value".
_ENUMS = {
    "http": ("HTTPStatus", "HTTPMethod"),
    "signal": ("Signals", "Handlers"),
    "inspect": ("_ParameterKind",),
    "re": ("RegexFlag",),
    "uuid": ("SafeUUID",),
    "socket": ("AddressFamily", "SocketKind"),
}
_CONSTANTS = {"inspect": ("_empty",), "dataclasses": ("MISSING",), "typing": ("Any",)}
_OF_ROWS = {"sqlite3": ("Row",)}  # a program sets it on the data base of a test
_LATE = {
    module: tuple(name for table in (_EXCEPTIONS, _ENUMS, _CONSTANTS, _OF_ROWS) for name in table.get(module, ()))
    for module in (*_EXCEPTIONS, *_ENUMS, *_CONSTANTS, *_OF_ROWS)
}


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
        if (
            isinstance(module, str)
            and isinstance(qualname, str)
            and qualname in _LATE.get(module, ())
            and getattr(sys.modules.get(module), qualname, None) is value
        ):
            return f"{module}:{qualname}"
        return f"{_PROMPT}:{qualname}" if _shared.get(str(qualname)) is value else None
    kind: Any = type(value)
    if type(kind) is enum.EnumType and (of := name_of(kind)) is not None:
        name = str(getattr(value, "_name_", ""))
        if isinstance(value, enum.Flag):
            return f"{of}.{value._value_}"
        return f"{of}.{name}" if kind._member_map_.get(name) is value else None
    if isinstance(module := getattr(kind, "__module__", None), str) and module in _CONSTANTS:
        for name in _CONSTANTS[module]:
            if getattr(sys.modules.get(module), name, None) is value:
                return f"{module}:{name}"
    return None


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
    if qualname in _LATE.get(module, ()):
        try:
            found = getattr(importlib.import_module(module), qualname)
            if not member:
                return found
            if qualname in _ENUMS.get(module, ()):
                return _member(found, member)
        except (ImportError, AttributeError):
            pass
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
