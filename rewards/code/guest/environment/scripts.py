"""In the checker: tests that execute the program again. All of it happens in the program's process.

`importlib.reload(solution)` and an import after `del sys.modules["solution"]` execute it again;
`runpy.run_path("solution.py")` executes it as `__main__`. `commands.py` has what tests start as a process.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import types
from typing import Any

from ..transfer.link import Link

_LOADS_IT = re.compile(
    r"reload|import_module|__import__|sys\.modules|runpy|subprocess|spec_from_file_location|os\.system|popen"
)
_AT_THE_TOP = re.compile(r"^(import\s+.*\bsolution\b|from\s+solution\b)", re.MULTILINE)


def runs_late(text: str) -> bool:
    """Whether the tests decide when the program first runs: it may read what they have prepared by then."""
    return bool(_LOADS_IT.search(text)) and not _AT_THE_TOP.search(text)


def watch(link: Link, module: types.ModuleType, text: str) -> None:
    """Redirect what the tests' text mentions to the program's process."""
    if not _LOADS_IT.search(text):
        return
    sys.meta_path.insert(0, _Finder(link, module))
    if "runpy" in text:
        _watch_runpy(link)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `solution`, always as the same proxy, and lets the program execute again."""

    def __init__(self, link: Link, module: types.ModuleType) -> None:
        self._link = link
        self._module = module

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec("solution", self) if fullname == "solution" else None

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return self._module

    def exec_module(self, _module: types.ModuleType) -> None:
        self._link.ask("reload")


def is_program(word: object) -> bool:
    """Whether a word is a path of the program's file."""
    return isinstance(word, str | os.PathLike) and os.path.basename(os.fspath(word)) in ("solution.py", b"solution.py")


def _watch_runpy(link: Link) -> None:
    import runpy

    def watched(original: Any, is_program: Any) -> Any:
        def run(name: Any, init_globals: Any = None, run_name: str | None = None, **options: Any) -> Any:
            if is_program(name):
                return link.ask("script", "<run_path>" if run_name is None else run_name)
            return original(name, init_globals, run_name, **options)

        return run

    runpy.run_path = watched(runpy.run_path, is_program)
    runpy.run_module = watched(runpy.run_module, lambda name: name == "solution")
