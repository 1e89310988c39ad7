"""Which problem is drawn next: mixing weights of sources, shuffling or difficulty-aware sampling, a running index.

A draw depends on (run seed, draw index) and the checkpointed state below alone. So a resumed run draws the same
problems, and a problem that is drawn twice gets a new index and therefore new samples.

- Source: chosen for each draw with probability proportional to its weight.
- `shuffle`: each source is read in a fresh permutation every epoch; no problem repeats before all were drawn once.
- `difficulty`: a problem with estimated pass rate p is drawn with weight `FLOOR + (1 - FLOOR) * 4 p (1 - p)`: the
  variance of its reward, which is what a group-relative advantage learns from. The estimate is a moving average over
  its groups; an unseen problem has p = 1/2.

Example:
    >>> from data_prep.problem import MathReference
    >>> problems = [Problem.make(question=q, reference=MathReference(answer="1")) for q in "abc"]
    >>> draws = ProblemDraws([Source(name="demo", problems=problems)], seed=7, sampler="shuffle")
    >>> sorted(d.problem.messages[0].content for d in draws.take(3))
    ['a', 'b', 'c']
    >>> [d.draw_index for d in draws.take(2)]
    [3, 4]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from data_prep.problem import Problem
from rlvr.errors import ConfigError
from rlvr.random_streams import Purpose, stream

Sampler: TypeAlias = Literal["shuffle", "difficulty"]
FLOOR = 0.05  # problems that look solved or hopeless are still tried occasionally
MEMORY = 0.5  # weight of the newest group in the moving average of a pass rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The problems of one data set and its weight relative to the other sources."""

    name: str
    problems: Sequence[Problem]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawn problem and the index of the draw."""

    problem: Problem
    draw_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawState:
    """Everything that the next draw depends on, as plain data.

    cursors: how many problems each source gave so far. pass_rates: the moving average by problem id.
    """

    draw_index: int = 0
    cursors: tuple[int, ...] = ()
    pass_rates: Mapping[str, float] | None = None


class ProblemDraws:
    """The stream of draws. `take` advances it; `state` and `restore` are for checkpoints."""

    def __init__(self, sources: Sequence[Source], *, seed: int, sampler: Sampler) -> None:
        for source in sources:
            if not source.problems:
                raise ConfigError(f"data source {source.name!r} has no problems; check its file and the filters on it")
            if not source.weight > 0:
                raise ConfigError(f"data source {source.name!r} has weight {source.weight}; give a weight above 0")
        if not sources:
            raise ConfigError("data.train is empty; name at least one file of problems")
        self._sources = list(sources)
        self._seed = seed
        self._weighted = sampler == "difficulty"
        total = sum(s.weight for s in sources)
        self._bounds = np.cumsum([s.weight / total for s in sources])
        self._draw_index = 0
        self._cursors = [0] * len(sources)
        self._pass_rates: dict[str, float] = {}
        # Caches by source: (epoch, permutation), and the cumulative weights at the current pass rates.
        self._orders: dict[int, tuple[int, np.ndarray]] = {}
        self._masses: dict[int, np.ndarray] = {}

    def take(self, count: int) -> list[Draw]:
        """The next `count` draws."""
        return [self._next() for _ in range(count)]

    def observe(self, problem_id: str, pass_rate: float) -> None:
        """Record the mean correctness of a group's graded samples for this problem.

        Call in draw order, so that the state does not depend on the order of completion.
        """
        before = self._pass_rates.get(problem_id, 0.5)
        self._pass_rates[problem_id] = (1 - MEMORY) * before + MEMORY * pass_rate
        self._masses.clear()

    @property
    def state(self) -> DrawState:
        return DrawState(
            draw_index=self._draw_index, cursors=tuple(self._cursors), pass_rates=dict(sorted(self._pass_rates.items()))
        )

    def restore(self, state: DrawState) -> None:
        """Restore a saved state."""
        if len(state.cursors) != len(self._sources):
            raise ConfigError(
                f"the checkpoint has {len(state.cursors)} data sources, data.train has {len(self._sources)}; "
                "resume with the same data or start a new run"
            )
        self._draw_index = state.draw_index
        self._cursors = list(state.cursors)
        self._pass_rates = dict(state.pass_rates or {})
        self._masses.clear()

    def _next(self) -> Draw:
        random = stream(self._seed, Purpose.DRAW, self._draw_index)
        which = min(int(np.searchsorted(self._bounds, random.random(), side="right")), len(self._sources) - 1)
        problems = self._sources[which].problems
        if self._weighted:
            mass = self._mass(which)
            place = int(np.searchsorted(mass, random.random() * mass[-1], side="right"))
            problem = problems[min(place, len(problems) - 1)]
        else:
            epoch, offset = divmod(self._cursors[which], len(problems))
            problem = problems[int(self._order(which, epoch)[offset])]
        draw = Draw(problem, self._draw_index)
        self._cursors[which] += 1
        self._draw_index += 1
        return draw

    def _mass(self, which: int) -> np.ndarray:
        if which not in self._masses:
            rates = np.array([self._pass_rates.get(p.id, 0.5) for p in self._sources[which].problems])
            self._masses[which] = np.cumsum(FLOOR + (1 - FLOOR) * 4 * rates * (1 - rates))
        return self._masses[which]

    def _order(self, which: int, epoch: int) -> np.ndarray:
        cached = self._orders.get(which)
        if cached is None or cached[0] != epoch:
            random = stream(self._seed, Purpose.PROBLEM_ORDER, which, epoch)
            order = random.permutation(len(self._sources[which].problems))
            cached = self._orders[which] = (epoch, order)
        return cached[1]
