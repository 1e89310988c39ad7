"""What stands around "the answer is": whether it is asserted, and whether another answer is offered beside it.

Example:
    >>> is_asserted("So, after all, "), is_asserted("Suppose that ")
    (True, False)
    >>> offers_more(" in most cases, 4 in others", "3"), offers_more(" because 3 times 4 is 12", "12")
    (True, False)
"""

from __future__ import annotations

import re

LONGEST_SENTENCE = 200

_GOES_THROUGH = r"(?:(?!\b(?:so|thus|hence|therefore|then)\b)[^,;:])*\Z"
_NOT_ASSERTED = re.compile(
    rf"""\b(?:if|unless|suppos(?:e|ing)|assum(?:e|ing)|imagine|doubt|false|wrong|incorrect|untrue|not|never|cannot
        |nobody|no\sone|whether|tempting|tempted|mistakenly|wrongly|incorrectly|thinks|says|claims|believes|argues
        |concludes|guesses|impossible|refuses?|naive|mistake\sis|(?:is|are)\ssaid|reject|discard|(?:rule|ruling)\sout)
        \b{_GOES_THROUGH}
      | \A\W*(?:let\sus\s|let['’]s\s)?say\b{_GOES_THROUGH} | \A\W*(?:were|had)\s
      | n['’]t\b{_GOES_THROUGH}
      | \b(?:you|one|someone|somebody|people|they|some|students?|many|who|others|nobody)\s(?:\w+\s){{0,9}}
        (?:say|think|claim|believe|guess|argue|conclude)\b{_GOES_THROUGH}
      | \b(?:if|had)\b[^.!?\n]*\b(?:were|had|been)\b | \bother\s(?:problem|question|part|case|one)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"\W*(?:if|for|had|were|when|whenever|suppose|assume|unless|in the case)\b", re.IGNORECASE)
_RESTRICTED = re.compile(r"[\s$*)]*,?\s*(?:if|when|whenever|unless|for|provided|only|in)\b", re.IGNORECASE)

_REASON = re.compile(
    r"\b(?:because|since|which(?!\s+case)|using|by(?!\s+(?:one|some)\b)|obtained|attained|achieved|neither"
    r"|given that|rounded|namely|from(?=\s\()|i\.e\.|that is|whether|no matter"
    r"|regardless)\b"
    r"|(?<!well )\bas(?!\s+(?:well|an))\b",
    re.IGNORECASE,
)
_SOME, _NONE = "\x01", "\x02"  # in the place of a formula: a value, a mere name or an assignment
_VALUE = r"[\s$(*]*([-+−]?\\?\$?\s?\d(?:[\d.,/]*\d)?|\x01)"
_NUMBER = rf"{_VALUE}(?![\d^]|[\s$)]*[=<>^*/+]|[\s$)]*(?:times|decimal|digits?|places)\b)"
_FORMULA = re.compile(r"\$((?:\\\$|[^$\n]){1,120})\$|(\(\s*-?\d[^()a-zA-Z]*,[^()a-zA-Z]*\))")
_NAMED = re.compile(r"\s*\\?[a-zA-Z]+\s*(?:(?:[=<>]|\\[lg]eq?).*)?")
_IS_NUMBER = re.compile(r"\s*[-+−]?\\?\$?\d[\d.,]*\s*")
_SMALL = (
    r"(?:\s*\b(?:it|is|it['’]s|could|can|really|rather|actually"
    r"|in fact|in truth|may|might|would|also|be|even|then|maybe|possibly|perhaps|another|possibility"
    r"|the|other|in which case)\b,?)*"
)
_OTHER = re.compile(
    rf"(?:\b(?:and|but|or|though|although|while|whereas|otherwise|else|(?:as well|together|along) (?:as|with))\b|[,;:])"
    rf"{_SMALL}{_NUMBER}|\bwith{_NUMBER}[$)]*\s+as\s",
    re.IGNORECASE,
)
_NEXT = re.compile(rf"[\s$*)]*[.!]\s*(?:or|perhaps|maybe|possibly){_SMALL}{_NUMBER}", re.IGNORECASE)


SEVERAL = "… "
"""Before what is more than one value, or another than it seems: it is no answer as it stands."""
_TAKEN_BACK = re.compile(
    r"""[\s$*)\]]*[,;:.!–—-]*\s*(?:(?:and|but|no|oh|actually|however)[,:]?\s+)*\(?
    (?:(?:which|this|that|it|he|she|this\svalue|that\sanswer)\s+|(?!(?:is|was|are)\b)[a-z]{2,}\s+(?=(?:is|are)\s))?
    (?:(?:is|was|are)\s+(?:(?:clearly|obviously|simply)\s)?
        (?:wrong|incorrect|false|impossible|extraneous|invalid|absurd|nonsense|rejected|excluded|ruled\sout
          |too\s(?:few|many|small|large|big|little|much)|not\senough
          |an?\s(?:contradiction|mistake|extraneous\s\w+)
          |(?:not\s|n['’]t\s)(?:right|correct|true|possible|valid|allowed|an?\ssolution
            |(?:the|an?)\s(?:correct\s|right\s)?answer))
      |wrong\W|an?\scontradiction|contradicts|(?:cannot|can['’]t)\sbe\s(?:right|correct|true)|must\sbe\s(?:wrong|discarded|rejected|excluded)
      |violates?|yields\sa\scontradiction|lies\soutside|is\sno\s(?:root|solution)
      |leads?\sto\sa\scontradiction|does(?:\snot|n['’]t)\s(?:work|satisfy|hold|count))(?![a-z])(?!\sthat\b)""",
    re.VERBOSE | re.IGNORECASE,
)


def is_taken_back(after: str) -> bool:
    """Whether what follows a value, in its sentence or right behind it, says that it is wrong."""
    return _TAKEN_BACK.match(after) is not None


_SUPPOSED = re.compile(
    r"""\A\W*(?:(?:now|so|first)[,\s]+)?(?:let\sus\s|let['’]s\s)?(?:let|assume|suppose|pretend|imagine|prove|say|try|consider)\b[^,;:]*\Z
      | \A\W*(?:given|in\sthe\scase|when)\b[^,;:\d]{0,20}\Z
      | (?:\b(?:doubt|impossible|unlikely|false|untrue|claims?|(?:says|show|prove)\sthat
          |not\s(?:yet\s)?(?:think|believe|sure|clear|certain|know|agree|possible)|cannot\sconfirm|no\sproof|thinks?
          |remains\sto\sbe\sshown)|n['’]t\s(?:think|believe))\s(?:that\s)?[^,;:\d]{0,30}\Z
      | \b(?:if|unless|whether)\s[^,;:=\d]{0,30}\Z | \A\W*were\s[^,;:=\d]{0,30}\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def is_supposed(before: str) -> bool:
    """Whether the value behind it, of which nobody says that it is the answer, is only supposed, doubted or denied."""
    return _SUPPOSED.search(before) is not None


def is_asserted(before: str) -> bool:
    """Whether what stands before the phrase in its sentence leaves it an assertion of the writer's."""
    return _NOT_ASSERTED.search(before) is None


def is_unconditional(before: str) -> bool:
    """Whether the sentence does not begin with a condition: "For n = 2 the final answer is 3"."""
    return _CONDITIONAL.match(before) is None


def is_restricted(after: str) -> bool:
    """Whether what follows a value says when it holds."""
    return _RESTRICTED.match(after) is not None


def offers_more(after: str, value: str, later: str = "") -> bool:
    """Whether another value is offered behind one, in its sentence or, as an afterthought, in what comes later."""
    plain = value.strip("$*() ")
    after = _FORMULA.sub(lambda found: _placed(found, value), after)
    reason = _REASON.search(after)
    found = _OTHER.search(after if reason is None else after[: reason.start()]) or _NEXT.match(later)
    return found is not None and next(filter(None, found.groups())).strip("$ ") != plain


def _placed(found: re.Match[str], value: str) -> str:
    """What stands for a formula: a number as it is; an equation is a value where the answer is one."""
    inner = found[1] or found[2]
    if _IS_NUMBER.fullmatch(inner):
        return inner
    is_named = _NAMED.fullmatch(inner) is not None and not ("=" in inner and "=" in value)
    return _NONE if is_named or ("=" in inner and "=" not in value) else _SOME
