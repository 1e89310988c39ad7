"""`in`, `==` and operators of data with objects of the program: decided by what they hold, or not at all."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

BAG = """\
class Bag:
    def __init__(self, *items): self.items = list(items)
    def put(self, item):
        self.items.append(item)
        return self
    def __iter__(self): return iter(self.items)
    def __contains__(self, item): return item in self.items
"""
# A method that says yes, over other items; and one that says no.
LIARS = (
    BAG.replace("return item in self.items", "return True").replace("append(item)", "append(0)"),
    BAG.replace("return item in self.items", "return True").replace("iter(self.items)", "iter(())"),
)


@pytest.mark.parametrize(
    "case",
    [
        "b = Bag(1)\nb.put(3)\nassert 3 in b and 1 in b and 9 not in b and None not in b",
        "def make(): return Bag(1).put(3)\nbag = make()\nassert 3 in bag\nassert len(bag.put(4).items) == 3",
    ],
)
def test_what_an_object_gives_one_by_one_says_what_is_in_it(case: str) -> None:
    assert passes(asserts(BAG, case))
    assert not passes(asserts(BAG, case.replace("3 in", "4 in")))
    for liar in LIARS:
        assert not passes(asserts(liar, case))


def test_an_object_does_not_say_that_it_holds_what_it_does_not_give() -> None:
    case = "b = Bag('car')\nb.put('cat')\nassert 'car' in b\nassert 'ca' not in b"
    assert passes(asserts(BAG, case))
    for wrong in ("any(i.startswith(item) for i in self.items)", "True"):
        assert is_wrong(asserts(BAG.replace("item in self.items", wrong), case))


TREE = """\
class Tree:
    def __init__(self, value, *below): self.value, self.below = value, below
    def parts(self): return {part.value: part for part in self.below}
    def __getitem__(self, value): return self.parts()[value]
    def __contains__(self, value): return value == self.value or any(value in part for part in self.below)
