"""Jobs and results as bytes, and the frames that carry them: whole, or refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import resource
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import InvalidJob, SandboxUnavailable
from sandbox.frames import HEADER, PIECE, Incoming, Kind, Outgoing
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox, Session
from sandbox.stream_client import StreamClient, StreamLost, StreamSession
from sandbox.stream_server import VERSION, WINDOW, StreamServer
from sandbox.transports import Pipes, UnixStream
from sandbox.types import Ended, Job, JobResult, Limits
from sandbox.wire import BadWire, decode_job, decode_result, encode_job, encode_result, join, split
from sandbox.zygote import wire as zygote_wire
from tests.waiting import happens

TEXT = st.text(max_size=20).filter(lambda text: "\0" not in text)
PATHS = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?", fullmatch=True)


def contradict(files: dict[str, bytes]) -> bool:
    """Whether one is a folder of another."""
    return any(other.startswith(f"{path}/") for path in files for other in files)


JOBS = st.builds(
    Job,
    argv=st.lists(TEXT.filter(bool), min_size=1, max_size=4).map(tuple),
    files=st.dictionaries(PATHS, st.binary(max_size=100), max_size=4).filter(lambda files: not contradict(files)),
    stdin=st.binary(max_size=100),
    env=st.dictionaries(TEXT.filter(lambda t: t and "=" not in t), TEXT, max_size=3),
    limits=st.builds(Limits, wall_seconds=st.floats(0.1, 100), processes=st.integers(1, 1000)),
    outputs=st.lists(PATHS, max_size=3).map(tuple),
    preload=st.lists(st.just("json"), max_size=1).map(tuple),
    ipc=st.booleans(),
)
RESULTS = st.builds(
    JobResult,
    ended=st.sampled_from(Ended),
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    stdout=st.binary(max_size=200),
    stderr=st.binary(max_size=200),
    truncated=st.booleans(),
    seconds=st.floats(0, 1000),
    waited=st.floats(0, 1000),
    waits=st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), max_size=4).map(tuple),
    cpu_seconds=st.floats(0, 1000),
    unwatched_seconds=st.floats(0, 1000),
    peak_memory=st.integers(0, 1 << 40),
    files=st.dictionaries(PATHS, st.binary(max_size=100), max_size=3),
    isolation=TEXT,
)


@given(JOBS)
def test_a_job_comes_back_as_it_was(job: Job) -> None:
    assert decode_job(encode_job(job)) == job


@given(RESULTS)
def test_a_result_comes_back_as_it_was(result: JobResult) -> None:
    assert decode_result(encode_result(result)) == result


@given(JOBS, st.data())
def test_a_damaged_job_is_refused_or_is_another_job(job: Job, data: st.DataObject) -> None:
    whole = bytearray(encode_job(job))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(BadWire, InvalidJob):
        assert isinstance(decode_job(bytes(whole)), Job)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    for decode in (decode_job, decode_result):
        with pytest.raises(BadWire):
            decode(data)


@pytest.mark.parametrize(
    "change",
    [
        {"argv": "ls"},
        {"argv": [1]},
        {"argv": []},
        {"limits": {"walls": 1}},
        {"limits": {"wall_seconds": "1"}},
        {"limits": {"wall_seconds": float("nan")}},
        {"files": [["../x", 0]]},
        {"files": [["x", -1]]},
        {"files": {"x": 1}},
        {"env": {"a=b": "c"}},
        {"outputs": ["/etc/passwd"]},
        {"stdin": True},
    ],
)
def test_a_job_with_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    plain = encode_job(Job(argv=("ls",)))
    head = json.dumps({**json.loads(plain[4:]), **change}).encode()
    with pytest.raises((BadWire, InvalidJob)):
        decode_job(len(head).to_bytes(4, "big") + head)


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_joined_messages_are_split_as_they_were(parts: list[bytes]) -> None:
    assert split(join(parts)) == parts
    if parts:
        with pytest.raises(BadWire):
            split(join(parts)[:-1] + b"\xff\xff" if not parts[-1] else join(parts)[:-1])


# --- frames -----------------------------------------------------------------------------------------------------------


def pair() -> tuple[Pipes, Pipes]:
    left, right = socket.socketpair()
    ends = [Pipes(s.fileno(), os.dup(s.fileno())) for s in (left, right)]
    left.detach()
    right.detach()
    return ends[0], ends[1]


def test_long_messages_come_in_pieces_that_mix() -> None:
    async def within() -> list[tuple[Kind, int, int]]:
        ours, theirs = pair()
        outgoing, incoming = Outgoing(ours), Incoming(50 << 20)
        saying = [
            asyncio.create_task(outgoing.send(Kind.DATA, 1, b"a" * (10 * PIECE + 5))),
            asyncio.create_task(outgoing.send(Kind.DATA, 2, b"b" * 3)),
        ]
        came: list[tuple[Kind, int, int]] = []
        while len(came) < 2:
            for kind, number, payload in incoming.feed(await theirs.receive()):
                came.append((kind, number, len(payload)))
        await asyncio.gather(*saying)
        await ours.close()
        assert await theirs.receive() == b""
        await theirs.close()
        return came

    assert asyncio.run(within()) == [(Kind.DATA, 2, 3), (Kind.DATA, 1, 10 * PIECE + 5)]


def test_messages_of_one_conversation_do_not_mix() -> None:
    said = [(Kind.RESULT, b"a" * (3 * PIECE + 5)), (Kind.PEER_RESULT, b"b" * (2 * PIECE)), (Kind.DATA, b"c")]

    async def within() -> list[tuple[Kind, bytes]]:
        ours, theirs = pair()
        outgoing, incoming = Outgoing(ours), Incoming(50 << 20)
        saying = [asyncio.create_task(outgoing.send(kind, 1, message)) for kind, message in said]
        came: list[tuple[Kind, bytes]] = []
        while len(came) < len(said):
            came += [(kind, payload) for kind, _, payload in incoming.feed(await theirs.receive())]
        await asyncio.gather(*saying)
        await ours.close()
        await theirs.close()
        return came

    assert asyncio.run(within()) == said


@pytest.mark.parametrize("size", [1 << 17, 3 * PIECE])
def test_a_message_whose_sender_is_cancelled_comes_whole_and_so_do_the_next(size: int) -> None:
    async def within() -> list[tuple[Kind, int, bytes]]:
        ours, theirs = pair()
        outgoing, incoming = Outgoing(ours), Incoming(50 << 20)
        stuck = [asyncio.create_task(outgoing.send(Kind.DATA, n, bytes([n]) * size)) for n in range(20)]
        await asyncio.sleep(0.05)
        assert not stuck[-1].done()  # nobody reads
        for task in stuck:
            task.cancel()
        last = asyncio.create_task(outgoing.send(Kind.CLOSE, 3))
        came: list[tuple[Kind, int, bytes]] = []
        while (Kind.CLOSE, 3, b"") not in came or len(came) <= len(stuck):
            came += incoming.feed(await asyncio.wait_for(theirs.receive(), 20.0))
        await last
        await ours.close()
        await theirs.close()
        return came

    came = asyncio.run(within())
    assert sorted(came) == sorted([(Kind.DATA, n, bytes([n]) * size) for n in range(20)] + [(Kind.CLOSE, 3, b"")])
    assert came.index((Kind.DATA, 3, bytes([3]) * size)) < came.index((Kind.CLOSE, 3, b""))


def test_frames_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(BadWire, match="at most"):
        list(Incoming(1 << 30).feed(HEADER.pack(Kind.DATA, 1, PIECE + 1)))
    with pytest.raises(BadWire, match="more than 100 bytes"):
        list(Incoming(100).feed(b"".join(HEADER.pack(Kind.MORE, n, 60) + bytes(60) for n in (1, 2))))
    with pytest.raises(BadWire, match="unknown kind"):
        list(Incoming(100).feed(HEADER.pack(99, 1, 0)))


def talk(work: Any, sandbox: Sandbox | None = None, silence: float = 60.0) -> Any:
    """A client and a server over a socket pair, on namespaces where no sandbox is given."""

    async def within() -> Any:
        nonlocal sandbox
        ours, theirs = pair()
        sandbox = sandbox or NamespaceSandbox(slots=2)
        serving = asyncio.create_task(StreamServer(sandbox, theirs, name="here").serve())
        client = StreamClient(ours, silence=silence)
        try:
            await client.start(10.0)
            return await work(client, ours)
        finally:
            await client.close()
            await asyncio.gather(serving, return_exceptions=True)
            await theirs.close()
            await sandbox.close()

    return asyncio.run(within())


@pytest.mark.usefixtures("isolation")
def test_a_run_goes_over_a_stream_and_says_where_it_was() -> None:
    async def work(client: StreamClient, _transport: Pipes) -> JobResult:
        return await client.run(Job(argv=("python", "-c", "print(1)")))

    result = talk(work)
    assert result.stdout == b"1\n"
    assert result.isolation.startswith("here: namespaces")


@pytest.mark.usefixtures("isolation")
def test_a_job_that_cannot_be_is_refused_by_name_and_others_go_on() -> None:
    async def work(client: StreamClient, _transport: Pipes) -> None:
        bad = Job(argv=("ls",))
        object.__setattr__(bad, "outputs", ("../x",))
        with pytest.raises(InvalidJob, match=r"\.\./x"):
            await client.run(bad)
        assert (await client.run(Job(argv=("true",)))).succeeded

    talk(work)


@pytest.mark.usefixtures("isolation")
def test_what_is_cancelled_at_any_moment_costs_the_stream_nothing() -> None:
    writes = Job(argv=("python", "-c", "import os\nwhile True: os.write(3, bytes(1 << 16))"))
    reads = Job(argv=("python", "-c", f"print(len(input()))\nprint('x' * {3 * PIECE})"), stdin=b"y" * (5 * PIECE))
    chance = random.Random(1)

    async def work(client: StreamClient, _transport: Pipes) -> None:
        async def read(session: StreamSession) -> None:
            while await session.receive():
                pass

        async def cancelled(task: asyncio.Task[Any]) -> None:
            await asyncio.sleep(chance.choice([0, 0.001, 0.01, 0.05]))
            task.cancel()
            await asyncio.wait([task])

        for _ in range(10):
            await cancelled(asyncio.create_task(client.run(reads)))
            session = await client.open(writes)
            reading, sending = (asyncio.create_task(w) for w in (read(session), session.send(bytes(WINDOW))))
            await cancelled(sending)
            await session.close()
            await cancelled(reading)
        assert (await asyncio.wait_for(client.run(reads), 60.0)).stdout == b"%d\n%s\n" % (5 * PIECE, b"x" * 3 * PIECE)

    talk(work)


def test_a_channel_that_comes_in_the_step_in_which_its_session_is_given_up_breaks_nothing() -> None:
    async def within() -> None:
        ours, theirs = (UnixStream(end) for end in socket.socketpair())
        client = StreamClient(ours)
        opening = asyncio.create_task(client.open(Job(argv=("true",))))
        await happens(lambda: bool(client._talks), "the request")
        (number,) = client._talks
        given, kept = socket.socketpair()
        ours._come.append(given)
        opening.cancel()
        client._take(Kind.CHANNEL, number, b"")
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert kept.recv(1) == b""  # the channel is closed
        assert (client.lost, client._talks) == ("", {})
        kept.close()
        await client.close()
        await theirs.close()

    asyncio.run(within())


class Deaf:
    """A transport whose other end reads nothing."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    async def send(self, data: bytes) -> None:
        await self._closed.wait()
        raise ConnectionResetError(f"closed before {len(data)} bytes were written")

    async def receive(self) -> bytes:
        await self._closed.wait()
        return b""

    async def close(self) -> None:
        self._closed.set()


