r"""Remove layout from an answer: outer braces, aligned blocks, leading implications, stray signs.

Also converts old or local notations: `]a, b[` to `(a, b)`, `{}_5C_2` to a binomial coefficient, 30° 15' to one angle.
Everything runs in linear time, and does nothing for most texts.

Example:
    >>> laid_out(r"\Rightarrow {x=5}\ ")
    'x=5'
    >>> settled("]2, 3[")
    '(2, 3)'
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rewards.math.late import late
from rewards.math.notation.events import of_events

_LEADING = late(
    r"\s*(?:\\(?:Rightarrow|implies|Longrightarrow|therefore|to|rightarrow)(?![a-zA-Z])|\$\s*\\therefore\s*\$|⇒|∴|→|[=-]>)\s*"
)
_NUMBERS = late(r"\\(?:mathbf|boldsymbol|bf)\s*\{?\s*([NZQR])\s*\}?")
_STRAY = late(r"([^\s()\[\]|<>]*\d\$?)[)\]]|([^$]*\d)[.,]\s*\$")  # left over from cutting: `5)`, `840.$`
_PROVED = late(r"\s*(?:[∎■✓✔✅]|\$?\s*\\(?:blacksquare|qed|checkmark|square|Box)(?![a-zA-Z])\s*\$?)\s*\Z")
_DOUBLED = late(
    r"\\\\(?=(?:[dt]?frac|sqrt|pi|text(?:bf|rm|it)?|mathrm|mathbb|cdot|times|left|right|infty|cup|cap|pm|theta|alpha|beta"
    r"|sin|cos|tan|log|ln|leq?|geq?|neq?|binom|circ|overline|in|quad)(?![a-zA-Z]))"
)
_BLOCK = late(
    r"(?:\\left\s*)?(?:\\\{)?\s*\\begin\s*\{(aligned|align|gathered|gather|split|equation|array|cases)\*?\}(?:\s*\{[clr|\s]*\})?"
    r"((?:(?!\\begin|\\end).)*)\\end\s*\{\1\*?\}\s*(?:\\right\s*\.?)?",
    re.DOTALL,
)
_LEFT_BRACED = late(  # a piecewise function
    r"(=?)\s*(?:\\left\s*)?\\\{\s*\\begin\s*\{array\}\s*\{[clr|\s]*\}((?:(?!\\begin|\\end).)*)\\end\s*\{array\}"
    r"\s*(?:\\right\s*\.)?",
    re.DOTALL,
)
_PLAIN_MATRIX = late(r"\\([pbv]?matrix)\s*\{([^{}]*)\}")
_MULTIPLE = late(r"\\\\(?:\[[^\]]*\])?")
_NOT = late(r"\\not\s*\\in(?![a-zA-Z])|\\not\s*=|=/=|\\not\s*\\equiv")
_NOT_COMPARED = late(r"\\not\s*(?:(<=?|>=?)|\\([lg])(eq?(?:slant)?|t)(?![a-zA-Z]))")
_ALIGNMENT = late(r"\s*(?<!\\)&\s*(?==)|(?<==)\s*&\s*")
_EMPTY = late(r"(?<![}\])^_a-zA-Z\\])\s*\{\s*\}(?!\s*[_^])")
_BRACED_BLOCK = late(r"(?<![}\w^])\{\s*(\\begin\{\w+\}[^{}]*(?:\{[clr|]*\}[^{}]*)?\\end\{\w+\})\s*\}")
_BRACED_ARGUMENTS = late(r"(?<![a-zA-Z\\])([a-zA-Z]'*)\{\s*(\([^{}]*\))\s*\}")  # `f{(x)}`
_EMPTY_BEHIND = late(r"(?<=[}\])\w])\s*\{\s*\}\s*\Z")
_OLD_MIXED = late(r"(?<=\d)\s*\{\s*(\d+)\s*\\over\s*(\d+)\s*\}")
_NEARLY = r"(?:\\approx|“?\s*(?:approximately|approx\.?|about|roughly)\s*”?)"
_ROUGHLY = late(
    rf"\s*“?\s*\(\s*{_NEARLY}[^()]*\)\s*”?\s*\Z"
    rf"|(?:,\s*“?|“|(?<=[\d}}]))\s*(?:or|which is)\s+{_NEARLY}\s*[\d.,]+%?\s*\Z"
)
_CHOSEN = late(
    r"(?:\{\s*\}|(?<![\w)}\]|]))\s*[_^]\s*\{?\s*(\w+)\s*\}?\s*“?([CP])”?\s*_\s*\{?\s*(\w+)\s*\}?"
    r"|(?<![\w^_.{])(\d+)\s?([CP])\s?_?\{?(\d+)\}?(?![\w_^])|(?<![\w^_])“?\s*([CAP])\s*”?\s*_\s*\{?\s*(\d+)\s*\}?\s*\^\s*\{?\s*(\d+)\s*\}?"
)
_CHOSEN_OF = late(  # `C_{2n}^{n}`; not `C_n^2`, the square of a constant
    r"(?<![\w^_\\])C\s*_\s*(?:\{\s*(\d*[a-z](?:[+-]\d+)?)\s*\}|([a-z]))\s*\^\s*(?:\{\s*(\d*[a-z](?:[+-]\d+)?)\s*\}|([a-z]))"
)
_ORDINAL = late(r"(?<=\d)(?:(?:st|nd|rd|th)(?=\s*”\s*\Z)|\s*\^?\s*\{?\s*“?\s*(?:st|nd|rd|th)\s*”?\s*\}?\s*\Z)")
_BUILT = late(  # `{x | x > 3}`, whose braces TeX does not show
    r"\A([a-z])\s*(?:\\in\s*\\mathbb\s*\{?\s*R\s*\}?\s*)?[|:](?=[^|:{}]*(?:[<>]|\\[lgn]e(?![a-z])))[^|:{}]*(?<![a-z])\1(?![a-z])[^|:{}]*\Z"
)
_QUOTED_DEGREES = late(r"“\s*\^\s*\\circ\s*”")
_MINUTES = late(
    r"(\d+)\s*\^\s*\\circ\s*(\d+(?:\.\d+)?)\s*(?:\^\s*\{?\\prime\}?|'(?!'))(?:\s*(\d+(?:\.\d+)?)\s*(?:''|\"))?"
)
_PART = r"[\[\](][^\[\](),;]+(?:\([^()]*\)[^\[\](),;]*)?[,;][^\[\](),;]+(?:\([^()]*\)[^\[\](),;]*)?[\[\])]"
_PARTS = late(rf"(?:[a-zA-Z]\s*\\in\s*)?{_PART}(?:\s*\\cup\s*{_PART})*")
_REMARK = late(r"(?<=[\d}%])\s*(?:“\s*\(|\(\s*“|\s\()\s*([a-zA-Z]{2}[a-zA-Z ]*)(?:\)\s*”|”\s*\)|\))\Z")
_HEDGING = r"(?!.*\b(?:or|if|else|otherwise|but|unless|not|maybe|perhaps|possibly|when|for)\b)"
_REASON = late(  # `237 \\text{ (since } 240 - 3 = 237)`
    rf"(?<=[\d}}%])\s*(?:“\s*,?\s*\(?|\(\s*“)\s*(?:since|because)\b{_HEDGING}.*\Z"
)
_AT = late(  # `7 \\text{ (when } n = 3)`: where or how the value is reached
    r"(?<=[\d}%])\s*(?:“\s*\(|\(\s*“?)\s*(?:(?:attained|achieved|reached)\s+)?"
    rf"(?:(?:at|when|where|with)\b\s*”?\s*\$?[a-zA-Z]\s*=\s*[^,;=()“”$]+\$?|by\s{_HEDGING}[A-Za-z][A-Za-z '-]*)"
    r"[”)\s]*\Z"
)
_AT_ALONE = late(r"(?<=[\d}%])\s*“\s*at\s*”\s*[a-zA-Z]\s*=\s*[^,;=()“”$<>]+\Z")
_OF_ITSELF = late(  # `x = 12 (x > 0)`
    r"(?:\A|(?<=\\Rightarrow )|(?<=\\implies ))([a-zA-Z])\s?=\s?(-?(?:[\d./ {}]|\\(?:frac|sqrt|pi)(?![a-z]))+)"
    r"\(\s?\1\s?(?:[<>]|\\(?:[lg]e|ne)(?![a-z]))\s?-?\d+\s?\)\Z"
)
_FOLLOWS = late(r"(?<!lim)\s\\to(?=\s[a-zA-Z]\s?=)")
_BOTH_ROOTS = late(r"\A([a-z])\s?_\s?\{\s?1\s?,\s?2\s?\}\s?=(?=.*\\pm)")
_THAT_IS = late(  # `12 \\text{ (i.e., } 12)`
    r"(?<=[\d}%])\s*(?:“\s*,?\s*\(?|\(\s*“?)\s*(?:i\.e\.|that is)\s*,?\s*”?\s*([^“”()]+)[“”)\s]*\Z"
)
_MONEY = late(r"([$€£]\s*\d[\d.,]*)\s*“?\s*(bn|[KkMB])\s*”?(?=\s*\Z|\s+[a-z])")
_MONEY_SCALES = {"k": "thousand", "m": "million", "b": "billion"}
_IN_BASE = late(r"\s*\w+\s*_\s*\{?\s*\d")
_SCIENTIFIC = late(r"(?<=\d)\s*“\s*E\s*”\s*([-+]?\d{1,3})(?![\w.]|\s*_)")
_PERCENT = late(r"(?<=\d)per ?cent\b", re.IGNORECASE)
_RAISED_FRACTION = late(r"(?:\{\s*\}\s*)?\^\s*\{?\s*(\d+)\s*\}?\s*/\s*_\s*\{?\s*(\d+)\s*\}?")
_RAISED_O = late(r"(?<=\d)\s*\^\s*\{?\s*“?\s*o\s*”?\s*\}?(?![a-zA-Z])")
_OF_DEGREES = late(  # `sin(30 degrees)`
    r"((?:sin|cos|tan|cot|sec|csc)(?:\^\s*\{?\d\}?)?\s*[({]?\s*-?\d+(?:\.\d+)?)\s*“?\s*degrees?\s*”?(?![a-zA-Z])"
)
_ANGLE = late(r"\\ang\s*\{\s*(-?[\d.]+)\s*\}")
_EMPTY_BEFORE_DEGREES = late(r"(?<=\d)\s*\{\s*\}(?=\s*\^\s*\\circ)")
_REPEATED = late(r"(?<![\w.])(\d+)\.\((\d+)\)(?![\w(])")  # `0.(3)`
_DOTTED = late(r"(?<=[\d.])\\dot\s*(\d)")
_COMMA_BEFORE_REPEAT = late(r"(?<=\d),(?=\d*\\overline)")
_ANGLED = late(r"<[^<>=]+,[^<>=]+>")
_DOT = late(r"(?<=\d)\{\.\}(?=\d)")
_FACTORIAL = late(r"(?<=\d)!=(?!=)")
_AGAIN = late(r"\A([^()=]+?)\s*\(\s*=\s*([^()=]+)\)\Z")  # the same value in another form
_INNER = late(r"\[([^\[\]]+)\]")
_NESTED = late(r"\[\s*\[[^\[\]]+\](?:\s*,\s*\[[^\[\]]+\])*\s*\]")
_CELL = r"-?[^\s,;\[\]()+-]+"
_ROWS = late(rf"\[{_CELL}(?:,?\s{_CELL})+(?:\s*;\s*{_CELL}(?:,?\s{_CELL})+)+\]")
_GOES_ON = late(r"(?<=,)\s*\.{3,}\s*(?=,|\\\}|\)|\Z)")
_POINTS = late(r"\([^(),]*,[^()]*\)(?:\s+\([^(),]*,[^()]*\))+")


def laid_out(text: str) -> str:
    """The first step: remove what surrounds the answer."""
    text = _edged(_PROVED.sub("", text))
    if (numbers := _NUMBERS.fullmatch(text)) is not None:
        return f"\\mathbb{{{numbers[1]}}}"
    if "\\" in text or text.startswith(("⇒", "∴", "→", "=>", "->")):
        lead = _LEADING.match(text)
        if lead is not None:
            text = text[lead.end() :]
        if "matrix" in text:
            text = _PLAIN_MATRIX.sub(r"\\begin{\1}\2\\end{\1}", text)
        if "\\\\" in text and "\\begin" not in text:
            text = _MULTIPLE.sub(", ", _DOUBLED.sub(r"\\", text).rstrip("\\ "))
        if "\\begin" in text:
            if "array" in text and "\\{" in text:
                text = _LEFT_BRACED.sub(_in_cases, text)
            text = text.replace("{dcases}", "{cases}")
            block = _BLOCK.fullmatch(text.strip())
            if block is not None:
                text = _of_block(block)
            elif text.count("\\begin") > 1 and "&" not in text:  # joined systems
                text = _BLOCK.sub(_of_block, text)
    return _edged(unbraced(text))


def _edged(text: str) -> str:
    text = text.strip(" \t\r\n~")
    if text.endswith((")", "]", "$")) and (stray := _STRAY.fullmatch(text)) is not None:
        text = stray[1] or stray[2]
    while text.endswith("\\") and not text.endswith("\\\\"):
        text = text[:-1].rstrip(" \t\r\n~")
    return text


def _of_block(block: re.Match[str]) -> str:
    """Join the rows of a block: steps of one equation, or a list. Values with conditions remain a block."""
    kind, content = block.groups()
    if kind in ("cases", "array") and "&" in content:
        return block.group()
    rows = [row.replace("&", " ").strip() for row in _MULTIPLE.split(content)]
    rows = [row.rstrip(",") for row in rows if row]
    line = rows[0] if rows else ""
    for row in rows[1:]:
        line += f" {row}" if row.startswith(("=", "\\approx")) else f", {row}"
    return line


def _in_cases(block: re.Match[str]) -> str:
    equals, content = block.groups()
    return rf"{equals}\begin{{cases}}{content}\end{{cases}}" if equals or "&" in content else block.group()


def unbraced(text: str) -> str:
    """Remove braces around the whole text; with a comma inside they may denote a set."""
    while len(text) > 2 and text[0] == "{" and text[-1] == "}":
        depth = brackets = 0
        for at, mark in enumerate(text):
            if at and text[at - 1] == "\\":  # `\{1, 2\}`
                brackets += (mark == "{") - (mark == "}")
                continue
            depth += (mark == "{") - (mark == "}")
            brackets += (mark in "([") - (mark in ")]")
            if (depth == 0 and at < len(text) - 1) or (mark == "," and depth == 1 and brackets == 0):
                return text
        text = text[1:-1].strip()
    return text


def settled(text: str) -> str:
    """The last step: convert notations to those that the parser knows."""
    for marks, read in _NOTATIONS:
        for mark in marks:
            if mark in text:
                text = read(text)
                break
    return text


def _without_empty(text: str) -> str:
    """Remove empty braces, and braces around a block or argument that needs none."""
    text = _BRACED_ARGUMENTS.sub(r"\1\2", _BRACED_BLOCK.sub(r"\1", text))
    return unbraced(_EMPTY_BEHIND.sub("", _EMPTY.sub("", text)).strip())


def _unaligned(text: str) -> str:
    return text if "\\begin" in text else _ALIGNMENT.sub(" ", text)


def _remarked(text: str) -> str:
    """Write the remark of `5 (apples)` as words after the value; drop remarks on where it is reached."""
    if text[-1] == ")":
        text = _OF_ITSELF.sub(r"\1 = \2", text).rstrip()
    if text[-1] not in "”)":
        return _AT_ALONE.sub("", text)
    text = _AT.sub("", text)
    remark = _REMARK.search(text)
    return text if remark is None else f"{text[: remark.start()]} “ {remark[1]}”"


def _in_scale(money: re.Match[str]) -> str:
    """`$2.5M`"""
    return f"{money[1]} {_MONEY_SCALES[money[2][0].lower()]}"


def _that_is(text: str) -> str:
    """Write a value with another form in parentheses as an equation; a number in a base is its left side."""
    again = _THAT_IS.search(text)
    if again is None:
        return text
    value = text[: again.start()]
    return f"{again[1]} = {value}" if _IN_BASE.match(again[1]) else f"{value} = {again[1]}"


def _angled(text: str) -> str:
    return rf"\langle {text[1:-1]} \rangle" if _ANGLED.fullmatch(text) else text


def _repeating(text: str) -> str:
    return _DOTTED.sub(r"\\dot{\1}", _COMMA_BEFORE_REPEAT.sub(".", text))


def _in_degrees(text: str) -> str:
    return _EMPTY_BEFORE_DEGREES.sub("", _ANGLE.sub(r"\1^\\circ ", _DOT.sub(".", text)))


def _in_rows(text: str) -> str:
    """Write `[1, 2; 3, 4]`, `[1 2; 3 4]` and the single row or column of `[[1], [2]]` as a matrix."""
    if _NESTED.fullmatch(text) is not None:
        rows = [row.split(",") for row in _INNER.findall(text)]
        if len(rows) > 1 and len(rows[0]) > 1:
            return text
    elif _ROWS.fullmatch(text) is not None:
        rows = [re.split(r",\s|\s", row.strip()) for row in text[1:-1].split(";")]
    else:
        return text
    if len({len(row) for row in rows}) > 1:
        return text
    return r"\begin{pmatrix} " + r" \\ ".join(map(" & ".join, rows)) + r" \end{pmatrix}"


def _listed(text: str) -> str:
    """Separate adjacent points: `(1, 2) (3, 4)`."""
    return re.sub(r"\)\s+\(", "), (", text) if _POINTS.fullmatch(text) else text


def _in_minutes(text: str) -> str:
    return _MINUTES.sub(_one_angle, _QUOTED_DEGREES.sub(r"^\\circ ", text))


def _chosen(match: re.Match[str]) -> str:
    groups = match.groups()
    if groups[6]:
        of, taken = groups[7], groups[8]
        if not (len(of) < 5 and 1 < int(of) >= int(taken)):
            return match.group()
        top, kind, bottom = of, groups[6], taken
    else:
        top, kind, bottom = groups[:3] if groups[1] else groups[3:6]
    return rf"\binom{{{top}}}{{{bottom}}}" if kind == "C" else rf"\frac{{{top}!}}{{({top}-{bottom})!}}"


def _one_angle(match: re.Match[str]) -> str:
    degrees, minutes, seconds = match.groups()
    return rf"({degrees}+{minutes}/60+{seconds or 0}/3600)^\circ"


def _turned(text: str) -> str:
    """Convert intervals with reversed brackets for open ends."""
    if _PARTS.fullmatch(text) is None:
        return text

    def plain(part: re.Match[str]) -> str:
        inner = part.group()
        opening = "(" if inner[0] == "]" else inner[0]
        return opening + inner[1:-1] + (")" if inner[-1] == "[" else inner[-1])

    return re.sub(_PART, plain, text)


def _turned_round(denied: re.Match[str]) -> str:
    """The comparison of real numbers that denies another one."""
    is_less = (denied[1] or "").startswith("<") or denied[2] == "l"
    is_strict = denied[1] in ("<", ">") or denied[3] == "t"
    return (r" \ge " if is_strict else " > ") if is_less else (r" \le " if is_strict else " < ")


_NOTATIONS: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("\\over",), lambda text: _OLD_MIXED.sub(r"\\frac{\1}{\2}", text)),
    (("C", "P", "A_"), lambda text: _CHOSEN.sub(_chosen, text)),
    (("C",), lambda text: _CHOSEN_OF.sub(lambda of: rf"\binom{{{of[1] or of[2]}}}{{{of[3] or of[4]}}}", text)),
    (("{",), _without_empty),
    (("&",), _unaligned),
    (("\\not",), lambda text: _NOT_COMPARED.sub(_turned_round, text)),
    (("\\not", "=/="), lambda text: _NOT.sub(lambda sign: "\\notin" if "in" in sign.group() else "\\ne ", text)),
    (("\\to ",), lambda text: _FOLLOWS.sub(r" \\Rightarrow", text) if "=" in text.partition("\\to")[0] else text),
    (("”", ")"), _remarked),
    (("_{",), lambda text: _BOTH_ROOTS.sub(r"\1 =", text)),
    (("since", "because"), lambda text: _REASON.sub("", text)),
    (("$", "€", "£"), lambda text: _MONEY.sub(_in_scale, text)),
    (("i.e.", "that is"), _that_is),
    (("E”", "E ”"), lambda text: _SCIENTIFIC.sub(r"\\times 10^{\1}", text)),
    (("percent", "per cent"), lambda text: _PERCENT.sub("%", text)),
    (("/_", "/ _"), lambda text: _RAISED_FRACTION.sub(r"\\frac{\1}{\2}", text)),
    (("\\dot", ",\\overline"), _repeating),
    (("<",), _angled),
    (("{",), _in_degrees),
    (("degree",), lambda text: _OF_DEGREES.sub(r"\1^\\circ ", text)),
    (("!=",), lambda text: _FACTORIAL.sub("! =", text)),
    ((".(",), lambda text: _REPEATED.sub(r"\1.\\overline{\2}", text)),
    (("(=", "( ="), lambda text: _AGAIN.sub(r"\1 = \2", text)),
    (("^o", "^{o", "o”"), lambda text: _RAISED_O.sub(r"^\\circ ", text)),
    (("...",), lambda text: _GOES_ON.sub(r"\\ldots ", text)),
    (("+/-",), lambda text: text.replace("+/-", "\\pm ")),
    (("appro", "rough", "about"), lambda text: _ROUGHLY.sub("", text)),
    ((":", "|"), lambda text: _BUILT.sub(r"\\{\g<0>\\}", text)),
    (("[[", "; "), _in_rows),
    ((")",), _listed),
    (("[", "]"), _turned),
    (("\\circ",), _in_minutes),
    (("P(", "\\Pr"), of_events),
    (("th", "st", "nd", "rd"), lambda text: _ORDINAL.sub("", text)),
)
"""Conversions in order, each with marks, at least one of which occurs in a text that needs it."""
