"""Commands that begin a factor, by which the grammar recognises implied multiplication."""

from __future__ import annotations

from rewards.math.expressions import FUNCTIONS, IMAGINARY_UNIT, INFINITY, PI, E, Expr, Sym

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
