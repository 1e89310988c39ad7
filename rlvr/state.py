"""The state of the training loop itself: a few numbers, saved in every checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlvr.types import StepStats

REFUSALS_IN_A_ROW = 3  # the run stops after this many non-finite updates in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """step: the last completed step.

    version: of the weights, incremented by each step that applied an update. The age of carried groups and the
    staleness of tokens are measured in versions, so a step that leaves the weights unchanged must not increment it.

    refused_in_a_row: consecutive refused updates so far; once it reaches REFUSALS_IN_A_ROW it stays there.
    """

    step: int = 0
    version: int = 0
    refused_in_a_row: int = 0

    def after(self, updates: Sequence[StepStats]) -> RunState:
        """The state after a step's updates."""
        refused = self.refused_in_a_row
        for update in updates:
            if refused < REFUSALS_IN_A_ROW:
                # Keep the limit once reached: a later good update in the same step does not make the run sound
                refused = refused + 1 if update.refused else 0
        applied = any(not update.refused for update in updates)
        return replace(self, version=self.version + applied, refused_in_a_row=refused)
