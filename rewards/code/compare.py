"""Compare a program's output or return value with the expected one. Never raises and is always fast, for any input.

**Output** (`same_output`) is compared up to trailing blanks of lines, trailing blank lines, and CR. With a tolerance,
each line is compared token by token: plain decimal numbers by the float rule, everything else as text.

**Values** (`same_value`) are compared as JSON: `True` is not 1, 2 equals 2.0, a tuple counts as a list, the keys of an
object are JSON keys (so the key 1 is "1"), NaN equals nothing, text is never parsed as a number. Sets, complex numbers,
bytes and non-string keys are compared if the expected value contains them (`rewards.code.values`). Anything but plain
values equals nothing, and a complex number never equals an expected real number.

The float rule: |a - b| <= tolerance * max(1, |b|), where b is expected. Integers are exact: two integers must be equal,
and a float matches an expected integer only if it rounds to it.

Example:
    >>> same_output("1 2 \\r\\n3", b"1 2\\n3\\n\\n")
    True
    >>> same_output("0.3333", b"0.33331", tolerance=1e-3), same_output("1000000", b"1000001", tolerance=1e-3)
    (True, False)
    >>> same_value([1, {"1": 2.0}], (1, {1: 2})), same_value(1, True), same_value("1", 1)
    (True, False, False)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice

_BLANKS = b" \t\r"
_TOKEN = re.compile(rb"[^ \t\r]+")
_NUMBER = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(rb"[+-]?\d+")
_CODE = re.compile(rb"[+-]?0\d+")  # `007` is an identifier, not a number
_LONGEST_NUMBER = 400
_MOST_KEY_BITS = 4096
_DEEPEST_KEY = 200
_SCALARS = (str, bytes, type(None))
_NUMBERS = (int, float, complex)


# --- output -----------------------------------------------------------------------------------------------------------


def same_output(expected: str, output: bytes, tolerance: float | None = None) -> bool:
    """Whether a program's output is the expected one."""
    wanted = expected.encode("utf-8", "surrogatepass").rstrip(_BLANKS + b"\n")
    written = output.rstrip(_BLANKS + b"\n")
    if wanted == written:
        return True
    if wanted.count(b"\n") != written.count(b"\n"):
        return False
    lines = zip(wanted.split(b"\n"), written.split(b"\n"), strict=True)
    if tolerance is None:
        return all(a.rstrip(_BLANKS) == b.rstrip(_BLANKS) for a, b in lines)
    return all(_same_line(a, b, tolerance) for a, b in lines)


def _same_line(wanted: bytes, written: bytes, tolerance: float) -> bool:
    if wanted.rstrip(_BLANKS) == written.rstrip(_BLANKS):
        return True
    tokens = _TOKEN.findall(wanted)
    # One more than expected is enough to detect that there are too many.
    given = [found.group() for found in islice(_TOKEN.finditer(written), len(tokens) + 1)]
    return len(tokens) == len(given) and all(map(_same_token, tokens, given, [tolerance] * len(tokens)))


def _same_token(wanted: bytes, written: bytes, tolerance: float) -> bool:
    if wanted == written:
        return True
    if len(wanted) > _LONGEST_NUMBER or len(written) > _LONGEST_NUMBER or _CODE.fullmatch(wanted):
        return False
    b, a = _number(wanted), _number(written)
    return a is not None and b is not None and _close(a, b, tolerance)


def _number(token: bytes) -> int | float | None:
    if _INTEGER.fullmatch(token):
        return int(token)
    value = float(token) if _NUMBER.fullmatch(token) else math.inf
    return value if math.isfinite(value) else None


# --- values -----------------------------------------------------------------------------------------------------------


def same_value(expected: object, given: object, tolerance: float | None = None) -> bool:
    """Whether a return value is the expected one; both as Python values (`rewards.code.values.untagged`)."""
    # Depth and work are bounded by the expected value: both sides are walked together.
    waiting = [(expected, given)]
    while waiting:
        wanted, value = waiting.pop()
        kind = type(wanted)
        if kind is list or kind is tuple:
            if type(value) not in (list, tuple) or len(wanted) != len(value):  # type: ignore[arg-type]
                return False
            waiting.extend(zip(wanted, value, strict=True))  # type: ignore[call-overload]
        elif kind is dict:
            pairs = _paired(wanted, value) if type(value) is dict else None  # type: ignore[arg-type]
            if pairs is None:
                return False
            waiting.extend(pairs)
        elif kind is set or kind is frozenset:
            if type(value) not in (set, frozenset) or not _same_set(wanted, value, tolerance):  # type: ignore[arg-type]
                return False
        elif not _same_scalar(wanted, value, tolerance):
            return False
    return True


