"""Reward functions of other trainers, taken as they are; and our rewards, handed to those trainers.

Taken, by a name with the peer's before it, in a configuration or on the command line:

    trl:trl.rewards:accuracy_reward          f(prompts, completions, <columns>) -> list of numbers or None
    verl:./score.py:compute_score            f(data_source, solution_str, ground_truth, extra_info) -> number or dict
    openrlhf:./reward.py:reward_func         f(queries, prompts, labels) -> numbers, or dict with "rewards"
    verifiers:./rubric.py:exact              f(<any of prompt, completion, answer, state, info, task, columns>)

or in a file, under a name of its own:

    from rewards.adapters import adopt
    adopt("trl", accuracy_reward, name="trl_accuracy", range=(0, 1), columns={"solution": "answer"})

Given: `to_trl("math")`, `to_verl("math")` and `to_openrlhf("math")` are functions as those trainers call them.

What a row is to a peer stands in `rewards.adapters.columns`. An adopted function has right and wrong only where a
`range` is stated (its scores of wrong and right); else the verdict is `scored`. Nothing of a peer is imported here.
"""

from rewards.adapters.adoption import KINDS, adopt, names_function, taken_from
from rewards.adapters.openrlhf import to_openrlhf
from rewards.adapters.trl import to_trl
from rewards.adapters.verl import to_verl

__all__ = ["KINDS", "adopt", "names_function", "taken_from", "to_openrlhf", "to_trl", "to_verl"]
