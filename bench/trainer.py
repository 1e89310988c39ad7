"""Steps per second and memory of our trainer and of TRL's `GRPOTrainer`, on the same work.

Both sides train the same Llama weights in float32 on the same prompts with the same group size, response limit, number
of sequences per step, AdamW at the same rate, temperature 1, no KL term, the clipped GRPO loss, one update per step, a
reward that costs nothing, and the same number of torch threads. Each runs in its own process
(`shared/trainer_sides.py`), and the two take turns of a few steps. Warm-up steps are discarded. The result of a turn is
its median step, measured from the end of one step to the end of the next.

- Case 2.5M: 2.5 million parameters, GPT-2's vocabulary, 32 sequences of 32 response tokens a step. The end token has
  no chance to speak of, so every response is cut at 32.
- Case 30M: 30 million parameters and responses of unequal length: the model's end token has a fixed chance at every
  token (its embedding is set so), which gives geometric lengths up to a limit. Lengths are random on each side; the
  row `response tokens a step` shows that the means agree.

One forward and backward pass holds four sequences on both sides (TRL: per_device_train_batch_size 4 and accumulation;
ours: as many tokens, including padding). That suits TRL best: of 32, 16, 8, 4 and 2 it was the fastest or among the
fastest, and all 32 at once take four times the memory. TRL runs with gradient checkpointing off (its default is on,
which would slow it), and with logging and saving off. Ours runs complete, as in `rlvr train`: it grades in worker
processes and writes metrics and all samples to disk in every step.

Peak memory: the highest resident size of the trainer's process, minus its size after all imports and before loading
anything; so it covers weights, gradients, optimizer and temporary tensors. For ours the grading workers are added in
full, including imports (proportional set size, at the end of a turn); TRL has no such workers.

Phases, in seconds of the median step: rollout (prompts to sampled tokens), grade (ours: waiting for grades after the
last token; earlier grades are made during the rollout), learn (the rest: the update, and what a step writes to disk).

If torch sees a GPU, there are three other cases instead (set CUDA_VISIBLE_DEVICES to empty to get the ones above): 494
million parameters, a vocabulary of 151,936 and 64 responses, of 256 tokens or of unequal length, 32 sequences in a
pass; and 1.5 billion parameters, 256 tokens each, 8 sequences in a pass. Weights are bfloat16 on both sides. Ours also
keeps float32 master weights; TRL updates the bfloat16 weights directly, which takes less memory and less work, and
loses small steps. The learning rate is close to zero, so that lengths keep following the chance of the end token.
Memory is the peak that torch reserved on the GPU, without the workers.

    python bench/trainer.py [--quick] [--json FILE] [--threads N]
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from shared.harness import OURS, Row, main, row_of, turns
from shared.trainer_sides import Block, Case
from shared.trainer_sides import ours as our_side
from shared.trainer_sides import trl as trl_side

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

TRL = "trl"
VOCABULARY = 50_257  # GPT-2's
LARGE_VOCABULARY = 151_936  # Qwen2.5's
END = "<|endoftext|>"
WORDS = (
    "red",
    "blue",
    "green",
    "one",
    "two",
    "three",
    "house",
    "tree",
    "water",
    "light",
    "night",
    "day",
    "good",
    "new",
)
PROMPTS = 64
SIDES: Mapping[str, Callable[[Connection], None]] = {OURS: our_side, TRL: trl_side}


def cases(folder: Path, threads: int, *, quick: bool) -> list[Case]:
    small = Case(
        name="2.5M, 32 x 32 tokens",
        vocabulary=VOCABULARY,
        shape={"hidden_size": 48, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4},
        prompts=4,
        group=8,
        max_tokens=32,
        mean_tokens=None,
        prompt_words=(8, 8),
        pass_rows=4,
        threads=threads,
        folder=folder / "small",
    )
    medium = Case(
        name="30M, 32 unequal responses",
        vocabulary=VOCABULARY,
        shape={"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 6},
        prompts=4,
        group=8,
        max_tokens=128,
        mean_tokens=32,
        prompt_words=(8, 32),
        pass_rows=4,
        threads=threads,
        folder=folder / "medium",
    )
    if quick:
        medium = replace(medium, name="30M, 16 unequal responses", prompts=2, max_tokens=48, mean_tokens=16)
    return [small, medium]


def gpu_cases(folder: Path, threads: int) -> list[Case]:
    """The shapes of Qwen2.5-0.5B and 1.5B."""
    equal = Case(
        name="0.5B bfloat16, GPU, 64 x 256 tokens",
        shape={
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
        },
        vocabulary=LARGE_VOCABULARY,
        prompts=8,
        group=8,
        max_tokens=256,
        mean_tokens=None,
        prompt_words=(16, 64),
        pass_rows=32,
        threads=threads,
        folder=folder / "equal",
        gpu=True,
        learning_rate=1e-12,
    )
    unequal = replace(equal, name="0.5B bfloat16, GPU, 64 unequal responses", mean_tokens=96, folder=folder / "unequal")
    larger = replace(
        equal,
        name="1.5B bfloat16, GPU, 64 x 256 tokens",
        shape={
            "hidden_size": 1536,
            "intermediate_size": 8960,
            "num_hidden_layers": 28,
            "num_attention_heads": 12,
            "num_key_value_heads": 2,
        },
        pass_rows=8,  # activations of 32 do not fit 80 GB beside the other side's
        folder=folder / "larger",
    )
    return [equal, unequal, larger]


class Side:
    """The process of one trainer, as seen from this one."""

    def __init__(self, run: Callable[[Connection], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=run, args=(theirs,))
        self._process.start()
        theirs.close()  # so that its death ends `recv`
        self.blocks: list[Block] = []
        self.imports_mb = 0.0

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(BrokenPipeError):
            self._pipe.send(0)
        self._process.join(60)
        self._process.terminate()

    def imported(self) -> None:
        self.imports_mb = self._pipe.recv()

    def open(self, case: Case) -> None:
        if case.gpu:
            self.imports_mb = 0.0  # of another memory
        self._pipe.send(case)
        self._pipe.recv()

    def take(self, steps: int) -> Block:
        """Take this many steps as one turn."""
        self._pipe.send(steps)
        block: Block = self._pipe.recv()
        return block

    def steps_a_second(self, steps: int) -> float:
        """Steps per second, from the median step of a turn. The turn is kept."""
        self.blocks.append(self.take(steps))
        return 1.0 / statistics.median(self.blocks[-1].seconds)

    def medians(self, value: Callable[[Block], list[float]]) -> list[float]:
        """One number per turn."""
        return [statistics.median(value(block)) for block in self.blocks]

    @property
    def memory_mb(self) -> float:
        return self.blocks[-1].peak_mb - self.imports_mb + self.blocks[-1].workers_mb


def measure_case(case: Case, *, warm: int, steps: int, rounds: int) -> Iterator[Row]:
    with ExitStack() as stack:
        sides = {name: stack.enter_context(Side(run)) for name, run in SIDES.items()}
        make_files(case)  # while they import
        for side in sides.values():
            side.imported()
        for side in sides.values():
            side.open(case)
        for side in sides.values():
            side.take(warm)
        runs = {name: lambda s=side: s.steps_a_second(steps) for name, side in sides.items()}
        yield row_of(f"trainer {case.name}: speed", turns(runs, rounds=rounds), unit="steps/s", better="higher")
    memory = {name: [side.memory_mb] for name, side in sides.items()}
    what = "peak memory of the GPU" if case.gpu else "peak memory above imports"
    yield row_of(f"trainer {case.name}: {what}", memory, unit="MB", better="lower")
    for phase in ("rollout", "grade", "learn"):
        phases = {name: side.medians(lambda b, p=phase: b.phases[p]) for name, side in sides.items()}
        yield row_of(f"trainer {case.name}: {phase}", phases, unit="s/step", better="lower")
    tokens = {
        name: [statistics.fmean(itertools.chain.from_iterable(b.response_tokens for b in side.blocks))]
        for name, side in sides.items()
    }
    yield row_of(f"trainer {case.name}: response tokens a step", tokens, unit="tokens", better="higher")


def make_files(case: Case) -> None:
    """The model with its tokenizer, and the problems."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from data_prep.files import write_problems
    from data_prep.problem import MathReference, Problem

    case.folder.mkdir()
    tokenizer = _tokenizer(case.vocabulary)
    tokenizer.save_pretrained(case.folder / "model")
    torch.manual_seed(0)
    end = tokenizer.eos_token_id
    config = LlamaConfig(
        vocab_size=case.vocabulary,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        **case.shape,
    )
    model = LlamaForCausalLM(config)
    chance = 1e-9 if case.mean_tokens is None else 1.0 / case.mean_tokens
    _set_end_chance(model, end, chance)
    if case.gpu:
        model.to(torch.bfloat16)
    model.save_pretrained(case.folder / "model")
    drawn = random.Random(0)
    questions = [" ".join(drawn.choices(WORDS, k=drawn.randint(*case.prompt_words))) for _ in range(PROMPTS)]
    problems = [Problem.make(question=question, reference=MathReference(answer="0")) for question in questions]
    write_problems(case.folder / "problems.jsonl", problems)


