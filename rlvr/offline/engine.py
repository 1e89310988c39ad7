"""Engines that grade rows, in this process or in others.

`LocalEngine` is a stream with a describer. `Grades` makes one for each chunk of rows that another process is given: one
of this machine (`process_engine`) or an actor of a cluster (`ray_engine`).

Example:
    grades = Grades(setup)
    for batch in grades.engine(rows):
        for written in batch:
            print(written.line)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from rewards.pool import GraderPool
from rewards.spec import RewardSpec
from rlvr.offline.asking import Asking, References
from rlvr.offline.columns import Columns
from rlvr.offline.policies import BothPolicies
from rlvr.offline.recorder import Describer, Written
from rlvr.offline.selection import Numbered
from rlvr.offline.stream import GradingStream

_WINDOW = 1 << 12


class Engine(Protocol):
    """Grades rows from a start position. Yields batches in input order; an empty batch while nothing is finished."""

    def __iter__(self) -> Iterator[list[Written]]: ...

    def stop(self) -> None:
        """Start no further grades; running ones are still returned. May be called from a signal handler."""
        ...


class LocalEngine:
    """The engine of one process."""

    def __init__(self, stream: GradingStream, describe: Describer) -> None:
        self._stream = stream
        self._describe = describe

    def __iter__(self) -> Iterator[list[Written]]:
        for batch in self._stream:
            yield [self._describe(item) for item in batch]

    def stop(self) -> None:
        self._stream.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Settings for another process. folder: current folder, for rewards named by relative paths."""

    reward: RewardSpec
    columns: Columns
    kind: str
    deadline: float
    folder: str


class Grades:
    """Grades chunks of rows with a pool of one worker, with the same deadlines as in the main process."""

    def __init__(self, setup: Setup) -> None:
        """Raises ToolkitError if the reward does not work in this process."""
        with ExitStack() as stack:
            self._pool = stack.enter_context(GraderPool(setup.reward, workers=1, deadline=setup.deadline))
            policies = BothPolicies.of(setup.reward, workers=1, deadline=setup.deadline)
            if policies is not None:
                stack.enter_context(policies)
            self._asking = Asking(setup.columns, setup.kind, References(setup.reward), policies=policies)
            self._describe = Describer(setup.columns, reward=self._pool.identity)
            self._open = stack.pop_all()

    def engine(self, rows: Iterable[Numbered], *, passed: int = 0) -> LocalEngine:
        """Engine for these rows; ordinals start at 0. passed: leading responses to skip."""
        stream = GradingStream(
            rows, self._pool, asking=self._asking, window=_WINDOW, is_done=lambda ordinal: ordinal < passed
        )
        return LocalEngine(stream, self._describe)

    def close(self) -> None:
        """Stop the workers."""
        self._open.close()
