"""Vary the circumstances of a program, which must not change its grade: the order of sets, the hashes of strings, the
date, the order of tests.

A sandbox may fix string hashes, so a program may pass there although its sets are ordered differently elsewhere. Sets
of numbers keep their order, as in CPython for any hash seed.

Example:
    >>> print(with_other_sets("def f(x):\\n    return list({'a', x})", seed=1).rpartition("#")[2].strip())
    def f(x):
        return list(_Set(['a', x]))
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from data_prep.validation.mutants import parsed
from rewards.code.references import AssertsReference, CheckReference, CodeReference, FunctionReference, StdioReference

CHANCE = re.compile(
    r"\b(?:random|shuffle|choice|sample|uuid\d?|secrets|urandom|getpid|listdir|glob|iterdir|[Tt]hread\w*|asyncio"
    r"|multiprocessing|concurrent|id\(|perf_counter\w*|monotonic\w*|gc|weakref|psutil)\b|\bid\("
)
"""Matches programs and tests that may depend on chance."""

CLOCK = re.compile(r"\b(?:time|datetime|date|today|now|localtime|gmtime|strftime|calendar)\b")
_SETS = re.compile(r"\b(?:set|frozenset|hash)\b|\{")

_SET = """\
import builtins as _builtins, random as _random
_chance = _random.Random({seed})
def _steady(x):
    return isinstance(x, (int, float, complex)) or x is None or (type(x) is tuple and all(map(_steady, x)))
def _ordered(self):
    held = list(_builtins.set.__iter__(self))
    {shuffle}
    return iter(held)
class _Set(_builtins.set):
    __iter__ = _ordered
    def pop(self):
        for held in self:
            self.remove(held)
            return held
        raise KeyError('pop from an empty set')
def _same(name):
    own = getattr(_builtins.set, name)
    def made(*arguments):
        found = own(*arguments)
        return _Set(found) if type(found) is _builtins.set else found
    return made
for _name in ('__or__', '__and__', '__sub__', '__xor__', '__ror__', '__rand__', '__rsub__', '__rxor__', 'union',
              'intersection', 'difference', 'symmetric_difference', 'copy'):
    setattr(_Set, _name, _same(_name))
set = _Set
def hash(x):
    return _builtins.hash(x) if _steady(x) else _builtins.hash((x, {seed}))
#
"""
_SHUFFLE = "if not all(map(_steady, held)): _chance.shuffle(held)"

_TIME = """\
import time as _time, datetime as _datetime
_away = {away}
def _moved(call):
    def made(*arguments):
        return call(*arguments) + _away
    return made
def _at(call):
    def made(*arguments):
        return call(*(arguments or (_time.time(),)))
    return made
_time.time = _moved(_time.time)
_time.time_ns = lambda _now=_time.time: int(_now() * 10**9)
for _name in ('localtime', 'gmtime', 'ctime'):
    setattr(_time, _name, _at(getattr(_time, _name)))
_strftime, _asctime = _time.strftime, _time.asctime
_time.strftime = lambda form, *moment: _strftime(form, *(moment or (_time.localtime(),)))
class _Moved(_datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_time.time(), tz)
    @classmethod
    def today(cls):
        return cls.now()
    @classmethod
    def utcnow(cls):
        return cls.utcfromtimestamp(_time.time())
class _Day(_datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(_time.time())
_datetime.datetime, _datetime.date = _Moved, _Day
#
"""
DAYS = (1.6180339, 423.7182818)
"""How many days ahead a program is run again."""


def with_other_sets(source: str, *, seed: int | None) -> str:
    """The source with sets of strings in another order and other hashes. seed: None = our sets in the usual order.

    Returns the source itself if it uses no sets or hashes. Raises SyntaxError if it is not Python.
    """
    if not _SETS.search(source):
        return source
    tree = _Sets().visit(parsed(source))
    changed = ast.unparse(ast.fix_missing_locations(tree))
    if not re.search(r"\b(?:_Set|set|hash)\(|\bset\b", changed):
        return source
    return _behind_future(changed, _SET.format(seed=seed or 0, shuffle="pass" if seed is None else _SHUFFLE))


def on_another_day(source: str, days: float) -> str:
    """The source with its clock `days` ahead. Raises SyntaxError."""
    return _behind_future(source, _TIME.format(away=days * 86_400))


def in_another_order(reference: CodeReference) -> CodeReference | None:
    """The tests in reverse order; None if there is only one, or if one may depend on an earlier one."""
    match reference:
        case AssertsReference(asserts=tests) if len(tests) > 1 and all(map(_stands_alone, tests)):
            return replace(reference, asserts=tests[::-1])
        case FunctionReference(cases=cases) if len(cases) > 1:
            return replace(reference, cases=cases[::-1])
        case StdioReference(cases=given) if len(given) > 1:
            return replace(reference, cases=given[::-1])
    return None


def text_of_tests(reference: CodeReference) -> str:
    """The source of the tests, as far as they are programs."""
    match reference:
        case AssertsReference():
            return "\n".join((reference.setup, *reference.asserts))
        case CheckReference():
            return reference.test
        case FunctionReference() | StdioReference():
            return ""
    return "\n".join(reference.files.values())


def _stands_alone(test: str) -> bool:
    try:
        return all(isinstance(node, ast.Assert) for node in parsed(test).body)
    except SyntaxError:
        return False


def _behind_future(source: str, before: str) -> str:
    """Insert code at the start of a program, after its docstring and `from __future__` imports."""
    lines, at = source.split("\n"), 0
    for node in parsed(source).body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        at = node.end_lineno or at
    return "\n".join([*lines[:at], before, *lines[at:]])


class _Sets(ast.NodeTransformer):
    """Replaces set displays and comprehensions by calls."""

    def visit_Set(self, node: ast.Set) -> ast.AST:  # ast names it so
        self.generic_visit(node)
        return _called(ast.List(elts=node.elts, ctx=ast.Load()))

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return _called(ast.ListComp(elt=node.elt, generators=node.generators))


def _called(argument: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(id="_Set", ctx=ast.Load()), args=[argument], keywords=[])
