"""Pictures of signals: one trace for each channel, over samples or seconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from convlab.figures import style
from convlab.scenes.numbers import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def signals(
    tensor: torch.Tensor,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    sample_rate: float | None = None,
    unit: str | None = None,
    labels: Sequence[str] | None = None,
    overlay: bool = False,
    start: int = 0,
) -> Axes:
    """The channels of a signal as traces: one below the other, each about its own mean, or all over one y axis.

    Args:
        tensor: The signal.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        sample_rate: Samples per second, in Hz; None counts samples instead of seconds.
        unit: The unit of the values, for a y axis or a bar that shows the scale; None leaves it out.
        labels: A name for each channel; None takes "channel 0" and so on, and no name for a single channel.
        overlay: Whether all channels share one y axis; otherwise each has its own line, at the same scale.
        start: The number of the first sample, where the signal is a part of a longer one.

    Shape:
        - tensor: (C, L) or (L,)

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If the shape is another one, there is nothing in it, a number is not finite, or there are not as
            many labels as channels.

    Example:
        >>> ax = signals(torch.rand(2, 100), sample_rate=50, labels=["left", "right"])
        >>> ax.get_xlabel(), [label.get_text() for label in ax.get_yticklabels()]
        ('time in s', ['left', 'right'])
    """
    values = plain("tensor", tensor)
    if tensor.ndim not in (1, 2) or not tensor.numel():
        raise ValueError(f"tensor must have shape (C, L) or (L,), nowhere 0, but has shape {tuple(tensor.shape)}")
    values = values.reshape(-1, tensor.shape[-1])
    channels, length = values.shape
    names = _names(labels, channels)
    time = (torch.arange(length, device="cpu") + start) / (sample_rate or 1)
    ax = style.axes(ax, width=9, height=1.6 + (0.55 * channels if not overlay else 1.2))
    step = 0.0 if overlay or channels == 1 else _distance(values)
    middles = values.mean(1) if step else torch.zeros(channels, device="cpu")
    for channel, colour in zip(range(channels), itertools.cycle(style.COLOURS), strict=False):
        trace = values[channel] - middles[channel] - step * channel
        ax.plot(time, trace, color=colour, linewidth=1, label=names[channel])
    ax.set(xlabel="time in s" if sample_rate else f"sample (L = {length})", title=title or "")
    ax.set_xlim(float(time[0]), float(time[-1]) if length > 1 else float(time[0]) + 1)
    if step:
        ax.set_yticks([-step * channel for channel in range(channels)], names)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        _scale_bar(ax, step, unit)
    else:
        ax.set_ylabel(unit or "")
        if any(names):
            ax.legend(frameon=False, loc="upper right")
    return ax


def _names(labels: Sequence[str] | None, channels: int) -> list[str]:
    if labels is None:
        return [f"channel {channel}" for channel in range(channels)] if channels > 1 else [""]
    if len(labels) != channels:
        raise ValueError(f"labels must name each channel, but there are {channels} channels and {len(labels)} labels")
    return list(labels)


def _distance(values: torch.Tensor) -> float:
    """How far apart the lines of two channels lie: the largest range of a channel, or 1 where all are constant."""
    return float((values.amax(1) - values.amin(1)).max()) or 1.0


def _scale_bar(ax: Axes, step: float, unit: str | None) -> None:
    """A bar at the right whose length is a round number of the unit."""
    size = 10.0 ** math.floor(math.log10(step))
    size *= max(factor for factor in (1, 2, 5) if factor * size <= step)
    right = ax.get_xlim()[1]
    ax.plot([right, right], [-size / 2, size / 2], color="black", linewidth=3, clip_on=False, solid_capstyle="butt")
    ax.annotate(
        f" {size:g} {unit or ''}".rstrip(), (right, 0), xytext=(4, 0), textcoords="offset points", va="center",
        annotation_clip=False,
    )  # fmt: skip
