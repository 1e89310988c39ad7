"""What a worker leaves: processes that a reward started in sessions of their own, which no signal to its group reaches.

A worker and all that it starts carry a mark in their environment, as the kernel shows it (`/proc/PID/environ`; Linux).
What drops its environment escapes: this is for what a library or a server of the user's does, not against programs of
an adversary, whose place is a sandbox (and a sandbox's own processes carry no mark: they end themselves in order).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from collections.abc import Collection, Iterator

_VARIABLE = "RLVR_STARTED_BY_WORKER"
_ROUNDS = 5  # of what starts another while it is looked for


def new_mark() -> dict[str, str]:
    """The environment variable of one worker."""
    return {_VARIABLE: secrets.token_hex(8)}


def end_marked(marks: Collection[str]) -> None:
    """SIGKILL to every process of this user that carries one of these marks: workers that were killed before."""
    wanted = frozenset(f"{_VARIABLE}={mark}".encode() for mark in marks)
    for _ in range(_ROUNDS):
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
    return not wanted.isdisjoint(bytes(environment).split(b"\0"))
