"""The doctor leaves everything as it was, comes to an end, and copes with models that nobody foresaw."""

from __future__ import annotations

import copy
import linecache
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convlab.inspection import diagnose
from convlab.inspection.doctor import search, words
from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.diagnosing import case_of, diagnose_case
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.search import PROPOSALS, cures, proposed
from convlab.inspection.doctor.trials import Trials

# --- Leaving no trace ------------------------------------------------------------------------------------------------


class Careless(nn.Module):
    """A model that changes whatever it can: its input, its buffers, the random numbers."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(features, 2)
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        x += 1
        self.calls.add_(1)
        x = self.drop(F.relu(self.norm(self.conv(x)), inplace=True))
        scores: Tensor = self.fc(x.view(x.size(0), -1))
        return scores


def state_of(model: nn.Module, input: Tensor) -> dict[str, Any]:
    """All that a reader could find changed."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers()), "input": input}
    return {
        "values": {name: tensor.detach().clone() for name, tensor in tensors.items()},
        "grads": {name: copy.deepcopy(tensor.grad) for name, tensor in model.named_parameters()},
        "same": {name: (id(tensor), tensor._version, tensor.requires_grad) for name, tensor in tensors.items()},
        "modules": {name: (id(module), type(module), module.training) for name, module in model.named_modules()},
        "hooks": {name: list(module._forward_hooks.values()) for name, module in model.named_modules()},
        "attributes": {name: sorted(vars(module)) for name, module in model.named_modules()},
        "random": torch.get_rng_state(),
        "lines": linecache.getlines(__file__),
        "warnings": list(warnings.filters),
        "modes": (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()),
    }


def assert_equal(first: Any, second: Any) -> None:
    """Equal, tensors by their numbers."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for name in first:
            assert_equal(first[name], second[name])
    elif isinstance(first, Tensor):
        assert torch.equal(first, second)
    else:
        assert first == second


@pytest.fixture
def careless() -> tuple[nn.Module, Tensor]:
    """A model with hooks and gradients, and an input that it cannot take."""
    model, input = Careless(features=10), torch.rand(2, 1, 8, 8)
    model.fc.register_forward_hook(lambda module, given, output: output)
    Careless(features=144).to("meta")(torch.rand(2, 1, 8, 8, device="meta"))  # torch loads then what it needs for that
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.norm.eval()
    return model, input


@pytest.mark.parametrize("as_shape", [pytest.param(False, id="numbers"), pytest.param(True, id="a shape")])
def test_everything_is_left_as_it_was(careless: tuple[nn.Module, Tensor], as_shape: bool) -> None:
    model, input = careless
    before = state_of(model, input)
    diagnosis = diagnose(model, tuple(input.shape) if as_shape else input)
    assert diagnosis is not None
    assert diagnosis.fixes
    assert_equal(before, state_of(model, input))


def test_everything_is_left_as_it_was_after_an_error_of_the_doctor(
    careless: tuple[nn.Module, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, input = careless

    def fails(case: Case) -> Iterator[Edit]:
        yield Edit("input", "x.fill_(0)", "Change the input.", 0.1)
        yield Edit("model", "model.fc.weight.data.fill_(0); model.conv = None", "Change the model.", 0.2)
        raise MemoryError

    before = state_of(model, input)
    monkeypatch.setattr(search, "proposed", lambda case, proposals=(): list(fails(case)))
    with pytest.raises(MemoryError):
        diagnose(model, input)
    assert_equal(before, state_of(model, input))
    monkeypatch.setattr(search, "proposed", lambda case, proposals=(): [next(fails(case))])
    diagnose(model, input)
    assert_equal(before, state_of(model, input))


def test_a_crop_is_tried_as_the_crop_that_it_is() -> None:
    """A copy with its elements in order would let a view pass that fails on the crop."""
    edit = Edit("input", "x = x[..., :4]", "", 1)
    after = Trials(case_of(nn.Flatten(0), [torch.rand(2, 8)], {}))._changed([edit], on_meta=False)
    assert after.inputs["x"].stride() == (8, 1)


# --- What cannot be copied, and what takes long ----------------------------------------------------------------------


class Holds(nn.Sequential):
    """A model with an attribute of which no copy can be made."""

    def __init__(self, thing: Any) -> None:
        super().__init__(nn.Flatten(), nn.Linear(5, 2))
        self.thing = thing


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(threading.Lock(), id="a lock"),
        pytest.param((number for number in range(3)), id="a generator"),
        pytest.param(linecache, id="a module"),
    ],
)
@pytest.mark.parametrize("input", [pytest.param(torch.rand(2, 4), id="numbers"), pytest.param((2, 4), id="a shape")])
def test_a_model_that_cannot_be_copied_is_explained_without_fixes(thing: Any, input: Any) -> None:
    diagnosis = diagnose(Holds(thing), input)
    assert diagnosis is not None
    assert diagnosis.layer == "1"
    assert "4 features" in diagnosis.explanation
    assert diagnosis.fixes == ()


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code of each trial that is made; none of them helps."""
    made: list[str] = []

    def run(self: Trials, edits: tuple[Edit, ...]) -> None:
        self.count += 1
        made.append("; ".join(edit.code for edit in edits))

    monkeypatch.setattr(Trials, "run", run)
    return made


