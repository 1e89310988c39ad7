"""Patterns in linear time, and the reward `regex`."""

from __future__ import annotations

import contextlib
import re
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import GradeRequest, GradeResult, InvalidReward, InvalidRow, RegexReference, Verdict, find
from rewards.rules.linear_regex import Unsupported, compile_linear
from rewards.rules.regex import regex
from rewards.types import DataReference, Json, reference_from
from tests.shares import examples

ATOMS = st.sampled_from(
    [
        *("a", "b", "A", "é", "1", " ", "_", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[a-c]", "[^a]", r"[\d_]"),
        *("^", "$", r"\A", r"\Z", r"\b", r"\B", "\n", "(?i:a)", "(?s:.)", "(?m:^)", "(?m:$)", r"(?a:\w)", r"(?-i:a)"),
        *("(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(?=\s|$)", r"(?<!\w)", r"(?<!\d)1(?!\d)", "(?:)", "()", "(?!)"),
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{1,3}", "{,2}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(500))
@given(PATTERNS, st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?ims)"]), st.text("aAbBcé1_ \nK\u212a", max_size=8))
def test_it_answers_as_python_does(pattern: str, flags: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = re.compile(flags + pattern)
    ours = compile_linear(flags + pattern)
    assert ours.search(text) == (expected.search(text) is not None)
    assert ours.fullmatch(text) == (expected.fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "matching", "text"),
    [
        (r"(a+)+$", False, "a" * 50_000 + "b"),
        (r"^(a|a)*$", False, "a" * 50_000 + "b"),
        (r"^(a|aa)+$", False, "a" * 50_000 + "b"),
        (r"(.*)(.*)(.*)(.*)x", False, "a" * 50_000),
        (r"\s+$", False, " " * 50_000 + "b"),
        (r"(\w+\s?)*!", False, "word " * 10_000),
        (r"^([a-zA-Z0-9._]+)*@", False, "a" * 50_000),
        (r"(a?){30}a{30}", True, "a" * 30),
        (r"(a|b)*a(a|b){12}c", False, "ab" * 25_000),
    ],
)
def test_a_pattern_on_which_python_backtracks_without_end_is_one_pass(pattern: str, matching: bool, text: str) -> None:
    for last in (False, False, True):  # a busy machine is no fault of ours
        half = compile_linear(pattern)
        began = time.process_time()
        half.search(text[: len(text) // 2])
        middle = time.process_time()
        assert compile_linear(pattern).search(text) == matching
        if time.process_time() - middle < 4 * (middle - began) + 0.2:
            break
        assert not last, "twice the text takes more than four times as long"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(a)\1", "a back-reference is not matched in linear time"),
        (r"(?P<x>a)(?P=x)", "a back-reference"),
        (r"(a)?(?(1)b|c)", "a condition on a group"),
        (r"(?>a)", "an atomic group"),
        (r"a*+", "a possessive repeat"),
        (r"(?=ab)", "look-around over more than one character"),
        (r"(?<!ab)c", "look-around over more than one character"),
        (r"(?!.*a)", "look-around over more than one character"),
        ("[", "no regular expression of Python's: unterminated character set"),
        ("a**", "multiple repeat"),
        ("(?P<1>a)", "no regular expression of Python's"),
        ("a{1000}" * 3, "grows to more than 2000 steps"),
        ("(((a{9}){9}){9}){9}", "grows to more than 2000 steps"),
        ("(?:){100000}", "grows to more than 2000 steps"),
        ("a{99999999999}", "no regular expression of Python's"),
        ("(" * 100 + ")" * 100, "nested more than 60 deep"),
        ("a" * 6000, "it has 6000 characters; 5000 are read at most"),
    ],
)
def test_what_is_not_linear_is_refused_when_it_is_read_and_says_why(pattern: str, message: str) -> None:
    with pytest.raises(Unsupported, match=re.escape(message)):
        compile_linear(pattern)
    with pytest.raises(InvalidRow, match=r"reference\.pattern"):
        reference_from({"type": "regex", "pattern": pattern})
    with pytest.raises(InvalidReward, match="parameter 'pattern'"):
        find("regex").check({"pattern": pattern})


@given(st.text(max_size=30))
def test_any_text_as_a_pattern_is_read_or_refused(source: str) -> None:
    with contextlib.suppress(Unsupported):
        compile_linear(source).search("some text\n")


def test_what_was_learned_of_a_text_is_forgotten_before_memory_runs_out() -> None:
    pattern = compile_linear("(?:a|[^a])*a(?:a|[^a]){20}b")
    text = "".join(chr(0x4E00 + i % 20_000) + "ab"[i % 3 == 0] for i in range(200_000))
    assert pattern.search(text) == (re.search("(?s)a.{20}b", text) is not None)
    assert pattern._search._known <= 60_000


def judge(response: str, pattern: str | list[str], **parameters: Json) -> GradeResult:
    reference = reference_from({"type": "regex", "pattern": pattern})
    return regex(GradeRequest(response=response, reference=reference), **parameters)  # type: ignore[arg-type]


def test_a_match_is_right_and_everything_else_is_wrong() -> None:
    assert judge("It is Paris.", r"(?i)\bparis\b").verdict is Verdict.CORRECT
    result = judge("It is Rome.", r"(?i)\bparis\b")
    assert (result.score, result.correctness, result.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert "paris" in result.reason


def test_all_patterns_of_a_reference_must_match() -> None:
    assert judge("a and b", ["a", "b"]).score == 1.0
    assert judge("a and c", ["a", "b"]).score == 0.0


def test_the_whole_text_is_asked_for_by_mode_and_the_references_own_wins() -> None:
    assert judge(" 42 \n", r"\d+", mode="full").score == 1.0
    assert judge("x 42", r"\d+", mode="full").score == 0.0
    row = reference_from({"type": "regex", "pattern": r"\d+", "mode": "full"})
    assert regex(GradeRequest(response="x 42", reference=row), mode="search").score == 0.0
    assert row.to_dict() == {"type": "regex", "pattern": r"\d+", "mode": "full"}


def test_thinking_does_not_count_but_where_it_is_asked_for() -> None:
    response = "<think>Paris</think><answer>Rome</answer>"
    assert judge(response, "Paris").score == 0.0
    assert judge(response, "Paris", place="thinking").score == 1.0
    assert judge(response, "Paris", place="response").score == 1.0
    assert judge(response, "Rome", place="answer", mode="full").score == 1.0
    assert judge("<think>Paris", "Paris").verdict is Verdict.NO_ANSWER
    assert judge("Rome<|im_end|>Paris", "Paris").score == 0.0


def test_a_parameter_stands_for_the_pattern_of_every_row() -> None:
    assert regex(GradeRequest(response="12"), pattern=r"^\d+$").score == 1.0
    assert regex(GradeRequest(response="12", reference=DataReference(value=1))).verdict is Verdict.UNGRADED
    broken = GradeRequest(response="12", reference=RegexReference(patterns=("[",)))
    assert "unterminated" in regex(broken).reason


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"type": "regex"}, "must be a regular expression or a list of them, not None"),
        ({"type": "regex", "pattern": []}, "an empty list"),
        ({"type": "regex", "pattern": [1]}, "not 1"),
        ({"type": "regex", "pattern": "a", "mode": "match"}, "'search' or 'full', not 'match'"),
        ({"type": "regex", "patern": "a"}, "unknown fields"),
    ],
)
def test_a_reference_that_cannot_be_read_says_why(row: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRow, match=message):
        reference_from(row)
