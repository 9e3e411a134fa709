"""Convolution as a sum of shifted inputs: each tap of the kernel is a convolution with one tap, moved.

A tap reads one slice of the padded input, N * C_in * prod(out) elements, which its product copies. The product, of
N * C_out * prod(out) elements, is added to the sum so far. The number of taps does not matter. `num_elements` counts
both. Autograd keeps every slice for the gradient of the weight: together as much as the columns of `unfold`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int
from convlab.ops.padding import finished, padded, widened


def conv(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Cross-correlation of a batch, one tap of the kernel after the other, for all output positions at once.

        output = bias + sum over k of weight[:, :, k] times the slice of the input that tap k meets

    Each product is a convolution with one tap. float16, bfloat16 and complex32 are summed in the next wider type.

    Args:
        input: The batch.
        weight: Laid out as in torch.
        bias: One number per output channel, or None.
        spec: The call's hyperparameters, already checked against the tensors.

    Shape:
        - input: (N, C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *output_size)

    Source:
        Vasudevan, Anderson and Gregg, "Parallel multi channel convolution using general matrix multiplication" (2017).

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> conv(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[12., 24.]]])
    """
    whole, kernels = padded(widened(input), spec), widened(weight)
    out_size = output_size(spec, input.shape[2:])
    output = whole.new_zeros(len(input), spec.out_channels, *out_size)
    taps = itertools.product(*map(range, spec.kernel_size))
    for tap, tap_weight in zip(taps, kernels.flatten(2).unbind(2), strict=True):
        output = output + _one_tap(shifted(whole, tap, out_size, spec), tap_weight, spec.groups)
    return finished(output, bias, input.dtype)


def shifted(whole: torch.Tensor, tap: Sequence[int], out_size: Sequence[int], spec: ConvSpec) -> torch.Tensor:
    """What one tap meets at every output position: a view of the padded input.

    Along each axis it begins at tap * dilation and goes on in steps of stride.

    Args:
        whole: The padded batch.
        tap: Position in the kernel, one int per spatial axis.
        out_size: Elements of the output, one int per spatial axis.
        spec: The convolution.

    Shape:
        - whole: (N, C_in, *padded)
        - Output: (N, C_in, *out_size)

    Example:
        >>> spec = ConvSpec(1, 1, (3,), stride=2)
        >>> [shifted(torch.arange(7).reshape(1, 1, 7), (k,), (3,), spec).tolist() for k in range(3)]
        [[[[0, 2, 4]]], [[[1, 3, 5]]], [[[2, 4, 6]]]]
    """
    axes = zip(tap, out_size, spec.stride, spec.dilation, strict=True)
    slices = [slice(k * gap, k * gap + (n - 1) * step + 1, step) for k, n, step, gap in axes]
    return whole[:, :, *slices]


def num_elements(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> int:
    """The elements of one slice and one product: N * (C_in + C_out) * prod(output_size).

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_elements(ConvSpec(64, 64, (3, 3), padding=1), 56)  # a larger kernel needs no more
        401408
    """
    positions = math.prod(output_size(spec, input_size))
    return as_int("batch_size", batch_size, minimum=0) * (spec.in_channels + spec.out_channels) * positions


def _one_tap(input: torch.Tensor, tap_weight: torch.Tensor, groups: int) -> torch.Tensor:
    """A convolution with one tap: (N, C_in, *out) and (C_out, C_in/groups) to (N, C_out, *out)."""
    channels, rows = input.unflatten(1, (groups, -1)), tap_weight.unflatten(0, (groups, -1))
    return torch.einsum("ngc..., goc -> ngo...", channels, rows).flatten(1, 2)
