"""Transposed convolution: what each input element adds where, what each output element reads, and what overlaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, SupportsIndex

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.explorers.base import Explorer, Shown
from convlab.explorers.beforehand import around
from convlab.explorers.controls import choice, whole
from convlab.explorers.words import sizes_in_words
from convlab.scenes import Scene

VIEWS: dict[str, Callable[[ConvSpec, int], Scene]] = {
    "scatter": lambda spec, input_size: scenes.scatter(spec, input_size),
    "gather": lambda spec, input_size: scenes.gather(spec, input_size),
    "overlap": lambda spec, input_size: scenes.overlap(spec, input_size),
}
"""The ways to look at it, by their names."""

LARGEST = {
    1: {"input_size": 10, "kernel_size": 7, "stride": 5, "dilation": 3},
    2: {"input_size": 4, "kernel_size": 4, "stride": 2, "dilation": 2},
}
"""The largest numbers of the fields, by the number of spatial axes: every picture of them can be read."""

BEFOREHAND: dict[int, dict[str, Iterable[Any]]] = {
    1: {"input_size": range(2, 6), "kernel_size": range(1, 6), "stride": range(1, 5), "dilation": (1, 2)}
    | {"view": VIEWS, "padding": range(3), "output_padding": range(3)},
    2: {"input_size": range(2, 5), "kernel_size": range(1, 5), "stride": (1, 2), "dilation": (1, 2)}
    | {"view": VIEWS, "padding": range(3), "output_padding": range(2)},
}
"""By the number of spatial axes: the values that a page without a kernel offers in all combinations."""


def transposed(
    ndim: Literal[1, 2] = 1,
    *,
    input_size: int = 4,
    kernel_size: int = 3,
    stride: int = 2,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
    view: str = "scatter",
) -> Explorer:
    """A transposed convolution in 1D or 2D, seen in three ways, with the formula of its output size filled in.

    As scatter, each input element lays a stamp, the kernel times its number, on the output, and the stamps add up. As
    gather, each output element reads the input, with zeros between its elements, under the flipped kernel. Overlap
    counts the stamps on each output element; uneven counts make a checkerboard.

    Args:
        ndim: Number of spatial axes.
        input_size: Elements along each axis of the input; 1 to 10, in 2D to 4.
        kernel_size: Taps along each axis; 1 to 7, in 2D to 4.
        stride: Steps between neighbouring stamps, in output elements; 1 to 5, in 2D to 2.
        padding: Elements cropped from both sides of the output, 0 to 4.
        output_padding: Elements added at the end of the output, 0 to 3; smaller than stride or dilation.
        dilation: Distance between neighbouring taps, in output elements; 1 to 3, in 2D to 2.
        view: "scatter", "gather" or "overlap".

    Raises:
        ValueError: If a number is outside of its range, or there is no such view.

    Example:
        >>> explorer = transposed(1, input_size=4, kernel_size=3, stride=2)
        >>> print(explorer.text)
        L_out = (4-1)*2 - 2*0 + 1*(3-1) + 0 + 1 = 9
        >>> explorer.set(output_padding=2)
        >>> explorer.message
        'output_padding must be smaller than stride or dilation, but on spatial axis 0 output_padding=2, stride=2 and
        dilation=1'
    """
    if not isinstance(ndim, SupportsIndex) or ndim not in LARGEST:
        raise ValueError(f"ndim must be 1 or 2, but ndim={ndim!r}")
    largest = LARGEST[ndim]
    controls = {
        "view": choice("view", view, list(VIEWS), tip="scatter: what each input adds; gather: what each output reads"),
        "input_size": whole("input_size", input_size, 1, largest["input_size"]),
        "kernel_size": whole("kernel_size", kernel_size, 1, largest["kernel_size"]),
        "stride": whole("stride", stride, 1, largest["stride"]),
        "padding": whole("padding", padding, 0, 4, tip="elements cropped from both sides of the output"),
        "output_padding": whole("output_padding", output_padding, 0, 3, tip="elements added at the output's end"),
        "dilation": whole("dilation", dilation, 1, largest["dilation"]),
    }
    offered = BEFOREHAND[ndim]
    return Explorer("transposed", controls, partial(_show, ndim), beforehand=lambda controls: around(controls, offered))


def _show(ndim: int, view: str, input_size: int, kernel_size: int, **geometry: Any) -> Shown:
    spec = ConvSpec(1, 1, (kernel_size,) * ndim, bias=False, transposed=True, **geometry)
    scene = VIEWS[view](spec, input_size)
    lines = [sizes_in_words(spec, (input_size,) * ndim)]
    if view == "overlap":
        lines.append(_about_counts(scene))
    return Shown(scene, "\n".join(lines))


def _about_counts(scene: Scene) -> str:
    """How many stamps meet on an element of the output, and whether that goes up and down."""
    rows = scene.grid("output").values
    counts = sorted({count for row in rows for count in row if count is not None})
    along = max(([count or 0 for count in row] for row in rows), key=sum)  # a row that stamps reach
    dips = any(count < min(max(along[:i]), max(along[i + 1 :])) for i, count in enumerate(along[1:-1], 1))
    numbers = ", ".join(map(str, counts))
    if dips:
        return f"stamps on one element: {numbers}, up and down: a checkerboard"
    return f"stamps on one element: {numbers}" + (", fewer at the borders only" if len(counts) > 1 else ", everywhere")
