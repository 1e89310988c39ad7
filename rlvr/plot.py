"""Plot a run: accuracy, reward and response length by step, from `metrics.jsonl`.

Needs matplotlib (`pip install 'rlvr[view]'`); writes a file and never opens a window.

Example:
    plot_run(Path("runs/demo/metrics.jsonl"), Path("runs/demo/plot.png"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.writing import replacing
from rlvr.errors import ConfigError, MissingExtra
from rlvr.rundir.metrics import Metrics, read_metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel of the figure. series: (name of the metric, label, colour); `*` in a name matches any set."""

    title: str
    axis: str
    series: tuple[tuple[str, str, str], ...]
    unit_interval: bool = False


PANELS = (
    Panel(
        title="Accuracy on held-out problems",
        axis="share correct",
        series=(
            ("eval/*greedy_accuracy", "greedy", "#0b5394"),
            ("eval/*sampled_accuracy", "sampled", "#e69138"),
        ),
        unit_interval=True,
    ),
    Panel(title="Reward in training", axis="mean reward", series=(("reward/mean", "reward", "#38761d"),)),
    Panel(title="Response length", axis="tokens (mean)", series=(("response/length_mean", "training", "#741b47"),)),
)
_LINES = ("-", "--", ":", "-.")  # one for each evaluated set


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The points of one metric."""

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]


def read_series(lines: Iterable[Metrics], pattern: str) -> list[Series]:
    """Every metric whose name matches, in order of first appearance; steps without a value are skipped."""
    points: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        step = line.get("step")
        for name, value in line.items():
            if fnmatchcase(name, pattern) and isinstance(value, int | float) and isinstance(step, int | float):
                points.setdefault(name, []).append((float(step), float(value)))
    return [
        Series(name=name, steps=tuple(s for s, _ in found), values=tuple(v for _, v in found))
        for name, found in points.items()
    ]


def plot_run(metrics_path: Path, out_png: Path) -> None:
    """Draw accuracy, reward and length of a run into a PNG.

    Raises:
        MissingExtra: matplotlib is not installed.
        ConfigError: the file is missing, or has none of these metrics.
    """
    figure_type = _figure_type()
    try:
        lines = list(read_metrics(metrics_path))
    except OSError as error:
        raise ConfigError(f"cannot read the metrics {metrics_path}: {error.strerror}") from error
    panels = [(panel, _found(lines, panel)) for panel in PANELS]
    drawn = [(panel, found) for panel, found in panels if found]
    if not drawn:
        wanted = ", ".join(name for panel in PANELS for name, _, _ in panel.series)
        raise ConfigError(f"{metrics_path} holds none of the metrics to draw ({wanted}); is it a run's metrics.jsonl?")
    figure = figure_type(figsize=(4.6 * len(drawn), 3.6), dpi=120, layout="constrained")
    axes = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axis, (panel, found) in zip(axes, drawn, strict=True):
        _draw(axis, panel, found)
    with replacing(out_png) as partial:
        figure.savefig(partial, format="png")


def _found(lines: Sequence[Metrics], panel: Panel) -> list[tuple[Series, str, str, str]]:
    """(series, label, colour, line style) of each line of a panel."""
    drawn = []
    for pattern, label, colour in panel.series:
        matching = read_series(lines, pattern)
        for place, series in enumerate(matching):
            of_set = series.name.removeprefix("eval/").rpartition("/")[0]
            named = f"{label}, {of_set}" if of_set and len(matching) > 1 else label
            drawn.append((series, named, colour, _LINES[place % len(_LINES)]))
    return drawn


def _draw(axis: Axes, panel: Panel, found: Sequence[tuple[Series, str, str, str]]) -> None:
    from matplotlib.ticker import MaxNLocator

    for series, label, colour, style in found:
        marker = "o" if len(series.steps) <= 30 else None
        axis.plot(series.steps, series.values, style, color=colour, label=label, marker=marker, markersize=3.5)
    axis.set_title(panel.title, fontsize=11)
    axis.set_xlabel("step")
    axis.set_ylabel(panel.axis)
    axis.grid(visible=True, alpha=0.3)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))  # steps are whole
    if panel.unit_interval:
        axis.set_ylim(-0.02, 1.02)
    if len(found) > 1:
        axis.legend(fontsize=9, loc="best")


def _figure_type() -> Callable[..., Figure]:
    """matplotlib's Figure, without pyplot and its global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("plots need matplotlib: pip install 'rlvr[view]'") from error
    return Figure
