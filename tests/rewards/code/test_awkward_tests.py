# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Test files as people write them: a right program passes, and one that is slightly wrong does not."""

from __future__ import annotations

import textwrap

import pytest

from tests.rewards.code.judging import asserts, function, is_wrong, passes, pytest_files

TREE = """
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val, self.left, self.right = val, left, right
class Solution:
    def build(self, a):
        if not a: return None
        m = len(a) // 2
        return TreeNode(a[m], self.build(a[:m]), self.build(a[m + 1:]))
"""

# name: program, what makes it wrong, tests
ASSERTS: dict[str, tuple[str, tuple[str, str], tuple[str, ...]]] = {
    "walking a tree by conditional expressions": (
        TREE,
        ("len(a) // 2", "len(a) - 1"),
        (
            "def inorder(n): return inorder(n.left) + [n.val] + inorder(n.right) if n else []\n"
            "def height(n): return n is not None and 1 + max(height(n.left), height(n.right))\n"
            "assert inorder(Solution().build([1, 2, 3])) == [1, 2, 3] and height(Solution().build([1, 2, 3])) == 2",
            """
            def levels(root):
                out, queue = [], [root]
                while queue:
                    n = queue.pop(0)
                    out.append(n.val if n else None)
                    if n: queue += [n.left, n.right]
                while out and out[-1] is None: out.pop()
                return out
            assert levels(Solution().build([1, 2, 3, 4])) == [3, 2, 4, 1]
            """,
            """
            def same(p, q):
                if not p and not q: return True
                return bool(p and q and p.val == q.val and same(p.left, q.left) and same(p.right, q.right))
            assert same(Solution().build([1, 2, 3]), TreeNode(2, TreeNode(1), TreeNode(3)))
            """,
            """
            def search(n, lo, hi): return not n or (lo < n.val < hi and search(n.left, lo, n.val) and search(n.right, n.val, hi))
            root = Solution().build(list(range(7)))
            assert search(root, -1, 9) and root and root.val == 3
            assert [n.val if n else None for n in (root.left, root.left.left.left)] == [1, None]
            assert [n.val for n in (root, root.left.left.left) if n] == [3]
            """,
        ),
    ),
    "what classes derive from": (
        "class A:\n    def who(self): return 'A'\nclass B(A): pass\nclass C(A):\n    def who(self): return 'C'\nclass D(B, C): pass\n"
        "class AppError(Exception): pass\nclass DbError(AppError): pass\nclass Names(list): pass\ndef f(): return DbError('x')\n",
        ("class B(A)", "class B"),
        (
            "assert D.__mro__ == (D, B, C, A, object) and [k.__name__ for k in D.mro()] == ['D', 'B', 'C', 'A', 'object']",
            "assert D.__bases__ == (B, C) and B.__base__ is A and A.__bases__ == (object,) and A not in D.__bases__",
            "assert type(f()).__bases__ == (AppError,) and f().__class__.__mro__[1] is AppError",
            "assert [k.__name__ for k in DbError.__mro__] == ['DbError', 'AppError', 'Exception', 'BaseException', 'object']",
            "assert Names.__bases__ == (list,) and [k.__name__ for k in type(D()).mro()][:2] == ['D', 'B'] and D().who() == 'C'",
        ),
    ),
    "a class of the program with a standard name": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def up(self): self.n += 1; return self\ndef twice(f): f(); f()\n",
        ("self.n += 1", "self.n = 1"),
        ("c = Counter()\ntwice(c.up)\nassert c.n == 2", "assert Counter().up().up().n == 2"),
    ),
    "what a decorator that is a class gives its objects": (
        "import functools\nclass Counted:\n    'Counts.'\n    def __init__(self, f): functools.update_wrapper(self, f); self.f, self.n = f, 0\n"
        "    def __call__(self, *a): self.n += 1; return self.f(*a)\n@Counted\ndef hello(x):\n    'Say hello.'\n    return 'hello ' + x\n",
        ("functools.update_wrapper(self, f); ", ""),
        (
            "assert hello('a') == 'hello a' and hello.n == 1 and hello.__doc__ == 'Say hello.' and hello.__name__ == 'hello'",
            "@Counted\ndef f(x):\n    'F.'\n    return x\nassert (f(1), f.__doc__, f.__name__, f.__wrapped__(2), Counted.__doc__) == (1, 'F.', 'f', 2, 'Counts.')",
        ),
    ),
    "annotations that are no classes": (
        "import typing\nfrom typing import *\nclass P: pass\ndef f(a: int, b: Optional[str] = None, *, k: list[P] = ()) -> Dict[str, List[int]]: ...\n"
        "def g(x: int | None, y: Callable[[int], bool], z: Tuple[int, ...], l: Literal['a', 1], m: Any) -> Union[P, int]: ...\n"
        "def check(v, t):\n    o, a = typing.get_origin(t), typing.get_args(t)\n    if o is None: return isinstance(v, t)\n"
        "    if o is list: return all(check(x, a[0]) for x in v)\n    return any(check(v, x) for x in a)\n",
        ("b: Optional[str] = None", "b: Optional[int] = None"),
        (
            "from typing import *\nassert get_type_hints(f) == {'a': int, 'b': Optional[str], 'k': list[P], 'return': Dict[str, List[int]]}",
            "import typing\nassert typing.get_type_hints(g)['x'] == typing.Optional[int] and f.__annotations__['b'] == typing.Optional[str]",
            "from typing import *\nassert get_type_hints(g) == {'x': int | None, 'y': Callable[[int], bool], 'z': Tuple[int, ...], "
            "'l': Literal['a', 1], 'm': Any, 'return': Union[P, int]} and 'b' in f.__annotations__ and f.__annotations__['b'] == Optional[str]",
            "from typing import *\nassert check([1, None], List[Optional[int]]) and not check(['a'], list[int | None]) and get_type_hints(f)['b'] != int | None",
        ),
    ),
    "nothing but a class with a standard name": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def update(self): self.n += 1\n",
        ("self.n += 1", "self.n += 2"),
        ("c = Counter(); c.update(); assert vars(c) == {'n': 1}",),
    ),
    "objects of a class that the test defines": (
        "import heapq, copy\ndef top(xs, n): return heapq.nlargest(n, xs)\ndef uniq(xs): return list(dict.fromkeys(xs))\n"
        "def show(x): return f'<{x}> {type(x).__name__}'\ndef total(xs): return xs[0] + xs[1]\ndef where(xs, x): return xs.index(x)\n"
        "def use(cm):\n    with cm as v: return v\ndef item(c, k): return c[k], k in c, len(c)\ndef put(c, k, v): c[k] = v\n"
        "def walk(it): return [x for x in it]\ndef dup(o): return copy.deepcopy(o)\ndef fields(o): return vars(o)\n"
        "def only(xs, kind): return [x for x in xs if isinstance(x, kind)]\ndef make(kind): return kind.origin()\n",
        ("heapq.nlargest(n, xs)", "heapq.nsmallest(n, xs)"),
        (
            """
            from dataclasses import dataclass
            @dataclass(order=True, frozen=True)
            class P:
                v: int
                @classmethod
                def origin(cls): return cls(0)
                def __add__(self, o): return P(self.v + o.v)
                def __str__(self): return f"P{self.v}"
            class Box:
                def __init__(self): self.d, self.log = {"a": [1]}, []
                def __len__(self): return 7
                def __contains__(self, x): return x in self.d
                def __getitem__(self, k): return self.d[k]
                def __setitem__(self, k, v): self.d[k] = v
                def __enter__(self): self.log.append("in"); return 42
                def __exit__(self, *a): self.log.append("out")
            class Down:
                def __init__(self, n): self.n = n
                def __iter__(self): return self
                def __next__(self):
                    if self.n == 0: raise StopIteration
                    self.n -= 1
                    return self.n
            class Row:
                def __getitem__(self, i):
                    if i > 2: raise IndexError
                    return i * 10
            b = Box()
            """,
            "assert top([P(1), P(5), P(3)], 2) == [P(5), P(3)]",
            "assert uniq([P(1), P(1), P(2)]) == [P(1), P(2)] and where([P(1), P(2)], P(2)) == 1",
            "assert show(P(4)) == '<P4> P' and total([P(1), P(2)]) == P(3)",
            "assert item(b, 'a') == ([1], True, 7) and use(b) == 42 and b.log == ['in', 'out']",
            "put(b, 'k', 9); assert b.d == {'a': [1], 'k': 9} and fields(P(1)) == {'v': 1}",
            "assert walk(Down(3)) == [2, 1, 0] and walk(Row()) == [0, 10, 20]",
            "assert only([P(1), 2], P) == [P(1)] and make(P) == P(0)",
            "c = dup(b); c.d['a'].append(2); assert b.d['a'] == [1] and c.d['a'] == [1, 2] and isinstance(c, Box)",
        ),
    ),
    "in an iterator": (
        "import itertools\ndef squares(n): return (i * i for i in range(n))\ndef pairs(xs): return itertools.permutations(xs, 2)\n",
        ("i * i", "i * 2"),
        ("assert 9 in squares(4) and 5 not in squares(4)", "assert (2, 1) in pairs([1, 2])"),
    ),
    "fields of standard exceptions": (
        "def load(): import no_such_module\ndef ask(): return (1).nothing\n"
        "def parse(t):\n    try: return int(t)\n    except ValueError: raise KeyError(t) from None\n",
        ("no_such_module", "another_module"),
        (
            """
            try: load()
            except ImportError as error: assert error.name == "no_such_module"
            try: ask()
            except AttributeError as error: assert error.name == "nothing"
            try: parse("x")
            except KeyError as error: assert error.__cause__ is None and error.__suppress_context__
            """,
        ),
    ),
    "a dictionary with a default of its own": (
        "class Zeros(dict):\n    def __missing__(self, key): return 0\n",
        ("return 0", "return None"),
        ("z = Zeros(a=1); assert z['a'] == 1 and z['b'] == 0 and len(z) == 1",),
    ),
    "a complement of flags": (
        "from enum import Flag, auto\nclass Mode(Flag):\n    R = auto(); W = auto(); X = auto()\n",
        ("R = auto(); W = auto()", "R = 3; W = 2"),
        ("assert ~Mode.R & (Mode.R | Mode.W) == Mode.W",),
    ),
}

