"""Math scorers of other projects, called as their own trainers call them. Those not installed are skipped.

- math-verify: `parse` of gold and response, `verify`; a gold in LaTeX stands between dollar signs, as its guide asks.
- TRL: `accuracy_reward`, which is math-verify with settings of its own (the answer must be in a box).
- verl: the functions that its `default_compute_score` calls for MATH and for GSM8K.

    pip install math-verify && pip install --no-deps trl verl
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from shared.peer_files import peer_module

Scorer: TypeAlias = Callable[[str, str], bool]
"""Scores a response against a gold answer."""


def math_verify(name: str) -> Scorer:
    from math_verify import parse, verify

    def score(response: str, gold: str) -> bool:
        return bool(verify(parse(gold if name == "gsm8k" else f"${gold}$"), parse(response)))

    return score


def trl(name: str) -> Scorer:
    from trl.rewards import accuracy_reward

    def score(response: str, gold: str) -> bool:
        solution = gold if name == "gsm8k" else f"${gold}$"
        return accuracy_reward([[{"role": "assistant", "content": response}]], [solution]) == [1.0]

    return score


def verl(name: str) -> Scorer:
    module = peer_module("verl", f"utils/reward_score/{'gsm8k' if name == 'gsm8k' else 'math_reward'}.py")

    def score(response: str, gold: str) -> bool:
        return float(module.compute_score(response, gold)) == 1.0

    return score


def guarded(score: Scorer) -> Scorer:
    """The scorer, with an exception counted as a rejection."""

    def quiet(response: str, gold: str) -> bool:
        with suppress(Exception):  # whatever another project raises on a row
            return score(response, gold)
        return False

    return quiet


_PEERS: dict[str, Callable[[str], Scorer]] = {"math-verify": math_verify, "TRL": trl, "verl": verl}


def peers(name: str) -> dict[str, Scorer]:
    """The installed scorers, by name."""
    present: dict[str, Scorer] = {}
    for peer, make in _PEERS.items():
        try:
            present[peer] = guarded(make(name))
        except ImportError as error:
            print(f"{name}: {peer} is not installed and left out ({error})", file=sys.stderr)
    return present
