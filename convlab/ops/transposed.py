"""Transposed convolution, 1D to 3D: every input element scatters its weighted kernel into the output."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.arithmetic.taps import taps
from convlab.ops.arguments import CONV_TRANSPOSE, SUM_DTYPE, autocast, checked_spec, method_for, run
from convlab.ops.reference import by_position, channel_product, zero


def conv_transpose(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple = 0,
    output_padding: IntOrTuple = 0,
    groups: SupportsIndex = 1,
    dilation: IntOrTuple = 1,
    method: str = "auto",
) -> torch.Tensor:
    """Transposed convolution in 1, 2 or 3 spatial axes: torch's `conv_transpose1d`, `2d` and `3d` in one.

    The number of spatial axes is `weight.ndim - 2`. It is the gradient of a convolution, not its inverse.

    Args:
        input: A batch or a single example.
        weight: The kernels; note that C_in comes first.
        bias: One number per output channel, or None.
        stride: Output elements between the places where neighbouring input elements land.
        padding: Elements cropped from both sides of the output.
        output_padding: Elements added at the end of each output axis; smaller than stride or dilation.
        groups: Number of independent convolutions side by side.
        dilation: Output elements between neighbouring taps.
        method: "reference" scatters in loops, by the definition; "torch" calls torch; "auto" is "torch".

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - weight: (C_in, C_out/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *out) or (C_out, *out), with `conv_transpose_output_size`

    Returns:
        A tensor with the dtype and device of `input`; inside `torch.autocast`, with autocast's dtype.

    Raises:
        TypeError: If an argument has the wrong type, or a dtype does not fit.
        ValueError: If a shape or value does not fit, or `method` is not available.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    Example:
        >>> x, w = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 1.0, 1.0]]])
        >>> conv_transpose(x, w, stride=2, method="reference")
        tensor([[[1., 1., 3., 2., 2.]]])
        >>> conv_transpose(torch.zeros(1, 8, 5, 5), torch.zeros(8, 4, 3, 3), stride=2).shape
        torch.Size([1, 4, 11, 11])
    """
    chosen = method_for(method, _METHODS)
    input, weight, bias = autocast(input, weight, bias)
    spec = checked_spec(
        input,
        weight,
        bias,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        groups=groups,
        dilation=dilation,
        transposed=True,
    )
    return run(_METHODS[chosen], input, weight, bias, spec)


def scatter(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Transposed convolution of a batch by its definition.

    Each input element adds its weighted kernel to the output, tap by tap:

        output[n, o, i * stride - padding + k * dilation] += input[n, c, i] * weight[c, o, k], for every c, i and k

    The places are those from which the convolution with the same hyperparameters would read.

    Args:
        input: The batch.
        weight: Laid out as in torch.
        bias: One number per output channel, or None.
        spec: The call's hyperparameters, already checked against the tensors.

    Shape:
        - input: (N, C_in, *spatial)
        - weight: (C_in, C_out/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *output_size)

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.

    Example:
        >>> spec = ConvSpec(1, 1, (2,), stride=2, bias=False, transposed=True)
        >>> scatter(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[10.,  1., 20.,  2.]]])
    """
    wide = SUM_DTYPE.get(input.dtype, input.dtype)
    x, w = by_position(input.to(wide)), by_position(_output_channels_first(weight.to(wide), spec.groups))
    out_size = output_size(spec, input.shape[2:])
    nothing = zero(x, w).expand(len(input), spec.out_channels)
    start = nothing if bias is None else nothing + bias.to(wide)
    output = dict.fromkeys(itertools.product(*map(range, out_size)), start)
    reader = replace(
        spec,
        in_channels=spec.out_channels,
        out_channels=spec.in_channels,
        transposed=False,
        output_padding=(0,) * spec.ndim,
    )
    for position in itertools.product(*map(range, input.shape[2:])):
        for tap in taps(reader, position, out_size):
            if tap.source is not None:  # None was cropped by the padding
                output[tap.source] = output[tap.source] + channel_product(x[position], w[tap.kernel_index], spec.groups)
    return torch.stack(list(output.values()), dim=-1).reshape(len(input), spec.out_channels, *out_size).to(input.dtype)


def _output_channels_first(weight: torch.Tensor, groups: int) -> torch.Tensor:
    """(C_in, C_out/groups, *kernel_size) to the layout of a convolution, (C_out, C_in/groups, *kernel_size)."""
    return torch.unflatten(weight, 0, (groups, -1)).transpose(1, 2).flatten(0, 1)


def _torch(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    options = (spec.stride, spec.padding, spec.output_padding, spec.groups, spec.dilation)
    return CONV_TRANSPOSE[spec.ndim](input, weight, bias, *options)


_METHODS = {"reference": scatter, "torch": _torch}
