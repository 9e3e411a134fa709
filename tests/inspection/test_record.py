"""A record says what was called, with what and from where, up to the error, and the model stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from leftovers import everything, same
from torch import nn
from torch.nn.modules import module as all_modules
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from convlab.inspection import Call, Record, record


class Network(nn.Module):
    """A bit of everything: modules and functions, a layer used twice, a change in place, a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout(0.5))
        self.shared = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8 * 4 * 4, 10)
        self.constant = torch.ones(8, 1, 1)  # no buffer: it does not move with the model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = F.relu(self.shared(x), inplace=True)
        y = self.shared(y) + x * self.constant
        y = F.max_pool2d(y, 2)
        y = y.view(y.size(0), -1)
        logits: torch.Tensor = self.head(y)
        return logits


def shapes(size: tuple[int, ...] = (2, 3, 8, 8)) -> torch.Tensor:
    return torch.empty(size, device="meta")


def lines(call: Call) -> list[tuple[str, str]]:
    return [(inner.name, inner.kind) for inner in call.walk()]


def function(made: Record, kind: str) -> Call:
    return next(call for call in made.model.walk() if call.kind == kind and call.module is None)


EXPECTED = [
    ("", "Network"),
    ("stem", "Sequential"),
    ("stem.0", "Conv2d"),
    ("stem.0", "conv2d"),
    ("stem.1", "BatchNorm2d"),
    ("stem.1", "add"),  # the number of batches seen
    ("stem.1", "batch_norm"),
    ("stem.2", "Dropout"),
    ("stem.2", "dropout"),
    ("shared", "Conv2d"),
    ("shared", "conv2d"),
    ("", "relu"),
    ("shared", "Conv2d"),
    ("shared", "conv2d"),
    ("", "mul"),
    ("", "add"),
    ("", "max_pool2d"),
    ("", "view"),
    ("head", "Linear"),
    ("head", "linear"),
]


@pytest.mark.parametrize("x", [pytest.param(shapes(), id="shapes"), pytest.param(torch.rand(2, 3, 8, 8), id="numbers")])
def test_every_call_in_the_order_of_execution(x: torch.Tensor) -> None:
    made = record(Network(), [x])
    assert lines(made.model) == EXPECTED
    assert made.error is None
    assert made.output.shape == (2, 10)
    assert made.on_meta == x.is_meta
    pool = function(made, "max_pool2d")
    assert [tensor.shape for tensor in pool.inputs] == [(2, 8, 8, 8)]
    assert [tensor.shape for tensor in pool.outputs] == [(2, 8, 4, 4)]
    assert pool.arguments[0][1:] == (2,)


def test_numbers_are_those_of_the_model() -> None:
    model, x = Network().eval(), torch.rand(2, 3, 8, 8)
    assert torch.equal(record(model, [x]).output, model(x))


def test_the_keys_lead_from_call_to_call() -> None:
    made = record(Network(), [shapes()])
    relu, mul, add = (function(made, kind) for kind in ("relu", "mul", "batch_norm"))
    second = [call for call in made.model.walk() if call.kind == "conv2d" and call.name == "shared"][1]
    assert second.inputs[0] == relu.outputs[0]
    assert relu.inputs[0].key != relu.outputs[0].key  # a change in place is a new tensor
    assert made.model.inputs == made.inputs
    assert made.model.outputs[0].shape == (2, 10)
    assert mul.inputs[0] not in add.inputs


def test_a_module_used_twice_is_one_module() -> None:
    model = Network()
    made = record(model, [shapes()])
    assert [call.module for call in made.model.walk() if call.name == "shared" and call.module] == [model.shared] * 2


def test_the_place_is_in_the_code_of_the_reader() -> None:
    made = record(Network(), [shapes()])
    place = function(made, "max_pool2d").place
    assert place is not None
    file, line = place.file, place.line
    assert Path(file).name == "test_record.py"
    assert "F.max_pool2d(y, 2)" in Path(file).read_text(encoding="utf-8").splitlines()[line - 1]


def test_a_layer_has_its_place_too() -> None:
    """To the column: what stands there is the call, and nothing else."""
    made = record(Network(), [shapes()])
    call = next(call for call in made.model.walk() if call.name == "shared" and call.module)
    assert call.place is not None
    first, last, begin, end = call.place.span
    assert first == last
    assert Path(call.place.file).read_text(encoding="utf-8").splitlines()[first - 1][begin:end] == "self.shared(x)"


