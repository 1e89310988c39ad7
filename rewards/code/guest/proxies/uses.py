"""In the checker: what the test is doing with the program just now, by its source and the running frames.

Three questions, each asked only when something unusual has happened. Is the program's result used as a value? Are the
arguments that cannot be passed the test's own? Would suppressing an exception skip assertions?
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from types import FrameType

from ..sources import context, shapes
from . import proxies
from .attributes import DATA_HAS

_Bindings = dict[str, list[ast.AST]]


def test_frame() -> FrameType | None:
    """The innermost frame that runs a test's source."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not context.is_test(frame):
        frame = frame.f_back
    return frame


def waiting_frame() -> FrameType | None:
    """In a thread of a test: the frame of the test in the main thread, which waits for it."""
    threading = sys.modules.get("threading")
    if threading is None or threading.current_thread() is threading.main_thread():
        return None
    frame = sys._current_frames().get(threading.main_thread().ident)
    while frame is not None and not context.is_test(frame):
        frame = frame.f_back
    return frame


# --- results ----------------------------------------------------------------------------------------------------------


def as_value() -> bool:
    """Whether the test uses a result as a value.

    Not if it is discarded, used as an object (`s.add(1).add(2)`), compared by identity, or stored under a name of which
    attributes are used that no data has.
    """
    import dis

    frame = test_frame()
    if frame is None:
        return True
    if _is_compared_by_identity(frame):
        return False
    for step in dis.get_instructions(frame.f_code):
        if step.offset <= frame.f_lasti or step.opname in ("CACHE", "PRECALL", "NOT_TAKEN"):
            continue
        if step.opname in ("POP_TOP", "LOAD_ATTR", "LOAD_METHOD"):
            return False
        if step.opname.startswith("STORE_"):
            asked = (node for node in context.nodes() if isinstance(node, ast.Attribute))
            names = {n.value.id for n in asked if isinstance(n.value, ast.Name) and n.attr not in DATA_HAS}
            stored = step.argval[0] if isinstance(step.argval, tuple) else step.argval  # one step may do two things
            return stored not in names
        break
    return True


def _is_compared_by_identity(frame: FrameType) -> bool:
    """Whether the call that a test executes is a side of `s.add(1) is s`."""
    parents = context.parents_around(frame)
    sides = (parents[call] for call in context.running_calls(frame)) if context.mentions(" is ") else ()
    return any(map(shapes.is_identity, sides))


def is_called_by_name(frame: FrameType, name: str) -> bool:
    """Whether a test calls an operator's method by its name, rather than using the operator."""
    return context.uses_name(name) and bool(_calls_by_name(frame, name))


def _calls_by_name(frame: FrameType, name: str) -> list[ast.Call]:
    calls = context.running_calls(frame)
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == name]


def expects_not_implemented(frame: FrameType, name: str) -> bool:
    """Whether a test calls a method by its name, and asks only whether it returns NotImplemented:
    `Money(1).__add__(3) is NotImplemented`.
    """
    parents = context.parents_around(frame)
    for call in _calls_by_name(frame, name) if context.uses_name("NotImplemented") else ():
        above = parents[call]
        if isinstance(above, ast.Assign):
            bound = [context.name_of(target) for target in above.targets]
            return any(_names_both(node, bound) for node in parents)
        return _names_both(above, [])
    return False


def _names_both(node: ast.AST, bound: list[str]) -> bool:
    """Whether something is only compared with NotImplemented; if it has a name, by one of these."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        sides = shapes.sides(node)
    elif isinstance(node, ast.Call) and context.name_of(node.func).startswith("assert"):
        sides = node.args[:2]
    else:
        return False
    names = list(map(context.name_of, sides))
    return "NotImplemented" in names and (not bound or any(name in bound for name in names))


def sums(frame: FrameType) -> bool:
    """Whether a test adds up objects there, starting from 0: `sum(objects)`."""
    return any(
        isinstance(call.func, ast.Name) and call.func.id == "sum" and len(call.args) == 1 and not call.keywords
        for call in context.running_calls(frame)
    )


# --- arguments --------------------------------------------------------------------------------------------------------


def arguments_are_own() -> bool:
    """Whether the arguments were made without the program, as far as the source shows."""
    frame = test_frame()
    if frame is None:
        return False
    place = context.place_of(frame)
    bound = _bindings()
    calls = [
        node
        for node in context.nodes()
        if isinstance(node, ast.Call) and node.lineno <= place[0] <= (node.end_lineno or node.lineno)
    ]
    called = [node for node in calls if context.span(node) == place] or calls
    return all(_is_own(argument, frame, bound, set()) for call in called for argument in shapes.given(call))


def is_own(nodes: Iterable[ast.AST], frame: FrameType) -> bool:
    """Whether the program has no part in an expression, as far as the source shows."""
    bound = _bindings()
    return all(_is_own(node, frame, bound, set()) for node in nodes)


def _bindings() -> _Bindings:
    """All expressions that each name of the tests is bound to."""
    bound: _Bindings = {}
    for node in context.nodes():
        value: ast.AST | None = None
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
            value, targets = node.value, shapes.targets(node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.comprehension):
            value = node.test if isinstance(node, ast.While) else node.iter  # things are created there as often
            targets = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            value, targets = node.context_expr, [node.optional_vars]
        elif isinstance(node, context.Function | ast.ClassDef):
            bound.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.arg):
            bound.setdefault(node.arg, [])
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                bound.setdefault((alias.asname or alias.name).partition(".")[0], [])
        if value is not None:
            for name in shapes.names_in(*targets):
                bound.setdefault(name, []).append(value)
    return bound


def _is_own(node: ast.AST, frame: FrameType, bound: _Bindings, known: set[str]) -> bool:
    for name in ast.walk(node):
        if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load) or name.id in known:
            continue
        known.add(name.id)
        if proxies.is_proxy(context.value_of(frame, name.id)):
            return False
        if name.id not in bound and not hasattr(builtins, name.id):
            return False
        if not all(_is_own(value, frame, bound, known) for value in bound.get(name.id, ())):
            return False
    return True


# --- functions that were handed over --------------------------------------------------------------------------------


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
        return given and not own_doing and _asserts_later(tree, frame.f_code.co_name, line)
    own = {*frame.f_code.co_varnames, *frame.f_code.co_cellvars} if given else set()
    own |= {name for name, value in frame.f_globals.items() if proxies.is_proxy(value)}
    return any(
        own & shapes.names_in(node.test if isinstance(node, ast.Assert) else node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) or (isinstance(node, ast.expr) and _is_call_of_assertion(node))
        if node.lineno <= line <= (node.end_lineno or line)
    )


def _asserts_later(tree: ast.Module, name: str, line: int) -> bool:
    """Whether a function of the test reaches an assertion after a line."""
    functions = ast.Lambda | context.Function
    return any(
        _asserts(inner, line)
        or (isinstance(node, ast.Lambda) and isinstance(inner, ast.Call) and _is_call_of_assertion(inner))
        for node in ast.walk(tree)
        if isinstance(node, functions) and getattr(node, "name", "<lambda>") == name
        if node.lineno <= line <= (node.end_lineno or line)
        for inner in ast.walk(node)
    )


def _is_call_of_assertion(node: ast.expr) -> bool:
    """Whether a node is a call such as `self.assertIn(x, y)` or `self.fail(...)`, also in a lambda."""
    name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return name.startswith("assert") or name == "fail"


# --- skipped code -----------------------------------------------------------------------------------------------------


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
