"""`SlotCache`: the keys and values of a changing set of rows, ready for one token a row and step.

Every row occupies one slot of preallocated buffers `[slots, heads, columns, width]`, and all rows end at the same
column: a row of length n that has been joined at column `end` occupies columns `[end - n, end)`, its left is masked.
So a decode step writes one column for all rows (a slice, no concatenation and no scatter), a row's next position is
`end - start[row]`, a row leaves by moving the last row into its slot, and new rows join by copying their prefix to
end at `end`. When the columns run out, the live ones move to the front of larger buffers (doubling: amortised).

Keys carry their rotation from the position they were computed at, so moving them between columns changes nothing.
It is a transformers `Cache`: models call `update` on it as on any other. It does not know of requests or sampling.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import Cache

KeysValues = list[tuple[Tensor, Tensor]]  # one pair a layer, each [rows, heads, columns, width]

SPARE_COLUMNS = 64  # room for so many steps at least when buffers are made anew


class SlotCache(Cache):  # type: ignore[misc]  # transformers is not typed
    """See the module's text. `rows` slots are in use: 0 .. rows - 1; columns `low` .. `end` - 1 hold what they need."""

    def __init__(self, slots: int, device: torch.device) -> None:
        super().__init__(layers=[])
        self.slots = slots
        self.rows = 0
        self.low = 0
        self.end = 0
        self.capacity = 0
        self.start = torch.zeros(slots, dtype=torch.int64, device=device)  # first column of each row
        self._buffers: KeysValues = []

    # --- what a transformers model calls --------------------------------------------------------------------------

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write the step's column [rows, heads, 1, width]; return all live columns. `advance` ends the step."""
        if layer_idx == len(self._buffers):  # prompts of one token: nothing was prefilled, so this is the first sight
            self._buffers.append((self._empty(key_states), self._empty(value_states)))
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

    def reserve(self) -> None:
        """Make sure that the next step has a column."""
        if self.end >= self.capacity:
            self._rebase(self.end - self.low)

    def join(self, prefixes: KeysValues, source: Sequence[int], lengths: Sequence[int]) -> None:
        """Add rows whose tokens so far are computed.

        Args:
            prefixes: each layer's keys and values [P, heads, width of the longest, width], aligned at the right.
            source: for each new row, which of the P it starts from.
            lengths: the number of tokens of each new row's prefix; 0 = none.
        """
        longest = max(lengths)
        if self.rows == 0:
            self.low = self.end
        if longest > self.end or self.end >= self.capacity:
            self._rebase(max(longest, self.end - self.low))
        first, last = self.rows, self.rows + len(lengths)
        device = self.start.device
        self.start[first:last] = self.end - torch.tensor(lengths, dtype=torch.int64, device=device)
        self.rows = last
        self.low = min(self.low, self.end - longest)
        if longest == 0:
            return
        index = torch.tensor(source, dtype=torch.int64, device=device)
        columns = slice(self.end - longest, self.end)
        for layer, (keys, values) in enumerate(prefixes):
            if layer == len(self._buffers):
                self._buffers.append((self._empty(keys), self._empty(values)))
            for buffer, new in zip(self._buffers[layer], (keys, values), strict=True):
                buffer[first:last, :, columns] = new[:, :, -longest:][index]

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

    def _empty(self, like: Tensor) -> Tensor:
        # Zeros: masked columns have weight 0, and 0 times whatever uninitialised memory holds may be NaN.
        return like.new_zeros(self.slots, like.shape[1], self.capacity, like.shape[3])

    def _rebase(self, end: int) -> None:
        """Move the live columns into buffers with room, so that they end at column `end`."""
        live, shift = slice(self.low, self.end), end - self.end
        self.capacity = max(2 * end, end + SPARE_COLUMNS)
        target = slice(self.low + shift, end)
        for layer, pair in enumerate(self._buffers):
            keys, values = (self._empty(buffer) for buffer in pair)
            keys[: self.rows, :, target] = pair[0][: self.rows, :, live]
            values[: self.rows, :, target] = pair[1][: self.rows, :, live]
            self._buffers[layer] = (keys, values)
        self.start += shift
        self.low += shift
        self.end = end
