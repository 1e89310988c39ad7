"""The queue from other threads to the dispatcher's thread, and the pipe that wakes it.

The lock is held only to append. The pipe is written to only while the thread sleeps, so that callers do not pay for a
system call each time.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from rewards.errors import GradingUnavailable
from rewards.pool_types import Case, Chunk


@dataclass(slots=True)
class Received:
    """What the queue holds. askers: futures to complete when the first worker is ready. abandoned: dropped futures."""

    cases: list[Case] = field(default_factory=list)
    offered: list[Chunk] = field(default_factory=list)
    askers: list[Future[None]] = field(default_factory=list)
    abandoned: set[Future[Any]] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.cases or self.offered or self.askers or self.abandoned)


class Inbox:
    """Once closed it accepts nothing.

    name: of the reward, for errors. room: how many more chunks the workers would accept, as of the last turn.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._received = Received()
        self._closed = False
        self.asleep = False
        self.room = 0
        self.wakes, self._wake_write = os.pipe()
        os.set_blocking(self.wakes, False)
        os.set_blocking(self._wake_write, False)

    # --- called from any thread -------------------------------------------------------------------------------------

    def submit(self, cases: Sequence[Case]) -> None:
        """Raises GradingUnavailable if closed."""
        with self._lock:
            self._refuse_if_closed()
            self._received.cases.extend(cases)
            self._wake()

    def offer(self, part: Chunk) -> bool:
        """Accept a chunk if there is room."""
        with self._lock:
            if self._closed or self.room <= 0:
                return False
            self.room -= 1
            self._received.offered.append(part)
            self._wake()
            return True

    def abandon(self, futures: Sequence[Future[Any]]) -> None:
        with self._lock:
            if not self._closed:
                self._received.abandoned.update(futures)
                self._wake()

    def ask(self) -> Future[None]:
        """A future that completes when a worker is ready. Raises GradingUnavailable if closed."""
        asker: Future[None] = Future()
        with self._lock:
            self._refuse_if_closed()
            self._received.askers.append(asker)
            self._wake()
        return asker

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._wake()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise GradingUnavailable(f"the pool that grades with {self._name} is closed")

    def _wake(self) -> None:
        if self.asleep:
            os.write(self._wake_write, b"w")  # first, so that an interrupt in between costs a byte, not a wake-up
            self.asleep = False

    # --- called by the dispatcher's thread --------------------------------------------------------------------------

    def sleep(self, room: int) -> bool:
        """Announce that the thread is about to wait, so that new items wake it. Returns False if closed."""
        with self._lock:
            if self._closed:
                return False
            self.room = room - len(self._received.offered)
            self.asleep = not self._received
            return True

    def take(self, register: Callable[[Received], None]) -> Received:
        """Take all items. register: called with them under the lock, so that none are lost if the thread fails."""
        with self._lock:
            self.asleep = False
            received, self._received = self._received, Received()
            register(received)
        return received

    def end(self, register: Callable[[Received], None]) -> None:
        """Close the queue and register what is left; afterwards nobody writes into the pipe."""
        with self._lock:
            self._closed = True
            self.asleep = False
            register(self._received)

    def woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.wakes, 4096)

    def close_pipe(self) -> None:
        os.close(self.wakes)
        os.close(self._wake_write)
