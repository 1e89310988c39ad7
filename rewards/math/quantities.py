r"""Left sides of equations that name a quantity: `P(X = 3)`, `[ABC]`, `\max f`, `\hat{x}`, `\text{area of } ABC`.

What such a name is said to be is the answer; nothing of it is computed.

Example:
    >>> is_quantity("P(X = 3)"), is_quantity("2x + 1")
    (True, False)
"""

from __future__ import annotations

import re

_LONGEST = 120
_N = r"(?:[a-zA-Z]|\\[a-z]+)(?:_\s*\{?\w+\}?)?"  # a plain name
_DENIES = re.compile(r"\b(?:not|no|never|wrong|isn't)\b", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"""\[\s*(?:\\triangle\s*)?[A-Z](?:\s?[A-Z])*\s*\]                                        # an area
    | \\\|[^=|]*\\\| | \\lVert[^=]*\\rVert | \|(?=[^|]*[A-Zzw_\\])(?:[-+\sA-Za-z\\{{}}]|_\d)+\|    # a norm
    | [fghFGH]'*(?:\^\s*\{{?\s*-?\d\s*\}}?)?\s*\((?:[^()=]|\([^()=]*\))*\)                     # f(f(2))
    | \(\s*[a-zA-Z]\s*\\circ\s*[a-zA-Z]\s*\)\s*\([^()=]*\)
    | \\(?:phi|sigma|tau|mu|omega|Gamma|zeta|Phi|psi|lambda)\s*\([^()=]*\)
    | (?:P|\\Pr|\\mathbb\s*\{{?\s*[PEV]\s*\}}?|“\s*[A-Za-z][A-Za-z ]*”|\\mathcal\s*\{{[A-Z]\}})\s*[(\[].*[)\]]
    | “[^“”=]*[A-Za-z]{{2,}}[^“”=]*”[\sA-Za-z\\{{}}()_,|]* | “\s*[A-Z]\s*”
    | [a-zA-Z]\^\s*\{{?\s*(?:\*|\\star)\s*\}}? | [a-zA-Z]_\s*\{{[^{{}}=]*\}}
    | \\(?:hat|bar|tilde|widehat|widetilde|overline|vec|dot)\s*\{{?\s*[a-zA-Z]\s*\}}?
    | \\(?:max|min|sup|inf|deg|det|dim|arg|ker)\s*(?:_\s*\{{[^{{}}=]*\}}|_\w)?\s*
      (?:[a-zA-Z](?:\s*\([^()=]*\))?|\([^()=]*\))
    | \|\s*[A-Za-z]\s*\| | \#\s*[A-Z] | \\mathcal\s*\{{[A-Z]\}}
    | \\frac\s*\{{\s*d[^{{}}]*\}}\s*\{{\s*d\s?[a-z]\s*\}}.{{0,20}}                              # a derivative
    | (?:[A-Z](?:_\s*\{{?\w\}}?)?\s*){{2,4}} | (?:m\s*)?\\angle\s*\{{?\s*\d{{1,2}}\s*\}}?
    | \(\s*{_N}(?:\s*,\s*{_N})+\s*\) | \\\{{\s*{_N}(?:\s*,\s*{_N})*\s*\\\}}
    """,
    re.VERBOSE,
)


def is_quantity(source: str) -> bool:
    """Whether a left side, as it is spelled, is the name of something."""
    return len(source) <= _LONGEST and _QUANTITY.fullmatch(source) is not None and not denies(source)


def denies(source: str) -> bool:
    """Whether a left side says that it is not so: `not x`."""
    return _DENIES.search(source) is not None
