"""The explorer of transposed convolution: a picture where torch computes one, its reason where torch refuses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch.nn import functional

from convlab import scenes
from convlab.explorers import Explorer, transposed
from convlab.explorers.transposed import LARGEST, VIEWS

CONV = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}


def torch_size(ndim: int, view: str, input_size: int, kernel_size: int, **geometry: Any) -> int | None:
    """Elements along each axis of torch's output; None where torch refuses, or leaves an output of no elements."""
    try:
        found = CONV[ndim](torch.ones(1, 1, *[input_size] * ndim), torch.ones(1, 1, *[kernel_size] * ndim), **geometry)
    except RuntimeError:
        return None
    return found.shape[-1] or None


def faults(explorer: Explorer, ndim: int) -> list[str]:
    """Where the explorer and torch disagree, at these settings."""
    size, message = torch_size(ndim, **explorer.values()), explorer.message
    if size is None:
        one_sentence = message and "\n" not in message and not message.endswith(".") and explorer.scene is None
        return [] if one_sentence else [f"torch refuses {explorer.values()}, the explorer says {message!r}"]
    if explorer.scene is None:
        return [f"torch computes {explorer.values()}, the explorer says {message!r}"]
    return [] if f" = {size}" in explorer.text else [f"torch makes {size} elements, the explorer {explorer.text!r}"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("ndim", [1, 2])
def test_a_picture_or_a_reason_at_the_extremes_of_every_control(ndim: int, view: str) -> None:
    explorer, largest = transposed(ndim, view=view), LARGEST[ndim]  # type: ignore[arg-type]
    kernels, strides = (1, 2, largest["kernel_size"]), (1, largest["stride"])
    dilations, inputs = (1, largest["dilation"]), (1, largest["input_size"])
    for values in itertools.product(inputs, kernels, strides, (0, 4), (0, 3), dilations):
        names = ("input_size", "kernel_size", "stride", "padding", "output_padding", "dilation")
        explorer.set(**dict(zip(names, values, strict=True)))
        assert faults(explorer, ndim) == []


def test_a_wrong_picture_or_a_wrong_refusal_is_found() -> None:
    explorer = transposed()
    assert faults(explorer, 1) == []
    explorer.view.text = "L_out = 8"
    assert "torch makes 9 elements" in faults(explorer, 1)[0]
    explorer = transposed(1, output_padding=2)
    assert faults(explorer, 1) == []
    explorer.view.message = ""
    assert "torch refuses" in faults(explorer, 1)[0]
    explorer = Explorer("refuses", transposed(1).controls, refuses_everything)
    assert "torch computes" in faults(explorer, 1)[0]


def refuses_everything(**values: Any) -> scenes.Scene:
    """A wrong `show`."""
    raise ValueError("no")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            {"output_padding": 2},
            "output_padding must be smaller than stride or dilation, but on spatial axis 0 output_padding=2, stride=2 "
            "and dilation=1",
            id="output_padding",
        ),
        pytest.param(
            {"input_size": 1, "padding": 2},
            "the output must have at least 1 element, but on spatial axis 0 input_size=1, stride=2, padding=2, a "
            "kernel that spans 3 and output_padding=0 make -1",
            id="nothing is left",
        ),
    ],
)
def test_the_reasons(settings: dict[str, int], message: str) -> None:
    explorer = transposed()
    explorer.set(**settings)
    assert explorer.message == message
    explorer.set(input_size=4, padding=0, output_padding=0)
    assert explorer.message == ""
    assert explorer.text == "L_out = (4-1)*2 - 2*0 + 1*(3-1) + 0 + 1 = 9"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"kernel_size": 3, "stride": 2}, "1, 2, up and down: a checkerboard", id="a checkerboard"),
        pytest.param(
            {"kernel_size": 4, "stride": 2}, "1, 2, fewer at the borders only", id="stride divides the kernel"
        ),
        pytest.param({"kernel_size": 2, "stride": 2}, "element: 1, everywhere", id="stamps side by side"),
        pytest.param({"kernel_size": 2, "stride": 3}, "0, 1, up and down: a checkerboard", id="gaps"),
        pytest.param({"kernel_size": 3, "stride": 1, "input_size": 3}, "1, 2, 3, fewer at the borders", id="a hill"),
    ],
)
def test_the_stamps_are_counted(settings: dict[str, int], words: str) -> None:
    explorer = transposed(view="overlap", **settings)  # type: ignore[arg-type]
    assert words in explorer.text
    names = {name: value for name, value in explorer.values().items() if name not in ("view", "input_size")}
    size, kernel = settings.get("input_size", 4), names.pop("kernel_size")
    counts = CONV[1](torch.ones(1, 1, size), torch.ones(1, 1, kernel), **names)[0, 0]
    assert [explorer.scene.grid("output").values[0]] == [tuple(counts.int().tolist())]  # type: ignore[union-attr]


def test_the_views_are_three_pictures_of_one_convolution() -> None:
    explorer = transposed(1, view="gather")
    titles = []
    for view in VIEWS:
        explorer.set(view=view)
        titles.append(explorer.scene.title)  # type: ignore[union-attr]
    assert len(set(titles)) == 3


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="ndim must be 1 or 2, but ndim=3"):
        transposed(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="stride must be from 1 to 2 in this explorer, but stride=4"):
        transposed(2, stride=4)
    with pytest.raises(ValueError, match="view must be one of 'scatter', 'gather', 'overlap', but view='both'"):
        transposed(1, view="both")


def test_gaps_between_stamps_are_seen_in_two_dimensions() -> None:
    explorer = transposed(2, input_size=4, kernel_size=1, stride=2, view="overlap")
    assert explorer.text.endswith("stamps on one element: 0, 1, up and down: a checkerboard")
