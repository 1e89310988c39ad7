"""In the candidate: the operations that the checker may ask for, by name (`OPERATIONS`).

Each takes the host as its first argument. Those that tests rarely need are in other modules, imported when asked for.
"""

from __future__ import annotations

import abc
import math
import operator
import os
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from ..shared import files, wire
from . import exports, joining
from .host import Host

MODULE = 0  # the number of the module `solution`


def load(host: Host, options: dict[str, Any]) -> object:
    """Run the program. Returns the names that it defines, and the values of those that are wanted."""
    if options["forward"]:
        host.streams.forward(options["forward"])
    if options.get("threads"):
        from .companions import Companions  # before the program can change the parts it is made of

        host.accompanied = Companions
    host.home = os.path.realpath(os.getcwd())
    module = types.ModuleType(options["module"])
    module.__file__ = os.path.abspath(options["file"])
    sys.modules[options["module"]] = module
    if "lent" in options:  # tests and program share a namespace
        host.imports.own = module.__dict__.get
    host.exports.put_at(MODULE, module)
    try:
        codes = joining.codes_of(module, options)
        if options.get("lent"):
            from . import borrowing

            codes = [*borrowing.bases_of(options["file"], options["lent"]), *codes]
            borrowing.lay_out(host.imports, module.__dict__, codes, options["lent"])
        for code in codes:
            exec(code, module.__dict__)
        if options.get("lent"):
            borrowing.share(host.imports, module.__dict__, options)
    except BaseException:  # it raises the same again when a test runs it
        if not options.get("late"):
            raise
        return (), {}
    names = tuple(str(name) for name in list(vars(module)) if isinstance(name, str) and not name.startswith("__"))
    shown: Any = vars(module).get("__all__")
    if type(shown) in (list, tuple) and all(type(name) is str and name in vars(module) for name in shown):
        names = tuple(name for name in shown if not name.startswith("__"))
    wanted = {name: vars(module)[name] for name in options["wanted"] if name in vars(module)}
    return names, wanted


def reload(host: Host) -> None:
    """Execute the program again, in its present module."""
    from . import rerunning

    rerunning.again(host.exports.objects[MODULE])


def script(host: Host, name: str) -> dict[str, Any]:
    """Execute the program as a module of another name."""
    from . import rerunning

    return rerunning.under_name(host.exports.objects[MODULE], name)


def derive(
    _host: Host,
    name: str,
    bases: tuple[Any, ...],
    names: dict[str, Any],
    keywords: dict[str, Any],
    abstract: tuple[str, ...],
) -> type:
    """Make a class of a test from functions that are called there. bases: positions of standard classes, or handles."""
    for each in abstract:
        names[each].__isabstractmethod__ = True
    place = names["__module__"]
    module = sys.modules.setdefault(place, types.ModuleType(place))  # annotations of a class are looked up there
    found = (base if isinstance(base, type) else _at(*base) for base in bases)
    made = types.new_class(name, tuple(found), keywords, lambda held: held.update(names))
    if "__file__" not in vars(module):
        _put(module, made.__qualname__, made)
    return made


class _Empty(abc.ABC):
    """What every abstract class has."""

    _: int


_OF_CLASSES = frozenset((*vars(_Empty), "__dict__", "__weakref__", "__slots__"))


def interface(_host: Host, kind: type) -> tuple[str, ...] | None:
    """The abstract methods of a class that has nothing else; None if it has."""
    above = [k for k in kind.__mro__ if k not in (abc.ABC, object)]
    held = [(name, value) for k in above for name, value in vars(k).items() if name not in _OF_CLASSES]
    if type(kind) is not abc.ABCMeta or not all(getattr(value, "__isabstractmethod__", False) for _, value in held):
        return None
    return tuple(name for name, _ in held)


def _put(module: Any, path: str, made: type) -> None:
    """Put a class where `pickle` looks for it: a test's module is empty here."""
    *outer, name = path.split(".")
    for each in outer:
        if each not in vars(module):
            setattr(module, each, types.SimpleNamespace())
        module = vars(module)[each]
    setattr(module, name, made)


def _at(module: str, path: str) -> Any:
    return getattr(__import__(module, fromlist=["_"]), path)


def child(host: Host, *options: Any) -> tuple[int, bytes, bytes] | None:
    """Start the program as a separate process."""
    from . import rerunning

    return rerunning.as_child(host.exports.objects[MODULE], *options)


