"""The adapters against the installed trainers themselves, each in a process of its own with the folder of peers.

What a peer's own code makes of one of our rewards, and what its own functions say of responses when they are called by
it and when they are taken by us.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import peers_folder

pytestmark = pytest.mark.slow(90)
ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, code: str, peers: Path | None = None) -> Any:
    """Run a script that may import the peers, of their usual folder or another; it prints one line of JSON last."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(peers or peers_folder())])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


# --- TRL ------------------------------------------------------------------------------------------------------------

GRPO = """
    import json, sys
    import torch
    from datasets import Dataset
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from trl import GRPOConfig, GRPOTrainer
    from rewards.adapters import to_trl

    if __name__ == "__main__":
        torch.manual_seed(0)
        words = ["<pad>", "<s>", "</s>", *"0123456789+=?"]
        tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
        model = LlamaForCausalLM(
            LlamaConfig(vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
                        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
                        pad_token_id=0, bos_token_id=1, eos_token_id=2)
        )
        rows = [{"prompt": f"{a}+{b}=", "solution": str(a + b)} for a in range(5) for b in range(4)]
        asked = []
        math = to_trl({"reward": "math", "parameters": {"policy": "lenient"}}, reference="solution", workers=1)
        called = lambda **given: asked.append([given["completions"], given["solution"], math(**given)]) or asked[-1][2]
        called.__name__ = "math"
        config = GRPOConfig(
            output_dir="out", per_device_train_batch_size=16, num_generations=8, max_completion_length=2, max_steps=2,
            learning_rate=1e-2, logging_steps=1, report_to=[], use_cpu=True, seed=0, disable_tqdm=True,
            save_strategy="no",
        )
        before = model.lm_head.weight.detach().clone()
        trainer = GRPOTrainer(
            model=model, reward_funcs=called, args=config, train_dataset=Dataset.from_list(rows), processing_class=fast
        )
        trainer.train()
        moved = (trainer.model.lm_head.weight.detach() - before).abs().max().item()
        logged = [row for row in trainer.state.log_history if "rewards/math/mean" in row]
        print(json.dumps({"moved": moved, "logged": logged, "asked": asked}))
"""


def test_a_grpo_trainer_of_trl_trains_with_our_math_grader(require: Callable[[str], None], tmp_path: Path) -> None:
    require("trl")
    said = run(tmp_path, GRPO)
    assert len(said["asked"]) == 2
    for (completions, solutions, scores), logged in zip(said["asked"], said["logged"], strict=True):
        assert len(completions) == 16
        assert all(score == 1.0 for c, s, score in zip(completions, solutions, scores, strict=True) if c == s)
        assert all(score == 0.0 for c, s, score in zip(completions, solutions, scores, strict=True) if s not in c)
        assert logged["rewards/math/mean"] == pytest.approx(sum(scores) / 16)
        assert logged["math/ungraded"] == 0.0
    scores = [score for _, _, batch in said["asked"] for score in batch]
    assert 0.0 < sum(scores) < len(scores), "nothing was learned from"
    assert said["moved"] > 1e-4


TAKEN_FROM_TRL = r"""
    import json
    from trl.rewards import accuracy_reward, think_format_reward
    from rewards import GradeRequest, grade

    responses = [r"\boxed{\frac{1}{3}}", r"\boxed{2}", "<think>\nso\n</think>\n$\\frac{1}{3}$", "no"]
    gold = r"$\frac{1}{3}$"
    if __name__ == "__main__":
        rows = [
            GradeRequest.from_dict({"response": r, "reference": g, "prompt": "1/3?"})
            for r, g in [*((r, gold) for r in responses), (responses[0], "no gold at all")]
        ]
        chat = [[{"role": "assistant", "content": row.response}] for row in rows]
        taken = {"reward": "trl:trl.rewards:accuracy_reward", "parameters": {"range": [0, 1]}}
        form = {"reward": "trl:trl.rewards:think_format_reward", "in_process": True}
        results = grade(taken, rows, workers=1, deadline=60)
        print(json.dumps({
            "accuracy": [[r.score for r in results], accuracy_reward(chat, [*[gold] * 4, "no gold at all"])],
            "format": [[r.score for r in grade(form, rows, deadline=60)], think_format_reward(chat)],
            "verdicts": [r.verdict for r in results],
        }))
"""


