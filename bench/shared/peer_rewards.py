"""Reward functions of other projects, as rewards to attack. Each is called as its project calls it.

Those that an adapter accepts directly (`trl:...`, `verl:FILE:compute_score`) are listed in `PEERS` by adapter. The
functions below wrap those that need other arguments.

    pip install 'rlvr[bench]' && pip install --no-deps verl openrlhf pylatexenc
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from shared.peer_files import peer_file, peer_module

from rewards import GradeRequest, reward
from rewards.code.references import FunctionReference, StdioReference
from rewards.rules.references import TextReference
from rewards.types import Json, MathReference

HERE = Path(__file__)


def installed(package: str) -> bool:
    """Whether the package is installed."""
    try:
        return bool(peer_file(package, "__init__.py"))
    except ModuleNotFoundError:
        return False


def gold(request: GradeRequest) -> str:
    reference = request.reference
    return str(reference.answer) if isinstance(reference, MathReference) else ""


@reward("math_verify", correctness=True)
def math_verify(request: GradeRequest) -> bool:
    """math-verify as its guide says: the gold between dollar signs."""
    from math_verify import parse, verify

    return bool(verify(parse(f"${gold(request)}$"), parse(request.response)))


@reward("verl_search_r1", correctness=True)
def verl_search_r1(request: GradeRequest) -> float:
    """verl's exact match for questions."""
    return _search_r1(request, "compute_score")


@reward("verl_search_r1_subem", correctness=True)
def verl_search_r1_subem(request: GradeRequest) -> float:
    """verl's substring match for questions."""
    return _search_r1(request, "compute_score_subem")


def _search_r1(request: GradeRequest, function: str) -> float:
    assert isinstance(request.reference, TextReference)
    score = getattr(peer_module("verl", "utils/reward_score/search_r1_like_qa_em.py"), function)
    return float(score(request.response, {"target": list(request.reference.answers)}))


@reward("verl_prime_code", correctness=True)
def verl_prime_code(request: GradeRequest) -> float:
    """verl's own program runner, which it uses without a configured sandbox; for whole programs and for functions."""
    tests: dict[str, Json]
    if isinstance(request.reference, FunctionReference):
        calls = request.reference.cases
        tests = {
            "fn_name": request.reference.entry_point,
            "inputs": ["\n".join(map(json.dumps, call.args)) for call in calls],
            "outputs": [json.dumps(call.expected) for call in calls],
        }
    else:
        assert isinstance(request.reference, StdioReference)
        cases = request.reference.cases
        tests = {"inputs": [case.stdin for case in cases], "outputs": [case.stdout for case in cases]}
    score = peer_module("verl", "utils/reward_score/prime_code/__init__.py").compute_score
    scored = score(request.response, json.dumps(tests), continuous=True)
    return float(scored[0])


@reward("openrlhf_math", correctness=True)
def openrlhf_math(request: GradeRequest) -> bool:
    """OpenRLHF's `grade_answer` on the last box, as its rewards call it."""
    utils = peer_module("openrlhf", "utils/math_utils.py")
    answer = utils.extract_boxed_answer(request.response)
    return answer is not None and bool(utils.grade_answer(answer, gold(request)))


def _verl(file: str) -> Mapping[str, Json]:
    if not installed("verl"):
        return {}
    score = peer_file("verl", f"utils/reward_score/{file}.py")
    limits: Json = [-1, 1] if file == "math_dapo" else [0, 1]
    return {"reward": f"verl:{score}:compute_score", "parameters": {"range": limits}}


def _trl(function: str) -> Mapping[str, Json]:
    columns: Json = {"range": [0, 1], "columns": {"solution": "answer"}}
    return {"reward": f"trl:trl.rewards:{function}", "parameters": columns} if installed("trl") else {}


def _here(function: str, package: str) -> Mapping[str, Json]:
    return {"reward": f"{HERE}:{function}"} if installed(package) else {}


PEERS: dict[str, tuple[str, Mapping[str, Json]]] = {
    "verl: gsm8k": ("math", _verl("gsm8k")),
    "verl: math_reward": ("math", _verl("math_reward")),
    "verl: math_dapo": ("math", _verl("math_dapo")),
    "OpenRLHF: grade_answer": ("math", _here("openrlhf_math", "openrlhf")),
    "verl: search_r1_like_qa_em": ("text", _here("verl_search_r1", "verl")),
    "verl: search_r1_like_qa_em, subem": ("text", _here("verl_search_r1_subem", "verl")),
    "math-verify: parse, verify": ("math", _here("math_verify", "math_verify")),
    "TRL: accuracy_reward": ("math", _trl("accuracy_reward")),
    "TRL: reasoning_accuracy_reward": ("math", _trl("reasoning_accuracy_reward")),
    "verl: prime_code": ("stdio", _here("verl_prime_code", "verl")),
    "verl: prime_code, functions": ("function", _here("verl_prime_code", "verl")),
}
"""The rows to attack and the reward, by name; empty if the package is not installed."""
