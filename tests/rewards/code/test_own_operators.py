"""Operators, truth and standard functions of the program: asked like methods, without what is expected."""

from __future__ import annotations

import textwrap

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

OF_PLAIN_TYPES = """
import math, operator
class Mod7(int):
    def __new__(cls, v=0): return super().__new__(cls, v % 7)
    def __add__(self, o): return Mod7(int(self) + int(o))
    __radd__ = __add__
    def __sub__(self, o): return Mod7(int(self) - int(o))
    def __mul__(self, o): return Mod7(int(self) * int(o))
    __rmul__ = __mul__
    def __pow__(self, e): return Mod7(pow(int(self), int(e), 7))
    def __neg__(self): return Mod7(-int(self))
    def __repr__(self): return f"Mod7({int(self)})"
class Vec(tuple):
    def __new__(cls, *xs): return super().__new__(cls, xs)
    def __add__(self, o): return Vec(*(a + b for a, b in zip(self, o)))
    def __mul__(self, k): return Vec(*(a * k for a in self))
    __rmul__ = __mul__
    def __matmul__(self, o): return sum(a * b for a, b in zip(self, o))
    def __abs__(self): return math.sqrt(self @ self)
    def __contains__(self, x): return min(self) <= x <= max(self)
class Celsius(float):
    def __add__(self, o): return Celsius(float(self) + float(o))
    def __str__(self): return f"{float(self):.1f} C"
class Path(str):
    def __add__(self, o): return Path(str.__add__(self, o))
    def __sub__(self, end): return Path(self.removesuffix(end))
    def __rshift__(self, end): return Path(f"{self}>{end}")
class Conf(dict):
    def __or__(self, o): return Conf({**self, **o})
class History(list):
    def __add__(self, o): return History(list(self) + [x for x in o if x not in self])
class Grid:
    def __init__(self, *cells): self.cells = cells
    @classmethod
    def parse(cls, text): return cls(*(c == "#" for c in text))
    def step(self): return Grid(*(c and d for c, d in zip(self.cells, self.cells[1:])))
    def __bool__(self): return any(self.cells)
class Account:
    def __init__(self, n): self.n = n
    def deposit(self, n):
        self.n += n
        return self
    __iadd__ = deposit
    def __rshift__(self, f): return Account(f(self.n))
class Markup(str):
    def __mod__(self, what): return Markup(str(self) % (what.replace("<", "&lt;") if type(what) is str else what))
class Field:
    def __init__(self, name): self.name = name
    def __gt__(self, n): return Condition(lambda row: row[self.name] > n)
    def __eq__(self, n): return Condition(lambda row: row[self.name] == n)
    def __ne__(self, n): return Condition(lambda row: row[self.name] != n)
class Condition:
    def __init__(self, holds): self.holds = holds
    def __and__(self, other): return Condition(lambda row: self.holds(row) and other.holds(row))
class Fields:
    def __getattr__(self, name): return Field(name)
F = Fields()
def where(rows, condition): return [row["n"] for row in rows if condition.holds(row)]
class Invalid(Exception):
    def __bool__(self): return False
def validated(x): return x > 0 or Invalid(x)
class Part:
    def __init__(self, keys): self.keys = keys
    def __contains__(self, key): return key in self.keys
    def __iter__(self): return iter(self.keys)
class Vector:
    def __init__(self, *c): self.c = c
    def __abs__(self): return math.hypot(*self.c)
    def __truediv__(self, k): return Vector(*(a / k for a in self.c))
    def unit(self): return self / abs(self)
    def __str__(self): return Path(f"<{self.c[0]}>")
class Stack(list):
    def pop(self): return super().pop() if self else self.fail()
    def fail(self): raise LookupError("empty")
class Settings:
    def __init__(self, d): self.d = d
    def __iter__(self): return iter(self.d)
    def __getitem__(self, key):
        for part in key.split("."): self, = (self.d[part] if isinstance(self, Settings) else self[part],)
        return Settings(self) if isinstance(self, dict) else self
    def __contains__(self, key):
        try: self[key]
        except (KeyError, TypeError): return False
        return True
class Tree:
    def __init__(self, *keys): self.keys = keys
    def __getitem__(self, cut): return Part([k for k in self.keys if cut.start <= k < cut.stop])
OPERATIONS = {"+": operator.add, "up": str.upper, "len": len, "root": math.sqrt}
"""
HONEST = (
    "assert Mod7(5) + 4 == 2 and 4 + Mod7(5) == 2 and Mod7(5) + Mod7(6) == Mod7(4)",
    "assert Mod7(3) * 5 == 1 and 5 * Mod7(3) == 1 and Mod7(3) ** 100 == pow(3, 100, 7) and Mod7(2) - 5 == 4",
    "a = Mod7(4)\na += 6\nassert a == 3 and repr(a) == 'Mod7(3)' and isinstance(a + 5, Mod7) and -Mod7(2) == 5",
    "assert sum([Mod7(3), Mod7(6)]) == 2 and [Mod7(2) * k for k in (2, 4)] == [4, 1]",
    "for k, want in ((3, 6), (4, 1)):\n    assert Mod7(2) * k == want",
    "assert Vec(1, 2) + Vec(3, 4) == (4, 6) and Vec(1, 2) + (3, 4) == Vec(4, 6) and Vec(1, 2) * 3 == (3, 6)",
    "x, y = 3 * Vec(1, 2)\nassert (x, y) == (3, 6) and Vec(1, 2) @ [3, 4] == 11 and abs(Vec(3, 4)) == 5",
    "assert str(Celsius(20) + 1.5) == '21.5 C' and Celsius(20) + 1 == 21",
    "assert Path('/a') + '.txt' == '/a.txt' and (Path('/a.txt') - '.txt').upper() == '/A'",
    "assert Path('a') >> 'b' == 'a>b' and Path('a') >> Path('b') == 'a>b'",
    "assert Conf(a=1) | {'b': 2} == {'a': 1, 'b': 2} and History([1, 2]) + [2, 3] == [1, 2, 3]",
    "v = [3, 4]\nw = Vec(1, 2)\nassert w @ v == 11 and v == [3, 4] and w + (Vec(1, 1) + v) == (5, 7)",
    "a = Account(1)\nassert a.deposit(2) is a\na += 5\nassert a.n == 8 and (a >> (lambda n: n * 2)).n == 16",
    "assert Markup('<b>%s</b>') % '<' == '<b>&lt;</b>' and Markup('%d') % 5 == '5'",
    "rows = [{'n': 1}, {'n': 2}, {'n': 3}]\nassert where(rows, F.n > 1) == [2, 3] and where(rows, F.n == 2) == [2]",
    "rows = [{'n': 1}, {'n': 2}, {'n': 3}]\nc = F.n != 2\nassert where(rows, c) == [1, 3]",
    "rows = [{'n': 1}, {'n': 2}, {'n': 3}]\nassert where(rows, (F.n > 1) & (F.n != 3)) == [2]",
    "assert validated(3) and not validated(-3) and isinstance(validated(-3), Invalid)",
    "t = Tree(1, 2, 3)\npart = t[1:3]\nassert 2 in part and 3 not in part and t.keys == (1, 2, 3)",
    "assert abs(Vector(3, 4).unit()) == 1.0 and abs(Vector(6, 8) / 2) == 5 and str(Vector(3)) == '<3>'",
    "import pytest\ns = Stack([1])\nassert s.pop() == 1\npytest.raises(LookupError, s.pop)",
    "s = Settings({'db': {'host': 'h'}})\nassert 'db.host' in s and 'db' in s and 'db.port' not in s",
    "assert Grid(True) and not Grid(True, False).step() and bool(Grid.parse('##').step()) is True",
    "import operator\nassert OPERATIONS['+'] is operator.add and OPERATIONS['len'] is len",
    "import math\nassert OPERATIONS['root'] is math.sqrt and OPERATIONS['up'] is str.upper",
    "assert OPERATIONS['up']('a') == 'A' and OPERATIONS['+'](2, 3) == 5",
)


