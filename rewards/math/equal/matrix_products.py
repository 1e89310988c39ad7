r"""Products of named matrices: `B^{-1}A^{-1}` equals `(AB)^{-1}`, but not `A^{-1}B^{-1}`.

Used if the gold has a transpose or inverse of a capital letter next to another letter. Both sides are reduced to words
in letters, their inverses and transposes; the products are equal for all matrices if and only if the words are equal.

Example:
    >>> same_products("B^T A^T", "(AB)^T"), same_products("P^{-1}AP", "A"), same_products("A B", "BA")
    (True, False, None)
"""

from __future__ import annotations

from rewards.math.late import late

_TOKEN = late(
    r"\s*(?:([A-Z])(?![a-z])|([()])|\\cdot(?![a-z])"
    r"|\^\s*(?:\{\s*)?(-?\s*(?:\d|T)|\\top|\\intercal|\\mathsf\{T\}|“T”)(?:\s*\})?)\s*"
)
_OF_MATRICES = late(r"(?:[A-Z]|\))\s*\^\s*\{?\s*(?:-\s*1|-?\s*T|\\top)(?![a-zA-Z\d])")
_LONGEST = 60
_MOST_LETTERS = 40
_Word = tuple[tuple[str, bool, int], ...]  # letter, transposed, 1 or -1


def same_products(gold: str, answer: str) -> bool | None:
    """Whether two texts are the same product of matrices; None if they are not such products."""
    if "^" not in gold or len(gold) > _LONGEST or len(answer) > _LONGEST or not _OF_MATRICES.search(gold):
        return None
    ours = _word(gold)
    if ours is None or len({letter for letter, _transposed, _sign in ours}) < 2:
        return None
    theirs = _word(answer.rpartition("=")[2])
    return None if theirs is None else ours == theirs


def _word(text: str) -> _Word | None:
    """The reduced word of a product; None if the text is something else."""
    groups: list[list[_Word]] = [[]]
    at = 0
    text = text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        letter, bracket, exponent = token.groups()
        if letter:
            groups[-1].append(((letter, False, 1),))
        elif bracket == "(":
            groups.append([])
        elif bracket == ")":
            if len(groups) < 2 or not groups[-1]:
                return None
            inner = groups.pop()
            groups[-1].append(_reduced(inner))
        elif exponent:
            if not groups[-1] or (raised := _raised(groups[-1][-1], exponent.replace(" ", ""))) is None:
                return None
            groups[-1][-1] = raised
        if sum(map(len, groups[-1])) > _MOST_LETTERS:
            return None
    return _reduced(groups[0]) if len(groups) == 1 and groups[0] else None


def _raised(word: _Word, exponent: str) -> _Word | None:
    if exponent.lstrip("-").isdigit():
        if len(word) * abs(int(exponent)) > _MOST_LETTERS:
            return None
        word = _reduced([word] * abs(int(exponent)))
        is_transposed = False
    else:
        is_transposed = True
    if exponent.startswith("-"):
        word = tuple((letter, transposed, -sign) for letter, transposed, sign in reversed(word))
    if is_transposed:
        word = tuple((letter, not transposed, sign) for letter, transposed, sign in reversed(word))
    return word


def _reduced(words: list[_Word]) -> _Word:
    found: list[tuple[str, bool, int]] = []
    for word in words:
        for letter, transposed, sign in word:
            if found and found[-1] == (letter, transposed, -sign):
                found.pop()
            else:
                found.append((letter, transposed, sign))
    return tuple(found)
