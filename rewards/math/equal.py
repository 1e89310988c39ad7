r"""Whether an answer is the gold answer. One equality for every math reward.

In order, the first that decides:

1. the same text after normalisation (words without regard to case);
2. lists, tuples, sets and intervals by their elements: brackets and order count where there are brackets, not in a bare
   list or a set; a list is never equal to one value, so a hedge is wrong;
3. a number to a base, `101_2`, by its digits and base; an answer may leave out the base that the gold names;
4. two numbers by exact fractions (`rewards.math.numbers`);
5. a gold answer that is plain words is nothing else;
6. math-verify (`rewards.math.symbolic`).

`x = 5` is read as 5, unless both sides name different variables; in a chain `2 + 3 = 5` every link must equal the gold.
An equation in several variables, `y = 2x + 1`, is equal to another that says the same: `2x - y + 1 = 0`.

Example:
    >>> compare(r"\frac{1}{2}", "0.5")
    <Equality.SAME: 'same'>
    >>> compare("3", "3 or 4")
    <Equality.DIFFERENT: 'different'>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rewards.math import symbolic
from rewards.math.normalise import key, normalise
from rewards.math.numbers import FEWEST_DECIMALS, LONGEST, Quantity, read_number, same_number

_MOST_ITEMS = 50
LONGEST_ANSWER = 4 * LONGEST
_NAME = re.compile(
    r"[a-zA-Z]'?(?:_\{?\w+\}?)?(?:\^\{-1\})?(?:\s?\([a-zA-Z](?:,\s?[a-zA-Z])*\))?|\\[a-zA-Z]+(?:_\{?\w+\}?)?"
    r"|(?:[A-Z]{2,4})|(?:\\angle|\\triangle)\s?[A-Z]+|[a-zA-Z]{3,}(?: [a-zA-Z]+){0,4}"
)
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ '-]+[^\W\d_]+)*")
_CHOICE = re.compile(r"\(([A-Z])\)")
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?: ?[apAP]\.?[mM]\.?)?|\d{1,2} ?[apAP]\.?[mM]\.?")
_BASED = re.compile(r"(-?[0-9A-F]*\d[0-9A-F]*) ?_ ?\{? ?(\w+) ?\}?")
_VARIABLE = re.compile(r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])")
_EQUALS = re.compile(r"(?<![<>!=\\])=(?!=)")
_MEMBER = re.compile(r"^([a-zA-Z])\s*\\in(?![a-zA-Z])\s*")
_SEPARATOR = re.compile(r"\\.|[(){}\[\],;]|(?<![a-zA-Z\\])(?:or|and)(?![a-zA-Z])", re.DOTALL)
_PLUS_MINUS = re.compile(r"\\pm(?![a-zA-Z])\s*")
_OPENING = {"(": "(", "[": "[", "{": "{", "\\{": "\\{"}
_CLOSING = {")", "]", "}", "\\}"}
_SETS = {("\\{", "\\}"), ("", "")}


class Equality(StrEnum):
    """What a comparison found."""

    SAME = "same"
    DIFFERENT = "different"
    UNREADABLE_GOLD = "unreadable gold"
    UNREADABLE_ANSWER = "unreadable answer"


@dataclass(frozen=True, slots=True)
class Listing:
    """Several values: a bare list (no brackets), a set, a tuple or an interval."""

    opening: str
    items: tuple[str, ...]
    closing: str

    @property
    def ordered(self) -> bool:
        return (self.opening, self.closing) not in _SETS


def _split(text: str) -> list[str]:
    """Cut at commas, semicolons, `or` and `and` that stand in no bracket."""
    pieces: list[str] = []
    depth = start = 0
    for match in _SEPARATOR.finditer(text):
        token = match.group()
        if token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1
        elif depth == 0 and not token.startswith("\\"):
            pieces.append(text[start : match.start()].strip())
            start = match.end()
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


def _brackets(text: str) -> tuple[str, str] | None:
    """The brackets that enclose the whole text, or None."""
    opening = next((mark for mark in ("\\{", "(", "[") if text.startswith(mark)), None)
    closing = next((mark for mark in ("\\}", ")", "]") if text.endswith(mark)), None)
    if opening is None or closing is None or (opening == "\\{") != (closing == "\\}"):
        return None
    depth = 0
    for match in _SEPARATOR.finditer(text):
        depth += (match.group() in _OPENING) - (match.group() in _CLOSING)
        if depth == 0:
            return (opening, closing) if match.end() == len(text) else None
    return None


def listing(text: str) -> Listing | None:
    """A normalised text as several values; None where it is one. `a \\pm b` is two."""
    if read_number(text) is not None:
        return None
    around = _brackets(text)
    if around is not None:
        items = _split(text[len(around[0]) : -len(around[1])])
        return Listing(around[0], tuple(items), around[1]) if len(items) > 1 else None
    items = _split(text)
    if len(items) == 1 and len(_PLUS_MINUS.findall(text)) == 1:
        plus, minus = ("+", "-") if not _PLUS_MINUS.match(text) else ("", "-")
        items = [_PLUS_MINUS.sub(sign, text).strip() for sign in (plus, minus)]
    return Listing("", tuple(items), "") if len(items) > 1 else None


def _links(text: str) -> tuple[str, list[str]]:
    """The name on the left of an equation (empty = none) and the values that it is said to equal."""
    member = _MEMBER.match(text)
    if member:
        return member.group(1), [text[member.end() :].strip()]
    if "=" not in text or len(_split(text)) > 1:
        return "", [text]
    links = [link.strip() for link in _EQUALS.split(text)]
    if len(links) > 1 and all(links):
        return (links[0], links[1:]) if _NAME.fullmatch(links[0]) else ("", links)
    return "", [text]


def _plain_words(text: str) -> bool:
    return _WORDS.fullmatch(text) is not None or _CLOCK.fullmatch(text) is not None


def _same_text(gold: str, answer: str) -> bool:
    if key(gold) == key(answer):
        return True
    gold, answer = (_CHOICE.sub(r"\1", side) for side in (gold, answer))
    if key(gold) == key(answer):
        return True
    return _plain_words(gold) and key(gold).casefold() == key(answer).casefold()


def compare(gold: str, answer: str) -> Equality:
    """Compare two answers as they stand in a reference and a response."""
    if len(gold) > LONGEST_ANSWER:
        return Equality.UNREADABLE_GOLD
    if len(answer) > LONGEST_ANSWER:
        return Equality.UNREADABLE_ANSWER
    gold_text, answer_text = normalise(gold), normalise(answer)
    if not gold_text:
        return Equality.UNREADABLE_GOLD
    if not answer_text:
        return Equality.UNREADABLE_ANSWER
    return _compare(gold_text, answer_text)


def _compare(gold: str, answer: str) -> Equality:
    if _same_text(gold, answer):
        return Equality.SAME
    gold_name, gold_links = _links(gold)
    answer_name, answer_links = _links(answer)
    if gold_name and answer_name and key(gold_name) != key(answer_name):
        return Equality.DIFFERENT
    if gold_name and not answer_name and len(answer_links) > 1 and _VARIABLE.search(gold_links[0]):
        return _symbolic(gold, answer, None, None)
    if len(gold_links) == 1 and (gold_name or answer_name or len(answer_links) > 1):
        return _all([_value(gold_links[0], link) for link in answer_links])
    return _value(gold, answer)


def _same_to_a_base(gold: str, answer: str) -> bool:
    """One at least is written to a base. An answer may leave out the base of the gold, and either may leave out ten."""
    (digits, base), (answered, answered_base) = (
        match.groups() if (match := _BASED.fullmatch(side)) else (side, "") for side in (gold, answer)
    )
    left_out = (answered_base == "" and base != "") or (base == "" and answered_base == "10")
    return digits == answered and (base == answered_base or left_out)


def _opened(text: str) -> str:
    """One value in parentheses or set braces, without them."""
    around = _brackets(text)
    if around not in (("(", ")"), ("\\{", "\\}")):
        return text
    items = _split(text[len(around[0]) : -len(around[1])])
    return items[0] if len(items) == 1 else text


def _value(gold: str, answer: str) -> Equality:
    if _same_text(gold, answer):
        return Equality.SAME
    gold, answer = _opened(gold), _opened(answer)
    if _BASED.fullmatch(gold) or _BASED.fullmatch(answer):
        return _verdict(_same_to_a_base(gold, answer))
    gold_number, answer_number = read_number(gold), read_number(answer)
    if gold_number is not None and answer_number is not None:
        return _verdict(same_number(gold_number, answer_number))
    gold_list, answer_list = listing(gold), listing(answer)
    if gold_list is not None and answer_list is not None:
        return _lists(gold_list, answer_list)
    if answer_list is not None and (gold_number is not None or _is_one_value(gold)):
        return Equality.DIFFERENT
    if gold_list is not None and answer_number is not None:
        return Equality.DIFFERENT
    if _plain_words(gold):
        return Equality.DIFFERENT
    return _symbolic(gold, answer, gold_number, answer_number)


def _spelled(number: Quantity) -> str:
    """A number without what stood beside it, for the engine."""
    value = number.value
    return str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def _is_one_value(text: str) -> bool:
    """Nothing in it says set, interval or relation, so a list cannot be equal to it."""
    return not any(mark in text for mark in ("\\cup", "\\cap", "\\in", "<", ">", "\\le", "\\ge", "matrix", "["))


def _lists(gold: Listing, answer: Listing) -> Equality:
    if len(gold.items) != len(answer.items) or len(gold.items) > _MOST_ITEMS:
        return Equality.DIFFERENT
    bare = "" in (gold.opening, answer.opening)
    if not bare and (gold.opening, gold.closing) != (answer.opening, answer.closing):
        return Equality.DIFFERENT
    if gold.ordered or (answer.ordered and not bare):
        if bare and (gold.opening, gold.closing) != ("(", ")"):
            return Equality.DIFFERENT  # an interval or list in brackets, and bare values
        return _all([_compare(*pair) for pair in zip(gold.items, answer.items, strict=True)])
    return match_all(gold.items, answer.items)


def match_all(golds: tuple[str, ...], answers: tuple[str, ...]) -> Equality:
    """Whether the answers are the golds in any order, each once. Normalised texts."""
    if len(golds) != len(answers) or len(golds) > _MOST_ITEMS:
        return Equality.DIFFERENT
    left = list(answers)
    for gold in golds:
        found = [_compare(gold, answer) for answer in left]
        if Equality.SAME not in found:
            return next((f for f in found if f is Equality.UNREADABLE_GOLD), Equality.DIFFERENT)
        del left[found.index(Equality.SAME)]
    return Equality.SAME


def _all(found: list[Equality]) -> Equality:
    """SAME where all are; else the first that is not."""
    return next((equality for equality in found if equality is not Equality.SAME), Equality.SAME)


def _verdict(same: bool) -> Equality:
    return Equality.SAME if same else Equality.DIFFERENT


def _symbolic(gold: str, answer: str, gold_number: Quantity | None, answer_number: Quantity | None) -> Equality:
    """Let the engine decide; a decimal of four places or more may stand for the number that rounds to it."""
    gold_value = symbolic.read(gold if gold_number is None else _spelled(gold_number))
    if gold_value is None:
        return Equality.UNREADABLE_GOLD
    answer_value = symbolic.read(answer if answer_number is None else _spelled(answer_number))
    if answer_value is None:
        return Equality.UNREADABLE_ANSWER
    for exact, rounded in ((gold_value, answer_number), (answer_value, gold_number)):
        if rounded is not None and (rounded.decimals or 0) >= FEWEST_DECIMALS:
            return _verdict(symbolic.rounds_to(exact, rounded.value, rounded.decimals or 0))
    return _verdict(symbolic.same(gold_value, answer_value))
