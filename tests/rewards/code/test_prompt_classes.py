# ruff: noqa: E501  # programs of one line are easier to compare
"""Classes of a prompt that a program repeats in its own words, derives from, or enumerations whose members are data."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import check, is_wrong, passes

# name: prompt, program, what makes it wrong, entry point, test
ROWS: dict[str, tuple[str, str, tuple[str, str], str, str]] = {
    "frozen": (
        """from dataclasses import dataclass

@dataclass
class Cell:
    row: int
    col: int

def neighbours(cells):
    \"\"\"All cells (unique, sorted by row, col) beside any of the given, without these.\"\"\"
""",
        """from dataclasses import dataclass

@dataclass(frozen=True, order=True)
class Cell:
    row: int
    col: int

def neighbours(cells):
    given = {Cell(c.row, c.col) for c in cells}
    found = set()
    for c in given:
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            found.add(Cell(c.row + dr, c.col + dc))
    return sorted(found - given)
""",
        ("return sorted(found - given)", "return sorted(found)"),
        "neighbours",
        """
def check(candidate):
    assert candidate([Cell(0, 0)]) == [Cell(-1, 0), Cell(0, -1), Cell(0, 1), Cell(1, 0)]
    assert len(candidate([Cell(0, 0), Cell(0, 1)])) == 6
""",
    ),
    "ordered": (
        """from dataclasses import dataclass

@dataclass(order=True)
class Version:
    major: int
    minor: int = 0
    patch: int = 0

def parse(text: str) -> Version:
    \"\"\"Parses '1.2.3'.\"\"\"
""",
        """from dataclasses import dataclass

@dataclass(order=True, frozen=True)
class Version:
    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self):
        return f"{self.major}.{self.minor}.{self.patch}"

def parse(text: str) -> Version:
    parts = [int(p) for p in text.strip().lstrip("v").split(".")]
    return Version(*parts)
""",
        (
            'parts = [int(p) for p in text.strip().lstrip("v").split(".")]',
            'parts = [int(p) for p in text.strip().lstrip("w").split(".")]',
        ),
        "parse",
        """
def check(candidate):
    assert candidate("1.2.3") == Version(1, 2, 3)
    assert candidate("v2") == Version(2)
    assert candidate("1.10.0") > candidate("1.9.9")
    assert max([candidate("1.0"), candidate("0.9")]) == Version(1)
    assert sorted(map(candidate, ["2", "1.5"])) == [Version(1, 5), Version(2)]
""",
    ),
    "slots": (
        """from dataclasses import dataclass
from typing import List

@dataclass
class Point:
    x: int
    y: int

def translate(points: List[Point], dx: int, dy: int) -> List[Point]:
    \"\"\"Moves all points.\"\"\"
""",
        """from dataclasses import dataclass
from typing import List

@dataclass(slots=True)
class Point:
    x: int
    y: int

def translate(points: List[Point], dx: int, dy: int) -> List[Point]:
    return [Point(p.x + dx, p.y + dy) for p in points]
""",
        ("return [Point(p.x + dx, p.y + dy) for p in points]", "return [Point(p.x + dx, p.y - dy) for p in points]"),
        "translate",
        """
def check(candidate):
    assert candidate([Point(1, 2)], 1, 1) == [Point(2, 3)]
    assert candidate([], 1, 1) == []
    assert candidate([Point(0, 0), Point(5, 5)], -1, 2) == [Point(-1, 2), Point(4, 7)]
""",
    ),
    "members that are numbers": (
        """from enum import IntEnum

class Level(IntEnum):
    LOW = 1
    MID = 2
    HIGH = 3

def classify(n: int) -> Level:
    \"\"\"Level of n: LOW below 10, MID below 100, else HIGH.\"\"\"
""",
        """    if n < 10:
        return Level.LOW
    if n < 100:
        return Level.MID
    return Level.HIGH
""",
        ("return Level.MID", "return Level.LOW"),
        "classify",
        """
def check(candidate):
    assert candidate(1) is Level.LOW
    assert candidate(50) is Level.MID
    assert candidate(500) is Level.HIGH
    assert candidate(50) == 2
    assert candidate(50).name == "MID"
""",
    ),
    "members that are texts": (
        """from enum import Enum

class Color(str, Enum):
    RED = "red"
    BLUE = "blue"

def pick(n: int) -> Color:
    \"\"\"RED for even numbers, else BLUE.\"\"\"
""",
        """    return Color.RED if n % 2 == 0 else Color.BLUE
