r"""The sympy process, which `rewards.math.equal.engine` asks for proofs. The only file that imports sympy.

    python -P -m rewards.math.equal.symbolic

Expressions are built node by node; sympy never parses text. Questions arrive as JSON lines on standard input, `{"ask":
name, "arguments": [...]}`; answers are `{"answer": ..., "last": false}`. The first line out says that sympy is loaded.
The kernel limits CPU time per question, and memory beyond what loading took. A process that has used much of its memory
answers with `"last": true`, and is replaced.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from rewards.json_lines import EXIT_MEMORY, line
from rewards.math.equal.transfer import Plain, from_plain, intervals_to_plain
from rewards.math.expressions import FUNCTIONS, INFINITY, MINUS_INFINITY, PI, Const, Expr, Num, Op, Sym
from rewards.math.values import Interval

_CPU_SECONDS = 3  # per question; the kernel counts whole seconds
_MEMORY_BYTES = 48 << 20  # beyond what loading takes
_MOST_NODES = 400
_LARGEST = 3000  # arguments of factorials and binomials, and number of factors of a product


class NotBuilt(Exception):
    """The expression has no counterpart in sympy, or is too large."""


@functools.cache
def _sympy() -> Any:
    import sympy

    return sympy


def built(expression: Expr) -> Any:
    """Convert an expression to sympy, with real variables. Raises NotBuilt."""
    try:
        return _built(expression)
    except NotBuilt:
        raise
    except (ArithmeticError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotBuilt(f"sympy does not take it: {type(error).__name__}") from None


def _built(expression: Expr) -> Any:
    s = _sympy()
    if isinstance(expression, Num):
        return s.Rational(expression.value.numerator, expression.value.denominator)
    if isinstance(expression, Const):
        return {"pi": s.pi, "e": s.E, "i": s.I, "oo": s.oo}[expression.name]
    if isinstance(expression, Sym):
        return s.Symbol(expression.name, real=True)
    name, args = expression.name, expression.args
    if name in ("sum", "prod", "int", "lim", "diff"):
        return _binding(name, [_built(arg) for arg in args])
    values = [_built(arg) for arg in args]
    if name == "+":
        return s.Add(*values)
    if name == "*":
        return s.Mul(*values)
    if name == "^":
        exponent = values[1]
        if exponent.is_number and not exponent.has(s.Symbol) and abs(s.N(exponent, 5)) > 10_000:
            raise NotBuilt("a large power")
        return s.Pow(values[0], exponent)
    if name == "root":
        return s.real_root(values[0], values[1]) if int(values[1]) % 2 else s.root(values[0], values[1])
    if name in FUNCTIONS:
        return getattr(s, name)(values[0])
    if name.endswith("()"):
        return s.Function(name[:-2])(*values)
    maker = _makers().get(name)
    if maker is None:
        raise NotBuilt(f"nothing for {name}")
    return maker(*values)


@functools.cache
def _makers() -> dict[str, Any]:
    s = _sympy()
    return {
        "abs": s.Abs,
        "floor": s.floor,
        "ceil": s.ceiling,
        "!": lambda value: s.factorial(_small(value)),
        "!!": lambda value: s.factorial2(_small(value)),
        "binom": lambda n, k: s.binomial(_small(n), _small(k)),
        "gcd": lambda *several: _of_whole_numbers("gcd", several),
        "lcm": lambda *several: _of_whole_numbers("lcm", several),
        "max": lambda *several: _extreme(several, 1),
        "min": lambda *several: _extreme(several, -1),
        "mod": s.Mod,
        "ln": s.log,
        "log": lambda value, base: s.log(value) / s.log(base),
        "deg": lambda value: value * s.pi / 180,
        "re": s.re,
        "im": s.im,
        "conj": s.conjugate,
        "arg": s.arg,
        "det": lambda *cells: _square(cells).det(),
    }


def _of_whole_numbers(name: str, several: tuple[Any, ...]) -> Any:
    """For unknown arguments, an uninterpreted function with unordered arguments, since sympy treats them as
    polynomials.
    """
    s = _sympy()
    if any(value.free_symbols for value in several):
        return s.Function(name)(*sorted(several, key=s.default_sort_key))
    return functools.reduce(getattr(s, name), several)


def _extreme(several: tuple[Any, ...], sign: int) -> Any:
    """Maximum or minimum; of two variable terms as (sum ± distance) / 2, which sympy can simplify."""
    s = _sympy()
    if len(several) == 2 and any(value.free_symbols for value in several):
        return (several[0] + several[1] + sign * s.Abs(several[0] - several[1])) / 2
    return (s.Max if sign > 0 else s.Min)(*several)


def _small(value: Any) -> Any:
    """Check that a number is small enough to compute with. Raises NotBuilt."""
    if value.is_number and not abs(value) <= _LARGEST:
        raise NotBuilt("a large number")
    return value


def _square(cells: tuple[Any, ...]) -> Any:
    size = int(len(cells) ** 0.5)
    return _sympy().Matrix(size, size, list(cells))


def _binding(name: str, values: list[Any]) -> Any:
    s = _sympy()
    if name == "lim":
        return s.limit(*values[:3], dir="-" if len(values) > 3 and values[3] < 0 else "+")
    if name == "diff":
        return s.diff(*values)
    if name == "int":
        return s.integrate(values[0], tuple(values[1:]) if len(values) == 4 else values[1])
    if name == "sum":
        body, variable, low, high = values
        if (high - low).is_finite and not body.is_polynomial(variable):
            _small(high - low)  # only sums of polynomials have closed forms for many terms
        return s.summation(body, (variable, low, high))
    body, variable, low, high = values
    if high != s.oo:
        _small(high - low)
        return s.product(body, (variable, low, high))
    last = s.Symbol("last", integer=True, positive=True)
    return _limit_of_product(s.product(body, (variable, low, last)), last)


def _limit_of_product(product: Any, last: Any) -> Any:
    """Cancel factorials before taking the limit, which would take seconds otherwise."""
    s = _sympy()
    try:
        return s.limit(s.combsimp(product), last, s.oo)
    except (TypeError, ValueError, NotImplementedError):  # mostly comparisons of complex numbers
        return s.limit(product, last, s.oo)


def equal(a: Expr, b: Expr) -> bool | None:
    """Whether sympy proves them equal (True) or different (False); None: it cannot tell."""
    s = _sympy()
    try:
        ours, theirs = built(a), built(b)
        if ours == theirs:
            return True
        difference = ours - theirs
        if difference == 0:
            return True
        if not difference.is_finite and difference.is_number:
            return False
        if s.count_ops(difference) > _MOST_NODES:
            return None
        if difference.is_number:
            return _is_zero_number(difference)
        for attempt in (
            s.expand,
            _square_roots,
            s.simplify,
            lambda d: s.simplify(s.expand(d.rewrite(s.exp), complex=True)),
        ):
            if attempt(difference) == 0:
                return True
        return None
    except NotBuilt:
        return None
    except MemoryError:
        raise
    except Exception:  # sympy raises what it likes for what it cannot do
        return None


def _square_roots(value: Any) -> Any:
    """Factor the radicands of square roots: `sqrt(x^2 - 2x + 1)` is `|x - 1|`."""
    s = _sympy()

    def factored(power: Any) -> Any:
        return s.Pow(s.factor(power.base), power.exp)

    return s.expand(value.replace(lambda one: one.is_Pow and one.exp == s.Rational(1, 2), factored))


def _is_zero_number(difference: Any) -> bool | None:
    s = _sympy()
    if difference.is_zero:
        return True
    for attempt in (s.radsimp, s.sqrtdenest, s.simplify):
        if attempt(difference) == 0:
            return True
    if difference.is_algebraic:
        polynomial = s.minimal_polynomial(difference, s.Symbol("x"))
        return bool(polynomial == s.Symbol("x"))
    return None


def constant_ratio(a: Expr, b: Expr) -> bool | None:
    """Whether a / b is a number other than zero; of polynomials, factors that repeat count once."""
    s = _sympy()
    try:
        ratio = s.cancel(_squarefree(built(a)) / _squarefree(built(b)))
    except NotBuilt:
        return None
    except MemoryError:
        raise
    except Exception:  # sympy raises what it likes for what it cannot do
        return None
    # `f(2)` has no symbol, but is not a number
    return bool(ratio.is_number and ratio.is_finite is not False and ratio != 0)


def _squarefree(value: Any) -> Any:
    s = _sympy()
    return s.sqf_part(value) if value.free_symbols and value.is_polynomial(*value.free_symbols) else value


def solve_inequality(left: Expr, relation: str, right: Expr, name: str) -> list[Interval] | None:
    """The real numbers for which an inequality in one variable holds; None where sympy cannot tell."""
    s = _sympy()
    kinds = {"<": s.StrictLessThan, "<=": s.LessThan, ">": s.StrictGreaterThan, ">=": s.GreaterThan, "!=": s.Ne}
    try:
        symbol = s.Symbol(name, real=True)
        found = s.solve_univariate_inequality(kinds[relation](built(left), built(right)), symbol, relational=False)
        return _intervals(found)
    except NotBuilt:
        return None
    except MemoryError:
        raise
    except Exception:  # sympy raises what it likes for what it cannot do
        return None


def _intervals(found: Any) -> list[Interval] | None:
    s = _sympy()
    if found is s.S.EmptySet:
        return []
    if isinstance(found, s.Union):
        parts = [_intervals(one) for one in found.args]
        return None if None in parts else [part for one in parts if one is not None for part in one]
    if isinstance(found, s.Interval):
        ends = _unbuilt(found.start), _unbuilt(found.end)
        if None in ends or ends[0] is None or ends[1] is None:
            return None
        return [Interval(ends[0], ends[1], not found.left_open, not found.right_open)]
    if isinstance(found, s.FiniteSet):
        points = [_unbuilt(one) for one in found.args]
        return None if None in points else [Interval(one, one, True, True) for one in points if one is not None]
    return None


def _unbuilt(value: Any) -> Expr | None:
    """Convert a sympy number back: rationals, infinity, and their sums, products and powers; None for others."""
    s = _sympy()
    if value.is_Rational:
        return Num(Fraction(int(value.p), int(value.q)))
    if value == s.oo:
        return INFINITY
    if value == -s.oo:
        return MINUS_INFINITY
    if value == s.pi:
        return PI
    if value.is_Add or value.is_Mul or value.is_Pow:
        args = [_unbuilt(arg) for arg in value.args]
        if None in args:
            return None
        return Op("+" if value.is_Add else "*" if value.is_Mul else "^", tuple(arg for arg in args if arg is not None))
    return None


# --- the process ------------------------------------------------------------------------------------------------------


def _solved(left: Plain, relation: str, right: Plain, name: str) -> Any:
    found = solve_inequality(from_plain(left), relation, from_plain(right), name)
    return None if found is None else intervals_to_plain(found)


_ASKED: dict[str, Callable[..., Any]] = {
    "equal": lambda a, b: equal(from_plain(a), from_plain(b)),
    "constant_ratio": lambda a, b: constant_ratio(from_plain(a), from_plain(b)),
    "solve_inequality": _solved,
}


def _private_bytes() -> int:
    """The private writable memory of this process in bytes; 0 if unknown."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _bound(kind: int, soft: int) -> None:
    hard = resource.getrlimit(kind)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def main() -> None:
    """Answer questions until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the asking process ends this one
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # looking for garbage, of which there is none yet, takes a seventh of loading
    _sympy().simplify(_sympy().Symbol("x", real=True))
    gc.freeze()
    gc.enable()
    loaded = _private_bytes()
    if loaded:
        _bound(resource.RLIMIT_DATA, loaded + _MEMORY_BYTES)
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # sympy's output must not mix with answers
    output.write(line({"answer": None, "last": False}))
    for received in sys.stdin.buffer:
        _bound(resource.RLIMIT_CPU, math.ceil(time.process_time()) + _CPU_SECONDS)
        question = json.loads(received)
        try:
            answer = _ASKED[question["ask"]](*question["arguments"])
        except MemoryError:
            os._exit(EXIT_MEMORY)
        except RecursionError:
            answer = None
        output.write(line({"answer": answer, "last": _private_bytes() > loaded + _MEMORY_BYTES // 2}))


if __name__ == "__main__":
    main()
