r"""math-verify behind the fast path: LaTeX into sympy, and sympy's equality. The only file that imports them.

It is slow (milliseconds to for ever) and its input is a model's: it runs in a worker, inside the deadline by which the
worker is killed, and without timeouts of its own (those of math-verify are signals, which hold in the main thread only
and break nothing that is written in C). The text is parsed by a grammar; nothing is evaluated as code. What could only
hang is refused before: long or deep text, and powers, factorials and expansions that grow too large (`bounds`).
"""

from __future__ import annotations

import functools
import logging
import re
from fractions import Fraction
from typing import Any, TypeAlias

from rewards.clock import off_the_clock
from rewards.math.bounds import too_large

# sympy's values have no types that a strict checker could use.
Expression: TypeAlias = Any

_LONGEST = 500
_DEEPEST = 30
_SIDE_BY_SIDE = re.compile(r"(?<![_\d])\d+\s+\d")
_BASE = re.compile(r"\d\s*_")
_BIG_NUMBER = re.compile(r"\d{300,}")


@functools.cache
def _engine() -> tuple[Any, Any, Any, Any]:
    """math-verify and the parser below it, loaded on first use."""
    with off_the_clock():
        from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex
        from math_verify import verify
        from math_verify.grader import should_treat_as_complex

        logging.getLogger("math_verify").setLevel(logging.CRITICAL)
        logging.getLogger("latex2sympy2_extended").setLevel(logging.CRITICAL)
        config = NormalizationConfig(basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none")

        def spell(text: str) -> str:
            return str(normalize_latex(text, config=config))

        return latex2sympy, spell, should_treat_as_complex, verify


def refused(text: str) -> str:
    """Why a text is not given to sympy; empty = it is."""
    if len(text) > _LONGEST:
        return f"it has {len(text)} characters"
    depth = deepest = 0
    for character in text:
        depth += (character in "({[") - (character in ")}]")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return f"it is nested {deepest} deep"
    for pattern, what in (
        (_BIG_NUMBER, "a number of hundreds of digits"),
        (_SIDE_BY_SIDE, "two numbers side by side"),
        (_BASE, "a number to a base, which the grammar would drop"),
    ):
        if pattern.search(text):
            return f"it has {what}"
    return "computing it would take for ever" if too_large(text) else ""


@functools.lru_cache(maxsize=512)
def read(text: str) -> Expression | None:
    """A normalised text as a sympy expression, or None where the grammar does not take it."""
    if refused(text):
        return None
    latex2sympy, spell, is_complex, _verify = _engine()
    try:
        return latex2sympy(spell(text), is_real=not is_complex(text), convert_degrees=False, normalization_config=None)
    except MemoryError:
        raise
    except (Exception, RecursionError):  # the parser raises bare Exception for a syntax error
        return None


def same(gold: Expression, answer: Expression) -> bool:
    """Whether math-verify takes the two for equal."""
    verify = _engine()[3]
    return bool(verify([gold], [answer], timeout_seconds=None))


def rounds_to(exact: Expression, rounded: Fraction, decimals: int) -> bool:
    """Whether a real number, correctly rounded to so many decimals, is the one given."""
    try:
        value = exact.evalf(decimals + 20)
        if not value.is_Float:
            return False
        tolerance = Fraction(1, 2 * 10**decimals)
        return bool(abs(Fraction(str(value)) - rounded) <= tolerance)
    except MemoryError:
        raise
    except Exception:  # sympy raises what it likes for what it cannot evaluate
        return False
