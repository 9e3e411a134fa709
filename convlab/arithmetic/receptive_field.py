"""The receptive field of a chain of layers: which input elements one output element can see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from convlab.arithmetic.fields import Field, transposed_taps, window_taps
from convlab.arithmetic.sizes import padding_amounts
from convlab.arithmetic.spec import ConvSpec, as_tuple, common_ndim

_NO_WINDOWS = ("Fold", "Unfold", "FractionalMaxPool", "MaxUnpool")
"""Modules of torch that have a kernel_size and another geometry than convolution and pooling."""

PerAxis = int | Fraction | None


@dataclass(frozen=True)
class ReceptiveField:
    """What the outputs of a chain see of its input; each attribute is one number, or one number per spatial axis.

    Attributes:
        size: Input elements from the first to the last that one output can see; the largest over the output's phases.
        jump: Input elements between what neighbouring outputs see; a Fraction where the output is finer than the input.
        start: Index of the first input element that output 0 sees; negative: in the padding. None if it sees none.
    """

    size: PerAxis | tuple[PerAxis, ...]
    jump: PerAxis | tuple[PerAxis, ...]
    start: PerAxis | tuple[PerAxis, ...]


def receptive_field(layers: Iterable[object]) -> ReceptiveField:
    """The theoretical receptive field of layers that run one after the other, borders left out of account.

    Args:
        layers: Input side first. Each is a `ConvSpec`, or an object with `kernel_size` and, where they are not 1, 0
            and 1, `stride`, `padding` and `dilation`: torch's convolution and pooling modules are such objects.

    Returns:
        Ints, or one per spatial axis if a layer speaks of axes.

    Raises:
        TypeError: If a layer has no `kernel_size`.
        ValueError: If a layer's values are ones that torch refuses, or two layers have different numbers of axes.

    Source:
        Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill (2019), section
        "Single-path networks"; through transposed convolutions by following the taps.

    Example:
        >>> receptive_field([ConvSpec(1, 1, (3,)), ConvSpec(1, 1, (3,), dilation=2), ConvSpec(1, 1, (3,), dilation=4)])
        ReceptiveField(size=(15,), jump=(1,), start=(0,))
        >>> from torch import nn
        >>> receptive_field([nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5, padding=2)])
        ReceptiveField(size=(14, 14), jump=(2, 2), start=(-4, -4))
    """
    specs, ndim = _read(layers)
    axes = [_axis_field(specs, axis) for axis in range(ndim or 1)]
    if ndim is None:
        return ReceptiveField(*axes[0])
    size, jump, start = zip(*axes, strict=True)
    return ReceptiveField(size, jump, start)


def layer_specs(layers: Iterable[object]) -> list[ConvSpec]:
    """The layers of a chain as convolutions of one channel, each with its layer's geometry.

    Args:
        layers: As `receptive_field` takes them.

    Raises:
        TypeError: If a layer has no `kernel_size`.
        ValueError: As `receptive_field`.

    Example:
        >>> from torch import nn
        >>> [(spec.kernel_size, spec.stride) for spec in layer_specs([nn.Conv2d(3, 6, 5), nn.MaxPool2d(2)])]
        [((5, 5), (1, 1)), ((2, 2), (2, 2))]
    """
    return _read(layers)[0]


def chain_field(specs: Iterable[ConvSpec], axis: int) -> Field:
    """What each output of a chain sees along one spatial axis, borders left out of account.

    Args:
        specs: The layers, input side first.
        axis: The spatial axis.

    Example:
        >>> chain_field([ConvSpec(1, 1, (3,), stride=2), ConvSpec(1, 1, (3,))], 0).at(1)
        (2, 8)
    """
    field = Field()
    for spec in specs:
        window = {"before": padding_amounts(spec)[axis][0], "dilation": spec.dilation[axis]}
        kernel_size, stride = spec.kernel_size[axis], spec.stride[axis]
        if spec.transposed:
            field = field.through(1, transposed_taps(kernel_size, stride=stride, **window))
        else:
            field = field.through(stride, window_taps(kernel_size, **window))
    return field


def num_read(specs: Sequence[ConvSpec], axis: int) -> int:
    """The inputs that an output of a chain reads along one spatial axis, without the holes; borders do not count.

    Args:
        specs: The layers, input side first, none of them transposed.
        axis: The spatial axis.

    Raises:
        ValueError: If a layer is transposed: then outputs side by side read in different ways.

    Example:
        >>> num_read([ConvSpec(1, 1, (3,), dilation=2)] * 3, 0)  # of a receptive field of 13
        7
    """
    reads = {0}
    for spec in reversed(specs):
        if spec.transposed:
            raise ValueError(f"num_read takes no transposed layers, but one of the {len(specs)} layers is transposed")
        (window,) = window_taps(spec.kernel_size[axis], dilation=spec.dilation[axis])
        reads = {place * spec.stride[axis] + tap for place in reads for tap in window}
    return len(reads)


def _read(layers: Iterable[object]) -> tuple[list[ConvSpec], int | None]:
    """The layers as specs, and the number of axes that they speak of, if any."""
    described = [_describe(layer) for layer in layers]
    ndims = {ndim for ndim in (common_ndim(layer.values()) for layer in described) if ndim is not None}
    if len(ndims) > 1:
        numbers = " and ".join(map(str, sorted(ndims)))
        raise ValueError(f"the layers must have the same number of spatial axes, but they have {numbers}")
    ndim = next(iter(ndims), None)
    return [_spec(layer, ndim or 1) for layer in described], ndim


def _describe(layer: object) -> dict[str, object]:
    """The arguments of the `ConvSpec` with this layer's geometry."""
    kernel_size = getattr(layer, "kernel_size", None)
    if kernel_size is None:
        raise TypeError(f"a layer of a receptive field must have a kernel_size, but {layer!r} has none")
    if type(layer).__name__.startswith(_NO_WINDOWS):
        raise TypeError(f"a layer of a receptive field must slide a window at a fixed stride, but {layer!r} does not")
    stride = getattr(layer, "stride", 1)
    return {
        "kernel_size": kernel_size,
        "stride": kernel_size if stride is None else stride,  # what torch's functional pooling means by None
        "padding": getattr(layer, "padding", 0),
        "dilation": getattr(layer, "dilation", 1),
        "padding_mode": getattr(layer, "padding_mode", "zeros"),
        "transposed": getattr(layer, "transposed", False),
        "output_padding": getattr(layer, "output_padding", 0),
    }


def _spec(described: dict[str, object], ndim: int) -> ConvSpec:
    kernel_size = as_tuple("kernel_size", described["kernel_size"], ndim, minimum=1)
    return ConvSpec(1, 1, **{**described, "kernel_size": kernel_size})  # type: ignore[arg-type]


def _axis_field(specs: Iterable[ConvSpec], axis: int) -> tuple[PerAxis, PerAxis, PerAxis]:
    """(size, jump, start) along one axis."""
    field = chain_field(specs, axis)
    jump = field.per_element
    return field.size, jump.numerator if jump.denominator == 1 else jump, field.start
