"""Animations of scenes: an animated PNG, small enough to be stored in a notebook, that plays wherever pictures show."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from convlab.arithmetic.spec import as_int
from convlab.figures import apng
from convlab.figures.palette import LIGHT, Theme
from convlab.figures.scenes import alt_text, axes_for, check_drawable, heading, spread
from convlab.figures.sheet import WIDEST, Sheet, sheet
from convlab.figures.style import MimeBundle
from convlab.scenes.scene import Scene

if TYPE_CHECKING:
    from matplotlib.text import Text

FEW_COLOURS = 24
"""Entries of the palette that all frames of an animation share, where there are many pixels to store."""

MANY_COLOURS = 64
"""The same where there are few."""

ALL_COLOURS = 250
"""The same where a grid is a picture in grey: no shade of it may turn into a colour."""

FEW_PIXELS = 2_500_000
"""So many in all frames together are stored in less than 30 kB, with many colours; but not with points."""

SHARP, COARSE = 96, 72
"""Dots per inch of an animation of few pixels, and of others."""

FLAT = 5 / 6
"""This part of them is exact: the colours of the theme, and the commonest of the picture."""

UNIT = 24
"""Points of the side of an ordinary cell."""

_LAST = 3  # how often as long as the others the last step is shown


@dataclass(frozen=True)
class Animation:
    """An animated PNG and, in words, what it shows. A notebook shows it.

    Attributes:
        data: The bytes of the file.
        alt: What a reader who cannot see it needs to know.
        num_frames: Its frames.
        size: Width and height in pixels.

    Example:
        >>> Animation(b"...", "Two dots meet.", num_frames=2, size=(20, 10))
        Animation(alt='Two dots meet.', num_frames=2, size=(20, 10))
    """

    data: bytes = field(repr=False)
    alt: str
    num_frames: int
    size: tuple[int, int]

    def save(self, path: str | Path) -> Path:
        """The path of the file that this writes.

        Args:
            path: Where; an existing file is replaced.

        Raises:
            OSError: If it cannot be written.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     Animation(b"...", "Two dots meet.", 2, (20, 10)).save(f"{folder}/dots.png").name
            'dots.png'
        """
        Path(path).write_bytes(self.data)
        return Path(path)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> MimeBundle:
        """What a notebook stores: the picture, and the words as `text/plain` and as its metadata `alt`."""
        picture = base64.b64encode(self.data).decode()
        return {"image/png": picture, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def animate(
    scene: Scene,
    *,
    theme: Theme = LIGHT,
    seconds_per_step: float = 0.8,
    loop: bool = True,
    dpi: SupportsIndex | None = None,
    most_frames: SupportsIndex = 60,
    title: str | None = None,
) -> Animation:
    """The story of a scene as an animation: one frame a step, the last one shown three times as long.

    Args:
        scene: What is shown.
        theme: The colours, `style.LIGHT` or `style.DARK`.
        seconds_per_step: From one frame to the next, at most 20.
        loop: Whether it begins again at the end.
        dpi: Dots per inch; None takes 96 where the file stays small all the same, otherwise 72.
        most_frames: Where there are more steps, this many are shown, at nearly equal distances.
        title: What the reader sees; None takes the scene's.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a number is out of its range.

    Example:
        >>> from convlab.scenes import Grid, Mark, Step
        >>> steps = tuple(Step(f"number {n}", marks=(Mark("input", "read", ((0, n),)),)) for n in range(3))
        >>> animation = animate(Scene("three numbers", "1, 2, 3.", (Grid("input", ((1, 2, 3),)),), steps))
        >>> animation.num_frames, animation.alt
        (3, '1, 2, 3. An animation of 3 steps.')
    """
    from matplotlib import rc_context

    check_drawable(scene, theme)
    if not isinstance(seconds_per_step, Real):
        raise TypeError(f"seconds_per_step must be a number, but seconds_per_step={seconds_per_step!r}")
    if not 0.01 <= seconds_per_step <= 20:
        raise ValueError(f"seconds_per_step must be from 0.01 to 20, but seconds_per_step={seconds_per_step}")
    chosen = spread(len(scene.steps), as_int("most_frames", most_frames, minimum=2))
    dots = SHARP if dpi is None else as_int("dpi", dpi, minimum=20)
    is_light = _is_light(scene, dots, len(chosen))
    with rc_context({"text.hinting": "force_autohint"}):  # at few dots per inch, a 9 is no 5
        frames = list(_changes(scene, chosen, theme, COARSE if dpi is None and not is_light else dots, title))
    in_grey = len(chosen) > 1 and any(grid.scale == "grey" for grid in scene.grids)
    most = ALL_COLOURS if in_grey else MANY_COLOURS if is_light else FEW_COLOURS
    indices, palette = _quantised(frames, theme, most)
    times = [round(1000 * seconds_per_step)] * len(frames)
    times[-1] = times[-1] * _LAST if len(frames) > 1 else times[-1]
    alt = f"{alt_text(scene, None)} An animation of {len(scene.steps)} steps."
    if len(scene.steps) == 1:
        alt = alt_text(scene, 0)
    if len(chosen) < len(scene.steps):
        alt = f"{alt_text(scene, None)} An animation of {len(chosen)} of {len(scene.steps)} steps."
    data = apng.encode(indices, palette, milliseconds=times, loop=loop, description=alt)
    height, width = indices[0].shape
    return Animation(data, alt, len(frames), (width, height))


def _changes(
    scene: Scene, chosen: Sequence[int], theme: Theme, dpi: int, title: str | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each frame, which pixels changed, and their colours, as ints; in the first, all.

    Words take longest to draw. So a word is drawn again only where it or something behind it has changed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from convlab.figures.drawing import Drawing

    paper = _paper(scene, dpi)
    ax = axes_for([paper], theme, alt="", dpi=dpi, shown=False)[0]
    canvas = FigureCanvasAgg(ax.figure)
    drawing = Drawing(scene, ax, paper, theme)
    heading(ax, scene.title if title is None else title, theme)
    states: dict[Text, tuple[object, ...]] = {}
    boxes: dict[Text, tuple[slice, slice]] = {}
    behind = whole = np.zeros((0, 0), dtype=np.uint32)
    for step in chosen:
        drawing.show(step)
        for text in ax.texts:
            text.set_animated(True)  # so that the canvas leaves it out
        canvas.draw()  # type: ignore[no-untyped-call]
        without_words = _pixels(canvas).copy()
        again = np.ones(without_words.shape, bool) if not behind.size else without_words != behind
        for text in ax.texts:
            state = (text.get_text(), text.get_color(), text.get_position(), text.get_fontsize())
            if states.get(text) != state:
                states[text] = state
                again[boxes.get(text, np.s_[:0, :0])] = True  # where it stood before
                boxes[text] = _box(text, len(again))
                again[boxes[text]] = True
        for text in ax.texts:
            if again[boxes[text]].any():
                ax.draw_artist(text)
        now = np.where(again, _pixels(canvas), whole if whole.size else 0)
        changed = now != whole if whole.size else again
        yield changed, now[changed]
        behind, whole = without_words, now


def _paper(scene: Scene, dpi: int) -> Sheet:
    paper = sheet(scene, dpi=dpi)
    return sheet(scene, unit=min(paper.unit, UNIT), dpi=dpi)


def _is_light(scene: Scene, dpi: int, num_frames: int) -> bool:
    """Whether so many frames have few pixels, are no wider than a page, and have no points."""
    if any(step.points for step in scene.steps):  # rings and arrows take many shades
        return False
    width, height = (dpi * inches for inches in _paper(scene, dpi).size)
    return width * height * num_frames <= FEW_PIXELS and width <= WIDEST * COARSE


def _pixels(canvas: Any) -> np.ndarray:
    """The picture, one int for each pixel: red, green, blue and alpha."""
    return np.asarray(canvas.buffer_rgba()).view(np.uint32)[..., 0]


def _box(text: Text, height: int) -> tuple[slice, slice]:
    """The rows and columns of a word in the picture, and a pixel around it."""
    if not text.get_text():
        return np.s_[:0, :0]
    box = text.get_window_extent()
    top, bottom = height - math.ceil(box.y1) - 1, height - math.floor(box.y0) + 1
    return slice(max(0, top), max(0, bottom)), slice(max(0, math.floor(box.x0) - 1), max(0, math.ceil(box.x1) + 1))


def _quantised(
    frames: Sequence[tuple[np.ndarray, np.ndarray]], theme: Theme, most_colours: int
) -> tuple[list[np.ndarray], list[tuple[int, int, int]]]:
    """The frames as entries of one palette, which is made for all of them; entry 0 is what did not change."""
    shades, where, counts = np.unique(np.concatenate([c for _, c in frames]), return_inverse=True, return_counts=True)
    palette = _palette(shades, counts, theme, most_colours)
    distances = (_parts(shades)[:, None] - palette[None]).astype(np.int64)
    nearest = (distances**2).sum(2).argmin(1).astype(np.uint8) + 1
    entries = np.split(nearest[where], np.cumsum([len(colours) for _, colours in frames])[:-1])
    indices = []
    shown = np.zeros(frames[0][0].shape, dtype=np.uint8)
    for (changed, _), found in zip(frames, entries, strict=True):
        now = shown.copy()
        now[changed] = found
        indices.append(np.where(now != shown, now, apng.UNCHANGED).astype(np.uint8))
        shown = now
    return indices, [(0, 0, 0), *map(tuple, palette.tolist())]


def _palette(shades: np.ndarray, counts: np.ndarray, theme: Theme, most: int) -> np.ndarray:
    """So many colours for these shades: those of the theme and the commonest as they are, and means of the rest."""
    from PIL import Image

    named = {int(colour[1:], 16) for colour in theme.flat()}
    red, green, blue = _parts(shades).T
    of_theme = np.isin(red << 16 | green << 8 | blue, list(named))
    order = np.lexsort((-counts, ~of_theme))
    flat = round(FLAT * most)
    exact, rest = order[:flat], order[flat:]
    palette = _parts(shades[exact])
    if len(rest):
        strip = np.repeat(_parts(shades[rest]), np.minimum(counts[rest], 1000), axis=0).astype(np.uint8)
        means = Image.fromarray(strip[None]).quantize(
            most - 1 - flat, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        palette = np.concatenate([palette, np.array(means.getpalette()).reshape(-1, 3)])
    return np.unique(palette, axis=0)


def _parts(shades: np.ndarray) -> np.ndarray:
    """Red, green and blue of each shade."""
    return shades.view(np.uint8).reshape(-1, 4)[:, :3].astype(np.int64)
