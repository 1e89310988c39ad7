# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Ways to use the program's objects, and to hand objects over, that few tests need: each with a program that does it
right, and with what makes it wrong.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

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
