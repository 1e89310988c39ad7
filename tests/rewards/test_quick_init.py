"""The faster `__init__` of values made for every grade equals the one that `dataclasses` makes."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from rewards.errors import InvalidRow
from rewards.quick_init import quick_init
from rewards.types import GradeRequest, GradeResult, MathReference, Verdict


@dataclass(frozen=True, slots=True)
class Slow:
    x: int
    y: tuple[int, ...] = field(default_factory=lambda: (1, 2))
    z: str = field(default="z", kw_only=True)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(f"x is {self.x}")


@quick_init
@dataclass(frozen=True, slots=True)
class Quick:
    x: int
    y: tuple[int, ...] = field(default_factory=lambda: (1, 2))
    z: str = field(default="z", kw_only=True)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(f"x is {self.x}")


def outcome(cls: Callable[..., object], *values: Any, **named: Any) -> str:
    try:
        return repr(cls(*values, **named))
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def test_it_takes_the_same_arguments_and_sets_the_same_fields() -> None:
    quick, slow = (inspect.signature(cls).parameters.values() for cls in (Quick, Slow))
    assert [(one.name, one.kind, one.annotation) for one in quick] == [
        (one.name, one.kind, one.annotation) for one in slow
    ]
    for values, named in (((3,), {}), ((), {"y": (), "x": 1, "z": "a"}), ((), {}), ((1, (), "a"), {}), ((-1,), {})):
        assert outcome(Quick, *values, **named) == outcome(Slow, *values, **named).replace("Slow", "Quick")


def test_what_it_makes_is_frozen_and_can_be_copied_and_extended() -> None:
    made = Quick(3)
    assert made == replace(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))
    with pytest.raises(FrozenInstanceError):
        made.x = 4  # type: ignore[misc]

    class Extended(Quick):
        note = ""

    assert Extended(3).y == (1, 2)


def test_requests_and_results_are_checked_as_ever() -> None:
    assert GradeRequest(response="4", reference=MathReference(answer="4")).metadata == {}
    assert outcome(GradeRequest).startswith("TypeError: GradeRequest.__init__() missing 1 required keyword-only")
    with pytest.raises(InvalidRow, match="None goes with 'ungraded'"):
        GradeResult(score=None, verdict=Verdict.WRONG)
