"""The names that a package offers, imported when they are first asked for (PEP 562).

A grading worker imports a few modules of `rewards`; without this it would import all that `rewards` offers first, the
pool that started it included, which is a quarter of its start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Any


def on_demand(package: str, names: Collection[str], modules: Sequence[str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose `__all__` is `names`: each comes from the first of these modules with it.
    They are in its `dir`, where notebooks look for names.
    """
    known = vars(sys.modules[package])
    known["__dir__"] = lambda: sorted({*known, *names})

    def find(name: str) -> Any:
        if name in names:
            for module in map(import_module, modules):
                if hasattr(module, name):
                    known[name] = value = getattr(module, name)
                    return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