def test_a_client_can_be_closed_while_nobody_reads_what_it_says() -> None:
    async def within() -> None:
        client = StreamClient(Deaf())
        with pytest.raises(StreamLost, match="greeting"):
            await client.start(0.01)
        running = asyncio.create_task(client.run(Job(argv=("true",))))
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        await asyncio.wait_for(client.close(), 20.0)

    asyncio.run(within())


@pytest.mark.usefixtures("isolation")
def test_a_server_that_says_nothing_is_asked_and_given_up_where_it_does_not_answer() -> None:
    sleeps = Job(argv=("sleep", "1"))

    async def alive(client: StreamClient, _transport: Pipes) -> bool:
        return (await client.run(sleeps)).succeeded

    assert talk(alive, silence=0.5)

    async def silent() -> None:
        ours, theirs = pair()
        await Outgoing(theirs).send(Kind.HELLO, 0, json.dumps({"version": VERSION}).encode())
        client = StreamClient(ours, silence=0.5)
        await client.start(10.0)
        with pytest.raises(StreamLost, match=r"nothing has come for 0\.5 s"):
            await asyncio.wait_for(client.run(sleeps), 60.0)
        await client.close()
        await theirs.close()

    asyncio.run(silent())


class Broken:
    """A sandbox with a fault of its own."""

    async def run(self, job: Job) -> JobResult:
        raise OSError(24, f"too many open files for {job.argv[0]}")

    async def open(self, job: Job, peer: Job | None = None) -> Session:
        raise KeyError(job.argv[0] if peer is None else peer)

    async def close(self) -> None:
        pass


