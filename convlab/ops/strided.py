"""Convolution over a view in which every window is an index: strides instead of copies.

The view of all windows costs 0 elements: it shows the memory of the padded input many times over. The sum of products
does cost: torch's einsum copies the view for its matrix product, N * C_in * prod(kernel_size) * prod(out) elements, as
many as the columns of `unfold`. `num_elements` counts these.
"""

from __future__ import annotations

import math
from typing import SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int
from convlab.ops.padding import finished, padded, widened


def conv(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Cross-correlation of a batch, as one sum over channels and taps of a view and the weight.

        output[n, o, i] = bias[o] + sum over c, k of weight[o, c, k] * windows[n, c, i, k]

    float16, bfloat16 and complex32 are summed in the next wider type.

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
        https://numpy.org/doc/stable/reference/generated/numpy.lib.stride_tricks.sliding_window_view.html

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> conv(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[12., 24.]]])
    """
    view = windows(widened(input), spec).unflatten(1, (spec.groups, -1))  # (N, groups, C_in/groups, *out, *kernel_size)
    kernels = widened(weight).unflatten(0, (spec.groups, -1))  # (groups, C_out/groups, C_in/groups, *kernel_size)
    out, taps = "dhw"[: spec.ndim], "xyz"[: spec.ndim]
    output = torch.einsum(f"ngc{out}{taps}, goc{taps} -> ngo{out}", view, kernels)
    return finished(output.flatten(1, 2), bias, input.dtype)


def windows(input: torch.Tensor, spec: ConvSpec) -> torch.Tensor:
    """All windows of a batch, as a view of the padded input; of the input itself where there is no padding.

    Along an axis on which neighbours are s elements of memory apart, neighbouring windows are stride * s apart, and
    neighbouring taps dilation * s. The windows overlap in memory: do not write to them.

    Args:
        input: The batch, without its padding.
        spec: The convolution; its out_channels and groups do not matter.

    Shape:
        - input: (N, C_in, *spatial)
        - Output: (N, C_in, *output_size, *kernel_size)

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html

    Example:
        >>> x = torch.arange(6).reshape(1, 1, 6)
        >>> view = windows(x, ConvSpec(1, 1, (3,), dilation=2))
        >>> view
        tensor([[[[0, 2, 4],
                  [1, 3, 5]]]])
        >>> view.stride(), view.data_ptr() == x.data_ptr()
        ((6, 6, 1, 2), True)
    """
    view = padded(input, spec)
    for axis, (kernel, step, gap) in enumerate(zip(spec.kernel_size, spec.stride, spec.dilation, strict=True)):
        view = view.unfold(2 + axis, gap * (kernel - 1) + 1, step)[..., ::gap]  # the taps become the last axis
    return view


def num_elements(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> int:
    """The elements that the sum copies: N * C_in * prod(kernel_size) * prod(output_size). The view itself adds none.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_elements(ConvSpec(64, 64, (3, 3), padding=1), 56)
        1806336
    """
    positions = math.prod(output_size(spec, input_size))
    return as_int("batch_size", batch_size, minimum=0) * spec.in_channels * math.prod(spec.kernel_size) * positions
