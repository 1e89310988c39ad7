"""In the checker: names that only stand for values in a test's own text, by its syntax alone.

In `@parametrize("shape, area", [(Triangle(3, 4, 5), 6)])`, `area` is 6, as if the assertion said so. So are the targets
of a loop over such rows, and what is assigned once. In doubt, a name is none of these.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from ..sources import context, shapes
from ..sources.context import Function

_MUTABLE = ast.List | ast.Dict | ast.Set | ast.Call
_Column = tuple[str, list[ast.expr]]  # a name, and the values that it takes


def said_names(function: Function, is_said: Callable[[ast.expr], bool]) -> set[str]:
    """The names of a test function that only stand for such values. is_said: whether an expression is one."""
    given = {arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)}
    bound = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    bound += [n.arg for n in ast.walk(function) if isinstance(n, ast.arg)]
    bound += [name for n in ast.walk(function) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names]
    found = [column for mark in function.decorator_list for column in _marked(mark) if column[0] in given]
    found += [column for node in ast.walk(function) for column in _walked(node)]
    once = [(name, values) for name, values in found if bound.count(name) == 1 and values and all(map(is_said, values))]
    return {n for n, values in once if not any(map(_is_mutable, values)) or _is_only_compared(function, n)}


def _marked(mark: ast.expr) -> Iterator[_Column]:
    """What `@pytest.mark.parametrize(names, rows)` gives."""
    if not (isinstance(mark, ast.Call) and shapes.is_call(mark, ("parametrize",)) and len(mark.args) == 2):
        return
    names, rows = mark.args
    listed = names.elts if isinstance(names, ast.Tuple | ast.List) else [names]
    texts = [part.value for part in listed if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if any(keyword.arg == "indirect" for keyword in mark.keywords) or len(texts) != len(listed):
        return
    if listed == [names]:
        texts = [name.strip() for name in texts[0].split(",") if name.strip()]
    yield from _columns(texts, rows)


def _walked(node: ast.AST) -> Iterator[_Column]:
    """What a loop over rows, or an assignment, binds."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, [value]
        case ast.For(target=ast.Name(id=name), iter=rows) | ast.comprehension(target=ast.Name(id=name), iter=rows):
            yield from _columns([name], rows)
        case (
            ast.For(target=ast.Tuple(elts=parts), iter=rows)
            | ast.comprehension(target=ast.Tuple(elts=parts), iter=rows)
        ):
            if all(isinstance(part, ast.Name) for part in parts):
                yield from _columns([context.name_of(part) for part in parts], rows)


def _columns(names: list[str], rows: ast.expr) -> Iterator[_Column]:
    if not isinstance(rows, ast.List | ast.Tuple):
        return
    table: list[list[ast.expr]] = []
    for row in rows.elts:
        if isinstance(row, ast.Call) and shapes.is_call(row, ("param",)):
            parts = row.args
        elif len(names) == 1:
            parts = [row]
        else:
            parts = row.elts if isinstance(row, ast.Tuple | ast.List) else []
        if len(parts) != len(names) or any(isinstance(part, ast.Starred) for part in parts):
            return
        table.append(parts)
    yield from ((name, [row[at] for row in table]) for at, name in enumerate(names))


def _is_mutable(value: ast.expr) -> bool:
    return any(isinstance(n, _MUTABLE) for n in ast.walk(value))


def _is_only_compared(function: ast.AST, name: str) -> bool:
    """Whether nothing could change the value: it is only a side of comparisons."""
    compared = {id(side) for n in ast.walk(function) if isinstance(n, ast.Compare) for side in shapes.sides(n)}
    compared |= {
        id(n.args[0])
        for n in ast.walk(function)
        if isinstance(n, ast.Call) and shapes.is_call(n, ("approx",)) and n.args
    }
    read = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load))
    return all(id(n) in compared for n in read)
