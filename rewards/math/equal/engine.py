r"""Ask sympy for proofs, in a separate process that is killed when it is late.

sympy may take for ever, catches exceptions meant to interrupt it, and may use any amount of memory. So it runs in a
separate process (`symbolic`), with kernel limits on CPU time and memory, and within the time left for the grade
(`budget`). If no answer comes, the comparison is undecided.

The process starts with the first question, and lives until it is late, has grown, or its standard input is closed; its
successor loads sympy while other answers are graded. A grade may wait for loading beyond its own time, but not up to
its deadline; then it is undecided. Expressions are exchanged as JSON trees: nothing is unpickled, and sympy never
parses text.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from rewards.json_lines import LineSplitter, line
from rewards.math import budget
from rewards.math.equal.transfer import intervals_from_plain, to_plain
from rewards.math.expressions import Expr
from rewards.math.values import Interval
from rewards.worker_process import environment

_CHUNK = 1 << 16
_USUALLY_LOADED = 5.0  # seconds; it takes one


class _Late(Exception):
    """The process does not answer in time."""


class _Gone(_Late):
    """The process has ended."""


class _Engine:
    """The process and the pipes to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rewards.math.equal.symbolic"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment(),
        )
        self._began = time.monotonic()
        self._is_ready = False
        self._splitter = LineSplitter()
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    @property
    def _descriptor(self) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def is_ready(self, seconds: float) -> bool:
        """Wait up to `seconds` until sympy is loaded. Returns whether it is. Raises RuntimeError if it cannot be
        loaded, or takes several times as long as usual: then no answer is to blame.
        """
        try:
            if not self._is_ready:
                self._receive(seconds)
            self._is_ready = True
        except _Gone:
            code = self._process.wait()
            raise RuntimeError(
                f"the process that loads sympy ended with code {code} before it was ready; its standard error says "
                f"why; try: {sys.executable} -m rewards.math.equal.symbolic"
            ) from None
        except _Late:
            if (passed := time.monotonic() - self._began) > _USUALLY_LOADED:
                raise RuntimeError(
                    f"sympy has been loading for {passed:.0f} s, which usually takes one: the machine is too busy; "
                    "grade again, with fewer workers or a longer deadline"
                ) from None
        return self._is_ready

    def ask(self, question: bytes, seconds: float) -> Any:
        """Send a question and return the answer. Raises _Late."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question)
        except OSError:
            raise _Late from None
        return self._receive(seconds)

    def _receive(self, seconds: float) -> Any:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self._poll.poll(1e3 * left):
                break
            chunk = os.read(self._descriptor, _CHUNK)
            if not chunk:
                raise _Gone
            for received in self._splitter.feed(chunk):
                return json.loads(received)
        raise _Late

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        self._process.kill()
        self._close()
        self._process.wait()

    def disown(self) -> None:
        """In a forked child: close the pipes, since the process belongs to the parent."""
        self._close()
        self._process.returncode = 0

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class _Place:
    """Holds the engine of this process, if there is one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.engine: _Engine | None = None

    def loaded(self) -> _Engine | None:
        """The engine; None if it has not loaded in time (it continues to load). Raises RuntimeError."""
        if self.engine is None:
            self.engine = _Engine()
        with budget.standing_still():
            return self.engine if self.engine.is_ready(budget.seconds_to_load()) else None

    def replace(self) -> None:
        """Start a new engine, which begins to load."""
        self.drop()
        self.engine = _Engine()

    def drop(self) -> None:
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.end()

    def forked(self) -> None:
        self.lock = threading.Lock()
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.disown()


_PLACE = _Place()
atexit.register(_PLACE.drop)
os.register_at_fork(after_in_child=_PLACE.forked)


def pid() -> int | None:
    """The process id of the engine; None if there is none."""
    return None if _PLACE.engine is None else _PLACE.engine.pid


def _asked(name: str, *arguments: object) -> Any:
    """Ask sympy a question within the remaining time; None if there is no answer."""
    try:
        question = line({"ask": name, "arguments": arguments})
    except RecursionError:
        return None
    if budget.seconds_left() <= 0:
        return None
    with budget.standing_still():  # another thread may be waiting for it to load
        free = _PLACE.lock.acquire(timeout=max(0.0, budget.seconds_to_load()))
    if not free:
        return None
    try:
        engine = _PLACE.loaded()
        if engine is None:
            return None
        answer = engine.ask(question, budget.seconds_left())
        if answer["last"]:
            _PLACE.replace()
        return answer["answer"]
    except _Late:
        _PLACE.replace()
        return None
    except BaseException:  # including interrupts: the pending answer must not be taken for the next one
        _PLACE.drop()
        raise
    finally:
        _PLACE.lock.release()


def equal(a: Expr, b: Expr) -> bool | None:
    """Whether sympy proves two expressions equal (True) or different (False); None: unknown."""
    found: bool | None = _asked("equal", to_plain(a), to_plain(b))
    return found


def constant_ratio(a: Expr, b: Expr) -> bool | None:
    """Whether a / b is a nonzero number; repeated factors of polynomials count once. None: unknown."""
    found: bool | None = _asked("constant_ratio", to_plain(a), to_plain(b))
    return found


def solve_inequality(left: Expr, relation: str, right: Expr, name: str) -> list[Interval] | None:
    """The real solutions of an inequality in one variable; None if sympy cannot find them."""
    found = _asked("solve_inequality", to_plain(left), relation, to_plain(right), name)
    return None if found is None else intervals_from_plain(found)
