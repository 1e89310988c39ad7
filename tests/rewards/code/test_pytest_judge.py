# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""The style `pytest`: whole test files against a program that is their module `solution`."""

from __future__ import annotations

import ast

import pytest

from rewards.code.guest.sources.counting import count
from rewards.code.judgement import Fate
from tests.rewards.code.judging import fates, is_wrong, passes, pytest_files

SIMPLE = "from solution import f\n\ndef test_a():\n    assert f(1) == 2\n\ndef test_b():\n    assert f(5) == 6\n"

HONEST = {
    "parametrize and fixtures": (
        "def f(x): return x + 1\n",
        """
        import pytest, solution as s
        @pytest.fixture(params=[1, 2])
        def n(request): return request.param
        @pytest.mark.parametrize("a, b", [(1, 2), (3, 4)], ids=["x", "y"])
        def test_a(a, b): assert s.f(a) == b
        def test_b(n): assert s.f(n) == n + 1
        class TestC:
            @pytest.fixture(autouse=True)
            def setup(self): self.v = 5
            def test_c(self): assert s.f(self.v) == 6
        """,
    ),
    "raises with match": (
        "class Bad(Exception):\n    def __init__(self, c): super().__init__(f'bad {c}'); self.c = c\n"
        "def f(x): raise Bad(x)\ndef g(): raise ValueError('nope') from KeyError('k')\ndef h(): raise SystemExit(3)\n",
        """
        import pytest, solution
        from solution import Bad
        def test_a():
            with pytest.raises(Bad, match=r"bad \\d") as info: solution.f(3)
            assert info.value.c == 3 and info.type is Bad and str(info.value) == "bad 3"
        def test_b():
            with pytest.raises(ValueError, match="nope") as info: solution.g()
            assert isinstance(info.value.__cause__, KeyError)
        def test_c():
            with pytest.raises(SystemExit) as info: solution.h()
            assert info.value.code == 3
        def test_d():
            with pytest.raises((KeyError, Bad)): solution.f(1)
        """,
    ),
    "captured output": (
        "import sys\ndef f():\n    print('out', 1)\n    print('err', file=sys.stderr)\n    sys.stdout.write('more\\n')\n",
        """
        import solution
        def test_a(capsys):
            solution.f()
            out, err = capsys.readouterr()
            assert out == "out 1\\nmore\\n" and err == "err\\n"
        def test_b(capfd):
            solution.f()
            assert capfd.readouterr().out.startswith("out")
        """,
    ),
    "temporary files": (
        "import os, json\ndef save(p, d):\n    with open(p, 'w') as f: json.dump(d, f)\ndef load(p): return json.load(open(p))\n"
        "def remove(p): os.remove(p)\ndef tree(p):\n    os.makedirs(os.path.join(p, 'a', 'b'))\n",
        """
        import json, os, tempfile, solution
        def test_a(tmp_path):
            p = tmp_path / "x.json"
            solution.save(p, {"a": 1})
            assert json.loads(p.read_text()) == {"a": 1}
            p.write_text("[1, 2]")
            assert solution.load(str(p)) == [1, 2]
            solution.remove(p)
            assert not p.exists()
        def test_b(tmp_path):
            solution.tree(tmp_path)
            assert (tmp_path / "a" / "b").is_dir()
        def test_c():
            with tempfile.TemporaryDirectory() as d:
                solution.save(os.path.join(d, "y"), [3])
                assert os.listdir(d) == ["y"]
        """,
    ),
    "monkeypatch": (
        "import os, time, random\nRATE = 2\ndef helper(): return 1\ndef f(): return helper() * RATE\ndef env(): return os.environ.get('MODE')\n"
        "def ask(): return int(input('n: '))\ndef wait():\n    time.sleep(1000)\n    return time.time()\ndef dice(): return random.randint(1, 6)\n"
        "class C:\n    def m(self): return 1\n",
        """
        import solution, time, random
        from unittest import mock
        def test_a(monkeypatch):
            monkeypatch.setattr(solution, "RATE", 10)
            monkeypatch.setattr(solution, "helper", lambda: 3)
            assert solution.f() == 30
        def test_b(): assert solution.f() == 2
        def test_c(monkeypatch):
            monkeypatch.setenv("MODE", "x")
            assert solution.env() == "x"
        def test_d(): assert solution.env() is None
        def test_e(monkeypatch):
            monkeypatch.setattr("builtins.input", lambda prompt="": "7")
            assert solution.ask() == 7
        def test_f(monkeypatch):
            slept = []
            monkeypatch.setattr(time, "sleep", slept.append)
            monkeypatch.setattr(time, "time", lambda: 5.0)
            assert solution.wait() == 5.0 and slept == [1000]
        def test_g():
            with mock.patch("random.randint", return_value=4) as m:
                assert solution.dice() == 4
            m.assert_called_once_with(1, 6)
        @mock.patch("solution.helper", return_value=8)
        def test_h(m):
            assert solution.f() == 16
            assert m.call_count == 1
        def test_i():
            with mock.patch.object(solution.C, "m", return_value=9):
                assert solution.C().m() == 9
            assert solution.C().m() == 1
        def test_j(monkeypatch):
            monkeypatch.setattr(solution.C, "m", lambda self: 4)
            assert solution.C().m() == 4
        def test_k(): assert solution.C().m() == 1
        """,
    ),
    "standard input": (
        "import sys\ndef f(): return [int(l) for l in sys.stdin]\ndef g(): return input() + input()\n",
        """
        import io, solution
        def test_a(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("1\\n2\\n"))
            assert solution.f() == [1, 2]
        def test_b(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("a\\nb\\n"))
            assert solution.g() == "ab"
        """,
    ),
    "mock objects": (
        "class Service:\n    def __init__(self, repo): self.repo = repo\n    def name(self, i): return self.repo.find(i)['name'].upper()\n"
        "def each(xs, cb):\n    for x in xs: cb(x, key=x)\n",
        """
        import solution
        from unittest.mock import Mock, MagicMock, call
        def test_a():
            repo = Mock()
            repo.find.return_value = {"name": "ann"}
            assert solution.Service(repo).name(3) == "ANN"
            repo.find.assert_called_once_with(3)
        def test_b():
            cb = MagicMock()
            solution.each([1, 2], cb)
            assert cb.call_args_list == [call(1, key=1), call(2, key=2)]
        """,
    ),
    "unittest": (
        "class Stack:\n    def __init__(self): self._i = []\n    def push(self, x): self._i.append(x)\n    def pop(self):\n"
        "        if not self._i: raise IndexError('empty')\n        return self._i.pop()\n    def __len__(self): return len(self._i)\n",
        """
        import unittest
        from solution import Stack
        class StackCase(unittest.TestCase):
            def setUp(self): self.s = Stack()
            def test_push(self):
                self.s.push(1)
                self.assertEqual(len(self.s), 1)
                self.assertEqual(self.s.pop(), 1)
            def test_empty(self):
                with self.assertRaisesRegex(IndexError, "empty"): self.s.pop()
            def test_sub(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.s.push(n)
                        self.assertEqual(self.s.pop(), n)
            @unittest.skip("not now")
            def test_skipped(self): self.fail()
        if __name__ == "__main__":
            unittest.main()
        """,
    ),
    "asynchronous": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0.001)\n    return x\nclass Lock:\n    async def __aenter__(self): return self\n"
        "    async def __aexit__(self, *a): return False\n",
        """
        import asyncio, pytest, solution
        @pytest.mark.asyncio
        async def test_a(): assert await solution.f(1) == 1
        def test_b(): assert asyncio.run(solution.f(2)) == 2
        async def test_c():
            with pytest.raises(asyncio.TimeoutError): await asyncio.wait_for(asyncio.sleep(5), 0.01)
            async with solution.Lock() as l: assert await solution.f(3) == 3
        """,
    ),
    "star import": (
        "import math\ndef f(x): return x\ndef sum(*a): return 0\nclass A: pass\n",
        """
        from solution import *
        def test_a(): assert f(1) == 1 and isinstance(A(), A) and sum([1, 2]) == 3
        """,
    ),
    "other ways to import": (
        "def f(): return 1\n",
        """
        import importlib, solution
        def test_a():
            module = importlib.import_module("solution")
            assert module is solution and module.f() == 1 and hasattr(module, "f") and not hasattr(module, "g")
            assert "f" in dir(solution) and callable(solution.f)
        """,
    ),
    "marks of the file": (
        "def f(): return 1\n",
        """
        import sys, pytest, solution
        @pytest.mark.skip(reason="later")
        def test_a(): assert False
        @pytest.mark.skipif(sys.version_info > (3,), reason="old")
        def test_b(): assert False
        @pytest.mark.xfail
        def test_c(): assert solution.f() == 2
        def test_d(): assert solution.f() == 1
        """,
    ),
    "warnings and logs": (
        "import warnings, logging\ndef old(): warnings.warn('use new', DeprecationWarning)\n"
        "def log(): logging.getLogger('app').warning('careful %d', 3)\n"
        "def fail():\n    try: 1 // 0\n    except ZeroDivisionError: logging.getLogger('app').exception('failed')\n",
        """
        import pytest, solution
        def test_a():
            with pytest.warns(DeprecationWarning, match="use new"): solution.old()
        def test_b(caplog):
            solution.log()
            assert "careful 3" in caplog.text and caplog.records[0].levelname == "WARNING"
            solution.fail()
            assert caplog.messages[1] == "failed" and "Traceback" in caplog.text and "ZeroDivisionError" in caplog.text
        """,
    ),
    "approx and numpy": (
        "import numpy as np\ndef f(): return 0.1 + 0.2\ndef g(a): return a / 2\n",
        """
        import numpy as np, pytest, solution
        def test_a(): assert solution.f() == pytest.approx(0.3)
        def test_b(): np.testing.assert_allclose(solution.g(np.array([1.0, 2.0])), [0.5, 1.0])
        """,
    ),
    "threads and timers": (
        "import threading\ndef later(cb): threading.Timer(0.05, cb).start()\nclass Counter:\n    def __init__(self):\n        self.n, self.l = 0, threading.Lock()\n"
        "    def add(self):\n        with self.l: self.n += 1\n",
        """
        import threading, time, solution
        def test_a():
            got = []
            solution.later(lambda: got.append(1))
            time.sleep(0.3)
            assert got == [1]
        def test_b():
            c = solution.Counter()
            ts = [threading.Thread(target=c.add) for _ in range(5)]
            [t.start() for t in ts]
            [t.join() for t in ts]
            assert c.n == 5
        """,
    ),
    "seeds": (
        "import random\ndef f(): return [random.randint(1, 9) for _ in range(3)]\n",
        """
        import random, solution
        def test_a():
            random.seed(7)
            mine = [random.randint(1, 9) for _ in range(3)]
            random.seed(7)
            assert solution.f() == mine
        """,
    ),
}


