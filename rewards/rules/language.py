r"""The reward `language`: the share of one script among the letters, so that a model reasons in one language.

A language-consistency term as in DeepSeek-R1 (arXiv 2501.12948, section 2.3.2), by script: English and French are not
told apart, English and Chinese are. `script` names the one that counts, `prompt` takes that of the prompt, `main`
(and `prompt`, where the prompt has no letters) whichever has most letters. Tags are left out. In code and mathematics
(fences, `code`, `$…$`, `\(…\)`, `\[…\]`, LaTeX commands) and in web addresses, Latin and Greek letters are left out;
those of other scripts count there too, so that a fence is no place to hide in. Letters of no language (`𝒙`, `℃`) never
count. A text that is not blank and has no letters is in no wrong language: 1. Han letters are Japanese beside Kana, up
to `HAN_BESIDE_KANA` for each, so that Chinese is not: it is told from Japanese and from Korean.

Linear in the length.

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

# The first word of a character's name says its script.
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
    """How many letters of each script the prose of a text has, and its code those of scripts that code has not."""
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
    """The script of a letter; empty for what is none, or of no language."""
    if not character.isalpha():
        return ""
    words = unicodedata.name(character, "").split()
    first = words[1] if len(words) > 1 and words[0] in ("FULLWIDTH", "HALFWIDTH") else words[0] if words else ""
    if first in _NAMED:
        return first.lower()
    return "" if first in _OF_NO_LANGUAGE else _NAMED_OTHERWISE.get(first, "other")


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Prose and code in turns, without tags. A mark that is never closed is prose."""
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
    # closing marks known not to follow: each is searched for in vain once, which keeps this linear
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
    """The scripts that count as the one that is asked for; empty where there are no letters."""
    if script == "prompt":
        asked = letters("\n".join(message.content for message in request.messages))
        return _together(asked or counted)
    if script == "main":
        return _together(counted)
    return _SCRIPTS.get(script, frozenset({script}))


def _together(counted: Mapping[str, int]) -> frozenset[str]:
    """The script with most letters, and those that are written together with it."""
    if not counted:
        return frozenset()
    if _of(_SCRIPTS["japanese"], counted) >= max(counted.values()) and _kana(counted):
        return _SCRIPTS["japanese"]
    return frozenset({max(sorted(counted), key=lambda script: counted[script])})


def _kana(counted: Mapping[str, int]) -> int:
    return counted.get("hiragana", 0) + counted.get("katakana", 0)


def _of(wanted: frozenset[str], counted: Mapping[str, int]) -> int:
    """How many letters are of these scripts."""
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
    """The share of the script's letters, 0 to 1. Parts: the `share`, and how many `letters` were counted.

    script: see above. at_least: 1 from this share on and 0 below, instead of the share. place: where to look, see
    `rewards.rules.places`; `thinking` is the reasoning. prefilled: the prompt ended in `<think>`.
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
