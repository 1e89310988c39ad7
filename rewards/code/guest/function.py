"""The process of a program whose function is called case by case: arguments in, plain data out.

It holds no expected value; the caller at the other end of the channel compares. What is no plain data is sent as the
name of its type, which equals nothing.
"""

from __future__ import annotations

import os
import sys
import types
from collections import Counter, OrderedDict, defaultdict
from contextlib import suppress
from typing import Any, NoReturn

from .channel import CALLER, Channel, Ended, framed
from .codec import DEEPEST, Encoder, Unsendable, decode, encode, plain_base, put_base

_LONGEST_TEXT = 500
_AS_DICT = (dict, OrderedDict, Counter, defaultdict)
_PLAIN = frozenset((int, str, float, tuple, list, set, frozenset, bytes, complex))
_EXACT = frozenset((type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset))

# What a rehearsal does, and how often: more than the interpreter waits for before it specialises a function.
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
    """Plain data, and the type names of all else."""

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


def _is_number(value: object) -> bool:
    """A single number of numpy counts as the number that it is."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in "biufc"


def _outcome(function: Any, args: Any, kwargs: Any) -> bytes:
    encoder = ResultEncoder()
    try:
        value = function(*args, **kwargs)
        if type(value) is types.CoroutineType:
            value = _awaited(value)
        encoder.put(("value", value))
        return encoder.message()
    except Unsendable as error:
        return encode(("unsendable", str(error)[:_LONGEST_TEXT]))
    except BaseException as error:  # whatever the program raises is its answer
        return encode(("raised", describe(error)))


def _awaited(value: Any) -> Any:
    """What an `async def` gives in the end."""
    import asyncio

    return asyncio.run(value)


def describe(error: BaseException) -> str:
    """An exception in one line."""
    try:
        text = str.__str__(str(error))
    except BaseException:  # whatever its __str__ does
        text = ""
    return f"{type(error).__name__}: {text}"[:_LONGEST_TEXT]


def _load(file: str, entry_point: str) -> Any:
    """What gives the function to call: for `Solution.f` the method of a new instance each time (`_part`)."""
    module = types.ModuleType("solution")
    module.__file__ = os.path.abspath(file)
    sys.modules["solution"] = module
    with open(file, "rb") as source:
        text = source.read()
    exec(compile(text, module.__file__, "exec", dont_inherit=True), module.__dict__)
    first, *path = entry_point.split(".")
    holder = getattr(module, first)

    def function() -> Any:
        value = holder
        for part in path:
            value = _part(value, part)
        return value

    return function


def _part(holder: Any, name: str) -> Any:
    """Of a class, its own class or static method, or else the method of a new instance."""
    if isinstance(holder, type):
        found = next((vars(cls)[name] for cls in holder.__mro__ if name in vars(cls)), None)
        if not isinstance(found, classmethod | staticmethod | type):
            holder = holder()
    return getattr(holder, name)


def main() -> None:
    """Load the program and answer until the caller closes the channel."""
    with suppress(Ended):
        _serve(Channel(CALLER))
    os._exit(0)


def _serve(channel: Channel) -> NoReturn:
    """Raises Ended when the caller has no more calls."""
    options = decode(channel.receive())
    try:
        function = _load(options["file"], options["entry_point"])
    except BaseException as error:  # whatever the program raises is its failure
        channel.send(encode(("failure", describe(error))))
        channel.receive()
    channel.send(encode(("loaded",)))
    while True:
        args, kwargs = decode(channel.receive())
        channel.send(_called(function, args, kwargs))


def _called(function: Any, args: Any, kwargs: Any) -> bytes:
    try:
        target = function()
    except BaseException as error:  # whatever the program raises is its answer
        return encode(("raised", describe(error)))
    return _outcome(target, args, kwargs)


def rehearse() -> None:
    """Answer some calls in this process, so that its forks find code that is specialised and tables that are made.

    Nothing else of it stays.
    """
    for entry_point in ("give", "Box.give"):
        for _ in range(_TIMES):
            _converse(entry_point)


def _converse(entry_point: str) -> None:
    """All calls are sent, then all are answered: there is one thread."""
    from _socket import SHUT_WR, socketpair

    source = os.memfd_create("rehearsal")
    os.write(source, _PROGRAM)
    ours, theirs = socketpair()
    ours.sendall(framed(encode({"file": f"/proc/self/fd/{source}", "entry_point": entry_point})))
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
