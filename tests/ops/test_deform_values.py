"""`deform_conv` computes what its definition says: against the loops, by its laws, and with faults that are seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conv_cases import EVEN_SAME_WARNING, TORCH_CONV, numbers
from deform_cases import CASES, DeformCase, every_case
from torch import Tensor

import convlab
from convlab.ops import corner_sums, deform_blocks, sampling


@every_case
def test_the_loops_agree(case: DeformCase) -> None:
    torch.testing.assert_close(case.run(), case.answer())


@pytest.mark.filterwarnings(EVEN_SAME_WARNING)
@every_case
def test_without_offsets_it_is_a_convolution(case: DeformCase) -> None:
    tensors = case.tensors()
    plain = TORCH_CONV[case.spec.ndim](tensors["input"], tensors["weight"], tensors["bias"], **case.options)
    still = torch.zeros_like(tensors["offset"])
    torch.testing.assert_close(case.run(offset=still, mask=None), plain)
    if case.modulated:
        twos = torch.full_like(tensors["mask"], 2.0)
        doubled = case.run(offset=still, mask=twos, bias=None)
        torch.testing.assert_close(doubled, 2 * case.run(offset=still, mask=None, bias=None))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_the_same_offset_everywhere_is_a_shift(ndim: int) -> None:
    input, weight = numbers(1, 2, *(6, 5, 4)[:ndim]), numbers(3, 2, *(2,) * ndim, seed=1)
    shift = (2, -1, 1)[:ndim]
    moved = torch.tensor(shift, dtype=input.dtype).repeat(2**ndim).view(1, -1, *(1,) * ndim)
    offset = moved.expand(1, -1, *(n - 1 for n in input.shape[2:]))
    # a negative pad takes away; what it takes away on one side comes in as zeros on the other
    shifted = F.pad(input, [side for step in reversed(shift) for side in (-step, step)])
    torch.testing.assert_close(convlab.deform_conv(input, offset, weight), TORCH_CONV[ndim](shifted, weight))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_a_dilation_is_an_offset_pattern(ndim: int) -> None:
    input, weight = numbers(1, 2, *(7, 8, 7)[:ndim]), numbers(3, 2, *(3, 2, 3)[:ndim], seed=1)
    dilated = TORCH_CONV[ndim](input, weight, dilation=2)
    tap = torch.cartesian_prod(*(torch.arange(float(k)) for k in weight.shape[2:])).double()
    pattern = ((2 - 1) * tap).view(1, -1, *(1,) * ndim)
    undilated = [n - k + 1 for n, k in zip(input.shape[2:], weight.shape[2:], strict=True)]
    larger = convlab.deform_conv(input, pattern.expand(1, -1, *undilated), weight)
    for axis, n in enumerate(dilated.shape[2:], start=2):
        larger = larger.narrow(axis, 0, n)
    torch.testing.assert_close(larger, dilated)


def test_equal_offset_groups_are_one_group() -> None:
    tensors = CASES["2D, modulated"].tensors()
    for name in ("offset", "mask"):
        tensors[name] = tensors[name].repeat(1, 2, 1, 1)
    torch.testing.assert_close(CASES["2D, modulated"].run(**tensors), CASES["2D, modulated"].answer())


@pytest.mark.parametrize("far", [math.inf, -math.inf, 1e300, -1e300, 50.0, -50.0])
def test_far_outside_only_the_bias_is_left(far: float) -> None:
    case = CASES["2D, modulated"]
    tensors = {name: tensor.requires_grad_() for name, tensor in case.tensors().items()}
    tensors["offset"] = torch.full_like(tensors["offset"], far).requires_grad_()
    output = case.run(**tensors)
    torch.testing.assert_close(output, tensors["bias"].view(1, -1, 1, 1).expand_as(output))
    for gradient in torch.autograd.grad(output.sum(), [tensors[name] for name in ("input", "offset", "mask")]):
        assert gradient.count_nonzero() == 0


def test_an_offset_that_is_no_number_spoils_its_window_only() -> None:
    input, weight, offset = numbers(1, 1, 5), numbers(1, 1, 2, seed=1), torch.zeros(1, 2, 4, dtype=torch.float64)
    offset[0, 1, 2] = math.nan
    assert convlab.deform_conv(input, offset, weight).isnan().flatten().tolist() == [False, False, True, False]
    outside = torch.full((1, 1, 7), math.nan, dtype=torch.float64)
    assert convlab.deform_conv(input, outside, weight[..., :1], padding=1).isnan().all()


def test_an_element_that_is_no_number_spoils_only_where_it_is_a_corner() -> None:
    input = torch.tensor([[[math.nan, 1.0, 2.0]]])
    output = convlab.deform_conv(input, torch.zeros(1, 1, 9), torch.ones(1, 1, 1), padding=3)
    assert output.isnan().flatten().tolist() == [False] * 2 + [True] * 2 + [False] * 5  # a corner of weight 0 counts


@pytest.mark.parametrize(
    ("place", "value"),
    [(-2.0, 0.0), (-1.0, 0.0), (-0.75, 2.5), (0.0, 10.0), (0.5, 15.0), (1.0, 20.0), (1.25, 15.0), (2.0, 0.0)],
)
def test_the_value_fades_out_over_one_element(place: float, value: float) -> None:
    input, offset = torch.tensor([[[10.0, 20.0]]]), torch.tensor([[[place, place - 1]]])
    assert convlab.deform_conv(input, offset, torch.ones(1, 1, 1)).flatten().tolist() == [value, value]


def test_the_error_does_not_grow_with_the_width() -> None:
    input, weight, offset = numbers(1, 1, 1, 16384), numbers(1, 1, 3, 3, seed=1), numbers(1, 18, 1, 16384, seed=2) * 3
    singles = [tensor.float() for tensor in (input, offset, weight)]
    exact = convlab.deform_conv(*(tensor.double() for tensor in singles), padding=1)
    assert (convlab.deform_conv(*singles, padding=1) - exact).abs().max() <= 1e-6 * exact.abs().max()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_narrow_dtype_is_computed_in_float32_and_rounded_once(dtype: torch.dtype) -> None:
    case = CASES["2D, modulated"]
    narrow = case.tensors(dtype)
    output = case.run(**narrow)
    assert output.dtype == dtype
    assert torch.equal(output, case.run(**{name: tensor.float() for name, tensor in narrow.items()}).to(dtype))


def test_autocast_rounds_what_is_multiplied_but_not_the_places() -> None:
    case = CASES["2D, modulated"]
    tensors = {name: tensor.requires_grad_() for name, tensor in case.tensors(torch.float32).items()}
    with torch.autocast("cpu"):
        output = case.run(**tensors)
        output.sum().backward()
    rounded = {name: tensor.bfloat16().float() for name, tensor in tensors.items()} | {"offset": tensors["offset"]}
    assert output.dtype == torch.bfloat16
    assert torch.equal(output, case.run(**rounded).bfloat16())
    assert all(tensor.grad.dtype == torch.float32 for tensor in tensors.values())


@pytest.mark.parametrize("case", [CASES["2D, modulated"], CASES["3D"]], ids=["2D, modulated", "3D"])
def test_a_single_example_and_an_empty_batch(case: DeformCase) -> None:
    tensors, answer = case.tensors(), case.run()
    of_examples = {name: tensors[name] for name in ("input", "offset", "mask") if tensors[name] is not None}
    torch.testing.assert_close(case.run(**{name: tensor[0] for name, tensor in of_examples.items()}), answer[0])
    empty = {name: tensor[:0].requires_grad_() for name, tensor in of_examples.items()}
    weight = tensors["weight"].requires_grad_()
    output = case.run(**empty, weight=weight)
    assert output.shape == (0, *answer.shape[1:])
    assert torch.autograd.grad(output.sum(), weight)[0].count_nonzero() == 0


@every_case
def test_memory_may_be_laid_out_in_any_way(case: DeformCase) -> None:
    strange = {
        name: tensor.transpose(0, -1).contiguous().transpose(0, -1)
        for name, tensor in case.tensors().items()
        if tensor is not None
    }
    output = case.run(**strange)
    torch.testing.assert_close(output, case.run())
    assert output.is_contiguous()


def test_it_runs_on_tensors_without_memory() -> None:
    case = CASES["2D, modulated"]
    meta = {name: tensor.to("meta") for name, tensor in case.tensors().items()}
    assert case.run(**meta).shape == case.run().shape


@every_case
def test_without_sparse_products_and_in_many_blocks(case: DeformCase, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = case.run()
    monkeypatch.setattr(deform_blocks, "PARTS_PER_BLOCK", 1)
    torch.testing.assert_close(case.run(), expected)
    monkeypatch.setattr(corner_sums, "has_fast_sparse_products", lambda device: False)
    torch.testing.assert_close(case.run(), expected)


def _sorted_otherwise(offset: Any, case: DeformCase, change: Callable[[Tensor], Tensor]) -> Tensor:
    sizes = (case.offset_groups, math.prod(case.spec.kernel_size), -1)
    return change(offset.unflatten(1, sizes)).flatten(1, 3)


ARGUMENT_FAULTS: dict[str, Callable[[DeformCase, dict[str, Any]], dict[str, Any]]] = {
    "axes in reverse": lambda case, t: {"offset": _sorted_otherwise(t["offset"], case, lambda o: o.flip(3))},
    "taps in reverse": lambda case, t: {"offset": _sorted_otherwise(t["offset"], case, lambda o: o.flip(2))},
    "taps before offset groups": lambda case, t: {
        "offset": _sorted_otherwise(t["offset"], case, lambda o: o.transpose(1, 2).reshape(o.shape))
    },
    "axes before taps": lambda case, t: {
        "offset": _sorted_otherwise(t["offset"], case, lambda o: o.transpose(2, 3).reshape(o.shape))
    },
    "offset backwards": lambda case, t: {"offset": -t["offset"]},
    "half an element off": lambda case, t: {"offset": t["offset"] + 0.5},
    "nearest element": lambda case, t: {"offset": t["offset"].round()},
    "mask left out": lambda case, t: {"mask": None},
    "mask of the next tap": lambda case, t: {"mask": t["mask"].roll(1, 1)} if case.modulated else {},
    "bias left out": lambda case, t: {"bias": None},
}


@pytest.mark.parametrize("fault", ARGUMENT_FAULTS)
def test_the_table_sees_a_fault_in_the_layout(fault: str) -> None:
    assert any(not _agrees(case, ARGUMENT_FAULTS[fault](case, case.tensors())) for case in CASES.values())


def _clamped_table(input: Tensor, offset_groups: int) -> Tensor:
    sides = (sampling.BORDER,) * 2 * (input.ndim - 2)
    inner = sampling.table(input, offset_groups)
    edges = F.pad(input, sides, mode="replicate").flatten(2).unflatten(1, (offset_groups, -1))
    found: Tensor = edges.transpose(2, 3).reshape(inner.shape)
    return found


INNER_FAULTS: dict[str, tuple[object, str, object]] = {
    "the edge goes on outside": (deform_blocks, "table", _clamped_table),
    "fractions swapped": (deform_blocks, "corner_parts", lambda f, m: sampling.corner_parts(1 - f, m)),
    "rounded towards zero": (torch.Tensor, "floor", torch.Tensor.trunc),
}


@pytest.mark.parametrize("fault", INNER_FAULTS)
def test_the_table_sees_a_fault_inside(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {name: case.answer() for name, case in CASES.items()}
    monkeypatch.setattr(*INNER_FAULTS[fault])
    assert any(not torch.allclose(case.run(), answers[name]) for name, case in CASES.items())


def _agrees(case: DeformCase, changed: dict[str, Any]) -> bool:
    return torch.allclose(case.run(**changed), case.answer())
