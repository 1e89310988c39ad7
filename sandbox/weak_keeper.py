"""The process beside each run of `WeakSandbox`: starts the program, adopts its orphans, and kills what is left of it.

    python -I -S weak_keeper.py CONFIG

CONFIG is a JSON object. The keeper ends the run at its deadline, on the supervisor's order, and when the supervisor is
gone; then it reports as JSON on the control socket. It has its own session, so a signal to the program's process group
does not reach it. A program can still find and kill it, since both run as the same user: this is the weak sandbox.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36
_BURIAL_SECONDS = 5.0
_ABOVE_ALL = 10  # descriptors that a program is given lie below


def main() -> None:
    """Run one program."""
    config = json.loads(sys.argv[1])
    control = socket.socket(fileno=config["control"])
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(config)
    for descriptor in config["descriptors"].values():
        os.close(descriptor)
    report, alone = _watch(pid, control, woken, began + config["limits"]["wall_seconds"])
    report["seconds"] = time.monotonic() - began
    _bury_all(report)
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(report).encode())
    if alone:
        remove(config["whole"])


def remove(folder: str) -> None:
    """Remove a folder with everything in it, including what the program has made unreadable."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.isdir(folder):
        for here, names, _files in os.walk(folder):
            for path in (here, *(os.path.join(here, name) for name in names)):
                if not os.path.islink(path):
                    with contextlib.suppress(OSError):
                        os.chmod(path, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _become(config: dict[str, object]) -> None:
    """In the child: become the program."""
    os.setsid()
    os.chdir(str(config["folder"]))
    given: dict[str, int] = config["descriptors"]  # type: ignore[assignment]
    copies = {int(target): fcntl.fcntl(fd, fcntl.F_DUPFD, _ABOVE_ALL) for target, fd in given.items()}
    os.closerange(0, _ABOVE_ALL)
    for target, descriptor in copies.items():
        os.dup2(descriptor, target)
    os.closerange(_ABOVE_ALL, os.sysconf("SC_OPEN_MAX"))
    limits: dict[str, float] = config["limits"]  # type: ignore[assignment]
    cpu = int(-(-limits["cpu_seconds"] // 1))
    for what, soft, hard in (
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_DATA, int(limits["memory_bytes"]), int(limits["memory_bytes"])),
        (resource.RLIMIT_FSIZE, int(limits["disk_bytes"]), int(limits["disk_bytes"])),
        (resource.RLIMIT_NOFILE, int(limits["open_files"]), int(limits["open_files"])),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(what)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(what, (soft, hard))
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    argv: list[str] = config["argv"]  # type: ignore[assignment]
    try:
        os.execvpe(argv[0], argv, config["environment"])  # type: ignore[arg-type]
    except FileNotFoundError:
        code, why = 127, "not found"
    except (OSError, ValueError) as error:
        code, why = 126, str(error)
    os.write(2, f"{argv[0]}: {why}\n".encode(errors="replace"))
    os._exit(code)


def _watch(pid: int, control: socket.socket, woken: int, deadline: float) -> tuple[dict[str, float], bool]:
    """Wait for the program's end, whatever the cause. Returns whether the supervisor is gone."""
    report: dict[str, float] = {"cpu": 0.0, "peak": 0}
    alone = False
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(woken, select.POLLIN)
    while True:
        ready = poller.poll(max(0.0, deadline - time.monotonic()) * 1000 + 0.5)
        if not ready:
            report["wall"] = 1
            return report, alone
        for descriptor, _event in ready:
            if descriptor == control.fileno():
                alone = not control.recv(64)
                _reap(report, pid)  # it may have ended before it was told to
                return report, alone
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            if _reap(report, pid):
                return report, alone


def _reap(report: dict[str, float], main_pid: int = 0) -> bool:
    """Reap all children that have ended. Returns whether the program itself is among them."""
    seen = False
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            report["cpu"] += used.ru_utime + used.ru_stime
            report["peak"] = max(report["peak"], used.ru_maxrss * 1024)
            if pid == main_pid:
                report["status"] = status
                seen = True
    return seen


def _bury_all(report: dict[str, float]) -> None:
    """Kill descendants until none is left: the children of a killed process become children of this one."""
    limit = time.monotonic() + _BURIAL_SECONDS
    while time.monotonic() < limit:
        _kill_once(os.getpid())
        _reap(report)
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        time.sleep(0.002)


def kill_descendants(of: int) -> None:
    """Kill all descendants of a process, which need not be the one that reaps them."""
    limit = time.monotonic() + _BURIAL_SECONDS
    while _kill_once(of) and time.monotonic() < limit:
        time.sleep(0.002)


def _kill_once(of: int) -> bool:
    """Kill the present descendants. Returns whether any was alive."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as stat:
            state, parent, *_ = stat.read().rpartition(")")[2].split()
            children.setdefault(int(parent), []).append(int(name))
            if state == "Z":
                zombies.add(int(name))
    below = [of]
    for pid in below:  # which grows meanwhile
        below += children.get(pid, ())
    alive = set(below[1:]) - zombies
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(alive)


if __name__ == "__main__":
    main()
