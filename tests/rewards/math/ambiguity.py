r"""Whether a regular expression can need exponential time: whether one loop can read one text in two ways.

The expression becomes an automaton without empty moves, whose states are its characters (Glushkov 1961). It backtracks
without end if a state comes back to itself by two different paths that read the same text (Weber and Seidl 1991:
exponential ambiguity): in the product of the automaton with itself, a pair of one state twice lies on a circle
with a pair of two states. What lookarounds forbid is not taken into account; their own insides are looked at alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from re import _constants as codes  # the standard library has no public parser of patterns
from re import _parser as parser
from typing import Any, TypeVar

_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_AROUND = (codes.ASSERT, codes.ASSERT_NOT)
_MOST_COPIES = 20  # a repetition that is bounded above this counts as one without end
_BEYOND_ASCII = "äßé²½−–“”‘’′·×≤∞π√²₁٣Ω中\u00a0\u2009\u2028"

Chars = frozenset[str]
Pair = tuple[int, int]
Node = TypeVar("Node", bound=Hashable)


@dataclass
class _Part:
    """A part of the expression: where it begins (by which characters), where it ends, and whether it may be empty."""

    first: dict[int, Chars] = field(default_factory=dict)
    last: dict[int, Chars] = field(default_factory=dict)
    """The states at its end, each with the characters that cannot come next."""
    may_be_empty: bool = True
    bars: Chars = frozenset()
    """Where it is empty: the characters that cannot come next. It would have taken them, and gives nothing back."""
    is_boundary: bool = False


class Automaton:
    """The states (characters) of one expression, with the moves from each: to which state, by which characters."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        tree = parser.parse(pattern, flags)
        self._ignores_case = bool(tree.state.flags & re.IGNORECASE)
        self._alphabet = frozenset(map(chr, range(128))) | frozenset(_BEYOND_ASCII) | frozenset(pattern)
        self._words = frozenset(filter(_CATEGORIES[codes.CATEGORY_WORD].match, self._alphabet))
        self.moves: list[dict[int, Chars]] = []
        self.twice: list[Pair] = []  # moves that two loops make by one character
        self._chars_of: list[Chars] = []
        self._groups: dict[int | None, Any] = {}
        self._read(tree)

    def _read(self, sequence: Any) -> _Part:
        whole = _Part()
        for element in sequence:
            whole = self._joined(whole, self._element(element))
        return whole

    def _element(self, element: Any) -> _Part:
        code, value = element
        if code in _REPEATS:
            return self._repeated(code, *value)
        if code is codes.SUBPATTERN:
            self._groups[value[0]] = value[3]
            return self._read(value[3])
        if code is codes.GROUPREF:
            return self._read(self._groups[value])
        if code is codes.ATOMIC_GROUP:
            if len(value) == 1 and value[0][0] in _REPEATS:
                return self._repeated(codes.POSSESSIVE_REPEAT, *value[0][1])
            return self._kept(self._read(value))
        if code is codes.BRANCH:
            return self._either([self._read(one) for one in value[1]])
        if code is codes.GROUPREF_EXISTS:
            return self._either([self._read(one or []) for one in value[1:]])
        if code in _AROUND:
            self._read(value[1])
            return _Part()
        if code is codes.AT:
            return _Part(is_boundary=value is codes.AT_BOUNDARY)
        return self._character(self._chars(code, value))

    def _repeated(self, code: Any, least: int, most: Any, body: Any) -> _Part:
        copies = [self._read(body) for _ in range(most if most <= _MOST_COPIES else max(1, min(least, _MOST_COPIES)))]
        if most > _MOST_COPIES and code is not codes.POSSESSIVE_REPEAT:
            self._connect(copies[-1].last, copies[-1].first)
        whole = _Part()
        for k, one in reversed(list(enumerate(copies))):  # a second one only behind a first one
            whole = self._joined(one, whole)
            whole.may_be_empty |= k >= least
        return self._kept(whole) if code is codes.POSSESSIVE_REPEAT else whole

    def _kept(self, part: _Part) -> _Part:
        """A part that gives nothing back: what could continue it cannot come behind it."""
        more = frozenset[str]().union(*part.first.values())
        part.last = {state: barred | more for state, barred in part.last.items()}
        part.bars = more if len(part.first) == 1 else frozenset()
        return part

    def _joined(self, one: _Part, two: _Part) -> _Part:
        if two.is_boundary:
            return replace(one, last={state: barred | self._alike(state) for state, barred in one.last.items()})
        self._connect(one.last, two.first)
        behind = {state: barred | two.bars for state, barred in one.last.items()} if two.may_be_empty else {}
        return _Part(
            one.first | two.first if one.may_be_empty else one.first,
            _merged(behind, two.last),
            one.may_be_empty and two.may_be_empty,
        )

    def _alike(self, state: int) -> Chars:
        """The characters between which and this one is no boundary of a word."""
        chars = self._chars_of[state]
        if chars <= self._words:
            return self._words
        return self._alphabet - self._words if chars.isdisjoint(self._words) else frozenset()

    def _either(self, parts: list[_Part]) -> _Part:
        whole = _Part(may_be_empty=any(part.may_be_empty for part in parts))
        for part in parts:
            whole.first |= part.first
            whole.last = _merged(whole.last, part.last)
        return whole

    def _connect(self, last: dict[int, Chars], first: dict[int, Chars]) -> None:
        for state, barred in last.items():
            for following, chars in first.items():
                allowed = chars - barred
                known = self.moves[state].get(following, frozenset())
                if not known.isdisjoint(allowed):
                    self.twice.append((state, following))
                self.moves[state][following] = known | allowed

    def _character(self, chars: Chars) -> _Part:
        self.moves.append({})
        self._chars_of.append(chars)
        state = len(self.moves) - 1
        return _Part({state: chars}, {state: frozenset()}, may_be_empty=False)

    def _chars(self, code: Any, value: Any) -> Chars:
        if code is codes.ANY:
            return self._alphabet
        if code is codes.NOT_LITERAL:
            return self._alphabet - self._chars(codes.LITERAL, value)
        if code is codes.LITERAL:
            return self._in_either_case({chr(value)})
        if code is codes.RANGE:
            return self._in_either_case({char for char in self._alphabet if value[0] <= ord(char) <= value[1]})
        if code is codes.CATEGORY:
            return frozenset(filter(_CATEGORIES[value].match, self._alphabet))
        assert code is codes.IN, code
        within = frozenset[str]().union(*(self._chars(*one) for one in value if one[0] is not codes.NEGATE))
        return self._alphabet - within if value[0][0] is codes.NEGATE else within

    def _in_either_case(self, chars: set[str]) -> Chars:
        if self._ignores_case:
            chars |= {other for char in chars for other in (char.lower(), char.upper())}
        return frozenset(chars)


