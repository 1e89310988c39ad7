"""The zygote: a warm interpreter, pid 1 of its own namespaces, that forks slots. A slot runs and watches one program at
a time.

Each slot is a separate process. So runs start in parallel, a slot's code is plain and blocking, and a slot can be in
the cgroup that its runs inherit.
"""

from __future__ import annotations

import _socket as socket
import gc
import importlib
import math
import os
import select
import signal
import site
import sys
import time
from typing import NoReturn

from . import compact, kernel, mappings, python, root, run, seccomp, syscall_batch, usage, wire

_WALL = 0x40000000  # wait for children of every kind
_MUCH = 1 << 15  # bytes in a full pipe: half of what it usually takes, since pages may be half empty
_PF_EXITING = 0x4
_LOOK_EVERY = 0.05  # seconds between looks at a run: is it held up, or too large where no cgroup counts its memory
_AT_ONCE = 0.01  # seconds in which the supervisor handles what is ready
_LATE = 0.1  # seconds after a look was due: this process was stopped itself
_MOST_WAITED, _MOST_WAITED_TIMES = 60.0, 15.0  # seconds, and times its wall limit, that a run is excused at most
_SET_UP_SECONDS = 60.0  # for making a run's world, which is not run time
_MOST_DISK, _MOST_FILES = 1 << 50, 1 << 30
_OWN_FILES = 4  # of a run's tmpfs: its three folders, and the root
_MOST_PLANS = 32
_MOST_GROWTH = 512  # numbers that tell how its waiting grew
_INSIDE = 1000  # the user id of a program in a user namespace of its own

# Imported by most programs, so that forks get them for free. Each module costs every fork some pages, so there are no
# more: `random` and `threading` would also bring hooks that run in every child.
COMMON = (
    *("re", "math", "collections", "itertools", "functools", "heapq", "bisect", "string", "typing", "operator"),
    *("copy", "json"),
)


class Zygote:
    """What slots inherit. uid: of the first slot; -1 if each run has its own user namespace instead.

    gaps: the objects that fill the gaps in its memory (`compact.py`). ipc_filter: None = no run can have `Job.ipc`.
    """

    __slots__ = ("filter", "gaps", "ipc_filter", "uid")

    def __init__(self, uid: int, *, memory_counted: bool) -> None:
        self.uid = uid
        self.gaps: list[object] = []
        self.filter = seccomp.build(memory_counted=memory_counted)
        # What lies in sockets is memory that only a cgroup counts
        ipc = memory_counted and run.has_ipc()
        self.ipc_filter = seccomp.build(memory_counted=True, ipc=True) if ipc else None


def main(control: socket.socket, config: dict[str, object]) -> NoReturn:
    """Run the zygote. Runs return to this function before they become their program, so that its stack is shallow."""
    try:
        received = wire.receive(control)  # the supervisor has made cgroups, or has not
        if received is None:
            os._exit(1)
        zygote = _prepare(config, memory_counted=bool(received[0]["cgroups"]))
    except BaseException as error:  # whatever goes wrong, the supervisor must hear of it
        import traceback

        text = str(error) if isinstance(error, (OSError, NoModule)) else traceback.format_exc(limit=-4)
        wire.answer(control, {"failed": text[:4000]})
        os._exit(1)
    wire.answer(control, {"ready": True})
    number, channel = _fork_slots(control)
    slot = Slot(zygote, number, channel)
    # Locals: looking up globals would write reference counts to pages that each fork then copies
    fork, start = os.fork, run.start
    while (watched := slot.next()) is not None:
        plan, pid = watched.plan, -1
        # Forked from this outermost frame: returning through frames would write to, and so copy, more pages.
        try:
            slot.entering.run()
            watched.init = _start_init()
            pid = fork()
        except OSError as error:
            watched.said = f"fault {error}".encode()
        if pid == 0:
            start(plan)
        watched.pid = pid
        slot.finish(watched)
    os._exit(0)