"""


@pytest.mark.parametrize("item", ["tree[2]", "tree.parts()[2]"])
def test_items_of_known_objects_say_what_is_in_them_if_tests_also_say_what_is_not(item: str) -> None:
    made = "tree = Tree(1, Tree(2, Tree(4)), Tree(3))\n"
    case = f"{made}assert 4 in {item} and 1 not in {item}"
    assert passes(asserts(TREE, case))
    assert is_wrong(asserts(TREE.replace("return value ==", "return True or value =="), case))
    of_another = f"{made}assert 4 in {item} and 9 not in tree"
    assert not passes(asserts(TREE.replace("return value ==", "return self.value == 2 or value =="), of_another))


def test_a_fixture_that_tests_ask_for_what_no_data_has_is_looked_into() -> None:
    tests = """\
        import pytest
        from solution import Bag

        @pytest.fixture
        def bag():
            return Bag(1).put(3)

        def test_put(bag):
            assert bag.put(4) is bag

        def test_in(bag):
            assert 3 in bag
            assert 4 not in bag
    """
    assert passes(pytest_files(BAG, tests))
    for liar in LIARS:
        assert not passes(pytest_files(liar, tests))


def test_what_a_function_gives_is_looked_into_where_the_tests_name_its_class() -> None:
    program = f"{BAG}    def __bytes__(self): return bytes(self.items)\ndef f(x): return Bag(x)\n"
    named = "r = f(3)\nassert isinstance(r, Bag)\n"
    assert passes(asserts(program, f"{named}assert 3 in r and bytes(r) == b'\\3'"))
    assert is_wrong(asserts(program, f"{named}assert 4 in r"))
    assert is_wrong(asserts(program, f"{named}assert bytes(r) == b'4'"))
    always = program.replace("return item in self.items", "return True")
    assert is_wrong(asserts(always, f"{named}assert 4 in r"))
    assert is_wrong(asserts(program, "assert bytes(f(3)) == b'\\3'"))


def test_what_an_object_of_any_class_yields_is_looked_into_here() -> None:
    program = f"{BAG}def f(x): return Bag(x)\n"
    always = program.replace("return item in self.items", "return True")
    for case in ("assert 3 in f(3)", "r = f(3)\nassert 3 in r", "r = f(3)\nassert 3 in r and 4 not in r"):
        assert passes(asserts(program, case))
        assert passes(asserts(always, case))
        assert is_wrong(asserts(program, case.replace("3 in", "4 in")))
        assert is_wrong(asserts(always, case.replace("3 in", "4 in")))


def test_a_walk_without_end_and_an_iterator_are_not_looked_into() -> None:
    endless = BAG.replace("iter(self.items)", "__import__('itertools').count(10)")
    assert asserts(endless, "b = Bag(3)\nb.put(1)\nassert 3 in b").fault.startswith("unsupported test")
    for no_more in ("9 not in b", "(9 in b) is False", "not any(n in b for n in (8, 9))"):
        case = f"b = Bag(3)\nb.put(1)\nassert 3 in b and {no_more}"
        assert passes(asserts(endless, case))
        assert is_wrong(asserts(endless.replace("return item in self.items", "return True"), case))
    once = f"{BAG}    def __next__(self): return self.items.pop(0)\n".replace("iter(self.items)", "self")
    assert asserts(once, "b = Bag(3)\nb.put(1)\nassert 3 in b").fault.startswith("unsupported test")


def test_the_class_that_a_prompt_asks_for_is_one_under_any_name() -> None:
    prompt = 'class Bag:\n    """Holds things."""\n'
    test = "def check(candidate):\n    bag = candidate(1)\n    assert 1 in bag\n    assert 2 not in bag\n"
    assert passes(check(BAG, test, prompt=prompt, entry_point="Bag"))
    for liar in LIARS:
        assert not passes(check(liar, test.replace("assert 2 not", "bag.put(2)\n    assert 2"), entry_point="Bag"))
    adding = f"{BAG}    def __add__(self, n): return n + len(self.items)\n    __sub__ = __add__\n"
    mixes = "def check(candidate):\n    assert candidate(1) + 1 == 2\n"
    assert passes(check(adding, mixes, prompt=prompt, entry_point="Bag"))
    differs = mixes.replace("+ 1 == 2", "- 1 == 0")
    assert check(adding, differs, prompt=prompt, entry_point="Bag").fault.startswith("unsupported test")
    for other in ("def Bag(x):\n", '"""Write a python function to count what is in a bag."""\n'):
        assert is_wrong(check(adding, mixes, prompt=other, entry_point="Bag"))


def test_a_sequence_with_an_operator_of_its_own_is_not_judged_by_that_of_tuples() -> None:
    vector = textwrap.dedent("""\
        from typing import NamedTuple
        class Vector(NamedTuple):
            x: int
            y: int
            def __mul__(self, k): return Vector(self.x * k, self.y * k)
            def __add__(self, o): return Vector(self.x + o[0], self.y + o[1])
    """)
    assert passes(asserts(vector, "v = Vector(1, 2)\nassert v.x == 1 and v * 2 == Vector(2, 4)"))
    assert is_wrong(asserts(vector, "v = Vector(1, 2)\nassert v.x == 1 and v * 2 == Vector(2, 5)"))
    assert passes(asserts(vector, "v = Vector(1, 2)\nassert v.x == 1 and v + v == Vector(2, 4)"))
    plain = vector.replace("__mul__", "times").replace("__add__", "plus")
    assert is_wrong(asserts(plain, "v = Vector(1, 2)\nassert v.x == 1 and v * 2 == Vector(2, 4)"))


def test_a_container_that_overrides_in_is_not_asked() -> None:
    headers = textwrap.dedent("""\
        class Headers(dict):
            def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
            def __contains__(self, k): return super().__contains__(k.lower())
            def first(self): return next(iter(self))
    """)
    start = "h = Headers()\nh['A'] = 1\nassert h.first() == 'a'\n"
    assert passes(asserts(headers, f"{start}assert 'a' in h and 'b' not in h"))
    assert passes(asserts(headers, f"{start}assert 'A' in h"))  # it holds the name, in another case
    assert is_wrong(
        asserts(
            headers.replace("(k.lower())", "(k)").replace("return super", "return True or super"),
            start + "assert 'b' in h",
        )
    )
    assert is_wrong(asserts(f"{headers}def f(x): return Headers()\n", "assert 'b' in f(1)"))


WRAPPED = """\
from collections import UserDict, UserList, UserString
class Title(UserString):
    def first(self): return self.data[0]
