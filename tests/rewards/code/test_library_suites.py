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
}
# name: program, tests that it must not pass
ATTACKS: dict[str, tuple[str, str]] = {
    "each hash another": (
        "class Odd(list):\n    n = 0\n    def __hash__(self):\n        Odd.n += 1\n        return Odd.n\n    def __eq__(self, other): return self is other\n"
        "def f(x): return Odd([1])\n",
        "from solution import f\ndef test_a(): assert len({f(1), f(2)}) == 2\n",
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
