"""The padding modes at the extremes of their controls, with torch as the judge of numbers and refusals."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from convlab.arithmetic.spec import PADDING_MODES
from convlab.explorers import padding_modes
from convlab.explorers.padding_modes import ALL


def torch_padded(values: torch.Tensor, padding: int, mode: str) -> torch.Tensor | None:
    """The input with its padding; None where torch refuses."""
    try:
        amounts = (padding,) * 2 * (values.ndim - 1)
        return F.pad(values[None], amounts, mode="constant" if mode == "zeros" else mode)[0]
    except RuntimeError:
        return None


@pytest.mark.parametrize("ndim", [1, 2])
def test_each_mode_is_shown_or_refused_as_by_torch(ndim: int) -> None:
    explorer = padding_modes(ndim)
    outcomes = []
    sizes, amounts = ([1, 2, explorer.controls[name].max] for name in ("input_size", "padding"))
    for size, padding, mode in itertools.product(sizes, amounts, (ALL, *PADDING_MODES)):
        explorer.set(input_size=size, padding=padding, padding_mode=mode)
        modes = PADDING_MODES if mode == ALL else (mode,)
        expected = {name: torch_padded(torch.zeros(1, *(size,) * ndim), padding, name) for name in modes}
        refused = any(found is None for found in expected.values())
        assert (explorer.scene is None) == refused, (size, padding, mode, explorer.message)
        assert "\n" not in explorer.message
        outcomes.append(refused)
        if explorer.scene is None:
            continue
        (row,) = explorer.scene.grid("input").values if ndim == 1 else [explorer.scene.grid("input").values]
        numbers = explorer.scene.values_at(-1)
        for name in modes:
            around = torch_padded(torch.tensor([row], dtype=torch.float64), padding, name)
            assert around is not None
            assert torch.tensor(numbers[name], dtype=torch.float64).equal(around.reshape(-1, around.shape[-1]))
    assert 0 < sum(outcomes) < len(outcomes)  # both happen


def test_an_input_of_the_reader() -> None:
    explorer = padding_modes(input=torch.tensor([[1.0, 2.0, 5.0]]), padding=1, padding_mode="circular")
    assert set(explorer.controls) == {"padding", "padding_mode"}
    assert explorer.scene is not None
    assert explorer.scene.values_at(-1)["circular"] == [[5, 1, 2, 5, 1]]


def test_one_mode_that_cannot_does_not_stop_the_others() -> None:
    explorer = padding_modes(input_size=3, padding=3)
    assert explorer.message.startswith("padding_mode='reflect' can fill at most 2 elements")
    explorer.set(padding_mode="circular")
    assert explorer.message == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"ndim": 3}, "ndim must be 1 or 2, but ndim=3", id="a volume"),
        pytest.param({"input": torch.zeros(5)}, r"input must have 2 axes, but has shape \(5,\)", id="no channel axis"),
        pytest.param({"padding": 0}, "padding must be from 1 to 12 in this explorer, but padding=0", id="no padding"),
        pytest.param({"padding_mode": "mirror"}, "padding_mode must be one of .* but padding_mode='mirror'", id="mode"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        padding_modes(**arguments)
