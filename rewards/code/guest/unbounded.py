"""In the checker: numbers of the program that are no finite ones, and that no test speaks of.

NaN is neither above nor below a limit, so `not abs(f(2) - 3) > 1e-6` holds for it. What is computed from infinity is
NaN or infinite, so `abs(f(2) - 3) <= 1e-6 * max(1, abs(f(2)))` holds for that. So where the tests name neither, a call
that gives NaN fails; a number within what the program gives computes and shows as it is, but a comparison by order
fails where a side is NaN, or where both are infinite and one is computed.
"""

from __future__ import annotations

import functools
import math
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from . import context, proxies

_NAMES = re.compile(
    r"(?<![a-z])(?:is|all)?(?:nan(?:mean|max|min|sum|std|var|median)?|inf(?:s|inity|inite)?|finite|nat)(?![a-z])",
    re.IGNORECASE,
)


def are_named() -> bool:
    """Whether the tests speak of NaN or infinity: then they know what they compare."""
    return _speak_of_them(tuple(context.SOURCES.values()))


@functools.cache
def _speak_of_them(sources: tuple[str, ...]) -> bool:
    return any(_NAMES.search(source) for source in sources)


def is_no_number(value: object, depth: int = 4) -> bool:
    """Whether it is NaN, or NaNs and nothing else. In an array one is enough, since it is compared as a whole."""
    if isinstance(value, float | complex):
        return value != value
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
    proxies.the_link().refuse(f"it gave {value!r}, of which the tests say nothing: comparisons with it do not fail")
    raise proxies.Refused(f"a comparison with {value!r}")


def marked(value: Any, computed: bool = False) -> Any:
    """A number that is not finite as one that tells what it is compared with."""
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
    """Of a number alone it makes no other one: results are sorted by their negatives."""
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


class Unbounded(float):
    """NaN or an infinity of the program. computed: a test has computed it from one."""

    computed = False

    def __float__(self) -> float:
        """What numpy asks for when it makes an array, which knows no difference between numbers."""
        if self != self:
            _refuse(self)
        return float.__add__(self, 0.0)


class UnboundedComplex(complex):
    """A complex number with such a part."""

    computed = False


for _name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod"):
    for _prefix in ("__", "__r"):
        setattr(Unbounded, f"{_prefix}{_name}__", _computing(float, f"{_prefix}{_name}__"))
        if _name not in ("floordiv", "mod"):
            setattr(UnboundedComplex, f"{_prefix}{_name}__", _computing(complex, f"{_prefix}{_name}__"))
for _name in ("__neg__", "__pos__", "__abs__"):
    setattr(Unbounded, _name, _as_it_was(float, _name))
    setattr(UnboundedComplex, _name, _as_it_was(complex, _name))
Unbounded.__round__ = _computing(float, "__round__")  # type: ignore[method-assign]
for _name in ("__lt__", "__le__", "__gt__", "__ge__"):
    setattr(Unbounded, _name, _ordering(_name))
