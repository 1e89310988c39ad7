# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Content that no attribute shows, and objects that keep what a test gives them: emptying either gains nothing."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes

SETUP = """
import contextvars, queue, tempfile, weakref
held, shared = contextvars.ContextVar('held'), contextvars.ContextVar('shared', default=(2, 1))
held.set([2, 1])
def waiting():
    q = queue.SimpleQueue()
    for n in 2, 1: q.put(n)
    return q
def opened(text='2 1'):
    file = tempfile.TemporaryFile('w+')
    file.write(text)
    file.seek(0)
    return file
def read(file):
    file.seek(0)
    return file.read()
class Bag(list): pass
class Sized:
    def __init__(self): self._items = [2, 1]
    @property
    def items(self): return self._items
    @items.setter
    def items(self, items): self._items = list(items)
class Box:
    def __init__(self): self.xs = []
    def load(self, xs): self.xs = xs
    def total(self): return sum(self.xs)
    def agrees(self): return self.got == sum(self.xs)
    def put(self, got): self.got = got
def both(box, got, xs): box.got, box.xs = got, xs
def outer():
    def inner(): return sum(xs)
    return inner
def store(box, xs): box.xs = xs
xs, box, bag, sized = [2, 1], Box(), Bag([2, 1]), Sized()
"""


@pytest.mark.parametrize(
    ("right", "spoils", "test"),
    [
        ("sum(c.get())", "c.set([]) and 0", "assert f(held) == sum(held.get())"),
        ("sum(c.get())", "c.get().clear() or 0", "assert f(held) == sum(held.get())"),
        ("sum(c.get())", "c.set(()) and 0", "got = f(shared)\nassert got == sum(shared.get())"),
        ("c.qsize()", "(c.get(), c.get()) and 0", "q = waiting()\nassert f(q) == q.qsize()"),
        ("len(c.read())", "c.seek(0) or c.truncate() or 0", "o = opened()\nassert f(o) == len(read(o))"),
        ("sum(map(int, c.read().split()))", "c.truncate(0) or c.seek(0) or c.write('0') and 0", "o = opened()\ngot = f(o)\nassert got == sum(map(int, read(o).split()))"),
        ("sum(c())", "c().clear() or 0", "r = weakref.ref(bag)\nassert f(r) == sum(bag)"),
        ("sum(c.items)", "setattr(c, 'items', []) or 0", "assert f(sized) == sum(sized.items)"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nbox.load(xs)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nbox.load(xs=list(xs))\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\ndone = box.load(xs)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nstore(box, xs)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nsetattr(box, 'xs', xs)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nbox.xs = xs\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nbox.xs.extend(xs)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nfor x in xs: box.xs.append(x)\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nlist(map(box.xs.append, xs))\nassert got == box.total()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\ndef total(): return sum(xs)\nassert got == total()"),
        ("sum(c)", "c.clear() or 0", "import asyncio\ngot = f(xs)\nasync def total(): return sum(xs)\nassert got == asyncio.run(total())"),
        ("sum(c)", "c.clear() or 0", "from unittest.mock import Mock\nm, got = Mock(), f(xs)\nm(xs)\nassert got == sum(m.call_args[0][0])"),
        ("sum(c)", "c.clear() or 0", "assert f(xs) == outer()()"),
        ("sum(c)", "c.clear() or 0", "got = f(xs)\nbox.load(xs)\nbox.put(got)\nassert box.agrees()"),
        ("sum(c)", "c.clear() or 0", "both(box, f(xs), xs)\nassert box.agrees()"),
        ("sum(c)", "c.clear() or 0", "both(box, f(xs), xs)\nassert box.got == box.total()"),
        ("sum(c)", "c.clear() or 0", "box.got = f(xs)\nbox.xs = xs\nassert box.agrees()"),
    ],
)  # fmt: skip
def test_what_is_out_of_sight_is_no_measure_of_the_answer_once_emptied(right: str, spoils: str, test: str) -> None:
    assert passes(asserts(f"def f(c): return {right}", test, setup=SETUP))
    assert is_wrong(asserts(f"def f(c): return {spoils}", test, setup=SETUP))


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("c.set([*c.get(), 3]); return c.get()", "assert f(held) == held.get() == [2, 1, 3]"),
        ("old = c.get(); c.set(None); return old", "assert f(held) == [2, 1]\nassert held.get() is None"),
        ("token = c.set(0); r = c.get(); c.reset(token); return r", "assert f(held) == 0 and held.get() == [2, 1]"),
        ("return [c.get() for _ in range(c.qsize())]", "q = waiting()\nassert f(q) == [2, 1] and q.empty()"),
        ("return c.get()", "q = waiting()\nassert [f(q), f(q)] == [2, 1]\nassert q.qsize() == 0"),
        ("t = c.read(); c.seek(0); c.truncate(); c.write(t[::-1])", "o = opened()\nf(o)\nassert read(o) == '1 2'"),
        ("c.truncate(0); return 0", "o = opened()\nassert f(o) == 0\nassert read(o) == ''"),
        ("for n in range(500): c.write(f'{n},')", "o = opened('')\nf(o)\nassert len(read(o).split(',')) == 501"),
        ("c.items = sorted(c.items); return c.items", "assert f(sized) == sized.items == [1, 2]"),
        ("c.items = []", "f(sized)\nassert sized.items == []"),
        ("r = c[:]; c.clear(); return r", "got = f(xs)\nbox.load(xs)\nassert got == [2, 1] and box.total() == 0"),
        ("r = c[:]; c.clear(); return r", "both(box, f(xs), xs)\nassert box.got == [2, 1] and box.xs == []"),
        ("c.pop(); return len(c)", "box.got = f(xs)\nbox.xs = xs\nassert box.got == len(box.xs) == 1"),
        ("c.sort(); return c", "got = f(xs)\nbox.load(xs)\nassert got == box.xs"),
        ("c[:] = [v for v in c if v > 1]; return len(c)", "n = f(xs)\nstore(box, xs)\nassert n == len(box.xs) == 1"),
        ("n = len(c); c.clear(); return n", "n = f(xs)\ndef left(): return len(xs)\nassert n == 2 and left() == 0"),
    ],
)  # fmt: skip
def test_what_a_program_is_asked_to_take_out_is_gone(body: str, test: str) -> None:
    assert passes(asserts(f"def f(c):\n    {body}\n", test, setup=SETUP))
