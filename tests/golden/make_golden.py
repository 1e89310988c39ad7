"""Make `algorithms.json`: what TRL 1.16 and verl 0.9.1 compute on one small batch, in float64.

It runs *their* code: TRL's `GRPOTrainer._compute_loss` on a stand-in for the trainer, and the lines of its
`_generate_and_score_completions` that turn rewards into advantages; verl's `core_algos` and `rollout_corr_helper`.
Nothing of ours is imported, and the tests that read the file need neither package.

    pip install --no-deps --target SCRATCH verl==0.9.1 omegaconf hydra-core antlr4-python3-runtime==4.9.3 \
        tensordict==0.10.0 pyvers cloudpickle orjson codetiming
    PYTHONPATH=SCRATCH python tests/golden/make_golden.py          # in an environment with trl==1.16.0

verl imports ray and others on the way to its formulae; those are replaced by empty stand-ins.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import inspect
import json
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch
from torch import Tensor

OUTPUT = Path(__file__).parent / "algorithms.json"

NOTES = [
    "TRL divides centred rewards by (std + 1e-4), verl by (std + 1e-6), and both let a group whose rewards differ only "
    "by rounding through; ours has epsilon 1e-6 and gives such a group 0 (tolerance 1e-6 before epsilon).",
    "verl leaves the reward of a group of one as it is; ours gives it 0. No such group is in this batch.",
    "TRL's dapo and cispo divide by the tokens of the whole generation batch, here this batch; the same as ours.",
    "TRL has no dual clip by name: its `delta` caps the ratio before the minimum, which is dual clip for delta above "
    "1 + epsilon_high.",
    "GSPO in both peers divides each sequence by its tokens and then by the sequences (TRL loss_type 'grpo', verl "
    "'seq-mean-token-mean'). That is ours: one term a sequence, divided by sequences. TRL's ratio carries its gradient "
    "through the mean of the sequence, verl's through the stop-gradient form; loss and gradient are equal.",
    "verl's cispo clips the weight on both sides, to [1 - low, 1 + high]; with low 1 and high 4 it is ours with cap 5.",
    "TRL's entropy bonus is a mean over tokens whatever the loss type; ours has the weights of the loss. Equal for "
    "division by tokens.",
    "verl selects clip-cov and kl-cov tokens in each micro-batch, from fresh log-probabilities, and clip-cov leaves "
    "out tokens that are clipped already; ours selects once an update from the log-probabilities it starts from. The "
    "case here starts from `new`, and its clip-cov bounds leave no random choice and hold no clipped token.",
    "verl's rejection mask takes sequences out of the counts as well; ours leaves them in the global counts. Which "
    "sequences are masked is compared here.",
    "TRL's RLOO trainer clips a sequence ratio and puts k1 in the reward; ours is the plain policy gradient (verl's "
    "compute_policy_loss_reinforce).",
]


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Empty modules for what verl imports but its formulae do not use."""

    names = frozenset({"ray", "wandb", "torchdata", "tensorboard"})

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        del path, target
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> MagicMock:
        module = MagicMock(name=spec.name)
        module.__spec__, module.__path__, module.__name__ = spec, [], spec.name
        return module

    def exec_module(self, module: object) -> None:
        pass


def make_inputs() -> dict[str, Tensor]:
    """8 responses to 2 problems; unequal lengths, a hole (tool output), ratios far outside any clip range."""
    generator = torch.Generator().manual_seed(20250314)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    lengths = torch.tensor([7, 4, 1, 6, 5, 7, 3, 2])
    mask = torch.arange(7) < lengths.unsqueeze(1)
    mask[3, 2] = False
    old = -0.05 - normal(8, 7).abs()
    new = old + 0.35 * normal(8, 7)
    new[0, 1], new[1, 0], new[4, 2], new[6, 1] = old[0, 1] + 1.9, old[1, 0] + 1.7, old[4, 2] + 2.6, old[6, 1] - 1.5
    new = new.clamp(max=-1e-3)
    return {
        "mask": mask,
        "group_id": torch.tensor([5, 5, 5, 5, 2, 2, 2, 2]),
        "rewards": torch.tensor([1.0, -1.0, 0.25, 1.0, -1.0, -1.0, -1.0, 0.5], dtype=torch.float64),
        "new": new,
        "old": old,
        "reference": old + 0.3 * normal(8, 7),
        "sampled": old + 0.5 * normal(8, 7),
        "entropy": normal(8, 7).abs(),
        "advantages": normal(8, 1).expand(8, 7).clone(),
    }


