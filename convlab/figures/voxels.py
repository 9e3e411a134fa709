"""Pictures of small volumes in space: each strong voxel as a cube."""

from __future__ import annotations

from typing import Any

import torch

from convlab.figures import style
from convlab.scenes.numbers import real

MOST_VOXELS = 8192
"""Larger volumes are refused: drawing takes too long, and the inner voxels are hidden anyway."""


def voxels(
    volume: torch.Tensor,
    *,
    threshold: float | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ax: Any = None,
    title: str | None = None,
) -> Any:
    """The voxels of a volume that are larger than a threshold, as cubes in space; darker is larger.

    D is drawn upwards, as slices lie on each other; H towards the reader, W to the right.

    Args:
        volume: The volume, in any unit; at most `MOST_VOXELS` voxels.
        threshold: A voxel is drawn if its number is larger; None takes the middle between the smallest and the largest.
        spacing: The size of a voxel along D, H and W, in any unit.
        ax: Axes in three dimensions (`projection="3d"`); None makes a new figure.
        title: What the reader sees.

    Shape:
        - volume: (D, H, W)

    Raises:
        TypeError: If it is no tensor of real numbers, or `ax` has only two dimensions.
        ValueError: If the shape is another one, or there are too many voxels, or none is larger than the threshold.

    Example:
        >>> ax = voxels(torch.arange(27.0).reshape(3, 3, 3), threshold=20)
        >>> ax.get_zlabel(), ax.get_title()
        ('D = 3', '6 of 27 voxels above 20')
    """
    values = real("volume", volume)
    if volume.ndim != 3 or not volume.numel():
        raise ValueError(f"volume must have shape (D, H, W), nowhere 0, but has shape {tuple(volume.shape)}")
    if volume.numel() > MOST_VOXELS:
        raise ValueError(
            f"volume must have at most {MOST_VOXELS} voxels, but has shape {tuple(volume.shape)}, "
            f"which makes {volume.numel()}; take a part of it, or every second voxel"
        )
    if ax is not None and not hasattr(ax, "voxels"):
        raise TypeError(f"ax must have three dimensions (projection='3d'), but ax is a {type(ax).__name__}")
    low, high = float(values.min()), float(values.max())
    threshold = (low + high) / 2 if threshold is None else threshold
    filled = values > threshold
    if not filled.any():
        raise ValueError(
            f"a voxel must be larger than the threshold, but threshold={threshold} and the largest is {high}"
        )
    from matplotlib import colormaps
    from matplotlib.colors import LightSource

    ax = style.figure((4.6, 4.4)).add_subplot(projection="3d") if ax is None else ax
    shade = 0.3 + 0.6 * (values - threshold) / (high - threshold)
    order = (2, 1, 0)  # matplotlib's x, y and z are W, H and D
    colours = colormaps[style.SEQUENTIAL](shade.clamp(0, 1).permute(order).numpy())
    cubes = filled.permute(order).numpy()
    light = LightSource(azdeg=345, altdeg=45)
    ax.voxels(cubes, facecolors=colours, edgecolors=(0.2, 0.25, 0.3, 0.35), linewidth=0.4, lightsource=light)
    depth, height, width = volume.shape
    ax.set_box_aspect([size * side for size, side in zip((width, height, depth), spacing[::-1], strict=True)])
    ax.set(xlim=(0, width), ylim=(height, 0), zlim=(0, depth), xticks=[], yticks=[], zticks=[])
    words = f"{int(filled.sum())} of {volume.numel()} voxels above {threshold:.3g}"
    ax.set(xlabel=f"W = {width}", ylabel=f"H = {height}", zlabel=f"D = {depth}")
    ax.set_title(words if title is None else title)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.labelpad = -8
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
    style.describe(ax.figure, f"{title + ': ' if title else ''}{words}, as cubes in space.")
    return ax
