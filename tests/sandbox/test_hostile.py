"""What a hostile program does to the machinery of its own run; neighbours, the next run and the caller see nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

import pytest

from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Ended, Job, JobResult, Limits
from tests.sandbox.processes import sandboxes_below
from tests.sandbox.running import python, run, said
from tests.waiting import PATIENCE

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
MODES = pytest.mark.parametrize("privileged", [None, False], ids=["default", "user namespace"])
MIB = 1 << 20
HONEST = python(  # it is on as long as the test wants
    "import os; os.write(3, b'begun'); print('done' if os.read(3, 9) == b'end' else '')",
    limits=Limits(wall_seconds=200),
)


@MODES
def test_a_child_that_is_given_to_the_programs_parent_holds_nothing_up(privileged) -> None:
    """With CLONE_PARENT it would be the slot's: outside the namespace that must be empty before the run is over."""
    source = """
        import ctypes, os, platform
        libc = ctypes.CDLL(None, use_errno=True)
        number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
        if libc.syscall(number, 0x8000 | 17, 0, 0, 0, 0) == 0:
            os._exit(0)
        print("over")
    """

    async def bounded() -> JobResult:
        sandbox = NamespaceSandbox(slots=1, privileged=privileged)
        try:
            return await asyncio.wait_for(sandbox.run(python(source, limits=Limits(wall_seconds=60))), PATIENCE)
        finally:
            await sandbox.close()

    assert said(asyncio.run(bounded())) == "over\n"


@MODES
def test_outputs_that_are_larger_than_the_runs_memory_leave_the_neighbours_alone(privileged) -> None:
    """Sparse files cost a program nothing; whoever fetches them must not be charged to the run's memory."""
    names = tuple("abcdefgh")
    hostile = python(
        "import os\nfor n in 'abcdefgh': os.truncate(os.open(n, os.O_CREAT | os.O_RDWR), 64 << 20)",
        limits=Limits(memory_bytes=96 * MIB, wall_seconds=PATIENCE),
        outputs=names,
    )
    full = python(
        "f = open('a', 'wb')\nfor _ in range(60): f.write(b'x' * (1 << 20))",
        limits=Limits(memory_bytes=96 * MIB, wall_seconds=PATIENCE),
        outputs=("a", "missing"),
    )

    async def beside() -> list[JobResult]:
        sandbox = NamespaceSandbox(slots=3, privileged=privileged)
        try:
            honest = await sandbox.open(HONEST)
            assert await honest.receive() == b"begun"
            zygotes = [pid for pid, name in sandboxes_below().items() if name == "rlvr-zygote"]
            rest = [await sandbox.run(hostile), await sandbox.run(full)]
            await honest.send(b"end")
            result = await honest.result()
            await honest.close()
            assert zygotes == [pid for pid, name in sandboxes_below().items() if name == "rlvr-zygote"]
            return [result, *rest]
        finally:
            await sandbox.close()

    good, sparse, much = asyncio.run(beside())
    assert said(good) == "done\n"
    assert sparse.ended is Ended.EXITED
    assert sum(map(len, sparse.files.values())) <= 64 * MIB
    assert much.files == {"a": b"x" * (60 << 20)}


def test_a_job_may_ask_for_thousands_of_outputs() -> None:
    names = tuple(f"{'x' * 100}{number}" for number in range(3000))
    (result,) = run(python(f"open({names[2999]!r}, 'w').write('here')", outputs=names))
    assert result.files == {names[2999]: b"here"}


def test_links_pipes_and_strange_names_among_outputs_lead_nowhere() -> None:
    strange = "new\nline \udcff" + "x" * 200
    deep = "/".join(["deep"] * 60) + "/file"
    source = f"""
        import os
        os.mkdir("folder"); open("folder/inner", "w").write("inner")
        os.symlink("folder", "linked"); os.symlink("/etc", "outside"); os.symlink("/proc/self", "self")
        os.mkfifo("fifo"); os.truncate(os.open("huge", os.O_CREAT | os.O_RDWR), 64 << 20)
        open({strange!r}, "w").write("strange")
        os.makedirs(os.path.dirname({deep!r})); open({deep!r}, "w").write("deep")
        open("closed", "w").write("closed"); os.chmod("closed", 0)
    """
    wanted = ("folder/inner", "linked/inner", "outside/passwd", "self/environ", "fifo", "huge", strange, deep, "folder")
    (result,) = run(python(source, outputs=(*wanted, "main.py/x", "closed")))
    held = {name: content for name, content in result.files.items() if name not in ("huge", "closed")}
    assert result.succeeded, result.stderr
    assert held == {"folder/inner": b"inner", strange: b"strange", deep: b"deep"}


