"""Cgroups for the slots: they bound and count the memory, processes and CPU time of a whole run, where permitted.

Each slot has one cgroup, in every hierarchy (v1) or in the unified one (v2). The slot's process enters it once, and its
runs inherit it, because moving a process while programs run makes the kernel stall all of them. What v1 lacks is not
needed: instead of `cgroup.kill`, the run's own process namespace kills; instead of `memory.peak`, v1 has a maximum that
can be reset.

CPU time is divided among slots, not among their processes. Otherwise a run of sixty processes would get sixty times the
share of its neighbour, which would then run into its time limit. A run may have a weight of its own.

Folders are called `rlvr-PID-START-NAMESPACE-RANDOM`, after the process that made them. The keeper removes them; those
that it could not (the machine lost power) are removed when the next sandbox starts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "rlvr-"
_LEAST_MEMORY, _MOST_MEMORY = 24 << 20, 1 << 62
_NEARLY_FULL = 1 << 20  # bytes below the limit: the kernel may ask for several pages at once
_MOST_PROCESSES = 1 << 22  # the kernel's bound on process ids
_CONTROLLERS = ("memory", "pids", "cpuacct")
_SHARES = "cpu"  # the controller that shares out the CPU, which may be missing
_USUAL_WEIGHT, _SHARES_V1 = 100, 1024  # of any process, in v2 and in v1


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used.

    peak_memory: bytes; 0 = unknown.
    out_of_memory: the kernel killed a process of the run because the run's memory was full.
    deprived_of_memory: it killed one because that of the machine, or of a cgroup above, was full: not the run's fault.
    """

    peak_memory: int
    cpu_seconds: float
    out_of_memory: bool
    deprived_of_memory: bool


class _Memory(NamedTuple):
    """Counters of a slot's cgroup. kills: of its processes, whoever's memory was full. full: when its own was (v2)."""

    kills: int
    full: int


