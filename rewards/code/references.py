"""References of programming problems: five styles of tests.

| type | fields |
|---|---|
| `stdio` | `cases: [{stdin, stdout}]`, `language?`, `compare?` |
| `function` | `entry_point`, `cases: [{args, kwargs?, expected}]`, `compare?` |
| `asserts` | `asserts: [source]`, `setup?` |
| `check` | `prompt`, `entry_point`, `test` |
| `pytest` | `files: {name: source}` |

All take `limits?: {time_s, memory_mb}` (time is per case), `partial?` (the share of cases instead of all or nothing)
and `extract?` (`fenced`: the last fenced block, else the whole text when it parses; `code`: the whole text).
`compare` is `{"float": tolerance}` or, for `stdio`, `{"checker": python source}`; absent: exact.

`reference_rows` reads them from rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

from sandbox.json_text import Json

Extraction: TypeAlias = Literal["fenced", "code"]

SOLUTION_FILE = "solution.py"
"""File name of the response for a `pytest` reference; no file of the reference may have it."""

_NO_KWARGS: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLimits:
    """Limits of one case: wall (and CPU) seconds, and memory in MiB."""

    time_s: float = 10.0
    memory_mb: int = 512


@dataclass(frozen=True, slots=True)
class FloatTolerance:
    """Numbers are equal if |a - b| <= tolerance * max(1, |b|); integers are exact."""

    tolerance: float


@dataclass(frozen=True, slots=True)
class Checker:
    """Python source of `check(stdin, stdout, expected) -> bool`, executed in a separate run."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioCase:
    """Input and expected output of a program."""

    stdin: str
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCase:
    """One call and its expected value, as JSON; see `rewards.code.values` for sets, tuples and other values."""

    args: tuple[Json, ...]
    kwargs: Mapping[str, Json] = field(default_factory=lambda: _NO_KWARGS)
    expected: Json


def _row(reference: Any) -> dict[str, Json]:
    """A reference as a row: its fields that differ from their defaults."""
    return {"type": reference.type, **_fields(reference)}


def _fields(held: Any) -> dict[str, Json]:
    usual = _USUAL[type(held)]
    return {name: _json(value) for name in usual if (value := getattr(held, name)) != usual[name]}


def _json(value: Any) -> Json:
    kind = type(value)
    if kind in _USUAL:
        return _fields(value)
    if kind is tuple:
        return list(map(_json, value))
    if kind is FloatTolerance:
        return {"float": value.tolerance}
    if kind is Checker:
        return {"checker": value.source}
    return dict(value) if kind is MappingProxyType else value


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioReference:
    """A program that reads standard input and writes standard output."""

    type: ClassVar[str] = "stdio"
    cases: tuple[StdioCase, ...]
    language: str = "python"
    compare: FloatTolerance | Checker | None = None
    limits: CodeLimits = CodeLimits()
    partial: bool = False
    extract: Extraction = "fenced"

    @property
    def case_count(self) -> int:
        return len(self.cases)

    to_dict = _row


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReference:
    """A function, or a method of a class (`Solution.f`), to be called with the arguments of each case."""

    type: ClassVar[str] = "function"
    entry_point: str
    cases: tuple[FunctionCase, ...]
    compare: FloatTolerance | None = None
    limits: CodeLimits = CodeLimits()
    partial: bool = False
    extract: Extraction = "fenced"

    @property
    def case_count(self) -> int:
        return len(self.cases)

    to_dict = _row


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertsReference:
    """Test sources, one per case: usually one `assert` (MBPP). `setup` runs first."""

    type: ClassVar[str] = "asserts"
    asserts: tuple[str, ...]
    setup: str = ""
    limits: CodeLimits = CodeLimits()
    partial: bool = False
    extract: Extraction = "fenced"

    @property
    def case_count(self) -> int:
        return len(self.asserts)

    to_dict = _row


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReference:
    """A test source with `check(candidate)` (HumanEval), and the prompt that the solution may continue."""

    type: ClassVar[str] = "check"
    prompt: str
    entry_point: str
    test: str
    limits: CodeLimits = CodeLimits()
    partial: bool = False
    extract: Extraction = "fenced"

    @property
    def case_count(self) -> int:
        return 1

    to_dict = _row


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestReference:
    """Test files for pytest; the response is their `solution` module."""

    type: ClassVar[str] = "pytest"
    files: Mapping[str, str]
    limits: CodeLimits = CodeLimits()
    partial: bool = False
    extract: Extraction = "fenced"

    @property
    def case_count(self) -> int:
        """Approximate number of test functions."""
        return max(1, sum(source.count("def test") for source in self.files.values()))

    to_dict = _row


CodeReference: TypeAlias = StdioReference | FunctionReference | AssertsReference | CheckReference | PytestReference
CODE_REFERENCES = (StdioReference, FunctionReference, AssertsReference, CheckReference, PytestReference)
_USUAL: dict[type, dict[str, object]] = {  # the default of each field; MISSING where there is none
    kind: {f.name: f.default_factory() if callable(f.default_factory) else f.default for f in fields(kind)}
    for kind in (*CODE_REFERENCES, StdioCase, FunctionCase, CodeLimits)
}
