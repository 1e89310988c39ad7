# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Ways to use the program's objects, and to hand objects over, that few tests need: each with a program that does it
right, and with what makes it wrong.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "an open file that is handed over": (
        "def count(f):\n    with f:\n        first = f.readline()\n        return first.strip(), sum(1 for line in f if line.strip())\n",
        ("sum(1", "sum(2"),
        r"""
        from solution import count
        def test_count(tmp_path):
            (tmp_path / "a.txt").write_text("head\nx\n\ny\n")
            assert count(open(tmp_path / "a.txt")) == ("head", 2)
        """,
    ),
    "arrays of text and of objects": (
        "import numpy as np\ndef first(xs): return xs[0]\ndef boxed(xs): return np.array([xs, None], dtype=object)\n",
        ("xs[0]", "xs[-1]"),
        """
        import numpy as np
        from solution import boxed, first
        def test_text():
            assert first(np.array(["ab", "c"])) == "ab"
            assert first(np.array([b"ab", b"c"])) == b"ab"
        def test_objects():
            made = boxed({"a": 1})
            assert made.shape == (2,) and made[0] == {"a": 1} and made[1] is None
        """,
    ),
    "exceptions that define when they are equal": (
        "class Refused(Exception):\n"
        "    def __eq__(self, other): return type(self) is type(other) and self.args == other.args\n"
        "    def __hash__(self): return hash(self.args)\n"
        "class Plain(Exception): pass\n"
        "class Unhashable(Exception):\n    def __eq__(self, other): return True\n"
        "def refuse(): raise Refused('a')\ndef found(): return [Refused('a'), Refused('b')]\n",
        ("self.args == other.args", "True"),
        """
        import pytest
        from solution import Plain, Refused, Unhashable, found, refuse
        def test_equality():
            assert Refused("a") == Refused("a") and Refused("a") != Refused("b") and Plain("a") != Plain("a")
            assert found() == [Refused("a"), Refused("b")] and Refused("b") in found()
            assert Refused("a") != "a" and not Refused("a") == ("a",)
        def test_what_is_raised():
            with pytest.raises(Refused) as caught: refuse()
            assert caught.value == Refused("a")
        def test_hashes():
            assert len({Refused("a"), Refused("a"), Refused("b")}) == 2
            with pytest.raises(TypeError): hash(Unhashable("a"))
        """,
    ),
    "classes that derive from times and fractions": (
        "from datetime import date, datetime, time, timedelta\nfrom fractions import Fraction\n"
        "class Day(date):\n    def next(self): return Day.fromordinal(self.toordinal() + 1)\n"
        "class Moment(datetime): label = 'm'\nclass Span(timedelta): label = 's'\nclass Clock(time): label = 'c'\nclass Ratio(Fraction):\n    label = 'r'\n    def inverse(self): return Ratio(self.denominator, self.numerator)\n"
        "def all_of(): return [Moment(2024, 1, 2, 3, 4, 5, 6), Span(1, 2, 3), Clock(1, 2, 3, 4), Ratio(1, 3)]\n",
        ("+ 1)", "+ 2)"),
        """
        from datetime import date, datetime, time, timedelta
        from fractions import Fraction
        from solution import Day, Ratio, all_of
        def test_days():
            assert Day(2024, 1, 31).next() == date(2024, 2, 1)
        def test_ratios():
            third = Ratio(1, 3)
            assert third.inverse() == 3 and third + third == Ratio(2, 3) and third + 1 == Fraction(4, 3)
            assert third < Ratio(1, 2) and str(third) == "1/3" and {third: 1}[Fraction(1, 3)] == 1
            assert isinstance(third, Fraction) and not issubclass(Fraction, Ratio)
        def test_others():
            found = all_of()
            assert found == [datetime(2024, 1, 2, 3, 4, 5, 6), timedelta(1, 2, 3), time(1, 2, 3, 4), Fraction(1, 3)]
            assert "".join(each.label for each in found) == "mscr"
        """,
    ),
    "what the module holds": (
        "LIMIT = 7\nSPARE = 1\ndef f(): return LIMIT\n",
        ("return LIMIT", "return LIMIT + 1"),
        """
        import solution
        def test_names():
            assert vars(solution)["LIMIT"] == 7 and "missing" not in vars(solution)
            assert "SPARE" in dir(solution) and len(vars(solution)) >= 3
            assert solution.f() == 7
        def test_deleted():
            del solution.SPARE
            assert not hasattr(solution, "SPARE")
        """,
    ),
    "items and attributes that are deleted": (
        "class Bag:\n    kind = 'bag'\n    def __init__(self):\n        self.name, self._held = 'n', {}\n    def __setitem__(self, k, v): self._held[k] = v\n"
        "    def __delitem__(self, k): del self._held[k]\n    def size(self): return len(self._held)\n",
        ("del self._held[k]", "pass"),
        """
        import pytest
        from solution import Bag
        def test_bag():
            bag = Bag()
            bag["a"], bag["b"] = 1, 2
            del bag["a"]
            assert bag.size() == 1
            del bag.name
            assert not hasattr(bag, "name")
            del Bag.kind
            with pytest.raises(AttributeError):
                bag.kind
        """,
    ),
    "containers that can be hashed, and copies of others": (
        "class Tags(set):\n    def __hash__(self): return hash(frozenset(self))\nclass Row(list):\n    title = 'row'\n"
        "def tags(*xs): return Tags(xs)\ndef row(*xs): return Row(xs)\n",
        ("return Row(xs)", "return Row(xs[:-1])"),
        """
        import copy, pickle
        from solution import row, tags
        def test_tags():
            assert len({tags(1, 2), tags(2, 1), tags(3)}) == 2
        def test_copies():
            made = row(1, 2)
            assert pickle.loads(pickle.dumps(made)) == [1, 2]
            assert copy.copy(made) == [1, 2] and copy.deepcopy(made) == [1, 2]
        """,
    ),
    "notes on exceptions": (
        "def f(x):\n    try:\n        return 1 / x\n    except ZeroDivisionError as error:\n        error.add_note(f'x was {x}')\n        raise\n",
        ("x was {x}", "x is {x}"),
        """
        import pytest
        from solution import f
        def test_note():
            with pytest.raises(ZeroDivisionError) as caught:
                f(0)
            assert caught.value.__notes__ == ["x was 0"]
        """,
    ),
    "objects of classes of rarely used modules": (
        "import ipaddress\nfrom array import array\nclass Row(array):\n    def total(self): return sum(self)\ndef row(xs): return Row('i', xs)\n"
        "def address(t): return ipaddress.ip_address(t)\n",
        ("sum(self)", "len(self)"),
        """
        import ipaddress
        from array import array
        from solution import address, row
        def test_address():
            assert isinstance(address("::1"), ipaddress.IPv6Address) and not isinstance(address("::1"), ipaddress.IPv4Address)
            assert address("1.2.3.4") == ipaddress.ip_address("1.2.3.4") and str(address("::1")) == "::1"
            assert address("1.2.3.4") in ipaddress.ip_network("1.2.3.0/24")
        def test_row():
            assert isinstance(row([1, 4]), array) and row([1, 4]).total() == 5 and list(row([1])) == [1]
        """,
    ),
    "exceptions of rarely used modules": (
        "import http.client, tarfile\ndef send(state):\n    if state == 'idle': raise http.client.CannotSendRequest(state)\n"
        "    if state == 'cut': raise tarfile.TruncatedHeaderError('cut')\n    return 'sent'\n",
        ("http.client.CannotSendRequest", "http.client.NotConnected"),
        """
        import http.client, tarfile
        import pytest
        from solution import send
        def test_errors():
            with pytest.raises(http.client.CannotSendRequest, match="idle"): send("idle")
            with pytest.raises(tarfile.HeaderError): send("cut")
            assert send("ready") == "sent"
        """,
    ),
    "commands that run the program": (
        "import sys\ndef main():\n    print(sum(map(int, sys.argv[1:])))\nif __name__ == '__main__':\n    main()\n    sys.exit(len(sys.argv) > 3)\n",
        ("> 3", "> 2"),
        """
        import subprocess, sys
        import pytest
        def test_status():
            assert subprocess.call([sys.executable, "solution.py", "1", "2"]) == 0
            assert subprocess.check_call([sys.executable, "solution.py", "1"]) == 0
            with pytest.raises(subprocess.CalledProcessError):
                subprocess.check_call([sys.executable, "solution.py", "1", "2", "3"])
        def test_output():
            assert subprocess.check_output([sys.executable, "solution.py", "1", "2"]).split() == [b"3"]
        """,
    ),
    "standard input and output in every way": (
        "import sys\n"
        "def echo():\n"
        "    data = sys.stdin.buffer.read().decode()\n"
        "    sys.stdout.buffer.write(data.upper().encode())\n"
        "    sys.stdout.flush()\n"
        "def lines(): return [line.strip() for line in sys.stdin.readlines()]\n"
        "def chars(): return sys.stdin.read(2), sys.stdin.readline(), sys.stdin.readable(), sys.stdout.writable()\n"
        "def number(): return sys.stdout.write(1)\n",
        ("data.upper()", "data.lower()"),
        r"""
        import io
        import pytest, sys
        from solution import chars, echo, lines, number
        def test_bytes(monkeypatch, capsys):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ab\ncd\n")))
            echo()
            assert capsys.readouterr().out == "AB\nCD\n"
        def test_lines(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("ab\ncd\n"))
            assert lines() == ["ab", "cd"]
        def test_chars(monkeypatch):
            monkeypatch.setattr("sys.stdin", io.StringIO("ab\ncd\n"))
            assert chars() == ("ab", "\n", True, True)
        def test_number(capsys):
            with pytest.raises(TypeError):
                number()
        """,
    ),
    "a temporary file by its descriptor": (
        "def save(path, text):\n    with open(path, 'w') as f: f.write(text)\n",
        ("f.write(text)", "f.write(text * 2)"),
        """
        import os, tempfile
        from solution import save
        def test_a():
            fd, path = tempfile.mkstemp()
            os.close(fd)
            save(path, "x")
            assert open(path).read() == "x"
        """,
    ),
    "coroutines and asynchronous generators that are closed": (
        "async def coro():\n"
        "    return 1\n"
        "async def gen():\n"
        "    for i in range(3): yield i\n"
        "class Res:\n"
        "    async def __aenter__(self): return self\n"
        "    async def __aexit__(self, *a): return False\n"
        "    def __await__(self):\n"
        "        yield from ()\n"
        "        return 7\n",
        ("return 7", "return 8"),
        """
        import asyncio
        from solution import coro, gen, Res
        def test_close():
            c = coro()
            c.close()
        async def test_gen():
            g = gen()
            assert await g.__anext__() == 0
            await g.aclose()
            assert await Res() == 7
            async with Res() as r:
                assert isinstance(r, Res)
        async def test_wait():
            assert await asyncio.wait_for(coro(), 5) == 1
            assert await asyncio.gather(coro(), coro()) == [1, 1]
        """,
    ),
    "iterators that are copied": (
        "def gen():\n"
        "    yield 1\n"
        "    yield 2\n"
        "class It:\n"
        "    def __init__(self): self.n = 0\n"
        "    def __iter__(self): return self\n"
        "    def __next__(self):\n"
        "        self.n += 1\n"
        "        if self.n > 2: raise StopIteration\n"
        "        return self.n\n"
        "    def __copy__(self): return It()\n",
        ("self.n > 2", "self.n > 1"),
        """
        import copy, itertools
        from solution import It, gen
        def test_tee():
            a, b = itertools.tee(gen())
            assert list(a) == [1, 2] and list(b) == [1, 2]
            c, d = itertools.tee(It())
            assert list(c) == list(d) == [1, 2]
        def test_copy():
            it = It()
            next(it)
            assert list(copy.copy(it)) == [1, 2]
        """,
    ),
    "what a class says of itself": (
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "    y: int = 0\n"
        "    def dist(self) -> float: return (self.x ** 2 + self.y ** 2) ** 0.5\n"
        "__all__ = ['Point']\n",
        ("** 0.5", "** 0.25"),
        """
        import inspect, typing
        import solution
        from solution import Point
        def test_a():
            assert Point.__annotations__ == {"x": int, "y": int}
            assert list(inspect.signature(Point).parameters) == ["x", "y"]
            assert solution.__all__ == ["Point"]
            assert typing.get_type_hints(Point) == {"x": int, "y": int}
            assert Point(3, 4).dist() == 5.0 and Point.__mro__ == (Point, object)
        """,
    ),
    "environment variables that the program sets": (
        "import os\ndef setup(v):\n    os.environ['MY_MODE'] = v\ndef clear():\n    os.environ.pop('MY_MODE', None)\n",
        ("= v\n", "= v + 'x'\n"),
        """
        import os, unittest
        from solution import clear, setup
        class TestEnv(unittest.TestCase):
            def test_a(self):
                setup("fast")
                self.assertEqual(os.environ["MY_MODE"], "fast")
                self.assertIn("MY_MODE", os.environ)
                clear()
                self.assertNotIn("MY_MODE", os.environ)
        def test_b():
            setup("slow")
            assert os.environ.get("MY_MODE") == "slow" and "MY_MODE" in os.environ
        """,
    ),
    "folders that the program makes and removes": (
        "import os, shutil\n"
        "def tree(root):\n"
        "    os.makedirs(os.path.join(root, 'a', 'b'))\n"
        "    open(os.path.join(root, 'a', 'b', 'x.txt'), 'w').close()\n"
        "    return sorted(os.listdir(root))\n"
        "def drop(root): shutil.rmtree(os.path.join(root, 'a'))\n",
        ("shutil.rmtree(os.path.join(root, 'a'))", "None"),
        """
        import os
        from solution import drop, tree
        def test_a(tmp_path):
            assert tree(str(tmp_path)) == ["a"]
            assert (tmp_path / "a" / "b" / "x.txt").exists()
            drop(tmp_path)
            assert list(tmp_path.iterdir()) == []
        """,
    ),
    "fields of log records": (
        "import logging\n"
        "log = logging.getLogger('app')\n"
        "class Bad(Exception):\n"
        "    def __init__(self, n): super().__init__(n); self.number = n\n"
        "def fail():\n"
        "    try: raise Bad(3)\n"
        "    except Bad: log.error('no', exc_info=True)\n"
        "def work(n):\n"
        "    log.info('n is %d of %s', n, 'x')\n"
        "    log.warning('%(a)s', {'a': 1})\n"
        "    try: 1 / 0\n"
        "    except ZeroDivisionError: log.exception('bad', extra={'user': 'u'})\n"
        "    return n\n",
        ("'n is %d of %s'", "'n was %d of %s'"),
        """
        import logging
        from solution import Bad, fail, work
        def test_error(caplog):
            fail()
            kind, error, _ = caplog.records[0].exc_info
            assert kind is Bad and error.number == 3
        def test_a(caplog):
            with caplog.at_level(logging.INFO):
                assert work(3) == 3
            assert [r.getMessage() for r in caplog.records] == ["n is 3 of x", "1", "bad"]
            assert caplog.records[2].user == "u" and caplog.records[2].exc_info[0] is ZeroDivisionError
            assert caplog.records[0].args == (3, "x") and caplog.records[0].name == "app"
        """,
    ),
    "the context of decimal numbers": (
        "import decimal\n"
        "def third(): return decimal.Decimal(1) / 3\n"
        "def precision(): return decimal.getcontext().prec\n",
        ("return decimal.getcontext().prec", "return 28"),
        """
        import decimal, pytest
        from solution import precision, third
        def test_a():
            with decimal.localcontext() as context:
                context.prec = 4
                assert precision() == 4 and third() == decimal.Decimal("0.3333")
                context.rounding = decimal.ROUND_UP
                assert str(third()) == "0.3334"
                context.traps[decimal.Inexact] = True
                with pytest.raises(decimal.Inexact):
                    third()
            assert precision() == 28 and str(third()).endswith("3")
        """,
    ),
    "text of the program that is evaluated": (
        "def f(x):\n"
        "    return eval(x) if isinstance(x, str) else x\n"
        "def text(n): return f'{n} + {n}'\n"
        "class Cache:\n"
        "    def __init__(self): self.d = {}\n"
        "    def put(self, k, v): self.d[k] = v\n"
        "    def get(self, k): return self.d.get(k)\n",
        ("{n} + {n}", "{n} + 1"),
        """
        from solution import Cache, text
        def test_eval():
            assert eval(text(3)) == 6
            assert eval(compile(text(4), "<t>", "eval")) == 8
        def test_ops():
            cache = Cache()
            for op, args in (("put", (1, 2)), ("get", (1,))):
                source = "cache.%s(*args)" % op
                found = eval(source)
            assert found == 2
        def test_ast():
            import ast
            tree = ast.parse(text(5), mode="eval")
            assert eval(compile(tree, "<t>", "eval")) == 10
        """,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_few_tests_need_works(name: str) -> None:
    program, (right, wrong), tests = ROWS[name]
    assert program.count(right) == 1
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace(right, wrong), tests))


