"""Pictures of scenes: one step, the finished picture, or several steps side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

from convlab.arithmetic.spec import as_int
from convlab.figures import style
from convlab.figures.palette import LIGHT, Theme
from convlab.figures.sheet import WIDEST, Sheet, sheet
from convlab.scenes.scene import Scene

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

_HEADING = 0.375  # inches above the axes for a title


def scene(
    scene: Scene,
    *,
    step: SupportsIndex | None = None,
    ax: Axes | None = None,
    theme: Theme = LIGHT,
    title: str | None = None,
) -> Axes:
    """A scene after one of its steps, or finished.

    Args:
        scene: What is shown.
        step: The number of a step, from 0 on, or from -1 backwards: its cells are lit, its words stand below, and the
            numbers are those so far. None shows the numbers at the end, nothing lit, and no words below.
        ax: The axes to draw on; None makes a new figure that fits.
        theme: The colours, `style.LIGHT` or `style.DARK`; a figure whose axes are given gets their page.
        title: What the reader sees; None takes the scene's.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If there is no such step.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> three = Scene("three numbers", "1, 2, 3", (Grid("input", ((1, 2, 3),)),), (Step("the only step"),))
        >>> ax = scene(three, step=0)
        >>> [text.get_text() for text in ax.texts if text.get_text()]
        ['1', '2', '3', 'the only step']
    """
    check_drawable(scene, theme)
    from convlab.figures.drawing import Drawing

    number = None if step is None else check_step(scene, step)
    if ax is None:
        paper = sheet(scene, foot=number is not None)
        ax = axes_for([paper], theme, alt=alt_text(scene, number))[0]
    else:
        whole = ax.get_figure(root=True)
        if whole and (layout := whole.get_layout_engine()):
            layout.execute(whole)  # so that the axes have their place
        box = ax.get_window_extent()
        paper = fitted(scene, box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi, number is not None)
        style.describe(ax.figure, alt_text(scene, number))
        ax.figure.set_facecolor(theme.page)
    Drawing(scene, ax, paper, theme).show(number)
    heading(ax, scene.title if title is None else title, theme)
    return ax


def steps(
    scene: Scene,
    *,
    steps: Sequence[SupportsIndex] | None = None,
    columns: SupportsIndex | None = None,
    theme: Theme = LIGHT,
    title: str | None = None,
) -> np.ndarray:
    """Several steps of a scene as small pictures, in reading order.

    Args:
        scene: What is shown.
        steps: The numbers of the steps; None takes all where there are at most 6, otherwise 6 at equal distances.
        columns: Pictures in a row; None takes as many as can be read.
        theme: The colours, `style.LIGHT` or `style.DARK`.
        title: What stands above all of them; None takes the scene's.

    Returns:
        The axes of the pictures, a one-dimensional array.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If there is no such step, or none is asked for, or `columns` is less than 1.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> story = tuple(Step(f"step {number}") for number in range(11))
        >>> [ax.texts[-2].get_text() for ax in steps(Scene("", "", (Grid("input", ((1,),)),), story))]
        ['step 0', 'step 2', 'step 4', 'step 6', 'step 8', 'step 10']
    """
    check_drawable(scene, theme)
    from convlab.figures.drawing import Drawing

    chosen = spread(len(scene.steps), 6) if steps is None else [check_step(scene, number) for number in steps]
    if not chosen:
        raise ValueError(f"steps must name at least one of the scene's {len(scene.steps)} steps, but steps={steps}")
    if columns is None:
        narrow = sheet(scene, unit=72 * 0.25).size[0]
        most = min(len(chosen), max(1, int(WIDEST / narrow)))
        across = math.ceil(len(chosen) / math.ceil(len(chosen) / most))
    else:
        across = min(len(chosen), as_int("columns", columns, minimum=1))
    paper = sheet(scene, widest=WIDEST / across)
    words = f"{alt_text(scene, None)} Shown after the steps " + "; ".join(scene.steps[n].title for n in chosen) + "."
    axes = axes_for([paper] * len(chosen), theme, columns=across, alt=words)
    for ax, number in zip(axes, chosen, strict=True):
        Drawing(scene, ax, paper, theme).show(number)
    if shown := scene.title if title is None else title:
        figure = axes[0].figure
        inches = figure.get_figheight()
        figure.text(0.4 * paper.unit / 72 / figure.get_figwidth(), 1 - 0.1 / inches, shown, ha="left", va="top",
                    fontsize=11, fontweight="bold", color=theme.ink)  # fmt: skip
    return axes


def check_drawable(scene: Scene, theme: Theme) -> None:
    """Refuse what is no scene or no theme.

    Raises:
        TypeError: If one is of another class.

    Example:
        >>> check_drawable([], LIGHT)
        Traceback (most recent call last):
        TypeError: scene must be a scenes.Scene, but is a list
    """
    if not isinstance(scene, Scene):
        raise TypeError(f"scene must be a scenes.Scene, but is a {type(scene).__name__}")
    if not isinstance(theme, Theme):
        raise TypeError(f"theme must be style.LIGHT or style.DARK, but theme={theme!r}")


def check_step(scene: Scene, step: SupportsIndex) -> int:
    """The number of a step, from 0 on.

    Raises:
        TypeError: If it is no int.
        ValueError: If there is no such step.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> check_step(Scene("", "", (Grid("input", ((1,),)),), (Step("first"), Step("last"))), -1)
        1
    """
    count = len(scene.steps)
    number = as_int("step", step, minimum=-count)
    if number >= count:
        raise ValueError(f"step must be less than the number of steps, but step={number} of {count} steps")
    return number % count


def spread(count: int, most: int) -> list[int]:
    """Numbers from 0 to `count - 1`: all of them, or `most` at nearly equal distances, both ends among them.

    Example:
        >>> spread(3, 6), spread(25, 4)
        ([0, 1, 2], [0, 8, 16, 24])
    """
    if count <= most:
        return list(range(count))
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]


def alt_text(scene: Scene, step: int | None) -> str:
    """What a reader who cannot see the picture needs to know: the scene's own words, and those of the step.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> alt_text(Scene("", "A number.", (Grid("input", ((1,),)),), (Step("first", "1*2 = 2"),)), 0)
        'A number. first. 1*2 = 2.'
    """
    now = scene.steps[step] if step is not None else None
    parts = [scene.alt or scene.title, *([now.title, now.text.replace("\n", "; ")] if now else [])]
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def fitted(scene: Scene, width: float, height: float, foot: bool) -> Sheet:
    """The paper of a scene on axes of this size in points.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> paper = fitted(Scene("", "", (Grid("input", ((1,) * 40,)),), (Step(""),)), 400, 300, foot=False)
        >>> round(paper.unit, 1)
        9.0
    """
    paper = sheet(scene, widest=width / 72, foot=foot)
    for _ in range(3):  # the words do not shrink with the cells, so that the first guess may be too large
        inches = paper.size
        shrink = min(width / 72 / inches[0], height / 72 / inches[1], 1.0)
        paper = sheet(scene, unit=paper.unit * shrink, widest=width / 72, foot=foot)
    return paper


def axes_for(
    papers: Sequence[Sheet], theme: Theme, *, alt: str, columns: int = 1, dpi: float = style.DPI, shown: bool = True
) -> np.ndarray:
    """New axes for papers of one size, in rows, with room for a title above all of them.

    Example:
        >>> len(axes_for([Sheet(0, 0, 6, 5, 4, 30)] * 3, LIGHT, alt="", columns=2, shown=False))
        3
    """
    import numpy as np

    width, height = papers[0].size
    rows = math.ceil(len(papers) / columns)
    above = round(_HEADING * dpi) / dpi
    whole = columns * width, rows * height + above
    figure = style.figure(whole, alt=alt, colour=theme.page, dpi=dpi, shown=shown)
    places = (divmod(number, columns) for number in range(len(papers)))
    shares = [(c / columns, (rows - 1 - r) * height / whole[1], 1 / columns, height / whole[1]) for r, c in places]
    return np.array([figure.add_axes(share) for share in shares])


def heading(ax: Axes, title: str, theme: Theme) -> None:
    """The title of a scene, above its left edge, in smaller letters where it would not fit.

    Example:
        >>> ax = style.figure((3, 2), shown=False).add_subplot()
        >>> heading(ax, "three numbers", LIGHT)
        >>> ax.get_title(loc="left")
        'three numbers'
    """
    left, right = ax.get_xlim()
    inset = 0.4 / (right - left)
    made = ax.set_title(title, loc="left", color=theme.ink, fontsize=11, fontweight="bold", x=inset)
    room = (1 - inset) * ax.get_window_extent().width
    for half_points in range(21, 11, -1):
        if made.get_window_extent().width > room:
            made.set_fontsize(half_points / 2)