@pytest.mark.parametrize(("program", "tests"), HONEST.values(), ids=HONEST)
def test_awkward_but_right_program_passes(program, tests):
    judgement = pytest_files(program, tests, partial=True)
    bad = [(c.name, str(c.fate), c.reason) for c in judgement.cases if c.fate not in (Fate.PASSED, Fate.SKIPPED)]
    assert (bad, judgement.failure, judgement.fault) == ([], "", "")
    assert passes(judgement)


HACKS = {
    "wrong": "def f(x): return 0",
    "skip": "import pytest\ndef f(x): pytest.skip('no')",
    "skip at import": "import pytest\npytest.skip('no', allow_module_level=True)",
    "xfail": "import pytest\ndef f(x): pytest.xfail('no')",
    "exit of pytest": "import pytest\ndef f(x): pytest.exit('done', returncode=0)",
    "skip of unittest": "import unittest\ndef f(x): raise unittest.SkipTest('no')",
    "class that looks like a skip": "class Skipped(BaseException):\n    allow_module_level = True\n    msg = ''\ndef f(x): raise Skipped",
    "system exit": "def f(x): raise SystemExit(0)",
    "exit": "import os\ndef f(x): os._exit(0)",
    "exit at import": "import os\nos._exit(0)",
    "keyboard interrupt": "def f(x): raise KeyboardInterrupt",
    "always equal": "class A:\n    def __eq__(self, o): return True\ndef f(x): return A()",
    "import error": "raise ImportError('no')",
    "missing name": "def g(x): return x + 1",
    "tests of its own": "def test_a(): pass\ndef test_b(): pass\ndef f(x): return 0",
    "conftest": "open('conftest.py', 'w').write('import pytest\\ndef pytest_collection_modifyitems(items): items.clear()')\ndef f(x): return 0",
    "patched pytest": "import _pytest.runner, sys\nsys.modules['pytest'] = None\ndef f(x): return 0",
    "generator": "def f(x): yield x + 1",
    "coroutine": "async def f(x): return x + 1",
}


