"""In the checker: the conversation with the program. Everything that comes is checked; nothing it says is run.

What the tests hand to the program crosses as data, or as a number that the program can call or iterate: never a
function's internals, never an operand of a comparison.
"""

from __future__ import annotations

import io
import struct
import sys
import types
from _thread import RLock  # `threading` would bring a hook that makes every fork dearer
from collections.abc import Callable
from typing import Any, NoReturn

from . import proxies, standard, wire
from .channel import Channel, Ended
from .codec import DEEPEST, LARGEST_MESSAGE, Unsendable, Violation, plain_base
from .proxies import ProgramLost, UnsupportedTest
from .sharing import LinkDecoder, LinkEncoder, Shared

_U32 = struct.Struct(">I")
_MOST_OBJECTS = 2_000_000
PATIENCE = 0.003  # seconds that reports wait for the program
# Attributes of mocks that say what the test expects.
_MOCK_OWN = ("return_value", "side_effect", "called", "configure_mock", "attach_mock", "mock_add_spec", "reset_mock")


class Case:
    """What cannot be undone in the case that is running."""

    def __init__(self) -> None:
        self.refused = ""
        self.unsupported = ""
        self.raised: BaseException | None = None  # the last exception that came from the program
        self.asked = 0


class Link:
    """Asks the program, and serves what it asks back."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = RLock()
        self.shared = Shared(first=0)
        self.case = Case()
        self.lost = ""  # why there is no program any more
        self.violated = False  # it is lost because of what it sent
        self.answered = False  # it has sent something that could be read
        self.handles: dict[int, Any] = {}  # kept: classes, exceptions, instances of plain types
        self._refs: dict[int, Any] = {}
        self._received: dict[int, int] = {}
        self._gone: dict[int, type] = {}
        self.objects: dict[int, tuple[str, Any]] = {}
        self._object_numbers: dict[int, int] = {}
        self._reports_wait: Callable[[], bool] = lambda: False
        self._flush_reports: Callable[[], None] = lambda: None
        self.public_names: tuple[str, ...] = ()
        self.output: Callable[[str, str], None] = lambda _stream, _text: None
        self.before: Callable[[], None] | None = None  # sends what has changed around the program
        self.after: Callable[[], None] | None = None  # takes over what the program has changed
        self.local_modules: frozenset[str] = frozenset()  # modules that hold tests
        proxies.connect(self)

    def reports(self, waiting: Callable[[], bool], flush: Callable[[], None]) -> None:
        """Reports that wait to be sent are, when the program takes its time."""
        self._reports_wait, self._flush_reports = waiting, flush

    # --- what went wrong ---

    def refuse(self, reason: str) -> None:
        """Note that an object of the program was asked to decide."""
        self.case.refused = self.case.refused or reason

    def unsupported(self, what: str) -> NoReturn:
        """The test needs something that cannot be given."""
        self.case.unsupported = self.case.unsupported or what
        raise UnsupportedTest(what)

    def lose(self, reason: str, violated: bool = False) -> NoReturn:
        if not self.lost:
            self.lost, self.violated = reason, violated
        raise ProgramLost(self.lost)

    # --- asking ---

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Have the program do something; its result, or what it raised. Raises ProgramLost."""
        with self._lock:
            if self.before is not None:
                self.before()
            try:
                return self._ask(name, args, kwargs)
            finally:
                del args, kwargs
                if self.after is not None and not self.lost:
                    self.after()

    def _ask(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.case.asked += 1
        self._write(wire.ASK, name, args, kwargs)
        del args, kwargs
        while True:
            message = self._read()
            operation = message[0]
            if operation == wire.RETURN:
                return message[5]
            if operation == wire.RAISE:
                error = message[5]
                break
            if operation != wire.BACK:
                self.lose("the program broke the protocol: an answer that was not asked for", violated=True)
            self._serve(message)
        if type(error) is str:
            self.refuse(error[:300])
            raise proxies.Refused(error[:300])
        if not isinstance(error, BaseException):
            self.lose("the program broke the protocol: it raised what is no exception", violated=True)
        self.case.raised = error
        raise error

    def global_value(self, name: str) -> Any:
        """A global of the program, by the name that the test uses."""
        value = self.ask("getattr", _MODULE, name)
        if name[:1].isupper():
            proxies.mark_named(value)
        return value

    def _write(self, operation: int, *payload: Any) -> None:
        if self.lost:
            raise ProgramLost(self.lost)
        encoder = CheckerEncoder(self.shared, self)
        released, changes = self.shared.released(), self.shared.changes()
        gone = tuple(x for number in self._gone for x in (number, self._received.pop(number, 0)))
        box: list[Any] = [operation, released, gone, changes, (), *payload]
        del payload
        try:
            encoder.sequence(b"t", iter(box), len(box), DEEPEST)
            raw = encoder.message()
        except Unsendable as error:
            self.unsupported(f"an argument that cannot be handed over: {error}")
        self._gone.clear()
        self.shared.settle()
        self.shared.forget(released)
        try:
            self._channel.send(raw)
        except Ended:
            self._drain()

    def _drain(self) -> NoReturn:
        """The program cannot be written to; what it sent before it ended does not matter."""
        self.lose("the program ended before it answered")

    def _read(self) -> tuple[Any, ...]:
        try:
            if self._reports_wait() and not self._channel.comes_within(PATIENCE):
                self._flush_reports()
            raw = self._channel.receive()
            message = CheckerDecoder(raw, self.shared, self).whole()
            self._check(message)
            self.shared.apply(message[3])
            self.shared.forget(message[1])
            self.shared.settle()
        except Ended:
            self.lose("the program ended before it answered")
        except Violation as error:
            self.lose(f"the program broke the protocol: {error}", violated=True)
        except (MemoryError, RecursionError) as error:
            self.lose(f"the program sent what is too large: {type(error).__name__}", violated=True)
        self.answered = True
        for stream, text in message[4]:
            self.output(stream, text)
        return message  # type: ignore[no-any-return]

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

    def _serve(self, message: tuple[Any, ...]) -> None:
        """Do what the program asks of an object of the test."""
        if len(message) != 7 or type(message[5]) is not str or type(message[6]) is not tuple:
            self.lose("the program broke the protocol: a question without its parts", violated=True)
        _, _, _, _, _, name, args = message
        del message
        handler = _SERVED.get(name)
        if handler is None:
            self.lose(f"the program broke the protocol: it asked for {name[:40]!r}", violated=True)
        try:
            box = [handler(self, *args)]
        except (ProgramLost, UnsupportedTest):
            raise
        except Violation as error:
            self.lose(f"the program broke the protocol: {error}", violated=True)
        except BaseException as error:  # whatever the test's own function raises goes to the program
            del args
            self._write(wire.BACK_RAISE, error)
            return
        del args
        self._write(wire.BACK_RETURN, box.pop())

    def object_of(self, number: Any, *kinds: str) -> Any:
        kind, value = self.objects.get(number, ("", None)) if type(number) is int else ("", None)
        if kind not in kinds:
            if kind == "":
                raise Violation("a number of no object")
            raise TypeError(f"an object of the test of kind {kind!r} offers no such thing")
        return value

    def object_number(self, value: Any) -> tuple[int, bool]:
        number = self._object_numbers.get(id(value))
        if number is not None:
            return number, False
        number = len(self.objects) + 1
        self._object_numbers[id(value)] = number
        self.objects[number] = (self.kind_of(value), value)
        return number, True

    def kind_of(self, value: Any) -> str:
        """What the program may do with an object of the test."""
        if isinstance(value, types.FunctionType | types.MethodType):
            function = getattr(value, "__func__", value)
            return "async function" if function.__code__.co_flags & 0x80 else "function"
        if isinstance(value, type):
            return "exception class" if issubclass(value, BaseException) else "callable"
        if isinstance(value, types.CoroutineType):
            return "awaitable"
        if _is_mock(value):
            return "callable object" if callable(value) else "object"
        if type(value).__module__ in self.local_modules:
            return "callable" if callable(value) else "object"
        if callable(value):
            return "callable"
        if hasattr(type(value), "__await__"):
            return "awaitable"
        if hasattr(type(value), "__iter__") or hasattr(type(value), "__next__"):
            return "iterable"
        return "opaque"

    # --- handles ---

    def gone(self, number: int, kind: type) -> None:
        """A proxy was collected; the program is told with the next message."""
        self._refs.pop(number, None)
        self._gone[number] = kind

    def received(self, number: int) -> None:
        self._received[number] = self._received.get(number, 0) + 1

    def handle(self, number: int) -> Any:
        """The proxy of a number that was sent before. Raises Violation."""
        if number in self.handles:
            return self.handles[number]
        ref = self._refs.get(number)
        value = ref() if ref is not None else None
        if value is None:
            kind = self._gone.pop(number, None)
            if kind is None:
                raise Violation("an object that was never sent")
            value = self.hold(number, kind)
        self.received(number)
        return value

    def hold(self, number: int, kind: Any) -> Any:
        import weakref

        if len(self._refs) > _MOST_OBJECTS:
            raise Violation("too many objects")
        value = proxies.make_handle(number, kind)
        self._refs[number] = weakref.ref(value)
        return value

    def keep(self, number: int, value: Any) -> Any:
        if number in self.handles or number in self._refs or len(self.handles) > _MOST_OBJECTS:
            raise Violation("an object that is sent twice")
        self.handles[number] = value
        return value

    def check_new(self, number: int) -> None:
        if number == 0 or number in self.handles or number in self._refs or number in self._gone:
            raise Violation("an object that is sent twice")


class _ModuleNumber:
    """Stands for the module `solution` in what is asked."""


_MODULE = _ModuleNumber()


def _is_mock(value: Any) -> bool:
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(value, mock.NonCallableMock)


# --- what the program may ask ---------------------------------------------------------------------------------------


def _served_call(link: Link, number: Any, args: Any, kwargs: Any) -> Any:
    function = link.object_of(number, "function", "async function", "callable", "callable object", "exception class")
    if type(args) is not tuple or type(kwargs) is not dict or any(type(key) is not str for key in kwargs):
        raise Violation("a call without its parts")
    return function(*args, **kwargs)


def _served_iter(link: Link, number: Any) -> Any:
    return iter(link.object_of(number, "iterable", "object", "callable object"))


def _served_next(link: Link, number: Any) -> Any:
    return next(link.object_of(number, "iterable"))


def _served_getattr(link: Link, number: Any, name: Any) -> Any:
    value = link.object_of(number, "object", "callable object")
    if type(name) is not str or name.startswith("_"):
        raise Violation("an attribute that is not public")
    if _is_mock(value) and (name in _MOCK_OWN or name.startswith(("assert_", "call_", "mock_", "method_calls"))):
        raise AttributeError(name)
    return getattr(value, name)


def _served_setattr(link: Link, number: Any, name: Any, content: Any) -> None:
    value = link.object_of(number, "object")
    if type(name) is not str or name.startswith("_") or _is_mock(value):
        raise Violation("an attribute that is not public")
    setattr(value, name, content)


def _served_stdin(_link: Link, method: Any, size: Any) -> Any:
    if method not in ("read", "readline") or not (size is None or type(size) is int):
        raise Violation("a reading of standard input that is none")
    stream: Any = sys.stdin
    return getattr(stream, method)(-1 if size is None else size)


_SERVED: dict[str, Callable[..., Any]] = {
    "call": _served_call,
    "iter": _served_iter,
    "next": _served_next,
    "getattr": _served_getattr,
    "setattr": _served_setattr,
    "stdin": _served_stdin,
}


# --- writing and reading --------------------------------------------------------------------------------------------


class CheckerEncoder(LinkEncoder):
    """Writes what a test hands to the program."""

    def __init__(self, shared: Shared, link: Link) -> None:
        super().__init__(shared)
        self._link = link

    def other(self, value: object, depth: int) -> None:
        if value is _MODULE:
            self.parts.append(b"h" + _U32.pack(0))
            return
        if proxies.is_proxy(value):
            self.parts.append(b"h" + _U32.pack(proxies.number_of(value)))
            return
        name = standard.name_of(value)
        if name is not None:
            self.parts.append(b"g")
            self.put(name, depth)
            return
        if (name := standard.function_name_of(value)) is not None:
            self.parts.append(b"G")
            self.put(name, depth)
            return
        if isinstance(value, BaseException):
            self._exception(value, depth)
            return
        if type(value) in (io.StringIO, io.BytesIO):
            self._stream(value, depth)
            return
        if plain_base(type(value)) is not None:
            super().other(value, depth)
            return
        self._object(value, depth)

    def _object(self, value: Any, depth: int) -> None:
        number, new = self._link.object_number(value)
        if not new:
            self.parts.append(b"o" + _U32.pack(number))
            return
        kind = self._link.objects[number][0]
        name = getattr(value, "__name__", "") if kind in ("function", "async function", "exception class") else ""
        self.parts.append(b"O" + _U32.pack(number))
        self.put(kind, depth)
        self.put(name if type(name) is str else "", depth)
        bases: tuple[type, ...] | None = None
        if kind == "exception class":
            bases = tuple(b for b in value.__bases__ if issubclass(b, BaseException)) or (Exception,)
        self.put(bases, depth - 1)

    def _exception(self, error: BaseException, depth: int) -> None:
        number, new = self._link.object_number(error)
        if not new:
            self.parts.append(b"o" + _U32.pack(number))
            return
        self._link.objects[number] = ("exception", error)
        self.parts.append(b"E" + _U32.pack(number))
        kind: type = type(error)
        ours = kind.__module__ in self._link.local_modules
        if not ours and standard.name_of(kind) is None:
            kind = next(k for k in kind.__mro__ if standard.name_of(k) is not None)
        self.put(kind, depth - 1)
        # What an assertion says may hold what the test expects.
        hidden = isinstance(error, AssertionError) or not isinstance(error, Exception)
        mark = len(self.parts)
        try:
            self.put(() if hidden else tuple(error.args), depth - 1)
        except Unsendable:
            del self.parts[mark:]
            self.put((), depth)

    def _stream(self, value: Any, depth: int) -> None:
        number = self.shared.number(value)
        if number is not None:
            self.parts.append(b"r" + _U32.pack(number))
            return
        if value.closed:
            self._object(value, depth)
            return
        self.parts.append(b"m" + _U32.pack(self.shared.add(value)) + b"M")
        self.put(value.getvalue(), depth)
        self.put(value.tell(), depth)


class CheckerDecoder(LinkDecoder):
    """Reads what the program sends. Raises Violation."""

    def __init__(self, raw: bytes, shared: Shared, link: Link) -> None:
        super().__init__(raw, shared, theirs=1)
        self._link = link

    def extension(self, tag: bytes) -> Any:
        link = self._link
        if tag == b"h":
            return link.handle(self.number())
        if tag == b"o":
            number = self.number()
            if number not in link.objects:
                raise Violation("a number of no object")
            return link.objects[number][1]
        if tag == b"g":
            return standard.by_name(self.get())
        if tag == b"H":
            number = self.number()
            link.check_new(number)
            self.deeper()
            kind = self.get()
            self.depth -= 1
            link.check_new(number)
            made = link.hold(number, kind)
            link.received(number)
            return made
        if tag == b"C":
            number = self.number()
            link.check_new(number)
            self.deeper()
            description = self.get()
            self.depth -= 1
            return link.keep(number, proxies.make_class(number, description))
        if tag == b"u":
            return self._plain()
        if tag == b"E":
            return self._exception()
        return super().extension(tag)

    def _plain(self) -> Any:
        number = self.number()
        self._link.check_new(number)
        self.deeper()
        kind = self.get()
        sid = None
        if self.raw[self.at : self.at + 1] == b"m":
            self.at += 1
            sid = self.number()
            if sid % 2 != 1:
                raise Violation("a shared container with a number of ours")
        content = self.get()
        self.depth -= 1

        def register(value: Any) -> None:
            if sid is not None:
                self.shared.learn(sid, value)
                self.shared.hold(sid)

        return self._link.keep(number, proxies.make_plain(number, kind, content, register))

    def _exception(self) -> Any:
        number = self.number()
        if number:
            self._link.check_new(number)
        self.deeper()
        kind, args, text, attributes = self.get(), self.get(), self.get(), self.get()
        direct, cause = self.get(), self.get()
        self.depth -= 1
        made = proxies.make_error(number, kind, args, text, attributes)
        if number:
            self._link.keep(number, made)
        if isinstance(cause, BaseException) and cause is not made:
            if direct is True:
                made.__cause__ = cause
            else:
                made.__context__ = cause
        return made


__all__ = ["LARGEST_MESSAGE", "Case", "CheckerDecoder", "CheckerEncoder", "Link"]