def too_small() -> Case:
    """A case for which a hundred changes and more come to mind."""
    return case_of(nn.Sequential(nn.Conv3d(1, 1, 9), nn.Conv3d(1, 1, 9)), [torch.empty(1, 1, 9, 10, 12)], {})


def test_the_search_ends_when_its_time_is_over(trials: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 3))
    clock_of_ours = types.SimpleNamespace(perf_counter=lambda: next(clock))
    monkeypatch.setattr("convlab.inspection.doctor.search.time", clock_of_ours)
    assert cures(too_small()) == []
    assert len(trials) == 6  # at 3, 6, 9, 12, 15 and 18 seconds


def test_work_and_not_time_ends_the_search_for_more_fixes(monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(100, 2)), [torch.empty(1, 1, 9, 9)], {})
    assert len(cures(case)) > 1
    monkeypatch.setattr("convlab.inspection.doctor.search.WORK_AFTER", -1)
    assert len(cures(case)) == 1


def test_large_numbers_are_more_work() -> None:
    small, large = (Trials(case_of(nn.Conv2d(1, 1, 3), [torch.rand(1, 2, size, size)], {})) for size in (8, 1000))
    for trials in (small, large):
        assert trials.run([Edit("model", "model = nn.Conv2d(2, 1, 3)", "", 2.0)]) is not None
    assert 1 <= small.work <= 3
    assert large.work == small.work + 998 * 998 // 75_000


