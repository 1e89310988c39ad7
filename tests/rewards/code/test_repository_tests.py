# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Test files as they stand in repositories: what they ask of classes, enums, descriptors and output."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Judgement
from tests.rewards.code.boxes import close_box
from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "enums are enums": (
        "from enum import *\nclass Perm(Flag):\n    NONE = 0\n    R = auto(); W = auto(); X = auto()\n"
        "class Color(StrEnum):\n    RED = auto()\n    BLUE = 'azure'\n"
        "class Level(IntEnum):\n    LOW = 1\n    HIGH = 10\n"
        "def both(*perms):\n    out = Perm.NONE\n    for p in perms: out |= p\n    return out\n",
        ("out |= p", "out = p"),
        """
        from enum import Enum, Flag, IntEnum, StrEnum
        from solution import Color, Level, Perm, both
        def test_kinds():
            assert isinstance(Perm.R, Enum) and isinstance(Perm.R, Flag) and isinstance(Level.LOW, IntEnum)
            assert issubclass(Color, StrEnum) and issubclass(Level, Enum) and not issubclass(Color, Flag)
            assert isinstance(Color.RED, Enum) and not isinstance("red", Enum)
        def test_truth():
            p = both(Perm.R, Perm.W)
            assert p & Perm.R and not p & Perm.X and bool(p) and not Perm.NONE
        def test_text(): assert {"red": 1}[Color.RED] == 1 and Color.BLUE in {"azure"} and hash(Color.RED) == hash("red")
        """,
    ),
    "errors with attributes": (
        "import subprocess\ndef run(*a):\n    try: return subprocess.run(a, check=True)\n"
        "    except subprocess.CalledProcessError as e: return e.returncode, e.stderr\n"
        "def ask(f):\n    try: return f()\n    except OSError as e: return e.response.status, e.retry, str(e)\n"
        "def name(f):\n    try: f()\n    except OSError as e: return e.filename\n",
        ("e.returncode, e.stderr", "e.returncode, None"),
        """
        import subprocess, solution
        from unittest import mock
        class Refused(OSError):
            def __init__(self, text, response):
                super().__init__(text)
                self.response, self.retry = response, [1]
        def test_a():
            error = subprocess.CalledProcessError(3, ["x"], stderr="bad")
            with mock.patch("subprocess.run", side_effect=error):
                assert solution.run("x") == (3, "bad")
        def test_b():
            error = Refused("no", mock.Mock(status=404))
            assert solution.ask(mock.Mock(side_effect=error)) == (404, [1], "no")
        def test_c():
            assert solution.name(mock.Mock(side_effect=FileNotFoundError(2, "gone", "/x"))) == "/x"
        """,
    ),
    "context managers of the tests": (
        "from contextlib import ExitStack\ndef use(ways, f):\n    with ExitStack() as stack:\n"
        "        return f(*[stack.enter_context(way) for way in ways])\nasync def wait(way):\n    async with way as x: return x\n",
        ("for way in ways", "for way in ways[:1]"),
        """
        import asyncio, contextlib, pytest, solution
        log = []
        @contextlib.contextmanager
        def way(n):
            log.append(n)
            try: yield n
            finally: log.append(-n)
        @contextlib.asynccontextmanager
        async def later(n): yield n
        def test_a():
            assert solution.use([way(1), way(2), contextlib.nullcontext(4)], lambda *a: sum(a)) == 7
            assert log == [1, 2, -2, -1]
            with pytest.raises(ZeroDivisionError): solution.use([way(3)], lambda a: a / 0)
            assert log[-1] == -3 and asyncio.run(solution.wait(later(5))) == 5
        """,
    ),
    "classes that derive from standard ones": (
        "import argparse, collections, datetime, functools, random, re, threading\n"
        "class Worker(threading.Thread):\n    def run(self): self.done = True\nclass Box(collections.UserDict): pass\n"
        "class Zone(datetime.tzinfo): pass\ndef parser(): return argparse.ArgumentParser()\n"
        "def match(): return re.match('a', 'abc')\nbinary = functools.partial(int, base=2)\ndef rng(): return random.Random(3)\n",
        ("class Worker(threading.Thread)", "class Worker"),
        """
        import argparse, collections, datetime, functools, random, re, threading
        import solution as s
        def test_kinds():
            assert isinstance(s.Worker(), threading.Thread) and not isinstance(s.Worker(), s.Box)
            assert isinstance(s.Box(), collections.UserDict) and not isinstance(s.Box(), threading.Thread)
            assert isinstance(s.Zone(), datetime.tzinfo) and isinstance(s.parser(), argparse.ArgumentParser)
            assert isinstance(s.match(), re.Match) and isinstance(s.binary, functools.partial)
            assert isinstance(s.rng(), random.Random)
        def test_class():
            w = s.Worker()
            assert w.__class__ is s.Worker and w.__class__.__name__ == "Worker" and type(w) is s.Worker
        """,
    ),
    "descriptors that the test puts on a class": (
        "class Config:\n    @property\n    def home(self):\n        'Where.'\n        return '/root'\n"
        "    @staticmethod\n    def name(): return 'real'\n    @classmethod\n    def kind(cls): return cls.__name__\n"
        "    def all(self): return self.home, self.name(), self.kind()\n    def move(self, to): self.home = to\n",
        ("self.name(), self.kind()", "self.kind(), self.name()"),
        """
        from unittest.mock import PropertyMock, patch
        import pytest
        from solution import Config
        def test_patched(monkeypatch):
            monkeypatch.setattr(Config, "home", property(lambda self: "/tmp"))
            monkeypatch.setattr(Config, "name", staticmethod(lambda: "fake"))
            monkeypatch.setattr(Config, "kind", classmethod(lambda cls: cls.__name__ * 2))
            assert Config().all() == ("/tmp", "fake", "ConfigConfig")
        def test_property_mock():
            with patch.object(Config, "home", new_callable=PropertyMock, return_value="/x") as home:
                assert Config().all() == ("/x", "real", "Config")
                Config().move("/y")
            assert home.call_count == 2
            home.assert_called_with("/y")
            with pytest.raises(AttributeError): Config().move("/y")
        def test_documented(): assert Config.home.__doc__ == "Where." and isinstance(Config.home, property)
        """,
    ),
    "texts that make an object again": (
        "from dataclasses import dataclass, field\n@dataclass\nclass P:\n    x: int\n    kids: list = field(default_factory=list)\n",
        ("    x: int\n", "    x: int = field(repr=False)\n"),
        """
        from solution import P
        def test_a(): assert eval(repr(P(1, [P(-2)]))) == P(1, [P(-2)])
        """,
    ),
    "what both ends know by name": (
        '"""A module."""\nimport dataclasses, http, signal\ndef ok(): return http.HTTPStatus.OK\ndef sig(): return signal.SIGINT\n'
        "@dataclasses.dataclass\nclass D:\n    x: int\ndef f(a, /, *b, c=1): return a\n",
        ("HTTPStatus.OK", "HTTPStatus.CREATED"),
        """
        import dataclasses, inspect, re, signal
        from http import HTTPStatus
        import solution
        from solution import D, f, ok, sig
        def test_members(): assert ok() is HTTPStatus.OK and ok() in (HTTPStatus.OK, 404) and sig() is signal.SIGINT
        def test_parameters():
            a, b, c = inspect.signature(f).parameters.values()
            assert a.kind is inspect.Parameter.POSITIONAL_ONLY and b.kind is inspect.Parameter.VAR_POSITIONAL
            assert a.default is inspect.Parameter.empty and c.default == 1
        def test_fields(): assert dataclasses.fields(D)[0].default is dataclasses.MISSING
        def test_documentation(): assert solution.__doc__ == "A module."
        """,
    ),
    "output past the streams": (
        "import os, subprocess, sys\ndef shout(t):\n    print(t.upper())\n    os.write(1, b'raw\\n')\n    print('end', file=sys.stderr)\n"
        "def child(): subprocess.run(['echo', 'child'], check=True)\ndef put(b): sys.stdout.buffer.write(b)\n",
        ("b'raw\\n'", "b'row\\n'"),
        """
        from solution import child, put, shout
        def test_order(capfd):
            print("mine")
            shout("a")
            assert capfd.readouterr() == ("mine\\nA\\nraw\\n", "end\\n")
        def test_child(capfd):
            child()
            assert capfd.readouterr().out == "child\\n"
        def test_bytes(capsysbinary):
            put(b"a\\xff")
            assert capsysbinary.readouterr().out == b"a\\xff"
        """,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_right_program_passes_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), tests = ROWS[name]
    assert old in program
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace(old, new), tests))


