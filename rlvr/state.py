"""Where a run stands: the few numbers of the loop itself, kept in every checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlvr.types import StepStats

REFUSALS_IN_A_ROW = 3  # updates with a non-finite loss or gradient after which the run stops


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """step: the last whole step.

    version: of the weights, one more for each step in which an update was applied. Carried groups age by it, and
    tokens are stale by it: a step that leaves the weights as they are must not move it.

    refused_in_a_row: updates refused one after the other up to now; once REFUSALS_IN_A_ROW were, it stays there.
    """

    step: int = 0
    version: int = 0
    refused_in_a_row: int = 0

    def after(self, updates: Sequence[StepStats]) -> RunState:
        """The state after a step's updates."""
        refused = self.refused_in_a_row
        for update in updates:
            if refused < REFUSALS_IN_A_ROW:
                # Once reached it stays: a later good update in the same step does not make the run sound
                refused = refused + 1 if update.refused else 0
        applied = any(not update.refused for update in updates)
        return replace(self, version=self.version + applied, refused_in_a_row=refused)
