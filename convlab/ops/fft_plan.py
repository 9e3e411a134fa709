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
from collections.abc import Iterable
from typing import NamedTuple, SupportsIndex

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int

PART = 2**19
"""Elements that are transformed at a time: few enough to keep memory small, enough to make each step worth it."""

FEWEST_OUTPUTS = 16
"""Output channels that are computed at a time at least: the spectra of the input are read once for all of them."""

NEAR = 2**22
"""Elements that are transformed for one part of a batch, where the kernels leave as few."""

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


def plan_of(spec: ConvSpec, input_size: IntOrTuple, batch_size: int) -> Plan:
    """The plan of a whole convolution, with its padding, stride and dilation.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> plan_of(ConvSpec(1, 1, (31, 31), stride=2, padding=15), 64, 1).lengths  # blocks of each of the four phases
        (32, 32)
    """
    sizes, spans = phase_sizes(spec, input_size)
    channels, in_per_group = (n * math.prod(spec.stride) for n in (spec.in_channels, spec.weight_shape[1]))
    return plan_for((batch_size, channels, *sizes), (spec.out_channels, in_per_group, *spans), spec.groups)


def samples_at_a_time(spec: ConvSpec, input_size: IntOrTuple, batch_size: int) -> int:
    """How many samples of a batch are computed at a time: few enough for memory that is near to the processor.

    The kernels are transformed again for each part, so a part is large beside them.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N, at least 1.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> [samples_at_a_time(ConvSpec(1, 1, (31, 31), padding=15), 224, batch_size) for batch_size in (1, 256)]
        [1, 32]
    """
    plan = plan_of(spec, input_size, batch_size)
    ins, outs = spec.weight_shape[1] * math.prod(spec.stride), spec.out_channels // spec.groups
    sample, kernels = math.prod(plan.counts) * (ins + outs), ins * outs
    wanted = max(NEAR // (spec.groups * math.prod(plan.lengths)), 4 * kernels)
    parts = math.ceil(batch_size * sample / wanted)
    return math.ceil(batch_size / parts)


def phase_sizes(spec: ConvSpec, input_size: IntOrTuple) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of each phase of the stride, the elements of the padded input and of the kernel along each axis.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        ValueError: As `output_size`.

    Example:
        >>> phase_sizes(ConvSpec(1, 1, (3,), stride=2, padding=1), 8)
        ((5,), (2,))
    """
    axes = zip(spec.kernel_size, spec.dilation, spec.stride, strict=True)
    spans = tuple(math.ceil((gap * (taps - 1) + 1) / step) for taps, gap, step in axes)
    out_size = output_size(spec, input_size)
    return tuple(windows + span - 1 for windows, span in zip(out_size, spans, strict=True)), spans


def num_operations(spec: ConvSpec, input_size: IntOrTuple, *, batch_size: SupportsIndex = 1) -> tuple[int, int]:
    """(elements that are transformed, products of spectra) of one forward pass: its time depends on both.

    Args:
        spec: The convolution.
        input_size: Elements of the input, an int or one int per spatial axis.
        batch_size: Number of inputs, N.

    Raises:
        ValueError: If `batch_size` is negative, or as `output_size`.

    Example:
        >>> num_operations(ConvSpec(1, 1, (31, 31), padding=15), 64)  # 4 blocks, 1 kernel, 4 results: 64 * 64 each
        (36864, 16384)
    """
    batch = as_int("batch_size", batch_size, minimum=0)
    plan = plan_of(spec, input_size, batch)
    count, length = batch * math.prod(plan.counts), math.prod(plan.lengths)
    ins, outs = spec.weight_shape[1] * math.prod(spec.stride), spec.out_channels // spec.groups
    transforms, products = count * (ins + outs) + ins * outs, count * ins * outs
    return spec.groups * transforms * length, spec.groups * products * length


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
