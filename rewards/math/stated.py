"""Whether the last value of a text that names no answer is what its sentence states.

What a sentence doubts, denies, conditions, reports or only uses ("divide by 8", "Lemma 8") is no answer; neither is a
value of which the sentence goes on to say something else ("8 is not prime") or takes back ("8, which contradicts …").

Example:
    >>> is_stated("So she has ", " apples left"), is_stated("It might be ", ""), is_stated("", " is not in the domain")
    (True, False, False)
    >>> is_stated("", " is the smallest of them"), is_stated("This holds for n = ", ""), is_stated("Divide it by ", "")
    (True, False, False)
"""

from __future__ import annotations

import re

_NAMED = re.compile(r"(?:(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*=\s*)?[\s$*(\[]*\Z")
_NOT = r"(?:n['’]t|\snot)"
_OPEN = r"(?:clear|true|certain|possible|sure|known|the\scase)"
_NOT_SAID = re.compile(
    rf"""(?:\b(?:might|perhaps|maybe|possibly|probably|hardly|incorrectly|mistakenly|wrongly|supposedly|allegedly
        |(?<!\bi\s)(?<!\bwe\s)(?:say|says|said|thinks?|thought|believes?|claims?|argues?|told|according\sto|suppose|assume|pretend|used\sto\sbe)
        |(?:my|first|could|would|can)\sguess|tempt\w+|careless|na[iï]ve(?:ly)?|glance|mistake|error|looks?\slike
        |(?:upper|lower)\sbound(?:\s(?:for|of|on)[^,;:]*)?\sis|ruled?\sout|remains\sto|no\sway|nothing\s\w+|nobody|contradicts?|violates?|rejects?|discards?|impossible
        |(?:is|are)\snot\s{_OPEN}|may(?:\swell|\salso)?\sbe|may\snot|(?:is|are|was)n['’]t\s{_OPEN}
        |(?<!who\s)(?<!that\s)(?<!which\s)(?:could|would|should|need|must|did|do|does|ca|wo|can){_NOT}(?:\shave)?
        |(?:holds?|true|fails?|valid|undefined|(?:this|it)\sworks?)\s(?:for|when|if|at))\b[^,;:]*
      | \b(?:if|unless|whether|provided)\s(?:[a-z]\s)?(?:is\s|be\s|are\s|equals\s)?
      | \A(?:should|were|had|taking|choosing|setting|putting|trying|with)\s(?:[a-z]\s)?(?:be\s|=\s)?
      | \b(?:given\sthat|let|try)\s
      | \b(?:lemma|theorem|corollary|proposition|equation|eq\.|page|section|chapter|figure|exercise
          |problem(?:\sis)?\snumber
          |divi[ds]\w+(?:\s\w+)?\sby|multipl\w+(?:\s\w+)?\sby|to\s(?:add|subtract|check|test|try)|subtract(?:\s\w+)?\sfrom
          |\A(?:now|next|then)[,\s]+(?:we\s)?(?:test|try|check|take|add|subtract)|this\swe\s(?:add|subtract|take)|diverges?\sat
          |(?:the|this)\s(?:choice|candidate))\s
    )\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD = re.compile(r"[a-zï]+")
_MARK_WORDS = """
might perhaps maybe possibly probably hardly incorrectly mistakenly wrongly supposedly allegedly say says said
think thinks thought believe believes claim claims argue argues told according suppose assume pretend used
guess tempted tempting careless naive naïve naively naïvely glance mistake error look looks bound rule ruled
remains way nothing nobody contradict contradicts violate violates reject rejects discard discards impossible
not may t hold holds true fail fails valid undefined work works if unless whether provided should were had
taking choosing setting putting trying with given let try lemma theorem corollary proposition equation eq page
section chapter figure exercise problem by add subtract check test take from at choice candidate temptation
"""
_MARKS = frozenset(_MARK_WORDS.split())
"""One of them is in whatever `_NOT_SAID` finds."""
_GOES_ON = re.compile(  # what is said of the value, by which it is no answer
    rf"""[\s$*)\]]*(?:
        (?:is|are){_NOT}\s(?!only\b)
        |(?:is|are|was)\s(?:too|a\s(?:trap|contradiction|mistake)|(?:the\s)?wrong|incorrect|false|only\s(?:half|part|one\sof)
            |an?\s(?:(?:upper|lower)\s)?bound|(?:my|his|her|our|the)\sfirst\sguess|the\sanswer\sto\s(?:another|a\sdifferent)|un\w+able|im\w+|invalid|extraneous)\b
        |(?:can|could|must|may|should|has|have|is|are)\s(?:to\s)?(?:be\s)?(?:ruled|discarded|rejected|excluded|dropped|ignored)\b
        |(?:does|do|did|could|would|will)(?:{_NOT}|not)\s(?:divide|work|satisfy|fit|hold|exist|count|lie|belong)\b
        |used\sto\b|remains?\sopen\b|(?:[a-z]+\s)?(?:only\s(?:for|if|when)|unless|provided)\b|or\sthereabouts|but\sis{_NOT}
        |(?:[a-z]+\s)?[,(]?\s?(?:I\s(?:guess|think|suppose|believe)|not\ssure|right\Z|but\s(?:I|we|that|this|it)\s(?:may|might|am|is|was)\b|but\sI\b)
        |(?:makes?|gives?|leads?|yields?|fails?|breaks?|would|causes?|results?|contradicts?|violates?)\b
            (?!\s+(?:the|our)\s(?:answer|result)))""",
    re.VERBOSE | re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"""[^,;(–—.]{0,40}[,;(–—]\s*(?:(?:so|but|and|which|that|this|it|he|she|who|is|was|are|be|a|i|we|must|leads|turns|out|to|therefore|though|have|has)\s){0,5}
        (?:wrong|false|incorrect|incorrectly|mistakenly|wrongly|who\sknows|no\sproof|contradicts?|contradiction|fails?
        |excluded|discarded|rejected|undefined|impossible|invalid|extraneous
        |(?:does|do|did|can|could|is|are|was)(?:n['’]t|\snot|not)\s(?:satisf\w+|work|hold|fit|possible|allowed|valid|correct|right|true
          |believe|in\s|an?\s(?:solution|root)))\b""",
    re.VERBOSE | re.IGNORECASE,
)


def is_stated(before: str, after: str) -> bool:
    """Whether the value between two parts of its sentence is what the sentence states.

    before, after: of the same sentence.
    """
    if _TAKEN_BACK.match(after.lstrip("$*) ")) is not None:
        return False
    if _GOES_ON.match(after) is not None:
        return False
    lead = _NAMED.sub("", before).rstrip() + " "
    if _MARKS.isdisjoint(_WORD.findall(lead.lower())):  # most sentences, and ten times as fast
        return True
    return _NOT_SAID.search(lead) is None
