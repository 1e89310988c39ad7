"""In the checker: the conversation with the program. Everything received is checked, and none of it is executed.

What the tests pass to the program crosses as data, or as a number that the program can call or iterate: never a
function's internals, never an operand of a comparison.
"""

from __future__ import annotations

from _thread import RLock  # `threading` would bring a hook that makes every fork dearer
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from ..encoding.channel import Channel, Ended
from ..encoding.codec import DEEPEST, Unsendable, Violation
from ..guards import changes, counted, own_files, spoiling, unbounded, wrapping
from ..guards.expecting import Found
from ..proxies import proxies, refusing, uses, views
from ..proxies.proxies import MODULE, ProgramLost, UnsupportedTest
from ..shared import wire
from ..shared.sharing import Shared
from ..sources import context
from . import identity, served, weakly
from .crossing import OfTables
from .ours import Ours
from .theirs import Theirs

PATIENCE = 0.003  # seconds that reports wait for an answer of the program
_MUCH = 1 << 16  # bytes
_MOST_UNDONE = 10_000  # changes in one case: `while xs: f(xs)` never ends if `xs` gets its content back
_MAY_STOP = ("__next__", "drive", *wire.ASYNCHRONOUS)
_WRITTEN = "it wrote NaN or infinity, of which the tests say nothing: no comparison with it fails by itself"
# Requests of our own, which come between those of the test: their answers are not judged.
_OF_SURROUNDINGS = ("mirror", "seed", "files_in", "files_out", "beside_in", "beside_out", "environ_out", "folder_out")
_GIVING = ("call", "getattr", "__getitem__", "__next__")


class Case:
    """What has happened in the running case and cannot be undone."""

    def __init__(self) -> None:
        self.refused = ""
        self.unsupported = ""
        self.raised: BaseException | None = None  # the last exception that came from the program
        self.suspected = ""  # what makes it unsupported if all its assertions hold
        self.doubted: tuple[Any, Any, tuple[str, int]] | None = None  # object and data that may be equal; where
        self.asked = 0
        self.undone = 0


class Threads(Protocol):
    """The conversation if several threads of the tests ask at once (`turns.py`)."""

    def ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> tuple[Any, ...]:
        """The message with the program's answer, or what it raised. Raises ProgramLost."""


