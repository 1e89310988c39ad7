r"""Removes what a response adds after its answer about other things: offers of help, labelled notes, hashtags.

None of these is read as an answer: "Let me know if I should redo it with 12 months", "Confidence: 95%", a list of
references, footnotes, a date of writing. A remark that draws a conclusion or states a value is kept.

Example:
    >>> without_afterword("So it is 240.\n\nLet me know if you want steps 1 or 2 in detail!")
    'So it is 240.'
    >>> without_afterword("So it is 240.\n\nCommon mistake: answering 230, so 240 is right.")
    'So it is 240.\n\nCommon mistake: answering 230, so 240 is right.'
"""

from __future__ import annotations

import re

from rewards.math.late import late

_LONGEST = 800
_MOST = 4  # one behind another

_OFFER = late(
    r"(?<=[.!?)*\n])\s{0,30}[*_>]{0,3}(?:I\shope\s(?:this|that|it)\b|hope\s(?:this|that)\shelps\b|(?:please\s)?let\sme\sknow\b"
    r"|(?:please\s)?feel\sfree\b|would\syou\slike\b|do\syou\swant\sme\b|want\sme\sto\b|is\sthere\sanything\selse\b"
    r"|(?:I['’]m|I\sam|I['’]d\sbe|happy)\s(?:happy\s|glad\s)?to\shelp\b|don['’]t\shesitate\b"
    r"|if\syou(?:['’]d)?\s(?:have|need|want|would|like)\b[^.?!\n]*\b(?:let\sme\sknow|feel\sfree|ask|happy\sto|I\scan)\b)",
    re.IGNORECASE,
)
_LABELLED = late(
    r"\n[\s#*_>–—-]{0,30}(?:confidence|difficulty|time\s(?:taken|spent|used)|word\scount|tokens?\sused|(?:re)?sources?|references?"
    r"|bibliography|see\salso|disclaimer|p\.?\s?s(?=[.:])|remarks?|fun\sfact|hints?(?:\sfor\s[^:\n]{1,20})?|tips?"
    r"|key\s(?:takeaways?|ideas?|points?|concepts?)|takeaways?|common\s(?:mistakes?|errors?|pitfalls?)"
    r"|summary\sof\s(?:the\s)?steps|keywords|tags|topics?|why\snot\s[^?\n]{1,30}(?=\?)|(?:next\s)?(?:problem|exercise)\s\d+)"
    r"[*_]*[^\S\n]*(?:[:.?](?=[\s*_])|(?=\n))",
    re.IGNORECASE,
)
_SAME = late(  # another way to what was found
    r"\n[\s*_]{0,30}alternatively,[^\n]*\bthe\ssame\s(?:result|answer|value|number)[.!\s]*\Z", re.IGNORECASE
)
_MAKES_SENSE = late(
    r"\n[\s*_]{0,30}(?:this|(?:this|the)\s(?:answer|result|value))\s(?:makes\ssense|is\s(?:reasonable|plausible)|checks\sout)\b",
    re.IGNORECASE,
)
_WRITTEN = late(
    r"\n[\s–—-]{0,30}[*_](?:solved|written|generated|posted|(?:last\s)?updated|this\s(?:solution|answer|response)\swas)\b"
    r"[^\n]*\Z",
    re.IGNORECASE,
)
_FOOTNOTES = late(r"(?:\n\s{0,30}\[\d{1,2}\]:?\s[^\n]*)+\Z")
_FOOTNOTE_MARK = late(r"(?<=\w[.!])\[\d{1,2}\](?=\s|\Z)")
_HASHTAGS = late(r"\n\s*(?:#[a-zA-Z]\w*\s*){2,}\Z")
_CONCLUDING = late(
    r"\b(?:so|thus|hence|therefore|wait|actually|correct(?:ed|ion)|boxed|final|answer\s(?:is|was|should|becomes))\b"
    r"|\banswer\s?[:=]|####",
    re.IGNORECASE,
)
_ANSWERING = late(r"\b(?:thus|hence|therefore|wait|boxed|answer\s(?:is|was|should))\b|####", re.IGNORECASE)
_STATED = late(  # another value: "With the tax it is 252", "Total: 260"; not "would be 215"
    r"(?:\b(?:is|was|(?:may|might|must|should|will)\sbe|gives?|get|makes?|becomes?|equals?|meant|obtain|find|total)|\w['’]s)"
    r"(?:\s?[:=])?\s(?:(?:now|then|only|just|really|actually|exactly|about|a|the|total|of)\s){0,3}[$*(\\]*-?\d"
    r"|\b(?:together|mistake|forgot[^:.\n]{0,30})\s?[:=]\s[$*(\\]*-?\d",
    re.IGNORECASE,
)
_END_OF = late(
    r"\n\s{0,30}(?:this\sis\sthe\s)?end\sof\s(?:the\s)?(?:solution|proof|problem|answer)\b[^\n]{0,20}\Z", re.IGNORECASE
)
_VALUE = late(r"[\d$\\]|\*\*\w")
_BEHIND = (_LABELLED, _MAKES_SENSE, _SAME, _WRITTEN, _END_OF)
_OFFERING = (
    "let me know",
    "feel free",
    "would you",
    "do you want",
    "want me",
    "anything else",
    "hesitate",
    "help",
    "hope",
    "if you",
)


def without_afterword(text: str) -> str:
    """The text without a closing part about other things, if a value stands before that part."""
    for _ in range(_MOST):
        text = text.rstrip()
        begin = max(0, len(text) - _LONGEST)
        end = text[begin:].lower()
        kinds = (
            *((_OFFER,) if any(one in end for one in _OFFERING) else ()),
            *((_FOOTNOTES,) if "[" in end else ()),
            *((_HASHTAGS,) if "#" in end else ()),
            *_BEHIND,
        )
        found = next(filter(None, (_last(kind, text, begin) for kind in kinds)), None)
        if found is None:
            break
        text = text[: found.start()]
    return _FOOTNOTE_MARK.sub("", text) if "[" in text[-_LONGEST:] else text


def _last(kind: re.Pattern[str], text: str, begin: int) -> re.Match[str] | None:
    """The last remark of this kind that runs to the end of the text and concludes nothing."""
    for found in kind.finditer(text, begin):
        behind = found.start() if found.end() == len(text) else found.end()
        concluding = _ANSWERING if kind is _OFFER else _CONCLUDING
        if any(one.search(text, behind) for one in (concluding, _STATED)):
            continue
        if _VALUE.search(text, 0, found.start()) is not None:
            return found
    return None
