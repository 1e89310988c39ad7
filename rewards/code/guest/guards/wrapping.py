"""In the checker: numpy integers that overflow to what a test expects, and complex numbers in ordering comparisons.

numpy integers have a fixed size: the square of 3037001500 is negative in 64 bits, so `(fit(x) - want) ** 2 < 1e-6`
holds for it, whatever `want` is. Results that a test computes from large integers are compared here with the exact
ones, and fail if they have wrapped around. Unsigned integers are exempt, since hashes overflow on purpose. numpy orders
complex numbers by their real parts first, so `(fit(x) - want) ** 2 < 1e-6` holds for 1e5j. Python's complex numbers
raise in that case, and so does an ordering comparison with a real number here. If the tests neither speak of complex
numbers nor take absolute values, a call that returns one fails: in a list, it would meet numpy's numbers unseen.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from ..proxies import proxies

_MULTIPLY = re.compile(rb"\*|@|square|pow|dot\b|prod|einsum|inner|norm")
_SPEAKS_OF_COMPLEX = re.compile(
    rb"complex|cmath|\d\.?j\b|imag|conj|fft|fourier|eig|root|abs|norm|phase|angle|polar|\breal\b", re.IGNORECASE
)
_ORDERS = re.compile(rb"(?<![->])[<>](?![<>])|less|greater", re.IGNORECASE)
_ASKS_FOR_TYPE = re.compile(rb"(?:==|!=|\bis|\bnot)\s*(?:np|numpy)\.ndarray")
_CHECKED = frozenset(("add", "subtract", "multiply", "power", "square", "negative", "absolute", "matmul", "vecdot"))
_ORDERINGS = frozenset(("less", "less_equal", "greater", "greater_equal"))
_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "pow": "power",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "matmul": "matmul",
}
_COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}

_multiply = _only_real = False


def guard(tests: bytes) -> None:
    """Record whether the tests multiply: no other operation can wrap around to a small, unpredictable number."""
    global _multiply, _only_real
    multiplies = _MULTIPLY.search(tests) is not None
    _multiply = multiplies and _ASKS_FOR_TYPE.search(tests) is None
    orders = multiplies and b"numpy" in tests and _ORDERS.search(tests) is not None
    _only_real = orders and _SPEAKS_OF_COMPLEX.search(tests) is None


def is_out_of_order(value: Any, depth: int = 4) -> bool:
    """Whether a value is or contains a complex number that the tests may compare by order without noticing."""
    if not _only_real:
        return False
    if type(value) in (list, tuple):
        return depth > 0 and any(is_out_of_order(item, depth - 1) for item in value)
    if isinstance(value, complex):
        return value.imag != 0
    return getattr(getattr(value, "dtype", None), "kind", "") == "c" and bool((value.imag != 0).any())


def given(value: Any) -> Any:
    """Wrap a numpy array or scalar from the program so that results computed from it are checked."""
    if not _may_mislead(value):
        return value
    if isinstance(value, _numpy().ndarray):
        return value.view(_kinds().given)
    return _scalar_kind(value.__class__)(value)


def made(array: Any) -> Any:
    """Wrap an array that a test has created: it may contain numbers of the program, or meet them in a list."""
    if array.dtype.kind == "c":
        return given(array)
    return array.view(_kinds().watching) if _multiply and array.dtype.kind == "i" else array


def _may_mislead(value: Any) -> bool:
    if value.dtype.kind == "c":
        return bool((value.imag != 0).any())
    if value.dtype.kind != "i" or not _multiply or not value.size:
        return False
    most = float(_numpy().iinfo(value.dtype).max)
    return max(abs(int(value.max())), abs(int(value.min()))) ** 4 * float(value.size) > most


class _Kinds:
    """Checking subclasses of numpy's. watching: for arrays of the tests. given: for the program's arrays."""

    def __init__(self, watching: Any, given: Any) -> None:
        self.watching, self.given = watching, given


@functools.cache
def _numpy() -> Any:
    import numpy

    return numpy


@functools.cache
def _kinds() -> _Kinds:
    import numpy

    class Watching(numpy.ndarray):
        __array_ufunc__ = _compute

        def __repr__(self) -> str:
            return repr(self.view(numpy.ndarray))

        def __reduce__(self) -> Any:
            return self.view(numpy.ndarray).__reduce__()

        def mean(self, *args: Any, **kwargs: Any) -> Any:
            return _mean(self, *args, **kwargs)

        def dot(self, other: Any, *args: Any) -> Any:
            return numpy.matmul(self, other) if self.ndim == 1 == numpy.ndim(other) else super().dot(other, *args)

        def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
            if function in (numpy.dot, numpy.inner, numpy.vdot) and all(numpy.ndim(a) == 1 for a in args):
                return numpy.matmul(*args)
            return super().__array_function__(function, types, args, kwargs)

    class Given(Watching):
        def __getitem__(self, index: Any) -> Any:
            item = super().__getitem__(index)
            return _watched(item) if isinstance(item, numpy.generic) else item

        def __iter__(self) -> Any:
            return map(self.__getitem__, range(len(self)))

    for kind in (Watching, Given):
        kind.__name__ = kind.__qualname__ = "ndarray"
        kind.__module__ = "numpy"
    return _Kinds(Watching, Given)


@functools.cache
def _scalar_kind(kind: type) -> Any:
    """A checking subclass of one of numpy's types of scalars."""
    methods: dict[str, Any] = {"__array_ufunc__": _compute, "__module__": "numpy", "mean": _mean}
    for name, ufunc in _OPERATORS.items():
        methods |= {f"__{name}__": _forward(ufunc), f"__r{name}__": _backward(ufunc)}
    methods |= {f"__{name}__": _forward(ufunc) for name, ufunc in _COMPARISONS.items()}
    methods["__repr__"] = lambda self: repr(_plainly(self))
    methods["__neg__"] = lambda self: _numpy().negative(self)
    methods["__abs__"] = lambda self: _numpy().absolute(self)
    methods["__reduce__"] = lambda self: _plainly(self).__reduce__()
    return type(kind.__name__, (kind,), methods)


