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
SOURCE = Path(__file__).resolve().parents[2] / "sandbox"
NOBODY = 65534


def as_a_plain_user(tmp_path: Path, source: str) -> str:
    """What a program that makes sandboxes prints where such a user runs it."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as a plain user, so all of them show it")
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3 that another user could run")
    shutil.copytree(SOURCE, tmp_path / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
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
