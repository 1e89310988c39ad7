"""Grade responses with named rewards, in worker processes that can be killed.

    from rewards import GradeRequest, grade, reward

    @reward("concise")
    def concise(request: GradeRequest) -> float:
        return -float(len(request.response))

    grade("math", [GradeRequest.from_dict({"response": "\\\\boxed{4}", "reference": "4"})])

Entry points: `grade` (or `agrade`) for a list of responses, `stream` for any number of them, `GraderPool` to grade
responses as they are produced, `@reward` to register your own reward, `rewards.adapters` for reward functions of other
trainers. What is asked for is imported then: a grading worker needs little of it, and nobody gets sympy or torch.
"""

from typing import TYPE_CHECKING

from sandbox.on_demand import on_demand

if TYPE_CHECKING:
    from rewards.errors import (
        GradedInProcess,
        GradingUnavailable,
        HiddenReward,
        InvalidReward,
        InvalidRow,
        RewardError,
        UnknownReward,
    )
    from rewards.grading import agrade, grade, stream
    from rewards.pool import GraderPool
    from rewards.protocol import Grader
    from rewards.registry import find, names, reward
    from rewards.rules.references import ChoiceReference, JsonSchemaReference, RegexReference, TextReference
    from rewards.spec import RewardSpec
    from rewards.spec_properties import identity
    from rewards.types import (
        AnyOf,
        CountdownReference,
        DataReference,
        Finish,
        GradeRequest,
        GradeResult,
        MathReference,
        Message,
        NoReference,
        Reference,
        StepScore,
        Verdict,
    )

__all__ = [
    "AnyOf",
    "ChoiceReference",
    "CountdownReference",
    "DataReference",
    "Finish",
    "GradeRequest",
    "GradeResult",
    "GradedInProcess",
    "Grader",
    "GraderPool",
    "GradingUnavailable",
    "HiddenReward",
    "InvalidReward",
    "InvalidRow",
    "JsonSchemaReference",
    "MathReference",
    "Message",
    "NoReference",
    "Reference",
    "RegexReference",
    "RewardError",
    "RewardSpec",
    "StepScore",
    "TextReference",
    "UnknownReward",
    "Verdict",
    "agrade",
    "find",
    "grade",
    "identity",
    "names",
    "reward",
    "stream",
]

if not TYPE_CHECKING:  # else every name of this package would be known
    __getattr__ = on_demand(
        __name__,
        __all__,
        (
            "rewards.types",
            "rewards.errors",
            "rewards.rules.references",
            "rewards.protocol",
            "rewards.spec",
            "rewards.registry",
            "rewards.spec_properties",
            "rewards.grading",
            "rewards.pool",
        ),
    )
