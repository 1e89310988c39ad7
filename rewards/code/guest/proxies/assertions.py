"""In the checker: assertions of a test that the program could keep from failing the test, by its source and traces.

It may catch one that fails in a function which the test handed over, end a `with` block before its assertions have run,
or call something an exception class that catches failed assertions.
"""

from __future__ import annotations

import ast
import sys
from types import FrameType

from ..sources import context, shapes
from . import proxies

# --- that fail in a function which the program calls ------------------------------------------------------------------


def note_assertion(error: BaseException | None, *, given: bool = True) -> None:
    """Keep a failed assertion in a function of the test that the program has called, even if the program catches it."""
    if _is_failed_assertion(error, given):
        proxies.the_link().refuse("a function that the test handed over was given another value than it expects")


def _is_failed_assertion(error: BaseException | None, given: bool) -> bool:
    """Whether a function of the test found an unexpected value: by an assertion about its arguments or a result of the
    program, or explicitly. `assert False` and exceptions that it raises are for the program to catch.
    given: whether it was called with arguments.
    """
    outcomes = sys.modules.get("_pytest.outcomes")
    if outcomes is not None and isinstance(error, outcomes.Failed):
        return True
    trace = error.__traceback__ if error is not None else None
    found: tuple[FrameType, int] | None = None
    while trace is not None:
        if context.is_test(trace.tb_frame):
            found = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    if found is None or (tree := context.tree_of(found[0].f_code.co_filename)) is None:
        return False
    frame, line = found
    if not isinstance(error, AssertionError):  # its arguments made it fail before its assertions
        raises = (node for node in ast.walk(tree) if isinstance(node, ast.Raise))
        own_doing = any(node.lineno <= line <= (node.end_lineno or line) for node in raises)
        return given and not own_doing and _asserts_later(tree, frame, line)
    own = {*frame.f_code.co_varnames, *frame.f_code.co_cellvars} if given else set()
    own |= {name for name, value in frame.f_globals.items() if proxies.is_proxy(value)}
    return any(
        own & shapes.names_in(node.test if isinstance(node, ast.Assert) else node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) or (isinstance(node, ast.expr) and _is_call_of_assertion(node))
        if node.lineno <= line <= (node.end_lineno or line)
    )


def _asserts_later(tree: ast.Module, frame: FrameType, line: int) -> bool:
    """Whether a function of the test, which a frame has run, reaches an assertion after a line."""
    functions, name, place = ast.Lambda | context.Function, frame.f_code.co_name, context.place_of(frame)
    return any(
        _asserts(inner, line)
        or (isinstance(node, ast.Lambda) and isinstance(inner, ast.Call) and _is_call_of_assertion(inner))
        for node in ast.walk(tree)
        if isinstance(node, functions) and getattr(node, "name", "<lambda>") == name
        if node.lineno <= line <= (node.end_lineno or line)
        and not (isinstance(node, ast.Lambda) and _is_beside(node, place))
        for inner in ast.walk(node)
    )


def _is_beside(node: ast.Lambda, place: context.Span) -> bool:
    """Whether a position is outside a lambda: a line may hold several."""
    first, last, left, right = place
    _, end, begins, ends = context.span(node)
    return right > 0 and ((first, left) < (node.lineno, begins) or (last, right) > (end, ends))


def _is_call_of_assertion(node: ast.expr) -> bool:
    """Whether a node is a call such as `self.assertIn(x, y)` or `self.fail(...)`, also in a lambda."""
    name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return name.startswith("assert") or name == "fail"


# --- that are skipped, or caught --------------------------------------------------------------------------------------


def skips_assertions(error: BaseException) -> bool:
    """Whether there are assertions between the line where a block was left and its end."""
    trace = error.__traceback__
    while trace is not None:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        tree = context.tree_of(file)
        if tree is not None and any(_asserts(node, line) for block in _blocks(tree, line) for node in ast.walk(block)):
            return True
        trace = trace.tb_next
    return False


def _blocks(tree: ast.Module, line: int) -> list[ast.stmt]:
    """The `with` statements around a line within its function; the function itself if there are none."""
    held = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    held = [node for node in held if node.lineno <= line <= (node.end_lineno or node.lineno)]
    functions = [node for node in held if isinstance(node, context.Function)]
    inner = max(functions, key=lambda function: function.lineno, default=None)
    first = inner.lineno if inner is not None else 0
    blocks: list[ast.stmt] = [n for n in held if isinstance(n, ast.With | ast.AsyncWith) and n.lineno >= first]
    return blocks or ([inner] if inner is not None else [])


def _asserts(node: ast.AST, line: int) -> bool:
    """Whether it is an assertion after a line, other than one that marks code as unreachable: `assert False`."""
    if isinstance(node, ast.Assert):
        return node.lineno >= line and not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.Expr) and node.lineno >= line and context.calls_assertion(node)


def catches_assertions(name: str, value: object) -> bool:
    """Whether a global of the program is an exception class that also matches failed assertions, and the tests catch it
    around an assertion: `try: solve(-1); assert False; except solution.Bad: pass`,
    `with raises(solution.Bad): assert solve(-1) == 1`.
    """
    kinds = value if isinstance(value, tuple) else (value,)
    if not any(isinstance(kind, type) and issubclass(AssertionError, kind) for kind in kinds):
        return False
    names = set().union(*(_other_names(tree, name) for tree in context.trees()))
    return any(
        any(_names(caught, names) for caught in _caught(node))
        and any(_says_failed(inner) for held in node.body for inner in ast.walk(held))
        for node in context.nodes()
        if isinstance(node, ast.Try | ast.With | ast.AsyncWith)
    )


def _other_names(tree: ast.Module, name: str) -> set[str]:
    """The name, its aliases, and parameters of functions that are called with it."""
    names = {name}
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names if alias.name == name and alias.asname}
    for _ in range(2):  # stored under another name, and passed under that
        for node in nodes:
            if isinstance(node, ast.Assign) and (_names(node.value, names) or _is_text_of(node.value, name)):
                names |= shapes.names_in(*node.targets)
        handed = [
            node.func.id
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if any(_names(argument, names) for argument in shapes.given(node))
        ]
        for node in nodes:
            if isinstance(node, context.Function) and node.name in handed:
                names |= shapes.parameters_in(node.args)
    return names


def _is_text_of(value: ast.expr, name: str) -> bool:
    """Whether an expression is `getattr(solution, "SolveError")`."""
    return any(isinstance(node, ast.Constant) and node.value == name for node in ast.walk(value))


def _says_failed(node: ast.AST) -> bool:
    """Whether it is an assertion in any form: `assert 0`, `self.fail()`, `pytest.fail()`, `raise AssertionError`."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        return _names(node.exc, {"AssertionError", "failureException"})
    return isinstance(node, ast.Assert) or _asserts(node, 0) or _is_call_of_failing(node)


def _is_call_of_failing(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and context.name_of(node.func) == "fail"


def _caught(node: ast.Try | ast.With | ast.AsyncWith) -> list[ast.expr]:
    """The expressions that name the exceptions a statement catches: `except X`, `with suppress(X)`."""
    if isinstance(node, ast.Try):
        return [handler.type for handler in node.handlers if handler.type is not None]
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return [argument for call in calls for argument in shapes.given(call)]


def _names(expression: ast.expr, names: set[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)
        for node in ast.walk(expression)
    )
