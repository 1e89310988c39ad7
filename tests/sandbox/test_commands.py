"""`rlvr sandbox` with a mistake in the command, or on a machine that lacks something."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rlvr.cli import main
from sandbox.errors import SandboxUnavailable
from sandbox.remote import RemoteSandbox
from sandbox.types import Job
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
MISTAKES = {
    "check --backend nowhere": "there is no sandbox backend 'nowhere'; there are: auto, namespaces",
    "check --backend remote": "needs the address of a server",
    "check --backend remote --url nonsense": "not 'nonsense'",
    "serve --backend nowhere --port 0": "there is no sandbox backend 'nowhere'",
    "serve --port 70000": "70000 is no port: at most 65535",
    "serve --port 0 --slots 0": "argument --slots: 0 is below 1",
    "serve --port 0 --waiting -1": "argument --waiting: -1 is below 0",
    "serve --port 0 --most-mb 0": "argument --most-mb: 0 is below 1",
    "serve --port 0 --host nowhere.invalid --token x": "cannot listen on nowhere.invalid, port 0",
    "build --tag a|b": "an image cannot be called 'a|b'",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_named_in_one_line(
    words: str, capsys: pytest.CaptureFixture[str], require: Callable[[str], None]
) -> None:
    if words.startswith("serve"):
        require("serve")
    try:
        status = main(["sandbox", *words.split()])
    except SystemExit as end:
        status = end.code  # type: ignore[assignment]
    said = capsys.readouterr().err.splitlines()
    assert status == 1
    assert MISTAKES[words] in said[-1]
    assert len(said) == 1 or said[0].startswith("usage:")


def test_a_port_that_is_in_use_is_told_before_anything_starts(
    capsys: pytest.CaptureFixture[str], require: Callable[[str], None]
) -> None:
    require("serve")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["sandbox", "serve", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said == (
        f"rlvr: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another --port or --host\n"
    )


@pytest.mark.usefixtures("isolation")
def test_a_server_says_which_free_port_it_took(require: Callable[[str], None]) -> None:
    require("serve")
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "serve", "--port", "0", "--slots", "1"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            words = server.stderr.readline().split()
            assert words[:3] == ["serving", words[1], "on"]
            with socket.create_connection(("127.0.0.1", int(words[3].rpartition(":")[2])), timeout=PATIENCE):
                pass
        finally:
            server.terminate()


@pytest.mark.parametrize("command", ["check --backend docker", "build", "build --from python:3.12-slim"])
def test_a_daemon_that_is_not_there_is_named(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    require: Callable[[str], None],
) -> None:
    require("docker")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert main(["sandbox", *command.split()]) == 1
    caught = capsys.readouterr()
    said = caught.out + caught.err
    assert "unix:///nowhere.sock" in said
    assert "tart" in said
    assert "daemon, and see that this user may use it" in said
    assert "namespaces" not in said


def test_servers_that_are_not_there_are_given_up_in_time() -> None:
    async def within() -> None:
        sandbox = RemoteSandbox(["http://127.0.0.1:9"], reach_timeout=2.0)
        with pytest.raises(SandboxUnavailable, match=r"within 2 s\. http://127\.0\.0\.1:9: it cannot be reached"):
            await sandbox.run(Job(argv=("true",)))
        await sandbox.close()

    asyncio.run(asyncio.wait_for(within(), PATIENCE))


@pytest.mark.usefixtures("isolation")
def test_a_check_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rlvr.cli", "sandbox", "check", "--backend", "namespaces"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.DEVNULL
    )
    until(lambda: _named(str(tmp_path)), "its programs")
    process.kill()
    process.wait()
    until(lambda: not list(tmp_path.iterdir()) and not _named(str(tmp_path)), "its programs and files to go")


def _named(word: str) -> list[str]:
    """Processes whose command has this in it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [path.parent.name] if word.encode() in path.read_bytes() else []
    return found
