"""The window whose points the reader moves: its tables add up to the output, and what does not fit is refused."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

import convlab
from convlab.arithmetic import corners
from convlab.scenes.sampling import QUARTERS, Sampling, sampling
from convlab.scenes.sampling_picture import still

ROW = torch.tensor([1.0, 4.0, -2.0, 6.0, 3.0])
PLANE = torch.tensor([[1.0, 5, 2, 0], [-3, 8, 4, 6], [7, 2, 9, 1], [4, 0, 3, 5]])
VOLUME = torch.arange(60.0).reshape(3, 4, 5).remainder(7) - 2


def added_up(window: Sampling, offsets: list[list[float]]) -> float:
    """The output, by looking up and multiplying only, as the browser does."""
    plain = json.loads(json.dumps(window.to_dict()))
    sizes, total = plain["input_size"], 0.0
    for tap, moves in enumerate(offsets):
        place = [i + move for i, move in zip(plain["lattice"][tap], moves, strict=True)]
        beside = [
            row[int(QUARTERS * (at - low))] for row, at, low in zip(plain["axes"], place, plain["low"], strict=True)
        ]
        for parts in itertools.product(*beside):
            if all(inside for *_, inside in parts):
                number = 0
                for (element, *_), size in zip(parts, sizes, strict=True):
                    number = number * size + element
                mask = plain["masks"][tap] if plain["masks"] else 1
                total += plain["weights"][tap] * mask * math.prod(part[1] for part in parts) * plain["values"][number]
    return total


CASES = [
    pytest.param(ROW, (3,), {}, id="1D"),
    pytest.param(ROW, (2,), {"stride": 2, "padding": 3, "position": 2}, id="1D, wide padding"),
    pytest.param(PLANE, (3, 1), {"padding": "same", "position": (3, 2)}, id="2D, same padding, at an edge"),
    pytest.param(PLANE / 3, (2, 2), {"dilation": (2, 3), "position": 0}, id="2D, dilation, no whole numbers"),
    pytest.param(VOLUME, (2, 3, 1), {"padding": (1, 0, 2), "position": (1, 1, 4)}, id="3D, a kernel of three sizes"),
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("input", "kernel_size", "options"), CASES)
def test_its_tables_add_up_to_the_output(
    input: torch.Tensor, kernel_size: tuple[int, ...], options: dict[str, Any], masked: bool
) -> None:
    generator = torch.Generator().manual_seed(1)
    taps, ndim = math.prod(kernel_size), input.ndim
    weight = torch.randint(1, 4, kernel_size, generator=generator).double()
    hyper = {name: value for name, value in options.items() if name != "position"}
    out = sampling(input, weight, **options).output_size
    offset = torch.randint(-6, 7, (ndim * taps, *out), generator=generator).double() / QUARTERS
    mask = torch.rand(taps, *out, generator=generator, dtype=torch.float64) if masked else None
    window = sampling(input, weight, offset, mask, **options)
    expected = convlab.deform_conv(
        input.double()[None, None],
        offset[None],
        weight[None, None],
        mask=None if mask is None else mask[None],
        **hyper,
    )[(0, 0, *window.output_index)]
    assert added_up(window, [list(moves) for moves in window.start]) == pytest.approx(float(expected), abs=1e-8)
    assert float(expected)
    wrong = [list(moves) for moves in window.snapped([[0.5] * ndim] * taps)]
    assert added_up(window, wrong) != pytest.approx(float(expected), abs=1e-8)
    zeros = [[0.0] * ndim] * taps
    conv = (F.conv1d, F.conv2d, F.conv3d)[ndim - 1]
    plain = conv(input.double()[None, None], weight[None, None], **hyper)[(0, 0, *window.output_index)]
    if mask is None:
        assert added_up(window, zeros) == pytest.approx(float(plain), abs=1e-8)


@given(st.integers(1, 6), st.integers(-4, 30))
def test_a_row_of_the_table_holds_the_corners(size: int, quarter: int) -> None:
    window = sampling(torch.ones(size), torch.ones(1))
    place = quarter / QUARTERS
    row = window.axes[0]
    if place > size:
        assert len(row) == QUARTERS * (size + 1) + 1
    else:
        found = [(part.element, part.weight, part.inside) for part in row[quarter + QUARTERS]]
        assert found == [(c.input_index[0], c.weight, c.source is not None) for c in corners(place, size)]


def test_the_patterns_are_the_convolutions_that_they_name() -> None:
    weight = torch.tensor([[1.0, -2, 3], [0, 4, 1], [2, 2, -1]])
    big = torch.arange(81.0).reshape(9, 9).remainder(11)
    window = sampling(big, weight)
    by_name = {pattern.name: pattern.offsets for pattern in window.patterns}
    x, w = big[None, None], weight[None, None]
    at = window.output_index
    assert added_up(window, list(map(list, by_name["zero offsets"]))) == float(F.conv2d(x, w)[(0, 0, *at)])
    shifted = F.conv2d(x.roll(-1, dims=3), w)
    assert added_up(window, list(map(list, by_name["shift all"]))) == float(shifted[(0, 0, *at)])
    dilated = F.conv2d(x, w, dilation=2, padding=1)  # the middle stays
    assert added_up(window, list(map(list, by_name["dilate"]))) == float(dilated[(0, 0, *at)])
    assert by_name["reset"] == window.start


def test_points_stand_on_quarters_and_not_outside_of_what_is_drawn() -> None:
    window = sampling(ROW, torch.ones(2), torch.tensor([[0.1], [77.0]]).expand(2, 4), position=0)
    assert window.start == ((0.0,), (4.0,))  # index 5, where everything is zero as at 78
    assert window.snapped([[-0.13], [-0.12]]) == ((-0.25,), (0.0,))
    assert window.points([[-9.0], [0.0]]) == ((-1.0,), (1.0,))


@pytest.mark.parametrize(
    ("input", "grids", "points"),
    [
        pytest.param(ROW, {"input": (1, 7)}, 2, id="1D"),
        pytest.param(PLANE, {"input": (6, 6)}, 4, id="2D"),
        pytest.param(VOLUME, {"input, depth 0": (6, 7), "input, depth 1": (6, 7)}, 12, id="3D, between two slices"),
    ],
)
def test_a_picture_that_stands_still(input: torch.Tensor, grids: dict[str, tuple[int, int]], points: int) -> None:
    window = sampling(input, torch.ones((2,) * input.ndim), position=0)
    offsets = [[0.5] * input.ndim] * 2**input.ndim
    scene = still(window, offsets, text="and so on")
    assert {grid.name: grid.shape for grid in scene.grids} == grids
    assert len(scene.steps[0].points) == points
    lit = sum(len(mark.cells) for mark in scene.steps[0].marks)
    assert lit == 2**input.ndim
    grid = scene.grids[0]
    assert grid.values[-1][1:-1] == ((*ROW.int().tolist(),) if input.ndim == 1 else (0,) * (grid.shape[1] - 2))
    assert [mark.cells[0] for mark in scene.steps[0].marks] == [(0 if input.ndim == 1 else 1, 1)] * len(grids)


def test_at_an_integer_only_what_is_read_is_lit() -> None:
    scene = still(sampling(VOLUME, torch.ones(1, 1, 1), position=(1, 2, 3)), [[0.0, 0.0, 0.0]])
    (mark,) = scene.steps[0].marks
    assert (mark.grid, mark.cells) == ("input, depth 1", ((3, 4),))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        pytest.param({"input": [1.0]}, TypeError, "input must be a torch.Tensor, but is a list", id="a list"),
        pytest.param({"input": torch.zeros(1, 1, 4, 4)}, ValueError, "(L,), (H, W) or (D, H, W)", id="a batch"),
        pytest.param({"input": torch.zeros(0, 3)}, ValueError, "nowhere 0, but has shape (0, 3)", id="empty"),
        pytest.param({"input": torch.full((4, 4), torch.nan)}, ValueError, "finite numbers", id="a nan"),
        pytest.param({"input": torch.zeros(13, 4)}, ValueError, "at most 12 elements along each axis", id="too large"),
        pytest.param({"weight": torch.ones(3)}, ValueError, "one axis for each of the 2 of input", id="axes"),
        pytest.param({"weight": torch.ones(5, 5)}, ValueError, "kernel", id="a kernel that does not fit"),
        pytest.param({"offset": torch.zeros(17, 2, 2)}, ValueError, "offset must have shape", id="odd channels"),
        pytest.param({"offset": torch.zeros(18, 4, 4)}, ValueError, "(18 * offset_groups, 2, 2)", id="another size"),
        pytest.param({"offset": torch.zeros(36, 2, 2)}, ValueError, "one offset group, 18 channels", id="two groups"),
        pytest.param({"mask": torch.ones(8, 2, 2)}, ValueError, "mask must have shape (9, 2, 2)", id="mask"),
        pytest.param({"position": (0, 2)}, ValueError, "position=(0, 2) and the output size is (2, 2)", id="outside"),
        pytest.param({"position": -1}, ValueError, "position", id="no such index"),
        pytest.param({"padding": 5}, ValueError, "fewer where the window reaches", id="far out"),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], sentence: str) -> None:
    given_: dict[str, Any] = {"input": PLANE, "weight": torch.ones(3, 3), **arguments}
    if "padding" in given_:
        given_ |= {"position": 0, "input": torch.zeros(10, 10)}
    with pytest.raises(error) as caught:
        sampling(**given_)
    assert sentence in str(caught.value)
