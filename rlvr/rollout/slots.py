"""`SlotCache`: the keys and values of a changing set of rows, ready for one token a row and step.

Every row occupies one slot of preallocated buffers `[slots, heads, columns, width]`, and all rows end at the same
column: a row of length n that joins at column `end` occupies columns `[end - n, end)`, and what is left of it is
masked. So a decode step writes one column for all rows (a slice: no concatenation, no scatter), a row's next position
is `end - start[row]`, a row leaves by letting the last row take its slot, and new rows join by copying their prefix to
end at `end`. When columns or slots run out, the live part moves to new buffers with half as many columns again.

Keys keep the rotation of the position they were computed at, so moving them between columns changes nothing.
It is a transformers `Cache`: models call `update` on it as on any other. It does not know of requests or sampling.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import Cache

KeysValues = list[tuple[Tensor, Tensor]]  # one pair a layer, each [rows, heads, columns, width]

SPARE_COLUMNS = 64  # new buffers have room for so many more steps at least


class SlotCache(Cache):  # type: ignore[misc]  # transformers is not typed
    """See the module's text. Slots 0 .. rows - 1 are in use; columns low .. end - 1 hold what they need.

    Args:
        slots: room for so many rows; `join` finds more when it needs them.
    """

    def __init__(self, slots: int, device: torch.device) -> None:
        super().__init__(layers=[])
        self.rows = 0
        self.low = 0
        self.end = 0
        self.start = torch.zeros(slots, dtype=torch.int64, device=device)  # first column of each row
        self._columns = 0
        self._buffers: KeysValues = []

    # --- what a transformers model calls --------------------------------------------------------------------------

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write the step's column [rows, heads, 1, width]; return all live columns. `advance` ends the step."""
        if layer_idx == len(self._buffers):  # nothing was prefilled: this is the first sight of the layer
            self._buffers.append((self._zeros(key_states), self._zeros(value_states)))
        keys, values = self._buffers[layer_idx]
        column = slice(self.end, self.end + 1)
        keys[: self.rows, :, column] = key_states
        values[: self.rows, :, column] = value_states
        live = slice(self.low, self.end + 1)
        return keys[: self.rows, :, live], values[: self.rows, :, live]

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002
        return self.end - self.low

    def get_mask_sizes(self, query_length: int, layer_idx: int = 0) -> tuple[int, int]:  # noqa: ARG002
        return self.end - self.low + query_length, 0

    # --- what the batch calls -------------------------------------------------------------------------------------

    @property
    def nbytes(self) -> int:
        """Memory of the buffers."""
        return sum(keys.nbytes + values.nbytes for keys, values in self._buffers)

    def positions(self) -> Tensor:
        """The position of each row's next token. [rows]"""
        return self.end - self.start[: self.rows]

    def visible(self, window: int | None = None) -> Tensor:
        """Which live columns the step's token may attend to, its own included. [rows, end - low + 1] bool"""
        columns = torch.arange(self.low, self.end + 1, device=self.start.device)
        first = self.start[: self.rows]
        if window is not None:
            first = first.clamp(min=self.end + 1 - window)
        return columns >= first.unsqueeze(1)

    def advance(self) -> None:
        """The step's column is written in every layer: the next step has a new one."""
        self.end += 1

    def reserve(self, *, steps: int = SPARE_COLUMNS, slots: int = 0) -> None:
        """Make sure that the next step has a column. New buffers have room for `steps` and `slots`, not much more."""
        if self.end >= self._columns:
            self._move(self.end - self.low, slots=max(slots, self.rows), steps=steps)

    def join(
        self, prefixes: KeysValues, source: Sequence[int], lengths: Sequence[int], *, steps: int = SPARE_COLUMNS
    ) -> None:
        """Add rows whose tokens so far are computed.

        Args:
            prefixes: each layer's keys and values [P, heads, T, width], aligned at the right; or none at all.
            source: for each new row, which of the P it starts from.
            lengths: the number of tokens of each new row's prefix; 0 = none.
            steps: where new buffers are made, room for up to so many steps.
        """
        longest = max(lengths)
        first, last = self.rows, self.rows + len(lengths)
        if first == 0:
            self.low = self.end
        if longest > self.end or self.end >= self._columns or last > len(self.start):
            self._move(max(longest, self.end - self.low), slots=max(last, len(self.start)), steps=steps)
        device = self.start.device
        self.start[first:last] = self.end - torch.tensor(lengths, dtype=torch.int64, device=device)
        self.rows = last
        self.low = min(self.low, self.end - longest)
        index = torch.tensor(source, dtype=torch.int64, device=device)
        columns = slice(self.end - longest, self.end)
        for layer, pair in enumerate(prefixes):
            if layer == len(self._buffers):
                self._buffers.append((self._zeros(pair[0]), self._zeros(pair[1])))
            for buffer, new in zip(self._buffers[layer], pair, strict=True):
                buffer[first:last, :, columns] = new[:, :, new.shape[2] - longest :][index]

    def leave(self, moved: Sequence[int], holes: Sequence[int], rows: int) -> None:
        """Let rows go: slot moved[i] takes the place of holes[i], and `rows` slots stay in use."""
        if moved:
            device = self.start.device
            origin = torch.tensor(moved, dtype=torch.int64, device=device)
            target = torch.tensor(holes, dtype=torch.int64, device=device)
            live = slice(self.low, self.end)
            for pair in self._buffers:
                for buffer in pair:
                    buffer[target, :, live] = buffer[origin, :, live]
            self.start[target] = self.start[origin]
        self.rows = rows
        if rows:
            self.low = int(self.start[:rows].min())

    def _zeros(self, like: Tensor) -> Tensor:
        # Masked columns have weight 0, and 0 times whatever uninitialised memory holds may be NaN.
        return like.new_zeros(len(self.start), like.shape[1], self._columns, like.shape[3])

    def _move(self, end: int, *, slots: int, steps: int) -> None:
        """Move the live columns to new buffers of `slots` rows, where they end at column `end`."""
        live, shift = slice(self.low, self.end), end - self.end
        self._columns = end + max(1, min(steps, end // 2 + SPARE_COLUMNS))
        start = torch.zeros(slots, dtype=torch.int64, device=self.start.device)
        start[: self.rows] = self.start[: self.rows] + shift
        self.start = start
        self.low += shift
        self.end = end
        for layer, pair in enumerate(self._buffers):
            fresh = []
            for buffer in pair:
                new = self._zeros(buffer)
                new[: self.rows, :, self.low : self.end] = buffer[: self.rows, :, live]
                fresh.append(new)
            self._buffers[layer] = (fresh[0], fresh[1])
