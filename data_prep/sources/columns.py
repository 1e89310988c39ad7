"""Read rows of any data set by a column mapping: the question, the answer, and the answer's form.

Used for a user's own files (`rlvr prep jsonl`) and for evaluation sets that differ only in column names.

Example:
    >>> columns = Columns(question=("Body", "Question"), answer=("Answer",), source="svamp")
    >>> problem = read({"Body": "Tom has 3.", "Question": "How many?", "Answer": 3.0}, columns)
    >>> problem.messages[0].content, problem.reference.answer
    ('Tom has 3. How many?', '3')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TypeAlias

from data_prep.errors import BadRow
from data_prep.problem import MathReference, Problem, check_question, checked_reference
from data_prep.sources.answers import after_hashes, bare_latex, last_boxed, number_text, split_answers, text_of
from rewards.errors import InvalidRow
from rewards.types import Message, NoReference, Reference, messages_from, reference_from

QUESTION_NAMES = ("messages", "question", "problem", "prompt", "query", "input", "instruction")
ANSWER_NAMES = (
    "reference",
    "answer",
    "expected_answer",
    "final_answer",
    "ground_truth",
    "gold",
    "target",
    "label",
    "reward_model.ground_truth",
    "solution",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A column mapping. A dotted name refers to a field of an object: `reward_model.ground_truth`.

    question: one column, or several whose texts are joined by spaces. The first may hold a list of messages.
    answer: the first of these that exists is used; empty = no reference (for format and judge rewards).
    form: how the answer is written, a key of `ANSWER_FORMS`.
    """

    question: tuple[str, ...]
    answer: tuple[str, ...] = ()
    form: str = "value"
    source: str = ""
    tags: tuple[str, ...] = ()


def value_at(fields: Mapping[str, object], name: str) -> object:
    """The value of a column, or of a field by a dotted name; None if it does not exist."""
    if name in fields:
        return fields[name]
    value: object = fields
    for key in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def read(fields: Mapping[str, object], columns: Columns) -> Problem:
    """Read a row. Raises BadRow, naming the column."""
    return Problem.make(
        question=_question(fields, columns.question),
        reference=_reference(fields, columns),
        source=columns.source,
        tags=tuple(str(tag) for name in columns.tags if (tag := value_at(fields, name)) is not None),
    )


def _question(fields: Mapping[str, object], names: Sequence[str]) -> str | tuple[Message, ...]:
    first = value_at(fields, names[0])
    if isinstance(first, list):
        try:
            messages = messages_from(first, names[0])
        except InvalidRow as error:
            raise BadRow(str(error), field=names[0], expected="a list of messages") from error
        if not messages:
            raise BadRow(field=names[0], expected="at least one message", found=first)
        check_question(messages, names[0], first)
        return messages
    return " ".join(text_of({name: value_at(fields, name)}, name) for name in names)


def _reference(fields: Mapping[str, object], columns: Columns) -> Reference:
    if not columns.answer:
        return NoReference()
    name = next((name for name in columns.answer if value_at(fields, name) is not None), columns.answer[0])
    value = value_at(fields, name)
    try:
        if isinstance(value, Mapping):
            return checked_reference(reference_from(value), name, value)
        return ANSWER_FORMS[columns.form](value, fields)
    except InvalidRow as error:
        raise BadRow(str(error), field=name, expected="an answer") from error
    except BadRow as error:
        raise BadRow(error.reason, field=name, expected=error.expected) from error


# --- answer forms -----------------------------------------------------------------------------------------------------

AnswerForm: TypeAlias = Callable[[object, Mapping[str, object]], MathReference]


def _one(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRow(expected="a text or a number", found=value)
    answer = value.strip() if isinstance(value, str) else number_text(value)
    if not answer:
        raise BadRow(expected="an answer that is not empty", found=value)
    return answer


def _value(value: object, fields: Mapping[str, object]) -> MathReference:
    """The value unchanged; integral floats without `.0`; a list means all of several answers."""
    del fields
    if isinstance(value, list):
        if not value:
            raise BadRow(expected="at least one answer", found=value)
        answers = tuple(_one(item) for item in value)
        return MathReference(answer=answers[0] if len(answers) == 1 else answers)
    return MathReference(answer=_one(value))


def _hashes(value: object, fields: Mapping[str, object]) -> MathReference:
    del fields
    answer = after_hashes(value) if isinstance(value, str) else None
    if answer is None:
        raise BadRow(expected="a solution with an answer after '####'", found=value)
    return MathReference(answer=answer)


def _boxed(value: object, fields: Mapping[str, object]) -> MathReference:
    del fields
    answer = last_boxed(value) if isinstance(value, str) else None
    if answer is None:
        raise BadRow(expected="a solution with a \\boxed{...} that is not empty", found=value)
    return MathReference(answer=answer)


def _number(value: object, fields: Mapping[str, object]) -> MathReference:
    """A number or its text; integral ones without `.0`."""
    del fields
    answer = _one(value)
    try:
        number = Decimal(answer)
    except InvalidOperation:
        raise BadRow(expected="a number", found=value) from None
    if not number.is_finite() or number.adjusted() > 400:  # 1e999999999 would need gigabytes of zeros
        raise BadRow(expected="a finite number of at most 400 digits", found=value)
    return MathReference(answer=str(int(number)) if number == number.to_integral_value() else answer)


def _integer(value: object, fields: Mapping[str, object]) -> MathReference:
    """An integer, without leading zeros (AIME's 073 is 73)."""
    del fields
    answer = _one(value)
    if not answer.removeprefix("-").isdecimal() or len(answer) > 400:
        raise BadRow(expected="a whole number of at most 400 digits", found=value)
    return MathReference(answer=str(int(answer)))


def _latex(value: object, fields: Mapping[str, object]) -> MathReference:
    """LaTeX without surrounding dollars and full stop."""
    del fields
    return MathReference(answer=bare_latex(_one(value)))


def _olympiad(value: object, fields: Mapping[str, object]) -> MathReference:
    """A list with one text, which has several answers if `is_multiple_answer`; with unit and tolerance."""
    items = value if isinstance(value, list) else [value]
    several = fields.get("is_multiple_answer") is True
    answers = tuple(part for item in items for part in (split_answers(_one(item)) if several else (_one(item),)))
    if not answers:
        raise BadRow(expected="at least one answer", found=value)
    bare = tuple(bare_latex(answer) for answer in answers)
    unit = fields.get("unit")
    return MathReference(
        answer=bare[0] if len(bare) == 1 else bare,
        unit=bare_latex(unit) if isinstance(unit, str) else "",
        tolerance=_tolerance(fields.get("error")),
    )


def _tolerance(value: object) -> float | None:
    """The tolerance in the column `error`, a number as text; None if there is none."""
    if value is None or value == "":
        return None
    try:
        tolerance = Decimal(_one(value))
    except InvalidOperation:
        tolerance = Decimal(-1)
    if not (tolerance.is_finite() and 0 <= tolerance < 10**9):
        raise BadRow(expected="an error that is a number of at least 0", found=value)
    return float(tolerance)


ANSWER_FORMS: Mapping[str, AnswerForm] = MappingProxyType(
    {
        "value": _value,
        "hashes": _hashes,
        "boxed": _boxed,
        "number": _number,
        "integer": _integer,
        "latex": _latex,
        "olympiad": _olympiad,
    }
)
