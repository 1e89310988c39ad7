# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Programs that give their answer elsewhere than by returning it, and spoil what a test computes that answer from."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

CART = """
class Cart:
    def __init__(self): self.items = {"a": 3, "b": 9}
    def names(self): return [*self.items]
    def total(self): return sum(self.items.values())
    def reset(self): self.items = {}
    def remove(self, name): self.items.pop(name)
c = Cart()
"""


@pytest.mark.parametrize(
    ("right", "spoils", "test"),
    [
        ("b.extend(sorted(a))", "a.clear()", "xs, out = [2, 1], []\nf(xs, out)\nassert out == sorted(xs)"),
        ("b.extend(sorted(a))", "a.__setitem__(slice(2), [7, 7]), b.extend(a)", "xs, out = [2, 1], []\nf(xs, out)\nassert out == sorted(xs)"),
        ("b.extend(sorted(a))", "a.pop(), b.extend(a)", "xs, out = [2, 1], []\nf(xs, out)\nassert out == sorted(xs)"),
        ("b.extend(2 * v for v in a)", "a.clear()", "xs, out = [2, 1], []\nf(xs, out)\nwant = []\nfor v in xs: want.append(2 * v)\nassert out == want"),
        ("b.update((v, k) for k, v in a.items())", "a.clear()", "xs, out = {'k': 1}, {}\nf(xs, out)\nassert out == {v: k for k, v in xs.items()}"),
        ("b.extend(map(list, zip(*a)))", "[r.clear() for r in a]", "m, out = [[1, 2], [3, 4]], []\nf(m, out)\nassert out == [list(r) for r in zip(*m)]"),
        ("b.__setitem__('all', sorted(a))", "(a.clear(), a.append(0), b.__setitem__('all', a))", "xs, out = [2, 1], {}\nf(xs, out)\nassert out == {'all': sorted(xs)}"),
        ("[b(v) for v in sorted(a)]", "a.clear()", "xs, out = [2, 1], []\nf(xs, out.append)\nassert out == sorted(xs)"),
        ("[b(v) for v in sorted(a)]", "a.clear()", "xs, out = [2, 1], []\nf(xs, lambda v: out.append(v))\nassert out == sorted(xs)"),
        ("[b(v) for v in a]", "a.clear()", "def run(xs):\n    total = 0\n    def add(v):\n        nonlocal total\n        total += v\n    f(xs, add)\n    assert total == sum(xs)\nrun([2, 1])"),
        ("sorted(a, key=b)", "a.clear() or []", "seen, xs = [], [2, 1]\ndef key(v):\n    seen.append(v)\n    return v\nassert f(xs, key) == sorted(xs, key=key)\nassert sorted(seen[:2]) == sorted(xs)"),
        ("b.add(sum(a))", "a.clear()", "class Sink:\n    n = 0\n    def add(self, v): self.n += v\nxs, out = [2, 1], Sink()\nf(xs, out)\nassert out.n == sum(xs)"),
        ("c.total()", "c.reset() or 0", "assert f(c, 1) == c.total()"),
        ("sorted(c.names())", "[c.remove(n) for n in ('a', 'b')] and []", "r = f(c, 1)\nassert r == sorted(c.names())"),
        ("[b(n) for n in c.names()]", "c.reset()", "out = []\nf(c, out.append)\nassert out == c.names()"),
        ("b.__setitem__(slice(2), sorted(a))", "a.__setitem__(slice(2), [0, 0])", "xs, out = [2, 1], [0, 0]\nf(xs, out)\nassert out == sorted(xs)"),
        ("[b[j].__setitem__(i, v) for i, r in enumerate(a) for j, v in enumerate(r)]", "[r.__setitem__(slice(2), [None] * 2) for r in a]", "m, out = [[1, 2], [3, 4]], [[None] * 2, [None] * 2]\nf(m, out)\nassert out == [list(r) for r in zip(*m)]"),
        ("b.__setitem__(slice(2), 2 * a)", "a.fill(0)", "import numpy as np\nxs, out = np.array([2.0, 1.0]), np.zeros(2)\nf(xs, out)\nassert np.allclose(out, [2 * v for v in xs])"),
        ("b.__setitem__(slice(2), 2 * a)", "a.fill(3), b.fill(6)", "import numpy as np\nxs, out = np.array([2.0, 1.0]), np.zeros(2)\nf(xs, out)\nassert np.allclose(out, [2 * v for v in xs])"),
        ("c['a']", "c.__delitem__('a') or 0", "class Box(Cart):\n    def __init__(self): self.items = {'a': 3}\n    def __getitem__(self, k): return self.items[k]\n    def __delitem__(self, k): del self.items[k]\nc = Box()\nassert f(c, 1) == c.total()"),
        ("c.total()", "c.__enter__().__exit__(None, None, None) or 0", "class Box(Cart):\n    def __enter__(self): return self\n    def __exit__(self, *_): self.items = {}\nc = Box()\nassert f(c, 1) == c.total()"),
        ("sum(c())", "c().clear() or 0", "from unittest.mock import Mock\nm = Mock(return_value=[2, 1])\nassert f(m, 1) == sum(m.return_value)\nm.assert_called_once()"),
        ("a.index(max(a))", "a.__setitem__(slice(2), [0]) or 0", "xs = [2, 5]\ni = f(xs, 1)\nassert xs[i] == max(xs)"),
        ("[2 * v for v in a]", "a.clear() or []", "from concurrent.futures import ThreadPoolExecutor\nxs = [2, 1]\nwith ThreadPoolExecutor(1) as pool: r = pool.submit(f, xs, 1).result()\nassert r == [2 * v for v in xs]"),
        ("[2 * v for v in a]", "a.clear() or []", "cases = [2, 1]\npairs = [(f(cases, 1), cases)]\nfor got, xs in pairs: assert got == [2 * v for v in xs]"),
        ("[2 * v for v in a]", "a.clear() or []", "xs = [2, 1]\nr, errors = f(xs, 1), 0\nfor i, v in enumerate(xs):\n    if r[i] != 2 * v: errors += 1\nassert errors == 0"),
        ("b(sorted(a))", "a.clear(), b([])", "from unittest.mock import Mock\nxs, out = [2, 1], Mock()\nf(xs, out)\nout.assert_called_once_with(sorted(xs))"),
        ("b(sorted(a))", "b(a), a.__setitem__(slice(2), [0])", "from unittest.mock import Mock, call\nxs, out = [2, 1], Mock()\nf(xs, out)\nassert out.call_args == call(sorted(xs))"),
        ("b.put(sorted(a))", "a.__setitem__(slice(2), [7]), b.put([7])", "from unittest.mock import Mock\nxs, out = [2, 1], Mock()\nf(xs, out)\nassert out.put.call_args[0][0] == sorted(xs)"),
        ("b.put(sorted(a))", "a.clear(), b.put([])", "import queue\nxs, out = [2, 1], queue.Queue()\nf(xs, out)\nassert out.get(timeout=1) == sorted(xs)"),
        ("b.set_result(sorted(a))", "a.clear(), b.set_result([])", "from concurrent.futures import Future\nxs, out = [2, 1], Future()\nf(xs, out)\nassert out.result(timeout=1) == sorted(xs)"),
        ("b.writerow(sorted(a))", "a.__setitem__(slice(2), [7]), b.writerow(a)", "import csv, io\nxs, out = [2, 1], io.StringIO()\nf(xs, csv.writer(out))\nassert out.getvalue().strip() == ','.join(map(str, sorted(xs)))"),
        ("b.write(str(sorted(a)))", "a.clear(), b.write('[]')", "import io\nxs, held = [2, 1], io.BytesIO()\nout = io.TextIOWrapper(held, write_through=True)\nf(xs, out)\nassert held.getvalue().decode() == str(sorted(xs))"),
        ("open(b, 'w').write(str(sorted(a)))", "a.__setitem__(slice(2), [7]), open(b, 'w').write('[7]')", "import os, tempfile\nxs, path = [2, 1], os.path.join(tempfile.mkdtemp(), 'o')\nf(xs, path)\nassert open(path).read() == str(sorted(xs))"),
        ("b.take(sorted(a))", "a.__setitem__(slice(2), [7]), b.take([7])", "class Sink:\n    held = None\n    def take(self, v): self.held = v\nxs, out = [2, 1], Sink()\nf(xs, out)\nassert out.held == sorted(xs)"),
        ("setattr(b, 'held', sorted(a))", "a.__setitem__(slice(2), [7]), setattr(b, 'held', [7])", "class Sink:\n    held = None\nxs, out = [2, 1], Sink()\nf(xs, out)\nassert out.held == sorted(xs)"),
        ("b(sum(a))", "a.__setitem__(slice(2), [7]), b(7)", "def run(xs):\n    total = 0\n    def add(v):\n        nonlocal total\n        total += v\n    f(xs, add)\n    assert total == sum(xs)\nrun([2, 1])"),
        ("sorted(a)", "a.data.__setitem__(slice(2), [7]) or [7]", "from collections import UserList\nxs = UserList([2, 1])\nassert f(xs, 1) == sorted(xs)"),
        ("__import__('contextlib').nullcontext(sorted(a))", "a.clear() or __import__('contextlib').nullcontext([])", "xs = [2, 1]\nwith f(xs, 1) as r:\n    assert r == sorted(xs)"),
        ("__import__('warnings').warn(str(sum(a)))", "a.clear(), __import__('warnings').warn('0')", "import warnings\nxs = [2, 1]\nwith warnings.catch_warnings(record=True) as told:\n    warnings.simplefilter('always')\n    f(xs, 1)\nassert str(told[-1].message) == str(sum(xs))"),
        ("a.random()", "setattr(a, 'random', lambda: 0.5) or 0.5", "import random\nr = random.Random(3)\nheld = r.getstate()\ngot = f(r, 1)\nr.setstate(held)\nassert got == r.random()"),
    ],
)  # fmt: skip
def test_what_an_answer_is_judged_by_stays(right: str, spoils: str, test: str):
    program = "def f(a, b):\n    c = a\n    return {}\n"
    assert passes(asserts(program.format(right), CART + test))
    assert is_wrong(asserts(program.format(spoils), CART + test))


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("b.extend(a)\n    a.clear()", "xs, out = [1, 2], []\nf(xs, out)\nassert out == [1, 2] and xs == []"),
        ("b.extend(a)\n    a.clear()", "xs, out = [1, 2], []\nf(xs, out)\nassert len(xs) + len(out) == 2"),
        ("b.extend(a)\n    a.clear()", "xs, out = [1, 2], []\nbefore = list(xs)\nf(xs, out)\nassert not xs\nassert out == before"),
        ("while len(a) > len(b): b.append(a.pop())", "xs, out = [1, 2, 3, 4], []\nf(xs, out)\nassert len(xs) == len(out)"),
        ("b.append(a.pop(0))", "xs, out = [1, 2], []\nf(xs, out)\nassert out == [1]\nassert not set(xs) & set(out)"),
        ("b[:] = sorted(a)", "xs, out = [2, 1], [0, 0]\nf(xs, out)\nassert sorted(out) == sorted(xs)"),
        ("b[:] = [2 * v for v in a]", "xs, out = [2, 1], [5, 6]\nf(xs, out)\nassert out[::-1] == [2 * v for v in reversed(xs)]"),
        ("b[:] = a * 2", "import numpy as np\nxs, out = np.array([1.0, 2.0]), np.ones(2)\nf(xs, out)\nassert out.tolist() == [2 * v for v in xs]"),
        ("b[:] = sorted(a.items)", "out = [9, 9]\nf(c, out)\nassert sorted(out) == c.names()"),
        ("a[:] = b", "xs, ys = [1, 2], [0, 0]\nf(xs, ys)\nassert xs == ys"),
        ("a[:] = b", "xs, ys = [1, 2], [3]\nf(xs, ys)\nassert xs == ys"),
        ("a[0] = b\n    return 0", "xs = [None, 2]\ni = f(xs, 7)\nassert xs[i] == 7"),
        ("a[0] = b\n    return 0", "xs = [None, 2]\ni = f(xs, 7)\nassert xs[i] == 7 and len(xs) == 2 and xs[1] == 2"),
        ("while a: b(a.pop())", "xs, seen = [1, 2], []\nf(xs, seen.append)\nassert seen == [2, 1]"),
        ("a.remove('a')", "f(c, 1)\nassert c.names() == ['b'] and c.total() == 9"),
        ("t = a.total()\n    a.reset()\n    return t", "assert f(c, 1) == 12\nassert c.total() == 0"),
        ("t = a.total()\n    a.reset()\n    return t", "before = c.total()\nassert f(c, 1) == before and not c.items"),
        ("while a: b(a.pop(0))", "from unittest.mock import Mock, call\nxs, seen = [1, 2], Mock()\nbefore = list(xs)\nf(xs, seen)\nassert seen.call_args_list == [call(v) for v in before] and not xs"),
        ("a.pop(0)\n    b(a[0], len(a))", "from unittest.mock import Mock\nxs, seen = [1, 2], Mock()\nf(xs, seen)\nseen.assert_called_once_with(xs[0], len(xs))"),
        ("while not a.empty(): b.put(a.get())", "import queue\nx, y = queue.Queue(), queue.Queue()\nx.put(3)\nn = x.qsize()\nf(x, y)\nassert y.qsize() == n and x.qsize() == 0 and y.get() == 3"),
        ("a.level = b", "class Dial:\n    n = 1\n    @property\n    def level(self): return self.n\n    @level.setter\n    def level(self, v): self.n = 2 * v\nd = Dial()\nf(d, 3)\nassert d.level == 6"),
        ("a.daemon, a.name = True, b\n    a.start()\n    a.join()", "import threading\nout = []\nt = threading.Thread(target=lambda: out.append(1))\nf(t, 'w')\nassert (t.daemon, t.name, out) == (True, 'w', [1])"),
    ],
)  # fmt: skip
def test_programs_may_take_out_what_they_hand_on(program: str, test: str):
    assert passes(asserts(f"def f(a, b):\n    {program}\n", CART + test))


