r"""Boxes within a formula with another value: `2 \cdot \boxed{24}`, `\boxed{24} + 1`, `\frac{1}{\boxed{24}}`.

If the box fills a gap in an equation (`3 + \boxed{5} = 8`, `22 = 11 \cdot \boxed{2}`) or is a coefficient
(`\boxed{24}x^2`), the box itself is the answer. Those cases are not counted here.

Example:
    >>> around("24", r"It is $2 \cdot ", "$."), around("24", "$", r" + 1$.")
    ('2 \\cdot (24)', '(24) + 1')
    >>> around("5", "$3 + ", " = 8$"), around("24", r"$x = 4 \cdot 6 = ", "$")
    (None, None)
"""

from __future__ import annotations

from rewards.math.late import late

_OPERATOR = r"(?:[+*/-]|−|\\(?:cdot|times|pm|mp|div)(?![a-zA-Z]))"
_FUNCTION = r"\\(?:log|ln|lg|exp|(?:arc)?(?:sin|cos|tan)|cot|sec|csc|gcd|max|min|[lr](?:floor|ceil))(?![a-zA-Z])"
_ATOM = (
    r"(?:[\d()\[\]{}^!|\s]|\.(?=\d)|(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])|\\(?:[dt]?frac|sqrt|pi|left|right)(?![a-zA-Z])"
    rf"|{_FUNCTION})"
)
_GROUP = r"\(\s*-?[\d.]+(?:\s*,\s*-?[\d.]+)+\s*\)"  # `+ (1, 1)`
_ENDS = r"\s*[.,;]?\s*(?:\$|\\\)|\\\]|\Z)"
_LEAD = late(  # from the beginning of the formula on, or behind the name that it is the value of
    rf"(?:\$|\\\(|\\\[)\s*(?:[a-zA-Z]\s*=\s*)?(?P<lead>(?:{_ATOM}|{_OPERATOR})*?"
    rf"(?:[\w)}}]\s*(?:{_OPERATOR}|\^\s*\{{?)|{_FUNCTION}\s*[({{|]?|(?<![\d.])\d+(?:\.\d+)?|(?<![a-zA-Z\\])[a-zA-Z]\s*\(|\|))\s*\Z"
)
_TAIL = late(
    rf"\s*(?P<tail>(?:\\(?:sqrt|pi)(?![a-zA-Z])(?:{_ATOM})*)?{_OPERATOR}(?:{_ATOM}|{_OPERATOR}|{_GROUP})*(?<=[\w)}}!|])|\.\d+)(?:{_ENDS}|\s*\n)"
    r"|(?P<factorial>!)(?=\s*\$|\\[)\]])"
)
_CLOSED = late(rf"\s*(?P<rest>(?:{_ATOM}|{_OPERATOR})*?){_ENDS}")
_INSIDE = late(r"\\(?:[dt]?(?:frac|binom)\s*\{(?:[^{}$\n]{0,40}\}\s*\{)?|sqrt\s*(?:\[\d{1,2}\]\s*)?\{)\s*\Z")
_REST = late(r"\s*\}(?:\s*\{[^{}$\n]{1,40}\})?")
_COMPARED = late(rf"\s*(?:[<>≤≥≠]|\\(?:[lg](?:eq?|t)?|neq?|[lg]eqslant)(?![a-zA-Z]))\s*(?:[a-zA-Z]{_ENDS}|\\f?boxed)")
_IN_A_SET = r"(?:\\(?:cup|cap|setminus|notin)(?![a-zA-Z])|[∪∩∖∉])"
_SET_BEFORE = late(rf"(?:{_IN_A_SET}|\\(?:overline|bar)\s*\{{|\\int(?![a-zA-Z])[^$=\n]{{0,20}})\s*\Z")
_SET_BEHIND = late(rf"\s*(?:{_IN_A_SET}|\^\s*\{{?\s*[cC](?![a-zA-Z]))")
_NAMED = late(r"=\s*\Z")
_EQUAL_BEHIND = late(r"\s*=\s*(?P<other>\d+)\s*(?:\$+|\\\)|\\\])?[.\s]*\Z")
_EQUAL_BEFORE = late(r"(?:=|\$|\\\(|\\\[|\n)\s*(?P<other>\d+)\s*=\s*\Z")
_EXPRESSION = late(r"(?=.*(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z]))(?=.*[-+])[^=<>]*")
_MALFORMED = late(r"\{\s*[^\s{}]")  # `\boxed{8}{9}`
_LONGEST = 60
_BEGINS = ("=", "$", "&", ":", ",", ".", "\\[", "\\(", " is", "≈", ">", "**")
_GOES_ON = (*"+-−*/!^{<>≤≥≠∪∩∖∉", *map(".{}".format, range(10)), *(f"\\{one}" for one in "cstpmdnlg"))
"""Characters before a box at the beginning of its formula, and after a box that does not end it."""


def _equation(content: str, before: str, behind: str) -> str | None:
    r"""The false equation with the box as one side (`\boxed{12} = 13`), or an equation of unknowns that ends in 0."""
    found = _EQUAL_BEHIND.match(behind)
    if found is not None and (
        _differ(content, found["other"]) or (found["other"] == "0" and _EXPRESSION.fullmatch(content) is not None)
    ):
        return f"{content} = {found['other']}"
    found = _EQUAL_BEFORE.search(before)
    return f"{found['other']} = {content}" if found is not None and _differ(content, found["other"]) else None


def _differ(one: str, other: str) -> bool:
    return one.isdecimal() and one.lstrip("0") != other.lstrip("0")


def around(content: str, before: str, behind: str) -> str | None:
    """The formula that a box is only a part of; None if the box is all of the formula, or what it asks for."""
    before, behind = before[-_LONGEST:], behind[:_LONGEST]
    is_begun, goes_on = not before.rstrip().endswith(_BEGINS), behind.lstrip().startswith(_GOES_ON)
    if is_begun and (inside := _INSIDE.search(before)) is not None and (rest := _REST.match(behind)) is not None:
        return f"{inside.group()}{content}{rest.group()}"
    if (
        behind[:1].isdecimal()
        or (goes_on and (_MALFORMED.match(behind) or _SET_BEHIND.match(behind)))
        or (is_begun and _SET_BEFORE.search(before))
    ):
        return rf"{content} \text{{ or }} \ldots"
    is_equated = behind.lstrip().startswith("=") or before.rstrip().endswith("=")
    if not is_begun and is_equated and (equation := _equation(content, before, behind)) is not None:
        return equation
    if goes_on and _COMPARED.match(behind) and not _NAMED.search(before):
        return rf"{content} \text{{ or }} \ldots"
    lead = _LEAD.search(before) if is_begun else None
    if lead is not None and (closed := _CLOSED.match(behind)) is not None:
        return f"{lead['lead']} ({content}) {closed['rest']}".rstrip()
    if not goes_on or (tail := _TAIL.match(behind)) is None:
        return None
    return f"({content})!" if tail["factorial"] else f"({content}) {tail['tail']}"
