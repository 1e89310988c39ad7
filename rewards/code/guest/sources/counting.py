"""Which test functions a set of files defines, by their syntax alone, and which of them may be skipped by their marks.

A skip is excused if the test file itself says so: by a decorator or `pytestmark` with `skip`, `skipif` or `xfail` whose
condition does not depend on the program, or by a test that begins by skipping itself. A missing test is excused if its
definition is inside an `if` or `try` that does not depend on the program, or in a branch that was not taken.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from .context import Function, name_of
from .names import bound_names
from .shapes import called, given, is_identity, parameters_in, sides, stored_in, targets

_OF_FILES = ("open", "exists", "isfile", "isdir", "is_file", "is_dir", "listdir", "glob")  # the program may make some
_SKIPPING_NOW = ("skip", "skipTest", "importorskip", "SkipTest")
_OWN_CLASS = ("cls", "type", "__class__")
_BEFORE_TESTS = ("setUp", "asyncSetUp", "setUpClass", "setup_method", "setup_class")
_SKIPPING = ("skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure")


@dataclass(frozen=True, slots=True)
class TestFunction:
    """One function that must pass.

    excusable: its own marks may skip it, or expect it to fail. optional: it may be undefined, and the program cannot
    decide that. branches: the branches it is defined in, as (line, branch), if the program may decide which ones run.
    """

    __test__ = False

    file: str
    path: tuple[str, ...] = ()
    excusable: bool = False
    optional: bool = False
    branches: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """The name that pytest gives it."""
        return "::".join((self.file, *self.path))

    def excludes(self, other: TestFunction) -> bool:
        """Whether two tests are in branches that exclude each other."""
        taken = dict(self.branches)
        return self.file == other.file and any(taken.get(line, branch) != branch for line, branch in other.branches)


def is_test_file(name: str) -> bool:
    """Whether pytest would collect a file by its name."""
    base = PurePosixPath(name).name
    return base.endswith(".py") and (base.startswith("test_") or base.endswith("_test.py"))


def test_files(names: Mapping[str, str]) -> tuple[str, ...]:
    """The files to collect: those named as test files, or all if none is."""
    found = tuple(name for name in names if is_test_file(name))
    return found or tuple(name for name in names if name.endswith(".py") and PurePosixPath(name).name != "conftest.py")


test_files.__test__ = False  # type: ignore[attr-defined]


def count(file: str, tree: ast.Module) -> list[TestFunction]:
    """The test functions of a file, in order; a redefined name counts once."""
    tainted = depending(tree)
    whole = any(_skips(node.value, tainted) for node in tree.body if _is_pytestmark(node))  # type: ignore[attr-defined]
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = _functions(tree.body, TestFunction(file, excusable=whole), tainted, classes, _changing(tree))
    return list({function.path: function for function in found}.values())


def made_by_program(tree: ast.Module) -> bool:
    """Whether a file may create tests while it is imported, from what the program returns."""
    tainted = depending(tree)
    definitions = ast.Import | ast.ImportFrom | Function | ast.ClassDef
    return any(_depends(_at_import(node), tainted) for node in tree.body if not isinstance(node, definitions))


def _functions(
    body: list[ast.stmt],
    place: TestFunction,
    tainted: set[str],
    classes: Mapping[str, ast.ClassDef],
    changing: set[str],
) -> Iterator[TestFunction]:
    for node in body:
        if isinstance(node, Function):
            if node.name.startswith("test") and not any(is_fixture(decorator) for decorator in node.decorator_list):
                marked = place.excusable or any(_skips(d, tainted) for d in node.decorator_list)
                marked = marked or _skips_itself(node, tainted | changing)
                yield replace(place, path=(*place.path, node.name), excusable=marked)
        elif isinstance(node, ast.ClassDef):
            if not (node.name.startswith("Test") or _is_case(node, classes)) or _opted_out(node):
                continue
            skipped = _skips_before(node, classes, tainted, changing)
            for holder in reversed(_lineage(node, classes)):  # a class overrides what it redefines
                marked = place.excusable or _marked(node, tainted) or _marked(holder, tainted) or skipped
                inside = replace(place, path=(*place.path, node.name), excusable=marked)
                yield from _functions(holder.body, inside, tainted, classes, changing)
        else:
            conditions, branches = _branches(node)
            for number, branch in enumerate(branches):
                below = place
                if any(_depends(_at_import(condition), tainted) for condition in conditions):
                    below = replace(place, branches=(*place.branches, (node.lineno, number)))
                elif conditions:
                    below = replace(place, optional=True)
                yield from _functions(branch, below, tainted, classes, changing)


def _branches(node: ast.stmt) -> tuple[list[ast.AST], list[list[ast.stmt]]]:
    """The nodes that decide which branch of a statement runs, and the branches, which exclude each other."""
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            return [test], [body, orelse]
        case ast.While(test=condition, body=body, orelse=orelse) | ast.For(iter=condition, body=body, orelse=orelse):
            return [condition], [[*body, *orelse]]
        case ast.Try() | ast.TryStar():
            return [*node.body], [[*node.body, *node.orelse, *node.finalbody], *(h.body for h in node.handlers)]
        case ast.With(body=body):
            return [], [body]
        case ast.Match(subject=subject, cases=cases):
            return [subject], [case.body for case in cases]
    return [], []


def _marked(node: ast.ClassDef, tainted: set[str]) -> bool:
    """Whether a class has a mark that skips it."""
    marks = [inner.value for inner in node.body if isinstance(inner, ast.Assign) and _is_pytestmark(inner)]
    return any(_skips(expression, tainted) for expression in (*node.decorator_list, *marks))


def _base_names(node: ast.ClassDef) -> list[str]:
    return [name_of(base) for base in node.bases]


def _lineage(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """A class and its bases within the file."""
    found = [node]
    for held in found:  # grows during the loop
        found += [classes[n] for n in _base_names(held) if n in classes and classes[n] not in found]
    return found


def _is_case(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether it is collected regardless of its name: it derives from TestCase, directly or indirectly."""
    return any(name.endswith("TestCase") for held in _lineage(node, classes) for name in _base_names(held))


