"""The Ray backend: a thin actor with a namespace sandbox on each node of a cluster. Needs ray.

        sandbox = RaySandbox()                     # the cluster of this process, or a new one on this machine

Ray starts and places the actors and carries the bytes of jobs and results (`wire.py`); it schedules no programs. An
actor that dies or hangs (`watchdog.py`) is replaced if its node is alive, and its runs are repeated once elsewhere. The
nodes need this package and the guests at the same paths.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sandbox.active_runs import when_all_are_done
from sandbox.errors import SandboxUnavailable
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Session
from sandbox.tasks import Background, mark_seen
from sandbox.types import Job, JobResult
from sandbox.wait_queue import WaitQueue
from sandbox.watchdog import SILENCE_SECONDS, Watchdog
from sandbox.wire import decode_job, decode_result, encode_job, encode_result

_TRIES = 2
_START_SECONDS = 120.0
_END_SECONDS = 20.0
_AT_ONCE = 4096  # concurrent calls of an actor: each run and each wait on a session is one
_PIECE = 1 << 16
_AHEAD = 2
T = TypeVar("T")


class NodeLost(Exception):
    """An actor, or its node, is gone."""


class NodeSlots:
    """The actor: a namespace sandbox of its node. Takes and returns bytes; failures are values, not exceptions."""

    def __init__(self, slots: int | None, guests: Mapping[str, str], expose: Sequence[str]) -> None:
        if missing := [path for path in guests.values() if not Path(path).is_dir()]:
            raise SandboxUnavailable(f"a node has no folder {missing[0]}: install the same package there")
        self._options = (slots, guests, expose)
        self._beating: asyncio.Task[None] | None = None
        self._sandbox: NamespaceSandbox | None = None
        self._sessions: dict[int, Session] = {}
        self._next = 0

    async def ready(self, silence: float) -> int:
        """Create the sandbox in the actor's loop; returns its slots. silence: seconds after which a hung actor is
        killed.
        """
        self._beating = asyncio.create_task(_beats(Watchdog(silence)))
        return self._held().slots

    async def run(self, job: bytes) -> bytes:
        return await _told(self._run(job))

    async def open(self, jobs: Sequence[bytes]) -> bytes:
        """The session's number."""

        async def opened() -> bytes:
            session = await self._held().open(*map(decode_job, jobs))
            self._next += 1
            self._sessions[self._next] = session
            return b"%d" % self._next

        return await _told(opened())

    async def send(self, number: int, data: bytes) -> None:
        await self._sessions[number].send(data)

    async def receive(self, number: int, most: int) -> bytes:
        return await self._sessions[number].receive(most)

    async def result(self, number: int, of_peer: bool) -> bytes:
        session = self._sessions[number]

        async def ended() -> bytes:
            return encode_result(_labelled(await (session.peer_result() if of_peer else session.result())))

        return await _told(ended())

    async def close_session(self, number: int, forget: bool) -> None:
        await self._sessions[number].close()
        if forget:
            del self._sessions[number]

    async def close(self) -> None:
        if self._sandbox is not None:
            await self._sandbox.close()

    async def _run(self, job: bytes) -> bytes:
        return encode_result(_labelled(await self._held().run(decode_job(job))))

    def _held(self) -> NamespaceSandbox:
        if self._sandbox is None:
            slots, guests, expose = self._options
            self._sandbox = NamespaceSandbox(
                slots=slots,
                guests={name: Path(path) for name, path in guests.items()},
                expose=[Path(path) for path in expose],
            )
        return self._sandbox


async def _beats(watchdog: Watchdog) -> None:
    """Beat from the event loop, so that beats stop if it hangs."""
    while True:
        watchdog.beat()
        await asyncio.sleep(watchdog.every)


def _labelled(result: JobResult) -> JobResult:
    return replace(result, isolation=f"ray: {result.isolation}")


async def _told(work: Awaitable[bytes]) -> bytes:
    """The result or the error, encoded."""
    try:
        return b"+" + await work
    except SandboxUnavailable as error:
        return b"-" + str(error).encode()


def _heard(told: bytes) -> bytes:
    if told[:1] == b"-":
        raise SandboxUnavailable(told[1:].decode(errors="replace"))
    return told[1:]


