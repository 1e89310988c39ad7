"""Objects of the tests whose classes derive from plain types: the program gets their content, and their methods."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

SETUP = """
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from enum import Enum, Flag, IntEnum
from typing import NamedTuple

class Config(dict):
    kind = "config"
    size = property(lambda self: len(self) * 10)
    def flag(self, name): return bool(self.get(name))
    def __call__(self): return "called"
    def __missing__(self, name): return 0

class Lower(dict):
    def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
    def __getitem__(self, k): return super().__getitem__(k.lower())
    def __contains__(self, k): return super().__contains__(k.lower())

class Recent(list):
    def __init__(self, *items, limit=3):
        super().__init__(*items)
        self.limit = limit
    def append(self, item):
        super().append(item)
        del self[: len(self) - self.limit]
    def peek(self): return self[-1]
    def __repr__(self): return f"Recent{list(self)}"

class Tree(list):
    def head(self): return self[0]

class Name(str):
    def shout(self): return self.upper() + "!"
    def __eq__(self, other): return self.lower() == str(other).lower()
    def __hash__(self): return hash(self.lower())

class Meters(int):
    unit = "m"
    def km(self): return self / 1000
    def __add__(self, other): return Meters(int(self) + int(other))

class Point(tuple):
    def __new__(cls, x, y): return super().__new__(cls, (x, y))
    x = property(lambda self: self[0])

class Tags(set):
    def add(self, tag): super().add(tag.strip())

class Bag(Counter):
    def top(self): return self.most_common(1)[0][0]

class Recency(OrderedDict):
    def touch(self, key):
        self[key] = None
        self.move_to_end(key)

class Level(IntEnum):
    LOW = 1
    HIGH = 3
    def label(self): return self.name.lower()

class Perm(Flag):
    READ = 1
    WRITE = 2

class Kind(str, Enum):
    A = "a"
    B = "b"

class Pair(NamedTuple):
    x: int
    y: int = 0
    swapped = property(lambda self: Pair(self.y, self.x))
    def norm(self): return self.x + self.y

class View(Mapping):
    def __init__(self, **held): self.held = held
    def __getitem__(self, k): return self.held[k]
    def __iter__(self): return iter(self.held)
    def __len__(self): return len(self.held)

class Run(Sequence):
    def __init__(self, n): self.n = n
    def __getitem__(self, i): return range(self.n)[i]
    def __len__(self): return self.n

