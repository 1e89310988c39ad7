"""Grade what must be right and what must be wrong: for answers (`Answers`) and for programs (`Programs`).

An answer: its row's gold is right; an empty response, one without an answer, and another row's gold are wrong. Two
golds may be equal and written differently (0.5 and 1/2), so another gold that is paid is graded the other way round,
too: where both are right they are taken for equal, and the next one is tried, `OTHERS` in all.

What a solution states as its answer (its last box, or what stands after ####) must be the gold: where each is wrong in
the place of the other, the row contradicts itself.

A program: its row's published solution is right twice, and under other circumstances (`variations`); an empty response,
functions without content, and a solution with one change are wrong. A change may be none (a loop that ends in two
ways), so only tests that notice none of up to `CHANGES` are called weak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.golds import FILLER, FORMS, GOLD, filler, golds
from data_prep.validation.mutants import changed, constant, empty, stub
from data_prep.validation.prompts import leaks, said, text_of
from data_prep.validation.solutions import comes_to, stated, supports
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
from rewards.types import AnyOf, GradeRequest, GradeResult, MathReference, Reference, Verdict

Grade = Callable[[Sequence[GradeRequest]], list[GradeResult]]

OTHERS = 3
CHANGES = 4
MOSTLY = 0.5
CHANGED_SECONDS = 2.0
RUNS = 8
"""Of a program that depends on chance by what it or its tests say."""

_SEEDS = (1, 2, 3)
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
            self._ask_solution(asked, index, entry)
            self._ask_prompt(asked, index, entry)
            for number, gold in enumerate(golds(entry.problem.reference)):
                asked.ask(index, f"gold {number}", entry, self._written(gold))
            asked.ask(index, "blank", entry, "")
            asked.ask(index, "filler", entry, FILLER)
            asked.ask(index, "filler in form", entry, self._written(filler(entry.problem.reference)))
        results = asked.by_row(self._grade, len(entries))
        sound: list[int] = []
        for index, entry in enumerate(entries):
            found = list(self._of_row(entry, results[index]))
            yield from found
            own = results[index].get("gold 0")
            judged = own is not None and own.correctness is not None
            if judged and not any(finding.severity == "error" for finding in found):
                sound.append(index)
        yield from self._others([entries[index] for index in sound])

    def _ask_solution(self, asked: _Asked, index: int, entry: Entry) -> None:
        known = golds(entry.problem.reference)
        if not entry.solution or not known:
            return
        asked.ask(index, "solution", entry, entry.solution)
        if (answer := stated(entry.solution)) and (other := _with_answer(entry, answer)) is not None:
            asked.ask(index, "stated", entry, self._written(answer))
            asked.ask(index, "other way round", other, self._written(known[0]))

    def _ask_prompt(self, asked: _Asked, index: int, entry: Entry) -> None:
        """What the prompt calls the answer, where that is none of the gold's usual spellings."""
        known, prompt = golds(entry.problem.reference), text_of(entry.problem)
        if isinstance(entry.problem.reference, MathReference) and not leaks(prompt, known):
            for text in said(prompt):
                asked.ask(index, f"{_IN_PROMPT}{text}", entry, self._written(text))

    def _of_row(self, entry: Entry, results: Mapping[str, GradeResult]) -> Iterator[Finding]:
        blank = results["blank"]
        told = {what: result for what, result in results.items() if what.startswith(_IN_PROMPT)}
        mine = (result for what, result in results.items() if what not in _OF_SOLUTION and what not in told)
        ungraded = next((result for result in mine if result.verdict is Verdict.UNGRADED), None)
        if ungraded is not None:
            yield entry.finding("gold_ungraded", ungraded.reason)
            return
        for number, gold in enumerate(golds(entry.problem.reference)):
            result = results[f"gold {number}"]
            if not is_right(result) or _pays_no_more(result, blank):
                yield entry.finding("gold_rejected", f"{gold!r:.80}: {result.reason or result.verdict.value}")
        if blank.correctness is not None and is_paid(blank):
            yield entry.finding("blank_paid", f"an empty response scores {blank.score:g}")
        for what in ("filler", "filler in form"):
            result = results[what]
            if result.correctness is not None and is_paid(result):
                response = FILLER if what == "filler" else self._written(filler(entry.problem.reference))
                yield entry.finding("filler_paid", f"{response!r} scores {result.score:g}")
                break
        for what in [what for what, result in told.items() if is_right(result) and result.correctness is not None][:1]:
            yield entry.finding("answer_in_prompt", f"it calls {what.removeprefix(_IN_PROMPT)!r:.60} the answer")
        yield from _of_solution(entry, results)

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


