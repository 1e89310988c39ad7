"""Decides whether the writer claims a value, from the words before and after it in its sentence.

A sentence is read as a string of letters, one for the class of each word (`claim_words`): "I doubt that the answer is"
is `ydqqAb`. The rules are patterns of letters. A value called "the answer" is claimed only in the ways that
`is_claimed` knows. Any other value is claimed unless `_UNCLAIMED` or `_SAID_OF_IT` finds that its sentence denies,
doubts, supposes, reports or merely uses it.

Example:
    >>> classes("I doubt that the answer is")
    'ydqqAb'
    >>> is_claimed("So, after all, "), is_claimed("Suppose that "), is_claimed("Twice "), is_claimed("Tom's ")
    (True, False, False, False)
    >>> is_stated("So she has ", " apples left"), is_stated("It might be ", ""), is_stated("", " is not in the domain")
    (True, False, False)
    >>> is_stated("", " is the smallest of them"), is_stated("This holds for n = ", ""), is_stated("Divide it by ", "")
    (True, False, False)
    >>> is_taken_back(", which is impossible"), is_taken_back(", which is prime")
    (True, False)
"""

from __future__ import annotations

import re
from functools import lru_cache

from rewards.math.extract.claim_words import CLASS_OF, IDIOMS
from rewards.math.late import late
from rewards.math.lexicon import listed

_LONGEST = 120  # characters that are looked at behind a value
_NEAR = 70  # characters in which it has to begin that it is wrong
_WORDS = late(r"[a-zï]+")
_DENYING = frozenset(word for word, letter in CLASS_OF.items() if letter in "wxXdnNC") | listed(
    "cannot rule ruled rules remains outside guess look looks used bound thereabouts scratch mind",
    "option again back fails seems recompute recalculate redo start",
)
"""Every match of `_TAKEN_BACK` contains one of these words."""
_TOKEN = late(r"\$[^$\n]*\$|</?[a-z]+>|\\?[a-zï]+(?:['’-][a-zï]+)*|\d(?:[\d.,/:%]*\d)?|\.{2,}|[^\s\w]")
_MARKS = {
    **dict.fromkeys(",()[]–—", ","),
    **dict.fromkeys(";:", ";"),
    **dict.fromkeys(".!?…", "|"),
    **dict.fromkeys("<*$_\"'`“”‘’{}#>~", ""),
}
_NAMED_A = late(r"(?<=[\w,;:] )A(?![\w'’])")  # "City A"
_SHORTENED = {"isn": "b", "aren": "b", "wasn": "b", "weren": "W", "hasn": "h", "haven": "h", "wouldn": "O"}
_POINTING = ("it", "that", "there", "here")


@lru_cache(maxsize=64)
def classes(text: str) -> str:
    """The class letters of a text."""
    text = _NAMED_A.sub("v", text) if " A" in text else text
    text = text.lower().replace("’", "'")
    for idiom in IDIOMS:
        if idiom.has in text:
            text = idiom.pattern.sub(idiom.means, text)
    return "".join(map(_letter, _TOKEN.findall(text)))


@lru_cache(maxsize=4096)
def _letter(token: str) -> str:
    known = CLASS_OF.get(token)
    if known is not None:
        return known
    first = token[0]
    if first.isalpha():
        word, _, ending = token.partition("'")
        if ending == "t":  # isn't, don't, can't
            return _SHORTENED.get(word.removesuffix("n") + "n", "m") + "n"
        if ending == "s":  # it's, Tom's
            return CLASS_OF.get(word, ".") + ("b" if word in _POINTING else "P")
        if ending:  # we're, I'd
            return CLASS_OF.get(word, ".")
        if word == "cannot":
            return "mn"
        if len(word) == 1:
            return "v"
        return "a" if word.endswith("ing") and len(word) > 5 else "."
    if first.isdigit() or (first == "$" and len(token) > 1):
        return "#" + _MARKS.get(token[-2:-1], "") if first == "$" else "#"
    return "v" if first == "\\" else _MARKS.get(first, "=")


# --- "the answer" -----------------------------------------------------------------------------------------------------

