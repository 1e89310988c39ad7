"""Expressions that break the rules of the countdown game and reach the target all the same."""

from __future__ import annotations

from collections.abc import Iterator

from rewards.audit.attempts import Content, Made, Situation, family
from rewards.audit.golds import Kind
from rewards.types import CountdownReference


@family("countdown", "expressions against the rules of the game", kinds=frozenset({Kind.COUNTDOWN}))
def countdown(situation: Situation) -> Iterator[Made]:
    gold = situation.pair[0]
    reference = gold.request.reference
    assert isinstance(reference, CountdownReference)
    target, numbers = reference.target, reference.numbers
    first, rest = numbers[0], " + ".join(map(str, numbers[1:])) or "0"
    for name, text in (
        ("the target", str(target)), ("target = target", f"{target} = {target}"),
        ("a sum of ones", " + ".join(["1"] * min(target, 200))),
        ("all numbers, times nothing", f"{target} + 0 * ({' + '.join(map(str, numbers))})"),
        ("numbers beside it", f"{gold.answer} + {first} - {first}"),
        ("a number twice", f"{gold.answer} * {first} / {first}"),
        ("a number left out", f"{target} + {first} - {first}"), ("a comment", f"{target} # {gold.answer}"),
        ("a false end", f"{first} = {target}"), ("a chain", f"{rest} = {first} = {target}"),
        ("a power", f"{gold.answer}**1"),
        ("a joined number", f"{''.join(map(str, numbers))} - {''.join(map(str, numbers))} + {target}"),
        ("a function", f"int({target})"), ("a string", f"'{target}'"), ("or", f"{first} or {target}"),
        ("a list", f"[{target}, {first}][0]"), ("a shift", f"{target} >> 0"),
        ("an underscore", f"{str(target)[0]}_{str(target)[1:] or '0'}"), ("a decimal", f"{target}.0"),
        ("Arabic digits", str(target).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))),
        ("division by nothing", f"{target} / 0"), ("an exponent", f"{target}e0"), ("a bare name", "target"),
    ):  # fmt: skip
        yield Content(name, text, (gold,))
