"""The colours and the outlines of cells, as numbers: what a drawing of a scene is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from convlab.figures.palette import Theme
from convlab.scenes.parts import Grid, Link, Number, Place
from convlab.scenes.scene import Scene

Point = tuple[float, float]
Segment = tuple[Point, Point]
Cell = tuple[int, int]


def cell_colours(grid: Grid, values: Sequence[Sequence[Number]], theme: Theme) -> np.ndarray:
    """Red, green, blue and alpha of each cell, from 0 to 1; a cell that is nothing is transparent.

    What is no element of the tensor has a colour of its own, as the tint of padding. Where it holds another number than
    0, half of it is the number's colour.

    Args:
        grid: Scale, limit and kinds.
        values: The numbers, row by row.
        theme: The colours.

    Returns:
        An array of shape (rows, columns, 4).

    Example:
        >>> from convlab.figures.palette import LIGHT
        >>> cell_colours(Grid("a", ((0, 1),), kinds=(". ",)), [[0, 1]], LIGHT)[0, :, 3].tolist()
        [1.0, 0.0]
    """
    numbers = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    lowest = -grid.limit if grid.scale == "signed" else 0.0
    stops = np.array([_rgb(stop) for stop in theme.ramps[grid.scale]])
    places = np.linspace(lowest, grid.limit or 1.0, len(stops))
    colours = np.ones((*numbers.shape, 4))
    for channel in range(3):
        colours[..., channel] = np.interp(np.nan_to_num(numbers), places, stops[:, channel])
    colours[np.isnan(numbers), :3] = _rgb(theme.page)
    if grid.kinds:
        kinds = np.array([list(row) for row in grid.kinds])
        for kind, fill in (("p", theme.padding), ("z", theme.inserted), ("c", theme.page)):
            empty = (kinds == kind) & (np.nan_to_num(numbers) == 0)
            tinted = (kinds == kind) & ~empty
            colours[empty, :3] = _rgb(fill)
            colours[tinted, :3] = (colours[tinted, :3] + _rgb(fill)) / 2
        colours[kinds == " ", 3] = 0
    return colours


def hexadecimal(colour: Sequence[float]) -> str:
    """The colour as "#rrggbb".

    Example:
        >>> hexadecimal((1.0, 0.5, 0.0, 1.0))
        '#ff8000'
    """
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in colour[:3])


def filled(grid: Grid, value: Number) -> bool:
    """Whether a lit cell takes the colour of its role: not where the colour alone shows the number.

    Example:
        >>> filled(Grid("a", ((1,),)), 1), filled(Grid("a", ((1,),), decimals=None), 1)
        (True, False)
    """
    return grid.decimals is not None or grid.scale == "plain" or value is None


def outline(grid: Grid, cells: Collection[Cell]) -> list[Segment]:
    """The edges of these cells that they do not share with each other, in the scene's unit.

    Example:
        >>> len(outline(Grid("a", ((1, 2, 3),)), [(0, 0), (0, 1)]))
        6
    """
    inside = set(cells)
    found = []
    for row, column in sorted(inside):
        left, top = grid.left + column * grid.side, grid.top + row * grid.side
        right, bottom = left + grid.side, top + grid.side
        for neighbour, edge in (
            ((row - 1, column), ((left, top), (right, top))),
            ((row + 1, column), ((left, bottom), (right, bottom))),
            ((row, column - 1), ((left, top), (left, bottom))),
            ((row, column + 1), ((right, top), (right, bottom))),
        ):
            if neighbour not in inside:
                found.append(edge)
    return found


def inner_lines(grid: Grid, cells: Collection[Cell]) -> list[Segment]:
    """All edges of these cells, each once.

    Example:
        >>> len(inner_lines(Grid("a", ((1, 2),)), [(0, 0), (0, 1)]))
        7
    """
    return list(dict.fromkeys(edge for cell in cells for edge in outline(grid, [cell])))


def corners(grid: Grid, cell: Cell, inset: float = 0.0) -> list[Point]:
    """The four corners of a cell, in the scene's unit.

    Example:
        >>> corners(Grid("a", ((1, 2),)), (0, 1))
        [(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]
    """
    left, top = grid.left + cell[1] * grid.side + inset, grid.top + cell[0] * grid.side + inset
    right, bottom = left + grid.side - 2 * inset, top + grid.side - 2 * inset
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def line_of(scene: Scene, link: Link) -> Segment:
    """Where a link is drawn: between the two sides of its cells that face each other.

    Example:
        >>> from convlab.scenes.parts import Step
        >>> scene = Scene("", "", (Grid("out", ((1,),)), Grid("in", ((1,),), top=3)), (Step(""),))
        >>> line_of(scene, Link(Place("in", 0, 0), Place("out", 0, 0)))
        ((0.5, 3.0), (0.5, 1.0))
    """
    (x0, y0, half0), (x1, y1, half1) = (_middle(scene.grid(place.grid), place) for place in link)
    if abs(y1 - y0) >= half0 + half1:
        way = 1 if y1 > y0 else -1
        return (x0, y0 + way * half0), (x1, y1 - way * half1)
    way = 1 if x1 > x0 else -1
    return (x0 + way * half0, y0), (x1 - way * half1, y1)


def _middle(grid: Grid, place: Place) -> tuple[float, float, float]:
    half = grid.side / 2
    return grid.left + place.column * grid.side + half, grid.top + place.row * grid.side + half, half


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
