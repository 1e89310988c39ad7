r"""Regular expressions that are compiled on first use, to keep imports fast: most are never used.

Example:
    >>> digits = late(r"\d+")
    >>> digits.findall("2 and 31"), digits.pattern
    (['2', '31'], '\\d+')
"""

from __future__ import annotations

import re
from typing import cast

_ASKED = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "pattern", "flags")


def late(pattern: str, flags: re.RegexFlag | int = 0) -> re.Pattern[str]:
    """Like `re.compile`, but compiles (and reports errors) on first use."""
    return cast("re.Pattern[str]", _Late(pattern, flags))


class _Late:
    def __init__(self, pattern: str, flags: re.RegexFlag | int) -> None:
        self._made_of = pattern, flags

    def __getattr__(self, name: str) -> object:
        if name not in _ASKED:
            raise AttributeError(name)
        compiled = re.compile(*self._made_of)
        for asked in _ASKED:  # later accesses find it without this function
            setattr(self, asked, getattr(compiled, asked))
        return getattr(compiled, name)
