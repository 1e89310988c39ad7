"""One run, from inside: pid 2 of its namespace makes its world, gives up every privilege, and becomes the program.

Pid 1 is `reaper.py`'s: as pid 1 itself a program would ignore SIGTERM and SIGALRM, `abort()` would look like SIGSEGV,
and its orphans would stay.
"""

from __future__ import annotations

import fcntl
import math
import os
import resource
import signal
import sys
import time
from typing import NoReturn

from . import kernel, python, root, wire

_MOST = 1 << 60  # of anything
_HIGH = 200  # descriptors are moved above this on their way to where a program expects them
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


class Plan:
    """What a slot hands to the run that it forks. Descriptors: where they are now, in order of where they go.

    bundle: the program and its files. report: where to say when it starts, or why it cannot.
    home: a socket that wants a descriptor of the working folder, to fetch outputs from; -1 = nobody does.
    uid: the user of the program, as seen from inside. own_namespace: he is to be in a user namespace of this run's.
    bounds: resource limits, soft and hard. box: bytes and files of its tmpfs.
    """

    __slots__ = ("bounds", "box", "bundle", "descriptors", "filter", "home", "own_namespace", "report", "uid")
    bounds: list[tuple[int, int, int]]
    box: tuple[int, int]
    bundle: int
    descriptors: list[int]
    filter: kernel.Filter
    home: int
    own_namespace: bool
    report: int
    uid: int


class Program:
    """What the program is told of itself. env: what it has beyond the environment of all."""

    __slots__ = ("argv", "env")

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.argv = argv
        self.env = env


def prepare(plan: Plan) -> Program:
    """Make the run's world, and give up every privilege in it. What cannot be set up is reported, and ends it."""
    try:
        return _prepare(plan)
    except (OSError, ValueError) as error:
        os.write(plan.report, f"fault {error}".encode()[:2000])
        os._exit(1)


def _prepare(plan: Plan) -> Program:
    kernel.die_with_parent()
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    owner = 0 if plan.own_namespace else plan.uid  # as this user is called before he has a namespace of his own
    root.enter_box(plan.box, owner)
    argv, env, files = wire.unbundle(plan.bundle)
    os.chdir(root.WORK)
    for path, content in files.items():
        _write(path, content, owner)
    for descriptor in plan.descriptors[:3]:  # so that /dev/stdin can be opened by name
        os.fchown(descriptor, owner, owner)
    if plan.home >= 0:
        wire.give(plan.home, os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    if plan.own_namespace:
        kernel.unshare(kernel.CLONE_NEWUSER)
        map_user(plan.uid)
    os.write(plan.report, f"started {time.monotonic()}".encode())
    _demote(plan)
    return Program(argv, env)


def map_user(inside: int) -> None:
    """In a new user namespace, whose parent knows this user as 0: be `inside`."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{inside} 0 1"), ("gid_map", f"{inside} 0 1")):
        tell(f"/proc/self/{name}", text)


def tell(path: str, text: str) -> None:
    """Write one line to a file of the kernel's, at once. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _write(path: str, content: bytes, uid: int) -> None:
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        made = ""
        for part in folder.split("/"):
            made = os.path.join(made, part)
            if not os.path.isdir(made):
                os.mkdir(made, 0o755)
                os.chown(made, uid, uid)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o755)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchown(descriptor, uid, uid)
    finally:
        os.close(descriptor)


def _demote(plan: Plan) -> None:
    """In the program: keep its descriptors and nothing else, take on its limits, give up every privilege."""
    os.setsid()
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _HIGH) for descriptor in plan.descriptors]
    for target, descriptor in enumerate(moved):
        os.dup2(descriptor, target)
    os.closerange(len(moved), os.sysconf("SC_OPEN_MAX"))
    tell("/proc/self/oom_score_adj", "1000")  # the program goes first, not what watches it
    for what, soft, hard in plan.bounds:
        resource.setrlimit(what, (soft, hard))
    os.umask(0o022)
    if plan.own_namespace:
        kernel.drop_capabilities()
    else:
        os.setgroups([])
        os.setresgid(plan.uid, plan.uid, plan.uid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
    kernel.set_dumpable(True)  # after a change of user: /proc/self is its own
    kernel.forbid_new_privileges()
    plan.filter.install()
    kernel.default_action(signal.SIGCHLD)


def bounds_of(limits: dict[str, float]) -> list[tuple[int, int, int]]:
    """The resource limits of a program: what, soft, hard; never above what this process may set."""
    cpu = max(1, math.ceil(limits["cpu_seconds"]))
    disk, files, stack = int(limits["disk_bytes"]), int(limits["open_files"]), 64 << 20
    wanted = {
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (disk, disk),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_NPROC: (int(limits["processes"]), int(limits["processes"])),
        resource.RLIMIT_STACK: (stack, stack),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (1 << 16, 1 << 16),
        resource.RLIMIT_MSGQUEUE: (0, 0),
    }
    if "process_memory_bytes" in limits:
        wanted[resource.RLIMIT_DATA] = (int(limits["process_memory_bytes"]),) * 2
    bounds = []
    for what, (soft, hard) in wanted.items():
        most = resource.getrlimit(what)[1]
        most = _MOST if most == resource.RLIM_INFINITY else most
        bounds.append((what, min(soft, most), min(hard, most)))
    return bounds


def start(program: Program, path: list[str]) -> NoReturn:
    """In the program, at the end of all set-up: become it."""
    if program.env:
        os.environ.update(program.env)
    if python.is_warm(program.argv):
        python.become(program.argv, path)
    argv = program.argv
    if argv[0] == "python":
        argv = [sys.executable, *argv[1:]]
    kernel.default_action(signal.SIGPIPE)
    kernel.default_action(signal.SIGXFSZ)
    try:
        os.execvp(argv[0], argv)
    except FileNotFoundError:
        code, why = _NOT_FOUND, "not found"
    except (OSError, ValueError) as error:
        code, why = _NOT_EXECUTABLE, str(error)
    os.write(2, f"{program.argv[0]}: {why}\n".encode(errors="replace"))
    os._exit(code)
