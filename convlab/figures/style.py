"""One look for all pictures: colours that the colour-blind can tell apart, and new axes where none are given."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from convlab.figures.palette import DARK, LIGHT, Theme

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["COLOURS", "DARK", "DIVERGING", "DPI", "LIGHT", "SEQUENTIAL", "Theme", "axes", "ink_on", "panels"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Blue, vermilion, green, purple, orange, sky blue, black, after Okabe and Ito, "Color Universal Design" (2008)."""

DIVERGING = "PuOr_r"
"""The colour map for signed numbers: purple below zero, white at zero, orange above."""

SEQUENTIAL = "Blues"
"""The colour map for numbers that are nowhere negative."""

MimeBundle = tuple[dict[str, Any], dict[str, Any]]
"""What a notebook stores of a thing, and what it knows about that, by the kind of each."""

DPI = 80
"""Dots per inch: sharp enough on a page 12 inches wide, and small enough to store."""


def figure(
    size: tuple[float, float], *, alt: str = "", colour: str = "#ffffff", dpi: float = DPI, shown: bool = True
) -> Figure:
    """A new figure of this size in inches, without axes.

    Args:
        size: Width and height.
        alt: What a reader who cannot see it needs to know.
        colour: What lies behind everything.
        dpi: Dots per inch.
        shown: Whether a notebook shows it at the end of its cell.

    Example:
        >>> figure((3, 2), alt="Two dots.", shown=False).get_label()
        'Two dots.'
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    made = plt.figure() if shown else Figure()
    made.set(size_inches=size, dpi=dpi, facecolor=colour)
    describe(made, alt)
    return made


def describe(figure: Figure | SubFigure, alt: str) -> None:
    """Words for readers who cannot see the picture, added to those that it already has.

    They are the figure's label; a notebook stores them as `text/plain`, and beside the PNG as its metadata `alt`.

    Args:
        figure: The figure.
        alt: The words; empty: none.

    Example:
        >>> dots = figure((3, 2), alt="A dot.", shown=False)
        >>> describe(dots, "And a line.")
        >>> dots._repr_mimebundle_()
        ({'text/plain': 'A dot. And a line.'}, {'image/png': {'alt': 'A dot. And a line.'}})
    """
    if alt:
        whole = f"{figure.get_label() or ''} {alt}".strip()
        figure.set_label(whole)
        figure._repr_mimebundle_ = partial(_words, whole)  # type: ignore[union-attr]


def _words(alt: str, include: object = None, exclude: object = None) -> MimeBundle:
    return {"text/plain": alt}, {"image/png": {"alt": alt}}


def panels(rows: int, columns: int, *, width: float, height: float) -> np.ndarray:
    """The axes of a new figure of `width` x `height` inches, for charts and pictures side by side.

    They are open above and to the right, as a chart is; what draws a picture puts `frame` around it.

    Returns:
        A one-dimensional array of axes where `rows` or `columns` is 1, otherwise an array of shape (rows, columns).

    Example:
        >>> panels(1, 3, width=6, height=2).shape
        (3,)
    """
    import matplotlib.pyplot as plt

    axes = plt.subplots(rows, columns, figsize=(width, height), dpi=DPI, layout="compressed", squeeze=False)[1]
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return axes.reshape(-1) if 1 in (rows, columns) else axes


def axes(ax: Axes | None = None, *, width: float = 4.0, height: float = 3.0) -> Axes:
    """The axes to draw on: the given ones, or those of a new figure of this size in inches.

    Example:
        >>> axes(width=2, height=1).figure.get_size_inches().tolist()
        [2.0, 1.0]
    """
    return panels(1, 1, width=width, height=height)[0] if ax is None else ax


def frame(ax: Axes) -> None:
    """A line on all four sides, as around a picture.

    Args:
        ax: The axes.

    Example:
        >>> ax = axes()
        >>> frame(ax)
        >>> ax.spines["top"].get_visible()
        True
    """
    ax.spines[:].set_visible(True)


def ink_for(colour: str, theme: Theme) -> str:
    """The ink for a number on this colour, "#rrggbb": the theme's own where it can be read, else black or white.

    Example:
        >>> ink_for("#ffffff", LIGHT) == LIGHT.ink, ink_for("#5a9fd2", DARK)
        (True, 'black')
    """
    background = tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    best = ink_on(background)
    return theme.ink if (best == "black") == (theme.name == "light") and contrast(theme.ink, colour) >= 4.5 else best


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, given as "#rrggbb": from 1 to 21.

    Source:
        Web Content Accessibility Guidelines 2.2, the definition of contrast ratio.

    Example:
        >>> contrast("#000000", "#ffffff")
        21.0
    """
    brightness = (luminance(tuple(int(c[start : start + 2], 16) / 255 for start in (1, 3, 5))) for c in (one, other))
    darker, brighter = sorted(brightness)
    return (brighter + 0.05) / (darker + 0.05)


def ink_on(colour: tuple[float, ...]) -> str:
    """Black or white, whichever has more contrast with this colour.

    Args:
        colour: Red, green and blue from 0 to 1, in sRGB; an alpha value behind them is ignored.

    Source:
        Web Content Accessibility Guidelines 2.2, the definitions of relative luminance and contrast ratio.

    Example:
        >>> ink_on((1.0, 1.0, 1.0)), ink_on((0.0, 0.0, 1.0))
        ('black', 'white')
    """
    return "black" if (luminance(colour) + 0.05) ** 2 > 1.05 * 0.05 else "white"


def luminance(colour: tuple[float, ...]) -> float:
    """The relative luminance of a colour: 0 for black, 1 for white.

    Args:
        colour: Red, green and blue from 0 to 1, in sRGB; an alpha value behind them is ignored.

    Source:
        Web Content Accessibility Guidelines 2.2, the definition of relative luminance.

    Example:
        >>> luminance((0.0, 1.0, 0.0))
        0.7152
    """
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
