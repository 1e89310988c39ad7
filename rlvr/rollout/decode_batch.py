"""`DecodeBatch`: continuous batching. Holds the rows being sampled and the queue of waiting requests. Synchronous.

A row joins with the keys and values of all its tokens except the last, which goes through the next step like any
sampled token. So a prompt shared by the samples of a group is computed once, and the first token of a response is drawn
by the same code as every other. Rows leave when they end; waiting requests fill their slots, several at a time so that
their prompts share a forward pass.

The composition of the batch depends on the list of requests alone, never on timing: the same requests and weights give
the same tokens and log-probabilities, bit for bit, on one machine with one number of threads.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch

from rewards.types import Finish
from rlvr.errors import RolloutError
from rlvr.rollout.decoder import Decoder, Integers, Numbers
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.sampling import RowParameters, UniformStream
from rlvr.rollout.slots import KeysValues, SlotCache
from rlvr.rollout.stop import StopStrings
from rlvr.types import Completion, RolloutRequest

_Prompt: TypeAlias = tuple[int, ...]

UNIFORMS_AHEAD = 32  # random numbers generated at a time per stream
PREFILL_TOKENS = 4096  # prompt tokens in one forward pass, including padding


@dataclass(slots=True)
class _Row:
    """A request that is being sampled."""

    request: RolloutRequest
    stream: UniformStream
    stop: StopStrings | None  # None = it has no stop strings


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The keys and values of a prompt that some of its samples have yet to start from."""

    prompt: _Prompt
    version: int
    layers: KeysValues


