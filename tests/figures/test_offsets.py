"""Pictures of offsets are checked by reading the axes back, and animations of them by reading the frames."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from PIL import Image
from torch import Tensor

from convlab import animation, figures, scenes
from convlab.arithmetic import ConvSpec
from convlab.figures import style
from convlab.figures.points import arrow


def spots(ax: Axes, kind: str) -> list[list[list[float]]]:
    """For each group of "rings" or "points" on these axes, the x and y of each."""
    found = [dots for dots in ax.collections if dots.get_gid() == kind]
    every = [np.asarray(dots.get_offsets()).tolist() for dots in found]
    return every[::2] if kind == "rings" else every  # each ring is drawn twice: dark, and white over it


def quarters(*shape: int) -> Tensor:
    return torch.randint(-6, 7, shape, generator=torch.Generator().manual_seed(0)).double() / 4


OFFSET = quarters(2 * 2 * 6, 4, 4)
"""Of two offset groups, for an input of 9 x 5 and a kernel of 3 x 2 with the hyperparameters below."""

HOW: dict[str, Any] = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 1)}


@pytest.mark.parametrize("group", [0, 1])
def test_rings_stand_on_the_lattice_and_points_an_offset_away(group: int) -> None:
    ax = figures.offsets(torch.rand(1, 7, 5), OFFSET, at=[(0, 1), (3, 2)], offset_group=group, **HOW)
    rings, points = spots(ax, "rings"), spots(ax, "points")
    for number, (i, j) in enumerate([(0, 1), (3, 2)]):
        for tap, (y, x) in enumerate(itertools.product(range(3), range(2))):
            dy, dx = OFFSET[12 * group + 2 * tap : 12 * group + 2 * tap + 2, i, j].tolist()
            assert rings[number][tap] == [j + x, 2 * i - 1 + y]
            assert points[number][tap] == [j + x + dx, 2 * i - 1 + y + dy]
    assert len(rings) == len(points) == 2


def test_where_the_offsets_are_zero_rings_and_points_are_together() -> None:
    ax = figures.offsets(torch.rand(6, 6), torch.zeros(18, 4, 4))
    assert spots(ax, "rings") == spots(ax, "points")
    assert spots(ax, "points")[0][4] == [3, 3]  # the middle of four is the one behind it
    assert len(ax.images) == 1


def test_each_position_has_a_colour_of_its_own_unless_numbers_colour_the_points() -> None:
    x, offset, mask = torch.rand(3, 6, 6), quarters(18, 4, 4), torch.rand(9, 4, 4)
    weight = torch.arange(-4.0, 5).reshape(3, 3)

    def dots(**options: Any) -> list[Any]:
        ax = figures.offsets(x, offset, at=[(0, 0), (3, 3)], **options)
        return [dots for dots in ax.collections if dots.get_gid() == "points"]

    assert [to_hex(one.get_facecolor()[0]).upper() for one in dots()] == list(style.COLOURS[:2])
    for one, (i, j) in zip(dots(mask=mask), [(0, 0), (3, 3)], strict=True):
        assert one.get_array().tolist() == pytest.approx(mask[:, i, j].tolist())
        assert one.get_clim() == (0, pytest.approx(mask[:, [0, 3], [0, 3]].max().item()))
    signed = dots(weight=weight)
    assert [one.get_array().tolist() for one in signed] == [weight.flatten().tolist()] * 2
    assert signed[0].get_clim() == (-4, 4)
    assert signed[0].figure.axes[1].get_ylabel() == "weight"


def test_the_mask_of_a_group_is_its_own() -> None:
    mask = torch.arange(2.0 * 6 * 16).reshape(12, 4, 4)
    ax = figures.offsets(torch.rand(7, 5), OFFSET, at=(1, 2), offset_group=1, mask=mask, **HOW)
    (points,) = (dots for dots in ax.collections if dots.get_gid() == "points")
    assert np.asarray(points.get_array()).tolist() == mask[6:, 1, 2].tolist()


@pytest.mark.parametrize(
    ("margin", "limits"),
    [
        pytest.param(None, (-0.5, 5.5, 5.5, -2.5), id="the whole image, and what is outside"),
        pytest.param(1.0, (0.0, 4.0, 4.0, -3.0), id="around the points"),
    ],
)
def test_what_is_shown(margin: float | None, limits: tuple[float, ...]) -> None:
    offset = torch.zeros(18, 4, 4)
    offset[0] = -3.0
    ax = figures.offsets(torch.rand(6, 6), offset, at=(1, 1), margin=margin)
    ax_limits = (*ax.get_xlim(), *ax.get_ylim())
    assert ax_limits == limits


def test_draws_on_the_given_axes_and_says_what_it_shows() -> None:
    given = figures.panels(1, 2, width=4, height=2)
    before = plt.get_fignums()
    offset = torch.zeros(18, 4, 4)
    offset[1] = 2.5
    assert figures.offsets(torch.rand(6, 6), offset, at=(0, 2), ax=given[0], title="before") is given[0]
    assert plt.get_fignums() == before
    assert given[0].figure.get_label() == (
        "before: where a 3 x 3 kernel reads an image of 6 x 6 for output (0, 2): the points lie up to 2.5 elements "
        "from the lattice."
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_kind_of_number_and_gradients_are_drawn(dtype: torch.dtype) -> None:
    x, offset = torch.rand(1, 6, 6).to(dtype).requires_grad_(), quarters(18, 4, 4).to(dtype).requires_grad_()
    assert spots(figures.offsets(x, offset), "points")


def test_a_volume_has_a_picture_for_each_depth_of_the_lattice() -> None:
    volume, offset = torch.rand(5, 6, 7), quarters(3 * 12, 6, 5, 7)
    axes = figures.offset_slices(volume, offset, at=(0, 2, 3), kernel_size=(2, 2, 3), padding=(1, 0, 1), dilation=1)
    assert [ax.get_title() for ax in axes] == ["d = -1, outside", "d = 0"]
    for depth, ax in enumerate(axes):
        (points,) = (dots for dots in ax.collections if dots.get_gid() == "points")
        for tap, (y, x) in enumerate(itertools.product(range(2), range(3))):
            dz, dy, dx = offset[3 * (6 * depth + tap) : 3 * (6 * depth + tap) + 3, 0, 2, 3].tolist()
            assert spots(ax, "rings")[0][tap] == [2 + x, 2 + y]
            assert spots(ax, "points")[0][tap] == [2 + x + dx, 2 + y + dy]
            assert np.asarray(points.get_array())[tap] == dz
    assert np.asarray(axes[0].images[0].get_array()).max() == 0
    assert np.allclose(np.asarray(axes[1].images[0].get_array()), volume[0])
    label = str(axes[0].figure.get_label())
    assert label.startswith("Where a 2 x 2 x 3 kernel reads a volume of 5 x 6 x 7 for output (0, 2, 3): ")


X, ZERO = torch.rand(6, 6), torch.zeros(18, 4, 4)
REFUSED: list[Any] = [
    pytest.param(
        lambda: figures.offsets(torch.rand(2, 6, 6), ZERO), ValueError,
        "image must have shape (3, H, W), (1, H, W) or (H, W), nowhere 0, but has shape (2, 6, 6)", id="two channels",
    ),
    pytest.param(
        lambda: figures.offsets(X.numpy(), ZERO), TypeError, "image must be a torch.Tensor, but is a ndarray",  # type: ignore[arg-type]
        id="numpy",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO[None]), ValueError,
        "offset must have shape (2 * offset_groups * kH * kW, H_out, W_out) = (18 * offset_groups, 4, 4), but has "
        "shape (1, 18, 4, 4); a batch is not drawn, so take one of its examples", id="a batch",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, at=(4, 0)), ValueError,
        "at must lie inside the output, but at=(4, 0) and the output size is (4, 4)", id="outside",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, at=[]), ValueError,
        "at must be an output position, as (2, 2), or several, but at=[]", id="no position",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, at=[(1, 1), 2.5]), TypeError, "at must be an int, but at=2.5 is a float",  # type: ignore[arg-type]
        id="half a position",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, offset_group=1), ValueError,
        "offset_group must be less than the number of offset groups, but offset_group=1 and the offset has 1",
        id="no such group",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, offset_group=0.5), TypeError,  # type: ignore[arg-type]
        "offset_group must be an int, but offset_group=0.5 is a float", id="half a group",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, mask=ZERO[:9], weight=torch.ones(3, 3)), ValueError,
        "mask or weight colours the points, but both are given", id="mask and weight",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, mask=ZERO), ValueError,
        "mask must have shape (9, 4, 4), one factor for each point of the offset, but has shape (18, 4, 4)", id="mask",
    ),
    pytest.param(
        lambda: figures.offsets(X, ZERO, weight=torch.ones(1, 1, 3, 3)), ValueError,
        "weight must have shape (kH, kW) = (3, 3), but has shape (1, 1, 3, 3)", id="weight",
    ),
    pytest.param(
        lambda: figures.offset_slices(X, ZERO), ValueError,
        "volume must have shape (D, H, W), nowhere 0, but has shape (6, 6)", id="no volume",
    ),
    pytest.param(
        lambda: figures.offset_slices(torch.rand(3, 3, 3), torch.zeros(81, 1, 1, 1), at=[(0, 0, 0), (0, 0, 0)]),
        ValueError, "at must be one output voxel (d, h, w), but at=[(0, 0, 0), (0, 0, 0)] has 2", id="two voxels",
    ),
    pytest.param(
        lambda: figures.offset_slices(torch.rand(3, 3, 3), torch.zeros(81, 1, 1, 1), axes=[None]), ValueError,  # type: ignore[list-item]
        "axes must be one for each depth of the kernel, 3, but there are 1", id="too few axes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "error", "message"), REFUSED)
def test_refused_before_a_figure_is_made(draw: Callable[[], object], error: type[Exception], message: str) -> None:
    before = plt.get_fignums()
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        draw()
    assert plt.get_fignums() == before


def drawn(ax: Axes) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """The rings and the dots of a scene's points, as the lines of markers that they are."""
    rings, *dots = ([(x, y) for x, y in np.asarray(line.get_data(), dtype=float).T.tolist()] for line in ax.lines)
    return rings, list(itertools.chain(*dots))


