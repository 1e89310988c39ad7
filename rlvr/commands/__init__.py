"""The commands, one module each with `add_parser(subparsers)` and `run(options) -> int`."""

import importlib
from collections.abc import Iterator
from types import ModuleType

NAMES = (
    "train",
    "eval",
    "sample",
    "grade",
    "validate",
    "audit",
    "prep",
    "show",
    "new_reward",
    "serve_rewards",
    "sandbox",
)


def commands() -> Iterator[ModuleType]:
    """The modules of all commands, in the order of the help text; each imports little until it runs."""
    for name in NAMES:
        yield importlib.import_module(f"rlvr.commands.{name}")
