"""What the doctor tries: moves of axes, sizes of an input, and lines that build a layer anew."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from convlab.inspection import diagnose
from convlab.inspection.doctor.building import constructor
from convlab.inspection.doctor.diagnosing import case_of
from convlab.inspection.doctor.edits import Copy, Edit
from convlab.inspection.doctor.proposals import size_edits
from convlab.inspection.doctor.proposals.moves import moves_to
from convlab.inspection.doctor.wanted import Wanted, square_side


@st.composite
def layouts(draw: st.DrawFn) -> tuple[tuple[int, ...], int, int]:
    """A tensor of a batch, channels and spatial axes in any order, without some axis or with one more of size 1."""
    spatial = draw(st.integers(1, 3))
    channels = draw(st.integers(1, 4))
    sizes = [draw(st.integers(5, 6)), channels, *draw(st.permutations([7, 8, 9]))[:spatial]]
    if draw(st.booleans()):
        sizes.insert(draw(st.integers(0, len(sizes))), 1)
    if draw(st.booleans()):
        sizes.pop(0)
    if draw(st.booleans()) and channels == 1:
        sizes.remove(1)
    return tuple(draw(st.permutations(sizes))), channels, spatial


@settings(max_examples=50)
@given(layouts())
def test_a_move_is_code_that_does_what_it_says(layout: tuple[tuple[int, ...], int, int]) -> None:
    shape, channels, spatial = layout
    x = torch.empty(shape, device="meta")
    for move in moves_to(shape, Wanted(spatial, channels)):
        moved = eval(f"x{move.text}", {"x": x})
        assert moved.dim() in (spatial + 1, spatial + 2)
        assert moved.shape[-spatial - 1] == channels
        assert move.cost > 0
        if "keep the first" not in move.words and "mean" not in move.words and "repeat" not in move.words:
            assert moved.numel() == x.numel()


@given(st.sampled_from([(2, 3), (1, 3), (4, 1)]), st.permutations([0, 1, 2, 3]))
def test_channels_come_back_from_any_axis(sizes: tuple[int, int], order: list[int]) -> None:
    """However the axes of a batch of pictures were swapped, some move gives the layer its channels."""
    batch, channels = sizes
    shape = tuple(torch.empty(batch, channels, 7, 9).permute(order).shape)
    moves = moves_to(shape, Wanted(2, channels))
    moved = {tuple(eval(f"x{move.text}", {"x": torch.empty(shape)}).shape) for move in moves}
    assert shape[1] == channels or any(new[1] == channels and sorted(new) == sorted(shape) for new in moved)


@given(st.integers(0, 5000), st.integers(0, 64), st.integers(0, 4))
def test_square_maps(features: int, channels: int, axes: int) -> None:
    side = square_side(features, channels, axes)
    sides = [side for side in range(1, 5001) if axes and channels * side**axes == features] if channels else []
    assert [side] == (sides or [0])


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        pytest.param((17, 16), ["F.pad(x, (0, 0, 0, 1))", "x[..., :16, :]"], id="only the odd axis is changed"),
        pytest.param((16, 17), ["F.pad(x, (0, 1))", "x[..., :, :16]"], id="the last axis needs no zeros"),
        pytest.param((17, 19), ["F.pad(x, (0, 1, 0, 1))", "x[..., :16, :18]"], id="both axes"),
    ],
)
def test_sizes_that_a_power_of_two_divides(sizes: tuple[int, int], first: list[str]) -> None:
    case = case_of(nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(40)), [torch.empty(2, 1, *sizes)], {})
    codes = [edit.code.removeprefix("x = ") for edit in size_edits(case)]
    assert codes[:2] == first
    for code in codes:
        tensor = eval(code, {"x": case.inputs["x"], "F": nn.functional, "torch": torch})
        assert tensor.dim() == 4
        assert math.prod(tensor.shape) > 0


class Block(nn.Module):
    """A block that halves the size and doubles the channels, beside a shortcut that does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.shortcut = nn.Sequential()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.conv(x) + self.shortcut(x)
        return output


@pytest.mark.parametrize("size", [14, 15])
def test_a_shortcut_for_a_stride(size: int) -> None:
    diagnosis = diagnose(Block(), (2, 4, size, size))
    assert diagnosis is not None
    assert diagnosis.fixes[0].code == "model.shortcut = nn.Conv2d(4, 8, 1, stride=2)"


LAYERS = [
    nn.Conv2d(3, 8, (3, 5), stride=(1, 2), padding=1, dilation=2, bias=False, padding_mode="reflect"),
    nn.Conv1d(4, 8, 3, padding="same", groups=4),
    nn.ConvTranspose3d(4, 2, 3, stride=2, padding=1, output_padding=1),
    nn.Linear(4, 2, bias=False),
    nn.Linear(4, 2, dtype=torch.float64),
    nn.BatchNorm2d(8, momentum=None, affine=False, track_running_stats=False),
    nn.GroupNorm(2, 8, eps=1e-3),
    nn.LayerNorm((4, 6)),
    nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True, return_indices=True),
    nn.AvgPool1d(4, count_include_pad=False),
    nn.AdaptiveAvgPool2d((None, 7)),
    nn.LSTM(6, 8, num_layers=2, batch_first=True, bidirectional=True),
    nn.RNN(6, 8, nonlinearity="relu"),
    nn.ReflectionPad2d((1, 2, 3, 4)),
    nn.PixelShuffle(3),
]


@pytest.mark.parametrize("layer", [pytest.param(layer, id=str(layer).split("\n")[0]) for layer in LAYERS])
def test_a_layer_is_written_so_that_it_is_built_again(layer: nn.Module) -> None:
    again: nn.Module = eval(constructor(layer), {"nn": nn, "torch": torch})
    assert str(again) == str(layer)
    states = [{name: (t.shape, t.dtype) for name, t in each.state_dict().items()} for each in (layer, again)]
    assert states[0] == states[1]


@pytest.mark.parametrize("training", [True, False])
def test_a_new_layer_is_in_the_mode_of_the_model(training: bool) -> None:
    changed = Copy(nn.Sequential(nn.Dropout(), nn.Linear(4, 2)).train(training), {"x": torch.ones(1, 4)})
    changed.model[1].train(not training)  # type: ignore[index]
    changed.carry_out([Edit("0", "model[0] = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(4))", "", 1)])
    modes: dict[str, Any] = {name: module.training for name, module in changed.model.named_modules()}
    assert modes == {"": training, "0": training, "0.0": training, "0.1": training, "1": not training}
