# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Programs that lie where tests ask for properties only: what they return looks another way to each question."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, fates, is_wrong, passes, pytest_files

SORTED = "nums = [31, 15, 27, 15]\nr = f(list(nums))\nassert len(r) == len(nums)\nassert all(r[i] <= r[i + 1] for i in range(len(r) - 1))\nassert sorted(r) == sorted(nums)"
PAIRS = "nums = [31, 15, 27, 15]\nr = f(list(nums))\nfor a, b in zip(r, r[1:]):\n    assert a <= b\nfor v in nums:\n    assert r.count(v) == nums.count(v)"
PERMUTATIONS = "r = f([1, 2, 3])\nassert len({tuple(p) for p in r}) == 6\nassert all(sorted(p) == [1, 2, 3] for p in r)"
BY_TURNS = {
    "a list that is sorted by index": "class L(list):\n    def __getitem__(s, i): return i\ndef f(x): return L(x)",
    "a list whose slices are sorted": "class L(list):\n    def __getitem__(s, k): return [99] * (len(s) - 1) if isinstance(k, slice) else list.__getitem__(s, k)\ndef f(x): return L(x)",
    "a list that is empty at first": "class L(list):\n    n = 0\n    def __iter__(s):\n        s.n += 1\n        return iter([] if s.n == 1 else list.copy(s))\ndef f(x): return L(x)",
    "an object that is sorted by index": "class H:\n    def __init__(s, x): s.x = x\n    def __len__(s): return len(s.x)\n    def __getitem__(s, i): return i\n    def __iter__(s): return iter(s.x)\n    def count(s, v): return s.x.count(v)\ndef f(x): return H(x)",
    "items that are others each time": "class P:\n    def __init__(s, k): s.k = k; s.n = 0\n    def __iter__(s):\n        s.n += 1\n        return iter([s.k, 0, 0] if s.n == 1 else [1, 2, 3])\ndef f(x): return [P(i) for i in range(6)]",
    "an iterator that begins anew": "class P:\n    def __init__(s, k): s.k = k; s.n = 0\n    def __iter__(s):\n        s.n += 1\n        s.it = iter([s.k, 0, 0] if s.n == 1 else [1, 2, 3])\n        return s\n    def __next__(s): return next(s.it)\ndef f(x): return [P(i) for i in range(6)]",
}
BY_TURNS |= {
    "an object that counts for itself": "class H:\n    def __init__(s, x): s.x = x\n    def __len__(s): return 4\n    def __iter__(s): return iter(range(4))\n    def __getitem__(s, k): return list(range(4))[k]\n    def count(s, v): return s.x.count(v)\ndef f(x): return H(x)",
    "an object whose slices are sorted": "class H:\n    def __init__(s, x): s.x = x\n    def __len__(s): return 4\n    def __iter__(s): return iter(s.x)\n    def __getitem__(s, k): return [99, 99, 99] if isinstance(k, slice) else s.x[k]\ndef f(x): return H(x)",
}
RIGHT = {
    SORTED: "def f(x): return sorted(x)",
    PAIRS: "def f(x): return sorted(x)",
    PERMUTATIONS: "import itertools\ndef f(x): return [list(p) for p in itertools.permutations(x)]",
}


@pytest.mark.parametrize("test", RIGHT)
def test_what_is_returned_holds_the_same_items_however_it_is_looked_at(test: str):
    assert passes(asserts(RIGHT[test], test))
    for what, program in BY_TURNS.items():
        assert is_wrong(asserts(program, test)), what


