"""A trace has a row for each call, counts what is in print, and leaves the model as it was."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken_models import BROKEN, FINE, SILENT, Broken, Fine, Silent
from leftovers import everything, same
from published_models import CLASSIFIERS, FIELDS, ODD_FIELDS, Published
from published_networks import LeNet
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection import Trace, trace
from convlab.inspection.trace import _diagnosis

# --- What is in print -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("published", [*CLASSIFIERS, *FIELDS, *ODD_FIELDS], ids=str)
def test_the_published_numbers(published: Published) -> None:
    with torch.device("meta"):
        model = published.make().eval()
    report = trace(model, published.input_shape)
    assert report.num_params == published.num_params
    assert report.num_macs == published.num_macs
    assert report.output_shape == published.output_shape
    assert report.diagnosis is None
    if published.receptive_field is not None:
        size, jump, padding = published.receptive_field, published.jump, published.padding
        assert report.receptive_field == ReceptiveField((size,) * 2, (jump,) * 2, (-(padding or 0),) * 2)
    for name, (size, jump, padding) in published.end_points.items():
        rows = [row for row in report.layers if re.match(rf"{name}(\.|$)", row.name)]
        assert rows[-1].receptive_field == ReceptiveField((size,) * 2, (jump,) * 2, (-padding,) * 2), name


# --- Rows -------------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    """A shared layer, a function with a parameter of the module, and a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.weight = nn.Parameter(torch.ones(4, 1, 3, 3))
        self.never = nn.Linear(9, 9)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv(self.conv(x)))
        y = F.conv2d(y, self.weight, padding=1, groups=4).contiguous()
        return torch.cat([x, y], 1)


