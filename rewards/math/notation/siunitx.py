r"""Convert quantities of siunitx, `\SI{5}{\centi\metre}` to `5 \text{ cm}`, and units with Greek letters.

Example:
    >>> measured(r"\SI{10}{\metre\per\second\squared}")
    '10\\text{ m/s^2}'
    >>> measured(r"\num{1.2e3}"), measured(r"\qty{5}{cm}")
    ('1.2e3', '5\\text{ cm}')
"""

from __future__ import annotations

import re

from rewards.math.late import late
from rewards.math.lexicon import meanings

_PREFIXES = {"kilo": "k", "centi": "c", "milli": "m", "deci": "d", "micro": "u", "nano": "n", "mega": "M", "giga": "G"}
_SYMBOLS = meanings(  # other names are units themselves
    """
m: metre meter, L: litre liter, celsius: celsius degreeCelsius, g: gram,
s: second, min: minute, h: hour, N: newton, J: joule, W: watt, Pa: pascal,
V: volt, Hz: hertz, amp: ampere, ha: hectare
"""
)
_ALONE = {"\\percent": "\\%", "\\degree": "^\\circ "}
_UNIT = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_QUANTITY = late(rf"\\(?:SI|qty)\s*(?:\[[^\]]*\])?\s*\{{([^{{}}]*)\}}\s*{_UNIT}")
_UNIT_ALONE = late(rf"\\(?:si|unit)\s*{_UNIT}")
_NUMBER = late(r"\\num\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}")
_POWER = late(r"\\(square|cubic)(?![a-zA-Z])\s*((?:\\[a-zA-Z]+\s*)?\\[a-zA-Z]+|[a-zA-Z]+)")
_IN_TEXT = r"\\(?:text|mathrm)\s*\{\s*"
_MICRO = late(
    rf"(?<=[\d\s,;}}])(?:\\mu(?![a-zA-Z])\s*(?:{_IN_TEXT}([mgsLACFHT])\s*\}}|([mgsL])(?![a-zA-Z]))|{_IN_TEXT}\\mu\s*([mgsLACFHT])\s*\}})(?=[}}$\s]*\Z)"
)
_OHM = late(
    rf"(?<=[\d\s,;}}])(?:(?:{_IN_TEXT}([kM])\s*\}}\s*|([kM])\s*)?\\Omega(?![a-zA-Z])|{_IN_TEXT}([kM])?\s*\\Omega\s*\}})(?=[\s}}$]*\Z)"
)
_COMMAND = late(r"\\([a-zA-Z]+)\s*")


def measured(text: str) -> str:
    """Convert the quantities in a text."""
    if "\\mu" in text or "\\Omega" in text:
        text = _OHM.sub(lambda found: _behind_a_number(found, "ohm"), text)
        text = _MICRO.sub(lambda found: rf"\text{{ u{found[1] or found[2] or found[3]}}}", text)
    if not any(command in text for command in ("\\SI", "\\qty", "\\num", "\\si", "\\unit")):
        return text
    text = _QUANTITY.sub(lambda found: f"{found[1]}{_set(found[2])}", text)
    return _NUMBER.sub(r"\1", _UNIT_ALONE.sub(lambda found: _set(found[1]), text))


def _behind_a_number(found: re.Match[str], unit: str) -> str:
    """A unit whose symbol is a single letter, after a number."""
    before = found.string[: found.start()]
    if not re.search(r"\d", before) or re.search(r"[a-zA-Z]", before):
        return found.group()
    return rf"\text{{ {found[1] or found[2] or found[3] or ''}{unit}}}"


def _set(unit: str) -> str:
    """A unit in LaTeX, as written after a number."""
    plain = unit.strip()
    return _ALONE[plain] if plain in _ALONE else rf"\text{{ {_named(plain)}}}"


def _named(unit: str) -> str:
    """Replace the commands of a unit by symbols."""
    unit = _POWER.sub(lambda found: f"{found[2]}^{2 if found[1] == 'square' else 3}", unit)
    unit = _COMMAND.sub(_symbol, unit.replace(".", " ").replace("~", " "))
    return unit.strip()


def _symbol(command: re.Match[str]) -> str:
    name = command[1]
    if name == "per":
        return "/"
    if name in ("squared", "cubed"):
        return "^2" if name == "squared" else "^3"
    if name in _PREFIXES:
        return _PREFIXES[name]
    behind = command.string[command.end() :].lstrip()
    follows = behind.startswith("\\") and not behind.startswith(("\\per", "\\squared", "\\cubed"))
    return _SYMBOLS.get(name, name) + (" " if follows else "")
