"""The design that the last notebook trains: what the bank says of it is what a model of it has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from convlab.inspection import Specification
from convlab.practice import catalogue
from convlab.practice.exercise import Design

FOUND = catalogue.find("clip_network")
assert isinstance(FOUND, Design)
CLIP: Design = FOUND
NAMES = {
    "another output size": "output shape",
    "too few frames": "receptive field",
    "the field is too small": "receptive field",
    "pixels that nobody reads": "no gaps",
    "padding wider than the maps": "runs",
    "too many MACs": "MACs",
    "too many parameters": "parameters",
}
"""By the name of the mistake: the property that a specification finds missing."""


def body(layers: list[tuple[int, ...]]) -> nn.Sequential:
    """The layers, padded in space around the circle, and not in time."""
    built: list[nn.Module] = []
    channels = 1
    for out, frames, size, stride, groups in layers:
        window = (frames, size, size), (1, stride, stride), (0, size // 2, size // 2)
        built += [nn.Conv3d(channels, out, *window, groups=groups, padding_mode="circular"), nn.ReLU()]
        channels = out
    return nn.Sequential(*built)


def missed(layers: list[tuple[int, ...]]) -> tuple[str, ...]:
    """What a specification with the numbers of the exercise misses."""
    limits: dict[str, Any] = {"max_params": 8_000, "max_macs": 450_000}
    wanted = Specification((1, 1, 9, 12, 12), (1, 16, None, 6, 6), receptive_field=(3, 9, 9), **limits)
    return wanted.check(body(layers)).missed


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(CLIP.solution, id="solution"),
        pytest.param(CLIP.alternative, id="alternative"),
        pytest.param([(4, 3, 5, 1, 1), (8, 1, 1, 2, 1), (16, 1, 3, 1, 8)], id="a stride larger than its kernel"),
        pytest.param([(4, 3, 3, 2, 1), (4, 1, 13, 1, 4), (16, 1, 1, 1, 1)], id="padding as wide as the maps"),
    ],
)
def test_what_passes_meets_the_specification(layers: list[tuple[int, ...]]) -> None:
    assert CLIP.judge(layers) is None
    assert missed(layers) == ()


WIDTHS = st.lists(st.sampled_from([1, 3, 5, 7, 13, 15]), min_size=2, max_size=3)


@st.composite
def designs(draw: st.DrawFn) -> list[tuple[int, ...]]:
    """Layers from 1 channel to 16, most with 6 x 6 pixels at the end: one of them has stride 2."""
    widths = draw(WIDTHS)
    at, late = draw(st.integers(0, len(widths) - 1)), draw(st.integers(0, len(widths) - 1))
    channels = [4, *[4] * (len(widths) - 2), 16]
    groups = [1, *draw(st.permutations([4, 1]))]
    return [
        (channels[n], 3 if n == late else 1, width, 2 if n == at else 1, groups[n]) for n, width in enumerate(widths)
    ]


@settings(max_examples=12, deadline=None)
@given(designs())
def test_the_bank_and_a_model_agree_on_any_design(layers: list[tuple[int, ...]]) -> None:
    fault, found = CLIP.judge(layers), missed(layers)
    assert (fault is None) == (found == ())
    assert fault is None or NAMES[fault[0]] in found


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        pytest.param(mistake.wrong, mistake.name, id=f"{mistake.name}, {number}")
        for number, mistake in enumerate(CLIP.mistakes)
        if mistake.name in NAMES
    ],
)
def test_what_is_refused_misses_that_property(layers: list[tuple[int, ...]], name: str) -> None:
    assert NAMES[name] in missed(layers)


def test_every_property_has_its_wrong_design() -> None:
    assert {mistake.name for mistake in CLIP.mistakes} >= set(NAMES)