class RaySandbox:
    """Runs programs on a Ray cluster's nodes, `slots` at a time on each (None = one per core).

    address: of the cluster; see `SandboxOptions`. The actors ask Ray for no cores.
    """

    name = "ray"

    def __init__(
        self,
        *,
        slots: int | None = None,
        guests: Mapping[str, Path] | None = None,
        expose: Sequence[Path] = (),
        address: str = "",
    ) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise SandboxUnavailable("the ray sandbox needs ray: pip install 'rlvr[cluster]'") from error
        self._ray: Any = ray
        self._slots = slots
        self._guests = {name: str(Path(folder).resolve()) for name, folder in (guests or {}).items()}
        self._expose = [str(path) for path in expose]
        self._address = address
        self._nodes: list[_Node] = []
        self._starting: asyncio.Task[None] | None = None
        self._queue = WaitQueue()
        self._ours = False
        self._closed = False

    async def run(self, job: Job) -> JobResult:
        """Run a program to its end; see `sandbox.protocol.Sandbox`."""

        async def on(node: _Node) -> JobResult:
            try:
                return decode_result(_heard(await node.call("run", encode_job(job))))
            finally:
                self._left(node)

        return await self._somewhere(on)

    async def open(self, job: Job, peer: Job | None = None) -> RaySession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""
        jobs = [encode_job(j) for j in (job, peer) if j is not None]

        async def on(node: _Node) -> RaySession:
            opening = asyncio.create_task(node.call("open", jobs))
            try:
                number = int(_heard(await asyncio.shield(opening)))
            except BaseException as error:  # cancellation too: give the room back
                if isinstance(error, asyncio.CancelledError):
                    node.background.start(_close_when_open(node, opening))
                self._left(node)
                raise
            return RaySession(node, number, has_peer=peer is not None, over=lambda: self._left(node))

        return await self._somewhere(on)

    async def close(self) -> None:
        """End the actors, and Ray if this object started it."""
        self._closed = True
        self._queue.wake_all()
        if self._starting is not None:
            with contextlib.suppress(SandboxUnavailable):
                await self._starting
        for node in self._nodes:
            await node.close()
        self._nodes.clear()
        if self._ours:
            self._ours = False
            await asyncio.to_thread(self._ray.shutdown)

    async def _somewhere(self, do: Callable[[_Node], Awaitable[T]]) -> T:
        lost: list[str] = []
        while True:
            node = await self._free_node()
            try:
                return await do(node)
            except NodeLost as error:
                lost.append(str(error))
                if node in self._nodes:
                    self._nodes.remove(node)
                    self._grow()  # in the background, while the other nodes go on
                if len(lost) == _TRIES:
                    raise SandboxUnavailable(f"the sandbox died under a run, twice: {'; '.join(lost)}") from error

    async def _free_node(self) -> _Node:
        while True:
            if self._closed:
                raise SandboxUnavailable("this sandbox is closed")
            if not self._nodes:
                await asyncio.shield(self._grow())
            ready = [node for node in self._nodes if node.held < _AHEAD * node.slots]
            if ready:
                node = min(ready, key=lambda n: n.held / n.slots)
                node.held += 1
                self._queue.wake()  # there may be room for the next as well
                return node
            if self._nodes:
                await self._queue.wait()

    def _left(self, node: _Node) -> None:
        node.held -= 1
        self._queue.wake()

    def _grow(self) -> asyncio.Task[None]:
        """Start looking for nodes without an actor, unless already in progress."""
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(mark_seen)
        return self._starting

    async def _start(self) -> None:
        """Start an actor on each node without one."""
        ray = self._ray
        try:
            if not ray.is_initialized():
                await asyncio.to_thread(self._init)
            known = {node.home for node in self._nodes}
            alive = [row["NodeID"] for row in await asyncio.to_thread(ray.nodes) if row["Alive"]]
            nodes = await asyncio.gather(*(self._node(home) for home in alive if home not in known))
        except (ray.exceptions.RayError, NodeLost, ConnectionError, RuntimeError, TimeoutError) as error:
            raise SandboxUnavailable(f"ray gives no nodes to run programs on: {error!r}") from error
        self._nodes += nodes
        self._queue.wake_all()
        if not self._nodes:
            raise SandboxUnavailable("the ray cluster has no node that is alive")

    def _init(self) -> None:
        try:
            self._ray.init(
                address=self._address or None,
                include_dashboard=None if self._address else False,
                log_to_driver=False,
                configure_logging=False,
            )
        except Exception as error:  # ray raises a bare Exception if a node does not start in time
            raise ConnectionError(str(error)) from error
        self._ours = True

    async def _node(self, home: str) -> _Node:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        made = self._ray.remote(NodeSlots).options(
            num_cpus=0,
            max_concurrency=_AT_ONCE,
            scheduling_strategy=NodeAffinitySchedulingStrategy(home, soft=False),
        )
        actor = await asyncio.to_thread(made.remote, self._slots, self._guests, self._expose)
        node = _Node(self._ray, actor, home)
        async with asyncio.timeout(_START_SECONDS):
            node.slots = await node.call("ready", SILENCE_SECONDS)
        return node


