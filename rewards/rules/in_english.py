"""Translate Chinese, Japanese and Korean phrases about an option's letter to the English that `choice` reads.

Only phrases that state an answer, deny it, join two or call one right or wrong are translated; the rest stays.

Example:
    >>> in_english("答案是B。").strip()
    'answer is B.'
    >>> in_english("不选A，选B或C")
    ' not A,  choose B or C'
    >>> in_english("巴黎")
    '巴黎'
"""

from __future__ import annotations

import re

_SIGNS = str.maketrans(
    {"。": ". ", "、": ", ", "，": ", ", "；": "; ", "：": ": ", "（": "(", "）": ")", "【": "[", "】": "]"}
)
_FOREIGN = re.compile(r"[\u3001-\u9fff\uac00-\ud7af]")
_LETTER = r"(?=[\s(（\[【*`$]*[A-Za-zＡ-Ｚａ-ｚ](?![A-Za-z]))"
_WOULD = r"(?:应该|应当|应|该|能够|能|可以|可|会|要|是){0,3}"
_WORDS = re.compile(
    r"(?=[不没沒勿别無无是而并非排除正最的【答정选選或还也ま또以和与及都错对因所故で입])"  # first characters
    rf"(?:(?P<not>(?:不|[没沒]有?|勿|别|無|无){_WOULD}(?:选择?|選択?)|不是|而非|并非|(?:非|排除|除了?){_LETTER})"
    rf"|(?P<answer>(?:正确|最终|最佳)?的?【?(?:答案|正解|答え|정답)】?)(?P<answer_is>\s*{_WOULD}(?:是|为|為|选|選|は|은|:|：))?"
    r"|(?<=[A-ZＡ-Ｚ])(?:选项|選項|です|입니다)"
    r"|(?P<option>选项|選項)(?P<option_is>\s*(?:是|为|為|:|：))?"
    rf"|(?P<choose>(?:选择?|選択?|選擇){_LETTER})"
    r"|(?P<or>或者?|还是|也(?:可以|可能)?是?|または|또는)"
    r"|(?P<and>以及|[和与及])"
    r"|(?P<wrong>都?是?(?:错误|错|不正确|不对)的?)"
    r"|(?P<right>都?是?(?:正确|对)的?(?!答案|选项))"
    r"|(?P<so>因此|所以|故))"
)
_ENGLISH = {
    "not": " not ",
    "answer": " answer ",
    "answer_is": " answer is ",
    "option": " option ",
    "option_is": " option is ",
    "choose": " choose ",
    "or": " or ",
    "and": " and ",
    "wrong": " is wrong ",
    "right": " is correct ",
    "so": " so ",
    None: "",
}


def in_english(text: str) -> str:
    """The text with those phrases in English. Runs in linear time."""
    if text.isascii() or _FOREIGN.search(text) is None:
        return text
    return _WORDS.sub(lambda word: _ENGLISH[word.lastgroup], text).translate(_SIGNS)
