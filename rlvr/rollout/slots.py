"""`SlotCache`: a key-value cache for continuous batching, in which all rows advance by one token per step.

Every row occupies one slot of preallocated buffers `[slots, heads, columns, width]`, and all rows end at the same
column: a row of length n that joins at column `end` occupies columns `[end - n, end)`, and columns to the left of it
are masked. So a decode step writes one column for all rows (a slice: no concatenation, no scatter), a row's next
position is `end - start[row]`, a row leaves by giving its slot to the last row, and new rows join by copying their
prefix to end at `end`. When columns or slots run out, the live part moves to new buffers with 50% more columns.

Keys keep the rotation of the position they were computed at, so they can move between columns. Buffers of equal shape
share one block of memory across layers, so a row moves in one copy. It is a transformers `Cache`: models call `update`
on it as on any other. It does not handle requests or sampling.

Within `fixed(rows, columns)` a step has a given shape: it computes slots 0 .. rows - 1 over columns 0 .. columns - 1,
and reads the index of its column from a tensor. Such a step can be recorded once and replayed later
(`rlvr/rollout/graphs.py`). Unused slots see only their own column, at position 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from transformers import Cache

KeysValues = list[tuple[Tensor, Tensor]]  # one pair per layer, each [rows, heads, columns, width]

SPARE_COLUMNS = 64  # new buffers have room for at least this many more steps
UNUSED = 2**40  # start of an unused slot: beyond all columns, so it sees none


class SlotCache(Cache):  # type: ignore[misc]  # transformers is not typed
    """See the module docstring. Slots 0 .. rows - 1 are in use; their keys and values are in columns low .. end - 1.

    Args:
        slots: initial number of rows; `join` grows it on demand.
        kept_bytes: new buffers are at least as large as the previous ones in every dimension, up to this much memory.
        round_to: columns of new buffers are a multiple of it.
    """

    def __init__(self, slots: int, device: torch.device, *, kept_bytes: int = 0, round_to: int = 1) -> None:
        super().__init__(layers=[])
        self.rows = 0
        self.low = 0
        self.end = 0
        self.start = torch.full((slots,), UNUSED, dtype=torch.int64, device=device)  # first column of each row
        self.made = 0  # number of buffer allocations: graphs recorded with earlier buffers are invalid
        self._kept_bytes, self._round_to = kept_bytes, round_to
        self._columns = 0
        # [tensors, slots, heads, columns, width]: keys and values of all layers of one shape; and the index of each.
        self._blocks: list[Tensor] = []
        self._places: list[tuple[int, int]] = []  # keys, values, keys, values, ...
        self._buffers: KeysValues = []  # the same memory, layer by layer
        self._shape: tuple[int, int] | None = None  # (rows, columns) of a fixed step; None = the live ones
        # `end` as a tensor, for recorded steps
        self._column = torch.zeros(1, dtype=torch.int64, device=device)

    @contextmanager
    def fixed(self, rows: int, columns: int) -> Iterator[None]:
        """Steps within this context compute `rows` slots over `columns` columns, and do not advance, as a replay would
        not.
        """
        self._shape = rows, columns
        try:
            yield
        finally:
            self._shape = None

    def aim(self) -> None:
        """Set the column that fixed steps write to `end`."""
        self._column.fill_(self.end)

    # --- what a transformers model calls --------------------------------------------------------------------------

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write the step's column [rows, heads, 1, width] and return all live columns. `advance` ends the step."""
        if layer_idx == len(self._buffers):  # nothing was prefilled: the first call for this layer
            self._make([(key_states, value_states)])
        keys, values = self._buffers[layer_idx]
        if self._shape is not None:
            rows, columns = self._shape
            keys[:rows].index_copy_(2, self._column, key_states.to(keys.dtype))
            values[:rows].index_copy_(2, self._column, value_states.to(values.dtype))
            return keys[:rows, :, :columns], values[:rows, :, :columns]
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
    def columns(self) -> int:
        """Columns of the buffers."""
        return self._columns

    @property
    def nbytes(self) -> int:
        """Memory of the buffers."""
        return sum(block.nbytes for block in self._blocks)

    def positions(self) -> Tensor:
        """The position of each row's next token. [rows]"""
        if self._shape is not None:
            return (self._column - self.start[: self._shape[0]]).clamp(min=0)
        return self.end - self.start[: self.rows]

    def visible(self, window: int | None = None) -> Tensor:
        """The columns that the step's token may attend to, including its own: [rows, end - low + 1] bool, or the fixed
        shape.
        """
        if self._shape is not None:
            rows, width = self._shape
            columns = torch.arange(width, device=self.start.device)
            first = self.start[:rows] if window is None else self.start[:rows].clamp(min=self._column + 1 - window)
            return ((columns >= first.unsqueeze(1)) & (columns < self._column)) | (columns == self._column)
        columns = torch.arange(self.low, self.end + 1, device=self.start.device)
        first = self.start[: self.rows]
        if window is not None:
            first = first.clamp(min=self.end + 1 - window)
        return columns >= first.unsqueeze(1)

    def advance(self) -> None:
        """Move on to the next column, after every layer has written this one. Not within `fixed`."""
        if self._shape is None:
            self.end += 1

    @torch.inference_mode()
    def empty(self) -> None:
        """Remove all rows; keep the buffers."""
        self.rows = 0
        self.start.fill_(UNUSED)

    def reserve(self, *, steps: int = SPARE_COLUMNS, slots: int = 0) -> None:
        """Ensure that the next step has a column. New buffers have room for `steps` and `slots`, and little more."""
        if self.end >= self._columns:
            self._move(self.end - self.low, slots=max(slots, self.rows), steps=steps)

    def join(
        self, prefixes: KeysValues, source: Sequence[int], lengths: Sequence[int], *, steps: int = SPARE_COLUMNS
    ) -> None:
        """Add rows with precomputed prefixes.

        Args:
            prefixes: each layer's keys and values [P, heads, T, width], aligned on the right; or empty.
            source: for each new row, the index of its prefix among the P.
            lengths: the number of tokens of each new row's prefix; 0 = none.
            steps: room for up to this many steps if new buffers are made.
        """
        longest = max(lengths)
        first, last = self.rows, self.rows + len(lengths)
        if first == 0:
            if longest < self._columns:
                self.end = longest  # no live rows: start at the left again
            self.low = self.end
        if longest > self.end or self.end >= self._columns or last > len(self.start):
            self._move(max(longest, self.end - self.low), slots=max(last, len(self.start)), steps=steps)
        device = self.start.device
        self.start[first:last] = self.end - torch.tensor(lengths, dtype=torch.int64, device=device)
        self.rows = last
        self.low = min(self.low, self.end - longest)
        index = torch.tensor(source, dtype=torch.int64, device=device)
        columns = slice(self.end - longest, self.end)
        if len(self._buffers) < len(prefixes):
            self._make(prefixes[len(self._buffers) :])
        for buffers, pair in zip(self._buffers, prefixes, strict=False):
            for buffer, new in zip(buffers, pair, strict=True):
                buffer[first:last, :, columns] = new[:, :, new.shape[2] - longest :][index]

    def leave(self, moved: Sequence[int], holes: Sequence[int], rows: int) -> None:
        """Remove rows: slot moved[i] replaces slot holes[i], and `rows` slots remain in use."""
        if moved:
            device = self.start.device
            origin = torch.tensor(moved, dtype=torch.int64, device=device)
            target = torch.tensor(holes, dtype=torch.int64, device=device)
            live = slice(self.low, self.end)
            for block in self._blocks:
                block[:, target, :, live] = block[:, origin, :, live]
            self.start[target] = self.start[origin]
        self.start[rows:] = UNUSED
        self.rows = rows
        if rows:
            self.low = int(self.start[:rows].min())

    def _make(self, like: KeysValues) -> None:
        """Add buffers for layers with keys and values like these; equal shapes share a block."""
        flat = [tensor for pair in like for tensor in pair]
        kinds: dict[tuple[int, int, torch.dtype], int] = {}
        counts: list[int] = []
        for tensor in flat:
            kind = kinds.setdefault((tensor.shape[1], tensor.shape[3], tensor.dtype), len(kinds))
            counts += [0] * (kind + 1 - len(counts))
            self._places.append((len(self._blocks) + kind, counts[kind]))
            counts[kind] += 1
        for (heads, width, dtype), kind in kinds.items():
            # Zeroed because masked columns have weight 0, and 0 times NaN in uninitialised memory would be NaN.
            shape = (counts[kind], len(self.start), heads, self._columns, width)
            self._blocks.append(torch.zeros(shape, dtype=dtype, device=self.start.device))
        self._view()

    def _view(self) -> None:
        flat = [self._blocks[block][index] for block, index in self._places]
        self._buffers = list(zip(flat[::2], flat[1::2], strict=True))
        self.made += 1

    def _move(self, end: int, *, slots: int, steps: int) -> None:
        """Move the live columns to new buffers of `slots` rows, where they end at column `end`."""
        live, shift = slice(self.low, self.end), end - self.end
        columns = end + max(1, min(steps, end // 2 + SPARE_COLUMNS))
        columns = -(-columns // self._round_to) * self._round_to
        largest = max(slots, len(self.start)), max(columns, self._columns)
        a_place = sum(b.shape[0] * b.shape[2] * b.shape[4] * b.element_size() for b in self._blocks)
        if 0 < a_place * largest[0] * largest[1] <= self._kept_bytes:
            slots, columns = largest
        self._columns = columns
        start = torch.full((slots,), UNUSED, dtype=torch.int64, device=self.start.device)
        start[: self.rows] = self.start[: self.rows] + shift
        self.start = start
        self.low += shift
        self.end = end
        self._buffers = []  # frees the old memory as soon as its block is replaced
        for number, block in enumerate(self._blocks):
            tensors, _, heads, _, width = block.shape
            new = block.new_zeros(tensors, slots, heads, columns, width)
            new[:, : self.rows, :, self.low : self.end] = block[:, : self.rows, :, live]
            self._blocks[number] = new
        self._view()
