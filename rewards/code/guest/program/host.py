"""In the candidate: its conversation with the checker. It waits for requests, and may ask back while it works.

Nothing here is a safeguard, since the program shares the interpreter. By changing this code it could at most send other
bytes, which the checker reads with the same suspicion as all others.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock  # `threading` would bring a hook that makes every fork dearer
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

from ..encoding.channel import Channel, Ended
from ..encoding.codec import Unsendable
from ..shared import wire
from ..shared.files import Mark
from ..shared.sharing import Shared
from .exports import CandidateDecoder, CandidateEncoder, Exports
from .mirror import Mirrored, Streams
from .stubs import Imports

_FRAMES = 5000


def run_until_gone(serve: Callable[[], object]) -> NoReturn:
    """Serve until the checker is gone; then exit at once, whatever threads are left."""
    status = 0
    try:
        serve()
    except Ended:
        pass
    except BaseException:  # a program that broke the code it runs on
        import traceback

        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        status = 1
    os._exit(status)


def _make_room() -> int:
    """Keep the program's limit, which is returned, from a message: it takes some frames for each level of a value."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + _FRAMES)
    return limit


class Companionship(Protocol):
    """Speaks for the program if several threads of the tests ask at once (`companions.py`)."""

    def serve(self) -> None:
        """Answer until the checker is gone."""

    def back(self, name: str, args: tuple[Any, ...]) -> Any:
        """Ask the checker about one of its objects."""

    def say(self, operation: int, holder: list[Any]) -> None:
        """Send the message in the holder, and empty it."""


class Host:
    """One conversation. operations: what the checker may ask, by name; each gets the host as its first argument."""

    def __init__(self, channel: Channel, operations: Mapping[str, Callable[..., Any]]) -> None:
        self._channel = channel
        self._operations = operations
        self._lock = RLock()  # held by whoever reads or has asked back
        self.shared = Shared(first=1)
        self.exports = Exports()
        self.imports = Imports()
        self.imports.back = self.back
        self.streams = Streams()
        self.mirrored = Mirrored(self.back)
        self.known_files: dict[str, Mark | None] = {}  # in temporary folders of the tests, as both ends know them
        self.known_beside: dict[str, Mark | None] = {}  # in the working folder
        self.home = ""  # the working folder, even if a test changes to another later
        self.accompanied: Callable[[Host], Companionship] | None = None  # threads ask at once, from the next message on
        self.companions: Companionship | None = None

    def serve(self) -> None:
        """Answer until the checker is gone."""
        while self.companions is None:
            with self._lock:
                message = self.read()
            self.answer(message)
        self.companions.serve()

    def back(self, name: str, *args: Any) -> Any:
        """Ask the checker about one of its objects, and answer what it asks in the meantime."""
        with self._lock:
            companions = self.companions
            if companions is None:
                return self._back(name, args)
        return companions.back(name, args)

    def _back(self, name: str, args: tuple[Any, ...]) -> Any:
        with self._lock:
            self.write(wire.BACK, name, args)
            del args
            while True:
                message = self.read()
                if message[0] == wire.BACK_RETURN:
                    return message[5]
                if message[0] == wire.BACK_RAISE:
                    raise message[5]
                self.answer(message)

    def read(self) -> list[Any]:
        """The next message, in a list that can be emptied. Raises Ended."""
        raw = self._channel.receive()
        limit = _make_room()
        try:
            message = CandidateDecoder(raw, self.shared, self.exports, self.imports).whole()
        finally:
            sys.setrecursionlimit(limit)
        self.shared.apply(message[3])
        self.shared.forget(message[1])
        self.exports.release(message[2], self.shared)
        self.shared.settle()
        return list(message)

    def write(self, operation: int, *payload: object) -> None:
        """Send a message; a value that cannot be sent is replaced by an error that says so. Raises Ended."""
        encoder = CandidateEncoder(self.shared, self.exports, self.imports)
        released, changes = self.shared.released(), self.shared.changes()
        box = [operation, released, (), changes, self.streams.take(), *payload]
        del payload
        limit = _make_room()
        try:
            encoder.sequence(b"t", iter(box), len(box), 1000)
            raw = encoder.message()
        except Unsendable as error:
            encoder.undo()
            if operation == wire.BACK:
                raise
            encoder = CandidateEncoder(self.shared, self.exports, self.imports)
            encoder.put((wire.RAISE, released, (), (), (), str(error), *box[6:]))
            raw = encoder.message()
        finally:
            sys.setrecursionlimit(limit)
        self.shared.settle()
        self.shared.forget(released)
        self._channel.send(raw)

    def answer(self, message: list[Any]) -> None:
        """Do what a message asks, and return the answer."""
        _, _, _, _, _, name, args, kwargs = message
        message.clear()
        try:
            box: list[Any] = [self._operations[name](self, *args, **(kwargs or {}))]
            self.imports.tell()
        except BaseException as error:  # whatever the program raises is its answer, too
            error.__traceback__ = None
            del args, kwargs
            self.imports.tell()
            self._say(wire.RAISE, [error])
            return
        del args, kwargs
        self._say(wire.RETURN, box)

    def _say(self, operation: int, holder: list[Any]) -> None:
        if self.companions is not None:
            self.companions.say(operation, holder)
            return
        with self._lock:
            self.write(operation, holder.pop())
            if self.accompanied is not None:
                self.companions = self.accompanied(self)
