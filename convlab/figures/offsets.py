"""Pictures of offsets: where a deformable convolution reads, as arrows on an image and on the slices of a volume."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int
from convlab.figures import style
from convlab.figures.points import Spot
from convlab.figures.pointwork import Positions, Windows, draw, view, windows, words
from convlab.figures.tensors import image as draw_image
from convlab.figures.volumes import frames
from convlab.scenes.lattice import Sample, mask_for
from convlab.scenes.numbers import plain, real
from convlab.scenes.wording import times

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes


def offsets(
    image: torch.Tensor,
    offset: torch.Tensor,
    *,
    at: Positions | None = None,
    kernel_size: IntOrTuple = 3,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    offset_group: SupportsIndex = 0,
    mask: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    margin: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Where a deformable convolution reads an image: rings on the lattice, and arrows from there to the sampled points.

    The points of each output position have a colour of their own, unless `mask` or `weight` colours them.

    Args:
        image: What is read, drawn as `figures.image` draws it.
        offset: Laid out as in `ops.deform_conv`, without the batch: of a batch take one example, as `offset[0]`.
        at: Output positions (h, w), or one; None takes the middle.
        kernel_size: Taps per axis.
        stride: Steps between windows, in elements.
        padding: Elements of zeros on both sides of each axis, "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.
        offset_group: The group of input channels whose offsets are drawn, from 0 on.
        mask: Colours each point by its mask; laid out as in `ops.deform_conv`, without the batch.
        weight: Colours each point by the weight of its tap.
        margin: Elements that are shown around the points; None shows the whole image, and the points outside it.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.

    Shape:
        - image: (3, H, W), (1, H, W) or (H, W)
        - offset: (2 * offset_groups * kH * kW, H_out, W_out)
        - mask: (offset_groups * kH * kW, H_out, W_out)
        - weight: (kH, kW)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, there is no such output position or offset group, or both `mask` and
            `weight` are given.

    Source:
        Dai et al. 2017, Deformable Convolutional Networks, https://arxiv.org/abs/1703.06211, figure 6.

    Example:
        >>> ax = offsets(torch.rand(8, 8), torch.zeros(18, 8, 8), at=[(2, 3), (6, 6)], padding=1)
        >>> [dots.get_offsets()[4].tolist() for dots in ax.collections if dots.get_gid() == "points"]
        [[3.0, 2.0], [6.0, 6.0]]
    """
    size = tuple(real("image", image).shape[-2:])
    if image.ndim not in (2, 3) or not image.numel() or (image.ndim == 3 and len(image) not in (1, 3)):
        shape = tuple(image.shape)
        raise ValueError(f"image must have shape (3, H, W), (1, H, W) or (H, W), nowhere 0, but has shape {shape}")
    spec, found = windows(
        offset, at, size, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        offset_group=offset_group,
    )  # fmt: skip
    named, numbers = _numbers(spec, offset, found, offset_group, mask, weight)
    shown = view(_spots(found), size, margin)
    high = min(1.2, abs((shown[2] - shown[3]) / (shown[1] - shown[0])))
    ax = draw_image(image, ax=style.axes(ax, width=6.0, height=0.6 + 5.2 * high), title=title)
    ax.axis(shown)
    drawn = []
    look, cycle = _look(numbers), itertools.cycle(style.COLOURS[:6])
    colours: Sequence[Sequence[float] | str] = numbers or [next(cycle) for _ in found]
    for (_, window), colour in zip(found, colours, strict=True):
        starts, ends = _both(window)
        drawn.append(draw(ax, starts, ends, colour, **look))
    if named:
        ax.figure.colorbar(drawn[0], ax=ax, shrink=0.75, aspect=15, label=named)
    style.describe(ax.figure, words(spec, found, f"an image of {times(size)}", title))
    return ax


