"""One run, from inside: pid 2 of its namespace sets up mounts and limits, drops every privilege, becomes the program.

Pid 1 is `reaper.py`. A program that is pid 1 itself ignores SIGTERM and SIGALRM, its `abort()` looks like SIGSEGV, and
its orphans stay.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from . import kernel, python, root, wire
from .syscall_batch import Calls

_MOST = (1 << 64) - 1  # the kernel's own word for no limit
_STACK, _LARGEST_STACK = 64 << 20, 256 << 20  # bytes: where no cgroup counts memory, and where one does
_HIGH = 200  # descriptors are moved above this on their way to where a program expects them
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_CLOCK_MONOTONIC = 1
_TIMES = 16  # more calls than the interpreter counts before it specialises a function's bytecode
# What many programs do. Its streams are its own, since the zygote's are never used.
_PROGRAM = b"""
import sys

sys.stdin, sys.stdout = open(__file__), open("/dev/null", "w")

def longer(words, least=1):
    return [word for word in words if len(word) > least]

input()
for line in sys.stdin:
    first, *rest = line.split() or [""]
    print(len(longer(rest)), f"{first}")
sys.stdout.write(f"{sum(map(int, '1 2'.split()))}")
"""
_STARTED = b"started "
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
_TIME = struct.Struct("qq")  # seconds, nanoseconds


class Plan:
    """The set-up of a run, prepared by a slot before it forks; runs with the same order share one.

    making, demoting, starting: the system calls, in this order. The first `moves` of them move descriptors.
    told_at: the descriptor for error reports until these are moved. report, bundle, home: their descriptors afterwards;
    home -1 = the folder is not wanted back. rest: the first descriptor to close one by one, if the kernel cannot close
    all at once; -1 = it can. in_tmp: shown folders below /tmp, to be bound there again.
    """

    __slots__ = ("bundle", "demoting", "home", "in_tmp", "making", "moves", "report", "rest", "starting", "told_at")

    def __init__(
        self,
        *,
        descriptors: Sequence[int],
        report: int,
        bundle: int,
        home: int,
        processes: int,
        limits: dict[str, float],
        box: tuple[int, int],
        uid: int,
        own_namespace: bool,
        ipc: bool,
        seccomp: bytes,
    ) -> None:
        """Lay it out. Descriptors: where they are now; those of the program in the order of where they go.

        report: where to say when it starts, or why it cannot. bundle: the program and its files. home: a socket that
        wants a descriptor of the working folder, to fetch outputs from. processes: of a /proc that can be written to.
        box: bytes and files of the run's tmpfs. uid: the user of the program, as seen from inside. own_namespace: he is
        to be in a user namespace of this run's. ipc: it gets a network and terminals of its own.
        """
        theirs = len(descriptors)
        moved = [*descriptors, report, bundle, *([home] if home >= 0 else []), processes]
        at = len(moved) - 1  # of the last
        self.told_at = report
        self.report, self.bundle, self.home = theirs, theirs + 1, theirs + 2 if home >= 0 else -1
        self.rest = -1 if kernel.closes_ranges() else len(moved)
        self.in_tmp = root.shown_in_tmp()
        self.making = Calls()
        _move(self.making, moved)
        self.moves = len(self.making)
        _make_world(self.making, box, 0 if own_namespace else uid, ipc)
        self.demoting = Calls()
        if own_namespace:
            _enter_namespace(self.demoting, uid, at)
        _demote(self.demoting, bounds_of(limits), None if own_namespace else uid, seccomp, at)
        self.starting = _start(self.report, range(theirs, len(moved)))


def _move(calls: Calls, descriptors: Sequence[int]) -> None:
    """Move these descriptors to 0, 1, 2, ..., and close all others."""
    calls.add("prctl", kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    calls.add("setsid")
    high = max(_HIGH, *descriptors) + 1
    for at, descriptor in enumerate(descriptors):
        calls.add("dup3", descriptor, high + at, 0)
    for at in range(len(descriptors)):
        calls.add("dup3", high + at, at, 0)
    if kernel.closes_ranges():
        calls.add("close_range", len(descriptors), 0xFFFFFFFF, 0)


def _make_world(calls: Calls, box: tuple[int, int], owner: int, ipc: bool) -> None:
    """Make the run's own mounts. owner: user id of the working folder, as seen before a user namespace is entered."""
    calls.add("unshare", kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | (kernel.CLONE_NEWNET if ipc else 0))
    root.make_box(calls, box, owner)
    if ipc:
        root.make_terminals(calls)
    calls.add("chdir", root.WORK.encode())
    for stream in range(3):  # so that /dev/stdin can be opened by name
        calls.add("fchown", stream, owner, owner)
    calls.lay_out()


