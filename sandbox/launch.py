"""Start zygotes and hand out their slots: one zygote for each set of preloaded modules, slots on demand.

Each slot of a zygote has its own user id. When a zygote's user ids are all in use, another zygote is started beside it.

A zygote gets a clean environment: nothing of the caller's reaches it. It runs as root if this process is root and is
allowed to, else in a user namespace.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import errno
import fcntl
import functools
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sandbox import cgroups
from sandbox.errors import SandboxUnavailable, refused
from sandbox.machine import (
    USERS_OF_A_ZYGOTE,
    Way,
    advice,
    exposed,
    interpreter_folders,
    package_folders,
    problem_data,
    ways,
)
from sandbox.runs import Slot, SlotLost, hang_up
from sandbox.tasks import Background, given_by
from sandbox.types import ENVIRONMENT
from sandbox.zygote import wire

_HOME = Path(__file__).resolve().parent
_START_SECONDS, _END_SECONDS, _RUN_END_SECONDS = 60.0, 10.0, 2.0
_NO_MODULE = "a module to preload"
# The zygote's folder as a package of its own; through sys.path, `sandbox/types.py` would hide Python's `types`.
_PROGRAM = """
import sys
package = type(sys)("zygote")
package.__path__ = [sys.argv.pop(1)]
sys.modules["zygote"] = package
from zygote.keeper import main
main()
"""
_ENVIRONMENT = {**ENVIRONMENT, "HOME": "/box/work", "USER": "runner", "LOGNAME": "runner"}
# LD_BIND_NOW: symbols are resolved once, before the forks. MALLOC_ARENA_MAX: threads that a module starts while it is
# imported get no heap of their own, which every fork would copy.
_OF_THE_LOADER = {"LD_BIND_NOW": "1", "MALLOC_ARENA_MAX": "1"}


class Launcher:
    """Hands out slots. most_slots: the most that one zygote may have, which bounds its range of user ids."""

    def __init__(
        self,
        *,
        guests: Mapping[str, Path],
        expose: Sequence[Path],
        most_slots: int,
        privileged: bool | None,
        user_block: int | None = None,
    ) -> None:
        self._user_block = user_block
        self._guests = {name: str(Path(folder).resolve()) for name, folder in guests.items()}
        self._shown = interpreter_folders() + exposed(expose)
        self._most_slots = most_slots
        self._privileged = privileged
        # By (modules, index): when one zygote's users are all in use, the next index is started
        self._zygotes: dict[tuple[tuple[str, ...], int], asyncio.Task[Zygote]] = {}
        self._retiring = Background()
        self._closed = False

    async def slot(self, preload: tuple[str, ...]) -> Slot:
        """A free slot of a zygote that has these modules loaded. Raises SandboxUnavailable."""
        lost = index = 0
        while lost < 2:
            zygote = await self._living(preload, index)
            try:
                return zygote.slot()
            except SlotLost:  # it died after it was looked up: start another
                lost += 1
            except NoUserLeft:
                index += 1
        raise SandboxUnavailable("the zygote dies as soon as it has started")

    async def _living(self, preload: tuple[str, ...], index: int) -> Zygote:
        """The zygote of that index with these modules, started if there is none. Raises SandboxUnavailable."""
        self._check_open()
        which = preload, index
        task = self._zygotes.get(which)
        if task is not None and task.done():
            if (zygote := given_by(task)) is not None and zygote.alive:
                return zygote
            self._retire(self._zygotes.pop(which))
        if which not in self._zygotes:
            self._zygotes[which] = asyncio.create_task(self._start(preload))
        task = self._zygotes[which]
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                self._check_open()
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxUnavailable("this sandbox is closed")

    async def close(self) -> None:
        """End all zygotes, including those that are still starting, and wait until nothing of them is left."""
        self._closed = True
        for zygote in self._zygotes.values():
            self._retire(zygote)
        self._zygotes.clear()
        ending = self._retiring.at_work()
        await self._retiring.wait()
        for task in ending:
            task.result()

    def abandon(self, process: int) -> None:
        """End all zygotes without waiting, because no event loop is left to wait in. May be called in any thread."""
        self._closed = True
        if process != os.getpid():  # in a forked child: the zygotes are the parent's
            return
        for task in list(self._zygotes.values()):
            if (zygote := given_by(task)) is not None:
                zygote.abandon()
                # Not `threading`, whose locks the code that a finalizer interrupts may hold
                _thread.start_new_thread(zygote.bury, ())

    def _retire(self, task: asyncio.Task[Zygote]) -> None:
        """End a zygote in the background, so that callers waiting for another one do not wait for its end."""

        async def end() -> None:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if (zygote := given_by(task)) is not None:
                await zygote.close()

        if not task.done() or given_by(task) is not None:
            self._retiring.start(end())

    async def _start(self, preload: tuple[str, ...]) -> Zygote:
        for folder in self._guests.values():
            await asyncio.to_thread(_compile, folder)
        causes: list[str] = []
        with _numbers.one() as number:
            found, why_none = ways(number, self._privileged, self._user_block)
            for way in found:
                try:
                    zygote = Zygote(
                        preload=preload,
                        guests=self._guests,
                        shown=self._shown,
                        way=way,
                        most_slots=self._most_slots,
                    )
                except OSError as error:
                    raise refused("a zygote could not be started", error) from error
                try:
                    cause = await zygote.ready()
                except BaseException:  # cancelled as well: a zygote that half started is ended
                    await zygote.close()
                    raise
                if not cause:
                    zygote.when_closed = _numbers.hold(number)
                    return zygote
                await zygote.close()
                if cause.startswith(_NO_MODULE):
                    raise SandboxUnavailable(cause)
                causes.append(cause)
        raise SandboxUnavailable(f"programs cannot be isolated here: {'; '.join(causes) or why_none}. {advice()}")


class Numbers:
    """Hands out small unique numbers: each zygote of this process has one, and with it its own range of user ids."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[int]:
        """The lowest free number, held until this exits, and beyond that if `hold` was called."""
        number = next(n for n in itertools.count() if n not in self._held)
        release = self.hold(number)
        try:
            yield number
        finally:
            release()

    def hold(self, number: int) -> Callable[[], None]:
        """Keep the number until the returned function is called."""
        self._held[number] = self._held.get(number, 0) + 1

        def release() -> None:
            self._held[number] -= 1
            if not self._held[number]:
                del self._held[number]

        return release


