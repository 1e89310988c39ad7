"""The supervisor's ends of a run's standard streams, handled by the event loop."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable

_PIECE = 1 << 16


class Drain:
    """Reads a pipe to its end, keeps the first `most` bytes, and calls `over` once if there are more.

    Only from `watch` on: until then the pipe holds what it can, and `close` reads that, too.
    """

    def __init__(self, descriptor: int, most: int, over: Callable[[], None]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._most = most
        self._say_over = over
        self._loop = asyncio.get_running_loop()
        self.held = bytearray()
        self.over = self._ended = self._watched = False

    def watch(self) -> None:
        """Read whenever there is something. Idempotent."""
        if not self._watched:
            self._watched = True
            self._loop.add_reader(self._descriptor, self._read)

    def _read(self) -> bool:
        """Read once; False = nothing available, or closed."""
        try:
            piece = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return False
        if not piece:
            self._end()
            return False
        room = self._most - len(self.held)
        self.held += piece[:room]
        if len(piece) > room and not self.over:
            self.over = True
            self._say_over()
        return True

    def close(self) -> None:
        """Read what is left after all writers are gone, and close. Idempotent."""
        if self._descriptor < 0:
            return
        while not (self.over or self._ended) and self._read():
            pass
        self._end()
        os.close(self._descriptor)
        self._descriptor = -1

    def _end(self) -> None:
        if self._watched and not (self._ended or self._loop.is_closed()):
            self._loop.remove_reader(self._descriptor)
        self._ended = True


_feeds: weakref.WeakSet[Feed] = weakref.WeakSet()


def _let_go_of_copies() -> None:
    """In a forked child: close its copies of pipes to programs, which would keep their input open."""
    for feed in list(_feeds):
        feed.forget()


os.register_at_fork(after_in_child=_let_go_of_copies)


class Feed:
    """Writes data to a pipe, closes it, and calls `over`; ignores a closed reader."""

    def __init__(self, descriptor: int, data: bytes, over: Callable[[], None] = lambda: None) -> None:
        self._descriptor = descriptor
        self._rest = memoryview(data)
        self._say_over = over
        self._loop = asyncio.get_running_loop()
        self._watched = False
        if data:
            os.set_blocking(descriptor, False)
        self._write()

    def _write(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._descriptor, self._rest[:_PIECE]) :]
        except BlockingIOError:
            if not self._watched:
                self._watched = True
                _feeds.add(self)
                self._loop.add_writer(self._descriptor, self._write)
            return
        except BrokenPipeError:
            pass
        self.close()
        self._say_over()

    def close(self) -> None:
        if self._descriptor >= 0:
            if self._watched and not self._loop.is_closed():
                self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self) -> None:
        """Close this process's copy without touching the event loop, which belongs to the parent process."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
