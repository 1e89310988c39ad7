"""References of programming problems: read from JSON, written again, refused with field, value and a way out."""

from __future__ import annotations

import json
import math

import pytest

from rewards import InvalidRow
from rewards.code.references import (
    Checker,
    CodeLimits,
    FloatTolerance,
    FunctionReference,
    PytestReference,
    StdioReference,
)
from rewards.code.values import tagged, untagged
from rewards.types import GradeRequest, Json, reference_from

CASE = {"stdin": "1\n", "stdout": "2\n"}
CALL = {"args": [1, [2]], "expected": {"a": None}}

ROWS: list[dict[str, Json]] = [
    {"type": "stdio", "cases": [CASE]},
    {"type": "stdio", "cases": [CASE, CASE], "language": "rust", "compare": {"float": 1e-6}, "partial": True},
    {"type": "stdio", "cases": [CASE], "compare": {"checker": "def check(i, o, e): return o == e"}},
    {"type": "function", "entry_point": "f", "cases": [CALL]},
    {"type": "function", "entry_point": "A.f", "cases": [{**CALL, "kwargs": {"k": 1}}], "compare": {"float": 0.1}},
    {"type": "function", "entry_point": "f", "cases": [{"args": [{"$set": [1]}], "expected": {"$complex": [0, 1]}}]},
    {"type": "asserts", "asserts": ["assert f(1) == 2"]},
    {"type": "asserts", "asserts": ["assert f(1) == 2"], "setup": "import math", "extract": "code"},
    {"type": "check", "prompt": "def f():\n", "entry_point": "f", "test": "def check(candidate): pass"},
    {"type": "pytest", "files": {"test_a.py": "from solution import f\n", "data/x.txt": "1"}},
    {"type": "stdio", "cases": [CASE], "limits": {"time_s": 2.5}},
    {"type": "stdio", "cases": [CASE], "limits": {"memory_mb": 64}},
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: json.dumps(row)[:60])
def test_a_reference_comes_back_from_its_own_json(row: dict[str, Json]) -> None:
    reference = reference_from(row)
    assert reference.to_dict() == row
    assert reference_from(json.loads(json.dumps(reference.to_dict()))) == reference
    request = GradeRequest.from_dict({"response": "x", "reference": row})
    assert GradeRequest.from_dict(request.to_dict()) == request


def test_fields_are_read_as_they_are_meant() -> None:
    stdio = reference_from({**ROWS[1], "language": "C++", "limits": {"time_s": 3, "memory_mb": 100}})
    assert isinstance(stdio, StdioReference)
    assert (stdio.language, stdio.compare, stdio.partial) == ("cpp", FloatTolerance(1e-6), True)
    assert stdio.limits == CodeLimits(time_s=3.0, memory_mb=100)
    checked = reference_from(ROWS[2])
    assert isinstance(checked, StdioReference)
    assert isinstance(checked.compare, Checker)
    function = reference_from(ROWS[4])
    assert isinstance(function, FunctionReference)
    assert dict(function.cases[0].kwargs) == {"k": 1}
    files = reference_from(ROWS[9])
    assert isinstance(files, PytestReference)
    assert list(files.files) == ["test_a.py", "data/x.txt"]


