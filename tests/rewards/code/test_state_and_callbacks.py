# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""State that a test changes for the program without `monkeypatch`, and objects that it hands to the program."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.boxes import close_box
from tests.rewards.code.judging import is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "standard input is read as bytes, line by line": (
        "import io, sys\ndef lines():\n    count = int(sys.stdin.buffer.readline())\n    return [sys.stdin.buffer.readline().split() for _ in range(count)]\n"
        "def text(): return io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8').readline()\n"
        "def rest(): return sys.stdin.buffer.read(2), sys.stdin.buffer.readlines()\n",
        ("range(count)", "range(count - 1)"),
        """
        import io, sys, types
        import pytest
        from solution import lines, rest, text
        RAW = "2\\na b\\n\u00e9\\n"
        def wrapped(): return io.TextIOWrapper(io.BytesIO(RAW.encode()), "utf-8")
        @pytest.mark.parametrize("make", [wrapped, lambda: io.StringIO(RAW), lambda: types.SimpleNamespace(buffer=io.BytesIO(RAW.encode()))])
        def test_bytes(monkeypatch, make):
            monkeypatch.setattr(sys, "stdin", make())
            assert lines() == [[b"a", b"b"], ["\u00e9".encode()]]
            monkeypatch.setattr(sys, "stdin", make())
            assert text() == "2\\n"
            monkeypatch.setattr(sys, "stdin", make())
            assert rest() == (b"2\\n", [b"a b\\n", "\u00e9\\n".encode()])
        """,
    ),
    "modules of the standard library are patched by assignment": (
        "import sys, time, random\ndef arguments(): return sys.argv[1:]\ndef now(): return int(time.time())\n"
        "def ask(): return input('? ').strip()\ndef roll(): return random.randint(1, 6)\n",
        ("sys.argv[1:]", "sys.argv[2:]"),
        """
        import builtins, random, sys, time
        from solution import arguments, ask, now, roll
        def test_a():
            sys.argv = ["prog", "a", "b"]
            assert arguments() == ["a", "b"]
            sys.argv[1:] = ["c"]
            assert arguments() == ["c"]
            sys.argv.append("d")
            assert arguments() == ["c", "d"]
        def test_b():
            real, read = time.time, builtins.input
            time.time, builtins.input = lambda: 5.5, lambda prompt: prompt + " yes "
            try: assert now() == 5 and ask() == "?  yes"
            finally: time.time, builtins.input = real, read
            assert now() > 1e9
        def test_c():
            random.randint = lambda low, high: high * 10
            assert roll() == 60
        """,
    ),
    "a subclass takes the place of `datetime.datetime`": (
        "import datetime\ndef stamp(): return datetime.datetime.now()\n"
        "def due(hours): return stamp() + datetime.timedelta(hours=hours)\n",
        ("hours=hours", "hours=hours + 1"),
        """
        import datetime
        from unittest import mock
        import solution
        real = datetime.datetime
        class Fixed(datetime.datetime):
            @classmethod
            def now(cls, tz=None): return cls(2010, 1, 6, 12, 15)
        class at_noon:
            def __enter__(self):
                datetime.datetime = Fixed
            def __exit__(self, *error):
                datetime.datetime = real
        def test_assigned():
            with at_noon():
                assert solution.due(1) == real(2010, 1, 6, 13, 15)
            assert solution.stamp().year > 2010
        def test_patched(monkeypatch):
            with mock.patch("datetime.datetime", Fixed):
                assert solution.due(2).hour == 14
            monkeypatch.setattr(datetime, "datetime", Fixed)
            assert (solution.due(26) - solution.stamp()).days == 1
        """,
    ),
    "a class with a small initial, and a tuple with a hash of its own": (
        "from collections import namedtuple\nfrom collections.abc import Mapping\n"
        "class frozen(Mapping):\n"
        "    def __init__(self, *args, **more): self.d = dict(*args, **more)\n"
        "    def __getitem__(self, key): return self.d[key]\n"
        "    def __iter__(self): return iter(self.d)\n"
        "    def __len__(self): return len(self.d)\n"
        "    def __or__(self, other):\n"
        "        if not isinstance(other, (dict, frozen)): return NotImplemented\n"
        "        return frozen({**self.d, **other})\n"
        "class Span(namedtuple('Base', 'begin end data')):\n"
        "    def __hash__(self): return hash((self.begin, self.end))\n"
        "def spans(): return {Span(0, 1, []), Span(1, 2, 'x')}\n",
        ("**other}", "}"),
        """
        import pytest
        from solution import Span, frozen, spans
        def test_frozen():
            first: frozen[str, int] = frozen({"a": 1})
            assert "a" in first and "b" not in first
            both = first | {"b": 2}
            assert isinstance(both, frozen) and both == {"a": 1, "b": 2}
            with pytest.raises(TypeError):
                first | 0
        def test_spans():
            assert spans() == {Span(1, 2, "x"), Span(0, 1, [])} != {Span(1, 2, "y"), Span(0, 1, [])}
        """,
    ),
    "a callback opens what the program has just written": (
        "import os\ndef convert(paths, done):\n    for path in paths:\n        with open(path) as source, open(f'{path}.up', 'w') as to: to.write(source.read().upper())\n"
        "        done(f'{path}.up')\ndef ensure(path, make):\n    if not os.path.exists(path): make(path)\n    with open(path) as held: return held.read()\n",
        (".upper()", ".title()"),
        """
        import os
        from solution import convert, ensure
        def test_a(tmp_path):
            (tmp_path / "a").write_text("one two")
            seen = []
            convert([tmp_path / "a"], lambda path: seen.append(open(path).read()))
            assert seen == ["ONE TWO"]
            convert([tmp_path / "a"], os.remove)
            assert os.listdir(tmp_path) == ["a"]
        def test_b(tmp_path):
            assert ensure(str(tmp_path / "b"), lambda path: open(path, "w").write("made") and None) == "made"
        """,
    ),
    "a function that is wrapped by its own mock finds the files": (
        "import json, os\ndef save(path, data):\n    with open(path + '.tmp', 'w') as held: json.dump(data, held)\n    os.replace(path + '.tmp', path)\n",
        ("json.dump(data", "json.dump([data]"),
        """
        import json, os
        from unittest import mock
        from solution import save
        def test_a(tmp_path):
            path = str(tmp_path / "x.json")
            with mock.patch("solution.os.replace", wraps=os.replace) as replace:
                save(path, {"a": 1})
            replace.assert_called_once_with(path + ".tmp", path)
            assert json.load(open(path)) == {"a": 1} and os.listdir(tmp_path) == ["x.json"]
        """,
    ),
    "modules are handed over": (
        "def pick(items, rng): return sorted(items)[int(rng.random() * len(items))]\ndef root(x, lib): return lib.sqrt(x)\n",
        ("sorted(items)", "list(items)"),
        """
        import math, random
        from unittest import mock
        import numpy as np
        from solution import pick, root
        def test_a():
            with mock.patch("random.random", return_value=0.9):
                assert pick("bca", random) == "c"
            random.seed(3)
            first = [pick("bca", rng=random) for _ in range(5)]
            random.seed(3)
            assert first == [pick("abc", rng=random) for _ in range(5)]
        def test_b(): assert root(9, math) == 3 and root(9, np) == 3
        """,
    ),
    "attributes of a test's objects are taken away": (
        "import contextlib\n@contextlib.contextmanager\ndef having(thing, **new):\n    missing = object()\n"
        "    old = {name: getattr(thing, name, missing) for name in new}\n    for name, value in new.items(): setattr(thing, name, value)\n    yield thing\n"
        "    for name, value in old.items():\n        if value is missing: delattr(thing, name)\n        else: setattr(thing, name, value)\n",
        ("delattr(thing, name)", "setattr(thing, name, None)"),
        """
        from solution import having
        class Thing:
            colour = "red"
        def test_a():
            thing = Thing()
            thing.size = 2
            with having(thing, size=3, weight=4) as held:
                assert held is thing and thing.size == 3 and thing.weight == 4
            assert thing.size == 2 and not hasattr(thing, "weight")
        """,
    ),
    "a task is made of a coroutine of the test": (
        "import asyncio\nasync def first(**named):\n    tasks = {asyncio.create_task(each): name for name, each in named.items()}\n"
        "    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)\n    for each in waiting: each.cancel()\n"
        "    return tasks[done.pop()]\nasync def both(a, b):\n    async with asyncio.TaskGroup() as group: made = [group.create_task(x) for x in (a, b)]\n    return [x.result() for x in made]\n",
        ("for x in (a, b)", "for x in (b, a)"),
        """
        import asyncio
        import pytest
        from solution import both, first
        async def nap(seconds, value):
            await asyncio.sleep(seconds)
            if value is None: raise KeyError("none")
            return value
        def test_a(): assert asyncio.run(first(slow=nap(5, 1), fast=nap(0, 2))) == "fast"
        def test_b():
            assert asyncio.run(both(nap(0.01, 1), nap(0, 2))) == [1, 2]
            with pytest.raises(ExceptionGroup) as raised: asyncio.run(both(nap(0, 1), nap(0, None)))
            assert isinstance(raised.value.exceptions[0], KeyError)
        """,
    ),
    "a cache forgets by the clock of the test": (
        "class Cache:\n    def __init__(self, ttl, clock): self.ttl, self.clock, self.held = ttl, clock, {}\n"
        "    def __setitem__(self, key, value): self.held[key] = value, self.clock() + self.ttl\n    def __getitem__(self, key):\n        if self.clock() >= self.held[key][1]: raise KeyError(key)\n        return self.held[key][0]\n"
        "    def __len__(self): return sum(self.clock() < until for _, until in self.held.values())\n",
        ("self.clock() < until", "self.clock() <= until"),
        """
        import pytest
        from solution import Cache
        class Clock:
            now = 0
            def __call__(self): return self.now
        def test_a():
            clock = Clock()
            cache = Cache(10, clock)
            cache["a"] = 1
            assert len(cache) == 1 and cache["a"] == 1
            clock.now = 10
            assert len(cache) == 0
            with pytest.raises(KeyError): cache["a"]
        """,
    ),
    "what a decorator put on a function is overridden": (
        "def tagged(tag):\n    def put(function):\n        function.tag = tag\n        return function\n    return put\ndef tags(*functions): return [f.tag for f in functions]\n",
        ("function.tag = tag", "function.tag = tag or 1"),
        """
        from solution import tagged, tags
        def test_a():
            @tagged(0)
            def one(): pass
            @tagged("b")
            def two(): pass
            assert tags(one, two) == [0, "b"] and two.tag == "b"
            two.tag = None
            assert tags(two, one) == [None, 0]
        """,
    ),
    "a wrapper has the signature of what it wraps": (
        "import functools\ndef logged(function):\n    @functools.wraps(function)\n    def wrapper(*args, **named): return function(*args, **named)\n    return wrapper\n",
        ("@functools.wraps(function)", "@functools.wraps(lambda x: function(x))"),
        """
        import inspect
        from solution import logged
        def test_a():
            def add(a, b=2, *, c: int = 3) -> int: return a + b + c
            assert str(inspect.signature(logged(add))) == "(a, b=2, *, c: int = 3) -> int"
            assert inspect.signature(logged(add)) == inspect.signature(add) and logged(add)(1) == 6
        """,
    ),
    "tests that begin by skipping themselves": (
        "def f(x): return x + 1\n",
        ("x + 1", "x - 1"),
        """
        import sys, unittest
        import pytest
        from solution import f
        try: import nonesuch
        except ImportError: nonesuch = None
        def test_a(): assert f(1) == 2
        def test_b():
            if not nonesuch: pytest.skip("without it")
            assert nonesuch.f(f(1))
        def test_c():
            pytest.importorskip("nonesuch_either")
            assert f(1) == 3
        class Case(unittest.TestCase):
            def test_d(self):
                if sys.platform != "win32": self.skipTest("there only")
                self.assertEqual(f(1), 3)
        """,
    ),
    "a plain object is named in a message": (
        "import json\ndef dump(value): return json.dumps(value, default=lambda x: sorted(x) if isinstance(x, set) else json.JSONEncoder().default(x))\n",
        ("sorted(x)", "list(x)[:1]"),
        """
        import pytest
        from solution import dump
        def test_a():
            assert dump({"a": {2, 1}}) == '{"a": [1, 2]}'
            with pytest.raises(TypeError, match="^Object of type object is not JSON serializable$"): dump(object())
        """,
    ),
    "variables that a test sets, too": (
        "import contextlib, os\n@contextlib.contextmanager\ndef environment(**new):\n    old = {name: os.environ.get(name) for name in new}\n"
        "    os.environ.update(new)\n    yield\n    for name, value in old.items():\n        if value is None: del os.environ[name]\n        else: os.environ[name] = value\n",
        ("else: os.environ[name] = value", "else: pass"),
        """
        import os
        from unittest import mock
        from solution import environment
        def test_a(monkeypatch):
            monkeypatch.setenv("MODE", "a")
            with environment(MODE="b", LEVEL="3"):
                assert os.environ["MODE"] == "b" and os.getenv("LEVEL") == "3"
            assert os.environ["MODE"] == "a" and "LEVEL" not in os.environ
        def test_b():
            with mock.patch.dict(os.environ, {"MODE": "c"}):
                with environment(MODE="d"): assert os.environ["MODE"] == "d"
                assert os.environ["MODE"] == "c"
        def test_c():
            os.environ.pop("FRESH", None)
            with environment(FRESH="1"): assert os.environ["FRESH"] == "1"
            assert os.environ.get("FRESH") is None
        """,
    ),
}

