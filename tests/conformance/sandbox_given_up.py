"""Calls that are cancelled at any moment, made concurrently, or closed under: none waits forever, nothing is lost.

Part of the suite of `sandbox.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.protocol import Sandbox
from sandbox.types import Ended, Limits
from tests.conformance.sandbox import Check, SandboxCase, output, python

_LONG = Limits(wall_seconds=600.0, cpu_seconds=100.0)


async def _given_up(call: Coroutine[Any, Any, Any], seconds: float) -> Any:
    """What the call gives within so many seconds, and None where it is cancelled then."""
    task = asyncio.create_task(call)
    await asyncio.sleep(seconds)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await task


async def senders_side_by_side_all_end(sandbox: Sandbox, _case: SandboxCase) -> None:
    count, much = 3, 1 << 20
    code = f"import os\nn = 0\nwhile n < {count * much}: n += len(os.read(3, 65536))\nos.write(3, b'all')"
    session = await sandbox.open(python(code, limits=_LONG))
    await asyncio.gather(*(session.send(bytes(much)) for _ in range(count)))
    assert await session.receive() == b"all"
    await session.close()


async def a_receiver_that_gives_up_loses_nothing(sandbox: Sandbox, _case: SandboxCase) -> None:
    rows = 200_000
    session = await sandbox.open(python(f"open(3, 'w').writelines('%d\\n' % n for n in range({rows}))", limits=_LONG))
    came, chance = b"", random.Random(1)
    while (data := await _given_up(session.receive(), chance.choice((0, 0, 0.001)))) != b"":
        came += data or b""
    assert came == b"".join(b"%d\n" % n for n in range(rows))
    await session.close()


async def a_session_ends_though_its_closing_is_given_up(sandbox: Sandbox, _case: SandboxCase) -> None:
    for seconds in (0, 0.001, 0.01):
        session = await sandbox.open(python("import time\ntime.sleep(600)", limits=_LONG))
        await _given_up(session.close(), seconds)
        with contextlib.suppress(asyncio.CancelledError):
            await session.close()
        assert (await session.result()).ended is not Ended.WALL


async def what_is_given_up_at_any_moment_costs_nobody_his_place(sandbox: Sandbox, _case: SandboxCase) -> None:
    chance = random.Random(2)
    run = python("print('x' * len(input()))", stdin=b"y" * 1_000_000, limits=_LONG)
    echo = python("import os\nwhile data := os.read(3, 65536): os.write(3, data)", limits=_LONG)

    async def one() -> None:
        if chance.random() < 0.5:
            await _given_up(sandbox.run(run), 0.1 * chance.random())
        elif session := await _given_up(sandbox.open(echo, chance.choice((echo, None))), 0.1 * chance.random()):
            sending = asyncio.create_task(_given_up(session.send(bytes(1 << 20)), 0.02 * chance.random()))
            await _given_up(session.receive(), 0.02 * chance.random())
            await session.close()
            await sending

    await asyncio.gather(*(one() for _ in range(24)))
    assert await asyncio.gather(*(output(sandbox, f"print({n})") for n in range(4))) == [f"{n}\n" for n in range(4)]


async def a_run_that_its_sandbox_is_closed_under_has_no_result(_sandbox: Sandbox, case: SandboxCase) -> None:
    """It would look as if the program had been killed for what it did."""
    other = case.make()
    session = await other.open(python("import os\nos.write(3, b'!')\nos.read(3, 1)", limits=_LONG))
    assert await session.receive() == b"!"
    run = asyncio.create_task(other.run(python("import time\ntime.sleep(600)", limits=_LONG)))
    await asyncio.sleep(0.2)
    await other.close()
    with pytest.raises(SandboxUnavailable):
        await session.result()
    with pytest.raises(SandboxUnavailable):
        await run
    await session.close()


GIVEN_UP_CHECKS: tuple[Check, ...] = (
    a_run_that_its_sandbox_is_closed_under_has_no_result,
    senders_side_by_side_all_end,
    a_receiver_that_gives_up_loses_nothing,
    a_session_ends_though_its_closing_is_given_up,
    what_is_given_up_at_any_moment_costs_nobody_his_place,
)
