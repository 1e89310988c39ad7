r"""Compare statements by content, not truth: `x^2 + 1 < 0` is not `x^2 + 1 \le 0`, although both are false."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from rewards.math.equal import decide
from rewards.math.equal.decide import Answer, all_of
from rewards.math.expressions import Expr, add, negative
from rewards.math.normalise import polynomials
from rewards.math.normalise.exact import form_of
from rewards.math.values import Inequality, Statement, Value

_Same: TypeAlias = Callable[[Value, Value], Answer]
_FLIPPED = {"<": ">", "<=": ">="}


def same_statements(gold: Statement, answer: Statement, same: _Same) -> Answer:
    """Whether two statements consist of the same parts."""
    if gold.kind != answer.kind or len(gold.parts) != len(answer.parts):
        return Answer.NO
    return all_of(_same_part(*pair, same) for pair in zip(gold.parts, answer.parts, strict=True))


def _same_part(gold: Value, answer: Value, same: _Same) -> Answer:
    if not isinstance(gold, Inequality) or not isinstance(answer, Inequality):
        return same(gold, answer)
    ours, theirs = _links(gold), _links(answer)
    if sorted(relation for relation, _left in ours) != sorted(relation for relation, _left in theirs):
        return Answer.NO
    return all_of(
        decide.any_of(_same_link(one, other) for relation, other in theirs if relation == said) for said, one in ours
    )


def _links(claim: Inequality) -> list[tuple[str, Expr]]:
    """The links of a chain, each as (relation, expression) compared with zero."""
    found = []
    for (left, right), relation in zip(pairwise(claim.members), claim.relations, strict=True):
        flipped = relation in _FLIPPED
        found.append(
            (_FLIPPED.get(relation, relation), add(right, negative(left)) if flipped else add(left, negative(right)))
        )
    return found


def _same_link(one: Expr, other: Expr) -> Answer:
    """Whether one expression is a positive multiple of the other."""
    a, b = form_of(one), form_of(other)
    if a is not None and b is not None and a.bottom == b.bottom and (polynomials.ratio(a.top, b.top) or 0) > 0:
        return Answer.YES
    return decide.same(one, other)
