"""Check rows whose reference states an answer, by grading known right and wrong responses.

Right: the row's gold. Wrong: an empty response, one without an answer, and another row's gold. Two golds may be equal
but written differently (0.5 and 1/2). So if another row's gold is paid, this row's gold is graded as an answer to the
other row as well; if that is paid too, they count as equal and the next row is tried, up to `OTHERS`.

The answer that a published solution states (its last box, or the text after ####) must equal the gold: the row
contradicts itself if neither is right in place of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.golds import FILLER, FORMS, GOLD, filler, golds
from data_prep.validation.probes import Grade, Probes, is_paid, is_right, request
from data_prep.validation.prompts import leaks, said, text_of
from data_prep.validation.solutions import comes_to, stated, supports
from rewards.types import AnyOf, GradeResult, MathReference, Verdict

OTHERS = 3
MOSTLY = 0.5


def form_for(entries: Sequence[Entry], grade: Grade) -> str:
    """Choose the form of a response with which golds are right: the first with a share of at least `MOSTLY`, else the
    best.

    The first, not the best: a gold that cannot be parsed is right if a response repeats it literally.
    """
    with_golds = [entry for entry in entries if golds(entry.problem.reference)]
    best, most = next(iter(FORMS)), -1
    for name, form in FORMS.items():
        probes = [request(entry, form.replace(GOLD, golds(entry.problem.reference)[0])) for entry in with_golds]
        right = sum(map(is_right, grade(probes)))
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


class AnswerChecks:
    """Checks rows whose reference states an answer, or has no known gold. form: the response, with `GOLD` in it."""

    def __init__(self, grade: Grade, form: str) -> None:
        self._grade = grade
        self._form = form
        self._earlier: list[_Other] = []

    def _written(self, gold: str) -> str:
        return self._form.replace(GOLD, gold)

    def check(self, entries: Sequence[Entry]) -> Iterator[Finding]:
        """Yield the findings of these rows. Raises GradingUnavailable."""
        probes = Probes()
        for index, entry in enumerate(entries):
            self._add_solution(probes, index, entry)
            self._add_prompt(probes, index, entry)
            for number, gold in enumerate(golds(entry.problem.reference)):
                probes.add(index, f"gold {number}", entry, self._written(gold))
            probes.add(index, "blank", entry, "")
            probes.add(index, "filler", entry, FILLER)
            probes.add(index, "filler in form", entry, self._written(filler(entry.problem.reference)))
        results = probes.by_row(self._grade, len(entries))
        sound: list[int] = []
        for index, entry in enumerate(entries):
            found = list(self._of_row(entry, results[index]))
            yield from found
            own = results[index].get("gold 0")
            judged = own is not None and own.correctness is not None
            if judged and not any(finding.severity == "error" for finding in found):
                sound.append(index)
        yield from self._others([entries[index] for index in sound])

    def _add_solution(self, probes: Probes, index: int, entry: Entry) -> None:
        known = golds(entry.problem.reference)
        if not entry.solution or not known:
            return
        probes.add(index, "solution", entry, entry.solution)
        if (answer := stated(entry.solution)) and (other := _with_answer(entry, answer)) is not None:
            probes.add(index, "stated", entry, self._written(answer))
            probes.add(index, "other way round", other, self._written(known[0]))

    def _add_prompt(self, probes: Probes, index: int, entry: Entry) -> None:
        """Probe the texts that the prompt calls the answer, unless `leaks` finds the gold there."""
        known, prompt = golds(entry.problem.reference), text_of(entry.problem)
        if isinstance(entry.problem.reference, MathReference) and not leaks(prompt, known):
            for text in said(prompt):
                probes.add(index, f"{_IN_PROMPT}{text}", entry, self._written(text))

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
        """Grade each row with golds of other rows: later ones of this part, then those of earlier parts."""
        here = [_Other(golds(entry.problem.reference)[0], entry) for entry in entries]
        waiting: dict[int, list[_Other]] = {}
        for index, own in enumerate(here):
            mine = set(golds(own.entry.problem.reference))
            ring = [*here[index + 1 :], *here[:index], *self._earlier]
            distinct = {other.gold: other for other in ring[: 8 * OTHERS] if other.gold not in mine}
            waiting[index] = list(distinct.values())[:OTHERS]
        equal: defaultdict[int, list[_Other]] = defaultdict(list)
        while waiting := {index: others for index, others in waiting.items() if others}:
            probes = Probes()
            for index, others in waiting.items():
                probes.add(index, "there", here[index].entry, self._written(others[0].gold))
                probes.add(index, "back", others[0].entry, self._written(here[index].gold))
            results = probes.by_row(self._grade, len(here))
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
    """Compare the published solution with the gold."""
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
    """The entry with this answer as gold; None if its gold consists of several answers."""
    reference = entry.problem.reference
    if not isinstance(reference, MathReference) or not isinstance(reference.answer, str | AnyOf):
        return None
    return replace(entry, problem=replace(entry.problem, reference=replace(reference, answer=answer)))


def _pays_no_more(gold: GradeResult, blank: GradeResult) -> bool:
    """Whether a reward without right and wrong pays an empty response as much as the gold."""
    return gold.correctness is None and blank.score is not None and gold.score is not None and gold.score <= blank.score


def _other_paid(own: _Other, other: _Other) -> Finding:
    reason = f"gold {own.gold!r:.60}, and {other.gold!r:.60} of {other.entry.place} is paid"
    return own.entry.finding("other_gold_paid", reason)
