"""Run untrusted programs. Knows nothing of tests, rewards or models; imports the standard library only.

`open_sandbox` chooses a backend; docker, ray and the HTTP service's packages are imported where they are used.
"""

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