PYTEST: dict[str, tuple[str, tuple[str, str], str]] = {
    "times and modes of files": (
        "import os, time\ndef old(d, days): return sorted(f for f in os.listdir(d) if os.path.getmtime(os.path.join(d, f)) < time.time() - days * 86400)\n"
        "def lock(p): os.chmod(p, 0o400)\ndef runs(p): return os.access(p, os.X_OK)\ndef touch(p, t): os.utime(p, (t, t))\n",
        ("0o400", "0o600"),
        """
        import os, time
        from solution import old, lock, runs, touch
        def test_files(tmp_path):
            for name in "ab": (tmp_path / name).write_text(name)
            os.utime(tmp_path / "a", (0, 0)); (tmp_path / "b").chmod(0o755)
            assert old(tmp_path, 7) == ["a"] and runs(tmp_path / "b") and not runs(tmp_path / "a")
            lock(tmp_path / "a"); touch(tmp_path / "b", 5)
            assert (tmp_path / "a").stat().st_mode & 0o777 == 0o400 and os.path.getmtime(tmp_path / "b") == 5
            assert old(str(tmp_path), 7) == ["a", "b"]
        """,
    ),
    "files and mocks that the test hands over": (
        "import json\ndef words(path):\n    with open(path) as f: return sum(len(line.split()) for line in f)\n"
        "def tail(f, n): return f.readlines()[-n:]\ndef dump(x, f): json.dump(x, f)\n"
        "def note(path, text):\n    with open(path, 'a') as f: f.write(text)\ndef count(db):\n    with db as c:\n        db.timeout = 5\n        return len(c['rows'])\n",
        ("readlines()[-n:]", "readlines()[n:]"),
        """
        import json
        from unittest.mock import MagicMock, mock_open, patch
        from solution import count, dump, note, tail, words
        def test_files(tmp_path):
            (tmp_path / "a").write_text("1\\n2\\n3\\n")
            with open(tmp_path / "a") as f: assert tail(f, 1) == ["3\\n"]
            with open(tmp_path / "b", "w") as f: dump([1, {"a": 2}], f)
            assert json.loads((tmp_path / "b").read_text()) == [1, {"a": 2}]
        def test_mock_open():
            with patch("builtins.open", mock_open(read_data="a b\\nc")) as m: assert words("x") == 3
            m.assert_called_once_with("x")
            with patch("builtins.open", mock_open()) as m: note("f", "text")
            m().write.assert_called_once_with("text")
        def test_magic():
            db = MagicMock()
            db.__enter__.return_value = {"rows": [1, 2]}
            assert count(db) == 2 and db.timeout == 5
            db.__exit__.assert_called_once()
        """,
    ),
    "a program that is run as a script": (
        "import sys\nn = int(input())\nprint(n * 2)\nif n < 0: sys.exit(3)\n",
        ("n * 2", "n * 3"),
        """
        import importlib, io, runpy, subprocess, sys
        from pathlib import Path
        import pytest
        HERE = Path(__file__).parent
        def test_import(monkeypatch, capsys):
            for text, expected in (("1", "2\\n"), ("5", "10\\n")):
                monkeypatch.setattr("sys.stdin", io.StringIO(text))
                sys.modules.pop("solution", None)
                importlib.import_module("solution")
                assert capsys.readouterr().out == expected
        def test_runpy(monkeypatch, capsys):
            monkeypatch.setattr("builtins.input", lambda *a: "-7")
            with pytest.raises(SystemExit) as end: runpy.run_path(str(HERE / "solution.py"), run_name="__main__")
            assert capsys.readouterr().out == "-14\\n" and end.value.code == 3
        def test_process():
            done = subprocess.run([sys.executable, "solution.py"], input="4\\n", capture_output=True, text=True)
            assert done.stdout == "8\\n" and done.returncode == 0 and done.stderr == ""
            assert subprocess.check_output([sys.executable, str(HERE / "solution.py")], input=b"6") == b"12\\n"
            with pytest.raises(subprocess.CalledProcessError) as failed:
                subprocess.run([sys.executable, "-m", "solution"], input=b"-1", check=True, stdout=subprocess.PIPE)
            assert failed.value.returncode == 3
        """,
    ),
    "a module that is loaded again": (
        "import os\nCOUNT = 0\nDEBUG = os.environ.get('DEBUG') == '1'\ndef up():\n    global COUNT\n    COUNT += 1\n    return COUNT\n",
        ("COUNT += 1", "COUNT = 1"),
        """
        import importlib
        import solution
        def test_a():
            assert solution.up() == 1 and solution.up() == 2
            importlib.reload(solution)
            assert solution.up() == 1 and solution.DEBUG is False
        def test_b(monkeypatch):
            monkeypatch.setenv("DEBUG", "1")
            assert importlib.reload(solution) is solution and solution.DEBUG is True
        """,
    ),
    "a star import of a function with a module's name": (
        "def token(n): return 't' * n\ndef copy(x): return list(x)\n",
        ("list(x)", "x"),
        """
        from solution import *
        def test_a():
            xs = [1]
            assert token(2) == "tt" and copy(xs) == xs and copy(xs) is not xs
        """,
    ),
    "abstract classes": (
        "from abc import ABC, abstractmethod\nfrom collections.abc import Mapping\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\n"
        "class Both(Mapping):\n    def __getitem__(self, k): return {'a': 1}[k]\n    def __iter__(self): return iter('a')\n    def __len__(self): return 1\n",
        ("class Shape(ABC)", "class Shape"),
        """
        from abc import ABC
        from collections.abc import Mapping, Sequence
        import pytest
        from solution import Both, Shape
        def test_a():
            assert issubclass(Shape, ABC) and not isinstance(Both(), ABC)
            with pytest.raises(TypeError): Shape()
        def test_b(): assert isinstance(Both(), Mapping) and not isinstance(Both(), Sequence) and dict(Both()) == {"a": 1}
        """,
    ),
    "decorators on functions of the test": (
        "from functools import wraps\ndef quiet(f):\n    @wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n"
        "def mark(**what):\n    def on(f):\n        f.route = what\n        f.calls = 0\n        return f\n    return on\n",
        ("    @wraps(f)\n", ""),
        """
        from solution import mark, quiet
        @quiet
        def square(x):
            'The square.'
            return x * x
        @mark(path="/", method="GET")
        def index(): return "ok"
        def test_a():
            assert square(3) == 9 and square.__name__ == "square" and square.__doc__ == "The square."
            assert square.__wrapped__(2) == 4
        def test_b(): assert index() == "ok" and index.route == {"path": "/", "method": "GET"} and index.calls == 0
        """,
    ),
    "a warning class of the program": (
        "import warnings\nclass Odd(UserWarning): pass\nclass Late(DeprecationWarning): pass\n"
        "def f(): warnings.warn('odd', Odd)\ndef g(): warnings.warn(Late('late'))\n",
        ("warnings.warn('odd', Odd)", "warnings.warn('odd')"),
        """
        import pytest
        from solution import *
        def test_a():
            with pytest.warns(Odd, match="odd"): f()
        def test_b():
            with pytest.warns(DeprecationWarning, match="late"): g()
        """,
    ),
    "what an object says that it contains": (
        "class Span:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def __contains__(self, x): return self.a <= x < self.b\n"
        "class Matrix:\n    def __init__(self, rows): self.rows = rows\n    def __iter__(self): return iter(self.rows)\n    def __contains__(self, v): return any(v in r for r in self.rows)\n"
        "class Meta(type):\n    def __contains__(cls, k): return k in vars(cls)\nclass Known(metaclass=Meta):\n    def first(self): pass\n"
        "class Life:\n    def __init__(self, cells): self.cells = cells\n    @classmethod\n    def parse(cls, text): return cls({i for i, c in enumerate(text) if c == '#'})\n"
        "    def __iter__(self):\n        while True: yield self\n    def __contains__(self, i): return i in self.cells\n",
        ("self.a <= x < self.b", "True"),
        """
        import pytest
        from solution import Known, Life, Matrix, Span
        def test_span():
            s = Span(1, 5)
            assert 1 in s and 4.5 in s and s.a == 1
            assert 5 not in s
        def test_matrix():
            m = Matrix([[1, 2], [3, 4]])
            assert 4 in m and len(m.rows) == 2 and not any(n in m for n in (0, 9))
        def test_metaclass():
            assert "first" in Known and "last" not in Known
        def test_endless():
            life = Life.parse("#..#")
            assert 3 in life and life.cells == {0, 3}
            assert (1 in life) is False
        """,
    ),
    "operators in place, with functions, and whose result nobody reads": (
        "class Bag:\n    def __init__(self, *items): self.items = list(items)\n    def __iadd__(self, more):\n        self.items.extend(more)\n        return self\n"
        "    def __add__(self, more):\n        if not isinstance(more, Bag): return NotImplemented\n        return Bag(*self.items, *more.items)\n"
        "    def __contains__(self, item): return item in self.items\n    def __iter__(self): return iter(self.items)\n    def __eq__(self, o): return isinstance(o, Bag) and self.items == o.items\n"
        "class Pipe:\n    def __init__(self, f): self.f = f\n    def __rshift__(self, g): return Pipe(lambda x: g(self.f(x)))\n    def __call__(self, x): return self.f(x)\n",
        ("self.items.extend(more)", "self.items.append(more)"),
        """
        import pytest
        from solution import Bag, Pipe
        def test_in_place():
            bag = Bag(1)
            same = bag
            bag += [7]
            assert same is bag and 7 in bag and 9 not in bag
            assert bag != [1, 7] and [*bag] == [1, 7] and bag == Bag(1, 7)
        def test_unread():
            with pytest.raises(TypeError): _ = Bag(1) + 3
            with pytest.raises(TypeError): _ = "x" + Bag(1)
        def test_functions():
            double = Pipe(len) >> (lambda n: n * 2)
            assert double("abc") == 6 and sorted(["ccc", "a"], key=double) == ["a", "ccc"]
        """,
    ),
    "weak caches, deep recursion, contexts of errors, content of dictionaries": (
        "import weakref\nclass Cache:\n    def __init__(self): self._d = weakref.WeakValueDictionary()\n    def get(self, k):\n        o = self._d.get(k)\n        if o is None: o = self._d[k] = Big()\n        return o\n"
        "    def __len__(self): return len(self._d)\nclass Big: pass\ndef depth(n): return 0 if n == 0 else 1 + depth(n - 1)\n"
        "class Config(dict):\n    @classmethod\n    def load(cls): return cls(db={'hosts': ['x']})\n    def at(self, *path):\n        for p in path: self = self[p]\n        return self\n"
        "def parse(text):\n    try: return int(text)\n    except ValueError as e: raise KeyError(text) from e\n",
        ("raise KeyError(text) from e", "raise KeyError(text) from None"),
        """
        import gc, sys
        import pytest
        from solution import Cache, Config, depth, parse
        def test_cache():
            c = Cache()
            held = c.get("a")
            assert c.get("a") is held and len(c) == 1
            del held
            gc.collect()
            assert len(c) == 0
        def test_depth():
            before = sys.getrecursionlimit()
            sys.setrecursionlimit(9000)
            try: assert depth(4000) == 4000
            finally: sys.setrecursionlimit(before)
        def test_context():
            with pytest.raises(KeyError) as caught: parse("x")
            assert isinstance(caught.value.__cause__, ValueError) and caught.value.__context__ is caught.value.__cause__
        def test_content():
            config = Config.load()
            assert config.at("db", "hosts") is config["db"]["hosts"]
            config["db"]["hosts"].append("y")
            assert config.at("db", "hosts") == ["x", "y"]
        """,
    ),
    "a loop of the program that runs a coroutine of the test": (
        "import asyncio\nasync def ticks(n):\n    for i in range(n):\n        yield i\n        await asyncio.sleep(0)\nasync def double(x): return 2 * x\ndef run(work): return asyncio.run(work)\n",
        ("2 * x", "x"),
        """
        from solution import double, run, ticks
        def test_turns():
            async def collect(): return [await double(x) async for x in ticks(3)]
            assert run(collect()) == [0, 2, 4]
        """,
    ),
    "enumerations and functions of the test, as what they are": (
        "from enum import Enum\ndef to_data(o):\n    if isinstance(o, Enum): return o.value\n    return {k: to_data(v) for k, v in vars(o).items()} if hasattr(o, '__dict__') else o\n"
        "def load(t, d): return t(d) if issubclass(t, Enum) else t(f'<{d}>')\ndef called(o): return f'{o.__class__.__name__}.{o.name}'\n"
        "def traced(f):\n    f.of = f.__qualname__\n    return f\n",
        ("return o.value", "return o.name"),
        """
        from enum import Enum
        from solution import called, load, to_data, traced
        class Level(Enum):
            LOW = 1
            HIGH = (2, "x")
        class Item:
            def __init__(self, level): self.level = level
        def test_enum():
            assert to_data(Level.LOW) == 1 and to_data(Item(Level.HIGH)) == {"level": (2, "x")}
            assert load(Level, 1) is Level.LOW and load(str, 1) == "<1>" and called(Level.HIGH) == "Level.HIGH"
        def test_names():
            @traced
            def f(): pass
            assert f.of == f.__qualname__ == "test_names.<locals>.f" and f.__name__ == "f"
        """,
    ),
}


