r"""Removes remarks after an answer: a check of it, an explanation, a reason, a note in brackets.

Afterwords are about other things: offers of help, labelled notes ("Confidence: 95%"), lists of references, footnotes,
hashtags, a date of writing. One that draws a conclusion or states a value is kept.

Example:
    >>> without_afterword("So it is 240.\n\nLet me know if you want steps 1 or 2 in detail!")
    'So it is 240.'
    >>> without_afterword("So it is 240.\n\nCommon mistake: answering 230, so 240 is right.")
    'So it is 240.\n\nCommon mistake: answering 230, so 240 is right.'
    >>> unremarked("So she has 12.\n\nCheck: 12 * 3 = 36."), unremarked("It is 12 (at x = 3).")
    ('So she has 12.', 'It is 12')
    >>> unremarked("Check: 12 * 3 = 36.\nSo the total is 36.")
    'Check: 12 * 3 = 36.\nSo the total is 36.'
"""

from __future__ import annotations

import re
from fractions import Fraction

from rewards.math.late import late
from rewards.math.units import read_unit

_LONGEST_SECTION = 800
_LONGEST = 120

_SECTION = late(
    r"(?<=[\w$)}][.!;])[^\S\n]+(?:(?:sanity\s|double[ -]?)?check|let(?:['’]s|\sus|\sme)\s(?:check|confirm|verify)"
    r"|verification|to\s(?:check|verify)(?:\sthis)?|as\sa\s(?:\w+\s)?check)[^\S\n]?[:,]\s"
    r"|(?<=[\w$)}*][.!])[^\S\n]+(?:this|that)(?:['’]s|\sis)\sbecause\s"
    r"|(?<=\*\*)\n\n(?:because\s(?!of\b)|this\s(?:includes|accounts\sfor|is\sbecause|assumes)\s)"
    r"|\n[^\S\n]{0,30}\n?[#*_>\s]{0,30}(?:(?:sanity |double[ -]?)?check(?:ing)?|verification|verifying"
    r"|to (?:verify|check)|verify"
    r"|let(?:['’]s| us| me) (?:(?:quickly|just) )?(?:(?:double|cross)[ -]?check|check|confirm|verify)"
    r"|as a (?:\w+ )?check"
    r"|we can (?:verify|check)|explanation|reasoning|justification|notes?)\b[^\n:,.]{0,30}[:,.][*_]*\s"
    r"|\n[^\S\n]{0,30}\n?[#*_>\s]{0,30}(?:(?:sanity |double[ -]?)?check|verification)\b[^\n\w:,.]{0,10}\n",  # a heading
    re.IGNORECASE,
)
_STATED_FIRST = late(  # "She makes **$18** a day.\n\nHere's the breakdown:\n- ..."
    r"([^\n]{0,200}\*\*[^*\n]{0,20}\d[^*\n]{0,30}\*\*[^\n]{0,200})\n[^\S\n]{0,9}\n[#*_ ]{0,9}"
    r"here(?:['’]s|\sis)\s(?:the|a|my|how)\b[^\n:]{0,40}:[*_]{0,3}[^\S\n]{0,9}\n",
    re.IGNORECASE,
)
_CONCLUDING = late(  # what begins like a check and goes on to another answer
    r"\b(?:so|thus|hence|therefore|answer|wait|actually|wrong|not|no|fails?|however|but|instead|correct(?:ion|ed)|should"
    r"|must|total|n['’]t|boxed)\b|≠|✗|✘|\\ne",
    re.IGNORECASE,
)
_AFFIRMED = late(
    r"\b(?:so|thus|hence|therefore),?\s(?:(?:the|our|this|my)\s)?(?:result|answer|value|solution|it|this)\s(?:is|checks)\s"
    r"(?:indeed\s)?(?:right|correct|confirmed|verified|consistent|valid|out)\b",
    re.IGNORECASE,
)
_MATCHED = late(  # "This matches what is given, so the result is right."
    r"\b(?:match(?:es)?|agrees|consistent|checks\sout|confirm(?:s|ed)?|is\s(?:indeed\s)?(?:right|correct))\b[^.\n]{0,80}[.!\s]*\Z",
    re.IGNORECASE,
)
_TURNING = late(
    r"\b(?:answer|wait|actually|wrong|not|no|fails?|however|but|instead|corrected|correction|should|n['’]t|boxed)\b|≠|✗|✘|\\ne",
    re.IGNORECASE,
)
_OTHER_VALUE = r"(?:or|if|maybe|perhaps|possibly|otherwise|else|unless|but|answer|not)\b"
_RETRACTING = (
    r"(?:actually|wait|no|hmm|oops|sorry|rather|should|correct(?:ion|ed|ly)?|mean|meant|wrong|incorrect|exactly"
    r"|when|times|so)\b"
)
_BRACKETED = late(  # all of the last sentence; what was rejected, or where it holds, behind a value
    rf"(?:(?<=[.!])[\s*_]+|(?<=\n)[\s*_]*)\((?![^()\n]*\b{_OTHER_VALUE})[^()\n]{{1,110}}\)[*_.\s]*\Z"
    r"|\s*\((?=[^()]*\b(?:reject|discard|extraneous|not\sallowed|not\spossible|impossible|ignor|negative|invalid))"
    r"[^()\n]{1,80}\)[.\s]*\Z"
    r"|(?:(?<=[a-z%]{2})|(?<=[a-z%]{2}\*\*))\s\((?=[^()\n]*\s)(?=[^()\n]*[a-zA-Z]{3})(?!(?:and|plus|also|or|with|mod|base|in|if)\b)"
    r"(?![^()\n]*(?:[\\?$]|\b(?:for|mod|base|alternatively|either|both|could|might|may|also|another|option)\b"
    rf"|\b{_OTHER_VALUE}|\b{_RETRACTING}))[^()\n]{{1,80}}\)[.\s]*\Z"  # "79 petals (101 picked, 22 lost)"
    r"|(?<=[\d)}$])\s*\((?:(?:attained|achieved|reached|with\sequality)\s(?=at|when|if|for|by)|at\s|when\s|for\s|where\s|with\s|since\s|because\s|using\s|by\s|check:|verify:)[^()\n]{1,80}\)[.\s]*\Z",
    re.IGNORECASE,
)
_REASON = late(
    r"(?<=[\d)}$°%])(?P<unit>(?:\s[a-z]{1,12}){0,4}(?=,?\sbecause|,\ssince|\ssince\s(?:\$|\d|[a-z]\s?=)))?"
    r"(?P<reason>(?:\s*,)?\s+(?:because|since|as(?=\s\$?[a-zA-Z]\s*(?:[=<>]|\\[lg]e)))\s(?:[^.:,\n?]|,\swho\s){1,80}[.\s]*)\Z"
)
_ATTAINED = late(
    r"(?<=[\d)}$])[,;.]?\s+(?:(?:which|(?:and\s)?(?:it|this))\s(?:is\s)?)?(?:attained|achieved|reached|occurs|occurring)"
    r"\s(?:at|when|for|by)\s[^.\n?]{1,80}[.\s]*\Z"
    r"|(?<=[\d)}$]),\sby\s(?:the|using)\s[^.\n?]{1,80}[.\s]*\Z",
    re.IGNORECASE,
)
_EQUALITY = late(
    r"(?<=[\d)}$])(?:,?\s+(?:with|where)\sequality|\.\s+(?:the\s)?equality)\s(?:\w+\s)?"
    r"(?:at|when|whenever|if|iff|for|only)\s[^.\n?]{1,80}[.\s]*\Z",
    re.IGNORECASE,
)
_HOLDS_FOR = late(  # "converges to $12$ for $|x| < 1$"
    r"(?<=[\d)}$])\s+(?:for|when|whenever)\s(?:(?:all|any|every|each|real|positive)\s)*"
    r"\$(?=[^$\n]*(?:[<>]|\\(?:[lg]eq?|neq?|in)(?![a-z])))[^$\n]{1,60}\$[.\s]*\Z"
    r"|(?:(?:\b(?:gives?|get|yields?|obtain|is|are|equals?|(?:max|min)imum(?:\svalue)?(?:\sof)?)\s\$?|=\s?(?!.*\sfor\s))-?[1-9][\d.,/]*\$?)(?:\s[a-z]+){0,2}(?P<at>\s(?:for|when|at)\s\$?[a-zA-Z]\s?=\s?-?\d[\d.,/]*\$?[.\s]*\Z)"
    r"|(?<=[\d)}]\$)\s+at\s\$(?:\([^()$\n]{3,40}\)|[a-zA-Z]\s?=[^$\n=]{1,30})\$[.\s]*\Z"
    r"|(?<=[\d)}$])\s+as\s\$\s*[a-zA-Z]\s*(?:\\(?:to|rightarrow)(?![a-z])|→)[^$\n]{1,30}\$[.\s]*\Z"
)
_BY_COMPARISON = late(  # "7; for comparison, the next ones are 15 and 23"
    r"(?<=[\d)}$a-z])[;,.]\s+(?:for|by|in)\s(?:comparison|reference),\s(?![^\n]*\b(?:answer|so|thus|hence|therefore)\b)"
    r"[^.\n?]{1,80}[.\s]*\Z",
    re.IGNORECASE,
)
_ABOUT = late(  # "36\\pi, which is about 113.1"
    r"(?<=[\d)}$a-z])(?:\s[a-z]+){0,2}(?:,\s(?:which\sis|that\sis|i\.e\.,?|or)|\s(?:or|which\sis))\s(?:about|approximately|roughly)\s"
    r"[$*]*\\?\$?[\d.,]+[$*]*(?:\s[a-z]+){0,3}[.\s]*\Z"
    r"|(?<=[\d)}$a-z])\s\((?:(?:which\sis\s)?(?:about|approximately|roughly)\s|≈\s?|\$\s?\\approx\s)[$*]*[\d.,]+(?:\s?\\?%)?[$*]*(?:\s[a-z]+){0,3}\)[.\s]*\Z"
)
_IN_ANOTHER_UNIT = late(  # "45 minutes (or 3/4 of an hour)", "45 minutes, or 0.75 hours"
    r"(?<![\w./])(?P<value>\d[\d.]*(?:/\d+)?)\s(?P<unit>[a-z]+)(?P<again>(?:\s\(|,\s)(?:or|i\.e\.,?|that\sis,?|which\sis)\s"
    r"(?P<other>\d[\d.]*(?:/\d+)?)\s(?:of\s)?(?:an?\s)?(?P<its>[a-z]+)\)?[.\s]*\Z)"
)
_IN_PERCENT = late(r"(?<=\d),\s(?:i\.e\.,?|that\sis,?|which\sis)\s[\d.]+\s?\\?%[.\s]*\Z")
_DESCRIBED = late(  # "15, which is divisible by 3 and 5", "5 when divided by 12"
    r"(?<=[\d)}$a-z]),\swhich\sis\s(?:also\s|indeed\s)?(?:divisible\sby|between"
    r"|a\s(?:multiple|factor|divisor)\sof|the\s(?:smallest|largest|next|first)\s[a-z ]{1,30})"
    r"\s[^.;=\n?]{1,50}[.\s]*\Z"
    r"|(?<=[\d)}$])\s(?:when|upon|after)\s(?:(?:it|the\s(?:number|sum|product|total))\sis\s)?"
    r"(?:divided|division|dividing)\sby\s[^.,;=\n?]{1,30}[.\s]*\Z"
)
_WORKING = late(  # "125 pages altogether (66 + 35 + 24)"
    r"\d[^.!?\n=(]*[a-z]{2}\*{0,2}(?P<working>\s\((?=[^()]*\d\s?[+*×÷/–-]\s?\$?\d)[\d\s.,+*×÷/$–-]{3,60}\)[.\s]*\Z)"
)
_AFTER_ALL = late(  # "12 apples left after giving 5 to Bob and 3 to Carl"
    r"\d[\d.,/]*\*{0,2}\s[^.!?\n=,;\d]{0,60}?(?P<after>\s?\bafter\s(?:[a-z]+ly\s)?[a-z]{2,}ing\s"
    r"(?![^.,;=\n?]*\b(?:is|are|was|were|has|have|had|gets?|leaves?|becomes?|equals?|total|left|remain\w*)\b)[^.,;=\n?]{1,80}[.\s]*\Z)"
)
_CONDITION = late(
    r"\b(?:for|if|as|when|whenever|unless|otherwise)\s[a-z\s]{0,20}\$|\b(?:if|when|otherwise)\b", re.IGNORECASE
)
_CONFIRMED = late(
    r"(?:,?\s+(?:and|as|which)|[;,]\s+(?:this|it|that))\s(?![^.\n]*(?:\bnot\b|n['’]t|\bfails?\b))(?:[^.;\n?]{1,60}\s)?(?:confirms?|checks?|verif(?:y|ies)|satisf(?:y|ies)|indeed|holds(?=[.\s]*\Z|\strue|\sfor))\b[^.\n?]{0,50}[.\s]*\Z"
    r"|,\s+(?:so|and)\s[^.,;\n?]{1,60}\sas\s(?:required|claimed|expected|desired)[.\s]*\Z"
    r"|[;,]\s+(?:which\sis\s)?(?:consistent\swith|checking,)\s[^.\n?]{1,60}[.\s]*\Z"
    r"|(?:,\s+which\sis|\s+[–—-]|\s*[–—])\s\S{1,12}\s(?:[a-z]+\s)?(?:times|more|less|fewer)\b"
    r"(?![^.\n?]*(?:\b(?:so|is|are|makes?|making|gives?|giving|totals?)\b|=)[^.\n?]*\d)[^.\n?]{1,60}[.\s]*\Z",
    re.IGNORECASE,
)


