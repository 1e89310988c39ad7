"""In the checker: what the test is doing with the program just now, by its source and the running frames.

Asked only when something unusual has happened: is the program's result used as a value, and are the arguments that
cannot be passed the test's own?
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
    compared = context.mentions(" is ", "assertIs")
    sides = (parents[call] for call in context.running_calls(frame)) if compared else ()
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
