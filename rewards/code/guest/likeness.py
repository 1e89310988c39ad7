"""What two definitions of a class have in common."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def marks_of(definition: ast.ClassDef) -> tuple[int, ...]:
    """A number for what a class derives from and is decorated with, and one for each statement of its body.

    Definitions share them that differ in docstrings, annotations of functions and layout alone.
    """
    head = ast.ClassDef(**{**dict(ast.iter_fields(definition)), "name": "", "body": []})
    return (_mark(head), *map(_mark, statements(definition)))


def statements(definition: ast.ClassDef) -> list[ast.stmt]:
    """The body of a class, without what says nothing."""
    return [node for node in definition.body if not isinstance(node, ast.Pass) and not _is_text(node)]


def added(definition: ast.ClassDef, marks: Sequence[int]) -> list[ast.stmt] | None:
    """Methods that a definition has beyond one with these marks; None where it is another one."""
    own = marks_of(definition)
    if own[0] != marks[0] or not set(marks[1:]) <= set(own[1:]):
        return None
    more = [node for node, mark in zip(statements(definition), own[1:], strict=True) if mark not in marks[1:]]
    return more if all(isinstance(node, _Function) for node in more) else None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _mark(statement: ast.stmt) -> int:
    plain = ast.parse(ast.unparse(statement)) if not isinstance(statement, ast.ClassDef) else statement
    for node in ast.walk(plain):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, _Function):
            node.returns = None
            if len(node.body) > 1 and _is_text(node.body[0]):
                del node.body[0]
    return zlib.crc32(ast.dump(plain).encode("utf-8", "surrogatepass"))
