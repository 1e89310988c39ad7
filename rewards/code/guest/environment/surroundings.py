"""In the checker: what a test changes around the program, and what the program changes around the test.

Interpreter state that tests patch is sent before the next call: a fixed list (`sys.stdin`, `builtins.input`,
`time.sleep`, ...), and what the test's source names in `patch("...")` or `setattr(module, "...", ...)`. The
environment, seeds, the current folder and temporary files are sent if the test's source mentions them. Files, output,
and environment variables that the tests only compare (`variables.py`) come the other way.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..proxies import proxies
from ..shared import standard, wire
from ..sources import shapes
from ..transfer.link import Link
from . import beside, fake_modules, logged, variables, whereabouts
from .folders import Folders

_LISTED = (
    *(("builtins", name) for name in ("input", "print", "open")),
    *(("time", name) for name in ("time", "sleep", "monotonic", "perf_counter", "time_ns", "localtime", "strftime")),
    *(
        ("random", name)
        for name in ("random", "randint", "choice", "choices", "uniform", "shuffle", "sample", "randrange")
    ),
    *(("sys", name) for name in ("exit", "platform", "maxsize")),
    *(("os", name) for name in ("getenv", "getcwd", "listdir", "remove", "system", "getpid")),
    *(("os.path", name) for name in ("exists", "isfile", "isdir", "getsize")),
)
_OF_THEIR_OWN = [["sys", name] for name in ("argv", "stdin", "stdout", "stderr")] + [["os", "environ"]]
_LONGEST_VARIABLE = 10_000
_COMMANDS = re.compile(r"subprocess|os\.system|popen")
# `sys.argv = [...]`, `time.time = fake`: patched by plain assignment.
_ASSIGNED = re.compile(
    r"\b(?:sys|os|time|datetime|dt|random|builtins|shutil|socket|uuid|secrets|getpass|platform|calendar|locale|json|urllib"
    r"|tempfile|subprocess)\.(?!environ)\w[\w.]*\s*=[^=]"
)
_WATCHED = re.compile(
    r"patch|setattr|stdin|StringIO|environ|env\(|chdir|getcwd|\.cwd\(|tmp_path|tmpdir|tempfile|seed\(|state\(|sleep"
    r"|stdout|stderr|warn|log|inspect|doctest|dataclasses|get_type_hints|iscoroutinefunction|sys\.argv|sys\.modules"
    r"|copy_context|setrecursionlimit"
)
_PATH = re.compile(r"sys\.path|syspath_prepend|\bsys,\s*[\"']path\b")
_INSPECTING = ("inspect", "dataclasses", "typing", "asyncio", "doctest")  # those of `wire.FORWARDED` that tests call


def watch(link: Link, sources: dict[str, str], trees: Iterable[ast.Module]) -> Surroundings | None:
    """Mirror what the tests touch; None if they touch nothing."""
    text = "\n".join(sources.values())
    if _COMMANDS.search(text):
        from . import commands

        commands.watch(link, text)
    watched, matter = _WATCHED.search(text) or _ASSIGNED.search(text), beside.may_matter(text)
    if not (watched or matter):
        return None
    trees = list(trees)
    around = beside.start(text, trees) if matter else None
    if not watched:
        if around is None:
            return None
    else:
        link.output = forward_output
        forward_inspection(link, text)
        if "getLogger" in text:
            logged.find_theirs(link)
    return Surroundings(link, sources, trees, around)


class Surroundings:
    """Compares the state with what was sent last."""

    def __init__(
        self, link: Link, sources: dict[str, str], trees: Iterable[ast.Module], around: beside.Beside | None
    ) -> None:
        self._link = link
        self._beside = around
        self._whereabouts = whereabouts.watch(link, "\n".join(sources.values()))
        self._text = "\n".join(sources.values())
        self._busy = False
        self._patched: list[tuple[str, str, Any, Any]] = []  # module, name, original, last sent
        if "patch" in self._text or "setattr" in self._text or _ASSIGNED.search(self._text):
            for module, name in dict.fromkeys((*_LISTED, *_named(trees))):
                found, value = _value(module, name)
                if found:
                    self._patched.append((module, name, value, value))
        self._argv = self._sent_argv = list(sys.argv)
        self._stdin = sys.stdin if "stdin" in self._text or "StringIO" in self._text else None
        self._sent_stdin = self._stdin
        self._environ = dict(os.environ) if "environ" in self._text or "env(" in self._text else None
        names = set() if self._environ is None else variables.set_by_program(trees) - self._environ.keys()
        self._set_by_program = tuple(sorted(names))
        self._modules = fake_modules.watch(self._text, trees, link.local_modules)
        self._deepest = sys.getrecursionlimit() if "setrecursionlimit" in self._text else None
        self._cwd = os.getcwd() if "chdir" in self._text or self._whereabouts is not None else None
        self._path, self._added = list(sys.path), list[str]()
        self._seeds: list[tuple[str, str, tuple[Any, ...]]] = []
        self._folders: Folders | None = None
        if any(word in self._text for word in ("tmp_path", "tmpdir", "tempfile")):
            self._folders = Folders(self._text)
        if self._folders is not None or around is not None:
            link.handing = self._handing
        if around is not None:
            link.hearing = self._hearing
        if "seed(" in self._text or "state(" in self._text:
            self._watch_seeds()
        if "sleep" in self._text:
            self._watch_sleep()
        link.before = self.before
        takes_over = self._folders is not None or around is not None or self._set_by_program
        link.after = self.after if takes_over else None

    @property
    def folders(self) -> Folders | None:
        """The temporary folders; None if the tests mention none."""
        return self._folders

    def _handing(self, values: Any) -> None:
        if self._busy:
            return
        if self._folders is not None:
            self._folders.hand(values)
        if self._beside is not None:
            self._beside.hand(values)

    def _hearing(self, raw: bytes) -> None:
        if self._beside is not None and not self._busy:
            self._beside.heard(raw)

    def before(self) -> None:
        """Send what has changed. Called before every request."""
        if self._busy:
            return
        self._busy = True
        try:
            changes = tuple(self._changes())
            added = self._added_to_path()
            if self._folders is not None:
                self._folders.hand((*changes, *added))
            if changes and self._beside is not None:
                self._beside.hand(changes)
            if changes:
                self._link.ask("mirror", changes)
            for seed in self._seeds:
                self._link.ask("seed", *seed)
            self._seeds.clear()
            if self._folders is not None and (files := self._folders.changed()):
                self._link.ask("files_in", self._folders.roots, files)
            if added != self._added:  # after their files: an import remembers which folders lack a module
                self._added = added
                self._link.ask("mirror", (("path", added),))
            if self._beside is not None and (files := self._beside.changed()):
                self._link.ask("beside_in", files)
        finally:
            self._busy = False

    def after(self) -> None:
        """Adopt the files and variables that the program has changed."""
        if self._busy:
            return
        self._busy = True
        try:
            if self._folders is not None and self._folders.roots:
                self._folders.apply(self._link.ask("files_out", self._folders.roots))
            if self._beside is not None and not self._link.half_read:
                self._beside.apply(self._link.ask("beside_out"))
            if self._environ is not None and self._set_by_program and not self._link.half_read:
                self._take_over(self._link.ask("environ_out", self._set_by_program), self._environ)
        finally:
            self._busy = False

    def _take_over(self, told: Any, sent: dict[str, str]) -> None:
        for name, value in told.items() if type(told) is dict else ():
            if name not in self._set_by_program:
                continue
            if value is None:
                os.environ.pop(name, None)
                sent.pop(name, None)
            elif type(value) is str and "\0" not in value and len(value) <= _LONGEST_VARIABLE:
                os.environ[name] = sent[name] = value

    def _changes(self) -> Iterator[tuple[Any, ...]]:
        for at, (module, name, original, last) in enumerate(self._patched):
            _, value = _value(module, name)
            if value is not last:
                self._patched[at] = (module, name, original, value)
                yield ("restore", module, name) if value is original else ("set", module, name, value)
        if sys.argv != self._sent_argv:
            self._sent_argv = list(sys.argv)
            was = self._sent_argv == self._argv
            yield ("restore", "sys", "argv") if was else ("set", "sys", "argv", list(sys.argv))
        if self._stdin is not None and sys.stdin is not self._sent_stdin:
            self._sent_stdin = sys.stdin
            yield ("restore", "sys", "stdin") if sys.stdin is self._stdin else ("stdin",)
        if self._environ is not None:
            now = dict(os.environ)
            if now != self._environ:
                names = {n for n in (*now, *self._environ) if now.get(n) != self._environ.get(n)}
                self._environ = now
                yield ("environ", {n: now.get(n) for n in names})
        if self._deepest is not None and (limit := sys.getrecursionlimit()) != self._deepest:
            self._deepest = limit
            yield "set_recursion", limit
        if self._modules is not None:
            yield from self._modules.changes()
        if self._cwd is not None:
            try:
                folder = os.getcwd()
            except OSError:
                folder = self._cwd
            moved = self._whereabouts is not None and self._whereabouts.moved
            if folder != self._cwd or moved:
                self._cwd = folder
                yield ("cwd", folder)
            if self._whereabouts is not None:
                self._whereabouts.moved = False

    def _added_to_path(self) -> list[str]:
        """Temporary folders that a test has added to `sys.path`, where the program is to find modules of the test."""
        if self._folders is None or not _PATH.search(self._text):
            return []
        added = (path for path in sys.path if isinstance(path, str) and path not in self._path)
        roots = self._folders.roots
        return [p for p in added if any(f"{os.path.realpath(p)}/".startswith(f"{root}/") for root in roots)]

    def _watch_seeds(self) -> None:
        import random

        self._seeds_of(random, "getstate", "setstate")
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            self._seeds_of(numpy.random, "get_state", "set_state")

    def _seeds_of(self, holder: Any, get: str, put: str) -> None:
        """Mirror it when a test seeds a generator, or saves its state to get the same numbers again."""
        seeding, getting, putting = holder.seed, getattr(holder, get), getattr(holder, put)

        def seed(*args: Any, **kwargs: Any) -> Any:
            self._seeds.append((holder.__name__, "seed", (*args, *kwargs.values())))
            return seeding(*args, **kwargs)

        def get_state(*args: Any, **kwargs: Any) -> Any:
            state = getting(*args, **kwargs)
            self._seeds.append((holder.__name__, put, (state,)))
            return state

        def set_state(state: Any) -> None:
            putting(state)
            self._seeds.append((holder.__name__, put, (state,)))

        holder.seed = seed
        setattr(holder, get, get_state)
        setattr(holder, put, set_state)

    def _watch_sleep(self) -> None:
        """While a test sleeps, the program's threads may call back."""
        original, link = time.sleep, self._link

        def sleep(seconds: float) -> None:
            until = time.monotonic() + seconds
            if not link.lost and link.answered and not self._busy:
                link.ask("pause", float(seconds))
            original(max(0.0, until - time.monotonic()))

        for at, (module, name, value, _) in enumerate(self._patched):
            if value is original:
                self._patched[at] = (module, name, sleep, sleep)
        time.sleep = sleep  # type: ignore[assignment]


