"""What happens to a sandbox that nobody closes: it ends with its event loop, or when it is dropped.

An event loop ends its asynchronous generators when it ends itself (`asyncio.run` does, and `shutdown_asyncgens`), and
one that nobody holds any more when it is collected. So a generator whose last words close the sandbox does what a
finalizer cannot, which may not wait. A loop that is closed by hand tells nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable


def close_with_loop(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    """Have the running event loop await `close` when it ends, or when the result of this is collected.

    `close` must be idempotent; where it is a method of the holder, only the cyclic collector finds them.
    """
    ending = _until_closed(close)
    with contextlib.suppress(StopIteration):  # runs it up to its `yield`: from then on the loop tracks it
        ending.asend(None).send(None)
    return ending


async def _until_closed(close: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await close()
