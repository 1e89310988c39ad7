"""Whether two definitions of a class say the same."""

from __future__ import annotations

import ast
import zlib

_Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def mark_of(definition: ast.ClassDef) -> int:
    """A number that definitions share which differ in docstrings, annotations of functions and layout alone."""
    plain = ast.parse(ast.unparse(definition))
    for node in ast.walk(plain):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, _Documented):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
            if not isinstance(node, ast.ClassDef):
                node.returns = None
    return zlib.crc32(ast.dump(plain).encode("utf-8", "surrogatepass"))
