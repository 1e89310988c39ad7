"""In the checker: whether a test judges an answer by something that the program has changed, by the test's text alone.

Each expression has a role (`roles.py`). The answer is judged by what was changed if the two meet: `r == sum(xs)`, `not
r - sum(xs)`, `zip(r, xs)`, `for x in xs: assert x in r`. If a container has been emptied, it is also judged by
assertions that then compare nothing with nothing (`xs == sorted(xs)`), or loop over nothing. This is fine if the test
itself says what the result must be: if it compares the whole answer, or the changed value, or both together, with
something of its own (`xs == [1, 2]`, `xs[:r] == want`, `xs + [r] == before`).
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, pairwise, permutations
from typing import NamedTuple

from ..sources import context, shapes
from ..sources.context import Function
from .roles import ANSWER, BOTH, CHANGED, TAKES, Names, Returned, Roles

_SILENT = frozenset(("print", "isinstance", "hasattr", "type", "id"))
_MEETING = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In)
_DEEPEST = 3  # depth of calls among functions of a test


class Found(enum.IntEnum):
    """NOTHING: the test does not judge by what was changed. UNCLEAR: its text does not show what it judges by. MEETS:
    the answer is judged by what was changed. SAYS: the test itself says what is right.
    """

    NOTHING = enum.auto()
    UNCLEAR = enum.auto()
    MEETS = enum.auto()
    SAYS = enum.auto()


class Read(NamedTuple):
    """What is found, the parts that the function returns, and names outside it that hold an answer from there on."""

    found: Found
    returned: Returned = ()
    outside: frozenset[str] = frozenset()
    decided: bool = False  # whether they meet in the function that runs
    seen: bool = False  # whether anything is asserted


def read(scopes: list[ast.AST], statement: ast.stmt, calls: list[ast.Call], names: Names, given: Returned = ()) -> Read:
    """scopes: the function (or file) that runs, and those around it, which continue with its answer. statement: where
    it waits for the results of calls. given: the parts that the called function of the test returned.
    """
    functions = {node.name: node for node in context.nodes() if isinstance(node, Function)}
    reading = _Reading(names, set(map(id, calls)), functions, given)
    scope = scopes[0]
    statements = [n for n in ast.walk(scope) if isinstance(n, ast.stmt) and n is not scope]
    reading.roles.recall(n for n in statements if shapes.place(n) < shapes.place(statement))
    reading.read((n for n in statements if shapes.place(n) >= shapes.place(statement)), statement)
    told, decided = (reading.roles.returned, reading.roles.outside(scope)), reading.meets
    for around in scopes[1:]:
        reading.roles.leave(scope)
        later = (n for n in ast.walk(around) if isinstance(n, ast.stmt) and n is not around)
        reading.read(n for n in later if n.lineno > (getattr(scope, "end_lineno", 0) or 0))
        scope = around
    if reading.says or (reading.pins and not reading.meets_earlier):
        return Read(Found.SAYS, *told, decided)
    if reading.doubted and not reading.meets_earlier:
        return Read(Found.UNCLEAR, *told, decided)
    unclear = Found.UNCLEAR if reading.unclear else Found.NOTHING
    return Read(Found.MEETS if reading.meets else unclear, *told, decided, reading.seen)


class _Reading:
    """One pass over statements, in order. meets: the answer and the change meet. meets_earlier: an answer to another
    call meets the change. says: the test says what the changed value must be. pins: it says what the answer must be.
    doubted: it says so by something that may have been computed from the change. unclear: something is asserted that
    is compared with nothing of the test's own. seen: anything is asserted.
    """

    def __init__(
        self,
        names: Names,
        calls: set[int],
        functions: dict[str, Function],
        given: Returned = (),
    ):
        self.roles = Roles(names, calls, given)
        self._functions = functions
        self._depth = 0
        self.meets = self.meets_earlier = self.says = self.pins = self.doubted = self.unclear = self.seen = False

    def read(self, statements: Iterable[ast.stmt], first: ast.stmt | None = None) -> None:
        for node in sorted(statements, key=shapes.place):
            parts = list(shapes.own_parts(node))
            if isinstance(node, ast.Match):
                captured = (n.name for part in parts for n in ast.walk(part) if isinstance(n, ast.MatchAs))
                self.roles.bind_all((name for name in captured if name), self.roles.of(node.subject))
            for part in parts:
                for inner in ast.walk(part):
                    if isinstance(inner, ast.NamedExpr):
                        self.roles.bind(inner.target, self.roles.of(inner.value))
                    elif isinstance(inner, ast.Lambda) and isinstance(inner.body, ast.Call):
                        self.roles.learn_of_call(inner.body, is_first=node is first)
                    elif isinstance(inner, ast.Call) and (id(inner) in self.roles.calls or self.roles.asks(inner)):
                        self.roles.bind_all(shapes.filled_by(inner) - self.roles.names.changed, ANSWER)
                    elif isinstance(inner, ast.comprehension) and (
                        not self.roles.holds_call(inner) or self.roles.holds_call(inner.iter)
                    ):
                        self.roles.bind(inner.target, self.roles.of_items(inner.iter), inner.iter)
            for condition in shapes.conditions(node):
                self._look_for_word(condition)
                decides = isinstance(condition, ast.Compare) or shapes.is_call(condition, ("all",))
                if decides or not isinstance(node, ast.Assign | ast.Return):
                    self._look_for_verdict(condition)
                if not isinstance(node, ast.Assign | ast.Return) and not isinstance(condition, ast.Constant):
                    self.seen = True
                    self.unclear |= not self._is_clear(condition)
            if isinstance(node, ast.Expr) and (inside := self._called(node.value)) and shapes.asserts(inside):
                self._look_for_verdict(node.value)
                self.seen = True
                self.unclear |= not self._is_clear(node.value)
            for part in parts:
                for inner in ast.walk(part):
                    self._look_for_meeting(inner)
            if (missed := shapes.missed(node)) is not None:
                self._meet(missed)
            if self.roles.names.vanished:
                self._look_for_nothing(node)
            self.roles.learn(node, is_first=node is first)

    # --- where they meet ----------------------------------------------------------------------------------------------

    def _look_for_meeting(self, node: ast.AST) -> None:
        match node:
            case ast.Compare():
                sides = shapes.sides(node)
                if not any(isinstance(side, ast.Constant) for side in sides):
                    meeting = (ast.Eq, ast.NotEq) if self.roles.names.equal else _MEETING
                    pairs = zip(pairwise(sides), node.ops, strict=True)
                    self._meet(*(pair for pair, op in pairs if isinstance(op, meeting)))
            case ast.comprehension(ifs=[ast.Compare(left=one, ops=[ast.NotIn()], comparators=[other])]):
                self._meet((one, other))  # `[x for x in xs if x not in r]`
            case ast.BinOp(left=left, right=right) if not self.roles.names.equal:
                self._meet((left, right))
            case ast.Call(func=function, args=args, keywords=keywords):
                name = context.name_of(function)
                if (
                    name in _SILENT | shapes.GROWS | (TAKES - {"index"})
                    or shapes.root(function) in self.roles.names.programs
                    or id(node) in self.roles.calls
                ):
                    return
                given = [*args, *(keyword.value for keyword in keywords)]
                if (inside := self._called(node)) is not None:
                    called = shapes.text(function)
                    self._read_function(inside, f"{called}." if inside.name == "__call__" else called, given, keywords)
                    return
                given += [function.value] if isinstance(function, ast.Attribute) else []
                parts = [part for each in given for part in shapes.display_parts(each)]
                if (
                    not self.roles.names.equal
                    or name == "zip"
                    or shapes.compares(node)
                    or shapes.asks_mock(node)
                    or shapes.tells_sameness(node)
                ):
                    self._meet(*combinations(parts, 2))

    def _called(self, node: ast.AST) -> Function | None:
        """The function of the test that is called: also `__call__` of an object of the test that holds what was
        changed."""
        if not isinstance(node, ast.Call):
            return None
        names = self.roles.names
        holds = isinstance(node.func, ast.Name) and node.func.id in names.changed | names.parted
        return self._functions.get("__call__" if holds else context.name_of(node.func))

    def _look_for_verdict(self, condition: ast.expr) -> None:
        """Find verdicts on values that contain both: `len({got, want}) == 1`, `all(x == pair[0] for x in pair)`."""
        match condition:
            case ast.BoolOp(values=values):
                for value in values:
                    self._look_for_verdict(value)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self._look_for_verdict(operand)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                pass
            case ast.Compare(left=left, comparators=[other], ops=[ast.Eq()]):
                same = self._counts_same(left, other) or self._counts_same(other, left)
                either = not (self.roles.own(left) or self.roles.own(other)) and self.roles.of(condition) == BOTH
                self.meets |= (same or either) and self.roles.pairs_up(condition)
            case ast.Call():
                self.meets |= self.roles.of(condition) == BOTH and self.roles.pairs_up(condition)

    def _look_for_nothing(self, node: ast.stmt) -> None:
        """Find assertions about each item of an emptied container, or comparing it with itself: `xs == sorted(xs)`."""
        if isinstance(node, ast.For) and any(map(shapes.asserts, node.body)):
            self.meets |= self.roles.mentions(node.iter)
        for condition in shapes.conditions(node):
            for inner in ast.walk(condition):
                if isinstance(inner, ast.comprehension):
                    self.meets |= self.roles.mentions(inner.iter)
                elif isinstance(inner, ast.Compare):
                    told = map(self.roles.mentions, shapes.sides(inner))
                    self.meets |= any(one and other for one, other in pairwise(told))

    def _meet(self, *pairs: tuple[ast.expr, ast.expr]) -> None:
        for one, other in pairs:
            roles = self.roles.of(one), self.roles.of(other)
            if roles in ((ANSWER, CHANGED), (CHANGED, ANSWER)):
                self.meets = True
                answer = one if roles[0] == ANSWER else other
                self.meets_earlier |= not self.roles.earlier.isdisjoint(shapes.names_in(answer))

    def _read_function(
        self,
        function: Function,
        called: str,
        given: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> None:
        """Read a function of the test that gets both, `is_permutation(got, xs)`, or one: `self.is_right(got)`."""
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        own = f"{names.pop(0)}." if names[:1] in (["self"], ["cls"]) else ""
        holder = f"{called.rpartition('.')[0]}."
        named = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
        bound = dict(zip(names, given, strict=False)) | {name: named[name] for name in names if name in named}
        roles = {name: self.roles.of(value) for name, value in bound.items()}
        changed = {name for name, value in bound.items() if self.roles.is_container(value)}
        if own:
            changed |= {own + name.removeprefix(holder) for name in self.roles.names.changed if name.startswith(holder)}
        made = {name for name, role in roles.items() if role == CHANGED} - changed
        answers = {name for name, role in roles.items() if role & ANSWER} - changed
        several = {
            parameter.arg: {self.roles.of(value) for value in values}
            for parameter, values in (
                (function.args.vararg, given[len(names) :]),
                (function.args.kwarg, [value for name, value in named.items() if name not in names]),
            )
            if parameter is not None
        }
        either = [name for name, held in several.items() if {ANSWER, CHANGED} <= held]
        if not (either or (answers and (changed or made))) or self._depth >= _DEEPEST:
            return
        within = replace(self.roles.names, answers=frozenset(answers), changed=frozenset(changed), kept=frozenset())
        reading = _Reading(within, set(), self._functions)
        reading._depth = self._depth + 1
        reading.roles.mine = set(answers)
        reading.roles.bind_all(made, CHANGED)
        reading.roles.hold_either(either)
        reading.read(n for n in ast.walk(function) if isinstance(n, ast.stmt) and n is not function)
        self.meets |= reading.meets
        self.says |= reading.says
        self.pins |= reading.pins
        self.doubted |= reading.doubted

    # --- where the test says what is right ----------------------------------------------------------------------------

    def _look_for_word(self, condition: ast.expr, equal: type[ast.cmpop] = ast.Eq) -> None:
        match condition:
            case ast.BoolOp(values=values):
                for value in values:
                    self._look_for_word(value, equal)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.says |= self.roles.names.resized and self.roles.is_container(operand)
                self._look_for_word(operand, ast.NotEq if equal is ast.Eq else ast.Eq)
            case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp(elt=part) | ast.ListComp(elt=part)]):
                self._look_for_word(part, equal)
            case ast.Call(func=ast.Attribute(value=held, attr=name), args=[]) if not name.startswith("assert"):
                # `stack.is_empty()`, but not assertions on mocks
                changed = self.roles.is_container(held) or shapes.root(held) in self.roles.names.parted
                told = self.roles.is_told(held)
                self.says |= changed and not told
                self.doubted |= changed and told
            case ast.Call(args=[one, other, *_]) if shapes.compares(condition):
                self._look_at_sides(one, other)
            case ast.Compare(left=left, comparators=comparators, ops=ops):
                for (one, other), op in zip(pairwise((left, *comparators)), ops, strict=True):
                    if isinstance(op, equal | ast.Is):
                        self._look_at_sides(one, other)
                    elif isinstance(op, ast.NotIn) and equal is ast.NotEq:  # `if x not in r: raise`
                        self._meet((one, other))
                    elif isinstance(op, ast.NotIn):
                        self.says |= self.roles.own(one) and self.roles.is_container(other)

    def _is_clear(self, condition: ast.expr) -> bool:
        """Whether something of the test's own is all that decides, as far as its text shows."""
        match condition:
            case ast.BoolOp(values=values):
                return all(map(self._is_clear, values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._is_clear(operand)
            case ast.Compare():
                return any(map(self._says_clearly, *zip(*permutations(shapes.sides(condition), 2), strict=True)))
            case ast.Call(args=args) if any(map(self.roles.own, args)):  # `check(xs, [1, 2])`
                return self.roles.is_known(condition)
        return shapes.is_call(condition, _SILENT) or self.roles.is_open(condition)

    def _says_clearly(self, own: ast.expr, judged: ast.expr) -> bool:
        """Whether a side of a comparison is the test's own, and the other no verdict of the test: `ok() == "yes"`."""
        if not (self.roles.own(own) and self.roles.is_known(own)):
            return False
        if isinstance(own, ast.Constant) and own.value in (0, 1):
            return False
        calls = [n for n in ast.walk(judged) if isinstance(n, ast.Call)]
        return not any(self._decides(n) or shapes.text(n.func) in context.defined() for n in calls)

    def _decides(self, call: ast.Call) -> bool:
        """Whether an object of the test that holds what was changed gets the answer and decides: `judge.send(got)`."""
        holds = shapes.root(call.func) in self.roles.names.changed | self.roles.names.parted
        told = holds and any(self.roles.of(given) & ANSWER for given in call.args)
        return told or self.roles.is_told(call.func)

    def _counts_same(self, judged: ast.expr, own: ast.expr) -> bool:
        """Whether it checks how many values are equal, and not what they are: `len({got, want}) == 1`."""
        inside = list(ast.walk(judged))
        equal = (n for n in inside if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.Eq | ast.NotEq))
        if not all(any(isinstance(side, ast.Constant) for side in shapes.sides(n)) for n in equal):
            return True
        if not (isinstance(own, ast.Constant) and isinstance(own.value, int | float)):
            return False
        telling = [n for n in inside if shapes.tells_sameness(n)]
        keyed = own.value == 1 and shapes.is_call(judged, ("len",))
        alike = any(shapes.is_call(n, ("ratio",)) and self.roles.of(n) == BOTH for n in telling)
        return alike or any(map(self.roles.pairs_up, telling)) or (keyed and self.roles.pairs_up(judged))

    def _look_at_sides(self, one: ast.expr, other: ast.expr) -> None:
        for judged, own in ((one, other), (other, one)):
            if self.roles.own(own):
                role = self.roles.shown(judged)
                if role == ANSWER and self.roles.is_whole(judged) and not shapes.is_none(own):
                    known = self.roles.is_known(own)
                    self.pins |= known
                    self.doubted |= not known
                # no errors are counted if there was nothing to check
                counted = not self.roles.mentions(judged) and not shapes.says_something(own)
                sized = self.roles.names.resized or not shapes.is_call(judged, ("len",))
                said = role == CHANGED and sized and not counted
                said |= role == BOTH and shapes.says_something(own) and not self._counts_same(judged, own)
                told = any(isinstance(n, ast.Call) and self._decides(n) for n in ast.walk(judged))
                self.says |= said and not told
                self.doubted |= said and told