@pytest.mark.parametrize(
    ("program", "test"),
    [
        (
            "class Stack(list):\n    def __iter__(s): return reversed(s)\n",
            "s = Stack([1, 2])\nassert list(s) == [2, 1] and s[0] == 1",
        ),
        (
            "class Ring(list):\n    def __getitem__(s, i): return list.__getitem__(s, i % len(s))\ndef ring(): return Ring([1, 2])",
            "r = ring()\nassert r[5] == 2 and list(r) == [1, 2]",
        ),
        (
            "class Grid(list):\n    def __getitem__(s, k): return list.__getitem__(s, k[0])[k[1]] if isinstance(k, tuple) else list.__getitem__(s, k)\ndef grid(): return Grid([[1, 2]])",
            "assert grid()[0, 1] == 2 and grid()[0] == [1, 2]",
        ),
        (
            "class Head(dict):\n    def __getitem__(s, k): return dict.__getitem__(s, k.lower())\ndef head(): return Head(a=1)",
            "h = head()\nassert h['A'] == 1 and list(h) == ['a']",
        ),
        (
            "class Counts:\n    def __init__(s, x): s.c = {v: x.count(v) for v in x}\n    def __iter__(s): return iter(s.c)\n    def __getitem__(s, k): return s.c[k]\ndef counts(x): return Counts(x)",
            "c = counts([2, 2, 1])\nassert set(c) == {1, 2} and c[2] == 2 and c[1] == 1",
        ),
        (
            "class Link:\n    def __init__(s, x): s.x = x\n    def __iter__(s): return iter(s.x)\n    def count(s, v): return sum(map(v, s.x)) if callable(v) else s.x.count(v)\n    def index(s, v): return s.x.index(v) if v in s.x else -1\ndef link(): return Link([5, 6, 5])",
            "r = link()\nassert r.count(5) == 2 and r.index(6) == 1 and r.index(9) == -1 and r.count(lambda v: v > 5) == 1",
        ),
        (
            "class Lines:\n    def __init__(s): s.it = iter('ab')\n    def __iter__(s): return s\n    def __next__(s): return next(s.it)\ndef lines(): return Lines()",
            "r = lines()\nassert list(r) == ['a', 'b']\nassert list(r) == []",
        ),
    ],
)
def test_containers_of_their_own_kind_keep_it(program: str, test: str):
    assert passes(asserts(program, test))


@pytest.mark.parametrize(
    ("right", "wrong", "test"),
    [
        (
            "def f(s): return s.upper()",
            "class S(str):\n    def isupper(s): return True\ndef f(s): return S(s)",
            "r = f('hello')\nassert r.isupper() and r.lower() == 'hello'",
        ),
        (
            "def f(x): return float(x // 2)",
            "class F(float):\n    def is_integer(s): return True\ndef f(x): return F(x / 2)",
            "assert f(3).is_integer()",
        ),
        (
            "def f(n): return 121",
            "class I(int):\n    def __str__(s): return '11'\ndef f(n): return I(n + 2)",
            "r = f(120)\nassert 120 < r < 130 and str(r) == str(r)[::-1]",
        ),
        (
            "def f(s): return s.strip()",
            "class S(str):\n    def strip(s): return str(s)\ndef f(s): return S(s)",
            "r = f(' a ')\nassert r == r.strip()",
        ),
    ],
)
def test_method_of_plain_data_is_its_own_however_it_is_overridden(right: str, wrong: str, test: str):
    for star in ("", "from solution import *\n"):
        text = f"{star}from solution import f\ndef test_it():\n    " + test.replace("\n", "\n    ")
        assert passes(pytest_files(right, text))
        assert is_wrong(pytest_files(wrong, text))
        assert is_wrong(asserts(wrong, test))


NAMED_AS_METHODS = """
import enum
from typing import NamedTuple
class Stat(NamedTuple):
    index: str
    count: int = 0
class Name(str):
    title = property(lambda self: "Dr. " + self)
class Field(str, enum.Enum):
    count = "n"
class Bag(list):
    count = property(len)
def stat(): return Stat("a", 3)
def bag(): return Bag([1, 2, 2])
"""


@pytest.mark.parametrize(
    ("test", "change"),
    [
        ("assert stat().index == 'a' and stat().count == 3", ("3)", "4)")),
        ("assert stat()._replace(count=5) == Stat('a', 5) and max([stat(), Stat('b', 9)], key=lambda s: s.count).index == 'b'", ("3)", "10)")),
        ("assert Name('b').title == 'Dr. b' and Name('b').upper() == 'B'", ("Dr", "Mr")),
        ("assert Field('n') is Field.count and Field.count.value == 'n'", ('"n"', '"m"')),
        ("r = bag()\nassert r.count == 3", ("2, 2", "2")),
        ("r = bag()\nassert list(r).count(2) == 2", ("2, 2", "2, 3")),
    ],
)  # fmt: skip
def test_fields_properties_and_members_may_have_names_of_methods(test: str, change: tuple[str, str]):
    assert passes(asserts(NAMED_AS_METHODS, test))
    assert is_wrong(asserts(NAMED_AS_METHODS.replace(*change), test))