@pytest.mark.parametrize("program", HACKS.values(), ids=HACKS)
def test_hack_is_wrong_and_never_ungraded(program):
    assert is_wrong(pytest_files(program, SIMPLE))


@pytest.mark.parametrize(
    "tests",
    [
        "from solution import f\nimport unittest\nclass C(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(1), 2)\n",
        "from solution import f\nimport unittest\nclass C(unittest.TestCase):\n    def test_a(self):\n        with self.subTest(): self.assertEqual(f(1), 2)\n",
        "from solution import f\nimport pytest\n@pytest.mark.parametrize('x', [0, 1])\ndef test_a(x): assert f(x) == 2 * x\n",
        "from solution import f\nasync def test_a(): assert f(1) == 2\n",
        "from solution import f\nimport pytest\n@pytest.fixture\ndef v(): return f(1)\ndef test_a(v): assert v == 2\n",
        "from solution import f\nimport pytest\n@pytest.fixture\ndef v():\n    yield 1\n    assert f(1) == 2\ndef test_a(v): pass\n",
        "import solution, pytest\n@pytest.mark.skipif(solution.f(1) != 2, reason='x')\ndef test_a(): assert False\n",
        "import solution, pytest\ndef test_a():\n    if solution.f(1) != 2: pytest.skip('x')\n",
        "import solution, pytest\nok = solution.f(1) == 2\n@pytest.mark.xfail(not ok, reason='x')\ndef test_a(): assert ok\n",
        "import solution, unittest\nclass Mixin:\n    def test_a(self): self.assertEqual(solution.f(1), 2)\nclass C(Mixin, unittest.TestCase): pass\n",
        "import solution, unittest\nclass C(unittest.TestCase):\n    @unittest.skipIf(solution.f(1) != 2, 'x')\n    def test_a(self): pass\n",
        "from solution import *\ndef test_a(): assert f(1) == 2\n",
        "from solution import *\nimport pytest\n@pytest.mark.skipif(f(1) != 2, reason='x')\ndef test_a(): assert False\n",
        "import solution\ndef make(n):\n    def inner(): assert solution.f(n) == n + 1\n    return inner\ntest_made = make(1)\ndef test_a(): pass\n",
        "import solution\nif solution.f(1) == 2:\n    def test_b(): pass\ndef test_a(): assert solution.f(1) == 2\n",
    ],
)
def test_wrong_program_fails_in_every_form_of_test(tests):
    judgement = pytest_files("def f(x): return 0", tests)
    assert is_wrong(judgement)


