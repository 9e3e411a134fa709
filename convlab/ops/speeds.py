"""What a convolution takes on the CPU, predicted: the highest speed of torch, and the usual time of the other ways.

Torch hands a convolution on the CPU to the library oneDNN. Its kernels work on 16 output channels of a group at a time,
whether there are as many or not: with one it reaches a sixteenth of its speed. A depthwise kernel works on 16 groups at
a time, and wants the padding of the last axis to fit into one block of registers (`REGISTERS`). Beyond it, a general
kernel takes its place, which is tens of times slower.

`SPEED` holds the **highest** speed that torch reached for each kind of convolution, `TRANSFORM` what method "fft"
needed in the middle of its measurements: about 3,000 random convolutions in 1D to 3D, on one thread of an AMD EPYC of
2023, with AVX512 and again limited to AVX2. So torch is judged kindly. `tests/benchmarks/conv_auto.py` holds both
against what it measures.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from convlab.arithmetic.cost import num_inner_macs, num_macs
from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec
from convlab.ops.fft_plan import num_operations

REGISTERS = {"AVX2": 4, "AVX512": 6}
"""Elements of padding along the last axis that oneDNN's depthwise kernels take, by what torch calls the CPU."""


class Speed(NamedTuple):
    """The highest speed at which torch was seen to convolve, in multiply-accumulate operations (MACs) a nanosecond.

    Attributes:
        dense: For each output channel, where there is one group.
        grouped: For each output channel of a group.
        by_four: The same, where a group's input and output channels are multiples of 4.
        most: With any number of channels.
        depthwise: For each group, where a group has one input and one output channel.
        most_depthwise: With any number of such groups.
        deep: Depthwise in 1D or 2D with padding beyond `REGISTERS`, with any number of groups.

    Example:
        >>> SPEED[torch.float32, False].dense * 16 == SPEED[torch.float32, False].most  # 16 channels at a time
        True
    """

    dense: float
    grouped: float
    by_four: float
    most: float
    depthwise: float
    most_depthwise: float
    deep: float


class Transform(NamedTuple):
    """The time that method "fft" takes, in nanoseconds.

    Attributes:
        call: For a call.
        element: For each element that is transformed.
        product: For each product of spectra.

    Example:
        >>> TRANSFORM[torch.float32, False]
        Transform(call=430000, element=2.5, product=0.3)
    """

    call: float
    element: float
    product: float


# By dtype, and whether autograd will go back through the convolution: then forward and backward are counted together.
SPEED = {
    (torch.float32, False): Speed(3.5, 1.6, 6.2, most=56, depthwise=3.6, most_depthwise=38, deep=1.6),
    (torch.float32, True): Speed(1.4, 0.55, 1.6, most=16, depthwise=0.85, most_depthwise=0.85, deep=0.85),
    (torch.float64, False): Speed(2.5, 1.5, 1.5, most=15, depthwise=2.2, most_depthwise=2.2, deep=2.2),
    (torch.float64, True): Speed(0.35, 0.4, 0.4, most=4, depthwise=0.4, most_depthwise=0.4, deep=0.4),
}
TRANSFORM = {
    (torch.float32, False): Transform(call=430_000, element=2.5, product=0.3),
    (torch.float32, True): Transform(call=1_300_000, element=8.6, product=1.5),
    (torch.float64, False): Transform(call=430_000, element=5.0, product=0.6),
    (torch.float64, True): Transform(call=1_300_000, element=17.0, product=3.0),
}
FEW_INPUTS = 0.3
"""The part of that speed for each input channel where autograd goes back: there, inputs take the place of outputs."""

PADDED_SPEED = 1.5
"""MACs a nanosecond of torch's depthwise kernels on an input padded before, for each of up to 16 groups, stride 1."""

NARROW_SPEED, WIDE_SPEED = 1.0, 2.0
"""MACs a nanosecond of torch: at most in a narrow dtype that the CPU does not know, and at least in float32, nearly."""


class Call(NamedTuple):
    """What the time of a convolution depends on.

    Attributes:
        spec: Its hyperparameters.
        sizes: Elements of the input along each spatial axis.
        batch: Number of inputs.
        dtype: That of the tensors.
        training: Whether autograd will go back through it: then forward and backward are counted together.
        threads: Threads of torch.
        capability: What the CPU can do, as `torch.backends.cpu.get_cpu_capability` names it.

    Example:
        >>> call = Call(ConvSpec(1, 1, (3,)), (8,), 1, torch.float32, False, 1, "AVX2")
        >>> call._replace(threads=2).threads
        2
    """

    spec: ConvSpec
    sizes: tuple[int, ...]
    batch: int
    dtype: torch.dtype
    training: bool
    threads: int
    capability: str


