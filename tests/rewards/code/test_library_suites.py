# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""What test suites of libraries ask of a solution: caches and keys that are dictionaries and lists, fake modules, notes on errors."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import fates, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "a cache that is an OrderedDict": (
        "from collections import OrderedDict\nclass LRU(OrderedDict):\n    def __init__(self, size, *a, **k):\n        self.size = size\n"
        "        super().__init__(*a, **k)\n    def __getitem__(self, key):\n        value = super().__getitem__(key)\n        self.move_to_end(key)\n"
        "        return value\n    def __setitem__(self, key, value):\n        super().__setitem__(key, value)\n        self.move_to_end(key)\n"
        "        if len(self) > self.size: self.popitem(last=False)\n"
        "class Plain(OrderedDict): pass\n",
        ("        self.move_to_end(key)\n        return value", "        return value"),
        """
        from solution import LRU, Plain
        def test_evicts():
            cache = LRU(2)
            cache["a"] = 1
            cache["b"] = 2
            assert cache["a"] == 1
            cache["c"] = 3
            assert list(cache) == ["a", "c"] and cache == {"c": 3, "a": 1} and "b" not in cache and len(cache) == 2
        def test_begins_full():
            assert list(LRU(5, a=1, b=2).items()) == [("a", 1), ("b", 2)] and list(Plain(a=1)) == ["a"] and dict(Plain(a=1)) == {"a": 1}
            given = Plain(a=1, b=2)
            given.move_to_end("a")
            assert list(given) == ["b", "a"] and [*given.values()] == [2, 1]
        """,
    ),
    "keys that are lists, sets and dictionaries": (
        "class Key(list):\n    def __init__(self, *a): self[:] = a\n    def __hash__(self): return hash(tuple(self))\n"
        "class Frozen(dict):\n    def __hash__(self): return hash(frozenset(self.items()))\n    def __dir__(self): return sorted(self)\n"
        "def memo(store):\n    def decorate(f):\n        def asked(*a):\n            key = Key(*a)\n            if key not in store: store[key] = f(*a)\n"
        "            return store[key]\n        return asked\n    return decorate\n",
        ("key not in store", "True"),
        """
        from solution import Frozen, Key, memo
        def test_store():
            store, asked = {}, []
            @memo(store)
            def twice(x):
                asked.append(x)
                return x * 2
            assert [twice(2), twice(2), twice(3)] == [4, 4, 6] and asked == [2, 3] and len(store) == 2
        def test_hash():
            assert {Frozen(a=1): 3}[Frozen(a=1)] == 3 and len({Key(1), Key(1), Key(2)}) == 2 and dir(Frozen(b=1, a=2)) == ["a", "b"]
        """,
    ),
    "containers that hold themselves": (
        "class Tree(dict):\n    def __init__(self, **k):\n        super().__init__(**k)\n        self.tag = 't'\n"
        "class Node(list):\n    parent = None\ndef ring():\n    first, second = Node(), Node()\n    second.parent = first\n"
        "    first.append(second)\n    second.append(first)\n    return first\n",
        ("second.append(first)", "second.append(second)"),
        """
        from solution import Tree, ring
        def test_ring():
            first = ring()
            assert first[0][0] is first and first[0].parent is first and len(first) == 1
        def test_tree():
            tree = Tree()
            tree["me"] = [tree]
            assert tree["me"][0] is tree and tree.__dict__ == vars(tree) == {"tag": "t"}
        """,
    ),
    "fake modules": (
        "import importlib\ndef has_yaml():\n    try: import fakeyaml\n    except ImportError: return False\n    return True\n"
        "def dump(value):\n    import fakeyaml\n    return fakeyaml.dump(value).strip()\n"
        "def encode(value):\n    try: import json\n    except ImportError: return repr(value)\n    return json.dumps(value)\n"
        "def plugin(name): return importlib.import_module(name).PLUGIN\n",
        ("repr(value)", "str(value)"),
        """
        import sys, types
        from unittest import mock
        import pytest
        from solution import dump, encode, has_yaml, plugin
        def test_one_that_is_not_installed(monkeypatch):
            assert not has_yaml()
            fake = mock.Mock()
            fake.dump.return_value = " a: 1 "
            monkeypatch.setitem(sys.modules, "fakeyaml", fake)
            assert has_yaml() and dump({"a": 1}) == "a: 1"
            fake.dump.assert_called_once_with({"a": 1})
        def test_it_is_gone(): assert not has_yaml()
        def test_one_that_is_barred():
            with mock.patch.dict("sys.modules", {"json": None}): assert encode("x") == "'x'"
            assert encode("x") == '"x"'
        def test_one_of_the_test():
            made = types.ModuleType("plug")
            made.PLUGIN = {"n": [1, 2]}
            sys.modules["plug"] = made
            try: assert plugin("plug") == {"n": [1, 2]}
            finally: del sys.modules["plug"]
            with pytest.raises(ModuleNotFoundError): plugin("plug")
        """,
    ),
    "fields of standard errors": (
        "class ParseError(SyntaxError): pass\nclass Unknown(NameError):\n    def __init__(self, name):\n        super().__init__(f'unknown {name}')\n"
        "        self.name = name\nclass Broken(OSError): pass\ndef parse(text):\n    error = ParseError('bad')\n    error.text, error.offset, error.extra = text, 2, [7]\n"
        "    raise error\ndef look(name): raise Unknown(name)\ndef read(path): raise Broken(5, 'gone', path)\n",
        ("error.extra = text, 2", "error.extra = text, 3"),
        """
        import pytest
        from solution import look, parse, read
        def test_fields():
            with pytest.raises(SyntaxError) as caught: parse("a b")
            assert (caught.value.text, caught.value.offset, caught.value.msg, caught.value.extra) == ("a b", 2, "bad", [7])
            with pytest.raises(NameError, match="unknown x") as caught: look("x")
            assert caught.value.name == "x"
            with pytest.raises(OSError) as caught: read("/x")
            assert (caught.value.errno, caught.value.strerror, caught.value.filename) == (5, "gone", "/x")
        """,
    ),
    "sums of objects": (
        "class Money:\n    def __init__(self, n): self.n = n\n    def __add__(self, o): return Money(self.n + o.n)\n"
        "    def __radd__(self, o): return self if o == 0 else NotImplemented\n    def __eq__(self, o): return isinstance(o, Money) and self.n == o.n\n"
        "def split(n, k): return [Money(n // k + (i < n % k)) for i in range(k)]\n",
        ("(i < n % k)", "0"),
        """
        from solution import Money, split
        def test_given(): assert sum(split(10, 3)) == Money(10) and [m.n for m in split(10, 3)] == [4, 3, 3]
        def test_made(): assert sum([Money(1), Money(2)]) == Money(3) and sum(Money(i) for i in range(4)).n == 6
        """,
    ),
    "mocks where files are about": (
        "async def session(repo):\n    await repo.open()\n    await repo.close()\nasync def ask(f): return await f(1)\ndef use(m): return m\n",
        ("await repo.close()", "pass"),
        """
        import asyncio
        from unittest import mock
        from solution import ask, session, use
        def test_calls():
            repo = mock.AsyncMock()
            asyncio.run(session(repo))
            assert repo.mock_calls == [mock.call.open(), mock.call.close()]
            asked = mock.AsyncMock()
            asyncio.run(ask(asked))
            assert asked.mock_calls == [mock.call(1)]
            held = mock.MagicMock()
            assert use(held) is held and held.mock_calls == []
        """,
    ),
    "what programs ask of and say about themselves": (
        "import functools, inspect\nfrom typing import Callable, ClassVar\nclass TestClient:\n    __test__ = False\n    hooks: ClassVar[dict[str, list[tuple[int, Callable]]]] = {}\n"
        "    def __init__(self, app): self.app = app\n    def get(self): return self.app()\ndef load(key):\n    try: return {'a': 1}[key]\n"
        "    except KeyError: raise ValueError(key) from None\ndef name(f): return f.__name__\nclass Price:\n    def __init__(self, n): self.n = n\n"
        "    def __round__(self, digits=None): return Price(round(self.n, digits))\ndef checked(f):\n    shape = inspect.signature(f)\n    @functools.wraps(f)\n"
        "    def inner(*a, **k):\n        bound = shape.bind(*a, **k)\n        bound.apply_defaults()\n        return f(*bound.args, **bound.kwargs)\n    return inner\n",
        ("KeyError: raise ValueError(key)", "KeyError: raise LookupError(key)"),
        """
        import inspect
        import pytest
        import solution
        from solution import Price, TestClient, checked, load, name
        def test_client():
            client = TestClient(lambda: 5)
            assert client.get() == 5 and inspect.getattr_static(TestClient, "__test__") is False
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(TestClient, "hooks", {"a": []})
                assert TestClient.hooks == {"a": []}
        def test_module(): assert name.__module__ == "solution" and inspect.getmodule(name) is solution
        def test_context():
            with pytest.raises(ValueError) as caught: load("z")
            error = caught.value
            assert error.__cause__ is None and error.__suppress_context__ and type(error.__context__) is KeyError and error.__context__.args == ("z",)
        def test_names():
            class Flaky:
                __name__ = "flaky"
                def __call__(self): return 1
            assert name(Flaky()) == "flaky" and name([].append) == "append"
            with pytest.raises(AttributeError): name(type("Nameless", (), {"__call__": lambda self: 1})())
        def test_defaults_that_are_filled_in():
            @checked
            def f(a, b=7, *, c="x"): return (a, b, c)
            assert f(1) == (1, 7, "x") and f(1, 2, c="q") == (1, 2, "q")
        def test_rounds(): assert round(Price(3.14159), 2).n == 3.14
        """,
    ),
    "mappings, rows, and what they hold": (
        "import sqlite3\nfrom collections.abc import MutableMapping, Set\nfrom pathlib import PurePosixPath\nclass Config(MutableMapping):\n    def __init__(self, **k): self.d = dict(k)\n"
        "    def __getitem__(self, k): return self.d[k]\n    def __setitem__(self, k, v): self.d[k] = v\n    def __delitem__(self, k): del self.d[k]\n"
        "    def __iter__(self): return iter(self.d)\n    def __len__(self): return len(self.d)\nclass Tags(Set):\n    def __init__(self, items=()): self.i = list(dict.fromkeys(items))\n"
        "    def __contains__(self, x): return x in self.i\n    def __iter__(self): return iter(self.i)\n    def __len__(self): return len(self.i)\n"
        "class Headers(dict):\n    def __setitem__(self, k, v): super().__setitem__(k.title(), v)\n    def __getitem__(self, k): return super().__getitem__(k.title())\n"
        "    def __contains__(self, k): return super().__contains__(k.title())\nclass Reply:\n    def __init__(self): self.headers = Headers(); self.headers['x-a'] = 1\n"
        "class Bag:\n    def __init__(self, *i): self.i, self.dead = list(i), set()\n    def __iter__(self): return iter(self.i)\n    def __contains__(self, x): return x in self.i and x not in self.dead\n"
        "class Files(Bag):\n    def __contains__(self, x): return PurePosixPath(x) in self.i\n"
        "def rows(base):\n    base.row_factory = sqlite3.Row\n    return [dict(row) for row in base.execute('select 1 as a, 2 as b')]\n",
        ("x in self.i and x not in self.dead", "x in self.i"),
        """
        import sqlite3
        from pathlib import PurePosixPath
        from solution import Bag, Config, Files, Reply, Tags, rows
        def test_mapping():
            config = Config(a=1, b=[2])
            assert config == {"a": 1, "b": [2]} == config and config != {"a": 1} and not config == {"a": 1, "b": 2} and config == Config(b=[2], a=1)
            config["c"] = 3
            assert config == {"a": 1, "b": [2], "c": 3}
        def test_set(): assert Tags("aba") == {"a", "b"} == frozenset("ab") and Tags("a") != {"b"}
        def test_names():
            headers = Reply().headers
            assert "x-a" in headers and "X-A" in headers and "y" not in headers and headers["x-a"] == 1
            files = Files(PurePosixPath("a/b"))
            assert "a/b" in files and "b" not in files
        def test_expired():
            bag = Bag(1, 2)
            bag.dead.add(2)
            assert 1 in bag and 2 not in bag and 3 not in bag
        def test_rows(): assert rows(sqlite3.connect(":memory:")) == [{"a": 1, "b": 2}]
        """,
    ),
    "bases of test classes that skip themselves": (
        "class Codec:\n    def enc(self, s): return s[::-1]\n",
        ("s[::-1]", "s"),
        """
        import unittest
        from solution import Codec
        class Base(unittest.TestCase):
            codec = None
            def setUp(self):
                if self.codec is None: self.skipTest("of its children")
            def test_enc(self): self.assertEqual(self.codec().enc("ab"), "ba")
        class CodecTest(Base): codec = Codec
        class Other(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                if cls is Other: raise unittest.SkipTest("of its children")
            def test_kind(self): self.assertEqual(type(self.make()), Codec)
        class OtherTest(Other):
            def make(self): return Codec()
            def test_todo(self):
                codec = Codec()
                raise unittest.SkipTest("not done yet")
                self.assertEqual(codec.dec("ab"), "ba")
        """,
    ),
    "contexts, and stand-ins made in one test": (
        "from abc import ABC, abstractmethod\nfrom contextvars import ContextVar\nuser = ContextVar('user', default='nobody')\nclass Repo(ABC):\n    @abstractmethod\n    def add(self, x): ...\n"
        "    @abstractmethod\n    def get(self, k): ...\n    def both(self, x): return self.get(self.add(x)), user.get()\n",
        ("user.get()", "'nobody'"),
        """
        import contextvars
        from unittest import mock
        import pytest
        from solution import Repo, user
        def test_context():
            class Fake(Repo):
                def add(self, x): return x
                def get(self, k): return k * 2
            fake = Fake()
            context = contextvars.copy_context()
            context.run(user.set, "eve")
            assert context.run(fake.both, 2) == (4, "eve") and fake.both(2) == (4, "nobody") and context[user] == "eve" and user in context
        def test_half():
            class Half(Repo):
                def add(self, x): return x
            with pytest.raises(TypeError): Half()
        def test_mock():
            repo = mock.MagicMock(spec=Repo)
            repo.get.return_value = 3
            got = repo.get(1)
            assert got == 3 and repo.get.call_count == 1
        """,
    ),
    "folders to import from, and where warnings come from": (
        "import importlib, warnings\ndef load(name): return importlib.import_module(name).VALUE\ndef old(): warnings.warn('old', DeprecationWarning, stacklevel=2)\n"
        "def inner(): warnings.warn('inner', UserWarning)\ndef note(f):\n    f.write('hello')\n    f.flush()\n    return f.name\n",
        ("stacklevel=2", "stacklevel=1"),
        """
        import tempfile, warnings
        import pytest
        from solution import inner, load, note, old
        def test_path(monkeypatch, tmp_path):
            (tmp_path / "my_plug.py").write_text("VALUE = [1, 2]")
            monkeypatch.syspath_prepend(tmp_path)
            assert load("my_plug") == [1, 2]
        def test_it_is_gone():
            with pytest.raises(ModuleNotFoundError): load("my_other_plug")
        def test_places():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                old(); inner()
            assert [w.category for w in caught] == [DeprecationWarning, UserWarning]
            assert caught[0].filename == __file__ and caught[0].lineno == test_places.__code__.co_firstlineno + 3
            assert caught[1].filename.endswith("solution.py")
        def test_named_file():
            with tempfile.NamedTemporaryFile("w+") as file:
                assert note(file) == file.name
                file.seek(0)
                assert file.read() == "hello"
        """,
    ),
    "rings, and errors of the standard library": (
        "import argparse, configparser, ipaddress, tomllib\nfrom collections import deque\nclass Ring(deque):\n    def __init__(self, n, items=()): super().__init__(items, maxlen=n)\n"
        "    @property\n    def full(self): return len(self) == self.maxlen\n    def put(self, x): self.append(x); return self\n"
        "class Around(deque):\n    def __getitem__(self, i): return super().__getitem__(i % len(self))\n"
        "def positive(text):\n    if int(text) <= 0: raise argparse.ArgumentTypeError(f'{text} is not positive')\n    return int(text)\n"
        "def bad(n):\n    if n == 1: raise argparse.ArgumentError(None, 'oops')\n    if n == 2: configparser.ConfigParser().read_string('x=1')\n"
        "    if n == 3: tomllib.loads('a = ')\n    if n == 4: ipaddress.IPv4Address('1.2')\n",
        ("len(self) == self.maxlen", "len(self) > 1"),
        """
        import argparse, configparser, copy, ipaddress, tomllib
        from collections import deque
        import pytest
        from solution import Around, Ring, bad, positive
        def test_ring():
            ring = Ring(3)
            ring.extend([1, 2])
            assert not ring.full and ring.maxlen == 3
            ring.extend([3, 4])
            assert list(ring) == [2, 3, 4] and ring.full and ring[0] == 2 and len(ring) == 3 and 4 in ring
            ring.rotate(1)
            assert list(ring) == [4, 2, 3] and ring == deque([4, 2, 3])
            assert ring.put(9) is ring and list(ring) == [2, 3, 9] and ring.popleft() == 2 and not ring.full
            assert ring.pop() == 9 and isinstance(ring, deque) and repr(ring) == "Ring([3], maxlen=3)"
        def test_around():
            around = Around([1, 2, 3])
            assert around[4] == 2 and around[-1] == 3
            around.appendleft(0)
            copied = copy.copy(around)
            copied.append(5)
            assert around[4] == 0 and list(around) == [0, 1, 2, 3]
        def test_errors(capsys):
            parser = argparse.ArgumentParser()
            parser.add_argument("-n", type=positive)
            with pytest.raises(SystemExit): parser.parse_args(["-n", "0"])
            assert "0 is not positive" in capsys.readouterr().err
            with pytest.raises(argparse.ArgumentTypeError, match="not positive"): positive("-1")
            with pytest.raises(argparse.ArgumentError) as caught: bad(1)
            assert str(caught.value) == caught.value.message == "oops"
            with pytest.raises(configparser.MissingSectionHeaderError) as caught: bad(2)
            assert caught.value.lineno == 1
            with pytest.raises(tomllib.TOMLDecodeError, match="Invalid value"): bad(3)
            with pytest.raises(ipaddress.AddressValueError): bad(4)
        """,
    ),
    "weak references to what a test drops": (
        """
        import weakref
        class Signal:
            def __init__(self): self.refs = []
            def connect(self, f): self.refs.append(weakref.WeakMethod(f) if hasattr(f, "__self__") else weakref.ref(f))
            def send(self, *a): return [ref()(*a) for ref in self.refs if ref() is not None]
        class Cache:
            def __init__(self): self.values = weakref.WeakValueDictionary()
            def put(self, key, value): self.values[key] = value
            def get(self, key): return self.values.get(key)
        """,
        ("weakref.WeakValueDictionary()", "{}"),
        """
        import gc
        from solution import Signal, Cache
        class Listener:
            def on(self, x): return x + 1
        def test_function():
            s = Signal()
            def f(x): return x
            s.connect(f)
            assert s.send(1) == [1]
            del f
            gc.collect()
            assert s.send(1) == []
        def test_method():
            s, kept, gone = Signal(), Listener(), Listener()
            s.connect(kept.on)
            s.connect(gone.on)
            del gone
            gc.collect()
            assert s.send(1) == [2]
        def test_cache():
            c, v = Cache(), Listener()
            c.put("v", v)
            assert c.get("v") is v
            del v
            gc.collect()
            assert c.get("v") is None
        """,
    ),
    "protocols that classes of a test follow": (
        """
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class Drawable(Protocol):
            def draw(self): ...
        def render(x): return x.draw() if isinstance(x, Drawable) else "nothing"
        """,
        ("def draw(self): ...", "def paint(self): ..."),
        """
        from solution import Drawable, render
        class Circle:
            def draw(self): return "o"
        def test_protocol():
            assert isinstance(Circle(), Drawable) and not isinstance(object(), Drawable) and not isinstance("o", Drawable)
            assert render(Circle()) == "o" and render(3) == "nothing"
        """,
    ),
}
# name: program, tests that it must not pass
ATTACKS: dict[str, tuple[str, str]] = {
    "each hash another": (
        "class Odd(list):\n    n = 0\n    def __hash__(self):\n        Odd.n += 1\n        return Odd.n\n    def __eq__(self, other): return self is other\n"
        "def f(x): return Odd([1])\n",
        "from solution import f\ndef test_a(): assert len({f(1), f(2)}) == 2\n",
    ),
    "a sum of what equals all": (
        "class Any:\n    def __radd__(self, o): return self\n    __add__ = __radd__\n    def __eq__(self, o): return True\ndef f(n): return [Any()] * n\n",
        "from solution import f\ndef test_a(): assert sum(f(3)) == 6\n",
    ),
    "a sum that begins with data": (
        "class Any:\n    def __radd__(self, o): return 6\ndef f(n): return [Any()]\n",
        "from solution import f\ndef test_a(): assert sum(f(3)) == 6\n",
    ),
    "what a sum begins with is not told": (
        "class Any:\n    def __radd__(self, o): return self if o == 0 else None\n    def __eq__(self, o): return True\ndef f(n): return Any()\n",
        "from solution import f\nWANT = 0\ndef test_a(): assert not (WANT + f(3)) != f(2)\n",
    ),
    "an error whose place fills the memory": (
        "class Bad(SyntaxError): pass\ndef f(x):\n    e = Bad('x')\n    e.text, e.offset, e.lineno = 'a' * 10, 1 << 62, 1 << 62\n    raise e\n",
        "from solution import f\ndef test_a(): assert f(3) == 6\n",
    ),
    "what holds all it is asked for, and gives something else": (
        "class Item: pass\nclass Bag:\n    def __iter__(self): return iter([Item()])\n    def __contains__(self, x): return True\nclass Names(dict):\n    def __contains__(self, x): return True\n"
        "def bag(x): return Bag()\ndef names(x): return Names(b=1)\n",
        "from solution import bag, names\ndef test_a(): assert 'a' in names(1)\ndef test_b(): assert 3 in bag(1)\ndef test_c(): assert 'a' in bag(1)\n",
    ),
    "a mapping and a set that equal all": (
        "from collections.abc import Mapping, Set\nclass M(Mapping):\n    n = 0\n    def __getitem__(self, k):\n        M.n += 1\n        return M.n\n    def __iter__(self): return iter('a')\n"
        "    def __len__(self): return 1\n    def __eq__(self, o): return True\nclass S(Set):\n    def __contains__(self, k): return True\n    def __iter__(self): return iter(())\n"
        "    def __len__(self): return 1\n    def __eq__(self, o): return True\ndef f(x): return M()\ndef g(x): return S()\n",
        "from solution import f, g\ndef test_a():\n    r = f(1)\n    assert any(r == {'a': n} for n in range(2, 40)) and r == {'a': 50}\n"
        "def test_b(): assert g(1) == {5}\ndef test_c(): assert g(1) == frozenset((5,))\n",
    ),
    "a base of test classes that skips by what the program gives": (
        "codec = None\n",
        "import unittest, solution\nclass Base(unittest.TestCase):\n    codec = None\n    def setUp(self):\n        if self.codec is None: self.skipTest('')\n"
        "    def test_a(self): self.assertEqual(self.codec(3), 4)\nclass A(Base): codec = solution.codec\nclass B(Base):\n    def setUp(self):\n        self.codec = solution.codec\n        super().setUp()\n",
    ),
    "what a stand-in of one test says is no measure": (
        "class Base:\n    def __init_subclass__(cls): cls.solve = lambda self, xs: 0\ndef solve(xs): return 0\n",
        "from solution import Base, solve\ndef test_a():\n    class Naive(Base):\n        def solve(self, xs): return sorted(xs)\n    assert solve([2, 1]) == Naive().solve([2, 1])\n"
        "def test_b(): assert solve([1]) == [1]\n",
    ),
    "a module where tests import from": (
        "import os, sys\ndef f(n):\n    with open(os.path.join(sys.path[0], 'checks.py'), 'w') as out: out.write('class Yes:\\n    def __eq__(self, o): return True\\ndef right(n): return Yes()\\n')\n",
        "from solution import f\ndef test_a(monkeypatch, tmp_path):\n    monkeypatch.syspath_prepend(tmp_path)\n    f(3)\n    import checks\n    assert checks.right(3) == 4\n",
    ),
    "a deque that holds and equals all": (
        "from collections import deque\nclass D(deque):\n    def __eq__(self, o): return True\n    def __contains__(self, o): return True\n    def __iter__(self): return iter([1, 2, 3])\n"
        "    def __len__(self): return 3\n    def __getitem__(self, i): return i + 1\ndef f(x): return D([1])\n",
        "from solution import f\ndef test_a(): assert list(f(1)) == [1, 2, 3]\ndef test_b(): assert 5 in f(1)\ndef test_c(): assert len(f(1)) == 3\ndef test_d(): assert f(1) == 5\n",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_suites_pass_where_the_program_is_right_and_only_there(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    judgement = pytest_files(program, tests)
    assert passes(judgement), (judgement.fault, judgement.failure, judgement.cases)
    assert right in program
    assert not passes(pytest_files(program.replace(right, wrong), tests))


@pytest.mark.parametrize("name", ATTACKS)
def test_programs_that_are_not_right_gain_nothing(name: str) -> None:
    program, tests = ATTACKS[name]
    judgement = pytest_files(program, tests, partial=True)
    assert is_wrong(judgement)
    assert "passed" not in fates(judgement)


def test_what_a_walk_cannot_tell_is_for_the_object_to_say_if_the_tests_also_deny_it() -> None:
    program = """
        class Entry: pass
        class Ledger:
            def __init__(self, *names): self.entries = {name: Entry() for name in names}
            def __contains__(self, name): return name in self.entries
            def __iter__(self): return iter(self.entries.values())
    """
    tests = """
        from solution import Ledger
        def test_names():
            ledger = Ledger("a")
            assert "b" not in ledger and len(ledger.entries) == 1
            assert "a" in ledger
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("name in self.entries", "True"), tests))
    undenied = tests.replace('"b" not in ledger and ', "")
    assert fates(pytest_files(program, undenied, partial=True)) == ["unsupported test"]
