"""The processes and cgroups of sandboxes, seen from outside; and a supervisor that has few descriptors."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Collection, Iterator
from pathlib import Path


def ours(supervisor: int) -> list[str]:
    """Processes and cgroups of a supervisor's sandboxes that are still there."""
    left = cgroup_folders(supervisor)
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().startswith("rlvr-"):
                line = (entry / "environ").read_bytes()
                left += [f"{entry.name} {line[-40:]!r}"] if f"RLVR_TEST={supervisor}".encode() in line else []
        except OSError:
            continue
    return left


def cgroup_folders(supervisor: int) -> list[str]:
    """The cgroups that a supervisor's sandboxes have made; they may go while they are listed."""
    folders = (os.path.join(at, name) for at, names, _files in os.walk("/sys/fs/cgroup") for name in names)
    return [folder for folder in folders if os.path.basename(folder).startswith(f"rlvr-{supervisor}-")]


def descendants(pid: int) -> set[int]:
    """All processes below one, by their parents."""
    found, parents = {pid}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def name_of(pid: int) -> str:
    """Empty for a process that has ended, also if it is a zombie: a container may have no init."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return ""
    return "" if rest.split()[0] == "Z" else name


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
