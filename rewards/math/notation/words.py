"""Words in the form in which they are compared: without letter case, article, hyphens, and what they are said of.

Example:
    >>> words_of("The function is Odd."), words_of("divergent") == words_of("The series diverges")
    ('odd', True)
"""

from __future__ import annotations

import re

from rewards.math.lexicon import without_verb
from rewards.math.notation.standard import CLOSE_TEXT, OPEN_TEXT

_HYPHEN = re.compile(r"(?<=\w)\s*-\s*(?=\w)")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_OF_SUBJECT = re.compile(  # "the function is even", "the series diverges"
    r"(?:given )?(?:function|graph|(?:improper )?integral|series|sequence|triangle|curve|conic|shape|figure|angle"
    r"|number|statement|claim|limit|it)"
    r" (?:(?:is|are) (?:an? )?([a-z]+)|((?:di|con)verges|does(?: not|n't) exist))"
)
_IT_IS = re.compile(r"^(?:it|this)(?: is|'s| was| will be) (?:(?:the|an?) )?")
_IN_FULL = {
    **dict.fromkeys(("diverges", "it diverges", "is divergent"), "divergent"),
    **dict.fromkeys(("converges", "it converges", "is convergent"), "convergent"),
    **dict.fromkeys(("dne", "d.n.e", "doesn't exist"), "does not exist"),
    "is undefined": "undefined",
    "less than": "<",
    "greater than": ">",
    "equal to": "=",
    "equal": "=",
    **dict.fromkeys(
        ("infinitely many solution", "infinite number of solution", "infinite solution"), "infinitely many"
    ),
}


def words_of(text: str) -> str:
    """Words in the form in which they are compared."""
    text = text.replace(OPEN_TEXT, " ").replace(CLOSE_TEXT, " ").replace("\\", " ")
    text = _HYPHEN.sub(" ", text)
    text = " ".join(text.split()).strip(" .,;:!\"'").casefold().replace("not defined", "undefined")
    text = re.sub(r"\bsolutions$", "solution", without_verb(_ARTICLE.sub("", _IT_IS.sub("", text))))
    if (said := _OF_SUBJECT.fullmatch(text)) is not None:
        text = said[1] or said[2]
    return _IN_FULL.get(text, text)
