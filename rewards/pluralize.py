"""A count with its noun in the singular or plural, for messages.

Example:
    >>> pluralize(1, "response"), pluralize(0, "bad row"), pluralize(12345, "attempt", ",")
    ('1 response', '0 bad rows', '12,345 attempts')
"""

from __future__ import annotations


def pluralize(count: int, noun: str, form: str = "") -> str:
    """Returns the count and the noun, with an "s" unless the count is 1.

    noun: in the singular. form: format specification of the count.
    """
    return f"{count:{form}} {noun}{'' if count == 1 else 's'}"
