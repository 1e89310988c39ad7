"""The two trainers of `bench/trainer.py`, each in its own process, which takes steps on request.

A side imports what it needs and reports the memory of that; receives its `Case` and sets up the trainer; then waits for
numbers of steps on its pipe, takes that many steps and answers with a `Block`; 0 ends it. So the sides take turns of a
few steps in one run, and their memory is measured separately. Both trainers are unchanged: our loop is called through
the parts of `rlvr train` (with its metrics, samples and graders), and TRL's through `GRPOTrainer.train` with logging,
saving and progress bar off. Two methods of TRL's trainer are timed to separate its phases.

This module does not know about rows or ratios.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shared.trainer_reward import even

if TYPE_CHECKING:
    from rlvr.config import RunConfig

NEVER = 10**6  # steps: the schedule is constant, and the parent says when to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What both sides train: files of the model, its tokenizer and the problems, and the sizes of a step.

    pass_rows: sequences in a forward and backward pass of TRL; ours may hold as many tokens, including padding.
    """

    name: str
    shape: Mapping[str, int]
    vocabulary: int
    prompts: int
    group: int
    max_tokens: int
    mean_tokens: float | None  # None = responses never end by themselves
    prompt_words: tuple[int, int]
    pass_rows: int
    threads: int
    folder: Path
    gpu: bool = False  # both sides train there, in bfloat16
    learning_rate: float = 1e-6


@dataclass(slots=True, kw_only=True)
class Block:
    """Some consecutive steps: the seconds of each and of its phases, the tokens trained on, and the memory so far."""

    seconds: list[float] = field(default_factory=list)
    phases: dict[str, list[float]] = field(default_factory=lambda: {"rollout": [], "grade": [], "learn": []})
    response_tokens: list[int] = field(default_factory=list)
    peak_mb: float = 0.0
    workers_mb: float = 0.0

    def add(self, seconds: float, *, rollout: float, grade: float, tokens: int) -> None:
        self.seconds.append(seconds)
        for phase, value in (("rollout", rollout), ("grade", grade), ("learn", seconds - rollout - grade)):
            self.phases[phase].append(value)
        self.response_tokens.append(tokens)


class Turns:
    """A side's end of the pipe: times its steps and waits for the next turn between blocks."""

    def __init__(self, pipe: Connection, *, gpu: bool) -> None:
        self._pipe, self._block, self._left, self._began, self._gpu = pipe, Block(), 0, 0.0, gpu

    def wait(self) -> bool:
        """Wait for the next turn. Returns False if there is none."""
        self._left = self._pipe.recv()
        self._began = time.perf_counter()
        return self._left > 0

    def step(self, *, rollout: float, grade: float, tokens: int) -> bool:
        """Record that a step is over. Returns False to stop."""
        now = time.perf_counter()
        self._block.add(now - self._began, rollout=rollout, grade=grade, tokens=tokens)
        self._began, self._left = now, self._left - 1
        if self._left:
            return True
        if self._gpu:
            self._pipe.send(replace(self._block, peak_mb=gpu_mb()))
        else:
            workers = sum(_memory_mb(Path(f"/proc/{child}/smaps_rollup"), "Pss:") for child in _children(os.getpid()))
            self._pipe.send(replace(self._block, peak_mb=peak_mb(), workers_mb=workers))
        self._block = Block()
        return self.wait()


def ours(pipe: Connection) -> None:
    """Run our trainer, in its own process."""
    import asyncio

    import torch
    from transformers import LlamaForCausalLM  # noqa: F401  # imported with the rest, before memory is measured

    from rlvr.assembly import Assembly
    from rlvr.progress import Progress
    from rlvr.rundir.metrics import Metrics
    from rlvr.train import train

    import torch._dynamo  # isort: skip  # torch.optim imports it

    pipe.send(peak_mb())
    case: Case = pipe.recv()
    torch.set_num_threads(case.threads)
    turns, stop = Turns(pipe, gpu=case.gpu), asyncio.Event()

    class Steps(Progress):
        """Receives each step once it is on disk."""

        def show(self, metrics: Metrics) -> None:
            grade = _number(metrics, "time/grade")
            rollout = _number(metrics, "time/rollout") - grade
            if not turns.step(rollout=rollout, grade=grade, tokens=int(_number(metrics, "update/tokens"))):
                stop.set()

        def say(self, line: str) -> None:
            pass

    async def run(assembly: Assembly) -> None:
        async with assembly.parts(stop) as parts:
            assert parts is not None
            pipe.send("ready")
            if turns.wait():
                await train(parts, stop=stop)

    with Assembly(_our_config(case), case.folder / "run", Steps(total=NEVER)) as assembly:
        asyncio.run(run(assembly))


