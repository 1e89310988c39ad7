"""The result of an evaluation: every graded sample, and one value per problem for each reported metric.

A metric keeps its values by problem, so that its interval, and the difference of two models on the same problems, can
be computed from it. The names of the metrics are what tables, summaries and metrics files print:

    avg@K              mean correctness by the set's own reward; K samples per problem (K = 1: accuracy)
    pass@1 ... pass@K  unbiased; correct means full credit
    maj@K              correctness of the majority answer
    strict, lenient    mean correctness of the same responses under the two extraction policies of the math grader
    format             share of responses in the format <think>...</think><answer>...</answer>
    answered           share of responses in which the reward found an answer
    score              mean score, also for rewards without right and wrong

Example:
    evaluation = await evaluate(problems, engine, graders, prompter=prompter, sampling=sampling, samples=8)
    evaluation.metric("pass@4").mean
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from data_prep.problem import Problem
from rewards.types import Finish, GradeResult, Json, Verdict
from rlvr.evaluation import metrics as measure
from rlvr.evaluation.metrics import Interval, Lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedSample:
    """One response with its grades.

    grade: by the problem's own reward. strict, lenient: correctness under the two policies; None if the problem has no
    math answer or the sample could not be judged. format: 1.0 or 0.0; None if it could not be judged.
    """

    problem: Problem
    problem_index: int
    sample_index: int
    prompt: str
    response: str
    tokens: int
    finish: Finish
    reward: str
    grade: GradeResult
    strict: float | None
    lenient: float | None
    format: float | None

    def to_dict(self) -> dict[str, Json]:
        """A graded row, which `rlvr grade` accepts as input."""
        return {
            "id": self.problem.id,
            "sample": self.sample_index,
            "source": self.problem.source,
            "prompt": [m.to_dict() for m in self.problem.messages],
            "prompt_text": self.prompt,
            "response": self.response,
            "finish": self.finish.value,
            "tokens": self.tokens,
            "reference": self.problem.reference.to_dict(),
            **self.grade.to_dict(),
            "reward": self.reward,
            "strict": self.strict,
            "lenient": self.lenient,
            "format": self.format,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One reported metric: a value per problem (None = nothing was graded), their mean and its interval."""

    name: str
    values_P: tuple[float | None, ...]  # noqa: N815
    mean: float | None
    interval: Interval | None

    def to_dict(self) -> dict[str, Json]:
        return {
            "mean": self.mean,
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None,
            "problems": sum(v is not None for v in self.values_P),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A model on a set of problems.

    samples_S: by problem, then by sample. metrics: in the order of the table above, without those that have no value
    (strict on a set without math answers). lengths: of responses, in tokens.
    truncated, ungraded: shares of all samples.
    """

    samples_S: tuple[EvaluatedSample, ...]  # noqa: N815
    problems: tuple[Problem, ...]
    samples: int
    temperature: float
    metrics: tuple[Metric, ...]
    lengths: Lengths
    truncated: float
    ungraded: float

    @property
    def accuracy(self) -> float | None:
        """Mean correctness: avg@K."""
        found = {m.name: m.mean for m in self.metrics}
        return found.get(f"avg@{self.samples}")

    def metric(self, name: str) -> Metric:
        """The metric of that name. Raises KeyError, naming the available ones."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(f"no metric {name!r} here; there are {', '.join(m.name for m in self.metrics)}")

    def pass_rates(self) -> list[tuple[str, float | None]]:
        """(problem id, mean correctness over its graded samples) of each problem, in the order of the set."""
        rates = _by_problem(self.samples_S, len(self.problems), lambda s: s.grade.correctness)
        return [(problem.id, rate) for problem, rate in zip(self.problems, rates, strict=True)]

    def summary(self) -> dict[str, Json]:
        """All but the samples, as JSON."""
        return {
            "problems": len(self.problems),
            "samples": self.samples,
            "temperature": self.temperature,
            "metrics": {m.name: m.to_dict() for m in self.metrics},
            "length": {
                "mean": self.lengths.mean,
                "q05": self.lengths.q05,
                "median": self.lengths.median,
                "q95": self.lengths.q95,
                "max": self.lengths.longest,
            },
            "truncated": self.truncated,
            "ungraded": self.ungraded,
        }

    def step_metrics(self, prefix: str) -> dict[str, float | None]:
        """Flat entries for a line of `metrics.jsonl`: `{prefix}accuracy`, `{prefix}strict`, ..."""
        named = {m.name: m.mean for m in self.metrics if m.name != f"avg@{self.samples}"}
        return {
            f"{prefix}accuracy": self.accuracy,
            **{f"{prefix}{name}": value for name, value in named.items()},
            f"{prefix}length_mean": self.lengths.mean,
            f"{prefix}truncated": self.truncated,
            f"{prefix}ungraded": self.ungraded,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two models over the problems for which both have a value."""

    name: str
    mean: float
    interval: Interval
    problems: int

    def to_dict(self) -> dict[str, Json]:
        return {
            "mean": self.mean,
            "low": self.interval.low,
            "high": self.interval.high,
            "problems": self.problems,
        }


def summarise(
    samples_S: Sequence[EvaluatedSample],  # noqa: N803
    problems: Sequence[Problem],
    *,
    samples: int,
    temperature: float,
    seed: int,
) -> Evaluation:
    """Summarise graded samples, which may be in any order.

    Raises:
        ValueError: there are no samples.
    """
    ordered = tuple(sorted(samples_S, key=lambda s: (s.problem_index, s.sample_index)))
    groups: list[list[EvaluatedSample]] = [[] for _ in problems]
    for sample in ordered:
        groups[sample.problem_index].append(sample)
    silent = frozenset(s.reward for s in ordered if s.grade.correctness and s.grade.extracted is None)
    values = {name: tuple(value(group) for group in groups) for name, value in _metric_table(samples, silent).items()}
    return Evaluation(
        samples_S=ordered,
        problems=tuple(problems),
        samples=samples,
        temperature=temperature,
        metrics=tuple(
            Metric(
                name=name,
                values_P=values_P,
                mean=measure.mean(values_P),
                interval=_INTERVALS.get(name, measure.rate_interval)(values_P, seed=seed),
            )
            for name, values_P in values.items()
            if any(v is not None for v in values_P)
        ),
        lengths=measure.lengths([s.tokens for s in ordered]),
        truncated=measure.share([s.finish is Finish.LENGTH for s in ordered]),
        ungraded=measure.share([s.grade.verdict is Verdict.UNGRADED for s in ordered]),
    )


def compare(model: Evaluation, baseline: Evaluation, *, seed: int = 0) -> dict[str, Difference]:
    """Each metric's difference, paired by problem, with its bootstrap interval.

    Problems are paired by id, repeated ids in order of occurrence. A metric that either model lacks is skipped.
    """
    ours, theirs = _keys(model), _keys(baseline)
    shared = [(i, theirs[key]) for key, i in ours.items() if key in theirs]
    others = {m.name: m for m in baseline.metrics}
    found = {}
    for metric in model.metrics:
        other = others.get(metric.name)
        if other is None:
            continue
        pairs = [(metric.values_P[i], other.values_P[j]) for i, j in shared]
        differences = [a - b for a, b in pairs if a is not None and b is not None]
        interval = measure.bootstrap_interval(differences, seed=seed)
        if interval is not None:
            average = sum(differences) / len(differences)
            found[metric.name] = Difference(
                name=metric.name, mean=average, interval=interval, problems=len(differences)
            )
    return found


_INTERVALS = {"score": measure.bootstrap_interval}  # a score has no bounds; every other metric is a rate
_Value = Callable[[EvaluatedSample], float | None]
_ProblemValue = Callable[[Sequence[EvaluatedSample]], float | None]


def _metric_table(samples: int, silent: frozenset[str]) -> Mapping[str, _ProblemValue]:
    """Metric name -> its value for one problem, from that problem's samples.

    silent: rewards that accept a response without extracting an answer, so that there is nothing to vote on.
    """

    def average(value: _Value) -> _ProblemValue:
        return lambda group: measure.problem_avg([value(s) for s in group])

    def passing(k: int) -> _ProblemValue:
        return lambda group: measure.problem_pass([s.grade.correctness for s in group], k)

    def majority(group: Sequence[EvaluatedSample]) -> float | None:
        if any(s.reward in silent for s in group):
            return None
        return measure.maj_at_k([(s.grade.extracted, s.grade.correctness) for s in group])

    return {
        f"avg@{samples}": average(lambda s: s.grade.correctness),
        **{f"pass@{k}": passing(k) for k in measure.powers_up_to(samples)},
        **({f"maj@{samples}": majority} if samples > 1 else {}),
        "strict": average(lambda s: s.strict),
        "lenient": average(lambda s: s.lenient),
        "format": average(lambda s: s.format),
        "answered": average(_answered),
        "score": average(lambda s: s.grade.score),
    }


def _answered(sample: EvaluatedSample) -> float | None:
    if sample.grade.correctness is None:
        return None
    return float(sample.grade.verdict is not Verdict.NO_ANSWER)


def _by_problem(samples_S: Sequence[EvaluatedSample], problems: int, value: _Value) -> list[float | None]:  # noqa: N803
    values: list[float | None] = [None] * problems
    for index, group in groupby(samples_S, key=lambda s: s.problem_index):
        values[index] = measure.problem_avg([value(s) for s in group])
    return values


def _keys(evaluation: Evaluation) -> dict[tuple[str, int], int]:
    """(id, how many of this id came before) -> place in the set."""
    seen: dict[str, int] = {}
    keys = {}
    for place, problem in enumerate(evaluation.problems):
        occurrence = seen.get(problem.id, 0)
        seen[problem.id] = occurrence + 1
        keys[problem.id, occurrence] = place
    return keys