def _same_scalar(wanted: object, value: object, tolerance: float | None) -> bool:
    if type(wanted) is bool or type(value) is bool:
        return wanted is value
    if type(wanted) in _NUMBERS:
        if type(value) not in _NUMBERS or (type(value) is complex and type(wanted) is not complex):
            return False
        return bool(wanted == value) or (tolerance is not None and _close(value, wanted, tolerance))  # type: ignore[arg-type]
    return type(wanted) in _SCALARS and type(value) is type(wanted) and bool(wanted == value)


def _close(a: complex, b: complex, tolerance: float) -> bool:
    """The float rule for two numbers, neither a bool."""
    if a == b:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return False
    try:
        if not (math.isfinite(abs(a)) and math.isfinite(abs(b))):
            return False
        if isinstance(b, int) and isinstance(a, float) and round(a) != b:
            return False
        return abs(a - b) <= tolerance * max(1.0, abs(b))
    except OverflowError:  # an integer too large for a float, or a difference
        return False


def _paired(wanted: Mapping[object, object], value: Mapping[object, object]) -> list[tuple[object, object]] | None:
    """Pairs of values with equal keys; None if the keys differ."""
    if len(wanted) != len(value):
        return None
    as_json = all(type(key) is str for key in wanted)
    named: dict[object, object] = {}
    for key, content in value.items():
        name: object = _json_key(key) if as_json else _key(key)
        if name is None:
            return None
        named[name] = content
    pairs = []
    for key, content in wanted.items():
        name = key if as_json else _key(key)
        if name is None or name not in named:
            return None
        pairs.append((content, named[name]))
    return pairs if len(named) == len(wanted) else None


def _json_key(key: object) -> str | None:
    """The key as JSON writes it; None if JSON has no such key."""
    if type(key) is str:
        return key
    if key is None or type(key) is bool:
        return {None: "null", True: "true", False: "false"}[key]
    if type(key) is int:
        return str(key) if key.bit_length() <= _MOST_KEY_BITS else None
    return repr(key) if type(key) is float and math.isfinite(key) else None


def _key(value: object, depth: int = _DEEPEST_KEY) -> tuple[object, ...] | None:
    """A hashable key that is equal for equal values under the rules of this module; None if there is none."""
    kind = type(value)
    if kind is bool or kind in _SCALARS:
        return (kind.__name__, value)
    if kind in _NUMBERS:
        return None if value != value else ("complex" if kind is complex else "number", value)
    if depth == 0 or kind not in (tuple, list, frozenset, set):
        return None
    members = [_key(member, depth - 1) for member in value]  # type: ignore[attr-defined]
    if None in members:
        return None
    return ("list", tuple(members)) if kind in (tuple, list) else ("set", frozenset(members))


def _same_set(
    wanted: set[object] | frozenset[object], value: set[object] | frozenset[object], tolerance: float | None
) -> bool:
    if len(wanted) != len(value):
        return False
    a, b = [_key(member) for member in wanted], [_key(member) for member in value]
    if None in a or None in b:
        return False
    left, right = set(a) - set(b), set(b) - set(a)
    if tolerance is None or not left:
        return not left and len(set(a)) == len(set(b))
    # What is left must pair up by the float rule; sorted, if any pairing does, this one does.
    numbers = [[key[1] for key in side if key is not None and key[0] == "number"] for side in (left, right)]
    if len(numbers[0]) != len(left) or len(numbers[1]) != len(right) or len(left) != len(right):
        return False
    first, second = sorted(numbers[0]), sorted(numbers[1])  # type: ignore[type-var]
    return all(_close(y, x, tolerance) for x, y in zip(first, second, strict=True))  # type: ignore[arg-type]
