# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Classes of a test in which the program has a part: they derive from its classes, hold its descriptors, are decorated."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "methods of both": (
        "class Animal:\n    kinds = []\n    def __init_subclass__(cls, **kw):\n        super().__init_subclass__(**kw)\n        Animal.kinds.append(cls.__name__)\n"
        "    def __init__(self, name): self.name = name\n    def speak(self): return f'{self.name} says {self.sound()}'\n"
        "    def __eq__(self, other): return isinstance(other, Animal) and other.name == self.name\n"
        "    def __hash__(self): return hash(self.name)\ndef run(animal): return animal.speak()\n",
        ("{self.sound()}", "woof"),
        """
        import pytest
        from solution import Animal, run
        class Dog(Animal):
            def __init__(self, name, tricks=()):
                super().__init__(name)
                self.tricks = list(tricks)
            def sound(self): return "woof"
        class Puppy(Dog):
            def __init__(self, name): Dog.__init__(self, name, ["sit"])
            def sound(self): return super().sound() + "!"
            def speak(self): return super(Puppy, self).speak().upper()
            @property
            def age(self): return 1
            @classmethod
            def make(cls): return cls("m")
        def test_dog():
            dog = Dog("Rex", ["roll"])
            assert dog.speak() == run(dog) == "Rex says woof" and dog.tricks == ["roll"]
            assert isinstance(dog, Animal) and isinstance(dog, Dog) and issubclass(Dog, Animal)
            assert dog == Dog("Rex") and dog != Dog("Max") and len({dog, Dog("Rex")}) == 1 and Animal.kinds == ["Dog", "Puppy"]
        def test_puppy():
            puppy = Puppy("Bo")
            assert puppy.speak() == "BO SAYS WOOF!" and puppy.tricks == ["sit"] and puppy.age == 1
            assert Puppy.make().name == "m" and type(puppy) is Puppy and Puppy.__mro__[1] is Dog
        def test_bare():
            class Bare(Animal): pass
            with pytest.raises(AttributeError): Bare("x").speak()
        """,
    ),
    "keywords called as parameters of a metaclass are": (
        "class Plugin:\n    known = {}\n    def __init_subclass__(cls, name=None, bases=(), **more):\n"
        "        super().__init_subclass__()\n        Plugin.known[name or cls.__name__.lower()] = cls\n        cls.more = (*bases, *more)\n",
        ("name or cls.__name__.lower()", "cls.__name__.lower()"),
        """
        from solution import Plugin
        class Plain(Plugin): pass
        class Named(Plugin, name="other", bases=[1], names=2, keywords=3): pass
        def test_known():
            assert list(Plugin.known) == ["plain", "other"] and Plugin.known["other"] is Named
            assert Named.more == (1, "names", "keywords") and Plain.more == ()
        """,
    ),
    "abstract": (
        "import abc\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\n    def describe(self): return f'{type(self).__name__}: {self.area()}'\n",
        ("    @abc.abstractmethod\n", ""),
        """
        import pytest, solution
        class Square(solution.Shape):
            def __init__(self, side): self.side = side
            def area(self): return self.side ** 2
        class Half(solution.Shape): pass
        def test_area(): assert Square(3).area() == 9 and Square(3).describe() == "Square: 9"
        def test_half():
            with pytest.raises(TypeError, match="abstract"): Half()
        """,
    ),
    "errors and plain types": (
        "class Err(Exception):\n    code = 1\n    def __init__(self, text, extra=None):\n        super().__init__(text)\n        self.extra = extra\n"
        "def fail(kind): raise kind('boom', extra=3)\nclass Record(dict):\n    def __getattr__(self, key): return self[key]\n",
        ("extra=3", "extra=4"),
        """
        import pytest, solution
        class Mine(solution.Err): code = 2
        def test_error():
            with pytest.raises(Mine) as info: solution.fail(Mine)
            assert info.value.extra == 3 and info.value.code == 2 and str(info.value) == "boom"
            with pytest.raises(solution.Err): raise Mine("x")
        def test_dict():
            class Twice(solution.Record):
                def twice(self, key): return self[key] * 2
            record = Twice(a=1)
            assert record.a == 1 and record.twice("a") == 2 and record == {"a": 1}
        """,
    ),
    "called back, with a mixin of the test": (
        "class Stage:\n    def process(self, x): return x\nclass Pipeline:\n    def __init__(self, *stages): self.stages = stages\n"
        "    def run(self, x):\n        for stage in self.stages: x = stage.process(x)\n        return x\n",
        ("for stage in self.stages:", "for stage in self.stages[:1]:"),
        """
        import unittest
        from solution import Pipeline, Stage
        class Loud:
            def process(self, x): return super().process(x) * 10
        class T(unittest.TestCase):
            def test_run(self):
                seen = []
                class Double(Stage):
                    def process(self, x):
                        seen.append(x)
                        return x * 2
                class Add(Loud, Stage):
                    def __init__(self, by): self.by = by
                    def process(self, x): return super().process(x) + self.by
                self.assertEqual(Pipeline(Double(), Add(3)).run(4), 83)
                self.assertEqual(seen, [4])
        """,
    ),
    "descriptors": (
        "class Positive:\n    def __set_name__(self, owner, name): self.name = '_' + name\n"
        "    def __get__(self, held, owner=None): return self if held is None else getattr(held, self.name, 0)\n"
        "    def __set__(self, held, value):\n        if value < 0: raise ValueError('negative')\n        setattr(held, self.name, value)\n"
        "class once:\n    def __init__(self, f): self.f = f\n    def __get__(self, held, owner):\n"
        "        made = held.__dict__[self.f.__name__] = self.f(held)\n        return made\n",
        ("if value < 0", "if value < -9"),
        """
        import pytest
        from solution import Positive, once
        class Item:
            price = Positive()
            def __init__(self, price): self.price = price
            def total(self, n): return self.price * n
        def test_checked():
            item = Item(3)
            assert item.price == 3 and item.total(2) == 6
            with pytest.raises(ValueError, match="negative"): item.price = -1
            with pytest.raises(ValueError): Item(-2)
        def test_once():
            calls = []
            class A:
                @once
                def x(self):
                    calls.append(1)
                    return 5
            a = A()
            assert a.x == a.x == 5 and calls == [1]
        """,
    ),
    "decorated": (
        "import functools\ndef single(cls):\n    made = []\n    def get(*a): return made[0] if made else made.append(cls(*a)) or made[0]\n    return get\n"
        "def shown(cls):\n    def __repr__(self): return f\"{cls.__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})\"\n    cls.__repr__ = __repr__\n    return cls\n"
        "def counted(cls):\n    init, cls.made = cls.__init__, 0\n    @functools.wraps(init)\n    def __init__(self, *a):\n        cls.made += 1\n        init(self, *a)\n    cls.__init__ = __init__\n    return cls\n"
        "LOG, KNOWN = [], {}\ndef logged(cls):\n    for name, method in list(vars(cls).items()):\n        if callable(method) and name[0] != '_': setattr(cls, name, _log(method))\n    return cls\n"
        "def _log(method):\n    def call(*a):\n        LOG.append(method.__name__)\n        return method(*a)\n    return call\n"
        "def derived(cls):\n    class New(cls):\n        def hello(self): return 'new ' + super().hello()\n    return New\n"
        "def register(name):\n    def keep(cls):\n        KNOWN[name] = cls\n        return cls\n    return keep\n",
        ("cls.made += 1", "cls.made = 1"),
        """
        import solution as s
        @s.register("foo")
        class Foo:
            def hello(self): return "foo"
        def test_single():
            @s.single
            class A:
                def __init__(self, x=1): self.x = x
            assert A() is A() and A().x == 1
        def test_shown():
            @s.shown
            class P:
                def __init__(self, x, y): self.x, self.y = x, y
            assert repr(P(1, "a")) == "P(x=1, y='a')"
        def test_counted():
            @s.counted
            class A:
                def __init__(self, x): self.x = x
            A(1), A(2)
            assert A.made == 2 and A(3).x == 3
        def test_logged():
            @s.logged
            class A:
                def go(self, x): return x + 1
            assert A().go(2) == 3 and s.LOG == ["go"]
        def test_derived():
            @s.derived
            class A:
                def hello(self): return "hi"
            assert A().hello() == "new hi"
        def test_registered(): assert s.KNOWN["foo"] is Foo and s.KNOWN["foo"]().hello() == "foo"
        """,
    ),
    "decorated with operators": (
        "def ordered(cls):\n    cls.__gt__ = lambda a, b: not (a < b or a == b)\n    cls.__le__ = lambda a, b: a < b or a == b\n"
        "    cls.__ge__ = lambda a, b: not a < b\n    return cls\ndef record(cls):\n    names = cls.__annotations__\n"
        "    def __init__(self, *a):\n        for name, value in zip(names, a): setattr(self, name, value)\n"
        "    cls.__init__ = __init__\n    cls.__eq__ = lambda a, b: vars(a) == vars(b)\n    return cls\n",
        ("not a < b\n", "a < b\n"),
        """
        from solution import *
        by_order = ordered
        def test_ordered():
            @by_order
            class V:
                def __init__(self, v): self.v = v
                def __lt__(self, other): return self.v < other.v
                def __eq__(self, other): return self.v == other.v
            assert V(1) < V(2) and V(2) > V(1) and V(1) <= V(1) and V(3) >= V(2) and not V(1) > V(2)
            assert sorted([V(3), V(1)])[0].v == 1 and max(V(1), V(5)).v == 5
        def test_record():
            @record
            class P:
                x: int
                y: str = "a"
            assert P(1).x == 1 and P(1, "b") == P(1, "b") and P(1) != P(2) and P(1).y == "a"
        """,
    ),
    "generators of the test that an error is thrown into": (
        "class Block:\n    def __init__(self, made): self.made = made\n    def __enter__(self): return next(self.made)\n"
        "    def __exit__(self, kind, error, trace):\n        try: self.made.throw(kind, error, trace)\n        except StopIteration: return True\n"
        "def block(f): return lambda *a: Block(f(*a))\n",
        ("return True", "return False"),
        """
        import pytest
        from solution import block
        pytestmark = pytest.mark.filterwarnings("ignore")
        def test_a():
            seen = []
            @block
            def caught(n):
                try: yield n
                except ValueError as error: seen.append(str(error))
            with caught(3) as n: raise ValueError(f"bad {n}")
            assert seen == ["bad 3"]
        """,
    ),
    "attributes of functions": (
        "def order(fs): return [(f.__name__, getattr(f, 'tags', None)) for f in sorted(fs, key=lambda f: -getattr(f, 'weight', 0))]\n",
        ("-getattr", "getattr"),
        """
        from solution import order
        def test_a():
            def f(): pass
            def g(): pass
            f.weight, g.weight, g.tags = 1, 2, ["a"]
            assert order([f, g]) == [("g", ["a"]), ("f", None)]
            f.weight = 3
            g.tags.append("b")
            assert order([f, g]) == [("f", None), ("g", ["a", "b"])]
        """,
    ),
    "tracebacks of errors in a block": (
        "import traceback\nclass Log:\n    def __enter__(self): return self\n    def __exit__(self, kind, error, trace):\n"
        "        self.text = ''.join(traceback.format_exception(kind, error, trace))\n        return True\n",
        ("(kind, error, trace)", "(kind, error, None)"),
        """
        from solution import Log
        def test_a():
            with Log() as log: 1 / 0
            assert log.text.startswith("Traceback") and "division by zero" in log.text
        """,
    ),
    "parts of an object that is known": (
        "from collections.abc import Mapping, MutableMapping\nclass Section(Mapping):\n    def __init__(self, held): self.held = held\n"
        "    def __getitem__(self, key): return self.held[key]\n    def __iter__(self): return iter(self.held)\n    def __len__(self): return len(self.held)\n"
        "class Config(Section, MutableMapping):\n    def __init__(self): super().__init__({'a': Section({'x': 1})})\n"
        "    def __setitem__(self, key, value): self.held[key] = value\n    def __delitem__(self, key): del self.held[key]\n    def section(self, key): return self.held[key]\n",
        ("Section({'x': 1})", "Section({'y': 1})"),
        """
        import unittest
        from solution import Config
        class T(unittest.TestCase):
            def setUp(self): self.config = Config()
            def test_in(self):
                config = Config()
                self.assertIn("x", config["a"])
                assert "x" in self.config.section("a") and "z" not in config["a"]
            def test_views(self):
                assert self.config.keys() == {"a"} and "a" in self.config.keys() and len(self.config.items()) == 1
        """,
    ),
    "converted": (
        "class Address:\n    def __init__(self, n): self.n = n\n    def __int__(self): return self.n\n    def next(self): return Address(self.n + 1)\n",
        ("self.n + 1", "self.n - 1"),
        """
        from solution import Address
        def test_a(): assert int(Address(3).next()) == 4
        """,
    ),
    "names that other objects have as well": (
        "import abc\nclass Command(abc.ABC):\n    @abc.abstractmethod\n    def do(self, doc): ...\n    def undo(self, doc): doc.text = self.old\n"
        "class Document:\n    def __init__(self, text): self.text, self.done = text, []\n    def run(self, c):\n        c.do(self)\n        self.done.append(c)\n"
        "    def undo(self):\n        if not self.done: return False\n        self.done.pop().undo(self)\n        return True\n"
        "known = {}\ndef register(kind):\n    known[kind.__name__] = kind\n    return kind\ndef call(name, x): return known[name]()(x)\n"
        "class Lazy:\n    def __init__(self, f): self.f = f\n    def __set_name__(self, owner, name): self.name = name\n    def __get__(self, o, kind):\n        o.__dict__[self.name] = value = self.f(o)\n        return value\n",
        ("self.done.pop().undo(self)", "self.done.pop()"),
        """
        import math, unittest
        import pytest
        from solution import Command, Document, Lazy, call, known, register
        class Upper(Command):
            def do(self, doc): self.old, doc.text = doc.text, doc.text.upper()
            def undo(self, doc): doc.text = self.old
        @register
        class Area:
            def __call__(self, r): return math.pi * r
        @pytest.fixture
        def doc():
            made = Document("ab")
            yield made
        def test_undo(doc):
            doc.run(Upper())
            assert doc.text == "AB" and doc.undo() is True and doc.text == "ab"
            assert not doc.undo() and Document("x").undo() is False
        class TestUndo(unittest.TestCase):
            def setUp(self): self.doc = Document("c")
            def test_nothing(self): self.assertFalse(self.doc.undo())
        def test_only_the_program_makes_it(): assert known["Area"] is Area and call("Area", 2) == 2 * math.pi
        def test_the_same_twice():
            class Held:
                @Lazy
                def value(self): return [1]
            held = Held()
            assert held.value is held.value
        """,
    ),
    "items, lengths, and a class in small letters": (
        "class counts(dict):\n    def __missing__(self, k): return 0\n    def add(self, k):\n        self[k] = self[k] + 1\n        return self\n"
        "    def __contains__(self, k): return self[k] > 0\n    def __sub__(self, o): return counts({k: n - o[k] for k, n in self.items()})\n",
        ("self[k] + 1", "self[k] + 2"),
        """
        from solution import counts
        class Named(counts):
            def __missing__(self, k): return len(k)
            def __len__(self): return 7
        def test_named():
            named = Named(x=1)
            assert named["x"] == 1 and named["four"] == 4 and len(named) == 7
            assert named.add("ab")["ab"] == 3
        def test_counts():
            c = counts().add("a")
            assert c["a"] == 1 and c["z"] == 0 and isinstance(c, counts) and isinstance(c - counts(a=1), counts)
        """,
    ),
}


