r"""Adds what belongs to the answer but is written outside its box: a sign before it; a scale, unit, percent or "or"
after.

`\boxed{5} m` is five metres, `-\boxed{5}` is -5, and `\boxed{5}\text{ or }6` is a hedge. A scale, π, a root or an
exponent after the box gives two readings, because the box may hold what is asked while the sentence gives the full
value: `\boxed{5}$ million` is 5,000,000 and also 5. Prose that merely follows the box does not belong to the answer.

Example:
    >>> completed("5", r"So $x = -", r"\text{ cm}$.")
    ('-5\\text{ cm}', None)
    >>> completed("25", "", r"\pi$.")
    ('25\\pi', '25')
"""

from __future__ import annotations

import re

from rewards.math.extract.abroad import OR_ABROAD
from rewards.math.extract.claims import is_stated
from rewards.math.extract.in_formula import around, strictly_bounding
from rewards.math.extract.modified import changed_from
from rewards.math.extract.offered import offered_behind, offered_besides
from rewards.math.extract.pairs import joined_before, joined_behind
from rewards.math.late import late
from rewards.math.lexicon import SCALES
from rewards.math.units import read_unit

_LOOKED_AT = 60
_LONGEST_NAME = 3
_LONGEST_GROUP = 3
_SHORTEST_OFFER = len(". Or 5")
_SIGN = late(  # not the mark of a list item: `- \boxed{5}`
    r"(?:(?:(?:=|\$\$|\\\(|\\\[|&)(?!\s*\n\s*\n)\s*|\$[^\S\n]*)(-|−|\\pm(?![a-zA-Z])|\\mp(?![a-zA-Z])|±)\s*"
    r"|(?:\A|[\n:])[^\S\n]*(-|−|±|\\(?:pm|mp)(?=\s*\Z))(?:(?<=[m±])\s*)?)\Z"
)
_SIGN_OUTSIDE = late(
    r"(?:\b(?:is|be)\s+(?:-|−|±|negative|minus)|(?:\A|[.:\n])[^\S\n]*(?:negative|minus)\b)\s*\$?\s*\Z", re.IGNORECASE
)
_PART_BEFORE = late(r"(?<![\w.,/])(?:(\d{1,9})\s?/|(√))\s?\$?\s*\Z")
_COMPARED = late(
    r"(?:[\w)}$]\s*\$?\s*(?:[<>]|\\[lg]t)|\b(?:just|slightly|somewhat|well|strictly|a\s(?:bit|little))\s(?:above|below|over|under)"
    r"|(?<!\bno )(?<!\bnot )\b(?:greater|more|less|larger|smaller|fewer|higher|lower)\s+than"
    r"|(?:\A|\n)\W*(?:at\s(?:least|most)|no\s(?:more|less|fewer)\sthan|up\sto)|\banswer\s+is\s+(?:at\s(?:least|most)|up\sto|\$?(?:[a-z]\s*)?(?:[≥≤]|\\[lgn]eq?)))[\s$(]*\Z",
    re.IGNORECASE,
)
_AROUND = " \n\t$(*"
_AROUND_A_WORD = _AROUND + ":,"  # "Probably: "
_CHANGING = (
    *("<", ">", "\\lt", "\\gt", "≥", "≤", "\\le", "\\ge", "\\ne", "eq", "than", "least", "most", "to"),
    *("above", "below", "over", "under"),
    *("/", "√", "-", "−", "±", "negative", "minus"),
)
_EXCEPTING = late(r"\b(?:every|any|no)thing\s(?:but|except(?:\sfor)?)[\s$*(]*\Z", re.IGNORECASE)
_MADE_OF_IT = late(  # "x is half of ", where no number stands before it
    r"(?:\A|[.!?\n])\s*(?:(?:now|then|next),?\s)?(?:subtract|add|take)\s[^.,;\n]{1,30}\s(?:from|to)[\s$*(]*\Z"
    r"|(?:\A|[.!?:\n]|\b(?:is|are|be|was|equals))\s*(?:the\s|a\s|not\s)?(?:(?:twice|thrice|half|double|triple)(?:\sof)?"
    r"|(?:square|cube|reciprocal|negative|opposite|double|half|complement)\sof)[\s$*(]*\Z",
    re.IGNORECASE,
)
_AMONG = late(  # "possible answers include ", "it is one of 18, 24, "
    r"\banswers?\sincludes?[\s$*(]*\Z|\bone\sof\s(?:[$*(]*-?[\d./]+[$*)]*,\s*)+(?:and\s|or\s)?[\s$*(]*\Z", re.IGNORECASE
)
_PERHAPS = ("probably", "maybe", "perhaps", "possibly", "presumably", "likely")
_DOUBTING = (" be", *_PERHAPS)
_MAYBE = late(  # "it might be ", "Probably "
    r"\b(?:may|might|could)\s(?:well\s|also\s|possibly\s)?be[\s$*(]*\Z"
    r"|(?:\A|[.!?\n])\W*(?:so,?\s)?(?:it(?:['’]s|\sis)\s|(?:the|my)\s(?:final\s)?answer\sis\s)?(?:most\s)?"
    rf"(?:{'|'.join(_PERHAPS)})[\s$*(:,]*\Z",
    re.IGNORECASE,
)
_MAKING = ("of", "from", "to", "twice", "thrice", "half", "double", "triple")
_TAG = late(r"<[^<>\n]{0,20}>[\s$]*\Z")
_RANGE_BEFORE = late(r"\b(?:from|between)[\s$(]*\Z", re.IGNORECASE)
_NUMBER = r"\$?-?\d(?:[\d.,/]*\d)?\$?"
_FORMULA = r"\$[^$\n]{1,40}\$"
_RANGE_BEHIND = late(rf"[\s$)]*(?:to|and)\s+{_NUMBER}", re.IGNORECASE)
_IN_WORDS = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred)\b"
_REST = (
    r"/\s*\d|\d+/\d+|\+\s*(?:[.,;$]|\n|\Z)|and\s+a\s+(?:half|third|quarter)\b|,?\s*\bor\s+(?:more|less|fewer|else|so)\b"
    rf"|give\s+or\s+take\b|plus\s+or\s+minus\b|(?:plus|minus|less)\s+(?:one\b|{_IN_WORDS}|\$?\d)"
    r"|at\s+(?:most|least)\s*(?:[.,;\n]|\Z)"
)
_RANGE = (
    rf"[–—]\s*or\b|\$?\s?[–—]\s?\$?\d|\$?\s+(?:to|through)\s+{_IN_WORDS}"
    rf"|\$?\s+to\s+{_NUMBER}\s*(?:[.;]\s|[.;]?\Z)"
)
_MEMBER = r",\s*\$?-?\d[\d.]*\s*(?:\\\}|\]|\$?\s*[.;]?\s*(?:\n|\Z))"  # `\{\boxed{6}, 7\}`
_TAKEN_BACK = (
    r"\(?\?[?\s$*)]*\Z|\?+\s*(?:no|nope|wrong|not|impossible)\b|[?.]+\s*I(?:['’]m|\sam)\snot\s(?:at\sall\s|quite\s|entirely\s)?(?:sure|certain)\b|is\s+what\s+(?:you|one|we|they|I)(?:\s+would|['’]d)\b"
    r"|would\s+(?:be|have\s+been)\b[^.!?\n]*\b(?:if|but|without|unless|had|were)\b"
)
_OTHER = (
    rf",\s*(?:{_NUMBER},\s+)*{_NUMBER},?\s+or\s+{_NUMBER}|,?\s*(?:but\s+{_NUMBER}\s+also|and\s+also\s+{_NUMBER})\b|\((?:(?:or|but|alternatively|maybe|perhaps),?\s)?(?:{_NUMBER}|{_FORMULA})\s+(?:if|when|counting|including|excluding)\b"
    rf"|,?\s*(?:but|though|although|while)\s(?:my|our)\s(?:own\s)?\w+\s(?:gives?|gave|yields?|says?|is|was)\s(?:{_NUMBER}|{_FORMULA})"
    r"|is\sone\b[^.\n]{0,40}[;,.]\s(?:and\s)?[^.;\n]{1,40}\sis\s(?:the\s)?(?:an)?other\b"
    rf"|and/or\b|;\s*alternatively\b|,?\s*(?:but|though|although)\s+{_NUMBER}\s+(?:is|could|may|might|would)\b[^.\n]{{0,30}}"
    r"\b(?:possible|also|too|acceptable|as\swell)\b"
)
_CASES = (
    rf",?\s*with\b[^.!?\n]{{1,40}},\s+{_NUMBER}\s+without\b"
    r"|[,;]?\s*\(?(?:but\s)?(?:if|when|for|provided|except|unless|assuming)\b[^.!?\n]*?"
    rf"(?:(?:\belse|\botherwise|\band|\bthen|\)\s+or|[,;])\s+(?:it\s+is\s+|then\s+)?{_NUMBER}\s*\(?(?:\b(?:if|when|for|otherwise|assuming)\b|[.\n]|\Z)"
    rf"|\bit\s+is\s+{_NUMBER})|,?\s*\(?unless\s"
)
_MORE = late(rf"[\s$*)]*(?:{_REST}|{_RANGE}|{_MEMBER}|{_TAKEN_BACK}|{_OTHER}|{_CASES})", re.IGNORECASE)
_RATIO = late(r"\s?\$?\s?:\s?\$?(?P<other>\d+(?:\.\d+)?)(?!\w)")  # `\\boxed{7} : 9`
_REST_OF_IT = late(r"(?:,\d{3})+(?!\d)|\\[dt]?frac\s?(?:\{\d+\}\{\d+\}|\d\d)")  # `\\boxed{8},000`, `\\boxed{8}\\frac12`
_NAME = late(r"(?![eiI]\Z)[a-zA-Z]|[A-Z]{2,3}")
_VALUE_OF_IT = late(  # `\\boxed{x}$, where $x = 8$`
    r"[\s$]*(?:,?\s*\(?(?:where|with)\s\$?(?P<name>[a-zA-Z]+)\s*)?=\s*"
    r"(?P<value>[-−]?(?:\d(?:[\d.,/]*\d)?|\\[dt]?frac\{\d+\}\{\d+\}|\\sqrt\{\d+\}))[\s$).]*(?:\Z|\n|\s[A-Z])"
)
_AND_ANOTHER = late(
    rf"(?:\^\{{?\\circ\}}?|°|\\?%)?[\s$)]*and\s+({_NUMBER})(?:\^\{{?\\circ\}}?|°|\\?%)?\$?\s*(?:[.;\n]|\Z)",
    re.IGNORECASE,
)
_AND_A_FORMULA = late(rf"[\s$)]*\band\s+({_FORMULA})\s*(?:[.;\n]|\Z)")  # behind "are"
_BUT_IT_IS = late(
    r"[\s$*)]*,?\s+(?:but|though|although|while)\s(?P<clause>[^,;.\n]{0,60}\b(?:it|the\s(?:\w+\s)?answer)\s(?:is|equals)\s)"
    rf"[*]*(?P<value>{_NUMBER}|{_FORMULA})",
    re.IGNORECASE,
)
_NAME_BEFORE = late(r"\banswer is \$?([a-zA-Z])\s*=\s*\$?\s*\Z")
_NAME_BEHIND = late(rf"[\s$]*(?:,|and)\s*\$?\s*([a-zA-Z])\s*=\s*({_NUMBER})\s*(?:[.;\n]|\Z)")
_SIGNS = ("-", "−", "\\pm", "\\mp", "±")
_PLAIN = late(r"(?:[\d\s.,/{}()^$+-]|\\(?:[dt]?frac|sqrt|pi|cdot|times|left|right|\$|,|!)(?![a-zA-Z]))+")
_MARK = late(
    r"(?:\s|\\[,;! ]|\$(?=\s?°))*"
    r"(\^\s*\{?\s*\\circ\s*\}?(?:\s*(?:\\(?:text|mathrm)\s*\{\s*)?[CF]\b\}?)?|°(?:\s?[CF]\b)?|\\?%)"
)
_CLOCK = late(r"\d{1,2}:\d{2}")
_HALF = late(r"(?:[\s$*~)]|\\text\s*\{)*([ap])\.?\s?m\b", re.IGNORECASE)
_RAISED = str.maketrans({"²": "^2", "³": "^3"})
_ENDS = r"(?=\s*(?:[$.,;:!?)\]\n]|\\[)\],;! ]|\\(?:text|mbox|mathrm)(?![a-zA-Z])|\Z))"
_FACTOR = late(
    rf"(?:\s|\\[,;! ])*(\\pi(?![a-zA-Z])|π|\\sqrt\s*(?:\{{[^{{}}\\]*\}}|\d)|\^\s*(?:\d|\{{\s*-?\d+\s*\}})){_ENDS}"
)
_BASE = late(r"\s?_\s?(?:\d{1,2}(?!\d)|\{\s*(?:\d{1,2}|\\text\s*\{\s*[a-z]+\s*\})\s*\})")
_APART = r"(?:[$*~\s]|\\\)|\\\]|\\[,; ]|\\(?:text|mathrm|mbox|textrm)\s*\{)*"
_SCALE = late(rf"{_APART}({'|'.join(SCALES)})(?![a-zA-Z])\s*\}}?", re.IGNORECASE)
_PERCENT = late(rf"{_APART}(?:percent|per cent)(?![a-zA-Z])\s*\}}?", re.IGNORECASE)
_UNIT = late(
    r"""(?:[$*~]|\\\)|\\[,; ])*\s?
    (?:\\(?:text|mathrm|mbox|textrm)\s*\{\s*(?P<set>[a-zA-Z][a-zA-Z /]*)\}(?P<power>\s*\^\s*\{?[23]\}?)?
      |(?P<plain>(?:(?:square|sq\.?|cubic|cu\.?)\s)?[a-zA-Z]+(?:/[a-zA-Z]+|\^[23]|[²³]|\s(?:squared|cubed)\b|\sper\s[a-z]+)?))
    (?P<end>[\s$*~)\\]*(?:[.,;:!?)\]\n]|\Z)|\b)""",
    re.VERBOSE,
)
_AMBIGUOUS = frozenset(
    ("in", "a", "as", "am", "min", "mi", "second", "seconds", "mo", "degree", "pound", "quarter", "do")
)
_FEWEST_LETTERS = 4
_OR_SO = (
    rf"(?:(?:or|else|otherwise|possibly|perhaps|maybe|alternatively)\b|(?:{OR_ABROAD})(?![a-zA-Z]))"
    r"(?:,?\s+(?:maybe|perhaps|possibly|alternatively|even)\b)?"
)
_OR = late(
    rf"[\s$*)]*[,;]?\s*\(?(?:\\text\s*\{{\s*)?{_OR_SO}\s*\}}?[\s$*(]*(?:[a-zA-Z]\s*=\s*)?"
    r"([-+−]?\\?\$?\s*(?:(?:\d[\d.,/]*\d|\d)(?:\s+\d+/\d+)?)?(?:\s*\\[dt]?frac\s*\{[^{}]*\}\s*\{[^{}]*\})?"
    r"(?:\\sqrt\s*(?:\{[^{}]*\}|\d)|\\pi)?(?:\s*\\?%|\s*°)?)(?![\d^*/=\\+-]|\s*[\^*/=+-])[$)]*(?P<behind>\s*[a-zA-Z]+)?"
)
_OR_FORMULA = late(
    rf"[\s$*)]*[,;]?\s*\(?(?:{_OR_SO}\s*\$((?:\\\$|[^$\n]){{1,80}})\$"
    # `\quad \text{(or } 35\%\text{)}`, still in the formula of the box
    rf"|(?:\\q?quad(?![a-zA-Z])|\\[,;! ]|[\s(])*\\(?:text|mbox|mathrm)\s*\{{[\s(]*{_OR_SO}\s*\}}"
    r"((?:\\\$|[^$\n]){1,80}?)(?:\\(?:text|mbox|mathrm)(?![a-zA-Z])|\$|\\\]|\\\)|\n|\Z))"
)
# The rest of a point that the box is one coordinate of: `(\boxed{5}, 6)`.
_POINT_BEFORE = late(  # or the end of an interval: `[0, \boxed{5}]`
    r"(?:(?<![a-zA-Z\d)}])|(?<=\\left)|(?<![a-zA-Z])(?<=[A-Z]))(\(|(?<!\\)\[|\\\{)\$?((?:[^()\[\]$,\n]{1,20},)*)\s*\Z"
)
_POINT_BEHIND = late(r"[\s$]*((?:,[^()\[\]$,\n]{1,20})*?)\s*(?:\\right\s*)?([)\]]|\\\})")
_WORD = late(r"(?<![a-zA-Z\\])[a-zA-Z]{2,}")
_HEDGING = late(r"maybe|perhaps|possibly|alternatively")


