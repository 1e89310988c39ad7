"""In the checker: whether a class of the test is *steady*, by its text alone.

Only the constructors of a steady class set attributes, to their parameters, and its methods read nothing else. So what
they answer depends on nothing that the program does, and can be compared with what they returned (`witnessed.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from ..sources import context, shapes
from ..sources.context import Function

_OF_TEXTS = frozenset(dir(str))


def fields(family: list[ast.ClassDef]) -> set[str] | None:
    """The attributes of a steady class and its subclasses: constructors set them, or they are constants of the class.
    None if it is no steady class, or has a decorator, which may put another class in its place.
    """
    if any(kind.decorator_list for kind in family):
        return None
    methods = [part for kind in family for part in kind.body if isinstance(part, Function)]
    begun = [_begun(part) for part in methods if part.name == "__init__"]
    set_there = {name for names in begun if names is not None for name in names}
    parents = {inner: node for kind in family for node in ast.walk(kind) for inner in ast.iter_child_nodes(node)}
    constants = {
        target.id
        for kind in family
        for part in kind.body
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    known = {part.name for part in methods} | set_there | constants
    for part in methods:
        if part.name != "__init__" and not all(_is_steady(n, parents, known) for n in ast.walk(part)):
            return None
    found = set_there | constants
    return found if None not in begun and found.isdisjoint(part.name for part in methods) else None


def _begun(constructor: Function) -> list[str] | None:
    """What a constructor sets, each to a parameter or a constant; None if it does anything else."""
    found: list[str] = []
    for statement in constructor.body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=above, attr="__init__"))) if _is_super(above):
                continue
            case ast.Assign(targets=[target], value=value):
                targets = target.elts if isinstance(target, ast.Tuple) else [target]
                values = value.elts if isinstance(value, ast.Tuple) and len(targets) > 1 else [value]
                if len(values) != len(targets) or not all(isinstance(v, ast.Name | ast.Constant) for v in values):
                    return None
                if not all(isinstance(n, ast.Attribute) and shapes.is_self(n.value) for n in targets):
                    return None
                found += [n.attr for n in targets if isinstance(n, ast.Attribute)]
            case _:
                return None
    return found


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and context.name_of(node.func) == "super" and not node.args


def _is_steady(node: ast.AST, parents: dict[ast.AST, ast.AST], known: set[str]) -> bool:
    """Whether a node in a method changes nothing that another answer may depend on, and reads nothing of the program's.
    known: methods and fields of the class.
    """
    if isinstance(node, ast.Global | ast.Nonlocal | ast.NamedExpr) or shapes.is_call(
        node, ("super", "vars", "getattr")
    ):
        return False
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return False
    if not shapes.is_self(node):
        return True
    read = parents[node]
    if shapes.is_call(read, ("type",)):  # `type(self).__name__`
        return getattr(parents[read], "attr", "") == "__name__"
    if not (isinstance(read, ast.Attribute) and read.attr in known and isinstance(read.ctx, ast.Load)):
        return False
    above = parents[read]
    return not isinstance(above, ast.Attribute) or above.attr in _OF_TEXTS or above.attr in known


def are_methods(family: list[ast.ClassDef], asked: Collection[str]) -> bool:
    """Whether all of these names are methods of the class that tests only call, or properties."""
    parts = [part for kind in family for part in kind.body]
    methods = {p.name for p in parts if isinstance(p, ast.FunctionDef) and not p.decorator_list}
    read = {
        p.name
        for p in parts
        if isinstance(p, ast.FunctionDef) and [context.name_of(mark) for mark in p.decorator_list] == ["property"]
    }
    if not set(asked) <= methods ^ read:
        return False
    for tree in context.trees():
        parents = context.parents_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in asked and node.attr in methods:
                above = parents[node]
                if not (isinstance(above, ast.Call) and above.func is node):
                    return False
    return True
