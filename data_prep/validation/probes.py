"""Grade what must be right and what must be wrong: for answers (`Answers`) and for programs (`Programs`).

An answer: its row's gold is right; an empty response, one without an answer, and another row's gold are wrong. Two
golds may be equal and written differently (0.5 and 1/2), so another gold that is paid is graded the other way round,
too: where both are right they are taken for equal, and the next one is tried, `OTHERS` in all.

A program: its row's published solution is right twice; an empty response, functions without content, and a solution
with one change are wrong. A change may be none (a loop that ends in two ways), so only tests that notice none of up to
`CHANGES` are called weak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.golds import FILLER, FORMS, GOLD, golds
from data_prep.validation.mutants import changed, stub
from rewards.code.references import CODE_REFERENCES, StdioReference
from rewards.types import GradeRequest, GradeResult, Reference, Verdict

Grade = Callable[[Sequence[GradeRequest]], list[GradeResult]]

OTHERS = 3
CHANGES = 4
MOSTLY = 0.5
CHANGED_SECONDS = 2.0
_WHOLE = 1.0 - 1e-9


def is_program(reference: Reference) -> bool:
    """Whether a response to it is a program."""
    return isinstance(reference, CODE_REFERENCES)


def is_right(result: GradeResult) -> bool:
    """Whether a grade says: right, wholly. A reward without right and wrong says so by a score above 0."""
    if result.correctness is None:
        return result.score is not None and result.score > 0.0
    return result.correctness >= _WHOLE


def is_paid(result: GradeResult) -> bool:
    """Whether a grade says: right, at least in part."""
    return is_right(result) if result.correctness is None else result.correctness > 0.0


def request(entry: Entry, response: str) -> GradeRequest:
    """A response to an entry's problem."""
    problem = entry.problem
    return GradeRequest(
        response=response, reference=problem.reference, messages=problem.messages, problem_id=problem.id
    )


def _finding(check: str, entry: Entry, reason: str) -> Finding:
    return Finding(check, entry.line, entry.problem.id, reason)


class _Asked:
    """Responses that are graded together, each told apart by a key."""

    def __init__(self) -> None:
        self._requests: dict[tuple[int, str], GradeRequest] = {}

    def ask(self, index: int, what: str, entry: Entry, response: str) -> None:
        self._requests[index, what] = request(entry, response)

    def by_row(self, grade: Grade, rows: int) -> list[dict[str, GradeResult]]:
        """Of each row the grades, by what was asked."""
        graded: list[dict[str, GradeResult]] = [{} for _ in range(rows)]
        for (index, what), result in zip(self._requests, grade(list(self._requests.values())), strict=True):
            graded[index][what] = result
        return graded


# --- answers ----------------------------------------------------------------------------------------------------------


def form_for(entries: Sequence[Entry], grade: Grade) -> str:
    """The form of a response under which golds are right: the first under which `MOSTLY` are, else the best.

    Not simply the most: a gold that cannot be read is right as a response that repeats it.
    """
    with_golds = [entry for entry in entries if golds(entry.problem.reference)]
    best, most = next(iter(FORMS)), -1
    for name, form in FORMS.items():
        asked = [request(entry, form.replace(GOLD, golds(entry.problem.reference)[0])) for entry in with_golds]
        right = sum(map(is_right, grade(asked)))
        if right > most:
            best, most = name, right
        if right >= MOSTLY * len(with_golds):
            break
    return best


@dataclass(frozen=True, slots=True)
class _Other:
    """Another row's gold, and that row."""

    gold: str
    entry: Entry


