"""In the checker: comparisons of numpy and pytest do not take an empty answer for a right one.

They spread one side over the other before they compare, so nothing is compared where a side is empty, and all of
nothing is true: `np.allclose([], 3.0)` and `np.array([]) == pytest.approx(3.0)` hold. A program that returns nothing
would be right about any number. Here such a comparison fails where one side only is empty. The program's own numpy
stays as it is, and so does what a test spells out: `(f(1) == 3.0).all()` holds for an empty array.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

_MENTIONED = re.compile(rb"\b(?:numpy|np|allclose|assert_allclose|assert_array_equal|assert_almost_equal)\b")
_RAISE = ("assert_allclose", "assert_almost_equal", "assert_array_equal", "assert_array_almost_equal", "assert_equal")


def guard(tests: bytes) -> None:
    """Replace those comparisons in this process, where the tests may use them."""
    if b"approx" in tests:
        _guard_approx()
    if _MENTIONED.search(tests):
        _guard_numpy()


def _guard_approx() -> None:
    import pytest

    kind: Any = type(pytest.approx(1.0))
    equals = kind.__eq__

    def compare(self: Any, actual: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(actual, numpy.ndarray) and actual.size == 0:
            return False
        return equals(self, actual)

    kind.__eq__ = compare
    kind.__hash__ = None


def _guard_numpy() -> None:
    try:
        import numpy
        import numpy.testing
    except ImportError:  # a test that needs it will say so
        return

    def one_is_empty(actual: Any, desired: Any) -> bool:
        try:
            return bool((numpy.size(actual) == 0) != (numpy.size(desired) == 0))
        except Exception:  # no array can be made of it: the function itself says so
            return False

    def guarded(function: Callable[..., Any], fail: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def compare(*args: Any, **kwargs: Any) -> Any:
            if len(args) >= 2 and one_is_empty(args[0], args[1]):
                return fail(args[0], args[1])
            return function(*args, **kwargs)

        return compare

    def nowhere(a: Any, b: Any) -> Any:
        return numpy.zeros(numpy.shape(b if numpy.size(a) == 0 else a), dtype=bool)[()]

    def complain(_actual: Any, _desired: Any) -> None:
        raise AssertionError("one side is empty")

    numpy.allclose = guarded(numpy.allclose, lambda _a, _b: False)
    numpy.isclose = guarded(numpy.isclose, nowhere)
    for name in _RAISE:
        setattr(numpy.testing, name, guarded(getattr(numpy.testing, name), complain))
