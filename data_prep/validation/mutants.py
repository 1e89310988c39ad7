"""Programs that are nearly a given one: what good tests must notice.

Example:
    >>> changed("def f(x):\\n    return x + 1")[0]
    'def f(x):\\n    return x + 2'
    >>> stub("def f(x):\\n    return x + 1")
    'def f(x):\\n    return None'
"""

from __future__ import annotations

import ast
import warnings

MOST_CHANGES = 6

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}


def changed(source: str, most: int = MOST_CHANGES) -> list[str]:
    """The source with one change each (an operator, a comparison, a number, a truth), from its end to its beginning.

    Raises:
        SyntaxError: it is no Python.
    """
    made: list[str] = []
    for place in reversed(range(sum(1 for _ in ast.walk(_parsed(source))))):
        if len(made) == most:
            break
        tree = _parsed(source)
        if _change(list(ast.walk(tree))[place]):
            made.append(ast.unparse(tree))
    return made


def stub(source: str) -> str:
    """The source with functions that return None at once. Raises SyntaxError."""
    tree = _parsed(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Return(value=ast.Constant(value=None))]
    return ast.unparse(ast.fix_missing_locations(tree))


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape of the source's
        return ast.parse(source)


def _change(node: ast.AST) -> bool:
    """Change a node where it can be changed; True = it was."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        node.ops[0] = _COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        node.op = _OPERATORS[type(node.op)]()
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
    else:
        return False
    return True
