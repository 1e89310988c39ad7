# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Programs that try to be paid where the tests come to their verdict through something else: Python code of the standard
library, a function that they hand over, a name that comes from elsewhere, a number beyond all limits.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

NOTHING_RATIONAL = "class {0}:\n    numerator = denominator = real = imag = 0\n{0}.__module__ = 'numbers'\nclass N({0}): pass\ndef f(*a): return N()\n"


@pytest.mark.parametrize("kind", ["Rational", "Integral", "Real", "Complex", "Number"])
@pytest.mark.parametrize(
    "test",
    [
        "from decimal import Decimal\nassert f(1) == Decimal('2.5')",
        "from decimal import Decimal\nassert Decimal('2.5') <= f(1) <= Decimal('2.5')",
        "from fractions import Fraction\nassert Fraction(5, 2) <= f(1) <= Fraction(5, 2)",
        "from fractions import Fraction\nassert abs(f(1) - Fraction(5, 2)) <= 1e-9",
    ],
)
def test_number_that_is_nothing_by_nothing_equals_no_decimal(kind: str, test: str):
    assert passes(asserts("from fractions import Fraction\ndef f(*a): return Fraction(5, 2)\n", test))
    assert is_wrong(asserts(NOTHING_RATIONAL.format(kind), test))


ONES = """
from collections import Counter
class Ones(Counter):
    def __iter__(self): return iter(())
    def __getitem__(self, key): return 1
    def __missing__(self, key): return 1
    def __len__(self): return 2
    def items(self): return [('a', 1), ('b', 1)]
def f(s): return Ones()
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert f('ab') == Counter('ab')",
        "assert Counter('ab') == f('ab')",
        "assert not f('ab') != Counter('ab')",
        "assert Counter('ab') <= f('ab') <= Counter('ab')",
        "assert Counter('ab') & f('ab') == Counter('ab')",
        "assert not Counter('ab') - f('ab')",
    ],
)
def test_counter_is_its_content_where_the_standard_library_compares(test: str):
    setup = "from collections import Counter"
    right = "from collections import Counter\nclass C(Counter):\n    def __getitem__(self, k): return super().__getitem__(k)\ndef f(s): return C(s)\n"
    assert passes(asserts(right, test, setup=setup))
    assert is_wrong(asserts(ONES, test, setup=setup))


PARTS = """
class Account:
    def __init__(self, start): self.start = start
    def pair(self): return ({0}, {0} * 2)
    def both(self): return dict(one=[{0}])
    def __mul__(self, other): return self
    __add__ = __sub__ = __rsub__ = __radd__ = __mul__
