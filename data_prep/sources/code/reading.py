"""Column readers and the `Problem` constructor shared by the programming sets."""

from __future__ import annotations

from collections.abc import Mapping

from data_prep.errors import BadRow
from data_prep.problem import Problem
from rewards.errors import InvalidRow
from rewards.types import Json, reference_from

REWARD = "code"


def raw_text(fields: Mapping[str, object], field: str) -> str:
    """A text column, unstripped, since white space matters in source and output. Raises BadRow."""
    value = fields.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(field=field, expected="a text that is not empty", found=value)
    return value


def texts(fields: Mapping[str, object], field: str) -> list[str]:
    """A column with a non-empty list of texts. Raises BadRow."""
    value = fields.get(field)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(v, str) and v.strip() for v in value):
        raise BadRow(field=field, expected="a list of at least one text", found=value)
    return [str(v) for v in value]


def made(
    question: str, reference: Mapping[str, Json], *, source: str, name: object = None, tags: tuple[str, ...] = ()
) -> Problem:
    """Make a problem for the reward `code`. name: the row's name in its set; becomes the first tag. Raises BadRow."""
    named = (f"{source}/{str(name).rpartition('/')[2]}",) if name is not None else ()
    try:
        read = reference_from(reference)
    except InvalidRow as error:
        raise BadRow(str(error), field="reference") from error
    return Problem.make(question=question, reference=read, reward=REWARD, source=source, tags=(*named, *tags))
