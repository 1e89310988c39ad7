"""Meeting a process at a Unix socket, and sockets that come along with its messages."""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from sandbox import rendezvous
from sandbox.channel import Channel
from sandbox.rendezvous import Rendezvous
from sandbox.transports import UnixStream
from sandbox.wire import BadWire


def test_both_ends_meet_and_nothing_is_left() -> None:
    async def within() -> bytes:
        meeting = Rendezvous()
        private = Path(meeting.folder).parent
        assert private.exists()
        joined = rendezvous.join(meeting.folder, meeting.word)
        assert joined is not None
        met = await meeting.met()
        assert not private.exists()
        await joined.send(b"hello")
        came = await met.receive()
        await joined.close()
        assert await met.receive() == b""
        await met.close()
        return came

    assert asyncio.run(within()) == b"hello"


@pytest.mark.parametrize("word", [b"", b"wrong", b"0" * 32, b"0" * 400])
def test_who_does_not_know_the_word_is_refused(word: bytes) -> None:
    async def within() -> None:
        meeting = Rendezvous()
        stranger = socket.socket(socket.AF_UNIX)
        with stranger:
            stranger.connect(os.path.join(meeting.folder, "socket"))
            stranger.sendall(word)
            stranger.shutdown(socket.SHUT_WR)
            with pytest.raises(ConnectionAbortedError, match="stranger"):
                await meeting.met()

    asyncio.run(within())


def test_a_folder_without_a_socket_is_not_joined(tmp_path: Path) -> None:
    assert rendezvous.join(str(tmp_path), "word") is None


def test_what_a_killed_process_left_is_swept() -> None:
    ours = Rendezvous()
    stale = Path(tempfile.mkdtemp(prefix="rlvr-rendezvous-4194300-1-"))
    (stale / "shown").mkdir()
    try:
        rendezvous.sweep()
        assert not stale.exists()
        assert os.path.exists(ours.folder)
    finally:
        ours.close()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("kind", ["a pipe", "a file", "an internet socket", "a datagram socket", "a socket and a pipe"])
def test_what_is_no_channel_is_refused_and_closed(kind: str) -> None:
    async def within() -> None:
        left, right = socket.socketpair()
        before = descriptors()
        with contextlib.ExitStack() as given:
            numbers = _given(kind, given)
            beside = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", numbers))
            left.sendmsg([b"x"], [beside])
        stream = UnixStream(right)
        with pytest.raises(BadWire, match="no channel"):
            await stream.receive()
        assert descriptors() == before + 1, "beside the copy that the transport writes to, nothing is open"
        await stream.close()
        left.close()

    asyncio.run(within())


def _given(kind: str, held: contextlib.ExitStack) -> list[int]:
    read, write = os.pipe()
    held.callback(os.close, read)
    held.callback(os.close, write)
    ends = [held.enter_context(end) for end in socket.socketpair()]
    return {
        "a pipe": [read],
        "a file": [held.enter_context(tempfile.TemporaryFile()).fileno()],
        "an internet socket": [held.enter_context(socket.socket()).fileno()],
        "a datagram socket": [held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)).fileno()],
        "a socket and a pipe": [ends[0].fileno(), read],
    }[kind]


def test_more_sockets_than_were_announced_are_refused() -> None:
    async def within() -> None:
        left, right = socket.socketpair()
        ours, theirs = UnixStream(left), UnixStream(right)
        first, second = socket.socketpair()
        with first, second:
            for _ in range(16):
                await ours.send_with(first, b"x")
                assert await theirs.receive() == b"x"
            await ours.send_with(first, b"x")
            with pytest.raises(BadWire, match="not announced"):
                await theirs.receive()
        await ours.close()
        await theirs.close()

    asyncio.run(within())


def test_a_channel_that_was_not_sent_is_a_fault() -> None:
    async def within() -> None:
        left, right = socket.socketpair()
        stream = UnixStream(left)
        with pytest.raises(BadWire, match="none came"):
            stream.come()
        await stream.close()
        right.close()

    asyncio.run(within())


# --- channels ---------------------------------------------------------------------------------------------------------


def test_a_channel_that_is_handed_over_keeps_what_had_come() -> None:
    async def within() -> bytes:
        near, far = socket.socketpair()
        channel = Channel(near)
        far.sendall(b"first ")
        assert channel._read()
        far.sendall(b"second")
        handed = channel.hand_over()
        assert handed is not None
        assert await channel.receive() == b"", "it is closed here"
        again = Channel(*handed)
        came = b""
        while len(came) < len(b"first second"):
            came += await again.receive()
        await again.send(b"back")
        assert far.recv(10) == b"back"
        far.close()
        assert await again.receive() == b""
        again.finish()
        return came

    assert asyncio.run(within()) == b"first second"


def test_a_channel_that_has_ended_or_is_read_is_not_handed_over() -> None:
    async def within() -> None:
        near, far = socket.socketpair()
        channel = Channel(near)
        reading = asyncio.create_task(channel.receive())
        await asyncio.sleep(0)
        assert channel.hand_over() is None
        far.close()
        assert await reading == b""
        assert channel.hand_over() is None
        channel.finish()

    asyncio.run(within())


def test_finishing_ends_a_send_that_nobody_reads_and_a_receive() -> None:
    async def within() -> list[bytes | None]:
        near, far = socket.socketpair()
        channel = Channel(near)
        waiting = [asyncio.create_task(channel.send(b"x" * (8 << 20))), asyncio.create_task(channel.receive())]
        await asyncio.sleep(0.01)
        channel.finish()
        ended = await asyncio.gather(*waiting)
        far.close()
        return list(ended)

    assert asyncio.run(within()) == [None, b""]


def test_a_server_that_makes_a_handed_channel_block_does_not_block_this_process() -> None:
    async def within() -> None:
        near, far = socket.socketpair()
        copy = near.dup()
        channel = Channel(near)
        copy.setblocking(True)  # the same description: the flag is that of `near`, too
        sending = asyncio.create_task(channel.send(b"x" * (8 << 20)))
        assert await asyncio.wait_for(asyncio.sleep(0.01, "went on"), 60) == "went on"
        assert not sending.done()
        assert not channel._read()
        copy.close()
        far.close()
        await sending
        channel.finish()

    asyncio.run(within())
