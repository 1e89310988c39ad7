"""Read a user's own rows, in any format of `data_prep.rows`, with columns that are named or guessed.

Columns are guessed once, from the first rows, and shown; a later row without them is a bad row. Rows that are problems
already (`messages` and `reference`) are kept as they are.

Example:
    >>> rows = [Row(file="a.jsonl", line=1, fields={"id": 7, "problem": "1+1", "solution": "It is #### 2"})]
    >>> columns = guess_columns(first_fields(rows))
    >>> columns.question, columns.answer, columns.form
    (('problem',), ('solution',), 'hashes')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from data_prep.errors import DataError
from data_prep.problem import Problem
from data_prep.rows import OnBad, Row, raise_bad, read_each
from data_prep.sources import columns as by_columns
from data_prep.sources.columns import ANSWER_FORMS, ANSWER_NAMES, QUESTION_NAMES, Columns, value_at
from rewards.parameters import nearest

NO_ANSWER = "none"
"""The column name for rows without an answer."""

ROWS_TO_GUESS_FROM = 20


class UnknownColumns(DataError, LookupError):
    """The columns of question and answer cannot be guessed, or the named ones do not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The columns that the user named; None = guess.

    question: a column, or several joined by `+` (`Body+Question`). answer: a column, or `none`.
    form: a key of `data_prep.sources.columns.ANSWER_FORMS`; guessed from `####` and `\\boxed`.
    """

    question: str | None = None
    answer: str | None = None
    form: str | None = None


GUESS = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Converts rows to problems. columns: None = the rows are problems already."""

    columns: Columns | None

    def read(self, row: Row) -> Problem:
        """Raises BadRow."""
        return Problem.from_dict(row.fields) if self.columns is None else by_columns.read(row.fields, self.columns)

    def describe(self) -> str:
        """One line for people: which column is taken for what."""
        if self.columns is None:
            return "the rows are problems already: messages and reference"
        question = "+".join(self.columns.question)
        if not self.columns.answer:
            return f"question from {question!r}, no answers"
        return f"question from {question!r}, answer from {self.columns.answer[0]!r} (form: {self.columns.form})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A stream of problems, and its reader."""

    reader: Reader
    problems: Iterator[Problem]

    @property
    def columns(self) -> Columns | None:
        return self.reader.columns

    def describe(self) -> str:
        """One line for people: which column is taken for what."""
        return self.reader.describe()


def read_rows(
    rows: Iterable[Row],
    wanted: Wanted = GUESS,
    *,
    source: str = "",
    file: str = "",
    on_bad: OnBad = raise_bad,
) -> Reading:
    """Read rows whose columns are named or guessed.

    file: origin of the rows, for the error if there are none.

    Raises:
        UnknownColumns: as `guess_columns` does. DataError: there are no rows.
        BadRow: while iterating, for a malformed row, unless `on_bad` handles it.
    """
    rows = iter(rows)
    first = list(islice(rows, ROWS_TO_GUESS_FROM))
    if not first:
        raise DataError(f"{file or 'the file'} holds no rows to read")
    reader = reader_of(first_fields(first), wanted, source=source, file=first[0].file)
    return Reading(reader=reader, problems=read_each(chain(first, rows), reader.read, on_bad))


def reader_of(fields: Mapping[str, object], wanted: Wanted = GUESS, *, source: str = "", file: str = "") -> Reader:
    """The reader for rows with these columns (see `first_fields`). Raises UnknownColumns, see `guess_columns`."""
    try:
        columns = guess_columns(fields, wanted, source=source)
    except UnknownColumns as error:
        raise UnknownColumns(f"{file}: {error}" if file else str(error)) from error
    if wanted == GUESS and columns.question == ("messages",) and columns.answer == ("reference",):
        return Reader(columns=None)
    return Reader(columns=columns)


def first_fields(rows: Iterable[Row]) -> dict[str, object]:
    """The first non-null value of every column in the first rows, from which columns are guessed."""
    found: dict[str, object] = {}
    for row in rows:
        for name, value in row.fields.items():
            if found.get(name) in (None, "", []):
                found[name] = value
    return found


def guess_columns(first: Mapping[str, object], wanted: Wanted = GUESS, *, source: str = "") -> Columns:
    """Guess the columns of a file from its first rows; named columns are kept.

    Raises:
        UnknownColumns: a named column does not exist, or no column has a usual name.
    """
    questions = tuple(wanted.question.split("+")) if wanted.question else (_usual(first, QUESTION_NAMES, "question"),)
    answers: tuple[str, ...] = ()
    if wanted.answer != NO_ANSWER:
        names = tuple(name for name in ANSWER_NAMES if name not in questions)
        answers = (wanted.answer or _usual(first, names, "answer"),)
    for name in questions + answers:
        if name not in first and value_at(first, name) is None:
            raise UnknownColumns(
                f"there is no column {name!r}{nearest(name, [*first])} (the columns are {', '.join(first)})"
            )
    if wanted.form is not None and wanted.form not in ANSWER_FORMS:
        raise UnknownColumns(f"there is no answer form {wanted.form!r}; known: {', '.join(ANSWER_FORMS)}")
    guessed = _form_of(value_at(first, answers[0])) if answers else "value"
    return Columns(question=questions, answer=answers, form=wanted.form or guessed, source=source)


def _usual(fields: Mapping[str, object], names: tuple[str, ...], meaning: str) -> str:
    for name in names:
        if value_at(fields, name) not in (None, "", []):
            return name
    flag = f"--{meaning}-field" + (" (or 'none')" if meaning == "answer" else "")
    raise UnknownColumns(
        f"none of the columns {', '.join(fields)} has a usual name for the {meaning} ({', '.join(names)}); "
        f"name it with {flag}"
    )


def _form_of(value: object) -> str:
    if not isinstance(value, str):
        return "value"
    if "####" in value:
        return "hashes"
    return "boxed" if "\\boxed" in value else "value"
