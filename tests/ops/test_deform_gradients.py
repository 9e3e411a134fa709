"""The gradients of `deform_conv`: of first and second order, at integers from the right, and compiled."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from conv_cases import numbers
from deform_cases import CASES, DeformCase, every_case
from torch import Tensor
from torch.autograd import forward_ad, functional, gradcheck, gradgradcheck
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


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_an_offset_that_is_no_number_has_no_number_as_its_derivative(ndim: int) -> None:
    input, weight = numbers(1, 1, *(3,) * ndim).requires_grad_(), numbers(1, 1, *(1,) * ndim)
    offset = torch.zeros(1, ndim, *(3,) * ndim, dtype=torch.float64)
    offset.flatten(2)[0, 0, 1] = math.nan
    convlab.deform_conv(input, offset.requires_grad_(), weight).sum().backward()
    assert offset.grad is not None
    assert offset.grad.isnan().flatten(2).any(1).flatten().tolist() == [place == 1 for place in range(3**ndim)]
    assert offset.grad.flatten(2)[0, :, 1].isnan().all()
    assert input.grad is not None
    assert input.grad.flatten()[1].isnan()
    assert input.grad.isnan().sum() == 2**ndim  # the element and its neighbours to the right


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


def _forward_mode(call: Any, tensors: tuple[Tensor, ...]) -> Tensor:
    with forward_ad.dual_level():
        output = call(*(forward_ad.make_dual(tensor, torch.ones_like(tensor)) for tensor in tensors))
        tangent: Tensor = forward_ad.unpack_dual(output).tangent
        return tangent


TRANSFORMS: dict[str, Callable[[Any, tuple[Tensor, ...]], Any]] = {
    "gradient": lambda call, t: torch.func.grad(lambda *x: call(*x).square().sum(), tuple(range(len(t))))(*t),
    "jacobian, reverse": lambda call, t: torch.func.jacrev(call, 1)(*t),
    "jacobian, forward": lambda call, t: torch.func.jacfwd(call, 1)(*t),
    "hessian": lambda call, t: torch.func.hessian(lambda *x: call(*x).square().sum(), 1)(*t),
    "forward mode": lambda call, t: torch.func.jvp(call, t, tuple(map(torch.ones_like, t)))[1],
    "forward mode, not of torch.func": _forward_mode,
    "gradients in a batch": lambda call, t: functional.jacobian(call, t, vectorize=True),
    "second ones in a batch": lambda call, t: functional.hessian(lambda *x: call(*x).square().sum(), t, vectorize=True),
}


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated", "ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_transforms_of_torch(name: str) -> None:
    case = DeformCase((2, 1, 3, 3), (1, 1, 2, 2))
    tensors = case.tensors()

    def call(*given: Tensor) -> Tensor:
        return convlab.deform_conv(**dict(zip(tensors, given, strict=True)))

    def stepwise(*given: Tensor) -> Tensor:
        return deform_function.plain(**dict(zip(tensors, given, strict=True)), spec=case.spec)

    found = TRANSFORMS[name](call, tuple(tensors.values()))
    assert_close(found, TRANSFORMS[name](stepwise, tuple(tensors.values())))
    if "jacobian" in name:
        assert_close(found, functional.jacobian(call, tuple(tensors.values()))[1])


def test_a_loop_over_examples_may_be_a_vmap() -> None:
    tensors = CASES["batch"].tensors()
    each = {name: tensors[name] for name in ("input", "offset", "mask")}

    def gradient(weight: Tensor, each: dict[str, Tensor]) -> Tensor:
        found: Tensor = torch.func.grad(lambda w: convlab.deform_conv(**each, weight=w).square().sum())(weight)
        return found

    output = torch.vmap(lambda each: convlab.deform_conv(**each, weight=tensors["weight"]))(each)
    assert_close(output, convlab.deform_conv(**each, weight=tensors["weight"]))
    for number, found in enumerate(torch.vmap(gradient, (None, 0))(tensors["weight"], each)):
        assert_close(found, gradient(tensors["weight"], {name: tensor[number] for name, tensor in each.items()}))


def test_an_error_of_the_work_itself_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(deform_function, "read", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        CASES["1D"].run()


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