def completed(content: str, before: str, behind: str) -> tuple[str, str | None]:
    """The content of a box with what belongs to it; and, if a scale or factor follows, the content without it."""
    near = before[-_LOOKED_AT:]
    ending = near.rstrip(_AROUND_A_WORD).lower()
    if ending.endswith(_CHANGING) and (changed := _changed(content, near, behind)) is not None:
        return changed, None
    if (value := _value_of(content, behind)) is not None:
        return f"{content} = {value}", content
    if (whole := around(content, before, behind)) is not None:
        return whole
    if _is_part_of_several(near, ending):
        return rf"{content} \text{{ or }} \ldots", None
    content = _signed(content, before, near)
    if (offered := joined_before(before)) is not None:
        return rf"{offered} \text{{ or }} {content}", None
    if (offered := joined_behind(before, behind)) is not None:
        return rf"{content} \text{{ or }} {offered}", None
    shown = behind[:_LOOKED_AT]
    if (point := _point(content, before, shown)) is not None:
        return point, None
    if len(behind) > _SHORTEST_OFFER and (offered := offered_behind(behind)) is not None:
        return rf"{content} \text{{ or }} {offered}", None
    next_mark = shown.lstrip("$*)\\]")[:1]
    if next_mark in ("", ".", "\n"):
        return content, None
    if (besides := offered_besides(before, behind)) is not None:
        return rf"{content} \text{{ or }} {besides}", None
    if (extended := _extended(content, near, behind)) is not None:
        return extended, None
    if (other := _alternative(behind, content)) is not None:
        return rf"{content} \text{{ or }} {other}", None
    if _CLOCK.fullmatch(content) and (half := _HALF.match(shown)) is not None:
        return f"{content} {half[1]}.m.", None
    if next_mark == "," or not _PLAIN.fullmatch(content):
        return content, None
    return _continued(content, shown)


