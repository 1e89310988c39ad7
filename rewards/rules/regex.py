r"""The reward `regex`: 1 if every pattern of the reference matches, else 0.

Patterns have Python's syntax and are matched in linear time without backtracking, so `(a+)+$` is safe;
`rewards.rules.linear_regex` lists what it refuses. `search` requires a match anywhere, `full` a match of the whole text
without surrounding white space. The default text is the visible part, after the thinking.

Example:
    >>> from rewards.types import reference_from
    >>> right = reference_from({"type": "regex", "pattern": r"(?i)\bparis\b"})
    >>> regex(GradeRequest(response="<think>Rome?</think>It is Paris.", reference=right)).verdict.value
    'correct'
"""

from __future__ import annotations

from rewards.registry import reward
from rewards.rules.linear_regex import Unsupported, compile_linear
from rewards.rules.places import ABSENT, Place, place_of
from rewards.rules.references import Mode, RegexReference
from rewards.types import GradeRequest, GradeResult


def _check(*, pattern: str | None, **_others: object) -> None:
    if pattern is not None:
        try:
            compile_linear(pattern)
        except Unsupported as error:
            raise ValueError(f"parameter 'pattern' {pattern!r:.80}: {error}") from error


@reward(
    "regex",
    correctness=True,
    validate=_check,
    references=lambda given: (RegexReference.type,) if given["pattern"] is None else (),
)
def regex(
    request: GradeRequest,
    *,
    pattern: str | None = None,
    mode: Mode = "search",
    place: Place = "visible",
    prefilled: bool = False,
) -> GradeResult:
    """1 if the patterns match, else 0.

    pattern: one pattern for all rows; None = those of the reference. mode: `search` or `full`, unless the reference
    sets it. place: the part of the response to look at, see `rewards.rules.places`. prefilled: the prompt ended in
    `<think>`.
    """
    reference = request.reference
    if pattern is None and not isinstance(reference, RegexReference):
        return GradeResult.ungraded(
            f"regex needs a reference of type 'regex', not {reference.type!r}, or the parameter 'pattern'"
        )
    text = place_of(request.response, place, prefilled=prefilled)
    if text is None:
        return GradeResult.no_answer(ABSENT[place])
    patterns: tuple[str, ...] = () if pattern is None else (pattern,)
    if pattern is None and isinstance(reference, RegexReference):
        patterns, mode = reference.patterns, reference.mode or mode
    for source in patterns:
        try:
            compiled = compile_linear(source)
        except Unsupported as error:  # a reference constructed in code, not parsed
            return GradeResult.ungraded(f"the pattern {source!r:.80} of the reference: {error}")
        if not (compiled.fullmatch(text.strip()) if mode == "full" else compiled.search(text)):
            return GradeResult.wrong(f"{source!r:.120} does not match")
    return GradeResult.correct()
