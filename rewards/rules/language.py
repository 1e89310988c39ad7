r"""The reward `language`: the share of one script among the letters, to keep a model's reasoning in one language.

This is the language consistency reward of DeepSeek-R1 (arXiv 2501.12948, section 2.3.2), by script: it distinguishes
English from Chinese, but not from French. `script` is the script that counts; `prompt` means that of the prompt, `main`
(and `prompt`, if the prompt has no letters) the most frequent one. Tags are ignored. In code, mathematics (fences,
`code`, `$…$`, `\(…\)`, `\[…\]`, LaTeX commands) and URLs, Latin and Greek letters are ignored; other scripts count even
there, so a fence cannot hide them. Letters of no language (`𝒙`, `℃`) never count. A non-blank text without letters
scores 1. To distinguish Japanese from Chinese, Han letters count as Japanese only up to `HAN_BESIDE_KANA` per Kana
letter. Runs in linear time.

Example:
    >>> language(GradeRequest(response="<think>Let x be 2. 答案是</think> `print` $\\alpha$"), script="latin").score
    0.6666666666666666
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from rewards.registry import reward
from rewards.rules.invisible import is_blank
from rewards.rules.places import ABSENT, Place, place_of
from rewards.types import GradeRequest, GradeResult, Verdict

Script: TypeAlias = Literal[
    "latin", "cyrillic", "greek", "arabic", "hebrew", "devanagari", "bengali", "tamil", "telugu", "thai", "armenian",
    "georgian", "ethiopic", "chinese", "japanese", "korean", "prompt", "main",
]  # fmt: skip

# The first word of a character's Unicode name gives its script.
_NAMED = {
    "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "TELUGU", "THAI", "ARMENIAN",
    "GEORGIAN", "ETHIOPIC", "HIRAGANA", "KATAKANA", "HANGUL", "CJK",
}  # fmt: skip
_NAMED_OTHERWISE = {"KATAKANA-HIRAGANA": "katakana", "VERTICAL": "katakana", "IDEOGRAPHIC": "cjk", "BOPOMOFO": "cjk"}
_OF_NO_LANGUAGE = {
    "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER", "MODIFIER", "FEMININE", "MASCULINE", "MICRO", "OHM",
    "KELVIN", "ANGSTROM", "EULER", "PLANCK", "INFORMATION", "SUPERSCRIPT", "SUBSCRIPT",
}  # fmt: skip
_SCRIPTS: dict[str, frozenset[str]] = {
    "chinese": frozenset({"cjk"}),
    "japanese": frozenset({"hiragana", "katakana", "cjk"}),
    "korean": frozenset({"hangul"}),
}
HAN_BESIDE_KANA = 3
_OF_CODE = ("latin", "greek")
# Longest first: `$$` before `$`.
_PAIRS = (("```", "```"), ("~~~", "~~~"), ("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("`", "`"), ("$", "$"))
_ONE_LINE = ("`", "$")
_OPENING = re.compile("|".join(re.escape(opening) for opening, _ in _PAIRS))
_CLOSING = dict(_PAIRS)
_APART = re.compile(r"</?[A-Za-z][\w-]*>|\\[A-Za-z]+|https?://\S+")


def letters(text: str) -> Counter[str]:
    """Count the letters of each script; in code only those of scripts other than Latin and Greek."""
    prose, code = Counter[str](), Counter[str]()
    for is_code, piece in _pieces(text):
        (code if is_code else prose).update(piece)
    counted = Counter[str]()
    for character, count in prose.items():
        if script := _script(character):
            counted[script] += count
    for character, count in code.items():
        if (script := _script(character)) and script not in _OF_CODE:
            counted[script] += count
    return counted


def _script(character: str) -> str:
    """The script of a letter; empty for other characters, and for letters of no language."""
    if not character.isalpha():
        return ""
    words = unicodedata.name(character, "").split()
    first = words[1] if len(words) > 1 and words[0] in ("FULLWIDTH", "HALFWIDTH") else words[0] if words else ""
    if first in _NAMED:
        return first.lower()
    return "" if first in _OF_NO_LANGUAGE else _NAMED_OTHERWISE.get(first, "other")


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split a text into prose and code, without tags. Yields (is code, text). An unclosed code delimiter is prose."""
    for is_code, piece in _fenced(text):
        if is_code:
            yield True, piece
            continue
        at = 0
        for apart in _APART.finditer(piece):
            yield False, piece[at : apart.start()]
            if not apart.group().startswith("<"):
                yield True, apart.group()
            at = apart.end()
        yield False, piece[at:]


