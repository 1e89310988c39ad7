"""The state of a run, next to its output in `OUT.resume/`: manifest, journal and lock.

    run.json the manifest, which a resumed run must match journal       a record of each response
    (`rlvr.offline.journal`), with tags.jsonl and causes.jsonl lock          held by the process that writes finished
    all rows are graded; what is left is to give the files their names and to sum up whole         which folder is the
    new Parquet output, while it takes the place of an earlier one (`finalise`) replaced      the earlier one, where two
    folders cannot change places

Without OUT the state is in a temporary folder, used only for the summary.

Example:
    with RunState.open(Path("graded.jsonl"), manifest, restart=False) as state:
        print(state.done.records, "responses were graded before")
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from rlvr.errors import ConfigError
from rlvr.offline.journal import Done, Journal
from rlvr.offline.manifest import (
    Change,
    Manifest,
    changes_in,
    differences,
    read_manifest,
    same_rows,
    with_changes,
    write_manifest,
)
from rlvr.offline.outputs import errors_of, partial_of, state_of, trouble
from rlvr.regular_files import regular
from sandbox.temporary import temporary_folder

MANIFEST = "run.json"


class RunState:
    """A context manager. journal: open for appending. done: graded by earlier processes. changes: since then."""

    def __init__(self, out: Path | None) -> None:
        self._out = out
        self._open = ExitStack()
        self._lock: IO[bytes] | None = None
        self.folder = Path()
        self.done = Done()
        self.changes: list[Change] = []
        self.finished = False
        self.journal = Journal(self.folder)

    @classmethod
    def open(cls, out: Path | None, manifest: Manifest, *, restart: bool, keep_graded: bool = False) -> RunState:
        """Open or create the state of a run. out: None = standard output.

        keep_graded: resume although responses would now be graded differently.

        Raises:
            ConfigError: another process writes OUT, or the existing run differs; the message says how. BadFile: the
            folder cannot be created or its files cannot be read.
        """
        state = cls(out)
        try:
            state._begin(manifest, restart, keep_graded)
        except BaseException:  # including interrupts: close everything
            state._open.close()
            raise
        return state

    def __enter__(self) -> RunState:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def mark_finished(self) -> None:
        """Record that all rows are graded."""
        (self.folder / "finished").touch()
        self.finished = True

    def remove(self) -> None:
        """Remove the state, when the output is complete or nothing was graded."""
        self._open.close()
        if self._out is not None:
            # First, so that the rest of the folder is ignored if the process is killed here
            (self.folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self, manifest: Manifest, restart: bool, keep_graded: bool) -> None:
        changed: list[str] = []
        if self._out is None:
            self.folder = self._open.enter_context(temporary_folder("rlvr-grade-"))
        else:
            self.folder = state_of(self._out)
            self._hold(self._out)
            changed = self._compare(self._out, manifest, restart, keep_graded)
        self.journal = Journal(self.folder)
        self.done = self.journal.recover()
        if changed:
            self.changes.append(Change(behind=sum(part.rows for part in self.done.parts.values()), what=tuple(changed)))
            write_manifest(self.folder / MANIFEST, with_changes(manifest, self.changes))
        self.finished = (self.folder / "finished").exists()
        self._open.enter_context(self.journal)

    def _hold(self, out: Path) -> None:
        made = not self.folder.exists()
        lock = self.folder / "lock"
        with trouble(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with trouble(lock):
            self._lock = self._open.enter_context(open(lock, "wb", opener=regular))  # noqa: SIM115  # closed with state
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another process is writing {str(out)!r}; wait for it, or name another file with --out"
            ) from error
        except OSError:  # a file system without locks
            pass
        if made:
            for left in (partial_of(out), partial_of(errors_of(out))):  # leftovers of a run whose state is gone
                if left.is_dir():
                    shutil.rmtree(left)
                elif left.is_file() and not left.is_symlink():
                    left.unlink()

    def _compare(self, out: Path, manifest: Manifest, restart: bool, keep_graded: bool) -> list[str]:
        """The differences from the existing run, if it may be resumed despite them."""
        path = self.folder / MANIFEST
        stored = None if restart else read_manifest(path)
        if stored is None:
            for left in self.folder.iterdir():
                if left.is_dir():
                    shutil.rmtree(left)
                elif left.name != "lock":
                    left.unlink()
            for partial in (partial_of(out), partial_of(errors_of(out))):
                if partial.is_dir():
                    shutil.rmtree(partial)
            write_manifest(path, manifest)
            return []
        self.changes = changes_in(stored)
        found = differences(stored, manifest)
        keeps = same_rows(stored, manifest)
        if found and not (keep_graded and keeps):
            keeping = ", go on behind what is graded with --keep-graded" if keeps else ""
            raise ConfigError(
                f"{str(partial_of(out))!r} holds an unfinished run that differs: {'; '.join(found)}. Put it back to go "
                f"on{keeping}, begin anew with --restart, or name another file with --out"
            )
        return found
