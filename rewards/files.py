"""The files that a reward's grades depend on, as far as its source says them.

They are its own file and what it imports from beside it: modules in its folder and in its package, those that they
import in turn, wherever in a file the import stands. Of the reward `process` they are the files among the words of its
command. What is read or imported under a name that is made at run time (a list of words, `importlib`) is not seen, and
neither are installed packages: a reward says by its `version` that its grades have changed.

Example:
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "mine.py").write_text("import math\\ndef pays(request):\\n    import helper\\n")
    >>> _ = (folder / "helper.py").write_text("LIMIT = 3\\n")
    >>> [file.name for file in imported_from_beside(folder / "mine.py")]
    ['helper.py', 'mine.py']
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

from rewards.composition import Named
from rewards.registry import find

_OURS = Path(__file__).resolve().parent
_MOST = 1000  # files that are looked at for one reward


def files_of(named: Named) -> list[Path]:
    """The files of a named reward, sorted; none of this package's own. Raises UnknownReward, InvalidReward."""
    if named.reward == "process":
        command = named.parameters.get("command")
        words = command if isinstance(command, list) else _words(command) if isinstance(command, str) else []
        return sorted({Path(str(word)).absolute() for word in words if _is_file(Path(str(word)))})
    file = find(named.reward).source.file
    if not file or Path(file).resolve().is_relative_to(_OURS):
        return []
    return imported_from_beside(Path(file))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a word may be anything
        return False


def imported_from_beside(file: Path) -> list[Path]:
    """A Python file and the files that it imports from its folder or its package, sorted."""
    file = file.resolve()
    roots = {file.parent, _above_package(file)}
    found, waiting = {file}, [file]
    while waiting and len(found) < _MOST:
        for path in _imports(waiting.pop(), roots):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def _above_package(file: Path) -> Path:
    """The folder from which the module is imported under its whole name."""
    folder = file.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _imports(file: Path, roots: set[Path]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # whoever loads it says what is wrong
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                for root in roots:
                    yield from _modules(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            steps = node.module.split(".") if node.module else []
            bases = roots if node.level == 0 else {file.parents[min(node.level, len(file.parents)) - 1]}
            for base in bases:
                yield from _modules(base, steps)
                for alias in node.names:
                    yield from _modules(base, [*steps, alias.name])


def _modules(root: Path, steps: list[str]) -> Iterator[Path]:
    """The files that importing a dotted name runs, of those that lie below a folder."""
    for end in range(1, len(steps) + 1):
        place = root.joinpath(*steps[:end])
        for candidate in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if _is_file(candidate):
                yield candidate.resolve()