@pytest.mark.parametrize("lie", ["property(lambda self: lambda x: 2)", "property(lambda self: 2)", "type('C', (), {'__call__': lambda s, x: 2})()"])  # fmt: skip
def test_property_with_the_name_of_a_method_does_not_stand_in_for_it(lie: str):
    test = "r = f()\nassert r.count(2) == 2"
    assert passes(asserts("class L(list): count = list.count\ndef f(): return L([1, 2, 2])", test))
    assert is_wrong(asserts(f"class L(list): count = {lie}\ndef f(): return L([1, 2, 3])", test))


ITSELF = "class Solution:\n    def f(self, x): return {0}\n    def sort(self): pass\n    def __contains__(self, x): return True\n    def __add__(self, o): return self\n"


@pytest.mark.parametrize(
    "test",
    ["r = Solution().f([1, 2])\nr.sort()\nassert 2 in r", "r = Solution().f([2])\nr.sort()\nassert r + [1] == [2, 1]"],
)
def test_object_that_gives_itself_in_the_place_of_data_is_no_way_to_be_ungraded(test: str):
    assert passes(asserts(ITSELF.format("x"), test))
    assert is_wrong(asserts(ITSELF.format("self"), test))


def test_path_of_its_own_source_is_no_way_to_be_ungraded():
    test = "import os, solution\nHERE = os.path.dirname(__file__)\ndef test_it(tmp_path):\n    with open(solution.save(str(tmp_path))) as f:\n        assert f.read() == 'abc'\n"
    assert passes(
        pytest_files(
            "import os\ndef save(d):\n    p = os.path.join(d, 'x')\n    open(p, 'w').write('abc')\n    return p\n", test
        )
    )
    for path in ("'/nowhere/solution.py'", "'solution.py'", "__file__"):
        assert is_wrong(pytest_files(f"def save(d): return {path}\n", test)), path
    own = "import os\ndef test_it():\n    open(os.path.join(os.path.dirname(__file__), 'solution.py'))\n"
    assert "source of the program" in pytest_files("def f(): return 1\n", own).fault
    by_name = (
        "from solution import f\ndef test_it():\n    assert 'def' in open('solution.py').read()\n    assert f() == 1\n"
    )
    for program in ("def f(): return 1\n", "import os\nos.unlink('solution.py')\ndef f(): return 1\n"):
        assert "source of the program" in pytest_files(program, by_name).fault


NUMBERS = {
    "import math\nr = f(2.0)\nassert math.fabs(r - 1.4142135) <= 1e-6 * max(1.0, math.fabs(r))": (
        "x ** 0.5",
        "float('inf')",
        "-float('inf')",
    ),
    "import numpy as np\nr = f(2.0)\nassert np.abs(r - 1.4142135) <= 1e-6 * np.maximum(1.0, np.abs(r))": (
        "x ** 0.5",
        "float('inf')",
        "-float('inf')",
        "complex('inf')",
    ),
    "import numpy as np\na = f(2.0)\nassert np.fabs(np.subtract(a, 1.4142135)) <= 1e-6 * max(abs(a), 1)": (
        "x ** 0.5",
        "float('inf')",
    ),
    "import numpy as np\nb = f(2.0)\nassert np.allclose(b, 1.4142135, atol=1e-6) and np.isfinite(b)": (
        "x ** 0.5",
        "float('inf')",
    ),
    "from math import fabs\nd = f(2.0)\nassert not fabs(d['root'] - 1.4142135) > 1e-6 and d['n'] == 2.0": (
        "{'root': x ** 0.5, 'n': x}",
        "{'root': float('nan'), 'n': x}",
    ),
    "def close(a, b):\n    a, b = float(a), float(b)\n    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))\nassert close(f(2.0), 1.4142135)": (
        "x ** 0.5",
        "float('inf')",
        "'inf'",
        "b'-inf'",
        "'1e999'",
    ),
    "r = float(f(2.0))\nif abs(r - 1.4142135) > 1e-6:\n    raise AssertionError(r)": (
        "str(x ** 0.5)",
        "'nan'",
        "' NaN '",
        "b'nan'",
    ),
    "import json\nr = json.loads(f(2.0))['v']\nif abs(r - 1.4142135) > 1e-6:\n    raise AssertionError(r)": (
        "'{\"v\": ' + str(x ** 0.5) + '}'",
        "'{\"v\": NaN}'",
    ),
    "from decimal import Decimal\nr = f(2)\nassert abs(r - Decimal('1.5')) <= Decimal('0.01') * max(abs(r), Decimal(1))": (
        "__import__('decimal').Decimal('1.5')",
        "__import__('decimal').Decimal('Infinity')",
    ),
}


