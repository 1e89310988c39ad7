"""What passes between supervisor, zygote and slots: messages with descriptors on a seqpacket socket, and bundles.

A message to the zygote is small: what belongs to the program (command, files, input) never stands in it, but in
descriptors that the zygote hands on unread. A *bundle* is a memfd that holds a command and files.

Towards the runs the form is `marshal`, which a fresh fork reads without touching a page of Python code; it is data that
the supervisor itself wrote. What comes back from a run is numbers, text and bytes, read with suspicion.
"""

from __future__ import annotations

import _socket as socket
import array
import errno
import json
import marshal
import os
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Outcome: TypeAlias = "tuple[int, float, float, float, int, str, str]"
"""Wait status (-1 = the run was ended), wall seconds, those spent waiting for a core, CPU seconds, peak bytes of a
process, what ended it, a fault."""

_LARGEST = 1 << 16
_MOST_DESCRIPTORS = 16
_SPACE = socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4)
_RUN = struct.Struct("<q")
_NUMBERS = struct.Struct("<qdddq")
_FORM = 2  # version of marshal: the oldest with all types that are sent, so other Python versions can read it


def send(channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Send one message to the zygote. Raises OSError where it is gone."""
    _send(channel, packed(message), descriptors)


def ask(channel: socket.socket, run: int, order: bytes, descriptors: Sequence[int]) -> None:
    """Tell a slot what to do about a run: to make it, as `packed`, with descriptors; or, with none, what to end it for.

    Raises OSError where it is gone.
    """
    _send(channel, _RUN.pack(run) + order, descriptors)


def packed(message: dict[str, Any]) -> bytes:
    """A message in the form that goes towards the zygote."""
    return marshal.dumps(message, _FORM)


def unpacked(data: bytes) -> dict[str, Any]:
    """What `packed` wrote."""
    message: dict[str, Any] = marshal.loads(data)
    return message


def _send(channel: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    if descriptors:
        channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
    else:
        channel.send(data)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """One message and its descriptors (close-on-exec); None: the other end is gone, or they have no room here."""
    data, descriptors = _receive(channel)
    return (unpacked(data), descriptors) if data else None


def asked(channel: socket.socket) -> tuple[int, bytes, list[int]] | None:
    """What `ask` sent: the number of the run, the order, descriptors; None: the other end is gone, or no room here."""
    data, descriptors = _receive(channel)
    return (_RUN.unpack_from(data)[0], data[_RUN.size :], descriptors) if data else None


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    try:
        data, ancillary, flags, _address = channel.recvmsg(_LARGEST, _SPACE, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return b"", []
    if flags & socket.MSG_CTRUNC:  # descriptors were cut off: treat it as the end of the connection
        return b"", []
    descriptors: list[int] = []
    for _level, _kind, content in ancillary:
        descriptors += memoryview(content).cast("i")
    return data, descriptors


def give(channel: int, descriptor: int) -> None:
    """Send a descriptor over the socket of that number."""
    end = socket.socket(fileno=os.dup(channel))
    end.sendmsg([b"d"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    end.close()


def take(channel: socket.socket) -> int:
    """A descriptor that was sent; -1: none was. Raises OSError where there is no room for it."""
    try:
        _data, ancillary, flags, _address = channel.recvmsg(1, _SPACE, socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionResetError):
        return -1
    if flags & socket.MSG_CTRUNC:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return array.array("i", ancillary[0][2])[0] if ancillary else -1


def answer(channel: socket.socket, message: Mapping[str, object]) -> None:
    """Send one message back to the supervisor. Raises OSError where it is gone."""
    channel.send(json.dumps(message).encode())


def hear(channel: socket.socket) -> dict[str, object] | None:
    """One message from the zygote or a slot; None: the other end is gone. Raises BlockingIOError where none came."""
    try:
        data = channel.recv(_LARGEST)
    except ConnectionResetError:
        return None
    message: dict[str, object] | None = json.loads(data) if data else None
    return message


def tell(channel: socket.socket, outcome: Outcome) -> None:
    """Send how a run went back to the supervisor. Raises OSError where it is gone."""
    *numbers, cause, fault = outcome
    channel.send(_NUMBERS.pack(*numbers) + f"{cause}\n{fault}".encode())


def hear_outcome(channel: socket.socket) -> Outcome | None:
    """How a run went; None: the slot is gone. Raises BlockingIOError where nothing came."""
    try:
        data = channel.recv(_LARGEST)
    except ConnectionResetError:
        return None
    if not data:
        return None
    status, seconds, waited, cpu, peak = _NUMBERS.unpack_from(data)
    cause, _, fault = data[_NUMBERS.size :].decode(errors="replace").partition("\n")
    return status, seconds, waited, cpu, peak, cause, fault


def bundle(argv: Sequence[str], env: Mapping[str, str], files: Mapping[str, bytes]) -> int:
    """A memfd that holds a command and its files; the caller closes it."""
    return _memfd(marshal.dumps((list(argv), dict(env), dict(files)), _FORM))


def unbundle(descriptor: int) -> tuple[list[str], dict[str, str], dict[str, bytes]]:
    """Read what `bundle` wrote, in a run."""
    content: tuple[list[str], dict[str, str], dict[str, bytes]]
    content = marshal.loads(os.pread(descriptor, os.lseek(descriptor, 0, os.SEEK_END), 0))
    return content


def _memfd(data: bytes) -> int:
    descriptor = os.memfd_create("bundle", os.MFD_CLOEXEC)
    _write_all(descriptor, data)
    return descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
