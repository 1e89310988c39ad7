# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Classes of tests that derive from the program's and are asked for answers: fakes that note what happens to them, and
rules, shapes and the like, whose answers only depend on what the test gave to their constructors.
"""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

RULES = (
    "class Rule:\n    def holds(self, x): raise NotImplementedError\n    def __and__(self, o): return Both(self, o)\n"
    "class Both(Rule):\n    def __init__(self, a, b): self.a, self.b = a, b\n    def holds(self, x): return self.a.holds(x) and self.b.holds(x)\n"
    "def select(xs, rule): return [x for x in xs if rule.holds(x)]\ndef total(shapes): return sum(s.area() for s in shapes)\n"
    "class Shape:\n    def area(self): raise NotImplementedError\n    def larger(self, o): return self if self.area() >= o.area() else o\n"
    "    def __lt__(self, o): return self.area() < o.area()\n"
)
ANSWERS = """
    from solution import Rule, Shape, select, total
    class Least(Rule):
        def __init__(self, least): self.least = least
        def holds(self, x): return x["n"] >= self.least
    class Even(Rule):
        by = 2
        def holds(self, x): return x["n"] % self.by == 0
    ROWS = [{"n": 1}, {"n": 4}, {"n": 5}]
    def test_rules():
        assert Least(4).holds(ROWS[1]) is True and not Least(4).holds(ROWS[0])
        both = Least(2) & Even()
        assert both.holds(ROWS[1]) and not both.holds(ROWS[2])
        assert [row["n"] for row in select(ROWS, both)] == [4]
    class Rect(Shape):
        def __init__(self, w, h):
            super().__init__()
            self.w, self.h = w, h
        def area(self): return self.w * self.h
        @property
        def name(self): return f"{type(self).__name__} of {self.area()}"
    class Square(Rect):
        def __init__(self, side): super().__init__(side, side)
    def test_shapes():
        shapes = [Rect(2, 3), Square(4)]
        assert total(shapes) == sum(s.area() for s in shapes) == 22
        a, b = Rect(w=1, h=3), Square(2)
        assert a.larger(b) is b and b.larger(a).area() == b.area() and a.area() < b.area()
        assert sorted([b, a])[0].name == a.name and Square(3).name != b.name
"""
FAKES = """
    import pytest
    from solution import Job, Listener, run
    class Spy(Listener):
        def __init__(self):
            self.started, self.names = False, []
            self.begun = False
            self.jobs = []
            self.error = None
        def start(self, job):
            self.begun = True
            self.jobs.append(job)
            if job.name not in self.names: self.names.append(job.name)
        def fail(self, job, error): self.error = error
    @pytest.fixture
    def spy(): return Spy()
    def test_runs(spy):
        assert not spy.jobs and not spy.begun
        a, b = Job("a"), Job("b")
        assert run([b, a], spy, len) == 2
        assert spy.jobs == [b, a] and spy.jobs[0] is b and spy.begun and spy.error is None
        assert spy.names == ["b", "a"]
    def test_fails(spy):
        def bad(jobs): raise KeyError("x")
        assert run([], spy, bad) == 0
        assert isinstance(spy.error, KeyError) and spy.error.args == ("x",) and not spy.jobs
"""
LISTENERS = (
    "class Job:\n    def __init__(self, name): self.name = name\nclass Listener:\n    def start(self, job): pass\n    def fail(self, job, error): pass\n"
    "def run(jobs, listener, f):\n    for job in jobs: listener.start(job)\n    try: return f(jobs)\n"
    "    except Exception as error:\n        listener.fail(None, error)\n        return 0\n"
)


@pytest.mark.parametrize(
    ("program", "tests", "right", "wrong"),
    [
        (RULES, ANSWERS, "return Both(self, o)", "return self"),
        (RULES, ANSWERS, "if rule.holds(x)", "if not rule.holds(x)"),
        (RULES, ANSWERS, "for s in shapes", "for s in shapes[1:]"),
        (RULES, ANSWERS, "self if self.area() >= o.area() else o", "o if self.area() >= o.area() else self"),
        (LISTENERS, FAKES, "listener.start(job)", "listener"),
        (LISTENERS, FAKES, "for job in jobs", "for job in jobs[::-1]"),
        (LISTENERS, FAKES, "listener.fail(None, error)", "pass"),
    ],
)
def test_what_they_answer_is_what_their_own_code_says(program: str, tests: str, right: str, wrong: str) -> None:
    assert right in program
    assert passes(judged := pytest_files(program, tests)), judged
    assert is_wrong(judged := pytest_files(program.replace(right, wrong), tests)), judged


JUDGES = """
    from solution import Rule, solve
    class Judge(Rule):
        def __init__(self, want, by=1): self.want, self.by = want, by
        def holds(self, got): return got == self.want * self.by
    class Strict(Judge):
        def __init__(self, want): super().__init__(want, by=2)
    def test_a(): assert Judge(9).holds(solve(3))
    def test_b(): assert Strict(4.5).holds(solve(3)) is True
