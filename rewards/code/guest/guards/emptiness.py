"""In the checker: comparisons do not accept an empty array as the right answer.

numpy and pytest broadcast one side over the other before they compare. If one side is empty, nothing is compared, and
the result is true: `np.allclose([], 3.0)` and `np.array([]) == pytest.approx(3.0)` hold, and the norm of an empty
difference is 0. A program that returns an empty array would be right about any number. Here such a comparison fails if
only one side is empty. So does arithmetic between an empty array of the program and a non-empty one, and its comparison
with, or difference from, a number. The program's own numpy is not changed.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..encoding import arrays
from ..proxies import proxies
from ..sources import context
from . import wrapping

_MENTIONED = re.compile(rb"\b(?:numpy|np|allclose|assert_allclose|assert_array_equal|assert_almost_equal)\b")
_RAISE = (
    *("assert_allclose", "assert_almost_equal", "assert_array_equal", "assert_array_almost_equal", "assert_equal"),
    *("assert_array_less", "assert_array_almost_equal_nulp", "assert_array_max_ulp"),
)
_MAKE = (
    *("array", "asarray", "asanyarray", "fromiter", "atleast_1d", "ravel", "concatenate", "hstack", "vstack"),
    *("stack", "squeeze", "loadtxt", "genfromtxt", "fromstring", "load", "fromfile"),
)
_SIDES = (("actual", "a", "a1", "x"), ("desired", "b", "a2", "y", "expected"))  # what functions call their arguments


def guard(tests: bytes) -> None:
    """Replace those comparisons in this process if the tests may use them."""
    arrays.given = _given
    wrapping.guard(tests)
    if b"approx" in tests:
        _guard_approx()
    if _MENTIONED.search(tests):
        _guard_numpy()


def _guard_approx() -> None:
    import pytest

    for kind in {type(pytest.approx(1.0)), *_array_approximation()}:
        _guard_one(kind)


def _array_approximation() -> list[Any]:
    """pytest's class for approximate arrays, whatever it is called."""
    import pytest

    numpy = sys.modules.get("numpy")
    return [] if numpy is None else [type(pytest.approx(numpy.zeros(1)))]


def _guard_one(kind: Any) -> None:
    equals = kind.__eq__

    def compare(self: Any, actual: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(actual, numpy.ndarray) and actual.size == 0:
            return isinstance(self.expected, numpy.ndarray) and self.expected.size == 0 and equals(self, actual)
        if numpy is not None and isinstance(self.expected, numpy.ndarray) and self.expected.size == 0:
            return hasattr(actual, "__len__") and len(actual) == 0 and equals(self, actual)
        return equals(self, actual)

    kind.__eq__ = compare
    kind.__hash__ = None


# --- arrays -----------------------------------------------------------------------------------------------------------


@functools.cache
def _empty_classes() -> tuple[Any, Any]:
    """The classes for empty arrays from the program, and for those that a test has created."""
    import numpy

    class Empty(numpy.ndarray):
        with_numbers = True

        def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **kwargs: Any) -> Any:
            plain = [x.view(numpy.ndarray) if isinstance(x, Empty) else x for x in inputs]
            if method == "__call__" and len(plain) == 2 and any(map(self._refuses, plain, [ufunc] * 2)):
                raise proxies.refused("an empty array where the test expects numbers")
            if out := kwargs.get("out"):
                kwargs["out"] = tuple(x.view(numpy.ndarray) if isinstance(x, Empty) else x for x in out)
            made = getattr(ufunc, method)(*plain, **kwargs)
            return made.view(type(self)) if isinstance(made, numpy.ndarray) and made.ndim and not made.size else made

        def _refuses(self, other: Any, function: Any) -> bool:
            if numpy.size(other) == 0:
                return False
            decides = (numpy.equal, numpy.not_equal, numpy.subtract)
            return numpy.ndim(other) > 0 or (self.with_numbers and function in decides)

        def __repr__(self) -> str:
            return repr(self.view(numpy.ndarray))

    class Made(Empty):
        with_numbers = False

    for kind in (Empty, Made):
        kind.__name__ = kind.__qualname__ = "ndarray"
        kind.__module__ = "numpy"
    return Empty, Made


def _given(value: Any) -> Any:
    """Check an array or number from the program."""
    return wrapping.given(value) if value.size or not value.ndim else value.view(_empty_classes()[0])


def _guard_numpy() -> None:
    try:
        import numpy
        import numpy.testing
    except ImportError:  # a test that needs it will fail by itself
        return
    _guard_comparisons(numpy)
    for name in _MAKE:
        setattr(numpy, name, _marking(numpy, getattr(numpy, name)))


def _guard_comparisons(numpy: Any) -> None:
    def nowhere(a: Any, b: Any) -> Any:
        return numpy.zeros(numpy.shape(b if numpy.size(a) == 0 else a), dtype=bool)[()]

    def complain(_actual: Any, _desired: Any) -> None:
        raise AssertionError("one side is empty")

    numpy.allclose = _comparing(numpy, numpy.allclose, lambda _a, _b: False)
    numpy.array_equiv = _comparing(numpy, numpy.array_equiv, lambda _a, _b: False)
    numpy.isclose = _comparing(numpy, numpy.isclose, nowhere)
    for name in _RAISE:
        setattr(numpy.testing, name, _comparing(numpy, getattr(numpy.testing, name), complain))


def _comparing(numpy: Any, function: Callable[..., Any], fail: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function that compares two arrays, or fails if only one of them is empty."""

    def settled(value: Any) -> Any:
        return numpy.asarray(value) if issubclass(type(value), proxies.Root) else value

    @functools.wraps(function)
    def compare(*args: Any, **kwargs: Any) -> Any:
        # An object of the program is converted to an array once: it could return another one the next time.
        args = tuple(map(settled, args))
        kwargs = {name: settled(value) for name, value in kwargs.items()}
        named = [next((kwargs[name] for name in names if name in kwargs), None) for names in _SIDES]
        sides = (*args[:2], *named[len(args[:2]) :])
        return fail(*sides) if _one_is_empty(numpy, *sides) else function(*args, **kwargs)

    return compare


def _one_is_empty(numpy: Any, actual: Any, desired: Any) -> bool:
    try:
        return bool((numpy.size(actual) == 0) != (numpy.size(desired) == 0))
    except Exception:  # no array can be made of it: the function itself will raise
        return False


def _marking(numpy: Any, make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that creates arrays; those that a test creates are watched."""

    @functools.wraps(make)
    def array(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        if not isinstance(made, numpy.ndarray) or not context.is_test(sys._getframe(1)):
            return made
        if made.size or not made.ndim:
            return wrapping.made(made)
        return made.view(_empty_classes()[_is_written(sys._getframe(1))])

    return array


def _is_written(frame: FrameType) -> bool:
    """Whether the test itself writes an empty array: `np.array([])`."""
    calls = context.running_calls(frame)
    return not any(isinstance(node, ast.Name | ast.Call) for call in calls for a in call.args for node in ast.walk(a))