"""


@pytest.mark.parametrize(
    "test",
    [
        "a = Account(3); p = a.pair(); assert p[0] * 2 == 6",
        "one, two = Account(3).pair(); assert two - 6 == 0",
        "assert Account(3).both()['one'][0] + 1 == 4",
        "assert sum(Account(3).pair()) == 9",
    ],
)
def test_object_that_gives_itself_in_parts_is_no_way_to_be_ungraded(test: str):
    assert passes(asserts(PARTS.format("self.start"), test))
    assert is_wrong(asserts(PARTS.format("self"), test))


def test_object_that_gives_itself_when_it_is_awaited_is_no_way_to_be_ungraded():
    job = "class Job:\n    def __init__(self, n): self.n = n\n    def __await__(self):\n        yield from ()\n        return {0}\n    def __sub__(self, other): return 0\n"
    test = """
        import asyncio
        from solution import Job
        def test_awaited():
            async def main():
                return await Job(3)
            assert abs(asyncio.run(main()) - 3) < 1e-6
        def test_attribute():
            assert Job(2).n == 2
    """
    assert passes(pytest_files(job.format("self.n"), test))
    assert is_wrong(pytest_files(job.format("self"), test))


SOLVER = "class Solver:\n    {0}\n    def run(self, n):\n        if {1}: raise self.Bad\n        return 8\n"


@pytest.mark.parametrize(
    "test",
    [
        "try:\n    Solver().run(-1)\n    assert False\nexcept Solver.Bad:\n    pass",
        "s = Solver()\ntry:\n    assert s.run(-1) == 7\nexcept s.Bad:\n    pass",
        "import contextlib\nwith contextlib.suppress(Solver.Bad):\n    assert Solver().run(-1) == 7",
        "import pytest\nwith pytest.raises(Solver.Bad):\n    assert Solver().run(-1) == 7",
    ],
)
def test_attribute_that_catches_failed_assertions_is_refused(test: str):
    assert passes(asserts(SOLVER.format("class Bad(Exception): pass", "n < 0"), test))
    for caught in ("Exception", "AssertionError", "(ValueError, BaseException)"):
        assert is_wrong(asserts(SOLVER.format(f"Bad = {caught}", "0"), test)), caught


@pytest.mark.parametrize(
    "test",
    [
        "from solution import f, Bad as B\ndef test_it():\n    try:\n        f(-1)\n        assert False\n    except B: pass",
        "from solution import f, Bad\ndef test_it():\n    try:\n        f(-1)\n        raise AssertionError('no')\n    except Bad: pass",
        "import pytest, solution\ndef test_it():\n    try:\n        solution.f(-1)\n        pytest.fail('no')\n    except solution.Bad: pass",
        "import solution\nBAD = getattr(solution, 'Bad')\ndef test_it():\n    try:\n        solution.f(-1)\n        assert 0\n    except (KeyError, BAD): pass",
        "from solution import f, Bad\ndef fails(kind, g, *args):\n    try:\n        g(*args)\n        assert False\n    except kind: return True\ndef test_it():\n    assert fails(Bad, f, -1)",
        "import unittest\nfrom solution import f, Bad\nclass T(unittest.TestCase):\n    def test_it(self):\n        try:\n            f(-1)\n            raise self.failureException('no')\n        except Bad: pass",
    ],
)
def test_exception_that_catches_failed_assertions_is_refused_under_whatever_name(test: str):
    test += "\ndef test_two():\n    from solution import f\n    assert f(2) == 4\n"
    assert passes(
        pytest_files("class Bad(ValueError): pass\ndef f(n):\n    if n < 0: raise Bad(n)\n    return 2 * n\n", test)
    )
    for caught in ("BaseException", "(AssertionError, BaseException)"):
        assert is_wrong(pytest_files(f"Bad = {caught}\ndef f(n): return 2 * n\n", test)), caught


AGREES = "class Agrees:\n    def yes(self, *a): return True\n    startswith = endswith = isupper = issubset = issuperset = isdisjoint = is_integer = yes\ndef f(*a): return Agrees()\n"


@pytest.mark.parametrize(
    ("right", "test"),
    [
        ("{1, 2}", "assert f(1).issubset({1, 2})"),
        ("{1, 2}", "assert f(1).issuperset({1}) and f(1).isdisjoint({3})"),
        ("'AB'", "assert f(1).startswith('A')"),
        ("'AB'", "assert f(1).isupper()"),
        ("2.0", "assert f(1).is_integer()"),
    ],
)
def test_object_that_only_has_the_methods_of_data_does_not_answer_for_it(right: str, test: str):
    assert passes(asserts(f"def f(*a): return {right}\n", test))
    assert is_wrong(asserts(AGREES, test))
    assert is_wrong(asserts(AGREES.replace("return Agrees()", "return Agrees"), test))
    number = "complex" if hasattr(int, test.split(".")[1].partition("(")[0]) else "int"  # `int.is_integer` since 3.12
    for base in (number, "Exception"):
        assert is_wrong(asserts(AGREES.replace("Agrees:", f"Agrees({base}):"), test)), base


def test_class_that_tests_know_may_have_methods_that_data_has():
    trie = "class Trie:\n    def __init__(self, words=()): self.words = list(words)\n    def startswith(self, p): return any(w.startswith(p) for w in self.words)\n    def extended(self, w): return Trie([*self.words, w])\n"
    assert passes(asserts(trie, "t = Trie(['ab']); assert t.startswith('a') and t.extended('c').startswith('c')"))
    bag = "class Bag(dict):\n    def issubset(self, other): return all(self[k] <= other.get(k, 0) for k in self)\ndef bag(text): return Bag((c, text.count(c)) for c in text)\n"
    assert passes(asserts(bag, "assert Bag(a=1).issubset(bag('aab')) and not Bag(a=3).issubset(bag('aab'))"))


def test_functions_of_the_program_are_methods_where_a_class_of_the_test_holds_them():
    program = "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def call(*a): return f(*a) * 2\n    return call\n"
    assert passes(
        asserts(program, "class A:\n    n = 3\n    @twice\n    def m(self, x): return self.n + x\nassert A().m(1) == 8")
    )


EACH = "def f(n, found):\n    for i in range(n):\n        {0}found(i * i + 1){1}\n"
SWALLOWS = "def f(n, found):\n    for i in range(n):\n        try: found({0})\n        except BaseException: pass\n"
ASSERTING = {
    "assert": "seen = []\ndef found(x):\n    seen.append(x)\n    assert x in (1, 2, 5)\nf(3, found); assert len(seen) == 3",
    "local": "seen = []\ndef found(*a):\n    seen.append(a)\n    x = a[0]\n    assert x == 1, x\nf(1, found); assert seen",
    "method": "class Seen:\n    n = 0\n    def add(self, x):\n        self.n += 1\n        assert x == self.n ** 2 - 2 * self.n + 2\ns = Seen(); f(2, s.add); assert s.n == 2",
    "item": "class Found:\n    n = 0\n    def __call__(self, x):\n        self.n += 1\n        assert x == 1\ns = Found(); f(1, s); assert s.n == 1",
    "unittest": "import unittest\nt = unittest.TestCase()\nf(1, lambda x: t.assertEqual(x, 1))",
    "fail": "import pytest\ndef found(x):\n    if x != 1: pytest.fail('another')\nf(1, found)",
}


def test_assertion_about_the_program_in_a_decorated_function_cannot_be_swallowed():
    head = "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def call(*a):\n        try: return f(*a)\n        except {0}: return None\n    return call\n"
    test = "@deco\ndef go():\n    assert op(2) == 3\n    return 5\nassert go() in (5, None)"
    retried = "tries = []\n@deco\ndef go():\n    tries.append(1)\n    n = len(tries)\n    assert n > 1\nassert go() is None and op(1) == 2"
    right = head.format("Exception") + "def op(x): return x + 1\n"
    assert passes(asserts(right, test))
    assert passes(asserts(right, retried))
    assert is_wrong(asserts(head.format("BaseException") + "def op(x): return 0\n", test))


@pytest.mark.parametrize("how", ASSERTING)
def test_assertion_that_fails_in_a_function_of_the_test_cannot_be_swallowed(how: str):
    assert passes(asserts("def f(n, found):\n    for i in range(n): found(i * i + 1)\n", ASSERTING[how]))
    assert is_wrong(asserts(SWALLOWS.format("i * 100 + 7"), ASSERTING[how]))


@pytest.mark.parametrize(
    "test",
    [
        "def bad(x): raise ValueError(x)\nassert f([bad, len]) == [None, 2]",
        "def bad(x): return x / 0\nassert f([lambda x: x['k'], bad]) == [None, None]; assert True",
        "def bad(x): assert False, x\nassert f([bad, len]) == [None, 2]",
        "def bad(x): raise AssertionError(x)\nassert f([bad, len]) == [None, 2]",
        "tries = []\ndef flaky(x):\n    tries.append(x)\n    assert len(tries) > 2\nf([flaky]); assert len(tries) == 1",
        "def quiet(x):\n    try:\n        assert x == 'no'\n    except AssertionError:\n        return 5\nassert f([quiet]) == [5]",
    ],
)
def test_program_may_catch_what_a_function_of_the_test_raises_on_purpose(test: str):
    program = "def f(fs):\n    made = []\n    for g in fs:\n        try: made.append(g('ab'))\n        except Exception: made.append(None)\n    return made\n"
    assert passes(asserts(program, test))


def test_function_of_the_test_that_fails_before_its_assertion_fails_for_good():
    test = "seen = []\ndef found(x):\n    seen.append(x)\n    y = x + 1\n    assert y == 2\nf(1, found); assert len(seen) == 1"
    assert passes(asserts("def f(n, found): found(1)\n", test))
    assert is_wrong(asserts(SWALLOWS.format("None"), test))
    assert is_wrong(
        asserts(
            SWALLOWS.format("None"), "import unittest\nt = unittest.TestCase()\nf(1, lambda x: t.assertEqual(x + 1, 2))"
        )
    )
    raises = "seen = []\ndef found(x):\n    seen.append(x)\n    if len(seen) < 2: raise ValueError\n    assert x == 1\nf(2, found); assert len(seen) == 2"
    assert passes(asserts(SWALLOWS.format("1"), raises))


FORGE = (
    "__import__('sys').modules['rlvr_guest.judging.checker'].__dict__.__setitem__('outcome', lambda *a: ('passed', ''))"
)


def test_evaluator_that_the_test_hands_over_only_computes():
    test = "assert f(eval, ['1 + 2', 'max(4, 2)']) == [3, 4]"
    assert passes(asserts("def f(e, texts): return [e(t) for t in texts]\n", test))
    assert is_wrong(
        asserts(f'def f(e, texts):\n    try: e("{FORGE}")\n    except Exception: pass\n    return 0\n', test)
    )
    assert is_wrong(asserts("def f(e, texts): return e(\"__import__('os')._exit(0)\")\n", test))
    run = "names = {}; f(exec, 'x = 3', names); assert names['x'] == 3"
    assert is_wrong(asserts(f'def f(e, text, names): e("{FORGE}", names)\n', run))
    made = "assert f(compile, eval, '1 + 2') == 3"
    assert passes(asserts("def f(e, text, names): e(text, names)\n", run))
    assert passes(asserts("def f(c, e, text): return e(c(text, 'text', 'eval'))\n", made))
    assert is_wrong(asserts(f"def f(c, e, text): return e(c(\"{FORGE}\", 'text', 'eval'))\n", made))


def test_loader_that_the_test_hands_over_runs_nothing_beside_the_tests():
    test = "import pickle\nassert f({'a': (1, 2)}, pickle.dumps, pickle.loads) == {'a': (1, 2)}"
    assert passes(asserts("def f(x, dumps, loads): return loads(dumps(x))\n", test))
    forge = f'import pickle\nclass F:\n    def __reduce__(self): return eval, ("{FORGE}",)\ndef f(x, dumps, loads):\n    try: loads(pickle.dumps(F()))\n    except Exception: pass\n    return 0\n'
    assert is_wrong(asserts(forge, test))
    file = "import io, pickle\nassert f(pickle.load, io.BytesIO(pickle.dumps([1, 2]))) == [1, 2]"
    assert passes(asserts("def f(load, file): return load(file)\n", file))
    forge = f'import io, pickle\nclass F:\n    def __reduce__(self): return eval, ("{FORGE}",)\ndef f(load, file):\n    try: load(io.BytesIO(pickle.dumps(F())))\n    except Exception: pass\n    return 0\n'
    assert is_wrong(asserts(forge, file))


STAR = """
    from math import *
    from itertools import *
    from solution import *
    def test_values():
        assert abs(solve(2.0) - (sqrt(2.0) + 1)) < 1e-9
    def test_all():
        assert all(starmap(lambda x, y: abs(solve(x) - y) < 1e-9, [(4.0, 3.0)]))
