"""`Decoder`: a decode step, from the newest tokens and the cache to sampled ids and log-probabilities on the host.

On a CPU a step computes the live rows. On a GPU it is padded to one of a few shapes, and the steps are recorded as CUDA
graphs (`graphs.py`), including sampling if all rows use the same parameters. The results of padding rows are dropped.
Buffers and graphs outlive a generation if they take at most `KEPT_SHARE` of the device's memory.

It handles rows; `DecodeBatch` handles requests.

Example:
    decoder = Decoder(model, slots=64)
    decoder.cache.join(prefixes, sources, lengths); decoder.newest[:64] = last_tokens
    ids, logprobs = decoder.step(parameters, uniforms)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from rlvr.rollout.forward import CausalModel
from rlvr.rollout.graphs import Graphs
from rlvr.rollout.sampling import RowParameters, draw, greedy, sample, tempered
from rlvr.rollout.slots import SlotCache

Numbers: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
Integers: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"

KEPT_SHARE = 0.125  # of the device's memory
ROUND_COLUMNS = 64


class Decoder:
    """Holds the newest token of each row (at most `slots`) and the cache. Call `restart` before another generation.

    fixed: whether steps are padded to a few shapes; None = on a GPU only.
    """

    def __init__(self, model: CausalModel, slots: int, *, fixed: bool | None = None) -> None:
        self._model, device = model, model.device
        on_gpu = device.type == "cuda"
        self._fixed = on_gpu if fixed is None else fixed
        total = torch.cuda.get_device_properties(device).total_memory if on_gpu else 0
        self._kept_bytes = int(total * KEPT_SHARE)
        self.slots = slots
        self.cache = SlotCache(slots, device, kept_bytes=self._kept_bytes, round_to=ROUND_COLUMNS if self._fixed else 1)
        # Each row's last token: the next step's input
        self.newest = torch.zeros(slots, dtype=torch.int64, device=device)
        self._uniforms = torch.zeros(slots, dtype=torch.float64, device=device)
        self._drawn = torch.zeros(2, slots, dtype=torch.float64, device=device)  # ids, log-probabilities
        self._logits: Tensor | None = None  # [slots, V], if rows have different parameters
        self._graphs = Graphs(device)
        self._tried = not self._graphs.recording
        # The state of buffers and weights in which the graphs were recorded
        self._recorded_with: tuple[object, ...] = ()

    def restart(self) -> None:
        """Remove all rows; keep graphs that are still valid for the current weights."""
        self.cache.empty()
        self._check_recorded()

    def _check_recorded(self) -> None:
        found = (self.cache.made, *self._model.state())
        if found != self._recorded_with:
            self._graphs.clear()
            self._recorded_with = found

    @property
    def worth_keeping(self) -> bool:
        """Whether to keep the memory until the next generation."""
        return self._fixed and self.cache.nbytes <= self._kept_bytes

    def step(self, parameters: RowParameters, uniforms: Numbers) -> tuple[Integers, Numbers]:
        """Sample one token per row and make it the newest. Ids and log-probabilities [rows]."""
        if self._fixed:
            return self._fixed_step(parameters, uniforms)
        rows = self.cache.rows
        logits = self._model.decode(self.newest[:rows], self.cache)
        ids, logprobs = sample(logits, parameters, torch.from_numpy(uniforms).to(logits.device))
        self.newest[:rows] = ids
        return ids.cpu().numpy(), logprobs.cpu().numpy()

    def _fixed_step(self, parameters: RowParameters, uniforms: Numbers) -> tuple[Integers, Numbers]:
        if not self._recorded_with or self.cache.made != self._recorded_with[0]:
            self._check_recorded()
        live = self.cache.rows
        rows = min(rows_of_step(live), len(self.cache.start), len(self.newest))
        columns = min(columns_of_step(self.cache.end + 1), self.cache.columns)
        self.cache.aim()
        self._uniforms[:live].copy_(torch.from_numpy(uniforms))
        alike = _alike(parameters)

        def compute() -> None:
            with self.cache.fixed(rows, columns):
                logits = self._model.decode(self.newest[:rows], self.cache)
            if alike is None:
                if self._logits is None:
                    self._logits = logits.new_empty(len(self.newest), logits.shape[1])
                self._logits[:rows] = logits
            elif alike == 0.0:
                self._take(*greedy(logits))
            else:
                self._take(*draw(tempered(logits, alike), self._uniforms[:rows]))

        self._replayed(rows, (rows, columns, alike), compute)
        if alike is None:
            assert self._logits is not None
            self._take(*sample(self._logits[:live], parameters, self._uniforms[:live]))
        self.cache.advance()
        drawn = self._drawn[:, :live].cpu().numpy()
        return drawn[0].astype(np.int64), drawn[1]

    def _take(self, ids: Tensor, logprobs: Tensor) -> None:
        """Set the newest tokens."""
        self.newest[: len(ids)] = ids
        self._drawn[0, : len(ids)] = ids.double()  # exact: a vocabulary is smaller than 2^53
        self._drawn[1, : len(ids)] = logprobs

    def _replayed(self, rows: int, key: Hashable, compute: Callable[[], None]) -> None:
        if self._tried or self._logits is not None or not self._graphs.holds(key):
            self._graphs.run(key, compute)
            return
        # Check the first replay against a plain step: a value that the model reads on the host (a length, say) would be
        # frozen in the graph.
        before = self.newest[:rows].clone()
        self._graphs.replay(key)
        replayed = self._drawn[:, :rows].clone()
        self.newest[:rows] = before
        compute()
        self._tried = True
        if not torch.allclose(replayed, self._drawn[:, :rows], rtol=1e-3, atol=1e-3, equal_nan=True):
            self._graphs.give_up("one gives something else than when it is launched plainly")


def rows_of_step(count: int) -> int:
    """The number of rows to compute for `count` rows: rounded up, so that steps have few shapes.

    Example:
        >>> [rows_of_step(count) for count in (1, 3, 9, 65, 200)]
        [1, 4, 16, 96, 224]
    """
    if count <= 4:
        return 1 << (count - 1).bit_length()
    unit = 8 if count <= 64 else 32
    return -(-count // unit) * unit


def columns_of_step(count: int) -> int:
    """The number of columns to attend to for at least `count` columns: rounded up.

    Example:
        >>> [columns_of_step(count) for count in (1, 129, 1025)]
        [128, 256, 1536]
    """
    unit = 128 if count <= 1024 else 512
    return -(-count // unit) * unit


def _alike(parameters: RowParameters) -> float | None:
    """The temperature if all rows share it (0 = greedy) and none filters tokens; else None."""
    if parameters.all_greedy:
        return 0.0
    if parameters.any_greedy or parameters.any_cold or parameters.filtered or math.isnan(parameters.shared_temperature):
        return None
    return parameters.shared_temperature
