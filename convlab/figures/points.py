"""Points between cells: a ring where a point started, an arrow from there, and a dot where it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.collections import LineCollection

from convlab.figures.palette import Theme
from convlab.scenes.parts import ROLES, Point
from convlab.scenes.scene import Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Spot = tuple[float, float]
Segment = tuple[Spot, Spot]

RING = 0.36
"""The radius of a ring, in the side of a cell: the number of the cell has room in it."""

DOT = 0.15
"""The radius of a dot."""

_HEAD = 0.16  # the length of the two strokes of an arrow's head


class PointsDrawing:
    """The points of a scene's steps on axes.

    Args:
        scene: What is drawn.
        ax: Where.
        unit: Points of the scene's unit.
        theme: The colours.

    Example:
        >>> from convlab.figures import style
        >>> from convlab.scenes.parts import Grid, Step
        >>> step = Step("", points=(Point("a", 0, 0.5, "read", (0, 0)),))
        >>> ax = style.figure((3, 2), shown=False).add_subplot()
        >>> drawing = PointsDrawing(Scene("", "", (Grid("a", ((1, 2),)),), (step,)), ax, 30, style.LIGHT)
        >>> drawing.show(step.points)
        >>> [[*line.get_xdata()] for line in ax.lines if len(line.get_xdata())]
        [[0.5], [1.0]]
    """

    def __init__(self, scene: Scene, ax: Axes, unit: float, theme: Theme) -> None:
        self._scene = scene
        self._sides = {grid.name: grid.side for grid in scene.grids}
        grids = {point.grid for step in scene.steps for point in step.points}
        side = max((self._sides[grid] for grid in grids), default=1.0)
        thin = min(1.0, side * unit / 26)

        def circles(radius: float, **look: object) -> Line2D:
            return ax.plot([], [], "o", markersize=2 * radius * side * unit, **look)[0]  # type: ignore[arg-type]

        has_numbers = any(scene.grid(name).decimals is not None for name in grids)
        arrows = LineCollection([], colors=theme.ink, linewidths=1.1 * thin, zorder=3.6, capstyle="round")
        halo = LineCollection(
            [], colors=theme.page, linewidths=0 if has_numbers else 2.6 * thin, zorder=3.5, capstyle="round"
        )
        self._halo, self._arrows = halo, arrows
        ax.add_collection(halo, autolim=False)
        ax.add_collection(arrows, autolim=False)
        ring = {"markerfacecolor": "none", "markeredgewidth": 1.0 * thin, "zorder": 3.55}
        self._rings = circles(RING, markeredgecolor=theme.faint, **ring)
        dot = {"markeredgewidth": 2.0 * thin, "zorder": 3.7}  # below the numbers, which are read through it
        self._dots = {}
        for role in ROLES:
            colour = theme.roles[role].outline
            fill, edge = (theme.page, colour) if has_numbers else (colour, theme.page)
            self._dots[role] = circles(DOT, markerfacecolor=fill, markeredgecolor=edge, **dot)

    def show(self, points: Sequence[Point]) -> None:
        """Draw these points, and no others.

        Args:
            points: The points of a step.

        Example:
            >>> from convlab.figures import style
            >>> from convlab.scenes.parts import Grid, Step
            >>> ax = style.figure((3, 2), shown=False).add_subplot()
            >>> drawing = PointsDrawing(Scene("", "", (Grid("a", ((1, 2),)),), (Step(""),)), ax, 30, style.LIGHT)
            >>> drawing.show([])
        """
        spots = [self._spot(point.grid, point.row, point.column) for point in points]
        starts = [None if point.start is None else self._spot(point.grid, *point.start) for point in points]
        lines = [
            line
            for point, spot, start in zip(points, spots, starts, strict=True)
            if start
            for line in arrow(start, spot, after=DOT * self._sides[point.grid], head=_HEAD * self._sides[point.grid])
        ]
        self._arrows.set_segments(lines)
        self._halo.set_segments(lines)
        self._rings.set_data(*_columns([start for start in starts if start]))
        for role, dots in self._dots.items():
            dots.set_data(*_columns([s for point, s in zip(points, spots, strict=True) if point.role == role]))

    def _spot(self, name: str, row: float, column: float) -> Spot:
        grid = self._scene.grid(name)
        return grid.left + (column + 0.5) * grid.side, grid.top + (row + 0.5) * grid.side


def arrow(start: Spot, end: Spot, *, after: float, head: float) -> list[Segment]:
    """The strokes of an arrow: its shaft and the two of its head; none where there is no room for them.

    Args:
        start: Where it begins.
        end: The middle of what it leads to.
        after: The radius of that: the tip is so far before the end.
        head: The length of the strokes of the head.

    Example:
        >>> arrow((0, 0), (3, 0), after=1, head=0.5)[0]
        ((0.0, 0.0), (2.0, 0.0))
        >>> arrow((0, 0), (0.5, 0), after=1, head=0.5)
        []
    """
    length = math.dist(start, end)
    if length <= after:
        return []
    towards = math.atan2(end[1] - start[1], end[0] - start[0])
    tip = (end[0] - after * math.cos(towards), end[1] - after * math.sin(towards))
    shaft = ((float(start[0]), float(start[1])), tip)
    if length <= after + head:
        return [shaft]
    sides = [
        (tip[0] - head * math.cos(towards + turn), tip[1] - head * math.sin(towards + turn)) for turn in (0.5, -0.5)
    ]
    return [shaft, *((tip, side) for side in sides)]


def _columns(spots: Sequence[Spot]) -> tuple[list[float], list[float]]:
    return [x for x, _ in spots], [y for _, y in spots]
