"""The gallery of broken models keeps its word: each fails where it says, and each repair that it accepts runs."""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any, get_args

import pytest
import torch
from broken_models import BROKEN, FINE, SILENT, UNBUILT, Broken, Cause, Fine, Input, Repair, Silent, Unbuilt, run
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from convlab.nn.deform_base import DeformConv

# Lazy layers say so whenever one is built.
pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")


def named(cases: Iterable[Any]) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in cases]


def repairs(cases: Iterable[Broken] | Iterable[Silent]) -> list[Any]:
    rows: list[Any] = []
    for case in cases:
        accepted = case.accepted if isinstance(case, Broken) else case.cured
        rows += [pytest.param(case, repair, id=f"{case.name}: {repair.line}") for repair in accepted]
    return rows


def built(case: Broken | Silent | Fine) -> nn.Module:
    torch.manual_seed(0)
    return case.make()


class Functions(TorchFunctionMode):
    """Notes the names of the functions of torch that a model calls, each with the module that calls it."""

    def __init__(self, stack: Sequence[str]) -> None:
        super().__init__()
        self.stack = stack
        self.calls: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if self.stack:
            self.calls.append(f"{self.stack[-1]}.forward: {func.__name__.strip('_')}".lstrip("."))
        return func(*args, **kwargs or {})


@contextmanager
def stack_of_modules(model: nn.Module) -> Iterator[list[str]]:
    """The names of the modules whose forward is running; an exception leaves them as they were."""
    stack: list[str] = []
    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda *_, name=name: stack.append(name), prepend=True))
        handles.append(module.register_forward_hook(lambda *_: stack.pop() and None))
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()


def place_of_failure(model: nn.Module, input: Input) -> str:
    """Where the model fails, in the words of the gallery."""
    with stack_of_modules(model) as stack, Functions(stack) as functions, pytest.raises(Exception):  # noqa: B017, PT011
        run(model, input)
    module = model.get_submodule(stack[-1])
    if isinstance(module, DeformConv):
        return stack[-1]
    if type(module).__module__.startswith("torch.nn.modules") and not isinstance(module, nn.Sequential):
        return stack[-1]
    call: str = functions.calls[-1]
    return call


def tensors(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    return [tensor for part in parts for tensor in tensors(part)]


def places(model: nn.Module, input: Input) -> set[str]:
    """All places of a model: the input, what it holds, and the calls that it makes until it fails or ends."""
    with stack_of_modules(model) as stack, Functions(stack) as functions, suppress(Exception):
        run(model, input)
    modules = [name for name, _ in model.named_modules()]
    tensors = [name for name, _ in chain(model.named_parameters(), model.named_buffers())]
    forwards = [f"{name}.forward".lstrip(".") for name in modules]
    inputs = [f"input: {name}" for name in inspect.signature(model.forward).parameters]
    return {"input", "model", *inputs, *modules, *tensors, *forwards, *functions.calls}


# --- The broken ones --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", named(BROKEN))
def test_raises(case: Broken) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run(built(case), case.tensors())
    assert caught.type is case.raises


@pytest.mark.parametrize("case", named(BROKEN))
def test_fails_where_it_says(case: Broken) -> None:
    assert place_of_failure(built(case), case.tensors()) == case.fails_at


@pytest.mark.parametrize(("case", "repair"), repairs(BROKEN))
def test_an_accepted_repair_runs(case: Broken, repair: Repair) -> None:
    outputs = tensors(run(*repair(built(case), case.tensors())))
    assert outputs
    assert all(output.isfinite().all() for output in outputs)


@pytest.mark.parametrize(("case", "repair"), repairs([*BROKEN]) + repairs([*SILENT]))
def test_a_repair_leaves_its_arguments_alone(case: Broken | Silent, repair: Repair) -> None:
    model, input = built(case), case.tensors()
    text, forward, training = repr(model), type(model).forward, model.training
    numbers = [copy.deepcopy(tensor) for tensor in tensors(input)]
    repair(model, input)
    assert (repr(model), type(model).forward, model.training) == (text, forward, training)
    assert all(map(torch.equal, tensors(input), numbers))


@pytest.mark.parametrize("case", named(BROKEN))
def test_names_places_that_there_are(case: Broken) -> None:
    named_here = {*case.culprits, case.fails_at, *(repair.at for repair in case.accepted)}
    assert named_here <= places(built(case), case.tensors())


@pytest.mark.parametrize("case", named(BROKEN))
def test_the_input_is_the_same_each_time(case: Broken) -> None:
    assert all(map(torch.equal, tensors(case.tensors()), tensors(case.tensors())))


def test_there_are_enough_of_every_family() -> None:
    families = Counter(case.cause for case in BROKEN)
    assert set(families) == set(get_args(Cause))
    assert len(BROKEN) >= 64
    assert len(SILENT) >= 10


def test_names_are_unique() -> None:
    everything: list[Broken | Silent | Fine | Unbuilt] = [*BROKEN, *SILENT, *FINE, *UNBUILT]
    names = Counter(case.name for case in everything)
    assert not [name for name, times in names.items() if times > 1]


def test_sources_are_addresses() -> None:
    posted: list[Broken | Silent | Unbuilt] = [*BROKEN, *SILENT, *UNBUILT]
    assert all(case.source.startswith(("https://", "http://")) for case in posted)


def test_every_kind_of_place_is_there() -> None:
    """Layers, calls without a module, calls inside the reader's own modules, and errors that arise elsewhere."""
    fails_at = [case.fails_at for case in BROKEN]
    assert sum("forward: " in place for place in fails_at) >= len(BROKEN) // 8
    assert any(".forward: " in place for place in fails_at)
    assert sum(case.fails_at != case.culprits[0] for case in BROKEN) >= len(BROKEN) // 8
    assert any(isinstance(case.tensors(), tuple) for case in BROKEN)


def test_every_kind_of_repair_is_there() -> None:
    """Of the input, of a layer, of a call, a layer put in, an adaptive pool, a crop, more than one line."""
    lines = [repair.line for case in BROKEN for repair in case.accepted]
    assert {"input", "forward", "model"} <= {repair.at for case in BROKEN for repair in case.accepted}
    for part in ["AdaptiveAvgPool", "adaptive_avg_pool2d", "nn.Flatten()", "output_padding=", "output_size=", "; "]:
        assert any(part in line for line in lines), part


# --- The silent ones, the fine ones, and those that cannot be built ---------------------------------------------------


@pytest.mark.parametrize("case", named(SILENT))
def test_silent_ones_run(case: Silent) -> None:
    output = run(built(case), case.tensors())
    assert tuple(output.shape) == case.gives
    assert case.shows in places(built(case), case.tensors())
    assert case.cured


@pytest.mark.parametrize(("case", "repair"), repairs(SILENT))
def test_cured_they_give_something_else(case: Silent, repair: Repair) -> None:
    model, input = built(case), case.tensors()
    torch.manual_seed(1)
    before = run(model, input)
    model, input = repair(model, input)
    torch.manual_seed(1)
    after = run(model, input)
    assert tuple(after.shape) == case.meant
    assert before.shape != after.shape or not torch.allclose(before, after)


@pytest.mark.parametrize("case", named(FINE))
def test_fine_ones_run(case: Fine) -> None:
    assert run(built(case), case.tensors()).isfinite().all()


@pytest.mark.parametrize("case", named(UNBUILT))
def test_some_cannot_be_built(case: Unbuilt) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        case.make()
    assert caught.type is case.raises
    assert case.line.startswith(f"nn.{type(case.mended()).__name__}(")
