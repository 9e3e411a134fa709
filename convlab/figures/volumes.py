"""Pictures of volumes and clips: three slices at right angles, and frames side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from convlab.figures import style
from convlab.figures.tensors import image
from convlab.scenes.numbers import real

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes


def slices(
    volume: torch.Tensor,
    *,
    at: tuple[int, int, int] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    axes: Sequence[Axes] | np.ndarray | None = None,
    signed: bool = False,
    limit: float | None = None,
    title: str | None = None,
) -> np.ndarray:
    """Three slices of a volume through one voxel: (H, W), (D, W) and (D, H). Lines show where the others cut.

    D is drawn upwards, as slices lie on each other; H downwards, as the rows of a picture.

    Args:
        volume: The volume, in any unit.
        at: The voxel (d, h, w); None takes the middle.
        spacing: The size of a voxel along D, H and W, in any unit.
        axes: Three axes to draw on; None makes a new figure.
        signed: Whether the colours are white at zero, purple below and orange above; otherwise grey, lowest is black.
        limit: The number that gets the strongest colour; None takes the one that 99 of 100 elements stay below.
        title: What the reader sees, in front of the place of each slice.

    Shape:
        - volume: (D, H, W)

    Returns:
        The three axes.

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, or `at` lies outside.

    Example:
        >>> [ax.get_title() for ax in slices(torch.rand(4, 6, 8), at=(0, 2, 5))]
        ['d = 0', 'h = 2', 'w = 5']
    """
    values = real("volume", volume).float()
    if volume.ndim != 3 or not volume.numel():
        raise ValueError(f"volume must have shape (D, H, W), nowhere 0, but has shape {tuple(volume.shape)}")
    d, h, w = at = at or (volume.shape[0] // 2, volume.shape[1] // 2, volume.shape[2] // 2)
    if not all(0 <= place < size for place, size in zip(at, volume.shape, strict=True)):
        raise ValueError(f"at must be a voxel of the volume, but at={at} and volume has shape {tuple(volume.shape)}")
    if axes is None:
        depth, height, width = (size * side for size, side in zip(volume.shape, spacing, strict=True))
        axes = _at_one_scale([(width, height), (width, depth), (height, depth)])
    low, high = _limits(values, signed, limit)
    cuts = [  # what is drawn, the axes of the volume across and down, and the name of the third
        (values[d], 2, 1, "d"),
        (values[:, h], 2, 0, "h"),
        (values[:, :, w], 1, 0, "w"),
    ]
    for ax, (plane, across, down, name) in zip(axes, cuts, strict=True):
        ax.imshow(
            plane.numpy(), cmap=style.DIVERGING if signed else "gray", vmin=low, vmax=high,
            aspect=spacing[down] / spacing[across], origin="upper" if down == 1 else "lower",
        )  # fmt: skip
        ax.axvline(at[across], color=style.COLOURS[4], linewidth=0.8)
        ax.axhline(at[down], color=style.COLOURS[4], linewidth=0.8)
        style.frame(ax)
        place = f"{name} = {at['dhw'.index(name)]}"
        ax.set(
            xticks=[], yticks=[], title=f"{title}, {place}" if title else place,
            xlabel=f"{'DHW'[across]} = {volume.shape[across]}", ylabel=f"{'DHW'[down]} = {volume.shape[down]}",
        )  # fmt: skip
    return axes  # type: ignore[return-value]


def frames(
    clip: torch.Tensor,
    *,
    axes: Sequence[Axes] | np.ndarray | None = None,
    titles: Sequence[str] | None = None,
    signed: bool = False,
    limit: float | None = None,
) -> np.ndarray:
    """The frames of a clip side by side, or the slices of a volume, all with the same colours.

    Args:
        clip: The clip; in colour, floats from 0 to 1.
        axes: One of matplotlib's axes for each frame; None makes a new figure.
        titles: A name for each frame; None counts them: "d = 0" and so on.
        signed: Whether the colours are white at zero, purple below and orange above; otherwise grey, lowest is black.
        limit: The number that gets the strongest colour; None takes the largest, if signed what 99 of 100 stay below.

    Shape:
        - clip: (D, H, W), (1, D, H, W) or (3, D, H, W)

    Returns:
        The axes, one for each frame.

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, or there are not as many titles or axes as frames.

    Example:
        >>> len(frames(torch.rand(1, 5, 8, 8)))
        5
    """
    pictures = real("clip", clip).float()
    if not (clip.ndim == 3 or (clip.ndim == 4 and len(clip) in (1, 3))) or not clip.numel():
        shape = tuple(clip.shape)
        raise ValueError(f"clip must have shape (D, H, W), (1, D, H, W) or (3, D, H, W), but has shape {shape}")
    coloured = pictures.ndim == 4 and len(pictures) == 3
    if not coloured:
        pictures = pictures.reshape(1, *pictures.shape[-3:])
    count, height, width = pictures.shape[1:]
    titles = [f"d = {d}" for d in range(count)] if titles is None else titles
    axes = style.panels(1, count, width=min(12, 1.6 * count), height=1.9) if axes is None else axes
    for name, given in (("titles", titles), ("axes", axes)):
        if len(given) != count:
            raise ValueError(f"{name} must be as many as frames, but there are {count} frames and {len(given)} {name}")
    low, high = _limits(pictures, signed, limit if signed else limit or float(pictures.max()) or 1.0)
    for d, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        if coloured:
            image(pictures[:, d], ax=ax, title=title)
        else:
            ax.imshow(pictures[0, d].numpy(), cmap=style.DIVERGING if signed else "gray", vmin=low, vmax=high)
        style.frame(ax)
        ax.set(xticks=[], yticks=[], title=title, xlabel="", ylabel="")
    axes[0].set(xlabel=f"W = {width}", ylabel=f"H = {height}")
    return axes  # type: ignore[return-value]


def _limits(values: torch.Tensor, signed: bool, limit: float | None) -> tuple[float, float]:
    if signed:
        limit = limit or float(_quantile(values.abs(), 0.99)) or 1.0
        return -limit, limit
    low = float(values.min())
    high = limit or float(_quantile(values, 0.99))
    return low, high if high > low else low + 1.0


def _quantile(values: torch.Tensor, part: float) -> torch.Tensor:
    """`torch.quantile` takes 16 million elements at most; this takes any number."""
    flat = values.flatten()
    return flat.kthvalue(max(1, round(part * len(flat)))).values


def _at_one_scale(sizes: Sequence[tuple[float, float]]) -> np.ndarray:
    """Axes side by side for pictures of these widths and heights, all in the same unit, drawn at the same scale."""
    import matplotlib.pyplot as plt

    widths = [width for width, _ in sizes]
    tall = max(height for _, height in sizes) / sum(widths)
    return plt.subplots(  # type: ignore[no-any-return]
        1, len(sizes), figsize=(11, min(8.0, 10 * tall + 0.8)), dpi=style.DPI, layout="constrained", width_ratios=widths
    )[1]
