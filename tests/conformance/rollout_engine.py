"""What every `RolloutEngine` must do. A test file gives a case for its engine and parametrizes over `CHECKS`.

Example:
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_engine(check):
        check(EngineCase(make=MyEngine, tokenizer=tokenizer))
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from rewards.types import Finish
from rlvr.errors import RolloutError
from rlvr.protocols import RolloutEngine
from rlvr.types import Completion, RolloutRequest, SamplingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCase:
    """An engine to check.

    make: gives a new engine, its weights at version 0. The same weights each time.
    tokenizer: the engine's, with an end token.
    weights: gives new weights for it.
    prompt: text that it can go on from.
    stop: a string that some of its responses of 40 tokens contain, and that no shorter prefix of them does twice.
    """

    make: Callable[[], RolloutEngine]
    tokenizer: PreTrainedTokenizerBase
    weights: Callable[[], Iterator[list[tuple[str, Tensor]]]]
    prompt: str
    stop: str

    def requests(
        self, *, prompts: int = 3, samples: int = 4, seed: int = 5, **sampling: object
    ) -> list[RolloutRequest]:
        parameters = SamplingParameters(**{"max_tokens": 40, **sampling})  # type: ignore[arg-type]
        ids = self.tokenizer.encode(self.prompt, add_special_tokens=False)
        return [
            RolloutRequest(
                prompt_T=tuple(ids * (draw + 1)), sampling=parameters, seed=seed, draw_index=draw, sample_index=index
            )
            for draw in range(prompts)
            for index in range(samples)
        ]


class _Source:
    """A `WeightSource` of another process."""

    module: nn.Module | None = None

    def __init__(self, case: EngineCase) -> None:
        self._case = case

    def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
        return self._case.weights()


async def _collect(engine: RolloutEngine, requests: list[RolloutRequest]) -> list[Completion]:
    return [completion async for completion in engine.generate(requests)]


def _run(case: EngineCase, requests: list[RolloutRequest]) -> dict[RolloutRequest, Completion]:
    completions = asyncio.run(_collect(case.make(), requests))
    return {completion.request: completion for completion in completions}


def each_request_gets_one_completion(case: EngineCase) -> None:
    requests = case.requests()
    completions = asyncio.run(_collect(case.make(), requests))
    assert len(completions) == len(requests)
    assert {c.request for c in completions} == set(requests)


def no_requests_give_no_completions(case: EngineCase) -> None:
    assert _run(case, []) == {}


def every_token_has_its_mask_logprob_and_version(case: EngineCase) -> None:
    for completion in _run(case, case.requests()).values():
        count = len(completion.token_ids)
        assert count >= 1
        assert len(completion.loss_mask) == len(completion.logprobs) == len(completion.policy_versions) == count
        assert all(completion.loss_mask)
        assert all(math.isfinite(value) and value <= 1e-6 for value in completion.logprobs)
        assert set(completion.policy_versions) == {0}
        assert all(type(token) is int for token in completion.token_ids)


def a_response_is_no_longer_than_max_tokens(case: EngineCase) -> None:
    for limit in (1, 3):
        for completion in _run(case, case.requests(max_tokens=limit)).values():
            assert len(completion.token_ids) <= limit
            ended = completion.token_ids[-1] == case.tokenizer.eos_token_id
            assert completion.finish is (Finish.STOP if ended else Finish.LENGTH)


def an_end_token_is_the_last_of_a_response(case: EngineCase) -> None:
    for completion in _run(case, case.requests()).values():
        assert case.tokenizer.eos_token_id not in completion.token_ids[:-1]


def a_response_ends_with_the_token_that_completes_a_stop_string(case: EngineCase) -> None:
    stopped = 0
    for completion in _run(case, case.requests(samples=16, stop=(case.stop,))).values():
        assert case.stop not in case.tokenizer.decode(completion.token_ids[:-1])
        if case.stop in case.tokenizer.decode(completion.token_ids):
            stopped += 1
            assert completion.finish is Finish.STOP
    assert stopped > 0


def a_sample_does_not_depend_on_the_others(case: EngineCase) -> None:
    requests = case.requests()
    together = _run(case, requests)
    for request in requests[::5]:
        assert _run(case, [request])[request].token_ids == together[request].token_ids


def the_seed_and_the_indices_decide(case: EngineCase) -> None:
    requests = case.requests(temperature=1.0)
    first, again = _run(case, requests), _run(case, requests)
    assert [first[r] for r in requests] == [again[r] for r in requests]


def a_request_that_cannot_be_is_refused_before_any_completion(case: EngineCase) -> None:
    good = case.requests()
    for bad in (
        replace(good[0], prompt_T=()),
        replace(good[0], sampling=SamplingParameters(temperature=-1.0)),
        replace(good[0], sampling=SamplingParameters(top_p=0.0)),
        replace(good[0], sampling=SamplingParameters(max_tokens=0)),
        replace(good[0], seed=-1),
    ):
        engine, arrived = case.make(), 0

        async def run(engine: RolloutEngine, bad: RolloutRequest) -> None:
            nonlocal arrived
            async for _ in engine.generate([*good, bad]):
                arrived += 1

        with pytest.raises(RolloutError):
            asyncio.run(run(engine, bad))
        assert arrived == 0


def new_weights_move_the_version(case: EngineCase) -> None:
    async def run() -> None:
        engine = case.make()
        assert engine.version == 0
        await engine.load_weights(_Source(case), 3)
        assert engine.version == 3
        for completion in await _collect(engine, case.requests(samples=1)):
            assert set(completion.policy_versions) == {3}

    asyncio.run(run())


def leaving_early_leaves_the_engine_usable(case: EngineCase) -> None:
    async def run() -> None:
        engine = case.make()
        generation = engine.generate(case.requests())
        async for _ in generation:
            break
        await generation.aclose()  # type: ignore[attr-defined]  # an async iterator made by a generator
        assert len(await _collect(engine, case.requests())) == len(case.requests())

    asyncio.run(run())


def the_event_loop_runs_between_completions(case: EngineCase) -> None:
    async def run() -> int:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await _collect(case.make(), case.requests(samples=8))
        counting.cancel()
        return turns

    assert asyncio.run(run()) > 2


def a_closed_engine_refuses(case: EngineCase) -> None:
    async def run() -> None:
        engine = case.make()
        await engine.close()
        await engine.close()  # twice does no harm
        with pytest.raises(RolloutError, match="closed"):
            await _collect(engine, case.requests())

    asyncio.run(run())


CHECKS = (
    each_request_gets_one_completion,
    no_requests_give_no_completions,
    every_token_has_its_mask_logprob_and_version,
    a_response_is_no_longer_than_max_tokens,
    an_end_token_is_the_last_of_a_response,
    a_response_ends_with_the_token_that_completes_a_stop_string,
    a_sample_does_not_depend_on_the_others,
    the_seed_and_the_indices_decide,
    a_request_that_cannot_be_is_refused_before_any_completion,
    new_weights_move_the_version,
    leaving_early_leaves_the_engine_usable,
    the_event_loop_runs_between_completions,
    a_closed_engine_refuses,
)
