r"""Parse LaTeX commands with their arguments: fractions, roots, functions, sums, integrals, limits, matrices."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from rewards.math.expressions import (
    BINDING,
    FUNCTIONS,
    IMAGINARY_UNIT,
    INFINITY,
    MINUS_ONE,
    ONE,
    ZERO,
    Const,
    E,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    free_variables,
    has_any,
    multiply,
    negative,
    number,
    power,
    root,
    substituted,
    walk,
)
from rewards.math.notation.tokens import Kind, NotMaths, Token
from rewards.math.parse.grammar import CLOSING, Grammar
from rewards.math.parse.matrices import determinant, read_matrix
from rewards.math.parse.names import (
    ACCENTS,
    CALLS,
    CONSTANTS,
    FIGURES,
    GREEK,
    LARGE,
    ONE_ARGUMENT,
    UNIT_VECTORS,
    of_index,
)

_LONGEST_DERIVATIVE = 30  # tokens
_OF = r"(?:[a-zA-Z]|\\[a-z]++)"
_DERIVATIVE = re.compile(
    rf"\{{(d|\\partial)(?:\^\{{?\d\}}?)?{_OF}(?:\(\w(?:,\w)*\))?\}}\{{(?:\1{_OF}(?:\^\{{?\d\}}?)?)+\}}"
)
_OPERATOR = re.compile(rf"\{{(d|\\partial)\}}\{{\1{_OF}\}}")


class Parser(Grammar):
    """The grammar with all supported commands."""

    def _command(self, name: str) -> Expr:
        self.at += 1
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in UNIT_VECTORS:
            return Sym(UNIT_VECTORS[name])
        plain = name[1:]
        if plain in _SPECIAL and self.peek() == "(" and (value := self._special(plain)) is not None:
            return value
        if plain in GREEK:
            return Sym(self._indexed(plain))
        if plain in FUNCTIONS:
            return self._function(plain)
        reader = _READERS.get(name)
        if reader is None:
            raise NotMaths(f"a command that is not known: {name!r:.40}")
        return reader(self)

    def expression(self) -> Expr:
        r"""An expression, perhaps between bounds: `x^2 |_0^1`; if it is a sum, it is unknown where that begins.

        Raises NotMaths.
        """
        value = super().expression()
        if self.peek() == "|" and self.peek(1) == "_" and not self._bars:
            if isinstance(value, Op) and value.name == "+":
                raise NotMaths("a sum before a bar with bounds")
            self.at += 1
            return self._between_bounds(value)
        return value

    def _bracket(self, opening: str) -> Expr:
        value = super()._bracket(opening)
        return self._between_bounds(value) if opening == "[" and self.peek() == "_" else value

    def _between_bounds(self, value: Expr) -> Expr:
        r"""The value at one point, `_{x=1}`, or the difference of two, `_0^1`."""
        names = free_variables(value)
        if len(names) != 1 or has_any(value, BINDING):
            raise NotMaths("bounds for other than one variable")
        (name,) = names
        low, is_named = self._point(name, "_")
        if self.peek() == "^":
            return add(substituted(value, name, self._point(name, "^")[0]), negative(substituted(value, name, low)))
        if not is_named:
            raise NotMaths("a bound of no variable")
        return substituted(value, name, low)

    def _point(self, name: str, sign: str) -> tuple[Expr, bool]:
        """A bound, and whether it names the variable."""
        self.expect(sign)
        if not self.take("{"):
            return self._group(), False
        value = self.expression()
        is_named = value == Sym(name) and self.take("=")
        value = self.expression() if is_named else value
        self.expect("}")
        if INFINITY in walk(value) or name in free_variables(value):
            raise NotMaths("a bound that is no number")
        return value, is_named

    # --- commands ---

    def _special(self, name: str) -> Expr | None:
        r"""`\Gamma(n)` as a factorial, `\zeta(2)` as a sum; None for other names."""
        at = self.at
        self.at += 1
        try:
            return _SPECIAL[name](self._inside(")"))
        except NotMaths:
            self.at = at
            return None

    def _fraction(self) -> Expr:
        derivative = self._derivative() if self.peek() == "{" and self.peek(1)[:1] in ("d", "\\") else None
        if derivative is not None:
            return derivative
        top = self._digit_group()
        return divide(top, self._digit_group())

    def _derivative(self) -> Expr | None:
        r"""`\frac{dy}{dx}`, `\frac{\partial f}{\partial x}` as a name; `\frac{d}{dx}` applied to what follows."""
        start, source, opened = self.at, "", 0
        for at in range(start, min(start + _LONGEST_DERIVATIVE, len(self._tokens))):
            text = self._tokens[at].text
            source += text
            opened += text == "}" and source.count("{") == source.count("}")
            if opened == 2:
                if _OPERATOR.fullmatch(source):
                    self.at = at + 1
                    return Op("diff", (self._argument(), Sym(source[-2])))
                if _DERIVATIVE.fullmatch(source) is None:
                    return None
                self.at = at + 1
                return Sym(re.sub(r"[{}\\]", "", source.replace("}{", " over ")))
        return None

    def _figure(self) -> Expr:
        """An angle, triangle or arrow, named by its points; the points of an angle may be reversed."""
        kind = self._tokens[self.at - 1].text[1:]
        names: list[str] = []
        braced = self.take("{")
        while (token := self.token) is not None and token.kind in (Kind.LETTER, Kind.WORD) and token.text.isupper():
            names += token.text
            self.at += 1
        if braced:
            self.expect("}")
        if not 1 <= len(names) <= 4:
            raise NotMaths(f"no points of a figure: {kind}")
        if kind == "triangle":
            names.sort()
        return Sym(f"{kind} {''.join(names if kind == 'overrightarrow' else min(names, names[::-1]))}")

    def _cross(self) -> Expr:
        """The cross product of two vectors, which is not commutative."""
        return Op("cross", (self._group(), self._group()))

    def _root(self) -> Expr:
        degree: Expr = number(2)
        if self.take("["):
            degree = self.expression()
            self.expect("]")
        of = self._paren_group() if self.peek() == "(" else self._digit_group()
        if isinstance(degree, Num) and degree.value.denominator == 1 and 2 <= degree.value <= 1000:
            return root(of, int(degree.value))
        return power(of, divide(ONE, degree))

    def _paren_group(self) -> Expr:
        self.expect("(")
        return self._inside(")")

    def _binomial(self) -> Expr:
        if self.take("("):
            return Op("binom", tuple(self._several(")")))
        n = self._digit_group()
        if not self.take("{"):
            return Op("binom", (n, self._digit_group()))
        parts = self._several("}")
        if len(parts) == 1:
            return Op("binom", (n, *parts))
        numbers = [one.value for one in (n, *parts) if isinstance(one, Num)]
        if len(numbers) > len(parts) and numbers[0] != sum(numbers[1:]):
            raise NotMaths("a multinomial coefficient whose parts do not add up")
        return divide(Op("!", (n,)), multiply(*(Op("!", (one,)) for one in parts)))

    def _function(self, name: str) -> Expr:
        exponent = self._exponent()
        inverse = exponent == MINUS_ONE
        value = Op(f"a{name}" if inverse else name, (self._argument(),))
        return value if exponent is None or inverse else power(value, exponent)

    def _exponent(self) -> Expr | None:
        """The exponent between a function and its argument, if there is one."""
        if self.peek() != "^" or self.peek(1) == "\\circ":
            return None
        self.at += 1
        one_digit = self.peek(1) == "^" and self.peek(2) == "\\circ"  # `\sin^230^\circ`
        return self._digit_group() if one_digit else self._group()

    def _argument(self) -> Expr:
        r"""The argument of a function without parentheses: the factors up to another function (`\sin 2x \cos x`).

        A power of e behind a variable is one, too: `\sin x \, e^x` is a product.
        """
        if self.peek() in ("(", "{", "["):
            bracket = self.peek()
            self.at += 1
            return self._postfix(self._inside(CLOSING[bracket]))
        if self.take("-"):
            return negative(self._argument())
        value = self._power()
        while True:
            token = self.token
            if (
                token is not None
                and token.kind is Kind.COMMAND
                and (token.text[1:] in FUNCTIONS or token.text in _READERS)
                and token.text != "\\frac"
            ):
                return value
            if self._is_power_of_e() and free_variables(value):
                return value
            if self.peek() == "/" and self.peek(1) != "(" and self.peek(1)[1:] not in (*FUNCTIONS, "log", "ln", "lg"):
                self.at += 1
                value = divide(value, self._power())
            elif token is not None and token.text != "(" and self._goes_on(value):
                value = multiply(value, self._power())
            else:
                return value

    def _is_power_of_e(self) -> bool:
        return self.peek() == "e" and self.peek(1) == "^" and "e" not in self._bound

    def _logarithm(self) -> Expr:
        base: Expr = number(10)
        if self.take("_"):
            base = self._digit_group() if self.peek() != "{" else self._group()
        exponent = self._exponent()
        value: Expr = Op("log", (self._argument(), base))
        return value if exponent is None else power(value, exponent)

    def _conjugate(self) -> Expr:
        inner = self._group()
        if isinstance(inner, Sym):  # a name, which need not be real
            return Sym(f"bar {inner.name}")
        if isinstance(inner, Op) and inner.name == "*" and all(isinstance(one, Sym) for one in inner.args):
            names = [one.name for one in inner.args if isinstance(one, Sym)]  # digits, or two points of a segment
            return Sym(f"bar {' '.join(sorted(names) if ''.join(names).isupper() else names)}")
        if isinstance(inner, (Op, Const)):
            return Op("conj", (inner,))
        raise NotMaths("a line over a number")

    def _index(self) -> str:
        """The variable of a sum, product or limit."""
        self.expect("_")
        self.expect("{")
        token = self.token
        if token is None or token.kind is not Kind.LETTER:
            raise NotMaths("a sum or limit without its variable")
        self.at += 1
        return token.text

    def _large(self, name: str) -> Expr:
        """A sum or product."""
        variable = self._index()
        endless = self.take("\\ge")
        if not endless:
            self.expect("=")
        low = self._inside("}")
        if not endless:
            self.expect("^")
        high = INFINITY if endless else self._group()
        self._bound.append(variable)
        body = self._signed()
        self._bound.pop()
        return Op(name, (of_index(body, variable), Sym(variable), low, high))

    def _accented(self) -> Expr:
        """A letter with a dot or hat, as a separate name."""
        accent = self._tokens[self.at - 1].text[1:]
        inner = self._group()
        if accent == "vec" and inner == ZERO:
            return Sym("vec 0")
        if not isinstance(inner, Sym):
            raise NotMaths("an accent over what is no letter")
        return Sym(self._subscripted(f"{accent} {inner.name}")) if self.peek() == "_" else Sym(f"{accent} {inner.name}")

    def _integral(self) -> Expr:
        bounds: list[Expr] = []
        if self.take("_"):
            bounds.append(self._digit_group())
            self.expect("^")
            bounds.append(self._digit_group())
        start, depth, inside = self.at, 0, 0  # inside: nested integrals whose `dx` is still to come
        for at in range(start, len(self._tokens)):
            text = self._tokens[at].text
            depth += (text in ("(", "{", "[")) - (text in (")", "}", "]"))
            inside += text == "\\int"
            found = self._differential(at) if depth == 0 else None
            if found is None:
                continue
            if inside:
                inside -= 1
                continue
            variable, letters, behind = found
            before = [Token(Kind.LETTER, c, False, self._tokens[at].start + k) for k, c in enumerate(letters)]
            self._tokens = [*self._tokens[:at], *before, *self._tokens[behind:]]
            return self._integral_body(start, at + len(before), variable, bounds)
        for at in range(start, len(self._tokens)):  # `\\frac{dx}{x}`
            found = self._differential(at)
            if found is not None and not found[1]:
                alone = self._tokens[at - 1].text in ("{", "(")
                one = [Token(Kind.NUMBER, "1", True, self._tokens[at].start, ONE)] if alone else []
                self._tokens = [*self._tokens[:at], *one, *self._tokens[found[2] :]]
                return Op("int", (of_index(self._term(), found[0]), Sym(found[0]), *bounds))
        raise NotMaths("an integral without its variable")

    def _differential(self, at: int) -> tuple[str, str, int] | None:
        r"""Parse `dx`, `d x`, `d\theta`, or `xdx`. Returns (variable, letters before it, end)."""
        token = self._tokens[at]
        if token.kind is Kind.WORD and token.text[-2] == "d":
            return token.text[-1], token.text[:-2], at + 1
        if token.kind not in (Kind.LETTER, Kind.WORD) or token.text[-1] != "d" or at + 1 == len(self._tokens):
            return None
        following = self._tokens[at + 1]
        if following.text.removeprefix("\\") in GREEK or (token.text == "d" and following.kind is Kind.LETTER):
            return following.text.removeprefix("\\"), token.text[:-1], at + 2
        return None

    def _integral_body(self, start: int, end: int, variable: str, bounds: list[Expr]) -> Expr:
        inner = Parser(self._tokens[start:end], units=False)
        inner._depth = self._depth
        body: Expr = ONE if start == end else inner.expression()
        if not inner.done() and start != end:
            raise NotMaths("an integral that is not read to its end")
        self.at = end
        return Op("int", (of_index(body, variable), Sym(variable), *bounds))

    def _limit(self) -> Expr:
        variable = self._index()
        self.expect("\\to")
        at = self._side_of_limit()
        self.expect("}")
        return Op("lim", (of_index(self._signed(), variable), Sym(variable), *at))

    def _side_of_limit(self) -> tuple[Expr, ...]:
        """The limit point, and 1 or -1 if it is approached from above or below."""
        last = next((at for at in range(self.at, len(self._tokens)) if self._tokens[at].text == "}"), 0)
        sign = last and self._tokens[last - 1].text in ("+", "-") and self._tokens[last - 2].text == "^"
        if not sign:
            return (self.expression(),)
        side = ONE if self._tokens[last - 1].text == "+" else MINUS_ONE
        self._tokens = [*self._tokens[: last - 2], *self._tokens[last:]]
        return self.expression(), side

    def _determinant(self) -> Expr:
        if (opening := self.peek()) not in ("(", "[", "{"):
            return self._matrix_rows()
        self.at += 1
        value = self._determinant()
        self.expect(CLOSING[opening])
        return value

    def _matrix_rows(self) -> Expr:
        return determinant(read_matrix(self)[1])

    def _environment(self) -> Expr:
        self.at -= 1
        if self.peek(2) != "vmatrix":
            raise NotMaths("a matrix in an expression")
        return self._matrix_rows()


def _called(name: str) -> Callable[[Parser], Expr]:
    def read(parser: Parser) -> Expr:
        for opening in ("\\{", "(", "[", "{"):
            if parser.take(opening):
                return Op(name, tuple(parser._several(CLOSING[opening])))
        raise NotMaths(f"{name} without its arguments")

    return read


def _part(name: str) -> Callable[[Parser], Expr]:
    """The real part or the like, of one argument, which may be a power without parentheses: `\\Re z`."""
    return lambda parser: Op(name, (parser._power(),))


def _large(name: str) -> Callable[[Parser], Expr]:
    return lambda parser: parser._large(name)


def _gamma(of: Expr) -> Expr:
    return Op("!", (number(of.value - 1) if isinstance(of, Num) and not of.digits else add(of, MINUS_ONE),))


def _zeta(of: Expr) -> Expr:
    if not isinstance(of, Num) or of.value.denominator != 1 or of.value < 2:
        raise NotMaths("zeta of what is no whole number above 1")
    term = Sym("the term")
    return Op("sum", (power(term, negative(of)), term, ONE, INFINITY))


_SPECIAL: dict[str, Callable[[Expr], Expr]] = {"Gamma": _gamma, "zeta": _zeta}


_READERS: dict[str, Callable[[Parser], Expr]] = {
    "\\frac": Parser._fraction,
    "\\cross": Parser._cross,
    **{f"\\{figure}": Parser._figure for figure in FIGURES},
    "\\sqrt": Parser._root,
    "\\cbrt": lambda parser: root(parser._paren_group() if parser.peek() == "(" else parser._group(), 3),
    "\\binom": Parser._binomial,
    "\\log": Parser._logarithm,
    "\\lg": Parser._logarithm,
    "\\ln": lambda parser: parser._function("ln"),
    "\\exp": lambda parser: power(E, parser._argument()),
    "\\cis": lambda parser: power(E, multiply(IMAGINARY_UNIT, parser._argument())),
    "\\lfloor": lambda parser: Op("floor", (parser._inside("\\rfloor"),)),
    "\\lceil": lambda parser: Op("ceil", (parser._inside("\\rceil"),)),
    "\\overline": Parser._conjugate,
    "\\bar": Parser._conjugate,
    "\\int": Parser._integral,
    **{f"\\{accent}": Parser._accented for accent in ACCENTS},
    "\\lim": Parser._limit,
    "\\det": Parser._determinant,
    "\\begin": Parser._environment,
    **{command: _called(name) for command, name in CALLS.items()},
    **{command: _part(name) for command, name in ONE_ARGUMENT.items()},
    **{command: _large(name) for command, name in LARGE.items()},
}


def expression(piece: Sequence[Token]) -> Expr:
    """Parse tokens as one expression. Raises NotMaths."""
    parser = Parser(piece, units=False)
    value = parser.expression()
    if not parser.done():
        raise NotMaths("something behind an expression")
    return value


def literal(piece: Sequence[Token]) -> Fraction | None:
    """The value of an integer or a fraction of integers; None for others."""
    if len(piece) > 12:
        return None
    try:
        value = expression(piece)
    except NotMaths:
        return None
    return value.value if isinstance(value, Num) and not value.digits else None
