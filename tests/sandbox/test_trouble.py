"""The supervisor in trouble: no descriptors, forks, stopped processes, lost cgroups, early ends. No hang, no leak."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox.launch
import sandbox.namespaces
import sandbox.runs
from sandbox.errors import InvalidJob, SandboxError, SandboxUnavailable
from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Ended, Job, Limits
from tests.sandbox.processes import descendants, few_descriptors, name_of, ours, sandboxes_below
from tests.sandbox.running import python, run, said
from tests.waiting import PATIENCE, happens, until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
HELLO = Job(argv=("python", "-c", "print('hello')"))
SLEEP = Job(argv=("sleep", "300"), limits=Limits(wall_seconds=400))
ROOT = Path(__file__).resolve().parents[2]


def held() -> dict[str, str]:
    """What this process holds of sandboxes: descriptors (with what they are open on), processes, cgroups."""
    gc.collect()
    found = {f"process {pid}": name for pid, name in sandboxes_below().items()}
    found |= {f"cgroup {path}": path for path in ours(os.getpid())}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found[f"descriptor {number}"] = os.readlink(f"/proc/self/fd/{number}")
    return found


def _settled() -> dict[str, str]:
    """`held`, as soon as two looks agree: a pool of graders that another test has left warm may be replacing a slot."""
    seen = held()
    for _ in range(50):
        time.sleep(0.05)
        seen, before = held(), seen
        if seen == before:
            break
    return seen


@pytest.fixture
def others() -> set[int]:
    """What is below this process before: a pool of graders that another test has left warm has sandboxes as well."""
    return descendants(os.getpid())


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """What is held after a test was held before it: an earlier test may let go of something late."""
    asyncio.run(asyncio.to_thread(int))  # what event loops and their threads hold themselves
    gc.collect()
    gc.freeze()  # `held` looks for garbage of this test again and again, not among all that earlier ones left
    before = _settled().items()
    yield
    with contextlib.suppress(AssertionError):
        until(lambda: not held().items() - before, "it to go")
    assert dict(held().items() - before) == {}


def cgroups_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cgroup").read_text().splitlines()


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.usefixtures("nothing_left")
def test_too_few_descriptors_at_any_step_are_said_and_nothing_leaks(warm: bool) -> None:
    async def within() -> int:
        box, refused, enough, said = NamespaceSandbox(slots=4), 0, 0, list[str]()
        try:
            if warm:
                await box.run(HELLO)
            for more in range(1, 60):
                if enough == 4:  # more than enough is enough
                    break
                if not warm:
                    await box.close()
                    box = NamespaceSandbox(slots=4)
                before = len(os.listdir("/proc/self/fd"))
                with few_descriptors(more):
                    try:
                        results = await asyncio.gather(*(box.run(HELLO) for _ in range(2)))
                        assert [r.stdout for r in results] == [b"hello\n"] * 2
                        session = await box.open(SLEEP, HELLO)
                        await session.close()
                        enough += 1
                    except SandboxUnavailable as error:
                        enough = 0
                        refused += 1
                        said.append(str(error))
                        await asyncio.sleep(0.2)
                assert all(r.stdout == b"hello\n" for r in [await box.run(HELLO)])
                if warm:
                    assert len(os.listdir("/proc/self/fd")) <= max(before, 60) + 24
            assert all("Too many open files" in text for text in said), said
            return refused
        finally:
            await box.close()

    assert asyncio.run(within()) > 5


@pytest.mark.usefixtures("nothing_left")
def test_a_fork_of_this_process_holds_up_neither_input_nor_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker process that was forked holds copies of all descriptors while it lives."""

    async def within() -> bytes:
        box = NamespaceSandbox(slots=2)
        source = "import sys, time; time.sleep(1); print(len(sys.stdin.buffer.read()))"
        task = asyncio.create_task(box.run(python(source, stdin=b"x" * 3_000_000, limits=Limits(wall_seconds=100))))
        await asyncio.sleep(0.7)
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(400,))
        worker.start()
        try:
            result = await task
            await box.close()
            return result.stdout
        finally:
            worker.kill()
            worker.join()
            worker.close()

    for module in (sandbox.launch, sandbox.namespaces):
        monkeypatch.setattr(module, "_END_SECONDS", 300.0)  # which an end that is held up would take
    assert asyncio.run(asyncio.wait_for(within(), PATIENCE)) == b"3000000\n"


@pytest.mark.usefixtures("nothing_left")
def test_a_fork_cannot_use_the_sandbox() -> None:
    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        await box.run(HELLO)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                asyncio.new_event_loop().run_until_complete(box.run(HELLO))
            except RuntimeError as error:
                code = 0 if "is a fork" in str(error) else 2
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0  # noqa: ASYNC222
        assert (await box.run(HELLO)).stdout == b"hello\n"
        await box.close()

    asyncio.run(within())