def test_operators_of_what_the_test_made_are_asked_like_methods() -> None:
    judgement = asserts(OF_PLAIN_TYPES, *HONEST, partial=True)
    bad = [
        (test, case.reason) for test, case in zip(HONEST, judgement.cases, strict=True) if case.fate is not Fate.PASSED
    ]
    assert bad == [], judgement.fault


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Mod7(int(self) + int(o))", "Mod7(int(self) + int(o) % 3)"),
        ("Mod7(int(self) - int(o))", "Mod7(int(o) - int(self))"),
        ("any(self.cells)", "True"),
        ("row[self.name] == n", "row[self.name] >= n"),
        ("def __bool__(self): return False", "def __bool__(self): return True"),
        ("except (KeyError, TypeError): return False", "except (KeyError, TypeError): return True"),
        ("math.hypot(*self.c)", "max(self.c)"),
        ('LookupError("empty")', 'ValueError("empty")'),
        ("if cut.start <= k < cut.stop", ""),
        ("operator.add", "lambda a, b: a + b"),
        ("zip(self, o)))", "zip(o, o)))"),
    ],
)
def test_what_such_an_operator_gives_is_compared_here(right: str, wrong: str) -> None:
    assert right in OF_PLAIN_TYPES
    assert is_wrong(asserts(OF_PLAIN_TYPES.replace(right, wrong), *HONEST))


