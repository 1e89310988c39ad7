"""What is made once for all test workers: the first one to need it makes it, and the others wait and read it.

Example:
    with locked_folder(tmp_path_factory, "rows") as folder:
        if not (folder / "rows.json").exists():
            ...
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def locked_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that this run's workers share. Only one of them at a time has it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / f"shared-{name}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