class Answers:
    """Looks at rows whose reference states an answer, and at those whose golds nobody knows. form: of responses."""

    def __init__(self, grade: Grade, form: str) -> None:
        self._grade = grade
        self._form = form
        self._earlier: list[_Other] = []

    def _written(self, gold: str) -> str:
        return self._form.replace(GOLD, gold)

    def look(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        """What is the matter with these rows. Raises GradingUnavailable."""
        asked = _Asked()
        for index, entry in enumerate(entries):
            for number, gold in enumerate(golds(entry.problem.reference)):
                asked.ask(index, f"gold {number}", entry, self._written(gold))
            asked.ask(index, "blank", entry, "")
            asked.ask(index, "filler", entry, FILLER)
            asked.ask(index, "filler in form", entry, self._written(FILLER))
            if entry.solution and golds(entry.problem.reference):
                asked.ask(index, "solution", entry, entry.solution)
        results = asked.by_row(self._grade, len(entries))
        sound: list[int] = []
        for index, entry in enumerate(entries):
            found = list(self._of_row(entry, results[index]))
            yield from found
            stated = results[index].get("gold 0")
            judged = stated is not None and stated.correctness is not None
            if judged and not any(finding.severity == "error" for finding in found):
                sound.append(index)
        yield from self._others([entries[index] for index in sound])

    def _of_row(self, entry: Entry, results: Mapping[str, GradeResult]) -> Iterator[Finding]:
        blank = results["blank"]
        mine = (result for what, result in results.items() if what != "solution")
        ungraded = next((result for result in mine if result.verdict is Verdict.UNGRADED), None)
        if ungraded is not None:
            yield _finding("gold_ungraded", entry, ungraded.reason)
            return
        for number, gold in enumerate(golds(entry.problem.reference)):
            result = results[f"gold {number}"]
            if not is_right(result) or _pays_no_more(result, blank):
                yield _finding("gold_rejected", entry, f"{gold!r:.80}: {result.reason or result.verdict.value}")
        if blank.correctness is not None and is_paid(blank):
            yield _finding("blank_paid", entry, f"an empty response scores {blank.score:g}")
        for what in ("filler", "filler in form"):
            result = results[what]
            if result.correctness is not None and is_paid(result):
                response = FILLER if what == "filler" else self._written(FILLER)
                yield _finding("filler_paid", entry, f"{response!r} scores {result.score:g}")
                break
        solution = results.get("solution")
        if solution is not None and not is_right(solution):
            reason = f"it reads {solution.extracted!r:.60}" if solution.extracted is not None else solution.reason
            yield _finding("solution_unread", entry, f"gold {golds(entry.problem.reference)[0]!r:.60}: {reason}")

    def _others(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        """Each row with the golds of others: those behind it in this part, then those remembered from earlier ones."""
        here = [_Other(golds(entry.problem.reference)[0], entry) for entry in entries]
        waiting: dict[int, list[_Other]] = {}
        for index, own in enumerate(here):
            mine = set(golds(own.entry.problem.reference))
            ring = [*here[index + 1 :], *here[:index], *self._earlier]
            distinct = {other.gold: other for other in ring[: 8 * OTHERS] if other.gold not in mine}
            waiting[index] = list(distinct.values())[:OTHERS]
        equal: defaultdict[int, list[_Other]] = defaultdict(list)
        while waiting := {index: others for index, others in waiting.items() if others}:
            asked = _Asked()
            for index, others in waiting.items():
                asked.ask(index, "there", here[index].entry, self._written(others[0].gold))
                asked.ask(index, "back", others[0].entry, self._written(here[index].gold))
            results = asked.by_row(self._grade, len(here))
            following: dict[int, list[_Other]] = {}
            for index, others in waiting.items():
                if not is_paid(results[index]["there"]):
                    continue
                if not is_paid(results[index]["back"]):
                    yield _other_paid(here[index], others[0])
                    continue
                equal[index].append(others[0])
                following[index] = others[1:]
                if not others[1:] and len(equal[index]) == OTHERS:
                    yield _other_paid(here[index], others[0])
            waiting = following
        self._earlier = (here or self._earlier)[-8 * OTHERS :]


def _pays_no_more(gold: GradeResult, blank: GradeResult) -> bool:
    """Of a reward without right and wrong: whether an empty response is worth as much."""
    return gold.correctness is None and blank.score is not None and gold.score is not None and gold.score <= blank.score


def _other_paid(own: _Other, other: _Other) -> Finding:
    reason = f"gold {own.gold!r:.60}, and {other.gold!r:.60} of line {other.entry.line} is paid"
    return _finding("other_gold_paid", own.entry, reason)


# --- programs ---------------------------------------------------------------------------------------------------------


class Programs:
    """Looks at rows whose reference is a set of tests. changes: how many changed solutions are tried at most."""

    def __init__(self, grade: Grade, changes: int = CHANGES) -> None:
        self._grade = grade
        self._changes = changes

    def look(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        """What is the matter with these rows. Raises GradingUnavailable."""
        asked, again = _Asked(), _Asked()
        for index, entry in enumerate(entries):
            asked.ask(index, "blank", entry, "")
            asked.ask(index, "nothing", entry, _fenced("pass", entry))
            if entry.solution:
                asked.ask(index, "solution", entry, _fenced(entry.solution, entry))
                again.ask(index, "solution", entry, _fenced(entry.solution, entry))
                brief = _brief(entry)
                for what, program in self._variants(entry):
                    asked.ask(index, what, brief, _fenced(program, entry))
        results, second = asked.by_row(self._grade, len(entries)), again.by_row(self._grade, len(entries))
        for entry, first, repeated in zip(entries, results, second, strict=True):
            yield from _of_program(entry, first, repeated.get("solution"))

    def _variants(self, entry: Entry) -> Iterator[tuple[str, str]]:
        if not _is_python(entry.problem.reference):
            return
        try:
            whole = _whole(entry)
            if not isinstance(entry.problem.reference, StdioReference):
                yield "stub", stub(whole)
            for number, program in enumerate(changed(whole, self._changes)):
                yield f"change {number}", program
        except (SyntaxError, ValueError, RecursionError):  # no Python: its own grade says so
            return


def _of_program(entry: Entry, results: Mapping[str, GradeResult], second: GradeResult | None) -> Iterator[Finding]:
    if is_paid(results["blank"]):
        yield _finding("blank_paid", entry, f"an empty response scores {results['blank'].score:g}")
    for what, told in (("nothing", "a program that does nothing"), ("stub", "functions that return nothing")):
        if what in results and is_right(results[what]):
            yield _finding("stub_paid", entry, f"{told} passes")
            break
    first = results.get("solution")
    if first is None or second is None:
        if results["nothing"].verdict is Verdict.UNGRADED:
            yield _finding("gold_ungraded", entry, results["nothing"].reason)
        return
    ungraded = next((result for result in (first, second) if result.verdict is Verdict.UNGRADED), None)
    if ungraded is not None:
        yield _finding("gold_ungraded", entry, ungraded.reason)
    elif is_right(first) != is_right(second):
        failed = second if is_right(first) else first
        yield _finding("flaky", entry, f"right in one run, wrong in another: {failed.reason}")
    elif not is_right(first):
        yield _finding("solution_rejected", entry, first.reason)
    else:
        changes = [result for what, result in results.items() if what.startswith("change")]
        if changes and all(map(is_right, changes)):
            yield _finding("weak_tests", entry, f"{len(changes)} changed solutions pass")


def _is_python(reference: Reference) -> bool:
    return not isinstance(reference, StdioReference) or reference.language == "python"


def _whole(entry: Entry) -> str:
    """The solution as a program of its own: one that continues its prompt stands behind it."""
    prompt = getattr(entry.problem.reference, "prompt", "")
    try:
        compile(entry.solution, "solution.py", "exec", dont_inherit=True)
    except SyntaxError:
        return f"{prompt}{entry.solution}"
    names = f"def {getattr(entry.problem.reference, 'entry_point', '')}("
    return entry.solution if not prompt or names in entry.solution else f"{prompt}{entry.solution}"


def _brief(entry: Entry) -> Entry:
    """The entry with little time for each case: a changed program may never end."""
    reference = entry.problem.reference
    assert isinstance(reference, CODE_REFERENCES)
    limits = replace(reference.limits, time_s=min(reference.limits.time_s, CHANGED_SECONDS))
    return replace(entry, problem=replace(entry.problem, reference=replace(reference, limits=limits)))


def _fenced(program: str, entry: Entry) -> str:
    """The program as its reference wants it: in a fence, or as it stands."""
    if getattr(entry.problem.reference, "extract", "fenced") == "code":
        return program
    fence = "```"
    while fence in program:
        fence += "`"
    language = getattr(entry.problem.reference, "language", "python") or "python"
    return f"{fence}{language}\n{program}\n{fence}"
