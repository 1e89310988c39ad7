"""In the checker: files with relative names, which tests pass to the program or the program creates for them.

Each end has its own working folder. A file that a test passes by name is copied to the program's folder. A file that
the program creates or changes there is copied here if a test has passed its name, or has it as a literal in its text.
The tests' own files are never changed, nor files that the test wrote and did not pass. Files that Python or pytest
would load (`json.py`, `conftest.py`, `pytest.ini`, `x.pth`, `x.so`) never cross. Links are not followed.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from ..shared import files
from ..shared.files import MOST_FILES, Mark
from . import folders

_USES = re.compile(
    r"\bopen\(|\bPath\(|pathlib|\bos\.(?:path\.(?:exists|isfile|isdir|getsize)|remove|unlink|stat|makedirs|mkdir|rename|replace|access)\b|shutil"
    r"|\b(?:exists|isfile|isdir|getsize)\(|sqlite3|shelve|zipfile|tarfile|read_csv|FileHandler"
)
# Ways in which a test may run a file beside it, or load it without the interpreter's own import.
_RUNS = re.compile(
    r"\bPopen\b|create_subprocess|popen\([^)\n]*,\s*(?:mode\s*=\s*)?[\"']w|ctypes|cffi|dlopen|\bexec[lv]p?e?\(|spawn"
    r"|\bpty\b|pytester|testdir|makepyfile|site\.addsitedir"
)
_LOADED = re.compile(
    r"(?:^|/)(?:__pycache__|__init__[^/]*|conftest[^/]*|(?:site|user)customize[^/]*|matplotlibrc|pyvenv\.cfg|tox\.ini"
    r"|setup\.cfg|\.?pytest\.\w+|\.pytest_cache|pyproject\.toml|\.pdbrc|\.coveragerc|python\w*\._pth)(?:/|$)"
    r"|\.(?:py\w*|so|dll|dylib|pth|egg|whl|egg-info|dist-info|egg-link)(?:[./]|$)",
    re.IGNORECASE,
)
_LONGEST, _DEEPEST = 200, 6
_MOST_VALUES = 1000
_SHORTEST_HEARD = 4
_getcwd = os.getcwd  # tests replace it

received: set[str] = set()  # files of the program beside the tests


def may_matter(text: str) -> bool:
    """Whether files may cross: the tests have their own folder, and mention files or have some in it."""
    home = os.getcwd()
    return home != os.sep and not _RUNS.search(text) and bool(_USES.search(text) or os.listdir(home))


def start(text: str, trees: Iterable[ast.Module]) -> Beside | None:
    """Start mirroring; None if the tests mention no files and have no data files beside them."""
    made = Beside(trees)
    return made if made.has_data() or _USES.search(text) else None


class Beside:
    """The files that both working folders have of each other."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self._home = os.path.realpath(os.getcwd())
        nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
        self._literals = {name for node in nodes if (name := self._normal(node.value))}
        own = files.scan_below(self._home)
        self._own = {name for name, mark in own.items() if mark is not None}
        self._own_folders = {name for name, mark in own.items() if mark is None}
        self._handed: set[str] = set()
        self._heard: set[str] = set()  # names that the program sent before a test passed them
        self._listened = {name: name.rpartition("/")[2].encode() for name in self._literals | self._own}
        self._theirs: set[str] = set()  # files that the program has created here
        self._written: dict[str, Mark | None] = {}  # those, as the program left them
        self._known: dict[str, Mark | None] = {}

    def has_data(self) -> bool:
        """Whether there is any file beside the tests that is not loaded by its name."""
        return any(not _LOADED.search(name) for name in self._own)

    def _normal(self, text: Any) -> str:
        """The name relative to the working folder; empty if it is outside, or may be loaded."""
        if type(text) is not str or not 0 < len(text) <= _LONGEST or not text.isprintable():
            return ""
        if os.path.isabs(text):
            if not text.startswith(self._home + os.sep):
                return ""
            text = text[len(self._home) + 1 :]
        name = os.path.normpath(text) if text else "."
        if name == "." or name.startswith(("..", "/")) or name.count("/") >= _DEEPEST or _LOADED.search(name):
            return ""
        return name

    # --- to the program ---

    def heard(self, raw: bytes) -> None:
        """Look at a message of the program: a name that it mentions first does not count as passed by the test."""
        for name, base in self._listened.items():
            if len(base) >= _SHORTEST_HEARD and name not in self._handed and base in raw:
                self._heard.add(name)

    def hand(self, values: Iterable[Any]) -> None:
        """Record the names in values for the program."""
        try:
            home = os.path.realpath(_getcwd()) == self._home
        except FileNotFoundError:
            home = False
        paths = (os.fspath(v) for v in islice(folders.held_in(values), _MOST_VALUES) if files.is_path(v))
        for text in paths:
            if (name := self._normal(text)) and (home or os.path.isabs(text)):
                self._hand_name(name)

    def _hand_name(self, name: str) -> None:
        if name in self._own and folders.is_compared_with(name):
            return
        if name not in self._heard:
            self._handed.add(name)

    def _is_handed(self, name: str, mark: Mark | None) -> bool:
        if name in self._handed or name in self._theirs:
            return True
        if mark is None:
            return any(handed.startswith(name + "/") for handed in self._handed) or self._is_below(name)
        base = name.rpartition("/")[2]
        return self._is_below(name) and name not in self._own and not folders.is_compared_with(base)

    def _is_below(self, name: str) -> bool:
        return any(name.startswith(handed + "/") for handed in self._handed)

    def changed(self) -> tuple[Any, ...]:
        """The changes to send to the program; see `files.Change`."""
        found = files.scan_below(self._home)
        self._theirs = {name for name in self._theirs if found.get(name, 0) == self._written.get(name, 1)}
        received.intersection_update(found)
        now = {name: mark for name, mark in found.items() if self._is_handed(name, mark) and not _LOADED.search(name)}
        changes = files.told_below(
            self._home, now, {name: mark for name, mark in self._known.items() if name not in found or name in now}
        )
        self._known = now
        return changes

    # --- from the program ---

    def apply(self, changes: Any) -> None:
        """Apply changes of the program, as far as they are allowed here."""
        if type(changes) is not tuple or len(changes) > 2 * MOST_FILES:
            return
        refused: set[str] = set()  # what to send to the program again
        for change in changes:
            if type(change) is not tuple or len(change) != 4 or type(change[0]) is not str:
                continue
            name, content, time_ns, mode = change
            if self._normal(name) == name and self._may_come(name):
                there = _lies_at(self._home, name)
                if files.put_below(self._home, name, content, time_ns, mode) and content is not False and not there:
                    self._theirs.add(name)
                if type(content) is bytes:
                    received.add(name)
            else:
                refused.add(name)
        found = files.scan_below(self._home)
        self._theirs &= found.keys()
        self._written = {name: found[name] for name in self._theirs}
        self._known = {
            name: mark for name, mark in found.items() if self._is_handed(name, mark) and name not in refused
        }

    def _may_come(self, name: str) -> bool:
        if name in self._own or name in self._own_folders:
            return False
        if name in self._handed or name in self._theirs:
            return True
        folder = name
        while folder := folder.rpartition("/")[0]:
            if folder in self._own_folders:
                return False
        if _lies_at(self._home, name):  # the test wrote it, and did not pass it
            return self._is_below(name) and name in self._known
        if folders.is_compared_with(name.rpartition("/")[2]):
            return False
        leads_there = any(other.startswith(name + "/") for other in self._literals | self._handed)
        below = any(name.startswith(other + "/") for other in self._literals)
        return name in self._literals or leads_there or below or self._is_below(name)


def _lies_at(home: str, name: str) -> bool:
    return os.path.lexists(os.path.join(home, name))
