"""Calls that wait for a worker: those of one batch in order, those of several batches in turns.

In one line a small batch would wait for all of a large one that another thread, or another client of the service, had
begun before.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

from rewards.pool_types import Call


class CallQueue:
    """`Call`s of cases. What is queued without a batch (`Case.batch`) forms a batch together."""

    def __init__(self) -> None:
        self._lines: OrderedDict[object, deque[Call]] = OrderedDict()  # by batch; the first is next. None is empty.
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Call]:
        for line in self._lines.values():
            yield from line

    def extend(self, calls: Iterable[Call]) -> None:
        """Put each at the end of its batch."""
        for call in calls:
            self._line(call).append(call)
            self._count += 1

    def put_back(self, calls: Iterable[Call]) -> None:
        """Put calls at the front, in order: they had begun their turn."""
        for call in reversed([*calls]):
            self._line(call).appendleft(call)
            self._lines.move_to_end(_batch(call), last=False)
            self._count += 1

    def pop(self) -> Call:
        """Remove the next call; its batch is then behind the others. Raises KeyError if there is none."""
        batch, line = self._lines.popitem(last=False)
        if len(line) > 1:
            self._lines[batch] = line
        self._count -= 1
        return line.popleft()

    def take(self, which: Callable[[Call], bool]) -> list[Call]:
        """Remove and return the calls for which `which` is true."""
        sorted_out = [(call, which(call)) for call in self]
        self._lines.clear()
        self._count = 0
        self.extend(call for call, taken in sorted_out if not taken)
        return [call for call, taken in sorted_out if taken]

    def _line(self, call: Call) -> deque[Call]:
        return self._lines.setdefault(_batch(call), deque())


def _batch(call: Call) -> object:
    return None if call.case is None else call.case.batch
