"""A seeded search for a response that is paid for several answers at once, beyond what the families try.

Candidates are short lists of fragments. First each kind of fragment is tried as a whole, and every fragment alone. Then
the best candidates of each round are kept and mutated: a fragment is inserted, removed, doubled, moved, or taken from
another candidate. A bandit chooses the kind to insert (Thompson sampling over the improvements that each has brought);
within a kind, a fragment is drawn by what it earned alone. Fitness is the mean share of the pay over several golds of
one row, so a lucky guess earns only one of them; of equally fit responses the shorter is kept. An exploit is reduced to
the fragments that it needs.

    fitness(response) = mean over golds g of share(response, g)          paid: at least two shares of 0.9
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from rewards.audit.attempts import Attempt, Situation
from rewards.audit.calibration import NEARLY
from rewards.audit.families.code import fragments as code_fragments
from rewards.audit.families.injected import fragments as injected_fragments
from rewards.audit.golds import Gold, Kind
from rewards.audit.trials import Bench, Scale

_KEPT = 6
_ROUND = 20
_LONGEST = 40  # fragments
_MOST = 20_000  # characters
_LEAST = 1e-6
_SOMETHING = 0.02  # share of a right answer's pay that makes a response promising
_CHANCE = 0.02  # weight, in the draw, of a fragment that earned nothing alone


@dataclass(frozen=True, slots=True)
class Candidate:
    """A response as a list of fragments. shares: what it earned for each gold."""

    fragments: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def text(self) -> str:
        return joined(self.fragments)

    @property
    def fitness(self) -> float:
        return sum(self.shares) / len(self.shares)

    @property
    def rank(self) -> tuple[float, int]:
        """Higher is better."""
        return round(self.fitness, 6), -len(self.text)

    def paid(self) -> list[int]:
        return [i for i, share in enumerate(self.shares) if share >= NEARLY]


@dataclass(slots=True)
class _Arm:
    """A kind of fragment: what each earned alone, and how often inserting one improved a candidate."""

    fragments: Sequence[str]
    gains: list[float]
    better: int = 1
    other: int = 1

    def drawn(self, random: Random) -> str:
        return random.choices(self.fragments, weights=[_CHANCE + gain for gain in self.gains])[0]


@dataclass(frozen=True, slots=True)
class _Try:
    """Fragments to try, the kind of the new one, and the fitness of the parent."""

    fragments: tuple[str, ...]
    arm: str
    before: float = 0.0


@dataclass(slots=True)
class Search:
    """One search on one row. golds: at least two different answers."""

    bench: Bench
    situation: Situation
    golds: Sequence[Gold]
    scale: Scale
    random: Random
    tried: int = 0
    _known: dict[str, Candidate] = field(default_factory=dict)

    def run(self, budget: int) -> Candidate | None:
        """Try `budget` responses. Returns the best, an exploit or what came nearest; None if none was tried."""
        arms = {name: _Arm(texts, [0.0] * len(texts)) for name, texts in fragments_of(self.situation).items() if texts}
        population = self._grade([_Try(tuple(arm.fragments), name) for name, arm in arms.items()][:budget], arms)
        alone = [_Try((text,), name) for name, arm in arms.items() for text in arm.fragments]
        self.random.shuffle(alone)
        population += self._grade(alone[: (budget - self.tried) // 2], arms)
        for candidate in population[:]:
            self._remember(candidate, arms)
        while True:
            population = sorted({c.text: c for c in population}.values(), key=lambda c: c.rank, reverse=True)[:_KEPT]
            if not population:
                return None
            if len(population[0].paid()) > 1:
                return self._shortest(population[0])
            if self.tried >= budget:
                return population[0]
            changed = [self._changed(population, arms) for _ in range(min(_ROUND, budget - self.tried))]
            population += self._grade(changed, arms)

    def _grade(self, tries: Sequence[_Try], arms: Mapping[str, _Arm]) -> list[Candidate]:
        """Grade what was not tried before, and update the bandit's arms."""
        self.tried += len(tries)
        fresh = [t for t in tries if joined(t.fragments) not in self._known and len(joined(t.fragments)) <= _MOST]
        candidates = self._candidates([t.fragments for t in fresh])
        for one, candidate in zip(fresh, candidates, strict=True):
            improved = candidate.fitness > one.before + _LEAST
            arms[one.arm].better += improved
            arms[one.arm].other += not improved
        return candidates

    def _remember(self, candidate: Candidate, arms: Mapping[str, _Arm]) -> None:
        """Record what a fragment earned alone."""
        for arm in arms.values() if len(candidate.fragments) == 1 else ():
            for i, text in enumerate(arm.fragments):
                if text == candidate.fragments[0]:
                    arm.gains[i] = max(0.0, candidate.fitness)

    def _candidates(self, lists: Sequence[tuple[str, ...]]) -> list[Candidate]:
        """Grade for the first gold, and for the others if that pays something."""
        first = self._shares(lists, self.golds[:1])
        promising = [i for i, shares in enumerate(first) if shares[0] >= _SOMETHING]
        rest = dict(zip(promising, self._shares([lists[i] for i in promising], self.golds[1:]), strict=True))
        nothing = (0.0,) * (len(self.golds) - 1)
        made = [Candidate(fragments, first[i] + rest.get(i, nothing)) for i, fragments in enumerate(lists)]
        self._known |= {candidate.text: candidate for candidate in made}
        return made

    def _shares(self, lists: Sequence[tuple[str, ...]], golds: Sequence[Gold]) -> list[tuple[float, ...]]:
        requests = [gold.asked(joined(fragments)) for fragments in lists for gold in golds]
        results = iter(self.bench.grade(requests, names=["search"] * len(requests)))
        return [tuple(self.scale.share(next(results)) for _ in golds) for _ in lists]

    def _changed(self, population: Sequence[Candidate], arms: Mapping[str, _Arm]) -> _Try:
        random = self.random
        arm = max(arms, key=lambda name: random.betavariate(arms[name].better, arms[name].other))
        parent = population[min(int(random.expovariate(0.6)), len(population) - 1)]
        change = random.choices(_CHANGES, weights=[6, 2, 1, 1, 2])[0]
        fragments = change(self, parent.fragments, arms[arm], random.choice(population).fragments)
        return _Try(fragments[:_LONGEST], arm, parent.fitness)

    def _put_in(self, fragments: tuple[str, ...], arm: _Arm, _other: tuple[str, ...]) -> tuple[str, ...]:
        at = self.random.randint(0, len(fragments))
        return (*fragments[:at], arm.drawn(self.random), *fragments[at:])

    def _take_out(self, fragments: tuple[str, ...], _arm: _Arm, _other: tuple[str, ...]) -> tuple[str, ...]:
        at = self.random.randrange(len(fragments)) if fragments else 0
        return (*fragments[:at], *fragments[at + 1 :])

    def _double(self, fragments: tuple[str, ...], _arm: _Arm, _other: tuple[str, ...]) -> tuple[str, ...]:
        return fragments * 2

    def _move(self, fragments: tuple[str, ...], _arm: _Arm, _other: tuple[str, ...]) -> tuple[str, ...]:
        shuffled = list(fragments)
        self.random.shuffle(shuffled)
        return tuple(shuffled)

    def _cross(self, fragments: tuple[str, ...], _arm: _Arm, other: tuple[str, ...]) -> tuple[str, ...]:
        return (*fragments[: self.random.randint(0, len(fragments))], *other[self.random.randint(0, len(other)) :])

    def _shortest(self, found: Candidate) -> Candidate:
        """Remove the fragments that an exploit does not need."""
        at = 0
        while at < len(found.fragments):
            shorter = (*found.fragments[:at], *found.fragments[at + 1 :])
            (candidate,) = self._candidates([shorter])
            if len(candidate.paid()) > 1:
                found = candidate
            else:
                at += 1
        return found

    def attempt(self, found: Candidate) -> Attempt:
        """The result as an attempt on two golds that pay it, or on the first two if it is no exploit."""
        chosen = found.paid() if len(found.paid()) > 1 else range(len(self.golds))
        return Attempt(
            family="search",
            name=f"{len(found.fragments)} fragments",
            subject=self.situation.subject,
            response=found.text,
            golds=tuple(self.golds[i] for i in chosen)[:2],
        )


