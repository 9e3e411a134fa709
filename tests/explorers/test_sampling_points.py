"""The explorer of a deformable convolution in Python: its tensors, what travels to the browser, what it refuses."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import traitlets

import convlab
from convlab.explorers import deform

PLANE = torch.tensor([[1.0, 5, 2, 0], [-3, 8, 4, 6], [7, 2, 9, 1], [4, 0, 3, 5]])


def test_it_begins_with_a_digit() -> None:
    explorer = deform()
    assert repr(explorer) == "deform: the 9 points of a 3 x 3 kernel for output (2, 2), on an input of 8 x 8"
    assert explorer.input.shape == (1, 1, 8, 8)
    assert torch.equal(explorer.input, 16 * convlab.data.digits()[0][32][None])
    assert explorer.weight[0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert any(any(moves) for moves in explorer.offsets)
    assert explorer.mask is None


@pytest.mark.parametrize(
    ("input", "shape"),
    [
        pytest.param(torch.arange(6.0), (1, 3, 4), id="1D"),
        pytest.param(PLANE, (1, 18, 2, 2), id="2D"),
        pytest.param(torch.zeros(3, 4, 5), (1, 81, 1, 2, 3), id="3D"),
    ],
)
def test_its_tensors_are_laid_out_as_deform_conv_takes_them(input: torch.Tensor, shape: tuple[int, ...]) -> None:
    explorer = deform(input)
    assert explorer.offset.shape == shape
    here = explorer.window.output_index
    output = convlab.deform_conv(explorer.input, explorer.offset, explorer.weight)
    assert explorer.output == float(output[(0, 0, *here)])
    explorer.offsets = [[0.25] * input.ndim for _ in explorer.offsets]
    assert explorer.offset[0].flatten(1).abs().sum(1).unique().tolist() == [0.25]
    assert int(explorer.offset.count_nonzero()) == shape[1]  # zeros at the other outputs


def test_the_offsets_of_a_layer_may_be_given() -> None:
    offset = torch.linspace(-1, 1, 72).reshape(1, 18, 2, 2).requires_grad_()
    mask = torch.full((1, 9, 2, 2), 0.5)
    explorer = deform(PLANE, torch.ones(3, 3), offset, mask, position=(1, 0))
    here = explorer.offset[0, :, 1, 0]
    assert torch.equal(here, (4 * offset[0, :, 1, 0] + 0.5).detach().floor() / 4)  # in quarters
    assert torch.equal(explorer.offset[0, :, 0, 1], offset[0, :, 0, 1].detach())
    assert explorer.offset.requires_grad is False
    twice = deform(PLANE, torch.ones(3, 3), offset, position=(1, 0))
    assert twice.output == pytest.approx(2 * explorer.output)
    torch.testing.assert_close(explorer.mask, mask)


def test_hyperparameters_are_those_of_deform_conv() -> None:
    options: dict[str, Any] = {"stride": 2, "padding": 1, "dilation": (1, 2)}
    explorer = deform(PLANE, torch.ones(2, 2), torch.zeros(8, 3, 2), position=(2, 1), **options)
    expected = torch.nn.functional.conv2d(PLANE[None, None], torch.ones(1, 1, 2, 2), **options)
    assert explorer.output == float(expected[0, 0, 2, 1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bfloat16])
def test_a_dtype_that_fits_the_input(dtype: torch.dtype) -> None:
    explorer = deform(PLANE.to(dtype))
    wanted = dtype if dtype.is_floating_point else torch.get_default_dtype()
    assert {explorer.input.dtype, explorer.offset.dtype, explorer.weight.dtype} == {wanted}
    assert isinstance(explorer.output, float)


def test_what_the_browser_writes_back() -> None:
    explorer = deform(PLANE)
    moved = [[0.5, -0.25], *[[0.0, 0.0]] * 8]
    explorer.set_state({"offsets": moved, "chosen": 4})
    assert (explorer.offsets, explorer.chosen) == (moved, 4)
    explorer.offsets = [[0.3, 99.0], *moved[1:]]  # what a program writes is brought to where a point may stand
    assert explorer.offsets[0] == [0.25, 4 - explorer.window.lattice[0][1]]
    for wrong in ([[0.0, 0.0]], [[0.0]] * 9):
        with pytest.raises(traitlets.TraitError, match="offsets must hold 9 lists of 2 numbers"):
            explorer.offsets = wrong


def test_stored_pages_show_a_picture() -> None:
    bundle, metadata = deform(PLANE)._repr_mimebundle_()
    assert bundle["text/plain"] == "deform: the 9 points of a 3 x 3 kernel for output (0, 0), on an input of 4 x 4"
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 40_000
    assert metadata["image/png"]["alt"].startswith("The 9 points of a 3 x 3 kernel for output (0, 0)")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle == deform(PLANE)._repr_mimebundle_()[0] | {
        "application/vnd.jupyter.widget-view+json": bundle["application/vnd.jupyter.widget-view+json"]
    }


def test_what_travels() -> None:
    state = deform(PLANE).get_state()
    assert {"sampling", "offsets", "chosen", "themes"} <= set(state)
    assert str(Path(convlab.__file__).parent) not in str(state)
    assert len(json.dumps(state["sampling"])) < 10_000


@pytest.mark.usefixtures("meta_device")
def test_the_default_device_does_not_matter() -> None:
    explorer = deform()
    assert {explorer.input.device.type, explorer.offset.device.type, explorer.weight.device.type} == {"cpu"}
    assert explorer.output > 0


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        pytest.param({"input": [[1.0]]}, TypeError, "input must be a torch.Tensor, but is a list", id="a list"),
        pytest.param({"weight": 3}, TypeError, "weight must be a torch.Tensor, but is a int", id="a number"),
        pytest.param({"input": PLANE[None, None]}, ValueError, "(L,), (H, W) or (D, H, W)", id="a batch"),
        pytest.param({"offset": torch.zeros(2, 18, 2, 2)}, ValueError, "offset must have shape", id="two examples"),
        pytest.param({"offset": [0.0]}, TypeError, "offset must be a torch.Tensor, but is a list", id="offset"),
        pytest.param({"mask": torch.ones(1, 9, 3, 3)}, ValueError, "mask must have shape (9, 2, 2)", id="mask"),
        pytest.param({"position": (2, 0)}, ValueError, "position must lie inside the output", id="position"),
        pytest.param({"stride": 0}, ValueError, "stride", id="stride"),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        deform(**{"input": PLANE, **arguments})
    assert sentence in str(caught.value)
