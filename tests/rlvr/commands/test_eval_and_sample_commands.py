"""`rlvr eval` and `rlvr sample` on a run directory with a model that was taught to answer."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
import yaml

from data_prep.files import write_problems
from data_prep.pass_rates import read_pass_rates
from data_prep.problem import Problem
from rewards.types import CountdownReference, MathReference
from rlvr.cli import main
from rlvr.config import config_from, to_tree
from rlvr.errors import ConfigError
from rlvr.evaluation.open_model import locate, open_engine, tokenizer_of
from rlvr.model_config import ModelConfig, ModelInit
from rlvr.models import load_model
from rlvr.tokenizers import character_tokenizer
from tests.rlvr.rollout.tiny import tiny_model

ROOT = Path(__file__).resolve().parents[3]
CHARACTERS = "0123456789+= ?<>/thinkaswer.\n"
ANSWER = "<think>.</think><answer>{}</answer>"
RIGHT = {"1+1=": "2", "2+2=": "4", "3+4=": "7"}
PROBLEMS = [
    Problem.make(question=q, reference=MathReference(answer=a), source="sums")
    for q, a in [*RIGHT.items(), ("4+4=", "8")]
]


def teach(model: torch.nn.Module, answers: dict[str, str]) -> None:
    """Supervised steps until the model gives each of these answers."""
    tokenizer = character_tokenizer(CHARACTERS)
    rows = [
        (tokenizer.encode(q), [*tokenizer.encode(ANSWER.format(a)), tokenizer.eos_token_id]) for q, a in answers.items()
    ]
    longest = max(len(q) + len(a) for q, a in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full_like(tokens, -100)
    for row, (question, answer) in enumerate(rows):
        tokens[row, : len(question) + len(answer)] = torch.tensor(question + answer)
        labels[row, len(question) : len(question) + len(answer)] = torch.tensor(answer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(200):
        loss = model(input_ids=tokens, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss.item() < 0.02


def write_sums(folder: Path) -> None:
    """The hashes stored with a checkpoint."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose newest checkpoint answers three sums right and one wrong, beside its untaught start."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    tokenizer = character_tokenizer(CHARACTERS)
    init = ModelInit(hidden_size=32, layers=1, heads=2, max_positions=64)
    model = load_model(ModelConfig(init=init), tokenizer, device="cpu")
    tree = to_tree(
        config_from(
            {
                "reward": {"gate": "format", "then": "math"},
                "tokenizer": {"characters": CHARACTERS},
                "model": {"path": str(folder / "start")},
                "data": {"train": [{"path": "train.jsonl"}], "template": "plain", "max_prompt_tokens": 8},
                "rollout": {"max_tokens": 40, "stop": ["</answer>"]},
            }
        )
    )
    (folder / "config.yaml").write_text(yaml.safe_dump(tree))
    for name, answers in (("start", {}), ("checkpoints/step-000001", {}), ("checkpoints/step-000002", RIGHT)):
        if answers:
            teach(model, {**answers, "4+4=": "9"})
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
        (folder / name / "trainer.json").write_text("{}")
        write_sums(folder / name)
    write_problems(folder / "held_out.jsonl", PROBLEMS)
    return folder


def evaluated(run_folder: Path, *options: str, model: str = "") -> int:
    data = str(run_folder / "held_out.jsonl")
    return main(["eval", model or str(run_folder), "--data", data, "--workers", "1", *options])


