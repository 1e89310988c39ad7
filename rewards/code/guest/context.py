"""Whether the truth of an object, asked for at this moment, would be a verdict of a test.

It is in an assertion (of the test's source, of unittest, of numpy's functions) and in code that was made on the fly; it
is not where a test walks a structure (`while node:`), nor inside another library.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FrameType

SOURCES: dict[str, str] = {}
_trees: dict[str, ast.Module] = {}
_VERDICTS = ("/unittest/case.py", "/_pytest/python_api.py", "/_pytest/approx.py", "/_pytest/assertion/", "/numpy/")


def add_source(file: str, source: str) -> None:
    """The source of a test, by the file name that its code was compiled with."""
    SOURCES[file] = source


def _tree_of(file: str) -> ast.Module | None:
    """Parsed when it is first asked for: for most tests it never is."""
    if file in SOURCES and file not in _trees:
        _trees[file] = ast.parse(SOURCES[file])
    return _trees.get(file)


def trees() -> Iterator[ast.Module]:
    """All sources, parsed."""
    return (tree for file in SOURCES if (tree := _tree_of(file)) is not None)


def truth_decides(frame: FrameType | None) -> bool:
    """Whether the frame that asks for a truth is in an assertion, as far as can be told."""
    if frame is None:
        return True
    file = frame.f_code.co_filename
    tree = _tree_of(file)
    if tree is None:
        return file.startswith("<") or any(part in file for part in _VERDICTS)
    line = frame.f_lineno
    inner: ast.stmt | None = None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.stmt)
            and node.lineno <= line <= (node.end_lineno or node.lineno)
            and (inner is None or (node.lineno, -(node.end_lineno or 0)) >= (inner.lineno, -(inner.end_lineno or 0)))
        ):
            inner = node
    return not isinstance(inner, ast.While | ast.If | ast.For | ast.Assign | ast.AugAssign | ast.AnnAssign)
