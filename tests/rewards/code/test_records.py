# ruff: noqa: E501  # programs of one line are easier to compare
"""Classes of plain data that a prompt or a setup defines: named tuples, and subclasses of `str`, `int`, `list`."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes

# name: prompt, program, what makes it wrong, entry point, test
ROWS: dict[str, tuple[str, str, tuple[str, str], str, str]] = {
    "methods": (
        """from typing import NamedTuple, List
class Point(NamedTuple):
    x: float
    y: float = 0.0
    def norm(self) -> float:
        return (self.x ** 2 + self.y ** 2) ** 0.5
    @classmethod
    def origin(cls):
        return cls(0, 0)
    @property
    def flipped(self):
        return Point(self.y, self.x)

def far(ps: List[Point]) -> Point:
    \"\"\"Farthest point, flipped.\"\"\"
""",
        """    best = Point.origin()
    for p in ps:
        assert isinstance(p, Point)
        match p:
            case Point(x, y): pass
            case _: raise TypeError
        if p.norm() > best.norm():
            best = p
    return best.flipped
""",
        ("return best.flipped", "return best"),
        "far",
        """def check(candidate):
    p = candidate([Point(1), Point(3, 4)])
    assert p == Point(4, 3)
    assert p == (4, 3)
    assert isinstance(p, Point) and type(p) is Point
    assert p.norm() == 5
    assert p.flipped.x == 3
    assert repr(p) == "Point(x=4, y=3)"
    assert p._replace(x=1) == Point(1, 3)
    assert candidate([]) == Point.origin()
    x, y = p
    assert (x, y) == (4, 3)
""",
    ),
    "whole": (
        """from typing import NamedTuple, List
class Point(NamedTuple):
    x: float
    y: float = 0.0

def far(ps: List[Point]) -> Point:
    \"\"\"Farthest point.\"\"\"
""",
        """from typing import NamedTuple, List

class Point(NamedTuple):
    \"\"\"A point.\"\"\"
    x: float
    y: float = 0.0

    def norm(self): return self.x ** 2 + self.y ** 2

def far(ps: List[Point]) -> Point:
    return max(ps, key=lambda p: p.norm(), default=Point(0))
""",
        ("max(ps", "min(ps"),
        "far",
        """def check(candidate):
    p = candidate([Point(1), Point(3, 4)])
    assert p == Point(3, 4)
    assert isinstance(p, Point)
    assert candidate([]) == Point(0) and isinstance(candidate([]), Point)
""",
    ),
    "nested": (
        """from typing import NamedTuple, Optional, List
from collections import namedtuple
Edge = namedtuple("Edge", ["a", "b", "w"], defaults=[1])
class Node(NamedTuple):
    name: str
    edges: List[Edge]
    parent: "Optional[Node]" = None

def link(names: List[str]) -> List[Node]:
    \"\"\"Chain.\"\"\"
""",
        """    out = []
    for n in names:
        prev = out[-1] if out else None
        out.append(Node(n, [Edge(prev.name, n)] if prev else [], prev))
    return out
""",
        ("Edge(prev.name, n)", "Edge(n, prev.name)"),
        "link",
        """def check(candidate):
    a, b = candidate(["a", "b"])
    assert b.parent == a and isinstance(b.parent, Node)
    assert b.edges == [Edge("a", "b")] and b.edges[0].w == 1
    assert isinstance(b.edges[0], Edge)
    assert a._asdict() == {"name": "a", "edges": [], "parent": None}
    assert Node._fields == ("name", "edges", "parent")
    b.edges.append(1)
    assert b.edges[-1] == 1
    assert candidate([]) == []
    assert {type(n).__name__ for n in candidate(["x"])} == {"Node"}
""",
    ),
    "derived": (
        """from typing import NamedTuple
class Base(NamedTuple):
    x: int

def make(x: int) -> Base:
    \"\"\"Twice x.\"\"\"
""",
        """from typing import NamedTuple
class Base(NamedTuple):
    x: int
class Twice(Base):
    def __new__(cls, x): return super().__new__(cls, 2 * x)
