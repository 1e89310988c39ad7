"""Progress: a line that is updated in place on a terminal, or (on request) printed from time to time.

Example of a line:
    graded 12,345 responses, 823/s, 41 %, 3 min 20 s left
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rewards.pluralize import pluralize
from rlvr.offline.sources import Source

_ON_TERMINAL = 0.5  # seconds between two lines
_ELSEWHERE = 10.0
_CLEAR = "\x1b[K"
# Control characters and lone surrogates, which texts of data and rewards may contain.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def say(line: str, *, title: str = "rlvr grade: ") -> None:
    """Print a line to standard error; nothing if it is closed."""
    shown = _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), line)
    show(f"{title}{shown}\n")


def show(text: str) -> None:
    """Write to standard error, ignoring a closed one."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, end="", file=sys.stderr, flush=True)


class Progress:
    """Shows progress; a context manager, so that the terminal is restored."""

    def __init__(self, show: bool | None, sources: Sequence[Source], *, limit: int | None, before: int) -> None:
        """show: None = on a terminal. before: responses graded by earlier processes."""
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._shown = sys.stderr is not None and (self._terminal if show is None else show)
        self._sources = sources
        self._weights = [weight(source) for source in sources]
        self._limit = limit
        self._before = before
        self._began = self._last = time.monotonic()
        self._first_share: float | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._terminal:
            show(_CLEAR)

    def update(self, taken: int, *, index: int) -> None:
        """Show progress. taken: responses graded by this process. index: of the last row."""
        if not self._shown:
            return
        now = time.monotonic()
        if self._first_share is None:
            self._first_share = self._share(index)
        if now - self._last < (_ON_TERMINAL if self._terminal else _ELSEWHERE):
            return
        self._last = now
        line = self.line(taken, now - self._began, self._share(index))
        show(f"{line}{_CLEAR}\r" if self._terminal else f"rlvr grade: {line}\n")

    def line(self, taken: int, seconds: float, share: float | None) -> str:
        """The progress line."""
        parts = [f"graded {pluralize(self._before + taken, 'response', ',')}", f"{taken / max(seconds, 1e-9):,.0f}/s"]
        if share:  # unknown if a cluster reads
            parts.append(f"{100 * share:.0f} %")
            done = share - (self._first_share or 0.0)
            if done > 0:
                parts.append(f"{_spelled((1.0 - share) / done * seconds)} left")
        return ", ".join(parts)

    def _share(self, index: int) -> float | None:
        """The share of the input that has been read; None = unknown."""
        shares = [source.read_share() for source in self._sources]
        read: float | None = None
        if all(share is not None for share in shares):
            total = sum(self._weights)
            read = sum(w * (s or 0.0) for w, s in zip(self._weights, shares, strict=True)) / total if total else 1.0
        if self._limit is not None:
            of_limit = (index + 1) / self._limit
            return of_limit if read is None else max(read, of_limit)
        return read


def weight(source: Source) -> float:
    """The size of a file in bytes; 1 for other sources."""
    path = Path(source.name)
    try:
        return float(path.stat().st_size)
    except OSError:
        return 1.0


def _spelled(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
