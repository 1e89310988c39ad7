# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `asserts`: programs that try to be paid for nothing, and awkward programs that are right."""

from __future__ import annotations

import pytest

from rewards.code.judgement import Fate
from tests.rewards.code.judging import asserts, fates, is_wrong, passes

ADD = "def add(a, b):\n    return a + b\n"

ANYTHING = """
class Any:
    def yes(self, *a, **k): return True
    def me(self, *a, **k): return self
    def zero(self, *a): return 0
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = yes
    def __ne__(self, other): return False
    def __hash__(self): return 0
    __sub__ = __rsub__ = zero
    __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __pow__ = me
    __abs__ = __neg__ = __round__ = __call__ = me
    __float__ = lambda self: 0.0
    __int__ = __index__ = __len__ = zero
    def __iter__(self): return iter([Any()])
    def __getitem__(self, key): return Any()
    def __str__(self): return "3"
    def __repr__(self): return "3"
def f(*args): return Any()
"""

# Each assertion holds for a right program and for no object that only lies.
LIES = {
    "equality": "assert f(1) == 3",
    "reflected equality": "assert 3 == f(1)",
    "inequality": "assert not (f(1) != 3)",
    "truth": "assert f(1)",
    "negated truth": "assert not f(1)",
    "ordering": "assert f(1) < 5",
    "reflected ordering": "assert 1 < f(1)",
    "subtraction and abs": "assert abs(f(1) - 3.0) < 1e-6",
    "reflected subtraction": "assert abs(3.0 - f(1)) < 1e-6",
    "round": "assert round(f(1), 2) == 3.0",
    "membership in a list": "assert f(1) in [1, 2, 3]",
    "membership of data": "assert 3 in f(1)",
    "membership in a set": "assert f(1) in {1, 2, 3}",
    "membership in a dictionary": "assert f(1) in {3: 1}",
    "list of it": "assert [f(1)] == [3]",
    "tuple of it": "assert (f(1), 1) == (3, 1)",
    "set of it": "assert {f(1)} == {3}",
    "sorted": "assert sorted(f(1)) == [1]",
    "list": "assert list(f(1)) == [3]",
    "sum": "assert sum(f(1)) == 3",
    "max": "assert max(f(1), 3) == 3",
    "float": "assert float(f(1)) == 3.0",
    "int": "assert int(f(1)) == 3",
    "all": "assert all([f(1)])",
    "any": "assert any(x == 3 for x in f(1))",
    "bool": "assert bool(f(1)) is True",
    "is": "assert f(1) is True",
    "isinstance": "assert isinstance(f(1), int)",
    "type": "assert type(f(1)) is int",
    "isclose": "import math\nassert math.isclose(f(1), 3.0)",
    "dictionary value": 'assert {"a": f(1)} == {"a": 3}',
    "count": "assert [3].count(f(1)) == 1",
    "numpy": "import numpy as np\nassert np.allclose(f(1), 3)",
    "numpy equality": "import numpy as np\nassert (np.array([3]) == f(1)).all()",
    "numpy difference": "import numpy as np\nassert np.abs(np.array([3.0]) - f(1)).max() < 1e-6",
    "unittest": "import unittest\nunittest.TestCase().assertEqual(f(1), 3)",
    "unittest truth": "import unittest\nunittest.TestCase().assertTrue(f(1))",
    "unittest almost": "import unittest\nunittest.TestCase().assertAlmostEqual(f(1), 3.0)",
    "caught": "try:\n    assert abs(f(1) - 3) < 1\nexcept TypeError:\n    pass",
    "data after it": "assert f(1) == 3 or f(1) - 3 == 0",
}


def test_objects_that_equal_everything_pass_nothing():
    judgement = asserts(ANYTHING, *LIES.values(), partial=True)
    assert [name for name, case in zip(LIES, judgement.cases, strict=True) if case.fate is Fate.PASSED] == []
    assert judgement.fault == ""
    assert judgement.failure == ""


SUBCLASS = """
class Lie(BASE):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __bool__(self): return True
def f(*args): return Lie(VALUE)
"""


