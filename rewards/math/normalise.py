r"""The light normalisation of an answer's text: one spelling for what means the same.

It changes spelling, never value: delimiters, sizes and spacing commands go, the fraction commands become one, Unicode
signs become LaTeX, `\text{…}` is opened. It is linear and is applied to gold and answer alike, before anything is
parsed.

Example:
    >>> normalise(r"$\dfrac12\,\text{cm}$.")
    '\\frac{1}{2} cm'
    >>> key("( 1 ,  2 )") == key("(1,2)")
    True
"""

from __future__ import annotations

import re

_UNICODE = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "—": "-",
        "‐": "-",
        "\u2011": "-",
        "\u2012": "-",
        "﹣": "-",
        "－": "-",
        "×": r"\times ",
        "·": r"\cdot ",
        "⋅": r"\cdot ",
        "÷": "/",
        "∕": "/",
        "⁄": "/",
        "½": r"\frac{1}{2}",
        "⅓": r"\frac{1}{3}",
        "⅔": r"\frac{2}{3}",
        "¼": r"\frac{1}{4}",
        "¾": r"\frac{3}{4}",
        "π": r"\pi ",
        "∞": r"\infty ",
        "√": r"\sqrt ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "±": r"\pm ",
        "²": "^{2}",
        "³": "^{3}",
        "°": r"^\circ",
        "％": "%",
        "∅": r"\emptyset ",
        "，": ",",
        "、": ",",
        "；": ";",
        "（": "(",
        "）": ")",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\t": " ",
        "\n": " ",
        "\r": " ",
    }
)
_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"))
_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|normal|tt|sf)?|mathrm|mathbf|mathit|mathsf|mathtt|mbox|hbox|operatorname)\s*\{([^{}]*)\}"
)
_DROPPED = re.compile(r"\\(?:left|right|bigl?|bigr|Bigl?|Bigr|displaystyle|textstyle|limits|rm|bf|it)(?![a-zA-Z])|\\!")
_SPACES = re.compile(r"\\[,;: ]|\\(?:quad|qquad|thinspace|space)(?![a-zA-Z])|~")
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degrees?(?![a-zA-Z])")
_FRACTION = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_GROUP = r"(\d|[a-zA-Z]|\\[a-zA-Z]+|\{(?:[^{}]|\{[^{}]*\})*\})"
_BARE_FRACTION = re.compile(rf"\\frac\s*{_GROUP}\s*{_GROUP}")
_PHANTOM = re.compile(r"\\phantom\s*(?:\{[^{}]*\}|.)")
_ABOUT = re.compile(r"^(?:\\approx|\\sim|\\simeq|approximately|about|approx\.?)(?![a-zA-Z])\s*")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d)")
_COMMA = re.compile(r",\s*\\!\s*|\{\s*,\s*\}")
_WHITE = re.compile(r"\s+")
_INSIDE = re.compile(r"\s*([^\w\s\\]|\\[{}])\s*")
_COMMAND_SPACE = re.compile(r"(\\[a-zA-Z]+)\s+(?![a-zA-Z])")
_BRACED = re.compile(r"([\^_])\{(\w)\}")


def _unwrapped(text: str) -> str:
    """Without the mathematics delimiters and emphasis around it."""
    text = text.strip()
    for opening, closing in _DELIMITERS:
        width = len(opening)
        if len(text) > 2 * width and text.startswith(opening) and text.endswith(closing):
            inner = text[width : -len(closing)]
            if opening not in inner and closing not in inner:
                return inner.strip()
    return text


def _ungrouped(match: re.Match[str]) -> str:
    top, bottom = (part if part.startswith("{") else f"{{{part}}}" for part in match.groups())
    return rf"\frac{top}{bottom}"


def normalise(text: str) -> str:
    """The text in its plain spelling, white space collapsed."""
    text = _unwrapped(_unwrapped(text).rstrip().removesuffix("."))
    text = text.translate(_UNICODE)
    text = _COMMA.sub(",", text)
    text = _FRACTION.sub(r"\\frac", text)
    text = _DROPPED.sub("", text)
    text = text.replace(r"\%", "%").replace(r"\$", "$").replace(r"\lbrace", r"\{").replace(r"\rbrace", r"\}")
    text = text.replace(r"\leq", r"\le").replace(r"\geq", r"\ge").replace(r"\neq", r"\ne")
    text = text.replace(r"\dots", r"\ldots").replace(r"\varnothing", r"\emptyset")
    text = _PHANTOM.sub("", _SPACES.sub(" ", text))
    text = _DEGREES.sub("", text)
    text = _TEXT.sub(r" \1 ", text)
    text = _BARE_FRACTION.sub(_ungrouped, text)
    text = _BARE_ROOT.sub(r"\\sqrt{\1}", text)
    text = _WHITE.sub(" ", text).strip().rstrip(".,;").strip()
    return _ABOUT.sub("", text)


def key(text: str) -> str:
    """What two texts share when they are the same but for spacing and redundant braces; of normalised text."""
    text = _INSIDE.sub(r"\1", text)
    text = _COMMAND_SPACE.sub(r"\1", text)
    text = _BRACED.sub(r"\1\2", text)
    while len(text) > 2 and text[0] == "{" and text[-1] == "}" and "{" not in text[1:-1] and "}" not in text[1:-1]:
        text = text[1:-1].strip()
    return text
