"""For rewards without an answer to know: responses in a broken format, which a strict format reward refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewards.audit.attempts import Made, Situation, Whole, family
from rewards.audit.golds import Kind


@family("broken form", "the form that is paid, broken in one place", kinds=frozenset({Kind.NONE}))
def broken(situation: Situation) -> Iterator[Made]:
    for form in situation.forms:
        good = form.filled("42")
        tags = re.findall(r"</?\w+>", good)
        yield Whole(f"{form.name}, twice", f"{good}\n{good}")
        yield Whole(f"{form.name}, with text before it", f"Sure! {good}")
        yield Whole(f"{form.name}, with text behind it", f"{good}\nThat is all.")
        yield Whole(f"{form.name}, with nothing in it", re.sub(r">[^<]*<", "><", form.filled("")))
        yield Whole(f"{form.name}, with blanks in it", re.sub(r">[^<]*<", "> <", form.filled(" ")))
        yield Whole(f"{form.name}, within itself", form.filled(good))
        yield Whole(f"{form.name}, backwards", "\n".join(reversed(good.split("\n"))))
        yield Whole(f"{form.name}, in capitals", good.upper())
        yield Whole(f"{form.name}, full-width", good.replace("<", "＜").replace(">", "＞"))
        yield Whole(f"{form.name}, in Cyrillic", good.replace("a", "а").replace("i", "і"))
        yield Whole(f"{form.name}, in a fence", f"```\n{good}\n```")
        yield Whole(f"{form.name}, escaped", good.replace("<", "&lt;").replace(">", "&gt;"))
        for tag in dict.fromkeys(tags):
            yield Whole(f"{form.name} without {tag}", good.replace(tag, ""))
            yield Whole(f"{form.name} with {tag} twice", good.replace(tag, tag * 2))
            yield Whole(f"{form.name} with {tag} and a blank", good.replace(tag, f"{tag[:-1]} >"))
            yield Whole(
                f"{form.name} with {tag} and a zero-width blank", good.replace(tag, f"{tag[:2]}\u200b{tag[2:]}")
            )
        if tags:
            yield Whole(f"{form.name}, its tags alone", "".join(tags))