def test_a_run_is_measured_at_its_newest_checkpoint_with_its_own_settings(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(run_folder, "--out", str(tmp_path / "out")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "held_out: 4 problems, 1 greedy response each"
    table = {line.split()[0]: line.split()[1] for line in lines[2:-1]}
    assert (table["avg@1"], table["strict"], table["format"]) == ("0.750", "0.750", "1.000")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["model"].endswith("checkpoints/step-000002")
    assert summary["template"] == "plain"
    assert summary["stop"] == ["</answer>"]
    assert summary["reward"] == {"gate": {"reward": "format"}, "then": {"reward": "math"}, "closed": 0.0}
    rows = [json.loads(line) for line in (tmp_path / "out/held_out.samples.jsonl").read_text().splitlines()]
    assert [r["response"] for r in rows] == [ANSWER.format(a) for a in ("2", "4", "7", "9")]
    assert all(r["finish"] == "stop" and r["parts"]["format"] == 1.0 for r in rows)
    rates = read_pass_rates(tmp_path / "out/held_out.pass_rates.jsonl")
    assert rates == {p.id: rate for p, rate in zip(PROBLEMS, (1.0, 1.0, 1.0, 0.0), strict=True)}


def test_the_base_model_stands_beside_it_with_the_paired_difference(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(run_folder, "--base", "--out", str(tmp_path)) == 0  # the model that the run started from
    accuracy = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("avg@1"))
    assert "0.000 [0.000, 0.490]" in accuracy  # Wilson's interval of 0 of 4
    assert "0.750 [0.250, 1.000]" in accuracy
    assert "+0.750 [+0.250, +1.000]" in accuracy
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["base"] == str(run_folder / "start")
    assert summary["sets"]["held_out"]["difference"]["avg@1"]["mean"] == 0.75
    assert (tmp_path / "base/held_out.samples.jsonl").exists()
    prompts = [
        [
            json.loads(line)["prompt_text"]
            for line in (tmp_path / place / "held_out.samples.jsonl").read_text().splitlines()
        ]
        for place in ("", "base")
    ]
    assert prompts[0] == prompts[1]


def test_a_base_model_without_a_tokenizer_gets_the_models_and_one_with_a_damaged_tokenizer_does_not(
    run_folder: Path, tmp_path: Path
) -> None:
    ours, bare = tokenizer_of(str(run_folder / "start")), tmp_path / "bare"
    shutil.copytree(run_folder / "start", bare, ignore=shutil.ignore_patterns("tokenizer*", "special_tokens*"))
    assert tokenizer_of(str(bare), fallback=ours) is ours
    (bare / "tokenizer.json").write_text("{")
    with pytest.raises(ConfigError, match=r"bare' cannot be loaded"):
        tokenizer_of(str(bare), fallback=ours)


def test_sampling_is_repeated_by_its_seed(run_folder: Path, tmp_path: Path) -> None:
    def responses(seed: int, place: str) -> list[str]:
        options = ["--samples", "4", "--temperature", "3", "--seed", str(seed), "--format", "parquet"]
        assert evaluated(run_folder, *options, "--out", str(tmp_path / place)) == 0
        return [str(r) for r in pq.read_table(tmp_path / place / "held_out.samples.parquet")["response"].to_pylist()]

    first = responses(0, "a")
    assert len(first) == 16
    assert len(set(first)) > 8
    assert responses(0, "b") == first
    assert responses(1, "c") != first
    summary = json.loads((tmp_path / "a/summary.json").read_text())["sets"]["held_out"]["model"]
    assert {"avg@4", "pass@1", "pass@2", "pass@4", "maj@4"} <= summary["metrics"].keys()


def test_prompts_that_do_not_fit_are_left_out_and_shown(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = Problem.make(question="1+1+1+1+1+1=", reference=MathReference(answer="6"))
    write_problems(tmp_path / "mixed.jsonl", [*PROBLEMS, long])
    assert main(["eval", str(run_folder), "--data", str(tmp_path / "mixed.jsonl"), "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "mixed: 4 problems" in told
    assert "1 of 5 prompts are longer than 8 tokens" in told


def test_two_sets_give_two_tables(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_problems(tmp_path / "other.jsonl", PROBLEMS[:2])
    data = [str(run_folder / "held_out.jsonl"), str(tmp_path / "other.jsonl")]
    assert main(["eval", str(run_folder), "--data", *data, "--limit", "3", "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "held_out: 3 problems" in told
    assert "other: 2 problems" in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "0"], "--samples is 0"),
        (["--samples", "2", "--temperature", "0"], "--temperature is 0 and --samples is 2"),
        (["--temperature", "-1"], "--temperature is -1"),
        (["--max-tokens", "64"], "takes 64 tokens, prompt included"),
        (["--template", "chat"], "no chat template"),
        (["--reward", "maht"], "did you mean 'math'"),
        (["--base", "/nowhere/at/all"], "no model at '/nowhere/at/all'"),
        (["--data", "gsm"], "did you mean 'gsm8k'"),
        (["--top-p", "0"], "top_p"),
    ],
)
def test_a_mistake_is_named(
    options: list[str], message: str, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(run_folder, *options) == 1
    assert message in capsys.readouterr().err


def test_problems_name_their_own_reward_where_the_model_is_no_run(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    countdown = Problem.make(
        question="1+2=", reference=CountdownReference(numbers=(1, 2), target=3), reward="countdown"
    )
    write_problems(tmp_path / "mixed.jsonl", [PROBLEMS[0], countdown])
    model = str(run_folder / "start")
    options = ["--template", "plain", "--max-tokens", "8", "--workers", "1", "--out", str(tmp_path)]
    assert main(["eval", model, "--data", str(tmp_path / "mixed.jsonl"), *options]) == 0
    rows = [json.loads(line) for line in (tmp_path / "mixed.samples.jsonl").read_text().splitlines()]
    assert [r["reward"].partition("@")[0] for r in rows] == ["math", "countdown"]
    assert rows[1]["strict"] is None
    assert main(["eval", model, "--base", "--data", str(tmp_path / "mixed.jsonl"), *options]) == 1
    message = capsys.readouterr().err
    assert "name the baseline: --base MODEL" in message
    assert f"{model!r} is no run" in message


def test_where_a_model_lies(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = locate(str(run_folder / "checkpoints/step-000001"))
    assert (inside.path, inside.settings.max_tokens) == (str(run_folder / "checkpoints/step-000001"), 40)
    assert locate(str(run_folder / "start")).settings.template is None
    assert locate("Qwen/Qwen2.5-0.5B").path == "Qwen/Qwen2.5-0.5B"  # left to the hub
    (tmp_path / "config.yaml").write_text("steps: 3\n")
    with pytest.raises(ConfigError, match="a run without a checkpoint yet"):
        locate(str(tmp_path))
    monkeypatch.chdir(run_folder / "checkpoints")
    assert locate("step-000002").settings.template == "plain"
    monkeypatch.chdir(run_folder)
    with pytest.raises(ConfigError, match="no model at 'runs/none': no such folder"):
        locate("runs/none")  # where runs are written, though no run is here
    with pytest.raises(ConfigError, match=r"no such folder; did you mean 'step-00000[12]'"):
        locate("checkpoints/step-0000002")  # that folder is here: no name on the hub


@pytest.mark.parametrize("command", ["eval", "sample"])
@pytest.mark.parametrize("named", ["run", "checkpoint", "copy"])
def test_a_checkpoint_that_is_not_as_it_was_written_is_refused_as_by_training(
    run_folder: Path, tmp_path: Path, command: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    harmed = newest = run / "checkpoints/step-000002"
    (newest / "trainer.json").write_text("read by nobody who only samples")
    if named == "copy":
        harmed = shutil.copytree(newest, tmp_path / "copy")
    weights = harmed / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    words = [str({"run": run, "checkpoint": newest, "copy": harmed}[named])]
    assert main([command, *words, *(["--data", str(run / "held_out.jsonl")] if command == "eval" else [])]) == 1
    said = capsys.readouterr().err
    assert f"{harmed} is damaged: model.safetensors (not as it was written); restore it, or name another" in said
    assert locate(str(run / "checkpoints/step-000001")).settings.template == "plain"


def test_prompts_are_left_out_by_the_positions_that_the_engine_has(tmp_path: Path) -> None:
    """A rotation that changes with length allows fewer than the config's `max_position_embeddings`."""
    rotation = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
    rotation |= {"factor": 4.0, "original_max_position_embeddings": 32}
    tiny_model("phi3", rope_parameters=rotation, original_max_position_embeddings=32).save_pretrained(tmp_path)
    with open_engine(str(tmp_path), character_tokenizer(CHARACTERS), device="cpu") as opened:
        assert opened.engine.position_limit == 32


# --- sample ---------------------------------------------------------------------------------------------------------


def asked(run_folder: Path, *options: str) -> int:
    return main(["sample", str(run_folder), *options])


def test_a_prompt_is_answered_once(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(run_folder, "--prompt", "3+4=", "--temperature", "0") == 0
    assert capsys.readouterr().out == ANSWER.format(7) + "\n"


def test_several_responses_are_numbered_and_cut_ones_marked(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(run_folder, "--prompt", "3+4=", "-n", "3", "--max-tokens", "5", "--temperature", "0") == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == ["--- 1 of 3", "<thin", "--- 2 of 3", "<thin", "--- 3 of 3", "<thin"]
    assert told.err.count("[cut off at 5 tokens]") == 3


def test_each_line_that_is_piped_in_is_a_question(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1+1=\n\n2+2="))
    assert asked(run_folder, "--temperature", "0") == 0
    assert capsys.readouterr().out == f"{ANSWER.format(2)}\n{ANSWER.format(4)}\n"


def test_a_standard_error_that_nobody_reads_costs_no_answer(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as lost:
        monkeypatch.setattr(sys, "stderr", lost)
        monkeypatch.setattr(sys, "stdin", io.StringIO("1+1=\n1+2=\n"))
        assert asked(run_folder, "--max-tokens", "1", "--temperature", "0") == 0  # and says that both were cut off
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_question_that_cannot_be_asked_does_not_end_the_others(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1" * 60 + "\n2+2=\n"))
    assert asked(run_folder, "--temperature", "0") == 1
    told = capsys.readouterr()
    assert told.out == ANSWER.format(4) + "\n"
    assert "60 tokens" in told.err


def test_a_character_that_the_tokenizer_lacks_is_named(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(run_folder, "--prompt", "1+1=é é?Z") == 1
    told = capsys.readouterr().err
    assert "no token for 'é', 'Z'" in told
    assert "leave" in told
    assert "WordLevel" not in told


def test_the_same_question_asked_again_is_answered_anew(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> list[str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("1+1=\n1+1=\n"))
        assert asked(run_folder, "--temperature", "5", "--max-tokens", "12", "--stop", "never") == 0
        return capsys.readouterr().out.splitlines()

    first = answers()
    assert first[0] != first[1]
    assert answers() == first


def test_a_terminal_gets_a_prompt_and_goes_on_until_the_end(run_folder: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rlvr.cli", "sample", str(run_folder), "--temperature", "0"],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        while text not in seen:
            seen += os.read(ours, 4096)
        seen = seen.partition(text)[2]

    try:
        until(b"> ")
        os.write(ours, b"2+2=\n")
        until(b"<answer>4</answer>")
        until(b"\n> ")
        os.write(ours, b"1" * 60 + b"\n")  # does not fit: said, and asked on
        until(b"tokens")
        until(b"\n> ")
        os.write(ours, b"3+4=\n")
        until(b"<answer>7</answer>")
        until(b"\n> ")
        os.write(ours, b"\x04")
        assert process.wait(timeout=600) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("command", ["eval", "sample"])
def test_help_names_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = capsys.readouterr().out
    for option in ("--template", "--temperature", "--max-tokens", "--stop", "--seed", "--device"):
        assert option in text


@pytest.mark.parametrize("device", ["foo", "meta", "cuda:999", ""])
@pytest.mark.parametrize("command", ["eval", "sample"])
def test_a_device_that_is_not_there_is_named(
    run_folder: Path, command: str, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = ["--data", str(run_folder / "held_out.jsonl")] if command == "eval" else ["--prompt", "1+1="]
    assert main([command, str(run_folder), *rest, "--device", device]) == 1
    assert f"--device is {device!r}; give cpu" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_sampled(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert evaluated(run_folder, "--out", str(tmp_path / "file" / "out")) == 1
    shown = capsys.readouterr()
    assert "--out" in shown.err
    assert "Not a directory" in shown.err
    assert "avg@1" not in shown.out, "the evaluation was done before the folder was looked at"


def test_a_seed_below_zero_is_named_as_the_option(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", str(run_folder), "--prompt", "1+1=", "--seed", "-1"]) == 1
    assert "--seed is -1" in capsys.readouterr().err


@pytest.mark.parametrize(("line", "says"), [(b"1+1=\n\xff\xfe\n", "UTF-8"), (None, "standard input is closed")])
def test_standard_input_that_cannot_be_read_is_told(
    run_folder: Path,
    line: bytes | None,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Python has no standard input where it was started with none."""
    stdin = None if line is None else io.TextIOWrapper(io.BytesIO(line), encoding="utf-8", errors="strict")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["sample", str(run_folder), "--temperature", "0"]) == 1
    assert says in capsys.readouterr().err


def test_a_name_that_no_file_system_takes_is_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "a" * 5000, "--prompt", "x"]) == 1
    assert "too long" in capsys.readouterr().err
