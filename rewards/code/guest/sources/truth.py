"""In the checker: whether the truth value of an object, requested just now, would be the verdict of a test.

It is a verdict in an assertion (in the test's source, of unittest, or of numpy's functions) and in code made at run
time. It is none where a test walks a structure (`while node:`, `f(node.left) if node else []`), where an assertion
checks more (`assert node and node.val == 3`), or inside another library.
"""

from __future__ import annotations

import ast
from types import CodeType, FrameType

from . import context
from .context import Span, calls_assertion, parents_in, place_of, span

_known: dict[tuple[CodeType, int], bool] = {}
_MOST_KNOWN = 1000
_VERDICTS = ("/unittest/case.py", "/_pytest/python_api.py", "/_pytest/approx.py", "/_pytest/assertion/", "/numpy/")


def decides(frame: FrameType | None) -> bool:
    """Whether the frame that requests a truth value is in an assertion, as far as can be determined."""
    if frame is None:
        return True
    file = frame.f_code.co_filename
    tree = context.tree_of(file)
    if tree is None:
        return file.startswith("<") or any(part in file for part in _VERDICTS)
    where = (frame.f_code, frame.f_lasti)
    if where not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[where] = _decides(tree, frame)
    return _known[where]


def _decides(tree: ast.Module, frame: FrameType) -> bool:
    place = place_of(frame)
    inner: ast.stmt | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and _holds(node, place) and (inner is None or _holds(inner, span(node))):
            inner = node
    if inner is None or isinstance(inner, ast.While | ast.If | ast.For | ast.Assign | ast.AugAssign | ast.AnnAssign):
        return inner is None
    return not _leads_on(inner, place)


def _holds(node: ast.stmt, place: Span) -> bool:
    first, last, start, end = span(node)
    return (first, start) <= (place[0], place[2]) and (place[1], place[3]) <= (last, end)


def _leads_on(statement: ast.stmt, place: Span) -> bool:
    """Whether the truth value at a position only decides how a statement continues, and is no verdict by itself."""
    parents = parents_in(statement)
    asked: ast.AST | None = next(
        (node for node in parents if isinstance(node, ast.expr) and span(node) == place),
        None,
    )
    asserts = isinstance(statement, ast.Assert) or calls_assertion(statement)
    while asked is not None:
        parent = parents.get(asked)
        if isinstance(parent, ast.IfExp):
            return parent.test is asked and not (asserts and _constant(parent.body, parent.orelse))
        if isinstance(parent, ast.comprehension):
            made = parents.get(parent)
            return not (asserts and _constant(*(n for n in ast.iter_child_nodes(made or parent) if n is not parent)))
        if isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.And) and _goes_on(parent, asked):
            return True
        if isinstance(parent, ast.Return):
            return isinstance(asked, ast.BoolOp | ast.UnaryOp)
        if not isinstance(parent, ast.BoolOp | ast.UnaryOp):
            return False
        asked = parent
    return False


def _goes_on(conjunction: ast.BoolOp, asked: ast.AST) -> bool:
    return not _constant(*conjunction.values[list(map(id, conjunction.values)).index(id(asked)) + 1 :])


def _constant(*nodes: ast.AST) -> bool:
    return all(isinstance(node, ast.Constant) for node in nodes)
