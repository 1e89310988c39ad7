"""In the checker: which names the tests use as classes of the program, rather than functions, by their source.

An operator on an object that the test itself created (`Vector(1, 2) * 3 == Vector(3, 6)`) is something that a proxy
cannot provide, and not the program's fault. But a program could cause this by defining a class instead of a function
(`Average([1, 2]) - 1.5`). So a name counts as a class only if the tests treat it as one: they use attributes of its
objects, compare two of them, derive from it, or pass it on.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import FrameType
from typing import TypeGuard

from ..sources import context
from ..sources.context import Function, ancestors, name_of, parents_of
from . import proxies


def is_used_as_class(name: str, trees: Iterable[ast.Module]) -> bool:
    """Whether a name is used as a class anywhere: tests of one file use objects that fixtures of another create."""
    found = list(trees)
    asked = set().union(*map(_asked, found))
    if is_camel(name):
        asked |= set().union(*map(_looked_into, found))
    return any(_in_tree(name, tree, asked) for tree in found)


def _in_tree(name: str, tree: ast.Module, asked: set[str]) -> bool:
    parents = parents_of(tree)
    for node in parents:
        if name_of(node) != name or not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        call = parents[node]
        if not (isinstance(call, ast.Call) and call.func is node):
            return True  # passed on, derived from, or an attribute of it is used
        if _treated_as_object(call, name, parents, asked):
            return True
    return False


def _treated_as_object(call: ast.Call, name: str, parents: dict[ast.AST, ast.AST], asked: set[str]) -> bool:
    above = parents[call]
    if isinstance(above, ast.Attribute | ast.withitem) or _asked_behind_operator(call, parents):
        return True
    if is_camel(name) and any(call in _joined(found) for found in _insides(_behind_operators(call, parents))):
        return True
    if isinstance(above, ast.Call) and call in above.args and isinstance(above.func, ast.Attribute | ast.Name):
        return not (name_of(above.func).startswith("assert") or name_of(above.func) in _OF_DATA)
    for node in ancestors(call, parents):
        if isinstance(node, ast.Compare):
            if sum(_holds_call(side, name) for side in (node.left, *node.comparators)) > 1:
                return True
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound = {name_of(target) for target in targets} - {""}
            return bool(bound & asked) or _is_given_on(bound, node, parents, asked)
        if isinstance(node, Function):
            return node.name in asked and isinstance(above, ast.Return | ast.Yield)
    return False


def _is_given_on(bound: set[str], node: ast.AST, parents: dict[ast.AST, ast.AST], asked: set[str]) -> bool:
    """Whether the enclosing function passes it to tests that use its attributes, as fixtures do."""
    around = next((n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef)), None)
    if around is None or around.name not in asked:
        return False
    gives = (n.value for n in ast.walk(around) if isinstance(n, ast.Return | ast.Yield) and n.value is not None)
    return any(name_of(value) in bound for value in gives)


def _asked(tree: ast.AST) -> set[str]:
    """Names whose objects' attributes are used, directly or after an operator: `v.x`, `(v * 3).x`, `w = v * 3` with
    `w.x` elsewhere.
    """
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    of_data = _data_has()
    operated = [node.value for node in attributes if node.attr not in of_data]
    of_object = {name_of(value) for value in operated}
    bindings = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    operated += [node.value for node in bindings if of_object & set(map(name_of, node.targets)) - {""}]
    asked = {name_of(node.value) for node in attributes}
    for value in operated:
        if isinstance(value, ast.BinOp):
            asked |= {side.id for side in ast.walk(value) if isinstance(side, ast.Name)}
    return asked - {""}


def gives_objects(name: str) -> bool:
    """Whether the tests use attributes that no data has of what a call of a name gives: `s = stack()`, `s.push(1)`."""
    found, of_data = list(context.trees()), _data_has()

    def asks_object(node: ast.AST) -> TypeGuard[ast.Attribute]:
        return isinstance(node, ast.Attribute) and node.attr not in of_data

    asked = {name_of(n.value) for tree in found for n in ast.walk(tree) if asks_object(n)} - {""}
    for tree in found:
        parents = context.parents_of(tree)
        for node, above in parents.items():
            if not (isinstance(node, ast.Call) and name_of(node.func) == name):
                continue
            if asks_object(above):
                return True
            if isinstance(above, ast.Assign):
                bound = set(map(name_of, above.targets)) - {""}
                if bound & asked or _is_given_on(bound, above, parents, asked):
                    return True
            elif isinstance(above, ast.Return | ast.Yield):
                around = next((n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef)), None)
                if around is not None and around.name in asked:
                    return True
    return False


def is_camel(name: str) -> bool:
    """Whether it is spelled like a class and unlike a function (`Bag`, `TrieNode`), or used as a type."""
    return context.is_class_name(name) and "_" not in name


def _insides(node: ast.AST) -> list[ast.expr]:
    """Expressions that a test looks into: `x in bag`, `assertIn(x, bag)`."""
    if isinstance(node, ast.Compare):
        return [s for op, s in zip(node.ops, node.comparators, strict=True) if isinstance(op, ast.In | ast.NotIn)]
    return node.args[1:2] if isinstance(node, ast.Call) and name_of(node.func) in ("assertIn", "assertNotIn") else []


def _looked_into(tree: ast.AST) -> set[str]:
    return {name_of(found) for node in ast.walk(tree) for found in _insides(node)} - {""}


def _asked_behind_operator(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether an attribute that no data has is used on the result of an operator: `(Vector(1, 2) * 3).x`."""
    above = parents.get(node)
    operated = False
    while isinstance(above, ast.BinOp | ast.UnaryOp):
        operated, above = True, parents.get(above)
    return operated and isinstance(above, ast.Attribute) and above.attr not in _data_has()