@pytest.mark.usefixtures("nothing_left")
def test_another_event_loop_is_refused_and_may_close_what_the_first_left() -> None:
    box = NamespaceSandbox(slots=1)

    async def use() -> None:
        await box.run(HELLO)

    asyncio.run(use())
    with pytest.raises(RuntimeError, match="another event loop"):
        asyncio.run(use())
    asyncio.run(box.close())


@pytest.mark.parametrize("victim", ["rlvr-slot", "rlvr-zygote", "rlvr-keeper"])
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.usefixtures("nothing_left")
def test_what_is_stopped_or_killed_from_outside_is_replaced(
    victim: str, number: int, busy: bool, others: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.runs, "SILENT_SECONDS", 0.5)
    if number == signal.SIGSTOP:  # the time for its end is waited out
        monkeypatch.setattr(sandbox.launch, "_END_SECONDS", 2.0)
    job = Job(argv=("python", "-c", "import time; time.sleep(0.7); print('hello')"), limits=Limits(wall_seconds=5))

    async def within() -> list[bytes]:
        box = NamespaceSandbox(slots=1)
        try:
            await box.run(HELLO)
            task = asyncio.create_task(box.run(job)) if busy else None
            await asyncio.sleep(0.3 if busy else 0)
            pids = [pid for pid, name in sandboxes_below(others).items() if name == victim]
            os.kill(min(pids), number)  # a warm program is called like the slot that it is a fork of
            first = await (task or box.run(job))
            return [first.stdout, (await box.run(HELLO)).stdout]
        finally:
            await box.close()

    assert asyncio.run(asyncio.wait_for(within(), PATIENCE)) == [b"hello\n", b"hello\n"]


@pytest.mark.usefixtures("nothing_left")
def test_what_is_stopped_can_be_closed(others: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.launch, "_END_SECONDS", 2.0)  # which are waited out
    monkeypatch.setattr(sandbox.namespaces, "_END_SECONDS", 2.0)
    for victim in ("rlvr-slot", "rlvr-zygote"):

        async def within(victim: str = victim) -> None:
            box = NamespaceSandbox(slots=1)
            task = asyncio.create_task(box.run(SLEEP))
            while victim not in (found := sandboxes_below(others)).values():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            pids = [pid for pid, name in found.items() if name == victim]
            await asyncio.sleep(0.3)
            os.kill(pids[0], signal.SIGSTOP)
            await box.close()
            with contextlib.suppress(SandboxError):
                await task

        asyncio.run(asyncio.wait_for(within(), PATIENCE))


@pytest.mark.usefixtures("nothing_left")
def test_a_slot_that_dies_while_a_session_waits_for_its_second_is_replaced(others: set[int]) -> None:
    async def within() -> bytes:
        box = NamespaceSandbox(slots=1)
        try:
            await box.run(HELLO)
            peer = Job(argv=SLEEP.argv, preload=("csv",), limits=SLEEP.limits)  # of a zygote that has yet to start
            opening = asyncio.create_task(box.open(HELLO, peer))
            await asyncio.sleep(0)
            for pid, name in sandboxes_below(others).items():
                if name == "rlvr-slot":
                    os.kill(pid, signal.SIGKILL)
            session = await opening
            result = await session.result()
            await session.close()
            return result.stdout
        finally:
            await box.close()

    assert asyncio.run(asyncio.wait_for(within(), PATIENCE)) == b"hello\n"


@pytest.mark.usefixtures("nothing_left")
def test_cgroups_that_are_lost_are_made_anew(others: set[int]) -> None:
    kept = ours(os.getpid())

    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        try:
            first = await box.run(HELLO)
            if "memory per process" in first.isolation:
                pytest.skip("no cgroup is writable here")
            for pid, name in sandboxes_below(others).items():  # away from the slot's cgroup, which can then be removed
                if name == "rlvr-slot":
                    for row in cgroups_of(pid):
                        _number, controllers, path = row.split(":", 2)
                        if "/rlvr-" in path:
                            folder = Path("/sys/fs/cgroup") / controllers / path.lstrip("/")
                            above = next(each for each in folder.parents if not each.name.startswith("rlvr-"))
                            (above / "cgroup.procs").write_text(str(pid))
                            with contextlib.suppress(OSError):
                                folder.rmdir()
                                folder.parent.rmdir()
            assert ours(os.getpid()) == kept
            assert (await box.run(HELLO)).stdout == b"hello\n"
            assert (await box.run(HELLO)).stdout == b"hello\n"
        finally:
            await box.close()

    asyncio.run(within())


