"""In the checker: several threads of a test ask at once. One may block in the program until another releases it.

Each thread has a companion in the program's process; see `companions.py`. Still, only the end that has the turn writes,
and the program passes the turn back if it has nothing to say. Messages are delivered to the thread that they are for;
one of the waiting threads polls. A thread of the program that calls a function of the test likewise has a companion
here, so that such threads can wait for each other.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from _thread import _count, allocate_lock, start_new_thread
from collections import deque
from threading import Thread, current_thread
from typing import Any

from ..proxies.proxies import ProgramLost, Refused, UnsupportedTest
from ..shared import wire
from .link import Link

_FIRST, _SHORTEST, _LONGEST = 0.001, 0.0005, 0.005  # seconds that the program keeps the turn, and is left alone
_PULSE = 0.003
_MOST_THREADS = 1000

_Message = tuple[Any, ...]


class _Own:
    """The identity of a thread of the tests, which is notified when the thread has ended."""

    def __init__(self, number: int, ended: deque[int] | None) -> None:
        self.number = number
        self._ended = ended

    def __del__(self) -> None:
        if self._ended is not None:
            self._ended.append(self.number)


class _Local(threading.local):
    own: _Own | None = None


class Turns:
    """A conversation with several threads. Created in the tests' main thread; the link's lock guards all its state."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._local = _Local()
        self._local.own = _Own(wire.MAIN, None)
        self._numbers = itertools.count(wire.READING + 1)
        self._ended: deque[int] = deque()
        self._open: dict[int, int] = {}  # unanswered requests of each thread
        self._mail: dict[int, deque[_Message]] = {}
        self._signals: dict[int, Any] = {}
        self._waiting: set[int] = set()
        self._leader: int | None = None  # the waiting thread that polls
        self._pulsing = False
        self._busy = False  # the program has its own threads
        self._within = 0  # how often the program has asked in the middle of a message

    # --- asking ---

    def ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> _Message:
        """Return the program's answer, or raise what it raised. Raises ProgramLost."""
        who = wire.WITHIN if self._within else wire.READING if self._link.half_read else self._number()
        ended = tuple(self._ended.popleft() for _ in range(len(self._ended)))
        self._open[who] = self._open.get(who, 0) + 1
        try:
            message = self._exchange(who, wire.ASK, [name, args, kwargs, current_thread().name, ended])
            while message[0] == wire.BACK:
                operation, holder = self._served(message)
                del message
                message = self._exchange(who, operation, holder)
            return message
        finally:
            self._open[who] -= 1

    def _number(self) -> int:
        own = self._local.own
        if own is None:
            own = self._local.own = _Own(next(self._numbers), self._ended)
        return own.number

    def _exchange(self, who: int, operation: int, holder: list[Any]) -> _Message:
        """Write a message, and wait for one to this thread."""
        mail = self._mail.setdefault(who, deque())
        self._converse(who, operation, holder)
        wait = _SHORTEST
        try:
            while not mail:
                self._stand_back(who, wait)
                if self._link.lost:
                    raise ProgramLost(self._link.lost)
                if not mail and (self._link.level > 1 or self._leader in (None, who)):
                    self._converse(wire.MAIN, wire.PENDING, [None])
                    wait = min(_LONGEST, wait * 1.5)
        finally:
            if self._leader in (None, who):
                self._leader = None
                if self._waiting:
                    self._signal(next(iter(self._waiting)))
        return mail.popleft()

    def _stand_back(self, who: int, wait: float) -> None:
        """Let other threads use the link: for a while if this one polls for all, else until it is notified."""
        if self._link.level > 1:  # in the middle of a message
            return
        if self._leader is None:
            self._leader = who
        signal = self._signals.setdefault(who, _taken_lock())
        if self._leader != who:
            self._waiting.add(who)
            wait = -1
        with _Released(self._link):
            signal.acquire(timeout=wait)
        self._waiting.discard(who)

    def _signal(self, who: int) -> None:
        signal = self._signals.setdefault(who, _taken_lock())
        if signal.locked():
            signal.release()

    # --- one message to the program, one from it ---

    def _converse(self, who: int, operation: int, holder: list[Any]) -> None:
        wait_seconds = _FIRST if _count() else -1.0  # no other thread could ask in the meantime
        link = self._link
        link.write(operation, *wire.emptied(holder), who, wait_seconds)
        while not self._deliver(link.read()):
            pass

    def _deliver(self, message: _Message) -> bool:
        """Deliver a message to its receiver. Returns whether it is our turn now."""
        link = self._link
        operation, (who, busy) = message[0], message[-2:]
        if len(message) < 8 or type(who) is not int or type(busy) is not bool:
            link.lose("the program broke the protocol: a message of nobody", violated=True)
        self._busy = busy
        if busy and not self._pulsing:
            self._pulsing = True
            start_new_thread(self._pulse, ())
        if operation == wire.PENDING:
            return True
        name = message[-3]
        if operation == wire.BACK and who == wire.WITHIN:
            self._within += 1
            try:
                answer, holder = link.served(message[:-2])
            finally:
                self._within -= 1
            link.write(answer, holder.pop(), who, _FIRST)
            return False
        if operation == wire.BACK and who < wire.WITHIN:
            if type(name) is not str or (who not in self._mail and len(self._mail) > _MOST_THREADS):
                link.lose("the program broke the protocol: a question without its parts", violated=True)
            if who not in self._mail:
                self._mail[who] = deque()
                Thread(target=self._help, args=(who,), daemon=True).start()
        elif operation not in (wire.RETURN, wire.RAISE, wire.BACK) or self._open.get(who, 0) <= 0:
            link.lose("the program broke the protocol: an answer that was not asked for", violated=True)
        named = operation == wire.BACK and who > wire.WITHIN  # a thread known by its number
        self._mail.setdefault(who, deque()).append(message[: -3 if named else -2])
        self._signal(who)
        return True

    # --- serving ---

    def _served(self, message: _Message) -> tuple[int, list[Any]]:
        """Do what the program asks. Other threads may ask meanwhile, unless this is in the middle of a message."""
        if self._link.level > 1:
            return self._link.served(message)
        with _Released(self._link):
            return self._link.served(message)

    def _help(self, who: int) -> None:
        """Do what one of the program's threads asks."""
        self._local.own = _Own(who, None)
        mail = self._mail[who]
        signal = self._signals.setdefault(who, _taken_lock())
        with self._link.lock, contextlib.suppress(ProgramLost, Refused), _Held(self._link):
            while True:
                while not mail:
                    with _Released(self._link):
                        signal.acquire()
                try:
                    *message, name = mail.popleft()
                    current_thread().name = name[:200]  # the number of an ended thread may be reused
                    operation, holder = self._served(tuple(message))
                    del message
                except UnsupportedTest as error:  # it is recorded
                    operation, holder = wire.BACK_RAISE, [RuntimeError(str(error))]
                self._converse(who, operation, holder)

    def _pulse(self) -> None:
        """Let the program's threads send requests while no thread of the tests asks."""
        pause = _taken_lock()
        while True:
            pause.acquire(timeout=_PULSE)
            with self._link.lock:
                if self._link.lost or not self._busy:
                    self._pulsing = False
                    return
                if self._leader is None:
                    with _Held(self._link), contextlib.suppress(ProgramLost):
                        self._converse(wire.MAIN, wire.PENDING, [None])


class _Held:
    """Holds the link's lock, once."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __enter__(self) -> None:
        self._link.level = 1

    def __exit__(self, *_: object) -> None:
        self._link.level = 0


class _Released:
    """Releases the link's lock, which is held once, for a while."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __enter__(self) -> None:
        self._link.level = 0
        self._link.lock.release()

    def __exit__(self, *_: object) -> None:
        self._link.lock.acquire()
        self._link.level = 1


def _taken_lock() -> Any:
    lock = allocate_lock()
    lock.acquire()
    return lock
