"""Convert rows to grade requests.

Example:
    asking = Asking(columns, "math", needs=References(spec))
    for request in asking.requests_of(row):
        print(request.response, request.reference)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from data_prep.errors import BadRow
from data_prep.json_values import Base64
from data_prep.rows import Row
from rewards.errors import InvalidRow
from rewards.pluralize import pluralize
from rewards.spec import RewardSpec
from rewards.spec_properties import missing_reference
from rewards.types import GradeRequest, GradeResult, Reference
from rewards.untyped_references import reference_of
from rlvr.offline.columns import Columns, finish_of, prompt_of, said_in
from sandbox.json_text import JsonFault, KeyTwice, read_json

Answer: TypeAlias = "GradeResult | Future[GradeResult]"
Begin: TypeAlias = Callable[[Sequence[GradeRequest]], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Under:
    """Correctness of one response under both extraction policies; NaN = it could not be judged."""

    strict: float
    lenient: float


class Policies(Protocol):
    """Grades a response under both extraction policies; None if they do not apply."""

    def __call__(self, request: GradeRequest, result: GradeResult, begin: Begin) -> Under | Future[Under] | None: ...


class Known(Protocol):
    """A cache of grades."""

    def keys(self, requests: Sequence[GradeRequest]) -> Sequence[bytes]:
        """The cache keys of requests that are graded in one call."""
        ...

    def find(self, keys: Sequence[bytes]) -> Mapping[bytes, GradeResult]: ...

    def keep(self, key: bytes, result: GradeResult) -> None: ...


_PLAIN = Columns()
_TEXTS = ("response", "responses", "reference", "prompt")


def requests_of(row: Row, columns: Columns = _PLAIN, kind: str = "math") -> list[GradeRequest]:
    """The requests of a row, one for each of its responses.

    kind: what a bare reference means, see `rewards.untyped_references.untyped_as`.

    Raises:
        BadRow: naming what was expected.
    """
    fields = dict(row.fields) if columns.plain else columns.read(row.fields)
    empty = [name for name in ("response", "responses") if name in fields and fields[name] is None]
    for name in empty:  # an empty column of a Parquet file
        del fields[name]
    if ("response" in fields) == ("responses" in fields):
        named = columns.response or columns.chat or "".join(empty[:1])
        if "response" in fields:
            have = "both 'response' and 'responses'; give one of them"
        elif named:
            have = f"nothing in {named!r}; give a text there"
        else:
            have = "neither 'response' nor 'responses'; give one of them"
        names = ", ".join(map(str, row.fields)) or "none"
        raise BadRow(f"the row has {have}, or name a column with --response (its columns: {names})")
    for column in _TEXTS:
        if type(value := fields.get(column)) is not str and _holds_bytes(value):
            raise BadRow(field=column, expected="text; its column holds bytes, write them as text", found=value)
    if isinstance(fields.get("prompt"), list):
        fields["prompt"] = prompt_of(fields["prompt"])
    if "metadata" in fields:
        fields["metadata"] = _metadata(fields["metadata"])
    if "sample" in fields and type(fields["sample"]) is not int:
        del fields["sample"]  # an unrelated column of the data, not the sample's index
    try:
        if "reference" in fields:
            fields["reference"] = reference_of(fields["reference"], kind)
        fields.setdefault("group", str(row.line))
        if "response" in fields:
            (fields["finish"],) = _finishes(fields, columns, 1)
            return [GradeRequest.from_dict(fields)]
        responses = fields["responses"]
        if not isinstance(responses, list | tuple) or not responses:
            raise BadRow(field="responses", expected="a list of at least one text", found=responses)
        return [
            GradeRequest.from_dict({**fields, "response": response, "finish": finish, "sample": index})
            for index, (response, finish) in enumerate(
                zip(map(said_in, responses), _finishes(fields, columns, len(responses)), strict=True)
            )
        ]
    except InvalidRow as error:
        raise BadRow(str(error)) from error


def _finishes(fields: Mapping[str, object], columns: Columns, count: int) -> list[str]:
    """The finish reason of each response of a row, given for each or for all. Raises BadRow."""
    value, column = fields.get("finish"), columns.finish or "finish"
    if not isinstance(value, list | tuple):
        return [finish_of(value, column)] * count
    if len(value) != count:
        raise BadRow(field=column, expected=f"one for each of {pluralize(count, 'response')}", found=value)
    return [finish_of(one, column) for one in value]


def _holds_bytes(value: object) -> bool:
    """Whether a value contains bytes anywhere: in a list of responses, a message, a reference's answer."""
    within = [value]
    while within:
        one = within.pop()
        if isinstance(one, Base64):
            return True
        if isinstance(one, dict | list):
            within += one.values() if isinstance(one, dict) else one
    return False


def _metadata(value: object) -> object:
    """The metadata of a row: an object, or JSON text of one. Other values of this column are ignored."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = read_json(value)
        except KeyTwice as error:
            raise BadRow(f"metadata is JSON that cannot be read: {error}") from error
        except JsonFault:
            return None
    return value if isinstance(value, Mapping) else None


class References:
    """Checks that references have a type that the reward can judge; other rows are bad rows."""

    def __init__(self, spec: RewardSpec) -> None:
        self._spec = spec
        self._faults: dict[str, str] = {}

    def fault(self, reference: Reference) -> str:
        """Why no response can be judged with this reference; empty if one can."""
        kind = reference.type
        found = self._faults.get(kind)
        if found is None:
            found = self._faults[kind] = missing_reference(self._spec, kind)
        return found


@dataclass(frozen=True, slots=True)
class Asking:
    """Settings for converting rows to requests, and sources of known grades.

    kind: type of a bare reference. needs: check of reference types. known: cached grades. policies: grades a response
    under both extraction policies.
    """

    columns: Columns = field(default_factory=Columns)
    kind: str = "math"
    needs: References | None = None
    known: Known | None = None
    policies: Policies | None = None

    def requests_of(self, row: Row) -> list[GradeRequest]:
        """The requests of a row, one for each of its responses. Raises BadRow."""
        requests = requests_of(row, self.columns, self.kind)
        if self.needs is not None and (fault := self.needs.fault(requests[0].reference)):
            columns = ", ".join(map(str, row.fields))
            raise BadRow(f"{fault}; name its column with --reference (the row's columns: {columns})", field="reference")
        return requests