# --- TRL ------------------------------------------------------------------------------------------------------------


def trl_advantages(inputs: dict[str, Tensor], scale: str) -> Tensor:
    from trl.trainer import grpo_trainer

    source = inspect.getsource(grpo_trainer.GRPOTrainer._generate_and_score_completions)
    start = source.index("        unscorable_mask = ")
    end = source.index("        advantages = torch.nan_to_num")
    names = {
        "self": SimpleNamespace(
            multi_objective_aggregation="sum_then_normalize",
            scale_rewards=scale,
            reward_weights=torch.ones(1, dtype=torch.float64),
            reward_funcs=[None],
        ),
        "torch": torch,
        "nanstd": grpo_trainer.nanstd,
        "device": torch.device("cpu"),
        "rewards_per_func": inputs["rewards"].unsqueeze(1),
        "num_generations": 4,
    }
    exec(textwrap.dedent(source[start:end]), names)
    return names["advantages"]


def trl_loss(
    inputs: dict[str, Tensor],
    *,
    loss_type: str,
    level: str = "token",
    low: float = 0.2,
    high: float = 0.2,
    delta: float | None = None,
    beta: float = 0.0,
    entropy_coefficient: float = 0.0,
    importance_cap: float | None = None,
) -> dict[str, object]:
    from trl.trainer.grpo_trainer import GRPOTrainer

    new = inputs["new"].clone().requires_grad_()
    mask = inputs["mask"].to(torch.int64)
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=True),
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        importance_sampling_level=level,
        beta=beta,
        loss_type=loss_type,
        epsilon_low=low,
        epsilon_high=high,
        args=SimpleNamespace(delta=delta, use_bias_correction_kl=False, steps_per_generation=1),
        use_vllm=importance_cap is not None,
        vllm_importance_sampling_correction=importance_cap is not None,
        current_gradient_accumulation_steps=1,
        max_completion_length=20,
        accelerator=SimpleNamespace(num_processes=1, gather=lambda x: x, reduce=lambda x, **_k: x),
        _entropy_bonus_enabled=bool(entropy_coefficient),
        use_adaptive_entropy=False,
        entropy_coef=entropy_coefficient,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _get_per_token_logps_and_entropies=lambda *_a, **_k: (new, inputs["entropy"], None),
    )
    trainer.accelerator.sync_gradients = True
    data = {
        "prompt_ids": torch.zeros(8, 1, dtype=torch.int64),
        "prompt_mask": torch.ones(8, 1, dtype=torch.int64),
        "completion_ids": torch.zeros(8, 7, dtype=torch.int64),
        "completion_mask": torch.ones(8, 7, dtype=torch.int64),
        "tool_mask": mask,
        "advantages": inputs["advantages"][:, 0],
        "old_per_token_logps": inputs["old"],
        "ref_per_token_logps": inputs["reference"],
        "num_items_in_batch": mask.sum(),
    }
    if importance_cap is not None:
        data["importance_sampling_ratio"] = (inputs["old"] - inputs["sampled"]).exp().clamp(max=importance_cap)
    loss = GRPOTrainer._compute_loss(trainer, None, data)
    loss.backward()
    metrics = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    return {"loss": loss.item(), "gradient": new.grad.tolist(), "metrics": metrics}


