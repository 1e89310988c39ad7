"""Check rows whose reference is a set of tests, by grading known right and wrong programs.

Right: the row's published solution, twice, and under other circumstances (`variations`). Wrong: an empty response,
functions without a body, and the solution with one change. A change may have no effect (a loop that ends in two ways),
so tests are called weak only if they notice none of up to `CHANGES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.mutants import changed, constant, empty, stub
from data_prep.validation.probes import Grade, Probes, is_paid, is_right
from data_prep.validation.variations import (
    CHANCE,
    CLOCK,
    DAYS,
    in_another_order,
    on_another_day,
    text_of_tests,
    with_other_sets,
)
from rewards.code.judgement import Fate
from rewards.code.references import CODE_REFERENCES, StdioReference
from rewards.types import GradeResult, Reference, Verdict

CHANGES = 4
CHANGED_SECONDS = 2.0
RUNS = 8
"""Additional runs of a program if it or its tests mention chance or the clock."""

_SEEDS = (1, 2, 3)


def is_program(reference: Reference) -> bool:
    """Whether the reference is a set of tests for a program."""
    return isinstance(reference, CODE_REFERENCES)


class ProgramChecks:
    """Checks rows whose reference is a set of tests. changes: most changed solutions to try per row."""

    def __init__(self, grade: Grade, changes: int = CHANGES) -> None:
        self._grade = grade
        self._changes = changes

    def check(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        """Yield the findings of these rows. Raises GradingUnavailable."""
        probes, again = Probes(), Probes()
        for index, entry in enumerate(entries):
            probes.add(index, "blank", entry, "")
            probes.add(index, "nothing", entry, _fenced("pass", entry))
            for what, program in self._variants(entry):
                probes.add(index, what, _brief(entry), _fenced(program, entry))
            if entry.solution:
                probes.add(index, "solution", entry, _fenced(entry.solution, entry))
                again.add(index, "solution", entry, _fenced(entry.solution, entry))
        results, second = probes.by_row(self._grade, len(entries)), again.by_row(self._grade, len(entries))
        right = {
            index: is_right(results[index]["solution"])
            for index, repeated in enumerate(second)
            if "solution" in repeated and is_right(results[index]["solution"]) == is_right(repeated["solution"])
        }
        unsteady = dict(self._unsteady(entries, right))
        for index, (entry, first, repeated) in enumerate(zip(entries, results, second, strict=True)):
            yield from _of_program(entry, first, repeated.get("solution"), unsteady.get(index, ""))

    def _variants(self, entry: Entry) -> Iterator[tuple[str, str]]:
        reference = entry.problem.reference
        if not isinstance(reference, CODE_REFERENCES) or not _is_python(reference):
            return
        if program := constant(reference):
            yield "constant", program
        if not isinstance(reference, StdioReference) and not entry.solution and (program := empty(reference)):
            yield "stub", program
        if not entry.solution:
            return
        try:
            whole = _whole(entry)
            if not isinstance(reference, StdioReference):
                yield "stub", stub(whole)
            for number, program in enumerate(changed(whole, self._changes)):
                yield f"change {number}", program
        except (SyntaxError, ValueError, RecursionError):  # not Python, which the grade of the solution reports
            return

    def _unsteady(self, entries: Sequence[Entry], right: Mapping[int, bool]) -> Iterator[tuple[int, str]]:
        """Find programs whose grade changes. Yields (index, description).

        right: by index, whether the solution was right in both runs (True) or wrong in both (False). A right one is run
        under other circumstances; a wrong one that may depend on chance is run again.
        """
        probes = Probes()
        for index, was_right in right.items():
            for what, entry, program in _circumstances(entries[index]) if was_right else _runs(entries[index]):
                probes.add(index, what, entry, _fenced(program, entry))
        results = probes.by_row(self._grade, len(entries))
        for index, was_right in right.items():
            other = {
                what
                for what, result in results[index].items()
                if result.score is not None and is_right(result) != was_right and Fate.TIME not in result.reason
            }
            told = {what.partition(":")[0] for what in other if f"{what.partition(':')[0]}: as it is" not in other}
            if told:
                now, then = ("right", "wrong") if was_right else ("wrong", "right")
                yield index, f"{now} as it stands, {then} {', '.join(sorted(told))}"


def _runs(entry: Entry) -> Iterator[tuple[str, Entry, str]]:
    """More runs, if the program may depend on chance."""
    reference = entry.problem.reference
    assert isinstance(reference, CODE_REFERENCES)
    said = f"{entry.solution}\n{text_of_tests(reference)}"
    if CHANCE.search(said) or CLOCK.search(said):
        for run in range(RUNS):
            yield f"in another run: {run}", entry, entry.solution


def _circumstances(entry: Entry) -> Iterator[tuple[str, Entry, str]]:
    """Yield (circumstance, entry, program) for a solution; circumstances ending in `as it is` are the baseline."""
    yield from _runs(entry)
    reference = entry.problem.reference
    assert isinstance(reference, CODE_REFERENCES)
    backwards = in_another_order(reference)
    if backwards is not None:
        problem = replace(entry.problem, reference=backwards)
        yield "with its tests backwards", replace(entry, problem=problem), entry.solution
    if not _is_python(reference):
        return
    try:
        whole = _whole(entry)
        if with_other_sets(whole, seed=1) != whole:
            for seed in (None, *_SEEDS):
                what = f"with sets in another order: {'as it is' if seed is None else seed}"
                yield what, entry, with_other_sets(whole, seed=seed)
        if CLOCK.search(entry.solution):
            for days in (0.0, *DAYS):
                what = f"on another day: {days or 'as it is'}"
                yield what, entry, on_another_day(whole, days)
    except (SyntaxError, ValueError, RecursionError):
        return


def _of_program(
    entry: Entry, results: Mapping[str, GradeResult], second: GradeResult | None, unsteady: str
) -> Iterator[Finding]:
    """The findings of one row. unsteady: how its grade changes under other circumstances; empty = it does not."""
    if is_paid(results["blank"]):
        yield entry.finding("blank_paid", f"an empty response scores {results['blank'].score:g}")
    for what, told in (("nothing", "a program that does nothing"), ("stub", "functions that return nothing")):
        if what in results and is_right(results[what]):
            yield entry.finding("stub_paid", f"{told} passes")
            break
    else:
        if "constant" in results and is_right(results["constant"]):
            yield entry.finding("constant_passes", "a program that always gives the one value they want passes")
    first = results.get("solution")
    if first is None or second is None:
        if results["nothing"].verdict is Verdict.UNGRADED:
            yield entry.finding("gold_ungraded", results["nothing"].reason)
        return
    ungraded = next((result for result in (first, second) if result.verdict is Verdict.UNGRADED), None)
    if ungraded is not None:
        yield entry.finding("gold_ungraded", ungraded.reason)
    elif is_right(first) != is_right(second):
        failed = second if is_right(first) else first
        yield entry.finding("flaky", f"right in one run, wrong in another: {failed.reason}")
    elif unsteady:
        yield entry.finding("flaky", unsteady)
    elif not is_right(first):
        yield entry.finding("solution_rejected", first.reason)
    else:
        changes = [result for what, result in results.items() if what.startswith("change")]
        if changes and all(map(is_right, changes)):
            yield entry.finding("weak_tests", f"{len(changes)} changed solutions pass")


def _is_python(reference: Reference) -> bool:
    return not isinstance(reference, StdioReference) or reference.language == "python"


def _whole(entry: Entry) -> str:
    """The solution as a complete program: if it continues the prompt, the prompt is prepended."""
    prompt = getattr(entry.problem.reference, "prompt", "")
    try:
        compile(entry.solution, "solution.py", "exec", dont_inherit=True)
    except SyntaxError:
        return f"{prompt}{entry.solution}"
    names = f"def {getattr(entry.problem.reference, 'entry_point', '')}("
    return entry.solution if not prompt or names in entry.solution else f"{prompt}{entry.solution}"


def _brief(entry: Entry) -> Entry:
    """The entry with a short time limit per case, because a changed program may never end."""
    reference = entry.problem.reference
    assert isinstance(reference, CODE_REFERENCES)
    limits = replace(reference.limits, time_s=min(reference.limits.time_s, CHANGED_SECONDS))
    return replace(entry, problem=replace(entry.problem, reference=replace(reference, limits=limits)))


def _fenced(program: str, entry: Entry) -> str:
    """The program as a response: in a fence, or bare if the reference's `extract` is `code`."""
    if getattr(entry.problem.reference, "extract", "fenced") == "code":
        return program
    fence = "```"
    while fence in program:
        fence += "`"
    language = getattr(entry.problem.reference, "language", "python") or "python"
    return f"{fence}{language}\n{program}\n{fence}"
