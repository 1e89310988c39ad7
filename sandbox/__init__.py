"""Run untrusted programs. Knows nothing of tests, rewards or models; imports the standard library only.

`open_sandbox` chooses a backend; docker, ray and the HTTP service's packages are imported where they are used.
"""

from typing import TYPE_CHECKING

from sandbox.on_demand import on_demand

if TYPE_CHECKING:
    from sandbox.backends import open_sandbox
    from sandbox.errors import InvalidJob, SandboxError, SandboxUnavailable, ToolkitError
    from sandbox.protocol import Sandbox, Session
    from sandbox.types import Ended, Job, JobResult, Limits

__all__ = [
    "Ended",
    "InvalidJob",
    "Job",
    "JobResult",
    "Limits",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailable",
    "Session",
    "ToolkitError",
    "open_sandbox",
]

if not TYPE_CHECKING:  # else every name of this package would be known
    __getattr__ = on_demand(
        __name__, __all__, ("sandbox.errors", "sandbox.types", "sandbox.protocol", "sandbox.backends")
    )
