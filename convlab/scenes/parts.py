"""The parts of a picture, as plain data: grids of cells, what a step lights in them, links and words. No drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["read", "weight", "written", "muted"]
"""What a lit cell does: its number is read, it is a weight at work, it is written, or it takes no part."""

ROLES = ("read", "weight", "written", "muted")

KINDS = {
    ".": "an element",
    "p": "padding",
    "z": "a zero that is put in: between two elements, or in a matrix where no weight stands",
    "c": "computed and cropped",
    " ": "nothing",
}
"""What a cell is, in one letter."""

Number = int | float | None


class Place(NamedTuple):
    """One cell of one grid, counted from the grid's top left cell.

    Example:
        >>> Place("output", 0, 2).column
        2
    """

    grid: str
    row: int
    column: int


@dataclass(frozen=True)
class Grid:
    """Cells in rows, each with a number or none, at a place in the picture.

    Attributes:
        name: What steps, links and tests call it; each name once in a scene.
        values: The numbers, row by row; None leaves a cell empty.
        kinds: For each row, one letter of `KINDS` for each cell; empty: all are elements.
        title: What is written above it.
        across: What is written below it, as "W = 5".
        down: What is written at its left, as "H = 5".
        left: Where its left edge lies, in the scene's unit, the side of an ordinary cell.
        top: Where its upper edge lies, downwards, in the same unit.
        side: The side of one of its cells, in the same unit.
        first: The index of its top left cell in the tensor; negative: in the padding.
        scale: Which colours its numbers get: "signed" is white at zero, "count" is white at zero and blue above, "grey"
            is black at zero and white at `limit`, "plain" is uncoloured.
        limit: The size of number that gets the strongest colour.
        decimals: Digits after the point; None writes no numbers.

    Raises:
        ValueError: If the rows are not of one length, or `kinds` does not fit them.

    Example:
        >>> Grid("input", ((1, 2, 3), (4, 5, 6)), across="W = 3", down="H = 2").shape
        (2, 3)
    """

    name: str
    values: tuple[tuple[Number, ...], ...]
    kinds: tuple[str, ...] = ()
    title: str = ""
    across: str = ""
    down: str = ""
    left: float = 0
    top: float = 0
    side: float = 1
    first: tuple[int, int] = (0, 0)
    scale: Literal["signed", "count", "grey", "plain"] = "signed"
    limit: float = 1
    decimals: int | None = 0

    def __post_init__(self) -> None:
        rows, columns = self.shape
        if not rows or not columns or any(len(row) != columns for row in self.values):
            lengths = [len(row) for row in self.values]
            raise ValueError(
                f"a grid must have rows of one length, at least 1, but {self.name!r} has rows of {lengths}"
            )
        if self.kinds and [len(row) for row in self.kinds] != [columns] * rows:
            raise ValueError(f"kinds must have a letter for each cell, but those of {self.name!r} are {self.kinds}")
        if not set("".join(self.kinds)) <= set(KINDS):
            raise ValueError(
                f"kinds must be letters of {''.join(KINDS)!r}, but those of {self.name!r} are {self.kinds}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.values), len(self.values[0]) if self.values else 0

    @property
    def width(self) -> float:
        """From its left edge to its right one, in the scene's unit."""
        return self.shape[1] * self.side

    @property
    def height(self) -> float:
        """From its upper edge to its lower one, in the scene's unit."""
        return self.shape[0] * self.side

    def kind(self, row: int, column: int) -> str:
        """What this cell is, as a letter of `KINDS`.

        Example:
            >>> Grid("input", ((0, 7),), kinds=("p.",)).kind(0, 0)
            'p'
        """
        return self.kinds[row][column] if self.kinds else "."


class Mark(NamedTuple):
    """Cells of one grid that are lit in one way.

    Attributes:
        grid: The name of the grid.
        role: What they do.
        cells: Their rows and columns.
        notes: A short word in the corner of each, as the weight that it meets; empty: none.

    Example:
        >>> Mark("input", "read", ((0, 0), (0, 1)), ("2", "-1")).role
        'read'
    """

    grid: str
    role: Role
    cells: tuple[tuple[int, int], ...]
    notes: tuple[str, ...] = ()


class Change(NamedTuple):
    """The number of one cell from this step on.

    Example:
        >>> Change("output", 0, 2, 7.5).value
        7.5
    """

    grid: str
    row: int
    column: int
    value: Number


class Link(NamedTuple):
    """A line from one cell to another.

    Example:
        >>> Link(Place("input", 0, 2), Place("output", 0, 0)).end.grid
        'output'
    """

    start: Place
    end: Place


class Point(NamedTuple):
    """A point of a grid that may lie between its cells, as a place where an input is sampled, and whence it came.

    Attributes:
        grid: The name of the grid.
        row: How far down, in its cells: 0 is the middle of the first row, 0.5 the edge to the second one.
        column: How far to the right, in its cells, likewise.
        role: What it does.
        start: The row and the column from where an arrow leads here; a ring stands there. None draws neither.

    Example:
        >>> Point("input", 1, 2.25, "read", start=(1, 2)).column
        2.25
    """

    grid: str
    row: float
    column: float
    role: Role
    start: tuple[float, float] | None = None


class Label(NamedTuple):
    """A word between the grids, its middle at this place, in the scene's unit.

    Example:
        >>> Label("=", 4.5, 1).text
        '='
    """

    text: str
    left: float
    top: float


@dataclass(frozen=True)
class Step:
    """One moment of the story.

    Attributes:
        title: Where we are, as "output (0, 1)".
        text: What happens, with its numbers; it may have several lines.
        marks: What is lit.
        links: The numbers of the scene's links that are lit.
        changes: What gets a new number; it keeps it in the later steps.
        at: The cells that stand for this step: who points at one of them sees it.
        points: Points between cells, and arrows that lead to them.

    Example:
        >>> Step("output 0", "2*3 = 6", changes=(Change("output", 0, 0, 6),), at=(Place("output", 0, 0),)).text
        '2*3 = 6'
    """

    title: str
    text: str = ""
    marks: tuple[Mark, ...] = ()
    links: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()
    at: tuple[Place, ...] = ()
    points: tuple[Point, ...] = ()