def _enter_namespace(calls: Calls, inside: int, processes: int) -> None:
    """Enter a new user namespace as the user `inside`, known as 0 in its parent. processes: see `_tell`."""
    calls.add("unshare", kernel.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{inside} 0 1"), ("gid_map", f"{inside} 0 1")):
        _tell(calls, processes, name, text)


def _demote(calls: Calls, bounds: list[tuple[int, int, int]], uid: int | None, seccomp: bytes, processes: int) -> None:
    """Set the limits and drop every privilege. uid: None = already that of the run's own user namespace."""
    # When memory is short the kernel kills the program first, not the slot
    _tell(calls, processes, "oom_score_adj", "1000")
    for what, soft, hard in bounds:
        calls.add("prlimit64", 0, what, ctypes.create_string_buffer(struct.pack("QQ", soft, hard), 16), 0)
    if uid is None:
        for capability in kernel.capabilities():  # a new user namespace begins with all of them
            calls.add("prctl", kernel.PR_CAPBSET_DROP, capability)
        header = struct.pack("Ii", kernel.CAPABILITIES_VERSION, 0)
        calls.add("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(24))
    else:
        calls.add("setgroups", 0, 0)
        calls.add("setresgid", uid, uid, uid)
        calls.add("setresuid", uid, uid, uid)
    calls.add("prctl", kernel.PR_SET_DUMPABLE, 1)  # setresuid cleared it: without it /proc/self belongs to root
    calls.add("prctl", kernel.PR_SET_NO_NEW_PRIVS, 1)
    steps = ctypes.create_string_buffer(seccomp, len(seccomp))
    header = struct.pack("HxxxxxxP", len(seccomp) // 8, ctypes.addressof(steps))
    filtered = ctypes.create_string_buffer(header, len(header))
    calls.keep(steps)
    calls.add("prctl", kernel.PR_SET_SECCOMP, kernel.SECCOMP_MODE_FILTER, filtered)
    calls.lay_out()


def _start(report: int, descriptors: range) -> Calls:
    """Report the start, and close what is not the program's."""
    calls = Calls()
    said = ctypes.create_string_buffer(_STARTED, len(_STARTED) + _TIME.size)
    calls.add("clock_gettime", _CLOCK_MONOTONIC, ctypes.addressof(said) + len(_STARTED))
    calls.add("write", report, said, len(said))
    for descriptor in descriptors:
        calls.add("close", descriptor)
    return calls.lay_out()


def _tell(calls: Calls, processes: int, name: str, text: str) -> None:
    """Write one line about this process, at once. processes: the /proc to write to, and the highest descriptor."""
    calls.add("openat", processes, b"self/" + name.encode(), os.O_WRONLY, 0)
    calls.add("write", processes + 1, text.encode(), len(text))
    calls.add("close", processes + 1)


def began(said: bytes) -> float | None:
    """When the run that wrote this report started, by the monotonic clock; None if it did not start."""
    if not said.startswith(_STARTED):
        return None
    seconds, nanoseconds = _TIME.unpack_from(said, len(_STARTED))
    return float(seconds + nanoseconds / 1e9)


def prepare(plan: Plan) -> tuple[list[str], dict[str, str]]:
    """Set up the run and drop every privilege. Returns the program's command and environment.

    A step that fails is reported, and ends the process.
    """
    try:
        plan.making.run()
        if plan.rest >= 0:
            os.closerange(plan.rest, os.sysconf("SC_OPEN_MAX"))
        root.show_in_tmp(plan.in_tmp)
        argv, env, files = wire.unbundle(plan.bundle)  # before its memory is limited
        plan.demoting.run()
        for path, content in files.items():
            _write(path, content)
        if plan.home >= 0:
            folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            wire.give(plan.home, folder)
            os.close(folder)
        plan.starting.run()
    except (OSError, ValueError) as error:
        still = 0 <= plan.making.stopped_at < plan.moves
        os.write(plan.told_at if still else plan.report, f"fault {error}".encode()[:2000])
        os._exit(1)
    return argv, env


def tell(path: str, text: str) -> None:
    """Write one line to a kernel file, in a single call. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _write(path: str, content: bytes) -> None:
    if "/" in path:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    descriptor = os.open(path, _NEW, 0o755)
    while content:
        content = content[os.write(descriptor, content) :]
    os.close(descriptor)


def bounds_of(limits: dict[str, float]) -> list[tuple[int, int, int]]:
    """The resource limits of a program as (resource, soft, hard), never above what this process may set."""
    cpu = max(1, math.ceil(limits["cpu_seconds"]))
    disk, files = int(limits["disk_bytes"]), int(limits["open_files"])
    processes, memory = int(limits["processes"]), int(limits["memory_bytes"])
    is_counted = "process_memory_bytes" not in limits
    stack = max(_STACK, min(memory, _LARGEST_STACK)) if is_counted else _STACK  # as of judges of contests
    wanted = {
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (disk, disk),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_NPROC: (processes, processes),
        resource.RLIMIT_STACK: (stack, _MOST),  # a program may raise it: what it uses is memory
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (1 << 16, 1 << 16),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    if not is_counted:
        # Here a thread's stack counts in full from the start. The slot looks at what is used.
        wanted[resource.RLIMIT_DATA] = (memory + int(limits["thread_stacks"]) * _STACK,) * 2
    bounds = []
    for what, (soft, hard) in wanted.items():
        most = resource.getrlimit(what)[1]
        most = _MOST if most == resource.RLIM_INFINITY else most
        bounds.append((what, min(soft, most), min(hard, most)))
    return bounds


def start(plan: Plan, become: Callable[[list[str]], None] = python.become) -> None:
    """In the fork: set up the run, and become the program."""
    argv, env = prepare(plan)
    if env:
        os.environ.update(env)
    if python.is_warm(argv):
        become(argv)
    else:
        _execute(argv)


def _execute(argv: list[str]) -> NoReturn:
    name = argv[0]
    if name == "python":
        argv = [sys.executable, *argv[1:]]
    kernel.default_action(signal.SIGPIPE)
    kernel.default_action(signal.SIGXFSZ)
    try:
        os.execvp(argv[0], argv)
    except FileNotFoundError:
        code, why = _NOT_FOUND, "not found"
    except (OSError, ValueError) as error:
        code, why = _NOT_EXECUTABLE, str(error)
    os.write(2, f"{name}: {why}\n".encode(errors="replace"))
    os._exit(code)


def has_ipc() -> bool:
    """Whether runs can have a network and terminals of their own: tried in a fork."""
    pid = os.fork()
    if pid == 0:
        calls = Calls()
        try:
            calls.add("unshare", kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET)
            root.make_box(calls, (1 << 20, 16), 0)
            root.make_terminals(calls)
            calls.lay_out().run()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def rehearse() -> None:
    """Go through the steps of a run a few times in this process, without effect, so that forks find them specialised.

    A fork with unspecialised code copies 50 pages more: it looks up every name anew, and stores what it finds.
    """
    plan = Plan.__new__(Plan)
    plan.making = plan.demoting = plan.starting = Calls().lay_out()
    plan.home = plan.rest = -1
    plan.in_tmp = ()
    source = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    os.write(source, _PROGRAM)
    os.chdir("/dev")
    for what in (["-m", python.NOTHING], [f"/proc/self/fd/{source}"]):
        plan.bundle = wire.bundle(["python", *what], {}, {"null": b"0"})
        for _ in range(_TIMES):
            start(plan, python.rehearse)
        os.close(plan.bundle)
    os.chdir("/")
    os.close(source)