def expects_object(frame: FrameType) -> bool:
    """Whether a test, by its text, treats the result of the present operator as an object of the program.

    That is: `(v * 3).x == 3`, `v * 3 == Vector(3, 6)`, `w = v * 3` if `w.x` is used later, or a result for an object
    created on the spot that is discarded.
    """
    parents = context.parents_around(frame)
    found: ast.AST | None = next(iter(context.running(frame, ast.BinOp, ast.UnaryOp, ast.Compare, ast.AugAssign)), None)
    if found is None:
        return False
    if isinstance(found, ast.AugAssign):
        return name_of(found.target) in _asked_for_more(found, parents)
    if isinstance(parents[found], ast.Expr):  # the result is discarded: `with raises(TypeError): Vector(1, 2) < "x"`
        return any(_makes_object(side, frame) for side in ast.iter_child_nodes(found) if isinstance(side, ast.expr))
    if isinstance(found, ast.Compare):
        return False
    above: ast.AST = found
    while isinstance(above, ast.BinOp | ast.UnaryOp):
        above = parents[above]
    if isinstance(above, ast.Attribute):
        return above.attr not in _data_has()
    if isinstance(above, ast.Compare):
        sides = (above.left, *above.comparators)
        return any(_makes_object(side, frame) for side in sides if not any(found is node for node in ast.walk(side)))
    if isinstance(above, ast.Assign):
        later = _asked_for_more(above, parents)
        return any(name_of(target) in later for target in above.targets if isinstance(target, ast.Name))
    return False


def _asked_for_more(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """Names of which the enclosing function, or else the file, uses attributes that no data has."""
    function = next(n for n in ancestors(node, parents) if isinstance(n, ast.FunctionDef | ast.Module))
    of_data = _data_has()
    asked = (n for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr not in of_data)
    return {name_of(found.value) for found in asked}


def looks_into_object(frame: FrameType) -> bool:
    """Whether a test, by its text, looks into an object of the program just now: `x in graph`, if it also uses
    `graph.shortest_path`; or into a result of a known object: `x in store.keys()`, `x in config["a"]`, or their name.

    A name that the function binds itself is local to it; what comes from a fixture or `self` is the same everywhere.
    """
    found = context.running(frame, ast.Compare, ast.Call)
    sides = [side for node in found for side in _insides(node)]
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
    binds = function is not None and any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in ast.walk(function)
    )
    among = [function] if function is not None and binds else context.trees()
    asked = (n for part in among for n in ast.walk(part) if isinstance(n, ast.Attribute) and n.attr not in DATA_HAS)
    return any(name_of(node.value) == name for node in asked)


def denies_too(frame: FrameType) -> bool:
    """Whether the tests also say of something that it is not in what a test looks into just now, by its name or class:
    `"ca" not in trie`, `assertNotIn`, `("ca" in trie) is False`, `[x in span for x in range(4)] == [...]`.
    """
    found = context.running(frame, ast.Compare, ast.Call)
    names = set().union(*(_inside_of(side) for node in found for side in _insides(node)))
    return any(_inside_of(side) & names for each in context.trees() for side in _denied(each))


