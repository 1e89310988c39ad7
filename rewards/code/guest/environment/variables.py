"""In the checker: environment variables that the program sets and a test then looks at, by the test's text alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ..sources import context, shapes

_OF_SYSTEM = re.compile(r"PYTHON|PYTEST|LD_|_|LC_|MALLOC|NUMPY|OPENBLAS|OMP_")


def set_by_program(trees: Iterable[ast.Module]) -> set[str]:
    """Environment variables that the tests leave for the program to set, and then look at.

    Only those that they just compare in assertions: a variable that a test computes with, or reads with a default,
    could decide which of its assertions run. One that a test sets itself may be the expected value, unless it is only
    compared with literals.
    """
    compared: set[str] = set()
    set_here: set[str] = set()
    by_value: set[str] = set()  # compared with something other than a literal
    other: set[str] = set()
    all_set = False
    for tree in trees:
        parents = context.parents_of(tree)
        all_set = all_set or any(map(_replaces_environment, parents))
        for node in parents:
            if isinstance(node, ast.Constant) and type(node.value) is str:
                read = _reading(node, parents)
                if read is None:
                    continue
                if _is_set(read, parents):
                    set_here.add(node.value)
                    continue
                (compared if _is_compared(read, parents) else other).add(node.value)
                if not _is_with_literals(read, parents):
                    by_value.add(node.value)
    kept = compared - other - (by_value if all_set else by_value & set_here)
    return {name for name in kept if name and not _OF_SYSTEM.match(name)}


def _is_set(use: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """`environ["X"] = ...`, `del environ["X"]`, `environ.pop("X", None)`, `monkeypatch.setenv("X", ...)`."""
    if isinstance(use, ast.Subscript):
        return not isinstance(use.ctx, ast.Load)
    if not isinstance(use, ast.Call):
        return False
    name = context.name_of(use.func)
    return name == "setenv" or (name == "pop" and isinstance(parents[use], ast.Expr))


def _is_with_literals(read: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether an assertion compares it with literals only."""
    above = read if isinstance(read, ast.Compare) else parents[read]
    if not isinstance(above, ast.Compare):
        return False
    sides = [side for side in shapes.sides(above) if side is not read]
    return all(isinstance(side, ast.Constant) or context.name_of(side) == "environ" for side in sides)


def _replaces_environment(node: ast.AST) -> bool:
    """`patch.dict(os.environ, ...)`, `os.environ.update(...)`, `os.environ = ...`, `setattr(os, "environ", ...)`."""
    if isinstance(node, ast.Attribute) and node.attr in ("dict", "update", "clear"):
        return node.attr == "dict" or context.name_of(node.value) == "environ"
    if isinstance(node, ast.Attribute | ast.Name) and context.name_of(node) == "environ":
        return isinstance(node.ctx, ast.Store)
    return isinstance(node, ast.Constant) and node.value in ("environ", "os.environ")


def _reading(name: ast.Constant, parents: dict[ast.AST, ast.AST]) -> ast.AST | None:
    """The expression that reads the variable of that name: `environ["X"]`, `getenv("X", ...)`, `"X" in environ`; None
    if the string is no variable's name there.
    """
    above = parents[name]
    if isinstance(above, ast.Subscript) and context.name_of(above.value) == "environ":
        return above
    if isinstance(above, ast.Compare) and any(context.name_of(side) == "environ" for side in above.comparators):
        return above
    if isinstance(above, ast.Call):
        of_environ = isinstance(above.func, ast.Attribute) and context.name_of(above.func.value) == "environ"
        handed = any(context.name_of(argument) == "environ" for argument in above.args)
        if of_environ or handed or context.name_of(above.func).endswith("env"):
            return above
    return None


def _is_compared(read: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether it is only compared, in an assertion."""
    if isinstance(read, ast.Subscript) and not isinstance(read.ctx, ast.Load):
        return False
    if isinstance(read, ast.Call):
        if (name := context.name_of(read.func)).startswith("assert") or name == "delenv":
            return True
        if name not in ("get", "getenv") or len(read.args) + len(read.keywords) != 1:
            return False
    at = read if isinstance(read, ast.Compare) else parents[read]
    if isinstance(at, ast.Call):
        return context.name_of(at.func).startswith("assert")
    while isinstance(parents[at], ast.BoolOp):
        at = parents[at]
    return isinstance(at, ast.Compare | ast.BoolOp) and isinstance(parents[at], ast.Assert)
