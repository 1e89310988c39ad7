"""The plain words of a text, and lists of words that distinguish a sentence from an answer.

Example:
    >>> plain_words(r"It is \\text{even} or sin x")
    ['it', 'is', 'or']
"""

from __future__ import annotations

import re

from rewards.math.late import late
from rewards.math.lexicon import listed

FUNCTION = (
    r"(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|sqrt|cbrt|root|log|ln|exp|pi|mod|gcd|lcm|max|min|floor|ceil|binom|det"
    r"|inf(?:ty|inity)?|cis"
)
_WORD = late(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_COMMAND = late(r"\\(?:text(?:bf|it|rm)?|mathrm|mbox|operatorname|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_IS_FUNCTION = late(FUNCTION, re.IGNORECASE)


PROSE = listed(
    "i you he she it we they me us my your his her its our their this that these those there here who which what when",
    "where why how it's that's there's is are was were be been being am do does did don't doesn't didn't has have had",
    "can can't could would will won't should shall may might must let lets let's please sorry done ok okay sure hello",
    "hi hey thanks thank think know help see say says makes make made gives give given get gets got find found need",
    "needs use using compute calculate solve solving consider note so thus hence therefore because since then if else",
    "unless while as than about around roughly answer answers final wait hmm idk unknown ignore accept correct",
    "incorrect grader step steps now first next finally each every per of altogether follows above below equals equal",
    "becomes qed assume suppose pretend try violates yields lies contradicts idea clue",
)
"""Words that no bare answer contains."""
NO_WORD = listed(
    "sorry done ok okay sure hello hi hey thanks thank hmm wait idk unknown ignore please answer final because"
)
"""Words that are no answer even alone; "May" and "Will" can be one."""
NO_ANSWER = PROSE | listed(
    "in to solution result total right wrong obtained boxed shown unclear obvious clear at with by confirmed verified",
    "simple simply uncertain unsure question problem working explanation explained mine yours just only based on",
    "following up",
)
"""Words with which no announced answer begins."""
NOT_A_UNIT = (PROSE - {"per", "am"}) | listed(
    "and or but in on at to from by with after before into for left both not out off over under up down again exactly",
    "however whereas although though such also too either neither nor only just rather even still yet until till once",
    "during within throughout through among today tonight yesterday tomorrow already",
)
"""Words that are no unit after a number."""


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without functions, LaTeX commands, and single letters other than "I"."""
    found = _WORD.findall(_COMMAND.sub(" ", text))
    return [
        word.lower().replace("’", "'")
        for word in found
        if (len(word) > 1 or (word == "I" and len(found) > 1)) and not _IS_FUNCTION.fullmatch(word)
    ]
