r"""The turn of the model that a response holds, without the next turn, the model's own next question, and code.

A model that does not stop writes another exercise and its answer. That text is cut off if an answer stands before it
(a box, a tag, a line `#### N`, or one announced in words), and if no question precedes that answer.

Example:
    >>> turn("It is 4.<|im_end|>Is it 5?"), without_end_of_turn("It is </s>, isn't it?</s> <eos>")
    ('It is 4.', "It is </s>, isn't it?")
    >>> apart_from_next_turn("\\boxed{9}\n\nHuman: What is 3 + 1?\n\nAssistant: \\boxed{4}", str)
    ('\\boxed{9}', '\nHuman: What is 3 + 1?\n\nAssistant: \\boxed{4}')
    >>> apart_from_next_question("The answer is 9.\n\nQuestion: Tom has 12 pens.\nAnswer: 12")
    ('The answer is 9.', '\nQuestion: Tom has 12 pens.\nAnswer: 12')
    >>> apart_from_next_question("So it is 9.\n\nQuestion: Tom has 12 pens.\n#### 12")
    ('So it is 9.\n\nQuestion: Tom has 12 pens.\n#### 12', '')
    >>> without_code("So it is 3.\n```python\nprint(12)\n```")
    'So it is 3.\n'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from rewards.math.late import late

_END_OF_TURN = late(
    r"<\|(?:im_end|eot_id|endoftext|end_of_text|eom_id|end|return|eot|end_of_turn|END_OF_TURN_TOKEN|end_of_solution)\|>|</s>|<end_of_turn>|<eos>"
    r"|<｜end▁of▁sentence｜>"
)
_LONGEST_TOKEN = 24
_MAY_END = late(r"<(?:[|｜es]|/s)")
_CHANNEL = late(  # how gpt-oss thinks: `<|channel|>analysis<|message|>…<|end|>`, the answer in another channel
    r"<\|channel\|>\s*(?P<name>\w+)[^<]*<\|message\|>(?P<said>.*?)(?:<\|(?:end|return)\|>|(?=<\|channel\|>)|\Z)"
    r"(?:\s*<\|start\|>\s*assistant)?",
    re.DOTALL,
)
_NEXT_LABEL = late(
    r"\n[^\S\n]{0,20}(?:#{1,4}\s)?[*_]{0,2}(?:Human|User|Instruction)[*_]{0,2}:(?=[\s*_])|\n<\|(?:user|human)\|>"
)
_ANSWERED = late(r"\\f?boxed(?![a-zA-Z])|</answer>|####|\banswers?[*_]*\s?(?:is\b|are\b|:)", re.IGNORECASE)
_MOST = 4  # places that are tried; each takes time linear in the text before it
_BEGIN_OF_TURN = late(r"\[/?INST\]|<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>")


def turn(response: str) -> str:
    """The response up to the token that ends its turn or begins another one."""
    if _MAY_END.search(response) is None and not ("]" in response and "INST]" in response):
        return response
    if "<|channel|>" in response:
        response = _CHANNEL.sub(lambda one: f"{one['said']}<|return|>" if one["name"] == "final" else "", response)
    ended = _END_OF_TURN.search(response)
    text = response[: ended.start()] if ended else response
    if "<|" not in text and "<start" not in text and "INST]" not in text:
        return text
    start = 0
    for begun in _BEGIN_OF_TURN.finditer(text):
        if text[start : begun.start()].strip():
            return text[start : begun.start()]
        start = begun.end()
    return text[start:]


def without_end_of_turn(response: str) -> str:
    """The response without end-of-turn tokens at its end. Elsewhere in the response they may be text, and stay."""
    kept = end = len(response)
    while True:
        while end and response[end - 1].isspace():
            end -= 1
        begun = response.rfind("<", max(end - _LONGEST_TOKEN, 0), end)
        if begun < 0 or not _END_OF_TURN.fullmatch(response, begun, end):
            return response[:kept]
        kept = end = begun


def apart_from_next_turn(text: str, shown: Callable[[str], str | None]) -> tuple[str, str]:
    """The text up to a further turn of the user that follows an answer, and that turn with all after it, or "".

    A turn that begins with a token is left out, as is what follows a token that ends one.

    shown: the visible part of a text, without thoughts; None if nothing is visible.
    """
    is_labelled = ":" in text and ("User" in text or "Human" in text or "Instruction" in text)
    if not is_labelled and not ("|" in text and "<|" in text):
        return text, ""
    for found in islice(_NEXT_LABEL.finditer(text), _MOST):
        own = text[: found.start()]
        if (before := shown(own)) is not None and _ANSWERED.search(before) is not None:
            return own.rstrip(), "" if found[0].endswith(">") else text[found.start() :]
    return text, ""


# --- the next question; code ------------------------------------------------------------------------------------------

_ASKING = r"q|question|problem|exercise|example"
_MORE = r"extension|follow-?up|bonus(?:\squestion)?|challenge|variation"
_LINE = r"[^\S\n]{0,20}[#*_>–—-]{0,9}[^\S\n]{0,9}"
_NUMBERED = r"(?:\s\d{1,3})?\s?[*_]*[:.]"
_NEXT_QUESTION = late(rf"\n(?=[\s#*_>–—qpefbcv-]){_LINE}(?:{_ASKING}|{_MORE}){_NUMBERED}(?=[\s*_])", re.IGNORECASE)
_QUESTION_BEGUN = late(rf"(?:\A|\n){_LINE}(?:{_ASKING}){_NUMBERED}", re.IGNORECASE)
_IN_FORM = (
    r"\\f?boxed\s*(?:\{(?=\s*[^\s}.])|\d)|</answer>"
    r"|####[^\S\n]{0,9}[-$\\]{0,3}\d[\d,./]{0,30}(?<!\.)(?:\s[a-z]{1,20}){0,3}\.?[^\S\n]*\n"
)
_ANSWERED_BEFORE = late(
    rf"{_IN_FORM}|\banswers?[*_]*\s?(?:is\b|are\b|:)[^\n]{{0,200}}\d|\banswer\sis:?\s[^\s]", re.IGNORECASE
)
_CODE = late(
    r"```(?:python|py|javascript|js|java|c|cpp|c\+\+|r|julia|sql|sh|bash)\d?[^\S\n]*\n[^`]*(?:```|\Z)"
    r"|\[asy\](?:[^\[]|\[(?!/asy\]))*(?:\[/asy\]|\Z)",  # a drawing
    re.IGNORECASE,
)


def apart_from_next_question(text: str) -> tuple[str, str]:
    """The text up to another question that begins after an answer, and that question with all after it, or ""."""
    last = text.rfind("\n")
    form = text.find("####") if "####" in text else text.find("boxed")
    if last < form or last < 0 or _NEXT_QUESTION.search(text, max(form, 0)) is None:  # most texts end with their answer
        return text, ""
    answered = _ANSWERED_BEFORE.search(text)
    following = None if answered is None else _NEXT_QUESTION.search(text, answered.end() - 1)
    if answered is None or following is None or _QUESTION_BEGUN.search(text, 0, answered.start()) is not None:
        return text, ""
    return text[: following.start()].rstrip(), text[following.start() :]


def without_code(text: str) -> str:
    """The text without drawings and code blocks in a programming language. Other blocks, such as output, stay."""
    return _CODE.sub("", text)