def test_the_search_ends_after_so_many_trials(trials: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cures(too_small()) == []
    assert 30 < len(trials) == len(set(trials)) <= search.MOST_TRIALS
    trials.clear()
    monkeypatch.setattr(search, "MOST_TRIALS", 30)
    assert cures(too_small()) == []
    assert len(trials) == 30


def test_a_large_model_is_tried_by_its_shapes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convlab.inspection.doctor.trials.LITTLE", 50)
    monkeypatch.setattr("convlab.inspection.doctor.trials.MOST_BYTES", 100)
    diagnosis = diagnose(nn.Sequential(nn.Linear(8, 8), nn.Linear(9, 2)), torch.rand(1, 8))
    assert diagnosis is not None
    assert diagnosis.fixes[0].code == "model[1] = nn.Linear(8, 2)"
    trials = Trials(case_of(nn.Linear(9, 2), [torch.rand(1, 8)], {}))
    ran = trials.run([Edit("model", "model = nn.Linear(8, 2)", "", 1)])
    assert ran is not None
    assert not ran.record.on_meta
    larger = Trials(case_of(nn.Linear(90, 2), [torch.rand(1, 8)], {})).run(
        [Edit("model", "model = nn.Linear(8, 2)", "", 1)]
    )
    assert larger is not None
    assert larger.record.on_meta


# --- Odd models ------------------------------------------------------------------------------------------------------


class Calls(nn.Module):
    """A model that is one function, with a parameter and a layer at hand."""

    def __init__(self, function: Callable[..., Any], *layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.scale = nn.Parameter(torch.ones(4))
        self.layers = nn.ModuleList(layers)

    def forward(self, *given: Any, **named: Any) -> Any:
        return self.function(self, *given, **named)


class WithoutSource(nn.Module):
    """A model whose code is nowhere to be read."""

    exec("def forward(self, x): return x.view(7, 7)")


def raises(*given: Any) -> None:
    raise ZeroDivisionError


X = torch.rand(2, 3, 8, 8)
ODD: dict[str, tuple[nn.Module, tuple[Any, ...]]] = {
    "no tensor at all": (Calls(lambda self, n: torch.ones(n) @ torch.ones(n + 1)), (3,)),
    "a number, not a tensor": (Calls(lambda self, x: torch.ones(2, 3) + x), (torch.ones(2, 4),)),
    "a tensor without axes": (nn.Conv2d(1, 1, 3), (torch.tensor(1.0),)),
    "a tensor without axes into a linear layer": (nn.Linear(3, 1), (torch.tensor(1.0),)),
    "a tensor without elements": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(9, 2)), (torch.rand(0, 3, 8, 8),)),
    "no channels": (nn.Conv2d(3, 6, 3, groups=3), (torch.rand(2, 0, 8, 8),)),
    "an axis of no size": (nn.Conv2d(3, 4, 3), (torch.rand(2, 3, 0, 8),)),
    "seven axes": (nn.Conv3d(1, 1, 3), (torch.rand(1, 1, 1, 1, 4, 4, 4),)),
    "a view to another dtype": (Calls(lambda self, x: x.view(torch.float64)), (torch.rand(2, 3),)),
    "a view by its name": (Calls(lambda self, x: x.view(size=(7, 7))), (X,)),
    "a reshape as a function": (Calls(lambda self, x: torch.reshape(x, (7, -1))), (X,)),
    "a view of a tensor without elements": (Calls(lambda self, x: x.view(0, -1)), (torch.rand(0, 3),)),
    "vectors of two lengths": (Calls(lambda self, x: x @ torch.ones(7)), (torch.rand(3),)),
    "a sum with a vector": (Calls(lambda self, x: x + torch.ones(7)), (torch.rand(3),)),
    "tensors of a list": (Calls(lambda self, x: torch.cat([x, *self.layers[0](x)]), nn.Identity()), (X,)),
    "one tensor too few": (Calls(lambda self, x: torch.stack([x, x[0]])), (X,)),
    "a norm of one axis": (Calls(lambda self, x: F.group_norm(x, 4)), (torch.rand(3),)),
    "groups that are none": (Calls(lambda self, x: F.group_norm(x, 0)), (X,)),
    "a kernel without axes": (Calls(lambda self, x: F.conv2d(x, torch.tensor(1.0))), (X,)),
    "a kernel without channels": (Calls(lambda self, x: F.conv2d(x, torch.rand(2, 0, 3, 3), groups=3)), (X,)),
    "a window of one number too many": (Calls(lambda self, x: F.max_pool2d(x, (2, 2, 2))), (X,)),
    "a pool by powers": (nn.LPPool2d(2, 9), (X,)),
    "an unpool without places": (nn.MaxUnpool2d(2), (X, X.long() - 9)),
    "a state of another batch": (nn.GRU(8, 4, batch_first=True), (torch.rand(2, 5, 8), torch.rand(1, 3, 4))),
    "a state of two for one": (nn.LSTM(8, 4), (torch.rand(5, 2, 8), (torch.rand(1, 2, 4), torch.rand(2, 2, 4)))),
    "attention of three shapes": (nn.MultiheadAttention(8, 2), (torch.rand(5, 2, 8), X, X)),
    "interpolation of two axes": (Calls(lambda self, x: F.interpolate(x, scale_factor=2)), (torch.rand(3, 4),)),
    "an einsum": (Calls(lambda self, x: torch.einsum("nchw,hk->nck", x, torch.ones(7, 2))), (X,)),
    "an index out of range": (Calls(lambda self, x: x[:, 9]), (X,)),
    "an embedding out of range": (nn.Embedding(4, 2), (torch.tensor([9]),)),
    "a model's own error": (Calls(raises), (X,)),
    "its own words for a shape": (Calls(lambda self, x: self.layers[9](x)), (X,)),
    "a tensor in a dict": (Calls(lambda self, x: x["picture"] @ torch.ones(7)), ({"picture": X},)),
    "complex numbers": (nn.Linear(8, 2), (X + 1j,)),
    "integers": (nn.Conv2d(3, 1, 3), (X.long(),)),
    "truths": (nn.BatchNorm2d(4), (X > 0.5,)),
    "no source": (WithoutSource(), (X,)),
    "a scripted layer": (nn.Sequential(nn.Identity(), nn.Bilinear(3, 4, 2)), (X,)),
    "a layer within a call": (Calls(lambda self, x: self.layers[0](x.mean(1)).sum(), nn.Conv2d(3, 1, 3)), (X,)),
    "a part of the model that is none": (Calls(lambda self, x: nn.Linear(3, 4)(x)), (X,)),
    "a parameter of another size": (Calls(lambda self, x: x * self.scale), (X,)),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_model_is_no_trouble(name: str) -> None:
    model, args = ODD[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        case = case_of(model, args, {})
        assert case.record.error is not None
        for proposal in PROPOSALS:
            for edit in proposal(case):
                assert edit.description.endswith(".")
        assert words._explained(case)
        diagnosis = diagnose_case(case)
    with pytest.raises(type(diagnosis.error)):
        model(*args)


def test_what_makes_proposals_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's error is what matters, not one of the doctor's."""

    def fails(case: Case) -> Iterator[Edit]:
        yield Edit("model", "model = nn.Linear(5, 2)", "Build it anew.", 1)
        raise IndexError

    case = case_of(nn.Linear(4, 2), [torch.rand(1, 5)], {})
    assert [edit.code for edit in proposed(case, (fails, PROPOSALS[1]))][-1] == "model = nn.Linear(5, 2)"
    monkeypatch.setattr(words, "_explained", lambda case: [][0])
    said = "`model` (Linear) raised mat1 and mat2 shapes cannot be multiplied (1x5 and 4x2)."
    assert words.explanation(case) == said