def test_trls_own_functions_say_the_same_when_they_are_taken(require: Callable[[str], None], tmp_path: Path) -> None:
    require("trl")
    said = run(tmp_path, TAKEN_FROM_TRL)
    assert said["accuracy"][0] == said["accuracy"][1]
    assert None in said["accuracy"][0], "TRL cannot judge a gold that it cannot read"
    assert said["format"][0] == said["format"][1]
    assert 1.0 in said["format"][1]
    assert said["verdicts"] == [{1.0: "correct", 0.0: "wrong", None: "ungraded"}[s] for s in said["accuracy"][1]]


# --- verl -----------------------------------------------------------------------------------------------------------

VERL = r"""
    import asyncio, json
    import numpy as np
    import torch
    from omegaconf import OmegaConf
    from verl import DataProto
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.utils.reward_score import default_compute_score
    from rewards import GradeRequest, grade

    class Characters:
        def decode(self, ids, skip_special_tokens=True):
            return "".join(map(chr, ids.tolist()))

    def item(response, truth):
        ids = torch.tensor([list(map(ord, response))])
        return DataProto.from_dict(
            tensors={"responses": ids, "attention_mask": torch.ones_like(ids)},
            non_tensors={
                "data_source": np.array(["openai/gsm8k"], dtype=object),
                "reward_model": np.array([{"ground_truth": truth}], dtype=object),
                "extra_info": np.array([{"index": 7}], dtype=object),
            },
        )

    async def manage(function):
        manager = NaiveRewardManager(OmegaConf.create({}), Characters(), function)
        return [await manager.run_single(item(r, t)) for r, t in [(r"\boxed{0.75}", "3/4"), ("#### 5", "4")]]

    if __name__ == "__main__":
        custom = {"path": "score.py", "name": "compute_score", "reward_kwargs": {}}
        function = get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": custom}}))
        managed = asyncio.run(manage(function))
        rows = [("#### 4", "4"), ("it is 4", "4"), ("#### 5", "4")]
        requests = [
            GradeRequest.from_dict({"response": r, "reference": t, "metadata": {"data_source": "openai/gsm8k"}})
            for r, t in rows
        ]
        place = "verl:verl.utils.reward_score:default_compute_score"
        here = {"reward": place, "in_process": True}  # its import takes ten seconds, in each worker again
        dapo = {**here, "parameters": {"range": [-1, 1], "data_source": "math_dapo"}}
        answers = [GradeRequest.from_dict({"response": f"Answer: {n}", "reference": "4"}) for n in (4, 5)]
        results = grade(dapo, answers, deadline=60)
        print(json.dumps({
            "managed": managed,
            "taken": [r.score for r in grade(here, requests, deadline=60)],
            "direct": [default_compute_score("openai/gsm8k", r, t) for r, t in rows],
            "dapo": [[r.score, r.correctness, r.parts["acc"]] for r in results],
            "dapo_direct": [default_compute_score("math_dapo", a.response, "4")["score"] for a in answers],
        }))
"""


@pytest.mark.slow(90)
def test_verl_loads_our_reward_and_its_own_scores_are_the_same_when_taken(
    require: Callable[[str], None], tmp_path: Path
) -> None:
    require("verl")
    (tmp_path / "score.py").write_text(
        "from rewards.adapters import to_verl\ncompute_score = to_verl('math', workers=1)\n"
    )
    said = run(tmp_path, VERL)
    right, wrong = said["managed"]
    assert (right["reward_score"], wrong["reward_score"]) == (1.0, 0.0)
    assert right["reward_extra_info"] == {"score": 1.0, "pred": "0.75", "acc": 1.0, "ungraded": 0.0}
    assert said["taken"] == said["direct"] == [1.0, 0.0, 0.0]
    assert said["dapo"] == [[1.0, 1.0, 1.0], [-1.0, 0.0, 0.0]]
    assert said["dapo_direct"] == [1.0, -1.0]


# --- OpenRLHF -------------------------------------------------------------------------------------------------------

