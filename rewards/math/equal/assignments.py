"""Lists of named values: `x = 1, y = 2`."""

from __future__ import annotations

import re

from rewards.math.values import Many, Named, Value


def by_name(many: Many) -> dict[str, Value] | None:
    """The values of `x = 1, y = 2` by name; None if the list is not of this form."""
    found: dict[str, Value] = {}
    for item in many.items:
        if not isinstance(item, Named) or item.name in found:
            return None
        found[item.name] = item.value
    return found if len(found) > 1 else None


def of_several(values: dict[str, Value]) -> bool:
    """Whether the names are different variables, as `x` and `y`; `x_1` and `x_2` may be two values of one."""
    return len({re.split(r"[_'\d]", name)[0] for name in values}) > 1


def in_alphabet(name: str) -> str:
    """Convert names of Greek letters to the letters."""
    return name.lstrip("\\")
