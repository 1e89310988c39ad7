r"""The expression grammar: parses LaTeX and plain text to a tree, by recursive descent over tokens.

    expression = [±] term {± term}
    term       = power {(· | × | * | / | nothing) power}
    power      = postfix [^ exponent]
    postfix    = atom {! | ° | '}

It parses as far as possible and leaves the rest (a unit, a comma, a relation) to the caller. The depth is bounded, and
nothing is computed.

Example:
    >>> from rewards.math.notation.tokens import tokens
    >>> Grammar(tokens("x^y + z")).expression()
    Op(name='+', args=(Op(name='^', args=(Sym(name='x'), Sym(name='y'))), Sym(name='z')))
"""

from __future__ import annotations

from collections.abc import Sequence

from rewards.math.expressions import (
    IMAGINARY_UNIT,
    E,
    Expr,
    Num,
    Op,
    Sym,
    add,
    divide,
    free_variables,
    multiply,
    negative,
    number,
    real_power,
)
from rewards.math.measures import is_unit
from rewards.math.notation.tokens import Kind, NotMaths, Token
from rewards.math.parse.geometric import endless
from rewards.math.parse.names import COMMANDS
from rewards.math.parse.series import multiplied, summed

_DEEPEST = 60
_LONGEST_PRODUCT = 8  # letters in a row, in a formula
CLOSING = {
    "(": ")",
    "[": "]",
    "{": "}",
    "\\{": "\\}",
    "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil",
    "\\langle": "\\rangle",
}
_TIMES = ("\\cdot", "\\times", "*")
_STOPS = frozenset(
    ("=", "<", ">", "\\le", "\\ge", "\\ne", "\\in", "\\cup", "\\cap", "\\approx", "\\to", "\\equiv", ",", ";")
)
_FUNCTION_LETTERS = frozenset("fghFGHP")
_SIGNS = ("+", "-", "\\pm", "\\mp")
_COUNTS = frozenset("nmkrN")  # letters of whole numbers: `C(n, k)`
_DENIALS = frozenset(("no", "not", "non", "nor"))  # words, not products of letters


def _denies(word: str) -> bool:
    """Whether the word is a denial; `NO` is a segment between two points."""
    return word.lower() in _DENIALS and word != "NO"


def _is_reckoned(value: Expr) -> bool:
    r"""Whether it is a number, such as `3 \times 10^8`, also one that is not worked out."""
    return isinstance(value, Num) or (
        isinstance(value, Op) and value.name in "*^" and all(map(_is_reckoned, value.args))
    )


