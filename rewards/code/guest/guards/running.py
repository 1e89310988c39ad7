"""In the checker: library functions that run text, or call what a text names, when a test passes them results of the
program: `doctest` examples, `timeit` statements, text to be profiled, `logging` configurations, YAML, archives.

Examples and statements may only compute (`evaluation.py`). A configuration may only name handlers of `logging` and
objects of the program to be called, YAML only classes of the program and of data. An archive may write nothing outside
the folder that it is unpacked to.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
from collections.abc import Iterator
from typing import Any

from ..proxies import proxies
from ..shared import standard
from ..sources import context
from . import evaluation

# Modules, each with the one that runs text for it.
_RUNS = {"code": "codeop", **{name: name for name in ("codeop", "cProfile", "doctest", "profile")}}
_RUNNING = re.compile(rf"\b(?:{'|'.join(_RUNS)})\b".encode())


def guard(tests: bytes) -> None:
    """Replace those functions that the tests mention."""
    for module in {_RUNS[name.decode()] for name in _RUNNING.findall(tests)}:
        _guard_module(importlib.import_module(module))
    if b"timeit" in tests:
        _guard_statements()
    if b"dictConfig" in tests or b"fileConfig" in tests:
        _guard_configurations()
    if b"yaml" in tests:
        _guard_yaml()
    if b"tarfile" in tests or b"unpack_archive" in tests:
        _guard_archives()


def _may_compute(source: str) -> None:
    """Raise Refused unless the text only computes."""
    if any(source.strip() in text for text in context.SOURCES.values()) or evaluation.is_own(source):
        return
    if (tree := evaluation.parsed(source.strip())) is None:
        return
    imports = ast.Import | ast.ImportFrom
    tree.body = [node for node in tree.body if not (isinstance(node, imports) and _is_of_program(node))]
    evaluation.check(tree, {*evaluation.SAFE, "solution", *proxies.the_link().public_names}, set())


def _is_of_program(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "solution" and not node.level
    return all(alias.name == "solution" for alias in node.names)


def _guard_module(module: Any) -> None:
    def guarded(run: Any) -> Any:
        def computed(source: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(source, str):
                _may_compute(source)
            return run(source, *args, **kwargs)

        return computed

    vars(module).update(compile=guarded(compile), exec=guarded(exec))


def _guard_statements() -> None:
    import timeit

    timer: Any = timeit.Timer
    make = timer.__init__

    def initialise(self: Any, stmt: Any = "pass", setup: Any = "pass", *args: Any, **kwargs: Any) -> None:
        for text in (stmt, setup):
            if isinstance(text, str):
                _may_compute(text)
        make(self, stmt, setup, *args, **kwargs)

    timer.__init__ = initialise


def _guard_archives() -> None:
    import tarfile

    if hasattr(tarfile, "data_filter"):
        tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)
        named: Any = tarfile._NAMED_FILTERS  # type: ignore[attr-defined]  # also for those who ask for no filter
        named.update(dict.fromkeys(named, tarfile.data_filter))
    else:  # before Python 3.11.4
        _guard_extraction(tarfile)


def _guard_extraction(tarfile: Any) -> None:
    extract = tarfile.TarFile.extract

    def within(self: Any, member: Any, path: Any = "", *args: Any, **kwargs: Any) -> None:
        """Raises ExtractError for a member that is no file, folder or link, or is, or points, outside the folder."""
        found = self.getmember(member) if isinstance(member, str) else member
        places = [found.name]
        if found.issym():
            places.append(os.path.join(os.path.dirname(found.name), found.linkname))
        elif found.islnk():
            places.append(found.linkname)
        elif not (found.isfile() or found.isdir()):
            raise tarfile.ExtractError(f"{found.name!r} is a special file")
        folder = os.path.realpath(path)
        for place in places:
            if os.path.commonpath([folder, os.path.realpath(os.path.join(folder, place))]) != folder:
                raise tarfile.ExtractError(f"{found.name!r} would be outside of the folder, or lead there")
        extract(self, found, path, *args, **kwargs)

    tarfile.TarFile.extract = within


def _guard_yaml() -> None:
    """Guard the names by which YAML that is loaded unsafely calls functions and creates objects."""
    try:
        kind: Any = importlib.import_module("yaml.constructor").FullConstructor
    except ImportError:  # the tests fail by themselves
        return

    def guarded(find: Any) -> Any:
        def found(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
            value = find(self, name, *args, **kwargs)
            is_known = isinstance(value, type) and (proxies.is_class(value) or standard.name_of(value) is not None)
            if not (is_known or any(name in source for source in context.SOURCES.values())):
                raise proxies.refused(f"YAML names {name}: it may only hold data and objects of the program")
            return value

        return found

    for name in ("find_python_name", "find_python_module"):
        setattr(kind, name, guarded(getattr(kind, name)))


# --- configurations of logging ----------------------------------------------------------------------------------------

_CALLED = ("()", "class")
_LOADED = ("logging.", "solution.")


def _guard_configurations() -> None:
    config: Any = importlib.import_module("logging.config")
    by_dict, by_file = config.dictConfig, config.fileConfig

    def from_dict(told: Any) -> None:
        for name in _called(told):
            if not name.startswith(_LOADED) and not evaluation.is_own(name):
                _refuse(name)
        by_dict(told)

    def from_file(file: Any, *args: Any, **kwargs: Any) -> None:
        text = file.read() if hasattr(file, "read") else ""
        if not text and isinstance(file, str):
            with open(file, encoding="utf-8") as opened:
                text = opened.read()
        if not evaluation.is_own(text):
            _refuse("a file that it evaluates")
        by_file(file if text == "" else _again(text), *args, **kwargs)

    config.dictConfig, config.fileConfig = from_dict, from_file


def _again(text: str) -> Any:
    import io

    return io.StringIO(text)


def _called(told: Any, depth: int = 8) -> Iterator[str]:
    """The callables that a configuration names."""
    if isinstance(told, dict) and depth:
        for key, value in dict.items(told):
            if key in _CALLED and isinstance(value, str):
                yield str.__str__(value)
            yield from _called(value, depth - 1)
    elif isinstance(told, list | tuple) and depth:
        for value in told:
            yield from _called(value, depth - 1)
    elif isinstance(told, str) and told.startswith("ext://"):
        yield from () if told.startswith(("ext://sys.std", "ext://logging.")) else (str.__str__(told),)


def _refuse(what: str) -> None:
    raise proxies.refused(f"a configuration names {what}")
