"""Classes that a test hands over, or whose objects it does: they are types, keys, and known by how they are made."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

# name: program, what makes it wrong, tests
ROWS: dict[str, tuple[str, tuple[str, str], str]] = {
    "handlers by the type of an event": (
        """
from collections import defaultdict

class EventBus:
    def __init__(self):
        self._handlers = defaultdict(list)
    def subscribe(self, event_type, handler):
        self._handlers[event_type].append(handler)
    def unsubscribe(self, event_type, handler):
        self._handlers[event_type].remove(handler)
    def publish(self, event):
        n = 0
        for h in self._handlers[type(event)]:
            h(event)
            n += 1
        return n
""",
        ("n += 1", "n += 2"),
        """
from dataclasses import dataclass
import pytest
from solution import EventBus

@dataclass
class UserCreated:
    name: str

@dataclass(frozen=True)
class UserDeleted:
    name: str

@pytest.fixture
def bus():
    return EventBus()

def test_publish(bus):
    seen = []
    bus.subscribe(UserCreated, seen.append)
    assert bus.publish(UserCreated("bob")) == 1
    assert seen == [UserCreated("bob")]

def test_other_type(bus):
    seen = []
    bus.subscribe(UserCreated, seen.append)
    assert bus.publish(UserDeleted("bob")) == 0
    assert seen == []

def test_unsubscribe(bus):
    seen = []
    bus.subscribe(UserDeleted, seen.append)
    bus.unsubscribe(UserDeleted, seen.append)
    assert bus.publish(UserDeleted("x")) == 0
""",
    ),
    "bases of an object": (
        """
class Dispatcher:
    def __init__(self):
        self._table = {}
    def register(self, cls, fn):
        self._table[cls] = fn
    def dispatch(self, obj):
        for cls in type(obj).__mro__:
            if cls in self._table:
                return self._table[cls](obj)
        raise LookupError(type(obj).__name__)
""",
        ("for cls in type(obj).__mro__:", "for cls in [type(obj)]:"),
        """
import pytest
from solution import Dispatcher

class Animal: pass
class Dog(Animal): pass
class Stone: pass

def test_dispatch():
    d = Dispatcher()
    d.register(Animal, lambda o: "animal")
    d.register(int, lambda o: "int")
    assert d.dispatch(Animal()) == "animal"
    assert d.dispatch(Dog()) == "animal"
    assert d.dispatch(True) == "int"
    with pytest.raises(LookupError, match="Stone"):
        d.dispatch(Stone())
""",
    ),
    "single dispatch": (
        """
from functools import singledispatch

@singledispatch
def render(obj):
    return "obj"

@render.register
def _(obj: int):
    return f"int {obj}"

@render.register(list)
def _(obj):
    return "[" + ",".join(render(o) for o in obj) + "]"
""",
        ('return f"int {obj}"', 'return f"int{obj}"'),
        """
from solution import render

class Thing: pass

def test_default():
    assert render(Thing()) == "obj"
    assert render(3) == "int 3"
    assert render([1, "a"]) == "[int 1,obj]"

def test_register():
    @render.register(Thing)
    def _(t):
        return "thing"
    assert render(Thing()) == "thing"
    assert render([Thing(), 2]) == "[thing,int 2]"
""",
    ),
    "injected by annotations": (
        """
import inspect

class CircularDependency(Exception):
    pass

class Container:
    def __init__(self):
        self._providers = {}
        self._singletons = {}
    def register(self, iface, impl=None, singleton=False):
        self._providers[iface] = (impl or iface, singleton)
        return self
    def resolve(self, iface, _stack=()):
        if iface in _stack:
            raise CircularDependency(" -> ".join(c.__name__ for c in (*_stack, iface)))
        if iface in self._singletons:
            return self._singletons[iface]
        impl, single = self._providers[iface]
        if inspect.isclass(impl):
            deps = {}
            for name, p in inspect.signature(impl).parameters.items():
                if p.annotation in self._providers:
                    deps[name] = self.resolve(p.annotation, (*_stack, iface))
            obj = impl(**deps)
        else:
            obj = impl()
        if single:
            self._singletons[iface] = obj
        return obj
""",
        ("if single:", "if not single:"),
        """
import pytest
from solution import Container, CircularDependency

class Logger:
    def __init__(self):
        self.lines = []
    def log(self, m):
        self.lines.append(m)

