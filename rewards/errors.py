"""Errors of grading.

    ToolkitError
    └── RewardError
        ├── UnknownReward      (LookupError)   no reward of that name; says the nearest names
        ├── InvalidRow         (ValueError)    a row, reference or grade that cannot be read; names the field
        ├── InvalidReward      (ValueError)    a reward that is declared or parametrised wrongly
        └── GradingUnavailable (RuntimeError)  workers cannot be started at all

    BaseException
    └── GraderEnded            what a reward grades with died under a request; the pool decides who is to blame

    UserWarning
    ├── GradedInProcess        no worker can import a reward, so it is graded in the calling process
    └── HiddenReward           another package brings a reward that is called like one of ours

A response never raises: whatever it does to a grader comes back as a `GradeResult`.
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
    """A reward is declared or parametrised wrongly."""


class GradingUnavailable(RewardError, RuntimeError):
    """The worker processes that grade cannot be started or kept alive."""


class GradedInProcess(UserWarning):
    """A reward that no worker can import is graded in the calling process: what cannot be ended or limited there."""


class HiddenReward(UserWarning):
    """An installed package brings a reward whose name is one of this package's own: the name means ours."""


class GraderEnded(BaseException):
    """What a reward grades with died under a request. A worker ends with it, so that the pool tries again and judges.

    No `Exception`: it is no failure of the reward's own that would leave the response ungraded.
    """
