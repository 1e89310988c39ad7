"""In the checker: the attributes that data has. Using any other shows that a test takes something for an object."""

from __future__ import annotations

import sys
from functools import lru_cache

from ..sources import context

DATA_HAS = frozenset(
    name for kind in (int, float, complex, str, bytes, list, tuple, dict, set, range) for name in dir(kind)
) | {"item", "tolist", "sum", "all", "any", "shape", "size", "dtype", "mean", "max", "min", "total", "elements"}
# Types of the standard library and numpy that are data, too, where the tests speak of them: words, module, types.
_OTHER_DATA = (
    (("Decimal", "decimal"), "decimal", "Decimal"),
    (("Fraction", "fractions"), "fractions", "Fraction"),
    (("datetime", "date", "timedelta"), "datetime", "date", "datetime", "time", "timedelta"),
    (("Counter",), "collections", "Counter"),
    (("deque",), "collections", "deque"),
    (("Path", "PurePath", "pathlib"), "pathlib", "Path"),
    (("numpy",), "numpy", "ndarray"),
)
_OF_MATRICES = frozenset(("T", "copy", "data", "diagonal", "dot", "fill", "flat", "trace", "transpose"))


def data_has() -> frozenset[str]:
    """Attributes that data may have, where the tests speak of its type: `(due(2) - date(2024, 1, 7)).days`."""
    spoken_of = (kinds for words, *kinds in _OTHER_DATA if any(map(context.uses_name, words)))
    return DATA_HAS.union(*(_attributes(*kinds) for kinds in spoken_of))


@lru_cache(maxsize=64)
def _attributes(module: str, *kinds: str) -> frozenset[str]:
    names = {name for kind in kinds for name in dir(getattr(sys.modules.get(module), kind, None))}
    return frozenset(names - _OF_MATRICES if module == "numpy" else names)
