"""The root of all errors that the four packages raise deliberately, and the errors of this package.

    ToolkitError
    ├── SandboxError                                  sandbox/errors.py
    │   ├── SandboxUnavailable (RuntimeError)         this backend cannot run programs, or died twice during one
    │   │   └── SandboxBusy                           its queue is full; retry after some seconds
    │   ├── InvalidSandbox     (ValueError)           invalid options: an unknown backend, a bad address
    │   └── InvalidJob         (ValueError)           a job or limit that no backend can run
    ├── RewardError                                   rewards/errors.py
    ├── DataError                                     data_prep/errors.py
    └── TrainError                                    rlvr/errors.py

It is in the lowest package, so that `except ToolkitError` catches them all. A leaf also inherits the standard error
that it refines (`ValueError`, `LookupError`, `TimeoutError`), and its message says what was wrong, the value seen and
what to do.
"""

from __future__ import annotations

import errno


class ToolkitError(Exception):
    """An expected failure with a message for the user, shown without a traceback."""


class SandboxError(ToolkitError):
    """A failure of a sandbox itself. A program's failure is data, never an error."""


class SandboxUnavailable(SandboxError, RuntimeError):
    """Programs cannot be run: nothing isolates them on this machine, or the sandbox died twice during a run."""


def refused(what: str, error: OSError) -> SandboxUnavailable:
    """An error for a refused system call, such as "a run could not be started", with advice."""
    hint = ""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
        hint = ". Allow this process more descriptors (ulimit -n), memory and processes, or use fewer slots"
    elif error.errno in (errno.EACCES, errno.EPERM):
        hint = ". This user must be allowed that: an interpreter below another user's home cannot be started, for one"
    return SandboxUnavailable(f"{what}: {error}{hint}")


class SandboxBusy(SandboxUnavailable):
    """A server's queue is full. retry_after: estimated seconds until there is room."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidSandbox(SandboxError, ValueError):
    """Invalid sandbox options: an unknown backend, a bad address, no slots."""


class InvalidJob(SandboxError, ValueError):
    """A job that no backend can run: no command, a path that leaves its folder, a limit of zero."""