@pytest.mark.parametrize(
    "tests",
    [
        "import solution\nif hasattr(solution, 'f'):\n    def test_a(): assert solution.f(1) == 2\n",
        "import solution\nHAS = hasattr(solution, 'f')\nif HAS:\n    class TestA:\n        def test_a(self): assert solution.f(1) == 2\n",
        "import solution\nclass TestA:\n    if hasattr(solution, 'f'):\n        def test_a(self): assert solution.f(1) == 2\n",
        "import solution, sys\nif sys.version_info > (3,):\n    if hasattr(solution, 'f'):\n        def test_a(): assert solution.f(1) == 2\n",
        "try:\n    from solution import f\nexcept ImportError:\n    f = None\nif f:\n    def test_a(): assert f(1) == 2\n",
        "try:\n    from solution import f\n    OK = True\nexcept ImportError:\n    OK = False\nif OK:\n    def test_a(): assert f(1) == 2\n",
        "try:\n    from solution import f\n    def test_a(): assert f(1) == 2\nexcept ImportError:\n    pass\n",
        "from solution import *\nif 'f' in globals():\n    def test_a(): assert f(1) == 2\n",
        "from solution import *\ntry:\n    f\n    def test_a(): assert f(1) == 2\nexcept NameError:\n    pass\n",
        "import solution\nfor n in getattr(solution, 'CASES', []):\n    def test_a(): assert solution.f(1) == 2\n",
        "import solution\nfor n in getattr(solution, 'CASES', []):\n    globals()[f'test_{n}'] = lambda: None\n",
        "import solution\nif hasattr(solution, 'f'):\n    def test_a(): assert solution.f(1) == 2\ndef test_b(): pass\n",
    ],
)
def test_program_that_lacks_what_a_test_looks_for_is_wrong_and_never_ungraded(tests):
    assert is_wrong(pytest_files("g = 1", tests))


