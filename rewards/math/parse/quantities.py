r"""Left sides of equations that name a quantity: `P(X = 3)`, `[ABC]`, `\max f`, `\hat{x}`, `\text{area of } ABC`.

The answer is the other side; the name itself is not evaluated.

Example:
    >>> is_quantity("P(X = 3)"), is_quantity("2x + 1")
    (True, False)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rewards.math.expressions import Sym
from rewards.math.notation.tokens import Kind, NotMaths, Token
from rewards.math.parse.commands import Parser
from rewards.math.parse.cutting import closes
from rewards.math.parse.matrices import read_matrix

_LONGEST = 120
_N = r"(?:[a-zA-Z]|\\[a-z]+)(?:_\s*\{?\w+\}?)?"  # a plain name
_DENIES = re.compile(r"\b(?!(?-i:NO\b))(?:not|no|never|wrong|isn't)\b", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"""\[\s*(?:\\triangle\s*)?[A-Z](?:\s?[A-Z])*\s*\]                                        # an area
    | \\\|[^=|]*\\\| | \\lVert[^=]*\\rVert | \|(?=[^|]*[A-Zzw_\\])(?:[-+\sA-Za-z\\{{}}]|_\d)+\|    # a norm
    | [fghFGH]'*(?:\^\s*\{{?\s*-?\d\s*\}}?)?\s*\((?:[^()=]|\([^()=]*\))*\)                     # f(f(2))
    | \(\s*[a-zA-Z]\s*\\circ\s*[a-zA-Z]\s*\)\s*\([^()=]*\)
    | \\(?:phi|sigma|tau|mu|omega|Gamma|zeta|Phi|psi|lambda)\s*\([^()=]*\)
    | (?:P|\\Pr|\\mathbb\s*\{{?\s*[PEV]\s*\}}?|“\s*[A-Za-z][A-Za-z ]*”|\\mathcal\s*\{{[A-Z]\}})\s*[(\[].*[)\]]
    | “[^“”=]*[A-Za-z]{{2,}}[^“”=]*”[\sA-Za-z\\{{}}()_,|]* | “\s*[A-Z]\s*”
    | [a-zA-Z]\^\s*\{{?\s*(?:\*|\\star)\s*\}}? | [a-zA-Z]_\s*\{{[^{{}}=]*\}}
    | \\(?:hat|bar|tilde|widehat|widetilde|overline|vec|dot)\s*\{{?\s*[a-zA-Z]\s*\}}? | \\overline\s*\{{[a-z\s]+\}}
    | \\sigma\s*(?:_\s*\w\s*)?\^\s*\{{?\s*2\s*\}}?                                               # a variance
    | (?P<f>[a-zA-Z])\s*\(\s*-?\d+\s*\)(?:\s*+(?:(?:[-+/]|\\cdot)\s*+)?(?P=f)\s*\(\s*-?\d+\s*\))+  # p(1) + p(-1)
    | \\(?:max|min|sup|inf|deg|det|dim|arg|ker|Re|Im)\s*(?:_\s*\{{[^{{}}=]*\}}|_\w)?\s*
      (?:[a-zA-Z](?:\s*\([^()=]*\))?|\([^()=]*\))
    | \|\s*[A-Za-z]\s*\| | \#\s*[A-Z] | \\mathcal\s*\{{[A-Z]\}}
    | \\frac\s*\{{\s*(?:d|\\partial)[^{{}}]*\}}                                                 # a derivative
      \s*\{{\s*(?:d|\\partial)\s?[a-z](?:\s*\^\s*\{{?\d\}}?)?\s*\}}.{{0,20}}
    | d(?:\s*\^\s*\{{?\d\}}?)?\s?[a-zA-Z]\s*/\s*d\s?[a-z](?:\s*\^\s*\{{?\d\}}?)?
    | (?:[A-Z](?:_\s*\{{?\w\}}?)?\s*){{2,4}} | (?:m\s*)?\\angle\s*\{{?\s*\d{{1,2}}\s*\}}?
    | \(\s*{_N}(?:\s*,\s*{_N})+\s*\) | \\\{{\s*{_N}(?:\s*,\s*{_N})*\s*\\\}}
    """,
    re.VERBOSE,
)


def is_quantity(source: str) -> bool:
    """Whether a left side (normalised text) names a quantity."""
    return len(source) <= _LONGEST and _QUANTITY.fullmatch(source) is not None and not denies(source)


def denies(source: str) -> bool:
    """Whether a left side contains a denial: `not x`."""
    return _DENIES.search(source) is not None


def names_a_structure(left: Sequence[Token], last: Sequence[Token]) -> bool:
    r"""Whether the left side of an equation with a matrix or tuple is an expression of names: `A^T`, `\vec a - \vec b`.

    Not a multiple of one name, which would be an equation for it. A column of names counts as one name.
    """
    if last[0].text != "\\begin" and not (last[0].text in ("(", "\\langle") and closes(last)):
        return False
    if left[0].text == "\\begin":
        return _holds_names(left)
    letters = {token.text for token in left if token.kind is Kind.LETTER}
    if any(token.text in (",", "\\begin") for token in left):
        return False
    is_raised = left[0].kind is not Kind.NUMBER and any(token.text == "^" for token in left)
    return len(letters) > 1 or (bool(letters) and is_raised)


def _holds_names(matrix: Sequence[Token]) -> bool:
    try:
        cells = [cell for row in read_matrix(Parser(matrix, units=False))[1] for cell in row]
    except NotMaths:
        return False
    names = [cell.name for cell in cells if isinstance(cell, Sym)]
    return len(names) == len(cells) and names == sorted(set(names))
