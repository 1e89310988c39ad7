"""In the checker: a program that changes what a test handed over, so that the test agrees with it.

`assert solve(xs) == sorted(xs)` holds for a program that empties `xs` and returns nothing. Sorting in place is honest,
and so is taking items out where the test looks at what is left. So only what is plain counts: the call's answer is
compared, as equal, with what a test computes of the very container, of which the program has changed what it holds.
There the container gets back what it held, and the test computes from that; an answer that is the container itself is
a copy of it. A container that was empty is there to be filled, and keeps what it was given.

So it is with an object of the test that the program has left with nothing: one of its containers is empty now, or an
attribute is 0 or blank that was not. What a test makes of that by any method or function (`cart.total()`) is made of
nothing. Where a constant stands beside (`solve(cart) == cart.total() == 7`), that says what is right. Texts in
memory and files of temporary folders are such objects, too: `count_words(path) == len(path.read_text().split())`.
"""

from __future__ import annotations

import ast
import copy
import io
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations, pairwise
from types import FrameType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from . import containers, context, proxies

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_STREAMS = (io.StringIO, io.BytesIO)
# Functions that say nothing about what it holds, or give it as it is.
_COPIES = ("list", "tuple", "copy", "deepcopy", "bytes")
_COPYING = frozenset(("copy", "reshape", "astype", "view", "flatten", "ravel", "squeeze", "item", "tobytes"))
_PLAIN = ("len", "id", "type", "print", "repr", "isinstance", "str", *_COPIES)
_GROWS = frozenset(("append", "appendleft", "add", "extend", "extendleft", "insert", "update", "setdefault"))
_TAKES = frozenset(("pop", "popleft", "popitem", "remove", "discard", "clear", "get", "index", "find"))
_ORDERS = frozenset(("sort", "reverse"))
_MADE = frozenset(("T", "flat", "real"))  # attributes of arrays
_MOST_HELD = 1000
_MOST_SEEN = 50_000


class _Change(NamedTuple):
    """value: the container, or an object of the test. put_back: gives it back what it held. lost: whether anything of
    that is not there any more. emptied: whether nothing is. attribute: of the object; empty = a container.
    """

    value: Any
    put_back: Callable[[], object]
    lost: bool
    emptied: bool
    attribute: str = ""


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
    if isinstance(value, _STREAMS):
        return Counter() if value.closed else Counter(value.getvalue())
    if isinstance(value, SimpleNamespace):
        return Counter(map(_key, vars(value).values()))
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
        if isinstance(value, SimpleNamespace):
            for name, old in zip(items[::2], items[1::2], strict=True):
                note_set(value, name, old, vars(value).get(name))
            continue
        if isinstance(value, _STREAMS) and (now or value.closed):  # what is written to it comes to what it held
            continue
        if now != held and not any(value is change.value for change in _changed):
            put_back = partial(containers.kind_of(value).apply, value, items)
            _changed.append(_Change(value, put_back, bool(held - now), not now))


def note_set(value: Any, name: str, old: Any, new: Any) -> None:
    """The program sets an attribute of an object of the test."""
    if _counts(old) and old and type(old) is not bool and _counts(new) and not new:
        _changed.append(_Change(value, partial(setattr, value, name, old), True, True, name))


def _counts(value: Any) -> bool:
    return type(value) in _ATOMS or type(value) in (list, tuple, dict, set, deque)


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
    elif _is_or_holds(answer, [change for change in _changed if not change.attribute]):
        proxies.the_link().refuse("it changed what it was given, with which the test compares its answer")
        raise proxies.Refused("an answer that holds what the program was given, and has changed")
    for change in _changed:
        change.put_back()
    _changed.clear()
    return answer


def is_judged_by(frame: FrameType | None, answer: Any) -> bool:
    """Whether the test at this moment compares the answer with what it computes of a container that was changed."""
    if frame is None:
        return False
    held = _held(frame)
    taken_out = any(change.lost for change in _changed) and not any(answer is change.value for change in _changed)
    return _compares(frame, held, *_spoiled(held), taken_out)


