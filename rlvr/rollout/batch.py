"""`DecodeBatch`: the rows being sampled now, and the requests that wait for a place. Synchronous torch work.

A row joins with the keys and values of all its tokens but the last, and the last one goes through the next step like
any sampled token. So a prompt shared by the samples of a group is computed once, whatever their number, and the first
token of a response is drawn by the same code as every other. Rows leave when they end; waiting requests fill the
places, several at a time so that their prompts share a forward pass.
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
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.sampling import RowParameters, UniformStream, sample
from rlvr.rollout.slots import KeysValues, SlotCache
from rlvr.rollout.stop import StopStrings
from rlvr.types import Completion, RolloutRequest

_Numbers: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"
_Integers: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"

UNIFORMS_AHEAD = 32  # random numbers a stream makes at a time
PREFILL_TOKENS = 4096  # prompt tokens, padding included, in one forward pass


@dataclass(slots=True)
class _Row:
    """A request that is being sampled."""

    request: RolloutRequest
    stream: UniformStream
    stop: StopStrings | None  # None = it has no stop strings


class DecodeBatch:
    """Draws completions for a fixed list of requests. `advance` does a slice of the work; `done` says when it is over.

    version: gives the version of the weights in use; asked once a step.
    stop_strings: gives the detector for a set of stop strings.
    """

    def __init__(
        self,
        model: CausalModel,
        requests_P: Sequence[RolloutRequest],  # noqa: N803
        *,
        end_tokens: Sequence[int],
        slots: int,
        version: Callable[[], int],
        stop_strings: Callable[[tuple[str, ...]], StopStrings],
    ) -> None:
        self._model = model
        self._version = version
        self._stop_strings = stop_strings
        slots = min(slots, len(requests_P))
        self._slots = slots
        self._end_tokens = np.array(end_tokens, dtype=np.int64)
        device = model.device
        self._cache = SlotCache(slots, device)
        self._newest = torch.zeros(slots, dtype=torch.int64, device=device)  # the token that goes in next
        # By prompt in order of first appearance, so that at most one prompt is ever half admitted.
        groups: dict[tuple[int, ...], list[RolloutRequest]] = {}
        for request in requests_P:
            groups.setdefault(request.prompt_T, []).append(request)
        self._waiting = deque(request for group in groups.values() for request in group)
        self._kept: tuple[int, tuple[int, ...], KeysValues] | None = None  # version, prompt, its keys and values
        # One entry a slot:
        self._rows: list[_Row] = []
        self._parameters: RowParameters | None = None  # None = the rows have changed
        self._count = np.zeros(slots, dtype=np.int64)
        self._limit = np.zeros(slots, dtype=np.int64)
        self._uniforms = np.zeros((slots, UNIFORMS_AHEAD))
        self._tokens = np.zeros((slots, UNIFORMS_AHEAD), dtype=np.int64)
        self._logprobs = np.zeros((slots, UNIFORMS_AHEAD))
        self._versions = np.zeros((slots, UNIFORMS_AHEAD), dtype=np.int64)

    @property
    def done(self) -> bool:
        return not self._rows and not self._waiting

    def advance(self, seconds: float) -> list[Completion]:
        """Sample until something is finished and `seconds` have passed, or nothing is left. Returns what finished."""
        deadline = time.perf_counter() + seconds
        finished: list[Completion] = []
        with self._model.sampling():
            while not self.done:
                self._admit()
                finished += self._step()
                if time.perf_counter() >= deadline:
                    break
        return finished

    # --- joining --------------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        free = self._slots - len(self._rows)
        # A prompt's forward pass costs about as much for one row as for several: wait until an eighth is free.
        if not self._waiting or (self._rows and free < max(1, self._slots // 8)):
            return
        joining = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        while joining:
            prompts: list[tuple[int, ...]] = []
            width = 1
            taken = 0
            for request in joining:
                prompt = request.prompt_T
                if prompt not in prompts:
                    wider = max(width, len(prompt))
                    if prompts and wider * (len(prompts) + 1) > PREFILL_TOKENS:
                        break
                    width = wider
                    prompts.append(prompt)
                taken += 1
            self._join(joining[:taken], prompts)
            del joining[:taken]

    def _join(self, requests: Sequence[RolloutRequest], prompts: Sequence[tuple[int, ...]]) -> None:
        rows = {prompt: row for row, prompt in enumerate(prompts)}
        prefixes = self._prefixes(prompts)
        first = len(self._rows)
        self._cache.join(prefixes, [rows[r.prompt_T] for r in requests], [len(r.prompt_T) - 1 for r in requests])
        for slot, request in enumerate(requests, start=first):
            stop = self._stop_strings(request.sampling.stop) if request.sampling.stop else None
            self._rows.append(_Row(request, UniformStream.of(request), stop))
            self._limit[slot] = request.sampling.max_tokens
            self._count[slot] = 0
        last = first + len(requests)
        self._newest[first:last] = torch.tensor([r.prompt_T[-1] for r in requests], device=self._newest.device)
        self._parameters = None
        waits = self._waiting and self._waiting[0].prompt_T
        if waits and waits in rows:
            row = rows[waits]
            self._kept = (self._version(), waits, [(k[row : row + 1], v[row : row + 1]) for k, v in prefixes])
        else:
            self._kept = None

    def _prefixes(self, prompts: Sequence[tuple[int, ...]]) -> KeysValues:
        """Keys and values of each prompt but its last token, aligned at the right."""
        if self._kept and list(prompts) == [self._kept[1]] and self._kept[0] == self._version():
            return self._kept[2]
        bodies = [prompt[:-1] for prompt in prompts]
        if not any(bodies):
            return []
        return self._model.prefill([body or (0,) for body in bodies])

    # --- one token a row ------------------------------------------------------------------------------------------

    def _step(self) -> list[Completion]:
        rows = len(self._rows)
        if self._parameters is None:
            self._parameters = RowParameters.of([row.request.sampling for row in self._rows], self._newest.device)
        logits = self._model.decode(self._newest[:rows], self._cache)
        uniforms = torch.from_numpy(self._next_uniforms(rows)).to(logits.device)
        ids, logprobs = sample(logits, self._parameters, uniforms)
        self._newest[:rows] = ids
        self._record(rows, ids.cpu().numpy(), logprobs.cpu().numpy())
        return self._leave(rows)

    def _next_uniforms(self, rows: int) -> _Numbers:
        column = self._count[:rows] % UNIFORMS_AHEAD
        for row in np.flatnonzero(column == 0):
            self._uniforms[row] = self._rows[row].stream.take(UNIFORMS_AHEAD)
        chosen: _Numbers = self._uniforms[np.arange(rows), column]
        return chosen

    def _record(self, rows: int, ids: _Integers, logprobs: _Numbers) -> None:
        if not np.isfinite(logprobs).all():
            raise RolloutError(
                f"the model's logits are not numbers in {int((~np.isfinite(logprobs)).sum())} of {rows} rows;"
                " its weights or its precision are broken"
            )
        index, column = np.arange(rows), self._count[:rows]
        width = self._tokens.shape[1]
        if int(column.max()) >= width:
            self._tokens = np.concatenate((self._tokens, np.zeros_like(self._tokens)), axis=1)
            self._logprobs = np.concatenate((self._logprobs, np.zeros_like(self._logprobs)), axis=1)
            self._versions = np.concatenate((self._versions, np.zeros_like(self._versions)), axis=1)
        self._tokens[index, column] = ids
        self._logprobs[index, column] = logprobs
        self._versions[index, column] = self._version()
        self._count[:rows] += 1

    # --- leaving --------------------------------------------------------------------------------------------------

    def _leave(self, rows: int) -> list[Completion]:
        """Take the rows that ended out of the batch: the last rows move into their slots."""
        count = self._count[:rows]
        newest = self._tokens[np.arange(rows), count - 1]
        stopped = np.isin(newest, self._end_tokens)
        for row, entry in enumerate(self._rows):
            stop = entry.stop
            if stop is not None and not stopped[row] and stop.may_complete(int(newest[row])):
                stopped[row] = stop.completed(self._tokens[row, : count[row]].tolist())
        over = np.flatnonzero(stopped | (count >= self._limit[:rows]))
        if over.size == 0:
            return []
        finished = [self._completion(int(row), Finish.STOP if stopped[row] else Finish.LENGTH) for row in over]
        left = rows - len(over)
        holes = [int(row) for row in over if row < left]
        moved = sorted(set(range(left, rows)) - set(over.tolist()))
        self._cache.leave(moved, holes, left)
        for origin, target in zip(moved, holes, strict=True):
            self._rows[target] = self._rows[origin]
            for array in (self._count, self._limit, self._uniforms, self._tokens, self._logprobs, self._versions):
                array[target] = array[origin]
            self._newest[target] = self._newest[origin]
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
