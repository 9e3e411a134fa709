"""The input of a convolution by Fourier transform cut into blocks, phases and spread kernels, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from convlab.ops.fft_plan import Plan


def blocks(input: torch.Tensor, plan: Plan) -> torch.Tensor:
    """The input cut into overlapping blocks, with zeros at the end where the last block needs them.

    Args:
        input: The padded batch.
        plan: Its `spans` less one is the overlap.

    Shape:
        - input: (N, C_in, *padded)
        - Output: (N, C_in, *counts, *lengths)

    Example:
        >>> blocks(torch.arange(1, 8).reshape(1, 1, 7), Plan((3,), (5,), (2,), 1, 1))
        tensor([[[[1, 2, 3, 4, 5],
                  [4, 5, 6, 7, 0]]]])
    """
    axes = list(zip(plan.counts, plan.steps, plan.lengths, strict=True))
    wanted = [(count - 1) * step + length for count, step, length in axes]
    input = resized(input, wanted)
    for axis, (_, step, length) in enumerate(axes, start=2):
        input = input.unfold(axis, length, step)
    return input


def joined(pieces: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """Blocks that do not overlap, side by side again, without what is beyond the end.

    Args:
        pieces: The blocks.
        sizes: Elements along each axis.

    Shape:
        - pieces: (N, C, *counts, *steps)
        - Output: (N, C, *sizes)

    Example:
        >>> joined(torch.tensor([[[[1, 2, 3], [4, 5, 0]]]]), (5,))
        tensor([[[1, 2, 3, 4, 5]]])
    """
    ndim = len(sizes)
    order = [first + axis for axis in range(ndim) for first in (2, 2 + ndim)]
    wholes = [count * step for count, step in zip(pieces.shape[2 : 2 + ndim], pieces.shape[2 + ndim :], strict=True)]
    return pieces.permute(0, 1, *order).reshape(*pieces.shape[:2], *wholes)[:, :, *map(slice, sizes)]


def spread(weight: torch.Tensor, dilation: Sequence[int]) -> torch.Tensor:
    """The weight with zeros between its taps; the weight itself where there is no dilation.

    Shape:
        - weight: (C_out, C_in/groups, *kernel_size)
        - Output: (C_out, C_in/groups, *spans)

    Example:
        >>> spread(torch.tensor([[[1, 2, 3]]]), (2,))
        tensor([[[1, 0, 2, 0, 3]]])
    """
    if set(dilation) == {1}:
        return weight
    spans = [gap * (taps - 1) + 1 for taps, gap in zip(weight.shape[2:], dilation, strict=True)]
    wide = weight.new_zeros(*weight.shape[:2], *spans)
    wide[:, :, *(slice(None, None, gap) for gap in dilation)] = weight
    return wide


def phases(tensor: torch.Tensor, sizes: Sequence[int], stride: Sequence[int]) -> torch.Tensor:
    """Every phase of a stride as a channel: the elements 0, s, 2 s ... of an axis, then 1, s + 1, 2 s + 1 ...

    The convolution of these with stride 1 is the convolution with the stride.

    Args:
        tensor: Input or weight, which is filled with zeros, or cut, at the end of its axes.
        sizes: Elements of each phase, one int per spatial axis.
        stride: Number of phases, one int per spatial axis.

    Shape:
        - tensor: (N, C, *any)
        - Output: (N, C * prod(stride), *sizes)

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html

    Example:
        >>> phases(torch.arange(7).reshape(1, 1, 7), (3,), (2,))
        tensor([[[0, 2, 4],
                 [1, 3, 5]]])
    """
    ndim = len(stride)
    tensor = resized(tensor, [size * step for size, step in zip(sizes, stride, strict=True)])
    for axis in reversed(range(ndim)):
        tensor = tensor.unflatten(2 + axis, (sizes[axis], stride[axis]))
    order = [first + 2 * axis for first in (3, 2) for axis in range(ndim)]
    return tensor.permute(0, 1, *order).flatten(1, 1 + ndim)


def resized(tensor: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """The tensor with these sizes: zeros are put behind its end, or its end is cut off, along each spatial axis.

    Shape:
        - tensor: (N, C, *any)
        - Output: (N, C, *sizes)

    Example:
        >>> resized(torch.ones(1, 1, 3, 1), (2, 3))
        tensor([[[[1., 0., 0.],
                  [1., 0., 0.]]]])
    """
    behind = [wanted - size for wanted, size in zip(sizes, tensor.shape[2:], strict=True)]
    return F.pad(tensor, [amount for last in reversed(behind) for amount in (0, last)]) if any(behind) else tensor