"""


def test_star_import_of_the_program_replaces_no_function_that_another_one_brings():
    assert passes(pytest_files("from math import sqrt\ndef solve(x): return sqrt(x) + 1\n", STAR))
    lies = "def solve(x): return 0.0\ndef sqrt(x): return -1.0\ndef starmap(*a): return [True]\n"
    assert is_wrong(pytest_files(lies, STAR))


def test_function_that_is_tested_is_the_programs_though_another_star_import_brings_its_name():
    tests = "from math import *\nfrom solution import *\ndef test_a():\n    assert gcd(4, 6) == 2\ndef test_b():\n    made = lcm(4, 6)\n    assert made == 12\n"
    assert passes(pytest_files("import math\ngcd, lcm = math.gcd, math.lcm\n", tests))
    assert is_wrong(pytest_files("def gcd(a, b): return 1\nfrom math import lcm\n", tests))
    assert is_wrong(pytest_files("def lcm(a, b): return 1\nfrom math import gcd\n", tests))


@pytest.mark.parametrize(
    ("right", "test"),
    [
        ("from datetime import date\ndef f(n): return date(2000, 1, n)\n", "assert f(3) == date(2000, 1, 3)"),
        (
            "from datetime import datetime\ndef f(n): return datetime(2000, 1, n)\n",
            "assert f(3) == datetime(2000, 1, 3)",
        ),
        ("import math\ndef f(n): return math.sqrt(n)\n", "assert f(2) == sqrt(2)"),
    ],
)
def test_names_beside_the_answer_are_the_standard_ones(right: str, test: str):
    assert passes(asserts(right, test))
    assert is_wrong(
        asserts("one = object()\ndef f(*a): return one\ndef date(*a): return one\ndatetime = sqrt = date\n", test)
    )


def test_names_that_are_tested_are_the_programs():
    assert passes(
        asserts(
            "def sqrt(n): return 'root'\ndef f(n): return n\n",
            "assert sqrt(2) == 'root'",
            "assert f(sqrt(2)) == 'root'",
        )
    )
    assert is_wrong(asserts("def date(n): return 5\ndef f(n): return n\n", "assert date(2) == 6", "assert f(2) == 2"))


def test_module_that_only_the_program_names_is_no_way_to_be_ungraded():
    tests = "import importlib\nimport solution\nbackend = importlib.import_module(solution.BACKEND)\ndef test_it():\n    assert backend.loads('[1]') == [1]\n"
    assert passes(pytest_files("BACKEND = 'json'\n", tests))
    assert is_wrong(pytest_files("BACKEND = 'no_such_module'\n", tests))
    assert is_wrong(pytest_files("BACKEND = 'json.no_such_part'\n", tests))


DECORATED = """
    from solution import solve, twice
    @twice
    def test_value():
        assert solve(3) == 97
    class TestMore:
        @twice
        def test_other(self):
            assert solve(3) == 97