class Failure(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code
    twice = property(lambda self: self.code * 2)
    def described(self): return f"failure {self.code}"

def fail(): raise Failure(7)
"""

# name -> (program, assertions, what a wrong program has instead of what)
ROWS: dict[str, tuple[str, str, tuple[str, str]]] = {
    "attributes": (
        "def f(c): return c.flag('a'), c.size, c.kind, c(), c['none'], isinstance(c, dict), type(c).__name__",
        "assert f(Config(a=1)) == (True, 10, 'config', 'called', 0, True, 'Config')",
        ("c.size", "len(c)"),
    ),
    "item": (
        "def f(d, k, v):\n    d[k] = v\n    return k.upper() in d, d[k.upper()]",
        "d = Lower(); assert f(d, 'Ab', 5) == (True, 5) and list(d) == ['ab']",
        ("d[k] = v", "dict.__setitem__(d, k, v)"),
    ),
    "replaced method": (
        "def f(r, xs):\n    for x in xs: r.append(x)\n    return r.peek(), r.limit, repr(r)",
        "r = Recent([1, 2]); assert f(r, [3, 4]) == (4, 3, 'Recent[2, 3, 4]') and r == [2, 3, 4]",
        ("r.append(x)", "list.append(r, x)"),
    ),
    "the same object": (
        "def f(x): return x",
        "t = Tree([1]); t.append(t); assert f(t) is t and f([t])[0] is t and f(Tree([2])) == [2]",
        ("return x", "return list(x)"),
    ),
    "nested": (
        "def f(t): return [t.head(), *(x for part in t[1:] for x in f(part))]",
        "assert f(Tree([1, Tree([2]), Tree([3, Tree([4])])])) == [1, 2, 3, 4]",
        ("t[1:]", "t[2:]"),
    ),
    "data": (
        "import json\ndef f(t): return json.dumps(t), t + [1], t[::-1], sorted(t), sum(t), type(t)([5])",
        "assert f(Tree([2, 1])) == ('[2, 1]', [2, 1, 1], [1, 2], [1, 2], 3, [5])",
        ("sorted(t)", "list(t)"),
    ),
    "copies": (
        "import copy\ndef f(t):\n    c = copy.deepcopy(t)\n    c.append(9)\n    return c",
        "t = Tree([Tree([1])]); c = f(t); assert c == [[1], 9] and t == [[1]] and isinstance(c[0], Tree)",
        ("copy.deepcopy(t)", "t"),
    ),
    "text": (
        "def f(n): return n.shout(), n == 'BOB', n + '!', len(n), f'{n:>4}', n in {'bob': 1}",
        "assert f(Name('Bob')) == ('BOB!', True, 'Bob!', 3, ' Bob', True)",
        ("n.shout()", "n.upper()"),
    ),
    "keys": (
        "def f(names):\n    found = {}\n    for n in names: found[n] = found.get(n, 0) + 1\n    return found",
        "assert f([Name('a'), Name('A'), Name('b')]) == {'a': 2, 'b': 1} and f([*{Name('q'): 1}]) == {'q': 1}",
        ("+ 1", "+ 2"),
    ),
    "number": (
        "def f(m): return m.km(), m.unit, (m + 5).km(), m * 2, isinstance(m, int)",
        "assert f(Meters(1500)) == (1.5, 'm', 1.505, 3000, True)",
        ("(m + 5)", "m"),
    ),
    "tuple": ("def f(p): return p.x, len(p), p[1]", "assert f(Point(3, 4)) == (3, 2, 4)", ("p.x", "p[1]")),
    "set": (
        "def f(t, *tags):\n    for tag in tags: t.add(tag)\n    return len(t)",
        "t = Tags(); assert f(t, ' a ', 'a', 'b') == 2 and t == {'a', 'b'}",
        ("t.add(tag)", "set.add(t, tag)"),
    ),
    "counted": ("def f(b):\n    b['z'] += 5\n    return b.top()", "assert f(Bag('aab')) == 'z'", ("+= 5", "+= 1")),
    "ordered": (
        "def f(r, *keys):\n    for k in keys: r.touch(k)\n    return list(r)",
        "r = Recency(a=None, b=None); assert f(r, 'a') == ['b', 'a'] and list(r) == ['b', 'a']",
        ("r.touch(k)", "r[k] = None"),
    ),
    "named tuples": (
        "def f(p): return p.norm(), p.swapped.x, p._replace(x=9).norm(), p._asdict(), type(p)(1, 2), *p",
        "assert f(Pair(3, 4)) == (7, 4, 13, {'x': 3, 'y': 4}, (1, 2), 3, 4) and isinstance(f(Pair(3))[4], Pair)",
        ("p.norm()", "p.x"),
    ),
    "abstract classes": (
        "from collections.abc import Mapping, Sequence\n"
        "def f(x):\n    if isinstance(x, Mapping): return dict(x), x.get('q', 0)\n"
        "    return isinstance(x, Sequence) and [*x, x.index(1)]",
        "assert f(View(a=1)) == ({'a': 1}, 0) and f(Run(3)) == [0, 1, 2, 1] and f(3) is False",
        ("x.get('q', 0)", "x.get('a', 0)"),
    ),
    "exceptions": (
        "def f(call):\n    try: call()\n    except Exception as e: return e.code, e.twice, e.described(), str(e)",
        "assert f(fail) == (7, 14, 'failure 7', '7')",
        ("e.twice", "e.code"),
    ),
    "members of other enumerations": (
        "from enum import Enum\ndef f(x): return isinstance(x, Enum), x.name, x.value",
        "assert f(Perm.WRITE) == (True, 'WRITE', 2)",
        ("x.name", "x.name.lower()"),
    ),
    "members": (
        "def f(x): return x.name, x.value, type(x).__name__, len(type(x))",
        "assert f(Level.HIGH) == ('HIGH', 3, 'Level', 2) and f(Kind.B) == ('B', 'b', 'Kind', 2)",
        ("x.name", "x.name.lower()"),
    ),
    "methods of members": (
        "def f(x): return x.label(), x + 1, x > 2, [10, 20, 30, 40][x]",
        "assert f(Level.LOW) == ('low', 2, False, 20) and f(Level.HIGH)[2]",
        ("x.label()", "x.name"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_objects_of_classes_that_derive_from_plain_types_have_their_methods(name: str) -> None:
    program, test, (old, new) = ROWS[name]
    assert passes(judgement := asserts(program, test, setup=SETUP)), judgement
    assert old in program
    assert is_wrong(asserts(program.replace(old, new), test, setup=SETUP))


@pytest.mark.parametrize(
    "name", ["attributes", "replaced method", "text", "members", "named tuples", "abstract classes", "exceptions"]
)
def test_so_have_those_of_a_test_file(name: str) -> None:
    program, test, (old, new) = ROWS[name]
    tests = f"from solution import *\n{SETUP}\ndef test_it():\n    {test}\n"
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace(old, new), tests))


NUMBERS = """
class Numbers(list):
    def reset(self): self.clear()
    def zero(self): self[:] = [0] * len(self)
    def total(self): return sum(self)
"""


@pytest.mark.parametrize(
    "body",
    [
        "xs.reset()\n    return []",
        "xs.zero()\n    return [0, 0, 0]",
        "xs._back('call', xs._number, ('clear',))\n    return []",
        "xs._back('getattr', xs._number, 'clear')()\n    return []",
        "list.clear(xs)\n    return []",
        "xs[:] = [7]\n    return xs",
        "type(xs).__eq__ = lambda *_: True\n    return xs",
    ],
)
def test_methods_that_change_such_an_object_do_not_spoil_it(body: str) -> None:
    test = "xs = Numbers([3, 1, 2]); assert solve(xs) == sorted(xs)"
    assert passes(asserts("def solve(xs): return sorted(xs)", test, setup=NUMBERS))
    assert is_wrong(asserts(f"def solve(xs):\n    {body}", test, setup=NUMBERS))


@pytest.mark.parametrize("value", ["0", "7"])
def test_such_an_object_does_not_compute_with_a_method_of_the_program(value: str) -> None:
    test = "xs = Numbers([3, 1, 2]); assert total(xs) == xs.total()"
    assert passes(asserts("def total(xs): return sum(xs)", test, setup=NUMBERS))
    lie = f"def total(xs):\n    xs.total = type(xs).total = lambda *_: {value}\n    return {value}"
    assert is_wrong(asserts(lie, test, setup=NUMBERS))


@pytest.mark.parametrize(
    "expression",
    ["t.want", "vars(t)['want']", "getattr(t.__copy__(), 'want')", "t._back('getattr', t._number, 'want')"],
)
def test_such_an_object_does_not_bring_its_answer_along(expression: str) -> None:
    setup = (
        "class Text(str): pass\ndef make(s, want):\n    t = Text(s)\n    t.want, t.size = want, len(s)\n    return t\n"
    )
    test = "assert all(solve(c) == c.want for c in (make('ab', 4), make('abc', 6)))"
    assert passes(asserts("def solve(t): return t.size * 2", test, setup=setup))
    assert is_wrong(asserts(f"def solve(t): return {expression}", test, setup=setup))
    assert is_wrong(asserts("def solve(t):\n    t.want = 1\n    return 1", test, setup=setup))


def test_an_assertion_error_of_a_test_has_no_methods_in_the_program() -> None:
    setup = "class Off(AssertionError):\n    def wanted(self): return 4\ndef check(x):\n    if x != 4: raise Off\n"
    program = "def f(check):\n    try: check(0)\n    except Exception as e: return {}\n"
    assert passes(
        asserts(program.format("4"), "assert f(check) == 4", setup=setup.replace("Off(Assertion", "Off(Value"))
    )
    assert is_wrong(asserts(program.format("e.wanted()"), "assert f(check) == 4", setup=setup))
