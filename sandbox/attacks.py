"""The attacks of `rlvr sandbox check`: small programs that try to escape, each judged from outside.

Success is judged by what an attack left or reached, never by its own report alone: each tries to read a secret that
only this process, its files and its child have, or to reach a listener, a folder or a process here. An attack reports
as it goes, and ends once it has succeeded: what it obtained counts even if it runs into its time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.protocol import Sandbox
from sandbox.types import MIB, Ended, Job, JobResult, Limits

_ATTACK_SECONDS = 60.0
_LIMITS = Limits(wall_seconds=15.0, cpu_seconds=10.0, memory_bytes=128 * MIB, processes=32, disk_bytes=8 * MIB)


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one attack. broken: what it obtained, in a few words; "" = nothing."""

    attack: str
    broken: str


@dataclass(frozen=True, slots=True)
class _Bait:
    """The targets of the attacks. near: the sandbox is on this machine, so that they are in reach."""

    sandbox: Sandbox
    secret: str
    folder: Path
    port: int
    datagrams: int
    local: str
    reached: list[str]
    sentinel: int
    near: bool

    async def run(self, code: str, *words: str, limits: Limits = _LIMITS) -> JobResult:
        files = {"attack.py": code.encode()}
        return await self.sandbox.run(Job(argv=("python", "attack.py", *words), files=files, limits=limits))


async def _reads_the_callers_memory(bait: _Bait) -> str:
    code = """
import os, re, sys
pattern = b"caller's-" + b"secret-[0-9a-f]{32}"
for name in [*sys.argv[1:], *os.listdir("/proc")]:
    # The given ones first: a busy machine has more than there is time for
    if name.isdigit() and int(name) != os.getpid():
        try:
            for line in open(f"/proc/{name}/maps"):
                start, end = (int(x, 16) for x in line.split()[0].split("-"))
                if "[heap]" in line or "rw-p" in line:
                    with open(f"/proc/{name}/mem", "rb", 0) as memory:
                        memory.seek(start)
                        for found in re.findall(pattern, memory.read(min(end - start, 1 << 24))):
                            print(found.decode(), flush=True)
                            if name in sys.argv: sys.exit()
        except (OSError, ValueError, OverflowError): pass
"""
    return _found(bait, await bait.run(code, str(bait.sentinel)), "the memory of a process outside")


async def _reads_the_graded_file(bait: _Bait) -> str:
    code = """
import os, sys
for path in sys.argv[1:]:
    try: sys.exit(print(open(path).read(), flush=True))
    except OSError: pass
for base in ("/tmp", "/var/tmp", "/home", "/root", "/srv", "/mnt", "/proc/1/root/tmp", "/proc/self/cwd/.."):
    for where, folders, names in os.walk(base):
        if where.count("/") > 6: folders.clear()
        for name in names:
            if "graded" in name:
                try: print(open(os.path.join(where, name)).read(1000), flush=True)
                except OSError: pass
"""
    path = str(bait.folder / "graded")
    return _found(bait, await bait.run(code, path, f"/proc/1/root{path}"), "a file of the caller")


async def _reads_the_environment(bait: _Bait) -> str:
    code = """
import glob, os
print(os.environ, flush=True)
for path in glob.glob("/proc/[0-9]*/environ"):
    try: print(open(path, "rb").read(), flush=True)
    except OSError: pass
"""
    return _found(bait, await bait.run(code), "the caller's environment")


async def _uses_a_descriptor(bait: _Bait) -> str:
    code = """
import os
print(sum(os.path.exists(f"/proc/self/fd/{n}") for n in range(3, 1024)))
"""
    result = await bait.run(code)
    return "" if result.stdout.strip() == b"0" else f"open descriptors beside its streams: {result.stdout!r:.40}"


