"""What a run of shapes alone lets pass and one with numbers refuses: the doctor's rules against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convlab.inspection import diagnose, record
from convlab.inspection.doctor.checks import missed_on_meta

DOUBLE, HALF, LONG = torch.float64, torch.float16, torch.int64


class Calls(nn.Module):
    """A model that is one function."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x)


class Attends(nn.Module):
    """A model that looks from each step of its input at all of them."""

    def __init__(self, attention: nn.MultiheadAttention, **options: torch.Tensor) -> None:
        super().__init__()
        self.attention, self.options = attention, options

    def forward(self, x: torch.Tensor) -> Any:
        return self.attention(x, x, x, **self.options)


def ones(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.ones(shape, dtype=dtype)


def row(id: str, model: nn.Module, input: torch.Tensor) -> Any:
    return pytest.param(model, input, id=id)


REFUSED = [
    row("padding below zero", nn.Conv2d(1, 1, 3, padding=-1), ones(1, 1, 8, 8)),
    row("one of two paddings below zero", nn.Conv2d(1, 1, 3, padding=(1, -1)), ones(1, 1, 8, 8)),
    row("padding below zero, transposed", nn.ConvTranspose2d(1, 1, 3, padding=-1), ones(1, 1, 8, 8)),
    row("a dilation of zero", Calls(lambda x: F.conv2d(x, ones(1, 1, 3, 3), dilation=0)), ones(1, 1, 8, 8)),
    row("output_padding at a stride of one", nn.ConvTranspose2d(1, 1, 3, output_padding=1), ones(1, 1, 8, 8)),
    row("output_padding in 1D", nn.ConvTranspose1d(1, 1, 3, stride=2, output_padding=2), ones(1, 1, 8)),
    row(
        "output_padding of one axis in 3D",
        nn.ConvTranspose3d(1, 1, 3, stride=(1, 2, 2), output_padding=(1, 0, 0)),
        ones(1, 1, 4, 4, 4),
    ),
    row("output_padding below zero", nn.ConvTranspose2d(1, 1, 3, output_padding=-1), ones(1, 1, 8, 8)),
    row("max pool padded too far", nn.MaxPool2d(3, padding=2), ones(1, 1, 8, 8)),
    row("average pool padded too far", nn.AvgPool1d(3, padding=2), ones(1, 1, 8)),
    row("double into a linear layer", nn.Linear(4, 2), ones(2, 4, dtype=DOUBLE)),
    row("integers into a linear layer", nn.Linear(4, 2), ones(2, 4, dtype=LONG)),
    row("double into a convolution", nn.Conv1d(1, 1, 3), ones(1, 1, 8, dtype=DOUBLE)),
    row("double times single", Calls(lambda x: x @ ones(4, 4)), ones(2, 4, dtype=DOUBLE)),
    row("double into a batch norm", nn.BatchNorm1d(4), ones(2, 4, dtype=DOUBLE)),
    row("double into a layer norm", nn.LayerNorm(4), ones(2, 4, dtype=DOUBLE)),
    row("double into a group norm", nn.GroupNorm(2, 4), ones(2, 4, dtype=DOUBLE)),
    row("words that are no integers", nn.Embedding(4, 2), ones(2, 3)),
    row("a softmax over an axis that is not there", nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=2)), ones(2, 4)),
    row("a softmax over an axis before the first", nn.Softmax(dim=-3), ones(2, 4)),
    row("a softmax as a method", Calls(lambda x: x.softmax(2)), ones(2, 4)),
    row("a softmin over an axis that is not there", nn.Softmin(dim=2), ones(2, 4)),
    row("a softmax of a scalar", Calls(lambda x: F.softmax(x.sum(), dim=1)), ones(2, 4)),
    row("a softmax with noise", Calls(lambda x: F.gumbel_softmax(x, dim=2)), ones(2, 4)),
    row("sorted along an axis that is not there", Calls(lambda x: x.sort(2)), ones(2, 4)),
    row("a softmax of integers", nn.Softmax(dim=1), ones(2, 4, dtype=LONG)),
    row("an activation of integers", nn.GELU(), ones(2, 4, dtype=LONG)),
    row("a deviation of integers", Calls(torch.std), ones(2, 4, dtype=LONG)),
    row("a short bias in 1D", Calls(lambda x: F.conv1d(x, ones(4, 2, 3), ones(3))), ones(1, 2, 8)),
    row("a bias by keyword", Calls(lambda x: F.conv2d(x, ones(4, 2, 3, 3), bias=ones(5))), ones(1, 2, 8, 8)),
    row("a bias of two axes", Calls(lambda x: F.conv2d(x, ones(4, 2, 3, 3), ones(4, 1))), ones(1, 2, 8, 8)),
    row(
        "a bias for one of two groups",
        Calls(lambda x: F.conv_transpose1d(x, ones(2, 4, 3), ones(4), groups=2)),
        ones(1, 2, 8),
    ),
    row("single into a double attention", Attends(nn.MultiheadAttention(4, 2).double()), ones(3, 2, 4)),
    row("double into an attention", Attends(nn.MultiheadAttention(4, 2)), ones(3, 2, 4, dtype=DOUBLE)),
    row("double into a recurrent cell", nn.LSTMCell(4, 3), ones(2, 4, dtype=DOUBLE)),
    row("double times a vector in single", Calls(lambda x: torch.mv(x, ones(4))), ones(2, 4, dtype=DOUBLE)),
]
PASSES = [
    row("padding of half the window", nn.Conv2d(1, 1, 3, padding=1), ones(1, 1, 8, 8)),
    row("padding beyond the window", nn.Conv2d(1, 1, 3, padding=5), ones(1, 1, 8, 8)),
    row("padding in a word", nn.Conv2d(1, 1, 3, padding="same"), ones(1, 1, 8, 8)),
    row("output_padding below the stride", nn.ConvTranspose2d(1, 1, 3, stride=2, output_padding=1), ones(1, 1, 8, 8)),
    row(
        "output_padding below the dilation",
        nn.ConvTranspose2d(1, 1, 3, dilation=2, output_padding=1),
        ones(1, 1, 8, 8),
    ),
    row("a pool padded by half", nn.MaxPool2d(4, padding=2), ones(1, 1, 8, 8)),
    row("a dilated pool padded by half its reach", nn.MaxPool2d(2, padding=1, dilation=3), ones(1, 1, 9, 9)),
    row("double into a double layer", nn.Linear(4, 2).double(), ones(2, 4, dtype=DOUBLE)),
    row("half into a batch norm in single", nn.BatchNorm2d(3), ones(2, 3, 4, 4, dtype=HALF)),
    row("integers into an embedding", nn.Embedding(4, 2), ones(2, 3, dtype=LONG)),
    row("double plus single", Calls(lambda x: x + ones(4)), ones(2, 4, dtype=DOUBLE)),
    row("a softmax over the first axis", nn.Softmax(dim=-2), ones(2, 4)),
    row("a softmax of half", nn.Softmax(dim=1), ones(2, 4, dtype=HALF)),
    row("a softmax of nothing", nn.Softmax(dim=1), ones(0, 4)),
    row("a softmax of integers as floats", Calls(lambda x: x.softmax(1, torch.float32)), ones(2, 4, dtype=LONG)),
    row("sorted as it is usual", Calls(lambda x: x.sort(descending=True)), ones(2, 4)),
    row("a bias of one number", nn.Conv1d(2, 1, 3), ones(1, 2, 8)),
    row("a bias for two groups", nn.ConvTranspose1d(2, 8, 3, groups=2), ones(1, 2, 8)),
    row(
        "a bias before the weight",
        Calls(lambda x: F.conv1d(x, bias=ones(4), weight=ones(4, 2, 3))),
        ones(1, 2, 8),
    ),
    row("a double attention", Attends(nn.MultiheadAttention(4, 2).double()), ones(3, 2, 4, dtype=DOUBLE)),
    row(
        "an attention with a mask of booleans",
        Attends(nn.MultiheadAttention(4, 2), attn_mask=torch.zeros(3, 3, dtype=torch.bool)),
        ones(3, 2, 4),
    ),
    row("a recurrent cell", nn.LSTMCell(4, 3), ones(2, 4)),
    row("double into a norm that converts", nn.RMSNorm(4), ones(2, 4, dtype=DOUBLE)),
    row("double beside single", Calls(lambda x: torch.cat([x, ones(2, 4)])), ones(2, 4, dtype=DOUBLE)),
]


