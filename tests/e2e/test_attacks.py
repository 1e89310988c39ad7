"""What real runs meet: data that lies, graders that die, numbers that overflow. Each is a real run of a tiny model."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

pytest.importorskip("torch")

from data_prep.problem import Problem
from rewards.errors import RewardError
from rlvr.errors import ConfigError, RunStopped
from rlvr.prompts import Prompter
from rlvr.rundir import read_metrics
from rlvr.runner import run_training
from rlvr.tokenizers import character_tokenizer
from sandbox.errors import ToolkitError
from tests.e2e import tiny
from tests.e2e.test_kill import workers_of
from tests.e2e.test_run import reward_file

SHORT: dict[str, object] = {
    "steps": 2,
    "warmup__steps": 0,
    "rollout__prompts": 2,
    "rollout__max_tokens": 12,
    "eval__every": 0,
    "learner__updates_per_step": 1,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.make_data(tmp_path)
    return tmp_path


def train(folder: Path, body: str | None = "return float(len(request.response) % 2)", **changes: object) -> Path:
    """A finished run of two steps whose reward is this function body."""
    run = folder / "run"
    reward: dict[str, object] = {} if body is None else {"reward": reward_file(folder, body)}
    assert run_training(tiny.config(folder, **{**SHORT, **reward, **changes}), out=run) == 0
    return run


def rows(run: Path) -> list[dict[str, object]]:
    return [row for step in tiny.comparable_samples(run).values() for row in step]


def write_rows(path: Path, *found: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return str(path)


# --- before the first token -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("changes", "words"), [
    ({"rollout__max_tokens": 94}, [r"rollout\.max_tokens is 94", r"data\.train", r"model\.init\.max_positions, 96"]),
    ({"rollout__max_tokens": [[0, 8], [5, 94]]}, [r"rollout\.max_tokens is 94", r"max_positions, 96"]),
    ({"eval__max_tokens": 94, "eval__every": 1}, [r"eval\.max_tokens is 94", "held_out", "max_positions, 96"]),
])  # fmt: skip
def test_responses_longer_than_the_positions_are_refused_before_anything_is_computed(
    folder: Path, changes: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(ConfigError, match=".*".join(words)):
        train(folder, warmup__steps=5, **changes)
    assert not (folder / "run" / "warmup.jsonl").exists()


def test_demonstrations_that_are_too_long_or_missing_are_refused(folder: Path) -> None:
    shown = folder / "shown.jsonl"
    shown.write_text("")
    with pytest.raises(ConfigError, match=r"warmup\.steps is 5 but warmup\.data .* holds no demonstrations"):
        train(folder, warmup__steps=5)
    write_rows(shown, {"prompt": "1+1=", "response": "1" * 200, "reference": "2"})
    with pytest.raises(ConfigError, match=r"longest demonstration has 205 tokens.*96 positions"):
        train(folder, warmup__steps=5)


def test_files_without_problems_are_refused(folder: Path) -> None:
    (folder / "empty.jsonl").write_text("")
    with pytest.raises(ConfigError, match=r"empty\.jsonl.* has no problems"):
        train(folder, data__train=[{"path": str(folder / "empty.jsonl")}])
    with pytest.raises(ConfigError, match=r"empty\.jsonl.* has no problems"):
        train(folder, eval__sets=[str(folder / "empty.jsonl")], eval__every=1)


def test_a_config_that_failed_may_be_corrected_and_started_in_the_same_directory(folder: Path) -> None:
    with pytest.raises(RewardError):
        run_training(tiny.config(folder, **{**SHORT, "reward": "no_such_reward"}), out=folder / "run")
    train(folder)


# --- data -----------------------------------------------------------------------------------------------------------


def test_problems_that_share_an_id_keep_their_own_prompts(folder: Path) -> None:
    short = Problem.from_dict({"id": "1", "prompt": "1+1=", "reference": "2"})
    long = Problem.from_dict({"id": "1", "prompt": "123+456=", "reference": "579"})
    prompter = Prompter(character_tokenizer("0123456789+="), template="plain")
    assert [len(prompter.tokens(p)) for p in (short, long, short)] == [4, 8, 4]
    data = write_rows(folder / "same.jsonl", short.to_dict(), long.to_dict())
    run = train(folder, data__train=[{"path": data}], data__sampler="difficulty")
    assert {row["prompt"] for row in rows(run)} == {"1+1=", "123+456="}


def test_duplicated_problems_are_drawn_as_often_as_they_stand_there(folder: Path) -> None:
    problem = {"prompt": "1+1=", "reference": "2"}
    run = train(folder, "return float(request.sample_id % 2)", data__train=[
        {"path": write_rows(folder / "twice.jsonl", problem, problem)}
    ])  # fmt: skip
    by_draw: dict[object, list[object]] = {}
    for row in rows(run):
        if row["step"] == 1:
            by_draw.setdefault(row["draw"], []).append(row["response"])
    assert len(by_draw) == 3
    assert len({str(responses) for responses in by_draw.values()}) == 3  # a draw anew, not the same samples again


def test_unicode_of_every_kind_goes_through_a_run_and_its_checkpoint(folder: Path) -> None:
    odd = "é𝟙\u2028\u0085\x0b\r\n\x00√日本\u202e"
    keys = {
        "tokenizer__characters": "0123456789+=" + "".join(dict.fromkeys(odd)),
        "dynamic__oversample": 4.0,
        "checkpoint__every": 1,
        "name": "läuft 日本",
    }
    data = write_rows(
        folder / "odd.jsonl", *({"prompt": f"{odd}{n}=", "reference": "2", "source": odd} for n in range(3))
    )
    keys |= {"data__train": [{"path": data}], "data__max_prompt_tokens": 40}
    run = train(folder, **keys)
    assert any(row["decision"] == "carried" for row in rows(run))
    assert all(str(row["prompt"]).startswith(odd) for row in rows(run))
    assert (
        run_training(tiny.config(folder, **{**SHORT, **keys, "steps": 4, "reward": reward_file(folder, ODD)}), out=run)
        == 0
    )
    assert [row["step"] for row in read_metrics(run / "metrics.jsonl")] == [1, 2, 3, 4]


ODD = "return float(len(request.response) % 2)"


def test_half_a_surrogate_pair_is_refused_with_its_place(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"prompt": "1+\\ud800=", "reference": "2"}\n')
    with pytest.raises(ToolkitError, match=r"bad\.jsonl|encode"):
        train(folder, data__train=[{"path": str(folder / "bad.jsonl")}])


def test_a_prompt_that_is_too_long_is_dropped_and_said(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write_rows(
        folder / "long.jsonl",
        {"prompt": "1+1=", "reference": "2"},
        {"id": "endless", "prompt": "1+" * 50, "reference": "2"},
    )
    run = train(folder, data__train=[{"path": data}])
    assert {row["prompt"] for row in rows(run)} == {"1+1="}
    assert "1 of 2 prompts are longer than 16 tokens and were dropped: endless" in capfd.readouterr().err


# --- numbers --------------------------------------------------------------------------------------------------------


def scores(folder: Path, text: str, head: str = "@reward('{name}')") -> str:
    """A reward whose body is an expression, without right and wrong."""
    path = folder / "scores.py"
    name = f"scores_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    path.write_text(
        f"from rewards import reward\n\n{head.format(name=name)}\ndef scores(request):\n    return {text}\n"
    )
    return f"{path}:scores"


@pytest.mark.parametrize("recipe", ["dr_grpo", "rloo"])
def test_losses_that_overflow_are_refused_three_times_naming_the_samples_and_then_stop_the_run(
    folder: Path, recipe: str
) -> None:
    reward = scores(folder, "3e38 if request.sample_id % 2 else -3e38")
    with pytest.raises(RunStopped, match=r"3 updates in a row were refused: non-finite .*draw \d+ sample \d"):
        train(folder, None, reward=reward, recipe=recipe, steps=5)
    found = list(read_metrics(folder / "run" / "metrics.jsonl"))
    assert [row["update/refused"] for row in found] == [1, 1, 1]
    assert [row["update/count"] for row in found] == [0, 0, 0]
    assert all("sample" in str(row["update/refused_why"]) for row in found)


@pytest.mark.parametrize("recipe", ["grpo", "dr_grpo", "reinforce++", "rloo", "gspo", "dapo"])
def test_rewards_beyond_float32_do_not_end_in_a_traceback(folder: Path, recipe: str) -> None:
    reward = scores(folder, "1e60 if request.sample_id % 2 else -1e60")
    outcome = ""  # the group's own scale may bring them back; if not, the updates are refused
    try:
        train(folder, None, reward=reward, recipe=recipe, steps=4)
    except RunStopped as stopped:
        outcome = str(stopped)
    assert not outcome or "3 updates in a row were refused: non-finite" in outcome


@pytest.mark.parametrize("changes", [
    {"rollout__n": 1, "recipe": "reinforce++"},
    {"rollout__n": 1, "rollout__prompts": 1, "recipe": "reinforce++", "rollout__max_tokens": 1},
    {"rollout__n": 2, "rollout__prompts": 1, "recipe": "grpo", "rollout__max_tokens": 1},
    {"rollout__n": 2, "rollout__prompts": 1, "recipe": "reinforce++_baseline", "rollout__max_tokens": 1},
    {"dynamic__oversample": 1e6}, {"dynamic__max_carry_age": 0}, {"dynamic__max_carry_age": 5, "steps": 5},
    {"rollout__stop": ["never said"]}, {"rollout__max_batch": 1}, {"dynamic__max_rounds": 1},
    {"recipe": "grpo", "algorithm__overlong_filter": True, "rollout__max_tokens": 1, "learner__updates_per_step": 2},
    {"learner__updates_per_step": 8},
])  # fmt: skip
def test_corners_of_the_settings_train(folder: Path, changes: dict[str, object]) -> None:
    run = train(folder, **changes)
    for row in read_metrics(run / "metrics.jsonl"):
        assert row["update/refused"] == 0
        for key, value in row.items():
            assert value is not None or key.startswith(("reward/", "response/")), key


# --- graders --------------------------------------------------------------------------------------------------------


def test_a_batched_reward_is_given_whole_groups_in_order(folder: Path) -> None:
    path = folder / "ranks.py"
    path.write_text(
        "from rewards import reward\n\n"
        f"@reward('ranks_{os.getpid()}', batched=True)\n"
        "def ranks(requests):\n"
        "    assert [r.sample_id for r in requests] == list(range(len(requests))), 'order'\n"
        "    assert len({r.group_id for r in requests}) == 1, 'one group'\n"
        "    return [float(len(requests)) * i for i, _ in enumerate(requests)]\n"
    )
    run = train(folder, None, reward=f"{path}:ranks")
    assert {(row["sample"], row["score"]) for row in rows(run)} == {(0, 0.0), (1, 4.0), (2, 8.0), (3, 12.0)}


def test_problems_that_name_their_own_rewards_are_paid_by_these(folder: Path) -> None:
    data = write_rows(
        folder / "own.jsonl",
        {"prompt": "1+1=", "reference": "2", "reward": "format"},
        {"prompt": "1+2=", "reference": "3", "reward": reward_file(folder, "return float(request.sample_id % 2)")},
    )
    run = train(folder, None, reward=None, recipe="grpo", data__train=[{"path": data}])
    paid = {
        str(row["prompt"]): {row["score"] for row in rows(run) if row["prompt"] == row["prompt"]} for row in rows(run)
    }
    assert paid.keys() == {"1+1=", "1+2="}
    assert {row["score"] for row in rows(run) if row["prompt"] == "1+2="} == {0.0, 1.0}
    assert {row["score"] for row in rows(run) if row["prompt"] == "1+1="} == {0.0}


def test_workers_killed_from_outside_in_the_middle_of_a_run_change_nothing(folder: Path) -> None:
    grading = folder / "grading"
    grading.mkdir()
    # A worker may be killed from its second call on: one that dies of a repeated call, its first, would be to blame.
    body = (
        f"mine = f'{grading}/{{os.getpid()}}'; again = os.path.exists(mine + '.first'); time.sleep(0.02); "
        "open(mine if again else mine + '.first', 'w').close(); return float(len(request.response) % 2)"
    )
    whole = tiny.comparable_samples(train(folder, body, steps=4, name="whole"))
    (folder / "run").rename(folder / "whole")
    stopped, killed = threading.Event(), []

    def kill() -> None:
        while not stopped.wait(0.4):
            busy = {int(name) for name in os.listdir(grading) if name.isdigit()}
            for pid in busy & set(workers_of(os.getpid())):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        run = train(folder, body, steps=4, name="whole")
    finally:
        stopped.set()
        thread.join()
    assert killed
    assert tiny.comparable_samples(run) == whole


# --- weights that are no numbers ------------------------------------------------------------------------------------


def test_a_model_whose_weights_are_not_numbers_is_an_error_and_no_traceback(folder: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM

    run = train(folder)
    model = LlamaForCausalLM.from_pretrained(run / "checkpoints" / "step-000002")
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    model.save_pretrained(folder / "broken")
    with pytest.raises(ToolkitError, match="not finite"):
        run_training(
            tiny.config(folder, **{**SHORT, "model": {"path": str(folder / "broken")}}), out=folder / "from_broken"
        )


def test_weights_that_explode_in_the_middle_end_the_run_with_what_happened(folder: Path) -> None:
    with pytest.raises(ToolkitError, match=r"not finite|refused"):
        train(folder, optimizer__lr=1e38, optimizer__max_gradient_norm=0.0, steps=4)


# --- going on -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [
    {"warmup__steps": 5, "recipe": "grpo"},  # the reference is the warmed-up model
    {"warmup__steps": 5, "recipe": "grpo", "algorithm__reference_every": 2},
    {"warmup__steps": 5, "recipe": "grpo", "model__lora": {"rank": 4, "dropout": 0.2}},
    {"warmup__steps": 5, "recipe": "rloo", "model__lora": {"rank": 4}, "algorithm__reference_every": 2},
    {"data__sampler": "difficulty", "dynamic__max_carry_age": 5},
    {"recipe": "reinforce++", "rollout__n": 1, "data__sampler": "difficulty"},
    {"model__dtype": "bfloat16", "warmup__steps": 5, "recipe": "grpo", "algorithm__reference_every": 3},
    {"rollout__max_tokens": [[0, 6], [2, 12]], "learner__updates_per_step": 3, "learner__layout": "packed"},
])  # fmt: skip
def test_a_run_that_was_cut_back_ends_as_it_did(folder: Path, changes: dict[str, object]) -> None:
    changes = {"steps": 4, "checkpoint__every": 2, **changes}
    if changes.get("recipe") == "grpo":
        changes["algorithm__kl_coefficient"] = 0.3  # enough to see a wrong reference
    run = train(folder, **changes)
    whole = tiny.comparable_metrics(run), tiny.comparable_samples(run)
    last = run / "checkpoints" / "step-000004"
    weights = (last / "model.safetensors").read_bytes()
    shutil.rmtree(last)
    train(folder, **changes)
    assert (tiny.comparable_metrics(run), tiny.comparable_samples(run)) == whole
    assert (last / "model.safetensors").read_bytes() == weights


def test_relative_paths_and_another_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    reward_file(folder, "return float(len(request.response) % 2)")
    keys = {**SHORT, "reward": "my_rewards.py:mine", "data__train": [{"path": "train.jsonl"}], "steps": 1}
    assert run_training(tiny.config(folder, **keys), out=Path("run")) == 0
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    keys |= {"steps": 2}
    with pytest.raises(ToolkitError, match=r"train\.jsonl"):
        run_training(tiny.config(folder, **keys), out=Path("../run"))
    monkeypatch.chdir(folder)
    assert run_training(tiny.config(folder, **keys), out=Path("../", folder.name, "run")) == 0
    assert [row["step"] for row in read_metrics(folder / "run" / "metrics.jsonl")] == [1, 2]


def test_no_steps_is_the_warm_up_and_its_evaluation_also_when_it_was_killed_between(folder: Path) -> None:
    keys = {"steps": 0, "warmup__steps": 3, "eval__every": 1, "eval__limit": 2}
    run = train(folder, **keys)
    (line,) = read_metrics(run / "metrics.jsonl")
    assert "eval/held_out/greedy_accuracy" in line
    (run / "metrics.jsonl").unlink()
    train(folder, **keys)
    assert list(read_metrics(run / "metrics.jsonl")) == [line]
