r"""No regular expression of the graders repeats a repetition with nothing between two of them.

`(?:\d+,?)*` needs exponential time to refuse a long number, since each digit may begin a new repetition.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as codes  # the standard library has no public parser of patterns
from re import _parser as parser
from typing import Any

import pytest

import rewards
from rewards.math.late import late

_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)  # possessive ones never give back
_MANY = 20
_MOST_WAYS = 400


def _inner(element: Any) -> list[Any]:
    """The sequences that the element consists of; empty for a single character."""
    code, value = element
    if code in (*_REPEATS, codes.POSSESSIVE_REPEAT):
        return [value[2]]
    if code is codes.SUBPATTERN:
        return [value[3]]
    if code is codes.BRANCH:
        return list(value[1])
    return [value[1]] if code in (codes.ASSERT, codes.ASSERT_NOT) else []


def _may_be_empty(element: Any) -> bool:
    code, value = element
    if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
        return True
    if code in (*_REPEATS, codes.POSSESSIVE_REPEAT) and value[0] == 0:
        return True
    return any(all(map(_may_be_empty, one)) for one in _inner(element))


def _ways(sequence: Any) -> list[list[Any]]:
    """The sequence without groups, in each choice of its branches."""
    ways: list[list[Any]] = [[]]
    for element in sequence:
        is_group = element[0] in (codes.SUBPATTERN, codes.BRANCH)
        choices = [way for one in _inner(element) for way in _ways(one)] if is_group else [[element]]
        ways = [[*way, *choice] for way in ways for choice in choices][:_MOST_WAYS]
    return ways


def _is_many(element: Any) -> bool:
    return element[0] in _REPEATS and element[1][1] > _MANY


def _repeats_a_repetition(sequence: Any) -> bool:
    for element in sequence:
        for way in _ways(element[1][2]) if _is_many(element) else []:
            for at, one in enumerate(way):
                if _is_many(one) and all(map(_may_be_empty, way[:at] + way[at + 1 :])):
                    return True
        if any(map(_repeats_a_repetition, _inner(element))):
            return True
    return False


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


@pytest.mark.parametrize("pattern", [r"(?:\d+,?)*", r"(?:x|-|\s*(a\w+|\d+))+y", r"((?:\s*,?-?\d+)*)"])
def test_a_repeated_repetition_is_found(pattern: str) -> None:
    assert _repeats_a_repetition(parser.parse(pattern))


@pytest.mark.parametrize("pattern", [r"(?:\d+,)*", r"\d+(?:[\s,]\d+)*", r"(?:\d++,?)*", r"(?:\d{1,3},?)*"])
def test_repetitions_with_something_between_them_are_none(pattern: str) -> None:
    assert not _repeats_a_repetition(parser.parse(pattern))


def test_no_pattern_of_the_graders_repeats_a_repetition() -> None:
    patterns = _all_patterns()
    assert len(patterns) > 500
    assert [name for found, name in patterns.items() if _repeats_a_repetition(parser.parse(*found))] == []
