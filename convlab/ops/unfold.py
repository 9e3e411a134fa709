"""Convolution as one matrix product: every window becomes a column (im2col).

The columns hold N * C_in * prod(kernel_size) * prod(out) elements: an input element is copied once for each window that
reads it, which with a 3x3 kernel and stride 1 is nine times. `num_elements` counts them. Autograd keeps them for the
gradient of the weight. With groups, torch's product also copies the weight for each example of the batch.
"""

from __future__ import annotations

import math
from typing import SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple
from convlab.ops.padding import finished, padded, widened


def conv(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Cross-correlation of a batch, as the product of two matrices for each example and group.

        output[n, o, p] = bias[o] + sum over r of weight[o, r] * columns[n, r, p]

    The row r counts channels and taps, the column p counts output positions. float16, bfloat16 and complex32 are summed
    in the next wider type.

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
        Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing" (2006).

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> conv(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[12., 24.]]])
    """
    by_group = columns(widened(input), spec).unflatten(1, (spec.groups, -1))  # (N, groups, C_in/groups * taps, out)
    rows = widened(weight).flatten(1).unflatten(0, (spec.groups, -1))  # (groups, C_out/groups, C_in/groups * taps)
    output = (rows @ by_group).flatten(1, 2)
    return finished(output.unflatten(2, output_size(spec, input.shape[2:])), bias, input.dtype)


def columns(input: torch.Tensor, spec: ConvSpec) -> torch.Tensor:
    """The windows of a batch as columns, one for each output position; in 2D the layout of `torch.nn.Unfold`.

    Args:
        input: The batch, without its padding.
        spec: The convolution; its out_channels and groups do not matter.

    Shape:
        - input: (N, C_in, *spatial)
        - Output: (N, C_in * prod(kernel_size), prod(output_size)), the taps of a channel side by side

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html

    Example:
        >>> columns(torch.tensor([[[1, 2, 3, 4]]]), ConvSpec(1, 1, (2,)))
        tensor([[[1, 2, 3],
                 [2, 3, 4]]])
        >>> columns(torch.zeros(1, 3, 32, 32), ConvSpec(3, 16, (3, 3), padding=1)).shape
        torch.Size([1, 27, 1024])
    """
    index = column_index(spec, input.shape[2:], device=input.device)
    gathered: torch.Tensor = padded(input, spec).flatten(2)[:, :, index]  # (N, C_in, taps, windows)
    return gathered.flatten(1, 2)


def column_index(spec: ConvSpec, input_size: IntOrTuple, *, device: torch.device | str = "cpu") -> torch.Tensor:
    """Where each tap of each window stands in the padded input, its spatial axes flattened.

    Along one axis tap k of window i stands at i * stride + k * dilation. Going through the axes, a position is the
    position so far times the size of the axis, plus the position along it.

    Args:
        spec: The convolution.
        input_size: Elements without padding, an int or one int per spatial axis.
        device: Where the indices are needed.

    Shape:
        - Output: (prod(kernel_size), prod(output_size)), of int64

    Example:
        >>> column_index(ConvSpec(1, 1, (2, 2)), (3, 3))  # windows of a 3x3 picture, numbered 0 to 8
        tensor([[0, 1, 3, 4],
                [1, 2, 4, 5],
                [3, 4, 6, 7],
                [4, 5, 7, 8]])
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    index = torch.zeros(1, 1, dtype=torch.int64, device=device)
    for axis, (before, after) in enumerate(padding_amounts(spec)):
        taps = torch.arange(spec.kernel_size[axis], device=device)[:, None]
        windows = torch.arange(output_size(spec, sizes)[axis], device=device)
        along = windows * spec.stride[axis] + taps * spec.dilation[axis]  # (taps, windows) of this axis
        so_far = index[:, None, :, None] * (before + sizes[axis] + after)
        index = (so_far + along[:, None, :]).flatten(2).flatten(0, 1)
    return index


def num_elements(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> int:
    """The elements of the columns: N * C_in * prod(kernel_size) * prod(output_size).

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_elements(ConvSpec(64, 64, (3, 3), padding=1), 56), 64 * 56 * 56  # the columns, the input
        (1806336, 200704)
    """
    positions = math.prod(output_size(spec, input_size))
    return as_int("batch_size", batch_size, minimum=0) * spec.in_channels * math.prod(spec.kernel_size) * positions