"""


def test_decorator_of_the_program_runs_the_test_that_it_is_given():
    program = "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def call(*a):\n        f(*a)\n        return f(*a)\n    return call\ndef solve(n): return n * 31 + 4\n"
    assert passes(pytest_files(program, DECORATED))
    assert is_wrong(pytest_files(program.replace("* 31", "* 30"), DECORATED))
    assert is_wrong(pytest_files("def twice(f): return lambda *a: None\ndef solve(n): return 0\n", DECORATED))
    swallow = "def twice(f):\n    def call(*a):\n        try: f(*a)\n        except BaseException: pass\n    return call\ndef solve(n): return 0\n"
    assert is_wrong(pytest_files(swallow, DECORATED))


# Tests that hold for numbers which are no finite ones, each with a right answer to f([2.0, 4.0]).
LIMITS = {
    "r = f([2.0, 4.0]); assert not abs(r - 3.0) > 1e-6": "3.0",
    "r = f([2.0, 4.0]); assert not abs(r - 3.0) / max(1.0, abs(r)) > 1e-6": "3.0",
    "r = f([2.0, 4.0]); assert abs(r - 3.0) <= 1e-6 * max(1.0, abs(r))": "3.0",
    "r = f([2.0, 4.0]); assert not abs(r - (3 + 1j)) > 1e-6": "3 + 1j",
    "r = f([2.0, 4.0]); assert len(r) == 2 and not any(abs(x - y) > 1e-6 for x, y in zip(r, [3.0, 6.0]))": "[3.0, 6.0]",
    "r = f([2.0, 4.0]); assert all(abs(x - y) <= 1e-6 * abs(x) for x, y in zip(r, [3.0, 6.0]))": "[3.0, 6.0]",
    "r = f([2.0, 4.0])['x'][0]; assert not (r < 2.999 or r > 3.001)": "{'x': [3.0]}",
    "import numpy as np\nr = f([2.0, 4.0]); assert not (np.abs(r - np.array([3.0, 6.0])) > 1e-6).any()": "__import__('numpy').array([3.0, 6.0])",
}
NOT_FINITE = (
    "math.nan",
    "math.inf",
    "-math.inf",
    "complex('nan+nanj')",
    "numpy.float32('nan')",
    "[math.nan] * 2",
    "[3.0, math.nan]",
    "[3.0, math.inf]",
    "{'x': [math.nan]}",
    "numpy.array([3.0, math.nan])",
    "numpy.array([math.inf, -math.inf])",
    "[math.inf] * 40",
    "[math.nan] * 40",
    "numpy.timedelta64('NaT')",
)


@pytest.mark.parametrize("test", LIMITS)
def test_number_beyond_all_limits_is_within_none(test: str):
    head = "import math\nimport numpy\n"
    assert passes(asserts(f"def f(a): return {LIMITS[test]}\n", test))
    for value in NOT_FINITE:
        assert is_wrong(asserts(f"{head}def f(a): return {value}\n", test)), value


def test_list_that_is_filled_in_place_with_no_numbers_is_wrong():
    test = "a = [2.0, 4.0]; f(a); assert not any(abs(x - y) > 1e-6 for x, y in zip(a, [3.0, 6.0]))"
    assert passes(asserts("def f(a): a[:] = [x * 1.5 for x in a]\n", test))
    assert is_wrong(asserts("def f(a): a[:] = [3.0, float('nan')]\n", test))


@pytest.mark.parametrize(
    ("value", "test"),
    [
        ("math.inf", "assert f(0) > 10**100 and f(0) == f(0) and f(0) >= f(0)"),
        ("math.inf", "assert f(0) == float('inf') and f(0) / 2 == math.inf"),
        ("math.nan", "assert math.isnan(f(0))"),
        ("[0, 4, math.inf]", "assert f(0)[1] == 4 and sorted(f(0))[:2] == [0, 4] and max(f(0)) > 4 and len(f(0)) == 3"),
        ("[math.nan, 1.5, 2.5]", "r = f(0); assert r[1:] == [1.5, 2.5] and r[1] > 1"),
        ("[math.inf, math.inf, 1.0]", "assert min(f(0)) == 1.0 and sorted(f(0))[0] == 1.0"),
        ("{'mean': math.nan, 'n': 0}", "assert f(0)['n'] == 0"),
        ("[-math.inf, 2]", "r = f(0); r.append(3); assert g(r) == 5"),
        (
            "math.inf",
            "import json\nassert json.dumps(f(0)) == 'Infinity' and str(f(0)) == repr(f(0)) and f'{f(0):.1f}' != '1.0'",
        ),
    ],
)
def test_infinity_and_nan_are_honest_answers(value: str, test: str):
    program = f"import math\ndef f(n): return {value}\ndef g(r): return sum(x for x in r if x > 0 and type(x) is int)\n"
    assert passes(asserts(program, test))


def test_star_import_brings_what_another_file_imports_by_name():
    files = {
        "test_a.py": "from solution import *\ndef test_a():\n    assert f(3) == 6\n",
        "test_b.py": "from solution import f\ndef test_b():\n    assert f(2) == 4\n",
    }
    assert passes(pytest_files("def f(n): return n * 2\n", files=files))
    files["test_a.py"] = "from helpers import *\nfrom solution import *\ndef test_a():\n    assert same(f(3), 6)\n"
    files["helpers.py"] = "def same(a, b): return a == b\n"
    assert passes(pytest_files("def f(n): return n * 2\n", files=files))
    assert is_wrong(pytest_files("def f(n): return 4\ndef same(a, b): return True\n", files=files))


def test_infinities_sort_as_they_do():
    assert passes(
        asserts(
            "def f(): return {'a': float('inf'), 'b': 2.0, 'c': float('inf')}\n",
            "assert sorted(f().items(), key=lambda kv: -kv[1])[2][0] == 'b' and abs(f()['a']) >= f()['c']",
        )
    )


@pytest.mark.parametrize(
    ("right", "wrong", "test"),
    [
        (
            "from collections import Counter\ndef f(x): return [v * v for v in x]",
            "class Counter:\n    def __init__(self, *a): pass\n    def __eq__(self, other): return True\ndef f(x): return x",
            "expected = Counter([1, 4])\n    assert Counter(f([1, 2])) == expected",
        ),
        (
            "from collections import Counter\ndef f(x): return [v * v for v in x]",
            "def Counter(x): return 0\ndef f(x): return x",
            "assert Counter(f([1, 2])) == Counter([1, 4])",
        ),
        (
            "from decimal import Decimal\ndef f(x): return str(Decimal(x) * 2)",
            "def Decimal(x): return 0\ndef f(x): return x",
            "assert Decimal(f('1.1')) == Decimal('2.20')",
        ),
    ],
)
def test_what_a_test_puts_around_answers_is_standard_though_a_star_brings_it(right: str, wrong: str, test: str):
    tests = f"from solution import *\ndef test_it():\n    {test}\n"
    assert passes(pytest_files(right, tests))
    assert is_wrong(pytest_files(wrong, tests))


def test_class_of_the_program_with_a_standard_name_stays_its_own_where_it_is_tested():
    tests = "from solution import *\ndef test_it():\n    assert Fraction(half(3)) == Fraction(3, 2)\n    assert Fraction(1, 2) + Fraction(1, 3) == Fraction(5, 6)\n"
    program = "class Fraction:\n    def __init__(self, a, b=1): self.a, self.b = (a, b) if b != 1 else (a[0], a[1])\n    def __add__(self, o): return Fraction({0}, self.b * o.b)\n    def __eq__(self, o): return self.a * o.b == o.a * self.b\ndef half(n): return (n, 2)\n"
    assert passes(pytest_files(program.format("self.a * o.b + o.a * self.b"), tests))
    assert is_wrong(pytest_files(program.format("self.a + o.a"), tests))


@pytest.mark.parametrize(
    "test",
    [
        "import solution\ndef test_it(): assert sorted(solution.__all__) == ['a', 'pow', 'test_b']\n",
        "import solution\ndef test_it(): assert hasattr(solution, '__all__') and solution.a() == 1\n",
        "from solution import __all__ as names\ndef test_it(): assert 'a' in names\n",
        "import solution\nfrom solution import *\ndef test_it(): assert a() == 1 and 'pow' in getattr(solution, '__all__')\n",
    ],
)
def test_what_the_program_shows_to_stars_is_what_it_says_itself(test: str):
    program = "def a(): return 1\ndef pow(x): return x\ndef test_b(): return 2\n"
    assert passes(pytest_files("__all__ = ['a', 'pow', 'test_b']\n" + program, test))
    assert is_wrong(pytest_files(program, test))