@pytest.mark.parametrize("name", ASSERTS)
def test_a_right_program_passes_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), cases = ASSERTS[name]
    judgement = asserts(program, *cases)
    assert passes(judgement), judgement
    assert is_wrong(asserts(program.replace(old, new), *cases))


@pytest.mark.parametrize("name", PYTEST)
def test_a_right_program_passes_its_test_files_and_a_slightly_wrong_one_does_not(name: str) -> None:
    program, (old, new), tests = PYTEST[name]
    assert old in program
    judgement = pytest_files(program, tests)
    assert passes(judgement), judgement
    assert is_wrong(pytest_files(program.replace(old, new), tests))


def test_a_constant_truth_decides_nothing() -> None:
    program = "class Odd: pass\ndef f(): return Odd()\n"
    for case in (
        "assert f()",
        "assert 1 if f() else 0",
        "assert f() and True",
        "def ok(): return bool(f())\nassert ok()",
        "assert [1 for x in [f()] if x]",
    ):
        assert is_wrong(asserts(program, case)), case


def test_a_number_of_numpy_is_a_number() -> None:
    program = textwrap.dedent("""
        import numpy as np
        def f(xs): return {"sum": np.sum(xs), "mean": np.float32(np.mean(xs)), "all": np.all(np.array(xs) > 0)}
    """)
    expected = {"sum": 3, "mean": 1.5, "all": True}
    assert passes(function(program, (([1, 2],), expected)))
    assert is_wrong(function(program, (([1, 2],), {**expected, "all": 1})))
