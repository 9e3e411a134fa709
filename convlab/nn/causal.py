"""A convolution over time that never looks ahead, as a torch module."""

from __future__ import annotations

from typing import SupportsIndex

import torch
import torch.nn.functional as F
from torch import nn

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple

_CAUSAL_PADDING_MODES = ("zeros", "replicate")


class CausalConv1d(nn.Conv1d):
    """A convolution over time that never looks ahead: the output at time t is made of the inputs up to t.

    All of the padding, dilation * (kernel_size - 1) elements, stands before the first input: the attribute
    `left_padding`; `padding` is (0,). From `dilation` on the arguments have names, since torch has `padding` before it.

    Args:
        in_channels: Channels of the input, C_in.
        out_channels: Channels of the output, C_out.
        kernel_size: Taps.
        stride: Steps between outputs, in inputs; output i is at time i * stride.
        dilation: Distance between neighbouring taps, in elements.
        groups: Number of independent convolutions side by side.
        bias: Whether one learned number per output channel is added.
        padding_mode: "zeros", or "replicate", which repeats the first input. Other modes pad with later inputs.
        device: Where the parameters are made.
        dtype: The type of the parameters.

    Shape:
        - Input: (N, C_in, L) or (C_in, L)
        - Output: (N, C_out, L_out) or (C_out, L_out), with L_out = ceil(L / stride)
        - weight: (C_out, C_in/groups, kernel_size)
        - bias: (C_out,)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a value, or a combination of values, is not allowed.

    Source:
        van den Oord et al. 2016, WaveNet, https://arxiv.org/abs/1609.03499, section 2.1.

    Example:
        >>> layer = CausalConv1d(1, 8, 3, dilation=4)
        >>> layer
        CausalConv1d(1, 8, kernel_size=(3,), stride=(1,), dilation=(4,), left_padding=8)
        >>> layer(torch.zeros(16, 1, 100)).shape
        torch.Size([16, 8, 100])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        kernel_size: IntOrTuple,
        stride: IntOrTuple = 1,
        *,
        dilation: IntOrTuple = 1,
        groups: SupportsIndex = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        spec = ConvSpec(
            in_channels,
            out_channels,
            as_tuple("kernel_size", kernel_size, 1, minimum=1),
            stride=stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
        )
        if padding_mode not in _CAUSAL_PADDING_MODES:
            modes = " or ".join(map(repr, _CAUSAL_PADDING_MODES))
            raise ValueError(
                f"padding_mode must be {modes} in a causal convolution, since the others pad with later inputs, "
                f"but padding_mode={padding_mode!r}"
            )
        super().__init__(
            spec.in_channels,
            spec.out_channels,
            spec.kernel_size[0],
            spec.stride[0],
            dilation=spec.dilation[0],
            groups=spec.groups,
            bias=spec.bias,
            padding_mode=spec.padding_mode,  # type: ignore[arg-type]
            device=device,
            dtype=dtype,
        )
        self.left_padding = spec.dilation[0] * (spec.kernel_size[0] - 1)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The convolution of the input, padded on its left."""
        mode = "replicate" if self.padding_mode == "replicate" else "constant"
        return super().forward(F.pad(input, (self.left_padding, 0), mode=mode))

    def extra_repr(self) -> str:
        """The arguments, as torch shows them, and the padding on the left."""
        return f"{nn.Conv1d.extra_repr(self)}, left_padding={self.left_padding}"
