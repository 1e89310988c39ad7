"""In the checker: NaN and infinities from the program, in tests that do not mention such values.

NaN is neither above nor below a limit, so `not abs(f(2) - 3) > 1e-6` holds for it. Values computed from infinity are
NaN or infinite, so `abs(f(2) - 3) <= 1e-6 * max(1, abs(f(2)))` holds for it. If the tests mention neither, a call that
returns NaN fails. Such a number inside a result computes and prints normally, but an ordering comparison fails if one
side is NaN, or if both are infinite and one was computed. The same applies to text from which a test may parse such a
number: `float("nan")`.
"""

from __future__ import annotations

import builtins
import functools
import math
import operator
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import FrameType
from typing import Any, NoReturn

from ..proxies import proxies
from ..shared import standard, wire
from ..sources import context, shapes

_NAMES = re.compile(
    r"(?<![a-z])(?:is|all)?(?:nan(?:mean|max|min|sum|std|var|median)?|inf(?:s|inity|inite)?|finite|nat)(?![a-z])",
    re.IGNORECASE,
)
_READ = re.compile(r"\bfloat\b|\bDecimal\b|\bcomplex\b|\bjson\b|\beval\b|fromstring|loadtxt|genfromtxt")
_WRITTEN = re.compile(r"(?<![\w.])(?:nan|inf|infinity|\.?\d[\d._]*e\+?\d{3,}|\d{309,})(?!\w)", re.IGNORECASE)
_LONGEST_TEXT = 1 << 16
_OF_MATH = ("fabs", "sqrt", "cbrt", "hypot", "dist", "fsum", "prod", "pow", "copysign", "ldexp", "fmod", "exp", "log")


def are_named() -> bool:
    """Whether the tests mention NaN or infinity: then they expect such values."""
    return _speak_of_them(tuple(context.SOURCES.values()))


@functools.cache
def _speak_of_them(sources: tuple[str, ...]) -> bool:
    return any(_NAMES.search(source) for source in sources)