def _value_of(content: str, behind: str) -> str | None:
    """The value that the text behind a box gives to the name in the box."""
    is_name = len(content) <= _LONGEST_NAME and content.isalpha() and _NAME.fullmatch(content) is not None
    found = _VALUE_OF_IT.match(behind) if is_name else None
    return None if found is None or found["name"] not in (None, content) else found["value"]


def _is_part_of_several(near: str, ending: str) -> bool:
    """Whether the words before a box say that it is only a part of the answer, made from it, one of several, or
    that it only may be the answer.
    """
    if ("answer" in near or "thing" in near) and _is_part(near):
        return True
    if ending.endswith(_MAKING) and (made := _MADE_OF_IT.search(near)) is not None:
        line = near[near.rfind("\n", 0, made.start() + 1) + 1 : made.start()]
        if not any(mark.isdigit() for mark in line):
            return True
    if ending.endswith(_DOUBTING) and _MAYBE.search(near) is not None:
        return True
    return ("include" in near or "one of" in near) and _AMONG.search(near) is not None


def _signed(content: str, before: str, near: str) -> str:
    """The content with a sign or a currency sign that stands right before the box."""
    sign = _SIGN.search(near) if before.rstrip().endswith(_SIGNS) else None
    if sign is not None and content[:1] not in "-−":
        inner = f"({content})" if re.search(r"[-+±]|\\pm", content) else content
        mark = sign[1] or sign[2]
        content = f"{mark} {inner}" if mark.startswith("\\") else f"{mark}{inner}"
    return rf"\${content}" if near.endswith("\\$") and content[:1].isdigit() else content


