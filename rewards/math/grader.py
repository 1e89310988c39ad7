r"""The reward `math`: extract an answer, compare it with the reference, and say why.

Options of a reference take precedence over the parameters. A tuple of answers requires all of them, in any order, in
one list; `AnyOf` accepts any one. If the gold cannot be parsed, the response is ungraded; if the response cannot be
parsed, it is wrong.

Example:
    >>> grade_math(GradeRequest(response=r"\boxed{0.5}", reference=MathReference(answer="1/2"))).verdict.value
    'correct'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from rewards.clock import off_the_clock
from rewards.math import budget
from rewards.math.equal.by_text import Equality, by_text
from rewards.math.extract import Extracted, Form, extract
from rewards.math.extract.answer import PROSE_AT_ONCE
from rewards.math.late import late
from rewards.math.values import EXACT, Terms
from rewards.registry import reward
from rewards.types import AnyOf, GradeRequest, GradeResult, MathReference, Policy

_SHOWN = 200
_SAID_OF = (late("="), late(r"\d\}?_"))
_MOST_AT_ONCE = 8
LONGEST_AT_ONCE = 10_000
"""Longest response, in characters, that is graded in the caller's process; longer ones go to a worker."""


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    r"""Control requests: `\boxed{1}` against 1, and against the row's gold, since the gold may hang the grader."""
    plain = replace(request, response=r"\boxed{1}", reference=MathReference(answer="1"))
    return (plain, replace(request, response=r"\boxed{1}"))


def _decide_by_text(answer: str | tuple[str, ...] | AnyOf, text: str, terms: Terms) -> Equality | None:
    """The result of `equality.compare_with`, if the texts decide it; else None."""
    if isinstance(answer, str):
        return by_text(answer, text, terms)
    if isinstance(answer, tuple):
        return by_text(answer[0], text, terms) if len(answer) == 1 else None
    if len(answer.answers) > _MOST_AT_ONCE:
        return None
    return Equality.SAME if Equality.SAME in (by_text(option, text, terms) for option in answer.answers) else None


def _spelled(answer: str | tuple[str, ...] | AnyOf) -> str:
    if isinstance(answer, AnyOf):
        return " or ".join(answer.answers)[:_SHOWN]
    return (answer if isinstance(answer, str) else ", ".join(answer))[:_SHOWN]


def math_at_once(
    request: GradeRequest,
    *,
    policy: Policy = "lenient",
    form: Form = "any",
    prefilled: bool = False,
    require_evaluated: bool = False,
    require_simplified: bool = False,
) -> GradeResult | None:
    """The grade that `grade_math` would give, if the text of the answer decides it; else None. The answer must be in
    one of the three forms, or in short prose.

    Runs in the caller's process, in linear time, on responses of limited length.
    """
    reference = request.reference
    if not isinstance(reference, MathReference) or len(request.response) > LONGEST_AT_ONCE:
        return None
    policy = reference.policy or policy
    found = extract(request.response, policy=policy, form=form, prefilled=prefilled, at_once=True)
    if found is None:
        is_looked_through = policy == "strict" or form != "any" or len(request.response) <= PROSE_AT_ONCE
        return _nowhere(policy) if is_looked_through else None
    terms = _terms(reference, require_evaluated, require_simplified)
    equality = _decide_by_text(reference.answer, found.text, terms)
    second = None if equality is Equality.SAME else _second_reading(found, reference.answer)
    if second is not None:
        alone = _decide_by_text(reference.answer, second, terms)
        equality = alone if equality is alone or alone is Equality.SAME else None
    return None if equality is None else _graded(equality, found, reference.answer)


@reward(
    "math", correctness=True, version="22", controls=_controls, at_once=math_at_once, references=(MathReference.type,)
)
def grade_math(
    request: GradeRequest,
    *,
    policy: Policy = "lenient",
    form: Form = "any",
    prefilled: bool = False,
    require_evaluated: bool = False,
    require_simplified: bool = False,
) -> GradeResult:
    """1 if the response's answer equals the reference's, else 0. See `docs/guides/math_grader.md` for the rules.

    policy: where to look for answers. form: the only form that counts.
    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    require_evaluated: reject answers with operators that could be evaluated (a sum, a binomial coefficient, `3 + 4`),
    unless the reference has them, too. require_simplified: fractions must be in lowest terms.
    """
    reference = request.reference
    if not isinstance(reference, MathReference):
        return GradeResult.ungraded(f"math needs a reference of type 'math', not {reference.type!r}")
    policy = reference.policy or policy
    found = extract(request.response, policy=policy, form=form, prefilled=prefilled)
    if found is None:
        return _nowhere(policy)
    terms = _terms(reference, require_evaluated, require_simplified)
    compare_with = _comparison()
    with budget.one_grade():
        equality = compare_with(reference.answer, found.text, terms)
        second = _second_reading(found, reference.answer)
        if second is not None and equality is not Equality.SAME:
            alone = compare_with(reference.answer, second, terms)
            equality = alone if alone is Equality.SAME else equality
    return _graded(equality, found, reference.answer)


def _second_reading(found: Extracted, answer: str | tuple[str, ...] | AnyOf) -> str | None:
    """The result of a computation in the text; None if the text and the gold both name a quantity or a base.

    `AB = 3` is not `BC = 3`, and `1011_3` is not `1011_2`.
    """
    if found.alone is None:
        return None
    is_said_twice = isinstance(answer, str) and any(one.search(answer) and one.search(found.text) for one in _SAID_OF)
    return None if is_said_twice else found.alone


@cache
def _comparison() -> Callable[[str | tuple[str, ...] | AnyOf, str, Terms], Equality]:
    """`compare_with`, imported on first use, since the caller's process never parses answers."""
    with off_the_clock():
        from rewards.math.equal.equality import compare_with
    return compare_with


def _nowhere(policy: Policy) -> GradeResult:
    return GradeResult.no_answer(f"no answer where the {policy} policy looks")


def _terms(reference: MathReference, evaluated: bool, simplified: bool) -> Terms:
    """The requirements beyond equality; options of the reference take precedence."""
    if reference.is_exact and not evaluated and not simplified:
        return EXACT
    return Terms(
        tolerance=reference.tolerance,
        unit=reference.unit,
        evaluated=evaluated if reference.require_evaluated is None else reference.require_evaluated,
        simplified=simplified if reference.require_simplified is None else reference.require_simplified,
    )


def _graded(equality: Equality, found: Extracted, answer: str | tuple[str, ...] | AnyOf) -> GradeResult:
    extracted = found.text[:_SHOWN]
    if equality is Equality.SAME:
        return GradeResult.correct(extracted=extracted)
    gold = _spelled(answer)
    match equality:
        case Equality.DIFFERENT:
            return GradeResult.wrong(f"differs from {gold}", extracted=extracted)
        case Equality.UNREADABLE_GOLD:
            return GradeResult.ungraded(f"the reference answer cannot be read: {gold!r}")
        case Equality.UNREADABLE_ANSWER:
            return GradeResult.wrong("the answer cannot be read as mathematics", extracted=extracted)
        case Equality.UNDECIDED:
            return GradeResult.wrong(f"undecided whether it equals {gold}", extracted=extracted)
        case Equality.UNFINISHED:
            return GradeResult.wrong(f"equals {gold}, but is not carried out", extracted=extracted)
