"""A number and what it counts, said as people say it, in whatever is printed or raised.

Example:
    >>> counted(1, "response"), counted(0, "bad row"), counted(12345, "attempt", ",")
    ('1 response', '0 bad rows', '12,345 attempts')
"""

from __future__ import annotations


def counted(count: int, noun: str, form: str = "") -> str:
    """noun: in the singular; its plural has an s. form: of the number, as in a format string."""
    return f"{count:{form}} {noun}{'' if count == 1 else 's'}"
