r"""Answers in boxes: which `\boxed{…}` of a response counts, and what it holds.

A box is `\boxed{…}` or `\fbox{…}` with a closing brace, or either command before one plain token (`\boxed 5`,
`\boxed5`, `\boxed\frac{1}{2}`). A box within a box is unwrapped. A box does not count if its own sentence denies or
doubts it, if the text directly after it denies it (for a number), or if it is struck out (`~~…~~`). If the text after
it replaces the value ("I mean 6"), the box is not the answer.

The last box is the answer, together with earlier boxes that are joined to it by separators or labels only: blanks,
commas, "and", `x =`, "for part (b)", delimiters, Markdown marks. Their contents form one list, with "or" kept between
two of them. The same box twice counts as one. A box with words before it that do not lead on from the one before
(`leading_on`) stands beside it.

Every step takes time linear in the length of the text.

Example:
    >>> last_box(r"$x=\boxed{2}$ and $x=\boxed{3}$")
    '2, 3'
    >>> last_box(r"first \boxed{2}, then, doubling it, \boxed{4}")
    '4'
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rewards.math.extract.abroad import AND_ABROAD, OR_ABROAD, PERHAPS_ABROAD
from rewards.math.extract.box_positions import Box, boxes, opened
from rewards.math.extract.in_formula import Part, filled, is_within
from rewards.math.extract.leading_on import are_apart
from rewards.math.extract.offered import is_as_good, is_compared_with, is_offered_too
from rewards.math.extract.one_part import are_parts, is_one_part
from rewards.math.extract.pairs import are_guesses, is_separated, linked
from rewards.math.extract.refused import beginning, is_refused
from rewards.math.extract.replaced import is_replaced
from rewards.math.extract.sentences import sentence_end
from rewards.math.extract.surroundings import completed
from rewards.math.late import late

_HOLLOW = late(
    r"(?:\s|\\[,;:! ]|\\(?:quad|qquad|[lc]?dots|text|mathrm|mbox|displaystyle|hspace\{[^{}]*\})(?![a-zA-Z])"
    r"|[{}$?_.…~])*\Z"
)
_PLACEHOLDER = late(  # a form that is quoted: "goes in \\boxed{answer}"
    r"(?:\\text\s*\{)?\s*(?:(?:the|my|your)\s)?(?:final\s)?answer(?:\shere)?\s*\}?", re.IGNORECASE
)
_DIGIT = late(r"\d")
_OPERATOR = late(r"[^\S\n]*(\+|\*|/|(?<=\s):(?=\s)|\\cdot|\\times)[^\S\n]*")
_BLANKS = late(r"\s+|\\[,;:! ]")

# What may stand between two boxes of one list, after the wrappings are taken off.
_WRAPPING = late(
    r"\\(?:text|textbf|textrm|textit|textnormal|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"
    r"|\\(?:hspace|vspace)\*?\s*\{[^{}]*\}|\\(?:begin|end)\s*\{[a-z]+\*?\}"
    r"|\\(?:quad|qquad|displaystyle|newline|hfill|left|right|cr|n)(?![a-zA-Z])|\\[,;:! ()\[\]\\]"
)
_NAME = r"(?:\\[a-zA-Z]+\s*)?(?:[a-zA-Z]{1,3}(?:_(?:\w|\{\w{1,6}\}))?'*)?"
_ARGUMENT = r"(?:\s?\([^()=]{0,12}(?:\([^()=]{0,12}\)[^()=]{0,12})?\))?"
_OFFER = (
    r"(?:option|guess|interpretation|reading|possibility|candidate|scenario|alternative|answer|solution|attempt|try"
    r"|trial|method|approach)"
)
_JOINT = late(
    rf"""(?P<name>(?:(?=[\\a-zA-Z]){_NAME}{_ARGUMENT}|\([a-z](?:,\s?[a-z])+\))\s*&?\s*(?:=|\\in\b|∈))
    | (?P<or>\bor\b|\\lor\b|\\vee\b|∨|\b(?:vs|versus|though|although|alternatively)\b
        |(?:{OR_ABROAD}|{PERHAPS_ABROAD})(?![a-zA-Z]))
    | (?P<part>\b(?:answer|solution|result)\ (?:to|for|of|in)\ (?=(?:part|case|question|problem|item)\b)
        | \b(?:guess|attempt|try)(?=\s?:)
        | \b(?:part|case|question|problem|item)s?\s*\(?(?:[a-z]|[ivx]{{1,4}}|\d{{1,2}})(?!\w)\)?
        | \b(?:first|second|third|fourth|other)\ (?:part|case|question|one|{_OFFER})\b
        | \b{_OFFER}\ (?:\#?\d{{1,2}}(?!\w)|[A-H](?=\s?[=:])\s?=?)
        | \banother(?=\s?:) | \b(?:backup|fallback|runner-?up|(?:upper|lower)\ bound)\b
        | \b(?:(?:primary|secondary)(?:\ answer)?|inclusive|exclusive)\b
        | \bversion\ (?:\d|[a-z])(?!\w)
        | \b(?:smaller|larger|smallest|largest|bigger|greater|positive|negative|one|first|second|third)
          \ (?:root|solution|zero|value)\b
        | \bthe\ other(?:\ (?:root|solution|zero|value|one))?(?=\ is\b|\s?:)
        | \bq\d{{1,2}}: | \(?(?<!\w)(?:[a-z]|[ivx]{{1,4}}|\d{{1,2}})[).](?!\w))
    | (?P<word>\b(?:and|also|for|in|the|my|to|as\ well\ as|both|either|respectively|then\ also)\b|\\land\b|\\wedge\b
        |(?:{AND_ABROAD})(?![a-zA-Z]))
    | (?P<unit>(?:square\ |cubic\ )?\b(?:[cmk]?m|k?g|units?|degrees?|dollars?|cents?|inch(?:es)?|feet|foot|miles?
        |(?:centi|kilo)?meters?|hours?|minutes?|seconds?|days?|weeks?|years?|points?|ways)\b|\\?%|\^\{{?\\circ\}}?|°)
    | (?P<maps>\\(?:long)?(?:to|rightarrow)(?![a-zA-Z])|→)
    | (?P<filler>\b(?:we\ (?:get|have|find|obtain)|it\ is|is|are|gives?|equals?|(?:the\ )?(?:answer|value)\ is)\b)
    | (?P<mark>[\s,;&|$*\#>~.!:{{}}()\[\]/•·–—，、；。：-])""",
    re.VERBOSE | re.IGNORECASE,
)
_NAMED = late(r"(?<![a-zA-Z\\])([a-zA-Z])\s*=\s*\Z")
_LONGEST_NAME = 10
_LABEL_OF_A_PART = late(r"(\((?:[a-e]|i{1,3}|iv|v|[1-9])\))[^()\d\\=]{0,60}\Z")  # "(b) the product is "
_LONGEST_LABEL = 66
_UNKNOWN = r"\ldots"
_LONGEST_JOINT = 120
_LONGEST_CASE = 400
_CONDITION = late(
    r"[\s$*,()]*(?:\\text\s*\{\s*)?(?:if|when|whenever|for|unless|otherwise|in case|provided)(?![a-zA-Z])",
    re.IGNORECASE,
)
# A clause that begins with a condition and ends at the box: "When it rains: ", "and for odd $n$ it is ".
_CASE = (
    r"(?:(?:if|when|whenever|in case|otherwise|else|assuming|with(?:out)?(?:\s+[a-z]+){0,3}(?=:)"
    r"|(?:in|under)\s+the\s+(?:first|second|other|former|latter)(?=,|\s(?:case|reading|interpretation|sense|scenario|version)\b)"
    r"|for\s+(?:even|odd|positive|negative|all|any|every|other))(?![a-zA-Z])|for\s+\$)[^.!?;\n]*"
)
_UNDER = late(rf"(?:\A|[.!?;,:\n]\s*)(?:and\s|but\s|or\s)?\s*{_CASE}\Z", re.IGNORECASE)
_UNDER_ALONE = late(rf"[\s$*)]*[.,;]?\s*(?:and\s|but\s|or\s|while\s)?\s*{_CASE}", re.IGNORECASE)
_IF_ALONE = late(  # ". If order matters, then "
    r"[\s$*)]*[.;]\s*(?:(?:and|but|however),?\s)?(?:if|when|assuming)\s(?!(?:we|you|one|i)\b)[^.!?;\n\d$=]*[$(*]*",
    re.IGNORECASE,
)
_OTHER_UNDER = late(  # "; for odd $n$ it is 12."
    r"[\s$*)]*[.;,]\s*(?:(?:and|but|while)\s)?(?:if|for|when)\b[^.!?\n]{0,60}?(?:[,:]|\bis|['’]s)\s+\$?-?\d[\d.,/]*\$?\s*(?:[.\n]|\Z)",
    re.IGNORECASE,
)
# "Or maybe", "alternatively", "with the other reading": the box before is not taken back.
_DOUBTED = late(
    r"[\s$*)]*[.,;?]\s*(?:or\s+(?:maybe|perhaps|possibly|else)|alternatively|maybe|perhaps|possibly"
    r"|(?:with|under|in) the other (?:reading|interpretation|case))\b[\s,:$*(]*\Z|\?\s*[$*(]*\Z",
    re.IGNORECASE,
)
_ELSE = late(r"\b(?:otherwise|else)\b[^.!?\n]{0,40}\Z|\bunless\b[^.!?\n]*\bthen[\s$*(]*\Z", re.IGNORECASE)
# "or", "otherwise" and a remark, still in the same sentence: as much a hedge as "or" alone. Not where it restates or
# corrects.
_OR_SO = late(
    r"[\s,;$*)(\[]*(?:(?:[?.]\s+)?or|otherwise|else"
    r"|(?:(?:but|or|and|though|although)\s)?(?:it|that|the\sanswer)\s(?:may|might|could)\s(?:well\s)?be)\b"
    r"(?!,?\s*(?:just|rather|better|more precisely|alternatively))"
    r"(?:[^.!?\n]|[.!?](?!\s)){0,60}\Z",
    re.IGNORECASE,
)


class Committed(NamedTuple):
    """The content of the last boxes, where they end, and the last content without the scale or factor after it."""

    text: str
    end: int
    alone: str | None = None


class _Row(NamedTuple):
    """The last box, and the boxes that are joined to it, from right to left; with the joints between them."""

    last: Box
    contents: list[str]
    starts: list[int]
    joints: list[str]


def last_box(text: str, *, past_empty: bool = False) -> str | None:
    """The content of the last box and of the boxes joined to it, or None if there is no box.

    past_empty: skip empty boxes. Otherwise an empty last box gives the empty string.
    """
    found = committed(text, past_empty=past_empty)
    return None if found is None else found.text


def committed(text: str, *, past_empty: bool = False) -> Committed | None:
    """What the last boxes hold, or None if there is no box."""
    row: _Row | None = None
    hollow = 0
    found = boxes(text)
    for at in range(len(found) - 1, -1, -1):
        box = found[at]
        if is_refused(text, *box) and not (
            row is not None and _joint(text[box.end : row.starts[-1]][:_LONGEST_JOINT]) == " or "
        ):
            continue  # "Depending on the reading, it is \\boxed{4} or \\boxed{5}" offers both
        content = opened(text[box.content_start : box.content_end].strip())
        if is_hollow(content):
            if row is None and not past_empty:
                return Committed("", box.end)
            if row is None:
                hollow = box.start
            continue
        if (row is not None or (past_empty and _DIGIT.search(text, box.end))) and _PLACEHOLDER.fullmatch(content):
            continue
        if row is None:
            if (formula := _filled(text, found[: at + 1], content)) is not None:
                return Committed(formula, box.end)
            row = _Row(box, [content], [box.start], [])
        elif not _is_joined(row, text, box, content):
            break
    if row is None:
        return None
    if hollow and is_separated(text[row.last.end : hollow]):
        return Committed(", ".join((*reversed(row.contents), _UNKNOWN)), row.last.end)
    is_one = len(row.contents) == 1 or len({_BLANKS.sub("", content) for content in row.contents}) == 1
    return _one_value(text, row) if is_one else Committed(_list_of(text, row), row.last.end)


def _are_apart(row: _Row, text: str, box: Box, between: str) -> bool:
    """Whether no words lead from a box to the one right before it."""
    if len(row.starts) > 1:
        return False
    behind = text[row.last.end : sentence_end(text, row.last.end)]
    return are_apart(text[beginning(text, box.start) : box.start], between, behind)


def _filled(text: str, found: list[Box], content: str) -> str | None:
    """The formula in which the last box, with this content, and those right before it fill blanks; or None."""
    box = found[-1]
    if len(found) == 1 or not is_within(text[found[-2].end : box.start]):
        is_in_matrix = text.find("matrix}", box.end, box.end + _LONGEST_JOINT) >= 0
        return filled(text, [Part(box.start, content, box.end)]) if is_in_matrix else None
    row = [Part(box.start, content, box.end)]
    for one in reversed(found[:-1]):
        if not is_within(text[one.end : row[0].start]):
            break
        row.insert(0, Part(one.start, opened(text[one.content_start : one.content_end].strip()), one.end))
    return filled(text, row)


def _is_joined(row: _Row, text: str, box: Box, content: str) -> bool:
    """Add a box to the boxes after it, if the text between joins them. Returns whether it does."""
    between = text[box.end : row.starts[-1]]
    relation = linked(content, between, row.contents[-1])
    operator = _OPERATOR.fullmatch(between)
    if relation is not None and not _ends_in_operator(text[: box.start]):
        row.contents[-1], row.starts[-1] = f"{content}{relation}{row.contents[-1]}", box.start
        return True
    if operator is not None:  # one value of several parts
        row.contents[-1], row.starts[-1] = f"({content}) {operator[1]} ({row.contents[-1]})", box.start
        return True
    joint = _joint(between) if len(between) <= _LONGEST_JOINT else None
    if (
        joint is None
        and not are_guesses(text, box.start, between, lambda at: beginning(text, at))
        and not are_parts(text, (box.start, box.end), (row.starts[-1], row.starts[-1]))
    ):
        if not _are_apart(row, text, box, between):
            return False
        joint = " or "
    row.joints.append(joint or ", ")
    row.contents.append(content)
    row.starts.append(box.start)
    return True


def _one_value(text: str, row: _Row) -> Committed:
    """The value that all boxes hold, with what belongs to it around the last one."""
    last, content, is_single = row.last, row.contents[0], len(row.contents) == 1
    alternative = _other_case(text, last) if is_single else None
    if is_one_part(text, row.starts[-1], last.end):
        alternative = alternative or _UNKNOWN
    if _OTHER_UNDER.match(text, last.end) and _UNDER.search(text, max(0, last.start - _LONGEST_CASE), last.start):
        alternative = alternative or _UNKNOWN
    if alternative is not None:
        return Committed(f"{alternative} or {content}", last.end)
    begin = row.starts[0] if is_single else last.start
    before = text[max(0, begin - _LONGEST_JOINT) : begin]
    if is_replaced(content, text[last.end :]):
        return Committed(rf"{content} \text{{ or }} {_UNKNOWN}", last.end)
    whole, alone = completed(content, before, text[last.end : last.end + _LONGEST_JOINT])
    return Committed(whole, last.end, alone)


def _list_of(text: str, row: _Row) -> str:
    """The values of several boxes, with the names or the labels before them if each has one of its own."""
    if " or " in row.joints:
        return " or ".join(reversed(row.contents))
    for before_it, longest, joint in ((_NAMED, _LONGEST_NAME, "{} = {}"), (_LABEL_OF_A_PART, _LONGEST_LABEL, "{} {}")):
        found = [before_it.search(text, max(0, start - longest), start) for start in row.starts]
        names = [one[1] for one in found if one is not None]
        if len(set(names)) == len(row.starts):
            return ", ".join(reversed(list(map(joint.format, names, row.contents))))
    return ", ".join(reversed(row.contents))


def _other_case(text: str, last: Box) -> str | None:
    r"""The content of the previous box if both boxes have conditions: `\boxed{6}$ if n is even and ...`."""
    offset = max(0, last.start - _LONGEST_CASE)
    if text.find("box", offset, last.start) < 0:
        return None
    behind = text[last.end : last.end + _LONGEST_JOINT]
    is_offered = is_offered_too(text[beginning(text, last.start) : last.start], behind)
    near = max(offset, last.start - _LONGEST_JOINT)
    if not (
        is_offered
        or is_as_good("", behind)
        or is_compared_with(text[near : last.start])
        or _CONDITION.match(text, last.end)
        or _UNDER.search(text, offset, last.start)
        or _DOUBTED.search(text, offset, last.start)
        or _ELSE.search(text, offset, last.start)
    ):
        return None
    before = boxes(text[offset : last.start])
    if not before:
        return None
    other = before[-1]
    between = text[offset + other.end : last.start]
    is_under = _UNDER.search(text, offset, offset + other.start) is not None
    if not (is_offered or _are_alternatives(between, behind) or _are_cases(between, behind, is_under=is_under)):
        return None
    return opened(text[offset + other.content_start : offset + other.content_end].strip())


def _are_alternatives(between: str, behind: str) -> bool:
    """Whether the text between two boxes, or behind them, offers the second beside the first."""
    return bool(is_compared_with(between) or is_as_good(between, behind) or _IF_ALONE.fullmatch(between))


def _are_cases(between: str, behind: str, *, is_under: bool) -> bool:
    """Whether each of two boxes has a condition, before (is_under: so has the first) or behind; or one is doubted."""
    if _CONDITION.match(between) and not re.search(r"[.!?](?=\s)", between):
        return bool(_CONDITION.match(behind) or _ELSE.search(between))
    return bool((is_under and _UNDER_ALONE.fullmatch(between)) or _DOUBTED.fullmatch(between))


def is_hollow(content: str) -> bool:
    """Whether the content is empty: nothing but blanks, dots and empty commands."""
    return not content[:1].isalnum() and "\\{" not in content and _HOLLOW.match(content) is not None


def _ends_in_operator(before: str) -> bool:
    return before.rstrip().endswith(("+", "-", "−", "*", "×", "·", "÷", "/", "^", "cdot", "times", "(", "{"))


def _joint(between: str) -> str | None:
    """How two boxes are joined, `, ` or ` or `; None if there is more than separators and labels between them."""
    if _OR_SO.match(between):
        return " or "
    bare = _WRAPPING.sub(lambda wrapping: f" {wrapping.group(1) or ''} ", between)
    at, joint, part = 0, ", ", False
    while at < len(bare):
        token = _JOINT.match(bare, at)
        if token is None or (token.lastgroup == "filler" and not part):
            return None
        part = part or token.lastgroup == "part"
        joint = " or " if token.lastgroup == "or" else joint
        at = token.end()
    return joint
