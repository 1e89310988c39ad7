"""In the checker: what a test changes around the program, and what the program changes around the test.

Sent before the next call: what tests patch (`patched.py`), modules that they make (`fake_modules.py`), and, if their
source mentions them, standard input, arguments, environment, seeds, the current folder and temporary files. Files,
output (`forwarding.py`), and environment variables that the tests only compare (`variables.py`) come the other way.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from ..transfer.link import Link
from . import beside, fake_modules, forwarding, logged, patched, variables, whereabouts
from .folders import Folders

_LONGEST_VARIABLE = 10_000
_COMMANDS = re.compile(r"subprocess|os\.system|popen")
_getcwd = os.getcwd  # tests replace it
_WATCHED = re.compile(
    r"patch|setattr|stdin|StringIO|environ|env\(|chdir|getcwd|\.cwd\(|tmp_path|tmpdir|tempfile|seed\(|state\(|sleep"
    r"|stdout|stderr|warn|log|inspect|doctest|dataclasses|get_type_hints|iscoroutinefunction|sys\.argv|sys\.modules"
    r"|copy_context|setrecursionlimit|(?:get|local|set)context"
)
_DECIMAL = re.compile(r"(?:get|local|set)context")
_PATH = re.compile(r"sys\.path|syspath_prepend|\bsys,\s*[\"']path\b")


def watch(link: Link, sources: dict[str, str], trees: Iterable[ast.Module]) -> Surroundings | None:
    """Mirror what the tests touch; None if they touch nothing."""
    text = "\n".join(sources.values())
    if _COMMANDS.search(text):
        from . import commands

        commands.watch(link, text)
    watched, matter = _WATCHED.search(text) or patched.assigns(text), beside.may_matter(text)
    if not (watched or matter):
        return None
    trees = list(trees)
    around = beside.start(text, trees) if matter else None
    if not watched and around is None:
        return None
    if watched:
        link.output = forwarding.forward_output
        forwarding.forward_inspection(link, text)
        if "getLogger" in text:
            logged.find_theirs(link)
    return Surroundings(link, text, trees, around)


def _settings_of_decimal() -> tuple[int, str, tuple[str, ...]]:
    """What a test may change of the context in which decimal numbers are computed."""
    import decimal  # rarely needed

    context = decimal.getcontext()
    return context.prec, context.rounding, tuple(signal.__name__ for signal, on in context.traps.items() if on)


class Surroundings:
    """Compares the state with what was sent last."""

    def __init__(self, link: Link, text: str, trees: Iterable[ast.Module], around: beside.Beside | None) -> None:
        self._link = link
        self._beside = around
        self._whereabouts = whereabouts.watch(link, text)
        self._text = text
        self._busy = False
        self._patched = patched.watch(text, trees)
        self._argv = self._sent_argv = list(sys.argv)
        self._stdin = sys.stdin if "stdin" in text or "StringIO" in text else None
        self._sent_stdin = self._stdin
        self._environ = dict(os.environ) if "environ" in text or "env(" in text else None
        names = set() if self._environ is None else variables.set_by_program(trees) - self._environ.keys()
        self._set_by_program = tuple(sorted(names))
        self._modules = fake_modules.watch(text, trees, link.local_modules)
        self._deepest = sys.getrecursionlimit() if "setrecursionlimit" in text else None
        self._decimal = (_settings_of_decimal(),) * 2 if _DECIMAL.search(text) else ()  # at first, and sent last
        self._cwd = _getcwd() if "chdir" in text or self._whereabouts is not None else None
        self._path, self._added = list(sys.path), list[str]()
        self._seeds: list[tuple[str, str, tuple[Any, ...]]] = []
        self._folders: Folders | None = None
        if any(word in text for word in ("tmp_path", "tmpdir", "tempfile")):
            self._folders = Folders(text)
        if self._folders is not None or around is not None:
            link.handing = self._handing
        if around is not None:
            link.hearing = self._hearing
        if "seed(" in text or "state(" in text:
            self._watch_seeds()
        if "sleep" in text:
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

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While requests of our own are made: nothing is compared for these."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def before(self) -> None:
        """Send what has changed. Called before every request."""
        if self._busy:
            return
        with self._alone():
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

    def after(self) -> None:
        """Adopt the files and variables that the program has changed."""
        if self._busy:
            return
        with self._alone():
            if self._folders is not None and self._folders.roots:
                self._folders.apply(self._link.ask("files_out", self._folders.roots))
            if self._beside is not None and not self._link.half_read:
                self._beside.apply(self._link.ask("beside_out"))
            if self._environ is not None and self._set_by_program and not self._link.half_read:
                self._take_over(self._link.ask("environ_out", self._set_by_program), self._environ)

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
        if self._patched is not None:
            yield from self._patched.changes()
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
        if self._decimal and (settings := _settings_of_decimal()) != self._decimal[-1]:
            self._decimal = (self._decimal[0], settings)
            yield "decimal", None if settings == self._decimal[0] else settings
        if self._modules is not None:
            yield from self._modules.changes()
        if self._cwd is not None:
            try:
                folder = _getcwd()
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

        if self._patched is not None:
            self._patched.replace(original, sleep)
        time.sleep = sleep  # type: ignore[assignment]
