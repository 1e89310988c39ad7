"""The names that a package offers, imported when they are first asked for (PEP 562).

A grading worker imports a few modules of `rewards`; without this it would import all that `rewards` offers first, the
pool that started it included, which is a quarter of its start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module


def on_demand(package: str, names: Collection[str], modules: Sequence[str]) -> Callable[[str], object]:
    """The `__getattr__` of a package whose `__all__` is `names`: each comes from the first of these modules with it."""

    def find(name: str) -> object:
        if name in names:
            for module in map(import_module, modules):
                if hasattr(module, name):
                    value: object = getattr(module, name)
                    setattr(sys.modules[package], name, value)
                    return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
