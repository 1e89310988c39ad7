"""OpenRLHF: `reward_func(queries, prompts, labels) -> rewards, or a dict with "rewards"`, over lists of texts.

Adopting: a query is the prompt text followed by the response, a label is the answer. The function is called with one
response at a time, as in OpenRLHF. If it returns a dict, `rewards` is the score; `scores` and the numbers in
`extra_logs` become parts.

Exporting: put `reward_func = to_openrlhf("math")` in a file for `--reward.remote_url ./reward.py`. The response is the
query without its prompt and without end-of-turn tokens. OpenRLHF cannot leave a sample out and catches exceptions of a
reward function, so set `ungraded`: otherwise a sample that could not be judged has no reward, and the step fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias
from unicodedata import normalize

from rewards.adapters.adapter import Adapter, Arguments, Options
from rewards.adapters.columns import (
    answer_of,
    chosen,
    columns_of,
    listed,
    prompt_of,
    reference_of,
    require_arguments,
)
from rewards.adapters.verl import check_ungraded, paid_for
from rewards.errors import InvalidRow
from rewards.grading import RewardLike, grade
from rewards.outcome import Detailed, values_of
from rewards.spec import RewardSpec
from rewards.spec_properties import check
from rewards.types import GradeRequest, messages_from

RewardFunction: TypeAlias = Callable[..., dict[str, object]]

_ARGUMENTS = ("queries", "prompts", "labels")

# End-of-turn tokens of common chat formats; OpenRLHF decodes queries with special tokens.
ENDINGS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "</s>", "<eos>", "<end_of_turn>", "<|end|>")
_MORE_ENDINGS = ("<｜end▁of▁sentence｜>", "<|return|>")

# What a token cut in the middle of a character is decoded to; and how much of a prompt must be left to be known again.
_CUT = "\N{REPLACEMENT CHARACTER}"
_LEFT = 16


def _ask(_function: Callable[..., object], requests: Sequence[GradeRequest], options: Options) -> Arguments:
    prompts = [str(prompt_of(request, "text")) for request in requests]
    labels = [
        answer_of(request)
        if "labels" not in options.columns
        else chosen(columns_of(request), ["labels"], options.columns)["labels"]
        for request in requests
    ]
    queries = [prompt + request.response for prompt, request in zip(prompts, requests, strict=True)]
    return (queries, prompts, labels), {}


def _read(value: object, count: int, _reward: str) -> Sequence[object]:
    more: dict[str, object] = {}
    if isinstance(value, Mapping):
        if "rewards" not in value:
            raise ValueError(f"it returned a dict without 'rewards' (its keys: {', '.join(map(str, value))})")
        logs = value.get("extra_logs") or {}
        more = {str(name): _single(item) for name, item in logs.items()} if isinstance(logs, Mapping) else {}
        if value.get("scores") is not None:
            more["scores"] = _single(value["scores"])
        value = value["rewards"]
    values = _listed(value)
    if len(values) != count:
        raise ValueError(f"it returned {len(values)} rewards for {count} queries; return one each")
    return [Detailed(score, more) if more else score for score in values]


def _listed(value: object) -> list[object]:
    values = values_of(value)
    return [value] if values is None else values


def _single(value: object) -> object:
    values = _listed(value)
    return values[0] if len(values) == 1 else None


ADAPTER = Adapter(
    ask=_ask,
    read=_read,
    check=lambda function: require_arguments("OpenRLHF", function, _ARGUMENTS),
    gives=_ARGUMENTS,
    options={"columns": dict[str, str] | None},
)


def to_openrlhf(
    reward: RewardLike,
    *,
    ungraded: float | None = None,
    endings: Sequence[str] = (*ENDINGS, *_MORE_ENDINGS),
    workers: int | None = None,
    deadline: float | None = None,
) -> RewardFunction:
    """Export one of our rewards as OpenRLHF's `reward_func`.

    A label is a reference (an object with a `type`, or its JSON text) or a bare answer. The function returns numbers
    for one query and lists for several.

    ungraded: the score of a response that could not be judged, with a warning and a count in `extra_logs`; None =
    raise.
    endings: texts to remove from the end of a response. workers, deadline: see `rewards.grade`.

    Raises:
        UnknownReward, InvalidReward: no such reward, or an `ungraded` that is no score.
        GradingUnavailable (when called): a response could not be judged, and `ungraded` is None.
        InvalidRow (when called): lists of different lengths, a label that is not a reference, or a query that does not
        begin with its prompt.

    Example:
        # reward.py, for --reward.remote_url ./reward.py
        reward_func = to_openrlhf("math", ungraded=0.0)
    """
    spec = RewardSpec.from_dict(reward)
    check(spec)
    check_ungraded(ungraded)

    def reward_func(
        queries: Sequence[object], prompts: Sequence[object], labels: Sequence[object], **_more: object
    ) -> dict[str, object]:
        count = len(listed("queries", queries))
        prompts, labels = listed("prompts", prompts, count, "queries"), listed("labels", labels, count, "queries")
        requests = [
            GradeRequest(
                response=_response(query, prompt, endings),
                messages=messages_from(prompt),
                reference=reference_of(label),
            )
            for query, prompt, label in zip(queries, prompts, labels, strict=True)
        ]
        results = grade(spec, requests, workers=workers, deadline=deadline)
        rewards = [paid_for(result, ungraded, "OpenRLHF") for result in results]
        scores = [r if g.correctness is None else g.correctness for r, g in zip(rewards, results, strict=True)]
        missed = [float(result.score is None) for result in results]
        if len(results) == 1:
            return {"rewards": rewards[0], "scores": scores[0], "extra_logs": {"ungraded": missed[0]}}
        return {"rewards": rewards, "scores": scores, "extra_logs": {"ungraded": missed}}

    return reward_func


def _response(query: object, prompt: object, endings: Sequence[str]) -> str:
    """The part of a query after its prompt. Raises InvalidRow."""
    if not isinstance(query, str) or not isinstance(prompt, str):
        raise InvalidRow(f"a query and its prompt must be text, not {query!r:.60} and {prompt!r:.60}")
    end = _prompt_end(query, prompt)
    if end is None:
        raise InvalidRow(
            f"a query begins with {query[:60]!r} and not with its prompt, {prompt[:60]!r}: what of it is the response?"
        )
    response = query[end:]
    while ending := next((e for e in endings if response.rstrip().endswith(e)), None):
        response = response.rstrip().removesuffix(ending)
    return response


def _prompt_end(query: str, prompt: str) -> int | None:
    """Where the prompt ends in a query; None = the query does not begin with it.

    A query is decoded from tokens. Tokenizers compose characters (NFC, NFKC) and some remove spaces before punctuation;
    OpenRLHF cuts off the beginning of a prompt that is too long.
    """
    if query.startswith(prompt):
        return len(prompt)
    places = [i for i, character in enumerate(query) if not character.isspace() and character != _CUT]
    seen = "".join(query[i] for i in places)
    asked_in_forms = (prompt, normalize("NFC", prompt), normalize("NFKC", prompt))
    forms = ["".join(asked.split()).replace(_CUT, "") for asked in asked_in_forms]
    whole = [len(asked) for asked in forms if seen.startswith(asked)]
    cut = (
        len(asked) - start
        for asked in forms
        for start in range(1, len(asked) - _LEFT + 1)
        if seen.startswith(asked[start : start + _LEFT]) and seen.startswith(asked[start:])
    )
    length = whole[0] if whole else next(cut, None)
    if length is None:
        return None
    end = places[length - 1] + 1 if length else 0
    space = prompt[len(prompt.rstrip()) :]
    return end + len(space) if query.startswith(space, end) else end
