from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from rlvr.errors import CheckpointError, ConfigError, RunStopped
from rlvr.learner.torch_learner import TorchLearner
from rlvr.rollout.transformers_engine import TransformersEngine
from rlvr.rundir import read_metrics
from rlvr.rundir.samples import SCHEMA
from rlvr.runner import run_training
from tests.conftest import ROOT
from tests.e2e import tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.make_data(tmp_path)
    return tmp_path


def metrics(run: Path) -> list[dict[str, float | int | str | None]]:
    return list(read_metrics(run / "metrics.jsonl"))


def reward_file(folder: Path, body: str) -> str:
    path = folder / "my_rewards.py"
    name = f"mine_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"  # one name, one file: the registry insists
    path.write_text(
        "import math, os, time\nfrom rewards import reward\n\n"
        f"@reward('{name}', correctness=True)\ndef mine(request):\n    {body}\n"
    )
    return f"{path}:mine"


# Right or wrong by the text alone, a third of the time: groups are informative also where the warm-up was short.
BY_CHANCE = "return float(__import__('zlib').crc32(request.response.encode()) % 3 == 0)"


def short(folder: Path) -> dict[str, object]:
    return {"reward": reward_file(folder, BY_CHANCE), "warmup__steps": 5, "eval__every": 0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of a run, and the run itself as it ended."""
    folder = tmp_path_factory.mktemp("finished")
    tiny.make_data(folder)
    assert run_training(tiny.config(folder), out=folder / "run") == 0
    return folder


def test_a_run_tries_its_model_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    for module in ("rlvr.assembly", "rlvr.rollout.transformers_engine"):
        monkeypatch.setattr(f"{module}.check_batching", tried.append)
    assert run_training(tiny.config(folder, **short(folder), steps=1), out=folder / "run") == 0
    assert len(tried) == 1


def test_a_run_leaves_everything_that_a_run_directory_promises(finished: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, run = finished, finished / "run"
    assert [row["step"] for row in metrics(run)] == [0, 1, 2, 3, 4]
    assert "eval/held_out/greedy_accuracy" in metrics(run)[0]
    assert sorted(p.name for p in (run / "samples").iterdir()) == [f"step-00000{n}.parquet" for n in (1, 2, 3, 4)]
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == ["step-000002", "step-000004"]
    environment = json.loads((run / "environment.json").read_text())
    assert {"revision", "packages", "data_hashes", "threads", "python"} <= environment.keys()
    assert tiny.config_from(__import__("yaml").safe_load((run / "config.yaml").read_text())) == tiny.config(folder)
    checkpoint = run / "checkpoints" / "step-000004"
    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    out = model.generate(**tokenizer("3+4=", return_tensors="pt"), max_new_tokens=4, do_sample=False)
    assert out.shape[1] > 4


def test_every_sample_is_written_with_its_decision_and_trained_ones_with_an_advantage(finished: Path) -> None:
    run = finished / "run"
    for line, (_, rows) in zip(metrics(run)[1:], tiny.comparable_samples(run).items(), strict=True):
        decisions = {row["decision"] for row in rows}
        assert decisions <= {"trained", "carried", "expired", "all_right", "all_wrong", "all_equal", "too_few_graded"}
        trained = [row for row in rows if row["decision"] == "trained"]
        assert len(trained) == 4 * int(line["groups/trained"] or 0)  # type: ignore[call-overload]
        assert all(row["advantage"] is not None for row in trained)
        assert all(row["advantage"] is None for row in rows if row["decision"] != "trained")
        assert all("math" in json.loads(str(row["parts"])) for row in rows)


def test_the_guide_to_training_says_every_metric_and_column_and_no_other(finished: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "training.md").read_text()
    metrics_text, samples_text = guide.partition("## Metrics")[2].split("## Samples")

    def named(text: str) -> list[str]:
        cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
        return re.findall(r"`([^`]+)`", "".join(cells))

    patterns = [re.escape(name).replace("SET", "[^/]+").replace("NAME", ".+") for name in named(metrics_text)]
    written = {key for line in metrics(finished / "run") for key in line}
    assert [key for key in written if not any(re.fullmatch(pattern, key) for pattern in patterns)] == []
    unseen = [p for p in patterns if not any(re.fullmatch(p, key) for key in written)]
    assert unseen == [re.escape("update/refused_why")], "no update of that run was refused"
    assert sorted(named(samples_text)) == sorted(SCHEMA.names)


def test_a_finished_run_is_not_done_again(finished: Path) -> None:
    before = (finished / "run" / "metrics.jsonl").read_bytes()
    assert run_training(tiny.config(finished), out=finished / "run") == 0
    assert (finished / "run" / "metrics.jsonl").read_bytes() == before


def test_a_longer_run_goes_on_from_a_shorter_one_and_equals_one_made_at_once(finished: Path) -> None:
    grown, whole = finished / "grown", finished / "run"
    run_training(tiny.config(finished, steps=2), out=grown)
    run_training(tiny.config(finished, steps=4), out=grown)
    assert tiny.comparable_metrics(grown) == tiny.comparable_metrics(whole)
    assert tiny.comparable_samples(grown) == tiny.comparable_samples(whole)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(folder: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run_training(tiny.config(folder, **short(folder), steps=2, seed=seed), out=folder / name)
    assert tiny.comparable_metrics(folder / "a") == tiny.comparable_metrics(folder / "b")
    assert tiny.comparable_metrics(folder / "a") != tiny.comparable_metrics(folder / "c")


def test_another_config_or_other_data_is_refused_in_the_same_directory(folder: Path) -> None:
    run, settings = folder / "run", {**short(folder), "steps": 1}
    run_training(tiny.config(folder, **settings), out=run)
    with pytest.raises(ConfigError, match=r"optimizer\.lr was 0\.001 and is 0\.002"):
        run_training(tiny.config(folder, **settings, optimizer__lr=2e-3), out=run)
    with (folder / "train.jsonl").open("a") as file:
        file.write((folder / "held_out.jsonl").read_text().splitlines()[0] + "\n")
    with pytest.raises(ConfigError, match=r"Changed: data\.train .*train\.jsonl"):
        run_training(tiny.config(folder, **settings), out=run)


def test_a_dry_run_checks_everything_and_leaves_nothing(folder: Path) -> None:
    assert run_training(tiny.config(folder), out=folder / "run", dry_run=True) == 0
    assert not (folder / "run").exists()


@pytest.mark.parametrize("body", ["raise RuntimeError('out of order')", "return math.nan"])
def test_a_grader_that_fails_on_every_request_stops_the_run_with_a_diagnosis(folder: Path, body: str) -> None:
    run = folder / "run"
    with pytest.raises(RunStopped, match=r"samples could not be graded.*grading\.max_ungraded_share"):
        run_training(tiny.config(folder, reward=reward_file(folder, body), eval__every=0), out=run)
    rows = tiny.comparable_samples(run)["step-000001.parquet"]
    assert {row["verdict"] for row in rows} == {"ungraded"}
    assert {row["score"] for row in rows} == {None}
    assert all("mine" in str(row["reason"]) for row in rows)


def test_a_reward_that_quotes_half_a_character_or_pays_more_than_can_be_shaped_does_not_end_the_run(
    folder: Path,
) -> None:
    run = folder / "run"
    body = "\n    ".join(
        [
            "from rewards import GradeResult, Verdict",
            "score = (0.0, 1.0, 1.7e308, -1.0)[request.sample_id]",
            "return GradeResult(score=score, verdict=Verdict.SCORED, extracted='7\\ud800', reason='\\udfff')",
        ]
    )
    changes = {
        "eval__every": 1,
        "eval__limit": 1,
        "warmup__steps": 0,
        "dynamic__oversample": 2.0,
        "checkpoint__every": 1,
    }
    config = tiny.config(folder, reward=reward_file(folder, body), steps=1, grading__max_ungraded_share=0.3, **changes)
    assert run_training(config, out=run) == 0
    rows = tiny.comparable_samples(run)["step-000001.parquet"]
    assert {row["verdict"] for row in rows if row["sample"] == 2} == {"ungraded"}
    assert {row["extracted"] for row in rows if row["sample"] != 2} == {"7\ufffd"}
    assert "carried" in {row["decision"] for row in rows}, "what is carried stands in the checkpoint"
    evaluated = (run / "eval" / "step-000001" / "held_out-greedy.samples.jsonl").read_text()
    assert json.loads(evaluated)["extracted"] == "7\ufffd"


def test_adapters_go_on_over_the_weights_they_were_trained_over_alone(folder: Path) -> None:
    base = folder / "base"
    run_training(tiny.config(folder, steps=0, warmup__steps=1, eval__every=0), out=folder / "first")
    shutil.copytree(folder / "first" / "checkpoints" / "step-000000", base)
    keys = {**short(folder), "tokenizer": {}, "model": {"path": str(base), "lora": {"rank": 2}}, "warmup": {}}
    run_training(tiny.config(folder, **keys, steps=1), out=folder / "run")
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + bytes(4))
    with pytest.raises(ConfigError, match=r"Changed: model\.path .*model\.safetensors \(SHA-256"):
        run_training(tiny.config(folder, **keys, steps=2), out=folder / "run")


def test_evaluated_responses_that_cannot_be_written_end_the_run_with_a_way_on(folder: Path) -> None:
    run = folder / "run"
    run.mkdir()
    (run / "eval").write_text("of the user")
    with pytest.raises(CheckpointError, match=r"cannot write .*run/eval/step-000000: .*with the same command"):
        run_training(tiny.config(folder, warmup__steps=0, eval__limit=1), out=run)


def test_learners_and_engine_are_closed_also_where_a_run_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    def recorded(kind: type[TorchLearner] | type[TransformersEngine]) -> None:
        close = kind.close

        async def close_and_say(self: object) -> None:
            closed.append(kind.__name__)
            await close(self)  # type: ignore[arg-type]

        monkeypatch.setattr(kind, "close", close_and_say)

    recorded(TorchLearner)
    recorded(TransformersEngine)
    changes = {"eval__every": 0, "warmup__steps": 1, "rollout__prompts": 1, "rollout__n": 2}
    with pytest.raises(RunStopped):
        run_training(tiny.config(folder, reward=reward_file(folder, "return math.nan"), **changes), out=folder / "run")
    assert closed == ["TorchLearner", "TransformersEngine", "TorchLearner"], "the warm-up's learner comes first"


def test_a_grader_that_loops_on_every_request_is_to_blame_itself(folder: Path) -> None:
    run = folder / "run"
    changes = {"grading__deadline": 1.0, "eval__every": 0, "warmup__steps": 1, "rollout__prompts": 1, "rollout__n": 2}
    with pytest.raises(RunStopped, match="could not be graded"):
        run_training(tiny.config(folder, reward=reward_file(folder, "while True: time.sleep(1)"), **changes), out=run)


def test_a_grader_that_loops_on_some_responses_makes_those_wrong_and_the_run_goes_on(folder: Path) -> None:
    run = folder / "run"
    body = "\n    ".join(
        [
            "digits = request.response.count('1')",
            "while request.sample_id == 1 and request.response: time.sleep(1)",
            "return float(request.sample_id % 2 == 0)",
        ]
    )
    changes = {
        "grading__deadline": 2.0,
        "eval__every": 0,
        "rollout__prompts": 2,
        "steps": 1,
        "dynamic__oversample": 1.0,
    }
    assert run_training(tiny.config(folder, reward=reward_file(folder, body), **changes), out=run) == 0
    rows = tiny.comparable_samples(run)["step-000001.parquet"]
    looped = [row for row in rows if row["sample"] == 1]
    assert looped
    assert {row["verdict"] for row in looped} == {"wrong"}
    assert all("grading limit" in str(row["reason"]) for row in looped)
    assert {row["verdict"] for row in rows if row["sample"] == 0} == {"correct"}


def test_some_ungraded_samples_are_counted_and_the_run_goes_on(folder: Path) -> None:
    run = folder / "run"
    body = "return math.nan if request.sample_id == 3 else float(request.sample_id == 0)"
    run_training(
        tiny.config(folder, reward=reward_file(folder, body), steps=2, eval__every=0, grading__max_ungraded_share=0.3),
        out=run,
    )
    last = metrics(run)[-1]
    assert last["grading/ungraded"] == int(last["grading/samples"] or 0) / 4
    assert last["update/sequences"] == 3 * int(last["groups/trained"] or 0)
    for rows in tiny.comparable_samples(run).values():
        assert all(row["advantage"] is None for row in rows if row["sample"] == 3)


def test_nothing_informative_makes_no_update_and_stops_after_the_stated_steps(folder: Path) -> None:
    run = folder / "run"
    with pytest.raises(RunStopped, match="no informative group in 2 steps in a row"):
        run_training(
            tiny.config(folder, reward=reward_file(folder, "return 0.0"), eval__every=0, dynamic__max_empty_steps=2),
            out=run,
        )
    lines = metrics(run)
    assert [line["update/count"] for line in lines] == [0, 0]
    assert [line["groups/trained"] for line in lines] == [0, 0]


def test_a_step_that_leaves_the_weights_as_they_are_leaves_their_version(folder: Path) -> None:
    run = folder / "run"
    cut_off: dict[str, object] = {"max_tokens": 1, "prompts": 2, "n": 2}  # and so masked: no token is in the loss
    changes: dict[str, object] = {"rollout": cut_off, "algorithm": {"overlong_filter": True}, "eval": {}}
    run_training(tiny.config(folder, recipe="grpo", steps=2, warmup__steps=0, **changes), out=run)
    assert [line["response/cut_off"] for line in metrics(run)] == [1.0, 1.0]
    assert [line["update/count"] for line in metrics(run)] == [0, 0]
    assert {row["policy_version"] for rows in tiny.comparable_samples(run).values() for row in rows} == {0}


@pytest.mark.parametrize(
    "recipe", ["grpo", "dr_grpo", "dapo", "gspo", "rloo", "reinforce++", "reinforce++_baseline", "cispo"]
)
def test_every_recipe_trains(folder: Path, recipe: str) -> None:
    run = folder / "run"
    run_training(tiny.config(folder, **short(folder), recipe=recipe, steps=2, algorithm__reference_every=0), out=run)
    last = metrics(run)[-1]
    assert last["update/count"] == 2
    assert last["update/refused"] == 0
    assert float(last["update/gradient_norm"] or 0) > 0


@pytest.mark.parametrize("changes", [
    {"algorithm__kl_coefficient": 0.05, "algorithm__kl_placement": "loss", "algorithm__kl_estimator": "k3",
     "algorithm__reference_every": 1},
    {"algorithm__entropy_control": {"kind": "clip_cov", "low": -10.0, "high": 10.0, "share": 0.01}},
    {"algorithm__entropy_control": {"kind": "kl_cov", "share": 0.01}},
    {"algorithm__entropy_coefficient": 0.01, "algorithm__overlong_filter": True},
    {"model__lora": {"rank": 4, "alpha": 8.0}, "algorithm__kl_coefficient": 0.01, "algorithm__kl_placement": "loss"},
    {"learner__layout": "packed", "learner__micro_batch_tokens": 128},
    {"rollout__max_tokens": [[0, 24], [1, 48]], "data__sampler": "difficulty"},
    {"model__dtype": "bfloat16", "model__fp32_head": True, "model__gradient_checkpointing": True},
])  # fmt: skip
def test_every_switch_trains_and_resumes_exactly(folder: Path, changes: dict[str, object]) -> None:
    changes = {**short(folder), **changes}
    run_training(tiny.config(folder, steps=1, **changes), out=folder / "two")
    run_training(tiny.config(folder, steps=2, **changes), out=folder / "two")
    run_training(tiny.config(folder, steps=2, **changes), out=folder / "one")
    assert tiny.comparable_metrics(folder / "two")[-1] == tiny.comparable_metrics(folder / "one")[-1]
    assert tiny.comparable_samples(folder / "two") == tiny.comparable_samples(folder / "one")
    assert tiny.comparable_metrics(folder / "one")[-1]["update/count"] == 2
