"""What every `Sandbox` must do. A test file gives a case for its backend and parametrizes over `CHECKS`.

Example:
    CASE = SandboxCase(make=lambda: MySandbox(slots=2), source="from mine import MySandbox\\nmake = MySandbox")

    @pytest.fixture(scope="module")
    def running():
        with Running(CASE) as running:
            yield running

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_sandbox(running, check):
        running.check(check)

Most checks share one sandbox, so they also prove that a run leaves nothing to the next. What needs isolation is in
`sandbox_isolation.py`, what is about sessions in `sandbox_sessions.py`; all are listed in `sandbox_checks.py`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import textwrap
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType

from sandbox.protocol import Sandbox
from sandbox.types import MIB, Ended, Job, JobResult, Limits
from tests.sandbox.processes import about, processes
from tests.waiting import PATIENCE, happens

SECRET = "RLVR_CONFORMANCE_SECRET"
_DEADLINE = 3 * PATIENCE  # of one check


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxCase:
    """A backend to check.

    make: gives a new sandbox with two slots, in the event loop that will use it.
    source: Python that defines `make` for a process of its own, which is then killed.
    isolated: False = only limits and clean-up are promised (a weak sandbox).
    whole_tree: memory and processes are counted over all processes of a run.
    logs: folders of temporary files that an engine keeps for its own logs.
    leftovers: what a process with this id has left on this machine: containers, cgroups.
    """

    make: Callable[[], Sandbox]
    source: str = ""
    isolated: bool = True
    whole_tree: bool = True
    logs: frozenset[str] = frozenset()
    leftovers: Callable[[int], list[str]] = field(default=lambda _pid: [])


Check = Callable[[Sandbox, SandboxCase], Coroutine[object, object, None]]


class Running:
    """A sandbox in an event loop of its own thread, shared by many checks."""

    def __init__(self, case: SandboxCase) -> None:
        self.case = case
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Running:
        os.environ[SECRET] = "the caller's own"
        self._thread.start()
        self.sandbox = self._do(self._made())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._do(self.sandbox.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        os.environ.pop(SECRET, None)

    def check(self, check: Check) -> None:
        """Run one check on the shared sandbox. One that fails may have left runs in it: the next has a new one."""
        try:
            self._do(check(self.sandbox, self.case))
        except Exception:  # whatever failed, the next check must not find what it left
            self._do(self.sandbox.close())
            self.sandbox = self._do(self._made())
            raise

    async def _made(self) -> Sandbox:
        return self.case.make()

    def _do(self, work: Awaitable):  # type: ignore[no-untyped-def, type-arg]
        async def within() -> object:
            return await asyncio.wait_for(work, _DEADLINE)

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result(_DEADLINE + 30)


def python(code: str, *arguments: str, **about: object) -> Job:
    """A job for a Python program, with all the time that a busy machine may need."""
    files = {"main.py": textwrap.dedent(code).encode()}
    about = {"limits": Limits(wall_seconds=PATIENCE), **about}
    return Job(argv=("python", "main.py", *arguments), files=files, **about)  # type: ignore[arg-type]


async def output(sandbox: Sandbox, code: str, *arguments: str, **about: object) -> str:
    """What a program that succeeds prints."""
    result = await sandbox.run(python(code, *arguments, **about))
    assert result.succeeded, result
    return result.stdout.decode()


def processes_with(token: str) -> list[int]:
    """The processes of this machine, whatever their namespace, whose command line holds a token."""
    others = (pid for pid in processes() if pid != os.getpid())
    return [pid for pid in others if about(pid, "cmdline").startswith(token.encode() + b"\0")]


async def gone(token: str) -> None:
    """Wait until no process has the token."""
    await happens(lambda: not processes_with(token), "the processes of a run to go")


async def there(token: str) -> None:
    """Wait until a process has the token."""
    await happens(lambda: processes_with(token), "a program to begin")


def new_token() -> str:
    """A command line that no other process has."""
    return f"conformance-{secrets.token_hex(8)}"


# --- how a run ends ---------------------------------------------------------------------------------------------------


async def exit_codes_come_back(sandbox: Sandbox, _case: SandboxCase) -> None:
    for code in (0, 1, 3, 255):
        result = await sandbox.run(python(f"raise SystemExit({code})"))
        assert (result.ended, result.exit_code, result.signal) == (Ended.EXITED, code, None)
        assert result.succeeded is (code == 0)


async def signals_come_back(sandbox: Sandbox, _case: SandboxCase) -> None:
    for number in (signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL, signal.SIGALRM, signal.SIGUSR1):
        result = await sandbox.run(python(f"import os\nos.kill(os.getpid(), {number})\nimport time\ntime.sleep(60)"))
        assert (result.ended, result.signal, result.exit_code) == (Ended.SIGNALLED, number, None)
    aborted = await sandbox.run(python("import os\nos.abort()"))
    assert (aborted.ended, aborted.signal) == (Ended.SIGNALLED, signal.SIGABRT)


async def an_uncaught_exception_is_an_exit_with_a_traceback(sandbox: Sandbox, _case: SandboxCase) -> None:
    result = await sandbox.run(python("def f():\n    raise ValueError('here')\nf()"))
    assert (result.ended, result.exit_code) == (Ended.EXITED, 1)
    assert b"ValueError: here" in result.stderr
    assert b'File "' in result.stderr


async def a_missing_program_is_an_exit(sandbox: Sandbox, _case: SandboxCase) -> None:
    missing = await sandbox.run(Job(argv=("no-such-program",)))
    assert (missing.ended, missing.exit_code) == (Ended.EXITED, 127)
    assert b"no-such-program" in missing.stderr


async def other_programs_run_too(sandbox: Sandbox, _case: SandboxCase) -> None:
    job = Job(argv=("sh", "-c", "read x; echo $x-$1; echo two >&2; exit 4", "sh", "arg"), stdin=b"one\n")
    result = await sandbox.run(job)
    assert (result.exit_code, result.stdout, result.stderr) == (4, b"one-arg\n", b"two\n")
    script = Job(argv=("./run.sh",), files={"run.sh": b"#!/bin/sh\necho here\n"})
    assert (await sandbox.run(script)).stdout == b"here\n"


async def a_result_says_what_was_used_and_where(sandbox: Sandbox, case: SandboxCase) -> None:
    code = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nx = b'x' * 50_000_000"
    result = await sandbox.run(python(code))
    assert result.succeeded
    assert result.seconds >= 0.25
    assert result.cpu_seconds >= 0.25
    assert result.peak_memory >= 45_000_000
    assert result.isolation
    assert result.weak is not case.isolated


# --- streams and files ------------------------------------------------------------------------------------------------


async def bytes_pass_unchanged(sandbox: Sandbox, _case: SandboxCase) -> None:
    every = bytes(range(256)) * 3 + b"\xff\xfe\xc3\x28 no newline"
    code = "import sys\nd = sys.stdin.buffer.read()\nsys.stdout.buffer.write(d)\nsys.stderr.buffer.write(d[::-1])"
    result = await sandbox.run(python(code, stdin=every))
    assert (result.stdout, result.stderr) == (every, every[::-1])


async def much_input_passes(sandbox: Sandbox, _case: SandboxCase) -> None:
    much = os.urandom(9_000_000)
    result = await sandbox.run(python("import sys\nprint(hash(sys.stdin.buffer.read()))", stdin=much))
    assert result.succeeded
    code = "import sys, hashlib\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    import hashlib

    assert (await output(sandbox, code, stdin=much)).strip() == hashlib.sha256(much).hexdigest()


async def input_that_nobody_reads_holds_nothing_up(sandbox: Sandbox, _case: SandboxCase) -> None:
    assert await output(sandbox, "print('done')", stdin=b"x" * 3_000_000) == "done\n"
    assert await output(sandbox, "import os\nos.close(0)\nprint('done')", stdin=b"x" * 3_000_000) == "done\n"


async def no_input_is_an_end_of_file(sandbox: Sandbox, _case: SandboxCase) -> None:
    assert await output(sandbox, "import sys\nprint(repr(sys.stdin.read()))") == "''\n"
    failed = await sandbox.run(python("input()"))
    assert failed.exit_code == 1
    assert b"EOFError" in failed.stderr


async def a_hundred_megabytes_of_output_arrive(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = "import sys\nfor _ in range(100): sys.stdout.write('x' * 1_000_000)"
    result = await sandbox.run(python(code, limits=Limits(output_bytes=100_000_000, wall_seconds=100, cpu_seconds=100)))
    assert result.succeeded
    assert len(result.stdout) == 100_000_000
    assert not result.truncated


async def output_beyond_its_limit_ends_the_run(sandbox: Sandbox, _case: SandboxCase) -> None:
    for stream in ("stdout", "stderr"):
        code = f"import sys\nwhile True: sys.{stream}.write('spam' * 1000)"
        result = await sandbox.run(python(code, limits=Limits(output_bytes=100_000, wall_seconds=PATIENCE)))
        assert (result.ended, result.truncated) == (Ended.OUTPUT, True)
        assert len(getattr(result, stream)) == 100_000
    small = await sandbox.run(
        python("print('x' * 200_001)", limits=Limits(output_bytes=100_000, wall_seconds=PATIENCE))
    )
    assert small.ended is Ended.OUTPUT, "also where the program has ended before anybody noticed"


async def files_come_and_go(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = (
        "import os\nos.makedirs('out/deep', exist_ok=True)\n"
        "open('out/deep/a.bin', 'wb').write(open('in/data.bin', 'rb').read()[::-1])\n"
        "open('empty', 'w')\nos.symlink('/etc/passwd', 'link')\nos.symlink('main.py', 'near')\nos.mkfifo('pipe')\n"
    )
    job = Job(
        argv=("python", "main.py"),
        files={"main.py": code.encode(), "in/data.bin": b"\x00\xff\x01"},
        outputs=("out/deep/a.bin", "empty", "missing", "link", "near", "pipe", "out"),
    )
    result = await sandbox.run(job)
    assert result.succeeded, result
    assert dict(result.files) == {"out/deep/a.bin": b"\x01\xff\x00", "empty": b""}


async def the_environment_is_small_and_the_jobs_own(sandbox: Sandbox, _case: SandboxCase) -> None:
    seen = await output(sandbox, "import os\nprint(dict(os.environ))", env={"MINE": "naïve", "PATH_TO": "x=y"})
    assert "'MINE': 'naïve'" in seen
    assert "'PATH_TO': 'x=y'" in seen
    assert SECRET not in seen
    assert len(seen) < 1000


async def arguments_arrive_as_they_are(sandbox: Sandbox, _case: SandboxCase) -> None:
    words = ("", "two words", "naïve", "-c", "$HOME", "x\ny")
    assert await output(sandbox, "import sys\nprint(sys.argv[1:])", *words) == f"{list(words)}\n"


async def preloaded_modules_are_a_hint(sandbox: Sandbox, _case: SandboxCase) -> None:
    assert await output(sandbox, "import csv\nprint(csv.__name__)", preload=("csv",)) == "csv\n"


# --- limits -----------------------------------------------------------------------------------------------------------


async def wall_time_ends_the_run(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('so far', flush=True)\ntime.sleep(900)"
    for seconds in (1.5, 10, 100):
        result = await sandbox.run(python(code, limits=Limits(wall_seconds=seconds)))
        assert (result.ended, result.exit_code, result.signal) == (Ended.WALL, None, None)
        if result.stdout:  # else it had no turn: the machine is busy
            break
    assert result.stdout == b"so far\n"


async def a_killed_run_says_how_long_it_ran(sandbox: Sandbox, _case: SandboxCase) -> None:
    result = await sandbox.run(python("import time\ntime.sleep(60)", limits=Limits(wall_seconds=0.5)))
    assert 0.45 <= result.seconds < 30


async def cpu_time_ends_the_run(sandbox: Sandbox, _case: SandboxCase) -> None:
    result = await sandbox.run(python("while True: pass", limits=Limits(cpu_seconds=1.0, wall_seconds=200)))
    assert result.ended is Ended.CPU


async def cpu_time_is_the_whole_trees(sandbox: Sandbox, case: SandboxCase) -> None:
    if not case.whole_tree:
        return
    code = "import os\nfor _ in range(3): os.fork()\nwhile True: pass"
    result = await sandbox.run(python(code, limits=Limits(cpu_seconds=1.0, wall_seconds=200)))
    assert result.ended is Ended.CPU
    assert result.cpu_seconds < 5


async def memory_ends_the_run(sandbox: Sandbox, case: SandboxCase) -> None:
    code = "held = []\nwhile True: held.append(b'x' * 1_000_000)"
    result = await sandbox.run(python(code, limits=Limits(memory_bytes=100 * MIB, wall_seconds=200)))
    if case.whole_tree and "per process" not in result.isolation:
        assert result.ended is Ended.MEMORY
    else:  # the program is refused more, and says so itself, unless it is seen first
        assert not result.succeeded
        assert result.ended is not Ended.WALL
    assert await output(sandbox, "x = b'x' * 40_000_000\nprint(len(x))") == "40000000\n", (
        "and the next is not short of it"
    )


async def memory_is_the_whole_trees(sandbox: Sandbox, case: SandboxCase) -> None:
    if not case.whole_tree:
        return
    code = """
        import os, time
        children = []
        hold, let_go = os.pipe()
        for _ in range(6):
            ready, say = os.pipe()
            if os.fork() == 0:
                os.close(let_go)
                x = b"x" * 30_000_000
                os.write(say, b"x")
                os.read(hold, 1)
                os.write(say, b"y")
                os._exit(0)
            os.close(say)
            children.append(ready)
        for ready in children: os.read(ready, 1)
        while os.waitpid(-1, os.WNOHANG)[0] == 0:  # where no cgroup counts it, it is looked at now and then
            time.sleep(0.05)
        os.close(let_go)
        print(sum(len(os.read(ready, 1)) for ready in children))
    """
    result = await sandbox.run(python(code, limits=Limits(memory_bytes=120 * MIB, wall_seconds=100)))
    assert result.ended is not Ended.WALL, "six times 30 MB at one moment are more than 120 MiB"
    assert result.stdout != b"6\n"
    assert result.peak_memory <= 121 * MIB


async def processes_and_threads_are_limited(sandbox: Sandbox, case: SandboxCase) -> None:
    if not case.whole_tree and not case.isolated:
        return
    forks = """
        import os, time
        n = 0
        try:
            while n < 300:
                if os.fork() == 0: time.sleep(60)
                n += 1
        except OSError as e: print(n, e.errno)
    """
    count, errno = map(int, (await output(sandbox, forks, limits=Limits(processes=20, wall_seconds=PATIENCE))).split())
    assert 10 <= count <= 25
    assert errno == 11
    threads = (
        "import threading, time, os\nn = 0\ntry:\n    while n < 300:\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n        n += 1\n"
        "except RuntimeError: pass\nprint(n, flush=True)\nos._exit(0)"
    )
    assert 10 <= int(await output(sandbox, threads, limits=Limits(processes=20, wall_seconds=PATIENCE))) <= 25
    assert await output(sandbox, "print('next')") == "next\n"


async def open_files_are_limited(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = """
        held = []
        try:
            while len(held) < 500: held.append(open("main.py"))
        except OSError as e: print(len(held), e.errno)
    """
    count, errno = map(int, (await output(sandbox, code, limits=Limits(open_files=50, wall_seconds=PATIENCE))).split())
    assert 30 <= count <= 50
    assert errno == 24


async def threads_work(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = (
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda x: x * x, range(100))))\n"
        "threading.Thread(target=print, args=('last',)).start()"
    )
    assert await output(sandbox, code) == "328350\nlast\n"


async def processes_and_event_loops_work(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = (
        "import asyncio, subprocess, sys, multiprocessing\n"
        "async def main():\n    await asyncio.sleep(0)\n    return 'loop'\n"
        "print(asyncio.run(main()))\n"
        "print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout.strip())\n"
        "print(multiprocessing.get_context('fork').Pool(2).map(abs, [-1, -2]))\n"
    )
    assert await output(sandbox, code) == "loop\n1\n[1, 2]\n"


# --- what a run leaves ------------------------------------------------------------------------------------------------

_SLEEPER = "import os, sys\nos.execv('/bin/sleep', [sys.argv[1], '900'])"
_ORPHAN = (
    "import os, sys, signal, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n"
    "        os.write(1, b'here\\n')\n"
    "        os.execv('/bin/sleep', [sys.argv[1], '300'])\n"
    "    os._exit(0)\n"
    "os.wait()\ntime.sleep(0.5)\nprint('done')\n"
)


async def daemons_and_grandchildren_end_with_the_run(sandbox: Sandbox, _case: SandboxCase) -> None:
    token = new_token()
    result = await sandbox.run(python(_ORPHAN, token, limits=Limits(wall_seconds=200)))
    assert result.succeeded, "it is not waited for, though it holds standard output"
    assert b"done" in result.stdout
    await gone(token)


async def nothing_is_left_of_a_run_that_was_killed(sandbox: Sandbox, _case: SandboxCase) -> None:
    token = new_token()
    code = "import os, sys, time\nif os.fork() == 0: os.execv('/bin/sleep', [sys.argv[1], '300'])\ntime.sleep(300)"
    result = await sandbox.run(python(code, token, limits=Limits(wall_seconds=1.0)))
    assert result.ended is Ended.WALL
    await gone(token)


async def a_cancelled_run_is_killed(sandbox: Sandbox, _case: SandboxCase) -> None:
    tokens = [new_token() for _ in range(3)]
    runs = [
        asyncio.create_task(sandbox.run(python(_SLEEPER, token, limits=Limits(wall_seconds=200)))) for token in tokens
    ]
    try:  # a sandbox may begin them in any order
        await happens(lambda: any(map(processes_with, tokens)), "a program to begin")
    finally:
        for run in runs:
            run.cancel()
        await asyncio.wait(runs)
    assert all(run.cancelled() for run in runs)
    for token in tokens:
        await gone(token)
    assert await output(sandbox, "print('next')") == "next\n"


async def many_runs_at_once_are_apart(sandbox: Sandbox, _case: SandboxCase) -> None:
    code = "import sys\nprint(int(input()) * 2, open('n').read())"

    async def one(n: int) -> JobResult:
        job = Job(argv=("python", "main.py"), files={"main.py": code.encode(), "n": b"%d" % n}, stdin=b"%d" % n)
        return await sandbox.run(job)

    results = await asyncio.gather(*map(one, range(64)))
    assert [(n, r) for n, r in enumerate(results) if r.stdout != b"%d %d\n" % (2 * n, n)] == []


async def waiting_in_line_is_not_run_time(sandbox: Sandbox, _case: SandboxCase) -> None:
    """It takes longer than the runs may."""
    holders = [
        await sandbox.open(python("import os\nos.read(3, 1)", limits=Limits(wall_seconds=200))) for _ in range(2)
    ]
    try:
        runs = [asyncio.create_task(sandbox.run(python("pass", limits=Limits(wall_seconds=5.0)))) for _ in range(4)]
        await asyncio.sleep(5.5)
        assert not any(run.done() for run in runs), "this check needs a sandbox with two slots"
    finally:
        for holder in holders:
            await holder.close()
    assert {result.ended for result in await asyncio.gather(*runs)} == {Ended.EXITED}


async def each_run_finds_clean_folders(sandbox: Sandbox, case: SandboxCase) -> None:
    shared = ["/tmp", "/dev/shm", "/var/tmp"] if case.isolated else []
    code = f"""
        import os
        folders = [".", *{shared}]
        for folder in folders: print(folder, os.listdir(folder))
        for folder in folders: open(os.path.join(folder, "left-here"), "w").write("x")
    """
    for _ in range(5):
        seen = await output(sandbox, code)
        assert seen.startswith(". ['main.py']\n")
        assert "left-here" not in seen
