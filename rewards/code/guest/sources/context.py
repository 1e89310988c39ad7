"""In the checker: the sources of the tests, and which part of them is running."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType
from typing import Any, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

SETUP, CASE = "<setup>", "<case "  # files of `asserts`: sources that run one after the other in the same namespace
SOURCES: dict[str, str] = {}  # by the file names that the code was compiled with
_trees: dict[str, ast.Module] = {}
_names: dict[str, frozenset[str]] = {}
_types: dict[str, frozenset[str]] = {}
_ASKING_FOR_TYPES = ("isinstance", "issubclass", "assertIsInstance", "assertNotIsInstance")
_DOTTED = re.compile(r"[\w.]+\Z")


def add_source(file: str, source: str) -> None:
    """Add the source of a test, under the file name that its code is compiled with."""
    SOURCES[file] = source
    _trees.pop(file, None)
    _names.pop(file, None)
    _types.pop(file, None)


def is_test(frame: FrameType) -> bool:
    """Whether a frame runs a test's source."""
    return frame.f_code.co_filename in SOURCES


def tree_of(file: str) -> ast.Module | None:
    """The syntax tree of a source, parsed when first needed: for most tests it never is. That of a prompt that stops in
    the middle of a function is empty.
    """
    if file in SOURCES and file not in _trees:
        try:
            _trees[file] = ast.parse(SOURCES[file])
        except SyntaxError:
            _trees[file] = ast.Module([], [])
    return _trees.get(file)


def mentions(*words: str) -> bool:
    """Whether the text of the tests contains one of these."""
    return any(word in source for source in SOURCES.values() for word in words)


def imported_at(file: str, line: int) -> list[str]:
    """The modules that the import statements in this line of a test name."""
    tree = tree_of(file)
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or line):
            found += [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return found


def says(word: str) -> bool:
    """Whether a string in the tests' source contains this word."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(rf"\b{word}\b", node.value)
        for tree in map(tree_of, SOURCES)
        for node in (ast.walk(tree) if tree is not None else ())
    )


def speaks_here(word: str) -> bool:
    """Whether a function of the tests that is running mentions this."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename in SOURCES and word in SOURCES[code.co_filename]:
            last = max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
            if any(word in line for line in SOURCES[code.co_filename].splitlines()[code.co_firstlineno - 1 : last]):
                return True
        frame = frame.f_back
    return False


def uses_name(name: str) -> bool:
    """Whether the tests' source uses this as a name, an attribute, in an import or as a string."""
    return any(name in _names_of(file) for file in SOURCES)


def _names_of(file: str) -> frozenset[str]:
    if file not in _names:
        found: set[str] = set()
        for node in ast.walk(tree_of(file) or ast.Module([], [])):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.alias):
                found.update(node.name.split("."))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.match(node.value):
                found.update(node.value.split("."))
        _names[file] = frozenset(found)
    return _names[file]


def is_class_name(name: str) -> bool:
    """Whether the tests take a name for that of a class: by its spelling, or because they use it as a type, which no
    function is (`isinstance(x, frozendict)`, `x: frozendict[str, int]`).
    """
    return name[:1].isupper() or any(name in _types_of(file) for file in SOURCES)


def _types_of(file: str) -> frozenset[str]:
    if file not in _types:
        places: list[ast.AST | None] = []
        for node in ast.walk(tree_of(file) or ast.Module([], [])):
            if isinstance(node, ast.Call) and name_of(node.func) in _ASKING_FOR_TYPES:
                places += node.args[1:2]
            elif isinstance(node, ast.AnnAssign | ast.arg):
                places.append(node.annotation)
            elif isinstance(node, Function):
                places.append(node.returns)
            elif isinstance(node, ast.ClassDef):
                places += node.bases
            elif isinstance(node, ast.MatchClass):
                places.append(node.cls)
        within = [node for place in places if place is not None for node in ast.walk(place)]
        called = {name_of(node.func) for node in within if isinstance(node, ast.Call)}
        _types[file] = frozenset({name_of(node) for node in within} - called - {""})
    return _types[file]