class Grammar:
    """Parses expressions from tokens.

    units: a unit after a number and a space ends the expression.
    """

    def __init__(self, found: Sequence[Token], *, units: bool = True) -> None:
        self._tokens = found
        self._units = units
        self._depth = 0
        self.at = 0
        self._bars = 0  # open |
        self._is_formula = any(token.text in ("^", "_", "\\frac", "\\sqrt") for token in found)
        self._bound: list[str] = []

    # --- tokens ---

    def peek(self, ahead: int = 0) -> str:
        """The text of an upcoming token; empty = the end."""
        at = self.at + ahead
        return self._tokens[at].text if at < len(self._tokens) and self._tokens[at].kind is not Kind.QUOTED else ""

    def _is_quoted(self, ahead: int) -> bool:
        """Whether the token is quoted words: `3/“pound”` is not a quotient."""
        at = self.at + ahead
        return at < len(self._tokens) and self._tokens[at].kind is Kind.QUOTED

    @property
    def token(self) -> Token | None:
        return self._tokens[self.at] if self.at < len(self._tokens) else None

    def done(self) -> bool:
        return self.at >= len(self._tokens)

    def rest(self) -> Sequence[Token]:
        """The remaining tokens."""
        return self._tokens[self.at :]

    def take(self, text: str) -> bool:
        """Consume a sign if it is next. Returns whether it was."""
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Raises NotMaths."""
        if not self.take(text):
            raise NotMaths(f"{text!r} is missing at {self.peek()!r}")

    # --- expressions ---

    def expression(self) -> Expr:
        """Raises NotMaths."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotMaths("nested too deep")
        terms = [self._signed()]
        shown: list[Expr] = []  # before dots
        while (sign := self.peek()) in ("+", "-", "\\pm", "\\mp"):
            self.at += 1
            if not shown and sign == "+" and self.peek() == "\\ldots" and self.peek(1) == "+":
                self.at += 1
                shown, terms = terms, []
                continue
            if not shown and sign in "+-" and self.peek() == "\\ldots":
                self.at += 1
                terms = [endless(terms)]
                break
            term = self._signed()
            if sign == "-":
                term = negative(term)
            elif sign != "+":
                term = Op(sign[1:], (term,))
            terms.append(term)
        self._depth -= 1
        if shown and len(terms) > 1:
            raise NotMaths("more than one term behind dots")
        value = summed(shown, terms[0]) if shown else add(*terms)
        if self._depth == 0 and self.take("\\over"):
            value = divide(value, self.expression())
        return value

    def _signed(self) -> Expr:
        sign = self.peek()
        if sign in _SIGNS:
            self.at += 1
            if sign == "-":
                return negative(self._signed()) if self.peek() in _SIGNS else self._term(minus=True)
            value = self._signed()
            return value if sign == "+" else Op(sign[1:], (value,))
        return self._term()

    def _term(self, *, minus: bool = False) -> Expr:
        r"""A product. minus: it is preceded by a minus, which binds tighter than a modulus: `-7 \bmod 3` is 2."""
        value = self._power()
        shown = [value]  # the factors, as long as there are no others than factors
        while True:
            sign = self.peek()
            if sign in _TIMES:
                self.at += 1
                if self.peek() != "\\ldots":
                    shown.append(self._factor())
                    value = multiply(value, shown[-1])
            elif sign == "\\ldots" and len(shown) > 1:
                self.at += 2 if self.peek(1) in _TIMES else 1
                last = self._power()
                if isinstance(last, Num) and (token := self.token) is not None and token.kind is Kind.LETTER:
                    last = multiply(last, self._power())  # `\cdots 2n`
                value = multiplied(shown, last)
                shown = [value]
            elif sign == "/" and not self._is_quoted(1):
                self.at += 1
                value, shown = divide(value, self._factor()), []
            elif sign in ("\\bmod", "\\mod"):
                self.at += 1
                value, minus = Op("mod", (negative(value) if minus else value, self._factor())), False
                shown = []
            elif sign == "\\choose":
                self.at += 1
                value, shown = Op("binom", (value, self._factor())), []
            elif self._goes_on(value):
                shown.append(self._power())
                value = multiply(value, shown[-1])
            else:
                return negative(value) if minus else value

    def factor(self) -> Expr:
        """One factor, with its exponent. Raises NotMaths."""
        return self._power()

    def _factor(self) -> Expr:
        """The factor after a multiplication sign, which may have its own sign."""
        if self.peek() in ("+", "-"):
            sign = self.peek()
            self.at += 1
            value = self._factor()
            return negative(value) if sign == "-" else value
        return self._power()

    def _goes_on(self, before: Expr) -> bool:
        """Whether the next token is another factor (implied multiplication)."""
        token = self.token
        if token is None or token.kind is Kind.QUOTED or token.text in _STOPS:
            return False
        if token.kind is Kind.NUMBER:  # `x 2`, `3 4` and `\frac{1}{2} 3` are not products; `(2)3` and `\sqrt{2}3` are
            last = self._tokens[self.at - 1]
            is_raised = self.peek(1) == "^"  # `2^6 11^2`, `n 2^n`
            if is_raised and (last.kind is Kind.LETTER or (isinstance(before, Op) and before.name in ("^", "*"))):
                return True
            if last.kind is Kind.NUMBER or (token.gap and last.kind in (Kind.LETTER, Kind.WORD)):
                return False
            return not isinstance(before, Num) or last.text == ")"
        if token.kind is Kind.LETTER:
            behind_number = _is_reckoned(before) and self._tokens[self.at - 1].kind in (Kind.NUMBER, Kind.SIGN)
            return not (self._units and token.gap and behind_number and is_unit(token.text) and self._unit_ends())
        if token.kind is Kind.WORD:
            known = self._units and is_unit(token.text)
            product = len(token.text) < 3 or (len(token.text) == 3 and (self._is_formula or self.peek(1) in ("+", "-")))
            return not known and (not token.gap or product)
        if token.kind is Kind.COMMAND:
            return token.text in COMMANDS
        return token.text in ("(", "{", "[") or (token.text == "|" and not self._bars and self.peek(1) != "_")

    def _unit_ends(self) -> bool:
        """Whether the token after a unit may continue it, and not the expression."""
        return self.peek(1) not in ("+", "-", "(", "\\cdot", "*", "\\times")

    # --- powers ---

    def _power(self) -> Expr:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotMaths("nested too deep")
        value = self._postfix(self._atom())
        if self.peek() in ("^", "**") and self.peek(1) != "\\circ":
            self.at += 1
            value = self._raised(value)
        self._depth -= 1
        return value

    def _raised(self, base: Expr) -> Expr:
        if self.peek() in ("'", "\\prime"):
            raise NotMaths("a derivative")
        exponent = self._group()
        value = self._postfix(real_power(base, exponent))
        if self.peek() in ("^", "**"):
            raise NotMaths("two exponents")
        return value

    def _postfix(self, value: Expr) -> Expr:
        while True:
            if self.peek() == "!" and self.peek(1) != "=":
                self.at += 1
                twice = self.take("!")
                value = Op("!!" if twice else "!", (value,))
            elif self.peek() == "^" and self.peek(1) == "\\circ":
                self.at += 2
                value = Op("deg", (value,))
            else:
                return value

    def _group(self) -> Expr:
        """A TeX argument: a group in braces, or one token; an exponent without braces may have a sign."""
        if self.take("{"):
            return self._inside("}")
        sign = self.peek()
        if sign in ("-", "+"):
            self.at += 1
            value = self._group()
            return negative(value) if sign == "-" else value
        token = self.token
        if token is None:
            raise NotMaths("an argument is missing")
        if token.kind is Kind.NUMBER and token.number is not None:
            self.at += 1
            return token.number
        if token.kind is Kind.WORD:
            self._split(token)
            token = self._tokens[self.at]
        if token.kind is Kind.LETTER:
            self.at += 1
            return self._letter(token.text, indexed=False)
        return self._atom()

    def _digit_group(self) -> Expr:
        r"""An argument of `\frac` or `\sqrt`: without braces only one digit (`\frac12` is 1/2)."""
        token = self.token
        if token is not None and token.kind is Kind.NUMBER and len(token.text) > 1 and token.text.isdigit():
            first, rest = token.text[0], token.text[1:]
            later = Token(Kind.NUMBER, rest, False, token.start + 1, number(int(rest)))
            self._tokens = [*self._tokens[: self.at], later, *self._tokens[self.at + 1 :]]
            return number(int(first))
        return self._group()

    def _split(self, word: Token) -> None:
        """Split a word into letters, since TeX takes only the first one without braces."""
        letters = [Token(Kind.LETTER, c, False, word.start + k) for k, c in enumerate(word.text)]
        self._tokens = [*self._tokens[: self.at], *letters, *self._tokens[self.at + 1 :]]

    def _inside(self, closing: str) -> Expr:
        bars, self._bars = self._bars, 0
        value = self.expression()
        if self.take("\\over"):
            value = divide(value, self.expression())
        self._bars = bars
        self.expect(closing)
        return value

    # --- atoms ---

    def _atom(self) -> Expr:
        token = self.token
        if token is None:
            raise NotMaths("an expression ends too early")
        if token.kind is Kind.NUMBER and token.number is not None:
            self.at += 1
            return self._mixed(token)
        if token.kind is Kind.LETTER:
            self.at += 1
            return self._letter(token.text)
        if token.kind is Kind.WORD:
            return self._word(token)
        if token.kind is Kind.COMMAND:
            return self._command(token.text)
        if token.kind is Kind.SIGN:
            return self._bracket(token.text)
        raise NotMaths(f"words in an expression: {token.text!r:.40}")

    def _mixed(self, token: Token) -> Expr:
        r"""A number; followed by a fraction (`1\frac{1}{2}`, `1 1/2`), a mixed number."""
        whole = token.number
        assert whole is not None
        if whole.digits or whole.value.denominator != 1 or "," in token.text:
            return whole
        if self.peek() == "\\frac":
            at = self.at
            part = self._command("\\frac")
            if isinstance(part, Num) and 0 < part.value < 1 and not part.digits:
                return Num(whole.value + part.value)
            self.at = at
            return whole
        following = self.token
        if (
            following is not None
            and following.kind is Kind.NUMBER
            and following.gap
            and self.peek(1) == "/"
            and self.at + 2 < len(self._tokens)
            and self._tokens[self.at + 2].kind is Kind.NUMBER
        ):
            top, bottom = following.number, self._tokens[self.at + 2].number
            if top and bottom and 0 < top.value < bottom.value and not top.digits and not bottom.digits:
                self.at += 3
                return Num(whole.value + top.value / bottom.value)
        return whole

    def _letter(self, letter: str, *, indexed: bool = True) -> Expr:
        """A letter. indexed: a number directly after it is its index (not so in arguments without braces)."""
        if (name := self._indexed(letter)) != letter:
            return Sym(name)
        if letter == "e" and letter not in self._bound:
            return E
        if letter == "i" and letter not in self._bound:
            return IMAGINARY_UNIT
        following = self.token
        if (
            indexed
            and following is not None
            and following.kind is Kind.NUMBER
            and following.text.isdigit()
            and not following.gap
            and self.peek(1) != "^"
        ):
            self.at += 1  # `x1`
            return Sym(f"{letter}_{following.text}")
        if letter in ("C", "P") and self.peek() == "(" and (chosen := self._choose(letter)) is not None:
            return chosen
        if letter in _FUNCTION_LETTERS and self.peek() == "(" and self.token is not None and not self.token.gap:
            at = self.at
            self.at += 1
            try:
                return Op(f"{letter}()", tuple(self._several(")")))
            except NotMaths:
                self.at = at
        return Sym(letter)

    def _choose(self, letter: str) -> Expr | None:
        """`C(10, 3)`, `C(2n, n)`, `P(10, 3)` as binomial coefficient and number of permutations; None for functions."""
        at = self.at
        self.at += 1
        try:
            values = self._several(")")
        except NotMaths:
            values = []
        counts = _COUNTS if letter == "C" else frozenset[str]()
        if len(values) == 2 and all(
            one.value.denominator == 1 if isinstance(one, Num) else free_variables(one) <= counts for one in values
        ):
            return Op("binom" if letter == "C" else "perm", tuple(values))
        self.at = at
        return None

    def _indexed(self, letter: str) -> str:
        """A name with its index and primes, in either order."""
        primes = self._primes()
        return self._subscripted(letter) + primes + self._primes() if self.peek() == "_" else letter + primes

    def _primes(self) -> str:
        start = self.at
        while self.peek() in ("'", "\\prime"):
            self.at += 1
        return "'" * (self.at - start)

    def _subscripted(self, letter: str) -> str:
        self.expect("_")
        if not self.take("{"):
            token = self.token
            if token is None:
                raise NotMaths("an index is missing")
            if token.kind is Kind.WORD and len(token.text) == 2:  # `a_nR`
                self._split(token)
                token = self._tokens[self.at]
            self.at += 1
            return f"{letter}_{token.text.strip()}"
        index = ""
        while not self.take("}"):
            token = self.token
            if token is None or token.text == "{":
                raise NotMaths("an index that is no name")
            index += token.text.strip()
            self.at += 1
        if "+" in index and "-" not in index:  # a sum has no order
            index = "+".join(sorted(index.split("+")))
        return f"{letter}_{index}"

    def _word(self, token: Token) -> Expr:
        """A product of several letters; a long word stays a word."""
        if len(token.text) > (_LONGEST_PRODUCT if self._is_formula else 3) or _denies(token.text):
            raise NotMaths(f"a word: {token.text!r:.40}")
        self.at += 1
        letters = list(token.text)
        values: list[Expr] = [
            E if c == "e" else IMAGINARY_UNIT if c == "i" and c not in self._bound else Sym(c) for c in letters[:-1]
        ]
        return multiply(*values, self._tail(letters[-1]))

    def _tail(self, letter: str) -> Expr:
        """The last of several letters, to which a following exponent belongs."""
        value = self._letter(letter)
        if self.peek() == "^" and self.peek(1) != "\\circ":
            self.at += 1
            return self._raised(value)
        return self._postfix(value)

    def _bracket(self, opening: str) -> Expr:
        if opening in ("(", "[", "{"):
            self.at += 1
            return self._inside(CLOSING[opening])
        if opening == "|":
            self.at += 1
            self._bars += 1
            value = self.expression()
            self._bars -= 1
            self.expect("|")
            return Op("abs", (value,))
        raise NotMaths(f"a sign where a value should be: {opening!r}")

    def _several(self, closing: str) -> list[Expr]:
        values = [self.expression()]
        while self.take(","):
            values.append(self.expression())
        self.expect(closing)
        return values

    def _command(self, name: str) -> Expr:
        """Parse a command with its arguments; implemented in `commands`. Raises NotMaths."""
        raise NotMaths(f"a command that is not known: {name!r:.40}")