def is_read_again(frame: FrameType | None, path: str) -> bool:
    """Whether the test at this moment compares the answer with what it computes of a file, which has this real path."""
    if frame is None:
        return False
    held = _held(frame)
    texts = ((name, value) for name, value in held.items() if type(value) is str or isinstance(value, os.PathLike))
    paths = {name: type(value) for name, value in texts if os.path.realpath(value) == path}
    return _compares(frame, held, set(), paths, False)


def _compares(
    frame: FrameType, held: dict[str, Any], spoiled: set[str], holders: dict[str, type], taken_out: bool
) -> bool:
    if not (spoiled or holders) or (tree := context.tree_of(frame.f_code.co_filename)) is None:
        return False
    place = context.place_of(frame)
    body = _function_around(tree, place[0])
    statement = _statement_at(body, place)
    if statement is None:
        return False
    calls = context.calls_at(tree, place)
    if not calls:  # what it gave before is walked over
        inside = (n for n in ast.walk(statement) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
        calls = [n for n in inside if isinstance(n.func, ast.Name) and proxies.is_proxy(held.get(n.func.id))]
    answers = {name for name, value in held.items() if proxies.is_proxy(value) and not _can_be_called(value)}
    later = [n for n in ast.walk(body) if isinstance(n, ast.stmt) and n.lineno >= statement.lineno]
    functions = {node.name: node for node in context.nodes() if isinstance(node, ast.FunctionDef)}
    return _Comparison(answers, spoiled, holders, calls, taken_out).is_in(later, functions)


def _can_be_called(value: Any) -> bool:
    return callable(value) or proxies.is_module(value)


class _Comparison:
    """Looks for one of an answer with what is computed of containers. answers, spoiled: their names. holders: names of
    objects that were left with nothing, and their classes. calls: what gave the answer. bare: whether a comparison with
    the container itself counts.
    """

    def __init__(
        self,
        answers: set[str],
        spoiled: set[str],
        holders: dict[str, type],
        calls: list[ast.Call],
        bare: bool,
    ) -> None:
        self._answers = answers - spoiled - holders.keys()
        self._spoiled = spoiled | holders.keys()
        self._holders = holders
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
        pairs = (pair for node in expressions if not _says_what_is_right(node) for pair in _compared(node))
        if any(self._is_one(a, b) or self._is_one(b, a) for a, b in pairs):
            return True
        calls = (node for node in expressions if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
        return any(self._in_function(node, functions[node.func.id]) for node in calls if node.func.id in functions)  # type: ignore[attr-defined]

    def _in_function(self, call: ast.Call, function: ast.FunctionDef) -> bool:
        """Whether a function of the test compares them: `is_permutation(got, xs)`."""
        given = list(zip((a.arg for a in function.args.args), call.args, strict=False))
        answers = {name for name, argument in given if self._is_answer(argument)}
        spoiled = {name for name, argument in given if self._is_container(argument)} - answers
        named = {name: ast.unparse(argument) for name, argument in given if name in spoiled}
        holders = {name: self._holders[outer] for name, outer in named.items() if outer in self._holders}
        within = _Comparison(answers, spoiled - holders.keys(), holders, [], self._bare)
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
                self._computed |= {ast.unparse(function.value)} if function.attr in _ORDERS else set()
        elif isinstance(node, ast.While) and _mentions(node.test, self._spoiled):  # while xs: want.append(xs.pop())
            self._computed |= _grown(node)
        elif isinstance(node, ast.For):
            if self._is_answer(node.iter) and not _is_called(node.iter, ("range",)):
                self._answers |= (_names(node.target) | _grown(node)) - self._spoiled
            elif self._computes(node.iter):
                self._computed |= _names(node.target) | _grown(node)
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
            if isinstance(function, ast.Attribute) and self._is_container(function.value):
                return function.attr not in _COPYING and function.attr not in _TAKES and function.attr not in _GROWS
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            return not _is_called(node, _PLAIN) and any(_mentions(argument, self._spoiled) for argument in given)
        if isinstance(node, ast.BinOp):
            return self._is_container(node.left) or self._is_container(node.right)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Slice) and self._is_container(node.value)
        if isinstance(node, ast.Attribute):
            kind = self._holders.get(ast.unparse(node.value))
            return self._is_container(node.value) and (
                node.attr in _MADE if kind is None else isinstance(getattr(kind, node.attr, None), property)
            )
        return isinstance(node, ast.comprehension) and self._is_container(node.iter)


def _is_called(call: ast.AST, names: tuple[str, ...]) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names


def _grown(loop: ast.For | ast.While) -> set[str]:
    """What a loop puts items into."""
    called = (node.func for node in ast.walk(loop) if isinstance(node, ast.Call))
    grown = (function.value for function in called if isinstance(function, ast.Attribute) and function.attr in _GROWS)
    kept = (
        node.value for node in ast.walk(loop) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    )
    return {name.id for name in (*grown, *kept) if isinstance(name, ast.Name)}


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


def _spoiled(names: dict[str, Any]) -> tuple[set[str], dict[str, type]]:
    """Names, and attributes of what has a name, that mean a container which was changed: `xs`, `self.data`. And names
    of objects that were left with nothing, with their classes.
    """
    found: set[str] = set()
    holders: dict[str, type] = {}
    for name, value in names.items():
        if _is_or_holds(value, [change for change in _changed if not (change.attribute and change.value is value)]):
            found.add(name)
        for attribute, part in _attributes(value).items():
            if _is_or_holds(part, _changed):
                found.add(f"{name}.{attribute}")
        if _is_left_with_nothing(value):
            found |= {f"{name}.{change.attribute}" for change in _changed if change.value is value}
            holders[name] = type(value)
    return found, holders


def _attributes(value: Any) -> dict[str, Any]:
    """Of an object of the test."""
    if proxies.is_proxy(value) or isinstance(value, type | ModuleType | FunctionType):
        return {}
    held = getattr(value, "__dict__", None)
    return held if type(held) is dict and len(held) < _MOST_HELD else {}


def _is_left_with_nothing(value: Any) -> bool:
    if any(change.attribute and change.value is value for change in _changed):
        return True
    emptied = [change for change in _changed if change.emptied]
    return bool(emptied) and any(_is_or_holds(part, emptied, inside=True) for part in _attributes(value).values())


def _is_or_holds(value: Any, changes: list[_Change], *, inside: bool = False) -> bool:
    """Whether it is one of what was changed, or holds one in lists and dicts, or in an object in these. inside: or in
    an object that it is itself.
    """
    sought = {id(change.value) for change in changes}
    waiting, seen = [(value, not inside)], set[int]()
    while sought and waiting and len(seen) < _MOST_SEEN:
        part, is_outer = waiting.pop()
        if id(part) in sought:
            return True
        if id(part) in seen:
            continue
        seen.add(id(part))
        if type(part) in (list, tuple, dict, deque):
            if len(part) < _MOST_HELD:
                waiting += [(item, False) for item in (part.values() if type(part) is dict else part)]
        elif not is_outer and type(part) not in _ATOMS:
            waiting += [(item, True) for item in _attributes(part).values() if type(item) not in _ATOMS]
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


def _says_what_is_right(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(isinstance(n, ast.Constant) for n in (node.left, *node.comparators))


def _compared(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """The two sides of a comparison for equality, of whatever form."""
    if isinstance(node, ast.Compare):
        sides = pairwise((node.left, *node.comparators))
        return [
            pair
            for pair, op in zip(sides, node.ops, strict=True)
            if isinstance(op, ast.Eq | ast.NotEq)
            or (isinstance(op, ast.In) and isinstance(pair[1], ast.List | ast.Tuple | ast.Set))
        ]
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.BinOp):  # abs(a - b)
        return [(node.args[0].left, node.args[0].right)] if context.name_of(node.func) in ("abs", "fabs") else []
    if isinstance(node, ast.Call) and len(node.args) >= 2:
        name = context.name_of(node.func)
        if name == "eq" or any(word in name.lower() for word in ("equal", "close", "assert", "same", "zip")):
            return list(combinations(node.args, 2))
    return []
