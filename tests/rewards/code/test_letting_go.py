"""Objects of the program that the tests drop, at whatever moment the collector finds them."""

from __future__ import annotations

from tests.rewards.code.judging import asserts, passes

PROGRAM = """
class Thing:
    def __init__(self, x): self.x = x
THINGS = [Thing(i) for i in range(5)]
def get(i): return THINGS[i % 5]
def count(*boxes): return sum(map(len, boxes))
"""
# An exception whose arguments are computed drops the last reference in the middle of the question that hands it over.
CASE = """
held = [get(3)]
class Late(ValueError):
    @property
    def args(self):
        held.clear()
        return ()
assert count([Late()]) == 1
assert held == [] and get(3).x == 3 and get(4).x == 4
"""


def test_an_object_that_is_collected_while_a_question_is_written_can_come_again() -> None:
    judgement = asserts(PROGRAM, CASE)
    assert passes(judgement), judgement
