"""Twins: the same programming problem with other expected values. Only a hack passes both the original and its twin.

Cases with plain expected values get other values. In tests given as source, the values that a call of the program is
compared with (`==`, `assertEqual`, `isclose`) are changed in the syntax tree. A test without such a comparison is left
out; if none is left, there is no twin.

Example:
    >>> from rewards.code.references import AssertsReference
    >>> twin_of(AssertsReference(asserts=("assert add(1, 2) == 3",))).asserts
    ('assert add(1, 2) == 4',)
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rewards.code.references import (
    AssertsReference,
    CheckReference,
    CodeReference,
    FunctionReference,
    StdioReference,
)
from rewards.types import Json

_LEAST_CHANGED = 0.01  # a smaller number is a tolerance
_EQUAL_CALLS = {"assertEqual", "assertEquals", "assertAlmostEqual", "assertListEqual", "assertDictEqual", "isclose"}
_EQUAL_CALLS |= {"allclose", "array_equal", "approx", "assertTupleEqual", "assertSetEqual", "assertSequenceEqual"}
_MODULE = "solution"  # what the files of a `pytest` reference import


def twin_of(reference: CodeReference) -> CodeReference | None:
    """The reference with other expected values; None if there are none to change."""
    if isinstance(reference, StdioReference):
        return replace(reference, cases=tuple(replace(c, stdout=_other_text(c.stdout)) for c in reference.cases))
    if isinstance(reference, FunctionReference):
        cases = tuple(replace(case, expected=_other(case.expected)) for case in reference.cases)
        return replace(reference, cases=cases)
    if isinstance(reference, AssertsReference):
        changed = [source for test in reference.asserts if (source := _changed(test, calls_of(reference)))]
        return replace(reference, asserts=tuple(changed)) if changed else None
    if isinstance(reference, CheckReference):
        source = _changed(reference.test, calls_of(reference))
        return replace(reference, test=source) if source else None
    files = {name: _changed(source, calls_of(reference)) or source for name, source in reference.files.items()}
    return replace(reference, files=files) if files != reference.files else None


def calls_of(reference: CodeReference) -> list[str]:
    """Names of the program that the tests call: its functions and classes."""
    if isinstance(reference, StdioReference):
        return []
    if isinstance(reference, FunctionReference):
        return [reference.entry_point]
    if isinstance(reference, CheckReference):
        return [reference.entry_point, "candidate"]
    sources = list(reference.asserts) if isinstance(reference, AssertsReference) else list(reference.files.values())
    setup = reference.setup if isinstance(reference, AssertsReference) else ""
    called: dict[str, None] = {}
    known = {*dir(builtins), *_defined(setup)}
    for tree in filter(None, map(_parsed, sources)):
        imported = _imported(tree)
        local = set(_defined_in(tree))
        for node in ast.walk(tree):
            name = _called_name(node)
            if name and (name in imported or (isinstance(reference, AssertsReference) and name not in known | local)):
                called.setdefault(name)
    return list(called)


def _called_name(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    inner = node.func
    if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == _MODULE:
        return inner.attr
    return ""


def _imported(tree: ast.AST) -> set[str]:
    """Names that test files import from the program."""
    names = {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == _MODULE for alias in n.names
    }
    return names | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == _MODULE
    }


def _defined(source: str) -> list[str]:
    tree = _parsed(source)
    return [] if tree is None else _defined_in(tree)


def _defined_in(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != _MODULE:
            names += [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
    return names


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


# --- changing expected values -----------------------------------------------------------------------------------------


def _changed(source: str, calls: Sequence[str]) -> str:
    """The source with other expected values; empty if none was found."""
    tree = _parsed(source)
    if tree is None:
        return ""
    change = _Change(set(calls))
    tree = change.visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) if change.count else ""


class _Change(ast.NodeTransformer):
    """Changes the values that calls of the program are compared with."""

    def __init__(self, calls: set[str]) -> None:
        self._calls = calls
        self.count = 0

    def _of_program(self, node: ast.AST) -> bool:
        return any(_called_name(inner) in self._calls for inner in ast.walk(node) if isinstance(inner, ast.Call))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:  # ast names it so
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            left, right = node.left, node.comparators[0]
            if self._of_program(left) and not self._of_program(right):
                node.comparators[0] = self._other(right)
            elif self._of_program(right) and not self._of_program(left):
                node.left = self._other(left)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _EQUAL_CALLS and len(node.args) >= 2:
            for at, argument in enumerate(node.args[:2]):
                if not self._of_program(argument) and self._of_program(node.args[1 - at]):
                    node.args[at] = self._other(argument)
        return self.generic_visit(node)

    def _other(self, node: ast.expr) -> ast.expr:
        try:
            value = ast.literal_eval(node)
        except (ValueError, SyntaxError, TypeError, RecursionError):
            return node
        if isinstance(value, float) and abs(value) < _LEAST_CHANGED and value != 0:
            return node
        self.count += 1
        return ast.parse(repr(_other_value(value)), mode="eval").body


def _other_value(value: object) -> object:
    """A different value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float | complex):
        return value + 1
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, bytes):
        return value + b"?"
    if isinstance(value, list):
        return [*value[:-1], _other_value(value[-1])] if value else ["?"]
    if isinstance(value, tuple):
        return (*value[:-1], _other_value(value[-1])) if value else ("?",)
    if isinstance(value, set | frozenset):
        return {*value, "?"}
    if isinstance(value, dict):
        return {**value, "?": 0}
    return 0


def _other(value: Json) -> Json:
    """The same for a JSON value; tagged values keep their tags."""
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith("$"):
        tag, inner = next(iter(value.items()))
        return {tag: _other(inner)} if tag in ("$tuple", "$complex") else [value]
    changed: Json = _other_value(value)  # type: ignore[assignment]  # of JSON it makes JSON
    return changed


def _other_text(text: str) -> str:
    """A different text, with something added to its last line."""
    bare = text.rstrip("\n")
    return f"{bare}7\n" if bare[-1:].isdigit() else f"{bare}?\n" if "\n" in text else f"{text}?"