class Network(nn.Module):
    """Names that are no identifiers, children that never run, and a bit of bookkeeping."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), nn.Identity())
        self.add_module("block 1", Block())
        self.pool = nn.MaxPool2d((1, 2), ceil_mode=True)
        self.norm = nn.LSTM(4, 5)
        self.head = nn.Linear(8 * 9 * 5, 10)

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = self.get_submodule("block 1")(self.stem(x))
        features = self.pool(x)
        n, c, h, w = features.shape
        y = features.view(n, c * h * w) + 0.17 * torch.arange(c * h * w)
        return {"logits": self.head(y), "features": [features]}


def test_the_rows() -> None:
    report = trace(Network(), (2, 3, 9, 9))
    rows = [(row.place, row.kind, row.output_shape, row.num_params, row.num_macs) for row in report.layers]
    map_shape, conv = (2, 4, 9, 9), 2 * 81 * 4 * 36
    assert rows == [
        ("stem.0", "ZeroPad2d", (2, 3, 10, 10), 0, 0),
        ("stem.1", "Conv2d", map_shape, 52, 2 * 81 * 4 * 12),
        ("stem.2", "BatchNorm2d", map_shape, 8, 0),
        ("stem.3", "Identity", map_shape, 0, 0),
        ("block 1.conv", "Conv2d", map_shape, 148, conv),
        ("block 1.conv", "Conv2d", map_shape, 0, conv),
        ("block 1.forward: relu", "relu", map_shape, 0, 0),
        ("block 1.forward: conv2d", "conv2d", map_shape, 36, 2 * 81 * 4 * 9),
        ("block 1.forward: cat", "cat", (2, 8, 9, 9), 0, 0),
        ("pool", "MaxPool2d", (2, 8, 9, 5), 0, 0),
        ("forward: view", "view", (2, 360), 0, 0),
        ("forward: add", "add", (2, 360), 0, 0),
        ("head", "Linear", (2, 10), 3610, 2 * 3600),
    ]
    assert [row.name for row in report.layers][6:11] == ["block 1", "block 1", "block 1", "pool", ""]
    assert report.output_shape == {"logits": (2, 10), "features": [(2, 8, 9, 5)]}
    assert report.num_params == sum(p.numel() for p in Network().parameters())
    assert report.num_macs == sum(row.num_macs for row in report.layers)


def test_formulas_with_their_numbers() -> None:
    by_place = {row.place: row.formula for row in trace(Network(), (2, 3, 9, 9)).layers}
    assert by_place == {
        "stem.0": "9 + 0 + 1 = 10",
        "stem.1": "floor((10 + 2*0 - 1*(2-1) - 1) / 1) + 1 = 9",
        "stem.2": "",
        "stem.3": "",
        "block 1.conv": "floor((9 + 2*1 - 1*(3-1) - 1) / 1) + 1 = 9",
        "block 1.forward: relu": "",
        "block 1.forward: conv2d": "floor((9 + 2*1 - 1*(3-1) - 1) / 1) + 1 = 9",
        "block 1.forward: cat": "4 + 4 = 8",
        "pool": "floor((9 + 2*0 - 1*(1-1) - 1) / 1) + 1 = 9; ceil((9 + 2*0 - 1*(2-1) - 1) / 2) + 1 = 5".replace(
            "floor((9 + 2*0 - 1*(1-1) - 1) / 1)", "ceil((9 + 2*0 - 1*(1-1) - 1) / 1)"
        ),
        "forward: view": "8*9*5 = 360",
        "forward: add": "",
        "head": "360 -> 10",
    }


class Calling(nn.Module):
    def __init__(self, function: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleDict(layers)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def meta(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")


def up(x: Tensor) -> Tensor:
    return F.conv_transpose1d(x, meta(1, 1, 4), stride=2)


@pytest.mark.parametrize(
    ("function", "shape", "formula"),
    [
        pytest.param(lambda x: x.flatten(1), (2, 16, 5, 5), "16*5*5 = 400", id="flatten"),
        pytest.param(lambda x: x.view(2, 4, 4, 25), (2, 16, 5, 5), "16 = 4*4; 5*5 = 25", id="two changes"),
        pytest.param(lambda x: x.view(-1, 8), (2, 12), "2*12 = 3*8", id="cut anew"),
        pytest.param(lambda x: torch.cat([x, x[:, :2]], 1), (2, 3), "3 + 2 = 5", id="cat"),
        pytest.param(lambda x: x.chunk(2, 1), (2, 5, 4), "5 = 3 + 2", id="chunk"),
        pytest.param(lambda x: F.pad(x, (1, 2, 0, 3)), (1, 1, 6, 7), "6 + 0 + 3 = 9; 7 + 1 + 2 = 10", id="pad"),
        pytest.param(lambda x: F.pad(x, (-1, 0)), (1, 6), "6 - 1 + 0 = 5", id="crop"),
        pytest.param(lambda x: F.adaptive_avg_pool2d(x, (6, 1)), (1, 3, 13, 7), "13 -> 6; 7 -> 1", id="adaptive pool"),
        pytest.param(lambda x: F.interpolate(x, scale_factor=1.5), (1, 1, 7), "floor(7*1.5) = 10", id="by a factor"),
        pytest.param(lambda x: F.interpolate(x, size=(4, 4)), (1, 1, 2, 4), "2 -> 4", id="to a size"),
        pytest.param(lambda x: F.pixel_shuffle(x, 2), (1, 8, 3, 3), "8/2^2 = 2; 3*2 = 6", id="pixel shuffle"),
        pytest.param(lambda x: F.pixel_unshuffle(x, 2), (1, 2, 6, 6), "2*2^2 = 8; 6/2 = 3", id="and back"),
        pytest.param(lambda x: x @ x.mT, (2, 3, 4), "(3x4) @ (4x3)", id="a matrix product"),
        pytest.param(up, (1, 1, 5), "(5-1)*2 - 2*0 + 1*(4-1) + 0 + 1 = 12", id="transposed"),
        pytest.param(lambda x: x.permute(1, 0), (2, 3), "", id="an order has none"),
    ],
)  # fmt: skip
def test_the_formula_of_a_function(function: Any, shape: tuple[int, ...], formula: str) -> None:
    report = trace(Calling(function), meta(*shape))
    assert report.error is None, report.error
    assert report.layers[-1].formula == formula


@pytest.mark.parametrize(
    "quiet",
    [
        pytest.param(lambda x: x.contiguous(), id="contiguous"),
        pytest.param(lambda x: x.float(), id="a dtype"),
        pytest.param(lambda x: x.to(x.device), id="a device"),
        pytest.param(lambda x: x[:], id="nothing left out"),
        pytest.param(lambda x: (x.size(0), x.shape, x)[2], id="sizes"),
        pytest.param(lambda x: (torch.arange(3) * 2, x)[1], id="what does not come from the input"),
        pytest.param(lambda x: (torch.zeros_like(x), x)[1], id="the form alone"),
    ],
)
def test_bookkeeping_has_no_row(quiet: Callable[[Tensor], Tensor]) -> None:
    assert trace(Calling(quiet), (2, 3)).layers == ()


def test_layers_that_are_whole() -> None:
    """Of a layer of torch no inner function has a row, of a container each layer."""
    model = nn.Sequential(
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), nn.GRU(8, 4)
    )
    report = trace(model, (2, 5, 8))
    assert [(row.place, row.kind) for row in report.layers] == [
        ("0.layers.0", "TransformerEncoderLayer"),
        ("0.layers.1", "TransformerEncoderLayer"),
        ("1", "GRU"),
    ]
    assert report.layers[2].output_shape == ((2, 5, 4), (1, 5, 4))
    assert report.output_shape == ((2, 5, 4), (1, 5, 4))
    assert report.num_params == sum(row.num_params for row in report.layers)


class Padded(nn.Conv2d):
    """A layer of torch with a forward of its own."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, (1, 1, 1, 1)))