def unremarked(text: str) -> str:
    """The text without remarks about its last answer that follow that answer."""
    text = _without_section(text)
    begin = max(0, len(text) - _LONGEST)
    end = text[begin:]
    if "(" in end:
        end = _BRACKETED.sub("", end) if begin or not end.lstrip().startswith("(") else end
    if end.rstrip(". ").endswith(")") and (working := _WORKING.search(end)) is not None:
        end = end[: working.start("working")]
    if "after " in end and (done := _AFTER_ALL.search(end)) is not None:
        end = end[: done.start("after")]
    if "since" in end or "because" in end or " as " in end:
        end = _without_reason(end)
    if "ed " in end or " by " in end:
        end = _ATTAINED.sub("", end)
    if "quality " in end:
        end = _EQUALITY.sub("", end)
    if "comparison," in end or "reference," in end:
        end = _BY_COMPARISON.sub("", end)
    if "≈" in end or "approx" in end or "about" in end or "roughly" in end:
        end = _ABOUT.sub("", end)
    if "%" in end:
        end = _IN_PERCENT.sub("", end)
    if ("(" in end or "," in end) and (again := _IN_ANOTHER_UNIT.search(end)) is not None and _is_the_same(again):
        end = end[: again.start("again")]
    if "divi" in end or "which is" in end:
        end = _DESCRIBED.sub("", end)
    if " for " in end or " when" in end or " at " in end or " as $" in end:
        end = _without_condition(end)
    if "," in end or ";" in end or "–" in end or "—" in end or " and " in end or " as " in end:
        end = _CONFIRMED.sub("", end)
    return text[:begin] + end


