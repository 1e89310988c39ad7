"""Files that cross: find what is in a folder, tell the other end what has changed, and write it there.

Temporary folders have the same paths at both ends (`scan`, `told`, `make`). Each end has its own working folder; files
there cross by relative names (`scan_below`, `told_below`, `put_below`), and only those without a second hard link. A
file crosses with its time and mode. Tests replace functions of `os`, so those used here are bound early.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from typing import Any, TypeAlias, TypeGuard

Mark: TypeAlias = tuple[int, int, int]  # time, size, mode
Change: TypeAlias = tuple[str, Any, int, int]
"""Path or name, content, time, mode: a folder has None for content, what is gone False."""

MOST_FILES = 500
_LARGEST = 8 << 20
_DEEPEST = 6
_chmod, _utime, _makedirs, _remove, _rmdir = os.chmod, os.utime, os.makedirs, os.remove, os.rmdir
_open = io.open


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a value may name a file. Mocks are not asked for their path, since they would record that."""
    if not isinstance(value, str | os.PathLike):
        return False
    return all(kind.__module__ != "unittest.mock" for kind in type(value).__mro__)


def _regular(path: str) -> os.stat_result | None:
    """Time, size and mode of a regular file, else None. Avoids `open` and `os.path.isfile`, which tests replace."""
    try:
        held = os.lstat(path)
    except OSError:
        return None
    return held if stat.S_ISREG(held.st_mode) else None


def _plain(path: str) -> os.stat_result | None:
    """The same, but None if the file has a second hard link."""
    held = _regular(path)
    return held if held is not None and held.st_nlink == 1 else None


def _mark(held: os.stat_result) -> Mark:
    return held.st_mtime_ns, held.st_size, stat.S_IMODE(held.st_mode)


def _read(path: str) -> Any:
    try:
        with _open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return False


def _put(path: str, content: Any, time_ns: Any, mode: Any, remove: Callable[[str], None]) -> bool:
    """Write one file, make one folder, or remove either. Returns whether it was done."""
    try:
        if content is None:
            _makedirs(path, exist_ok=True)
        elif content is False:
            remove(path)
        elif type(content) is bytes:
            _makedirs(os.path.dirname(path), exist_ok=True)
            if _regular(path) is not None:
                _chmod(path, 0o600)
            with _open(path, "wb") as file:
                file.write(content)
            _chmod(path, int(mode) & 0o777)
            _utime(path, ns=(int(time_ns), int(time_ns)))
        else:
            return False
    except (OSError, ValueError, TypeError, OverflowError):
        return False
    return True


# --- temporary folders, by paths --------------------------------------------------------------------------------------


def inside(path: str, roots: tuple[str, ...]) -> bool:
    """Whether a path is in one of the folders, and no link leads out of them."""
    if "\0" in path or not os.path.isabs(path):
        return False
    real = os.path.realpath(path)
    tops = [os.path.realpath(root) for root in roots]
    return any(real == top or real.startswith(top + os.sep) for top in tops)


def scan(roots: tuple[str, ...]) -> dict[str, Mark | None]:
    """What is in the folders: subfolders as None, files with their time, size and mode."""
    found: dict[str, Mark | None] = {}
    for root in roots:
        if (held := _regular(root)) is not None:
            found[root] = _mark(held)
        for folder, _, names in os.walk(root):
            found[folder] = None
            for name in names:
                path = os.path.join(folder, name)
                if (held := _regular(path)) is not None:
                    found[path] = _mark(held)
            if len(found) > MOST_FILES:
                return found
    return found


def told(now: dict[str, Mark | None], known: dict[str, Mark | None]) -> tuple[Change, ...]:
    """The changes to send, since the other end knows the previous state."""
    found = [_told(path, path, mark) for path, mark in now.items() if known.get(path, 0) != mark]
    found += [(path, False, 0, 0) for path in known if path not in now]
    return tuple(found)


def _told(name: str, path: str, mark: Mark | None) -> Change:
    return (name, None, 0, 0) if mark is None else (name, _read(path), mark[0], mark[2])


def make(path: str, content: Any, time_ns: Any, mode: Any, roots: tuple[str, ...]) -> None:
    """Write one file, make one folder, or remove either, if it is in one of the folders."""
    if inside(path, roots):
        _put(path, content, time_ns, mode, _remove_whole)


def _remove_whole(path: str) -> None:
    import shutil

    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        _remove(path)


# --- a working folder, by names below it ------------------------------------------------------------------------------


def scan_below(home: str) -> dict[str, Mark | None]:
    """What is below a folder: subfolders as None, and plain files."""
    found: dict[str, Mark | None] = {}
    for folder, inner, names in os.walk(home):
        at = "" if folder == home else folder[len(home) + 1 :]
        inner[:] = [name for name in inner if name != "__pycache__"] if at.count("/") < _DEEPEST else []
        if at:
            found[at] = None
        for name in names:
            if (held := _plain(os.path.join(folder, name))) is not None:
                found[f"{at}/{name}" if at else name] = _mark(held)
        if len(found) > MOST_FILES:
            break
    return found


def told_below(home: str, now: dict[str, Mark | None], known: dict[str, Mark | None]) -> tuple[Change, ...]:
    """The changes to send, as far as they fit, since the other end knows the previous state. Where a file has become a
    folder or the other way round, the old one is removed first.
    """
    gone = [name for name, mark in known.items() if name not in now or (mark is None) != (now[name] is None)]
    changes: list[Change] = [(name, False, 0, 0) for name in sorted(gone, reverse=True)[:MOST_FILES]]
    left = _LARGEST
    for name, mark in list(now.items())[:MOST_FILES]:
        size = 0 if mark is None else mark[1]
        if known.get(name, 0) != mark and size <= left:
            left -= size
            changes.append(_told(name, os.path.join(home, name), mark))
    return tuple(changes)


def put_below(home: str, name: str, content: Any, time_ns: Any, mode: Any) -> bool:
    """Write one plain file, make one folder, or remove either, without following links. Returns whether it was done."""
    path = os.path.join(home, name)
    taken = type(content) is bytes and os.path.lexists(path) and _plain(path) is None
    return not taken and os.path.realpath(path) == path and _put(path, content, time_ns, mode, _remove_plain)


def _remove_plain(path: str) -> None:
    (_remove if _plain(path) is not None else _rmdir)(path)