_numbers = Numbers()


class NoUserLeft(Exception):
    """A zygote already has as many slots as it has user ids."""


class Zygote:
    """One keeper process with its zygote, and the slots that were forked from it.

    when_closed: called once nothing of it is left.
    """

    def __init__(
        self,
        *,
        preload: tuple[str, ...],
        guests: Mapping[str, str],
        shown: Sequence[str],
        way: Way,
        most_slots: int,
    ) -> None:
        """Start it. If this raises OSError, nothing is left behind."""
        self.when_closed: Callable[[], None] = _nothing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free: list[Slot] = []
        self._slots: dict[int, Slot] = {}
        self._cgroups: cgroups.Cgroups | None = None
        # Without user ids of its own, each run gets a user namespace
        self._most_slots = USERS_OF_A_ZYGOTE if way.uid >= 0 else sys.maxsize
        self.alive = True
        name = cgroups.new_name()
        config = {
            **_surroundings(preload, guests, shown),
            "uid": way.uid,
            "users": min(USERS_OF_A_ZYGOTE, most_slots + 8),
            "maps": way.maps,
            "cgroups": cgroups.candidates(name),
        }
        start = [sys.executable, "-S", "-s", "-P", "-c", _PROGRAM]  # -S: `slots.py` does what of `site` is wanted
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.callback(self._control.close)
            given.callback(theirs.close)
            self._control.setblocking(False)
            # Duplicated to numbers above 2: where this process has closed its standard streams, these could have their
            # numbers, which are the keeper's own streams.
            kept = [_high(given, theirs.fileno()), _high(given, _kept(given, os.pidfd_open(os.getpid())))]
            # Pipes, as a run's are: programs inherit the stream objects that Python makes here at start, when it
            # decides whether a stream can seek.
            streams = [[_kept(given, end) for end in os.pipe2(os.O_CLOEXEC)] for _ in range(3)]
            self._errors = fcntl.fcntl(streams[2][0], fcntl.F_DUPFD_CLOEXEC, 0)
            undo.callback(os.close, self._errors)
            self._keeper = subprocess.Popen(
                [*start, str(_HOME / "zygote"), *map(str, kept), json.dumps(config)],
                stdin=streams[0][0],
                stdout=streams[1][1],
                stderr=streams[2][1],
                env={**_ENVIRONMENT, **_OF_THE_LOADER},
                cwd="/",
                pass_fds=kept,
                start_new_session=True,
            )
            undo.callback(self._keeper.wait)
            undo.callback(self._keeper.kill)
            # Made only once the keeper runs: it removes them, even if this process is killed now.
            self._cgroups = cgroups.make(name)
            undo.callback(lambda: self._cgroups and self._cgroups.remove())
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the keeper has died: `ready` says why
                wire.send(self._control, {"cgroups": self._cgroups is not None}, [])
            undo.pop_all()
        self.isolation = "namespaces" + ("" if self._cgroups else " (memory per process only)")

    async def ready(self) -> str:
        """Wait until it can fork slots. Returns the reason why it cannot, or "" if it can."""
        loop = self._loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()

        def hear() -> None:
            loop.remove_reader(self._control)
            if not heard.done():
                heard.set_result(None)

        loop.add_reader(self._control, hear)
        try:
            await asyncio.wait_for(heard, _START_SECONDS)
        except TimeoutError:
            return f"the zygote was not ready within {_START_SECONDS:g} s"
        finally:
            loop.remove_reader(self._control)
        received = wire.hear(self._control)
        if received is None:
            return f"the zygote ended while it started: {self._last_words() or 'it said nothing'}"
        return str(received.get("failed", ""))

    def slot(self) -> Slot:
        """A free slot, or a new one.

        Raises:
            NoUserLeft: every user id has a slot, and all slots are busy.
            SlotLost: the zygote has died.
            SandboxUnavailable: this process has no descriptors left for it.
        """
        while self._free:
            slot = self._free.pop()
            if slot.alive:
                return slot
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            number = self._number()
            if number >= self._most_slots:
                raise NoUserLeft
            try:
                group = self._cgroups.slot(number) if self._cgroups else None
                if group is not None:
                    undo.callback(group.close)
                entered = [
                    _kept(given, os.open(path, os.O_WRONLY | os.O_CLOEXEC)) for path in (group.procs if group else [])
                ]
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                undo.callback(ours.close)
                given.callback(theirs.close)
                wire.send(self._control, {"slot": number}, [theirs.fileno(), *entered])
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                    raise refused("a slot could not be made", error) from error
                self.abandon()
                raise SlotLost(f"its zygote or its cgroup is gone: {error}") from error
            undo.pop_all()
        slot = Slot(ours, group, self.isolation, self._free.append, functools.partial(self._lose, number))
        self._slots[number] = slot
        return slot

    def abandon(self, stuck: bool = False) -> None:
        """Make it end, with everything that a dead slot left running. stuck: it may not respond, so kill its keeper."""
        if self.alive:
            self.alive = False
            hang_up(self._control)
        if stuck:
            self._keeper.kill()  # the zygote dies with its parent

    def _lose(self, number: int, stuck: bool, over: Callable[[], None]) -> None:
        """A slot died on its own, and its run with it: `over` is called once nothing of the run is left.

        If that cannot be observed, or does not happen, the whole zygote is ended; otherwise other slots are unaffected.
        """
        limit = time.monotonic() + _RUN_END_SECONDS
        loop = asyncio.get_running_loop()

        def look() -> None:
            gone = self._cgroups is not None and not stuck and self._cgroups.remove_slot(number)
            if not gone and self._cgroups is not None and not stuck and self.alive and time.monotonic() < limit:
                loop.call_later(0.005, look)
                return
            if not gone:
                self.abandon(stuck)
            over()

        look()

    def _number(self) -> int:
        """The lowest unused slot number. The number of a discarded slot is free again once its cgroup is empty."""
        number = 0
        while (held := self._slots.get(number)) is not None:
            if not held.alive and (self._cgroups is None or self._cgroups.remove_slot(number)):
                break
            number += 1
        return number

    def _last_words(self) -> str:
        os.set_blocking(self._errors, False)
        with contextlib.suppress(BlockingIOError):
            return os.read(self._errors, 1 << 16).decode(errors="replace")[-2000:]
        return ""

    async def close(self) -> None:
        """End it and wait for its keeper, which removes the cgroups; if the keeper cannot, they are removed here."""
        self.abandon()
        for slot in self._slots.values():
            slot.discard()
        try:
            await asyncio.to_thread(self.bury)
        except RuntimeError:  # this process may start no more threads: better to wait here than to leave it
            self.bury()

    def bury(self) -> None:
        """Wait until nothing is left of what `abandon` ended. Blocks; may be called repeatedly and in any thread."""
        try:
            self._keeper.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        _wait_until(lambda: self._cgroups is None or self._cgroups.remove())
        slots, loop = list(self._slots.values()), self._loop
        # A running event loop notices that slots end and discards them; for a closed loop that is done here.
        _wait_until(lambda: loop is None or loop.is_closed() or not any(slot.alive for slot in slots))
        if loop is not None and loop.is_closed():
            for slot in slots:
                slot.discard()
        errors, self._errors = self._errors, -1
        if errors >= 0:
            os.close(errors)
        then, self.when_closed = self.when_closed, _nothing
        then()


