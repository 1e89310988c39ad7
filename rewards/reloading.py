"""Reload reward files and their local imports when they change on disk.

Python imports a module once, and reuses stale bytecode for a file of equal size that was written in the same second. A
process that grades for days (a notebook, a service) would use an old version of a file, or another one than its
workers. Imports still use Python's own machinery and locks: this module adds a finder for watched files in front of
Python's finder for `sys.path`.

Nothing is imported here (`rewards.sources` does that). Modules that the program imported before a reward did are left
alone.

Example:
    import_file_as("/home/me/my_rewards.py", "_rewards_file_0_my_rewards")
    importlib.import_module("_rewards_file_0_my_rewards")
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from rewards.local_imports import roots, with_local_imports

LOCK = threading.RLock()
"""Guards the state of this module; nothing is imported while it is held."""
_SOON = 2 * 10**9  # nanoseconds: bytecode records source times in whole seconds, and some file systems are coarser

_NAMED: dict[str, str] = {}  # module name -> file, for files imported under a name of our own
# reward's file -> the files it depends on, each with its time and size
_STAMPS: dict[str, dict[str, tuple[int, int] | None]] = {}
_WATCHED: set[str] = set()
_ROOTS: set[str] = set()  # folders that are watched entirely
_IMPORTED: set[str] = set()  # names of the modules imported from watched files


class _Loader(SourceFileLoader):
    """Ignores bytecode made within `_SOON` of the last change of its source, since it may be stale."""

    def get_code(self, fullname: str) -> CodeType | None:
        try:
            made = os.stat(cache_from_source(self.path)).st_mtime_ns
        except (OSError, NotImplementedError, ValueError):
            made = time.time_ns()
        held = os.stat(self.path)
        if made - max(held.st_mtime_ns, held.st_ctime_ns) > _SOON:
            return super().get_code(fullname)
        return self.source_to_code(self.get_data(self.path), self.path)


class _Finder:
    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in _NAMED:
            spec = spec_from_file_location(name, _NAMED[name], loader=_Loader(name, _NAMED[name]))
        else:
            spec = PathFinder.find_spec(name, path, target)
        loader = spec.loader if spec is not None else None
        if spec is not None and isinstance(loader, SourceFileLoader):
            file = os.path.realpath(loader.path)
            if file in _WATCHED or (_ROOTS and _root(name, file) in _ROOTS):
                spec.loader = _Loader(name, loader.path)
                _IMPORTED.add(name)
        return spec


def _root(name: str, file: str) -> str:
    """The `sys.path` entry below which a module is found by its full name."""
    steps = name.count(".") + 1 + (os.path.basename(file) == "__init__.py")
    return os.path.join(os.sep, *file.split(os.sep)[:-steps])


def watch(file: str) -> None:
    """Watch a file and its local imports from now on. file: a real path."""
    with LOCK:
        _STAMPS[file] = {str(path): _stamp(str(path)) for path in with_local_imports(Path(file))}
        _WATCHED.update(_STAMPS[file])
        _find()


def watch_folder_of(file: str) -> None:
    """Watch all modules below a file's import roots. Determined once, without following imports."""
    with LOCK:
        _ROOTS.update(map(str, roots(Path(file))))
        _find()


def _find() -> None:
    """Install the finder, and drop importlib's caches of folders."""
    if _Finder not in sys.meta_path:
        places = [place for place, finder in enumerate(sys.meta_path) if finder is PathFinder]
        sys.meta_path.insert(places[0] if places else len(sys.meta_path), _Finder)
    importlib.invalidate_caches()  # importlib caches what is in a folder; the file may be newer


def import_file_as(file: str, name: str) -> None:
    """Watch a file, and import it under a given module name."""
    with LOCK:
        watch(file)
        _NAMED[name] = file


def forget_changed(file: str) -> list[str]:
    """Forget the modules of a watched file and its local imports if one of them has changed, so that they are reloaded.

    Returns the forgotten files; empty if nothing has changed, or the file is gone.
    """
    with LOCK:
        stamps = _STAMPS.get(file)
        if stamps is None or not os.path.isfile(file) or all(_stamp(path) == held for path, held in stamps.items()):
            return []
        del _STAMPS[file]
        for name, module in [(name, sys.modules[name]) for name in _IMPORTED & {*sys.modules}]:
            if os.path.realpath(getattr(module, "__file__", None) or "") in stamps:
                _forget(name, module)
        return [*stamps]


def _forget(name: str, module: ModuleType) -> None:
    """Remove a module from `sys.modules` and from its package, where `from . import` looks first."""
    _IMPORTED.discard(name)
    _NAMED.pop(name, None)
    sys.modules.pop(name, None)
    package, _, own = name.rpartition(".")
    above = sys.modules.get(package)
    if above is not None and getattr(above, own, None) is module:
        delattr(above, own)


def _stamp(file: str) -> tuple[int, int] | None:
    """Modification time and size of a file; None = it does not exist."""
    try:
        held = os.stat(file)
    except OSError:
        return None
    return held.st_mtime_ns, held.st_size


def _new_lock_in_child() -> None:
    global LOCK
    LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock_in_child)
