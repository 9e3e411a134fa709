"""Deformable layers in a trace, in a receptive field, in remarks and at the doctor's, beside plain convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from conv_cases import TORCH_MODULE, numbers
from torch import Tensor, nn

import convlab
from convlab.inspection import diagnose, record, trace
from convlab.nn import DeformConv1d, DeformConv2d, DeformConv3d

DEFORM: dict[int, Callable[..., Any]] = {1: DeformConv1d, 2: DeformConv2d, 3: DeformConv3d}
SIZE = (11, 12, 10)

CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "1D": (1, {}),
    "2D": (2, {}),
    "3D": (3, {}),
    "stride and padding": (2, {"stride": 2, "padding": 1}),
    "padding same, even kernel": (1, {"kernel_size": 4, "padding": "same"}),
    "dilation": (2, {"dilation": (2, 3)}),
    "groups": (3, {"groups": 2, "stride": (1, 2, 1)}),
    "no bias": (2, {"bias": False}),
}
each_case = pytest.mark.parametrize(("ndim", "options"), [pytest.param(*case, id=name) for name, case in CASES.items()])
each_own = pytest.mark.parametrize(
    "own",
    [
        pytest.param({}, id="modulated"),
        pytest.param({"modulated": False}, id="not modulated"),
        pytest.param({"offset_groups": 2}, id="two offset groups"),
    ],
)


@each_own
@each_case
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_its_row_is_that_of_the_convolution_and_the_branch_has_its_own(
    ndim: int, options: dict[str, Any], own: dict[str, Any]
) -> None:
    """The interpolation has no MACs, and no parameter counts twice."""
    options, shape = {"kernel_size": 3, **options}, (2, 4, *SIZE[:ndim])
    layer = DEFORM[ndim](4, 6, **options, **own)
    channels = 3**ndim if options["kernel_size"] == 3 else 4
    channels *= own.get("offset_groups", 1) * (ndim + own.get("modulated", True))
    (plain,) = trace(TORCH_MODULE[ndim](4, 6, **options), shape).layers
    (offsets,) = trace(TORCH_MODULE[ndim](4, channels, **{**options, "groups": 1, "bias": True}), shape).layers
    for report in (trace(layer, shape), trace(layer, numbers(*shape).float())):
        branch, row = report.layers
        assert (row.kind, row.place) == (f"DeformConv{ndim}d", "model")
        names = ("input_shape", "output_shape", "formula", "num_params", "num_macs", "receptive_field")
        assert [getattr(row, name) for name in names] == [getattr(plain, name) for name in names]
        assert (branch.kind, branch.name) == (f"Conv{ndim}d", "offset_branch")
        assert [getattr(branch, name) for name in names] == [getattr(offsets, name) for name in names]
        assert report.num_params == sum(p.numel() for p in layer.parameters())
        assert report.receptive_field == plain.receptive_field
        assert report.diagnosis is None


def network(kind: Callable[..., Any]) -> nn.Module:
    """A few layers with strides, dilations and paddings, the middle ones of this kind."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), kind(4, 6, (3, 5), stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        kind(6, 4, 3, dilation=2), nn.MaxPool2d(2), nn.Conv2d(4, 2, 1),
    )  # fmt: skip


@pytest.mark.parametrize("own", [{}, {"modulated": False, "offset_groups": 2}], ids=["version 2", "version 1"])
def test_a_receptive_field_is_that_of_the_taps_before_they_move(own: dict[str, Any]) -> None:
    def kind(*args: Any, **options: Any) -> nn.Module:
        layer: nn.Module = DEFORM[2](*args, **options, **own)
        return layer

    report, plain = trace(network(kind), (1, 3, 48, 48)), trace(network(nn.Conv2d), (1, 3, 48, 48))
    assert report.receptive_field == plain.receptive_field == report.measure_receptive_field()
    sentence = "There, deformable convolutions count as with offsets of zero; others see other elements."
    assert sentence in str(report)
    assert sentence in report._repr_html_()
    assert sentence not in str(plain)