def _prepare(config: dict[str, object], *, memory_counted: bool) -> Zygote:
    kernel.die_with_parent()
    kernel.set_name("rlvr-zygote")
    os.environ.clear()
    os.environ.update(config["environment"])  # type: ignore[call-overload]
    socket.sethostname("sandbox")
    first, users = int(config["uid"]), int(config["users"])  # type: ignore[call-overload]
    root.build(
        config["shown"],  # type: ignore[arg-type]
        config["emptied"],  # type: ignore[arg-type]
        config["guests"],  # type: ignore[arg-type]
        range(first, first + users) if first >= 0 else range(_INSIDE, _INSIDE + 1),
    )
    # What a program finds on its path: the interpreter's own folders and the guests.
    sys.path[:] = [*(p for p in sys.path if p), *config["packages"], root.GUESTS]  # type: ignore[misc]
    sys.prefix, sys.exec_prefix = config["prefixes"]  # type: ignore[misc]
    site.setquit()  # `exit` and its like; no .pth file of a package is run
    site.setcopyright()
    site.sethelper()
    os.chdir("/")
    for name in COMMON:
        importlib.import_module(name)
    _preload(config["preload"])  # type: ignore[arg-type]
    zygote = Zygote(first, memory_counted=memory_counted)
    kernel.drop_bounding_set()
    gc.collect()
    gc.freeze()  # what the rehearsal collects is its own
    run.rehearse()
    python.settle(root.WORK)
    gc.collect()
    kernel.give_back_memory()
    mappings.join()
    zygote.gaps = compact.fill_gaps()
    gc.freeze()
    gc.disable()
    return zygote


class NoModule(Exception):
    """A module that should be preloaded could not be imported."""


def _preload(names: list[str]) -> None:
    """Import modules with their output discarded: anything left in a buffer would be printed by each program.

    Raises NoModule.
    """
    outputs = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    nothing = os.open(os.devnull, os.O_WRONLY)
    for descriptor in outputs:
        os.dup2(nothing, descriptor)
    os.close(nothing)
    for name in names:
        try:
            loaded = importlib.import_module(name)
            if hasattr(loaded, "rehearse"):
                loaded.rehearse()
        except BaseException as error:  # it may do anything, and exit as well
            why = f"{type(error).__name__}: {error}"
            raise NoModule(f"a module to preload, {name!r}, could not be imported: {why:.2000}") from error
        if len(os.listdir("/proc/self/task")) > 1:
            raise NoModule(f"a module to preload, {name!r}, starts threads, which forks do not have: leave it out")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kernel.flush_streams()
    for descriptor, kept in outputs.items():
        os.dup2(kept, descriptor)
        os.close(kept)


def _fork_slots(control: socket.socket) -> tuple[int, socket.socket]:
    """Fork a slot for each message. Returns only in a slot; when the supervisor is gone, exits, which ends all runs.

    A message carries the slot's socket, then the `cgroup.procs` files of the cgroups that it enters.
    """
    kernel.ignore(signal.SIGCHLD)  # the kernel reaps slots, and what their runs leave
    while (received := wire.receive(control)) is not None:
        message, (channel, *cgroups) = received
        pid = os.fork()
        if pid == 0:
            kernel.default_action(signal.SIGCHLD)
            kernel.die_with_parent()
            control.close()
            for procs in cgroups:
                os.write(procs, b"0")
                os.close(procs)
            return int(message["slot"]), socket.socket(fileno=channel)
        for descriptor in (channel, *cgroups):
            os.close(descriptor)
    os._exit(0)


