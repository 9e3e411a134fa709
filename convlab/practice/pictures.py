"""A wrong answer as a picture: expected and got side by side, and below them the window that feeds the difference."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from convlab.figures.palette import DARK, LIGHT, Theme
from convlab.figures.scenes import alt_text, axes_for, heading
from convlab.figures.sheet import sheet
from convlab.practice.verdict import Verdict
from convlab.practice.windows import cut, window_of
from convlab.scenes import Grid, Mark, Scene, Step
from convlab.scenes.layout import Block, below, beside, moved
from convlab.scenes.numbers import decimals_of, limit_of, real, whole, word

LETTERS = 5
"""Characters of a number that can be read in a cell."""

LETTER = 0.21
"""The width of a letter of a title, in cells."""

UNIT = 24
"""Points of the side of a cell."""

PIXELS = 800
"""The width of a page."""

SHARP = 112
"""Dots per inch, where there is room."""


class Picture(NamedTuple):
    """PNG files for a light and for a dark page, and in words what they show.

    Example:
        >>> Picture(b"...", b"...", "Expected and got.").alt
        'Expected and got.'
    """

    png: bytes
    dark: bytes
    alt: str


def picture(verdict: Verdict) -> Picture | None:
    """Expected and got as grids, and the window that feeds the first difference; None where there is nothing to draw.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> verdict = Verdict(task, False, "", expected=torch.ones(2), got=torch.zeros(2), index=(0,))
        >>> picture(verdict).alt
        'What is expected and what your answer gives, side by side. They first differ at [0]. expected 1, got 0.'
        >>> picture(Verdict(task, False, "", expected=3, got=4)) is None
        True
    """
    scene = comparison(verdict)
    if scene is None:
        return None
    alt = alt_text(scene, 0)
    return Picture(_drawn(scene, alt, LIGHT), _drawn(scene, alt, DARK), alt)


def comparison(verdict: Verdict) -> Scene | None:
    """What the picture shows: the grids "expected" and "got", and of the window those of the input and the kernel.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> scene = comparison(Verdict(task, False, "", expected=torch.zeros(1, 1, 2, 2), got=torch.zeros(2, 2)))
        >>> [grid.title for grid in scene.grids]
        ['expected: shape (1, 1, 2, 2)', 'got: shape (2, 2)']
    """
    values = [_numbers(value) for value in (verdict.expected, verdict.got)]
    if values[0] is None or values[1] is None:
        return None
    expected, got = values[0], values[1]
    index, grids, marks, window = verdict.index, [], [], None
    if expected.shape == got.shape:
        if index is None or len(index) != expected.ndim:
            return None
        limit, decimals = limit_of(_finite(expected)), _decimals(expected, got, index)
        for name, tensor in (("expected", expected), ("got", got)):
            grid, mark = _around(name, tensor, index, limit=limit, decimals=decimals)
            grids.append(grid)
            marks.append(mark)
        title, text = (
            f"They first differ at {list(index)}",
            "expected {}, got {}".format(*_told_apart(expected[index].item(), got[index].item())),
        )
        window = window_of(verdict, expected)
    else:
        title, text = "The shapes differ", f"expected {tuple(expected.shape)}, got {tuple(got.shape)}"
        for name, tensor in (("expected", expected), ("got", got)):
            first, decimals = (0,) * tensor.ndim, decimals_of(_finite(tensor))
            grid, _ = _around(name, tensor, first, limit=limit_of(_finite(tensor)), decimals=decimals)
            grids.append(_shaped(grid, tensor))
    room = max(LETTER * len(grid.title) - grid.width for grid in grids)
    over = max(0.0, LETTER * len(grids[0].title) - grids[0].width) / 2  # what the first title needs at its left
    blocks: list[Block] = [beside(*((grid,) for grid in grids), gap=max(2.0, room))]
    if window is not None:
        blocks.append(window.grids)
        marks += window.marks
        text += f"\n{window.text}"
    case = f", case {verdict.case.id!r}" if verdict.case is not None else ""
    return Scene(
        verdict.task.name + case,
        f"What is expected and what your answer gives, side by side{case and ' in the' + case[1:]}.",
        moved(below(*blocks, gap=1.8, centred=False), over, 0),
        (Step(title, text, tuple(marks)),),
    )


def in_words(verdict: Verdict) -> str:
    """The same in letters, for a terminal: the first difference stands in brackets; empty where there is no picture.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> print(in_words(Verdict(task, False, "", expected=torch.ones(2, 2), got=torch.eye(2), index=(0, 1))))
        expected     got
         1  [1]       1  [0]
         1   1        0   1
        They first differ at [0, 1]: expected 1, got 0
    """
    scene = comparison(verdict)
    if scene is None:
        return ""
    step = scene.steps[0]
    sides = [_lines(scene.grid(name), step) for name in ("expected", "got")]
    width = max(map(len, sides[0])) + 5
    if width + max(map(len, sides[1])) > 100:
        lines = [*sides[0], *sides[1]]
    else:
        filled = [side + [""] * (max(map(len, sides)) - len(side)) for side in sides]
        lines = [f"{left:{width}}{right}".rstrip() for left, right in zip(*filled, strict=True)]
    return "\n".join([*lines, f"{step.title}: {step.text}"])


def _drawn(scene: Scene, alt: str, theme: Theme) -> bytes:
    """The scene as a PNG file, as sharp as a page has room for."""
    from matplotlib import rc_context

    from convlab.figures.drawing import Drawing

    dpi = min(SHARP, int(72 * PIXELS / UNIT / (scene.size[0] + 2)))
    paper, file = sheet(scene, unit=UNIT, dpi=dpi), io.BytesIO()
    with rc_context({"text.hinting": "force_autohint"}):
        ax = axes_for([paper], theme, alt=alt, dpi=dpi, shown=False)[0]
        Drawing(scene, ax, paper, theme).show(0)
        heading(ax, scene.title, theme)
        words = {"Software": None, "Description": alt}
        ax.figure.savefig(file, format="png", dpi=dpi, metadata=words, pil_kwargs={"optimize": True})
    return file.getvalue()


def _numbers(value: object) -> torch.Tensor | None:
    """The tensor in float64; None where it is none, or has no numbers that can be drawn."""
    if not isinstance(value, torch.Tensor):
        return None
    try:
        return real("value", value) if value.numel() else None
    except (TypeError, ValueError, RuntimeError):  # complex, sparse, without memory, quantised, nested
        return None


def _finite(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[tensor.isfinite()]


def _decimals(expected: torch.Tensor, got: torch.Tensor, index: tuple[int, ...]) -> int:
    """Digits after the point: as many as fit in a cell, or more where the two would look the same."""
    numbers = _finite(expected)
    room = LETTERS - 1 - len(f"{limit_of(numbers):.0f}") - bool((numbers < 0).any())
    usual = min(decimals_of(numbers, _finite(got)), max(0, room))
    pair = expected[index].item(), got[index].item()
    return next((digits for digits in range(usual, 5) if word(pair[0], digits) != word(pair[1], digits)), 4)


def _told_apart(expected: float, got: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    for digits in (4, 6, 9, 12):
        words = f"{expected:.{digits}g}", f"{got:.{digits}g}"
        if words[0] != words[1]:
            return words
    return repr(expected), repr(got)


def _around(name: str, tensor: torch.Tensor, index: Sequence[int], *, limit: float, decimals: int) -> tuple[Grid, Mark]:
    """The plane of the tensor in which this element lies, no more of it than can be read, and the element marked."""
    *outer, row, column = (0, 0, *index)[-max(2, len(index)) :]
    plane = tensor[tuple(outer)].reshape(-1, tensor.shape[-1] if tensor.ndim else 1)
    numbers = tuple(tuple(whole(x) if math.isfinite(x) else x for x in line) for line in plane.tolist())
    several = any(size > 1 for size in tensor.shape[:-2])
    title = name + (f"[{', '.join(map(str, outer))}]" if several else "")
    grid = Grid(name, numbers, title=title, limit=limit, decimals=decimals)
    return cut(grid, Mark(name, "written", ((row, column),)))


def _shaped(grid: Grid, tensor: torch.Tensor) -> Grid:
    """A grid with the shape of its tensor, and with the plane that is drawn where there are several."""
    outer = tensor.shape[:-2]
    plane = f"plane [{', '.join('0' for _ in outer)}]" if any(size > 1 for size in outer) else ""
    across = ", ".join(filter(None, (plane, grid.across)))
    return replace(grid, title=f"{grid.name}: shape {tuple(tensor.shape)}", across=across)


def _lines(grid: Grid, step: Step) -> list[str]:
    """A grid in letters: its title, its rows, and which part of the whole it is."""
    marked = {cell for mark in step.marks if mark.grid == grid.name for cell in mark.cells}
    words = [[_short(value, grid.decimals or 0) for value in row] for row in grid.values]
    wide = max(len(text) for row in words for text in row)
    lines = [
        "".join(f"{'[' if (r, c) in marked else ' '}{text:>{wide}}{']' if (r, c) in marked else ' '} "
                for c, text in enumerate(row)).rstrip()
        for r, row in enumerate(words)
    ]  # fmt: skip
    return [grid.title, *lines, *filter(None, (grid.down, grid.across))]


def _short(value: float | None, decimals: int) -> str:
    return word(value, decimals) if value is None or not abs(value) >= 1e6 else f"{value:.3g}"