def _is_the_same(again: re.Match[str]) -> bool:
    """Whether the quantity in brackets is the one before them, in another unit."""
    unit, its = read_unit(again["unit"]), read_unit(again["its"])
    if unit is None or its is None or not unit.dimension or unit.dimension != its.dimension:
        return False
    try:
        return Fraction(again["value"]) * unit.factor == Fraction(again["other"]) * its.factor
    except (ValueError, ZeroDivisionError):
        return False


def _without_condition(end: str) -> str:
    """The text without the condition of its last value, if there is only one condition."""
    found = _HOLDS_FOR.search(end)
    begin = 0 if found is None else found.start("at") if found["at"] else found.start()
    return end if found is None or _CONDITION.search(end[:begin]) else end[:begin]


def _without_reason(end: str) -> str:
    """The text without the reason at its end, unless that repeats the value: "16 coins because 4 x 4 = 16"."""
    reason = _REASON.search(end)
    if reason is None:
        return end
    if not reason["unit"]:
        return end[: reason.start("reason")]
    stated = re.findall(r"\d+", end[: reason.start("reason")].rpartition("\n")[2])
    comes_to = re.findall(r"\d+", reason["reason"].rpartition("=")[2]) if "=" in reason["reason"] else []
    return end if comes_to and comes_to[-1] in stated else end[: reason.start("reason")]