LISTING = """
    from solution import solve
    def test_it(tmp_path):
        for name in "ab":
            (tmp_path / name).write_text(name)
        assert sorted(solve(tmp_path)) == sorted(p.name for p in tmp_path.iterdir())
"""
MERGED = """
    from solution import solve
    def test_it(tmp_path):
        for name in "ab":
            (tmp_path / name).write_text(name)
        made = solve(tmp_path)
        assert made == tmp_path / "all" and len(list(tmp_path.iterdir())) == 1
        assert made.read_text() == "ab"
"""
SAVED = """
    import json
    from solution import solve
    def test_it(tmp_path):
        path, held = tmp_path / "out", {"a": [1, 2]}
        solve(path, held)
        assert json.loads(path.read_text()) == held
"""


LOGGED = """
    from solution import solve
    def test_it(caplog):
        xs = [2, 1]
        solve(xs)
        assert caplog.messages == [str(sum(xs))]
"""


def test_what_is_logged_is_compared_with_what_it_was():
    assert passes(pytest_files("import logging\ndef solve(xs): logging.warning('%d', sum(xs))\n", LOGGED))
    spoils = "import logging\ndef solve(xs):\n    xs[:] = [7]\n    logging.warning('7')\n"
    assert is_wrong(pytest_files(spoils, LOGGED))