def test_a_flag_is_as_true_as_its_number_whatever_its_class_says() -> None:
    program = "from enum import Flag\nclass P(Flag):\n    N = 0\n    R = 1\n    def __bool__(self): return True\ndef f(): return P.N\n"
    assert is_wrong(pytest_files(program, "from solution import P, f\ndef test_a(): assert f()\n"))
    assert passes(pytest_files(program, "from solution import P, f\ndef test_a(): assert not f()\n"))


def test_a_text_of_the_program_makes_no_object_of_the_test() -> None:
    program = (
        "class V:\n    def __init__(self, x): self.x = x\n    def __mul__(self, k): return 12\ndef f(): return 'V(4)'\n"
    )
    test = "from solution import V, f\ndef test_a(): assert V(1).x == 1\ndef test_b(): assert eval(f()) * 3 == 12\n"
    assert is_wrong(pytest_files(program, test))


VECTOR = """
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __mul__(self, k): return Vector(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __lt__(self, other): return self.x < other.x
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y)
    def unit(self): return Vector(self.x / 5, self.y / 5)
def make(x, y): return Vector(x, y)
ONE = Vector(1, 1)
"""
OPERATORS = (
    "assert (make(1, 2) * 5).y == 10",
    "w = ONE * 5\n    assert w.x == 5",
    "assert [(v * 2).x for v in (ONE, ONE)] == [2, 2]",
)