class Bag(UserList):
    def total(self): return sum(self.data)
class Conf(UserDict):
    def __missing__(self, key): return f"<{key}>"
"""


def test_what_the_standard_library_wraps_equals_what_it_holds() -> None:
    cases = (
        "assert Title('ab cd') == 'ab cd' and Title('ab') != 'abc' and 'ab' in Title('ab cd')",
        "assert 'abd' not in Title('ab cd') and Title('ab')[0] == 'a' and Title('ab').first() == 'a'",
        "b = Bag([1, 2])\nb.append(3)\nassert b == [1, 2, 3] and b != [1, 2] and b.total() == 6 and 3 in b",
        "b = Bag([1])\nassert b == [1]\nb.data.append(2)\nassert b == [1, 2]",
        "assert Conf(a=1) == {'a': 1} and Conf(a=1) != {'a': 2} and Conf()['q'] == '<q>' and 'a' in Conf(a=1)",
    )
    assert passes(asserts(WRAPPED, *cases))
    for case in ("assert Title('a') == 'b'", "assert Bag([1]) == [2]", "assert Conf(a=1) == {'a': 2}"):
        assert is_wrong(asserts(WRAPPED, case))
        always = WRAPPED.replace(
            "):\n", "):\n    __eq__ = __contains__ = lambda *a: True\n    __ne__ = lambda *a: False\n"
        )
        assert is_wrong(asserts(always, case))


@pytest.mark.parametrize(
    ("program", "test"),
    [
        (
            "UserString:    data = property(lambda s: str(next(n)), lambda s, v: None)",
            "any(r == '5' for _ in range(9))",
        ),
        (
            "UserString:    data = property(lambda s: '5' * (not next(n)), lambda s, v: None)",
            "'5' in r and r == ''",
        ),
        ("UserList:    __iter__ = lambda s: iter([next(n)])", "any(r == [i] for i in [5] * 9)"),
        ("UserDict:    __getitem__ = lambda s, k: next(n)", "any(r == {'': i} for i in [5] * 9)"),
    ],
)
def test_what_is_wrapped_is_not_something_else_for_each_comparison(program: str, test: str) -> None:
    base, _, body = program.partition(":")
    made = "{'': 0}" if base == "UserDict" else "''"
    lies = f"from collections import {base}\nfrom itertools import count\nn = count()\nclass Lies({base}):\n{body}\n"
    assert is_wrong(asserts(f"{lies}def f(x): return Lies({made})\n", f"r = f(1)\nassert {test}"))


SPAN = """\
class Span:
    def __init__(self, low, high): self.low, self.high = low, high
    def __contains__(self, x): return self.low <= x <= self.high
    def __or__(self, other): return Span(min(self.low, other.low), max(self.high, other.high))
