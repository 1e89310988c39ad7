"""In the checker: immutable data that a test hands over comes back as the same object, if the tests ask for identity
(`same(t) is t`). Mutable containers do in any case (`sharing.py`), and objects, whose numbers cross.

Immutable data crosses as its content. So an answer is what the test handed over if it has the same bytes, which says
neither more nor less than that their content is the same. Where tests only say what is *not* the same (`copy is not
t`), each answer is an object of its own.
"""

from __future__ import annotations

import ast
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

from ..encoding.codec import DEEPEST
from ..shared.sharing import Shared
from ..sources import context, shapes
from . import weakly
from .crossing import CheckerDecoder, CheckerEncoder
from .ours import Ours

_KINDS = (
    *(int, float, complex, str, bytes, tuple, frozenset, range),
    *(date, datetime, time, timedelta, Decimal, Fraction, UUID, PurePath),
)
_LONGEST, _MOST = 4096, 50_000  # bytes of a value, and values, that are remembered

_given: dict[bytes, Any] = {}
_matters: dict[int, bool] = {}


def matters() -> bool:
    """Whether the tests ask if something is what they name. Not if they are about weak references:
    what is remembered may be a tuple of objects that the test drops.
    """
    known = len(context.SOURCES)
    if known not in _matters:
        _matters[known] = any(map(_asks, context.nodes())) and not weakly.are_about_it()
    return _matters[known]


def _asks(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return context.name_of(node.func) in ("assertIs", "id")
    if not isinstance(node, ast.Compare) or any(isinstance(n, ast.Constant) for n in shapes.sides(node)):
        return False
    return any(isinstance(op, ast.Is) for op in node.ops)


def ends() -> tuple[type[CheckerEncoder], type[CheckerDecoder]]:
    """What writes to the program, and what reads from it."""
    return (KeepingEncoder, KeepingDecoder) if matters() else (CheckerEncoder, CheckerDecoder)


class KeepingEncoder(CheckerEncoder):
    """Remembers the immutable data that it writes; of what is the same twice in a message, the first."""

    def __init__(self, shared: Shared, ours: Ours) -> None:
        super().__init__(shared, ours)
        self._written = set[bytes]()

    def put(self, value: object, depth: int = DEEPEST) -> None:
        mark = len(self.parts)
        super().put(value, depth)
        if issubclass(type(value), _KINDS) and len(_given) < _MOST:
            raw = b"".join(self.parts[mark:])
            if len(raw) <= _LONGEST and raw not in self._written:
                self._written.add(raw)
                _given[raw] = value


class KeepingDecoder(CheckerDecoder):
    """Reads what was handed over as the object that it was."""

    _finite = True

    def not_finite(self, value: Any) -> Any:
        self._finite = False
        return super().not_finite(value)

    def get(self) -> Any:
        start = self.at
        value = super().get()
        if self._finite and self.at - start <= _LONGEST and issubclass(type(value), _KINDS):
            return _given.get(self.raw[start : self.at], value)
        return value
