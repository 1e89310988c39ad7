r"""Write the characters of Unicode in LaTeX or ASCII: signs, Greek letters, fractions, exponents, digits of any script.

Example:
    >>> in_latex("½π·x²"), of_statements("③ and ①")
    ('\\frac{1}{2}\\pi \\cdot x^{2}', '(iii), (i)')
"""

from __future__ import annotations

import re
import unicodedata

from rewards.math.lexicon import meanings

_COMMANDS = """
times: × ✕ ✖ ⨯, cdot: · ⋅ ∙ •, pi: π 𝜋, phi: ϕ, epsilon: ϵ, theta: ϑ, mu: µ, Delta: ∆, infty: ∞, le: ≤ ⩽ ≦, ge: ≧ ≥ ⩾,
ne: ≠, approx: ≈ ≃, equiv: ≡, cup: ∪, cap: ∩, in: ∈ ∊, notin: ∉, subset: ⊂, subseteq: ⊆, supset: ⊃, supseteq: ⊇,
setminus: ∖, mid: ∣, nmid: ∤, parallel: ∥, Vert: ‖, perp: ⊥, cong: ≅, sim: ∼, propto: ∝, pm: ±, mp: ∓, emptyset: ∅,
langle: ⟨ 〈, rangle: ⟩ 〉, sum: ∑, prod: ∏, int: ∫, partial: ∂, forall: ∀, exists: ∃, to: →, Rightarrow: ⇒, mapsto: ↦,
leftrightarrow: ↔, Leftrightarrow: ⇔, angle: ∠, land: ∧, lor: ∨, neg: ¬, triangle: △, lfloor: ⌊, rfloor: ⌋, lceil: ⌈,
rceil: ⌉, ldots: … ⋯
"""
_MEANINGS = {
    "-": "−–—‐‑‒﹣➖",
    "*": "∗",
    "/": "÷∕⁄",
    r"^\circ ": "°º˚",
    r"^\circ C": "℃",
    r"^\circ F": "℉",
    r"\mathbb{R}": "ℝ",
    r"\mathbb{Z}": "ℤ",
    r"\mathbb{N}": "ℕ",
    r"\mathbb{Q}": "ℚ",
    r"\mathbb{C}": "ℂ",
    "'": "′’‘",
    '"': "“”",
    ",": "、",
    ":": "∶",
    "¥": "￥",
    "<": "﹤",
    ">": "﹥",
    ".": "。",
    r"\,": "\u2009\u202f",
    "": "\u200b\u200c\u200d\u2060\ufeff\u00ad",
}
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {"｛": r"\{", "｝": r"\}"}
_SIGNS = {mark: f"\\{name} " for mark, name in meanings(_COMMANDS).items()} | {
    mark: meaning for meaning, marks in _MEANINGS.items() for mark in marks
}
_GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega
Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega
"""
_GREEK = {
    letter: f"\\{name} " for letter, name in zip("αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΠΣΦΨΩ", _GREEK_NAMES.split(), strict=True)
}
_FRACTIONS = {
    sign: rf"\frac{{{top}}}{{{bottom}}}"
    for sign, top, bottom in (
        *(("½", 1, 2), ("⅓", 1, 3), ("⅔", 2, 3), ("¼", 1, 4), ("¾", 3, 4), ("⅕", 1, 5), ("⅖", 2, 5), ("⅗", 3, 5)),
        *(("⅘", 4, 5), ("⅙", 1, 6), ("⅚", 5, 6), ("⅐", 1, 7), ("⅛", 1, 8), ("⅜", 3, 8), ("⅝", 5, 8), ("⅞", 7, 8)),
        *(("⅑", 1, 9), ("⅒", 1, 10)),
    )
}
_TABLE = str.maketrans(_FULL_WIDTH | _SIGNS | _GREEK | _FRACTIONS)
_SMALL = (
    0xB2,
    0xB3,
    0xB9,
    *range(0x2B0, 0x2B9),
    *range(0x2E1, 0x2E4),
    *range(0x1D2C, 0x1D6B),
    *range(0x2070, 0x209D),
    0x2C7C,
)


def _small(kind: str) -> dict[str, str]:
    """The small characters above or below the line, which stand for one of ASCII or a minus sign."""
    found = ((chr(code), unicodedata.decomposition(chr(code)).split()) for code in _SMALL)
    plain = {one: chr(int(said[1], 16)).replace("−", "-") for one, said in found if said[:1] == [kind]}
    return {one: character for one, character in plain.items() if character.isascii()}


_RAISED, _LOWERED = _small("<super>"), _small("<sub>")
_RAISED_RUN = re.compile(f"[{''.join(_RAISED)}]+")
_LOWERED_RUN = re.compile(f"[{''.join(_LOWERED)}]+")
_ROOT_SIGN = re.compile(r"([√∛∜])\s*(\d+|[a-zA-Z]|\(|\{|\\[a-zA-Z]+)?")
_STATEMENTS = re.compile(r"[①-⑩](?:\s*+(?:(?:[,，、;；&和与]|and|\\text\s*\{\s*and\s*\})\s*+)?[①-⑩])+")
NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_SMALL_DEGREE = re.compile(r"(?<![\w)\]}])([³⁴])√")
_VECTOR = re.compile("([a-zA-Z])\u20d7")
_OVERLINED = re.compile("(?:[a-zA-Z0-9][\u0304\u0305])+")
_ROOT_DEGREE = {"√": r"\sqrt", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}


def in_latex(text: str) -> str:
    """The text without characters beyond ASCII, except letters of other scripts."""
    text = _VECTOR.sub(r"\\vec{\1}", _SMALL_DEGREE.sub(lambda degree: "∛" if degree[1] == "³" else "∜", text))
    text = _OVERLINED.sub(lambda found: rf"\overline{{{found[0][::2]}}}", text)
    text = _run(_RAISED_RUN, _RAISED, "^", text)
    text = _run(_LOWERED_RUN, _LOWERED, "_", text)
    text = _ROOT_SIGN.sub(_root, text)
    text = text.translate(_TABLE)
    if not text.isascii():
        text = "".join(c if c.isascii() else _letter(c) for c in text)
    return text


def _run(pattern: re.Pattern[str], table: dict[str, str], mark: str, text: str) -> str:
    return pattern.sub(lambda m: f"{mark}{{{''.join(table[c] for c in m.group())}}}", text)


def _root(match: re.Match[str]) -> str:
    sign, of = _ROOT_DEGREE[match.group(1)], match.group(2) or ""
    return f"{sign}{{{of}}}" if of and of not in "({" else f"{sign}{of}"


def of_statements(text: str) -> str:
    """Convert several numbered statements, `①③` or `③ and ①`, to Roman numerals in parentheses."""
    bare = text.strip().removeprefix("\\text{").removesuffix("}")
    if _STATEMENTS.fullmatch(bare) is None:
        return text
    return ", ".join(f"({NUMERALS[ord(number) - ord('①')]})" for number in re.findall("[①-⑩]", bare))


def _letter(character: str) -> str:
    """Convert full-width and bold digits and letters to plain ones; letters of other scripts are unchanged."""
    if character.isdigit() and not character.isascii():
        return str(unicodedata.digit(character, -1)) if unicodedata.digit(character, -1) >= 0 else character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() and plain.isalnum() else character
