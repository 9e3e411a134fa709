"""What every picture of a convolution refuses: in one sentence, before any work, and never with an inner error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.scenes import Scene
from convlab.scenes.numbers import in_sum, real, whole

PLAIN: list[Callable[..., Scene]] = [scenes.sliding_window, scenes.unfold, scenes.matrix_and_transpose, scenes.matrix]
TRANSPOSED: list[Callable[..., Scene]] = [scenes.scatter, scenes.gather, scenes.overlap]
OF_TENSORS: list[Callable[..., Scene]] = [
    scenes.sliding_window,
    scenes.unfold,
    scenes.matrix,
    scenes.scatter,
    scenes.gather,
]


def spec_for(picture: Callable[..., Scene], **options: Any) -> ConvSpec:
    return ConvSpec(1, 1, **{"kernel_size": (2,), **options}, transposed=picture in TRANSPOSED)


@pytest.mark.parametrize("picture", PLAIN + TRANSPOSED)
@pytest.mark.parametrize("spec", [pytest.param(None, id="None"), pytest.param((1, 1, (3,)), id="a tuple")])
def test_what_is_no_spec_is_refused(picture: Callable[..., Scene], spec: Any) -> None:
    with pytest.raises(TypeError, match=rf"\A{picture.__name__} needs an arithmetic.ConvSpec, but spec="):
        picture(spec, 5)


@pytest.mark.parametrize("picture", [p for p in PLAIN + TRANSPOSED if p is not scenes.unfold])
def test_four_axes_are_refused(picture: Callable[..., Scene]) -> None:
    with pytest.raises(ValueError, match=rf"\A{picture.__name__} shows 1, 2 or 3 spatial axes, but kernel_size="):
        picture(spec_for(picture, kernel_size=(2, 2, 2, 2)), 3)


@pytest.mark.parametrize("picture", OF_TENSORS)
@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        pytest.param(lambda: torch.ones(1, 4).to_sparse(), TypeError, "input must be a dense tensor", id="sparse"),
        pytest.param(lambda: torch.ones(1, 4, device="meta"), ValueError, "on the device 'meta'", id="meta"),
        pytest.param(lambda: torch.ones(1, 4) * 1j, TypeError, "input must hold real numbers", id="complex"),
        pytest.param(lambda: torch.full((1, 4), -torch.inf), ValueError, "input must hold finite", id="inf"),
    ],
)
def test_an_input_without_numbers_is_refused(
    picture: Callable[..., Scene], make: Callable[[], torch.Tensor], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        picture(spec_for(picture), make())


@pytest.mark.parametrize("picture", OF_TENSORS)
def test_numbers_that_overflow_are_refused_in_words(picture: Callable[..., Scene]) -> None:
    x, w = (torch.tensor(v, dtype=torch.float64) for v in ([[1e300, 1e300]], [[[1e300, -1e300]]]))
    with pytest.raises(ValueError, match="the numbers of a picture must be finite, but there is an inf or a nan"):
        picture(spec_for(picture), x, w)


@pytest.mark.parametrize("picture", TRANSPOSED)
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"stride": 10**12}, id="stride"),
        pytest.param({"dilation": 10**12}, id="dilation"),
        pytest.param({"stride": 10**12, "output_padding": 10**12 - 1}, id="output_padding"),
    ],
)
def test_a_picture_too_wide_for_the_memory_is_refused_at_once(
    picture: Callable[..., Scene], options: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match=rf"\A{picture.__name__} shows at most 2000 cells"):
        picture(spec_for(picture, **options), 3)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param({"kernel_size": (3,)}, "over an input of 4 elements and a border of zeros;", id="a border"),
        pytest.param({"kernel_size": (1,)}, "over an input of 4 elements;", id="no border"),
        pytest.param({"kernel_size": (2,), "padding": 2}, "over an input of 4 elements;", id="cropped"),
        pytest.param({"stride": 3}, "4 elements with 2 zeros between elements and a border of zeros;", id="between"),
        pytest.param({"padding": 1, "stride": 2, "output_padding": 1}, "between elements and a border", id="one end"),
    ],
)
def test_gather_speaks_of_a_border_where_there_is_one(spec: dict[str, Any], words: str) -> None:
    assert words in scenes.gather(spec_for(scenes.gather, **spec), 4).alt


def test_gather_speaks_of_no_zeros_between_where_there_is_one_element() -> None:
    assert "between" not in scenes.gather(spec_for(scenes.gather, stride=3), 1).alt


@pytest.mark.parametrize(
    ("value", "word"),
    [
        pytest.param(0.004, "0.004", id="would be 0 with two digits"),
        pytest.param(-1e-5, "(-1e-05)", id="negative"),
        pytest.param(0.005, "0.01", id="two digits are enough"),
        pytest.param(-0.0, "0", id="negative zero"),
        pytest.param(1e-17, "0", id="what rounding left"),
        pytest.param(1234.5678, "1234.57", id="large"),
        pytest.param(1e6, "1000000", id="a million"),
    ],
)
def test_no_number_of_a_sum_looks_like_0(value: float, word: str) -> None:
    assert in_sum(value) == word
    x, w = torch.tensor([[1000 * value]]), torch.tensor([[[0.001]]])
    (step,) = scenes.sliding_window(ConvSpec(1, 1, (1,)), x.double(), w.double()).steps
    assert "*0.001 = " in step.text


def test_a_number_is_finite_and_a_tensor_is_a_tensor() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        whole(float("nan"))
    with pytest.raises(TypeError, match=r"input must be a torch\.Tensor, but is a float"):
        real("input", 1.0)  # type: ignore[arg-type]
