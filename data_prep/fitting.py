"""Which prompts fit: those longer than `max_prompt_tokens` are left out, counted and shown, never cut.

Example:
    >>> from data_prep.problem import MathReference
    >>> rows = [Problem.make(question=q, reference=MathReference(answer="1")) for q in ("short", "much too long")]
    >>> fitting = select_fitting(rows, encode=lambda problem: problem.messages[0].content, max_prompt_tokens=8)
    >>> len(fitting.kept), fitting.dropped[0].tokens
    (1, 13)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from data_prep.errors import DataError
from data_prep.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLong:
    """A problem whose prompt does not fit, and its length in tokens."""

    id: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The problems whose prompts fit, and those that were dropped, both in their order."""

    kept: tuple[Problem, ...]
    dropped: tuple[TooLong, ...]
    max_prompt_tokens: int

    def describe(self) -> str:
        """One line for people."""
        return describe_dropped(self.dropped, len(self.kept) + len(self.dropped), self.max_prompt_tokens)


def describe_dropped(dropped: Sequence[TooLong], total: int, max_prompt_tokens: int) -> str:
    """How many prompts do not fit, and the longest few by id.

    Example:
        >>> describe_dropped([TooLong(id="ab", tokens=9)], 10, 8)
        '1 of 10 prompts are longer than 8 tokens and were dropped: ab (9 tokens)'
    """
    if not dropped:
        return f"all {total} prompts fit in {max_prompt_tokens} tokens"
    longest = sorted(dropped, key=lambda d: -d.tokens)[:3]
    shown = ", ".join(f"{d.id} ({d.tokens} tokens)" for d in longest) + (", ..." if len(dropped) > 3 else "")
    return f"{len(dropped)} of {total} prompts are longer than {max_prompt_tokens} tokens and were dropped: {shown}"


def iter_fitting(
    problems: Iterable[Problem],
    encode: Callable[[Problem], Sequence[object]],
    max_prompt_tokens: int,
    on_drop: Callable[[TooLong], None],
) -> Iterator[Problem]:
    """Stream the problems whose encoded prompt has at most `max_prompt_tokens` tokens; the others go to `on_drop`."""
    if max_prompt_tokens < 1:
        raise DataError(f"max_prompt_tokens is {max_prompt_tokens}; it must be at least 1")
    for problem in problems:
        tokens = len(encode(problem))
        if tokens <= max_prompt_tokens:
            yield problem
        else:
            on_drop(TooLong(id=problem.id, tokens=tokens))


def select_fitting(
    problems: Iterable[Problem], encode: Callable[[Problem], Sequence[object]], max_prompt_tokens: int
) -> Fitting:
    """Part the problems into those whose prompt fits and those that are dropped.

    encode: the prompt's tokens as the run will make them (template applied, special tokens included).
    """
    dropped: list[TooLong] = []
    kept = tuple(iter_fitting(problems, encode, max_prompt_tokens, dropped.append))
    return Fitting(kept=kept, dropped=tuple(dropped), max_prompt_tokens=max_prompt_tokens)
