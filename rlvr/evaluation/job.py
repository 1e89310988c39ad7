"""The job of `rlvr eval`: open sets, graders and models, evaluate each model on each set, report.

The baseline gets the same prompts: the model's template and chat template, encoded by the baseline's tokenizer.

Example:
    run_evaluation(EvalJob(model="runs/demo", sets=("gsm8k",), samples=8, base="", out=Path("eval")))
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from data_prep.length_filter import Fitting, select_fitting
from data_prep.problem import Problem
from rewards.clock import DEADLINE
from rewards.spec import RewardSpec
from rewards.types import Json, MathReference, Verdict
from rlvr.errors import ConfigError
from rlvr.evaluation.evaluate import evaluate
from rlvr.evaluation.files import write_evaluation, write_summary
from rlvr.evaluation.graders import EvaluationGraders
from rlvr.evaluation.open_model import (
    Opened,
    Precision,
    check_device,
    default_template,
    locate,
    open_engine,
    tokenizer_of,
)
from rlvr.evaluation.report import make_report, print_report
from rlvr.evaluation.result import Evaluation, compare
from rlvr.evaluation.sets import load_sets
from rlvr.grading import GradingConfig, RunGraders
from rlvr.prompts import Prompter
from rlvr.types import SamplingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalJob:
    """Options of an evaluation; None = the setting of the model's run, or a default. base: "" = the initial model of
    the run.
    """

    model: str
    sets: tuple[str, ...]
    base: str | None = None
    samples: int = 1
    temperature: float | None = None
    top_p: float = 1.0
    max_tokens: int | None = None
    template: str | None = None
    stop: tuple[str, ...] | None = None
    seed: int = 0
    limit: int | None = None
    max_prompt_tokens: int | None = None
    reward: RewardSpec | None = None
    workers: int | None = None
    deadline: float = DEADLINE
    device: str | None = None
    dtype: Precision = "auto"
    max_batch: int = 64
    out: Path | None = None
    format: str = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One model's evaluation on one set, and the problems whose prompts did not fit."""

    evaluation: Evaluation
    fitting: Fitting


def run_evaluation(job: EvalJob, *, console: Console | None = None) -> None:
    """Evaluate, print a table for each set, write the files. Raises ToolkitError."""
    console = console or Console()
    located = locate(job.model)
    settings = located.settings
    base = _base(job.base, settings.base, model=job.model)
    temperature = job.temperature
    if temperature is None:
        temperature = 0.0 if job.samples == 1 else settings.temperature
    _check(job, temperature)
    check_device(job.device)
    if job.out is not None:
        _make_folder(job.out)
    reward = job.reward or settings.reward
    sets = load_sets(job.sets, limit=job.limit)
    if reward is None:
        sets = {name: [_with_reward(p) for p in problems] for name, problems in sets.items()}
    every = [p for problems in sets.values() for p in problems]
    tokenizer = tokenizer_of(located.path)
    template = job.template or settings.template or default_template(tokenizer)
    sampling = SamplingParameters(
        temperature=temperature,
        top_p=job.top_p,
        max_tokens=job.max_tokens or settings.max_tokens,
        stop=settings.stop if job.stop is None else job.stop,
    )
    grading = GradingConfig(workers=job.workers, deadline=job.deadline)
    with RunGraders(reward, every, grading) as own, EvaluationGraders(own, reward, every, grading) as graders:

        def measured(path: str) -> dict[str, _Found]:
            ours = tokenizer if path == located.path else tokenizer_of(path, fallback=tokenizer)
            if ours is not tokenizer:
                # The baseline gets the same prompts, regardless of its own chat template
                ours.chat_template = tokenizer.chat_template
            prompter = Prompter(ours, template=template)
            prompter.text(every[0])  # fails now, before the model is loaded, if the tokenizer lacks the template
            with open_engine(path, ours, dtype=job.dtype, device=job.device, max_batch=job.max_batch) as opened:
                return asyncio.run(_on_sets(job, opened, prompter, sampling, sets, settings.max_prompt_tokens, graders))

        baseline = {} if base is None else measured(base)
        model = measured(located.path)
    for name, found in model.items():
        other = baseline.get(name)
        report = make_report(
            name, found.evaluation, other.evaluation if other else None, seed=job.seed, notes=_notes(found)
        )
        print_report(report, console)
    if job.out is not None:
        how: dict[str, Json] = {
            "model": located.path,
            "base": base,
            "template": template,
            "reward": reward.to_dict() if reward is not None else None,
            "top_p": job.top_p,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop),
            "seed": job.seed,
        }
        _write(job, job.out, how, model, baseline)
        console.print(f"wrote {job.out}/summary.json", markup=False, highlight=False, soft_wrap=True)


