"""The picture of a run."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pytest

from rlvr.errors import ConfigError, MissingExtra
from rlvr.plot import PANELS, plot_run, read_series


def write_lines(path: Path, lines: list[dict[str, float | None]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def a_run(path: Path, *, sets: tuple[str, ...] = ("held_out",)) -> Path:
    lines: list[dict[str, float | None]] = []
    for step in range(41):
        line: dict[str, float | None] = {"step": step}
        if step:
            line |= {"reward/mean": -0.5 + step / 30, "response/length_mean": 20 + step}
        if step % 10 == 0:
            for place, name in enumerate(sets):
                line[f"eval/{name}/greedy_accuracy"] = min(1.0, 0.1 + step / 40 - place / 10)
                line[f"eval/{name}/sampled_accuracy"] = min(1.0, 0.3 + step / 60)
        lines.append(line)
    return write_lines(path, lines)


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", header[16:24])
    return int(width), int(height)


def test_a_run_becomes_three_panels(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "deep" / "plot.png"
    plot_run(a_run(tmp_path / "metrics.jsonl"), out)
    width, height = png_size(out)
    assert width == pytest.approx(3 * 4.6 * 120, abs=3)
    assert height == pytest.approx(3.6 * 120, abs=3)
    assert list(out.parent.iterdir()) == [out]


def test_a_run_without_evaluation_has_two_panels(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_run(a_run(tmp_path / "metrics.jsonl", sets=()), tmp_path / "plot.png")
    assert png_size(tmp_path / "plot.png")[0] == pytest.approx(2 * 4.6 * 120, abs=3)


def test_series_are_found_by_name_whatever_the_set_is_called() -> None:
    lines = [
        {"step": 0, "eval/a/greedy_accuracy": 0.1, "eval/b/greedy_accuracy": 0.2, "eval/a/sampled_accuracy": 0.9},
        {"step": 5, "eval/a/greedy_accuracy": None, "eval/b/greedy_accuracy": 0.4},
    ]
    found = read_series(lines, PANELS[0].series[0][0])
    assert [(s.name, s.steps, s.values) for s in found] == [
        ("eval/a/greedy_accuracy", (0.0,), (0.1,)),
        ("eval/b/greedy_accuracy", (0.0, 5.0), (0.2, 0.4)),
    ]
    assert read_series([{"step": 1, "eval/greedy_accuracy": 0.5}], PANELS[0].series[0][0])[0].values == (0.5,)


def test_a_torn_last_line_does_not_matter(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = a_run(tmp_path / "metrics.jsonl")
    path.write_text(path.read_text() + '{"step": 41, "rew')
    plot_run(path, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").exists()


@pytest.mark.parametrize("line", [b"{broken}\n", b"[1]\n", b'"\xff"\n', b'{"reward/mean": 1}\n', b'{"step": "x"}\n'])
def test_a_damaged_line_is_named_by_its_file_and_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 0, "reward/mean": 0.5}\n' + line + b'{"step": 2, "reward/mean": 0.5}\n')
    with pytest.raises(ConfigError, match=r"metrics\.jsonl, line 2"):
        plot_run(path, tmp_path / "plot.png")


def test_a_file_without_these_metrics_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ConfigError, match="holds none of the metrics"):
        plot_run(write_lines(tmp_path / "other.jsonl", [{"step": 1, "loss": 2.0}]), tmp_path / "plot.png")
    with pytest.raises(ConfigError, match="cannot read the metrics"):
        plot_run(tmp_path / "nowhere.jsonl", tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()


def test_without_matplotlib_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install 'rlvr\[view\]'"):
        plot_run(a_run(tmp_path / "metrics.jsonl"), tmp_path / "plot.png")
