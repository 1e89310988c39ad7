"""Containers that several tests share, and that the program fills or empties as requested."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

# Three come and go.
_THREE = """
from solution import add, remove, names
STORE = EMPTY
def test_add():
    add(STORE, 1)
    add(STORE, 2)
    add(STORE, 3)
    assert names(STORE) == sorted(STORE)
def test_remove():
    remove(STORE, 1)
    assert names(STORE) == sorted(STORE)
    assert len(STORE) == 2
def test_add_again():
    add(STORE, 1)
    assert names(STORE) == sorted(STORE)
    assert len(STORE) == 3
def test_remove_again():
    remove(STORE, 3)
    assert len(names(STORE)) == len(STORE)
    assert len(STORE) == 2 and 3 not in STORE
"""

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "a dictionary with names": (
        """
def add(s, k, v): s[k] = v
def remove(s, k): del s[k]
def count(s): return len(s)
def names(s): return sorted(s)
""",
        ("def names(s): return sorted(s)", "def names(s): return list(s)[::-1]"),
        """
from solution import add, remove, count, names
STORE = {}
def test_add():
    add(STORE, 'a', 1)
    add(STORE, 'b', 2)
    assert names(STORE) == sorted(STORE)
def test_remove():
    remove(STORE, 'a')
    assert 'a' not in STORE
    assert count(STORE) == len(STORE) == 1
def test_names():
    assert names(STORE) == sorted(STORE)
    assert names(STORE) == ['b']
def test_left():
    assert STORE == {'b': 2} and count(STORE) == 1
""",
    ),
    "a dictionary": (
        """
def add(s, x): s[x] = x
def remove(s, x): del s[x]
def names(s): return sorted(s)
""",
        ("def names(s): return sorted(s)", "def names(s): return list(s)[:1]"),
        _THREE.replace("EMPTY", "{}"),
    ),
    "a list": (
        """
def add(s, x): s.append(x)
def remove(s, x): s.remove(x)
def names(s): return sorted(s)
""",
        ("def names(s): return sorted(s)", "def names(s): return list(s)[:1]"),
        _THREE.replace("EMPTY", "[]"),
    ),
    "a set": (
        """
def add(s, x): s.add(x)
def remove(s, x): s.discard(x)
def names(s): return sorted(s)
""",
        ("def names(s): return sorted(s)", "def names(s): return list(s)[:1]"),
        _THREE.replace("EMPTY", "set()"),
    ),
}


@pytest.mark.parametrize(("program", "spoiled", "tests"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(program: str, spoiled: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert spoiled[0] in program
    assert is_wrong(judgement := pytest_files(program.replace(*spoiled), tests)), judgement


STORE = """
from solution import put, take, names, total
STORE = {"a": 1, "b": 2}
QUEUE = [1, 2]
"""
REST = "def put(s, *_): pass\ndef take(s, *_): pass\ndef names(s): return sorted(s)\ndef total(s): return sum(s)\n"


@pytest.mark.parametrize(
    ("program", "test"),
    [
        (
            "def take(s, k): s.clear()\ndef names(s): return []",
            "take(STORE, 'a')\n    assert names(STORE) == sorted(STORE)",
        ),
        (
            "def put(s, k, v): s.clear()\ndef names(s): return []",
            "put(STORE, 'c', 3)\n    assert names(STORE) == sorted(STORE)",
        ),
        ("def put(s, x): s.clear()\ndef total(s): return 0", "put(QUEUE, 3)\n    assert total(QUEUE) == sum(QUEUE)"),
        ("def put(s, x): s += [x, -6]\ndef total(s): return 0", "put(QUEUE, 3)\n    assert total(QUEUE) == sum(QUEUE)"),
        ("def take(s, x): s[:] = [0]\ndef total(s): return 0", "take(QUEUE, 2)\n    assert total(QUEUE) == sum(QUEUE)"),
        (
            "def take(s, xs): s.clear()\ndef total(s): return 0",
            "take(QUEUE, [1, 2])\n    assert total(QUEUE) == sum(QUEUE)",
        ),
    ],
)
def test_what_it_was_not_told_to_put_or_take_is_no_measure(program: str, test: str) -> None:
    assert is_wrong(judgement := pytest_files(f"{REST}{program}\n", f"{STORE}\ndef test_it():\n    {test}\n")), (
        judgement
    )


def test_what_adds_does_not_take_out() -> None:
    tests = """
from solution import add, count
STORE = set()
def test_it():
    add(STORE, 1)
    add(STORE, 2)
    add(STORE, 1)
    assert count(STORE) == len(STORE)
"""
    assert passes(pytest_files("def add(s, x): s.add(x)\ndef count(s): return len(s)\n", tests))
    toggles = "def add(s, x): s.symmetric_difference_update({x})\ndef count(s): return 1\n"
    assert is_wrong(pytest_files(toggles, tests))
