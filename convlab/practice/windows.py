"""The window that feeds an element of a result: its grids, what is lit in them, and the sum of products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from convlab.arithmetic.sizes import padding_amounts
from convlab.arithmetic.taps import taps
from convlab.ops.padding import padded
from convlab.practice.exercise import Exercise, Window
from convlab.practice.verdict import Verdict
from convlab.scenes import Grid, Mark, Scene, Step, gather, sliding_window
from convlab.scenes.layout import Block, below, beside, edges
from convlab.scenes.numbers import sum_of_products
from convlab.scenes.wording import element

MOST, FEW = 9, 6
"""Rows and columns of a grid that are drawn, where no more are marked; the second where several planes are read."""

WIDEST = 22.5
"""Cells side by side, so that their numbers can be read at 800 pixels."""

MOST_PAIRS = 4
"""Planes of an input that are drawn, each with its kernel."""


class Fed(NamedTuple):
    """The window that feeds an element.

    Attributes:
        grids: The input and the kernel; of several planes, each with its kernel.
        marks: What is lit in them.
        text: The sum of products.

    Example:
        >>> Fed((Grid("input", ((2,),)),), [Mark("input", "read", ((0, 0),))], "output 0: 2*3 = 6").grids[0].shape
        (1, 1)
    """

    grids: Block
    marks: list[Mark]
    text: str


def cut(grid: Grid, mark: Mark, most: int = MOST) -> tuple[Grid, Mark]:
    """The part of a grid around its marked cells, no larger than it must be, and the mark there.

    Args:
        grid: The grid.
        mark: Its marked cells.
        most: Rows and columns that are enough, if all marked cells lie in them.

    Example:
        >>> part, mark = cut(Grid("input", (tuple(range(30)),)), Mark("input", "read", ((0, 20),)))
        >>> part.values, part.across, mark.cells
        (((16, 17, 18, 19, 20, 21, 22, 23, 24),), 'columns 16 to 24 of 30', ((0, 4),))
    """
    slices, words = [], []
    for axis, (size, text) in enumerate(zip(grid.shape, (grid.down, grid.across), strict=True)):
        cells = [cell[axis] for cell in mark.cells]
        room = max(most, max(cells) + 1 - min(cells))
        start = max(0, min((min(cells) + max(cells) + 1 - room) // 2, size - room))
        end = min(size, start + room)
        slices.append(slice(start, end))
        what = f"{('rows', 'columns')[axis]} {grid.first[axis] + start} to {grid.first[axis] + end - 1}"
        words.append(text if (start, end) == (0, size) else f"{text}, {what}" if text else f"{what} of {size}")
    rows, columns = slices
    part = replace(
        grid,
        values=tuple(line[columns] for line in grid.values[rows]),
        kinds=tuple(line[columns] for line in grid.kinds[rows]),
        down=words[0],
        across=words[1],
        first=(grid.first[0] + rows.start, grid.first[1] + columns.start),
    )
    return part, mark._replace(cells=tuple((row - rows.start, column - columns.start) for row, column in mark.cells))


def window_of(verdict: Verdict, expected: torch.Tensor) -> Fed | None:
    """The window that feeds the first difference; None where the exercise has none, or it is too large to be read.

    Args:
        verdict: What the check found.
        expected: The expected result in float64.

    Shape:
        - expected: (N, C_out, *out) or (C_out, *out)

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> window_of(Verdict(task, False, "", index=(0,)), torch.zeros(1)) is None  # a design has no window
        True
    """
    task, case, index = verdict.task, verdict.case, verdict.index
    if not isinstance(task, Exercise) or task.window is None or case is None or index is None:
        return None
    total, sample, window = expected[index].item(), "", task.window(case, 0)
    if expected.ndim == window.spec.ndim + 2:
        window, sample = task.window(case, index[0]), f" of sample {index[0]}" * (len(expected) > 1)
        index = index[1:]
    if len(index) != window.spec.ndim + 1:
        return None
    found = _step(window, index)
    most = float(expected.nan_to_num(0, 0, 0).abs().max())
    if found is None or not math.isclose(found[2], total, rel_tol=1e-3, abs_tol=1e-3 * most):
        return None
    scene, step, _ = found
    pairs = [[mark for mark in step.marks if mark.role == role] for role in ("read", "weight")]
    columns, marks = [], []
    for read, weight in list(zip(*pairs, strict=True))[:MOST_PAIRS]:
        grid, lit = cut(scene.grid(read.grid), read, MOST if len(pairs[0]) == 1 else FEW)
        columns.append([replace(part, left=0, top=0) for part in (grid, scene.grid(weight.grid))])
        marks += [lit, weight]
    text = f"{step.title}{sample}:{chr(10) if chr(10) in step.text else ' '}{step.text}"
    if len(pairs[0]) > MOST_PAIRS:
        text += f"\n{MOST_PAIRS} of the {len(pairs[0])} planes that are read are drawn."
    return Fed(_arranged(columns, window.spec.ndim), marks, text)


def _arranged(columns: Sequence[Sequence[Grid]], ndim: int) -> Block:
    """Each plane above its kernel, as many side by side as can be read; a single one beside its kernel."""
    if len(columns) == 1 and ndim > 1:
        return beside(*((grid,) for grid in columns[0]))
    lines: list[list[Block]] = [[]]
    for column in columns:
        block = below(*((grid,) for grid in column))
        if lines[-1] and edges(beside(*lines[-1], block))[2] > WIDEST:
            lines.append([])
        lines[-1].append(block)
    return below(*(beside(*line) for line in lines), gap=2.2, centred=False)


def _step(window: Window, index: tuple[int, ...]) -> tuple[Scene, Step, float] | None:
    """The scene of a convolution, its step for one element of the result, and what that comes to."""
    spec, bias, channel = window.spec, window.bias, index[0]
    try:
        if spec.transposed:
            scene = gather(spec, window.input, window.weight)
        else:
            scene = sliding_window(spec, window.input, window.weight, bias)
    except ValueError:  # too much to read, or a number that is not finite
        try:
            return None if spec.transposed else _alone(window, index)
        except ValueError:
            return None
    title = element("output", spec.out_channels, channel, index[1:])
    step = next((step for step in scene.steps if step.title == title), None)
    total = step.changes[0].value if step is not None else None
    if step is None or total is None:
        return None
    if spec.transposed and bias is not None:
        added = float(bias[channel])
        text = f"with the bias: {sum_of_products([(total,)], total + added, bias=added)}"
        step, total = replace(step, text=f"{step.text}\n{text}"), total + added
    return scene, step, total


def _alone(window: Window, index: tuple[int, ...]) -> tuple[Scene, Step, float] | None:
    """The same of the elements from the window's first to its last alone, where the whole would be too large."""
    spec, ones = window.spec, (1,) * window.spec.ndim
    read = [tap.input_index for tap in taps(spec, index[1:], tuple(window.input.shape[1:]))]
    before = [amount for amount, _ in padding_amounts(spec)]
    slices = [slice(min(along) + amount, max(along) + amount + 1) for *along, amount in zip(*read, before, strict=True)]
    part = padded(window.input[None], spec)[0][(slice(None), *slices)]
    bare = replace(spec, stride=ones, padding=(0,) * spec.ndim, padding_mode="zeros")
    scene = sliding_window(bare, part, window.weight, window.bias)
    grids = tuple(
        replace(grid, across="the window", down="") if grid.name.startswith("input") else grid for grid in scene.grids
    )
    found = _step(replace(window, spec=bare, input=part), (index[0], *(0 for _ in ones)))
    if found is None:
        return None
    title = element("output", spec.out_channels, index[0], index[1:])
    return replace(scene, grids=grids), replace(found[1], title=title), found[2]
