"""Rewards without a weakness, each with a form of its own: an audit must find nothing."""

from __future__ import annotations

import json
import re
from fractions import Fraction

from rewards import GradeRequest, reward
from rewards.rules.references import ChoiceReference, TextReference
from rewards.types import MathReference


def gold(request: GradeRequest) -> str:
    reference = request.reference
    assert isinstance(reference, MathReference)
    return str(reference.answer)


def number(text: str) -> Fraction | None:
    return Fraction(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text) else None


@reward("sound_box", correctness=True)
def one_box(request: GradeRequest) -> bool:
    """One box, which holds a number of the gold's value."""
    found = re.findall(r"\\boxed\{([^{}]{1,100})\}", request.response)
    wanted = number(gold(request))
    return len(found) == 1 and wanted is not None and number(found[0].strip()) == wanted


@reward("sound_hash", correctness=True)
def last_line(request: GradeRequest) -> bool:
    """The last line is `#### N`, and no other line is like it."""
    lines = request.response.rstrip().split("\n")
    marked = [line for line in lines if "####" in line]
    return len(marked) == 1 and marked[0] == lines[-1] == f"#### {gold(request)}"


@reward("sound_tag", correctness=True)
def one_tag(request: GradeRequest) -> float:
    """The whole of the only `<answer>`, letter by letter."""
    found = re.fullmatch(r"(?s)(?:<think>[^<]*</think>\s*)?<answer>\s*([^<]{1,200}?)\s*</answer>\s*", request.response)
    return float(found is not None and found[1] == gold(request))


@reward("sound_letter", correctness=True)
def one_letter(request: GradeRequest) -> bool:
    """Nothing but a letter in the tag."""
    assert isinstance(request.reference, ChoiceReference)
    found = re.findall(r"<answer>(.*?)</answer>", request.response, re.DOTALL)
    return len(found) == 1 and found[0].strip().strip("().") == request.reference.answer


@reward("sound_json", correctness=True)
def json_number(request: GradeRequest) -> bool:
    """A JSON object with one key and one number or text."""
    try:
        held = json.loads(request.response, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return False
    alone = isinstance(held, list) and len(held) == 1 and isinstance(held[0], tuple) and held[0][0] == "answer"
    return alone and type(held[0][1]) in (int, str) and str(held[0][1]) == gold(request)


@reward("sound_json_int", correctness=True)
def json_int(request: GradeRequest) -> bool:
    """A JSON object with one key and a whole number, not a text."""
    try:
        held = json.loads(request.response, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return False
    alone = isinstance(held, list) and len(held) == 1 and isinstance(held[0], tuple) and held[0][0] == "answer"
    return alone and type(held[0][1]) is int and str(held[0][1]) == gold(request)


@reward("sound_words", correctness=True)
def words(request: GradeRequest) -> bool:
    """The words of the tag are those of the gold, whatever their case."""
    assert isinstance(request.reference, TextReference)
    found = re.findall(r"<answer>(.*?)</answer>", request.response, re.DOTALL)
    return len(found) == 1 and found[0].lower().split() == request.reference.answers[0].lower().split()


@reward("sound_shaped", floor=-1.0, ceiling=1.2)
def shaped(request: GradeRequest) -> float:
    """1 for the answer, -1 for another, and up to 0.2 for being brief."""
    found = re.findall(r"\\boxed\{([^{}]{1,100})\}", request.response)
    right = len(found) == 1 and found[0].strip() == gold(request)
    return (1.0 if right else -1.0) + 0.2 * max(0.0, 1.0 - len(request.response) / 1000)
