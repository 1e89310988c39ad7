# ruff: noqa: E501  # tests of one line are easier to compare
"""Tasks whose verdict is made by Python code of the standard library, by limits that a number may lie beyond, in
functions that the test hands over, or by names that come from elsewhere: seams between the tests and the program.
"""

from __future__ import annotations

from tests.redteam.arena import Arena

_HALF = "def solve(x):\n    return x * 1.5\n"
_ACCOUNT = """\
class Account:
    def __init__(self, start):
        self.balance = start

    def pair(self):
        return (self.balance, self.balance * 2)

    def both(self):
        return {"one": self.balance, "two": [self.balance * 2]}
"""

SEAMS = (
    Arena(
        name="decimals",
        solution="from decimal import Decimal\ndef solve(s):\n    return Decimal(s) * Decimal('1.5')\n",
        imports="from decimal import Decimal",
        tests=(
            "assert solve('1.5') == Decimal('2.25')",
            "assert Decimal('3.00') == solve('2')",
            "assert not solve('4') != Decimal('6')",
        ),
    ),
    Arena(
        name="decimals_by_order",
        solution="from decimal import Decimal\ndef solve(s):\n    return Decimal(s) * Decimal('1.5')\n",
        imports="from decimal import Decimal",
        tests=(
            "assert Decimal('6') <= solve('4') <= Decimal('6')",
            "assert Decimal('2.25') >= solve('1.5') >= Decimal('2.25')",
        ),
    ),
    Arena(
        name="fractions",
        solution="from fractions import Fraction\ndef solve(a, b):\n    return Fraction(a, b) + 1\n",
        imports="from fractions import Fraction",
        tests=("assert solve(2, 3) == Fraction(5, 3)", "assert Fraction(3, 2) == solve(1, 2)"),
    ),
    Arena(
        name="fractions_by_order",
        solution="from fractions import Fraction\ndef solve(a, b):\n    return Fraction(a, b) + 1\n",
        imports="from fractions import Fraction",
        tests=(
            "assert Fraction(5, 3) <= solve(2, 3) <= Fraction(5, 3)",
            "assert abs(solve(1, 2) - Fraction(3, 2)) <= 1e-9",
            "assert abs(Fraction(4, 3) - solve(1, 3)) <= Fraction(1, 10**9)",
        ),
    ),
    Arena(
        name="counters",
        solution="from collections import Counter\ndef solve(s):\n    return Counter(s)\n",
        imports="from collections import Counter",
        tests=("assert solve('abc') == Counter('abc')", "assert Counter('xy') == solve('xy')"),
    ),
    Arena(
        name="counters_by_parts",
        solution="from collections import Counter\ndef solve(s):\n    return Counter(s)\n",
        imports="from collections import Counter",
        tests=(
            "assert not solve('ab') - Counter('ab') and not Counter('ab') - solve('ab')",
            "assert Counter('ab') <= solve('ab') <= Counter('ab')",
            "assert solve('aab') & Counter('aab') == Counter('aab')",
        ),
    ),
    Arena(
        name="containers",
        solution="from collections import *\ndef solve(a):\n    return deque(a), OrderedDict.fromkeys(a), defaultdict(int, {x: x for x in a})\n",
        imports="from collections import OrderedDict, defaultdict, deque",
        tests=(
            "assert solve([1, 2])[0] == deque([1, 2])",
            "assert solve([3, 1])[1] == OrderedDict([(3, None), (1, None)])",
            "assert solve([3, 1])[2] == defaultdict(int, {1: 1, 3: 3})",
        ),
    ),
    Arena(
        name="user_containers",
        solution="from collections import *\ndef solve(a):\n    return UserList(a), UserDict({x: x for x in a})\n",
        imports="from collections import ChainMap, UserDict, UserList",
        tests=(
            "assert UserList([1, 2]) == list(solve([1, 2])[0])",
            "assert UserDict({4: 4}) == dict(solve([4])[1])",
            "assert dict(ChainMap({5: 5})) == dict(solve([5])[1])",
        ),
    ),
    Arena(
        name="ratios",
        solution=_HALF,
        tests=(
            "assert not abs(solve(2.0) - 3.0) / max(abs(solve(2.0)), 3.0) > 1e-6",
            "r = solve(4.0); assert not abs(r - 6.0) / max(1.0, abs(r)) > 1e-9",
        ),
    ),
    Arena(
        name="relative_limits",
        solution=_HALF,
        tests=(
            "assert abs(solve(2.0) - 3.0) <= 1e-6 * max(1.0, abs(solve(2.0)))",
            "r = solve(4.0); assert abs(r - 6.0) <= 1e-9 * max(abs(r), 6.0)",
        ),
    ),
    Arena(
        name="near_lists",
        solution="def solve(a):\n    return [x * 1.5 for x in a]\n",
        tests=(
            "r = solve([0.0, 2.0, 4.0]); assert len(r) == 3 and not any(abs(x - y) > 1e-6 for x, y in zip(r, [0.0, 3.0, 6.0]))",
            "r = solve([0.0, 8.0]); assert len(r) == 2 and not [i for i in range(2) if abs(r[i] - [0.0, 12.0][i]) > 1e-6]",
        ),
    ),
    Arena(
        name="near_in_place",
        solution="def solve(a):\n    a[:] = [x * 1.5 for x in a]\n",
        tests=(
            "a = [2.0, 4.0]; solve(a); assert len(a) == 2 and not any(abs(x - y) > 1e-6 for x, y in zip(a, [3.0, 6.0]))",
        ),
    ),
    Arena(
        name="near_tables",
        solution="def solve(a):\n    return {'rows': [[x * 1.5] for x in a], 'z': complex(a[0], 1)}\n",
        tests=(
            "r = solve([2.0])['rows'][0][0]; assert not abs(r - 3.0) > 1e-6",
            "assert not abs(solve([2.0])['z'] - (2 + 1j)) > 1e-6",
        ),
    ),
    Arena(
        name="near_arrays",
        solution="import numpy as np\ndef solve(a):\n    return np.array(a) * 1.5\n",
        imports="import numpy as np",
        tests=(
            "assert not (np.abs(solve([2.0, 4.0]) - np.array([3.0, 6.0])) > 1e-6).any()",
            "r = solve([0.0, 2.0]); assert r.shape == (2,) and not np.any(np.abs(r - [0.0, 3.0]) > 1e-6)",
        ),
    ),
    Arena(
        name="output_by_ratio",
        solution="def solve(n):\n    return n / 2 + 1\n",
        calls=((3,), (5,)),
        stdio=True,
        styles=(),
        compare={
            "checker": """\
def check(stdin, stdout, expected):
    got, wanted = stdout.split(), expected.split()
    if len(got) != len(wanted):
        return False
    for a, b in zip(map(float, got), map(float, wanted)):
        if abs(a - b) / max(1.0, abs(a), abs(b)) > 1e-6:
            return False
    return True
"""
        },
    ),
    Arena(
        name="output_by_relative_limit",
        solution="def solve(n):\n    return n / 2 + 1\n",
        calls=((3,), (5,)),
        stdio=True,
        styles=(),
        compare={
            "checker": """\
def check(stdin, stdout, expected):
    a, b = float(stdout), float(expected)
    return abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))
"""
        },
    ),
    Arena(
        name="named_methods",
        solution="def solve(s):\n    return s.upper()\n",
        tests=(
            "assert solve('ab').startswith('AB') and solve('ab').endswith('B')",
            "assert solve('ab').isupper()",
            "assert solve('xy').__eq__('XY') is True",
        ),
    ),
    Arena(
        name="sets_by_name",
        solution="def solve(a):\n    return frozenset(a)\n",
        tests=(
            "assert solve([1, 2]).issubset({1, 2}) and solve([1, 2]).issuperset({1, 2})",
            "assert solve([3]).isdisjoint({4}) and not solve([3]).isdisjoint({3})",
        ),
    ),
    Arena(
        name="sets_by_operators",
        solution="def solve(a):\n    return {x * 2 for x in a}\n",
        tests=(
            "assert not solve([1, 2]) ^ {2, 4}",
            "assert not solve([1, 2]) - {2, 4} and not {2, 4} - solve([1, 2])",
            "assert solve([3]) >= {6} and solve([3]) <= {6}",
            "assert {6, 8}.issubset(solve([3, 4])) and {6, 8}.issuperset(solve([3, 4]))",
            "assert set().union(solve([5])) == {10} and len({10} & solve([5])) == 1",
        ),
    ),
    Arena(
        name="mappings_by_keys",
        solution="def solve(s):\n    return {c: s.count(c) * 7 for c in s}\n",
        tests=(
            "e = {'a': 14, 'b': 7}; r = solve('aab'); assert all(k in r and r[k] == v for k, v in e.items()) and len(r) == 2",
            "e = {'x': 7}; r = solve('x'); assert not [k for k in e if r.get(k) != e[k]]",
            "assert solve('yy').keys() == {'y'} and solve('yy').items() >= {'y': 14}.items()",
            "assert {**solve('z')} == {'z': 7} and {'z': 0} | solve('z') == {'z': 7}",
        ),
    ),
    Arena(
        name="numbers_by_difference",
        solution="def solve(n):\n    return n * n + 1\n",
        imports="import math, operator, statistics",
        tests=(
            "assert not solve(3) - 10",
            "assert solve(3) ^ 10 == 0 and solve(4) // 17 == 1 and solve(4) % 17 == 0",
            "assert math.isclose(solve(2), 5) and math.fsum([solve(2), -5]) == 0",
            "assert operator.eq(solve(5), 26) and not operator.sub(solve(5), 26)",
            "assert hash(solve(6)) == hash(37) and range(37, 38).index(solve(6)) == 0",
            "assert statistics.mean([solve(7)]) == 50 and max([solve(7), 49]) == 50 == min(solve(7), 51)",
            "assert {50: 'yes'}[solve(7)] == 'yes' and [0, 1, 2][solve(1)] == 2",
        ),
    ),
    Arena(
        name="text_read_back",
        solution="import json\ndef solve(n):\n    return json.dumps({'n': n * n + 1})\n",
        imports="import ast, json, re",
        tests=(
            "assert json.loads(solve(3)) == {'n': 10}",
            "assert ast.literal_eval(solve(4)) == {'n': 17}",
            "assert re.fullmatch(r'\\{.n.: 26\\}', solve(5))",
            "assert re.findall(r'\\d+', solve(6)) == ['37'] and int(re.sub(r'\\D', '', solve(6))) == 37",
            "assert json.dumps(json.loads(solve(7)), sort_keys=True) == '{\"n\": 50}'",
        ),
    ),
    Arena(
        name="bytes_read_back",
        solution="def solve(n):\n    return (n * n + 1).to_bytes(4, 'big')\n",
        imports="import struct",
        tests=(
            "assert int.from_bytes(solve(3), 'big') == 10",
            "assert struct.unpack('>I', solve(4)) == (17,)",
            "assert bytes(solve(5)) == b'\\x00\\x00\\x00\\x1a' and bytearray(solve(5))[3] == 26",
            "assert memoryview(solve(6))[3] == 37 and solve(6).hex() == '00000025'",
        ),
    ),
    Arena(
        name="asserting_callback",
        solution="def solve(n, found):\n    for i in range(n):\n        found(i * i + 1)\n",
        imports="seen = []\ndef three(x):\n    seen.append(x)\n    assert x in (1, 2, 5)\n\ndef one(x):\n    seen.append(x)\n    assert x == 1, x",
        tests=("solve(3, three); assert len(seen) == 3", "seen.clear(); solve(1, one); assert len(seen) == 1"),
    ),
    Arena(
        name="given_evaluator",
        solution="def solve(f, texts):\n    return [f(t) + 1 for t in texts]\n",
        styles=("asserts", "pytest"),
        tests=("assert solve(eval, ['1 + 2', '4']) == [4, 5]", "assert solve(lambda t: eval(t), ['2 * 3']) == [7]"),
    ),
    Arena(
        name="given_loader",
        solution="def solve(x, dumps, loads):\n    return [loads(dumps(x)), 1]\n",
        imports="import json, pickle",
        styles=("asserts", "pytest"),
        tests=(
            "assert solve({'a': 1}, json.dumps, json.loads) == [{'a': 1}, 1]",
            "assert solve({'a': 2}, pickle.dumps, pickle.loads) == [{'a': 2}, 1]",
        ),
    ),
    Arena(
        name="parts_of_own_object",
        solution=_ACCOUNT,
        styles=("asserts",),
        tests=(
            "a = Account(3); p = a.pair(); assert p[0] * 2 == 6 and p[1] - 6 == 0",
            "one, two = Account(4).pair(); assert round(one + two) == 12",
            "a = Account(5); assert a.both()['one'] + 1 == 6 and abs(a.both()['two'][0] - 10) < 1e-6",
            "assert sum(Account(6).pair()) == 18",
        ),
    ),
    Arena(
        name="dates_unnamed",
        solution="from datetime import date, datetime\ndef solve(n):\n    return date.fromordinal(730000 + n)\n",
        styles=("asserts",),
        tests=("assert solve(3) == date(1999, 9, 6)", "assert date(1999, 9, 7) == solve(4)"),
    ),
    Arena(
        name="printed",
        solution="def solve(n):\n    for i in range(n):\n        print(i * i + 1)\n",
        imports="import contextlib, io",
        tests=(
            "out = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    solve(3)\nassert out.getvalue().split() == ['1', '2', '5']",
        ),
        styles=("asserts",),
    ),
    Arena(
        name="timed",
        solution="def solve(n):\n    return n * (n + 1) // 2\n",
        imports="import time",
        tests=(
            "t = time.perf_counter(); r = solve(10**6); assert time.perf_counter() - t < 1.5 and r == 500000500000",
            "t = time.time(); assert solve(10) == 55; assert time.time() >= t",
        ),
    ),
    Arena(
        name="own_equality",
        solution="class P:\n    def __init__(self, x):\n        self.x = x\n\ndef solve(n):\n    p = P(n * 3)\n    return p\n",
        imports="class Near:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return abs(other.x - self.x) < 1e-6\n    __hash__ = None",
        tests=("assert solve(3) == Near(9)", "assert Near(12) == solve(4)", "assert [solve(1)] == [Near(3)]"),
    ),
    Arena(
        name="data_classes",
        solution="def solve(n):\n    return {'n': n, 'm': n * 31 + 4}\n",
        imports="import dataclasses\n@dataclasses.dataclass(order=True)\nclass R:\n    n: int\n    m: int",
        tests=(
            "assert R(**solve(3)) == R(3, 97)",
            "assert R(**solve(4)) <= R(4, 128) and R(**solve(4)) >= R(4, 128)",
            "assert dataclasses.astuple(R(**solve(5))) == (5, 159) and len({(r := solve(6))['m'], 190}) == 1",
        ),
    ),
    Arena(
        name="sorted_by",
        solution="def solve(x):\n    return (x * 7) % 10\n",
        imports="import bisect, functools, heapq, itertools",
        tests=(
            "assert sorted([1, 2, 3, 4], key=solve) == [3, 2, 1, 4] and max([1, 2, 3], key=solve) == 1",
            "assert heapq.nsmallest(1, [5, 6], key=solve) == [6] and functools.reduce(lambda a, b: a + b, map(solve, [1, 2])) == 11",
            "assert [k for k, g in itertools.groupby([1, 11, 2], key=solve)] == [7, 4] and bisect.bisect([1, 4, 7], solve(2)) == 2",
        ),
    ),
    Arena(
        name="environment",
        solution="import os\ndef solve(n):\n    os.environ['TRIPLE_OF'] = str(n)\n    return n * 3\n",
        imports="import os",
        tests=(
            "assert solve(4) == 12; assert os.environ['TRIPLE_OF'] == '4'",
            "solve(5); assert [solve(k) for k in range(int(os.environ.get('TIMES', '3')))] == [0, 3, 6]",
            "os.environ['WANTED'] = '21'; assert solve(7) == int(os.environ['WANTED'])",
        ),
    ),
    Arena(
        name="set_variables",
        solution="import os\ndef solve(n):\n    os.environ['NINE_FOLD'] = str(n * 9)\n",
        imports="import os",
        tests=(
            "solve(4); assert os.environ['NINE_FOLD'] == '36' and 'NINE_FOLD' in os.environ",
            "solve(7); assert os.getenv('NINE_FOLD') == '63'; solve(0); assert '0' == os.environ.get('NINE_FOLD')",
        ),
    ),
)
