"""The keeper: starts the zygote in its namespaces, stays outside, and ends everything when the supervisor is gone.

    python -c "..." CONTROL SUPERVISOR CONFIG

CONTROL is the descriptor of the supervisor's socket, SUPERVISOR a pidfd of the supervisor, CONFIG a JSON object. The
end of the socket alone would not do: a process that the supervisor forked may hold a copy of it for ever.
"""

from __future__ import annotations

import _socket as socket
import contextlib
import json
import os
import resource
import select
import signal
import sys
import time

from . import kernel, run, slots, wire

_NAMESPACES = kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
_DESCRIPTORS = 1024


def main() -> None:
    """Start the zygote, wait for its end, and clean up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    supervisor = int(sys.argv[2])
    config = json.loads(sys.argv[3])
    sys.argv[:] = [""]
    _start_afresh()
    read, write = os.pipe()
    try:
        pid = kernel.clone(_NAMESPACES | (kernel.CLONE_NEWUSER if config["maps"] else 0))
        if pid == 0:
            kernel.die_with_parent()  # first: if the keeper dies now, nobody else would end this process
            os.close(write)
            os.close(supervisor)
            if os.read(read, 1) == b"m":
                os.close(read)
                slots.main(control, config)
            os._exit(1)
        for name, text in config["maps"].items():
            run.tell(f"/proc/{pid}/{name}", text)
    except OSError as error:
        wire.answer(control, {"failed": str(error)})
        return
    os.write(write, b"m")
    os.close(read)
    os.close(write)
    control.close()
    kernel.set_name("rlvr-keeper")
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # it ends with its supervisor, and only then
        signal.signal(ignored, signal.SIG_IGN)
    _wait(pid, supervisor)
    _remove(config["cgroups"])


def _start_afresh() -> None:
    """Undo settings of the supervisor that programs would inherit: signal handlers, low limits."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for memory in (resource.RLIMIT_DATA, resource.RLIMIT_AS):  # stacks of threads count in full there
        hard = resource.getrlimit(memory)[1]
        resource.setrlimit(memory, (hard, hard))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = max(soft, _DESCRIPTORS) if hard == resource.RLIM_INFINITY else min(max(soft, _DESCRIPTORS), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _wait(pid: int, supervisor: int) -> None:
    """Wait until the zygote has ended; kill it if the supervisor is gone."""
    zygote = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(zygote, select.POLLIN)
    poller.register(supervisor, select.POLLIN)
    ended = {descriptor for descriptor, _event in poller.poll()}
    if zygote not in ended:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _remove(cgroups: list[str]) -> None:
    """Remove the sandbox's cgroups; those of killed processes take a moment to become empty.

    cgroups: the prefixes of their paths.
    """
    for beginning in cgroups:
        limit = time.monotonic() + 5.0
        while (folders := _folders(beginning)) and time.monotonic() < limit:
            for folder in folders:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            if _folders(beginning):
                time.sleep(0.01)


def _folders(beginning: str) -> list[str]:
    """The folders with these path prefixes, nested ones first."""
    base, name = os.path.split(beginning)
    found = []
    with contextlib.suppress(OSError):  # there is no such place, or it was removed meanwhile
        for outer in (os.path.join(base, n) for n in os.listdir(base) if n.startswith(name)):
            inner = (os.path.join(outer, n) for n in os.listdir(outer))
            found += [*(path for path in inner if os.path.isdir(path)), outer]
    return found