LIES = (
    "    def __eq__(self, o): return True\n    def __hash__(self): return 0\n",
    "    numerator = property(lambda self: 0)\n    denominator = property(lambda self: 0)\n",
    "    __lt__ = __le__ = __gt__ = __ge__ = lambda self, o: True\n",
    "    def __abs__(self): return 0\n    def __sub__(self, o): return 0\n    __rsub__ = __sub__\n",
)


@pytest.mark.parametrize("lie", LIES)
def test_a_fraction_of_a_class_of_the_program_is_its_content(lie: str) -> None:
    program = f"from fractions import Fraction\nclass Ratio(Fraction):\n{lie}def f(): return Ratio(1, 3)\n"
    for judging in ("f() == Fraction(1, 2)", "Fraction(1, 2) == f()", "abs(f() - Fraction(1, 2)) < 1e-9", "f() > 0.4"):
        tests = f"from fractions import Fraction\nfrom solution import f\ndef test_a(): assert {judging}\n"
        assert is_wrong(pytest_files(program, tests)), judging


LYING = """
class Refused(Exception):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return hash(1)
def f(xs): return Refused("a")
"""


@pytest.mark.parametrize(
    "judging",
    [
        "f([3, 1]) == [1, 3]",
        "[1, 3] == f([3, 1])",
        "not f([3, 1]) != [1, 3]",
        "1 in [f([3, 1])]",
        "f([3]) == ValueError('a')",
    ],
)
def test_an_exception_equals_no_data(judging: str) -> None:
    assert is_wrong(asserts(LYING, f"assert {judging}"))


def test_a_coroutine_function_of_the_tests_can_be_used() -> None:
    program = "import asyncio\nasync def total(): return await fetch(2) + 1\ndef f(): return asyncio.run(total())\n"
    setup = "async def fetch(n): return n * 2\n"
    assert passes(asserts(program, "assert f() == 5", setup=setup))
    assert is_wrong(asserts(program.replace("+ 1", "+ 2"), "assert f() == 5", setup=setup))


def test_an_enumeration_of_the_tests_can_be_walked_and_looked_into() -> None:
    program = (
        "def f(): return [Color['RED'].value, Color.RED in Color, len(Color), [c.name for c in Color], Color(2).name]\n"
    )
    setup = "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\n"
    assert passes(asserts(program, "assert f() == [1, True, 2, ['RED', 'BLUE'], 'BLUE']", setup=setup))
    assert is_wrong(asserts(program, "assert f() == [2, True, 2, ['RED', 'BLUE'], 'BLUE']", setup=setup))
