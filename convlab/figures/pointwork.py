"""What pictures of offsets share: which windows are drawn, and rings, arrows and dots on axes of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple, axes_of
from convlab.figures.points import Spot, arrow
from convlab.scenes.lattice import Sample, offset_for, samples
from convlab.scenes.wording import position, times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

Positions = Sequence[SupportsIndex] | Sequence[Sequence[SupportsIndex]]
"""One output position, or several."""

Windows = list[tuple[tuple[int, ...], tuple[Sample, ...]]]
"""Output positions, each with its samples."""

INK = "#1d2026"
"""The line around dots, and beside arrows."""

_SMALLEST, _LARGEST = 2.6, 6.0  # points: the radius of a dot
_PART = 0.2  # its radius in elements, where that is between the two


def windows(
    offset: torch.Tensor,
    at: Positions | None,
    size: Sequence[int],
    *,
    kernel_size: IntOrTuple,
    stride: IntOrTuple,
    padding: IntOrTuple | str,
    dilation: IntOrTuple,
    offset_group: SupportsIndex,
) -> tuple[ConvSpec, Windows]:
    """The convolution of these arguments, and the samples of the output positions that are asked for.

    Args:
        offset: Laid out as in `ops.deform_conv`, without the batch.
        at: Output positions, or one; None takes the middle.
        size: Elements of the input on each spatial axis.
        kernel_size: Taps per axis.
        stride: Steps between windows.
        padding: Zeros on both sides of each axis.
        dilation: Distance between neighbouring taps.
        offset_group: The group of input channels whose offsets are asked for.

    Shape:
        - offset: (ndim * offset_groups * prod(kernel_size), *out)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, or there is no such output position or offset group.

    Example:
        >>> how = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1, "offset_group": 0}
        >>> windows(torch.full((2, 4, 4), 0.5), (1, 2), (4, 4), **how)[1]
        [((1, 2), (Sample(kernel_index=(0, 0), lattice=(1, 2), point=(1.5, 2.5)),))]
    """
    ndim = len(size)
    kernel = as_tuple("kernel_size", kernel_size, ndim, minimum=1)
    spec = ConvSpec(1, 1, kernel, stride=stride, padding=padding, dilation=dilation)
    out = tuple(offset_for(spec, offset, size).shape[1:])
    middle = tuple(n // 2 for n in out)
    given = (middle,) if at is None else axes_of(at)
    if not given:
        raise ValueError(f"at must be an output position, as {middle}, or several, but at={at!r}")
    several = any(axes_of(entry) is not None for entry in given)
    places = [as_tuple("at", here, ndim, minimum=0) for here in (given if several else [given])]
    beyond = next((here for here in places if any(i >= n for i, n in zip(here, out, strict=True))), None)
    if beyond:
        raise ValueError(f"at must lie inside the output, but at={beyond} and the output size is {out}")
    return spec, [(here, samples(spec, offset, here, size, offset_group=offset_group)) for here in places]


def draw(
    ax: Axes,
    starts: Sequence[Spot],
    ends: Sequence[Spot],
    colours: str | Sequence[float],
    **look: Any,
) -> PathCollection:
    """The dots that are drawn, with rings where they started and arrows from there.

    Args:
        ax: Axes of pixels, at their final limits.
        starts: x and y of the rings.
        ends: x and y of the dots.
        colours: The colour of the dots, or a number for each.
        **look: How numbers become colours, as in `Axes.scatter`.

    Example:
        >>> from convlab.figures import style
        >>> ax = style.figure((3, 2), shown=False).add_subplot()
        >>> draw(ax, [(0, 0)], [(0.5, 0.25)], "#0072b2").get_offsets().tolist()
        [[0.5, 0.25]]
    """
    from matplotlib.collections import LineCollection

    box = ax.get_window_extent()
    element = (
        min(abs(box.width / _length(ax.get_xlim())), abs(box.height / _length(ax.get_ylim()))) * 72 / ax.figure.dpi
    )
    radius = min(_LARGEST, max(_SMALLEST, _PART * element))
    strokes = [
        line
        for start, end in zip(starts, ends, strict=True)
        for line in arrow(start, end, after=1.2 * radius / element, head=1.1 * radius / element)
    ]
    rings: dict[str, Any] = {"s": (3.0 * radius) ** 2, "facecolors": "none", "gid": "rings"}
    (left, top), (right, bottom) = _columns(starts), _columns(ends)
    for colour, width, level in ((INK, 2.6, 3.0), ("white", 1.2, 3.1)):
        ax.add_collection(LineCollection(strokes, colors=colour, linewidths=width, zorder=level), autolim=False)
        ax.scatter(left, top, edgecolors=colour, linewidths=0.8 * width, zorder=level, **rings)
    dots: dict[str, Any] = {"s": (2 * radius) ** 2, "linewidths": 0.7, "zorder": 3.2, "gid": "points"}
    if isinstance(colours, str):
        return ax.scatter(right, bottom, color=colours, edgecolors="white", **dots)
    return ax.scatter(right, bottom, c=colours, edgecolors=INK, **dots, **look)


def view(spots: Sequence[Spot], size: Sequence[int], margin: float | None) -> tuple[float, float, float, float]:
    """What axes of pixels show: left, right, bottom and top.

    Args:
        spots: x and y of what must be seen.
        size: Rows and columns of the picture.
        margin: Elements around the spots; None shows the whole picture, and more where a spot lies outside.

    Example:
        >>> view([(2.0, 3.0), (4.0, 3.0)], (8, 8), 1)
        (1.0, 5.0, 4.0, 2.0)
        >>> view([(2.0, 3.0), (4.0, -1.0)], (8, 8), None)
        (-0.5, 7.5, 7.5, -1.5)
    """
    across, down = _columns(spots)
    if margin is not None:
        return min(across) - margin, max(across) + margin, max(down) + margin, min(down) - margin
    bottom, right = (n - 0.5 for n in size)
    return (
        min(across) - 0.5 if min(across) < -0.5 else -0.5,
        max(across) + 0.5 if max(across) > right else right,
        max(down) + 0.5 if max(down) > bottom else bottom,
        min(down) - 0.5 if min(down) < -0.5 else -0.5,
    )


def words(spec: ConvSpec, found: Windows, what: str, title: str | None) -> str:
    """The picture in a sentence, for a reader who cannot see it.

    Args:
        spec: The convolution.
        found: What is drawn.
        what: What is read, as "an image of 8 x 8".
        title: What the reader sees.

    Example:
        >>> words(ConvSpec(1, 1, (1, 1)), [((1, 2), (Sample((0, 0), (1, 2), (1.0, 5.0)),))], "an image", None)
        'Where a 1 x 1 kernel reads an image for output (1, 2): the points lie up to 3 elements from the lattice.'
    """
    farthest = max(math.dist(sample.lattice, sample.point) for _, window in found for sample in window)
    places = ", ".join(position(here) for here, _ in found)
    begin = f"{title}: where" if title else "Where"
    return (
        f"{begin} a {times(spec.kernel_size)} kernel reads {what} for output {places}: "
        f"the points lie up to {farthest:.3g} elements from the lattice."
    )


def _columns(spots: Sequence[Spot]) -> tuple[list[float], list[float]]:
    return [x for x, _ in spots], [y for _, y in spots]


def _length(limits: tuple[float, float]) -> float:
    return limits[1] - limits[0]
