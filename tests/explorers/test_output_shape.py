"""The output size at the extremes of its controls, with torch as the judge of sizes and refusals."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
import torch
from torch import nn

from convlab.explorers import output_shape

CORNERS = {
    "input_size": (1, 10, 64),
    "kernel_size": (1, 11),
    "stride": (1, 8),
    "padding": (0, 6, "same", "valid"),
    "dilation": (1, 6),
    "transposed": (False, True),
    "output_padding": (0, 1, 7),
}


def torch_size(*, input_size: int, transposed: bool, output_padding: int, **settings: Any) -> int | None:
    """The size of torch's output; None where torch refuses."""
    if output_padding and not transposed:
        return None  # torch's Conv1d has no such argument
    kind: Any = nn.ConvTranspose1d if transposed else nn.Conv1d
    more = {"output_padding": output_padding} if transposed else {}
    try:
        return int(kind(1, 1, **settings, **more)(torch.zeros(1, 1, input_size)).shape[-1])
    except (RuntimeError, ValueError, TypeError):
        return None


def corners() -> list[dict[str, Any]]:
    return [dict(zip(CORNERS, values, strict=True)) for values in itertools.product(*CORNERS.values())]


@pytest.mark.parametrize("transposed", [False, True])
def test_sizes_and_refusals_are_those_of_torch(transposed: bool) -> None:
    explorer = output_shape(transposed=transposed)
    outcomes = []
    for settings in corners():
        if settings["transposed"] != transposed:
            continue
        explorer.set(**settings)
        expected = torch_size(**settings)
        if explorer.scene is None:
            assert expected is None, (settings, explorer.message)
            assert "\n" not in explorer.message
        else:
            grid = explorer.scene.grid("output")
            assert "".join(grid.kinds or ("." * grid.shape[1],)).count("c") + (expected or 0) == grid.shape[1], settings
            assert explorer.text.splitlines()[1].endswith(f" = {expected}"), settings
        outcomes.append(expected is None)
    assert 0 < sum(outcomes) < len(outcomes)  # both happen


def test_the_corners_are_the_controls_extremes() -> None:
    controls = output_shape().controls
    for name, values in CORNERS.items():
        control = controls[name]
        if name not in ("padding", "transposed"):
            assert {control.min, control.max} <= set(values)
    assert {controls["padding"].options[0], *controls["padding"].options[-3:]} == set(CORNERS["padding"])


def test_positions_stand_in_place_of_numbers() -> None:
    scene = output_shape(input_size=5, kernel_size=2, stride=2, padding=1).scene
    assert scene is not None
    assert scene.grid("input").values == ((-1, 0, 1, 2, 3, 4, 5),)
    assert [step.text for step in scene.steps] == [f"reads positions {n}, {n + 1}" for n in (-1, 1, 3)]
    assert {grid.name for grid in scene.grids} == {"input", "output"}


@pytest.mark.parametrize(
    ("settings", "muted", "words"),
    [
        pytest.param({"input_size": 9, "stride": 2}, [], "0 of the 9 elements of the padded input are read", id="none"),
        pytest.param({"input_size": 10, "stride": 2}, [9], "1 of the 10 elements of the padded input is", id="one"),
        pytest.param({"input_size": 7, "stride": 3, "kernel_size": 1}, [1, 2, 4, 5], "4 of the 7 elements", id="gaps"),
        pytest.param({"input_size": 3, "transposed": True, "output_padding": 1}, [7], "1 of the 8 output", id="added"),
        pytest.param(
            {"input_size": 2, "kernel_size": 1, "stride": 3, "transposed": True},
            [1, 2],
            "2 of the 4 output",
            id="holes",
        ),
    ],
)
def test_what_nothing_touches_is_muted(settings: dict[str, Any], muted: list[int], words: str) -> None:
    explorer = output_shape(**settings)
    assert explorer.scene is not None
    lit = [mark for mark in explorer.scene.steps[0].marks if mark.role == "muted"]
    values = explorer.scene.grid("output" if settings.get("transposed") else "input").values[0]
    assert [values[column] for mark in lit for _, column in mark.cells] == muted
    assert words in explorer.text


def test_both_formulas_are_written_out() -> None:
    general, filled, _ = output_shape(input_size=7, padding=2).text.splitlines()
    names = {"L_in": "7", "padding": "2", "dilation": "1", "kernel_size": "3", "stride": "2"}
    assert re.sub(r"\w+", lambda found: names.get(found[0], found[0]), general) == filled.rpartition(" = ")[0]
    assert output_shape(transposed=True).text.startswith("L_out = (L_in-1)*stride - 2*padding")


def test_a_reason_is_in_torchs_terms() -> None:
    explorer = output_shape()
    explorer.set(padding="same")
    assert explorer.message == "padding='same' needs stride=1, but stride=(2,)"
    explorer.set(padding=0, output_padding=1)
    assert explorer.message == "output_padding needs a transposed convolution, but output_padding=(1,)"


def test_what_is_cropped_is_not_counted() -> None:
    explorer = output_shape(input_size=3, kernel_size=1, stride=3, padding=2, transposed=True)
    assert explorer.text.endswith("\n2 of the 3 output elements are reached by no input element.")


@pytest.mark.parametrize("is_transposed", [False, True])
def test_positions_stand_alone_without_weights_in_their_corners(is_transposed: bool) -> None:
    scene = output_shape(transposed=is_transposed).scene
    assert scene is not None
    assert {mark.notes for step in scene.steps for mark in step.marks} == {()}