def _surroundings(preload: Sequence[str], guests: Mapping[str, str], shown: Sequence[str]) -> dict[str, object]:
    """What the programs of a zygote find: modules, files, environment."""
    return {
        "preload": preload,
        "guests": guests,
        "shown": shown,
        "emptied": problem_data(),
        "environment": _ENVIRONMENT,
        "prefixes": [sys.prefix, sys.exec_prefix],
        "packages": package_folders(),
    }


def _wait_until(reached: Callable[[], bool]) -> None:
    """Poll until the condition holds, for a bounded time."""
    limit = time.monotonic() + _END_SECONDS
    while not reached() and time.monotonic() < limit:
        time.sleep(0.01)


@functools.cache
def _compile(folder: str) -> None:
    """Write the bytecode of a package for zygotes, which see it read-only and would compile it at every start."""
    import compileall

    if not sys.dont_write_bytecode and os.access(folder, os.W_OK):
        compileall.compile_dir(folder, quiet=2)


def _nothing() -> None:
    """The default of `Zygote.when_closed`."""


def _kept(stack: contextlib.ExitStack, descriptor: int) -> int:
    """Register a descriptor to be closed with the stack."""
    stack.callback(os.close, descriptor)
    return descriptor


def _high(stack: contextlib.ExitStack, descriptor: int) -> int:
    """Duplicate a descriptor to a number above the standard streams."""
    return _kept(stack, fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3))
