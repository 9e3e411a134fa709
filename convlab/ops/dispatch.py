"""`conv`: one operation, several algorithms, chosen by name."""

from __future__ import annotations

from typing import SupportsIndex

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple
from convlab.ops import fft, matrix, reference, shift, strided, unfold
from convlab.ops.arguments import CONV, autocast, checked_spec, method_for, run
from convlab.ops.padding import padded


def conv(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
    groups: SupportsIndex = 1,
    padding_mode: str = "zeros",
    method: str = "auto",
) -> torch.Tensor:
    """Convolution as torch means it, in 1, 2 or 3 spatial axes: torch's `conv1d`, `conv2d` and `conv3d` in one.

    The number of spatial axes is `weight.ndim - 2`. Torch computes a cross-correlation: the kernel is not flipped.
    An empty batch is taken; an empty spatial axis and zero channels are refused.

    Args:
        input: A batch or a single example.
        weight: The kernels.
        bias: One number per output channel, or None.
        stride: Steps between windows, in input elements.
        padding: Elements added on both sides of each axis; "valid" adds none, "same" keeps the size (stride 1 only).
        dilation: Distance between neighbouring taps, in input elements.
        groups: Number of independent convolutions side by side.
        padding_mode: What the padding holds: "zeros", "reflect", "replicate" or "circular".
        method: "reference" computes the definition in loops; "unfold" copies the windows into columns, for one matrix
            product; "strided" sums over a view of all windows; "shift" adds up shifted inputs, one per tap; "fft"
            multiplies spectra, and takes no integers; "matrix" multiplies with the dense matrix of the convolution;
            "torch" calls torch; "auto" is "torch".

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)
        - Output: (N, C_out, *out) or (C_out, *out), with `conv_output_size`

    Returns:
        A tensor with the dtype and device of `input`; inside `torch.autocast`, with autocast's dtype.

    Raises:
        TypeError: If an argument has the wrong type, or a dtype does not fit.
        ValueError: If a shape or value does not fit, or `method` is not available.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Example:
        >>> x, w = torch.tensor([[[1.0, 2.0, 4.0, 8.0]]]), torch.tensor([[[-1.0, 1.0]]])
        >>> conv(x, w, method="reference")
        tensor([[[1., 2., 4.]]])
        >>> conv(torch.zeros(1, 3, 32, 32), torch.zeros(16, 3, 3, 3), stride=2, padding=1, padding_mode="reflect").shape
        torch.Size([1, 16, 16, 16])
        >>> conv(x, w, padding="same", stride=2)
        Traceback (most recent call last):
        ValueError: padding='same' needs stride=1, but stride=(2,)
    """
    chosen = method_for(method, _METHODS)
    input, weight, bias = autocast(input, weight, bias)
    spec = checked_spec(
        input,
        weight,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    return run(_METHODS[chosen], input, weight, bias, spec)


def _torch(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, spec: ConvSpec) -> torch.Tensor:
    padding: tuple[int, ...] | str | int = spec.padding
    if spec.padding_mode != "zeros":
        input, padding = padded(input, spec), 0
    return CONV[spec.ndim](input, weight, bias, spec.stride, padding, spec.dilation, spec.groups)


_METHODS = {
    "reference": reference.conv,
    "unfold": unfold.conv,
    "strided": strided.conv,
    "shift": shift.conv,
    "fft": fft.conv,
    "matrix": matrix.conv,
    "torch": _torch,
}
