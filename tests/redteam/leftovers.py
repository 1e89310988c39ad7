"""What a machine holds, and what one moment has more than another: processes, files, cgroups, mounts, sockets, IPC.

Processes are those that descend from a given one (orphans included, where it is a subreaper or pid 1). What others do
on the machine at the same time is left out as far as it can be told apart: files and cgroups are looked at in named
folders.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
_CLONE = Path(__file__).resolve().parents[2]
SETTINGS = ("core_pattern", "hostname", "domainname", "randomize_va_space", "core_uses_pid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One moment. processes: "pid name"; files, cgroups: paths; mounts, sockets, ipc, settings: lines."""

    processes: tuple[str, ...]
    files: tuple[str, ...]
    cgroups: tuple[str, ...]
    mounts: tuple[str, ...]
    sockets: tuple[str, ...]
    ipc: tuple[str, ...]
    settings: tuple[str, ...]

    def more_than(self, before: Machine) -> dict[str, list[str]]:
        """What is here that was not there before, by kind; kinds without anything are left out."""
        then = asdict(before)
        found = {kind: sorted(set(now) - set(then[kind])) for kind, now in asdict(self).items()}
        return {kind: extra for kind, extra in found.items() if extra}


def look(root: int, folders: Sequence[Path], groups: Sequence[Path]) -> Machine:
    """The machine now. root: the process whose descendants count. folders, groups: of files and cgroups that count."""
    return Machine(
        processes=tuple(f"{pid} {name}" for pid, name in descendants(root)),
        files=tuple(sorted(str(path) for folder in folders for path in _walk(folder))),
        cgroups=tuple(sorted(str(path) for group in groups for path in _walk(group, folders_only=True))),
        mounts=tuple(sorted(line.split(" ", 2)[2] for line in _lines("/proc/self/mountinfo"))),
        sockets=tuple(sorted(_sockets())),
        ipc=tuple(sorted(line for name in ("shm", "sem", "msg") for line in _lines(f"/proc/sysvipc/{name}")[1:])),
        settings=tuple(f"{name}={' '.join(_lines(f'/proc/sys/kernel/{name}'))}" for name in SETTINGS),
    )


def settled(
    root: int,
    folders: Sequence[Path],
    groups: Sequence[Path],
    before: Machine,
    allowed: Callable[[dict[str, list[str]]], bool],
    seconds: float,
) -> dict[str, list[str]]:
    """What is still left once it is allowed, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        left = look(root, folders, groups).more_than(before)
        if allowed(left) or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def descendants(root: int) -> Iterator[tuple[int, str]]:
    """Pid and name of every living process below one; zombies count, the process itself does not."""
    parents: dict[int, list[tuple[int, str]]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = "".join(_lines(f"/proc/{entry}/stat"))
            name, _, rest = stat.partition("(")[2].rpartition(")")
            if rest:
                state, parent = rest.split()[:2]
                parents.setdefault(int(parent), []).append((int(entry), f"{name} {state}"))
    waiting = [root]
    while waiting:
        for pid, name in parents.get(waiting.pop(), ()):
            yield pid, name
            waiting.append(pid)


def descriptors(pid: int) -> int:
    """How many descriptors a process has open; 0 where it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _sockets() -> Iterator[str]:
    """Sockets that have a name or listen: pairs come and go with every run."""
    for line in _lines("/proc/net/unix")[1:]:
        words = line.split()
        if len(words) > 7:
            yield f"unix {' '.join(words[7:])}"
    for name in ("tcp", "tcp6", "udp", "udp6", "raw", "packet"):
        for line in _lines(f"/proc/net/{name}")[1:]:
            words = line.split()
            if name in ("raw", "packet") or name.startswith("udp") or words[3] == "0A":
                yield f"{name} {' '.join(words[1:3])}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return []


def _walk(folder: Path, *, folders_only: bool = False) -> Iterator[Path]:
    inside: Iterable[tuple[str, list[str], list[str]]] = os.walk(folder)
    for top, folders, files in inside:
        folders[:] = [name for name in folders if Path(top, name) != _CLONE]  # where other tests write meanwhile
        for name in folders if folders_only else (*folders, *files):
            yield Path(top, name)