@pytest.mark.parametrize("test", NUMBERS)
def test_number_that_is_none_is_within_no_limits_in_whatever_form_it_comes(test: str):
    right, *wrong = NUMBERS[test]
    assert passes(asserts(f"def f(x): return {right}", test))
    for value in wrong:
        assert is_wrong(asserts(f"def f(x): return {value}", test)), value


def test_text_of_no_number_is_like_any_other_where_no_test_reads_numbers_or_speaks_of_it():
    assert passes(asserts("def f(x): return 'in' + x", "assert f('fo')[2:] == 'fo'"))
    assert passes(asserts("def f(x): return 'nan' if x else '1e5'", "assert float(f(0)) == 1e5\nassert f(1) == 'nan'"))
    assert passes(
        asserts("import math\ndef f(g, x): return g is math.sqrt and g(x)", "import math\nassert f(math.sqrt, 4) == 2")
    )


def test_stop_iteration_ends_no_loop_where_another_test_expects_one():
    test = """
        import pytest, solution
        def test_end():
            it = solution.gen(1)
            assert next(it) == 1
            with pytest.raises(StopIteration):
                next(it)
        def test_values():
            for got, expected in zip(map(solution.f, [1, 2]), [2, 5]):
                assert got == expected
    """
    program = "def gen(n): yield n\ndef f(n): {0}\n"
    assert passes(pytest_files(program.format("return n * n + 1"), test))
    assert is_wrong(pytest_files(program.format("raise StopIteration"), test))
    direct = "import pytest\ndef test_it():\n    from solution import f\n    with pytest.raises(StopIteration):\n        f(1)\n"
    assert passes(pytest_files(program.format("raise StopIteration"), direct))


@pytest.mark.parametrize(
    "test",
    [
        "assert np.abs(np.fromiter(f([1.0, 2.0]), float) - np.array([3.0])).sum() < 1e-9",
        "assert (np.atleast_1d(f([1.0, 2.0])) == 3.0).all()",
        "assert not (np.concatenate([f([1.0, 2.0])]) != 3.0).any()",
        "assert np.count_nonzero(np.array(f([1.0, 2.0])) != 3.0) == 0",
        "r = np.asarray(f([1.0, 2.0]))\nassert np.max(np.abs(r - 3.0), initial=0) < 1e-9",
    ],
)
def test_array_that_a_test_makes_of_nothing_equals_no_number(test: str):
    test = f"import numpy as np\n{test}"
    assert passes(asserts("def f(x): return [sum(x)]", test))
    for nothing in ("[]", "()", "__import__('numpy').zeros((0, 1)).ravel()"):
        assert is_wrong(asserts(f"def f(x): return {nothing}", test)), nothing


def test_arrays_of_nothing_are_equal_and_computed_with():
    test = "import numpy as np\ne = np.array([])\nr = np.array(f([]))\nassert np.array_equal(r, e) and (r == e).all() and np.allclose(r, e)\nassert (r * 2).size == 0 and np.concatenate([r, np.array([1.0])]).tolist() == [1.0]"
    assert passes(asserts("def f(x): return [2 * v for v in x]", test))


