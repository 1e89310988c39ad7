"""The reward `json_schema`: where the JSON may be, how strictly it is parsed, and what a schema may contain."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, GradeResult, InvalidRow, JsonSchemaReference, Verdict, grade
from rewards.rules.json_schema import json_schema, read_json
from rewards.rules.schema import DEEPEST, MOST_MEMBERS, check_schema, depth_of, fault
from rewards.types import DataReference, Json, reference_from

PERSON: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}


def judge(response: str, schema: Json = PERSON, **parameters: str) -> GradeResult:
    reference = reference_from({"type": "json_schema", "schema": schema})
    return json_schema(GradeRequest(response=response, reference=reference), **parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "response",
    [
        '{"name": "Ada"}',
        ' \n{"name": "Ada", "age": 36.0}\n',
        'Here:\n```json\n{"name": "Ada"}\n```\nDone.',
        'Here:\n```\n{"name": "Ada"}\n```',
        'First\n```json\n{"nam": 1}\n```\nbetter:\n```JSON\n{"name": "Ada"}\n```',
        '```json\n{"name": "Ada"}\n```\nand as Python\n```python\nAda\n```',
        '~~~json\n{"name": "`"}\n~~~',
        '<think>{"nam": 1}</think><answer>{"name": "Ada"}</answer>',
        '<answer>\n```json\n{"name": "Ada"}\n```\n</answer>',
        '{"name": "<b>"}',
        '{"name": "\\u0041\\ud83d\\ude00"}',
    ],
)
def test_json_that_satisfies_the_schema_is_right(response: str) -> None:
    result = judge(response)
    assert (result.score, result.correctness, result.verdict) == (1.0, 1.0, Verdict.CORRECT), result.reason


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("{}", "'name' is a required property"),
        ('{"name": 1}', "name: 1 is not of type 'string'"),
        ('{"name": "Ada", "age": -1}', "age: -1 is less than the minimum of 0"),
        ('{"name": "Ada", "age": true}', "age: True is not of type 'integer'"),
        ('{"name": "Ada", "x": 1}', "additional property 'x' is not allowed"),
        ('{"name": "Ada", "name": "Bob"}', "the key 'name' stands twice"),
        ('{"name": NaN}', "NaN is no JSON"),
        ('{"age": -Infinity}', "-Infinity is no JSON"),
        ('{"age": 1e999}', "the number 1e999 is too large"),
        ('{"age": ' + "9" * 5000 + "}", "a number has 5000 characters"),
        ('{"name": "Ada"} {"name": "Bob"}', "not JSON: Extra data"),
        ('{"name": "Ada",}', "not JSON"),
        ("{'name': 'Ada'}", "not JSON"),
        ('// a comment\n{"name": "Ada"}', "not JSON"),
        ('The answer is {"name": "Ada"}', "not JSON"),
        ("[" * 100_000, f"nested more than {DEEPEST} deep"),
        ("[" * 60 + "]" * 60, f"nested more than {DEEPEST} deep"),
        ('"' + "a" * 2_000_000 + '"', "has 2000002 characters; 1000000 are read at most"),
        ('```json\n{"name": "Ada"}\n```\n```json\n{"nam": 1}\n```', "required property"),
        ('<think>{"name": "Ada"}</think>{}', "required property"),
    ],
)
def test_what_does_not_satisfy_it_is_wrong_and_says_why(response: str, reason: str) -> None:
    result = judge(response)
    assert (result.score, result.correctness, result.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert reason in result.reason


def test_the_deepest_value_is_read_and_levels_below_it_are_not_counted() -> None:
    def nested(levels: int) -> Json:
        value: Json = 1
        for level in range(levels):
            value = [value] if level % 2 else {"a": value}
        return value

    assert [depth_of(nested(levels)) for levels in (0, 1, 2)] == [0, 1, 2]
    assert depth_of(nested(DEEPEST)) == DEEPEST
    assert depth_of(nested(DEEPEST + 1)) == depth_of(nested(10 * DEEPEST)) == DEEPEST + 1
    assert judge(json.dumps(nested(DEEPEST)), schema=True).score == 1.0
    assert f"nested more than {DEEPEST} deep" in judge(json.dumps(nested(DEEPEST + 1)), schema=True).reason


@pytest.mark.parametrize("response", ["", " ", '<think>{"name": "Ada"}', "<answer></answer>"])
def test_nothing_where_json_should_stand_is_no_answer(response: str) -> None:
    assert judge(response).verdict is Verdict.NO_ANSWER


def test_the_source_is_a_parameter() -> None:
    fenced = 'Here:\n```json\n{"name": "Ada"}\n```'
    assert judge(fenced, source="fenced").score == 1.0
    assert judge(fenced, source="response").score == 0.0
    assert judge('{"name": "Ada"}', source="fenced").verdict is Verdict.NO_ANSWER
    assert judge('{"name": "Ada"}', source="answer").reason == "there is no <answer>"
    assert judge('x <answer>{"name": "Ada"}</answer>', source="answer").score == 1.0
    assert judge('```json\n{"name": "Ada"}', source="fenced").verdict is Verdict.NO_ANSWER


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (3, "a JSON schema is an object, true or false, not 3"),
        ({"type": "objekt"}, r"no JSON schema: at \['type'\]"),
        ({"minimum": "1"}, "no JSON schema"),
        ({"$schema": "https://example.org/mine"}, "no published draft"),
        (
            {"$ref": "https://example.org/a.json"},
            "'https://example.org/a.json', which is not in the schema; nothing is",
        ),
        ({"items": {"$ref": "file:///etc/passwd"}}, "'file:///etc/passwd', which is not in the schema"),
        ({"$ref": "#/$defs/nowhere"}, "which is not in the schema"),
        ({"$ref": "#"}, "leads back to where it stands"),
        ({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "leads back"),
        ({"pattern": r"(a)\1"}, "a back-reference is not matched in linear time"),
        ({"patternProperties": {"(?>a)": True}}, "an atomic group"),
        ({"patternProperties": {"a": True}, "unevaluatedProperties": False}, "'unevaluatedProperties' beside"),
        ({"const": float("nan")}, "it is not JSON"),
    ],
)
def test_a_schema_by_which_nothing_can_be_decided_is_refused_when_it_is_read(schema: Json, message: str) -> None:
    with pytest.raises(InvalidRow, match=message):
        reference_from({"type": "json_schema", "schema": schema})


def test_a_deep_schema_is_refused_without_recursion() -> None:
    schema: Json = {}
    for _ in range(100_000):
        schema = {"items": schema}
    with pytest.raises(ValueError, match="nested more than 50 deep"):
        check_schema(schema)
    while isinstance(schema, dict) and schema:  # a deep object must not be freed by recursion either
        schema = schema.pop("items")


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"properties": {"next": {"$ref": "#"}}},
        {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"n": {}},
            "items": {"$ref": "#/definitions/n"},
        },
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"$id": "https://example.org/a", "$defs": {"n": {"$id": "n"}}, "items": {"$ref": "n"}},
        {"enum": [{"$ref": "https://example.org/no-reference"}]},
        {"properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}, "enum": {"type": "array"}}},
    ],
)  # fmt: skip
def test_schemas_that_stand_by_themselves_are_read(schema: Json) -> None:
    row: dict[str, Json] = {"type": "json_schema", "schema": schema}
    assert reference_from(row).to_dict() == row


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address) or [])
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: asked.append(address))
    reference = JsonSchemaReference(schema={"$ref": "http://example.org/a.json"})  # made by hand, not read
    result = json_schema(GradeRequest(response="{}", reference=reference))
    assert result.verdict is Verdict.UNGRADED
    assert "nothing is fetched" in result.reason
    assert asked == []


def test_patterns_are_matched_in_linear_time() -> None:
    schema: Json = {"properties": {"a": {"pattern": "^(x+)+$"}}, "patternProperties": {"^(q+)+$": {"type": "integer"}}}
    assert judge('{"a": "' + "x" * 5000 + 'y"}', schema).verdict is Verdict.WRONG
    assert judge('{"' + "q" * 5000 + 'z": "s"}', schema).verdict is Verdict.CORRECT
    assert judge('{"qq": "s"}', schema).verdict is Verdict.WRONG
    closed: Json = {"patternProperties": {"^q": True}, "additionalProperties": {"type": "integer"}}
    assert judge('{"q": "s", "x": 1}', closed).score == 1.0
    assert judge('{"q": "s", "x": "s"}', closed).score == 0.0


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ("[]", True),
        ("[1, 2]", True),
        ("[1, 1.0]", False),
        ("[1, true]", True),
        ("[0, false, null, \"\"]", True),
        ('[{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]', False),
        ('[{"a": 1}, {"a": true}]', True),
        ("[[1], [1, 1]]", True),
        ("[[[]], [[]]]", False),
        (json.dumps([{"a": i} for i in range(20_000)]), True),
    ],
)  # fmt: skip
def test_unique_items_are_those_of_json(items: str, unique: bool) -> None:
    assert (judge(items, {"uniqueItems": True}).score == 1.0) == unique


def test_a_recursive_schema_goes_as_deep_as_values_may() -> None:
    schema: Json = {"type": "object", "properties": {"n": {"$ref": "#"}}, "additionalProperties": False}
    inside = DEEPEST - 1
    assert judge('{"n":' * inside + "{}" + "}" * inside, schema).score == 1.0
    assert judge('{"n":' * inside + '{"m":1}' + "}" * inside, schema).score == 0.0


EITHER: Json = {
    "$defs": {
        "sum": {
            "anyOf": [
                {"type": "integer"},
                {"required": ["op"], "properties": {"left": {"$ref": "#/$defs/sum"}, "op": {"const": "+"}}},
                {"required": ["op"], "properties": {"left": {"$ref": "#/$defs/sum"}, "op": {"const": "-"}}},
            ]
        }
    },
    "type": "object",
    "properties": {"of": {"$ref": "#/$defs/sum"}},
}


@pytest.mark.parametrize(("leaf", "right"), [("1", True), ('{"op": "*"}', False)])
def test_alternatives_that_look_at_the_same_part_do_not_multiply(leaf: str, right: bool) -> None:
    inside = DEEPEST - 3
    value = '{"left": ' * inside + leaf + ', "op": "-"}' * inside
    result = judge(f'{{"of": {value}}}', EITHER)
    assert (result.score == 1.0) == right
    assert right or result.reason.startswith("of: ")


@pytest.mark.parametrize(
    ("schema", "opening", "item", "closing"),
    [
        ({"allOf": [{"items": True}], "unevaluatedItems": False}, "[", "1", "]"),
        ({"allOf": [{"additionalProperties": True}], "unevaluatedProperties": False}, "{", '"{}": 1', "}"),
    ],
)
def test_what_unevaluated_looks_at_is_bounded(schema: Json, opening: str, item: str, closing: str) -> None:
    few, many = (opening + ",".join(item.format(i) for i in range(n)) + closing for n in (MOST_MEMBERS, 80_000))
    assert judge(few, schema).score == 1.0
    assert "has 80000 members; beside 'unevaluated" in judge(many, schema).reason


@pytest.mark.parametrize(
    ("value", "divisor", "multiple"),
    [("19.99", 0.01, True), ("0.3", 0.1, True), ("1e308", 0.1, True), ("19.995", 0.01, False), ("7", 2, False)],
)
def test_a_multiple_is_one_of_the_numbers_as_they_are_written(value: str, divisor: float, multiple: bool) -> None:
    assert (judge(value, {"multipleOf": divisor}).score == 1.0) == multiple


def test_it_grades_in_workers() -> None:
    reference = reference_from({"type": "json_schema", "schema": PERSON})
    requests = [GradeRequest(response=r, reference=reference) for r in ('{"name": "Ada"}', "{}", "x")]
    assert [result.score for result in grade("json_schema", requests, workers=1)] == [1.0, 0.0, 0.0]
    assert json_schema(GradeRequest(response="{}", reference=DataReference(value=1))).verdict is Verdict.UNGRADED


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_every_json_value_is_read_as_it_was_written(value: Json) -> None:
    assert read_json(json.dumps(value)) == value
    assert judge(json.dumps(value), True).score == 1.0
    assert fault({"const": value}, value) == ""


@given(st.text(st.sampled_from('{}[]",:0eE-+.1"truefalsn\\u \n```json<answer>'), max_size=40))
def test_no_text_raises(text: str) -> None:
    assert judge(text).score in (0.0, 1.0)
