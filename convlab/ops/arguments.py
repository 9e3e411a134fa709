"""The checks that every convolution makes on its tensors before any work, and the sentences in which they fail."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

import torch
import torch.nn.functional as F

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, as_int

Algorithm = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None, ConvSpec], torch.Tensor]
"""A batch, weight, bias and the checked hyperparameters in; the output of the batch out."""

CONV: dict[int, Callable[..., torch.Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE: dict[int, Callable[..., torch.Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}
"""Torch's own functions, by the number of spatial axes."""

SUM_DTYPE = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.complex32: torch.complex64}
"""The type in which the loops sum a narrow one."""

SPATIAL_LETTERS = {1: "L", 2: "H, W", 3: "D, H, W"}


def checked_spec(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    *,
    groups: SupportsIndex,
    transposed: bool = False,
    **options: Any,
) -> ConvSpec:
    """The `ConvSpec` of a call with these tensors, after every check that torch makes, each with a sentence of its own.

    Args:
        input: (N, C_in, *spatial) or (C_in, *spatial).
        weight: (C_out, C_in/groups, *kernel_size); transposed: (C_in, C_out/groups, *kernel_size).
        bias: (C_out,) or None.
        groups: Number of independent convolutions side by side.
        transposed: Whether the call is a transposed convolution.
        **options: stride, padding, dilation, and what else `ConvSpec` takes.

    Raises:
        TypeError: If an argument is no tensor, or the dtypes differ, or torch does not convolve this dtype.
        ValueError: If shapes, devices or values do not fit.

    Example:
        >>> checked_spec(torch.zeros(1, 6, 8), torch.zeros(4, 2, 3), None, groups=4)
        Traceback (most recent call last):
        ValueError: groups must divide in_channels, but in_channels=6 and groups=4
    """
    _check_are_tensors(input=input, weight=weight, bias=bias)
    ndim, in_channels = _check_axes(input, weight, transposed)
    groups = as_int("groups", groups, minimum=1)
    out_channels = weight.shape[1] * groups if transposed else weight.shape[0]
    spec = ConvSpec(
        in_channels,
        out_channels,
        weight.shape[2:],
        groups=groups,
        bias=bias is not None,
        transposed=transposed,
        **options,
    )
    if tuple(weight.shape) != spec.weight_shape:
        wanted = (
            f"weight.shape[0] = {weight.shape[0]}"
            if transposed
            else f"weight.shape[1] * groups = {weight.shape[1] * groups}"
        )
        raise ValueError(
            f"input must have C_in = {wanted} channels, but input has {in_channels} on axis {input.ndim - ndim - 1} of "
            f"its shape {tuple(input.shape)}, weight has shape {tuple(weight.shape)} and groups={groups}"
        )
    if bias is not None and tuple(bias.shape) != (out_channels,):
        raise ValueError(f"bias must have shape (C_out,) = {(out_channels,)}, but bias has shape {tuple(bias.shape)}")
    if 0 in input.shape[-ndim:]:
        raise ValueError(f"input must not be empty along a spatial axis, but input has shape {tuple(input.shape)}")
    output_size(spec, input.shape[-ndim:])
    _check_dtype_and_device(input, weight, bias, spec)
    return spec


def method_for(method: str, available: Iterable[str]) -> str:
    """The name of the method to run; "auto" is "torch".

    Raises:
        ValueError: If `method` is not available; it lists those that are.

    Example:
        >>> method_for("fft", ["reference", "torch"])
        Traceback (most recent call last):
        ValueError: method must be one of 'auto', 'reference', 'torch', but method='fft'
    """
    names = ["auto", *available]
    if method not in names:
        raise ValueError(f"method must be one of {', '.join(map(repr, names))}, but method={method!r}")
    return "torch" if method == "auto" else method


def autocast(*tensors: Any) -> tuple[Any, ...]:
    """The tensors as torch's convolutions take them inside `torch.autocast`; float64 and what is no float stay.

    Example:
        >>> with torch.autocast("cpu"):
        ...     autocast(torch.zeros(1), None)
        (tensor([0.], dtype=torch.bfloat16), None)
    """
    return tuple(_autocast_one(tensor) for tensor in tensors)


def run(
    algorithm: Algorithm, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec
) -> torch.Tensor:
    """Run an algorithm that knows batches only, in the dtype of its arguments, on a batch or on a single example.

    Example:
        >>> def copy(input, weight, bias, spec):
        ...     return 2 * input
        >>> run(copy, torch.ones(3, 4), torch.ones(3, 3, 1), None, ConvSpec(3, 3, (1,))).shape
        torch.Size([3, 4])
    """
    batched = input.ndim == spec.ndim + 2
    with outside_autocast(input):
        output = algorithm(input if batched else input.unsqueeze(0), weight, bias, spec)
    return output if batched else output.squeeze(0)


