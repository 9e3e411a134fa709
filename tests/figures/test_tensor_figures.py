"""Pictures are checked by reading the axes back, since stored PNG outputs are not compared."""

import re
from collections.abc import Callable
from typing import Any, get_args

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from convlab import figures
from convlab.figures import style
from convlab.figures.tensors import Scale

DRAWERS = [
    pytest.param(lambda ax: figures.image(torch.rand(3, 4, 6), ax=ax, title="t"), id="image"),
    pytest.param(lambda ax: figures.feature_map(torch.randn(4, 6), ax=ax, title="t"), id="feature_map"),
    pytest.param(lambda ax: figures.cells(torch.randn(4, 6), ax=ax, title="t"), id="cells"),
    pytest.param(lambda ax: figures.filters(torch.randn(4, 3, 5, 5), ax=ax, title="t"), id="filters"),
    pytest.param(lambda ax: figures.signals(torch.randn(2, 6), ax=ax, title="t"), id="signals"),
    pytest.param(lambda ax: figures.signals(torch.randn(2, 6), ax=ax, title="t", overlay=True), id="signals, overlay"),
    pytest.param(lambda ax: figures.curves({"a": [1.0]}, ax=ax, title="t", xlabel="x", ylabel="y"), id="curves"),
]


@pytest.mark.parametrize("draw", DRAWERS)
def test_draws_on_the_given_axes_and_gives_them_back(draw: Callable[[Axes | None], Axes]) -> None:
    ax = figures.panels(1, 2, width=4, height=2)[1]
    before = plt.get_fignums()
    assert draw(ax) is ax
    assert ax.get_title() == "t"
    assert ax.has_data()
    assert plt.get_fignums() == before


@pytest.mark.parametrize("draw", DRAWERS)
def test_makes_a_new_figure_without_axes(draw: Callable[[Axes | None], Axes]) -> None:
    before = len(plt.get_fignums())
    assert isinstance(draw(None), Axes)
    assert len(plt.get_fignums()) == before + 1


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda x: figures.image(x), id="image"),
        pytest.param(lambda x: figures.feature_map(x), id="feature_map"),
        pytest.param(lambda x: figures.cells(x), id="cells"),
        pytest.param(lambda x: figures.signals(x), id="signals"),
        pytest.param(lambda x: figures.filters(x.reshape(2, 1, 2, 3)), id="filters"),
        pytest.param(lambda x: figures.slices(x.reshape(3, 2, 2)), id="slices"),
        pytest.param(lambda x: figures.frames(x.reshape(3, 2, 2)), id="frames"),
    ],
)
def test_draws_on_the_cpu_whatever_the_default_device_is(
    draw: Callable[[torch.Tensor], object], meta_device: None
) -> None:
    draw(torch.rand(4, 3, device="cpu"))


def drawn(ax: Axes) -> np.ndarray:
    return np.asarray(ax.images[0].get_array())


def test_image_shows_channels_last_and_rows_downwards() -> None:
    picture = torch.rand(3, 4, 6)
    ax = figures.image(picture)
    assert np.array_equal(drawn(ax), picture.permute(1, 2, 0).numpy())
    assert ax.yaxis_inverted()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("W = 6", "H = 4")


@pytest.mark.parametrize(
    "shape", [pytest.param((4, 6), id="no channel axis"), pytest.param((1, 4, 6), id="one channel")]
)
def test_image_in_grey_maps_0_to_black_and_1_to_white(shape: tuple[int, ...]) -> None:
    ax = figures.image(torch.full(shape, 0.25))
    assert drawn(ax).shape == (4, 6)
    assert ax.images[0].get_clim() == (0, 1)
    assert ax.images[0].get_cmap()(0.0)[:3] == (0, 0, 0)


def test_image_clips_what_no_screen_shows() -> None:
    assert drawn(figures.image(torch.tensor([[-1.0, 0.5, 2.0]]))).tolist() == [[0.0, 0.5, 1.0]]


def test_feature_map_is_white_at_zero() -> None:
    ax = figures.feature_map(torch.tensor([[-1.0, 0.0, 3.0]]), limit=2)
    white = ax.images[0].to_rgba(np.array([0.0]))[0, :3]
    assert ax.images[0].get_clim() == (-2, 2)
    assert np.all(white > 0.95)


def test_feature_map_takes_its_limit_from_99_of_100_elements() -> None:
    values = torch.linspace(-1, 1, 10_000).reshape(100, 100).clone()
    values[0, 0] = 1000.0
    low, high = figures.feature_map(values).images[0].get_clim()
    assert -low == high == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize(
    ("limit", "extend"),
    [pytest.param(1.0, "both", id="numbers beyond the limit"), pytest.param(3.0, "neither", id="none beyond")],
)
def test_colour_bar_tells_whether_numbers_lie_beyond(limit: float, extend: str) -> None:
    ax = figures.feature_map(torch.tensor([[-2.0, 3.0]]), limit=limit)
    bar = ax.images[0].colorbar
    assert bar is not None
    assert bar.extend == extend


