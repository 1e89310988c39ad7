"""In the checker: a program that changes what a test handed over, so that the test agrees with it.

`assert solve(xs) == sorted(xs)` holds for a program that empties `xs` and returns nothing. Sorting in place is honest,
and so is taking items out where the test looks at what is left. So only what is plain counts: the call's answer is
compared, as equal, with what a test computes of the very container, of which the program has changed what it holds.
"""

from __future__ import annotations

import ast
from collections import Counter, deque
from types import FrameType
from typing import Any

from . import context

_ATOMS = (type(None), bool, int, float, complex, str, bytes)
# Functions that say nothing about what it holds, or give it as it is.
_PLAIN = ("len", "id", "type", "print", "repr", "isinstance", "list", "tuple", "copy", "deepcopy", "str")
_MOST_HELD = 1000
_changed: list[Any] = []


def content(value: Any) -> Any:
    """What a container holds, in whatever order; None where it does not matter."""
    if isinstance(value, list):
        return Counter(map(_key, list.__iter__(value)))
    if isinstance(value, dict):
        return Counter(map(_key, (*dict.__iter__(value), *dict.values(value))))
    if isinstance(value, set):
        return frozenset(map(_key, set.__iter__(value)))
    if isinstance(value, deque):
        return Counter(map(_key, deque.__iter__(value)))
    return None


def _key(item: Any) -> Any:
    return (type(item), item) if type(item) in _ATOMS else id(item)


def note(value: Any, before: Any) -> None:
    """The program has changed a container, of which this was the content."""
    if before is not None and content(value) != before:
        _changed.append(value)


def forget() -> None:
    """A question begins."""
    _changed.clear()


def has_changed() -> bool:
    """Whether the program has changed anything since."""
    return bool(_changed)


def is_judged_by(frame: FrameType | None) -> bool:
    """Whether the test at this moment compares the answer with what it computes of a container that was changed."""
    if frame is None or (tree := context.tree_of(frame.f_code.co_filename)) is None:
        return False
    held = {**frame.f_globals, **frame.f_locals}
    spoiled = {name for name, value in held.items() if _is_or_holds(value)}
    place = context.place_of(frame)
    call = next((n for n in ast.walk(tree) if isinstance(n, ast.Call) and context.span(n) == place), None)
    if not spoiled or call is None:
        return False
    body = _function_around(tree, call)
    statement = min(
        (n for n in ast.walk(body) if isinstance(n, ast.stmt) and n is not body and _holds(n, call)),
        key=lambda n: (n.end_lineno or n.lineno) - n.lineno,
        default=None,
    )
    if statement is None:
        return False
    answers = _targets(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else set()
    later = [n for n in ast.walk(body) if isinstance(n, ast.stmt) and n.lineno >= statement.lineno]
    computed: set[str] = set()
    for node in later:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node is not statement and node.value is not None:
            computed |= _targets(node) if _computes(node.value, spoiled, call) else set()

    def is_answer(side: ast.expr) -> bool:
        return any(n is call or (isinstance(n, ast.Name) and n.id in answers) for n in ast.walk(side))

    def is_spoiled(side: ast.expr) -> bool:
        named = any(isinstance(n, ast.Name) and n.id in computed for n in ast.walk(side))
        return not is_answer(side) and (named or _computes(side, spoiled, call))

    pairs = (pair for node in later for inner in ast.walk(node) for pair in _compared(inner))
    return any((is_answer(a) and is_spoiled(b)) or (is_answer(b) and is_spoiled(a)) for a, b in pairs)


def _is_or_holds(value: Any, depth: int = 2) -> bool:
    if any(value is changed for changed in _changed):
        return True
    if depth and type(value) in (list, tuple, dict) and len(value) < _MOST_HELD:
        return any(_is_or_holds(item, depth - 1) for item in (value.values() if type(value) is dict else value))
    return False


def _holds(statement: ast.stmt, call: ast.Call) -> bool:
    return not hasattr(statement, "body") and any(node is call for node in ast.walk(statement))


def _function_around(tree: ast.Module, call: ast.Call) -> ast.AST:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    around = [n for n in ast.walk(tree) if isinstance(n, functions) and any(inner is call for inner in ast.walk(n))]
    return max(around, key=lambda n: n.lineno, default=tree)


def _targets(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def _computes(side: ast.AST, spoiled: set[str], call: ast.Call) -> bool:
    """Whether a function is called there with the container: `sorted(xs)`, and not `len(xs)`."""
    calls = (node for node in ast.walk(side) if isinstance(node, ast.Call) and node is not call)
    return any(
        isinstance(name, ast.Name) and name.id in spoiled
        for node in calls
        if not (isinstance(node.func, ast.Name) and node.func.id in _PLAIN)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
        for name in ast.walk(argument)
    )


def _compared(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """The two sides of a comparison for equality, of whatever form."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return [(node.left, node.comparators[0])]
    if isinstance(node, ast.Call) and len(node.args) >= 2:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if any(word in name.lower() for word in ("equal", "close", "assert", "same")):
            return [(node.args[0], node.args[1])]
    return []
