r"""The countdown game: reach a target with the four operations, each given number used exactly once.

The expression is taken from the last `<answer>…</answer>`, else the last `\boxed{…}`. It is parsed by recursive descent
(never evaluated as code) and computed in exact fractions:

    sum     = product (("+" | "-") product)*
    product = factor (("*" | "/") factor)*
    factor  = "-" factor | number | "(" sum ")"

`×`, `÷`, `−`, `\times`, `\cdot` and `\div` are accepted as operators; a trailing `= N` is allowed and must be true.
Powers, concatenation, decimals and implied products are not part of the game.

Example:
    >>> evaluate("(25 - 5) * 3 = 60")
    Solved(value=Fraction(60, 1), numbers=(25, 5, 3))
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from rewards.math.extract import answer_tag, last_box, turn, visible
from rewards.registry import reward
from rewards.types import CountdownReference, GradeRequest, GradeResult

_LONGEST = 1000
_MOST_DIGITS = 15
_DEEPEST = 60
_SPELLINGS = {"×": "*", "÷": "/", "−": "-", "–": "-", "·": "*", "\\times": "*", "\\cdot": "*", "\\div": "/"}
_TOKEN = re.compile(r"\s*(?:(\d+)|([-+*/()=]))")


class _Misread(ValueError):
    """The text is not an expression of the game; the message says where."""


@dataclass(frozen=True, slots=True)
class Solved:
    """The value of an expression and the numbers it uses, in order."""

    value: Fraction
    numbers: tuple[int, ...]


def _tokens(text: str) -> list[str]:
    for spelling, operator in _SPELLINGS.items():
        text = text.replace(spelling, operator)
    text = text.replace("\\left", "").replace("\\right", "").strip().strip("$").strip()
    if len(text) > _LONGEST:
        raise _Misread(f"the expression has {len(text)} characters; {_LONGEST} are read at most")
    found: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _Misread(f"{text[at : at + 12].strip()!r} is not part of the game")
        if len(token.group(1) or "") > _MOST_DIGITS:
            raise _Misread(f"a number has more than {_MOST_DIGITS} digits")
        found.append(token.group(1) or token.group(2))
        at = token.end()
    return found


class _Parser:
    """Recursive descent over the tokens; computes as it reads."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.numbers: list[int] = []

    @property
    def next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.next
        self._at += 1
        return token

    def sum(self) -> Fraction:
        value = self.product()
        while self.next in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while self.next in ("*", "/"):
            if self.take() == "*":
                value *= self.factor()
                continue
            divisor = self.factor()
            if divisor == 0:
                raise _Misread("it divides by zero")
            value /= divisor
        return value

    def factor(self) -> Fraction:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Misread(f"it is nested more than {_DEEPEST} deep")
        token = self.take()
        if token == "-":
            value = -self.factor()
        elif token == "(":
            value = self.sum()
            if self.take() != ")":
                raise _Misread("a parenthesis is not closed")
        elif token.isdigit():
            self.numbers.append(int(token))
            value = Fraction(int(token))
        else:
            raise _Misread(f"a number is missing before {token!r}" if token else "it ends too early")
        self._depth -= 1
        return value


def evaluate(text: str) -> Solved:
    """Parse and compute an expression. Raises ValueError, which says what is wrong."""
    parser = _Parser(_tokens(text))
    value = parser.sum()
    numbers = tuple(parser.numbers)
    if parser.next == "=":
        parser.take()
        claimed = parser.sum()
        if len(parser.numbers) != len(numbers) + 1:
            raise _Misread("what follows '=' is not one number")
        if claimed != value:
            raise _Misread(f"it says {claimed} but is {value}")
    if parser.next:
        raise _Misread(f"{parser.next!r} stands where an operator should")
    return Solved(value, numbers)


@reward("countdown", correctness=True, references=(CountdownReference.type,))
def countdown_reward(request: GradeRequest, *, prefilled: bool = False) -> GradeResult:
    """1 for an expression over exactly the given numbers that reaches the target, else 0.

    prefilled: the prompt ended in `<think>`.
    """
    reference = request.reference
    if not isinstance(reference, CountdownReference):
        return GradeResult.ungraded(f"countdown needs a reference of type 'countdown', not {reference.type!r}")
    if any(number < 0 for number in reference.numbers):
        return GradeResult.ungraded(f"countdown numbers must not be negative: {list(reference.numbers)}")
    text = visible(turn(request.response), prefilled=prefilled)
    if text is None:
        return GradeResult.no_answer("the thinking never ends")
    found = answer_tag(text)
    found = last_box(text) if found is None else found
    if not found:
        return GradeResult.no_answer("no <answer> and no \\boxed{} with an expression")
    extracted = found[:200]
    try:
        solved = evaluate(found)
    except ValueError as fault:
        return GradeResult.wrong(f"not an expression of the game: {fault}", extracted=extracted)
    if Counter(solved.numbers) != Counter(reference.numbers):
        return GradeResult.wrong(
            f"uses {sorted(solved.numbers)} where {sorted(reference.numbers)} are to be used once each",
            extracted=extracted,
        )
    if solved.value != reference.target:
        return GradeResult.wrong(f"is {solved.value}, not {reference.target}", extracted=extracted)
    return GradeResult.correct(extracted=extracted)
