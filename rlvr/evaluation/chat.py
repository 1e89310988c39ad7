"""Ask a model single questions under its template; used by `rlvr sample`.

Example:
    with open_chat("runs/demo") as chat:
        for answer in chat.ask("3+4+5="):
            print(answer.text)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data_prep.problem import Problem
from rewards.types import Finish, NoReference
from rlvr.errors import ConfigError
from rlvr.evaluation.open_model import Precision, check_device, default_template, locate, open_engine, tokenizer_of
from rlvr.prompts import Prompter
from rlvr.protocols import RolloutEngine
from rlvr.types import RolloutRequest, SamplingParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response: its text (including the template's prefill), its length in tokens and why it ended."""

    text: str
    tokens: int
    finish: Finish


class Chat:
    """Asks an engine. Counts the questions, so that a repeated question gets new random numbers."""

    def __init__(
        self, engine: RolloutEngine, prompter: Prompter, *, sampling: SamplingParameters, responses: int, seed: int
    ) -> None:
        self._engine = engine
        self._prompter = prompter
        self._sampling = sampling
        self._responses = responses
        self._seed = seed
        self._questions = 0

    def ask(self, question: str) -> list[Answer]:
        """The responses to a question, in the order of their sample index.

        Raises:
            RolloutError: the prompt does not fit. ConfigError: the tokenizer cannot encode the prompt.
        """
        problem = Problem.make(question=question, reference=NoReference())
        prompt = self._prompter.tokens(problem)
        requests = [
            RolloutRequest(
                prompt_T=prompt,
                sampling=self._sampling,
                seed=self._seed,
                draw_index=self._questions,
                sample_index=k,
            )
            for k in range(self._responses)
        ]
        self._questions += 1
        return asyncio.run(self._answers(problem, requests))

    async def _answers(self, problem: Problem, requests: list[RolloutRequest]) -> list[Answer]:
        arrived = {}
        async for completion in self._engine.generate(requests):
            arrived[completion.request.sample_index] = Answer(
                text=self._prompter.response_text(problem, completion.token_ids),
                tokens=len(completion.token_ids),
                finish=completion.finish,
            )
        return [arrived[k] for k in sorted(arrived)]


@contextmanager
def open_chat(
    model: str,
    *,
    template: str | None = None,
    temperature: float | None = None,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    stop: tuple[str, ...] | None = None,
    responses: int = 1,
    seed: int = 0,
    device: str | None = None,
    dtype: Precision = "auto",
) -> Iterator[Chat]:
    """Load a model to ask. None = the setting of the model's run, or a default.

    Raises:
        ConfigError: there is no model, or an invalid value.
    """
    for key, value in (("-n", responses), ("--max-tokens", max_tokens)):
        if value is not None and value < 1:
            raise ConfigError(f"{key} is {value}; it must be at least 1")
    if temperature is not None and temperature < 0:
        raise ConfigError(f"--temperature is {temperature}; it must be 0 (greedy) or above")
    if seed < 0:
        raise ConfigError(f"--seed is {seed}; it must be at least 0")
    check_device(device)
    located = locate(model)
    settings = located.settings
    tokenizer = tokenizer_of(located.path)
    prompter = Prompter(tokenizer, template=template or settings.template or default_template(tokenizer))
    with open_engine(located.path, tokenizer, dtype=dtype, device=device, max_batch=max(64, responses)) as opened:
        sampling = SamplingParameters(
            temperature=settings.temperature if temperature is None else temperature,
            top_p=top_p,
            max_tokens=max_tokens or settings.max_tokens,
            stop=settings.stop if stop is None else stop,
        )
        yield Chat(opened.engine, prompter, sampling=sampling, responses=responses, seed=seed)
