"""Measure noise: is the same response paid the same again, is a right answer in other words, and how fast is grading?

A reward that pays the same response differently the second time is at fault, unless it draws on purpose. The rest are
warnings: a reward that pays only one spelling teaches spelling, and one slow response holds up a batch.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rewards.audit.calibration import NEARLY, Calibration
from rewards.audit.forms import Form
from rewards.audit.golds import Gold, Kind, Subject, plain_number
from rewards.audit.trials import Bench
from rewards.types import GradeRequest, GradeResult

_AGAIN = 128  # responses that are graded twice
_AGAIN_OF_PROGRAMS = 12
_TIMED = 200  # grades over which the throughput is measured
_TIMED_OF_PROGRAMS = 12
_SLOW_TIMES = 50  # a grade is slow above this many times the median ...
_SLOW = 1.0  # ... and above this many seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A response that earned two different scores. request: what was graded, including the response."""

    request: GradeRequest
    first: float | None
    second: float | None

    @property
    def response(self) -> str:
        return self.request.response


@dataclass(frozen=True, slots=True, kw_only=True)
class Paraphrase:
    """A way to write right answers: how many were tried, and how many were paid as right."""

    name: str
    tried: int
    paid: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Grades per second over ordinary responses, and seconds of one grade. Wall time, so it varies between runs."""

    grades: int
    per_second: float
    median: float
    slowest: float
    slowest_of: str

    @property
    def has_slow(self) -> bool:
        """Whether one response is slow enough to hold up others."""
        return self.slowest > _SLOW and self.slowest > _SLOW_TIMES * self.median


def changes(bench: Bench, requests: Sequence[GradeRequest], random: Random, *, programs: bool) -> list[Change]:
    """Grade some requests again, in another order. Returns those whose score differs."""
    most = _AGAIN_OF_PROGRAMS if programs else _AGAIN
    chosen = random.sample(list(requests), min(len(requests), most))
    first = bench.grade(chosen)
    order = list(range(len(chosen)))
    random.shuffle(order)
    again: dict[int, GradeResult] = dict(zip(order, bench.grade([chosen[i] for i in order], again=True), strict=True))
    return [
        Change(request=request, first=one.score, second=again[i].score)
        for i, (request, one) in enumerate(zip(chosen, first, strict=True))
        if not _same(one.score, again[i].score)
    ]


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))


def pace(bench: Bench, requests: Sequence[GradeRequest], *, programs: bool) -> Pace:
    """Time ordinary responses, right and wrong."""
    most = _TIMED_OF_PROGRAMS if programs else _TIMED
    chosen = [requests[i % len(requests)] for i in range(most)] if requests else []
    began = time.perf_counter()
    results = bench.grade(chosen, again=True)
    wall = time.perf_counter() - began
    taken = sorted(result.seconds for result in results)
    return Pace(
        grades=len(results),
        per_second=len(results) / wall if results and wall > 0 else 0.0,
        median=taken[len(taken) // 2] if taken else 0.0,
        slowest=bench.slowest,
        slowest_of=bench.slowest_of,
    )


# --- right answers in other words -------------------------------------------------------------------------------------


def paraphrases(bench: Bench, calibration: Calibration) -> list[Paraphrase]:
    """Right answers in other spellings, counted by the way in which they are spelled."""
    tried: dict[str, list[tuple[GradeRequest, Subject]]] = defaultdict(list)
    for subject in calibration.subjects:
        for gold in subject.golds[:2]:
            if gold.answer:
                for name, response in _written(gold, subject, calibration.forms[0]):
                    tried[name].append((gold.asked(response), subject))
    found = []
    for name, asked in tried.items():
        results = bench.grade([request for request, _ in asked])
        shares = [calibration.scales[s.id].share(r) for r, (_, s) in zip(results, asked, strict=True)]
        kept = sum(share >= NEARLY for share in shares)
        example = next(
            (r.response for (r, _), s in zip(asked, shares, strict=True) if s < NEARLY), asked[0][0].response
        )
        found.append(Paraphrase(name=name, tried=len(asked), paid=kept, example=example))
    return found


def _written(gold: Gold, subject: Subject, form: Form) -> Iterator[tuple[str, str]]:
    answer = gold.answer
    plain = form.filled(answer)
    yield "a line at the end", f"{plain}\n"
    yield "lines of Windows", plain.replace("\n", "\r\n")
    if subject.kind is Kind.CODE:
        yield "a sentence before the program", f"Here is the program:\n\n{plain}"
        yield "a sentence behind the program", f"{plain}\n\nIt runs in linear time."
        yield "a comment", form.filled(f"# It is simple.\n{answer}" if subject.language == "python" else answer)
        return
    yield "blanks around it", form.filled(f" {answer} ")
    if not plain.startswith(("<", "{")):
        yield "talk before it", f"Good question! We look at it step by step, and find this.\n{plain}"
    yield from ((name, form.filled(text)) for name, text in _SPELLED.get(subject.kind, _number)(answer))


def _number(answer: str) -> Iterator[tuple[str, str]]:
    value = plain_number(answer)
    if value is None:
        return
    yield "dollars around it", f"${answer}$"
    yield "a name before it", f"x = {answer}"
    if value.denominator == 1:
        yield "a decimal point", f"{int(value)}.0"
        yield "a sum that is carried out", f"{int(value) - 1} + 1 = {int(value)}"
        yield "a sign before it", f"+{int(value)}" if value > 0 else answer
        if abs(value) >= 1000:
            yield "commas between thousands", f"{int(value):,}"
    else:
        yield "as a fraction", rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
        yield "as p/q", f"{value.numerator}/{value.denominator}"
        if _ends(value):
            yield "as a decimal", f"{float(value):.12g}"
    yield "a unit", rf"{answer} \text{{ units}}"


def _ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and value.denominator < 10**6


def _letter(answer: str) -> Iterator[tuple[str, str]]:
    for name, text in (
        ("brackets", "({})"),
        ("a point", "{}."),
        ("bold", "**{}**"),
        ("a word", "option {}"),
        ("text", r"\text{{{}}}"),
    ):
        yield name, text.format(answer)
    yield "lower case", answer.lower()


def _words(answer: str) -> Iterator[tuple[str, str]]:
    yield "lower case", answer.lower()
    yield "capitals", answer.upper()
    yield "a point", f"{answer}."
    yield "an article", f"the {answer}"
    yield "quotes", f'"{answer}"'


def _json(answer: str) -> Iterator[tuple[str, str]]:
    try:
        yield "over several lines", json.dumps(json.loads(answer), indent=2)
    except ValueError:
        return


_SPELLED = {Kind.CHOICE: _letter, Kind.TEXT: _words, Kind.REGEX: lambda _answer: iter(()), Kind.JSON: _json}
_SPELLED[Kind.COUNTDOWN] = lambda answer: iter(
    (("brackets", f"({answer})"), ("without blanks", answer.replace(" ", "")))
)