def _number(metrics: Mapping[str, float | int | str | None], key: str) -> float:
    value = metrics[key]
    assert isinstance(value, float | int)
    return value


def _our_config(case: Case) -> RunConfig:
    from rlvr.config import config_from

    return config_from(
        {
            "steps": NEVER,
            "threads": case.threads,
            "recipe": "grpo",
            "reward": f"{Path(__file__).with_name('trainer_reward.py')}:even_length",
            "model": {"path": str(case.folder / "model"), "dtype": "bfloat16" if case.gpu else "float32"},
            "data": {"train": [{"path": str(case.folder / "problems.jsonl")}], "template": "plain"},
            "rollout": {"prompts": case.prompts, "n": case.group, "max_tokens": case.max_tokens},
            "learner": {"micro_batch_tokens": case.pass_rows * (case.prompt_words[1] + case.max_tokens)},
            "algorithm": {"kl_coefficient": 0.0},
            "optimizer": {"lr": case.learning_rate},
            "checkpoint": {"every": NEVER},
        }
    )


def trl(pipe: Connection) -> None:
    """Run TRL's GRPOTrainer, in its own process."""
    import torch
    import torch._dynamo  # torch.optim imports it
    from datasets import Dataset
    from transformers import AutoTokenizer, LlamaForCausalLM, TrainerCallback
    from trl import GRPOTrainer

    from data_prep.files import read_problems

    pipe.send(peak_mb())
    case: Case = pipe.recv()
    torch.set_num_threads(case.threads)
    turns, spent = Turns(pipe, gpu=case.gpu), _Spent()

    class Steps(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
        def on_step_end(self, _arguments: object, _state: object, control: Any, **_rest: object) -> Any:
            if not turns.step(rollout=spent.rollout, grade=spent.grade, tokens=spent.tokens):
                control.should_training_stop = True
            spent.reset()
            return control

    prompts = [problem.messages[0].content for problem in read_problems(str(case.folder / "problems.jsonl"))]
    trainer = GRPOTrainer(
        model=LlamaForCausalLM.from_pretrained(case.folder / "model"),
        processing_class=AutoTokenizer.from_pretrained(case.folder / "model"),
        reward_funcs=spent.rewarded,
        args=_their_config(case),
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        callbacks=[Steps()],
    )
    trainer._generate = spent.clocked("rollout", trainer._generate)
    trainer._calculate_rewards = spent.clocked("grade", trainer._calculate_rewards)
    pipe.send("ready")
    if turns.wait():
        trainer.train()


def _their_config(case: Case) -> Any:
    from trl import GRPOConfig

    return GRPOConfig(
        output_dir=str(case.folder / "trl"),
        use_cpu=not case.gpu,
        bf16=case.gpu,
        per_device_train_batch_size=case.pass_rows,
        gradient_accumulation_steps=case.prompts * case.group // case.pass_rows,
        num_generations=case.group,
        max_completion_length=case.max_tokens,
        temperature=1.0,
        beta=0.0,
        loss_type="grpo",
        learning_rate=case.learning_rate,
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_steps=NEVER,
        gradient_checkpointing=False,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


class _Spent:
    """The seconds of the phases of a step of TRL's trainer, and its response tokens."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.rollout = self.grade = 0.0
        self.tokens = 0

    def clocked(self, phase: Literal["rollout", "grade"], call: Callable[..., Any]) -> Callable[..., Any]:
        """The method, timed as this phase."""

        def run(*arguments: Any) -> Any:
            began = time.perf_counter()
            result = call(*arguments)
            setattr(self, phase, getattr(self, phase) + time.perf_counter() - began)
            return result

        return run

    def rewarded(self, completions: list[str], completion_ids: list[list[int]], **_columns: object) -> list[float]:
        """The reward, which sees every response."""
        self.tokens += sum(map(len, completion_ids))
        return [even(text) for text in completions]


def peak_mb() -> float:
    """The peak resident size of this process so far (unlike ru_maxrss, without that of its parent)."""
    return _memory_mb(Path("/proc/self/status"), "VmHWM:")


def gpu_mb() -> float:
    """The peak memory that torch has reserved on the GPU so far."""
    import torch

    return torch.cuda.max_memory_reserved() / 2**20


def _memory_mb(file: Path, field: str) -> float:
    try:
        lines = file.read_text().splitlines()
    except OSError:  # the process is gone
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def _children(process: int) -> list[int]:
    """All descendants of this process."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # the thread is gone
            continue
    return found + [below for child in found for below in _children(child)]
