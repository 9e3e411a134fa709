"""The bank's exercises with integers, its designs, and those of the first notebook."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import convlab
from convlab import arithmetic
from convlab.arithmetic import ConvSpec
from convlab.nn import CausalConv1d, SeparableConv2d
from convlab.practice import catalogue
from convlab.practice._bank import (
    capstone,
    costs,
    designs,
    dilations,
    fields,
    grouped_costs,
    network_costs,
    networks,
    paddings,
    refusals,
    separable,
    shapes,
    sizes,
    start,
    start_windows,
    transposed_sizes,
    volume_shapes,
)
from convlab.practice._bank._properties import Stack
from convlab.practice.exercise import Case, Design, Exercise, Task

MODULES = (
    *(start, start_windows, sizes, paddings, costs, volume_shapes, shapes, networks, refusals, grouped_costs),
    *(separable, dilations, fields, transposed_sizes, network_costs, designs, capstone),
)
TASKS: dict[str, Task] = {task.name: task for module in MODULES for task in module.EXERCISES}
EXERCISES = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}
DESIGNS = {name: task for name, task in TASKS.items() if isinstance(task, Design)}

Outcome = tuple[object, ...]


def outcome(answer: Callable[..., Any], case: Case) -> Outcome:
    """What an answer makes of a case: its kind and value, or the kind of the exception."""
    try:
        value = answer(*case.args, **case.kwargs)
    except Exception as error:
        return ("raises", type(error))
    if isinstance(value, torch.Tensor):
        return (torch.Tensor, value.dtype, value.tolist())
    return (type(value), value)


def outcomes(task: Exercise, answer: Callable[..., Any]) -> list[Outcome]:
    return [outcome(answer, case) for case in task.cases()]


def positive(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most)


# ------------------------------------------------------------------------------------- other roads to the right answer


def size_by_arithmetic(input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
    return arithmetic.conv_output_size(input_size, kernel_size, stride=stride, padding=padding, dilation=dilation)


def size_by_layer(input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
    layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation)
    return layer(torch.zeros(1, 1, input_size)).shape[-1]


def positions_by_layer(input_size: tuple[int, int], kernel_size: tuple[int, int]) -> Any:
    return nn.Conv2d(1, 1, kernel_size)(torch.zeros(1, 1, *input_size)).numel()


def same_by_arithmetic(kernel_size: int, dilation: int = 1) -> Any:
    return arithmetic.same_padding(kernel_size, dilation=dilation)


def same_by_layer(kernel_size: int, dilation: int = 1) -> tuple[int, int]:
    """Where the taps of output 9 lie in a layer with padding='same', read from a gradient."""
    layer = nn.Conv1d(1, 1, kernel_size, padding="same", dilation=dilation)
    n = 2 * dilation * kernel_size + 1
    x = torch.zeros(1, 1, n, requires_grad=True)
    nn.init.ones_(layer.weight)
    layer(x)[0, 0, n // 2].backward()
    assert x.grad is not None
    seen = x.grad[0, 0].nonzero().flatten().tolist()
    return n // 2 - seen[0], seen[-1] - n // 2


def causal_by_layer(kernel_size: int, dilation: int = 1) -> tuple[int, int]:
    module = CausalConv1d(1, 1, kernel_size, dilation=dilation)
    n = dilation * kernel_size + 1
    x = torch.zeros(1, 1, n, requires_grad=True)
    torch.nn.init.ones_(next(p for p in module.parameters() if p.ndim == 3))
    module(x)[0, 0, n - 1].backward()
    assert x.grad is not None
    seen = x.grad[0, 0].nonzero().flatten().tolist()
    return n - 1 - seen[0], seen[-1] - (n - 1)


def transposed_by_arithmetic(
    input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> Any:
    options = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    return arithmetic.conv_transpose_output_size(input_size, kernel_size, **options)


def transposed_by_layer(
    input_size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> Any:
    layer = nn.ConvTranspose1d(1, 1, kernel_size, stride, padding, output_padding, dilation=dilation)
    return layer(torch.zeros(1, 1, input_size)).shape[-1]


def params_by_arithmetic(
    in_channels: int, out_channels: int, kernel_size: Any, groups: int = 1, bias: bool = True
) -> int:
    sides = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
    return arithmetic.num_params(ConvSpec(in_channels, out_channels, sides, groups=groups, bias=bias))


def flat_params(in_channels: int, out_channels: int, kernel_size: Any, bias: bool = True) -> int:
    return params_by_arithmetic(in_channels, out_channels, kernel_size, bias=bias)


def separable_by_module(in_channels: int, out_channels: int, kernel_size: int, bias: bool = False) -> int:
    """The module has a bias at its end only; the exercise asks for one in each layer."""
    module = SeparableConv2d(in_channels, out_channels, kernel_size, bias=bias)
    return sum(parameter.numel() for parameter in module.parameters()) + (in_channels if bias else 0)


def separable_by_arithmetic(in_channels: int, out_channels: int, kernel_size: int, bias: bool = False) -> int:
    depthwise = params_by_arithmetic(in_channels, in_channels, kernel_size, in_channels, bias)
    return depthwise + params_by_arithmetic(in_channels, out_channels, 1, 1, bias)


def macs_by_arithmetic(in_channels: int, out_channels: int, kernel_size: int, output_size: tuple[int, int]) -> int:
    spec = ConvSpec(in_channels, out_channels, (kernel_size, kernel_size))
    return arithmetic.num_macs(spec, tuple(n + kernel_size - 1 for n in output_size))


def separable_macs_by_trace(in_channels: int, out_channels: int, kernel_size: int, output_size: tuple[int, int]) -> int:
    depthwise = nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels)
    model = nn.Sequential(depthwise, nn.Conv2d(in_channels, out_channels, 1)).to("meta")
    return convlab.trace(model, (1, in_channels, *(n + kernel_size - 1 for n in output_size))).num_macs


def field_by_arithmetic(layers: Sequence[tuple[int, int, int]]) -> Any:
    specs = [ConvSpec(1, 1, (kernel,), stride=stride, dilation=dilation) for kernel, stride, dilation in layers]
    sizes: Any = arithmetic.receptive_field(specs).size
    return sizes[0]


def seen_by_gradient(layers: Sequence[tuple[int, int, int]]) -> list[int]:
    """The inputs that output 0 of a stack of layers with weights of 1 sees, in rising order."""
    stack = nn.Sequential(*(nn.Conv1d(1, 1, k, stride, dilation=d, bias=False) for k, stride, d in layers))
    for parameter in stack.parameters():
        nn.init.ones_(parameter)
    x = torch.zeros(1, 1, field_by_arithmetic(layers), requires_grad=True)
    stack(x)[0, 0, 0].backward()
    assert x.grad is not None
    return x.grad[0, 0].nonzero().flatten().tolist()


def field_by_gradient(layers: Sequence[tuple[int, int, int]]) -> int:
    seen = seen_by_gradient(layers)
    return seen[-1] - seen[0] + 1


def reached_by_gradient(kernel_size: int, dilations: Sequence[int]) -> tuple[int, ...]:
    return tuple(seen_by_gradient([(kernel_size, 1, dilation) for dilation in dilations]))


def span_by_arithmetic(kernel_size: int, dilation: int) -> Any:
    return arithmetic.effective_kernel_size(kernel_size, dilation=dilation)


def shape_3d_by_arithmetic(
    input_shape: Sequence[int],
    out_channels: int,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1, 1),
    padding: tuple[int, ...] = (0, 0, 0),
) -> tuple[int, ...]:
    spec = ConvSpec(input_shape[1], out_channels, kernel_size, stride=stride, padding=padding)
    return (input_shape[0], out_channels, *arithmetic.output_size(spec, tuple(input_shape[2:])))


def pooled_by_arithmetic(input_size: int, kernel_size: int, stride: int | None = None) -> Any:
    return arithmetic.conv_output_size(input_size, kernel_size, stride=stride or kernel_size)


def model_of(layers: Sequence[tuple[Any, ...]]) -> nn.Sequential:
    makers = {"conv": nn.Conv2d, "pool": nn.MaxPool2d, "flatten": nn.Flatten, "linear": nn.Linear}
    return nn.Sequential(*(makers[kind](*numbers) for kind, *numbers in layers)).to("meta")


def features_by_trace(input_shape: tuple[int, ...], layers: Sequence[tuple[Any, ...]]) -> Any:
    shape = convlab.trace(nn.Sequential(*model_of(layers), nn.Flatten()), input_shape).output_shape
    return shape[1]


def failing_by_diagnosis(input_shape: tuple[int, ...], layers: Sequence[tuple[Any, ...]]) -> int | None:
    diagnosis = convlab.diagnose(model_of(layers), input_shape)
    return None if diagnosis is None else int(diagnosis.layer)


def network_of(in_channels: int, layers: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[ConvSpec]:
    specs = []
    for out_channels, kernel_size, *numbers in layers:
        options: dict[str, Any] = dict(zip(names, numbers, strict=True))
        specs.append(ConvSpec(in_channels, out_channels, (kernel_size, kernel_size), **options))
        in_channels = out_channels
    return specs


def network_params_by_arithmetic(in_channels: int, layers: Sequence[tuple[int, ...]]) -> int:
    return sum(map(arithmetic.num_params, network_of(in_channels, layers, ("groups",))))


def network_macs_by_arithmetic(input_shape: tuple[int, int, int], layers: Sequence[tuple[int, ...]]) -> Any:
    specs = network_of(input_shape[0], layers, ("stride", "padding"))
    return Stack(specs, input_shape[1:]).macs


ROADS: dict[str, tuple[Callable[..., Any], ...]] = {
    "window_count": (size_by_arithmetic, size_by_layer),
    "batch_shape": (lambda batch, channels, height, width: tuple(torch.zeros(batch, channels, height, width).shape),),
    "dot": (lambda window, weights: torch.tensordot(window, weights, window.ndim),),
    "center": (lambda window: (window.double() - window.double().mean()).to(window.dtype),),
    "positions": (positions_by_layer,),
    "conv_output_size": (size_by_arithmetic, size_by_layer),
    "same_padding": (same_by_arithmetic, same_by_layer),
    "causal_padding": (causal_by_layer,),
    "conv_params": (flat_params,),
    "conv_macs": (macs_by_arithmetic,),
    "conv3d_params": (flat_params,),
    "conv3d_output_shape": (shape_3d_by_arithmetic,),
    "flatten_size": (lambda shape: math.prod(shape) // shape[0],),
    "pooled_size": (pooled_by_arithmetic,),
    "linear_in_features": (features_by_trace,),
    "first_layer_that_fails": (failing_by_diagnosis,),
    "grouped_params": (params_by_arithmetic,),
    "separable_params": (separable_by_arithmetic, separable_by_module),
    "separable_macs": (separable_macs_by_trace,),
    "effective_kernel_size": (span_by_arithmetic,),
    "reached": (reached_by_gradient,),
    "receptive_field": (field_by_arithmetic, field_by_gradient),
    "conv_transpose_output_size": (transposed_by_arithmetic, transposed_by_layer),
    "output_padding_for": (),  # the other way round: see below
    "network_params": (network_params_by_arithmetic,),
    "network_macs": (network_macs_by_arithmetic,),
}


# ----------------------------------------------------------------------------------------------------- the exercises


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("name", EXERCISES)
def test_both_solutions_and_other_roads_agree_on_all_cases(name: str) -> None:
    task = EXERCISES[name]
    right = outcomes(task, task.solution)
    assert all(found[0] != "raises" for found in right)
    for road in (task.alternative, *ROADS[name]):
        for case, expected in zip(task.cases(), right, strict=True):
            found = outcome(road, case)
            assert found[:-1] == expected[:-1], case.id
            if expected[0] is torch.Tensor:
                torch.testing.assert_close(torch.tensor(found[-1]), torch.tensor(expected[-1]), msg=case.id)
            else:
                assert found[-1] == expected[-1], case.id


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_is_wrong_somewhere_and_differs_from_every_other(name: str) -> None:
    task = EXERCISES[name]
    found = {mistake.name: outcomes(task, mistake.wrong) for mistake in task.mistakes}
    right = outcomes(task, task.solution)
    assert len(found) == len(task.mistakes), "two mistakes have one name"
    assert [mistake for mistake, made in found.items() if made == right] == []
    assert [pair for pair in itertools.combinations(found, 2) if found[pair[0]] == found[pair[1]]] == []


@pytest.mark.parametrize("name", EXERCISES)
def test_there_are_mistakes_and_cases_enough(name: str) -> None:
    task = EXERCISES[name]
    fewest = {"conv_output_size": 12, "center": 5}.get(name, 5)
    assert len(task.mistakes) >= fewest
    most = {"first_layer_that_fails": 25}.get(name, 16)  # each kind of layer has its own ways to fail
    assert 5 <= len(task.cases()) <= most
    assert len({case.id for case in task.cases()}) == len(task.cases())


@pytest.mark.parametrize("name", EXERCISES)
def test_each_trait_is_had_by_some_cases_and_not_by_all(name: str) -> None:
    cases = EXERCISES[name].cases()
    for trait in frozenset().union(*(case.traits for case in cases)):
        assert any(trait not in case.traits for case in cases), trait


@pytest.mark.parametrize("name", EXERCISES)
def test_a_solution_stands_on_its_own_under_the_exercises_name(name: str) -> None:
    task = EXERCISES[name]
    assert task.solution.__name__ == name
    for solution in (task.solution, task.alternative):
        alone: dict[str, Any] = {}
        exec(inspect.getsource(solution), alone)
        assert outcomes(task, alone[solution.__name__]) == outcomes(task, task.solution)


@pytest.mark.parametrize("name", EXERCISES)
def test_what_may_not_be_called_is_said(name: str) -> None:
    task = EXERCISES[name]
    assert ("convlab's function" in task.question.replace("\n", " ")) == bool(task.replaces)


BUILDS_ON = {
    "convolve2d": "cross_correlate",
    "best_match": "cross_correlate",
    "conv1d": "conv_output_size",
    "conv2d": "one_by_one",
    "linear_in_features": "pooled_size",
    "separable_macs": "separable_params",
    "dilated_conv2d": "spread_kernel",
    "output_padding_for": "conv_transpose_output_size",
    "conv_transpose2d": "conv_transpose_output_size",
    "deform_conv_at": "bilinear_sample",
    "conv_grad_weight": "conv1d_grad_weight",
    "fft_conv2d": "fft_conv1d",
    "upsampler": "network_macs",
}


@pytest.mark.parametrize("name", BUILDS_ON)
def test_an_exercise_comes_after_the_one_that_it_builds_on(name: str) -> None:
    order = catalogue.names()
    assert order.index(BUILDS_ON[name]) < order.index(name)


@pytest.mark.parametrize("name", [name for name, task in EXERCISES.items() if task.combined is not None])
def test_mistakes_combine(name: str) -> None:
    task = EXERCISES[name]
    assert task.combined is not None
    assert outcomes(task, task.combined(frozenset())) == outcomes(task, task.solution)
    singles = [outcomes(task, mistake.wrong) for mistake in task.mistakes]
    pairs = [
        outcomes(task, task.combined(frozenset({a.name, b.name}))) for a, b in itertools.combinations(task.mistakes, 2)
    ]
    assert any(pair not in singles for pair in pairs)


@pytest.mark.parametrize(
    ("name", "mistakes", "args", "expected"),
    [
        pytest.param(
            "conv_output_size", {"the padding counts once", "1 is not added"}, (10, 3, 2, 1), 4, id="(10 + 1 - 3) // 2"
        ),
        pytest.param(
            "conv_transpose_output_size",
            {"the padding is added", "output_padding is left out"},
            (4, 3, 2, 1, 1),
            11,
            id="3 * 2 + 3 + 2",
        ),
        pytest.param(
            "receptive_field",
            {"the field starts at 0", "the dilation is left out"},
            ([(3, 2, 4), (3, 1, 1)],),
            6,
            id="2 + 2 * 2",
        ),
        pytest.param(
            "separable_params",
            {"no pointwise layer", "one side of the kernel"},
            (4, 5, 3),
            12,
            id="4 * 3",
        ),
        pytest.param(
            "same_padding",
            {"the larger part on the left", "kernel_size gaps between the taps"},
            (3,),
            (2, 1),
            id="3 gaps",
        ),
    ],
)
def test_two_mistakes_at_once(name: str, mistakes: set[str], args: tuple[Any, ...], expected: object) -> None:
    combined = EXERCISES[name].combined
    assert combined is not None
    assert combined(frozenset(mistakes))(*args) == expected


# ------------------------------------------------------------------------------------------ many other arguments


@given(positive(40), positive(6), positive(4), st.integers(0, 4), positive(4))
def test_any_output_size(n: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    n += dilation * (kernel - 1)
    task = EXERCISES["conv_output_size"]
    for answer in (task.solution, task.alternative):
        assert answer(n, kernel, stride, padding, dilation) == size_by_arithmetic(n, kernel, stride, padding, dilation)


@given(positive(12), positive(6))
def test_any_padding(kernel: int, dilation: int) -> None:
    same, causal = EXERCISES["same_padding"], EXERCISES["causal_padding"]
    for answer in (same.solution, same.alternative):
        assert answer(kernel, dilation) == arithmetic.same_padding(kernel, dilation=dilation)
    for answer in (causal.solution, causal.alternative):
        left, right = answer(kernel, dilation)
        assert (left + right, right) == (sum(arithmetic.same_padding(kernel, dilation=dilation)), 0)  # type: ignore[arg-type]


@given(positive(20), positive(6), positive(4), st.integers(0, 3), st.integers(0, 3), positive(4))
def test_any_transposed_size(n: int, kernel: int, stride: int, padding: int, extra: int, dilation: int) -> None:
    extra = min(extra, max(stride, dilation) - 1)
    if (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 < 1:
        padding = 0
    task, back = EXERCISES["conv_transpose_output_size"], EXERCISES["output_padding_for"]
    size = transposed_by_arithmetic(n, kernel, stride, padding, extra, dilation)
    for answer in (task.solution, task.alternative):
        assert answer(n, kernel, stride, padding, extra, dilation) == size
    for answer in (back.solution, back.alternative):
        assert answer(n, size, kernel, stride, padding, dilation) == extra


@given(st.lists(st.tuples(positive(5), positive(3), positive(3)), min_size=1, max_size=5))
def test_any_receptive_field(layers: list[tuple[int, int, int]]) -> None:
    task = EXERCISES["receptive_field"]
    for answer in (task.solution, task.alternative):
        assert answer(layers) == field_by_arithmetic(layers)


@settings(max_examples=30)
@given(positive(4), st.lists(positive(4), min_size=1, max_size=4))
def test_any_stack_of_dilations(kernel: int, dilations: list[int]) -> None:
    task = EXERCISES["reached"]
    for answer in (task.solution, task.alternative):
        assert answer(kernel, tuple(dilations)) == reached_by_gradient(kernel, dilations)


@given(positive(4), positive(8), positive(8), positive(5), st.booleans())
def test_any_number_of_params(groups: int, ins: int, outs: int, kernel: int, bias: bool) -> None:
    ins, outs = ins * groups, outs * groups
    roads: dict[str, tuple[tuple[Any, ...], int]] = {
        "grouped_params": ((ins, outs, kernel, groups, bias), params_by_arithmetic(ins, outs, kernel, groups, bias)),
        "conv_params": ((ins, outs, kernel, bias), flat_params(ins, outs, kernel, bias)),
        "separable_params": ((ins, outs, kernel, bias), separable_by_arithmetic(ins, outs, kernel, bias)),
        "conv3d_params": ((ins, outs, (kernel, 1, 2), bias), flat_params(ins, outs, (kernel, 1, 2), bias)),
    }
    for name, (args, expected) in roads.items():
        for answer in (EXERCISES[name].solution, EXERCISES[name].alternative):
            assert answer(*args) == expected, name


LAYERS = st.lists(
    st.one_of(
        st.tuples(
            st.just("conv"),
            st.sampled_from((2, 3)),
            st.sampled_from((2, 3)),
            positive(3),
            positive(2),
            st.integers(0, 1),
        ),
        st.tuples(st.just("pool"), positive(3), positive(3)),
    ),
    min_size=1,
    max_size=4,
)
HEADS = st.lists(
    st.one_of(
        st.tuples(st.just("flatten")), st.tuples(st.just("linear"), st.sampled_from((4, 8)), st.sampled_from((4, 8)))
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(positive(2), st.sampled_from((2, 3)), positive(9), positive(9), LAYERS, HEADS)
def test_any_small_network(
    batch: int, channels: int, height: int, width: int, layers: list[tuple[Any, ...]], head: list[tuple[Any, ...]]
) -> None:
    shape = (batch, channels, height, width)
    search = EXERCISES["first_layer_that_fails"]
    found = search.solution(shape, layers + head)
    assert found == search.alternative(shape, layers + head)
    if found is None or found >= len(layers):
        features = EXERCISES["linear_in_features"]
        expected = math.prod(model_of(layers)(torch.empty(shape, device="meta")).shape[1:])
        assert features.solution(shape, layers) == features.alternative(shape, layers) == expected


# ------------------------------------------------------------------------------------------------------ the designs


@pytest.mark.parametrize("name", DESIGNS)
def test_both_designs_pass_and_every_mistake_is_named(name: str) -> None:
    task = DESIGNS[name]
    assert task.judge(task.solution) is None
    assert task.judge(task.alternative) is None
    assert len(task.mistakes) >= 5
    for mistake in task.mistakes:
        found = task.judge(mistake.wrong)
        assert found is not None
        assert found[0] == mistake.name
        assert found[1]


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="nothing"),
        pytest.param(3, id="a number"),
        pytest.param("3, 2, 1", id="a word"),
        pytest.param([], id="no layers"),
        pytest.param([[]], id="a layer without numbers"),
        pytest.param([3, 2, 1], id="numbers without layers"),
        pytest.param([(3.0,) * 6], id="floats"),
        pytest.param([(0,) * 4, (0,) * 5, (0,) * 6], id="zeros"),
        pytest.param({"kernel_size": 3}, id="a dict"),
        pytest.param([None], id="a layer that is none"),
    ],
)
def test_another_form_is_refused_with_the_form_that_is_wanted(name: str, answer: object) -> None:
    if name == "half_size" and answer == [3, 2, 1]:
        assert DESIGNS[name].judge(answer) is not None
        return
    found = DESIGNS[name].judge(answer)
    assert found is not None
    assert found[0] == "another form"
    assert "Hand in" in found[1]


@pytest.mark.parametrize(
    "answer",
    [pytest.param(tuple, id="tuples"), pytest.param(list, id="lists"), pytest.param(torch.tensor, id="tensors")],
)
def test_layers_are_read_from_any_sequence(answer: Callable[[Any], Any]) -> None:
    solution = DESIGNS["field_31"].solution
    assert DESIGNS["field_31"].judge(answer([list(layer) for layer in solution])) is None


@pytest.mark.parametrize(
    ("kernel_size", "padding"), [pytest.param(k, k // 2 - 1, id=f"a kernel of {k}") for k in (4, 6, 8, 10)]
)
def test_every_layer_that_halves_is_accepted(kernel_size: int, padding: int) -> None:
    assert DESIGNS["half_size"].judge((kernel_size, 2, padding)) is None
    layer = nn.Conv1d(1, 1, kernel_size, 2, padding)
    assert all(layer(torch.zeros(1, 1, n)).shape[-1] == n // 2 for n in range(8, 65))


def test_the_field_of_a_design_is_that_of_the_model() -> None:
    layers, channels = [], 3
    for kernel_size, stride, dilation, out_channels in DESIGNS["field_31"].solution:
        padding = dilation * (kernel_size - 1) // 2
        layers.append(nn.Conv2d(channels, out_channels, kernel_size, stride, padding, dilation, bias=False))
        channels = out_channels
    trace = convlab.trace(nn.Sequential(*layers), (1, 3, 32, 32))
    assert trace.receptive_field is not None
    assert (trace.receptive_field.size, trace.receptive_field.jump) == ((31, 31), (8, 8))
    assert trace.num_macs == 147_456


def test_the_cost_and_the_size_of_the_network_are_those_of_the_model() -> None:
    layers, channels = [], 3
    for out_channels, *numbers in DESIGNS["network_to_spec"].solution:
        kernel_size, stride, padding, dilation, groups = numbers
        layers.append(nn.Conv2d(channels, out_channels, kernel_size, stride, padding, dilation, groups, bias=False))
        channels = out_channels
    trace = convlab.trace(nn.Sequential(*layers), (1, 3, 64, 64))
    assert trace.output_shape == (1, 32, 8, 8)
    assert trace.receptive_field is not None
    assert trace.receptive_field.size == (63, 63)
    assert trace.num_macs <= 250_000
    assert trace.num_params <= 1_600


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        pytest.param([(1, 1, 1, 0, 0), (1, 57, 1, 0, 0)], None, id="one channel, then a wide kernel"),
        pytest.param([(1, 57, 1, 0, 0)], "too many MACs", id="a wide kernel on all channels"),
    ],
)
def test_an_upsampler_without_strides_is_judged_by_its_properties(
    layers: list[tuple[int, ...]], name: str | None
) -> None:
    found = DESIGNS["upsampler"].judge(layers)
    assert (found and found[0]) == name


def test_the_upsampler_runs() -> None:
    x = torch.zeros(1, 32, 8, 8)
    for out_channels, *numbers in DESIGNS["upsampler"].alternative:
        kernel_size, stride, padding, output_padding = numbers
        x = nn.ConvTranspose2d(x.shape[1], out_channels, kernel_size, stride, padding, output_padding)(x)
    assert x.shape == (1, 1, 64, 64)


@pytest.mark.parametrize(
    ("specs", "has_gaps"),
    [
        pytest.param([ConvSpec(1, 1, (3, 3))] * 3, False, id="no dilation"),
        pytest.param([ConvSpec(1, 1, (3, 3), dilation=2)] * 2, True, id="a dilation twice"),
        pytest.param([ConvSpec(1, 1, (3, 3), dilation=d) for d in (1, 2, 3)], False, id="a cure"),
        pytest.param(
            [ConvSpec(1, 1, (1, 1), stride=2), ConvSpec(1, 1, (3, 3))], True, id="a stride wider than its kernel"
        ),
    ],
)
def test_gaps(specs: list[ConvSpec], has_gaps: bool) -> None:
    assert Stack(specs, (32, 32)).has_gaps is has_gaps
