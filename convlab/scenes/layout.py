"""Where grids stand: blocks of grids beside each other or below each other, in the unit of an ordinary cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convlab.scenes.parts import Grid

Block = tuple[Grid, ...]
"""Grids that keep their places to each other."""


def moved(grids: Sequence[Grid], left: float, top: float) -> Block:
    """The grids, further to the right and further down.

    Example:
        >>> moved((Grid("a", ((1,),)),), 2, 3)[0].left
        2
    """
    return tuple(replace(grid, left=grid.left + left, top=grid.top + top) for grid in grids)


def edges(grids: Sequence[Grid]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what holds the grids.

    Example:
        >>> edges((Grid("a", ((1, 2),), left=1),))
        (1, 0, 3, 1)
    """
    return (
        min(grid.left for grid in grids),
        min(grid.top for grid in grids),
        max(grid.left + grid.width for grid in grids),
        max(grid.top + grid.height for grid in grids),
    )


def beside(*blocks: Sequence[Grid], gap: float = 2) -> Block:
    """The blocks from left to right, their middles at one height, from the corner (0, 0) on.

    Example:
        >>> [(g.left, g.top) for g in beside((Grid("a", ((1,), (2,), (3,))),), (Grid("b", ((1,),)),))]
        [(0, 0.0), (3, 1.0)]
    """
    tallest = max(edges(block)[3] - edges(block)[1] for block in blocks)
    placed: list[Grid] = []
    right: float = 0
    for block in blocks:
        left, top, end, bottom = edges(block)
        placed += moved(block, right - left, (tallest - (bottom - top)) / 2 - top)
        right += end - left + gap
    return tuple(placed)


def below(*blocks: Sequence[Grid], gap: float = 1.5, centred: bool = True) -> Block:
    """The blocks from top to bottom, their middles on one line unless they start at the left edge together.

    Example:
        >>> [(g.left, g.top) for g in below((Grid("a", ((1, 2, 3),)),), (Grid("b", ((1,),)),))]
        [(0.0, 0), (1.0, 2.5)]
    """
    widest = max(edges(block)[2] - edges(block)[0] for block in blocks)
    placed: list[Grid] = []
    under: float = 0
    for block in blocks:
        left, top, right, bottom = edges(block)
        placed += moved(block, ((widest - (right - left)) / 2 if centred else 0) - left, under - top)
        under += bottom - top + gap
    return tuple(placed)
