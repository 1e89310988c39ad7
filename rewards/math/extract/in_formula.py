r"""Boxes that are an operand of a formula: `2 \cdot \boxed{24}`, `\boxed{24}x`, `\frac{1}{\boxed{24}}`, `1\boxed{8}`.

Such a box stands for the value of the formula. Not so if it fills a gap in an equation (`3 + \boxed{5} = 8`,
`22 = 11 \cdot \boxed{2}`). Two operands may also be what is asked for, and give a second reading: a coefficient of a
power that the lines before have, too (`3x^2 + 4x^2 = \boxed{7}x^2`), and a bound that is said to be reached.

Several boxes may fill the blanks of one formula: `\frac{\boxed{7}}{\boxed{8}}`, `\boxed{3}x + \boxed{4}`. They are
no list: the formula around them is the answer. Boxes with nothing but separators or labels between them are a list
(`rewards.math.extract.boxes`), and so are the sides of an equation.

Example:
    >>> around("24", r"It is $2 \cdot ", "$."), around("24", "$", r" + 1$.")
    (('2 \\cdot (24)', None), ('(24) + 1', None))
    >>> around("5", "$3 + ", " = 8$"), around("24", r"$x = 4 \cdot 6 = ", "$")
    (None, None)
    >>> around("7", "$3x^2 + 4x^2 = ", "x^2$"), around("8", "$x = ", "y$")
    (('(7) x^2', '7'), ('(8) y', None))
    >>> text = r"It is $x = \frac{\boxed{7}}{\boxed{8}}$."
    >>> filled(text, [Part(17, "7", 26), Part(28, "8", 37)])
    '\\frac{7}{8}'
    >>> filled(r"$\boxed{7}, \boxed{8}$", [Part(1, "7", 10), Part(12, "8", 21)]) is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rewards.math.late import late
from rewards.math.units import read_unit

_OPERATOR = r"(?:[+*/±×÷-]|−|\\(?:cdot|times|pm|mp|div)(?![a-zA-Z]))"
_FUNCTION = r"\\(?:log|ln|lg|exp|(?:arc)?(?:sin|cos|tan)|cot|sec|csc|gcd|max|min|[lr](?:floor|ceil))(?![a-zA-Z])"
_ATOM = (
    r"(?:[\d()\[\]{}^!|\s]|\.(?=\d)|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])|\\(?:[dt]?frac|sqrt|pi|left|right)(?![a-zA-Z])"
    rf"|{_FUNCTION})"
)
_GROUP = r"\(\s*-?[\d.]+(?:\s*,\s*-?[\d.]+)+\s*\)"  # `+ (1, 1)`
_ENDS = r"\s*[.,;]?\s*(?:\$|\\\)|\\\]|\Z)"
_LEAD = late(  # from the beginning of the formula on, or behind the name that it is the value of
    rf"(?:\$|\\\(|\\\[)\s*(?:[a-zA-Z]\s*=\s*)?(?P<lead>(?:{_ATOM}|{_OPERATOR})*?"
    rf"(?:[\w)}}]\s*(?:{_OPERATOR}|\^\s*\{{?)|{_FUNCTION}\s*[({{|]?|(?<![\d.])\d+(?:\.\d+)?|(?<![a-zA-Z\\])[a-zA-Z\d]\s*\(|\|))\s*\Z"
)
_TAIL = late(
    rf"\s*(?P<tail>(?:\\(?:sqrt|pi)(?![a-zA-Z])(?:{_ATOM})*)?{_OPERATOR}(?:{_ATOM}|{_OPERATOR}|{_GROUP})*(?<=[\w)}}!|])|\.\d+)(?:{_ENDS}|\s*\n)"
    r"|(?P<factorial>!)(?=\s*\$|\\[)\]])"
)
_PRICE = late(r"\s*[\d.]+\s*")
_CLOSED = late(rf"\s*(?P<rest>(?:{_ATOM}|{_OPERATOR})*?){_ENDS}")
_INSIDE = late(r"\\(?:[dt]?(?:frac|binom)\s*\{(?:[^{}$\n]{0,40}\}\s*\{)?|sqrt\s*(?:\[\d{1,2}\]\s*)?\{)\s*\Z")
_REST = late(r"\s*\}(?:\s*\{[^{}$\n]{1,40}\})?")
_COMPARED = late(
    rf"(?P<relation>\s*(?:[<>≤≥≠]|\\(?:[lg](?:eq?|t)?|neq?|[lg]eqslant|mid)(?![a-zA-Z]))\s*)(?:(?P<name>[a-zA-Z]){_ENDS}|\\f?boxed"
    r"|[a-zA-Z]\s*(?:[<>≤≥]|\\[lg](?:eq?|t)?(?![a-zA-Z])))"
)
_IN_A_SET = r"(?:\\(?:cup|cap|setminus|notin)(?![a-zA-Z])|[∪∩∖∉])"
_SET_BEFORE = late(rf"(?:{_IN_A_SET}|\\(?:overline|bar)\s*\{{|\\int(?![a-zA-Z])[^$=\n]{{0,20}})\s*\Z")
_SET_BEHIND = late(rf"\s*(?:{_IN_A_SET}|\^\s*\{{?\s*[cC](?![a-zA-Z]))")
_NAMED = late(r"=\s*\Z")
_EQUAL_BEHIND = late(r"\s*=\s*(?P<other>\d+)\s*(?:\$+|\\\)|\\\])?[.\s]*\Z")
_EQUAL_BEFORE = late(r"(?:=|\$|\\\(|\\\[|\n)\s*(?P<other>\d+)\s*=\s*\Z")
_POWER = r"\^\s*(?:\d|\{\s*\d+\s*\})"
_UNKNOWNS = late(  # `x^2y` to the end of a formula; in prose only what no unit is called: `\boxed{8}x`
    rf"(?:\\[,;! ]|\s)*(?P<formula>(?:[a-zA-Z]{_POWER})+|(?:[a-zA-Z]{_POWER})*[a-zA-Z](?![a-zA-Z]))"
    rf"(?P<tail>\s*{_OPERATOR}(?:{_ATOM}|{_OPERATOR})*)?"
    r"\s*[.,;]?\s*(?:\$|\\\)|\\\]|\\end\{|\\\\)"
    rf"|(?P<prose>[xyzni](?:{_POWER})?)(?=[.,;:!?)]|\s(?!{_OPERATOR})|\Z)"
)
_BLANKS = (" ", "\\,", "\\;", "\\:", "\\ ")
_DIGITS_BEFORE = late(r"(?:\A|(?<![=\s])[\s$(*]+|:\s)(?P<digits>\d+(?:\.|(?<=\d))|\.)\Z")
_INDEX = ("_", "_{")
_OPERAND_BEFORE = late(  # in running text: "x + \boxed{8}", "2 * \boxed{8}"
    r"(?:\A|[\n:]|[a-z]{2}\s)\s*(?P<lead>(?:[a-zA-Z]|\d+(?:\.\d+)?)(?:\s?(?:[+×·÷]|\\cdot|\\times)\s?|\s\*\s))\Z"
)
_OPERATORS = ("+", "*", "×", "·", "÷", "\\cdot", "\\times")
_ORDER = r"(?:[<>≤≥]|\\[lg](?:t|eq?(?:slant)?)(?![a-zA-Z]))"
_BOUND = late(  # all of a formula or line: "$x \le \boxed{8}$"
    rf"(?:\$|\\\(|\\\[|\n)\s*(?P<bound>(?:-?[\d.]+\s*{_ORDER}\s*)?[a-zA-Z](?:_\w)?\s*{_ORDER})\s*\Z"
)
_ORDERS = ("≤", "≥", "le", "ge", "leq", "geq", "slant")
_REACHED = late(
    r"\b(?:max|min|(?:larg|great|small|high|low)est|least|most|bound|equality|attain|achiev|reach|occur|obtain)|=",
    re.IGNORECASE,
)
_EXPRESSION = late(r"(?=.*(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z]))(?=.*[-+])[^=<>]*")
_MALFORMED = late(r"\{\s*[^\s{}]")  # `\boxed{8}{9}`
_LONGEST = 60
_BEGINS = ("=", "$", "&", ":", ",", ".", "\\[", "\\(", " is", "≈", ">", "**")
_GOES_ON = (*"+-−±*/×÷!^{<>≤≥≠∪∩∖∉", *map(".{}".format, range(10)), *(f"\\{one}" for one in "cstpmdnlg"))
"""Characters before a box at the beginning of its formula, and after a box that does not end it."""


def _equation(content: str, before: str, behind: str) -> str | None:
    r"""The false equation with the box as one side (`\boxed{12} = 13`), or an equation of unknowns that ends in 0."""
    found = _EQUAL_BEHIND.match(behind) if behind.lstrip().startswith("=") else None
    if found is not None and (
        _differ(content, found["other"]) or (found["other"] == "0" and _EXPRESSION.fullmatch(content) is not None)
    ):
        return f"{content} = {found['other']}"
    is_after_number = content.isdecimal() and before.rstrip()[:-1].rstrip()[-1:].isdecimal()
    found = _EQUAL_BEFORE.search(before) if is_after_number else None
    return f"{found['other']} = {content}" if found is not None and _differ(content, found["other"]) else None


def _differ(one: str, other: str) -> bool:
    return one.isdecimal() and one.lstrip("0") != other.lstrip("0")


def around(content: str, before: str, behind: str) -> tuple[str, str | None] | None:
    """The formula that a box is an operand of, and the content if that may be asked for instead; None if the box is
    all of the formula, or fills a gap in it.
    """
    before, behind = f"\n{before}"[-_LONGEST:], behind[:_LONGEST]
    is_begun, goes_on = not before.rstrip().endswith(_BEGINS), behind.lstrip().startswith(_GOES_ON)
    whole = _enclosing(content, before, behind, is_begun=is_begun, goes_on=goes_on)
    if whole is None:
        return _bounding(content, before, behind) or _multiplied(content, before, behind)
    return whole, None


def _enclosing(content: str, before: str, behind: str, *, is_begun: bool, goes_on: bool) -> str | None:
    """The formula around a box, which has no other reading."""
    if is_begun and (inside := _INSIDE.search(before)) is not None and (rest := _REST.match(behind)) is not None:
        is_gap = behind.startswith("=", rest.end()) or behind.startswith(" =", rest.end())
        return None if is_gap else f"{inside.group()}{content}{rest.group()}"
    if (
        behind[:1].isdecimal()
        or _has_digits_before(before)
        or (goes_on and (_MALFORMED.match(behind) or _SET_BEHIND.match(behind)))
        or (is_begun and (_SET_BEFORE.search(before) or before.endswith(_INDEX)))
    ):
        return rf"{content} \text{{ or }} \ldots"
    is_equated = behind.lstrip().startswith("=") or before.rstrip().endswith("=")
    if not is_begun and is_equated and (equation := _equation(content, before, behind)) is not None:
        return equation
    if goes_on and (compared := _COMPARED.match(behind)) is not None and not _NAMED.search(before):
        name = compared["name"]
        return f"{content}{compared['relation']}{name}" if name else rf"{content} \text{{ or }} \ldots"
    lead = _LEAD.search(before) if is_begun else None
    closed = None if lead is None else _CLOSED.match(behind)
    if lead is not None and closed is not None and not _is_price(lead, closed):
        return f"{lead['lead']} ({content}) {closed['rest']}".rstrip()
    if before.rstrip().endswith(_OPERATORS) and (led := _OPERAND_BEFORE.search(before)) is not None:
        return f"{led['lead']} ({content})"
    if not goes_on or (tail := _TAIL.match(behind)) is None:
        return None
    return f"({content})!" if tail["factorial"] else f"({content}) {tail['tail']}"


def _is_price(lead: re.Match[str], closed: re.Match[str]) -> bool:
    """Whether the dollar before a box opens no formula: a line or a number follows it, and no dollar closes it."""
    if not lead.group().startswith("$") or "\n\n" in lead["lead"]:
        return lead.group().startswith("$")
    is_closed = closed.group().rstrip().endswith("$")
    return not is_closed and ("\n" in lead["lead"] or _PRICE.fullmatch(lead["lead"]) is not None)


def _has_digits_before(before: str) -> bool:
    r"""Whether digits stand right before a box (`1\boxed{8}`, `0.\boxed{8}`), other than the number of a list item."""
    found = _DIGITS_BEFORE.search(before) if before[-1:].isdecimal() or before.endswith(".") else None
    if found is None or not found["digits"].endswith("."):
        return found is not None
    return found["digits"] in (".", "0.") or bool(before[: found.start("digits")].strip())


def _multiplied(content: str, before: str, behind: str) -> tuple[str, str | None] | None:
    """The product of a box and the unknowns behind it; and the box, if they have a coefficient in the lines before."""
    found = _UNKNOWNS.match(behind) if behind[:1].isalpha() or behind.startswith(_BLANKS) else None
    if found is None:
        return None
    unknowns = found["formula"] or found["prose"]
    unit = read_unit(unknowns)
    if unit is not None and unit.dimension:
        return None
    is_coefficient = re.search(rf"[\d}})]\s*{re.escape(unknowns)}(?!\w)", before) or "coefficient" in before
    return f"({content}) {unknowns}{found['tail'] or ''}", content if is_coefficient else None


def strictly_bounding(content: str, before: str, behind: str) -> str | None:
    """The strict inequality that ends in a box, if it is all of its formula."""
    found = _BOUND.search(before[-_LONGEST:])
    return None if found is None or re.match(_ENDS, behind) is None else f"{found['bound']} {content}"


def _bounding(content: str, before: str, behind: str) -> tuple[str, str | None] | None:
    """The inequality that ends in a box; and the bound in it, if the text says that it is reached."""
    found = _BOUND.search(before) if before.rstrip().endswith(_ORDERS) else None
    if found is None or re.match(_ENDS, behind) is None:
        return None
    is_reached = _REACHED.search(before[: found.start()]) or _REACHED.search(behind)
    return f"{found['bound']} {content}", content if is_reached else None


# --- several boxes in one formula -------------------------------------------------------------------------------------

_COMMAND = (
    r"(?:[dt]?(?:frac|binom)|sqrt|pi|infty|left|right|cdot|times|div|pm|mp|cup|cap|setminus|l?og|ln|exp|sin|cos|tan"
    r"|(?:begin|end)\{[bpvBV]?matrix\})(?![a-zA-Z])"
)
_PIECE = rf"(?:[\d\s.,:+*/±|!&∪∩∞π−-]|[()\[\]{{}}^_]|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])|\\{_COMMAND}|\\[{{}}\\,;:! |])"
_BETWEEN = late(rf"{_PIECE}*")
_FORMULA_BEFORE = late(rf"(?:\$|\\\(|\\\[|=|\\in(?![a-zA-Z]))(?P<lead>{_PIECE}*)\Z")
_FORMULA_BEHIND = late(rf"(?P<rest>{_PIECE}*?)[\s.,;]*(?:\$|\\\)|\\\])")
_SEPARATORS = late(r"(?:[\s.,;&]|\\[,;:! \\])*")
_ONE_TOKEN = late(r"-?[\d.]+|[a-zA-Z]|\\[a-zA-Z]+|\\?(?:[dt]?frac|sqrt)(?:\{\w+\})+")
_ROWS = ("&", "\\\\")


class Part(NamedTuple):
    """A box in a formula: where it begins, what it holds, where it ends."""

    start: int
    content: str
    end: int


def filled(text: str, row: Sequence[Part]) -> str | None:
    """The formula whose blanks these neighbouring boxes fill; None if they are a list, or one box alone."""
    between = [text[one.end : following.start] for one, following in pairwise(row)]
    before = _FORMULA_BEFORE.search(text, max(0, row[0].start - _LONGEST), row[0].start)
    behind = _FORMULA_BEHIND.match(text, row[-1].end, row[-1].end + _LONGEST)
    if before is None or behind is None:
        return None
    outside = [before["lead"], *between, behind["rest"]]
    around = "".join(outside)
    is_matrix = "matrix}" in around
    if not is_matrix and (len(row) == 1 or any(mark in around for mark in _ROWS)):
        return None
    if _SEPARATORS.fullmatch(around) is not None or _lists(around):
        return None
    contents = [one.content if _ONE_TOKEN.fullmatch(one.content) or is_matrix else f"({one.content})" for one in row]
    return "".join(part for pair in zip(outside, [*contents, ""], strict=True) for part in pair).strip()


def is_within(between: str) -> bool:
    """Whether two boxes with this text between them may be in one formula."""
    return len(between) <= _LONGEST and _BETWEEN.fullmatch(between) is not None


def _lists(around: str) -> bool:
    """Whether a comma outside of all brackets separates values."""
    depth = 0
    for mark in around.replace("\\,", " "):
        depth += (mark in "([{") - (mark in ")]}")
        if mark == "," and depth <= 0:
            return True
    return False
