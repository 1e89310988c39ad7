"""The unit and the words after a number: which conflict, and which say the same.

A unit is a product of base quantities with an exact factor (`measures`), so 1 h equals 60 min, and 36 km/h equals
10 m/s. Other words (`5 apples`) are kept as words.

Example:
    >>> read_unit("km/h").factor
    Fraction(5, 18)
    >>> read_unit("square centimetres") == read_unit("cm^2")
    True
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from rewards.math.late import late
from rewards.math.measures import RAISED, Measure, known


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit and words after a number. dimension: base quantities and powers. words: words that are not units.

    manner: words such as `tall`, `ago` or `off`, which matter only against one that excludes them.
    """

    dimension: tuple[tuple[str, int], ...] = ()
    factor: Fraction = Fraction(1)
    words: frozenset[str] = frozenset()
    manner: frozenset[str] = frozenset()

    @property
    def is_nothing(self) -> bool:
        """Whether there is neither a unit nor a counted noun."""
        return not self.dimension and not self.words

    def conflicts(self, other: Unit) -> bool:
        """Whether both name a unit or noun, and they disagree."""
        if any(_MANNERS[one] == _MANNERS[another] for one in self.manner for another in other.manner - self.manner):
            return True
        if self.dimension and other.dimension:
            return self.dimension != other.dimension or not _agree(self.words, other.words)
        if self.dimension or other.dimension:
            measured, worded = (self, other) if self.dimension else (other, self)
            words = worded.words - _ANY_UNIT
            return bool(words) and not _is_nameless(words, measured.dimension)
        if self.words | other.words <= _NAMELESS.keys():
            return bool(self.words and other.words) and self.words != other.words
        if _ANY_UNIT in (self.words, other.words):
            return False
        return not _agree(self.words, other.words)


NO_UNIT = Unit()
_NAMELESS = {f"unit{power}": (("length", power),) for power in (1, 2, 3)}
_ANY_UNIT = frozenset(("unit1",))  # `5 units` agrees with any unit
_EXCLUDING = (
    "high wide long deep thick",
    "old ago ahead",
    "left right",
    "up down",
    "off more",
    "clockwise counterclockwise",
)
_MANNERS = {word: group for group in _EXCLUDING for word in group.split()}
_SAME_MANNER = {"tall": "high", "now": "ahead", "later": "ahead", "earlier": "ago", "anticlockwise": "counterclockwise"}


