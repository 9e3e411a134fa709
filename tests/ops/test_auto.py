"""`method="auto"`: which way it takes, that each way has torch's values, and that what it keeps never misleads it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conv_cases import CONV, EVEN_SAME_WARNING, Case, forgetful, numbers, outcome, torch_conv
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

import convlab
from convlab.arithmetic import ConvSpec
from convlab.ops import arguments, auto, dispatch
from convlab.ops.auto import Choice, by_rule
from convlab.ops.speeds import Call, torch_time

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)


def call(
    *weight: int,
    size: int,
    groups: int = 1,
    batch: int = 1,
    dtype: torch.dtype = torch.float32,
    training: bool = False,
    threads: int = 1,
    capability: str = "AVX512",
    **options: Any,
) -> Call:
    """A call with a weight of this shape and an input with axes of one size."""
    out_channels, in_per_group, *kernel_size = weight
    spec = ConvSpec(in_per_group * groups, out_channels, kernel_size, groups=groups, **options)
    return Call(spec, (size,) * len(kernel_size), batch, dtype, training, threads, capability)


def half(*weight: int, **options: Any) -> Call:
    return call(*weight, dtype=torch.bfloat16, capability="AVX2", **options)


TORCH, FFT, PADDED = ("torch", False), ("fft", False), ("torch", True)
CHOICES = {
    "a layer of ResNet": (TORCH, call(64, 64, 3, 3, size=56, padding=1)),
    "the same going back": (TORCH, call(64, 64, 3, 3, size=56, padding=1, training=True)),
    "1x1": (TORCH, call(256, 64, 1, 1, size=56)),
    "depthwise 3x3": (TORCH, call(96, 1, 3, 3, size=56, groups=96, padding=1)),
    "depthwise 7x7, as in ConvNeXt": (TORCH, call(96, 1, 7, 7, size=56, groups=96, padding=3)),
    "depthwise 11x11: padding within the registers of AVX512": (
        TORCH,
        call(96, 1, 11, 11, size=56, groups=96, padding=5),
    ),
    "... and beyond those of AVX2": (PADDED, call(96, 1, 11, 11, size=56, groups=96, padding=5, capability="AVX2")),
    "depthwise 15x15 beyond both": (PADDED, call(96, 1, 15, 15, size=56, groups=96, padding=7)),
    "... as padding='same'": (PADDED, call(96, 1, 15, 15, size=56, groups=96, padding="same")),
    "... without padding": (TORCH, call(96, 1, 15, 15, size=70, groups=96)),
    "... with a padding that torch makes first anyway": (
        TORCH,
        call(96, 1, 15, 15, size=56, groups=96, padding=7, padding_mode="reflect"),
    ),
    "... in 3D, where padding first gains nothing": (
        TORCH,
        call(16, 1, 3, 3, 15, size=20, groups=16, padding=(1, 1, 7)),
    ),
    "deep padding, of a call too small to care": (TORCH, call(4, 1, 15, 15, size=4, groups=4, padding=7)),
    "one filter of 63x63": (FFT, call(1, 1, 63, 63, size=512, padding=31)),
    "... going back": (FFT, call(1, 1, 63, 63, size=512, padding=31, training=True)),
    "... in float64": (FFT, call(1, 1, 63, 63, size=512, padding=31, dtype=torch.float64)),
    "... with many threads": (FFT, call(1, 1, 63, 63, size=512, padding=31, threads=16)),
    "one filter of 9x9, with more threads than pay": (TORCH, call(1, 1, 9, 9, size=512, padding=4, threads=16)),
    "a long filter in 1D": (FFT, call(1, 1, 1024, size=160_000, padding=512)),
    "a filter of 9 in 1D": (TORCH, call(1, 1, 9, size=160_000, padding=4)),
    "a large volume": (FFT, call(1, 1, 9, 9, 9, size=64, padding=4)),
    "64 channels of 9x9, where torch is at its best": (TORCH, call(64, 64, 9, 9, size=56, padding=4)),
    "an empty batch": (TORCH, call(1, 1, 63, 63, size=512, padding=31, batch=0)),
    "bfloat16 with AVX2": (TORCH, half(64, 64, 3, 3, size=56, padding=1)),
    "a large filter in bfloat16 with AVX2": (FFT, half(1, 1, 63, 63, size=512, padding=31)),
}


@pytest.mark.parametrize(("expected", "asked"), CHOICES.values(), ids=CHOICES)
def test_choice(expected: tuple[str, bool], asked: Call) -> None:
    choice = by_rule(asked)
    assert (choice.method, choice.pad_first) == expected, choice
    assert choice.dtype == (torch.float32 if asked.dtype == torch.bfloat16 else asked.dtype)
    leaves = expected != TORCH or choice.dtype != asked.dtype
    assert (choice.gain >= auto.LEAST_GAIN) if leaves else (choice.gain == 1)
    assert str(choice).startswith(choice.method)
    assert "\n" not in str(choice)


NOT_MEASURED = {
    "another device": (numbers(1, 1, 64, 64).to("meta"), "the tensors are on meta, and only the CPU was measured"),
    "whole numbers": (torch.zeros(1, 1, 64, 64, dtype=torch.int64), "torch.int64 was not measured"),
    "complex numbers": (torch.zeros(1, 1, 64, 64, dtype=torch.complex64), "torch.complex64 was not measured"),
    "another memory format": (
        numbers(2, 1, 64, 64).expand(2, 3, 64, 64)[:, :1].transpose(2, 3),
        "input and weight are not both contiguous, and only contiguous memory was measured",
    ),
}


@pytest.mark.parametrize(("input", "reason"), NOT_MEASURED.values(), ids=NOT_MEASURED)
def test_what_was_not_measured_is_left_to_torch(input: Tensor, reason: str) -> None:
    weight = torch.zeros(1, 1, 31, 31, dtype=input.dtype, device=input.device)
    with forgetful(LEAST_GAIN=0.0):
        assert convlab.explain_method(input, weight, padding=15) == Choice("torch", False, input.dtype, 1.0, reason)


def test_a_cpu_that_was_not_measured_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "NEON")
    choice = convlab.explain_method(numbers(1, 1, 512, 512), numbers(1, 1, 63, 63))
    assert str(choice) == "torch, since torch calls this CPU NEON, and only AVX2 and AVX512 were measured"


CAPABILITIES: tuple[tuple[str, dict[str, bool]], ...] = (
    ("AVX2", {}),
    ("AVX512", {}),
    ("AVX512", {"avx512_fp16": True}),
)


@pytest.mark.parametrize("dtype", auto.NARROW, ids=str)
def test_a_narrow_dtype_is_computed_in_float32_where_the_cpu_does_not_know_it(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    found = []
    for capability, abilities in CAPABILITIES:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda abilities=abilities: abilities)
        auto.by_rule.cache_clear()
        found.append(by_rule(call(64, 64, 3, 3, size=56, padding=1, dtype=dtype, capability=capability)).dtype)
        small = by_rule(call(1, 1, 3, 3, size=5, dtype=dtype, capability=capability))
        assert (small.method, small.dtype, small.gain) == ("torch", dtype, 1)
    auto.by_rule.cache_clear()
    wide = torch.float32
    assert found == ([wide, dtype, dtype] if dtype == torch.bfloat16 else [wide, wide, dtype])


sides = st.sampled_from([1, 2, 3, 8, 16, 30, 64, 200, 1000])


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 3),
    st.tuples(sides, sides, sides, sides),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    st.tuples(st.booleans(), st.integers(1, 16), st.sampled_from(["AVX2", "AVX512"])),
)
def test_torch_is_left_only_for_a_gain(
    ndim: int, drawn: tuple[int, ...], dtype: torch.dtype, rest: tuple[bool, int, str]
) -> None:
    groups, channels, kernel, batch = drawn
    spec = ConvSpec(groups, groups * min(channels, 8), (min(kernel, 64),) * ndim, groups=groups, padding="same")
    asked = Call(spec, (min(kernel, 64) + 5,) * ndim, batch, dtype, *rest)
    choice = by_rule(asked)
    assert choice.gain == 1 or choice.gain >= auto.LEAST_GAIN
    assert (choice.gain == 1) == ((choice.method, choice.pad_first, choice.dtype) == (*TORCH, dtype))
    if dtype != torch.bfloat16:
        assert torch_time(asked) > 0


@st.composite
def large_kernels(draw: st.DrawFn) -> Case:
    """A call whose kernel and padding are large beside its input, so that every rule comes into question."""
    ndim = draw(st.integers(1, 3))
    kernel = draw(st.tuples(*[st.integers(1, (20, 12, 5)[ndim - 1])] * ndim))
    dilation, stride = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    sizes = tuple(dilation * (k - 1) + 1 + draw(st.integers(0, 3)) for k in kernel)
    padding = draw(st.just(tuple(dilation * k // 2 for k in kernel)) | st.integers(0, 16))
    groups, ins, outs = draw(st.sampled_from([(3, 1, 1), (20, 1, 1), (1, 1, 1), (1, 2, 3), (2, 2, 2), (2, 1, 3)]))
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    mode = draw(st.sampled_from(["zeros", "zeros", "zeros", "replicate"]))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "padding_mode": mode}
    return Case((*batch, groups * ins, *sizes), (groups * outs, ins, *kernel), options, draw(st.booleans()))


def absolute(tensors: list[Any]) -> list[Any]:
    return [None if tensor is None else tensor.abs() for tensor in tensors]


def test_values_and_gradients_are_those_of_torch() -> None:
    """2,000 calls, each by the rules as they are, and by the fastest way that is not torch alone."""
    ways: Counter[tuple[str, bool]] = Counter()

    @settings(max_examples=1000, deadline=None)
    @given(large_kernels(), st.booleans())
    def agree(case: Case, requires_grad: bool) -> None:
        tensors: list[Any] = case.tensors(CONV, requires_grad=requires_grad)
        if not requires_grad:
            tensors = [None if tensor is None else tensor.float() for tensor in tensors]
        expected = torch_conv(*tensors, **case.options)
        actual = convlab.conv(*tensors, **case.options)
        choice = convlab.explain_method(*tensors, **case.options)
        ways[choice.method, choice.pad_first] += 1
        terms = torch_conv(*absolute(tensors), **case.options)
        bound = 40 * torch.finfo(expected.dtype).eps * float(terms.detach().max())
        assert_close(actual, expected, rtol=0, atol=bound)
        assert actual.is_contiguous() == expected.is_contiguous()
        if requires_grad:
            given = [tensor for tensor in tensors if tensor is not None]
            cotangent = numbers(*expected.shape, seed=3)
            ours = torch.autograd.grad(actual, given, cotangent)
            assert_close(ours, torch.autograd.grad(expected, given, cotangent))

    agree()
    assert set(ways) == {TORCH}
    with forgetful(LEAST_GAIN=0.0):
        agree()
    assert set(ways) == {TORCH, FFT, PADDED}
    assert min(ways.values()) > 10, ways


LEAVING = {
    "fft": Case((1, 1, 200, 200), (1, 1, 31, 31), {"padding": 15}),
    "padded before": Case((1, 32, 40, 40), (32, 1, 15, 15), {"padding": 7, "groups": 32}),
    "in float32": Case((1, 8, 40, 40), (8, 8, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("name", LEAVING)
def test_calls_that_leave_torch_by_the_rules_as_they_are(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    dtype = torch.bfloat16 if name == "in float32" else torch.float32
    tensors: list[Any] = LEAVING[name].tensors(CONV, dtype=dtype)
    with forgetful():
        choice = convlab.explain_method(*tensors, **LEAVING[name].options)
        assert (choice.method == "fft", choice.pad_first, choice.dtype != dtype) == tuple(
            name == way for way in LEAVING
        )
        expected = torch_conv(*tensors, **LEAVING[name].options)
        actual = convlab.conv(*tensors, **LEAVING[name].options)
    terms = torch_conv(*absolute(tensors), **LEAVING[name].options)
    assert_close(actual, expected, rtol=0, atol=4 * torch.finfo(dtype).eps * float(terms.max()))
    assert (actual.dtype, actual.is_contiguous()) == (dtype, True)


def test_where_the_input_is_padded_first_torch_has_nothing_to_pad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    seen = []

    def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, *rest: Any) -> Tensor:
        seen.append((tuple(input.shape), padding))
        return F.conv2d(input, weight, bias, stride, padding, *rest)

    monkeypatch.setitem(arguments.CONV, 2, conv2d)
    case = LEAVING["padded before"]
    tensors: list[Any] = case.tensors(CONV, dtype=torch.float32)
    with forgetful():
        convlab.conv(*tensors, **case.options)
    assert seen == [((1, 32, 54, 54), 0)]


def test_conv_does_what_explain_method_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> Tensor:
        raise NotImplementedError

    monkeypatch.setitem(CONV.algorithms, "fft", stop)
    small, large = numbers(1, 1, 9, 9), numbers(1, 1, 300, 300)
    with forgetful():
        for input, method in ((small, "torch"), (large, "fft")):
            weight = numbers(1, 1, input.shape[-1] // 10 + 1, input.shape[-1] // 10 + 1)
            assert convlab.explain_method(input, weight).method == method
            assert isinstance(outcome(convlab.conv, input, weight), Tensor) == (method == "torch")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_stays_where_torch_leaves_it(value: float) -> None:
    input, weight = numbers(1, 1, 200, 200), numbers(1, 1, 31, 31)
    input[..., 100, 100] = value
    with forgetful():
        assert convlab.explain_method(input, weight).method == "fft"
        actual = convlab.conv(input, weight)
    expected = F.conv2d(input, weight)
    assert 0 < (~expected.isfinite()).sum() < expected.numel() / 10
    assert_close(actual, expected, equal_nan=True)
    assert not convlab.conv(input, weight, method="fft").isfinite().any()  # what would come of it


def test_vmap_goes_through_a_call_that_leaves_torch() -> None:
    batch, weight = numbers(2, 1, 200, 200), numbers(1, 1, 31, 31)
    each = torch.func.vmap(lambda input: convlab.conv(input, weight))(batch)
    assert_close(each, F.conv2d(batch, weight))


INPUT, WEIGHT = numbers(1, 2, 6, 6), numbers(2, 2, 3, 3)
ONE_OF_THESE_IS_WRONG = {
    "True for 1": [{"stride": 1}, {"stride": True}],
    "True among ints": [{"stride": (1, 1)}, {"stride": (True, 1)}],
    "1.0 for 1": [{"groups": 1}, {"groups": 1.0}],
    "a negative padding": [{"padding": 1}, {"padding": -1}],
    "a dtype": [{"weight": WEIGHT}, {"weight": WEIGHT.float()}],
    "a device": [{"weight": WEIGHT}, {"weight": WEIGHT.to("meta")}],
    "a layout": [{"weight": WEIGHT}, {"weight": WEIGHT.to_sparse()}],
    "a bias": [{"bias": numbers(2)}, {"bias": numbers(3)}],
    "no tensor": [{"weight": WEIGHT}, {"weight": WEIGHT.tolist()}],
}


@pytest.mark.parametrize("calls", ONE_OF_THESE_IS_WRONG.values(), ids=ONE_OF_THESE_IS_WRONG)
def test_what_was_right_before_does_not_hide_what_is_wrong_now(calls: list[dict[str, Any]]) -> None:
    right, wrong = ({"input": INPUT, "weight": WEIGHT, **options} for options in calls)
    with forgetful():
        alone = outcome(convlab.conv, **wrong)
    assert isinstance(alone, Exception)
    with forgetful():
        assert isinstance(outcome(convlab.conv, **right), Tensor)
        after = outcome(convlab.conv, **wrong)
    assert (type(after), str(after)) == (type(alone), str(alone))


def test_a_plan_is_made_once_for_calls_that_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    plan = dispatch._plan

    def counted(*args: Any) -> Any:
        made.append(args)
        return plan(*args)

    monkeypatch.setattr(dispatch, "_plan", counted)
    leaf = WEIGHT.clone().requires_grad_()
    with forgetful():
        for _ in range(2):
            convlab.conv(INPUT, WEIGHT)
            convlab.conv(INPUT + 1, WEIGHT, stride=1)
            convlab.conv(INPUT, leaf)
            with torch.no_grad():
                convlab.conv(INPUT, leaf)
            convlab.conv(INPUT, WEIGHT, padding=(1, 1))
            convlab.conv(INPUT.mT, WEIGHT)
    assert len(made) == 5


def test_plans_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MOST_PLANS", 3)
    with forgetful():
        for size in range(3, 12):
            convlab.conv(numbers(1, 1, size), numbers(1, 1, 3))
            assert 1 <= len(dispatch._PLANS) <= 3


def test_autocast_is_seen_by_a_call_that_has_a_plan() -> None:
    input, weight = INPUT.float(), WEIGHT.float()
    assert convlab.conv(input, weight).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert convlab.conv(input, weight).dtype == F.conv2d(input, weight).dtype == torch.bfloat16
    assert convlab.conv(input, weight).dtype == torch.float32


def test_threads_are_seen_by_a_call_that_has_a_plan() -> None:
    input, weight = numbers(1, 1, 200, 200), numbers(1, 1, 13, 13)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 64):
            torch.set_num_threads(threads)
            found.append(convlab.explain_method(input, weight).method)
    finally:
        torch.set_num_threads(before)
    assert found == ["fft", "torch"]


def private_names(source: str) -> set[str]:
    """Attributes with a leading underscore that are read from torch."""
    chains = (ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    return {chain for chain in chains if chain.startswith("torch.") and ("._" in chain or "torch.ops" in chain)}


def test_the_room_calls_public_functions_of_torch_only() -> None:
    folder = Path(auto.__file__).parent
    assert {path.name: found for path in folder.glob("*.py") if (found := private_names(path.read_text()))} == {}
    assert private_names("torch._C.f(torch.ops.aten.g)") == {
        "torch._C",
        "torch._C.f",
        "torch.ops",
        "torch.ops.aten",
        "torch.ops.aten.g",
    }


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`:UserWarning")
def test_torch_compile_sees_one_graph_and_chooses_for_itself() -> None:
    input, weight = numbers(1, 1, 200, 200), numbers(1, 1, 31, 31)
    compiled = torch.compile(convlab.conv, backend="eager", fullgraph=True)
    assert_close(compiled(input, weight, padding=15), F.conv2d(input, weight, padding=15))
    assert convlab.explain_method(input, weight, padding=15).method == "fft"