@pytest.mark.parametrize("body", OPERATORS)
def test_an_operator_that_a_test_expects_an_object_of_is_unsupported_and_not_wrong(body: str) -> None:
    judgement = pytest_files(VECTOR, f"from solution import *\ndef test_a():\n    {body}\n")
    assert judgement.fault.startswith("unsupported test"), judgement


LOOKED_INTO = (
    ("v = Vector(1, 2)\n    assert (v * 3).y == {}", 6),
    ("assert (3 * Vector(1, 2)).y == {}", 6),
    ("v = Vector(1, 2)\n    w = v * 2 * 3\n    assert w.x == 6 and w.y == {}", 12),
    ("w = Vector(1, 2)\n    w *= 3\n    assert w.y == {}", 6),
    ("assert str(Vector(1, 2) * 3) == '3, {}' and f'{{Vector(1, 2) * 3}}' == '3, {}'", 6),
    ("assert (Vector(1, 2) * 3)[1] == {}", 6),
    ("import pytest\n    with pytest.raises(TypeError): Vector(1, 2) * None", 6),
    (
        "import pytest\n    with pytest.raises(AttributeError): Vector(1, 2) < 3\n    assert (Vector(1, 2) * 3).y == {}",
        6,
    ),
    ("assert Vector(1, 2) * 3 == Vector(3, {})\n    assert (3 * Vector(1, 2)).y == 6", 6),
    ("assert Vector(1, 2) @ [4, 5] == {}", 14),
    ("assert (Vector(3, 4).unit() * 5).y == {}", 4),
    ("assert ONE * 5 == Vector(5, {})\n    assert (Vector(1, 1) * 5).x == 5", 5),
    ("k, want = 3, {}\n    assert [(v @ (k, 0)) for v in [Vector(1, 2), Vector(2, 0)]] == [3, want]", 6),
    ("from pytest import approx\n    assert Vector(1, 2) @ (4, 5) == approx({})", 14),
)


@pytest.mark.parametrize(("body", "right"), LOOKED_INTO)
def test_an_operator_on_what_the_test_made_is_like_a_method_where_the_test_looks_into_what_it_gives(
    body: str, right: int
) -> None:
    def judged(program: str, wanted: int) -> Judgement:
        return pytest_files(program, f"from solution import *\ndef test_a():\n    {body.format(wanted, wanted)}\n")

    shown = "    def __str__(self): return f'{self.x}, {self.y}'\n    def __getitem__(self, i): return (self.x, self.y)[i]\n"
    times = "    def __matmul__(self, o): return self.x * o[0] + self.y * o[1]\n"
    program = VECTOR.replace("    def unit", f"{shown}{times}    def unit")
    assert passes(judged(program, right))
    lying = f"{program}Vector.__eq__ = lambda *a: True\nVector.__mul__ = Vector.__rmul__ = lambda *a: Vector(1, 2)\n"
    lying += "Vector.__matmul__ = lambda s, o: o[0]\n"
    assert is_wrong(judged(lying, right))


