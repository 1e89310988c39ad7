"""Files of rewards, and what they import from beside them, are imported as they are written now.

Python takes bytecode of before for a file of the same size that is written in the same second, and never looks at a
module again. A process that grades for days (a notebook, a service) would grade with what a file was, or its workers
with another than itself. The importing is Python's own, with its locks: here is one finder, which comes before Python's
for `sys.path` and knows the files that are watched.

It does not import anything (`rewards.sources` does). What a program had imported before a reward did is the program's.

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
"""Around what is said about files; nothing is imported under it."""
_SOON = 2 * 10**9  # nanoseconds: bytecode records its source's time in whole seconds, and some file systems are coarser

_NAMED: dict[str, str] = {}  # module name -> file, for files imported under a name of our own
# reward's file -> the files it depends on, each with its time and size
_STAMPS: dict[str, dict[str, tuple[int, int] | None]] = {}
_WATCHED: set[str] = set()
_ROOTS: set[str] = set()  # folders of which everything is watched
_IMPORTED: set[str] = set()  # names of the modules imported from watched files


class _Loader(SourceFileLoader):
    """Ignores bytecode made within `_SOON` of the last change of its source: it may be that of the text before."""

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
    """The folder in which a module is found by its whole name."""
    steps = name.count(".") + 1 + (os.path.basename(file) == "__init__.py")
    return os.path.join(os.sep, *file.split(os.sep)[:-steps])


def watch(file: str) -> None:
    """Import a file and what it imports from beside it as they are written, from now on. file: its real path."""
    with LOCK:
        _STAMPS[file] = {str(path): _stamp(str(path)) for path in with_local_imports(Path(file))}
        _WATCHED.update(_STAMPS[file])
        _find()


def watch_folder_of(file: str) -> None:
    """Import what lies beside a file as it is written, whatever it imports: read once, and not looked at again."""
    with LOCK:
        _ROOTS.update(map(str, roots(Path(file))))
        _find()


def _find() -> None:
    """Have the finder asked."""
    if _Finder not in sys.meta_path:
        places = [place for place, finder in enumerate(sys.meta_path) if finder is PathFinder]
        sys.meta_path.insert(places[0] if places else len(sys.meta_path), _Finder)
    importlib.invalidate_caches()  # importlib caches what is in a folder; the file may be newer


def import_file_as(file: str, name: str) -> None:
    """Watch a file, and have it imported by a name."""
    with LOCK:
        watch(file)
        _NAMED[name] = file


def forget_changed(file: str) -> list[str]:
    """Let a watched file be imported anew, with what it imports from beside it, where one of them has changed.

    Returns the files that are not imported any more; none where nothing has changed, or the file is gone.
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
    """Take a module out of those that are imported, and out of its package, where `from . import` looks first."""
    _IMPORTED.discard(name)
    _NAMED.pop(name, None)
    sys.modules.pop(name, None)
    package, _, own = name.rpartition(".")
    above = sys.modules.get(package)
    if above is not None and getattr(above, own, None) is module:
        delattr(above, own)


def _stamp(file: str) -> tuple[int, int] | None:
    """When a file was written, and its size; None = it is not there."""
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
