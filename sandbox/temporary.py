"""A temporary folder that goes even if the process that made it is killed.

A small companion process reads until its standard input ends, which only the end of its maker does, and removes it.

Example:
    >>> from pathlib import Path
    >>> with removed_at_the_end(Path(tempfile.gettempdir(), f"example-{os.getpid()}")) as folder:
    ...     _ = (folder / "notes").write_text("gone soon")
    >>> folder.exists()
    False
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["removed_at_the_end", "temporary_folder"]

_REMOVE = "import shutil, sys\nsys.stdin.read()\nshutil.rmtree(sys.argv[1], ignore_errors=True)"


@contextlib.contextmanager
def removed_at_the_end(folder: Path) -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it with its content. Raises OSError."""
    companion = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _REMOVE, str(folder.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a signal to our process group must not stop it
    )
    try:
        folder.mkdir(mode=0o700)
    except BaseException:  # interrupts as well: what is not ours is not removed
        companion.kill()
        companion.communicate()
        raise
    try:
        yield folder
    finally:
        companion.communicate()
        shutil.rmtree(folder, ignore_errors=True)  # the companion may have been killed


def temporary_folder(prefix: str) -> contextlib.AbstractContextManager[Path]:
    """Such a folder with a new name, among the system's temporary ones."""
    return removed_at_the_end(Path(tempfile.gettempdir(), f"{prefix}{os.urandom(8).hex()}"))
