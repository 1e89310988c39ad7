"""Stream rows through the graders: read ahead, grade concurrently, return in order or as they finish.

The caller's thread reads, submits requests to the pool, grades what needs no worker, and returns results. Only a source
that may block (a pipe) is read by a separate thread. At most `window` responses and `WINDOW_BYTES` of text are in
flight, so memory does not depend on the length of the input.

Results come in batches; an empty batch means that nothing more is available at the moment, so that the caller can flush
before waiting.

Example:
    stream = GradingStream(numbered_rows(sources, selection), pool)
    for batch in stream:
        for item in batch:
            print(item.row.line, item.answer or item.bad)
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice

from data_prep.errors import BadRow
from data_prep.rows import Row
from rewards.errors import InvalidRow
from rewards.pool import GraderPool
from rewards.types import GradeRequest, GradeResult
from rlvr.offline.asking import Answer, Asking, Under
from rlvr.offline.selection import Numbered

WINDOW_BYTES = 16 << 20
_PLAIN = Asking()
_CHUNK = 32  # rows read at a time, fewer if they are long
_CHUNK_BYTES = 1 << 20
_FULL = 0.005  # seconds between checks of a reader that is far ahead
_POLL = 0.2  # seconds between a waiting reader's checks whether its rows are still wanted


@dataclass(slots=True)
class Item:
    """A response being graded, or a bad row. Mutable, because there are very many.

    place: index of the response in its row. answer: its grade, known when the item is returned. under: correctness
    under both policies, if requested. cached: the grade is from the cache.
    """

    ordinal: int
    index: int
    file: int
    place: int
    row: Row | BadRow
    request: GradeRequest | None = None
    bad: BadRow | None = None
    answer: Answer | None = None
    under: Under | Future[Under] | None = None
    asked_under: bool = False
    cached: bool = False
    key: bytes = b""

    @property
    def result(self) -> GradeResult:
        """The grade of a returned item."""
        assert isinstance(self.answer, GradeResult)
        return self.answer


class GradingStream:
    """An iterable of batches of items. After `stop`, running grades are still returned."""

    def __init__(
        self,
        rows: Iterable[Numbered],
        pool: GraderPool,
        *,
        asking: Asking = _PLAIN,
        ordered: bool = True,
        window: int | None = None,
        waits: bool = False,
        first: int = 0,
        is_done: Callable[[int], bool] = lambda _ordinal: False,
    ) -> None:
        """rows: in order; an exception of the iterator is raised after the rows before it.

        waits: reading may block, so use a thread. first: ordinal of the first response. is_done: ordinals to skip.
        """
        self._pool = pool
        self._asking = asking
        self._ordered = ordered
        self._window = window or max(256, 32 * pool.workers)
        self._ordinal = first
        self._is_done = is_done
        self._waiting: deque[Item] = deque()  # ordered: all items in flight; unordered: those that are ready
        self._flying: dict[int, Item] = {}  # unordered only: items that are not ready, by ordinal
        self._count = self._bytes = 0
        self._stopped = False
        self._bell: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._ended = False
        self._error: BaseException | None = None
        self._reader = _Reader(rows, self._window, self._ring) if waits else None
        self._rows = iter(rows)

    def stop(self) -> None:
        """Read no further rows and return running grades; requests that wait for a worker are dropped.

        May be called from any thread and from a signal handler.
        """
        self._ended = self._stopped = True
        self._bell.put(None)

    def __iter__(self) -> Iterator[list[Item]]:
        if self._reader is not None:
            self._reader.start()
        try:
            while True:
                if self._stopped:
                    self._drop_waiting()
                read = self._read()
                ready = self._ready()
                if ready:
                    yield ready
                elif not read:
                    if not self._count and self._ended:
                        break
                    yield []
                    self._wait()
        finally:
            if self._reader is not None:
                self._reader.wanted.clear()
        if self._error is not None:
            yield []  # lets the caller write the rows before the error
            raise self._error

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> bool:
        """Read some rows if there is room. Returns False if there is no room or no row."""
        if self._ended or self._count >= self._window or self._bytes >= WINDOW_BYTES:
            return False
        rows: list[Numbered] = []
        try:
            if self._reader is not None:
                rows += self._reader.some(_CHUNK)
            else:
                size = 0
                for numbered in islice(self._rows, _CHUNK):
                    rows.append(numbered)
                    size += length(numbered.row)
                    if size > _CHUNK_BYTES:
                        break
                if not rows:  # set only here, so that a concurrent `stop` is not undone
                    self._ended = True
        except StopIteration:
            self._ended = True
        except BaseException as error:  # raised after the rows before it
            self._ended, self._error = True, error
        self._begin([item for numbered in rows for item in self._items(numbered)])
        return bool(rows)

    def _items(self, numbered: Numbered) -> list[Item]:
        row = numbered.row
        made: list[Item] = []
        bad: BadRow | None = row if isinstance(row, BadRow) else None
        requests: list[GradeRequest] = []
        if not isinstance(row, BadRow):
            try:
                requests = self._asking.requests_of(row)
            except BadRow as error:
                bad = row.blame(error)
        if bad is not None:
            made.append(Item(self._ordinal, numbered.index, numbered.file, 0, row, bad=bad))
        for place, request in enumerate(requests):
            made.append(Item(self._ordinal + place, numbered.index, numbered.file, place, row, request))
        self._ordinal += len(made)
        return made

    def _begin(self, items: list[Item]) -> None:
        """Submit requests to the pool: row by row if the reward compares responses, else all together."""
        if not self._pool.batched:
            self._begin_together([item for item in items if not self._is_done(item.ordinal)])
            return
        start = 0
        for end in range(1, len(items) + 1):
            if end == len(items) or items[end].place == 0:
                row = items[start:end]
                start = end
                if not all(self._is_done(item.ordinal) for item in row):
                    self._begin_together(row, [item for item in row if not self._is_done(item.ordinal)])

    def _begin_together(self, items: list[Item], wanted: list[Item] | None = None) -> None:
        asked = [item for item in items if item.request is not None]
        try:
            self._answer(asked)
        except InvalidRow:  # one of them has metadata that is not JSON
            for item in asked:
                try:
                    self._answer([item])
                except InvalidRow as error:
                    assert isinstance(item.row, Row)
                    item.bad = item.row.blame(BadRow(str(error)))
        for item in items if wanted is None else wanted:
            self._count += 1
            self._bytes += _size(item)
            if self._ordered:
                self._waiting.append(item)
                if isinstance(item.answer, Future):
                    item.answer.add_done_callback(self._ring)
            else:
                self._follow(item)

    def _answer(self, items: list[Item]) -> None:
        requests = [item.request for item in items if item.request is not None]
        found: list[GradeResult | None] = [None] * len(requests)
        known = self._asking.known
        if known is not None and requests:
            keys = known.keys(requests) if self._pool.batched else [known.keys([r])[0] for r in requests]
            grades = known.find(keys)
            found = [grades.get(key) for key in keys]
            if self._pool.batched and None in found:
                found = [None] * len(requests)
            for item, key in zip(items, keys, strict=True):
                item.key = key
        missing = [request for request, result in zip(requests, found, strict=True) if result is None]
        answers = iter(self._pool.begin(missing) if missing else ())
        for item, result in zip(items, found, strict=True):
            item.cached = result is not None
            item.answer = next(answers) if result is None else result

    # --- giving out -------------------------------------------------------------------------------------------------

    def _ready(self) -> list[Item]:
        ready: list[Item] = []
        while self._waiting and self._is_complete(self._waiting[0]):
            ready.append(self._waiting.popleft())
        self._count -= len(ready)
        self._bytes -= sum(map(_size, ready))
        return ready

    def _is_complete(self, item: Item) -> bool:
        """Whether all results of an item are known; requests the policies once the grade is known."""
        if item.bad is not None:
            return True
        if isinstance(item.answer, Future):
            if not item.answer.done():
                return False
            item.answer = item.answer.result()
        if item.key and not item.cached and self._asking.known is not None:
            self._asking.known.keep(item.key, item.result)
            item.key = b""
        if self._asking.policies is not None and not item.asked_under:
            assert item.request is not None
            item.asked_under = True
            item.under = self._asking.policies(item.request, item.result, self._pool.begin)
            if isinstance(item.under, Future):
                item.under.add_done_callback(self._ring)
        if isinstance(item.under, Future):
            if not item.under.done():
                return False
            item.under = item.under.result()
        return True

    def _drop_waiting(self) -> None:
        """After `stop`: cancel requests that no worker has begun; if ordered, drop all items after the first cancelled
        one.
        """
        self._stopped = False
        if self._ordered:
            for item in self._waiting:
                _cancelled(item)
            whole = next((at for at, item in enumerate(self._waiting) if _is_cancelled(item)), len(self._waiting))
            self._waiting = deque(islice(self._waiting, whole))
            self._count, self._bytes = len(self._waiting), sum(map(_size, self._waiting))
            return
        for item in list(self._flying.values()):
            if _cancelled(item):
                self._forget(item)

    def _forget(self, item: Item) -> None:
        if self._flying.pop(item.ordinal, None) is not None:
            self._count -= 1
            self._bytes -= _size(item)

    def _follow(self, item: Item) -> None:
        """Unordered: move an item to the ready ones as soon as it is complete."""
        if _is_cancelled(item):
            self._forget(item)
            return
        if self._is_complete(item):
            self._flying.pop(item.ordinal, None)
            self._waiting.append(item)
            return
        self._flying[item.ordinal] = item
        future = _future(item)
        assert future is not None
        future.add_done_callback(lambda _done: self._bell.put(item))

    def _ring(self, _done: object = None) -> None:
        self._bell.put(None)

    def _wait(self) -> None:
        """Wait for a grade, a row or a stop."""
        rung = [self._bell.get()]
        while not self._bell.empty():
            rung.append(self._bell.get())
        for item in rung:
            if item is not None:
                self._follow(item)


def _future(item: Item) -> Future[GradeResult] | Future[Under] | None:
    """The future that an item waits for; None = none."""
    if isinstance(item.answer, Future):
        return item.answer
    return item.under if isinstance(item.under, Future) else None


def _cancelled(item: Item) -> bool:
    """Cancel an item if no worker has begun it. Returns whether it is cancelled."""
    future = _future(item)
    return future is not None and future.cancel()


def _is_cancelled(item: Item) -> bool:
    future = _future(item)
    return future is not None and future.cancelled()


def length(row: Row | BadRow) -> int:
    """The approximate number of characters of a row."""
    return len(row.row) if isinstance(row, BadRow) else len(row.text) or _characters(row.fields)


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_characters, value.values()))
    return sum(map(_characters, value)) if isinstance(value, list) else 1


def _size(item: Item) -> int:
    """The approximate number of characters held for an item: its response, and for the first item of a row, the row."""
    response = 0 if item.request is None else len(item.request.response)
    return response + (length(item.row) if item.place == 0 else 0)


class _Reader(threading.Thread):
    """Reads ahead from a source that may block."""

    def __init__(self, rows: Iterable[Numbered], window: int, ring: Callable[[], None]) -> None:
        super().__init__(name="rlvr-grade-reader", daemon=True)  # it may block for ever
        self._rows = rows
        self._ring = ring
        self._read: queue.Queue[Numbered | BaseException | None] = queue.Queue(maxsize=window)
        self._held: BaseException | None = None
        self._over = False
        self._put_bytes = self._taken_bytes = 0  # each is changed by only one thread, so no lock is needed
        self.wanted = threading.Event()
        self.wanted.set()

    def run(self) -> None:
        try:
            for row in self._rows:
                if not self._put(row):
                    return
        except BaseException as error:  # re-raised by `some`
            self._put(error)
        else:
            self._put(None)

    def some(self, most: int) -> list[Numbered]:
        """The available rows. After all rows, raises StopIteration or the exception of the source."""
        taken: list[Numbered] = []
        before = self._taken_bytes
        while len(taken) < most and not self._over and self._held is None:
            try:
                row = self._read.get_nowait()
            except queue.Empty:
                break
            if row is None:
                self._over = True
            elif isinstance(row, BaseException):
                self._held = row
            else:
                taken.append(row)
                self._taken_bytes += length(row.row)
                if self._taken_bytes - before > _CHUNK_BYTES:
                    break
        if not taken and self._over:
            raise StopIteration
        if not taken and self._held is not None:
            raise self._held
        return taken

    def _put(self, row: Numbered | BaseException | None) -> bool:
        while self._put_bytes - self._taken_bytes > WINDOW_BYTES and self.wanted.is_set():
            time.sleep(_FULL)
        if isinstance(row, Numbered):
            self._put_bytes += length(row.row)
        while self.wanted.is_set():
            try:
                self._read.put(row, timeout=_POLL)
            except queue.Full:
                continue
            self._ring()
            return True
        return False
