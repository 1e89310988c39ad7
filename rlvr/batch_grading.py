"""Grade rows as they stream by: one graded row for each response, in the order of the input, in bounded memory.

A reader thread turns rows into requests and hands them to the pool; the caller's thread writes each answer as soon as
it and those before it are known. At most `window` responses are between the two, so a fast reader waits. A row that
cannot be read is reported in its place and the rest goes on.

The rows are those of DESIGN, "Contracts". In: `{"id"?, "prompt"?, "response" | "responses", "reference", "finish"?}`.
Out: the columns that came in, then `sample`, `score`, `correctness`, `verdict`, `extracted`, `reason`, `parts`,
`seconds` and `reward` (`steps` and `details`, too, where a reward gives them). A column of these names that came in is
replaced.

Example:
    with GraderPool("math") as pool:
        for outcome in graded_rows(rows, pool):
            print(outcome)
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from data_prep.errors import BadRow
from data_prep.rows import Row
from rewards.errors import InvalidRow
from rewards.pool import GraderPool
from rewards.types import GradeRequest, GradeResult, Json

_POLL = 0.2  # seconds after which a waiting reader looks whether anyone still wants its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One response with its grade. fields: the columns to write, those that came in first."""

    line: int
    result: GradeResult
    fields: Mapping[str, object]


Outcome: TypeAlias = "Graded | BadRow"


def requests_of(row: Row) -> list[GradeRequest]:
    """The requests of a row, one for each of its responses.

    Raises:
        BadRow: naming what was expected.
    """
    fields = {k: v for k, v in row.fields.items() if v is not None or k not in ("response", "responses")}
    if ("response" in fields) == ("responses" in fields):  # a null is an empty column of a Parquet file
        have = "both 'response' and 'responses'" if "response" in fields else "neither 'response' nor 'responses'"
        raise BadRow(f"the row has {have}; give one of them (its columns: {', '.join(map(str, fields)) or 'none'})")
    try:
        if "response" in fields:
            return [GradeRequest.from_dict({"group": str(row.line), **fields})]
        responses = fields["responses"]
        if not isinstance(responses, list | tuple) or not responses:
            raise BadRow(field="responses", expected="a list of at least one text", found=responses)
        return [
            GradeRequest.from_dict({"group": str(row.line), **fields, "response": response, "sample": index})
            for index, response in enumerate(responses)
        ]
    except InvalidRow as error:
        raise BadRow(str(error)) from error


def graded_row(row: Row, request: GradeRequest, result: GradeResult, reward: str) -> dict[str, object]:
    """The columns of a graded row. Without an id the row's line number is its id."""
    came = {name: value for name, value in row.fields.items() if name != "responses"}
    if came.get("id") is None:  # a null is an empty column of a Parquet file
        came["id"] = row.line
    grade: dict[str, Json] = result.to_dict()
    if not result.steps:
        del grade["steps"]
    if not result.details:
        del grade["details"]
    return {**came, "response": request.response, "sample": request.sample_id, **grade, "reward": reward}


def graded_rows(rows: Iterable[Row | BadRow], pool: GraderPool, *, window: int | None = None) -> Iterator[Outcome]:
    """Grade a stream; yields each response, and each bad row, in the order of the input.

    rows: rows, or the errors of reading them. window: responses in flight; None = enough to keep every worker busy.

    Raises:
        GradingUnavailable: no worker can be started. Whatever `rows` raises comes after the rows before it.
    """
    stream = _Reader(rows, pool, window or max(64, 16 * pool.workers))
    stream.start()
    try:
        while (item := stream.waiting.get()) is not None:
            if isinstance(item, BaseException) and not isinstance(item, BadRow):
                raise item
            yield item if isinstance(item, BadRow) else item.wait(pool.identity)
    finally:
        stream.wanted.clear()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A response whose grade is on its way."""

    row: Row
    request: GradeRequest
    future: Future[GradeResult]

    def wait(self, reward: str) -> Graded:
        result = self.future.result()
        return Graded(line=self.row.line, result=result, fields=graded_row(self.row, self.request, result, reward))


class _Reader(threading.Thread):
    """Reads rows and submits them ahead of whoever takes from `waiting`; None ends the stream."""

    def __init__(self, rows: Iterable[Row | BadRow], pool: GraderPool, window: int) -> None:
        super().__init__(name="rlvr-grade-reader", daemon=True)  # it may wait for input that never comes
        self._rows = rows
        self._pool = pool
        self.waiting: queue.Queue[_Asked | BaseException | None] = queue.Queue(maxsize=window)
        self.wanted = threading.Event()
        self.wanted.set()

    def run(self) -> None:
        try:
            for row in self._rows:
                for item in self._submitted(row):
                    if not self._put(item):
                        return
        except BaseException as error:  # handed on, and raised where the answers are taken
            self._put(error)
        else:
            self._put(None)

    def _submitted(self, row: Row | BadRow) -> Iterator[_Asked | BadRow]:
        if isinstance(row, BadRow):
            yield row
            return
        try:
            requests = requests_of(row)
            # A batched reward compares the responses of a row; any other gets them one by one, as there is room.
            for together in [requests] if self._pool.batched else [[request] for request in requests]:
                for request, future in zip(together, self._pool.submit_batch(together), strict=True):
                    yield _Asked(row, request, future)
        except BadRow as error:
            yield row.blame(error)
        except InvalidRow as error:  # metadata that is not JSON
            yield row.blame(BadRow(str(error)))

    def _put(self, item: _Asked | BaseException | None) -> bool:
        while self.wanted.is_set():
            try:
                self.waiting.put(item, timeout=_POLL)
            except queue.Full:
                continue
            return True
        return False
