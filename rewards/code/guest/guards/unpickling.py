"""In the checker: bytes that a test unpickles. A pickle is code, so the program runs any that is not the test's own.

Pickles that the test made itself (`pickle.loads(pickle.dumps(solve(3)))`) are its own. All others
(`pickle.loads(save(x))`) are loaded in the program's process, and the result crosses like any answer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from ..proxies import proxies
from ..sources import context
from . import evaluation

_MENTIONED = re.compile(rb"\b(?:pickle|cPickle|_pickle|allow_pickle|shelve)\b")


def guard(tests: bytes) -> None:
    """Replace the functions of `pickle` for the tests if they mention it."""
    if not _MENTIONED.search(tests):
        return
    import pickle

    _guard_functions(pickle)
    _guard_unpickler(pickle)


def _guard_functions(pickle: Any) -> None:
    import hashlib
    import pickletools

    own: set[bytes] = set()
    make: Callable[..., bytes] = pickle.dumps
    read: Callable[..., Any] = pickle.loads

    def known(data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=16).digest()

    def dumps(*args: Any, **options: Any) -> bytes:
        made = make(*args, **options)
        own.add(known(made))
        return made

    def dump(value: Any, file: Any, *args: Any, **options: Any) -> None:
        file.write(dumps(value, *args, **options))

    def unpickled(data: bytes, options: dict[str, Any]) -> Any:
        if known(data) in own:
            return read(data, **options)
        return proxies.ask("forwarded", "pickle", "loads", data, **options)

    def loads(data: Any, /, **options: Any) -> Any:
        if not (context.is_test(sys._getframe(1)) or evaluation.is_asked(sys._getframe(1))):
            return read(data, **options)
        return unpickled(bytes(memoryview(data)), options)

    def load(file: Any, /, **options: Any) -> Any:
        caller = sys._getframe(1)
        if "/numpy/" in caller.f_code.co_filename:  # np.load of a file that the program may have written
            return pickle.Unpickler(file, **options).load()
        if evaluation.is_asked(caller):
            return unpickled(bytes(memoryview(file.read())), options)
        if not context.is_test(caller):
            return original_load(file, **options)
        start = file.tell()
        for _ in pickletools.genops(file):  # leaves the file position after the first pickle
            continue
        size = file.tell() - start
        file.seek(start)
        return unpickled(file.read(size), options)

    original_load = pickle.load
    pickle.dumps, pickle.dump, pickle.loads, pickle.load = dumps, dump, loads, load


def _guard_unpickler(pickle: Any) -> None:
    """Guard the class `Unpickler`, whose input is unknown: it may only load what a test's own subclass allows."""

    class Unpickler(pickle.Unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str, /) -> Any:
            if (module, name) in _OF_ARRAYS:
                return super().find_class(module, name)
            if module in ("__main__", "builtins", "test") or module in proxies.the_link().local_modules:
                found = super().find_class(module, name)
                if isinstance(found, type) and issubclass(found, _BUILTIN):
                    return found
            raise proxies.refused(f"a pickle names {module}.{name}: it may only hold plain data")

    Unpickler.__qualname__, Unpickler.__module__ = "Unpickler", "pickle"
    pickle.Unpickler = Unpickler


_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy._core.numeric")
_OF_ARRAYS = frozenset(
    (
        *(("numpy", "ndarray"), ("numpy", "dtype")),
        *((module, name) for module in _ARRAY_MODULES for name in ("_reconstruct", "scalar", "_frombuffer")),
    )
)
_BUILTIN = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, BaseException)