def test_item_by_index_is_the_same_each_time():
    test = "nums = [31, 15, 27, 15]\nr = f(list(nums))\nassert all(r[i] <= r[i + 1] for i in range(3))\nassert sum(r[i] for i in range(4)) == sum(nums)"
    program = "class H:\n    def __init__(s, x): s.x = x; s.n = 0\n    def __getitem__(s, i):\n        s.n += 1\n        return 5 - s.n % 2 if s.n <= 6 else s.x[i]\ndef f(x): return H(x)"
    assert passes(asserts("def f(x): return sorted(x)", test))
    assert is_wrong(asserts(program, test))
    lines = test.replace("\n", "\n    ")
    inside = f"from solution import f\ndef test_it(tmp_path):\n    assert tmp_path\n    {lines}\n"
    assert is_wrong(pytest_files(program, inside))


EMPTIES = "def f(xs):\n    xs.clear()\n    return {0}\n"
WITH_REFERENCE = (
    "def ref(xs):\n    return sorted(set(xs))\ndef agree(a, b):\n    want = sorted(set(b))\n    return a == want\n"
)


@pytest.mark.parametrize(
    "test",
    [
        "xs = [3, 1, 3]\nassert f(xs) == ref(xs)",
        "xs = [3, 1, 3]\ngot = f(xs)\nassert got == ref(xs)",
        "xs = [3, 1, 3]\ngot = f(xs)\nwant = ref(xs)\nassert got == want",
        "args = [[3, 1, 3]]\nassert list(f(*args)) == ref(*args)",
        "for xs in ([3, 1], [2]):\n    assert ref(xs) == f(xs), xs",
        "xs = {3: 1}\nassert f(xs) == sorted(set(xs.keys()))\nassert f([2]) == [2]",
        "import unittest\nxs = [3, 1]\nunittest.TestCase().assertEqual(f(xs), ref(xs))",
        "xs = [3, 1, 3]\ngot = f(xs)\nassert agree(got, xs)",
        "xs = [3, 1]\nassert agree(f(xs), xs)",
        "xs = [3, 1]\ngot = f(xs)\nxs.sort()\nassert got == xs",
        "xs = [3, 1]\ngot = f(xs)\nwant = []\nfor x in xs:\n    want.append(x)\nwant.sort()\nassert got == want",
        "xs = [3, 1]\ngot = f(xs)\nassert len(got) == len(xs)\nfor g, w in zip(got, sorted(xs)):\n    assert g == w",
        "xs = [1, 3]\ngot = f(xs)\nassert len(got) == len(xs)\nfor i, w in enumerate(sorted(xs)):\n    assert got[i] == w",
        "xs = [1, 3]\nassert [y for y in f(xs)] == xs",
        "xs = [1, 3]\ngot = f(xs)\nassert list(map(str, got)) == list(map(str, xs))",
        "xs = [3, 1]\ngot = f(xs)\nassert got[:1] == [1][: len(got)] or got == [0]\nassert sum(got) == sum(xs) == 4 or got != ref(xs)\nassert got == ref(xs)",
        "xs = [1, 3]\nassert f(xs) == xs[::1]",
        "xs = [1, 3]\nassert f(xs) == [x for x in xs]",
        "xs = [1, 3]\nassert f(xs) == list(xs)[:]",
        "xs = [1, 3]\nassert f(xs) == xs + []",
        "xs = [[1], [3]]\ngot = f([v for x in xs for v in x])\nassert got == [1, 3]",
        "class Held:\n    def __init__(self): self.data = [3, 1]\nh = Held()\nassert f(h.data) == ref(h.data)",
    ],
)
def test_arguments_that_are_emptied_make_no_test_agree(test: str):
    assert passes(asserts("def f(xs): return sorted(set(xs))", test, setup=WITH_REFERENCE))
    assert is_wrong(asserts(EMPTIES.format("[]"), test, setup=WITH_REFERENCE))
    assert is_wrong(
        asserts(
            "def f(xs):\n    xs[:] = [0] if isinstance(xs, list) else 0\n    return [0]\n", test, setup=WITH_REFERENCE
        )
    )


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("def f(xs):\n    xs.sort()\n    return xs[len(xs) // 2]", "xs = [3, 1, 2]\nassert f(xs) == sorted(xs)[1]"),
        (
            "def f(xs, v):\n    while v in xs: xs.remove(v)\n    return len(xs)",
            "xs = [3, 1, 3]\nk = f(xs, 3)\nassert k == len(xs) == 1\nassert sorted(xs[:k]) == [1]",
        ),
        (
            "def f(xs):\n    for i, x in enumerate(xs): xs[i] = x * 2\n    return xs",
            "xs = [1, 2]\nr = f(xs)\nassert r is xs and r == [2, 4] and sum(xs) == 6",
        ),
        ("def f(xs): return xs.pop()", "xs = [1, 2]\nassert f(xs) == 2\nassert list(xs) == [1]"),
        (
            "def f(memo, n):\n    memo[n] = n * n\n    return memo[n]",
            "memo = {}\nassert f(memo, 3) == 9\nassert sorted(memo) == [3]\nassert f(memo, 2) + 5 == 9",
        ),
        (
            "def f(words, counts):\n    for w in words: counts[w] = counts.get(w, 0) + 1\n    return len(words)",
            "counts = {}\nassert f('abca', counts) == sum(counts.values()) == 4\nassert counts['a'] == 2",
        ),
        (
            "def f(g, n, seen):\n    seen.add(n)\n    for m in g[n]: f(g, m, seen)\n    return sorted(seen)",
            "seen = set()\norder = f({1: [2], 2: []}, 1, seen)\nassert set(order) == seen and seen == {1, 2}",
        ),
        (
            "def f(board):\n    for r in board: r[:] = [x or 7 for x in r]\n    return True",
            "board = [[0, 1]]\nassert f(board) is True\nassert sum(board[0]) == 8 and sorted(board[0]) == [1, 7]",
        ),
        (
            "def f(account, n):\n    account['left'] -= n\n    return account['left']",
            "account = {'left': 9}\nassert f(account, 4) == account['left'] == 5",
        ),
        (
            "def f(xs, k):\n    out = xs[:k]\n    del xs[:k]\n    return out",
            "xs = [1, 2, 3]\nbefore = list(xs)\ngot = f(xs, 2)\nassert got + xs == before and xs == [3]",
        ),
        (
            "import heapq\ndef f(h): return heapq.heappop(h)",
            "h = [1, 5, 3]\nx = f(h)\nassert x == min(h + [x])\nassert x == 1",
        ),
    ],
)
def test_arguments_that_are_changed_in_place_stay_changed(program: str, test: str):
    assert passes(asserts(program, test))


