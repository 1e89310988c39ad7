"""The process that holds the tests and makes the verdict. The program is at the other end of a link.

It is told what to do by the caller (descriptor 3) and answers case by case; the caller keeps the time. Nothing of the
program is ever loaded here.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
import time
from _thread import allocate_lock
from collections.abc import Callable
from typing import Any

from . import context, emptiness, evaluation, lending, names, proxies, running, surroundings, unbounded, unpickling
from .channel import Channel, Ended, framed
from .codec import decode, encode
from .link import PATIENCE, Case, Link
from .proxies import ProgramLost, UnsupportedTest

CHANNEL, LINK = 3, 4
TEST = "test"  # the name of the module that a test believes to be
PASSED, WRONG, RAISED, MISSING, UNSUPPORTED = "passed", "wrong", "raised", "no output", "unsupported test"
_LONGEST_REASON = 300
_THREADS = re.compile(r"thread|concurrent\.futures|run_in_executor", re.IGNORECASE)  # several ask at once


class Report:
    """Tells the caller what happened. Each event wakes it, so those of quick cases go together.

    Events wait for `PATIENCE` seconds at most: the link sends them when the program takes longer to answer.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting = b""
        self._since = 0.0
        self._lock = allocate_lock()  # any thread that asks may send what waits

    def send(self, *event: object) -> None:
        with self._lock:
            self._waiting += framed(encode(event))
        self.flush()

    def flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, b""
            if waiting:
                self._channel.send_raw(waiting)

    def later(self, *event: object) -> None:
        """Send it soon: before anything that takes time."""
        now = time.monotonic()
        with self._lock:
            if not self._waiting:
                self._since = now
            self._waiting += framed(encode(event))
        if now - self._since > PATIENCE:
            self.flush()

    def waits(self) -> bool:
        return bool(self._waiting)

    def end(self, index: int, name: str, fate: str, reason: str, seconds: float) -> None:
        self.later("end", index, name, fate, _line(reason), seconds)


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]


def describe(error: BaseException) -> str:
    """An exception of the program in one line."""
    try:
        text = str(error)
    except BaseException:  # its text is the program's own doing, whatever comes of asking for it
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def outcome(link: Link, error: BaseException | None) -> tuple[str, str]:
    """The fate of the case that has just run, and a reason without anything that the test expects."""
    case = link.case
    if link.lost:
        return (WRONG if link.violated else MISSING), link.lost
    if case.refused:
        return WRONG, case.refused
    if case.unsupported or isinstance(error, UnsupportedTest):
        return UNSUPPORTED, case.unsupported
    if error is None:
        return PASSED, ""
    if error is case.raised or (error.__context__ is not None and error.__context__ is case.raised):
        return RAISED, describe(case.raised or error)
    if isinstance(error, FileNotFoundError) and _is_source_of_program(error.filename) and not link.gave_its_file:
        return UNSUPPORTED, "the source of the program as a file (inspect.getsource is supported)"
    if isinstance(error, AssertionError):
        return WRONG, "an assertion does not hold"
    if isinstance(error, NameError) and error.name:
        return WRONG, f"the program does not define {error.name!r}"
    return RAISED, f"{type(error).__name__} in the test, from what the program gave"


def _is_source_of_program(file: object) -> bool:
    """Whether the tests themselves look for the program's file."""
    return os.path.basename(str(file)) == "solution.py" and context.mentions("solution.py", "__file__")


def load(link: Link, report: Report, options: dict[str, Any]) -> dict[str, Any] | None:
    """Have the program run; None where it failed, which was reported."""
    threads = any(_THREADS.search(source) for source in context.SOURCES.values())
    try:
        answer = link.ask("load", {**options, "threads": threads})
    except ProgramLost:
        report.send("lost", _line(link.lost), link.violated)
        return None
    except BaseException as error:  # whatever the program raised
        report.send("failure", _line(describe(error)))
        return None
    if type(answer) is not tuple or len(answer) != 2 or type(answer[0]) is not tuple or type(answer[1]) is not dict:
        report.send("failure", "the program broke the protocol")
        return None
    if any(type(name) is not str for name in (*answer[0], *answer[1])):
        report.send("failure", "the program broke the protocol")
        return None
    link.public_names = answer[0]
    if threads:
        from .turns import Turns

        link.turns = Turns(link)
    report.send("loaded")  # at once: from here on what ends the checker is laid to the program
    return answer[1]


def _compile(source: str, name: str) -> Any:
    context.add_source(name, source)
    return compile(source, name, "exec", dont_inherit=True)