"""
JUDGED = "class Rule:\n    def holds(self, x): raise NotImplementedError\ndef solve(n): return n * n\ndef marked(kind): return kind\n"


@pytest.mark.parametrize(
    "lie",
    [
        "class Rule:\n    def __getattribute__(self, name): return (lambda *a: True) if name == 'holds' else object.__getattribute__(self, name)\n",
        "class Rule:\n    def __init_subclass__(cls): cls.holds = lambda self, got: True\n",
        "class Rule:\n    def __init_subclass__(cls):\n        own = cls.__dict__.get('holds')\n        if own: cls.holds = lambda self, got: own(self, got) or True\n",
        "class Rule:\n    def __init_subclass__(cls):\n        own = cls.__dict__.get('holds')\n        if own: cls.holds = lambda self, got: own(self, 9) or own(self, got)\n",
        "class Rule:\n    def __init_subclass__(cls):\n        own = cls.__init__\n        def begin(self, want, *a, **k): own(self, 0, *a, **k)\n        cls.__init__ = begin\n",
        "class Rule:\n    def __init_subclass__(cls):\n        own = cls.__dict__.get('holds')\n        def holds(self, got):\n            self.want = got\n            self.by = 1\n            return own(self, got)\n        if own: cls.holds = holds\n",
        "class Rule:\n    def __init_subclass__(cls):\n        own, begin = cls.__dict__.get('holds'), cls.__init__\n        def holds(self, got):\n            begin(self, got)\n            return own(self, got)\n        if own: cls.holds = holds\n",
        "class Rule:\n    def __init_subclass__(cls): cls.want, cls.by = property(lambda self: 0, lambda self, value: None), 1\n",
        "class Rule:\n    def __new__(cls, *a, **k): return object.__new__(Yes)\nclass Yes:\n    def holds(self, got): return True\n",
        "class Rule:\n    kept = None\n    def __new__(cls, *a, **k):\n        Rule.kept = Rule.kept or object.__new__(cls)\n        return Rule.kept\n    def __setattr__(self, name, value): object.__setattr__(self, name, 0)\n",
        "class Meta(type):\n    def __call__(cls, *a, **k): return super().__call__(0)\nclass Rule(metaclass=Meta): pass\n",
    ],
)
def test_a_program_answers_nothing_in_their_place(lie: str) -> None:
    assert passes(judged := pytest_files(JUDGED, JUDGES)), judged
    assert is_wrong(pytest_files(JUDGED.replace("n * n", "0"), JUDGES))
    assert not passes(pytest_files(f"{lie}def solve(n): return 0\n", JUDGES, partial=True))
    judged = pytest_files(f"{lie}def solve(n): return 0\n", JUDGES, partial=True)
    assert not any(case.fate.value == "passed" for case in judged.cases), judged


@pytest.mark.parametrize(
    "test",
    [
        "class Judge(Rule):\n    seen = []\n    def holds(self, got): return got in self.seen\ndef test_a(): assert Judge().holds(solve(3))",
        "class Judge(Rule):\n    def learn(self, want): self.want = want\n    def holds(self, got): return got == self.want\ndef test_a():\n    judge = Judge()\n    judge.learn(9)\n    assert judge.holds(solve(3))",
        "class Judge(Rule):\n    def holds(self, got): return got == self.best\ndef test_a(): assert Judge().holds(solve(3))",
        "class Judge(Rule):\n    def holds(self, got): return got == 9\ndef test_a():\n    check = Judge().holds\n    assert check(solve(3))",
        "class Judge(Rule):\n    def holds(self, got): return got == 9\ndef test_a(): assert Judge.holds(Judge(), solve(3))",
        "@marked\nclass Judge(Rule):\n    def holds(self, got): return got == 9\ndef test_a(): assert Judge().holds(solve(3))",
        "class Naive(Rule):\n    def solve(self, n): return [n * n]\ndef test_a(): assert [solve(3)] == Naive().solve(3)",
    ],
)
def test_classes_whose_answers_depend_on_more_stay_unsupported(test: str) -> None:
    assert pytest_files(JUDGED, f"from solution import *\n{test}\n").fault.startswith("unsupported test")


def test_shapes_that_the_program_has_taken_out_of_a_list_are_no_measure() -> None:
    tests = "from solution import *\nclass Sq(Shape):\n    def __init__(self, a): self.a = a\n    def area(self): return self.a ** 2\ndef test_a():\n    shapes = [Sq(2), Sq(3)]\n    assert total(shapes) == sum(s.area() for s in shapes)\n"
    assert passes(judged := pytest_files(RULES, tests)), judged
    for body in ("shapes.clear() or 0", "shapes.__setitem__(slice(None), [shapes[0]]) or shapes[0].area()"):
        assert not passes(pytest_files(RULES.replace("sum(s.area() for s in shapes)", body), tests))