def _value(module: str, path: str) -> tuple[bool, Any]:
    target: Any = sys.modules.get(module)
    if target is None:
        return False, None
    for part in path.split("."):
        holder = vars(target) if isinstance(target, type) else {}
        target = holder[part] if part in holder else getattr(target, part, _value)
        if target is _value:
            return False, None
    return True, target


def _named(trees: Iterable[ast.Module]) -> Iterator[tuple[str, str]]:
    """Standard library objects that a source names as targets of patches, also by a name that the program has."""
    for tree in trees:
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    modules[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _split(node.value)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and (path := shapes.text(node)):
                first, _, rest = path.partition(".")
                if first in modules:
                    yield from _split(f"{modules[first]}.{rest}")
            elif isinstance(node, ast.Call) and len(node.args) >= 2:
                target, name = node.args[0], node.args[1]
                path = shapes.text(target)
                if path and isinstance(name, ast.Constant) and isinstance(name.value, str):
                    first, _, rest = path.partition(".")
                    if first in modules:
                        yield from _split(".".join(part for part in (modules[first], rest, name.value) if part))


def _split(text: str) -> Iterator[tuple[str, str]]:
    parts = text.split(".")
    if parts[0] == "solution" and len(parts) > 2 and (kind := standard.type_called(parts[1])) is not None:
        yield kind.__module__, ".".join((kind.__qualname__, *parts[2:]))
        return
    if parts[0] == "solution" and len(parts) > 3:  # `solution.pathlib.Path.exists`
        del parts[0]
    if len(parts) < 2 or len(parts) > 5 or not all(part.isidentifier() for part in parts):
        return
    if parts[0] not in sys.stdlib_module_names or parts[:2] in _OF_THEIR_OWN:
        return
    for at in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:at])
        try:
            importlib.import_module(module)
        except Exception:  # no such module, or one that cannot be imported here
            continue
        yield module, ".".join(parts[at:])
        return


