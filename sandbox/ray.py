"""The Ray backend: a thin actor with a namespace sandbox on each node of a cluster. Needs ray.

        sandbox = RaySandbox()                     # the cluster of this process, or a new one on this machine

Ray starts and places the actors; their calls carry the bytes of the stream protocol (`stream_server.py`). It schedules
no programs. An actor that dies or hangs (`watchdog.py`) is replaced if its node is alive, and its runs are repeated
once elsewhere. The nodes need this package and the guests at the same paths.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sandbox.errors import SandboxUnavailable
from sandbox.namespaces import NamespaceSandbox
from sandbox.stream_client import StreamClient, StreamLost, StreamSession
from sandbox.stream_server import StreamServer
from sandbox.tasks import mark_seen
from sandbox.types import Job, JobResult
from sandbox.wait_queue import WaitQueue
from sandbox.watchdog import SILENCE_SECONDS, Watchdog

_TRIES = 2
_START_SECONDS = 120.0
_END_SECONDS = 20.0
_MOST_HELD = 4 << 20  # bytes that wait for a call
_AHEAD = 2
T = TypeVar("T")


def connect(ray: Any, **options: object) -> None:
    """`ray.init`, a second time if the node of a new cluster is not up in the 30 s that are fixed in Ray.

    On a busy machine it may take longer. What the first try has started ends with this process.

    Raises:
        Exception: whatever Ray raises.
    """
    try:
        ray.init(**options)
    except Exception as error:  # ray raises a bare Exception
        if "timed out during startup" not in str(error):
            raise
        ray.init(**options)


class NodeSlots:
    """The actor: serves a namespace sandbox of its node to the driver, whose calls carry the bytes."""

    def __init__(self, slots: int | None, guests: Mapping[str, str], expose: Sequence[str]) -> None:
        if missing := [path for path in guests.values() if not Path(path).is_dir()]:
            raise SandboxUnavailable(f"a node has no folder {missing[0]}: install the same package there")
        self._options = (slots, guests, expose)
        self._carried = _Carried()
        self._own: list[asyncio.Task[None]] = []
        self._sandbox: NamespaceSandbox | None = None

    async def ready(self, silence: float) -> None:
        """Create the sandbox in the actor's loop. silence: seconds after which a hung actor is killed."""
        slots, guests, expose = self._options
        self._sandbox = NamespaceSandbox(
            slots=slots,
            guests={name: Path(path) for name, path in guests.items()},
            expose=[Path(path) for path in expose],
        )
        serving = StreamServer(self._sandbox, self._carried, name="ray").serve()
        self._own = [asyncio.create_task(work) for work in (_beats(Watchdog(silence)), serving)]

    async def put(self, data: bytes) -> None:
        """Bytes from the driver."""
        self._carried.put(data)

    async def take(self) -> bytes:
        """Wait for bytes to the driver; b"" = the end."""
        return await self._carried.take()

    async def close(self) -> None:
        """End the runs and the sandbox."""
        await self._carried.close()
        if self._sandbox is not None:
            await self._sandbox.close()


class _Carried:
    """The transport at the actor's end."""

    def __init__(self) -> None:
        self._come: asyncio.Queue[bytes] = asyncio.Queue()
        self._held = bytearray()
        self._filled, self._taken = asyncio.Event(), asyncio.Event()
        self._ended = False

    async def send(self, data: bytes) -> None:
        while len(self._held) > _MOST_HELD:
            self._taken.clear()
            await self._taken.wait()
        self._held += data
        self._filled.set()

    async def receive(self) -> bytes:
        return await self._come.get()

    def put(self, data: bytes) -> None:
        self._come.put_nowait(data)

    async def take(self) -> bytes:
        await self._filled.wait()
        if not self._ended:
            self._filled.clear()
        data = bytes(self._held)
        self._held.clear()
        self._taken.set()
        return data

    async def close(self) -> None:
        self._ended = True
        self._come.put_nowait(b"")
        self._filled.set()


async def _beats(watchdog: Watchdog) -> None:
    """Beat from the event loop, so that beats stop if it hangs."""
    while True:
        watchdog.beat()
        await asyncio.sleep(watchdog.every)


class NodeLost(ConnectionError):
    """An actor, or its node, is gone."""


