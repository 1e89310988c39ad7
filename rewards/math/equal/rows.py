"""Compare matrices and vectors, also written as tuples, nested square brackets, or sums of unit vectors."""

from __future__ import annotations

from rewards.math.equal import decide
from rewards.math.equal.decide import Answer, all_of
from rewards.math.expressions import ONE, ZERO, Expr, Sym, free_variables, multiply, substituted
from rewards.math.late import late
from rewards.math.values import Many, Matrix, Scalar, Terms, Value

_IDENTITY = late(r"I(?:_\d)?")


def kind_of(brackets: tuple[str, str]) -> str:
    if brackets in (("(", ")"), ("\\langle", "\\rangle")):
        return "tuple"
    if brackets == ("[", "]"):
        return "list"
    return f"interval {brackets[0]}{brackets[1]}"


def same_matrices(gold: Matrix, answer: Matrix, terms: Terms) -> Answer:
    if len(gold.rows) != len(answer.rows) or len(gold.rows[0]) != len(answer.rows[0]):
        return Answer.NO
    return all_of(
        decide.close(a, b, terms.tolerance)
        for ours, theirs in zip(gold.rows, answer.rows, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def _rows(value: Many) -> Matrix | None:
    """Convert `[[1, 2], [3, 4]]` to a matrix; None for other values."""
    rows: list[tuple[Expr, ...]] = []
    for item in value.items:
        if not isinstance(item, Many) or (item.opening, item.closing) != ("[", "]"):
            return None
        rows.append(tuple(cell.expression for cell in item.items if isinstance(cell, Scalar)))
        if len(rows[-1]) != len(item.items):
            return None
    same_length = len(set(map(len, rows))) == 1
    return Matrix(tuple(rows)) if same_length and (value.opening, value.closing) == ("[", "]") else None


def matrix_and_tuple(gold: Matrix, answer: Many, terms: Terms) -> Answer:
    """Compare a matrix with a tuple (a vector) or nested square brackets (rows)."""
    rows = _rows(answer)
    if rows is not None:
        return same_matrices(gold, rows, terms)
    cells = [cell for row in gold.rows for cell in row]
    if 1 not in (len(gold.rows), len(gold.rows[0])) or kind_of((answer.opening, answer.closing)) != "tuple":
        return Answer.NO
    if len(cells) != len(answer.items):
        return Answer.NO
    items = [item.expression for item in answer.items if isinstance(item, Scalar)]
    if len(items) != len(cells):
        return Answer.NO
    return all_of(decide.close(*pair, terms.tolerance) for pair in zip(cells, items, strict=True))


def components(value: Scalar) -> Many | None:
    """Convert `3\\mathbf{i} - 2\\mathbf{j}` to a tuple; None for other values."""
    names = {name for name in free_variables(value.expression) if name.startswith("basis ")}
    if not names:
        return None
    size = max(int(name[-1]) for name in names)
    parts: list[Value] = []
    for axis in range(1, size + 1):
        expression = value.expression
        for other in range(1, 4):
            expression = substituted(expression, f"basis {other}", ONE if other == axis else ZERO)
        parts.append(Scalar(expression))
    return Many(tuple(parts), "(", ")")


def matrix_and_scalar(gold: Matrix, answer: Scalar, terms: Terms) -> Answer:
    parts = components(answer)
    if parts is not None:
        return matrix_and_tuple(gold, parts, terms)
    identity = _of_identity(answer, len(gold.rows))
    return Answer.NO if identity is None else same_matrices(gold, identity, terms)


def _of_identity(value: Scalar, size: int) -> Matrix | None:
    """Convert `-2I` to a matrix of that size; `I_3` has three rows. None for other values."""
    (name, *others) = free_variables(value.expression) or ("",)
    if others or _IDENTITY.fullmatch(name) is None or name[2:] not in ("", str(size)):
        return None
    factor = substituted(value.expression, name, ONE)
    if free_variables(factor) or decide.same(value.expression, multiply(factor, Sym(name))) is not Answer.YES:
        return None
    return Matrix(tuple(tuple(factor if row == column else ZERO for column in range(size)) for row in range(size)))