_NEW_CLAUSE = late(r".*[cB]|.*&(?=[qgfJ]*\Z)(?<!kI.&)(?<!kI..&)")
_THE = late(r"(?:q{0,2}|K)[gfJ]*\Z")
_CONCLUDED = late(r".*[eSRZ][.qbmpFIyheaSRK]{0,6}|[q#]?b\.?")  # "we see that", "it follows that"
_THINKING = late(r"\.?y[mOL]?re?q?")  # "I would say that"
_CIRCUMSTANCE = "LsjGpFI#=vaTt"  # what a clause begins with that says when or why
_SOMEBODY_ELSE = late(r"[dwxCNrouQ]|P[.gJ]*\Z")
_NO_TITLE = late(r"[dwxCNnouQrPD]")
_YOURS = late(r"\W*your\b", re.IGNORECASE)
_TAKEN_FROM = late(r"[tT][^,;|]{0,3}F\Z")  # "when you subtract one from the answer"
_FOR_AN = late(r"pK[gJ]*\Z")  # "for a final answer of"
_ELSEWHERE = late(r"[druQ]|\A[pF].*o")
_UNREAL = late(r"\A[c.]*W[^cB]*\Z|i[^B]*W[^B]*\Z")
_ANOTHER = late(r"o\.{0,2}(?:,|\Z)")
_CONCEDED = late(r"Lq?\.{1,2}")  # "although the expected"


def is_claimed(before: str) -> bool:
    """Whether "answer", after these words of its sentence, begins a claim by the writer and is not modified."""
    return _is_claimed(classes(before))


def _is_claimed(row: str) -> bool:
    row = row[max(row.rfind(";"), row.rfind("|")) + 1 :]
    if not row:
        return True
    if (
        _UNREAL.search(row) is not None or _ANOTHER.search(_NEW_CLAUSE.sub("", row)) is not None or row == "qq"
    ):  # "That the answer is 8 is a mistake"
        return False
    *circumstances, own = _NEW_CLAUSE.sub("", row).split(",")
    if any(_ELSEWHERE.search(one) for one in circumstances if one[:1] not in ("L", "s")):
        return False
    if _FOR_AN.search(own) is not None:
        return True
    the = _THE.search(own)
    own = _THE.sub("", own).lstrip("&")
    if own == "." and the is not None and the.group():  # "Clearly the answer"
        return True
    if not own or _THINKING.fullmatch(own) is not None:
        return True
    if (
        _CONCEDED.fullmatch(own) is not None
        or _SOMEBODY_ELSE.search(own) is not None
        or own[-1] in "kiUI"
        or _TAKEN_FROM.search(own) is not None
    ):
        return False  # "twice the answer", "the square of the answer"
    return (
        own[0] in _CIRCUMSTANCE
        or (own[-1] == "p" and "y" in own)
        or ("n" not in own and _CONCLUDED.fullmatch(own) is not None)
    )


_LINK = late(r",?(?:[mO]?b|[mO]?[.Re]p{1,2}b?)?[.gK]{0,3}\Z")
_LINKED = late(r"[mO]?b[.gKpc]{0,3}\Z")  # "is exactly", "turns out to be", "comes to"
_OTHER_THAN_IT = late(r"[okdwxrRhnPTt=U]|(?<!y)W")


_OWN_CLAUSE = late(r"[^,;|cB&]*\Z")
_DISCLAIMED = late(
    r"""[wxCN][.bq]{0,2}\Z | d[.rb]{0,2}\Z | u[.y]{0,2}\Z                # "a wrong", "I doubt that the", "suppose the"
      | n\.?[rfJ] | (?<!y)(?<!y[mO.])r[.b]?\Z | P[.gJ]*\Z | [kiUI]\Z  # "I don't think the", "he says the", "twice the"
    """,
    re.VERBOSE,
)


def is_disclaimed(before: str) -> bool:
    """Whether the words before "answer is", in its clause and directly before a box, show that the writer rejects it.

    A box is a commitment: neither the rest of the sentence nor an unusual wording takes it back.
    """
    own = _OWN_CLAUSE.search(classes(before))
    the = "" if own is None else _THE.sub("", own.group())
    return _DISCLAIMED.search(the) is not None or _TAKEN_FROM.search(the) is not None


