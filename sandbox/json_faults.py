"""What is wrong with a text that is no JSON, in words for whoever wrote it.

Example:
    >>> import json
    >>> try:
    ...     json.loads("[" + 5000 * "1" + "]")
    ... except ValueError as error:
    ...     json_fault(error)
    'a whole number in it has more than 4300 digits; write it as text, in quotes'
"""

from __future__ import annotations

import sys
from json import JSONDecodeError


def json_fault(error: ValueError | RecursionError) -> str:
    """Why `json.loads` refused a text. Python's own words for nesting and long integers are for programmers."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, JSONDecodeError | UnicodeError):
        return str(error)
    digits = sys.get_int_max_str_digits()
    return f"a whole number in it has more than {digits} digits; write it as text, in quotes"
