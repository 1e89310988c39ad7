from __future__ import annotations

import io

import pytest

from rewards.code import patience


@pytest.mark.parametrize(
    ("text", "cores", "expected"),
    [
        ("0.10 0.20 0.30 1/200 999", 2, 1.0),
        ("3.00 0.20 0.30 1/200 999", 2, 1.5),
        ("0.10 0.20 0.30 6/200 999", 2, 3.0),
        ("40.0 0.20 0.30 90/200 999", 2, patience.LONGEST),
    ],
)
def test_limits_stretch_by_what_is_runnable_on_a_core(monkeypatch, text: str, cores: int, expected: float) -> None:
    monkeypatch.setattr("builtins.open", lambda *_: io.StringIO(text))
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert patience.measured() == expected


def test_a_system_without_a_load_figure_stretches_nothing(monkeypatch) -> None:
    def missing(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", missing)
    assert patience.measured() == 1.0
