"""Ends a process that has stopped, by a signal or in a loop: who waits for it would wait without limit.

A small process beside it hears its beats through a pipe, and sends SIGKILL after a silence. Then who waits for it
learns of a death, as of any other. It ends with the process that it watches.

It is for processes that others start and watch, and that are not asked whether they are there: Ray's actors and tasks
(Ray sees nodes and processes that die, not those that stop).

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
_STEPS = 10  # parts that the silence is measured in


class Watchdog:
    """A process that watches this one, and kills it when no `beat` has come for `seconds`."""

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
                start_new_session=True,  # a signal that stops our process group must not stop the watcher
            )
        finally:
            os.close(heard)

    def beat(self) -> None:
        """Say that this process goes on."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the pipe is full, or the watcher is gone
            os.write(self._beats, b".")

    def beat_from_thread(self) -> None:
        """Say so from a thread, from now on."""

        def beats() -> None:
            while True:
                self.beat()
                time.sleep(self.every)

        threading.Thread(target=beats, name="heartbeat", daemon=True).start()


def _watch(parent: int, step: float) -> None:
    """Read the beats of the parent; kill it when `_STEPS` steps in a row brought none.

    Steps are counted, not time: if the whole machine was suspended, that is one step for both processes.
    """
    silent = 0
    while silent < _STEPS:
        if select.select([0], [], [], step)[0]:
            silent = 0
            if not os.read(0, 1 << 16):
                return
        else:
            silent += 1
    if os.getppid() == parent:  # else the parent has died, and its number may be another's
        os.kill(parent, signal.SIGKILL)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), float(sys.argv[2]))
