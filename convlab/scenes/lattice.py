"""Where a deformable convolution samples: the lattice of its taps, and each tap's point, moved by its offset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple
from convlab.arithmetic.taps import taps
from convlab.scenes.numbers import plain
from convlab.scenes.tensors import LETTERS


class Sample(NamedTuple):
    """One tap of a deformable convolution at one output position: where it would read, and where it does.

    Attributes:
        kernel_index: Position in the kernel.
        lattice: Where an ordinary convolution would read; negative, or past the end, in the padding.
        point: Where it is read, in elements: the lattice and the offset; it may lie between elements, and outside.

    Example:
        >>> Sample((2,), (3,), (3.5,)).point
        (3.5,)
    """

    kernel_index: tuple[int, ...]
    lattice: tuple[int, ...]
    point: tuple[float, ...]


def samples(
    spec: ConvSpec,
    offset: torch.Tensor,
    output_index: Sequence[int],
    input_size: IntOrTuple,
    *,
    offset_group: SupportsIndex = 0,
) -> tuple[Sample, ...]:
    """Where a deformable convolution samples its input for one output position, one sample for each tap.

    Args:
        spec: The convolution.
        offset: Laid out as in torchvision, without the batch: for each offset group and tap as many numbers as axes.
        output_index: The output position, one int per spatial axis.
        input_size: Elements of the input, an int or one int per spatial axis.
        offset_group: The group of input channels that is asked for, from 0 on.

    Shape:
        - offset: (ndim * offset_groups * prod(kernel_size), *out)

    Raises:
        TypeError: If the offset is no tensor, or something is no int.
        ValueError: If the offset has another shape or is not finite, or there is no such position or group.

    Source:
        https://docs.pytorch.org/vision/stable/generated/torchvision.ops.deform_conv2d.html

    Example:
        >>> offset = torch.tensor([[0.0], [0.25], [-1.5]])
        >>> [sample.point for sample in samples(ConvSpec(1, 1, (3,)), offset, (0,), 3)]
        [(0.0,), (1.25,), (0.5,)]
    """
    sizes = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    moves = offset_for(spec, offset, sizes).unflatten(0, (-1, math.prod(spec.kernel_size), spec.ndim))
    group = as_int("offset_group", offset_group, minimum=0)
    if group >= len(moves):
        raise ValueError(
            f"offset_group must be less than the number of offset groups, but offset_group={group} and the offset "
            f"has {len(moves)}"
        )
    window = taps(spec, output_index, sizes)
    here = moves[group][(..., *map(int, output_index))].tolist()
    return tuple(
        Sample(tap.kernel_index, tap.input_index, tuple(i + d for i, d in zip(tap.input_index, move, strict=True)))
        for tap, move in zip(window, here, strict=True)
    )


def offset_for(spec: ConvSpec, offset: torch.Tensor | None, input_size: Sequence[int]) -> torch.Tensor:
    """The offset of a picture: the given one, or small ones in quarters of an element.

    Args:
        spec: The convolution.
        offset: The offset without the batch; None makes one, for one offset group.
        input_size: Elements of the input on each spatial axis.

    Shape:
        - offset: (ndim * offset_groups * prod(kernel_size), *out)
        - Output: the same, of float64

    Raises:
        TypeError: If the offset is no tensor, or its numbers are complex.
        ValueError: If it has another shape, or a number is not finite.

    Example:
        >>> offset_for(ConvSpec(1, 1, (3,)), None, (4,))
        tensor([[-0.5000,  0.5000],
                [ 0.5000,  0.2500],
                [ 0.2500,  0.2500]], dtype=torch.float64)
        >>> offset_for(ConvSpec(1, 1, (3, 3)), torch.zeros(9, 3, 3), (5, 5))
        Traceback (most recent call last):
        ValueError: offset must have shape (2 * offset_groups * kH * kW, H_out, W_out) = (18 * offset_groups, 3, 3), ...
    """
    out, channels = output_size(spec, tuple(input_size)), spec.ndim * math.prod(spec.kernel_size)
    if offset is None:
        options: dict[str, Any] = {"generator": torch.Generator("cpu").manual_seed(1), "device": "cpu"}
        return torch.randint(-2, 3, (channels, *out), **options).double() / 4
    values = plain("offset", offset)
    if tuple(offset.shape[1:]) != out or not len(offset) or len(offset) % channels:
        raise ValueError(
            f"offset must have shape ({_channel_words(spec)}, {_out_words(spec)}) = "
            f"({channels} * offset_groups, {', '.join(map(str, out))}), but has shape {tuple(offset.shape)}; "
            "a batch is not drawn, so take one of its examples"
        )
    return values


def mask_for(spec: ConvSpec, mask: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
    """The mask of a picture, after the check that it fits the offset.

    Args:
        spec: The convolution.
        mask: One factor for each sample, without the batch.
        offset: The offset.

    Shape:
        - mask: (offset_groups * prod(kernel_size), *out)
        - offset: (ndim * offset_groups * prod(kernel_size), *out)
        - Output: (offset_groups * prod(kernel_size), *out), of float64

    Raises:
        TypeError: If the mask is no tensor, or its numbers are complex.
        ValueError: If it has another shape, or a number is not finite.

    Example:
        >>> mask_for(ConvSpec(1, 1, (3,)), torch.ones(1, 5), torch.zeros(3, 5))
        Traceback (most recent call last):
        ValueError: mask must have shape (3, 5), one factor for each point of the offset, but has shape (1, 5)
    """
    values = plain("mask", mask)
    wanted = (len(offset) // spec.ndim, *offset.shape[1:])
    if tuple(mask.shape) != wanted:
        raise ValueError(
            f"mask must have shape {wanted}, one factor for each point of the offset, but has shape {tuple(mask.shape)}"
        )
    return values


def reach(found: Sequence[Sample], input_size: Sequence[int]) -> list[tuple[int, int]]:
    """How far the samples leave the input: cells before and after it on each axis that have room for all of them.

    Args:
        found: The samples.
        input_size: Elements of the input on each spatial axis.

    Example:
        >>> reach([Sample((0,), (0,), (-0.75,)), Sample((1,), (1,), (1.0,))], (3,))
        [(1, 0)]
    """
    places = [place for sample in found for place in (sample.point, sample.lattice)]
    return [
        (max(0, math.ceil(-min(along) - 0.5)), max(0, math.ceil(max(along) + 0.5) - n))
        for along, n in zip(zip(*places, strict=True), input_size, strict=True)
    ]


def _channel_words(spec: ConvSpec) -> str:
    """How many channels an offset has, as "2 * offset_groups * kH * kW"."""
    kernel = ["k"] if spec.ndim == 1 else [f"k{letter}" for letter in LETTERS[spec.ndim]]
    return " * ".join([*[str(spec.ndim)] * (spec.ndim > 1), "offset_groups", *kernel])


def _out_words(spec: ConvSpec) -> str:
    return ", ".join(f"{letter}_out" for letter in LETTERS[spec.ndim])
