"""What the namespace sandbox does beyond the conformance suite: its traps, and that a warm program looks started."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sandbox import machine
from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Ended, Job, Limits
from tests.sandbox.processes import descendants, name_of, ours, sandboxes_below
from tests.sandbox.running import python, run, said
from tests.waiting import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
# What a program sees in its own /tmp: the way to an environment that lies in ours.
IN_TMP = sorted({path.parts[2] for path in map(Path, (sys.prefix, sys.base_prefix)) if path.is_relative_to("/tmp")})
MODES = pytest.mark.parametrize("privileged", [None, False], ids=["default", "user namespace"])


@MODES
def test_a_program_sees_its_interpreter_and_system_and_nothing_else_of_the_host(privileged, tmp_path) -> None:
    secret = tmp_path / "expected.txt"
    secret.write_text("the answer")
    (result,) = run(
        python(f"""
            import os
            print(sorted(os.listdir("/")))
            print(os.path.exists({str(secret)!r}), os.path.exists({str(Path(__file__))!r}), os.listdir(os.getcwd()))
            print([p for p in os.listdir("/proc") if p.isdigit()], os.listdir("/tmp"), os.listdir("/dev/shm"))
        """),
        privileged=privileged,
    )
    roots, hidden, rest = said(result).splitlines()
    assert {"usr", "lib", "proc", "tmp", "dev", "etc", "box"} <= set(eval(roots))
    assert "sys" not in eval(roots)
    assert hidden == "False False ['main.py']"
    assert rest == f"['1', '2'] {IN_TMP} []"


@MODES
def test_tables_of_problems_among_the_packages_are_empty(privileged, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(machine, "package_folders", lambda: [str(tmp_path)])
    for name in ("bench/data/Problems.jsonl.gz", "bench/one.parquet", "bench/__init__.py", "a/b/c/d/far.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("the answer")
    found = [str(tmp_path / name) for name in ("bench/data/Problems.jsonl.gz", "bench/one.parquet")]
    assert sorted(machine.problem_data.__wrapped__()) == found
    link = tmp_path / "link"  # as an environment may lie behind one
    link.symlink_to(Path(pytest.__file__).resolve().parent)
    table, linked = pytest.__file__, str(link / "__main__.py")
    monkeypatch.setattr("sandbox.launch.problem_data", lambda: (table, linked, "/no/such/table.jsonl"))
    source = f"print([len(open(name).read()) for name in ({table!r}, {linked!r})])"
    (result,) = run(python(source), privileged=privileged, expose=(str(link),))
    assert said(result) == "[0, 0]\n"
    assert all(Path(name).read_text() for name in (table, linked))


@MODES
def test_the_program_is_pid_2_and_signals_end_it_as_they_should(privileged) -> None:
    jobs = [
        python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"),
        python("import os; os.abort()"),
        python("import os, signal, time; signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(5)"),
        python("import os; print(os.getpid(), os.getppid())"),
    ]
    term, abort, alarm, pids = run(*jobs, privileged=privileged)
    assert (term.signal, abort.signal, alarm.signal) == (signal.SIGTERM, signal.SIGABRT, signal.SIGALRM)
    assert said(pids) == "2 0\n"  # its parent is outside


@MODES
def test_init_and_the_supervisor_are_out_of_reach(privileged) -> None:
    source = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def refused(what):
            try:
                return what() in (-1, None)
            except OSError:
                return True
        for path in ("mem", "environ", "maps", "root", "cwd", "exe", "fd/0", "fd/9"):
            assert refused(lambda: open(f"/proc/1/{path}", "rb").read(1)), path
        assert refused(lambda: os.kill(1, 9)) and refused(lambda: os.kill(1, 19))
        assert libc.ptrace(16, 1, 0, 0) == -1
        for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward"):
            assert refused(lambda: open(path, "w").write("0") and None) , path
        for path in ("/x", "/usr/x", "/etc/x", "/etc/passwd", "/lib/x", os.__file__):
            try:
                open(path, "a")
            except OSError:
                continue
            raise AssertionError(path)
        print("held")
    """
    (result,) = run(python(source), privileged=privileged)
    assert said(result) == "held\n"
    assert Path("/proc/sys/kernel/core_pattern").read_text() != "0"