def make(x): return Twice(x)
""",
        ("2 * x", "3 * x"),
        "make",
        """def check(candidate):
    b = candidate(3)
    assert b == Base(6)
    assert isinstance(b, Base)
    assert b.x == 6
""",
    ),
    "subclassed_nt": (
        """from collections import namedtuple
class Point(namedtuple("Point", ["x", "y"])):
    __slots__ = ()
    def __add__(self, o):
        return Point(self.x + o.x, self.y + o.y)
    def __str__(self):
        return f"<{self.x},{self.y}>"

def mid(a, b):
    \"\"\"Sum.\"\"\"
""",
        """    return a + b
""",
        ("return a + b", "return Point(*b)"),
        "mid",
        """def check(candidate):
    p = candidate(Point(1, 2), Point(3, 4))
    assert p == Point(4, 6)
    assert isinstance(p, Point)
    assert str(p) == "<4,6>"
    assert p + p == Point(8, 12)
""",
    ),
    "int_sub": (
        """class MyInt(int):
    def double(self):
        return MyInt(self * 2)

class Name(str):
    @property
    def initials(self):
        return "".join(w[0] for w in self.split())

def f(xs):
    \"\"\"Double the first.\"\"\"
""",
        """    return xs[0].double()
""",
        (".double()", ".double() + 1"),
        "f",
        """def check(candidate):
    assert candidate([MyInt(3)]) == 6
    assert isinstance(candidate([MyInt(3)]), MyInt)
    assert candidate([MyInt(3)]).double() == 12
""",
    ),
    "named_str": (
        """class Name(str):
    @property
    def initials(self):
        return "".join(w[0] for w in self.split())

def f(n):
    \"\"\"A Name of the text.\"\"\"
""",
        """    return Name(n.title())
""",
        (".title()", ".upper()"),
        "f",
        """def check(candidate):
    assert candidate("ann lee") == "Ann Lee"
    assert candidate("ann lee").initials == "AL"
    assert isinstance(candidate("x"), Name)
    assert Name("q r").initials == "qr"
""",
    ),
    "list_sub": (
        """class Grid(list):
    \"\"\"Rows.\"\"\"
    def cell(self, r, c):
        return self[r][c]

def f(g: Grid) -> Grid:
    \"\"\"Transpose.\"\"\"
""",
        """    return Grid(map(list, zip(*g)))
""",
        ("zip(*g)", "g"),
        "f",
        """def check(candidate):
    g = candidate(Grid([[1, 2], [3, 4]]))
    assert g == [[1, 3], [2, 4]]
    assert g.cell(0, 1) == 3
    assert isinstance(g, Grid)
""",
    ),
    "dict_sub": (
        """class Config(dict):
    def __getattr__(self, k):
        return self[k]

def f(c: Config) -> Config:
    \"\"\"Upper values.\"\"\"
""",
        """    return Config({k: v.upper() for k, v in c.items()})
""",
        (".upper()", ""),
        "f",
        """def check(candidate):
    c = candidate(Config(a="x"))
    assert c == {"a": "X"} and c.a == "X"
    assert isinstance(c, Config)
    assert isinstance(c, dict)
""",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_objects_of_a_prompts_class_are_the_same_at_both_ends(name: str) -> None:
    prompt, program, (old, new), entry_point, test = ROWS[name]
    assert passes(judgement := check(program, test, prompt=prompt, entry_point=entry_point)), judgement
    assert old in program
    assert is_wrong(check(program.replace(old, new, 1), test, prompt=prompt, entry_point=entry_point))


SETUPS = {
    "setup_nt": """from typing import NamedTuple
class Point(NamedTuple):
    x: float
    y: float
""",
    "setup_nt2": """from collections import namedtuple