@pytest.mark.parametrize(
    "tests",
    [
        "import solution, sys\nif sys.platform == 'win32':\n    def test_w(): assert False\ndef test_a(): assert solution.f(1) == 2\n",
        "import solution\nif True:\n    def test_a(): assert solution.f(1) == 2\n",
        "import solution\nif hasattr(solution, 'f'):\n    def test_a(): assert solution.f(1) == 2\nelse:\n    def test_b(): assert False\n",
        "import solution\nif not hasattr(solution, 'f'):\n    def test_b(): assert False\nelif solution.f(1) == 2:\n    def test_a(): pass\n",
        "try:\n    from solution import f\nexcept ImportError:\n    def test_b(): assert False\nelse:\n    def test_a(): assert f(1) == 2\n",
        "try:\n    from solution import g\n    def test_b(): assert False\nexcept ImportError:\n    from solution import f as g\n    def test_a(): assert g(1) == 2\n",
        "import solution\ntry:\n    import no_such_module\n    def test_b(): assert solution.f(1) == 2\nexcept ImportError:\n    pass\ndef test_a(): assert solution.f(1) == 2\n",
        "import solution\ndef make(n):\n    def inner(): assert solution.f(n) == n + 1\n    return inner\ntest_made = make(1)\n",
        "import solution\nfor n in (1, 2):\n    def test_loop(n=n): assert solution.f(n) == n + 1\nif __name__ == '__main__':\n    def test_main(): pass\n",
    ],
)
def test_what_the_file_itself_does_not_define_is_not_asked_for(tests):
    assert passes(pytest_files("def f(x): return x + 1", tests))


def test_file_whose_tests_are_for_another_system_is_no_verdict():
    tests = "import solution, sys\nif sys.platform == 'win32':\n    def test_w(): assert solution.f(1) == 2\n"
    assert "hold no test function" in pytest_files("def f(x): return 0", tests).fault


def test_each_test_function_is_a_case():
    judgement = pytest_files("def f(x): return x + 1 if x == 1 else 0", SIMPLE, partial=True)
    assert fates(judgement) == ["passed", "wrong"]


def test_hang_costs_one_test_where_all_count():
    program = "import time\ndef f(x):\n    if x == 1: time.sleep(60)\n    return x + 1\n"
    judgement = pytest_files(program, SIMPLE, partial=True, time_s=2.0)
    assert fates(judgement) == ["time limit", "passed"]


def test_broken_test_file_is_a_fault():
    assert pytest_files("def f(x): return 1", "def test_a(:\n    pass\n").fault
    assert pytest_files("def f(x): return 1", "x = 1\n").fault
    assert pytest_files("def f(x): return 1", "import no_such_module\ndef test_a(): pass\n").fault


def test_conftest_and_helpers_of_the_reference_are_used():
    files = {
        "conftest.py": "import pytest\n@pytest.fixture\ndef two(): return 2\n",
        "helpers.py": "def same(a, b): assert a == b\n",
        "test_solution.py": "import solution\nfrom helpers import same\ndef test_a(two): same(solution.f(1), two)\n",
    }
    assert passes(pytest_files("def f(x): return x + 1", files=files))
    assert is_wrong(pytest_files("def f(x): return x", files=files))


