"""Where the tensors of a convolution stand in a picture: input, kernels and output, and the signs between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from convlab.arithmetic.sizes import effective_kernel_size
from convlab.arithmetic.spec import ConvSpec
from convlab.scenes.layout import Block, below, beside, edges, moved
from convlab.scenes.numbers import in_sum
from convlab.scenes.parts import Grid, Label
from convlab.scenes.tensors import Planes

GAP = 2.5
"""Between tensors side by side: room for a sign and for words."""

BELOW = 2.0
"""Between tensors, one below the other: room for words below the one, and for the title of the other."""

NEAR = 1.5
"""Between the grids of one tensor: room for a title."""

SIGN = 1.5
"""From a sign to the grid at its right."""

Arranged = tuple[Block, tuple[Label, ...]]


def arranged(
    spec: ConvSpec, input: Planes, kernels: Sequence[Planes], output: Planes, bias: Sequence[float] | None = None
) -> Arranged:
    """The grids of a convolution at their places, with the signs "*", "+" and "=".

    In 1D they stand below each other, with stride 1 each output below the middle of its window. In 2D they stand beside
    each other, the kernels of an output channel in its row, or, where each group makes only one, each kernel beside its
    input channel. In 3D they stand below each other, the planes of a channel in a row.

    Args:
        spec: The convolution.
        input: The input with its padding.
        kernels: The kernels of each output channel.
        output: The output.
        bias: One number per output channel, or None.

    Example:
        >>> import torch
        >>> from convlab.scenes.tensors import planes
        >>> spec = ConvSpec(1, 1, (3,))
        >>> x, w, y = (planes(name, torch.zeros(1, size)) for name, size in (("x", 5), ("w", 3), ("y", 3)))
        >>> grids, labels = arranged(spec, x, [w], y)
        >>> [(grid.left, grid.top) for grid in grids], [label.text for label in labels]
        ([(0.875, 0), (1.875, 3.0), (1.875, 6.0)], ['*', '='])
    """
    arrange = {1: _signals, 2: _pictures, 3: _volumes}[spec.ndim]
    grids, labels = arrange(spec, input, kernels, output, bias)
    left = min(edges(grids)[0], *(label.left - _width(label.text) / 2 - 0.25 for label in labels))
    return moved(grids, -left, 0), tuple(label._replace(left=label.left - left) for label in labels)


def _signals(
    spec: ConvSpec, input: Planes, kernels: Sequence[Planes], output: Planes, bias: Sequence[float] | None
) -> Arranged:
    span = effective_kernel_size(spec.kernel_size, dilation=spec.dilation)[0]  # type: ignore[index]
    middle = ((output.grids[0].shape[1] - 1) * spec.stride[0] + span) / 2  # of all windows
    line = _row(list(itertools.chain(*(kernel.grids for kernel in kernels))), room=3.0, gap=NEAR)
    placed: list[Grid] = []
    for block in (input.grids, line, output.grids):
        top = edges(placed)[3] + BELOW if placed else 0
        placed += moved(block, middle - edges(block)[2] / 2 if placed else 0, top)
    *_, result = placed
    rows = [(result.left, result.top + row + 0.5) for row in range(result.shape[0])]
    return tuple(placed), (_sign("*", placed[len(input.grids)]), *_equals(rows, bias))


def _pictures(
    spec: ConvSpec, input: Planes, kernels: Sequence[Planes], output: Planes, bias: Sequence[float] | None
) -> Arranged:
    by_output = spec.out_channels > spec.groups
    lines, in_a_row = (spec.out_channels, kernels[0].num_channels) if by_output else (spec.in_channels, 1)
    width, height = kernels[0].grids[0].width, kernels[0].grids[0].height
    columns = (
        (input.num_channels, input.grids[0]),
        (lines, kernels[0].grids[0]),
        (output.num_channels, output.grids[0]),
    )
    tall = max(count * (grid.height + NEAR) for count, grid in columns)
    inputs = _column(input.grids, tall, 0)
    pitch = max(width + NEAR, 3.5)
    left = edges(inputs)[2] + GAP
    of_kernels: list[Grid] = []
    for channel, planes in enumerate(kernels):
        for source, grid in enumerate(planes.grids):
            row, column = (channel, source) if by_output else (channel * planes.num_channels + source, 0)
            middle = (row + 0.5) * tall / lines - NEAR / 2
            across, down = grid.across * (row == lines - 1), grid.down * (column == 0)
            here = replace(grid, left=left + column * pitch, top=middle - height / 2, across=across, down=down)
            of_kernels.append(here)
    right = left + (in_a_row - 1) * pitch + width
    room = max((SIGN + 1 + _width(_plus(value)) for value in bias or ()), default=GAP)
    outputs = moved(_column(output.grids, tall, 0), right + room, 0)
    star = Label("*", left - SIGN, tall / 2 - NEAR / 2)
    return (*inputs, *of_kernels, *outputs), (star, *_equals([_start(grid) for grid in outputs], bias))


def _volumes(
    spec: ConvSpec, input: Planes, kernels: Sequence[Planes], output: Planes, bias: Sequence[float] | None
) -> Arranged:
    lines = [_row(row, room=5, gap=NEAR) for row in input.rows_of_planes()]
    of_kernels = [_row(kernel.grids, room=5, gap=NEAR) for kernel in kernels]
    results = [_row(row, room=5, gap=NEAR) for row in output.rows_of_planes()]
    grids = below(below(*lines, gap=NEAR), below(*of_kernels, gap=BELOW), below(*results, gap=NEAR), gap=BELOW)
    by_name = {grid.name: grid for grid in grids}
    starts = [_start(by_name[row[0].name]) for row in output.rows_of_planes()]
    return grids, (_sign("*", by_name[kernels[0].grids[0].name]), *_equals(starts, bias))


def _row(grids: Sequence[Grid], *, room: float, gap: float) -> Block:
    """Grids side by side, each with this much room for its title."""
    return beside(*((grid,) for grid in grids), gap=max(gap, room - grids[0].width))


def _column(grids: Sequence[Grid], height: float, left: float) -> Block:
    """Grids spread evenly over a height, of which a gap is left below the last."""
    pitch = height / len(grids)
    tops = [(number + 0.5) * pitch - NEAR / 2 - grid.height / 2 for number, grid in enumerate(grids)]
    return tuple(replace(grid, left=left, top=top) for grid, top in zip(grids, tops, strict=True))


def _sign(text: str, grid: Grid) -> Label:
    left, middle = _start(grid)
    return Label(text, left - SIGN, middle)


def _start(grid: Grid) -> tuple[float, float]:
    """The middle of a grid's left edge."""
    return grid.left, grid.top + grid.height / 2


def _equals(starts: Sequence[tuple[float, float]], bias: Sequence[float] | None) -> list[Label]:
    """One "=" before the output, or one before each of its channels, and the bias before it."""
    if bias is None:
        return [Label("=", starts[0][0] - SIGN, (starts[0][1] + starts[-1][1]) / 2)]
    labels = []
    for value, (left, middle) in zip(bias, starts, strict=True):
        plus = _plus(value)
        labels += [Label(plus, left - SIGN - 0.5 - _width(plus) / 2, middle), Label("=", left - SIGN, middle)]
    return labels


def _plus(value: float) -> str:
    return f"+ {in_sum(value)}"


def _width(text: str) -> float:
    """About how wide a label is drawn."""
    return 0.25 * len(text)