def test_a_layer_of_a_sequential_has_no_place_that_nobody_called() -> None:
    made = record(nn.Sequential(nn.ReLU()), [shapes()])
    assert [call.place for call in made.model.walk()] == [None] * 3


def test_shapes_need_no_memory() -> None:
    volume = nn.Sequential(nn.Conv3d(1, 64, 3), nn.MaxPool3d(2), nn.Conv3d(64, 64, 3))
    made = record(volume, [shapes((1, 1, 1000, 1000, 1000))])
    assert made.output.shape == (1, 64, 497, 497, 497)
    assert made.output.is_meta


class Options(nn.Module):
    def forward(self, x: torch.Tensor, *, scale: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        return {"both": [x * scale, nn.ReLU()(x)]}


def test_keyword_arguments_and_nested_outputs() -> None:
    made = record(Options(), [torch.rand(3)], {"scale": torch.ones(3)})
    assert [tensor.shape for tensor in made.inputs] == [(3,), (3,)]
    assert len(made.model.outputs) == 2
    assert set(made.output) == {"both"}


def test_a_module_made_on_the_fly_belongs_to_the_module_around_it() -> None:
    assert lines(record(Options(), [torch.rand(3)], {"scale": torch.ones(3)}).model) == [
        ("", "Options"),
        ("", "mul"),
        ("", "relu"),
    ]


@pytest.mark.parametrize(
    ("model", "size", "name", "kind"),
    [
        pytest.param(Network(), (2, 4, 8, 8), "stem.0", "conv2d", id="in a layer of a layer"),
        pytest.param(Network(), (2, 3, 16, 16), "head", "linear", id="in the last layer"),
        pytest.param(Network(), (3, 8, 8), "stem.1", "dim", id="in a check of torch"),
    ],
)
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_failing_call_is_the_last_one(
    model: nn.Module, size: tuple[int, ...], name: str, kind: str, device: str
) -> None:
    made = record(model, [torch.empty(size, device=device)])
    failed = [call for call in made.model.walk() if call.error]
    assert made.output is None
    assert made.error is not None
    assert all(call.error is made.error for call in failed)
    assert failed[0] is made.model
    modules = [call for call in failed if call.module]
    assert modules[-1].name == name
    if kind != "dim":
        assert (failed[-1].name, failed[-1].kind, failed[-1].outputs) == (name, kind, [])


@pytest.fixture
def lively() -> nn.Module:
    """A model in training with gradients, a hook of its own and one layer in evaluation."""
    model = Network()
    model(torch.rand(2, 3, 8, 8)).sum().backward()
    model.stem[0].register_forward_hook(lambda module, inputs, output: None)
    model.shared.eval()
    return model


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(shapes(), id="shapes"),
        pytest.param(torch.rand(2, 3, 8, 8), id="numbers"),
        pytest.param(shapes((2, 3, 16, 16)), id="shapes, and it fails"),
        pytest.param(torch.rand(2, 3, 16, 16), id="numbers, and it fails"),
    ],
)
def test_nothing_is_left_behind(lively: nn.Module, x: torch.Tensor) -> None:
    before = copy.deepcopy(everything(lively))
    record(lively, [x])
    assert same(everything(lively), before)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda model: model.stem[1].running_mean.add_(1e-3), id="a buffer"),
        pytest.param(lambda model: model.train(), id="a mode"),
        pytest.param(lambda model: model.register_forward_hook(lambda *_: None), id="a hook"),
        pytest.param(lambda model: model.zero_grad(), id="gradients"),
        pytest.param(lambda model: setattr(model, "trace", 1), id="an attribute"),
        pytest.param(lambda model: torch.rand(1), id="the random state"),
    ],
)
def test_what_would_be_left_behind_is_noticed(lively: nn.Module, spoil: Callable[[Any], object]) -> None:
    before = copy.deepcopy(everything(lively))
    with torch.no_grad():
        spoil(lively)
    assert not same(everything(lively), before)


class Counting(TorchFunctionMode):
    """A mode of the reader's own."""

    count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def test_a_mode_of_the_reader_still_sees_the_calls() -> None:
    with Counting() as counting:
        made = record(nn.ReLU(), [torch.rand(3)])
    assert counting.count > 0
    assert lines(made.model) == [("", "ReLU"), ("", "relu")]


