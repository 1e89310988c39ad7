# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""What a test hands over and the program gets as the thing it is: standard objects, dataclasses, coroutines; what it logs."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

SETUP = """\
import asyncio, collections, csv, dataclasses, enum, functools, io, ipaddress, logging, os, re, string, struct, types, zoneinfo
from datetime import datetime, timezone
import numpy as np
@dataclasses.dataclass
class P:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list)
class E(enum.Enum):
    A = 1
    B = 2
class V:
    def __init__(self, x, y): self.x, self.y = x, y
    def __str__(self): return f"{self.x} {self.y}"
    __repr__ = __str__
class Callable:
    def __call__(self, q): return q
class Node:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next
class Judge:
    def __init__(self, secret=7): self.secret = secret
    def check(self, x): return x == self.secret
T = collections.namedtuple("T", "a b")
def cmp(a, b): return (a < b) - (a > b)
def numbers():
    got = yield 1
    yield got
    yield 'more'
async def late(x, log=None):
    try:
        await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    return x
async def cancel(c):
    task = asyncio.create_task(c)
    await asyncio.sleep(0.01)
    task.cancel()
    return await task
def is_cancelled(c):
    try: asyncio.run(cancel(c))
    except asyncio.CancelledError: return True
async def fails(): raise KeyError("k")
async def ticks(n):
    for i in range(n): yield i
async def gathered(xs): return [x async for x in xs]
def raised(f, *args):
    try: f(*args)
    except Exception as error: return error
class Kept(logging.Handler):
    records = []
    def emit(self, record): self.records.append(record)
"""