def with_numbers(model: nn.Module, input: torch.Tensor) -> Exception | None:
    """What torch says of it."""
    try:
        with torch.no_grad():
            model(input)
    except Exception as error:
        return error
    return None


def with_shapes(model: nn.Module, input: torch.Tensor) -> Exception | None:
    """What the doctor finds in a run of shapes alone."""
    made = record(model, [input.to("meta")])
    return made.error or missed_on_meta(made)


@pytest.mark.parametrize(("model", "input"), REFUSED)
def test_what_torch_refuses_is_found(model: nn.Module, input: torch.Tensor) -> None:
    assert with_numbers(model, input) is not None
    assert with_shapes(model, input) is not None


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
@pytest.mark.parametrize(("model", "input"), PASSES)
def test_what_torch_takes_passes(model: nn.Module, input: torch.Tensor) -> None:
    assert with_numbers(model, input) is None
    assert with_shapes(model, input) is None


def test_some_of_these_pass_on_shapes_without_the_rules() -> None:
    """Else the rules would be for nothing."""
    let_pass = [each for each in REFUSED if record(each.values[0], [each.values[1].to("meta")]).error is None]
    assert len(let_pass) >= 12


def test_torch_is_quoted_in_its_own_words() -> None:
    """The sentence that a run with numbers raises."""
    for id in ("a softmax over an axis that is not there", "a short bias in 1D", "a bias for one of two groups"):
        model, input = next(each.values for each in REFUSED if each.id == id)
        assert repr(with_shapes(model, input)) == repr(with_numbers(model, input))


def test_torchs_random_state_stays() -> None:
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    with_shapes(Calls(lambda x: F.gumbel_softmax(x, dim=1)), ones(2, 4))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_layer_is_named_and_what_follows_is_left_out() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(2, 2, 3, padding=-1)), nn.Flatten())
    made = record(model, [torch.empty(1, 1, 8, 8, device="meta")])
    error = missed_on_meta(made)
    assert error is not None
    stopped = [call.name for call in made.model.walk() if call.error is error]
    assert stopped == ["", "1", "1.1", "1.1"]
    assert [call.name for call in made.model.calls] == ["0", "1"]
    diagnosis = diagnose(model, (1, 1, 8, 8))
    assert diagnosis is not None
    assert diagnosis.layer == "1.1"
    assert diagnosis.explanation == "`1.1` (Conv2d) has padding=-1, which must not be negative."
    assert diagnosis.fixes[0].code == "model[1][1] = nn.Conv2d(2, 2, 3)"
