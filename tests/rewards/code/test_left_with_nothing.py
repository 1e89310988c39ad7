# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Programs that leave what a test handed over with nothing, so that nothing is what the test computes from it."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

CART = """
class Cart:
    def __init__(self, prices): self.prices, self.rate, self.sold = prices, 2, []
    def total(self): return self.rate * sum(self.prices)
    @property
    def size(self): return len(self.prices)
    def __iter__(self): return iter(self.prices)
def total_of(cart): return cart.total()
c = Cart([2, 1])
"""


@pytest.mark.parametrize(
    ("right", "spoils", "test"),
    [
        ("c.total()", "c.prices.clear() or 0", "assert f(c) == c.total()"),
        ("c.total()", "setattr(c, 'prices', []) or 0", "assert f(c) == c.total()"),
        ("c.total()", "setattr(c, 'rate', 0) or 0", "got = f(c)\nassert got == c.total()"),
        ("c.total()", "setattr(c, 'rate', 0) or 0", "assert f(c) == c.rate * sum(c.prices)"),
        ("c.total()", "c.prices.clear() or 0", "assert f(c) == total_of(c)"),
        ("len(c.prices)", "c.prices.clear() or 0", "assert f(c) == c.size"),
        ("sorted(c.prices)", "c.prices.clear() or []", "assert f(c) == sorted(c)"),
        ("sum(x.total() for x in c)", "[setattr(x, 'rate', 0) for x in c] and 0", "cs = [c]\nassert f(cs) == sum(x.total() for x in cs)"),
        ("sorted(c)", "c.data.clear() or []", "from collections import UserDict\nd = UserDict(b=2, a=1)\nassert f(d) == sorted(d)"),
        ("sum(c.values())", "[m.clear() for m in c.maps] and 0", "from collections import ChainMap\nd = ChainMap({'a': 1})\nassert f(d) == sum(d.values())"),
        ("c.read().upper()", "c.truncate(0) or ''", "import io\ns = io.StringIO('abc')\nr = f(s)\ns.seek(0)\nassert r == s.read().upper()"),
        ("c.read()[::-1]", "c.truncate(0) or b''", "import io\ns = io.BytesIO(b'abc')\nassert f(s) == s.getvalue()[::-1]"),
        ("c.w * 2", "setattr(c, 'w', 0) or 0", "from types import SimpleNamespace as N\nn = N(w=3)\nassert f(n) == n.w * 2"),
        ("c.cart.total()", "c.cart.prices.clear() or 0", "class B:\n    def __init__(self, c): self.cart = c\n    def total(self): return self.cart.total()\nb = B(c)\nassert f(b) == b.total()"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\nassert f(xs) in [sum(xs)]"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]; assert f(xs) == sum(xs)"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]; got = f(xs); assert got == sum(xs)"),
        ("sum(c)", "c.clear() or 0", "import operator\nxs = [2, 1]\nassert operator.eq(f(xs), sum(xs))"),
        ("{v: i for i, v in enumerate(c)}", "c.clear() or {}", "xs = [2, 1]\nr = f(xs)\nat = {}\nfor i, v in enumerate(xs): at[v] = i\nassert r == at"),
        ("sum(c['a']['b']['n'])", "c['a']['b']['n'].clear() or 0", "d = {'a': {'b': {'n': [3]}}}\nassert f(d) == sum(d['a']['b']['n'])"),
        ("c[::-1]", "c.clear() or []", "xs = [2, 1]\nr = f(xs)\nwant = []\nwhile xs: want.append(xs.pop())\nassert r == want"),
        ("c.most_common(1)[0][1]", "c.clear() or c.update('z') or 1", "from collections import Counter\nn = Counter('aab')\nassert f(n) == n.most_common(1)[0][1]"),
        ("c.std()", "c.fill(0) or 0.0", "import numpy as np\na = np.array([3.0, 1.0])\nassert abs(f(a) - np.std(a)) < 1e-6"),
        ("c.T", "c.fill(0) or c", "import numpy as np\na = np.array([[3, 1], [2, 4]])\nassert np.array_equal(f(a), a.T)"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\ndef want(): return sum(xs)\nassert f(xs) == want()"),
        ("sum(c)", "c.clear() or 0", "def make():\n    xs = [2, 1]\n    return xs, lambda: sum(xs)\nxs, want = make()\nassert f(xs) == want()"),
        ("[2 * v for v in c]", "c.clear() or []", "xs = [2, 1]\nwant = (2 * v for v in xs)\nassert f(xs) == list(want)"),
        ("sum(c.values())", "c.clear() or 0", "d = {'a': 2}\nheld = d.values()\nassert f(d) == sum(held)"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\nr = f(xs)\nassert r >= sum(xs)\nassert r <= sum(xs)"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\nassert not (f(xs) - sum(xs))"),
        ("{2 * v for v in c}", "c.clear() or set()", "xs = [2, 1]\nr = f(xs)\nassert not r ^ {v * 2 for v in xs}"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\nr = f(xs)\ntotal = 0\nfor v in xs: total += v\nassert r == total"),
        ("[2 * v for v in c]", "c.clear() or []", "xs = [2, 1]\nr = f(xs)\nfor v in xs:\n    if 2 * v not in r: raise AssertionError(v)"),
        ("max(c)", "c.clear()", "xs = [2, 1]\nr = f(xs)\nmatch r:\n    case v if v == max(xs, default=None): pass\n    case _: raise AssertionError"),
        ("len(c)", "c.clear() or 0", "xs = [2, 1]\nassert f(xs) == len(xs)"),
        ("c[0] + c[1]", "c.__setitem__(slice(2), [0, 0]) or 0", "xs = [2, 1]\nassert len(xs) == 2\nassert f(xs) == xs[0] + xs[1]"),
        ("sum(c)", "c.clear() or 0", "def run(xs): return f(xs)\nxs = [2, 1]\nassert run(xs) == sum(xs)"),
        ("sum(c)", "c.clear() or 0", "cases = [[2, 1], [5]]\ngot = [f(x) for x in cases]\nassert got == [sum(x) for x in cases]"),
        ("sum(c)", "vars(f).setdefault('held', c) and 0 if c[1:] else f.held.clear() or 5", "xs = [2, 1]\na = f(xs)\nassert f([5]) == 5\nassert a == sum(xs)"),
        ("c.w * c.h", "setattr(c, 'w', 0) or 0", "class R:\n    __slots__ = ('w', 'h')\n    def __init__(self): self.w, self.h = 2, 3\n    def area(self): return self.w * self.h\nr = R()\nassert f(r) == r.area()"),
        ("sum(c.xs)", "c.xs.clear() or 0", "class R:\n    __slots__ = ('xs',)\n    def __init__(self): self.xs = [2, 3]\n    def total(self): return sum(self.xs)\nr = R()\nassert f(r) == r.total()"),
        ("[c.v, c.next.v]", "setattr(c, 'next', None) or [c.v]", "class N:\n    def __init__(self, v, next=None): self.v, self.next = v, next\ndef items(n): return [n.v, *items(n.next)] if n else []\nn = N(1, N(2))\nassert f(n) == items(n)"),
        ("len(c.getvalue())", "c.seek(0) or c.truncate(0) or c.write('x')", "import io\ns = io.StringIO('abc')\nassert f(s) == len(s.getvalue())"),
        ("sum(c)", "c.clear() or 0", "cases = [[2, 1], [5]]\nassert [f(x) for x in cases] == [sum(x) for x in cases]"),
        ("sum(c)", "c.clear() or 0", "cases = [[2, 1], [5]]\nassert {i: f(x) for i, x in enumerate(cases)} == {i: sum(x) for i, x in enumerate(cases)}"),
        ("sum(c)", "c.clear() or 0", "pairs = []\nfor x in [2, 1], [5]: pairs.append((f(x), sum(x)))\nfor got, want in pairs: assert got == want"),
        ("sum(c)", "c.clear() or 0", "xs = [2, 1]\nout = {'got': f(xs), 'want': sum(xs)}\nassert out['got'] == out['want']"),
        ("sum(c)", "c.clear() or 0", "class Right:\n    def __init__(self, xs): self.xs = xs\n    def is_right(self, got): return got == sum(self.xs)\no = Right([2, 1])\nassert o.is_right(f(o.xs))"),
        ("c.sort()", "c.clear()", "xs = [3, 1, 2]\nf(xs)\nassert xs == sorted(xs)"),
        ("c.sort()", "c.clear()", "xs = [3, 1, 2]\nf(xs)\nassert all(xs[i] <= xs[i + 1] for i in range(len(xs) - 1))"),
        ("c.sort()", "c.clear()", "xs = [3, 1, 2]\nf(xs)\nfor a, b in zip(xs, xs[1:]):\n    assert a <= b"),
        ("c.sort()", "c.clear()", "import unittest\nt, xs = unittest.TestCase(), [3, 1, 2]\nf(xs)\nfor i in range(1, len(xs)):\n    if i: t.assertLess(xs[i - 1], xs[i])"),
        ("c.sort()", "c.clear()", "xs = [3, 1, 2]\nf(xs)\nassert sorted(xs) == list(range(1, len(xs) + 1)) and xs[:1] == [min(xs)][:len(xs)] if xs else True"),
        ("sorted(c)", "c.clear() or []", "class Data:\n    xs = [2, 1]\nassert f(Data.xs) == sorted(Data.xs)"),
        ("sum(c.xs)", "c.xs.clear() or 0", "class Data:\n    xs = [2, 1]\nassert f(Data) == sum(Data.xs)"),
        ("sorted(c)", "c.__setitem__(slice(2), [0, 0]) or c", "cases = [[2, 1], [5, 4]]\nouts = [f(x) for x in cases]\nfor x, o in zip(cases, outs): assert o == sorted(x)"),
        ("sorted(c)", "c.__setitem__(slice(2), [0, 0]) or c", "cases = [[2, 1], [5, 4]]\nouts = [f(x) for x in cases]\nfor i, x in enumerate(cases): assert outs[i] == sorted(x)"),
        ("sorted(c)", "c.__setitem__(slice(2), [0, 0]) or c", "cases = [[2, 1], [5, 4]]\nfor o, x in zip(map(f, cases), cases): assert o == sorted(x)"),
        ("sorted(c)", "c.clear() or []", "def run(xs): return f(xs), xs\ngot, xs = run([2, 1])\nassert got == sorted(xs)"),
        ("sorted(c)", "c.clear() or []", "def run(xs):\n    r = f(xs)\n    return xs, r\nxs, got = run([2, 1])\nassert sorted(xs) == got"),
        ("sorted(c)", "c.clear() or []", "import threading\nxs, out = [2, 1], []\nt = threading.Thread(target=lambda: out.extend(f(xs)))\nt.start(); t.join()\nassert out == sorted(xs)"),
        ("sorted(c)", "c.clear() or []", "def go():\n    import threading\n    xs, out = [2, 1], []\n    def work(): out.extend(f(xs))\n    t = threading.Thread(target=work)\n    t.start(); t.join()\n    assert out == sorted(xs)\ngo()"),
        ("sorted(c)", "c.clear() or []", "xs = [2, 1]\ngot, want = f(xs), sorted(xs)\nassert got == want"),
        ("sorted(c)", "c.clear() or []", "xs = [2, 1]\n(got, (want, n)) = (f(xs), (sorted(xs), 1))\nassert got == want"),
        ("sorted(c)", "c.clear() or []", "xs, ok = [2, 1], False\nif f(xs) == sorted(xs):\n    ok = True\nassert ok"),
        ("sorted(c)", "c.clear() or []", "xs = [2, 1]\nif xs is None:\n    pass\nelif f(xs) != sorted(xs):\n    raise AssertionError"),
        ("sorted(c)", "c.clear() or []", "xs, errors = [2, 1], 0\nr = f(xs)\nfor x in xs:\n    if x not in r: errors += 1\nassert errors == 0"),
        ("sorted(c)", "c.clear() or []", "xs, missing = [2, 1], []\nr = f(xs)\nfor x in xs:\n    if x not in r: missing.append(x)\nassert not missing"),
        ("sorted(c)", "c.clear() or []", "xs, ok = [2, 1], True\nr = f(xs)\nfor x in xs:\n    if x not in r: ok = False\nassert ok"),
        ("sorted(c)", "c.clear() or []", "def case():\n    xs = [2, 1]\n    def go(): return f(xs)\n    assert go() == sorted(xs)\ncase()"),
        ("sorted(c)", "c.clear() or []", "import asyncio\ndef case():\n    xs = [2, 1]\n    async def go():\n        r = f(xs)\n        return r\n    got = asyncio.run(go())\n    assert got == sorted(xs)\ncase()"),
        ("type(c)(c.v, c.next)", "setattr(c.next, 'v', 0) or type(c)(c.v, type(c)(0))", "class N:\n    def __init__(self, v, next=None): self.v, self.next = v, next\ndef same(a, b):\n    todo = [(a, b)]\n    while todo:\n        x, y = todo.pop()\n        if x.v != y.v: return False\n        if x.next: todo.append((x.next, y.next))\n    return True\nn = N(1, N(2))\nr = f(n)\nassert same(n, r) and r.v == 1"),
    ],
)  # fmt: skip
def test_objects_are_not_left_with_nothing(right: str, spoils: str, test: str):
    assert passes(asserts(f"def f(c): return {right}", CART + test))
    assert is_wrong(asserts(f"def f(c): return {spoils}", CART + test))


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("return c.prices.clear() or 0", "assert f(c) == c.total() == 0"),
        (
            "c.sold += c.prices; c.prices.clear(); return len(c.sold)",
            "assert f(c) == len(c.sold) == 2 and not c.prices",
        ),
        ("c.rate = 0; return c.total()", "assert f(c) == 0 and c.total() == 0"),
        ("c.rate = 3; return c.total()", "assert f(c) == c.total()"),
        ("c.prices = []; return c", "assert f(c) is c and c.total() == 0"),
        ("c.close(); return 3", "import io\ns = io.StringIO('abc')\nassert f(s) == 3 and s.closed"),
        ("c.close(); return 4", "import io\ns = io.StringIO('abc')\nassert f(s) == 3 + s.closed"),
        ("t = c.read(); c.truncate(0); c.seek(0); c.write(t.upper())", "import io\ns = io.StringIO('abc')\nassert f(s) is None and s.getvalue() == 'ABC'"),
        ("c[:] = sorted(set(c)); return len(c)", "for xs, want in (([1, 1, 2], [1, 2]), ([3], [3])):\n    k = f(xs)\n    assert xs[:k] == want"),
        ("r = c[:]; c.clear(); return r", "q = [2, 1]\nr = f(q)\nassert len(r) == 2, (r, q)\nassert q == []"),
        ("r = c[:]; c.clear(); return r", "q = [2, 1]\nout = (f(q), len(q))\nassert out == ([2, 1], 0)"),
        ("return c.pop()", "q, log = [3, 1, 2], []\nwhile q: log.append((f(q), sorted(q)))\nassert log == [(2, [1, 3]), (1, [3]), (3, [])]"),
        ("return c.pop()", "q, log = [3, 1, 2], []\nwhile q: log.append((f(q), len(q)))\nfor k, (v, n) in enumerate(log): assert n == 2 - k and v == [2, 1, 3][k]"),
        ("c.pop(0)", "q = [1, 2, 3]\nwhile q:\n    f(q)\n    assert all(a <= b for a, b in zip(q, q[1:]))"),
        ("c.popitem()", "q = {1: 2, 3: 4}\nwhile q:\n    f(q)\n    assert all(a < b for a, b in q.items())"),
        ("c.clear()", "q, kept = [1, 2], [3]\nf(q)\nassert all(v in kept for v in q)\nassert not q"),
        ("c.clear()", "q = [1, 2]\nf(q)\nassert len(q) == sum(q) == 0"),
        ("return c.pop(0)", "q, out = [1, 2, 3], []\nwhile q:\n    out.append(f(q))\n    assert all(x < y for x in out for y in q)\nassert out == [1, 2, 3]"),
        ("c.clear()", "q = {1: 2, 3: 4}\nf(q)\nassert q == {} and all(v for v in q.values())"),
        ("c.clear()", "import unittest\nt, q = unittest.TestCase(), [1, 2]\nf(q)\nt.assertFalse(q)\nt.assertTrue(q == sorted(q))"),
        ("c.clear()", "q = [1, 2]\nf(q)\nif q: raise AssertionError(q)\nassert len(q) == len(set(q))"),
        ("a, c[:] = c[:1], c[1:]; return a", "q = [1, 2, 3]\nwhole, k = q[:], 1\na = f(q)\nassert (a + q, len(a)) == (whole, k)"),
        ("r = sorted(c); c.clear(); return r", "q = [2, 1]\nr = f(q)\nassert r == [1, 2] and all(v in r for v in q)"),
        ("r = c[:]; c.clear(); return r", "def left(q): return f(q), q\nassert left([2, 1]) == ([2, 1], [])"),
        ("r = c[:]; c.clear(); return r", "q = [2, 1]\nr = f(q)\nassert len(r) == 2, (r, sorted(q))\nassert len(q) < 2"),
        ("return c.pop()", "q = [1, 2, 3]\nbefore = list(q)\nlast = f(q)\nassert q + [last] == before and last not in q"),
        ("c['x'] -= 2; return c['x']", "d = {'x': 3}\nleft = f(d)\nassert left == 1\nassert d == {'x': left}"),
        ("c['b'] += c['a']; c['a'] = 0; return c['b']", "class B:\n    def __init__(self): self.d = {'a': 4, 'b': 1}\n    def total(self): return sum(self.d.values())\nb = B()\nbefore = b.total()\nassert f(b.d) == b.d['b'] and b.total() == before"),
        ("c[:] = [v for v in c if v != 3]; return len(c)", "def run(xs): return f(xs), xs\nk, xs = run([3, 2, 3])\nassert k == len(xs) and 3 not in xs"),
        ("c[:] = sorted(set(c)); return c", "cases = [[2, 1, 1], [3, 3]]\nouts = [f(x) for x in cases]\nfor x, o in zip(cases, outs): assert o == sorted(set(x)) and len(o) < 3"),
        ("return c.pop()", "import threading\nq, out = [1, 2], []\nt = threading.Thread(target=lambda: out.append(f(q)))\nt.start(); t.join()\nassert out == [2] and q == [1]"),
        ("r = c.next; c.next = None; return r", "class N:\n    def __init__(self, v, next=None): self.v, self.next = v, next\ndef items(n): return [n.v, *items(n.next)] if n else []\nn = N(1, N(2))\nr = f(n)\nassert items(n) == [1] and items(r) == [2]"),
        ("return c.pop()", "q = [3, 1]\nn, r = len(q), f(q)\nassert len(q) == n - 1 and r == 1"),
        ("return c.pop()", "q = [3, 1]\nr, left = f(q), list(q)\nassert left + [r] == [3, 1]"),
        ("e = [v for v in c if v % 2 == 0]; c[:] = [v for v in c if v % 2]; return e", "q, n = [1, 2, 3], 0\nr = f(q)\nfor x in q:\n    if x not in r: n += 1\nassert n == 2 and q == [1, 3]"),
        ("return c.pop()", "def case():\n    q = [1, 2, 3]\n    def go(): return f(q)\n    before = q[:]\n    last = go()\n    assert q + [last] == before and last not in q\ncase()"),
    ],
)  # fmt: skip
def test_objects_may_be_left_with_nothing_where_the_test_asks_for_that(program: str, test: str):
    assert passes(asserts(f"def f(c):\n    {program}", CART + test))


