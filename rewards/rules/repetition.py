"""The reward `repetition`: a penalty for the share of repeated n-grams.

    score = -penalty · max(0, share - allowed) / (1 - allowed)        share = 1 - different n-grams / n-grams

as in the repetition penalty of E. Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs" (arXiv
2502.03373), but over the whole text. Words are those of `rewards.rules.words`, case-insensitive. In a text with fewer
words than an n-gram, the share is 0. Runs in linear time; only the first `MOST_WORDS` words count.

Example:
    >>> repetition(GradeRequest(response="wait wait wait wait wait"), ngram=2).score
    -0.75
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType

from rewards.registry import reward
from rewards.rules.places import ABSENT, Place, place_of
from rewards.rules.words import words
from rewards.types import GradeRequest, GradeResult, Verdict

MOST_WORDS = 1_000_000
LONGEST_NGRAM = 50


def repeated_share(text: str, ngram: int) -> float:
    """The share of n-grams that occurred before in the text; 0 if the text has no n-gram."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(word, len(numbers)) for word in islice(words(text.casefold()), MOST_WORDS)]
    count = len(found) - ngram + 1
    if count < 1:
        return 0.0
    different = len(set(map(hash, zip(*(islice(found, i, None) for i in range(ngram)), strict=False))))
    return 1.0 - different / count


def _check(*, ngram: int, penalty: float, allowed: float, **_others: object) -> None:
    if not 1 <= ngram <= LONGEST_NGRAM:
        raise ValueError(f"parameter 'ngram' is {ngram}; give the words of an n-gram, 1 to {LONGEST_NGRAM}")
    if not 0.0 < penalty < math.inf:
        raise ValueError(f"parameter 'penalty' is {penalty}; give what a text of nothing but repetition costs, above 0")
    if not 0.0 <= allowed < 1.0:
        raise ValueError(f"parameter 'allowed' is {allowed}; give the share that costs nothing, from 0 to below 1")


def _floor(parameters: Mapping[str, object]) -> float:
    penalty = parameters["penalty"]
    assert isinstance(penalty, int | float)
    return -float(penalty)


@reward("repetition", version="2", floor=_floor, ceiling=0.0, validate=_check)
def repetition(
    request: GradeRequest,
    *,
    ngram: int = 3,
    penalty: float = 1.0,
    allowed: float = 0.0,
    place: Place = "response",
    prefilled: bool = False,
) -> GradeResult:
    """From 0 (no repetition) down to `-penalty`. Part: `share`, the share of repeated n-grams.

    ngram: words per n-gram. allowed: the share without penalty. place: the part of the response to look at, see
    `rewards.rules.places`; if it is missing, the score is 0. prefilled: the prompt ended in `<think>`.
    """
    text = place_of(request.response, place, prefilled=prefilled)
    share = 0.0 if text is None else repeated_share(text, ngram)
    score = -penalty * max(0.0, share - allowed) / (1.0 - allowed) or 0.0  # no -0.0
    reason = ABSENT[place] if text is None else f"{share:.3f} of the {ngram}-grams stand somewhere before"
    return GradeResult(score=score, verdict=Verdict.SCORED, reason=reason, parts=MappingProxyType({"share": share}))
