"""In the checker: text of the program that a test evaluates (`assert eval(solve(3)) == 97`).

Such text is code of the program in the process that holds the tests: it could read the expected value from the frame
that evaluates it, or end the process. So it may only compute: with operators, containers, comprehensions, functions,
builtins that compute, `math`, numbers of the test, and names that the text itself or the namespace passed to `eval`
defines. Anything else fails the case. A constant in the test's source is the test's own, and runs unchanged.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .. import PACKAGE
from ..proxies import proxies
from ..sources import context, shapes
from . import templates

_MENTIONED = re.compile(rb"\b(?:eval|exec|compile)\b")
SAFE = frozenset(
    (
        *("abs", "all", "any", "ascii", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate"),
        *("filter", "float", "frozenset", "hash", "hex", "int", "isinstance", "len", "list", "map", "max", "min"),
        *("oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum"),
        *("tuple", "zip", "ValueError", "TypeError", "KeyError", "IndexError", "ZeroDivisionError", "Exception"),
        *("StopIteration", "RuntimeError", "ArithmeticError", "math"),
    )
)
# Attributes without an underscore that lead to frames, code, or attribute access by string.
_LEADS_OUT = frozenset(
    (
        *("gi_frame", "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "cr_await", "cr_origin", "ag_frame", "ag_code"),
        *("f_back", "f_globals", "f_locals", "f_builtins", "f_code", "tb_frame", "tb_next", "with_traceback"),
        *("format", "format_map", "mro", "obj"),
    )
)
# The syntax of `Vector(x=1, y=-2.0)`: such text may call classes of the program, but use them in no other way.
_OF_REPRS = (
    *(ast.Module, ast.Expr, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.UnaryOp, ast.USub),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict),
)
OWN: list[str] = []  # other texts that belong to the tests, besides their sources
_MODULES = frozenset(("math", "cmath"))
_OF_FUNCTIONS = 1  # `inspect.CO_OPTIMIZED`, without what `inspect` imports


def guard(tests: bytes) -> None:
    """Replace `eval`, `exec` and `compile` for the tests if they mention one of them."""
    if not _MENTIONED.search(tests):
        return
    evaluate, execute, make = builtins.eval, builtins.exec, builtins.compile

    def guarded(run: Callable[..., Any]) -> Callable[..., Any]:
        def evaluated(source: Any, /, *names: Any, **more: Any) -> Any:
            frame = sys._getframe(1)
            if is_asked(frame):
                with proxies.evaluation():
                    return run(_asked(source, *names[:1]), *(names or ({},)), **more)
            if context.is_test(frame) and not isinstance(source, CodeType):
                source = _checked(source, names, frame)
            if not names:
                names = (frame.f_globals, _names_of(frame))
            if isinstance(source, CodeType) or (isinstance(source, str) and is_own(source)):
                return run(source, *names, **more)
            with proxies.evaluation():
                return run(source, *names, **more)

        return evaluated

    own_trees: list[ast.AST] = []

    def compiled(source: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if is_asked(frame):
            return make(_asked(source), *args, **kwargs)
        if not context.is_test(frame):
            return make(source, *args, **kwargs)
        if not isinstance(source, ast.AST):
            source = _checked(source, (), frame)
        elif not any(source is tree for tree in own_trees):
            around = {**vars(builtins), **frame.f_globals, **frame.f_locals}
            allowed = set(SAFE) | _data_types(around)
            check(source, allowed, around.keys() - allowed)
        return make(source, *args, **kwargs)

    def own_parsed(source: Any, *args: Any, **kwargs: Any) -> Any:
        tree = parse(source, *args, **kwargs)
        if isinstance(source, str) and context.is_test(sys._getframe(1)) and is_own(source):
            own_trees.append(tree)
        return tree

    parse = ast.parse
    ast.parse = own_parsed
    builtins.eval, builtins.exec, builtins.compile = guarded(evaluate), guarded(execute), compiled


def _names_of(frame: FrameType) -> Any:
    """The local names that the text sees. It must not change variables of a function, as without this replacement; from
    Python 3.13, writing to `f_locals` of a function would.
    """
    held: Any = frame.f_locals
    return held if isinstance(held, dict) or not frame.f_code.co_flags & _OF_FUNCTIONS else dict(held)


def parsed(text: str | bytes) -> ast.Module | None:
    """The tree of a text that is about to run; None if it is invalid, which whoever runs it reports."""
    try:
        return ast.parse(text.lstrip(" \t") if isinstance(text, str) else text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_asked(frame: FrameType) -> bool:
    """Whether the program has called this function, which the test handed over."""
    return str(frame.f_globals.get("__name__")) == f"{PACKAGE}.transfer.served"


def _asked(source: Any, names: Any = None) -> Any:
    """Check what the program passes to an evaluator of the test. Raises Refused if it does more than compute."""
    if isinstance(source, CodeType):
        return source
    text = str.__add__(source, "") if isinstance(source, str) else bytes(memoryview(source))
    if (tree := parsed(text)) is None:
        return text
    names = names if type(names) is dict else {}
    given = {name for name in names if type(name) is str and not name.startswith("__")}
    check(tree, set(SAFE) | given, set())
    return text


def _checked(source: Any, names: tuple[Any, ...], frame: FrameType) -> Any:
    """The text as a plain string. Raises Refused. Invalid Python is left for the evaluator to report.

    names: the namespaces that the test passes, if any, which are then all that the text can see.
    """
    if isinstance(source, str):
        text: Any = str.__add__(source, "")
        if is_own(text):
            return text
    else:
        try:
            text = bytes(memoryview(source))  # its first line may declare an encoding
        except TypeError:
            return source
    if (tree := parsed(text)) is None:
        return text
    around = {**vars(builtins), **frame.f_globals, **frame.f_locals}
    compared = templates.compared_words(frame)
    allowed = set(SAFE) | (_numbers(frame, around) - compared) | _data_types(around)
    if all(isinstance(node, _OF_REPRS) for node in ast.walk(tree)):
        allowed |= {name for name, value in around.items() if proxies.is_class(value)}
    given = names[0] if names else None
    if isinstance(given, dict) and "__name__" not in given:  # with it, these are all globals of the test
        local = dict(*filter(None, names[1:]))
        shown = set(frame.f_locals) if set(frame.f_locals) <= set(local) else set()  # it is `locals()`
        around = {**vars(builtins), **given, **local}
        allowed |= {name for name in {**given, **local} if type(name) is str and not name.startswith("__")} - shown
    if not (_asks_program(tree, around) or templates.is_filled(tree, text, frame, around)):
        check(tree, allowed, around.keys() - allowed, compared)
    return text


def _asks_program(tree: ast.AST, around: dict[str, Any]) -> bool:
    """Whether a text only calls objects of the program with constants: `cache.put(1, 2)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if not isinstance(node.value, ast.Name) or node.attr.startswith("_") or node.attr in _LEADS_OUT:
                return False
        elif not isinstance(node, (*_OF_REPRS, ast.Starred)) or (
            isinstance(node, ast.Name) and not proxies.is_proxy(around.get(node.id))
        ):
            return False
    return True


def check(tree: ast.AST, allowed: set[str], others: set[str], compared: set[str] | None = None) -> None:
    """Raise Refused unless a text only computes. compared: names that the test itself compares with in the text."""
    if refused := _refused(tree, allowed, others):
        if refused.strip("'") in (compared or ()):
            proxies.the_link().unsupported("a text that compares what the program gave with names of the test")
        raise proxies.refused(f"text that the test evaluates uses {refused}: it may only compute")


def is_own(source: str) -> bool:
    """Whether a text is a constant in a test."""
    return any(source in text for text in OWN) or any(
        isinstance(node, ast.Constant) and node.value == source for node in context.nodes()
    )


def _numbers(frame: FrameType, around: dict[str, Any]) -> set[str]:
    """Numbers of the test that the text may use: none that is used near it, or that something is compared with."""
    line = frame.f_lineno
    beside = {
        name
        for node in context.nodes()
        if _compares(node)
        or (isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno <= line <= (node.end_lineno or 0))
        for name in shapes.read_in(node)
    }
    for node in context.nodes():
        if isinstance(node, ast.Assign) and not beside.isdisjoint(same := _names_of_one(node)):
            beside |= same
    return {name for name, value in around.items() if type(value) in (int, float) and name not in beside}


def _names_of_one(node: ast.Assign) -> set[str]:
    """The names that an assignment gives one and the same value: `e = want = 7`."""
    return {part.id for part in (*node.targets, node.value) if isinstance(part, ast.Name)}


def _data_types(around: dict[str, Any]) -> set[str]:
    """Names of plain value types that a test has imported."""
    modules = ("fractions", "decimal", "datetime", "collections")
    return {name for name, value in around.items() if isinstance(value, type) and value.__module__ in modules}


def _compares(node: ast.AST) -> bool:
    """Whether a node may decide a verdict: a comparison, an assertion, or a function with one."""
    if isinstance(node, ast.Call):
        name = context.name_of(node.func)
        return any(word in name.lower() for word in ("assert", "close", "equal", "approx", "check", "compare"))
    return isinstance(node, ast.Compare | ast.Assert)


def _refused(tree: ast.AST, allowed: set[str], others: set[str]) -> str:
    """The part of a text that does more than compute; empty = none. others: names that are defined where it runs."""
    nodes = list(ast.walk(tree))
    bound = shapes.stored_in(tree) | shapes.parameters_in(tree)
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    for name in bound:
        if (name.startswith("__") and name != "__init__") or name in others:
            return repr(name)
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in allowed and node.id not in bound:
            return repr(node.id)
        if isinstance(node, ast.Attribute) and (node.attr.startswith("_") or node.attr in _LEADS_OUT):
            return repr(node.attr)
        if isinstance(node, ast.ImportFrom) or (
            isinstance(node, ast.Import) and {alias.asname or alias.name for alias in node.names} - _MODULES
        ):
            return "an import"
        if isinstance(node, ast.keyword) and (node.arg or "").startswith("__"):
            return repr(node.arg)
        if isinstance(node, ast.Global | ast.Nonlocal | ast.Match | ast.AsyncFunctionDef | ast.Await):
            return type(node).__name__.lower()
    return ""