async def _connects(bait: _Bait) -> str:
    code = """
import socket, sys
for family, address in (
    (socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))),
    (socket.AF_UNIX, "\\0" + sys.argv[3]),
):
    try:
        s = socket.socket(family)
        s.settimeout(3)
        s.connect(address)
        s.send(b"x")
        print("connected")
    except OSError: pass
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("127.0.0.1", int(sys.argv[2])))
except OSError: pass
"""
    before = len(bait.reached)
    result = await bait.run(code, str(bait.port), str(bait.datagrams), bait.local)
    await asyncio.sleep(0.2)
    if reached := bait.reached[before:]:
        return f"it reached a listener of this machine: {', '.join(sorted(set(reached)))}"
    return "it has a network" if b"connected" in result.stdout else ""


async def _writes_outside(bait: _Bait) -> str:
    code = """
import json, os, sys, sysconfig
folders = ["/", "/etc", "/usr", "/usr/lib", os.path.dirname(json.__file__), sysconfig.get_path("purelib")]
folders += ["/proc/sys/kernel", "/sys/fs/cgroup", "/dev"]
for folder in [sys.argv[1], *(folders if sys.argv[3] == "isolated" else [])]:
    path = os.path.join(folder, sys.argv[2])
    try:
        with open(path, "w") as f: f.write("x")
        print(folder, flush=True)
        if folder != sys.argv[1]: os.remove(path)
    except OSError: pass
"""
    target = bait.folder / "open"
    result = await bait.run(code, str(target), f"written-{bait.secret[-8:]}", "weak" if _is_weak(bait) else "isolated")
    if any(target.iterdir()):
        return "it wrote into a folder of the caller"
    return f"it wrote to {result.stdout.decode().split()[0]}" if result.stdout.strip() else ""


async def _outlives(bait: _Bait) -> str:
    code = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
        for n in (0, 1, 2): os.close(n)
        os.execv("/bin/sleep", [sys.argv[1], "60"])
    os._exit(0)
os.wait()
"""
    name = f"outlives-{secrets.token_hex(8)}"
    await bait.run(code, name)
    await asyncio.sleep(0.3)
    left = _processes(name)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, 9)
    return "a process of it was alive after its end" if left else ""


async def _signals_others(bait: _Bait) -> str:
    code = (
        """
import os, signal, sys
for target in (int(sys.argv[1]), os.getppid(), -1, 1, *range(2, 500)):
    for number in (signal.SIGSTOP, signal.SIGKILL):
        # os.getppid() is 0 where the parent is outside the namespace, and kill(0) would be this process's own group
        try: target in (0, os.getpid()) or os.kill(target, number)
        except OSError: pass
print("tried all")
"""
        if bait.near and not _is_weak(bait)
        else """
import os, sys
try:
    os.kill(int(sys.argv[1]), 9)
    print("signalled")
except OSError: pass
"""
    )  # without isolation the first one would end this machine's session
    await bait.run(code, str(bait.sentinel))
    state = _state(bait.sentinel)
    if state not in ("S", "R", "D"):
        return "it ended or stopped a process outside"
    after = await bait.run("print('alive')")
    return "" if after.stdout == b"alive\n" else "the sandbox was dead afterwards"


async def _exhausts_processes(bait: _Bait) -> str:
    code = """
import os, time
n = 0
try:
    while n < 400:
        if os.fork() == 0: time.sleep(20)
        n += 1
        os.write(1, b".")
except OSError: pass
os._exit(0)
"""
    count = len((await bait.run(code)).stdout)
    if count > 2 * _LIMITS.processes:
        return f"{count} processes at once, of {_LIMITS.processes} allowed"
    return await _still_works(bait)


async def _exhausts_memory(bait: _Bait) -> str:
    code = """
import os
for _ in range(3): os.fork()
held = [b"x" * 1_000_000 for _ in range(90)]
ready = b"".join(held[:1])
print(len(held), flush=True)
import time
time.sleep(3)
"""
    result = await bait.run(code)
    if result.stdout.count(b"90") > 2:
        return f"{result.stdout.count(b'90')} processes of 90 MB each, of {_LIMITS.memory_bytes // MIB} MiB allowed"
    return await _still_works(bait)


async def _exhausts_the_disk(bait: _Bait) -> str:
    code = """
