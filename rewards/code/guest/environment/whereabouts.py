"""In the checker: the program's current folder, for tests that check it as if it were their own.

In `with working_directory(path): assert os.getcwd() == path` the program changes the folder, and the test checks it. It
gets the program's folder only in an assertion that compares it with a value which does not depend on the program.
Relative names of the test, and everything that it computes, refer to the test's own folder.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from types import FrameType
from typing import Any

from ..proxies import uses
from ..sources import context
from ..transfer.link import Link

_ASKS = re.compile(r"\bgetcwd\b|\.cwd\(")
_AS_PATHS = frozenset(
    ("realpath", "abspath", "normpath", "Path", "str", "resolve", "getcwd", "cwd", "fspath", "samefile")
)
_getcwd, _chdir = os.getcwd, os.chdir


class Whereabouts:
    """Replaces `os.getcwd` and `os.chdir`. moved: the tests have changed the folder, if only back."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._home = os.path.realpath(_getcwd())
        self.moved = False
        os.getcwd, os.chdir = self.getcwd, self.chdir

    def chdir(self, path: Any) -> None:
        """Change the folder; the program follows before the next request."""
        _chdir(path)
        self.moved = True

    def getcwd(self) -> str:
        """The folder of the test, or the program's."""
        frame = _caller_of_cwd(sys._getframe(1))
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
    """Start watching; None if the tests do not ask for the current folder."""
    return Whereabouts(link) if _ASKS.search(text) else None


def _caller_of_cwd(frame: FrameType) -> FrameType | None:
    """Who calls `Path.cwd`, which in some versions asks by way of `Path.absolute`; of any other frame that itself."""
    inner = frame.f_back if frame.f_code.co_name == "absolute" else frame
    is_cwd = inner is not None and inner.f_code.co_name == "cwd" and "pathlib" in inner.f_code.co_filename
    return inner.f_back if inner is not None and is_cwd else frame


def _compares_it(frame: FrameType) -> bool:
    """Whether the test compares the folder, in an assertion, with a value that does not depend on the program."""
    call = next(iter(context.running_calls(frame)), None)
    around = context.ancestors(call, context.parents_around(frame)) if call is not None else ()
    statement = next((node for node in around if isinstance(node, ast.stmt)), None)
    match statement:
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right])):
            sides = [left, right]
        case ast.Expr(value=ast.Call(args=[left, right, *_])) if context.calls_assertion(statement):
            sides = [left, right]
        case ast.Assert(test=ast.Call() as test):
            sides = [test]
        case _:
            return False
    return all(_is_path(side) for side in sides) and uses.is_own(sides, frame)


def _is_path(side: ast.expr) -> bool:
    """Whether an expression only spells one folder in another way."""
    return all(
        context.name_of(node.func) in _AS_PATHS or _is_about_text(node)
        for node in ast.walk(side)
        if isinstance(node, ast.Call)
    )


def _is_about_text(call: ast.Call) -> bool:
    """Whether an expression is a text method such as `os.getcwd().endswith("sub")`."""
    said = context.name_of(call.func) in ("endswith", "startswith")
    return said and all(isinstance(argument, ast.Constant) for argument in call.args)
