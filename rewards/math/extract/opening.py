r"""The answer that a text begins with: what follows "the answer is".

Example:
    >>> opening("$x = 3$, since $x > 0$."), opening("not 42 but 24.")
    ('3', '24')
    >>> opening("72 clips in total, as 48 + 24 = 72."), opening("12, right?") is None
    ('72 clips', True)
"""

from __future__ import annotations

import re

from rewards.math.extract.assertion import SEVERAL, is_restricted, offers_more
from rewards.math.extract.bare import BOUND, FILLED, VALUE, bare
from rewards.math.extract.plain_words import NO_ANSWER, plain_words
from rewards.math.extract.sentences import sentence_end
from rewards.math.extract.spans import AROUND, VULGAR, Span, formula, formulas, run_from, unit
from rewards.math.extract.written import COMPOUND, OR, last_value
from rewards.math.late import late

_SAME_AGAIN = late(
    rf"\s*[,;(]\s*(?:i\.e\.|that\sis|which\sis|or\ssimply)\s*,?\s*(?P<value>\$?[-\d{VULGAR}./\\{{}}fracsqt]+\$?)\)?\s*\Z"
)
_ARTICLE = late(r"(?:the|a|an)\s+", re.IGNORECASE)
_ASSIGNED = late(r"\s*\\?[a-zA-Z]+(?:_\{?\w+\}?)?\s*=")
_JOINED = late(r"\s*\(?(?:,|;|,?\s*and\b)\s*")
DENIED = late(r"not\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_INSTEAD = late(
    r"(?:\bbut(?:\srather)?|\bit(?:\sis|['’]s)|\brather|\binstead)(?![^\W_])\s*(?P<rest>.+)", re.IGNORECASE | re.DOTALL
)
_HEDGE = late(
    rf"(?<![^\W_])(?:{OR}(?!\s+(?:about|approximately|roughly)\b)|else|otherwise|depending|vs|versus)(?![^\W_])",
    re.IGNORECASE,
)
_INSTEAD_NEXT = late(  # "The answer is not 101. It is 79."
    r"[.;]\s+(?:instead,?\s|rather,?\s)?(?:it\sis|it['’]s|it\s(?:equals|must\sbe|should\sbe))\s(?P<rest>[^\n]+)",
    re.IGNORECASE,
)
_OR_AGAIN = late(  # "12/25 (or 0.48)", ", or equivalently 48%"
    r"[\s$*]*[,(]?\s*\(?or(?:,?\s(?:equivalently|simply))?,?\s"
    r"(?P<value>\$[^$\n]{1,60}\$|-?\d[\d.,/]*(?:\\?%)?)\)?[\s.*]*\Z",
    re.IGNORECASE,
)
_PARTS = late(  # "(a) 10; (b) 3"
    r"\(a\)\s*([^;,()]+)[;,]\s*(?:and\s)?\(b\)\s*([^;,()]+)(?:[;,]\s*(?:and\s)?\(c\)\s*([^;,()]+))?\s*"
)
REASON = late(r",?\s+(?:because|since)\s", re.IGNORECASE)
_ONE_OF = late(r"(?:either\s)?one\sof\s[^.\n]*[,;]", re.IGNORECASE)
_RULED_OUT = late(  # "$12$; $13$ fails the test"
    r"[;,]\s(?:and\s|but\s)?\$[^$\n]{1,40}\$\s(?:fails|is\s(?:rejected|extraneous|impossible|invalid)|does\snot\s(?:work|satisfy))\b"
    r"(?![^\n]*\b(?:or|if|so|unless)\b)"
)
_REASONED = late(  # words after a value that say why or where it holds; `12 by 5` are two sides
    r"[\s*)]*[,;:]?\s*(?:no matter|regardless|irrespective|whatever|to the nearest|namely|from (?=\()"
    r"|by(?!\s+(?:\$?\d|one\b|some\b))|(?:is\s)?(?:attained|achieved|reached|obtained)"
    r"|(?:and\s|as\s|since\s)?neither)(?![^\W_])|,\s+an?\s(?:\w+\s)?(?:number|integer|square|cube|prime|power)\W*\Z",
    re.IGNORECASE,
)
_NOT_THAT = late(r",?\s*\(?(?:and\s+)?(?:not|nothing else|rather than|instead of)\b", re.IGNORECASE)
_YES_OR_NO = late(r"(?:yes|no|true|false)(?=\s*[,;:–—])", re.IGNORECASE)
_CHOICES = late(r"(?<!\w)[A-J](?!\w).*(?<!\w)[A-J](?!\w)")
_WHETHER = late(r"\b(?:whether|no matter|regardless)\b", re.IGNORECASE)
_THAT = late(r"that\s", re.IGNORECASE)
_DENYING = late(r"(?:no|not|never|wrong|incorrect|false|un\w+|in\w+)\b", re.IGNORECASE)
_REFERRED = late(r"\b(?:equation|eq\.|line|step|table|theorem|lemma|figure|section|part|page)\s*\(?\d", re.IGNORECASE)
_APPOSITION = late(  # "the total, 42", "half of 84, i.e. 42", "forty-two (42)"
    r"(?:[,(:]|\bwhich (?:is|equals)\b|(?<![\w.])\d[\d\s.+*/()×-]*=)\s*(?:or|so|i\.e\.,?|that is,?|namely|which is)?\s*"
    r"(?P<value>\$[^$\n]{1,80}\$|[$]?[-+−]?\\?\$?\d[\d.,/]*(?:\s?\\?%)?[$]?)[)*\s.]*\Z",
    re.IGNORECASE,
)
_TO_BASE = late(
    r"\s\(?(?:in\s)?base[\s-](?:\d+|two|three|four|five|six|seven|eight|nine|ten|sixteen)\b\)?", re.IGNORECASE
)
_LISTED = late(
    r"[\s$*)]*(?:(?:,\s*(?:and)?|and(?![^\W\d_])|[-–;|/&~]|to(?![^\W\d_]))[\s$*(]*[-+−]?\s*[\d.\\(])", re.IGNORECASE
)
_REMARK_BEHIND = late(  # `204 minutes (3 hours and 24 minutes)`
    r"(?<=[\w%])\s+\((?=[^()]*\s)(?=[^()]*[a-zA-Z]{3})"
    r"(?![^()]*(?:\\|\b(?:or|if|maybe|otherwise|else|but|perhaps|possibly|alternatively|either|could|might|unless"
    r"|when|for|not|base|mod)\b))[^()]*\)\Z"
    r"|,\s+(?:obviously|clearly|indeed|naturally|exactly)\Z",
    re.IGNORECASE,
)
_IN_BRACKETS = late(
    r"\s*\((?=[^()]*[a-zA-Z]{2})"
    r"(?![^()]*\b(?:or|if|maybe|otherwise|else|but|perhaps|possibly|alternatively|either|could|might|unless|when|for)\b)"
    r"[^()]*\)?\s*"
)  # a remark
_NOT_ANOTHER = late(r"(?P<value>[A-J]|[a-z]{2,})(?:,\s+|\s+\(|\s+and\s)(?:not|rather than)\s", re.IGNORECASE)
_CHOICE_LIST = late(r"\(?[A-J]\)?(?:\s*+(?:,\s*+)?(?:(?:and|or)\s++)?\(?[A-J]\)?)+")
_OTHER_CHOICE = late(
    r"\(?[A-J]\)?[\s,](?!.*\bnot\b).*(?:\b(?:and|or|but)|[,;])\s+"
    r"(?:maybe\s|in which case\s|it is\s|it['’]s\s|otherwise\s|then\s|the answer is\s)*\(?[B-J]\)?(?!\w)"
)
_CHANGED = late(
    r"[\s$*)]+(?:times(?!\W*\Z)|degrees below|plus|minus|multiplied|divided|over|choose|mod(?:ulo)?|squared"
    r"|cubed|factorial|below|above"
    r"|short of|away from|point|to the power"
    r"|(?:[^\W\d_]+\s){0,2}(?:(?!rather)\w+er than|(?:more|less) than|per ?cent of))\b"
    r"|[\s$*)]+,?\s*(?:only\s(?:if|when)|assuming|supposing|(?:reduced|increased|decreased)\sby)\b"
    r"|[\s$*)]+(?:for|in)\s(?:the|an?)\s(?:other|similar|previous|original|next)\s(?:problem|question|version|part|case|exercise)\b"
    r"|\s+digits\slong\b|\s+more\s*\Z|\s*\\?%\s+of\b|[\s$*)]*,?\s+(?:unless|except)\b"
    r"|[\s$*)]+(?:raised\b|(?:with\s)?(?:a\s)?remainder\b|out\sof\s\$?\d|to\s\d|(?:of|in|per)\s+\$?\\?(?:\d|[dt]?frac))",
    re.IGNORECASE,
)
_RECKONED = late(r"[\s*)]*(?:[+*/<>→≤≥]|to\s+\$)")  # a formula that is part of another