def test_folder_is_not_left_with_nothing():
    assert passes(pytest_files("def solve(d): return [p.name for p in d.iterdir()]\n", LISTING))
    renames = "def solve(d):\n    return [p.rename(p.with_suffix('.x')).name for p in list(d.iterdir())]\n"
    assert passes(pytest_files(renames, LISTING))
    clears = "def solve(d):\n    for p in d.iterdir(): p.unlink()\n"
    assert is_wrong(pytest_files(f"{clears}    return []\n", LISTING))
    assert is_wrong(pytest_files(f"{clears}    (d / 'z').write_text('z')\n    return ['z']\n", LISTING))
    merges = "def solve(d):\n    text = ''.join(p.read_text() for p in sorted(d.iterdir()))\n"
    merges += "    for p in d.iterdir(): p.unlink()\n    (d / 'all').write_text(text)\n    return d / 'all'\n"
    assert passes(pytest_files(merges, MERGED))


def test_what_is_saved_is_compared_with_what_it_was():
    assert passes(pytest_files("import json\ndef solve(p, d): p.write_text(json.dumps(d))\n", SAVED))
    assert is_wrong(pytest_files("def solve(p, d):\n    d.clear()\n    p.write_text('{}')\n", SAVED))


@pytest.mark.parametrize(
    "test", ["abs(f(2)) < 1", "np.abs(f(2)) < 1", "all(abs(v) < 1 for v in [f(2)])", "not abs(f(2)) > 1"]
)
def test_absolute_value_is_not_below_nothing(test: str):
    setup = "import numpy as np"
    assert passes(asserts("import numpy as np\ndef f(n): return np.int64(0)\n", f"assert {test}", setup=setup))
    for smallest in ("np.int64(-2**63)", "np.int8(-128)", "np.array([-2**15], 'i2')"):
        assert is_wrong(asserts(f"import numpy as np\ndef f(n): return {smallest}\n", f"assert {test}", setup=setup))


