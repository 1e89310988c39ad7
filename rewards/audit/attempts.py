"""One attempt to be paid, and what a family of attacks makes its attempts from.

An attempt is a response and the golds it is graded against. It is *paid* if every one of them pays it: a response that
is paid for two different answers knows neither, and one that is wrong for a gold by construction must not be paid.

Example:
    @family("hedge", "two answers at once", kinds=WITH_ANSWER)
    def hedges(situation: Situation) -> Iterator[Content]:
        a, b = situation.answers
        yield Content("or", f"{a} or {b}")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from rewards.audit.forms import Form
from rewards.audit.golds import Gold, Kind, Subject

WITH_ANSWER = frozenset({Kind.MATH, Kind.CHOICE, Kind.TEXT, Kind.COUNTDOWN, Kind.REGEX, Kind.JSON, Kind.DATA})
"""Kinds of which a response says an answer; of CODE it is a program, of NONE nothing."""
ANY = WITH_ANSWER | {Kind.CODE, Kind.NONE}


@dataclass(frozen=True, slots=True)
class Content:
    """Text in the place of an answer: tried alone and in every form that the reward pays.

    golds: what it is graded against; None = the two of the situation.
    """

    name: str
    text: str
    golds: Sequence[Gold] | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole response, tried as it is."""

    name: str
    text: str
    golds: Sequence[Gold] | None = None


Made: TypeAlias = Content | Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A response to be graded against each of the golds."""

    family: str
    name: str
    subject: Subject
    response: str
    golds: tuple[Gold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an attacker knows: the prompt, two different answers, the forms that are paid, and other answers.

    canary: a path that only a program running outside its sandbox would create.
    """

    subject: Subject
    pair: tuple[Gold, Gold]
    forms: tuple[Form, ...]
    fillers: tuple[str, ...]
    canary: str
    random: Random

    @property
    def answers(self) -> tuple[str, str]:
        return self.pair[0].answer, self.pair[1].answer

    def filled(self, template: str) -> str:
        """A template with the two answers in place of `<a>` and `<b>`."""
        a, b = self.answers
        return template.replace("<a>", a).replace("<b>", b)

    @property
    def commits(self) -> tuple[Form, ...]:
        """The forms that mark which text is the answer; all forms if none does."""
        return tuple(form for form in self.forms if form.explicit) or self.forms


Make: TypeAlias = Callable[[Situation], Iterator[Made]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of attacks. about: what it does, for the report. kinds: the kinds of answer that it attacks.

    outlasts: its responses take as long as the limit allows: they are tried on one row, and say nothing of the pace.
    """

    name: str
    about: str
    kinds: frozenset[Kind]
    make: Make
    outlasts: bool = False

    def attempts(self, situation: Situation) -> Iterator[Attempt]:
        """All attempts of this family on one row."""
        count = 0  # each response has its own canary
        for made in self.make(situation):
            golds = tuple(situation.pair if made.golds is None else made.golds)
            for name, response in _responses(made, situation):
                if situation.canary in response:
                    count += 1
                    response = response.replace(situation.canary, f"{situation.canary}-{count:04d}")
                yield Attempt(family=self.name, name=name, subject=situation.subject, response=response, golds=golds)


def _responses(made: Made, situation: Situation) -> Iterator[tuple[str, str]]:
    """A whole response as it is; a content alone and in each form. Programs cost more, and are put in one form only."""
    code = situation.subject.kind is Kind.CODE
    forms = situation.forms[:1] if code else situation.forms
    if isinstance(made, Whole) or not code or not forms[0].explicit:
        yield made.name, made.text
    if isinstance(made, Content):
        for form in forms:
            if (filled := form.filled(made.text)) != made.text:
                yield f"{made.name} ({form.name})", filled


FAMILIES: dict[str, Family] = {}
"""Those that have been imported; `rewards.audit.families` imports them all."""


def family(name: str, about: str, *, kinds: frozenset[Kind], outlasts: bool = False) -> Callable[[Make], Make]:
    """Decorator: register a function as a family of attacks."""

    def add(make: Make) -> Make:
        FAMILIES[name] = Family(name=name, about=about, kinds=kinds, make=make, outlasts=outlasts)
        return make

    return add
