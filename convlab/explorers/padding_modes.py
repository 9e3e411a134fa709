"""The padding modes to play with: what stands at the border of a signal or a picture."""

from __future__ import annotations

from typing import Any, SupportsIndex

import ipywidgets  # type: ignore[import-untyped]
import torch

from convlab import scenes
from convlab.arithmetic.spec import PADDING_MODES
from convlab.explorers.base import Explorer, choice, whole
from convlab.scenes import Scene
from convlab.scenes.numbers import real

ALL = "all four"
INPUT_SIZES = {1: (6, 12), 2: (4, 7)}
"""By the number of spatial axes: the elements per axis at first, and at most."""

MOST_PADDING = {1: 12, 2: 7}


def padding_modes(
    ndim: int = 1,
    *,
    input: torch.Tensor | None = None,
    input_size: int | None = None,
    padding: int = 2,
    padding_mode: str = ALL,
) -> Explorer:
    """What each padding mode puts around an input, and from where it copies it.

    The reader changes the padding, points at a place in it to see which element each mode copies there, and at an
    element to see to which places it is copied. Where a mode cannot fill the padding, the reason stands in place of the
    picture.

    Args:
        ndim: Spatial axes: 1 or 2.
        input: What is padded, instead of digits of `input_size`.
        input_size: Elements of the input along each axis, at first.
        padding: Elements added on both sides of each axis, at first.
        padding_mode: One of torch's modes, or "all four", at first.

    Shape:
        - input: (1, L) or (1, H, W)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If `ndim` is not 1 or 2, the input has other axes, or a control does not take a value.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    Example:
        >>> explorer = padding_modes(input_size=3, padding=2)
        >>> explorer
        padding_modes: An input of 3 numbers, and what each padding mode puts around it: zeros, reflect, replicate, ...
        >>> explorer.set(padding=3)
        >>> explorer.message
        "padding_mode='reflect' can fill at most 2 elements per side here, but on spatial axis 0 input_size=3 and ..."
    """
    if not isinstance(ndim, SupportsIndex) or ndim not in INPUT_SIZES:
        raise ValueError(f"ndim must be 1 or 2, but ndim={ndim!r}")
    if input is not None and real("input", input).ndim != ndim + 1:
        raise ValueError(f"with ndim={ndim}, input must have {ndim + 1} axes, but has shape {tuple(input.shape)}")
    controls: dict[str, ipywidgets.ValueWidget] = {}
    if input is None:
        first, most = INPUT_SIZES[ndim]
        size = first if input_size is None else input_size
        controls["input_size"] = whole("input_size", size, 1, most, tip="elements of the input along each axis")
    controls["padding"] = whole("padding", padding, 1, MOST_PADDING[ndim], tip="elements added on both sides")
    controls["padding_mode"] = choice("padding_mode", padding_mode, (ALL, *PADDING_MODES), tip="what the padding holds")

    def show(padding: int, padding_mode: str, **settings: Any) -> Scene:
        modes = PADDING_MODES if padding_mode == ALL else (padding_mode,)
        padded = (settings["input_size"],) * ndim if input is None else input
        return scenes.padding_modes(padded, padding, modes)

    return Explorer("padding_modes", controls, show)
