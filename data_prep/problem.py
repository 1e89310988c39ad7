"""`Problem`: a row to train or evaluate on, the common format of all sources.

The id is a hash of the content (messages and reference), so equal problems from different files have the same id. The
messages hold the bare question; the run applies its prompt template.

Example:
    >>> p = Problem.make(question="1 + 1 = ?", reference=MathReference(answer="2"), source="demo")
    >>> Problem.from_dict(p.to_dict()) == p
    True
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from data_prep.errors import BadRow
from rewards.errors import InvalidRow
from rewards.types import AnyOf, Json, MathReference, Message, Reference, messages_from, reference_from

__all__ = ["MathReference", "Problem", "check_question", "checked_reference"]


Value = TypeVar("Value")


def _read(reader: Callable[[object], Value], value: object, field: str) -> Value:
    """Parse one field; errors name the field."""
    try:
        return reader(value)
    except InvalidRow as error:
        raise BadRow(str(error), field=field, expected=f"a valid {field}") from error


def _math_answers(reference: Reference) -> tuple[str, ...]:
    if not isinstance(reference, MathReference):
        return ()
    if isinstance(reference.answer, AnyOf):
        return reference.answer.answers
    return (reference.answer,) if isinstance(reference.answer, str) else reference.answer


def check_question(messages: Sequence[Message], field: str, found: object) -> None:
    """Raises BadRow if all messages are blank."""
    if not any(message.content.strip() for message in messages):
        raise BadRow(field=field, expected="a text that is not empty", found=found)


def checked_reference(reference: Reference, field: str, found: object) -> Reference:
    """Validate a reference. Raises BadRow for a blank answer, and for NaN or infinity, which JSON lacks."""
    if not all(map(str.strip, _math_answers(reference))):
        raise BadRow(field=field, expected="an answer that is not empty", found=found)
    try:
        json.dumps(reference.to_dict(), allow_nan=False)
    except ValueError:
        raise BadRow(field=field, expected="finite numbers", found=found) from None
    return reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A question, its reference, and its reward.

    reward: name of a registered reward; empty = the run's reward (config key `reward`).
    source: name of the data set, for mixing weights and reports.
    """

    id: str
    messages: tuple[Message, ...]
    reference: Reference
    reward: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def make(
        cls,
        *,
        question: str | tuple[Message, ...],
        reference: Reference,
        reward: str = "",
        source: str = "",
        tags: tuple[str, ...] = (),
    ) -> Problem:
        """A problem with its content hash as id."""
        messages = messages_from(question) if isinstance(question, str) else question
        content = json.dumps([[m.to_dict() for m in messages], reference.to_dict()], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return cls(id=digest, messages=messages, reference=reference, reward=reward, source=source, tags=tags)

    def to_dict(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "messages": [m.to_dict() for m in self.messages],
            "reference": self.reference.to_dict(),
            "reward": self.reward,
            "source": self.source,
            "tags": list(self.tags),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, object]) -> Problem:
        """Parse the output of `to_dict`; computes a missing id. Raises BadRow, naming the field."""
        if not isinstance(row, Mapping):
            raise BadRow(expected="an object", found=row)
        column = "messages" if row.get("messages") is not None else "prompt"
        messages = _read(messages_from, row.get(column), column)
        if not messages:
            expected = "a list of messages, or a text in 'prompt' (`rlvr prep` makes problems of other rows)"
            raise BadRow(field="messages", expected=expected, found=row.get(column))
        check_question(messages, column, row.get(column))
        found = row.get("reference")
        reference = checked_reference(_read(reference_from, found, "reference"), "reference", found)
        tags = row.get("tags") or ()
        if not isinstance(tags, list | tuple):
            raise BadRow(field="tags", expected="a list of strings", found=tags)
        problem = cls.make(
            question=messages,
            reference=reference,
            reward=str(row.get("reward") or ""),
            source=str(row.get("source") or ""),
            tags=tuple(str(t) for t in tags),
        )
        identity = row.get("id")
        if identity is None or identity == "":
            return problem
        return replace(problem, id=str(identity))
