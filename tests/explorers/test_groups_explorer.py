"""The explorer of groups: a picture where torch makes the layer, its reason where torch refuses, and torch's counts."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from convlab.explorers import Explorer, groups
from convlab.explorers.groups import MOST_CHANNELS, MOST_OUT_CHANNELS, PRESETS
from convlab.explorers.presets import OWN


def by_torch(values: dict[str, Any]) -> nn.Module | None:
    """The layer with these settings; None where torch refuses it."""
    c_in, c_out, k = values["in_channels"], values["out_channels"], values["kernel_size"]
    first_out = c_in if values["then_pointwise"] else c_out
    try:
        layers: list[nn.Module] = [nn.Conv2d(c_in, first_out, k, padding="same", groups=values["groups"], bias=False)]
    except ValueError:
        return None
    return nn.Sequential(*layers, *([nn.Conv2d(c_in, c_out, 1, bias=False)] if values["then_pointwise"] else []))


def counts(text: str) -> tuple[int, int]:
    """Parameters and MACs, read from the lines under the picture."""
    found = re.fullmatch(r"parameters: .*? = ([\d,]+), .*\nMACs of a \d+x\d+ input: ([\d,]+), .*", text)
    assert found, text
    params, macs = (int(number.replace(",", "")) for number in found.groups())
    return params, macs


def faults(explorer: Explorer) -> list[str]:
    """Where the explorer and torch disagree, at these settings."""
    values, layer = explorer.values(), by_torch(explorer.values())
    if layer is None:
        told = explorer.scene is None and explorer.message.startswith("groups must divide")
        return [] if told else [f"torch refuses {values}, the explorer says {explorer.message!r}"]
    if explorer.scene is None:
        return [f"torch makes {values}, the explorer says {explorer.message!r}"]
    with FlopCounterMode(display=False) as counter:
        layer(torch.ones(1, values["in_channels"], values["input_size"], values["input_size"]))
    expected = sum(parameter.numel() for parameter in layer.parameters()), counter.get_total_flops() // 2
    return [] if counts(explorer.text) == expected else [f"torch counts {expected}, the explorer {explorer.text!r}"]


def test_a_picture_or_a_reason_at_the_extremes_of_every_control() -> None:
    explorer = groups(input_size=9)
    channels, outs, kernels = (1, MOST_CHANNELS), (1, MOST_OUT_CHANNELS), ((1, False), (7, False), (7, True))
    for c_in, c_out, count, (k, then) in itertools.product(channels, outs, (1, 2, MOST_CHANNELS), kernels):
        explorer.set(in_channels=c_in, out_channels=c_out, groups=count, kernel_size=k, then_pointwise=then)
        assert faults(explorer) == []


def test_a_wrong_count_or_a_wrong_refusal_is_found() -> None:
    explorer = groups()
    explorer.view.text = explorer.text.replace("576", "575")
    assert "torch counts (576" in faults(explorer)[0]
    explorer.set(groups=3)
    assert faults(explorer) == []
    explorer.view.message = "no"
    assert "torch refuses" in faults(explorer)[0]


@pytest.mark.parametrize(
    ("kind", "params", "ratio"),
    [
        pytest.param("dense", 8 * 12 * 9, "as the dense layer", id="dense"),
        pytest.param("grouped", 8 * 8 * 9 // 2, "0.5 of the dense layer's 576", id="two groups"),
        pytest.param("depthwise", 8 * 9, "0.125 of the dense layer's 576", id="depthwise: one input channel each"),
        pytest.param("depth multiplier 2", 16 * 9, "0.125 of the dense layer's 1,152", id="two outputs for each input"),
        pytest.param("pointwise", 8 * 12, "as the dense layer", id="pointwise is the dense layer of one tap"),
        pytest.param("separable", 8 * 9 + 8 * 12, "0.194 of the dense layer's 864", id="depthwise, then pointwise"),
    ],
)
def test_the_kinds(kind: str, params: int, ratio: str) -> None:
    explorer = groups(8, 12)
    explorer.set(kind=kind)
    assert explorer.values()["kind"] == kind
    assert counts(explorer.text)[0] == params
    assert f" = {params}, {ratio}\n" in explorer.text
    assert faults(explorer) == []


def test_the_list_says_which_kind_it_is() -> None:
    explorer = groups(8, 8, groups=8)
    assert explorer.values()["kind"] == "depthwise"
    explorer.set(out_channels=16)
    assert explorer.values()["kind"] == "depth multiplier 2"
    explorer.set(groups=4)
    assert explorer.values()["kind"] == OWN
    explorer.set(groups=1)
    assert explorer.values()["kind"] == "dense"
    explorer.set(in_channels=6, kind="depthwise")
    assert {name: explorer.values()[name] for name in ("out_channels", "groups")} == {"out_channels": 6, "groups": 6}


def test_links_are_those_of_the_groups() -> None:
    scene = groups(4, 4, groups=2).scene
    assert scene is not None
    names = {grid.name: grid.values[0] for grid in scene.grids}
    reached = {(names[start.grid][start.column], names[end.grid][end.column]) for start, end in scene.links}
    assert reached == {(i, o) for i in range(4) for o in range(4) if i // 2 == o // 2}


def test_the_reason_and_the_next_picture() -> None:
    explorer = groups(6, 8)
    explorer.set(groups=4)
    assert explorer.message == "groups must divide in_channels, but in_channels=6 and groups=4"
    assert explorer.text == ""
    explorer.set(groups=2)
    assert explorer.message == ""
    assert explorer.scene is not None


def test_every_kind_can_be_chosen_from_every_other() -> None:
    explorer = groups()
    for before, after in itertools.permutations(PRESETS, 2):
        explorer.set(kind=before)
        explorer.set(kind=after)
        assert explorer.values()["kind"] == after
        assert explorer.message == ""


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="in_channels must be from 1 to 12 in this explorer, but in_channels=13"):
        groups(13)
