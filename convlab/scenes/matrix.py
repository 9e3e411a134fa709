"""A convolution as a matrix, and a transposed convolution as the transpose of that matrix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.ops import conv, conv_transpose
from convlab.ops.matrix import conv_matrix
from convlab.scenes.checks import check_amount, check_spec, refuse_transposed
from convlab.scenes.layout import beside, edges
from convlab.scenes.numbers import decimals_of, input_for, limit_of, rows, sum_of_products, weight_for, whole, word
from convlab.scenes.parts import Change, Grid, Label, Mark, Place, Step
from convlab.scenes.scene import Scene
from convlab.scenes.wording import element, named, position, times

MOST_NAMED = 6
"""Elements that a step names, at most."""


def matrix(spec: ConvSpec, input: torch.Tensor | IntOrTuple, weight: torch.Tensor | None = None) -> Scene:
    """A convolution as a matrix beside its input and its output, both flattened: one step for each row.

    The matrix of a transposed convolution is the transpose of that of the convolution with the same hyperparameters.
    Entries that no weight fills have the kind "z". In each step the marks "weight" and "read" come in pairs. The bias
    is left out.

    Args:
        spec: The convolution, transposed or not.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        weight: Laid out as in torch; None makes small whole numbers.

    Shape:
        - input: (C_in, *spatial)
        - weight: `spec.weight_shape`

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, or there would be too much to read.

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), arXiv:1603.07285, section 4.1.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[1.0, 3.0]]])
        >>> scene = matrix(ConvSpec(1, 1, (2,)), x, w)
        >>> scene.grid("matrix").values, scene.steps[1].text
        (((1, 3, 0), (0, 1, 3)), '2*1 + 4*3 = 14')
        >>> matrix(ConvSpec(1, 1, (2,), transposed=True), x[:, :2], w).grid("matrix").values
        ((1, 0), (3, 1), (0, 3))
    """
    check_spec("matrix", spec)
    values, kernel = _input(spec, input), weight_for(spec, weight)
    size = tuple(values.shape[1:])
    out_shape = (spec.out_channels, *output_size(spec, size))
    dense, filled = (_matrix(each, spec, size) for each in (kernel, torch.ones_like(kernel)))
    output = _output(spec, values, kernel).flatten()
    column, products = values.flatten(), [row.nonzero().flatten().tolist() for row in filled]
    steps = []
    for row, index in enumerate(itertools.product(*map(range, out_shape))):
        used, total = products[row], output[row].item()
        pairs = [(column[place].item(), dense[row, place].item()) for place in used]
        marks = (
            Mark("matrix", "weight", tuple((row, place) for place in used)),
            Mark("input", "read", tuple((place, 0) for place in used), tuple(word(weight) for _, weight in pairs)),
            Mark("output", "written", ((row, 0),)),
        )
        steps.append(
            Step(
                f"row {row}: {element('output', spec.out_channels, index[0], index[1:])}",
                sum_of_products(pairs, total) if pairs else "a row of zeros: 0",
                tuple(mark for mark in marks if mark.cells),
                changes=(Change("output", row, 0, whole(total)),),
                at=(Place("output", row, 0), *(Place("matrix", row, place) for place in range(len(column)))),
            )
        )
    grids = beside(
        [
            _grid(
                "matrix", dense, filled, down=_flattened("output", out_shape), across=_flattened("input", values.shape)
            )
        ],
        [_column("input", column, values.shape)],
        [replace(_column("output", output, out_shape), values=((None,),) * len(output))],
        gap=2.5,
    )
    labels = [Label(sign, grid.left - 1.25, edges(grids)[3] / 2) for sign, grid in zip("*=", grids[1:], strict=True)]
    return Scene(f"matrix: {named(spec)}", _alt(spec, size, filled), grids, tuple(steps), labels=tuple(labels))


def matrix_and_transpose(spec: ConvSpec, input_size: IntOrTuple, weight: torch.Tensor | None = None) -> Scene:
    """The matrix of a convolution beside its transpose: a row of the one is a column of the other, in each step.

    The rows of the left matrix gather, the columns of the right one scatter: that is the transposed convolution.

    Args:
        spec: The convolution.
        input_size: Elements of its input, an int or one int per spatial axis.
        weight: Laid out as in torch; None makes small whole numbers.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If `spec` is transposed, a shape does not fit, or there would be too much to read.

    Example:
        >>> scene = matrix_and_transpose(ConvSpec(1, 1, (2,), stride=2), 4, torch.tensor([[[1.0, 3.0]]]))
        >>> scene.grid("matrix").values, scene.grid("transpose").values
        (((1, 3, 0, 0), (0, 0, 1, 3)), ((1, 0), (3, 0), (0, 1), (0, 3)))
    """
    refuse_transposed("matrix_and_transpose", spec)
    size, kernel = as_tuple("input_size", input_size, spec.ndim, minimum=1), weight_for(spec, weight)
    _check("matrix_and_transpose", spec, size, copies=2)
    in_shape, out_shape = (spec.in_channels, *size), (spec.out_channels, *output_size(spec, size))
    dense, filled = (_matrix(each, spec, size) for each in (kernel, torch.ones_like(kernel)))
    elements = list(itertools.product(*map(range, in_shape)))
    steps = []
    for row, index in enumerate(itertools.product(*map(range, out_shape))):
        used = filled[row].nonzero().flatten().tolist()
        where = _positions([elements[place] for place in used]) if used else "nothing"
        there = element("output", spec.out_channels, index[0], index[1:])
        here = element("input", spec.out_channels, index[0], index[1:])
        marks = (
            Mark("matrix", "weight", tuple((row, place) for place in used)),
            Mark("transpose", "weight", tuple((place, row) for place in used)),
        )
        steps.append(
            Step(
                f"row {row}, and column {row} of the transpose",
                f"row: {there} of the convolution gathers from input {where}\n"
                f"column: {here} of the transposed convolution scatters to output {where}",
                tuple(mark for mark in marks if mark.cells),
                at=tuple(
                    place
                    for column in range(len(elements))
                    for place in (Place("matrix", row, column), Place("transpose", column, row))
                ),
            )
        )
    words = {"down": _flattened("output", out_shape), "across": _flattened("input", in_shape)}
    turned = {"down": words["across"].replace("input", "output"), "across": words["down"].replace("output", "input")}
    grids = beside([_grid("matrix", dense, filled, **words)], [_grid("transpose", dense.T, filled.T, **turned)], gap=3)
    height, width = dense.shape
    alt = f"The {height} x {width} matrix of a convolution, {named(spec)}, beside its transpose, {width} x {height}."
    return Scene(f"matrix and transpose: {named(spec)}", alt, grids, tuple(steps))


def _input(spec: ConvSpec, input: torch.Tensor | IntOrTuple) -> torch.Tensor:
    if isinstance(input, torch.Tensor):
        values = input_for(spec, input)
        _check("matrix", spec, tuple(values.shape[1:]))
        return values
    _check("matrix", spec, as_tuple("input", input, spec.ndim, minimum=1))
    return input_for(spec, input)


def _check(what: str, spec: ConvSpec, size: Sequence[int], *, copies: int = 1) -> None:
    height, width = spec.out_channels * math.prod(output_size(spec, size)), spec.in_channels * math.prod(size)
    products = min(height, width) * spec.in_channels // spec.groups * math.prod(spec.kernel_size)
    columns = height + width if copies == 1 else 0
    check_amount(what, cells=copies * height * width + columns, products=min(products, height * width))


def _matrix(weight: torch.Tensor, spec: ConvSpec, size: tuple[int, ...]) -> torch.Tensor:
    """The matrix (C_out * prod(out), C_in * prod(size)) of a convolution, or of a transposed one."""
    if not spec.transposed:
        return conv_matrix(weight, spec, size)
    reader = replace(
        spec, in_channels=spec.out_channels, out_channels=spec.in_channels, transposed=False,
        output_padding=(0,) * spec.ndim,
    )  # fmt: skip
    read_from = output_size(spec, size)
    whole_matrix = conv_matrix(weight, reader, read_from)
    by_position: torch.Tensor = whole_matrix.unflatten(0, (spec.in_channels, *output_size(reader, read_from)))
    for axis, n in enumerate(size, start=1):  # with much output_padding the reader has more positions than the input
        by_position = by_position.narrow(axis, 0, n)
    return by_position.flatten(0, spec.ndim).T


def _output(spec: ConvSpec, values: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    options: dict[str, Any] = {"stride": spec.stride, "padding": spec.padding, "dilation": spec.dilation}
    options["groups"] = spec.groups
    if spec.transposed:
        return conv_transpose(values, kernel, output_padding=spec.output_padding, **options)
    return conv(values, kernel, padding_mode=spec.padding_mode, method="torch", **options)


def _grid(name: str, dense: torch.Tensor, filled: torch.Tensor, **words: Any) -> Grid:
    kinds = tuple("".join("." if entry else "z" for entry in row) for row in filled.tolist())
    return Grid(name, rows(dense), kinds, title=name, decimals=decimals_of(dense), limit=limit_of(dense), **words)


def _column(name: str, numbers: torch.Tensor, shape: Sequence[int]) -> Grid:
    across = "" if len(shape) == 2 and shape[0] == 1 else times(shape if shape[0] > 1 else shape[1:])
    return Grid(
        name, rows(numbers[:, None]), title=name, across=across, decimals=decimals_of(numbers), limit=limit_of(numbers)
    )


def _flattened(name: str, shape: Sequence[int]) -> str:
    """How many elements of what: the words at one side of a matrix."""
    sizes = shape if shape[0] > 1 else shape[1:]
    return f"{name}: {times(sizes)}" + (f" = {math.prod(sizes)}" if len(sizes) > 1 else "")


def _positions(elements: Sequence[tuple[int, ...]]) -> str:
    """Places in a tensor; the channels only where there are several."""
    several = len({channel for channel, *_ in elements}) > 1
    words = [position(each if several else each[1:]) for each in elements]
    more = [f"and {len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return ", ".join([*words[:MOST_NAMED], *more])


def _alt(spec: ConvSpec, size: Sequence[int], filled: torch.Tensor) -> str:
    height, width = filled.shape
    kind = "transposed convolution" if spec.transposed else "convolution"
    return (
        f"A {kind}, {named(spec)}, as a matrix of {height} x {width} entries, of which {int(filled.count_nonzero())} "
        f"hold weights and the others are 0; its product with the {width} input numbers is the {height} output numbers."
    )
