"""Whether the truth of an object, asked for at this moment, would be a verdict of a test.

It is in an assertion (of the test's source, of unittest, of numpy's functions) and in code that was made on the fly; it
is not where a test walks a structure (`while node:`), nor inside another library.
"""

from __future__ import annotations

import ast
from types import FrameType

SOURCES: dict[str, ast.Module | None] = {}
_VERDICTS = ("/unittest/case.py", "/_pytest/python_api.py", "/_pytest/approx.py", "/_pytest/assertion/", "/numpy/")


def add_source(file: str, tree: ast.Module) -> None:
    """The syntax tree of a test's source, by the file name that its code was compiled with."""
    SOURCES[file] = tree


def truth_decides(frame: FrameType | None) -> bool:
    """Whether the frame that asks for a truth is in an assertion, as far as can be told."""
    if frame is None:
        return True
    file = frame.f_code.co_filename
    tree = SOURCES.get(file)
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