def _forward(name: str) -> Any:
    ufunc = getattr(_numpy(), name)
    return lambda self, other: ufunc(self, other)


def _backward(name: str) -> Any:
    ufunc = getattr(_numpy(), name)
    return lambda self, other: ufunc(other, self)


def _compute(_self: Any, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
    """`__array_ufunc__` of both kinds: compute on plain arrays, check the result, wrap it again."""
    numpy = _numpy()
    plain = [_plainly(value) for value in inputs]
    if ufunc.__name__ in _ORDERINGS and method == "__call__" and len(set(map(numpy.iscomplexobj, plain))) == 2:
        raise proxies.refused("it gave a complex number where the test compares by order")
    if out := more.get("out"):
        more["out"] = tuple(map(_plainly, out))
    with numpy.errstate(over="ignore"):
        result = getattr(ufunc, method)(*plain, **more)
    if ufunc.__name__ in _CHECKED and getattr(getattr(result, "dtype", None), "kind", "") == "i":
        _check_exact(ufunc, method, plain, more, result)
    watches = any(isinstance(value, _kinds().given | numpy.generic) for value in inputs)
    return _wrapped(result, watches=watches)


def _mean(self: Any, *args: Any, **kwargs: Any) -> Any:
    found = _numpy().asarray(_plainly(self)).mean(*args, **kwargs)
    return _watched(found) if hasattr(found, "dtype") else found


def _plainly(value: Any) -> Any:
    numpy = _numpy()
    if isinstance(value, _kinds().watching):
        return value.view(numpy.ndarray)
    return value.astype(value.dtype) if isinstance(value, numpy.generic) else value


def _wrapped(result: Any, *, watches: bool) -> Any:
    numpy = _numpy()
    if isinstance(result, numpy.ndarray) and result.ndim and result.dtype.kind in "ic":
        return result.view(_kinds().given if watches else _kinds().watching)
    return _watched(result) if isinstance(result, numpy.generic) else result


def _watched(result: Any) -> Any:
    """A number that was computed from a complex one stays complex if its imaginary part is 0: the square of 2j is."""
    return _scalar_kind(result.__class__)(result) if result.dtype.kind == "c" and not result.ndim else given(result)


def _check_exact(ufunc: Any, method: str, plain: list[Any], more: dict[str, Any], result: Any) -> None:
    """Refuse a result that differs from the one in floating point by as much as wrapping around makes it."""
    numpy = _numpy()
    options = {name: value for name, value in more.items() if name not in ("out", "dtype", "casting")}
    floats = [
        value if index and method != "__call__" else numpy.asarray(value, dtype=float)
        for index, value in enumerate(plain)
    ]
    with numpy.errstate(all="ignore"):
        should = getattr(ufunc, method)(*floats, **options)
        wraps = numpy.abs(numpy.asarray(result, dtype=float) - should) > 2.0 ** (8 * result.dtype.itemsize - 2)
    if numpy.any(wraps):
        raise proxies.refused("it gave an integer so large that what is computed from it comes around")