def test_memory_of_daemons_is_bounded_where_no_cgroup_counts_it(monkeypatch) -> None:
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    source = """
        import mmap, os, time
        if os.fork() == 0:
            if os.fork() == 0:
                m = mmap.mmap(-1, 512 << 20)
                for i in range(0, 512 << 20, 4096): m[i] = 1
                time.sleep(200)
            os._exit(0)
        os.wait()
        time.sleep(200)
    """
    (result,) = run(python(source, limits=Limits(memory_bytes=150 * MIB, wall_seconds=100, cpu_seconds=30)))
    assert result.ended is Ended.MEMORY


def test_cpu_time_of_processes_that_nobody_waits_for_is_counted_where_no_cgroup_does(monkeypatch) -> None:
    """Else a program that keeps its first process from the cores by others would seem to be kept by the machine."""
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    source = """
        import os, time
        read, write = os.pipe()
        for _ in range(3):
            if os.fork() == 0:
                while time.process_time() < 0.3: pass
                os.write(write, b".")
                time.sleep(200)
        told = b""
        while len(told) < 3: told += os.read(read, 3)
    """
    (result,) = run(python(source))
    assert result.succeeded
    assert result.cpu_seconds > 0.8


@pytest.mark.parametrize(
    "how",
    [
        "os.nice(19)",
        "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))",
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
        "open('/proc/self/autogroup', 'w').write('19')",
    ],
)
def test_a_program_cannot_step_behind_others(how: str) -> None:
    """It would wait for a core for as long as it liked, and waiting is not held against it."""
    source = f"""
        import os
        names = "/proc/self/autogroup", "/proc/self/stat"
        def place():
            stat, group = (open(name).read().split() if os.path.exists(name) else [] for name in names[::-1])
            return os.sched_getscheduler(0), os.getpriority(0, 0), os.sched_getaffinity(0), stat[15:19], group
        before = place()
        try:
            {how}
        except OSError:
            pass
        assert place() == before, (before, place())
    """
    (result,) = run(python(source))
    assert said(result) == ""


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_program_that_keeps_its_own_input_from_ending_waits_for_nobody(size: int) -> None:
    source = """
        import os, sys, time
        kept = os.open("/proc/self/fd/0", os.O_WRONLY)
        sys.stdin.buffer.read(SIZE)
        time.sleep(300)
    """.replace("SIZE", str(size))
    (result,) = run(python(source, stdin=b"x" * size, limits=Limits(wall_seconds=4)))
    assert result.ended is Ended.WALL
    assert result.waited < result.seconds / 2


@pytest.mark.parametrize("small", ["1031, 4096", "fcntl.F_SETFL, os.O_DIRECT"], ids=["a pipe of one page", "packets"])
def test_a_program_that_fills_its_output_with_single_bytes_waits_for_nobody(small: str) -> None:
    source = f"""
        import fcntl, os, time
        fcntl.fcntl(1, {small})
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for _ in range(17): os.write(1, b"x")
            time.sleep(0.0001)
        os.write(2, open("/proc/self/schedstat", "rb").read().split()[1])
    """
    (result,) = run(python(source))
    without_core = int(result.stderr) / 1e9
    assert result.waited - without_core < result.seconds / 2


def test_what_a_program_waits_for_its_own_children_is_no_waiting() -> None:
    source = """
        import os, time
        for _ in range(12):
            if os.fork() == 0:
                while True: pass
        end = time.monotonic() + 2
        while time.monotonic() < end: pass
        os.write(2, open("/proc/self/schedstat", "rb").read().split()[1])
    """
    (result,) = run(python(source))
    without_core = int(result.stderr) / 1e9
    assert without_core - result.waited > result.cpu_seconds / 2
    assert result.unwatched_seconds > result.cpu_seconds / 2


def test_a_result_says_when_a_program_waited() -> None:
    (result,) = run(python("import time\ntime.sleep(0.5)"))
    assert result.waits
    assert list(result.waits) == sorted(result.waits, reverse=True)
    assert all(0.0 <= ago <= result.seconds and 0.0 <= since <= result.waited for ago, since in result.waits)


