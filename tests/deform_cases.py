"""What the tests of `convlab.deform_conv` share: a table of calls, their tensors, and the loops as the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import torch
from conv_cases import numbers
from torch import Tensor

import convlab
from convlab.arithmetic import ConvSpec
from convlab.arithmetic.sizes import output_size
from convlab.ops import deform_reference


class DeformCase(NamedTuple):
    """A deformable convolution: the shapes of its tensors, its options, and how far its offsets reach."""

    input: tuple[int, ...]
    weight: tuple[int, ...]
    options: Mapping[str, Any] = {}
    offset_groups: int = 1
    modulated: bool = True
    bias: bool = True
    reach: float = 1.5

    @property
    def spec(self) -> ConvSpec:
        """The convolution."""
        groups = self.options.get("groups", 1)
        channels = self.weight[1] * groups, self.weight[0]
        return ConvSpec(*channels, self.weight[2:], bias=self.bias, **self.options)

    def tensors(self, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
        """The arguments by name; no offset lies near an integer, where the derivative jumps."""
        spec = self.spec
        out, taps = output_size(spec, self.input[2:]), math.prod(spec.kernel_size)
        offset = numbers(self.input[0], spec.ndim * self.offset_groups * taps, *out, seed=3) * self.reach
        offset = offset.floor() + 0.1 + 0.8 * (offset - offset.floor())
        factors = (self.input[0], self.offset_groups * taps, *out)
        made = {
            "input": numbers(*self.input, seed=0),
            "offset": offset,
            "weight": numbers(*self.weight, seed=1),
            "bias": numbers(self.weight[0], seed=2) if self.bias else None,
            "mask": numbers(*factors, seed=4) if self.modulated else None,
        }
        return {name: None if tensor is None else tensor.to(dtype) for name, tensor in made.items()}

    def run(self, **tensors: Any) -> Tensor:
        """What `deform_conv` computes from this call's own tensors, or from these in their place."""
        return convlab.deform_conv(**{**self.tensors(), **tensors}, **self.options)

    def answer(self) -> Tensor:
        """What the loops compute."""
        return deform_reference.deform_conv(spec=self.spec, **self.tensors())


CASES = {
    "1D": DeformCase((1, 2, 7), (3, 2, 3), modulated=False),
    "1D, modulated, all options": DeformCase(
        (2, 4, 9), (4, 2, 3), {"stride": 2, "padding": 3, "dilation": 2, "groups": 2}, offset_groups=4
    ),
    "2D": DeformCase((1, 2, 5, 4), (3, 2, 3, 2), modulated=False, bias=False),
    "2D, modulated": DeformCase((1, 2, 5, 4), (3, 2, 3, 2), {"padding": 1}),
    "stride and padding by axis": DeformCase((1, 1, 6, 7), (2, 1, 3, 2), {"stride": (1, 2), "padding": (2, 0)}),
    "dilation by axis": DeformCase((1, 1, 6, 7), (2, 1, 3, 2), {"dilation": (1, 3)}),
    "groups": DeformCase((1, 4, 4, 4), (6, 2, 2, 2), {"groups": 2}),
    "depthwise": DeformCase((1, 3, 4, 4), (6, 1, 2, 2), {"groups": 3}, modulated=False),
    "offset groups": DeformCase((1, 4, 4, 4), (2, 4, 2, 2), offset_groups=2),
    "more offset groups than groups": DeformCase((1, 4, 4, 4), (2, 2, 2, 2), {"groups": 2}, offset_groups=4),
    "more groups than offset groups": DeformCase((1, 4, 4, 4), (4, 1, 2, 2), {"groups": 4}, offset_groups=2),
    "batch": DeformCase((3, 2, 4, 4), (2, 2, 2, 2), offset_groups=2),
    "one by one kernel": DeformCase((1, 2, 4, 4), (2, 2, 1, 1)),
    "around the border": DeformCase((1, 1, 3, 3), (1, 1, 2, 2), {"padding": 1}, reach=3.0),
    "mostly outside": DeformCase((1, 1, 3, 3), (1, 1, 2, 2), reach=9.0),
    "same padding, even kernel": DeformCase((1, 1, 4, 5), (1, 1, 2, 4), {"padding": "same"}),
    "3D": DeformCase((1, 1, 3, 4, 3), (2, 1, 2, 3, 2), modulated=False),
    "3D, modulated, all options": DeformCase(
        (2, 4, 4, 5, 3),
        (2, 2, 2, 2, 2),
        {"stride": (2, 1, 1), "padding": (1, 0, 1), "dilation": (1, 2, 1), "groups": 2},
        offset_groups=2,
    ),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
