"""What only the transforms of `conv(method="fft")` can get wrong: lengths, blocks, phases, rounding, gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from conv_cases import CONV, Case, assert_one_sentence, must_not_run, numbers, refusal, torch_conv
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from convlab.arithmetic import ConvSpec
from convlab.ops import fft, fft_plan
from convlab.ops.fft_plan import Plan, good_length, plan_for


def by_fft(*tensors: Tensor | None, **options: Any) -> Tensor:
    return CONV.ours(*tensors, **options, method="fft")


class Cut(NamedTuple):
    """A call large enough to be cut, and what is to be more than one of: blocks of an axis, parts of the work."""

    case: Case
    several: str


LARGE_CASES = {
    "1D, many blocks": Cut(Case((2, 1, 8000), (1, 1, 70), {"padding": 35}), "blocks"),
    "1D, groups of several channels": Cut(Case((1, 6, 5000), (4, 3, 40), {"groups": 2}), "blocks"),
    "1D, a last block with one output": Cut(Case((1, 1, 4096 - 39 + 40 * 217), (1, 1, 40)), "blocks"),
    "1D, dilated": Cut(Case((1, 2, 9000), (3, 2, 9), {"dilation": 11, "padding": "same"}), "blocks"),
    "1D, stride": Cut(Case((1, 2, 20_000), (3, 2, 50), {"stride": 3, "padding": 7}), "blocks"),
    "1D, stride longer than the kernel": Cut(Case((1, 2, 900), (3, 2, 4), {"stride": 7}), "nothing"),
    "1D, circular": Cut(Case((1, 1, 8000), (1, 1, 65), {"padding": 32, "padding_mode": "circular"}), "blocks"),
    "2D, blocks along both axes": Cut(Case((1, 1, 120, 130), (1, 1, 9, 11), {"padding": (4, 5)}), "blocks"),
    "2D, blocks along the first axis": Cut(Case((1, 1, 600, 9), (1, 1, 9, 8), {"padding": 2}), "blocks"),
    "2D, no transform along the first axis": Cut(Case((2, 3, 5, 60), (4, 3, 1, 9)), "blocks"),
    "2D, no transform along the last axis": Cut(Case((2, 3, 60, 5), (4, 3, 9, 1), {"stride": (2, 1)}), "blocks"),
    "2D, stride that leaves one element of the kernel": Cut(
        Case((2, 3, 12, 13), (4, 3, 3, 2), {"stride": 3}), "blocks"
    ),
    "2D, kernels in several parts": Cut(Case((2, 33, 34, 34), (40, 33, 17, 17)), "outputs"),
    "2D, groups in several parts": Cut(Case((2, 64, 40, 40), (128, 1, 15, 15), {"groups": 64}), "groups"),
    "2D, few large groups": Cut(Case((1, 16, 64, 64), (128, 8, 9, 9), {"groups": 2}), "groups"),
    "2D, few outputs of many channels": Cut(Case((2, 40, 30, 30), (8, 40, 5, 5)), "blocks"),
    "2D, many outputs, channels and blocks": Cut(Case((4, 40, 40, 40), (16, 40, 5, 5)), "blocks"),
    "3D, blocks": Cut(Case((1, 1, 40, 30, 24), (1, 1, 5, 5, 5), {"padding": 2}), "blocks"),
    "3D, everything": Cut(
        Case(
            (2, 4, 20, 18, 16), (4, 2, 3, 4, 3), {"stride": (2, 1, 2), "dilation": (1, 2, 3), "groups": 2, "padding": 2}
        ),
        "blocks",
    ),
}


@pytest.mark.parametrize("cut", LARGE_CASES.values(), ids=LARGE_CASES)
def test_values_and_gradients_where_the_work_is_cut(monkeypatch: pytest.MonkeyPatch, cut: Cut) -> None:
    plans: list[tuple[Plan, int, int]] = []

    def noted(input_shape: Any, weight_shape: Any, groups: int) -> Plan:
        plan = plan_for(input_shape, weight_shape, groups)
        plans.append((plan, groups, weight_shape[0] // groups))
        return plan

    monkeypatch.setattr(fft, "plan_for", noted)
    tensors: list[Any] = cut.case.tensors(CONV, requires_grad=True)
    actual, expected = by_fft(*tensors, **cut.case.options), torch_conv(*tensors, **cut.case.options)
    plan, groups, outputs = plans[0]
    several = {
        "blocks": math.prod(plan.counts),
        "groups": math.ceil(groups / plan.groups),
        "outputs": math.ceil(outputs / plan.outputs),
        "nothing": 2,
    }
    assert several[cut.several] > 1, plan
    assert_close(actual, expected)
    cotangent = numbers(*expected.shape, seed=3)
    assert_close(torch.autograd.grad(actual, tensors, cotangent), torch.autograd.grad(expected, tensors, cotangent))


def test_values_and_gradients_where_a_batch_is_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    apply = fft.Correlation.apply

    def counted(part: Tensor, *rest: Any) -> Any:
        sizes.append(len(part))
        return apply(part, *rest)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(fft_plan, "NEAR", 2000)
    monkeypatch.setattr(fft.Correlation, "apply", counted)
    tensors = [
        numbers(*shape, seed=n, requires_grad=True) for n, shape in enumerate([(7, 2, 20, 20), (3, 2, 4, 4), (3,)])
    ]
    options: dict[str, Any] = {"stride": 2, "padding": 3, "padding_mode": "reflect"}
    actual, expected = by_fft(*tensors, **options), torch_conv(*tensors, **options)
    assert len(sizes) > 1
    assert sum(sizes) == 7
    assert_close(actual, expected)
    cotangent = numbers(*expected.shape, seed=3)
    assert_close(torch.autograd.grad(actual, tensors, cotangent), torch.autograd.grad(expected, tensors, cotangent))


def test_a_larger_batch_holds_no_more_spectra() -> None:
    spec = ConvSpec(4, 4, (15, 15), padding=7)
    held = [fft.num_elements(spec, (224, 224), batch_size=batch) for batch in (1, 64, 128)]
    assert 1 < held[1] / held[0] < 64
    assert held[2] == held[1]


SIGNALS: dict[str, Callable[..., Tensor]] = {
    "random": lambda *shape: numbers(*shape),
    "constant": lambda *shape: torch.ones(shape, dtype=torch.float64),
    "a spike above noise": lambda *shape: 1e-3 * numbers(*shape, seed=1) + (torch.arange(shape[-1]) == shape[-1] // 3),
}
FLOAT32, FLOAT64 = torch.float32, torch.float64
SIZES = [
    pytest.param(FLOAT32, (1, 1, 30_000), (1, 1, 1000), id="1D, blocks"),
    pytest.param(FLOAT32, (1, 1, 30_000), (1, 1, 1), id="1D, one tap"),
    pytest.param(FLOAT32, (2, 1, 9000), (1, 1, 9000), id="1D, as long as the signal"),
    pytest.param(FLOAT32, (1, 256, 64), (16, 256, 16), id="1D, 256 channels"),
    pytest.param(FLOAT32, (1, 2, 100, 90), (2, 2, 41, 43), id="2D"),
    pytest.param(FLOAT32, (8, 40, 24, 24), (8, 40, 5, 5), id="2D, matrix products"),
    pytest.param(FLOAT32, (1, 1, 30, 30, 30), (1, 1, 9, 9, 9), id="3D"),
    pytest.param(FLOAT64, (1, 1, 3000), (1, 1, 100), id="float64, 1D, blocks"),
    pytest.param(FLOAT64, (1, 256, 64), (16, 256, 16), id="float64, 1D, 256 channels"),
    pytest.param(FLOAT64, (1, 2, 40, 36), (2, 2, 13, 11), id="float64, 2D"),
    pytest.param(FLOAT64, (1, 1, 16, 16, 16), (1, 1, 5, 5, 5), id="float64, 3D"),
]


def whole_thousands(tensor: Tensor) -> Tensor:
    """A thousand times the tensor, rounded: torch's sums of these, in float64, are exact."""
    return (1000 * tensor).round()