BY_NAME = (
    "class Typed:\n    def __init__(self, kind): self.kind = kind\n    def __set_name__(self, owner, name): self.name = '_' + name\n"
    "    def __get__(self, obj, owner=None): return self if obj is None else obj.__dict__.get(self.name, 0)\n"
    "    def __set__(self, obj, value):\n        if not isinstance(value, self.kind): raise TypeError(self.name[1:])\n        obj.__dict__[self.name] = value\n"
    "def register(cls):\n    register.known.append(cls.__name__)\n    cls.tag = 'known'\n    return cls\nregister.known = []\n"
)
HOLDING = (
    "class P:\n    x = Typed(int)\np = P(); p.x += 2\nassert p.x == 2\ntry: p.x = 'a'\n"
    "except TypeError as e: assert str(e) == 'x'\nelse: assert False\n"
)
DECORATED = (
    "@{0}\nclass A:\n    def f(self): return 3\nassert A.tag == 'known' and {0}.known == ['A'] and A().f() == 3\n"
)


def test_classes_of_assertions_and_checks_are_made_there_too() -> None:
    decorated = DECORATED.format("candidate").replace("\n", "\n    ")
    for program, right in (
        (BY_NAME, True),
        (BY_NAME.replace("self.name[1:]", "'x1'").replace("'known'", "'no'"), False),
    ):
        for judged in (
            asserts(program, HOLDING),
            asserts(program, DECORATED.format("register")),
            check(program, f"def check(candidate):\n    {decorated}\n", entry_point="register"),
        ):
            assert passes(judged) if right else is_wrong(judged), judged


