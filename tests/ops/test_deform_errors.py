"""The sentences in which `deform_conv` refuses a call, before any work."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conv_cases import refusal

import convlab

INPUT, WEIGHT, OFFSET = torch.zeros(2, 4, 7, 7), torch.zeros(6, 4, 3, 3), torch.zeros(2, 18, 5, 5)

ERRORS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "offset is no tensor": (
        {"offset": [0.0]},
        TypeError,
        "offset must be a torch.Tensor, but offset is a builtins.list",
    ),
    "mask is no tensor": ({"mask": 1.0}, TypeError, "mask must be a torch.Tensor, but mask is a builtins.float"),
    "offset without a batch": (
        {"offset": OFFSET[0]},
        ValueError,
        "offset must have 4 axes, (N, channels, *out), as input has, "
        "but offset has shape (18, 5, 5) and input has shape (2, 4, 7, 7)",
    ),
    "input without a batch": (
        {"input": INPUT[0]},
        ValueError,
        "offset must have 3 axes, (channels, *out), as input has, "
        "but offset has shape (2, 18, 5, 5) and input has shape (4, 7, 7)",
    ),
    "another batch size": (
        {"offset": OFFSET[:1]},
        ValueError,
        "offset must have the batch size of input, 2, but offset has shape (1, 18, 5, 5)",
    ),
    "a channel too few": (
        {"offset": OFFSET[:, 1:]},
        ValueError,
        "offset must have ndim * offset_groups * prod(kernel_size) channels, and offset_groups must divide C_in: "
        "2 * offset_groups * 3 * 3 with C_in=4 makes 18 or 36 or 72, "
        "but offset has 17 on axis 1 of its shape (2, 17, 5, 5)",
    ),
    "offset groups that do not divide": (
        {"offset": torch.zeros(2, 90, 5, 5)},
        ValueError,
        "offset must have ndim * offset_groups * prod(kernel_size) channels, and offset_groups must divide C_in: "
        "2 * offset_groups * 3 * 3 with C_in=4 makes 18 or 36 or 72, but offset has 90 on axis 1 of its shape "
        "(2, 90, 5, 5)",
    ),
    "offset and mask in one tensor": (
        {"offset": torch.zeros(2, 27, 5, 5)},
        ValueError,
        "offset must have ndim * offset_groups * prod(kernel_size) channels, and offset_groups must divide C_in: "
        "2 * offset_groups * 3 * 3 with C_in=4 makes 18 or 36 or 72, but offset has 27 on axis 1 of its shape "
        "(2, 27, 5, 5) (has it the 2 offsets and the mask of each tap in one tensor?)",
    ),
    "the size of the input": (
        {"offset": torch.zeros(2, 18, 7, 7)},
        ValueError,
        "offset must have the spatial size of the output, (5, 5), which follows from input_size=(7, 7), "
        "kernel_size=(3, 3), stride=(1, 1), padding=(0, 0) and dilation=(1, 1), but offset has shape (2, 18, 7, 7)",
    ),
    "mask with an axis per tap": (
        {"mask": torch.zeros(2, 18, 5, 5)},
        ValueError,
        "mask must have shape (N, offset_groups * prod(kernel_size), *out) = (2, 9, 5, 5), one number for each tap "
        "that offset moves, but mask has shape (2, 18, 5, 5) and offset has shape (2, 18, 5, 5)",
    ),
    "another dtype": (
        {"offset": OFFSET.double()},
        TypeError,
        "offset must have the dtype of input, but offset is torch.float64 and input is torch.float32",
    ),
    "mask of another dtype": (
        {"mask": torch.zeros(2, 9, 5, 5, dtype=torch.bool)},
        TypeError,
        "mask must have the dtype of input, but mask is torch.bool and input is torch.float32",
    ),
    "weight of another dtype": (
        {"weight": WEIGHT.bfloat16()},
        TypeError,
        "weight must have the dtype of input, but weight is torch.bfloat16 and input is torch.float32",
    ),
    "complex numbers": (
        {
            "input": INPUT.to(torch.complex64),
            "weight": WEIGHT.to(torch.complex64),
            "offset": OFFSET.to(torch.complex64),
        },
        TypeError,
        "input must have a floating-point dtype, so that it can be interpolated, but input is torch.complex64",
    ),
    "another device": (
        {"offset": OFFSET.to("meta")},
        ValueError,
        "offset must be on the device of input, but offset is on meta and input is on cpu",
    ),
    "a sparse offset": (
        {"offset": OFFSET.to_sparse()},
        TypeError,
        "offset must be a dense tensor, but offset has layout torch.sparse_coo",
    ),
    "groups that do not divide": (
        {"groups": 3},
        ValueError,
        "groups must divide in_channels, but in_channels=4 and groups=3",
    ),
    "a weight without taps": (
        {"weight": torch.zeros(6, 4)},
        ValueError,
        "weight must have 3, 4 or 5 axes, (C_out, C_in/groups, *kernel_size), but weight has shape (6, 4)",
    ),
    "a bias of another length": (
        {"bias": torch.zeros(4)},
        ValueError,
        "bias must have shape (C_out,) = (6,), but bias has shape (4,)",
    ),
    "a kernel that does not fit": (
        {"dilation": 4},
        ValueError,
        "the kernel must fit into the padded input, but on spatial axis 0 input_size=7 with padding of 0 before and 0 "
        "after makes 7 and kernel_size=3 with dilation=4 spans 9",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_refusals(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, kind, sentence = ERRORS[name]
    monkeypatch.setattr("convlab.ops.deform.run", lambda *_: pytest.fail("the error does not come before the work"))
    error = refusal(convlab.deform_conv, **{"input": INPUT, "weight": WEIGHT, "offset": OFFSET, **changed})
    assert type(error) is kind
    assert str(error) == sentence


def test_the_call_that_all_others_change_is_taken() -> None:
    assert convlab.deform_conv(INPUT, OFFSET, WEIGHT).shape == (2, 6, 5, 5)
