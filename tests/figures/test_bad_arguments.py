"""What every picture refuses in one sentence: what is no scene, no theme, or a tensor without numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from convlab import figures, scenes
from convlab.animation import animate
from convlab.arithmetic import ConvSpec
from convlab.figures.style import DARK, LIGHT

SHAPES: dict[Callable[..., Any], tuple[int, ...]] = {
    figures.cells: (4, 4),
    figures.feature_map: (4, 4),
    figures.image: (4, 4),
    figures.field: (4, 4),
    figures.signals: (2, 4),
    figures.feature_maps: (2, 4, 4),
    figures.slices: (2, 4, 4),
    figures.frames: (2, 4, 4),
    figures.voxels: (2, 4, 4),
    figures.filters: (2, 1, 4, 4),
}


@pytest.mark.parametrize("draw", SHAPES)
@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        pytest.param(lambda t: t.numpy(), TypeError, "must be a torch.Tensor, but is a ndarray", id="numpy"),
        pytest.param(lambda t: t.to("meta"), ValueError, "it is on the device 'meta'", id="meta"),
        pytest.param(lambda t: t * 1j, TypeError, "must hold real numbers", id="complex"),
        pytest.param(lambda t: t[:0], ValueError, "must have shape .* has shape \\(0, ", id="empty"),
    ],
)
def test_a_tensor_without_numbers_is_refused_before_a_figure_is_made(
    draw: Callable[..., Any], spoil: Callable[[torch.Tensor], Any], error: type[Exception], words: str
) -> None:
    before = plt.get_fignums()
    with pytest.raises(error, match=words):
        draw(spoil(torch.ones(SHAPES[draw])))
    assert plt.get_fignums() == before


@pytest.mark.parametrize("draw", [d for d in SHAPES if d is not figures.voxels])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.bool])
def test_any_kind_of_number_is_drawn(draw: Callable[..., Any], dtype: torch.dtype) -> None:
    drawn = draw(torch.ones(SHAPES[draw], dtype=dtype))
    assert len(np.atleast_1d(drawn)[0].get_children()) > 0


def test_a_signal_must_be_finite() -> None:
    with pytest.raises(ValueError, match="tensor must hold finite numbers"):
        figures.signals(torch.tensor([[1.0, torch.nan], [0.0, 1.0]]))


SCENE = scenes.sliding_window(ConvSpec(1, 1, (2,)), 3)


@pytest.mark.parametrize("draw", [figures.scene, figures.steps, animate])
def test_what_is_no_scene_or_no_theme_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"\Ascene must be a scenes.Scene, but is a list\Z"):
        draw([SCENE])
    with pytest.raises(TypeError, match=r"\Atheme must be style.LIGHT or style.DARK, but theme='dark'\Z"):
        draw(SCENE, theme="dark")


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_on_given_axes_can_be_read(theme: Any) -> None:
    axes = figures.panels(1, 2, width=8, height=3)
    for ax in axes:
        figures.scene(SCENE, ax=ax, theme=theme)
    assert to_hex(axes[0].figure.get_facecolor()) == theme.page
