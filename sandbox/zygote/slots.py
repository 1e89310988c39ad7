"""The zygote: warm, pid 1 of namespaces of its own; it forks slots. A slot clones one run at a time and watches it.

Each slot is a process of its own, so that runs start side by side, a slot's code is plain and blocking, and a slot can
stand in the cgroup that its runs inherit.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import NoReturn

from . import filter as seccomp
from . import kernel, memory, python, root, run, wire

_AFTER_THE_END = 5.0  # seconds for init to bring back outputs and go
_MEMORY_EVERY = 0.05  # seconds between looks at the memory of a run where no cgroup counts it
_OWN_FILES = 4  # of a run's tmpfs: its three folders, and the root
_INSIDE = 1000  # the user id of a program in a user namespace of its own

# Imported by most programs that are ever graded; a fork then has them for nothing.
# Not `threading` and `random`, only what they import: their hooks would make every fork dearer.
COMMON = (
    *("re", "math", "collections", "itertools", "functools", "heapq", "bisect", "string", "typing", "datetime", "json"),
    *("copy", "operator", "fractions", "decimal", "io", "traceback", "contextlib", "hashlib", "_random", "_weakrefset"),
)


class Zygote:
    """What slots inherit. uid: of the first slot, -1 where each run has a user namespace of its own instead."""

    __slots__ = ("filter", "flags", "path", "uid")

    def __init__(self, uid: int, path: list[str], *, memory_counted: bool) -> None:
        self.uid = uid
        self.path = path
        self.filter = seccomp.build(memory_counted=memory_counted)
        self.flags = kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC
        if uid < 0:
            self.flags |= kernel.CLONE_NEWUSER


def main(control: socket.socket, config: dict[str, object]) -> NoReturn:
    """Be the zygote. What a run becomes returns through here, so that a program's stack is shallow."""
    try:
        zygote = _prepare(config)
    except BaseException as error:  # whatever goes wrong, the supervisor must hear of it
        text = str(error) if isinstance(error, OSError) else traceback.format_exc(limit=-4)
        wire.answer(control, {"failed": text[:4000]})
        os._exit(1)
    wire.answer(control, {"ready": True})
    number, channel = _fork_slots(control)
    plan = _serve(zygote, number, channel)
    run.start(run.init(plan), zygote.path)


def _prepare(config: dict[str, object]) -> Zygote:
    kernel.die_with_parent()
    kernel.set_name("rlvr-zygote")
    os.environ.clear()
    os.environ.update(config["environment"])  # type: ignore[call-overload]
    socket.sethostname("sandbox")
    first, users = int(config["uid"]), int(config["users"])  # type: ignore[call-overload]
    root.build(
        config["shown"],  # type: ignore[arg-type]
        config["guests"],  # type: ignore[arg-type]
        range(first, first + users) if first >= 0 else range(_INSIDE, _INSIDE + 1),
    )
    # What a program finds on its path: the interpreter's own folders and the guests.
    sys.path[:] = [*(p for p in sys.path if p), root.GUESTS]
    os.chdir("/")
    for name in [*COMMON, *config["preload"]]:  # type: ignore[misc]
        importlib.import_module(name)
    zygote = Zygote(first, list(sys.path), memory_counted=bool(config["cgroups"]))
    run.rehearse(zygote.path)
    kernel.drop_bounding_set()
    python.settle()
    gc.collect()
    gc.freeze()
    gc.disable()
    kernel.share_code()
    return zygote


