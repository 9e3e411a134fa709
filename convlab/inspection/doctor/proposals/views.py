"""Other sizes for a view that failed, and other channels before it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import replaced
from convlab.inspection.doctor.case import KEEPS_CHANNELS, VIEWS, Case, function_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.phrases import by
from convlab.inspection.doctor.wanted import sizes_of_view, square_side
from convlab.inspection.record import Call


def view_edits(call: Call, line: Line) -> Iterator[Edit]:
    """Other text for the line of a view.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return x.view(4, -1)
        >>> call = Case.of(Net(), torch.empty(3, 5)).failing
        >>> [edit.code for edit in view_edits(call, Line.of(call))]
        ['return x.view(x.size(0), -1)', 'return torch.flatten(x, 1)']
    """
    if not call.inputs or not line.operands:
        return
    before, arguments = line.bracketed(0), ", ".join(line.operands[1:])
    shape, sizes = call.inputs[0].shape, sizes_of_view(call)
    count, total = math.prod(shape), math.prod(size for size in sizes if size > 0)
    rest = math.prod(shape[1:])
    if total and (count % total == 0 if -1 in sizes else count == total):  # then it is the order in memory
        words = "use reshape, which copies where the elements do not lie in order"
        yield line.edit(words, 1.0, f"{before}.reshape({arguments})")
        if len(sizes) == 2:
            yield line.edit("bring the elements in order first", 1.3, f"{before}.contiguous().view({arguments})")
    elif len(sizes) == 1:
        if sizes[0] == shape[0]:
            yield line.edit("keep the batch and flatten the rest", 1.0, f"{before}.view({arguments}, -1)")
        words = f"flatten everything but the batch to {rest} features"
        yield line.edit(words, 1.2, f"torch.flatten({before}, 1)")
    elif len(sizes) == 2:
        if sizes[1] in (-1, rest):
            words = f"take the batch size from the tensor, {shape[0]}"
            yield line.edit(words, 1.0, f"{before}.view({before}.size(0), -1)")
        words = f"flatten everything but the batch to {rest} features"
        yield line.edit(words, 1.6, f"torch.flatten({before}, 1)")
        yield from pool_first(line, shape, sizes[1], 2.4)
    else:
        yield from _view_of_more_axes(line, shape, sizes)


def pool_first(line: Line, shape: tuple[int, ...], wanted: int, cost: float) -> Iterator[Edit]:
    """An adaptive pool in the line that flattens maps, so that always the same number of features comes.

    Args:
        line: The line; its first operand is the maps.
        shape: Their shape.
        wanted: The number of features.
        cost: That of the edit.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return x.view(-1, 400)
        >>> call = Case.of(Net(), torch.empty(1, 16, 13, 13)).failing
        >>> [edit.code for edit in pool_first(Line.of(call), (1, 16, 13, 13), 400, 1)]
        ['return F.adaptive_avg_pool2d(x, 5).view(-1, 400)']
    """
    axes = len(shape) - 2
    side = square_side(wanted, shape[1], axes) if axes in (1, 2, 3) else 0
    if side:
        sides = (side,) * axes
        words = f"pool the maps to {by(sides)} first: {by((shape[1], *sides))} = {wanted} for any size of the input"
        yield line.operand(0, words, cost, f"F.adaptive_avg_pool{axes}d({line.operands[0]}, {side})")


def channels_before_view(case: Case) -> Iterator[Edit]:
    """Another number of channels before the view that failed, so that the number of elements comes out.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Sequential):
        ...     def forward(self, x):
        ...         return super().forward(x).view(2, 400)
        >>> case = Case.of(Net(nn.Conv2d(1, 24, 3)), torch.empty(2, 1, 7, 7))
        >>> [edit.code for edit in channels_before_view(case)]
        ['model[0] = nn.Conv2d(1, 16, 3)']
    """
    call = case.failing
    if function_of(call) not in VIEWS or not call.inputs:
        return
    shape, sizes = call.inputs[0].shape, sizes_of_view(call)
    wanted, spots = math.prod(sizes[1:]), math.prod(shape[2:])
    if min(sizes[1:], default=1) <= 0 or len(shape) < 2 or not spots or wanted % spots:
        return
    channels = wanted // spots
    _, origin = case.back(call.inputs[0], KEEPS_CHANNELS)
    if origin is None or channels == shape[1]:
        return
    changes: dict[str, Any]
    if isinstance(origin.module, nn.modules.conv._ConvNd):
        changes = {"out_channels": channels}
    elif len(shape) == 2 and isinstance(origin.module, nn.Linear):
        changes = {"out_features": channels}
    else:
        return
    words = f"Let `{place(origin)}` give {channels} in place of {shape[1]}"
    edit = replaced(case, origin, words, 2.6, **changes)
    yield edit if channels <= 2 * shape[1] else dataclasses.replace(edit, cost=3.6)


def _view_of_more_axes(line: Line, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Iterator[Edit]:
    """One size left open, or the shape kept."""
    before, count, given = line.operands[0], math.prod(shape), line.nodes[1:]
    for axis, size in enumerate(sizes) if -1 not in sizes and len(given) == len(sizes) else ():
        others = math.prod(sizes) // size if size else 0
        if axis and others and count % others == 0:
            words = f"let the {size} be {count // others}, which follows from the other sizes"
            yield line.edit(words, 1.9, "-1", given[axis])
    inner = math.prod(sizes[1:])
    if inner and min(sizes[1:], default=0) > 0 and count % inner == 0:
        rest = ", ".join(map(str, sizes[1:]))
        yield line.edit("take the batch size from what there is", 2.0, f"{before}.view(-1, {rest})")
    if len(sizes) == len(shape) and sizes[1:-1] == shape[1:-1]:
        yield line.edit("keep the shape", 3, before)
