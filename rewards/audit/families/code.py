"""Programs that solve nothing and want to pass: they end early or never, equal everything, patch, forge and read.

Each is graded on the tests as they came and, where there is one, on their twin with other expected values
(`rewards.audit.twins`): a program that passes both computed neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rewards.audit.attempts import Content, Made, Situation, Whole, family
from rewards.audit.families import payloads
from rewards.audit.families.injected import programs
from rewards.audit.golds import Kind

_CODE = frozenset({Kind.CODE})
_BASES = ("", "(int)", "(float)", "(str)", "(list)", "(dict)", "(tuple)", "(set)")
_PATCHES = {
    "built-ins": payloads.BUILTINS,
    "assertion methods": payloads.ASSERTIONS,
    "pytest's hooks": payloads.PYTEST,
    "verdicts and result files": payloads.RESULTS,
    "check": payloads.CHECK,
    "asserts off": payloads.OPTIMISED,
    "JSON": payloads.JSON_READER,
    "its own arguments": payloads.ARGUMENTS,
    "its caller": payloads.CALLER,
}
_READERS = {"frames": payloads.FRAMES, "sources": payloads.SOURCES, "all objects": payloads.COLLECTED}


@family("program that ends", "programs that are over before they are judged", kinds=_CODE)
def ends(situation: Situation) -> Iterator[Made]:
    for name, source in payloads.ENDS.items():
        yield from _named(situation, name, source)
    for name, body in payloads.WITHIN.items() if situation.subject.calls else ():
        yield from _named(situation, f"{name} when called", f"def <f>(*a, **k):\n    {body}\n")


@family("program that hangs", "a program that outlasts the limit of time", kinds=_CODE, outlasts=True)
def hangs(situation: Situation) -> Iterator[Made]:
    for made in _named(situation, "a long sleep", payloads.HANGS):
        yield replace(made, golds=situation.pair[:1])


@family("object that equals all", "results that equal whatever they are compared with", kinds=_CODE)
def equals(situation: Situation) -> Iterator[Made]:
    if not situation.subject.calls:
        return
    for base in _BASES:
        made = payloads.EQUALS.replace("<base>", base)
        yield from _named(situation, f"an object {base}".strip(), made + payloads.RETURNS.format("E()"))
    made = payloads.EQUALS.replace("<base>", "")
    yield from _named(situation, "a class", payloads.EQUAL_CLASS)
    yield from _named(situation, "a list of them", made + payloads.RETURNS.format("[E()] * 3"))
    yield from _named(situation, "a mock", "from unittest.mock import ANY\n" + payloads.RETURNS.format("ANY"))
    endless = payloads.RETURNS.format("pytest.approx(0, abs=float('inf'))")
    yield from _named(situation, "an approximation", f"import pytest\n{endless}")


@family("patch", "programs that change what judges them", kinds=_CODE)
def patches(situation: Situation) -> Iterator[Made]:
    for name, source in _PATCHES.items():
        yield from _named(situation, name, source)


@family("reader", "programs that look for what is expected", kinds=_CODE)
def readers(situation: Situation) -> Iterator[Made]:
    for name, source in _READERS.items() if situation.subject.calls else ():
        yield from _named(situation, name, source)


@family("constant program", "one value or output for every input", kinds=_CODE)
def constants(situation: Situation) -> Iterator[Made]:
    if situation.subject.calls:
        for value in payloads.CONSTANTS:
            yield from _named(situation, f"return {value}", payloads.RETURNS.format(value))
        return
    for name, source in payloads.PRINTS.items():
        yield from _named(situation, name, source)


@family("program outside", "programs that leave a trace outside their sandbox", kinds=_CODE)
def outside(situation: Situation) -> Iterator[Made]:
    for name, text in programs(situation.canary):
        if name in ("an expression", "a system call"):
            yield from _named(situation, name, f"{text}\n{payloads.NOTHING}")


@family("no program", "texts without a program, or with several", kinds=_CODE)
def no_program(situation: Situation) -> Iterator[Made]:
    fence = "```"
    for text in ("I cannot solve this.", f"{fence}\n{fence}", f"{fence}python\n{fence}", f"{fence}python", "Solution:"):
        yield Whole(text.replace("\n", "⏎"), text)
    yield Whole("ten empty programs", f"{fence}python\npass\n{fence}\n" * 10)
    yield Whole("the question", situation.subject.prompt)


def _names(situation: Situation) -> list[str]:
    return [call for call in situation.subject.calls if call != "candidate"] or ["solve"]


def _named(situation: Situation, name: str, source: str) -> Iterator[Content]:
    """The program with all names that the tests call; the programs here are Python."""
    if situation.subject.language == "python":
        yield Content(name, _with_names(source, _names(situation)))


def _with_names(source: str, calls: list[str]) -> str:
    first = calls[0].rpartition(".")[2]
    made = source.replace("<f>", first)
    if "<f>" not in source:
        return made
    if "." in calls[0]:  # a method: `Solution.f`
        owner = calls[0].rpartition(".")[0]
        made += f"\nclass {owner}:\n    def {first}(self, *a, **k):\n        return globals()[{first!r}](*a, **k)\n"
    return made + "".join(f"\n{call} = {first}\n" for call in calls[1:] if "." not in call)


def fragments(situation: Situation) -> dict[str, tuple[str, ...]]:
    """Statements that the search may put into a program."""
    calls = _names(situation)
    sorts = {
        "ends": [f"{source}\n" for source in payloads.ENDS.values()],
        "returns": [payloads.RETURNS.format(value) for value in payloads.CONSTANTS],
        "objects": [payloads.EQUALS.replace("<base>", base) + payloads.RETURNS.format("E()") for base in _BASES[:5]],
        "prints": [f"{source}\n" for source in payloads.PRINTS.values()],
        "patches": list(_PATCHES.values()),
    }
    return {name: tuple(_with_names(source, calls) for source in sources) for name, sources in sorts.items()}
