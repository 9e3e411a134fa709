"""The points of one window as a picture that stands still: for pages where nothing can be moved."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from convlab.scenes.layout import beside
from convlab.scenes.parts import Grid, Mark, Point, Step
from convlab.scenes.sampling import QUARTERS, Sampling
from convlab.scenes.scene import Scene
from convlab.scenes.wording import element


def still(sampling: Sampling, offsets: Sequence[Sequence[float]], *, chosen: int = 0, text: str = "") -> Scene:
    """The points of a window as a picture that stands still; in 3D, on the slices beside the chosen point.

    Args:
        sampling: The window.
        offsets: For each tap one number per spatial axis.
        chosen: The number of the tap whose corners are lit.
        text: Words below the picture.

    Example:
        >>> import torch
        >>> from convlab.scenes.sampling import sampling
        >>> moved = sampling(torch.tensor([1.0, 2.0, 4.0]), torch.ones(2), position=0)
        >>> [(point.column, point.start) for point in still(moved, [[0.25], [1.0]]).steps[0].points]
        [(1.25, (0, 1)), (3.0, (0, 2))]
    """
    points = sampling.points(offsets)
    beside_it = [_read(sampling, axis, place) for axis, place in enumerate(points[chosen])]
    slices: Sequence[int | None] = beside_it[0] if len(beside_it) == 3 else [None]
    grids, marks, shown = [], [], []
    for depth in slices:
        name = "input" if depth is None else f"input, depth {depth}"
        grids.append(_grid(sampling, name, depth))
        cells = (_cell(sampling, corner) for corner in itertools.product(*beside_it[-2:]))
        marks.append(Mark(name, "read", tuple((int(row), int(column)) for row, column in cells)))
        for place, point in zip(sampling.lattice, points, strict=True):
            if depth is None or abs(point[0] - depth) < 1:
                shown.append(Point(name, *_cell(sampling, point), "weight", start=_cell(sampling, place)))
    step = Step(element("output", 1, 0, sampling.output_index), text, tuple(marks), points=tuple(shown))
    alt = f"{sampling.words[0].upper()}{sampling.words[1:]}."
    return Scene("", alt, beside(*([grid] for grid in grids)), (step,))


def _read(sampling: Sampling, axis: int, place: float) -> list[int]:
    """The elements beside a place on an axis of which something is taken."""
    row = sampling.axes[axis][round(QUARTERS * (place - sampling.low[axis]))]
    return [part.element for part in row if part.weight]


def _cell(sampling: Sampling, place: Sequence[float]) -> tuple[float, float]:
    """Row and column of a place in its grid, which begins before the input."""
    *rows, column = (i - low for i, low in zip(place[-2:], sampling.low[-2:], strict=True))
    return rows[0] if rows else 0, column


def _grid(sampling: Sampling, name: str, depth: int | None) -> Grid:
    """The input, or one slice of it, with zeros around."""
    known = dict(zip(itertools.product(*map(range, sampling.input_size)), sampling.values, strict=True))
    ends = [range(low, high + 1) for low, high in zip(sampling.low, sampling.high, strict=True)]
    slices = [() if depth is None else (depth,)]
    rows = [(*here, row) for here in slices for row in ends[-2]] if len(ends) > 1 else [()]
    places = [[(*row, column) for column in ends[-1]] for row in rows]
    return Grid(
        name,
        tuple(tuple(known.get(place, 0) for place in row) for row in places),
        kinds=tuple("".join("." if place in known else "p" for place in row) for row in places),
        title=name,
        first=(sampling.low[-2] if len(ends) > 1 else 0, sampling.low[-1]),
        limit=sampling.limit,
        decimals=sampling.decimals,
    )
