"""Check before sampling that a padded batch with our cache and masks gives the results of plain passes.

Some models count positions from a two-dimensional mask, add a bias that grows with the distance to the padding, or keep
state outside the cache; in a batch of unequal rows their results would be silently wrong. Two short sequences of
unequal length go through prefill and two decode steps, the longer one again on its own (equal prompts are prefilled
without a mask), and the logits are compared with those of a plain pass over each. A few milliseconds for a small model,
once per engine.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rlvr.errors import RolloutError
from rlvr.rollout.forward import CausalModel
from rlvr.rollout.slots import SlotCache

LENGTHS = (3, 8)
STEPS = 2
LONGEST_WINDOW = 32  # the longer sequence exceeds sliding windows up to this length

# Largest difference, as a share of the logits' spread over the vocabulary. Half precision rounds differently in a
# batch, and a router may choose another expert; wrong positions or masks give differences as large as the spread.
TOLERANCE = {torch.float64: 1e-4, torch.float32: 1e-3}
TOLERANCE_HALF = 0.3


def check_batching(model: CausalModel) -> None:
    """Compare padded decoding with plain passes. Call on the compute thread.

    Raises:
        RolloutError: they differ, or the model's output is not finite.
    """
    sequences = _sequences(model)
    if sequences is None:
        return
    plain = _plain(model, sequences)
    try:
        batched = torch.cat((_batched(model, sequences), _batched(model, sequences[1:])))
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, KeyError) as error:
        # An architecture may raise anything for an unfamiliar mask or cache.
        raise RolloutError(f"{_cannot(model)}: {type(error).__name__}: {error}") from error
    if not bool(torch.isfinite(plain).all()):
        raise RolloutError("the model's logits are not finite numbers; its weights are broken")
    plain = torch.cat((plain, plain[1:]))
    spread = plain.double().std(dim=-1, keepdim=True).clamp(min=1e-12)
    difference = float(((batched.double() - plain.double()) / spread).square().mean(dim=-1).sqrt().max())
    if not difference <= TOLERANCE.get(model.core.dtype, TOLERANCE_HALF):
        raise RolloutError(
            f"{_cannot(model)}: padded, it gives other logits than alone (off by {difference:.2g} of their spread)"
        )


def _cannot(model: CausalModel) -> str:
    return f"{type(model.core).__name__} cannot be sampled in batches by this engine (try another, such as vLLM)"


def _sequences(model: CausalModel) -> list[list[int]] | None:
    windows = [w for w in model.windows.values() if w is not None and w <= LONGEST_WINDOW]
    lengths = [LENGTHS[0], max([LENGTHS[1], *(window + 2 for window in windows)])]
    room = (model.position_limit or max(lengths) + STEPS) - STEPS
    lengths = [min(length, room) for length in lengths]
    if min(lengths) < 1:
        return None
    # Any tokens will do, except equal ones, which would hide a shift.
    return [[(7 * i + 3 * row + 1) % model.vocabulary for i in range(n + STEPS)] for row, n in enumerate(lengths)]


def _batched(model: CausalModel, sequences: list[list[int]]) -> Tensor:
    bodies = [sequence[: -STEPS - 1] for sequence in sequences]
    cache = SlotCache(len(sequences), model.device)
    with model.sampling():
        prefixes = model.prefill([body or [0] for body in bodies]) if any(bodies) else []
        cache.join(prefixes, range(len(bodies)), [len(body) for body in bodies])
        logits = []
        for step in range(STEPS + 1):
            cache.reserve()
            newest = torch.tensor([sequence[step - STEPS - 1] for sequence in sequences], device=model.device)
            logits.append(model.decode(newest, cache))
    return torch.stack(logits, dim=1)  # [sequences, STEPS + 1, V]


def _plain(model: CausalModel, sequences: list[list[int]]) -> Tensor:
    with model.untouched():
        logits = [
            model.core(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=False).logits[0]
            for tokens in (torch.tensor([sequence], device=model.device) for sequence in sequences)
        ]
    return torch.stack([row[-STEPS - 1 :] for row in logits])