""",
        ("return Color.RED if n % 2 == 0 else Color.BLUE", "return Color.RED if n % 2 == 1 else Color.BLUE"),
        "pick",
        """
def check(candidate):
    assert candidate(2) is Color.RED
    assert candidate(3) is Color.BLUE
    assert candidate(3) == "blue"
""",
    ),
    "flags": (
        """from enum import IntFlag, Flag

class Perm(Flag):
    R = 4
    W = 2
    X = 1

def parse(text):
    \"\"\"'rwx' style text as Perm.\"\"\"
""",
        """    out = Perm(0)
    for ch in text:
        if ch != "-":
            out |= Perm[ch.upper()]
    return out
""",
        ("out |= Perm[ch.upper()]", "out |= Perm['R']"),
        "parse",
        """
def check(candidate):
    assert candidate("rw-") == Perm.R | Perm.W
    assert candidate("---") == Perm(0)
    assert Perm.X in candidate("r-x")
    assert candidate("r--") is Perm.R
    assert (candidate("rwx") & ~Perm.W) == Perm.R | Perm.X
    assert candidate("rwx").value == 7
""",
    ),
    "a member as an argument": (
        """from enum import Enum

class Op(str, Enum):
    ADD = "+"
    SUB = "-"

    def apply(self, a, b):
        return a + b if self is Op.ADD else a - b

def evaluate(op: Op, a: int, b: int) -> int:
    \"\"\"Applies.\"\"\"
""",
        """    if not isinstance(op, Op):
        raise TypeError(op)
    return op.apply(a, b)
""",
        ("return op.apply(a, b)", "return op.apply(b, a)"),
        "evaluate",
        """
def check(candidate):
    assert candidate(Op.ADD, 1, 2) == 3
    assert candidate(Op.SUB, 5, 2) == 3
    assert candidate(Op("-"), 5, 3) == 2
    try:
        candidate("+", 1, 2)
        assert False
    except TypeError:
        pass
""",
    ),
    "states of a machine": (
        """from enum import Enum, auto

class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    DONE = auto()

class Machine:
    \"\"\"A machine with a state: start() and finish() move on; a wrong move raises ValueError.\"\"\"
""",
        """from enum import Enum, auto

class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    DONE = auto()

class Machine:
    MOVES = {State.IDLE: {"start": State.RUNNING}, State.RUNNING: {"finish": State.DONE}, State.DONE: {}}
    def __init__(self):
        self.state = State.IDLE
        self.log = [self.state]
    def _move(self, what):
        try:
            self.state = self.MOVES[self.state][what]
        except KeyError:
            raise ValueError(f"cannot {what} in {self.state.name}") from None
        self.log.append(self.state)
    def start(self):
        self._move("start")
    def finish(self):
        self._move("finish")
""",
        (
            'MOVES = {State.IDLE: {"start": State.RUNNING}, State.RUNNING: {"finish": State.DONE}, State.DONE: {}}',
            'MOVES = {State.IDLE: {"start": State.RUNNING}, State.RUNNING: {"finish": State.IDLE}, State.DONE: {}}',
        ),
        "Machine",
        """
def check(candidate):
    m = candidate()
    assert m.state is State.IDLE
    m.start()
    assert m.state == State.RUNNING
    m.finish()
    assert m.state is State.DONE and m.state.name == "DONE"
    assert m.log == [State.IDLE, State.RUNNING, State.DONE]
    try:
        m.start()
        assert False
    except ValueError as e:
        assert "DONE" in str(e)
""",
    ),
    "what derives from it": (
        """class Shape:
    def __init__(self, name):
        self.name = name

    def area(self):
        raise NotImplementedError

def make_shape(kind, *args):
    \"\"\"Makes a 'square' of a side or a 'rect' of two; a subclass of Shape each.\"\"\"
""",
        """class Shape:
    def __init__(self, name):
        self.name = name

    def area(self):
        raise NotImplementedError

class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side
    def area(self):
        return self.side ** 2

class Rect(Shape):
    def __init__(self, a, b):
        super().__init__("rect")
        self.a, self.b = a, b
    def area(self):
        return self.a * self.b

def make_shape(kind, *args):
    return Square(*args) if kind == "square" else Rect(*args)
""",
        ("return self.a * self.b", "return self.a + self.b"),
        "make_shape",
        """
def check(candidate):
    s = candidate("square", 3)
    assert isinstance(s, Shape)
    assert s.area() == 9
    assert s.name == "square"
    r = candidate("rect", 2, 5)
    assert isinstance(r, Shape)
    assert r.area() == 10
""",
    ),
    "abstract": (
        """from abc import ABC, abstractmethod
import math

