"""Objects of the program that the tests drop, at whatever moment the collector finds them."""

from __future__ import annotations

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

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


KEYS = """
from enum import Enum
class State(Enum):
    A = 1
    B = 2
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __hash__(self): return hash(self.x) % 2
class Machine:
    ways = {State.A: {State.B, State.A}, State.B: set()}
    points = {Point(1): [1], Point(3): [3], Point(2): [2]}
    both = [{Point(5)}, {Point(5): {Point(6), Point(8)}}]
def go(state): return sorted(s.name for s in Machine.ways[state])
"""


def test_keys_that_are_objects_of_the_program_may_come_in_containers_that_both_ends_hold() -> None:
    cases = (
        "assert Machine.ways[State.B] == set() and Machine.ways[State.A] == {State.A, State.B}",
        "assert list(Machine.ways) == [State.A, State.B] == list(State)",
        "assert [Machine.points[Point(x)] for x in (2, 1, 3)] == [[2], [1], [3]] and len(Machine.points) == 3",
        "assert Machine.both[0] == {Point(5)} and Machine.both[1] == {Point(5): {Point(8), Point(6)}}",
        "Machine.ways[State.B].add(State.A)\nMachine.ways[State.A].discard(State.B)\n"
        "assert go(State.B) == ['A'] == go(State.A) and Machine.ways == {State.A: {State.A}, State.B: {State.A}}",
    )
    judgement = asserts(KEYS, *cases)
    assert passes(judgement), judgement
    assert not passes(asserts(KEYS, "assert Machine.both[1] == {Point(5): {Point(8)}}"))


def test_the_order_of_an_ordered_dictionary_is_seen() -> None:
    program = "def f(d, k): d.move_to_end(k)\ndef g(d, k): d.move_to_end(k, last=False)\n"
    case = """
from collections import OrderedDict
d = OrderedDict(a=1, b=2, c=3)
f(d, "a")
assert list(d.items()) == [("b", 2), ("c", 3), ("a", 1)]
d.move_to_end("b")
g(d, "b")
assert list(d) == ["b", "c", "a"]
"""
    assert passes(asserts(program, case))
    assert not passes(asserts(program.replace("d.move_to_end(k)", "pass"), case))


def test_identities_are_those_of_objects_that_the_program_keeps() -> None:
    program = (
        "class Config:\n    made = None\n    def __new__(cls):\n        cls.made = cls.made or super().__new__(cls)\n"
        "        return cls.made\nclass Plain: pass\n"
    )
    tests = (
        "from solution import Config, Plain\ndef test_one():\n    assert id(Config()) == id(Config())\n"
        "    assert len(set(map(id, (Config() for _ in range(5))))) == 1\n"
        "def test_two(): assert id(Config()) != id(Plain())\n"
    )
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("cls.made or ", ""), tests))
    assert passes(asserts(program, "assert id(Config()) == id(Config())"))