@pytest.mark.usefixtures("nothing_left")
def test_closing_while_it_starts_and_while_runs_and_sessions_are_on(others: set[int]) -> None:
    kept = ours(os.getpid())

    async def within(after: float) -> None:
        box = NamespaceSandbox(slots=2)
        tasks = [asyncio.create_task(box.run(SLEEP)) for _ in range(4)]
        tasks += [asyncio.create_task(box.run(Job(argv=("sleep", "30"), preload=("csv",))))]
        opened = asyncio.create_task(box.open(SLEEP, SLEEP))
        await asyncio.sleep(after)
        await asyncio.gather(box.close(), box.close())
        await box.close()
        ended = await asyncio.wait_for(asyncio.gather(*tasks, opened, return_exceptions=True), PATIENCE)
        assert not [e for e in ended if isinstance(e, BaseException) and not isinstance(e, SandboxError)], ended
        if not isinstance(ended[-1], BaseException):
            await ended[-1].close()
        with pytest.raises(SandboxUnavailable, match="closed"):
            await box.run(HELLO)
        assert not sandboxes_below(others)
        assert ours(os.getpid()) == kept

    for after in (0.0, 0.001, 0.05, 0.2, 0.5, 1.0):
        asyncio.run(within(after))


@pytest.mark.usefixtures("nothing_left")
def test_a_run_that_is_cancelled_at_any_moment_leaves_the_sandbox_whole() -> None:
    async def within() -> None:
        box = NamespaceSandbox(slots=1)
        try:
            for step in range(40):
                if step % 10 == 0:
                    await box.close()
                    box = NamespaceSandbox(slots=1)
                task: asyncio.Task[object] = asyncio.create_task(box.run(HELLO) if step % 2 else box.open(SLEEP, HELLO))
                for _ in range(step):
                    await asyncio.sleep(0)
                await asyncio.sleep(0.002 * (step % 7))
                task.cancel()
                (ended,) = await asyncio.gather(task, return_exceptions=True)
                if hasattr(ended, "close"):
                    await ended.close()
            assert (await asyncio.wait_for(box.run(HELLO), PATIENCE)).stdout == b"hello\n"
        finally:
            await box.close()

    asyncio.run(within())


def test_sandboxes_of_one_process_share_no_user() -> None:
    if os.geteuid() != 0:
        pytest.skip("a plain user has one user only")
    who = Job(argv=("python", "-c", "import os; print(os.getuid())"))

    async def within() -> set[bytes]:
        boxes = [NamespaceSandbox(slots=1) for _ in range(2)]
        try:
            jobs = [who, Job(argv=who.argv, preload=("csv",))]
            results = await asyncio.gather(*(box.run(job) for box in boxes for job in jobs))
            return {result.stdout for result in results}
        finally:
            await asyncio.gather(*(box.close() for box in boxes))

    assert len(asyncio.run(within())) == 4


