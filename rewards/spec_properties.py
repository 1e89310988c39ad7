"""Properties of a reward specification, without making its grader: names, bounds, reference types, costs.

Example:
    >>> identity(RewardSpec.from_dict({"gate": "format", "then": "tag_count"}))
    'gate(format@2, tag_count@1)'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rewards.declared import Reward
from rewards.registry import find
from rewards.spec import Gate, Named, RewardSpec, WeightedSum
from rewards.types import GradeRequest, GradeResult, NoReference


def rewards_of(spec: RewardSpec) -> dict[str, Reward]:
    """The registered reward behind each label. Raises UnknownReward, InvalidReward."""
    return {leaf.label: find(leaf.named.reward) for leaf in spec.leaves()}


def check(spec: RewardSpec) -> dict[str, Reward]:
    """The rewards behind the labels, with their parameters checked. Makes no grader, which might load a model.

    Raises UnknownReward, InvalidReward.
    """
    for leaf in spec.leaves():
        find(leaf.named.reward).check(leaf.named.parameters)
    return rewards_of(spec)


def make_ready(spec: RewardSpec) -> None:
    """Check that every reward can grade on this machine. Raises what they raise: usually ToolkitError."""
    for leaf in spec.leaves():
        made = find(leaf.named.reward)
        if made.ready is not None:
            made.ready(made.check(leaf.named.parameters))


def identity(spec: RewardSpec) -> str:
    """Name and version of a reward, as in graded rows: `math@6`, `gate(format@2, math@6)`."""
    node = spec.node
    if isinstance(node, WeightedSum):
        return "sum(" + ", ".join(f"{part.weight:g} {identity(part.spec)}" for part in node.parts) + ")"
    if isinstance(node, Gate):
        bound = "" if node.at_least is None else f" >= {node.at_least:g}"
        otherwise = "" if node.otherwise is None else f", else {identity(node.otherwise)}"
        return f"gate({identity(node.gate)}{bound}, {identity(node.then)}{otherwise})"
    return find(node.reward).identity


def at_once(spec: RewardSpec) -> Callable[[GradeRequest], GradeResult | None] | None:
    """The function that grades in the caller's process; None for compositions, and for rewards without one."""
    if not isinstance(spec.node, Named):
        return None
    made = find(spec.node.reward)
    return None if made.at_once is None else partial(made.at_once, **made.check(spec.node.parameters))


def concurrency(spec: RewardSpec) -> int:
    """Calls that one worker may run at the same time: one for plain functions, one batch for batched rewards."""
    if any(reward.batched for reward in rewards_of(spec).values()):
        return 1
    return max(find(leaf.named.reward).concurrency_with(leaf.named.parameters) for leaf in spec.leaves())


def extra_seconds(spec: RewardSpec, requests: Sequence[GradeRequest], *, control: bool = False) -> float:
    """Seconds beyond a pool's deadline that the rewards declare for these requests, or for their controls."""
    declared = [reward for reward in rewards_of(spec).values() if reward.seconds is not None]
    return sum(reward.extra_seconds(request, control=control) for reward in declared for request in requests)


def has_right_and_wrong(spec: RewardSpec) -> bool:
    """Whether some part declares right and wrong, so that grades have a correctness."""
    return any(find(leaf.named.reward).scale_with(leaf.named.parameters) is not None for leaf in spec.leaves())


def decider_warning(spec: RewardSpec) -> str:
    """A warning if right and wrong are decided by a part that is paid less than another, and no `decides: true` says
    so; else empty.
    """
    node = spec.node
    if isinstance(node, Named):
        return ""
    if isinstance(node, Gate):
        if has_right_and_wrong(node.then) or not has_right_and_wrong(node.gate):
            return decider_warning(node.then)
        judge, most, remedy = node.gate, node.then, ""
    else:
        decides = next((part for part in node.parts if part.decides), None)
        decides = decides or next((part for part in node.parts if has_right_and_wrong(part.spec)), None)
        if decides is None:
            return ""
        judge, most = decides.spec, max(node.parts, key=lambda part: abs(part.weight)).spec
        if decides.decides or judge is most:
            return decider_warning(judge)
        remedy = "mark the part that is meant with decides: true"
    if not has_right_and_wrong(most):
        if all(find(leaf.named.reward).source.module.startswith("rewards.") for leaf in most.leaves()):
            return decider_warning(judge)  # a built-in term (length, format, ...), which has no right and wrong
        declare = f"declare {_labels(most)} with @reward(..., correctness=True) where it has right and wrong"
        remedy = f"{declare}, or {remedy}" if remedy else declare
    return (
        f"accuracy, and which groups are informative, go by {_labels(judge)}, not by {_labels(most)}, "
        f"which is paid most: {remedy}"
    )


def _labels(spec: RewardSpec) -> str:
    return " and ".join(repr(leaf.label) for leaf in spec.leaves())


def reference_types(spec: RewardSpec) -> set[str]:
    """The reference types that some part can judge; empty if none declares any."""
    return {kind for leaf in spec.leaves() for kind in find(leaf.named.reward).references_with(leaf.named.parameters)}


def can_judge(spec: RewardSpec, kind: str) -> bool:
    """Whether a response with this type of reference can be judged (`none`: without a reference).

    A gate may send rows of several types to different rewards. A response that its closed branch pays a constant needs
    a reference of some type only.
    """
    node = spec.node
    if isinstance(node, WeightedSum):
        return all(can_judge(part.spec, kind) for part in node.parts if part.weight)
    if isinstance(node, Gate):
        closed = kind != NoReference.type if node.otherwise is None else can_judge(node.otherwise, kind)
        return can_judge(node.gate, kind) and (closed or can_judge(node.then, kind))
    kinds = find(node.reward).references_with(node.parameters)
    return not kinds or kind in kinds


def missing_reference(spec: RewardSpec, kind: str) -> str:
    """Why no response with this type of reference can be judged; empty if one can."""
    if can_judge(spec, kind):
        return ""
    needs = f"{identity(spec)} needs a reference of type {', '.join(sorted(reference_types(spec)))}"
    return f"the row has no reference, and {needs}" if kind == NoReference.type else f"{needs}, not {kind}"


def lowest(spec: RewardSpec) -> float:
    """The lowest score of this reward, which is paid for a response that hangs the grader.

    Parts that declare no bound count as 0.
    """
    node = spec.node
    if isinstance(node, WeightedSum):
        return sum(p.weight * (lowest(p.spec) if p.weight >= 0 else highest(p.spec)) for p in node.parts)
    if isinstance(node, Gate):
        return min(node.closed if node.otherwise is None else lowest(node.otherwise), lowest(node.then))
    return find(node.reward).lowest(node.parameters)


def highest(spec: RewardSpec) -> float:
    """The maximum score of this reward; undeclared bounds count as 0."""
    node = spec.node
    if isinstance(node, WeightedSum):
        return sum(p.weight * (highest(p.spec) if p.weight >= 0 else lowest(p.spec)) for p in node.parts)
    if isinstance(node, Gate):
        return max(node.closed if node.otherwise is None else highest(node.otherwise), highest(node.then))
    return find(node.reward).highest(node.parameters)