def test_learned_offsets_see_other_elements() -> None:
    """What the sentence says: with an offset of 3 the gradient lies outside the field of the lattice."""
    layer, input = DeformConv1d(1, 1, 1, modulated=False), numbers(1, 1, 9).float().requires_grad_()
    assert layer.offset_branch is not None
    nn.init.constant_(layer.offset_branch.bias, 3.0)  # type: ignore[arg-type]
    layer(input)[..., 2].sum().backward()
    assert input.grad is not None
    assert input.grad[0, 0].nonzero().flatten().tolist() == [5]
    assert trace(layer, (1, 1, 9)).receptive_field == trace(nn.Conv1d(1, 1, 1), (1, 1, 9)).receptive_field


class Outside(nn.Module):
    """Offsets by another layer, for the function and for a layer without branch."""

    def __init__(self, reach: int = 5) -> None:
        super().__init__()
        self.offset = nn.Conv2d(4, 18, reach, padding=reach // 2)
        self.mask = nn.Conv2d(4, 9, 3, padding=1)
        self.weight = nn.Parameter(torch.rand(4, 4, 3, 3))
        self.deform = DeformConv2d(4, 6, 3, padding=1, branch=False)

    def forward(self, x: Tensor) -> Any:
        y = convlab.deform_conv(x, self.offset(x), self.weight, padding=1)
        return self.deform(y, self.offset(x), mask=self.mask(x).sigmoid())


def test_the_function_has_a_row_of_its_own() -> None:
    report = trace(Outside(), (1, 4, 9, 9))
    rows = {layer.place: layer for layer in report.layers}
    function, layer = rows["forward: deform_conv"], rows["deform"]
    assert (function.num_params, function.num_macs) == (4 * 4 * 9, 9 * 9 * 4 * 4 * 9)
    assert (layer.num_params, layer.num_macs) == (6 * 4 * 9 + 6, 9 * 9 * 6 * 4 * 9)
    assert function.formula == layer.formula == "floor((9 + 2*1 - 1*(3-1) - 1) / 1) + 1 = 9"
    assert function.input_shape == ((1, 4, 9, 9), (1, 18, 9, 9))
    assert sum(row.num_params for row in report.layers) == report.num_params


@pytest.mark.parametrize(("reach", "size"), [(3, 5), (5, 7), (9, 11)])
def test_what_the_offsets_see_is_seen(reach: int, size: int) -> None:
    """The two windows see 5; through the offsets of the first, they see 2 more than these do."""
    report = trace(Outside(reach), (1, 4, 40, 40))
    assert report.receptive_field is not None
    assert report.receptive_field.size == (size, size)
    assert report.measure_receptive_field() == report.receptive_field


def test_a_record_has_one_call_of_the_function() -> None:
    made = record(Outside(), [torch.empty(2, 4, 9, 9, device="meta")])
    calls = [call for call in made.model.walk() if call.kind == "deform_conv"]
    assert [call.name for call in calls] == ["", "deform"]
    assert [info.shape for info in calls[1].inputs] == [(2, 4, 9, 9), (2, 18, 9, 9), (6, 4, 3, 3), (6,), (2, 9, 9, 9)]
    assert all(not call.calls for call in calls)


def test_a_layer_of_the_readers_own_is_shown_by_what_it_calls() -> None:
    class Doubled(DeformConv2d):
        """A forward of its own."""

        def forward(self, input: Tensor, offset: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
            """Twice the convolution."""
            return 2 * super().forward(input)

    places = [layer.place for layer in trace(Doubled(3, 4, 3), (1, 3, 9, 9)).layers]
    assert places[0] == "offset_branch"
    assert places[-2:] == ["forward: deform_conv", "forward: mul"]


@pytest.mark.parametrize(
    ("shape", "level"),
    [
        pytest.param((3, 16, 16), "note", id="without a batch"),
        pytest.param((8, 32, 32, 3), "warning", id="channels last"),
    ],
)
def test_remarks_name_the_layer(shape: tuple[int, ...], level: str) -> None:
    channels = 3 if len(shape) == 3 else 32
    (remark,) = trace(nn.Sequential(DeformConv2d(channels, 4, 3)), shape).remarks
    (plain,) = trace(nn.Sequential(nn.Conv2d(channels, 4, 3)), shape).remarks
    assert (remark.level, remark.layer) == (plain.level, plain.layer) == (level, "0")
    assert remark.message == plain.message.replace("Conv2d", "DeformConv2d")


def test_a_good_batch_is_not_remarked_on() -> None:
    assert trace(nn.Sequential(DeformConv2d(3, 4, 3), nn.ReLU()), (8, 3, 16, 16)).remarks == ()


def test_a_trace_that_stops_shows_where() -> None:
    report = trace(nn.Sequential(nn.Conv2d(3, 4, 3), DeformConv2d(5, 4, 3)), (1, 3, 9, 9))
    assert [(layer.place, layer.failed) for layer in report.layers] == [("0", False), ("1", True)]
    assert report.diagnosis is not None
    assert report.diagnosis.layer == "1"


# --- The doctor ------------------------------------------------------------------------------------------------------


class Given(nn.Module):
    """A layer that is given its offsets by another."""

    def __init__(self, offset: nn.Module, deform: nn.Module, mask: nn.Module | None = None) -> None:
        super().__init__()
        self.offset, self.deform, self.mask = offset, deform, mask

    def forward(self, x: Tensor) -> Any:
        given = {} if self.mask is None else {"mask": self.mask(x)}
        return self.deform(x, self.offset(x), **given)


@pytest.mark.parametrize(
    ("model", "layer", "words", "code"),
    [
        pytest.param(
            Given(nn.Conv2d(4, 36, 3), DeformConv2d(4, 8, 3, branch=False, modulated=False)),
            "deform",
            "got an offset of 36 channels, in axis 1 of (1, 36, 7, 7), but moves 9 taps along 2 axes, which takes 18 "
            "with offset_groups=1. It comes from `offset` (Conv2d, out_channels=36).",
            "model.deform = convlab.nn.DeformConv2d(4, 8, 3, offset_groups=2, modulated=False, branch=False)",
            id="offsets for two groups",
        ),
        pytest.param(
            Given(nn.Conv2d(4, 18, 3), DeformConv2d(4, 8, 3, branch=False), nn.Conv2d(4, 18, 3)),
            "deform",
            "got a mask of 18 channels, in axis 1 of (1, 18, 7, 7), but weighs each of the 9 taps that its offset "
            "moves. It comes from `mask` (Conv2d, out_channels=18).",
            "model.mask = nn.Conv2d(4, 9, 3)",
            id="a mask with the channels of the offset",
        ),
        pytest.param(
            Given(nn.Conv2d(4, 18, 3), DeformConv2d(4, 8, 3, branch=False), nn.Conv2d(4, 9, 3, padding=1)),
            "deform",
            "makes 7 x 7 of 9 x 9, and so takes a mask of 7 x 7, but got one of 9 x 9, (1, 9, 9, 9). It comes from "
            "`mask` (Conv2d, out_channels=9).",
            "model.mask = nn.Conv2d(4, 9, 3)",
            id="a larger mask",
        ),
        pytest.param(
            Given(nn.Conv2d(4, 8, 1), DeformConv2d(4, 8, 3, padding=2, dilation=2, branch=False, modulated=False)),
            "deform",
            "got an offset of 8 channels, in axis 1 of (1, 8, 9, 9), but moves 9 taps along 2 axes, which takes 18 "
            "with offset_groups=1. It comes from `offset` (Conv2d, out_channels=8).",
            "model.offset = nn.Conv2d(4, 18, 1)",
            id="an offset from a window of one tap",
        ),
        pytest.param(
            Given(nn.Conv2d(4, 9, 3), DeformConv2d(4, 8, 3, padding=1, branch=False, modulated=False)),
            "deform",
            "got an offset of 9 channels",
            "model.offset = nn.Conv2d(4, 18, 3, padding=1)",
            id="channels and size at once",
        ),
        pytest.param(
            Given(nn.Conv2d(4, 18, 3), DeformConv2d(4, 8, 3, branch=False)),
            "deform",
            "must be given a mask as its third argument, since it has modulated=True.",
            "model.deform = convlab.nn.DeformConv2d(4, 8, 3, modulated=False, branch=False)",
            id="no mask",
        ),
    ],
)
def test_offsets_from_outside(model: nn.Module, layer: str, words: str, code: str) -> None:
    diagnosis = diagnose(model, (1, 4, 9, 9))
    assert diagnosis is not None
    assert diagnosis.layer == layer
    assert words in diagnosis.explanation
    assert code in [fix.code for fix in diagnosis.fixes]


@pytest.mark.parametrize(
    ("model", "input", "words", "code"),
    [
        pytest.param(
            nn.Sequential(nn.Conv1d(2, 8, 3), DeformConv1d(4, 6, 3)), torch.empty(1, 2, 9),
            "`1` (DeformConv1d) got 8 channels, in axis 1 of (1, 8, 7), but was built for 4 (in_channels=4). "
            "It comes from `0` (Conv1d, out_channels=8).",
            "model[1] = convlab.nn.DeformConv1d(8, 6, 3)",
            id="channels",
        ),
        pytest.param(
            nn.Sequential(DeformConv2d(3, 6, 3, offset_groups=3, dtype=torch.float64)), torch.empty(1, 3, 9, 9),
            "`0` (DeformConv2d) has a weight of float64, but got a tensor of float32; torch does not convert one into "
            "the other.",
            "x = x.double()",
            id="dtype",
        ),
        pytest.param(
            nn.Sequential(DeformConv2d(3, 6, 5)), torch.empty(1, 3, 4, 4),
            "`0` (DeformConv2d) slides a window of 5 x 5, but what arrives has only 4 x 4.",
            "model[0] = convlab.nn.DeformConv2d(3, 6, 5, padding=1)",
            id="too small",
        ),
        pytest.param(
            nn.Sequential(DeformConv3d(1, 6, 3)), torch.empty(4, 1, 9, 9),
            "`0` (DeformConv3d) got 4 channels, in axis 0 of (4, 1, 9, 9), read as (C, D, H, W) without a batch, but "
            "was built for 1 (in_channels=1).",
            "model[0] = convlab.nn.DeformConv2d(1, 6, 3)",
            id="pictures in 3D",
        ),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(model: nn.Module, input: Tensor, words: str, code: str) -> None:
    diagnosis = diagnose(model, input)
    assert diagnosis is not None
    assert diagnosis.layer.startswith(words[1])
    assert diagnosis.explanation.startswith(words)
    assert code in [fix.code for fix in diagnosis.fixes]


class Bare(nn.Module):
    """The function in the reader's own forward."""

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__()
        self.offset = nn.Conv1d(2, channels, 3, padding=1)
        self.weight = nn.Parameter(torch.rand(4, 2, 3))
        self.options = options

    def forward(self, x: Tensor) -> Any:
        return convlab.deform_conv(x, self.offset(x[:, :2]), self.weight, padding=1)


@pytest.mark.parametrize(
    ("channels", "shape", "words"),
    [
        pytest.param(
            5, (1, 2, 9),
            "got an offset of 5 channels, in axis 1 of (1, 5, 9), but moves 3 taps along 1 axis, which takes 3 for "
            "each offset group. It comes from `offset` (Conv1d, out_channels=5).",
            id="channels of the offset",
        ),
        pytest.param(3, (1, 4, 9), "got 4 channels, in axis 1 of (1, 4, 9), but takes 2.", id="channels of the input"),
    ],
)  # fmt: skip
def test_the_function(channels: int, shape: tuple[int, ...], words: str) -> None:
    diagnosis = diagnose(Bare(channels), shape)
    assert diagnosis is not None
    assert diagnosis.layer == "forward: deform_conv"
    assert words in diagnosis.explanation
    if channels == 5:
        assert [fix.code for fix in diagnosis.fixes] == ["model.offset = nn.Conv1d(2, 3, 3, padding=1)"]


def test_any_number_of_offset_groups_fits_the_function() -> None:
    assert diagnose(Bare(6), (1, 2, 9)) is None
    diagnosis = diagnose(Bare(9), (1, 2, 9))  # 3 groups of 2 channels
    assert diagnosis is not None
    assert "offset_groups must divide C_in" in diagnosis.explanation


def test_explain_errors_shows_the_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    layer = DeformConv2d(4, 6, 3)
    with pytest.raises(ValueError, match="input must have in_channels = 4 channels"), convlab.explain_errors():
        layer(torch.zeros(1, 3, 9, 9))
    shown = "".join(capsys.readouterr())
    assert "got 3 channels, in axis 1 of (1, 3, 9, 9), but was built for 4 (in_channels=4)" in " ".join(shown.split())
    assert "convlab.nn.DeformConv2d(3, 6, 3)" in shown