_OF_SOLUTION = ("solution", "stated", "other way round")
_IN_PROMPT = "in the prompt: "


def _of_solution(entry: Entry, results: Mapping[str, GradeResult]) -> Iterator[Finding]:
    """What a published solution says of the gold."""
    solution, known = results.get("solution"), golds(entry.problem.reference)
    if solution is None:
        return
    said = [results[what] for what in ("stated", "other way round") if what in results]
    if any(result.score is not None for result in said) and not any(map(is_paid, said)):
        reason = f"the gold is {known[0]!r:.60}, and the solution ends with {stated(entry.solution)!r:.60}"
        yield entry.finding("gold_contradicted", reason)
        return
    if not supports(entry.solution, known):
        reason = f"the gold is {known[0]!r:.60}, and the solution comes to {comes_to(entry.solution)!r:.60}"
        yield entry.finding("gold_unsupported", reason)
    elif not is_right(solution) and solution.verdict is not Verdict.NO_ANSWER:
        reason = f"it reads {solution.extracted!r:.60}" if solution.extracted is not None else solution.reason
        yield entry.finding("solution_unread", f"gold {known[0]!r:.60}: {reason}")


def _with_answer(entry: Entry, answer: str) -> Entry | None:
    """The entry as if this were its gold; None where a gold is more than one answer."""
    reference = entry.problem.reference
    if not isinstance(reference, MathReference) or not isinstance(reference.answer, str | AnyOf):
        return None
    return replace(entry, problem=replace(entry.problem, reference=replace(reference, answer=answer)))


def _pays_no_more(gold: GradeResult, blank: GradeResult) -> bool:
    """Of a reward without right and wrong: whether an empty response is worth as much."""
    return gold.correctness is None and blank.score is not None and gold.score is not None and gold.score <= blank.score


def _other_paid(own: _Other, other: _Other) -> Finding:
    reason = f"gold {own.gold!r:.60}, and {other.gold!r:.60} of {other.entry.place} is paid"
    return own.entry.finding("other_gold_paid", reason)


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
            for what, program in self._variants(entry):
                asked.ask(index, what, _brief(entry), _fenced(program, entry))
            if entry.solution:
                asked.ask(index, "solution", entry, _fenced(entry.solution, entry))
                again.ask(index, "solution", entry, _fenced(entry.solution, entry))
        results, second = asked.by_row(self._grade, len(entries)), again.by_row(self._grade, len(entries))
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
        except (SyntaxError, ValueError, RecursionError):  # no Python: its own grade says so
            return

    def _unsteady(self, entries: Sequence[Entry], right: Mapping[int, bool]) -> Iterator[tuple[int, str]]:
        """Of programs that were right twice, those that are wrong under other circumstances, and under which; of those
        that were wrong twice and depend on chance, those that are right in some run. right: by the entry's index."""
        asked = _Asked()
        for index, was_right in right.items():
            for what, entry, program in _circumstances(entries[index]) if was_right else _runs(entries[index]):
                asked.ask(index, what, entry, _fenced(program, entry))
        results = asked.by_row(self._grade, len(entries))
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
    """More runs of what depends on chance."""
    reference = entry.problem.reference
    assert isinstance(reference, CODE_REFERENCES)
    said = f"{entry.solution}\n{text_of_tests(reference)}"
    if CHANCE.search(said) or CLOCK.search(said):
        for run in range(RUNS):
            yield f"in another run: {run}", entry, entry.solution


def _circumstances(entry: Entry) -> Iterator[tuple[str, Entry, str]]:
    """What a program is run under, each with the entry to run it for; `as it is`: what it is compared with."""
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
    """unsteady: under which circumstances a right program is wrong; "" = under none."""
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
