"""The zygote's memory, laid out for its forks: what they write to should lie on few pages.

A fork copies each page that it is the first to write to, which is most of what it costs. Python writes to whatever it
looks at, and what is allocated goes wherever something was freed before: all over the memory. So the gaps are filled,
once, and what slots and runs allocate lies side by side.
"""

from __future__ import annotations

from . import kernel

_SMALLEST, _LARGEST = 16, 512  # bytes of a block of Python's own allocator, in steps of the smallest
_HEAD_OF_BYTES = 33
_HEAD_OF_POOL = 48  # bytes in front of its first block; a pool begins at the beginning of a page
_PAGE = 4096
_MOST = 1 << 20  # bytes of gaps of one size, at most: beyond, no fresh pool is to be expected


def fill_gaps() -> list[object]:
    """Take what is free between objects. What it returns is to be held for as long as there are forks."""
    held: list[object] = []
    for size in range(_SMALLEST, _LARGEST + 1, _SMALLEST):
        held += _filled(size)
    kernel.fill_heap()
    return held


def _filled(size: int) -> list[object]:
    """Objects of this size, up to the second in a pool that nothing was in; none where no such pool comes."""
    blocks = [_block(size)]
    while len(blocks) * size < _MOST:
        before = id(blocks[-1])
        blocks.append(_block(size))
        if before % _PAGE == _HEAD_OF_POOL and id(blocks[-1]) == before + size:
            return blocks
    return []


def _block(size: int) -> object:
    """An object of this size that the garbage collector does not know."""
    if size == _SMALLEST:
        return object()
    return bytes(size - _HEAD_OF_BYTES) if size > _HEAD_OF_BYTES else complex(1.0, 1.0)
