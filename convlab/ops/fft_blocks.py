"""The lengths at which a convolution by Fourier transform transforms, and the blocks into which it cuts its input.

A transform of `length` elements gives `length - span + 1` outputs of a kernel that spans `span` elements. At the others
its sum goes around the end, and they are thrown away. So an axis is transformed as a whole, or in blocks that overlap
by `span - 1` elements (overlap-save). Short blocks repeat more of the input; long ones make the kernels more expensive,
which are transformed at the same length.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

PART = 2**19
"""Elements that are transformed at a time: few enough to keep memory small, enough to make each step worth it."""

FEWEST_OUTPUTS = 16
"""Output channels that are computed at a time at least: the spectra of the input are read once for all of them."""

ODD_COST = 1.4
"""Time for an element of a transform whose length is no power of two, beside one whose length is."""

PRODUCT_COST = 8.0
"""Time for a complex product, beside that for an element of a transform of length t, which is log2(t)**2."""


class Plan(NamedTuple):
    """How one convolution of stride 1 without padding is cut into transforms. All tuples have one int per spatial axis.

    Example:
        >>> plan_for((1, 1, 160_000), (1, 1, 1024), 1)
        Plan(spans=(1024,), lengths=(4096,), counts=(52,), groups=1, outputs=16)
    """

    spans: tuple[int, ...]
    """Elements that the kernel spans."""
    lengths: tuple[int, ...]
    """Elements of a block, and of its transform."""
    counts: tuple[int, ...]
    """Blocks."""
    groups: int
    """Groups that are computed at a time."""
    outputs: int
    """Output channels that are computed at a time, of these groups."""

    @property
    def steps(self) -> tuple[int, ...]:
        """Outputs that a block gives.

        Example:
            >>> plan_for((1, 1, 160_000), (1, 1, 1024), 1).steps
            (3073,)
        """
        return tuple(length - span + 1 for length, span in zip(self.lengths, self.spans, strict=True))

    @property
    def axes(self) -> list[int]:
        """The axes that are transformed, from the last: those whose blocks have more than one element, at least one.

        Example:
            >>> plan_for((1, 1, 8, 64), (1, 1, 1, 9), 1).axes
            [-1]
        """
        ndim = len(self.lengths)
        return [axis - ndim for axis, length in enumerate(self.lengths) if length > 1] or [-1]


@functools.lru_cache(maxsize=256)
def plan_for(input_shape: tuple[int, ...], weight_shape: tuple[int, ...], groups: int) -> Plan:
    """The plan whose transforms and products are estimated to take the least time.

    An axis along which the kernel has one element is not transformed.

    Args:
        input_shape: (N, C_in, *padded).
        weight_shape: (C_out, C_in/groups, *spans).
        groups: Number of independent convolutions side by side.

    Example:
        >>> [plan_for((1, 1, 512, size), (1, 1, 63, 63), 1).lengths for size in (100, 1000)]
        [(128, 100), (512, 256)]
    """
    batch, sizes = input_shape[0], input_shape[2:]
    out_per_group, in_per_group, spans = weight_shape[0] // groups, weight_shape[1], weight_shape[2:]
    pairs = list(zip(sizes, spans, strict=True))

    def counts(lengths: Iterable[int]) -> tuple[int, ...]:
        triples = zip(pairs, lengths, strict=True)
        return tuple(math.ceil((size - span + 1) / (length - span + 1)) for (size, span), length in triples)

    def transformed(lengths: tuple[int, ...]) -> tuple[int, int]:
        """Of one group: transforms, and products at one frequency."""
        inputs, kernels = max(1, batch) * math.prod(counts(lengths)), out_per_group * in_per_group
        return inputs * (in_per_group + out_per_group) + kernels, inputs * kernels

    def cost(lengths: tuple[int, ...]) -> float:
        transforms, products = transformed(lengths)
        each = sum((ODD_COST if length & (length - 1) else 1.0) * math.log2(length) ** 2 for length in lengths)
        return math.prod(lengths) * (transforms * each + products * PRODUCT_COST)

    lengths = min(itertools.product(*(_candidates(size, span) for size, span in pairs)), key=cost)
    together = max(1, min(groups, PART // (transformed(lengths)[0] * math.prod(lengths))))
    per_output = (max(1, batch) * math.prod(counts(lengths)) + in_per_group) * math.prod(lengths)
    outputs = out_per_group * together if together > 1 else max(FEWEST_OUTPUTS, PART // per_output)
    return Plan(tuple(spans), lengths, counts(lengths), together, outputs)


def good_length(least: int) -> int:
    """The smallest even product of 2, 3, 5 and 7 that is not below `least`; 1 for 1.

    Example:
        >>> good_length(574), good_length(86), good_length(1)
        (576, 90, 1)
    """
    if least == 1:
        return 1
    best = _power_of_two(least)
    powers = [[prime**k for k in range(int(math.log(best, prime)) + 1)] for prime in (3, 5, 7)]
    odd_products = map(math.prod, itertools.product(*powers))
    return min(2 * odd * _power_of_two(math.ceil(least / (2 * odd))) for odd in odd_products)


def blocks(input: torch.Tensor, plan: Plan) -> torch.Tensor:
    """The input cut into overlapping blocks, with zeros at the end where the last block needs them.

    Args:
        input: The padded batch.
        plan: Its `spans` less one is the overlap.

    Shape:
        - input: (N, C_in, *padded)
        - Output: (N, C_in, *counts, *lengths)

    Example:
        >>> blocks(torch.arange(1, 8).reshape(1, 1, 7), Plan((3,), (5,), (2,), 1, 1))
        tensor([[[[1, 2, 3, 4, 5],
                  [4, 5, 6, 7, 0]]]])
    """
    axes = list(zip(plan.counts, plan.steps, plan.lengths, strict=True))
    wanted = [(count - 1) * step + length for count, step, length in axes]
    input = resized(input, wanted)
    for axis, (_, step, length) in enumerate(axes, start=2):
        input = input.unfold(axis, length, step)
    return input


def joined(pieces: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """Blocks that do not overlap, side by side again, without what is beyond the end.

    Args:
        pieces: The blocks.
        sizes: Elements along each axis.

    Shape:
        - pieces: (N, C, *counts, *steps)
        - Output: (N, C, *sizes)

    Example:
        >>> joined(torch.tensor([[[[1, 2, 3], [4, 5, 0]]]]), (5,))
        tensor([[[1, 2, 3, 4, 5]]])
    """
    ndim = len(sizes)
    order = [first + axis for axis in range(ndim) for first in (2, 2 + ndim)]
    wholes = [count * step for count, step in zip(pieces.shape[2 : 2 + ndim], pieces.shape[2 + ndim :], strict=True)]
    return pieces.permute(0, 1, *order).reshape(*pieces.shape[:2], *wholes)[:, :, *map(slice, sizes)]


def spread(weight: torch.Tensor, dilation: Sequence[int]) -> torch.Tensor:
    """The weight with zeros between its taps; the weight itself where there is no dilation.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)
        - Output: (C_out, C_in/groups, *spans)

    Example:
        >>> spread(torch.tensor([[[1, 2, 3]]]), (2,))
        tensor([[[1, 0, 2, 0, 3]]])
    """
    if set(dilation) == {1}:
        return weight
    spans = [gap * (taps - 1) + 1 for taps, gap in zip(weight.shape[2:], dilation, strict=True)]
    wide = weight.new_zeros(*weight.shape[:2], *spans)
    wide[:, :, *(slice(None, None, gap) for gap in dilation)] = weight
    return wide


def phases(tensor: torch.Tensor, sizes: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    """Every phase of a stride as a channel: the elements 0, s, 2 s ... of an axis, then 1, s + 1, 2 s + 1 ...

    The convolution of these with stride 1 is the convolution with the stride.

    Args:
        tensor: Input or weight, which is filled with zeros, or cut, at the end of its axes.
        sizes: Elements of each phase, one int per spatial axis.
        stride: Number of phases, one int per spatial axis.

    Shape:
        - tensor: (N, C, *any)
        - Output: (N, C * prod(stride), *sizes)

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html

    Example:
        >>> phases(torch.arange(7).reshape(1, 1, 7), (3,), (2,))
        tensor([[[0, 2, 4],
                 [1, 3, 5]]])
    """
    ndim = len(stride)
    tensor = resized(tensor, [size * step for size, step in zip(sizes, stride, strict=True)])
    for axis in reversed(range(ndim)):
        tensor = tensor.unflatten(2 + axis, (sizes[axis], stride[axis]))
    order = [first + 2 * axis for first in (3, 2) for axis in range(ndim)]
    return tensor.permute(0, 1, *order).flatten(1, 1 + ndim)


def resized(tensor: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """The tensor with these sizes: zeros are put behind its end, or its end is cut off, along each spatial axis.

    Shape:
        - tensor: (N, C, *any)
        - Output: (N, C, *sizes)

    Example:
        >>> resized(torch.ones(1, 1, 3, 1), (2, 3))
        tensor([[[[1., 0., 0.],
                  [1., 0., 0.]]]])
    """
    behind = [wanted - size for wanted, size in zip(sizes, tensor.shape[2:], strict=True)]
    return F.pad(tensor, [amount for last in reversed(behind) for amount in (0, last)]) if any(behind) else tensor


def _candidates(size: int, span: int) -> list[int]:
    """Lengths worth a try: the whole axis, and 2^k and 3 * 2^k that are shorter; 1 for a kernel of one element."""
    if span == 1:
        return [1]
    whole = good_length(size)
    shorter = {factor * 2**k for factor in (1, 3) for k in range(1, whole.bit_length())}
    return [*sorted(length for length in shorter if span < length < whole), whole, _power_of_two(size)]


def _power_of_two(least: int) -> int:
    """The smallest power of two that is not below `least`."""
    return 1 << (least - 1).bit_length()
