"""In the checker: what is inside a value of the tests, without asking the program or running code of the tests.

Example:
    >>> holds_nothing([0, [None]]), holds_nothing([0, 1]), list(parts_of(iter([2])))
    (True, False, [[2]])
"""

from __future__ import annotations

import gc
import sys
from collections import ChainMap, UserDict, UserList
from collections.abc import Iterable, Iterator
from types import CellType, CodeType, FrameType, FunctionType, MemberDescriptorType, ModuleType, TracebackType
from typing import Any

from ..proxies import proxies
from ..shared.wire import ATOMS
from . import cells, databases
from .counted import HOLDERS, content, is_blank, is_nothing

_OF_PYTHON = ("builtins", "functools", "itertools")
_RECORDED = ("_mock_call", "_mock_mock_calls", "method_calls")  # what a mock was called with is not its content
_MOST_HELD = 1000


def is_mock(value: Any) -> bool:
    """Whether an object is a mock, by its real type: a mock pretends to be of another."""
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(value, mock.NonCallableMock)


def is_made_module(value: Any) -> bool:
    """Whether an object is a module that a test created: it was loaded from nowhere."""
    if not issubclass(type(value), ModuleType) or proxies.is_proxy(value):
        return False
    return value.__spec__ is None and "__file__" not in vars(value)


def holds_nothing(value: Any, depth: int = 3) -> bool:
    """Whether a value is empty, or meant to be overwritten: `[0] * 3`, `[[None]]`, `np.zeros(3)`."""
    if isinstance(value, list) and depth:
        return all(is_nothing(part) or (isinstance(part, list) and holds_nothing(part, depth - 1)) for part in value)
    if (held := content(value)) is not None:
        return is_blank(held)
    return all(is_nothing(part) or callable(part) for part in attributes_of(value).values())


def attributes_of(value: Any) -> dict[str, Any]:
    """The attributes of an object of the test; of a class of the test, the containers that all its objects share."""
    kind: type = value if issubclass(type(value), type) else type(value)
    is_code = isinstance(value, ModuleType | FunctionType) and not is_made_module(value)
    if kind in ATOMS or proxies.is_proxy(value) or is_code:
        return {}
    found: dict[str, Any] = {}
    for above in reversed(kind.__mro__):
        slotted = "__slots__" in vars(above)
        for name, part in vars(above).items():
            if slotted and isinstance(part, MemberDescriptorType) and hasattr(value, name):
                found[name] = getattr(value, name)
            elif type(part) in HOLDERS:  # shared by all objects of the class
                found[name] = part
    if value is kind:
        return found
    held = getattr(value, "__dict__", None)
    if type(held) is not dict or len(held) >= _MOST_HELD:
        return found
    if "_mock_return_value" in held:
        found["return_value"] = held["_mock_return_value"]
        held = {name: part for name, part in held.items() if not name.startswith(_RECORDED)}
    return found | held


def parts_of(value: Any) -> Iterable[Any]:
    """What a container or an iterator holds, and what a function has or reads from outside it."""
    if isinstance(value, FunctionType):
        closed = [cell.cell_contents for cell in value.__closure__ or () if not _is_empty(cell)]
        own = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *vars(value).values()]
        return closed + own + [value.__globals__.get(name) for name in _names_in(value.__code__)]
    if isinstance(value, type | ModuleType | FrameType | TracebackType):
        return ()
    if (connection := databases.connection_of(value)) is not None and connection is not value:
        return (connection,)
    if isinstance(value, UserDict | UserList | ChainMap):
        return vars(value).values()
    if isinstance(value, HOLDERS) or type(value).__module__ in _OF_PYTHON:  # methods, views, iterators
        held = gc.get_referents(value)
        return held if len(held) < _MOST_HELD else ()
    return cells.parts(value)


def _names_in(code: CodeType) -> Iterator[str]:
    """Names that code uses, with that of the functions defined in it."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_in(inner)


def _is_empty(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # raises where nothing was put in yet
    except ValueError:
        return True
    return False
