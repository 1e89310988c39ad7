"""Whether two definitions of a class are the same.

A dataclass may have more arguments (`order=True`, `frozen=True`) and still be the same: they only add methods.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def marks_of(definition: ast.ClassDef) -> tuple[int, ...]:
    """A hash for the bases and decorators of a class, and one for each statement of its body.

    Definitions that differ only in docstrings, annotations of functions and layout have the same hashes.
    """
    marks = [_plain_dataclass(mark) or mark for mark in definition.decorator_list]
    head = ast.ClassDef(**{**dict(ast.iter_fields(definition)), "name": "", "body": [], "decorator_list": marks})
    return (_mark(head), *map(_mark, statements(definition)))


def _plain_dataclass(mark: ast.expr) -> ast.expr | None:
    """`@dataclass` for `@dataclass(order=True)`; None for anything else, or if its objects are made differently."""
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("dataclass", "dataclasses.dataclass"):
        said = {each.arg: getattr(each.value, "value", None) for each in mark.keywords}
        alike = said.keys() <= _ADDING.keys() and said.get("eq", True) is True
        return mark.func if alike and not mark.args else None
    return None


_ORDERS = "def {0}(self, other):\n return ({1},) {2} ({3},) if type(other) is type(self) else NotImplemented\n"
_HASHES = "def __hash__(self):\n return hash(({1},))\n"
_SIGNS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}
# The methods that each argument of `dataclass` adds.
_ADDING: dict[str, tuple[str, ...]] = {
    "order": tuple(_SIGNS),
    **dict.fromkeys(("frozen", "unsafe_hash"), ("__hash__",)),
    **dict.fromkeys(("eq", "repr", "slots", "weakref_slot"), ()),
}


def _adds(definition: ast.ClassDef) -> list[ast.stmt]:
    """Methods that the arguments of a dataclass decorator add."""
    calls = [mark for mark in definition.decorator_list if isinstance(mark, ast.Call) and _plain_dataclass(mark)]
    said = [word.arg or "" for call in calls for word in call.keywords if getattr(word.value, "value", None) is True]
    fields = [
        ast.unparse(node.target) for node in definition.body if isinstance(node, ast.AnnAssign) and _is_field(node)
    ]
    own, others = (", ".join(f"{held}.{field}" for field in fields) for held in ("self", "other"))
    wanted = dict.fromkeys(name for word in said for name in _ADDING[word]) if fields else {}
    texts = [(_ORDERS if n in _SIGNS else _HASHES).format(n, own, _SIGNS.get(n), others) for n in wanted]
    return ast.parse("".join(texts)).body


def _is_field(node: ast.AnnAssign) -> bool:
    return "ClassVar" not in ast.unparse(node.annotation)


def statements(definition: ast.ClassDef) -> list[ast.stmt]:
    """The body of a class, without statements that do nothing."""
    return [node for node in definition.body if not isinstance(node, ast.Pass) and not _is_text(node)]


def added(definition: ast.ClassDef, marks: Sequence[int]) -> list[ast.stmt] | None:
    """Methods that a definition has in addition to one with these marks; None if it is a different class."""
    own = marks_of(definition)
    if own[0] != marks[0] or not set(marks[1:]) <= set(own[1:]):
        return None
    more = [node for node, mark in zip(statements(definition), own[1:], strict=True) if mark not in marks[1:]]
    return [*_adds(definition), *more] if all(isinstance(node, _Function) for node in more) else None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _mark(statement: ast.stmt) -> int:
    plain = ast.parse(ast.unparse(statement)) if not isinstance(statement, ast.ClassDef) else statement
    for node in ast.walk(plain):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, _Function):
            node.returns = None
            if len(node.body) > 1 and _is_text(node.body[0]):
                del node.body[0]
    return zlib.crc32(ast.dump(plain).encode("utf-8", "surrogatepass"))
