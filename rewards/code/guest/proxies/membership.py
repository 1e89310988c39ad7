"""In the checker: what a test looks into (`x in bag`, `assertIn(x, bag)`), and whether it also says what is not in it.

An object that says yes to everything passes `"b" in trie`, but not a test that also says `"c" not in trie`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType

from ..sources import context, shapes
from ..sources.context import Function, ancestors, name_of, parents_of
from . import proxies
from .attributes import DATA_HAS

_DISPLAY = ast.List | ast.Tuple | ast.Set


def insides(node: ast.AST) -> list[ast.expr]:
    """Expressions that a test looks into: `x in bag`, `assertIn(x, bag)`."""
    if isinstance(node, ast.Compare):
        return [s for op, s in zip(node.ops, node.comparators, strict=True) if isinstance(op, ast.In | ast.NotIn)]
    return node.args[1:2] if isinstance(node, ast.Call) and name_of(node.func) in ("assertIn", "assertNotIn") else []


def looks_into_object(frame: FrameType) -> bool:
    """Whether a test, by its text, looks into an object of the program just now: `x in graph`, if it also uses
    `graph.shortest_path`; or into a result of a known object: `x in store.keys()`, `x in config["a"]`, or their name.

    A name that the function binds itself is local to it; what comes from a fixture or `self` is the same everywhere.
    """
    found = context.running(frame, ast.Compare, ast.Call)
    sides = [side for node in found for side in insides(node)]
    if any(_is_part_of_known(side, frame) for side in sides):
        return True
    name = next((name_of(side) for side in sides if name_of(side)), "")
    if not name:
        return False
    around = [above for node in found for above in ancestors(node, context.parents_around(frame))]
    function = next((n for n in reversed(around) if isinstance(n, Function)), None)
    held = (n for n in ast.walk(function or around[-1]) if isinstance(n, ast.Assign))
    values = [n.value for n in held if any(isinstance(t, ast.Name) and t.id == name for t in n.targets)]
    if values and all(_is_part_of_known(value, frame) for value in values):
        return True
    among = [function] if function is not None and name in shapes.stored_in(function) else context.trees()
    asked = (n for part in among for n in ast.walk(part) if isinstance(n, ast.Attribute) and n.attr not in DATA_HAS)
    return any(name_of(node.value) == name for node in asked)


def denies_too(frame: FrameType) -> bool:
    """Whether the tests also say of something that it is not in what a test looks into just now, by its name or class:
    `"ca" not in trie`, `assertNotIn`, `("ca" in trie) is False`, `[x in span for x in range(4)] == [...]`.
    """
    found = context.running(frame, ast.Compare, ast.Call)
    names = set().union(*(_inside_of(side) for node in found for side in insides(node)))
    return any(_inside_of(side) & names for each in context.trees() for side in _denied(each))


def _inside_of(side: ast.expr) -> set[str]:
    """The names of what an expression looks into: of `tags | Tags("c")`, both. An item has its holder's, marked."""
    return set(map(_spelled, joined(side))) - {""}


def _spelled(part: ast.expr) -> str:
    if isinstance(part, ast.Subscript):
        holder = _spelled(part.value)
        return f"{holder}[]" if holder else ""
    return name_of(shapes.called(part))


def joined(side: ast.expr) -> list[ast.expr]:
    """The operands of an expression: of `a | b`, both."""
    return [*joined(side.left), *joined(side.right)] if isinstance(side, ast.BinOp) else [side]


def _denied(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions that a test says something is not in."""
    parents = parents_of(tree)
    for node, above in parents.items():
        if not (looked := insides(node)):
            continue
        denies = isinstance(node, ast.Compare) and any(isinstance(op, ast.NotIn) for op in node.ops)
        denies = denies or (isinstance(node, ast.Call) and name_of(node.func) == "assertNotIn")
        denies = denies or isinstance(above, ast.Compare) or _is_denied(node, parents)
        if denies or _named(above, parents) & _denied_names(tree):
            yield from looked


def _is_denied(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a statement says no to an expression in it, or to some of those that it stands for."""
    around = itertools.takewhile(lambda above: not isinstance(above, ast.stmt), ancestors(node, parents))
    return any(_negates(above) or _compares_with_no(above) or _selects(above) for above in around)


def _negates(node: ast.AST) -> bool:
    """`not any(w in trie for w in others)`, `assertFalse(w in trie)`."""
    called = name_of(node.func) if isinstance(node, ast.Call) else ""
    return called == "assertFalse" or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _compares_with_no(node: ast.AST) -> bool:
    """`[x in span for x in range(4)] == [False, True, True, False]`, `assertEqual(w in trie, False)`."""
    compares = isinstance(node, ast.Compare) or (
        isinstance(node, ast.Call) and name_of(node.func) in ("assertEqual", "assertIs")
    )
    return compares and any(isinstance(n, ast.Constant) and n.value is False for n in ast.walk(node))


def _selects(node: ast.AST) -> bool:
    """Whether some of several are left out, by the numbers of both: `[x for x in range(4) if x in span] == [1, 2]`."""
    if not (isinstance(node, ast.Compare) and len(node.comparators) == 1 and isinstance(node.ops[0], ast.Eq)):
        return False
    sides = (node.left, node.comparators[0])
    made = [side for side in sides if isinstance(side, ast.ListComp | ast.SetComp) and len(side.generators) == 1]
    counts = [len(side.elts) for side in sides if isinstance(side, _DISPLAY)]
    return len(made) == len(counts) == 1 and _count(made[0].generators[0].iter) > counts[0]


def _count(walked: ast.expr) -> int:
    """How many items a literal or a range has; 0 if that is not known."""
    if isinstance(walked, _DISPLAY):
        return len(walked.elts)
    if isinstance(walked, ast.Constant) and isinstance(walked.value, str):
        return len(walked.value)
    if not (isinstance(walked, ast.Call) and name_of(walked.func) == "range" and not walked.keywords):
        return 0
    limits = [each.value for each in walked.args if isinstance(each, ast.Constant) and type(each.value) is int]
    return len(range(*limits)) if len(limits) == len(walked.args) in (1, 2) else 0


def _named(above: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """The names of what stands in a statement: those that are assigned, or that of the function that returns it."""
    if isinstance(above, ast.Return):
        return {getattr(context.function_around(above, parents), "name", "")} - {""}
    return set(map(name_of, above.targets)) - {""} if isinstance(above, ast.Assign) else set()


@lru_cache(maxsize=16)
def _denied_names(tree: ast.Module) -> frozenset[str]:
    """Names that a test negates: `assert inside and not outside`."""
    parents = parents_of(tree)
    names = (node for node in parents if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return frozenset(node.id for node in names if _is_denied(node, parents))


def _is_part_of_known(side: ast.expr, frame: FrameType) -> bool:
    """Whether an expression uses an object that has a name, or is in `self`, and whose class the tests know."""
    parts = [side]
    while isinstance(inner := parts[-1], ast.Attribute | ast.Subscript | ast.Call):
        parts.append(inner.func if isinstance(inner, ast.Call) else inner.value)
    if not isinstance(name := parts.pop(), ast.Name):
        return False
    value = context.value_of(frame, name.id)
    if not proxies.is_proxy(value) and parts and isinstance(held := parts.pop(), ast.Attribute):
        of_instance = getattr(value, "__dict__", None)
        value = of_instance.get(held.attr) if type(of_instance) is dict else None
    return bool(parts) and issubclass(type(value), proxies.RootOfObjects) and proxies.is_known(value)
