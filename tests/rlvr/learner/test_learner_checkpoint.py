"""Save and load: a resumed learner equals one that was never stopped, and the folder is an ordinary model."""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from rlvr.algorithms.objective_spec import ObjectiveSpec
from rlvr.errors import CheckpointError
from rlvr.learner.learner_config import LearnerConfig, OptimizerConfig
from rlvr.learner.torch_learner import TorchLearner
from rlvr.model_config import LoraSettings
from rlvr.models import quietly
from rlvr.types import Outputs, Role, TokenScores
from tests.rlvr.learner.small_models import batch_of, lora, small_model

KINDS = {
    "float32": lambda: small_model("qwen3"),
    "gpt2": lambda: small_model("gpt2"),
    "bfloat16": lambda: small_model(dtype="bfloat16"),
    "lora": lambda: small_model(lora=lora()),
    "lora dropout": lambda: small_model("gpt2", lora=lora(dropout=0.2)),
    "lora bfloat16": lambda: small_model(dtype="bfloat16", lora=lora()),
}


def learner_of(model: nn.Module) -> TorchLearner:
    return TorchLearner(
        model,
        optimizer=OptimizerConfig(lr=1e-2, weight_decay=0.1, warmup_steps=3, schedule="cosine"),
        config=LearnerConfig(micro_batch_tokens=40),
        total_steps=10,
        reference=True,
    )


async def train(learner: TorchLearner, first: int, last: int) -> list[float]:
    """Updates first..last-1, each on its own batch; the loss moves weights and moments."""
    spec = ObjectiveSpec(surrogate="supervised")
    return [(await learner.step(batch_of([7, 12, 9, 20, 3], seed=k), spec)).loss for k in range(first, last)]


async def reference_of(learner: TorchLearner) -> TokenScores:
    return await learner.score(batch_of([7, 12]), model=Role.REFERENCE, outputs=Outputs())