def offset_slices(
    volume: torch.Tensor,
    offset: torch.Tensor,
    *,
    at: Positions | None = None,
    kernel_size: IntOrTuple = 3,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    offset_group: SupportsIndex = 0,
    margin: float | None = 2.5,
    limit: float | None = None,
    axes: Sequence[Axes] | np.ndarray | None = None,
    title: str | None = None,
) -> np.ndarray:
    """Where a deformable convolution reads a volume for one output voxel: a picture for each depth of its lattice.

    Each shows the taps of one kernel slice on the slice of the volume at which their rings lie. An arrow is the way
    along H and W; the colour of its point is the way along D: white stays in the slice, purple goes to smaller d,
    orange to larger.

    Args:
        volume: What is read, in any unit.
        offset: Laid out as in `ops.deform_conv`, without the batch: of a batch take one example, as `offset[0]`.
        at: The output voxel (d, h, w); None takes the middle.
        kernel_size: Taps per axis.
        stride: Steps between windows, in elements.
        padding: Elements of zeros on both sides of each axis, "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.
        offset_group: The group of input channels whose offsets are drawn, from 0 on.
        margin: Elements that are shown around the points; None shows the whole slices.
        limit: The number that is drawn white; None takes the largest of these slices.
        axes: One of matplotlib's axes for each depth of the kernel; None makes a new figure.
        title: What the reader sees, in front of the place of each slice.

    Shape:
        - volume: (D, H, W)
        - offset: (3 * offset_groups * kD * kH * kW, D_out, H_out, W_out)

    Returns:
        The axes, one for each depth of the kernel.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, there is no such output voxel or offset group, or there are not as many
            axes as the kernel is deep.

    Example:
        >>> axes = offset_slices(torch.rand(6, 8, 8), torch.full((81, 4, 6, 6), 0.5), at=(1, 2, 3))
        >>> [ax.get_title() for ax in axes]
        ['d = 1', 'd = 2', 'd = 3']
    """
    values = real("volume", volume).float()
    if volume.ndim != 3 or not volume.numel():
        raise ValueError(f"volume must have shape (D, H, W), nowhere 0, but has shape {tuple(volume.shape)}")
    spec, found = windows(
        offset, at, volume.shape, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        offset_group=offset_group,
    )  # fmt: skip
    if len(found) != 1:
        raise ValueError(f"at must be one output voxel (d, h, w), but at={at!r} has {len(found)}")
    window = found[0][1]
    depths = list(dict.fromkeys(sample.lattice[0] for sample in window))
    if axes is not None and len(axes) != len(depths):
        raise ValueError(f"axes must be one for each depth of the kernel, {len(depths)}, but there are {len(axes)}")
    shown = view(_spots(found), volume.shape[1:], margin)
    high = min(1.5, abs((shown[2] - shown[3]) / (shown[1] - shown[0])))
    if axes is None:
        axes = style.panels(1, len(depths), width=3.0 * len(depths) + 1.2, height=0.7 + 2.6 * high).reshape(-1)
    inside = [0 <= d < len(values) for d in depths]
    planes = [values[d] if there else torch.zeros_like(values[0]) for d, there in zip(depths, inside, strict=True)]
    names = [f"d = {d}{'' if there else ', outside'}" for d, there in zip(depths, inside, strict=True)]
    titles = [f"{title}, {name}" if title else name for name in names]
    frames(torch.stack(planes), axes=axes, titles=titles, limit=limit)
    farthest = max(1.0, *(abs(sample.point[0] - sample.lattice[0]) for sample in window))
    for ax, d in zip(axes, depths, strict=True):
        ax.axis(shown)
        here = [sample for sample in window if sample.lattice[0] == d]
        starts, ends = _both(here)
        along = [sample.point[0] - d for sample in here]
        drawn = draw(ax, starts, ends, along, cmap=style.DIVERGING, vmin=-farthest, vmax=farthest)
    axes[0].figure.colorbar(drawn, ax=list(axes), shrink=0.75, aspect=15, label="offset along D")
    style.describe(axes[0].figure, words(spec, found, f"a volume of {times(volume.shape)}", title))
    return axes  # type: ignore[return-value]


def _both(window: Sequence[Sample]) -> tuple[list[Spot], list[Spot]]:
    """Where the rings and the points of these samples are drawn: along the last axis and the one before it."""
    starts, ends = (
        [(place[-1], place[-2]) for place in places] for places in zip(*(s[1:] for s in window), strict=True)
    )
    return starts, ends


def _spots(found: Windows) -> list[Spot]:
    """All rings and points."""
    return [spot for _, window in found for spots in _both(window) for spot in spots]


def _numbers(
    spec: ConvSpec,
    offset: torch.Tensor,
    found: Windows,
    offset_group: SupportsIndex,
    mask: torch.Tensor | None,
    weight: torch.Tensor | None,
) -> tuple[str, list[list[float]]]:
    """What the colours of the points mean, and the number of each point of each window; "" and none where nothing."""
    if mask is not None and weight is not None:
        raise ValueError("mask or weight colours the points, but both are given")
    if mask is not None:
        taps = math.prod(spec.kernel_size)
        factors = mask_for(spec, mask, offset).unflatten(0, (-1, taps))[as_int("offset_group", offset_group, minimum=0)]
        return "mask", [factors[(slice(None), *here)].tolist() for here, _ in found]
    if weight is not None:
        values = plain("weight", weight)
        if tuple(values.shape) != spec.kernel_size:
            raise ValueError(
                f"weight must have shape (kH, kW) = {spec.kernel_size}, but has shape {tuple(weight.shape)}"
            )
        return "weight", [values.flatten().tolist()] * len(found)
    return "", []


def _look(numbers: Sequence[Sequence[float]]) -> dict[str, Any]:
    """How these numbers become colours: white at zero; where none is negative, blue, else purple and orange."""
    limit = max((abs(number) for shades in numbers for number in shades), default=0.0) or 1.0
    signed = any(number < 0 for shades in numbers for number in shades)
    return {"cmap": style.DIVERGING if signed else style.SEQUENTIAL, "vmin": -limit if signed else 0, "vmax": limit}
