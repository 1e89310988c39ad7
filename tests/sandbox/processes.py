"""The processes and cgroups of sandboxes, seen from outside."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


def ours(supervisor: int) -> list[str]:
    """Processes and cgroups of a supervisor's sandboxes that are still there."""
    try:
        left = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/rlvr-{supervisor}-*")]
    except FileNotFoundError:  # it went while they were listed
        return ours(supervisor)
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().startswith("rlvr-"):
                line = (entry / "environ").read_bytes()
                left += [f"{entry.name} {line[-40:]!r}"] if f"RLVR_TEST={supervisor}".encode() in line else []
        except OSError:
            continue
    return left


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
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def sandboxes_below(others: Collection[int] = ()) -> dict[int, str]:
    """The sandbox processes below this one, by id, with their names; without others, which were there before."""
    names = {pid: name_of(pid) for pid in descendants(os.getpid()) - set(others)}
    return {pid: name for pid, name in sorted(names.items()) if name.startswith("rlvr-")}