total = 0
for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
    for n in range(8):
        try:
            with open(f"{folder}/much-{n}", "wb", buffering=0) as f:
                for _ in range(16): total += f.write(bytes(1 << 20))
        except OSError: pass
        print(total, flush=True)
import glob, os
for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
    for path in glob.glob(f"{folder}/much-*"): os.remove(path)
"""
    total = max(map(int, (await bait.run(code)).stdout.split()), default=0)
    if total > 2 * _LIMITS.disk_bytes:
        return f"it wrote {total // MIB} MiB, of {_LIMITS.disk_bytes // MIB} allowed"
    return await _still_works(bait)


async def _takes_time(bait: _Bait) -> str:
    result = await bait.run("while True: pass", limits=Limits(wall_seconds=40.0, cpu_seconds=1.0))
    if result.ended is not Ended.CPU:
        return f"an endless loop ended as {result.ended}"
    result = await bait.run("import time\ntime.sleep(50)", limits=Limits(wall_seconds=1.0))
    return "" if result.ended is Ended.WALL else f"a run that sleeps ended as {result.ended}"


async def _sees_other_runs(bait: _Bait) -> str:
    name = f"other-{secrets.token_hex(8)}"
    holder = """
import os, sys
for folder in (".", "/tmp", "/dev/shm"): open(f"{folder}/{sys.argv[1]}", "w").close()
os.write(3, b"x")
os.read(3, 1)
for folder in (".", "/tmp", "/dev/shm"): os.remove(f"{folder}/{sys.argv[1]}")
"""
    looker = """
import glob, os, sys
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try: print("a process " * (sys.argv[1] in open(path).read() and str(os.getpid()) not in path), flush=True)
    except OSError: pass
for base in ("/tmp", "/dev/shm", "/box", "/var/tmp"):
    for where, _, names in os.walk(base):
        if any(sys.argv[1] in n for n in names): sys.exit(print("a file", flush=True))
"""
    job = Job(argv=("python", "holder.py", name), files={"holder.py": holder.encode()}, limits=_LIMITS)
    session = await bait.sandbox.open(job)
    try:
        await session.receive()
        result = await bait.run(looker, name)
        await session.send(b"x")
        await session.result()
    finally:
        await session.close()
    said = result.stdout.decode()
    seen = [what for what in ("a process", "a file") if what in said]
    return f"it saw {' and '.join(seen)} of another run" if seen else ""


async def _keeps_privileges(bait: _Bait) -> str:
    code = """
