"""Dynamic sampling: draw problems, sample and grade groups, keep the informative ones, until the batch is full.

(DAPO, section 3.2, "Dynamic Sampling"; here bounded, and without discarding informative groups.)

- A group is informative if correctness differs within it (the score, if there is no correctness), whatever the shaped
  rewards. Samples that could not be graded are ignored; a group with fewer than two graded samples is dropped.
- Rounds of draws continue until `prompts` groups are kept or `max_rounds` is reached; then the step trains on those
  kept.
- Groups are admitted in draw order, not in order of completion. Surplus groups are carried to the next step, and expire
  after `max_carry_age` steps that changed the weights.
- Recipes that keep every group run one round.

Carried groups, the cursor of the draws and the count of empty steps are saved in checkpoints.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from rlvr.algorithms.keep import GroupKind, classify
from rlvr.draws import Draw, DrawState, ProblemDraws
from rlvr.rundir.group_json import group_from_json, group_to_json
from rlvr.types import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicSamplingConfig:
    """Bounds of dynamic sampling; the recipe enables it.

    max_rounds: most rounds of draws in a step; then the step trains on the groups it has.
    oversample: a round draws this many times the expected need (missing groups divided by the recent informative
        share), so that fewer rounds are needed; at most LARGEST_ROUND full batches.
    max_carry_age: a carried group expires after this many steps that changed the weights; 0 carries none.
    max_empty_steps: the run stops with a diagnosis after this many steps in a row without an informative group.
    """

    max_rounds: int = 10
    oversample: float = 1.0
    max_carry_age: int = 1
    max_empty_steps: int = 5


LARGEST_ROUND = 4


class SampleGroups(Protocol):
    """Samples and grades one group for each draw, and returns them in the order of the draws."""

    async def __call__(self, draws: list[Draw]) -> list[Group]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one step collected.

    groups: to train on, in draw order; they include samples that could not be graded.
    left_out: the other groups of this step with the reason: carried, expired, or a `GroupKind` that is not kept.
    kinds: of the groups sampled in this step, how many were of each `GroupKind`.
    sampled: the groups drawn in this step. carried_in: groups of an earlier step that were still fresh enough.
    missing: groups short of a full batch. ungraded: reason -> how many samples of this step have no grade for it.
    """

    groups: tuple[Group, ...]
    left_out: tuple[tuple[Group, str], ...]
    kinds: Mapping[str, int]
    sampled: tuple[Group, ...]
    rounds: int
    missing: int
    carried_in: int
    ungraded: Mapping[str, int]

    @property
    def sample_count(self) -> int:
        return sum(len(g.samples_G) for g in self.sampled)

    @property
    def ungraded_count(self) -> int:
        return sum(self.ungraded.values())

    def count(self, decision: str) -> int:
        """How many groups were left out for this reason."""
        return sum(why == decision for _, why in self.left_out)

    def metrics(self) -> dict[str, float | int | str | None]:
        """The counts as metrics, under `groups/` and `grading/`."""
        return {
            "groups/trained": len(self.groups),
            "groups/drawn": len(self.sampled),
            "groups/rounds": self.rounds,
            "groups/missing": self.missing,
            "groups/carried_in": self.carried_in,
            "groups/carried": self.count("carried"),
            "groups/expired": self.count("expired"),
            **{f"groups/{kind}": count for kind, count in self.kinds.items()},
            "grading/samples": self.sample_count,
            "grading/ungraded": self.ungraded_count,
        }


