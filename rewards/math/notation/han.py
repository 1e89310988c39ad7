r"""Translate Chinese units, conjunctions, choices and truth values in an answer: `6\text{千米}`, `2或3`, `故选C`, `是`.

Counters (`12个`) are removed; unknown words stay, and are compared as text.

Example:
    >>> in_english("x≥1且x≠2"), in_english(r"6\text{千米}"), in_english("故选：C")
    ('x≥1 and x≠2', '6\\text{ km }', 'C')
"""

from __future__ import annotations

import re

from rewards.math.late import late

_HAN = late(r"[\u3400-\u9fff]")
_LEAD = late(
    r"(\\text\s*\{\s*)?(?:故|所以|因此|综上|则|即)?[，,]?(?:本题|正确|最终|最后)?的?(?:答案|选项|应选|选择|选)(?:是|为|选)?\s*[：:]?\s*(\}?)"
)
_TRUTHS = {
    **dict.fromkeys(("是", "是的", "对", "正确", "成立", "真"), "true"),
    **dict.fromkeys(("否", "不是", "不对", "不正确", "错误", "错", "不成立", "假"), "false"),
}
_JOINS = ((late("或者?"), " or "), (late("并且|以及|[且和与及]"), " and "))
_UNIT_NAMES = {
    "平方千米": "square km",
    "平方公里": "square km",
    "平方米": "square m",
    "平方分米": "square dm",
    "平方厘米": "square cm",
    "立方米": "cubic m",
    "立方分米": "cubic dm",
    "立方厘米": "cubic cm",
    "千米每小时": "km/h",
    "千米/时": "km/h",
    "千米/小时": "km/h",
    "米每秒": "m/s",
    "米/秒": "m/s",
    "千米": "km",
    "公里": "km",
    "分米": "dm",
    "厘米": "cm",
    "毫米": "mm",
    "海里": "nmi",
    "米": "m",
    "千克": "kg",
    "公斤": "kg",
    "毫克": "mg",
    "克": "g",
    "吨": "tonnes",
    "毫升": "mL",
    "升": "L",
    "公顷": "ha",
    "分钟": "minutes",
    "小时": "hours",
    "秒钟": "seconds",
    "秒": "seconds",
    "天": "days",
    "周": "weeks",
    "个月": "months",
    "年": "years",
    "岁": "years old",
    "美元": "dollars",
    "欧元": "euros",
    "日元": "yen",
    "英镑": "gbp",
    "人民币": "yuan",
    "元": "yuan",
    "度": "degrees",
}
_BEHIND = r"(?<=[\d}{%a-z)π\s])"
_ENDS = r"(?=\s*(?:\}|[。.，,、;；]|$| ))"
_UNITS = late(rf"{_BEHIND}(?:{'|'.join(sorted(_UNIT_NAMES, key=len, reverse=True))}){_ENDS}")
_COUNTED = late(rf"{_BEHIND}(?:[个人名位种只条本张棵株辆台件支颗块页组层题根朵袋箱盒瓶杯场项次](?:方法|情况)?){_ENDS}")
_SCALED = late(r"(?<=\d)\s*(\\text\s*\{\s*)?([万亿])")
_ZEROS = {"万": 4, "亿": 8}
_ONLY = late(r"[\u3400-\u9fff\s·]+")


def in_english(text: str) -> str:
    """The text with known Chinese words in English."""
    if _HAN.search(text) is None:
        return text
    bare = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", text).strip(" 。.$")
    if bare in _TRUTHS:
        return _TRUTHS[bare]
    if (lead := _LEAD.match(text)) is not None and lead.group().strip():
        text = ((lead[1] or "") if not lead[2] else "") + text[lead.end() :]
    text = _SCALED.sub(lambda scale: rf"\times 10^{{{_ZEROS[scale[2]]}}}{scale[1] or ''}", text)
    text = _COUNTED.sub("", _UNITS.sub(lambda unit: f" {_UNIT_NAMES[unit.group()]} ", text))
    for word, english in _JOINS:
        text = word.sub(english, text) if not _ONLY.fullmatch(text) else text
    return text


def is_word(text: str) -> bool:
    """Whether the text consists of Chinese characters only."""
    return _ONLY.fullmatch(text) is not None
