r"""Normalise the notation of an answer: Unicode becomes LaTeX or ASCII, sizes and delimiters are removed.

Normalisation never changes a value, and runs in linear time. Text commands (`\text{ cm}`) become quotes (`“ cm”`), to
distinguish words from variables.

Example:
    >>> standardised(r"$\dfrac{1}{2}\,\text{cm}$.")
    '\\frac{1}{2} “cm”'
"""

from __future__ import annotations

import re
from functools import lru_cache

from rewards.math.lexicon import listed, meanings
from rewards.math.notation import han
from rewards.math.notation.characters import in_latex, of_statements
from rewards.math.notation.decorations import arrowed, indexed, undressed
from rewards.math.notation.layout import laid_out, settled, unbraced
from rewards.math.notation.tokens import FUNCTION_WORDS

OPEN_TEXT, CLOSE_TEXT = "“", "”"
LONGEST = 2000

_TEXT = re.compile(
    r"\\(text(?:bf|it|rm|normal|tt|sf|sc|up)?|mathrm|mathbf|mathit|mathsf|mathtt|mbox|hbox|operatorname|boldsymbol"
    r"|bm|emph|underline)\*?\s*\{((?:\\[{}]|[^{}])*)\}"
)
_FONT = re.compile(r"\\(?:mathbf|mathrm|mathit|mathsf|boldsymbol|bm|pmb|textbf|textit|text|underline|ensuremath)\s*\{")
_FUNCTIONS_IN_TEXT = listed("sin cos tan cot sec csc ln log lg gcd lcm cis arcsin arccos arctan choose pi")
_ONLY_MATHS = re.compile(r"\s*(?:[-+]?[\d.,\s]+|[a-zA-Z]|\\[a-zA-Z]+)\s*")
_STRUCTURED = re.compile(r"\s*(?:\\\{.*\\\}|[(\[].*,.*[)\]])\s*")  # a set, a tuple or an interval
_CONSTANTS = frozenset(("e", "i"))
_DROPPED = re.compile(
    r"\\(?:left|right|middle|bigl?|bigr|Bigl?|Bigr|biggl?|biggr|Biggl?|Biggr|displaystyle|textstyle|scriptstyle|limits"
    r"|nolimits|rm|bf|it|sf|tt|normalsize|large|Large|LARGE|huge|Huge|small|footnotesize|scriptsize|tiny|bold|boldmath"
    r"|hfill|centering|noindent)(?![a-zA-Z])\.?|(?<!\\)\\[!/]"
)
_APPLIED = re.compile(r"(?<=[a-zA-Z'])\\left\s?(?=\()")  # no space between a function and its argument
_CLOSED_UP = re.compile(r"(?<=\d)\\!(?=\d)")
_THIN_IN_NUMBER = re.compile(  # Swiss numbers have apostrophes
    r"(?<=\d)(?:\s*(?:\\[,;:!]|\\thinspace ?|[\u2009\u202f])\s*|')(?=\d{3}(?!\d))"
)
_COMMA_IN_NUMBER = re.compile(
    r"(?<=\d)(?:\{,\}|,\\!|\{\\,\})(?=\d)|(?<=\d)(?:\s*\{\s?,\s*\}\s*|(?:\\!)?,\s*\\!\s*|\\!,)(?=\d{3}(?!\d))"
)
_BRACED_COMMA = re.compile(r"(?<![a-zA-Z])\{ ?, ?\}")
_SPACES = re.compile(
    r"(?:(?<!\\)|(?<=\\\\))\\[,;:> ]"
    r"|\\q?quad|\\(?:thinspace|medspace|thickspace|enspace|space|nobreakspace)(?![a-zA-Z])"
    r"|\\[hv]space\*?\s*\{[^{}]*\}|\\m?(?:kern|skip)\s*-?[\d.]+\s*(?:em|ex|pt|mu|cm|mm|in)(?![a-zA-Z])"
    r"|\\hskip\s*-?[\d.]+\s*(?:em|ex|pt|cm|mm|in)(?![a-zA-Z])"
)
_SYNONYMS = """
frac: dfrac tfrac cfrac sfrac nicefrac, binom: dbinom tbinom, le: leq leqslant ngtr leqq, ge: geq geqslant nless geqq,
ne: neq, ldots: dots cdots dotsc dotsb dotsm, emptyset: varnothing, phi: varphi, epsilon: varepsilon, theta: vartheta,
infty: infin, approx: simeq thickapprox doteq, to: rightarrow longrightarrow, asin: arcsin, acos: arccos,
atan: arctan, acot: arccot, atanh: arctanh artanh, asinh: arcsinh arsinh, acosh: arccosh arcosh, setminus: backslash,
cup: bigcup, cap: bigcap, mathbb: Bbb, land: wedge, lor: vee, neg: lnot, perp: bot, triangle: bigtriangleup
"""
_SYMBOLS = {
    ">": "nleq nleqslant gt",
    "<": "ngeq ngeqslant lt",
    r"\{": "lbrace",
    r"\}": "rbrace",
    "[": "lbrack",
    "]": "rbrack",
    "(": "lparen",
    ")": "rparen",
    "|": "vert lvert rvert Vert lVert rVert mid",
    "*": "ast",
    "/": "div",
    ":": "colon",
    r"^\circ": "degree degrees textdegree",
    "\\\\": "cr",
    "£": "pounds",
    "¥": "yen",
    "€": "euro",
    "$": "textdollar",
    ":=": "coloneqq",
}
_RENAMED = {f"\\{name}": f"\\{meant}" for name, meant in meanings(_SYNONYMS).items()} | {
    f"\\{name}": symbol for symbol, names in _SYMBOLS.items() for name in names.split()
}
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_DELIMITERS = (
    ("$$", "$$"),
    ("$", "$"),
    (r"\(", r"\)"),
    (r"\[", r"\]"),
    ("**", "**"),
    ("*", "*"),
    ("__", "__"),
    ("`", "`"),
    ('"', '"'),
)
_APART = re.compile(r"(?<![,;\s])\s*\\q?quad\s*(?=[a-zA-Z](?:_\{?\w+\}?)?\s*=)")
_CIRCLE = re.compile(r"\^\s*\{\s*\\circ\s*\}")
_UNION = re.compile(r"(?<=[)\]}])\s*U\s*(?=[(\[{]|\\\{)")
_TIMES = re.compile(r"(?<=\d)\s+x\s+(?=\d)")
_TEMPERATURE = re.compile(r"\^\s*\\circ\s*(“\s*)?([CF])(?![a-zA-Z])(?(1)\s*”?()|())")
_WHITE = re.compile(r"\s+")
_TRAILING = re.compile(r"(?:(?<![.\\])[.](?![.])|(?<!\\)[,;:]|\\\\)+$")
_BRACED_SIGN = re.compile(r"(?<!\\text)(?<!\\mathrm)\{\s*([-+:=<>])\s*\}")
_PAIR = re.compile(r"(?<!\\)\$([^$]+)(?<!\\)\$")
_BASIS = re.compile(
    r"\\(?:hat|mathbf|vec|bm|boldsymbol|widehat|mathbb)\s*(?P<open>\{)?\s*(?:\\(?:mathbf|mathrm|hat|bf)\s*\{?\s*)?"
    r"\\?(?P<axis>[ijk])(?:math)?\s*(?(open)\}{1,2}|\}{0,2})(?![a-zA-Z])"
)
_ROUND = re.compile(r"(?<!\\)\\[()]")
_THIN = "\\,"
_UNIT = re.compile(
    r"\\(?:mathrm|text|textrm|mathsf)\s*\{((?=[^{}]*\{)(?:[a-zA-Z/ ^0-9.-]|\\cdot(?![a-z])|\\,|\{\s*-?\d\s*\})+)\}"
)
_UNIT_FRACTION = re.compile(
    r"\\frac\s*\{\s*“([^“”]*)”\s*((?:\^\s*\{?\d\}?)?)\s*\}\s*\{\s*“([^“”]*)”\s*((?:\^\s*\{?\d\}?)?)\s*\}"
)
_ANGLED = re.compile(r"\\(left)\s*<|\\right\s*>")
_LOG_TO_BASE = re.compile(r"(?<![a-zA-Z\\])log(2|3|5|10)(?=\s?\()")
_DOLLAR = re.compile(r"(?<!\\)\$")
_RAISED_BY = re.compile(r"\d\s*\*\*\s*[\d({a-z]|[\w)}]\*\*[\d(-]|\A[^*]*[a-z)]\*\*[a-z\\](?!.*\*\*)")
_MARKUP = re.compile(r"(?<!\\)\*\*")


