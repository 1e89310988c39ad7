"""verl: `compute_score(data_source, solution_str, ground_truth, extra_info) -> float | dict`, one response at a time.

Adopting: `data_source` is the parameter of that name, else the row's column; `ground_truth` is the answer (or the
column that `columns` maps it to); `extra_info` is the metadata. If the function returns a dict, `score` is the score;
its other numbers become parts, and its texts details.

Exporting: put `to_verl("math")` in a file that verl loads: `reward.custom_reward_function.path=./score.py`. verl cannot
leave a sample out, so `ungraded` sets the score of a response that could not be judged; without it, it raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from rewards.adapters.adapter import Adapter, Arguments, Options
from rewards.adapters.columns import (
    answer_of,
    as_json,
    chosen,
    columns_of,
    named,
    reference_of,
    require_arguments,
    takes_all,
)
from rewards.errors import GradingUnavailable, InvalidReward
from rewards.finite import finite
from rewards.grading import RewardLike, grade
from rewards.outcome import Detailed
from rewards.spec import RewardSpec
from rewards.spec_properties import has_right_and_wrong
from rewards.types import GradeRequest, GradeResult

ComputeScore: TypeAlias = Callable[..., dict[str, float | str]]

_LOG = logging.getLogger("rewards.adapters")
_ARGUMENTS = ("data_source", "solution_str", "ground_truth", "extra_info")
# Arguments that verl adds when a reward model runs, too.
_OF_VERL = ("reward_router_address", "reward_model_tokenizer")


def _ask(function: Callable[..., object], requests: Sequence[GradeRequest], options: Options) -> Arguments:
    (request,) = requests
    columns = columns_of(request)
    renamed = options.columns.get("ground_truth")
    truth = (
        answer_of(request) if renamed is None else chosen(columns, ["ground_truth"], options.columns)["ground_truth"]
    )
    source = options.text("data_source")
    given = {
        "data_source": columns.get("data_source", "") if source is None else source,
        "solution_str": request.response,
        "ground_truth": truth,
        "extra_info": {**request.metadata},
    }
    names, any_of_them = named(function), takes_all(function)
    return (), {name: value for name, value in given.items() if any_of_them or name in names}


def _read(value: object, _count: int, _reward: str) -> Sequence[object]:
    if isinstance(value, Mapping):
        if "score" not in value:
            raise ValueError(f"it returned a dict without 'score' (its keys: {', '.join(map(str, value))})")
        return [Detailed(value["score"], {name: item for name, item in value.items() if name != "score"})]
    return [value]


ADAPTER = Adapter(
    ask=_ask,
    read=_read,
    check=lambda function: require_arguments("verl", function, ["solution_str", "ground_truth"]),
    gives=_ARGUMENTS,
    options={"data_source": str | None, "columns": dict[str, str] | None},
)


def to_verl(
    reward: RewardLike,
    *,
    ungraded: float | None = None,
    workers: int | None = None,
    deadline: float | None = None,
) -> ComputeScore:
    """Export one of our rewards as verl's `compute_score`.

    `ground_truth` is a reference (an object with a `type`, or its JSON text) or a bare answer. The function returns a
    dict with `score`, `acc` (the correctness, if the reward has right and wrong), `pred` (the extracted answer) and
    `ungraded` (1 or 0), which verl adds to its metrics.

    ungraded: the score of a response that could not be judged, with a warning; None = raise. workers, deadline: see
    `rewards.grade`.

    Raises:
        UnknownReward, InvalidReward: no such reward, or an `ungraded` that is no score.
        GradingUnavailable (when called): a response could not be judged, and `ungraded` is None.
        InvalidRow (when called): the ground truth is not a reference.
        InvalidReward (when called): verl passes an argument that nobody reads, such as one of `reward_kwargs`.

    Example:
        # score.py, for reward.custom_reward_function.path=./score.py reward.custom_reward_function.name=compute_score
        compute_score = to_verl("math", ungraded=0.0)
    """
    spec = RewardSpec.from_dict(reward)
    judges = has_right_and_wrong(spec)
    check_ungraded(ungraded)

    def compute_score(
        data_source: str = "",
        solution_str: str = "",
        ground_truth: object = None,
        extra_info: Mapping[str, object] | None = None,
        **more: object,
    ) -> dict[str, float | str]:
        if unread := [name for name in more if name not in _OF_VERL]:
            raise InvalidReward(
                f"verl passes {', '.join(map(repr, unread))} (of reward_kwargs?), which this function does not read: "
                "give the reward its parameters, as in to_verl({'reward': NAME, 'parameters': {...}})"
            )
        metadata = {str(name): as_json(value) for name, value in (extra_info or {}).items()}
        request = GradeRequest(
            response=solution_str,
            reference=reference_of(ground_truth),
            metadata={"data_source": str(data_source), **metadata},
        )
        (result,) = grade(spec, [request], workers=workers, deadline=deadline)
        paid = paid_for(result, ungraded, "verl")
        row: dict[str, float | str] = {"score": paid, "pred": result.extracted or ""}
        if judges:
            row["acc"] = result.correctness or 0.0
        return {**row, "ungraded": float(result.score is None)}

    return compute_score


def check_ungraded(ungraded: float | None) -> None:
    """Raises InvalidReward where it is no score."""
    if ungraded is not None and finite(ungraded) is None:
        raise InvalidReward(f"ungraded is {ungraded!r}; give the score of what cannot be judged, such as 0.0")


def paid_for(result: GradeResult, ungraded: float | None, peer: str) -> float:
    """The score for a trainer that cannot leave a sample out. Raises GradingUnavailable."""
    if result.score is not None:
        return result.score
    if ungraded is None:
        raise GradingUnavailable(
            f"a response could not be judged, and {peer} cannot leave it out: {result.reason}. "
            "Say what such a response is paid: ungraded=0.0"
        )
    _LOG.warning("a response could not be judged and is paid %g: %s", ungraded, result.reason)
    return ungraded