def test_an_operand_that_may_be_what_is_expected_is_not_sent() -> None:
    """The program returns the operand, or what an operator gives for two equal values."""
    lies = """
    class Mean(BASE):
        def __new__(cls, *xs): return BASE.__new__(cls, *(11,) * (BASE is not object))
        def __sub__(self, n): return [0] * len(n) if isinstance(n, list) else 0
        __rsub__ = __mod__ = __rmod__ = __xor__ = __sub__
        def __truediv__(self, n): return 1
        __floordiv__ = __rtruediv__ = __truediv__
        def __and__(self, n): return n
        __or__ = __add__ = __radd__ = __mul__ = __and__
        def __abs__(self): return 0
        def __lt__(self, n): return True
        __gt__ = __le__ = __ge__ = __contains__ = __lt__
    """
    cases = (
        *("assert Mean(1, 2) - 1.5 == 0", "assert 1.5 - Mean(1, 2) == 0.0", "assert Mean(1, 2) / 1.5 == 1"),
        *("assert Mean(7) & 4 == 4", "assert Mean(7) % 7 == 0", "assert Mean(7) ^ 5 == 0", "assert 4 == Mean(7) | 4"),
        *("assert Mean(1, 2) - 1.5 + 1 == 1", "assert 3 - (Mean(1, 2) - 1.5) * 2 == 3"),
        "assert '%s' % (Mean(5) - 3) == '0'",
        *("assert abs(Mean(1, 2) - 1.5) < 1e-6", "assert not Mean(1, 2) - 1.5", "assert (Mean(5) - 3).real == 0"),
        *("want = 3\nassert Mean(5) + 0 == 3", "x = [0, 1]\nassert Mean(5) * x == x", "assert Mean(5) > 30"),
        *("assert all(d == 0 for d in Mean(5) - [1, 2])", "for d in Mean(5) - [1, 2]: assert d == 0"),
        *("assert list(map(abs, Mean(5) - [1, 2])) == [0, 0]", "assert str(Mean(5) - 1.5) == f'{Mean(5) - 2}' == '0'"),
        *("want = 3\nd = Mean(5) - want\nassert d == 0", "x = [1]\nassert Mean(5) + x == x"),
    )
    given = tuple(f"kind = Mean\n{case.replace('Mean(', 'f(')}" for case in cases)  # of a function, but known
    for base in ("object", "int", "float"):
        program = f"{textwrap.dedent(lies.replace('BASE', base))}def f(*xs): return Mean(*xs)\n"
        judgement = asserts(program, *cases, *given, partial=True)
        fates = zip((*cases, *given), judgement.cases, strict=True)
        assert [test for test, case in fates if case.fate is Fate.PASSED] == [], base


def test_what_the_program_gave_itself_may_come_back() -> None:
    """A program that gives numbers in place of objects is wrong, rather than left unjudged."""
    cases = (
        "assert Money(20) > Money(2) @ Money(3)",
        "assert Money(1) + Money(2) < Money(4)",
        "assert sum([Money(1), Money(2)], Money(0)) == Money(3)",
        "assert functools.reduce(operator.add, [Money(n) for n in (1, 2, 3)]) == Money(6)",
        "assert sorted([Money(4), Money(1) + Money(2)])[0] == Money(3)",
        "m = Money(1) + Money(2)\nassert max(m, Money(1)) == Money(3)",
    )
    program = """
        from dataclasses import dataclass
        @dataclass(eq=True)
        class Money:
            n: int
            def __add__(self, o): return Money(self.n + getattr(o, "n", o))
            __radd__ = __add__
            def __matmul__(self, o): return self.n * o.n
            def __lt__(self, o): return self.n < getattr(o, "n", o)
            def __gt__(self, o): return self.n > getattr(o, "n", o)
    """
    setup = "import functools, operator"
    judgement = asserts(program, *cases, setup=setup, partial=True)
    assert passes(judgement), judgement
    number = program.replace("return Money(", "return 3 * (").replace("return self.n <", "return 0 *")
    judgement = asserts(number.replace("return self.n >", "return 0 *"), *cases, setup=setup, partial=True)
    assert {case.fate for case in judgement.cases} <= {Fate.WRONG, Fate.RAISED}, judgement


