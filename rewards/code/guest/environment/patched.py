"""In the checker: what a test patches in the standard library, which the program then sees patched, too.

That is a fixed list (`builtins.input`, `time.sleep`, ...), and what the text of the tests names in `patch("...")` or
`setattr(module, "...", ...)`, or assigns (`time.time = fake`).
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ..shared import standard
from ..sources import shapes

_LISTED = (
    *(("builtins", name) for name in ("input", "print", "open")),
    *(("time", name) for name in ("time", "sleep", "monotonic", "perf_counter", "time_ns", "localtime", "strftime")),
    *(
        ("random", name)
        for name in ("random", "randint", "choice", "choices", "uniform", "shuffle", "sample", "randrange")
    ),
    *(("sys", name) for name in ("exit", "platform", "maxsize")),
    *(("os", name) for name in ("getenv", "getcwd", "listdir", "remove", "system", "getpid")),
    *(("os.path", name) for name in ("exists", "isfile", "isdir", "getsize")),
)
_OF_THEIR_OWN = [["sys", name] for name in ("argv", "stdin", "stdout", "stderr")] + [["os", "environ"]]
# `sys.argv = [...]`, `time.time = fake`: patched by plain assignment.
_ASSIGNED = re.compile(
    r"\b(?:sys|os|time|datetime|dt|random|builtins|shutil|socket|uuid|secrets|getpass|platform|calendar|locale|json|urllib"
    r"|tempfile|subprocess)\.(?!environ)\w[\w.]*\s*=[^=]"
)


class Patched:
    """Compares these objects with what was sent last."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self._held: list[tuple[str, str, Any, Any]] = []  # module, name, original, last sent
        for module, name in dict.fromkeys((*_LISTED, *_named(trees))):
            found, value = _value(module, name)
            if found:
                self._held.append((module, name, value, value))

    def changes(self) -> Iterator[tuple[Any, ...]]:
        """The new objects of names that have changed."""
        for at, (module, name, original, last) in enumerate(self._held):
            _, value = _value(module, name)
            if value is not last:
                self._held[at] = (module, name, original, value)
                yield ("restore", module, name) if value is original else ("set", module, name, value)

    def replace(self, original: Any, ours: Any) -> None:
        """Something of ours is in the place of an original: that is no change."""
        for at, (module, name, value, _) in enumerate(self._held):
            if value is original:
                self._held[at] = (module, name, ours, ours)


def assigns(text: str) -> bool:
    """Whether tests assign to a name of the standard library."""
    return _ASSIGNED.search(text) is not None


def watch(text: str, trees: Iterable[ast.Module]) -> Patched | None:
    """Start watching; None if the tests patch nothing."""
    return Patched(trees) if "patch" in text or "setattr" in text or assigns(text) else None


def _value(module: str, path: str) -> tuple[bool, Any]:
    target: Any = sys.modules.get(module)
    if target is None:
        return False, None
    for part in path.split("."):
        holder = vars(target) if isinstance(target, type) else {}
        target = holder[part] if part in holder else getattr(target, part, _value)
        if target is _value:
            return False, None
    return True, target


def _named(trees: Iterable[ast.Module]) -> Iterator[tuple[str, str]]:
    """Standard library objects that a source names as targets of patches, also by a name that the program has."""
    for tree in trees:
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    modules[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _split(node.value)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and (path := shapes.text(node)):
                first, _, rest = path.partition(".")
                if first in modules:
                    yield from _split(f"{modules[first]}.{rest}")
            elif isinstance(node, ast.Call) and len(node.args) >= 2:
                target, name = node.args[0], node.args[1]
                path = shapes.text(target)
                if path and isinstance(name, ast.Constant) and isinstance(name.value, str):
                    first, _, rest = path.partition(".")
                    if first in modules:
                        yield from _split(".".join(part for part in (modules[first], rest, name.value) if part))


def _split(text: str) -> Iterator[tuple[str, str]]:
    parts = text.split(".")
    if parts[0] == "solution" and len(parts) > 2 and (kind := standard.type_called(parts[1])) is not None:
        yield kind.__module__, ".".join((kind.__qualname__, *parts[2:]))
        return
    if parts[0] == "solution" and len(parts) > 3:  # `solution.pathlib.Path.exists`
        del parts[0]
    if len(parts) < 2 or len(parts) > 5 or not all(part.isidentifier() for part in parts):
        return
    if parts[0] not in sys.stdlib_module_names or parts[:2] in _OF_THEIR_OWN:
        return
    for at in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:at])
        try:
            importlib.import_module(module)
        except Exception:  # no such module, or one that cannot be imported here
            continue
        yield module, ".".join(parts[at:])
        return
