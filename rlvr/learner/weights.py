"""The policy's weights as a stream: what an engine loads and a checkpoint writes.

Adapters are merged one layer at a time (W + scaling * B A), so the stream is that of an ordinary model. An engine in
the same process needs no stream: it reads the live module.

Example:
    await engine.load_weights(LiveWeights(model), version=3)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rlvr.models import is_adapted, plain_model

_BUCKET_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class LiveWeights:
    """A `WeightSource` over a module of this process."""

    module: nn.Module

    def buckets(self) -> Iterator[list[tuple[str, Tensor]]]:
        """Weights in buckets of about 256 MB, adapters merged."""
        bucket: list[tuple[str, Tensor]] = []
        size = 0
        for name, tensor in merged_weights(self.module):
            bucket.append((name, tensor))
            size += tensor.nbytes
            if size >= _BUCKET_BYTES:
                yield bucket
                bucket, size = [], 0
        if bucket:
            yield bucket


@torch.no_grad()
def merged_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Names and values of the plain transformers model, including persistent buffers; a tied weight is yielded once."""
    plain = plain_model(model)
    adapted = {name: module for name, module in plain.named_modules() if hasattr(module, "get_delta_weight")}
    seen: set[int] = set()
    for name, tensor in plain.state_dict().items():
        if is_adapted(model) and ".lora_" in name:
            continue
        if tensor.data_ptr() in seen:
            continue
        seen.add(tensor.data_ptr())
        owner = name.removesuffix(".base_layer.weight")
        if owner in adapted:
            delta = adapted[owner].get_delta_weight("default")
            yield f"{owner}.weight", tensor + delta.to(tensor.dtype)
        else:
            yield name.replace(".base_layer.", "."), tensor
