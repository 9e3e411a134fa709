"""Pictures of many kernels, or of many channels, at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, SupportsIndex

import torch

from convlab.arithmetic.spec import as_int
from convlab.figures import style
from convlab.scenes.numbers import real

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def filters(
    weight: torch.Tensor, *, ax: Axes | None = None, title: str | None = None, columns: SupportsIndex = 8
) -> Axes:
    """The kernels of a first layer, side by side in rows, each scaled by its own largest number.

    With three input channels a kernel is shown in colour: grey is zero, and a reddish cell counts red for and green and
    blue against. With one it is purple below zero, white at zero and orange above.

    Args:
        weight: The weight of a `Conv2d`.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        columns: Kernels in a row, at least 1.

    Shape:
        - weight: (C_out, 3, kH, kW) or (C_out, 1, kH, kW)

    Raises:
        TypeError: If it is no tensor of real numbers, or `columns` is no int.
        ValueError: If the shape is another one, or `columns` is less than 1.

    Example:
        >>> filters(torch.randn(6, 3, 5, 5), columns=3).images[0].get_array().shape
        (13, 19, 3)
    """
    from matplotlib import colormaps

    columns = as_int("columns", columns, minimum=1)
    kernels = real("weight", weight).float()
    if weight.ndim != 4 or weight.shape[1] not in (1, 3) or not weight.numel():
        shape = tuple(weight.shape)
        raise ValueError(f"weight must have shape (C_out, 3, kH, kW) or (C_out, 1, kH, kW), but has shape {shape}")
    count, channels = kernels.shape[:2]
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    largest = kernels.abs().amax((1, 2, 3), keepdim=True)
    kernels = kernels / largest.where(largest > 0, 1.0)
    gallery = _gallery(kernels, columns)
    ax = style.axes(ax, width=min(11.0, 0.9 * columns + 0.2), height=min(11.0, 0.9 * columns + 0.2) * rows / columns)
    if channels == 3:
        ax.imshow(((gallery + 1) / 2).nan_to_num(1.0).permute(1, 2, 0).numpy(), interpolation="nearest")
    else:
        colours = colormaps[style.DIVERGING].with_extremes(bad="silver")
        ax.imshow(gallery[0].numpy(), cmap=colours, vmin=-1, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(title or "")
    return ax


def feature_maps(
    tensor: torch.Tensor,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    columns: SupportsIndex = 8,
    limit: float | None = None,
) -> Axes:
    """The channels of a layer's output, side by side in rows, all in the same colours, with a colour bar.

    The colours are white at zero, purple below and orange above; where no number is negative, white at zero and blue
    above.

    Args:
        tensor: The output for one input, in any unit.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        columns: Channels in a row, at least 1.
        limit: The size of number that gets the strongest colour; None takes the one that 99 of 100 elements stay below.

    Shape:
        - tensor: (C, H, W)

    Raises:
        TypeError: If it is no tensor of real numbers, or `columns` is no int.
        ValueError: If the shape is another one, or `columns` is less than 1.

    Example:
        >>> ax = feature_maps(torch.rand(6, 5, 7), columns=3)
        >>> ax.images[0].get_array().shape, ax.get_xlabel()
        ((13, 25), 'C = 6, H = 5, W = 7')
    """
    from matplotlib import colormaps

    columns = as_int("columns", columns, minimum=1)
    maps = real("tensor", tensor).float()
    if tensor.ndim != 3 or not tensor.numel():
        raise ValueError(f"tensor must have shape (C, H, W), nowhere 0, but has shape {tuple(tensor.shape)}")
    count, height, width = maps.shape
    columns = min(columns, count)
    gallery = _gallery(maps.unsqueeze(1), columns)[0]
    sizes = maps.abs().flatten()
    limit = limit or float(sizes.kthvalue(max(1, round(0.99 * len(sizes)))).values) or float(sizes.max()) or 1.0
    signed = bool((maps < 0).any())
    inches = min(11.0, 1.3 * columns + 0.6)
    ax = style.axes(ax, width=inches, height=min(11.0, 0.5 + inches * gallery.shape[0] / gallery.shape[1]))
    colours = colormaps[style.DIVERGING if signed else style.SEQUENTIAL].with_extremes(bad="silver")
    drawn = ax.imshow(gallery.numpy(), cmap=colours, vmin=-limit if signed else 0, vmax=limit, interpolation="nearest")
    extend = ("both" if signed else "max") if bool(sizes.max() > limit) else "neither"
    ax.figure.colorbar(drawn, ax=ax, shrink=0.75, aspect=15, extend=extend)
    ax.set(xticks=[], yticks=[], xlabel=f"C = {count}, H = {height}, W = {width}", title=title or "")
    ax.spines[:].set_visible(False)
    words = f"{title or 'Feature maps'}: {count} channels of {height} x {width}, side by side in one colour scale."
    style.describe(ax.figure, words)
    return ax


def _gallery(pictures: torch.Tensor, columns: int) -> torch.Tensor:
    """Pictures (count, channels, H, W) in rows, with lines of nan around each."""
    count, channels, height, width = pictures.shape
    rows = math.ceil(count / columns)
    gallery = torch.full((channels, rows * (height + 1) + 1, columns * (width + 1) + 1), torch.nan, device="cpu")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (height + 1) + 1, column * (width + 1) + 1
        gallery[:, top : top + height, left : left + width] = picture
    return gallery