@pytest.mark.parametrize("name", ROWS)
def test_classes_that_both_have_a_part_in_do_what_both_say(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    assert right in program
    assert passes(judged := pytest_files(program, tests)), judged
    assert is_wrong(pytest_files(program.replace(right, wrong), tests))


BASE = "class Base:\n    def value(self): return 1\n"


def test_a_class_that_is_tested_by_being_collected_is_never_made_by_the_program() -> None:
    for tests in (
        "from solution import Base\nclass TestBase(Base):\n    def test_value(self): assert self.value() == 2\n",
        "from solution import Base\nclass Mixin(Base):\n    def test_value(self): assert self.value() == 2\ndef test_a(): assert Mixin\n",
        "from solution import Base\nclass Held(Base):\n    expected = 2\ndef test_a(): assert Base().value() == Held.expected\n",
    ):
        assert pytest_files(BASE, tests).fault.startswith("unsupported test")


SORTER = "class Sorter:\n    def sort(self, xs): return sorted(xs)\ndef order(xs): return sorted(xs)\ndef marked(kind): return kind\n"
# Its metaclass makes of the test's own methods and attributes what it answers itself.
ONE_ANSWER = (
    "class Same(list):\n    def __getattr__(self, name): return self\n    def __call__(self, *a): return self\n"
    "class Meta(type):\n    def __new__(mcs, name, bases, names):\n        kept = {n: v for n, v in names.items() if n[:2] == '__'}\n"
    "        return super().__new__(mcs, name, bases, kept)\n    def __getattribute__(cls, name):\n"
    "        return type.__getattribute__(cls, name) if name[:2] == '__' else []\n"
    "class Sorter(metaclass=Meta):\n    def sort(self, xs): return []\n    def __getattribute__(self, name):\n"
    "        return object.__getattribute__(self, name) if name[:2] == '__' else (lambda *a: [])\n"
    "def order(xs): return []\ndef marked(kind): return Meta(kind.__name__, (Sorter,), {})\n"
)
NAIVE = "class Naive(Sorter):\n    order = [1, 2]\n    def sort(self, xs): return [x for n in range(9) for x in xs if x == n]\n"


@pytest.mark.parametrize(
    "judging",
    [
        "assert order([2, 1]) == Naive().sort([2, 1])",
        "assert Sorter().sort([2, 1]) == Naive().sort([2, 1])",
        "assert order([2, 1]) == Naive.order",
        "right = Naive().sort([2, 1])\n    assert order([2, 1]) == right",
        "assert not any(order(xs) != Naive().sort(xs) for xs in ([2, 1], [1]))",
        "assert (order([2, 1]) == getattr(Naive(), 'sort')([2, 1])) is True",
        "naive = Naive()\n    same = lambda a, b: a == b\n    assert same(order([2, 1]), naive.sort([2, 1]))",
        "import unittest\n    unittest.TestCase().assertEqual(order([2, 1]), Naive().sort([2, 1]))",
        "class Judge(Sorter):\n        def check(self): return 'ok' if order([2, 1]) == Naive().sort([2, 1]) else ''\n    assert Judge().check() == 'ok'",
    ],
)
@pytest.mark.parametrize("naive", [NAIVE, NAIVE.replace("class Naive(Sorter)", "@marked\nclass Naive")])
def test_what_a_class_that_the_program_makes_says_is_no_measure_of_it(judging: str, naive: str) -> None:
    tests = f"from solution import *\n{naive}def test_a():\n    {judging}\n"
    assert pytest_files(SORTER, tests).fault.startswith("unsupported test")
    judged = pytest_files(ONE_ANSWER, tests)
    assert is_wrong(judged) or judged.fault.startswith("unsupported test"), judged
    said = f"from solution import *\n{naive}def test_a():\n    assert Naive().sort([2, 1]) == order([2, 1]) == [1, 2]\n"
    assert passes(pytest_files(SORTER, said))
    assert is_wrong(pytest_files(ONE_ANSWER, said))


def test_what_such_a_class_holds_may_be_compared_with_itself() -> None:
    program = (
        "class Ranked:\n    @property\n    def label(self): return f'{self.name.title()}-{self.value}'\n"
        "    def __lt__(self, o): return self.value < o.value\n"
    )
    case = (
        "import enum\nclass Size(Ranked, enum.Enum):\n    SMALL = 1\n    BIG = 5\n"
        "assert Size.SMALL < Size.BIG and sorted([Size.BIG, Size.SMALL])[0] is Size.SMALL\n"
        "assert Size(5) is Size.BIG != Size['SMALL'] and isinstance(Size.BIG, Ranked)\n"
        "assert Size.BIG.label == 'Big-5' and [s.value for s in Size] == [1, 5]\n"
    )
    assert passes(asserts(program, case))
    assert passes(asserts(program, *case.replace("assert Size.SM", "\0assert Size.SM").split("\0")))
    assert is_wrong(asserts(program.replace("value < o", "value > o"), case))
    assert is_wrong(asserts(program.replace("title", "lower"), case))
    for measured in (
        "assert pick() is Size.BIG",
        "assert pick().value == Size.BIG.value",
        "x = Size.BIG\nassert x is pick()",
    ):
        chosen = f"{program}def pick(): return 5\n"
        assert not passes(asserts(chosen, case + measured))


def test_an_object_of_such_a_class_equals_no_data() -> None:
    liar = f"{BASE}    def __eq__(self, other): return True\n    def __hash__(self): return 1\n"
    tests = "from solution import Base\nclass Mine(Base): pass\ndef test_a(): assert Mine() == 2\n"
    assert is_wrong(pytest_files(liar, tests))
    assert is_wrong(asserts(liar, "class Mine(Base): pass\nassert Mine() == 2"))


def test_a_program_does_not_make_another_class_of_it() -> None:
    """One that is a standard exception would catch failed assertions of the test."""
    hack = "class Meta(type):\n    def __call__(cls, *a): return 1\n    def __new__(mcs, name, bases, names):\n        return type.__new__(mcs, name, bases, names) if not bases else AssertionError\nclass Err(metaclass=Meta): pass\ndef solve(x): return 0\n"
    tests = """
        import pytest, solution
        def test_a():
            class Mine(solution.Err): pass
            with pytest.raises(Mine): assert solution.solve(2) == 3
    """
    assert is_wrong(pytest_files(hack, tests))


def test_a_file_becomes_a_folder() -> None:
    program = (
        "import os\ndef read(path): return open(path).read() if os.path.isfile(path) else sorted(os.listdir(path))\n"
    )
    tests = """
        import os, shutil
        from solution import read
        def test_a():
            os.mkdir("it")
            with open("it/b", "w") as file: file.write("x")
            assert read("it") == ["b"]
            shutil.rmtree("it")
            with open("it", "w") as file: file.write("y")
            assert read("it") == "y"
            os.remove("it")
            os.mkdir("it")
            assert read("it") == []
    """
    assert passes(judged := pytest_files(program, tests)), judged
    assert is_wrong(pytest_files(program.replace(".read()", ".read(0)"), tests))