FUNCTION = {"type": "function", "entry_point": "f", "cases": [CALL]}
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"type": "stdin", "cases": []}, "reference.type is 'stdin'; known types: .*stdio.*pytest"),
    ({"type": "stdio"}, "reference.cases must be a list of at least one {stdin, stdout}, not missing"),
    ({"type": "stdio", "cases": []}, r"at least one .*, not \[\]"),
    ({"type": "stdio", "cases": ["1"]}, r"reference.cases\[\] must be an object {stdin, stdout}, not '1'"),
    ({"type": "stdio", "cases": [{"stdin": "1"}]}, r"reference.cases\[\].stdout is missing; give a string"),
    ({"type": "stdio", "cases": [{"stdin": 1, "stdout": ""}]}, "stdin is 1; it must be a string"),
    ({"type": "stdio", "cases": [{**CASE, "out": ""}]}, r"unknown fields \['out'\]; did you mean 'stdout'"),
    ({"type": "stdio", "cases": [CASE], "case": 1}, r"unknown fields \['case'\]; known"),
    ({"type": "stdio", "cases": [CASE], "language": "cobol"}, "language is 'cobol'; known: python, c, cpp"),
    ({"type": "stdio", "cases": [CASE], "language": None}, "language is None"),
    ({"type": "stdio", "cases": [CASE], "compare": "exact"}, "compare must be an object .*, not 'exact'"),
    ({"type": "stdio", "cases": [CASE], "compare": {"float": -1}}, "compare.float must be a finite number"),
    ({"type": "stdio", "cases": [CASE], "compare": {"float": True}}, "compare.float must be a finite number"),
    ({"type": "stdio", "cases": [CASE], "compare": {"tol": 1}}, "leave it out to compare exactly"),
    ({"type": "stdio", "cases": [CASE], "compare": {"checker": "x = 1"}}, r"defines check\(stdin, stdout, expected\)"),
    ({"type": "stdio", "cases": [CASE], "limits": {"time": 1}}, r"reference.limits has unknown fields \['time'\]"),
    ({"type": "stdio", "cases": [CASE], "limits": {"time_s": 0}}, "time_s must be a number above 0 and at most 3600"),
    ({"type": "stdio", "cases": [CASE], "limits": {"time_s": math.nan}}, "time_s must be a number above 0"),
    ({"type": "stdio", "cases": [CASE], "limits": {"memory_mb": 0.5}}, "memory_mb must be a whole number"),
    ({"type": "stdio", "cases": [CASE], "partial": 1}, "partial must be true .* or false, not 1"),
    ({"type": "stdio", "cases": [CASE], "extract": "last"}, "extract must be 'fenced' .* or 'code'"),
    ({**FUNCTION, "entry_point": "a.b.c"}, "the name of a function, or Class.method, not 'a.b.c'"),
    ({**FUNCTION, "entry_point": "f()"}, "entry_point must be the name"),
    ({**FUNCTION, "cases": [{"args": 1, "expected": 1}]}, r"args must be a list of the call's arguments, not 1"),
    ({**FUNCTION, "cases": [{"args": []}]}, "has no 'expected'; give the value"),
    ({**FUNCTION, "cases": [{"args": [{"$set": 1}], "expected": 1}]}, r"args\[\] cannot be read: .* must be a list"),
    ({**FUNCTION, "cases": [{"args": [{"$set": [[1]]}], "expected": 1}]}, "unhashable"),
    ({**FUNCTION, "cases": [{**CALL, "kwargs": {"not a name": 1}}]}, "kwargs must be an object of named arguments"),
    ({**FUNCTION, "compare": {"checker": "check"}}, 'compare must be {"float": tolerance}, not'),
    ({"type": "asserts", "asserts": "assert f()"}, "asserts must be a list of at least one source of a test"),
    ({"type": "asserts", "asserts": [" "]}, r"asserts\[\] must be the source of a test, not ' '"),
    ({**ROWS[8], "entry_point": "A.f"}, "entry_point must be the name of a function, not 'A.f'"),
    ({**ROWS[8], "test": "assert f()"}, r"defines check\(candidate\)"),
    ({"type": "pytest", "files": {}}, r"needs a file called test_\*.py .*; it has no files"),
    ({"type": "pytest", "files": {"a.py": ""}}, "it has a.py"),
    ({"type": "pytest", "files": {"../test_a.py": ""}}, "a relative path inside the folder, not '../test_a.py'"),
    ({"type": "pytest", "files": {"test_a.py": "", "solution.py": ""}}, "the response's own place; rename"),
    ({"type": "pytest", "files": {"test_a.py": 1}}, r"files\['test_a.py'\] must be the source as a string, not 1"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "message"), REFUSED, ids=lambda part: str(part)[:60])
def test_what_cannot_be_read_is_refused_with_field_value_and_what_to_do(row: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRow, match=message):
        reference_from(row)


VALUES: list[object] = [
    (1, [2, (3,)]),
    {1, 2},
    frozenset({"a"}),
    2j,
    b"\x00\xff",
    math.inf,
    {1: "a", (1, 2): [None]},
    {"$set": 1},
    {"$set": [1], "b": 2},
    {"$unknown": 1},
    [True, None, 1.5, "\ud800"],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_from_its_tagged_json(value: object) -> None:
    assert untagged(json.loads(json.dumps(tagged(value), allow_nan=False))) == value


def test_nan_and_values_without_a_form() -> None:
    assert tagged(math.nan) == {"$float": "nan"}
    with pytest.raises(ValueError, match="type object has no JSON form"):
        tagged([object()])
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="200 levels deep"):
        tagged(deep)
    with pytest.raises(ValueError, match="200 levels deep"):
        untagged(deep)
