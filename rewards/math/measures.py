"""The table of units of measure: what each name and symbol measures, and by which exact factor.

Example:
    >>> known("km"), known("mW") == known("MW")
    (((('length', 1),), Fraction(1000, 1)), False)
"""

from __future__ import annotations

from fractions import Fraction

Measure = tuple[tuple[tuple[str, int], ...], Fraction]
"""Base quantities with their powers, and a factor."""

_BASE = {
    # name: base quantity, factor, spellings
    "length": (
        ("1/1000", "mm millimeter millimetre"),
        ("1/100", "cm cms centimeter centimetre"),
        ("1/10", "dm decimeter decimetre"),
        ("1", "m meter metre"),
        ("1000", "km kms kilometer kilometre"),
        ("127/5000", "in inch inches"),
        ("381/1250", "ft foot feet"),
        ("1143/1250", "yd yds yard"),
        ("201168/125", "mi mile"),
        ("1852", "nmi"),
        ("9460730472580800", "lightyear"),
        ("1/1000000", "um micrometer micron"),
        ("1/1000000000", "nm nanometer nanometre"),
    ),
    "mass": (
        ("1/1000", "mg milligram"),
        ("1", "g gm gms gram"),
        ("1000", "kg kgs kilogram kilo"),
        ("1000000", "tonne"),
        ("45359237/100000", "lb lbs pound"),
        ("45359237/1600000", "oz ounce"),
        ("90718474/100", "ton"),
    ),
    "time": (
        ("1/1000", "ms millisecond"),
        ("1", "s sec second"),
        ("60", "min minute"),
        ("3600", "h hr hrs hour"),
        ("86400", "d day"),
        ("604800", "week wk wks"),
    ),
    "months": (("1", "month mo"), ("12", "year yr yrs"), ("120", "decade"), ("1200", "century centuries")),
    "money": (("1", "dollar usd buck"), ("1/100", "cent ¢"), ("1/4", "quarter"), ("1/10", "dime"), ("1/20", "nickel")),
    "euro": (("1", "euro eur"),),
    "sterling": (("1", "gbp"), ("1/100", "pence penny")),
    "yen": (("1", "yen jpy"),),
    "yuan": (("1", "yuan cny rmb"),),
    "rupee": (("1", "rupee rs inr"),),
    "radian": (("1", "radian rad"),),
    "angle": (("1", "deg degree °"), ("1/60", "arcminute"), ("1/3600", "arcsecond")),
    "celsius": (("1", "celsius °C degC"),),
    "fahrenheit": (("1", "fahrenheit °F degF"),),
    "kelvin": (("1", "kelvin K"),),
    "current": (("1", "amp ampere"),),
    "bits": (("1", "bit"), ("8", "byte"), ("8000", "kB KB"), ("8000000", "MB"), ("8000000000", "GB gigabyte")),
    "amount": (("1", "mol mole"),),
    "turn": (("1", "rev revolution"),),
    "dozen": (),
}
_COMPOUND = {
    # spellings: dimension, factor
    "l L liter litre": ((("length", 3),), "1/1000"),
    "ml mL milliliter millilitre cc": ((("length", 3),), "1/1000000"),
    "cl cL centiliter": ((("length", 3),), "1/100000"),
    "gal gallon": ((("length", 3),), "473176473/125000000000"),
    "qt quart": ((("length", 3),), "473176473/500000000000"),
    "pint": ((("length", 3),), "473176473/1000000000000"),
    "cup": ((("length", 3),), "473176473/2000000000000"),
    "sqft": ((("length", 2),), "145161/1562500"),
    "mps": ((("length", 1), ("time", -1)), "1"),
    "acre": ((("length", 2),), "316160658/78125"),
    "ha hectare": ((("length", 2),), "10000"),
    "mph": ((("length", 1), ("time", -1)), "1397/3125"),
    "mpg": ((("length", -2),), "201168000000000/473176473"),
    "rpm": ((("turn", 1), ("time", -1)), "1/60"),
    "floz": ((("length", 3),), "473176473/16000000000000"),
    "kmh kph kmph": ((("length", 1), ("time", -1)), "5/18"),
    "hz Hz hertz": ((("time", -1),), "1"),
    "N newton": ((("length", 1), ("mass", 1), ("time", -2)), "1000"),
    "J joule": ((("length", 2), ("mass", 1), ("time", -2)), "1000"),
    "kJ kilojoule": ((("length", 2), ("mass", 1), ("time", -2)), "1000000"),
    "W watt": ((("length", 2), ("mass", 1), ("time", -3)), "1000"),
    "kW kilowatt": ((("length", 2), ("mass", 1), ("time", -3)), "1000000"),
    "kWh kwh": ((("length", 2), ("mass", 1), ("time", -2)), "3600000000"),
    "Wh": ((("length", 2), ("mass", 1), ("time", -2)), "3600000"),
    "Pa pascal": ((("length", -1), ("mass", 1), ("time", -2)), "1000"),
    "V volt": ((("current", -1), ("length", 2), ("mass", 1), ("time", -3)), "1000"),
    "bar": ((("length", -1), ("mass", 1), ("time", -2)), "100000000"),
    "atm": ((("length", -1), ("mass", 1), ("time", -2)), "101325000"),
    "coulomb": ((("current", 1), ("time", 1)), "1"),
    "farad": ((("current", 2), ("length", -2), ("mass", -1), ("time", 4)), "1/1000"),
    "henry": ((("current", -2), ("length", 2), ("mass", 1), ("time", -2)), "1000"),
    "tesla": ((("current", -1), ("mass", 1), ("time", -2)), "1000"),
    "weber Wb": ((("current", -1), ("length", 2), ("mass", 1), ("time", -2)), "1000"),
    "ohm Ω": ((("current", -2), ("length", 2), ("mass", 1), ("time", -3)), "1000"),
}
_PREFIXES = {"G": "1000000000", "M": "1000000", "k": "1000", "m": "1/1000", "u": "1/1000000", "n": "1/1000000000"}
_PREFIXED_NAMES = """
meter metre gram second watt joule newton pascal volt liter litre hertz ohm byte amp ampere mole coulomb farad henry
tesla
"""
_LETTERS = {"A": "ampere", "C": "coulomb", "F": "farad", "H": "henry", "T": "tesla"}
"""Symbols that are units only behind a prefix: alone they are choices, names or degrees as well."""
_SMALL = {"m": "1/1000", "u": "1/1000000", "n": "1/1000000000", "p": "1/1000000000000"}
_LONG_PREFIXES = {"giga": "G", "mega": "M", "kilo": "k", "milli": "m", "micro": "u", "nano": "n", "pico": "p"}
_NO_PLURAL = frozenset(("inches", "feet", "centuries", "°C", "°F", "°", "¢"))


