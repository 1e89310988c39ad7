"""Command-line arguments that several commands share: bounded integers, one reward, how it is run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rewards.clock import DEADLINE


def positive(text: str) -> int:
    """Parse an integer of at least 1."""
    return at_least(1, text)


def not_negative(text: str) -> int:
    """Parse an integer of at least 0."""
    return at_least(0, text)


def at_least(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number; write one such as 500") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{text} is below {least}")
    return value


def add_pool_options(group: argparse._ActionsContainer, *, workers: str = "worker processes") -> None:
    """Add `--workers` and `--deadline`, the options of a `rewards.GraderPool`. workers: what they are called."""
    group.add_argument("--workers", type=int, metavar="N", help=f"{workers} (default: one per core, at most 8)")
    group.add_argument(
        "--deadline",
        type=float,
        default=DEADLINE,
        metavar="S",
        help="seconds for one grade, after which its worker is killed (default: %(default)g)",
    )


class OneReward(argparse.Action):
    """Stores a reward. A second one is an error: it would replace the first unnoticed."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        _option: str | None = None,
    ) -> None:
        held = getattr(namespace, self.dest)
        if held is not None and held != values:
            raise argparse.ArgumentError(
                self,
                f"{held!r:.60} and {values!r:.60}; combine them, as in "
                "'{sum: [{reward: math}, {reward: format, weight: 0.2}]}'",
            )
        setattr(namespace, self.dest, values)
