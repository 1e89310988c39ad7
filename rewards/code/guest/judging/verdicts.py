"""In the checker: the outcome of a case, and how the caller is told.

`outcome` makes the verdict from what the link has recorded while the case ran, and from what the test raised. Also here
is what every style does before a case: load the program, and attempt a piece of a test.
"""

from __future__ import annotations

import os
import re
import time
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from typing import Any

from ..encoding.channel import Channel, framed
from ..encoding.codec import encode
from ..proxies import ancestry, proxies
from ..proxies.proxies import ProgramLost, UnsupportedTest
from ..sources import context
from ..transfer.link import PATIENCE, Case, Link

PASSED, WRONG, RAISED, MISSING, UNSUPPORTED = "passed", "wrong", "raised", "no output", "unsupported test"
_LONGEST_REASON = 300
_WANTED = re.compile(r"must be (.*), not (.*)")  # what a function of the standard library takes, and what it was given
_THREADS = re.compile(r"thread|concurrent\.futures|run_in_executor", re.IGNORECASE)  # several threads ask at once


class Report:
    """Tells the caller what happened. Each message wakes it, so events of quick cases are sent together.

    Events wait for at most `PATIENCE` seconds: the link sends them if the program takes longer to answer.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting = b""
        self._since = 0.0
        self._lock = allocate_lock()  # any thread that asks may send waiting events

    def send(self, *event: object) -> None:
        """Send an event at once, after waiting ones. Raises Ended."""
        with self._lock:
            self._waiting += framed(encode(event))
        self.flush()

    def flush(self) -> None:
        """Send waiting events. Raises Ended."""
        with self._lock:
            waiting, self._waiting = self._waiting, b""
            if waiting:
                self._channel.send_raw(waiting)

    def later(self, *event: object) -> None:
        """Send an event soon: before anything that takes time."""
        now = time.monotonic()
        with self._lock:
            if not self._waiting:
                self._since = now
            self._waiting += framed(encode(event))
        if now - self._since > PATIENCE:
            self.flush()

    def waits(self) -> bool:
        """Whether events are waiting."""
        return bool(self._waiting)

    def end(self, index: int, name: str, fate: str, reason: str, seconds: float) -> None:
        """Report the end of a case. reason: contains nothing that the test expects."""
        self.later("end", index, name, fate, line_of(reason), seconds)


def line_of(text: str) -> str:
    """A reason in the form that is reported: one line of bounded length."""
    return " ".join(text.split())[:_LONGEST_REASON]


def describe(error: BaseException) -> str:
    """An exception of the program in one line."""
    try:
        text = str(error)
    except BaseException:  # its text is made by the program, and may raise anything
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def outcome(link: Link, error: BaseException | None) -> tuple[str, str]:
    """The outcome of the case that has just run, and a reason that contains nothing that the test expects."""
    case = link.case
    if link.lost:
        return (WRONG if link.violated else MISSING), link.lost
    if case.refused:
        return WRONG, case.refused
    if case.unsupported or isinstance(error, UnsupportedTest):
        return UNSUPPORTED, case.unsupported
    if error is None:
        return (UNSUPPORTED, case.suspected) if case.suspected else (PASSED, "")
    if error is case.raised or (error.__context__ is not None and error.__context__ is case.raised):
        return RAISED, describe(error if case.raised is None else case.raised)
    if isinstance(error, FileNotFoundError) and _is_source_of_program(error.filename) and not link.gave_its_file:
        return UNSUPPORTED, "the source of the program as a file (inspect.getsource is supported)"
    if isinstance(error, TypeError) and _needs_real_object(str(error)):
        return UNSUPPORTED, "an object of the program where only a real one of its standard base class can be"
    if ancestry.meets_library(error):
        return UNSUPPORTED, "an object of a library that the test hands to that library"
    if missing := not_installed(error):
        return UNSUPPORTED, missing
    if isinstance(error, AssertionError):
        if _equals_by_itself(link, error):
            return UNSUPPORTED, "`==` of an object and data that it does not give as its content"
        return WRONG, "an assertion does not hold"
    if isinstance(error, NameError) and error.name:
        return WRONG, f"the program does not define {error.name!r}"
    return RAISED, f"{type(error).__name__} in the test, from what the program gave"


def not_installed(error: BaseException | None) -> str:
    """Which import of a test cannot succeed here, whatever the program is; empty = the error is another one.

    The program itself, and a module that the tests speak of elsewhere and so may expect from it, are not meant.
    """
    if not isinstance(error, ImportError):
        return ""
    trace, file, line = error.__traceback__, "", 0
    while trace is not None:  # the last frame of a test, or of `importlib` below it
        code = trace.tb_frame.f_code
        if code.co_filename in context.SOURCES or code.co_filename.startswith("<frozen importlib"):
            file, line = code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    if file in context.SOURCES:
        names = [name.partition(".")[0] for name in context.imported_at(file, line)]
        fits = bool(names) and not any(name in ("", "solution") or context.says(name) for name in names)
    else:
        fits = bool(file) and isinstance(error, ModuleNotFoundError) and context.mentions(str(error.name))
    return f"its own import fails: {error.msg.partition(' (')[0]}" if fits else ""


def _needs_real_object(text: str) -> bool:
    """Whether code of the standard library says that it needs an object of a class which one of the program
    derives from: "tzinfo argument must be None or of a tzinfo subclass, not type 'Fixed'".
    """
    if (said := _WANTED.search(text)) is None:
        return False
    wanted, given = (re.findall(r"\w+", part) for part in said.groups())
    found = (ancestry.standard_of(kind) for kind in proxies.class_numbers if kind.__name__ in given)
    return any(kind.__name__ in wanted and kind.__module__ != "builtins" for kind in found if kind is not None)


def _equals_by_itself(link: Link, error: AssertionError) -> bool:
    """Whether an assertion fails by an object of the program that says that it equals the data there, and no other.
    It is asked only if no later case can be paid, since it learns what the test expects.
    """
    if link.case.doubted is None or link.partial:
        return False
    import traceback  # rarely needed

    value, other, place = link.case.doubted
    places = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    if place not in places:
        return False
    number = int.from_bytes(os.urandom(4))
    decoy: Any = _DECOYS.get(type(other), int)(number)
    asked = sorted((other, decoy), key=lambda _: os.urandom(4))  # the program cannot know which is which
    return all(_equals(link, value, each) is (each is other) for each in asked)


_DECOYS: dict[type, Callable[[int], Any]] = {
    float: float,
    str: str,
    list: lambda number: [number],
    tuple: lambda number: (number,),
    set: lambda number: {number},
    frozenset: lambda number: frozenset((number,)),
    deque: lambda number: deque((number,)),
    dict: lambda number: {number: number},
}


def _equals(link: Link, value: Any, other: Any) -> bool:
    """Whether an object of the program says that it equals data."""
    try:
        return link.ask("__eq__", value, other) is True
    except BaseException:  # whatever the program raised, or that the data cannot be sent
        return False


def _is_source_of_program(file: object) -> bool:
    """Whether the tests themselves look for the program's source file."""
    return os.path.basename(str(file)) == "solution.py" and context.mentions("solution.py", "__file__")


def load(link: Link, report: Report, options: dict[str, Any]) -> dict[str, Any] | None:
    """Let the program run; None if it failed, which has then been reported."""
    threads = any(_THREADS.search(source) for source in context.SOURCES.values())
    try:
        answer = link.ask("load", {**options, "threads": threads})
    except ProgramLost:
        report.send("lost", line_of(link.lost), link.violated)
        return None
    except BaseException as error:  # whatever the program raised
        report.send("failure", line_of(describe(error)))
        return None
    if type(answer) is not tuple or len(answer) != 2 or type(answer[0]) is not tuple or type(answer[1]) is not dict:
        report.send("failure", "the program broke the protocol")
        return None
    if any(type(name) is not str for name in (*answer[0], *answer[1])):
        report.send("failure", "the program broke the protocol")
        return None
    link.public_names = answer[0]
    if threads:
        from ..transfer.turns import Turns

        link.turns = Turns(link)
    report.send("loaded")  # at once: from here on, the program is blamed for the checker's end
    return answer[1]


def attempt(link: Link, action: Callable[[], object]) -> BaseException | None:
    """Run a piece of a test. Returns what it raised."""
    link.case = Case()
    try:
        action()
    except BaseException as error:  # the test may pass on anything that the program raised
        return error
    return None
