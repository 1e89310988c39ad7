"""Writes what has been graded: the graded row to the output, the bad row to its file, a record of each to the journal,
always in this order, so that the journal never speaks of what is not there.

`Describer` makes of an item what is to be written, wherever it was graded; `Recorder` writes it. What is written waits
for `flush`, which the caller calls when nothing more is known at the moment, and which happens by itself when
`_MOST_BYTES` or `_MOST_SECONDS` have gathered.

A graded row holds the columns that came in, then `sample`, `score`, `correctness`, `verdict`, `extracted`, `reason`,
`parts`, `seconds` and `reward` (`steps` and `details`, too, where a reward gives them). A column of these names that
came in is replaced; a list of responses becomes `response`, and one of how they ended what is said of that one.

Example:
    describe = Describer(columns, reward="math@6")
    recorder = Recorder(output, errors, journal)
    for batch in stream:
        recorder.take([describe(item) for item in batch])
        recorder.flush()
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.errors import BadRow
from data_prep.rows import Row
from rewards.types import GradeRequest, GradeResult, Verdict
from rlvr.evaluation.metrics import answer_key
from rlvr.offline.asking import Under
from rlvr.offline.columns import Columns, value_at
from rlvr.offline.journal import BAD, CODES, NAN, Journal
from rlvr.offline.outputs import Held, Lines, Output
from rlvr.offline.progress import say
from rlvr.offline.stream import Item

_MOST_BYTES = 1 << 16
_MOST_SECONDS = 0.05
_UNGRADED = CODES[Verdict.UNGRADED]
_SHOWN = 100  # bad rows that are reported on standard error
_ALIKE = 5  # of them with one and the same fault


_TEXT = json.encoder.encode_basestring
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


_PLAIN = Columns()


ADDED = frozenset(
    (
        "sample",
        "score",
        "correctness",
        "verdict",
        "extracted",
        "reason",
        "parts",
        "seconds",
        "reward",
        "steps",
        "details",
    )
)
"""What a graded row has of its own; a column of the data by one of these names is left out."""


def graded_line(row: Row, request: GradeRequest, result: GradeResult, reward: str, columns: Columns = _PLAIN) -> str:
    """The graded row as JSON. Without an id the row's line number is its id.

    Raises:
        ValueError, TypeError: a column that came in has no form in JSON.
    """
    fields = row.fields
    plain = not (columns.response or columns.chat)
    listed = isinstance(value_at(fields, columns.response or "responses"), list)
    whole = not listed and fields.get("id") is not None and not (plain and "responses" in fields)
    if whole and row.text and ADDED.isdisjoint(fields) and "NaN" not in row.text and "Infinity" not in row.text:
        # The row's own text, with the grade appended
        return f"{row.text[:-1]}, {_grade_text(request, result, reward)}}}"
    dropped = columns.response if listed and columns.response else "responses" if plain else ""
    came = {name: value for name, value in fields.items() if name != dropped}
    if came.get("id") is None:  # a null is an empty column of a Parquet file
        came["id"] = request.problem_id or row.line
    if listed or plain:
        came["response"] = request.response
    of_each = came.get(columns.finish or "finish")
    if listed and isinstance(of_each, list):
        came[columns.finish or "finish"] = of_each[request.sample_id if len(of_each) > 1 else 0]
    for name in ADDED & came.keys():
        del came[name]
    return f"{_ENCODE(came)[:-1]}, {_grade_text(request, result, reward)}}}"


def _grade_text(request: GradeRequest, result: GradeResult, reward: str) -> str:
    """What is added to a row, without its braces; by hand, for it is a large part of the time of a quick grade."""
    more = "" if not result.steps else f', "steps": {_ENCODE([[step.end, step.score] for step in result.steps])}'
    if result.details:
        more += f', "details": {_ENCODE(dict(result.details))}'
    extracted = "null" if result.extracted is None else _TEXT(result.extracted)
    return (
        f'"sample": {request.sample_id}, "score": {_number(result.score)}, '
        f'"correctness": {_number(result.correctness)}, '
        f'"verdict": "{result.verdict.value}", "extracted": {extracted}, "reason": {_TEXT(result.reason)}, '
        f'"parts": {_ENCODE(dict(result.parts)) if result.parts else "{}"}{more}, '
        f'"seconds": {_number(result.seconds)}, "reward": {_TEXT(reward)}'
    )


def _number(value: float | None) -> str:
    return "null" if value is None else repr(float(value))  # a grade's numbers are finite


@dataclass(slots=True)
class Written:
    """What is written of a response or a bad row: one of very many, and ordinal and index may be set late.

    line: the graded row, or the bad row's record. bad: why the row is bad. group, answer: hashes. tags, cause: texts.
    """

    ordinal: int
    index: int
    file: int
    place: int
    row: int
    check: int
    line: bytes
    bad: str = ""
    group: int = 0
    answer: int = 0
    score: float = NAN
    correctness: float = NAN
    strict: float = NAN
    lenient: float = NAN
    seconds: float = 0.0
    tags: str = ""
    cause: str = ""
    verdict: int = BAD
    cached: bool = False


def _no_json(fields: Mapping[str, object]) -> BadRow | None:
    """What is wrong with the first column that cannot be written."""
    for name, value in fields.items():
        try:
            json.dumps(value, allow_nan=False)
        except (ValueError, TypeError):
            return BadRow(field=name, expected="what JSON has a form for (null, not NaN or infinity)", found=value)
    return None


class Describer:
    """Makes of an item what is to be written."""

    def __init__(self, columns: Columns, *, reward: str) -> None:
        self._columns = columns
        self._reward = reward
        self._row: Row | BadRow | None = None
        self._of_row = (0, "", 0)  # of the last row, for its next response: hash of the problem, tags, check

    def __call__(self, item: Item) -> Written:
        """The row that is written, and what the journal keeps of it."""
        if item.bad is not None:
            return self._bad(item, item.bad)
        row, request, result = item.row, item.request, item.result
        assert isinstance(row, Row)
        assert request is not None
        try:
            text = graded_line(row, request, result, self._reward, self._columns)
            line = text.encode("utf-8", "backslashreplace") + b"\n"  # half a character of a reward's, as JSON writes it
        except (ValueError, TypeError) as error:  # NaN in a column that came in
            return self._bad(item, row.blame(_no_json(row.fields) or BadRow(f"not JSON: {error}")))
        if row is not self._row:
            self._row, self._of_row = row, self._about(row, request, item.file)
        group, tags, check = self._of_row
        made = Written(item.ordinal, item.index, item.file, item.place, row.line, check, line, group=group, tags=tags)
        if result.extracted is not None:
            made.answer = _hash(answer_key(result.extracted).encode("utf-8", "surrogatepass")) or 1
        if result.score is not None:
            made.score = result.score
        if result.correctness is not None:
            made.correctness = result.correctness
        if isinstance(item.under, Under):
            made.strict, made.lenient = item.under.strict, item.under.lenient
        if result.verdict is Verdict.UNGRADED:
            made.cause = result.reason or "no reason is given"
        made.seconds, made.verdict, made.cached = min(result.seconds, 1e30), CODES[result.verdict], item.cached
        return made

    def _bad(self, item: Item, error: BadRow) -> Written:
        record = {
            "file": error.file,
            "line": error.line,
            "field": error.field,
            "reason": error.reason,
            "row": error.row,
        }
        line = json.dumps(record).encode("ascii") + b"\n"  # the row may hold what is not Unicode
        check = zlib.crc32(error.row.encode("utf-8", "surrogatepass"))
        cause = f"{error.field}: {error.reason}" if error.field else error.reason
        return Written(
            item.ordinal, item.index, item.file, item.place, item.row.line, check, line, bad=str(error), cause=cause
        )

    def _about(self, row: Row, request: GradeRequest, file: int) -> tuple[int, str, int]:
        """The hash of the row's problem, its tags, the check of its text."""
        columns = self._columns
        key = value_at(row.fields, columns.group) if columns.group else None
        if key is None and (request.problem_id or request.messages):
            key = [request.problem_id, [m.content for m in request.messages], repr(request.reference)]
        if key is None:
            key = [file, row.line]
        group = _hash(repr(key).encode("utf-8", "surrogatepass"))
        tags: list[str] = []
        for column in columns.tags:
            value = value_at(row.fields, column)
            if isinstance(value, list | tuple):
                tags += [str(tag) for tag in value]
            elif value is not None:
                tags.append(str(value) if len(columns.tags) == 1 else f"{column}={value}")
        return group, json.dumps(tags) if tags else "", zlib.crc32(row.text.encode("utf-8", "surrogatepass"))


