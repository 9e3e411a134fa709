"""What the browser shows of the kernel lab: two pictures as bytes, the taps, and the words below them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import torch
import traitlets

from convlab.figures.style import DARK, LIGHT
from convlab.ops import conv
from convlab.scenes.numbers import word

_HERE = Path(__file__).parent


class KernelView(anywidget.AnyWidget):
    """The kernel lab in the browser, which shows the sum of products behind a pixel without asking Python.

    Example:
        >>> KernelView().pixel
        [0, 0]
    """

    _esm = _HERE / "kernel_lab.js"
    _css = _HERE / "kernel_lab.css"
    photo = traitlets.Bytes().tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    brightness = traitlets.List(traitlets.Float()).tag(sync=True)
    result = traitlets.Bytes().tag(sync=True)
    taps = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    divisor = traitlets.Float(1).tag(sync=True)
    limit = traitlets.Float(0).tag(sync=True)
    pixel = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    photo_alt = traitlets.Unicode().tag(sync=True)
    result_alt = traitlets.Unicode().tag(sync=True)
    themes = traitlets.Dict({"light": LIGHT.to_dict(), "dark": DARK.to_dict()}).tag(sync=True)

    def __repr__(self) -> str:
        return f"KernelView({self.result_alt!r})"


def photo_traits(image: torch.Tensor) -> dict[str, Any]:
    """The traits of a view that stay as long as the picture does.

    Args:
        image: The picture.

    Shape:
        - image: (H, W), float32

    Example:
        >>> photo_traits(torch.zeros(2, 3))["brightness"]
        [0.0, 1.0]
    """
    height, width = image.shape
    low, high = brightness(image)
    alt = f"The photograph in grey, {height} rows and {width} columns; black is {word(low)} and white {word(high)}."
    return {"photo": as_bytes(image), "shape": [height, width], "brightness": [low, high], "photo_alt": alt}


def result_traits(image: torch.Tensor, taps: torch.Tensor, *, normalise: bool, words: str) -> dict[str, Any]:
    """The traits of a view that follow the kernel: the result and what is said about it.

    Args:
        image: The picture.
        taps: The taps in the fields.
        normalise: Whether they are divided by their sum, where that is not 0.
        words: What this kernel does to a picture; empty where nobody has said it.

    Shape:
        - image: (H, W), float32
        - taps: (k, k), float64

    Example:
        >>> traits = result_traits(torch.ones(4, 4), torch.ones(3, 3), normalise=True, words="A mean.")
        >>> print(traits["text"])
        A mean.
        The taps add to 9; each is divided by 9, so at work they add to 1: flat areas keep their brightness.
        Grey: 0 is black, 1 is white.
    """
    total = float(taps.sum())
    divided = normalise and abs(total) > 1e-9
    divisor = total if divided else 1.0
    result = conv(image[None], (taps / divisor).to(image.dtype)[None, None])[0]
    low, high = brightness(image)
    signed = total / divisor <= 1e-9
    limit = (float(result.abs().flatten().quantile(0.99)) or float(result.abs().max()) or 1.0) if signed else 0.0
    lines = [words, _about_sum(total, normalise, divided), _about_colours(result, low, high, limit)]
    shown = f"orange above 0 and purple below, strongest at {word(limit)}" if signed else "in grey"
    return {
        "result": as_bytes(result),
        "taps": taps.tolist(),
        "divisor": divisor,
        "limit": limit,
        "text": "\n".join(line for line in lines if line),
        "result_alt": f"The result, {result.shape[0]} rows and {result.shape[1]} columns, {shown}.",
    }


def brightness(image: torch.Tensor) -> tuple[float, float]:
    """The numbers that are drawn black and white: 0 and 1 where all lie between, else the smallest and the largest.

    Where all are the same, they are drawn black.

    Example:
        >>> brightness(torch.tensor([0.0, 0.5])), brightness(torch.tensor([0.0, 200.0]))
        ((0.0, 1.0), (0.0, 200.0))
    """
    low, high = float(image.min()), float(image.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + abs(low)


def as_bytes(tensor: torch.Tensor) -> bytes:
    r"""The numbers as float32, row by row, as the browser reads them.

    Example:
        >>> as_bytes(torch.tensor([1.0]))
        b'\x00\x00\x80?'
    """
    return tensor.detach().cpu().float().contiguous().numpy().tobytes()


def _about_sum(total: float, normalise: bool, divided: bool) -> str:
    if divided:
        return (
            f"The taps add to {word(total)}; each is divided by {word(total)}, so at work they add to 1: "
            "flat areas keep their brightness."
        )
    if abs(total) <= 1e-9:
        cannot = " They cannot be divided by 0, and stay as they are." if normalise else ""
        return f"The taps add to 0: flat areas become 0, only differences are left.{cannot}"
    if abs(total - 1) <= 1e-9:
        return "The taps add to 1: flat areas keep their brightness."
    return f"The taps add to {word(total)}: flat areas become {word(total)} times as bright."


def _about_colours(result: torch.Tensor, low: float, high: float, limit: float) -> str:
    if limit:
        return (
            f"Colours: 0 has the colour of the page; {word(limit)} and more is orange, -{word(limit)} and less purple."
        )
    dark, bright = int((result < low - 1e-6).sum()), int((result > high + 1e-6).sum())
    outside = (
        f" {dark:,} pixels are below and {bright:,} above: they are drawn black and white." if dark or bright else ""
    )
    return f"Grey: {word(low)} is black, {word(high)} is white.{outside}"
