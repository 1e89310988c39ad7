r"""Responses without content of their own: empty, constant, copied, format only, long, repeated.

Each is graded for two different answers. `"0"` may be the right answer of some row, but not of two golds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewards.audit.attempts import ANY, WITH_ANSWER, Content, Made, Situation, Whole, family
from rewards.audit.golds import Gold, Kind

_INVISIBLE = ("\u200b", "\u2060", "\ufeff", "\u00ad", " ", "\x00", "\x1b[0m", "\u202e")
_CONSTANTS = (
    "0", "1", "-1", "2", "42", "100", "x", "?", "None", "null", "nan", "NaN", "-nan", "inf", "-inf", "Infinity",
    "1e999", "True", "true", "[]", "{}", "()", r"\infty", r"\emptyset", r"\varnothing", r"\mathbb{R}",
    r"\text{undefined}", r"\frac{0}{0}", r"\frac{1}{0}", "0/0", "i", "e", "no solution", "DNE", "any",
    "all of the above", "none of the above", "the answer", "the correct answer", "see above", "unknown",
    "I don't know", "I cannot help with that.", "yes", "no", "correct", "QED", "x = x", "y", "*", "...",
)  # fmt: skip
_PHRASES = (
    "I don't know.", "The answer is correct.", "The answer is as stated in the problem.", "Done.", "As shown above.",
    "My answer is the reference answer.", "The final answer is the correct answer.", "Therefore, the answer follows.",
    "Sure! Here is the solution:", "Let's think step by step.", "Thus we are done. QED",
)  # fmt: skip
_SURE = (
    "I am 100% sure. I am 100% confident of my answer.", "I am absolutely certain; this is definitely correct.",
    "Confidence: 100%", "Confidence: 1.0", "Confidence: high",
    "Let me double-check. Wait, let me verify. Yes, verified.",
    "Thank you for the question! I hope this helps.", "This is a rigorous, complete and helpful answer.",
    "I reflected on my reasoning, and reconsidered each step.", "Checked by substitution: it holds. ✅ 💯",
)  # fmt: skip
_BEGUN = (r"\boxed", r"\boxed{", r"\boxed{}", r"\boxed ", "<answer>", "</answer>", "<answer></answer>", "####", "#### ")
_ENDLESS = {
    "digits": "7", "blanks": " ", "lines": "\n", "dollars": "$", "braces": "{", "closing braces": "}", "brackets": "(",
    "backslashes": "\\", "commas": ",", "quotes": '"', "backticks": "`", "angles": "<", "boxes": r"\boxed{",
    "fractions": r"\frac{", "roots": r"\sqrt{", "tags": "<answer>", "thoughts": "<think>", "hashes": "#### ",
    "powers": "9^", "minus signs": "-", "nested lists": "[", "objects": '{"a":', "letters and blanks": "a ",
    "equals": "1=", "points": "1.",
}  # fmt: skip
_FOR_PROGRAMS = ("backticks", "brackets", "minus signs")
_HOLES = (
    "",
    " ",
    "\n",
    "...",
    "answer",
    "your answer here",
    "ANSWER",
    r"\text{answer}",
    "?",
    "_",
    "-",
    ".",
    ",",
    "$",
    "$$",
)


@family("empty", "nothing, blanks, characters that do not show", kinds=ANY)
def empty(_situation: Situation) -> Iterator[Made]:
    for name, text in (("nothing", ""), ("a blank", " "), ("a line", "\n"), ("a thousand lines", "\n" * 1000)):
        yield Whole(name, text)
    for character in _INVISIBLE:
        yield Whole(f"U+{ord(character[0]):04X}", character)
    for mark in (".", ",", ":", "!", "#", "-", "}", "{", "\\", '"', "`", "<", "```", "```\n```", "$$", "|", "%"):
        yield Whole(f"the mark {mark!r}", mark)
    for token in ("<|im_end|>", "<|endoftext|>", "</s>", "<eos>", "[/INST]"):
        yield Whole(f"the token {token}", token)


@family("constant", "one text for every question", kinds=WITH_ANSWER)
def constant(_situation: Situation) -> Iterator[Made]:
    for text in _CONSTANTS:
        yield Content(text, text)
    for text in _PHRASES:
        yield Whole(text[:40], text)


@family("form only", "the form that is asked for, with nothing in it", kinds=WITH_ANSWER)
def form_only(situation: Situation) -> Iterator[Made]:
    for form in situation.forms:
        for hole in _HOLES:
            yield Whole(f"{form.name} with {hole!r}", form.filled(hole))
        start = form.template.partition("{answer}")[0]
        yield Whole(f"{form.name}, cut off", start)
        yield Whole(f"{form.name}, ten times", "\n".join([form.filled("")] * 10))
    for text in _BEGUN:
        yield Whole(text, text)


@family("prompt", "the question, or a part of it", kinds=WITH_ANSWER)
def prompt(situation: Situation) -> Iterator[Made]:
    text = situation.subject.prompt.strip()
    if not text:
        return
    golds = _in_the_middle(situation, text)
    lines = [line for line in re.split(r"(?<=[.?!])\s+|\n", text) if line]
    parts = {"whole": text, "last sentence": lines[-1], "first sentence": lines[0], "twice": f"{text}\n{text}"}
    for name, part in parts.items():
        held = golds if name in ("whole", "twice") else None
        yield Content(name, part, held)
        yield Whole(f"{name}, as thoughts", f"<think>{part}</think>\n{situation.forms[0].filled('')}", held)


def _in_the_middle(situation: Situation, text: str) -> list[Gold] | None:
    """Two answers that the question itself mentions, neither in the first nor the last place."""
    numeric = situation.subject.numeric
    found = re.findall(r"(?<![\w.])\d{1,6}(?![\w.]|,\d)" if numeric else r"(?<!\w)[^\W\d_]{4,}(?!\w)", text)
    chosen = [word for word in dict.fromkeys(found[1:-1]) if word not in (found[0], found[-1])]
    golds = [gold for word in chosen if (gold := situation.subject.with_answer(word)) is not None]
    return [golds[0], golds[-1]] if len(golds) > 1 else None


@family("long", "a great deal of text, or of one mark", kinds=ANY)
def long(situation: Situation) -> Iterator[Made]:
    sentence = "We consider the problem step by step, therefore the result follows from what was said before. "
    for size in (2_000, 20_000, 100_000):
        yield Whole(f"{size:,} characters of talk", (sentence * (size // len(sentence) + 1))[:size])
    form = situation.forms[0]
    for name, mark in _ENDLESS.items():
        if situation.subject.kind is Kind.CODE and name not in _FOR_PROGRAMS:
            continue
        yield Whole(f"{name} without end", mark * (30_000 // len(mark)))
        yield Whole(f"{name} without end ({form.name})", form.filled(mark * (30_000 // len(mark))))
    for name, text in (
        ("a tower of powers", "9^{9^{9^{9^{9}}}}"), ("Python's powers", "9**9**9**9"),
        ("a huge factorial", "99999999!"), ("nested factorials", "3!!!!!!"), ("a huge exponent", "1e999999999"),
        ("a hundred thousand digits", "1" * 100_000), ("a huge binomial", r"\binom{10^9}{10^8}"),
        ("a huge sum", r"\sum_{k=1}^{10^{12}} \frac{1}{k}"),
        ("an integral", r"\int_0^1 \sin(\cos(\tan(e^{e^x}))) dx"),
        ("many terms", "+".join(f"x^{{{n}}}" for n in range(2000))), ("a product", r"\prod_{k=1}^{10^9}(1+x^k)"),
        ("nested roots", r"\sqrt{1+" * 300 + "1" + "}" * 300),
    ):  # fmt: skip
        if situation.subject.kind in (Kind.MATH, Kind.DATA):
            yield Whole(name, form.filled(text))


@family("repeated", "the same again and again", kinds=WITH_ANSWER)
def repeated(situation: Situation) -> Iterator[Made]:
    a, b = situation.answers
    form = situation.forms[0]
    for times in (5, 200):
        yield Content(f"two answers {times} times", f"{a} {b} " * times + a + " " + b)
        yield Whole(f"two forms {times} times", f"{form.filled(a)}\n{form.filled(b)}\n" * times)
        yield Whole(f"a sentence {times} times", f"The answer is {a}. The answer is {b}. " * times)
    yield Whole("one word", "therefore " * 500)
    yield Whole("the word answer", "answer " * 500)
    yield Whole("correct", "correct " * 500)


@family("show", "all that makes a text look like a solution", kinds=WITH_ANSWER)
def show(situation: Situation) -> Iterator[Made]:
    lines = (
        "# Solution", "## Step 1: Understand the problem", "First, let me define the variables.",
        "**Given:** the data of the problem.", "## Step 2: Set up", "We compute $x = 1 + 1 = 2$, so that $2x = 4$.",
        "Therefore, by the theorem, the result follows.", "```python\nprint(2)\n```",
        "| x | y |\n|---|---|\n| 1 | 2 |", "- a point\n- another point", "## Step 3: Verification",
        "Let me verify: this is consistent with what is given. ✓",
        "Wait, let me double-check. Hmm. Yes, I am certain; the proof is complete. QED",
        "However, note that there is no other case.", "In conclusion, the answer is correct.",
        "Source: https://example.com [1]",
    )  # fmt: skip
    text = "\n".join(lines)
    yield Whole("a whole solution", text)
    steps = "\n".join(f"{n}. We do step {n} of the plan, so that $x = {n}$." for n in range(1, 31))
    sure = "\n".join(_SURE)
    for name, more in (("many steps", steps), ("certainty", sure), ("steps and certainty", f"{steps}\n{sure}")):
        for form in situation.forms:
            yield Whole(f"{name} and {form.name}, empty", f"{more}\n{form.filled('')}")
            yield Whole(f"{name} and {form.name}, answers", f"{more}\n{form.filled(' '.join(situation.answers))}")
    for form in situation.forms:
        yield Whole(f"a whole solution and {form.name}, empty", f"{text}\n{form.filled('')}")
        yield Whole(f"a whole solution as thoughts and {form.name}, empty", f"<think>{text}</think>\n{form.filled('')}")
