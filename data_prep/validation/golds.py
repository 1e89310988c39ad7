r"""Responses that are right according to the data set: golds, in the forms that rewards extract.

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
"""The forms in which a response may state its answer, the most usual first."""

FILLER = "I do not know the answer."
_UNKNOWN = r"\text{unknown}"  # unlike a sentence, it is graded without a worker


def filler(reference: Reference) -> str:
    """A placeholder for the answer that is certainly wrong."""
    is_other = isinstance(reference, MathReference) and "unknown" not in "".join(golds(reference))
    return _UNKNOWN if is_other else FILLER


def golds(reference: Reference) -> tuple[str, ...]:
    """Answers each of which is right; empty if the reference states none (tests, patterns, schemas)."""
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
    """The forms of an answer in a sentence: unchanged; a number also with and without commas and `.0`.

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
