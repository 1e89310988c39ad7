"""Rewards of other installed packages, found by entry points of the group `rlvr.rewards`.

A package declares its rewards in its pyproject.toml; they can then be used like ours:

    [project.entry-points."rlvr.rewards"]
    brevity = "their_package.rewards:brevity"

Only names are read at first; a package is imported when one of its rewards is used. `their_package:brevity` names the
package explicitly, for when the plain name is also one of ours or of another package.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from rewards.errors import HiddenReward, InvalidReward, UnknownReward
from rewards.outcome import users_level
from rewards.parameters import nearest
from rewards.sources import why_not

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

# In two parts, because the group name looks like a module name.
GROUP = "rlvr" + ".rewards"


@cache
def _found(_path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    import importlib.metadata as metadata  # slow to import, and rarely needed

    by_name: dict[str, list[EntryPoint]] = {}
    for entry in metadata.entry_points(group=GROUP):
        held = by_name.setdefault(entry.name, [])
        if entry.value not in (other.value for other in held):  # one package seen twice on the path is one
            held.append(entry)
    return by_name


def installed() -> dict[str, list[EntryPoint]]:
    """The entry points by name, read again when the import path has changed."""
    return _found(tuple(sys.path))


def entries_of(name: str) -> list[EntryPoint]:
    """The entry points of a name, or of PACKAGE:NAME."""
    package, colon, plain = name.rpartition(":")
    if os.sep in package or ":" in package or package.endswith(".py"):
        return []
    entries = installed().get(plain, [])
    return [entry for entry in entries if not colon or _normal(_package(entry)) == _normal(package)]


def not_brought(name: str, why: UnknownReward) -> UnknownReward:
    """Why PACKAGE:NAME is not a reward; `why` explains why no such file or module was found."""
    package, _, plain = name.rpartition(":")
    brought: dict[str, list[str]] = {}
    for known, entries in installed().items():
        for entry in entries:
            brought.setdefault(_package(entry), []).append(known)
    its = next((names for held, names in brought.items() if _normal(held) == _normal(package)), None)
    if its is not None:
        meant = nearest(plain, its)
        return UnknownReward(
            f"the package {package} brings no reward {plain!r}{meant} (it has: {', '.join(sorted(its))})"
        )
    if os.sep in package or ":" in package or package.endswith(".py") or package.replace(".", "_").isidentifier():
        return why
    others = f"{nearest(package, [*brought])} (these do: {', '.join(sorted(brought))})" if brought else ""
    return UnknownReward(f"{why}, and no installed package of that name brings rewards{others}")


def warn_of_hidden(name: str) -> None:
    """Warn once that other packages provide a reward with the name of one of ours, and how to name theirs."""
    for entry in installed().get(name, []):
        _say_hidden(name, _package(entry), entry.value)


@cache
def _say_hidden(name: str, package: str, value: str) -> None:
    warnings.warn(
        f"{name!r} is this package's own reward; that of the package {package} ({value}) is '{package}:{name}'",
        HiddenReward,
        stacklevel=users_level(),
    )


def load_installed(name: str) -> tuple[Callable[..., object], ModuleType]:
    """Load the reward of a name, and the module that contains it.

    Raises:
        InvalidReward: several packages provide that name, the package cannot be imported, or it is not a reward.
    """
    entries = entries_of(name)
    if len(entries) > 1:
        whose = " and ".join(sorted(f"{_package(entry)} ({entry.value})" for entry in entries))
        raise InvalidReward(
            f"reward {name!r} is brought by two packages, {whose}; say whose: {_package(entries[0])}:{entries[0].name}"
        )
    (entry,) = entries
    try:
        target = entry.load()
        module = importlib.import_module(entry.module)
    except (Exception, SystemExit) as error:  # foreign code; report it as theirs
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


def _normal(package: str) -> str:
    """Normalise a package name as package indexes do: `My.Package` is `my-package`."""
    return re.sub(r"[-_.]+", "-", package).lower()