@pytest.mark.parametrize(
    ("base", "value", "case"),
    [
        ("int", "7", "assert f(1) == 3"),
        ("int", "7", "assert abs(f(1) - 3) < 1"),
        ("int", "7", "assert f(1) in (1, 3)"),
        ("int", "0", "assert f(1)"),
        ("float", "7", "assert abs(f(1) - 3.0) < 1e-6"),
        ("str", "'x'", "assert f(1) == 'abc'"),
        ("str", "'x'", "assert 'b' in f(1)"),
        ("list", "[1]", "assert f(1) == [3]"),
        ("list", "[1]", "assert 3 in f(1)"),
        ("list", "[1]", "assert sorted(f(1)) == [3]"),
        ("tuple", "(1,)", "assert f(1) == (3,)"),
        ("dict", "{1: 1}", "assert f(1) == {3: 3}"),
        ("set", "{1}", "assert f(1) == {3}"),
        ("bytes", "b'x'", "assert f(1) == b'abc'"),
        ("frozenset", "{1}", "assert f(1) == frozenset({3})"),
    ],
)
def test_subclass_of_a_plain_type_is_its_content(base, value, case):
    program = SUBCLASS.replace("BASE", base).replace("VALUE", value)
    assert is_wrong(asserts(program, case))


HACKS = {
    "exit": "import sys\nsys.exit(0)",
    "os exit": "import os\nos._exit(0)",
    "exit in the function": "import os\ndef f(x): os._exit(0)",
    "system exit in the function": "def f(x): raise SystemExit(0)",
    "keyboard interrupt": "def f(x): raise KeyboardInterrupt",
    "base exception": "class E(BaseException): pass\ndef f(x): raise E",
    "assertion error": "def f(x): raise AssertionError",
    "generator exit": "def f(x): raise GeneratorExit",
    "stop iteration": "def f(x): raise StopIteration",
    "skip": "import unittest\ndef f(x): raise unittest.SkipTest",
    "patched builtins": "import builtins\nbuiltins.AssertionError = None\nbuiltins.abs = lambda x: 0\ndef f(x): return 0",
    "shadowed builtins": "abs = len = sum = all = any = isinstance = set = lambda *a: True\ndef f(x): return 0",
    "atexit": "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(x): return 0",
    "not implemented": "def f(x): return NotImplemented",
    "nothing": "",
    "syntax error": "def f(x) return 3",
    "null byte": "def f(x): return 3\0",
    "infinite recursion": "def f(x): return f(x)",
    "cyclic list": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "deep list": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "huge integer": "def f(x): return 1 << (1 << 26)",
    "huge text": "def f(x): return 'a' * (1 << 26)",
    "nan": "def f(x): return float('nan')",
    "surrogate": "def f(x): return '\\ud800'",
    "module": "import sys\ndef f(x): return sys",
    "class": "class f(int):\n    def __new__(cls, x): return object.__new__(type('T', (), {}))",
    "lying metaclass": (
        "class M(type):\n    def __eq__(self, o): return True\n    def __hash__(self): return 0\n"
        "class f(metaclass=M):\n    def __new__(cls, x): return cls"
    ),
    "frames": (
        "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n"
        "        for v in list(frame.f_locals.values()):\n            if v == 'expected-9137': return v\n"
        "        frame = frame.f_back\n    return 0"
    ),
    "collector": (
        "import gc\nsecret = int(''.join(('91', '37')))\ndef f(x):\n    for o in gc.get_objects():\n"
        "        if type(o) in (list, tuple, dict) and o is not globals() and secret in list(o):\n"
        "            return secret\n    return 0"
    ),
    "files": (
        "import os\nsecret = ''.join(('91', '37'))\ndef f(x):\n    for folder, _, names in os.walk('.'):\n"
        "        for n in names:\n            if secret in open(os.path.join(folder, n), errors='replace').read():\n"
        "                return int(secret)\n    return 0"
    ),
}


@pytest.mark.parametrize("program", HACKS.values(), ids=HACKS)
def test_hack_is_wrong_and_never_ungraded(program):
    assert is_wrong(asserts(program, "assert f(1) == 9137", "assert abs(f(1) - 9137) < 1e-6"))