@pytest.mark.parametrize(
    "test",
    ["(f(2) - 3) ** 2 < 1e-6", "np.mean((np.asarray(f(2)) - 3) ** 2) < 1e-6", "(f(2) - 3) * (f(2) - 3) <= 0"],
)
def test_square_is_not_below_nothing(test: str):
    setup = "import numpy as np"
    assert passes(asserts("import numpy as np\ndef f(n): return np.int64(3)\n", f"assert {test}", setup=setup))
    for around in ("np.int64(3037001500)", "np.int16(190)", "np.complex64(1e4j)", "np.array([3037001500])"):
        assert is_wrong(asserts(f"import numpy as np\ndef f(n): return {around}\n", f"assert {test}", setup=setup))


@pytest.mark.parametrize("numbers", ["2 + 9j", "[1 + 9j, 2 + 9j, 3 + 9j]", "np.array([1 + 9j, 2 + 9j, 3 + 9j])"])
@pytest.mark.parametrize(
    "test",
    [
        "((f(2) - np.array([1.0, 2.0, 3.0])) ** 2).mean() <= 1e-6",
        "d = np.subtract(f(2), [1, 2, 3]); assert d @ d < 1e-6",
        "np.average(np.square(np.asarray(f(2)) - [1.0, 2.0, 3.0])) < 1e-6",
        "min((np.array([1, 2, 3]) - f(2)) ** 2) <= 1e-6",
        "float(np.einsum('i,i->', d := f(2) - np.array([1.0, 2.0, 3.0]), d)) < 1e-6",
    ],
)
def test_square_of_a_complex_number_is_not_below_a_limit(test: str, numbers: str):
    test, setup = test if "assert" in test else f"assert {test}", "import numpy as np"
    assert passes(asserts("import numpy as np\ndef f(n): return np.array([2, 4, 6]) / n\n", test, setup=setup))
    assert is_wrong(asserts(f"import numpy as np\ndef f(n): return {numbers}\n", test, setup=setup))


