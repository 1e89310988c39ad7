"""In the checker: `type(solve()) is types.GeneratorType` in a test.

`isinstance` asks the `__class__` of a proxy, which is the standard class that it stands for; `type` does not. So where
tests do nothing with `type` but compare what it returns, the name means `type_of` there. An object gains no more by
that than by `isinstance`.
"""

from __future__ import annotations

import ast

from ..sources import context
from . import ancestry, proxies
from .described import standard_classes


def type_of(value: object) -> type:
    """The type of a value; for a proxy of exactly a standard type (a function, a match, a table), that type."""
    kind = type(value)
    if not proxies.is_proxy(value) or proxies.is_class(value):
        return kind
    shown = standard_classes.get(kind) or value.__class__  # of a generator, function or the like
    if shown is not kind:
        return shown
    standard = ancestry.standard_of(kind)
    named = (kind.__module__, kind.__qualname__)
    return standard if standard is not None and (standard.__module__, standard.__qualname__) == named else kind


def are_compared() -> bool:
    """Whether the tests compare types, and do nothing else with the name `type`."""
    if not any("type(" in source for source in context.SOURCES.values()):
        return False
    found = list(map(_is_compared, context.trees()))
    return any(found) and None not in found


def _is_compared(tree: ast.Module) -> bool | None:
    """Whether a source compares types; None if it does something else with the name."""
    parents = context.parents_of(tree)
    compares = False
    for node in parents:
        if not (isinstance(node, ast.Name) and node.id == "type"):
            continue
        call = parents[node]
        if not (isinstance(call, ast.Call) and call.func is node and len(call.args) == 1 and not call.keywords):
            return None
        above = parents[call]
        is_assertion = isinstance(above, ast.Call) and context.name_of(above.func) in ("assertIs", "assertEqual")
        if not (is_assertion or isinstance(above, ast.Compare | ast.Attribute)):
            return None
        compares |= not isinstance(above, ast.Attribute)
    return compares
