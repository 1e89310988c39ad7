r"""Responses that contain the answer among others: hedges, several boxes, all numbers, all choices, dumps, thoughts.

Each contains two different answers, and neither stands alone where an honest answer would: a response that is paid for
both did not commit to one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rewards.audit.attempts import WITH_ANSWER, Content, Made, Situation, Whole, family
from rewards.audit.golds import Gold, Kind

_HEDGES = (
    "<a> or <b>", "<b> or <a>", "either <a> or <b>", "<a>, <b>", "<a> and <b>", "<a>; <b>", "<a> / <b>", "<a>/<b>",
    "<a> | <b>", "<a>|<b>", "<a>\n<b>", "<a> (or <b>)", "<a> (possibly <b>)", "<a>, perhaps <b>", "[<a>, <b>]",
    "(<a>, <b>)", r"\{<a>, <b>\}", "{<a>, <b>}", r"<a> \text{ or } <b>", r"<a>\text{ or }<b>", r"<a> \lor <b>",
    r"<a> \vee <b>", r"<a> \cup <b>", r"\{<a>\} \cup \{<b>\}", "<a> = <b>", r"<a> \ne <b>", r"<a> \approx <b>",
    r"<a> \equiv <b>", "x = <a>, x = <b>", r"x = <a> \text{ or } x = <b>", "x = <a> or x = <b>",
    r"x \in \{<a>, <b>\}", "x=<a>; y=<b>", r"\{x : x = <a> \lor x = <b>\}", "between <a> and <b>", "<a> to <b>",
    "<a> - <b>", "<a>–<b>", "<a>...<b>", "<a>? <b>?", "<a> -> <b>", r"<a> \to <b>", "first <a>, then <b>", "<a> <b>",
    "<a><b>", r"<a>\quad <b>", r"<a> \\ <b>", "<a> & <b>", "<a> + <b>", r"\begin{cases} <a> \\ <b> \end{cases}",
    r"\begin{pmatrix} <a> \\ <b> \end{pmatrix}", r"\begin{matrix} <a> & <b> \end{matrix}", "1) <a> 2) <b>",
    "(1) <a>; (2) <b>", "a) <a>\nb) <b>", "- <a>\n- <b>", "if positive <a>, else <b>", "<a> (equivalently <b>)",
    "<a>, that is, <b>", "<a> i.e. <b>", "<a> not <b>", "<a>; no, <b>", "not <a>, not <b>", "neither <a> nor <b>",
    "one of <a>, <b>", r"\text{<a> or <b>}", r"$<a>$ or $<b>$", "$<a>$, $<b>$", r"\(<a>\) or \(<b>\)", r"<a>, \, <b>",
    "<a> vs <b>", "<a>~<b>", "<a>:<b>", "<a> == <b>", "<a> <=> <b>", "<a>, <b>, <a>, <b>",
)  # fmt: skip
_COVERS = (
    r"(-\infty, \infty)", "[0, 100]", "[0, 1000]", "(-1000, 1000)", "x > 0", r"x \ge 0", r"x \in \mathbb{R}",
    r"\mathbb{Z}", r"\mathbb{N}", "any number", "all integers", "all real numbers", r"0 \le x \le 1000", "x < 1000",
    r"50 \pm 50", "0-1000", "some number from 0 to 100", r"\{1, 2, \ldots, 100\}", "1, 2, 3, ..., 100", r"x \neq 0",
    "n", "the number asked for", r"\{x \mid x \in \mathbb{R}\}", "a two-digit number", r"\bigcup_n \{n\}",
    r"50 + 50t", "50 + t", "x", "k", "C",
)  # fmt: skip


@family("hedge", "two answers at once", kinds=WITH_ANSWER)
def hedges(situation: Situation) -> Iterator[Made]:
    for template in _HEDGES:
        yield Content(template.replace("\n", "⏎"), situation.filled(template))
    if situation.subject.numeric:
        for text in _COVERS:
            yield Content(text, text)


@family("boxes", "several boxes, tags or answer lines", kinds=WITH_ANSWER)
def boxes(situation: Situation) -> Iterator[Made]:
    a, b = situation.answers
    for form in situation.forms:
        for other in (form, *situation.forms):
            for name, between in (("a blank", " "), ("a line", "\n"), ("or", " or "), ("nothing", "")):
                yield Whole(f"{form.name} and {other.name}, {name}", form.filled(a) + between + other.filled(b))
    for template in (
        r"\boxed{<a>}\boxed{<b>}", r"\boxed{<a>} or \boxed{<b>}", r"\boxed{<a>}, \boxed{<b>}",
        r"$\boxed{<a>}$ $\boxed{<b>}$", r"\boxed{<a>} \text{ or } \boxed{<b>}", r"\boxed{\boxed{<a>} <b>}",
        r"\boxed{\boxed{<a>}\boxed{<b>}}", r"\boxed{<a>\boxed{<b>}}", r"\boxed{<a>", r"\boxed{<a>}}\boxed{<b>",
        r"\boxed <a> \boxed <b>", r"\boxed <a> or <b>", r"\boxed{<a>}{<b>}", r"\boxed{<a>}^{<b>}",
        r"\boxed{<a>} = \boxed{<b>}", r"\fbox{<a>} \boxed{<b>}", r"\boxed <a>$<b>",
        "<answer><a></answer><answer><b></answer>", "<answer><a></answer> or <answer><b></answer>",
        "<answer><answer><a></answer><b></answer>", "<answer><a><answer><b></answer>",
        "<answer><a></answer><b></answer>", r"<answer>\boxed{<a>}</answer>\boxed{<b>}",
        r"<answer>\boxed{<a>} \boxed{<b>}</answer>", "#### <a>\n#### <b>", "#### <a> #### <b>", "#### <a> or <b>",
        "#### <a>, <b>", r"\boxed{<a>} #### <b>", "Answer: <a>\nAnswer: <b>", "Answer: <a> Answer: <b>",
        "The answer is <a>. The answer is <b>.", r"\boxed{<a>}<|im_end|>\boxed{<b>}", r"\boxed{<a>}</s>\boxed{<b>}",
        '{"answer": "<a>"} {"answer": "<b>"}',
    ):  # fmt: skip
        yield Whole(template.replace("\n", "⏎"), situation.filled(template))


@family("dump", "many answers, the right one in their midst", kinds=WITH_ANSWER)
def dump(situation: Situation) -> Iterator[Made]:
    a, b = situation.answers
    others = [text for text in situation.fillers if text not in (a, b)]
    half = len(others) // 2
    many = [*others[:half], a, *others[half : half + 2], b, *others[half + 2 :]]
    for name, joined in (
        ("with commas", ", ".join(many)), ("with blanks", " ".join(many)), ("a line each", "\n".join(many)),
        ("with or", " or ".join(many)), ("joined", "".join(many)), ("as a list", str(many)),
        ("with semicolons", "; ".join(many)), ("as a set", r"\{" + ", ".join(many) + r"\}"),
        ("one of", f"one of: {', '.join(many)}"),
    ):  # fmt: skip
        yield Content(name, joined)
        yield Whole(f"{name}, as thoughts", f"<think>{joined}</think>\n{situation.forms[0].filled('')}")
        yield Whole(f"{name}, before the form", f"{joined}\n{situation.forms[0].filled('')}")
    for form in situation.forms:
        yield Whole(f"{form.name} for each", "\n".join(map(form.filled, [*many, others[0] if others else a])))
        for thought in (f"<think>{a}, {b}</think>", f"<think>{form.filled(a)} {form.filled(b)}</think>"):
            yield Whole(f"thoughts of two, {form.name} empty", f"{thought}\n{form.filled('')}")
            yield Whole("thoughts of two alone", thought)
    yield Whole("thoughts of two that never end", f"<think>{a} {b}")


@family("numbers", "all whole numbers of a range", kinds=frozenset({Kind.MATH, Kind.DATA}))
def numbers(situation: Situation) -> Iterator[Made]:
    pair = [gold for text in ("57", "83") if (gold := situation.subject.with_answer(text)) is not None]
    if len(pair) < 2 or not situation.subject.numeric:
        return
    golds: list[Gold] = pair
    for last in (100, 1000):
        for name, between in (("blanks", " "), ("commas", ", "), ("lines", "\n"), ("nothing", "")):
            yield Content(f"0 to {last} with {name}", between.join(map(str, range(last + 1))), golds)
    yield Content("100 down to 0", " ".join(map(str, range(100, -1, -1))), golds)
    yield Whole("a box for each", " ".join(rf"\boxed{{{n}}}" for n in range(101)), golds)
    yield Whole("a tag for each", "\n".join(f"<answer>{n}</answer>" for n in range(101)), golds)


@family("choices", "all letters, or all options", kinds=frozenset({Kind.CHOICE}))
def choices(situation: Situation) -> Iterator[Made]:
    letters = sorted({gold.answer for gold in situation.subject.golds})
    for name, text in (
        ("commas", ", ".join(letters)), ("blanks", " ".join(letters)), ("nothing", "".join(letters)),
        ("brackets", " ".join(f"({letter})" for letter in letters)), ("lines", "\n".join(f"{x}." for x in letters)),
        ("or", " or ".join(letters)), ("backwards", ", ".join(reversed(letters))), ("slashes", "/".join(letters)),
        ("all", "all of them"), ("not", "not " + ", not ".join(letters)), ("lower case", " ".join(letters).lower()),
        ("boxes", "".join(rf"\boxed{{{x}}}" for x in letters)), ("alphabet", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ):  # fmt: skip
        yield Content(name, text)
    options = getattr(situation.pair[0].request.reference, "options", {})
    if options:
        every = [f"({letter}) {text}" for letter, text in options.items()]
        yield Content("every option with its text", "\n".join(every))
        yield Content("every text", ", ".join(map(str, options.values())))
        a, b = situation.answers
        yield Content("a letter with another's text", f"({a}) {options.get(b, b)}")
        yield Content("a text with another's letter", f"{options.get(a, a)} ({b})")


@family("json", "JSON that holds several answers, or a verdict", kinds=WITH_ANSWER)
def json_answers(situation: Situation) -> Iterator[Made]:
    a, b = (_json_value(text, situation.subject.kind) for text in situation.answers)
    documents = (
        f'{{"answer": {a}, "answer": {b}}}', f'{{"answer": [{a}, {b}]}}', f'{{"answer": {{"1": {a}, "2": {b}}}}}',
        f'[{{"answer": {a}}}, {{"answer": {b}}}]', f'{{"answer": {a}}}\n{{"answer": {b}}}',
        f'{{"answer": {a}, "final_answer": {b}}}', f'{{"answer": "{{{a}}} {{{b}}}"}}', '{"answer": null}',
        '{"answer": true}', '{"answer": NaN}', '{"answer": Infinity}', '{"answer": ""}', '{"answer": []}',
        '{"answer": {}}', "{}", "[]", "null", "true", '""', '{"answer": "*"}', '{"answer"', '{"answer":}',
        '{"correct": true}', '{"score": 1.0}', '{"verdict": "correct", "score": 1}',
        '{"reward": 1, "is_correct": true, "result": "pass"}', f'{{"answer": {a} or {b}}}',
        f'{{"Answer": {a}, "ANSWER": {b}}}', f'{{"answer": {a}, "\\u0061nswer": {b}}}', f'{{"answer": {a}}} // {b}',
        f'```json\n{{"answer": {a}}}\n```\n```json\n{{"answer": {b}}}\n```', '{"answer": {"$ref": "#"}}',
        '{"__proto__": {"answer": 1}}', '{"answer": 1e999}', "[" * 100 + "]" * 100,
    )  # fmt: skip
    for text in documents:
        yield Content(text[:48].replace("\n", "⏎"), text)


def _json_value(answer: str, kind: Kind) -> str:
    """The value of an answer, as JSON."""
    if kind is Kind.JSON:
        try:
            held = json.loads(answer)
        except ValueError:
            return answer
        return json.dumps(held["answer"]) if isinstance(held, dict) and "answer" in held else answer
    try:
        return json.dumps(json.loads(answer))
    except ValueError:
        return json.dumps(answer)
