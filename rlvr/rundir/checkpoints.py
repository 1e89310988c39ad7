"""Checkpoints: `checkpoints/step-000010/`, whole or absent.

A checkpoint is written into a hidden folder beside its place, flushed and renamed; only then are older ones removed.
A process that dies at any moment leaves the newest whole checkpoint as it was.

Layout of one checkpoint:
    config.json, model.safetensors, tokenizer.json, ...   a Hugging Face folder: `from_pretrained` reads it
    learner.pt                                             optimizer, schedule, what rounding would lose
    trainer.json                                           cursor, dynamic sampling, pending groups
    SHA256SUMS                                             the hash of each of them; `sha256sum --check` reads it

The hashes are compared before a run goes on: a disk or a copy that lost bytes would otherwise change it in silence.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
import shlex
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rlvr.errors import CheckpointError
from rlvr.rundir.files import sync, write_text

_NAME = re.compile(r"step-(\d{6,})")
LEARNER_STATE, TRAINER_STATE, SUMS = "learner.pt", "trainer.json", "SHA256SUMS"
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
            raise CheckpointError(
                f"{found[-1][1]} has no {TRAINER_STATE}, so it is not whole; {self._way_on(found[-1][0])}"
            )
        return found[-1] if found else None

    def check(self, step: int) -> None:
        """Compare every file of the checkpoint of `step` with the hash that was written beside it.

        Raises:
            CheckpointError: names each file that is missing or differs.
        """
        _check(self._place(step), self._way_on(step))

    def _place(self, step: int) -> Path:
        return self._folder / f"step-{step:06d}"

    def _way_on(self, step: int) -> str:
        before = [each for each, path in self._found() if each < step and (path / TRAINER_STATE).is_file()]
        start = f"on from the checkpoint of step {before[-1]}" if before else "on from the start"
        return f"restore it, or remove that folder to go {start}"

    async def write(self, step: int, *, trainer_state: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Write the checkpoint of `step`; `fill` puts the model and learner files into the folder it is given.

        Raises:
            CheckpointError: nothing was written, the checkpoint before is intact (disk full, not writable).
        """
        final = self._place(step)
        partial = self._folder / f".{final.name}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            await fill(partial)
            write_text(partial / TRAINER_STATE, trainer_state)
            sums = _hashes(partial)
            write_text(partial / SUMS, "".join(f"{found}  {name}\n" for name, found in sums.items()))
            mode = (partial / TRAINER_STATE).stat().st_mode  # safetensors writes for the owner only
            for path in sorted(partial.rglob("*")):
                if path.is_file():
                    path.chmod(mode)
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


def check_model(folder: Path) -> None:
    """Compare what a model is read of, in a checkpoint, with the hashes beside it. The trainer's own state is passed
    over: nobody reads it who only samples, and it is most of the bytes.

    Raises:
        CheckpointError: names each file that is missing or differs.
    """
    _check(folder, "restore it, or name another checkpoint", without=(LEARNER_STATE, TRAINER_STATE))


def _check(folder: Path, way_on: str, *, without: Sequence[str] = ()) -> None:
    if harmed := _harmed(folder, without):
        raise CheckpointError(f"{folder} is damaged: {', '.join(harmed)}; {way_on}")


def _hashes(folder: Path, without: Sequence[str] = ()) -> dict[str, str]:
    """Name of each file below `folder` -> its SHA-256."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if (name := path.relative_to(folder).as_posix()) not in without:
            with path.open("rb") as stream:
                found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def _harmed(folder: Path, without: Sequence[str]) -> list[str]:
    """The files of a checkpoint that are not what was written, each with what is wrong."""
    if not (folder / SUMS).exists():
        way = f"cd {shlex.quote(str(folder))} && sha256sum * > {SUMS}"
        return [f"{SUMS} (missing; where you know that the rest is sound: {way})"]
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        written = {name: found for found, _, name in (line.partition("  ") for line in lines)}
        now = _hashes(folder, without)
    except (OSError, ValueError) as error:
        return [f"{SUMS} ({error})"]
    if TRAINER_STATE not in written:
        return [f"{SUMS} (does not list {TRAINER_STATE})"]
    return [
        f"{name} ({'not as it was written' if name in now else 'missing'})"
        for name, found in written.items()
        if name not in without and now.get(name) != found
    ]


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
