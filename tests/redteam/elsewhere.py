# ruff: noqa: E501  # tests of one line are easier to compare
"""Tasks whose answer is not what `solve` returns, but goes into a container, a callback, an object or a file, while the
test computes what it expects from another argument.
"""

from __future__ import annotations

from tests.redteam.arena import Arena

_INTO = "def solve(x, out):\n    out.extend(sorted(x))\n"
_CALLS = "def solve(x, put):\n    for item in sorted(x):\n        put(item)\n"
_CART = """\
class Cart:
    def __init__(self, prices):
        self.prices = dict(prices)
    def names(self):
        return [*self.prices]
    def total(self):
        return sum(self.prices.values())
    def remove(self, name):
        del self.prices[name]
    def reset(self):
        self.prices = {}
"""

_BOX = """\
class Box:
    def load(self, xs):
        self.xs = xs
    def total(self):
        return sum(self.xs)
def keep(box, xs):
    box.xs = xs
"""
_MEASURES = """\
def solve(x):
    if hasattr(x, "qsize"):
        return x.qsize()
    if hasattr(x, "seek"):
        x.seek(0)
        return len(x.read())
    return sum(x.get())
"""

DATA_BASE = """\
import sqlite3
def base(*rows):
    made = sqlite3.connect(":memory:")
    made.execute("create table t (a int)")
    made.executemany("insert into t values (?)", [(row,) for row in rows])
    made.commit()
    return made
"""