class DecodeBatch:
    """Samples completions for a fixed list of requests. `advance` does a slice of the work until `done`.

    decoder: of the same model, empty, with `slots` rows; used by this batch alone.
    version: returns the version of the current weights; called once per step.
    stop_strings: returns the detector for a set of stop strings.
    """

    def __init__(
        self,
        model: CausalModel,
        requests_P: Sequence[RolloutRequest],  # noqa: N803
        *,
        decoder: Decoder,
        end_tokens: Sequence[int],
        slots: int,
        version: Callable[[], int],
        stop_strings: Callable[[tuple[str, ...]], StopStrings],
    ) -> None:
        self._model = model
        self._version = version
        self._stop_strings = stop_strings
        self._slots = slots = min(slots, len(requests_P))
        self._end_tokens = np.array(end_tokens, dtype=np.int64)
        self.decoder = decoder
        # By prompt, in order of first appearance: at most one prompt is partly admitted.
        groups: dict[_Prompt, list[RolloutRequest]] = {}
        for request in requests_P:
            groups.setdefault(request.prompt_T, []).append(request)
        self._waiting = deque(request for group in groups.values() for request in group)
        self._kept: _Prefix | None = None  # the last prompt's keys and values while its samples wait
        # One entry per slot:
        self._rows: list[_Row] = []
        self._parameters: RowParameters | None = None  # None = the rows have changed
        self._count = np.zeros(slots, dtype=np.int64)
        self._limit = np.zeros(slots, dtype=np.int64)
        self._uniforms = np.zeros((slots, UNIFORMS_AHEAD))
        self._tokens = np.zeros((slots, UNIFORMS_AHEAD), dtype=np.int64)
        self._logprobs = np.zeros((slots, UNIFORMS_AHEAD))
        self._versions = np.zeros((slots, UNIFORMS_AHEAD), dtype=np.int64)

    @property
    def _cache(self) -> SlotCache:
        return self.decoder.cache

    @property
    def done(self) -> bool:
        return not self._rows and not self._waiting

    def advance(self, seconds: float) -> list[Completion]:
        """Sample for about `seconds`, or until nothing is left. Returns the finished completions.

        Raises:
            RolloutError: the model's logits are NaN, or memory is exhausted.
        """
        deadline = time.perf_counter() + seconds
        finished: list[Completion] = []
        try:
            with self._model.sampling():
                while not self.done:
                    self._admit()
                    finished += self._step()
                    if time.perf_counter() >= deadline:
                        break
        except torch.OutOfMemoryError as error:
            raise RolloutError(
                f"out of memory while sampling {len(self._rows)} rows at once (their cache takes"
                f" {self._cache.nbytes / 2**30:.1f} GiB); lower max_batch or max_tokens"
            ) from error
        return finished

    # --- joining --------------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Admit waiting requests: prompts of similar length together, in forward passes of bounded size."""
        free = self._slots - len(self._rows)
        # A forward pass over one prompt costs about as much as over several, so wait until an eighth of the slots is
        # free.
        if not self._waiting or (self._rows and free < max(1, self._slots // 8)):
            return
        joining: dict[_Prompt, list[RolloutRequest]] = {}
        for _ in range(min(free, len(self._waiting))):
            request = self._waiting.popleft()
            joining.setdefault(request.prompt_T, []).append(request)
        kept, self._kept = self._kept, None
        if kept and kept.version == self._version() and kept.prompt in joining:
            self._join({kept.prompt: joining.pop(kept.prompt)}, kept.layers)
        chunk: dict[_Prompt, list[RolloutRequest]] = {}
        for prompt in sorted(joining, key=len):
            if chunk and len(prompt) * (len(chunk) + 1) > PREFILL_TOKENS:
                self._join(chunk, self._prefixes(chunk))
                chunk = {}
            chunk[prompt] = joining[prompt]
        if chunk:
            self._join(chunk, self._prefixes(chunk))

    def _prefixes(self, prompts: Sequence[_Prompt] | dict[_Prompt, list[RolloutRequest]]) -> KeysValues:
        """Keys and values of each prompt without its last token, aligned on the right; empty if no prompt has two
        tokens.
        """
        bodies = [prompt[:-1] for prompt in prompts]
        return self._model.prefill([body or (0,) for body in bodies]) if any(bodies) else []

    def _join(self, groups: dict[_Prompt, list[RolloutRequest]], prefixes: KeysValues) -> None:
        requests = [request for group in groups.values() for request in group]
        sources = [row for row, group in enumerate(groups.values()) for _ in group]
        first, last = len(self._rows), len(self._rows) + len(requests)
        for slot, request in enumerate(requests, start=first):
            stop = self._stop_strings(request.sampling.stop) if request.sampling.stop else None
            self._rows.append(_Row(request, UniformStream.of(request), stop))
            self._limit[slot] = request.sampling.max_tokens
            self._count[slot] = 0
        lengths = [len(request.prompt_T) - 1 for request in requests]
        self._cache.join(prefixes, sources, lengths, steps=self._steps_left())
        newest = self.decoder.newest
        newest[first:last] = torch.tensor([r.prompt_T[-1] for r in requests], device=newest.device)
        self._parameters = None
        if self._waiting and self._waiting[0].prompt_T in groups:
            prompt = self._waiting[0].prompt_T
            row = list(groups).index(prompt)
            one = [(keys[row : row + 1].clone(), values[row : row + 1].clone()) for keys, values in prefixes]
            self._kept = _Prefix(prompt, self._version(), one)

    def _steps_left(self) -> int:
        """The most steps that any of the rows may still take."""
        rows = len(self._rows)
        return int((self._limit[:rows] - self._count[:rows]).max())

    # --- one token a row ------------------------------------------------------------------------------------------

    def _step(self) -> list[Completion]:
        rows = len(self._rows)
        if self._parameters is None:
            self._parameters = RowParameters.of([row.request.sampling for row in self._rows], self._model.device)
        self._cache.reserve(steps=self._steps_left(), slots=min(self._slots, rows + len(self._waiting)))
        ids, logprobs = self.decoder.step(self._parameters, self._next_uniforms(rows))
        self._record(rows, ids, logprobs)
        return self._leave(rows)

    def _next_uniforms(self, rows: int) -> Numbers:
        column = self._count[:rows] % UNIFORMS_AHEAD
        for row in np.flatnonzero(column == 0):
            self._uniforms[row] = self._rows[row].stream.take(UNIFORMS_AHEAD)
        chosen: Numbers = self._uniforms[np.arange(rows), column]
        return chosen

    def _record(self, rows: int, ids: Integers, logprobs: Numbers) -> None:
        if not np.isfinite(logprobs).all():
            raise RolloutError(
                f"the model's logits are not finite numbers in {int((~np.isfinite(logprobs)).sum())} of {rows} rows;"
                " its weights are broken"
            )
        index, column = np.arange(rows), self._count[:rows]
        if int(column.max()) >= self._tokens.shape[1]:
            self._tokens = np.concatenate((self._tokens, np.zeros_like(self._tokens)), axis=1)
            self._logprobs = np.concatenate((self._logprobs, np.zeros_like(self._logprobs)), axis=1)
            self._versions = np.concatenate((self._versions, np.zeros_like(self._versions)), axis=1)
        self._tokens[index, column] = ids
        self._logprobs[index, column] = logprobs
        self._versions[index, column] = self._version()
        self._count[:rows] += 1

    # --- leaving --------------------------------------------------------------------------------------------------

    def _leave(self, rows: int) -> list[Completion]:
        """Remove finished rows from the batch: the last rows move into their slots."""
        count = self._count[:rows]
        newest = self._tokens[np.arange(rows), count - 1]
        stopped = np.isin(newest, self._end_tokens)
        for row, token in enumerate(newest.tolist()):
            stop = self._rows[row].stop
            if stop is not None and stop.may_complete(token) and not stopped[row]:
                stopped[row] = stop.completed(self._tokens[row, : count[row]].tolist())
        over = np.flatnonzero(stopped | (count >= self._limit[:rows])).tolist()
        if not over:
            return []
        finished = [self._completion(row, Finish.STOP if stopped[row] else Finish.LENGTH) for row in over]
        left = rows - len(over)
        holes = [row for row in over if row < left]
        moved = sorted(set(range(left, rows)) - set(over))
        self._cache.leave(moved, holes, left)
        for origin, target in zip(moved, holes, strict=True):
            self._rows[target] = self._rows[origin]
        for array in (self._count, self._limit, self._uniforms, self._tokens, self._logprobs, self._versions):
            array[holes] = array[moved]
        self.decoder.newest[holes] = self.decoder.newest[moved]
        del self._rows[left:]
        self._parameters = None
        return finished

    def _completion(self, row: int, finish: Finish) -> Completion:
        count = int(self._count[row])
        return Completion(
            request=self._rows[row].request,
            token_ids=tuple(self._tokens[row, :count].tolist()),
            loss_mask=(True,) * count,
            logprobs=tuple(self._logprobs[row, :count].tolist()),
            policy_versions=tuple(self._versions[row, :count].tolist()),
            finish=finish,
        )
