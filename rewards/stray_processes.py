"""Kill processes that a worker left behind: those in sessions of their own, which a signal to its process group misses.

A worker and its descendants have a mark in their environment, visible in `/proc/PID/environ` (Linux). A process that
drops its environment escapes: this covers libraries and servers of users, not adversarial programs, which belong in a
sandbox (whose own processes have no mark and end by themselves).

Scanning 20,000 processes takes a second, so a pool scans in a separate thread (`Search`), and no grade waits for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Collection, Iterator

_VARIABLE = "RLVR_STARTED_BY_WORKER"
_ROUNDS = 5  # repeated, since a process may start another during the scan


def marked(mark: str) -> dict[str, str]:
    """The environment variable that marks one worker. A worker started below another worker has both marks."""
    return {_VARIABLE: f"{os.environ.get(_VARIABLE, '')} {mark}".strip()}


def new_mark() -> str:
    return os.urandom(8).hex()


class Search:
    """Kills what killed workers left behind, while their pool continues."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: set[str] = set()
        self._looking = False
        self._thread: threading.Thread | None = None

    def end(self, marks: Collection[str]) -> None:
        """Schedule a scan for these marks."""
        with self._lock:
            self._marks.update(marks)
            if self._looking or not self._marks:
                return
            thread = threading.Thread(target=self._look, name="leftovers of workers", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread can be started: `finish` does the scan
                thread.start()
                self._thread, self._looking = thread, True

    def finish(self) -> None:
        """Wait until all scheduled scans are done."""
        if self._thread is not None:
            self._thread.join()
        end_marked(self._marks)

    def _look(self) -> None:
        while True:
            with self._lock:
                marks, self._marks = self._marks, set()
                self._looking = bool(marks)
                if not marks:
                    return
            end_marked(marks)


def end_marked(marks: Collection[str]) -> None:
    """Send SIGKILL to every process of this user with one of these marks, whose workers have been killed."""
    wanted = frozenset(mark.encode() for mark in marks)
    for _ in range(_ROUNDS if wanted else 0):
        if sum(_end(pid, wanted) for pid in _processes()) == 0:
            return


def _processes() -> Iterator[int]:
    """The other processes of this user; empty if the system does not list them."""
    own, user = os.getpid(), os.geteuid()
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit() and int(entry.name) != own:
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid == user:
                        yield int(entry.name)


def _end(pid: int, wanted: frozenset[bytes]) -> bool:
    """Kill a process if it has a mark. Checked again, because the pid may have been reused."""
    if not _carries(pid, wanted):
        return False
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            if _carries(pid, wanted):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                return True
        finally:
            os.close(process)
    return False


def _carries(pid: int, wanted: frozenset[bytes]) -> bool:
    try:
        descriptor = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
    except OSError:
        return False
    try:
        environment = bytearray()
        while chunk := os.read(descriptor, 1 << 16):
            environment += chunk
    except OSError:
        return False
    finally:
        os.close(descriptor)
    _, found, rest = (b"\0" + environment).partition(f"\0{_VARIABLE}=".encode())
    return bool(found) and not wanted.isdisjoint(rest.partition(b"\0")[0].split())