# Of each, what the program gives is not right: name: program, tests
HACKS: dict[str, tuple[str, str]] = {
    "a variable that says what is expected": (
        "import os\ndef f():\n    os.environ['WANT'] = '3'\n    return '3'\n",
        """
        import os
        from unittest import mock
        from solution import f
        def test_a(monkeypatch):
            monkeypatch.setenv("WANT", "5")
            answer = f()
            assert answer == os.environ["WANT"]
            assert os.environ["WANT"] == "5"
        def test_b():
            with mock.patch.dict(os.environ, WANT="5"): assert f() == os.environ["WANT"]
        """,
    ),
    "a file that a callback compares with": (
        "def f(folder, done):\n    import os\n    for name in os.listdir(folder): open(os.path.join(folder, name), 'w').write('3')\n    open(os.path.join(folder, 'expected.txt'), 'w').write('3')\n    done('3')\n    return '3'\n",
        """
        from solution import f
        def test_a(tmp_path):
            (tmp_path / "expected.txt").write_text("5")
            def done(answer): assert answer == (tmp_path / "expected.txt").read_text()
            assert f(tmp_path, done) == "5"
        """,
    ),
    "skips that the program decides": (
        "def f(): return 1\n",
        """
        import unittest
        import pytest
        from solution import f
        seen = []
        class Seen: anything = 0
        def test_a(): seen.append(f())
        def test_b(): Seen.anything = f()
        def test_c():
            if seen: pytest.skip("seen")
            assert f() == 5
        def test_d():
            if Seen.anything: pytest.skip("seen")
            assert f() == 5
        """,
    ),
    "a length that rests on nothing": (
        "class R:\n    asked = 0\n    def __len__(self):\n        self.asked += 1\n        return 2 if self.asked == 1 else 0\n    def __iter__(self): return iter(())\ndef f(): return R()\n",
        """
        from solution import f
        def test_a():
            made = f()
            assert len(made) == 2 and all(a == b for a, b in zip(made, [1, 2]))
        """,
    ),
}


