"""Every learner passes the conformance suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rlvr.learner.learner_config import Layout, LearnerConfig, OptimizerConfig
from rlvr.learner.torch_learner import TorchLearner
from rlvr.model_config import LoraSettings
from rlvr.types import Batch
from tests.conformance.learner import CHECKS, LearnerCase
from tests.rlvr.learner.small_models import batch_of, lora, small_model


def torch_learner(layout: Layout = "padded", adapters: LoraSettings | None = None, device: str = "cpu") -> TorchLearner:
    return TorchLearner(
        small_model(lora=adapters, device=device),
        optimizer=OptimizerConfig(lr=3e-3, warmup_steps=1, schedule="cosine"),
        config=LearnerConfig(micro_batch_tokens=60, layout=layout),
        total_steps=50,
        reference=True,
    )


CASES = {
    "torch": lambda: torch_learner(),
    "torch packed": lambda: torch_learner("packed"),
    "torch lora": lambda: torch_learner(adapters=lora()),
}
ON_A_GPU = {
    "torch": lambda: torch_learner(device="cuda"),
    "torch packed": lambda: torch_learner("packed", device="cuda"),
    "torch lora": lambda: torch_learner(adapters=lora(), device="cuda"),
}


CHECKED = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


def batch(seed: int) -> Batch:
    return batch_of([9, 14, 5, 20, 7], seed=seed, temperature=0.9)


@CHECKED
@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_learner_conforms(
    make: Callable[[], TorchLearner], check: Callable[[LearnerCase, Path], None], tmp_path: Path
) -> None:
    check(LearnerCase(make=make, batch=batch), tmp_path)


@CHECKED
@pytest.mark.parametrize("make", ON_A_GPU.values(), ids=ON_A_GPU)
def test_learner_conforms_on_a_gpu(
    require: Callable[[str], None],
    make: Callable[[], TorchLearner],
    check: Callable[[LearnerCase, Path], None],
    tmp_path: Path,
) -> None:
    require("cuda")
    check(LearnerCase(make=make, batch=batch), tmp_path)
