"""What runs inside the container of `DockerSandbox`: a namespace sandbox, driven over a Unix socket or standard input
and output.

The container needs nothing but an interpreter. The first thing on its standard input is an archive of this package, the
guests and the configuration, so no image of ours is needed, and the daemon may be on another machine. If it is on this
one, the container connects to a socket in a folder that it is given, and frames and channels go by that, not through
the daemon. pid 1 reaps and waits; its child serves. The container ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.zygote import kernel

HOME = "/rlvr"
MEETING = "/rlvr-meeting"
BY_SOCKET, BY_PIPES = b"s", b"p"  # the first byte on standard output: what carries the frames
_GUESTS = "guests"
_CONFIG = "config.json"
_END_SECONDS = 10
# Read-only in the container beside what Docker makes so; with `systempaths=unconfined` none of it is.
_HIDDEN_FILES = ("kcore", "keys", "latency_stats", "timer_list", "sched_debug", "sysrq-trigger", "kallsyms")
_HIDDEN_FOLDERS = ("/proc/acpi", "/proc/scsi", "/sys/firmware")
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys")
_CGROUPS = "/sys/fs/cgroup"
_CONTROLLERS = ("memory", "pids", "cpuacct", "cpu")  # the last may be missing

# Standard library only, and nothing of it that starts slowly: read the archive, unpack it, go on in `main`.
BOOT = f"""
import io, os, sys, tarfile
def take(count):
    data = b""
    while len(data) < count:
        piece = os.read(0, min(count - len(data), 1 << 20))
        if not piece:
            sys.exit("the archive broke off")
        data += piece
    return data
if sys.version_info < (3, 11):
    sys.exit("the image's python3 is %d.%d; 3.11 or newer is needed" % sys.version_info[:2])
archive = tarfile.open(fileobj=io.BytesIO(take(int.from_bytes(take(8), "big"))))
archive.extractall({HOME!r}, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall({HOME!r})
sys.path.insert(0, {HOME!r})
from sandbox.container import main
main()
"""


def archive(
    guests: Mapping[str, Path],
    *,
    slots: int,
    expose: Sequence[str],
    user_block: int,
    privileged: bool | None,
    word: str = "",
) -> bytes:
    """What a container is sent first: the length of a tar archive, and the archive.

    word: said where the container meets us (`rendezvous.py`, in the folder MEETING); "" = there is no such place.
    """
    held = io.BytesIO()
    config = {
        "slots": slots,
        "expose": list(expose),
        "guests": list(guests),
        "user_block": user_block,
        "privileged": privileged,
        "word": word,
    }
    with tarfile.open(fileobj=held, mode="w") as tar:
        _add(tar, Path(__file__).parent, "sandbox")
        for name, folder in guests.items():
            _add(tar, folder, f"{_GUESTS}/{name}")
        content = json.dumps(config).encode()
        info = tarfile.TarInfo(_CONFIG)
        info.size, info.mode = len(content), 0o644
        tar.addfile(info, io.BytesIO(content))
    data = held.getvalue()
    return len(data).to_bytes(8, "big") + data


def _add(tar: tarfile.TarFile, folder: Path, name: str) -> None:
    def readable(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if info.name.endswith(("__pycache__", ".pyc")):
            return None
        info.uid = info.gid = 0
        info.mode = 0o755 if info.isdir() else 0o644
        return info

    tar.add(folder.resolve(), name, filter=readable)


def main() -> None:
    """Inside: be pid 1 of the container, and serve in a child."""
    config = json.loads(Path(HOME, _CONFIG).read_text())
    if kernel.effective_capabilities() & kernel.CAP_SYS_ADMIN:
        _mask()
        _open_cgroups()
    pid = os.fork()
    if pid == 0:
        config["expose"] = [path for path in config["expose"] if os.path.exists(path)]  # this image may lack some
        asyncio.run(_serve(config))
        os._exit(0)
    for descriptor in (0, 1):  # the child's alone: its end must be seen
        os.close(descriptor)
    while True:
        ended, status = os.wait()
        if ended == pid:
            os._exit(abs(os.waitstatus_to_exitcode(status)) & 0xFF)


def _mask() -> None:
    """Mask what Docker would mask of /proc and /sys, had it not been told `systempaths=unconfined`.

    What cannot be masked is skipped: runs have their own /proc, and no privileges in it.
    """
    for name in _HIDDEN_FILES:
        if os.path.exists(f"/proc/{name}"):
            with contextlib.suppress(OSError):
                kernel.bind("/dev/null", f"/proc/{name}")
    for folder in _HIDDEN_FOLDERS:
        if os.path.isdir(folder):
            with contextlib.suppress(OSError):
                kernel.mount("masked", folder, "tmpfs", kernel.MS_RDONLY, "size=0")
    for folder in (*_READ_ONLY, HOME):
        if os.path.isdir(folder):
            with contextlib.suppress(OSError):
                kernel.bind(folder, folder)
                kernel.make_read_only(folder)


def _open_cgroups() -> None:
    """Make this container's cgroups writable, so that slots can have their own below them."""
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    unified = os.path.exists(f"{_CGROUPS}/cgroup.controllers")
    with contextlib.suppress(OSError):
        for folder in [_CGROUPS] if unified else [os.path.realpath(f"{_CGROUPS}/{name}") for name in _CONTROLLERS]:
            kernel.mount("", folder, "", flags)
        if unified:  # a cgroup that hands controllers on may hold no processes itself
            os.makedirs(f"{_CGROUPS}/server", exist_ok=True)
            Path(_CGROUPS, "server", "cgroup.procs").write_text("0")
            Path(_CGROUPS, "cgroup.subtree_control").write_text("+memory +pids")
            Path(_CGROUPS, "cgroup.subtree_control").write_text("+cpu")


async def _serve(config: Mapping[str, object]) -> None:
    from sandbox.namespaces import NamespaceSandbox
    from sandbox.rendezvous import join
    from sandbox.stream_server import StreamServer
    from sandbox.transports import Pipes

    pipes = Pipes(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # whatever is printed goes where errors go
    stream = join(MEETING, str(config["word"])) if config["word"] else None
    await pipes.send(BY_PIPES if stream is None else BY_SOCKET)
    names: list[str] = config["guests"]  # type: ignore[assignment]
    expose: list[str] = config["expose"]  # type: ignore[assignment]
    sandbox = NamespaceSandbox(
        slots=int(config["slots"]),  # type: ignore[call-overload]
        guests={name: Path(HOME, _GUESTS, name) for name in names},
        expose=[Path(path) for path in expose],
        privileged=config["privileged"],  # type: ignore[arg-type]
        user_block=int(config["user_block"]),  # type: ignore[call-overload]
    )
    try:
        serving = asyncio.create_task(StreamServer(sandbox, stream or pipes, name="docker").serve())
        if stream is not None:  # then nothing comes by standard input but its end
            ending = asyncio.create_task(pipes.receive())
            await asyncio.wait([serving, ending], return_when=asyncio.FIRST_COMPLETED)
            await stream.close()
        await serving
    finally:
        signal.alarm(_END_SECONDS)  # the container ends, come what may
        await sandbox.close()
