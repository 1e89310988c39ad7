r"""Responses that are right because the data set says so: the gold of a reference, in the form that a reward reads.

Example:
    >>> FORMS["boxed"].replace(GOLD, golds(MathReference(answer="7"))[0])
    '\\boxed{7}'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from rewards.rules.references import ChoiceReference, TextReference
from rewards.types import AnyOf, MathReference, Reference

GOLD = "{gold}"

FORMS: Mapping[str, str] = MappingProxyType(
    {
        "boxed": "\\boxed{{gold}}",
        "think_boxed": "<think>\nI work it out.\n</think>\n\\boxed{{gold}}",
        "think_answer": "<think>\nI work it out.\n</think>\n<answer>{gold}</answer>",
        "answer": "<answer>{gold}</answer>",
        "hashes": "#### {gold}",
        "bare": GOLD,
    }
)
"""How a response may give its answer, the usual ones first."""

FILLER = "I do not know the answer."
_UNKNOWN = r"\text{unknown}"  # its text tells it from numbers: unlike a sentence, no worker must read it


def filler(reference: Reference) -> str:
    """What stands in the place of an answer, and is none."""
    is_other = isinstance(reference, MathReference) and "unknown" not in "".join(golds(reference))
    return _UNKNOWN if is_other else FILLER


def golds(reference: Reference) -> tuple[str, ...]:
    """Answers each of which is right by itself; none where no answer is stated (tests, patterns, schemas)."""
    match reference:
        case MathReference(answer=AnyOf(answers=answers)) | TextReference(answers=answers):
            return tuple(answers)
        case MathReference(answer=tuple(answers)):
            return (", ".join(answers),)
        case MathReference(answer=str(answer)) | ChoiceReference(answer=answer):
            return (answer,)
        case _:
            return ()


def variants(answer: str) -> tuple[str, ...]:
    """The spellings of an answer in a sentence: as it stands, a number also with and without commas and `.0`.

    Example:
        >>> variants("1200"), variants("x+1")
        (('1200', '1,200', '1200.0'), ('x+1',))
    """
    bare = answer.strip()
    plain = bare.replace(",", "")
    if not re.fullmatch(r"-?\d{1,15}(\.0+)?", plain):
        return (bare,)
    whole = int(plain.partition(".")[0])
    return tuple(dict.fromkeys([bare, str(whole), f"{whole:,}", f"{whole}.0"]))