def test_a_layer_with_a_forward_of_its_own_shows_its_functions() -> None:
    rows = trace(nn.Sequential(Padded(1, 2, 3)), (1, 1, 8, 8)).layers
    assert [(row.place, row.kind, row.num_params) for row in rows] == [
        ("0.forward: pad", "pad", 0),
        ("0.forward: conv2d", "conv2d", 20),
    ]


class Opaque(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        with torch._C.DisableTorchFunction():
            return x * 2


def test_a_module_of_which_torch_does_not_tell_has_a_row() -> None:
    rows = trace(nn.Sequential(nn.Conv1d(1, 1, 3), Opaque()), (1, 1, 8)).layers
    assert [(row.kind, row.receptive_field is None) for row in rows] == [("Conv1d", False), ("Opaque", True)]


def test_tied_weights_count_once() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    report = trace(model, (1, 4))
    assert [row.num_params for row in report.layers] == [20, 4]
    assert report.num_params == 24
    assert report.num_macs == 32


# --- Counting ---------------------------------------------------------------------------------------------------------

COUNTED: list[Any] = [
    pytest.param(nn.Conv1d(4, 6, 3, groups=2), [(2, 4, 9)], id="conv1d"),
    pytest.param(nn.Conv2d(4, 6, (3, 2), 2, 1, 2), [(4, 9, 9)], id="conv2d, unbatched"),
    pytest.param(nn.Conv3d(1, 2, 3, padding="same"), [(1, 1, 5, 6, 7)], id="conv3d"),
    pytest.param(nn.ConvTranspose1d(4, 6, 3, 2), [(2, 4, 9)], id="conv_transpose1d"),
    pytest.param(nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2), [(2, 4, 9, 8)], id="conv_transpose2d"),
    pytest.param(nn.ConvTranspose3d(2, 3, 2, 2), [(1, 2, 3, 4, 5)], id="conv_transpose3d"),
    pytest.param(nn.Linear(4, 3), [(2, 7, 4)], id="linear"),
    pytest.param(nn.LSTM(8, 4, 2, bidirectional=True), [(7, 2, 8)], id="lstm"),
    pytest.param(nn.LSTM(8, 4, proj_size=3, batch_first=True), [(2, 7, 8)], id="lstm with a projection"),
    pytest.param(nn.GRU(8, 4), [(7, 2, 8)], id="gru"),
    pytest.param(nn.RNN(8, 4), [(7, 8)], id="rnn, unbatched"),
    pytest.param(nn.LSTMCell(8, 4), [(2, 8)], id="lstm cell"),
    pytest.param(nn.MultiheadAttention(8, 2), [(5, 2, 8)] * 3, id="attention"),
    pytest.param(nn.TransformerEncoderLayer(8, 2, 16), [(5, 2, 8)], id="transformer layer"),
    pytest.param(Calling(F.scaled_dot_product_attention), [(2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)], id="sdpa"),
    pytest.param(Calling(torch.matmul), [(3, 2, 4), (4, 5)], id="matmul, broadcast"),
    pytest.param(Calling(lambda a, b: a @ b), [(2, 3, 4), (2, 4, 5)], id="the operator"),
    pytest.param(Calling(torch.addmm), [(2, 5), (2, 4), (4, 5)], id="addmm"),
    pytest.param(Calling(torch.baddbmm), [(1, 2, 5), (3, 2, 4), (3, 4, 5)], id="baddbmm"),
    pytest.param(
        Calling(lambda a, b: torch.einsum("bhid,bhjd->bhij", a, b)), [(2, 3, 4, 5), (2, 3, 6, 5)], id="einsum"
    ),
    pytest.param(Calling(lambda a, b: torch.tensordot(a, b, 1)), [(2, 3, 4), (4, 5)], id="tensordot"),
    pytest.param(nn.Sequential(nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.Softmax(1)), [(2, 3, 4, 4)], id="no products"),
]


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported:UserWarning")
@pytest.mark.parametrize(("model", "shapes"), COUNTED)
def test_macs_are_half_the_flops_that_torch_counts(model: nn.Module, shapes: list[tuple[int, ...]]) -> None:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        copy.deepcopy(model).to("meta")(*(meta(*shape) for shape in shapes))
    expected = counter.get_total_flops() // 2
    for given in (shapes, [torch.ones(shape) for shape in shapes]):
        report = trace(model, given)
        assert report.error is None, report.error
        assert report.num_macs == expected


