"""Encode jobs and results as bytes: a length, a JSON object, then the files and streams it lists. No pickle.

Input may be adversarial: every field is checked, and malformed data raises `BadWire` (an invalid job raises
`InvalidJob`, as its constructor does).

Example:
    >>> job = Job(argv=("python", "main.py"), files={"main.py": b"print(1)"}, stdin=b"\\xff")
    >>> decode_job(encode_job(job)) == job
    True
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields

from sandbox.errors import SandboxError
from sandbox.types import Ended, Job, JobResult, Limits

_LENGTH = struct.Struct(">I")
_LARGEST_HEAD = 16 << 20
_LIMITS = {f.name: type(f.default) for f in fields(Limits)}


class BadWire(SandboxError, ValueError):
    """Malformed bytes."""


def encode_job(job: Job) -> bytes:
    """Encode a job."""
    head = {
        "argv": job.argv,
        "env": dict(job.env),
        "limits": asdict(job.limits),
        "outputs": job.outputs,
        "preload": job.preload,
        "ipc": job.ipc,
        "stdin": len(job.stdin),
        "files": [[path, len(content)] for path, content in job.files.items()],
    }
    return _pack(head, [job.stdin, *job.files.values()])


def decode_job(data: bytes) -> Job:
    """Decode a job. Raises BadWire, InvalidJob."""
    head, rest = _unpack(data)
    sizes = _sizes(head)
    stdin, *contents = _cut(rest, [_count(head, "stdin"), *(size for _, size in sizes)])
    limits = _mapping(head, "limits")
    if unknown := limits.keys() - _LIMITS.keys():
        raise BadWire(f"there are no limits called {sorted(unknown)}; there are: {', '.join(_LIMITS)}")
    env = _mapping(head, "env")
    return Job(
        argv=_texts(head, "argv"),
        files={path: content for (path, _), content in zip(sizes, contents, strict=True)},
        stdin=stdin,
        env={str(name): _text(value, "env") for name, value in env.items()},
        limits=Limits(**{name: _limit(name, value) for name, value in limits.items()}),  # type: ignore[arg-type]
        outputs=_texts(head, "outputs"),
        preload=_texts(head, "preload"),
        ipc=_flag(head, "ipc"),
    )


def encode_result(result: JobResult) -> bytes:
    """Encode a result."""
    head = {
        "ended": result.ended.value,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "truncated": result.truncated,
        "seconds": result.seconds,
        "waited": result.waited,
        "waits": result.waits,
        "cpu_seconds": result.cpu_seconds,
        "unwatched_seconds": result.unwatched_seconds,
        "peak_memory": result.peak_memory,
        "isolation": result.isolation,
        "stdout": len(result.stdout),
        "stderr": len(result.stderr),
        "files": [[path, len(content)] for path, content in result.files.items()],
    }
    return _pack(head, [result.stdout, result.stderr, *result.files.values()])


def decode_result(data: bytes) -> JobResult:
    """Decode a result. Raises BadWire."""
    head, rest = _unpack(data)
    sizes = _sizes(head)
    stdout, stderr, *contents = _cut(rest, [_count(head, "stdout"), _count(head, "stderr"), *(s for _, s in sizes)])
    try:
        return JobResult(
            ended=Ended(_text(head["ended"], "ended")),
            exit_code=_number_or_none(head["exit_code"]),
            signal=_number_or_none(head["signal"]),
            stdout=stdout,
            stderr=stderr,
            truncated=bool(head["truncated"]),
            seconds=float(head["seconds"]),  # type: ignore[arg-type]
            waited=float(head["waited"]),  # type: ignore[arg-type]
            waits=tuple((float(ago), float(since)) for ago, since in head["waits"]),  # type: ignore[attr-defined]
            cpu_seconds=float(head["cpu_seconds"]),  # type: ignore[arg-type]
            unwatched_seconds=float(head["unwatched_seconds"]),  # type: ignore[arg-type]
            peak_memory=_count(head, "peak_memory"),
            files={path: content for (path, _), content in zip(sizes, contents, strict=True)},
            isolation=_text(head["isolation"], "isolation"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadWire(f"not a result: {error!r}") from error


def join(parts: Iterable[bytes]) -> bytes:
    """Concatenate messages into one; the inverse of `split`."""
    return b"".join(piece for part in parts for piece in (_LENGTH.pack(len(part)), part))


def split(data: bytes) -> list[bytes]:
    """Split a concatenation of messages. Raises BadWire."""
    parts, at = [], 0
    while at < len(data):
        if len(data) - at < _LENGTH.size:
            raise BadWire("a message breaks off within a length")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise BadWire(f"a message of {length} bytes breaks off after {len(data) - at}")
        parts.append(data[at : at + length])
        at += length
    return parts


def _pack(head: Mapping[str, object], contents: Sequence[bytes]) -> bytes:
    text = json.dumps(head).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *contents])


def _unpack(data: bytes) -> tuple[dict[str, object], memoryview]:
    if len(data) < _LENGTH.size:
        raise BadWire(f"{len(data)} bytes are no job and no result")
    (length,) = _LENGTH.unpack_from(data)
    if length > min(len(data) - _LENGTH.size, _LARGEST_HEAD):
        raise BadWire(f"a head of {length} bytes does not fit into {len(data)}")
    try:
        head = json.loads(data[_LENGTH.size : _LENGTH.size + length])
    except (ValueError, RecursionError) as error:
        raise BadWire(f"the head is not JSON: {error}") from error
    if not isinstance(head, dict):
        raise BadWire(f"the head is no object but {type(head).__name__}")
    return head, memoryview(data)[_LENGTH.size + length :]


def _cut(rest: memoryview, sizes: Sequence[int]) -> list[bytes]:
    if sum(sizes) != len(rest):
        raise BadWire(f"{len(rest)} bytes follow a head that lists {sum(sizes)}")
    pieces, at = [], 0
    for size in sizes:
        pieces.append(bytes(rest[at : at + size]))
        at += size
    return pieces


def _count(head: Mapping[str, object], key: str) -> int:
    value = head.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadWire(f"{key} must be a number of bytes, not {value!r:.80}")
    return value


def _sizes(head: Mapping[str, object]) -> list[tuple[str, int]]:
    rows = head.get("files")
    if not isinstance(rows, list):
        raise BadWire(f"files must be a list of [path, bytes], not {rows!r:.80}")
    sizes = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise BadWire(f"files must be a list of [path, bytes], not of {row!r:.80}")
        sizes.append((_text(row[0], "a path"), _count({"a file": row[1]}, "a file")))
    return sizes


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise BadWire(f"{what} must be text, not {value!r:.80}")
    return value


def _texts(head: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = head.get(key)
    if not isinstance(value, list):
        raise BadWire(f"{key} must be a list of texts, not {value!r:.80}")
    return tuple(_text(word, key) for word in value)


def _flag(head: Mapping[str, object], key: str) -> bool:
    value = head.get(key)
    if not isinstance(value, bool):
        raise BadWire(f"{key} must be true or false, not {value!r:.80}")
    return value


def _mapping(head: Mapping[str, object], key: str) -> dict[str, object]:
    value = head.get(key)
    if not isinstance(value, dict):
        raise BadWire(f"{key} must be an object, not {value!r:.80}")
    return value


def _limit(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadWire(f"limits.{name} must be a number, not {value!r:.80}")
    return float(value) if _LIMITS[name] is float else int(value)


def _number_or_none(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r:.80} is no number")
