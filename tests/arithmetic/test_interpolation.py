"""The corners around a position, and their weights."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from convlab.arithmetic.interpolation import corners

NEAR = st.floats(-3, 8, allow_nan=False)


@given(st.lists(NEAR, min_size=1, max_size=3))
def test_the_weights_add_up_to_one_and_their_centre_is_the_position(position: list[float]) -> None:
    found = corners(position, 6)
    assert len(found) == 2 ** len(position)
    assert math.isclose(sum(corner.weight for corner in found), 1)
    for axis, place in enumerate(position):
        assert math.isclose(sum(corner.weight * corner.input_index[axis] for corner in found), place, abs_tol=1e-9)


@given(y=NEAR, x=NEAR)
def test_two_axes_read_what_grid_sample_reads(y: float, x: float) -> None:
    image = torch.arange(1.0, 31.0, dtype=torch.float64).reshape(5, 6)
    grid = torch.tensor([[[[(2 * x + 1) / 6 - 1, (2 * y + 1) / 5 - 1]]]], dtype=torch.float64)
    torchs = F.grid_sample(image[None, None], grid, padding_mode="zeros", align_corners=False).item()
    mine = sum(corner.weight * image[corner.source].item() for corner in corners((y, x), (5, 6)) if corner.source)
    assert math.isclose(mine, torchs, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        pytest.param(math.inf, "finite number per spatial axis, but position=inf", id="infinite"),
        pytest.param((0.0, math.nan), r"finite number per spatial axis, but position=\(0.0, nan\)", id="not a number"),
        pytest.param((), r"finite number per spatial axis, but position=\(\)", id="no axis"),
    ],
)
def test_what_is_no_position_is_refused(position: float | tuple[float, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        corners(position, 4)


def test_a_word_is_refused() -> None:
    with pytest.raises(TypeError, match="position must hold numbers, but 'a' is a str"):
        corners((1.0, "a"), 4)  # type: ignore[arg-type]
