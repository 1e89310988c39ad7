"""Values with names of their own: `x = 1, y = 2`."""

from __future__ import annotations

import re

from rewards.math.values import Many, Named, Value


def by_name(many: Many) -> dict[str, Value] | None:
    """`x = 1, y = 2` by names; None where it is not that."""
    found: dict[str, Value] = {}
    for item in many.items:
        if not isinstance(item, Named) or item.name in found:
            return None
        found[item.name] = item.value
    return found if len(found) > 1 else None


def of_several(values: dict[str, Value]) -> bool:
    """The names are of different things: `x` and `y`, where `x_1` and `x_2` may be two values of one."""
    return len({re.split(r"[_'\d]", name)[0] for name in values}) > 1


def in_alphabet(name: str) -> str:
    """Greek letters by their names, as they are written."""
    return name.lstrip("\\")
