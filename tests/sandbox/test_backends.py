"""Which sandbox is opened, and that isolation is never weaker without a word."""

from __future__ import annotations

import asyncio
import inspect
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sandbox import backends
from sandbox.backends import BACKENDS, SandboxOptions, open_sandbox
from sandbox.errors import InvalidSandbox, SandboxUnavailable
from sandbox.types import Job


def opened(backend: str = "auto", **options: Any) -> tuple[str, bool]:
    """The name of the sandbox that was opened, and whether its results say that it is weak."""

    async def within() -> tuple[str, bool]:
        sandbox = await open_sandbox(backend, **options)
        try:
            result = await sandbox.run(Job(argv=("python", "-c", "print(1)")))
            assert result.stdout == b"1\n"
            return getattr(sandbox, "name", ""), result.weak
        finally:
            await sandbox.close()

    return asyncio.run(within())


@pytest.fixture
def nothing_isolates(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_options: SandboxOptions) -> Any:
        raise SandboxUnavailable("sysctl says no")

    monkeypatch.setattr(backends, "BACKENDS", {**BACKENDS, "namespaces": refuse, "docker": refuse})


@pytest.mark.usefixtures("isolation")
def test_namespaces_come_first() -> None:
    assert opened() == ("namespaces", False)
    assert opened(allow_weak=True) == ("namespaces", False), "it is allowed, and not needed"


@pytest.mark.usefixtures("nothing_isolates")
def test_where_nothing_isolates_the_error_says_why_and_what_to_say() -> None:
    with pytest.raises(
        SandboxUnavailable, match=r"namespaces: sysctl says no.*docker: sysctl says no.*allow_weak=True"
    ):
        opened()
    with pytest.raises(SandboxUnavailable, match="sysctl says no"):
        opened("namespaces")


@pytest.mark.usefixtures("nothing_isolates")
def test_weak_is_used_where_the_user_says_so_and_nothing_else_is_there() -> None:
    assert opened(allow_weak=True) == ("weak", True)
    assert opened("namespaces", allow_weak=True) == ("weak", True)


def test_weak_by_name_needs_the_word_too() -> None:
    with pytest.raises(SandboxUnavailable, match="allow_weak=True"):
        opened("weak")
    assert opened("weak", allow_weak=True) == ("weak", True)


def test_servers_are_never_replaced_by_something_weaker() -> None:
    with pytest.raises(InvalidSandbox, match="needs the address"):
        opened("remote", allow_weak=True)


def test_an_unknown_backend_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidSandbox, match=r"firejail.*auto, namespaces, docker, remote, ray, weak"):
        opened("firejail")


def test_the_parameters_are_those_of_the_options() -> None:
    named = list(inspect.signature(open_sandbox).parameters)[1:]
    assert named == [f.name for f in fields(SandboxOptions) if f.name in named]
    assert set(named) == {f.name for f in fields(SandboxOptions)}


def test_an_interpreter_that_this_user_may_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("")  # and not executable
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with pytest.raises(SandboxUnavailable, match=r"Permission denied.*This user must be allowed that"):
        opened("namespaces")