_PARTS = {"Re": r"\Re", "Im": r"\Im"}
_ARGUMENT = re.compile(r"\s*(?:\\left\s*)?[({]|\s+z(?![a-zA-Z])")


def _quoted(match: re.Match[str]) -> str:
    """The content of a text command: mathematics if it cannot be anything else, else quoted words."""
    content, before = match.group(2), match.string[: match.start()].rstrip("\\ ,;~")
    if content.strip() in (",", ";", ":", ".", "%", "\\%"):
        return content
    if CLOSE_TEXT in content and match.group(1).startswith(("math", "bold", "bm")):  # it contains quoted words
        return content
    if content.strip() in ("sec", "min") and before[-1:].isdigit():
        return f"{OPEN_TEXT}{content}{CLOSE_TEXT}"  # seconds and minutes
    is_applied = match.string.startswith(("(", "\\left(", " ("), match.end())
    known = FUNCTION_WORDS if is_applied and not before[-1:].isdigit() else _FUNCTIONS_IN_TEXT
    name = content.strip().lower() if is_applied else content.strip()
    if match.group(1) in ("text", "textrm") and name in known:
        return f" {FUNCTION_WORDS[name]} "
    if name in FUNCTION_WORDS and match.group(1) in ("operatorname", "mathrm"):
        return f" {FUNCTION_WORDS[name]} "
    if content.strip() in _PARTS and _ARGUMENT.match(match.string, match.end()):
        return f" {_PARTS[content.strip()]} "
    if match.group(1) in ("mathrm", "operatorname", "mathit") and content.strip() in _CONSTANTS:
        return f" {content} "
    if content.strip(" .") in ("constant", "const", "Constant") and before[-1:] == "+":
        return " C "
    if len(content.strip()) == 1 and content.strip().isalpha() and before[-1:] in ("+", "-"):
        return f" {content} "  # a constant
    if _STRUCTURED.fullmatch(content):
        return content
    if re.fullmatch(r"\s*[-+]?\d[\d.,]*\.\s*", content):
        content = content.rstrip(". ")
    if _ONLY_MATHS.fullmatch(content) and not content.isspace():
        return (
            f" {content} "
            if content.strip().isdigit() or content.startswith("\\")
            else f"{OPEN_TEXT}{content}{CLOSE_TEXT}"
        )
    return f"{OPEN_TEXT}{content}{CLOSE_TEXT}" if content.strip() else " "


