"""In the checker: the folder that the program is in, where a test looks for it as if it were its own.

`with working_directory(path): assert os.getcwd() == path`: the program goes to a folder, and the test asks where it is
now. It is told so only in an assertion that compares the folder with what it knows without the program: relative names
of the test, and all that it computes, stay where the test itself has gone.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from types import FrameType
from typing import Any

from . import context, uses
from .link import Link

_ASKS = re.compile(r"\bgetcwd\b|\.cwd\(")
_AS_PATHS = frozenset(
    ("realpath", "abspath", "normpath", "Path", "str", "resolve", "getcwd", "cwd", "fspath", "samefile")
)
_getcwd, _chdir = os.getcwd, os.chdir


class Whereabouts:
    """Stands in the place of `os.getcwd` and `os.chdir`. moved: the tests have gone somewhere, if only back."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._home = os.path.realpath(_getcwd())
        self.moved = False
        os.getcwd, os.chdir = self.getcwd, self.chdir

    def chdir(self, path: Any) -> None:
        """Go to a folder; so does the program, before it is asked next."""
        _chdir(path)
        self.moved = True

    def getcwd(self) -> str:
        """The folder that the test is in, or the program's."""
        frame: FrameType | None = sys._getframe(1)
        if frame is not None and frame.f_code.co_name == "cwd" and "pathlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if frame is None or self.moved or self._link.lost or not self._link.answered or not _compares_it(frame):
            return _getcwd()
        told = self._link.ask("folder_out")
        if type(told) is not tuple or not all(type(part) is str and os.path.isabs(part) for part in told):
            return _getcwd()
        home, folder = told
        if folder == home or folder.startswith(home + os.sep):
            folder = os.path.normpath(os.path.join(self._home, os.path.relpath(folder, home)))
        return folder if os.path.isdir(folder) else _getcwd()


def watch(link: Link, text: str) -> Whereabouts | None:
    """None where the tests do not ask for a folder."""
    return Whereabouts(link) if _ASKS.search(text) else None


def _compares_it(frame: FrameType) -> bool:
    """Whether the test compares the folder, in an assertion, with what the program has no part in."""
    tree = context.tree_of(frame.f_code.co_filename)
    if tree is None:
        return False
    calls = context.calls_at(tree, context.place_of(frame))
    parents = context.parents_in(tree)
    node: ast.AST | None = next(iter(calls), None)
    while node is not None and not isinstance(node, ast.stmt):
        node = parents.get(node)
    match node:
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right])):
            sides = [left, right]
        case ast.Expr(value=ast.Call(args=[left, right, *_])) if context.calls_assertion(node):
            sides = [left, right]
        case ast.Assert(test=ast.Call() as test):
            sides = [test]
        case _:
            return False
    return all(_is_path(side) for side in sides) and uses.is_own(sides, frame)


def _is_path(side: ast.expr) -> bool:
    """Whether nothing is done there but to write one folder in another way."""
    return all(
        context.name_of(node.func) in _AS_PATHS or _is_about_text(node)
        for node in ast.walk(side)
        if isinstance(node, ast.Call)
    )


def _is_about_text(call: ast.Call) -> bool:
    """`os.getcwd().endswith("sub")`"""
    said = context.name_of(call.func) in ("endswith", "startswith")
    return said and all(isinstance(argument, ast.Constant) for argument in call.args)