def _fork_slots(control: socket.socket) -> tuple[int, socket.socket]:
    """Fork a slot for each message; returns in a slot only, and ends the zygote (and so all runs) with the supervisor.

    A message brings the slot's socket, then the `cgroup.procs` files that it is to enter.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps slots, and what their runs leave
    while (received := wire.receive(control)) is not None:
        message, (channel, *cgroups) = received
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            kernel.die_with_parent()
            control.close()
            for procs in cgroups:
                os.write(procs, b"0")
                os.close(procs)
            return int(message["slot"]), socket.socket(fileno=channel)  # type: ignore[call-overload]
        for descriptor in (channel, *cgroups):
            os.close(descriptor)
    os._exit(0)


def _serve(zygote: Zygote, number: int, channel: socket.socket) -> run.Plan:
    """Run one request after the other; returns in the run's init only. What can be is made before the clone."""
    kernel.set_name("rlvr-slot")
    bounds: dict[tuple[object, ...], list[tuple[int, int, int]]] = {}
    while (received := wire.receive(channel)) is not None:
        message, descriptors = received
        if "kill" in message:  # it came after the end
            continue
        limits: dict[str, float] = message["limits"]  # type: ignore[assignment]
        key = tuple(limits.values())
        if key not in bounds:
            bounds[key] = run.bounds_of(limits)
        read, write = os.pipe()
        plan = run.Plan()
        plan.output_names = message["outputs"]  # type: ignore[assignment]
        plan.bundle, *plan.descriptors = descriptors
        plan.outputs = plan.descriptors.pop(0) if plan.output_names else -1
        plan.report, plan.unused = write, [read, channel.fileno()]
        plan.bounds = bounds[key]
        plan.box = int(limits["disk_bytes"]), int(limits["disk_files"]) + _OWN_FILES
        plan.filter = zygote.filter
        plan.own_namespace = zygote.uid < 0
        plan.uid = _INSIDE if plan.own_namespace else zygote.uid + number
        try:
            pid = kernel.clone(zygote.flags)
        except OSError as error:
            pid = -1
            os.write(write, f"fault {error}".encode())
        if pid == 0:
            return plan
        for descriptor in (write, *descriptors):
            os.close(descriptor)
        outcome = _watch(pid, message["run"], channel, read, limits)
        os.close(read)
        wire.answer(channel, outcome)
    os._exit(0)


def _watch(
    pid: int, number: object, channel: socket.socket, report: int, limits: dict[str, float]
) -> dict[str, object]:
    """Wait for a run to end: by itself, by its deadline, by an order to kill it, or with the supervisor."""
    began = time.monotonic()
    wall_seconds, most_memory = limits["wall_seconds"], limits.get("process_memory_bytes", math.inf)
    deadline = began + wall_seconds
    said, cause, seconds = b"", "", 0.0
    poller = select.poll()
    poller.register(report, select.POLLIN)
    poller.register(channel, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        patience = min(left, _MEMORY_EVERY) if most_memory < math.inf else left
        ready = poller.poll(None if patience == math.inf else max(0.0, patience) * 1000 + 0.5)
        for descriptor, _event in ready:
            if descriptor == report:
                piece = os.read(report, 4096)
                if not piece:
                    return _bury(pid, said.decode(errors="replace"), cause, seconds)
                now = time.monotonic()
                said += piece
                if b"ended" in piece:
                    seconds, deadline = now - began, now + _AFTER_THE_END
                elif not cause:
                    began, deadline = now, now + wall_seconds  # the program starts
                continue
            received = wire.receive(channel)
            if received is None:
                _kill(pid)
                os._exit(0)
            if received[0]["run"] == number and not cause:
                cause = str(received[0]["kill"])
                _kill(pid)
                deadline = math.inf
        if not ready and not cause:
            if left > patience:
                if memory.of_tree(pid, _baseline()) <= most_memory:
                    continue
                cause = "memory"
            cause = cause or "wall"
            _kill(pid)
            deadline = math.inf


def _baseline() -> int:
    return memory.resident(os.getpid())


def _kill(pid: int) -> None:
    if pid > 0:
        os.kill(pid, signal.SIGKILL)


def _bury(pid: int, said: str, cause: str, seconds: float) -> dict[str, object]:
    """Reap the run, and say how it went: `said` is "started ended STATUS", or a part of that, or "fault REASON"."""
    status, _, fault = None, *said.partition("fault ")[1:]
    if "ended " in said:
        status = int(said.rpartition("ended ")[2])
    cpu, peak = 0.0, 0
    if pid > 0:
        _pid, _status, used = os.wait4(pid, 0)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    return {"cause": cause, "status": status, "seconds": seconds, "cpu": cpu, "peak": peak, "fault": fault}