def test_semaphores_and_queues_of_the_kernel_are_not_to_be_had_where_no_cgroup_counts_them(monkeypatch) -> None:
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    source = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.semget(0, 30000, 0o1600), libc.msgget(0, 0o1600), libc.shmget(0, 1 << 20, 0o1600))
        import multiprocessing as m
        lock = m.get_context("fork").Lock()
        with lock: print("lock")
    """
    (result,) = run(python(source))
    assert said(result) == "-1 -1 -1\nlock\n"


@MODES
@pytest.mark.parametrize("how", ["files", "memory without a name"])
def test_a_program_that_has_its_slot_killed_for_memory_takes_no_neighbour_along(privileged, how: str) -> None:
    """A program may ask to be spared; then the kernel takes what is larger than it: the process that watches it."""
    fill = {
        "files": "head -c 1000000000 /dev/zero > /dev/shm/x",
        "memory without a name": "python -c "
        "'import os; f = os.memfd_create(str())\nwhile 1: os.write(f, b\"x\" * 9999)'",
    }
    hostile = Job(
        argv=("sh", "-c", "echo 0 > /proc/self/oom_score_adj; " + fill[how]),
        limits=Limits(memory_bytes=64 * MIB, disk_bytes=1 << 30, wall_seconds=100),
    )

    async def beside() -> tuple[JobResult, list[JobResult]]:
        sandbox = NamespaceSandbox(slots=4, privileged=privileged)
        try:
            honest = await sandbox.open(HONEST)
            assert await honest.receive() == b"begun"
            rest = [await sandbox.run(hostile) for _ in range(4)]
            await honest.send(b"end")
            result = await honest.result()
            await honest.close()
            return result, rest
        finally:
            await sandbox.close()

    good, rest = asyncio.run(beside())
    assert said(good) == "done\n"
    assert {result.ended for result in rest} <= {Ended.MEMORY, Ended.EXITED, Ended.SIGNALLED}
    assert not any(result.succeeded for result in rest)


@MODES
def test_runs_cannot_send_each_other_datagrams(privileged) -> None:
    """A datagram goes to any name, and a sender gets one without `bind`; runs share a network namespace."""
    listening = python("""
        import socket
        try:
            a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            a.send(b"x")  # which gives it a name
            b.close()
            try:
                a.send(b"x")  # which makes it hear others
            except ConnectionRefusedError:
                pass
            a.settimeout(3)
            print(a.recv(100).decode(), flush=True)
        except OSError:
            pass
    """)
    sending = python("""
        import socket, time
        time.sleep(0.3)
        try:
            a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        except OSError:
            raise SystemExit
        for line in open("/proc/net/unix"):
            if "@" in line:
                try:
                    a.sendto(b"from another run", b"\\0" + line.split("@")[1].strip().encode())
                except OSError:
                    pass
    """)

    async def both() -> list[JobResult]:
        sandbox = NamespaceSandbox(slots=2, privileged=privileged)
        try:
            return await asyncio.gather(sandbox.run(listening), sandbox.run(sending))
        finally:
            await sandbox.close()

    heard, _ = asyncio.run(both())
    assert b"from another run" not in heard.stdout


def _on_one_core(crowd: Job, *jobs: Job, ready: int) -> list[JobResult]:
    """Jobs, one after the other, while `crowd` runs on the same core; at last `crowd`.

    ready: bytes that `crowd` writes when it is.
    """
    if not os.access("/sys/fs/cgroup/cpu", os.W_OK):
        pytest.skip("no cgroups of version 1 may be made here: those of version 2 share it out where they are let")

    async def beside() -> list[JobResult]:
        sandbox = NamespaceSandbox(slots=2)
        try:
            busy = await sandbox.open(crowd)
            begun = b""
            while len(begun) < ready:
                begun += await busy.receive()
            results = [await sandbox.run(job) for job in jobs]
            await busy.close()
            return [*results, await busy.result()]
        finally:
            await sandbox.close()

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return asyncio.run(beside())
    finally:
        os.sched_setaffinity(0, cores)


ALONE = "import time\nwhile time.process_time() < 0.4: pass\nprint('done')"
UNLIMITED = Limits(wall_seconds=PATIENCE, cpu_seconds=PATIENCE)


@pytest.mark.parametrize("apart", ["", "os.setsid()"], ids=["one session", "sessions of their own"])
def test_a_run_of_many_processes_takes_no_more_of_the_cpu_than_one_of_a_single_process(apart: str) -> None:
    """Else a neighbour would run into its time limit. Both are held to one core; how long it takes proves nothing."""
    crowd = f"import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        {apart or 'pass'}\n        break\n"
    crowd += "os.write(3, b'.')\nwhile True: pass"
    good, bad = _on_one_core(python(crowd, limits=UNLIMITED), python(ALONE, limits=UNLIMITED), ready=41)
    assert said(good) == "done\n"
    assert bad.cpu_seconds < 10 * good.cpu_seconds, "its share, and what it used to start; not forty times as much"


def test_a_run_of_more_weight_waits_less_and_leaves_its_slot_the_usual_one() -> None:
    crowd = python("import os\nos.write(3, b'.')\nwhile True: pass", limits=UNLIMITED)
    jobs = [python(ALONE, limits=replace(UNLIMITED, cpu_weight=weight)) for weight in (1600, 100)]
    heavy, usual, _ = _on_one_core(crowd, *jobs, ready=1)
    assert [said(heavy), said(usual)] == ["done\n", "done\n"]
    assert 2 * heavy.waited < usual.waited
