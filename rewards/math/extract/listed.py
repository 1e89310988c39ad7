r"""Lists in running text: numbering is not a value, several items are several values, a total may be one.

Numbered answers in a row ("Answer 1: 8", "Answer (version 2): 9", "**Part B:** 9") form one list, like boxes with such
labels, and cannot be right if the question asks for one value.

Example:
    >>> numbered_answers("Answer 1: 8\nAnswer 2: 9"), numbered_answers("Answer: 8"), numbered_answers("Answer 1: 8")
    ('8, 9', None, None)
    >>> total_of_parts("She paid $694: $204 for donuts, $240 for cupcakes and $250 for the rest.")
    '$694'
    >>> is_marker("1. Read it.\n2. Solve it.", 12, 13)
    True
"""

from __future__ import annotations

import re
from decimal import Decimal

from rewards.math.late import late

_LONGEST = 400
_NUMBER = r"\$?\d+(?:,\d{3})*(?:\.\d+)?"
_TOTAL = late(
    rf"(?<![\w.,$])({_NUMBER})(?:\s[a-z]+){{0,6}}(?:\s?[:–—]\s|,?\s\()"
    rf"((?:[^\d$.:;=\n+*()]*{_NUMBER}\s(?=[a-z])){{2,8}}[^\d$.:;=\n+*()]*)\)?\.?\s*\Z"
)
_OF_IT = late(r"\b[Oo]f\s(?:the|all|his|her|their|its|these)\s\Z")
_REST = late(r"\b(?:so|thus|hence|therefore|left|remain\w*)\b")
_PART = late(_NUMBER)
_MARK = r"(?:(?:[-*•]|\d{1,2}[.)])[^\S\n]+)?"
_VALUE_LINE = rf"{_MARK}[-−]?(?:\\?\$)?\d[\d.,/]*%?[ \t]*"
_NAMED_LINES = late(  # "x = 3", "x = 5"; not "x = 6/2", "x = 3", nor values of several names
    r"\s*\$?(?P<name>[a-zA-Z])\s?=\s?[-−]?\d[\d.,]*\$?[ \t]*(?:\n\s*\$?(?P=name)\s?=\s?[-−]?\d[\d.,]*\$?[ \t]*)+\s*\Z"
)
_VALUE_LINES = late(rf"\s*{_VALUE_LINE}(?:\n\s*{_VALUE_LINE})+\s*\Z")
_LINE_MARK = late(_MARK)
_MARKED_VALUE = late(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\**(?P<value>[-−]?(?:\\?\$)?\d[\d.,/]*%?|\$[^$\n=]{1,80}\$)[*.,;\s]*")
_PART_LABELS = ("abcdefgh", ("i", "ii", "iii", "iv", "v", "vi"))
_LABELLED = late(  # "(a) 5 (b) 6", "Part A: 5", "ii) 6"
    r"(?<![\w(])(?:\(?(?P<label>[a-h]|[iv]{1,3})\)|part\s\(?(?P<part>[a-h])\)?\s?:)[\s*]*"
    r"(?P<value>\$[^$\n]{1,80}\$|[-−]?(?:\\?\$)?\d[\d.,/]*\s?\\?%?)(?P<behind>(?:\s[a-z]+(?![\w)])){0,2}[*.,;\s]*(?:[-•]\s+\**)?)",
    re.IGNORECASE,
)
_FIRST_PART = late(r"[\s*_:>-]*(?:\(?[ai]\)|part\s\(?a\)?\s?:)", re.IGNORECASE)
_BELOW = late(
    r"\b(?:roots|solutions|answers|zeros|zeroes|intercepts|solution)\b[^\n:]{0,60}:[*_]{0,3}[^\S\n]*\n", re.IGNORECASE
)
_ANSWERS = late(r"answers(?:\sare)?[\s*_:]*\Z", re.IGNORECASE)
_ITEM = late(
    r"[^\S\n]*(?:(?P<number>\d{1,2})[.)]|[-*•]|\(?(?P<letter>[a-h]|i{1,3})\))?[\s*]*"
    r"(?P<value>\$[^$\n]{1,80}\$|\\\((?:(?!\\\))[^\n]){1,80}\\\)|(?:[a-z]\s?=\s?)?-?\d[\d./]*)[*\s]*(?:[.,;]|,?\sand)?[^\S\n]*"
)
_ASSIGNED = late(r"(?:\$|\\\()?\s*([a-z](?:_\w)?)\s*=\s*-?(?:\d|\\(?:[dt]?frac|sqrt|pi))[^=]*")
_LONGEST_LIST = 800
_AROUND = " \n*_:"
_LONGEST_PARTS = 600
_MOST_LINES = 30
_OPTION = late(r"(?:(?:\A|\n)[\s*_>-]*(?:[Oo]ption\s|[Cc]hoice\s)?([B-J])[.:]|(?<!\w)\(?([B-J])\))[\s$*\\(\[]*\Z")
_LONGEST_OPTIONS = 400
_NEAR_OPTION = 20
_MARKER = late(r"[.)][*_]*\s+[*_]*[A-Za-z]")
_LINE_START = " \t*_#>(-"


def total_of_parts(text: str) -> str | None:
    """The number before a colon that is the sum of the numbers after it."""
    found = (
        _TOTAL.search(text, max(0, len(text) - _LONGEST))
        if ": " in text or " – " in text or " — " in text or text.rstrip(". ").endswith(")")
        else None
    )
    if found is None:
        return None
    if _OF_IT.search(text[: found.start()]) or _REST.search(found[2]):
        return None
    parts = [_value(part) for part in _PART.findall(found[2])]
    return found[1] if sum(parts) == _value(found[1]) else None


def _value(number: str) -> Decimal:
    return Decimal(number.replace("$", "").replace(",", ""))


def is_table_row(text: str) -> bool:
    """Whether the last line of a text is a row of a table with several numbers: it does not say which is the answer."""
    line = text.rstrip().rpartition("\n")[2].strip()
    if not (line.startswith("|") and line.endswith("|")):
        return False
    return sum(any(map(str.isdigit, cell)) for cell in line.split("|")) > 1


def _marked_lines(text: str) -> str | None:
    """The values of the last lines of a text that each are the mark of an item and a value; None if fewer than two."""
    found: list[str] = []
    for line in reversed(text[-_LONGEST:].rstrip().split("\n")):
        if (item := _MARKED_VALUE.fullmatch(line)) is None:
            break
        found.insert(0, item["value"].strip("$ "))
    return ", ".join(found) if len(found) > 1 else None


def value_lines(text: str) -> str | None:
    """The list in a response that has one number (or value of one name) on each line, and nothing else."""
    named = _NAMED_LINES.match(text)
    if named is None and _VALUE_LINES.match(text) is None:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()][:_MOST_LINES]
    lines = lines if named is None else list(dict.fromkeys(lines))  # one that is said again is no other root
    return ", ".join(_LINE_MARK.sub("", line, count=1) for line in lines)


