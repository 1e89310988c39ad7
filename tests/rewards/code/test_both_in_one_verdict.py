# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Answers and what the program has changed that meet in one container, call or number, and are judged together there."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

RIGHT = "def f(a): return sorted(a)\n"
EMPTIES = "def f(a):\n    a.clear()\n    return []\n"
FILLS = "def f(a):\n    a[:] = [7] * len(a)\n    return [7] * len(a)\n"
IMPORTS = """
import contextlib, functools, io, itertools, operator, queue
from collections import Counter
from concurrent import futures
class Oracle:
    def __init__(self, xs): self.xs = xs
    def __call__(self, got): return got == sorted(self.xs)
    def computed(self): return sorted(self.xs)
    @property
    def right(self): return self.computed()
class Pairs:
    def __init__(self): self.pairs = []
    def add(self, xs, got): self.pairs.append((xs, got))
    def judge(self):
        for xs, got in self.pairs: assert got == sorted(xs)
"""


@pytest.mark.parametrize(
    "test",
    [
        "assert len({tuple(f(xs)), tuple(sorted(xs))}) == 1",
        "assert len(set(map(tuple, [f(xs), sorted(xs)]))) == 1",
        "assert len({tuple(v) for v in (f(xs), sorted(xs))}) == 1",
        "assert len(list(itertools.groupby([f(xs), sorted(xs)]))) == 1",
        "assert functools.reduce(operator.eq, [f(xs), sorted(xs)])",
        "assert all(itertools.starmap(operator.eq, [(f(xs), sorted(xs))]))",
        "assert operator.eq(*(f(xs), sorted(xs)))",
        "assert [f(xs)].count(sorted(xs)) == 1",
        "assert [0, f(xs)].index(sorted(xs)) == 1",
        "assert Counter([tuple(f(xs)), tuple(sorted(xs))]).most_common(1)[0][1] == 2",
        "pair = [f(xs), sorted(xs)]\nassert all(x == pair[0] for x in pair)",
        "pair = [f(xs), sorted(xs)]\nassert max(pair) == min(pair)",
        "pair = {'got': f(xs), 'want': sorted(xs)}\ngot, want = pair.values()\nassert got == want",
        "held = []\nheld.append(f(xs))\nheld.append(sorted(xs))\nassert held[0] == held[1]",
        "seen = set()\nseen.add(tuple(f(xs)))\nseen.add(tuple(sorted(xs)))\nassert len(seen) == 1",
        "held = {}\nheld[tuple(f(xs))] = 1\nheld[tuple(sorted(xs))] = 2\nassert len(held) == 1",
        "q = queue.Queue()\nq.put(f(xs))\nq.put(sorted(xs))\nassert q.get() == q.get()",
        "out = io.StringIO()\nprint(f(xs), file=out)\nprint(sorted(xs), file=out)\ngot, want = out.getvalue().splitlines()\nassert got == want",
        "out = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    print(f(xs))\n    print(sorted(xs))\ngot, want = out.getvalue().splitlines()\nassert got == want",
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n    print(f(xs))\nassert out.getvalue().strip() == str(sorted(xs))",
        "def both():\n    yield f(xs)\n    yield sorted(xs)\ngot, want = both()\nassert got == want",
        "[got, *rest] = [f(xs), sorted(xs)]\nassert got == rest[0]",
        "def same(*values): return all(v == values[0] for v in values)\nassert same(f(xs), sorted(xs))",
        "def same(**held): return held['got'] == held['want']\nassert same(got=f(xs), want=sorted(xs))",
        "score = sum([f(xs) == sorted(xs)])\nassert score == 1",
        "r = f(xs)\nmissing = [x for x in xs if x not in r]\nassert missing == [] and len(r) == 2",
        "with futures.ThreadPoolExecutor(1) as pool:\n    asked = pool.submit(f, xs)\nassert asked.result() == sorted(xs)",
        "held = []\ndef run(): held.append(f(xs))\nrun()\nassert held[0] == sorted(xs)",
        "held = {}\ndef run():\n    def inner(): held['r'] = f(xs)\n    inner()\nrun()\nassert held['r'] == sorted(xs)",
        "o = Oracle(xs)\nassert o(f(xs))",
        "o = Oracle(xs)\nassert f(xs) == o.right",
        "o = Oracle(xs)\nassert f(xs) == o.computed()",
        "pairs = Pairs()\npairs.add(xs, f(xs))\npairs.judge()",
        "score = sum(a == b for a, b in zip(f(xs), sorted(xs)))\nassert score == len(xs)",
    ],
)
def test_what_meets_in_one_verdict_is_what_it_was(test: str):
    setup = "xs = [3, 1]\n"
    assert passes(asserts(RIGHT, setup + test, setup=IMPORTS))
    assert is_wrong(asserts(EMPTIES, setup + test, setup=IMPORTS))
    assert is_wrong(asserts(FILLS, setup + test, setup=IMPORTS))


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("return a.pop()", "pair = [f(xs), len(xs)]\nassert pair == [2, 2]"),
        ("return a.pop()", "assert {f(xs), *xs} == {3, 1, 2} and len(xs) == 2"),
        ("return a.pop()", "assert len({f(xs), *xs}) == 3"),
        ("return a.pop()", "log = []\nwhile xs: log.append((f(xs), sorted(xs)))\nassert len(log) == 3\nassert log[0] == (2, [1, 3])"),
        ("return a.pop()", "log = [(f(xs), sorted(xs)), (f(xs), sorted(xs))]\nfor pair, want in zip(log, [(2, [1, 3]), (1, [3])]): assert pair == want"),
        ("return a.pop()", "log = [(f(xs), sorted(xs)), (f(xs), sorted(xs))]\nassert [r for r, _ in log] == [2, 1] and [left for _, left in log] == [[1, 3], [3]]"),
        ("r = a[:]\n    a.clear()\n    return r", "keep, pair = xs[:], {'got': f(xs), 'left': list(xs)}\nassert pair == {'got': keep, 'left': []}"),
        ("r = [v for v in a if v > 1]\n    a[:] = [v for v in a if v < 2]\n    return r", "r = f(xs)\nassert len(set(r) | set(xs)) == 3 and len(r) + len(xs) == 3"),
        ("a.append(5)\n    return a.count(5)", "assert xs.count(5) == 0\nassert xs.count(f(xs)) == 1"),
        ("a.insert(0, a.pop())\n    return a[0]", "r = f(xs)\nassert xs.index(r) == 0 and xs[1] == 3"),
        ("x = a.pop()\n    raise KeyError(x)", "try: f(xs)\nexcept KeyError as e: assert e.args[0] not in xs and len(xs) == 2\nelse: raise AssertionError"),
    ],
)  # fmt: skip
def test_what_was_taken_out_may_be_counted_with_the_rest(program: str, test: str):
    assert passes(asserts(f"def f(a):\n    {program}\n", "xs = [3, 1, 2]\n" + test))


