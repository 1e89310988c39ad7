r"""Piecewise functions: values with conditions, in either order.

Example:
    >>> len(pieces(r"\begin{cases} x & x \ge 0 \\ -x & \text{otherwise} \end{cases}")[0].branches)
    2
"""

from __future__ import annotations

import re

from rewards.math.expressions import Sym
from rewards.math.notation.standard import key
from rewards.math.parse.left_sides import FUNCTION_NAME
from rewards.math.parse.structure import maths
from rewards.math.values import Inequality, Named, Pieces, Scalar, Value, Words

_BRANCHES = re.compile(r"\\\\(?:\[[^\]]*\])?")
_BLOCK = re.compile(r"([^=&]*=)?\s*\\begin\s*\{cases\}(.*)\\end\s*\{cases\}[\s.,]*", re.DOTALL)
_PUNCTUATION = re.compile(r"(?<!\d)[\s,.]|[\s,.](?!\d)|[“”]|(?<![a-z])if(?![a-z])|\b(?:for|is|when)\b")
_FILLING = re.compile(
    r"(?<![a-zA-Z\\])(?:if|for|when|where|is(?:\s+an?)?|number|integer|an?(?=\s+[a-z]{2}))(?![a-zA-Z])|[“”]"
)
_IN_LINE = re.compile(
    r"([^=<>]*),\s*([^,]*(?:[=<>]|\\[lg]e(?![a-z])|\\ne(?![a-z])|even|odd|otherwise)[^,]*),?\s*", re.DOTALL
)
_SAID_IF = re.compile(r"\s*(.+?)\s*(?:\b(?:if|when)\b(.+)|,?\s*\b(otherwise)\b)\s*", re.DOTALL)
_NEXT_ROW = re.compile(r"\s*(?:[,;]\s*(?:and\b)?|\band\b)(?=[^,;]*\b(?:if|when|otherwise)\b)")
_OTHERWISE = re.compile(r"\s*(?:otherwise|else|elsewhere|in all other cases)\s*")
_PARITY = re.compile(r"\s*([a-zA-Z])\s*(even|odd)\s*")
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "!=": "="}


def pieces(text: str) -> list[Value] | None:
    """Parse a piecewise function; as words if a piece cannot be parsed, None if the text is not one."""
    text = text.replace("\\begin {", "\\begin{").replace("\\end {", "\\end{")
    if "\\begin{cases}" not in text:
        return _in_a_sentence(text) if " if " in text or " when " in text else None
    block = _BLOCK.fullmatch(text)
    if block is not None and not block[1] and "&" not in text:  # a list
        block = None
    branches = [] if block is None else [_branch(row) for row in _BRANCHES.split(block[2]) if row.strip(" ,.")]
    read = [one for one in branches if one is not None]
    if block is None or len(read) != len(branches) or len(read) < 2:
        return [_in_words(text)]
    whole = Pieces(tuple(_with_the_rest(read)))
    name = (block[1] or "").rstrip("=").strip()
    if not name:
        return [whole]
    function = FUNCTION_NAME.fullmatch(name)
    return [Named(re.sub(r"[\s{}]", "", name), whole, None, (function[2].strip(),) if function else ())]


def _in_a_sentence(text: str) -> list[Value] | None:
    r"""`0 \text{ if } n \text{ is even, } 1 \text{ if } n \text{ is odd}`."""
    rows = [_SAID_IF.fullmatch(one) for one in _NEXT_ROW.split(re.sub("[“”]", " ", text).strip(" .,"))]
    branches = [_branch(f"{one[1]} & {one[2] or one[3]}") for one in rows if one is not None]
    known = [one for one in branches if one is not None and _is_condition(one[1])]
    return [Pieces(tuple(_with_the_rest(known)))] if len(known) == len(rows) > 1 else None


def _is_condition(value: Value) -> bool:
    if isinstance(value, Words):
        return value.text == "otherwise" or value.text.endswith((" even", " odd"))
    return isinstance(value, Inequality | Named)


def _in_words(text: str) -> Words:
    name, _, rows = _PUNCTUATION.sub("", text).partition("\\begin{cases}")
    branches = sorted(key(branch) for branch in _BRANCHES.split(rows.replace("\\end{cases}", "")) if branch.strip())
    return Words(" ".join((key(name), *branches)))


def _branch(row: str) -> tuple[Value, Value] | None:
    if "&" not in row and (line := _IN_LINE.fullmatch(row)) is not None:
        row = f"{line[1]} & {line[2]}"
    value, sign, condition = row.partition("&")
    said = _FILLING.sub(" ", condition.replace("&", " ")).strip(" ,.;:")
    found = maths(value.strip(" ,.;")) if sign and said else []
    return (found[0], _condition(said)) if found else None


def _condition(said: str) -> Value:
    if _OTHERWISE.fullmatch(said):
        return Words("otherwise")
    if (parity := _PARITY.fullmatch(said)) is not None:
        return Words(f"{parity[1]} {parity[2]}")
    found = maths(said)
    return found[0] if found else Words(key(said))


def _with_the_rest(branches: list[tuple[Value, Value]]) -> list[tuple[Value, Value]]:
    """With two pieces, replace "otherwise" by the complement of the other condition."""
    conditions = [condition for _value, condition in branches]
    if len(branches) != 2 or conditions.count(Words("otherwise")) != 1:
        return branches
    at = conditions.index(Words("otherwise"))
    rest = _opposite(conditions[1 - at])
    return branches if rest is None else [*branches[:at], (branches[at][0], rest), *branches[at + 1 :]]


def _opposite(condition: Value) -> Value | None:
    match condition:
        case Inequality(members=(left, right), relations=(relation,)) if relation in _OPPOSITE:
            if relation == "!=":
                return Named(left.name, Scalar(right), left) if isinstance(left, Sym) else None
            return Inequality((left, right), (_OPPOSITE[relation],))
        case Named(value=Scalar() as value, expression=Sym() as name):
            return Inequality((name, value.expression), ("!=",))
        case Words(text=text) if text.endswith(("even", "odd")):
            return Words(text.replace("even", "odd") if text.endswith("even") else text.replace("odd", "even"))
    return None
