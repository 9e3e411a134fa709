"""The tensors behind a picture of a deformable convolution: checked, and computed with `ops`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.ops.deform import deform_conv
from convlab.scenes.checks import bias_for, readable_input, refuse_transposed
from convlab.scenes.lattice import mask_for, offset_for
from convlab.scenes.numbers import weight_for


@dataclass(frozen=True)
class Tensors:
    """The tensors of a deformable convolution of one channel, in float64.

    Attributes:
        spec: The convolution.
        input: Of shape (1, *spatial).
        offset: Of shape (ndim * prod(kernel_size), *out).
        weight: Of shape (1, 1, *kernel_size).
        bias: Of shape (1,), or None.
        mask: Of shape (prod(kernel_size), *out), or None.

    Example:
        >>> from convlab.arithmetic.spec import ConvSpec
        >>> given = checked("deform", ConvSpec(1, 1, (3,)), 5)
        >>> given.offset.shape, given.mask
        (torch.Size([3, 3]), None)
    """

    spec: ConvSpec
    input: torch.Tensor
    offset: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None
    mask: torch.Tensor | None

    @property
    def size(self) -> tuple[int, ...]:
        """Elements of the input on each spatial axis."""
        return tuple(self.input.shape[1:])

    def results(self, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The outputs with each of these offsets, and what each tap reads, before mask and weight.

        Args:
            offset: Offsets for the same input.

        Shape:
            - offset: (N, ndim * prod(kernel_size), *out)

        Returns:
            The outputs, of shape (N, *out), and what is read, of shape (N, prod(kernel_size), *out).

        Example:
            >>> given = checked("deform", ConvSpec(1, 1, (2,)), torch.tensor([[1.0, 3.0]]), torch.zeros(2, 1))
            >>> given.results(torch.tensor([[[0.5], [0.0]]]).double())[1]
            tensor([[[2.],
                     [3.]]], dtype=torch.float64)
        """
        images, taps = self.input.expand(len(offset), *self.input.shape), math.prod(self.spec.kernel_size)
        mask = None if self.mask is None else self.mask.expand(len(offset), *self.mask.shape)
        each_tap = torch.eye(taps, dtype=torch.float64, device="cpu").reshape(taps, 1, *self.spec.kernel_size)
        stride, padding, dilation = self.spec.stride, self.spec.padding, self.spec.dilation
        output = deform_conv(
            images, offset, self.weight, self.bias, mask=mask, stride=stride, padding=padding, dilation=dilation
        )
        return output[:, 0], deform_conv(images, offset, each_tap, stride=stride, padding=padding, dilation=dilation)


def checked(
    name: str,
    spec: ConvSpec,
    input: torch.Tensor | IntOrTuple,
    offset: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    mask: torch.Tensor | None = None,
) -> Tensors:
    """The tensors of a picture of a deformable convolution; what is None or a size is made.

    Args:
        name: The picture, for the error.
        spec: The convolution.
        input: The input, or its size.
        offset: The offset, or None.
        weight: The weight, or None.
        bias: The bias, or None.
        mask: The mask, or None.

    Shape:
        - input: (1, *spatial)
        - offset: (ndim * prod(kernel_size), *out)
        - weight: (1, 1, *kernel_size)
        - bias: (1,)
        - mask: (prod(kernel_size), *out)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, there are several channels or three spatial axes, or the picture would be
            too large to read.

    Example:
        >>> checked("deform", ConvSpec(2, 1, (3,)), 5)
        Traceback (most recent call last):
        ValueError: deform shows one channel, C_in = 1 and C_out = 1, but here are C_in = 2 and C_out = 1
    """
    refuse_transposed(name, spec)
    if (spec.in_channels, spec.out_channels) != (1, 1):
        raise ValueError(
            f"{name} shows one channel, C_in = 1 and C_out = 1, but here are C_in = {spec.in_channels} and "
            f"C_out = {spec.out_channels}"
        )
    if spec.ndim > 2:
        raise ValueError(
            f"{name} shows 1 or 2 spatial axes, but kernel_size={spec.kernel_size} has {spec.ndim}; "
            "figures.offset_slices shows the points in a volume"
        )
    if spec.padding_mode != "zeros":
        raise ValueError(f"{name} needs padding_mode='zeros', but padding_mode={spec.padding_mode!r}")
    values, kernel, added = readable_input(name, spec, input), weight_for(spec, weight), bias_for(spec, bias)
    offsets = offset_for(spec, offset, tuple(values.shape[1:]))
    channels = spec.ndim * math.prod(spec.kernel_size)
    if len(offsets) != channels:
        raise ValueError(
            f"{name} shows one offset group, {channels} channels, but offset has shape {tuple(offsets.shape)}"
        )
    return Tensors(spec, values, offsets, kernel, added, None if mask is None else mask_for(spec, mask, offsets))
