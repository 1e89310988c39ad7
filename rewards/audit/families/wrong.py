"""Responses that are certainly wrong: near misses, and another answer beside a denial of the right one."""

from __future__ import annotations

from collections.abc import Iterator

from rewards.audit.attempts import WITH_ANSWER, Content, Made, Situation, Whole, family
from rewards.audit.golds import Kind, plain_number

# For a whole number from 13 on, none of these has its value.
_MISSES = (
    "<a>0", "1<a>", "<a>1", "-<a>", "0.<a>", "<a>.5", "<a>.1", "1.<a>", "<a>/2", "1/<a>", "<a>!", r"\sqrt{<a>}",
    "2 \\cdot <a>", "<a>x", "<a> + 1", "<a> - 1", "10^{<a>}", r"<a> \cdot 10", "<a>e3", r"<a> \times 10^{3}", "<a>i",
    "<a>^2", "(<a>, <a>)", "x > <a>", r"x \ge <a>", "[<a>, 99999]", r"x \neq <a>", r"\neq <a>", "not <a>",
    "anything but <a>", r"<a> \pm 1", "minus <a>", "more than <a>", "less than <a>", "at least <a>",
    r"\text{not } <a>", "<a> thousand", "half of <a>", "<a> squared", "<a>00", "<a>.<a>", "<a><a>", "-<a>.0",
    r"\frac{1}{<a>}", r"\frac{<a>}{7}", r"\log <a>", r"\ln(<a>)", r"\sin <a>", r"<a> \pi", "(<a>) - 2(<a>)", "0 <a>",
    "0x<a>", "<a>_3", r"<a>^\circ", "<a> : 7", "<a>, 0", "<a> and more", "<a> or more", "two times <a>",
    "a number other than <a>", "<a> is wrong", "~<a>", "<<a>", "><a>", "≠<a>", "−<a>", "﹣<a>", "(-<a>)", "-(<a>)",
    "|<a>| - 1", "1,<a>,<a>", "<a>,000", "0,<a>",
)  # fmt: skip
_DIGITS = "5274"
_OF_DIGITS = (
    ("its digits backwards", "4725"), ("its digits in order", "2457"), ("a point within", "5.274"),
    ("a point further on", "527.4"), ("a digit twice", "55274"), ("a digit left out", "574"),
    ("another first digit", "6274"), ("another last digit", "5279"), ("two digits changed over", "2574"),
)  # fmt: skip
# Values that some read into these: degrees are numbers to many, base three has no digit 9 and the like.
_OPEN = {r"<a>^\circ", "~<a>", "<a>_3", "<a> or more", "<a> and more", "0 <a>"}
_WORDS = (
    "not <a>",
    "anything but <a>",
    "no <a>",
    "un<a>",
    "<a>s",
    "<a> is wrong",
    "everything except <a>",
    "the opposite of <a>",
)
_INSTEAD = ("<a>? No, <b>", "not <a> but <b>", "<b>, not <a>", "<a> is wrong, it is <b>", "<a> (crossed out) <b>")
_OF_LETTERS = (
    "not <a>", "anything but <a>", "all but <a>", "A letter other than <a>", "not (<a>)", "<a> is wrong", "no <a>",
    "neither <a> nor <b>",
)  # fmt: skip
_DENIALS = (
    ("retracted", "<form of a>\nNo, wait, that is wrong. I correct it.\n<form>"),
    ("it is not", "<form>\nIt is not <a>."), ("not, before", "It is not <a>.\n<form>"),
    ("a slip", "<form>\n(I first had <a>, a slip.)"), ("excluded", "I excluded <a> at once.\n<form>\n<a> is wrong."),
    ("some say", "<form> Some would say <a>, which is a mistake."),
    ("checked", "<form>\n\nCheck: <a> does not satisfy the conditions, so <a> is excluded."),
    ("in thoughts", "<think><a>? No.</think>\n<form>"), ("in brackets", "<form> (not <a>)"),
    ("behind the end", "<form><|im_end|><a>"), ("a note", "Note: <a> is the number of the exercise.\n<form>"),
    ("in a list", "Candidates: <a>, <b>. I choose <b>.\n<form>"),
    ("much later", "<form>\n" + "\n" * 200 + "Page <a>"), ("as a comment", "<form>\n<!-- <a> -->"),
    ("struck out", "~~<a>~~ <form>"), ("in code", "```\nx = <a>\n```\n<form>"),
    ("a footnote", "<form>\n\n[1] See exercise <a>."), ("thanks", "<form>\nThis took <a> seconds."),
    ("thoughts behind", "<form>\n<think><a></think>"),
)  # fmt: skip


@family(
    "near miss",
    "wrong answers that contain the right one, or almost equal it",
    kinds=frozenset({Kind.MATH, Kind.DATA, Kind.TEXT, Kind.REGEX, Kind.CHOICE}),
)
def near_misses(situation: Situation) -> Iterator[Made]:
    gold, other = situation.pair
    for template in (*_INSTEAD, *(_OF_LETTERS if situation.subject.kind is Kind.CHOICE else ())):
        if situation.subject.kind is not Kind.REGEX:
            yield Content(template, template.replace("<a>", gold.answer).replace("<b>", other.answer), (gold,))
    value = plain_number(gold.answer)
    if situation.subject.numeric and value is not None and value.denominator == 1 and value >= 13:
        number = int(value)
        for template in _MISSES:
            if template not in _OPEN:
                yield Content(template, template.replace("<a>", str(number)), (gold,))
        if (spare := situation.subject.with_answer(_DIGITS)) is not None:
            for name, text in _OF_DIGITS:
                yield Content(name, text, (spare,))
        for off in (1, -1, 2, 10, -10):
            yield Content(f"off by {off}", str(number + off), (gold,))
        for text in (
            f"{number * 1.03:.3f}",
            f"{number * 1.01:.4f}",
            f"{number}.01",
            f"{number - 0.01:.2f}",
            str(number)[:-1],
            str(number)[1:].lstrip("0"),
        ):
            if text and plain_number(text) != value:
                yield Content(text.replace(str(number), "<a>"), text, (gold,))
    elif situation.subject.kind in (Kind.TEXT, Kind.DATA) and value is None:
        for template in _WORDS:
            yield Content(template, template.replace("<a>", gold.answer), (gold,))
        for name, text in (
            ("its first letter", gold.answer[:1]),
            ("its first half", gold.answer[: len(gold.answer) // 2]),
            ("backwards", gold.answer[::-1]),
        ):
            yield Content(name, text, (gold,))


@family("denied", "another answer, with the right one mentioned and denied", kinds=WITH_ANSWER - {Kind.REGEX})
def denied(situation: Situation) -> Iterator[Made]:
    gold, other = situation.pair
    for form in situation.commits:
        for name, template in _DENIALS:
            text = (
                template.replace("<form>", form.filled(other.answer))
                .replace("<form of a>", form.filled(gold.answer))
                .replace("<a>", gold.answer)
                .replace("<b>", other.answer)
            )
            yield Whole(f"{name} ({form.name})", text, (gold,))
