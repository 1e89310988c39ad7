"""Rewards of other installed packages: entry points of the group `rlvr.rewards`.

A package that brings a reward says so in its own pyproject.toml; its name can then be used like one of ours:

    [project.entry-points."rlvr.rewards"]
    brevity = "their_package.rewards:brevity"

Only the names are read at first; a package is imported when one of its rewards is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from rewards.errors import InvalidReward
from rewards.sources import why_not

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

# In two parts, since the name of the group looks like that of a module, and is none.
GROUP = "rlvr" + ".rewards"


@cache
def _found(_path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    import importlib.metadata as metadata  # it parses mails, and is needed only where a name is no other

    by_name: dict[str, list[EntryPoint]] = {}
    for entry in metadata.entry_points(group=GROUP):
        held = by_name.setdefault(entry.name, [])
        if entry.value not in (other.value for other in held):  # one package seen twice on the path is one
            held.append(entry)
    return by_name


def installed() -> dict[str, list[EntryPoint]]:
    """The entry points by name, read again when the import path has changed."""
    return _found(tuple(sys.path))


def load_installed(name: str) -> tuple[Callable[..., object], ModuleType]:
    """What stands behind a name, and the module that holds it.

    Raises:
        InvalidReward: two packages bring that name, or the package cannot be imported, or what it names is no reward.
    """
    entries = installed()[name]
    if len(entries) > 1:
        whose = " and ".join(sorted(f"{_package(entry)} ({entry.value})" for entry in entries))
        raise InvalidReward(
            f"reward {name!r} is brought by two packages, {whose}; uninstall one, or name it by its place"
        )
    (entry,) = entries
    try:
        target = entry.load()
        module = importlib.import_module(entry.module)
    except (Exception, SystemExit) as error:  # whatever another package raises while it loads is shown as theirs
        raise InvalidReward(
            f"reward {name!r} of the package {_package(entry)} ({entry.value}) {why_not(error)}"
        ) from error
    if not callable(target):
        raise InvalidReward(
            f"reward {name!r} of the package {_package(entry)}: {entry.value} is {target!r:.80}, no function or class"
        )
    return target, module


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module
