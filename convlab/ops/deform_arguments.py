"""The checks that a deformable convolution makes on offset and mask, and the sentences in which they fail."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.ops.arguments import check_fit, checked_spec


def checked_deform_spec(
    input: torch.Tensor,
    offset: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    mask: torch.Tensor | None,
    *,
    groups: SupportsIndex,
    **options: Any,
) -> ConvSpec:
    """The `ConvSpec` of a deformable convolution with these tensors, after every check.

    Args:
        input: (N, C_in, *spatial) or (C_in, *spatial).
        offset: (N, ndim * offset_groups * prod(kernel_size), *out), without N where input has none.
        weight: (C_out, C_in/groups, *kernel_size).
        bias: (C_out,) or None.
        mask: (N, offset_groups * prod(kernel_size), *out), without N where input has none, or None.
        groups: Number of independent convolutions side by side.
        **options: stride, padding, dilation.

    Raises:
        TypeError: If an argument is no tensor, or the dtypes differ, or are no floating-point numbers.
        ValueError: If shapes, devices or values do not fit.

    Example:
        >>> checked_deform_spec(torch.zeros(1, 2, 8), torch.zeros(1, 5, 6), torch.zeros(4, 2, 3), None, None, groups=1)
        Traceback (most recent call last):
        ValueError: offset must have ndim * offset_groups * prod(kernel_size) channels, and offset_groups must ...
    """
    _check_are_tensors(offset, mask)
    spec = checked_spec(input, weight, bias, groups=groups, **options)
    if not input.is_floating_point():
        raise TypeError(
            f"input must have a floating-point dtype, so that it can be interpolated, but input is {input.dtype}"
        )
    check_fit(input, offset=offset, mask=mask)
    _check_shape(input, offset, spec)
    if mask is not None:
        _check_mask(offset, mask, spec)
    return spec


def offset_groups_of(offset: torch.Tensor, spec: ConvSpec) -> int:
    """The number of offset groups that the channels of an offset (N, C, *out) stand for.

    Example:
        >>> offset_groups_of(torch.zeros(1, 36, 6, 6), ConvSpec(4, 4, (3, 3)))
        2
    """
    return offset.shape[1] // (spec.ndim * math.prod(spec.kernel_size))


def _check_are_tensors(offset: object, mask: object) -> None:
    for name, value in (("offset", offset), ("mask", mask)):
        if not (isinstance(value, torch.Tensor) or (name == "mask" and value is None)):
            found = f"{type(value).__module__}.{type(value).__qualname__}"
            raise TypeError(f"{name} must be a torch.Tensor, but {name} is a {found}")


def _check_shape(input: torch.Tensor, offset: torch.Tensor, spec: ConvSpec) -> None:
    ndim, found = spec.ndim, f"but offset has shape {tuple(offset.shape)}"
    if offset.ndim != input.ndim:
        layout = "(N, channels, *out)" if input.ndim == ndim + 2 else "(channels, *out)"
        raise ValueError(
            f"offset must have {input.ndim} axes, {layout}, as input has, "
            f"{found} and input has shape {tuple(input.shape)}"
        )
    if offset.shape[: -ndim - 1] != input.shape[: -ndim - 1]:
        raise ValueError(f"offset must have the batch size of input, {input.shape[0]}, {found}")
    taps, channels = math.prod(spec.kernel_size), offset.shape[-ndim - 1]
    divisors = [n for n in range(1, spec.in_channels + 1) if spec.in_channels % n == 0]
    if channels not in (ndim * taps * n for n in divisors):
        product = " * ".join(map(str, (ndim, "offset_groups", *spec.kernel_size)))
        possible = " or ".join(str(ndim * taps * n) for n in divisors)
        both = channels in ((ndim + 1) * taps * n for n in divisors)
        hint = f" (has it the {ndim} offsets and the mask of each tap in one tensor?)" if both else ""
        raise ValueError(
            "offset must have ndim * offset_groups * prod(kernel_size) channels, and offset_groups must divide C_in: "
            f"{product} with C_in={spec.in_channels} makes {possible}, "
            f"but offset has {channels} on axis {offset.ndim - ndim - 1} of its shape {tuple(offset.shape)}{hint}"
        )
    sizes = tuple(input.shape[-ndim:])
    out_size = output_size(spec, sizes)
    if tuple(offset.shape[-ndim:]) != out_size:
        raise ValueError(
            f"offset must have the spatial size of the output, {out_size}, which follows from input_size={sizes}, "
            f"kernel_size={spec.kernel_size}, stride={spec.stride}, padding={spec.padding!r} and "
            f"dilation={spec.dilation}, {found}"
        )


def _check_mask(offset: torch.Tensor, mask: torch.Tensor, spec: ConvSpec) -> None:
    axis = offset.ndim - spec.ndim - 1
    wanted = (*offset.shape[:axis], offset.shape[axis] // spec.ndim, *offset.shape[axis + 1 :])
    if tuple(mask.shape) != wanted:
        layout = "(N, offset_groups * prod(kernel_size), *out)" if axis else "(offset_groups * prod(kernel_size), *out)"
        raise ValueError(
            f"mask must have shape {layout} = {wanted}, one number for each tap that offset moves, "
            f"but mask has shape {tuple(mask.shape)} and offset has shape {tuple(offset.shape)}"
        )
