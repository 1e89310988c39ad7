# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Tests and program share one namespace: what a setup defines for the program is there, what judges it is not."""

from __future__ import annotations

import ast

import pytest

from rewards.code.guest.sources.lending import lent
from tests.rewards.code.judging import asserts, check, is_wrong, passes

NODE = "class ListNode:\n    def __init__(self, val=0, next=None):\n        self.val, self.next = val, next\n"
LISTS = NODE + (
    "def make(xs):\n    head = None\n    for x in reversed(xs): head = ListNode(x, head)\n    return head\n"
    "def values(node):\n    out = []\n    while node:\n        out.append(node.val)\n        node = node.next\n    return out\n"
)
COLOR = "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\n"
BROKE = "class Broke(ValueError):\n    'No money.'\n"
PLAY = (
    "def play(names, inputs):\n    out = []\n    for name, given in zip(names, inputs):\n"
    "        if name[0].isupper():\n            made = {how}\n            out.append(None)\n"
    "        else:\n            out.append(getattr(made, name)(*given))\n    return out\n"
)
STACK = "class MinStack:\n    def __init__(self): self.s = []\n    def push(self, x): self.s.append(x)\n    def getMin(self): return min(self.s)\n"
PLAYED = "assert play(['MinStack', 'push', 'push', 'getMin'], [[], [2], [1], []]) == [None, None, None, 1]"

