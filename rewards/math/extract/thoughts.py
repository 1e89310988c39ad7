r"""Removes the thinking of a response from its answer: `<think>…</think>`, and the tags that some prompts use instead.

Text before a lone closing tag counts as thinking, and so does everything after a tag that is never closed.

Example:
    >>> visible("<think>is it 7?</think> No: 8"), visible("<think>it is 7")
    (' No: 8', None)
    >>> outside_thoughts("<reasoning>is it 7?</reasoning> No: 8"), outside_thoughts("<scratchpad>it is 7")
    (' No: 8', None)
"""

from __future__ import annotations

import re

from rewards.math.late import late

_THINK = (
    late(  # `[THINK]` of Magistral, `◁think▷` of Kimi, `<seed:think>` of Seed-OSS, thoughts of OpenThinker and Sky-T1
        r"<(/?)(?:seed:)?think\s{0,9}>|\[(/?)THINK\]|◁(/?)think▷"
        r"|<\|(?:begin_of_thought|(end_of_thought|begin_of_solution))\|>",
        re.IGNORECASE | re.ASCII,
    )
)
_OTHER_THOUGHT = late(
    r"^[^\S\n]*<(thinking|thoughts?|reasoning|scratchpad)>|</(?:thinking|thoughts?|reasoning|scratchpad)>",
    re.IGNORECASE | re.MULTILINE,
)
_MAY_THINK = late(r"<(?:[tTrRsS/]|\|(?:begin|end)_of)")
_ANSWER_BEGUN = late(r"<answer>", re.IGNORECASE)
_THOUGHT_BETWEEN = "\n\n…\n\n"  # no box is joined to another over it


def visible(response: str, *, prefilled: bool = False) -> str | None:
    """The response without its thinking, or None if the thinking never ends.

    prefilled: the prompt ended in `<think>`, so the response begins inside it.
    """
    if not prefilled and _MAY_THINK.search(response) is None and not _thinks_otherwise(response):
        return response
    kept: list[str] = []
    inside, at = prefilled, 0
    for tag in _THINK.finditer(response):
        if not any(tag.groups()):
            if not inside:
                kept.append(response[at : tag.start()])
            inside = True
        else:
            if not inside:
                kept.clear()
            inside = False
        at = tag.end()
    if inside:
        return None
    if not kept:
        return response[at:] if at else response
    return _joined([*kept, response[at:]])


def outside_thoughts(response: str, *, prefilled: bool = False) -> str | None:
    """The visible text, without the tags that prompts use instead of `<think>`; None if the thinking never ends.

    If one of those tags is never closed, it ends at `<answer>`.
    """
    if not prefilled and _MAY_THINK.search(response) is None and not _thinks_otherwise(response):
        return response
    text = visible(response, prefilled=prefilled)
    if text is None:
        return None
    kept: list[str] = []
    at, inside = 0, False
    for tag in _OTHER_THOUGHT.finditer(text):
        if tag[1] is None:
            if not inside:
                kept.clear()
        elif not inside:
            kept.append(text[at : tag.start()])
        inside, at = tag[1] is not None, tag.end()
    if inside:
        answer = _ANSWER_BEGUN.search(text, at)
        if answer is None:
            return None
        at = answer.start()
    return _joined([*kept, text[at:]])


def _joined(kept: list[str]) -> str:
    between = _THOUGHT_BETWEEN if sum("boxed" in part for part in kept) > 1 else ""
    return between.join(kept)


def _thinks_otherwise(response: str) -> bool:
    # a word is looked for only where its last letter is, which takes a tenth of the time
    return (
        (">" in response and "think>" in response) or ("]" in response and "THINK]" in response) or "think▷" in response
    )
