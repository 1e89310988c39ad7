"""`rlvr eval MODEL --data SET ...`: evaluate a model on sets of problems, optionally against a base model."""

from __future__ import annotations

import argparse
from pathlib import Path

from data_prep.sets import DATA_FOLDER, NAMED_SETS
from rlvr.commands.argument_types import OneReward, add_pool_options
from rlvr.commands.model_options import add_machine, add_model, add_sampling


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `eval`."""
    parser = commands.add_parser(
        "eval",
        help="measure a model on sets of problems: accuracy, pass@k, maj@k, format, length",
        description="Measure a model on sets of problems and print a table for each: avg@K, unbiased pass@k, maj@K, "
        "strict and lenient accuracy of the same responses, format rate and length, with 95 % bootstrap intervals over "
        "problems (Wilson's if all are right or all are wrong). With --base, the base model answers the same prompts "
        "and is shown next to it, with the interval of the difference, paired by problem.",
        epilog=f"Known sets: {', '.join(NAMED_SETS)} (test split; NAME:SPLIT for another). They are read from the "
        f"folder named by {DATA_FOLDER}, else from the Hugging Face hub.",
    )
    add_model(parser)
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="SET|FILE", help="known sets, or files of problems (`rlvr prep`)"
    )
    parser.add_argument(
        "--base",
        nargs="?",
        const="",
        metavar="MODEL",
        help="the baseline, given the same prompts; without a value: the model that the run started from",
    )
    sampling = parser.add_argument_group("sampling")
    sampling.add_argument("--samples", type=int, default=1, metavar="K", help="responses per problem (default: 1)")
    add_sampling(
        sampling,
        temperature="0 = greedy (default: 0 for one response per problem, else the run's, or 1)",
        seed="of sampling and intervals",
    )
    _add_data(parser.add_argument_group("data and grading"))
    machine = add_machine(parser)
    machine.add_argument(
        "--max-batch", type=int, default=64, metavar="N", help="responses sampled at once (default: 64)"
    )
    _add_output(parser.add_argument_group("output"))
    parser.set_defaults(run=run)


def _add_data(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--limit", type=int, metavar="N", help="the first N problems of each set")
    group.add_argument(
        "--max-prompt-tokens",
        type=int,
        metavar="N",
        help="longer prompts are left out and counted (default: the run's)",
    )
    group.add_argument(
        "--reward",
        action=OneReward,
        metavar="NAME",
        help="the reward that decides what is right, or a composition as YAML (default: the run's; else the problem's "
        "own, or math)",
    )
    add_pool_options(group, workers="grading processes")


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write summary.json, and for each set SET.samples (a graded row for each response) and "
        "SET.pass_rates.jsonl; those of the baseline go to DIR/base",
    )
    group.add_argument(
        "--format", choices=["jsonl", "parquet"], default="jsonl", help="of SET.samples (default: jsonl)"
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the tables, write the files. Returns 0."""
    from rlvr.commands.grade import reward_spec
    from rlvr.evaluation.job import EvalJob, run_evaluation

    job = EvalJob(
        model=options.model,
        base=options.base,
        sets=tuple(options.data),
        samples=options.samples,
        temperature=options.temperature,
        top_p=options.top_p,
        max_tokens=options.max_tokens,
        template=options.template,
        stop=None if options.stop is None else tuple(options.stop),
        seed=options.seed,
        limit=options.limit,
        max_prompt_tokens=options.max_prompt_tokens,
        reward=None if options.reward is None else reward_spec(options.reward),
        workers=options.workers,
        deadline=options.deadline,
        device=options.device,
        dtype=options.dtype,
        max_batch=options.max_batch,
        out=options.out,
        format=options.format,
    )
    run_evaluation(job)
    return 0