# name: program, what makes it wrong, setup, cases
HONEST: dict[str, tuple[str, tuple[str, str], str, tuple[str, ...]]] = {
    "a class of data that the program makes": (
        "def merge(a: ListNode | None, b: 'ListNode') -> ListNode:\n    head = tail = ListNode()\n    while a and b:\n"
        "        if b.val < a.val: a, b = b, a\n        tail.next = ListNode(a.val); tail = tail.next; a = a.next\n"
        "    tail.next = a or b\n    return head.next\ndef kind(x): return isinstance(x, ListNode)\n",
        ("a or b", "a"),
        LISTS,
        (
            "assert values(merge(make([1, 4]), make([2, 3, 9]))) == [1, 2, 3, 4, 9]",
            "assert kind(ListNode(1)) and not kind(3) and type(merge(make([1]), None)) is ListNode",
        ),
    ),
    "an operator that the program gives the class of the setup": (
        "import heapq\ndef merge(lists):\n    ListNode.__lt__ = lambda a, b: a.val < b.val\n    heap = [n for n in lists if n]\n"
        "    heapq.heapify(heap)\n    head = tail = ListNode()\n    while heap:\n        tail.next = tail = heapq.heappop(heap)\n"
        "        if tail.next: heapq.heappush(heap, tail.next)\n    return head.next\n",
        ("a.val < b.val", "a.val > b.val"),
        LISTS,
        ("assert values(merge([make([1, 4]), make([2, 3]), None])) == [1, 2, 3, 4]",),
    ),
    "the class of the setup with more methods": (
        NODE
        + "    def size(self): return 1 + (self.next.size() if self.next else 0)\ndef size(node): return node.size()\n",
        ("1 + (", "2 + ("),
        LISTS,
        ("assert size(make([5, 6, 7])) == 3",),
    ),
    "another class of that name with methods for what it is handed": (
        "class ListNode:\n    def __init__(self, val, next): self.val, self.next = val, next\n"
        "    def __lt__(self, o): return self.val < o.val\n    def last(self): return self.next.last() if self.next else self\n"
        "def f(a, b): return max(a, b).last().val\n",
        ("self.val < o.val", "self.val > o.val"),
        LISTS,
        ("assert f(make([5, 6]), make([7, 8])) == 8",),
    ),
    "an enumeration that the tests name": (
        "def turn(c): return {d: e for d, e in zip(Color, [*Color][1:] + [Color.RED])}[c]\n",
        ("Color.RED", "Color.BLUE"),
        COLOR,
        ("assert turn(Color.RED) is Color.BLUE and turn(Color.BLUE) == Color.RED",),
    ),
    "an enumeration once more, with a method": (
        COLOR
        + "    def turned(self): return Color.BLUE if self is Color.RED else Color.RED\ndef turn(c): return c.turned()\n",
        ("else Color.RED", "else Color.BLUE"),
        COLOR,
        ("assert turn(Color.RED) is Color.BLUE and turn(Color.BLUE) == Color.RED",),
    ),
    "an exception of the setup": (
        "def pay(n):\n    if n < 0: raise Broke(n)\ndef paid(n):\n    try: pay(n)\n    except Broke as e: return e.args\n    return n\n",
        ("n < 0", "n < -9"),
        BROKE,
        (
            "assert paid(-1) == (-1,) and paid(3) == 3",
            "try:\n    pay(-2)\n    assert False\nexcept Broke as e: assert e.args == (-2,)",
        ),
    ),
    "an exception of the setup once more": (
        "class Broke(ValueError):\n    pass\ndef pay(n):\n    if n < 0: raise Broke(n)\n",
        ("n < 0", "n < -9"),
        BROKE,
        ("try:\n    pay(-2)\n    assert False\nexcept Broke as e: assert e.args == (-2,)",),
    ),
    "the class of the setup once more": (
        "class ListNode:\n    def __init__(self, val: int = 0, next: 'ListNode' = None):\n        self.val, self.next = val, next\n"
        "def rest(node): return ListNode(node.val, None)\n",
        ("node.val, None", "node.val, node"),
        LISTS,
        ("r = rest(make([1, 2]))\nassert isinstance(r, ListNode) and type(r) is ListNode and values(r) == [1]",),
    ),
    "a class of data whose fields the program matches by position": (
        "def f(s):\n    match s:\n        case Shape('square', a): return a * a\n"
        "        case Shape(_, a, b) if isinstance(s, Shape): return a * b\n    return Shape.__match_args__\n",
        ("a * a", "a + a"),
        "from dataclasses import dataclass, field\nfrom typing import ClassVar\n@dataclass\nclass Shape:\n    kind: str\n    a: float = 0.0\n"
        "    b: float = 0.0\n    tags: list = field(default_factory=list, kw_only=True)\n    made: ClassVar[int] = 0\n",
        (
            "assert f(Shape('square', 3)) == 9",
            "assert f(Shape('box', 2, 5)) == 10",
            "assert f(1) == ('kind', 'a', 'b')",
        ),
    ),
    "a class of data that the program defines again": (
        "from dataclasses import dataclass\n@dataclass\nclass Shape:\n    kind: str\n    a: float = 0.0\n"
        "    def twice(self): return Shape(self.kind, 2 * self.a)\n"
        "def f(s):\n    match s:\n        case Shape('square', a): return a * a\n    return s\n"
        "def g(s): return isinstance(s, Shape) and Shape('x', 2) == s and Shape.twice(s).a\n",
        ("2 * self.a", "3 * self.a"),
        "from dataclasses import dataclass\n@dataclass\nclass Shape:\n    kind: str\n    a: float = 0.0\n",
        ("assert f(Shape('square', 3)) == 9 and f(7) == 7", "assert g(Shape('x', 2)) == 4 and g(3) is False"),
    ),
    "a function that only the program calls": (
        "def first(n):\n    lo, hi = 1, n\n    while lo < hi:\n        m = (lo + hi) // 2\n"
        "        if isBadVersion(m): hi = m\n        else: lo = m + 1\n    return lo\n",
        ("lo = m + 1", "lo = m + 2"),
        "bad = 4\ndef isBadVersion(n): return n >= bad\n",
        ("assert first(9) == 4", "assert first(5) == 4"),
    ),
    "modules that the setup imports": (
        "def f(xs: 'List[int]'): return math.sqrt(sum(xs)), Counter(xs).most_common(1), heapq.nlargest(1, xs)\n",
        ("nlargest(1", "nsmallest(1"),
        "import math, heapq\nfrom collections import *\nfrom collections import Counter\nfrom typing import List\n",
        ("assert f([4, 4, 8]) == (4.0, [(4, 2)], [8])",),
    ),
    "all that star imports bring, and numbers with a name": (
        "class Solution:\n    def low(self, xs: List[int], default: Optional[int] = None) -> int:\n"
        "        best = inf\n        for x in accumulate(xs): best = min(best, x)\n"
        "        return best % MOD if best < INF else default\n",
        ("accumulate(xs)", "xs"),
        "from typing import *\nfrom itertools import *\nfrom collections import *\nfrom math import *\n"
        "inf = float('inf')\nINF = 10**18\nMOD = 10**9 + 7\n",
        ("assert Solution().low([3, -5, 1]) == 10**9 + 5", "assert Solution().low([2, 9]) == 2"),
    ),
    "constants that only the program uses": (
        "def cost(xs): return sum(PRICES[x] for x in xs) * (1 + TAX)\ndef at(r, c): return GRID[r][c] if WALLS else ''\n",
        ("1 + TAX", "1 - TAX"),
        "PRICES = {'a': 1, 'b': 2}\nTAX = 1.0\nGRID: list = ['..#', '#..']\nWALLS = True\n",
        ("assert cost('ab') == 6.0", "assert at(0, 2) == '#' and at(1, 1) == '.'"),
    ),
    "a class that the setup looks up": (
        STACK,
        ("min(self.s)", "self.s[-1] + 1"),
        PLAY.format(how="globals()[name](*given)"),
        (PLAYED,),
    ),
    "a class that the setup evaluates": (
        STACK,
        ("min(self.s)", "self.s[-1] + 1"),
        PLAY.format(how="eval(name)(*given)"),
        (PLAYED,),
    ),
    "names of the program's own": (
        NODE
        + "import json as math\ndef f(x):\n    n = ListNode(x)\n    n.extra = math.dumps(x)\n    return n.extra, n.val\n",
        ("n.val", "0"),
        "import math\n" + NODE,
        ("assert f([1]) == ('[1]', [1]) and math.sqrt(4) == 2",),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_a_program_may_use_what_the_tests_define_for_it(name: str) -> None:
    program, (old, new), setup, cases = HONEST[name]
    judgement = asserts(program, *cases, setup=setup)
    assert passes(judgement), judgement
    assert old in program
    assert is_wrong(asserts(program.replace(old, new), *cases, setup=setup))


def test_a_program_may_make_objects_of_a_class_beside_a_check() -> None:
    test = NODE + "def check(candidate):\n    got = candidate(3)\n    assert (got.val, got.next) == (3, None)\n"
    assert passes(check("def f(x): return ListNode(x)\n", test))
    assert is_wrong(check("def f(x): return ListNode(x + 1)\n", test))


REFERENCE = "def right(x): return x * 7\n"


@pytest.mark.parametrize(
    "setup",
    [
        REFERENCE + "def same(x): return solve(x) == right(x)\n",
        REFERENCE + "def ask(x): return right(x)\n",
        "class right:\n    def __new__(cls, x): return x * 7\n",
        "class Right:\n    def __init__(self, n): self.n = n\n    def of(self, x): return x * self.n\nright = Right(7).of\n",
        "right = lambda x: x * 7\n",
        "class Ask:\n    def __init__(self, x=42): self.x = x\ndef right(x): return Ask().x\n",
        "WANT = 42\nclass Ask:\n    def __init__(self, y, x=WANT): self.x = x\ndef right(x): return Ask(0).x\n",
        "class Ask:\n    x = 42\n    def __init__(self, y): self.y = y\ndef right(x): return Ask(0).x\n",
        "class Holder:\n    def __init__(self, x): self.x = compute(x)\ndef compute(x): return x * 7\nright = lambda x: Holder(x).x\n",
    ],
)
def test_what_knows_the_answer_is_not_lent(setup: str) -> None:
    case = "assert solve(6) == right(6)"
    for ask in ("right(x)", "ask(x)", "Ask().x", "Ask(0).x", "Right(7).of(x)", "Holder(x).x", "compute(x)"):
        assert is_wrong(asserts(f"def solve(x): return {ask}\n", case, setup=setup)), ask
    assert passes(asserts("def solve(x): return 7 * x\n", case, setup=setup))


@pytest.mark.parametrize("name", ["reference", "expected_sum", "refSolve", "solve_slow", "bruteForce"])
def test_what_is_named_like_an_answer_is_not_lent(name: str) -> None:
    setup = f"def {name}(x): return x * 7\ndef api(x): return x * 7\nANSWER = 42\n"
    for ask in (f"{name}(x)", "ANSWER"):
        assert is_wrong(asserts(f"def solve(x): return {ask}\n", "assert solve(6) == 42", setup=setup))
    assert passes(asserts("def solve(x): return api(x)\n", "assert solve(6) == 42", setup=setup))


def test_constants_that_tests_use_are_not_lent() -> None:
    right = {
        "TABLE = [42]\ndef right(x): return TABLE[0]\n": "right(6)",
        "TABLE = [42]\n": "TABLE[0]",
        "TABLE = [42]\nright = {6: TABLE}\n": "right[6][0]",
        "TABLE = [42]\nright = 'TABLE'\n": "globals()[right][0]",
        "EXPECTED = [42]\n": "42",
    }
    for setup, answer in right.items():
        for ask in ("TABLE[0]", "EXPECTED[0]"):
            case = f"assert solve(6) == {answer}"
            assert is_wrong(asserts(f"def solve(x): return {ask}\n", case, setup=setup)), (setup, ask)
    assert lent(("METADATA = {'author': 'jt'}\n__all__ = ['check']\nx = f()\ny = [f()]\n",)) == {}


def test_what_asserts_is_not_lent() -> None:
    tests = "def check(candidate):\n    assert candidate(2) == 4\ndef verify(f):\n    assert f(2) == 4\n"
    for name in ("check", "verify"):
        program = (
            f"def f(x):\n    for y in range(9):\n        try:\n            {name}(lambda x: y)\n            return y\n"
            "        except AssertionError: pass\n"
        )
        assert is_wrong(check(program, tests)), name


def test_names_are_lent_by_what_the_source_says() -> None:
    source = "import os.path\nimport numpy as np\nfrom math import pi as π\nx = 3\ndef used(): return x\ndef unused(): return x\nused()\n"
    assert ast.parse(source)
    assert lent((source,)) == {"np": ("import", "numpy", ""), "π": ("import", "math", "pi"), "unused": ("function",)}
    assert lent(("x = 1\n", "assert f(x) == 1\n", "def check(candidate):\n    assert candidate(1) == 1\n")) == {}


@pytest.mark.parametrize(
    "program",
    [
        "class Color:\n    def __eq__(self, o): return True\ndef turn(c): return Color()\n",
        "def turn(c):\n    c.__class__.__eq__ = lambda a, b: True\n    return c\n",
        "def turn(c):\n    Color.RED = Color.BLUE\n    c.value = 2\n    return c\n",
    ],
)
def test_enumeration_of_the_setup_is_its_own(program: str) -> None:
    cases = ("assert turn(Color.RED) == Color.BLUE", "assert turn(Color.BLUE) == Color.RED")
    assert is_wrong(asserts(program, *cases, setup=COLOR))


WITH_PLACE = """
class ParseError(ValueError):
    def __init__(self, message, place=None):
        super().__init__(f"{message} at {place}")
        self.place = place
"""


@pytest.mark.parametrize("before", ["", WITH_PLACE])
def test_programs_raise_exceptions_of_a_setup_that_keep_their_arguments(before: str) -> None:
    program = before + "def parse(s):\n    raise ParseError('bad', len(s))\n"
    case = (
        "try:\n    parse('ab')\nexcept ParseError as e:\n    assert e.place == 2 and str(e) == 'bad at 2'\n"
        "    assert isinstance(e, ValueError)\nelse:\n    assert False"
    )
    assert passes(judgement := asserts(program, case, setup=WITH_PLACE)), judgement
    assert is_wrong(asserts(program.replace("len(s)", "len(s) + 1"), case, setup=WITH_PLACE))
    assert is_wrong(asserts(program.replace("raise ParseError", "raise ValueError"), case, setup=WITH_PLACE))


def test_exceptions_that_know_more_than_their_arguments_are_not_lent_as_such() -> None:
    for body in ("self.want = TABLE[x]", "self.want = solve(x)", "self.want = globals()['TABLE']", "assert x == 42"):
        setup = f"TABLE = [42]\nclass Wrong(Exception):\n    def __init__(self, x): {body}\n"
        assert "late exception" not in lent((setup, "assert solve(6) == TABLE[0]")).get("Wrong", ())
    setup = "class Wrong(Exception):\n    def __init__(self, x, want=42): self.want = want\n"
    assert "Wrong" not in lent((setup, "assert solve(6) == Wrong(1).want"))


def test_a_modulus_is_lent_and_a_number_that_may_be_the_answer_is_not() -> None:
    setup = "MOD = 10**9 + 7\n"
    program = "def power(a, n): return pow(a, n, MOD)\n"
    cases = ("assert power(2, 100) == pow(2, 100, MOD)", "assert power(2, 3) == 8 % MOD")
    assert passes(judgement := asserts(program, *cases, setup=setup)), judgement
    assert is_wrong(asserts(program.replace("MOD)", "MOD + 1)"), *cases, setup=setup))
    for case in ("f() == MOD", "f() == 1 + MOD", "f() == MOD % 7", "f() == '%d' % MOD", "f() == f'{1}%d' % MOD"):
        assert "MOD" not in lent((setup, f"assert {case}"))


def test_exceptions_that_count_as_failed_assertions_are_not_lent() -> None:
    assert lent(("class Failed(AssertionError): pass\nclass End(BaseException): pass\nassert f(Failed, End)\n",)) == {}
    assert "Answers" not in lent(
        ("from enum import Enum\nclass Answers(Enum):\n    A = 42\nassert f() == Answers.A.value\n",)
    )


BASES = """
from abc import ABC, abstractmethod
class Animal:
    def __init__(self, name): self.name = name
    def speak(self): return f"{self.name} says {self.sound()}"
    def sound(self): raise NotImplementedError
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    def describe(self): return f"area {self.area()}"
"""


def test_programs_derive_from_what_a_setup_leaves_to_be_derived_from() -> None:
    program = """
    class Dog(Animal):
        def sound(self): return "woof"
    class Square(Shape):
        def __init__(self, side): self.side = side
        def area(self): return self.side ** 2
    """
    cases = (
        'assert Dog("rex").speak() == "rex says woof"',
        'assert isinstance(Dog("a"), Animal) and not isinstance(Dog("a"), Shape)',
        'assert Square(3).describe() == "area 9" and isinstance(Square(3), Shape)',
    )
    assert passes(judgement := asserts(program, *cases, setup=BASES)), judgement
    assert is_wrong(judgement := asserts(program.replace("woof", "meow"), *cases, setup=BASES)), judgement
    assert is_wrong(judgement := asserts(program.replace("(Animal)", "(Animal, Shape)"), *cases, setup=BASES)), (
        judgement
    )


def test_what_tests_use_beyond_that_is_not_given() -> None:
    program = "class Mine(Naive):\n    pass\nimport inspect\ndef f(x): return inspect.getsource(Naive)\n"
    setup = "class Naive:\n    def best(self, x): return x + 41\n    def other(self): raise NotImplementedError\n"
    assert is_wrong(judgement := asserts(program, "assert f(1) == Naive().best(1)", setup=setup)), judgement