def _over(match: re.Match[str]) -> str:
    """Write a unit given as a fraction of two units in one line."""
    return f"{OPEN_TEXT}{match[1]}{match[2]}/{match[3]}{match[4]}{CLOSE_TEXT}"


def _undelimited(text: str) -> str:
    """Without the delimiters around each of several formulas; the dollar signs of money stay."""
    if "\\(" in text:
        text = _ROUND.sub(" ", text)
    if text.count("$") < 2:
        return text
    pairs = [match.group(1) for match in _PAIR.finditer(text)]
    if not pairs or any(inner != inner.strip() for inner in pairs):
        return text
    return _PAIR.sub(r" \1 ", text)


def unwrapped(text: str) -> str:
    """Remove surrounding math delimiters and emphasis."""
    text = text.strip()
    for opening, closing in _DELIMITERS:
        width = len(opening)
        if len(text) > 2 * width and text.startswith(opening) and text.endswith(closing):
            inner = text[width : -len(closing)]
            if opening == "$" and width == 1:
                if not _DOLLAR.search(inner) and not inner.endswith("\\"):
                    return inner.strip()
            elif opening not in inner and closing not in inner and not inner.endswith("\\"):
                return inner.strip()
    return text


_COMMA_IN_LIST = re.compile(r",(?=\s)")  # no decimal one: the blank behind it counts
_BLANK_THAT_COUNTS = re.compile(r"(?<=[A-Za-z])\s+(?=[A-Za-z])|(?<=[\d.])\s+(?=[\d.eE])|(?<=[eE])\s+(?=\d)")
_BRACED_SCRIPT = re.compile(r"([\^_])\{(\w)\}(?!\w)")
# Texts that `standardised` leaves unchanged, except for spaces, final full stops and signs in braces.
_ALREADY = re.compile(
    r"(?:[a-zA-Z0-9 +/=()|<>{}^!-]++|,(?! *})|\.(?=\S)"
    r"|\\(?:frac|sqrt|pi|theta|alpha|cup|infty|pm|sin|cos|tan|log|ln|le|ge)(?![a-zA-Z]))*"
)


