"""Convolution by its definition, written as loops: slow, and easy to check by eye."""

from __future__ import annotations

import itertools

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.arithmetic.taps import taps
from convlab.ops.arguments import SUM_DTYPE


def conv(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    """Cross-correlation of a batch, position by position and tap by tap.

        output[n, o, i] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, i * stride - before + k * dilation]

    float16, bfloat16 and complex32 are summed in the next wider type.

    Args:
        input: The batch; every position is read through `taps`, which knows the padding.
        weight: Laid out as in torch.
        bias: One number per output channel, or None.
        spec: The call's hyperparameters, already checked against the tensors.

    Shape:
        - input: (N, C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *output_size)

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html, the first equation.

    Example:
        >>> spec = ConvSpec(1, 1, (2,), bias=False)
        >>> conv(torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[10.0, 1.0]]]), None, spec)
        tensor([[[12., 24.]]])
    """
    wide = SUM_DTYPE.get(input.dtype, input.dtype)
    x, w = by_position(input.to(wide)), by_position(weight.to(wide))
    out_size = output_size(spec, input.shape[2:])
    nothing = zero(x, w).expand(len(input), spec.out_channels)
    columns = []
    for position in itertools.product(*map(range, out_size)):
        total = nothing if bias is None else nothing + bias.to(wide)
        for tap in taps(spec, position, input.shape[2:]):
            if tap.source is not None:  # None is a zero of the padding
                total = total + channel_product(x[tap.source], w[tap.kernel_index], spec.groups)
        columns.append(total)
    return torch.stack(columns, dim=-1).reshape(len(input), spec.out_channels, *out_size).to(input.dtype)


def by_position(tensor: torch.Tensor) -> torch.Tensor:
    """A view that is indexed by position: the two channel or batch axes go last.

    Shape:
        - tensor: (A, B, *spatial)
        - Output: (*spatial, A, B)

    Example:
        >>> by_position(torch.zeros(2, 3, 5, 7))[4, 6].shape
        torch.Size([2, 3])
    """
    return tensor.movedim((0, 1), (-2, -1))


def zero(*tensors: torch.Tensor) -> torch.Tensor:
    """A zero that depends on these tensors: where an output reads padding alone, they still have a gradient, of zeros.

    Example:
        >>> zero(torch.ones(3, requires_grad=True), torch.ones(2, 2))
        tensor(0., grad_fn=<SumBackward0>)
    """
    return torch.cat([tensor[:0].flatten() for tensor in tensors]).sum(dtype=tensors[0].dtype)


def channel_product(pixel: torch.Tensor, tap_weight: torch.Tensor, groups: int) -> torch.Tensor:
    """One tap's share of one output position: each group's input channels times that group's weights, summed.

    Shape:
        - pixel: (N, C_in)
        - tap_weight: (C_out, C_in/groups)
        - Output: (N, C_out)

    Example:
        >>> channel_product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]]), groups=2)
        tensor([[3., 8.]])
    """
    channels = torch.unflatten(pixel, 1, (groups, 1, -1))  # (N, groups, 1, C_in/groups)
    rows = torch.unflatten(tap_weight, 0, (groups, -1))  # (groups, C_out/groups, C_in/groups)
    return (channels * rows).sum(dim=-1, dtype=pixel.dtype).flatten(1)
