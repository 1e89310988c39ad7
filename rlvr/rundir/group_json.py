"""Pending groups as JSON, without loss: floats are written in full, so reading restores equal values.

Used by checkpoints only; `samples/` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from data_prep.problem import Problem
from rewards.types import Finish, GradeResult
from rlvr.types import Completion, Group, RolloutRequest, Sample, SamplingParameters


def group_to_json(group: Group) -> dict[str, object]:
    """A group as plain data."""
    return {
        "problem": group.problem.to_dict(),
        "draw_index": group.draw_index,
        "samples": [
            {
                "request": asdict(s.completion.request),
                "token_ids": s.completion.token_ids,
                "loss_mask": [int(m) for m in s.completion.loss_mask],
                "logprobs": s.completion.logprobs,
                "policy_versions": s.completion.policy_versions,
                "finish": s.completion.finish.value,
                "text": s.text,
                "grade": s.grade.to_dict(),
                "reward": s.reward,
                "shaping": dict(s.shaping),
            }
            for s in group.samples_G
        ],
    }


def group_from_json(row: Mapping[str, Any]) -> Group:
    """The group that `group_to_json` wrote. The data comes from our own checkpoint and is not validated again."""
    return Group(
        problem=Problem.from_dict(row["problem"]),
        draw_index=row["draw_index"],
        samples_G=tuple(_sample(s) for s in row["samples"]),
    )


def _sample(row: Mapping[str, Any]) -> Sample:
    sampling = row["request"]["sampling"]
    request = RolloutRequest(
        **{
            **row["request"],
            "prompt_T": tuple(row["request"]["prompt_T"]),
            "sampling": SamplingParameters(**{**sampling, "stop": tuple(sampling["stop"])}),
        }
    )
    completion = Completion(
        request=request,
        token_ids=tuple(row["token_ids"]),
        loss_mask=tuple(bool(m) for m in row["loss_mask"]),
        logprobs=tuple(row["logprobs"]),
        policy_versions=tuple(row["policy_versions"]),
        finish=Finish(row["finish"]),
    )
    return Sample(
        completion=completion,
        text=row["text"],
        grade=GradeResult.from_dict(row["grade"]),
        reward=row["reward"],
        shaping=MappingProxyType(row["shaping"]),
    )
