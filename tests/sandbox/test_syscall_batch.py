"""Tables of system calls for the set-up of a run: they are executed in order, up to the first that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the calls are Linux's", allow_module_level=True)

from sandbox.zygote import kernel
from sandbox.zygote.syscall_batch import Calls, one_by_one


@pytest.fixture(params=["program", "python"], autouse=True)
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test twice: by the program, and as on a machine that does not let it be executed."""
    if request.param == "python":
        monkeypatch.setattr("sandbox.zygote.syscall_batch._program", lambda: one_by_one)


def test_calls_are_made_in_order_and_as_often_as_they_are_run() -> None:
    read, write = os.pipe()
    calls = Calls()
    calls.add("write", write, b"one ", 4)
    calls.add("write", write, b"two ", 4)
    calls.lay_out()
    calls.run()
    calls.run()
    os.close(write)
    assert os.read(read, 100) == b"one two one two "
    os.close(read)


def test_the_first_call_that_fails_is_named_and_none_is_made_behind_it(tmp_path: Path) -> None:
    there, later = bytes(tmp_path / "there"), bytes(tmp_path / "later")
    calls = Calls()
    for path in (there, there, later):
        calls.add("mkdirat", kernel.AT_FDCWD, path, 0o700)
    with pytest.raises(FileExistsError, match=r"mkdirat .*there: File exists"):
        calls.lay_out().run()
    assert os.listdir(tmp_path) == ["there"]
    assert calls.stopped_at == 1


def test_an_empty_table_does_nothing() -> None:
    Calls().lay_out().run()
