from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from data_prep.demonstrations import read_demonstrations, write_demonstrations
from data_prep.files import read_problems, write_problems
from rlvr.errors import ConfigError
from rlvr.inputs import hash_inputs
from rlvr.runner import run_training
from sandbox.errors import ToolkitError
from tests.e2e import tiny

MINE = "from rewards import reward\n\n@reward('{name}', correctness=True)\ndef mine(request):\n    return 0.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.make_data(tmp_path)
    return tmp_path


def reward_file(folder: Path) -> str:
    path = folder / "mine.py"
    path.write_text(MINE.format(name=f"inputs_{folder.name}"))
    return f"{path}:mine"


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data__train": [{"path": "nope.jsonl"}]}, r"no file 'nope\.jsonl', which data\.train names"),
        ({"data__pass_rates": "nope.jsonl"}, r"no file 'nope\.jsonl', which data\.pass_rates names"),
        ({"warmup__data": "nope.jsonl"}, r"no file 'nope\.jsonl', which warmup\.data names"),
        ({"eval__sets": ["gsm8k", "nope.jsonl"]}, r"no file 'nope\.jsonl', which eval\.sets names"),
        ({"eval__sets": ["gsm8k", "gms8k"]}, "'gms8k' is neither a file of problems nor a known set"),
        ({"reward": {"gate": "format", "then": "./nope.py:mine"}}, r"no file '\./nope\.py', which reward names"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_the_hub_is_asked_and_leaves_nothing(
    folder: Path, changes: dict[str, object], says: str, dry_run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    unreachable = {"tokenizer": {"path": "nobody/no-tokenizer"}, "model": {"path": "nobody/no-model"}}
    with pytest.raises(ToolkitError, match=says):
        run_training(tiny.config(folder, **unreachable, **changes), out=folder / "runs" / "new", dry_run=dry_run)
    assert sorted(folder.iterdir()) == before


def test_a_row_that_is_no_problem_is_told_before_the_hub_is_asked(folder: Path) -> None:
    (folder / "train.jsonl").write_text("no row\n")
    with pytest.raises(ToolkitError, match=r"train\.jsonl, line 1"):
        run_training(tiny.config(folder, tokenizer={"path": "nobody/no-tokenizer"}), out=folder / "new", dry_run=True)


def test_a_run_that_cannot_begin_leaves_nothing_and_an_older_one_as_it_was(folder: Path) -> None:
    lacking = tiny.config(folder, tokenizer={"characters": "01"})
    before = sorted(folder.iterdir())
    with pytest.raises(ConfigError, match="has no token for"):
        run_training(lacking, out=folder / "runs" / "new")
    assert sorted(folder.iterdir()) == before
    old = folder / "old"
    old.mkdir()
    (old / "notes.txt").write_text("of the user")
    with pytest.raises(ConfigError, match="has no token for"):
        run_training(lacking, out=old)
    assert (old / "notes.txt").read_text() == "of the user"


def test_every_file_that_a_run_reads_is_hashed_under_its_key(folder: Path) -> None:
    mine, rates = reward_file(folder), folder / "rates.jsonl"
    rates.write_text('{"id": "a", "pass_rate": 0.5}\n')
    found = hash_inputs(tiny.config(folder, reward=mine, data__pass_rates=str(rates), eval__sets=["gsm8k"]))
    assert {key: [Path(path).name for path in files] for key, files in found.items()} == {
        "data.train": ["train.jsonl"],
        "data.pass_rates": ["rates.jsonl"],
        "warmup.data": ["shown.jsonl"],
        "reward": ["mine.py"],
    }
    assert list(hash_inputs(tiny.config(folder))["eval.sets"]) == [str(folder / "held_out.jsonl")]
    assert "eval.sets" not in hash_inputs(tiny.config(folder, eval__every=0))


def test_of_a_model_in_a_folder_what_no_checkpoint_brings_back_is_hashed(folder: Path) -> None:
    base = folder / "base"
    base.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors", "README.md", "chat_template.jinja"):
        (base / name).write_text(name)

    def hashed(key: str, **changes: object) -> list[str]:
        return [Path(path).name for path in hash_inputs(tiny.config(folder, **changes)).get(key, ())]

    settings = ["chat_template.jinja", "config.json", "tokenizer.json"]
    assert hashed("model.path", model={"path": str(base)}) == settings
    assert hashed("model.path", model={"path": str(base), "lora": {"rank": 2}}) == sorted(
        [*settings, "model.safetensors"]
    )
    assert hashed("tokenizer.path", tokenizer={"path": str(base)}) == settings
    assert hashed("tokenizer.path", tokenizer={"path": str(base / "tokenizer.json")}) == ["tokenizer.json"]
    assert hashed("model.path", model={"path": "nobody/no-model"}) == []


def test_rewards_that_the_problems_name_are_hashed_too(folder: Path) -> None:
    mine = reward_file(folder)
    problems = read_problems(folder / "held_out.jsonl")
    write_problems(folder / "held_out.jsonl", [replace(p, reward=mine) for p in problems])
    assert "reward" not in hash_inputs(tiny.config(folder))
    assert list(hash_inputs(tiny.config(folder, reward=None))["reward"]) == [mine.removesuffix(":mine")]


@pytest.mark.parametrize("name", ["held_out.jsonl", "mine.py", "shown.jsonl"])
def test_a_changed_file_is_refused_on_resuming_by_its_name_with_a_way_on(folder: Path, name: str) -> None:
    config = tiny.config(folder, reward=reward_file(folder), steps=0)
    run = folder / "run"
    run_training(config, out=run)
    recorded = json.loads((run / "environment.json").read_text())
    with (folder / name).open("a") as file:
        file.write("\n")
    with pytest.raises(ConfigError) as refused:
        run_training(config, out=run)
    message = str(refused.value)
    assert f"{folder / name}" in message
    assert "train.jsonl" not in message, "what did not change is not named"
    assert "another --out" in message
    assert f"model.path={run / 'checkpoints' / 'step-000000'}" in message
    assert json.loads((run / "environment.json").read_text()) == recorded


def odd_shape(folder: Path) -> dict[str, object]:
    del folder
    return {"model__init": {"hidden_size": 6, "layers": 1, "heads": 2, "max_positions": 96}}  # rotations go in pairs


def no_demonstrations(folder: Path) -> dict[str, object]:
    (folder / "shown.jsonl").write_text("")
    return {}


def long_demonstration(folder: Path) -> dict[str, object]:
    shown = read_demonstrations(folder / "shown.jsonl")
    write_demonstrations(folder / "shown.jsonl", [*shown, replace(shown[0], response="1" * 200)])
    return {}


def unknown_character(folder: Path) -> dict[str, object]:
    shown = read_demonstrations(folder / "shown.jsonl")
    write_demonstrations(folder / "shown.jsonl", [*shown, replace(shown[0], response="é")])
    return {}


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (odd_shape, "its shape does not hold together"),
        (no_demonstrations, "holds no demonstrations"),
        (long_demonstration, "whose longest demonstration has 20[0-9] tokens, more than the model's 96 positions"),
        (unknown_character, "no token for 'é' of the response"),
    ],
)
def test_a_dry_run_finds_what_would_stop_the_run_before_its_first_token(
    folder: Path, harm: Callable[[Path], dict[str, object]], says: str
) -> None:
    config = tiny.config(folder, **harm(folder))
    with pytest.raises(ConfigError, match=says):
        run_training(config, out=folder / "run", dry_run=True)
