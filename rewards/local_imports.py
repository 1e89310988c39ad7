"""Find the local files that a Python file imports, from its source alone, without importing anything.

Local means: modules in its folder and package, their own local imports, and the `__init__.py` files that importing them
runs, wherever in a file the import is. Imports by computed names (`importlib`) are not found. Other installed packages
are excluded, as is this one, which may be in the same folder.

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
_MOST = 1000  # most files to follow from one


def with_local_imports(file: Path) -> list[Path]:
    """A Python file and its local imports, sorted."""
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
    """Whether it is part of an installed package, or of this one, and so does not change while a program runs."""
    return _is_ours(file) or _holds_installed(_above_package(file))


def roots(file: Path) -> set[Path]:
    """The folders from which a file's local imports are resolved."""
    return {file.parent, _above_package(file)}


@cache
def _holds_installed(folder: Path) -> bool:
    """Whether packages were installed there, so that its modules are not local files."""
    return any(folder.glob("*.dist-info"))


def _is_ours(file: Path) -> bool:
    return any(map(file.is_relative_to, _OURS))


def _above_package(file: Path) -> Path:
    """The folder from which the module is imported under its full name."""
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
    """The imports of a file: relative level, module name, and imported names."""
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
    """The `__init__.py` files that run before a module of a package."""
    folder = file.parent
    while is_file(folder / "__init__.py") and folder != folder.parent:
        yield folder / "__init__.py"
        folder = folder.parent


def _modules(root: Path, steps: list[str]) -> Iterator[Path]:
    """The files below a folder that importing a dotted name runs."""
    for end in range(1, len(steps) + 1):
        place = root.joinpath(*steps[:end])
        for candidate in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if is_file(candidate):
                yield candidate.resolve()


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # the path may be no valid file name
        return False
