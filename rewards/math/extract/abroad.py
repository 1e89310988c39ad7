"""Sentences in other languages around a value: only denial, doubt and a choice between values are understood.

Words in other scripts that express none of these are left out. A line in a European language that names the answer or
begins to doubt is restated with the English words of denial and doubt. All other lines stay as they are.

Example:
    >>> around_a_value("答案是 17，不是 34。").split()
    ['17,', 'not', '34.']
    >>> around_a_value("Die Antwort ist entweder 8 oder 9.")
    'The answer is either 8 or 9.'
    >>> around_a_value("红色")
    '红色'
"""

from __future__ import annotations

import re
import unicodedata

from rewards.math.late import late

_SIGNS = str.maketrans(
    {"。": ". ", "，": ", ", "、": ", ", "：": ": ", "；": "; ", "？": "?", "！": "! ", "（": " (", "）": ") "}
)
_NOT = "不是|而非|并非|不等于|不能是|不可能是|不会是|不认为"
_DENYING = (  # behind the value
    "ではない|ではありません|じゃない|は間違い|は誤り|아닙니다|아니다|아니에요|는 틀렸|은 틀렸"
    "|是错误的|是错的|不正确|不对"
)
_OR = "或者|或|还是|または|또는"
OR_ABROAD = rf"oder|ou|o|oppure|или|hoặc|lub|albo|eller|atau|veya|{_OR}"
PERHAPS_ABROAD = "也?(?:可能|也许|或许)(?:是|为)?"
AND_ABROAD = "和|与|及|以及|und|et|y|e|и"
"""How other languages say "or" between two values, where no English sentence has such a word there."""
_DOUBT = "可能|也许|或许|かもしれ|일 ?수도"
_CHOICE = "(?:故|应|答案|所以)选"
_ASIDE = "而不是|而非|并非"
_CJK = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_CYRILLIC = r"[\u0400-\u04ff]"
_FALSE = "неверн|неправильн|ошибочн"
_MORE = (
    "(?:答案|结果)(?:应该|应|必须|必)?(?:是)?(?:至少|至多|最多|最少|不?超过|不少于|不多于)(?:是|为)?"
    "|(?:不?大于|不?小于|多于|少于|超过)(?:等于)?|\\A\\s*(?:至少|至多|最多|最少|不少于|不多于)"
)
_MORE_IN_RUSSIAN = "(?:[нН]е )?(?:больше|меньше|более|менее)(?:,? чем)?"
_OR_MORE = (  # behind the last value
    r"(?:より(?:大き|小さ|多|少な)い|보다\s?(?:크|큽|큰|작|적|많)[\uac00-\ud7af]*|\s?(?:以上|以下|以内|未満|이상|이하|미만|초과))"
    r"(?:です|である|だ|입니다|이다)?(?=[\s。.!！]*\Z)"
)
_LONGEST_UNIT = 3  # "3小时20分" is one quantity
_WHOLE = rf"(?<!{_CYRILLIC})(?:{{}})(?!{_CYRILLIC})"
_PASSED = rf"{_MORE}|{_OR_MORE}|而是|{_ASIDE}|{_NOT}|{_OR}|{_DENYING}|{_DOUBT}|{_CHOICE}"
_WORDS = late(
    rf"(?P<more>(?:{_MORE})(?=\s*[\d$\\])|{_WHOLE.format(_MORE_IN_RUSSIAN)}(?=\s*[\d$]))"
    rf"|(?P<or_more>{_OR_MORE})|(?P<but>而是|(?<=, )а(?=\s[\d$-]))"
    rf"|(?P<not>{_ASIDE}|{_NOT}|{_WHOLE.format('[нН]е')})"
    rf"|(?P<perhaps>{_DOUBT}|{_WHOLE.format('[вВ]озможно|[нН]аверное|[вВ]ероятно')})"
    rf"|(?P<or>{_OR}|{_WHOLE.format('или|либо')})|(?P<between>{_WHOLE.format('между')})|(?P<choice>{_CHOICE}[：:]?)"
    rf"|(?P<wrong>(?:이|가)?\s?(?:{_DENYING})|[—–-]?\s?(?:это\s)?(?:{_FALSE}){_CYRILLIC}+(?:\sответ)?)"
    rf"|(?:(?:(?!{_PASSED}){_CJK})+|(?:(?!{_FALSE}){_CYRILLIC}){{2,}})(?:\s?:)?"
    rf"|(?<![^\W\d_])[èéвВкКоОуУ](?![^\W\d_])"
)
_EMPTY = late(r"\(\s*\)|(?:\A|(?<=\n))\s*[,;:]\s")  # where nothing is left of what stood there
_LONGEST = 600
_ANSWER = (
    r"(?:(?:die|das|la|le|a|o|il|el)\s)?(?:(?:richtige|korrekte|gesuchte)\s)?"
    r"(?:antwort|ergebnis|lösung|réponse|résultat|respuesta|resultado|solución|risposta|risultato|resposta|soluzione|solução)"
    r"(?:\s(?:finale?|correct[eao]|correcta|final|corretta|exacta))?"
)
_SPOKEN = frozenset(  # a word of one of these languages that speaks of an answer, or doubts it
    " ".join(
        (
            "antwort ergebnis lösung réponse résultat respuesta resultado solución risposta risultato resposta",
            "soluzione solução vielleicht möglicherweise peut-être tal talvez quizá quizás forse falsch faux fausse",
            "sbagliato sbagliata errado errada incorrecto incorrecta incorreto incorreta equivocado equivocada",
            "glaube denke đáp",
        )
    ).split()
)
_BOUND = late(  # "au moins 12", and nothing before
    r"\A\W*(?:au\s(?:moins|plus)|(?:plus|moins|más|menos|mais)\sde|al\s(?:menos|máximo|mínimo|massimo|minimo)|(?:più|meno)\sdi"
    r"|almeno|pelo\smenos|no\smáximo|no\smínimo|mindestens|höchstens|(?:mehr|weniger)\sals)\s(?=[\d$\\-])",
    re.IGNORECASE,
)
_LONGEST_BOUND = 60
_WORD = late(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_SAID_AGAIN = tuple(
    (late(rf"(?<!\w)(?:{foreign})(?!\w)", re.IGNORECASE), english)
    for foreign, english in (
        (rf"ist\s(?:also\s|somit\s|damit\s)?{_ANSWER}(?=\s[\d$\\-])", "the answer is"),
        (r"ich\s(?:glaube|denke)\snicht,?\sdass", "I do not think that"),
        (r"größer\sals|kleiner\sals|mehr\sals|weniger\sals|höchstens|mindestens", "more than"),
        (r"(?:lớn|nhỏ|nhiều|ít)\shơn|ít\snhất(?:\slà)?|nhiều\snhất(?:\slà)?", "more than"),
        (r"không\s(?:phải\s)?là|không\sphải|không\sbằng", "is not"),
        (r"hoặc(?:\slà)?", "or"),
        (r"ne\sserait\spas|n['’]est\spas|no\ses|non\sè|não\sé|ist\snicht", "is not"),
        (r"wäre|würde\ssein|serait|sería|seria|sarebbe", "would be"),
        (r"lautet(?:\salso)?|ist(?:\salso)?|est(?:\sdonc)?|es|è|é|sea|sei", "is"),
        (r"podría\sser|poderia\sser|potrebbe\sessere|pourrait\sêtre|könnte\ssein", "might be"),
        (r"(?:et\s)?non(?:\spas)?|e\snão|y\sno|nicht", "not"),
        (r"(?<=,\s)no(?=\s[\d$-])", "not"),
        (r"wenn|falls|si(?=\s(?:le|la|el|on|il|elle|no)\s)|se(?=\s(?:il|lo|la|o|a)\s)", "if"),
        (r"sondern|mais|sino|bensì|mas\ssim", "but"),
        (r"entweder|soit(?=\s[^\n]*\ssoit)", "either"),
        (r"oder|ou\sbien|soit|oppure|o\sbien|ou|u(?=\s\d)|o(?=\s[\d$-])", "or"),
        (r"vielleicht|möglicherweise|peut-être|tal\svez|quizás?|talvez|forse", "perhaps"),
        (r"falsch|faux|fausse|sbagliat[oa]|errad[oa]|incorrect[oa]|equivocad[oa]", "wrong"),
        (r"đáp\s(?:án|số)(?:\scuối\scùng)?(?:\sđúng)?", "the answer"),
        (r"là", "is"),
        (r"está(?=\swrong|\sentre)|está|fica", "is"),
        (r"zwischen|entre|tra|fra", "between"),
        (r"liegt", "is"),
        (_ANSWER, "the answer"),
    )
)
_MEASURED = late(r"(?<=\d)[^\S\n]+[a-zA-Z]*[à-öø-ÿß][a-zA-Zà-öø-ÿß]*")  # "79 pétales"


def around_a_value(text: str) -> str:
    """The text without words in other scripts; unchanged if it has no digit and no formula."""
    if not re.search(r"[\d$\\]", text):
        return text
    text = _in_english(_BOUND.sub("more than ", text) if len(text) < _LONGEST_BOUND else text)
    if text.isascii() or _WORDS.search(text) is None:
        return _plain_units(text)
    return _EMPTY.sub("", _WORDS.sub(_said_again, text.translate(_SIGNS)))


def _said_again(word: re.Match[str]) -> str:
    kind = word.lastgroup
    if kind is not None:
        return _ENGLISH[kind]
    parts = word.end() - word.start() > _LONGEST_UNIT and word.string[word.end() : word.end() + 1].isdigit()
    return " then " if parts and word.string[word.start() - 1 : word.start()].isdigit() else " "


_ENGLISH = {
    "not": " not ",
    "more": " more than ",
    "or_more": " or more ",
    "but": " but ",
    "or": " or ",
    "wrong": " is wrong ",
    "perhaps": " perhaps ",
    "between": " between ",
    "choice": " The answer is ",
}


def _in_english(text: str) -> str:
    """The text with its last European-language line about the answer restated in the English words that matter."""
    begin = max(0, len(text.rstrip()) - _LONGEST)
    line = max(begin, text.rfind("\n", begin, len(text.rstrip())) + 1)
    spoken = text[line:]
    if _SPOKEN.isdisjoint(_WORD.findall(spoken.lower())):
        return text
    for foreign, english in _SAID_AGAIN:
        spoken = foreign.sub(english, spoken)
    return text[:line] + spoken[:1].upper() + spoken[1:]


def _plain_units(text: str) -> str:
    """The text with units and counted nouns spelled in ASCII letters."""
    if text.isascii():
        return text
    return _MEASURED.sub(lambda word: _unaccented(word.group()), text)


def _unaccented(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word.replace("ß", "ss"))
    return "".join(mark for mark in parts if not unicodedata.combining(mark))
