"""Methods of a test's or prompt's class whose word is the verdict, and what of a test's classes is the program's."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

NODE = """class Node:
    def __init__(self, v, nxt=None):
        self.v, self.nxt = v, nxt
    def same(self, o): return self.v == o.v
    def __eq__(self, o): return isinstance(o, Node) and o.same(self)
"""
OPEN = '\ndef f(x):\n    """d"""\n'
EQUAL = "def check(candidate):\n    assert candidate(1) == Node(3)\n    assert Node(3) == candidate(1)\n"
MADE = "    def __init__(self, v): self.q, self.v = 1, v\n"
SAME = "    def same(self, o): return self.v == o.v\n"


@pytest.mark.parametrize(
    "definition",
    [
        f"class Node:\n{MADE}    def same(self, o): return True\n",
        f"class Node:\n{MADE.rstrip()}; self.same = lambda o: True\n",
        "class Node:\n    def __init__(self, v): pass\n    def __getattr__(self, name): return lambda o: True\n",
        f"class Base:\n{MADE}    def same(self, o): return True\nclass Node(Base): pass\n",
    ],
)
def test_a_comparison_of_the_prompt_asks_the_program_for_data_alone(definition: str) -> None:
    program = definition + "def f(x): return Node(9)\n"
    assert is_wrong(judgement := check(program, EQUAL, prompt=NODE + OPEN)), judgement


@pytest.mark.parametrize(
    "definition",
    [
        f"class Node:\n{MADE}{SAME}    def __eq__(self, o): return self.same(o)\n",
        f"class Node:\n{MADE}{SAME}class Leaf(Node): pass\nNode = Leaf\n",
        "class Leaf(Node): pass\n",
    ],
)
def test_a_definition_of_its_own_equals_what_the_prompt_makes(definition: str) -> None:
    program = definition + "def f(x): return globals().get('Leaf', Node)(3)\n"
    assert passes(judgement := check(program, EQUAL, prompt=NODE + OPEN)), judgement
    assert is_wrong(check(program.replace("(3)", "(4)"), EQUAL, prompt=NODE + OPEN))


STACK = "with contextlib.ExitStack() as stack:\n    stack.push(bye)\n    assert f(3) == 9"
ASYNC = """async def go():
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_exit(bye)
        assert f(3) == 9
asyncio.run(go())"""


@pytest.mark.parametrize(
    ("program", "test"),
    [
        ("def bye(*a): return True\ndef f(x): return x - 3", STACK),
        ("async def bye(*a): return True\ndef f(x): return x - 3", ASYNC),
        ("from types import SimpleNamespace as S\ndef f(x): return S(isupper=lambda: x == 3)", "assert f(3).isupper()"),
        ("def f(x):\n    e = ValueError(x)\n    e.isupper = lambda: x == 3\n    return e", "assert f(3).isupper()"),
    ],
)
def test_a_function_of_the_program_is_no_verdict(program: str, test: str) -> None:
    setup = "import asyncio, contextlib"
    assert is_wrong(judgement := asserts(program, test, setup=setup)), judgement
    if "bye" in test:
        assert passes(judgement := asserts(program.replace("x - 3", "x * 3"), test, setup=setup)), judgement


SOLVER = """from abc import ABC, abstractmethod
class Solver(ABC):
    @abstractmethod
    def solve(self, xs): ...
    def kind(self): return "solver"
    def verify(self):
        VERIFIES
"""
COMPARES = "return self.solve([3, 1, 2]) == [1, 2, 3]"
ASSERTS = """for xs, want in (([3, 1, 2], [1, 2, 3]), ([], [])):
            assert self.solve(xs) == want
        return True"""
SORTS = "class My(Solver):\n    def solve(self, xs): return sorted(xs)\n"
LIES = "class My(Solver):\n    def solve(self, xs): return None\n"


@pytest.mark.parametrize("verifies", [COMPARES, ASSERTS])
def test_a_base_of_the_setup_judges_itself(verifies: str) -> None:
    setup = SOLVER.replace("VERIFIES", verifies)
    for program in (
        SORTS,
        SORTS + "    def kind(self): return 'mine'\n    def verify(self): return super().verify()\n",
    ):
        kind = "mine" if "mine" in program else "solver"
        tests = ("assert My().verify()", f"assert My().kind() == {kind!r}", "assert isinstance(My(), Solver)")
        assert passes(judgement := asserts(program, *tests, setup=setup)), judgement
    reads = "class My(Solver):\n    def solve(self, xs): return [1, 2, 3] if hasattr(Solver, 'verify') else xs\n"
    for program in (
        LIES + "    def verify(self): return True\n",
        LIES + "Solver.verify = lambda self: True\n",
        reads,
    ):
        assert is_wrong(judgement := asserts(program, "assert My().verify()", setup=setup)), judgement


@pytest.mark.parametrize("what", ["_asked", "_asked, _back, _number"])
def test_a_class_that_says_it_derives_from_one_of_the_test_breaks_the_protocol(what: str) -> None:
    program = """
        def f(o):
            held = {name: getattr(type(o) if name == "_asked" else o, name) for name in WHAT.split(", ")}
            kind = type(type(o))("P", (type(o),), {**held, "same": lambda self, other: True})
            return object.__new__(kind)
    """
    tests = """
        from solution import f
        class P:
            def __init__(self, x): self.x = x
            def same(self, other): return self.x == other.x
            def __eq__(self, other): return isinstance(other, P) and other.same(self)
        def test_a():
            assert P(4) == f(P(1))
    """
    assert is_wrong(judgement := pytest_files(program.replace("WHAT", repr(what)), tests)), judgement
    assert passes(pytest_files("def f(o):\n    o.x = 4\n    return o\n", tests))


@pytest.mark.parametrize("brings", ["from dataclasses import dataclass", "def dataclass(**how): return make(**how)"])
def test_a_decorator_that_a_test_brings_itself_is_not_the_programs(brings: str) -> None:
    tests = f"""
from dataclasses import dataclass as make
from solution import *
def test_a():
    {brings}
    @dataclass(frozen=FROZEN)
    class Point:
        x: int
        y: int
    p = Point(3, 4)
    assert area(p) == p.x * p.y
"""
    for frozen in ("True", "False"):
        judgement = pytest_files("def area(p): return p.x * p.y", tests.replace("FROZEN", frozen))
        assert passes(judgement), judgement
    spoils = "def area(p):\n    p.x = p.y = 0\n    return 0"
    assert is_wrong(judgement := pytest_files(spoils, tests.replace("FROZEN", "False"))), judgement


def test_items_and_lengths_of_a_class_that_derives_from_the_programs_are_no_measure() -> None:
    sorter = "class Sorter: pass\ndef order(xs): return sorted(xs)\n"
    naive = "class Naive(Sorter):\n    def __getitem__(self, xs): return sorted(xs)\n    def __len__(self): return 2\n"
    for judging in (
        "order([2, 1]) == Naive()[[2, 1]]",
        "order([2, 1]) == naive[[2, 1]]",
        "len(order([2, 1])) == len(naive)",
        "order([2, 1]) == operator.getitem(naive, [2, 1])",
    ):
        body = f"def test_a():\n    naive = Naive()\n    assert {judging}\n"
        tests = f"import operator\nfrom solution import *\n{naive}{body}"
        assert pytest_files(sorter, tests).fault.startswith("unsupported test")