@pytest.mark.parametrize(
    ("model", "shapes", "macs"),
    [
        pytest.param(nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)], 2 * 5 * 3 * 4, id="bilinear"),
        pytest.param(Calling(torch.matmul), [(3, 2, 4), (4,)], 3 * 2 * 4, id="a matrix and a vector"),
    ],
)
def test_what_torch_does_not_count_is_counted_by_hand(model: nn.Module, shapes: Any, macs: int) -> None:
    assert trace(model, shapes).num_macs == macs


# --- Inputs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "input",
    [
        pytest.param(torch.ones(2, 3, 9, 9), id="a tensor"),
        pytest.param({"x": (2, 3, 9, 9)}, id="by name"),
        pytest.param([(2, 3, 9, 9)], id="one of several"),
        pytest.param(torch.Size([2, 3, 9, 9]), id="a size"),
    ],
)
def test_any_form_of_input(input: Any) -> None:
    model = Network()
    assert trace(model, input).to_dict() == trace(model, (2, 3, 9, 9)).to_dict()


def test_a_volume_needs_no_memory() -> None:
    report = trace(nn.Sequential(nn.Conv3d(1, 64, 3), nn.MaxPool3d(2), nn.Conv3d(64, 64, 3)), (1, 1, 1000, 1000, 1000))
    assert report.output_shape == (1, 64, 497, 497, 497)
    assert report.num_macs == 64 * 27 * 998**3 + 64 * 64 * 27 * 497**3
    assert report.receptive_field == ReceptiveField((8,) * 3, (2,) * 3, (0,) * 3)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: x * x.sum().item(), id="item"),
        pytest.param(lambda x: x if x.sum() > 0 else -x, id="a branch"),
        pytest.param(lambda x: x[x > 2].sum() + x, id="a mask"),
    ],
)
def test_where_numbers_are_looked_at_the_shape_gets_some(function: Any) -> None:
    report = trace(nn.Sequential(nn.Conv1d(1, 2, 3), Calling(function)), (1, 1, 9))
    assert report.error is None, report.error
    assert report.output_shape == (1, 2, 7)


