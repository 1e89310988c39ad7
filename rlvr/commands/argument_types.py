"""Types of command-line arguments: bounded integers, one reward."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


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
