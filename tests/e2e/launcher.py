"""Starts `rlvr` commands in forked children of a process that has done the imports: a start takes one second, not six.

    python tests/e2e/launcher.py MODULE...    reads one JSON request a line, answers with {"pid"}, then with {"status"}

Each child is a process of its own, with a session of its own, and can be killed like any other. A request may ask it to
kill itself (SIGKILL) at its n-th file operation on paths that hold a text: a moment that no clock would find.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.waiting import PATIENCE

LIMIT = 900.0
"""Seconds for a command of a test."""
# Python reports these before it does them.
OPERATIONS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate")


# What a training run would import at its start.
TRAINING = ("transformers.models.llama.modeling_llama", "rlvr.runner", "rlvr.assembly", "rlvr.train")


class Launcher:
    """The test's end: one command at a time. modules: what is imported before."""

    def __init__(self, root: Path, modules: Sequence[str] = TRAINING) -> None:
        self._root = root
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), *modules],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._command, self._pid = "", 0
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, name="launcher", daemon=True)
        self._listener.start()

    def __enter__(self) -> Launcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        self._listener.join()
        self._process.stdout.close()

    def start(
        self, arguments: list[str], *, log: Path, kill_at: tuple[str, int] | None = None, folder: Path | None = None
    ) -> int:
        """Start `rlvr ARGUMENTS`; returns its process id.

        kill_at: part of a path, and the operation to die at. folder: where it runs (None = in the root).
        """
        assert self._process.stdin is not None
        self._command, self._pid = f"rlvr {' '.join(arguments)} (its log: {log})", 0
        request = {"arguments": arguments, "log": str(log), "kill_at": kill_at, "folder": str(folder or self._root)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        self._pid = self._heard("pid", LIMIT)  # the first command waits for the imports
        return self._pid

    def wait(self, limit: float = LIMIT) -> int:
        """The exit status of the command that was started last; minus the signal that killed it.

        limit: seconds after which it is killed. Raises AssertionError when they have passed.
        """
        return os.waitstatus_to_exitcode(self._heard("status", limit))

    def run(self, arguments: list[str], *, log: Path, kill_at: tuple[str, int] | None = None) -> int:
        """Start and wait."""
        self.start(arguments, log=log, kill_at=kill_at)
        return self.wait()

    def _heard(self, what: str, limit: float) -> int:
        try:
            return int(json.loads(self._lines.get(timeout=limit))[what])
        except queue.Empty:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid or self._process.pid, signal.SIGKILL)
            raise AssertionError(f"waited {limit:g} s for the {what} of {self._command}") from None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("{}")  # whoever waits hears that it has ended


def die_at(text: str, operation: int) -> None:
    """SIGKILL to this process at its n-th file operation on paths that hold a text."""
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in OPERATIONS and text in str(arguments[0]):
            seen += 1
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def serve() -> None:
    """Answer requests until standard input ends."""
    from rlvr.cli import main

    for module in sys.argv[1:]:
        importlib.import_module(module)
    for received in iter(sys.stdin.readline, ""):
        request = json.loads(received)
        pid = os.fork()
        if not pid:
            os.setsid()
            os.chdir(request["folder"])
            log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(source, target)
            if request["kill_at"]:
                die_at(*request["kill_at"])
            sys.exit(main(request["arguments"]))
        print(json.dumps({"pid": pid}), flush=True)
        print(json.dumps({"status": os.waitpid(pid, 0)[1]}), flush=True)


if __name__ == "__main__":
    serve()
