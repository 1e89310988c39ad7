"""A number with its noun in the singular or plural, for messages.

Example:
    >>> counted(1, "response"), counted(0, "bad row"), counted(12345, "attempt", ",")
    ('1 response', '0 bad rows', '12,345 attempts')
"""

from __future__ import annotations


def counted(count: int, noun: str, form: str = "") -> str:
    """noun: in the singular; the plural adds an s. form: format specification of the number."""
    return f"{count:{form}} {noun}{'' if count == 1 else 's'}"
