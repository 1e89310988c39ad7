"""Filter prompts by length: those longer than `max_prompt_tokens` are dropped, counted and reported, never truncated.

Example:
    >>> from data_prep.problem import MathReference
    >>> rows = [Problem.make(question=q, reference=MathReference(answer="1")) for q in ("short", "much too long")]
    >>> fitting = select_fitting(rows, encode=lambda problem: problem.messages[0].content, max_prompt_tokens=8)
    >>> len(fitting.kept), fitting.dropped[0].tokens
    (1, 13)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from data_prep.errors import DataError
from data_prep.problem import Problem
from rewards.pluralize import pluralize


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLong:
    """A problem whose prompt is too long, and its length in tokens."""

    id: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The problems whose prompts fit, and the dropped ones, both in order."""

    kept: tuple[Problem, ...]
    dropped: tuple[TooLong, ...]
    max_prompt_tokens: int

    def describe(self) -> str:
        """One line for people."""
        return describe_dropped(self.dropped, len(self.kept) + len(self.dropped), self.max_prompt_tokens)


def describe_dropped(dropped: Sequence[TooLong], total: int, max_prompt_tokens: int) -> str:
    """How many prompts do not fit, and the ids of the longest ones.

    Example:
        >>> describe_dropped([TooLong(id="ab", tokens=9)], 10, 8)
        '1 of 10 prompts are longer than 8 tokens and were dropped: ab (9 tokens)'
    """
    if not dropped:
        return f"prompts of more than {pluralize(max_prompt_tokens, 'token')}: none of {total}"
    longest = sorted(dropped, key=lambda d: -d.tokens)[:3]
    shown = ", ".join(f"{d.id} ({pluralize(d.tokens, 'token')})" for d in longest) + (
        ", ..." if len(dropped) > 3 else ""
    )
    return f"{len(dropped)} of {total} prompts are longer than {max_prompt_tokens} tokens and were dropped: {shown}"


class LengthFilter:
    """Keeps the problems whose encoded prompt has at most `max_prompt_tokens` tokens; None keeps all and measures."""

    def __init__(self, encode: Callable[[Problem], Sequence[object]], max_prompt_tokens: int | None) -> None:
        if max_prompt_tokens is not None and max_prompt_tokens < 1:
            raise DataError(f"max_prompt_tokens is {max_prompt_tokens}; it must be at least 1")
        self._encode = encode
        self._limit = max_prompt_tokens
        self.dropped: list[TooLong] = []
        self.total = self.longest = 0

    def keep(self, problem: Problem) -> bool:
        tokens = len(self._encode(problem))
        self.total += 1
        self.longest = max(self.longest, tokens)
        if self._limit is None or tokens <= self._limit:
            return True
        self.dropped.append(TooLong(id=problem.id, tokens=tokens))
        return False

    def finish(self) -> None:
        """Nothing to check: any number of prompts may fit."""

    def describe(self) -> str:
        if self._limit is None:
            return f"the longest of {self.total} prompts has {self.longest} tokens"
        return describe_dropped(self.dropped, self.total, self._limit)


def select_fitting(
    problems: Iterable[Problem], encode: Callable[[Problem], Sequence[object]], max_prompt_tokens: int
) -> Fitting:
    """Split problems into those whose prompt fits and those to drop.

    encode: the prompt's tokens as in the run (with template and special tokens).

    Raises:
        DataError: max_prompt_tokens is below 1.
    """
    lengths = LengthFilter(encode, max_prompt_tokens)
    kept = tuple(filter(lengths.keep, problems))
    return Fitting(kept=kept, dropped=tuple(lengths.dropped), max_prompt_tokens=max_prompt_tokens)
