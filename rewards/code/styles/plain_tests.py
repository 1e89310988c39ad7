"""Tests that only compare calls of the program with literals: `assert f([1, 2]) == 3`.

Nearly all tests of MBPP and most of HumanEval have this form. They need neither a checker process nor a proxy: the
arguments go to the program, a plain value comes back, and it is compared here with Python's `==` (`calls.py`). An
answer is decided here only if it consists of exact builtin types and finite numbers, and is neither large nor deep;
otherwise `Undecided` is raised, and the tests run in a checker like all others (`checker_pair.py`). A case that
has failed by then stays failed, so a nondeterministic program gets no second try.

The form, statement by statement:

    assert CALL == LITERAL     and `!=`; the literal may stand first
    assert CALL is CONSTANT    and `is not`; a constant is None, True or False
    assert CALL                and `assert not CALL`
    assert True                any true literal, which is ignored

CALL is `name(LITERAL, …)`, or `Class().name(LITERAL, …)`, always of one name; LITERAL is what `ast.literal_eval` reads,
and so is a message behind an assertion.

Example:
    >>> point, cases = plain_asserts("", ("assert add(1, 2) == 3", "assert add(b=1, a=0) is not None"))
    >>> point, len(cases)
    ('add', 2)
    >>> plain_asserts("", ("assert abs(area(2) - 12.57) < 0.01",)) is None
    True
"""

from __future__ import annotations

import ast
import builtins
import cmath
import operator
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NoReturn, TypeAlias

from rewards.code.guest.encoding.codec import Unsendable, encode
from rewards.code.guest.sources.lending import lent
from rewards.code.judgement import Fate, Judgement
from rewards.code.references import AssertsReference, CheckReference
from rewards.code.styles.calls import Call, CallCase, CallTrial, Opaque, Undecided, judge_calls
from sandbox.protocol import Sandbox

PlainTests: TypeAlias = tuple[str, tuple[CallCase, ...]]
"""The entry point and the cases."""

LONGEST = 50_000
"""Longest test source to analyse, in characters; longer ones run in a checker."""
_MOST = 64 << 10
"""Largest answer to decode here, in bytes, since decoding costs the caller time."""
_FAILED = "an assertion does not hold"
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_CONTAINERS = (list, tuple, set, frozenset)


class _Other(Exception):
    """The tests do not have this form."""


async def judge_plain(
    sandbox: Sandbox,
    program: str,
    reference: AssertsReference | CheckReference,
    plain: PlainTests,
    by_checker: Callable[[], Awaitable[Judgement]],
    **start: Any,
) -> Judgement:
    """Judge by plain data, or else by a checker. start: additional start options of the program's process.

    Raises SandboxUnavailable.
    """
    entry_point, cases = plain
    trial = CallTrial(
        start={"entry_point": entry_point, "exact": True, **start},
        program=program,
        cases=cases,
        limits=reference.limits,
        partial=reference.partial,
    )
    try:
        return await judge_calls(sandbox, trial)
    except Undecided as undecided:
        before = undecided.cases
    judgement = await by_checker()
    pairs = zip_longest(before[: len(judgement.cases)], judgement.cases)
    return replace(judgement, cases=tuple(old if old and old.fate is not Fate.PASSED else new for old, new in pairs))


@lru_cache(maxsize=64)
def plain_asserts(setup: str, sources: tuple[str, ...]) -> PlainTests | None:
    """The cases of an `asserts` reference, one per source; None if any has another form."""
    if setup.strip() or sum(map(len, sources)) > LONGEST:
        return None
    try:
        reader = _Reader()
        cases = tuple(
            CallCase(f"assert {number}", reader.calls(_parsed(source).body)) for number, source in enumerate(sources, 1)
        )
        return (reader.entry_point(), cases) if all(case.calls for case in cases) else None
    except _Other:
        return None


@lru_cache(maxsize=64)
def plain_check(entry_point: str, test: str) -> PlainTests | None:
    """The single case of a `check` reference: its function `check(candidate)`, with nothing but constants around it."""
    if len(test) > LONGEST:
        return None
    try:
        (function,) = [node for node in _parsed(test).body if not _is_idle(node, entry_point)]
        if not isinstance(function, ast.FunctionDef) or lent((test,)):  # test names that the program may use
            raise _Other
        parameter = _parameter(function)
        names = (parameter,) if "." in entry_point or entry_point == "check" else (parameter, entry_point)
        calls = _Reader(*names).calls(function.body)
    except (_Other, ValueError):
        return None
    return entry_point, (CallCase("check", calls),)


