"""In the checker: which names the tests use as classes of the program, rather than functions, by their source.

An operator on an object that the test itself created (`Vector(1, 2) * 3 == Vector(3, 6)`) is something that a proxy
cannot provide, and not the program's fault. But a program could cause this by defining a class instead of a function
(`Average([1, 2]) - 1.5`). So a name counts as a class only if the tests treat it as one: they use attributes of its
objects, compare two of them, derive from it, or pass it on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from types import FrameType
from typing import TypeGuard

from ..sources import context, shapes
from ..sources.context import Function, ancestors, name_of, parents_of
from . import proxies
from .attributes import data_has
from .membership import insides, joined


def is_used_as_class(name: str, trees: Iterable[ast.Module]) -> bool:
    """Whether a name is used as a class anywhere: tests of one file use objects that fixtures of another create."""
    found = list(trees)
    asked = set().union(*map(_asked, found))
    if is_camel(name):
        asked |= set().union(*map(_looked_into, found))
    return any(_in_tree(each, tree, asked) for tree in found for each in _imported_as(name, tree))


def _imported_as(name: str, tree: ast.AST) -> set[str]:
    """A name, and what a source calls it instead: `from solution import Polynomial as P`."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {name, *(alias.asname for node in imports for alias in node.names if alias.name == name and alias.asname)}


def _in_tree(name: str, tree: ast.Module, asked: set[str]) -> bool:
    parents = parents_of(tree)
    for node in parents:
        if name_of(node) != name or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        call = parents[node]
        if not (isinstance(call, ast.Call) and call.func is node):
            return True  # passed on, derived from, or an attribute of it is used
        if _treated_as_object(call, name, parents, asked):
            return True
    return False


def _treated_as_object(call: ast.Call, name: str, parents: dict[ast.AST, ast.AST], asked: set[str]) -> bool:
    above = parents[call]
    if isinstance(above, ast.Attribute | ast.withitem) or _asked_behind_operator(call, parents):
        return True
    if is_camel(name) and any(call in joined(found) for found in insides(_behind_operators(call, parents))):
        return True
    if isinstance(above, ast.Call) and call in above.args and isinstance(above.func, ast.Attribute | ast.Name):
        return not (name_of(above.func).startswith("assert") or name_of(above.func) in _OF_DATA)
    for node in ancestors(call, parents):
        if isinstance(node, ast.Compare):
            if sum(_holds_call(side, name) for side in shapes.sides(node)) > 1:
                return True
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            bound = set(map(name_of, shapes.targets(node))) - {""}
            return bool(bound & asked) or _is_given_on(bound, node, parents, asked)
        if isinstance(node, Function):
            return node.name in asked and isinstance(above, ast.Return | ast.Yield)
    return False


def _is_given_on(bound: set[str], node: ast.AST, parents: dict[ast.AST, ast.AST], asked: set[str]) -> bool:
    """Whether the enclosing function passes it to tests that use its attributes, as fixtures do."""
    around = next((n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef)), None)
    if around is None or around.name not in asked:
        return False
    gives = (n.value for n in ast.walk(around) if isinstance(n, ast.Return | ast.Yield) and n.value is not None)
    return any(name_of(value) in bound for value in gives)


def _asked(tree: ast.AST) -> set[str]:
    """Names whose objects' attributes are used, directly or after an operator: `v.x`, `(v * 3).x`, `w = v * 3` with
    `w.x` elsewhere.
    """
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    of_data = data_has()
    operated = [node.value for node in attributes if node.attr not in of_data]
    of_object = {name_of(value) for value in operated}
    bindings = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    operated += [node.value for node in bindings if of_object & set(map(name_of, node.targets)) - {""}]
    asked = {name_of(node.value) for node in attributes}
    for value in operated:
        if isinstance(value, ast.BinOp):
            asked |= shapes.names_in(value)
    return asked - {""}


def gives_objects(name: str) -> bool:
    """Whether the tests use attributes that no data has of what a call of a name gives: `s = stack()`, `s.push(1)`."""
    found, of_data = list(context.trees()), data_has()

    def asks_object(node: ast.AST) -> TypeGuard[ast.Attribute]:
        return isinstance(node, ast.Attribute) and node.attr not in of_data

    asked = {name_of(n.value) for tree in found for n in ast.walk(tree) if asks_object(n)} - {""}
    for tree in found:
        parents, names = context.parents_of(tree), _imported_as(name, tree)
        for node, above in parents.items():
            if not (isinstance(node, ast.Call) and name_of(node.func) in names):
                continue
            if asks_object(above):
                return True
            if isinstance(above, ast.Assign):
                bound = set(map(name_of, above.targets)) - {""}
                if bound & asked or _is_given_on(bound, above, parents, asked):
                    return True
            elif isinstance(above, ast.Return | ast.Yield):
                around = next((n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef)), None)
                if around is not None and around.name in asked:
                    return True
    return False


