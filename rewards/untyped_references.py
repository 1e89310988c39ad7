"""References without a type, as data sets have them: what they are to a reward.

Example:
    >>> from rewards.spec import RewardSpec
    >>> kind = untyped_as(RewardSpec.from_dict("choice"))
    >>> reference_of("B", kind)
    {'type': 'choice', 'answer': 'B'}
"""

from __future__ import annotations

from collections.abc import Mapping

from rewards.rules.references import ChoiceReference, TextReference
from rewards.spec import RewardSpec
from rewards.spec_properties import reference_types
from rewards.types import REFERENCE_TYPES, DataReference, MathReference, reference_text

ANY = "any"
"""Texts and numbers are math answers, and anything else is data: for a reward that declares no types."""
_TYPES = {reference.type for reference in (MathReference, ChoiceReference, TextReference, DataReference)}


def untyped_as(spec: RewardSpec) -> str:
    """The type that a reference without one has for this reward: the one of `_TYPES` that its parts declare.

    `ANY` if no part declares types; `math` if they declare several of these, or none.
    """
    declared = reference_types(spec)
    if not declared:
        return ANY
    meant = declared & _TYPES
    return meant.pop() if len(meant) == 1 else MathReference.type


def reference_of(value: object, kind: str) -> object:
    """Convert a reference, with or without a type, to the form that a request accepts. kind: see `untyped_as`."""
    if kind == "math" and isinstance(value, str) and not value.startswith("{"):
        return value  # most are
    if (read := reference_text(value)) is not None:
        value = read
    if value is None or (isinstance(value, Mapping) and value.get("type") in REFERENCE_TYPES):
        return value
    if kind == "choice" and isinstance(value, str):
        return {"type": "choice", "answer": value}
    if kind == "text" and isinstance(value, str | int | float | list):
        return {"type": "text", "answers": value}
    if kind == "data" or (kind == ANY and (isinstance(value, bool) or not isinstance(value, str | int | float))):
        return {"type": "data", "value": value}
    if isinstance(value, list) or (isinstance(value, Mapping) and "any_of" in value):
        return {"type": "math", "answer": value}
    return value
