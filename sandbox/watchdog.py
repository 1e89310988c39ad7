"""A watchdog: kills a process that hangs or is stopped, so that nobody waits for it forever.

A small companion process reads heartbeats from a pipe, and sends SIGKILL when they stop. Waiters then see an ordinary
death. The companion ends with the process that it watches.

It is for processes that others supervise without health checks: Ray detects actors and tasks that die, not those that
hang.

Example:
    watchdog = Watchdog(60.0)
    watchdog.beat()                 # at least every `watchdog.every` seconds; or
    watchdog.beat_from_thread()       # in a thread
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

SILENCE_SECONDS = 60.0
_STEPS = 10  # number of intervals that the silence is divided into


class Watchdog:
    """A process that watches this one, and kills it after `seconds` without a `beat`."""

    def __init__(self, seconds: float = SILENCE_SECONDS) -> None:
        self.every = seconds / _STEPS
        heard, self._beats = os.pipe()
        try:
            os.set_blocking(self._beats, False)
            self._watch = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(self.every)],
                stdin=heard,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a signal to our process group must not stop the watcher
            )
        finally:
            os.close(heard)

    def beat(self) -> None:
        """Send a heartbeat."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the pipe is full, or the watcher is gone
            os.write(self._beats, b".")

    def beat_from_thread(self) -> None:
        """Send heartbeats from a thread."""

        def beats() -> None:
            while True:
                self.beat()
                time.sleep(self.every)

        threading.Thread(target=beats, name="heartbeat", daemon=True).start()


def _watch(parent: int, step: float) -> None:
    """Read the parent's heartbeats; kill it after `_STEPS` intervals without one.

    Intervals are counted, not time: if the whole machine was suspended, that is one interval for both processes.
    """
    silent = 0
    while silent < _STEPS:
        if select.select([0], [], [], step)[0]:
            silent = 0
            if not os.read(0, 1 << 16):
                return
        else:
            silent += 1
    if os.getppid() == parent:  # otherwise the parent has died, and its pid may be reused
        os.kill(parent, signal.SIGKILL)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), float(sys.argv[2]))
