"""One look for all pictures: colours that the colour-blind can tell apart, and new axes where none are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Blue, vermilion, green, purple, orange, sky blue, black, after Okabe and Ito, "Color Universal Design" (2008)."""

DIVERGING = "PuOr_r"
"""The colour map for signed numbers: purple below zero, white at zero, orange above."""

SEQUENTIAL = "Blues"
"""The colour map for numbers that are nowhere negative."""


DPI = 80
"""Dots per inch: sharp enough on a page 12 inches wide, and small enough to store."""


def panels(rows: int, columns: int, *, width: float, height: float) -> np.ndarray:
    """The axes of a new figure of `width` x `height` inches, for pictures side by side.

    Returns:
        A one-dimensional array of axes where `rows` or `columns` is 1, otherwise an array of shape (rows, columns).

    Example:
        >>> panels(1, 3, width=6, height=2).shape
        (3,)
    """
    import matplotlib.pyplot as plt

    axes = plt.subplots(rows, columns, figsize=(width, height), dpi=DPI, layout="compressed", squeeze=False)[1]
    return axes.reshape(-1) if 1 in (rows, columns) else axes


def axes(ax: Axes | None = None, *, width: float = 4.0, height: float = 3.0) -> Axes:
    """The axes to draw on: the given ones, or those of a new figure of this size in inches.

    Example:
        >>> axes(width=2, height=1).figure.get_size_inches().tolist()
        [2.0, 1.0]
    """
    return panels(1, 1, width=width, height=height)[0] if ax is None else ax


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
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"