import os
about = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(os.geteuid(), int(about["CapEff"], 16), about["NoNewPrivs"].strip(), about["Seccomp"].strip())
"""
    said = (await bait.run(code)).stdout.decode().split()
    if len(said) != 4:
        return "it could not tell"
    uid, capabilities, no_new, filtered = said
    lacks = [
        *(["it runs as root"] if uid == "0" else []),
        *(["it holds capabilities"] if capabilities != "0" else []),
        *(["it can gain privileges"] if no_new != "1" else []),
        *(["no seccomp filter"] if filtered != "2" else []),
    ]
    return ", ".join(lacks)


Attack = Callable[[_Bait], Awaitable[str]]
ATTACKS: tuple[tuple[str, Attack], ...] = (
    ("read the caller's memory", _reads_the_callers_memory),
    ("read the graded file", _reads_the_graded_file),
    ("read the caller's environment", _reads_the_environment),
    ("use the caller's descriptors", _uses_a_descriptor),
    ("connect", _connects),
    ("write outside", _writes_outside),
    ("outlive its run", _outlives),
    ("signal others", _signals_others),
    ("exhaust processes", _exhausts_processes),
    ("exhaust memory", _exhausts_memory),
    ("exhaust the disk", _exhausts_the_disk),
    ("take more time", _takes_time),
    ("see other runs", _sees_other_runs),
    ("keep privileges", _keeps_privileges),
)


async def attack(sandbox: Sandbox, *, near: bool = True) -> tuple[Finding, ...]:
    """Run every attack on a sandbox. near: it is on this machine."""
    secret = f"caller's-secret-{secrets.token_hex(16)}"
    folder = _baited_folder(secret)
    sentinel = _baited_process(secret, folder)
    try:
        with _listening() as (port, datagrams, local, reached):
            bait = _Bait(sandbox, secret, folder, port, datagrams, local, reached, sentinel.pid, near)
            return tuple([Finding(name, await _outcome(one, bait)) for name, one in ATTACKS])
    finally:
        sentinel.communicate()
        shutil.rmtree(folder, ignore_errors=True)  # an attack may have killed the process


def _baited_folder(secret: str) -> Path:
    """Make a world-readable file with the secret, and a world-writable folder."""
    folder = Path(tempfile.mkdtemp(prefix="rlvr-check-"))
    folder.chmod(0o755)
    (folder / "graded").write_text(secret)
    (folder / "graded").chmod(0o644)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    return folder


def _baited_process(secret: str, folder: Path) -> subprocess.Popen[bytes]:
    """A process with the secret in its memory and environment. When its input ends it removes the folder and exits,

    even if this process is killed.
    """
    code = "import os, shutil, sys\nheld = os.environ['RLVR_SANDBOX_CHECK'] * 100\nsys.stdin.read()\n"
    code += "shutil.rmtree(sys.argv[1], ignore_errors=True)"
    environment = {**os.environ, "RLVR_SANDBOX_CHECK": secret}
    return subprocess.Popen([sys.executable, "-S", "-c", code, str(folder)], stdin=subprocess.PIPE, env=environment)


async def _outcome(one: Attack, bait: _Bait) -> str:
    try:
        async with asyncio.timeout(_ATTACK_SECONDS):
            return await one(bait)
    except SandboxError as error:
        return f"the sandbox itself failed: {str(error)[:200]}"
    except TimeoutError:
        return f"it did not end within {_ATTACK_SECONDS:g} s"


@contextlib.contextmanager
def _listening() -> Iterator[tuple[int, int, str, list[str]]]:
    """Listeners on this machine that record connections: two ports, an abstract name, and the record."""
    name, reached = f"rlvr-check-{secrets.token_hex(8)}", list[str]()

    def note(kind: str, listener: socket.socket) -> None:
        reached.append(kind)
        with contextlib.suppress(OSError):
            if kind == "udp":
                listener.recv(16)
            else:
                listener.accept()[0].close()

    loop = asyncio.get_running_loop()
    with (
        socket.create_server(("127.0.0.1", 0)) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as local,
    ):
        datagrams.bind(("127.0.0.1", 0))
        local.bind("\0" + name)
        local.listen()
        listeners = {"tcp": stream, "udp": datagrams, "an abstract socket": local}
        for kind, listener in listeners.items():
            listener.setblocking(False)
            loop.add_reader(listener, note, kind, listener)
        try:
            yield stream.getsockname()[1], datagrams.getsockname()[1], name, reached
        finally:
            for listener in listeners.values():
                loop.remove_reader(listener)


def _is_weak(bait: _Bait) -> bool:
    return getattr(bait.sandbox, "name", "") == "weak"


def _found(bait: _Bait, result: JobResult, what: str) -> str:
    return f"it read {what}" if bait.secret.encode() in result.stdout else ""


async def _still_works(bait: _Bait) -> str:
    result = await bait.run("print('alive')")
    return "" if result.stdout == b"alive\n" else f"the next run {result.ended}"


def _processes(name: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and (folder / "cmdline").read_bytes().startswith(name.encode() + b"\0"):
                found.append(int(folder.name))
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