PRINTED = {
    "capsys": "f(xs)\n    print(sorted(xs))\n    got, want = capsys.readouterr().out.splitlines()\n    assert got == want",
    "capsys twice": "f(xs)\n    got = capsys.readouterr().out\n    print(sorted(xs))\n    assert got == capsys.readouterr().out",
    "redirected": "with contextlib.redirect_stdout(io.StringIO()) as out:\n        f(xs)\n        print(sorted(xs))\n    got, want = out.getvalue().splitlines()\n    assert got == want",
}


@pytest.mark.parametrize("how", PRINTED)
def test_what_the_program_prints_is_its_answer(how: str):
    test = f"import contextlib, io\nfrom solution import f\ndef test_it(capsys):\n    xs = [3, 1]\n    {PRINTED[how]}\n"
    assert passes(pytest_files("def f(a): print(sorted(a))\n", test))
    assert passes(pytest_files("def f(a):\n    a.sort()\n    print(a)\n", test))
    assert is_wrong(pytest_files("def f(a):\n    a.clear()\n    print([])\n", test))


def test_an_exception_is_an_answer():
    test = """
    import pytest
    from solution import f
    def test_total():
        xs = [3, 1]
        with pytest.raises(ValueError) as caught:
            f(xs)
        assert caught.value.args[0] == sum(xs)
    """
    assert passes(pytest_files("def f(a): raise ValueError(sum(a))\n", test))
    assert is_wrong(pytest_files("def f(a):\n    a.clear()\n    raise ValueError(0)\n", test))


@pytest.mark.parametrize(
    ("setup", "cases"),
    [
        ("xs = [3, 1]", ("r = f(xs)", "assert r == sorted(xs)")),
        ("xs = [3, 1]", ("r = f(xs)", "want = sorted(xs)", "assert r == want")),
        ("xs = [3, 1]\nr = f(xs)", ("assert r == sorted(xs)",)),
    ],
)
def test_a_later_case_may_judge_an_answer(setup: str, cases: tuple[str, ...]):
    assert passes(asserts(RIGHT, *cases, setup=setup))
    assert is_wrong(asserts(EMPTIES, *cases, setup=setup))


def test_a_later_case_may_say_what_is_left():
    cases = ("n = f(xs)", "assert n == len(xs)", "assert xs == [1, 2]")
    assert passes(asserts("def f(a):\n    a[:] = sorted(set(a))\n    return len(a)\n", *cases, setup="xs = [1, 2, 2]"))