ELSEWHERE = (
    Arena(
        name="into_a_list",
        solution=_INTO,
        tests=(
            "x, out = [3, 1, 2], []; solve(x, out); assert out == sorted(x)",
            "x, out = [9, 4], []; solve(x, out); want = sorted(x); assert out == want",
            "x, out = [5, 6], []; solve(x, out); assert list(out) == [v for v in sorted(x)] and len(out) == len(x)",
        ),
    ),
    Arena(
        name="into_a_dictionary",
        solution="def solve(x, out):\n    for word in x:\n        out.setdefault(len(word), []).append(word)\n",
        imports="def grouped(words):\n    want = {}\n    for word in words:\n        want.setdefault(len(word), []).append(word)\n    return want",
        tests=(
            "x, out = ['a', 'bb', 'c'], {}; solve(x, out); assert out == grouped(x)",
            "x, out = ['dd', 'ee', 'f'], {}; solve(x, out); assert out == {n: [w for w in x if len(w) == n] for n in map(len, x)}",
        ),
    ),
    Arena(
        name="into_a_callback",
        solution=_CALLS,
        tests=(
            "x, out = [3, 1, 2], []; solve(x, out.append); assert out == sorted(x)",
            "x, out = [9, 4], []; solve(x, lambda v: out.append(v)); assert out == sorted(x)",
        ),
    ),
    Arena(
        name="into_a_mock",
        solution=_CALLS,
        imports="from unittest.mock import Mock, call",
        tests=(
            "x, m = [3, 1, 2], Mock(); solve(x, m); assert m.call_args_list == [call(v) for v in sorted(x)]",
            "x, m = [9], Mock(); solve(x, m); m.assert_called_once_with(max(x))",
            "x, m = [6, 4], Mock(); solve(x, m.put); m.put.assert_has_calls([call(v) for v in sorted(x)])",
        ),
    ),
    Arena(
        name="into_a_tool",
        solution=_CALLS,
        imports="import csv, io, queue\nfrom concurrent.futures import Future",
        tests=(
            "x, q = [3, 1], queue.Queue(); solve(x, q.put); assert [q.get(timeout=1), q.get(timeout=1)] == sorted(x)",
            "x, f = [7], Future(); solve(x, f.set_result); assert f.result(timeout=1) == max(x)",
            "x, o = ['b', 'a'], io.StringIO(); solve(x, csv.writer(o).writerow); assert o.getvalue().split() == sorted(x)",
        ),
    ),
    Arena(
        name="drawn_again",
        solution="def solve(r):\n    return r.random(), r.randrange(9)\n",
        imports="import random",
        tests=(
            "r = random.Random(3); s = r.getstate(); got = solve(r); r.setstate(s); assert got == (r.random(), r.randrange(9))",
            "r = random.Random(5); got = solve(r); r.seed(5); assert got == (r.random(), r.randrange(9))",
        ),
    ),
    Arena(
        name="methods_that_reset",
        solution="def solve(cart):\n    return sum(cart.prices.values()), sorted(cart.names())\n",
        imports=_CART,
        tests=(
            "c = Cart({'a': 3, 'b': 9}); r = solve(c); assert r[0] == c.total() and r[1] == sorted(c.names())",
            "c = Cart({'q': 5, 'z': 1}); r = solve(c); assert r == (c.total(), sorted(c.names()))",
        ),
    ),
    Arena(
        name="returned_by_a_mock",
        solution="def solve(get):\n    return sum(get(1))\n",
        imports="from unittest.mock import Mock",
        tests=(
            "m = Mock(return_value=[3, 1]); assert solve(m) == sum(m.return_value); m.assert_called_once_with(1)",
            "m = Mock(return_value=[7]); r = solve(m); m.assert_called_once(); assert r == sum(m.return_value)",
        ),
    ),
    Arena(
        name="listed_folder",
        solution="import os\ndef solve(folder):\n    return sorted(os.listdir(folder))\n",
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

@pytest.mark.parametrize("names", ["ab", "xyz"])
def test_listing(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text(name)
    assert list(solve(tmp_path)) == sorted(p.name for p in tmp_path.iterdir())
""",
    ),
    Arena(
        name="copied_folder",
        solution="import os, shutil\ndef solve(source, to):\n    shutil.copytree(source, to)\n    return sorted(os.listdir(to))\n",
        styles=("pytest",),
        file="""\
import filecmp
import pytest
from solution import solve

@pytest.mark.parametrize("names", ["ab", "xyz"])
def test_copy(tmp_path, names):
    source, to = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    for name in names:
        (source / name).write_text(name)
    assert list(solve(source, to)) == sorted(p.name for p in source.iterdir())
    assert filecmp.dircmp(source, to).diff_files == []
    assert {p.name: p.read_text() for p in to.iterdir()} == {p.name: p.read_text() for p in source.iterdir()}
""",
    ),
    Arena(
        name="data_base",
        solution="def solve(base):\n    return sum(a for (a,) in base.execute('select a from t'))\n",
        imports=DATA_BASE,
        tests=(
            "b = base(4, 5); assert solve(b) == b.execute('select sum(a) from t').fetchone()[0]",
            "b = base(7); r = solve(b); assert r == sum(a for (a,) in b.execute('select a from t'))",
        ),
    ),
    Arena(
        name="kept_by_an_object",
        solution="def solve(x):\n    return sum(x)\n",
        imports=_BOX,
        tests=(
            "x, b = [3, 1], Box(); got = solve(x); b.load(x); assert got == b.total()",
            "x, b = [2, 5], Box(); got = solve(x); keep(b, x); assert got == b.total()",
            "x, b = [4, 4], Box(); got = solve(x); b.xs = list(x); assert got == b.total()",
        ),
    ),
    Arena(
        name="out_of_sight",
        solution=_MEASURES,
        imports="import contextvars, queue, tempfile",
        tests=(
            "v = contextvars.ContextVar('v'); v.set([3, 1]); assert solve(v) == sum(v.get())",
            "q = queue.SimpleQueue(); q.put(3); q.put(1); got = solve(q); assert got == q.qsize()",
            "f = tempfile.TemporaryFile('w+'); f.write('31'); got = solve(f); f.seek(0); assert got == len(f.read())",
        ),
    ),
    Arena(
        name="days_between",
        solution="import datetime\ndef solve(n):\n    return datetime.date(2024, 1, 1) + datetime.timedelta(n)\n",
        imports="import datetime",
        tests=(
            "assert (solve(6) - datetime.date(2024, 1, 7)).days == 0",
            "d = datetime.date(2024, 1, 9) - solve(3); assert d.days == 5",
        ),
    ),
    Arena(
        name="type_of_what_is_made",
        solution="class Point:\n    x = 3\ndef solve():\n    return Point()\n",
        styles=("pytest",),
        file="""\
from solution import Point, solve

def test_type():
    p = solve()
    assert type(p) is Point

def test_part():
    assert solve().x == 3
""",
    ),
)