def guard(tests: bytes) -> None:
    """Wrap functions that tests compute with, so that results computed from such numbers stay marked."""
    if b"abs" in tests:
        _guard_absolute()
    if b"math" not in tests:
        return

    def keeping(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def compute(*args: Any, **kwargs: Any) -> Any:
            made = function(*args, **kwargs)
            return made if type(made) is not float or math.isfinite(made) or are_named() else marked(made, True)

        return compute

    for name in _OF_MATH:
        if hasattr(math, name):
            made = keeping(getattr(math, name))
            standard.put_for(getattr(math, name), made)
            setattr(math, name, made)


def _guard_absolute() -> None:
    def checked(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def absolute(*args: Any, **kwargs: Any) -> Any:
            made = function(*args, **kwargs)
            kind = getattr(getattr(made, "dtype", None), "kind", "")
            if kind == "i" and type(made).__module__ == "numpy" and (made < 0).any():
                raise proxies.refused("it gave the smallest integer of its type: its absolute value is below 0")
            return made

        return absolute

    standard.put_for(abs, made := checked(abs))
    builtins.abs = made
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.abs = numpy.absolute = checked(numpy.abs)


def is_written(value: object) -> bool:
    """Whether a value is or contains text that a test may parse as such a number."""
    return _may_be_read(tuple(context.SOURCES.values())) and any(
        len(text) < _LONGEST_TEXT and _WRITTEN.search(text) and not _is_finite(text) for text in _texts(value)
    )


@functools.cache
def _may_be_read(sources: tuple[str, ...]) -> bool:
    return any(_READ.search(source) for source in sources) and not are_named()


def _is_finite(text: str) -> bool:
    """Whether all such words in a text are finite numbers after all: `1e100`."""
    return all(math.isfinite(float(word)) for word in _WRITTEN.findall(text))


def _texts(value: object, depth: int = 2) -> Iterator[str]:
    if isinstance(value, str):
        yield str.__add__(value, "")
    elif isinstance(value, bytes | bytearray):
        yield bytes(memoryview(value)).decode("latin-1")
    elif depth and type(value) in (list, tuple, dict):
        for item in value.values() if type(value) is dict else value:  # type: ignore[attr-defined]
            yield from _texts(item, depth - 1)


def is_no_number(value: object, depth: int = 4) -> bool:
    """Whether a value is NaN, or contains nothing else. In an array one is enough, since it is compared as a whole."""
    if isinstance(value, float | complex):
        return value != value or (type(value).__module__ == "numpy" and not math.isfinite(abs(value)))
    if isinstance(value, Decimal):
        return not Decimal.is_finite(value) or Decimal.adjusted(value) > sys.float_info.max_10_exp
    if type(value) in (list, tuple):
        return depth > 0 and bool(value) and all(is_no_number(x, depth - 1) for x in value)  # type: ignore[attr-defined]
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray | numpy.generic):
        return False
    kind = value.dtype.kind
    if kind in "mM":
        return bool(numpy.isnat(value).any())
    if kind not in "fc" or not value.size:
        return False
    return bool(numpy.isnan(value).any() or numpy.isinf(value).all())


def _refuse(value: object) -> NoReturn:
    raise proxies.refused(f"it gave {value!r}, of which the tests say nothing: comparisons with it do not fail")


def marked(value: Any, computed: bool = False) -> Any:
    """Wrap a non-finite number so that comparisons with it are noticed."""
    if isinstance(value, float):
        made: Any = Unbounded(value)
    elif isinstance(value, complex):
        made = UnboundedComplex(value)
    else:
        return value
    if math.isfinite(abs(value)):
        return value
    made.computed = computed
    return made


def _computing(kind: type, name: str) -> Callable[..., Any]:
    operation = getattr(kind, name)

    def method(self: Any, *others: Any) -> Any:
        return marked(operation(self, *others), computed=True)

    return method


def _as_it_was(kind: type, name: str) -> Callable[..., Any]:
    """For a unary operation, which creates no new non-finite number: results may be sorted by their negatives."""
    operation = getattr(kind, name)
    return lambda self: marked(operation(self), computed=self.computed)


def _ordering(name: str) -> Callable[..., Any]:
    operation = getattr(float, name)

    def method(self: Any, other: Any) -> Any:
        both = isinstance(other, Unbounded) and (self.computed or other.computed)
        if both or self != self or other != other:
            _refuse(self)
        return operation(self, other)

    return method


_ORDERINGS = {"less": "__lt__", "less_equal": "__le__", "greater": "__gt__", "greater_equal": "__ge__"}


def _by_numpy(_self: Any, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
    """The same for numpy functions of scalars: `np.abs(f(2) - 3) <= 1e-6 * np.maximum(1, np.abs(f(2)))`."""
    if method == "__call__" and ufunc.__name__ in _ORDERINGS:
        return _compare_by_order(ufunc, *inputs, **more)
    made = getattr(ufunc, method)(*map(_plainly, inputs), **more)
    return marked(made.item(), computed=True) if type(made).__name__ in ("float64", "complex128") else made


def _compare_by_order(ufunc: Any, left: Any, right: Any, **more: Any) -> Any:
    if isinstance(left, float) and isinstance(right, float):
        first, second = (side if isinstance(side, Unbounded) else marked(float(side)) for side in (left, right))
        return getattr(operator, _ORDERINGS[ufunc.__name__])(first, second)
    return ufunc(_plainly(left), _plainly(right), **more)


def _plainly(value: Any) -> Any:
    """The plain number, for numpy."""
    if isinstance(value, Unbounded):
        return float.__add__(value, 0.0)
    return complex.__add__(value, 0.0) if isinstance(value, UnboundedComplex) else value


def _asks_for_float(frame: FrameType) -> bool:
    """Whether a test calls `float`, directly or indirectly: the result would be an unmarked number."""
    return "float" in shapes.names_in(*context.running_calls(frame))


class Unbounded(float):
    """NaN or an infinity of the program. computed: a test has computed it from one."""

    computed = False
    __array_ufunc__ = _by_numpy

    def __float__(self) -> float:
        """Called by numpy when it creates an array, which cannot hold marked numbers."""
        if self != self or _asks_for_float(sys._getframe(1)):
            _refuse(self)
        return float.__add__(self, 0.0)


class UnboundedComplex(complex):
    """A complex number with a non-finite part."""

    computed = False
    __array_ufunc__ = _by_numpy


for _name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod"):
    for _prefix in ("__", "__r"):
        setattr(Unbounded, f"{_prefix}{_name}__", _computing(float, f"{_prefix}{_name}__"))
        if _name not in ("floordiv", "mod"):
            setattr(UnboundedComplex, f"{_prefix}{_name}__", _computing(complex, f"{_prefix}{_name}__"))
for _name in ("__neg__", "__pos__", "__abs__"):
    setattr(Unbounded, _name, _as_it_was(float, _name))
    setattr(UnboundedComplex, _name, _as_it_was(complex, _name))
Unbounded.__round__ = _computing(float, "__round__")  # type: ignore[method-assign]
for _name in wire.ORDERINGS:
    setattr(Unbounded, _name, _ordering(_name))
