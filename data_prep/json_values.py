"""Values of tables as JSON: what Parquet and Python hold beyond it gets a form in it."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping

from rewards.types import Json


class Base64(str):
    """Bytes encoded as text, marked so that they are not graded as a response."""

    __slots__ = ()


def json_value(value: object) -> Json:
    """Convert a table value to JSON: times as ISO 8601, bytes in base64, decimals as text, NaN as null.

    Example:
        >>> json_value({"at": datetime.date(2024, 5, 1), "raw": b"ab", "weights": [0.5, float("nan")]})
        {'at': '2024-05-01', 'raw': 'YWI=', 'weights': [0.5, None]}
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return Base64(base64.b64encode(value).decode("ascii"))
    return str(value)