def _write(stream: Any, text: str) -> None:
    """Write output. Bytes that are not text arrive as surrogates; a stream that takes bytes gets the bytes."""
    if text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text):
        stream.write(text)
        return
    raw = text.encode("utf-8", "surrogateescape")
    if (under := getattr(stream, "buffer", None)) is not None:
        stream.flush()
        under.write(raw)
    else:
        stream.write(raw.decode("utf-8", "replace"))


def forward_output(stream: str, text: str) -> None:
    """Repeat here, in order, what the program wrote, warned or logged."""
    if stream == "stdout":
        if sys.stdout is not sys.__stdout__:
            _write(sys.stdout, text)
    elif stream == "stderr":
        if sys.stderr is not sys.__stderr__:
            _write(sys.stderr, text)
    elif stream == "warning":
        logged.warn(text)
    elif stream == "log":
        logged.log(text)


def forward_inspection(link: Link, text: str) -> None:
    """Let standard library functions that inspect an object run in the program's process if the object is its own."""
    for module in _INSPECTING:
        if module not in text:
            continue
        loaded = importlib.import_module(module)
        for name in wire.FORWARDED[module]:
            setattr(loaded, name, _forwarding(link, module, name, getattr(loaded, name)))
    _forward_contexts(link, text)


def _forwarding(link: Link, module: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if args and proxies.is_proxy(args[0]):
            if name == "signature" and type(wrapped := getattr(args[0], "__wrapped__", None)) is types.FunctionType:
                return original(wrapped, **kwargs)  # a function of the test, in a wrapper of the program
            return link.ask("forwarded", module, name, *args, **kwargs)
        return original(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function


def _forward_contexts(link: Link, text: str) -> None:
    """A copy of the context is one of the program's, where the tests have no variables of their own in theirs."""
    if "copy_context" in text and "ContextVar(" not in text:
        import contextvars

        contextvars.copy_context = lambda: link.ask("forwarded", "contextvars", "copy_context")