# program, assertion, and what of the program makes it wrong
HONEST: tuple[tuple[str, str, tuple[str, str]], ...] = (
    ("def f(c): return (c or {'get': 2}).get('k')", "from unittest.mock import MagicMock\nc = MagicMock()\nc.get.return_value = 3\nassert f(c) == 3", ("(c or {'get': 2}).get('k')", "2")),
    ("async def f(xs):\n    async for x in xs: yield x * 10", "assert asyncio.run(gathered(f(ticks(3)))) == [0, 10, 20]", ("10", "11")),
    ("class Many(ValueError):\n    def __init__(self, *e): self.errors = e\n    def __len__(self): return len(self.errors)\n    def __iter__(self): return iter(self.errors)\ndef f(x): raise Many(x, 2)", "found = raised(f, 1)\nassert isinstance(found, ValueError) and len(found) == 2 and list(found) == [1, 2] and found.errors == (1, 2)", ("(x, 2)", "(x, 3)")),
    ("def f(x): x['b'] = 2; return x", "d = collections.UserDict(a=1)\nassert f(d) is d and d == {'a': 1, 'b': 2}", ("2", "3")),
    ("def f(x): x.append(3)", "d = collections.UserList([1])\nassert f(d) is None and list(d) == [1, 3]", ("3", "4")),
    ("from collections.abc import Mapping\ndef f(x): return isinstance(x, Mapping) and x.maps[0]", "assert f(collections.ChainMap({'a': 1}, {})) == {'a': 1}", ("[0]", "[1]")),
    ("def f(m): return m.group(1), m.span()", "assert f(re.search('(a)b', 'xab')) == ('a', (1, 3))", ("group(1)", "group(0)")),
    ("def f(i): return str(i + 1), i.version", "assert f(ipaddress.ip_address('1.2.3.4')) == ('1.2.3.5', 4)", ("+ 1", "- 1")),
    ("def f(z, d): return d.astimezone(z).hour", "assert f(zoneinfo.ZoneInfo('UTC'), datetime(2020, 1, 1, 3, tzinfo=timezone.utc)) == 3", (".hour", ".day")),
    ("def f(t, s): return t.substitute(a=1), s.unpack(b'\\0\\1')", "assert f(string.Template('$a'), struct.Struct('>H')) == ('1', (1,))", ("a=1", "a=2")),
    ("import numpy as np\ndef f(*k): return [np.zeros(1, dtype=d) for d in k]", "assert [a.dtype for a in f(np.float32, np.dtype('int8'))] == [np.float32, np.int8]", ("in k", "in k[::-1]")),
    ("def f(g):\n  next(g)\n  r = g.send(5)\n  g.close()\n  return r", "g = numbers()\nassert f(g) == 5 and next(g, None) is None", ("g.close()", "pass")),
    ("def f(w): w.writerow(['a', 1])", "s = io.StringIO()\nf(csv.writer(s))\nassert s.getvalue() == 'a,1\\r\\n'", ("1", "2")),
    ("def f(s): s.write('x'); return s", "s = io.StringIO()\nassert f(s) is s and s.getvalue() == 'x'", ("return s", "return None")),
    ("def f(x): return x._replace(a=9)", "assert isinstance(f(T(1, 2)), T) and f(T(1, 2)) == T(9, 2)", ("x._replace(a=9)", "tuple(x)")),
    ("import inspect\ndef f(x): return list(inspect.signature(x).parameters)", "assert f(Callable()) == ['q']", ("list(", "len(")),
    ("def f(k): return [m.name for m in k], k['B'], len(k)", "assert f(E) == (['A', 'B'], E.B, 2)", ("'B'", "'A'")),
    ("def f(m): return [x.name for x in type(m)], len(type(m)), m in m.__class__, type(m)['A']", "assert f(E.B) == (['A', 'B'], 2, True, E.A)", ("x.name", "x.value")),
    ("def f(m):\n  ms = list(m.__class__)\n  return ms[ms.index(m) - 1]", "assert f(E.A) is E.B and f(E.B) is E.A", ("- 1", "- 2")),
    ("import os\ndef f(v): os.environ['F_MODE'] = v\ndef off(): del os.environ['F_MODE']", "f('dev')\nassert os.environ['F_MODE'] == 'dev' and os.getenv('F_MODE') == 'dev'\noff()\nassert 'F_MODE' not in os.environ", ("= v", "= v + 'x'")),
    ("import dataclasses\ndef f(p): return dataclasses.asdict(p), dataclasses.replace(p, y=5), [q.name for q in dataclasses.fields(p)]", "assert f(P(1)) == ({'x': 1, 'y': 0, 'tags': []}, P(1, 5), ['x', 'y', 'tags'])", ("y=5", "y=6")),
    ("import dataclasses\ndef f(k, d): return k(**{q.name: d[q.name] for q in dataclasses.fields(k) if q.name in d})", "assert f(P, {'x': 2, 'z': 1}) == P(2)", ("d[q.name]", "0")),
    ("def f(v): return type(v)(v.y, v.x)", "assert repr(f(V(1, 2))) == '2 1'", ("v.y, v.x", "v.x, v.y")),
    ("def f(p): return type(p)(p.val + 1, p)", "n = Node(1)\nassert f(n).val == 2 and f(n).next is n", ("+ 1", "+ 2")),
    ("import asyncio\ndef f(*a):\n  async def g(): return await asyncio.gather(*a, return_exceptions=True)\n  return asyncio.run(g())", "r = f(late(1), late(2), fails())\nassert r[:2] == [1, 2] and isinstance(r[2], KeyError)", ("*a, r", "*a[1:], r")),
    ("import asyncio\ndef f(c):\n  async def g():\n    try: await asyncio.wait_for(c, 0.001)\n    except asyncio.TimeoutError: return 'late'\n  return asyncio.run(g())", "log = []\nassert f(late(1, log)) == 'late' and log == ['cancelled']", ("'late'", "None")),
    ("import asyncio\nasync def f(log):\n  try: await asyncio.sleep(9)\n  except asyncio.CancelledError:\n    await asyncio.sleep(0.1)\n    log.append(1)\n    return 'clean'", "log = []\nassert asyncio.run(cancel(f(log))) == 'clean' and log == [1]", ("'clean'", "None")),
    ("import asyncio\nasync def f(log):\n  try: await asyncio.sleep(9)\n  finally:\n    await asyncio.sleep(0.1)\n    log.append(1)", "log = []\nassert is_cancelled(f(log)) and log == [1]", ("append(1)", "append(2)")),
    ("import asyncio\ndef f(cb, x): return asyncio.run(cb(x))", "assert f(late, 4) == 4", ("cb(x)", "cb(0)")),
    ("def f(a, k): return sorted(a, key=k), min(a, key=k), k(1) < k(2)", "assert f([1, 3, 2], functools.cmp_to_key(cmp)) == ([3, 2, 1], 3, False)", ("k(1) < k(2)", "None")),
    ("import heapq\ndef f(a, k): return [x for _, x in heapq.nsmallest(2, ((k(x), x) for x in a))]", "assert f([1, 3, 2], functools.cmp_to_key(cmp)) == [3, 2]", ("(2, ", "(1, ")),
    ("import logging\nlog = logging.getLogger('shop')\nlog.setLevel(10)\ndef f(n):\n  log.info('sold %d', n, extra={'n': n})", "h = Kept()\nlogging.getLogger('shop').addHandler(h)\nf(3)\nr = h.records[-1]\nassert (r.getMessage(), r.args, r.n, r.funcName) == ('sold 3', (3,), 3, 'f')", ("'n': n", "'n': 0")),
    ("import logging\ndef f(log):\n  try: 1 / 0\n  except ZeroDivisionError: log.exception('bad')", "h = Kept()\nl = logging.getLogger('given')\nl.addHandler(h)\nf(l)\nassert h.records[-1].exc_info[0] is ZeroDivisionError", ("exception", "error")),
)  # fmt: skip


