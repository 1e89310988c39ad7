"""Check that every sequence of a run fits into the model's positions, before the first token is sampled.

Example:
    check_lengths(config, CausalModel(model).position_limit, prompter, problems, sets)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from data_prep.problem import Problem
from rlvr.config import RunConfig
from rlvr.errors import ConfigError
from rlvr.model_config import ModelConfig
from rlvr.prompts import Prompter


def check_lengths(
    config: RunConfig,
    positions: int | None,
    prompter: Prompter,
    problems: Iterable[Problem],
    sets: Mapping[str, Sequence[Problem]],
) -> None:
    """Check training prompts with the longest training response, and evaluation prompts with the longest evaluation
    response.

    Args:
        positions: most tokens in a sequence; None = the model declares no limit.

    Raises:
        ConfigError: a prompt with its longest response does not fit; names the keys and values.
    """
    if positions is None:
        return
    longest = config.rollout.longest
    evaluated = config.eval.max_tokens or longest
    key = "eval.max_tokens" if config.eval.max_tokens else "rollout.max_tokens"
    cases = [("rollout.max_tokens", longest, "data.train", problems)]
    cases += [(key, evaluated, f"the set {name!r} of eval.sets", found) for name, found in sets.items()]
    for name, tokens, where, found in cases:
        prompt, problem = max((len(prompter.tokens(p)), p.id) for p in found)
        if prompt + tokens > positions:
            lower = f"lower {name} to {positions - prompt}, or " if positions > prompt else ""
            raise ConfigError(
                f"{name} is {tokens} and the longest prompt of {where} has {prompt} tokens (problem {problem}), "
                f"together more than {limit_of(config.model, positions)}; {lower}drop long prompts "
                "(data.max_prompt_tokens)"
            )


def limit_of(model: ModelConfig, positions: int) -> str:
    """The limit in the words of the configuration."""
    return (
        f"model.init.max_positions, {positions}"
        if model.init is not None
        else f"the {positions} positions of model.path {model.path!r}"
    )
