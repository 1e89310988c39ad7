"""What a message of the link between checker and candidate says. Both ends share this file.

A message is a tuple `(operation, released containers, released objects, changes, output, payload...)`. The checker asks
(`ASK`), the candidate answers (`RETURN`, `RAISE`); in between the candidate may ask back (`BACK`), which the checker
answers (`BACK_RETURN`, `BACK_RAISE`). Only the end whose turn it is writes.

Where threads of a test ask at once, each message ends with whom it is from or for, and how long the candidate may keep
the turn, or whether the program has threads of its own. `PENDING` gives the turn to the other end and says nothing.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

ASK, RETURN, RAISE, BACK, BACK_RETURN, BACK_RAISE, PENDING = range(7)

# Who speaks where threads do: the tests' main thread, one that hashes keys of a message that is being read, threads
# with numbers above; whoever is in the middle of a message; below it, threads of the program's own.
MAIN, READING, WITHIN = 0, 1, -1

ASYNCHRONOUS = ("__await__", "__aiter__", "__anext__", "__aenter__", "__aexit__")

# What an object offers to operators and builtins, as bits of its class's description.
CAPABILITIES = (
    *("__call__", "__iter__", "__next__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__"),
    *("__enter__", "__exit__", *ASYNCHRONOUS),
    *("__eq__", "__ne__", "__hash__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("__str__", "__repr__", "__format__", "__bool__", "__reversed__"),
    *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"),
    *("__int__", "__float__", "__complex__", "__index__", "__bytes__", "__fspath__", "__missing__"),
    *("__add__", "__sub__", "__mul__", "__matmul__", "__truediv__", "__floordiv__", "__mod__", "__divmod__"),
    *("__pow__", "__lshift__", "__rshift__", "__and__", "__xor__", "__or__"),
    *("__radd__", "__rsub__", "__rmul__", "__rmatmul__", "__rtruediv__", "__rfloordiv__", "__rmod__"),
    *("__rdivmod__", "__rpow__", "__rlshift__", "__rrshift__", "__rand__", "__rxor__", "__ror__"),
    *("__iadd__", "__isub__", "__imul__", "__imatmul__", "__itruediv__", "__ifloordiv__", "__imod__"),
    *("__ipow__", "__ilshift__", "__irshift__", "__iand__", "__ixor__", "__ior__"),
)
OF_ERRORS = ("__len__", "__iter__", "__getitem__")  # what an exception of the program may offer of them
BITS = {name: 1 << index for index, name in enumerate(CAPABILITIES)}

# What an object that a test handed over may be used for: operators that its class defines, each a method of the test.
OFFERED = frozenset(CAPABILITIES) - {"__call__", "__fspath__", "__missing__"}
# A mock is made for the program to use; what it equals, and its texts, are its own.
OFFERED_OF_MOCKS = frozenset(
    (
        *("__iter__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__", "__enter__", "__exit__"),
        *("__aiter__", "__aenter__", "__aexit__", "__bool__"),
    )
)
OF_GENERATORS = ("send", "throw", "close")
# What a decorator may say of a function of the test, as `functools.wraps` does.
SHOWN = ("__name__", "__qualname__", "__doc__", "__wrapped__")
STREAM = frozenset(
    (
        *("read", "readline", "readlines", "write", "writelines", "seek", "tell", "flush", "truncate", "close"),
        *("readable", "writable", "seekable"),
    )
)

# What instances of a class may be taken for by `isinstance` and `inspect`: told by its place, from 1 on.
LOOKALIKES: tuple[type, ...] = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.ModuleType,
)

# What exceptions of these have in fields, beside their arguments; a program's own that derive from them have it, too.
FIELDS_OF_ERRORS: Mapping[type, tuple[str, ...]] = {
    SyntaxError: ("msg", "filename", "lineno", "offset", "text"),
    ImportError: ("msg", "name", "path"),
    AttributeError: ("name",),
    NameError: ("name",),
    OSError: ("errno", "strerror", "filename"),
}

# Plain types whose subclasses both ends hold, each with a number of its content as a container.
MUTABLE = (list, dict, set, bytearray)

# Functions of the standard library that look into an object: they run with the program.
FORWARDED: Mapping[str, tuple[str, ...]] = {
    "inspect": (
        *("getsource", "getsourcelines", "getdoc", "signature", "isgeneratorfunction", "iscoroutinefunction"),
        *("isasyncgenfunction", "isabstract", "getmembers", "getfullargspec", "isfunction", "ismethod"),
    ),
    "dataclasses": ("is_dataclass", "asdict", "astuple", "fields", "replace"),
    "typing": ("get_type_hints",),
    "asyncio": ("iscoroutinefunction",),
    "doctest": ("testmod", "run_docstring_examples"),
    "copy": ("copy", "deepcopy"),
    "pickle": ("dumps", "loads"),
}


def emptied(holder: list[Any]) -> list[Any]:
    """What it held, which it holds no longer: what is held only in a message need not be shared."""
    held = holder[:]
    holder.clear()
    return held
