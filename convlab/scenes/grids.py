"""The grids of a transposed convolution: kernels by output channel, kinds of cells along the axes, words of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from convlab.arithmetic.sizes import output_size, padding_amounts
from convlab.arithmetic.spec import ConvSpec
from convlab.scenes.tensors import LETTERS, Planes, kernel_planes, labelled, planes

STRONGEST_LAST = ".zpc"
"""Where the axes of a cell have different kinds, it is of the one that stands last here."""


def with_kinds(found: Planes, along: Sequence[str]) -> Planes:
    """The same grids, with the kinds of their cells.

    Args:
        found: The grids.
        along: For each spatial axis the kind of each place along it, as letters of `KINDS`.

    Example:
        >>> with_kinds(planes("output", torch.zeros(1, 3, 3)), ("c.c", "..c")).grids[0].kinds
        ('ccc', '..c', 'ccc')
    """
    if not set("".join(along)) - {"."}:
        return found
    letters = along if len(along) > 1 else ("." * found.grids[0].shape[0], *along)
    depths = along[0] if len(along) == 3 else "."
    grids = []
    for number, grid in enumerate(found.grids):
        depth = depths[number % len(depths)]
        kinds = (
            "".join(max(down + across + depth, key=STRONGEST_LAST.index) for across in letters[-1])
            for down in letters[-2]
        )
        grids.append(replace(grid, kinds=tuple(kinds)))
    return replace(found, grids=tuple(grids))


def as_convolution(spec: ConvSpec) -> ConvSpec:
    """The convolution that slides the flipped kernel over the input with zeros between, the border already around it.

    Example:
        >>> spec = ConvSpec(2, 4, (3,), stride=2, padding=1, dilation=2, transposed=True)
        >>> flipped = as_convolution(spec)
        >>> flipped.stride, flipped.padding, flipped.dilation
        ((1,), (0,), (2,))
    """
    return ConvSpec(
        spec.in_channels, spec.out_channels, spec.kernel_size, dilation=spec.dilation, groups=spec.groups, bias=False
    )


def kernels_of(spec: ConvSpec, weight: torch.Tensor, *, flipped: bool = False) -> list[Planes]:
    """The kernels of a transposed convolution as grids, those of each output channel together.

    Their titles index the weight as torch lays it out, input channel first.

    Args:
        spec: The transposed convolution.
        weight: All kernels.
        flipped: Whether each is turned round along all its axes, which the titles say.

    Shape:
        - weight: (C_in, C_out/groups, *kernel_size)

    Example:
        >>> spec, weight = ConvSpec(1, 2, (2,), transposed=True), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        >>> [(grid.title, grid.values) for each in kernels_of(spec, weight) for grid in each.grids]
        [('weight[:, 0]', ((1, 2),)), ('weight[:, 1]', ((3, 4),))]
        >>> kernels_of(spec, weight, flipped=True)[0].grids[0].values
        ((2, 1),)
    """
    by_output = weight.unflatten(0, (spec.groups, -1)).transpose(1, 2).flatten(0, 1)  # (C_out, C_in/groups, ...)
    by_output = by_output.flip(list(range(2, weight.ndim))) if flipped else by_output
    share, per_group = spec.in_channels // spec.groups, spec.out_channels // spec.groups
    every = []
    for channel in range(spec.out_channels):
        found = kernel_planes(as_convolution(spec), by_output, channel)
        first = channel // per_group * share
        several = f"{first}:{first + share}" if spec.groups > 1 else ":"
        titled = []
        for source, row in enumerate(found.rows_of_planes()):
            index = several if spec.ndim == 1 else first + source
            title = "kernel" if weight.shape[0] == weight.shape[1] == 1 else f"weight[{index}, {channel % per_group}]"
            for depth, grid in enumerate(row):
                words = [title, *["flipped"] * flipped, *[f"d = {depth}"] * (spec.ndim == 3)]
                titled.append(replace(grid, title=", ".join(words)))
        every.append(replace(found, grids=tuple(titled)))
    return every


def sized_planes(name: str, tensor: torch.Tensor, words: Sequence[str] = ()) -> Planes:
    """An input as grids, with its sizes at its axes.

    Args:
        name: What the grids are called.
        tensor: The numbers.
        words: What is written at its axes; empty: the sizes.

    Shape:
        - tensor: (C, *spatial)

    Example:
        >>> sized_planes("input", torch.zeros(1, 2, 3)).grids[0].across
        'W = 3'
    """
    letters = LETTERS[tensor.ndim - 1]
    sizes = [f"{letter} = {n}" for letter, n in zip(letters, tensor.shape[1:], strict=True)]
    return labelled(planes(name, tensor), words or sizes, channels=f"C_in = {len(tensor)}")


def crops(spec: ConvSpec) -> tuple[int, ...]:
    """The padding of a transposed convolution: how many elements it crops on both sides of each axis.

    Example:
        >>> crops(ConvSpec(1, 1, (3, 3), padding=(1, 0), transposed=True))
        (1, 0)
    """
    return tuple(before for before, _ in padding_amounts(spec))


def output_words(spec: ConvSpec, input_size: Sequence[int], *, uncropped: bool = False) -> list[str]:
    """The sizes of the output of a transposed convolution, in words, for its axes.

    Args:
        spec: The transposed convolution.
        input_size: Elements of the input on each spatial axis.
        uncropped: Whether the picture shows what the padding crops, too; then the words say how much that is.

    Example:
        >>> spec = ConvSpec(1, 1, (3,), stride=2, padding=1, output_padding=1, transposed=True)
        >>> output_words(spec, (4,)), output_words(spec, (4,), uncropped=True)
        (['L_out = 8'], ['L_out = 8, padding 1, output_padding 1'])
    """
    found = []
    for letter, n, cropped, extra in zip(
        LETTERS[spec.ndim], output_size(spec, input_size), crops(spec), spec.output_padding, strict=True
    ):
        words = [f"{letter}_out = {n}", *[f"padding {cropped}"] * (uncropped and cropped > 0)]
        found.append(", ".join([*words, *[f"output_padding {extra}"] * (uncropped and extra > 0)]))
    return found
