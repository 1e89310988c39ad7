r"""Detect damaged texts: wrong decoding, HTML remnants, a second language.

Example:
    >>> damage("The caf\u00c3\u00a9 don?t open"), markup("a<br>b &nbsp; c")
    ("'Ã©'", "'<br>'")
    >>> languages("How many of the apples are in the box? ¿Cuántas de las manzanas que están en la caja son rojas?")
    ('English', 'Spanish')
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from rewards.rules.language import letters

_NOT_ASCII = re.compile(r"[^\x00-\x7f]{2,}")
_BROKEN = re.compile(
    r"\ufffd|[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]|[\u200b\u2060\ufeff\u00ad]|\\u[0-9a-fA-F]{4}"
    r"|(?<=[a-z])\?(?=(?:s|t|re|ll|ve|d|m)\b)"
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:p|br|div|span|em|strong|su[bp]|[uo]l|li|table|t[rdh]|h[1-6]|pre|code|center|font|hr)\b[^<>]*>"
    r"|<([abiu])\b[^<>]*>[^<>]*</\1>",
    re.IGNORECASE,
)
_MATH = re.compile(r"```.*?```|\$[^$]*\$|\\[A-Za-z]+", re.DOTALL)
_OPEN, _CLOSED = "[asy]", "[/asy]"
_WORD = re.compile(r"[^\W\d_]+")
_FEW, _STOPS = 3, 3  # letters of another script, common words of another language

# Without words of one letter, and without words that are also English in the lists of other languages.
_COMMON = {
    "English": "the of and is are to in how what many much if each he she his her they that with from there was does",
    "Spanish": "el los las una que cuántos cuántas cuánto del por para está tiene cada ella qué de la cuál es en",
    "French": "le les une des du est sont combien que qui dans pour avec elle il chaque et de la au quel quelle",
    "German": "der und ist sind wie viele ein eine wenn jeder sie er nicht auf dem zu von das sich werden",
    "Portuguese": "os uma que quantos quantas da dos para está tem são cada ela qual de em não dois quanto",
    "Italian": "il gli una che quanti quante del della sono ogni lei quale di ha non nel quanto più di le",
}
_STOP = {name: frozenset(words.split()) for name, words in _COMMON.items()}


def without_drawings(text: str) -> str:
    """A text without drawing code. Linear time.

    Example:
        >>> without_drawings("See [asy] draw(A--B); [/asy] here.")
        'See   here.'
    """
    kept, at = [], 0
    while (start := text.find(_OPEN, at)) >= 0 and (end := text.find(_CLOSED, start)) >= 0:
        kept.append(text[at:start])
        at = end + len(_CLOSED)
    return " ".join([*kept, text[at:]])


def damage(text: str) -> str:
    """A wrongly decoded or invisible part of a text; "" = none."""
    if text.isascii() and not _BROKEN.search(text):
        return ""
    for run in _NOT_ASCII.findall(text):
        if _is_misread(run):
            return f"{run!r:.40}"
    found = _BROKEN.search(text)
    return f"{text[max(0, found.start() - 8) : found.end() + 8]!r}" if found else ""


def _is_misread(run: str) -> bool:
    """Whether the characters are UTF-8 decoded as Windows-1252 or Latin-1."""
    for start in range(len(run) - 1):
        for length in (2, 3, 4):
            raw = b"".join(map(_byte, run[start : start + length]))
            if len(raw) < length:
                continue
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                return True
    return False


def _byte(character: str) -> bytes:
    for encoding in ("cp1252", "latin-1"):
        try:
            return character.encode(encoding)
        except UnicodeEncodeError:
            continue
    return b""


def markup(text: str) -> str:
    """An HTML tag or entity in a text; "" = none."""
    found = _TAG.search(text) or _ENTITY.search(text)
    return f"{found.group()!r:.40}" if found else ""


def languages(text: str) -> tuple[str, ...]:
    """The languages and scripts of a text, the most frequent first; mathematics is ignored.

    Languages in Latin script are recognised by at least three different common words, scripts by their letters.
    """
    prose = _MATH.sub(" ", without_drawings(unicodedata.normalize("NFC", text)))
    scripts = letters(prose)
    others = [name for name, count in scripts.most_common() if name not in ("latin", "greek") and count >= _FEW]
    words = Counter(_WORD.findall(prose.casefold()))
    said = {name: {word for word in stops if word in words} for name, stops in _STOP.items()}
    latin: list[str] = []
    for name in sorted(said, key=lambda name: -sum(words[word] for word in said[name])):
        own = said[name].difference(*(said[other] for other in latin))
        if len(own) >= _STOPS:
            latin.append(name)
    if scripts["latin"] < scripts.total() / 2:
        return (*others, *latin)
    return (*latin, *others)


def has_mixed_word(text: str) -> str:
    """A word that mixes Latin letters with similar Cyrillic or Greek ones; empty = none."""
    if text.isascii():
        return ""
    for word in _WORD.findall(_MATH.sub(" ", without_drawings(text))):
        if not word.isascii() and len(word) > 3:
            named = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
            if "LATIN" in named and named & {"CYRILLIC", "GREEK"} and sum(c.isascii() for c in word) >= 2:
                return f"{word!r:.40}"
    return ""
