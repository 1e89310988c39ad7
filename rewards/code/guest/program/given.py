"""Names that a program may use without an import if one of its methods is called: those that LeetCode's editor imports.

Solutions for it, and the skeletons that it shows, rely on them: `class Solution: def f(self, nums: List[int])`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import CodeType
from typing import Any

_WITH_CONTENTS = ("collections", "typing", "itertools", "functools", "heapq", "bisect", "math", "string")
"""Modules whose names are given, too; a name that several have is the first one's."""
_ALONE = ("copy", "datetime", "json", "operator", "random", "re", "statistics", "sys")


def given(codes: Iterable[CodeType]) -> dict[str, Any]:
    """What the names in a program mean as long as it does not define them itself, without those of builtins."""
    names = set().union(*map(_names, codes)).difference(vars(builtins))
    found: dict[str, Any] = {}
    for module in map(import_module, reversed(_WITH_CONTENTS)):
        found |= {name: getattr(module, name) for name in names.intersection(_public(module))}
    return found | {name: import_module(name) for name in names.intersection(_WITH_CONTENTS + _ALONE)}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _public(module: Any) -> list[str]:
    return getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
