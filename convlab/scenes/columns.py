"""Unfold (im2col): the windows of an input as the columns of a matrix, so that a convolution is one matrix product."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.arithmetic.taps import taps
from convlab.ops import conv
from convlab.ops.padding import padded
from convlab.ops.unfold import columns, num_elements
from convlab.scenes.arrangement import BELOW, GAP, NEAR, SIGN
from convlab.scenes.checks import check_amount, readable_input, refuse_transposed
from convlab.scenes.layout import Block, below, edges, moved
from convlab.scenes.numbers import sum_of_products, weight_for, whole
from convlab.scenes.parts import Change, Grid, Label, Place, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import LETTERS, Planes, input_planes, marks, planes
from convlab.scenes.wording import named, position, times


def unfold(spec: ConvSpec, input: torch.Tensor | IntOrTuple, weight: torch.Tensor | None = None) -> Scene:
    """A convolution as one matrix product: a step for each window, copied into a column, times each kernel.

    The grid "columns" has a row for each tap of each input channel and a column for each window; "weight" has a row for
    each output channel; "output", their product, has a row for each output channel and a column for each window.

    Args:
        spec: The convolution, in 1D or 2D, of one group.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        weight: Laid out as in torch; None makes small whole numbers.

    Shape:
        - input: (C_in, L) or (C_in, H, W)
        - weight: (C_out, C_in, *kernel_size)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, `spec` is transposed, has groups or three spatial axes, or there would be
            too much to read: at most 2000 cells and 4000 products.

    Source:
        Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing" (2006).

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[-1.0, 1.0]]])
        >>> scene = unfold(ConvSpec(1, 1, (2,)), x, w)
        >>> scene.values_at(-1)["columns"], scene.values_at(-1)["output"]
        ([[1, 2], [2, 4]], [[1, 2]])
    """
    _check(spec)
    values, kernel = readable_input("unfold", spec, input), weight_for(spec, weight)
    size = tuple(values.shape[1:])
    around = padded(values[None], spec)[0]
    output = conv(around, kernel, stride=spec.stride, dilation=spec.dilation, method="torch")
    cells = around.numel() + num_elements(spec, size) + kernel.numel() + output.numel()
    check_amount("unfold", cells=cells)
    by_window = columns(values[None], spec)[0]
    shown = input_planes(spec, around, size)
    positions = list(itertools.product(*map(range, output.shape[1:])))
    windows = [_window(spec, shown, place, size) for place in positions]
    rows, results = kernel.flatten(1).tolist(), output.flatten(1).T.tolist()
    steps = [
        _step(spec, number, place, window, column, rows, result)
        for number, (place, window, column, result) in enumerate(
            zip(positions, windows, by_window.T.tolist(), results, strict=True)
        )
    ]
    grids, labels = _arranged(shown, *_matrices(spec, shown, windows, by_window, kernel, output))
    alt = (
        f"A convolution as a matrix product ({named(spec)}): each of the {len(positions)} windows becomes a column of "
        f"{len(by_window)} numbers, and the weight, a {times((len(kernel), len(by_window)))} matrix, multiplies it."
    )
    return Scene(f"unfold: {named(spec)}", alt, grids, tuple(steps), labels=labels)


def _step(
    spec: ConvSpec,
    number: int,
    place: tuple[int, ...],
    window: Sequence[Place],
    column: Sequence[float],
    weight: Sequence[Sequence[float]],
    results: Sequence[float],
) -> Step:
    """One window: its numbers are copied into a column, and each row of the weight times the column is written."""
    copies = [Place("columns", row, number) for row in range(len(column))]
    written = [Place("output", channel, number) for channel in range(spec.out_channels)]
    at_work = [Place("weight", channel, row) for channel in range(spec.out_channels) for row in range(len(column))]
    lit = (*marks("read", [*window, *copies]), *marks("weight", at_work), *marks("written", written))
    changes = [Change(*place, whole(v)) for place, v in zip([*copies, *written], [*column, *results], strict=True)]
    lines = [
        (f"output channel {channel}: " if len(weight) > 1 else "")
        + sum_of_products(zip(column, row, strict=True), results[channel])
        for channel, row in enumerate(weight)
    ]
    title = f"column {number}, the window of output {position(place)}"
    return Step(title, "\n".join(lines), lit, changes=tuple(changes), at=(*copies, *written))


def _check(spec: ConvSpec) -> None:
    refuse_transposed("unfold", spec)
    if spec.groups != 1:
        raise ValueError(f"unfold needs groups=1, but groups={spec.groups}; each group has a matrix product of its own")
    if spec.ndim > 2:
        raise ValueError(f"unfold shows 1 or 2 spatial axes, but kernel_size={spec.kernel_size} has {spec.ndim}")


def _window(spec: ConvSpec, shown: Planes, position: tuple[int, ...], size: tuple[int, ...]) -> list[Place]:
    """The input cells of one window, in the order of the rows of the column matrix."""
    window = taps(spec, position, size)
    return [shown.place(channel, tap.input_index) for channel in range(spec.in_channels) for tap in window]


def _matrices(
    spec: ConvSpec,
    shown: Planes,
    windows: Sequence[Sequence[Place]],
    by_window: torch.Tensor,
    weight: torch.Tensor,
    output: torch.Tensor,
) -> tuple[Grid, Grid, Grid]:
    """The column matrix and the output, both still empty, and the weight between them."""
    letters = LETTERS[spec.ndim]
    of_kernel = ["k"] if spec.ndim == 1 else [f"k{letter}" for letter in letters]
    rows = f"{' * '.join(['C_in', *of_kernel])} = {len(by_window)}"
    across = f"{' * '.join(f'{letter}_out' for letter in letters)} = {by_window.shape[1]}"
    down = f"C_out = {spec.out_channels}" if spec.out_channels > 1 else ""
    by_name = {grid.name: grid for grid in shown.grids}
    kinds = tuple(
        "".join(by_name[place.grid].kind(place.row, place.column) for place in row)
        for row in zip(*windows, strict=True)
    )
    (filled,) = planes("columns", by_window[None], empty=True).grids
    (kernels,) = planes("weight", weight.flatten(1)[None]).grids
    (product,) = planes("output", output.flatten(1)[None], title="output = weight @ columns", empty=True).grids
    return (
        replace(filled, kinds=kinds, down=rows),
        replace(kernels, across=rows, down=down),
        replace(product, across=across),
    )


def _arranged(shown: Planes, matrix: Grid, weight: Grid, output: Grid) -> tuple[Block, tuple[Label, ...]]:
    """The weight left of the output and the columns above it, so that rows and columns meet; the input on top."""
    inputs = below(*((grid,) for grid in shown.grids), gap=NEAR)
    _, _, width, height = edges(inputs)
    left, bottom = max(width, weight.width), max(height, matrix.height)
    inputs = moved(inputs, (left - width) / 2, (bottom - height) / 2)
    matrix = replace(matrix, left=left + 2 * GAP, top=bottom - matrix.height)
    weight = replace(weight, left=left - weight.width, top=bottom + BELOW)
    output = replace(output, left=matrix.left, top=weight.top)
    arrow = Label("\N{RIGHTWARDS ARROW}", matrix.left - SIGN, matrix.top + matrix.height / 2)
    return (*inputs, matrix, weight, output), (arrow,)