@pytest.mark.parametrize("theme", [pytest.param(style.LIGHT, id="light"), pytest.param(style.DARK, id="dark")])
def test_a_scene_draws_the_points_of_its_step(theme: Any) -> None:
    scene = scenes.deform(ConvSpec(1, 1, (2, 2)), 4, quarters(8, 3, 3))
    ax = figures.scene(scene, step=4, theme=theme)
    grid, points = scene.grid("input"), scene.steps[4].points
    rings, dots = drawn(ax)

    def middle(row: float, column: float) -> tuple[float, float]:
        return grid.left + (column + 0.5) * grid.side, grid.top + (row + 0.5) * grid.side

    assert dots == [middle(point.row, point.column) for point in points]
    assert rings == [middle(*point.start) for point in points if point.start]
    (edge,) = {to_hex(line.get_markeredgecolor()) for line in ax.lines[1:] if len(line.get_xdata())}  # type: ignore[arg-type]
    assert edge == theme.roles["read"].outline
    assert drawn(figures.scene(scene, theme=theme)) == ([], [])


def test_a_scene_without_points_has_no_markers() -> None:
    assert not figures.scene(scenes.sliding_window(ConvSpec(1, 1, (2,)), 3), step=0).lines


def test_an_arrow_ends_at_the_edge_of_its_dot() -> None:
    shaft, *head = arrow((0, 0), (3, 4), after=1, head=0.5)
    assert np.allclose(shaft, [(0, 0), (2.4, 3.2)])
    for start, end in head:
        assert start == shaft[1]
        assert np.hypot(end[0] - start[0], end[1] - start[1]) == pytest.approx(0.5)
        assert end[0] * 3 + end[1] * 4 < start[0] * 3 + start[1] * 4
    assert np.allclose(arrow((0, 0), (1.2, 0), after=1, head=0.5), [[(0, 0), (0.2, 0)]])
    assert arrow((1, 1), (1, 1), after=1, head=0.5) == []


