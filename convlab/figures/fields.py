"""Pictures of receptive fields: how strongly each input element reaches one output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import torch

from convlab.arithmetic.spec import as_int, axes_of
from convlab.figures import style
from convlab.scenes.numbers import real

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def field(
    strength: torch.Tensor,
    *,
    start: SupportsIndex | Sequence[SupportsIndex] | None = None,
    size: SupportsIndex | Sequence[SupportsIndex] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    limit: float | None = None,
) -> Axes:
    """A receptive field as a heat map, or over one axis as bars, with the field that the formula gives as a box.

    Args:
        strength: How strongly each input element reaches one output: a gradient, of which the sign is left out, or a
            number of paths.
        start: The index of the first element of the field by formula, for this output: an int, or one per axis. It may
            be negative, in the padding. None draws no box.
        size: The elements of that field.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        limit: The strength that gets the strongest colour; None takes the largest.

    Shape:
        - strength: (H, W) or (L,)

    Raises:
        TypeError: If `strength` is no tensor of real numbers, or `start` or `size` holds no ints.
        ValueError: If the shape is another one, or of `start` and `size` one is missing or has not one int per axis.

    Example:
        >>> ax = field(torch.tensor([0.0, 1.0, 2.0, 1.0, 0.0]), start=1, size=3)
        >>> [int(bar.get_height()) for bar in ax.patches[:5]]
        [0, 1, 2, 1, 0]
    """
    values = real("strength", strength).abs()
    if strength.ndim not in (1, 2) or not strength.numel():
        raise ValueError(f"strength must have shape (H, W) or (L,), nowhere 0, but has shape {tuple(strength.shape)}")
    if (start is None) != (size is None):
        raise ValueError(f"start and size must be given together, but start={start} and size={size}")
    starts = _per_axis("start", start, strength.ndim, minimum=-(10**9))
    sizes = _per_axis("size", size, strength.ndim, minimum=1)
    reached = values.nonzero()
    limit = limit or float(values.max()) or 1.0
    if values.ndim == 1:
        ax = style.axes(ax, width=8, height=2.4)
        ax.bar(range(len(values)), values.tolist(), width=0.9, color=style.LIGHT.roles["read"].outline)
        for first, count in zip(starts, sizes, strict=True):
            ax.axvspan(first - 0.5, first + count - 0.5, **_BOX)
        ax.set(xlabel=f"L = {len(values)}", ylabel="strength", xlim=(-0.5, len(values) - 0.5), ylim=(0, 1.08 * limit))
    else:
        height, width = values.shape
        ax = style.axes(ax, width=4.4, height=0.6 + 3.4 * min(2.0, height / width))
        drawn = ax.imshow(values.numpy(), cmap=style.SEQUENTIAL, vmin=0, vmax=limit, interpolation="nearest")
        ax.figure.colorbar(drawn, ax=ax, shrink=0.75, aspect=15)
        if starts:
            _draw_box(ax, starts, sizes)
        style.frame(ax)
        ax.set(xticks=[], yticks=[], xlabel=f"W = {width}", ylabel=f"H = {height}")
        ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    ax.set_title(title or "")
    style.describe(ax.figure, _words(title, reached, sizes))
    return ax


_BOX: dict[str, Any] = {"facecolor": "none", "edgecolor": style.LIGHT.roles["written"].outline, "linewidth": 1.6}


def _draw_box(ax: Axes, starts: Sequence[int], sizes: Sequence[int]) -> None:
    from matplotlib.patches import Rectangle

    top, left = starts
    ax.add_patch(Rectangle((left - 0.5, top - 0.5), sizes[1], sizes[0], **_BOX))


def _per_axis(name: str, value: object, ndim: int, *, minimum: int) -> tuple[int, ...]:
    if value is None:
        return ()
    entries = axes_of(value)
    ints = tuple(as_int(name, entry, minimum=minimum) for entry in ((value,) * ndim if entries is None else entries))
    if len(ints) != ndim:
        raise ValueError(f"{name} must be an int or have one int for each of {ndim} axes, but {name}={ints}")
    return ints


def _words(title: str | None, reached: torch.Tensor, sizes: Sequence[int]) -> str:
    """As "Receptive field: 9 input elements reach the output; by formula it spans 5 x 5."."""
    formula = f"; by formula it spans {' x '.join(map(str, sizes))}" if sizes else ""
    return f"{title or 'Receptive field'}: {len(reached)} input elements reach the output{formula}."
