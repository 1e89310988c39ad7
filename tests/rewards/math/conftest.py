"""Gives every math test a long deadline: what can be decided is decided on a busy machine, too."""

from __future__ import annotations

import pytest

from rewards.clock import CLOCK
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def long_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """For grades in this process; pools tell their workers their own deadline."""
    monkeypatch.setattr(CLOCK, "deadline", PATIENCE)