def _inside_of(side: ast.expr) -> set[str]:
    """The names of what an expression looks into: of `tags | Tags("c")`, both."""
    return {name_of(part.func if isinstance(part, ast.Call) else part) for part in _joined(side)} - {""}


def _joined(side: ast.expr) -> list[ast.expr]:
    """The operands of an expression: of `a | b`, both."""
    return [*_joined(side.left), *_joined(side.right)] if isinstance(side, ast.BinOp) else [side]


def _behind_operators(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """What an expression is part of, if operators on it are left out."""
    return next(above for above in ancestors(node, parents) if not isinstance(above, ast.BinOp))


def _denied(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions that a test says something is not in."""
    parents = parents_of(tree)
    for node, above in parents.items():
        if not (looked := _insides(node)):
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


_DISPLAY = ast.List | ast.Tuple | ast.Set


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
        return {next((n.name for n in ancestors(above, parents) if isinstance(n, Function)), "")} - {""}
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
    value = frame.f_locals.get(name.id, frame.f_globals.get(name.id))
    if not proxies.is_proxy(value) and parts and isinstance(held := parts.pop(), ast.Attribute):
        of_instance = getattr(value, "__dict__", None)
        value = of_instance.get(held.attr) if type(of_instance) is dict else None
    return bool(parts) and issubclass(type(value), proxies.RootOfObjects) and proxies.is_known(value)


def is_told_class(name: str, prompt: str) -> bool:
    """Whether a task asks for a class of that name rather than a function: by its prompt, or else by the spelling. MBPP
    has functions called `Extract` and `Split`.
    """
    if re.search(rf"^(async )?def +{re.escape(name)}\b", prompt, re.MULTILINE):
        return False
    return is_camel(name) and name != "Solution" and (not prompt.strip() or bool(re.search(r"\bclass\b", prompt)))


def _makes_object(side: ast.expr, frame: FrameType) -> bool:
    """Whether an expression is a call of a class of the program, by a name in capitals."""
    if not (isinstance(side, ast.Call) and isinstance(side.func, ast.Name) and context.is_class_name(side.func.id)):
        return False
    return proxies.is_class(frame.f_globals.get(side.func.id))


DATA_HAS = frozenset(
    name for kind in (int, float, complex, str, bytes, list, tuple, dict, set, range) for name in dir(kind)
) | {"item", "tolist", "sum", "all", "any", "shape", "size", "dtype", "mean", "max", "min", "total", "elements"}
# Types of the standard library and numpy that are data, too, where the tests speak of them: words, module, types.
_OTHER_DATA = (
    (("Decimal", "decimal"), "decimal", "Decimal"),
    (("Fraction", "fractions"), "fractions", "Fraction"),
    (("datetime", "date", "timedelta"), "datetime", "date", "datetime", "time", "timedelta"),
    (("Counter",), "collections", "Counter"),
    (("deque",), "collections", "deque"),
    (("Path", "PurePath", "pathlib"), "pathlib", "Path"),
    (("numpy",), "numpy", "ndarray"),
)
_OF_MATRICES = frozenset(("T", "copy", "data", "diagonal", "dot", "fill", "flat", "trace", "transpose"))


def _data_has() -> frozenset[str]:
    """Attributes that data may have, where the tests speak of its type: `(due(2) - date(2024, 1, 7)).days`."""
    spoken_of = (kinds for words, *kinds in _OTHER_DATA if any(map(context.uses_name, words)))
    return DATA_HAS.union(*(_attributes(*kinds) for kinds in spoken_of))


@lru_cache(maxsize=64)
def _attributes(module: str, *kinds: str) -> frozenset[str]:
    names = {name for kind in kinds for name in dir(getattr(sys.modules.get(module), kind, None))}
    return frozenset(names - _OF_MATRICES if module == "numpy" else names)


# Functions that take data: passing something to them does not show that it is an object.
_OF_DATA = frozenset(
    (
        *("abs", "round", "int", "float", "str", "len", "sum", "min", "max", "sorted", "list", "tuple", "set", "dict"),
        *("bool", "isclose", "allclose", "all", "any", "range", "zip", "enumerate", "map", "repr", "divmod", "pow"),
    )
)


def _holds_call(side: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Call) and name_of(node.func) == name for node in ast.walk(side))