Point = namedtuple("Point", "x y")
""",
}
PROGRAM = """def mid(a, b):
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)
"""
REPEATS = 'from collections import namedtuple\nPoint = namedtuple("Point", "x y")\n'


@pytest.mark.parametrize("before", ["", REPEATS])
@pytest.mark.parametrize("name", SETUPS)
def test_programs_use_a_named_tuple_of_a_setup_or_define_it_again(name: str, before: str) -> None:
    cases = (
        "assert mid(Point(0, 0), Point(2, 4)) == Point(1, 2)",
        "assert isinstance(mid(Point(0, 0), Point(2, 4)), Point)",
        "assert mid(Point(0, 0), Point(2, 4)).x == 1",
    )
    assert passes(judgement := asserts(before + PROGRAM, *cases, setup=SETUPS[name])), judgement
    wrong = PROGRAM.replace("a.x + b.x", "a.x - b.x")
    assert is_wrong(asserts(before + wrong, *cases, setup=SETUPS[name]))


def test_a_named_tuple_with_defaults_that_tell_is_not_given() -> None:
    setup = "from typing import NamedTuple\nclass Case(NamedTuple):\n    given: int\n    want: int = 42\n"
    program = "def f(x):\n    return Case(x).want\n"
    assert is_wrong(asserts(program, "assert f(Case(1).given) == Case(1).want", setup=setup))


POINTS = """from typing import NamedTuple, List
class Point(NamedTuple):
    x: float
    y: float = 0.0
    def norm(self) -> float:
        return (self.x ** 2 + self.y ** 2) ** 0.5
    def near(self, other) -> bool:
        return not abs(self.x - other.x) > 1e-6

def far(ps: List[Point]) -> Point:
    \"\"\"Farthest point.\"\"\"
"""
# Methods of a number that is never too far from another one.
NEVER_FAR = """        def __sub__(self, o): return 0.0
        __rsub__ = __sub__
        def __abs__(self): return 0.0
        def __gt__(self, o): return False
        __lt__ = __gt__
"""

# name: prompt, entry point, test; and what takes the place of the right program
LIES: dict[str, tuple[str, str, str, list[str]]] = {
    "norm": (
        POINTS,
        "far",
        """def check(candidate):
    p = candidate([Point(1), Point(3, 4)])
    assert not abs(p.norm() - 5) > 1e-6
""",
        [
            """    return Point(float("nan"), 1)
""",
            """    return Point(float("inf"), 1)
""",
        ],
    ),
    "near": (
        POINTS,
        "far",
        """def check(candidate):
    p = candidate([Point(1), Point(3, 4)])
    assert p.near(Point(3, 4))
""",
        [
            """    return Point(float("nan"), 1)
""",
            f"    class L(float):\n{NEVER_FAR}    return Point(L(1), L(1))\n",
            f"    class L:\n{NEVER_FAR}        def __eq__(self, o): return True\n    return Point(L(), L())\n",
        ],
    ),
    "near_list": (
        """from collections import namedtuple
Poly = namedtuple("Poly", "coeffs")

def far(n) -> Poly:
    \"\"\"First squares.\"\"\"
""",
        "far",
        """import math
def check(candidate):
    p = candidate(4)
    assert all(math.isclose(a, b) for a, b in zip(p.coeffs, [0, 1, 4, 9]))
    assert all(a == b for a, b in zip(candidate(3).coeffs, [0, 1, 4])) and len(candidate(3).coeffs) == 3
""",
        [
            """    return Poly([])
""",
            """    return type("Poly", (tuple,), {"coeffs": property(lambda s: iter([])), "__eq__": lambda s, o: True})()
""",
            """    return Poly(type("L", (list,), {"__iter__": lambda s: iter([]), "__len__": lambda s: n})())
""",
        ],
    ),
    "near_eq": (
        """class Text(str):
    def same(self, other):
        return self.strip() == other.strip()

def far(n) -> Text:
    \"\"\"n times a.\"\"\"
""",
        "far",
        """def check(candidate):
    assert candidate(3).same("aaa ")
    assert candidate(2) == "aa"
""",
        [
            """    return Text("a")
""",
            """    return type("Text", (str,), {"same": lambda s, o: True, "__eq__": lambda s, o: True, "__hash__": lambda s: 1})("")
""",
        ],
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_such_objects_contain_what_the_program_computed_and_nothing_else(name: str) -> None:
    prompt, entry_point, test, programs = LIES[name]
    for program in programs:
        assert is_wrong(judgement := check(program, test, prompt=prompt, entry_point=entry_point)), (program, judgement)