@pytest.mark.parametrize(("program", "test", "wrong"), HONEST, ids=[test for _, test, _ in HONEST])
def test_the_program_gets_what_the_test_hands_over(program: str, test: str, wrong: tuple[str, str]):
    tests = tuple(test.split("\n"))
    assert wrong[0] in program
    assert passes(asserts(program, *tests, setup=SETUP))
    assert is_wrong(asserts(program.replace(*wrong), *tests, setup=SETUP))


HOST = "host = next(o for o in __import__('gc').get_objects() if type(o).__name__ == 'Host')\n"
ASKS = "def ask(*a):\n  try: return host.back(*a)\n  except Exception: return None\n"

# program and assertion: what has been handed over is no way to what the test expects
HOSTILE: tuple[tuple[str, str], ...] = (
    ("def f(j): return type(j)().secret", "assert f(Judge(5)) == Judge().secret"),
    (HOST + ASKS + "def f(j):\n  made = [ask('anew', n, (), {}) for n in range(1, 3)]\n  return made[0].secret", "assert f(Judge(5)) == Judge().secret"),
    (HOST + ASKS + "def f(g): return ask('getattr', 1, 'gi_frame')", "assert f(numbers()) is not None"),
    (HOST + ASKS + "def f(g): return ask('members', 1)", "assert f(Judge) == {}"),
    (HOST + ASKS + "def f(j): return ask('members', 1) or ask('anew', 1, (), {})", "assert f(E.A) == {} or f(Judge(5)) == {}"),
    (HOST + ASKS + "def f(g): return ask('poll', ((1, f),), (), 1e9)", "assert f(1) == ()"),
    ("def f(k): return k.obj", "assert f(functools.cmp_to_key(cmp)(5)) == 5"),
    ("def f(k):\n  try: k.obj = 5\n  except Exception: pass", "k = functools.cmp_to_key(cmp)(4)\nf(k)\nassert k.obj == 5"),
    (HOST + ASKS + "def f(k): return ask('operate', 1, '__init__', (1,)) or ask('getattr', 1, 'obj')", "assert f(functools.cmp_to_key(cmp)(5)) == 5"),
    ("def f(it): return it.gi_frame", "assert f(x for x in [1]) is None"),
    ("from rlvr_guest.program import exports, host as h\nclass E(exports.CandidateEncoder):\n  def other(self, value, depth):\n    if value is NotImplemented:\n      self.parts.append(b'A'); self.put(('T', ('a', 'b'), (1, 2, 3)), depth)\n    else: super().other(value, depth)\nh.CandidateEncoder = E\ndef f(x): return NotImplemented", "assert f(T(1, 2)) == (1, 2, 3)"),
    ("import logging\nlog = logging.getLogger('shop')\nlog.setLevel(10)\nold = logging.getLogRecordFactory()\ndef new(*a, **k):\n  r = old(*a, **k)\n  r.getMessage = lambda: 'sold 3'\n  r.handled = 1\n  return r\nlogging.setLogRecordFactory(new)\ndef f(n): log.info('nothing')", "h = Kept()\nlogging.getLogger('shop').addHandler(h)\nf(3)\nassert h.records[-1].args == (3,)"),
    ("import logging\nlog = logging.getLogger('shop')\nlog.setLevel(10)\ndef f(n): log.info('%(a)s' * 9999, {'a': 'x' * 9999 if n else ''})", "h = Kept()\nlogging.getLogger('shop').addHandler(h)\nf(3)\nassert h.records[-1].args == (3,)"),
)  # fmt: skip


@pytest.mark.parametrize(("program", "test"), HOSTILE, ids=[str(at) for at in range(len(HOSTILE))])
def test_what_is_handed_over_is_no_way_to_the_answer(program: str, test: str):
    assert is_wrong(asserts(program, *test.split("\n"), setup=SETUP))


