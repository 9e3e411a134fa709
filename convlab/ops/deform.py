"""Deformable convolution, 1D to 3D: every tap of every window reads where its own offset tells it to."""

from __future__ import annotations

from typing import Any, SupportsIndex

import torch
from torch.overrides import handle_torch_function, has_torch_function

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.ops.arguments import autocast, run
from convlab.ops.deform_arguments import checked_deform_spec
from convlab.ops.deform_function import DeformConv, has_memory, plain

TRANSFORMS = ("functorch", "forward mode AD")
"""What torch speaks of where `torch.func` or forward-mode derivatives meet a function with its own backward."""


def deform_conv(
    input: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    mask: torch.Tensor | None = None,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    groups: SupportsIndex = 1,
) -> torch.Tensor:
    """Deformable convolution in 1, 2 or 3 spatial axes: in 2D what `torchvision.ops.deform_conv2d` computes.

    The number of spatial axes is `weight.ndim - 2`. Where a convolution reads the element at
    `i * stride - padding + k * dilation`, this one reads at that place plus an offset: its own for each output
    position `i` and each tap `k`. Between elements it interpolates linearly; outside the input everything is zero.
    With a mask, what a tap has read is multiplied by the mask's number for it (version 2; without, version 1).

    Where a position is an integer, the derivative with respect to its offset is the one from the right. An offset that
    is infinite, or that leaves the input, reads zero and has the gradient zero; one that is NaN reads NaN, and makes
    NaN of the gradient of the elements that its tap reads without it.

    There are gradients of every order, and the transforms of `torch.func` work; beyond the first gradient they are
    computed step by step, which takes longer and more memory.

    Args:
        input: A batch or a single example; offset and mask are then single as well.
        offset: How far each tap is moved, in elements, along each spatial axis. The channels are sorted by offset
            group, then tap (the last kernel axis fastest), then spatial axis: in 2D (dy, dx), in 3D (dz, dy, dx).
            Each of the offset groups moves its own part of the input channels; their number follows from the channels.
        weight: The kernels.
        bias: One number per output channel, or None.
        mask: A factor for each tap of each offset group, sorted as the offset; None stands for 1.
        stride: Steps between windows, in input elements.
        padding: Elements of zeros on both sides of each axis; "valid" adds none, "same" keeps the size (stride 1 only).
        dilation: Distance between neighbouring taps, in input elements.
        groups: Number of independent convolutions side by side.

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out) or the same without N
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - mask: (N, offset_groups * prod(kernel_size), *out) or the same without N
        - Output: (N, C_out, *out) or (C_out, *out), with `conv_output_size`

    Returns:
        A tensor with the dtype and device of `input`; inside `torch.autocast`, with autocast's dtype. float16 and
        bfloat16 are computed in float32 and rounded once.

    Raises:
        TypeError: If an argument has the wrong type, or a dtype does not fit.
        ValueError: If a shape or value does not fit.

    Source:
        Zhu et al. 2018, Deformable ConvNets v2, https://arxiv.org/abs/1811.11168, equation 1;
        https://docs.pytorch.org/vision/stable/generated/torchvision.ops.deform_conv2d.html

    Example:
        >>> x, w = torch.tensor([[[1.0, 2.0, 4.0, 8.0]]]), torch.tensor([[[-1.0, 1.0]]])
        >>> deform_conv(x, torch.zeros(1, 2, 3), w)  # without offsets, a convolution
        tensor([[[1., 2., 4.]]])
        >>> half = torch.tensor([0.0, 0.5])[None, :, None].expand(1, 2, 3)  # the second tap reads half an element later
        >>> deform_conv(x, half, w)
        tensor([[[2., 4., 0.]]])
    """
    tensors = (input, offset, weight, bias, mask)
    if has_torch_function(tensors):  # `convlab.trace` sees one call, as of torch's own functions
        window: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        made: torch.Tensor = handle_torch_function(
            deform_conv, tensors, input, offset, weight, bias, mask=mask, **window
        )
        return made
    wide_offset = offset  # autocast would round its places
    input, offset, weight, bias, mask = autocast(input, offset, weight, bias, mask)
    spec = checked_deform_spec(
        input, offset, weight, bias, mask, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if input.ndim == spec.ndim + 1:  # a single example, of which `run` makes a batch
        wide_offset = wide_offset.unsqueeze(0)
        mask = None if mask is None else mask.unsqueeze(0)

    def algorithm(batch: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
        return _in_wide_numbers(batch, wide_offset, weight, bias, mask, spec).to(batch.dtype)

    return run(algorithm, input, weight, bias, spec)


def _in_wide_numbers(
    input: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor | None,
    spec: ConvSpec,
) -> torch.Tensor:
    """The output of a batch, in float32 or float64."""
    wide = torch.promote_types(input.dtype, torch.float32)
    input, offset, weight = input.to(wide), offset.to(wide), weight.to(wide)
    bias, mask = (None if tensor is None else tensor.to(wide) for tensor in (bias, mask))
    if torch.compiler.is_compiling() or not has_memory(input):  # a compiler joins the steps of `plain` in its own way
        return plain(input, offset, weight, bias, mask, spec)
    learns = torch.is_grad_enabled() and weight.requires_grad
    try:
        output: torch.Tensor = DeformConv.apply(  # type: ignore[no-untyped-call]
            input, offset, weight, bias, mask, spec, learns
        )
    except RuntimeError as error:
        if not any(word in str(error) for word in TRANSFORMS):
            raise
        return plain(input, offset, weight, bias, mask, spec)
    return output