def parts(text: str) -> str | None:
    """The answers to the parts of a question at the end of a text, each after its label, as a list."""
    begin = max(0, len(text) - _LONGEST_PARTS)
    if not re.search(r"\(?[bB]\)|[iI]{2}\)|[pP]art\s\(?[bB]", text[begin:]):
        return None
    labels: list[str] = []
    found: list[str] = []
    end = begin
    for one in _LABELLED.finditer(text, begin):
        if one.start() != end:
            labels, found = [], []
        labels.append((one["label"] or one["part"]).lower())
        found.append(one["value"].strip("$ ,.;"))
        end = one.end()
    is_numbered = any(labels == list(names[: len(labels)]) for names in _PART_LABELS)
    return ", ".join(found) if len(found) > 1 and end == len(text) and is_numbered else None


def _listed_below(text: str) -> str | None:
    """The list, one item a line, at the end of a text below "The roots are:"; below "Solution:", the values of its
    names.
    """
    begin = max(0, len(text) - _LONGEST_LIST)
    if text.find(":", begin) < 0 or text.find("\n", begin) < 0:
        return None
    headers = list(_BELOW.finditer(text, begin))
    if not headers:
        return None
    header = headers[-1]
    values = _items(text[header.end() :])
    if values is None:
        return None
    if "solution:" in header.group().lower().replace("*", "") or " is" in header.group().lower():
        names = [name[1] if (name := _ASSIGNED.fullmatch(value.rstrip(" )\\"))) else "" for value in values]
        return ", ".join(values) if all(names) and len(set(names)) == len(names) else None
    return ", ".join(values)