def is_fixture(decorator: ast.expr) -> bool:
    """Whether a decorator makes a fixture of a function: `@pytest.fixture(scope="module")`."""
    return name_of(called(decorator)) == "fixture"


def _opted_out(node: ast.ClassDef) -> bool:
    """Whether pytest leaves the class out: `__test__ = False`, a constructor, or nothing to collect."""
    for inner in node.body:
        if isinstance(inner, ast.Assign) and any(getattr(t, "id", "") == "__test__" for t in inner.targets):
            return isinstance(inner.value, ast.Constant) and inner.value.value is False
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return True
    return False


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets)


def _skips(node: ast.expr, tainted: set[str]) -> bool:
    """Whether an expression is a skip mark whose condition the program cannot influence."""
    named = False
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in tainted:
            return False
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            words = set(inner.value.replace("(", " ").replace(")", " ").replace(".", " ").replace(",", " ").split())
            if ("solution" in words and ("import" in words or len(words) < 3)) or words & tainted:
                return False
        named = named or name_of(inner) in _SKIPPING
    return named


def _skips_before(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], tainted: set[str], changing: set[str]
) -> bool:
    """Whether what runs before each test of a class begins by skipping it, as bases of test classes do."""
    lineage = _lineage(node, classes)
    fixed = _fixed(lineage, tainted | changing)
    functions = [n for kind in lineage for n in kind.body if isinstance(n, Function)]
    before = {f.name: f for f in reversed(functions) if f.name in _BEFORE_TESTS}
    return any(_skips_itself(function, tainted | changing, fixed) for function in before.values())