def call(_host: Host, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function. Raises what it raises, as all operations here do."""
    return function(*args, **kwargs)


def leave(_host: Host, value: Any, kind: Any, error: Any) -> bool:
    """End a `with` block of the test with its error raised, as it was there. Returns whether to swallow the error."""
    trace = _raised(error) if isinstance(error, BaseException) else None
    try:
        return bool(type(value).__exit__(value, kind, error, trace))
    finally:
        del trace


def _raised(error: BaseException) -> types.TracebackType | None:
    """A traceback for an error of the test, because context managers that report errors print where they come from."""
    try:
        raise error
    except BaseException:  # as if it had been raised there
        return error.__traceback__


def forwarded(_host: Host, module: str, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call a standard library function that inspects an object."""
    if name not in wire.FORWARDED.get(module, ()):
        raise LookupError(f"{module}.{name} is not one of the functions that run with the program")
    if module == "inspect":
        import linecache

        linecache.checkcache()
    return getattr(__import__(module, fromlist=["_"]), name)(*args, **kwargs)


def pause(_host: Host, seconds: float) -> None:
    """Wait while the test sleeps, so that threads of the program can call back."""
    time.sleep(seconds)


def seed(_host: Host, module: str, function: str, args: tuple[Any, ...]) -> None:
    """Seed the program's generator as the test has seeded its own, or save and restore its state likewise."""
    import importlib

    getattr(importlib.import_module(module), function)(*args)


def files_in(host: Host, roots: tuple[str, ...], changes: tuple[files.Change, ...]) -> None:
    """Apply the test's changes to files in temporary folders."""
    for change in changes:
        files.make(*change, roots)
    host.known_files = files.scan(roots)


def files_out(host: Host, roots: tuple[str, ...]) -> tuple[files.Change, ...]:
    """What the program has changed in temporary folders since."""
    now = files.scan(roots)
    changes = files.told(now, host.known_files)
    host.known_files = now
    return changes


def beside_in(host: Host, changes: tuple[files.Change, ...]) -> None:
    """Apply the test's changes to files that it handed over by relative names."""
    for change in changes:
        files.put_below(host.home, *change)
    now = files.scan_below(host.home)
    for name, *_ in changes:
        host.known_beside.pop(name, None)
        if name in now:
            host.known_beside[name] = now[name]


def beside_out(host: Host) -> tuple[files.Change, ...]:
    """What the program has changed in its working folder since. Its own source is not told: it would not be taken."""
    now = files.scan_below(host.home)
    now.pop("solution.py", None)
    changes = files.told_below(host.home, now, host.known_beside)
    host.known_beside = now
    return changes


def mirror(host: Host, changes: tuple[Any, ...]) -> None:
    """Apply the test's changes to mirrored state; see `mirror.Mirrored.apply`."""
    host.mirrored.apply(changes)


def environ_out(_host: Host, names: tuple[str, ...]) -> dict[str, str | None]:
    """Environment variables that the program may have set for the test."""
    return {name: os.environ.get(name) for name in names}


def folder_out(host: Host) -> tuple[str, str]:
    """The folder in which the program was started, and its present one."""
    return host.home, os.path.realpath(os.getcwd())


def drive(_host: Host, name: str, *args: Any) -> Any:
    """Run coroutines and other awaitables on the program's own event loop; see `awaiting.py`."""
    from . import awaiting

    return awaiting.OPERATIONS[name](*args)


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operation that calls a function of Python with what it is given."""
    return lambda _host, *args: function(*args)


def _special(name: str) -> Callable[..., Any]:
    """The operation that calls a method of the class, as statements do: `with`, `async for`."""
    return lambda _host, value, *args: getattr(type(value), name)(value, *args)


# Functions of Python that stand for an operator, whose name they have.
_OF_PYTHON: tuple[Callable[..., Any], ...] = (
    *(dir, len, iter, next, reversed, str, repr, hash, bool, bytes, os.fspath, format, round, divmod, pow),
    *(int, float, complex, operator.index, math.trunc, math.floor, math.ceil),
    *(operator.getitem, operator.setitem, operator.delitem, operator.contains),
    *(operator.neg, operator.pos, operator.abs, operator.invert),
)

OPERATIONS: dict[str, Callable[..., Any]] = {
    "load": load,
    "call": call,
    "let_go": lambda host, number: host.imports.let_go(number),
    **{function.__name__: _asking(function) for function in (getattr, setattr, delattr)},
    **{
        name: _asking(getattr(operator, name))
        for name in (*wire.COMPARISONS, *wire.ARITHMETIC, *wire.IN_PLACE)
        if hasattr(operator, name)  # all but `divmod`
    },
    **{f"__{function.__name__}__": _asking(function) for function in _OF_PYTHON},
    **{name: _special(name) for name in ("__enter__", *wire.ASYNCHRONOUS)},
    "__exit__": leave,
    "__instancecheck__": lambda _host, kind, value: isinstance(value, kind),
    "__subclasscheck__": lambda _host, kind, other: issubclass(other, kind),
    "forwarded": forwarded,
    "pause": pause,
    "seed": seed,
    "mirror": mirror,
    "environ_out": environ_out,
    "folder_out": folder_out,
    "files_in": files_in,
    "files_out": files_out,
    "beside_in": beside_in,
    "beside_out": beside_out,
    "drive": drive,
    "reload": reload,
    "script": script,
    "child": child,
    "derive": derive,
    "interface": interface,
    "offered": lambda _host, kind: exports.offered_by(kind),
    "above": lambda _host, kind, value, name: getattr(super(kind, value), name),
}