@MODES
def test_the_filter_refuses_with_errnos_and_leaves_what_honest_programs_use(privileged) -> None:
    source = """
        import asyncio, ctypes, errno, os, platform, socket, subprocess, sys, threading
        libc = ctypes.CDLL(None, use_errno=True)
        def asks(number, *arguments):
            ctypes.set_errno(0)
            assert libc.syscall(number, *arguments) == -1, number
            return errno.errorcode[ctypes.get_errno()]
        if platform.machine() == "x86_64":
            denied = dict(ptrace=101, mount=165, unshare=272, setns=308, bpf=321, keyctl=250, io_uring=425, reboot=169,
                          personality=135, userfaultfd=323, pidfd_open=434, process_vm_readv=310, perf=298, chroot=161)
            assert {asks(n, 0, 0, 0, 0, 0) for n in denied.values()} == {"EPERM"}
            assert asks(435, 0, 0) == "ENOSYS"                       # clone3
            assert asks(0x40000000 + 39) == "ENOSYS"                 # getpid of x32
            assert asks(56, 0x10000000 | 17, 0, 0, 0, 0) == "EPERM"  # clone with a user namespace
            import mmap                                              # getpid of i386, by its own gate
            code = mmap.mmap(-1, 4096, prot=7)
            code.write(bytes.fromhex("b814000000cd80c3"))
            call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
            assert call() == -errno.ENOSYS
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, 16):
            try:
                socket.socket(family, socket.SOCK_RAW if family == 16 else socket.SOCK_STREAM)
            except PermissionError:
                continue
            raise AssertionError(family)
        async def hello():
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(7)", stdout=subprocess.PIPE)
            return (await process.communicate())[0]
        assert asyncio.run(hello()) == b"7\\n"
        thread = threading.Thread(target=lambda: print("thread"))
        thread.start(); thread.join()
        assert os.waitpid(os.spawnlp(os.P_NOWAIT, "true", "true"), 0)[1] == 0
        print("held")
    """
    (result,) = run(python(source), privileged=privileged)
    assert said(result) == "thread\nheld\n"


@MODES
def test_the_input_can_be_opened_by_name_and_runs_share_nothing(privileged) -> None:
    writes = python(
        "open('/tmp/x', 'w').write('1'); open('/dev/shm/x', 'w').write('1'); print(open('/dev/stdin').read())",
        stdin=b"in",
    )
    reads = python("import os; print(os.listdir('/tmp'), os.listdir('/dev/shm'), sorted(os.environ))")
    first, second = run(writes, privileged=privileged) + run(reads, privileged=privileged)
    assert said(first) == "in\n"
    assert said(second).startswith(f"{IN_TMP} [] ")
    assert "PYTEST_CURRENT_TEST" not in said(second)


def test_memory_of_the_whole_tree_is_bounded_where_no_cgroup_counts_it(monkeypatch) -> None:
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    limits = Limits(memory_bytes=200 << 20, wall_seconds=20, cpu_seconds=20)
    hog = "b = bytearray(80 << 20); b[::4096] = b'x' * len(b[::4096]); import time; time.sleep(10)"
    jobs = [
        python("b = bytearray(400 << 20)", limits=limits),
        python("import mmap; m = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1", limits=limits),
        python(
            f"import os\nfor i in range(4):\n  if not os.fork():\n    {hog}\nimport time; time.sleep(10)", limits=limits
        ),
        python("import os; os.memfd_create('x')", limits=limits),
    ]
    alone, shared, forks, memfd = run(*jobs, slots=1)
    assert b"MemoryError" in alone.stderr
    assert shared.ended is Ended.MEMORY
    assert forks.ended is Ended.MEMORY
    assert b"not implemented" in memfd.stderr
    assert alone.isolation == "namespaces (memory per process only)"


def test_files_take_no_more_than_the_memory_of_a_run_where_no_cgroup_counts_them(monkeypatch) -> None:
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    limits = Limits(memory_bytes=64 << 20, disk_bytes=1 << 30, wall_seconds=20)
    fills = "x = b'x' * (1 << 20)\nfor name in ('/dev/shm/x', '/tmp/x'):\n  f = open(name, 'wb')\n"
    some, much = run(*(python(fills + f"  for _ in range({n}): f.write(x)", limits=limits) for n in (20, 40)))
    assert some.succeeded
    assert b"No space left" in much.stderr


