"""Closes the sandbox that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rewards.code.boxes import close_box


@pytest.fixture(scope="module", autouse=True)
def box_is_closed() -> Iterator[None]:
    yield
    close_box()