@pytest.mark.parametrize(
    ("model", "input", "error", "words"),
    [
        pytest.param(LeNet, (1, 1, 32, 32), TypeError, "already built, but it is the class LeNet", id="a class"),
        pytest.param(F.relu, (1, 1), TypeError, "already built, but it is of type function", id="a function"),
        pytest.param(LeNet(), "1x1x32x32", TypeError, "input must be a tensor, a shape", id="a text"),
        pytest.param(LeNet(), (1, 1, -32, 32), ValueError, "must have no negative size", id="a negative size"),
    ],
)  # fmt: skip
def test_refused(model: Any, input: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        trace(model, input)


# --- A model that stops -----------------------------------------------------------------------------------------------


def test_a_model_that_stops() -> None:
    report = trace(LeNet(), (1, 1, 64, 64))
    *before, last = report.layers
    assert not any(row.failed for row in before)
    assert (last.place, last.failed, last.input_shape, last.output_shape) == ("fc1", True, (1, 2704), None)
    assert report.output_shape is None
    assert report.receptive_field is None
    assert report.diagnosis is not None
    assert report.diagnosis.layer == "fc1"
    assert isinstance(report.error, RuntimeError)
    text = str(report)
    assert re.search(r"^fc1 .*stopped here", text, re.MULTILINE)
    assert str(report.diagnosis) in text
    with pytest.raises(ValueError, match="but it stopped"):
        report.measure_receptive_field()


def test_a_function_that_stops_is_marked() -> None:
    report = trace(nn.Sequential(nn.Conv1d(1, 2, 3), Calling(lambda x: x.view(2, 3))), (1, 1, 9))
    assert [(row.place, row.failed) for row in report.layers] == [("0", False), ("1.forward: view", True)]


def test_a_doctor_who_fails_does_not_stop_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(case: Any) -> None:
        raise AssertionError("the doctor is ill")

    monkeypatch.setitem(_diagnosis.__globals__, "diagnose_case", fails)
    report = trace(LeNet(), (1, 1, 64, 64))
    assert report.diagnosis is None
    assert isinstance(report.error, RuntimeError)
    assert f"RuntimeError: {report.error}" in str(report)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_model_of_the_gallery_can_be_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that stop have exactly one row that says so, the last."""
    monkeypatch.setitem(_diagnosis.__globals__, "diagnose_case", lambda case: None)  # that is tested elsewhere
    gallery: list[Broken | Silent | Fine] = [*BROKEN, *SILENT, *FINE]
    for case in gallery:
        report = trace(case.make(), case.tensors())
        assert str(report)
        assert report.to_dict()
        assert [row.failed for row in report.layers] == [False] * (len(report.layers) - 1) + [case in BROKEN], case.name


# --- What is shown ----------------------------------------------------------------------------------------------------

LENET = """\
layer    kind        input            output           parameters     MACs  receptive field  jump  size formula
---------------------------------------------------------------------------------------------------------------------------------------
conv1    Conv2d      (1, 1, 32, 32)   (1, 6, 28, 28)          156  117,600            5 x 5     1  floor((32 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 28
forward  relu        (1, 6, 28, 28)   (1, 6, 28, 28)            0        0            5 x 5     1
forward  max_pool2d  (1, 6, 28, 28)   (1, 6, 14, 14)            0        0            6 x 6     2  floor((28 + 2*0 - 1*(2-1) - 1) / 2) + 1 = 14
conv2    Conv2d      (1, 6, 14, 14)   (1, 16, 10, 10)       2,416  240,000          14 x 14     2  floor((14 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 10
forward  relu        (1, 16, 10, 10)  (1, 16, 10, 10)           0        0          14 x 14     2
forward  max_pool2d  (1, 16, 10, 10)  (1, 16, 5, 5)             0        0          16 x 16     4  floor((10 + 2*0 - 1*(2-1) - 1) / 2) + 1 = 5
forward  flatten     (1, 16, 5, 5)    (1, 400)                  0        0          16 x 16     4  16*5*5 = 400
fc1      Linear      (1, 400)         (1, 120)             48,120   48,000          32 x 32     0  400 -> 120
forward  relu        (1, 120)         (1, 120)                  0        0          32 x 32     0
fc2      Linear      (1, 120)         (1, 84)              10,164   10,080          32 x 32     0  120 -> 84
forward  relu        (1, 84)          (1, 84)                   0        0          32 x 32     0
fc3      Linear      (1, 84)          (1, 10)                 850      840          32 x 32     0  84 -> 10
---------------------------------------------------------------------------------------------------------------------------------------

61,706 parameters. 416,520 MACs, which are 833,040 FLOPs.
Output: (1, 10).
Receptive field of the output: 32 x 32, jump 0: every output sees the whole input."""  # noqa: E501


def test_the_table_in_a_terminal() -> None:
    text = str(trace(LeNet(), (1, 1, 32, 32)))
    assert re.sub("-{9,}", "---", text) == re.sub("-{9,}", "---", LENET)
    assert repr(trace(LeNet(), (1, 1, 32, 32))) == text


def test_the_table_in_a_notebook() -> None:
    html = trace(LeNet(), (1, 1, 32, 32))._repr_html_()
    assert html.count("<tr") == 1 + 12
    assert '<td class="number">117,600</td>' in html
    assert "<td>400 -&gt; 120</td>" in html
    assert "<script" not in html
    assert not re.search(r"(?<!-)color: (?!inherit)|#[0-9a-f]{3}", html), "the theme has the colours"
    assert not re.search(r"https?:", html), "it stands by itself"


def test_a_stopped_row_stands_out_in_a_notebook() -> None:
    report = trace(LeNet(), (1, 1, 64, 64))
    html = report._repr_html_()
    assert html.count('<tr class="stopped">') == 1
    assert report.diagnosis is not None
    assert html.endswith(report.diagnosis._repr_html_())


def test_padding_that_counts_is_said() -> None:
    text = str(trace(nn.Sequential(nn.Conv1d(1, 1, 3, padding=1), nn.AdaptiveAvgPool1d(1)), (1, 1, 9)))
    assert text.endswith(
        "Receptive field of the output: 11, jump 0: every output sees the whole input, and padding around it."
    )


def test_what_did_not_run_is_said() -> None:
    assert "90 of the parameters were not used in this run." in str(trace(Block(), (1, 4, 5, 5)))
    assert "not used" not in str(trace(LeNet(), (1, 1, 32, 32)))
    assert "not used" not in str(trace(LeNet(), (1, 1, 64, 64)))


def test_remarks_are_said() -> None:
    report = trace(nn.Sequential(nn.Conv3d(1, 4, 3), nn.Conv3d(4, 1, 1)), (1, 10, 10, 10))
    assert [remark.layer for remark in report.remarks][:1] == ["0"]
    assert f"Warning at 0: {report.remarks[0].message}" in str(report)


def test_a_dict_for_tools() -> None:
    for report in (trace(LeNet(), (1, 1, 32, 32)), trace(LeNet(), (1, 1, 64, 64)), trace(Network(), (2, 3, 9, 9))):
        found = report.to_dict()
        assert json.loads(json.dumps(found)) == found
        assert len(found["layers"]) == len(report.layers)
        assert found["num_macs"] == report.num_macs
        assert (found["diagnosis"] is None) == (report.diagnosis is None)
    half = trace(nn.Sequential(nn.Conv1d(1, 1, 3), nn.Upsample(scale_factor=2)), (1, 1, 9)).to_dict()
    assert half["receptive_field"] == {"size": [3], "jump": ["1/2"], "start": [0]}


def test_a_csv_for_tools() -> None:
    report = trace(Network(), (2, 3, 9, 9))
    rows = list(csv.DictReader(io.StringIO(report.to_csv())))
    assert [row["place"] for row in rows] == [layer.place for layer in report.layers]
    assert sum(int(row["num_macs"]) for row in rows) == report.num_macs
    assert rows[1]["output_shape"] == "(2, 4, 9, 9)"
    assert rows[1]["receptive_field_size"] == "2 2"


def test_a_trace_of_nothing() -> None:
    report = trace(nn.Sequential(), (1, 3))
    assert report.layers == ()
    assert "0 parameters. 0 MACs" in str(report)
    assert isinstance(report, Trace)


# --- Leaving no trace -------------------------------------------------------------------------------------------------


@pytest.fixture
def lively() -> nn.Module:
    """A model in training with gradients, a hook of its own and one layer in evaluation."""
    network = Network()
    network.stem.register_forward_hook(lambda module, inputs, output: None)
    network.pool.eval()
    model = nn.Sequential(network, Calling(lambda out: F.dropout(out["logits"])))
    model(torch.rand(2, 3, 9, 9)).sum().backward()
    return model


@pytest.mark.parametrize(
    "size",
    [pytest.param((2, 3, 9, 9), id="it runs"), pytest.param((2, 3, 12, 9), id="it stops")],
)
@pytest.mark.parametrize("make", [pytest.param(meta, id="a shape"), pytest.param(torch.rand, id="numbers")])
def test_nothing_is_left_behind(lively: nn.Module, size: tuple[int, ...], make: Callable[..., Tensor]) -> None:
    given = make(*size)
    before, numbers = copy.deepcopy(everything(lively)), given.clone()
    report = trace(lively, given)
    str(report), report.to_dict(), report._repr_html_()
    assert (report.error is None) == (size == (2, 3, 9, 9))
    if report.error is None:
        report.measure_receptive_field()
    assert same(everything(lively), before)
    assert given.is_meta or torch.equal(given, numbers)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_a_lazy_model_stays_lazy() -> None:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.BatchNorm2d(4))
    report = trace(model, (1, 3, 9, 9))
    assert (report.num_params, report.layers[0].num_params) == (4 * 27 + 4 + 8, 4 * 27 + 4)
    assert report.measure_receptive_field() == report.receptive_field == ReceptiveField((3, 3), (1, 1), (0, 0))
    assert isinstance(model[0], nn.LazyConv2d)


def test_a_model_on_meta_stays_there() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    report = trace(model, (1, 1, 9, 9))
    assert report.measure_receptive_field() == report.receptive_field == ReceptiveField((3, 3), (1, 1), (0, 0))
    assert all(parameter.is_meta for parameter in model.parameters())
