r"""Finds the answer in a response. One extractor for every reward, with two named policies.

What never counts: text inside `<think>…</think>` (any letter case), text before a lone `</think>`, and text after a
token that ends the turn (`<|im_end|>`, `</s>`, …). A response whose `<think>` never closes has no answer after it.

`strict` looks for three forms, in this order, and takes the first that is present; if that one is empty there is no
answer:

1. `\boxed{…}` or `\fbox{…}`: the last one, with earlier ones that only separators or labels join to it;
2. `<answer>…</answer>`, the last pair;
3. `#### …` to the end of its line: the last one that is not a heading.

`lenient` tries, in this order: a response that is nothing but an answer; the three forms, skipping empty ones; the
answer field of a JSON object at the end; what the text says the answer is; the last formula or number. An explicit
"final answer is" after the last box overrides the box.

`form` names one of the three forms. Then only that form is looked for, under either policy.

`boxes` defines what a box is and which ones are joined. `bare`, `announced` and `written` find answers without a form;
`spans` and `sentences` find values and sentences.

Every step takes time linear in the length of the response.

Example:
    >>> extract(r"so \boxed{3}, no: \boxed{4}", policy="strict")
    Extracted(text='4', form='boxed', alone=None)
    >>> extract("<think>it is 5</think>", policy="lenient") is None
    True
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rewards.math.extract.abroad import around_a_value
from rewards.math.extract.announced import said, said_finally
from rewards.math.extract.assertion import SEVERAL
from rewards.math.extract.bare import LONGEST_BARE, bare, few_words
from rewards.math.extract.box_positions import unboxed
from rewards.math.extract.boxes import Committed, committed, is_hollow
from rewards.math.extract.claims import classes, is_taken_back
from rewards.math.extract.fields import field
from rewards.math.extract.listed import numbered_answers, parts, value_lines
from rewards.math.extract.on_the_way import is_cut_off_behind
from rewards.math.extract.opening import opening
from rewards.math.extract.options import option_at_last, verdict_first, word_at_last
from rewards.math.extract.remarks import unremarked, without_afterword
from rewards.math.extract.replaced import is_replaced, replaced
from rewards.math.extract.results import result
from rewards.math.extract.sentences import sentence_before
from rewards.math.extract.sides import side_by_side
from rewards.math.extract.thoughts import outside_thoughts, visible
from rewards.math.extract.tidied import may_have_tags, tidied
from rewards.math.extract.turns import apart_from_next_question, apart_from_next_turn, turn, without_code
from rewards.math.extract.written import LONGEST_SEARCHED, last_value
from rewards.math.late import late
from rewards.quick_init import quick_init
from rewards.types import Policy

Form: TypeAlias = Literal["any", "boxed", "answer_tag", "hash"]
_Find: TypeAlias = Callable[[str], Committed | None]
_Step: TypeAlias = Callable[[str], str | Committed | None]

_COMMENT = late(  # up to the next one that begins: linear
    r"<!--(?:[^-<]|-(?!->)|<(?!!--))*-->|\\begin\{comment\}(?:[^\\]|\\(?!begin\{comment\}|end\{comment\}))*\\end\{comment\}"
)
_ANSWER = late(r"<(/?)answer>", re.IGNORECASE | re.ASCII)
_CALCULATED = late(r"<<[^<>\n]{0,200}>>")  # what a calculator was asked, in solutions of GSM8K
_SENTENCE = late(
    r"(?:[A-Z][^\W\d_]*|\$[^$\n]+\$)\s[^\n?;]*\b(?:is|are|was|has|have|gets?|needs?|left|remain)\b[^\n?;]*"
)
_SHORTEST_SENTENCE = len("It is 5")
_MARKDOWN = late(r"\A[*_`\s]+|[*_`\s]+\Z")
_CONTRASTED = late(
    r"[-−$\\]{0,2}\d[^,;(]{0,30}?(?:,?\s|\s\()(?:not|since|because|rather\sthan|instead\sof)\s"
)  # `8, not 9`
_HEADING = late(
    r"(?:step|part|case|solution|answer|final answer|conclusion|explanation|approach|verification|check|summary"
    r"|result|notes?|calculation|given|problem|question)s?\b|\d+[.):]\s+[^\W\d_]",
    re.IGNORECASE,
)
_MOST_WORDS_OF_A_HASH = 2
_TO_BE_SOLVED = late(  # right behind it, an equation is a condition
    r"\b(?:solve|need|want|requires?|suppose|let|(?:the|an?) (?:equation|condition|constraint)"
    r"|such(?=\s+that))(?:\s+that)?[\s$\\(\[]*\Z",
    re.IGNORECASE,
)
_SOLVED_NEXT = late(r"[\s$*)]*,?\s(?:which|and|so)\s(?:(?:we|I)\s)?(?:now\s|can\s|must\s|need\sto\s)?solve\b")
_DENIED = late(r"\b(?:not|never)\b|n['’]t\b", re.IGNORECASE)
_RECKONED = late(r"[\d\s.,+*/×·()-]+")
_STOP_INSIDE = late(r"[。！？]\s*[^\s。！？]")
_CONCLUDING = frozenset("ceyqRS,&")  # classes of words that only lead to an equation: "so we get"
_LONGEST_LEAD = 40
_LONGEST_FENCE = 10  # with the blanks behind it
_LONGEST_WORD = 3  # `3个` stays as it is
_CLOSING = " \n$.)]}\\*"
_OPENING = " $*:"


@quick_init
@dataclass(frozen=True, slots=True)
class Extracted:
    """An answer as written in the response, and the form it was found in.

    alone: a second reading, or None: the content of the box without the scale or factor after it, or what the last
    value of a text comes to (`rewards.math.extract.results`).
    """

    text: str
    form: str
    alone: str | None = None


def answer_tag(text: str) -> str | None:
    """The answer in the last `<answer>…</answer>`: a box in it, what it says the answer is, or all its text."""
    found = _tagged(text)
    return None if found is None else found.text


def _tagged(text: str) -> Committed | None:
    if "/" not in text or "</" not in text:
        return None
    found, begin = None, None
    for tag in _ANSWER.finditer(text):
        if not tag.group(1):
            begin = tag.end()
        elif begin is not None:
            found, begin = (text[begin : tag.start()], tag.end()), None
    if found is None:
        return None
    inner = _inner(found[0])  # in which a sentence is read as a sentence
    if inner.end or len(inner.text) < _SHORTEST_SENTENCE or _SENTENCE.fullmatch(inner.text) is None:
        return inner._replace(end=found[1])
    return Committed(last_value(inner.text, stated=True) or inner.text, found[1])


def _hash_line(text: str) -> Committed | None:
    """The text after the last `####` on its line, skipping headings."""
    end = len(text) if "#" in text else 0
    while (start := text.rfind("####", 0, end)) >= 0:
        line = text[start + 4 : end].partition("\n")[0]
        if (content := line.strip()).isdigit():
            return Committed(content, start + 4 + len(line))
        found = _inner(line)
        if found.end or not _is_heading(found.text):
            return Committed(found.text, start + 4 + len(line), found.alone)  # in half the time of `_replace`
        end = start
    return None


def _inner(content: str) -> Committed:
    """The answer in the content of a form; its end is 0 unless a box gives it."""
    content = content.strip()
    if content.isdigit():
        return Committed(content, 0)
    if (boxed := committed(content)) is not None:
        return boxed
    stated = said(content) or (opening(content) if _CONTRASTED.match(content) else None) or content
    return Committed("" if is_hollow(stated) else _MARKDOWN.sub("", stated), 0)


def _is_heading(content: str) -> bool:
    if _HEADING.match(content):
        return True
    plain = not any(mark.isdigit() or mark in "\\$" for mark in content)
    return plain and sum(len(word) > 1 or word.isupper() for word in content.split()) > _MOST_WORDS_OF_A_HASH


def _box_or_override(text: str) -> str | Committed | None:
    if "\\" not in text or ("\\boxed" not in text and "\\fbox" not in text):
        return None
    found = committed(text, past_empty=True)
    if found is None:
        return None
    behind = text[found.end :]
    if not behind.strip(_CLOSING):
        return found
    if (instead := replaced(behind)) is not None:
        return said(behind) or last_value(behind) or instead or found
    return (said_finally(behind) if "final" in behind.lower() else None) or found


def _put_right(find: _Find) -> _Step:
    """A step that gives the answer of a form, or the correction that follows directly after it."""

    def step(text: str) -> str | Committed | None:
        found = find(text)
        if found is None or not (behind := text[found.end :]):
            return found
        if (instead := replaced(behind)) is not None:
            return said(behind) or last_value(behind) or instead or found
        kept = _unless_taken_back(found, behind)
        return kept if kept is found else said(behind) or last_value(behind, stated=True) or kept

    return step


def _unless_replaced(find: _Find) -> _Step:
    """A step that gives the answer of a form, marked as no answer if a correction follows directly after it."""

    def step(text: str) -> Committed | None:
        found = find(text)
        if found is None or not (behind := text[found.end :]):
            return found
        is_wrong = is_replaced(found.text, behind)
        return found._replace(text=SEVERAL + found.text) if is_wrong else _unless_taken_back(found, behind)

    return step


def _unless_taken_back(found: Committed, behind: str) -> Committed:
    """The answer of a form, marked as no answer if the text directly after it calls it wrong. A choice may be that."""
    is_wrong = is_taken_back(behind) and re.search(r"\d", found.text) is not None
    return found._replace(text=SEVERAL + found.text) if is_wrong else found


def _bare(text: str) -> str | Committed | None:
    if len(text) >= 2 * LONGEST_BARE or "\\boxed" in text:
        return None
    stripped = text.strip()
    if "\n" in stripped:
        return None if stripped[:2].isalpha() else value_lines(text)  # a word begins it: prose
    if not text.isascii() and _STOP_INSIDE.search(text):
        return None
    if ")" in text and (several := parts(text)) is not None:
        return several
    text = around_a_value(text) if len(text) > _LONGEST_WORD else text
    found = bare(unremarked(text))
    if found is not None and (verdict := verdict_first(text)) is not None:
        return Committed(found, len(text), verdict)
    return _with_result(found, len(text))


def _with_result(found: str | None, end: int) -> str | Committed | None:
    if found is None or "=" not in found or found.startswith(SEVERAL):
        return found
    left = found.partition("=")[0].strip(" $/")
    if len(left) < 2 or _DENIED.search(left) or _RECKONED.fullmatch(left):  # of a letter, the value is read anyway
        return found
    return Committed(found, end, result(found))


def _field(text: str) -> str | Committed | None:
    """The answer field of a JSON object at the end of the text."""
    found = field(text) if text[-_LONGEST_FENCE:].rstrip().endswith(("}", "```")) else None
    return None if found is None else _inner(found).text or SEVERAL + found


# Boxes that are still there when these are asked have nothing in them, or are denied.
def _said(text: str) -> str | Committed | None:
    if (several := numbered_answers(text)) is not None:
        return several
    return _with_result(said(_CALCULATED.sub("", unboxed(text)) if "<<" in text else unboxed(text)), len(text))


def _last_value(text: str) -> str | Committed | None:
    written = text
    if ("```" in text or "[asy]" in text) and (outside := without_code(text)) != text:
        if re.search(r"[\d$\\]", outside) is None:  # code alone says what it does, and no value
            return SEVERAL + text[-_LONGEST_LEAD:]
        text = outside
    end = unremarked(unboxed(text[-LONGEST_SEARCHED:]))
    found = last_value(_CALCULATED.sub("", end) if "<<" in end else end, stated=True)
    if found is not None and (sides := side_by_side(end)) is not None:
        return sides
    if (letter := option_at_last(text)) is not None:
        return Committed(found or letter, len(text), letter)
    if (worded := word_at_last(text)) is not None:
        return Committed(found or worded, len(text), worded)
    if found is None or found.startswith(SEVERAL):
        return found
    before = end[: end.rfind(found)]
    if is_cut_off_behind(written[written.rfind(found) + len(found) :]):
        return SEVERAL + found
    is_condition = (
        _TO_BE_SOLVED.search(before, max(0, len(before) - _LONGEST_LEAD))
        or _SOLVED_NEXT.match(end, len(before) + len(found))
        or (" and " in found and before.rstrip(_OPENING).endswith(" are"))  # or one of several
    )
    if is_condition:
        return found
    is_named = "=" in found and not _CONCLUDING.issuperset(classes(sentence_before(before, len(before))))
    return Committed(found, len(text), result(found, is_worked=before.rstrip().endswith("="), is_named=is_named))


_FORMS: dict[str, _Step] = {
    "boxed": committed,
    "answer_tag": _unless_replaced(_tagged),
    "hash": _unless_replaced(_hash_line),
}
_STEPS: dict[Policy, dict[str, _Step]] = {
    "strict": _FORMS,
    "lenient": {
        "bare": _bare,
        "boxed": _box_or_override,
        "answer_tag": _put_right(_tagged),
        "hash": _put_right(_hash_line),
        "field": _field,
        "said": _said,
        "value": _last_value,
        "words": few_words,
    },
}
_WITHOUT_TAGS: dict[Policy, dict[str, _Step]] = {
    policy: {name: step for name, step in steps.items() if name != "answer_tag"} for policy, steps in _STEPS.items()
}


def _shown(response: str, *, prefilled: bool) -> tuple[str | None, str]:
    """The model's own turn without its thinking, or None if the thinking never ends; and the next turn."""
    own, further = apart_from_next_turn(turn(response), lambda text: visible(text, prefilled=prefilled))
    return outside_thoughts(own, prefilled=prefilled), (further and outside_thoughts(further)) or ""