def _fixed(lineage: list[ast.ClassDef], tainted: set[str]) -> set[str]:
    """Attributes of a class of tests that no method of it sets, and that hold nothing of the program."""
    found: dict[str, bool] = {}
    for node in (n for kind in reversed(lineage) for n in kind.body):  # the class itself is last
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            free = not _depends(ast.walk(node.value), tainted)
            found.update({target.id: free for target in targets(node) if isinstance(target, ast.Name)})
    inside = [n for kind in lineage for n in ast.walk(kind)]
    stored = {n.attr for n in inside if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)}
    names = {n.value for n in inside if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # setattr(self, "x")
    return {name for name, free in found.items() if free} - stored - names


def _of_own_class(node: ast.AST, fixed: set[str]) -> Iterator[ast.Name]:
    """`self` and `cls` where only that is asked of them: `self.codec is None`, `type(self) is Base`, `cls is Base`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in {*fixed, "__class__"}:
        yield node.value
    elif isinstance(node, ast.Call) and name_of(node.func) == "type" and len(node.args) == 1:
        yield from (argument for argument in node.args if isinstance(argument, ast.Name))
    elif is_identity(node) and any(name_of(called(side)) in _OWN_CLASS for side in sides(node)):
        yield from (side for side in sides(node) if isinstance(side, ast.Name))


def _skips_itself(function: Function, tainted: set[str], fixed: set[str] | None = None) -> bool:
    """Whether it begins by skipping itself (`if sys.platform == "win32": pytest.skip()`), and does so nowhere else: not
    depending on fixtures or `self`, nor after using the program, which could then decide. fixed: attributes that `self`
    has from its class.
    """
    if any(map(_always_skips, function.body)):
        return True
    own_names = parameters_in(function.args)
    asked = skips = False
    for statement in function.body:
        nodes = list(ast.walk(statement))
        calls = [n for n in nodes if isinstance(n, ast.Call) and name_of(n.func) in _SKIPPING_NOW]
        own = {id(n.func.value) for n in calls if isinstance(n.func, ast.Attribute)}  # `self.skipTest`
        own |= {id(name) for n in nodes if fixed is not None for name in _of_own_class(n, fixed)}
        reads = (n for n in nodes if isinstance(n, ast.Name) and id(n) not in own)
        asked = (
            asked
            or _depends((n for n in nodes if id(n) not in own), tainted)
            or any(name.id in own_names for name in reads)
        )
        asked = asked or any(name_of(node) in _OF_FILES for node in nodes)
        skips = skips or bool(calls)
        if calls and asked:
            return False
    return skips


def _always_skips(statement: ast.stmt) -> bool:
    """Whether a statement skips the test on no condition: `raise SkipTest("not done")`."""
    value = statement.exc if isinstance(statement, ast.Raise) else getattr(statement, "value", None)
    return isinstance(value, ast.Call) and name_of(value.func) in ("skip", "skipTest", "SkipTest")


def _changing(tree: ast.Module) -> set[str]:
    """Globals that the file's functions may change: by `global`, a method, an item, or by passing them on."""
    found: set[str] = set()
    stored = stored_in(tree)
    stored |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    stored -= {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif isinstance(node, ast.Call):
            parts = (*given(node), getattr(node.func, "value", node.func))
            found.update(part.id for part in parts if isinstance(part, ast.Name))
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.add(name_of(node.value))
    return found & stored


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that run while its file is imported: all but the bodies of functions."""
    yield node
    if isinstance(node, Function):
        children: Iterable[ast.AST] = (*node.decorator_list, node.args)
    elif isinstance(node, ast.Lambda):
        children = (node.args,)
    else:
        children = ast.iter_child_nodes(node)
    for child in children:
        yield from _at_import(child)


def _depends(nodes: Iterable[ast.AST], tainted: set[str]) -> bool:
    """Whether one of the nodes reads from the program."""
    return any(
        (isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id in tainted)
        or (isinstance(inner, ast.Constant) and inner.value == "solution")  # importlib.import_module("solution")
        or _of_program(inner) != []
        for inner in nodes
    )


def _of_program(node: ast.AST) -> list[str]:
    """The names that an import binds to objects of the program; none if it imports something else."""
    if isinstance(node, ast.Import):
        ours = [alias for alias in node.names if alias.name.partition(".")[0] == "solution"]
        return [(alias.asname or alias.name).partition(".")[0] for alias in ours]
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "solution":
        return [alias.asname or alias.name for alias in node.names]
    return []


def names_of_program(tree: ast.AST) -> set[str]:
    """The names that all imports of the program bind."""
    return {name for node in ast.walk(tree) for name in _of_program(node)}


def _read_from_outside(node: ast.AST, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names that are read, except those that the reading function imports or defines itself."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
        yield node.id
    body = node.body if isinstance(node, Function) else []
    inside = own | bound_names(ast.Module(body, [])) if body else own
    for child in ast.iter_child_nodes(node):
        yield from _read_from_outside(child, inside if child in body else own)


def depending(tree: ast.Module) -> set[str]:
    """Names of the file that depend on the program."""
    tainted = names_of_program(tree)
    if "*" in tainted:  # unbound names may be the program's; `globals()` and the like read it
        bound = stored_in(tree) | bound_names(tree) | parameters_in(tree)
        tainted |= set(_read_from_outside(tree)) - bound - set(dir(builtins)) | {"globals", "locals", "vars", "dir"}
    size = -1
    while size != len(tainted):
        size = len(tainted)
        for statement in tree.body:
            if not _depends(ast.walk(statement), tainted):
                continue
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                if not statement.name.startswith(("test", "Test")):
                    tainted.add(statement.name)
            else:
                nodes = _at_import(statement)
                tainted |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return tainted
