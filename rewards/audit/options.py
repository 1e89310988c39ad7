"""The options of an audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rewards.clock import DEADLINE

ROWS = 6
SEARCH = 600

Progress: TypeAlias = Callable[[str], None]
"""Told what is being done, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """Options of an audit.

    seed: for everything that is drawn. rows: how many of the given rows are attacked. search: responses that the search
    tries for each kind of answer. forms: texts with `{answer}` that the reward may want. families: only these; empty =
    all. term: the reward is one term among others and has no answer to know, whatever the rows hold.
    noisy: the reward draws on purpose, as a sampling judge does: noise is reported, but is no fault.
    workers, deadline: of the grading pool.
    """

    seed: int = 0
    rows: int = ROWS
    search: int = SEARCH
    forms: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    term: bool = False
    noisy: bool = False
    workers: int | None = None
    deadline: float = DEADLINE
