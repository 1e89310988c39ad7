"""The one thread on which this process runs torch.

Engine and learner share it: OpenMP keeps a pool of workers for every Python thread that enters it, so two threads would
oversubscribe the cores. The event loop stays free for the graders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_EXECUTOR = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rlvr-compute")


async def on_compute_thread(call: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Run a blocking call on the compute thread and await its result.

    Example:
        logits = await on_compute_thread(model, tokens)
    """
    return await asyncio.get_running_loop().run_in_executor(_EXECUTOR, lambda: call(*args, **kwargs))
