"""A `rlvr sandbox serve` in a process of its own, for tests."""

from __future__ import annotations

import os
import signal
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
    """A server on a free port, which it finds itself; a context manager that ends it."""

    def __init__(self, *options: str, port: int = 0) -> None:
        self._options = options
        self.port = port

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "rlvr.cli", "sandbox", "serve", "--port", str(self.port), "--slots", "2"]
        env = {**os.environ, "RLVR_SANDBOX_TOKEN": TOKEN}
        self.process = subprocess.Popen([*command, *self._options], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        assert self.process.stderr is not None
        said = self.process.stderr.readline().decode()
        self.url = said.split()[-1] if said.startswith("serving ") else ""
        until(lambda: self._answers() or self.process.poll() is not None, "the server to start")
        if self.process.poll() is not None:
            raise AssertionError(f"the server did not start: {said}{self.process.stderr.read().decode()}")
        self.port = int(self.url.rpartition(":")[2])
        return self

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=PATIENCE):
                return True
        except (urllib.error.URLError, ConnectionError, ValueError):
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