OPENRLHF = r"""
    import asyncio, json
    from types import SimpleNamespace
    import torch
    from openrlhf.utils.agent import SingleTurnAgentExecutor
    from rewards import GradeRequest, grade

    class Characters:
        def __call__(self, text, **_more):
            return {"input_ids": torch.tensor([list(map(ord, text))])}

        def decode(self, ids, skip_special_tokens=False):
            return "".join(map(chr, ids))

    class Engine:
        def __init__(self, response):
            self.response = response

        async def generate(self, prompt_ids, parameters, **_more):
            output = SimpleNamespace(token_ids=list(map(ord, self.response)), finish_reason="stop", logprobs=None)
            return SimpleNamespace(outputs=[output])

    async def execute(file, response, label):
        executor = SingleTurnAgentExecutor(file)
        parameters = SimpleNamespace(max_tokens=100, logprobs=None)
        out = await executor.execute("2+2?", label, parameters, 1000, Characters(), Engine(response))
        return {name: out[name] for name in ("reward", "scores", "extra_logs")}

    async def executed():
        ours = [await execute("ours.py", r, "4") for r in (r"\boxed{4}</s>", "5</s>")]
        theirs = [await execute("theirs.py", r, "4") for r in (r"\boxed{4}", r"\boxed{5}")]
        return ours, theirs

    if __name__ == "__main__":
        ours, theirs = asyncio.run(executed())
        rows = [{"response": r, "reference": "4", "prompt": "2+2?"} for r in (r"\boxed{4}", r"\boxed{5}")]
        requests = list(map(GradeRequest.from_dict, rows))
        named = {"reward": "openrlhf:./theirs.py:reward_func", "in_process": True}  # it has been imported here
        taken = grade(named, requests, deadline=60)
        print(json.dumps({
            "ours": ours,
            "theirs": [float(out["reward"]) for out in theirs],
            "taken": [r.score for r in taken],
        }))
"""

OPENRLHF_FUNCTION = """
import torch
from openrlhf.utils.math_utils import extract_boxed_answer, grade_answer

def reward_func(queries, prompts, labels, **kwargs):
    answers = [extract_boxed_answer(query[len(prompt):]) for query, prompt in zip(queries, prompts)]
    rewards = torch.tensor([float(grade_answer(a or "", label)) for a, label in zip(answers, labels)])
    return {"rewards": rewards, "scores": rewards, "extra_logs": {"answered": rewards * 0 + 1}}
"""


def test_openrlhf_executes_our_reward_and_functions_for_it_are_taken(
    require: Callable[[str], None], tmp_path: Path
) -> None:
    require("openrlhf")
    (tmp_path / "ours.py").write_text(
        "from rewards.adapters import to_openrlhf\nreward_func = to_openrlhf('math', workers=1)\n"
    )
    (tmp_path / "theirs.py").write_text(OPENRLHF_FUNCTION)
    said = run(tmp_path, OPENRLHF)
    assert said["ours"] == [
        {"reward": 1.0, "scores": 1.0, "extra_logs": {"ungraded": 0.0}},
        {"reward": 0.0, "scores": 0.0, "extra_logs": {"ungraded": 0.0}},
    ]
    assert said["theirs"] == said["taken"] == [1.0, 0.0]


# --- verifiers ------------------------------------------------------------------------------------------------------

VERIFIERS = """
    import asyncio, json, sys
    import verifiers as vf
    from verifiers.rubrics.rubric import Rubric
    from rubric import by_parser, exact, mean_length
    from rewards import GradeRequest, grade

    async def scored(function, response, answer):
        prompt = [{"role": "user", "content": "2+2?"}]
        completion = [{"role": "assistant", "content": response}]
        score = await Rubric(funcs=[function]).score_rollout(prompt, completion, answer, {"answer": answer}, info={})
        return score.reward

    if __name__ == "__main__":
        rows = [("4", "4"), ("five", "4")]
        requests = [GradeRequest.from_dict({"response": r, "reference": a, "prompt": "2+2?"}) for r, a in rows]
        said = {}
        for function in (exact, by_parser, mean_length):
            direct = [asyncio.run(scored(function, r, a)) for r, a in rows]
            named = {"reward": f"verifiers:./rubric.py:{function.__name__}", "in_process": function is not exact}
            taken = grade(named, requests, workers=1, deadline=60)
            said[function.__name__] = [[r.score for r in taken], direct]
        print(json.dumps(said))
"""

RUBRIC = """
def exact(completion, answer, **kwargs):
    return float(completion[-1]["content"] == answer)

async def by_parser(parser, completion, answer):
    return float(parser.parse_answer(completion) == answer)

def mean_length(prompt, completion, state):
    return len(completion[0]["content"]) / len(prompt[0]["content"])
"""


def test_functions_of_a_rubric_say_the_same_in_verifiers_and_taken(
    require: Callable[[str], None], tmp_path: Path
) -> None:
    require("verifiers")
    (tmp_path / "rubric.py").write_text(RUBRIC)
    said = run(tmp_path, VERIFIERS)
    assert said["exact"] == [[1.0, 0.0], [1.0, 0.0]]
    assert said["by_parser"] == [[1.0, 0.0], [1.0, 0.0]]
    assert said["mean_length"] == [[0.25, 1.0], [0.25, 1.0]]
