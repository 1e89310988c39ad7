"""Pools over `misbehaving.py` for the tests of the pool, and requests to give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rewards import GradeRequest, GradeResult, GraderPool
from tests.waiting import PATIENCE

HERE = Path(__file__).parent
FILE = str(HERE / "misbehaving.py")
DEADLINE = 0.5
"""For what hangs. What does not hang has a deadline that a busy machine does not reach."""

Pools = Callable[..., GraderPool]


@pytest.fixture(name="pool")
def open_pools() -> Iterator[Pools]:
    """Makes pools over `misbehaving.py` that are closed after the test."""
    made: list[GraderPool] = []

    def make(reward: str, **options: object) -> GraderPool:
        options = {"workers": 1, "deadline": PATIENCE, **options}
        made.append(GraderPool(f"{FILE}:{reward}", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def requests(*responses: str) -> list[GradeRequest]:
    return [GradeRequest(response=response) for response in responses]


def scores(results: list[GradeResult]) -> list[float | None]:
    return [result.score for result in results]
