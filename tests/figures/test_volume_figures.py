"""What is drawn is read back: the right plane, the right way up, at the right scale."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes

from convlab import figures

VOLUME = torch.arange(2 * 3 * 4.0).reshape(2, 3, 4)


def drawn(ax: Axes) -> list[Any]:
    values: list[Any] = np.asarray(ax.images[0].get_array()).tolist()
    return values


def test_three_planes_through_one_voxel() -> None:
    axes = figures.slices(VOLUME, at=(1, 0, 2), title="head")
    assert drawn(axes[0]) == VOLUME[1].tolist()
    assert drawn(axes[1]) == VOLUME[:, 0].tolist()
    assert drawn(axes[2]) == VOLUME[:, :, 2].tolist()
    assert [ax.get_title() for ax in axes] == ["head, d = 1", "head, h = 0", "head, w = 2"]
    assert [ax.get_xlabel() for ax in axes] == ["W = 4", "W = 4", "H = 3"]
    assert [ax.get_ylabel() for ax in axes] == ["H = 3", "D = 2", "D = 2"]


def test_rows_go_down_and_depth_goes_up() -> None:
    assert [ax.yaxis_inverted() for ax in figures.slices(VOLUME)] == [True, False, False]


def test_the_lines_show_where_the_others_cut() -> None:
    axes = figures.slices(VOLUME, at=(1, 0, 2))
    lines = [(ax.lines[0].get_xdata()[0], ax.lines[1].get_ydata()[0]) for ax in axes]
    assert lines == [(2, 0), (2, 1), (0, 1)]


def test_a_voxel_is_as_long_as_it_is() -> None:
    axes = figures.slices(VOLUME, spacing=(4.0, 2.0, 1.0))
    assert [ax.get_aspect() for ax in axes] == [2.0, 4.0, 2.0]


def test_the_middle_is_the_default() -> None:
    assert [ax.get_title() for ax in figures.slices(VOLUME)] == ["d = 1", "h = 1", "w = 2"]


@pytest.mark.parametrize(
    ("volume", "options", "limits"),
    [
        pytest.param(VOLUME, {"limit": 20}, (0, 20), id="grey, from the lowest"),
        pytest.param(VOLUME - 5, {"signed": True, "limit": 2}, (-2, 2), id="signed, zero in the middle"),
        pytest.param(VOLUME.flip(0), {}, (0, 23), id="99 of 100 of few numbers is all"),
        pytest.param(torch.zeros(2, 2, 2), {}, (0, 1), id="all the same"),
        pytest.param(torch.zeros(2, 2, 2), {"signed": True}, (-1, 1), id="all zero, signed"),
    ],
)
def test_colours(volume: torch.Tensor, options: dict[str, Any], limits: tuple[float, float]) -> None:
    assert all(ax.images[0].get_clim() == limits for ax in figures.slices(volume, **options))


def test_one_bright_voxel_does_not_make_the_rest_dark() -> None:
    volume = torch.rand(10, 10, 10)
    volume[0, 0, 0] = 1000
    assert figures.slices(volume)[0].images[0].get_clim()[1] < 1.01


def test_frames_share_their_colours() -> None:
    clip = torch.rand(5, 6, 7)
    axes = figures.frames(clip)
    assert [drawn(ax) for ax in axes] == clip.tolist()
    assert {ax.images[0].get_clim() for ax in axes} == {(float(clip.min()), float(clip.max()))}
    assert [ax.get_title() for ax in axes] == [f"d = {d}" for d in range(5)]
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == ("W = 7", "H = 6")


def test_frames_in_colour() -> None:
    clip = torch.rand(3, 2, 4, 4)
    axes = figures.frames(clip, titles=["a", "b"])
    assert np.array_equal(np.asarray(axes[1].images[0].get_array()), clip[:, 1].permute(1, 2, 0).numpy())
    assert [ax.get_title() for ax in axes] == ["a", "b"]


def test_frames_on_the_given_axes() -> None:
    given = figures.panels(1, 2, width=4, height=2)
    assert figures.frames(torch.rand(1, 2, 3, 3), axes=given, signed=True) is given
    assert given[0].images[0].get_cmap().name == "PuOr_r"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: figures.slices(torch.zeros(1, 2, 3, 4)), r"has shape \(1, 2, 3, 4\)$", id="4 axes"),
        pytest.param(lambda: figures.slices(VOLUME, at=(2, 0, 0)), r"at=\(2, 0, 0\) and volume", id="outside"),
        pytest.param(lambda: figures.slices(VOLUME, at=(0, -1, 0)), "at must be a voxel", id="from the end"),
        pytest.param(lambda: figures.slices(torch.zeros(0, 2, 2)), "nowhere 0", id="nothing"),
        pytest.param(lambda: figures.frames(torch.zeros(2, 4, 5, 5)), r"has shape \(2, 4, 5, 5\)$", id="two channels"),
        pytest.param(lambda: figures.frames(torch.zeros(4, 5)), "clip must have shape", id="a picture"),
        pytest.param(lambda: figures.frames(VOLUME, titles=["a"]), "are 2 frames and 1 titles$", id="a title too few"),
    ],
)
def test_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
