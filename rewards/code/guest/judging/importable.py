"""In the checker: make the module `solution` importable for test files, and decide which names a star import brings."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import os
import re
import sys
import types
from collections.abc import Iterable

from ..proxies import handles
from ..sources import counting
from ..sources.names import (
    JUDGES,
    MODULES,
    around_answers,
    beside_answers,
    bound_names,
    brought_by_stars,
    standard_value,
    standing_for,
    used_names,
)

_NEVER_STAR = ("pytest", "unittest", "solution", "conftest", "load_tests", "collect_ignore", "pytestmark")
_STARRED = re.compile(r"\bfrom[\s\\]+[\w.]*\bsolution[\s\\]+import[\s\\]*\*")
_HOOKS = ("test", "Test", "pytest", "setup", "teardown", "setUp", "tearDown", "_")


def _brings_other(text: str) -> bool:
    """Whether a test may get its names from a star import of something else."""
    return bool(re.search(r"^\s*from\s+(?!solution\b)\S+\s+import\s+\*", text, re.MULTILINE))


def install(names: Iterable[str], files: dict[str, ast.Module], text: str) -> types.ModuleType:
    """Let `import solution` find the proxy. A star import brings no builtins and no names that a file binds."""
    module = handles.SolutionModule("solution")
    module.__spec__ = importlib.util.spec_from_loader("solution", loader=None)
    module.__file__ = os.path.abspath("solution.py")
    sys.modules["solution"] = module
    bound: set[str] = set()
    starred = bool(_STARRED.search(text))
    for tree in files.values() if starred else ():
        bound |= bound_names(tree) - counting.names_of_program(tree)
    used = used_names(files.values()) if starred else {}
    modules = {name for name, only in used.items() if only}
    beside: set[str] = set()
    if starred and (brought := brought_by_stars(files.values()) & used.keys()):
        others = {n for n in used.keys() & set(names) if not hasattr(builtins, n)} - brought - bound
        beside = beside_answers(brought, list(files.values()), others)
    only = {n for n in used.keys() & set(names) if not (hasattr(builtins, n) or standing_for(n))} - bound
    around = around_answers(list(files.values()), only) & set(names) - bound if starred else set()
    handles.starred(module).extend(
        name
        for name in names
        if not name.startswith(_HOOKS)
        and name not in bound
        and name not in _NEVER_STAR
        and not hasattr(builtins, name)
        and not (name in sys.stdlib_module_names and (name in modules or _brings_other(text)))
        and name not in JUDGES
        and name not in beside
        and name not in around
    )
    for name in names:
        if name in used and name not in bound:
            _put_standard(module, name, name in modules, name in around)
    return module


def _put_standard(module: types.ModuleType, name: str, only_attributes: bool, around: bool) -> None:
    """Keep the standard objects that tests judge by, if a star import of the program would replace them."""
    place: tuple[str, str] | None = standing_for(name) if around else JUDGES.get(name)
    if only_attributes and (name in sys.stdlib_module_names or name in MODULES):
        place = MODULES.get(name, name), ""
    if place is None:
        return
    try:
        value = standard_value(*place)
    except (ImportError, AttributeError):
        return
    types.ModuleType.__setattr__(module, name, value)
    handles.starred(module).append(name)
