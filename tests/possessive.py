"""Prints every pattern of a package, as it is imported, that old versions of Python match wrongly.

Before 3.11.5 a possessive repeat of a group (`(?:ab?c)*+`) may match where it should not or fail where it should match:
https://github.com/python/cpython/issues/106052. Sound are a possessive repeat of single characters (`[a-z]*+`), choices
that exclude each other, and an atomic group, `(?>(?:ab?c)*)`.

Run as `python -m tests.possessive rewards`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re._compiler as compiler  # type: ignore[import-not-found]  # typeshed knows neither of the two
import re._constants as constants  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import sys
from collections.abc import Iterator
from typing import Any

_parse = parser.parse


def unsound(parsed: object) -> bool:
    """Whether a parsed pattern holds a possessive repeat of more than single characters."""
    return any(
        (op is constants.POSSESSIVE_REPEAT and not compiler._simple(given[2]))
        or any(unsound(part) for part in _parts(given))
        for op, given in parsed  # type: ignore[attr-defined]
    )


def _parts(given: object) -> Iterator[object]:
    if isinstance(given, parser.SubPattern):
        yield given
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _parts(each)


def _noted(pattern: Any, *options: Any) -> Any:
    parsed = _parse(pattern, *options)
    if unsound(parsed):
        print(repr(pattern))
    return parsed


def main(package: str) -> None:
    """Import all modules of a package, but for those that want what is not installed."""
    parser.parse = _noted
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith(package):
                raise


if __name__ == "__main__":
    main(sys.argv[1])
