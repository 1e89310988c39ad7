"""Countdown: reach a target from given numbers with the four operations, each number used exactly once.

Problems are solvable by construction: the target is the value of a random expression over the numbers. Every
intermediate value is a positive integer, so divisions are exact. Problems that differ only in the order of the numbers
count as one. The task is that of TinyZero (Pan et al. 2025) and of the television game.

Example:
    >>> draw = draw_problems(Kind(numbers=(3, 3), largest=25, target=(10, 99)), seed=1)
    >>> next(draw).reference.type
    'countdown'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy

from data_prep.errors import DataError
from data_prep.problem import Problem
from data_prep.sources.random_draws import generator, without_repetition
from rewards.types import CountdownReference

_TRIES = 20_000  # expressions to try for one problem before giving up on the target range

_LARGEST = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The form of the problems.

    numbers: minimum and maximum count of numbers. largest: numbers are drawn from 1 to this. target: inclusive range.
    """

    numbers: tuple[int, int] = (3, 4)
    largest: int = 99
    target: tuple[int, int] = (10, 99)

    def __post_init__(self) -> None:
        if not 2 <= self.numbers[0] <= self.numbers[1] <= 10:
            raise DataError(f"numbers is {self.numbers}; it must be a range within 2 to 10")
        if not 1 <= self.largest <= _LARGEST:
            raise DataError(f"largest is {self.largest}; it must be 1 to {_LARGEST}")
        if not 1 <= self.target[0] <= self.target[1]:
            raise DataError(f"target is {self.target}; it must be a range of numbers from 1 up")


@dataclass(frozen=True, slots=True)
class Countdown:
    """The identity of a problem: its sorted numbers and target."""

    numbers: tuple[int, ...]
    target: int


_OPERATIONS: tuple[Callable[[int, int], int | None], ...] = (
    lambda left, right: left + right,
    lambda left, right: left - right if left > right else None,
    lambda left, right: left * right,
    lambda left, right: left // right if left % right == 0 else None,
)


def draw_problems(kind: Kind, seed: int) -> Iterator[Problem]:
    """Yield different problems of a kind in an order determined by the seed, until no new one is found."""
    rng = generator(seed, 0)
    for drawn in without_repetition(lambda: _draw(kind, rng)):
        yield _problem(drawn, rng)


def take_problems(kind: Kind, count: int, seed: int) -> Iterator[Problem]:
    """The first `count` problems of a draw. Raises DataError if there are fewer."""
    given = 0
    if count > 0:
        for given, problem in enumerate(draw_problems(kind, seed), start=1):
            yield problem
            if given == count:
                return
        raise DataError(
            f"{count} different countdown problems asked for, but only {given} found with {kind.numbers[0]} to "
            f"{kind.numbers[1]} numbers up to {kind.largest} and targets {kind.target[0]} to {kind.target[1]}; "
            "widen the ranges"
        )


def _draw(kind: Kind, rng: numpy.random.Generator) -> Countdown:
    low, high = kind.target
    for _ in range(_TRIES):
        count = int(rng.integers(kind.numbers[0], kind.numbers[1] + 1))
        numbers = tuple(rng.integers(1, kind.largest + 1, size=count).tolist())
        value = _random_value(numbers, rng)
        if value is not None and low <= value <= high:
            return Countdown(tuple(sorted(numbers)), value)
    raise DataError(
        f"no expression of {kind.numbers[0]} to {kind.numbers[1]} numbers up to {kind.largest} came to a target of "
        f"{low} to {high} in {_TRIES} tries; widen the ranges"
    )


def _random_value(numbers: tuple[int, ...], rng: numpy.random.Generator) -> int | None:
    """The value of a random expression that uses each number once; None if a value in it is not a positive integer."""
    values = list(numbers)
    while len(values) > 1:
        left = values.pop(int(rng.integers(len(values))))
        right = values.pop(int(rng.integers(len(values))))
        result = _OPERATIONS[int(rng.integers(len(_OPERATIONS)))](left, right)
        if result is None:
            return None
        values.append(result)
    return values[0]


def _problem(drawn: Countdown, rng: numpy.random.Generator) -> Problem:
    numbers = tuple(drawn.numbers[i] for i in rng.permutation(len(drawn.numbers)))
    listed = f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return Problem.make(
        question=(
            f"Use each of the numbers {listed} exactly once, with +, -, * and / and brackets as you like, to write an "
            f"expression that equals {drawn.target}."
        ),
        reference=CountdownReference(numbers=numbers, target=drawn.target),
        source="countdown",
        tags=(f"{len(numbers)} numbers",),
    )