_DOUBTED = late(
    r"""\A[^|;]*(?:[by]n(?:[fZJ]|q\.)|b[wd])q[^,;|cB&]*\Z  # "It is not the case that", "It is doubtful that"
      | (?<!y)[dM]r\Z                         # "but the key might say"
      | \A[c,]*[qK]w[.z]{1,2}[rRe]q?\Z                  # "The incorrect solution concludes"
      | \A[c,]*(?:y[mO]nr | N[mO.]?r | .[mO]?w[er] | \.dr | qbdp)[^,;|]*\Z  # "I wouldn't say", "One might think"
    """,
    re.VERBOSE,
)


def is_doubted(before: str, words: list[str]) -> bool:
    """Whether the words before a box in its sentence say that the statement it completes is false.

    words: its `words_of`.
    """
    return _has_denial(before, words) and _DOUBTED.search(classes(before)) is not None


def is_title(before: str) -> bool:
    """Whether the words directly before "answer", as part of its name, leave it the writer's: not so for "wrong
    answer".
    """
    return _NO_TITLE.search(classes(before)) is None and _YOURS.match(before) is None


def is_about_it(row: str) -> bool:
    """Whether the words between "the answer" and the value are about the answer: "to this is", but not "minus 1 is"."""
    return _OTHER_THAN_IT.search(_LINK.sub("", row)) is None


# --- any value --------------------------------------------------------------------------------------------------------

