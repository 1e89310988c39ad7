"""A user's own rows: JSONL, JSONL.gz or Parquet, with the columns named or guessed among the usual names.

The guess is made once, from the first rows, and shown; a later row without those columns is a bad row, never a second
guess. A row that is a problem already (`messages` and `reference`) stays what it is.

Example:
    >>> rows = [Row(file="a.jsonl", line=1, fields={"id": 7, "problem": "1+1", "solution": "It is #### 2"})]
    >>> columns = guess_columns(first_fields(rows))
    >>> columns.question, columns.answer, columns.form
    (('problem',), ('solution',), 'hashes')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data_prep.errors import BadRow
from data_prep.rows import Row
from data_prep.sources.columns import ANSWER_FORMS, ANSWER_NAMES, QUESTION_NAMES, Columns, value_at

NO_ANSWER = "none"
"""The name that says that rows have no answer column."""

ROWS_TO_GUESS_FROM = 20


def first_fields(rows: Iterable[Row]) -> dict[str, object]:
    """The first value of every column that has one, over the first rows: what a guess goes by."""
    found: dict[str, object] = {}
    for row in rows:
        for name, value in row.fields.items():
            if found.get(name) in (None, "", []):
                found[name] = value
    return found


def guess_columns(
    first: Mapping[str, object],
    *,
    question: str | None = None,
    answer: str | None = None,
    form: str | None = None,
    source: str = "",
    reward: str = "",
) -> Columns:
    """The columns of a file by its first rows; what is given stays as it is.

    question: a column, or several joined by `+` (`Body+Question`). answer: a column, or `none`.
    form: a row of `data_prep.sources.columns.ANSWER_FORMS`; guessed from the marks `####` and `\\boxed`.

    Raises:
        BadRow: a column that is named is not there, or none of the usual names is.
    """
    questions = tuple(question.split("+")) if question else (_usual(first, QUESTION_NAMES, "question"),)
    answers: tuple[str, ...] = ()
    if answer != NO_ANSWER:
        names = tuple(name for name in ANSWER_NAMES if name not in questions)
        answers = (answer or _usual(first, names, "answer"),)
    for name in questions + answers:
        if name not in first and value_at(first, name) is None:
            raise BadRow(f"no column {name!r}; there are: {', '.join(first)}", field=name, expected="such a column")
    if form is not None and form not in ANSWER_FORMS:
        raise BadRow(f"no answer form {form!r}; known: {', '.join(ANSWER_FORMS)}", expected="a known answer form")
    guessed = _form_of(value_at(first, answers[0])) if answers else "value"
    return Columns(question=questions, answer=answers, form=form or guessed, source=source, reward=reward)


def describe(columns: Columns) -> str:
    """One line for people: which column is taken for what."""
    question = "+".join(columns.question)
    if not columns.answer:
        return f"question from {question!r}, no answers"
    return f"question from {question!r}, answer from {columns.answer[0]!r} (form: {columns.form})"


def _usual(fields: Mapping[str, object], names: tuple[str, ...], meaning: str) -> str:
    for name in names:
        if value_at(fields, name) not in (None, "", []):
            return name
    flag = f"--{meaning}-field" + (" (or 'none')" if meaning == "answer" else "")
    raise BadRow(
        f"none of the columns {', '.join(fields)} has a usual name for the {meaning} ({', '.join(names)}); "
        f"name it with {flag}",
        field=meaning,
        expected=f"a column that holds the {meaning}",
    )


def _form_of(value: object) -> str:
    if not isinstance(value, str):
        return "value"
    if "####" in value:
        return "hashes"
    return "boxed" if "\\boxed" in value else "value"
