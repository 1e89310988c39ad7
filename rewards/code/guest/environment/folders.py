"""In the checker: temporary folders of the tests: what the program gets of them, and what it changes there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..guards import spoiling
from ..proxies import proxies, uses
from ..shared import files

_HOLDS_NO_PATH = (type(None), bool, int, float, complex, bytes, bytearray, type)
# Ways in which a path may reach the program unnoticed.
_TELLS_PATHS = re.compile(r"chdir|environ|\benv\b|setenv|stdin|StringIO|\binput\s*\(|builtins\.input|[\"']input[\"']")
# Names of files that a test compares with. The program sees none of them, even in a folder that is handed over.
_COMPARED_WITH = re.compile(
    r"expect|golden|(?<![a-z])(?:want(?:ed)?|answers?|truth|correct|should)(?![a-z])", re.IGNORECASE
)
_LISTS = re.compile(r"iterdir|glob|listdir|\bwalk\b|scandir")
_LISTS_BELOW = re.compile(r"rglob|\bwalk\b|\*\*|recursive")
_READS = re.compile(r"\bread|\bopen\(|\bcmp\b|\bload|getline")
_LONGEST_PATH = 4096


def held_in(values: Iterable[Any]) -> Iterator[Any]:
    """What is in values for the program, and in containers among them. Objects of the program hold what it was handed
    before, and are not looked into: that would be another request.
    """
    pending, seen = [*values], set[int]()
    while pending:
        value = pending.pop()
        if proxies.is_proxy(value) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list | tuple | set | frozenset):
            pending += value
        elif isinstance(value, dict):
            pending += (*value.keys(), *value.values())
        else:
            yield value


class Folders:
    """Temporary folders of the tests, which have the same paths for the program. It sees what the test has handed over.
    Other files there may be what the test expects; the program neither sees nor changes them.
    """

    def __init__(self, text: str) -> None:
        self.roots: tuple[str, ...] = ()
        self._names: set[str] = set()  # the roots as tests spell them
        self._everything = bool(_TELLS_PATHS.search(text))
        self._compares = bool(_READS.search(text))
        self._lists = bool(_LISTS.search(text))
        self._lists_below = bool(_LISTS_BELOW.search(text))
        self._handed: set[str] = set()
        self._told: set[str] = set()  # names of files in any folder
        self._known: dict[str, files.Mark | None] = {}
        self._wrap_tempfile()

    def add_root(self, path: str) -> None:
        """Add a temporary folder, or file, of the tests."""
        real = os.path.realpath(path)
        self._names |= {path, real}
        if real not in self.roots:
            self.roots = (*self.roots, real)

    def hand(self, values: Iterable[Any]) -> None:
        """Record the paths in values for the program; objects of the test may contain any."""
        for value in held_in(values):
            if files.is_path(value):
                self._hand_path(os.fspath(value))
            elif not isinstance(value, _HOLDS_NO_PATH):
                self._everything = self._everything or value is not proxies.MODULE

    def _hand_path(self, text: Any) -> None:
        if type(text) is str and len(text) < _LONGEST_PATH:
            self._told.add(os.path.basename(text))
        if self._everything or type(text) is not str or not any(name in text for name in self._names):
            return
        start = re.split(r"[*?\[]", text, maxsplit=1)[0]
        if start != text:  # a pattern: its folder
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

    def _scan(self) -> dict[str, files.Mark | None]:
        """What is handed over, and the folders around it."""
        found = files.scan(self.roots)
        return {
            path: mark
            for path, mark in found.items()
            if self._is_handed(path)
            or (mark is None and any(handed.startswith(path + os.sep) for handed in self._handed))
        }

    def _wrap_tempfile(self) -> None:
        import tempfile

        def noting(make: Callable[..., Any], path_of: Callable[[Any], Any]) -> Any:
            def noted(*args: Any, **kwargs: Any) -> Any:
                made = make(*args, **kwargs)
                self.add_root(os.fspath(path_of(made)))
                return made

            return noted

        tempfile.mkdtemp = noting(tempfile.mkdtemp, lambda made: made)
        tempfile.mkstemp = noting(tempfile.mkstemp, lambda made: made[1])
        tempfile.NamedTemporaryFile = noting(tempfile.NamedTemporaryFile, lambda made: made.name)

    def changed(self) -> tuple[Any, ...]:
        """The changes to send to the program; see `files.Change`."""
        now = self._scan()
        changes = files.told(now, self._known)
        self._known = now
        return changes

    def apply(self, changes: Any) -> None:
        """Apply changes of the program, inside the roots only."""
        if type(changes) is not tuple or len(changes) > files.MOST_FILES:
            return
        frame = uses.test_frame()
        told = [c for c in changes if type(c) is tuple and len(c) == 4 and type(c[0]) is str and "\0" not in c[0]]
        paths = [os.path.realpath(change[0]) for change in told]
        contents = {path: change[1] for path, change in zip(paths, told, strict=True)}
        cleared = _cleared(self._known, contents, listed=self._lists, below=self._lists_below)
        made = {path for path in paths if contents[path] or contents[path] is None}
        made |= set(map(os.path.dirname, made)) - set(self.roots)
        bare = [folder for folder in cleared if spoiling.is_read_again(frame, folder, _outside(folder, made))]
        for path, change in zip(paths, told, strict=True):
            if any(path.startswith(folder + os.sep) for folder in bare):
                continue
            lost = bool(self._known.get(path)) and _loses(path, change[1])
            if lost and spoiling.is_read_again(frame, path, {*paths} - {path}):
                continue
            if self._is_handed(path) or not os.path.lexists(path):
                files.make(path, *change[1:], self.roots)
                self._handed.add(path)
        self._known = self._scan()


def _cleared(known: dict[str, files.Mark | None], contents: dict[str, Any], *, listed: bool, below: bool) -> list[str]:
    """Folders that are gone, empty, or contain only empty files; if folders are listed, also those with none of the
    former files, and fewer. below: whether files count that are in other folders of the folder.
    """
    gone = {path for path, content in contents.items() if path in known and not content and content is not None}
    folders = {path for path, mark in known.items() if mark is None}

    def inside(folder: str, paths: Iterable[str]) -> set[str]:
        within = {path for path in paths if path.startswith(folder + os.sep)}
        return {path for path in within if below or not listed or os.path.dirname(path) == folder}

    def is_cleared(folder: str) -> bool:
        held, new = inside(folder, known), inside(folder, contents) - gone
        return bool(held) and held <= gone and len(new) < (len(held) if listed else 1)

    return [folder for folder in folders if is_cleared(folder)]


def _outside(folder: str, paths: Iterable[str]) -> set[str]:
    return {path for path in paths if not f"{path}{os.sep}".startswith(folder + os.sep)}


def _loses(path: str, content: Any) -> bool:
    """Whether a file would lose content; appending to it loses nothing."""
    try:
        with open(path, "rb") as file:
            return type(content) is bytes and file.read() not in content
    except OSError:
        return False


def is_compared_with(name: str) -> bool:
    """Whether a file has the name of one that a test compares with."""
    return bool(_COMPARED_WITH.search(name))
