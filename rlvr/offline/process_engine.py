"""Grade on many cores: processes that parse, grade and serialise whole chunks of rows.

The overhead per row (parsing, dispatch, serialisation) is about as large as a quick grade, so one process with many
workers is no faster than with two. Here this process only cuts the input into chunks and writes the results in input
order: one output, one journal, and the same resuming as with the single-process engine, which can continue such a run
and vice versa.

A chunk has as many rows as are graded in about `_CHUNK_SECONDS`, so that a killed run loses little work. A process that
dies is replaced and its chunks are graded again, unless `_TRIES` processes have died at one of them. Processes send
heartbeats; a silent one is killed.

Each process has a pool of one worker, which handles deadlines, memory limits and blame.
"""

from __future__ import annotations

import os
import pickle
import queue
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import TypeAlias

from data_prep.errors import BadRow
from data_prep.rows import Row
from rewards.errors import GradingUnavailable
from rewards.worker_process import environment
from rlvr.offline.chunks import Chunk, Piece
from rlvr.offline.engine import Setup
from rlvr.offline.recorder import Written
from rlvr.offline.selection import Selection, Start
from rlvr.offline.sources import Source
from rlvr.offline.stream import length

_CHUNK_SECONDS = 0.1
_CHUNK_ROWS = 1024
_CHUNK_BYTES = 1 << 20
_FIRST_ROWS = 8
_FASTER = 4  # most growth of the number of rows from one chunk to the next
_AT_ONCE = 2  # chunks per process: the current one and the next
_AHEAD = 8  # chunks per process that are being graded or wait for an earlier one
_AHEAD_BYTES = 128 << 20  # most bytes of rows being graded and of graded rows not yet written
_TRIES = 3  # most processes that may die on one chunk
_BEAT_SECONDS = 6.0  # seconds between heartbeats on an idle connection
_SILENT_BEATS = 10  # missed heartbeats after which a process is killed and replaced
_END_SECONDS = 5.0

_Line: TypeAlias = "tuple[int, bytes] | Row | BadRow"


@dataclass(slots=True)
class _Pending:
    """A chunk that is being graded or waits for an earlier one.

    came: graded rows received in this try, including rows known from earlier tries. given: rows yielded so far.
    written: rows received and not yet yielded. size: bytes of its rows, until all are graded, and of `written`.
    """

    chunk: Chunk
    size: int
    sent: float = 0.0
    deaths: int = 0
    came: int = 0
    given: int = 0
    written: list[Written] = field(default_factory=list)
    end: Piece | None = None

    @property
    def rows(self) -> int:
        """The number of rows; before grading it includes blank lines."""
        return len(self.chunk) if self.end is None else self.end.rows or 0