class Slot:
    """Takes one request after the other. Lays out most of a run before the fork, once for equal orders."""

    def __init__(self, zygote: Zygote, number: int, channel: socket.socket) -> None:
        kernel.set_name("rlvr-slot")
        self._filter, self._ipc_filter = zygote.filter, zygote.ipc_filter
        self._own_namespace = zygote.uid < 0
        self._uid = _INSIDE if self._own_namespace else zygote.uid + number
        self._channel = channel
        self._poller = select.poll()
        self._poller.register(channel, select.POLLIN)
        self._plans: dict[tuple[object, ...], tuple[run.Plan, dict[str, float], bool]] = {}
        self._processes = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.entering = syscall_batch.Calls()  # makes a new process namespace below the slot's own, for the next forks
        self.entering.add("setns", self.own_processes, kernel.CLONE_NEWPID)
        self.entering.add("unshare", kernel.CLONE_NEWPID)
        self.entering.lay_out()

    def next(self) -> Watched | None:
        """Wait for a run. Returns None if the supervisor is gone."""
        while (received := wire.asked(self._channel)) is not None:
            number, order, descriptors = received
            if not descriptors:  # a message without descriptors asks to kill a run, which has ended already
                continue
            read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            descriptors.append(write)
            # Most runs get the same order and descriptors as an earlier one, whose plan is used again.
            plan, limits, feeds = self._plans.get((order, *descriptors)) or self._plan(order, descriptors)
            return Watched(self._channel, self._poller, read, number, limits, plan, descriptors, feeds)
        return None

    def finish(self, watched: Watched) -> None:
        """Watch a run to its end, and report its outcome."""
        bundle, stdin, stdout, stderr, *others = watched.theirs
        for descriptor in (bundle, *others):
            os.close(descriptor)
        outcome = watched.outcome()
        for descriptor in (stdin, stdout, stderr, watched.report):
            os.close(descriptor)
        wire.tell(self._channel, watched.number, outcome)

    def _plan(self, order: bytes, descriptors: list[int]) -> tuple[run.Plan, dict[str, float], bool]:
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        message = wire.unpacked(order)
        limits: dict[str, float] = message["limits"]
        bundle, *kept, report = descriptors
        ipc = bool(message["ipc"]) and self._ipc_filter is not None
        plan = run.Plan(
            home=kept.pop() if message["outputs"] else -1,
            descriptors=kept,
            report=report,
            bundle=bundle,
            processes=self._processes,
            limits=limits,
            box=_size_of_box(limits, ipc),
            uid=self._uid,
            own_namespace=self._own_namespace,
            ipc=ipc,
            seccomp=(self._ipc_filter if ipc else None) or self._filter,
        )
        self._plans[order, *descriptors] = plan, limits, message["feeds"]
        gc.freeze()  # else the first collection in each run would go through what was made here
        return self._plans[order, *descriptors]


def _size_of_box(limits: dict[str, float], ipc: bool) -> tuple[int, int]:
    """Bytes and files of a run's tmpfs. It is memory that only a cgroup counts; without one its size is the limit."""
    most = min(limits["disk_bytes"], limits.get("process_memory_bytes", math.inf), _MOST_DISK)
    return int(most), min(int(limits["disk_files"]), _MOST_FILES) + _OWN_FILES + ipc


def _start_init() -> int:
    """Start pid 1 of the new process namespace."""
    kernel.ignore(signal.SIGCHLD)
    try:
        return os.posix_spawn(root.INIT, ["init"], {})
    finally:
        kernel.default_action(signal.SIGCHLD)