def _without_comments(text: str) -> str:
    if ("!" in text and "<!--" in text) or ("\\" in text and "\\begin{comment}" in text):
        text = _COMMENT.sub("", text)
    # of mathtools: a box around both sides of a line in an aligned block
    return text.replace("\\Aboxed", "\\boxed") if "\\Aboxed" in text else text


def _is_answered_otherwise(answer: str, further: str) -> bool:
    """Whether the further question that the model goes on to has another boxed or tagged value."""
    other = committed(further, past_empty=True) or _tagged(further)
    return other is not None and other.text not in ("", answer)


_ENCLOSED = ("boxed", "answer_tag")
_IN_PROSE = "said"  # the first that reads running text
PROSE_AT_ONCE = 128
"""The most characters of running text that are read in the caller's own process."""


def extract(
    response: str, *, policy: Policy, form: Form = "any", prefilled: bool = False, at_once: bool = False
) -> Extracted | None:
    """The answer that the policy finds, or None. Under `strict`, an empty box, tag or line is not an answer.

    at_once: look only for quick finds (a form, or little prose); None if the policy would have to read more prose.
    """
    has_tags = prefilled or may_have_tags(response)
    text, further = _shown(response, prefilled=prefilled) if has_tags else apart_from_next_turn(response, str)
    if text is None:
        return None
    if "\\" in text or has_tags:
        text = _without_comments(text)
    text, question = apart_from_next_question(tidied(text, has_tags=has_tags) if policy == "lenient" else text)
    further = question + further
    every = _STEPS if has_tags else _WITHOUT_TAGS
    steps = every[policy] if form == "any" else {form: _FORMS[form]}
    for name, step in steps.items():
        if at_once and name == _IN_PROSE and len(text) > PROSE_AT_ONCE:
            return None
        if name == _IN_PROSE:
            text = around_a_value(without_afterword(text))
        found = step(text)
        if found is None:
            continue
        if isinstance(found, Committed):
            answer, alone = found.text, found.alone
        else:
            answer, alone = found, None
        if answer:
            if further and name in _ENCLOSED and _is_answered_otherwise(answer, further):
                return Extracted(SEVERAL + answer, name)
            return Extracted(answer, "said" if name == "field" else name, alone)
        if policy == "strict":
            return None
    return None
