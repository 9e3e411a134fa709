"""What holds for every `conv` and `conv_transpose`, on random settings: agreement with torch, and the laws."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, NamedTuple

import pytest
import torch
from conv_cases import (
    CONV,
    CONV_TRANSPOSE,
    EVEN_SAME_WARNING,
    OPERATIONS,
    Case,
    Operation,
    assert_one_sentence,
    every_conv_method,
    every_conv_transpose_method,
    every_operation_and_method,
    named,
    numbers,
    outcome,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from convlab.arithmetic import PADDING_MODES, ConvSpec, taps

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

few = settings(max_examples=60, deadline=None)
many = settings(max_examples=500, deadline=None)


def per_axis(ndim: int, lowest: int, highest: int) -> st.SearchStrategy[Any]:
    """An int, or one int per spatial axis."""
    ints = st.integers(lowest, highest)
    return ints | st.tuples(*[ints] * ndim)


def spread(value: Any, ndim: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * ndim


def spans(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


class Drawn(NamedTuple):
    """What both operations draw alike."""

    ndim: int
    batch: tuple[int, ...]
    groups: int
    channels: tuple[int, int]
    kernel: tuple[int, ...]
    dilation: Any
    spans: tuple[int, ...]
    bias: bool


@st.composite
def common(draw: st.DrawFn) -> Drawn:
    ndim = draw(st.integers(1, 3))
    kernel = draw(st.tuples(*[st.integers(1, 5 - ndim)] * ndim))
    dilation = draw(per_axis(ndim, 1, 3))
    return Drawn(
        ndim,
        draw(st.sampled_from([(2,), (1,), ()])),
        draw(st.integers(1, 3)),
        draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        kernel,
        dilation,
        spans(kernel, spread(dilation, ndim)),
        draw(st.booleans()),
    )


@st.composite
def conv_cases(draw: st.DrawFn, modes: tuple[str, ...] = PADDING_MODES, words: bool = True) -> Case:
    """A call that torch takes; its padding an int or ints where not `words`."""
    c = draw(common())
    mode = draw(st.sampled_from(modes))
    stride = draw(per_axis(c.ndim, 1, 3))
    padding = draw(st.sampled_from(["same", "valid"]) | per_axis(c.ndim, 0, 2) if words else per_axis(c.ndim, 0, 2))
    if padding == "same":
        stride = 1
        amounts = [((span - 1) // 2, span // 2) for span in c.spans]
    else:
        amounts = [(n, n) for n in spread(0 if padding == "valid" else padding, c.ndim)]
    sizes = []
    for span, (before, after) in zip(c.spans, amounts, strict=True):
        needed = {"reflect": after + 1, "circular": after}.get(mode, 1)
        sizes.append(max(1, needed, span - before - after) + draw(st.integers(0, 2)))
    options = {"stride": stride, "padding": padding, "dilation": c.dilation, "groups": c.groups, "padding_mode": mode}
    in_channels, out_channels = c.channels
    weight = (out_channels * c.groups, in_channels, *c.kernel)
    return Case((*c.batch, in_channels * c.groups, *sizes), weight, options, c.bias)


@st.composite
def conv_transpose_cases(draw: st.DrawFn) -> Case:
    """A call that torch takes."""
    c = draw(common())
    stride = draw(per_axis(c.ndim, 1, 3))
    padding = draw(per_axis(c.ndim, 0, 2))
    extras = []
    sizes = []
    axes = zip(*(spread(value, c.ndim) for value in (stride, padding, c.dilation, c.spans)), strict=True)
    for step, crop, gap, span in axes:
        extra = draw(st.integers(0, max(step, gap) - 1))
        smallest = 1 + max(0, -(-(1 + 2 * crop - span - extra) // step))
        sizes.append(smallest + draw(st.integers(0, 1)))
        extras.append(extra)
    options = {
        "stride": stride,
        "padding": padding,
        "output_padding": tuple(extras),
        "dilation": c.dilation,
        "groups": c.groups,
    }
    in_channels, out_channels = c.channels
    return Case(
        (*c.batch, in_channels * c.groups, *sizes), (in_channels * c.groups, out_channels, *c.kernel), options, c.bias
    )


cases = {CONV: conv_cases(), CONV_TRANSPOSE: conv_transpose_cases()}


@every_operation_and_method
@few
@given(data=st.data())
def test_values_and_gradients_are_those_of_torch(operation: Operation, method: str, data: st.DataObject) -> None:
    case = data.draw(cases[operation])
    tensors = case.tensors(operation, requires_grad=True)
    expected = operation.torchs(*tensors, **case.options)
    actual = operation.ours(*tensors, **case.options, method=method)
    assert_close(actual, expected)
    given = [tensor for tensor in tensors if tensor is not None]
    cotangent = numbers(*expected.shape, seed=3)
    ours = torch.autograd.grad(actual, given, cotangent)
    assert_close(ours, torch.autograd.grad(expected, given, cotangent))


class Call(NamedTuple):
    """The shapes and options of a call that may be invalid in several ways."""

    input: tuple[int, ...]
    weight: tuple[int, ...]
    bias: tuple[int, ...] | None
    options: dict[str, Any]

    def tensors(self) -> list[Tensor | None]:
        shapes = (self.input, self.weight, self.bias)
        return [None if shape is None else numbers(*shape, seed=seed) for seed, shape in enumerate(shapes)]


@st.composite
def calls(draw: st.DrawFn, operation: Operation) -> Call:
    """Arguments of which each is right as a rule, and wrong now and then.

    No empty batch: there torch checks little, and takes a dilation of 0.
    """

    def seldom(strategy: st.SearchStrategy[Any], otherwise: Any) -> Any:
        return draw(strategy) if draw(st.integers(0, 11)) == 0 else otherwise

    def sizes(lowest: int, highest: int) -> Any:
        """An int, one a spatial axis, or a list of some other length; seldom `lowest`, which is one too low."""
        ints = seldom(st.just(st.integers(lowest, lowest + 1)), st.integers(lowest + 1, highest))
        value = draw(ints | st.tuples(*[ints] * ndim))
        return seldom(st.lists(ints, min_size=1, max_size=4), value)

    ndim = draw(st.integers(1, 3))
    groups = seldom(st.integers(-1, 4), draw(st.integers(1, 2)))
    multiple = max(groups, 1)
    off_by_one = st.sampled_from([-1, 1])
    in_channels, out_channels = (multiple * draw(st.integers(1, 2)) for _ in range(2))
    per_group = max(1, (out_channels if operation is CONV_TRANSPOSE else in_channels) // multiple)
    per_group = max(1, per_group + seldom(off_by_one, 0))
    first = max(1, (in_channels if operation is CONV_TRANSPOSE else out_channels) + seldom(off_by_one, 0))
    kernel = draw(st.tuples(*[st.integers(1, 3)] * ndim))
    spatial = draw(st.tuples(*[st.integers(1, 4)] * ndim))
    spatial = seldom(st.lists(st.integers(1, 3), max_size=4).map(tuple), spatial)
    bias = seldom(st.just((out_channels + 1,)), draw(st.sampled_from([None, (out_channels,)])))
    options: dict[str, Any] = {
        "stride": sizes(0, 3),
        "padding": sizes(-1, 2),
        "dilation": sizes(0, 2),
        "groups": groups,
    }
    if operation is CONV_TRANSPOSE:
        options["output_padding"] = sizes(-1, 2) if draw(st.booleans()) else 0
    else:
        options["padding_mode"] = seldom(st.just("symmetric"), draw(st.sampled_from(PADDING_MODES)))
        options["padding"] = draw(st.sampled_from([options["padding"], options["padding"], "same", "valid"]))
        if options["padding"] == "same":
            options["stride"] = seldom(st.just(options["stride"]), 1)
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    return Call((*batch, in_channels, *spatial), (first, per_group, *kernel), bias, options)


def torch_answer(operation: Operation, call: Call) -> Tensor:
    if call.options.get("padding_mode", "zeros") != "zeros":
        # The modules hand their padding to F.pad unchecked, which crops where it is negative: ask F.conv as well.
        operation.torchs(*call.tensors(), **{**call.options, "padding_mode": "zeros"})
    return operation.torchs(*call.tensors(), **call.options)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_refused_if_and_only_if_torch_refuses(operation: Operation) -> None:
    taken: Counter[bool] = Counter()

    @many
    @given(calls(operation))
    def agree(call: Call) -> None:
        torchs = outcome(torch_answer, operation, call)
        taken[isinstance(torchs, Tensor)] += 1
        for method in operation.algorithms:
            ours = outcome(operation.ours, *call.tensors(), **call.options, method=method)
            if isinstance(torchs, Tensor):
                assert isinstance(ours, Tensor), f"torch takes it, {method!r} says: {ours}"
                assert_close(ours, torchs)
            else:
                assert not isinstance(ours, Tensor), f"{method!r} takes it, torch says: {torchs}"
                assert_one_sentence(ours)

    agree()
    assert min(taken[True], taken[False]) > 100, f"one-sided: {taken}"


coefficients = st.integers(-3, 3)


@every_operation_and_method
@few
@given(data=st.data(), a=coefficients, b=coefficients)
def test_linear_in_the_input_and_in_the_weight(
    operation: Operation, method: str, data: st.DataObject, a: int, b: int
) -> None:
    case = data.draw(cases[operation])
    input, weight, _ = case.tensors(operation)
    assert input is not None
    assert weight is not None

    def call(input: Tensor, weight: Tensor) -> Tensor:
        return operation.ours(input, weight, **case.options, method=method)

    other_input, other_weight = numbers(*input.shape, seed=7), numbers(*weight.shape, seed=8)
    both = call(a * input + b * other_input, weight)
    assert_close(both, a * call(input, weight) + b * call(other_input, weight))
    both = call(input, a * weight + b * other_weight)
    assert_close(both, a * call(input, weight) + b * call(input, other_weight))


@every_conv_method
@few
@given(data=st.data())
def test_circular_convolution_commutes_with_a_shift(method: str, data: st.DataObject) -> None:
    case = data.draw(conv_cases(("circular",)))
    options = {**case.options, "padding": "same", "stride": 1}
    ndim = len(case.weight) - 2
    after = [span // 2 for span in spans(case.weight[2:], spread(options["dilation"], ndim))]
    sizes = [max(n, least) for n, least in zip(case.input[-ndim:], after, strict=True)]
    input, weight, bias = Case((*case.input[:-ndim], *sizes), case.weight, options, case.bias).tensors(CONV)
    assert input is not None
    shifts = data.draw(st.tuples(*[st.integers(-3, 3)] * ndim))
    axes = tuple(range(-ndim, 0))
    first_shifted = CONV.ours(input.roll(shifts, axes), weight, bias, **options, method=method)
    assert_close(first_shifted, CONV.ours(input, weight, bias, **options, method=method).roll(shifts, axes))


@few
@given(case=conv_cases(("zeros",), words=False))
def test_conv_transpose_is_the_adjoint_of_conv(case: Case) -> None:
    input, weight, _ = case.tensors(CONV)
    assert input is not None
    options = {name: value for name, value in case.options.items() if name != "padding_mode"}
    ndim = len(case.weight) - 2
    stride, padding, dilation = (spread(options[name], ndim) for name in ("stride", "padding", "dilation"))
    # Input elements at the end that no window reaches.
    output_padding = tuple(
        (n + 2 * p - span) % s
        for n, p, span, s in zip(input.shape[-ndim:], padding, spans(case.weight[2:], dilation), stride, strict=True)
    )
    products = {}
    for method in CONV.algorithms:
        output = CONV.ours(input, weight, **options, method=method)
        cotangent = numbers(*output.shape, seed=5)
        products[f"conv, {method}"] = (output * cotangent).sum()
    for method in CONV_TRANSPOSE.algorithms:
        back = CONV_TRANSPOSE.ours(cotangent, weight, **options, output_padding=output_padding, method=method)
        assert back.shape == input.shape
        products[f"conv_transpose, {method}"] = (input * back).sum()
    for name, product in products.items():
        assert_close(product, products["conv, torch"], msg=named(name))


@every_operation_and_method
@few
@given(data=st.data())
def test_groups_are_convolutions_side_by_side(operation: Operation, method: str, data: st.DataObject) -> None:
    case = data.draw(cases[operation])
    input, weight, bias = case.tensors(operation)
    assert input is not None
    assert weight is not None
    groups = case.options["groups"]
    channel_axis = -(len(case.weight) - 2) - 1
    parts = zip(
        input.chunk(groups, channel_axis),
        weight.chunk(groups),
        [None] * groups if bias is None else bias.chunk(groups),
        strict=True,
    )
    alone = {**case.options, "groups": 1}
    side_by_side = torch.cat([operation.ours(*part, **alone, method=method) for part in parts], channel_axis)
    assert_close(operation.ours(input, weight, bias, **case.options, method=method), side_by_side)


def at(tensor: Tensor, position: tuple[int, ...]) -> Tensor:
    """What stands at this position of the last axes."""
    index: tuple[Any, ...] = (..., *position)
    return tensor[index]


@every_conv_transpose_method
@few
@given(case=conv_transpose_cases())
def test_scattering_is_gathering_through_the_taps(method: str, case: Case) -> None:
    input, weight, bias = case.tensors(CONV_TRANSPOSE)
    assert input is not None
    assert weight is not None
    groups, ndim = case.options["groups"], len(case.weight) - 2
    spec = ConvSpec(weight.shape[0], weight.shape[1] * groups, tuple(weight.shape[2:]), transposed=True, **case.options)
    actual = CONV_TRANSPOSE.ours(input, weight, bias, **case.options, method=method)
    batch = input.reshape(-1, *input.shape[-ndim - 1 :])
    by_group = batch.unflatten(1, (groups, -1))  # (N, groups, C_in/groups, *spatial)
    weight_by_group = weight.unflatten(0, (groups, -1))  # (groups, C_in/groups, C_out/groups, *kernel_size)
    gathered = torch.zeros(len(batch), *actual.shape[-ndim - 1 :], dtype=torch.float64)
    if bias is not None:
        gathered += bias.reshape(-1, *(1,) * ndim)
    for position in itertools.product(*map(range, actual.shape[-ndim:])):
        for tap in taps(spec, position, tuple(input.shape[-ndim:])):
            assert tap.source is not None
            pixel, tap_weight = at(by_group, tap.source), at(weight_by_group, tap.kernel_index)
            at(gathered, position).add_(torch.einsum("ngi,gio->ngo", pixel, tap_weight).flatten(1))
    assert_close(actual, gathered.reshape(actual.shape))
