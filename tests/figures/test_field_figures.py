"""Receptive fields, feature maps and voxels are checked by reading the axes back."""

import re
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from convlab import figures
from convlab.figures import style
from convlab.figures.voxels import MOST_VOXELS


def box(ax: Axes) -> tuple[float, ...]:
    """Left, top, width and height of the box around the field by formula."""
    colour = style.LIGHT.roles["written"].outline
    (found,) = (patch for patch in ax.patches if to_hex(patch.get_edgecolor()) == colour)
    assert isinstance(found, Rectangle)
    return (*found.get_xy(), found.get_width(), found.get_height())


def test_the_heat_map_of_a_gradient_lies_in_the_box_of_the_formula() -> None:
    picture = torch.zeros(1, 1, 9, 11, requires_grad=True)
    weight = -torch.ones(1, 1, 3, 3)
    torch.conv2d(torch.conv2d(picture, weight), weight, dilation=2)[0, 0, 1, 2].backward()
    assert picture.grad is not None
    ax = figures.field(picture.grad[0, 0], start=(1, 2), size=7, title="two layers")
    assert box(ax) == (1.5, 0.5, 7, 7)
    shown = np.asarray(ax.images[0].get_array())
    assert np.array_equal(shown, picture.grad[0, 0].abs().double().numpy())
    rows, columns = shown.nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 7, 2, 8)
    assert ax.images[0].get_clim() == (0, shown.max())
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("W = 11", "H = 9", "two layers")
    assert ax.figure.get_label() == "two layers: 49 input elements reach the output; by formula it spans 7 x 7."


def test_one_axis_is_drawn_as_bars_with_a_box() -> None:
    ax = figures.field(torch.tensor([0.0, 1.0, -2.0, 0.0]), start=-1, size=4)
    left, _, width, _ = box(ax)
    assert (left, width) == (-1.5, 4)
    assert [bar.get_height() for bar in ax.patches[:4] if isinstance(bar, Rectangle)] == [0, 1, 2, 0]
    assert ax.get_xlabel() == "L = 4"


def test_without_a_formula_there_is_no_box() -> None:
    assert not figures.field(torch.ones(3, 3)).patches
    assert figures.field(torch.zeros(3, 3)).images[0].get_clim() == (0, 1)


def test_feature_maps_share_one_scale() -> None:
    maps = torch.arange(-6.0, 18).reshape(6, 2, 2)
    ax = figures.feature_maps(maps, columns=4, title="t", limit=9)
    gallery: np.ndarray = np.ma.filled(np.ma.asarray(ax.images[0].get_array()), np.nan)
    assert gallery.shape == (7, 13)
    assert np.array_equal(gallery[4:6, 4:6], maps[5].numpy())
    assert np.isnan(gallery[3]).all()
    assert ax.images[0].get_clim() == (-9, 9)
    assert ax.get_xlabel() == "C = 6, H = 2, W = 2"
    bar = ax.images[0].colorbar
    assert bar is not None
    assert bar.extend == "both"
    assert figures.feature_maps(maps.relu()).images[0].get_clim()[0] == 0


def test_voxels_above_the_threshold_are_cubes() -> None:
    volume = torch.zeros(2, 3, 4)
    volume[1, 2, 3] = 5
    ax = figures.voxels(volume, spacing=(2, 1, 1))
    faces = np.concatenate([np.asarray(cube._faces).reshape(-1, 3) for cube in ax.collections])
    low, high = faces.min(0), faces.max(0)
    assert (low.tolist(), high.tolist()) == ([3, 2, 1], [4, 3, 2])  # W, H, D
    assert ax.get_title() == "1 of 24 voxels above 2.5"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("W = 4", "H = 3", "D = 2")
    assert ax.get_ylim() == (3, 0)
    sizes = ax._box_aspect
    assert sizes[0] / sizes[1] == pytest.approx(4 / 3)
    assert sizes[2] / sizes[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        pytest.param(
            lambda: figures.field(torch.zeros(2, 2, 2)), ValueError,
            "strength must have shape (H, W) or (L,), nowhere 0, but has shape (2, 2, 2)", id="a field in 3D",
        ),
        pytest.param(
            lambda: figures.field(torch.zeros(4), start=1), ValueError,
            "start and size must be given together, but start=1 and size=None", id="half a box",
        ),
        pytest.param(
            lambda: figures.field(torch.zeros(4, 4), start=(1,), size=2), ValueError,
            "start must be an int or have one int for each of 2 axes, but start=(1,)", id="a box with one axis",
        ),
        pytest.param(
            lambda: figures.field(torch.zeros(4), start=0, size=0), ValueError,
            "size must be at least 1, but size=0", id="an empty box",
        ),
        pytest.param(
            lambda: figures.feature_maps(torch.zeros(4, 4)), ValueError,
            "tensor must have shape (C, H, W), nowhere 0, but has shape (4, 4)", id="one map",
        ),
        pytest.param(
            lambda: figures.voxels(torch.zeros(4, 4)), ValueError,
            "volume must have shape (D, H, W), nowhere 0, but has shape (4, 4)", id="a flat volume",
        ),
        pytest.param(
            lambda: figures.voxels(torch.zeros(1, 2, MOST_VOXELS)), ValueError,
            "volume must have at most 8192 voxels, but has shape (1, 2, 8192), which makes 16384; take a part of it, "
            "or every second voxel", id="a large volume",
        ),
        pytest.param(
            lambda: figures.voxels(torch.zeros(2, 2, 2)), ValueError,
            "a voxel must be larger than the threshold, but threshold=0.0 and the largest is 0.0", id="nothing to see",
        ),
    ],
)  # fmt: skip
def test_refused_before_a_figure_is_made(draw: Callable[[], object], error: type[Exception], message: str) -> None:
    before = plt.get_fignums()
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        draw()
    assert plt.get_fignums() == before


def test_voxels_need_axes_in_space() -> None:
    with pytest.raises(TypeError, match=r"^ax must have three dimensions \(projection='3d'\), but ax is a Axes$"):
        figures.voxels(torch.rand(2, 2, 2), ax=figures.panels(1, 1, width=2, height=2)[0])


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda x: figures.field(x), id="field"),
        pytest.param(lambda x: figures.feature_maps(x[None]), id="feature_maps"),
        pytest.param(lambda x: figures.voxels(x.reshape(3, 2, 2)), id="voxels"),
    ],
)
def test_draws_on_the_cpu_whatever_the_default_device_is(
    draw: Callable[[torch.Tensor], object], meta_device: None
) -> None:
    draw(torch.rand(4, 3, device="cpu"))