def trl_cases(inputs: dict[str, Tensor]) -> dict[str, object]:
    return {
        "advantage/group_normalised": trl_advantages(inputs, "group").tolist(),
        "advantage/group_centred": trl_advantages(inputs, "none").tolist(),
        "loss/grpo_k3": trl_loss(inputs, loss_type="grpo", beta=0.04),
        "loss/grpo_importance_cap": trl_loss(inputs, loss_type="grpo", importance_cap=1.5),
        "loss/dr_grpo": trl_loss(inputs, loss_type="dr_grpo"),
        "loss/dapo": trl_loss(inputs, loss_type="dapo", high=0.28),
        "loss/dapo_dual_clip": trl_loss(inputs, loss_type="dapo", high=0.28, delta=3.0),
        "loss/dapo_entropy": trl_loss(inputs, loss_type="dapo", high=0.28, entropy_coefficient=0.01),
        "loss/gspo": trl_loss(inputs, loss_type="grpo", level="sequence", low=3e-4, high=4e-4),
        "loss/gspo_wide": trl_loss(inputs, loss_type="grpo", level="sequence", low=0.5, high=0.5),
        "loss/cispo": trl_loss(inputs, loss_type="cispo", high=5.0),
    }


# --- verl -----------------------------------------------------------------------------------------------------------


def verl_advantages(inputs: dict[str, Tensor]) -> dict[str, object]:
    from verl.trainer.ppo import core_algos

    mask = inputs["mask"].double()
    index = inputs["group_id"].numpy().astype(str).astype(object)
    last = (mask.cumsum(1) == mask.sum(1, keepdim=True)) & inputs["mask"]
    scores = inputs["rewards"].unsqueeze(1) * last
    with_kl = core_algos.compute_rewards(scores, inputs["old"], inputs["reference"], 0.05) * mask
    normalised = core_algos.compute_grpo_outcome_advantage
    return {
        "advantage/group_normalised": normalised(scores.clone(), mask, index)[0].tolist(),
        "advantage/group_centred": normalised(scores.clone(), mask, index, norm_adv_by_std_in_grpo=False)[0].tolist(),
        "advantage/leave_one_out": core_algos.compute_rloo_outcome_advantage(scores.clone(), mask, index)[0].tolist(),
        "advantage/leave_one_out_kl": core_algos.compute_rloo_outcome_advantage(with_kl.clone(), mask, index)[
            0
        ].tolist(),
        "advantage/return_to_go_whitened_kl": core_algos.compute_reinforce_plus_plus_outcome_advantage(
            with_kl.clone(), mask, SimpleNamespace(gamma=1.0)
        )[0].tolist(),
        "advantage/group_centred_whitened": core_algos.compute_reinforce_plus_plus_baseline_outcome_advantage(
            scores.clone(), mask, index
        )[0].tolist(),
    }


def verl_loss(
    inputs: dict[str, Tensor],
    mode: str,
    *,
    aggregation: str = "token-mean",
    low: float = 0.2,
    high: float = 0.2,
    dual: float = 1e6,
    cap: float | None = None,
    **policy_loss: float,
) -> dict[str, object]:
    from verl.trainer.ppo import core_algos
    from verl.workers.config import ActorConfig
    from verl.workers.config.actor import PolicyLossConfig

    config = ActorConfig(
        strategy="fsdp",
        rollout_n=4,
        use_dynamic_bsz=True,
        clip_ratio_low=low,
        clip_ratio_high=high,
        clip_ratio_c=dual,
        loss_agg_mode=aggregation,
        policy_loss=PolicyLossConfig(**policy_loss),
        global_batch_info={"loss_scale_factor": 20} if aggregation == "seq-mean-token-sum-norm" else {},
    )
    new = inputs["new"].clone().requires_grad_()
    mask = inputs["mask"].double()
    weights = None
    if cap is not None:
        from verl.trainer.ppo import rollout_corr_helper

        weights, _ = rollout_corr_helper.compute_rollout_correction_weights(
            inputs["old"] - inputs["sampled"], mask, rollout_is="token", rollout_is_threshold=cap
        )
    run = core_algos.compute_policy_loss_reinforce if mode == "reinforce" else core_algos.get_policy_loss_fn(mode)
    loss, metrics = run(inputs["old"], new, inputs["advantages"].clone(), mask, aggregation, config, weights)
    loss.backward()
    return {"loss": loss.item(), "gradient": new.grad.tolist(), "metrics": metrics}


