"""YAML as configs and options hold it: numbers mean what they look like, and every mistake is a message."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rlvr.yaml_text import NotYaml, read_yaml, write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1e3", 1000.0),
        ("-2.5E+2", -250.0),
        (".5", 0.5),
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("1_000", 1000),
        ("0x10", 16),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("010", "010"),
        ("12:30", "12:30"),
        ("yes", "yes"),
        ("off", "off"),
        ("2024-01-01", "2024-01-01"),
        ("2024-13-45", "2024-13-45"),
        ("1.2.3", "1.2.3"),
        ("'5'", "5"),
        ("[1e-6, a]", [1e-6, "a"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_words_mean_what_they_look_like(text: str, value: object) -> None:
    read = read_yaml(text)
    assert read == value
    assert type(read) is type(value)


def test_numbers_that_are_none_and_infinity_are_read() -> None:
    assert math.isnan(read_yaml(".nan"))  # type: ignore[arg-type]
    assert read_yaml("-.inf") == -math.inf


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "expected the node content"),
        ("a: 1\na: 2", "'a' stands twice"),
        ("{a: {b: 1, b: 2}}", "'b' stands twice"),
        ("!!int abc", "abc"),
        ("!!bool x", "x"),
        ("!!int ''", "index"),
        ("!!python/object:os.system x", "could not determine a constructor"),
        ("9" * 5000, "digits"),
        ("[" * 5000, "nested too deeply"),
        ("? [a]\n: b", "unhashable"),
        ("a: 1\n---\nb: 2", "single document"),
        ("&a {b: *a}", "holds itself"),
        ("&a [[*a]]", "holds itself"),
    ],
)
def test_every_mistake_is_one_error_that_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(NotYaml, match=says):
        read_yaml(text)


def test_a_value_that_is_named_twice_does_not_hold_itself() -> None:
    assert read_yaml("{a: &x [1], b: *x, c: {d: *x}}") == {"a": [1], "b": [1], "c": {"d": [1]}}


@given(st.text() | st.from_regex(r"[-+0-9eE._:xyntfl]{1,8}", fullmatch=True))
@example("1e-6")
@example("yes")
@example("12:30")
@example("2024-01-01")
@example("\x85")
@example("a\u2028 b\u2029\n")
def test_every_text_is_read_as_it_was_written(text: str) -> None:
    assert read_yaml(write_yaml({"name": text, "stop": [text]})) == {"name": text, "stop": [text]}


@given(st.floats() | st.integers() | st.booleans() | st.none())
def test_every_number_is_read_as_it_was_written(value: float | bool | None) -> None:
    read = read_yaml(write_yaml([value]))
    assert repr(read) == repr([value])
