"""The Triton kernels of `fused.py`; one program per row, or per row and block of columns. Imported only on GPUs."""

# mypy: ignore-errors
# No postponed annotations: Triton reads `tl.constexpr` off the signatures.

import triton
import triton.language as tl


@triton.jit
def accumulate_kernel(
    product,
    targets,
    statistics,
    stride,
    rows,
    width,
    start,
    a,
    moment: tl.constexpr,
    block: tl.constexpr,
):
    """Statistics [4, rows] of a row: maximum, sum, first moment, target's logit, over `width` more columns."""
    row = tl.program_id(0).to(tl.int64)
    line = product + row * stride
    place = statistics + row
    top = tl.load(place)
    total = tl.load(place + rows)
    first = tl.load(place + 2 * rows)
    for begin in range(0, width, block):
        column = begin + tl.arange(0, block)
        inside = column < width
        z = tl.load(line + column, mask=inside, other=-float("inf")).to(tl.float32) * a
        higher = tl.maximum(top, tl.max(z, 0))
        shrink = tl.exp(top - higher)
        terms = tl.exp(z - higher)
        total = total * shrink + tl.sum(terms, 0)
        if moment:
            first = first * shrink + tl.sum(terms * tl.where(inside, z, 0.0), 0)
        top = higher
    tl.store(place, top)
    tl.store(place + rows, total)
    if moment:
        tl.store(place + 2 * rows, first)
    target = tl.load(targets + row) - start
    if (target >= 0) & (target < width):
        tl.store(place + 3 * rows, tl.load(line + target).to(tl.float32) * a)


@triton.jit
def slope_kernel(
    product,
    targets,
    normaliser,
    entropy,
    to_entropy,
    to_logprob,
    stride,
    width,
    start,
    a,
    with_entropy: tl.constexpr,
    block: tl.constexpr,
):
    """Overwrite a block of a row with -dz; without entropies, with -dz / g."""
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * block + tl.arange(0, block)
    inside = column < width
    place = product + row * stride + column
    z = tl.load(place, mask=inside, other=-float("inf")).to(tl.float32) * a
    logprob = z - tl.load(normaliser + row)
    down = tl.exp(logprob)
    hit = column == tl.load(targets + row) - start
    if with_entropy:
        g = tl.load(to_logprob + row)
        down = ((logprob + tl.load(entropy + row)) * tl.load(to_entropy + row) + g) * down
        down = tl.where(hit, down - g, down)
    else:
        down = tl.where(hit, down - 1.0, down)
    tl.store(place, down.to(product.dtype.element_ty), mask=inside)