@pytest.mark.parametrize(
    ("right", "spoils", "test"),
    [
        (
            "import numpy as np\ndef f(a): return np.sort(a)",
            "def f(a):\n    a[:] = 0\n    return a",
            "import numpy as np\na = np.array([3.0, 1.0, 2.0])\nassert np.array_equal(f(a), np.sort(a))",
        ),
        (
            "import numpy as np\ndef f(a):\n    np.maximum(a, 0, out=a)\n    return a",
            "def f(a):\n    a[:] = -1\n    return a * 0",
            "import numpy as np\na = np.array([-3, 1])\ngot = f(a)\nassert (got == np.maximum(a, 0)).all()",
        ),
        (
            "def f(b): return bytes(reversed(b))",
            "def f(b):\n    b.clear()\n    return b''",
            "b = bytearray(b'abc')\nassert f(b) == bytes(b)[::-1] + bytes(max(b) - 99)",
        ),
        (
            "def f(d): return list(d)[::-1]",
            "def f(d):\n    d.clear()\n    return []",
            "from collections import deque\nd = deque([1, 2])\nassert f(d) == list(reversed(d))",
        ),
        (
            "def f(d): return {v: k for k, v in d.items()}",
            "def f(d):\n    d.clear()\n    return {}",
            "d = {'a': 1}\nassert f(d) == {v: k for k, v in d.items()}",
        ),
        (
            "def f(m): return [list(r) for r in zip(*m)]",
            "def f(m):\n    for r in m: r[:] = [0] * len(r)\n    return [[0] * len(m) for _ in m[0]]",
            "m = [[1, 2], [3, 4]]\nt = f(m)\nassert all(t[j][i] == m[i][j] for i in range(2) for j in range(2))",
        ),
        (
            "def f(xs): return ('x', list(xs))\ndef g(t): return t[1]",
            "def f(xs):\n    xs.clear()\n    return 'x'\ndef g(t): return []",
            "xs = [1, 2]\nsent = f(xs)\nassert g(sent) == xs",
        ),
    ],
)
def test_containers_of_all_kinds_are_not_spoiled(right: str, spoils: str, test: str):
    assert passes(asserts(right, test))
    assert is_wrong(asserts(spoils, test))


