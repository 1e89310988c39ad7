"""Write results: graded rows to the output, bad rows to their file, then a record of each to the journal.

The journal comes last, so that it never refers to rows that are not written.

`Describer` converts an item to a `Written`, in any process; `Recorder` writes it. Output is buffered until `flush`,
which the caller calls when no more results are available, and which happens automatically after `_MOST_BYTES` or
`_MOST_SECONDS`.

A graded row has the input columns, then `sample`, `score`, `correctness`, `verdict`, `extracted`, `reason`, `parts`,
`seconds` and `reward` (and `steps` and `details` if the reward gives them). Input columns with these names are
replaced. A list of responses becomes `response`, and a list of finish reasons that of this response.

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
import re
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
_ALIKE = 5  # most reported bad rows with the same fault
_PLACE = re.compile(r": line \d+ column \d+ \(char \d+\)")  # of a fault of JSON: causes are counted without it


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
"""The columns of a grade, which replace input columns of the same name."""


def graded_line(row: Row, request: GradeRequest, result: GradeResult, reward: str, columns: Columns = _PLAIN) -> str:
    """The graded row as JSON. Without an id the row's line number is its id.

    Raises:
        ValueError, TypeError: an input column is not JSON.
    """
    fields = row.fields
    plain = not (columns.response or columns.chat)
    listed = isinstance(value_at(fields, columns.response or "responses"), list)
    whole = not listed and fields.get("id") is not None and not (plain and "responses" in fields)
    if whole and row.text and ADDED.isdisjoint(fields) and "NaN" not in row.text and "Infinity" not in row.text:
        # The row's original text, with the grade appended
        return f"{row.text[:-1]}, {_grade_text(request, result, reward)}}}"
    dropped = columns.response if listed and columns.response else "responses" if plain else ""
    came = {name: value for name, value in fields.items() if name != dropped}
    if came.get("id") is None:  # null in an empty Parquet column
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
    """The JSON fields of a grade, without braces; formatted by hand because `json` would dominate quick grades."""
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
    return "null" if value is None else repr(float(value))  # grades are finite


@dataclass(slots=True)
class Written:
    """What is written for a response or a bad row. Mutable and slotted, because there are very many.

    line: the graded row, or the record of a bad row. bad: why the row is bad. group, answer: hashes. tags, cause:
    texts.
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
    """The error of the first column that cannot be written as JSON; None if all can."""
    for name, value in fields.items():
        try:
            json.dumps(value, allow_nan=False)
        except (ValueError, TypeError):
            return BadRow(field=name, expected="what JSON has a form for (null, not NaN or infinity)", found=value)
    return None


class Describer:
    """Converts items to `Written`."""

    def __init__(self, columns: Columns, *, reward: str) -> None:
        self._columns = columns
        self._reward = reward
        self._row: Row | BadRow | None = None
        self._of_row = (0, "", 0)  # of the last row, for its next response: problem hash, tags, checksum

    def __call__(self, item: Item) -> Written:
        """The output line and journal fields of an item."""
        if item.bad is not None:
            return self._bad(item, item.bad)
        row, request, result = item.row, item.request, item.result
        assert isinstance(row, Row)
        assert request is not None
        try:
            text = graded_line(row, request, result, self._reward, self._columns)
            line = text.encode("utf-8", "backslashreplace") + b"\n"  # a lone surrogate from a reward, as a JSON escape
        except (ValueError, TypeError) as error:  # NaN in an input column
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
        line = json.dumps(record).encode("ascii") + b"\n"  # the row may contain lone surrogates
        check = zlib.crc32(error.row.encode("utf-8", "surrogatepass"))
        cause = _PLACE.sub("", f"{error.field}: {error.reason}" if error.field else error.reason)
        return Written(
            item.ordinal, item.index, item.file, item.place, item.row.line, check, line, bad=str(error), cause=cause
        )

    def _about(self, row: Row, request: GradeRequest, file: int) -> tuple[int, str, int]:
        """The hash of the row's problem, its tags, and the checksum of its text."""
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
    """Writes results. taken, bad, ungraded: counts of this process."""

    def __init__(
        self, output: Output, errors: Callable[[], Lines] | None, journal: Journal, *, open_now: bool = False
    ) -> None:
        """errors: opens the file of bad rows, at the first bad row; None = no such file.

        open_now: open it now, to cut off an incomplete row left by a killed process.
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
        """Write results. Raises BadFile."""
        for one in written:
            if one.verdict == BAD:
                end, total = self._bad(one)
            else:
                if self._output.full:
                    self.flush()  # before a new part, the journal must be complete for the previous one
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
        """Write all buffered output and records."""
        if self._held:
            self._output.flush()
            if self._errors is not None:
                self._errors.flush()
            self._journal.flush()
            self._held = 0
        self._since = time.monotonic()

    def close(self) -> None:
        """Close the file of bad rows."""
        if self._errors is not None:
            self._errors.close()

    def _bad(self, one: Written) -> tuple[int, int]:
        """Write and report a bad row; returns its end offset in its file, and the CRC-32 of the file up to there."""
        self.bad += 1
        if self._shown.total() <= _SHOWN:
            self._report(one)
        if self._open_errors is None:
            return 0, 0
        self._errors = self._errors or self._open_errors()
        return self._errors.write(one.line), self._errors.sum

    def _report(self, one: Written) -> None:
        """Report a bad row on standard error, up to a limit."""
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
    """A function that opens the file of bad rows for appending at `end`."""
    return lambda: Lines(path, held)