class Repo:
    def __init__(self, logger: Logger):
        self.logger = logger

class Service:
    def __init__(self, repo: Repo, logger: Logger):
        self.repo = repo
        self.logger = logger
    def run(self):
        self.logger.log("run")
        return len(self.repo.logger.lines)

@pytest.fixture
def c():
    return Container().register(Logger, singleton=True).register(Repo).register(Service)

def test_resolve(c):
    s = c.resolve(Service)
    assert isinstance(s, Service)
    assert isinstance(s.repo, Repo)
    assert s.logger is s.repo.logger
    assert s.run() == 1

def test_singleton(c):
    assert c.resolve(Logger) is c.resolve(Logger)
    assert c.resolve(Repo) is not c.resolve(Repo)

def test_factory(c):
    c.register("answer", lambda: 42)
    assert c.resolve("answer") == 42

def test_missing():
    with pytest.raises(KeyError):
        Container().resolve(Logger)
""",
    ),
    "fields of nested dataclasses": (
        """
import dataclasses, json
from typing import get_type_hints

def to_json(obj):
    return json.dumps(dataclasses.asdict(obj), sort_keys=True)

def from_dict(cls, data):
    kwargs = {}
    for f in dataclasses.fields(cls):
        if f.name in data:
            v = data[f.name]
            if dataclasses.is_dataclass(f.type) and isinstance(v, dict):
                v = from_dict(f.type, v)
            kwargs[f.name] = v
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ValueError(f"missing field: {f.name}")
    unknown = set(data) - {f.name for f in dataclasses.fields(cls)}
    if unknown:
        raise ValueError(f"unknown fields: {sorted(unknown)}")
    return cls(**kwargs)
""",
        ('raise ValueError(f"unknown fields: {sorted(unknown)}")', 'print(f"unknown fields: {sorted(unknown)}")'),
        """
from dataclasses import dataclass, field
import pytest
from solution import to_json, from_dict

@dataclass
class Address:
    city: str
    zip: str = "0"

@dataclass
class Person:
    name: str
    address: Address
    tags: list = field(default_factory=list)

def test_to_json():
    assert to_json(Person("a", Address("b"))) == '{"address": {"city": "b", "zip": "0"}, "name": "a", "tags": []}'

def test_from_dict():
    p = from_dict(Person, {"name": "x", "address": {"city": "y"}, "tags": [1]})
    assert p == Person("x", Address("y"), [1])
    assert isinstance(p.address, Address)

def test_missing():
    with pytest.raises(ValueError, match="missing field: address"):
        from_dict(Person, {"name": "x"})

def test_unknown():
    with pytest.raises(ValueError, match=r"unknown fields: \\['nope'\\]"):
        from_dict(Address, {"city": "q", "nope": 1})
""",
    ),
    "methods, bases and attributes": (
        """
import inspect

class Container:
    def make(self, cls):
        params = inspect.signature(cls).parameters
        return cls(*[self.make(p.annotation) for p in params.values()])

def lineage(cls):
    return [c.__name__ for c in cls.__mro__]

def public(cls):
    return sorted(n for n in vars(cls) if not n.startswith("_"))

def methods(cls):
    return sorted(n for n, m in inspect.getmembers(cls, predicate=inspect.isfunction) if not n.startswith("_"))
""",
        (
            'return sorted(n for n in vars(cls) if not n.startswith("_"))',
            'return sorted(n for n in vars(cls) if n.startswith("_"))',
        ),
        """
from solution import Container, lineage, public, methods

class Engine:
    def start(self):
        return 1

class Car:
    wheels = 4
    def __init__(self, engine: Engine):
        self.engine = engine
    def drive(self):
        return self.engine.start()

class Sport(Car):
    def boost(self):
        return 2

def test_make():
    assert Container().make(Car).drive() == 1

def test_lineage():
    assert lineage(Sport) == ["Sport", "Car", "object"]

def test_public():
    assert public(Car) == ["drive", "wheels"]
    assert public(Sport) == ["boost"]

def test_methods():
    assert methods(Sport) == ["boost", "drive"]
""",
    ),
    "types of arguments": (
        """
import functools, inspect

