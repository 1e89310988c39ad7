"""Atomic writes: to a temporary name next to the target, flushed, then renamed. A reader never sees a partial file.

A killed process leaves temporary files behind; the next process of the same run removes them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlvr.errors import CheckpointError

LEFTOVERS = (".*.partial", "samples/.*.partial", "checkpoints/.*.partial", "eval/*/*.partial")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into a message that names the file and says what to do.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written.
    """
    try:
        yield
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(
            f"cannot write {path}: {error.strerror or error}; make room or make it writable, then start the run again "
            "with the same command: it goes on from its newest checkpoint"
        ) from error


def remove_leftovers(run: Path) -> None:
    """Remove the temporary files of a killed process of this run."""
    for pattern in LEFTOVERS:
        for path in run.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def sync(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)
