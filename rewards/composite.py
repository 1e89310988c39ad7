"""Composite graders: what a sum or a gate of rewards (`rewards.spec`) pays.

- A sum's score is the sum of weight times score. A part that could not be judged leaves the whole ungraded, with that
  part's reason, unless its weight is 0.
- One part *decides*: correctness, verdict, extracted answer, reason and steps are taken from it. In a sum that is the
  part marked `decides: true`, else the first (in order) that declares right and wrong, else the first whose grade has a
  correctness. If none has, correctness is None and the verdict `scored`.
- A gate holds if its part's correctness is 1, or, if that has no right and wrong, its score is above 0; with
  `at_least`, if its score is at least that. If it holds, `then` is graded and its grade is the result; if `then` has no
  right and wrong, correctness and verdict are the gate's. If it does not hold, `then` is not run: score = `closed`,
  correctness 0, verdict `wrong` (or the gate's `no_answer`), reason the gate's. With `else`, the score is that
  reward's, and so is the correctness if it has one. If no part of a closed gate has right and wrong, the verdict is
  `scored`. A gate that could not be judged leaves the whole ungraded.
- Parts: the unweighted score of every named reward that ran, under its label; None if it could not be judged. A
  reward's own parts follow as `label.part`. Details of named rewards are under their labels.

Example:
    >>> import asyncio
    >>> from rewards.types import GradeRequest
    >>> grader = build(RewardSpec.from_dict({"sum": [{"reward": "format", "weight": 0.2}]}))
    >>> asyncio.run(grader.grade([GradeRequest(response="<think>a</think><answer>1</answer>")]))[0].score
    0.2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rewards.declared import SetUp
from rewards.outcome import short
from rewards.protocol import Grader
from rewards.registry import find
from rewards.spec import Gate, Named, RewardSpec, WeightedSum
from rewards.spec_properties import has_right_and_wrong
from rewards.types import GradeRequest, GradeResult, Json, Verdict

_HOLDS = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Built:
    """The grader of a specification, and the graders of its named rewards by label.

    `set_up` loads the state of each reward once.
    """

    grader: Grader
    leaves: Mapping[str, SetUp]

    async def set_up(self) -> None:
        """Load what the rewards need before the first grade. Raises whatever they raise."""
        for leaf in self.leaves.values():
            await leaf.set_up()

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """See `rewards.protocol.Grader`."""
        return await self.grader.grade(requests)


def build(spec: RewardSpec) -> Built:
    """Build the grader of a specification. Raises UnknownReward, InvalidReward."""
    leaves: dict[str, SetUp] = {}
    return Built(grader=_build(spec, leaves), leaves=leaves)


def _build(spec: RewardSpec, leaves: dict[str, SetUp]) -> Grader:
    if isinstance(spec.node, WeightedSum):
        return _SumGrader(spec.node, [_build(part.spec, leaves) for part in spec.node.parts])
    if isinstance(spec.node, Gate):
        return _GateGrader(spec.node, [_build(child, leaves) for child in spec.node.children])
    made = leaves[next(spec.leaves()).label] = find(spec.node.reward).grader(spec.node.parameters)
    return made


def _label_of(spec: RewardSpec) -> str | None:
    """The label of a named reward; None for a composition, whose parts are labelled already."""
    return next(iter(spec.leaves())).label if isinstance(spec.node, Named) else None


def _parts(spec: RewardSpec, result: GradeResult) -> dict[str, float | None]:
    label = _label_of(spec)
    if label is None:
        return dict(result.parts)
    return {label: result.score, **{f"{label}.{name}": value for name, value in result.parts.items()}}


def _details(*graded: tuple[RewardSpec, GradeResult]) -> Mapping[str, Json]:
    """The details of all that ran, under their labels."""
    named: dict[str, Json] = {}
    for spec, result in graded:
        if result.details:
            label = _label_of(spec)
            named.update(result.details if label is None else {label: dict(result.details)})
    return MappingProxyType(named)


def _named_reason(spec: RewardSpec, result: GradeResult) -> str:
    label = _label_of(spec)
    if not result.reason or label is None or label in result.reason:
        return result.reason
    return short(f"{label}: {result.reason}")


def _ungraded(
    spec: RewardSpec, result: GradeResult, parts: Mapping[str, float | None], details: Mapping[str, Json]
) -> GradeResult:
    ungraded = GradeResult.ungraded(_named_reason(spec, result))
    return replace(ungraded, parts=MappingProxyType(dict(parts)), details=details)


class _SumGrader:
    def __init__(self, node: WeightedSum, graders: Sequence[Grader]) -> None:
        self._parts = node.parts
        self._graders = graders
        marked = [i for i, part in enumerate(node.parts) if part.decides]
        declared = [i for i, part in enumerate(node.parts) if has_right_and_wrong(part.spec)]
        self._decides = next(iter([*marked, *declared]), None)

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        columns = [await grader.grade(requests) for grader in self._graders]
        return [self._combine(row) for row in zip(*columns, strict=True)]

    def _combine(self, row: Sequence[GradeResult]) -> GradeResult:
        named: dict[str, float | None] = {}
        for part, result in zip(self._parts, row, strict=True):
            named.update(_parts(part.spec, result))
        details = _details(*((part.spec, result) for part, result in zip(self._parts, row, strict=True)))
        total = 0.0
        for part, result in zip(self._parts, row, strict=True):
            if part.weight == 0:
                continue
            if result.score is None:
                return _ungraded(part.spec, result, named, details)
            total += part.weight * result.score
        judge = self._judge(row)
        parts = MappingProxyType(named)
        if judge is None or judge.correctness is None:
            reason = "" if judge is None else judge.reason
            return GradeResult(score=total, verdict=Verdict.SCORED, reason=reason, parts=parts, details=details)
        return replace(judge, score=total, parts=parts, seconds=0.0, details=details)

    def _judge(self, row: Sequence[GradeResult]) -> GradeResult | None:
        if self._decides is not None:
            return row[self._decides]
        return next((result for result in row if result.correctness is not None), None)


class _GateGrader:
    def __init__(self, node: Gate, graders: Sequence[Grader]) -> None:
        self._node = node
        self._gate, self._then = graders[:2]
        self._otherwise = None if node.otherwise is None else graders[2]
        self._right_and_wrong = any(map(has_right_and_wrong, node.children))

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        gates = await self._gate.grade(requests)
        holds = [self._holds(gate) for gate in gates]
        opened = [request for request, held in zip(requests, holds, strict=True) if held]
        shut = [
            request
            for request, held, gate in zip(requests, holds, gates, strict=True)
            if not held and gate.score is not None and self._otherwise is not None
        ]
        thens = iter(await self._then.grade(opened) if opened else ())
        others = iter(await self._otherwise.grade(shut) if self._otherwise is not None and shut else ())
        results = []
        for gate, held in zip(gates, holds, strict=True):
            if held:
                results.append(self._open(gate, next(thens)))
            elif gate.score is None or self._node.otherwise is None:
                results.append(self._closed(gate))
            else:
                results.append(self._else(gate, self._node.otherwise, next(others)))
        return results

    def _holds(self, gate: GradeResult) -> bool:
        if gate.score is None:
            return False
        if self._node.at_least is not None:
            return gate.score >= self._node.at_least
        return gate.correctness >= _HOLDS if gate.correctness is not None else gate.score > 0

    def _closed(self, gate: GradeResult) -> GradeResult:
        parts, details = _parts(self._node.gate, gate), _details((self._node.gate, gate))
        if gate.score is None:
            return _ungraded(self._node.gate, gate, parts, details)
        return GradeResult(
            score=self._node.closed,
            correctness=0.0 if self._judges(gate) else None,
            verdict=self._verdict(gate),
            extracted=gate.extracted,
            reason=_named_reason(self._node.gate, gate) or "the gate does not hold",
            parts=MappingProxyType(parts),
            details=details,
        )

    def _else(self, gate: GradeResult, spec: RewardSpec, other: GradeResult) -> GradeResult:
        closed = self._closed(gate)
        parts = MappingProxyType({**closed.parts, **_parts(spec, other)})
        details = _details((self._node.gate, gate), (spec, other))
        if other.score is None:
            return _ungraded(spec, other, parts, details)
        judge = closed if other.correctness is None else other
        return replace(judge, score=other.score, parts=parts, seconds=0.0, details=details)

    def _judges(self, gate: GradeResult) -> bool:
        """Whether a closed gate makes the response wrong, and not just differently paid."""
        return self._right_and_wrong or gate.correctness is not None

    def _verdict(self, gate: GradeResult) -> Verdict:
        if not self._judges(gate):
            return Verdict.SCORED
        return Verdict.NO_ANSWER if gate.verdict is Verdict.NO_ANSWER else Verdict.WRONG

    def _open(self, gate: GradeResult, then: GradeResult) -> GradeResult:
        parts = {**_parts(self._node.gate, gate), **_parts(self._node.then, then)}
        details = _details((self._node.gate, gate), (self._node.then, then))
        if then.score is None:
            return _ungraded(self._node.then, then, parts, details)
        if then.correctness is None and gate.correctness is not None:
            then = replace(then, correctness=gate.correctness, verdict=gate.verdict, extracted=gate.extracted)
        return replace(then, parts=MappingProxyType(parts), seconds=0.0, details=details)
