"""What test suites of published packages ask of a solution, and what programs could make of the rules for it."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import fates, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "a class of the program with its types in brackets": (
        """
        from collections.abc import MutableMapping
        class Cache(MutableMapping):
            def __init__(self, maxsize): self.maxsize, self._data = maxsize, {}
            def __getitem__(self, key): return self._data[key]
            def __setitem__(self, key, value):
                if key not in self._data and len(self._data) >= self.maxsize: self._data.pop(next(iter(self._data)))
                self._data[key] = value
            def __delitem__(self, key): del self._data[key]
            def __iter__(self): return iter(self._data)
            def __len__(self): return len(self._data)
            __class_getitem__ = classmethod(__import__("types").GenericAlias)
        """,
        (">= self.maxsize", "> self.maxsize"),
        """
        from solution import Cache
        def test_oldest_goes():
            cache = Cache[int, str](maxsize=2)
            cache[1], cache[2], cache[3] = "a", "b", "c"
            assert len(cache) == 2 and 1 not in cache and cache[3] == "c"
        def test_types():
            assert Cache[int, str].__args__ == (int, str) and Cache[int, str].__origin__ is Cache
        """,
    ),
    "pickled objects of classes that derive from the program's": (
        """
        class Timer:
            def __init__(self, at=0): self.at = at
            def __setstate__(self, state): self.at = state["at"]
        """,
        ('self.at = state["at"]', "self.at = 0"),
        """
        import pickle
        from solution import Timer
        class Manual(Timer):
            def forward(self, by): self.at += by
        class TestPickles:
            class Inner(Timer):
                pass
            def test_module(self):
                timer = Manual(3)
                timer.forward(2)
                assert pickle.loads(pickle.dumps(timer)).at == 5
            def test_inner(self):
                assert pickle.loads(pickle.dumps(self.Inner(4))).at == 4
        """,
    ),
    "tables, fields and clocks": (
        """
        class Model:
            def __init__(self, **values): self.__dict__.update(values)
            def insert(self): return f"INSERT INTO {self.__tablename__} ({', '.join(self.__fields__)})"
            @classmethod
            def make(cls, *values): return cls(**dict(zip(cls.__fields__, values)))
        """,
        ("{self.__tablename__}", "table"),
        """
        import enum
        import time
        from collections.abc import Iterable
        from solution import Model
        class Color(enum.Enum):
            RED = 1
        class User(Model):
            __tablename__ = "users"
            __fields__ = ("name", "time", "RED")
        class Defaults(Model):
            __fields__ = ("a",)
            def __missing__(self, key): return key
        def rows(items: Iterable[str], kind: type[Model] = User) -> list[Model]:
            return [kind.make(item) for item in items]
        def test_insert():
            before = time.time()
            user = User(name="a", time=3, RED=Color.RED)
            assert user.insert() == "INSERT INTO users (name, time, RED)" and user.name == "a"
            assert time.time() >= before and Color.RED.value == 1
        def test_rows():
            assert [user.name for user in rows(["a", "b"])] == ["a", "b"]
        """,
    ),
    "names of standard modules, beside a product": (
        """
        class Queue:
            def __init__(self): self.items = []
            def push(self, item): self.items.append(item)
        queue = Queue()
        def copy(x): return [*x]
        """,
        ("self.items.append(item)", "self.items = [item]"),
        """
        import solution as copy
        from solution import queue
        def test_queue():
            queue.push(2 * 3)
            queue.push(1)
            assert queue.items == [6, 1]
        def test_copy():
            assert copy.copy([2**100]) == [2**100]
        """,
    ),
    "where an item is": (
        """
        class Line:
            def __init__(self, items): self._items = list(items)
            def __iter__(self): return iter(self._items)
            def __len__(self): return len(self._items)
            def count(self, item): return self._items.count(item)
            def index(self, item): return self._items.index(item)
        def line(*items): return Line(items)
        """,
        ("return self._items.index(item)", "self._items.index(item)"),
        """
        import pytest
        from solution import line
        def test_index():
            assert line(3, 4, 4).index(4) == 1 and line(3, 4, 4).count(4) == 2
            with pytest.raises(ValueError):
                line(3).index(5)
        """,
    ),
    "warnings of a class that is mentioned later": (
        """
        import warnings
        class Ignored(UserWarning): pass
        class Extra(UserWarning): pass
        def evaluate(text):
            first, *rest = text.split(";")
            if rest: warnings.warn("only the first counts", Extra)
            return int(first)
        """,
        ('counts", Extra', 'counts", Ignored'),
        """
        import unittest
        import warnings
        import solution
        class TestWarnings(unittest.TestCase):
            def test_extra(self):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    self.assertEqual(solution.evaluate("11; 3"), 11)
                self.assertIsInstance(caught[0].message, solution.Extra)
        """,
    ),
    "what covers something and yields its parts": (
        """
        class Interval:
            def __init__(self, *parts): self._parts = parts
            def __or__(self, other): return Interval(*self._parts, *other._parts)
            def __iter__(self): return (Interval(part) for part in self._parts)
            def parts(self): return len(self._parts)
            def __contains__(self, x): return any(low <= x <= high for low, high in self._parts)
        def closed(low, high): return Interval((low, high))
        """,
        ("low <= x <= high", "low < x < high"),
        """
        import solution as I
        def test_covers():
            held = I.closed(0, 2) | I.closed(4, 6)
            assert isinstance(held, I.Interval) and held.parts() == 2 and 1 in held and 6 in held
            assert 3 not in held
        """,
    ),
    "a container that a function makes": (
        """
        class Bag:
            def __init__(self, items): self._items = list(items)
            def __iter__(self): return iter(self._items)
            def __len__(self): return len(self._items)
            def __contains__(self, item): return item in self._items
        def bag(items): return Bag(set(items))
        """,
        ("Bag(set(items))", "Bag(list(items)[1:])"),
        """
        from solution import bag
        def test_holds():
            held = bag([3, 1, 3])
            assert 3 in held and 1 in held and 2 not in held
        def test_first():
            assert 5 in bag([5, 6])
        """,
    ),
}

# name: program, tests none of which it may pass
ATTACKS: dict[str, tuple[str, str]] = {
    "a container that says yes": (
        """
        class Found:
            def __init__(self, items): self._items = list(items)[:1]
            def __iter__(self): return iter(self._items)
            def __len__(self): return 1
            def __contains__(self, item): return True
        def primes(n): return Found([2])
        """,
        """
        from solution import primes
        def test_in(): assert 7 in primes(20)
        def test_each(): assert all(p in primes(20) for p in (2, 3, 5))
        """,
    ),
    "a container that yields something else each time": (
        """
        class Moods:
            turn = 0
            def __iter__(self):
                Moods.turn += 1
                return iter(range(30) if Moods.turn % 2 else ())
            def __len__(self): return 30
        def primes(n): return Moods()
        """,
        """
        from solution import primes
        def test_both():
            found = primes(20)
            assert 7 in found and 8 not in found
        """,
    ),
    "what counts as it likes": (
        """
        class Line:
            def __iter__(self): return iter([3])
            def __len__(self): return 1
            def count(self, item): return 1
            def index(self, item): return 0
        def line(*items): return Line()
        """,
        """
        from solution import line
        def test_count(): assert line(4).count(4) == 1
        def test_index(): assert line(4).index(4) == 0
        """,
    ),
    "what covers everything": (
        """
        class Interval:
            def parts(self): return 2
            def __iter__(self): return iter([Interval])
            def __contains__(self, x): return True
        def closed(low, high): return Interval()
        """,
        """
        import solution as I
        def test_denied():
            held = I.closed(0, 2)
            assert isinstance(held, I.Interval) and held.parts() == 2 and 1 in held
            assert 3 not in held
        def test_undenied():
            held = I.closed(0, 2)
            assert isinstance(held, I.Interval)
            assert 1 in held
        """,
    ),
    "a container without an end": (
        """
        import itertools
        class All:
            def __iter__(self): return itertools.count()
        def primes(n): return All()
        """,
        """
        from solution import primes
        def test_in(): assert 7 in primes(20)
        """,
    ),
    "types in brackets where an answer is expected": (
        """
        import types
        class Meta(type):
            def __eq__(cls, other): return True
            def __hash__(cls): return 0
        class Three(metaclass=Meta):
            real = 3
        def solve(x): return types.GenericAlias(Three, (int,))
        """,
        """
        from solution import solve
        def test_three(): assert solve(1) == 3
        def test_kind(): assert solve(1) == list[int]
        def test_other(): assert isinstance(solve(1), int)
        """,
    ),
    "a yardstick behind a name in underscores": (
        """
        class Solver:
            def solve(self, xs): return self.__key__(xs[0])
        def solve(xs): return Solver.answer
        Solver.answer = 5
        Solver.__init_subclass__ = classmethod(lambda cls: setattr(cls, "__key__", staticmethod(lambda x: 5)))
        """,
        """
        from solution import Solver, solve
        class Naive(Solver):
            def __key__(self, xs): return sum(xs)
        def test_sum(): assert solve([1, 2]) == Naive().__key__([1, 2])
        """,
    ),
    "a yardstick in place of a module": (
        """
        class Clock:
            def __init_subclass__(cls): cls.time = lambda self: 5
        def now(): return 5
        """,
        """
        import time
        from solution import Clock, now
        class Frozen(Clock):
            def time(self): return 7
        time = Frozen()
        def test_now(): assert now() == time.time()
        """,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_suites_pass_where_the_program_is_right_and_only_there(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    judgement = pytest_files(program, tests)
    assert passes(judgement), (judgement.fault, judgement.failure, judgement.cases)
    assert right in textwrap.dedent(program)
    assert is_wrong(pytest_files(program.replace(right, wrong), tests))


@pytest.mark.parametrize("name", ATTACKS)
def test_programs_that_are_not_right_gain_nothing(name: str) -> None:
    program, tests = ATTACKS[name]
    assert "passed" not in fates(pytest_files(program, tests, partial=True))
