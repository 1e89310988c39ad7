"""Adapters between reward functions of other trainers and ours, in both directions.

Adopt a function written for another trainer by naming it with that trainer as prefix, in a config or on the command
line:

    trl:trl.rewards:accuracy_reward          f(prompts, completions, <columns>) -> list of numbers or None
    verl:./score.py:compute_score            f(data_source, solution_str, ground_truth, extra_info) -> number or dict
    openrlhf:./reward.py:reward_func         f(queries, prompts, labels) -> numbers, or dict with "rewards"
    verifiers:./rubric.py:exact              f(<any of prompt, completion, answer, state, info, task, columns>), or, of
                                             verifiers 0.4, f(task, trace), or a class of tasks

or register it under a name of your own:

    from rewards.adapters import adopt
    adopt("trl", accuracy_reward, name="trl_accuracy", range=(0, 1), columns={"solution": "answer"})

In the other direction, `to_trl("math")`, `to_verl("math")` and `to_openrlhf("math")` return functions that those
trainers can call.

`rewards.adapters.columns` maps rows to a trainer's columns. An adopted function has right and wrong only if `range`
gives its scores of wrong and right; otherwise the verdict is `scored`. No trainer is imported here.
"""

from rewards.adapters.adoption import ADAPTERS, adopt, adopted_reward, names_function
from rewards.adapters.openrlhf import to_openrlhf
from rewards.adapters.trl import to_trl
from rewards.adapters.verl import to_verl

__all__ = ["ADAPTERS", "adopt", "adopted_reward", "names_function", "to_openrlhf", "to_trl", "to_verl"]
