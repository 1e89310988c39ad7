from __future__ import annotations

from rlvr.state import REFUSALS_IN_A_ROW, RunState
from rlvr.types import StepStats


def stats(refused: str = "") -> StepStats:
    numbers = {name: 0 for name in StepStats.__dataclass_fields__ if name not in ("refused", "refused_sequences")}
    return StepStats(**numbers, refused=refused)


def test_refusals_count_on_from_step_to_step_until_an_update_is_applied() -> None:
    state = RunState().after([stats(), stats("nan")])
    assert (state.refused_in_a_row, state.version) == (1, 1)
    assert state.after([stats("nan")]).refused_in_a_row == 2
    assert state.after([stats()]).refused_in_a_row == 0


def test_three_refusals_in_a_row_are_not_forgotten_when_the_step_goes_on_behind_them() -> None:
    state = RunState().after([stats("nan"), stats("nan"), stats("nan"), stats()])
    assert state.refused_in_a_row == REFUSALS_IN_A_ROW


def test_the_version_counts_steps_that_moved_the_weights_and_no_others() -> None:
    state = RunState(version=4)
    assert state.after([]).version == 4, "every response was cut off and masked: there was no update"
    assert state.after([stats("nan"), stats("nan")]).version == 4
    assert state.after([stats("nan"), stats()]).version == 5
    assert state.after([stats(), stats()]).version == 5
