"""Deformable convolution by its definition, written as loops: slow, and easy to check by eye."""

from __future__ import annotations

import math

import torch

from convlab.arithmetic.interpolation import corners
from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.arithmetic.taps import windows
from convlab.ops.arguments import SUM_DTYPE
from convlab.ops.reference import by_position, channel_product, zero


def deform_conv(
    input: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor | None,
    spec: ConvSpec,
) -> torch.Tensor:
    """Deformable convolution of a batch, position by position, tap by tap and corner by corner.

    It is differentiable with respect to input, weight, bias and mask, but not to the offset, which it reads as numbers.
    float16 and bfloat16 are summed in float32.

    Args:
        input: The batch.
        offset: Finite; sorted by offset group, tap and axis.
        weight: Laid out as in torch.
        bias: One number per output channel, or None.
        mask: A factor for each tap of each offset group, or None.
        spec: The call's hyperparameters, already checked against the tensors.

    Shape:
        - input: (N, C_in, *spatial)
        - offset: (N, ndim * offset_groups * prod(kernel_size), *out)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - mask: (N, offset_groups * prod(kernel_size), *out)
        - Output: (N, C_out, *output_size)

    Source:
        Zhu et al. 2018, Deformable ConvNets v2, https://arxiv.org/abs/1811.11168, equation 1.

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> x, w = torch.tensor([[[10.0, 20.0, 40.0]]]), torch.tensor([[[1.0, 1.0]]])
        >>> deform_conv(x, torch.tensor([[[0.5, 0.0], [0.0, 0.25]]]), w, None, None, spec)
        tensor([[[35., 50.]]])
    """
    wide = SUM_DTYPE.get(input.dtype, input.dtype)
    x, w = by_position(input.to(wide)), by_position(weight.to(wide))
    sizes, out_size = input.shape[2:], output_size(spec, input.shape[2:])
    taps = math.prod(spec.kernel_size)
    groups = offset.shape[1] // (taps * spec.ndim)
    moves = offset.to(wide).unflatten(1, (groups, taps, spec.ndim))
    nothing = zero(x, w).expand(len(input), spec.out_channels)
    results = []
    for position, window in windows(spec, sizes):
        total = nothing if bias is None else nothing + bias.to(wide)
        for number, tap in enumerate(window):
            examples = []
            for n in range(len(input)):
                parts = list(x[..., n, :].chunk(groups, dim=-1))  # one part of the channels for each offset group
                for group, part in enumerate(parts):
                    move = moves[(n, group, number, slice(None), *position)].tolist()
                    value = _read(part, [i + d for i, d in zip(tap.input_index, move, strict=True)])
                    factor = 1 if mask is None else mask.to(wide)[(n, group * taps + number, *position)]
                    parts[group] = value * factor
                examples.append(torch.cat(parts))
            pixel = torch.stack(examples) if examples else x.new_zeros(0, spec.in_channels)
            total = total + channel_product(pixel, w[tap.kernel_index], spec.groups)
        results.append(total)
    return torch.stack(results, dim=-1).reshape(len(input), spec.out_channels, *out_size).to(input.dtype)


def _read(image: torch.Tensor, position: list[float]) -> torch.Tensor:
    """The channels at a position of an image (*spatial, C), between its elements: the weighted sum of the corners."""
    value = image.new_zeros(image.shape[-1])
    for corner in corners(position, tuple(image.shape[:-1])):
        if corner.source is not None:  # None is a zero outside
            value = value + corner.weight * image[corner.source]
    return value
