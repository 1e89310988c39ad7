"""The reward `tag_count`: the share of tags that occur exactly once in the response.

A softer version of `format` for the start of training: it ignores the order of the tags and the text outside them. A
tag that is missing or repeated pays nothing. It has no right and wrong. Runs in linear time.

Example:
    >>> tag_count(GradeRequest(response="<think>a</think> 5")).score
    0.5
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from rewards.registry import reward
from rewards.rules.format import TAGS
from rewards.rules.tags import check_tags, tag_texts
from rewards.types import GradeRequest, GradeResult, Verdict


def _check(*, tags: Sequence[str], prefilled: bool) -> None:  # noqa: ARG001  # the reward's parameters
    check_tags(tags)


@reward("tag_count", floor=0.0, ceiling=1.0, validate=_check)
def tag_count(request: GradeRequest, *, tags: tuple[str, ...] = TAGS, prefilled: bool = False) -> GradeResult:
    """The share of the tags that occur exactly once; each tag is a part (1 or 0).

    tags: the names of the blocks. prefilled: the prompt ended in the first tag.
    """
    text = f"<{tags[0]}>{request.response}" if prefilled else request.response
    counts = {tag: text.count(tag) for tag in tag_texts(tags)}
    once = {tag: float(count == 1) for tag, count in counts.items()}
    faults = [f"{tag} {count} times" for tag, count in counts.items() if count != 1]
    return GradeResult(
        score=sum(once.values()) / len(once),
        verdict=Verdict.SCORED,
        reason=", ".join(faults)[:200],
        parts=MappingProxyType(once),
    )
