"""Deformable convolution of a batch, twice: by functions of torch alone, and in blocks with a backward of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.ops.arguments import outside_autocast
from convlab.ops.corner_sums import Sums, add_rows_gradient, parts_gradient, read
from convlab.ops.deform_arguments import offset_groups_of
from convlab.ops.sampling import Places, by_place, columns, corner_parts, from_place, from_table, places, table

PARTS_PER_BLOCK = 2**17
"""Corners that a block reads: what is kept for each of them stays small beside the columns."""

MOST_BLOCKS = 16
"""Of one image."""


def plain(
    input: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor | None,
    spec: ConvSpec,
) -> torch.Tensor:
    """Sampled columns, then a matrix product for each group: differentiable any number of times, but slow and large.

    Shape:
        - input: (N, C_in, *spatial)
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - mask: (N, offset_groups * prod(kernel_size), *out)
        - Output: (N, C_out, *out)

    Example:
        >>> x, half = torch.tensor([[[10.0, 20.0]]]), torch.full((1, 1, 2), 0.5)
        >>> plain(x, half, torch.ones(1, 1, 1), None, None, ConvSpec(1, 1, (1,), bias=False))
        tensor([[[15., 10.]]])
    """
    sampled = columns(input, offset, mask, offset_groups_of(offset, spec), spec)
    output = torch.bmm(_by_group(sampled, spec.groups), _kernels(weight, spec.groups))
    rows = output.transpose(0, 1).flatten(1)  # (N * P, C_out)
    return _as_batch(rows if bias is None else rows + bias, input, spec)


class DeformConv(torch.autograd.Function):
    """The same in blocks of output positions, so that little beside the columns is in memory at a time.

    The columns are kept for the gradient of the weight. What is read for them is found again in the backward, where
    one product gives the gradients of all corners, from which those of offset and mask follow.

    Example:
        >>> x, half = torch.tensor([[[10.0, 20.0]]]), torch.full((1, 1, 2), 0.5)
        >>> DeformConv.apply(x, half, torch.ones(1, 1, 1), None, None, ConvSpec(1, 1, (1,), bias=False), False)
        tensor([[[15., 10.]]])
    """

    @staticmethod
    def forward(
        ctx: Any,
        input: torch.Tensor,
        offset: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        mask: torch.Tensor | None,
        spec: ConvSpec,
        keep_columns: bool,
    ) -> torch.Tensor:
        """The output (N, C_out, *out)."""
        taps, groups = math.prod(spec.kernel_size), offset_groups_of(offset, spec)
        rows, kernels = table(input, groups), _kernels(weight, spec.groups)
        found = places(offset, groups, spec, tuple(input.shape[2:]))
        row, fractions, steps = found
        factor = None if mask is None else by_place(mask, groups, taps)[0].contiguous()
        output = input.new_empty(len(row), spec.out_channels)
        blocks = list(_blocks(len(input), row, len(steps)))
        longest = max((block.stop - block.start for _, block in blocks), default=0)
        kept = input.new_empty((len(row) if keep_columns else longest, taps, spec.in_channels))
        for images, block in blocks:
            part_of_table = _of_images(rows, images, len(input))
            sums = _sums(found, factor, images, block, len(rows) // len(input))
            sampled = kept[block] if keep_columns else kept[: block.stop - block.start]
            read(part_of_table, sums, out=sampled.view(-1, rows.shape[1]))
            product = torch.bmm(_by_group(sampled, spec.groups), kernels)
            output[block] = product.transpose(0, 1).flatten(1)
        if bias is not None:
            output += bias
        ctx.save_for_backward(
            input, offset, weight, bias, mask, rows, row, fractions, factor, kept if keep_columns else None
        )
        ctx.spec, ctx.steps = spec, steps
        return _as_batch(output, input, spec)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of the five tensors; None where none is asked for."""
        (gradient,) = gradients
        with outside_autocast(gradient):
            found = _differentiable_backward if torch.is_grad_enabled() else _backward
            return (*found(ctx, gradient), None, None)


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    input, offset, weight, _, mask, rows, row, fractions, factor, kept = ctx.saved_tensors
    of_input, of_offset, of_weight, of_bias, of_mask, *_ = ctx.needs_input_grad
    spec, steps, ndim, taps = ctx.spec, ctx.steps, ctx.spec.ndim, row.shape[1]
    by_position = gradient.flatten(2).transpose(1, 2).flatten(0, 1)  # (N * P, C_out)
    kernels = _kernels(weight, spec.groups)
    rows_gradient = torch.zeros_like(rows) if of_input else None
    fractions_gradient = torch.empty_like(fractions) if of_offset else None
    factor_gradient = torch.empty_like(row, dtype=rows.dtype) if of_mask else None
    kernels_gradient = torch.zeros_like(kernels) if of_weight else None
    scratch = rows.new_empty(1, 0, 1)
    for images, block in _blocks(len(input), row, len(steps)):
        arriving = _by_group(by_position[block].unsqueeze(1), spec.groups)  # (groups, b, C_out/groups)
        if kernels_gradient is not None:
            kernels_gradient.baddbmm_(_by_group(kept[block], spec.groups).transpose(1, 2), arriving)
        if not (of_input or of_offset or of_mask):
            continue
        sums = _sums(Places(row, fractions, steps), factor, images, block, len(rows) // len(input))
        length = block.stop - block.start
        scratch = scratch if scratch.shape[1] == length else rows.new_empty(spec.groups, length, kernels.shape[1])
        product = torch.bmm(arriving, kernels.transpose(1, 2), out=scratch)  # (groups, b, taps * C_in/groups)
        of_columns = torch.unflatten(product, 2, (taps, -1)).permute(1, 2, 0, 3).reshape(-1, rows.shape[1])
        if of_offset or of_mask:
            along = fractions[:, block]
            corners = (
                parts_gradient(_of_images(rows, images, len(input)), sums, of_columns)
                .t()
                .reshape(len(steps), *along.shape[1:])
            )
            if factor_gradient is not None:
                factor_gradient[block] = _interpolated(corners, along)
            if fractions_gradient is not None:
                slopes = torch.stack([_interpolated(corners, along, slope_of=axis) for axis in range(ndim)])
                fractions_gradient[:, block] = slopes if factor is None else slopes * factor[block]
        if rows_gradient is not None:
            add_rows_gradient(_of_images(rows_gradient, images, len(input)), sums, of_columns)
    return (
        None if rows_gradient is None else from_table(rows_gradient, input.shape),
        None if fractions_gradient is None else from_place(fractions_gradient, offset.shape),
        None if kernels_gradient is None else _as_weight(kernels_gradient, weight),
        by_position.sum(0) if of_bias else None,
        None if factor_gradient is None else from_place(factor_gradient.unsqueeze(0), mask.shape),
    )


def _differentiable_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    """The gradients as functions of the tensors, for gradients of gradients: those of `plain`."""
    # An offset is often computed from the input: the views keep what goes through each argument apart.
    views: list[Any] = [None if tensor is None else tensor.view_as(tensor) for tensor in ctx.saved_tensors[:5]]
    input, offset, weight, bias, mask = views
    output = plain(input, offset, weight, bias, mask, ctx.spec)
    asked = [view for view, needed in zip(views, ctx.needs_input_grad, strict=False) if needed]
    found = iter(torch.autograd.grad(output, asked, gradient, create_graph=True))
    return tuple(next(found) if needed else None for needed in ctx.needs_input_grad[:5])


def _blocks(batch: int, row: torch.Tensor, corners: int) -> Iterator[tuple[slice, slice]]:
    """Images, and of their columns a part: several whole images, or a part of one."""
    if not len(row):
        return
    positions, each = len(row) // batch, row[0].numel() * corners
    half = math.ceil(len(row) / 2)  # one block of everything would double the memory
    most = max(min(PARTS_PER_BLOCK // each, half), math.ceil(positions / MOST_BLOCKS))
    if most >= positions:
        together = most // positions
        for first in range(0, batch, together):
            end = min(first + together, batch)
            yield slice(first, end), slice(first * positions, end * positions)
        return
    size = math.ceil(positions / math.ceil(positions / most))
    for image in range(batch):
        for first in range(0, positions, size):
            start = image * positions
            yield slice(image, image + 1), slice(start + first, start + min(first + size, positions))


def _of_images(rows: torch.Tensor, images: slice, batch: int) -> torch.Tensor:
    """The part of the table that belongs to these images."""
    each = len(rows) // batch
    return rows[images.start * each : images.stop * each]


def _sums(found: Places, factor: torch.Tensor | None, images: slice, block: slice, rows_per_image: int) -> Sums:
    """What a block reads from the table of its images."""
    parts = corner_parts(found.fractions[:, block], None if factor is None else factor[block])
    first = found.row[block].flatten() - images.start * rows_per_image
    return Sums(first, found.steps, torch.stack(parts, dim=-1).view(-1, len(parts)))


def _interpolated(corners: torch.Tensor, fractions: torch.Tensor, slope_of: int | None = None) -> torch.Tensor:
    """The value between the corners, or its slope along an axis.

    Shape:
        - corners: (2**ndim, *any)
        - fractions: (ndim, *any)
        - Output: (*any)
    """
    for axis, fraction in enumerate(fractions):  # the first axis is the slowest: its two halves lie one after the other
        low, high = corners.chunk(2)
        corners = high - low if axis == slope_of else torch.lerp(low, high, fraction)
    return corners[0]


def _by_group(sampled: torch.Tensor, groups: int) -> torch.Tensor:
    """(positions, taps, groups * C) to (groups, positions, taps * C): for one group a view."""
    return torch.unflatten(sampled, 2, (groups, -1)).permute(2, 0, 1, 3).flatten(2)


def _kernels(weight: torch.Tensor, groups: int) -> torch.Tensor:
    """(C_out, C_in/groups, *kernel_size) to (groups, taps * C_in/groups, C_out/groups)."""
    return torch.unflatten(weight.flatten(2), 0, (groups, -1)).permute(0, 3, 2, 1).flatten(1, 2)


def _as_weight(kernels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The way back from `_kernels`."""
    return torch.unflatten(kernels, 1, (-1, weight.shape[1])).permute(0, 3, 2, 1).reshape(weight.shape)


def _as_batch(rows: torch.Tensor, input: torch.Tensor, spec: ConvSpec) -> torch.Tensor:
    """(N * P, C_out) to (N, C_out, *out)."""
    out_size = output_size(spec, tuple(input.shape[2:]))
    apart = rows.view(len(input), math.prod(out_size), spec.out_channels).transpose(1, 2)
    return apart.contiguous().view(len(input), spec.out_channels, *out_size)
