r"""No regular expression of the graders needs exponential time to refuse a text.

`(?:\d+,?)*` does for a long number, since each digit may begin a new repetition, and so does `(?:\([^()]*,[^()]*\))+`
for triples, each of which has two commas to choose from.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import rewards
from rewards.math.late import late
from tests.rewards.math.ambiguity import is_exponential


def _patterns(value: object) -> Iterator[tuple[str, int]]:
    if isinstance(value, re.Pattern | type(late(""))):
        if isinstance(value.pattern, str):
            yield value.pattern, value.flags
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _patterns(one)
    elif isinstance(value, dict):
        yield from _patterns((*value, *value.values()))


def _all_patterns() -> dict[tuple[str, int], str]:
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(rewards.__path__, "rewards.")]
    return {
        found: f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        for found in _patterns(value)
    }


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:\d+,?)*",
        r"(?:x|-|\s*(a\w+|\d+))+y",
        r"((?:\s*,?-?\d+)*)",
        r"(?:\([^()]*,[^()]*\))+",
        r"(?:,\s*(?:and\s)?\s*x)+",
        r"(?:it|is|itis)*",
        r"([ab])(?:\1\1?x?)*",
        r"(?:\s*+(?:,\s*)?\s*x)*",
        r"x(?!(?:a+b?)+c)",
    ],
)
def test_a_loop_that_reads_one_text_in_two_ways_is_found(pattern: str) -> None:
    assert is_exponential(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:\d+,)*",
        r"\d+(?:[\s,]\d+)*",
        r"(?:\d++,?)*",
        r"(?>(?:\d+,?)*)",
        r"a*a*",
        r"(?:\([^(),]*,[^()]*\))+",
        r"(?:\s*+(?:,\s*+)?x)*",
        r"(?:it\b|is\b|itis\b)*",
        r"(?:\d{1,3},)*",
    ],
)
def test_a_loop_that_reads_each_text_in_one_way_is_none(pattern: str) -> None:
    assert not is_exponential(pattern)


@pytest.mark.slow(20)
def test_no_pattern_of_the_graders_is_exponential() -> None:
    patterns = _all_patterns()
    assert len(patterns) > 500
    assert [name for found, name in patterns.items() if is_exponential(*found)] == []
