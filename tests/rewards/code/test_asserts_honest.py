# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `asserts`: awkward programs that are right pass, and what a proxy cannot give is no verdict."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, fates

ADD = "def add(a, b):\n    return a + b\n"

HONEST = {
    "keyword arguments of every name": (
        "class P:\n    def __init__(self, name, **more): self.name, self.more = name, more\n    def give(this, **k): return k\n"
        "def f(**k): return k\ndef g(h): return h(name=1, self=2, number=3)\n",
        [
            "assert P(name='x').name == 'x' and P('x', cls=1).more == {'cls': 1}",
            "assert P(1).give(self=1, name=2) == {'self': 1, 'name': 2}",
            "assert f(name=1, self=2, cls=3, function=4, _host=5, args=6) == dict(name=1, self=2, cls=3, function=4, _host=5, args=6)",
            "assert g(lambda **k: k) == {'name': 1, 'self': 2, 'number': 3}",
        ],
    ),
    "values of all kinds": (
        "import decimal, fractions, datetime\n"
        "def f(kind): return {'d': decimal.Decimal('1.5'), 'f': fractions.Fraction(1, 3), 's': {1, 2}, 't': (1, [2]),"
        " 'b': b'x', 'c': 1 + 2j, 'n': None, 'r': range(3), 'dt': datetime.date(2020, 1, 1), 'fs': frozenset([1])}[kind]",
        (
            "from decimal import Decimal\nassert f('d') == Decimal('1.5')",
            "from fractions import Fraction\nassert f('f') == Fraction(1, 3)",
            "assert f('s') == {1, 2} and type(f('s')) is set",
            "assert f('t') == (1, [2])",
            "assert f('b') == b'x' and f('c') == 1 + 2j and f('n') is None and f('r') == range(3)",
            "import datetime\nassert f('dt') == datetime.date(2020, 1, 1)",
            "assert f('fs') == frozenset([1])",
        ),
    ),
    "collections": (
        "from collections import *\n"
        "def f(): return Counter('aab')\ndef g(): return OrderedDict(b=1, a=2)\ndef h(): return deque([1, 2])\n"
        "def d():\n    r = defaultdict(list)\n    r[1].append(2)\n    return r\n",
        (
            "assert f().most_common(1) == [('a', 2)] and f() == {'a': 2, 'b': 1}",
            "assert list(g()) == ['b', 'a']",
            "assert list(h()) == [1, 2] and h()[0] == 1",
            "x = d()\nassert x == {1: [2]} and x[5] == []",
        ),
    ),
    "argument mutated and returned": (
        "def f(xs):\n    xs.sort()\n    return xs\ndef g(d): d['k'] = [1]\ndef h(rows):\n    for r in rows: r.append(0)\n"
        "def s(x): x.add(9)\ndef b(x): x[0] = 65\n",
        (
            "xs = [3, 1]\nassert f(xs) is xs and xs == [1, 3]",
            "d = {}\ng(d)\nassert d == {'k': [1]}",
            "rows = [[1], [2]]\nh(rows)\nassert rows == [[1, 0], [2, 0]]",
            "r = [1]\nrows = [r, r]\nh(rows)\nassert rows == [[1, 0, 0], [1, 0, 0]] and rows[0] is rows[1]",
            "x = {1}\ns(x)\nassert x == {1, 9}",
            "x = bytearray(b'xyz')\nb(x)\nassert x == b'Ayz'",
        ),
    ),
    "kept argument": (
        "class Box:\n    def __init__(self, items): self.items = items\n    def size(self): return len(self.items)\n"
        "class Copy(Box):\n    def __init__(self, items): self.items = list(items)\n",
        (
            "xs = [1]\nb = Box(xs)\nxs.append(2)\nassert b.size() == 2 and b.items is xs",
            "xs = [1]\nb = Copy(xs)\nxs.append(2)\nassert b.size() == 1 and b.items is not xs",
            "b = Copy([1])\nb.items.append(5)\nassert b.size() == 2 and b.items == [1, 5]",
        ),
    ),
    "cyclic argument": (
        "def f(a): return a[0] is a\ndef g():\n    a = [1]\n    a.append(a)\n    return a\n",
        ("a = []\na.append(a)\nassert f(a)", "a = g()\nassert a[1] is a and a[0] == 1"),
    ),
    "lazy generator": (
        "seen = []\ndef gen():\n    n = 0\n    while True:\n        seen.append(n)\n        yield n\n        n += 1\n"
        "def count(): return len(seen)\ndef echo():\n    got = yield 1\n    yield got\n",
        (
            "g = gen()\nassert next(g) == 0 and next(g) == 1 and count() == 2",
            "import itertools\nassert list(itertools.islice(gen(), 3)) == [0, 1, 2]",
            "g = echo()\nassert next(g) == 1 and g.send(5) == 5",
            "assert [x for x, _ in zip(gen(), range(2))] == [0, 1]",
        ),
    ),
    "returned function and closure": (
        "def adder(n): return lambda x: x + n\ndef compose(f, g): return lambda x: f(g(x))\n"
        "def counter():\n    n = 0\n    def tick():\n        nonlocal n\n        n += 1\n        return n\n    return tick\n",
        (
            "assert adder(2)(3) == 5",
            "assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11",
            "t = counter()\nt()\nassert t() == 2",
            "assert list(map(adder(1), [1, 2])) == [2, 3] and callable(adder(1))",
        ),
    ),
    "operators between its objects": (
        "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n"
        "    def __eq__(self, o): return isinstance(o, V) and self.x == o.x\n    def __lt__(self, o): return self.x < o.x\n"
        "    def __hash__(self): return hash(self.x)\n    def __repr__(self): return f'V({self.x})'\n"
        "    def __neg__(self): return V(-self.x)\n    def __len__(self): return self.x\n"
        "    def __getitem__(self, i): return [self.x][i]\n    def __call__(self, y): return self.x * y\n",
        (
            "assert V(1) + V(2) == V(3) and V(1) != V(2) and V(1) < V(2)",
            "assert repr(V(3)) == 'V(3)' and str([V(1)]) == '[V(1)]' and f'{V(2)}' == 'V(2)'",
            "assert len({V(1), V(1), V(2)}) == 2 and V(1) in [V(1)]",
            "assert sorted([V(2), V(1)])[0].x == 1 and max(V(1), V(5)).x == 5",
            "assert len(V(4)) == 4 and V(7)[0] == 7 and V(3)(4) == 12",
            "assert (-V(2)).x == -2 and isinstance(V(1), V) and not isinstance(3, V) and type(V(1)) is V",
            "assert hash(V(1)) == hash(V(1)) and V(1) == V(1) and not V(1) == 1",
            "assert sum([V(1), V(2)], V(0)) == V(3)",
        ),
    ),
    "exceptions": (
        "class Mine(ValueError):\n    def __init__(self, code):\n        super().__init__(f'code {code}')\n        self.code = code\n"
        "def f(x):\n    if x < 0: raise Mine(x)\n    if x == 0: raise KeyError('zero')\n    return 1 // (x - 1)\n",
        (
            "try:\n    f(-1)\nexcept Mine as e:\n    assert e.code == -1 and str(e) == 'code -1'\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False",
            "try:\n    f(0)\nexcept KeyError as e:\n    assert e.args == ('zero',)\nelse:\n    assert False",
            "try:\n    f(1)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False",
            "assert issubclass(Mine, ValueError) and f(2) == 1",
        ),
    ),
    "exception of the test passes through": (
        "def f(callback):\n    try:\n        callback()\n    except ValueError as error:\n        return str(error)\n"
        "def g(callback): callback()\ndef retry(fn, kinds):\n    for _ in range(3):\n        try: return fn()\n"
        "        except kinds: pass\n",
        (
            "def bad(): raise ValueError('boom')\nassert f(bad) == 'boom'",
            "class Own(Exception): pass\nerror = Own('x')\ndef bad(): raise error\n"
            "try:\n    g(bad)\nexcept Own as caught:\n    assert caught is error\nelse:\n    assert False",
            "class Own(Exception): pass\nn = []\ndef flaky():\n    n.append(1)\n    if len(n) < 3: raise Own\n    return 5\n"
            "assert retry(flaky, Own) == 5 and len(n) == 3",
        ),
    ),
    "plain subclasses": (
        "from collections import namedtuple, UserDict\nfrom enum import Enum, IntEnum\nP = namedtuple('P', 'x y')\n"
        "class Color(Enum):\n    RED = 1\nclass N(IntEnum):\n    ONE = 1\nclass Stack(list):\n"
        "    def push(self, x): self.append(x)\n    def peek(self): return self[-1]\n"
        "def point(): return P(1, 2)\ndef red(): return Color.RED\n",
        (
            "p = point()\nassert p == (1, 2) and p.x == 1 and p._asdict() == {'x': 1, 'y': 2}",
            "assert red() is Color.RED and red().name == 'RED' and Color(1) == Color.RED and len(Color) == 1",
            "assert N.ONE == 1 and N.ONE + 1 == 2 and [c.name for c in Color] == ['RED']",
            "s = Stack()\ns.push(1)\ns.append(2)\nassert s == [1, 2] and s.peek() == 2 and len(s) == 2 and s.pop() == 2",
            "assert isinstance(point(), tuple) and P(3, 4) == (3, 4)",
        ),
    ),
    "linked nodes": (
        "class Node:\n    def __init__(self, val, next=None):\n        self.val, self.next = val, next\n"
        "def reverse(head):\n    prev = None\n    while head:\n        head.next, prev, head = prev, head, head.next\n    return prev\n",
        (
            "n = reverse(Node(1, Node(2)))\nvals = []\nwhile n:\n    vals.append(n.val)\n    n = n.next\nassert vals == [2, 1]",
            "n = Node(1)\nn.next = Node(2)\nassert n.next.val == 2 and n.next.next is None",
        ),
    ),
    "context manager and properties": (
        "class C:\n    def __enter__(self):\n        self.open = True\n        return self\n"
        "    def __exit__(self, kind, value, trace):\n        self.open = False\n        return kind is KeyError\n"
        "    @property\n    def half(self): return self._v / 2\n    @half.setter\n    def half(self, v): self._v = v * 2\n",
        (
            "with C() as c:\n    assert c.open is True\nassert c.open is False",
            "with C() as c:\n    raise KeyError('x')\nassert c.open is False",
            "c = C()\nc.half = 3\nassert c.half == 3",
        ),
    ),
    "big numbers and deep recursion": (
        "import sys\nsys.setrecursionlimit(20000)\ndef fact(n): return 1 if n < 2 else n * fact(n - 1)\n"
        "def depth(n): return 0 if n == 0 else 1 + depth(n - 1)\n",
        ("import math\nassert fact(500) == math.factorial(500)", "assert depth(9000) == 9000"),
    ),
    "threads and asynchronous functions": (
        "import threading, asyncio\ndef f(n):\n    out = []\n    ts = [threading.Thread(target=out.append, args=(i,)) for i in range(n)]\n"
        "    [t.start() for t in ts]\n    [t.join() for t in ts]\n    return sorted(out)\n"
        "async def g(x):\n    await asyncio.sleep(0)\n    return x + 1\nasync def gen():\n    yield 1\n    yield 2\n",
        (
            "assert f(3) == [0, 1, 2]",
            "import asyncio\nassert asyncio.run(g(1)) == 2",
            "import asyncio\nasync def main(): return await asyncio.gather(g(1), g(2))\nassert asyncio.run(main()) == [2, 3]",
            "import asyncio\nasync def main(): return [x async for x in gen()]\nassert asyncio.run(main()) == [1, 2]",
        ),
    ),
    "asynchronous callbacks": (
        "import asyncio\nasync def twice(fn, x): return await fn(x) + await fn(x)\n"
        "async def both(fn): return await asyncio.gather(fn(1), fn(2))\n",
        (
            "import asyncio\nasync def cb(x):\n    await asyncio.sleep(0.001)\n    return x * 10\nassert asyncio.run(twice(cb, 2)) == 40",
            "import asyncio\nasync def cb(x):\n    await asyncio.sleep(0.001)\n    return x * 10\nassert asyncio.run(both(cb)) == [10, 20]",
        ),
    ),
    "builtins and types as arguments": (
        "def apply(fn, x): return fn(x)\ndef kind(x): return type(x)\ndef of(x, t): return isinstance(x, t)\n",
        (
            "assert apply(len, [1, 2]) == 2 and apply(str.upper, 'a') == 'A' and apply(int, '5') == 5",
            "assert kind(3) is int and of(3, int) and of('a', (str, bytes))",
            "import math, operator\nassert apply(math.sqrt, 4) == 2 and apply(operator.neg, 4) == -4",
        ),
    ),
    "iterators as arguments": (
        "def first(it): return next(iter(it))\ndef total(it): return sum(it)\n",
        (
            "assert first(iter([5, 6])) == 5",
            "assert total(x * x for x in range(4)) == 14 and total(map(int, '12')) == 3",
            "assert total(range(4)) == 6 and total({1: 2}.values()) == 2",
        ),
    ),
    "numpy both ways": (
        "import numpy as np\ndef double(a): return a * 2\ndef fill(a): a[0] = 9\ndef mean(a): return a.mean()\n",
        (
            "import numpy as np\nnp.testing.assert_array_equal(double(np.array([1, 2])), [2, 4])",
            "import numpy as np\na = np.zeros(2)\nfill(a)\nassert a[0] == 9",
            "import numpy as np\nassert mean(np.array([1.0, 2.0])) == 1.5 and double(np.eye(2)).shape == (2, 2)",
        ),
    ),
    "globals that change": (
        "count = 0\nlog = []\ndef tick():\n    global count\n    count += 1\n    log.append(count)\n",
        ("tick()\nassert count == 1", "tick()\nassert count == 2 and log == [1, 2]"),
    ),
    "names of the program that are builtins": ("def sum(a, b): return a + b + 0\n", ("assert sum(1, 2) == 3",)),
    "inspected source": (
        "import dataclasses\n@dataclasses.dataclass\nclass D:\n    x: int\n    y: int = 2\ndef f(a, b=1):\n    '''Doc.'''\n    return a\n",
        (
            "import inspect\nassert 'return a' in inspect.getsource(f)",
            "import inspect\nassert list(inspect.signature(f).parameters) == ['a', 'b']",
            "import dataclasses\nassert dataclasses.asdict(D(1)) == {'x': 1, 'y': 2} and D(1) == D(1, 2)",
            "assert f.__name__ == 'f' and f.__doc__ == 'Doc.'",
        ),
    ),
    "copies": (
        "class T:\n    def __init__(self, v): self.v = v\n",
        ("import copy\na = T([1])\nb = copy.deepcopy(a)\nb.v.append(2)\nassert a.v == [1] and b.v == [1, 2]",),
    ),
    "standard input and output": (
        "def ask(): return input() + '!'\ndef say(x): print('said', x)\n",
        (
            "import io, sys\nsys.stdin = io.StringIO('hello\\n')\nassert ask() == 'hello!'",
            "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    say(3)\nassert out.getvalue() == 'said 3\\n'",
        ),
    ),
    "objects of the test": (
        "def total(node): return 0 if node is None else node.val + total(node.left)\n",
        (
            "class N:\n    def __init__(self, val, left=None): self.val, self.left = val, left\nassert total(N(1, N(2))) == 3",
        ),
    ),
    "functions with the names of numbers": (
        "def inf(xs): return min(xs) if xs else None\ndef sup(xs): return max(xs)\n",
        ("assert inf([3, 1]) == 1 and inf([]) is None", "assert sup([3, 1]) == 3"),
    ),
    "truth of what the test built": (
        "class Bag:\n    def __init__(self, xs): self.xs = xs\n    def __len__(self): return len(self.xs)\n",
        ("assert Bag([1]) and not Bag([])",),
    ),
}


@pytest.mark.parametrize(("program", "cases"), HONEST.values(), ids=HONEST)
def test_awkward_but_right_program_passes(program, cases):
    judgement = asserts(program, *cases, partial=True)
    bad = [(case.name, str(case.fate), case.reason) for case in judgement.cases if case.fate is not Fate.PASSED]
    assert (bad, judgement.failure, judgement.fault) == ([], "", "")


@pytest.mark.parametrize(
    "case",
    [
        "v = V(2)\nassert v.x == 2 and v * 2 < 5",
        "v = V(1)\nassert v.x == 1 and v < 5",
        "class TestW(V): pass\nassert TestW(1)",
    ],
)
def test_what_a_proxy_cannot_give_is_unsupported_and_not_wrong(case):
    program = (
        "class V:\n    def __init__(self, x): self.x = x\n    def __mul__(self, n): return V(self.x * n)\n"
        "    __rmul__ = __mul__\n    def __eq__(self, o): return self.x == o.x\n    def __lt__(self, n): return self.x < n\n"
    )
    judgement = asserts(program, case)
    assert fates(judgement) == ["unsupported test"]
    assert "unsupported" in judgement.fault
