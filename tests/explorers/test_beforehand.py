"""Scenes made beforehand: what a page without a kernel gets, that it is what a kernel gives, and how large it is."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from convlab import explorers
from convlab.explorers import beforehand
from convlab.explorers.base import Explorer
from convlab.explorers.beforehand import Beforehand
from convlab.explorers.controls import states
from convlab.explorers.layer_stack import Layer

stacks = importlib.import_module("convlab.explorers.receptive_field")  # the room has a function of this name

EXPLORERS: list[Any] = [
    pytest.param(lambda: explorers.sliding_window(input=torch.ones(1, 4, 4), padding=1), id="an input of the reader's"),
    pytest.param(lambda: explorers.sliding_window(1, input_size=8, in_channels=2, out_channels=2), id="with channels"),
    pytest.param(lambda: explorers.transposed(input_size=9, kernel_size=7, stride=5), id="a transposed convolution"),
    pytest.param(lambda: explorers.receptive_field([Layer("conv", 7)], ndim=2, input_size=9), id="a receptive field"),
]


@pytest.fixture(autouse=True)
def _pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(beforehand.VARIABLE, "beforehand")
    monkeypatch.setattr(stacks, "STACKS", dict(list(stacks.STACKS.items())[4:5]))  # for speed


def unpacked(explorer: Explorer) -> dict[str, Any]:
    """What the browser unpacks."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(explorer.view.beforehand)))
    return found


@pytest.mark.parametrize("make", EXPLORERS)
def test_it_is_what_a_kernel_gives(make: Callable[[], Explorer]) -> None:
    explorer, fresh = make(), make()
    offered: list[Beforehand] = []
    offer = explorer._beforehand
    assert offer is not None

    def kept(controls: Any) -> Beforehand:
        offered.append(offer(controls))
        return offered[0]

    explorer._beforehand = kept
    before = explorer.values(), explorer.view.scene, explorer.view.text
    explorer._repr_mimebundle_()
    assert (explorer.values(), explorer.view.scene, explorer.view.text) == before
    found, made = unpacked(explorer), offered[0]
    leaves = [leaf for name in made.order for leaf in beforehand.leaves_of(explorer.controls, [name])]
    assert explorer.view.leaves == leaves
    assert len(found["settings"]) == len(made.settings) > 50
    for number in range(0, len(made.settings), len(made.settings) // 12):
        settings = made.settings[number]
        shown, scene, text, message = found["settings"][number]
        assert shown == [state for name in made.order for state in states(explorer.controls[name], settings[name])]
        assert len(shown) == len(leaves)
        fresh.set(**settings)
        assert ("" if scene is None else found["scenes"][scene], text, message) == (
            fresh.view.scene,
            fresh.text,
            fresh.message,
        )


@pytest.mark.parametrize(
    ("moved", "is_there"),
    [
        pytest.param({}, True, id="the settings of now, far from the others"),
        pytest.param({"input_size": 1, "dilation": 3}, True, id="two, anywhere"),
        pytest.param({"view": "overlap", "padding": 2, "output_padding": 2}, True, id="three, near"),
        pytest.param({"input_size": 1, "padding": 4, "dilation": 3}, False, id="three, anywhere"),
    ],
)
def test_settings_are_there_around_those_of_now(moved: dict[str, Any], is_there: bool) -> None:
    explorer = explorers.transposed(1, input_size=9, kernel_size=7, stride=5)
    now = explorer.values()
    explorer._repr_mimebundle_()
    shown = [shown for shown, *_ in unpacked(explorer)["settings"]]
    wanted = [state for name, value in (now | moved).items() for state in states(explorer.controls[name], value)]
    assert explorer.values() == now
    assert shown.count(wanted) == is_there


def test_a_stack_takes_its_form_for_pages() -> None:
    explorer = explorers.receptive_field([Layer("conv", 3), Layer("max_pool", 2)])
    explorer._repr_mimebundle_()
    assert [leaf.disabled for leaf in explorer.view.leaves if hasattr(leaf, "max")] == [
        *[False] * 9,  # the number of layers, and four numbers of two layers
        *[True] * 12,
        True,  # the size of the input, which follows
    ]
    assert "In JupyterLab" in explorer.view.words


@pytest.mark.parametrize("name", ["output_shape", "padding_modes", "groups"])
def test_others_have_none_and_their_controls_rest(name: str) -> None:
    explorer = getattr(explorers, name)()
    explorer._repr_mimebundle_()
    assert explorer.view.beforehand == ""
    assert all(control.disabled for control in explorer.controls.values())


def test_in_the_kernel_lab_controls_and_fields_rest() -> None:
    lab = explorers.kernel_lab()
    lab._repr_mimebundle_()
    assert all(field.disabled for field in (*lab.controls.values(), *lab.fields[3], *lab.fields[5]))


def test_with_a_kernel_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(beforehand.VARIABLE)
    explorer = explorers.sliding_window()
    explorer._repr_mimebundle_()
    assert (explorer.view.beforehand, explorer.view.leaves, explorer.view.words) == ("", [], "")
    assert explorer.controls["stride"].max == 4
    others = explorers.output_shape(), explorers.kernel_lab()
    for other in others:
        other._repr_mimebundle_()
    assert not any(control.disabled for other in others for control in other.controls.values())
