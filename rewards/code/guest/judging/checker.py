"""The process that holds the tests and makes the verdict. The program is at the other end of a link.

The caller tells it what to do (descriptor 3), gets an answer for each case, and keeps the time. Nothing of the program
is ever loaded here.
"""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from ..encoding.channel import CALLER, LINK, Channel, Ended
from ..encoding.codec import decode
from ..environment import surroundings
from ..guards import databases, emptiness, evaluation, loading, running, unbounded, unpickling
from ..proxies import ancestry, classes, controlled, derived, proxies
from ..proxies.proxies import UnsupportedTest
from ..shared import standard
from ..sources import context, lending, names
from ..transfer import weakly
from ..transfer.link import Link
from .verdicts import PASSED, UNSUPPORTED, Report, attempt, describe, line_of, load, outcome

TEST = "test"  # the name of the module that a test runs as


def _compile(source: str, name: str) -> Any:
    context.add_source(name, source)
    return compile(source, name, "exec", dont_inherit=True)


def run_asserts(link: Link, report: Report, start: dict[str, Any]) -> None:
    """Run the setup, then each source as a case, all in one namespace."""
    try:
        setup = _compile(start["setup"], context.SETUP)
        cases = [_compile(source, f"{context.CASE}{index}>") for index, source in enumerate(start["cases"])]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        report.send("fault", f"the test does not compile: {describe(error)}")
        return
    sources = (start["setup"], *start["cases"])
    wanted, standard = names.wanted_names(sources)
    lent = lending.lent(sources)
    bases = [what[0] for kind, *what in lent.values() if kind == "base"]
    ancestry.of_prompt.update(dict.fromkeys(bases, object))
    values = load(link, report, {**start["program"], "wanted": tuple(sorted(wanted)), "lent": lent})
    if values is None:
        return
    surroundings.watch(link, {"setup": start["setup"], "cases": "\n".join(start["cases"])}, map(ast.parse, sources))
    namespace = make_namespace(link, wanted, standard, values)
    link.ours.lent = dict.fromkeys(lent, namespace)
    sys.modules[TEST] = names.Module(TEST, namespace)
    _watch_classes(wanted, *context.SOURCES)
    failed = attempt(link, lambda: exec(setup, namespace))
    ancestry.of_prompt.update((name, namespace[name]) for name in bases if isinstance(namespace.get(name), type))
    _share_records(link, lent, namespace)
    if failed is not None or link.case.refused or link.lost:
        fate, reason = outcome(link, failed)
        own = not (link.case.asked or link.case.refused or isinstance(failed, NameError))
        if fate == UNSUPPORTED or own:  # the setup may fail on something that the program defines later
            kind = "fault" if fate == UNSUPPORTED else "unexplained"
            report.send(kind, f"the setup of the test cannot run: {line_of(reason)}")
        elif link.lost:
            report.send("lost", line_of(link.lost), link.violated)
        else:
            report.send("failure", f"in the setup of the test: {line_of(reason)}")
        return
    named = [(f"assert {number}", _runner(link, code, namespace)) for number, code in enumerate(cases, 1)]
    run_cases(link, report, start, named)


def _share_records(link: Link, lent: dict[str, tuple[Any, ...]], namespace: dict[str, Any]) -> None:
    """Let objects of the tests' classes of data cross as their content."""
    for name in (
        name for name, (kind, *_) in lent.items() if kind == "record" and isinstance(namespace.get(name), type)
    ):
        ancestry.of_prompt[name] = namespace[name]
        link.ours.share(name, namespace[name])


def _watch_classes(named: set[str], *files: str) -> None:
    """Let the program's process create test classes that involve these names (`derived.py`)."""
    holding = [file for file in files if "class " in context.SOURCES[file]]
    if holding:
        controlled.told.update(named.difference(*map(names.bound_names, context.trees())))
    derived.watch({file: tree for file in holding if (tree := context.tree_of(file)) is not None}, named)
    weakly.keep_identities()


def make_namespace(
    link: Link, wanted: set[str], standard: dict[str, tuple[str, str]], values: dict[str, Any]
) -> dict[str, Any]:
    """The namespace of the tests. It contains the program's functions and classes; its data is read each time."""
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
        if proxies.is_class(value):
            if context.is_class_name(name):
                proxies.mark_named(value, name, is_used=True)
            own[name] = value
        elif issubclass(type(value), proxies.Root) and callable(value):
            own[name] = value
        else:
            afresh.add(name)
    return names.Namespace(own, link.global_value, frozenset(afresh)) if afresh else own


