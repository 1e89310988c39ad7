"""Pickled objects of the program, time zones of its own, and enumerations of a test that derive from its classes."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "pickles": (
        """
from collections import namedtuple
from dataclasses import dataclass, field

P2 = namedtuple("P2", "x y")

@dataclass
class Item:
    name: str
    tags: list = field(default_factory=list)

class AppError(Exception):
    def __init__(self, code, msg="x"):
        super().__init__(code, msg)
        self.code = code

class Tree:
    def __init__(self, v, kids=()):
        self.v, self.kids = v, list(kids)
    def __getstate__(self):
        return {"v": self.v, "kids": self.kids}
    def __setstate__(self, s):
        self.__dict__.update(s)
        self.restored = True
def fail():
    raise AppError(3)
""",
        ("self.restored = True", "self.restored = False"),
        """
import pickle
import io
import pytest
import solution as s

@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_item(protocol):
    i = s.Item("a", ["b"])
    j = pickle.loads(pickle.dumps(i, protocol=protocol))
    assert j == i
    assert j is not i
    assert j.tags == ["b"]

def test_nt():
    p = pickle.loads(pickle.dumps(s.P2(1, 2)))
    assert p == s.P2(1, 2)
    assert p.x == 1

def test_error():
    with pytest.raises(s.AppError) as e:
        s.fail()
    f = pickle.loads(pickle.dumps(e.value))
    assert f.code == 3
    assert isinstance(f, s.AppError)

def test_tree():
    t = s.Tree(1, [s.Tree(2)])
    u = pickle.loads(pickle.dumps([t, 5]))
    assert u[1] == 5
    assert u[0].kids[0].v == 2
    assert u[0].restored is True

def test_file():
    b = io.BytesIO()
    pickle.dump({"k": s.Item("z")}, b)
    b.seek(0)
    assert pickle.load(b)["k"].name == "z"

def test_lambda():
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        pickle.dumps(s.Item(lambda: 1))
""",
    ),
    "pickles of what it gives": (
        """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __eq__(self, o):
        return isinstance(o, Point) and (self.x, self.y) == (o.x, o.y)

def line(n):
    return [Point(i, i) for i in range(n)]
""",
        ("return [Point(i, i) for i in range(n)]", "return [Point(i, 1) for i in range(n)]"),
        """
import pickle, copy
from solution import line

def test_line():
    assert [p.y for p in line(3)] == [0, 1, 2]

def test_pickle_roundtrip():
    p = line(3)
    assert pickle.loads(pickle.dumps(p)) == p
""",
    ),
    "time zones": (
        """
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

class UTCOffset(tzinfo):
    def __init__(self, minutes):
        self.minutes = minutes
    def utcoffset(self, dt):
        return timedelta(minutes=self.minutes)
    def tzname(self, dt):
        return f"UTC{self.minutes:+d}"
    def dst(self, dt):
        return timedelta(0)

def parse(s):
    base, sign, off = s[:19], s[19], s[20:]
    h, m = map(int, off.split(":"))
    mins = h * 60 + m
    return datetime.fromisoformat(base).replace(tzinfo=UTCOffset(mins if sign == "+" else -mins))

def to_utc(dt):
    return dt.astimezone(timezone.utc)

def meetings(dts):
    return sorted(dts)
""",
        (
            'return datetime.fromisoformat(base).replace(tzinfo=UTCOffset(mins if sign == "+" else -mins))',
            'return datetime.fromisoformat(base).replace(tzinfo=UTCOffset(mins if sign == "+" else mins))',
        ),
        """
from datetime import datetime, timedelta, timezone
from solution import parse, to_utc, meetings

def test_parse():
    d = parse("2024-01-01T12:00:00-05:30")
    assert d.utcoffset() == timedelta(hours=-5, minutes=-30)
    assert d.tzname() == "UTC-330"
    assert to_utc(d) == datetime(2024, 1, 1, 17, 30, tzinfo=timezone.utc)
    assert to_utc(d).hour == 17
    assert (d + timedelta(hours=1)).hour == 13

def test_sort():
    a, b = parse("2024-01-01T12:00:00+02:00"), parse("2024-01-01T11:00:00+00:00")
    assert meetings([b, a]) == [a, b]
    assert b - a == timedelta(hours=1)
""",
    ),
    "enumerations": (
        """
class Labelled:
    @property
    def label(self):
        return self.name.replace("_", " ").title()
    @classmethod
    def labels(cls):
        return [m.label for m in cls]
""",
        ('return self.name.replace("_", " ").title()', 'return self.name.replace("_", " ").lower()'),
        """
from enum import Enum, auto
from solution import Labelled

class Status(Labelled, Enum):
    IN_PROGRESS = auto()
    DONE = auto()
    def shout(self):
        return self.label.upper() + "!"

def test_labels():
    assert Status.labels() == ["In Progress", "Done"]
    assert Status.DONE.label == "Done"
    assert Status.DONE.value == 2
    assert Status.DONE.shout() == "DONE!"
    assert len(list(Status)) == 2
""",
    ),
    "abstract classes": (
        """
class Mixin:
    def greet(self):
        return "hi " + self.who()
""",
        ('return "hi " + self.who()', 'return "ho " + self.who()'),
        """
import abc
from solution import Mixin

class Base(abc.ABC):
    @abc.abstractmethod
    def who(self): ...

class A(Mixin, Base):
    def who(self):
        return "a"

def test_greet():
    assert A().greet() == "hi a"
""",
    ),
    "a metaclass of the standard library": (
        """
class Mixin:
    def greet(self):
        return "hi " + self.who()
""",
        ('return "hi " + self.who()', 'return "ho " + self.who()'),
        """
import abc
import pytest
from solution import Mixin

class Base(Mixin, metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def who(self): ...

class B(Base):
    def who(self):
        return "b"

def test_greet():
    assert B().greet() == "hi b"
    with pytest.raises(TypeError):
        Base()
""",
    ),
}


@pytest.mark.parametrize(("program", "spoiled", "tests"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(program: str, spoiled: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert spoiled[0] in program
    assert is_wrong(judgement := pytest_files(program.replace(*spoiled), tests)), judgement


def test_a_time_zone_of_the_program_cannot_be_given_to_the_standard_library() -> None:
    program = """
from datetime import timedelta, tzinfo
class Zone(tzinfo):
    def utcoffset(self, at): return timedelta(hours=2)
"""
    tests = """
from datetime import datetime
from solution import Zone
def test_offset():
    assert datetime(2024, 1, 1, 12, tzinfo=Zone()).utcoffset().seconds == 7200
"""
    assert "unsupported test" in pytest_files(program, tests).fault
    assert is_wrong(pytest_files(program.replace("(tzinfo)", ""), tests))
