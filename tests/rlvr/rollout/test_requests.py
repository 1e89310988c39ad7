"""Requests that no engine can answer are refused by name."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rlvr.errors import RolloutError
from rlvr.rollout.requests import check_parameters, check_request
from rlvr.types import SamplingParameters
from tests.rlvr.rollout.tiny import prompt, requests


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        (SamplingParameters(temperature=-0.1), "temperature"),
        (SamplingParameters(temperature=math.nan), "temperature"),
        (SamplingParameters(top_k=-1), "top_k"),
        (SamplingParameters(top_p=0.0), "top_p"),
        (SamplingParameters(top_p=1.1), "top_p"),
        (SamplingParameters(min_p=-0.5), "min_p"),
        (SamplingParameters(max_tokens=0), "max_tokens"),
        (SamplingParameters(stop=("",)), "stop"),
        (SamplingParameters(stop="</answer>"), "tuple of strings"),  # type: ignore[arg-type]
    ],
)
def test_parameters_that_no_distribution_has_are_refused(parameters: SamplingParameters, word: str) -> None:
    with pytest.raises(RolloutError, match=word):
        check_parameters(parameters)


@pytest.mark.parametrize("change", [{"prompt_T": ()}, {"seed": -1}, {"draw_index": -1}, {"sample_index": -1}])
def test_a_refusal_names_the_request(change: dict[str, object]) -> None:
    request = replace(requests([prompt(3)])[0], **change)  # type: ignore[arg-type]
    with pytest.raises(RolloutError, match="prompt 7 "):
        check_request(7, request)
