"""In the checker: hide files of the tests from tests that open a path returned by the program.

`assert "root" in open(solve("passwd")).read()` holds for the path of the test file itself, which contains the expected
text. So the tests' own files do not exist for a test that opens or reads a path, unless its text mentions them. Nor
does a file that the program has named: `open(solve()).read() == open("golden.txt").read()` holds for that very path.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from types import FrameType

from ..proxies import proxies
from ..shared import files
from ..sources import context

# `pathlib` is a package from Python 3.13 on.
_READERS = re.compile(r"/(?:pathlib/\w+|pathlib|fileinput|codecs|linecache|tokenize)\.py\Z")
_LONGEST = 4096
_READS = re.compile(r"\bopen\(|\bread_text\b|\bread_bytes\b|\breadlines?\b|\bfileinput\b|\bgetline\b")

_own: set[str] = set()  # files of the tests
_named: set[str] = set()  # those of them that the program has named


def guard(names: Iterable[str], text: str) -> None:
    """Hide the files of these names when the tests open something."""
    if not _READS.search(text):
        return
    _own.update(map(os.path.realpath, names))
    hidden: set[str] = set()
    if "__file__" not in text:
        hidden = {os.path.realpath(name) for name in names if os.path.basename(name) not in text}

    def heard(event: str, details: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(details[0], str | bytes) or not (hidden or _named):
            return
        path = os.path.realpath(os.fsdecode(details[0]))
        if (path in hidden or path in _named) and _is_test(sys._getframe(1)):
            raise FileNotFoundError(2, "No such file or directory", details[0])

    sys.addaudithook(heard)


def note(value: object, depth: int = 2) -> None:
    """Record paths in a value from the program."""
    if not _own:
        return
    if isinstance(value, bytes) or files.is_path(value):
        path = os.fsdecode(value) if not proxies.is_proxy(value) else ""
        if 0 < len(path) < _LONGEST and "\0" not in path and (real := os.path.realpath(path.strip())) in _own:
            _named.add(real)
    elif depth and type(value) in (list, tuple, dict):
        for item in value.values() if type(value) is dict else value:  # type: ignore[attr-defined]
            note(item, depth - 1)


def _is_test(frame: FrameType | None) -> bool:
    """Whether a test opens the file, directly or through standard library functions that read files."""
    while frame is not None and _READERS.search(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and context.is_test(frame)