async def _close_when_open(node: _Node, opening: asyncio.Task[bytes]) -> None:
    with contextlib.suppress(NodeLost, SandboxUnavailable):
        await node.call("close_session", int(_heard(await opening)), True)


class _Node:
    """An actor, as the driver sees it."""

    def __init__(self, ray: Any, actor: Any, home: str) -> None:
        self.home = home
        self._ray = ray
        self._actor = actor
        self.background = Background()  # what is to finish before this is closed
        self.slots = 1
        self.held = 0

    async def call(self, method: str, *arguments: object) -> Any:
        """Call the actor. Cancelling cancels the remote call. Raises NodeLost."""
        try:
            reference = getattr(self._actor, method).remote(*arguments)
        except Exception as error:  # ray raises a bare Exception if it was shut down since the actor was made
            raise NodeLost(f"an actor is gone: {error}") from error
        try:
            return await reference
        except asyncio.CancelledError:
            self._ray.cancel(reference)
            raise
        except self._ray.exceptions.RayTaskError as error:
            raise SandboxUnavailable(f"the actor of a node failed: {error}") from error
        except self._ray.exceptions.RayError as error:
            raise NodeLost(f"an actor is gone: {error!r}") from error

    async def close(self) -> None:
        """End it, its sandbox first."""
        await self.background.wait(_END_SECONDS)
        with contextlib.suppress(NodeLost, SandboxUnavailable, TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self.call("close")
        await asyncio.to_thread(self._ray.kill, self._actor)


class RaySession:
    """See `sandbox.protocol.Session`."""

    def __init__(self, node: _Node, number: int, *, has_peer: bool, over: Callable[[], None]) -> None:
        self._node = node
        self._number = number
        self._results = [
            asyncio.create_task(self._wait(of_peer)) for of_peer in ((False, True) if has_peer else (False,))
        ]
        self._receiving: asyncio.Task[bytes] | None = None
        self._rest = b""
        self._closing: asyncio.Task[None] | None = None
        for task in self._results:
            task.add_done_callback(mark_seen)
        when_all_are_done(self._results, over)

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(NodeLost):
            for at in range(0, len(data), _PIECE):
                if self._closing or self._results[0].done():
                    return
                await self._node.call("send", self._number, data[at : at + _PIECE])

    async def receive(self, most: int = _PIECE) -> bytes:
        if not self._rest:
            if self._receiving is None:
                if self._closing:
                    return b""
                self._receiving = asyncio.create_task(self._node.call("receive", self._number, _PIECE))
            try:
                # Shielded: if this caller is cancelled, the next one gets the data
                self._rest = await asyncio.shield(self._receiving)
            except NodeLost:
                return b""
            self._receiving = None
        data, self._rest = self._rest[:most], self._rest[most:]
        return data

    async def result(self) -> JobResult:
        return await asyncio.shield(self._results[0])

    async def peer_result(self) -> JobResult:
        if len(self._results) < 2:
            raise RuntimeError("this session was opened without a peer")
        return await asyncio.shield(self._results[1])

    async def close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)  # shielded: it is closed even if this caller is cancelled

    async def _close(self) -> None:
        with contextlib.suppress(NodeLost):
            await self._node.call("close_session", self._number, False)
        await asyncio.wait(self._results)
        if self._receiving is not None:
            await asyncio.wait([self._receiving])
        with contextlib.suppress(NodeLost):
            await self._node.call("close_session", self._number, True)

    async def _wait(self, of_peer: bool) -> JobResult:
        try:
            return decode_result(_heard(await self._node.call("result", self._number, of_peer)))
        except NodeLost as error:
            raise SandboxUnavailable(f"the sandbox died under a run: {error}") from error
