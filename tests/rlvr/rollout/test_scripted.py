"""The scripted engine returns its scripted texts, like any other engine."""

from __future__ import annotations

import asyncio
import time

import pytest

from rewards.types import Finish
from rlvr.errors import RolloutError
from rlvr.rollout.scripted import ScriptedEngine
from rlvr.tokenizers import character_tokenizer
from rlvr.types import Completion, RolloutRequest
from tests.rlvr.rollout.tiny import generate, requests

TOKENIZER = character_tokenizer("0123456789+=<>/answer ")
PROMPT = tuple(TOKENIZER.encode("1+2="))


def texts(completions: list[Completion]) -> list[str]:
    return [TOKENIZER.decode(c.token_ids, skip_special_tokens=True) for c in completions]


def test_a_list_is_walked_round_by_sample_index() -> None:
    engine = ScriptedEngine(["3", "4"], TOKENIZER)
    finished = generate(engine, requests([PROMPT, PROMPT], samples=3))
    assert texts(finished) == ["3", "4", "3", "3", "4", "3"]
    assert all(c.token_ids[-1] == TOKENIZER.eos_token_id for c in finished)


def test_a_function_sees_the_request() -> None:
    def answer(request: RolloutRequest) -> str:
        return f"{request.draw_index}+{request.sample_index}"

    assert texts(generate(ScriptedEngine(answer, TOKENIZER), requests([PROMPT] * 2, samples=2))) == [
        "0+0", "0+1", "1+0", "1+1",
    ]  # fmt: skip


def test_a_long_text_is_cut_and_says_so() -> None:
    finished = generate(ScriptedEngine(["123456789"], TOKENIZER), requests([PROMPT], max_tokens=5))
    assert texts(finished) == ["12345"]
    assert finished[0].finish is Finish.LENGTH


def test_a_stop_string_ends_the_text() -> None:
    engine = ScriptedEngine(["<answer>3</answer> 4"], TOKENIZER)
    finished = generate(engine, requests([PROMPT], max_tokens=40, stop=("</answer>",)))
    assert texts(finished) == ["<answer>3</answer>"]
    assert finished[0].finish is Finish.STOP


def test_an_end_token_in_the_text_ends_it() -> None:
    for stop in ((), ("</answer>",)):
        finished = generate(ScriptedEngine(["3<eos>4</answer>"], TOKENIZER), requests([PROMPT], stop=stop))
        assert finished[0].token_ids == (*TOKENIZER.encode("3"), TOKENIZER.eos_token_id)
        assert finished[0].finish is Finish.STOP


def test_an_empty_text_is_an_end_token_alone() -> None:
    assert generate(ScriptedEngine([""], TOKENIZER), requests([PROMPT]))[0].token_ids == (TOKENIZER.eos_token_id,)


def test_seconds_pass_for_each_completion() -> None:
    started = time.perf_counter()
    generate(ScriptedEngine(["3"], TOKENIZER, seconds=0.02), requests([PROMPT], samples=5))
    assert time.perf_counter() - started >= 0.1


def test_an_exception_of_the_script_is_not_swallowed() -> None:
    def broken(_request: RolloutRequest) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        generate(ScriptedEngine(broken, TOKENIZER), requests([PROMPT]))


def test_no_responses_are_refused() -> None:
    with pytest.raises(RolloutError, match="empty list"):
        ScriptedEngine([], TOKENIZER)


def test_generations_may_overlap() -> None:
    engine = ScriptedEngine(["3", "4"], TOKENIZER)

    async def run() -> list[int]:
        async def count(samples: int) -> int:
            return len([c async for c in engine.generate(requests([PROMPT], samples=samples))])

        return await asyncio.gather(count(3), count(5))

    assert asyncio.run(run()) == [3, 5]
