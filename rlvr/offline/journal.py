"""The journal of a run: a fixed-size record for each graded response and each bad row, in order of writing.

The journal makes a run resumable and its summary cheap. A record is appended after its row has been written, with the
offset at which the row ends: after a kill, anything beyond the last complete record is cut off. Texts that records
refer to by number (tags, causes) are in separate files, one JSON string per line.

A response's key is (file, row, sample). Its `ordinal` counts all responses and bad rows in input order.

Example:
    with Journal.open(folder) as journal:
        journal.append(...)
    for records in journal.chunks():
        print(records["score"].mean())
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from data_prep.errors import BadFile
from rewards.types import Verdict
from rlvr.offline.outputs import Held, trouble
from rlvr.regular_files import read_bytes, regular

RECORD = np.dtype(
    [
        ("ordinal", "<u8"),
        ("index", "<u8"),  # index of the row among the selected ones
        ("row", "<u8"),  # its line
        ("end", "<u8"),  # end offset of its text, in its part of the output or in the bad-row file
        ("group", "<u8"),  # hash of the problem
        ("answer", "<u8"),  # hash of the extracted answer; 0 = none
        ("score", "<f8"),
        ("correctness", "<f4"),  # NaN = none
        ("strict", "<f4"),
        ("lenient", "<f4"),
        ("seconds", "<f4"),
        ("file", "<u4"),
        ("place", "<u4"),  # of the response within its row
        ("tags", "<u4"),  # numbers of texts; 0 = none
        ("cause", "<u4"),
        ("part", "<u4"),  # of the output
        ("check", "<u4"),  # CRC-32 of the row's text
        ("sum", "<u4"),  # CRC-32 of its part of the output, or of the bad-row file, up to `end`
        ("verdict", "u1"),
        ("cached", "u1"),
    ]
)
_FORM = struct.Struct("<QQQQQQdffffIIIIIIIBB")
_PACK = _FORM.pack
assert _FORM.size == RECORD.itemsize

Records = NDArray[np.void]

VERDICTS = (*Verdict, "bad row")
BAD = len(Verdict)
CODES = {verdict: code for code, verdict in enumerate(Verdict)}
NAN = math.nan
_CHUNK = 1 << 15  # records in memory at a time
_MOST_TEXTS = 10_000  # most distinct causes or tags


class Texts:
    """Texts numbered from 1. Beyond the maximum, further texts share one number."""

    def __init__(self, path: Path, others: str) -> None:
        """others: the text for those beyond the maximum."""
        self._path = path
        self._others = others
        self._numbers: dict[str, int] = {}
        self._new: list[str] = []

    def number(self, text: str) -> int:
        """The number of a text; 0 for an empty one."""
        if not text:
            return 0
        found = self._numbers.get(text)
        if found is None:
            if len(self._numbers) >= _MOST_TEXTS and text != self._others:
                return self.number(self._others)
            found = self._numbers[text] = len(self._numbers) + 1
            self._new.append(text)
        return found

    def flush(self) -> None:
        """Write new texts. Must precede the records that refer to them."""
        if self._new:
            data = "".join(json.dumps(text) + "\n" for text in self._new).encode()
            with trouble(self._path), open(self._path, "ab", opener=regular) as file:
                file.write(data)
            self._new.clear()

    def load(self) -> None:
        """Read what an earlier process wrote; an incomplete last line is cut off. Raises BadFile."""
        if not self._path.exists():
            return
        with trouble(self._path):
            data = read_bytes(self._path)
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self._path, len(whole))
        for line in whole.splitlines():
            self._numbers.setdefault(self._text(line), len(self._numbers) + 1)

    def _text(self, line: bytes) -> str:
        try:
            text = json.loads(line)
        except ValueError:
            text = None
        if not isinstance(text, str):
            raise _damaged(self._path)
        return text

    def all(self) -> list[str]:
        """Every text at its number; the first one is empty."""
        return ["", *self._numbers]


def _damaged(path: Path) -> BadFile:
    return BadFile(f"{str(path)!r} holds what no run has written: it is damaged; begin anew with --restart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What earlier processes have graded.

    low: all ordinals below it are done. beyond: done ordinals above it (only if rows are written as they finish). last:
    the record of `low - 1`; None = none. records: number of records. parts: what each part of the output holds. errors:
    what the file of bad rows holds.
    """

    low: int = 0
    beyond: frozenset[int] = frozenset()
    last: Records | None = None
    records: int = 0
    parts: Mapping[int, Held] = field(default_factory=dict)
    errors: Held = field(default_factory=Held)

    def has(self, ordinal: int) -> bool:
        """Whether a response is graded."""
        return ordinal < self.low or ordinal in self.beyond