class Recorder:
    """Takes what is to be written. taken, bad, ungraded: how much there was in this process."""

    def __init__(
        self, output: Output, errors: Callable[[], Lines] | None, journal: Journal, *, open_now: bool = False
    ) -> None:
        """errors: opens the file of bad rows at the first one; None = there is none.

        open_now: it is there already, and half a row that a kill left in it is to be cut off.
        """
        self._output = output
        self._open_errors = errors
        self._errors = errors() if errors is not None and open_now else None
        self._journal = journal
        self._held = 0
        self._since = time.monotonic()
        self.taken = self.bad = self.ungraded = 0
        self._shown: Counter[str] = Counter()  # reported bad rows by fault

    def take(self, written: Sequence[Written]) -> None:
        """Write some. Raises BadFile: it cannot be written."""
        for one in written:
            if one.verdict == BAD:
                end, total = self._bad(one)
            else:
                if self._output.full:
                    self.flush()  # a new part begins: the journal must have all of the one before
                end, total = self._output.write(one.line), self._output.sum
            self.taken += 1
            self.ungraded += one.verdict == _UNGRADED
            self._held += len(one.line)
            self._journal.append(
                one.ordinal,
                one.index,
                one.row,
                end,
                one.group,
                one.answer,
                one.score,
                one.correctness,
                one.strict,
                one.lenient,
                one.seconds,
                one.file,
                one.place,
                self._journal.tags.number(one.tags),
                self._journal.causes.number(one.cause),
                self._output.part,
                one.check,
                total,
                one.verdict,
                one.cached,
            )
        if written and (self._held > _MOST_BYTES or time.monotonic() - self._since > _MOST_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Have everything written."""
        if self._held:
            self._output.flush()
            if self._errors is not None:
                self._errors.flush()
            self._journal.flush()
            self._held = 0
        self._since = time.monotonic()

    def close(self) -> None:
        """No more bad rows."""
        if self._errors is not None:
            self._errors.close()

    def _bad(self, one: Written) -> tuple[int, int]:
        """Report a bad row; returns where it ends in its file, and the CRC-32 of that file up to there."""
        self.bad += 1
        if self._shown.total() <= _SHOWN:
            self._report(one)
        if self._open_errors is None:
            return 0, 0
        self._errors = self._errors or self._open_errors()
        return self._errors.write(one.line), self._errors.sum

    def _report(self, one: Written) -> None:
        """Say that a row is bad, unless enough has been said."""
        if self._shown[one.cause] > _ALIKE:
            return
        self._shown[one.cause] += 1
        if self._shown.total() > _SHOWN:
            say(f"more than {_SHOWN} bad rows were shown; further ones are counted")
        elif self._shown[one.cause] > _ALIKE:
            say(f"further rows with this fault are counted: {one.cause}")
        else:
            say(one.bad)


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def errors_opener(path: Path, held: Held) -> Callable[[], Lines]:
    """Opens the file of bad rows behind what it holds."""
    return lambda: Lines(path, held)