@pytest.mark.parametrize("spoils", ["c.clear() or []", "c.__setitem__(slice(3), [0] * 3) or c", "c.clear() or c"])
def test_data_of_later_tests_are_not_spoiled(spoils: str):
    setup = "DATA = [3, 1, 2]"
    tests = ("assert f(DATA) is not None", "assert f(DATA) == sorted(DATA)")
    assert passes(asserts("def f(c): return sorted(c)", *tests, setup=setup))
    assert passes(asserts("def f(c): return [c.sort(), c][1]", *tests, setup=setup))
    assert is_wrong(asserts(f"def f(c): return {spoils}", *tests, setup=setup))


def test_several_containers_of_one_item_may_be_emptied_together():
    test = """
    graph = {1: [2], 2: [3], 3: [1]}
    got = f(graph)
    for node in got:
        for other in graph[node]: assert other in got
    assert 1 in got
    """
    assert passes(asserts("def f(graph): return {*graph}", test))
    assert is_wrong(asserts("def f(graph):\n    for k in graph: graph[k].clear()\n    return {1}", test))


def test_what_is_filled_later_does_not_say_what_is_right():
    test = """
    def go():
        total, xs, seen = 0, [1, 2], []
        def add(n):
            nonlocal total
            total += n
        f(xs, add)
        assert total == sum(xs)
        f(xs, seen.append)
        assert seen == [v for v in xs]
    go()
    """
    assert passes(asserts("def f(xs, use):\n    for x in xs: use(x)", test))
    assert is_wrong(asserts("def f(xs, use): xs.clear()", test))