def test_feature_map_of_zeros_has_a_scale() -> None:
    assert figures.feature_map(torch.zeros(2, 2)).images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        pytest.param([[1.0, -20.0]], ["1", "-20"], id="whole numbers"),
        pytest.param([[0.5, 1.0]], ["0.50", "1.00"], id="fractions"),
        pytest.param([[0, 3]], ["0", "3"], id="an integer tensor"),
    ],
)
def test_cells_writes_every_number(values: list[list[float]], texts: list[str]) -> None:
    ax = figures.cells(torch.tensor(values))
    assert [text.get_text() for text in ax.texts] == texts
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0)]


def test_cells_puts_each_number_on_its_cell() -> None:
    values = torch.arange(6).reshape(2, 3)
    for text in figures.cells(values).texts:
        column, row = text.get_position()
        assert text.get_text() == str(values[int(row), int(column)].item())


@pytest.mark.parametrize(
    ("scale", "values", "limits"),
    [
        pytest.param(None, [[-1.0, 4.0]], (-4, 4), id="negative numbers: signed by itself"),
        pytest.param(None, [[1.0, 4.0]], (0, 4), id="none negative: a count by itself"),
        pytest.param("signed", [[1.0, 4.0]], (-4, 4), id="signed by wish"),
        pytest.param("grey", [[0.0, 4.0]], (0, 4), id="grey"),
    ],
)
def test_cells_scale(scale: Scale | None, values: list[list[float]], limits: tuple[float, float]) -> None:
    assert figures.cells(torch.tensor(values), scale=scale).images[0].get_clim() == limits


def test_numbers_can_be_read_on_every_colour() -> None:
    for scale in get_args(Scale):
        ax = figures.cells(torch.linspace(0, 1, 21).reshape(3, 7), scale=scale)
        for text, value in zip(ax.texts, drawn(ax).ravel(), strict=True):
            background = ax.images[0].to_rgba(np.array([value]))[0]
            assert contrast(to_rgb(text.get_color()), tuple(background[:3])) > 4.5  # level AA


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of two colours by WCAG 2.2."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_curves_count_from_one_and_name_each_curve() -> None:
    series = {f"run {i}": [1.0, 0.5] for i in range(len(style.COLOURS) + 1)}
    ax = figures.curves(series, expected={"formula": [1.0, 0.5]}, xlabel="epoch", ylabel="loss", log=True)
    assert [line.get_label() for line in ax.lines] == [*series, "formula"]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [*series, "formula"]
    assert all(np.array_equal(line.get_xdata(), [1, 2]) for line in ax.lines)
    assert ax.lines[-1].get_linestyle() == "--"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "loss", "log")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        pytest.param(
            lambda: figures.image(torch.zeros(4, 4, 3)),
            "tensor must have shape (3, H, W), (1, H, W) or (H, W), nowhere 0, but has shape (4, 4, 3)",
            id="channels last",
        ),
        pytest.param(
            lambda: figures.feature_map(torch.zeros(1, 4, 4)),
            "tensor must have shape (H, W), nowhere 0, but has shape (1, 4, 4)",
            id="map",
        ),
        pytest.param(
            lambda: figures.cells(torch.zeros(4)),
            "tensor must have shape (H, W), nowhere 0, but has shape (4,)",
            id="cells",
        ),
    ],
)
def test_a_wrong_shape_is_refused_before_a_figure_is_made(draw: Callable[[], Axes], message: str) -> None:
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw()
    assert plt.get_fignums() == before


def test_a_tensor_that_needs_gradients_is_drawn_and_left_alone() -> None:
    weight = torch.randn(3, 3, requires_grad=True)
    copy = weight.detach().clone()
    figures.cells(weight)
    figures.feature_map(weight)
    assert torch.equal(weight, copy)
    assert weight.grad is None


PICTURES: dict[str, Callable[[torch.Tensor], Any]] = {
    "image": figures.image,
    "feature_map": figures.feature_map,
    "cells": figures.cells,
    "field": figures.field,
    "slices": lambda plane: figures.slices(plane.expand(3, -1, -1))[0],
    "frames": lambda plane: figures.frames(plane.expand(3, -1, -1))[0],
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_picture_has_a_frame(draw: Callable[[torch.Tensor], Any]) -> None:
    assert all(spine.get_visible() for spine in draw(torch.rand(4, 5)).spines.values())


def test_a_chart_is_open_above_and_to_the_right() -> None:
    ax = figures.curves({"loss": [2.0, 1.0]}, xlabel="epoch", ylabel="loss")
    assert [side for side, spine in ax.spines.items() if not spine.get_visible()] == ["right", "top"]
