r"""The turn of the model that a response holds, without what follows the token that ends it, and the next turn.

Example:
    >>> turn("It is 4.<|im_end|>Is it 5?"), without_end_of_turn("It is </s>, isn't it?</s> <eos>")
    ('It is 4.', "It is </s>, isn't it?")
    >>> apart_from_next_turn("\\boxed{9}\n\nHuman: What is 3 + 1?\n\nAssistant: \\boxed{4}", str)
    ('\\boxed{9}', '\nHuman: What is 3 + 1?\n\nAssistant: \\boxed{4}')
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
