"""In the checker: marks, by which a class of the test that the program creates shows which of its methods ran.

`self.started = True` in `on_start`, and later `assert plugin.started`: only methods of the test set such an attribute,
to values in its text, and the class has no conditions. The object is the program's, so each read is compared with what
the test has set last; if the program changed it, the test is unsupported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..sources import context
from ..sources.context import Function
from .proxies import NUMBER, RootOfObjects, state_of, the_link

_CHOOSES = (
    ast.Compare | ast.Assert | ast.If | ast.IfExp | ast.Match | ast.BoolOp | ast.Try | ast.While | ast.comprehension
)
_ASKS = ("assertTrue", "assertFalse", "assertIs", "assertIsNone", "assertIsNotNone", "all", "any", "bool")
_MISSING = object()
_set: dict[int, dict[str, Any]] = {}  # by the number of the object: what the test has set
_kept: list[Any] = []  # these objects, which keep their numbers while they are here


def names(family: list[ast.ClassDef], elsewhere: list[ast.AST]) -> set[str]:
    """Attributes that a class and its subclasses only use as marks. elsewhere: the nodes of the tests that may use an
    object of theirs, other than as a result of the program.
    """
    if any(isinstance(n, _CHOOSES) for kind in family for n in ast.walk(kind)):
        return set()  # `judge` may set it by another method
    set_by = [found for kind in family for part in kind.body for found in _setting(part)]
    used: set[object] = {n.attr for n in elsewhere if isinstance(n, ast.Attribute)}
    used |= {n.value for n in elsewhere if isinstance(n, ast.Constant)}  # `getattr(judge, "fail")()`
    given = {n.attr for n in elsewhere if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)}
    marked: dict[str, bool] = {}
    for function, name, is_plain in set_by:
        called = function != "__init__" and function in used
        marked[name] = marked.get(name, True) and is_plain and not called and name not in given
    begun = {name for function, name, _ in set_by if function in ("", "__init__")}
    return {name for name, is_mark in marked.items() if is_mark} & begun


def _setting(part: ast.stmt) -> Iterator[tuple[str, str, bool]]:
    """What a statement in the body of a class sets: by which method, the name, and whether to a value in the text."""
    if isinstance(part, Function):
        plain = {id(target) for n in ast.walk(part) for target in _plain_targets(n)}
        for n in ast.walk(part):
            if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load):
                own = isinstance(n.value, ast.Name) and n.value.id == "self"
                yield part.name, n.attr, own and id(n) in plain
        yield "", part.name, False
        return
    plain = {id(target) for target in _plain_targets(part)}
    for n in ast.walk(part):
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load):
            yield "", n.id, id(n) in plain


def _plain_targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets, value=ast.Constant()):
            return targets
        case (
            ast.AnnAssign(target=target, value=ast.Constant())
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
            case ast.Call(args=[asked, *rest]) if asked is node and context.name_of(above.func) in _ASKS:
                if not all(isinstance(part, ast.Constant) for part in rest):
                    return False
                if isinstance(parents[above], ast.Expr):
                    return True
                node = above
            case _:
                return False


def watch(made: Any, watched: Collection[str], held: dict[str, Any]) -> bool:
    """Compare reads of these attributes of a class's objects with what the test has set. held: what the body of the
    class binds. Returns whether that is possible.
    """
    if not issubclass(made, RootOfObjects):
        return False
    read: Callable[[Any, str], Any] = made.__mro__[1].__getattr__
    write: Callable[[Any, str, Any], None] = made.__mro__[1].__setattr__

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807  # it is one
        found = read(self, name)
        if name in watched:
            known = _set.get(state_of(self)[NUMBER], {}).get(name, held.get(name, _MISSING))
            if type(found) is not type(known) or found != known:
                the_link().unsupported(f"`{name}` of an object of the test, which the program has changed")
        return found

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807  # it is one
        write(self, name, value)
        if name in watched:
            if (number := state_of(self)[NUMBER]) not in _set:
                _kept.append(self)
            _set.setdefault(number, {})[name] = value

    type.__setattr__(made, "__getattr__", __getattr__)
    type.__setattr__(made, "__setattr__", __setattr__)
    return True