def _make_folder(out: Path) -> None:
    """Create the output folder early, so that a failure is reported before the evaluation."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {str(out)!r} cannot be made a folder: {error.strerror}; name another") from error


def _write(
    job: EvalJob, out: Path, how: Mapping[str, Json], model: Mapping[str, _Found], baseline: Mapping[str, _Found]
) -> None:
    for folder, results in ((out, model), (out / "base", baseline)):
        for name, found in results.items():
            write_evaluation(folder, name, found.evaluation, format=job.format)
    sets: dict[str, Json] = {name: _summary(found, baseline.get(name), job.seed) for name, found in model.items()}
    write_summary(out / "summary.json", {**how, "sets": sets})


async def _on_sets(
    job: EvalJob,
    opened: Opened,
    prompter: Prompter,
    sampling: SamplingParameters,
    sets: Mapping[str, Sequence[Problem]],
    max_prompt_tokens: int | None,
    graders: EvaluationGraders,
) -> dict[str, _Found]:
    room = _room(opened, sampling.max_tokens, job.max_prompt_tokens or max_prompt_tokens)
    found = {}
    try:
        for name, problems in sets.items():
            fitting = select_fitting(problems, prompter.tokens, room)
            if not fitting.kept:
                raise ConfigError(f"{name}: {fitting.describe()}; raise --max-prompt-tokens or lower --max-tokens")
            with _progress(f"{name}: {opened.path}") as shown:
                evaluation = await evaluate(
                    fitting.kept,
                    opened.engine,
                    graders,
                    prompter=prompter,
                    sampling=sampling,
                    samples=job.samples,
                    seed=job.seed,
                    on_sample=shown,
                )
            found[name] = _Found(evaluation=evaluation, fitting=fitting)
    finally:
        await opened.engine.close()
    return found


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _base(asked: str | None, run_base: str | None, *, model: str) -> str | None:
    if asked is None:
        return None
    if asked:
        return locate(asked).path
    if run_base is None:
        raise ConfigError(
            f"--base without a value means the model that the run started from, but {model!r} is no run with a "
            "checkpoint, or began with random weights; name the baseline: --base MODEL"
        )
    return run_base


def _check(job: EvalJob, temperature: float) -> None:
    for key, value in (
        ("samples", job.samples),
        ("limit", job.limit),
        ("max-tokens", job.max_tokens),
        ("max-prompt-tokens", job.max_prompt_tokens),
        ("max-batch", job.max_batch),
    ):
        if value is not None and value < 1:
            raise ConfigError(f"--{key} is {value}; it must be at least 1")
    if temperature < 0:
        raise ConfigError(f"--temperature is {temperature}; it must be 0 (greedy) or above")
    if temperature == 0 and job.samples > 1:
        raise ConfigError(
            f"--temperature is 0 and --samples is {job.samples}: all samples would be the greedy answer; set "
            "--samples 1 or a temperature above 0"
        )
    if job.seed < 0:
        raise ConfigError(f"--seed is {job.seed}; it must be at least 0")


def _with_reward(problem: Problem) -> Problem:
    """A problem with a math answer that names no reward is graded by `math`."""
    unnamed = not problem.reward and isinstance(problem.reference, MathReference)
    return replace(problem, reward="math") if unnamed else problem


def _room(opened: Opened, max_tokens: int, max_prompt_tokens: int | None) -> int:
    """The longest prompt, in tokens, that leaves room for the response."""
    positions = opened.engine.position_limit
    if positions is None:
        return max_prompt_tokens or 1 << 30
    left = positions - max_tokens
    if left < 1:
        raise ConfigError(
            f"--max-tokens is {max_tokens} but {opened.path} takes {positions} tokens, prompt included; lower it"
        )
    return min(left, max_prompt_tokens or left)


def _notes(found: _Found) -> list[str]:
    notes = [found.fitting.describe()] if found.fitting.dropped else []
    reasons = Counter(s.grade.reason for s in found.evaluation.samples_S if s.grade.verdict is Verdict.UNGRADED)
    notes += [f"ungraded, left out: {count} x {reason}" for reason, count in reasons.most_common(3)]
    return notes


def _summary(found: _Found, baseline: _Found | None, seed: int) -> dict[str, Json]:
    summary: dict[str, Json] = {"dropped": len(found.fitting.dropped), "model": found.evaluation.summary()}
    if baseline is None:
        return summary
    differences = compare(found.evaluation, baseline.evaluation, seed=seed)
    return {
        **summary,
        "base": baseline.evaluation.summary(),
        "difference": {name: difference.to_dict() for name, difference in differences.items()},
    }