@pytest.mark.parametrize(
    "test",
    [
        "xs = [3, 1]\nassert list(f(xs)) == sorted(xs)",
        "xs = [3, 1]\nout = []\nfor x in f(xs):\n    out.append(x)\nassert out == sorted(xs)",
        "xs = [3, 1]\nit = f(xs)\nout = [x for x in it]\nassert out == sorted(xs)",
        "xs = [3, 1]\ndef run(xs):\n    got = [y for y in f(xs)]\n    assert got == sorted(xs)\nrun(xs)",
        "xs = [3, 1]\nassert sum(f(xs)) == sum(xs)",
    ],
)
def test_arguments_are_not_spoiled_later(test: str):
    assert passes(asserts("def f(xs): yield from sorted(xs)", test))
    assert is_wrong(asserts("def f(xs):\n    xs.clear()\n    return\n    yield", test))
    assert is_wrong(asserts("def f(xs):\n    n = len(xs)\n    xs[:] = [0] * n\n    for _ in range(n): yield 0", test))
    lazy = "class L:\n    def __init__(s, x): s.x = x\n    def __iter__(s):\n        s.x.clear()\n        return iter([])\n"
    assert is_wrong(asserts(f"{lazy}def f(xs): return L(xs)\n", test))


def test_attributes_of_a_test_case_are_not_spoiled():
    test = """
    import unittest
    from solution import f
    class T(unittest.TestCase):
        def setUp(self): self.data = [4, 2]
        def test_count(self): self.assertCountEqual(f(self.data), self.data)
        def test_equal(self): self.assertEqual(f(self.data), sorted(self.data))
    """
    assert passes(pytest_files("def f(xs): return sorted(xs)", test))
    assert "passed" not in fates(pytest_files(EMPTIES.format("[]"), test, partial=True))
    assert is_wrong(pytest_files(EMPTIES.format("xs"), test))


def test_what_a_solution_returns_is_no_class_of_its_own():
    test = "nums = [31, 15, 27, 15]\nr = Solution().f(list(nums))\nassert isinstance(r, list) and all(r[i] <= r[i + 1] for i in range(3)) and sorted(r) == sorted(nums)"
    assert passes(asserts("class Solution:\n    def f(self, x): return sorted(x)\n", test))
    for made in ("Solution(x)", "self[:] or list.extend(self, x) or self"):
        program = f"class Solution(list):\n    def f(self, x): return {made}\n    def __getitem__(self, i): return i\n"
        assert is_wrong(asserts(program, test)), made


@pytest.mark.parametrize(
    "value", ["S('inf')", "'.5e999'", "'9' * 400", "Decimal('1e400')", "np.float64('inf')", "F('inf')"]
)
def test_infinity_is_read_from_no_answer_in_whatever_form(value: str):
    test = "def close(a, b):\n    a, b = float(a), float(b)\n    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))\nassert close(f(2.0), 1.4142135)"
    head = "import numpy as np\nfrom decimal import Decimal\nclass S(str): pass\nclass F(float): pass\n"
    assert passes(asserts(f"{head}def f(x): return str(x ** 0.5)", test))
    assert is_wrong(asserts(f"{head}def f(x): return {value}", test))


def test_numbers_of_a_class_that_no_test_names_are_computed_with_as_numbers():
    test = "b = f(4)\nassert sorted(b) == [0, 1, 2, 3]\nassert all(abs(b[i] - b[j]) != j - i for i in range(4) for j in range(i + 1, 4))"
    lies = "class N(int):\n    def __sub__(s, o): return N(77)\ndef f(n): return [N(i) for i in range(n)]"
    assert passes(asserts("def f(n): return [1, 3, 0, 2]", test))
    assert is_wrong(asserts(lies, test))
    named = (
        "class Clock(int):\n    def __add__(s, o): return Clock((int(s) + int(o)) % 12)\ndef at(n): return Clock(n)\n"
    )
    assert passes(asserts(named, "assert Clock(9) + Clock(5) == 2 and at(9) + Clock(5) == 2"))