def _continued(content: str, behind: str) -> tuple[str, str | None]:
    """A plain content with the mark, percent sign, base, factor, scale or unit that follows; and without factor or
    scale.
    """
    mark = _MARK.match(behind)
    if mark is not None:
        return f"{content}{mark.group(1)}", None
    if _PERCENT.match(behind):
        return f"{content}\\%", None
    if (base := _BASE.match(behind)) is not None:
        return content + base.group().strip(), content
    alone = content
    factor = _FACTOR.match(behind)
    if factor is not None:
        is_power = factor.group(1).startswith("^")
        content = f"({content}){factor.group(1)}" if is_power else f"{_bracketed(content)}{factor.group(1)}"
        behind = behind[factor.end() :]
    scale = _SCALE.match(behind)
    if scale is not None:
        content = rf"{content}\text{{ {scale.group(1).lower()}}}"
        behind = behind[scale.end() :]
    measured = _unit(behind)
    return content + measured, None if content == alone else alone + measured


def _changed(content: str, near: str, behind: str) -> str | None:
    """The content of a box that follows a sign, a fraction stroke, a root or a comparison."""
    if _COMPARED.search(near) is not None and _TAG.search(near) is None:
        return strictly_bounding(content, near, behind) or f"> {content}"
    if (part := _PART_BEFORE.search(near)) is not None:
        return rf"\frac{{{part[1]}}}{{{content}}}" if part[1] else rf"\sqrt{{{content}}}"
    if (outside := _SIGN_OUTSIDE.search(near)) is not None:
        return rf"\pm {content}" if "±" in outside.group() else f"-({content})"
    return None


