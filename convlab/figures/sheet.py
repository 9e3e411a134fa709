"""Where the parts of a scene lie on the paper: its margins, the sizes of its letters, and the lines below it."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from convlab.figures.style import DPI
from convlab.scenes.numbers import word
from convlab.scenes.parts import Grid, Number, Step
from convlab.scenes.scene import Scene

UNIT = 0.42
"""Inches of the side of an ordinary cell, where there is room."""

WIDEST = 11.0
"""Inches of the widest picture."""

_LETTER = 0.57  # the width of a letter, in the size of the type
_LINE = 1.4  # from one line of text to the next, in the size of the type
_IN_A_PLACE = re.compile(r"(?<=\d), (?=-?\d)")
_NARROWEST = 3.9  # inches: so that the text below has room


@dataclass(frozen=True)
class Sheet:
    """The paper of a scene: edges in the scene's unit, downwards, and how many points a unit has.

    Attributes:
        left: The left edge; negative, since the grids begin at 0.
        top: The upper edge.
        right: The right edge.
        bottom: The lower edge.
        foot: Where the text below the grids begins.
        unit: Points of one unit.

    Example:
        >>> Sheet(0, 0, right=6, bottom=5, foot=4, unit=36).size
        (3.0, 2.5)
    """

    left: float
    top: float
    right: float
    bottom: float
    foot: float
    unit: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches."""
        return (self.right - self.left) * self.unit / 72, (self.bottom - self.top) * self.unit / 72

    @property
    def type_size(self) -> float:
        """Points of the type of words: titles of grids, shape letters, and the text below."""
        return min(10.0, max(7.5, 0.34 * self.unit))

    def wrapped(self, text: str) -> str:
        """The text in lines that fit on the sheet.

        Example:
            >>> print(Sheet(0, 0, 6, 5, 4, 30).wrapped("one two three four five six seven eight"))
            one two three four five
            six seven eight
        """
        return "\n".join(_lines(text, (self.right - self.left - 0.8) * self.unit, self.type_size))

    def fitting(self, text: str, length: float) -> float:
        """Points of a word beside a grid: less than other words have, where it would be longer than this.

        Args:
            text: The word.
            length: The side of the grid that it stands at, in the scene's unit.

        Example:
            >>> paper = Sheet(0, 0, 6, 5, 4, 30)
            >>> paper.fitting("W = 5", 5) > paper.fitting("W = 5, a border of 2 and 1 zero between", 5)
            True
        """
        ordinary = 0.92 * self.type_size
        return min(ordinary, max(5.0, (length + 0.2) * self.unit / (0.62 * max(1, len(text)))))

    def number_size(self, grid: Grid, numbers: Iterable[Number]) -> float:
        """Points of the numbers in a grid, so that the longest fits in its cell; 0 where they could not be read."""
        if grid.decimals is None:
            return 0.0
        longest = max([1, *(len(word(number, grid.decimals)) for number in numbers)])
        points = grid.side * self.unit * min(0.4, 0.8 / (_LETTER * longest))
        return points if points >= 3.5 else 0.0


def sheet(
    scene: Scene, *, unit: float | None = None, widest: float = WIDEST, foot: bool = True, dpi: float = DPI
) -> Sheet:
    """The paper that holds a scene, all its words and the longest text of its steps.

    A unit is a whole number of dots, and so are the edges, so that all lines are equally sharp.

    Args:
        scene: What is to be drawn.
        unit: Points of the scene's unit; None takes `UNIT` inches, or less where the paper would be too wide.
        widest: Inches.
        foot: Whether there is room for the words of a step.
        dpi: Dots per inch.

    Example:
        >>> one = Scene("one", "", (Grid("input", ((1, 2, 3),)),), (Step(""),))
        >>> round(sheet(one).unit, 2)
        29.7
    """
    width = scene.size[0]
    left = -0.4 - 0.55 * any(grid.down and grid.left < 0.6 for grid in scene.grids)
    right = width + 0.4
    unit = min(72 * UNIT, 72 * widest / (right - left)) if unit is None else unit
    dot = 72 / dpi
    unit = max(1, math.floor(unit / dot + 1e-6)) * dot
    right = max(right, left + 72 * min(_NARROWEST, widest) / unit)
    bare = Sheet(left, 0, right, 0, 0, unit)
    type_size = bare.type_size
    line = _LINE * type_size / unit
    top = -0.3 - max((line * len(title_lines(scene, grid, bare)) - grid.top for grid in scene.grids if grid.title),
                     default=0.0)  # fmt: skip
    foot_top = max(grid.top + grid.height + (line + 0.12) * bool(grid.across) for grid in scene.grids) + 0.42
    lines = max(_count(step, bare) for step in scene.steps) if foot else 0
    edges = [left, min(top, -0.3), right, foot_top + line * lines + 0.15]
    left, top, right, bottom = (
        (math.floor if edge < 0 else math.ceil)(edge * unit / dot - 1e-6) * dot / unit for edge in edges
    )
    return Sheet(left, top, right, bottom, foot_top, unit)


def title_lines(scene: Scene, grid: Grid, paper: Sheet) -> list[str]:
    """The title of a grid in lines that do not run into the grids beside it.

    Example:
        >>> grids = (Grid("a", ((1,),), title="a long title"), Grid("b", ((1,),), left=2))
        >>> scene = Scene("two", "", grids, (Step(""),))
        >>> title_lines(scene, grids[0], Sheet(0, 0, 3, 3, 3, 30))
        ['a long', 'title']
    """
    middle = grid.left + grid.width / 2
    space = 2 * min(middle - paper.left, paper.right - middle)
    for other in scene.grids:
        if other is not grid and other.top < grid.top + grid.height and grid.top - 1 < other.top + other.height:
            gap = max(other.left - grid.left - grid.width, grid.left - other.left - other.width)
            space = min(space, grid.width + gap) if gap >= 0 else space
    return _lines(grid.title, max(space, grid.width) * paper.unit, paper.type_size) if grid.title else []


def _count(step: Step, paper: Sheet) -> int:
    return bool(step.title) + (paper.wrapped(step.text).count("\n") + 1 if step.text else 0)


def _lines(text: str, points: float, type_size: float) -> list[str]:
    letters = max(6, int(points / (_LETTER * type_size)))
    whole = _IN_A_PLACE.sub(",\u00a0", text)  # a place such as (1, 2) stays in one line
    lines = (textwrap.wrap(line, letters, break_long_words=False) or [""] for line in whole.split("\n"))
    return [part.replace("\u00a0", " ") for line in lines for part in line]