def verl_mismatch(inputs: dict[str, Tensor]) -> dict[str, object]:
    from verl.trainer.ppo import rollout_corr_helper

    mask = inputs["mask"].double()
    kept, _ = rollout_corr_helper.compute_rollout_rejection_mask(
        inputs["old"] - inputs["sampled"], mask, rollout_rs="seq_mean_k1", rollout_rs_threshold="0.8_1.25"
    )
    metrics = rollout_corr_helper.compute_offpolicy_metrics(inputs["old"], inputs["sampled"], mask)
    return {"masked": ((kept.sum(1) == 0) & inputs["mask"].any(1)).tolist(), "k3_kl": metrics["k3_kl"]}


def verl_cases(inputs: dict[str, Tensor]) -> dict[str, object]:
    from verl.trainer.ppo import core_algos

    return {
        **verl_advantages(inputs),
        **{
            f"kl/{name}": core_algos.kl_penalty(inputs["new"], inputs["reference"] * 4, name).tolist()
            for name in ("k1", "k2", "k3")
        },
        "mismatch": verl_mismatch(inputs),
        "loss/grpo": verl_loss(inputs, "vanilla", aggregation="seq-mean-token-mean"),
        "loss/dr_grpo": verl_loss(inputs, "vanilla", aggregation="seq-mean-token-sum-norm"),
        "loss/dapo_dual_clip": verl_loss(inputs, "vanilla", high=0.28, dual=3.0),
        "loss/dapo_importance_cap": verl_loss(inputs, "vanilla", high=0.28, dual=10.0, cap=1.5),
        "loss/gspo": verl_loss(inputs, "gspo", aggregation="seq-mean-token-mean", low=3e-4, high=4e-4),
        "loss/gspo_wide": verl_loss(inputs, "gspo", aggregation="seq-mean-token-mean", low=0.5, high=0.5),
        "loss/reinforce": verl_loss(inputs, "reinforce", aggregation="seq-mean-token-sum"),
        "loss/cispo": verl_loss(inputs, "cispo", low=1.0, high=4.0),
        "loss/clip_cov": verl_loss(inputs, "clip_cov", clip_cov_ratio=0.3, clip_cov_lb=0.2, clip_cov_ub=0.45),
        "loss/kl_cov": verl_loss(inputs, "kl_cov", kl_cov_ratio=0.2, ppo_kl_coef=0.7),
    }


def one_line_a_case(golden: dict[str, object]) -> str:
    """JSON in which a changed number is one changed line."""
    parts = []
    for name, value in golden.items():
        items = value if isinstance(value, list) else [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()]
        lines = ",\n".join("  " + (json.dumps(item) if isinstance(value, list) else item) for item in items)
        opening, closing = "[]" if isinstance(value, list) else "{}"
        parts.append(f" {json.dumps(name)}: {opening}\n{lines}\n {closing}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    sys.meta_path.insert(0, _StandIns())
    import trl
    import verl

    inputs = make_inputs()
    golden = {
        "made_by": {"trl": trl.__version__, "verl": verl.__version__, "torch": torch.__version__.split("+")[0]},
        "notes": NOTES,
        "inputs": {name: value.tolist() for name, value in inputs.items()},
        "trl": trl_cases(inputs),
        "verl": verl_cases(inputs),
    }
    OUTPUT.write_text(one_line_a_case(golden))
    print(f"{OUTPUT}: {len(golden['trl'])} cases of TRL, {len(golden['verl'])} of verl")


if __name__ == "__main__":
    main()