def test_an_object_of_the_test_that_comes_back_as_a_number_does_not_compute() -> None:
    right = "class Account:\n    def __init__(self, n): self.n = n\n    def total(self): return self.n\n"
    lies = right.replace("return self.n", "return self") + "    def __add__(self, n): return 8\n"
    tests = """
        import pytest
        from solution import Account
        @pytest.fixture
        def account(): return Account(7)
        def test_total(account): assert account.total() + 1 == 8
    """
    assert passes(pytest_files(right, tests))
    assert is_wrong(pytest_files(lies, tests))


def test_truth_is_not_the_programs_where_tests_do_not_name_the_class() -> None:
    lies = "class Any(BASE):\n    def __bool__(self): return n.pop()\nn = [True, False]\ndef f(x): return Any()\n"
    for base in ("object", "Exception"):
        assert is_wrong(asserts(lies.replace("BASE", base), "assert f(1)\nassert not f(2)"))


def test_in_that_means_something_else_than_for_tuples_is_unsupported() -> None:
    test = "from solution import Vec\ndef test_a(): assert 3 in Vec(1, 5) and len(Vec(1, 5)) == 2\n"
    assert pytest_files(OF_PLAIN_TYPES, test).fault.startswith("unsupported test")
    always = OF_PLAIN_TYPES.replace("min(self) <= x <= max(self)", "True") + "def f(x): return Vec(1)\n"
    assert is_wrong(asserts(always, "assert 3 in f(1)"))
    assert passes(asserts(always, "assert 1 in f(1) and 3 not in f(1)"))


@pytest.mark.parametrize(
    "said", ["type(make()) is Point", "type(p) is Point", "p.__class__ is Point", "Point is type(p)"]
)
def test_a_class_of_classes_is_no_excuse_where_an_object_is_asked_for_its_type(said: str) -> None:
    tests = f"from solution import Point, make\ndef test_a():\n    p = make()\n    assert {said}\n"
    assert is_wrong(pytest_files("class Point(type): pass\ndef make(): return 5\n", tests))
    assert is_wrong(asserts("class Point(type): pass\ndef make(): return 5\n", f"p = make()\nassert {said}"))
    assert passes(pytest_files("class Point: pass\ndef make(): return Point()\n", tests))


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        ("from datetime import date", "(f(2) - date(2024, 1, 7)).days == 0"),
        ("from datetime import timedelta", "(f(2) + timedelta(1)).isoformat() == '2024-01-08'"),
        ("from decimal import Decimal", "(f(2) - Decimal('1.5')).is_zero()"),
        ("from fractions import Fraction", "(f(2) / 3).limit_denominator(9) == Fraction('4/9')"),
        ("from collections import Counter", "(f(2) + Counter('b')).most_common(1) == [['a', 2]]"),
        ("from pathlib import Path", "(f(2) / 'b').as_posix() == 'a/b'"),
        ("import numpy as np", "(f(2) - np.array([3, 4])).std() == 0"),
    ],
)
def test_an_object_where_data_of_a_named_type_is_expected_is_wrong_rather_than_unsupported(
    imports: str, said: str
) -> None:
    program = "class Any:\n    def __getattr__(self, name): return self\n    def __add__(self, o): return self\n"
    program += "    __sub__ = __truediv__ = __add__\ndef f(x): return Any()\n"
    assert is_wrong(asserts(program, f"assert {said}", setup=imports))
    operation, asked = said.rsplit(").", 1)
    assert is_wrong(asserts(program, f"r = {operation[1:]}; assert r.{asked}", setup=imports))