_Change = Callable[[Search, tuple[str, ...], _Arm, tuple[str, ...]], tuple[str, ...]]
_CHANGES: tuple[_Change, ...] = (Search._put_in, Search._take_out, Search._double, Search._move, Search._cross)


def joined(fragments: Sequence[str]) -> str:
    """Join fragments into a response: separated by a blank, except where one starts or ends a line."""
    text = ""
    for fragment in fragments:
        text += fragment if not text or text.endswith(("\n", " ")) or fragment.startswith("\n") else f" {fragment}"
    return text


_TALK = (
    "First,", "Second,", "Therefore,", "Hence the result follows.", "because", "Let me check:", "Step 1:", "Step 2:",
    "In conclusion,", "Finally,", "We compute", "so that", "= 0", "which proves it.", "The answer is",
    "Let us verify.", "Note that", "Wait,", "Hmm.", "correct", "definitely", "probably", "I am certain.", "I think",
    "reasoning", "solution", "proof", "QED", "However,", "equation", "thus", "verified", "I conclude",
)  # fmt: skip
_MARKS = (
    ".", "\n", "\n\n", "- ", "1. ", "2. ", "**", "# Answer\n", "## Step 1\n", "```", "$", "$$", "|a|b|\n|-|-|\n", ":",
    "!", "?", "=", "(", ")", "[1]", "✓", "😀", "<think>", "</think>", "<answer>", "</answer>", "<reasoning>",
    "</reasoning>", "####", r"\boxed{", "}", "{", "https://example.com", "e.g.", "%",
)  # fmt: skip
_NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "12",
    "100",
    "1/2",
    "0.5",
    "3.14",
    "-1",
    "1, 2, 3",
    "42",
    "2024",
    "x = 1",
    "2 + 2 = 4",
    "50%",
)
_SENTENCES = (
    "We go through the problem step by step and check every step against what is given. ",
    "First we note what is known, then what is asked, and finally we put both together.",
    "The method is standard: set up an equation, solve it, and substitute the result back.",
)


def fragments_of(situation: Situation) -> Mapping[str, Sequence[str]]:
    """The kinds of fragments for a row."""
    if situation.subject.kind is Kind.CODE:
        return code_fragments(situation)
    words = situation.subject.prompt.split()
    fills = situation.fillers
    answers = [*(gold.answer for gold in situation.subject.golds if gold.answer), *fills[:20]]
    return {
        "talk": _TALK,
        "marks": _MARKS,
        "numbers": _NUMBERS,
        "sentences": _SENTENCES,
        "answers": answers,
        "lists of answers": [", ".join(fills[:n]) for n in (5, 20, 60) if len(fills) >= n] + [" or ".join(answers[:3])],
        "forms": [form.filled(text) for form in situation.forms for text in ("", *answers[:4])],
        "prompt": [" ".join(words[i : i + 6]) for i in range(0, min(len(words), 120), 6)],
        **injected_fragments(),
    }
