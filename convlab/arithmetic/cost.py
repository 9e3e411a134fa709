"""What one convolution costs: parameters, multiply-accumulate operations (MACs), bytes."""

from __future__ import annotations

import math
from typing import NamedTuple, SupportsIndex

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple


def num_params(spec: ConvSpec) -> int:
    """The learned numbers of a convolution: its weight, and one bias per output channel where it has one.

    The input's size does not enter.

    Example:
        >>> num_params(ConvSpec(3, 16, (3, 3)))  # 16 * 3 * 3 * 3 + 16
        448
        >>> num_params(ConvSpec(64, 64, (3, 3), groups=64, bias=False))  # depthwise
        576
    """
    return math.prod(spec.weight_shape) + (spec.out_channels if spec.bias else 0)


def num_macs(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> int:
    """The multiply-accumulate operations of one forward pass, by the definition. FLOPs are twice as many.

    By convention, products with padding count and the bias adds none. A convolution does one product per output
    position and weight, a transposed convolution one per input position and weight.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_macs(ConvSpec(1, 6, (5, 5)), 32)  # the first layer of LeNet-5: 28 * 28 positions, 150 weights
        117600
    """
    out = output_size(spec, input_size)
    positions = as_tuple("input_size", input_size, spec.ndim, minimum=1) if spec.transposed else out
    return as_int("batch_size", batch_size, minimum=0) * math.prod(positions) * math.prod(spec.weight_shape)


def num_inner_macs(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> int:
    """The multiply-accumulate operations of one forward pass that meet an element of the input, not a zero around it.

    Args:
        spec: A convolution, not a transposed one; padding of other modes than "zeros" counts as input.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs.

    Raises:
        ValueError: If the convolution is transposed, or as `output_size`.

    Example:
        >>> spec = ConvSpec(1, 1, (3,), padding=1)
        >>> num_macs(spec, 5), num_inner_macs(spec, 5)  # at each end, one tap of three meets a zero
        (15, 13)
    """
    if spec.transposed:
        raise ValueError("num_inner_macs needs a convolution, but transposed=True")
    if spec.padding_mode != "zeros":
        return num_macs(spec, input_size, batch_size=batch_size)
    sizes, out = as_tuple("input_size", input_size, spec.ndim, minimum=1), output_size(spec, input_size)
    pairs = as_int("batch_size", batch_size, minimum=0) * math.prod(spec.weight_shape[:2])
    for axis, (before, _) in enumerate(padding_amounts(spec)):
        step, firsts = spec.stride[axis], [k * spec.dilation[axis] - before for k in range(spec.kernel_size[axis])]
        # output i meets element i * step + first; those from 0 to size - 1 are inside
        pairs *= sum(
            max(0, min(out[axis], (sizes[axis] - 1 - first) // step + 1) - max(0, -(first // step))) for first in firsts
        )
    return pairs


class Bytes(NamedTuple):
    """The bytes of the tensors of one forward pass.

    Attributes:
        input: The input.
        params: Weight and bias.
        output: The output.
    """

    input: int
    params: int
    output: int

    @property
    def total(self) -> int:
        """All three together."""
        return sum(self)


def num_bytes(
    spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1, element_size: SupportsIndex = 4
) -> Bytes:
    """The memory of a convolution's input, parameters and output.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs.
        element_size: Bytes per number: 4 for float32, 2 for bfloat16 (`tensor.element_size()`).

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> num_bytes(ConvSpec(3, 16, (3, 3), padding=1), (224, 224))
        Bytes(input=602112, params=1792, output=3211264)
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    batch = as_int("batch_size", batch_size, minimum=0)
    each = as_int("element_size", element_size, minimum=1)
    return Bytes(
        input=each * batch * spec.in_channels * math.prod(sizes),
        params=each * num_params(spec),
        output=each * batch * spec.out_channels * math.prod(output_size(spec, sizes)),
    )
