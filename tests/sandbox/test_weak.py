"""The weak sandbox in trouble: no descriptors, and descriptors of any number."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.session import RunSession
from sandbox.types import Job
from sandbox.weak import WeakSandbox
from tests.sandbox.processes import few_descriptors
from tests.waiting import happens

HELLO = Job(argv=("python", "-c", "print('hello')"))


def test_too_few_descriptors_for_a_weak_run_are_said_and_leave_neither_folder_nor_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def within() -> list[str]:
        box, said = WeakSandbox(slots=1), list[str]()
        await box.run(HELLO)
        before = len(os.listdir("/proc/self/fd"))
        for begin in (lambda: box.run(HELLO), lambda: box.open(HELLO, HELLO)):
            for more in range(2, 40):  # two pass the look at what is open
                with few_descriptors(more):
                    try:
                        begun = await begin()
                    except SandboxUnavailable as error:
                        said.append(str(error))
                        begun = None
                if begun is not None:
                    if isinstance(begun, RunSession):
                        await begun.close()
                    break
                await happens(lambda: not os.listdir(tmp_path), "its folder to go")
                assert len(os.listdir("/proc/self/fd")) == before
        assert (await box.run(HELLO)).stdout == b"hello\n"
        return said

    said = asyncio.run(within())
    assert len(said) > 10
    assert all("Too many open files" in text for text in said), said


def test_a_weak_run_gets_its_streams_whatever_numbers_they_have_here() -> None:
    async def within() -> list[bytes]:
        box, held, found = WeakSandbox(slots=1), [os.open(os.devnull, os.O_RDONLY)], list[bytes]()
        try:
            while held[-1] < 110:
                held.append(os.dup(held[-1]))
                if held[-1] > 88:
                    found.append((await box.run(HELLO)).stdout)
            return found
        finally:
            for descriptor in held:
                os.close(descriptor)

    assert set(asyncio.run(within())) == {b"hello\n"}


def test_a_peer_that_has_ended_when_it_is_told_to_has_its_own_exit_code() -> None:
    """It ends while its keeper is stopped, and with it the program, which is why it is told."""
    first = "import socket\nprint(socket.socket(fileno=4).recv(10))"
    second = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nraise SystemExit(7)"

    async def within() -> tuple[bytes, int | None]:
        box = WeakSandbox(slots=1)
        session = await box.open(*(Job(argv=("python", "-c", code)) for code in (first, second)))
        said = (await session.result()).stdout
        await asyncio.sleep(0)  # so that the session has told it
        os.kill(session._runs[1]._keeper.pid, signal.SIGCONT)  # type: ignore[attr-defined]
        code = (await session.peer_result()).exit_code
        await session.close()
        await box.close()
        return said, code

    assert asyncio.run(within()) == (b"b''\n", 7)
