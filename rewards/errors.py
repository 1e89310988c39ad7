"""Errors of grading.

    ToolkitError
    └── RewardError
        ├── UnknownReward      (LookupError)   no reward of that name; suggests the nearest names
        ├── InvalidRow         (ValueError)    a row, reference or grade that cannot be read; names the field
        ├── InvalidReward      (ValueError)    a reward with an invalid declaration or parameters
        └── GradingUnavailable (RuntimeError)  workers cannot be started at all

    BaseException
    └── GraderEnded            a process that a reward grades with died during a request

    UserWarning
    ├── GradedInProcess        no worker can import a reward, so it is graded in the calling process
    └── HiddenReward           another package provides a reward with the name of one of ours

A response never raises: whatever it does to a grader is reported as a `GradeResult`.
"""

from __future__ import annotations

from sandbox.errors import ToolkitError


class RewardError(ToolkitError):
    """Root of the errors of this package."""


class UnknownReward(RewardError, LookupError):
    """No reward of that name is registered."""


class InvalidRow(RewardError, ValueError):
    """A row to grade, a reference or a grade is malformed. The message names the field and what was expected."""


class InvalidReward(RewardError, ValueError):
    """A reward has an invalid declaration or invalid parameters."""


class GradingUnavailable(RewardError, RuntimeError):
    """The worker processes that grade cannot be started or kept alive."""


class GradedInProcess(UserWarning):
    """A reward that no worker can import is graded in the calling process, where it cannot be killed or limited."""


class HiddenReward(UserWarning):
    """An installed package provides a reward with the name of one of ours; the name refers to ours."""


class GraderEnded(BaseException):
    """A process that a reward grades with died during a request. The worker exits too, so that the pool retries and
    decides who is to blame.

    Not an `Exception`, because those are failures of the reward, which leave the response ungraded.
    """
