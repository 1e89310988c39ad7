"""The training data of a run: files of problems, filtered, as sources to draw from.

Order of the filters: pass rates, then prompt length. Dropped problems are counted and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from data_prep.files import read_problems
from data_prep.length_filter import select_fitting
from data_prep.pass_rates import PassRateFilter, read_pass_rates
from rlvr.draws import Sampler, Source
from rlvr.errors import ConfigError
from rlvr.prompts import Prompter


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """path: one file of problems. weight: its share of the draws, relative to the other files."""

    path: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """The training data.

    train: files of problems (`rlvr prep` writes them), mixed by their weights.
    template: how a question becomes a prompt: plain, boxed, chat, r1_zero, ...
    max_prompt_tokens: longer prompts are dropped, counted and reported.
    sampler: `shuffle` reads each file in a new order every epoch; `difficulty` prefers problems that are sometimes
    solved.
    pass_rates: a file of {"id", "pass_rate"} lines, as `rlvr eval` writes it, to filter by; null = no filter.
    pass_rate_low, pass_rate_high: problems outside these bounds are dropped.
    """

    train: tuple[SourceConfig, ...] = ()
    template: str = "r1_zero"
    max_prompt_tokens: int = 1024
    sampler: Sampler = "shuffle"
    pass_rates: str | None = None
    pass_rate_low: float = 0.0
    pass_rate_high: float = 1.0


def read_sources(config: DataConfig, say: Callable[[str], None]) -> list[Source]:
    """Read, filter by pass rates and report. Raises ConfigError, BadRow, DataNotFound."""
    if not config.train:
        raise ConfigError("data.train is empty; name at least one file of problems (`rlvr prep` writes them)")
    rates = None if config.pass_rates is None else read_pass_rates(config.pass_rates)
    sources = []
    for entry in config.train:
        problems = read_problems(entry.path)
        if rates is not None:
            measured = PassRateFilter(rates, config.pass_rate_low, config.pass_rate_high)
            problems = list(filter(measured.keep, problems))
            measured.finish()
            say(f"{entry.path}: {measured.describe()}")
        sources.append(Source(name=entry.path, problems=problems, weight=entry.weight))
    return sources


def fitting_sources(
    sources: Iterable[Source], config: DataConfig, prompter: Prompter, say: Callable[[str], None]
) -> list[Source]:
    """The sources without problems whose prompt is too long, which are reported. Raises ConfigError."""
    found = []
    for source in sources:
        fitting = select_fitting(source.problems, prompter.tokens, config.max_prompt_tokens)
        if fitting.dropped:
            say(f"{source.name}: {fitting.describe()}")
        found.append(replace(source, problems=fitting.kept))
    return found
