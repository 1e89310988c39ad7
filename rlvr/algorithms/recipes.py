"""Recipes: an algorithm is a row of numbers and names of pure functions, not a trainer class.

    recipe                advantage               objective        divided by       KL
    grpo                  group mean and std      clip 0.2 / 0.2   sequence_tokens  k3 in the loss, 0.001
    dr_grpo               group mean              clip 0.2 / 0.2   max_tokens       none
    dapo                  group mean and std      clip 0.2 / 0.28  tokens           none
    gspo                  group mean and std      sequence_clip    sequences        none
                                                  3e-4 / 4e-4
    rloo                  leave one out           reinforce        sequences        k1 in the reward, 0.05
    reinforce++           return-to-go, whitened  clip 0.2 / 0.2   tokens           k1 in token rewards, 0.001
    reinforce++_baseline  group mean, whitened    clip 0.2 / 0.2   tokens           k2 in the loss, 0.001
    cispo                 group mean and std      cispo, cap 5     tokens           none

Every recipe keeps all groups with enough grades, except dapo: it keeps informative groups only (dynamic sampling), has
a dual clip of 10, and shapes rewards as 2 score - 1 plus the soft overlong penalty over the last fifth of the longest
response (the paper's 4096 of 20480). KL coefficients: 0.001 is the default of verl and OpenRLHF, 0.05 that of TRL's
RLOO.
A recipe sets every coupled value; `algorithm_config.py` lets a run override single ones and says which.

Example:
    >>> RECIPES["dapo"].objective.clip_high, RECIPES["dapo"].needs_reference
    (0.28, False)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from rlvr.algorithms.objective_spec import EntropyControl, KLSpec, ObjectiveSpec
from rlvr.algorithms.shaping import ShapingSpec

AdvantageName: TypeAlias = Literal[
    "group_centred", "group_centred_whitened", "group_normalised", "leave_one_out", "return_to_go_whitened"
]
Keep: TypeAlias = Literal["all", "informative"]

# A response whose probabilities are off by a factor of 2 at every token was sampled from another policy.
SEQUENCE_LOW, SEQUENCE_HIGH = 0.5, 2.0

NO_KL, NO_SHAPING, NO_ENTROPY_CONTROL = KLSpec(), ShapingSpec(), EntropyControl()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One algorithm.

    advantage: the row of `rlvr.algorithms.advantages.ADVANTAGES`.
    objective: what an update minimises; its KL numbers follow from `kl` (see `tied`).
    keep: which groups a step trains on. compares_samples: whether a group needs at least two graded samples.
    reference_every: the policy becomes the reference every so many steps; 0 = never.
    overridden: the settings that a configuration changed, by key.
    """

    name: str
    advantage: AdvantageName
    objective: ObjectiveSpec
    kl: KLSpec = NO_KL
    keep: Keep = "all"
    shaping: ShapingSpec = NO_SHAPING
    entropy_control: EntropyControl = NO_ENTROPY_CONTROL
    compares_samples: bool = True
    reference_every: int = 0
    overridden: tuple[str, ...] = ()

    @property
    def needs_reference(self) -> bool:
        """Whether a reference model is loaded: only if its KL has a nonzero weight."""
        return self.kl.placement != "none" and self.kl.coefficient != 0.0

    @property
    def needs_old_logprobs(self) -> bool:
        """Whether advantages need `old_logprobs`: KL in the rewards compares two models of the learner."""
        return self.needs_reference and self.kl.placement in ("reward", "token_reward")

    @property
    def min_graded(self) -> int:
        """Graded samples below which a group is dropped."""
        return 2 if self.compares_samples or self.informative_only else 1

    @property
    def informative_only(self) -> bool:
        """Whether groups are resampled until enough of them are informative (dynamic sampling)."""
        return self.keep == "informative"


def tied(recipe: Recipe) -> Recipe:
    """The recipe with the objective's KL settings taken from `kl`: the loss has a KL term only if `kl.placement` is
    `loss`.
    """
    coefficient = recipe.kl.coefficient if recipe.kl.placement == "loss" else 0.0
    spec = replace(recipe.objective, kl_estimator=recipe.kl.estimator, kl_coefficient=coefficient)
    return replace(recipe, objective=spec)


_CLIP = ObjectiveSpec(surrogate="clip", sequence_low=SEQUENCE_LOW, sequence_high=SEQUENCE_HIGH)

_ROWS = (
    Recipe(
        name="grpo",
        advantage="group_normalised",
        objective=replace(_CLIP, divide_by="sequence_tokens"),
        kl=KLSpec(placement="loss", estimator="k3", coefficient=0.001),
    ),
    Recipe(name="dr_grpo", advantage="group_centred", objective=replace(_CLIP, divide_by="max_tokens")),
    Recipe(
        name="dapo",
        advantage="group_normalised",
        objective=replace(_CLIP, divide_by="tokens", clip_high=0.28, dual_clip=10.0),
        keep="informative",
        shaping=ShapingSpec(scale=2.0, offset=-1.0, overlong_share=0.2),
    ),
    Recipe(
        name="gspo",
        advantage="group_normalised",
        objective=replace(_CLIP, surrogate="sequence_clip", divide_by="sequences", clip_low=3e-4, clip_high=4e-4),
    ),
    Recipe(
        name="rloo",
        advantage="leave_one_out",
        objective=replace(_CLIP, surrogate="reinforce", divide_by="sequences"),
        kl=KLSpec(placement="reward", estimator="k1", coefficient=0.05),
    ),
    Recipe(
        name="reinforce++",
        advantage="return_to_go_whitened",
        objective=replace(_CLIP, divide_by="tokens"),
        kl=KLSpec(placement="token_reward", estimator="k1", coefficient=0.001),
        compares_samples=False,
    ),
    Recipe(
        name="reinforce++_baseline",
        advantage="group_centred_whitened",
        objective=replace(_CLIP, divide_by="tokens"),
        kl=KLSpec(placement="loss", estimator="k2", coefficient=0.001),
    ),
    Recipe(
        name="cispo",
        advantage="group_normalised",
        objective=replace(_CLIP, surrogate="cispo", divide_by="tokens", clip_high=5.0),
    ),
)

RECIPES: dict[str, Recipe] = {row.name: tied(row) for row in _ROWS}
