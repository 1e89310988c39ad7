"""A `rlvr sandbox serve` in a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "the-token-of-the-tests"


class Server:
    """A server on a free port; a context manager that ends it."""

    def __init__(self, *options: str, port: int = 0) -> None:
        self._options = options
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "rlvr.cli", "sandbox", "serve", "--port", str(self.port), "--slots", "2"]
        env = {**os.environ, "RLVR_SANDBOX_TOKEN": TOKEN}
        self.process = subprocess.Popen([*command, *self._options], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        until(lambda: self._answers() or self.process.poll() is not None, "the server to start")
        if self.process.poll() is not None:
            assert self.process.stderr is not None
            raise AssertionError(f"the server did not start: {self.process.stderr.read().decode()}")
        return self

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=PATIENCE):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        assert self.process.stderr is not None
        self.process.stderr.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