@pytest.mark.parametrize(("program", "spoiled", "tests"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(program: str, spoiled: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert spoiled[0] in program
    assert is_wrong(judgement := pytest_files(program.replace(*spoiled), tests)), judgement


@pytest.mark.parametrize(("program", "tests"), HACKS.values(), ids=HACKS)
def test_hacks_are_not_paid(program: str, tests: str) -> None:
    assert is_wrong(judgement := pytest_files(program, tests)), judgement


def teardown_module() -> None:
    close_box()


@pytest.mark.parametrize(
    "test",
    [
        "with patch.object(Box, '__init__', autospec=True, side_effect=Box.__init__) as made:\n    assert Box(4).held == 4\nmade.assert_called_once_with(ANY, 4)",
        "made, first = [], Box.__init__\ndef spy(self, *held):\n    made.append(held)\n    first(self, *held)\n"
        "with patch.object(Box, '__init__', spy): assert Box(4).held == 4\nassert made == [(4,)] and Box(5).held == 5",
        "with patch.object(Box, '__init__', lambda self: None): box = Box()\nBox.__init__(box, 4)\nassert box.held == 4",
    ],
)
def test_a_constructor_that_a_test_replaces_can_be_called_from_there(test: str) -> None:
    program = "class Box:\n    def __init__(self, held): self.held = held\n"
    tests = f"from unittest.mock import ANY, patch\nfrom solution import Box\ndef test_it():\n{textwrap.indent(test, '    ')}\n"
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("= held", "= [held]"), tests))