class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...

    def __repr__(self):
        return f"{type(self).__name__}({self.area():.2f})"

def build(spec):
    \"\"\"('circle', r) or ('rect', w, h) to a Shape.\"\"\"
""",
        """from abc import ABC, abstractmethod
import math

class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...

    def __repr__(self):
        return f"{type(self).__name__}({self.area():.2f})"

class Circle(Shape):
    def __init__(self, r):
        self.r = r
    def area(self):
        return math.pi * self.r ** 2

class Rect(Shape):
    def __init__(self, w, h):
        self.w, self.h = w, h
    def area(self):
        return self.w * self.h

def build(spec):
    kind, *args = spec
    return {"circle": Circle, "rect": Rect}[kind](*args)
""",
        ("return self.w * self.h", "return self.w + self.h"),
        "build",
        """
import math
def check(candidate):
    c = candidate(("circle", 2))
    assert isinstance(c, Shape)
    assert math.isclose(c.area(), 4 * math.pi)
    assert repr(candidate(("rect", 2, 3))) == "Rect(6.00)"
    try:
        candidate(("hex", 1))
        assert False, "no error"
    except KeyError:
        pass
""",
    ),
}
for _kind, _head in {"abstract": "from abc import ABC\nclass Store(ABC):", "plain": "class Store:"}.items():
    ROWS[f"derives from a class of the prompt that is {_kind}"] = (
        f"{_head}\n    def load(self, key): raise NotImplementedError\n\nclass Memory(Store):\n    'Keeps what it is given.'\n",
        "class Memory(Store):\n    def __init__(self): self.held = {}\n    def load(self, key): return self.held[key]\n",
        ("Memory(Store)", "Memory"),
        "Memory",
        "def check(candidate):\n    assert issubclass(candidate, Store) and isinstance(candidate(), Store)\n"
        "    assert not issubclass(Store, candidate) and not issubclass(int, Store) and issubclass(bool, (Store, int))\n",
    )
_prompt, _program, *_rest = ROWS["slots"]
ROWS["hashed"] = (_prompt, _program.replace("slots=True", "eq=True, unsafe_hash=True"), *_rest)


@pytest.mark.parametrize(("prompt", "program", "spoiled", "entry_point", "test"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(
    prompt: str, program: str, spoiled: tuple[str, str], entry_point: str, test: str
) -> None:
    assert passes(judgement := check(program, test, prompt=prompt, entry_point=entry_point)), judgement
    assert spoiled[0] in program
    wrong = program.replace(*spoiled)
    assert is_wrong(judgement := check(wrong, test, prompt=prompt, entry_point=entry_point)), judgement


ENUMERATION = "from enum import IntEnum\nclass Level(IntEnum):\n    LOW = 1\n    HIGH = 2\n\ndef f(n):\n    pass\n"
SHAPE = "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return isinstance(other, Point) and self.x == other.x\n\ndef f(n):\n    pass\n"


@pytest.mark.parametrize(
    ("prompt", "program", "test"),
    [
        (ENUMERATION, "def f(n):\n    return Level.LOW\n", "assert candidate(9) is Level.HIGH"),
        (
            ENUMERATION,
            "from enum import IntEnum\nclass Level(IntEnum):\n    LOW = 2\n    HIGH = 1\n    def __eq__(self, o): return True\n    __hash__ = int.__hash__\ndef f(n):\n    return Level.LOW\n",
            "assert candidate(9) == Level.HIGH",
        ),
        (
            ENUMERATION,
            "from enum import IntEnum\nclass Level(IntEnum):\n    LOW = 1\n    HIGH = 2\n    TOP = 3\ndef f(n):\n    return Level.TOP\n",
            "assert candidate(9).name == 'HIGH'",
        ),
        (
            SHAPE,
            "class Any:\n    def __eq__(self, o): return True\nclass Point:\n    def __init__(self, x): pass\n    x = Any()\n    def __eq__(self, o): return True\ndef f(n):\n    return Point(n)\n",
            "assert candidate(3) == Point(3)\n    assert Point(3) == candidate(3)",
        ),
        (
            SHAPE,
            "class Base: pass\nclass Point(Base):\n    def __init__(self, x): self.x = 0\n    def __eq__(self, o): return True\ndef f(n):\n    return Point(n)\n",
            "assert candidate(3) == Point(3)",
        ),
    ],
)
def test_a_definition_of_its_own_decides_nothing(prompt: str, program: str, test: str) -> None:
    assert is_wrong(judgement := check(program, f"def check(candidate):\n    {test}\n", prompt=prompt)), judgement