@pytest.mark.parametrize("made", ["pandas.DataFrame({'a': [1]})['a']", "sympy.Integer(1)"], ids=["pandas", "sympy"])
def test_an_object_of_a_library_that_the_program_cannot_use_is_an_unsupported_test(made: str):
    library = made.partition(".")[0]
    test = f"import {library}\nfrom solution import f\ndef test_f():\n    assert f({made}) == 1\n"
    for program in ("def f(x): return int(sum([x]))", "def f(x): return 2"):
        assert [case.fate for case in pytest_files(program, test).cases] == [Fate.UNSUPPORTED]


@pytest.mark.parametrize("used", ["f.readouterr()", "f.disabled", "f.zzz"])
def test_a_fixture_that_is_handed_over_is_no_excuse(used: str) -> None:
    tests = "from solution import f\ndef test_f(capsys):\n    assert f(capsys) == 1\n"
    assert is_wrong(pytest_files(f"def f(f):\n    {used}\n    return 1\n", tests))
    assert passes(pytest_files("def f(f): return 1\n", tests))


# name: what is made, what the program does to it, the same with a mistake, what holds then
IN_PLACE = {
    "an array": ("array.array('i', [3, 1])", "a.append(9)", "a.append(8)", "made.tolist() == [3, 1, 9]"),
    "a namespace": (
        "types.SimpleNamespace(x=1)",
        "a.x, a.y = 5, [9]",
        "a.x, a.y = 5, [8]",
        "made.x == 5 and made.y == [9]",
    ),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_the_program_changes_is_changed_for_the_test(name: str) -> None:
    made, right, mistake, holds = IN_PLACE[name]
    case = f"import array, types\nmade = {made}\nassert f(made) is made and {holds}"
    assert passes(asserts(f"def f(a):\n    {right}\n    return a\n", case))
    assert is_wrong(asserts(f"def f(a):\n    {mistake}\n    return a\n", case))


@pytest.mark.parametrize("change", ["del a[:]\n    return []", "a[0] = a[1] = a[2] = 0\n    return [0, 0, 0]"])
def test_array_that_the_program_spoils_is_what_it_was(change: str) -> None:
    case = "import array\na = array.array('i', [3, 1, 2])\nassert f(a) == sorted(a)"
    assert is_wrong(asserts(f"def f(a):\n    {change}\n", case))
    assert passes(asserts("def f(a):\n    return sorted(a)\n", case))


@pytest.mark.parametrize(
    ("module", "get", "put"), [("random", "getstate", "setstate"), ("np.random", "get_state", "set_state")]
)
def test_state_that_a_test_keeps_gives_the_program_the_same_numbers_again(module: str, get: str, put: str) -> None:
    case = f"import random\nimport numpy as np\nstate = {module}.{get}()\nfirst = f()\n{module}.{put}(state)\nassert f() == first"
    program = f"import random\nimport numpy as np\nup = 0\ndef f():\n    global up\n    return [{module}.random() + up for _ in range(3)]\n"
    assert passes(asserts(program, case))
    assert is_wrong(asserts(program.replace("    return", "    up += 1\n    return"), case))


def test_what_a_patched_command_gives_is_what_it_says() -> None:
    tests = """
    import subprocess
    from unittest import mock
    import solution
    def test_branch():
        with mock.patch("subprocess.run", return_value=subprocess.CompletedProcess(["git"], 0, stdout="main\\n")) as run:
            assert solution.branch() == "main"
        assert run.call_args.args == (["git", "branch"],)
    """
    program = "import subprocess\ndef branch():\n    done = subprocess.run(['git', 'branch'])\n    return done.stdout.strip()\n"
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace(".strip()", ""), tests))


def test_keys_of_the_programs_own_are_not_walked_over_by_number() -> None:
    program = (
        "class Cache:\n    def __init__(self): self.d = {'a': 1}\n    def __len__(self): return len(self.d)\n"
        "    def __getitem__(self, k): return self.d[k]\n    def __contains__(self, k): return k in self.d\n"
        "def made(): return Cache()\n"
    )
    assert [case.fate for case in asserts(program, "c = Cache()\nassert 'a' in c").cases] == [Fate.UNSUPPORTED]
    assert is_wrong(asserts(program, "assert 'a' in made()"))


