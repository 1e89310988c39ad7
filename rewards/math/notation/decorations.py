r"""Remove decoration from formulas: colours, struts, wrappers and low-level TeX; normalise vector arrows.

An arrow distinguishes a vector from a number with the same letter. Bold letters are decoration, unless the text also
has the letter in plain. On the left of `=`, if the right side has no arrows, the arrow is dropped.

Example:
    >>> undressed(r"\smash{\color{red} \root 3 \of 2}")
    '{  \\sqrt[3]{2}}'
    >>> arrowed(r"2\vec a + \overrightarrow{b}"), arrowed(r"\vec v = (1, 2)")
    ('2\\vec{a} + \\vec{b}', ' v  = (1, 2)')
"""

from __future__ import annotations

import re

from rewards.math.notation.siunitx import measured

_UNSEEN = re.compile(
    r"\\[hv]?phantom\s*(?:\{[^{}]*\}|.)|\\label\s*\{[^{}]*\}|\\tag\s*\{[^{}]*\}|\\color\s*\{[^{}]*\}"
    r"|\\(?:math)?strut(?![a-zA-Z])"
    r"|\\(?:relax|nobreak|allowbreak|nolinebreak|nonumber|notag|hfil|bgroup|egroup|begingroup|endgroup|protect"
    r"|neg(?:thin|med|thick)space)(?![a-zA-Z])"
)
_WRAPPING = re.compile(
    r"\\(?:textcolor\s*\{[^{}]*\}|colorbox\s*\{[^{}]*\}|bbox\s*(?:\[[^\]]*\])?"
    r"|(?:smash|mathop|mathord|mathbin|mathrel|mathinner|substack|rlap|framebox)(?=\s*\{))"
)
_UPRIGHT_D = re.compile(  # in a derivative or integral
    r"(?<=frac)\s*\{\s*\\(?:mathrm|text|operatorname)\s*\{d\}(?=\s*(?:\}|\^))"
    r"|\\(?:mathrm|text|operatorname)\s*\{d\}(?=\s*[a-z](?![a-zA-Z]))"
)
_BARE_UPRIGHT_D = re.compile(r"\\mathrm\s+d(?=[a-zA-Z](?![a-zA-Z])|\s*[}^])")
_BRACED_REMARK = re.compile(r"\\(?:under|over)brace\s*(\{(?:[^{}]|\{[^{}]*\})*\})\s*[_^]\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_SURD = re.compile(r"\\surd(?![a-zA-Z])\s*(\d+)?")
_ROOT_OF = re.compile(r"\\root\s*\{?\s*(\d+|[a-z])\s*\}?\s*\\of(?![a-zA-Z])\s*(\d+)?")
_FRACTION = re.compile(r"\\genfrac\s*\{\s*\}\s*\{\s*\}\s*\{(?!\s*0)[^{}]*\}\s*\{[^{}]*\}")
_BINOMIAL = re.compile(r"\\genfrac\s*\{\s*\(\s*\}\s*\{\s*\)\s*\}\s*\{[^{}]*\}\s*\{[^{}]*\}")
_UPRIGHT_FRACTION = re.compile(  # `\mathrm{\frac{m}{s}}`
    r"\\(?:mathrm|text|textrm|mathsf)\s*\{\s*\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}\s*\}"
)
_BASE = re.compile(r"(?<![}\]a-zA-Z^_])\{\s*([a-zA-Z])\s*\}(?=\s*_)")
_INDEX = r"(\{[^{}]*\}|\w)"
_RAISED_FIRST = re.compile(
    rf"((?<![a-zA-Z\\])[a-zA-Z]|\\(?:sum|prod|int)(?![a-zA-Z])\s*)\^\s*{_INDEX}\s*_\s*{_INDEX}(?!\s*\^)"
)

_PRIMES = re.compile(r"(?:(?<=[a-zA-Z}])|(?<=_\d))\s*\^\s*(?:\{\s*(?:\\prime\s*)+\}|\\prime(?![a-zA-Z])\s*)")
_ROMAN = re.compile(r"\{\s*\\rm(?![a-zA-Z])\s*([^{}\\]*(?=\}))|\\rm\s*\{")
_SCRIPT_NAME = re.compile(r"\\(?:mathcal|mathscr)\s*(?:\{\s*([A-Z])\s*\}|\s([A-Z]))(?=\s*(?:\\left\s*)?\()")
_FONT_OF_ONE = re.compile(r"\\(mathrm|mathsf|mathit|mathnormal)\s+([a-zA-Z])(?![a-zA-Z])")

_LETTER = r"\s*(?:\{\s*([a-zA-Z0])\s*\}|(?<=\s)([a-zA-Z0]))"
_ARROW = re.compile(rf"\\(?:vec|overrightarrow){_LETTER}")
_BOLD = re.compile(rf"\\(?:mathbf|boldsymbol|bm|pmb){_LETTER}")
_BETWEEN_POINTS = re.compile(r"\\vec\s*\{\s*([A-Z]\s?[A-Z])\s*\}")
_CROSSED, _BOLD_CROSSED = (re.compile(rf"{one.pattern}\s*\\times\s*{one.pattern}") for one in (_ARROW, _BOLD))
_NO_LETTER = re.compile(rf"{_BOLD.pattern}|\\(?:text|mathrm|mbox|begin|end)\s*\{{[^{{}}]*\}}|\\[a-zA-Z]+")


def undressed(text: str) -> str:
    """Remove invisible and wrapping commands, and convert roots and fractions of plain TeX to LaTeX."""
    text = measured(_WRAPPING.sub("", _UNSEEN.sub(" ", text)).replace("smallmatrix", "matrix"))
    if "\\rm" in text:
        text = _ROMAN.sub(lambda roman: r"\mathrm{" + (roman[1] or ""), text)
    if "{d}" in text:
        text = _UPRIGHT_D.sub(lambda d: "{d" if d[0].lstrip().startswith("{") else " d", text)
    if "\\mathrm " in text:
        text = _BARE_UPRIGHT_D.sub(" d", text)
    if "brace" in text:
        text = _BRACED_REMARK.sub(r"\1", text)
    text = _FONT_OF_ONE.sub(r"\\\1{\2}", text)
    if "\\math" in text:  # `\mathcal{O}(n)`, `\mathcal{N}(0, 1)`
        text = _SCRIPT_NAME.sub(lambda name: name[1] or name[2], text)
    if "\\surd" in text or "\\root" in text:
        text = _ROOT_OF.sub(lambda root: rf"\sqrt[{root[1]}]" + (f"{{{root[2]}}}" if root[2] else ""), text)
        text = _SURD.sub(lambda root: rf"\sqrt{{{root[1]}}}" if root[1] else r"\sqrt ", text)
    if "frac" in text:
        text = _UPRIGHT_FRACTION.sub(_upright, text)
    if "\\genfrac" in text:
        text = _BINOMIAL.sub(r"\\binom", _FRACTION.sub(r"\\frac", text))
    return text


def _upright(fraction: re.Match[str]) -> str:
    top, bottom = (re.sub(r"([a-zA-Z]+)", r"\\mathrm{\1}", part) for part in fraction.groups())
    return rf"\frac{{{top}}}{{{bottom}}}"


def indexed(text: str) -> str:
    r"""Rewrite `x^2_1` and `{x}_1^2` as `x_1^2`, and `f^\prime` and `x_1^\prime` as `f'` and `x_1'`."""
    if "\\prime" in text:
        text = _PRIMES.sub(lambda primes: "'" * primes[0].count("prime"), text)
    if "_" not in text:
        return text
    if "}" in text:
        text = _BASE.sub(r"\1", text)
    return _RAISED_FIRST.sub(r"\1_\3^\2", text) if "^" in text else text


def arrowed(text: str) -> str:
    r"""Write vectors as `\vec{a}`, cross products as `\cross`; make bold letters plain if the plain letter does not
    occur.
    """
    name, equals, value = text.rpartition("=")
    if equals and _ARROW.search(value) is None:
        text = _ARROW.sub(_plain, name) + equals + value
    elif "\\times" in text and not equals:
        text = _CROSSED.sub(_cross, _BOLD_CROSSED.sub(_cross, text))
    text = _BETWEEN_POINTS.sub(r"\\overrightarrow{\1}", _ARROW.sub(_arrow, text))
    if _BOLD.search(text) is None:
        return text
    beside = frozenset(_NO_LETTER.sub(" ", text))
    return _BOLD.sub(lambda bold: (_arrow if (bold[1] or bold[2]) in beside else _plain)(bold), text)


def with_arrows(text: str) -> str:
    """Put an arrow on each bold letter, for comparison with a text that uses arrows."""
    return _BOLD.sub(_arrow, text)


def has_arrows(text: str) -> bool:
    return "\\vec" in text or "\\overrightarrow" in text


def _plain(letter: re.Match[str]) -> str:
    return f" {letter[1] or letter[2]} "


def _arrow(letter: re.Match[str]) -> str:
    return rf"\vec{{{letter[1] or letter[2]}}}"


def _cross(pair: re.Match[str]) -> str:
    """The cross product of two vectors, which is not commutative."""
    first, second = filter(None, pair.groups())
    return rf" \cross{{\vec{{{first}}}}}{{\vec{{{second}}}}} "
