# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Test files as people write them: a right program passes, and one that is slightly wrong does not."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import asserts, function, is_wrong, passes, pytest_files

TREE = """
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val, self.left, self.right = val, left, right
class Solution:
    def build(self, a):
        if not a: return None
        m = len(a) // 2
        return TreeNode(a[m], self.build(a[:m]), self.build(a[m + 1:]))
"""

# name: program, what makes it wrong, tests
ASSERTS: dict[str, tuple[str, tuple[str, str], tuple[str, ...]]] = {
    "walking a tree by conditional expressions": (
        TREE,
        ("len(a) // 2", "len(a) - 1"),
        (
            "def inorder(n): return inorder(n.left) + [n.val] + inorder(n.right) if n else []\n"
            "def height(n): return n is not None and 1 + max(height(n.left), height(n.right))\n"
            "assert inorder(Solution().build([1, 2, 3])) == [1, 2, 3] and height(Solution().build([1, 2, 3])) == 2",
            """
            def levels(root):
                out, queue = [], [root]
                while queue:
                    n = queue.pop(0)
                    out.append(n.val if n else None)
                    if n: queue += [n.left, n.right]
                while out and out[-1] is None: out.pop()
                return out
            assert levels(Solution().build([1, 2, 3, 4])) == [3, 2, 4, 1]
            """,
            """
            def same(p, q):
                if not p and not q: return True
                return bool(p and q and p.val == q.val and same(p.left, q.left) and same(p.right, q.right))
            assert same(Solution().build([1, 2, 3]), TreeNode(2, TreeNode(1), TreeNode(3)))
            """,
            """
            def search(n, lo, hi): return not n or (lo < n.val < hi and search(n.left, lo, n.val) and search(n.right, n.val, hi))
            root = Solution().build(list(range(7)))
            assert search(root, -1, 9) and root and root.val == 3
            assert [n.val if n else None for n in (root.left, root.left.left.left)] == [1, None]
            assert [n.val for n in (root, root.left.left.left) if n] == [3]
            """,
        ),
    ),
    "a class of the program with a standard name": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1; return self\ndef twice(f): f(); f()\n",
        ("self.n += 1", "self.n = 1"),
        ("c = Counter()\ntwice(c.up)\nassert c.n == 2", "assert Counter().up().up().n == 2"),
    ),
    "nothing but a class with a standard name": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def update(self): self.n += 1\n",
        ("self.n += 1", "self.n += 2"),
        ("c = Counter(); c.update(); assert vars(c) == {'n': 1}",),
    ),
    "in an iterator": (
        "import itertools\ndef squares(n): return (i * i for i in range(n))\ndef pairs(xs): return itertools.permutations(xs, 2)\n",
        ("i * i", "i * 2"),
        ("assert 9 in squares(4) and 5 not in squares(4)", "assert (2, 1) in pairs([1, 2])"),
    ),
    "fields of standard exceptions": (
        "def load(): import no_such_module\ndef ask(): return (1).nothing\n"
        "def parse(t):\n    try: return int(t)\n    except ValueError: raise KeyError(t) from None\n",
        ("no_such_module", "another_module"),
        (
            """
            try: load()
            except ImportError as error: assert error.name == "no_such_module"
            try: ask()
            except AttributeError as error: assert error.name == "nothing"
            try: parse("x")
            except KeyError as error: assert error.__cause__ is None and error.__suppress_context__
            """,
        ),
    ),
    "a dictionary with a default of its own": (
        "class Zeros(dict):\n    def __missing__(self, key): return 0\n",
        ("return 0", "return None"),
        ("z = Zeros(a=1); assert z['a'] == 1 and z['b'] == 0 and len(z) == 1",),
    ),
    "a complement of flags": (
        "from enum import Flag, auto\nclass Mode(Flag):\n    R = auto(); W = auto(); X = auto()\n",
        ("R = auto(); W = auto()", "R = 3; W = 2"),
        ("assert ~Mode.R & (Mode.R | Mode.W) == Mode.W",),
    ),
}

PYTEST: dict[str, tuple[str, tuple[str, str], str]] = {
    "a warning class of the program": (
        "import warnings\nclass Odd(UserWarning): pass\nclass Late(DeprecationWarning): pass\n"
        "def f(): warnings.warn('odd', Odd)\ndef g(): warnings.warn(Late('late'))\n",
        ("warnings.warn('odd', Odd)", "warnings.warn('odd')"),
        """
        import pytest
        from solution import *
        def test_a():
            with pytest.warns(Odd, match="odd"): f()
        def test_b():
            with pytest.warns(DeprecationWarning, match="late"): g()
        """,
    ),
}


@pytest.mark.parametrize("name", ASSERTS)
def test_a_right_program_passes_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), cases = ASSERTS[name]
    judgement = asserts(program, *cases)
    assert passes(judgement), judgement
    assert is_wrong(asserts(program.replace(old, new), *cases))


@pytest.mark.parametrize("name", PYTEST)
def test_a_right_program_passes_its_test_files_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), tests = PYTEST[name]
    assert old in program
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace(old, new), tests))


def test_a_constant_truth_decides_nothing() -> None:
    program = "class Odd: pass\ndef f(): return Odd()\n"
    for case in (
        "assert f()",
        "assert 1 if f() else 0",
        "assert f() and True",
        "def ok(): return bool(f())\nassert ok()",
        "assert [1 for x in [f()] if x]",
    ):
        assert is_wrong(asserts(program, case)), case


def test_a_number_of_numpy_is_a_number() -> None:
    program = textwrap.dedent("""
        import numpy as np
        def f(xs): return {"sum": np.sum(xs), "mean": np.float32(np.mean(xs)), "all": np.all(np.array(xs) > 0)}
    """)
    expected = {"sum": 3, "mean": 1.5, "all": True}
    assert passes(function(program, (([1, 2],), expected)))
    assert is_wrong(function(program, (([1, 2],), {**expected, "all": 1})))
