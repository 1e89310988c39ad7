"""Compact the zygote's memory before it forks, so that forks write to few pages.

Copying the pages that it writes to is most of what a fork costs. Python writes to every object that it looks at
(reference counts), and new objects go wherever an old one was freed, which is all over the heap. So the gaps are filled
once; what slots and runs allocate then lies side by side.
"""

from __future__ import annotations

from . import kernel

_SMALLEST, _LARGEST = 16, 512  # bytes of a block of Python's own allocator, in steps of the smallest
_HEAD_OF_BYTES = 33
_HEAD_OF_POOL = 48  # bytes in front of its first block; a pool begins at the beginning of a page
_PAGE = 4096
_MOST = 1 << 20  # bytes of gaps of one size, at most: beyond, no fresh pool is to be expected


def fill_gaps() -> list[object]:
    """Allocate the free gaps between objects. The caller holds what this returns for as long as it forks."""
    held: list[object] = []
    for size in range(_SMALLEST, _LARGEST + 1, _SMALLEST):
        held += _filled(size)
    kernel.fill_heap()
    return held


def _filled(size: int) -> list[object]:
    """Objects of this size, until two lie in a pool that was empty before; none if no such pool turns up."""
    blocks = [_block(size)]
    while len(blocks) * size < _MOST:
        before = id(blocks[-1])
        blocks.append(_block(size))
        if before % _PAGE == _HEAD_OF_POOL and id(blocks[-1]) == before + size:
            return blocks
    return []


def _block(size: int) -> object:
    """An object of this size that the garbage collector does not track."""
    if size == _SMALLEST:
        return object()
    return bytes(size - _HEAD_OF_BYTES) if size > _HEAD_OF_BYTES else complex(1.0, 1.0)