def outside_autocast(tensor: torch.Tensor) -> contextlib.AbstractContextManager[object]:
    """A context in which what is computed on this tensor's device keeps its dtype.

    Example:
        >>> with torch.autocast("cpu"), outside_autocast(torch.zeros(1)):
        ...     (torch.zeros(1, 1) @ torch.zeros(1, 1)).dtype
        torch.float32
    """
    return torch.autocast(tensor.device.type, enabled=False) if autocast_is_on(tensor) else contextlib.nullcontext()


def autocast_is_on(tensor: torch.Tensor) -> bool:
    """Whether `torch.autocast` is on for the device of this tensor.

    Example:
        >>> with torch.autocast("cpu"):
        ...     autocast_is_on(torch.zeros(1))
        True
    """
    device = tensor.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _autocast_one(tensor: Any) -> Any:
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.dtype == torch.float64:
        return tensor
    return tensor.to(torch.get_autocast_dtype(tensor.device.type)) if autocast_is_on(tensor) else tensor


def _check_are_tensors(**arguments: object) -> None:
    for name, value in arguments.items():
        if not (isinstance(value, torch.Tensor) or (name == "bias" and value is None)):
            raise TypeError(
                f"{name} must be a torch.Tensor, but {name} is a {type(value).__module__}.{type(value).__qualname__}"
            )


def _check_axes(input: torch.Tensor, weight: torch.Tensor, transposed: bool) -> tuple[int, int]:
    """(number of spatial axes, in_channels)."""
    ndim = weight.ndim - 2
    if ndim not in CONV:
        layout = "(C_in, C_out/groups, *kernel_size)" if transposed else "(C_out, C_in/groups, *kernel_size)"
        raise ValueError(f"weight must have 3, 4 or 5 axes, {layout}, but weight has shape {tuple(weight.shape)}")
    if input.ndim not in (ndim + 1, ndim + 2):
        letters = SPATIAL_LETTERS[ndim]
        raise ValueError(
            f"input must have shape (N, C_in, {letters}) or (C_in, {letters}) for a weight with {weight.ndim} axes, "
            f"but input has shape {tuple(input.shape)} and weight has shape {tuple(weight.shape)}"
        )
    return ndim, input.shape[-ndim - 1]


def check_fit(input: torch.Tensor, /, **tensors: torch.Tensor | None) -> None:
    """That tensors are dense, and have the dtype and the device of the input; None is left out.

    Args:
        input: The input.
        **tensors: Those to check, by their names.

    Raises:
        TypeError: If one is not dense, or has another dtype.
        ValueError: If one is on another device.

    Example:
        >>> check_fit(torch.zeros(3), weight=torch.zeros(3), bias=torch.zeros(3, dtype=torch.float64))
        Traceback (most recent call last):
        TypeError: bias must have the dtype of input, but bias is torch.float64 and input is torch.float32
    """
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        if tensor.layout != torch.strided:
            raise TypeError(f"{name} must be a dense tensor, but {name} has layout {tensor.layout}")
        if tensor.dtype != input.dtype:
            dtypes = f"{name} is {tensor.dtype} and input is {input.dtype}"
            raise TypeError(f"{name} must have the dtype of input, but {dtypes}")
        if tensor.device != input.device:
            devices = f"{name} is on {tensor.device} and input is on {input.device}"
            raise ValueError(f"{name} must be on the device of input, but {devices}")


def _check_dtype_and_device(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec
) -> None:
    check_fit(input, input=input, weight=weight, bias=bias)
    dilated = set(spec.dilation) != {1}
    refusal = _refusal(spec.ndim, spec.transposed, spec.padding_mode, dilated, input.dtype, input.device.type)
    if refusal:
        raise TypeError(
            f"the dtype must be one that torch convolves here, but input is {input.dtype} on {input.device}: {refusal}"
        )


@functools.cache
def _refusal(
    ndim: int, transposed: bool, padding_mode: str, dilated: bool, dtype: torch.dtype, device: str
) -> str | None:
    """Why torch does not convolve this dtype in this way, found by asking it to; None where it does."""
    try:
        with torch.no_grad():
            input = torch.zeros((1, 1) + (3,) * ndim, dtype=dtype, device=device)
            if padding_mode != "zeros":
                input = F.pad(input, (1, 1) * ndim, mode=padding_mode)
            weight = torch.zeros((1, 1) + (2,) * ndim, dtype=dtype, device=device)
            (CONV_TRANSPOSE if transposed else CONV)[ndim](input, weight, dilation=1 + dilated)
    except (RuntimeError, TypeError) as error:
        return str(error).splitlines()[0]
    return None