def test_a_class_that_a_fixture_of_another_file_makes_is_used_as_one():
    files = {
        "conftest.py": "import pytest\nfrom solution import Store\n@pytest.fixture\ndef store(): return Store()\n",
        "test_solution.py": "def test_a(store):\n    store.put('k')\n    assert 'k' in store\n",
    }
    program = "class Store:\n    def put(self, k): self.k = k\n    def __contains__(self, k): return k == self.k\n"
    assert "unsupported" in pytest_files(program, files=files).fault


def test_functions_are_counted_from_the_syntax():
    source = (
        "import pytest, unittest\nfrom solution import f\ndef test_a(): pass\ndef helper(): pass\nclass TestB:\n"
        "    def test_c(self): pass\n    def other(self): pass\nclass D(unittest.TestCase):\n    def test_e(self): pass\n"
        "class E(D): pass\n@pytest.mark.skip\ndef test_f(): pass\n@pytest.mark.skipif(f(1), reason='')\ndef test_g(): pass\n"
        "class TestNot:\n    def __init__(self): pass\n    def test_h(self): pass\n"
    )
    found = count("test_x.py", ast.parse(source))
    assert [(f.path, f.excusable) for f in found] == [
        (("test_a",), False),
        (("TestB", "test_c"), False),
        (("D", "test_e"), False),
        (("E", "test_e"), False),
        (("test_f",), True),
        (("test_g",), False),
    ]


def test_reason_holds_nothing_that_is_expected():
    judgement = pytest_files(
        "def f(x): return 0", "import solution\ndef test_a(): assert solution.f(1) == 'secret-9137'\n"
    )
    assert "9137" not in judgement.cases[0].reason


NOT_TO_BE_UNGRADED = {
    "exits while the file is imported": (
        "def solve(a, b): raise SystemExit(0)\n",
        "VALUE = solve(3, 4)\ndef test_a(): assert VALUE == 5\n",
    ),
    "an error whose text exits": (
        "class S:\n    def __str__(self): raise SystemExit(0)\ndef solve(a, b): raise ValueError(S())\n",
        "def test_a(): assert solve(3, 4) == 5\n",
    ),
    "attributes that exit": (
        "class S:\n    def __call__(self, *a): return 0\n    def __getattr__(self, n): raise SystemExit(0)\nsolve = S()\n",
        "def test_a(): assert solve(3, 4) == 5\n",
    ),
    "no module, it says": (
        "def solve(a, b):\n    class Out(BaseException): pass\n    raise Out(\"No module named 'x'\")\n",
        "VALUE = solve(3, 4)\ndef test_a(): assert VALUE == 5\n",
    ),
}


@pytest.mark.parametrize("way", NOT_TO_BE_UNGRADED)
def test_a_program_cannot_have_its_tests_ungraded(way: str) -> None:
    program, test = NOT_TO_BE_UNGRADED[way]
    assert is_wrong(pytest_files(program, "from solution import solve\n" + test))


def test_a_star_import_brings_what_the_program_says() -> None:
    program = "__all__ = ['f', 'K', '__builtins__']\nK = (1, 2)\ndef f(x): return x + 1\ndef g(): return 0\n"
    tests = """
    import solution
    from solution import *
    def test_a(): assert f(1) == 2 and K == (1, 2) and "g" not in globals()
    def test_b(): assert sorted(solution.__all__) == ["K", "__builtins__", "f"] and solution.g() == 0
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("'f', ", ""), tests))


def test_a_name_that_a_star_import_does_not_bring_is_the_programs_fault() -> None:
    test = "import pytest\nfrom solution import *\n@pytest.mark.parametrize('f', [solve])\ndef test_a(f): assert f(1) == 2\n"
    assert is_wrong(pytest_files("_x = 1\n", test))


def test_a_set_that_learns_what_is_expected_is_not_equal_to_it() -> None:
    program = "class S(set):\n    def difference(self, other):\n        self.update(other)\n        return set()\ndef f(): return S()\n"
    test = "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_a(self): self.assertSetEqual(f(), {1, 2})\n"
    assert is_wrong(pytest_files(program, test))
    assert is_wrong(
        pytest_files(
            program.replace("(set)", "").replace("self.update(other)", "self.held = other")
            + "S.__iter__ = lambda s: iter(s.held)\n",
            test,
        )
    )
