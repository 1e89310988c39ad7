"""`rlvr train CONFIG [KEY=VALUE ...]`: start a run, or resume it."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "train",
        help="train a model from a config; the same command resumes an interrupted run",
        description="Train a model as CONFIG describes. The run directory is runs/NAME (or --out). If it holds an "
        "interrupted run of the same config, that run resumes from its newest checkpoint, and ends as an "
        "uninterrupted one would have. Ctrl-C or SIGTERM finishes the step, writes a checkpoint and exits with 0; a "
        "second one stops it at once.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file, such as configs/demo.yaml")
    parser.add_argument(
        "overrides", nargs="*", default=[], metavar="KEY=VALUE", help="keys to change: optimizer.lr=1e-6 steps=100"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the run directory (default: runs/NAME)")
    parser.add_argument(
        "--dry-run", action="store_true", help="check the config, the data and the graders, then stop before training"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train. Returns 0 when the run is finished or was asked to stop."""
    from rlvr.config import load_config

    config = load_config(options.config, options.overrides)
    if find_spec("torch") is None:  # reported before missing files, which are checked without torch
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
    from rlvr.runner import run_training

    return run_training(config, out=options.out or Path("runs") / config.name, dry_run=options.dry_run)
