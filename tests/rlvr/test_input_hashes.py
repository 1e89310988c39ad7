from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from data_prep.demonstrations import read_demonstrations, write_demonstrations
from data_prep.files import data_hash, read_problems, write_problems
from rlvr.errors import ConfigError
from rlvr.input_hashes import hash_inputs
from rlvr.models import load_model
from rlvr.rundir.hashes import RememberedHashes
from rlvr.runner import run_training
from rlvr.tokenizers import load_tokenizer
from sandbox.errors import ToolkitError
from tests.e2e import tiny
from tests.waiting import PATIENCE, until

MINE = "from rewards import reward\n\n@reward('{name}', correctness=True)\ndef mine(request):\n    return 0.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.make_data(tmp_path)
    return tmp_path


def a_model(folder: Path) -> Path:
    """A model in a folder, with the vocabulary of the tests' runs."""
    config = tiny.config(folder)
    load_model(config.model, load_tokenizer(config.tokenizer, model_path=None)).save_pretrained(folder / "base")
    return folder / "base"


def settle(base: Path) -> None:
    """Wait until what was written there is so old that its hashes are remembered."""
    newest = max(file.stat().st_ctime for file in base.iterdir())
    until(lambda: time.time() > newest + 2.1, "the files to be old enough")


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


def test_a_file_that_is_not_there_is_told_before_torch_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("steps: 3\nreward: math\ndata: {train: [{path: nope.jsonl}]}\n")
    program = (
        "import sys\n"
        "from rlvr.cli import main\n"
        "status = main(['train', 'c.yaml'])\n"
        "print(sorted({'torch', 'transformers', 'peft', 'safetensors', 'tokenizers'} & sys.modules.keys()))\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, "no file 'nope.jsonl', which data.train names" in done.stderr) == (1, True), done.stderr
    assert done.stdout == "[]\n"


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


def test_only_what_is_loaded_of_a_models_folder_is_hashed(folder: Path) -> None:
    base = folder / "base"
    (base / "additional_chat_templates").mkdir(parents=True)
    parts = ["first.safetensors", "second.safetensors"]
    index = json.dumps({"weight_map": {"a": parts[0], "b": parts[1], "c": parts[0]}})
    (base / "model.safetensors.index.json").write_text(index)
    versions = ["tekken.json", "tokenizer.5.0.0.json"]
    loaded = [*versions, "spiece.model", "additional_chat_templates/tools.jinja", *parts]
    left = ["notes.txt", "eval_results.json", "training_args.bin", "pytorch_model.bin", "model-of-before.safetensors"]
    for name in (*loaded, *left):
        (base / name).write_text(name)
    adapted = tiny.config(folder, model={"path": str(base), "lora": {"rank": 2}})
    found = [str(Path(path).relative_to(base)) for path in hash_inputs(adapted)["model.path"]]
    assert found == sorted([*loaded, "model.safetensors.index.json"])
    (base / "model.safetensors.index.json").write_text("damaged")
    assert len(hash_inputs(adapted)["model.path"]) == len(loaded) - len(parts) + 1


def test_a_run_goes_on_beside_new_files_that_nobody_loads_and_past_those_that_were_hashed_before(folder: Path) -> None:
    base = a_model(folder)
    config, run = tiny.config(folder, steps=0, model={"path": str(base)}), folder / "run"
    run_training(config, out=run)
    (base / "notes.txt").write_text("of the user")
    assert run_training(config, out=run) == 0
    recorded = json.loads((run / "environment.json").read_text())
    recorded["data_hashes"]["model.path"][str(base / "notes.txt")] = "0" * 64  # as an early version recorded it
    (run / "environment.json").write_text(json.dumps(recorded))
    assert run_training(config, out=run) == 0
    (base / "config.json").write_text((base / "config.json").read_text() + " ")
    with pytest.raises(ConfigError, match=r"Changed: model\.path .*config\.json \(SHA-256 was [^;]*$"):
        run_training(config, out=run)


def test_the_weights_below_adapters_are_read_once_and_a_change_is_found_whatever_time_it_claims(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = a_model(folder)
    settle(base)
    config = tiny.config(folder, steps=0, warmup__steps=0, model={"path": str(base), "lora": {"rank": 2}})
    run, read = folder / "run", []
    monkeypatch.setattr("rlvr.rundir.hashes.data_hash", lambda path: read.append(Path(path).name) or data_hash(path))
    run_training(config, out=run)
    assert "model.safetensors" in read
    read.clear()
    run_training(config, out=run)
    assert "model.safetensors" not in read
    weights = base / "model.safetensors"
    before, data = weights.stat(), weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ConfigError, match=r"model\.path .*model\.safetensors"):
        run_training(config, out=run)


def test_a_file_that_was_written_just_now_is_hashed_again(folder: Path) -> None:
    path, kept = folder / "new.txt", folder / "hashes.json"
    path.write_text("a")
    remembered = RememberedHashes(kept)
    assert remembered.of(str(path)) == data_hash(path)
    remembered.save()
    assert not kept.exists()
    kept.write_text("damaged")
    assert RememberedHashes(kept).of(str(path)) == data_hash(path)


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
