"""Running one job in a sandbox of its own, for tests that need no more."""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any

from sandbox.namespaces import NamespaceSandbox
from sandbox.types import Job, JobResult, Limits
from tests.waiting import PATIENCE


def run(*jobs: Job, **options: Any) -> list[JobResult]:
    """The results of jobs that run side by side in a fresh sandbox."""

    async def all_of_them() -> list[JobResult]:
        sandbox = NamespaceSandbox(**options)
        try:
            return await asyncio.gather(*(sandbox.run(job) for job in jobs))
        finally:
            await sandbox.close()

    return asyncio.run(all_of_them())


_DEFAULT = Limits(wall_seconds=PATIENCE)


def python(source: str, *, stdin: bytes = b"", limits: Limits = _DEFAULT, **more: Any) -> Job:
    """A job that runs a Python program."""
    files = {"main.py": textwrap.dedent(source).encode(), **more.pop("files", {})}
    return Job(argv=("python", "main.py"), files=files, stdin=stdin, limits=limits, **more)


def said(result: JobResult) -> str:
    """What a run wrote, once it is known that it went well."""
    assert result.succeeded, (result.ended, result.exit_code, result.signal, result.stderr.decode()[-2000:])
    return result.stdout.decode()
