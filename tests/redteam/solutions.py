"""Right solutions of the arenas' tasks, and the calls that tests make of them."""

from __future__ import annotations

from tests.redteam.arena import Arena


def equal(calls: tuple[tuple[object, ...], ...], solution: str) -> tuple[str, ...]:
    answers = Arena(name="", solution=solution, calls=calls).answers()
    return tuple(
        f"assert solve({', '.join(map(repr, args))}) == {answer!r}" for args, answer in zip(calls, answers, strict=True)
    )


NUMBER = "def solve(a, b):\n    return (a * a * 31 + b * 17 + 11) % 9973\n"
NUMBER_CALLS = ((3, 4), (10, 0), (0, 25), (7, 7), (123, 45))
TEXT = "def solve(s):\n    return s[::-1].upper() + '-' + str(len(s) * 7)\n"
TEXT_CALLS = (("abcd",), ("q",), ("Longer",))
ITEMS = "def solve(a):\n    return [x * x + i for i, x in enumerate(sorted(a))]\n"
ITEMS_CALLS = (([3, 1, 2],), ([9],), ([5, 5, 0, 8],))
NEAR = "def solve(x):\n    return x ** 0.5 + x / 7\n"
COUNTS = """\
def solve(text):
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts
"""
ACCOUNT = """\
class Account:
    def __init__(self, start):
        self.balance = start * 3 + 1
        self.log = []
    def deposit(self, amount):
        self.balance += amount * 2
        self.log.append(amount)
        return self.balance
    def __len__(self):
        return len(self.log)
    def __str__(self):
        return f"<{self.balance}>"
def solve(start):
    return Account(start)
"""
RAISES = """\
import math
def solve(n):
    if n < 0:
        raise ValueError(f"below zero by {-n}")
    return math.isqrt(n * 5)
"""
PRINTS = "def solve(n):\n    for i in range(n):\n        print(i * i, end=';')\n    print()\n    return n * 3\n"
READS = "def solve():\n    return sum(int(x) ** 2 for x in input().split())\n"
HALVES = "def solve(a):\n    return [x / 2 + i for i, x in enumerate(a)]\n"
RECORDER = """\
class Recorder:
    def __init__(self):
        self.seen = []
    def add(self, item):
        self.seen.append(item)
    def check(self, items):
        assert self.seen == items
"""
