"""Generated sums and differences: many problems that a small model can learn, with checkable answers.

A problem joins `terms` numbers of `digits` digits (without leading zeros) by the given operations. Problems are drawn
without repetition in an order that depends only on the seed, so a longer draw begins with a shorter one, and the pieces
of one draw share no problem (`split_draw`).

Demonstrations teach the response format. A share `worked_share` of them shows every running sum; the others write `?`
as reasoning and guess. A model warmed up on both can reason but mostly does not, which reinforcement learning can then
improve. A guess is the answer of another random problem of the same kind.

Example:
    >>> sum_ = Sum(numbers=(3, 5, 2, 7, 1))
    >>> sum_.question, sum_.answer
    ('3+5+2+7+1=', 18)
    >>> sum_.worked()
    '<think>3+5=8 8+2=10 10+7=17 17+1=18</think><answer>18</answer>'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy

from data_prep.demonstrations import Demonstration
from data_prep.errors import DataError
from data_prep.problem import MathReference, Problem
from data_prep.sources.random_draws import generator, without_repetition

OPERATIONS = ("+", "-")

_LISTABLE = 2_000_000  # up to this many problems, permuting all is cheaper than drawing until one is new


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The form of the problems: count and digits of the numbers, and the operations (`+`, `-` or `+-`)."""

    terms: int = 5
    digits: int = 1
    operations: str = "+"

    def __post_init__(self) -> None:
        if self.terms < 2:
            raise DataError(f"terms is {self.terms}; a sum has at least 2")
        if not 1 <= self.digits <= 15:
            raise DataError(f"digits is {self.digits}; it must be 1 to 15")
        if not self.operations or set(self.operations) - set(OPERATIONS):
            raise DataError(f"operations is {self.operations!r}; it must be '+', '-' or '+-'")

    @property
    def lowest(self) -> int:
        return 0 if self.digits == 1 else 10 ** (self.digits - 1)

    @property
    def size(self) -> int:
        """The number of different problems."""
        numbers, operations = 10**self.digits - self.lowest, len(set(self.operations))
        return int(numbers**self.terms * operations ** (self.terms - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """One problem: numbers, and the operation before each except the first (empty = all `+`)."""

    numbers: tuple[int, ...]
    operations: tuple[str, ...] = ()

    @property
    def _operations(self) -> tuple[str, ...]:
        return self.operations or ("+",) * (len(self.numbers) - 1)

    @property
    def question(self) -> str:
        rest = (f"{operation}{number}" for operation, number in zip(self._operations, self.numbers[1:], strict=True))
        return f"{self.numbers[0]}{''.join(rest)}="

    @property
    def answer(self) -> int:
        return self.running[-1]

    @property
    def running(self) -> tuple[int, ...]:
        """The value after each number."""
        values = [self.numbers[0]]
        for operation, number in zip(self._operations, self.numbers[1:], strict=True):
            values.append(values[-1] + number if operation == "+" else values[-1] - number)
        return tuple(values)

    def worked(self) -> str:
        """A response that shows every running sum."""
        running = self.running
        steps = zip(running, self._operations, self.numbers[1:], running[1:], strict=False)
        shown = " ".join(f"{left}{operation}{number}={result}" for left, operation, number, result in steps)
        return f"<think>{shown}</think><answer>{self.answer}</answer>"

    def problem(self) -> Problem:
        return Problem.make(
            question=self.question, reference=MathReference(answer=str(self.answer)), source="arithmetic"
        )


def draw_sums(kind: Kind, seed: int) -> Iterator[Sum]:
    """Yield all problems of a kind once, in an order determined by the seed."""
    rng = generator(seed, 0)
    if kind.size <= _LISTABLE:
        return (_numbered(kind, int(index)) for index in rng.permutation(kind.size))
    return without_repetition(lambda: _draw(kind, rng), size=kind.size)


def _draw(kind: Kind, rng: numpy.random.Generator) -> Sum:
    numbers = rng.integers(kind.lowest, 10**kind.digits, size=kind.terms)
    choices = sorted(set(kind.operations))
    picked = rng.integers(0, len(choices), size=kind.terms - 1)
    return Sum(numbers=tuple(map(int, numbers)), operations=tuple(choices[i] for i in picked))


def _numbered(kind: Kind, index: int) -> Sum:
    """The problem with an index below `kind.size`: a mixed-radix number of its numbers and operations."""
    choices, width = sorted(set(kind.operations)), 10**kind.digits - kind.lowest
    numbers, operations = [], []
    for _ in range(kind.terms):
        index, number = divmod(index, width)
        numbers.append(kind.lowest + number)
    for _ in range(kind.terms - 1):
        index, choice = divmod(index, len(choices))
        operations.append(choices[choice])
    return Sum(numbers=tuple(numbers), operations=tuple(operations))


def split_draw(kind: Kind, counts: Sequence[int], seed: int) -> list[list[Sum]]:
    """Split one draw into pieces of these lengths, which share no problem.

    Raises:
        DataError: there are fewer different problems.
    """
    if any(count < 0 for count in counts):
        raise DataError(f"counts are {list(counts)}; none can be below 0")
    if sum(counts) > kind.size:
        raise DataError(
            f"{' + '.join(map(str, counts))} different problems asked for, but {kind.terms} terms of {kind.digits} "
            f"digits with {kind.operations!r} give only {kind.size}; ask for fewer, or for more terms or digits"
        )
    drawn = draw_sums(kind, seed)
    return [list(islice(drawn, count)) for count in counts]


def demonstrate(sums: Sequence[Sum], kind: Kind, *, worked_share: float, seed: int) -> list[Demonstration]:
    """Make a response to each problem. A share `worked_share` (exact up to rounding), chosen by the seed, is worked.

    Raises:
        DataError: the share is not in [0, 1].
    """
    if not 0.0 <= worked_share <= 1.0:
        raise DataError(f"worked_share is {worked_share}; it must be between 0 and 1")
    rng = generator(seed, 1)
    worked = set(rng.permutation(len(sums))[: round(worked_share * len(sums))].tolist())
    return [
        Demonstration(problem=one.problem(), response=one.worked() if place in worked else _guess(kind, rng))
        for place, one in enumerate(sums)
    ]


def _guess(kind: Kind, rng: numpy.random.Generator) -> str:
    return f"<think>?</think><answer>{_draw(kind, rng).answer}</answer>"
