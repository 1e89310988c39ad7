"""A real sandbox for the tests of the judges: opened in the test's own event loop, closed behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from rewards.code.languages import Toolchains
from rewards.code.sandboxes import GUESTS
from sandbox.namespaces import NamespaceSandbox
from sandbox.protocol import Sandbox

T = TypeVar("T")


@asynccontextmanager
async def opened(slots: int = 2) -> AsyncIterator[Sandbox]:
    """A sandbox with the toolchains of this machine."""
    sandbox = NamespaceSandbox(slots=slots, guests=GUESTS, expose=Toolchains().roots())
    try:
        yield sandbox
    finally:
        await sandbox.close()


def inside(work: Callable[[Sandbox], Awaitable[T]], slots: int = 2) -> T:
    """Run a coroutine function with a sandbox."""

    async def run() -> T:
        async with opened(slots) as sandbox:
            return await work(sandbox)

    return asyncio.run(run())
