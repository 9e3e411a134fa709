"""A call that is not made twice gives what it would have given."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from convlab.inspection.shapes import ShapesOnly, alone


def empty(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


CALLS: list[Any] = [
    pytest.param(F.conv2d, (empty(1, 3, 8, 8), empty(4, 3, 3, 3), None, 2), {}, id="a convolution"),
    pytest.param(
        F.conv2d,
        (empty(1, 3, 8, 8).to(memory_format=torch.channels_last), empty(4, 3, 3, 3)),
        {},
        id="another memory format",
    ),
    pytest.param(torch.add, (empty(2, 3), empty(3)), {}, id="broadcasting"),
    pytest.param(torch.add, (empty(2, 3, dtype=torch.int64), 1), {}, id="an int with an int"),
    pytest.param(torch.add, (empty(2, 3, dtype=torch.int64), 1.0), {}, id="an int with a float of the same value"),
    pytest.param(torch.add, (empty(2, 3, dtype=torch.int64), True), {}, id="an int with a bool of the same value"),
    pytest.param(torch.cat, ([empty(2, 3), empty(2, 3)],), {"dim": 1}, id="a list of tensors"),
    pytest.param(F.max_pool2d, (empty(1, 8, 8), 2), {"ceil_mode": True}, id="options"),
    pytest.param(F.relu, (empty(2, 3).T,), {}, id="transposed"),
    pytest.param(F.interpolate, (empty(1, 1, 4),), {"scale_factor": [1.5]}, id="a list of numbers"),
]


@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS)
def test_the_second_call_gives_what_the_first_gave(function: Any, args: Any, kwargs: Any) -> None:
    call = ShapesOnly()
    for other in CALLS:  # none of them may be taken for another
        call(*other.values)
    expected = function(*args, **kwargs)
    for result in (call(function, args, kwargs), call(function, args, kwargs)):
        assert (result.shape, result.stride(), result.dtype) == (expected.shape, expected.stride(), expected.dtype)
        assert result.is_meta


def test_each_result_is_a_tensor_of_its_own() -> None:
    call, x = ShapesOnly(), empty(2, 3)
    assert call(torch.add, (x, 1), {}) is not call(torch.add, (x, 1), {})


@pytest.mark.parametrize(
    ("function", "kwargs"),
    [
        pytest.param(F.relu, {"inplace": True}, id="in place"),
        pytest.param(F.dropout, {"training": False}, id="nothing to do"),
    ],
)
def test_a_tensor_that_is_handed_on_stays_itself(function: Any, kwargs: Any) -> None:
    call, x = ShapesOnly(), empty(2, 3)
    expected = function(x, **kwargs) is x
    assert [call(function, (x,), kwargs) is x for _ in range(2)] == [expected] * 2


def test_an_error_is_raised_each_time() -> None:
    call = ShapesOnly()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"1, ?5|1x5"):
            call(F.linear, (empty(1, 5), empty(3, 4)), {})


def test_what_is_made_from_nothing_has_no_memory() -> None:
    assert ShapesOnly()(torch.zeros, (3,), {}).is_meta


def test_another_mode_is_noticed() -> None:
    assert alone()
    with torch.device("meta"):
        assert not alone()
