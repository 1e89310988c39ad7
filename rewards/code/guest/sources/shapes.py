"""In the checker: classify statements and expressions of a test by their syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from . import context

GROWS = frozenset(("append", "appendleft", "add", "extend", "extendleft", "insert", "update", "setdefault"))
_SAME = frozenset(("set", "frozenset", "groupby", "unique", "reduce", "count", "index", "Counter", "ratio"))
_CATCHES = ("raises", "warn", "logs")
_OF_MOCKS = ("assert_called", "assert_any_", "assert_has_", "assert_awaited")
_IDENTICAL = ("assertIs", "assertIsNot", "assertIsNone", "assertIsNotNone")
_EQUAL = ("equal", "close", "eq", "same")


def place(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def text(node: ast.AST) -> str:
    """The text of a name, or of attributes of one: `self.data`. Empty for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(names))) if isinstance(node, ast.Name) else ""


def root(node: ast.expr) -> str:
    """`a` of `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def names_in(*nodes: ast.AST) -> set[str]:
    """All names in these, whether they are read or bound."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def read_in(*nodes: ast.AST) -> set[str]:
    """The names that are read in these."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def stored_in(*nodes: ast.AST) -> set[str]:
    """The names that are assigned in these."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def parameters_in(node: ast.AST) -> set[str]:
    """The parameters of all functions in it, its own included."""
    return {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}


def given(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def sides(compare: ast.Compare | ast.Call) -> list[ast.expr]:
    """What a comparison compares, or an assertion of two values."""
    return compare.args[:2] if isinstance(compare, ast.Call) else [compare.left, *compare.comparators]


def targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) -> list[ast.expr]:
    """What an assignment binds."""
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def called(node: ast.expr) -> ast.expr:
    """What is called, of a call; anything else itself: the class in `@dataclass` and `@dataclass(frozen=True)`."""
    return node.func if isinstance(node, ast.Call) else node


def is_call(node: ast.AST, names: Iterable[str]) -> bool:
    return isinstance(node, ast.Call) and context.name_of(node.func) in names


def is_identity(node: ast.AST) -> TypeGuard[ast.Compare | ast.Call]:
    """Whether it compares by `is` alone; `assertIs` does."""
    if isinstance(node, ast.Compare):
        return all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
    return is_call(node, _IDENTICAL)


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def compares(call: ast.Call) -> bool:
    name = context.name_of(call.func).lower()
    return any(word in name for word in _EQUAL) and "not" not in name


def asks_mock(node: ast.AST) -> bool:
    """Whether a mock is asked what it was called with: `m.assert_called_once_with(3)`."""
    return isinstance(node, ast.Call) and context.name_of(node.func).startswith(_OF_MOCKS)


def says_something(side: ast.expr) -> bool:
    """Whether an expression has content: a name, several names, or something with a constant that is not empty."""
    named = side.elts if isinstance(side, ast.Tuple | ast.List) else [side]
    return any(isinstance(name, ast.Name) for name in named) or any(
        isinstance(n, ast.Constant) and n.value and n.value is not True for n in ast.walk(side)
    )