THREADS = "import threading, time\nfor _ in range(40): threading.Thread(target=time.sleep, args=(0.2,)).start()"


@pytest.mark.parametrize("argv", [("python", "main.py"), ("python", "-X", "utf8", "main.py")], ids=["warm", "started"])
@MODES
def test_stacks_that_threads_set_aside_are_not_memory_in_use(monkeypatch, privileged, argv) -> None:
    monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    (result,) = run(Job(argv=argv, files={"main.py": THREADS.encode()}), privileged=privileged)
    assert (result.stderr, result.ended) == (b"", Ended.EXITED)


@pytest.mark.parametrize("kind", [resource.RLIMIT_DATA, resource.RLIMIT_AS])
def test_a_limit_on_the_memory_of_the_supervisor_is_not_that_of_programs(require, kind: int) -> None:
    require("cgroups")
    most, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (8 << 30, hard))
    try:
        (result,) = run(python(f"import resource\nprint(resource.getrlimit({kind}))"))
    finally:
        resource.setrlimit(kind, (most, hard))
    assert said(result) == f"{(hard, hard)}\n"


DEEP = """
import os, resource, sys, time
if {raised}:
    resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY,) * 2)
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, *sys.argv, "again"])  # where it is laid out for such a stack
deep = ()
for _ in range({depth}):
    deep = (deep,)
hash(deep)  # recursive, in C
time.sleep(0.5)  # longer than between two looks
print("deep")
"""


@pytest.mark.parametrize("counted", [True, False])
def test_a_program_may_raise_the_limit_of_its_stack_which_counts_as_memory(monkeypatch, require, *, counted) -> None:
    if counted:
        require("cgroups")
    else:
        monkeypatch.setattr("sandbox.cgroups.make", lambda _name: None)
    limits = Limits(memory_bytes=128 << 20, wall_seconds=60)
    files = [{"main.py": DEEP.format(raised=True, depth=depth).encode()} for depth in (200_000, 1_500_000)]
    some, much = run(*(Job(argv=("python", "main.py"), files=each, limits=limits) for each in files))
    assert (some.stdout, some.ended) == (b"deep\n", Ended.EXITED)
    assert much.ended is Ended.MEMORY


def test_a_stack_may_take_as_much_as_with_judges_of_contests_where_memory_is_counted(require) -> None:
    require("cgroups")
    code = DEEP.format(raised=False, depth=1_500_000).encode()
    limits = (Limits(memory_bytes=most << 20, wall_seconds=60) for most in (512, 128))
    some, much = run(*(Job(argv=("python", "main.py"), files={"main.py": code}, limits=each) for each in limits))
    assert (some.stdout, some.ended) == (b"deep\n", Ended.EXITED)
    assert much.ended is not Ended.EXITED


def test_memory_is_counted_where_a_cgroup_may_be_made(require) -> None:
    require("cgroups")
    (result,) = run(python("b'x' * (400 << 20)", limits=Limits(memory_bytes=200 << 20, wall_seconds=100)), slots=1)
    assert (result.isolation, result.ended) == ("namespaces", Ended.MEMORY)


# --- a warm program looks started ----------------------------------------------------------------------------------

