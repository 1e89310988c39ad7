"""In the checker: classes of plain data that a prompt or a setup defines, by their source.

A named tuple is a declaration: the program gets a copy of it. Its objects, and those of classes derived from `str` and
`int`, cross as their content (`shared/records.py`). Of other plain types only the name of the class is known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .context import name_of

_CROSSING = frozenset(("str", "int"))
_OTHERS = frozenset(
    ("float", "bytes", "list", "dict", "set", "frozenset", "tuple", "OrderedDict", "defaultdict", "deque")
)


def kind_of(definition: ast.ClassDef) -> str:
    """ "record" for a class whose objects cross as their content, "plain" for another that derives from plain data."""
    if definition.keywords or definition.decorator_list or len(definition.bases) != 1:
        return ""
    base = definition.bases[0]
    if _is_named_tuple(base) or name_of(base) in _CROSSING:
        return "record"
    return "plain" if name_of(base.value if isinstance(base, ast.Subscript) else base) in _OTHERS else ""


def named_tuples(nodes: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.ClassDef | ast.Assign]]:
    """The named tuples among these definitions: `class P(NamedTuple)`, `P = namedtuple("P", "x y")`."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            if kind_of(node) == "record" and _is_named_tuple(node.bases[0]):
                yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_named_tuple(node.value):
            yield from ((target.id, node) for target in node.targets[:1] if isinstance(target, ast.Name))


def defaults_of(definition: ast.ClassDef | ast.Assign) -> list[ast.expr]:
    """The default values of its fields."""
    if isinstance(definition, ast.ClassDef):
        fields = (node for node in definition.body if isinstance(node, ast.AnnAssign))
        values = [field.value for field in fields if field.value is not None]
        calls = [base for base in definition.bases if isinstance(base, ast.Call)]
    else:
        values, calls = [], [definition.value] if isinstance(definition.value, ast.Call) else []
    return values + [word.value for call in calls for word in call.keywords if word.arg == "defaults"]


def _is_named_tuple(base: ast.expr) -> bool:
    if isinstance(base, ast.Call):
        return name_of(base.func) in ("namedtuple", "NamedTuple")
    return name_of(base) == "NamedTuple"