def test_rows_of_the_system_have_their_names() -> None:
    program = "import os, time\ndef f(): return os.get_terminal_size().columns, time.localtime().tm_hour\n"
    case = (
        "import os, time\nfrom unittest import mock\nhour = time.struct_time((2024, 1, 1, 23, 0, 0, 0, 1, 0))\n"
        "with mock.patch('os.get_terminal_size', lambda: os.terminal_size((80, 24))), mock.patch('time.localtime', lambda: hour):\n"
        "    assert f() == (80, 23)"
    )
    assert passes(asserts(program, case))
    assert is_wrong(asserts(program.replace("columns", "lines"), case))


_SPEAKING_ERRORS = """
    import pytest
    from solution import swallow, again
    class Mine(Exception):
        def __init__(self, code, hint):
            super().__init__(code, hint)
            self.code, self.hint = code, hint
        def __str__(self): return f"{self.code}:{self.hint}"
        def __repr__(self): return f"<{self.code}>"
    class Below(Mine): pass
    class Mute(Exception):
        def __str__(self): raise KeyError("mute")
    def raising(error):
        def boom(): raise error
        return boom
    @pytest.mark.parametrize("kind", [Mine, Below])
    def test_texts(kind):
        assert swallow(raising(kind(3, "h"))) == ["3:h", "<3>"]
        with pytest.raises(RuntimeError, match="failed: 3:h") as caught: again(raising(kind(3, "h")))
        assert str(caught.value.__cause__) == "3:h"
    def test_raises(): pytest.raises(KeyError, swallow, raising(Mute()))
    """


def test_errors_of_the_test_say_their_own_text() -> None:
    program = (
        "def swallow(fn):\n    try: fn()\n    except Exception as e: return [f'{e}', repr(e)]\n"
        "def again(fn):\n    try: fn()\n    except Exception as e: raise RuntimeError(f'failed: {e}') from e\n"
    )
    assert passes(pytest_files(program, _SPEAKING_ERRORS))
    assert is_wrong(pytest_files(program.replace("repr(e)", "'<4>'"), _SPEAKING_ERRORS))
    assert is_wrong(pytest_files(program.replace(": {e}", ": {e.args}"), _SPEAKING_ERRORS))


def test_failures_of_the_test_keep_their_text() -> None:
    case = """
    class Fails(AssertionError):
        def __init__(self, want): self.want = want
        def __str__(self): return f"{self.want}"
    def check(got):
        if got != 42: raise Fails(42)
        return got
    assert f(check) == 42"""
    program = (
        "def f(check):\n    try: return check(0)\n    except AssertionError as e: return check(int(str(e) or 1))\n"
    )
    assert is_wrong(asserts(program, case))
    assert passes(asserts("def f(check): return check(42)\n", case))


def test_mocks_keep_the_data_that_the_program_sets() -> None:
    program = (
        "def fill(m, xs):\n    m.items = sorted(xs)\n    m.seen = {'n': (len(xs), {1.5})}\n    m.items.append(9)\n"
    )
    test = """
    from unittest.mock import MagicMock, Mock
    from solution import fill
    def test_data():
        for m in (Mock(), MagicMock().child):
            fill(m, [3, 1])
            assert m.items == [1, 3, 9]
            assert m.seen == {"n": (2, {1.5})} and m.items[0] == 1
    """
    assert passes(pytest_files(program, test))
    assert is_wrong(pytest_files(program.replace("sorted", "list"), test))
    assert is_wrong(pytest_files(program.replace("append(9)", "append(8)"), test))


def test_mocks_get_no_objects_and_no_calls_of_the_program() -> None:
    program = (
        "class Any:\n    def __eq__(self, other): return True\n    def __getattr__(self, name): return lambda *a: None\n"
        "def f(m):\n    m.go = {}\n    m.call_args_list = [1]\n"
    )
    setup = "from unittest.mock import Mock\nm = Mock()\nf(m)\n"
    for hack in ("Any()", "[Any()]", "{'a': [Any()]}", "[1]", "lambda *a: None"):
        assert is_wrong(asserts(program.format(hack), setup + "m.go.assert_called_once_with(1)\nassert m.go.called"))
        assert is_wrong(asserts(program.format(hack), setup + "assert m.go == [5]"))
        assert is_wrong(asserts(program.format(hack), setup + "assert m.call_args_list == [1]"))
    later = program.format("xs = []") + "    xs.append(Any())\n"
    assert is_wrong(asserts(later, setup + "assert m.go == [5]"))
    assert is_wrong(asserts(later, setup + "m.go.assert_called_once_with(1)"))
