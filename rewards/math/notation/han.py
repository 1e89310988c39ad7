r"""Translate Chinese units, conjunctions, choices and truth values in an answer: `6\text{千米}`, `2或3`, `故选C`, `是`.

Counters (`12个`) are removed; unknown words stay, and are compared as text.

Example:
    >>> in_english("x≥1且x≠2"), in_english(r"6\text{千米}"), in_english("故选：C")
    ('x≥1 and x≠2', '6\\text{ km }', 'C')
"""

from __future__ import annotations

import re

from rewards.math.late import late
from rewards.math.lexicon import meanings

_HAN = late(r"[\u3400-\u9fff]")
_LEAD = late(
    r"(\\text\s*\{\s*)?(?:故|所以|因此|综上|则|即)?[，,]?(?:本题|正确|最终|最后)?的?(?:答案|选项|应选|选择|选)(?:是|为|选)?\s*[：:]?\s*(\}?)"
)
_TRUTHS = {
    **dict.fromkeys(("是", "是的", "对", "正确", "成立", "真"), "true"),
    **dict.fromkeys(("否", "不是", "不对", "不正确", "错误", "错", "不成立", "假"), "false"),
}
_JOINS = ((late("或者?"), " or "), (late("并且|以及|[且和与及]"), " and "))
_UNIT_NAMES = meanings(
    """
square km: 平方千米 平方公里, square m: 平方米, square dm: 平方分米, square cm: 平方厘米,
cubic m: 立方米, cubic dm: 立方分米, cubic cm: 立方厘米, km/h: 千米每小时 千米/时 千米/小时,
m/s: 米每秒 米/秒, km: 千米 公里, dm: 分米, cm: 厘米, mm: 毫米, nmi: 海里, m: 米, kg: 千克 公斤,
mg: 毫克, g: 克, tonnes: 吨, mL: 毫升, L: 升, ha: 公顷, minutes: 分钟, hours: 小时,
seconds: 秒钟 秒, days: 天, weeks: 周, months: 个月, years: 年, years old: 岁,
dollars: 美元, euros: 欧元, yen: 日元, gbp: 英镑, yuan: 人民币 元, degrees: 度
"""
)
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