def _parsed(source: str) -> ast.Module:
    """Parse a source. Raises _Other if it does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escape sequences in the tests
            tree = ast.parse(source)
            compile(tree, "<test>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        raise _Other from None
    return tree


def _is_idle(node: ast.stmt, entry_point: str) -> bool:
    """Whether a statement outside `check` can be ignored: a docstring, `METADATA = {…}`. Raises _Other."""
    if isinstance(node, ast.Assign):
        _literal(node.value)
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return len(names) == len(node.targets) and not names & {"check", "set", entry_point}
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _parameter(function: ast.FunctionDef) -> str:
    """The single parameter of `check`, if its definition evaluates nothing. Raises _Other."""
    match function:
        case ast.FunctionDef(
            name="check",
            args=ast.arguments(posonlyargs=[], args=[parameter], vararg=None, kwonlyargs=[], kwarg=None, defaults=[]),
            decorator_list=[],
        ):
            pass
        case _:
            raise _Other
    for node in (parameter.annotation, function.returns):
        if not (node is None or isinstance(node, ast.Constant) or _is_builtin(node)):
            raise _Other
    return parameter.arg


def _is_builtin(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and hasattr(builtins, node.id)


class _Reader:
    """Parses assertions. names: callable names; empty = any non-builtin name. Raises _Other."""

    def __init__(self, *names: str) -> None:
        if "set" in names:  # then `set()` is not a literal
            raise _Other
        self._names = set(names)
        self._named = bool(names)

    def entry_point(self) -> str:
        """The called name: `name` or `Class.name`. Raises _Other if it is not unique."""
        if len(self._names) != 1:
            raise _Other
        return next(iter(self._names))

    def calls(self, body: Iterable[ast.stmt]) -> Sequence[Call]:
        """Raises _Other."""
        return tuple(call for node in body for call in self._statement(node))

    def _statement(self, node: ast.stmt) -> Iterable[Call]:
        if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return
        if not isinstance(node, ast.Assert):
            raise _Other
        if node.msg is not None:
            _literal(node.msg)
        match node.test:
            case ast.Compare(left=ast.Call() as call, ops=[op], comparators=[wanted]):
                yield self._compared(call, op, wanted)
            case ast.Compare(left=wanted, ops=[ast.Eq() | ast.NotEq() as op], comparators=[ast.Call() as call]):
                yield self._compared(call, op, wanted)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
                yield self._call(call, operator.not_)
            case ast.Call() as call:
                yield self._call(call, bool)
            case test:
                if not _literal(test):
                    raise _Other

    def _compared(self, call: ast.Call, op: ast.cmpop, node: ast.expr) -> Call:
        compare, wanted = _OPERATORS.get(type(op)), _literal(node)
        if compare is None or (isinstance(op, ast.Is | ast.IsNot) and not (wanted is None or type(wanted) is bool)):
            raise _Other
        return self._call(call, lambda value: compare(value, wanted))

    def _call(self, node: ast.Call, holds: Callable[[Any], bool]) -> Call:
        match node.func:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=ast.Call(func=ast.Name(id=cls), args=[], keywords=[]), attr=method):
                name = f"{cls}.{method}"
            case _:
                raise _Other
        if not self._named:
            if hasattr(builtins, name.partition(".")[0]):
                raise _Other
            self._names.add(name)
        elif name not in self._names:
            raise _Other
        args = tuple(map(_literal, node.args))
        kwargs = {word.arg or "": _literal(word.value) for word in node.keywords}
        if "" in kwargs or len(kwargs) < len(node.keywords):
            raise _Other

        def failing(value: Any) -> str:
            if not _is_plain(value):
                raise Undecided
            return "" if holds(value) else _FAILED

        return Call(encode((args, kwargs)), _MOST, failing, _undecided)


def _undecided(_said: str) -> NoReturn:
    raise Undecided


def _literal(node: ast.expr) -> Any:
    """Evaluate a literal. Raises _Other if it is not one, or not plain data."""
    try:
        value = ast.literal_eval(node)
        encode(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, Unsendable):
        raise _Other from None
    return value


def _is_plain(value: object) -> bool:
    """Whether it consists of plain data with finite numbers. The value is a tree of bounded size."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind is Opaque or ((kind is float or kind is complex) and not cmath.isfinite(value)):  # type: ignore[arg-type]
            return False
        if kind in _CONTAINERS:
            waiting.extend(value)  # type: ignore[arg-type]
        elif kind is dict:
            waiting.extend(value)  # type: ignore[arg-type]
            waiting.extend(value.values())  # type: ignore[attr-defined]
    return True