def opening(rest: str, *, is_verb: bool = False) -> str | None:
    """The formula that a text begins with, or what its first clause says; None in a question.

    is_verb: "is" or "are" stands before the text, so words before a value may belong to a sentence about the answer.
    """
    if _ONE_OF.match(rest):
        return SEVERAL + rest[: sentence_end(rest, 0)]
    begun = next(formulas(rest), None) if rest.startswith(("$", "\\(", "\\[")) else None
    if begun is not None and begun.start == 0:
        return _formula_first(rest, begun)
    end = sentence_end(rest, 0)
    if rest.startswith("?", end):
        return None
    clause = _REMARK_BEHIND.sub("", REASON.split(rest[:end])[0].rstrip(AROUND + ",;:"))
    if (denied := DENIED.match(clause)) is not None:
        instead = _INSTEAD.search(denied["rest"]) or _INSTEAD_NEXT.match(rest, end)
        if instead is not None:
            return opening(instead["rest"], is_verb=is_verb)
        return clause if FILLED.search(denied["rest"]) else None
    if clause.count("}") > clause.count("{"):
        clause = clause.rstrip("}]" + AROUND)
    if clause.endswith(")") and clause.count(")") > sum(map(clause.count, "([")):  # "(answer: 12)"
        clause = clause[:-1]
    if offers_more("", clause, rest[end:]):
        return SEVERAL + clause
    return _clause(clause, is_verb=is_verb)


