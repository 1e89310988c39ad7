"""Calibrate before the attack: how much right and wrong answers are paid, and in which forms.

Every gold of a few rows is put into every form and graded against itself (right) and against another gold (wrong). A
form is *paid* if its right answers earn nearly the most that the row pays. A row whose right answers are not paid more
than anything else shows nothing: it is set aside and reported. If no right response to a gold can be graded, the
reference is at fault, and the row is attacked with its other golds. Where no right program is known, pay is taken to
range from 0 to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rewards.audit.forms import Form, form_of_response, forms_of
from rewards.audit.golds import Gold, Kind, Subject
from rewards.audit.trials import Bench, Scale
from rewards.types import GradeRequest, GradeResult

NEARLY = 0.9
"""The share of a right answer's pay from which a response counts as paid like one."""

_MOST_ROWS = 4
_MOST_GOLDS = 3
_MOST_FORMS = 6
_LEAST = 1e-9
_OFTEN = 0.6  # a form is used if this share of its right answers was paid
_ANY = "42"
NOTHING = ("", " ", "nothing that answers anything")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What was learnt about the rows of one kind.

    subjects: the rows that can be attacked. scales: what each of them pays, by its id. forms: those that are paid, more
    explicit ones first. blind: right answers, wrong answers and nothing are all paid the same, more than 0. aside: why
    the other rows cannot be attacked. rights: requests with right answers that were paid. unjudged: answers that the
    reward cannot judge, each with its row and the reason.
    """

    kind: Kind
    subjects: tuple[Subject, ...]
    scales: dict[str, Scale]
    forms: tuple[Form, ...]
    blind: bool
    aside: tuple[str, ...]
    rights: tuple[GradeRequest, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """A right answer in a form, for its gold."""

    form: Form
    request: GradeRequest
    gold: Gold | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a row paid. rights: each right answer with its grade. unjudged: golds that cannot be judged, and why."""

    scale: Scale
    rights: tuple[tuple[_Said, GradeResult], ...]
    trouble: str
    unjudged: tuple[tuple[Gold, str], ...] = ()

    @property
    def flat(self) -> bool:
        return self.scale.right - self.scale.base <= _LEAST

    def paid(self, said: GradeResult) -> bool:
        return self.scale.share(said) >= NEARLY


def calibrate(bench: Bench, kind: Kind, subjects: Sequence[Subject], given: Sequence[Form]) -> Calibration:
    """Grade right and wrong answers. given: the user's own forms, which are tried first."""
    known = [form for s in subjects for text in s.right if (form := form_of_response(text, s.golds[0].answer))]
    listed = (*given, *known[:2], *forms_of(kind, subjects[0].language))
    forms = tuple({form.template: form for form in listed}.values())
    looked_at = {subject.id: _look(bench, subject, forms) for subject in subjects[:_MOST_ROWS]}
    chosen = _paid_forms(list(looked_at.values()), forms)
    looked_at |= {subject.id: _look(bench, subject, chosen) for subject in subjects[_MOST_ROWS:]}
    good = [s for s in subjects if not looked_at[s.id].trouble and (kind is Kind.NONE or not looked_at[s.id].flat)]
    flat = [s for s in subjects if not looked_at[s.id].trouble and looked_at[s.id].flat]
    blind = not good and any(looked_at[s.id].scale.right > 0 for s in flat)
    attacked = flat if blind else good
    return Calibration(
        kind=kind,
        subjects=tuple(_without(s, looked_at[s.id].unjudged) for s in attacked),
        scales={s.id: looked_at[s.id].scale for s in attacked},
        forms=chosen,
        blind=blind,
        aside=tuple(_why(s, looked_at[s.id]) for s in subjects if s not in attacked),
        rights=tuple(
            said.request for s in good for said, result in looked_at[s.id].rights if looked_at[s.id].paid(result)
        ),
        unjudged=tuple(
            f"row {s.id}: the reward leaves every response ungraded where the answer is {gold.answer!r:.80}: {why}"
            for s in attacked
            for gold, why in looked_at[s.id].unjudged
        ),
    )


