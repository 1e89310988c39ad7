r"""Rewrite probabilities of named events in terms of single events and intersections.

`P(A|B)` is `P(A \cap B) / P(B)`, `P(A \cup B)` is `P(A) + P(B) - P(A \cap B)`, `P(A^c)` is `1 - P(A)`. Intersections
are unordered. A name on the left of an equation is unchanged.

Example:
    >>> of_events("P(B|A)"), of_events(r"P(A \cup B)"), of_events("P(A|B) = 0.5")
    ('\\frac{P(A,B)}{P(A)}', '(P(A)+P(B)-P(A,B))', 'P(A|B) = 0.5')
"""

from __future__ import annotations

import re

from rewards.math.late import late

_ONE = r"([A-Z])(?![a-zA-Z])"
_OF_TWO = late(rf"(?:\bP|\\Pr)\s*\(\s*{_ONE}\s*(\||\\mid|\\cap|\\cup)(?![a-z])\s*{_ONE}\s*\)")
_COMPLEMENT = late(
    r"(?:\bP|\\Pr)\s*\(\s*(?:([A-Z])\s*(?:'|\^\s*\{?\s*(?:c|C|\\complement|\\prime)\s*\}?)"
    r"|\\(?:overline|bar)\s*\{?\s*([A-Z])\s*\}?)\s*\)"
)


def of_events(text: str) -> str:
    """Rewrite the probabilities in the last member of an equation."""
    *names, last = text.split("=")
    if names and not last.strip().startswith(("P", "\\", "1", "(")):
        return text
    last = _COMPLEMENT.sub(lambda found: f"(1-P({found[1] or found[2]}))", _OF_TWO.sub(_of_two, last))
    return "=".join((*names, last))


def _of_two(found: re.Match[str]) -> str:
    one, sign, other = found.groups()
    if one == other:
        return found.group()
    both = f"P({','.join(sorted((one, other)))})"
    if sign == "\\cap":
        return both
    return f"(P({one})+P({other})-{both})" if sign == "\\cup" else rf"\frac{{{both}}}{{P({other})}}"
