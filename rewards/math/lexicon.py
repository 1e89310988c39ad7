"""Words with an exact meaning: scales, truth values, months. Number words are not converted: `twelve` is not 12."""

from __future__ import annotations

import re

SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
TRUTHS = {"true": True, "yes": True, "correct": True, "false": False, "no": False, "incorrect": False}
_MONTH_NAMES = """
january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,september sep sept,october oct,
november nov,december dec
"""
MONTHS = {name: at + 1 for at, names in enumerate(_MONTH_NAMES.split(",")) for name in names.split()}
_PROBLEM = r"(?:the |this |it )?(?:given )?(?:(?:equation|system|inequality|problem)s? )?"
_HAS_NONE = re.compile(
    rf"^(?:there (?:is|are|exists?)|{_PROBLEM}ha(?:s|ve)) (?=no (?:real )?solutions?\.?$)", re.IGNORECASE
)


def without_verb(text: str) -> str:
    """Shorten `There is no solution` to `no solution`."""
    return _HAS_NONE.sub("", text)


def listed(*lines: str) -> frozenset[str]:
    """A set of words, written in lines."""
    return frozenset(" ".join(lines).split())


def meanings(table: str) -> dict[str, str]:
    """What each spelling means, from a table `meaning: spelling spelling, meaning: spelling`."""
    rows = (row.split(":") for row in table.split(","))
    return {spelling: meaning.strip() for meaning, spellings in rows for spelling in spellings.split()}
