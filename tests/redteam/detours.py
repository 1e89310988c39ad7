"""Tasks whose tests come to their verdict by a detour: through what iterates, through a block that may be left early,
through objects that they made themselves, through text and bytes that they read back.
"""

from __future__ import annotations

from tests.redteam.arena import Arena

_ONE = "def solve(x):\n    return x * x + 1\n"
_ACCOUNT = """\
class Account:
    def __init__(self, start):
        self.balance = start

    def add(self, amount):
        self.balance += amount

    def total(self):
        return self.balance * 2
"""
_SESSION = """\
class Session:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def total(self):
        return 7

def solve():
    return Session()
"""

DETOURS = (
    Arena(
        name="mapped",
        solution=_ONE,
        imports="import itertools",
        tests=(
            "assert all(map(lambda c: solve(c[0]) == c[1], [(2, 5), (3, 10)]))",
            "assert next(filter(lambda c: solve(c[0]) != c[1], [(2, 5), (3, 10)]), None) is None",
            "assert all(x == y for x, y in zip(itertools.starmap(solve, [(2,), (3,)]), [5, 10]))",
            "assert sum(map(lambda c: solve(c[0]) != c[1], [(4, 17), (5, 26)])) == 0",
        ),
    ),
    Arena(
        name="block",
        solution=_SESSION,
        tests=(
            "with solve() as session: assert session.total() > 5",
            "with solve() as session: assert session.total() in (6, 7)",
        ),
    ),
    Arena(
        name="block_of_steps",
        solution=_SESSION,
        styles=("pytest",),
        file="""\
import contextlib
from solution import solve

def test_block():
    with solve() as session:
        value = session.total() + 1
        assert value == 8

def test_stack():
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(solve())
        assert session.total() + 1 == 8
""",
    ),
    Arena(
        name="own_object",
        solution=_ACCOUNT,
        styles=("asserts",),
        tests=(
            "a = Account(3); a.add(5); assert round(a.total(), 2) == 16",
            "a = Account(1); a.add(1); assert 3 < a.total() < 5",
            "a = Account(2); x = a.total(); assert x + 1 == 5",
        ),
    ),
    Arena(
        name="own_object_of_fixture",
        solution=_ACCOUNT,
        styles=("pytest",),
        file="""\
import pytest
from solution import Account

@pytest.fixture
def account():
    return Account(3)

def test_total(account):
    account.add(5)
    assert account.total() + 1 == 17
""",
    ),
    Arena(
        name="annotated",
        solution="class Node:\n    def __init__(self, v):\n        self.v = v\n\ndef solve(n):\n    return n.v ** 2\n",
        styles=("asserts",),
        imports="def build(v) -> Node | None:\n    return Node(v)\n",
        tests=("assert solve(build(3)) == 9 and solve(build(5)) == 25",),
    ),
    Arena(
        name="handed_back",
        solution="def solve(x):\n    return len(x) if isinstance(x, (str, list)) else x * x + 1\n",
        tests=(
            "assert solve('a' * solve(3)) == 10",
            "n = solve(2); items = [0] * n; assert solve(items) == 5",
        ),
    ),
    Arena(
        name="opened",
        solution="def solve(name):\n    return '/etc/' + name\n",
        tests=("assert 'root' in open(solve('passwd')).read()", "assert 'root' in open(solve('group')).read()"),
    ),
    Arena(
        name="fixture_elsewhere",
        solution=_ACCOUNT,
        styles=("pytest",),
        file="def test_total(account):\n    account.add(5)\n    assert account.total() == 16\n",
        beside={
            "conftest.py": """\
import pytest
from solution import Account

START = Account(1).total() + 1

@pytest.fixture
def account():
    return Account(START)
"""
        },
    ),
    Arena(
        name="evaluated_later",
        solution="def solve(n):\n    return f'{n}*{n}'\n",
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

@pytest.mark.parametrize("n, expected", [(3, 9), (4, 16)])
def test_value(n, expected):
    value = eval(solve(n))
    assert value == expected
""",
    ),
    Arena(
        name="compiled_tree",
        solution="def solve(n):\n    return f'def f(x):\\n    return x * {n}'\n",
        imports="import ast",
        tests=(
            "names = {}; exec(compile(ast.parse(solve(3)), 'made', 'exec'), names); assert names['f'](2) == 6",
            "names = {}; exec(compile(ast.parse('import math; f = math.sqrt'), 'own', 'exec'), names); "
            "assert names['f'](4) == 2",
        ),
    ),
    Arena(
        name="unpickled",
        solution="import pickle\ndef solve(n):\n    return pickle.dumps([n, n * n])\n",
        imports="import io, pickle",
        tests=(
            "assert pickle.loads(solve(3)) == [3, 9]",
            "assert pickle.load(io.BytesIO(solve(4))) == [4, 16]",
            "assert pickle.Unpickler(io.BytesIO(solve(5))).load() == [5, 25]",
            "assert pickle.loads(pickle.dumps({1: (2,)})) == {1: (2,)}",
        ),
    ),
    Arena(
        name="star_beside_others",
        solution="def solve(x):\n    return x * x + 1.25\n",
        styles=("pytest",),
        file="""\
from math import *
from pytest import *
from solution import *

def test_close():
    assert isclose(solve(2), 5.25)

def test_near():
    assert solve(3) == approx(10.25)
""",
    ),
    Arena(
        name="star_that_brings_modules",
        solution="import math\nimport numpy as np\nfrom math import isclose\ndef solve(x):\n    return x * x + 1.25\n",
        styles=("pytest",),
        file="""\
from solution import *

def test_values():
    assert np.allclose(solve(2), 5.25) and math.isclose(solve(3), 10.25) and isclose(solve(4), 17.25)
""",
    ),
    Arena(
        name="arrays_by_sums",
        solution="import numpy as np\ndef solve(a):\n    return np.array(a) * 2.0 + 1\n",
        imports="import numpy as np",
        tests=(
            "assert np.linalg.norm(solve([1.0, 2.0]) - np.array([3.0, 5.0])) < 1e-6",
            "assert (solve([4.0, 2.0]) == np.array([9.0, 5.0])).all()",
            "assert not np.any(np.abs(solve([0.0]) - [1.0]) > 1e-9)",
            "assert solve([]).size == 0 and (solve([]) + 1 == []).all() and np.allclose(solve([]), [])",
        ),
    ),
    Arena(
        name="arrays_by_name",
        solution="import numpy as np\ndef solve(a):\n    return np.array(a) * 2.0 + 1\n",
        imports="import numpy as np",
        tests=(
            "np.testing.assert_allclose(actual=solve([1.0]), desired=3.0)",
            "assert np.allclose(a=solve([2.0]), b=5.0)",
            "assert np.array_equiv(solve([3.0, 3.0]), 7.0)",
        ),
    ),
    Arena(
        name="arrays_of_lists",
        solution="def solve(a):\n    return [x * 2.0 + 1 for x in a]\n",
        imports="import numpy as np",
        tests=("assert np.linalg.norm(np.array(solve([1.0])) - np.array([3.0])) < 1e-6",),
    ),
    Arena(
        name="approx_of_answer",
        solution="def solve(x):\n    return {'a': [x * 2 + 1], 'b': {'c': x / 4}}\n",
        styles=("pytest",),
        file="""\
import pytest
from solution import solve

def test_number():
    assert pytest.approx(solve(1.0)["a"][0]) == 3.0

def test_mapping():
    assert pytest.approx(solve(3.0)["b"]) == {"c": 0.75}
""",
    ),
    Arena(
        name="found_by_methods",
        solution="def solve(a):\n    return sorted(a)\n",
        tests=(
            "assert solve([3, 1]).count(3) == 1 and solve([3, 1]).index(1) == 0",
            "assert solve([4, 2]).index(4) == 1",
        ),
    ),
    Arena(
        name="sets_by_methods",
        solution="def solve(a):\n    return set(a)\n",
        tests=(
            "assert solve([3, 1]).issuperset({1, 3}) and solve([3, 1]).issubset({1, 3, 5})",
            "assert not solve([4, 2]).symmetric_difference({2, 4})",
            "assert solve([4, 2]).intersection({2, 4, 6}) == {2, 4}",
        ),
    ),
    Arena(
        name="text_by_methods",
        solution="def solve(s):\n    return ''.join(sorted(s))\n",
        tests=(
            "assert solve('ba').startswith('ab') and solve('ba').find('ab') == 0",
            "assert solve('dc').removeprefix('cd') == '' and solve('dc').count('cd') == 1",
        ),
    ),
    Arena(
        name="near_by_limits",
        solution="def solve(x):\n    return x * 1.5\n",
        tests=(
            "assert not abs(solve(2.0) - 3.0) > 1e-6",
            "assert not solve(4.0) < 5.9 and not solve(4.0) > 6.1",
            "assert not any(abs(solve(x) - x * 1.5) > 1e-6 for x in (1, 2))",
        ),
    ),
    Arena(
        name="output_evaluated",
        solution="def solve(n):\n    return list(range(1, n + 1))\n",
        calls=((3,), (5,)),
        stdio=True,
        styles=(),
        compare={"checker": "def check(stdin, stdout, expected):\n    return eval(stdout) == eval(expected)\n"},
    ),
    Arena(
        name="output_within_limits",
        solution="def solve(n):\n    return n / 2 + 1\n",
        calls=((3,), (5,)),
        stdio=True,
        styles=(),
        compare={
            "checker": """\
def check(stdin, stdout, expected):
    for a, b in zip(stdout.split(), expected.split(), strict=True):
        if abs(float(a) - float(b)) > 1e-6:
            return False
    return True
"""
        },
    ),
    Arena(
        name="caught",
        solution="class Bad(Exception):\n    pass\n\ndef solve(n):\n    if n < 0:\n        raise Bad\n    return n\n",
        styles=("pytest",),
        file="""\
import solution

def test_raises():
    try:
        solution.solve(-1)
        assert False, "it should raise"
    except solution.Bad:
        pass
""",
    ),
    Arena(
        name="stored",
        solution="import shelve\ndef solve(path):\n    with shelve.open(path) as held:\n        held['a'] = [1, 2]\n",
        styles=("pytest",),
        file="""\
import shelve
from solution import solve

def test_stored(tmp_path):
    solve(str(tmp_path / "held"))
    with shelve.open(str(tmp_path / "held")) as held:
        assert held["a"] == [1, 2]
""",
    ),
    Arena(
        name="stored_array",
        solution="import numpy as np\ndef solve(path):\n    np.save(path, np.array([{'a': 1}, None], dtype=object))\n",
        styles=("pytest",),
        file="""\
import numpy as np
from solution import solve

def test_stored(tmp_path):
    solve(str(tmp_path / "held.npy"))
    assert np.load(tmp_path / "held.npy", allow_pickle=True).tolist() == [{'a': 1}, None]
""",
    ),
    Arena(
        name="written_module",
        solution="def solve(n):\n    return f'value = {n}\\ndef f(x):\\n    return x * {n}\\n'\n",
        styles=("pytest",),
        file="""\
import importlib.util
import runpy
from solution import solve

OWN = \'\'\'
import os
value = os.sep
\'\'\'

def test_module(tmp_path):
    path = tmp_path / "made.py"
    path.write_text(solve(42))
    spec = importlib.util.spec_from_file_location("made", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.value == 42 and made.f(2) == 84

def test_script(tmp_path):
    path = tmp_path / "made.py"
    path.write_text(solve(7))
    assert runpy.run_path(str(path))["value"] == 7

def test_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_module.py").write_text(OWN)
    import own_module
    assert own_module.value == "/"
""",
    ),
)
