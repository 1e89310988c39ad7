"""The messages of the link between checker and candidate. Both ends use this file.

A message is a tuple `(operation, released containers, released objects, changes, output, payload...)`. The checker asks
(`ASK`), the candidate answers (`RETURN`, `RAISE`); in between the candidate may ask back (`BACK`), which the checker
answers (`BACK_RETURN`, `BACK_RAISE`). Only the end that has the turn writes.

If several threads of a test ask at once, each message ends with its sender or receiver, and how long the candidate may
keep the turn, or whether the program has threads of its own. `PENDING` only passes the turn to the other end.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Mapping
from typing import Any

ASK, RETURN, RAISE, BACK, BACK_RETURN, BACK_RAISE, PENDING = range(7)

# Speakers, if there are threads: the tests' main thread; one that hashes keys of a message that is being read; above
# them, other threads of the tests; whoever is in the middle of a message; below that, threads of the program.
MAIN, READING, WITHIN = 0, 1, -1

ASYNCHRONOUS = ("__await__", "__aiter__", "__anext__", "__aenter__", "__aexit__")

ORDERINGS = ("__lt__", "__le__", "__gt__", "__ge__")
COMPARISONS = ("__eq__", "__ne__", *ORDERINGS)
_OPERATORS = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
)
ARITHMETIC = tuple(f"__{name}__" for name in _OPERATORS)
REFLECTED = {f"__r{name}__": f"__{name}__" for name in _OPERATORS}  # with what each is when its operands are exchanged
IN_PLACE = tuple(f"__i{name}__" for name in _OPERATORS if name != "divmod")

# The operators and builtins that an object supports, as bits in the description of its class.
CAPABILITIES = (
    *("__call__", "__iter__", "__next__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__"),
    *("__enter__", "__exit__", *ASYNCHRONOUS),
    *COMPARISONS,
    *("__hash__", "__str__", "__repr__", "__format__", "__bool__", "__reversed__"),
    *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"),
    *("__int__", "__float__", "__complex__", "__index__", "__bytes__", "__fspath__", "__missing__"),
    *ARITHMETIC,
    *REFLECTED,
    *IN_PLACE,
)
# Those that an exception of the program may support.
OF_ERRORS = ("__len__", "__iter__", "__getitem__", "__bool__", "__eq__", "__hash__")
TEXTS_OF_ERRORS = ("__str__", "__repr__")  # that an exception class of the tests may define
BITS = {name: 1 << index for index, name in enumerate(CAPABILITIES)}

# Operators that the program may use on an object of the test, if its class defines them as methods of the test.
OFFERED = frozenset(CAPABILITIES) - {"__call__", "__fspath__"}
# A mock exists to be used by the program, but its equality and its texts are its own.
OFFERED_OF_MOCKS = frozenset(
    (
        *("__iter__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__", "__enter__", "__exit__"),
        *("__aiter__", "__aenter__", "__aexit__", "__bool__"),
    )
)
OF_GENERATORS = ("send", "throw", "close")
CALLED = ("__name__", "__qualname__")  # of any callable of the test
# Attributes of a test's function that a decorator may copy, as `functools.wraps` does.
SHOWN = ("__name__", "__qualname__", "__doc__", "__wrapped__")
OF_METHOD = "__func__"  # a function that the program knows, if a bound method of it is sent
STREAM = frozenset(
    (
        *("read", "readline", "readlines", "write", "writelines", "seek", "tell", "flush", "truncate", "close"),
        *("readable", "writable", "seekable"),
    )
)

# What `isinstance` and `inspect` may take instances of a class for: sent as a position in this table, from 1.
LOOKALIKES: tuple[type, ...] = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.ModuleType,
)

# Fields of these exceptions besides their arguments; the program's subclasses of them have them, too.
FIELDS_OF_ERRORS: Mapping[type, tuple[str, ...]] = {
    SyntaxError: ("msg", "filename", "lineno", "offset", "text"),
    ImportError: ("msg", "name", "path"),
    AttributeError: ("name",),
    NameError: ("name",),
    OSError: ("errno", "strerror", "filename"),
}

# Plain values that contain no others, and never change.
ATOMS = (type(None), bool, int, float, complex, str, bytes)
# Plain types of which both ends hold instances of subclasses, their content numbered as a container.
MUTABLE = (list, dict, set, bytearray, deque)

# Functions of the standard library that inspect an object: they run in the program's process.
FORWARDED: Mapping[str, tuple[str, ...]] = {
    "inspect": (
        *("getsource", "getsourcelines", "getdoc", "signature", "isgeneratorfunction", "iscoroutinefunction"),
        *("isasyncgenfunction", "isabstract", "getmembers", "getfullargspec", "isfunction", "ismethod"),
        "getattr_static",
    ),
    "dataclasses": ("is_dataclass", "asdict", "astuple", "fields", "replace"),
    "typing": ("get_type_hints",),
    "asyncio": ("iscoroutinefunction",),
    "doctest": ("testmod", "run_docstring_examples"),
    "contextvars": ("copy_context",),
    "copy": ("copy", "deepcopy"),
    "pickle": ("dumps", "loads"),
    "logging": ("getLogger",),
}


def emptied(holder: list[Any]) -> list[Any]:
    """Empty a container and return what it held: values that only a message holds need not be shared."""
    held = holder[:]
    holder.clear()
    return held