def _items(text: str) -> list[str] | None:
    """The values of lines that each are an item and nothing else, if there are several."""
    items = [_ITEM.fullmatch(line) for line in text.split("\n") if line.strip()]
    values = [item["value"].strip("$ ") for item in items if item is not None]
    return values if 1 < len(values) == len(items) else None


def several(text: str) -> str | None:
    """The answers at the end of a text, each after its label or on a line of its own, as a list."""
    return parts(text) or _listed_below(text) or _marked_lines(text)


def labelled_answers(text: str, place: int) -> str | None:
    """The list of all answers after "Answers:", each after its label or on a line of its own."""
    rest = text[place:]
    if _FIRST_PART.match(rest) is not None:
        return parts(rest)
    if _ANSWERS.search(text, max(0, place - _NEAR_OPTION), place) is None:
        return None
    listed = value_lines(rest.lstrip(_AROUND))
    items = _items(rest.lstrip(_AROUND)) if listed is None and "\n" in rest.strip() else None
    return listed if items is None else ", ".join(items)


def is_option(text: str, start: int) -> bool:
    """Whether a value is one of the options that a text lists: `(A) 4 (B) 5`."""
    found = _OPTION.search(text, max(0, start - _NEAR_OPTION), start)
    if found is None:
        return False
    before = chr(ord(found[1] or found[2]) - 1)
    return re.search(rf"(?<!\w)\(?{before}[).:]", text[max(0, start - _LONGEST_OPTIONS) : start]) is not None


def is_marker(text: str, start: int, end: int) -> bool:
    """Whether a number only numbers its line: one of the two lines before it begins with the previous number."""
    number = text[start:end]
    if not number.isdigit() or len(number) > 2 or _MARKER.match(text, end) is None:
        return False
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip(_LINE_START):
        return False
    return (
        int(number) == 1
        or re.search(rf"(?:\A|\n)[ \t*_#>(-]*{int(number) - 1}[.)]", text[max(0, line - 2000) : line]) is not None
    )


# --- numbered answers -------------------------------------------------------------------------------------------------

_LONGEST_NUMBERED = 600
_NUMBER_OF_ONE = r"(?:\d|[A-Ha-h]|i{1,3})"
_NUMBERED_ANSWER = (
    r"(?:my\s|the\s)?(?:(?P<ordinal>first|second|third)\s)?(?:final\s)?answer"
    rf"(?:\s\(?#?(?:(?:version|option|try|attempt|part)\s)?(?P<number>{_NUMBER_OF_ONE})\)?)?[*_]*\s?[:=][*_]*\s*(?P<value>[^\n]{{1,80}})"
)
_NUMBERED_PART = (
    rf"(?:part|question|problem)\s\(?(?P<part>{_NUMBER_OF_ONE})\)?[*_]*\s?[:=][*_]*\s*(?:the\sanswer\sis\s)?"
    r"(?P<its>\$[^$\n]{1,60}\$|-?\$?\d[\d.,/%]*(?:\s[a-z]+)?)[*_.\s]*(?=\n|\Z)"
)
_NUMBERED_AT_LAST = late(rf"(?:\A|\n)[#*_>\s-]*(?:{_NUMBERED_ANSWER}|{_NUMBERED_PART})", re.IGNORECASE)
_NUMBERED_WORDS = ("answer", "part", "question", "problem")


def numbered_answers(text: str) -> str | None:
    """The list of numbered answers at the end of a text, or None."""
    end = text[-_LONGEST_NUMBERED:]
    if max(map(end.lower().count, _NUMBERED_WORDS)) < 2:
        return None
    found = list(_NUMBERED_AT_LAST.finditer(end))
    labels = [(one["ordinal"] or one["number"] or one["part"] or "").lower() for one in found]
    if len(found) < 2 or not all(labels) or len(set(labels)) != len(labels) or end[found[-1].end() :].strip():
        return None
    return ", ".join(dict.fromkeys((one["value"] or one["its"]).strip(" $*.") for one in found))
