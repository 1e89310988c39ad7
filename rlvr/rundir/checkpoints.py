"""Checkpoints: `checkpoints/step-000010/`, complete or absent.

A checkpoint is written into a hidden sibling folder, flushed and renamed; only then are older ones removed. A process
that dies at any moment leaves the newest complete checkpoint intact.

Layout of one checkpoint:
    config.json, model.safetensors, tokenizer.json, ...   a Hugging Face folder: `from_pretrained` reads it
    learner.pt                                             optimizer, schedule, float32 masters
    trainer.json                                           cursor, dynamic sampling, pending groups
    SHA256SUMS                                             the hash of each of them; `sha256sum --check` reads it

The hashes are checked before a run resumes, so that a damaged disk or copy does not silently change it.
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
from rlvr.regular_files import read_text
from rlvr.rundir.files import sync, write_text

_NAME = re.compile(r"step-(\d{6,})")
LEARNER_STATE, TRAINER_STATE, SUMS = "learner.pt", "trainer.json", "SHA256SUMS"
_NO_ROOM = 1 << 16  # bytes


class Checkpoints:
    """The checkpoints of one run. keep_last: number of checkpoints to keep; 0 keeps all."""

    def __init__(self, folder: Path, *, keep_last: int) -> None:
        self._folder = folder
        self._keep_last = keep_last

    def newest(self) -> tuple[int, Path] | None:
        """The last checkpoint as (step, folder).

        Raises:
            CheckpointError: it is incomplete. Our processes never leave one so: something else removed its files.
        """
        found = self._found()
        if found and not (found[-1][1] / TRAINER_STATE).is_file():
            raise CheckpointError(
                f"{found[-1][1]} has no {TRAINER_STATE}, so it is not whole; {self._way_on(found[-1][0])}"
            )
        return found[-1] if found else None

    def check(self, step: int) -> None:
        """Compare every file of the checkpoint of `step` with its recorded hash.

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
        """Write the checkpoint of `step`; `fill` writes the model and learner files into a given folder.

        Raises:
            CheckpointError: nothing was written (disk full, not writable); the previous checkpoint is intact.
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
            mode = (partial / TRAINER_STATE).stat().st_mode  # safetensors sets owner-only permissions
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
        except BaseException:  # interrupts too: leave no partial folder
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
        """Rename first, then delete: a reader never sees a partial checkpoint."""
        hidden = self._folder / f".{path.name}.removed.partial"
        shutil.rmtree(hidden, ignore_errors=True)
        path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)


def check_model(folder: Path) -> None:
    """Compare the model files of a checkpoint with their recorded hashes. The trainer's state is skipped: sampling does
    not need it, and it is most of the bytes.

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
    """The damaged files of a checkpoint, each with what is wrong."""
    if not (folder / SUMS).exists():
        way = f"cd {shlex.quote(str(folder))} && sha256sum * > {SUMS}"
        return [f"{SUMS} (missing; where you know that the rest is sound: {way})"]
    try:
        lines = read_text(folder / SUMS).splitlines()
        written = {name: found for found, _, name in (line.partition("  ") for line in lines)}
        now = _hashes(folder, without)
    except (OSError, ValueError) as error:
        return [f"{SUMS} ({error})"]
    if "" in written:
        return [f"{SUMS} (a line is no hash and name)"]
    if TRAINER_STATE not in written:
        return [f"{SUMS} (does not list {TRAINER_STATE})"]
    return [
        f"{name} ({'not as it was written' if name in now else 'missing'})"
        for name, found in written.items()
        if name not in without and now.get(name) != found
    ]


def _disk_is_full(error: BaseException, folder: Path) -> bool:
    """Whether a full disk caused an error: torch and safetensors report it only in the message, or not at all."""
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
