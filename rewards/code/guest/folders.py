"""Temporary folders of the tests, which both ends have: what is handed to the program, and what it changes there.

A file goes over with its time and mode.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable
from typing import Any, TypeAlias

from . import proxies

_HOLDS_NO_PATH = (type(None), bool, int, float, complex, bytes, bytearray, type)
_LARGEST_FILES = 8 << 20
_MOST_FILES = 500
_Mark: TypeAlias = tuple[int, int, int]  # time, size, mode
_chmod, _utime, _makedirs, _remove = os.chmod, os.utime, os.makedirs, os.remove  # tests replace them
# Ways in which a path comes to the program unseen.
_TELLS_PATHS = re.compile(r"chdir|environ|\benv\b|setenv|stdin|StringIO|\binput\s*\(|builtins\.input|[\"']input[\"']")
# What a test calls a file that it compares with. In a folder that it hands over the program sees none of them.
_COMPARED_WITH = re.compile(
    r"expect|golden|(?<![a-z])(?:want(?:ed)?|answers?|truth|correct|should)(?![a-z])", re.IGNORECASE
)
_READS = re.compile(r"\bread|\bopen\(|\bcmp\b|\bload|getline")
_LONGEST_PATH = 4096


class Files:
    """Temporary folders of the tests, which the program sees under the same paths: what the test has handed over of
    them. What else lies there may be what the test expects; the program neither sees nor changes it.
    """

    def __init__(self, text: str) -> None:
        self.roots: tuple[str, ...] = ()
        self._names: set[str] = set()  # of the roots, as tests write them
        self._everything = bool(_TELLS_PATHS.search(text))
        self._compares = bool(_READS.search(text))
        self._handed: set[str] = set()
        self._told: set[str] = set()  # names of files, wherever they lie
        self._known: dict[str, _Mark | None] = {}
        self._wrap_tempfile()

    def add_root(self, path: str) -> None:
        real = os.path.realpath(path)
        self._names |= {path, real}
        if real not in self.roots:
            self.roots = (*self.roots, real)

    def hand(self, values: Iterable[Any]) -> None:
        """Note the paths among values that go to the program; objects of the test may hold any."""
        for value in values:
            if isinstance(value, str | os.PathLike):
                self._hand_path(os.fspath(value))
            elif isinstance(value, list | tuple | set | frozenset):
                self.hand(value)
            elif isinstance(value, dict):
                self.hand((*value.keys(), *value.values()))
            elif not (proxies.is_proxy(value) or isinstance(value, _HOLDS_NO_PATH)):
                self._everything = self._everything or type(value).__name__ != "_ModuleNumber"

    def _hand_path(self, text: Any) -> None:
        if type(text) is str and len(text) < _LONGEST_PATH:
            self._told.add(os.path.basename(text))
        if self._everything or type(text) is not str or not any(name in text for name in self._names):
            return
        start = re.split(r"[*?\[]", text, maxsplit=1)[0]
        if start != text:  # a pattern: the folder that it looks in
            start = os.path.dirname(start)
        if not text.startswith(tuple(self._names)) or "\n" in text:  # paths inside a text
            self._everything = True
        self._handed.add(os.path.realpath(start))

    def _is_handed(self, path: str) -> bool:
        if path in self._handed:
            return True
        name = os.path.basename(path)
        if self._compares and name not in self._told and _COMPARED_WITH.search(name) and not os.path.isdir(path):
            return False
        return self._everything or any(path.startswith(handed + os.sep) for handed in self._handed)

    def _scan(self) -> dict[str, _Mark | None]:
        """What is handed over, and the folders that it lies in."""
        found = scan(self.roots)
        return {
            path: mark
            for path, mark in found.items()
            if self._is_handed(path)
            or (mark is None and any(handed.startswith(path + os.sep) for handed in self._handed))
        }

    def _wrap_tempfile(self) -> None:
        import tempfile

        folder, file = tempfile.mkdtemp, tempfile.mkstemp
        named = tempfile.NamedTemporaryFile

        def mkdtemp(*args: Any, **kwargs: Any) -> Any:
            made = folder(*args, **kwargs)
            self.add_root(os.fspath(made))
            return made

        def mkstemp(*args: Any, **kwargs: Any) -> Any:
            made = file(*args, **kwargs)
            self.add_root(os.fspath(made[1]))
            return made

        def named_file(*args: Any, **kwargs: Any) -> Any:
            made = named(*args, **kwargs)
            self.add_root(os.fspath(made.name))
            return made

        tempfile.mkdtemp, tempfile.mkstemp = mkdtemp, mkstemp
        tempfile.NamedTemporaryFile = named_file

    def changed(self) -> tuple[Any, ...]:
        """`(path, content, time, mode)`: a folder has None for content, a file that is gone False."""
        now = self._scan()
        found = [told(path, mark) for path, mark in now.items() if self._known.get(path, 0) != mark]
        found += [(path, False, 0, 0) for path in self._known if path not in now]
        self._known = now
        return tuple(found)

    def apply(self, changes: Any) -> None:
        """Changes of the program, inside the roots only."""
        if type(changes) is not tuple or len(changes) > _MOST_FILES:
            return
        for change in changes:
            if type(change) is tuple and len(change) == 4 and type(change[0]) is str and "\0" not in change[0]:
                path = os.path.realpath(change[0])
                if self._is_handed(path) or not os.path.lexists(path):
                    make(path, *change[1:], self.roots)
                    self._handed.add(path)
        self._known = self._scan()


def is_compared_with(name: str) -> bool:
    """Whether a file is called like one that a test compares with."""
    return bool(_COMPARED_WITH.search(name))


def inside(path: str, roots: tuple[str, ...]) -> bool:
    """Whether a path lies in one of the folders, through no link that leads out of them."""
    if "\0" in path or not os.path.isabs(path):
        return False
    real = os.path.realpath(path)
    tops = [os.path.realpath(root) for root in roots]
    return any(real == top or real.startswith(top + os.sep) for top in tops)


def scan(roots: tuple[str, ...]) -> dict[str, _Mark | None]:
    """Folders and files, each file with its time, size and mode."""
    found: dict[str, _Mark | None] = {}
    for root in roots:
        if (held := _regular(root)) is not None:
            found[root] = _mark(held)
        for folder, _, names in os.walk(root):
            found[folder] = None
            for name in names:
                path = os.path.join(folder, name)
                if (held := _regular(path)) is not None:
                    found[path] = _mark(held)
            if len(found) > _MOST_FILES:
                return found
    return found


def _mark(held: os.stat_result) -> _Mark:
    return held.st_mtime_ns, held.st_size, stat.S_IMODE(held.st_mode)


def told(path: str, mark: _Mark | None) -> tuple[str, Any, int, int]:
    """What the other end is told of a file or a folder."""
    return (path, None, 0, 0) if mark is None else (path, read(path), mark[0], mark[2])


def _regular(path: str) -> os.stat_result | None:
    """What is known of a file, where it is one. Tests replace `open` and `os.path.isfile`, and count their calls."""
    try:
        held = os.lstat(path)
    except OSError:
        return None
    return held if stat.S_ISREG(held.st_mode) else None


def read(path: str) -> Any:
    try:
        with io.open(path, "rb") as file:  # noqa: UP020  # not what a test put in its place
            return file.read(_LARGEST_FILES)
    except OSError:
        return False


def make(path: str, content: Any, time_ns: Any, mode: Any, roots: tuple[str, ...]) -> None:
    """Write one file, with its time and mode, make one folder, or remove one of them."""
    import shutil

    if not inside(path, roots):
        return
    try:
        if content is None:
            _makedirs(path, exist_ok=True)
        elif content is False:
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                _remove(path)
        elif type(content) is bytes:
            _makedirs(os.path.dirname(path), exist_ok=True)
            if _regular(path) is not None:
                _chmod(path, 0o600)
            with io.open(path, "wb") as file:  # noqa: UP020
                file.write(content)
            _chmod(path, int(mode) & 0o777)
            _utime(path, ns=(int(time_ns), int(time_ns)))
    except (OSError, ValueError, TypeError, OverflowError):
        return