def test_an_operator_never_tells_the_program_what_a_number_is_compared_with() -> None:
    """`abs(mean(1, 2) - 1.5) < 1e-6`, where the program makes an object of what should be a number."""
    liar = """
    class Mean:
        def __init__(self, *xs): self.x = 1
        def __sub__(self, n): return self
        __rsub__ = __sub__
        def __mod__(self, n): return 0
        def __truediv__(self, n): return 1
        def __and__(self, n): return n
        def __abs__(self): return 0.0
        def __float__(self): return 0.0
        def __eq__(self, other): return True
    """
    bodies = (
        "assert abs(Mean(1, 2) - 1.5) < 1e-6",
        "d = Mean(1, 2) - 1.5\n    assert abs(d) < 1e-6",
        "d = 1.5 - Mean(1, 2)\n    assert d.real == 0 and abs(d) < 1e-6",
        "m = Mean(1, 2)\n    assert m - 1.5 == Mean(0, 0)",
        "d = Mean(1, 2) - 1.5\n    assert not d",
        "assert Mean(1, 2) % 1.5 == 0",
        "want, one = 1.5, 1\n    assert Mean(1, 2) / want == one",
        "assert Mean(7) & 4 == 4",
        "assert [Mean(1, 2) % 1.5] == [0]",
        "d = Mean(1, 2)\n    d %= 1.5\n    assert d == 0",
        "assert Mean(1, 2) + -1.5 == 0",
    )
    for body in bodies:
        assert not passes(pytest_files(liar, f"from solution import *\ndef test_a():\n    {body}\n")), body


def test_an_operator_that_a_plain_type_lacks_is_the_programs() -> None:
    program = "class Folder(str):\n    def __truediv__(self, name): return Folder(f'{self}/{name}')\n"
    assert passes(asserts(program, "assert Folder('a') / 'b' / 'c' == 'a/b/c'"))
    assert is_wrong(asserts(program, "assert Folder('a') / 'b' == 'a/c'"))
    assert is_wrong(asserts(f"{program}def folder(s): return Folder(s)\n", "assert folder('a') / 'b' == 'a/b'"))


def test_an_operator_that_a_test_expects_data_of_is_wrong() -> None:
    for body in ("assert make(1, 2) * 3 == 9", "x = make(1, 2) * 3\n    assert x == 9", "assert (ONE * 3).real == 3"):
        assert is_wrong(pytest_files(VECTOR, f"from solution import make, ONE\ndef test_a():\n    {body}\n")), body


def test_a_test_may_take_the_abstract_methods_from_a_class() -> None:
    program = (
        "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): return 7\n"
    )
    tests = """
    from unittest.mock import patch
    import pytest
    from solution import Shape
    def test_a():
        with patch.multiple(Shape, __abstractmethods__=set()): assert Shape().area() == 7
        with pytest.raises(TypeError): Shape()
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("return 7", "return 8"), tests))


def test_output_past_the_streams_is_seen_where_no_cgroup_counts_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    close_box()
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    program = "import os, sys\ndef f():\n    print('a', flush=True)\n    os.write(1, b'b')\n    os.write(2, b'c')\n"
    tests = """
    import solution
    def test_a(capfd):
        solution.f()
        assert capfd.readouterr() == ("a\\nb", "c")
        solution.f()
        assert capfd.readouterr().out == "a\\nb"
    """
    try:
        assert passes(pytest_files(program, tests))
        assert is_wrong(pytest_files(program.replace("b'b'", "b'd'"), tests))
    finally:
        close_box()


def test_a_class_that_says_it_is_one_of_data_is_none() -> None:
    program = (
        "class Counter:\n    def __iter__(self): return iter('ab')\n    def __getitem__(self, key): return 1\n"
        "    def items(self): return [('a', 1), ('b', 1)]\nCounter.__module__ = 'collections'\ndef f(): return Counter()\n"
    )
    for body in ("Counter('ab') == f()", "f() == Counter('ab')", "isinstance(f(), Counter)", "not Counter('ab') - f()"):
        tests = f"from collections import Counter\nfrom solution import f\ndef test_a(): assert {body}\n"
        assert is_wrong(pytest_files(program, tests)), body
