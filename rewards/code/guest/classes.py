"""In the checker: which names the tests use as classes of the program, and not as functions, by their source.

An operator on an object that the test itself made (`Vector(1, 2) * 3`) needs what the proxy cannot give, and is no
fault of the program's. A program that makes a class of what should be a function (`Average([1, 2]) - 1.5`) could bring
that about, so a name counts as a class only where the tests treat it so: they ask its objects for attributes, compare
two of them, derive from it, or hand it on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def is_class(name: str, trees: Iterable[ast.Module]) -> bool:
    """Whether a name is used as a class anywhere."""
    return any(_in_tree(name, tree) for tree in trees)


def _in_tree(name: str, tree: ast.Module) -> bool:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    asked = {_name(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)} - {""}
    for node in parents:
        if _name(node) != name or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        call = parents[node]
        if not (isinstance(call, ast.Call) and call.func is node):
            return True  # handed on, derived from, asked for an attribute
        if _treated_as_object(call, name, parents, asked):
            return True
    return False


def _treated_as_object(call: ast.Call, name: str, parents: dict[ast.AST, ast.AST], asked: set[str]) -> bool:
    above = parents[call]
    if isinstance(above, ast.Attribute | ast.withitem):
        return True
    if isinstance(above, ast.Call) and call in above.args and isinstance(above.func, ast.Attribute | ast.Name):
        return not (_name(above.func).startswith("assert") or _name(above.func) in _OF_DATA)
    for node in _ancestors(call, parents):
        if isinstance(node, ast.Compare):
            if sum(_holds_call(side, name) for side in (node.left, *node.comparators)) > 1:
                return True
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return any(_name(target) in asked for target in targets)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.name in asked and isinstance(above, ast.Return | ast.Yield)
    return False


# Functions that take data: to hand them what a name gives says nothing about it.
_OF_DATA = frozenset(
    (
        *("abs", "round", "int", "float", "str", "len", "sum", "min", "max", "sorted", "list", "tuple", "set", "dict"),
        *("bool", "isclose", "allclose", "all", "any", "range", "zip", "enumerate", "map", "repr", "divmod", "pow"),
    )
)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while (above := parents.get(node)) is not None:
        yield above
        node = above


def _holds_call(side: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Call) and _name(node.func) == name for node in ast.walk(side))
