"""What passes between supervisor and zygote: messages with descriptors on a seqpacket socket, and files in a memfd.

A message is one JSON object, small: what belongs to the program (command, files, input) never stands in it, but in
descriptors that the zygote hands on unread. A *bundle* is a memfd: one line of JSON, then the bytes of its files.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Mapping

_LARGEST = 1 << 16
_MOST_DESCRIPTORS = 16


def send(channel: socket.socket, message: Mapping[str, object], descriptors: list[int]) -> None:
    """Send one message. Raises OSError where the other end is gone."""
    data = json.dumps(message).encode()
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    channel.sendmsg([data], ancillary)


def receive(channel: socket.socket) -> tuple[dict[str, object], list[int]] | None:
    """One message and its descriptors (close-on-exec); None: the other end is gone."""
    space = socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4)
    try:
        data, ancillary, _flags, _address = channel.recvmsg(_LARGEST, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    descriptors: list[int] = []
    for _level, _kind, content in ancillary:
        held = array.array("i")
        held.frombytes(content[: len(content) - len(content) % held.itemsize])
        descriptors += held
    return (json.loads(data), descriptors) if data else None


def bundle(head: Mapping[str, object], files: Mapping[str, bytes]) -> int:
    """A memfd that holds an object and files; the caller closes it."""
    listed = [[path, len(content)] for path, content in files.items()]
    descriptor = os.memfd_create("bundle", os.MFD_CLOEXEC)
    rest = memoryview(b"".join([json.dumps({**head, "files": listed}).encode(), b"\n", *files.values()]))
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return descriptor


def unbundle(descriptor: int) -> tuple[dict[str, object], dict[str, bytes]]:
    """Read what `bundle` wrote. Raises ValueError where it is not whole."""
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    end = content.index(b"\n")
    head: dict[str, object] = json.loads(content[:end])
    files, at = {}, end + 1
    for path, length in head.pop("files"):  # type: ignore[attr-defined]
        files[path] = content[at : at + length]
        at += length
    if at != len(content):
        raise ValueError(f"a bundle of {len(content)} bytes does not hold the files that it lists")
    return head, files