def _without_section(text: str) -> str:
    """The text without a closing check or explanation, if an answer comes before it."""
    if (stated := _STATED_FIRST.match(text)) is not None and _CONCLUDING.search(text, stated.end()) is None:
        return stated[1]
    begin = max(0, len(text) - _LONGEST_SECTION)
    for found in _SECTION.finditer(text, begin):
        before = text[: found.start()]
        section = _AFFIRMED.sub("", text[found.end() :])
        turning = _TURNING if _MATCHED.search(text, found.end()) else _CONCLUDING
        if re.search(r"\d", before) and turning.search(section) is None:
            return before.rstrip()
    return text


# --- afterwords -------------------------------------------------------------------------------------------------------

_LONGEST_AFTERWORD = 800
_MOST_AFTERWORDS = 4  # one behind another

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
_DRAWING_A_CONCLUSION = late(
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
    *("let me know", "feel free", "would you", "do you want", "want me", "anything else"),
    *("hesitate", "help", "hope", "if you"),
)


def without_afterword(text: str) -> str:
    """The text without a closing part about other things, if a value stands before that part."""
    for _ in range(_MOST_AFTERWORDS):
        text = text.rstrip()
        begin = max(0, len(text) - _LONGEST_AFTERWORD)
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
    return _FOOTNOTE_MARK.sub("", text) if "[" in text[-_LONGEST_AFTERWORD:] else text


def _last(kind: re.Pattern[str], text: str, begin: int) -> re.Match[str] | None:
    """The last remark of this kind that runs to the end of the text and concludes nothing."""
    for found in kind.finditer(text, begin):
        behind = found.start() if found.end() == len(text) else found.end()
        concluding = _ANSWERING if kind is _OFFER else _DRAWING_A_CONCLUSION
        if any(one.search(text, behind) for one in (concluding, _STATED)):
            continue
        if _VALUE.search(text, 0, found.start()) is not None:
            return found
    return None
