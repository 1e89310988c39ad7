"""In the checker: modules that a test loads from temporary folders, or from its own folder.

They may be the program's: written by it, made from its results, or at a path that it returned. So they may only compute
(`evaluation.py`), except for lines that are also in the tests. Installed packages are not the program's, wherever the
environment is.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from ..proxies import proxies
from ..sources import context
from . import evaluation

_LOADS = re.compile(rb"\b(?:runpy|importlib|import_module|__import__|syspath_prepend|sys\.path)\b")
_WRITES = re.compile(rb"extract|unpack|\bwrite|shutil|rename|replace\(|\bopen\(")


def guard(tests: bytes) -> None:
    """Replace module loaders if the tests may load a module that they, or the program, have written."""
    if _LOADS.search(tests) or _WRITES.search(tests):
        _guard_loaders()


def _guard_loaders() -> None:
    import importlib.machinery
    import tempfile

    temporary, beside = os.path.realpath(tempfile.gettempdir()) + os.sep, os.getcwd() + os.sep
    installed = tuple(
        path + os.sep for path in map(os.path.realpath, (sys.prefix, sys.base_prefix)) if path.startswith(temporary)
    )
    machinery: Any = importlib.machinery
    runpy: Any = importlib.import_module("runpy")
    get_code, run = machinery.SourceFileLoader.get_code, runpy.run_path

    def is_loose(file: str) -> bool:
        return file.startswith((temporary, beside)) and not file.startswith(installed)

    def checked(path: Any) -> None:
        file = os.path.realpath(os.fspath(path))
        if is_loose(file) and os.path.isfile(file):
            with open(file, "rb") as opened:
                content = opened.read()
            if context.SOURCES.get(file, "").encode("utf-8", "replace") != content:
                _check_file(content)

    def code(self: Any, name: str) -> Any:
        path = self.get_filename(name)
        checked(path)
        if not is_loose(os.path.realpath(path)):
            return get_code(self, name)
        return self.source_to_code(self.get_data(path), path)  # ignore compiled files beside it

    def run_path(path: Any, *args: Any, **kwargs: Any) -> Any:
        checked(path)
        return run(path, *args, **kwargs)

    def refusing(load: Callable[..., Any]) -> Callable[..., Any]:
        def loaded(self: Any, *args: Any) -> Any:
            path = str(getattr(self, "path", None) or getattr(self, "archive", ""))
            if is_loose(os.path.realpath(path)):
                raise proxies.refused("a module is loaded that is no source")
            return load(self, *args)

        return loaded

    machinery.SourceFileLoader.get_code, runpy.run_path = code, run_path
    sourceless, extension = machinery.SourcelessFileLoader, machinery.ExtensionFileLoader
    sourceless.get_code, extension.create_module = refusing(sourceless.get_code), refusing(extension.create_module)
    archives: Any = importlib.import_module("zipimport")
    archives.zipimporter.get_code = refusing(archives.zipimporter.get_code)


def _check_file(source: bytes) -> None:
    """Raise Refused unless a file only computes; lines that are in the tests' own sources are theirs."""
    constants = (node.value for node in context.nodes() if isinstance(node, ast.Constant))
    texts = [*context.SOURCES.values(), *(value for value in constants if isinstance(value, str))]
    own = {""} | {line.strip() for text in texts for line in text.splitlines()}
    if (tree := evaluation.parsed(source)) is None:
        return
    if not all(line.strip() in own for line in source.decode("utf-8", "replace").splitlines()):
        evaluation.check(tree, set(evaluation.SAFE), set())