def test_tied_weights_stay_tied() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    made = record(model, [torch.rand(1, 4)])
    keys = [call.inputs[1].key for call in made.model.walk() if call.kind == "linear"]
    assert keys[0] == keys[1]


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
@pytest.mark.parametrize("input", [shapes(), torch.rand(2, 3, 8, 8)], ids=["shapes", "numbers"])
def test_a_lazy_model_is_run_as_a_copy(input: torch.Tensor) -> None:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.BatchNorm2d(4))
    made = record(model, [input])
    assert made.error is None
    assert made.output.shape[1] == 4
    assert any(map(is_lazy, model.parameters()))
    assert isinstance(model[0], nn.LazyConv2d)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_a_lazy_norm_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be initialised, but 0.running_mean has no shape yet"):
        record(nn.Sequential(nn.LazyBatchNorm2d()), [shapes()])


def test_the_inputs_are_copies() -> None:
    """A change in place stays in the run; one tensor given twice is still one."""
    given: list[torch.Tensor] = []

    class Changing(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            given.extend([x, y])
            return x.add_(1).unsqueeze_(0)

    x = torch.zeros(2)
    record(Changing(), [x, x])
    assert x.tolist() == [0, 0]
    assert given[0] is given[1] is not x


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_copies_lie_in_memory_as_the_inputs_do(device: str) -> None:
    whole = torch.rand(2, 3, 8, 8, device=device)
    record_of: list[torch.Tensor] = []

    class Noting(nn.Module):
        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            record_of.extend(tensors)
            return tensors[0]

    given = [whole[..., 1:-1], whole.permute(0, 2, 3, 1), whole[:, :1].expand(-1, 3, -1, -1)]
    record(Noting(), given)
    assert [tensor.stride() for tensor in record_of] == [tensor.stride() for tensor in given]


def test_a_loop_without_an_end_is_stopped() -> None:
    class Endless(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            while x.dim() != 4:
                x = x.unsqueeze(0)
            return x

    assert record(Endless(), [torch.zeros(1, 1, 1)], most_calls=100).error is None
    stopped = record(Endless(), [torch.zeros(1, 1, 1, 1, 1)], most_calls=100)
    assert "loop that does not end" in str(stopped.error)


def test_a_change_of_a_part_is_written_down() -> None:
    class Shifted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = torch.zeros_like(x)
            y[..., 1:] = x[..., :-1]
            return y

    made = record(Shifted(), [shapes((2, 5))])
    zeros, part, change = (function(made, kind) for kind in ("zeros_like", "__getitem__", "__setitem__"))
    assert change.inputs == [zeros.outputs[0], part.outputs[0]]
    assert change.outputs == made.model.outputs != zeros.outputs


def test_a_change_of_a_view_makes_the_whole_a_new_tensor() -> None:
    class Marked(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = F.relu(x)
            x[:, 0].add_(1)
            return x

    made = record(Marked(), [shapes((2, 5))])
    assert made.model.outputs != function(made, "relu").outputs


class Mixed(nn.Module):
    """A parameter, a buffer, a plain tensor, a tensor from nothing and one from all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("mean", torch.zeros(3))
        self.plain = torch.ones(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x, self.weight, self.mean, self.plain, torch.arange(3.0)])  # type: ignore[list-item]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_what_does_not_depend_on_the_input_is_known(device: str) -> None:
    made = record(Mixed(), [torch.empty(3, device=device)])
    x, *others = (info.key for info in function(made, "stack").inputs)
    assert x not in made.constants
    assert made.constants >= set(others)
    assert [made.parameters.get(key) for key in others] == ["weight", "mean", None, None]


def test_the_weights_of_an_lstm_are_known() -> None:
    """It holds its weights in a list besides, which the lent ones do not reach."""
    made = record(nn.LSTM(3, 4), [shapes((5, 2, 3))])
    names = {made.parameters.get(info.key) for info in function(made, "lstm").inputs}
    assert {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"} <= names


@pytest.fixture(autouse=True)
def _no_hooks_remain() -> Iterator[None]:
    yield
    assert not all_modules._global_forward_hooks
    assert not all_modules._global_forward_pre_hooks
