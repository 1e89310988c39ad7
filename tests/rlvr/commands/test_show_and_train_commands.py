from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

pytest.importorskip("torch")

import rlvr
from rlvr.algorithms.recipes import RECIPES
from rlvr.cli import main
from rlvr.progress import Progress
from tests.e2e import tiny


@pytest.fixture
def config(tmp_path: Path) -> Path:
    tiny.make_data(tmp_path)
    return tiny.write_config(tmp_path, steps=1, warmup__steps=1, eval__every=0, recipe="grpo")


@pytest.mark.parametrize("recipe", RECIPES)
def test_show_prints_every_value_that_a_recipe_sets(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", recipe]) == 0
    out = capsys.readouterr().out
    for key in ("surrogate", "divide_by", "kl_coefficient", "dynamic_sampling", "importance_cap"):
        assert f"\n{key} " in out


def test_show_says_where_a_value_came_from(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(config), "algorithm.clip_high=0.3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["clip_high", "0.3", "algorithm.clip_high"] for line in lines)
    assert any(line.split() == ["clip_low", "0.2", "recipe", "grpo"] for line in lines)
    assert "lr: 0.001" in "\n".join(lines)


def test_a_missing_config_is_told_with_where_it_was_looked_for_and_the_nearest_name(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    misspelt = f"x{config.name}"
    assert main(["train", misspelt]) == 1
    told = capsys.readouterr().err
    assert f"no config '{misspelt}' (looked at {config.parent / misspelt}); did you mean '{config.name}'?" in told
    assert main(["train", f"configs/{config.name}"]) == 1
    assert f"(there is no folder {config.parent / 'configs'})" in capsys.readouterr().err


def test_show_row_prints_a_prompt_as_text_and_as_tokens(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(config), "--row", "2"]) == 0
    out = capsys.readouterr().out
    assert "template plain" in out
    assert out.count("\n     ") >= 4  # one line a token of "a+b="
    assert main(["show", str(config), "--row", "9999"]) == 1
    assert "no row 9999" in capsys.readouterr().err


def test_show_takes_overrides_with_a_recipe_and_refuses_what_it_would_not_heed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["show", "grpo", "algorithm.clip_high=0.3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["clip_high", "0.3", "algorithm.clip_high"] for line in lines)
    for words, says in (
        (["show", "grpo", "algorithm.clip_hihg=0.3"], "did you mean algorithm.clip_high?"),
        (["show", "grpo", "--row", "1"], "--row"),
        (["show", "dr_gpro"], "did you mean 'dr_grpo'?"),
        (["show", "GRPO"], "did you mean 'grpo'?"),
        (["show", "nowhere.yaml"], "nowhere.yaml"),
    ):
        assert main(words) == 1
        assert says in capsys.readouterr().err


def test_a_path_that_no_file_system_takes_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show", "a" * 5000], ["train", "a" * 5000 + ".yaml"]):
        assert main(words) == 1
        assert "too long" in capsys.readouterr().err


def test_a_row_below_zero_is_refused_before_the_data_is_looked_for(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(config), "data.train=[{path: nowhere.jsonl}]", "--row", "-1"]) == 1
    assert "--row is -1" in capsys.readouterr().err
    assert main(["show", str(config), "data.train=[{path: nowhere.jsonl}]", "--row", "0"]) == 1
    assert "data.train" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "train"])
def test_overrides_are_not_called_required(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command])
    assert "KEY=VALUE" not in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("reads", [False, True])
def test_only_a_standard_output_whose_reader_went_away_is_no_mistake(
    reads: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_words: object) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("rlvr.command_line._run", broken)
    reader, writer = os.pipe()
    if not reads:
        os.close(reader)
    with open(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert main(["show", "grpo"]) == int(reads)
    assert ("Broken pipe" in capsys.readouterr().err) is reads
    if reads:
        os.close(reader)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        (["show", "grpo"], ""),
        (["prep", "countdown", "--count", "1", "--out", "x.jsonl"], ""),
        (["--help"], ""),
        (["--help"], "1"),
        (["--version"], "1"),
        (["sandbox", "check", "--help"], ""),
    ],
)
def test_a_full_disk_behind_standard_output_is_a_message(words: list[str], unbuffered: str, tmp_path: Path) -> None:
    code = "import sys; from rlvr.cli import main; sys.exit(main(sys.argv[1:]))"
    root = Path(__file__).resolve().parents[3]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=600,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert done.stderr.startswith("rlvr: ")
    assert done.stderr.endswith(": No space left on device\n")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 1


@pytest.mark.parametrize(
    "order", [["{config}", "steps=1", "--out", "{out}"], ["{config}", "--out", "{out}", "steps=1"]]
)
def test_overrides_stand_before_or_behind_the_options(
    config: Path, tmp_path: Path, order: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    words = [word.format(config=config, out=out) for word in order]
    assert main(["train", *words, "rollout.n=3", "--dry-run"]) == 0
    assert not out.exists()
    assert " 1 step on " in capsys.readouterr().err  # what the run would do is said before the first step


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "nowhere.yaml"], "nowhere.yaml"),
        (["train", "nowhere.yaml", "--ouT=x"], "rlvr train: unrecognized arguments: --ouT=x"),
        (["show", "gpro"], "gpro"),
        (["trian"], "invalid choice"),
        ([], "rlvr --help"),
        (["sample", "x", "steps=1"], "unrecognized arguments"),
    ],
)
def test_mistakes_exit_with_1_and_no_traceback(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(words)
    except SystemExit as exit:
        status = exit.code  # type: ignore[assignment]
    assert status == 1
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out == f"rlvr {rlvr.__version__}\n"


STEP = {"step": 1, "reward/mean": 0.25, "eval/set/greedy_accuracy": 0.5, "time/step": 1.0, "reward/std": None}
STEP_SHOWN = "step 1/2  reward 0.250  seconds 1.0  set/greedy_accuracy 0.500"


def shown_on(console: Console, *, total: int = 2) -> str:
    with Progress(total=total, console=console) as progress:
        progress.show(STEP)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_plain_progress_is_a_line_a_step() -> None:
    assert shown_on(Console(file=io.StringIO())) == f"{STEP_SHOWN}\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_of_any_width_shows_each_step_whole_above_a_bar(width: int) -> None:
    shown = shown_on(Console(file=io.StringIO(), force_terminal=True, width=width))
    assert STEP_SHOWN in shown
    bar = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines()[-1]
    assert "1/2" in bar
    assert "\x1b[?25h" in shown  # the cursor is given back


def test_a_run_without_steps_has_no_bar() -> None:
    assert "0/0" not in shown_on(Console(file=io.StringIO(), force_terminal=True, width=80), total=0)


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    dumb = Console(file=io.StringIO(), force_terminal=True, width=80, _environ={"TERM": "dumb"})
    assert shown_on(dumb) == f"{STEP_SHOWN}\n"


@pytest.mark.parametrize(("name", "near"), [("dappo", "; did you mean 'dapo'?"), ("nosuch", "")])
def test_a_recipe_that_there_is_not_is_told_those_that_there_are(
    name: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", name]) == 1
    assert f"'{name}' is neither a recipe nor a file{near} (recipes: grpo," in capsys.readouterr().err
