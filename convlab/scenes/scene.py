"""`Scene`: what a picture shows and how its story goes, as plain data that can be compared and written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convlab.scenes.parts import Change, Grid, Label, Link, Mark, Number, Place, Point, Step


@dataclass(frozen=True, repr=False)
class Scene:
    """A picture and its story, as data that can be compared and written as JSON.

    The grids hold the numbers before the first step.

    Attributes:
        title: What it is.
        alt: What a reader who cannot see it needs to know, in a sentence or two.
        grids: What is drawn, in this order.
        steps: The story; at least one.
        links: Lines between cells, pale unless a step lights them.
        labels: Words between the grids.
        accumulates: Whether a number changes more than once, so that a picture shows the numbers so far; otherwise each
            changes once, and a picture in which the reader moves freely may show all of them.

    Example:
        >>> grid = Grid("input", ((1, 2, 3),))
        >>> step = Step("the last", marks=(Mark("input", "read", ((0, 2),)),))
        >>> scene = Scene("three numbers", "1, 2, 3", (grid,), (step,))
        >>> scene
        Scene('three numbers', grids: input, steps: 1)
        >>> Scene.from_json(scene.to_json()) == scene
        True
        >>> Scene("three", "", (grid,), (Step("the fourth", marks=(Mark("input", "read", ((0, 3),)),)),))
        Traceback (most recent call last):
        ValueError: a mark must lie in its grid, but row 0, column 3 of 'input' does not: it has 1 x 3 cells
    """

    title: str
    alt: str
    grids: tuple[Grid, ...]
    steps: tuple[Step, ...]
    links: tuple[Link, ...] = ()
    labels: tuple[Label, ...] = ()
    accumulates: bool = False

    def __post_init__(self) -> None:
        names = [grid.name for grid in self.grids]
        if len(set(names)) < len(names) or not names:
            raise ValueError(f"a scene needs grids, each with a name of its own, but the names are {names}")
        if not self.steps:
            raise ValueError("a scene needs at least one step, but it has none")
        shapes = {grid.name: grid.shape for grid in self.grids}
        for what, grid, row, column in self._places():
            rows, columns = shapes.get(grid, (0, 0))
            if not (0 <= row < rows and 0 <= column < columns):
                raise ValueError(
                    f"{what} must lie in its grid, but row {row}, column {column} of {grid!r} does not: it has "
                    f"{rows} x {columns} cells"
                )
        for what, grid, down, across in self._spots():
            rows, columns = shapes.get(grid, (0, 0))
            if not (-0.5 <= down <= rows - 0.5 and -0.5 <= across <= columns - 0.5):
                raise ValueError(
                    f"{what} must lie in its grid, but row {down}, column {across} of {grid!r} does not: it has "
                    f"{rows} x {columns} cells"
                )
        for step in self.steps:
            if any(not 0 <= number < len(self.links) for number in step.links):
                raise ValueError(f"a step must light links 0 to {len(self.links) - 1}, but lights {step.links}")
            if any(mark.notes and len(mark.notes) != len(mark.cells) for mark in step.marks):
                raise ValueError(f"a mark must have a note for each of its cells or none, but not so in {step.title!r}")

    def __repr__(self) -> str:
        names = ", ".join(grid.name for grid in self.grids)
        return f"Scene({self.title!r}, grids: {names}, steps: {len(self.steps)})"

    def _places(self) -> Iterator[tuple[str, str, int, int]]:
        """Every cell that is spoken of: by what, its grid, its row and its column."""
        for start, end in self.links:
            yield "a link", *start
            yield "a link", *end
        for step in self.steps:
            for mark in step.marks:
                for row, column in mark.cells:
                    yield "a mark", mark.grid, row, column
            for grid, row, column, _ in step.changes:
                yield "a change", grid, row, column
            for place in step.at:
                yield "a place of a step", *place

    def _spots(self) -> Iterator[tuple[str, str, float, float]]:
        """Every spot that is spoken of and may lie between cells: by what, its grid, its row and its column."""
        for step in self.steps:
            for point in step.points:
                yield "a point", point.grid, point.row, point.column
                if point.start:
                    yield "an arrow", point.grid, *point.start

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of what holds all grids, in the side of an ordinary cell; words around them need more."""
        return max(grid.left + grid.width for grid in self.grids), max(grid.top + grid.height for grid in self.grids)

    def grid(self, name: str) -> Grid:
        """The grid of this name.

        Raises:
            KeyError: If there is none.

        Example:
            >>> Scene("", "", (Grid("input", ((1,),)),), (Step(""),)).grid("input").values
            ((1,),)
        """
        for grid in self.grids:
            if grid.name == name:
                return grid
        raise KeyError(name)

    def values_at(self, step: int) -> dict[str, list[list[Number]]]:
        """The numbers of every grid after this step; -1 is the last.

        Raises:
            IndexError: If there is no such step.

        Example:
            >>> steps = (Step("first", changes=(Change("output", 0, 0, 5),)), Step("then"))
            >>> Scene("", "", (Grid("output", ((None, 1),)),), steps).values_at(-1)
            {'output': [[5, 1]]}
        """
        number = range(len(self.steps))[step]
        now = {grid.name: [list(row) for row in grid.values] for grid in self.grids}
        for past in self.steps[: number + 1]:
            for change in past.changes:
                now[change.grid][change.row][change.column] = change.value
        return now

    def to_dict(self) -> dict[str, Any]:
        """The scene as dicts, tuples, numbers and words.

        Example:
            >>> Scene("one", "", (Grid("input", ((1,),)),), (Step(""),)).to_dict()["grids"][0]["values"]
            ((1,),)
        """
        steps = [
            {
                **vars(step),
                "marks": [mark._asdict() for mark in step.marks],
                "points": [point._asdict() for point in step.points],
            }
            for step in self.steps
        ]
        return {**vars(self), "grids": [dict(vars(grid)) for grid in self.grids], "steps": steps}

    def to_json(self) -> str:
        """The scene as JSON, without blanks.

        Example:
            >>> '"values":[[1]]' in Scene("one", "", (Grid("input", ((1,),)),), (Step(""),)).to_json()
            True
        """
        return json.dumps(self.to_dict(), separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """The scene that `to_json` wrote.

        Example:
            >>> scene = Scene("one", "", (Grid("input", ((1,),)),), (Step("", at=(Place("input", 0, 0),)),))
            >>> Scene.from_json(scene.to_json()).steps[0].at
            (Place(grid='input', row=0, column=0),)
        """
        whole = json.loads(text, object_hook=lambda found: {key: _frozen(value) for key, value in found.items()})
        grids = tuple(Grid(**grid) for grid in whole.pop("grids"))
        links = tuple(Link(Place(*start), Place(*end)) for start, end in whole.pop("links"))
        labels = tuple(Label(*label) for label in whole.pop("labels"))
        return cls(grids=grids, steps=tuple(map(_step, whole.pop("steps"))), links=links, labels=labels, **whole)


def _step(plain: dict[str, Any]) -> Step:
    marks = tuple(Mark(**mark) for mark in plain.pop("marks"))
    changes = tuple(Change(*change) for change in plain.pop("changes"))
    at = tuple(Place(*place) for place in plain.pop("at"))
    points = tuple(Point(**point) for point in plain.pop("points"))
    return Step(marks=marks, changes=changes, at=at, points=points, **plain)


def _frozen(value: object) -> object:
    """JSON's lists as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