_NAME = late(r"(?:(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*=\s*)?[\s$*(\[]*\Z")
_CLAUSE = r"[^,;|=cB]*\Z"
_UNCLAIMED = late(  # what stands before the value
    rf"""\AW[^|;]*O[^,;|]*\Z | i[^|;]*W[^|;]*Oe\.[^,;|]*\Z     # "Had it been so, it would be", "we would have found"
      | [dwNC]{_CLAUSE}                                      # doubted, called wrong: "It might be", "nobody got"
      | (?<!y)(?<!y[mO])r{_CLAUSE}                           # reported, but by the writer: "Bob says it is"
      | (?:(?<!q)|(?<=\Aq)|(?<=[c,;|B]q))[mO]n{_CLAUSE} | M\.?[bn]{_CLAUSE}             # "it cannot be", "it may be"
      | (?:\A|[,;|cB])n[^,;|=cB]{{0,4}}b\Z                    # "No value is"
      | (?:\A|[,;|cB])kI?q[^,;|=\#]*b\Z                      # "Twice the total is"
      | D{_CLAUSE}                                            # "a guess would be"
      | (?:\A|[,;|cB])n(?!a)[^,;|=cB]{{1,4}}R[pq]?\Z           # "No valid computation leads to"
      | n\Z | nbq\Z                                          # "neither 5 nor", "nor is it"
      | (?:\A|[c,])(?:q\.k\#|\#kq\.)b\Z                      # "The number times 7 is", "7 times the number is"
      | O[he]b{_CLAUSE}                                         # "it would have been"
      | bn(?:[zZ]|fq){_CLAUSE}                                  # "it is not clear that it is", "it isn't true that"
      | (?:f|qV)[pjiU]{_CLAUSE}                              # where something holds: "This works for n ="
      | [iuU][vq]?b?\Z | [iUG][^,;|=\#]{{0,7}}\Z              # supposed: "if x is", "let"
      | \Aj[^,;|=\#]{{0,4}}\Z | \A[c,]*u[^,;|]*\Z | \A[c,]*[ud],?\Z | Q[^,;|]*R\Z | \A[c,]*Q[^;|]*O[^,;|]*\Z
      | \A[Wam][vq]?b?\Z                                    # "Had it been", "With x =", "Taking"
      | l\Z | \A[c,]*S[.lq]?\Z                              # "Lemma", "see table"
      | [v#]T\Z | T[^,;|]{{0,4}}F\Z | t[^,;|]{{0,2}}F\Z | \Ac,?yE\Z      # used: "divide it by", "subtract it from"
      | (?:\A|[,;])(?:(?:c,?y?)?t|(?:c,?)?E)[pF]?\Z             # "To finish, subtract"
      | pt\Z | y[.m]t\Z | qy[tE]\Z | y[eh]?n?x[.q]{{0,2}}\Z  # "to check", "We eliminated"
    """,
    re.VERBOSE,
)
_AMOUNT_IS = late(  # "The number of wrong answers is": what is counted may be called wrong
    r"\W*(?:(?:so|thus|hence|therefore|then),?\s)?the\s(?:total\s)?"
    r"(?:(?:number|amount|count|fraction|percentage|proportion)\sof|(?:probability|chance)\s(?:of|that))\s"
    r"(?![^\n]*\b(?:sa(?:y|ys|id)|claim\w*|think\w*|thought|believ\w*|guess\w*|suppos\w*|if|when|may|might|would|could|not|no)\b)"
    r"[^,;:.\n]*\s(?:is|was|equals)[\s$*(]*",
    re.IGNORECASE,
)
_WOULD = late(r"O[.hbem]{0,3}\Z")  # "They would need 9 boxes if"
_IS_THE_ANSWER = late(r"(?:O|[^nOmdwx;|]*)b[qK][gJ]*A\|?")
_IS_IT = late(r"(?:\A|[qP])[gJ.]*\Z")  # "the answer", which is one; "5 answers" are things
_NEW_SUBJECT = late(r",.*[yqa]")  # "to find the answer, we"
_PREDICATE = r"""(?:
    [bW][.Kqg]?[wxXd](?!q|pr) | [mMOhbW]{1,3}[wx](?!q|p[rA])             # is wrong, has been ruled out, is too big
  | [bW]n[.Kqg]{0,2}[zfVJA] | [mO]n[bW]?[.Kq]{0,2}[zfVJA] # is not a solution, does not work, cannot be right
  | [bW]nq(?=[|,;]|\Z) | mnbq?(?=[|;]|\Z) | s[.K]?w    # is not it, cannot be; marked as wrong
  | C | R[.K]?w                                      # contradicts, gives a contradiction
)"""
_SAID_OF_IT = late(  # what follows the value
    rf"""(?:[^,;|]{{0,6}},(?:[&cB],?)?(?:q[.A]?|\.)?{_PREDICATE}    # "8, which contradicts"
      | [^,;|]{{0,6}},[qK]?[wxC]                                  # "8, wrongly"
      | [.hbe]{{1,5}}d(?:[,;|B]|\Z)                                # "79 have been counted so far"
      | b[nx] | [mO]n(?:[.Kq]{{0,2}}T|\|?\Z) | [.y]?O | {_PREDICATE}    # "8 is not prime", "8 does not"
      | [^|]*Bq?[gfJ]*A[^|]*o(?:\||\Z)                        # "8, but the answer is different"
      | V,?B | R(?!q[AfJ]) | hQ                                              # "8 makes it zero"
      | [^;|]*,c?kq | [^|]*(?:[FIK&tTmy]|[pF]q|mp)\Z                # "8 each, so twice that"; "8 by", cut off
      | b[.Kgq]{{0,2}}D | b[.Kg]{{2,3}}[wxXd] | bk\.[yq]           # "8 is just a guess", "8 is twice what we"
      | m[pb]{{1,2}}k | bq?kI?q[gJ]*A                            # "8 must be doubled", "8 is twice the answer"
      | bqA[pI].?o | bg[k.]I | \.?U                 # "8 unless", "8 only for even n"
      | \.?,?(?:y[ru]|d|n[zZ]|B[yq][MdbW]|By|B[yq]?hn))                      # "8, I think", "8 (not sure)"
    """,
    re.VERBOSE,
)
_TAKEN_BACK = late(  # "12 boxes must be eliminated" takes nothing back
    rf"(?!\.[mbh]{{1,2}}x)(?:(?:[&Bn],?)*(?:qA?|\.)?|[,;|](?:[&Bn],?|\.n?,)*(?:qA?|\.)?)(?!bq){_PREDICATE}|[.,]?Fw(?!q)|[,;](?:K?w|X\.)|[|](?:\.,|n,)*(?:w(?!A[^|])|n[|]|n\Z|(?:yr)?[yq](?:m[bhe])?\.?Kw(?![^|]*B)|yw)|[;|]{{1,2}}c,w(?:[|]|\Z)|\.?[bW]nY",
    re.VERBOSE,
)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case."""
    return _WORDS.findall(text.lower())


def _has_denial(text: str, words: list[str]) -> bool:
    """Whether the text has any word of denial. Most texts have none, and this check takes a tenth of the time."""
    return not _DENYING.isdisjoint(words) or "n't" in text or "n’t" in text


def is_taken_back(after: str) -> bool:
    """Whether the text after a value, in its sentence or directly after it, says that it is wrong."""
    near = after[:_NEAR]
    if not _has_denial(near, words_of(near)) or _OF_SOMETHING_ELSE.match(after) is not None:
        return False
    after = _POINTED_AT.sub("that", _INTERJECTED.sub(". ", after))
    return _TAKEN_BACK.match(classes(after[:_LONGEST].replace("\n\n", "; "))) is not None


_INTERJECTED = late(r"\A[\s$*).]*(?:(?:hm+|oh|wait|hold on|oops)[,.!…]+\s+)+(?=that|this|it\b)", re.IGNORECASE)
_OF_SOMETHING_ELSE = late(  # ". It is impossible to have more", ". This is not possible for 9"
    r"[\s$*)]*[.;!]?[\s$*]*(?:(?:and|also|indeed|clearly|moreover|note\sthat),?\s)?(?:it|this|that)(?:['’]s|\sis|\swas|\swould\sbe)\s"
    r"(?:\w+ly\s|also\s)?(?:impossible|wrong|incorrect|a\smistake|not\s(?:possible|allowed|correct|right))\s"
    r"(?:to\b|for\s[^.\n]{0,30}\d)",
    re.IGNORECASE,
)
_POINTED_AT = late(
    r"\b(?:(?:that|this)\s(?:output|result|value|number|figure|count|total)|the\sabove(?:\s(?:answer|result|value))?)\b",
    re.IGNORECASE,
)
_ANOTHER_TIME = late(r"\A[c,]*o,?[q.][hbWm]{1,2}\Z")
_A_PART = late(r"Iq?#")


def is_of_another_time(before: str) -> bool:
    """Whether a sentence begins with another time or another person: "Originally there were"."""
    return _ANOTHER_TIME.match(classes(before)) is not None


def is_stated(before: str, after: str) -> bool:
    """Whether the sentence states the value that stands between these two parts of it."""
    said = classes(after[:_LONGEST]) if after else ""
    row = classes(_NAME.sub("", before))
    if _IS_THE_ANSWER.fullmatch(said) is not None and "n" not in row:
        return True
    if _SAID_OF_IT.match(said) is not None or (not row and _A_PART.match(said) is not None):
        return False
    if _is_unclaimed(before, row) or (_WOULD.search(row) is not None and "i" in said.partition("|")[0]):
        return False
    head, answer, about = row[max(map(row.rfind, ";|B")) + 1 :].rpartition("A")
    if not answer or _IS_IT.search(head) is None or _NEW_SUBJECT.search(about) is not None:
        return True
    if about[:1] == "O" and head[:1] == "i":  # "If there were no wind, the answer would be 8"
        return False
    return (
        _is_claimed(head) and is_about_it(about) and (about[:1] in ("", ",", "I") or _LINKED.search(about) is not None)
    )


_HOLDS = late(
    r"\A(?![^\n]*(?:\b(?:not|never|no)\b|n['’]t\b))[^\n]*\b(?:holds?|true|valid|satisfied|defined|real|positive|negative"
    r"|increasing|decreasing|converges)\s(?:only\s|precisely\s|exactly\s)?(?:when|for|if|iff|if\sand\sonly\sif|on)\s"
    r"(?:all\s)?[\s$(\\]*\Z",
    re.IGNORECASE,
)
_RANGE = late(r"(?=.*(?:[<>≤≥∪∈]|\\(?:[lg](?:eq?|t)?|in|cup|infty)(?![a-z])))[^\n]*")


def holds_for(before: str, value: str) -> bool:
    """Whether a sentence gives the range of values for which something holds."""
    return _HOLDS.search(before) is not None and _RANGE.fullmatch(value) is not None


def is_supposed(before: str) -> bool:
    """Whether the words before a value deny, doubt, suppose or merely use it."""
    return _is_unclaimed(before, classes(_NAME.sub("", before)))


def _is_unclaimed(before: str, row: str) -> bool:
    return _UNCLAIMED.search(row) is not None and _AMOUNT_IS.fullmatch(before) is None
