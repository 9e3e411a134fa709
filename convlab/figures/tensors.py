"""Pictures of tensors: photographs, feature maps, small grids with their numbers, curves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import torch

from convlab.figures import style
from convlab.scenes.numbers import real

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scale = Literal["signed", "count", "grey"]
_COLOURS = {"signed": style.DIVERGING, "count": style.SEQUENTIAL, "grey": "gray"}


def image(tensor: torch.Tensor, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """A picture in colour or grey, with its size in shape letters on the axes.

    Args:
        tensor: The picture, floats from 0 (dark) to 1 (bright); what lies outside is clipped.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.

    Shape:
        - tensor: (3, H, W), (1, H, W) or (H, W)

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, or there is nothing in it.

    Example:
        >>> image(torch.zeros(3, 4, 6)).get_xlabel()
        'W = 6'
    """
    levels = real("tensor", tensor).float().clamp(0, 1)
    if not (tensor.ndim == 2 or (tensor.ndim == 3 and len(tensor) in (1, 3))) or not tensor.numel():
        shape = tuple(tensor.shape)
        raise ValueError(f"tensor must have shape (3, H, W), (1, H, W) or (H, W), nowhere 0, but has shape {shape}")
    pixels = levels.permute(1, 2, 0) if tensor.ndim == 3 and len(tensor) == 3 else levels.reshape(tensor.shape[-2:])
    ax = style.axes(ax)
    ax.imshow(pixels.numpy(), cmap="gray", vmin=0, vmax=1)
    return _labelled(ax, tensor.shape[-2], tensor.shape[-1], title)


def feature_map(
    tensor: torch.Tensor, *, ax: Axes | None = None, title: str | None = None, limit: float | None = None
) -> Axes:
    """One channel of a layer's output, in colours that are white at zero, with a colour bar.

    Args:
        tensor: The channel, in any unit.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        limit: The size of number that gets the strongest colour; None takes the one that 99 of 100 elements stay below.

    Shape:
        - tensor: (H, W)

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, or there is nothing in it.

    Example:
        >>> feature_map(torch.tensor([[-1.0, 0.0, 2.0]]), limit=2).images[0].get_clim()
        (-2.0, 2.0)
    """
    values = _plane(tensor).float()
    limit = limit or float(values.abs().quantile(0.99)) or 1.0
    ax = style.axes(ax)
    drawn = ax.imshow(values.numpy(), cmap=style.DIVERGING, vmin=-limit, vmax=limit)
    cut = bool(values.abs().max() > limit)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.75, aspect=15, extend="both" if cut else "neither")
    return _labelled(ax, len(values), values.shape[1], title)


def cells(
    tensor: torch.Tensor,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    scale: Scale | None = None,
    limit: float | None = None,
    decimals: int | None = None,
) -> Axes:
    """A small grid with its numbers written in the cells: a kernel, a patch, a count.

    Args:
        tensor: The numbers.
        ax: The axes to draw on; None makes a new figure that fits.
        title: What the reader sees.
        scale: "signed" is white at zero, "count" is white at zero and blue above, "grey" is black at zero and white at
            `limit`; None takes "signed" where a number is negative, otherwise "count".
        limit: The size of number that gets the strongest colour; None takes the largest.
        decimals: Digits after the point; None writes whole numbers as such, and others with two digits.

    Shape:
        - tensor: (H, W)

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, or there is nothing in it.

    Example:
        >>> [text.get_text() for text in cells(torch.tensor([[-1.0, 0.5]])).texts]
        ['-1.00', '0.50']
        >>> [text.get_text() for text in cells(torch.tensor([[3.0, 12.0]])).texts]
        ['3', '12']
    """
    values = _plane(tensor)
    rows, columns = values.shape
    limit = limit or float(values.abs().max()) or 1.0
    if decimals is None:
        decimals = 0 if torch.equal(values, values.round()) else 2
    scale = scale or ("signed" if bool((values < 0).any()) else "count")
    ax = style.axes(ax, width=0.5 * columns + 0.6, height=0.5 * rows + 0.6)
    drawn = ax.imshow(values.numpy(), cmap=_COLOURS[scale], vmin=-limit if scale == "signed" else 0, vmax=limit)
    colours = drawn.to_rgba(values.numpy())
    for row in range(rows):
        for column in range(columns):
            text, ink = f"{values[row, column]:.{decimals}f}", style.ink_on(tuple(colours[row, column]))
            ax.text(column, row, text, ha="center", va="center", color=ink)
    return _labelled(ax, rows, columns, title)


def curves(
    series: Mapping[str, Sequence[float]],
    *,
    expected: Mapping[str, Sequence[float]] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    xlabel: str,
    ylabel: str,
    log: bool = False,
) -> Axes:
    """Measured points over 1, 2, 3, ..., joined by lines, and what was expected as dashed lines.

    Args:
        series: The measured numbers of each curve, by its name.
        expected: The numbers that a formula gives, by its name.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        xlabel: What is counted from 1.
        ylabel: What the numbers are, with their unit.
        log: Whether the y axis is logarithmic.

    Example:
        >>> ax = curves({"loss": [3.0, 2.0, 1.0]}, xlabel="epoch", ylabel="loss")
        >>> ax.lines[0].get_xdata().tolist()
        [1, 2, 3]
    """
    ax = style.axes(ax, width=6, height=3.2)
    for (name, values), colour in zip(series.items(), itertools.cycle(style.COLOURS), strict=False):
        ax.plot(range(1, len(values) + 1), values, "o-", color=colour, markersize=4, label=name)
    for (name, values), dashes in zip((expected or {}).items(), itertools.cycle(["--", ":", "-."]), strict=False):
        ax.plot(range(1, len(values) + 1), values, dashes, color="black", label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "", yscale="log" if log else "linear")
    ax.legend(frameon=False)
    return ax


def _plane(tensor: torch.Tensor) -> torch.Tensor:
    values = real("tensor", tensor)
    if values.ndim != 2 or not values.numel():
        raise ValueError(f"tensor must have shape (H, W), nowhere 0, but has shape {tuple(values.shape)}")
    return values


def _labelled(ax: Axes, height: int, width: int, title: str | None) -> Axes:
    style.frame(ax)
    ax.set(xticks=[], yticks=[], xlabel=f"W = {width}", ylabel=f"H = {height}", title=title or "")
    return ax