def _agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one set contains the other: `apples` and `red apples`, not `green apples` and `red apples`."""
    return one <= other or other <= one


def _is_nameless(words: frozenset[str], dimension: tuple[tuple[str, int], ...]) -> bool:
    """Whether the words are `square units` or similar, which agree with any unit of that dimension."""
    return any(_NAMELESS.get(word) == dimension for word in words)


_RAISING = {"squared": 1, "cubed": 2}
_FILLING_WORDS = """
of in the a an and total altogether units unit more each all exactly only about approximately possible different
distinct is are left away old long tall high wide deep per by on for to from squared cubed
"""
_FILLING = frozenset(_FILLING_WORDS.split())
_NEVER_WORDS = """
or and not less fewer score scores if else otherwise when where either neither nor than but unless maybe perhaps plus
minus over mod base choose factorial half halves third thirds quarter quarters fourth fourths fifth fifths
negative positive squared cubed sin cos tan log ln exp sqrt pi infinity zero one two three four five six seven eight
nine ten hundred thousand million billion trillion dozen between through approximately sixth seventh eighth ninth
tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth hundredth
thousandth millionth half eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty
forty fifty sixty seventy eighty ninety lakh crore mil bn ppm twice thrice double doubled tripled quadrupled halved
least most minimum maximum no false wrong incorrect invalid possibly probably likely unlikely unsure alternatively
also aka versus vs both gross quadrillion mille bps inverse reciprocal neg isn't never impossible undefined extraneous
nope doesn't too above below th st nd rd
etc out except fails failed fail excluded rejected refuted upward upwards onward onwards hexadecimal binary octal
percentish bound
"""
_NEVER = frozenset(_NEVER_WORDS.split())
_COUNTED = frozenset(("zeros", "zeroes"))  # zeros of a function, or at the end of a number
_ITEM = late(
    r"\s*(?:(?P<word>[A-Za-zÀ-ÿµΩ][A-Za-zÀ-ÿ'µ]*\.?|°\s?[CF]?|¢|[A-Za-z]\.)(?:\s*\^\s*\{?\s*(?P<power>-?\s?[1-9])\s*\}?)?"
    r"|(?P<over>/)|(?P<dot>\\cdot|\*|-))\s*"
)
_FLUID = late(r"\b(?:fl\.?|fluid)\s*(?:oz|ounces?)\b\.?", re.IGNORECASE)
_NAUTICAL = late(r"\bnautical\s+miles?\b", re.IGNORECASE)
_LIGHT_YEARS = late(r"\blight[\s-]years?\b", re.IGNORECASE)
_TOGETHER = late(  # one word: `x-intercepts`, `three-digit`, `non-zero`
    r"\b(?:[a-z]-(?=(?:intercept|coordinate|value|gon|tuple)s?\b)|non-(?=[a-z])"
    r"|(?:one|two|three|four|five|six|seven|eight|nine|ten)-(?=(?:digit|letter|element|sided|term|step|point|member|person)\b))",
    re.IGNORECASE,
)
_IN_TOTAL = late(r"(?:total|all|the)\b", re.IGNORECASE)
_WORD = late(r"[A-Za-z]+")
_ONLY_WORDS = late(r"[A-Za-z\s]*")
_DEGREES_OF = late(r"\bdegrees?\s+(?=(?:celsius|fahrenheit)\b)", re.IGNORECASE)
_MOST_WORDS = 8
CURRENCIES = {"$": "dollar", "£": "gbp", "€": "eur", "¥": "jpy", "₹": "inr"}


def _singular(word: str) -> str:
    for ending, other in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2 - (ending == "xes") and not word.endswith("ss"):
            return word.removesuffix(ending) + other
    return word


def priced(currency: Unit, per: Unit) -> Unit:
    """The unit of a price: the currency, with what it pays for as words."""
    return Unit(currency.dimension, currency.factor, frozenset((f"{per.factor} {per.dimension}",)))


@lru_cache(maxsize=512)
def read_unit(text: str) -> Unit | None:
    """Parse a text as a unit or words; None for others. An empty text is `NO_UNIT`."""
    text = _DEGREES_OF.sub("", _LIGHT_YEARS.sub("lightyear", _NAUTICAL.sub("nmi", _FLUID.sub("floz", text))))
    if "-" in text:
        text = _TOGETHER.sub(lambda found: found.group()[:-1], text)
    reader = _Reader()
    at = count = 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None or count > _MOST_WORDS:
            return None
        at, count = match.end(), count + 1
        if match["over"]:
            reader.sign = -1
        if match["word"] is None:
            continue
        word, behind = match["word"].rstrip("."), text[at:]
        if reader.ends_with(word.lower(), behind):
            break
        if reader.joins(word.lower(), behind):
            continue
        if _is_never(word.lower(), behind) or not reader.counts(word, (match["power"] or "").replace(" ", "")):
            return None
    return reader.unit()


def _is_never(lower: str, behind: str) -> bool:
    """Whether the word would change the value: `5 times` is a count, but `5 times that` is not."""
    if lower in _COUNTED:
        return False
    return lower in _NEVER or _singular(lower) in _NEVER or (lower == "times" and bool(behind))


@dataclass(slots=True)
class _Reader:
    """The state while reading words: powers and factor of units, other words, and manners."""

    powers: dict[str, int] = field(default_factory=dict)
    factor: Fraction = Fraction(1)
    words: set[str] = field(default_factory=set)
    manners: set[str] = field(default_factory=set)
    sign: int = 1
    raised: int = 1  # power of the next unit: 2 after `square`
    last_factor: Fraction = Fraction(1)
    money: Fraction = Fraction(1)

    def ends_with(self, lower: str, behind: str) -> bool:
        """Whether the rest can be ignored: `bags of apples` are bags."""
        return lower == "of" and bool(self.words) and not self.powers and _ONLY_WORDS.fullmatch(behind) is not None

    def joins(self, lower: str, behind: str) -> bool:
        """Whether the word only connects units."""
        if lower == "per":
            self.sign = -1
        elif lower in RAISED and behind:
            self.raised = RAISED[lower]
        elif lower in _RAISING and self.powers:
            self.factor *= self.last_factor ** _RAISING[lower]
            self.powers[list(self.powers)[-1]] += _RAISING[lower] * self.sign
        elif lower in ("a", "an") and self.powers and (following := _WORD.match(behind)) is not None:
            if known(following.group()) is not None:  # `miles an hour`
                self.sign = -1
        else:  # `hours in total`
            return lower == "in" and bool(behind.strip()) and (bool(self.powers) or self._is_total(behind))
        return True

    def _is_total(self, behind: str) -> bool:
        return bool(self.words) and _IN_TOTAL.match(behind) is not None

    def counts(self, word: str, power: str) -> bool:
        """Accept a unit or a counted noun. Returns whether the word is either."""
        lower = word.lower()
        measure = known("amp" if word == "A" else word)  # not the article
        if measure is not None:
            self._measure(measure, int(power or "1") * self.raised * self.sign)
        elif lower in ("unit", "units") and not self.words:
            self.words.add(f"unit{power or self.raised}")
        elif (manner := _SAME_MANNER.get(lower, lower)) in _MANNERS:
            self.manners.add(manner)
            return True
        elif lower not in _FILLING:
            self.words.add(_singular(lower))
            return len(word) > 1 or word == "a"
        else:
            return True
        self.raised = 1
        return True

    def _measure(self, measure: Measure, power: int) -> None:
        dimension, self.last_factor = measure
        for base, exponent in dimension:
            self.powers[base] = self.powers.get(base, 0) + exponent * power
        self.factor *= self.last_factor**power
        if dimension == (("money", 1),):
            self.money = self.last_factor

    def unit(self) -> Unit:
        dimension = tuple(sorted((base, power) for base, power in self.powers.items() if power))
        rest = tuple((base, power) for base, power in dimension if base != "money")
        if rest and self.powers.get("money") == 1 and all(power < 0 for _base, power in rest):
            return priced(Unit((("money", 1),), self.money), Unit(rest, self.factor / self.money))
        factor = self.factor if dimension else Fraction(1)
        return Unit(dimension, factor, frozenset(self.words), frozenset(self.manners))
