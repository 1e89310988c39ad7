"""Sandboxes of a user who is not root: a real one, whose interpreter is the system's where the tests' own is root's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's"),
    pytest.mark.usefixtures("isolation"),
]
ROOT = Path(__file__).resolve().parents[2]
SHOWN = ("sandbox", "tests/conformance", "tests/sandbox/processes.py", "tests/waiting.py")
NOBODY = 65534


def as_a_plain_user(tmp_path: Path, source: str) -> str:
    """What a program that makes sandboxes prints where such a user runs it."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as a plain user, so all of them show it")
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3 that another user could run")
    for name in SHOWN:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "main.py").write_text(textwrap.dedent(source))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != Path("/") and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", tmp_path], check=True)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o777)
    done = subprocess.run(
        ["/usr/bin/python3", "-W", "error", str(tmp_path / "main.py")],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, user=NOBODY, group=NOBODY, extra_groups=[],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_plain_user_needs_no_set_up(tmp_path: Path) -> None:
    said = as_a_plain_user(
        tmp_path,
        """
        import asyncio
        from sandbox.namespaces import NamespaceSandbox
        from sandbox.types import Job
        async def main():
            sandbox = NamespaceSandbox()
            result = await sandbox.run(Job(argv=("python", "-c", "import os; print(os.getuid(), os.getpid())")))
            print(result.stdout.decode(), result.stderr.decode())
            await sandbox.close()
        asyncio.run(main())
        """,
    )
    assert said.split() == ["1000", "2"]


@pytest.mark.parametrize("backend", ["namespaces.NamespaceSandbox", "weak.WeakSandbox"])
def test_outputs_that_the_program_has_locked_come_back_and_nothing_stays(tmp_path: Path, backend: str) -> None:
    module, name = backend.split(".")
    said = as_a_plain_user(
        tmp_path,
        f"""
        import asyncio
        from sandbox.{module} import {name}
        from sandbox.types import Job
        SOURCE = '''
        import os
        os.makedirs("a/b")
        for path in ("a/b/c", "d"):
            open(path, "w").write("kept " + path)
            os.chmod(path, 0)
        os.symlink("/etc/passwd", "link")
        for path in ("a/b", "a", "."):
            os.chmod(path, 0)
        '''
        async def main():
            sandbox = {name}()
            outputs = ("a/b/c", "d", "link", "a", "missing")
            job = Job(argv=("python", "-c", SOURCE.replace("\\n        ", "\\n")), outputs=outputs)
            result = await sandbox.run(job)
            print(dict(result.files), result.stderr.decode())
            await sandbox.close()
        asyncio.run(main())
        """,
    )
    assert said.strip() == "{'a/b/c': b'kept a/b/c', 'd': b'kept d'}"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_plain_user_has_the_same_isolation(tmp_path: Path) -> None:
    """The checks that need nothing but the standard library, among them all of isolation."""
    said = as_a_plain_user(
        tmp_path,
        """
        from sandbox.namespaces import NamespaceSandbox
        from tests.conformance import sandbox as runs
        from tests.conformance.sandbox_isolation import ISOLATION_CHECKS
        make = "from sandbox.namespaces import NamespaceSandbox\\ndef make(): return NamespaceSandbox(slots=2)"
        checks = [
            runs.a_killed_run_says_how_long_it_ran,
            runs.cpu_time_ends_the_run,
            runs.cpu_time_is_the_whole_trees,
            runs.memory_ends_the_run,
            runs.memory_is_the_whole_trees,
            runs.processes_and_threads_are_limited,
            runs.processes_and_event_loops_work,
            runs.daemons_and_grandchildren_end_with_the_run,
            runs.nothing_is_left_of_a_run_that_was_killed,
            runs.each_run_finds_clean_folders,
            *ISOLATION_CHECKS,
        ]
        with runs.Running(runs.SandboxCase(make=lambda: NamespaceSandbox(slots=2), source=make)) as running:
            for check in checks:
                try:
                    running.check(check)
                except AssertionError as error:
                    print(check.__name__, error)
        print(len(checks) > len(ISOLATION_CHECKS) > 10)
        """,
    )
    assert said == "True\n"
