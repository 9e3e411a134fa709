"""Convolution as what it is, a linear map: the dense matrix from all input elements to all output elements.

The matrix has C_out * prod(out) rows and C_in * prod(in) columns, and is mostly zeros. It grows with the square of the
picture, so it is for looking at. `num_elements` counts its elements; while it is built there are two copies.
"""

from __future__ import annotations

import itertools
import math

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.arithmetic.taps import taps
from convlab.ops.padding import finished, widened


def conv(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Cross-correlation of a batch, as the product of one matrix with each example, flattened.

        output[n].flatten() = matrix @ input[n].flatten() + bias of the channel

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
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.1.

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> conv(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[12., 24.]]])
    """
    matrix = conv_matrix(widened(weight), spec, input.shape[2:])
    output = widened(input).flatten(1) @ matrix.T
    return finished(output.unflatten(1, (spec.out_channels, *output_size(spec, input.shape[2:]))), bias, input.dtype)


def conv_matrix(weight: torch.Tensor, spec: ConvSpec, input_size: IntOrTuple) -> torch.Tensor:
    """The matrix of a convolution: its product with the flattened input is the flattened output, without the bias.

        matrix[(o, i), (c, j)] = sum of weight[o, c, k] over the taps k that read element j at output position i

    Padding is in it: a tap that meets a zero adds nothing, and a tap that meets a copy of an element adds to the column
    of that element. The transposed matrix is the transposed convolution. The gradient to the weight is kept.

    Args:
        weight: Laid out as in torch.
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)
        - Output: (C_out * prod(output_size), C_in * prod(input_size))

    Raises:
        ValueError: If the weight does not fit the spec, or the spec is transposed, or as `output_size`.

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.1.

    Example:
        >>> weight = torch.tensor([[[1, 2, 3]]])
        >>> conv_matrix(weight, ConvSpec(1, 1, (3,)), 5)
        tensor([[1, 2, 3, 0, 0],
                [0, 1, 2, 3, 0],
                [0, 0, 1, 2, 3]])
        >>> conv_matrix(weight, ConvSpec(1, 1, (3,), padding=1, padding_mode="circular"), 4)
        tensor([[2, 3, 0, 1],
                [1, 2, 3, 0],
                [0, 1, 2, 3],
                [3, 0, 1, 2]])
    """
    if spec.transposed:
        raise ValueError(
            "transposed must be False: the matrix of a transposed convolution is that of its convolution, transposed"
        )
    if tuple(weight.shape) != spec.weight_shape:
        raise ValueError(f"weight must have shape {spec.weight_shape}, but weight has shape {tuple(weight.shape)}")
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    positions, elements = math.prod(output_size(spec, sizes)), math.prod(sizes)
    geometry = torch.tensor(_geometry(spec, sizes), dtype=torch.int64, device=weight.device)
    position, element, tap = geometry.reshape(-1, 3).T  # also where no tap reads an element
    out_channel = torch.arange(spec.out_channels, device=weight.device)[:, None, None]
    by_group = torch.arange(spec.in_channels, device=weight.device).unflatten(0, (spec.groups, -1))
    in_channel = by_group.repeat_interleave(spec.out_channels // spec.groups, 0)[:, :, None]  # (C_out, C_in/groups, 1)
    entry = (out_channel * positions + position, in_channel * elements + element)  # row, column
    zeros = weight.new_zeros(spec.out_channels * positions, spec.in_channels * elements)
    return zeros.index_put(entry, weight.flatten(2)[:, :, tap], accumulate=True)


def num_elements(spec: ConvSpec, input_size: IntOrTuple) -> int:
    """The elements of the matrix: C_out * prod(output_size) * C_in * prod(input_size). The batch does not matter.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_elements(ConvSpec(1, 1, (3, 3), padding=1), 28)  # of a digit of 28x28, with nine weights
        614656
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    return spec.out_channels * math.prod(output_size(spec, sizes)) * spec.in_channels * math.prod(sizes)


def _geometry(spec: ConvSpec, sizes: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """(output position, input element, tap), each flattened, of every tap that reads an element."""
    out_size = output_size(spec, sizes)
    return [
        (_flat(position, out_size), _flat(tap.source, sizes), _flat(tap.kernel_index, spec.kernel_size))
        for position in itertools.product(*map(range, out_size))
        for tap in taps(spec, position, sizes)
        if tap.source is not None  # None is a zero of the padding
    ]


def _flat(index: tuple[int, ...], sizes: tuple[int, ...]) -> int:
    """The place of a position in the flattened axes."""
    place = 0
    for i, n in zip(index, sizes, strict=True):
        place = place * n + i
    return place
