"""The process of a program whose function is called case by case: arguments in, plain data out.

It contains no expected value; the caller at the other end of the channel compares. A result that is not plain data is
sent as the name of its type, which equals nothing.

The first message gives the `file` and the `entry_point`. With a `prompt`, the program may continue it (`joining.py`).
`exact`: instances of subclasses of plain types are not plain data, nor are awaitables, `Class.f` always means
`Class().f`, and no names are given (`given.py`). `once`: all calls use one object.
"""

from __future__ import annotations

import os
import sys
import types
from collections import Counter, OrderedDict, defaultdict
from contextlib import suppress
from typing import Any, NoReturn

from ..encoding.channel import CALLER, Channel, Ended, framed
from ..encoding.codec import DEEPEST, Encoder, Unsendable, decode, encode, plain_base, put_base
from . import joining
from .given import given

_LONGEST_TEXT = 500
_MOST_PARTS = 200_000
_SHALLOW = 100
"""Parts and levels of an exact answer: beyond them something else decides."""
_AS_DICT = (dict, OrderedDict, Counter, defaultdict)
_PLAIN = frozenset((int, str, float, tuple, list, set, frozenset, bytes, bytearray, complex))
_EXACT = frozenset((type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset))

# What a rehearsal does, and how often: more calls than the interpreter needs to specialise a function.
_TIMES = 8
_PROGRAM = b"""
class Box:
    def give(self, value):
        return value

def give(value):
    return value
"""
_VALUES = (1, "a", 2.5, None, True, [1, 2, 3], (1, "a"), {"a": [1]}, {1}, list(range(20)), [[0.5, 1], ["b"]])


class ResultEncoder(Encoder):
    """Writes plain data, and the type names of everything else."""

    def put(self, value: object, depth: int = DEEPEST) -> None:
        if type(value) in _EXACT:
            super().put(value, depth)
        else:
            self.other(value, depth)

    def other(self, value: object, depth: int) -> None:
        base = plain_base(type(value))
        if base in _AS_DICT:
            put_base(self, value, defaultdict, depth)
        elif base in _PLAIN:
            put_base(self, value, base, depth)
        elif _is_number(value):
            super().put(value.item(), depth)  # type: ignore[attr-defined]
        else:
            self.parts.append(b"?")
            super().put(type(value).__name__[:80], depth)


class ExactEncoder(ResultEncoder):
    """Writes values of exact plain types, and the type names of everything else."""

    def put(self, value: object, depth: int = _SHALLOW) -> None:
        if len(self.parts) > _MOST_PARTS:
            raise Unsendable(f"a value of more than {_MOST_PARTS} parts")
        super().put(value, depth)

    def other(self, value: object, depth: int) -> None:
        self.parts.append(b"?")
        Encoder.put(self, type(value).__name__[:80], depth)


