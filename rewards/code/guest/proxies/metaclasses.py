"""In the checker: tests that ask for the type of a class of the program, which is a class of ours here.

`type(Config) is Meta` cannot hold, whatever the program defines. The case is unsupported, if the program says that this
is the type; not where a test asks an object for its type, of which the program could have made a class of classes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ..sources import context
from ..sources.context import name_of
from . import ancestry, proxies

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def are_asked_for(error: BaseException) -> bool:
    """Whether the function of a test that failed asks for the type of a class of the program, which is another one
    here, and would find it there: `type(Config) is Meta`, `issubclass(Meta, type)`.
    """
    if not context.mentions("type", "__class__"):
        return False
    trace, frame = error.__traceback__, None
    while trace is not None:
        frame = trace.tb_frame if context.is_test(trace.tb_frame) else frame
        trace = trace.tb_next
    tree = context.tree_of(frame.f_code.co_filename) if frame is not None else None
    if frame is None or tree is None:
        return False
    code = frame.f_code
    around = (n for n in ast.walk(tree) if isinstance(n, _FUNCTION) and n.name == code.co_name)
    function = next((n for n in around if _first_line(n) <= code.co_firstlineno <= n.lineno), tree)
    return any(_is_of_metaclass(*pair, frame) for node in ast.walk(function) for pair in _pairs(node))


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min(n.lineno for n in (function, *function.decorator_list))


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a test compares: both sides, in either order."""
    sides: list[ast.expr] = []
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.Call) and name_of(node.func) in ("issubclass", "assertIs", "assertEqual"):
        sides = node.args
    if len(sides) == 2:
        yield sides[0], sides[1]
        yield sides[1], sides[0]


def _is_of_metaclass(side: ast.expr, other: ast.expr, frame: FrameType) -> bool:
    meta = _value_of(other, frame)
    if not ancestry.is_metaclass(meta):
        return False
    if isinstance(side, ast.Call) and name_of(side.func) == "type" and len(side.args) == 1:
        kind = _value_of(side.args[0], frame)
    elif isinstance(side, ast.Attribute) and side.attr == "__class__":
        kind = _value_of(side.value, frame)
    else:
        return name_of(side) == "type"
    try:
        return proxies.is_class(kind) and proxies.ask("getattr", kind, "__class__") is meta
    except BaseException:  # whatever the program raised, or it has ended
        return False


def _value_of(node: ast.expr, frame: FrameType) -> Any:
    """The value of a name, or of a name of the module under test: `solution.Meta`."""
    if isinstance(node, ast.Attribute):
        owner = _value_of(node.value, frame)
        return getattr(owner, node.attr, None) if issubclass(type(owner), proxies.RootOfModules) else None
    name = name_of(node)
    return frame.f_locals.get(name, frame.f_globals.get(name))
