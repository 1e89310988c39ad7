"""In the checker: a program that changes what a test handed over, so that the test agrees with it.

`assert solve(xs) == sorted(xs)` holds for a program that empties `xs` and returns nothing. Sorting in place is honest,
and so is taking items out where the test looks at what is left. So only what is plain counts: the call's answer is
compared, as equal, with what a test computes of the very container, of which the program has changed what it holds.
There the container gets back what it held, and the test computes from that; an answer that is the container itself is
a copy of it. A container that was empty is there to be filled, and keeps what it was given.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from types import FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

from . import containers, context, proxies

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
# Functions that say nothing about what it holds, or give it as it is.
_COPIES = ("list", "tuple", "copy", "deepcopy", "bytes")
_PLAIN = ("len", "id", "type", "print", "repr", "isinstance", "str", *_COPIES)
# Methods of the container that a test computes with, or brings it into the order of the answer by.
_METHODS = frozenset(("count", "items", "keys", "values", "sort", "reverse", "sum", "min", "max", "mean", "tolist"))
_GROWS = frozenset(("append", "add", "extend", "insert", "update"))
_MOST_HELD = 1000


class _Change(NamedTuple):
    """value: the container. content: what it held, as it is sent. lost: whether that is not there any more."""

    value: Any
    content: Any
    lost: bool


_changed: list[_Change] = []


def content(value: Any) -> Any:
    """What a container holds, in whatever order; None where it does not matter."""
    if isinstance(value, list):
        return Counter(map(_key, list.__iter__(value)))
    if isinstance(value, dict):
        return Counter(map(_key, (*dict.__iter__(value), *dict.values(value))))
    if isinstance(value, set):
        return Counter(map(_key, set.__iter__(value)))
    if isinstance(value, deque):
        return Counter(map(_key, deque.__iter__(value)))
    if isinstance(value, bytearray):
        return Counter(bytes(value))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return Counter(map(_key, value.reshape(-1).tolist()))
    return None


def _key(item: Any) -> Any:
    return (type(item), item) if type(item) in _ATOMS else id(item)


def before(values: Iterable[Any]) -> list[tuple[Any, Any, Any]]:
    """Containers that are about to change, each with what `note` needs of it."""
    return [(v, held, containers.kind_of(v).content(v)) for v in values if (held := content(v))]


def note(befores: list[tuple[Any, Any, Any]]) -> None:
    """The program has changed these."""
    for value, held, items in befores:
        now = content(value)
        if now != held and not any(value is change.value for change in _changed):
            _changed.append(_Change(value, items, bool(held - now)))


def forget() -> None:
    """A question begins."""
    _changed.clear()


def has_changed() -> bool:
    """Whether the program has changed anything since."""
    return bool(_changed)


def apart(answer: Any) -> Any:
    """The answer, once the containers hold again what they held. Raises Refused where it holds one of them."""
    if any(answer is change.value for change in _changed):
        answer = copy.copy(answer)
    elif _is_or_holds(answer):
        proxies.the_link().refuse("it changed what it was given, with which the test compares its answer")
        raise proxies.Refused("an answer that holds what the program was given, and has changed")
    for change in _changed:
        containers.kind_of(change.value).apply(change.value, change.content)
    _changed.clear()
    return answer


def is_judged_by(frame: FrameType | None, answer: Any) -> bool:
    """Whether the test at this moment compares the answer with what it computes of a container that was changed."""
    if frame is None or (tree := context.tree_of(frame.f_code.co_filename)) is None:
        return False
    held = _held(frame)
    spoiled = set(_spoiled(held))
    place = context.place_of(frame)
    body = _function_around(tree, place[0])
    statement = _statement_at(body, place)
    if not spoiled or statement is None:
        return False
    calls = context.calls_at(tree, place)
    if not calls:  # what it gave before is walked over
        inside = (n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
        calls = [n for n in inside if isinstance(n.func, ast.Name) and proxies.is_proxy(held.get(n.func.id))]
    answers = {name for name, value in held.items() if proxies.is_proxy(value) and not _can_be_called(value)}
    later = [n for n in ast.walk(body) if isinstance(n, ast.stmt) and n.lineno >= statement.lineno]
    taken_out = any(change.lost for change in _changed) and not any(answer is change.value for change in _changed)
    functions = {node.name: node for node in context.nodes() if isinstance(node, ast.FunctionDef)}
    return _Comparison(answers, spoiled, calls, taken_out).is_in(later, functions)


def _can_be_called(value: Any) -> bool:
    return callable(value) or proxies.is_module(value)


class _Comparison:
    """Looks for one of an answer with what is computed of containers. answers, spoiled: their names. calls: what gave
    the answer. bare: whether a comparison with the container itself counts.
    """

    def __init__(self, answers: set[str], spoiled: set[str], calls: list[ast.Call], bare: bool) -> None:
        self._answers = answers - spoiled
        self._spoiled = spoiled
        self._calls = set(map(id, calls))
        self._bare = bare
        self._computed: set[str] = set()
        self._counted: set[str] = set()  # names that loops bind

    def is_in(self, statements: list[ast.stmt], functions: dict[str, ast.FunctionDef]) -> bool:
        for node in sorted(statements, key=lambda n: (n.lineno, n.col_offset)):
            self._learn(node)
        expressions = [inner for node in statements for inner in ast.walk(node)]
        loops = (node for node in expressions if isinstance(node, ast.For | ast.comprehension))
        self._counted = set().union(*(_names(loop.target) for loop in loops))
        if any(self._is_one(a, b) or self._is_one(b, a) for node in expressions for a, b in _compared(node)):
            return True
        calls = (node for node in expressions if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
        return any(self._in_function(node, functions[node.func.id]) for node in calls if node.func.id in functions)  # type: ignore[attr-defined]

    def _in_function(self, call: ast.Call, function: ast.FunctionDef) -> bool:
        """Whether a function of the test compares them: `is_permutation(got, xs)`."""
        given = list(zip((a.arg for a in function.args.args), call.args, strict=False))
        answers = {name for name, argument in given if self._is_answer(argument)}
        spoiled = {name for name, argument in given if self._is_container(argument)} - answers
        within = _Comparison(answers, spoiled, [], self._bare)
        return bool(answers and spoiled) and within.is_in(
            [n for n in ast.walk(function) if isinstance(n, ast.stmt) and n is not function], {}
        )

    def _learn(self, node: ast.stmt) -> None:
        """Names that hold what is computed."""
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            if self._is_answer(node.value):
                self._answers |= _targets(node) - self._spoiled
            elif self._computes(node.value):
                self._computed |= _targets(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):  # xs.sort()
            function = node.value.func
            if isinstance(function, ast.Attribute) and self._is_container(function.value):
                self._computed |= {ast.unparse(function.value)} if function.attr in _METHODS else set()
        elif isinstance(node, ast.For):
            if self._is_answer(node.iter) and not _is_called(node.iter, ("range",)):
                self._answers |= (_names(node.target) | _grown(node)) - self._spoiled
            elif self._computes(node.iter):
                self._computed |= _names(node.target)
            elif self._is_container(node.iter):  # for x in xs: want.append(x)
                self._computed |= _grown(node)

    def _is_answer(self, side: ast.AST) -> bool:
        """Whether it comes from there: not where it only says which item is meant, `want[i]`."""
        if id(side) in self._calls or (isinstance(side, ast.Name) and side.id in self._answers):
            return True
        parts = ast.iter_child_nodes(side)
        if isinstance(side, ast.Subscript) and not isinstance(side.slice, ast.Slice):
            parts = iter((side.value,))
        return any(map(self._is_answer, parts))

    def _is_one(self, answer: ast.expr, side: ast.expr) -> bool:
        if not self._is_answer(answer) or self._is_answer(side):
            return False
        if _mentions(side, self._computed) or self._computes(side):
            return True
        return self._bare and (self._is_container(side) or self._goes_through(side))

    def _is_container(self, side: ast.AST) -> bool:
        """The container, or what holds the same: `list(xs)`."""
        if isinstance(side, ast.Call) and len(side.args) == 1 and _is_called(side, _COPIES):
            return self._is_container(side.args[0])
        return isinstance(side, ast.Name | ast.Attribute) and ast.unparse(side) in self._spoiled

    def _goes_through(self, side: ast.AST) -> bool:
        """Whether it is one item after the other: `m[i][j]`, where a loop counts `i` and `j`."""
        while isinstance(side, ast.Subscript) and _names(side.slice) & self._counted:
            side = side.value
            if self._is_container(side):
                return True
        return False

    def _computes(self, side: ast.AST) -> bool:
        """Whether anything is made there of the container: `sorted(xs)`, `xs[::-1]`, and not `len(xs)` or `xs[0]`."""
        return any(id(node) not in self._calls and self._is_made(node) for node in ast.walk(side))

    def _is_made(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in _METHODS and self._is_container(function.value):
                return True
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            return not _is_called(node, _PLAIN) and any(_mentions(argument, self._spoiled) for argument in given)
        if isinstance(node, ast.BinOp):
            return self._is_container(node.left) or self._is_container(node.right)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Slice) and self._is_container(node.value)
        return isinstance(node, ast.comprehension) and self._is_container(node.iter)


def _is_called(call: ast.AST, names: tuple[str, ...]) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names


def _grown(loop: ast.For) -> set[str]:
    """What a loop puts items into."""
    called = (node.func for node in ast.walk(loop) if isinstance(node, ast.Call))
    grown = (function.value for function in called if isinstance(function, ast.Attribute) and function.attr in _GROWS)
    return {name.id for name in grown if isinstance(name, ast.Name)}


def _held(frame: FrameType) -> dict[str, Any]:
    """What has a name where a frame runs. A comprehension has a frame of its own."""
    frames = [frame]
    while frames[-1].f_code.co_name.startswith("<") and (outer := frames[-1].f_back) is not None:
        if outer.f_code.co_filename != frame.f_code.co_filename:
            break
        frames.append(outer)
    held = dict(frame.f_globals)
    for each in reversed(frames):
        held |= each.f_locals
    return held


def _spoiled(names: dict[str, Any]) -> Iterator[str]:
    """Names, and attributes of what has a name, that mean a container which was changed: `xs`, `self.data`."""
    for name, value in names.items():
        if _is_or_holds(value):
            yield name
        elif not (proxies.is_proxy(value) or isinstance(value, type | ModuleType | FunctionType)):
            held = getattr(value, "__dict__", None)
            for attribute, part in held.items() if type(held) is dict and len(held) < _MOST_HELD else ():
                if _is_or_holds(part):
                    yield f"{name}.{attribute}"


def _is_or_holds(value: Any, depth: int = 2) -> bool:
    if any(value is change.value for change in _changed):
        return True
    if depth and type(value) in (list, tuple, dict) and len(value) < _MOST_HELD:
        return any(_is_or_holds(item, depth - 1) for item in (value.values() if type(value) is dict else value))
    return False


def _statement_at(body: ast.AST, place: tuple[int, int, int, int]) -> ast.stmt | None:
    """The innermost statement there; of those that hold others, a loop."""
    first, last = place[:2]
    return min(
        (
            node
            for node in ast.walk(body)
            if isinstance(node, ast.stmt)
            and node is not body
            and (isinstance(node, ast.For) or not hasattr(node, "body"))
            if node.lineno <= first and last <= (node.end_lineno or node.lineno)
        ),
        key=lambda node: (node.end_lineno or node.lineno) - node.lineno,
        default=None,
    )


def _function_around(tree: ast.Module, line: int) -> ast.AST:
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    around = [n for n in functions if n.lineno <= line <= (n.end_lineno or n.lineno)]
    return max(around, key=lambda n: n.lineno, default=tree)


def _targets(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return set().union(*map(_names, targets))


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _mentions(side: ast.AST, names: set[str]) -> bool:
    return any(isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) in names for n in ast.walk(side))


def _compared(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """The two sides of a comparison for equality, of whatever form."""
    if isinstance(node, ast.Compare):
        sides = pairwise((node.left, *node.comparators))
        return [pair for pair, op in zip(sides, node.ops, strict=True) if isinstance(op, ast.Eq | ast.NotEq)]
    if isinstance(node, ast.Call) and len(node.args) >= 2:
        name = context.name_of(node.func)
        if any(word in name.lower() for word in ("equal", "close", "assert", "same", "zip")):
            return list(combinations(node.args, 2))
    return []