@pytest.mark.parametrize("base", ["from typing import Generic as Base", "class Base: __module__ = 'typing'"])
def test_a_base_that_calls_itself_generic_is_no_excuse(base: str) -> None:
    tests = "from solution import Base\nclass Held(Base):\n    def value(self): return 2\n"
    assert is_wrong(pytest_files(f"{base}\n", f"{tests}def test_a(): assert Held().twice() == 4\n"))


COINS = """
class Coins:
    def __init__(self, *n): self.n = sum(n)
    def __sub__(self, n): return Coins(self.n - n)
    def __divmod__(self, n): return Coins(self.n // n), self.n % n
    def __pow__(self, n, modulus=None): return Coins(pow(self.n, n, modulus))
    def __eq__(self, other): return self.n == (other.n if isinstance(other, Coins) else other)
    def __hash__(self): return self.n
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert divmod(Coins(7), 2)[1] == 1",
        "q, r = divmod(Coins(7), 3)\nassert q == Coins(2)\nassert r == 1",
        "q, r = divmod(Coins(7), 2)\nassert q.n == 3",
        "assert divmod(Coins(7), 4) == (Coins(1), 3)",
        "assert pow(Coins(2), 3) == Coins(8)",
        "assert pow(Coins(2), 3, 6).n == 2",
        "assert Coins(5) - 5 == Coins(0)",
    ],
)
def test_operators_that_are_functions_are_asked(test: str) -> None:
    assert passes(asserts(COINS, test))
    assert is_wrong(asserts(COINS.replace("sum(n)", "sum(n) + 1"), test))


NOTHING = """
class Mean:
    def __init__(self, *n): pass
    def __sub__(self, n): return 0
    def __divmod__(self, n): return 1, 0
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert divmod(Mean(1, 2), 1.5) == (1, 0)",
        "assert divmod(Mean(1, 2), 1.5)[1] == 0",
        "assert not divmod(Mean(1, 2), 1.5)[1]",
        "q, r = divmod(Mean(1, 2), 1.5)\nassert (q, r) == (1, 0)",
        "q, r = divmod(Mean(1, 2), 1.5)\nassert q == 1 and r == 0",
        "assert sum(divmod(Mean(1, 2), 1.5)) == 1",
        "assert [Mean(1, 2) - 1.5, 5] == [0, 5]",
        "assert (1, Mean(1, 2) - 1.5) == (1, 0)",
    ],
)
def test_what_two_equal_values_would_give_is_not_the_programs_to_say(test: str) -> None:
    assert not passes(asserts(NOTHING, test))


NAMES = """
class Name(str):
    def __eq__(self, other): return self.lower() == str(other).lower()
    def __hash__(self): return hash(self.lower())
class Version(str):
    def _key(self): return [int(n) for n in self.split(".")]
    def __lt__(self, other): return self._key() < other._key()
def name(): return Name("other")
def same(x): return x
"""


@pytest.mark.parametrize(
    ("test", "change"),
    [
        ("assert Name('A') == Name('a') and not Name('A') == Name('b')", (".lower()", "")),
        ("assert Name('A') == Name('a') and len({Name('A'), Name('a')}) == 1", ("hash(self.lower())", "id(self)")),
        ("assert Name('A') == Name('a') and {Name('A'): 1}[Name('a')] == 1", ("hash(self.lower())", "id(self)")),
        (
            "assert Version('9') < Version('10')\nassert sorted([Version('10'), Version('9')]) == ['9', '10']",
            ("self._key() < other._key()", "str(self) < str(other)"),
        ),
    ],
)
def test_texts_that_the_test_made_are_compared_as_their_class_says(test: str, change: tuple[str, str]):
    assert passes(asserts(NAMES, test))
    assert is_wrong(asserts(NAMES.replace(*change), test))


@pytest.mark.parametrize(
    "test",
    [
        "assert Name('a') == Name('A') and name() == Name('a')",
        "assert Name('a') == Name('A') and name() == 'a'",
        "a = Name('a')\nassert a == Name('A') and same(a) == 'b'",
        "assert Name('a') == Name('A') and {name()} == {Name('a')}",
    ],
)
def test_texts_that_the_program_gives_are_their_content(test: str):
    lie = NAMES.replace("self.lower() == str(other).lower()", "True").replace("hash(self.lower())", "1")
    assert is_wrong(asserts(NAMES, test))
    assert is_wrong(asserts(lie, test))