def _runner(link: Link, code: Any, namespace: dict[str, Any]) -> Callable[[], None]:
    """A function that runs a case. If one fails without asking the program, names of builtins may mean its own."""

    def run() -> None:
        try:
            exec(code, namespace)
        except Exception:  # whatever a test raises is raised again, unless the names can have another meaning
            tree = context.tree_of(code.co_filename)
            if link.case.asked or tree is None or not (tested := names.tested_builtins((tree,))):
                raise
            own = {name: link.global_value(name) for name in tested.intersection(link.public_names)}
            if not own:
                raise
            exec(code, {"__name__": TEST, "__builtins__": builtins, **own})

    return run


def run_cases(link: Link, report: Report, start: dict[str, Any], cases: list[tuple[str, Callable[[], None]]]) -> None:
    """Run the cases from `first` on, up to the first failure unless all count."""
    for index, (name, action) in enumerate(cases):
        if index < start["first"]:
            continue
        began = time.perf_counter()
        error = attempt(link, action)
        fate, reason = outcome(link, error)
        del error
        report.end(index, name, fate, reason, time.perf_counter() - began)
        if link.lost:
            report.send("lost", line_of(link.lost), link.violated)
            return
        if fate not in (PASSED, UNSUPPORTED) and not start["partial"]:
            break
    report.send("done")


def run_check(link: Link, report: Report, start: dict[str, Any]) -> None:
    """Run `check(candidate)`, with the helpers of the prompt."""
    try:
        test = _compile(start["test"], "<test>")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        report.send("fault", f"the test does not compile: {describe(error)}")
        return
    entry = start["entry_point"]
    first, *path = entry.split(".")
    by_prompt = lending.lent_by_prompt(start["prompt"], first, start["test"])
    lent = {**lending.lent((start["test"],)), **by_prompt}
    namespace: dict[str, Any] = {"__name__": TEST, "__builtins__": builtins, "issubclass": ancestry.derives}
    link.ours.lent = dict.fromkeys(lent, namespace)
    sys.modules[TEST] = names.Module(TEST, namespace)
    try:
        exec(_compile(start["prompt"], "<prompt>"), namespace)
    except SyntaxError:  # the prompt stops in the middle of a function
        pass
    except Exception as error:
        report.send("fault", f"the prompt cannot run: {type(error).__name__}")
        return
    for name, (kind, *_) in by_prompt.items():
        if kind == "enumeration" and isinstance(namespace.get(name), enum.EnumType):
            standard.share(name, namespace[name])
        elif kind in ("class", "plain"):
            ancestry.of_prompt[name] = namespace.get(name, object)
    _share_records(link, lent, namespace)
    values = load(link, report, {**start["program"], "wanted": (first,), "lent": lent})
    if values is None:
        return
    if first not in values:
        report.send("failure", f"the program does not define {entry!r}")
        return
    surroundings.watch(link, {"test": start["test"]}, map(ast.parse, (start["test"],)))
    candidate = values[first]
    _watch_classes({first, "candidate"}, "<test>")
    if proxies.is_class(candidate) and classes.is_told_class(entry, start["prompt"]):
        proxies.mark_told(candidate, entry)

    def case() -> None:
        value = candidate
        for part in path:
            value = getattr(value() if isinstance(value, type) else value, part)
        namespace[first] = candidate
        exec(test, namespace)
        check = namespace.get("check")
        if not callable(check):
            raise UnsupportedTest("the test defines no function check(candidate)")
        check(value)

    run_cases(link, report, start, [("check", case)])


def run_pytest(link: Link, report: Report, start: dict[str, Any]) -> None:
    from . import suite  # which imports pytest

    suite.run(link, report, start)


MODES: dict[str, Callable[[Link, Report, dict[str, Any]], None]] = {
    "asserts": run_asserts,
    "check": run_check,
    "pytest": run_pytest,
}


def main() -> None:
    """Judge one program, and exit."""
    sys.setrecursionlimit(3000)
    channel = Channel(CALLER)
    try:
        told = channel.receive()
        start = decode(told)
        for replaced in (databases, emptiness, evaluation, loading, running, unpickling, unbounded):
            replaced.guard(told)
        link = Link(Channel(LINK))
        link.partial = start["partial"]
        link.ours.local_modules = frozenset((TEST,))
        report = Report(channel)
        link.reports(report.waits, report.flush, functools.partial(report.later, "unclear"))
        link.undoes = start["undoes"]
        MODES[start["mode"]](link, report, start)
    except Ended:
        os._exit(2)
    os._exit(0)


if __name__ == "__main__":
    main()
