"""Sandboxes of the code reward: their options, and one instance per event loop, opened on first use.

Example:
    place = await held(Place(slots=4))        # opened once per loop and options
    result = await place.sandbox.run(job)
    await close_held()                        # all sandboxes of this loop
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias
from weakref import WeakKeyDictionary

from rewards.code.languages import REMOTE, Toolchains
from rewards.errors import GradingUnavailable, InvalidReward
from rewards.pool import default_workers
from sandbox.backends import DEFAULT_IMAGE, open_sandbox
from sandbox.errors import InvalidSandbox, SandboxError, SandboxUnavailable
from sandbox.protocol import Sandbox
from sandbox.tasks import given_by

Backend: TypeAlias = Literal["auto", "namespaces", "docker", "remote", "ray", "weak"]

GUESTS: Mapping[str, Path] = MappingProxyType({"rlvr_guest": Path(__file__).resolve().parent / "guest"})
"""Modules exposed to runs: the two ends of the proxy between tests and program."""

_OF_THIS_MACHINE = ("namespaces", "weak")
_ELSEWHERE_SLOTS = 16
_PROBE_SECONDS = 50.0  # below the start deadline of a worker, so that this message is the one reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The options of a sandbox (`sandbox.backends`).

    slots: concurrent programs per worker; 0 = the worker's share of the cores, or 16 for remote sandboxes.
    """

    backend: Backend = "auto"
    slots: int = 0
    urls: tuple[str, ...] = ()
    allow_weak: bool = False
    image: str = DEFAULT_IMAGE
    runtime: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        if self.slots < 0:
            raise InvalidReward(f"reward 'code': slots is {self.slots}; give at least 1, or 0 for a share of the cores")
        if self.backend == "remote" and not self.urls:
            raise InvalidReward(
                "reward 'code': backend 'remote' needs urls, such as ['http://host:8190'], of `rlvr sandbox serve`"
            )

    @property
    def programs(self) -> int:
        """The number of concurrent programs."""
        if self.slots:
            return self.slots
        elsewhere = self.backend in ("remote", "ray") or (self.backend == "auto" and self.urls)
        return _ELSEWHERE_SLOTS if elsewhere else _share_of_cores()


def _share_of_cores() -> int:
    """A worker's share of the cores for the default number of workers."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, -(-cores // default_workers()))


@dataclass(frozen=True, slots=True)
class Opened:
    """A tested sandbox, and its toolchains."""

    sandbox: Sandbox
    toolchains: Toolchains


async def opened(place: Place) -> Opened:
    """Open a sandbox; the caller closes it. Raises SandboxUnavailable, which says what to install or set."""
    toolchains = Toolchains()
    sandbox = await open_sandbox(
        place.backend,
        slots=place.programs,
        guests=GUESTS,
        expose=toolchains.roots(),
        allow_weak=place.allow_weak,
        urls=place.urls,
        image=place.image,
        runtime=place.runtime,
        address=place.address,
    )
    here = getattr(sandbox, "name", "") in _OF_THIS_MACHINE
    return Opened(sandbox, toolchains if here else REMOTE)


_Opening: TypeAlias = "asyncio.Task[Opened]"
_HELD: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Place, _Opening]] = WeakKeyDictionary()


async def held(place: Place) -> Opened:
    """The running loop's sandbox for these options, opened if necessary. Raises SandboxUnavailable.

    Concurrent callers wait for the same sandbox, which is opened even if some of them are cancelled.
    """
    ours = _HELD.setdefault(asyncio.get_running_loop(), {})
    opening = ours.get(place)
    if opening is None or (opening.done() and given_by(opening) is None):
        opening = ours[place] = asyncio.create_task(opened(place))
    return await asyncio.shield(opening)


def is_held(place: Place, one: Opened) -> bool:
    """Whether `held` would return this sandbox; else somebody has given it up."""
    return given_by(_HELD.get(asyncio.get_running_loop(), {}).get(place)) is one


async def give_up(place: Place, broken: Opened) -> None:
    """Close a sandbox that failed repeatedly; the next `held` opens a new one."""
    if is_held(place, broken):
        del _HELD[asyncio.get_running_loop()][place]
        with contextlib.suppress(SandboxError):
            await broken.sandbox.close()


async def close_held() -> None:
    """Close all sandboxes of the running loop, including those being opened."""
    for opening in _HELD.pop(asyncio.get_running_loop(), {}).values():
        opening.cancel()
        await asyncio.wait([opening])
        if (one := given_by(opening)) is not None:
            await one.sandbox.close()


def probe(place: Place) -> None:
    """Test that a sandbox can be opened, and close it. No event loop may be running.

    Raises:
        GradingUnavailable: programs cannot be run on this machine; the message says what to do.
    """

    async def run() -> None:
        async with asyncio.timeout(_PROBE_SECONDS):
            await (await opened(place)).sandbox.close()

    try:
        asyncio.run(run())
    except (SandboxUnavailable, InvalidSandbox, TimeoutError) as error:
        reason = str(error) or f"no sandbox answered within {_PROBE_SECONDS:g} s"
        raise GradingUnavailable(f"code cannot be graded here: {reason}") from error