class Link:
    """Sends requests to the program, and serves its own requests."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.lock = RLock()
        self.level = 0  # how often the thread that holds the lock has taken it
        self.turns: Threads | None = None  # if several threads of the tests ask at once
        self.shared = Shared(first=0)
        self.ours = Ours()
        self.theirs = Theirs()
        self.gone = self.theirs.gone
        self.warning_of = self.theirs.warning_of
        self.error_of = self.theirs.error_of
        self.case = Case()
        self.partial = False  # cases that follow a failure count
        self.lost = ""  # why the program is gone
        self.violated = False  # it was lost because of what it sent
        self.answered = False  # it has sent at least one valid message
        self.gave_its_file = False  # the path of its own source, which is not here
        self.half_read = 0  # messages that are half read
        self._let_go: list[int] = []  # containers that the program no longer holds
        self._reports_wait: Callable[[], bool] = lambda: False
        self._flush_reports: Callable[[], None] = lambda: None
        self._report_unclear: Callable[[], None] = lambda: None
        self.undoes = False  # changes by the program, also where it is unclear what the test does with them
        self.public_names: tuple[str, ...] = ()
        self.output: Callable[[str, str], None] = lambda _stream, _text: None
        self.handing: Callable[[Any], None] | None = None  # called with values for the program
        self.hearing: Callable[[bytes], None] | None = None  # called with values from the program
        self.before: Callable[[], None] | None = None  # sends what has changed around the program
        self.after: Callable[[], None] | None = None  # adopts what the program has changed
        proxies.connect(self)

    @property
    def local_modules(self) -> frozenset[str]:
        """Modules that hold tests."""
        return self.ours.local_modules

    def reports(self, waiting: Callable[[], bool], flush: Callable[[], None], unclear: Callable[[], None]) -> None:
        """Set the reports that are waiting, which are sent if the program takes long; and the one that a test may judge
        the program by what it has changed.
        """
        self._reports_wait, self._flush_reports, self._report_unclear = waiting, flush, unclear

    # --- what went wrong ---

    def refuse(self, reason: str) -> None:
        """Record that an object of the program was asked to decide."""
        self.case.refused = self.case.refused or reason

    def unsupported(self, what: str) -> NoReturn:
        """The test needs something that cannot be provided."""
        self.case.unsupported = self.case.unsupported or what
        raise UnsupportedTest(what)

    def suspect(self, what: str) -> None:
        """Record what makes the case unsupported if all its assertions hold."""
        self.case.suspected = self.case.suspected or what

    def doubts(self, value: Any, other: Any) -> None:
        """An object of the program does not equal data, but might say that it does."""
        frame = uses.test_frame()
        if frame is not None:
            self.case.doubted = value, other, (frame.f_code.co_filename, frame.f_lineno)

    def lose(self, reason: str, violated: bool = False) -> NoReturn:
        """The program is gone from here on. Raises ProgramLost."""
        if not self.lost:
            self.lost, self.violated = reason, violated
        raise ProgramLost(self.lost)

    # --- asking ---

    def ask(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Have the program do something; its result, or what it raised. Raises ProgramLost."""
        with self.lock:
            self.level += 1
            try:
                return self._ask_within(name, args, kwargs)
            finally:
                self.level -= 1

    def _ask_within(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.handing is not None:
            self.handing((args, kwargs))
        if self.before is not None:
            self.before()
        if self.level <= 1 and self.turns is None and weakly.are_about_it():
            weakly.let_go(self.ours, lambda number: self._ask("let_go", (number,), {}))
        half_read = self.shared.set_aside()
        try:
            return self._ask(name, args, kwargs)
        finally:
            del args, kwargs
            self.shared.take_back(half_read)
            while not self.lost and self.theirs.register_one():
                pass
            if self.after is not None and not self.lost:
                self.after()

    def _ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.case.asked += 1
        views.asked(name, drops=self.theirs.are_dropped() and weakly.are_about_it())
        if self.level <= 1:  # else the request comes from a function of the test that the program has called
            changes.forget()
            counted.note_given(args, kwargs)
            spoiling.renew(self.case, (args, kwargs), lambda: (uses.test_frame(), uses.waiting_frame()))
        named = kwargs or None  # an empty dictionary would be shared by both ends, and compared before each message
        if self.turns is not None:
            return self._answered(name, self.turns.ask(name, args, named))
        self.write(wire.ASK, name, args, named)
        del args, kwargs, named
        while True:
            message = self.read()
            operation = message[0]
            if operation in (wire.RETURN, wire.RAISE):
                return self._answered(name, message)
            if operation != wire.BACK:
                self.lose("the program broke the protocol: an answer that was not asked for", violated=True)
            operation, holder = self.served(message)
            del message
            self.write(operation, holder.pop())

    def _answered(self, name: str, message: tuple[Any, ...]) -> Any:
        """Return what the program returned, or raise what it raised."""
        answer = message[5]
        if changes.has_changed() and name not in _OF_SURROUNDINGS:
            frames = (uses.test_frame(), uses.waiting_frame())
            spoiling.allow(frames[0])
            found = {spoiling.judged(frame, answer, self._handed) for frame in frames}
            unclear = Found.UNCLEAR in found and Found.SAYS not in found
            if unclear and self.undoes:
                self.case.undone += 1
                if self.case.undone > _MOST_UNDONE:
                    raise proxies.refused("the test does not end without what the program changes")
            if Found.MEETS in found or (unclear and self.undoes):
                answer = changes.apart(answer)
            elif unclear:
                self._report_unclear()
        if self.level <= 1:
            changes.forget()
        if message[0] == wire.RETURN:
            if name in _GIVING:
                for part in proxies.made_parts(answer):
                    if part is not answer or uses.as_value():
                        proxies.mark_given(part)
            own_files.note(answer)
            if unbounded.is_written(answer):
                self.refuse(_WRITTEN)
            if unbounded.is_no_number(answer) and not unbounded.are_named():
                self.refuse("it gave NaN, of which the tests say nothing: no comparison with it fails by itself")
            if wrapping.is_out_of_order(answer):
                self.refuse(
                    "it gave a complex number, of which the tests say nothing: its square may be below any limit"
                )
            return answer
        error = message[5]
        if type(error) is str:
            raise proxies.refused(error[:300])
        if not isinstance(error, BaseException):
            self.lose("the program broke the protocol: it raised what is no exception", violated=True)
        if isinstance(error, StopIteration) and name not in _MAY_STOP and not context.speaks_here("StopIteration"):
            error = RuntimeError("the program raised StopIteration")  # `map(solve, cases)` would end there
        self.case.raised = error
        raise error

    def _handed(self) -> list[Any]:
        objects = (value for kind, value in self.ours.objects.values() if kind != "type")
        return [*self.shared.own(), *objects]

    def global_value(self, name: str) -> Any:
        """A global of the program, by the name that the test uses."""
        value = refusing.attribute(MODULE, name)
        if name[:1].isupper() or (proxies.is_class(value) and context.is_class_name(name)):
            proxies.mark_named(value, name)
        return value

    def write(self, operation: int, *payload: Any) -> None:
        """Send a message. Raises ProgramLost, and Refused or UnsupportedTest for what cannot be sent."""
        if self.lost:
            raise ProgramLost(self.lost)
        let_go = {} if self.half_read else self.theirs.let_go()  # the rest of a message may refer to them
        encoder = identity.ends()[0](self.shared, self.ours)
        released, changes = self.shared.released(), self.shared.changes()
        if self.half_read:
            released = ()
        box: list[Any] = [operation, released, self.theirs.counts(let_go), changes, (), *payload]
        del payload
        try:
            encoder.sequence(b"t", iter(box), len(box), DEEPEST)
            raw = encoder.message()
        except Unsendable as error:
            self.theirs.not_told(let_go)
            own = isinstance(error, OfTables) or (not self.theirs.gave_much and uses.arguments_are_own())
            if operation != wire.ASK or not own:
                self.refuse(f"what it gave cannot be handed back: {error}")
                raise proxies.Refused(str(error)) from None
            self.unsupported(f"an argument that cannot be handed over: {error}")
        self.theirs.told(let_go)
        self.shared.settle()
        self.shared.forget(released)
        try:
            self._channel.send(raw)
        except Ended:  # what it sent before it ended does not matter
            self.lose("the program ended before it answered")

    def read(self) -> tuple[Any, ...]:
        """The next message, checked; its changes and output are applied. Raises ProgramLost."""
        try:
            if self._reports_wait() and not self._channel.comes_within(PATIENCE):
                self._flush_reports()
            raw = self._channel.receive()
            self.theirs.gave_much = self.theirs.gave_much or len(raw) > _MUCH
            if self.hearing is not None:
                self.hearing(raw)
            self.gave_its_file = self.gave_its_file or b"solution.py" in raw
            self.half_read += 1  # the hash of a key may have to be requested
            message = identity.ends()[1](raw, self.shared, self.ours, self.theirs).whole()
            self._check(message)
            self.theirs.gave_much |= bool(message[3])  # what it put into a container of the test
            self._apply(message[3])
            self.half_read -= 1
            changes.note_let_go(self.shared.get(n) for n in message[1] if n % 2 == 0 and self.shared.knows(n))
            self._let_go += message[1]
            if not self.half_read:  # else one of them may be in the rest of a message
                self.shared.forget(tuple(self._let_go))
                self._let_go.clear()
            self.shared.settle()
        except Ended:
            self.lose("the program ended before it answered")
        except Violation as error:
            self.lose(f"the program broke the protocol: {error}", violated=True)
        except (MemoryError, RecursionError) as error:
            self.lose(f"the program sent what is too large: {type(error).__name__}", violated=True)
        self.answered = True
        for stream, text in message[4]:
            own_files.note(text)
            if unbounded.is_written(text):
                self.refuse(_WRITTEN)
            self.output(stream, text)
        return message  # type: ignore[no-any-return]

    def _apply(self, told: tuple[Any, ...]) -> None:
        """Apply what the program has changed, including the test's containers."""
        ours = [number for number in told[::2] if number % 2 == 0 and self.shared.knows(number)]
        before = changes.before(map(self.shared.get, ours))
        self.shared.apply(told)
        changes.note(before)

    @staticmethod
    def _check(message: Any) -> None:
        if type(message) is not tuple or len(message) < 6 or type(message[0]) is not int:
            raise Violation("a message without its parts")
        for part in message[1:5]:
            if type(part) is not tuple:
                raise Violation("a message without its parts")
        if any(type(number) is not int for number in (*message[1], *message[3][::2])):
            raise Violation("a message without its parts")
        for piece in message[4]:
            if type(piece) is not tuple or len(piece) != 2 or piece[0] not in ("stdout", "stderr", "warning", "log"):
                raise Violation("output without its parts")
            if type(piece[1]) is not str:
                raise Violation("output without its parts")

    # --- serving ---

    def served(self, message: tuple[Any, ...]) -> tuple[int, list[Any]]:
        """Do what the program asks of an object of the test. Returns the outcome, and the result in a list."""
        if len(message) != 7 or type(message[5]) is not str or type(message[6]) is not tuple:
            self.lose("the program broke the protocol: a question without its parts", violated=True)
        _, _, _, _, _, name, args = message
        own_files.note(args, depth=4)
        del message
        handler = served.SERVED.get(name)
        if handler is None:
            self.lose(f"the program broke the protocol: it asked for {name[:40]!r}", violated=True)
        try:
            box = [self._use(handler, args) if name == "call" else handler(self.ours, *args)]
            views.called_back()
        except (ProgramLost, UnsupportedTest):
            raise
        except Violation as error:
            self.lose(f"the program broke the protocol: {error}", violated=True)
        except BaseException as error:  # whatever the test's own function raises goes to the program
            return wire.BACK_RAISE, [error]
        return wire.BACK_RETURN, box

    def _use(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Call a function of the test, which may read files that the program has just written, or write some."""
        if self.after is not None and not self.half_read:
            self.after()
        result = function(self.ours, *args)
        if self.before is not None and not self.half_read:
            self.before()
        return result