def later_cases(tree: ast.Module) -> list[ast.Module]:
    """The cases that run after this one, or after the setup, in the same namespace."""
    files = [file for file in SOURCES if file == SETUP or file.startswith(CASE)]
    found = [held for file in files if (held := tree_of(file)) is not None]
    return found[found.index(tree) + 1 :] if tree in found else []


def trees() -> Iterator[ast.Module]:
    """The syntax trees of all sources."""
    return (tree for file in SOURCES if (tree := tree_of(file)) is not None)


def nodes() -> Iterator[ast.AST]:
    """All nodes of all sources."""
    return (node for tree in trees() for node in ast.walk(tree))


def defined() -> set[str]:
    """Names that the tests import, or define functions or classes under."""
    found = set[str]()
    for node in nodes():
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, Function | ast.ClassDef):
            found.add(node.name)
    return found


def name_of(node: ast.AST | None) -> str:
    """The last word of a name or an attribute; empty for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def bound_by(node: ast.AST) -> list[str]:
    """The names that a node itself binds, in the scope that it is in."""
    match node:
        case ast.Name(id=str(name), ctx=ast.Store() | ast.Del()) | ast.arg(arg=str(name)):
            return [name]
        case ast.FunctionDef(name=str(name)) | ast.AsyncFunctionDef(name=str(name)) | ast.ClassDef(name=str(name)):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [(alias.asname or alias.name).partition(".")[0] for alias in aliases]
    return []


def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Each node's parent."""
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


@lru_cache(maxsize=64)
def parents_of(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    """Each node's parent, in a source."""
    return parents_in(tree)


def ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """What a node stands in, from the inside out."""
    while (above := parents.get(node)) is not None:
        yield above
        node = above


Span: TypeAlias = tuple[int, int, int, int]  # first line, last line, first column, last column


def span(node: ast.stmt | ast.expr) -> Span:
    """The position of a node."""
    return node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or node.col_offset


def place_of(frame: FrameType) -> Span:
    """The position of the expression that a frame is executing; a jump counts as the instruction before it."""
    import dis

    at, code = frame.f_lasti // 2, frame.f_code.co_code
    if "JUMP" in dis.opname[code[2 * at]] or dis.opname[code[2 * at]] == "TO_BOOL":
        at -= 1
        while at > 0 and dis.opname[code[2 * at]] in ("CACHE", "<0>", "COPY", "TO_BOOL"):
            at -= 1
    found = next((place for index, place in enumerate(frame.f_code.co_positions()) if index == at), None)
    if found is None or None in found:
        return frame.f_lineno, frame.f_lineno, 0, 0
    return found  # type: ignore[return-value]


def calls_at(tree: ast.AST, place: Span) -> list[ast.Call]:
    """The calls at exactly this position."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and span(node) == place]


def running(frame: FrameType, *kinds: type[ast.expr] | type[ast.stmt]) -> list[Any]:
    """The nodes of these kinds that a frame of a test executes, by their position; none if it runs no test."""
    if not is_test(frame):
        return []
    place = place_of(frame)
    return [node for node in parents_around(frame) if isinstance(node, kinds) and span(node) == place]


def value_of(frame: FrameType, name: str, absent: Any = None) -> Any:
    """What a name means where a frame is; builtins excepted."""
    return frame.f_locals.get(name, frame.f_globals.get(name, absent))


def function_around(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Function | None:
    """The innermost function that a node stands in."""
    return next((above for above in ancestors(node, parents) if isinstance(above, Function)), None)


def running_calls(frame: FrameType) -> list[ast.Call]:
    """The calls that a frame of a test executes; none if it runs no test."""
    return running(frame, ast.Call)


def parents_around(frame: FrameType) -> dict[ast.AST, ast.AST]:
    """Each node's parent, in the source that a frame runs; empty if it runs no test."""
    tree = tree_of(frame.f_code.co_filename)
    return parents_of(tree) if tree is not None else {}


def calls_assertion(statement: ast.stmt) -> bool:
    """Whether an expression is a call such as `self.assertTrue(...)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and name_of(call.func).startswith("assert")
