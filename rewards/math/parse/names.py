r"""Commands that begin a factor, by which the grammar recognises implied multiplication; and names with bound indices.

The `a_k` of `\sum_{k=1}^{3} a_k` is a function of k. Its values at integers are the variables with these names:
`a_1 + a_2 + a_3`.

Example:
    >>> of_index(Sym("a_1+k"), "k").args[0] == add(number(1), Sym("k")), of_index(Sym("a_n"), "k")
    (True, Sym(name='a_n'))
"""

from __future__ import annotations

import re

from rewards.math.expressions import (
    FUNCTIONS,
    IMAGINARY_UNIT,
    INDEXED,
    INFINITY,
    PI,
    E,
    Expr,
    Op,
    Sym,
    add,
    multiply,
    number,
)

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega
Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar aleph
"""
_OTHERS = "cross frac sqrt cbrt binom log ln lg exp cis det int lim lfloor lceil overline bar begin"
ACCENTS = ("dot", "ddot", "hat", "tilde", "vec", "mathcal", "mathscr", "mathfrak")
FIGURES = ("angle", "triangle", "overrightarrow", "overleftrightarrow", "widehat")
GREEK = frozenset(_LETTERS.split())
CONSTANTS: dict[str, Expr] = {
    "\\top": Sym("T"),
    "\\pi": PI,
    "\\infty": INFINITY,
    "\\exponentialE": E,
    "\\imaginaryI": IMAGINARY_UNIT,
}
CALLS = {f"\\{name}": name for name in ("gcd", "lcm", "max", "min", "abs", "floor", "ceil")}
ONE_ARGUMENT = {"\\Re": "re", "\\Im": "im", "\\arg": "arg", "\\conj": "conj"}
LARGE = {"\\sum": "sum", "\\prod": "prod"}
UNIT_VECTORS = {"\\basisi": "basis 1", "\\basisj": "basis 2", "\\basisk": "basis 3"}

COMMANDS = frozenset(
    (
        *(f"\\{name}" for name in (*GREEK, *FUNCTIONS, *ACCENTS, *FIGURES, *_OTHERS.split())),
        *(*CONSTANTS, *CALLS, *ONE_ARGUMENT, *LARGE, *UNIT_VECTORS),
    )
)


# --- names with bound indices -----------------------------------------------------------------------------------------

_TERM = r"(?:\d{1,9}[a-z]?|[a-z])"
_SUM = re.compile(rf"[-+]?{_TERM}(?:[-+]{_TERM})*")
_TERMS = re.compile(r"([-+]?)(\d*)([a-z]?)")
_PAIR = re.compile(r"[a-z][a-z\d]")


def of_index(body: Expr, letter: str) -> Expr:
    """Replace names whose index contains the bound letter by functions of it."""
    if isinstance(body, Op):
        return Op(body.name, tuple(of_index(arg, letter) for arg in body.args))
    if not isinstance(body, Sym) or "_" not in body.name:
        return body
    name, _, index = body.name.partition("_")
    if _PAIR.fullmatch(index) and letter in index:
        return Op(f"{name}{INDEXED}", tuple(number(int(one)) if one.isdigit() else Sym(one) for one in index))
    if re.search(rf"(?<![a-zA-Z]){re.escape(letter)}(?![a-zA-Z])", index) is None:
        return body
    if _SUM.fullmatch(index) is None:
        return Op(f"{body.name}()", (Sym(letter),))
    terms = [match.groups() for match in _TERMS.finditer(index) if match.group()]
    return Op(f"{name}{INDEXED}", (add(*(_term(*term) for term in terms)),))


def _term(sign: str, digits: str, letter: str) -> Expr:
    factor = int(f"{sign}{digits or 1}")
    return number(factor) if not letter else Sym(letter) if factor == 1 else multiply(number(factor), Sym(letter))