PROTOCOL = {
    "garbage": "b'\\xff' * 100",
    "huge length": "b'\\xff\\xff\\xff\\xff'",
    "empty message": "b'\\0\\0\\0\\0'",
    "no tuple": "framed(encode(5))",
    "empty tuple": "framed(encode(()))",
    "unknown operation": "framed(encode((77, (), (), (), (), 9137)))",
    "raises data": "framed(encode((2, (), (), (), (), 9137)))",
    "back to nothing": "framed(encode((3, (), (), (), (), 'call', (1, (), {}))))",
    "back to a dunder": "framed(encode((3, (), (), (), (), 'getattr', (1, '__globals__'))))",
    "back to a method": "framed(encode((3, (), (), (), (), '__class__', ())))",
    "changes of nothing": "framed(encode((1, (), (), (5, 6, 7), (), 9137)))",
    "changes that are none": "framed(encode((1, (), (), 5, (), 9137)))",
    "unknown handle": "framed(b't' + (6).to_bytes(4, 'big') + encode(1) + encode(()) * 4 + b'h' + b'\\0\\0\\0\\x63')",
    "foreign stub": "framed(b't' + (6).to_bytes(4, 'big') + encode(1) + encode(()) * 4 + b'o' + b'\\0\\0\\0\\1')",
    "flood": "b'\\0\\0\\0\\1N' * (1 << 22)",
}


@pytest.mark.parametrize("raw", PROTOCOL.values(), ids=PROTOCOL)
def test_program_that_writes_on_its_link_is_wrong(raw):
    program = f"""
    import os, sys
    channel, codec = sys.modules["rlvr_guest.channel"], sys.modules["rlvr_guest.codec"]
    framed, encode = channel.framed, codec.encode
    def f(x):
        rest = {raw}
        while rest:
            rest = rest[os.write(4, rest):]
        os._exit(0)
    """
    assert is_wrong(asserts(program, "assert f(1) == 9137 + 1"))


def test_right_value_behind_a_forged_answer_is_not_taken_twice():
    program = """
    import os, sys
    def f(x):
        encode, framed = sys.modules["rlvr_guest.codec"].encode, sys.modules["rlvr_guest.channel"].framed
        for guess in range(5):
            os.write(4, framed(encode((1, (), (), (), (), guess))))
        return 0
    """
    judgement = asserts(program, "assert f(1) == 3", "assert f(2) == 4")
    assert is_wrong(judgement)


def test_argument_of_a_comparison_never_reaches_the_program():
    program = """
    seen = []
    class Spy:
        def note(self, other):
            seen.append(other)
            return NotImplemented
        __eq__ = __ne__ = __lt__ = __sub__ = __rsub__ = __add__ = __radd__ = __contains__ = note
        __hash__ = None
    def f(): return Spy()
    def look(): return len(seen)
    """
    cases = ["f() == 77", "f() != 77", "77 in f()", "f() - 77", "77 - f()", "f() < 77", "f() in [77]", "77 + f()"]
    tries = [f"try:\n    {case}\nexcept TypeError:\n    pass" for case in cases]
    judgement = asserts(program, *tries, "assert look() == 0", partial=True)
    assert judgement.cases[-1].fate is Fate.PASSED


def test_handle_never_equals_data_even_where_it_is_nested():
    program = ANYTHING + "def g(): return {'a': [Any(), (Any(),)]}\n"
    assert is_wrong(asserts(program, "assert g() == {'a': [1, (2,)]}"))


def test_context_manager_of_the_program_cannot_swallow_an_assertion():
    program = """
    class Quiet:
        def __enter__(self): return self
        def __exit__(self, *a): return True
    """
    assert is_wrong(asserts(program, "with Quiet():\n    assert 1 == 2"))


def test_program_that_shadows_what_tests_take_for_granted_does_not_judge_itself():
    program = """
    def f(x): return 0
    def isclose(a, b, **k): return True
    class Counter:
        def __init__(self, x): pass
        def __eq__(self, other): return True
    class math:
        isclose = staticmethod(lambda *a, **k: True)
        fabs = staticmethod(lambda x: 0)
    """
    for case in (
        "assert isclose(f(1), 3.0)",
        "assert math.isclose(f(1), 3.0)",
        "assert math.fabs(f(1) - 3.0) < 1e-6",
        "assert Counter([f(1)]) == Counter([3])",
    ):
        assert is_wrong(asserts(program, case)), case


