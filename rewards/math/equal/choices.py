"""Compare choices, `B` or `(B) 7`, with each other, with words, and with values. `ABD` is `A, B, D`.

`same` compares two values.

Example:
    >>> are_letters(Words("ac"), Many((Choice("C"), Choice("A")))), are_letters(Words("ac"), Many((Choice("A"),)))
    (True, False)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from rewards.math.equal.decide import Answer, any_of, yes_if
from rewards.math.expressions import IMAGINARY_UNIT, E, Sym
from rewards.math.notation.words import words_of
from rewards.math.parse.reading import readings
from rewards.math.values import Choice, Many, Scalar, Terms, Truth, Value, Words

_SEVERAL = re.compile(r"[a-h]{2,8}")
_LAST_CHOICE = "J"  # beyond it letters are variables, where case matters
_NAMED_ALIKE = {"E": E, "I": IMAGINARY_UNIT}
_TRUTHS = {"T": Truth(True), "F": Truth(False)}
_Same: TypeAlias = Callable[[Value, Value, Terms], Answer]


def is_letter(value: Value) -> bool:
    """Whether the value is a letter that may be a choice."""
    name = value.expression.name if isinstance(value, Scalar) and isinstance(value.expression, Sym) else ""
    return is_letter_of_choice(name)


def is_letter_of_choice(name: str) -> bool:
    """Whether a name is a letter that may be a choice."""
    return len(name) == 1 and "A" <= name <= _LAST_CHOICE


def is_chosen(value: Value) -> bool:
    """Whether the value is a word, or a letter that may be a choice."""
    return isinstance(value, Words | Choice) or is_letter(value)


def same_choices(gold: Choice, answer: Choice, terms: Terms, same: _Same) -> Answer:
    if gold.letter != answer.letter:
        return Answer.NO
    if gold.text and answer.text:
        return any_of(same(a, b, terms) for a in readings(gold.text) for b in readings(answer.text))
    return Answer.YES


def choice_and_words(gold: Choice, answer: Words) -> Answer:
    return yes_if(bool(gold.text) and words_of(gold.text) == answer.text)


def choice_and_value(gold: Choice, answer: Value, terms: Terms, same: _Same) -> Answer:
    """Compare a choice with a value: by the text after its letter, or as a variable of that name."""
    letters = (Sym(gold.letter), Sym(gold.letter.lower()) if gold.letter <= _LAST_CHOICE else None)
    if isinstance(answer, Scalar) and answer.expression in (*letters, _NAMED_ALIKE.get(gold.letter)):
        return Answer.YES
    if not gold.text:
        return Answer.NO
    return any_of(same(one, answer, terms) for one in readings(gold.text))


def value_and_choice(gold: Value, answer: Choice, terms: Terms, same: _Same) -> Answer:
    """Compare a value with a choice: `(B) 7` is 7; a bare letter may be a variable."""
    if answer.text:
        return any_of(same(gold, one, terms) for one in readings(answer.text))
    if isinstance(gold, Truth):
        return yes_if(gold == _TRUTHS.get(answer.letter))
    return yes_if(isinstance(gold, Scalar) and gold.expression == Sym(answer.letter))


def are_letters(word: Words, many: Many) -> bool:
    """Whether a word consists of the letters of these choices, in alphabetical order."""
    text = word.text
    if (
        many.hedged
        or many.opening not in ("", "\\{")
        or not _SEVERAL.fullmatch(text)
        or list(text) != sorted(set(text))
    ):
        return False
    return sorted(map(_letter, many.items)) == list(text)


def _letter(value: Value) -> str:
    if isinstance(value, Choice) and not value.text:
        return value.letter.lower()
    if isinstance(value, Scalar) and isinstance(value.expression, Sym) and value.expression.name.isupper():
        return value.expression.name.lower() if value.unit.is_nothing else ""
    return ""
