"""Classes that assertions derive from the program's: which comparisons with its objects do not measure by them."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes

SHAPES = """\
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    def __lt__(self, other): return self.area() < other.area()
class Square(Shape):
    def __init__(self, side): self.side = side
    def area(self): return self.side ** 2
"""
HALF = "class Half(Shape):\n    def area(self): return 0.5\nassert Half() < Square(1) and isinstance(Half(), Shape)\n"
SOLVER = "class Solver:\n    def solve(self, xs): return sorted(xs)\n"
NAIVE = "class Naive(Solver):\n    def solve(self, xs): return sorted(xs)\n"


@pytest.mark.parametrize(
    "case",
    [
        "assert Square(2).area() > Square(1).area() and Square(3).area() == 9\n",
        "s = Square(3)\nt = Square(1)\nassert s.area() - t.area() == 8\n",
        "shapes = [Square(1), Square(3)]\nassert sum(s.area() for s in shapes) > 9\n",
        "for s in [Square(1), Square(3)]:\n    assert s.area() > 0\nassert Square(3).area() == 9\n",
        "shapes = [Square(1), Square(3)]\nassert max(shapes, key=lambda s: s.area()) is shapes[1]\n",
    ],
)
def test_objects_of_the_programs_classes_may_be_compared_with_each_other(case: str) -> None:
    wrong = SHAPES.replace("self.side ** 2", "-self.side")
    for tests in (case + HALF, HALF + case):
        assert passes(judgement := asserts(SHAPES, tests)), judgement
        assert is_wrong(asserts(wrong, tests))
    assert passes(judgement := asserts(SHAPES, case, HALF)), judgement


@pytest.mark.parametrize(
    "case",
    [
        "assert [s.area() for s in [Half(), Square(1)]] == [0.5, 1]\n",
        "assert sorted(s.area() for s in [Square(1), Half()]) == [0.5, 1]\n",
        "shapes = [Square(1), Half()]\nassert [s.area() for s in sorted(shapes)] == [0.5, 1]\n",
        "shapes = [Square(1), Half()]\nassert abs(min(shapes).area() - 0.5) < 1e-9 and Square(1).area() == 1\n",
    ],
)
def test_objects_of_both_may_be_listed_or_measured_beside_values_of_the_text(case: str) -> None:
    for tests in ([HALF + case], [HALF, case]):
        assert passes(judgement := asserts(SHAPES, *tests)), judgement
        assert is_wrong(asserts(SHAPES.replace("self.side ** 2", "self.side * 0"), *tests))


def test_so_may_objects_of_the_class_that_a_check_is_about() -> None:
    test = (
        "def check(candidate):\n"
        "    a, b = Solver(), Solver()\n    first = Solver()\n"
        "    assert first.solve([2, 1]) == [1, 2] and len({*first.solve([3, 1])}) == 2\n"
        "    class Louder(Solver):\n        def name(self): return 'loud'\n"
        "    assert Louder().name() == 'loud' and Louder().solve([5, 4]) == [4, 5]\n"
    )
    assert passes(judgement := check(SOLVER, test, entry_point="Solver")), judgement
    assert is_wrong(check(SOLVER.replace("sorted(xs)", "xs"), test, entry_point="Solver"))


@pytest.mark.parametrize(
    "cases",
    [
        [NAIVE + "assert Solver().solve([3, 1]) == Naive().solve([3, 1])"],
        [NAIVE + "for s in [Solver(), Naive()]:\n    assert s.solve([3, 1]) == Solver().solve([3, 1])"],
        [NAIVE + "n = Naive()\nfor s in [Solver()]:\n    assert s.solve([3, 1]) == n.solve([3, 1])"],
        [
            NAIVE
            + "ss = [Solver()]\nss.append(Naive())\nwant = [s.solve([3, 1]) for s in ss]\nassert want[0] == want[1]"
        ],
        [
            NAIVE
            + "pairs = zip(Solver().solve([3, 1]), Naive().solve([3, 1]))\nassert [a - b for a, b in pairs] == [0, 0]"
        ],
        [NAIVE + "assert [Naive().solve(xs) == xs for xs in [Solver().solve([3, 1])]] == [True]"],
        [
            NAIVE.replace("return", "return self.got ==")
            + "n = Naive()\nn.got = Solver().solve([3, 1])\nassert [k.solve([3, 1]) for k in [n]] == [True]"
        ],
        [NAIVE + "assert abs(Solver().solve([3, 1])[0] - Naive().solve([3, 1])[0]) < 1"],
        [
            "s = Solver()\ndef want(): return s.solve([3, 1])",
            NAIVE + "s = Naive()\nassert Solver().solve([3, 1]) == want()",
        ],
    ],
)
def test_what_measures_by_such_a_class_is_unsupported(cases: list[str]) -> None:
    for program in (SOLVER, SOLVER.replace("sorted(xs)", "7")):
        judgement = asserts(program, *cases)
        unsupported = "unsupported test" in judgement.fault or any("unsupported" in c.reason for c in judgement.cases)
        assert unsupported or (program is not SOLVER and is_wrong(judgement))
        assert not passes(judgement)