def errors(input: Tensor, weight: Tensor, dtype: torch.dtype, cast: torch.dtype | None = None) -> list[float]:
    """Of output and both gradients, the largest error in parts of the bound that the module states."""
    input, weight = (tensor.to(dtype).requires_grad_() for tensor in (input, weight))
    output = by_fft(input.to(cast or dtype), weight.to(cast or dtype)).to(dtype)
    cotangent = whole_thousands(numbers(*output.shape, seed=3)).to(dtype)
    exact = [tensor.detach().double().requires_grad_() for tensor in (input, weight)]
    exact_output = by_fft(*exact) if dtype == torch.float32 else torch_conv(*exact)  # of whole numbers, exact
    found = [output, *torch.autograd.grad(output, (input, weight), cotangent)]
    wanted = [exact_output, *torch.autograd.grad(exact_output, exact, cotangent.double())]

    def largest_sum(tensor: Tensor, of: int) -> float:
        return tensor.detach().abs().transpose(0, of).flatten(1).sum(1).max().item()

    terms = [
        (weight.shape[1], input.abs().max().item() * largest_sum(weight, 0)),
        (len(weight), cotangent.abs().max().item() * largest_sum(weight, 1)),
        (1, input.abs().max().item() * largest_sum(cotangent, 1)),
    ]
    return [
        ((one.double() - other).abs().max() / ((16 + count / 4) * torch.finfo(dtype).eps * scale)).item()
        for one, other, (count, scale) in zip(found, wanted, terms, strict=True)
    ]


