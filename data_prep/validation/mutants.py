"""Make wrong programs that good tests must reject: small changes of a given one, stubs, constant answers.

Example:
    >>> changed("def f(x):\\n    return x + 1")[0]
    'def f(x):\\n    return x + 2'
    >>> stub("def f(x):\\n    return x + 1")
    'def f(x):\\n    return None'
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator

from rewards.code.references import (
    AssertsReference,
    CheckReference,
    CodeReference,
    FunctionReference,
    PytestReference,
    StdioReference,
)

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
    """Mutants of a source with one change each (an operator, comparison, number or truth value), from its end.

    Raises:
        SyntaxError: the source is not Python.
    """
    made: list[str] = []
    for place in reversed(range(sum(1 for _ in ast.walk(parsed(source))))):
        if len(made) == most:
            break
        tree = parsed(source)
        if _change(list(ast.walk(tree))[place]):
            made.append(ast.unparse(tree))
    return made


def stub(source: str) -> str:
    """The source with all function bodies replaced by `return None`. Raises SyntaxError."""
    tree = parsed(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Return(value=ast.Constant(value=None))]
    return ast.unparse(ast.fix_missing_locations(tree))


def empty(reference: CodeReference) -> str:
    """A program that defines the functions that the tests call, with empty bodies; empty if they call none."""
    return _returning(reference, "None")


def constant(reference: CodeReference) -> str:
    """A program that always gives the one value that all tests expect; empty if there is no such value."""
    if isinstance(reference, StdioReference):
        outputs = {case.stdout for case in reference.cases}
        return f"import sys\nsys.stdout.write({outputs.pop()!r})" if len(outputs) == 1 else ""
    wanted = set(_wanted(reference))
    return _returning(reference, wanted.pop()) if len(wanted) == 1 and "" not in wanted else ""


def _returning(reference: CodeReference, value: str) -> str:
    from rewards.audit.twins import calls_of  # slow to import, and not needed for most data sets

    names = [name for name in calls_of(reference) if name != "candidate"]
    plain = [f"def {name}(*a, **k):\n    return {value}\n" for name in names if "." not in name]
    methods = (name.split(".") for name in names if name.count(".") == 1)
    return "".join(
        [
            *plain,
            *(f"class {owner}:\n    def {name}(self, *a, **k):\n        return {value}\n" for owner, name in methods),
        ]
    )


def _wanted(reference: CodeReference) -> Iterator[str]:
    """The value that each test expects, as source; empty if it is not a literal."""
    match reference:
        case FunctionReference(cases=cases):
            for case in cases:
                plain = case.expected is None or isinstance(case.expected, str | int | float | list | tuple)
                yield repr(json.loads(json.dumps(case.expected))) if plain else ""
        case AssertsReference(asserts=sources):
            for source in sources:
                yield from _of_asserts(source)
        case CheckReference(test=source):
            yield from _of_asserts(source)
        case PytestReference(files=files):
            for source in files.values():
                yield from _of_asserts(source)


def _of_asserts(source: str) -> Iterator[str]:
    try:
        tree = parsed(source)
    except SyntaxError:
        yield ""
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield _value(node.test)


def _value(test: ast.expr) -> str:
    """The value that `f(x) == value`, `f(x)` or `not f(x)` expects."""
    if isinstance(test, ast.Call):
        return "True"
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Call):
        return "False"
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Call) and isinstance(test.ops[0], ast.Eq | ast.Is):
        try:
            return repr(ast.literal_eval(test.comparators[0]))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return ""
    return ""


def parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escape sequences
        return ast.parse(source)


def _change(node: ast.AST) -> bool:
    """Change a node in place if possible. Returns whether it was changed."""
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
