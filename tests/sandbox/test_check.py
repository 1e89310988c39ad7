"""`rlvr sandbox check`: what holds here, and that a sandbox that does not hold is found out."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.attacks import ATTACKS, Finding, attack
from sandbox.check import Report, check_all, describe
from sandbox.machine import advice
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox, Session
from sandbox.types import Ended, Job, JobResult
from sandbox.weak import WeakSandbox

pytestmark = pytest.mark.slow(60)
ROOT = Path(__file__).resolve().parents[2]
# What is beyond a sandbox without isolation, and what it does all the same.
WEAK_HOLDS = {"use the caller's descriptors", "outlive its run", "take more time"}


def check(*options: str, **about: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "check", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **about)  # type: ignore[call-overload, no-any-return]


@pytest.mark.usefixtures("isolation")
def test_namespaces_hold_against_every_attack() -> None:
    done = check("--backend", "namespaces", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
    ways = 2 if os.geteuid() == 0 else 1  # as root: in a user namespace as well
    assert done.stdout.count("HOLDS") == ways * len(ATTACKS)
    assert "programs can be graded here: backend namespaces" in done.stdout


def test_docker_holds_against_every_attack(docker_image: str) -> None:
    done = check("--backend", "docker", "--image", docker_image, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("HOLDS") == len(ATTACKS)


class Ending(WeakSandbox):
    """A sandbox without isolation that ends each attack before it is through, as a time limit does."""

    async def run(self, job: Job) -> JobResult:
        files = {
            name: data if b"alive" in data else data + b"\nimport os; os.kill(os.getpid(), 9)"
            for name, data in job.files.items()
        }
        return await super().run(replace(job, files=files))


def test_each_attack_succeeds_where_nothing_isolates() -> None:
    """Else it would prove nothing that they fail elsewhere. On a slow machine, too, where there is no time for all."""

    async def within() -> set[str]:
        sandbox = Ending(slots=2)
        try:
            return {finding.attack for finding in await attack(sandbox) if not finding.broken}
        finally:
            await sandbox.close()

    held = asyncio.run(within())
    if os.geteuid() != 0:
        held -= {"read the caller's memory"}  # yama may forbid it to a plain user
    assert held <= WEAK_HOLDS


class Recording:
    """A sandbox that keeps the results of its runs."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.results: list[tuple[Job, JobResult]] = []

    async def run(self, job: Job) -> JobResult:
        self.results.append((job, await self._sandbox.run(job)))
        return self.results[-1][1]

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        return await self._sandbox.open(job, peer)

    async def close(self) -> None:
        await self._sandbox.close()


@pytest.mark.usefixtures("isolation")
def test_an_attack_by_signals_does_not_stop_itself_before_it_has_tried_all() -> None:
    """A parent outside its namespace has the number 0, which would be its own group."""

    async def within() -> list[tuple[Job, JobResult]]:
        recording = Recording(NamespaceSandbox(slots=2))
        try:
            await attack(recording)
            return recording.results
        finally:
            await recording.close()

    results = asyncio.run(within())
    (signals,) = [result for job, result in results if any(b"range(2, 500)" in data for data in job.files.values())]
    assert (signals.ended, signals.stdout) == (Ended.EXITED, b"tried all\n")


def test_where_nothing_is_there_it_says_what_to_do_and_fails() -> None:
    report = Report("namespaces", "root", missing="clone: Operation not permitted")
    said = describe([report])
    assert "nothing isolates programs here" in said
    assert "--allow-weak" in said
    assert not report.holds


def test_a_backend_without_its_parts_is_not_here(tmp_path: Path) -> None:
    done = check("--backend", "docker", cwd=ROOT, env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 1
    assert "docker (as " in done.stdout
    assert "docker: " not in done.stdout
    assert "not here" in done.stdout
    assert "install Docker" in done.stdout
    assert "rlvr sandbox check" not in done.stdout, "it has just been run"
    assert done.stdout.count("--allow-weak") == 1
    assert "namespaces" not in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_what_to_do_about_namespaces_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.launch.ways", lambda *_: ([], "this kernel has none"))
    reports = asyncio.run(check_all(backends=["namespaces"], image=""))
    said = describe(reports)
    assert said.count("this kernel has none") == len(reports)
    assert said.count(advice()) == 1
    assert "rlvr sandbox check" not in said
    holds = Report("docker", "root", findings=(Finding("write outside", ""),))
    assert describe([*reports, holds]).count(advice()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming a plain user needs root")
def test_a_plain_user_has_namespaces_too() -> None:
    """With the system's interpreter, since ours may lie in a folder that others cannot enter."""
    python = shutil.which("python3", path="/usr/bin")
    version = subprocess.run([python or "false", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False)
    if python is None or version.returncode != 0:
        pytest.skip("the system has no python3 of 3.11 or newer")
    folder = Path("/tmp") / f"rlvr-plain-user-{os.getpid()}"
    shutil.copytree(ROOT / "sandbox", folder / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    try:
        folder.chmod(0o755)
        code = (
            "import asyncio\nfrom sandbox.check import check_all, describe\n"
            "reports = asyncio.run(check_all(backends=['namespaces'], image=''))\n"
            "print(describe(reports))\nraise SystemExit(not all(r.holds for r in reports))"
        )
        done = subprocess.run(
            [python, "-c", code], cwd=folder, user=65534, group=65534, extra_groups=[], env={"PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "as user 65534" in done.stdout
    finally:
        shutil.rmtree(folder)
