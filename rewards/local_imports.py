"""Which files a Python file imports from beside it, as far as its source says them; nothing is imported to see it.

They are modules in its folder and in its package, those that they import in turn, wherever in a file the import stands,
and what a package runs when a part of it is imported. What is imported under a name that is made at run time
(`importlib`) is not seen, and neither are other installed packages, nor this one, which may lie in the same folder.

Example:
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "mine.py").write_text("import math\\ndef pays(request):\\n    import helper\\n")
    >>> _ = (folder / "helper.py").write_text("LIMIT = 3\\n")
    >>> [file.name for file in with_local_imports(folder / "mine.py")]
    ['helper.py', 'mine.py']
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

_HOME = Path(__file__).resolve().parent.parent
_OURS = [_HOME / package for package in ("sandbox", "rewards", "data_prep", "rlvr")]
_MOST = 1000  # files that are followed from one, at most


def with_local_imports(file: Path) -> list[Path]:
    """A Python file and the files that it imports from its folder or its package, sorted."""
    file = file.resolve()
    above = _above_package(file)
    own = above / file.relative_to(above).parts[0] if is_installed(file) else above
    found, waiting = {file}, [file]
    while waiting and len(found) < _MOST:
        for path in _imports(waiting.pop(), roots(file)):
            if path not in found and path.is_relative_to(own) and not _is_ours(path):
                found.add(path)
                waiting.append(path)
    return sorted(found)


def is_installed(file: Path) -> bool:
    """Whether it is part of an installed package, or of this one: nobody writes it anew while a program runs."""
    return _is_ours(file) or _holds_installed(_above_package(file))


def roots(file: Path) -> set[Path]:
    """The folders from which a file imports what stands beside it."""
    return {file.parent, _above_package(file)}


@cache
def _holds_installed(folder: Path) -> bool:
    """Whether packages were installed there: those that lie side by side are nobody's own."""
    return any(folder.glob("*.dist-info"))


def _is_ours(file: Path) -> bool:
    return any(map(file.is_relative_to, _OURS))


def _above_package(file: Path) -> Path:
    """The folder from which the module is imported under its whole name."""
    folder = file.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _imports(file: Path, roots: set[Path]) -> Iterator[Path]:
    try:
        held = file.stat()
    except OSError:
        return
    for level, steps, names in _statements(file, held.st_mtime_ns, held.st_size):
        if level:
            yield from _packages(file)
        for base in {file.parents[min(level, len(file.parents)) - 1]} if level else roots:
            yield from _modules(base, steps)
            for name in names:
                yield from _modules(base, [*steps, name])


@lru_cache(maxsize=4 * _MOST)
def _statements(file: Path, _written: int, _size: int) -> list[tuple[int, list[str], list[str]]]:
    """The imports of a file: how many folders up, the module's name, and what is taken of it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # importing it will report what is wrong
    found: list[tuple[int, list[str], list[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, alias.name.split("."), []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            found.append((node.level, module, [alias.name for alias in node.names]))
    return found


def _packages(file: Path) -> Iterator[Path]:
    """What is run before a part of a package."""
    folder = file.parent
    while is_file(folder / "__init__.py") and folder != folder.parent:
        yield folder / "__init__.py"
        folder = folder.parent


def _modules(root: Path, steps: list[str]) -> Iterator[Path]:
    """The files that importing a dotted name runs, of those that lie below a folder."""
    for end in range(1, len(steps) + 1):
        place = root.joinpath(*steps[:end])
        for candidate in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if is_file(candidate):
                yield candidate.resolve()


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a path may be text that no file can have as its name
        return False
