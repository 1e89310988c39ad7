"""`ScriptedEngine`: a `RolloutEngine` with scripted responses, for tests of loops, graders and rewards.

A response is text, from a list that is cycled through (sample i of a prompt gets response i) or from a function of the
request. It is tokenized once, here, and cut at `max_tokens`. The `Completion` is like that of any other engine, with an
end token, plausible log-probabilities (each below 0, a fixed function of request and position) and policy versions.
Stop strings end a response as in sampling.

Example:
    engine = ScriptedEngine(["<answer>4</answer>", "<answer>5</answer>"], tokenizer)
    engine = ScriptedEngine(lambda request: "4" if request.sample_index % 2 else "5", tokenizer)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from rewards.types import Finish
from rlvr.errors import RolloutError
from rlvr.rollout.requests import check_request
from rlvr.rollout.sampling import UniformStream
from rlvr.types import Completion, RolloutRequest

if TYPE_CHECKING:
    from rlvr.protocols import WeightSource

Script = Callable[[RolloutRequest], str]


class Tokenizer(Protocol):
    """The part of a tokenizer that scripts need. Every `PreTrainedTokenizerBase` has it."""

    @property
    def eos_token_id(self) -> int | None: ...

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str: ...


class ScriptedEngine:
    """Answers requests from a script.

    Args:
        responses: texts, indexed by sample index modulo their number; or a function of the request.
        tokenizer: turns the texts into tokens; its end token closes a response that fits.
        seconds: duration of each completion; they finish one after the other.
    """

    def __init__(
        self, responses: Sequence[str] | Script, tokenizer: Tokenizer, *, version: int = 0, seconds: float = 0.0
    ) -> None:
        if not callable(responses) and not responses:
            raise RolloutError("ScriptedEngine got an empty list of responses; give it at least one text")
        self._script: Script = responses if callable(responses) else _walk(tuple(responses))
        self._tokenizer = tokenizer
        self._version = version
        self._seconds = seconds
        self._closed = False

    @property
    def version(self) -> int:
        """The version of the last `load_weights`."""
        return self._version

    async def generate(self, requests_P: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:  # noqa: N803
        """Yield one completion per request, in order. Raises RolloutError as a sampling engine would."""
        if self._closed:
            raise RolloutError("the engine is closed")
        for index, request in enumerate(requests_P):
            check_request(index, request)
        for request in requests_P:
            await asyncio.sleep(self._seconds)
            yield self._completion(request)

    async def load_weights(self, weights: WeightSource, version: int) -> None:
        """A script has no weights: read and drop every bucket, and set the version."""
        for _bucket in weights.buckets():
            await asyncio.sleep(0)
        self._version = version

    async def close(self) -> None:
        self._closed = True

    def _completion(self, request: RolloutRequest) -> Completion:
        sampling = request.sampling
        ids = list(self._tokenizer.encode(self._script(request), add_special_tokens=False))
        finish = Finish.STOP
        end_token = self._tokenizer.eos_token_id
        if end_token in ids:  # the text spells it
            ids = ids[: ids.index(end_token)]
        if (end := self._first_stop(ids, sampling.stop)) is not None:
            ids = ids[:end]
        elif end_token is not None:
            ids.append(end_token)
        elif not ids:
            raise RolloutError("the script's response is empty and the tokenizer has no end token; write at least one")
        if len(ids) > sampling.max_tokens:
            ids, finish = ids[: sampling.max_tokens], Finish.LENGTH
        stream = UniformStream.of(request)
        return Completion(
            request=request,
            token_ids=tuple(ids),
            loss_mask=(True,) * len(ids),
            logprobs=tuple((-0.01 - 2.0 * stream.take(len(ids))).tolist()),
            policy_versions=(self._version,) * len(ids),
            finish=finish,
        )

    def _first_stop(self, ids: Sequence[int], stop: Sequence[str]) -> int | None:
        """The number of tokens until the text contains a stop string; None = never."""
        for count in range(1, len(ids) + 1 if stop else 1):
            text = self._tokenizer.decode(
                list(ids[:count]), skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
            if any(string in text for string in stop):
                return count
        return None


def _walk(responses: tuple[str, ...]) -> Script:
    return lambda request: responses[request.sample_index % len(responses)]
