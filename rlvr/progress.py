"""Progress of a run: one line per step, and on a terminal a progress bar (rich) below them.

Output is best effort: if the reader of a pipe goes away or the disk of a log is full, lines are lost and the run
continues. All results are in the run directory.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from rlvr.rundir.metrics import Metrics

SHOWN = (  # metric, label, format
    ("reward/mean", "reward", "{:.3f}"),
    ("reward/correctness_mean", "right", "{:.3f}"),
    ("response/length_mean", "length", "{:.1f}"),
    ("update/entropy", "entropy", "{:.3f}"),
    ("update/gradient_norm", "gradient", "{:.2f}"),
    ("groups/trained", "groups", "{:.0f}"),
    ("grading/ungraded", "ungraded", "{:.0f}"),
    ("time/step", "seconds", "{:.1f}"),
)


class Progress:
    """Shows each step. A context manager that restores the terminal."""

    def __init__(self, *, total: int, console: Console | None = None) -> None:
        unread = None if sys.stderr is None else _Unread(sys.stderr)
        self._console = console or Console(file=unread, stderr=True)  # type: ignore[arg-type]  # it is all of IO[str]
        self._total = total
        self._bar: Bar | None = None
        if total and self._console.is_terminal and not self._console.is_dumb_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._task = self._bar.add_task("step", total=total)

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, metrics: Metrics) -> None:
        """Show a step's metrics."""
        shown = [
            f"{label} {text.format(v)}"
            for name, label, text in SHOWN
            if isinstance(v := metrics.get(name), int | float)
        ]
        shown += [
            f"{k.removeprefix('eval/')} {v:.3f}" for k, v in metrics.items() if _headline(k) and isinstance(v, float)
        ]
        self.say("  ".join([f"step {metrics['step']}/{self._total}", *shown]))
        if self._bar is not None:
            self._bar.update(self._task, completed=int(metrics["step"] or 0))

    def say(self, line: str) -> None:
        """Print a line above the live display."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class _Unread(io.TextIOBase):
    """A stream that ignores write errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a name, or nothing, for its base
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def close(self) -> None:
        """Do nothing, also when this is collected as garbage: the stream belongs to others, who may have closed it."""

    def _lose(self, error: OSError) -> None:
        """Discard buffered output if the reader is gone: Python would fail to flush it at exit."""
        if error.errno in (errno.EPIPE, errno.EIO):
            with suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


def _headline(name: str) -> bool:
    return name.startswith("eval/") and name.endswith("accuracy")
