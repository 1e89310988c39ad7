"""In the checker: text that a test evaluates (`assert eval(solve(3)) == 97`), where it may be the program's.

Such text would be code of the program in the process that holds the tests: it could read what is expected from the
frame that evaluates it, or end the process. So only what computes is let through: operators, containers,
comprehensions, functions, calls of builtins that compute, `math`, numbers of the test, and names that the text itself
or the namespace handed to `eval` defines. Anything else fails for good. What stands in the test as a constant is its
own, and runs as it is.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from . import context, proxies, templates

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
# Attributes without an underscore that lead to frames, code, or attributes named in text.
_LEADS_OUT = frozenset(
    (
        *("gi_frame", "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "cr_await", "cr_origin", "ag_frame", "ag_code"),
        *("f_back", "f_globals", "f_locals", "f_builtins", "f_code", "tb_frame", "tb_next", "with_traceback"),
        *("format", "format_map", "mro", "obj"),
    )
)
# What `Vector(x=1, y=-2.0)` is made of: such a text may name classes of the program, which it asks for nothing else.
_OF_REPRS = (
    *(ast.Module, ast.Expr, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.UnaryOp, ast.USub),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict),
)
OWN: list[str] = []  # texts beside the sources that are a test's, with all that stands in them
_MODULES = frozenset(("math", "cmath"))
_OF_FUNCTIONS = 1  # `inspect.CO_OPTIMIZED`, without what `inspect` imports


def guard(tests: bytes) -> None:
    """Replace `eval`, `exec` and `compile` for the tests, where they mention one of them."""
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
                source = _checked(source, names[0] if names else None, frame)
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
            source = _checked(source, None, frame)
        elif not any(source is tree for tree in own_trees):
            around = {**vars(builtins), **frame.f_globals, **frame.f_locals}
            allowed = set(SAFE) | _data_types(around)
            check(source, allowed, around.keys() - allowed)
        return make(source, *args, **kwargs)

    def parsed(source: Any, *args: Any, **kwargs: Any) -> Any:
        tree = parse(source, *args, **kwargs)
        if isinstance(source, str) and context.is_test(sys._getframe(1)) and is_own(source):
            own_trees.append(tree)
        return tree

    parse = ast.parse
    ast.parse = parsed
    builtins.eval, builtins.exec, builtins.compile = guarded(evaluate), guarded(execute), compiled


def _names_of(frame: FrameType) -> Any:
    """The local names that text sees. A function's own variables it never changes, as it is where nothing is guarded;
    from Python 3.13 on `f_locals` of a function writes to them.
    """
    held: Any = frame.f_locals
    return held if isinstance(held, dict) or not frame.f_code.co_flags & _OF_FUNCTIONS else dict(held)


def is_asked(frame: FrameType) -> bool:
    """Whether the program has a function called that the test handed over."""
    return str(frame.f_globals.get("__name__")) == f"{__package__}.served"


def _asked(source: Any, names: Any = None) -> Any:
    """What the program hands to an evaluator of the test. Raises Refused where it does more than compute."""
    if isinstance(source, CodeType):
        return source
    text = str.__add__(source, "") if isinstance(source, str) else bytes(memoryview(source))
    try:
        tree = ast.parse(text.lstrip(" \t") if isinstance(text, str) else text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    names = names if type(names) is dict else {}
    given = {name for name in names if type(name) is str and not name.startswith("__")}
    check(tree, set(SAFE) | given, set())
    return text


def _checked(source: Any, given: Any, frame: FrameType) -> Any:
    """The text, in a plain form. Raises Refused; what is no Python is left to what evaluates it."""
    if isinstance(source, str):
        text: Any = str.__add__(source, "")
        if is_own(text):
            return text
    else:
        try:
            text = bytes(memoryview(source))  # a coding may stand in its first line
        except TypeError:
            return source
    try:
        tree = ast.parse(text.lstrip(" \t") if isinstance(text, str) else text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    around = {**vars(builtins), **frame.f_globals, **frame.f_locals}
    compared = templates.compared_words(frame)
    allowed = set(SAFE) | (_numbers(frame, around) - compared) | _data_types(around)
    if all(isinstance(node, _OF_REPRS) for node in ast.walk(tree)):
        allowed |= {name for name, value in around.items() if proxies.is_class(value)}
    if isinstance(given, dict) and "__name__" not in given:  # with it, they are all globals of the test
        around |= given
        allowed |= {name for name in given if type(name) is str and not name.startswith("__")}
    if not (_asks_program(tree, around) or templates.is_filled(tree, text, frame, around)):
        check(tree, allowed, around.keys() - allowed, compared)
    return text


def _asks_program(tree: ast.AST, around: dict[str, Any]) -> bool:
    """Whether a text hands nothing but constants to objects of the program: `cache.put(1, 2)`."""
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
    """Raises Refused. compared: names with which the test itself compares in the text, whatever the program."""
    if refused := _refused(tree, allowed, others):
        if refused.strip("'") in (compared or ()):
            proxies.the_link().unsupported("a text that compares what the program gave with names of the test")
        proxies.the_link().refuse(f"text that the test evaluates uses {refused}: it may only compute")
        raise proxies.Refused(f"text that the test evaluates uses {refused}")


def is_own(source: str) -> bool:
    """Whether it stands in a test as it is."""
    return any(source in text for text in OWN) or any(
        isinstance(node, ast.Constant) and node.value == source for node in context.nodes()
    )


def _numbers(frame: FrameType, around: dict[str, Any]) -> set[str]:
    """Numbers of the test that the text may use: not those that stand beside it, or that anything is compared with."""
    line = frame.f_lineno
    beside = {
        name.id
        for node in context.nodes()
        if _compares(node)
        or (isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno <= line <= (node.end_lineno or 0))
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }
    return {name for name, value in around.items() if type(value) in (int, float) and name not in beside}


def _data_types(around: dict[str, Any]) -> set[str]:
    """Names under which a test has imported types of plain values."""
    modules = ("fractions", "decimal", "datetime", "collections")
    return {name for name, value in around.items() if isinstance(value, type) and value.__module__ in modules}


def _compares(node: ast.AST) -> bool:
    """Whether a verdict may be made there: a comparison, an assertion, or a function that makes one."""
    if isinstance(node, ast.Call):
        name = context.name_of(node.func)
        return any(word in name.lower() for word in ("assert", "close", "equal", "approx", "check", "compare"))
    return isinstance(node, ast.Compare | ast.Assert)


def _refused(tree: ast.AST, allowed: set[str], others: set[str]) -> str:
    """What of a text does more than compute; empty = nothing. others: names that mean something where it runs."""
    nodes = list(ast.walk(tree))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
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
