"""In the checker: text that a test evaluates, its own except for names of the program: `f"cache.{op}(*args)"`.

Such text is recognised by the expression in the test that makes it: constants with holes between them. A hole may hold
a single name, and only one that is looked up on an object of the program, or refers to one.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ..proxies import proxies
from ..sources import context
from ..sources.names import IDENTIFIER

_NAME = r"([A-Za-z]\w*)"
_COMPARES = re.compile(r"[=!<>]=|[<>]|\b(?:is|in|and|or|not)\b")
_MARKS = {"%": re.compile(r"%s"), "format": re.compile(r"\{\w*\}")}


def is_filled(tree: ast.AST, text: str | bytes, frame: FrameType, around: dict[str, Any]) -> bool:
    """Whether the text is of this kind. around: the meaning of names there."""
    if isinstance(text, bytes) or not isinstance(tree, ast.Module) or len(tree.body) != 1:
        return False
    if not isinstance(tree.body[0], ast.Expr | ast.Assign):
        return False
    return any(_fills(parts, text, tree, around) for parts in _written(frame))


def compared_words(frame: FrameType) -> set[str]:
    """Words of such an expression if it compares what is filled in: `f"{text} == expected"`."""
    found: set[str] = set()
    for parts in _written(frame):
        own = " ".join(part for part in parts if part is not None)
        if None in parts and _COMPARES.search(own):
            found |= set(IDENTIFIER.findall(own))
    return found


def _fills(parts: list[str | None], text: str, tree: ast.Module, around: dict[str, Any]) -> bool:
    if all(part is None or not part.strip() for part in parts):
        return False
    found = re.fullmatch("".join(_NAME if part is None else re.escape(part) for part in parts), text)
    if found is None:
        return False
    holes = set(found.groups())
    if any(keyword.iskeyword(name) or "__" in name for name in holes):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in holes:
            if not _is_of_program(node.value, around):
                return False
        elif isinstance(node, ast.Name) and node.id in holes:
            if not isinstance(node.ctx, ast.Load) or not proxies.is_proxy(around.get(node.id)):
                return False
        elif isinstance(node, ast.Lambda | ast.comprehension | ast.NamedExpr):
            return False
    return True


def _is_of_program(node: ast.expr, around: dict[str, Any]) -> bool:
    """Whether an expression is an object of the program, or creates one: `cache`, `Solution()`."""
    if isinstance(node, ast.Call):
        node = node.func
        return isinstance(node, ast.Name) and proxies.is_class(around.get(node.id))
    return isinstance(node, ast.Name) and proxies.is_proxy(around.get(node.id))


def _written(frame: FrameType) -> Iterator[list[str | None]]:
    """The parts of the text that a frame is evaluating, by its source: constants, and None for each hole."""
    for source in (call.args[0] for call in context.running_calls(frame) if call.args):
        if isinstance(source, ast.Name):
            yield from map(_parts, _assigned(frame, source.id))
        else:
            yield _parts(source)


def _assigned(frame: FrameType, name: str) -> Iterator[ast.expr]:
    for node in context.parents_around(frame):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            yield node.value


def _parts(node: ast.expr) -> list[str | None]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _parts(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_parts(node.left), *_parts(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _split(node.left, "%")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _split(node.func.value, "format")
    return [None]


def _split(node: ast.expr, kind: str) -> list[str | None]:
    """The pieces of a format string between its placeholders."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return [None]
    parts: list[str | None] = []
    for piece in _MARKS[kind].split(node.value):
        parts += [piece, None]
    return parts[:-1]