class _Worker:
    """A process and its socket. A thread writes, because the process may be slow to read."""

    def __init__(self, setup: bytes) -> None:
        """Raises OSError, RuntimeError if no processes, descriptors or threads are left."""
        self._socket, theirs = socket.socketpair()
        # In case a process stops in the middle of a message
        patience = struct.pack("@ll", int(_SILENT_BEATS * _BEAT_SECONDS), 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        with theirs:
            number = str(theirs.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", "rlvr.offline.grading_process", number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # output of importing the reward's file was shown by this process
                pass_fds=[theirs.fileno()],
                env=environment(),
                process_group=0,  # a separate group, so that Ctrl-C reaches only this process
            )
        self.connection = Connection(os.dup(self._socket.fileno()))
        self.since = time.monotonic()  # when its last chunk was done
        self.hands: deque[_Pending] = deque()
        self.silent = 0  # heartbeats missed in a row
        self._out: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._out.put(setup)
        self._writer = threading.Thread(target=self._write, name="rows to grade", daemon=True)
        self._writer.start()

    def give(self, pending: _Pending) -> None:
        pending.sent, pending.came = time.monotonic(), 0
        self.hands.append(pending)
        self.say(pending.chunk)

    def say(self, message: object) -> None:
        self._out.put(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def hear(self) -> object:
        """The next message. Raises EOFError, OSError if the process is gone."""
        # Safe to unpickle: the process runs only our code; user rewards run in a worker below it
        return pickle.loads(self.connection.recv_bytes())

    def close(self) -> None:
        """Close the socket; the process then ends its workers and exits."""
        with suppress(OSError):  # already gone
            self._socket.shutdown(socket.SHUT_RDWR)  # also wakes the writing thread
        self._out.put(None)
        self._writer.join()  # before closing, so that its descriptor is not reused
        self._socket.close()
        self.connection.close()

    def kill(self) -> None:
        self._process.kill()

    def reap(self, until: float) -> int:
        """Wait for the process to exit, and kill it at the deadline. Returns its exit status."""
        try:
            return self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _write(self) -> None:
        with suppress(OSError):  # the process is gone: `hear` will raise
            while (message := self._out.get()) is not None:
                self.connection.send_bytes(message)


class Early:
    """Processes started early, while the data are checked. A context manager that ends those that no engine took."""

    def __init__(self, setup: Setup, processes: int) -> None:
        self._workers: list[_Worker] = []
        message = _begun_with(setup)
        with suppress(OSError, RuntimeError):  # the engine starts the missing ones, and reports the error
            for _ in range(processes):
                self._workers.append(_Worker(message))

    def take(self) -> list[_Worker]:
        """Hand the processes over to the caller."""
        workers, self._workers = self._workers, []
        return workers

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._workers)


class ProcessEngine:
    """Grades in `processes` processes. After `stop` it ends at the first incomplete chunk; a resumed run grades the
    rest.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        selection: Selection,
        setup: Setup,
        *,
        processes: int,
        start: Start = Start(),  # noqa: B008  # frozen
        first: int = 0,
        passed: int = 0,
        early: Early | None = None,
    ) -> None:
        """first: ordinal of the first response. passed: responses of the first row that are already graded. early:
        started processes with the same setup.
        """
        self._selection = selection
        self._setup = _begun_with(setup)
        self._count = processes
        self._rows = _Reading(sources, selection, start)
        self._ordinal, self._index, self._passed = first + passed, start.index, passed
        self._size = _FIRST_ROWS
        self._early = early
        self._workers: list[_Worker] = []
        self._pending: deque[_Pending] = deque()  # in the order of the input
        self._stopped = self._over = False
        self._error: BaseException | None = None
        self._heard, self._bell = Pipe(duplex=False)
        self._beat = time.monotonic()

    def stop(self) -> None:
        """Start no further chunk. May be called from any thread and from a signal handler."""
        self._stopped = True
        self._bell.send_bytes(b"")

    def __iter__(self) -> Iterator[list[Written]]:
        try:
            self._workers += self._early.take() if self._early is not None else []
            while len(self._workers) < self._count:
                self._start()
            while not self._over:
                self._hand_out()
                known = self._known()
                if known:
                    yield known
                elif self._pending and not self._over:
                    yield []
                    self._hear()
        finally:
            _end(self._workers)
        if self._error is not None:
            yield []  # lets the caller write the rows before the error
            raise self._error

    def _start(self) -> _Worker:
        try:
            self._workers.append(_Worker(self._setup))
        except (OSError, RuntimeError) as error:
            raise GradingUnavailable(f"a process that grades cannot be started: {error}") from error
        return self._workers[-1]

    # --- reading and handing out ------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give chunks to processes with room."""
        for _ in range(_AT_ONCE):
            for worker in self._workers:
                if len(worker.hands) >= _AT_ONCE or self._is_far_ahead:
                    continue
                if (pending := self._next_chunk()) is None:
                    return
                self._pending.append(pending)
                worker.give(pending)

    @property
    def _is_far_ahead(self) -> bool:
        return len(self._pending) >= _AHEAD * self._count or sum(one.size for one in self._pending) >= _AHEAD_BYTES

    def _next_chunk(self) -> _Pending | None:
        """The next chunk; None if none is wanted or left."""
        room = self._size
        if (
            self._selection.limit is not None
        ):  # blank lines are found only during grading, so the limit may need more lines later
            room = min(room, self._selection.limit - self._index - sum(one.rows for one in self._pending))
        if self._stopped or self._error is not None or room < 1:
            return None
        try:
            chunk = self._rows.take(room, passed=self._passed)
        except Exception as error:  # raised after the rows before it
            self._error = error
            return None
        if chunk is None:
            return None
        self._passed = 0
        return _Pending(chunk, chunk.size)

    # --- hearing and giving out -------------------------------------------------------------------------------------

    def _known(self) -> list[Written]:
        """Graded rows of the first chunks, in order."""
        known: list[Written] = []
        while self._pending:
            first = self._pending[0]
            for written in first.written:
                written.ordinal, written.index = self._ordinal, self._index + written.index
                self._ordinal += 1
            known += first.written
            first.given += len(first.written)
            first.size -= sum(len(one.line) for one in first.written)
            first.written = []
            if first.end is None:
                break
            if not first.end.whole:
                self._over = True
                return known
            self._index += first.end.rows or 0
            self._pending.popleft()
        if not self._pending and (self._rows.ended or self._stopped or self._error is not None or self._is_full):
            self._over = True
        return known

    @property
    def _is_full(self) -> bool:
        return self._selection.limit is not None and self._index >= self._selection.limit

    def _hear(self) -> None:
        """Wait for messages, and process them."""
        heard = wait([self._heard, *(worker.connection for worker in self._workers)], _BEAT_SECONDS)
        for worker in [worker for worker in self._workers if worker.connection in heard]:
            worker.silent = 0
            try:
                message = worker.hear()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            if isinstance(message, Piece):
                self._take(worker, message)
            elif message:
                raise GradingUnavailable(str(message))
        if self._heard in heard:
            self._heard.recv_bytes()
            for worker in self._workers:
                worker.say(None)
        if time.monotonic() - self._beat >= _BEAT_SECONDS:
            self._count_silence()

    def _count_silence(self) -> None:
        """Count one missed heartbeat, regardless of elapsed time, since the whole machine may have been suspended."""
        self._beat = time.monotonic()
        for worker in self._workers:
            worker.silent += 1
            if worker.silent > _SILENT_BEATS:
                worker.kill()  # noticed like any other exit

    def _take(self, worker: _Worker, piece: Piece) -> None:
        pending = worker.hands[0]
        before = pending.came
        pending.came += len(piece.written)
        # Rows already known, some of them from a process that died on this chunk.
        known = pending.given + len(pending.written)
        new = piece.written[max(0, known - before) :]
        pending.written += new
        pending.size += sum(len(one.line) for one in new)
        if piece.fault:  # replaces a reading error, which would come after this chunk
            self._error = GradingUnavailable(piece.fault)
        if piece.rows is None:
            return
        rows, pending.end = pending.rows, piece
        pending.size -= pending.chunk.size
        pending.chunk = replace(pending.chunk, lines=(), rows=())
        worker.hands.popleft()
        now = time.monotonic()
        self._size = _fitting(rows, now - max(pending.sent, worker.since))
        worker.since = now

    def _replace(self, worker: _Worker) -> None:
        """Replace a dead process and grade its chunks again. Raises GradingUnavailable."""
        self._workers.remove(worker)
        worker.close()
        status = worker.reap(time.monotonic() + _END_SECONDS)
        if self._stopped:  # the signal that stopped this process also ended that one
            for pending in worker.hands:
                pending.end = Piece(pending.chunk.number, (), rows=0, whole=False)
            return
        if not worker.hands and self._workers:  # the others finish the work
            return
        for pending in list(worker.hands)[:1]:  # chunks are graded in order, so it died on the first
            pending.deaths += 1
            if pending.deaths == _TRIES:
                raise GradingUnavailable(f"a process that grades rows died {_TRIES} times (exit status {status})")
        other = self._start()
        for pending in worker.hands:
            other.give(pending)


def _begun_with(setup: Setup) -> bytes:
    """The first message to a process."""
    return pickle.dumps((setup, sys.path, sys.argv, _BEAT_SECONDS))


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.close()
    until = time.monotonic() + _END_SECONDS
    for worker in workers:
        worker.reap(until)


def _fitting(rows: int, seconds: float) -> int:
    """The number of rows that take `_CHUNK_SECONDS`, if `rows` took `seconds`."""
    wanted = rows * _CHUNK_SECONDS / max(seconds, 1e-6)
    return max(1, min(int(wanted), _FASTER * rows, _CHUNK_ROWS))


class _Reading:
    """Reads the rows of all sources from a position on. ended: there are no more."""

    def __init__(self, sources: Sequence[Source], selection: Selection, start: Start) -> None:
        self._sources = sources
        self._selection = selection
        self._file, self._line = start.file, start.line
        self._rows: Iterator[_Line] | None = None
        self._chunks = 0
        self._error: Exception | None = None
        self.ended = False

    def take(self, most: int, *, passed: int) -> Chunk | None:
        """Up to `most` rows of one source, fewer if they are long; None at the end. Raises whatever reading raises."""
        while self._file < len(self._sources):
            source = self._sources[self._file]
            if self._rows is None:
                unparsed = source.unparsed(self._line - 1)
                self._rows = source.rows(self._line - 1) if unparsed is None else unparsed
                self._line = 1
            taken, size = self._some(self._rows, most)
            if taken:
                self._chunks += 1
                lines = [one for one in taken if isinstance(one, tuple)]
                rows = [one for one in taken if not isinstance(one, tuple)]
                return Chunk(self._chunks, self._file, source.name, lines, rows, passed, size)
            self._rows = None
            self._file += 1
        self.ended = True
        return None

    def _some(self, rows: Iterator[_Line], most: int) -> tuple[list[_Line], int]:
        """Up to `most` selected rows, and their size in characters."""
        taken: list[_Line] = []
        size = 0
        if self._error is not None:
            raise self._error
        try:
            for one in rows:
                line = one[0] if isinstance(one, tuple) else one.line
                if not self._selection.takes(self._file, line):
                    continue
                taken.append(one)
                size += len(one[1]) if isinstance(one, tuple) else length(one)
                if len(taken) >= most or size > _CHUNK_BYTES:
                    break
        except Exception as error:  # raised after the rows before it
            if not taken:
                raise
            self._error = error
        return taken, size
