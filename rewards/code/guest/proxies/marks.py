"""In the checker: marks, by which a class of the test that the program creates shows which of its methods ran.

`self.started = True` in `on_start`, and later `assert plugin.started`: only methods of the test that none of its code
calls set such an attribute, to values in its text or to what the program hands over, and no condition of the class
decides that. The object is the program's, so each read is compared with what the test has set last (`witnessed.py`).
A list that such methods fill (`self.seen = []`) is a mark as well.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from ..sources import context, shapes
from ..sources.context import Function

_CHOOSES = (
    ast.Compare | ast.Assert | ast.If | ast.IfExp | ast.Match | ast.BoolOp | ast.Try | ast.While | ast.comprehension
)
_ASKS = ("assertTrue", "assertFalse", "assertIs", "assertIsNone", "assertIsNotNone", "all", "any", "bool")
_ASKS_TYPE = ("isinstance", "assertIsInstance")
_BY_NAME = frozenset(("getattr", "setattr", "vars", "methodcaller", "attrgetter", "__dict__", "eval", "exec"))


def names(family: list[ast.ClassDef], elsewhere: list[ast.AST]) -> set[str]:
    """Attributes that a class and its subclasses only use as marks. elsewhere: the nodes of the tests that may use an
    object of theirs, other than as a result of the program.
    """
    set_by = [found for kind in family for part in kind.body for found in _setting(part)]
    used: set[object] = {n.attr for n in elsewhere if isinstance(n, ast.Attribute)}
    used |= {n.value for n in elsewhere if isinstance(n, ast.Constant)}  # `getattr(judge, "fail")()`
    given = {n.attr for n in elsewhere if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)}
    reached = _reached(family, used)
    marked: dict[str, bool] = {}
    for function, name, is_plain in set_by:
        marked[name] = marked.get(name, True) and is_plain and function not in reached and name not in given
    for name in _read_where(family, reached | {"__init__"}) & _containers(family):
        marked[name] = False  # by another name, it could be filled
    begun = {name for function, name, _ in set_by if function in ("", "__init__")}
    return {name for name, is_mark in marked.items() if is_mark} & begun


def _reached(family: list[ast.ClassDef], used: set[object]) -> set[str]:
    """Methods of a class and its subclasses that other code of the tests calls, or may call: by a method that it calls,
    or because of a condition. The program may leave such a call out. used: what is named outside these classes.
    """
    methods = [(n.name, _named_in(n)) for kind in family for n in ast.walk(kind) if isinstance(n, Function)]
    chooses = any(isinstance(n, _CHOOSES) for kind in family for n in ast.walk(kind))
    found = set(used).union(*(named for name, named in methods if chooses)) - {"__init__"}
    for _ in methods:
        found = found.union(*(named for name, named in methods if name in found))
    return {name for name, _ in methods if name in found or found & _BY_NAME}


def _containers(family: list[ast.ClassDef]) -> set[str]:
    """Attributes that are set to a list or dictionary."""
    nodes = [n for kind in family for n in ast.walk(kind) if isinstance(n, ast.Assign | ast.AnnAssign)]
    filled = [n for n in nodes if isinstance(n.value, ast.List | ast.Dict)]
    return {context.name_of(target) for n in filled for target in shapes.targets(n)}


def _read_where(family: list[ast.ClassDef], methods: Collection[str]) -> set[str]:
    """Attributes that these methods read."""
    nodes = [n for kind in family for n in ast.walk(kind) if isinstance(n, Function) and n.name in methods]
    inner = (n for method in nodes for n in ast.walk(method))
    return {n.attr for n in inner if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}


def _named_in(method: ast.AST) -> set[object]:
    named: set[object] = set()
    for n in ast.walk(method):
        if isinstance(n, ast.Attribute) and not (n.attr == "__init__" and shapes.is_call(n.value, ("super",))):
            named.add(n.attr)
        elif isinstance(n, ast.Name | ast.Constant):
            named.add(n.id if isinstance(n, ast.Name) else n.value)
    return named


def _unconditional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of the statements that run in any case, before anything is chosen."""
    for statement in function.body:
        if any(isinstance(n, _CHOOSES) for n in ast.walk(statement)):
            return
        yield from ast.walk(statement)


def _setting(part: ast.stmt) -> Iterator[tuple[str, str, bool]]:
    """What a statement in the body of a class sets: by which method, the name, and whether to a value in the text."""
    if isinstance(part, Function):
        given = {arg.arg for arg in ast.walk(part.args) if isinstance(arg, ast.arg)} if part.name != "__init__" else ()
        certain = list(_unconditional(part))
        plain = {id(target) for n in certain for target in _plain_targets(n, given)}
        for n in ast.walk(part):
            if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load):
                yield part.name, n.attr, shapes.is_self(n.value) and id(n) in plain
            elif (filled := _filled(n)) is not None:
                yield part.name, filled.attr, shapes.is_self(filled.value) and n in certain
        yield "", part.name, False
        return
    plain = {id(target) for target in _plain_targets(part)}
    for n in ast.walk(part):
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load):
            yield "", n.id, id(n) in plain


def _filled(node: ast.AST) -> ast.Attribute | None:
    """The attribute whose content a node may change: `self.seen.append(1)`, `self.rows[1] = 2`."""
    match node:
        case (
            ast.Attribute(value=ast.Attribute() as held)
            | ast.Subscript(value=ast.Attribute() as held, ctx=ast.Store() | ast.Del())
        ):
            return held
    return None


def _plain_targets(node: ast.AST, given: Collection[str] = ()) -> list[ast.expr]:
    """What a node sets to a value in the text, an empty container or a parameter. given: names of parameters."""
    match node:
        case ast.Assign(targets=targets, value=ast.Constant() | ast.List(elts=[]) | ast.Dict(keys=[])):
            return targets
        case ast.Assign(targets=targets, value=ast.Name(id=name)) if name in given:
            return targets
        case (
            ast.AnnAssign(target=target, value=ast.Constant() | ast.List(elts=[]) | ast.Dict(keys=[]))
            | ast.AugAssign(target=target, op=ast.Add(), value=ast.Constant())
        ):
            return [target]
    return []


def is_asked(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a read only decides yes or no: `assert a.started and not b.started`, `a.started is True`."""
    while True:
        above = parents[node]
        match above:
            case ast.Assert(test=asked):
                return asked is node
            case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                node = above
            case ast.GeneratorExp(elt=asked) | ast.ListComp(elt=asked) if asked is node:
                node = above
            case ast.Compare(left=asked, comparators=[ast.Constant(value=True | False | None)]) if asked is node:
                node = above
            case ast.Call(args=[asked, kind], func=called) if asked is node and context.name_of(called) in _ASKS_TYPE:
                return isinstance(kind, ast.Name)
            case ast.Call(args=[asked, *rest]) if asked is node and context.name_of(above.func) in _ASKS:
                if not all(isinstance(part, ast.Constant) for part in rest):
                    return False
                if isinstance(parents[above], ast.Expr):
                    return True
                node = above
            case _:
                return False
