"""Reads the references of programming problems from rows, and says what is wrong with one that it cannot read.

Example:
    >>> row = {"type": "stdio", "cases": [{"stdin": "1 2", "stdout": "3"}], "limits": {"time_s": 2}}
    >>> reference = READERS["stdio"].read(row)
    >>> reference.limits
    CodeLimits(time_s=2.0, memory_mb=512)
    >>> reference.to_dict() == row
    True
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple, TypedDict

from rewards.code.references import (
    SOLUTION_FILE,
    AssertsReference,
    Checker,
    CheckReference,
    CodeLimits,
    CodeReference,
    Extraction,
    FloatTolerance,
    FunctionCase,
    FunctionReference,
    PytestReference,
    StdioCase,
    StdioReference,
)
from rewards.code.values import untagged
from rewards.errors import InvalidRow
from sandbox.json_text import Json

_LONGEST_TIME = 3600.0
_LANGUAGES = ("python", "c", "cpp", "java", "javascript", "go", "rust", "bash")
_SPELLINGS = {
    "c++": "cpp",
    "js": "javascript",
    "node": "javascript",
    "python3": "python",
    "py": "python",
    "golang": "go",
}


def _known(value: Mapping[str, object], known: Sequence[str], where: str) -> None:
    if unknown := [str(name) for name in value if name not in known]:
        close = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InvalidRow(f"{where} has unknown fields {sorted(unknown)}{hint} (known: {', '.join(known)})")


def _object(value: object, where: str, shape: str) -> Mapping[str, object]:
    if type(value) is not dict and not isinstance(value, Mapping):  # the second is slow
        raise InvalidRow(f"{where} must be an object {shape}, not {value!r:.80}")
    return value


def _text(row: Mapping[str, object], name: str, where: str = "reference") -> str:
    value = row.get(name)
    if isinstance(value, str):
        return value
    absent = "is missing; give" if name not in row else f"is {value!r:.80}; it must be"
    raise InvalidRow(f"{where}.{name} {absent} a string")


def _list(row: Mapping[str, object], name: str, what: str) -> Sequence[object]:
    value = row.get(name)
    if not isinstance(value, list | tuple) or not value:
        seen = f"{value!r:.80}" if name in row else "missing"
        raise InvalidRow(f"reference.{name} must be a list of at least one {what}, not {seen}")
    return value


def _json(value: object, where: str) -> Json:
    try:
        untagged(value)
    except (ValueError, TypeError) as error:
        raise InvalidRow(f"{where} cannot be read: {error}") from error
    return value  # type: ignore[return-value]  # `untagged` walked through it


def _number(value: object, where: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise InvalidRow(f"{where} must be a number above 0 and at most {most:g}, not {value!r:.80}")
    return float(value)


def _limits(row: Mapping[str, object]) -> CodeLimits:
    if row.get("limits") is None:
        return CodeLimits()
    given = _object(row["limits"], "reference.limits", "{time_s?, memory_mb?}")
    _known(given, ("time_s", "memory_mb"), "reference.limits")
    limits = CodeLimits()
    memory = given.get("memory_mb", limits.memory_mb)
    if isinstance(memory, bool) or not isinstance(memory, int) or not 0 < memory <= 1 << 20:
        raise InvalidRow(
            f"reference.limits.memory_mb must be a whole number of MiB from 1 to 1048576, not {memory!r:.80}"
        )
    return CodeLimits(
        time_s=_number(given.get("time_s", limits.time_s), "reference.limits.time_s", _LONGEST_TIME), memory_mb=memory
    )


def _partial(row: Mapping[str, object]) -> bool:
    value = row.get("partial", False)
    if not isinstance(value, bool):
        raise InvalidRow(f"reference.partial must be true (the share of cases) or false, not {value!r:.80}")
    return value


def _extract(row: Mapping[str, object]) -> Extraction:
    value = row.get("extract", "fenced")
    if value == "fenced":
        return "fenced"
    if value == "code":
        return "code"
    raise InvalidRow(
        f"reference.extract must be 'fenced' (the last fenced block) or 'code' (the whole text), not {value!r:.80}"
    )


class _Options(TypedDict):
    """The fields that references of all styles have."""

    limits: CodeLimits
    partial: bool
    extract: Extraction


def _options(row: Mapping[str, object]) -> _Options:
    return _Options(limits=_limits(row), partial=_partial(row), extract=_extract(row))


def _compare(row: Mapping[str, object], *, checker: bool) -> FloatTolerance | Checker | None:
    if row.get("compare") is None:
        return None
    shape = '{"float": tolerance}' + (' or {"checker": python source}' if checker else "")
    given = _object(row["compare"], "reference.compare", shape)
    if set(given) == {"float"}:
        tolerance = given["float"]
        if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 <= tolerance < math.inf:
            raise InvalidRow(f"reference.compare.float must be a finite number of at least 0, not {tolerance!r:.80}")
        return FloatTolerance(float(tolerance))
    if checker and set(given) == {"checker"}:
        source = _text(given, "checker", "reference.compare")
        if "check" not in source:
            raise InvalidRow(
                "reference.compare.checker must be python source that defines check(stdin, stdout, expected), "
                f"not {source!r:.80}"
            )
        return Checker(source)
    raise InvalidRow(f"reference.compare must be {shape}, not {given!r:.80}; leave it out to compare exactly")


def _language(row: Mapping[str, object]) -> str:
    value = row.get("language", "python")
    name = value.lower() if isinstance(value, str) else ""
    name = _SPELLINGS.get(name, name)
    if name not in _LANGUAGES:
        raise InvalidRow(f"reference.language is {value!r:.80}; known: {', '.join(_LANGUAGES)}")
    return name


def _entry_point(row: Mapping[str, object], *, methods: bool) -> str:
    value = _text(row, "entry_point")
    words = value.split(".")
    if len(words) > (2 if methods else 1) or not all(word.isidentifier() for word in words):
        what = "the name of a function, or Class.method" if methods else "the name of a function"
        raise InvalidRow(f"reference.entry_point must be {what}, not {value!r:.80}")
    return value


def _stdio_case(value: object) -> StdioCase:
    case = _object(value, "reference.cases[]", "{stdin, stdout}")
    _known(case, ("stdin", "stdout"), "reference.cases[]")
    return StdioCase(stdin=_text(case, "stdin", "reference.cases[]"), stdout=_text(case, "stdout", "reference.cases[]"))


def _function_case(value: object) -> FunctionCase:
    case = _object(value, "reference.cases[]", "{args, expected}")
    _known(case, ("args", "kwargs", "expected"), "reference.cases[]")
    args, kwargs = case.get("args"), case.get("kwargs", {})
    if not isinstance(args, list | tuple):
        raise InvalidRow(f"reference.cases[].args must be a list of the call's arguments, not {args!r:.80}")
    if not isinstance(kwargs, Mapping) or not all(isinstance(k, str) and k.isidentifier() for k in kwargs):
        raise InvalidRow(f"reference.cases[].kwargs must be an object of named arguments, not {kwargs!r:.80}")
    if "expected" not in case:
        raise InvalidRow("reference.cases[] has no 'expected'; give the value that the call returns (null for None)")
    return FunctionCase(
        args=tuple(_json(arg, "reference.cases[].args[]") for arg in args),
        kwargs=MappingProxyType({name: _json(arg, f"reference.cases[].kwargs.{name}") for name, arg in kwargs.items()}),
        expected=_json(case["expected"], "reference.cases[].expected"),
    )


def _stdio(row: Mapping[str, object]) -> StdioReference:
    return StdioReference(
        cases=tuple(map(_stdio_case, _list(row, "cases", "{stdin, stdout}"))),
        language=_language(row),
        compare=_compare(row, checker=True),
        **_options(row),
    )


def _function(row: Mapping[str, object]) -> FunctionReference:
    compare = _compare(row, checker=False)
    assert not isinstance(compare, Checker)
    return FunctionReference(
        entry_point=_entry_point(row, methods=True),
        cases=tuple(map(_function_case, _list(row, "cases", "{args, expected}"))),
        compare=compare,
        **_options(row),
    )


def _asserts(row: Mapping[str, object]) -> AssertsReference:
    sources = []
    for source in _list(row, "asserts", "source of a test"):
        if not isinstance(source, str) or not source.strip():
            raise InvalidRow(f"reference.asserts[] must be the source of a test, not {source!r:.80}")
        sources.append(source)
    return AssertsReference(
        asserts=tuple(sources),
        setup=_text(row, "setup") if row.get("setup") is not None else "",
        **_options(row),
    )


def _check(row: Mapping[str, object]) -> CheckReference:
    test = _text(row, "test")
    if "check" not in test:
        raise InvalidRow(f"reference.test must be source that defines check(candidate), not {test!r:.80}")
    return CheckReference(
        prompt=_text(row, "prompt"),
        entry_point=_entry_point(row, methods=False),
        test=test,
        **_options(row),
    )


def _pytest(row: Mapping[str, object]) -> PytestReference:
    from rewards.code.guest.sources.counting import is_test_file  # not loaded with the package

    files = _object(row.get("files"), "reference.files", "{name: source}")
    for name, source in files.items():
        path = PurePosixPath(name) if isinstance(name, str) else PurePosixPath()
        if path.is_absolute() or ".." in path.parts or path.name in ("", ".") or "\0" in str(name):
            raise InvalidRow(f"reference.files: a name must be a relative path inside the folder, not {name!r:.80}")
        if str(path) == SOLUTION_FILE:
            raise InvalidRow(f"reference.files: {SOLUTION_FILE!r} is the response's own place; rename the file")
        if not isinstance(source, str):
            raise InvalidRow(f"reference.files[{name!r}] must be the source as a string, not {source!r:.80}")
    if not any(is_test_file(name) for name in files):
        seen = ", ".join(sorted(files)) or "no files"
        raise InvalidRow(
            f"reference.files needs a file called test_*.py or *_test.py, where pytest looks; it has {seen}"
        )
    return PytestReference(
        files=MappingProxyType(dict(files)),  # type: ignore[arg-type]  # checked one by one above
        **_options(row),
    )


class Reader(NamedTuple):
    """Parser of one reference type. fields: allowed fields besides `type`."""

    read: Callable[[Mapping[str, object]], CodeReference]
    fields: frozenset[str]


def _reader(read: Callable[[Mapping[str, object]], CodeReference], *fields: str) -> Reader:
    return Reader(read, frozenset((*fields, *_Options.__annotations__)))


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "stdio": _reader(_stdio, "cases", "language", "compare"),
        "function": _reader(_function, "entry_point", "cases", "compare"),
        "asserts": _reader(_asserts, "asserts", "setup"),
        "check": _reader(_check, "prompt", "entry_point", "test"),
        "pytest": _reader(_pytest, "files"),
    }
)
