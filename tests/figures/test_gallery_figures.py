"""What is drawn is read back: where each kernel lies, and its colours."""

import numpy as np
import pytest
import torch

from convlab import figures


def test_colours_have_grey_at_zero_and_each_kernel_its_own_scale() -> None:
    weight = torch.zeros(2, 3, 1, 2)
    weight[0, :, 0, 0] = torch.tensor([2.0, -2.0, 0.0])
    weight[1, 2, 0, 1] = 0.001
    gallery = np.asarray(figures.filters(weight, columns=2).images[0].get_array())
    assert gallery.shape == (3, 7, 3)
    assert gallery[1, 1].tolist() == [1.0, 0.0, 0.5]
    assert gallery[1, 2].tolist() == gallery[1, 4].tolist() == [0.5, 0.5, 0.5]
    assert gallery[1, 5].tolist() == [0.5, 0.5, 1.0]
    assert np.all(gallery[:, [0, 3, 6]] == 1)


def test_one_channel_is_white_at_zero() -> None:
    weight = torch.tensor([-4.0, 2.0, 0.0, 0.0]).reshape(2, 1, 1, 2)
    drawn = figures.filters(weight, columns=1).images[0]
    gallery: np.ndarray = np.ma.filled(np.ma.asarray(drawn.get_array()), np.nan)
    assert gallery[1, 1:3].tolist() == [-1.0, 0.5]
    assert gallery[3, 1:3].tolist() == [0.0, 0.0]
    assert np.isnan(gallery[2]).all()
    assert drawn.get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("count", "columns", "shape"),
    [
        pytest.param(6, 3, (9, 13), id="two full rows"),
        pytest.param(7, 3, (13, 13), id="a row that is not full"),
        pytest.param(2, 8, (5, 9), id="fewer than a row"),
    ],
)
def test_rows_and_columns(count: int, columns: int, shape: tuple[int, int]) -> None:
    ax = figures.filters(torch.ones(count, 1, 3, 3), columns=columns)
    assert np.asarray(ax.images[0].get_array()).shape == shape


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((8, 2, 3, 3), id="two channels"),
        pytest.param((8, 3, 3), id="no channels"),
        pytest.param((0, 3, 3, 3), id="no kernels"),
    ],
)
def test_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weight must have shape .*, but has shape"):
        figures.filters(torch.zeros(shape))


def test_no_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="columns must be at least 1, but columns=0"):
        figures.filters(torch.ones(2, 1, 3, 3), columns=0)


@pytest.mark.parametrize(
    ("values", "limit", "ends"),
    [
        pytest.param([1.0, 2.0], 2, "neither", id="all within"),
        pytest.param([1.0, 2.0], 1, "max", id="counts beyond"),
        pytest.param([-1.0, 2.0], 1, "both", id="signed beyond"),
    ],
)
def test_the_colour_bar_says_where_numbers_lie_beyond_it(values: list[float], limit: float, ends: str) -> None:
    ax = figures.feature_maps(torch.tensor(values).reshape(2, 1, 1), limit=limit)
    assert ax.images[0].colorbar is not None
    assert ax.images[0].colorbar.extend == ends
