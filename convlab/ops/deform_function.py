"""Deformable convolution of a batch, twice: by functions of torch alone, and in blocks with a backward of its own."""

from __future__ import annotations

import math
from typing import Any

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.ops.arguments import outside_autocast
from convlab.ops.corner_sums import add_rows_gradient, parts_gradient, read
from convlab.ops.deform_arguments import offset_groups_of
from convlab.ops.deform_blocks import Batch, Block
from convlab.ops.sampling import columns, from_table, put_by_place

FEWEST_CHANNELS = 8
"""Of an offset group, for which the columns are kept: for fewer, to read them again costs little."""


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

    The columns are kept for the gradient of the weight. Where they were read is found again in the backward, where
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
        weight_learns: bool,
    ) -> torch.Tensor:
        """The output (N, C_out, *out)."""
        batch, kernels = Batch(input, offset, mask, spec), _kernels(weight, spec.groups)
        output = input.new_empty(len(input), spec.out_channels, *offset.shape[2:])
        blocks, channels = list(batch.blocks()), batch.rows.shape[1]
        keep = weight_learns and channels >= FEWEST_CHANNELS
        count = len(input) * math.prod(offset.shape[2:]) if keep else max((block.size for block in blocks), default=0)
        kept = input.new_empty(count, math.prod(spec.kernel_size), spec.in_channels)
        for block in blocks:
            sampled = kept[block.columns if keep else slice(block.size)]
            read(batch.rows_of(batch.rows, block), batch.reading(block).sums, out=sampled.view(-1, channels))
            product = torch.bmm(_by_group(sampled, spec.groups), kernels)
            place = block.of_batch(output, spec.groups)
            place.copy_(product.view(place.shape))
        if bias is not None:
            output += bias.view(-1, *(1,) * spec.ndim)
        of_input, of_offset, of_weight, _, of_mask, *_ = ctx.needs_input_grad
        needed = of_input or of_offset or of_weight or of_mask  # the gradient of the bias alone needs none of them
        ctx.save_for_backward(*((input, offset, weight, mask, kept if keep else None) if needed else ()))
        ctx.spec = spec
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of the five tensors; None where none is asked for."""
        (gradient,) = gradients
        of_input, of_offset, of_weight, of_bias, of_mask, *_ = ctx.needs_input_grad
        with outside_autocast(gradient):
            bias = gradient.sum((0, *range(2, gradient.ndim))) if of_bias else None
            if not (of_input or of_offset or of_weight or of_mask):
                return None, None, None, bias, None, None, None
            fast = has_memory(gradient) and not torch.is_grad_enabled()
            input, offset, weight, mask = (_backward if fast else _differentiable_backward)(ctx, gradient)
            return input, offset, weight, bias, mask, None, None


def has_memory(tensor: torch.Tensor) -> bool:
    """Whether the tensor's numbers are there to be read: not on the meta device, and not inside `torch.vmap`.

    Example:
        >>> has_memory(torch.zeros(1)), has_memory(torch.zeros(1, device="meta"))
        (True, False)
    """
    try:
        return tensor.untyped_storage().device.type != "meta"
    except NotImplementedError:
        return False


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    input, offset, weight, mask, kept = ctx.saved_tensors
    of_input, of_offset, of_weight, _, of_mask, *_ = ctx.needs_input_grad
    spec, taps = ctx.spec, math.prod(ctx.spec.kernel_size)
    batch, kernels = Batch(input, offset, mask, spec), _kernels(weight, spec.groups)
    channels, of_columns = batch.rows.shape[1], of_input or of_offset or of_mask
    rows_gradient = torch.zeros_like(batch.rows) if of_input else None
    offset_gradient = torch.empty_like(batch.offset) if of_offset else None
    mask_gradient = torch.empty_like(batch.mask) if of_mask and batch.mask is not None else None
    kernels_gradient = torch.zeros_like(kernels) if of_weight else None
    blocks = list(batch.blocks())
    longest = max((block.size for block in blocks), default=0) if of_columns or kept is None else 0
    scratch = batch.rows.new_empty(longest * kernels[..., 0].numel())

    def add(block: Block) -> None:
        arriving = block.of_batch(gradient, spec.groups).flatten(1, 2)  # (groups, b, C_out/groups)
        rows, product = batch.rows_of(batch.rows, block), scratch[: block.size * kernels[..., 0].numel()]
        if of_columns or kept is None:
            sums, fractions, factor = batch.reading(block)
        if kernels_gradient is not None:
            sampled = read(rows, sums, out=product.view(-1, channels)) if kept is None else kept[block.columns]
            by_group = _by_group(sampled.view(block.size, taps, -1), spec.groups)
            kernels_gradient.baddbmm_(by_group.transpose(1, 2), arriving)
        if not of_columns:
            return
        product = product.view(spec.groups, block.size, -1)  # (groups, b, taps * C_in/groups)
        torch.bmm(arriving, kernels.transpose(1, 2), out=product)
        of_sums = torch.unflatten(product, 2, (taps, -1)).permute(1, 2, 0, 3).reshape(-1, channels)
        if of_offset or of_mask:
            corners = parts_gradient(rows, sums, of_sums).view(-1, *fractions.shape[1:])
            value, slopes = _value_and_slopes(corners, fractions)
            if mask_gradient is not None:
                put_by_place(value.unsqueeze(0), mask_gradient[block.images], block.part)
            if offset_gradient is not None:
                slopes = slopes if factor is None else slopes * factor
                put_by_place(slopes, offset_gradient[block.images], block.part)
        if rows_gradient is not None:
            add_rows_gradient(batch.rows_of(rows_gradient, block), sums, of_sums)

    for block in blocks:
        add(block)
    return (
        None if rows_gradient is None else from_table(rows_gradient, input.shape),
        offset_gradient,
        None if kernels_gradient is None else _as_weight(kernels_gradient, weight),
        mask_gradient,
    )


def _differentiable_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    """The gradients as functions of the tensors, for gradients of gradients: those of `plain`."""
    again = torch.is_grad_enabled()
    of_input, of_offset, of_weight, _, of_mask, *_ = ctx.needs_input_grad
    # An offset is often computed from the input: the views keep what goes through each argument apart.
    with torch.enable_grad():
        views: list[Any] = [None if tensor is None else tensor.view_as(tensor) for tensor in ctx.saved_tensors[:4]]
        input, offset, weight, mask = views
        output = plain(input, offset, weight, None, mask, ctx.spec)
    needs = (of_input, of_offset, of_weight, of_mask)
    asked = [view for view, needed in zip(views, needs, strict=True) if needed]
    found = iter(torch.autograd.grad(output, asked, gradient, create_graph=again))
    return tuple(next(found) if needed else None for needed in needs)


def _value_and_slopes(corners: torch.Tensor, fractions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The value between the corners, and its slope along each axis.

    Shape:
        - corners: (2**ndim, *any)
        - fractions: (ndim, *any)
        - Output: (*any) and (ndim, *any)
    """
    found = [corners]  # the value, then the slopes, along the axes so far
    for fraction in fractions:  # the first axis is the slowest: its two halves lie one after the other
        halves = [each.chunk(2) for each in found]
        slope = halves[0][1] - halves[0][0]
        found = [*(torch.lerp(low, high, fraction) for low, high in halves), slope]
    return found[0][0], torch.cat(found[1:]).add_(fractions, alpha=0)  # which changes nothing but what is NaN


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