def own_parts(node: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement, without those of nested statements and the message of an assertion."""
    for part in ast.iter_child_nodes(node):
        if isinstance(node, ast.Assert) and part is node.msg:
            continue
        if isinstance(part, ast.match_case):
            yield part.pattern
            if part.guard is not None:
                yield part.guard
        elif not isinstance(part, ast.stmt | ast.ExceptHandler | ast.arguments):
            yield part


def conditions(node: ast.stmt) -> list[ast.expr]:
    """The conditions that a statement checks."""
    match node:
        case ast.Assert(test=test):
            return [test]
        case ast.If(test=test, body=[ast.Raise(), *_]):
            return [ast.UnaryOp(ast.Not(), test)]
        case ast.Return(value=ast.expr() as value) | ast.Assign(value=value):
            return [value]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="assertTrue"), args=[value, *_])):
            return [value]
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="assertFalse"), args=[value, *_])):
            return [ast.UnaryOp(ast.Not(), value)]
        case ast.Expr(value=ast.Call() as call) if context.calls_assertion(node) or compares(call):
            return [call]
    return []


def missed(node: ast.stmt) -> tuple[ast.expr, ast.expr] | None:
    """Names that record a miss: `if x not in r: errors += 1`, `ok = False`, `errors.append(x)`."""
    match node:
        case ast.If(test=ast.Compare(left=one, ops=[ast.NotIn()], comparators=[other]), body=[noted]):
            match noted:
                case ast.AugAssign(value=ast.Constant()) | ast.Assign(value=ast.Constant(value=False)):
                    return one, other
                case ast.Return(value=ast.Constant(value=False)):
                    return one, other
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=held, attr="append"))):
                    return (one, other) if text(held) != text(other) else None
    return None


def asserts(statement: ast.stmt) -> bool:
    inside = [n for n in ast.walk(statement) if isinstance(n, ast.stmt)]
    return any(isinstance(n, ast.Assert) or context.calls_assertion(n) for n in inside)


def stored(loop: ast.stmt) -> set[str]:
    """Names of containers that a loop puts items into."""
    called = (node.func for node in ast.walk(loop) if isinstance(node, ast.Call))
    grown = (function.value for function in called if isinstance(function, ast.Attribute) and function.attr in GROWS)
    kept = (n.value for n in ast.walk(loop) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store))
    return {name.id for name in (*grown, *kept) if isinstance(name, ast.Name)} | stored_in(loop)


def caught(node: ast.stmt) -> list[str]:
    """Names that exceptions, warnings or log records are bound to: `except ValueError as e`, `with warns() as w`."""
    match node:
        case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
            return [handler.name for handler in handlers if handler.name]
        case ast.With(items=items):
            named = [(context.name_of(getattr(item.context_expr, "func", None)).lower(), item) for item in items]
            catching = [item.optional_vars for name, item in named if any(word in name for word in _CATCHES)]
            return [name.id for name in catching if isinstance(name, ast.Name)]
    return []


def display_parts(node: ast.expr) -> list[ast.expr]:
    """The parts of a display: `[a, b]`, `*(a, b)`, `{a: b}`."""
    match node:
        case ast.Starred(value=ast.expr() as inner):
            return display_parts(inner)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.Dict(keys=keys, values=values):
            return [*filter(None, keys), *values]
    return [node]


def tells_sameness(node: ast.AST) -> bool:
    """Whether an expression only compares several values for equality: `{a, b}`, `set(pair)`, `reduce(eq, pair)`."""
    return isinstance(node, ast.Set) or is_call(node, _SAME)


def filled_by(call: ast.Call) -> set[str]:
    """Containers that a call is given a way to fill: `f(xs, out.append)`."""
    given = (part for argument in (*call.args, *call.keywords) for part in ast.walk(argument))
    holders = (part.value for part in given if isinstance(part, ast.Attribute) and part.attr in GROWS)
    return {holder.id for holder in holders if isinstance(holder, ast.Name)}


def statement_at(body: ast.AST, place: context.Span) -> ast.stmt | None:
    """The innermost statement at a position; of compound statements, a loop, one whose head is there, or a `with` that
    ends.
    """
    first, last, start, end = place

    def counts(node: ast.stmt) -> bool:
        if isinstance(node, ast.If | ast.While):
            return (node.test.end_lineno or first) >= last
        if isinstance(node, ast.With | ast.AsyncWith):
            return (node.items[-1].context_expr.end_lineno or first) >= last or context.span(node) == place
        return isinstance(node, ast.For) or not hasattr(node, "body")

    statements = (node for node in ast.walk(body) if isinstance(node, ast.stmt) and node is not body and counts(node))
    around = [n for n in statements if n.lineno <= first and last <= (n.end_lineno or n.lineno)]
    if end:  # several may be on one line
        around = [n for n in around if (n.lineno, n.col_offset) <= (first, start) and _end_of(n) >= (last, end)]
    return min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno, default=None)


def _end_of(node: ast.stmt) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def generators(tree: ast.AST) -> set[str]:
    """Names of generator functions."""
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    return {function.name for function in functions if any(isinstance(n, ast.Yield) for n in ast.walk(function))}


def functions_around(tree: ast.Module, line: int) -> list[ast.AST]:
    """The function that runs and those around it; the file if there is none."""
    functions = (n for n in ast.walk(tree) if isinstance(n, context.Function))
    around = [n for n in functions if n.lineno <= line <= (n.end_lineno or n.lineno)]
    return [*sorted(around, key=lambda n: -n.lineno)] or [tree]