def _is_part(near: str) -> bool:
    """Whether the sentence changes the value of the box: "the answer is twice", "everything except"."""
    if near.rstrip(_AROUND).endswith(" is"):
        return False
    changed = changed_from(near, len(near))
    return changed is not None and (_EXCEPTING.search(near) is not None or "answer" in near[:changed])


def _extended(content: str, near: str, behind: str) -> str | None:
    """The content of a box with the rest of its number, or another value, that follows it."""
    if len(content) <= _LONGEST_GROUP and content.isdecimal() and (rest := _REST_OF_IT.match(behind)) is not None:
        return content + rest.group()
    if (ratio := _RATIO.match(behind)) is not None and content[-1:].isdecimal():
        return f"{content}:{ratio['other']}"
    is_label = behind.lstrip("$*) ").startswith(":") and not any(map(str.isdigit, content))  # `\boxed{C}: 12`
    if (not is_label and _MORE.match(behind) is not None) or (
        _RANGE_BEHIND.match(behind) and _RANGE_BEFORE.search(near)
    ):
        return rf"{content} \text{{ or }} \ldots"
    if (another := _AND_ANOTHER.match(behind)) is not None:
        return f"{content}, {another[1].strip('$')}"
    if near.rstrip(_AROUND).endswith(" are") and (another := _AND_A_FORMULA.match(behind)) is not None:
        return f"{content}, {another[1].strip('$')}"
    instead = _BUT_IT_IS.match(behind)
    if instead is not None and instead["value"].strip("$") != content and is_stated(instead["clause"], ""):
        return rf"{content} \text{{ or }} \ldots"
    other = _NAME_BEHIND.match(behind)
    if other is not None and (name := _NAME_BEFORE.search(near)) is not None and name[1] != other[1]:
        return f"{name[1]} = {content}, {other[1]} = {other[2].strip('$')}"
    return None


