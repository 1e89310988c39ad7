"""Which test functions a set of files holds, from their syntax alone, and which of them may be skipped by their marks.

A skip is excused where the test file itself says so: a decorator or `pytestmark` that names `skip`, `skipif` or
`xfail`, whose condition does not depend on the program.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_SKIPPING = ("skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure")


@dataclass(frozen=True, slots=True)
class TestFunction:
    """One function that must pass. excusable: its own marks may skip it, or expect it to fail."""

    __test__ = False

    file: str
    path: tuple[str, ...]
    excusable: bool

    @property
    def name(self) -> str:
        return "::".join((self.file, *self.path))


def is_test_file(name: str) -> bool:
    """Whether pytest would collect a file by its name."""
    base = PurePosixPath(name).name
    return base.endswith(".py") and (base.startswith("test_") or base.endswith("_test.py"))


def test_files(names: Mapping[str, str]) -> tuple[str, ...]:
    """The files to collect: those with a test's name, or all of them where none has one."""
    found = tuple(name for name in names if is_test_file(name))
    return found or tuple(name for name in names if name.endswith(".py") and PurePosixPath(name).name != "conftest.py")


test_files.__test__ = False  # type: ignore[attr-defined]


def count(file: str, tree: ast.Module) -> list[TestFunction]:
    """The test functions of a file, in order; a name that is defined again counts once."""
    tainted = _tainted(tree)
    whole = any(_skips(node.value, tainted) for node in tree.body if _is_pytestmark(node))  # type: ignore[attr-defined]
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = dict(_functions(tree.body, (), whole, tainted, classes))
    return [TestFunction(file, path, excusable) for path, excusable in found.items()]


def _functions(
    body: list[ast.stmt], path: tuple[str, ...], excusable: bool, tainted: set[str], classes: Mapping[str, ast.ClassDef]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            if not any(_is_fixture(decorator) for decorator in node.decorator_list):
                yield (*path, node.name), excusable or any(_skips(d, tainted) for d in node.decorator_list)
        elif isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or _is_case(node, classes)):
            if _opted_out(node):
                continue
            for holder in reversed(_lineage(node, classes)):  # what a class defines again is its own
                marked = excusable or _marked(node, tainted) or _marked(holder, tainted)
                yield from _functions(holder.body, (*path, node.name), marked, tainted, classes)


def _marked(node: ast.ClassDef, tainted: set[str]) -> bool:
    """Whether a class is skipped by its own marks."""
    marks = [inner.value for inner in node.body if isinstance(inner, ast.Assign) and _is_pytestmark(inner)]
    return any(_skips(expression, tainted) for expression in (*node.decorator_list, *marks))


def _base_names(node: ast.ClassDef) -> list[str]:
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]


def _lineage(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """A class and those of the file that it derives from."""
    found = [node]
    for held in found:  # grows while it is walked
        found += [classes[n] for n in _base_names(held) if n in classes and classes[n] not in found]
    return found


def _is_case(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether it is collected whatever its name: it derives from TestCase, directly or through another."""
    return any(name.endswith("TestCase") for held in _lineage(node, classes) for name in _base_names(held))


def _is_fixture(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")) == "fixture"


def _opted_out(node: ast.ClassDef) -> bool:
    """`__test__ = False`, or a constructor, or nothing to collect: pytest leaves the class out."""
    for inner in node.body:
        if isinstance(inner, ast.Assign) and any(getattr(t, "id", "") == "__test__" for t in inner.targets):
            return isinstance(inner.value, ast.Constant) and inner.value.value is False
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return True
    return False


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets)


def _skips(node: ast.expr, tainted: set[str]) -> bool:
    """Whether an expression marks as skipped, by a condition that the program cannot decide."""
    named = False
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in tainted:
            return False
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            words = set(inner.value.replace("(", " ").replace(")", " ").replace(".", " ").replace(",", " ").split())
            if ("solution" in words and ("import" in words or len(words) < 3)) or words & tainted:
                return False
        name = inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""
        named = named or name in _SKIPPING
    return named


def _tainted(tree: ast.Module) -> set[str]:
    """Names of the file that depend on the program."""
    tainted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tainted.update(
                (alias.asname or alias.name).partition(".")[0]
                for alias in node.names
                if alias.name.partition(".")[0] == "solution"
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "solution":
            tainted.update(alias.asname or alias.name for alias in node.names)
    size = -1
    while size != len(tainted):
        size = len(tainted)
        for statement in tree.body:
            used = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
            imports = any(
                isinstance(n, ast.Constant) and n.value == "solution" for n in ast.walk(statement)
            )  # importlib.import_module("solution")
            if not (used & tainted or imports):
                continue
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                if not statement.name.startswith(("test", "Test")):
                    tainted.add(statement.name)
            else:
                tainted |= {
                    n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
    return tainted
