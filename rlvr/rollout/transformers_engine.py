"""`TransformersEngine`: a `RolloutEngine` over a transformers model in this process, on a CPU or one GPU.

It samples in slices of a few decode steps on the compute thread, so that the event loop stays responsive, yields
completions as they finish, and fills their slots with waiting requests. A sample depends on its prompt, the weights and
its own random numbers alone; other rows in the batch add at most floating-point noise.

Example:
    engine = TransformersEngine(model, tokenizer)
    async for completion in engine.generate(requests):
        print(tokenizer.decode(completion.token_ids), completion.finish)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rlvr.compute_thread import on_compute_thread
from rlvr.errors import RolloutError
from rlvr.rollout.decode_batch import DecodeBatch
from rlvr.rollout.decoder import Decoder
from rlvr.rollout.forward import CausalModel, plain
from rlvr.rollout.probe import check_batching
from rlvr.rollout.requests import check_request, name_of
from rlvr.rollout.stop import StopStrings, end_tokens
from rlvr.types import Completion, RolloutRequest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.protocols import WeightSource

SLICE_SECONDS = 0.05  # seconds of work on the compute thread per slice


class TransformersEngine:
    """Samples completions from a transformers model.

    Args:
        model: decoder-only, with or without a PEFT adapter. It may be the module that the learner trains: sampling does
            not modify it.
        tokenizer: for stop strings and the end token; None = neither is used.
        max_batch: rows sampled at once. Memory: 2 * layers * kv heads * head width * bytes a value, for each row and
            each column of the longest row.
        version: of the current weights.
        probed: `check_batching` has passed; otherwise the first generation runs it.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer: PreTrainedTokenizerBase | None,
        *,
        max_batch: int = 256,
        version: int = 0,
        probed: bool = False,
    ) -> None:
        if max_batch < 1:
            raise RolloutError(f"max_batch is {max_batch}; it must be at least 1")
        self._model = CausalModel(model)
        self._tokenizer = tokenizer
        self._max_batch = max_batch
        self._version = version
        self._closed = False
        self._probed = probed
        self._half_loaded = False
        self._idle: Decoder | None = None  # the decoder of the last generation, kept for its buffers and graphs
        self._detectors: dict[tuple[str, ...], StopStrings] = {}
        generation = getattr(self._model.core, "generation_config", None)
        declared = getattr(generation, "eos_token_id", None)
        if declared is None:
            declared = getattr(self._model.config, "eos_token_id", None)
        self.end_tokens = end_tokens(declared, getattr(tokenizer, "eos_token_id", None))

    @property
    def version(self) -> int:
        """The version of the weights in use."""
        return self._version

    @property
    def position_limit(self) -> int | None:
        """Most tokens of a sequence, prompt and response; None = the model declares no limit."""
        return self._model.position_limit

    async def generate(self, requests_P: Sequence[RolloutRequest]) -> AsyncIterator[Completion]:  # noqa: N803
        """Yield one completion per request, as they finish. If one request is invalid, nothing is sampled.

        Raises:
            RolloutError: a prompt that does not fit, or parameters that the engine does not support.
        """
        self._check_open()
        for index, request in enumerate(requests_P):
            self._check(index, request)
        if not requests_P:
            return
        decoder, self._idle = self._idle, None  # taken, so that a concurrent generation makes its own
        batch = await on_compute_thread(self._start, requests_P, decoder)
        try:
            while not batch.done:
                for completion in await on_compute_thread(self._advance, batch):
                    yield completion
        finally:
            if batch.decoder.worth_keeping and not self._closed:
                self._idle = batch.decoder

    async def load_weights(self, weights: WeightSource, version: int) -> None:
        """Load new weights between two decode steps, bucket by bucket, cast to the engine's precision.

        If the source is the engine's own module, only the version changes. Responses in progress continue with the new
        weights and their existing keys and values, and record which version sampled each token.

        Raises:
            RolloutError: unknown names, wrong shapes or missing weights. Then nothing is sampled until a load succeeds.
        """
        await on_compute_thread(self._take_weights, weights, version)

    def _take_weights(self, weights: WeightSource, version: int) -> None:
        shared = weights.module
        if shared is None or plain(shared) is not self._model.core:
            self._half_loaded = True
            _copy_into(dict(self._model.core.state_dict(keep_vars=True)), weights)
            self._half_loaded = False
        self._version = version

    async def close(self) -> None:
        self._closed, self._idle = True, None
        self._detectors.clear()

    def _start(self, requests_P: Sequence[RolloutRequest], decoder: Decoder | None) -> DecodeBatch:  # noqa: N803
        self._check_weights()
        if not self._probed:
            check_batching(self._model)
            self._probed = True
        slots = min(self._max_batch, len(requests_P))
        if decoder is None or decoder.slots < slots:
            decoder = Decoder(self._model, slots)
        else:
            decoder.restart()
        return DecodeBatch(
            self._model,
            requests_P,
            decoder=decoder,
            end_tokens=self.end_tokens,
            slots=slots,
            version=lambda: self._version,
            stop_strings=self._stop_strings,
        )

    def _advance(self, batch: DecodeBatch) -> list[Completion]:
        self._check_open()
        self._check_weights()
        return batch.advance(SLICE_SECONDS)

    def _check_open(self) -> None:
        if self._closed:
            raise RolloutError("the engine is closed; make a new one")

    def _check_weights(self) -> None:
        if self._half_loaded:  # checked on the compute thread, where loading runs, so never during a load
            raise RolloutError("the engine's weights are only half replaced; load_weights must succeed first")

    def _stop_strings(self, stop: tuple[str, ...]) -> StopStrings:
        if stop not in self._detectors:
            self._detectors[stop] = StopStrings(self._tokenizer, stop)
        return self._detectors[stop]

    def _check(self, index: int, request: RolloutRequest) -> None:
        check_request(index, request)
        prompt, limit, where = request.prompt_T, self._model.position_limit, name_of(index, request)
        if min(prompt) < 0 or max(prompt) >= self._model.vocabulary:
            raise RolloutError(
                f"{where} has token ids from {min(prompt)} to {max(prompt)}, the model has 0 to"
                f" {self._model.vocabulary - 1}; is it another model's tokenizer?"
            )
        if limit is not None and len(prompt) + request.sampling.max_tokens > limit:
            raise RolloutError(
                f"{where} has {len(prompt)} tokens and max_tokens is {request.sampling.max_tokens}, together more than"
                f" the model's {limit} positions; shorten the prompt or lower max_tokens"
            )
        if request.adapter is not None:
            raise RolloutError(f"{where} asks for adapter {request.adapter!r}; this engine samples with the active one")
        if request.sampling.stop:
            self._stop_strings(request.sampling.stop)


@torch.no_grad()
def _copy_into(ours: dict[str, Tensor], weights: WeightSource) -> None:
    """Overwrite all our tensors by name with those of the stream; tied ones once."""
    missing = {tensor.data_ptr(): name for name, tensor in ours.items()}
    for name, tensor in (entry for bucket in weights.buckets() for entry in bucket):
        if name not in ours:
            raise RolloutError(f"the new weights hold {name!r}, which this model has not; are they another model's?")
        mine = ours[name]
        if mine.shape != tensor.shape:
            raise RolloutError(
                f"{name} has shape {tuple(tensor.shape)} in the new weights and {tuple(mine.shape)} in this model"
            )
        mine.copy_(tensor)
        missing.pop(mine.data_ptr(), None)
    if missing:
        raise RolloutError(f"the new weights leave out {sorted(missing.values())[:5]} ({len(missing)} in all)")
