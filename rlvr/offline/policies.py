"""Correctness under both extraction policies, strict and lenient, at little extra cost.

The reward `math`, alone or as a part of a composition, is applied with its own parameters to rows with a math answer;
other parts of the reward do not count. If there are several, the one that decides the correctness of the whole is used,
else the first. (`rlvr eval` uses `math` without parameters.) A response's own policy is that of its reference, else the
reward's parameter `policy`.

If both policies extract the same text, which holds for most responses with a formatted answer, the response is graded
once. Otherwise it is graded again under the other policy. For a `math` within a composition this uses separate workers,
started when first needed, so that the other parts do not run again. If a closed gate skipped `math`, the response is
graded under both.
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

_SHOWN = 200  # most characters of an answer in a grade
_TAG = re.compile(r"<[|/a-z｜]", re.IGNORECASE)
_BEHIND = 12  # characters after a box, too few for another answer
_NAN = float("nan")
_Known: TypeAlias = "Answer | float"


class BothPolicies:
    """Grades responses under both policies. A context manager, because it may hold workers."""

    def __init__(self, leaf: Leaf, pool: GraderPool | None) -> None:
        """leaf: the `math` to apply. pool: grades with it if it is part of a composition; None = use `begin`."""
        given = leaf.named.parameters
        self._label = leaf.label
        self._policy: Policy = "strict" if given.get("policy") == "strict" else "lenient"
        self._form = str(given.get("form", "any"))
        self._prefilled = bool(given.get("prefilled", False))
        self._pool = pool

    @classmethod
    def of(cls, spec: RewardSpec, *, workers: int | None, deadline: float) -> BothPolicies | None:
        """The instance for a reward; None if it contains no `math`."""
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
        """Correctness under both policies, or its future; None if they do not apply."""
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
        """The grade of `math` alone under the other policy."""
        if self._form != "any":  # both policies look only there
            return result
        if other == "strict" and stands_in_the_only_form(result.extracted, request.response):
            return result
        if len(request.response) <= LONGEST_AT_ONCE:
            # `at_once` leaves prose, which only the lenient policy reads, to the workers.
            found = extract(request.response, policy=other, prefilled=self._prefilled, at_once=other == "lenient")
            if found is None and other == "strict":
                return GradeResult.no_answer("no answer where the strict policy looks")
            if found is not None and found.text == result.extracted and len(found.text) < _SHOWN:
                return result
        (answer,) = begin([_under(other, request)])
        return answer


def judged_math(spec: RewardSpec) -> Leaf | None:
    """The `math` of a reward that decides its correctness, else the first one; None if there is none."""
    deciding = _deciding(spec)
    return deciding if deciding.named.reward == "math" else next(iter(_maths(spec)), None)


def one_of_several(spec: RewardSpec) -> str | None:
    """The label of `judged_math` if another `math` of the reward extracts answers differently; else None."""
    leaf = judged_math(spec)
    if leaf is None or all(_read_as(other) == _read_as(leaf) for other in _maths(spec)):
        return None
    return leaf.label


def _maths(spec: RewardSpec) -> Iterable[Leaf]:
    return (leaf for leaf in spec.leaves() if leaf.named.reward == "math")


def _read_as(leaf: Leaf) -> dict[str, Json]:
    """The parameters of a `math` except its policy."""
    given = leaf.named.parameters
    return {name: value for name, value in given.items() if name != "policy" and value not in (False, "any")}


def _deciding(spec: RewardSpec) -> Leaf:
    """The part that decides the correctness of the whole (`rewards.composite`), assuming that gates hold."""
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
    """Combine both values, as a future if one is not known yet."""
    waited_for = [each for each in (strict, lenient) if isinstance(each, Future)]
    if not waited_for:
        return Under(_correctness(strict), _correctness(lenient))
    made: Future[Under] = Future()

    def settle(_done: object) -> None:
        if all(future.done() for future in waited_for):
            with suppress(InvalidStateError):  # cancelled, or set by the other callback
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
    """The correctness; NaN if it could not be judged."""
    if isinstance(known, Future):
        known = known.result()
    if isinstance(known, GradeResult):
        return _NAN if known.correctness is None else known.correctness
    return known


def stands_in_the_only_form(answer: str | None, response: str) -> bool:
    r"""Whether a response states only one formatted answer, the one that `lenient` found, so that `strict` finds it
    too.

    True only if nothing else could be extracted: no tags, no turns, and one box, or else a last line with `####`.

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
        if response[max(at - 1, 0) : at] == "\\":  # `\\boxed{3}` is a line break before a box, or JSON
            return False
        return at >= 0 and len(response) - at - len(box) <= _BEHIND
    return boxes == 0 and response.count("####") == 1 and response.endswith(f"\n#### {answer}")
