"""Join the areas of memory that the zygote's libraries are mapped in: a fork copies their list, and its end removes it.

A library has five: three that never change, and two that it writes to, one of them only while it is loaded. They differ
in what is allowed there. Each kind is made alike, and the kernel makes one area of it, if it can.

Constants become executable, and addresses that the loader filled in writable. That they were not guarded nothing here:
a program can call `mprotect`, too.
"""

from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import NamedTuple

from . import kernel

_CONSTANT = ("r--p", "r-xp")


class Area(NamedTuple):
    """A line of /proc/self/maps. offset: in the file. file: empty = none."""

    start: int
    end: int
    allowed: str
    offset: int
    file: str


def join() -> None:
    """Allow the same in areas of a file that lie side by side, as far as this system lets us."""
    with contextlib.suppress(OSError):
        for area, following in pairwise(areas()):
            if not area.file or area.file != following.file or area.end != following.start:
                continue
            if area.allowed not in _CONSTANT:
                continue
            if following.allowed == "rw-p":
                kernel.protect(area.start, area.end, kernel.PROT_READ | kernel.PROT_WRITE)
            elif following.allowed in _CONSTANT and following.offset - area.offset == area.end - area.start:
                kernel.protect(area.start, following.end, kernel.PROT_READ | kernel.PROT_EXEC)


def areas() -> list[Area]:
    """The areas of this process's memory, in order. Raises OSError."""
    with open("/proc/self/maps") as lines:
        return [_area(line) for line in lines]


def _area(line: str) -> Area:
    addresses, allowed, offset, _device, _inode, *name = line.rstrip("\n").split(maxsplit=5)
    start, end = addresses.split("-")
    return Area(int(start, 16), int(end, 16), allowed, int(offset, 16), name[0] if name and name[0][0] == "/" else "")
