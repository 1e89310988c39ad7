"""What a worker leaves: processes that a reward started in sessions of their own, which no signal to its group reaches.

A worker and all that it starts carry a mark in their environment, as the kernel shows it (`/proc/PID/environ`; Linux).
What drops its environment escapes: this is for what a library or a server of the user's does, not against programs of
an adversary, whose place is a sandbox (and a sandbox's own processes carry no mark: they end themselves in order).

A look at 20,000 processes takes a second, so a pool looks in a thread of its own (`Search`): no grade waits for it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
from collections.abc import Collection, Iterator

_VARIABLE = "RLVR_STARTED_BY_WORKER"
_ROUNDS = 5  # again, since a process may start another while it is looked for


def marked(mark: str) -> dict[str, str]:
    """The environment variable of one worker. A worker of a program that a worker started bears the marks of both."""
    return {_VARIABLE: f"{os.environ.get(_VARIABLE, '')} {mark}".strip()}


def new_mark() -> str:
    return secrets.token_hex(8)


class Search:
    """Ends what workers have left that were killed before, while their pool goes on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: set[str] = set()
        self._looking = False
        self._thread: threading.Thread | None = None

    def end(self, marks: Collection[str]) -> None:
        """Look for what carries one of these, soon."""
        with self._lock:
            self._marks.update(marks)
            if self._looking or not self._marks:
                return
            thread = threading.Thread(target=self._look, name="leftovers of workers", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread can be started: `finish` does the looking
                thread.start()
                self._thread, self._looking = thread, True

    def finish(self) -> None:
        """Return once all has been looked for."""
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
    """SIGKILL to every process of this user that carries one of these marks: workers that were killed before."""
    wanted = frozenset(mark.encode() for mark in marks)
    for _ in range(_ROUNDS if wanted else 0):
        if sum(_end(pid, wanted) for pid in _processes()) == 0:
            return


def _processes() -> Iterator[int]:
    """The processes of this user, without this one; none where the system does not list them."""
    own, user = os.getpid(), os.geteuid()
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit() and int(entry.name) != own:
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid == user:
                        yield int(entry.name)


def _end(pid: int, wanted: frozenset[bytes]) -> bool:
    """End a process if it carries a mark; the number may belong to another by now, so it is asked again."""
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
