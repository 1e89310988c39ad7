"""In the checker: files of the tests, which a test may read by a path that the program gave.

`assert "root" in open(solve("passwd")).read()` holds for the path of the test itself, since its text holds what it
expects. So its own files are not there for a test that opens or reads a path, unless its text speaks of them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from types import FrameType

from . import context

_READERS = ("/pathlib.py", "/fileinput.py", "/codecs.py", "/linecache.py", "/tokenize.py")
_READS = re.compile(r"\bopen\(|\bread_text\b|\bread_bytes\b|\breadlines?\b|\bfileinput\b|\bgetline\b")


def guard(names: Iterable[str], text: str) -> None:
    """Hide the files of these names from what the tests open."""
    if not _READS.search(text) or "__file__" in text:
        return
    hidden = {os.path.realpath(name) for name in names if os.path.basename(name) not in text}

    def heard(event: str, details: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(details[0], str | bytes):
            return
        if os.path.realpath(os.fsdecode(details[0])) in hidden and _is_test(sys._getframe(1)):
            raise FileNotFoundError(2, "No such file or directory", details[0])

    if hidden:
        sys.addaudithook(heard)


def _is_test(frame: FrameType | None) -> bool:
    """Whether a test opens it, itself or through the standard library's functions that read files."""
    while frame is not None and frame.f_code.co_filename.endswith(_READERS):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename in context.SOURCES
