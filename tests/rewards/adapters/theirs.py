"""Reward functions as they are written for other trainers; named by file in tests of the adapters."""

# ruff: noqa: ARG001, ARG002  # as their authors write them

from __future__ import annotations

import asyncio

from rewards.adapters import adopt

# --- TRL ------------------------------------------------------------------------------------------------------------


def close_to_twenty(completions, **kwargs):
    """TRL's documentation writes them so: texts, a number each."""
    return [-abs(20 - len(completion)) for completion in completions]


def contents(completions, solution, **kwargs):
    """Over messages, with a column; None where the solution is empty."""
    pairs = zip(completions, solution, strict=True)
    return [float(wanted in completion[0]["content"]) if wanted else None for completion, wanted in pairs]


def annotated(completions: list[list[dict[str, str]]], **kwargs) -> list[float]:
    return [float(len(completion[0]["content"])) for completion in completions]


def picky(prompts: list[str], completions: list[str], difficulty: list[int], source: list[str] | None = None):
    return [float(d + len(p) + len(c)) for p, c, d in zip(prompts, completions, difficulty, strict=True)]


async def later(completions: list[str], log_metric=None, trainer_state=None, **kwargs) -> list[float]:
    await asyncio.sleep(0)
    log_metric("seen", 1.0)
    return [float(sorted(kwargs) == ["level", "log_extra", "prompts"])] * len(completions)


def too_few(completions, **kwargs):
    return [1.0]


def wants_ids(completions, completion_ids):
    return [0.0] * len(completions)


# --- verl -----------------------------------------------------------------------------------------------------------


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    right = solution_str == ground_truth
    return {"score": 1.0 if right else -1.0, "acc": right, "pred": solution_str, "source": data_source, "odd": [1]}


def compute_plain(data_source, solution_str, ground_truth, extra_info=None, bonus=0.0, **kwargs):
    return float(solution_str == ground_truth) + bonus + extra_info.get("weight", 0)


async def compute_later(solution_str, ground_truth):
    await asyncio.sleep(0)
    return solution_str == ground_truth


def needs_more(data_source, solution_str, ground_truth, extra_info, weight):
    return weight * (solution_str == ground_truth)


def without_score(solution_str, ground_truth):
    return {"acc": 1.0}


# --- OpenRLHF -------------------------------------------------------------------------------------------------------


class Tensor:
    """What of a tensor the adapters use; the real ones are tried in the tests with the installed trainers."""

    def __init__(self, *values: object) -> None:
        self.values = values
        self.ndim = 1

    def __iter__(self):
        return (number(value) for value in self.values)

    def item(self) -> object:
        (value,) = self.values
        return value.item() if isinstance(value, Tensor) else value


def number(value: object) -> Tensor:
    """A tensor without a dimension."""
    made = Tensor(value)
    made.ndim = 0
    return made


def reward_func(queries, prompts, labels):
    rewards = [float(q[len(p) :] == label) for q, p, label in zip(queries, prompts, labels, strict=True)]
    return {"rewards": Tensor(*rewards), "scores": Tensor(*rewards), "extra_logs": {"length": Tensor(len(queries[0]))}}


ODD = {
    "a number": 0.5,
    "a tensor of one number": Tensor(0.5),
    "a number in a tensor": number(0.5),
    "a tensor of one row": Tensor(Tensor(0.5)),
    "a list of a list": [[0.5]],
    "a tensor of two": Tensor(0.5, 0.5),
    "an empty tensor": Tensor(),
    "nothing": None,
    "NaN": [float("nan")],
    "infinity": {"rewards": Tensor(float("inf"))},
    "text": "1",
    "bytes": bytearray(b"a"),
    "a dict of other keys": {"reward": 1.0},
    "a dict of nothing": {"rewards": None},
    "a dict in a dict": {"rewards": {"a": 1.0}},
    "logs of all shapes": {
        "rewards": [0.5],
        "scores": [],
        "extra_logs": {"a": [[1]], "b": None, "c": float("nan"), "d": Tensor(2.0)},
    },
    "logs that are none": {"rewards": [0.5], "extra_logs": [1]},
}


def reward_odd(queries, prompts, labels):
    return ODD[queries[0][len(prompts[0]) :]]


def reward_list(queries, prompts, labels, **kwargs):
    return [0.25 for _ in queries]


# --- verifiers ------------------------------------------------------------------------------------------------------


def exact(completion, answer, **kwargs) -> float:
    return float(completion[-1]["content"] == answer)


async def by_state(state, info, level: int = 0) -> float:
    await asyncio.sleep(0)
    return float(state["answer"] == info["wanted"]) + level


def ranked(completions, answers) -> list[float]:
    lengths = [len(completion[-1]["content"]) for completion in completions]
    return [float(sorted(lengths).index(length)) for length in lengths]


async def in_a_box(task, trace, runtime) -> float:
    return 0.0


async def with_more(trace, tools) -> float:
    return 0.0


class OfATask:
    def exact(self, trace) -> float:
        return 0.0


# --- ours ------------------------------------------------------------------------------------------------------------


def no_ones(text: str) -> float:
    return 0.0


adopt("verl", compute_score, name="test_signed_score", version="4", range=(-1, 1), data_source="gsm8k")
