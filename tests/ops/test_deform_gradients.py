"""The gradients of `deform_conv`: of first and second order, at integers from the right, and compiled."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from conv_cases import numbers
from deform_cases import CASES, DeformCase, every_case
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

import convlab
from convlab.ops import corner_sums, deform_blocks, deform_function

NAMES = ("input", "offset", "weight", "bias", "mask")


def arguments(case: DeformCase, **changed: Tensor) -> dict[str, Any]:
    """Those that are there, as leaves that want a gradient."""
    tensors = {**case.tensors(), **changed}
    return {name: tensor.detach().clone().requires_grad_() for name, tensor in tensors.items() if tensor is not None}


@every_case
def test_gradients_of_first_and_second_order(case: DeformCase) -> None:
    tensors = arguments(case)

    def call(*given: Tensor) -> Tensor:
        return case.run(**dict(zip(tensors, given, strict=True)))

    assert gradcheck(call, tuple(tensors.values()), fast_mode=True)
    assert gradgradcheck(call, tuple(tensors.values()), fast_mode=True)


@every_case
@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "gathered"])
def test_every_way_has_the_same_gradients(case: DeformCase, sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = arguments(case)
    given: dict[str, Any] = {name: tensors.get(name) for name in NAMES}
    output = deform_function.plain(**given, spec=case.spec)
    arriving = numbers(*output.shape, seed=9)
    expected = torch.autograd.grad(output, list(tensors.values()), arriving)
    if not sparse:
        monkeypatch.setattr(corner_sums, "has_fast_sparse_products", lambda device: False)
    for parts in (1, 2**16):
        monkeypatch.setattr(deform_blocks, "PARTS_PER_BLOCK", parts)
        assert_close(torch.autograd.grad(case.run(**tensors), list(tensors.values()), arriving), expected)


@pytest.mark.parametrize("name", NAMES)
def test_each_gradient_may_be_asked_for_alone(name: str) -> None:
    case = CASES["3D, modulated, all options"]
    everything = arguments(case)
    gradients = torch.autograd.grad(case.run(**everything).sum(), list(everything.values()))
    alone = {key: tensor if key == name else tensor.detach() for key, tensor in everything.items()}
    assert_close(
        torch.autograd.grad(case.run(**alone).sum(), alone[name])[0],
        dict(zip(everything, gradients, strict=True))[name],
    )


@every_case
def test_at_integers_the_derivative_is_the_one_from_the_right(case: DeformCase) -> None:
    step = 0.25  # within a cell the value is linear along each axis, so the quotient is exact
    tensors = arguments(case, offset=case.tensors()["offset"].floor())
    output = case.run(**tensors)
    (gradient,) = torch.autograd.grad(output.sum(), tensors["offset"])
    with torch.no_grad():
        for channel in range(gradient.shape[1]):
            further = tensors["offset"].clone()
            further[:, channel] += step
            quotient = (case.run(**{**tensors, "offset": further}) - output).sum(1) / step
            assert_close(gradient[:, channel], quotient)


@pytest.mark.parametrize(
    ("place", "slope"),
    [(-2.0, 0.0), (-1.0, 10.0), (-0.5, 10.0), (0.0, 20.0), (0.5, 20.0), (1.0, -30.0), (1.5, -30.0), (2.0, 0.0)],
)
def test_the_slope_around_two_elements(place: float, slope: float) -> None:
    offset = torch.tensor([[[place, place - 1]]], requires_grad=True)
    convlab.deform_conv(torch.tensor([[[10.0, 30.0]]]), offset, torch.ones(1, 1, 1)).sum().backward()
    assert offset.grad is not None
    assert offset.grad.flatten().tolist() == [slope, slope]


def test_an_offset_that_is_computed_from_the_input_is_not_counted_twice() -> None:
    weight, branch = numbers(2, 2, 3, seed=1), numbers(3, 2, 3, seed=2)

    def call(input: Tensor, weight: Tensor, branch: Tensor) -> Tensor:
        offset = torch.nn.functional.conv1d(input, branch, padding=1)
        return convlab.deform_conv(input, offset, weight, padding=1)

    tensors = [tensor.requires_grad_() for tensor in (numbers(1, 2, 5), weight, branch)]
    assert gradcheck(call, tensors, fast_mode=True)
    assert gradgradcheck(call, tensors, fast_mode=True)


def test_the_device_is_that_of_the_tensors_and_not_the_default() -> None:
    case = CASES["2D, modulated"]
    tensors, expected = arguments(case), case.run()
    with torch.device("meta"):
        output = case.run(**tensors)
        gradients = torch.autograd.grad(output.sum(), list(tensors.values()))
    assert_close(output, expected)
    assert {gradient.device.type for gradient in gradients} == {"cpu"}


def test_a_transform_that_is_not_supported_is_refused() -> None:
    case = CASES["1D"]
    with pytest.raises(RuntimeError, match="functorch"):
        torch.func.grad(lambda input: case.run(input=input).sum())(case.tensors()["input"])


def test_it_compiles_without_a_break() -> None:
    case = CASES["2D, modulated"]
    tensors = arguments(case)
    expected = case.run(**tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler speaks of caches that it looks through
        output = torch.compile(convlab.deform_conv, backend="aot_eager", fullgraph=True)(**tensors, **case.options)
        found = torch.autograd.grad(output.sum(), list(tensors.values()))
    assert_close(output, expected)
    assert_close(found, torch.autograd.grad(expected.sum(), list(tensors.values())))
