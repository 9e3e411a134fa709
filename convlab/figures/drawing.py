"""`Drawing`: a scene on matplotlib's axes. What never changes is drawn once; a step changes only what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgba

from convlab.figures import cellwork, style
from convlab.figures.palette import Theme
from convlab.figures.points import PointsDrawing
from convlab.figures.sheet import Sheet, title_lines
from convlab.scenes.numbers import word
from convlab.scenes.parts import Grid, Mark, Number
from convlab.scenes.scene import Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

_SMALLEST_CELL = 5  # points: smaller cells get no lines between them
_SMALLEST_NOTE = 7.0  # points: smaller ones are left out


class Drawing:
    """A scene on axes, at one of its steps.

    Args:
        scene: What is drawn.
        ax: Where.
        paper: The place of everything, from `sheet.sheet`.
        theme: The colours.

    Attributes:
        ax: The axes.

    Example:
        >>> from convlab.figures.sheet import sheet
        >>> from convlab.scenes.parts import Step
        >>> one = Scene("one", "", (Grid("input", ((7,),)),), (Step("the only step"),))
        >>> drawing = Drawing(one, style.figure((3, 2), shown=False).add_subplot(), sheet(one), style.LIGHT)
        >>> drawing.show(0)
        >>> [text.get_text() for text in drawing.ax.texts if text.get_text()]
        ['7', 'the only step']
    """

    def __init__(self, scene: Scene, ax: Axes, paper: Sheet, theme: Theme) -> None:
        self.ax = ax
        self._scene, self._paper, self._theme = scene, paper, theme
        self._images: dict[str, AxesImage] = {}
        self._numbers: dict[str, list[Text]] = {}
        self._notes: list[Text] = []
        ax.set_axis_off()
        ends = scene.values_at(-1)
        for grid in scene.grids:
            self._draw_grid(grid, ends[grid.name])
        ax.set(xlim=(paper.left, paper.right), ylim=(paper.bottom, paper.top), aspect="equal")
        self._draw_words()
        self._pale = self._lines(theme.link, 0.9, zorder=2.5)
        self._pale.set_segments([cellwork.line_of(scene, link) for link in scene.links])
        self._lit = self._lines(theme.lit, 1.8, zorder=2.6)
        self._halo = self._lines(theme.page, 4.2, zorder=3.2)
        self._outlines = self._lines(theme.ink, 2.2, zorder=3.3)
        has_points = any(step.points for step in scene.steps)
        self._points = PointsDrawing(scene, ax, paper.unit, theme) if has_points else None

    def show(self, step: int | None) -> None:
        """The picture after this step; None is the finished one, in which nothing is lit.

        Args:
            step: From 0 on, or from -1 backwards.

        Example:
            >>> from convlab.figures.sheet import sheet
            >>> from convlab.scenes.parts import Change, Step
            >>> seven = Scene("", "", (Grid("a", ((7,),)),), (Step("", changes=(Change("a", 0, 0, 8),)), Step("later")))
            >>> ax = style.figure((3, 2), shown=False).add_subplot()
            >>> drawing = Drawing(seven, ax, sheet(seven), style.LIGHT)
            >>> drawing.show(1)
            >>> [text.get_text() for text in drawing.ax.texts if text.get_text()]
            ['8', 'later']
        """
        scene, theme = self._scene, self._theme
        values = scene.values_at(-1 if step is None else step)
        now = None if step is None else scene.steps[step]
        marks = now.marks if now else ()
        for grid in scene.grids:
            self._show_grid(grid, values[grid.name], [mark for mark in marks if mark.grid == grid.name])
        self._show_marks(marks, values)
        if self._points:
            self._points.show(now.points if now else ())
        self._lit.set_segments([cellwork.line_of(scene, scene.links[number]) for number in now.links] if now else [])
        self._title.set_text(now.title if now else "")
        self._text.set_text(self._paper.wrapped(now.text) if now else "")
        under_title = 1.4 * self._paper.type_size / self._paper.unit * bool(now and now.title)
        self._text.set_y(self._paper.foot + under_title)
        self._title.set_color(theme.ink)

    def _draw_grid(self, grid: Grid, ends: list[list[Number]]) -> None:
        theme, paper = self._theme, self._paper
        rows, columns = grid.shape
        cells = [(row, column) for row in range(rows) for column in range(columns) if grid.kind(row, column) != " "]
        self._images[grid.name] = self.ax.imshow(
            np.zeros((rows, columns, 4)), interpolation="nearest", zorder=1, animated=False,
            extent=(grid.left, grid.left + grid.width, grid.top + grid.height, grid.top),
        )  # fmt: skip
        self._images[grid.name].set_gid(grid.name)
        if grid.side * paper.unit >= _SMALLEST_CELL:
            self._lines(theme.line, 0.7, zorder=2).set_segments(cellwork.inner_lines(grid, cells))
        real = [cell for cell in cells if grid.kind(*cell) in ".z"]
        self._lines(theme.frame, 1.0, zorder=2.1).set_segments(cellwork.outline(grid, real))
        cropped = [cellwork.corners(grid, cell, 0.12 * grid.side) for cell in cells if grid.kind(*cell) == "c"]
        self._lines(theme.cropped, 0.8, zorder=2.05).set_segments([points[1::2] for points in cropped])
        size = paper.number_size(grid, [number for row in (*grid.values, *ends) for number in row])
        half = grid.side / 2
        self._numbers[grid.name] = [
            self._word(x + half, y + half, "", size=size, zorder=4, va="center_baseline")
            for x, y in (cellwork.corners(grid, divmod(place, columns))[0] for place in range(rows * columns))
        ] if size else []  # fmt: skip

    def _draw_words(self) -> None:
        paper, size = self._paper, self._paper.type_size
        for grid in self._scene.grids:
            middle, level = grid.left + grid.width / 2, grid.top + grid.height / 2
            title = "\n".join(title_lines(self._scene, grid, paper))
            self._word(middle, grid.top - 0.16, title, size=size, va="bottom", linespacing=1.15)
            below, beside = paper.fitting(grid.across, grid.width), paper.fitting(grid.down, grid.height)
            self._word(middle, grid.top + grid.height + 0.14, grid.across, size=below, va="top", faint=True)
            self._word(grid.left - 0.14, level, grid.down, size=beside, ha="right", faint=True, rotation=90)
        for label in self._scene.labels:
            self._word(label.left, label.top, label.text, size=1.4 * size if len(label.text) <= 2 else size)
        where: dict[str, Any] = {"ha": "left", "va": "top", "zorder": 5}
        self._title = self._word(paper.left + 0.4, paper.foot, "", size=size, weight="bold", **where)
        self._text = self._word(paper.left + 0.4, paper.foot, "", size=size, linespacing=1.4, **where)

    def _show_grid(self, grid: Grid, values: list[list[Number]], marks: list[Mark]) -> None:
        theme = self._theme
        colours = cellwork.cell_colours(grid, values, theme)
        lit = set()
        for mark in marks:
            for row, column in mark.cells:
                if cellwork.filled(grid, values[row][column]):
                    lit.add((row, column))
                    colours[row, column] = to_rgba(theme.roles[mark.role].fill)
        self._images[grid.name].set_data(colours)
        for place, text in enumerate(self._numbers[grid.name]):
            row, column = cell = divmod(place, grid.shape[1])
            value = values[row][column]
            quiet = grid.kind(row, column) in "pz" and not value and cell not in lit
            text.set_text(word(value, grid.decimals or 0))
            text.set_color(theme.faint if quiet else style.ink_for(to_hex(colours[row, column]), theme))

    def _show_marks(self, marks: tuple[Mark, ...], values: dict[str, list[list[Number]]]) -> None:
        theme = self._theme
        edges, colours, halos = [], [], []
        notes: list[tuple[float, float, str, float, str]] = []
        for mark in marks:
            grid = self._scene.grid(mark.grid)
            found = cellwork.outline(grid, mark.cells)
            edges += found
            halos += found if grid.decimals is None and grid.scale != "plain" else []
            colours += [theme.roles[mark.role].outline] * len(found)
            for cell, note in zip(mark.cells, mark.notes, strict=bool(mark.notes)):
                x, y = cellwork.corners(grid, cell)[2]
                alone = values[grid.name][cell[0]][cell[1]] is None
                size = grid.side * self._paper.unit * min(0.36 if alone else 0.26, 0.55 / max(1, len(note)))
                inset = (0.5 if alone else 0.08) * grid.side
                shown = note if size >= _SMALLEST_NOTE else ""
                notes.append((x - inset, y - inset, shown, size, "center" if alone else "right"))
        self._halo.set_segments(halos)
        self._outlines.set_segments(edges)
        self._outlines.set_color(colours or "none")
        while len(self._notes) < len(notes):
            self._notes.append(self._word(0, 0, "", size=6, ha="right", va="baseline", zorder=4.1))
        for text, (x, y, note, size, side) in zip(self._notes, notes, strict=False):
            text.set(
                x=x, y=y, text=note, fontsize=size, ha=side, va="center_baseline" if side == "center" else "baseline"
            )
        for text in self._notes[len(notes) :]:
            text.set_text("")

    def _lines(self, colour: str, width: float, *, zorder: float) -> LineCollection:

        width *= min(1.0, self._paper.unit / 26)
        lines = LineCollection([], colors=colour, linewidths=width, zorder=zorder, capstyle="projecting")
        self.ax.add_collection(lines, autolim=False)
        return lines

    def _word(
        self, x: float, y: float, text: str, *, size: float, ha: str = "center", va: str = "center",
        zorder: float = 2, faint: bool = False, **look: Any,
    ) -> Text:  # fmt: skip
        colour = self._theme.faint if faint else self._theme.ink
        made = self.ax.text(x, y, text, fontsize=size, ha=ha, va=va, zorder=zorder, color=colour, **look)
        made.set_in_layout(False)
        return made
