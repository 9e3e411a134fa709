"""All exercises have a name and a place."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest
import torch

from convlab.practice.catalogue import find, in_order, names
from convlab.practice.exercise import Exercise

CORE = [
    "conv_output_size",
    "conv1d",
    "conv2d",
    "conv3d",
    "grouped_conv2d",
    "dilated_conv2d",
    "separable_params",
    "receptive_field",
    "same_padding",
    "conv_matrix",
    "conv_transpose2d",
    "conv_transpose_output_size",
]


def _cannot_be_flattened(tensor: object) -> bool:
    """Whether no two neighbouring axes can be joined without a copy, so that every view of another shape raises."""
    return isinstance(tensor, torch.Tensor) and all(
        one > 1 and other > 1 and step != next_step * other
        for one, other, step, next_step in zip(
            tensor.shape, tensor.shape[1:], tensor.stride(), tensor.stride()[1:], strict=False
        )
    )


@pytest.mark.parametrize("name", [name for name in names() if isinstance(find(name), Exercise)])
def test_an_answer_that_views_its_input_does_not_pass(name: str) -> None:
    """`x.view(N * C, H, W)` works for some inputs that are not contiguous, but not for all."""
    task = find(name)
    assert isinstance(task, Exercise)
    given = [part for case in task.cases() for part in case.args[:1] if isinstance(part, torch.Tensor)]
    assert any(_cannot_be_flattened(tensor) for tensor in given) or name == "spread_kernel" or not given


@pytest.mark.parametrize("name", CORE)
def test_the_core_exercises_are_there(name: str) -> None:
    assert find(name).name == name


def test_the_order_is_that_of_the_course() -> None:
    notebooks = [find(name).notebook for name in names()]
    assert notebooks == sorted(notebooks)
    assert sum((names(notebook) for notebook in dict.fromkeys(notebooks)), ()) == names()


def test_a_notebooks_number_is_enough() -> None:
    assert names("02") == names("02_conv1d")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "cov1d", r"^there is no exercise 'cov1d'; close: conv1d, conv\dd, conv\dd$", id="a letter missing"
        ),
        pytest.param("CONV2D", r"^there is no exercise 'CONV2D'; there are: ", id="nothing near"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(name)


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^name must be the name of an exercise, a str, but name has type function$"):
        find(lambda: None)  # type: ignore[arg-type]


def test_an_unknown_notebook_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^there is no notebook '99' with exercises; there are: 00_start_here, "):
        names("99")


def test_a_name_stands_once() -> None:
    task = find("conv1d")
    twin = dataclasses.replace(task, notebook="03_conv2d")
    with pytest.raises(ValueError, match=r"'conv1d' stands twice, in 02_conv1d and 03_conv2d$"):
        in_order([task, twin])


def test_every_module_of_the_bank_is_listed() -> None:
    from convlab.practice import _bank

    on_disk = {f"{_bank.__name__}.{found.name}" for found in pkgutil.iter_modules(_bank.__path__)}
    with_exercises = {name for name in on_disk if hasattr(importlib.import_module(name), "EXERCISES")}
    assert with_exercises == {module.__name__ for module in _bank.MODULES}