def _formula_first(rest: str, begun: Span) -> str | None:
    """The formula at the beginning, with whatever its sentence joins to it; None in a question."""
    end = sentence_end(rest, begun.end)
    after = rest[begun.end : end]
    if rest.startswith("?", end):
        return None
    if _RULED_OUT.match(after):
        return formula(rest, begun)
    if (again := _OR_AGAIN.fullmatch(after)) is not None and not again["value"].strip("$").isdigit():
        return rf"{formula(rest, begun)} \text{{ or }} {again['value'].strip('$')}"
    if _LISTED.match(after) or _HEDGE.search(_unreasoned(after)):
        return rest[:end].rstrip(AROUND)
    if (assigned := _assignments(rest)) is not None:
        return assigned
    if _CHANGED.match(after) or _RECKONED.match(after) or offers_more(after, rest[: begun.end], rest[end:]):
        return SEVERAL + rest[:end].rstrip()
    return formula(rest, begun)


def _unreasoned(after: str) -> str:
    return _WHETHER.split(after)[0]


def _assignments(rest: str) -> str | None:
    """Assignments at the beginning, `$x = 1$, $y = 2$`; None if there are fewer than two."""
    end = count = 0
    for span in formulas(rest):
        joined = not count or _JOINED.fullmatch(rest[end : span.start])
        if not joined or not _ASSIGNED.match(rest, span.inner_start):
            break
        end, count = span.end, count + 1
    return rest[:end] if count > 1 else None


def _clause(clause: str, *, is_verb: bool) -> str | None:
    """The value at the beginning of a clause; the whole clause if it offers several or is nothing but an answer; else
    its last value.
    """
    if not FILLED.search(clause):
        return None
    if BOUND.fullmatch(clause):
        return clause
    if (parts := _PARTS.fullmatch(clause)) is not None:
        return ", ".join(part.strip() for part in parts.groups() if part)
    run = run_from(clause)
    based = _TO_BASE.match(clause, len(run))
    if based is not None and run.isalnum() and not _HEDGE.search(clause, based.end()):
        return clause[: based.end()]
    return _value_first(clause, run) if VALUE.search(run) else _words_first(clause, run, is_verb=is_verb)


def _value_first(clause: str, run: str) -> str | None:
    """The value that the clause begins with (`run`), with its unit or base and other values that are offered."""
    after = clause[len(run) :]
    if (again := _OR_AGAIN.fullmatch(after)) is not None and not (run.isdigit() and again["value"].isdigit()):
        return rf"{run} \text{{ or }} {again['value'].strip('$')}"
    if _HEDGE.search(_unreasoned(after)) or _LISTED.match(after):
        return clause
    if _NOT_THAT.match(after):
        return run
    if again := _SAME_AGAIN.fullmatch(after):
        return f"{run} = {again['value'].strip('$.')}"
    if _CHANGED.match(after) or offers_more(after, run):
        return SEVERAL + clause
    if COMPOUND.match(after):
        return last_value(clause)
    if _IN_BRACKETS.fullmatch(after) or _REASONED.match(after):
        return run
    measured = unit(clause, len(run))
    if not measured and is_restricted(after):
        return run
    return run.rstrip("–—") + measured if measured or not bare(clause) else clause


def _words_first(clause: str, run: str, *, is_verb: bool) -> str | None:
    """The answer of a clause that begins with words: a choice, yes or no, a few words, or the value at its end."""
    denial = _NOT_ANOTHER.match(clause)
    if denial is not None:
        return denial.group("value")
    if re.fullmatch(r"[A-J]\s\([^()]*\)", clause):
        return SEVERAL + clause if _HEDGE.search(clause) else clause[0]
    if _OTHER_CHOICE.match(clause) and not _CHOICE_LIST.fullmatch(clause):
        return SEVERAL + clause
    if ((run or _CHOICES.search(clause)) and _HEDGE.search(clause)) or " " in run:
        return clause
    if bare(clause) is not None:
        first = plain_words(_ARTICLE.sub("", clause))[:1]
        return None if first and first[0] in NO_ANSWER and not VALUE.search(clause) else clause.rstrip(".")
    verdict = _YES_OR_NO.match(clause)
    if verdict and not VALUE.search(clause):
        return verdict.group()
    letter = run.strip("().: ")
    if len(letter) == 1 and letter.isupper():
        return run
    if is_verb and VALUE.search(clause) and not _THAT.match(clause):
        at_last = None if _DENYING.match(clause) or _REFERRED.search(clause) else _APPOSITION.search(clause)
        return at_last.group("value") if at_last else SEVERAL + clause
    return last_value(clause)
