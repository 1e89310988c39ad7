"""MinHash: sketches that estimate how much of two sets is the same, and tables that find the sets like a given one.

    similarity of A and B   |A & B| / |A | B|, estimated by the share of equal places in the sketches of A and B
                            (Broder 1997), with a standard error of at most 0.5 / sqrt(HASHES) = 0.044
    a table                 finds a set with the chance 1 - (1 - s^rows)^bands where s is the similarity (Leskovec,
                            Rajaraman and Ullman, Mining of Massive Datasets, section 3.4)

Not `datasketch`, which offers the same: it loads scipy, which takes longer than a small data set takes to check.

Example:
    >>> words, more = sketch({"one", "two", "three"}), sketch({"one", "two", "three", "four"})
    >>> 0.6 < similarity(words, more) < 0.9
    True
    >>> table = Table(bands=32, rows=4)
    >>> table.add(7, words)
    >>> table.find(more)
    {7}
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

HASHES = 128

Sketch: TypeAlias = NDArray[np.uint32]  # [HASHES]
_Words: TypeAlias = NDArray[np.uint64]


def _digests(texts: Collection[str]) -> _Words:
    digest = b"".join(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digest, dtype="<u8")


# h -> a h + b modulo 2^64, of which the upper half counts (multiply-shift); a is odd
_FACTORS: _Words = _digests([f"factor {number}" for number in range(HASHES)]) | np.uint64(1)
_TERMS: _Words = _digests([f"term {number}" for number in range(HASHES)])


def sketch(parts: Collection[str]) -> Sketch:
    """The sketch of a set of texts; the same in every process."""
    hashes = _digests(parts)[:, None] * _FACTORS + _TERMS  # [parts, HASHES]
    least: _Words = hashes.min(axis=0, initial=np.iinfo(np.uint64).max)  # of no texts: as if all were far
    return (least >> np.uint64(32)).astype(np.uint32)


def similarity(one: Sketch, other: Sketch) -> float:
    """The estimated share of what two sets hold together that both of them hold."""
    return float(np.count_nonzero(one == other)) / HASHES


class Table:
    """Numbered sketches, found by bands of `rows` equal places. bands * rows is at most HASHES."""

    def __init__(self, *, bands: int, rows: int) -> None:
        self._rows = rows
        self._bands: tuple[dict[bytes, list[int]], ...] = tuple({} for _ in range(bands))

    def add(self, number: int, own: Sketch) -> None:
        for band, key in zip(self._bands, self._keys(own), strict=True):
            band.setdefault(key, []).append(number)

    def find(self, own: Sketch) -> set[int]:
        """The numbers of those that share a band with this one."""
        found: set[int] = set()
        for band, key in zip(self._bands, self._keys(own), strict=True):
            found.update(band.get(key, ()))
        return found

    def _keys(self, own: Sketch) -> list[bytes]:
        places, size = own.tobytes(), self._rows * own.itemsize
        return [places[at : at + size] for at in range(0, size * len(self._bands), size)]