def _fenced(text: str) -> Iterator[tuple[bool, str]]:
    # closing delimiters known not to follow: each fails at most once, which keeps this linear
    never: set[str] = set()
    at, scanned, newline = 0, 0, -1
    while (opening := _OPENING.search(text, scanned)) is not None:
        mark, inside = opening.group(), opening.end()
        scanned = inside
        limit = len(text)
        if mark in _ONE_LINE:
            if newline < inside:
                newline = text.find("\n", inside)
                newline = len(text) if newline < 0 else newline
            limit = newline
        elif mark in never:
            continue
        end = text.find(_CLOSING[mark], inside, limit)
        if end < 0:
            if mark in _ONE_LINE:
                continue
            never.add(mark)
            continue
        yield False, text[at : opening.start()]
        yield True, text[inside:end]
        at = scanned = end + len(_CLOSING[mark])
    yield False, text[at:]


def _wanted(script: Script, request: GradeRequest, counted: Mapping[str, int]) -> frozenset[str]:
    """The scripts that count as the requested one; empty if there are no letters."""
    if script == "prompt":
        asked = letters("\n".join(message.content for message in request.messages))
        return _together(asked or counted)
    if script == "main":
        return _together(counted)
    return _SCRIPTS.get(script, frozenset({script}))


def _together(counted: Mapping[str, int]) -> frozenset[str]:
    """The script with the most letters, and those that are written together with it."""
    if not counted:
        return frozenset()
    if _of(_SCRIPTS["japanese"], counted) >= max(counted.values()) and _kana(counted):
        return _SCRIPTS["japanese"]
    return frozenset({max(sorted(counted), key=lambda script: counted[script])})


def _kana(counted: Mapping[str, int]) -> int:
    return counted.get("hiragana", 0) + counted.get("katakana", 0)


def _of(wanted: frozenset[str], counted: Mapping[str, int]) -> int:
    """The number of letters in these scripts."""
    if wanted == _SCRIPTS["japanese"]:
        return _kana(counted) + min(counted.get("cjk", 0), HAN_BESIDE_KANA * _kana(counted))
    return sum(counted.get(script, 0) for script in wanted)


def _check(*, at_least: float | None, **_others: object) -> None:
    if at_least is not None and not 0.0 < at_least <= 1.0:
        raise ValueError(f"parameter 'at_least' is {at_least}; give a share above 0 and at most 1")


@reward("language", version="2", floor=0.0, ceiling=1.0, validate=_check)
def language(
    request: GradeRequest,
    *,
    script: Script = "prompt",
    at_least: float | None = None,
    place: Place = "response",
    prefilled: bool = False,
) -> GradeResult:
    """The share of the script's letters, 0 to 1. Parts: `share`, and `letters`, the number of letters counted.

    script: see above. at_least: pay 1 from this share on, else 0, instead of the share. place: the part of the response
    to look at, see `rewards.rules.places`. prefilled: the prompt ended in `<think>`.
    """
    text = place_of(request.response, place, prefilled=prefilled)
    if text is None or is_blank(text):
        return GradeResult.scored(0.0, ABSENT[place] if text is None else "nothing is said")
    counted = letters(text)
    wanted = _wanted(script, request, counted)
    total = counted.total()
    share = _of(wanted, counted) / total if total else 1.0
    score = share if at_least is None else float(share >= at_least)
    return GradeResult(
        score=score,
        verdict=Verdict.SCORED,
        reason=f"{share:.3f} of {total} letters are {'/'.join(sorted(wanted)) or 'of any script'}",
        parts=MappingProxyType({"share": share, "letters": float(total)}),
    )