def run_asserts(link: Link, report: Report, start: dict[str, Any]) -> None:
    """The setup, then each source as a case, all in one namespace."""
    try:
        setup = _compile(start["setup"], "<setup>")
        cases = [_compile(source, f"<case {index}>") for index, source in enumerate(start["cases"])]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        report.send("fault", f"the test does not compile: {type(error).__name__}")
        return
    sources = (start["setup"], *start["cases"])
    wanted, standard = names.wanted_names(sources)
    lent = lending.lent(sources)
    values = load(link, report, {**start["program"], "wanted": tuple(sorted(wanted)), "lent": lent})
    if values is None:
        return
    surroundings.watch(link, {"setup": start["setup"], "cases": "\n".join(start["cases"])}, map(ast.parse, sources))
    namespace = make_namespace(link, wanted, standard, values)
    link.lent = dict.fromkeys(lent, namespace)
    failed = attempt(link, lambda: exec(setup, namespace))
    if failed is not None or link.case.refused or link.lost:
        fate, reason = outcome(link, failed)
        own = not (link.case.asked or link.case.refused or isinstance(failed, NameError))
        if fate == UNSUPPORTED or own:  # what the program defines may still be what the setup fails on
            kind = "fault" if fate == UNSUPPORTED else "unexplained"
            report.send(kind, f"the setup of the test cannot run: {_line(reason)}")
        elif link.lost:
            report.send("lost", _line(link.lost), link.violated)
        else:
            report.send("failure", f"in the setup of the test: {_line(reason)}")
        return
    run_cases(link, report, start, [(f"assert {i}", _runner(code, namespace)) for i, code in enumerate(cases)])


def make_namespace(
    link: Link, wanted: set[str], standard: dict[str, tuple[str, str]], values: dict[str, Any]
) -> dict[str, Any]:
    """Where the tests run. Functions and classes of the program stand there; its data is read each time."""
    own: dict[str, Any] = {"__name__": TEST, "__builtins__": builtins}
    for name, (module, attribute) in standard.items():
        try:
            own[name] = names.standard_value(module, attribute)
        except (ImportError, AttributeError):
            continue
    afresh = set()
    for name, value in values.items():
        if name not in wanted:
            continue
        if type(value) is proxies.HandleMeta:
            if name[:1].isupper():
                proxies.mark_named(value, name, is_used=True)
            own[name] = value
        elif issubclass(type(value), proxies.Root) and callable(value):
            own[name] = value
        else:
            afresh.add(name)
    return names.Namespace(own, link.global_value, frozenset(afresh)) if afresh else own


def _runner(code: Any, namespace: dict[str, Any]) -> Callable[[], None]:
    return lambda: exec(code, namespace)


def attempt(link: Link, action: Callable[[], object]) -> BaseException | None:
    """Run a piece of a test; what it raised."""
    link.case = Case()
    try:
        action()
    except BaseException as error:  # the test may let anything pass that the program raised
        return error
    return None


def run_cases(link: Link, report: Report, start: dict[str, Any], cases: list[tuple[str, Callable[[], None]]]) -> None:
    """Each case from `first` on; to the first failure, unless all count."""
    for index, (name, action) in enumerate(cases):
        if index < start["first"]:
            continue
        began = time.perf_counter()
        error = attempt(link, action)
        fate, reason = outcome(link, error)
        del error
        report.end(index, name, fate, reason, time.perf_counter() - began)
        if link.lost:
            report.send("lost", _line(link.lost), link.violated)
            return
        if fate not in (PASSED, UNSUPPORTED) and not start["partial"]:
            break
    report.send("done")


def run_check(link: Link, report: Report, start: dict[str, Any]) -> None:
    """`check(candidate)`, with the helpers of the prompt."""
    try:
        test = _compile(start["test"], "<test>")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        report.send("fault", f"the test does not compile: {type(error).__name__}")
        return
    entry = start["entry_point"]
    lent = lending.lent((start["test"],))
    values = load(link, report, {**start["program"], "wanted": (entry.partition(".")[0],), "lent": lent})
    if values is None:
        return
    if entry.partition(".")[0] not in values:
        report.send("failure", f"the program does not define {entry!r}")
        return
    surroundings.watch(link, {"test": start["test"]}, map(ast.parse, (start["test"],)))
    candidate = values[entry.partition(".")[0]]
    namespace: dict[str, Any] = {"__name__": TEST, "__builtins__": builtins}
    link.lent = dict.fromkeys(lent, namespace)
    try:
        exec(_compile(start["prompt"], "<prompt>"), namespace)
    except SyntaxError:  # a prompt that stops in the middle of a function
        pass
    except Exception as error:
        report.send("fault", f"the prompt cannot run: {type(error).__name__}")
        return

    def case() -> None:
        value = candidate
        for part in entry.split(".")[1:]:
            value = getattr(value() if isinstance(value, type) else value, part)
        namespace[entry.partition(".")[0]] = candidate
        exec(test, namespace)
        check = namespace.get("check")
        if not callable(check):
            raise UnsupportedTest("the test defines no function check(candidate)")
        check(value)

    run_cases(link, report, start, [("check", case)])


def run_pytest(link: Link, report: Report, start: dict[str, Any]) -> None:
    from . import suite

    suite.run(link, report, start)


MODES: dict[str, Callable[[Link, Report, dict[str, Any]], None]] = {
    "asserts": run_asserts,
    "check": run_check,
    "pytest": run_pytest,
}


def main() -> None:
    """Judge one program, and end."""
    sys.setrecursionlimit(3000)
    channel = Channel(CHANNEL)
    try:
        told = channel.receive()
        start = decode(told)
        emptiness.guard(told)
        evaluation.guard(told)
        running.guard(told)
        unpickling.guard(told)
        unbounded.guard(told)
        link = Link(Channel(LINK))
        link.local_modules = frozenset((TEST,))
        report = Report(channel)
        link.reports(report.waits, report.flush)
        MODES[start["mode"]](link, report, start)
    except Ended:
        os._exit(2)
    os._exit(0)


if __name__ == "__main__":
    main()