@lru_cache(maxsize=512)
def standardised(text: str) -> str:
    """The normalised text, with single spaces and without a final full stop."""
    if " x " in text or "U" in text:
        text = _UNION.sub(r" \\cup ", _TIMES.sub(r" \\times ", text))
    if "log" in text:
        text = _LOG_TO_BASE.sub(r"\\log_{\1}", text)
    if _ALREADY.fullmatch(text) and ">" not in text[:2]:
        text = _BRACED_SIGN.sub(r"\1", _TRAILING.sub("", text.strip()))
        text = _TRAILING.sub("", " ".join(text.split())).rstrip()
        return settled(unbraced(text))
    text = laid_out(unwrapped(text))
    if not text.isascii():
        text = han.in_english(of_statements(text))
    text = _undelimited(unwrapped(_TRAILING.sub("", unwrapped(text).rstrip())))
    if not text.isascii():
        text = in_latex(text)
    text = _BRACED_SIGN.sub(r"\1", text).replace("~", " ")
    if "\\" in text:
        text = undressed(text)
        text = _ANGLED.sub(lambda m: r"\langle " if m.group(1) == "left" else r"\rangle ", text)
        text = _BASIS.sub(r" \\basis\g<axis> ", text)
        text = arrowed(text)
        text = _COMMA_IN_NUMBER.sub(",", _THIN_IN_NUMBER.sub("", _CLOSED_UP.sub("", text)))
        text = _BRACED_COMMA.sub(", ", text)
        text = _APART.sub(", ", _DROPPED.sub(" ", _APPLIED.sub("", text)))
        if text.count("\\|") % 2 == 0:  # bars around a vector; a single one is a parallel
            text = text.replace("\\|", "|")
        text = _COMMAND.sub(lambda m: _RENAMED.get(m.group(), m.group()), text)
        if "{-" in text or "^{" in text:
            text = _UNIT.sub(lambda m: f"{OPEN_TEXT}{m.group(1).replace(_THIN, ' ')}{CLOSE_TEXT}", text)
        for _ in range(3):  # nested
            replaced = _TEXT.sub(_quoted, text)
            if replaced == text:
                break
            text = replaced
        text = _UNIT_FRACTION.sub(_over, text) if "”" in text and "\\frac" in text else text
        text = _FONT.sub("{", text)
        text = text.replace(r"\%", "%").replace(r"\$", "$").replace(r"\&", "&").replace(r"\#", "#").replace(r"\_", "_")
        text = _TEMPERATURE.sub(r" deg\2\3", _CIRCLE.sub(r"^\\circ ", _SPACES.sub(" ", text)))
    else:
        text = _BRACED_COMMA.sub(", ", _COMMA_IN_NUMBER.sub(",", _THIN_IN_NUMBER.sub("", text)))
    if "**" in text and (text.startswith("**") or _RAISED_BY.search(text) is None):
        text = _MARKUP.sub("", text)
    text = _WHITE.sub(" ", indexed(text)).strip()
    return settled(_TRAILING.sub("", text).strip())


def key(text: str) -> str:
    """A key that is equal for normalised texts that differ only in spaces, quotes and redundant braces."""
    if "," in text:
        text = _COMMA_IN_LIST.sub(",​", text)
    text = text.replace(OPEN_TEXT, " ").replace(CLOSE_TEXT, " ")
    text = "".join(_BLANK_THAT_COUNTS.sub("␣", text).split())
    if "^{" in text or "_{" in text:
        text = _BRACED_SCRIPT.sub(r"\1\2", text)
    while len(text) > 2 and text[0] == "{" and text[-1] == "}" and "{" not in text[1:-1] and "}" not in text[1:-1]:
        text = text[1:-1]
    return text
