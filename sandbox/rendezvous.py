"""Where the server in a container connects to us: a Unix socket in a folder that the container is given.

        meeting = Rendezvous()
        ...                                         # the container gets `meeting.folder`, and `meeting.word` by a pipe
        transport = await meeting.met()

The word keeps others out: a process that finds the socket does not know it. Nothing of it is left once both have met.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

from sandbox.cgroups import start_of
from sandbox.transports import UnixStream

_SOCKET = "socket"
_PREFIX = "rlvr-rendezvous-"
_WORD_BYTES = 16


class Rendezvous:
    """A socket that one process may connect to, once."""

    def __init__(self) -> None:
        """Raises OSError."""
        self.word = secrets.token_hex(_WORD_BYTES)
        self._private = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{start_of(os.getpid())}-")
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.setblocking(False)
            self.folder = os.path.join(self._private, "shown")
            os.mkdir(self.folder)
            os.chmod(self.folder, 0o755)  # the container's root may be another user here; the folder above is private
            self._listener.bind(os.path.join(self.folder, _SOCKET))
            os.chmod(os.path.join(self.folder, _SOCKET), 0o666)
            self._listener.listen(1)
        except OSError:
            self.close()
            raise

    async def met(self) -> UnixStream:
        """The connection of the process that knows the word. Raises ConnectionError if another one has connected."""
        loop = asyncio.get_running_loop()
        end, _address = await loop.sock_accept(self._listener)
        self.close()
        said = b""
        while len(said) < len(self.word) and (piece := await loop.sock_recv(end, len(self.word) - len(said))):
            said += piece
        if not secrets.compare_digest(said, self.word.encode()):
            end.close()
            raise ConnectionAbortedError("a stranger has connected in place of the container")
        return UnixStream(end)

    def close(self) -> None:
        """Nobody can connect any more. Idempotent."""
        self._listener.close()
        shutil.rmtree(self._private, ignore_errors=True)


def join(folder: str, word: str) -> UnixStream | None:
    """The other side: connect. None if that cannot be done here (another machine, a runtime that forbids it)."""
    end = socket.socket(socket.AF_UNIX)
    try:
        end.connect(os.path.join(folder, _SOCKET))
        end.sendall(word.encode())
    except OSError:
        end.close()
        return None
    return UnixStream(end)


def sweep() -> None:
    """Remove what processes have left that were killed before they met theirs."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid, _, rest = left.name.removeprefix(_PREFIX).partition("-")
        if pid.isdigit() and start_of(int(pid)) != rest.partition("-")[0]:
            with contextlib.suppress(OSError):
                shutil.rmtree(left)