def same_weights(first: TorchLearner, second: TorchLearner) -> bool:
    pairs = zip(first.model.parameters(), second.model.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("replaced", [False, True], ids=["first reference", "replaced reference"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(kind: str, replaced: bool, tmp_path: Path) -> None:
    async def main() -> None:
        whole = learner_of(KINDS[kind]())
        await train(whole, 0, 2)
        if replaced:
            await whole.replace_reference()
        await train(whole, 2, 4)
        await whole.save(tmp_path)
        resumed = learner_of(KINDS[kind]())
        await resumed.load(tmp_path)
        assert same_weights(whole, resumed)
        assert await train(whole, 4, 7) == await train(resumed, 4, 7)
        assert same_weights(whole, resumed)
        assert torch.equal((await reference_of(whole)).logprobs, (await reference_of(resumed)).logprobs)

    asyncio.run(main())


def digest(learner: TorchLearner) -> str:
    weights = b"".join(p.detach().float().numpy().tobytes() for p in learner.model.parameters())
    return hashlib.sha256(weights).hexdigest()


_RESUME = """
import asyncio, json, sys, torch
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.rlvr.learner.test_learner_checkpoint import KINDS, digest, learner_of, train
torch.set_num_threads(int(sys.argv[3]))
for kind in sys.argv[4:]:
    learner = learner_of(KINDS[kind]())
    asyncio.run(learner.load(Path(sys.argv[2]) / kind))
    losses = asyncio.run(train(learner, 2, 5))
    print(json.dumps([losses, digest(learner)]))
"""


def test_a_new_process_goes_on_bit_for_bit(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    expected = []
    for kind in KINDS:
        learner = learner_of(KINDS[kind]())
        asyncio.run(train(learner, 0, 2))
        asyncio.run(learner.save(tmp_path / kind))
        expected.append([asyncio.run(train(learner, 2, 5)), digest(learner)])
    arguments = [str(root), str(tmp_path), str(torch.get_num_threads()), *KINDS]
    done = subprocess.run(
        [sys.executable, "-B", "-c", _RESUME, *arguments], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_is_an_ordinary_model(kind: str, tmp_path: Path) -> None:
    """With adapters merged: its logits are those of the trained model."""
    learner = learner_of(KINDS[kind]())
    asyncio.run(train(learner, 0, 3))
    asyncio.run(learner.save(tmp_path))
    with quietly():
        plain = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert plain.dtype == next(p for n, p in learner.model.named_parameters() if "lora" not in n).dtype
    tokens = batch_of([12, 12]).tokens
    learner.model.eval()
    with torch.no_grad():
        ours, theirs = learner.model(input_ids=tokens).logits, plain(tokens).logits
    merged = 0.05 if "bfloat16" in kind else 1e-5
    torch.testing.assert_close(theirs, ours, rtol=0, atol=merged if "lora" in kind else 0)


def test_adapters_are_saved_in_peft_form(tmp_path: Path) -> None:
    from peft import PeftModel

    learner = learner_of(KINDS["lora"]())
    asyncio.run(train(learner, 0, 3))
    asyncio.run(learner.save(tmp_path))
    again = PeftModel.from_pretrained(small_model(), tmp_path / "adapter")
    tokens = batch_of([12]).tokens
    with torch.no_grad():
        assert torch.equal(again(input_ids=tokens).logits, learner.model(input_ids=tokens).logits)


def test_every_process_writes_the_settings_of_adapters_alike(tmp_path: Path) -> None:
    asyncio.run(learner_of(KINDS["lora"]()).save(tmp_path))
    targets = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["target_modules"]
    assert len(targets) > 2
    assert targets == sorted(targets)


def test_training_leaves_the_base_under_adapters_alone(tmp_path: Path) -> None:
    learner = learner_of(KINDS["lora"]())
    base = {n: p.clone() for n, p in learner.model.named_parameters() if "lora" not in n}
    asyncio.run(train(learner, 0, 3))
    asyncio.run(learner.save(tmp_path))
    assert all(torch.equal(p, base[n]) for n, p in learner.model.named_parameters() if n in base)


def test_a_folder_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        asyncio.run(learner_of(small_model()).load(tmp_path))


@pytest.mark.parametrize(("saved", "loaded"), [("float32", "gpt2"), ("float32", "lora"), ("lora", "lora dropout")])
def test_a_checkpoint_of_another_model_is_an_error(saved: str, loaded: str, tmp_path: Path) -> None:
    asyncio.run(learner_of(KINDS[saved]()).save(tmp_path))
    with pytest.raises(CheckpointError):
        asyncio.run(learner_of(KINDS[loaded]()).load(tmp_path))


@pytest.mark.parametrize(
    "other",
    [
        LoraSettings(rank=4, alpha=8.0, targets=("q_proj",)),
        LoraSettings(rank=4, alpha=8.0, targets=("q_proj", "k_proj", "v_proj")),
        LoraSettings(rank=2, alpha=8.0, targets=("q_proj", "k_proj")),
        LoraSettings(rank=4, alpha=16.0, targets=("q_proj", "k_proj")),
    ],
    ids=["fewer targets", "more targets", "another rank", "another alpha"],
)
def test_a_checkpoint_of_other_adapters_is_an_error(other: LoraSettings, tmp_path: Path) -> None:
    """More targets would go on with new adapters beside the trained ones, another alpha with another policy."""
    own = LoraSettings(rank=4, alpha=8.0, targets=("q_proj", "k_proj"))
    asyncio.run(learner_of(small_model(lora=own)).save(tmp_path))
    with pytest.raises(CheckpointError, match=r"model\.lora"):
        asyncio.run(learner_of(small_model(lora=other)).load(tmp_path))


def test_a_learner_that_has_moved_on_goes_back_to_its_checkpoint(tmp_path: Path) -> None:
    """Weights, moments and schedule are those of the folder, also where it was saved before the first update."""
    learner = learner_of(small_model())
    asyncio.run(learner.save(tmp_path))
    first = asyncio.run(train(learner, 0, 3))
    asyncio.run(learner.load(tmp_path))
    assert asyncio.run(train(learner, 0, 3)) == first


def test_a_checkpoint_of_another_precision_is_an_error(tmp_path: Path) -> None:
    asyncio.run(learner_of(small_model()).save(tmp_path))
    with pytest.raises(CheckpointError, match=r"model\.dtype"):
        asyncio.run(learner_of(small_model(dtype="bfloat16")).load(tmp_path))


def test_a_damaged_state_is_an_error(tmp_path: Path) -> None:
    learner = learner_of(small_model())
    asyncio.run(learner.save(tmp_path))
    state = tmp_path / "learner.pt"
    state.write_bytes(state.read_bytes()[:200])
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        asyncio.run(learner.load(tmp_path))


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (Path.touch, (Path("trapped"),))  # type: ignore[return-value]


def test_loading_a_checkpoint_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    learner = learner_of(small_model())
    asyncio.run(learner.save(tmp_path))
    with (tmp_path / "learner.pt").open("wb") as file:
        torch.save({"optimizer": _Trap()}, file, pickle_module=pickle)
    with pytest.raises(CheckpointError):
        asyncio.run(learner.load(tmp_path))
    assert not (tmp_path / "trapped").exists()


def test_a_full_disk_is_a_checkpoint_error(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    learner = learner_of(small_model())
    asyncio.run(train(learner, 0, 1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(CheckpointError, match="cannot write"):
            asyncio.run(learner.save(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    asyncio.run(learner.save(tmp_path))  # and the learner is as it was
