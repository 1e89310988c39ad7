"""The demo: a small model learns on a CPU to work out sums step by step, and two controls show what taught it.

    make demo                      (or: python examples/demo.py --seed 1)

1. Problems: sums of five single digits; 500 are held out. Demonstrations answer 40 % of them by a worked running sum,
   60 % by a guess.
2. `configs/demo.yaml`: supervised warm-up, then reinforcement (DAPO) with the rule-based graders.
3. Control: the same warmed-up model gets further supervised steps for as many seconds as reinforcement took.
4. Control: the same reinforcement, with a random reward.

Everything goes through the command line and the files of the runs. A finished run is not repeated, and an interrupted
one is resumed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from rlvr.cli import main as rlvr
from rlvr.plot import plot_run

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs" / "demo.yaml"
HELD_OUT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: shares of right answers in [0, 1], mean tokens of a greedy response."""

    name: str
    greedy: float
    sampled: float
    length: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the data, the model and the runs (default 0)")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder of the runs (default runs/)")
    parser.add_argument("--no-controls", action="store_true", help="train only, without the two controls")
    options = parser.parse_args()
    suffix = f"-{options.seed}" if options.seed else ""
    data, run = options.out / f"demo-data{suffix}", options.out / f"demo{suffix}"
    make_data(data, options.seed)
    common = overrides(data, options.seed)
    train(run, common)
    rows = [row(run, "after the warm-up", first=True), row(run, "after reinforcement")]
    if not options.no_controls:
        warmed_up = f"model={json.dumps({'path': str(run / 'checkpoints' / 'step-000000')})}"
        reinforced, supervised = seconds(run / "metrics.jsonl"), lines(run / "warmup.jsonl")
        steps = round(reinforced / seconds(run / "warmup.jsonl") * len(supervised))
        more, coin = options.out / f"demo-supervised{suffix}", options.out / f"demo-coin{suffix}"
        train(more, [*common, warmed_up, "steps=0", f"warmup.steps={begun_with(more, steps)}"])
        tossed = f"reward={json.dumps(os.path.relpath(ROOT / 'examples' / 'random_reward.py') + ':coin')}"
        print("Below, the coin decides what is right; the table at the end counts answers by `math`.", flush=True)
        train(coin, [*common, warmed_up, "warmup.steps=0", "eval.every=1000", tossed])
        rows.append(row(more, f"control: {begun_with(more, steps)} more supervised steps"))
        rows.append(row(coin, "control: a random reward"))
    plot = run / "plot.png"
    plot_run(run / "metrics.jsonl", plot)
    report(rows, run, plot)
    before, after = rows[0], rows[1]
    total = seconds(run / "metrics.jsonl") + seconds(run / "warmup.jsonl")
    print(f"demo: accuracy {before.greedy:.3f} -> {after.greedy:.3f} on {HELD_OUT} held-out problems in {total:.0f} s")
    return 0


def overrides(data: Path, seed: int) -> list[str]:
    """The changes to the config in every run of this seed; none for seed 0 in runs/."""
    return [
        f"seed={seed}",
        f"model.init.seed={seed}",
        f"data.train={json.dumps([{'path': str(data / 'train.jsonl')}])}",
        f"warmup.data={json.dumps(str(data / 'demonstrations.jsonl'))}",
        f"eval.sets={json.dumps([str(data / 'held_out.jsonl')])}",
    ]


def make_data(folder: Path, seed: int) -> None:
    """Make problems, held-out problems and demonstrations, without common problems."""
    if (folder / "demonstrations.jsonl").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    made = rlvr(
        [
            "prep", "arithmetic", "--terms", "5", "--digits", "1", "--count", "8000", "--seed", str(seed),
            "--out", str(folder / "train.jsonl"),
            "--held-out", str(HELD_OUT), "--held-out-out", str(folder / "held_out.jsonl"),
            "--demonstrations", str(folder / "demonstrations.jsonl"), "--demonstration-count", "50000",
            "--worked-share", "0.4",
        ]
    )  # fmt: skip
    if made:
        sys.exit(made)


def train(run: Path, changes: list[str]) -> None:
    command = ["train", os.path.relpath(CONFIG), *changes, "--out", str(run)]
    print("$", shlex.join(["rlvr", *command]), flush=True)
    if status := rlvr(command):
        sys.exit(status)
    if not (run / "metrics.jsonl").exists() or lines(run / "metrics.jsonl")[-1]["step"] < steps_of(run):
        sys.exit("demo: stopped; the same command goes on")


def begun_with(run: Path, steps: int) -> int:
    """The supervised steps that this control was started with, if any: a resumed run must keep its config."""
    config = run / "config.yaml"
    return int(yaml.safe_load(config.read_text())["warmup"]["steps"]) if config.exists() else steps


def steps_of(run: Path) -> int:
    return int(yaml.safe_load((run / "config.yaml").read_text())["steps"])


def lines(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def seconds(path: Path) -> float:
    """Seconds of training, without evaluation."""
    return sum(line.get("time/step", 0.0) - line.get("time/eval", 0.0) for line in lines(path))


def row(run: Path, name: str, *, first: bool = False) -> Row:
    """A line of the table from the first or the last evaluation of a run.

    Answers are counted as right by `math`, whatever reward the run had: its own accuracy could be that of the coin.
    """
    evaluated = [line for line in lines(run / "metrics.jsonl") if any(k.startswith("eval/") for k in line)]
    line = evaluated[0 if first else -1]
    value = {k.rsplit("/", 1)[-1]: v for k, v in line.items() if k.startswith("eval/")}
    return Row(
        name=name,
        greedy=value["greedy_strict"],
        sampled=value["sampled_strict"],
        length=value["greedy_length_mean"],
    )


def report(rows: list[Row], run: Path, plot: Path) -> None:
    console = Console(width=100)
    table = Table(title=f"{HELD_OUT} held-out sums of five digits")
    for column in ("model", "greedy accuracy", "sampled accuracy", "response tokens"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for r in rows:
        table.add_row(r.name, f"{r.greedy:.3f}", f"{r.sampled:.3f}", f"{r.length:.1f}")
    console.print(table)
    for title, which in (("before", 0), ("after", -1)):
        step = sorted((run / "eval").iterdir())[which]
        responses = lines(next(step.glob("*-greedy.samples.jsonl")))[:3]
        console.print(f"\nthree responses {title}:", highlight=False)
        for r in responses:
            console.print(
                f"  {r['prompt_text']}{r['response']}  [{r['verdict']}]", highlight=False, markup=False, soft_wrap=True
            )
    console.print(f"\nplot: {plot}\nmetrics: {run / 'metrics.jsonl'}\nsamples: {run / 'samples'}", highlight=False)
    console.print(f"talk to it: rlvr sample {run}\n", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
