"""Separable convolutions as torch modules, in one, two and three axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, SupportsIndex

import torch
from torch import nn

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple

_CONV: dict[int, Callable[..., Any]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


class _SeparableConv(nn.Module):
    """What separable convolutions have in common, whatever the number of their spatial axes."""

    _ndim: ClassVar[int]
    depthwise: nn.Conv1d | nn.Conv2d | nn.Conv3d
    pointwise: nn.Conv1d | nn.Conv2d | nn.Conv3d

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        kernel_size: IntOrTuple,
        stride: IntOrTuple = 1,
        padding: IntOrTuple | str = 0,
        dilation: IntOrTuple = 1,
        *,
        bias: bool = True,
        padding_mode: str = "zeros",
        depth_multiplier: SupportsIndex = 1,
        pointwise_first: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        spec = ConvSpec(
            in_channels,
            out_channels,
            as_tuple("kernel_size", kernel_size, self._ndim, minimum=1),
            stride=stride,
            padding=padding,
            dilation=dilation,
            bias=bias,
            padding_mode=padding_mode,
        )
        multiplier = as_int("depth_multiplier", depth_multiplier, minimum=1)
        if not isinstance(pointwise_first, bool):
            kind = type(pointwise_first).__name__
            raise TypeError(f"pointwise_first must be a bool, but pointwise_first={pointwise_first!r} has type {kind}")
        if pointwise_first and spec.out_channels % multiplier:
            raise ValueError(
                "depth_multiplier must divide out_channels where pointwise_first=True, "
                f"but out_channels={spec.out_channels} and depth_multiplier={multiplier}"
            )
        super().__init__()
        self.in_channels, self.out_channels = spec.in_channels, spec.out_channels
        self.depth_multiplier, self.pointwise_first = multiplier, pointwise_first

        # the depthwise convolution reads `read` channels and makes `made`; the pointwise one makes or reads these
        read = spec.out_channels // multiplier if pointwise_first else spec.in_channels
        made = read * multiplier
        mixed = (spec.in_channels, read) if pointwise_first else (made, spec.out_channels)
        conv, factory = _CONV[self._ndim], {"device": device, "dtype": dtype}
        window = (spec.kernel_size, spec.stride, spec.padding, spec.dilation)
        steps = {
            "depthwise": conv(read, made, *window, read, bias and pointwise_first, padding_mode, **factory),
            "pointwise": conv(*mixed, 1, bias=bias and not pointwise_first, **factory),
        }
        for name in self._order():  # repr and state_dict show them as they run
            self.add_module(name, steps[name])

    def _order(self) -> tuple[str, str]:
        return ("pointwise", "depthwise") if self.pointwise_first else ("depthwise", "pointwise")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """One convolution after the other."""
        first, second = (getattr(self, name) for name in self._order())
        output: torch.Tensor = second(first(input))
        return output

    def extra_repr(self) -> str:
        """The arguments that the two convolutions, shown below, do not tell at a glance."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.depthwise.kernel_size}"
        text += f", depth_multiplier={self.depth_multiplier}" if self.depth_multiplier != 1 else ""
        return text + (", pointwise_first=True" if self.pointwise_first else "")


class SeparableConv1d(_SeparableConv):
    """A depthwise separable convolution in one axis.

    Its arguments, attributes, errors and sources are those of `SeparableConv2d`.

    Shape:
        - Input: (N, C_in, L) or (C_in, L)
        - Output: (N, C_out, L_out) or (C_out, L_out), with `conv_output_size`

    Example:
        >>> SeparableConv1d(4, 8, 5, padding=2)(torch.zeros(16, 4, 100)).shape
        torch.Size([16, 8, 100])
    """

    _ndim = 1


class SeparableConv2d(_SeparableConv):
    """A depthwise separable convolution: one filters every channel by itself, the other, 1x1, mixes the channels.

    They are the attributes `depthwise` and `pointwise`, plain torch modules. Only the second that runs has a bias, as
    in Keras: a constant of the first is one after the second too (but next to zero padding, pointwise first).
    From `bias` on the arguments have names, since torch has `groups` before it.

    Args:
        in_channels: Channels of the input, C_in.
        out_channels: Channels of the output, C_out.
        kernel_size: Taps per axis of the depthwise convolution; the pointwise one has a single tap.
        stride: Steps between windows of the depthwise convolution, in elements.
        padding: Elements added on both sides of each axis before the depthwise convolution, or "same" or "valid".
        dilation: Distance between neighbouring taps of the depthwise convolution, in elements.
        bias: Whether one learned number per output channel is added, at the end.
        padding_mode: What the padding holds: "zeros", "reflect", "replicate" or "circular".
        depth_multiplier: Filters M for each channel that the depthwise convolution reads. It makes M * C_in channels;
            where the pointwise one runs first, that one makes C_out / M channels, and the depthwise one C_out of them.
        pointwise_first: Whether the channels are mixed before they are filtered, and not after.
        device: Where the parameters are made.
        dtype: The type of the parameters.

    Shape:
        - Input: (N, C_in, H, W) or (C_in, H, W)
        - Output: (N, C_out, H_out, W_out) or (C_out, H_out, W_out), with `conv_output_size`
        - depthwise.weight: (M * C_in, 1, kH, kW); pointwise first: (C_out, 1, kH, kW)
        - pointwise.weight: (C_out, M * C_in, 1, 1); pointwise first: (C_out / M, C_in, 1, 1)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a value, or a combination of values, is not allowed.

    Source:
        Depthwise first: Chollet 2017, Xception, https://arxiv.org/abs/1610.02357; Howard et al. 2017, MobileNets,
        https://arxiv.org/abs/1704.04861, section 3.1; after Sifre 2014, Rigid-motion scattering for image
        classification, PhD thesis. Pointwise first: Haase and Amthor 2020, https://arxiv.org/abs/2003.13549. Bias:
        https://keras.io/api/layers/convolution_layers/separable_convolution2d

    Example:
        >>> layer = SeparableConv2d(3, 16, 3, padding=1, depth_multiplier=2)
        >>> layer
        SeparableConv2d(
          3, 16, kernel_size=(3, 3), depth_multiplier=2
          (depthwise): Conv2d(3, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=3, bias=False)
          (pointwise): Conv2d(6, 16, kernel_size=(1, 1), stride=(1, 1))
        )
        >>> layer(torch.zeros(8, 3, 32, 32)).shape
        torch.Size([8, 16, 32, 32])
        >>> sum(p.numel() for p in layer.parameters())  # 6 * 3 * 3 + 16 * 6 + 16
        166
    """

    _ndim = 2


class SeparableConv3d(_SeparableConv):
    """A depthwise separable convolution in three axes.

    Its arguments, attributes, errors and sources are those of `SeparableConv2d`.

    Shape:
        - Input: (N, C_in, D, H, W) or (C_in, D, H, W)
        - Output: (N, C_out, D_out, H_out, W_out) or (C_out, D_out, H_out, W_out), with `conv_output_size`

    Example:
        >>> SeparableConv3d(1, 8, (1, 3, 3), stride=(1, 2, 2))(torch.zeros(2, 1, 8, 33, 33)).shape
        torch.Size([2, 8, 8, 16, 16])
    """

    _ndim = 3
