r"""The reward `math`: extract an answer, compare it with the reference, and say why.

A reference's own policy wins over the parameter. A tuple of answers asks for all of them, in any order, in one list;
`AnyOf` for any one. A gold answer that cannot be read leaves the response ungraded: that is the reference's fault. A
response that cannot be read is wrong: that is the response's.

Example:
    >>> grade_math(GradeRequest(response=r"\boxed{0.5}", reference=MathReference(answer="1/2"))).verdict.value
    'correct'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rewards.math.equal import LONGEST_ANSWER, Equality, compare, listing, match_all
from rewards.math.extract import Extracted, Form, extract
from rewards.math.normalise import normalise
from rewards.registry import reward
from rewards.types import AnyOf, GradeRequest, GradeResult, MathReference, Policy

_SHOWN = 200


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    r"""`\boxed{1}` against 1, and against this row's own answer: a gold that hangs the grader is not the response's."""
    plain = replace(request, response=r"\boxed{1}", reference=MathReference(answer="1"))
    return (plain, replace(request, response=r"\boxed{1}"))


def _decide(answer: str | tuple[str, ...] | AnyOf, text: str) -> Equality:
    """Compare what was extracted with the reference's answer in its three forms."""
    if isinstance(answer, str):
        return compare(answer, text)
    if isinstance(answer, AnyOf):
        found = [compare(option, text) for option in answer.answers]
        if Equality.SAME in found:
            return Equality.SAME
        return Equality.UNREADABLE_GOLD if Equality.UNREADABLE_GOLD in found else found[0]
    if len(answer) == 1:
        return compare(answer[0], text)
    golds = tuple(map(normalise, answer))
    if not all(golds):
        return Equality.UNREADABLE_GOLD
    values = listing(normalise(text)) if len(text) <= LONGEST_ANSWER else None
    return Equality.DIFFERENT if values is None else match_all(golds, values.items)


def _spelled(answer: str | tuple[str, ...] | AnyOf) -> str:
    if isinstance(answer, AnyOf):
        return " or ".join(answer.answers)[:_SHOWN]
    return (answer if isinstance(answer, str) else ", ".join(answer))[:_SHOWN]


@reward("math", correctness=True, controls=_controls)
def grade_math(
    request: GradeRequest, *, policy: Policy = "lenient", form: Form = "any", prefilled: bool = False
) -> GradeResult:
    """1 where the response's answer is the reference's, else 0. See `rewards.math.extract` and `rewards.math.equal`.

    policy: where answers are looked for; the reference's own wins. form: the only form that counts.
    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    reference = request.reference
    if not isinstance(reference, MathReference):
        return GradeResult.ungraded(f"math needs a reference of type 'math', not {reference.type!r}")
    policy = reference.policy or policy
    found = extract(request.response, policy=policy, form=form, prefilled=prefilled)
    if found is None:
        return GradeResult.no_answer(f"no answer where the {policy} policy looks")
    return _GRADES[_decide(reference.answer, found.text)](found, _spelled(reference.answer))


def _correct(found: Extracted, _gold: str) -> GradeResult:
    return GradeResult.correct(extracted=found.text[:_SHOWN])


def _different(found: Extracted, gold: str) -> GradeResult:
    return GradeResult.wrong(f"differs from {gold}", extracted=found.text[:_SHOWN])


def _unreadable_answer(found: Extracted, _gold: str) -> GradeResult:
    return GradeResult.wrong("the answer cannot be read as mathematics", extracted=found.text[:_SHOWN])


def _unreadable_gold(_found: Extracted, gold: str) -> GradeResult:
    return GradeResult.ungraded(f"the reference answer cannot be read: {gold!r}")


_GRADES = {
    Equality.SAME: _correct,
    Equality.DIFFERENT: _different,
    Equality.UNREADABLE_ANSWER: _unreadable_answer,
    Equality.UNREADABLE_GOLD: _unreadable_gold,
}
