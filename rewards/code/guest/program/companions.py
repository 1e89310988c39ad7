"""In the candidate: several threads of a test at once. Each has a companion thread here that does what it asks.

A call may block in the program until another thread's call releases it. So one thread reads requests and passes each to
the companion of the thread that asks; the companion of the tests' main thread is the program's main thread. Still, only
the end that has the turn writes: threads here wait for the turn before they answer, and if none has anything to say,
the reader passes the turn back (`PENDING`).
"""

from __future__ import annotations

from _thread import _count, get_ident, start_new_thread
from queue import SimpleQueue
from threading import Condition, Thread, current_thread
from typing import Any

from ..shared import wire
from .host import Host, run_until_gone


class Companions:
    """A conversation with several threads. Created in the program's main thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._turn = Condition()
        self._ours = False  # it is our turn, and no thread has taken it
        self._said = False  # the thread that took it has written
        self._direct = 0  # the thread that is reading or writing
        self._numbers = {get_ident(): wire.MAIN}
        self._inboxes: dict[int, SimpleQueue[list[Any] | None]] = {wire.MAIN: SimpleQueue()}
        self._companions = 0
        self._next = wire.WITHIN - 1

    def serve(self) -> None:
        """Answer the tests' main thread, for ever."""
        start_new_thread(run_until_gone, (self._read_all,))
        self._work(wire.MAIN)

    # --- reading ---

    def _read_all(self) -> None:
        while True:
            self._direct = get_ident()
            pending = self._take(self._host.read())
            if pending:
                self._host.write(wire.PENDING, None, wire.MAIN, self._busy())

    def _take(self, message: list[Any]) -> bool:
        """Pass a message to its receiver, and the turn to a thread with something to say. Returns whether none had."""
        wait_seconds, who = message.pop(), message.pop()
        with self._turn:
            self._direct = 0
            if message[0] == wire.ASK:
                ended, name = message.pop(), message.pop()
                for number in ended:
                    self._inboxes.pop(number, SimpleQueue()).put(None)
                if who not in self._inboxes:
                    self._begin(who, name)
            if message[0] != wire.PENDING:
                self._inboxes[who].put(message)
            del message
            self._ours = True
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._said, None if wait_seconds < 0 else wait_seconds)
            if self._ours:
                self._ours = False
                self._direct = get_ident()
                return True
            self._turn.wait_for(lambda: self._said)
            self._said = False
            self._direct = get_ident()
            return False

    def _begin(self, who: int, name: str) -> None:
        self._inboxes[who] = SimpleQueue()
        self._companions += 1
        Thread(target=self._accompany, args=(who,), name=name, daemon=False).start()

    def _busy(self) -> bool:
        """Whether the program has threads of its own."""
        return _count() > self._companions + 1

    # --- doing ---

    def _accompany(self, who: int) -> None:
        self._numbers[get_ident()] = who
        self._work(who)
        del self._numbers[get_ident()]
        self._companions -= 1

    def _work(self, who: int) -> None:
        inbox = self._inboxes[who]
        while (message := inbox.get()) is not None:
            self._host.answer(message)

    # --- saying ---

    def say(self, operation: int, holder: list[Any]) -> None:
        """Write the message in the holder, as soon as it is our turn."""
        me = get_ident()
        if self._direct == me:  # in the middle of a message: the checker is waiting for this
            self._host.write(operation, *wire.emptied(holder), wire.WITHIN, False)
            return
        who = self._number()
        with self._turn:
            self._turn.wait_for(lambda: self._ours)
            self._ours = False
            self._direct = me
        try:
            self._host.write(operation, *wire.emptied(holder), who, self._busy())
        except BaseException:  # nothing was written, whatever the reason: pass the turn to another thread
            with self._turn:
                self._direct, self._ours = 0, True
                self._turn.notify_all()
            raise
        with self._turn:
            self._direct, self._said = 0, True
            self._turn.notify_all()

    def _number(self) -> int:
        """The companion's number; the program's own threads get numbers below those of the checker's threads."""
        number = self._numbers.get(get_ident())
        if number is None:
            with self._turn:
                number = self._numbers[get_ident()] = self._next
                self._next -= 1
                self._inboxes[number] = SimpleQueue()
        return number

    def back(self, name: str, args: tuple[Any, ...]) -> Any:
        """Ask the checker about one of its objects, and answer what it asks this thread in the meantime."""
        direct = self._direct == get_ident()
        said: list[Any] = [name, args] if direct else [name, args, current_thread().name]
        del args
        self.say(wire.BACK, said)
        inbox = None if direct else self._inboxes[self._number()]
        while True:
            message = self._nested() if inbox is None else inbox.get()
            if message is None:
                raise RuntimeError("the test is not listening")
            if message[0] == wire.BACK_RETURN:
                return message[5]
            if message[0] == wire.BACK_RAISE:
                raise message[5]
            self._host.answer(message)

    def _nested(self) -> list[Any]:
        message = self._host.read()
        del message[-2:]
        if message[0] == wire.ASK:
            del message[-2:]
        return message