LOOKS = {
    "module": "import sys; print(__name__, __file__, sys.argv, sys.path[0], sys.modules['__main__'].__doc__)",
    "traceback": "def f():\n    return 1 // 0\n\nprint('before')\nf()",
    "chained": "try:\n    {}['x']\nexcept KeyError as e:\n    raise ValueError('é') from e",
    "syntax": "print('never')\ndef f(:\n    pass",
    "exit text": "import sys; sys.exit('a message')",
    "exit builtin": "print(callable(quit), copyright is not None); exit(4)",
    "path": "import sys; print(sys.prefix, sys.base_prefix, sys.executable)\nimport numpy; print(numpy.sum([1, 2]))",
    "exit code": "import sys; sys.exit(300)",
    "exit none": "raise SystemExit",
    "atexit": "import atexit; atexit.register(print, 'last'); print('first', end='')",
    "thread": "import threading as t, time; t.Thread(target=lambda: (time.sleep(0.1), print(2))).start(); print(1)",
    "hook": "import sys; sys.excepthook = lambda *a: print('hooked', a[0].__name__); 1 / 0",
    "streams": "import sys\nfor s in (sys.stdin, sys.stdout, sys.stderr):\n"
    "  print(s.name, s.mode, s.encoding, s.errors, s.isatty(), s.seekable(), s.line_buffering)",
    "unflushed": "import os, sys; sys.stdout.write('kept'); sys.stdout.flush(); sys.stdout.write('lost'); os._exit(3)",
    "recursion": "import sys\ndef f(n): return n and f(n - 1)\nf(sys.getrecursionlimit() - 20); print('deep')",
    "input": "a = input(); import sys; print(a, sys.stdin.read(), sys.stdin.buffer.read())",
    "eof": "input(); input(); input()",
    "bytes": "import sys; sys.stdout.buffer.write(bytes(range(256)))",
    "surrogates": "print(ascii(input()))",
    "broken stdout": "import os; os.close(1); print('x')",
    "replaced stdout": "import io, sys; sys.stdout = io.StringIO(); print('x')",
    "no stdout": "import sys; print('x'); del sys.stdout",
    "open file": "import os; out = os.fdopen(1, 'w'); out.write('x')",
    "wrapped stdout": "import io, sys; out = io.TextIOWrapper(sys.stdout.buffer); print(1, file=out); print(2)",
    "C streams": "import ctypes; ctypes.CDLL(None).printf(b'%d', 3)",
    "finalizers": "import sys\nclass C:\n  def __init__(self, n): self.n = n\n"
    "  def __del__(self): sys.stdout.write(self.n)\na = C('a'); b = C('b'); b.me = b; c = C('c'); c.own = a\n"
    "def g():\n  try: yield\n  finally: print('closed')\ni = g(); next(i)",
    "finalizer that exits": "import os; os.close(2)\nclass C:\n  def __del__(self): raise SystemExit(3)\n"
    "c = C()\nraise SystemExit(2)",
    "annotations": "import dataclasses as d\n@d.dataclass\nclass C: x: int\nn: int\n"
    "print(d.fields(C)[0].type, __annotations__)",
    "guard": "if __name__ == '__main__': print('main')",
    "pickle": "import pickle\nclass C: x = 1\nprint(pickle.loads(pickle.dumps(C())).x, pickle.dumps(C)[:30])",
    "source": "import inspect\ndef f(): pass\nprint(inspect.getsource(f), inspect.getsourcefile(f))",
    "modules": "import sys; print([m for m in sys.modules if 'zygote' in m or 'sandbox' in m])",
    "dunder main": "import __main__; print(sorted(vars(__main__)))",
    "cookie": "# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))",
    "interrupt": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_a_warm_program_looks_as_if_it_had_been_started(name: str) -> None:
    """Compared with a real start of the same interpreter, in the same sandbox."""
    source = LOOKS[name].encode("latin-1" if name == "cookie" else "utf-8")
    stdin = b"one\n\xff\xfetwo\n" if name != "surrogates" else b"\xff\n"
    files = {"main.py": source}
    warm, cold = run(
        Job(argv=("python", "main.py"), files=files, stdin=stdin),
        Job(argv=(sys.executable, "main.py"), files=files, stdin=stdin),
    )
    assert (warm.ended, warm.exit_code, warm.signal) == (cold.ended, cold.exit_code, cold.signal), warm.stderr
    assert warm.stdout == cold.stdout
    assert warm.stderr == cold.stderr


@pytest.mark.parametrize("place", ["main.py", "./main.py", "sub//main.py", "sub/../main.py", "//box/work/main.py"])
def test_a_warm_program_has_the_path_and_the_folder_of_one_that_was_started(place: str) -> None:
    source = b"import sys; print(__file__, sys.path[0], sys.argv)"
    files = {"main.py": source, "sub/main.py": source}
    warm, cold = run(*(Job(argv=(start, place), files=files) for start in ("python", sys.executable)))
    assert (warm.exit_code, warm.stdout, warm.stderr) == (0, cold.stdout, cold.stderr)


def test_the_first_collection_in_a_program_finds_nothing_of_the_sandbox() -> None:
    source = (
        b"import gc; print({type(o).__module__ for o in gc.get_objects()} & {'zygote.run', 'zygote.syscall_batch'})"
    )
    (result,) = run(Job(argv=("python", "main.py"), files={"main.py": source}))
    assert (result.exit_code, result.stdout) == (0, b"set()\n"), result.stderr


# --- the end of the supervisor -------------------------------------------------------------------------------------

SUPERVISOR = """
    import asyncio, os, sys, time
    from sandbox.namespaces import NamespaceSandbox
    from sandbox.types import Job, Limits
    async def main():
        sandbox = NamespaceSandbox(slots=3)
        job = Job(argv=("python", "-c", "import os, time; os.fork() or os.setsid(); time.sleep(400)"),
                  limits=Limits(wall_seconds=400))
        tasks = [asyncio.create_task(sandbox.run(job)) for _ in range(3)]
        await asyncio.sleep(0.5)
        child = os.fork() if sys.argv[1] == "forked" else None
        if child == 0:
            time.sleep(400)  # it holds copies of all descriptors
        print("ready", os.getpid(), child, flush=True)
        await asyncio.gather(*tasks)
    asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["alone", "forked"])
def test_nothing_is_left_of_a_supervisor_that_is_killed(how: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUPERVISOR), how], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    held: list[int] = []
    assert process.stdout is not None
    try:
        ready, pid, child = process.stdout.readline().split()
        assert (ready, pid) == ("ready", str(process.pid))
        held += [int(child)] if how == "forked" else []
        # keeper, zygote, three slots, three inits, three programs and their children
        until(lambda: len(descendants(process.pid)) >= 14 + len(held), "all that belongs to three runs")
        family = descendants(process.pid)
        process.kill()
        process.wait()
        until(
            lambda: not {p for p in family if name_of(p)} - set(held) and not ours(process.pid),
            "all that it had started to end",
        )
    finally:
        process.kill()
        process.stdout.close()
        for pid in held:
            os.kill(pid, signal.SIGKILL)


def test_cancelled_runs_end_and_their_slots_come_back() -> None:
    async def cancel_many() -> float:
        sandbox = NamespaceSandbox(slots=2)
        try:
            for _ in range(5):
                tasks = [asyncio.create_task(sandbox.run(Job(argv=("sleep", "60")))) for _ in range(6)]
                await asyncio.sleep(0.1)
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(e, asyncio.CancelledError) for e in ended)
            (result,) = await asyncio.gather(sandbox.run(Job(argv=("echo", "still here"))))
            assert result.stdout == b"still here\n"
            return result.seconds
        finally:
            await sandbox.close()

    asyncio.run(asyncio.wait_for(cancel_many(), 300))


def test_closing_a_session_again_leaves_the_next_run_of_its_slot_alone() -> None:
    """Its slot may have gone on to another run, which a late kill must not meet."""

    async def close_late() -> list[bytes]:
        sandbox = NamespaceSandbox(slots=1)
        try:
            session = await sandbox.open(Job(argv=("python", "-c", "pass")))
            await session.result()
            task = asyncio.create_task(sandbox.run(Job(argv=("python", "-c", "import time; time.sleep(1); print(1)"))))
            await asyncio.sleep(0.3)
            await session.close()
            return [(await task).stdout]
        finally:
            await sandbox.close()

    assert asyncio.run(close_late()) == [b"1\n"]


def test_a_slot_that_dies_takes_its_run_along_and_the_run_is_made_again() -> None:
    """Killed from outside: what the slot watched must not go on unwatched."""

    others = descendants(os.getpid())  # a pool of graders, which another test has left warm, has slots as well

    async def kill_a_slot() -> tuple[bytes, int]:
        sandbox = NamespaceSandbox(slots=1)
        try:
            source = "import time; time.sleep(1.5); print('done')"
            task = asyncio.create_task(sandbox.run(Job(argv=("python", "-c", source))))
            for _ in range(400):
                await asyncio.sleep(0.05)
                slots = [pid for pid, name in sandboxes_below(others).items() if name == "rlvr-slot"]
                if slots and len(below := descendants(slots[0])) == 2:
                    break
            os.kill(slots[0], signal.SIGKILL)
            result = await task
            return result.stdout, len([pid for pid in below if name_of(pid)])
        finally:
            await sandbox.close()

    assert asyncio.run(kill_a_slot()) == (b"done\n", 0)
