"""Pictures of many kernels at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, SupportsIndex

import torch

from convlab.arithmetic.spec import as_int
from convlab.figures import style

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
        TypeError: If `columns` is no int.
        ValueError: If the shape is another one, or `columns` is less than 1.

    Example:
        >>> filters(torch.randn(6, 3, 5, 5), columns=3).images[0].get_array().shape
        (13, 19, 3)
    """
    from matplotlib import colormaps

    columns = as_int("columns", columns, minimum=1)
    if weight.ndim != 4 or weight.shape[1] not in (1, 3) or not weight.numel():
        shape = tuple(weight.shape)
        raise ValueError(f"weight must have shape (C_out, 3, kH, kW) or (C_out, 1, kH, kW), but has shape {shape}")
    kernels = weight.detach().cpu().float()
    count, channels, height, width = kernels.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    largest = kernels.abs().amax((1, 2, 3), keepdim=True)
    kernels = kernels / largest.where(largest > 0, 1.0)
    gallery = torch.full((channels, rows * (height + 1) + 1, columns * (width + 1) + 1), torch.nan, device="cpu")
    for number, kernel in enumerate(kernels):
        row, column = divmod(number, columns)
        top, left = row * (height + 1) + 1, column * (width + 1) + 1
        gallery[:, top : top + height, left : left + width] = kernel
    ax = style.axes(ax, width=min(11.0, 0.9 * columns + 0.2), height=min(11.0, 0.9 * columns + 0.2) * rows / columns)
    if channels == 3:
        ax.imshow(((gallery + 1) / 2).nan_to_num(1.0).permute(1, 2, 0).numpy(), interpolation="nearest")
    else:
        colours = colormaps[style.DIVERGING].with_extremes(bad="silver")
        ax.imshow(gallery[0].numpy(), cmap=colours, vmin=-1, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(title or "")
    return ax
