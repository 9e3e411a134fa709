"""The sliding window to play with: a kernel over a signal, a picture or a volume."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

import ipywidgets  # type: ignore[import-untyped]
import torch

from convlab import scenes
from convlab.arithmetic.spec import PADDING_MODES, ConvSpec
from convlab.explorers.base import Explorer, Shown, choice, whole
from convlab.explorers.beforehand import around
from convlab.explorers.words import sizes_in_words
from convlab.scenes.numbers import real, weight_for

INPUT_SIZES = {1: (9, 16), 2: (6, 8), 3: (4, 5)}
"""By the number of spatial axes: the elements per axis at first, and at most."""

MOST_TAPS = {1: 5, 2: 5, 3: 3}
MOST_PADDING = {1: 4, 2: 3, 3: 1}
MOST_CHANNELS = 4

_MODES = {"padding_mode": PADDING_MODES}
BEFOREHAND: dict[int, dict[str, Iterable[Any]]] = {
    1: {"input_size": range(5, 11), "kernel_size": range(1, 6), "stride": range(1, 4), "dilation": range(1, 4)}
    | {"padding": (0, 1, 2, "same"), **_MODES},
    2: {"input_size": range(5, 8), "kernel_size": range(1, 5), "stride": range(1, 4), "dilation": (1, 2)}
    | {"padding": (0, 1, 2, "same"), **_MODES},
    3: {"input_size": range(3, 6), "kernel_size": (1, 2, 3), "stride": (1, 2), "dilation": (1, 2)}
    | {"padding": (0, 1, "same"), **_MODES},
}
"""By the number of spatial axes: the values that a page without a kernel offers in all combinations."""

BEFOREHAND_WITH_CHANNELS = {
    "input_size": (7, 8),
    "kernel_size": (1, 2, 3),
    "stride": (1, 2),
    "padding": (0, 1),
    "dilation": (1, 2),
    "in_channels": range(1, MOST_CHANNELS + 1),
    "out_channels": range(1, MOST_CHANNELS + 1),
    "groups": range(1, MOST_CHANNELS + 1),
}
"""Those that it offers where the channels have controls."""


def sliding_window(
    ndim: int = 2,
    *,
    input: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    input_size: int | None = None,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int | str = 0,
    dilation: int = 1,
    padding_mode: str = "zeros",
    in_channels: int = 1,
    out_channels: int = 1,
    groups: int = 1,
) -> Explorer:
    """A kernel that slides over an input: what each number of the output is made of.

    The reader changes the hyperparameters, which are the same along all axes; points at a number of the output to see
    its window and its sum of products; points at a number of the input to see which outputs use it; steps and plays.

    Args:
        ndim: Spatial axes: 1, 2 or 3.
        input: What the kernel slides over, instead of digits of `input_size`.
        weight: The kernel, instead of whole numbers; its size, the channels and the groups then have no control.
        input_size: Elements of the input along each axis, at first.
        kernel_size: Taps along each axis, at first.
        stride: At first.
        padding: An int, "same" or "valid", at first.
        dilation: At first.
        padding_mode: At first.
        in_channels: C_in, where no tensor says it. Controls for channels and groups are there where one of the three is
            not 1.
        out_channels: C_out, where no weight says it.
        groups: At first.

    Shape:
        - input: (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If `ndim` is not 1, 2 or 3, a tensor has other axes, or a control does not take a value.

    Example:
        >>> explorer = sliding_window(input_size=5, padding=1)
        >>> explorer
        sliding_window: A 3 x 3 kernel slides with stride 1 over a 5 x 5 input with padding 1 (zeros); ...
        >>> explorer.set(kernel_size=5, padding=0, dilation=2)
        >>> explorer.message
        'the kernel must fit into the padded input, but on spatial axis 0 input_size=5 ...'
    """
    if not isinstance(ndim, SupportsIndex) or ndim not in INPUT_SIZES:
        raise ValueError(f"ndim must be 1, 2 or 3, but ndim={ndim!r}")
    for name, tensor, axes in (("input", input, ndim + 1), ("weight", weight, ndim + 2)):
        if tensor is not None and real(name, tensor).ndim != axes:
            raise ValueError(f"with ndim={ndim}, {name} must have {axes} axes, but has shape {tuple(tensor.shape)}")
    has_channels = (in_channels, out_channels, groups) != (1, 1, 1) or (input is not None and len(input) > 1)
    controls: dict[str, ipywidgets.ValueWidget] = {}
    if input is None:
        first, most = INPUT_SIZES[ndim]
        tip = "elements of the input along each axis"
        controls["input_size"] = whole("input_size", first if input_size is None else input_size, 1, most, tip=tip)
    if weight is None:
        tip = "taps of the kernel along each axis"
        controls["kernel_size"] = whole("kernel_size", kernel_size, 1, MOST_TAPS[ndim], tip=tip)
    controls |= {
        "stride": whole("stride", stride, 1, 4, tip="elements from one window to the next"),
        "padding": choice(
            "padding", padding, (*range(MOST_PADDING[ndim] + 1), "same", "valid"), tip="elements added on both sides"
        ),
        "dilation": whole("dilation", dilation, 1, 3, tip="elements from one tap to the next"),
        "padding_mode": choice("padding_mode", padding_mode, PADDING_MODES, tip="what the padding holds"),
    }
    if has_channels and weight is None:
        if input is None:
            controls["in_channels"] = whole("in_channels", in_channels, 1, MOST_CHANNELS, tip="C_in")
        controls["out_channels"] = whole("out_channels", out_channels, 1, MOST_CHANNELS, tip="C_out")
        tip = "independent convolutions side by side"
        controls["groups"] = whole("groups", groups, 1, MOST_CHANNELS, tip=tip)

    channels_in = in_channels if weight is None else weight.shape[1] * groups
    channels_in = channels_in if input is None else len(input)

    def show(**settings: Any) -> Shown:
        size: Any = settings.pop("input_size", None)
        taps = settings.pop("kernel_size", None)
        kernel = (taps,) * ndim if weight is None else tuple(weight.shape[2:])
        made = settings.pop("out_channels", 1 if weight is None else len(weight))
        read = settings.pop("in_channels", channels_in)
        spec = ConvSpec(read, made, kernel, bias=False, **{"groups": groups, **settings})
        scene = scenes.sliding_window(spec, size if input is None else input, weight_for(spec, weight))
        sizes = (size,) * ndim if input is None else tuple(input.shape[1:])
        return Shown(scene, sizes_in_words(spec, sizes))

    offered = BEFOREHAND_WITH_CHANNELS if "groups" in controls else BEFOREHAND[ndim]
    return Explorer("sliding_window", controls, show, beforehand=lambda controls: around(controls, offered))
