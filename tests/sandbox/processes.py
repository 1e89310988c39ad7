"""The processes and cgroups of sandboxes, seen from outside; and a supervisor that has few descriptors."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Collection, Iterator


def ours(supervisor: int) -> list[str]:
    """Processes and cgroups of a supervisor's sandboxes that are still there."""
    left = cgroup_folders(supervisor)
    for pid in processes():
        if about(pid, "comm").startswith(b"rlvr-"):
            line = about(pid, "environ")
            left += [f"{pid} {line[-40:]!r}"] if f"RLVR_TEST={supervisor}".encode() in line else []
    return left


def processes() -> list[int]:
    """All processes of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def about(pid: int, name: str) -> bytes:
    """A file about a process; empty once it has ended. Read plainly: whoever waits looks at all of them, many times."""
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
            return file.readall()
    except OSError:
        return b""


def cgroup_folders(supervisor: int) -> list[str]:
    """The cgroups that a supervisor's sandboxes have made; they may go while they are listed."""
    folders = (os.path.join(at, name) for at, names, _files in os.walk("/sys/fs/cgroup") for name in names)
    return [folder for folder in folders if os.path.basename(folder).startswith(f"rlvr-{supervisor}-")]


def parent_of(pid: int) -> int:
    """0 for a process that has ended."""
    stat = about(pid, "stat").rpartition(b")")[2].split(None, 2)
    return int(stat[1]) if stat else 0


def descendants(*pids: int) -> set[int]:
    """All processes below some, by their parents."""
    parents = {pid: parent_of(pid) for pid in processes()}
    found, newest = set(pids), set(pids)
    while newest := {child for child, parent in parents.items() if parent in newest} - found:
        found |= newest
    return found - set(pids)


def name_of(pid: int) -> str:
    """Empty for a process that has ended, also if it is a zombie: a container may have no init."""
    name, _, rest = about(pid, "stat").decode(errors="replace").partition("(")[2].rpartition(")")
    return "" if rest.split()[:1] in ([], ["Z"]) else name


def sandboxes_below(others: Collection[int] = ()) -> dict[int, str]:
    """The sandbox processes below this one, by id, with their names; without others, which were there before."""
    names = {pid: name_of(pid) for pid in descendants(os.getpid()) - set(others)}
    return {pid: name for pid, name in sorted(names.items()) if name.startswith("rlvr-")}


@contextlib.contextmanager
def few_descriptors(more: int) -> Iterator[None]:
    """This process may open so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    filled = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest - len(os.listdir("/proc/self/fd")) + 1)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in filled:
            os.close(descriptor)
