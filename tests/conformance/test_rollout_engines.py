"""Every engine passes the conformance suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from torch import Tensor

from rlvr.rollout.scripted import ScriptedEngine
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.tokenizers import character_tokenizer
from tests.conformance.rollout_engine import CHECKS, EngineCase
from tests.rlvr.rollout.tiny import tiny_model

TOKENIZER = character_tokenizer("0123456789+=<>/answer ")


def model(seed: int):
    return tiny_model("llama", seed=seed, sharpness=1.0, vocab_size=len(TOKENIZER), eos_token_id=TOKENIZER.eos_token_id)


def new_weights() -> Iterator[list[tuple[str, Tensor]]]:
    for item in model(seed=1).state_dict().items():
        yield [item]


def transformers(device: str) -> EngineCase:
    return EngineCase(
        make=lambda: TransformersEngine(model(seed=0).to(device), TOKENIZER, max_batch=5),
        tokenizer=TOKENIZER,
        weights=new_weights,
        prompt="1+2=",
        stop="/",
    )


SCRIPTED = EngineCase(
    make=lambda: ScriptedEngine(["<answer>3</answer> 3", "3", "1+2=3 <answer>"], TOKENIZER),
    tokenizer=TOKENIZER,
    weights=lambda: iter(()),
    prompt="1+2=",
    stop="</answer>",
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", [transformers("cpu"), SCRIPTED], ids=["transformers", "scripted"])
def test_engine_conforms(case: EngineCase, check: Callable[[EngineCase], None]) -> None:
    check(case)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_engine_conforms_on_a_gpu(require: Callable[[str], None], check: Callable[[EngineCase], None]) -> None:
    require("cuda")
    check(transformers("cuda"))