def _set_end_chance(model: LlamaForCausalLM, end: int, chance: float) -> None:
    """Give the end token this probability after every token.

    Dimension 0 of every embedding is the same, and large beside what the layers add; after the last norm it is nearly
    the same number at every place, and what the end token's (tied) row has more of it is a bias on its logit.
    """
    import torch

    embedding = model.get_input_embeddings().weight
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight *= 0.1
        embedding[:, 0] = 1.0
        constant = model.model(torch.arange(64).unsqueeze(0)).last_hidden_state[..., 0].mean()
        embedding[end, 0] += math.log(model.config.vocab_size * chance / (1.0 - chance)) / constant


def _tokenizer(size: int) -> PreTrainedTokenizerBase:
    """GPT-2's tokenizer from the shared data; a made one where they are absent, or of another size."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from rlvr.tokenizers import load_tokenizer

    data = Path(os.environ.get("RLVR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    real = data / "tokenizers" / "gpt2" / "tokenizer.json"
    if size == VOCABULARY and real.is_file():
        return load_tokenizer(real)
    tokens = [*WORDS, *(f"t{n}" for n in range(size - len(WORDS) - 1)), END]
    made = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, pad_token=END)


def measure(quick: bool) -> Iterator[Row]:
    import torch
    import trl  # noqa: F401  # for the machine's description

    with tempfile.TemporaryDirectory(prefix="rlvr-bench-") as folder:
        if torch.cuda.is_available():
            for case in gpu_cases(Path(folder), torch.get_num_threads()):
                yield from measure_case(case, warm=2, steps=2, rounds=2 if quick else 5)
            return
        small, medium = cases(Path(folder), torch.get_num_threads(), quick=quick)
        yield from measure_case(small, warm=1 if quick else 2, steps=2 if quick else 6, rounds=2 if quick else 9)
        yield from measure_case(medium, warm=1, steps=2, rounds=1 if quick else 7)


if __name__ == "__main__":
    main(__doc__, measure)
