r"""The reference types of `choice`, `exact`, `f1`, `regex` and `json_schema`.

| type | fields |
|---|---|
| `choice` | `answer: "B"`, `options?: {"A": text, …}` or `[text, …]` |
| `text` | `answers: text` or `[text, …]`, any one of which is right |
| `regex` | `pattern: source` or `[source, …]`, all of which must match; `mode?: "search"` or `"full"` |
| `json_schema` | `schema: a JSON schema` |

Patterns and schemas are checked when a reference is parsed, so an invalid one is an invalid row.

Example:
    >>> READERS["choice"].read({"type": "choice", "answer": "b", "options": ["red", "blue"]})
    ChoiceReference(answer='B', options=mappingproxy({'A': 'red', 'B': 'blue'}))
    >>> READERS["regex"].read({"type": "regex", "pattern": "(a)\\1"})
    Traceback (most recent call last):
    rewards.errors.InvalidRow: reference.pattern '(a)\\1': a back-reference is not matched in linear time; ...
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from rewards.errors import InvalidRow
from sandbox.json_text import Json

Mode: TypeAlias = Literal["search", "full"]

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_LABEL = re.compile(r"\s*[(\[]?([A-Z])[)\].:]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceReference:
    """The letter of the right option. options: the text of each letter, if known."""

    type: ClassVar[str] = "choice"
    answer: str
    options: Mapping[str, str] = field(default_factory=lambda: _NO_OPTIONS)

    def to_dict(self) -> dict[str, Json]:
        row: dict[str, Json] = {"type": self.type, "answer": self.answer}
        return {**row, "options": dict(self.options)} if self.options else row


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReference:
    """Short texts, any one of which is right."""

    type: ClassVar[str] = "text"
    answers: tuple[str, ...]

    def to_dict(self) -> dict[str, Json]:
        return {"type": self.type, "answers": _one_or_all(self.answers)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexReference:
    """Regular expressions, all of which must match. mode: `search` or `full`; None = the reward's setting."""

    type: ClassVar[str] = "regex"
    patterns: tuple[str, ...]
    mode: Mode | None = None

    def to_dict(self) -> dict[str, Json]:
        row: dict[str, Json] = {"type": self.type, "pattern": _one_or_all(self.patterns)}
        return row if self.mode is None else {**row, "mode": self.mode}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchemaReference:
    """A JSON schema that the answer must satisfy."""

    type: ClassVar[str] = "json_schema"
    schema: Json

    def to_dict(self) -> dict[str, Json]:
        return {"type": self.type, "schema": self.schema}


RuleReference: TypeAlias = ChoiceReference | TextReference | RegexReference | JsonSchemaReference


def _one_or_all(texts: tuple[str, ...]) -> Json:
    return texts[0] if len(texts) == 1 else list(texts)


# --- reading --------------------------------------------------------------------------------------------------------


def _choice(row: Mapping[str, object]) -> ChoiceReference:
    options = _options(row.get("options"))
    answer = row.get("answer")
    letter = answer.strip().strip("()[].:").strip().upper() if isinstance(answer, str) else ""
    if len(letter) != 1 or letter not in string.ascii_uppercase:
        raise InvalidRow(f"reference.answer must be the letter of the right option, such as 'B', not {answer!r:.80}")
    if options and letter not in options:
        raise InvalidRow(f"reference.answer is {letter!r}, which is none of the options {', '.join(options)}")
    return ChoiceReference(answer=letter, options=options)


def _options(value: object) -> Mapping[str, str]:
    if value is None:
        return _NO_OPTIONS
    if isinstance(value, Mapping):
        given = dict(value)
        for letter in given:
            if not isinstance(letter, str) or len(letter) != 1 or letter not in string.ascii_uppercase:
                raise InvalidRow(f"reference.options must be named by the letters A to Z, not {letter!r:.80}")
    elif isinstance(value, list | tuple):
        if len(value) > len(string.ascii_uppercase):
            raise InvalidRow(f"reference.options has {len(value)} options; there are letters for 26")
        given = dict(zip(string.ascii_uppercase, _without_labels(value), strict=False))
    else:
        raise InvalidRow(f"reference.options must be a list of texts or an object {{letter: text}}, not {value!r:.80}")
    if len(given) < 2:
        raise InvalidRow(f"reference.options must hold at least two options, not {len(given)}")
    return MappingProxyType(
        {letter: _bare(text, f"reference.options.{letter}") for letter, text in sorted(given.items())}
    )


def _without_labels(texts: Sequence[object]) -> list[object]:
    """Remove letters that the option texts contain, as in `["A) red", "B) blue"]`."""
    labels = [_LABEL.match(text) if isinstance(text, str) else None for text in texts]
    named = all(
        label is not None and label[1] == letter for label, letter in zip(labels, string.ascii_uppercase, strict=False)
    )
    if not named:
        return list(texts)
    return [str(text)[label.end() :] if label else text for text, label in zip(texts, labels, strict=True)]


def _bare(value: object, where: str) -> str:
    """Convert to text: strings unchanged, numbers as JSON prints them. Raises InvalidRow."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidRow(f"{where} must be a string or a number, not {value!r:.80}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRow(f"{where} must be finite, not {value!r}")
    return value if isinstance(value, str) else str(value)


def _text(row: Mapping[str, object]) -> TextReference:
    given = row.get("answers")
    answers = given if isinstance(given, list | tuple) else [given]
    read = tuple(_bare(answer, "reference.answers") for answer in answers)
    if not read:
        raise InvalidRow("reference.answers is an empty list; give at least one text")
    for answer in read:
        if not answer.strip():
            raise InvalidRow(f"reference.answers holds a blank text, {answer!r}; leave it out, or drop the row")
    return TextReference(answers=read)


def _regex(row: Mapping[str, object]) -> RegexReference:
    from rewards.rules.linear_regex import Unsupported, compile_linear

    given, mode = row.get("pattern"), row.get("mode")
    patterns = given if isinstance(given, list | tuple) else [given]
    if not patterns:
        raise InvalidRow("reference.pattern is an empty list; give at least one pattern")
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise InvalidRow(f"reference.pattern must be a regular expression or a list of them, not {pattern!r:.80}")
        try:
            compile_linear(pattern)
        except Unsupported as error:
            raise InvalidRow(f"reference.pattern {pattern!r:.80}: {error}") from error
    if mode not in (None, "search", "full"):
        raise InvalidRow(f"reference.mode must be 'search' or 'full', not {mode!r:.80}")
    return RegexReference(patterns=tuple(map(str, patterns)), mode=mode)


def _json_schema(row: Mapping[str, object]) -> JsonSchemaReference:
    from rewards.rules.schema import check_schema

    if "schema" not in row:
        raise InvalidRow("reference of type 'json_schema' has no 'schema'")
    schema: Json = row["schema"]  # type: ignore[assignment]  # came from JSON
    try:
        check_schema(schema)
    except ValueError as error:
        raise InvalidRow(f"reference.schema: {error}") from error
    return JsonSchemaReference(schema=schema)


class Reader(NamedTuple):
    """The parser of a reference type, and its fields besides `type`."""

    read: Callable[[Mapping[str, object]], RuleReference]
    fields: Set[str]


READERS: dict[str, Reader] = {
    "choice": Reader(_choice, {"answer", "options"}),
    "text": Reader(_text, {"answers"}),
    "regex": Reader(_regex, {"pattern", "mode"}),
    "json_schema": Reader(_json_schema, {"schema"}),
}