def _point(content: str, before: str, behind: str) -> str | None:
    """The point or interval that the box is a coordinate or an end of."""
    near = before[-_LOOKED_AT:]
    is_begun = "(" in near or "[" in near or "\\{" in near
    if not is_begun or not behind.lstrip("$ \n").startswith((",", ")", "]", "\\right", "\\}")):
        return None
    left, right = _POINT_BEFORE.search(near), _POINT_BEHIND.match(behind)
    if left is None or right is None or not (left[2] or right[1]) or _WORD.search(left[2] + right[1]):
        return None
    return f"{left[1]}{left[2]}{content}{right[1]}{right[2]}"


def _alternative(behind: str, content: str) -> str | None:
    """The other value that an "or" offers, unless it is the same value in another unit or under a name."""
    formula = _OR_FORMULA.match(behind)
    if formula is not None:
        other: str = next(filter(None, formula.groups())).strip()
        if ("=" in other) <= ("=" in content):
            return other
    found = _OR.match(behind)
    if found is None or not re.search(r"\d|\\pi", found.group(1)):
        return None
    unit = read_unit((found["behind"] or "").strip())
    is_restated = unit is not None and bool(unit.dimension) and not _HEDGING.search(found.group())
    return None if is_restated else found.group(1)


def _bracketed(content: str) -> str:
    """A sum in brackets, so that it can be multiplied."""
    return f"({content})" if re.search(r"[-+]", content.lstrip("+-")) else content


def _unit(behind: str) -> str:
    found = _UNIT.match(behind)
    if found is None:
        return ""
    name = (found["set"] or found["plain"]).strip()
    unit = read_unit(name.translate(_RAISED))
    if unit is None or not unit.dimension:
        return ""
    if not found["set"]:
        ends = bool(found["end"].strip(" *~")) or behind[found.end() :].strip() == ""
        if not ends and (len(name) < _FEWEST_LETTERS or name.lower() in _AMBIGUOUS):
            return ""
    return rf"\text{{ {name}}}{(found['power'] or '').strip()}"