def _table() -> dict[str, Measure]:
    table: dict[str, Measure] = {}

    def put(spellings: str, dimension: tuple[tuple[str, int], ...], factor: Fraction) -> None:
        for name in spellings.split():
            table[name] = (dimension, factor)
            if len(name) > 2 and name not in _NO_PLURAL:
                table[f"{name}s"] = (dimension, factor)

    for base, rows in _BASE.items():
        for factor, spellings in rows:
            put(spellings, ((base, 1),), Fraction(factor))
    for spellings, (dimension, factor) in _COMPOUND.items():
        put(spellings, dimension, Fraction(factor))
    for name in _PREFIXED_NAMES.split():
        dimension, one = table[name]
        for prefix, symbol in _LONG_PREFIXES.items():
            put(prefix + name, dimension, one * Fraction((_PREFIXES | _SMALL)[symbol]))
    return table


def _with_prefixes() -> dict[str, Measure]:
    """Prefixed symbols, which are case-sensitive: `mW` and `MW`."""
    found: dict[str, Measure] = {}
    for symbol in ("m", "g", "s", "W", "J", "N", "Pa", "V", "L", "Hz", "ohm", "mol"):
        dimension, one = _UNITS[symbol]
        for prefix, times in _PREFIXES.items():
            found[prefix + symbol] = (dimension, one * Fraction(times))
    for letter, name in _LETTERS.items():
        dimension, one = _UNITS[name]
        for prefix, times in _SMALL.items():
            found[prefix + letter] = (dimension, one * Fraction(times))
    return found


_UNITS = _table()
_SYMBOLS = _with_prefixes()
RAISED = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
"""Words before the name of a length that raise it to a power."""


def is_unit(word: str) -> bool:
    """Whether a word or letter is the name of a unit."""
    return word in _UNITS or word in _SYMBOLS or word in RAISED or (len(word) > 2 and word.lower() in _UNITS)


def known(word: str) -> Measure | None:
    """Look up a unit, first case-sensitively, then in lower case: `KG` is a kilogram, `Mg` is not."""
    plain = word.replace(" ", "")
    return _UNITS.get(plain) or _SYMBOLS.get(plain) or (_UNITS.get(plain.lower()) if len(plain) > 1 else None)
