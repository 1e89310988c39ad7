"""Checkpoints: `checkpoints/step-000010/`, whole or absent.

A checkpoint is written into a hidden folder beside its place, flushed and renamed; only then are older ones removed.
A process that dies at any moment leaves the newest whole checkpoint as it was.

Layout of one checkpoint:
    config.json, model.safetensors, tokenizer.json, ...   a Hugging Face folder: `from_pretrained` reads it
    learner.pt                                             optimizer, schedule, what rounding would lose
    trainer.json                                           cursor, dynamic sampling, pending groups
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from rlvr.errors import CheckpointError
from rlvr.rundir.files import sync, write_text

_NAME = re.compile(r"step-(\d{6,})")
TRAINER_STATE = "trainer.json"


class Checkpoints:
    """The checkpoints of one run. keep_last: how many stay; 0 keeps all."""

    def __init__(self, folder: Path, *, keep_last: int) -> None:
        self._folder = folder
        self._keep_last = keep_last

    def newest(self) -> tuple[int, Path] | None:
        """The last whole checkpoint as (step, folder)."""
        found = self._whole()
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
            if final.exists():  # written by a run that was cut back to an earlier step
                shutil.rmtree(final)
            partial.rename(final)
            sync(self._folder)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise self._failure(step, error) from error
        except Exception as error:
            shutil.rmtree(partial, ignore_errors=True)
            # safetensors reports a full disk with an error of its own, which is no OSError
            if "No space left" in str(error) or "os error 28" in str(error):
                raise self._failure(step, OSError(errno.ENOSPC, "No space left on device")) from error
            raise
        self._prune()
        return final

    def _failure(self, step: int, error: OSError) -> CheckpointError:
        newest = self.newest()
        intact = f"the checkpoint of step {newest[0]} is intact" if newest else "no earlier checkpoint exists"
        todo = "free space on this disk" if error.errno == errno.ENOSPC else "make the folder writable"
        return CheckpointError(
            f"cannot write the checkpoint of step {step} in {self._folder}: {error.strerror or error}; {intact}; "
            f"{todo} and start the run again with the same command"
        )

    def _whole(self) -> list[tuple[int, Path]]:
        if not self._folder.is_dir():
            return []
        found = [(int(m[1]), p) for p in self._folder.iterdir() if (m := _NAME.fullmatch(p.name))]
        return sorted((step, path) for step, path in found if (path / TRAINER_STATE).is_file())

    def _prune(self) -> None:
        whole = self._whole()
        for _, path in whole[: -self._keep_last] if self._keep_last else []:
            shutil.rmtree(path, ignore_errors=True)
