"""`conv` and `conv_transpose` on the sample inputs and the error inputs that torch's own tests use."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import torch
from conv_cases import (
    CONV,
    CONV_TRANSPOSE,
    EVEN_SAME_WARNING,
    assert_one_sentence,
    forgetful,
    must_not_run,
    named,
    numbers,
    refusal,
)
from torch import Tensor
from torch.testing import assert_close

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

OPERATIONS = {f"{operation}{ndim}d": operation for operation in (CONV, CONV_TRANSPOSE) for ndim in (1, 2, 3)}
EVERY_SAMPLE = [
    pytest.param(
        name,
        method,
        id=f"{name}-{method}",
        marks=[pytest.mark.long] if (name, method) == ("conv3d", "reference") else [],
    )
    for name, operation in OPERATIONS.items()
    for method in operation.algorithms
]
RULES = {"its own rules": {}, "whatever is fastest but torch": {"LEAST_GAIN": 0.0}}
"""Those of `method="auto"`: by its own it takes torch for all samples, which are small."""

WITH_ERROR_INPUTS = [
    pytest.param(f"conv{ndim}d", method, id=f"conv{ndim}d-{method}") for ndim in (1, 2, 3) for method in CONV.algorithms
]


@pytest.fixture(scope="module")
def op_infos() -> dict[str, Any]:
    """Torch's description of each operation, from a private module of torch that takes seconds to import."""
    profile = hypothesis.settings.get_current_profile_name()
    op_db = importlib.import_module("torch.testing._internal.common_methods_invocations").op_db
    # That import loads torch's own profile of hypothesis, and forbids the whole process to set torch.backends flags.
    hypothesis.settings.load_profile(profile)
    torch.backends.__allow_nonbracketed_mutation_flag = True
    prefix = "nn.functional."
    return {op.name.removeprefix(prefix): op for op in op_db if op.name.removeprefix(prefix) in OPERATIONS}


def samples(op_info: Any, dtype: torch.dtype, requires_grad: bool) -> Iterator[tuple[str, list[Tensor | None], Any]]:
    """Of each sample: what it is, in words; input, weight and bias; the options."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        all_samples = list(op_info.sample_inputs("cpu", dtype, requires_grad=requires_grad))
    for sample in all_samples:
        tensors = [sample.input, *sample.args]
        shapes = [None if tensor is None else tuple(tensor.shape) for tensor in tensors]
        yield f"{op_info.name} of {shapes} with {sample.kwargs}", tensors, sample.kwargs


def test_torch_describes_every_operation(op_infos: dict[str, Any]) -> None:
    assert set(op_infos) == set(OPERATIONS)
    for name, op_info in op_infos.items():
        assert len(list(samples(op_info, torch.float64, False))) >= 10, name
        assert (op_info.error_inputs_func is not None) == (OPERATIONS[name] is CONV), name


@pytest.mark.parametrize(("name", "method"), EVERY_SAMPLE)
def test_values_and_gradients_of_every_sample(op_infos: dict[str, Any], name: str, method: str) -> None:
    for label, (input, weight, bias), options in samples(op_infos[name], torch.float64, True):
        expected = op_infos[name].op(input, weight, bias, **options)
        actual = OPERATIONS[name].ours(input, weight, bias, **options, method=method)
        assert_close(actual, expected, msg=named(label))
        arguments = {"input": input, "weight": weight, "bias": bias}
        leaves = {leaf: tensor for leaf, tensor in arguments.items() if tensor is not None}
        cotangent = numbers(*expected.shape, seed=3)
        ours = torch.autograd.grad(actual, list(leaves.values()), cotangent)
        torchs = torch.autograd.grad(expected, list(leaves.values()), cotangent)
        for leaf, our, torch_s in zip(leaves, ours, torchs, strict=True):
            assert_close(our, torch_s, msg=named(f"gradient of {leaf}, {label}"))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_auto_has_the_values_and_gradients_of_every_sample(
    op_infos: dict[str, Any], ndim: int, rules: dict[str, Any]
) -> None:
    with forgetful(**rules):
        test_values_and_gradients_of_every_sample(op_infos, f"conv{ndim}d", "auto")
        test_values_of_every_sample_in_float32(op_infos, f"conv{ndim}d", "auto")


@pytest.mark.parametrize(("name", "method"), EVERY_SAMPLE)
def test_values_of_every_sample_in_float32(op_infos: dict[str, Any], name: str, method: str) -> None:
    for label, (input, weight, bias), options in samples(op_infos[name], torch.float32, False):
        assert input is not None
        assert weight is not None
        expected = op_infos[name].op(input, weight, bias, **options)
        actual = OPERATIONS[name].ours(input, weight, bias, **options, method=method)
        # The error of a sum grows with the size of its terms, not with the size of the sum.
        terms = op_infos[name].op(input.abs(), weight.abs(), None if bias is None else bias.abs(), **options)
        assert_close(actual, expected, rtol=0, atol=2e-6 * terms.max().item(), msg=named(label))


@pytest.mark.parametrize(("name", "method"), WITH_ERROR_INPUTS)
def test_every_error_input_is_refused_in_one_sentence_before_any_work(
    op_infos: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str, method: str
) -> None:
    monkeypatch.setitem(CONV.algorithms, method, must_not_run)
    error_inputs = list(op_infos[name].error_inputs("cpu"))
    assert len(error_inputs) >= 10
    for error_input in error_inputs:
        sample = error_input.sample_input
        call = f"{name} of {[tuple(t.shape) for t in (sample.input, *sample.args)]} with {sample.kwargs}"
        torchs = refusal(op_infos[name].op, sample.input, *sample.args, **sample.kwargs)
        assert isinstance(torchs, error_input.error_type), call
        ours = refusal(CONV.ours, sample.input, *sample.args, **sample.kwargs, method=method)
        assert_one_sentence(ours, call)