def is_camel(name: str) -> bool:
    """Whether it is spelled like a class and unlike a function (`Bag`, `TrieNode`), or used as a type."""
    return context.is_class_name(name) and "_" not in name


def _looked_into(tree: ast.AST) -> set[str]:
    return {name_of(found) for node in ast.walk(tree) for found in insides(node)} - {""}


def _asked_behind_operator(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether an attribute that no data has is used on the result of an operator: `(Vector(1, 2) * 3).x`."""
    above = parents.get(node)
    operated = False
    while isinstance(above, ast.BinOp | ast.UnaryOp):
        operated, above = True, parents.get(above)
    return operated and isinstance(above, ast.Attribute) and above.attr not in data_has()


def expects_object(frame: FrameType) -> bool:
    """Whether a test, by its text, treats the result of the present operator as an object of the program.

    That is: `(v * 3).x == 3`, `v * 3 == Vector(3, 6)`, `w = v * 3` if `w.x` is used later, or a result for an object
    created on the spot that is discarded.
    """
    parents = context.parents_around(frame)
    found: ast.AST | None = next(iter(context.running(frame, ast.BinOp, ast.UnaryOp, ast.Compare, ast.AugAssign)), None)
    if found is None:
        return False
    if isinstance(found, ast.AugAssign):
        return name_of(found.target) in _asked_for_more(found, parents)
    if isinstance(parents[found], ast.Expr):  # the result is discarded: `with raises(TypeError): Vector(1, 2) < "x"`
        return any(_makes_object(side, frame) for side in ast.iter_child_nodes(found) if isinstance(side, ast.expr))
    if isinstance(found, ast.Compare):
        return False
    above: ast.AST = found
    while isinstance(above, ast.BinOp | ast.UnaryOp):
        above = parents[above]
    if isinstance(above, ast.Attribute):
        return above.attr not in data_has()
    if isinstance(above, ast.Compare):
        others = (side for side in shapes.sides(above) if not any(found is node for node in ast.walk(side)))
        return any(_makes_object(side, frame) for side in others)
    if isinstance(above, ast.Assign):
        later = _asked_for_more(above, parents)
        return any(name_of(target) in later for target in above.targets if isinstance(target, ast.Name))
    return False


def _asked_for_more(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """Names of which the enclosing function, or else the file, uses attributes that no data has."""
    function = next(n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef | ast.Module))
    of_data = data_has()
    asked = (n for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr not in of_data)
    return {name_of(found.value) for found in asked}


def _behind_operators(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """What an expression is part of, if operators on it are left out."""
    return next(above for above in ancestors(node, parents) if not isinstance(above, ast.BinOp))


def is_told_class(name: str, prompt: str) -> bool:
    """Whether a task asks for a class of that name rather than a function: by its prompt, or else by the spelling. MBPP
    has functions called `Extract` and `Split`.
    """
    if re.search(rf"^(async )?def +{re.escape(name)}\b", prompt, re.MULTILINE):
        return False
    return is_camel(name) and name != "Solution" and (not prompt.strip() or bool(re.search(r"\bclass\b", prompt)))


def _makes_object(side: ast.expr, frame: FrameType) -> bool:
    """Whether an expression is a call of a class of the program, by a name in capitals."""
    if not (isinstance(side, ast.Call) and isinstance(side.func, ast.Name) and context.is_class_name(side.func.id)):
        return False
    return proxies.is_class(frame.f_globals.get(side.func.id))


# Functions that take data: passing something to them does not show that it is an object.
_OF_DATA = frozenset(
    (
        *("abs", "round", "int", "float", "str", "len", "sum", "min", "max", "sorted", "list", "tuple", "set", "dict"),
        *("bool", "isclose", "allclose", "all", "any", "range", "zip", "enumerate", "map", "repr", "divmod", "pow"),
    )
)


def _holds_call(side: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Call) and name_of(node.func) == name for node in ast.walk(side))
