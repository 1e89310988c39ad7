"""Other projects' scorers of mathematics, called as their own trainers call them. What is not installed is left out.

- math-verify: `parse` of gold and response, `verify`; a gold in LaTeX stands between dollar signs, as its guide asks.
- TRL: `accuracy_reward`, which is math-verify with settings of its own (the answer must be in a box).
- verl: the functions that its `default_compute_score` calls for MATH and for GSM8K. Their files are loaded by path, for
  importing the package loads its trainer.

    pip install math-verify && pip install --no-deps trl verl
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

Scorer: TypeAlias = Callable[[str, str], bool]
"""Of a response and a gold."""


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
    module = _file_of("verl", f"utils/reward_score/{'gsm8k' if name == 'gsm8k' else 'math_reward'}.py")

    def score(response: str, gold: str) -> bool:
        return float(module.compute_score(response, gold)) == 1.0

    return score


def _file_of(package: str, path: str) -> ModuleType:
    """A file of a package that is installed here, or among the tests' peers (`make test` puts them there)."""
    found = importlib.util.find_spec(package)
    places = list(found.submodule_search_locations or ()) if found is not None else []
    files = [folder / path for folder in (*map(Path, places), Path(sys.prefix) / "peers" / package)]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise ModuleNotFoundError(f"no {path} of {package}")
    spec = importlib.util.spec_from_file_location(f"peer_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def guarded(score: Scorer) -> Scorer:
    """A scorer that raises has not accepted."""

    def quiet(response: str, gold: str) -> bool:
        with suppress(Exception):  # whatever another project raises on a row
            return score(response, gold)
        return False

    return quiet


_PEERS: dict[str, Callable[[str], Scorer]] = {"math-verify": math_verify, "TRL": trl, "verl": verl}


def peers(name: str) -> dict[str, Scorer]:
    """The scorers that are installed."""
    present: dict[str, Scorer] = {}
    for peer, make in _PEERS.items():
        try:
            present[peer] = guarded(make(name))
        except ImportError as error:
            print(f"{name}: {peer} is not installed and left out ({error})", file=sys.stderr)
    return present