def test_more_slots_than_a_zygote_has_users_share_none(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("a plain user has one user only")
    monkeypatch.setattr(sandbox.launch, "USERS_OF_A_ZYGOTE", 2)
    who = python("import os; os.write(3, b'%d' % os.getuid()); os.read(3, 1)")

    async def within() -> set[bytes]:
        box = NamespaceSandbox(slots=5)
        try:
            sessions = [await box.open(who) for _ in range(5)]
            users = {await session.receive() for session in sessions}
            await asyncio.gather(*(session.close() for session in sessions))
            return users
        finally:
            await box.close()

    assert len(asyncio.run(within())) == 5


def test_limits_beyond_all_measure_are_no_trouble() -> None:
    boundless = Limits(
        wall_seconds=1e300, cpu_seconds=1e15, memory_bytes=10**40, processes=10**30, disk_bytes=10**30,
        disk_files=10**30, open_files=10**30, output_bytes=10**30,
    )  # fmt: skip
    tiny = Limits(memory_bytes=1, disk_bytes=1, disk_files=1)
    job = python("print('hello')", limits=boundless)
    few = Job(argv=("python", "-c", "print('hello')"), limits=tiny)
    first, second, third = run(job, few, HELLO, slots=1)
    assert [r.stdout for r in (first, second, third)] == [b"hello\n"] * 3


BAD = {
    "a folder": {"files": {"a/": b""}},
    "a file and a folder": {"files": {"a": b"", "a/b": b""}},
    "a long name": {"files": {"x" * 256: b""}},
    "a long path": {"outputs": ("x/" * 2000 + "x",)},
    "no text": {"files": {"\ud800": b""}},
    "no text in the environment": {"env": {"X": "\ud800"}},
    "text for input": {"stdin": "x"},
    "text for a file": {"files": {"x": "x"}},
    "too large": {"files": {"x": b"x" * 5000}, "limits": Limits(disk_bytes=4096)},
    "too many": {"files": {f"{n}/x": b"" for n in range(30)}, "limits": Limits(disk_files=50)},
}


@pytest.mark.parametrize("name", BAD)
def test_a_job_that_could_not_be_set_up_anywhere_is_refused_when_it_is_made(name: str) -> None:
    with pytest.raises(InvalidJob):
        Job(argv=("true",), **BAD[name])  # type: ignore[arg-type]


def test_limits_are_whole_numbers_where_they_count() -> None:
    assert Limits(memory_bytes=1e8).memory_bytes == 100_000_000  # type: ignore[arg-type]
    with pytest.raises(InvalidJob, match="processes"):
        Limits(processes=1.5)  # type: ignore[arg-type]
    full = {"a/b/c": b"x" * 4096, "a/d": b"x"}
    job = Job(
        argv=("python", "-c", "print('hello')"),
        files=full,
        limits=Limits(disk_bytes=8192, disk_files=4, memory_bytes=1e9),
    )  # type: ignore[arg-type]
    assert said(run(job)[0]) == "hello\n"


def test_a_blocked_event_loop_loosens_no_limit(others: set[int]) -> None:
    def sleeping() -> bool:
        return "sleep" in {name_of(pid) for pid in descendants(os.getpid()) - others}

    async def within() -> list[Ended]:
        box = NamespaceSandbox(slots=2)
        try:
            jobs = [
                python("while True: print('x' * 1000)", limits=Limits(wall_seconds=100, output_bytes=10_000)),
                Job(argv=("sleep", "300"), limits=Limits(wall_seconds=1)),
            ]
            await box.run(HELLO)
            tasks = [asyncio.create_task(box.run(job)) for job in jobs]
            await happens(sleeping, "the program")
            until(lambda: not sleeping(), "its end while nothing else is done here")  # that is the trouble
            results = await asyncio.gather(*tasks)
            assert len(results[0].stdout) == 10_000
            return [result.ended for result in results]
        finally:
            await box.close()

    assert asyncio.run(within()) == [Ended.OUTPUT, Ended.WALL]


# --- preloaded modules and exposed folders ----------------------------------------------------------------------------

MODULES = {
    "missing": "",
    "raises": "raise ValueError('no good')",
    "exits": "raise SystemExit(0)",
    "threads": "import threading, time; threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("nothing_left")
def test_a_module_that_cannot_be_preloaded_is_named(name: str, tmp_path: Path) -> None:
    if name != "missing":
        (tmp_path / f"{name}.py").write_text(MODULES[name])
    (tmp_path / "__init__.py").touch()
    with pytest.raises(SandboxUnavailable, match=f"preload.*guests_of_test.{name}") as caught:
        run(Job(argv=HELLO.argv, preload=(f"guests_of_test.{name}",)), guests={"guests_of_test": tmp_path})
    assert "cannot be isolated" not in str(caught.value)


def test_what_a_preloaded_module_prints_comes_out_of_no_program_and_it_is_compiled_once(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "loud.py").write_text(
        "import ctypes, sys, os\nprint('banner')\nprint('warning', file=sys.stderr)\nsys.stdout.write('rest')\n"
        "ctypes.CDLL(None).puts(b'from C')\nos.system('echo shell')"
    )
    source = "import ctypes, sys; print(1); sys.stdout.flush(); ctypes.CDLL(None).fflush(None)"
    (result,) = run(Job(argv=("python", "-c", source), preload=("g.loud",)), guests={"g": tmp_path})
    assert (result.stdout, result.stderr) == (b"1\n", b"")
    assert sys.dont_write_bytecode or len([*(tmp_path / "__pycache__").glob("loud.*.pyc")]) == 1


def test_folders_that_would_show_everything_or_are_not_there_are_refused(tmp_path: Path) -> None:
    for path in ("/", "/proc", "/dev", "/sys", "/tmp", "/etc", "/var", "/box", str(tmp_path / "missing")):
        with pytest.raises(ValueError, match=r"expose.*" + path):
            NamespaceSandbox(expose=[Path(path)])


def test_files_folders_and_links_can_be_exposed(tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    (shown / "inner").mkdir(parents=True)
    (shown / "inner" / "file").write_text("in a folder")
    (tmp_path / "hidden").write_text("hidden")
    (tmp_path / "alone").write_text("alone")
    (tmp_path / "middle").symlink_to("shown")
    (tmp_path / "link").symlink_to("middle")
    source = f"""
        import os
        for path in ("shown/inner/file", "alone", "link/inner/file"):
            print(open({str(tmp_path)!r} + "/" + path).read())
        print(os.path.exists({str(tmp_path / "hidden")!r}))
        open("/tmp/mine", "w").write("x")
        print(os.listdir("/var/tmp") == os.listdir("/tmp"))
    """
    (result,) = run(python(source), expose=[shown, tmp_path / "alone", tmp_path / "link"])
    assert said(result).split("\n")[:4] == ["in a folder", "alone", "in a folder", "False"]
    shutil.rmtree(shown)
