"""Models as engineers have them: wrapped, compiled, with a memory, looking into their tensors."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import rnn

import convlab


class Remembering(nn.Module):
    """Leaves something behind in every way that there is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.last: Tensor | None = None
        self.losses: list[Tensor] = []
        self.cache: dict[str, Tensor] = {}

    def forward(self, x: Tensor) -> Any:
        y = self.conv(x)
        self.last = y if self.last is None else self.last + y
        self.losses.append(y)
        self.cache["last"] = y
        self.register_buffer("made", torch.ones(1))
        self.register_forward_hook(lambda *_: None)
        self.conv.weight.data.mul_(2)
        self.new = nn.Linear(1, 1)
        self.eval()
        return y


class Looking(nn.Module):
    """Looks into its numbers, and has a wrong layer behind or not."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.out = nn.Linear(features, 2)

    def forward(self, x: Tensor) -> Any:
        y = self.fc(x)
        return self.out(y + 1 if y.mean() > 0 else y)


GIVEN = [pytest.param((1, 3, 8, 8), id="a shape"), pytest.param(torch.ones(1, 3, 8, 8), id="numbers")]


@pytest.mark.parametrize("look", [convlab.trace, convlab.diagnose])
@pytest.mark.parametrize("given", GIVEN)
def test_nothing_is_left_behind(look: Callable[[nn.Module, Any], object], given: Any) -> None:
    model = Remembering()
    before, weight = dict(vars(model)), model.conv.weight.clone()
    look(model, given)
    assert vars(model) == before
    assert (model.last, model.losses, model.cache, model.training) == (None, [], {}, True)
    assert not list(model.buffers())
    assert not model._forward_hooks
    assert [name for name, _ in model.named_children()] == ["conv"]
    assert torch.equal(model.conv.weight, weight)


def test_wrapped_models_are_looked_through() -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    for wrapped in (nn.DataParallel(model), torch.compile(model, backend="eager")):
        trace = convlab.trace(wrapped, (1, 2))  # type: ignore[arg-type]
        assert (trace.output_shape, trace.layers[0].name) == ((1, 3), "0")
        assert convlab.diagnose(wrapped, (1, 2)) is None  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_model_is_refused_and_a_scripted_layer_is_a_row() -> None:
    layer = torch.jit.script(nn.Linear(2, 3))
    for look in (convlab.trace, convlab.diagnose):
        with pytest.raises(TypeError, match=r"from before torch\.jit"):
            look(layer, (1, 2))
    assert convlab.trace(nn.Sequential(layer), (1, 2)).output_shape == (1, 3)


def test_a_model_that_looks_into_its_numbers_is_run_on_numbers() -> None:
    assert convlab.diagnose(Looking(3), (1, 4)) is None
    diagnosis = convlab.diagnose(Looking(5), (1, 4))
    assert diagnosis is not None
    assert diagnosis.layer == "out"


def test_packed_sequences() -> None:
    packed = rnn.pack_sequence([torch.rand(3, 8), torch.rand(2, 8)])
    trace = convlab.trace(nn.LSTM(8, 4), (packed,))
    assert trace.error is None
    assert trace.output_shape[0][0] == (5, 4)


def test_measuring_where_gradients_are_off() -> None:
    trace = convlab.trace(nn.Conv2d(1, 1, 3), (1, 1, 9, 9))
    for off in (torch.no_grad, torch.inference_mode):
        with off():
            assert trace.measure_receptive_field() == trace.receptive_field


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return x + self.conv(x)


def test_no_batch_is_made_of_channels() -> None:
    """A sum of (3, 1, ...) and (1, 6, ...) would run; nobody means it."""
    diagnosis = convlab.diagnose(Residual(), (1, 3, 8, 8))
    assert diagnosis is not None
    assert not [fix for fix in diagnosis.fixes if "transpose(0, 1)" in fix.code]


class WrongView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(100, 2)

    def forward(self, x: Tensor) -> Any:
        return self.fc(x.view(-1, 100))


def test_a_line_of_forward_and_one_of_the_model_are_two_lines() -> None:
    diagnosis = convlab.diagnose(WrongView(), torch.ones(2, 3, 7))
    assert diagnosis is not None
    both = [fix.code for fix in diagnosis.fixes if "model.fc" in fix.code and "return" in fix.code]
    assert both
    assert all(code.splitlines()[1] == "model.fc = nn.Linear(21, 2)" for code in both)


def test_no_dtype_is_blamed_under_autocast() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(10, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        diagnosis = convlab.diagnose(model, torch.ones(1, 1, 16, 16))
    assert diagnosis is not None
    assert "784 features" in diagnosis.explanation


@pytest.mark.parametrize("on", [True, False])
def test_the_garbage_collector_is_as_it_was(on: bool) -> None:
    try:
        gc.enable() if on else gc.disable()
        convlab.trace(nn.Linear(4, 2), (1, 5))
        assert gc.isenabled() is on
    finally:
        gc.enable()
