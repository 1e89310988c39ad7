# ruff: noqa: ASYNC240 - the checks look at the machine, and nothing waits for them meanwhile
"""What isolation means for a `Sandbox`, seen from a program that tries. Part of the suite of `sandbox.py`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from pathlib import Path

from sandbox.protocol import Sandbox
from sandbox.types import MIB, Job, Limits
from tests.conformance.sandbox import SandboxCase, new_token, output, processes_with, python, there
from tests.waiting import PATIENCE


async def the_network_is_off(sandbox: Sandbox, _case: SandboxCase) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0" + new_token())
        local.listen()
        code = """
            import socket, sys
            for family, address in (
                (socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))),
                (socket.AF_UNIX, "\\0" + sys.argv[2]),
            ):
                try:
                    s = socket.socket(family)
                    s.settimeout(5)
                    s.connect(address)
                    print("connected")
                except OSError: print("refused")
            try:
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.sendto(b"x", ("127.0.0.1", 9))
                print("sent")
            except OSError: print("refused")
        """
        port, name = str(server.getsockname()[1]), local.getsockname()[1:].decode()
        assert await output(sandbox, code, port, name) == "refused\n" * 3


async def local_sockets_reach_no_other_run(sandbox: Sandbox, case: SandboxCase) -> None:
    code = """
        import multiprocessing, os, pty, socket, sys, time
        names = ["own", "\\0" + sys.argv[1]]
        servers = [socket.socket(socket.AF_UNIX) for _ in names]
        for server, name in zip(servers, names):
            server.bind(name)  # the abstract name, too, is free: the other run has it, in its own space
            server.listen()
            socket.socket(socket.AF_UNIX).connect(name)
        m, s = pty.openpty()
        print(os.isatty(s), len(os.listdir("/dev/pts")))
        with multiprocessing.Manager() as manager: print(manager.list([1, 2])[1])
        for kind in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
            try: socket.socket(kind)
            except OSError: print("refused")
        open("/tmp/ready", "w"); time.sleep(0.5)
    """
    token = new_token()
    both = await asyncio.gather(*(sandbox.run(python(code, token, ipc=True)) for _ in range(2)))
    if case.whole_tree and "per process" not in both[0].isolation:  # only a cgroup counts the memory of sockets
        assert [result.stdout for result in both] == [b"True 2\n2\n" + b"refused\n" * 3] * 2, both
    else:
        assert not any(result.stdout for result in both)


async def the_hosts_files_cannot_be_seen(sandbox: Sandbox, _case: SandboxCase) -> None:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "graded")
        secret.write_text("the answer")
        secret.chmod(0o644)
        Path(folder).chmod(0o755)
        home = os.path.expanduser("~")
        places = [str(secret), __file__, "pyproject.toml", f"{home}/.bashrc", f"{home}/.profile", "/etc/shadow"]
        code = """
            import os, sys
            for path in sys.argv[1:]:
                try: print(path, open(path).read()[:20])
                except OSError: pass
            interpreter = {sys.prefix, sys.base_prefix}  # may lie in somebody's home: the way to it is all that is seen
            def look(folder):
                if not os.path.isdir(folder) or not os.access(folder, os.R_OK): return
                for path in (os.path.join(folder, name) for name in os.listdir(folder)):
                    if any(place.startswith(path + "/") for place in interpreter): look(path)
                    elif path not in interpreter: print(path, end=" ")
            for folder in ("/var/log", "/boot", "/home", "/root/.ssh", "/run", "/tmp"): look(folder)
        """
        assert await output(sandbox, code, *(os.path.abspath(place) for place in places)) == ""


async def nothing_outside_can_be_written(sandbox: Sandbox, _case: SandboxCase) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        code = """
            import json, os, sys, sysconfig
            places = [sys.argv[1], "/", "/etc", "/usr", "/usr/bin", "/box", "/dev", "/guests", "/sys/fs/cgroup"]
            places += ["/proc/sys/kernel", os.path.dirname(json.__file__), sysconfig.get_path("purelib")]
            for path in places:
                try:
                    open(os.path.join(path, "written"), "w").write("x")
                    print(path)
                except OSError: pass
        """
        assert await output(sandbox, code, folder) == ""
        assert os.listdir(folder) == []


async def a_program_holds_no_privileges(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = """
        import os
        lines = open("/proc/self/status").read().splitlines()
        about = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
        print(0 in os.getresuid() + os.getresgid(), *(int(about[k], 16) for k in ("CapEff", "CapPrm", "CapBnd")))
        print(about["NoNewPrivs"].strip(), about["Seccomp"].strip())
    """
    assert (await output(sandbox, code)).split() == ["False", "0", "0", "0", "1", "2"]


async def dangerous_calls_are_refused(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.syscall.restype = ctypes.c_long\n"
        "if os.uname().machine != 'x86_64': raise SystemExit\n"
        "calls = {'mount': 165, 'umount2': 166, 'unshare': 272, 'setns': 308, 'ptrace': 101, 'process_vm_readv': 310,\n"
        "         'bpf': 321, 'perf_event_open': 298, 'io_uring_setup': 425, 'userfaultfd': 323, 'keyctl': 250,\n"
        "         'add_key': 248, 'personality': 135, 'kexec_load': 246, 'reboot': 169, 'pidfd_open': 434,\n"
        "         'clone3': 435, 'chroot': 161, 'pivot_root': 155, 'open_by_handle_at': 304, 'init_module': 175}\n"
        "for name, number in calls.items():\n"
        "    if libc.syscall(ctypes.c_long(number), 0x10000000, 0, 0, 0, 0, 0) != -1: print(name)\n"
        "    elif ctypes.get_errno() not in (1, 38): print(name, ctypes.get_errno())\n"
        "if libc.syscall(ctypes.c_long(56), ctypes.c_ulong(0x10000000 | 17), 0, 0, 0, 0) >= 0: print('clone')\n"
        "if libc.syscall(ctypes.c_long(0x40000000 + 39)) >= 0: print('x32')\n"
    )
    assert await output(sandbox, code) == ""


async def other_processes_cannot_be_seen_or_signalled(sandbox: Sandbox, _case: SandboxCase) -> None:
    token = new_token()
    other = await sandbox.open(
        python(
            "import os, sys\nos.write(3, b'x')\nos.execv('/bin/sleep', [sys.argv[1], '300'])",
            token,
            limits=Limits(wall_seconds=200),
        )
    )
    try:
        assert await other.receive() == b"x"
        await there(token)
        code = """
            import os, signal, sys
            names = [n for n in os.listdir("/proc") if n.isdigit()]
            lines = [open(f"/proc/{n}/cmdline").read() for n in names if int(n) != os.getpid()]
            print(len(names) <= 3, any(sys.argv[1] in line for line in lines), flush=True)
            for target in (-1, 1, os.getppid(), *range(3, 400)):
                for number in (signal.SIGSTOP, signal.SIGKILL):  # 0, a parent outside, is this process's own group
                    try: target in (0, os.getpid()) or os.kill(target, number)
                    except OSError: pass
            print("tried all")
        """
        result = await sandbox.run(python(code, token, limits=Limits(wall_seconds=100)))
        assert result.stdout == b"True False\ntried all\n", result
        assert processes_with(token)
        assert await output(sandbox, "print('next')") == "next\n"
    finally:
        await other.close()


async def memory_of_others_cannot_be_read(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = (
        "import os\n"
        "for name in os.listdir('/proc'):\n"
        "    if name.isdigit() and int(name) != os.getpid():\n"
        "        for part in ('mem', 'environ', 'maps', 'root', 'cwd', 'fd'):\n"
        "            try:\n"
        "                path = f'/proc/{name}/{part}'\n"
        "                if part == 'fd' and os.stat(path).st_uid == os.getuid():  # a plain user's own init\n"
        "                    [os.readlink(f'{path}/{n}') for n in os.listdir(path) or [0]]\n"
        "                else: (os.listdir if part in ('root', 'cwd', 'fd') else open)(path)\n"
        "                print(path)\n"
        "            except OSError: pass\n"
        "for path in ('/dev/mem', '/dev/kmem', '/proc/kcore', '/proc/kmsg', '/dev/kmsg'):\n"
        "    try: open(path, 'rb').read(1); print(path)\n"
        "    except OSError: pass\n"
        "print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])\n"
    )
    assert await output(sandbox, code) == "[0, 1, 2]\n"


async def disk_space_and_files_are_limited(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = """
        import os
        total = n = 0
        for folder in (".", "/tmp", "/dev/shm"):
            try:
                with open(folder + "/much", "wb", buffering=0) as f:
                    while total < 60_000_000: total += f.write(bytes(100_000))
            except OSError: pass
        print(total)
        for folder in (".", "/tmp", "/dev/shm"):
            if os.path.exists(folder + "/much"): os.remove(folder + "/much")
        try:
            while n < 1000:
                open(f"f{n}", "w").close()
                n += 1
        except OSError: pass
        print(n)
    """
    limits = Limits(disk_bytes=10 * MIB, disk_files=200, wall_seconds=PATIENCE)
    total, count = map(int, (await output(sandbox, code, limits=limits)).split())
    assert 5_000_000 < total <= 11 * MIB
    assert 100 < count <= 210


async def two_runs_do_not_see_each_others_files(sandbox: Sandbox, _case: SandboxCase) -> None:
    token = new_token()
    code = (
        "import os, sys\nfor folder in ('.', '/tmp', '/dev/shm'): open(f'{folder}/{sys.argv[1]}', 'w').write('x')\n"
        "os.write(3, b'x')\nos.read(3, 1)\n"
    )
    async with contextlib.AsyncExitStack() as stack:
        other = await sandbox.open(python(code, token))
        stack.push_async_callback(other.close)
        assert await other.receive() == b"x"
        look = (
            "import os, sys\nfor where, folders, names in os.walk('/'):\n"
            "    if where.startswith(('/proc', '/usr', '/sys')): folders.clear()\n"
            "    print(*(os.path.join(where, n) for n in names if sys.argv[1] in n), end='')\n"
        )
        assert await output(sandbox, look, token, limits=Limits(wall_seconds=200)) == ""


async def a_hostile_run_changes_nothing_for_the_next(sandbox: Sandbox, _case: SandboxCase) -> None:
    """Fork bombs and the like, during and before honest runs."""
    bombs = [
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "held = []\nwhile True: held.append(bytearray(10_000_000))",
        "f = open('/tmp/x', 'wb')\nwhile True: f.write(bytes(1_000_000))",
        "while True: print('x' * 1_000_000)",
        "import os\nos.kill(-1, 9)\nos.kill(os.getppid(), 9)",
        "import os\nos.close(1)\ntry: os.kill(os.getppid() or 1, 19)\nfinally:\n    while True: pass",
    ]
    limits = Limits(wall_seconds=5, cpu_seconds=1, memory_bytes=128 * MIB, processes=32)
    hostile = [asyncio.create_task(sandbox.run(python(bomb, limits=limits))) for bomb in bombs]
    honest = Job(argv=("python", "-c", "print(sum(range(1000)))"), limits=Limits(wall_seconds=200, cpu_seconds=30))
    results = await asyncio.gather(*(sandbox.run(honest) for _ in range(12)))
    assert {r.stdout for r in results} == {b"499500\n"}
    assert not any(result.succeeded for result in await asyncio.gather(*hostile))
    assert await output(sandbox, "print('next')") == "next\n"


ISOLATION_CHECKS = (
    the_network_is_off,
    local_sockets_reach_no_other_run,
    the_hosts_files_cannot_be_seen,
    nothing_outside_can_be_written,
    a_program_holds_no_privileges,
    dangerous_calls_are_refused,
    other_processes_cannot_be_seen_or_signalled,
    memory_of_others_cannot_be_read,
    disk_space_and_files_are_limited,
    two_runs_do_not_see_each_others_files,
    a_hostile_run_changes_nothing_for_the_next,
)