class Collector:
    """Collects the groups of each step; holds what is carried from one to the next."""

    def __init__(
        self,
        draws: ProblemDraws,
        *,
        config: DynamicSamplingConfig,
        prompts: int,
        informative_only: bool,
        min_graded: int,
    ) -> None:
        self._draws = draws
        self._config = config
        self._prompts = prompts
        self._informative_only = informative_only
        self._min_graded = min_graded
        self._carried: list[Group] = []
        self._empty_steps = 0
        self._share = 1.0  # share of informative groups among those last sampled

    async def collect(self, sample: SampleGroups, version: int) -> Collected:
        """The groups of one step, sampled with the weights of `version` or carried from before."""
        left_out: list[tuple[Group, str]] = []
        kept: list[Group] = []
        for group in self._carried:
            fresh = version - sampled_version(group) <= self._config.max_carry_age
            kept.append(group) if fresh else left_out.append((group, "expired"))
        carried_in = len(kept)
        sampled: list[Group] = []
        kinds = dict.fromkeys((kind.value for kind in GroupKind), 0)
        rounds = 0
        while len(kept) < self._prompts and rounds < (self._config.max_rounds if self._informative_only else 1):
            rounds += 1
            groups = await sample(self._draws.take(self._round_size(self._prompts - len(kept))))
            for group in groups:
                sampled.append(group)
                kind = classify([s.grade for s in group.samples_G], min_graded=self._min_graded)
                kinds[kind.value] += 1
                if kind is GroupKind.INFORMATIVE or not (self._informative_only or kind is GroupKind.TOO_FEW_GRADED):
                    kept.append(group)
                else:
                    left_out.append((group, kind.value))
        self._observe(sampled)
        if sampled:
            self._share = max(kinds[GroupKind.INFORMATIVE.value] / len(sampled), 1 / LARGEST_ROUND)
        kept.sort(key=lambda g: g.draw_index)
        trained, surplus = kept[: self._prompts], kept[self._prompts :]
        self._carried = surplus if self._config.max_carry_age > 0 else []
        left_out += [(group, "carried" if self._carried else "expired") for group in surplus]
        self._empty_steps = 0 if trained else self._empty_steps + 1
        return Collected(
            groups=tuple(trained),
            left_out=tuple(left_out),
            kinds=kinds,
            sampled=tuple(sampled),
            rounds=rounds,
            missing=self._prompts - len(trained),
            carried_in=carried_in,
            ungraded=Counter(s.grade.reason for g in sampled for s in g.samples_G if s.grade.score is None),
        )

    def diagnosis(self, collected: Collected, *, max_ungraded_share: float) -> str:
        """Why the run has to stop; empty = continue."""
        if collected.ungraded_count > max_ungraded_share * collected.sample_count:
            worst = sorted(collected.ungraded.items(), key=lambda item: (-item[1], item[0]))[:3]
            return (
                f"{collected.ungraded_count} of {collected.sample_count} samples could not be graded, above "
                f"grading.max_ungraded_share {max_ungraded_share}: the grader is broken, not the policy. "
                f"Most common: {'; '.join(f'{count} x {reason}' for reason, count in worst)}"
            )
        if self._empty_steps >= self._config.max_empty_steps:
            counts = ", ".join(f"{kind} {count}" for kind, count in collected.kinds.items())
            return (
                f"no informative group in {self._empty_steps} steps in a row (dynamic.max_empty_steps); the last drew "
                f"{len(collected.sampled)} groups: {counts}. All right: the data is too easy; all wrong: too hard, or "
                "the format is never met (look into samples/); too few graded: see the grader's reasons there"
            )
        return ""

    @property
    def state(self) -> dict[str, object]:
        """Everything that the next step depends on, as JSON."""
        return {
            "draws": asdict(self._draws.state),
            "carried": [group_to_json(g) for g in self._carried],
            "empty_steps": self._empty_steps,
            "share": self._share,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a saved state."""
        saved = state["draws"]
        self._draws.restore(DrawState(**{**saved, "cursors": tuple(saved["cursors"])}))
        self._carried = [group_from_json(g) for g in state["carried"]]
        self._empty_steps = state["empty_steps"]
        self._share = state["share"]

    def _round_size(self, missing: int) -> int:
        if not self._informative_only:
            return missing
        return min(math.ceil(missing * self._config.oversample / self._share), LARGEST_ROUND * self._prompts)

    def _observe(self, groups: list[Group]) -> None:
        for group in sorted(groups, key=lambda g: g.draw_index):
            right = [s.grade.correctness for s in group.samples_G if s.grade.correctness is not None]
            if right:
                self._draws.observe(group.problem.id, sum(right) / len(right))


def sampled_version(group: Group) -> int:
    """The oldest version of the weights that sampled a token of this group."""
    return min((version for s in group.samples_G for version in s.completion.policy_versions), default=0)