def enforce(fn):
    sig = inspect.signature(fn)
    hints = {k: v for k, v in fn.__annotations__.items() if k != "return"}
    @functools.wraps(fn)
    def w(*a, **k):
        bound = sig.bind(*a, **k)
        for n, v in bound.arguments.items():
            if n in hints and not isinstance(v, hints[n]):
                raise TypeError(f"{n} must be {hints[n].__name__}, got {type(v).__name__}")
        r = fn(*a, **k)
        want = fn.__annotations__.get("return")
        if want is not None and not isinstance(r, want):
            raise TypeError(f"return must be {want.__name__}")
        return r
    return w
""",
        (
            'raise TypeError(f"{n} must be {hints[n].__name__}, got {type(v).__name__}")',
            'raise TypeError(f"{n} must be {hints[n].__name__}, got {v}")',
        ),
        """
import pytest
from solution import enforce

class User:
    def __init__(self, name): self.name = name
class Admin(User): pass

@enforce
def greet(user: User, times: int = 1) -> str:
    return " ".join(["hi " + user.name] * times)

@enforce
def bad() -> int:
    return "x"

def test_ok():
    assert greet(User("al")) == "hi al"
    assert greet(Admin("bo"), times=2) == "hi bo hi bo"
    assert greet.__name__ == "greet"

def test_errors():
    with pytest.raises(TypeError, match="user must be User, got str"):
        greet("al")
    with pytest.raises(TypeError, match="times must be int, got User"):
        greet(User("a"), User("b"))
    with pytest.raises(TypeError, match="return must be int"):
        bad()
    with pytest.raises(TypeError):
        greet()
""",
    ),
    "methods that are taken back": (
        """
class Subject:
    def __init__(self):
        self._obs = {}
    def on(self, ev, cb, once=False):
        self._obs.setdefault(ev, []).append((cb, once))
        return lambda: self.off(ev, cb)
    def off(self, ev, cb):
        self._obs[ev] = [(c, o) for c, o in self._obs.get(ev, []) if c != cb]
    def emit(self, ev, *a, **k):
        for cb, once in list(self._obs.get(ev, [])):
            cb(*a, **k)
            if once:
                self.off(ev, cb)
    def count(self, ev):
        return len(self._obs.get(ev, ()))
""",
        ("if once:", "if not once:"),
        """
from unittest.mock import Mock, call
from solution import Subject

class Listener:
    def __init__(self):
        self.got = []
    def handle(self, *a, **k):
        self.got.append((a, k))

def test_bound_methods():
    s, l = Subject(), Listener()
    s.on("x", l.handle)
    s.emit("x", 1, k=2)
    assert l.got == [((1,), {"k": 2})]
    s.off("x", l.handle)
    s.emit("x", 3)
    assert len(l.got) == 1
    assert s.count("x") == 0

def test_builtin_methods():
    s, out = Subject(), []
    off = s.on("y", out.append)
    s.emit("y", 1)
    off()
    s.emit("y", 2)
    assert out == [1]

def test_once_mock():
    s, m = Subject(), Mock()
    s.on("z", m, once=True)
    s.emit("z", 1)
    s.emit("z", 2)
    m.assert_called_once_with(1)
    assert m.mock_calls == [call(1)]
""",
    ),
}


@pytest.mark.parametrize(("program", "spoiled", "tests"), ROWS.values(), ids=ROWS)
def test_honest_programs_pass_and_wrong_ones_do_not(program: str, spoiled: tuple[str, str], tests: str) -> None:
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert spoiled[0] in program
    assert is_wrong(judgement := pytest_files(program.replace(*spoiled), tests)), judgement


@pytest.mark.parametrize(
    "program",
    [
        "def use(judge): return type(judge)().seen",
        "def use(judge): return judge.__class__().seen",
        "def use(judge): return type(judge).__init__(judge) or judge.seen",
        "def use(judge):\n    class Mine(type(judge)): pass\n    return Mine().seen",
        "def use(judge): return type(judge)._secret",
        "def use(judge): return vars(type(judge))['_secret']",
        "def use(judge): return type(judge)._asked[0]('getattr', type(judge)._asked[1], '_secret')",
    ],
)
def test_the_class_of_an_object_is_not_made_anew_nor_looked_behind(program: str) -> None:
    tests = """
    from solution import use
    class Judge:
        _secret = [5]
        def __init__(self): self.seen = [5]
    def test_it():
        judge = Judge()
        judge.seen = []
        assert use(judge) == [5]
    """
    assert is_wrong(judgement := pytest_files(program, tests)), judgement