def _without(subject: Subject, unjudged: Sequence[tuple[Gold, str]]) -> Subject:
    """A row without the golds that the reward cannot judge. Others remain, since some right answer was graded."""
    left = tuple(gold for gold in subject.golds if all(gold is not one for one, _ in unjudged))
    return replace(subject, golds=left or subject.golds)


def _why(subject: Subject, seen: _Seen) -> str:
    if seen.trouble:
        return f"{subject.id}: {seen.trouble}"
    result = next((result for _, result in seen.rights), None)
    reason = f" ({result.reason})" if result is not None and result.reason else ""
    return f"{subject.id}: its right answers are paid no more than nothing, {seen.scale.right:g}{reason}"


def _paid_forms(seen: Sequence[_Seen], forms: Sequence[Form]) -> tuple[Form, ...]:
    """A few different forms whose right answers are paid; the first form if there is none."""
    paid: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for row in seen:
        for one, result in () if row.flat or row.trouble else row.rights:
            said[one.form.template] += 1
            paid[one.form.template] += row.paid(result)
    good = [form for form in forms if paid[form.template] and paid[form.template] >= _OFTEN * said[form.template]]
    explicit = [form for form in good if form.explicit]
    return tuple((explicit or good)[:_MOST_FORMS]) or tuple(forms[:1])


def _look(bench: Bench, subject: Subject, forms: Sequence[Form]) -> _Seen:
    rights = list(_rights(subject, forms))
    if not rights and subject.kind is Kind.CODE:
        return _Seen(Scale(1.0, 0.0), (), "")
    if not rights:
        return _Seen(Scale(0.0, 0.0), (), "no right answer is known; give one in a column `right`")
    wrongs = list(_wrongs(subject, forms))
    graded = bench.grade([*(said.request for said in rights), *wrongs])
    own, others = graded[: len(rights)], graded[len(rights) :]
    best = [result.score for result in own if result.score is not None]
    if not best:
        return _Seen(Scale(0.0, 0.0), (), f"no right answer could be graded: {own[0].reason}")
    # If no wrong answer can be graded at all, each of them escapes: the attacks will report that.
    worst = [result.score for result in others if result.score is not None] or [min(0.0, max(best) - 1.0)]
    said, scale = tuple(zip(rights, own, strict=True)), Scale(max(best), min(*best, *worst))
    return _Seen(scale, said, "", tuple(_unjudged(subject, said, scale)))


def _unjudged(subject: Subject, said: Sequence[tuple[_Said, GradeResult]], scale: Scale) -> Iterator[tuple[Gold, str]]:
    """The golds for which no right answer can be graded in a form that is paid for another gold."""
    paid = {one.form.template for one, result in said if scale.share(result) >= NEARLY}
    for gold in subject.golds:
        results = [result for one, result in said if one.gold is gold and one.form.template in paid]
        if results and all(result.score is None for result in results):
            yield gold, results[0].reason


def _rights(subject: Subject, forms: Sequence[Form]) -> Iterator[_Said]:
    """Right answers, or any answers if there is none to know."""
    if subject.kind is Kind.NONE:
        yield from (_Said(form, subject.golds[0].asked(form.filled(_ANY))) for form in forms)
    for gold in subject.golds[:_MOST_GOLDS]:
        if gold.answer:
            yield from (_Said(form, gold.asked(form.filled(gold.answer)), gold) for form in forms)
    for text in subject.right:  # whole responses, for the row as it came
        yield _Said(Form("as in the rows", text), Gold(answer="", request=subject.row).asked(text))


def _wrongs(subject: Subject, forms: Sequence[Form]) -> Iterator[GradeRequest]:
    for gold in subject.golds[: 1 if subject.kind is Kind.CODE else 2]:
        yield from map(gold.asked, NOTHING)
    for gold, other in subject.pairs():
        if gold.answer and other.answer:
            for form in forms:
                yield other.asked(form.filled(gold.answer))
