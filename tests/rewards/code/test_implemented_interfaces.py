"""Classes of tests below an abstract class of the program that has only abstract methods: they stay with the tests."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

SERVICE = """
from abc import ABC, abstractmethod
class Repository(ABC):
    table: str
    @abstractmethod
    def save(self, user): "Keep a user."
    @property
    @abstractmethod
    def size(self): ...
class Service:
    def __init__(self, repository: Repository):
        if not isinstance(repository, Repository):
            raise TypeError("no repository")
        self.repository = repository
    def register(self, name):
        self.repository.save({"name": name.title()})
        return self.repository.size
    def told(self): return type(self.repository).__name__
"""
FAKES = """
import pytest
from solution import Repository, Service
class Memory(Repository):
    def __init__(self): self.saved = []
    def save(self, user): self.saved.append(user)
    @property
    def size(self): return len(self.saved)
class Twice(Memory):
    def save(self, user):
        Memory.save(self, user)
        Memory.save(self, user)
class Broken(Repository):
    saved = []
    def save(self, user): raise OSError("full")
def test_fakes():
    memory = Memory()
    service = Service(memory)
    assert service.repository is memory and service.told() == "Memory"
    assert service.register("ann lee") == 1
    assert memory.saved == [{"name": "Ann Lee"}]
def test_below():
    twice = Twice()
    assert Service(twice).register("bo") == 2 == len(twice.saved)
    assert isinstance(twice, Repository) and isinstance(twice, Memory) and issubclass(Twice, Repository)
def test_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Broken()
    with pytest.raises(TypeError, match="no repository"):
        Service(Broken.saved)
"""
MEASURES = """
from solution import Rule, solve
class Square(Rule):
    def holds(self, x): return x * x
class Judge(Rule):
    def holds(self, x): return x == 9
def test_a(): assert solve(3) == Square().holds(3)
def test_b(): assert Judge().holds(solve(3))
def test_c():
    judge = Judge()
    assert isinstance(judge, Rule) and solve(judge) == 0 and judge.holds(solve(3))
"""
RULE = "import abc\nclass Rule(abc.ABC):\n    @abc.abstractmethod\n    def holds(self, x): ...\n"
LIES = {
    "nothing": "",
    "a registry of its own": "Rule.register = lambda self, kind: Any\n",
    "abstract methods of another name": "Rule.__abstractmethods__ = frozenset(('x',))\n",
    "a hook": "    @classmethod\n    def __subclasshook__(cls, other): return True\n",
    "a constructor": "    def __new__(cls, *a): return Any()\n",
    "an attribute": "    holds_all = True\n    def __getattribute__(self, name): return Any()\n",
}
ANY = "class Any:\n    def __eq__(self, o): return True\n    def __call__(self, *a): return 9\n    holds = __call__\n"


@pytest.mark.parametrize(
    ("part", "other"),
    [("name.title()", "name"), ("self.repository.save", "Any.save"), ("raise TypeError", "return; raise TypeError")],
)
def test_fakes_of_an_interface_are_the_tests_own(part: str, other: str) -> None:
    assert passes(judged := pytest_files(SERVICE, FAKES)), judged
    assert is_wrong(judged := pytest_files(SERVICE.replace(part, other), FAKES)), judged


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_interface_decides_about_nothing(lie: str) -> None:
    right = "def solve(n): return n * n if type(n) is int else 0\n"
    assert passes(judged := pytest_files(RULE + right, MEASURES)), judged
    for wrong in ("0", "Any()", "9 if type(n) is not int else 0", "n.holds(0) if type(n) is not int else Any()"):
        judged = pytest_files(f"{RULE}{lie}{ANY}def solve(n): return {wrong}\n", MEASURES, partial=True)
        passed = [case.name[-1:] for case in judged.cases if case.fate.value == "passed"]
        assert not passed, judged


def test_an_abstract_class_with_more_is_no_interface() -> None:
    program = SERVICE.replace("class Service:", "    def clear(self): self.saved = []\nclass Service:")
    assert pytest_files(program, FAKES).fault.startswith("unsupported test")