class _Calls:
    """The transport at the driver's end: calls of an actor. It ends the actor when it is closed."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self._held = bytearray()
        self._sending: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[bytes] | None = None
        self._lost = False

    async def send(self, data: bytes) -> None:
        """Send data with the next call, along with what comes until then. Raises NodeLost."""
        while self._sending is not None and (self._sending.done() or len(self._held) > _MOST_HELD):
            await asyncio.shield(self._sending)
            self._sending = None
        self._held += data
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
            self._sending.add_done_callback(mark_seen)

    async def receive(self) -> bytes:
        """What has come. Raises NodeLost."""
        self._taking = asyncio.create_task(self.call("take"))
        try:
            return await self._taking
        except asyncio.CancelledError:
            if self._lost:
                raise NodeLost("its cluster was shut down") from None
            raise

    async def close(self) -> None:
        if not self._ray.is_initialized():
            self._lost = True  # with its cluster: calls would never be answered, and a further one starts a cluster
            for call in (self._taking, self._sending):
                if call is not None:
                    call.cancel()
            return
        with contextlib.suppress(NodeLost, SandboxUnavailable, TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self.call("close")
        with contextlib.suppress(self._ray.exceptions.RayError):  # of an actor of an earlier cluster
            await asyncio.to_thread(self._ray.kill, self._actor)

    async def call(self, method: str, *arguments: object) -> Any:
        """Call the actor. Raises NodeLost, and SandboxUnavailable for an error of the actor's own."""
        try:
            return await getattr(self._actor, method).remote(*arguments)
        except self._ray.exceptions.RayTaskError as error:
            raise SandboxUnavailable(f"the actor of a node failed: {error}") from error
        except self._ray.exceptions.RayError as error:
            raise NodeLost(f"an actor is gone: {error!r}") from error
        except Exception as error:  # ray raises a bare Exception if it was shut down since the actor was made
            raise NodeLost(f"an actor is gone: {error}") from error

    async def _send(self) -> None:
        while self._held:
            data = bytes(self._held)
            self._held.clear()
            await self.call("put", data)


class _Node:
    """An actor and its client. held: runs in flight."""

    def __init__(self, home: str, calls: _Calls) -> None:
        self.home = home
        self.calls = calls
        # The watchdog is first to notice that an actor hangs: then all that it runs ends with it.
        self.client = StreamClient(calls, silence=2 * SILENCE_SECONDS)
        self.slots = 1
        self.held = 0


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
                return await node.client.run(job)
            finally:
                self._left(node)

        return await self._somewhere(on)

    async def open(self, job: Job, peer: Job | None = None) -> StreamSession:
        """Start a program and return a duplex channel to it; see `sandbox.protocol.Sandbox`."""

        async def on(node: _Node) -> StreamSession:
            try:
                session = await node.client.open(job, peer)
            except BaseException:  # cancelled as well: the room is given back
                self._left(node)
                raise
            session.when_over(lambda: self._left(node))
            return session

        return await self._somewhere(on)

    async def close(self) -> None:
        """End the actors, and Ray if this object started it."""
        self._closed = True
        self._queue.wake_all()
        if self._starting is not None:
            with contextlib.suppress(SandboxUnavailable):
                await self._starting
        for node in self._nodes:
            await node.client.close()
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
            except StreamLost as error:
                lost.append(str(error))
                if node in self._nodes and not self._closed:
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
        except (ray.exceptions.RayError, ConnectionError, StreamLost, RuntimeError, TimeoutError) as error:
            raise SandboxUnavailable(f"ray gives no nodes to run programs on: {error!r}") from error
        self._nodes += nodes
        self._queue.wake_all()
        if not self._nodes:
            raise SandboxUnavailable("the ray cluster has no node that is alive")

    def _init(self) -> None:
        try:
            connect(
                self._ray,
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
            scheduling_strategy=NodeAffinitySchedulingStrategy(home, soft=False),
        )
        actor = await asyncio.to_thread(made.remote, self._slots, self._guests, self._expose)
        node = _Node(home, _Calls(self._ray, actor))
        async with asyncio.timeout(_START_SECONDS):
            await node.calls.call("ready", SILENCE_SECONDS)
        node.slots = await node.client.start(_START_SECONDS)
        return node
