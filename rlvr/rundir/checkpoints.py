"""Checkpoints: `checkpoints/step-000010/`, whole or absent.

A checkpoint is written into a hidden folder beside its place, flushed and renamed; only then are older ones removed.
A process that dies at any moment leaves the newest whole checkpoint as it was.

Layout of one checkpoint:
    config.json, model.safetensors, tokenizer.json, ...   a Hugging Face folder: `from_pretrained` reads it
    learner.pt                                             optimizer, schedule, what rounding would lose
    trainer.json                                           cursor, dynamic sampling, pending groups
"""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from rlvr.errors import CheckpointError
from rlvr.rundir.files import sync, write_text

_NAME = re.compile(r"step-(\d{6,})")
TRAINER_STATE = "trainer.json"
_NO_ROOM = 1 << 16  # bytes


class Checkpoints:
    """The checkpoints of one run. keep_last: how many stay; 0 keeps all."""

    def __init__(self, folder: Path, *, keep_last: int) -> None:
        self._folder = folder
        self._keep_last = keep_last

    def newest(self) -> tuple[int, Path] | None:
        """The last checkpoint as (step, folder).

        Raises:
            CheckpointError: it is not whole. No process leaves one so: something else took its state away.
        """
        found = self._found()
        if found and not (found[-1][1] / TRAINER_STATE).is_file():
            before = [step for step, path in found if (path / TRAINER_STATE).is_file()]
            raise CheckpointError(
                f"{found[-1][1]} has no {TRAINER_STATE}, so it is not whole; restore it, or remove that folder to go "
                + (f"on from the checkpoint of step {before[-1]}" if before else "on from the start")
            )
        return found[-1] if found else None

    async def write(self, step: int, *, trainer_state: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Write the checkpoint of `step`; `fill` puts the model and learner files into the folder it is given.

        Raises:
            CheckpointError: nothing was written, the checkpoint before is intact (disk full, not writable).
        """
        final = self._folder / f"step-{step:06d}"
        partial = self._folder / f".{final.name}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            await fill(partial)
            write_text(partial / TRAINER_STATE, trainer_state)
            for path in sorted(partial.rglob("*")):
                sync(path)
            sync(partial)
            if final.exists():
                self._remove(final)
            partial.rename(final)
            sync(self._folder)
        except OSError as error:  # a learner's CheckpointError is one
            full = _disk_is_full(error, partial)
            shutil.rmtree(partial, ignore_errors=True)
            raise self._failure(step, OSError(errno.ENOSPC, "No space left on device") if full else error) from error
        except BaseException:  # interrupted as well: nothing half written stays
            shutil.rmtree(partial, ignore_errors=True)
            raise
        self._prune()
        return final

    def _failure(self, step: int, error: OSError) -> CheckpointError:
        found = self._found()
        intact = f"the checkpoint of step {found[-1][0]} is intact" if found else "no earlier checkpoint exists"
        todo = "free space on this disk" if error.errno == errno.ENOSPC else "make the folder writable"
        return CheckpointError(
            f"cannot write the checkpoint of step {step} in {self._folder}: {error.strerror or error}; {intact}; "
            f"{todo} and start the run again with the same command"
        )

    def _found(self) -> list[tuple[int, Path]]:
        if not self._folder.is_dir():
            return []
        return sorted((int(m[1]), p) for p in self._folder.iterdir() if (m := _NAME.fullmatch(p.name)))

    def _prune(self) -> None:
        for _, path in self._found()[: -self._keep_last] if self._keep_last else []:
            self._remove(path)

    def _remove(self, path: Path) -> None:
        """Out of sight at once, then file by file: a reader never sees half a checkpoint."""
        hidden = self._folder / f".{path.name}.removed.partial"
        shutil.rmtree(hidden, ignore_errors=True)
        path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)


def _disk_is_full(error: BaseException, folder: Path) -> bool:
    """Whether a full disk is behind an error: torch and safetensors report one in words, or in none at all."""
    cause: BaseException | None = error
    while cause is not None:
        if (
            getattr(cause, "errno", None) == errno.ENOSPC
            or "No space left" in str(cause)
            or "os error 28" in str(cause)
        ):
            return True
        cause = cause.__cause__ or cause.__context__
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < _NO_ROOM
    return False