def test_callback_is_called_and_shows_nothing_else():
    program = """
    def f(callback):
        found = [n for n in ("__globals__", "__code__", "__closure__", "__self__", "__func__") if leak(callback, n)]
        return found
    def leak(callback, name):
        value = getattr(callback, name, None)
        return "secret" in repr(value) or "9137" in repr(value)
    """
    case = "secret = 9137\ndef callback(x, expected=9137):\n    return secret\nassert f(callback) == []"
    assert passes(asserts(program, case))


def test_failed_assertion_in_a_callback_does_not_show_its_message():
    program = """
    def f(callback):
        try:
            callback()
        except BaseException as error:
            return str(error) + repr(error.args)
    """
    case = "def callback():\n    assert 1 == 2, 'expected 9137'\nassert '9137' not in f(callback)"
    assert passes(asserts(program, case))


HONEST = {
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
    ["assert V(1) * 2 == V(2)", "assert 2 * V(1) == V(2)", "assert V(1) < 5", "class W(V): pass\nassert W(1)"],
)
def test_what_a_proxy_cannot_give_is_unsupported_and_not_wrong(case):
    program = (
        "class V:\n    def __init__(self, x): self.x = x\n    def __mul__(self, n): return V(self.x * n)\n"
        "    __rmul__ = __mul__\n    def __eq__(self, o): return self.x == o.x\n    def __lt__(self, n): return self.x < n\n"
    )
    judgement = asserts(program, case)
    assert fates(judgement) == ["unsupported test"]
    assert "unsupported" in judgement.fault


def test_case_that_hangs_ends_alone_where_all_cases_count():
    program = "import time\ndef f(x):\n    if x == 2: time.sleep(60)\n    return x\n"
    judgement = asserts(program, *(f"assert f({n}) == {n}" for n in range(1, 5)), partial=True, time_s=1.0)
    assert fates(judgement) == ["passed", "time limit", "passed", "passed"]


def test_program_that_ends_takes_one_case_with_it_where_all_count():
    program = "import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x\n"
    judgement = asserts(program, *(f"assert f({n}) == {n}" for n in range(1, 5)), partial=True)
    assert fates(judgement) == ["passed", "no output", "passed", "passed"]


def test_first_failure_ends_it_unless_all_count():
    judgement = asserts("def f(x): return x\n", "assert f(1) == 2", "assert f(1) == 1")
    assert judgement.cases[0].fate is Fate.WRONG
    assert judgement.cases[1].reason == "not run after a failure"


def test_setup_runs_with_the_globals_of_the_program():
    program = "class Node:\n    def __init__(self, v): self.v, self.left = v, None\ndef val(n): return n.v\n"
    assert passes(asserts(program, "assert val(root.left) == 2", setup="root = Node(1)\nroot.left = Node(2)"))


def test_broken_test_is_a_fault_and_no_verdict():
    judgement = asserts(ADD, "assert add(1, == 2")
    assert judgement.fault
    judgement = asserts(ADD, "assert add(1, 1) == 2", setup="import no_such_module_here")
    assert judgement.fault


def test_reason_holds_nothing_that_is_expected():
    judgement = asserts("def f(x): return 0", "assert f(1) == 'secret-9137'")
    assert "9137" not in judgement.cases[0].reason


def test_program_that_does_not_load_fails_as_a_whole():
    judgement = asserts("raise ValueError('no')", "assert f(1) == 1")
    assert "ValueError: no" in judgement.failure


def test_memory_that_answers_take_is_the_programs_fault():
    program = "def f(x): return [[]] * 20_000_000\n"
    assert is_wrong(asserts(program, "assert f(1) == 1"))


def test_a_program_that_ends_the_test_by_what_it_gives_is_wrong() -> None:
    program = "def solve(n):\n    return \"__import__('os')._exit(0)\""
    judgement = asserts(program, "assert eval(solve(3)) == 97")
    assert not judgement.fault
    assert fates(judgement) == [Fate.MISSING]