def _held(before: Held, records: Records) -> Held:
    """The content of a file after these records, which are in the order of writing."""
    if not records.size:
        return before
    return Held(rows=before.rows + records.size, end=int(records[-1]["end"]), sum=int(records[-1]["sum"]))


class Journal:
    """An append-only file of records and the texts that they name."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal"
        self.tags = Texts(folder / "tags.jsonl", '["(others)"]')
        self.causes = Texts(folder / "causes.jsonl", "(others)")
        self._file: IO[bytes] | None = None
        self._waiting: list[bytes] = []

    def __enter__(self) -> Journal:
        with trouble(self.path):
            self._file = open(self.path, "ab", buffering=0, opener=regular)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def append(self, *values: float) -> None:
        """Add a record with fields in the order of `RECORD`; written by `flush`."""
        self._waiting.append(_PACK(*values))

    def flush(self) -> None:
        """Write appended records, whose rows must be in the output already. Raises BadFile."""
        if self._waiting and self._file is not None:
            self.tags.flush()
            self.causes.flush()
            data = memoryview(b"".join(self._waiting))
            self._waiting.clear()
            with trouble(self.path):
                while data:  # a nearly full disk may accept a part
                    data = data[self._file.write(data) :]

    def __len__(self) -> int:
        return self.path.stat().st_size // RECORD.itemsize if self.path.exists() else 0

    def chunks(self) -> Iterator[Records]:
        """Yield all records in blocks."""
        with self.path.open("rb") as file:
            while (records := np.fromfile(file, RECORD, _CHUNK)).size:
                yield records

    def recover(self) -> Done:
        """Cut off an incomplete record; returns what is done. Raises BadFile if a record is invalid."""
        self.tags.load()
        self.causes.load()
        count = len(self)
        if count:
            os.truncate(self.path, count * RECORD.itemsize)
        parts: dict[int, Held] = {}
        errors, low = Held(), 0
        beyond: set[int] = set()
        for records in self.chunks() if count else ():
            if (records["verdict"] > BAD).any() or not records["row"].all():  # lines are counted from 1
                raise _damaged(self.path)
            graded = records[records["verdict"] != BAD]
            for part in np.unique(graded["part"]):
                parts[int(part)] = _held(parts.get(int(part), Held()), graded[graded["part"] == part])
            errors = _held(errors, records[records["verdict"] == BAD])
            ordinals = records["ordinal"]
            if ordinals[0] == low and not beyond and np.array_equal(ordinals, np.arange(low, low + ordinals.size)):
                low += ordinals.size
                continue
            beyond.update(ordinals.tolist())
            while low in beyond:
                beyond.discard(low)
                low += 1
        return Done(
            low=low,
            beyond=frozenset(beyond),
            last=self._record_of(low - 1) if low else None,
            records=count,
            parts=parts,
            errors=errors,
        )

    def _record_of(self, ordinal: int) -> Records:
        for records in self.chunks():
            found = np.flatnonzero(records["ordinal"] == ordinal)
            if found.size:
                record: Records = records[found[0]]
                return record
        raise LookupError(f"the journal has no record {ordinal}")
