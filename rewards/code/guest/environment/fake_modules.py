"""In the checker: modules that a test puts into `sys.modules`, or blocks there, for the program to import.

Only names in the tests' text are considered. Sent are None, an object that the test created (a mock, a namespace), or
the public content of a module that it created; never a module that was loaded from somewhere.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

from ..guards.inside import is_made_module

_ABSENT = object()
# Modules that the program's side depends on.
_NEVER = frozenset(("solution", "sys", "builtins", "importlib", "__main__", "pytest", "unittest", "os", "types"))


class FakeModules:
    """Compares the modules of these names with what was sent last."""

    def __init__(self, trees: Iterable[ast.Module], local: Iterable[str]) -> None:
        constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
        texts = {text for text in constants if isinstance(text, str) and _is_name(text)} - _NEVER - {*local}
        self._original = {name: sys.modules.get(name, _ABSENT) for name in texts}
        self._sent = dict(self._original)

    def changes(self) -> Iterator[tuple[Any, ...]]:
        """The new objects of names that have changed."""
        for name, last in self._sent.items():
            value = sys.modules.get(name, _ABSENT)
            if value is last:
                continue
            self._sent[name] = value
            if value is None:
                yield ("module", name, "barred", None)
            elif value is self._original[name] or value is _ABSENT or _was_loaded(value):
                if last is not self._original[name]:
                    yield ("module", name, "back", None)
            elif isinstance(value, types.ModuleType):
                public = {key: item for key, item in vars(value).items() if not key.startswith("__")}
                yield ("module", name, "made", public)
            else:
                yield ("module", name, "object", value)


def _is_name(text: str) -> bool:
    first = text.partition(".")[0]
    return all(part.isidentifier() for part in text.split(".")) and not first.startswith(("_", "rlvr"))


def _was_loaded(value: Any) -> bool:
    return isinstance(value, types.ModuleType) and not is_made_module(value)


def watch(text: str, trees: Iterable[ast.Module], local: Iterable[str]) -> FakeModules | None:
    """Start watching; None if the tests do not mention `sys.modules`."""
    return FakeModules(trees, local) if "sys.modules" in text else None
