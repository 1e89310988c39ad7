"""Correctness under both extraction policies, strict and lenient, at little extra cost.

It is that of the reward `math`, alone or as a part of a composition, with its own parameters: what share of the answers
is right, whatever else is paid. Of several it is the one that decides about the correctness of the whole, else the
first. `rlvr eval` reports the same of `math` without parameters. It concerns rows
with a math answer. What a response's own policy is, says the reference, else the parameter `policy` of the reward.

Where both policies find the same text its comparison with the reference is the same, and it is not made again. That is
so for most responses that give their answer in a form; the rest is graded a second time, under the other policy. The
`math` of a composition has workers of its own for that, which start when the first response needs one: the other parts
are not run again. Where a closed gate kept it from running, it is graded under both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TypeAlias

from rewards.math.extract import extract
from rewards.math.grader import LONGEST_AT_ONCE
from rewards.pool import GraderPool
from rewards.spec import Gate, Leaf, Named, RewardSpec, WeightedSum
from rewards.spec_properties import has_right_and_wrong
from rewards.types import GradeRequest, GradeResult, Json, MathReference, Policy
from rlvr.offline.asking import Answer, Begin, Under

_SHOWN = 200  # a grade shows no more characters of an answer
_TAG = re.compile(r"<[|/a-z｜]", re.IGNORECASE)
_BEHIND = 12  # characters behind a box that cannot hold another answer
_NAN = float("nan")
_Known: TypeAlias = "Answer | float"


class BothPolicies:
    """Asks for what a response is worth under both policies. A context manager: it may hold workers."""

    def __init__(self, leaf: Leaf, pool: GraderPool | None) -> None:
        """leaf: the `math` whose correctness it is. pool: grades with it, where it is a part of a composition."""
        given = leaf.named.parameters
        self._label = leaf.label
        self._policy: Policy = "strict" if given.get("policy") == "strict" else "lenient"
        self._form = str(given.get("form", "any"))
        self._prefilled = bool(given.get("prefilled", False))
        self._pool = pool

    @classmethod
    def of(cls, spec: RewardSpec, *, workers: int | None, deadline: float) -> BothPolicies | None:
        """For a reward; None where it has no policies."""
        leaf = judged_math(spec)
        if leaf is None:
            return None
        alone = isinstance(spec.node, Named)
        pool = None if alone else GraderPool(RewardSpec(leaf.named), workers=workers, deadline=deadline)
        return cls(leaf, pool)

    def __enter__(self) -> BothPolicies:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.close()

    def policy_of(self, request: GradeRequest) -> Policy:
        """The policy that a request is graded under."""
        return (isinstance(request.reference, MathReference) and request.reference.policy) or self._policy

    def __call__(self, request: GradeRequest, result: GradeResult, begin: Begin) -> Under | Future[Under] | None:
        """Correctness under both, or its future; None where there is none."""
        if not isinstance(request.reference, MathReference):
            return None
        own = self.policy_of(request)
        other: Policy = "lenient" if own == "strict" else "strict"
        if self._pool is None:
            if result.score is None:
                return None
            answer = self._other(request, result, other, begin)
            if answer is result:
                same = _correctness(result)
                return Under(same, same)
            found: dict[Policy, _Known] = {own: result, other: answer}
        else:
            part = result.parts.get(self._label)
            found = {} if part is None else {own: part}
            missing = [policy for policy in (own, other) if policy not in found]
            found |= zip(missing, self._pool.begin([_under(policy, request) for policy in missing]), strict=True)
        return _both(found["strict"], found["lenient"])

    def _other(self, request: GradeRequest, result: GradeResult, other: Policy, begin: Begin) -> Answer:
        """The grade under the other policy, of `math` alone."""
        if self._form != "any":  # both policies look in that place only
            return result
        if other == "strict" and stands_in_the_only_form(result.extracted, request.response):
            return result
        if len(request.response) <= LONGEST_AT_ONCE:
            # Prose is left to the workers (at_once), which only the lenient policy reads.
            found = extract(request.response, policy=other, prefilled=self._prefilled, at_once=other == "lenient")
            if found is None and other == "strict":
                return GradeResult.no_answer("no answer where the strict policy looks")
            if found is not None and found.text == result.extracted and len(found.text) < _SHOWN:
                return result
        (answer,) = begin([_under(other, request)])
        return answer


def judged_math(spec: RewardSpec) -> Leaf | None:
    """The `math` of a reward whose correctness is meant: the one that decides, else the first; None where none is."""
    deciding = _deciding(spec)
    return deciding if deciding.named.reward == "math" else next(iter(_maths(spec)), None)


def one_of_several(spec: RewardSpec) -> str | None:
    """The label of `judged_math` where another `math` of the reward reads answers otherwise, whatever the policy."""
    leaf = judged_math(spec)
    if leaf is None or all(_read_as(other) == _read_as(leaf) for other in _maths(spec)):
        return None
    return leaf.label


def _maths(spec: RewardSpec) -> Iterable[Leaf]:
    return (leaf for leaf in spec.leaves() if leaf.named.reward == "math")


def _read_as(leaf: Leaf) -> dict[str, Json]:
    """What a `math` does with an answer, its policy apart."""
    given = leaf.named.parameters
    return {name: value for name, value in given.items() if name != "policy" and value not in (False, "any")}


def _deciding(spec: RewardSpec) -> Leaf:
    """The part whose correctness is that of the whole (`rewards.composite`), where a gate holds."""
    node = spec.node
    if isinstance(node, WeightedSum):
        ordered = sorted(node.parts, key=lambda part: not part.decides)
        parts = [part.spec for part in ordered]
        marked = ordered[0].decides
        return _deciding(parts[0] if marked else next(filter(has_right_and_wrong, parts), parts[0]))
    if isinstance(node, Gate):
        return _deciding(node.then if has_right_and_wrong(node.then) else node.gate)
    return next(spec.leaves())


def _under(policy: Policy, request: GradeRequest) -> GradeRequest:
    assert isinstance(request.reference, MathReference)
    return replace(request, reference=replace(request.reference, policy=policy))


def _both(strict: _Known, lenient: _Known) -> Under | Future[Under]:
    """The two together, when both are known."""
    waited_for = [each for each in (strict, lenient) if isinstance(each, Future)]
    if not waited_for:
        return Under(_correctness(strict), _correctness(lenient))
    made: Future[Under] = Future()

    def settle(_done: object) -> None:
        if all(future.done() for future in waited_for):
            with suppress(InvalidStateError):  # nobody waits any more, or the other callback was quicker
                if error := _error_of(waited_for):
                    made.set_exception(error)
                else:
                    made.set_result(Under(_correctness(strict), _correctness(lenient)))

    for future in waited_for:
        future.add_done_callback(settle)
    return made


def _error_of(futures: Iterable[Future[GradeResult]]) -> BaseException | None:
    return next((error for future in futures if (error := future.exception())), None)


def _correctness(known: _Known) -> float:
    """NaN where it could not be judged."""
    if isinstance(known, Future):
        known = known.result()
    if isinstance(known, GradeResult):
        return _NAN if known.correctness is None else known.correctness
    return known


def stands_in_the_only_form(answer: str | None, response: str) -> bool:
    r"""Whether a response has one form and in it the answer that `lenient` found: then `strict` finds the same.

    It says yes only where nothing else could be found: no tags, no turns, one box or, without any, a last line that
    begins with `####`.

    Example:
        >>> stands_in_the_only_form("3", r"so \boxed{3}"), stands_in_the_only_form("3", r"\boxed{2} so it is 3")
        (True, False)
    """
    if not answer or len(answer) >= _SHOWN or "INST]" in response or "fbox" in response or _TAG.search(response):
        return False
    boxes = response.count("boxed")
    if boxes == 1:
        box = f"\\boxed{{{answer}}}"
        at = response.find(box)
        if response[max(at - 1, 0) : at] == "\\":  # `\\boxed{3}` ends a line, or stands in JSON
            return False
        return at >= 0 and len(response) - at - len(box) <= _BEHIND
    return boxes == 0 and response.count("####") == 1 and response.endswith(f"\n#### {answer}")
