# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""What test suites of libraries ask of a solution: caches and keys that are dictionaries and lists, fake modules, notes on errors."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

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
    assert is_wrong(pytest_files(program, tests))
