r"""What can be told from a prompt alone: it gives the answer away, asks about a picture, is too long.

Example:
    >>> leaks("What is 3+4? The answer is 7.", ["7"])
    "it says 'answer is 7'"
    >>> leaks("Is 7 more than 3?", ["7"])
    ''
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from data_prep.duplicates import normalised
from data_prep.problem import Problem
from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.golds import golds
from rewards.types import MathReference

_MARKED = (
    r"(?:\\boxed\s*\{{\s*{0}\s*\}}|####\s*{0}(?![\w.])"
    r"|\banswer\s*(?:is|equals|(?:should|must|will|would) be|:|=)\s*:?\s*\**\$?{0}"
    r"(?:\*\*(?!\s*\w)|(?!\w|[.,]\d|\s*[-+*/^=])))"
)
_LONG_ANSWER = 20  # characters: what is as long does not stand in a question by chance
_LONG_PROGRAM = 60
_OPTIONS = re.compile(r"\(\s*[B-E]\s*\)|(?<!\w)[B-E][).:]\s")  # (A) of several; a sentence may end in "A."
_WORD = re.compile(r"(?<!\\)\b[A-Za-z]{3,}\b")
_PROSE = 4  # words
_NO_PICTURE = re.compile(
    r"\[asy\]|\\includegraphics|!\[[^\]]*\]\(|<img\b"
    r"|\b(?:in|from|see|using) (?:the|this) (?:figure|diagram|picture|graph|image)\b"
    r"|\b(?:figure|diagram|picture|graph|image)s? (?:shown|below|above|at (?:the )?right)\b|\bas shown\b",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)


def text_of(problem: Problem) -> str:
    """All that the prompt says."""
    return "\n".join(message.content for message in problem.messages)


def leaks(prompt: str, answers: Iterable[str], solution: str = "") -> str:
    """How a prompt gives an answer away, marked as the answer, or a solution, whole; "" = it does not."""
    for answer in filter(str.strip, answers):
        found = re.search(_MARKED.format(re.escape(answer.strip())), prompt, re.IGNORECASE)
        if found:
            return f"it says {found.group()!r}"
    if len(solution) >= _LONG_PROGRAM and normalised(solution) in normalised(prompt):
        return "it holds the solution"
    return ""


def shows(prompt: str, answers: Iterable[str]) -> str:
    """An answer that stands in the prompt, too long to be there by chance and no option of several; "" = none does."""
    if offers_options(prompt):
        return ""
    long = (answer for answer in answers if len(answer) >= _LONG_ANSWER)
    return next((f"{answer!r:.80}" for answer in long if normalised(answer) in normalised(prompt)), "")


def offers_options(prompt: str) -> bool:
    """Whether a prompt lists options: at least three of (B), (C), (D), (E)."""
    return len({re.sub(r"\W", "", found) for found in _OPTIONS.findall(prompt)}) >= 3


def is_prose(answer: str) -> bool:
    """Whether an answer is a sentence, which only the same words can match.

    Example:
        >>> is_prose("all primes p that divide n"), is_prose("x = 3 or x = 5")
        (True, False)
    """
    return len(_WORD.findall(answer)) >= _PROSE


class Prompts:
    """Looks at one prompt after the other.

    encode: a prompt as tokens. most: tokens at most; None = any number. The longest is kept.
    """

    def __init__(self, encode: Callable[[Problem], Sequence[object]] | None, most: int | None) -> None:
        self._encode = encode
        self._most = most
        self.longest = 0

    def look(self, entry: Entry) -> Iterator[Finding]:
        problem = entry.problem
        prompt = text_of(problem)
        known = golds(problem.reference)
        if reason := leaks(prompt, known, entry.solution):
            yield Finding("answer_in_prompt", entry.line, problem.id, reason)
        elif reason := shows(prompt, known):
            yield Finding("answer_shown", entry.line, problem.id, reason)
        if isinstance(problem.reference, MathReference):
            for gold in filter(is_prose, known):
                yield Finding("prose_gold", entry.line, problem.id, f"{gold!r:.80}")
        if (picture := _NO_PICTURE.search(prompt)) and not _DRAWN.search(prompt):
            yield Finding("picture", entry.line, problem.id, f"it says {picture.group()!r}")
        if self._encode is not None:
            tokens = len(self._encode(problem))
            self.longest = max(self.longest, tokens)
            if self._most is not None and tokens > self._most:
                yield Finding("too_long", entry.line, problem.id, f"{tokens} tokens, more than {self._most}")