def torch_time(call: Call) -> float:
    """The nanoseconds that torch needs at least; products with the zeros around the input are not counted.

    Example:
        >>> call = Call(ConvSpec(1, 1, (63, 63), padding=31), (512, 512), 1, torch.float32, False, 1, "AVX512")
        >>> f"{torch_time(call) / 1e6:.0f} ms at least, {transform_time(call) / 1e6:.1f} ms by transforms"
        '279 ms at least, 3.7 ms by transforms'
    """
    return num_inner_macs(call.spec, call.sizes, batch_size=call.batch) / _speed(call) / call.threads


def transform_time(call: Call) -> float:
    """The nanoseconds that method "fft" usually needs, on one thread.

    Example:
        >>> spec = ConvSpec(1, 1, (1024,), padding=512)
        >>> calls = [Call(spec, (size,), 1, torch.float32, False, 1, "AVX2") for size in (1000, 160_000)]
        >>> [f"{transform_time(call) / 1e6:.2f} ms" for call in calls]
        ['0.45 ms', '1.59 ms']
    """
    cost = TRANSFORM[call.dtype, call.training]
    elements, products = num_operations(call.spec, call.sizes, batch_size=call.batch)
    return cost.call + cost.element * elements + cost.product * products


def padded_time(call: Call) -> float:
    """The nanoseconds for padding, and for torch's depthwise kernel, which multiplies with the padding, too.

    Example:
        >>> spec = ConvSpec(96, 96, (31, 31), padding=15, groups=96)
        >>> call = Call(spec, (56, 56), 1, torch.float32, False, 1, "AVX512")
        >>> round(torch_time(call) / padded_time(call))
        10
    """
    axes = zip(call.sizes, padding_amounts(call.spec), strict=True)
    padded = call.batch * call.spec.in_channels * math.prod(size + before + after for size, (before, after) in axes)
    macs = num_macs(call.spec, call.sizes, batch_size=call.batch)
    speed = PADDED_SPEED * min(16, call.spec.groups) / call.spec.stride[-1]
    return (30_000 + padded + macs / speed) / call.threads


def narrow_times(call: Call) -> tuple[float, float]:
    """The nanoseconds of torch in a narrow dtype without instructions, and in float32 with the way there and back.

    Example:
        >>> call = Call(ConvSpec(16, 16, (3, 3), padding=1), (32, 32), 4, torch.float16, False, 1, "AVX2")
        >>> alone, wide = narrow_times(call)
        >>> round(alone / wide, 1)
        1.8
    """
    spec, out = call.spec, output_size(call.spec, call.sizes)
    elements = call.batch * (spec.in_channels * math.prod(call.sizes) + spec.out_channels * math.prod(out))
    alone = num_inner_macs(spec, call.sizes, batch_size=call.batch) / NARROW_SPEED
    wide = 20_000 + 1.3 * elements + num_macs(spec, call.sizes, batch_size=call.batch) / WIDE_SPEED
    passes = 3 if call.training else 1
    return passes * alone, passes * wide


def is_deep(call: Call) -> bool:
    """Whether a depthwise convolution in 1D or 2D has more padding than oneDNN's kernels for it take.

    Example:
        >>> spec = ConvSpec(8, 8, (11, 11), padding=5, groups=8)
        >>> [is_deep(Call(spec, (56, 56), 1, torch.float32, False, 1, name)) for name in ("AVX2", "AVX512")]
        [True, False]
    """
    spec = call.spec
    depthwise = spec.groups > 1 and spec.in_channels == spec.out_channels == spec.groups
    beyond = spec.padding_mode == "zeros" and padding_amounts(spec)[-1][0] > REGISTERS[call.capability]
    return depthwise and spec.ndim < 3 and beyond


def _speed(call: Call) -> float:
    """MACs a nanosecond that torch reaches at most on one thread."""
    spec, speed = call.spec, SPEED[call.dtype, call.training]
    if is_deep(call):
        return speed.deep
    ins, outs = spec.weight_shape[1], spec.out_channels // spec.groups
    if spec.groups > 1 and ins == outs == 1:
        return min(speed.most_depthwise, speed.depthwise * spec.groups)
    each = speed.dense if spec.groups == 1 else speed.by_four if ins % 4 == outs % 4 == 0 else speed.grouped
    if call.training and spec.groups == 1:
        each *= min(1, FEW_INPUTS * ins)
    return min(speed.most, each * outs)