def make(low, high): return Span(low, high)
"""
ALWAYS = SPAN.replace("self.low <= x <= self.high", "True")
BOUNDS = "    def __iter__(self): return iter((self.low, self.high))\n    def __or__"


@pytest.mark.parametrize(
    "case",
    [
        "s = Span(1, 2)\nassert [x in s for x in range(4)] == [False, True, True, False]",
        "s = Span(1, 2)\nassert [x for x in range(5) if x in s] == [1, 2]",
        "s = Span(1, 2)\nassert (1 in s, 5 in s) == (True, False)",
        "s = Span(1, 2)\ninside = 1 in s\noutside = 9 in s\nassert inside and not outside",
        "def ok(x): return x in Span(0, 9)\nassert ok(3) and not ok(10)",
        "assert 4 in (Span(1, 2) | Span(5, 6))\nassert 7 not in (Span(1, 2) | Span(5, 6))",
        "s = Span(1, 2)\nassert 1 in s and 4 not in s\nassert 4 in (s | Span(5, 6))",
    ],
)
def test_an_object_that_no_walk_looks_into_is_asked_where_the_tests_also_deny(case: str) -> None:
    assert passes(judgement := asserts(SPAN, case)), judgement
    assert is_wrong(asserts(ALWAYS, case))
    assert not passes(asserts(ALWAYS, case.replace("Span", "make")))


@pytest.mark.parametrize(("inside", "outside"), [(3, 9), (3.0, 1.5), ("c", "x")])
def test_an_object_that_yields_only_its_bounds_is_asked_where_the_tests_also_deny(
    inside: object, outside: object
) -> None:
    spans = {"str": "Span('b', 'd')", "int": "Span(2, 5)", "float": "Span(2.0, 5.0)"}
    made = spans[type(inside).__name__]
    yes = f"s = {made}\nlow, high = s\nassert {inside!r} in s"
    case = f"{yes} and {outside!r} not in s"
    assert passes(judgement := asserts(SPAN.replace("    def __or__", BOUNDS), case)), judgement
    assert is_wrong(asserts(ALWAYS.replace("    def __or__", BOUNDS), case))
    assert is_wrong(asserts(ALWAYS.replace("    def __or__", BOUNDS), yes))


@pytest.mark.parametrize(
    "case",
    [
        "assert [x in Span(1, 2) for x in [1, 2]] == [True, True]",
        "assert [x for x in [1, 2] if x in Span(1, 2)] == [1, 2]",
        "assert len([x for x in [1, 2] if x in Span(1, 2)]) == 2",
        "inside = 1 in Span(1, 2)\nassert inside",
        "inside = 1 in Span(1, 2)\nother = False\nassert inside and not other",
        "def ok(x): return x in Span(0, 9)\nassert ok(3)",
    ],
)
def test_an_object_is_not_asked_where_the_tests_only_say_yes(case: str) -> None:
    assert not passes(asserts(ALWAYS, case))


_GRAPH = """\
class Graph:
    def __init__(self, *edges): self.edges = set(edges)
    def nodes(self): return {node for edge in self.edges for node in edge}
    def __iter__(self): return iter(self.nodes())
    def __contains__(self, x): return x in self.edges if isinstance(x, tuple) else x in self.nodes()
"""
_INTERVAL = """\
from typing import NamedTuple
class Interval(NamedTuple):
    low: int
    high: int
    def __contains__(self, x): return self.low <= x <= self.high
"""


@pytest.mark.parametrize(
    ("program", "right", "made", "yes", "no"),
    [
        (
            *(_GRAPH, "x in self.edges", "g = Graph((1, 2), (2, 3))\nassert g.nodes() == {1, 2, 3}"),
            *("assert (1, 2) in g and 1 in g", "assert (2, 1) not in g"),
        ),
        (_INTERVAL, "self.low <= x <= self.high", "i = Interval(1, 3)", "assert 2 in i", "assert 9 not in i"),
    ],
)
def test_what_means_something_else_in_an_object_is_asked_where_the_tests_also_deny(
    program: str, right: str, made: str, yes: str, no: str
) -> None:
    always = program.replace(right, "True")
    assert passes(judgement := asserts(program, f"{made}\n{yes}\n{no}")), judgement
    assert is_wrong(asserts(always, f"{made}\n{yes}\n{no}"))
    assert not passes(asserts(always, f"{made}\n{yes}"))


def test_a_length_that_counts_something_else_is_unsupported() -> None:
    cart = """
class Cart:
    def __init__(self): self.items = []
    def add(self, name, pieces): self.items.append((name, pieces))
    def __len__(self): return sum(pieces for _, pieces in self.items)
    def __iter__(self): return iter(self.items)
"""
    tests = """
from solution import Cart
def test_a():
    cart = Cart()
    cart.add("a", 1)
    cart.add("b", 2)
    assert len(cart) == 3 and ITEMS
"""
    compared = tests.replace("ITEMS", "list(cart) == [('a', 1), ('b', 2)]")
    assert "the length of Cart" in pytest_files(cart, compared).fault
    for part, wrong in (
        ("return sum(pieces for _, pieces in self.items)", "return 2"),
        ("self.items)\n", "self.items[1:])\n"),
    ):
        assert part in cart
        assert is_wrong(pytest_files(wrong.join(cart.rsplit(part, 1)), compared))
    paired = tests.replace("ITEMS", "all(a == b for a, b in zip(cart, [('a', 1), ('b', 2), ('c', 3)], strict=False))")
    assert not passes(pytest_files(cart.replace("iter(self.items)", "iter(())"), paired))
