"""The error of an audit."""

from __future__ import annotations

from rewards.errors import RewardError


class AuditImpossible(RewardError, ValueError):
    """No row can be attacked: no right answer is known or paid. The message says what to give."""