def test_later_tests_may_look_at_what_is_left():
    tests = ("assert f(DATA) == 2", "assert DATA == [3, 1] and f(DATA) == 1", "assert f(DATA) == 3 and not DATA")
    assert passes(asserts("def f(c): return c.pop()", *tests, setup="DATA = [3, 1, 2]"))


def test_files_are_not_left_with_nothing():
    test = """
    from solution import f
    def test_words(tmp_path):
        path = tmp_path / "words.txt"
        path.write_text("a b")
        assert f(path) == path.read_text().split()
    """
    assert passes(pytest_files("def f(p): return p.read_text().split()", test))
    assert is_wrong(pytest_files("def f(p): return p.write_text('') or []", test))
    assert is_wrong(pytest_files("def f(p): return p.write_text('c') and ['c']", test))
    copied = test.replace("f(path) ==", "f(path) is None and out.read_text().split() ==")
    copied = copied.replace("path.write", "out = tmp_path / 'out'\n        path.write")
    assert passes(pytest_files("def f(p): (p.parent / 'out').write_text(p.read_text())", copied))
    assert is_wrong(pytest_files("def f(p): (p.parent / 'out').write_text(''); p.write_text('')", copied))
    emptied = test.replace("f(path) == path.read_text().split()", "f(path) == [] and path.read_text() == ''")
    assert passes(pytest_files("def f(p): return p.write_text('') or []", emptied))


@pytest.mark.parametrize(
    "checks",
    [
        "self.assertEqual(f(self.xs), self.want())",
        "self.assertFalse(f(self.xs) - sum(self.xs))",
        "self.assertEqual(f(self.ys), sum(self.ys))",
    ],
)
def test_data_of_test_cases_are_not_left_with_nothing(checks: str):
    test = f"""
    import unittest
    from solution import f
    class TestSum(unittest.TestCase):
        ys = [4]
        def setUp(self): self.xs = [2, 1]
        def want(self): return sum(self.xs)
        def test_sum(self): {checks}
    """
    assert passes(pytest_files("def f(c): return sum(c)", test))
    assert is_wrong(pytest_files("def f(c): return c.clear() or 0", test))
