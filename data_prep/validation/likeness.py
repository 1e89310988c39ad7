"""Questions that are nearly alike: by MinHash (Broder 1997), with the hash tables of `datasketch`.

Two questions are near when the three-word sequences that they share are at least `THRESHOLD` of those that either has,
as estimated from 128 hashes (standard error about 0.04). Words are those of `data_prep.duplicates.normalised`, so
the same question with other numbers in it is near, too, unless it is short.
"""

from __future__ import annotations

from collections import Counter

from data_prep.duplicates import normalised

THRESHOLD = 0.7
_CANDIDATES = 0.5  # of the tables, which find about half of what is just as alike; well below, they miss little
_WORDS = 3
_HASHES = 128
_MOST_ALIKE = 32  # questions of one pattern that later ones are compared with: a set made by rule has no end of them


class Likeness:
    """The questions seen so far: about two kilobytes each; of those of one pattern the first `_MOST_ALIKE`."""

    def __init__(self) -> None:
        """Raises ModuleNotFoundError without `datasketch`."""
        from datasketch import MinHash, MinHashLSH

        self._minhash = MinHash
        self._index = MinHashLSH(threshold=_CANDIDATES, num_perm=_HASHES)
        self._seen: list[tuple[int, str, object]] = []
        self._pattern: list[int] = []  # of each question seen, the first one of its pattern
        self._alike: Counter[int] = Counter()

    def __len__(self) -> int:
        """With how many questions the next one may be compared."""
        return len(self._seen)

    def add(self, line: int, identity: str, text: str) -> tuple[int, str, float] | None:
        """Take the next question in. Line, id and likeness of the earlier one that is most like it, if one is near."""
        words = normalised(text).split()
        if len(words) < _WORDS:
            return None
        sketch = self._minhash(num_perm=_HASHES)
        sketch.update_batch(list({" ".join(words[at : at + _WORDS]).encode() for at in range(len(words) - _WORDS + 1)}))
        nearest: tuple[int, str, float] | None = None
        pattern = len(self._seen)
        for number in self._index.query(sketch):
            earlier_line, earlier, other = self._seen[number]
            likeness = float(sketch.jaccard(other))
            if likeness >= THRESHOLD and (nearest is None or (likeness, -earlier_line) > (nearest[2], -nearest[0])):
                nearest = earlier_line, earlier, likeness
                pattern = self._pattern[number]
        if self._alike[pattern] >= _MOST_ALIKE:
            return nearest
        self._alike[pattern] += 1
        self._pattern.append(pattern)
        self._index.insert(len(self._seen), sketch)
        self._seen.append((line, identity, sketch))
        return nearest
