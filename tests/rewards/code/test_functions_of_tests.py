# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""What a program may know of functions and values that a test hands over: how they are called, never what they expect."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

# name: program, what makes it wrong, cases
HONEST: dict[str, tuple[str, tuple[str, str], tuple[str, ...]]] = {
    "currying by the number of parameters": (
        "import inspect\ndef curry(f, *held):\n    n = len(inspect.signature(f).parameters)\n"
        "    return f(*held) if len(held) >= n else lambda *more: curry(f, *held, *more)\n"
        "def arity(f): return f.__code__.co_argcount\n",
        ("len(held) >= n", "len(held) > 1"),
        (
            "assert curry(lambda a, b, c: a + b + c)(1)(2)(3) == 6 == curry(lambda a, b, c: a + b + c)(1, 2)(3)",
            "assert [arity(f) for f in (lambda: 0, lambda a: 0, lambda a, b=None: 0)] == [0, 1, 2]",
        ),
    ),
    "types that are checked": (
        "import functools, inspect, typing\ndef typed(f):\n    hints = typing.get_type_hints(f)\n    signature = inspect.signature(f)\n"
        "    @functools.wraps(f)\n    def inner(*a, **k):\n        bound = signature.bind(*a, **k)\n        bound.apply_defaults()\n        for name, value in bound.arguments.items():\n"
        "            if not isinstance(value, hints.get(name, object)): raise TypeError(name)\n"
        "        return f(*a, **k)\n    return inner\n",
        ("hints.get(name, object)", "object"),
        (
            "@typed\ndef repeat(text: str, times: int = 2) -> str: return text * times\n"
            "assert repeat('ab') == 'abab' and repeat('ab', times=1) == 'ab'\n"
            "for args in ((1,), ('a', 'b'), ()):\n    try: repeat(*args)\n    except TypeError: pass\n    else: assert False",
        ),
    ),
    "docstrings of functions that are defined for the program": (
        "import inspect\nclass App:\n    def __init__(self): self.commands = {}\n"
        "    def command(self, f):\n        self.commands[f.__name__] = inspect.getdoc(f)\n        return f\n"
        "    def help(self): return [f'{name}: {text}' for name, text in sorted(self.commands.items())]\n",
        ("inspect.getdoc(f)", "f.__name__"),
        (
            "def test():\n    app = App()\n    @app.command\n    def b():\n        'Says b.'\n        return 2\n"
            "    @app.command\n    def a(): pass\n    assert app.help() == ['a: None', 'b: Says b.'] and b() == 2\ntest()",
        ),
    ),
    "exit codes of callbacks": (
        "def code(f):\n    try: f()\n    except SystemExit as e: return e.code\n",
        ("return e.code", "return e.code and 1"),
        ("import sys\nassert [code(lambda n=n: sys.exit(n)) for n in (0, 3, 'm', None)] == [0, 3, 'm', None]",),
    ),
    "signatures of every kind": (
        "import inspect\ndef show(f): return str(inspect.signature(f)).replace('Ellipsis', '...')\ndef call(f, *a, **k): return f(*a, **k)\n",
        ("f(*a, **k)", "f(*a)"),
        (
            "def f(a, /, b: int, c=None, *rest, d, e=None, **more): return a, b, c, rest, d, e, more\n"
            "assert show(f) == '(a, /, b: int, c=None, *rest, d, e=None, **more)'\n"
            "assert call(f, 1, 2, 3, 4, d=5, z=6) == (1, 2, 3, (4,), 5, None, {'z': 6})",
            "class Of:\n    def m(self, x, *, y): return x - y\nassert show(Of().m) == '(x, *, y)' and call(Of().m, 5, y=2) == 3",
            "assert show(lambda *a, **k: 0) == '(*a, **k)' and show(lambda: 0) == '()'",
            "try: call(lambda a: a)\nexcept TypeError as e: assert 'missing 1 required positional argument' in str(e)\nelse: assert False",
            "assert call(lambda x, y=2: x + y, 1) == 3 and show(lambda x, y=7: 0) == '(x, y=...)'",
        ),
    ),
    "private marks of a decorator, found by the methods of an object": (
        "def on(topic):\n    def mark(f):\n        f._topic = topic\n        return f\n    return mark\n"
        "class Bus:\n    def __init__(self): self.handlers = {}\n    def scan(self, owner):\n"
        "        for method in [getattr(owner, name) for name in dir(owner) if not name.startswith('_')]:\n"
        "            if hasattr(method, '_topic'): self.handlers.setdefault(method._topic, []).append(method)\n"
        "    def emit(self, topic, x): return [handler(x) for handler in self.handlers.get(topic, ())]\n",
        ("f._topic = topic", "f._topic = 'a'"),
        (
            "class Of:\n    @on('a')\n    def first(self, x): return x * 2\n    @on('b')\n    def second(self, x): return x * 3\n"
            "    @classmethod\n    @on('b')\n    def third(cls, x): return cls.__name__\n    def other(self, x): return 0\n"
            "bus = Bus()\nbus.scan(Of())\nassert bus.emit('a', 5) == [10] and bus.emit('b', 5) == [15, 'Of']\nassert Of.second._topic == 'b'",
        ),
    ),
    "names of generators and coroutines": (
        "import asyncio\nclass Process:\n    def __init__(self, steps): self.steps, self.name = steps, steps.__name__\n"
        "    def run(self): return f'{self.name}: {sum(self.steps)}'\n"
        "async def called(work): return work.__name__, await work\n",
        ("sum(self.steps)", "len(list(self.steps))"),
        (
            "def child():\n    yield 1\n    yield 3\nassert Process(child()).run() == 'child: 4'",
            "import asyncio\nasync def job(): return 4\nassert asyncio.run(called(job())) == ('job', 4)",
        ),
    ),
    "named tuples of the test": (
        "def used(u): return u.used / u.total, u._asdict(), u._replace(used=0)\ndef first(us): return max(us, key=lambda u: u.used)\n",
        ("u.used / u.total", "u.total / u.used"),
        (
            "from collections import namedtuple\nfrom typing import NamedTuple\nU = namedtuple('U', 'total used')\n"
            "assert used(U(4, 1)) == (0.25, {'total': 4, 'used': 1}, (4, 0))\n"
            "class V(NamedTuple):\n    total: int\n    used: int = 2\n"
            "assert first([V(1), V(1, 9), V(2, 3)]) == V(1, 9)",
        ),
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_a_right_program_passes_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), cases = HONEST[name]
    judgement = asserts(program, *cases)
    assert passes(judgement), judgement
    assert old in program
    assert is_wrong(asserts(program.replace(old, new), *cases))


def test_no_default_of_a_test_is_told() -> None:
    program = (
        "import inspect\ndef f(x, judge):\n    known = [p.default for p in inspect.signature(judge).parameters.values()]\n"
        "    known += [judge.__defaults__, judge.__kwdefaults__, judge.__annotations__, judge.__code__.co_consts]\n"
        "    return 49 if '49' in repr(known) else 0\n"
    )
    for judge in (
        "lambda got, want=49: got == want",
        "lambda got, *, want=49: got == want",
        "eval('lambda got: got == 49')",
    ):
        assert is_wrong(asserts(program, f"assert f(7, {judge}) == 49")), judge
    assert is_wrong(asserts(program, "def judge(got: 49): return got == 49\nassert f(7, judge) == 49"))


def test_private_marks_stay_with_the_program_unless_a_test_names_them_and_the_test_has_the_last_word() -> None:
    program = (
        "known = []\ndef mark(f):\n    f._unnamed = f._seen = f._want = f.bound = 1\n    known.append(f)\n    return f\n"
        "def f(x):\n    for each in known: each._want = each.bound = 0\n    return 0\n"
    )
    tests = """
    from solution import f, mark
    @mark
    def judge(x): return x * x
    judge._want = judge.bound = 49
    def test_a():
        assert judge._seen == 1 and len(vars(judge)) == 3
        assert JUDGED
    """
    assert passes(pytest_files(program, tests.replace("JUDGED", "f(7) == 0 and judge._want == 49 == judge.bound")))
    for told in ("_want", "bound"):
        assert is_wrong(pytest_files(program, tests.replace("JUDGED", f"f(7) == judge.{told}")))


def test_a_mock_is_what_it_is_and_not_what_it_stands_for() -> None:
    program = (
        "def pay(gateway, card, amount): return {'id': gateway.charge(card, amount=amount)}\n"
        "def make(kind, x): return kind(x).value\ndef both(f, x): return f(x), f(x=x)\n"
    )
    tests = """
    from unittest.mock import create_autospec
    import pytest
    from solution import both, make, pay
    class Gateway:
        def __init__(self, url): self.value = url
        def charge(self, card, *, amount): ...
    def helper(x): ...
    def test_a():
        gateway = create_autospec(Gateway, instance=True)
        gateway.charge.return_value = "r1"
        assert pay(gateway, "4", 10) == {"id": "r1"}
        gateway.charge.assert_called_once_with("4", amount=10)
        assert len(gateway.mock_calls) == len(gateway.charge.mock_calls) == 1
    def test_b():
        kind = create_autospec(Gateway)
        kind.return_value.value = 7
        assert make(kind, "u") == 7
        kind.assert_called_once_with("u")
    def test_c():
        f = create_autospec(helper, return_value=3)
        assert both(f, 1) == (3, 3) and f.call_count == 2
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("amount=amount", "amount=0"), tests))


TOOLS = """
def roll(rng, n): return [rng.randint(1, 6) for _ in range(n)]
def mixed(rng, xs):
    rng.shuffle(xs)
    return rng.choice(xs)
def noise(rng): return rng.normal(size=3)
def drain(q):
    out = []
    while not q.empty(): out.append(q.get_nowait())
    q.put(len(out))
    return out
def locked(lock, event):
    with lock: event.set()
    return lock.acquire(timeout=1)
def names(db): return sorted(n for (n,) in db.execute("select name from t where age > ?", (1,)))
def add(db):
    with db: db.execute("insert into t values ('z', 9)")
    return db.cursor().execute("select count(*) from t").fetchone()[0]
def opts(args): return args.n + 1
async def pump(q, stop):
    out = []
    while (x := await q.get()) is not None: out.append(x * 2)
    stop.set()
    return out
"""
USES = (
    "import random\na, b = random.Random(3), random.Random(3)\nassert roll(a, 5) == [b.randint(1, 6) for _ in range(5)]\n"
    "xs, ys = list(range(9)), list(range(9))\nb.shuffle(ys)\nassert mixed(a, xs) == b.choice(ys) and xs == ys",
    "import numpy as np\nassert np.allclose(noise(np.random.default_rng(1)), np.random.default_rng(1).normal(size=3))",
    "import queue\nq = queue.Queue()\nfor i in (3, 1): q.put(i)\nassert drain(q) == [3, 1] and q.get() == 2",
    "import threading\nl, e = threading.Lock(), threading.Event()\nassert locked(l, e) is True and e.is_set() and l.locked()",
    "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.execute('create table t (name text, age int)')\n"
    "db.executemany('insert into t values (?, ?)', [('b', 5), ('a', 3), ('c', 1)])\nassert names(db) == ['a', 'b']\n"
    "assert add(db) == 4 == db.execute('select count(*) from t').fetchone()[0]",
    "import argparse\nassert opts(argparse.Namespace(n=4)) == 5",
    "import asyncio\nasync def go():\n    q, stop = asyncio.Queue(), asyncio.Event()\n    for x in (1, 2, None): await q.put(x)\n"
    "    return await pump(q, stop), stop.is_set()\nassert asyncio.run(go()) == ([2, 4], True)",
)


@pytest.mark.parametrize("case", USES)
def test_a_program_may_use_tools_of_the_standard_library_that_a_test_hands_over(case: str) -> None:
    judgement = asserts(TOOLS, case)
    assert passes(judgement), judgement
    for old, new in (
        ("1, 6", "2, 6"),
        ("size=3", "size=2"),
        ("len(out)", "0"),
        ("event.set()", "pass"),
        ("> ?", "< ?"),
    ):
        broken = TOOLS.replace(old, new, 1)
        if {"1, 6": "roll", "size=3": "noise", "len(out)": "drain", "event.set()": "locked", "> ?": "names"}[
            old
        ] in case:
            assert is_wrong(asserts(broken, case)), new


def test_the_docstring_of_a_function_of_the_module_stays_there() -> None:
    assert is_wrong(asserts("def f(g): return g.__doc__", "assert f(want) == 'nine'", setup="def want(): 'nine'"))


def test_a_function_that_fails_beside_one_that_asserts() -> None:
    program = """
class Result:
    def __init__(self, value, error=None): self.value, self.error = value, error
    def map(self, function):
        if self.error is not None:
            return self
        try:
            return Result(function(self.value))
        except Exception as error:
            return Result(None, error)
"""
    tests = """
import pytest
from solution import Result
def test_a():
    made = Result(1).map(lambda x: x / 0).map(lambda x: pytest.fail())
    assert made.value is None and isinstance(made.error, ZeroDivisionError)
"""
    assert passes(judged := pytest_files(program, tests)), judged
    assert is_wrong(pytest_files(program.replace("if self.error is not None:", "if False:"), tests))
    asserting = tests.replace("lambda x: x / 0)", "lambda x: (x / 0, pytest.fail()))")
    assert is_wrong(pytest_files(program, asserting))
