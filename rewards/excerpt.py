"""Extract the statements of a script or notebook that its rewards need, for workers to run.

A worker that ran the whole script would train again. Instead it runs the statements that declare the rewards and,
transitively, those that they depend on, in order; so a script needs no `if __name__ == "__main__":`. Kept top-level
statements:

- the statement that declares the reward, by its name or the name of its function;
- those that bind a name that a kept statement reads (taken from compiled code, so local variables do not count), and
  type annotations;
- those that change an object bound to such a name: `WORDS.add("so")`, `TABLE["a"] = 1`, `TOTAL += 1`; but not calls of
  an imported module, which may do anything (`rewards.grade(...)`);
- star imports (`from x import *`) and imports from `__future__`.

A statement of a notebook that awaits at the top level is never kept: what it binds counts as missing.

Example:
    >>> text = "import math\\nLIMIT = 3\\ndef f(request): return math.log(LIMIT)\\nprint(train())"
    >>> needed(text, ["f"])
    Excerpt(kept=(0, 1, 2), missing=())
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType

_READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_KNOWN = {*dir(builtins), "__name__", "__file__", "__doc__", "__builtins__", "__annotations__", "__spec__"}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """kept: indices of statements in the module. missing: names that are read but bound by no statement that is run."""

    kept: tuple[int, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Statement:
    binds: frozenset[str]
    reads: frozenset[str]
    changes: frozenset[str]
    everything: bool  # an import of all names, or from __future__
    awaits: bool = False


def has_main_guard(text: str) -> bool:
    """Whether a script has `if __name__ == "__main__":` at its top level."""
    return any(map(_is_guard, ast.parse(text).body))


def under_main_guard(text: str, reward: str) -> bool:
    """Whether a reward is declared under the main guard, so that importing the script does not declare it.

    reward: the name that is declared, or that of a function that is a reward as it is.
    """
    body = ast.parse(text).body
    for says in (_declares, lambda node, name: name in _read(node).binds):
        found = [node for node in body if any(says(inner, reward) for inner in _statements(node))]
        if found:
            return all(map(_is_guard, found))
    return False


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """A statement and, of a main guard, those in it."""
    yield node
    if _is_guard(node):
        yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.stmt) and inner is not node)


def declares(text: str, reward: str) -> bool:
    """Whether a statement at the top level declares a reward by that name, written out."""
    return any(_declares(node, reward) for node in ast.parse(text).body)


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))


def needed(text: str, rewards: Sequence[str]) -> Excerpt:
    """The statements that these rewards need, each given by its name or its function's. Raises SyntaxError."""
    body = ast.parse(text).body
    read = [_read(node) for node in body]
    kept = {i for i, statement in enumerate(read) if statement.everything}
    for name in rewards:
        kept |= {i for i in _declaring(body, read, name) if not read[i].awaits}
    awaited = {name for statement in read if statement.awaits for name in statement.binds | statement.changes}
    imported = {
        name for i, node in enumerate(body) if isinstance(node, ast.Import | ast.ImportFrom) for name in read[i].binds
    }
    wanted: set[str] = set()
    while True:
        wanted |= {name for i in kept for name in read[i].reads | read[i].binds}
        changed = wanted - imported
        more = {i for i, s in enumerate(read) if (s.binds & wanted or s.changes & changed) and not s.awaits} - kept
        if not more:
            break
        kept |= more
    bound = {name for i in kept for name in read[i].binds}
    stars = any(statement.everything and not statement.binds for statement in read)
    reads = {name for i in kept for name in read[i].reads}
    unbound = set() if stars else reads - bound - _KNOWN
    return Excerpt(kept=tuple(sorted(kept)), missing=tuple(sorted(unbound | awaited & {*wanted, *rewards})))


def compiled(text: str, kept: Sequence[int], file: str) -> CodeType:
    """The kept statements as code, with their original line numbers."""
    module = ast.parse(text)
    body = [module.body[i] for i in kept]
    return compile(ast.Module(body=body, type_ignores=[]), file, "exec")


def _declaring(body: Sequence[ast.stmt], read: Sequence[_Statement], name: str) -> set[int]:
    """The last statement that contains the name as a string, or binds it."""
    for i in range(len(body) - 1, -1, -1):
        if name in read[i].binds or _declares(body[i], name):
            return {i}
    return set()


def _declares(node: ast.stmt, name: str) -> bool:
    """Whether it decorates or calls with the name as an argument, as in `@reward("name")`."""
    calls: list[ast.expr] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        calls = list(node.decorator_list)
    elif isinstance(node, ast.Expr | ast.Assign):
        calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call)]
    words = [
        argument.value
        for call in calls
        if isinstance(call, ast.Call) and _is_declaration(call)
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]
        if isinstance(argument, ast.Constant)
    ]
    return name in words


def _is_declaration(call: ast.Call) -> bool:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return called in ("reward", "adopt")


def _read(node: ast.stmt) -> _Statement:
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return _Statement(frozenset(), frozenset(), frozenset(), everything=True)
    module = ast.Module(body=[node], type_ignores=[])
    code = compile(module, "<statement>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    top = list(dis.get_instructions(code))
    binds = {str(i.argval) for i in top if i.opname in ("STORE_NAME", "STORE_GLOBAL")} - {"__annotations__"}
    reads = {str(i.argval) for inner in _codes(code) for i in dis.get_instructions(inner) if i.opname in _READS}
    deep = {str(i.argval) for inner in _codes(code) for i in dis.get_instructions(inner) if i.opname == "STORE_GLOBAL"}
    changes = frozenset() if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else _changes(node)
    annotations = {name for annotation in _annotations(node) for name in _names(annotation)}
    return _Statement(
        binds=frozenset(binds | (deep if isinstance(node, ast.Expr) else set())),
        reads=frozenset(reads | annotations),
        changes=frozenset(changes | ({node.target.id} if _augments(node) else set())),  # type: ignore[attr-defined]
        everything=future,
        awaits=bool(code.co_flags & inspect.CO_COROUTINE),
    )


def _augments(node: ast.stmt) -> bool:
    return isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _changes(node: ast.AST) -> frozenset[str]:
    """The names whose objects a statement may change: by method calls as a statement, or by assignment to parts."""
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            if isinstance(inner.value.func, ast.Attribute):
                found |= _root(inner.value.func)
        elif isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(inner.ctx, ast.Store | ast.Del):
            found |= _root(inner)
    return frozenset(found)


def _root(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _annotations(node: ast.stmt) -> Iterator[ast.expr]:
    """Names in annotations, which compiled code may not read because they are kept as strings."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg | ast.AnnAssign) and inner.annotation is not None:
            yield inner.annotation


def _names(annotation: ast.expr) -> Iterator[str]:
    for inner in ast.walk(annotation):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            try:
                yield from _names(ast.parse(inner.value, mode="eval").body)
            except SyntaxError:
                continue
