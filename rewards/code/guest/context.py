"""Whether the truth of an object, asked for at this moment, would be a verdict of a test.

It is in an assertion (of the test's source, of unittest, of numpy's functions) and in code that was made on the fly; it
is not where a test walks a structure (`while node:`, `f(node.left) if node else []`), nor where an assertion goes on to
ask for more (`assert node and node.val == 3`), nor inside another library.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import TypeAlias

SOURCES: dict[str, str] = {}
_trees: dict[str, ast.Module] = {}
_names: dict[str, frozenset[str]] = {}
_DOTTED = re.compile(r"[\w.]+\Z")
_known: dict[tuple[CodeType, int], bool] = {}
_MOST_KNOWN = 1000
_VERDICTS = ("/unittest/case.py", "/_pytest/python_api.py", "/_pytest/approx.py", "/_pytest/assertion/", "/numpy/")


def add_source(file: str, source: str) -> None:
    """The source of a test, by the file name that its code was compiled with."""
    SOURCES[file] = source
    _trees.pop(file, None)
    _names.pop(file, None)


def tree_of(file: str) -> ast.Module | None:
    """Parsed when it is first asked for: for most tests it never is."""
    if file in SOURCES and file not in _trees:
        _trees[file] = ast.parse(SOURCES[file])
    return _trees.get(file)


def mentions(*words: str) -> bool:
    """Whether the tests name one of these."""
    return any(word in source for source in SOURCES.values() for word in words)


def speaks_here(word: str) -> bool:
    """Whether a function of the tests that runs at this moment names it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename in SOURCES and word in SOURCES[code.co_filename]:
            last = max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
            if any(word in line for line in SOURCES[code.co_filename].splitlines()[code.co_firstlineno - 1 : last]):
                return True
        frame = frame.f_back
    return False


def uses_name(name: str) -> bool:
    """Whether the tests' source names it, as a name, an attribute, in an import or as a text."""
    return any(name in _names_of(file) for file in SOURCES)


def _names_of(file: str) -> frozenset[str]:
    if file not in _names:
        found: set[str] = set()
        for node in ast.walk(tree_of(file) or ast.Module([], [])):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.alias):
                found.update(node.name.split("."))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.match(node.value):
                found.update(node.value.split("."))
        _names[file] = frozenset(found)
    return _names[file]


def trees() -> Iterator[ast.Module]:
    """All sources, parsed."""
    return (tree for file in SOURCES if (tree := tree_of(file)) is not None)


def truth_decides(frame: FrameType | None) -> bool:
    """Whether the frame that asks for a truth is in an assertion, as far as can be told."""
    if frame is None:
        return True
    file = frame.f_code.co_filename
    tree = tree_of(file)
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


_Span: TypeAlias = tuple[int, int, int, int]  # first line, last line, first column, last column


def span(node: ast.stmt | ast.expr) -> _Span:
    return node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or node.col_offset


def _holds(node: ast.stmt, place: _Span) -> bool:
    first, last, start, end = span(node)
    return (first, start) <= (place[0], place[2]) and (place[1], place[3]) <= (last, end)


def place_of(frame: FrameType) -> _Span:
    """Where in the source the expression stands whose truth is asked for: a jump belongs to what was made before it."""
    import dis

    at, code = frame.f_lasti // 2, frame.f_code.co_code
    if "JUMP" in dis.opname[code[2 * at]] or dis.opname[code[2 * at]] == "TO_BOOL":
        at -= 1
        while at > 0 and dis.opname[code[2 * at]] in ("CACHE", "<0>", "COPY", "TO_BOOL"):
            at -= 1
    found = next((place for index, place in enumerate(frame.f_code.co_positions()) if index == at), None)
    if found is None or None in found:
        return frame.f_lineno, frame.f_lineno, 0, 0
    return found  # type: ignore[return-value]


def _leads_on(statement: ast.stmt, place: _Span) -> bool:
    """Whether the truth at a place only says where a statement goes on, and no verdict is made of it alone."""
    parents = {child: node for node in ast.walk(statement) for child in ast.iter_child_nodes(node)}
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


def calls_assertion(statement: ast.stmt) -> bool:
    """`self.assertTrue(...)` and its like."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    name = call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else name
    return name.startswith("assert")
