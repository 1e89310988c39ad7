r"""Regular expressions in time linear in the text, whatever the pattern: no backtracking.

Syntax and semantics are those of Python's `re`, whose parser reads the pattern. The pattern becomes a nondeterministic
automaton (NFA) of at most `MOST_STEPS` steps, which is converted to a deterministic one (DFA) lazily, state by state,
as in K. Thompson, "Regular Expression Search Algorithm", CACM 1968, and later engines. A known state costs one lookup
per character, a new one at most the size of the NFA. The states are discarded when there are too many, so memory is
bounded.

It answers whether a pattern matches, not where. Look-around is supported if one character decides it:
`(?<!\d)42(?!\d)`, `(?=\s|$)`. Longer look-around, back-references, atomic groups, possessive repeats and conditionals
are refused, because they would need backtracking, and so are patterns that are too large.

Example:
    >>> pattern = compile_linear(r"(a+)+b")
    >>> pattern.search("a" * 100_000), pattern.search("xaab")
    (False, True)
    >>> compile_linear(r"(a)\1")
    Traceback (most recent call last):
    rewards.rules.linear_regex.Unsupported: a back-reference is not matched in linear time; write the pattern without it
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

LONGEST_PATTERN = 5_000
"""Characters of a pattern."""
MOST_STEPS = 2_000
"""Steps of the automaton: a counted repeat `x{500}` takes 500 times those of `x`."""
_MOST_KNOWN = 50_000
_DEEPEST = 60

# Python's own parser, and its compiler for single characters, so that `\w` or `(?i)` mean the same as in `re`.
_parser: Any = importlib.import_module("re._parser")
_compiler: Any = importlib.import_module("re._compiler")

_NAMES = {
    "GROUPREF": "a back-reference",
    "GROUPREF_IGNORE": "a back-reference",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
    "ASSERT": "look-around over more than one character",
    "ASSERT_NOT": "look-around over more than one character",
}
_ONE_CHARACTER = {"LITERAL", "NOT_LITERAL", "IN", "ANY"}
# Until Python 3.14 neither `\b` nor `\B` matches the empty text.
_EMPTY_HAS_NO_EDGE = re.search(r"\B", "") is None

Signature: TypeAlias = tuple[bool, ...]
Condition: TypeAlias = "Callable[[Signature, str | None, bool], bool]"


class Unsupported(ValueError):
    """The pattern is not valid, or cannot be matched in linear time. The message says why and what to do."""


class _Automaton:
    """The NFA of a pattern, as lists indexed by step.

    leaf: index in `leaves` of the character test of a step; -1 = it consumes nothing. out: the steps that follow.
    condition: must hold for a step that consumes nothing. Step 0 is the end. probes: tests of the preceding character,
    used by conditions.
    """

    def __init__(self) -> None:
        self.leaf: list[int] = [-1]
        self.out: list[list[int]] = [[]]
        self.condition: list[Condition | None] = [None]
        self.leaves: list[Callable[[str], bool]] = []
        self.probes: list[Callable[[str | None], bool]] = []
        self._known_leaves: dict[tuple[str, int], int] = {}
        self._known_probes: dict[object, int] = {}
        self._depth = 0

    def step(self, out: list[int], *, leaf: int = -1, condition: Condition | None = None) -> int:
        if len(self.leaf) >= MOST_STEPS:
            raise Unsupported(
                f"it grows to more than {MOST_STEPS} steps; use smaller counts in its repeats {{m,n}}, or fewer of them"
            )
        self.leaf.append(leaf)
        self.out.append(out)
        self.condition.append(condition)
        return len(self.leaf) - 1

    # --- from the syntax tree: each returns the first step of its part, which continues at step `then` ----------------

    def sequence(self, items: Any, flags: int, then: int) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unsupported(f"its groups are nested more than {_DEEPEST} deep")
        for operation, value in reversed(list(items)):
            then = self._item(str(operation), operation, value, flags, then)
        self._depth -= 1
        return then

    def _item(self, name: str, operation: Any, value: Any, flags: int, then: int) -> int:
        if name in _ONE_CHARACTER:
            return self.step([then], leaf=self._leaf(operation, value, flags))
        if name == "BRANCH":
            return self.step([self.sequence(branch, flags, then) for branch in value[1]])
        if name == "SUBPATTERN":
            _group, added, removed, items = value
            return self.sequence(items, _changed(flags, added, removed), then)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, items = value
            return self._repeat(least, most, items, flags, then)
        condition = self._condition(name, value, flags)
        if condition is None:
            what = _NAMES.get(name, name.lower())
            raise Unsupported(f"{what} is not matched in linear time; write the pattern without it")
        return self.step([then], condition=condition)

    def _repeat(self, least: int, most: int, items: Any, flags: int, then: int) -> int:
        if most == _parser.MAXREPEAT:
            loop = self.step([then])
            self.out[loop].append(self.sequence(items, flags, loop))
            then = loop
        else:
            behind = then
            for _ in range(most - least):
                then = self.step([self.sequence(items, flags, then), behind])
        for _ in range(least):
            then = self.sequence(items, flags, then)
            self.step([])  # so that repeats of nothing count against the limit
        return then

    def _leaf(self, operation: Any, value: Any, flags: int) -> int:
        relevant = flags & (re.IGNORECASE | re.ASCII | re.UNICODE | re.DOTALL)
        key = (repr((operation, value)), relevant)
        if key not in self._known_leaves:
            single = _parser.SubPattern(_parser.State(), [(operation, value)])
            match = _compiler.compile(single, relevant).match
            self._known_leaves[key] = len(self.leaves)
            self.leaves.append(lambda character: match(character) is not None)
        return self._known_leaves[key]

    # --- conditions ---------------------------------------------------------------------------------------------------

    def _condition(self, name: str, value: Any, flags: int) -> Condition | None:
        """The condition of an anchor or a one-character look-around; None for anything else."""
        if name == "AT":
            return self._anchor(str(value), flags)
        if name == "FAILURE":
            return lambda _before, _next, _last: False
        if name not in ("ASSERT", "ASSERT_NOT"):
            return None
        direction, items = value
        inner = self._looks(items, flags, direction)
        if inner is None or name == "ASSERT":
            return inner
        return lambda before, following, last: not inner(before, following, last)

    def _looks(self, items: Any, flags: int, direction: int) -> Condition | None:
        """The condition of a look-around that contains one character, one anchor, or alternatives of these."""
        parts = list(items)
        if not parts:
            return lambda _before, _next, _last: True
        if len(parts) > 1:
            return None
        ((operation, value),) = parts
        name = str(operation)
        if name == "SUBPATTERN":
            _group, added, removed, inside = value
            return self._looks(inside, _changed(flags, added, removed), direction)
        if name == "BRANCH":
            found = [self._looks(branch, flags, direction) for branch in value[1]]
            choices = [choice for choice in found if choice is not None]
            if len(choices) < len(found):
                return None
            return lambda before, following, last: any(choice(before, following, last) for choice in choices)
        if name not in _ONE_CHARACTER:
            return self._condition(name, value, flags)
        leaf = self._leaf(operation, value, flags)
        reads = self.leaves[leaf]
        if direction > 0:
            return lambda _before, following, _last: following is not None and reads(following)
        probe = self._probe(("leaf", leaf), lambda character: character is not None and reads(character))
        return lambda before, _next, _last: before[probe]

    def _probe(self, key: object, test: Callable[[str | None], bool]) -> int:
        if key not in self._known_probes:
            self._known_probes[key] = len(self.probes)
            self.probes.append(test)
        return self._known_probes[key]

    def _anchor(self, name: str, flags: int) -> Condition:
        lines = bool(flags & re.MULTILINE)
        if name in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            if lines and name == "AT_BEGINNING":
                probe = self._probe("line", lambda character: character is None or character == "\n")
            else:
                probe = self._probe("start", lambda character: character is None)
            return lambda before, _next, _last: before[probe]
        if name == "AT_END_STRING":
            return lambda _before, following, _last: following is None
        if name == "AT_END" and lines:
            return lambda _before, following, _last: following is None or following == "\n"
        if name == "AT_END":
            return lambda _before, following, last: following is None or (last and following == "\n")
        word = re.compile(r"\w", flags & re.ASCII).match
        start = self._probe("start", lambda character: character is None)
        inside = self._probe(
            ("word", flags & re.ASCII), lambda character: character is not None and word(character) is not None
        )
        wanted = name == "AT_BOUNDARY"

        def edge(before: Signature, following: str | None, _last: bool) -> bool:
            if _EMPTY_HAS_NO_EDGE and before[start] and following is None:
                return False
            return (before[inside] != (following is not None and word(following) is not None)) == wanted

        return edge


def _changed(flags: int, added: int, removed: int) -> int:
    """The flags inside `(?flags:…)`; an inner ASCII or Unicode flag replaces the outer one."""
    kinds = re.ASCII | re.UNICODE
    return ((flags & ~kinds if added & kinds else flags) | added) & ~removed


class _State(dict[str, "_State"]):
    """A state of the DFA: a map from each character seen so far to the next state.

    decided: the answer regardless of what follows; None = not decided.
    """

    __slots__ = ("before", "decided", "run", "steps")

    def __init__(self, run: _Run, steps: frozenset[int], before: Signature, decided: bool | None) -> None:
        super().__init__()
        self.run = run
        self.steps = steps
        self.before = before
        self.decided = decided

    def __missing__(self, character: str) -> _State:
        reached = self.run.after(self, character, last=False)
        self[character] = reached
        return reached


class _Run:
    """The lazy DFA of a pattern, for searching or (`whole`) for matching the whole text."""

    def __init__(self, automaton: _Automaton, start: int, *, whole: bool) -> None:
        self._automaton = automaton
        self._start = start
        self._whole = whole
        self._states: dict[tuple[frozenset[int], Signature], _State] = {}
        self._known = 0
        self._found = _State(self, frozenset(), (), decided=True)
        self._failed = _State(self, frozenset(), (), decided=False)

    def matches(self, text: str) -> bool:
        """Whether the pattern matches; one pass over the text."""
        state = self._state(frozenset((self._start,)), self._signature(None))
        last = text.endswith("\n")
        for character in text[:-1] if last else text:
            state = state[character]
            if state.decided is not None:
                return state.decided
        if last:  # a final newline: `$` holds before it
            state = self.after(state, "\n", last=True)
            if state.decided is not None:
                return state.decided
        return 0 in self._reached(state, None, last=False)

    def after(self, state: _State, character: str, *, last: bool) -> _State:
        """The state after a character."""
        self._make_room()
        reached = self._reached(state, character, last=last)
        if 0 in reached and not self._whole:
            return self._found
        automaton = self._automaton
        reads: dict[int, bool] = {}
        steps = set() if self._whole else {self._start}
        for step in reached:
            leaf = automaton.leaf[step]
            if leaf < 0:
                continue
            if leaf not in reads:
                reads[leaf] = automaton.leaves[leaf](character)
            if reads[leaf]:
                steps.update(automaton.out[step])
        if not steps:
            return self._failed
        return self._state(frozenset(steps), self._signature(character))

    def _reached(self, state: _State, following: str | None, *, last: bool) -> set[int]:
        """The steps reached without consuming a character."""
        automaton = self._automaton
        seen = set(state.steps)
        waiting = list(state.steps)
        while waiting:
            step = waiting.pop()
            if automaton.leaf[step] >= 0:
                continue
            condition = automaton.condition[step]
            if condition is not None and not condition(state.before, following, last):
                continue
            for behind in automaton.out[step]:
                if behind not in seen:
                    seen.add(behind)
                    waiting.append(behind)
        return seen

    def _signature(self, character: str | None) -> Signature:
        return tuple(probe(character) for probe in self._automaton.probes)

    def _state(self, steps: frozenset[int], before: Signature) -> _State:
        key = (steps, before)
        if key not in self._states:
            self._known += len(steps)
            self._states[key] = _State(self, steps, before, decided=None)
        return self._states[key]

    def _make_room(self) -> None:
        self._known += 1
        if self._known > _MOST_KNOWN:
            for state in self._states.values():
                state.clear()
            self._states.clear()
            self._known = 0


class LinearPattern:
    """A compiled pattern."""

    def __init__(self, source: str, automaton: _Automaton, start: int) -> None:
        self.source = source
        self._search = _Run(automaton, start, whole=False)
        self._full = _Run(automaton, start, whole=True)

    def search(self, text: str) -> bool:
        """Whether it matches anywhere in the text (`re.search`)."""
        return self._search.matches(text)

    def fullmatch(self, text: str) -> bool:
        """Whether it matches the whole text (`re.fullmatch`)."""
        return self._full.matches(text)


@lru_cache(maxsize=256)
def compile_linear(source: str) -> LinearPattern:
    """Compile a pattern of Python's `re`. Raises Unsupported."""
    if len(source) > LONGEST_PATTERN:
        raise Unsupported(f"it has {len(source)} characters; {LONGEST_PATTERN} are read at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # FutureWarning: syntax that may change in a later Python
            tree = _parser.parse(source)
    except (re.error, OverflowError, ValueError) as error:
        raise Unsupported(f"it is no regular expression of Python's: {error}") from error
    except RecursionError as error:
        raise Unsupported("its groups are nested too deep") from error
    automaton = _Automaton()
    start = automaton.sequence(tree, tree.state.flags, 0)
    return LinearPattern(source, automaton, start)
