"""What grades rows, in this process or in another: a pool, how rows are asked about, and what is written of them.

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

from rewards.composition import RewardSpec
from rewards.pool import GraderPool
from rlvr.offline.asking import Asking, References
from rlvr.offline.columns import Columns
from rlvr.offline.policies import BothPolicies
from rlvr.offline.recorder import Describer, Written
from rlvr.offline.selection import Numbered
from rlvr.offline.stream import GradingStream

_WINDOW = 1 << 12


class Engine(Protocol):
    """Grades rows from a place on; batches come in the order of the input, an empty one while nothing is known."""

    def __iter__(self) -> Iterator[list[Written]]: ...

    def stop(self) -> None:
        """Begin nothing more; what is being graded is still given out. It may be called from a signal handler."""
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
    """What another process grades with. folder: where this one is, for rewards that are named by a relative path."""

    reward: RewardSpec
    columns: Columns
    kind: str
    timeout: float
    folder: str


class Grades:
    """Grades chunks of rows with a pool of one worker, so that deadlines hold as in the process that asks."""

    def __init__(self, setup: Setup) -> None:
        """Raises ToolkitError: the reward does not hold here."""
        with ExitStack() as stack:
            self._pool = stack.enter_context(GraderPool(setup.reward, workers=1, deadline=setup.timeout))
            policies = BothPolicies.of(setup.reward, workers=1, deadline=setup.timeout)
            if policies is not None:
                stack.enter_context(policies)
            self._asking = Asking(setup.columns, setup.kind, References(setup.reward), policies=policies)
            self._describe = Describer(setup.columns, reward=self._pool.identity)
            self._open = stack.pop_all()

    def engine(self, rows: Iterable[Numbered], *, passed: int = 0) -> LocalEngine:
        """Grades these rows; ordinals count from 0. passed: responses at their beginning to leave out."""
        stream = GradingStream(
            rows, self._pool, asking=self._asking, window=_WINDOW, is_done=lambda ordinal: ordinal < passed
        )
        return LocalEngine(stream, self._describe)

    def close(self) -> None:
        """End the workers."""
        self._open.close()
