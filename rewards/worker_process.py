"""One worker process, as its pool sees it: non-blocking pipes, current calls, and SIGKILL.

Called from the dispatcher's thread only. The process leads its own session, so one signal reaches everything that a
reward started; processes that left the session are found by their mark (`rewards.stray_processes`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import IO, Generic, TypeVar

from rewards.json_lines import EXIT_ENDED, EXIT_MEMORY, LineSplitter
from rewards.stray_processes import marked, new_mark

Call = TypeVar("Call")

# Output of a reward is shown on the parent's standard error, up to this many bytes per worker.
_SHOWN_OUTPUT = 1 << 16
_KEPT_OUTPUT = 2000
_READ_SIZE = 1 << 16


def environment() -> dict[str, str]:
    """The parent's environment; one thread for numeric libraries, since the workers fill the cores."""
    root = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    return {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root,
    }


class WorkerProcess(Generic[Call]):
    """A worker process and its calls.

    ready: its grader is built, which took start_seconds. fresh: it has received no call yet.
    alone: its current call must not share the worker with others.
    in_flight: unanswered calls, in order; chunks: how many of them are chunks.
    since: when the first of them became the current one.
    clock_stopped: when it started to load something off the clock.
    mark: the value in the environment of every process that it starts.
    """

    def __init__(self, setup: bytes, now: float) -> None:
        self.mark = new_mark()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rewards.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment() | marked(self.mark),
            start_new_session=True,
        )
        self.started = now
        self.ready = False
        self.start_seconds = 0.0
        self.fresh = True
        self.alone = False
        self.in_flight: deque[Call] = deque()
        self.chunks = 0
        self.since = now
        self.clock_stopped: float | None = None
        self._unsent: deque[memoryview] = deque()
        self._splitter = LineSplitter()
        self._shown = 0
        self._kept = b""
        for pipe in self.pipes:
            os.set_blocking(pipe.fileno(), False)
        self.send(setup)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        return process.stdin, process.stdout, process.stderr

    @property
    def pipes(self) -> tuple[IO[bytes], ...]:
        return self._pipes

    @property
    def input(self) -> int:
        return self._pipes[0].fileno()

    @property
    def output(self) -> int:
        return self._pipes[1].fileno()

    @property
    def errors(self) -> int:
        return self._pipes[2].fileno()

    def send(self, data: bytes) -> None:
        """Send bytes; what the pipe does not accept now waits for `flush`."""
        self._unsent.append(memoryview(data))  # a view: partial writes copy nothing
        self.flush()

    def flush(self) -> bool:
        """Write pending bytes. Returns whether none are left (or the worker is gone, which `read` reports)."""
        while self._unsent:
            data = self._unsent.popleft()
            try:
                written = os.write(self.input, data)
            except BlockingIOError:
                written = 0
            except BrokenPipeError:
                self._unsent.clear()
                return True
            if written < len(data):
                self._unsent.appendleft(data[written:])
                return False
        return True

    def read(self) -> tuple[list[bytes], bool]:
        """The lines received, and whether the worker has closed its end of the pipe."""
        lines: list[bytes] = []
        while True:
            try:
                data = os.read(self.output, _READ_SIZE)
            except BlockingIOError:
                return lines, False
            if not data:
                return lines, True
            lines += self._splitter.feed(data)
            if len(data) < _READ_SIZE:
                return lines, False

    def show_output(self) -> bool:
        """Copy what the rewards printed to standard error. Returns False if that pipe is closed."""
        try:
            data = os.read(self.errors, _READ_SIZE)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._kept = (self._kept + data)[-_KEPT_OUTPUT:]
        room = _SHOWN_OUTPUT - self._shown
        if room > 0:
            self._shown += len(data)
            note = f"\n(more output of grading worker {self.pid} is not shown)\n" if len(data) > room else ""
            with contextlib.suppress(OSError, ValueError):  # a closed standard error must not stop the grading
                print(data[:room].decode("utf-8", "replace"), end=note, file=sys.stderr, flush=True)
        return True

    def drain_output(self) -> None:
        """Read what a dying worker has printed, at most what a pipe holds."""
        for _ in range(64):
            before = self._shown, self._kept
            if not self.show_output() or before == (self._shown, self._kept):
                return

    @property
    def last_output(self) -> str:
        """The last line of its output, for diagnoses."""
        lines = self._kept.decode("utf-8", "replace").split("\n")
        return next((text.strip()[:200] for text in reversed(lines) if text.strip()), "")

    def end(self) -> None:
        """Send SIGKILL to its process group. The group id cannot be reused before the process is reaped."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill it and close its pipes; poll `reaped` afterwards."""
        self.end()
        for pipe in self._pipes:
            pipe.close()

    def reaped(self) -> bool:
        """Whether the killed process is gone."""
        return self._process.poll() is not None

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended a worker that closed its pipes; known after `ending`."""
        return self._process.returncode == -signal.SIGKILL

    def ending(self) -> str:
        """How a worker that closed its pipes ended, as text for messages. Waits until the process exits."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2.0)
        code = self._process.returncode
        if code == EXIT_MEMORY:
            return "the worker reached its memory limit"
        if code == EXIT_ENDED and self.last_output:
            return self.last_output
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            how = f"the worker was ended by {name}"
        else:
            how = f"the worker exited with code {code}"
        return f"{how} (it last printed: {self.last_output})" if self.last_output else how

    def disown(self) -> None:
        """In a forked child: let go of the parent's worker without touching it."""
        for pipe in self._pipes:
            pipe.close()
        self._process.returncode = 0
