"""The root of every error that the four packages raise on purpose, and the errors of this package.

    ToolkitError
    ├── SandboxError                                  sandbox/errors.py
    │   ├── SandboxUnavailable (RuntimeError)         this backend cannot run programs, or died under one twice
    │   │   └── SandboxBusy                           its queue is full; come back after so many seconds
    │   ├── InvalidSandbox     (ValueError)           options that no sandbox can have: no such backend, no address
    │   └── InvalidJob         (ValueError)           a job or limit that no backend could run
    ├── RewardError                                   rewards/errors.py
    ├── DataError                                     data_prep/errors.py
    └── TrainError                                    rlvr/errors.py

It stands in the lowest package, so that one `except ToolkitError` catches them all. A leaf also inherits the standard
error that it refines (`ValueError`, `LookupError`, `TimeoutError`), and its message says what was wrong, the value
seen and what to do.
"""

from __future__ import annotations

import errno


class ToolkitError(Exception):
    """An error that names a mistake or a condition, with a message meant for the user: shown without a traceback."""


class SandboxError(ToolkitError):
    """Anything that a sandbox reports as its own trouble. A program's trouble is data, never an error."""


class SandboxUnavailable(SandboxError, RuntimeError):
    """Programs cannot be run: nothing isolates them on this machine, or the sandbox died under a run, twice."""


def refused(what: str, error: OSError) -> SandboxUnavailable:
    """For what the system did not let us do, such as "a run could not be started", with what to do about it."""
    hint = ""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
        hint = ". Allow this process more descriptors (ulimit -n), memory and processes, or use fewer slots"
    elif error.errno in (errno.EACCES, errno.EPERM):
        hint = ". This user must be allowed that: an interpreter below another user's home cannot be started, for one"
    return SandboxUnavailable(f"{what}: {error}{hint}")


class SandboxBusy(SandboxUnavailable):
    """A server's queue is full. retry_after: seconds after which there may be room."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidSandbox(SandboxError, ValueError):
    """A sandbox that cannot be: a backend that there is not, an address that is none, no slot."""


class InvalidJob(SandboxError, ValueError):
    """A job that cannot be run anywhere: no command, a path that leaves its folder, a limit of nothing."""