def test_a_fault_of_the_serving_sandbox_is_heard() -> None:
    async def work(client: StreamClient, _transport: Pipes) -> None:
        with pytest.raises(SandboxUnavailable, match="too many open files"):
            await client.run(Job(argv=("true",)))
        with pytest.raises(SandboxUnavailable, match="KeyError"):
            await client.open(Job(argv=("true",)))

    talk(work, Broken())


@pytest.mark.usefixtures("isolation")
def test_what_was_running_when_the_stream_ends_is_lost() -> None:
    async def work(client: StreamClient, transport: Pipes) -> None:
        running = asyncio.create_task(client.run(Job(argv=("sleep", "100"))))
        session = await client.open(Job(argv=("sleep", "100")))
        await transport.close()
        with pytest.raises(StreamLost):
            await running
        with pytest.raises(SandboxUnavailable):
            await session.result()
        assert await session.receive() == b""
        await session.close()
        with pytest.raises(StreamLost):
            await client.run(Job(argv=("true",)))

    talk(work)


def test_an_order_whose_descriptors_have_no_room_is_none() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with here, there:
        zygote_wire.ask(here, 3, b"run", [here.fileno(), there.fileno()])
        free = os.dup(here.fileno())
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            asked = zygote_wire.asked(there)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert asked is None
        zygote_wire.ask(here, 4, b"kill", [])
        assert zygote_wire.asked(there) == (4, b"kill", [])
