"""Allowed ranges of single config keys. Pairs of keys are checked in `rlvr/config.py`.

A value out of range would otherwise fail late or silently: `checkpoint.keep_last: -1` would delete the checkpoint just
saved.

Example:
    >>> out_of_range("seed", -1)
    'seed is -1; it must be from 0 to 4294967295'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

Rule: TypeAlias = tuple[Callable[[float], bool], str]


def _at_least(least: int) -> Rule:
    return (lambda v: least <= v < math.inf), f"at least {least}"


# Written so that NaN never holds.
_SHARE: Rule = (lambda v: 0 <= v <= 1), "between 0 and 1"
_ABOVE_ZERO: Rule = (lambda v: 0 < v < math.inf), "above 0 and finite"
_BELOW_ONE: Rule = (lambda v: 0 <= v < 1), "at least 0 and below 1"
_FINITE_FROM_ONE: Rule = (lambda v: 1 <= v < math.inf), "finite and at least 1"
_FINITE: Rule = (lambda v: 0 <= v < math.inf), "finite and at least 0"
_SEED: Rule = (lambda v: 0 <= v < 1 << 32), "from 0 to 4294967295"

_OPTIMIZER: Mapping[str, Rule] = {
    "lr": _FINITE,
    "betas": _BELOW_ONE,
    "eps": _ABOVE_ZERO,
    "weight_decay": _FINITE,
    "warmup_steps": _at_least(0),
    "final_share": _SHARE,
    "max_gradient_norm": _FINITE,
}

RANGES: Mapping[str, Rule] = {
    "seed": _SEED,
    "model.init.seed": _SEED,
    **{f"model.init.{key}": _at_least(1) for key in ("hidden_size", "layers", "heads", "max_positions")},
    "model.lora.rank": _at_least(0),
    "model.lora.alpha": _ABOVE_ZERO,
    "model.lora.dropout": _BELOW_ONE,
    "steps": _at_least(0),
    "threads": _at_least(1),
    "checkpoint.every": _at_least(1),
    "checkpoint.keep_last": _at_least(0),
    "data.max_prompt_tokens": _at_least(1),
    "data.pass_rate_low": _SHARE,
    "data.pass_rate_high": _SHARE,
    "rollout.prompts": _at_least(1),
    "rollout.n": _at_least(1),
    "rollout.max_batch": _at_least(1),
    "rollout.temperature": _ABOVE_ZERO,
    "grading.workers": _at_least(1),
    "grading.deadline": _ABOVE_ZERO,
    "grading.max_ungraded_share": _SHARE,
    "dynamic.max_rounds": _at_least(1),
    "dynamic.oversample": _FINITE_FROM_ONE,
    "dynamic.max_carry_age": _at_least(0),
    "dynamic.max_empty_steps": _at_least(1),
    "learner.updates_per_step": _at_least(1),
    "learner.micro_batch_tokens": _at_least(1),
    "warmup.steps": _at_least(0),
    "warmup.batch": _at_least(1),
    **{f"optimizer.{key}": rule for key, rule in _OPTIMIZER.items()},
    **{f"warmup.optimizer.{key}": rule for key, rule in _OPTIMIZER.items()},
}


def out_of_range(key: str, value: object) -> str:
    """What is wrong with the value of a key; empty if it is fine or the key holds no plain number."""
    if key not in RANGES:
        return ""
    holds, wanted = RANGES[key]
    numbers = value if isinstance(value, list | tuple) else [value]
    wrong = [v for v in numbers if isinstance(v, int | float) and not holds(v)]
    return f"{key} is {value}; it must be {wanted}" if wrong else ""
