"""The design that the last notebook trains: what the bank says of it is what a model of it has."""

from __future__ import annotations

from typing import Any

import pytest
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
    "too many MACs": "MACs",
    "too many parameters": "parameters",
}
"""By the name of the mistake: the property that a specification finds missing."""


def body(layers: list[tuple[int, ...]]) -> nn.Sequential:
    """The layers, padded in space and not in time."""
    built: list[nn.Module] = []
    channels = 1
    for out, frames, size, stride, groups in layers:
        window = (frames, size, size), (1, stride, stride), (0, size // 2, size // 2)
        built += [nn.Conv3d(channels, out, *window, groups=groups), nn.ReLU()]
        channels = out
    return nn.Sequential(*built)


def missed(layers: list[tuple[int, ...]]) -> tuple[str, ...]:
    """What a specification with the numbers of the exercise misses."""
    limits: dict[str, Any] = {"max_params": 8_000, "max_macs": 450_000}
    wanted = Specification((1, 1, 9, 12, 12), (1, 16, None, 6, 6), receptive_field=(3, 9, 9), **limits)
    return wanted.check(body(layers)).missed


@pytest.mark.parametrize("layers", [CLIP.solution, CLIP.alternative], ids=["solution", "alternative"])
def test_what_passes_meets_the_specification(layers: list[tuple[int, ...]]) -> None:
    assert CLIP.judge(layers) is None
    assert missed(layers) == ()


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
