"""Messages between supervisor, zygote and slots, with descriptors on a seqpacket socket; and bundles.

A message to the zygote is small. What belongs to the program (command, files, input) is never in it, but in descriptors
that the zygote passes on unread. A *bundle* is a memfd that holds a command and files.

Data for runs is encoded with `marshal`, which a fresh fork reads without touching a page of Python code; the supervisor
itself wrote it. What comes back from a run is numbers, text and bytes, and is not trusted.
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

Outcome: TypeAlias = "tuple[int, float, float, float, float, int, tuple[float, ...], str, str]"
"""Wait status (-1 = the run was ended), wall seconds, those spent waiting for a core by the thread that waited longest,
CPU seconds of that thread, of all, peak bytes of a process, how the waiting grew (pairs: seconds since the start, those
spent waiting until then), what ended it, a fault."""

_LARGEST = 1 << 16
_MOST_DESCRIPTORS = 16
_SPACE = socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4)
_RUN = struct.Struct("<q")
_NUMBERS = struct.Struct("<qddddqq")  # the last: how many numbers follow
_FORM = 2  # version of marshal: the oldest with all types that are sent, so other Python versions can read it


def send(channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Send one message to the zygote. Raises OSError if it is gone."""
    _send(channel, packed(message), descriptors)


def ask(channel: socket.socket, run: int, order: bytes, descriptors: Sequence[int]) -> None:
    """Send a slot an order about a run: with descriptors, a `packed` order to start it; without, the reason to end it,
    or `FED`.

    Raises OSError if it is gone.
    """
    _send(channel, _RUN.pack(run) + order, descriptors)


FED = b"fed"
"""Its input has been written to the end."""


def packed(message: dict[str, Any]) -> bytes:
    """Encode a message to the zygote."""
    return marshal.dumps(message, _FORM)


def unpacked(data: bytes) -> dict[str, Any]:
    """Decode what `packed` wrote."""
    message: dict[str, Any] = marshal.loads(data)
    return message


def _send(channel: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    if descriptors:
        channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
    else:
        channel.send(data)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Receive a message and its descriptors (close-on-exec). None = the other end, or room for descriptors, is gone."""
    data, descriptors = _receive(channel)
    return (unpacked(data), descriptors) if data else None


def asked(channel: socket.socket) -> tuple[int, bytes, list[int]] | None:
    """Receive what `ask` sent: the run's number, the order, descriptors. None as in `receive`."""
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
    """Send a descriptor over a socket, given by its number."""
    end = socket.socket(fileno=os.dup(channel))
    end.sendmsg([b"d"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    end.close()


def take(channel: socket.socket) -> int:
    """Receive a descriptor; -1 = none was sent. Raises OSError if no descriptors are left."""
    try:
        _data, ancillary, flags, _address = channel.recvmsg(1, _SPACE, socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionResetError):
        return -1
    if flags & socket.MSG_CTRUNC:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return array.array("i", ancillary[0][2])[0] if ancillary else -1


def answer(channel: socket.socket, message: Mapping[str, object]) -> None:
    """Send one message back to the supervisor. Raises OSError if it is gone."""
    channel.send(json.dumps(message).encode())


def hear(channel: socket.socket) -> dict[str, object] | None:
    """Receive a message of the zygote or a slot. None = the other end is gone. Raises BlockingIOError if none came."""
    try:
        data = channel.recv(_LARGEST)
    except ConnectionResetError:
        return None
    message: dict[str, object] | None = json.loads(data) if data else None
    return message


def tell(channel: socket.socket, run: int, outcome: Outcome) -> None:
    """Send a run's outcome back to the supervisor. Raises OSError if it is gone."""
    *numbers, growth, cause, fault = outcome
    counted = _RUN.pack(run) + _NUMBERS.pack(*numbers, len(growth)) + struct.pack(f"<{len(growth)}d", *growth)
    channel.send(counted + f"{cause}\n{fault}".encode())


def hear_outcome(channel: socket.socket) -> tuple[int, Outcome] | None:
    """Receive the number and the outcome of a run. None = the slot is gone. Raises BlockingIOError if nothing came."""
    try:
        data = channel.recv(_LARGEST)
    except ConnectionResetError:
        return None
    if not data:
        return None
    (run,) = _RUN.unpack_from(data)
    data = data[_RUN.size :]
    status, seconds, waited, own, cpu, peak, count = _NUMBERS.unpack_from(data)
    growth = struct.unpack_from(f"<{count}d", data, _NUMBERS.size)
    cause, _, fault = data[_NUMBERS.size + 8 * count :].decode(errors="replace").partition("\n")
    return run, (status, seconds, waited, own, cpu, peak, growth, cause, fault)


def bundle(argv: Sequence[str], env: Mapping[str, str], files: Mapping[str, bytes]) -> int:
    """Write a command and its files to a memfd, which the caller closes."""
    return _memfd(marshal.dumps((list(argv), dict(env), dict(files)), _FORM))


def unbundle(descriptor: int) -> tuple[list[str], dict[str, str], dict[str, bytes]]:
    """Read what `bundle` wrote; called in a run."""
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
