"""What a reader gives for an input becomes the arguments of forward, or is refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

from convlab.inspection.inputs import as_arguments

NET = nn.Sequential(nn.Conv2d(3, 4, 3))
X = torch.ones(1, 3, 8, 8)


def described(value: Any) -> Any:
    """Shapes, dtypes and devices in the place of tensors."""
    if isinstance(value, Tensor):
        return tuple(value.shape), str(value.dtype).removeprefix("torch."), value.device.type
    if isinstance(value, dict):
        return {name: described(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(described, value))
    return value


META = ((1, 3, 8, 8), "float32", "meta")
REAL = ((1, 3, 8, 8), "float32", "cpu")


@pytest.mark.parametrize(
    ("model", "input", "args", "options"),
    [
        pytest.param(NET, X, (REAL,), {}, id="a tensor"),
        pytest.param(NET, (1, 3, 8, 8), (META,), {}, id="a shape"),
        pytest.param(NET, [1, 3, 8, 8], (META,), {}, id="a list of sizes"),
        pytest.param(NET, X.shape, (META,), {}, id="a torch.Size"),
        pytest.param(NET, tuple(np.array([1, 3, 8, 8])), (META,), {}, id="sizes of numpy"),
        pytest.param(NET, torch.Size([]), (((), "float32", "meta"),), {}, id="the shape of a single number"),
        pytest.param(NET, (3,), (((3,), "float32", "meta"),), {}, id="a shape of one axis"),
        pytest.param(nn.Linear(3, 1).double(), (2, 3), (((2, 3), "float64", "meta"),), {}, id="the dtype of the model"),
        pytest.param(nn.ReLU(), (2, 3), (((2, 3), "float32", "meta"),), {}, id="a model without parameters"),
        pytest.param(
            nn.Sequential(nn.Sequential(nn.Embedding(9, 2)), nn.Linear(2, 2)),
            (4, 7),
            (((4, 7), "int64", "meta"),),
            {},
            id="numbers of words",
        ),
        pytest.param(NET, [X, (1, 3, 8, 8), None, 2.5, "same"], (REAL, META, None, 2.5, "same"), {}, id="several"),
        pytest.param(NET, [(1, 3, 8, 8), (4,)], (META, ((4,), "float32", "meta")), {}, id="several shapes"),
        pytest.param(NET, ([X, (1, 3, 8, 8)],), ([REAL, META],), {}, id="one argument that is a list"),
        pytest.param(NET, {"x": (1, 3, 8, 8), "k": 3}, (), {"x": META, "k": 3}, id="arguments by name"),
        pytest.param(NET, ({"x": (1, 3, 8, 8)},), ({"x": META},), {}, id="one argument that is a dict"),
        pytest.param(NET, (), (), {}, id="no argument"),
    ],
)
def test_the_arguments(model: nn.Module, input: Any, args: Any, options: Any) -> None:
    found = as_arguments(model, input)
    assert described(found) == (args, options)


def test_a_tuple_with_names_is_one_argument() -> None:
    packed = pack_sequence([torch.ones(3, 2), torch.ones(2, 2)])
    assert as_arguments(NET, packed) == ((packed,), {})


@pytest.mark.parametrize(
    ("input", "error", "words"),
    [
        pytest.param((1, 3, 32.0, 32), TypeError, "ints only, but (1, 3, 32.0, 32) has 32.0", id="a float"),
        pytest.param((1, True), TypeError, "ints only, but (1, True) has True", id="a bool"),
        pytest.param((1, -3), ValueError, "no negative size, but (1, -3) has -3", id="a negative size"),
        pytest.param([X, (1, -3)], ValueError, "no negative size, but (1, -3) has -3", id="one of several"),
        pytest.param("1x3x32x32", TypeError, "it is of type str", id="a text"),
        pytest.param(32, TypeError, "it is of type int", id="a number"),
        pytest.param(None, TypeError, "it is of type NoneType", id="nothing"),
        pytest.param(np.ones((1, 3, 8, 8)), TypeError, "it is of type ndarray", id="an array"),
        pytest.param({1: X}, TypeError, "must have the names of forward's arguments, but has 1", id="no name"),
    ],
)
def test_refused(input: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        as_arguments(NET, input)
    assert words in str(caught.value)
