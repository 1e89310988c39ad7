"""The table that `rlvr eval` prints: a model, its baseline, and the difference with its interval.

A rich table on a terminal, aligned plain text elsewhere (and the same numbers in both).

Example of the plain form:
    gsm8k: 1319 problems, 1 greedy response each
    metric   base                  model                 difference (paired)
    avg@1    0.114 [0.098, 0.131]  0.421 [0.394, 0.448]  +0.307 [+0.280, +0.334]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from rewards.pluralize import pluralize
from rlvr.evaluation.metrics import Interval
from rlvr.evaluation.result import Evaluation, Metric, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One table: a title, the head and the rows as text, and lines below it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def make_report(
    name: str, model: Evaluation, baseline: Evaluation | None = None, *, seed: int = 0, notes: Sequence[str] = ()
) -> Report:
    """The table of one set."""
    how = "greedy" if model.temperature == 0 else f"sampled (temperature {model.temperature:g})"
    responses = f"{pluralize(model.samples, f'{how} response')} each"
    columns = ("model",) if baseline is None else ("base", "model", "difference (paired)")
    evaluations = (model,) if baseline is None else (baseline, model)
    differences = {} if baseline is None else compare(model, baseline, seed=seed)
    rows = []
    for metric in model.metrics:
        cells = [_cell(_find(evaluation, metric.name)) for evaluation in evaluations]
        if baseline is not None:
            found = differences.get(metric.name)
            cells.append("-" if found is None else _number(found.mean, found.interval, sign="+"))
        rows.append((metric.name, *cells))
    rows += [(name, *cells, *(("",) if baseline else ())) for name, cells in _counts(evaluations)]
    return Report(
        title=f"{name}: {pluralize(len(model.problems), 'problem')}, {responses}",
        head=("metric", *columns),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def print_report(report: Report, console: Console) -> None:
    """Print a table: rich on a terminal, plain text elsewhere."""
    if console.is_terminal:
        table = Table(title=report.title, title_justify="left", box=box.SIMPLE_HEAD)
        for column in report.head:
            table.add_column(column)
        for row in report.rows:
            table.add_row(*row)
        console.print(table)
        for note in report.notes:
            console.print(note, markup=False, highlight=False)
        return
    for line in plain_lines(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def plain_lines(report: Report) -> list[str]:
    """The table as aligned text."""
    widths = [max(len(row[i]) for row in (report.head, *report.rows)) for i in range(len(report.head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (report.head, *report.rows)
    ]
    return [report.title, *lines, *report.notes]


def _find(evaluation: Evaluation, name: str) -> Metric | None:
    return next((m for m in evaluation.metrics if m.name == name), None)


def _cell(metric: Metric | None) -> str:
    return "-" if metric is None or metric.mean is None else _number(metric.mean, metric.interval)


def _number(mean: float, interval: Interval | None, *, sign: str = "") -> str:
    bounds = "" if interval is None else f" [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"
    return f"{mean:{sign}.3f}{bounds}"


def _counts(evaluations: Sequence[Evaluation]) -> list[tuple[str, tuple[str, ...]]]:
    def row(name: str, values: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        return name, tuple(values)

    return [
        row(
            "tokens", [f"{e.lengths.mean:.1f} (5 % {e.lengths.q05:.0f}, 95 % {e.lengths.q95:.0f})" for e in evaluations]
        ),
        row("cut off", [f"{e.truncated:.3f}" for e in evaluations]),
        row("ungraded", [f"{e.ungraded:.3f}" for e in evaluations]),
    ]
