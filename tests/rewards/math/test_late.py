"""Regular expressions that are compiled when they are first asked."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import rewards.math
from rewards.math.late import late


def test_a_pattern_that_is_asked_answers_as_a_compiled_one_does() -> None:
    mine, compiled = late(r"(\d+)([a-z])?", re.IGNORECASE), re.compile(r"(\d+)([a-z])?", re.IGNORECASE)
    text = "12x and 3"
    assert mine.findall(text) == compiled.findall(text)
    assert mine.sub("#", text) == compiled.sub("#", text)
    assert (mine.pattern, mine.flags) == (compiled.pattern, compiled.flags)
    found, other = mine.search(text), mine.fullmatch(text)
    assert found is not None
    assert found.groups() == ("12", "x")
    assert other is None


def test_a_mistake_is_found_when_the_pattern_is_first_asked() -> None:
    mistaken = late("(")
    with pytest.raises(re.error):
        mistaken.search("")
    with pytest.raises(AttributeError):
        mistaken.matches  # noqa: B018


def test_all_patterns_of_the_grader_can_be_compiled() -> None:
    kind, seen = type(late("")), 0
    for module in pkgutil.walk_packages(rewards.math.__path__, "rewards.math."):
        for value in vars(importlib.import_module(module.name)).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, kind):
                    assert one.flags  # type: ignore[unreachable]
                    seen += 1
    assert seen > 100
