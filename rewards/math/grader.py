r"""The reward `math`: extract an answer, compare it with the reference, and say why.

A reference's own options win over the parameters. A tuple of answers asks for all of them, in any order, in one list;
`AnyOf` for any one. A gold answer that cannot be read leaves the response ungraded: that is the reference's fault. A
response that cannot be read is wrong: that is the response's.

Example:
    >>> grade_math(GradeRequest(response=r"\boxed{0.5}", reference=MathReference(answer="1/2"))).verdict.value
    'correct'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rewards.math.equality import Equality, compare, compare_all
from rewards.math.extract import Extracted, Form, extract
from rewards.math.values import Terms
from rewards.registry import reward
from rewards.types import AnyOf, GradeRequest, GradeResult, MathReference, Policy

_SHOWN = 200


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    r"""`\boxed{1}` against 1, and against this row's own answer: a gold that hangs the grader is not the response's."""
    plain = replace(request, response=r"\boxed{1}", reference=MathReference(answer="1"))
    return (plain, replace(request, response=r"\boxed{1}"))


def _decide(answer: str | tuple[str, ...] | AnyOf, text: str, terms: Terms) -> Equality:
    """Compare what was extracted with the reference's answer in its three forms."""
    if isinstance(answer, str):
        return compare(answer, text, terms)
    if isinstance(answer, tuple):
        return compare_all(answer, text, terms)
    found = [compare(option, text, terms) for option in answer.answers]
    for best in (Equality.SAME, Equality.UNREADABLE_GOLD, Equality.UNDECIDED, Equality.UNFINISHED):
        if best in found:
            return best
    return found[0]


def _spelled(answer: str | tuple[str, ...] | AnyOf) -> str:
    if isinstance(answer, AnyOf):
        return " or ".join(answer.answers)[:_SHOWN]
    return (answer if isinstance(answer, str) else ", ".join(answer))[:_SHOWN]


@reward("math", correctness=True, controls=_controls)
def grade_math(
    request: GradeRequest,
    *,
    policy: Policy = "lenient",
    form: Form = "any",
    prefilled: bool = False,
    require_evaluated: bool = False,
    require_simplified: bool = False,
) -> GradeResult:
    """1 where the response's answer is the reference's, else 0. See `docs/guides/math_grader.md` for the rules.

    policy: where answers are looked for. form: the only form that counts.
    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    require_evaluated: an operator that could be computed (a sum, a binomial coefficient, `3 + 4`) is no answer, unless
    the reference has it, too. require_simplified: fractions must be in lowest terms.
    """
    reference = request.reference
    if not isinstance(reference, MathReference):
        return GradeResult.ungraded(f"math needs a reference of type 'math', not {reference.type!r}")
    policy = reference.policy or policy
    found = extract(request.response, policy=policy, form=form, prefilled=prefilled)
    if found is None:
        return GradeResult.no_answer(f"no answer where the {policy} policy looks")
    terms = Terms(
        tolerance=reference.tolerance,
        unit=reference.unit,
        evaluated=require_evaluated if reference.require_evaluated is None else reference.require_evaluated,
        simplified=require_simplified if reference.require_simplified is None else reference.require_simplified,
    )
    return _graded(_decide(reference.answer, found.text, terms), found, _spelled(reference.answer))


def _graded(equality: Equality, found: Extracted, gold: str) -> GradeResult:
    extracted = found.text[:_SHOWN]
    match equality:
        case Equality.SAME:
            return GradeResult.correct(extracted=extracted)
        case Equality.UNREADABLE_GOLD:
            return GradeResult.ungraded(f"the reference answer cannot be read: {gold!r}")
        case Equality.UNREADABLE_ANSWER:
            return GradeResult.wrong("the answer cannot be read as mathematics", extracted=extracted)
        case Equality.UNDECIDED:
            return GradeResult.wrong(f"undecided whether it equals {gold}", extracted=extracted)
        case Equality.UNFINISHED:
            return GradeResult.wrong(f"equals {gold}, but is not carried out", extracted=extracted)
    return GradeResult.wrong(f"differs from {gold}", extracted=extracted)
