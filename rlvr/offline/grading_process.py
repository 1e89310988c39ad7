"""A process of `process_engine`: receives chunks of rows and sends graded lines, over one socket.

    python -P -m rlvr.offline.grading_process DESCRIPTOR

The first message received has a `Setup`, `sys.path`, the arguments of the command, and the seconds between heartbeats.
Then come `Chunk`s, and finally None: start nothing more. It sends the results of a chunk as `Piece`s; a text if it
cannot grade; and None as a heartbeat. User rewards run in a worker below this process.

It never outlives its parent: a thread exits the process when the socket is closed.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from rlvr.offline.chunks import Chunk, Numbering, Piece
from rlvr.offline.engine import Grades, LocalEngine, Setup
from rlvr.offline.recorder import Written
from sandbox.errors import ToolkitError

_HELD_SECONDS = 0.05  # seconds by which results are batched at most


class _Process:
    """The process: a thread receives messages and sends heartbeats; the main thread grades."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._speaks = threading.Lock()
        self._chunks: queue.SimpleQueue[Chunk] = queue.SimpleQueue()
        self._stopped = False
        self._grades: Grades | None = None
        self._engine: LocalEngine | None = None

    def run(self) -> None:
        try:
            setup, sys.path, sys.argv, every = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):  # the command is gone
            return
        threading.Thread(target=self._hear, args=(every,), name="hear", daemon=True).start()
        try:
            self._grades = grades = _settled(setup)
        except (ToolkitError, OSError) as error:
            self._say(str(error) or type(error).__name__)
            return
        while True:
            self._grade(grades, self._chunks.get())

    def _hear(self, every: float) -> None:
        try:
            while True:
                if not self._connection.poll(every):
                    self._say(None)
                    continue
                message = pickle.loads(self._connection.recv_bytes())
                if message is not None:
                    self._chunks.put(message)
                    continue
                self._stopped = True
                if (engine := self._engine) is not None:
                    engine.stop()
        except (EOFError, OSError):  # the command is gone
            if self._grades is not None:
                self._grades.close()
        finally:
            os._exit(0)

    def _grade(self, grades: Grades, chunk: Chunk) -> None:
        rows = Numbering(chunk)
        held: list[Written] = []
        since = time.monotonic()
        self._engine = engine = grades.engine(rows, passed=chunk.passed)
        if self._stopped:  # stopped before `_engine` was set
            engine.stop()
        fault = ""
        try:
            for batch in engine:
                held += batch
                if held and (not batch or time.monotonic() - since > _HELD_SECONDS):
                    self._say(Piece(chunk.number, held))
                    held, since = [], time.monotonic()
        except ToolkitError as error:  # workers that cannot be started
            fault = str(error)
        self._say(Piece(chunk.number, held, rows.count, whole=not self._stopped and not fault, fault=fault))

    def _say(self, message: object) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._speaks, suppress(OSError):  # the command is gone: `_hear` exits this process
            self._connection.send_bytes(data)


def _settled(setup: Setup) -> Grades:
    """Change to the command's folder, and prepare to grade."""
    if setup.folder:
        os.chdir(setup.folder)
    return Grades(setup)


if __name__ == "__main__":
    _Process(Connection(int(sys.argv[1]))).run()