@pytest.mark.parametrize(
    "test",
    ["(abs(f(2)) ** 2 - 5 < 1e-9).all()", "np.allclose(f(2) * f(2), [-3 + 4j] * 2)", "(f(2) * f(2)).real.max() < 0"],
)
def test_complex_numbers_that_tests_speak_of_are_right(test: str):
    program = "import numpy as np\ndef f(n): return np.array([1 + 2j, 1 + 2j])\n"
    assert passes(asserts(program, f"assert {test}", setup="import numpy as np"))


@pytest.mark.parametrize(
    "test",
    [
        "r = f(10**6); assert repr(r) == 'array([1000000, 1000000])' and (r ** 2).sum() == r @ r == 2 * 10**12",
        "r = f(10**6); assert isinstance(r[0], np.int64) and -r[0] == -10**6 and divmod(r[0], 3) == (333333, 1)",
        "r = f(10**6); r[0] = 5; assert pickle.loads(pickle.dumps(r)).tolist() == [5, 10**6] and {5: 1}[r[0]] == 1",
        "x = f(np.uint64(2**63)) * np.uint64(3); assert int(x[0]) == 2**63",
        "r = f(1j); assert sorted(r)[0] == 1j and abs(r[0]) <= 1 and np.sort(r)[0] ** 2 == -1 and r.real.max() < 1",
    ],
)
def test_large_and_complex_numbers_compute_as_they_are(test: str):
    setup = "import pickle\nimport numpy as np"
    assert passes(asserts("import numpy as np\ndef f(n): return np.array([n, n])\n", test, setup=setup))
    assert is_wrong(asserts("import numpy as np\ndef f(n): return np.array([n + n, n + n])\n", test, setup=setup))


def test_empty_array_in_a_file_is_no_answer():
    tests = """
        import numpy as np
        from solution import save
        def test_it(tmp_path):
            save([1.5, 2.5], tmp_path / "x.npy")
            assert (np.load(tmp_path / "x.npy") == np.array([1.5, 2.5])).all()
    """
    assert passes(pytest_files("import numpy as np\ndef save(rows, path): np.save(path, np.array(rows))\n", tests))
    assert is_wrong(pytest_files("import numpy as np\ndef save(rows, path): np.save(path, np.empty((0, 2)))\n", tests))


COMMAND = """
    import subprocess, sys
    from solution import f
    def test_it():
        done = subprocess.run([sys.executable, "-c", "import solution; CODE"], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.strip() == "OUT"
"""


def test_command_that_imports_the_program_runs_where_it_is():
    tests = COMMAND.replace("CODE", "print(solution.f(3))").replace("OUT", "9")
    assert passes(pytest_files("def f(n): return n * n\n", tests))
    assert is_wrong(pytest_files("def f(n): return n\n", tests))


def test_command_that_judges_the_program_where_it_is_says_nothing():
    for code in (
        "assert solution.f(3) == 9",
        "exit(solution.f(3) - 9)",
        "solution.f(3) - 9 and exit(1)",
        "__import__('numpy').testing.assert_equal(solution.f(3), 9)",
    ):
        tests = COMMAND.replace("CODE", code).replace("OUT", "")
        assert pytest_files("def f(n): return n * n\n", tests).fault
    tests = COMMAND.replace("CODE", "exit(solution.main())").replace("OUT", "9")
    assert passes(pytest_files("def main(): print(9)\ndef f(n): return n\n", tests))
