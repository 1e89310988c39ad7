"""Types of command-line arguments: bounded integers."""

from __future__ import annotations

import argparse


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