@pytest.mark.parametrize(("dtype", "input_shape", "weight_shape"), SIZES)
def test_errors_stay_below_the_stated_bound(
    dtype: torch.dtype, input_shape: tuple[int, ...], weight_shape: tuple[int, ...]
) -> None:
    for name, signal in SIGNALS.items():
        for other, kernel in SIGNALS.items():
            found = errors(whole_thousands(signal(*input_shape)), whole_thousands(kernel(*weight_shape)), dtype)
            assert max(found) <= 1, f"{name}, kernel {other}: {found}"


def test_the_bound_is_one_that_a_narrower_type_does_not_keep() -> None:
    input, weight = numbers(1, 1, 3000), numbers(1, 1, 300, seed=1)
    assert errors(input, weight, torch.float64, cast=torch.float32)[0] > 1e5
    assert errors(input, weight, torch.float32, cast=torch.bfloat16)[0] > 100


def test_beside_large_elements_a_small_output_is_lost() -> None:
    input, weight = torch.ones(1, 1, 64), torch.ones(1, 1, 3)
    input[0, 0, :-3] = 1e8 * numbers(61)
    assert abs(by_fft(input, weight)[0, 0, -1].item() - 3) > 0.1
    assert torch_conv(input, weight)[0, 0, -1] == 3


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8], ids=str)
def test_integers_are_refused_before_any_work(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    monkeypatch.setattr(fft, "padded", must_not_run)
    error = refusal(by_fft, torch.ones(1, 1, 4, dtype=dtype), torch.ones(1, 1, 2, dtype=dtype))
    assert_one_sentence(error)
    assert str(error) == f"method='fft' rounds, so input must hold floats or complex numbers, but input is {dtype}"


@pytest.mark.parametrize("needed", ["input", "weight"])
def test_only_the_gradient_that_is_asked_for_is_computed(monkeypatch: pytest.MonkeyPatch, needed: str) -> None:
    other = {"input": "_weight_gradient", "weight": "_input_gradient"}[needed]
    monkeypatch.setattr(fft, other, must_not_run)
    tensors: dict[str, Any] = {"input": numbers(2, 3, 20), "weight": numbers(4, 3, 5)}
    leaf = tensors[needed].requires_grad_()
    cotangent = numbers(2, 4, 16)
    (expected,) = torch.autograd.grad(torch_conv(**tensors), leaf, cotangent)
    assert_close(torch.autograd.grad(by_fft(**tensors), leaf, cotangent), (expected,))


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # torch's own call of it
def test_the_transforms_of_functions_that_torch_has() -> None:
    input, weight, options = numbers(3, 2, 9, 8), numbers(4, 2, 3, 2), {"stride": 2, "padding": 1}

    def values(call: Any) -> list[Any]:
        def loss(weight: Tensor, input: Tensor) -> Tensor:
            output: Tensor = call(input, weight, **options)
            return output.square().sum()

        return [
            torch.func.grad(loss)(weight, input),
            torch.func.vmap(torch.func.grad(loss), (None, 0))(weight, input),
            torch.func.jvp(loss, (weight, input), (weight + 1, input - 1)),
            torch.func.jacrev(torch.func.grad(loss))(weight[:1], input),
        ]

    assert_close(values(by_fft), values(torch_conv))


def test_the_same_call_gives_the_same_bits() -> None:
    tensors = Case((2, 40, 30, 30), (8, 40, 5, 5)).tensors(CONV, dtype=torch.float32)
    assert torch.equal(by_fft(*tensors), by_fft(*tensors))


# Lengths and blocks.


@given(st.integers(1, 100_000))
def test_good_lengths_are_even_products_of_small_primes(least: int) -> None:
    length = good_length(least)
    assert least <= length
    assert length == 1 or length % 2 == 0
    assert is_product_of_small_primes(length)
    assert not any(is_product_of_small_primes(n) for n in range(least + least % 2, length, 2) if n > 1)


def is_product_of_small_primes(n: int) -> bool:
    for prime in (2, 3, 5, 7):
        while n % prime == 0:
            n //= prime
    return n == 1


def test_a_number_with_a_large_prime_is_no_product_of_small_ones() -> None:
    assert [n for n in range(8, 23) if not is_product_of_small_primes(n)] == [11, 13, 17, 19, 22]


@st.composite
def shapes(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    ndim = draw(st.integers(1, 3))
    spans = draw(st.tuples(*[st.integers(1, 40)] * ndim))
    sizes = [span + draw(st.integers(0, 10 ** (4 - ndim))) for span in spans]
    groups, inputs, outputs = (draw(st.integers(1, 40)) for _ in range(3))
    return (draw(st.integers(0, 9)), groups * inputs, *sizes), (groups * outputs, inputs, *spans), groups


@settings(max_examples=200, deadline=None)
@given(shapes())
def test_the_blocks_of_a_plan_give_every_output_and_none_is_idle(shape: Any) -> None:
    input_shape, weight_shape, groups = shape
    plan = plan_for(input_shape, weight_shape, groups)
    assert plan.spans == weight_shape[2:]
    assert 1 <= plan.groups <= groups
    assert plan.outputs >= 1
    axes = zip(input_shape[2:], plan.spans, plan.lengths, plan.counts, plan.steps, strict=True)
    for size, span, length, count, step in axes:
        assert step == length - span + 1 >= 1
        assert (count - 1) * step < size - span + 1 <= count * step
        assert is_product_of_small_primes(length)


def test_blocks_follow_the_size_of_kernel_and_work() -> None:
    (long,), (whole,) = (plan_for((1, 1, n), (1, 1, 1000), 1).lengths for n in (10**6, 1200))
    assert 2000 <= long <= 20_000
    assert 1200 <= whole <= 1280
    few, many = (plan_for((1, n, 64, 64), (n, n, 9, 9), 1).lengths for n in (1, 64))  # kernels: 1 and 4096
    assert math.prod(many) < math.prod(few)
    assert plan_for((1, 1, 6, 64), (1, 1, 1, 9), 1).lengths[0] == 1
    assert plan_for((1, 1, 6, 64), (1, 1, 1, 1), 1).axes == [-1]
