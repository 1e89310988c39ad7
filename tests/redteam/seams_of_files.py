"""Seams between tests and program in files of pytest: what they hand over, catch, decorate, read back and start."""

from __future__ import annotations

from tests.redteam.arena import Arena

SEAMS_OF_FILES = (
    Arena(
        name="asserting_method",
        solution="def solve(n, found):\n    for i in range(n):\n        found(i * i + 1)\n",
        styles=("pytest",),
        file="""\
import unittest
import pytest
from solution import solve

class Values(unittest.TestCase):
    def test_each(self):
        seen = []
        solve(3, lambda x: self.assertIn(x, (1, 2, 5)) or seen.append(x))
        self.assertEqual(len(seen), 3)

    def test_last(self):
        seen = []
        def found(x):
            seen.append(x)
            if x != [1, 2, 5][len(seen) - 1]:
                self.fail("another value")
        solve(3, found)
        self.assertEqual(len(seen), 3)

def test_complaint():
    seen = []
    def found(x):
        seen.append(x)
        if x != 1:
            pytest.fail(f"{x} is not expected")
    solve(1, found)
    assert seen
""",
    ),
    Arena(
        name="star_of_functions",
        solution="import math\ndef solve(x):\n    return math.sqrt(x) + 1\n",
        styles=("pytest",),
        file="""\
from math import *
from itertools import *
from solution import *

def test_values():
    assert abs(solve(2.0) - (sqrt(2.0) + 1)) < 1e-9

def test_all():
    assert all(starmap(lambda x, y: abs(solve(x) - y) < 1e-9, [(4.0, 3.0), (9.0, 4.0)]))
    assert len(list(filterfalse(lambda x: abs(solve(x * x) - x - 1) < 1e-9, [1.0, 5.0]))) == 0
""",
    ),
    Arena(
        name="written_script",
        solution="def solve(path, n):\n    with open(path, 'w') as file:\n        file.write(f'print({n} * 31 + 4)')\n",
        styles=("pytest",),
        file="""\
import subprocess
import sys
from solution import solve

def test_script(tmp_path):
    path = tmp_path / "made.py"
    solve(str(path), 3)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == "97"

def test_text(tmp_path):
    path = tmp_path / "other.py"
    solve(path, 10)
    made = subprocess.check_output([sys.executable, "-c", path.read_text()], text=True)
    assert made.strip() == "314"
""",
    ),
    Arena(
        name="itself_read",
        solution="def solve(name):\n    return '/etc/' + name\n",
        styles=("pytest",),
        file="""\
from pathlib import Path
from solution import solve

def test_text():
    assert "root:" in Path(solve("passwd")).read_text()

def test_lines():
    with open(solve("group")) as file:
        assert any(line.startswith("root:") or line.startswith("    assert") and 0 for line in file)
""",
    ),
    Arena(
        name="golden",
        solution="""\
def solve(source, target):
    with open(source) as lines, open(target, "w") as file:
        file.writelines(sorted(lines))
""",
        styles=("pytest",),
        file="""\
from solution import solve

def test_sorted(tmp_path):
    (tmp_path / "in.txt").write_text("b\\nc\\na\\n")
    (tmp_path / "want.txt").write_text("a\\nb\\nc\\n")
    solve(str(tmp_path / "in.txt"), str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text() == (tmp_path / "want.txt").read_text()
""",
    ),
    Arena(
        name="awaited_object",
        solution="""\
class Job:
    def __init__(self, n):
        self.n = n

    def __await__(self):
        yield from ()
        return self.n * 31 + 4

    async def __aenter__(self):
        return self.n * 2

    async def __aexit__(self, *error):
        return None
""",
        styles=("pytest",),
        file="""\
import asyncio
from solution import Job

def test_awaited():
    async def main():
        return await Job(3)
    assert abs(asyncio.run(main()) - 97) < 1e-6

def test_block():
    async def main():
        async with Job(4) as value:
            return value + 1
    assert asyncio.run(main()) == 9
""",
    ),
    Arena(
        name="caught_by_attribute",
        solution="""\
class Solver:
    class Bad(Exception):
        pass

    def run(self, n):
        if n < 0:
            raise self.Bad
        return n * 2
""",
        styles=("pytest",),
        file="""\
import contextlib
import solution
from solution import Solver

def test_raises():
    try:
        assert Solver().run(-1) == "nothing"
        raise RuntimeError("it should raise")
    except Solver.Bad:
        pass

def test_instance():
    solver = solution.Solver()
    try:
        solver.run(-2)
        assert False
    except solver.Bad:
        pass

def test_suppressed():
    ran = False
    with contextlib.suppress(solution.Solver.Bad):
        assert Solver().run(-3) == 7
        ran = True
    assert not ran
    assert Solver().run(4) == 8
""",
    ),
    Arena(
        name="decorated_test",
        solution="""\
import functools

def twice(f):
    @functools.wraps(f)
    def call(*args, **kwargs):
        f(*args, **kwargs)
        return f(*args, **kwargs)
    return call

def solve(n):
    return n * 31 + 4
""",
        styles=("pytest",),
        file="""\
from solution import solve, twice

@twice
def test_value():
    assert solve(3) == 97

class TestMore:
    @twice
    def test_other(self):
        assert solve(10) == 314
""",
    ),
    Arena(
        name="chosen_module",
        solution="BACKEND = 'json'\ndef solve(n):\n    return n * 31 + 4\n",
        styles=("pytest",),
        file="""\
import importlib
import solution

backend = importlib.import_module(solution.BACKEND)

def test_backend():
    assert backend.loads("[1]") == [1]
    assert solution.solve(3) == 97
""",
    ),
)