def _is_number(value: object) -> bool:
    """Whether a value is a numpy scalar, which counts as a plain number."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in "biufc"


def _outcome(function: Any, args: Any, kwargs: Any, *, exact: bool) -> bytes:
    try:
        value = function(*args, **kwargs)
        if type(value) is types.CoroutineType and not exact:
            value = _awaited(value)
    except BaseException as error:  # whatever the program raises is its answer
        return encode(("raised", describe(error)))
    encoder = ExactEncoder() if exact else ResultEncoder()
    try:
        encoder.put(("value", value))
        return encoder.message()
    except Unsendable as error:
        return encode(("unsendable", str(error)[:_LONGEST_TEXT]))
    except BaseException as error:  # it is nested too deeply, or a part of it raises when it is read
        return encode(("unsendable", describe(error)))


def _awaited(value: Any) -> Any:
    """The result of an awaitable, if the value is one; else the value."""
    import asyncio

    return asyncio.run(value)


def describe(error: BaseException) -> str:
    """An exception in one line."""
    try:
        text = str.__str__(str(error))
    except BaseException:  # whatever its __str__ does
        text = ""
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:_LONGEST_TEXT]


class _Undefined(Exception):
    """The program does not define what should be called."""


def _load(options: dict[str, Any]) -> Any:
    """Returns a getter of the function to call: for `Solution.f`, the method of a new instance each time, or `once`."""
    module = types.ModuleType("solution")
    module.__file__ = os.path.join(os.getcwd(), options["file"])
    sys.modules["solution"] = module
    first, *path = options["entry_point"].split(".")
    codes = joining.codes_of(module, options)
    if path and not options.get("exact"):
        module.__dict__.update(given(codes))
    for code in codes:
        exec(code, module.__dict__)
    if first not in module.__dict__:
        raise _Undefined(f"the program does not define {first!r}")
    holder = module.__dict__[first]
    once = options.get("once", False)
    held: list[Any] = []

    def function() -> Any:
        if held:
            return held[0]
        value = holder
        for part in path:
            value = _written(value, part, once=once) if options.get("exact") else _part(value, part)
        if once:
            held.append(value)
        return value

    return function


def _written(holder: Any, name: str, *, once: bool) -> Any:
    """What a test means by `Holder().name`; the one object for all calls is created if the holder is a class."""
    return getattr(holder() if not once or isinstance(holder, type) else holder, name)


def _part(holder: Any, name: str) -> Any:
    """The attribute of a class: its class or static method, or else the method of a new instance."""
    if isinstance(holder, type):
        found = next((vars(cls)[name] for cls in holder.__mro__ if name in vars(cls)), None)
        if not isinstance(found, classmethod | staticmethod | type):
            holder = holder()
    return getattr(holder, name)


def main() -> None:
    """Load the program and answer until the caller closes the channel."""
    try:  # noqa: SIM105  # a context manager would copy six pages
        _serve(Channel(CALLER))
    except Ended:
        pass
    os._exit(0)


def _serve(channel: Channel) -> NoReturn:
    """Answer calls. Raises Ended when the caller has no more."""
    options = decode(channel.receive())
    try:
        function = _load(options)
    except BaseException as error:  # whatever the program raises is its failure
        channel.send(encode(("failure", str(error) if type(error) is _Undefined else describe(error))))
        while True:  # the first call, which was sent along
            channel.receive()
    channel.send(encode(("loaded",)))
    exact = options.get("exact", False)
    while True:
        args, kwargs = decode(channel.receive())
        channel.send(_called(function, args, kwargs, exact=exact))


def _called(function: Any, args: Any, kwargs: Any, *, exact: bool) -> bytes:
    try:
        target = function()
    except BaseException as error:  # whatever the program raises is its answer
        return encode(("raised", describe(error)))
    return _outcome(target, args, kwargs, exact=exact)


def rehearse() -> None:
    """Answer some calls in this process, so that its forks find code specialised and tables built.

    It has no other lasting effect.
    """
    for options in ({"entry_point": "give"}, {"entry_point": "Box.give"}, {"entry_point": "give", "exact": True}):
        for _ in range(_TIMES):
            _converse(options)


def _converse(options: dict[str, Any]) -> None:
    """Send all calls, then answer all: there is only one thread."""
    from _socket import SHUT_WR, socketpair

    source = os.memfd_create("rehearsal")
    os.write(source, _PROGRAM)
    ours, theirs = socketpair()
    ours.sendall(framed(encode({"file": f"/proc/self/fd/{source}", **options})))
    for value in _VALUES:
        ours.sendall(framed(encode(((value,), {}))))
    ours.shutdown(SHUT_WR)
    with suppress(Ended):
        _serve(Channel(theirs.fileno()))
    theirs.close()
    os.close(source)
    del sys.modules["solution"]
    answers = Channel(ours.fileno())
    told = [decode(answers.receive()) for _ in range(1 + len(_VALUES))]
    ours.close()
    if told != [("loaded",), *(("value", value) for value in _VALUES)]:
        raise OSError(f"the rehearsal of a program went wrong: {told}")


if __name__ == "__main__":
    main()
