"""The images that `rlvr sandbox build` makes run programs; what cannot be built says why."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox
from sandbox.image import BuildFailed, from_debian, from_host, from_image
from sandbox.types import Job, JobResult, Limits

ROOT = Path(__file__).resolve().parents[2]


def run_in(image: str, job: Job) -> JobResult:
    async def within() -> JobResult:
        sandbox = DockerSandbox(slots=1, image=image)
        try:
            return await sandbox.run(job)
        finally:
            await sandbox.close()

    return asyncio.run(within())


def test_the_image_of_this_machines_interpreter_has_what_programs_import(docker_image: str) -> None:
    code = "import ctypes, decimal, numpy, pytest, sqlite3, ssl, sys, zlib\n"
    code += "print(sys.version_info[:2], numpy.ones(2).sum())"
    result = run_in(docker_image, Job(argv=("python", "-c", code), limits=Limits(wall_seconds=60)))
    assert result.stdout.decode() == f"{sys.version_info[:2]} 2.0\n", result
    tools = run_in(docker_image, Job(argv=("bash", "-c", "echo b a | tr ' ' '\\n' | sort | head -1")))
    assert tools.stdout == b"a\n"


def test_an_image_can_be_made_from_another(docker_image: str) -> None:
    """As from a registry's python image; without packages, which would have to be downloaded."""
    tag = "rlvr-sandbox-test-derived"
    from_image(tag, docker_image, packages=())
    try:
        assert run_in(tag, Job(argv=("python", "-c", "print(1)"))).stdout == b"1\n"
    finally:
        subprocess.run(["docker", "image", "rm", tag], capture_output=True, check=True)


def test_a_base_image_that_is_not_there_is_an_error(require: Callable[[str], None]) -> None:
    require("docker")
    with pytest.raises(BuildFailed, match="docker build"):
        from_image("rlvr-sandbox-test-none", "localhost:1/no-such-image:1", packages=())


def test_a_package_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(BuildFailed, match="no-such-package"):
        from_host("rlvr-sandbox-test-none", packages=("no-such-package",))


@pytest.mark.parametrize("name", ["x; rm -rf /", "$(id)", "-oops", "a b", ""])
def test_a_name_that_could_be_a_command_is_refused(name: str) -> None:
    with pytest.raises(BuildFailed, match="no package's name"):
        from_image("rlvr-sandbox-test-none", "base", packages=(name,))


def test_debian_packages_need_debootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildFailed, match="apt-get install debootstrap"):
        from_debian("rlvr-sandbox-test-none")


def test_the_command_refuses_what_does_not_fit() -> None:
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "build", "--system-package", "gcc"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 1
    assert "--system-package needs --debian or --from" in done.stderr


def test_serving_everyone_must_be_said() -> None:
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "serve", "--host", "0.0.0.0", "--token", ""]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 1
    assert "--no-token" in done.stderr