def _merged(one: dict[int, Chars], other: dict[int, Chars]) -> dict[int, Chars]:
    return one | {state: barred & one.get(state, barred) for state, barred in other.items()}


_CATEGORIES = {
    codes.CATEGORY_DIGIT: re.compile(r"\d"),
    codes.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    codes.CATEGORY_SPACE: re.compile(r"\s"),
    codes.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    codes.CATEGORY_WORD: re.compile(r"\w"),
    codes.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


def is_exponential(pattern: str, flags: int = 0) -> bool:
    """Whether some loop of the expression can read some text in two ways."""
    automaton = Automaton(pattern, flags)
    loop_of: dict[int, int] = {}
    for k, loop in enumerate(_circles(range(len(automaton.moves)), automaton.moves.__getitem__)):
        loop_of |= dict.fromkeys(loop, k)
    if any(loop_of[one] == loop_of[other] for one, other in automaton.twice):
        return True
    moves = [
        {to: chars for to, chars in of_one.items() if loop_of[to] == loop_of[state]}
        for state, of_one in enumerate(automaton.moves)
    ]

    def following(pair: Pair) -> Iterator[Pair]:
        for one, chars in moves[pair[0]].items():
            for other, others in moves[pair[1]].items():
                if not chars.isdisjoint(others):
                    yield (min(one, other), max(one, other))

    return any(
        any(one == other for one, other in circle) and any(one != other for one, other in circle)
        for circle in _circles([(state, state) for state in range(len(moves))], following)
    )


def _circles(starts: Iterable[Node], following: Callable[[Node], Iterable[Node]]) -> Iterator[list[Node]]:
    """The strongly connected components of the graph (Tarjan 1972)."""
    index: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    path: list[Node] = []
    on_path: set[Node] = set()
    for start in starts:
        work = [] if start in index else [(start, iter(()))]
        while work:
            pair, rest = work[-1]
            if pair not in index:
                index[pair] = lowest[pair] = len(index)
                path.append(pair)
                on_path.add(pair)
                rest = iter(set(following(pair)))
                work[-1] = (pair, rest)
            for other in rest:
                if other not in index:
                    work.append((other, iter(())))
                    break
                if other in on_path:
                    lowest[pair] = min(lowest[pair], index[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[pair])
                if lowest[pair] == index[pair]:
                    at = path.index(pair)
                    yield path[at:]
                    on_path.difference_update(path[at:])
                    del path[at:]