def is_exiting(pid: int) -> bool:
    """Whether a program has exited, and the kernel takes it down.

    That can last for seconds where others of this machine hold the kernel's locks and have no core.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as status:
            fields = status.read().rpartition(b")")[2].split()
    except OSError:
        return False
    return bool(int(fields[6]) & _PF_EXITING) and fields[17] == b"1"  # the flags, and the number of threads


class Watched:
    """A run, as its slot sees it. It ends by itself, at its deadline, by an order, or with the supervisor."""

    __slots__ = (
        "cause",
        "channel",
        "computed",
        "feeds",
        "growth",
        "init",
        "limits",
        "longest_wait",
        "number",
        "pid",
        "plan",
        "poller",
        "report",
        "said",
        "stopped",
        "theirs",
        "without_core",
    )

    def __init__(
        self,
        channel: socket.socket,
        poller: select.poll,
        report: int,
        number: int,
        limits: dict[str, float],
        plan: run.Plan,
        theirs: list[int],
        feeds: bool,
    ) -> None:
        self.channel = channel
        self.poller = poller  # the channel is registered in it
        self.report = report
        self.number = number
        self.limits = limits
        self.plan = plan
        self.feeds = feeds  # its input is not written to the end yet
        self.theirs = theirs  # descriptors that only the run needs
        self.init = self.pid = -1
        self.cause = ""
        self.said = b""
        self.computed: dict[int, float] = {}  # CPU seconds by process, if no cgroup counts them
        # Seconds in which this process, and so the run, was stopped (a container is paused), or the run held up, or
        # only the kernel at work on its end.
        self.stopped = 0.0
        self.longest_wait = 0.0, -1.0  # of a thread, by the last look, and its CPU seconds
        self.without_core = 0.0  # seconds, by the last look
        self.growth: list[float] = []  # pairs: when, in monotonic time; and the seconds that it had waited by then

    def outcome(self) -> wire.Outcome:
        """Wait for the end. When this returns, no process of the run is left."""
        began = time.monotonic()
        if self.pid > 0:
            began = self._wait(began)
        seconds = time.monotonic() - began
        waited, own = self._without_core() if seconds > _LATE else (0.0, -1.0)
        waited += self.stopped
        if waited and "process_memory_bytes" in self.limits:
            self._look()
        status, cpu, peak = -1, 0.0, 0
        self._kill()
        waiting = {pid for pid in (self.pid, self.init) if pid > 0}
        while waiting:  # any child: the namespace's init is reaped after all others in it
            pid, ended, used = os.wait4(-1, _WALL)
            waiting.discard(pid)
            cpu += used.ru_utime + used.ru_stime
            peak = max(peak, used.ru_maxrss * 1024)
            status = ended if pid == self.pid and not self.cause else status
        cpu = max(cpu, sum(self.computed.values()))
        growth = tuple(number if at % 2 else number - began for at, number in enumerate(self.growth))
        return status, seconds, waited, own, cpu, peak, growth, self.cause, self._fault(status)

    def _fault(self, status: int) -> str:
        """Why the program did not start; empty = it did, or was ended before: by an order, or by the kernel."""
        if run.began(self.said) is not None:
            return ""
        if said := self.said.decode(errors="replace").partition("fault ")[2]:
            return said
        was_ended = self.cause or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
        return "" if was_ended else f"it ended before its start, with the status {status}"

    def _without_core(self) -> tuple[float, float]:
        """Seconds in which a thread of the program was ready to run and had no core, for the thread that waited
        longest, and the CPU seconds of that thread; -1 = not known.
        """
        self.longest_wait = usage.longest_wait(self.pid, self.longest_wait)
        return self.longest_wait

    def _note_growth(self) -> None:
        self.without_core = self._without_core()[0]
        self.growth += time.monotonic(), self.without_core + self.stopped
        if len(self.growth) > _MOST_GROWTH:  # every other pair is enough
            self.growth = [number for at, number in enumerate(self.growth) if at % 4 < 2]

    def _note_stop(self, seconds: float, own_wait: float = 0.0) -> None:
        """Count seconds in which the run was held up, or this process did not run.

        What the program waited for a core meanwhile is counted already. And while this process waits for a core, it
        is not stopped: the program may run, or sleep.
        """
        before, self.without_core = self.without_core, self._without_core()[0]
        self.stopped += max(0.0, seconds - max(self.without_core - before, own_wait))

    def _is_held_up(self) -> bool:
        """Whether the program may be waiting for the supervisor: an output is full, or its input empty and not ended.

        The supervisor handles them at once, unless it has no core, is stopped, or its event loop is busy. It says
        itself that the input has ended: a program can open its own input for writing, and so keep it from ending. Nor
        is an output full that holds little: a program can make its pipe small, or fill it with single bytes; or that
        is being read: a program that fills its pipe and sleeps must not have its sleep excused.
        """
        if not self._has_unhandled():
            return False
        time.sleep(_AT_ONCE)
        return self._has_unhandled()

    def _has_unhandled(self) -> bool:
        _bundle, stdin, stdout, stderr, *_others = self.theirs
        streams = select.poll()
        watched = [(stdout, select.POLLOUT), (stderr, select.POLLOUT)]
        if self.feeds:
            watched.append((stdin, select.POLLIN))
        for descriptor, event in watched:
            streams.register(descriptor, event)
        ready = {descriptor for descriptor, _events in streams.poll(0)}
        return any(
            descriptor not in ready and (descriptor == stdin or kernel.held_by(descriptor) >= _MUCH)
            for descriptor, _event in watched
        )

    def _look(self) -> int:
        """The memory that its processes hold; what they have computed is noted."""
        return usage.of_trees((self.pid, self.init), usage.resident(os.getpid()), self.computed)

    def _kill(self) -> None:
        """Kill init, and with it the whole namespace. No error if it has already ended."""
        if self.init > 0:
            os.kill(self.init, signal.SIGKILL)

    def _wait(self, forked: float) -> float:
        """Wait until the program has ended or must be ended. Returns when it began: its set-up is not run time."""
        wall_seconds, most_memory = self.limits["wall_seconds"], self.limits.get("process_memory_bytes", math.inf)
        program = os.pidfd_open(self.pid)
        self.poller.register(program, select.POLLIN)
        until = forked + min(wall_seconds, _SET_UP_SECONDS)
        own_wait = -1.0  # of this process, at the last look; not known yet, since most runs end before the first
        try:
            while True:
                asked = time.monotonic()
                left = until - asked
                patience = min(left, _LOOK_EVERY)
                ready = False
                found = self.poller.poll(max(0.0, patience) * 1000 + 0.5)
                held_up = not found and (self._is_held_up() or is_exiting(self.pid))
                passed = time.monotonic() - asked
                late = passed - max(0.0, patience)
                if held_up:
                    self._note_stop(passed)
                elif late > _LATE:
                    self._note_stop(late, usage.own_wait() - own_wait if own_wait >= 0.0 else 0.0)
                if not found:
                    self._note_growth()
                    own_wait = usage.own_wait()
                for descriptor, _event in found:
                    if descriptor == program:
                        return self._began(forked)
                    ready = True
                if ready:
                    received = wire.asked(self.channel)
                    if received is None:
                        self._kill()
                        os._exit(0)
                    if received[0] == self.number and received[1] == wire.FED:
                        self.feeds = False
                    elif received[0] == self.number:
                        self.cause = received[1].decode()
                elif left <= patience:
                    waited = self._without_core()[0] + self.stopped
                    excused = min(waited, _MOST_WAITED, _MOST_WAITED_TIMES * wall_seconds)
                    until = self._began(forked) + (wall_seconds if self.said else _SET_UP_SECONDS) + excused
                    if until <= time.monotonic():
                        self.cause = "wall"
                        self.said = self.said or b"fault its world was not made within %d s" % _SET_UP_SECONDS
                elif most_memory < math.inf:
                    if self._look() > most_memory:
                        self.cause = "memory"
                    elif sum(self.computed.values()) > self.limits["cpu_seconds"]:
                        self.cause = "cpu"
                if self.cause:
                    return self._began(forked)
        finally:
            self.poller.unregister(program)
            os.close(program)

    def _began(self, forked: float) -> float:
        """When the run reported its start; when it was forked, if it reported a failure or nothing."""
        if not self.said:
            try:  # noqa: SIM105  # contextlib.suppress would write to, and so copy, six more pages
                self.said = os.read(self.report, 4096)
            except BlockingIOError:
                pass
        return run.began(self.said) or forked
