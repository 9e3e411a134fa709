"""The picture of the kernel lab for pages where no widget runs."""

from __future__ import annotations

import io
from typing import Any

import torch

from convlab import figures
from convlab.explorers.kernel_view import brightness
from convlab.figures import style
from convlab.scenes import Grid, Scene, Step
from convlab.scenes.layout import beside
from convlab.scenes.numbers import decimals_of, limit_of, rows

MOST_BYTES = 40_000
"""What a notebook should store for one picture."""

COLOURS = (12, 6)
"""Steps from black to white: the fewer colours, the smaller the file. The second is for pictures that need it."""


def picture(image: torch.Tensor, taps: torch.Tensor, result: torch.Tensor, *, limit: float, alt: str) -> bytes:
    """A picture, the taps of a kernel and what it makes of the picture, side by side as a PNG file.

    Args:
        image: The picture.
        taps: The taps.
        result: The result.
        limit: The size of number that gets the strongest colour in the result; 0 draws it in grey, as the picture.
        alt: What a reader who cannot see it needs to know.

    Shape:
        - image: (H, W)
        - taps: (k, k)
        - result: (H - k + 1, W - k + 1)

    Example:
        >>> picture(torch.eye(5), torch.ones(3, 3), torch.ones(3, 3), limit=0, alt="A line.")[1:4]
        b'PNG'
    """
    for steps in COLOURS:
        drawn = _drawn(image, taps, result, limit, alt, steps)
        if len(drawn) <= MOST_BYTES:
            break
    return drawn


def _drawn(image: torch.Tensor, taps: torch.Tensor, result: torch.Tensor, limit: float, alt: str, steps: int) -> bytes:
    low, high = brightness(image)
    shades = limit * _in_steps(result / limit, steps) if limit else _in_steps((result - low) / (high - low), steps)
    side = 5 / len(image)
    grids = (
        _grid("photo", _in_steps((image - low) / (high - low), steps), scale="grey", side=side, decimals=None),
        _grid("taps", taps, limit=limit_of(taps), decimals=decimals_of(taps)),
        _grid("result", shades, scale="signed" if limit else "grey", limit=limit or 1, side=side, decimals=None),
    )
    scene = Scene("", alt, beside(*([grid] for grid in grids), gap=1), (Step(""),))
    figure = style.figure((6.4, 2.2), alt=alt, shown=False)
    figures.scene(scene, ax=figure.add_axes((0, 0, 1, 1)))
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None, "Description": alt}, pil_kwargs={"optimize": True})
    return file.getvalue()


def _in_steps(numbers: torch.Tensor, steps: int) -> torch.Tensor:
    return (steps * numbers.clamp(-1, 1)).round() / steps


def _grid(name: str, numbers: torch.Tensor, **looks: Any) -> Grid:
    height, width = numbers.shape
    return Grid(name, rows(numbers), title=name, down=f"H = {height}", across=f"W = {width}", **looks)
