r"""Matrices and column vectors, `\begin{pmatrix} … \end{pmatrix}` and similar, as rows of expressions."""

from __future__ import annotations

from fractions import Fraction

from rewards.math.expressions import Expr, Num, Op, add, divide, multiply, negative, number
from rewards.math.notation.tokens import NotMaths
from rewards.math.parse.grammar import CLOSING, Grammar

ENVIRONMENTS = frozenset(("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "smallmatrix", "array"))
_MOST_CELLS = 144
_LARGEST_POWER = 1000
_MOST_BITS = 5000


def read_matrix(parser: Grammar) -> tuple[str, list[list[Expr]]]:
    """Parse an environment. Returns its name and its rows, all of one length. Raises NotMaths."""
    kind = _name(parser, "\\begin")
    if kind not in ENVIRONMENTS:
        raise NotMaths(f"an environment that is no matrix: {kind!r:.40}")
    if kind == "array" and parser.take("{"):
        while not parser.take("}"):
            if parser.done():
                raise NotMaths("an array without its columns")
            parser.at += 1
    rows: list[list[Expr]] = [[]]
    while parser.peek() != "\\end":
        if parser.take("\\\\"):
            if parser.peek() == "[" and parser.peek(3) == "]":  # space between rows
                parser.at += 4
            rows.append([])
            continue
        if parser.take("\\hline"):
            continue
        if rows[-1]:
            parser.expect("&")
        rows[-1].append(parser.expression())
        if sum(map(len, rows)) > _MOST_CELLS:
            raise NotMaths(f"a matrix of more than {_MOST_CELLS} entries")
    if _name(parser, "\\end") != kind:
        raise NotMaths("an environment that ends as another")
    rows = [row for row in rows if row]
    if not rows or len(set(map(len, rows))) != 1:
        raise NotMaths("a matrix whose rows differ in length")
    return kind, rows


def _name(parser: Grammar, command: str) -> str:
    parser.expect(command)
    parser.expect("{")
    name = ""
    while not parser.take("}"):
        if parser.done():
            raise NotMaths("an environment without its name")
        name += parser.peek()
        parser.at += 1
    return name


Rows = list[list[Expr]]


def determinant(rows: Rows) -> Expr:
    """The determinant of a square matrix. Raises NotMaths for others."""
    if len(rows) != len(rows[0]):
        raise NotMaths("a determinant of a matrix that is not square")
    return Op("det", tuple(cell for row in rows for cell in row))


def matrix_sum(parser: Grammar) -> Rows | None:
    """Parse sums and products of matrices, with factors, powers and transposes; None if the value is not a matrix."""
    total: Rows | None = None
    while total is None or parser.peek() in ("+", "-"):
        is_negative = parser.take("-")
        if not is_negative:
            parser.take("+")
        term = _matrix_product(parser)
        if term is None:
            return None
        if is_negative:
            term = [[negative(cell) for cell in row] for row in term]
        if total is None:
            total = term
        elif (len(total), len(total[0])) != (len(term), len(term[0])):
            raise NotMaths("a sum of matrices of different sizes")
        else:
            total = [[add(a, b) for a, b in zip(x, y, strict=True)] for x, y in zip(total, term, strict=True)]
    return total


def _matrix_product(parser: Grammar) -> Rows | None:
    value: Rows | None = None
    factors: list[Expr] = []
    while not parser.done() and parser.peek() not in ("+", "-", ")", "]"):
        if parser.peek() in ("\\cdot", "\\times", "*"):
            parser.at += 1
            continue
        if parser.take("/"):
            factors.append(divide(number(1), parser.factor()))
            continue
        if parser.peek() == "\\begin":
            if parser.peek(2) == "vmatrix":
                factors.append(determinant(read_matrix(parser)[1]))
                continue
            rows = _raised(parser, read_matrix(parser)[1])
            value = rows if value is None else _product(value, rows)
        elif parser.peek() in ("(", "[") and parser.peek(1) == "\\begin":
            closing = CLOSING[parser.peek()]
            parser.at += 1
            rows = matrix_sum(parser) or [[number(0)]]
            parser.expect(closing)
            rows = _raised(parser, rows)
            value = rows if value is None else _product(value, rows)
        else:
            factors.append(parser.factor())
    if value is None:
        return None
    return [[multiply(*factors, cell) if factors else cell for cell in row] for row in value]


def _raised(parser: Grammar, rows: Rows) -> Rows:
    """Apply a following transpose, inverse or power."""
    if parser.peek() != "^":
        return rows
    parser.at += 1
    braces = parser.take("{")
    mark = parser.peek()
    parser.at += 1
    if mark == "-":
        mark += parser.peek()
        parser.at += 1
    if braces:
        parser.expect("}")
    if mark in ("T", "\\top", "\\mathsf"):
        return [list(column) for column in zip(*rows, strict=True)]
    if mark == "-1" and len(rows) == len(rows[0]) <= 4:
        return _inverse(rows)
    if mark.isdigit() and 1 <= int(mark) <= _LARGEST_POWER and len(rows) == len(rows[0]):
        return _power(rows, int(mark))
    raise NotMaths(f"a matrix to the power {mark!r:.20}")


def _power(rows: Rows, exponent: int) -> Rows:
    """The power of a matrix of rational numbers. Raises NotMaths."""
    if not all(isinstance(cell, Num) and not cell.digits for row in rows for cell in row):
        raise NotMaths("a power of a matrix that holds more than numbers")
    numbers = [[cell.value for cell in row if isinstance(cell, Num)] for row in rows]
    total = numbers
    for _ in range(exponent - 1):
        total = [
            [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*numbers, strict=True)]
            for row in total
        ]
        if any(max(abs(cell.numerator), cell.denominator).bit_length() > _MOST_BITS for row in total for cell in row):
            raise NotMaths("a power of a matrix with numbers of thousands of digits")
    return [[Num(Fraction(cell)) for cell in row] for row in total]


def _inverse(rows: Rows) -> Rows:
    size, whole = len(rows), determinant(rows)
    if size == 1:
        return [[divide(number(1), rows[0][0])]]

    def cofactor(row: int, column: int) -> Expr:
        minor = [r[:column] + r[column + 1 :] for at, r in enumerate(rows) if at != row]
        value = determinant(minor)
        return negative(value) if (row + column) % 2 else value

    return [[divide(cofactor(column, row), whole) for column in range(size)] for row in range(size)]


def _product(a: Rows, b: Rows) -> Rows:
    if len(a[0]) != len(b):
        raise NotMaths("a product of matrices that do not fit")
    columns = list(zip(*b, strict=True))
    return [[add(*(multiply(x, y) for x, y in zip(row, column, strict=True))) for column in columns] for row in a]