def pixels(data: bytes, number: int) -> np.ndarray:
    picture = Image.open(io.BytesIO(data))
    picture.seek(number)
    return np.asarray(picture.convert("RGB"))


LEVELS = torch.linspace(0, 1, 16, dtype=torch.float64).reshape(1, 4, 4)
GROWING = scenes.growing_offsets(
    ConvSpec(1, 1, (3, 3), padding=1), LEVELS, torch.full((18, 4, 4), 0.5), steps=4, picture=True
)


def lost_shades(data: bytes) -> list[float]:
    """The levels of the picture that are not among the colours of the last frame, to a rounding."""
    shades = np.unique(pixels(data, 4).reshape(-1, 3), axis=0).astype(int)
    return [level for level in LEVELS.flatten().tolist() if np.abs(shades - 255 * level).max(1).min() > 1.5]


def test_an_animation_moves_the_points_and_keeps_the_shades_of_a_picture() -> None:
    made = animation.animate(GROWING)
    assert made.num_frames == 5
    assert len(made.data) <= 40_000
    assert "The offsets grow from zero" in made.alt
    frames = [pixels(made.data, number) for number in range(5)]
    assert all((one != other).any() for one, other in itertools.pairwise(frames))
    assert lost_shades(made.data) == []


def test_few_colours_would_lose_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "ALL_COLOURS", animation.FEW_COLOURS)
    assert lost_shades(animation.animate(GROWING).data)


def test_an_animation_steps_over_the_input() -> None:
    scene = scenes.deform(ConvSpec(1, 1, (3, 3)), 5)
    made = animation.animate(scene)
    assert made.num_frames == 9
    assert len(made.data) <= 50_000
    dot = tuple(int(style.LIGHT.roles["read"].outline[start : start + 2], 16) for start in (1, 3, 5))
    assert all(dot in {tuple(p) for p in pixels(made.data, n).reshape(-1, 3).tolist()} for n in (0, 8))
