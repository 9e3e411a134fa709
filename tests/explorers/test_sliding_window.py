"""The sliding window at the extremes of its controls, with torch as the judge of what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from convlab.explorers import Explorer, sliding_window

LAYERS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def torch_size(ndim: int, settings: dict[str, Any]) -> tuple[int, ...] | None:
    """The shape of torch's output (C_out, *out); None where torch refuses."""
    settings = {"in_channels": 1, "out_channels": 1, **settings}
    size = settings.pop("input_size")
    try:
        layer = LAYERS[ndim](**settings, bias=False)
        return tuple(layer(torch.zeros(1, settings["in_channels"], *(size,) * ndim)).shape[1:])
    except (RuntimeError, ValueError):
        return None


def shown_size(explorer: Explorer, ndim: int) -> tuple[int, ...] | None:
    """The shape of the output in the picture, read from its grids and words; None where there is no picture."""
    if explorer.scene is None:
        assert "\n" not in explorer.message
        assert len(explorer.message) > 20
        return None
    outputs = [grid for grid in explorer.scene.grids if grid.name.startswith("output")]
    if ndim == 1:
        return outputs[0].shape
    return (len(outputs), *outputs[0].shape)


def extremes(explorer: Explorer) -> dict[str, list[Any]]:
    """Both ends of each number, all options of each choice."""
    return {
        name: list(control.options) if hasattr(control, "options") else [control.min, control.max]
        for name, control in explorer.controls.items()
    }


def all_of(explorer: Explorer) -> Iterator[dict[str, Any]]:
    """All combinations of extremes."""
    choices = extremes(explorer)
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def one_by_one(explorer: Explorer) -> Iterator[dict[str, Any]]:
    """Each control at its extremes, the others as at first; then all at their ends together."""
    choices, first = extremes(explorer), explorer.values()
    for name, values in choices.items():
        yield from ({**first, name: value} for value in values)
    yield {name: values[0] for name, values in choices.items()}
    yield {name: values[-1] for name, values in choices.items()}


def test_in_one_dimension_all_extremes_are_shown_or_refused_as_by_torch() -> None:
    explorer = sliding_window(1)
    outcomes = []
    for settings in all_of(explorer):
        explorer.set(**settings)
        expected = torch_size(1, settings)
        assert shown_size(explorer, 1) == expected, settings
        outcomes.append(expected is None)
    assert 0 < sum(outcomes) < len(outcomes)  # both happen


@pytest.mark.parametrize(
    ("ndim", "first"),
    [
        pytest.param(2, {"padding": 1}, id="2D"),
        pytest.param(3, {}, id="3D"),
        pytest.param(1, {"in_channels": 4, "out_channels": 2, "groups": 2}, id="1D, channels"),
    ],
)
def test_each_control_at_its_extremes(ndim: int, first: dict[str, Any]) -> None:
    explorer = sliding_window(ndim, **first)
    for settings in one_by_one(explorer):
        explorer.set(**settings)
        if explorer.message.startswith("sliding_window shows at most"):
            assert settings["out_channels"] * settings["in_channels"] > 1  # only with channels is there too much
            continue
        expected = torch_size(ndim, settings)
        shown = shown_size(explorer, ndim)
        if ndim == 3:
            expected, shown = expected and expected[1:], shown  # one grid per plane
        assert shown == expected, settings


def test_the_judge_would_notice_another_size() -> None:
    explorer = sliding_window(1, input_size=9)
    assert shown_size(explorer, 1) == (1, 7)
    assert torch_size(1, {**explorer.values(), "stride": 2}) == (1, 4)
    assert torch_size(1, {**explorer.values(), "input_size": 2}) is None


def test_the_formula_stands_under_the_picture() -> None:
    assert (
        sliding_window(2, input_size=7, stride=2).text == "H_out = W_out = floor((7 + 2*0 - 1*(3-1) - 1) / 2) + 1 = 3"
    )
    picture = sliding_window(2, input=torch.zeros(1, 4, 6), padding="same")
    assert picture.text.splitlines() == [
        "H_out = floor((4 + 2*1 - 1*(3-1) - 1) / 1) + 1 = 4",
        "W_out = floor((6 + 2*1 - 1*(3-1) - 1) / 1) + 1 = 6",
    ]


def test_tensors_of_the_reader() -> None:
    x, w = torch.tensor([[3.0, -1.0, 0.5]]), torch.tensor([[[1.0, -2.0]]])
    explorer = sliding_window(1, input=x, weight=w)
    assert set(explorer.controls) == {"stride", "padding", "dilation", "padding_mode"}
    assert explorer.scene is not None
    assert explorer.scene.values_at(-1)["output"] == [[5, -2]]


@pytest.mark.parametrize(
    ("shape", "groups"), [pytest.param((2, 3, 2), 1, id="channels"), pytest.param((4, 1, 2), 2, id="groups")]
)
def test_a_weight_alone_says_how_many_channels_it_reads(shape: tuple[int, ...], groups: int) -> None:
    explorer = sliding_window(1, weight=torch.ones(shape), groups=groups)
    assert explorer.message == ""
    assert explorer.scene is not None
    assert explorer.scene.grid("input").shape == (shape[1] * groups, 9)
    assert explorer.scene.grid("output").shape == (shape[0], 8)


def test_channels_have_controls_where_there_are_several() -> None:
    assert not {"in_channels", "out_channels", "groups"} & set(sliding_window(2).controls)
    assert {"in_channels", "out_channels", "groups"} <= set(sliding_window(2, out_channels=2).controls)
    assert "in_channels" not in sliding_window(1, input=torch.zeros(2, 5)).controls
    explorer = sliding_window(1, in_channels=3, groups=3, out_channels=3)
    explorer.set(groups=2)
    assert explorer.message == "groups must divide in_channels, but in_channels=3 and groups=2"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"ndim": 4}, "ndim must be 1, 2 or 3, but ndim=4", id="four axes"),
        pytest.param({"ndim": [2]}, r"ndim must be 1, 2 or 3, but ndim=\[2\]", id="a list"),
        pytest.param(
            {"input": torch.zeros(1, 5)}, r"input must have 3 axes, but has shape \(1, 5\)", id="a signal in 2D"
        ),
        pytest.param({"weight": torch.zeros(3, 3)}, r"weight must have 4 axes, but has shape \(3, 3\)", id="a plane"),
        pytest.param({"stride": 0}, "stride must be from 1 to 4 in this explorer, but stride=0", id="stride 0"),
        pytest.param({"padding": "full"}, "padding must be one of .*, but padding='full'", id="a word"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sliding_window(**arguments)
