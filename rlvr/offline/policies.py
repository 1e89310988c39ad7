"""The grade of a response under the other policy of extraction: strict beside lenient, at little cost.

Where both policies find the same text its comparison with the reference is the same, and it is not made again. That is
so for most responses that give their answer in a form; the rest is graded a second time, under the other policy.

It concerns the reward `math` alone, and rows with a math answer. What a response's own policy is, says the reference,
else the parameter `policy` of the reward.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rewards.composition import Named, RewardSpec
from rewards.math.extract import extract
from rewards.math.grader import LONGEST_AT_ONCE
from rewards.types import GradeRequest, GradeResult, MathReference, Policy
from rlvr.offline.stream import Answer, Begin

_SHOWN = 200  # characters of an answer that a grade holds
_TAG = re.compile(r"<[|/a-z｜]", re.IGNORECASE)
_BEHIND = 12  # characters behind a box that cannot hold another answer


class OtherPolicy:
    """Asks for the grade under the other policy."""

    def __init__(self, policy: Policy, form: str, prefilled: bool) -> None:
        self._policy: Policy = policy
        self._form = form
        self._prefilled = prefilled

    @classmethod
    def of(cls, spec: RewardSpec) -> OtherPolicy | None:
        """For a reward; None where it has no policies."""
        if not isinstance(spec.node, Named) or spec.node.reward != "math":
            return None
        given = spec.node.parameters
        policy: Policy = "strict" if given.get("policy") == "strict" else "lenient"
        return cls(policy, str(given.get("form", "any")), bool(given.get("prefilled", False)))

    def policy_of(self, request: GradeRequest) -> Policy:
        """The policy that a request is graded under."""
        return (isinstance(request.reference, MathReference) and request.reference.policy) or self._policy

    def __call__(self, request: GradeRequest, result: GradeResult, begin: Begin) -> Answer | None:
        """The other grade, or its future; None where the response could not be judged."""
        if result.score is None or not isinstance(request.reference, MathReference):
            return None
        if self._form != "any":  # the only place looked at, under either policy
            return result
        other: Policy = "lenient" if self.policy_of(request) == "strict" else "strict"
        if other == "strict" and stands_in_the_only_form(result.extracted, request.response):
            return result
        if len(request.response) <= LONGEST_AT_ONCE:
            # Prose is left to the workers (at_once), which only the lenient policy reads.
            found = extract(request.response, policy=other, prefilled=self._prefilled, at_once=other == "lenient")
            if found is None and other == "strict":
                return GradeResult.no_answer("no answer where the strict policy looks")
            if found is not None and found.text == result.extracted and len(found.text) < _SHOWN:
                return result
        (answer,) = begin([replace(request, reference=replace(request.reference, policy=other))])
        return answer


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
        return at >= 0 and len(response) - at - len(box) <= _BEHIND
    return boxes == 0 and response.count("####") == 1 and response.endswith(f"\n#### {answer}")