class SlotGroup:
    """The cgroups of one slot. Its files stay open, so a run costs four small reads and writes."""

    def __init__(self, folders: Sequence[Path], *, unified: bool) -> None:
        self._unified = unified
        self._open: dict[str, int] = {}
        self._memory = self._processes = 0
        self._weight = _USUAL_WEIGHT
        self.procs = [str(folder / "cgroup.procs") for folder in folders]
        names = _FILES_V2 if unified else _FILES_V1
        try:
            for kind, (controller, name) in names.items():
                folder = folders[0] if unified else _hierarchy(folders, controller)
                with contextlib.suppress(FileNotFoundError, PermissionError):  # not every kernel has every file
                    writable = kind not in ("events", "cpu")
                    self._open[kind] = os.open(folder / name, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise
        self._counted, self._cpu = _Memory(0, 0), -1.0  # counters at the end of the last run; -1 = not read yet
        self._peak_before = 0

    def begin(self, memory_bytes: int, processes: int, weight: int = _USUAL_WEIGHT) -> None:
        """Set the limits of the next run and reset the counters. Raises OSError if the cgroup is gone.

        The slot's own process counts too: a limit below what it needs would kill it.
        """
        memory_bytes = min(max(memory_bytes, _LEAST_MEMORY), _MOST_MEMORY)
        processes = min(processes, _MOST_PROCESSES)
        if memory_bytes != self._memory:
            self._set_memory(memory_bytes)
        if processes != self._processes:
            self._write("pids", processes)
            self._processes = processes
        if weight != self._weight and "weight" in self._open:
            self._write("weight", weight if self._unified else weight * _SHARES_V1 // _USUAL_WEIGHT)
            self._weight = weight
        self._peak_before = self._set_peak_back()
        if self._cpu < 0:
            self._counted, self._cpu = self._count(), self.cpu_seconds()

    def end(self) -> Usage:
        """What the run has used since `begin`. The present counters are where the next run starts from."""
        peak = self._peak()
        if peak <= self._peak_before:  # of an earlier run: this kernel cannot reset the peak
            peak = 0
        before, self._counted = self._counted, self._count()
        started, self._cpu = self._cpu, self.cpu_seconds()
        killed, full = self._counted.kills > before.kills, self._counted.full > before.full
        if not self._unified:  # v1 does not count that reliably, but its peak is of this run
            full = not peak or peak >= self._memory - _NEARLY_FULL
        return Usage(peak, self._cpu - started, killed and full, killed and not full)

    def used_cpu(self) -> float:
        """CPU seconds since `begin`. Raises OSError."""
        return self.cpu_seconds() - self._cpu

    def cpu_seconds(self) -> float:
        """CPU seconds since the slot was made."""
        text = os.pread(self._open["cpu"], 512, 0)
        if self._unified:
            return int(text.split()[1]) / 1e6  # "usage_usec N" comes first
        return int(text) / 1e9

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def _peak(self) -> int:
        return int(os.pread(self._open["peak"], 64, 0)) if "peak" in self._open else 0

    def _set_peak_back(self) -> int:
        """Reset the peak. Returns what the next run's peak is measured from: 0, or the old peak if it has no reset."""
        if "peak" in self._open:
            try:
                os.pwrite(self._open["peak"], b"0", 0)
            except OSError:  # v2 before Linux 6.12
                return self._peak()
        return 0

    def _set_memory(self, limit: int) -> None:
        """v1 refuses a memory limit above the limit for memory and swap, and a swap limit below: try both orders."""
        order = ["memory", "swap"] if limit < self._memory or not self._memory else ["swap", "memory"]
        for kind in order:
            if kind in self._open:
                self._write(kind, 0 if kind == "swap" and self._unified else limit)
        self._memory = limit

    def _write(self, kind: str, value: int) -> None:
        os.pwrite(self._open[kind], str(value).encode(), 0)

    def _count(self) -> _Memory:
        words = os.pread(self._open["events"], 512, 0).split()
        events = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        return _Memory(events.get(b"oom_kill", 0), events.get(b"oom", 0))


def _hierarchy(folders: Sequence[Path], controller: str) -> Path:
    """The folder of a controller; `cpu` comes along with `cpuacct` if it has no hierarchy of its own."""
    return next((f for f in folders if controller in f.parts), folders[-1])


_FILES_V1 = {
    "memory": ("memory", "memory.limit_in_bytes"),
    "swap": ("memory", "memory.memsw.limit_in_bytes"),
    "peak": ("memory", "memory.max_usage_in_bytes"),
    "events": ("memory", "memory.oom_control"),
    "pids": ("pids", "pids.max"),
    "cpu": ("cpuacct", "cpuacct.usage"),
    "weight": (_SHARES, "cpu.shares"),
}
_FILES_V2 = {
    "memory": ("", "memory.max"),
    "swap": ("", "memory.swap.max"),
    "peak": ("", "memory.peak"),
    "events": ("", "memory.events"),
    "pids": ("", "pids.max"),
    "cpu": ("", "cpu.stat"),
    "weight": ("", "cpu.weight"),
}


class _Place(NamedTuple):
    """Where a sandbox may make its cgroups. bases: the parents, one for each controller (v1) or one in all (v2).

    shares: the parents in the `cpu` hierarchy, if that is separate. There the slots are siblings, without a group for
    the sandbox above them: siblings get equal shares, so each run gets as much as an ordinary process beside it.
    """

    unified: bool
    bases: list[Path]
    shares: Path | None = None


class Cgroups:
    """The cgroups of one sandbox. folders: of all its slots. shares: what those that share out the CPU begin with."""

    def __init__(self, folders: Sequence[Path], *, unified: bool, shares: Path | None = None) -> None:
        self._folders = folders
        self._unified = unified
        self._shares = shares

    def slot(self, number: int) -> SlotGroup:
        """Create the cgroups of a slot. Raises OSError."""
        made = self._of(number)
        try:
            for folder in made:
                folder.mkdir()
            return SlotGroup(made, unified=self._unified)
        except OSError:
            self.remove_slot(number)
            raise

    def remove_slot(self, number: int) -> bool:
        """Remove the cgroups of a slot that has ended; False while the kernel still sees processes in them."""
        for folder in self._of(number):
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return False
        return True

    def remove(self) -> bool:
        """Remove all cgroups of the sandbox; False while some are left."""
        for folder in self._all():
            with contextlib.suppress(OSError):
                for inner in [*(f for f in folder.iterdir() if f.is_dir()), folder]:
                    with contextlib.suppress(OSError):
                        inner.rmdir()
        return not any(folder.is_dir() for folder in self._all())

    def _all(self) -> list[Path]:
        shares = [] if self._shares is None else self._shares.parent.glob(f"{self._shares.name}*")
        return [*self._folders, *shares]

    def _of(self, number: int) -> list[Path]:
        name = f"slot-{number}"
        shares = [] if self._shares is None else [self._shares.with_name(f"{self._shares.name}-{name}")]
        return [*(folder / name for folder in self._folders), *shares]


def new_name() -> str:
    """A name for the cgroups of a new sandbox of this process."""
    return f"{_PREFIX}{os.getpid()}-{start_of(os.getpid())}-{_pid_namespace()}-{secrets.token_hex(4)}"


def candidates(name: str) -> list[str]:
    """Prefixes of all paths that `make` may create. The keeper is told them in advance, and removes what matches."""
    bases = [base for place in _places(_ROOT) for base in (*place.bases, place.shares) if base is not None]
    return [str(base / name) for base in dict.fromkeys(bases)]


def make(name: str, parent: Path = _ROOT) -> Cgroups | None:
    """Create the cgroups of a sandbox below those of this process; None if there are none or they are not writable.

    Raises OSError if this process has no descriptors left to find out.
    """
    for unified, bases, shares in _places(parent):
        folders = [base / name for base in bases]
        made = Cgroups(folders, unified=unified, shares=None if shares is None else shares / name)
        try:
            for base in (*bases, *([] if shares is None else [shares])):
                _sweep(base)
            for folder in folders:
                folder.mkdir()
            if unified:
                _hand_on(folders[0])
            slot = made.slot(0)
            try:
                slot.begin(1 << 28, 64)
                slot.end()
            finally:
                slot.close()
                made.remove_slot(0)
        except (OSError, KeyError, StopIteration) as error:
            made.remove()
            if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise
            continue
        return made
    return None


def _places(root: Path) -> Iterator[_Place]:
    """Where cgroups may be made: below our own, or further up, since v2 allows no processes in an inner cgroup."""
    try:
        rows = [line.rstrip("\n").split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except FileNotFoundError:
        return
    own = {controller: path for _number, controllers, path in rows for controller in controllers.split(",")}
    if all(controller in own for controller in _CONTROLLERS):
        below = [root / c / own[c].lstrip("/") for c in _CONTROLLERS], [root / c for c in _CONTROLLERS]
        if any(controllers == _SHARES for _number, controllers, _path in rows):  # else it comes along with another
            yield from (
                _Place(False, bases, shares)
                for bases in below
                for shares in (root / _SHARES / own[_SHARES].lstrip("/"), root / _SHARES)
            )
        yield from (_Place(False, bases) for bases in below)
    if "" in own and (root / "cgroup.controllers").exists():
        here = root / own[""].lstrip("/")
        for base in (here, *here.parents):
            if base.is_relative_to(root):
                yield _Place(True, [base])


def _hand_on(folder: Path) -> None:
    """Delegate controllers in v2: a cgroup counts only what its parent and grandparent enable for their children.

    Raises OSError if the parent holds processes and is not the root: then it may enable nothing. CPU time is counted
    in any case.
    """
    handed_on, control = "+memory +pids", folder / "cgroup.subtree_control"
    if not {"memory", "pids"} <= set((folder / "cgroup.controllers").read_text().split()):
        (folder.parent / "cgroup.subtree_control").write_text(handed_on)
    control.write_text(handed_on)
    if _SHARES in (folder / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):  # refused while a process below has a real-time priority
            control.write_text(f"+{_SHARES}")


def start_of(pid: int) -> str:
    """The start time of a process in clock ticks, which tells a reused pid from the old one. "" = it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _pid_namespace() -> str:
    """The process namespace of a pid: containers that share a cgroup tree may use the same pids."""
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return "none"


def _sweep(base: Path) -> None:
    """Remove the cgroups that dead processes have left behind."""
    here = _pid_namespace()
    for folder in base.glob(f"{_PREFIX}*-*-{here}-*"):
        pid, start = folder.name.removeprefix(_PREFIX).split("-")[:2]
        if pid.isdigit() and start_of(int(pid)) != start:
            Cgroups([folder], unified=True).remove()
